"""Keras objects: made from names and numbers, or copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def make_activation(activation: str | Callable[..., Any]) -> Callable[..., Any]:
    """Return an activation function, given by name or as a function."""
    return _look_up("activation", activation, keras.activations.get)


def make_regularizer(regularizer: Any) -> Any:
    """Return a Keras regularizer, given an L2 factor, a name or a regularizer."""
    if isinstance(regularizer, str):
        return _look_up("kernel_regularizer", regularizer, keras.regularizers.get)
    if regularizer is None or callable(regularizer):
        return regularizer
    return keras.regularizers.L2(float(regularizer))


def make_loss(loss: Any) -> Any:
    """Return a loss function by name, or a copy of a Keras loss."""
    if isinstance(loss, keras.losses.Loss):
        # Not by get_config, because that of Keras' Huber lacks delta.
        copy = object.__new__(type(loss))
        copy.__dict__.update(loss.__dict__)
        return copy
    return _look_up("loss", loss, keras.losses.get)


def make_optimizer(
    optimizer: Any, learning_rate: float | None, clipnorm: float | None
) -> keras.optimizers.Optimizer:
    """Return a new optimizer by name, or with the settings of a Keras optimizer."""
    given = {"learning_rate": learning_rate, "clipnorm": clipnorm}
    made = _look_up("optimizer", optimizer, _get_optimizer)
    # Keras only accepts float here.
    floats = {key: float(value) for key, value in given.items() if value is not None}
    config = made.get_config()
    if isinstance(config["learning_rate"], dict):
        # A schedule or a function. Keras could only rebuild schedules of its own from a config.
        config["learning_rate"] = made._learning_rate
    return type(made).from_config(config | floats)


def _get_optimizer(optimizer: Any) -> keras.optimizers.Optimizer:
    if isinstance(optimizer, str) and keras.saving.get_registered_object(optimizer) is None:
        # Set the name, because Keras would add a number: "adam_1", "adam_2". TensorFlow stores
        # 70 kB under each new name of a variable, and never frees them.
        optimizer = {"class_name": optimizer, "config": {"name": optimizer}}
    return keras.optimizers.get(optimizer)


def _look_up(parameter: str, value: Any, get: Callable[[Any], Any]) -> Any:
    """Return `get(value)`. Name the parameter in the error if Keras does not know the value."""
    try:
        return get(value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{parameter}={value!r} is not known to Keras. Give one of its names, such as "
            f"{_EXAMPLES[parameter]}, or a Keras object."
        ) from error


_EXAMPLES = {
    "activation": '"tanh" or "relu"',
    "kernel_regularizer": '"l1" or "l2"',
    "loss": '"mean_squared_error" or "mean_absolute_error"',
    "optimizer": '"adam", "rmsprop" or "sgd"',
}
