"""Pure Keras: from a description to a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import keras
import numpy as np

from skrnn import _keras_layers, _plain_layers
from skrnn._keras_layers import Decoder
from skrnn._keras_objects import make_activation, make_regularizer

Tensor = Any

_LAYERS = {
    "simple_rnn": "SimpleRNN",
    "lstm": "LSTM",
    "peephole_lstm": "PeepholeLSTM",
    "gru": "GRU",
}
# Whatever Keras' global policy is: kept programs must not depend on it.
_DTYPE = "float32"


@dataclass(frozen=True)
class Network:
    """What a network is made of; everything but its weights.

    Attributes
    ----------
    cell : {"simple_rnn", "lstm", "peephole_lstm", "gru"}
        Recurrent cell of every layer.

    units : tuple of int
        Units of each stacked layer.

    n_features, n_outputs : int
        Features of a step that is read, outputs of a step that is written.

    embedding_dim, n_symbols : int, default=None
        Width of an embedding, and how many symbols it has, 0 included. A step then has one feature,
        the number of its symbol.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}
        What is read and what is written.

    n_timesteps : int, default=None
        Steps that are read, where the weights depend on them.

    n_steps : int, default=None
        Steps that are written, where the steps that are read do not say so.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions.

    linear_skip : bool, default=False
        Whether a linear map of all steps is added to the output.

    output_activation : {"linear", "softmax"}, default="linear"
        Activation of the output; a decoder reads what comes after it.

    masked : bool, default=False
        Whether steps may be absent, which are NaN.

    dropout, recurrent_dropout : float, default=0.0
        Share of units dropped in training, after each recurrent layer and from step to step.

    activation : str or callable, default="tanh"
        Activation of the cell.

    kernel_regularizer : object, default=None
        What Keras takes as a regularizer.

    memory_steps : int, default=None
        Steps that gates remember at the start, up to so many.

    cell_options : tuple of (str, value), default=()
        Arguments that only this cell has.
    """

    cell: str
    units: tuple[int, ...]
    n_features: int
    n_outputs: int
    embedding_dim: int | None = None
    n_symbols: int | None = None
    architecture: str = "sequence_to_vector"
    n_timesteps: int | None = None
    n_steps: int | None = None
    bidirectional: bool = False
    linear_skip: bool = False
    output_activation: str = "linear"
    masked: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    activation: str | Callable[..., Any] = "tanh"
    kernel_regularizer: Any = None
    memory_steps: int | None = None
    cell_options: tuple[tuple[str, Any], ...] = ()


def make_network(parameters: dict[str, Any]) -> Network:
    """Make a network from plain parameters, its fields by name."""
    made = {
        "activation": make_activation(parameters["activation"]),
        "kernel_regularizer": make_regularizer(parameters["kernel_regularizer"]),
    }
    return Network(**parameters | made)


def without_training(network: Network) -> Network:
    """Return a network of the same outputs, without what acts in training only."""
    return replace(
        network, dropout=0.0, recurrent_dropout=0.0, kernel_regularizer=None, memory_steps=None
    )


class NetworkModel(keras.Model):
    """A Keras model that knows its network, and is saved as a plain one: a callback may do so."""

    network: Network
    # Of the rows that it is trained on.
    n_timesteps: int

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Save a plain Keras model with these weights."""
        model = build_plain_model(self.network, self.get_weights(), self.n_timesteps)
        model.save(filepath, *args, **kwargs)


def build_model(
    network: Network,
    layers: ModuleType = _keras_layers,
    model_class: type = keras.Model,
    decoder: Callable[..., Any] = Decoder,
) -> keras.Model:
    """Build the model of a network.

    It takes windows of shape (n_samples, n_timesteps, n_features), or vectors of shape (n_samples,
    n_features), and returns outputs of shape (n_samples, n_outputs) or (n_samples, n_steps,
    n_outputs). Weights are in the order of the layers from bottom to top; in a bidirectional layer
    those of the forward direction come first, and those of a linear skip are the last.

    Nothing is drawn from the global generators of NumPy, Python or TensorFlow. The weights are
    the same each time, until `initialize` draws others.

    Parameters
    ----------
    network : Network
        What to build.

    layers : module, default=_keras_layers
        Where the recurrent layers and `Dropout` are looked up.

    model_class : type, default=keras.Model
        The model that holds the layers.

    decoder : callable, default=Decoder
        What makes the decoder, if there is one.
    """
    inputs, steps, present = _read(network)
    hidden, states = _stack(network, layers, steps, present)
    head = keras.layers.Dense(
        network.n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed=0),
        dtype=_DTYPE,
        name="head",
    )
    if network.architecture == "encoder_decoder":
        cell_class = getattr(_keras_layers, f"{_LAYERS[network.cell]}Cell")
        cells = [cell_class(units, **_cell_arguments(network)) for units in network.units]
        dropouts = [layers.Dropout(network.dropout, seed=0, dtype=_DTYPE) for _ in cells]
        activation = make_activation(network.output_activation)
        outputs = decoder(cells, dropouts, head, activation, network.n_steps)(states)
    else:
        outputs = head(hidden)
    if network.linear_skip:
        linear = keras.layers.Dense(
            network.n_outputs,
            use_bias=False,
            kernel_initializer="zeros",
            dtype=_DTYPE,
            name="linear",
        )
        flat = keras.layers.Flatten(dtype=_DTYPE)(steps)
        outputs = keras.layers.Add(dtype=_DTYPE)([outputs, linear(flat)])
    if network.output_activation != "linear":
        # The last operation: there Keras' losses find the logits behind the probabilities.
        outputs = keras.layers.Activation(network.output_activation, dtype=_DTYPE)(outputs)
    return model_class(inputs, outputs)


