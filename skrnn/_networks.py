"""Pure Keras: from parameters to layers, optimizers and losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras
import numpy as np

_INITIALIZERS = {"kernel": "kernel_initializer", "recurrent_kernel": "recurrent_initializer"}
_CELLS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}


@dataclass(frozen=True)
class Network:
    """What a network is made of; everything but its weights.

    Attributes
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
        Recurrent cell of every layer.

    units : tuple of int
        Units of each stacked layer.

    n_features, n_outputs : int
        Features of a step, outputs after the last step.

    dropout : float
        Share of units dropped after each recurrent layer in training.

    activation : str or callable
        Activation of the cell.

    kernel_regularizer : object
        What Keras takes as a regularizer.

    cell_options : tuple of (str, value)
        Arguments that only this cell has.
    """

    cell: str
    units: tuple[int, ...]
    n_features: int
    n_outputs: int
    dropout: float = 0.0
    activation: str | Callable[..., Any] = "tanh"
    kernel_regularizer: Any = None
    cell_options: tuple[tuple[str, Any], ...] = ()


def make_network(parameters: dict[str, Any]) -> Network:
    """Make a network from plain parameters, its fields by name."""
    made = {
        "activation": make_activation(parameters["activation"]),
        "kernel_regularizer": make_regularizer(parameters["kernel_regularizer"]),
    }
    return Network(**parameters | made)


class NetworkModel(keras.Model):
    """A Keras model that knows its network, and is saved as a plain one: a callback may do so."""

    network: Network

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Save a plain Keras model with these weights."""
        build_plain_model(self.network, self.get_weights()).save(filepath, *args, **kwargs)


def build_model(
    network: Network, layers: ModuleType = keras.layers, model_class: type = keras.Model
) -> keras.Model:
    """Build a model from windows with a feature axis to outputs of shape (n_samples, n_outputs).

    Nothing is drawn from the global generators of NumPy, Python or TensorFlow. The weights are
    the same each time, until `initialize` draws others.

    Parameters
    ----------
    network : Network
        What to build.

    layers : module, default=keras.layers
        Where `SimpleRNN`, `LSTM`, `GRU` and `Dropout` are looked up.

    model_class : type, default=keras.Model
        The model that holds the layers.
    """
    # Whatever Keras' global policy is: kept programs must not depend on it.
    dtype = "float32"
    inputs = hidden = keras.Input((None, network.n_features), dtype=dtype)
    for depth, units in enumerate(network.units, start=1):
        hidden = getattr(layers, _CELLS[network.cell])(
            units,
            activation=network.activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=0),
            recurrent_initializer=keras.initializers.Orthogonal(seed=0),
            kernel_regularizer=network.kernel_regularizer,
            return_sequences=depth < len(network.units),
            seed=0,
            dtype=dtype,
            **dict(network.cell_options),
        )(hidden)
        hidden = layers.Dropout(network.dropout, seed=0, dtype=dtype)(hidden)
    outputs = keras.layers.Dense(
        network.n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed=0),
        dtype=dtype,
    )(hidden)
    return model_class(inputs, outputs)


def build_plain_model(network: Network, weights: Sequence[np.ndarray]) -> keras.Model:
    """Build a model of Keras' own classes with these weights."""
    model = build_model(network)
    model.set_weights(weights)
    return model


def initialize(model: keras.Model, seed: int | Sequence[int]) -> None:
    """Draw the kernels of a model anew, and start its generators.

    Every kernel and every generator gets a seed of its own. Biases stay as they are.

    Parameters
    ----------
    model : keras.Model
        A model that `build_model` has built.

    seed : int or sequence of int
        Determines the kernels and the dropout masks.
    """
    words = np.random.SeedSequence(seed).generate_state(4 * len(model.layers))
    # Keras' seeds are signed 32-bit integers. A layer has four, whether it needs them or not, so
    # that the same layer starts alike whatever the others are made of.
    for layer, seeds in zip(model.layers, (words >> 1).reshape(-1, 4).tolist(), strict=True):
        cell = getattr(layer, "cell", layer)
        for name, its_initializer in _INITIALIZERS.items():
            variable = getattr(cell, name, None)
            if variable is not None:
                initializer = type(getattr(cell, its_initializer))(seed=seeds.pop())
                variable.assign(initializer(variable.shape))
        for owner in dict.fromkeys([layer, cell]):
            if hasattr(owner, "seed_generator"):
                owner.seed_generator.state.assign([seeds.pop(), 0])


def set_dropout(model: keras.Model, rate: float) -> None:
    """Give the dropout layers of a model this rate, where that is a variable."""
    for layer in model.layers:
        if hasattr(layer, "rate_value"):
            layer.rate_value.assign(rate)


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
    made = _look_up("optimizer", optimizer, keras.optimizers.get)
    return copy_optimizer(made, **{key: value for key, value in given.items() if value is not None})


def copy_optimizer(
    optimizer: keras.optimizers.Optimizer, **changes: float
) -> keras.optimizers.Optimizer:
    """Make an optimizer with the same settings but for some, and without state."""
    config = optimizer.get_config()
    if isinstance(config["learning_rate"], dict):
        # A schedule or a function, which Keras would find again only if it is its own.
        config["learning_rate"] = optimizer._learning_rate
    return type(optimizer).from_config(config | changes)


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
