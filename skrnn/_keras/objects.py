"""Keras objects, made of names and numbers or copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def make_activation(activation: str | Callable[..., Any]) -> Callable[..., Any]:
    """Look up an activation by name."""
    return _look_up("activation", activation, keras.activations.get)


def make_regularizer(regularizer: Any) -> Any:
    """Turn an L2 factor or a name into a Keras regularizer."""
    if isinstance(regularizer, str):
        return _look_up("kernel_regularizer", regularizer, keras.regularizers.get)
    if regularizer is None or callable(regularizer):
        return regularizer
    return keras.regularizers.L2(float(regularizer))


def make_loss(loss: Any) -> Any:
    """Look up a loss by name, or copy a Keras loss."""
    if isinstance(loss, keras.losses.Loss):
        # Not through get_config, where Keras' Huber leaves out its delta.
        twin = object.__new__(type(loss))
        twin.__dict__.update(loss.__dict__)
        return twin
    return _look_up("loss", loss, keras.losses.get)


def make_optimizer(
    optimizer: Any, learning_rate: float | None, clipnorm: float | None
) -> keras.optimizers.Optimizer:
    """Make an optimizer by name, or copy the settings of a Keras optimizer, not its state."""
    given = {"learning_rate": learning_rate, "clipnorm": clipnorm}
    made = _look_up("optimizer", optimizer, _get_optimizer)
    # Keras takes no other number for one.
    floats = {key: float(value) for key, value in given.items() if value is not None}
    config = made.get_config()
    if isinstance(config["learning_rate"], dict):
        # A schedule or a function, which Keras would find again only if it is its own.
        config["learning_rate"] = made._learning_rate
    return type(made).from_config(config | floats)


def _get_optimizer(optimizer: Any) -> keras.optimizers.Optimizer:
    if isinstance(optimizer, str) and keras.saving.get_registered_object(optimizer) is None:
        # Keras would number the optimizers: "adam_1", "adam_2". TensorFlow keeps what it has
        # prepared for a variable under the name of the variable, 70 kB for each new optimizer,
        # and never frees it.
        optimizer = {"class_name": optimizer, "config": {"name": optimizer}}
    return keras.optimizers.get(optimizer)


def _look_up(parameter: str, value: Any, get: Callable[[Any], Any]) -> Any:
    """Call Keras' `get`, and name the parameter if it knows nothing of that name."""
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