def build_plain_model(
    network: Network,
    weights: Sequence[np.ndarray],
    n_timesteps: int,
    scale: tuple[np.ndarray, np.ndarray] | None = None,
) -> keras.Model:
    """Build a model of Keras' own classes with these weights.

    Parameters
    ----------
    network : Network
        What to build.

    weights : list of ndarray
        Its weights.

    n_timesteps : int
        Steps of its windows, where a cell that Keras lacks has to be unrolled.

    scale : pair of ndarray of shape (n_outputs,), default=None
        What outputs are multiplied by, and what is added then.
    """
    if network.cell == "peephole_lstm":
        network = replace(network, n_timesteps=n_timesteps)
    model = build_model(network, _plain_layers, decoder=_plain_layers.unrolled_decoder)
    model.set_weights(weights)
    if scale is None:
        return model
    factor, offset = (array.tolist() for array in scale)
    rescaling = keras.layers.Rescaling(factor, offset, dtype=_DTYPE)
    return keras.Model(model.input, rescaling(model.output))


def _read(network: Network) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return what the network takes, its steps without NaN, and which of them are present."""
    if network.architecture == "vector_to_sequence":
        inputs = keras.Input((network.n_features,), dtype=_DTYPE)
        return inputs, keras.layers.RepeatVector(network.n_steps, dtype=_DTYPE)(inputs), None
    inputs = keras.Input((network.n_timesteps, network.n_features), dtype=_DTYPE)
    steps, present = inputs, None
    if network.masked:
        absent = keras.ops.isnan(inputs)
        if network.embedding_dim is not None:
            no_symbol = keras.ops.logical_or(inputs <= 0, inputs >= network.n_symbols)
            absent = keras.ops.logical_or(absent, no_symbol)
        steps = keras.ops.where(absent, 0.0, inputs)
        present = keras.ops.logical_not(keras.ops.any(absent, axis=-1))
    if network.embedding_dim is not None:
        embedding = keras.layers.Embedding(
            network.n_symbols,
            network.embedding_dim,
            keras.initializers.RandomUniform(seed=0),
            dtype=_DTYPE,
        )
        steps = embedding(keras.ops.squeeze(steps, axis=-1))
    return inputs, steps, present


def _stack(
    network: Network, layers: ModuleType, hidden: Tensor, present: Tensor | None
) -> tuple[Tensor, list[list[Tensor]]]:
    """Return what the recurrent layers make of the steps, or the last states of an encoder."""
    is_encoder = network.architecture == "encoder_decoder"
    writes_vector = is_encoder or network.architecture == "sequence_to_vector"
    # cuDNN knows no steps that are absent but those at the end.
    has_cudnn = network.cell in ("lstm", "gru")
    of_layers = {"use_cudnn": False} if network.masked and has_cudnn else {}
    states = []
    for depth, units in enumerate(network.units, start=1):
        is_last = depth == len(network.units)

        def read(
            hidden: Tensor, units: int = units, is_last: bool = is_last, **options: Any
        ) -> Tensor:
            layer = getattr(layers, _LAYERS[network.cell])(
                units,
                return_sequences=not (is_last and writes_vector),
                return_state=is_encoder,
                **_cell_arguments(network),
                **of_layers,
                **options,
            )
            return layer(hidden, mask=present)

        if is_encoder:
            hidden, *state = read(hidden)
            states.append(state)
            if is_last:
                break
        elif network.bidirectional:
            directions = [read(hidden), read(hidden, go_backwards=True)]
            if not (is_last and writes_vector):
                # Keras lists the layers that are farther from the output first: the copy makes
                # both as far.
                directions[0] = keras.ops.copy(directions[0])
                directions[1] = keras.ops.flip(directions[1], axis=1)
            hidden = keras.layers.Concatenate(dtype=_DTYPE)(directions)
        else:
            hidden = read(hidden)
        if present is not None:
            # Keras would hand the mask on to the layers that follow and to the loss, which would be
            # scaled by it, batch by batch. A copy has no mask.
            hidden = keras.ops.copy(hidden)
        hidden = layers.Dropout(network.dropout, seed=0, dtype=_DTYPE)(hidden)
    return hidden, states


def _cell_arguments(network: Network) -> dict[str, Any]:
    """Return what Keras' cells and layers are made with."""
    return {
        "activation": network.activation,
        "kernel_initializer": keras.initializers.GlorotUniform(seed=0),
        "recurrent_initializer": keras.initializers.Orthogonal(seed=0),
        "kernel_regularizer": network.kernel_regularizer,
        "recurrent_dropout": network.recurrent_dropout,
        "seed": 0,
        "dtype": _DTYPE,
        **dict(network.cell_options),
    }
