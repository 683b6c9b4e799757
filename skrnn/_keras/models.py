"""Keras models of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import keras
import numpy as np

from skrnn._keras.layers import PeepholeLSTM, PeepholeLSTMCell, decode
from skrnn._keras.normalization import normalize
from skrnn._keras.objects import make_activation, make_regularizer
from skrnn._network.network import Network

Tensor = Any

# Layer and cell of each kind.
_LAYERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "simple_rnn": (keras.layers.SimpleRNN, keras.layers.SimpleRNNCell),
    "lstm": (keras.layers.LSTM, keras.layers.LSTMCell),
    "peephole_lstm": (PeepholeLSTM, PeepholeLSTMCell),
    "gru": (keras.layers.GRU, keras.layers.GRUCell),
}
# Set everywhere, because the global dtype policy of Keras may be another one.
_DTYPE = "float32"


def with_keras_objects(network: Network) -> Network:
    """Return a network whose activation and regularizer are Keras objects."""
    return replace(
        network,
        activation=make_activation(network.activation),
        kernel_regularizer=make_regularizer(network.kernel_regularizer),
    )


def build_model(network: Network, *, plain: bool = False) -> keras.Model:
    """Build the model of a network.

    The model takes windows of shape (n_samples, n_timesteps, n_features), or vectors of shape
    (n_samples, n_features). It returns outputs of shape (n_samples, n_outputs) or (n_samples,
    n_steps, n_outputs). Weights are in the order of the layers from bottom to top. In a
    bidirectional layer, the forward direction comes first. A linear skip comes last.

    Initial weights are the same in each call. The global random generators of NumPy, Python and
    TensorFlow are not used.

    Parameters
    ----------
    network : Network
        The network to build.

    plain : bool, default=False
        Whether all layers are Keras' own, so the model loads where skrnn is not installed. Cells
        that Keras does not have are then unrolled into steps, without recurrent dropout.
    """
    network = with_keras_objects(network)
    inputs, steps, present = _make_inputs(network)
    levels, gains = None, None
    if network.normalization is not None:
        steps, levels, gains = normalize(network.normalization, steps, present)
    hidden, states = _add_recurrent_layers(network, steps, present, plain=plain)
    head = keras.layers.Dense(
        network.n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed=0),
        dtype=_DTYPE,
        name="head",
    )
    if network.architecture == "encoder_decoder":
        cells = _make_cells(network, plain=plain)
        dropouts = [keras.layers.Dropout(network.dropout, seed=0, dtype=_DTYPE) for _ in cells]
        activation = make_activation(network.output_activation)
        outputs = decode(
            cells,
            dropouts,
            head,
            activation,
            cast(int, network.n_steps),
            states,
            fed_back=network.fed_back,
        )
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
    if levels is not None:
        if not network.writes_vector:
            levels, gains = (keras.ops.expand_dims(each, 1) for each in (levels, gains))
        outputs = outputs * gains + levels
    if network.output_activation != "linear":
        # Keras' losses only find the logits if this is the last operation.
        outputs = keras.layers.Activation(network.output_activation, dtype=_DTYPE)(outputs)
    return keras.Model(inputs, outputs)


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
        The network to build.

    weights : list of ndarray
        Weights of the network.

    n_timesteps : int
        Steps of the windows, used if a cell has to be unrolled.

    scale : pair of ndarray of shape (n_outputs,), default=None
        Factor and offset of the outputs.
    """
    if network.cell == "peephole_lstm":
        network = replace(network, n_timesteps=n_timesteps)
    model = build_model(network, plain=True)
    model.set_weights(weights)
    if scale is None:
        return model
    factor, offset = (array.tolist() for array in scale)
    outputs = keras.layers.Rescaling(factor, offset, dtype=_DTYPE)(model.output)
    if network.quantiles is not None:
        shape = (*model.output_shape[1:-1], network.n_fed_back, len(network.quantiles))
        outputs = keras.layers.Reshape(shape, dtype=_DTYPE)(outputs)
    return keras.Model(model.input, outputs)


def sort_quantiles(model: keras.Model) -> keras.Model:
    """Return a model whose outputs are sorted along the last axis."""
    return keras.Model(model.input, keras.ops.sort(model.output, axis=-1))


def average_models(models: Sequence[keras.Model]) -> keras.Model:
    """Return a model whose outputs are the means of the outputs of models."""
    inputs = keras.Input(models[0].input_shape[1:], dtype=_DTYPE)
    outputs = keras.layers.Average(dtype=_DTYPE)([model(inputs) for model in models])
    return keras.Model(inputs, outputs)


def _make_inputs(network: Network) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the input of the model, its steps without NaN, and the mask of present steps."""
    if network.architecture == "vector_to_sequence":
        inputs = keras.Input((network.n_features,), dtype=_DTYPE)
        return inputs, keras.layers.RepeatVector(network.n_steps, dtype=_DTYPE)(inputs), None
    inputs = keras.Input((network.n_timesteps, network.n_features), dtype=_DTYPE)
    steps, present = inputs, None
    if network.masked:
        missing = keras.ops.isnan(inputs)
        if network.embedding_dim is not None:
            no_symbol = keras.ops.logical_or(inputs <= 0, inputs >= network.n_symbols)
            missing = keras.ops.logical_or(missing, no_symbol)
        steps = keras.ops.where(missing, 0.0, inputs)
        present = keras.ops.logical_not(keras.ops.any(missing, axis=-1))
    if network.embedding_dim is not None:
        embedding = keras.layers.Embedding(
            network.n_symbols,
            network.embedding_dim,
            keras.initializers.RandomUniform(seed=0),
            dtype=_DTYPE,
        )
        steps = embedding(keras.ops.squeeze(steps, axis=-1))
    return inputs, steps, present


def _add_recurrent_layers(
    network: Network, hidden: Tensor, present: Tensor | None, *, plain: bool
) -> tuple[Tensor, list[list[Tensor]]]:
    """Return the outputs of the recurrent layers, and the last states of an encoder."""
    is_encoder = network.architecture == "encoder_decoder"
    writes_vector = is_encoder or network.architecture == "sequence_to_vector"
    # cuDNN only supports missing steps at the end of a window.
    has_cudnn = network.cell in ("lstm", "gru")
    layer_options = {"use_cudnn": False} if network.masked and has_cudnn else {}
    if network.cell == "peephole_lstm":
        layer_options["unroll"] = plain
    make_layer, _ = _LAYERS[network.cell]
    states = []
    for depth, units in enumerate(network.units, start=1):
        is_last = depth == len(network.units)

        def read(
            hidden: Tensor, units: int = units, is_last: bool = is_last, **options: Any
        ) -> Tensor:
            layer = make_layer(
                units,
                return_sequences=not (is_last and writes_vector),
                return_state=is_encoder,
                **_cell_arguments(network),
                **layer_options,
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
                # Keras lists layers by their distance from the output. The copy gives both
                # directions the same distance.
                directions[0] = keras.ops.copy(directions[0])
                directions[1] = keras.ops.flip(directions[1], axis=1)
            hidden = keras.layers.Concatenate(dtype=_DTYPE)(directions)
        else:
            hidden = read(hidden)
        if present is not None:
            # Keras would pass the mask to later layers, and scale the loss of each batch by it. A
            # copy has no mask.
            hidden = keras.ops.copy(hidden)
        hidden = keras.layers.Dropout(network.dropout, seed=0, dtype=_DTYPE)(hidden)
    return hidden, states


def _make_cells(network: Network, *, plain: bool) -> list[Any]:
    """Return the cells of a decoder, as cells or as their `call` methods."""
    _, make_cell = _LAYERS[network.cell]
    arguments = _cell_arguments(network)
    if not plain:
        return [make_cell(units, **arguments) for units in network.units]
    # No recurrent dropout: only `KerasModel` resets the masks of a cell.
    cells: Any = [
        make_cell(units, **arguments | {"recurrent_dropout": 0.0}) for units in network.units
    ]
    if network.cell != "peephole_lstm":
        return cells
    for cell, width in zip(cells, (network.n_fed_back, *network.units), strict=False):
        cell.build((None, width))
    # Only the operations of a cell enter the model, not the cell.
    return [cell.call for cell in cells]


def _cell_arguments(network: Network) -> dict[str, Any]:
    """Return the arguments of Keras' cells and layers."""
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


class NetworkModel:
    """Mixin of the models of both engines, which are saved as plain Keras models.

    It is no subclass of `keras.Model`, because Keras changes the bases of a class whose objects are
    made of inputs and outputs.
    """

    get_weights: Callable[[], list[np.ndarray]]
    set_weights: Callable[[Sequence[np.ndarray]], None]
    # State of the optimizer, in the order of its Keras variables.
    get_optimizer_state: Callable[[], list[np.ndarray]]
    optimizer: Any

    network: Network
    # Steps of the rows that the model is trained on.
    n_timesteps: int

    def build_plain(self) -> keras.Model:
        """Build a plain Keras model with the weights of this model."""
        return build_plain_model(self.network, self.get_weights(), self.n_timesteps)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Save a plain Keras model with the weights of this model."""
        self.build_plain().save(filepath, *args, **kwargs)
