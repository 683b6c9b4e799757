"""Description of a network, and views of its weights in one flat vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from skrnn._network import Array
from skrnn._network.cells.cell import Cell, CellWeights
from skrnn._network.cells.gru import GRU
from skrnn._network.cells.gru_reset_before import GRUResetBefore
from skrnn._network.cells.lstm import LSTM
from skrnn._network.cells.peephole_lstm import PeepholeLSTM
from skrnn._network.cells.simple_rnn import SimpleRNN
from skrnn._network.normalization import Normalization


@dataclass(frozen=True)
class Network:
    """Description of a network, without its weights.

    Attributes
    ----------
    cell : {"simple_rnn", "lstm", "peephole_lstm", "gru"}
        Recurrent cell of every layer.

    units : tuple of int
        Units of each stacked layer.

    n_features, n_outputs : int
        Features of an input step, outputs of an output step.

    embedding_dim, n_symbols : int, default=None
        Width of an embedding, and number of its symbols, 0 included. A step then has one feature,
        the number of a symbol.

    architecture : {"sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", \
            "encoder_decoder"}
        Shapes of inputs and outputs.

    n_timesteps : int, default=None
        Number of input steps, if the weights depend on it.

    n_steps : int, default=None
        Number of output steps, if it may differ from the number of input steps.

    bidirectional : bool, default=False
        Whether each layer reads the steps in both directions.

    linear_skip : bool, default=False
        Whether a linear map of all steps is added to the output.

    normalization : Normalization, default=None
        Normalization of the windows that the layers read, and of the outputs.

    quantiles : tuple of float, default=None
        Levels of the quantiles that the network predicts for each target. The outputs are all
        quantiles of the first target, then those of the second, and so on.

    output_activation : {"linear", "softmax"}, default="linear"
        Activation of the output. A decoder reads the activated output.

    masked : bool, default=False
        Whether steps may be missing. A missing step is NaN.

    dropout, recurrent_dropout : float, default=0.0
        Share of units dropped in training: from the outputs of each recurrent layer, and from the
        state between steps.

    activation : str or callable, default="tanh"
        Activation of the cell.

    kernel_regularizer : object, default=None
        Keras regularizer, its name, or an L2 factor.

    memory_steps : int, default=None
        Largest number of steps for which the gates keep the state at the start of training.

    cell_options : tuple of (str, value), default=()
        Arguments that only cells of this kind have.
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
    normalization: Normalization | None = None
    quantiles: tuple[float, ...] | None = None
    output_activation: str = "linear"
    masked: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    activation: str | Callable[..., Any] = "tanh"
    kernel_regularizer: Any = None
    memory_steps: int | None = None
    cell_options: tuple[tuple[str, Any], ...] = ()

    @property
    def cell_class(self) -> type[Cell]:
        """Class of the cells."""
        if self.cell == "gru":
            return GRU if dict(self.cell_options).get("reset_after", True) else GRUResetBefore
        classes = {"simple_rnn": SimpleRNN, "lstm": LSTM, "peephole_lstm": PeepholeLSTM}
        return classes[self.cell]

    @property
    def is_decoder(self) -> bool:
        """True if the network writes a sequence, and each step reads the output before."""
        return self.architecture == "encoder_decoder"

    @property
    def writes_vector(self) -> bool:
        """True if the network writes one vector for all steps."""
        return self.architecture == "sequence_to_vector"

    @property
    def n_directions(self) -> int:
        """Number of cells in each layer."""
        return 2 if self.bidirectional else 1

    @property
    def fed_back(self) -> slice:
        """Outputs that a decoder reads: the median of each target, or all outputs."""
        if self.quantiles is None:
            return slice(None)
        return slice(self.quantiles.index(0.5), None, len(self.quantiles))

    @property
    def n_fed_back(self) -> int:
        """Number of outputs that a decoder reads."""
        return self.n_outputs // len(self.quantiles or (0.5,))

    def count_steps(self, X: Array) -> int:
        """Return how many steps the first layer reads. A vector is repeated at each step."""
        return X.shape[1] if X.ndim == 3 else self.n_steps or 0


@dataclass(frozen=True)
class Weights:
    """Weights of a network, or the gradients of these weights, as views into one flat vector.

    Attributes
    ----------
    layers : list of list of CellWeights
        Recurrent layers from bottom to top. The forward direction comes first.

    head_kernel : ndarray of shape (n_inputs, n_outputs)

    head_bias : ndarray of shape (n_outputs,)

    embedding : ndarray of shape (n_symbols, embedding_dim), default=None

    decoder : list of CellWeights, default=()
        Layers of the decoder, from bottom to top.

    skip : ndarray of shape (n_timesteps * n_features, n_outputs), default=None
        Weights of the linear map.
    """

    layers: list[list[CellWeights]]
    head_kernel: Array
    head_bias: Array
    embedding: Array | None = None
    decoder: Sequence[CellWeights] = ()
    skip: Array | None = None

    @property
    def cells(self) -> list[CellWeights]:
        """All cells, from bottom to top. The cells of a decoder come last."""
        return [*(cell for depth in self.layers for cell in depth), *self.decoder]


def list_shapes(network: Network) -> list[tuple[int, ...]]:
    """Return the shapes of the weights in the order of Keras' `get_weights`."""
    shapes: list[tuple[int, ...]] = []
    n_inputs = network.n_features
    if network.embedding_dim is not None:
        shapes.append((network.n_symbols or 0, network.embedding_dim))
        n_inputs = network.embedding_dim
    for units in network.units:
        shapes += _list_cell_shapes(network, n_inputs, units) * network.n_directions
        n_inputs = units * network.n_directions
    if network.is_decoder:
        n_inputs = network.n_fed_back
        for units in network.units:
            shapes += _list_cell_shapes(network, n_inputs, units)
            n_inputs = units
    shapes += [(n_inputs, network.n_outputs), (network.n_outputs,)]
    if network.linear_skip:
        shapes.append(((network.n_timesteps or 0) * network.n_features, network.n_outputs))
    return shapes


def _list_cell_shapes(network: Network, n_inputs: int, units: int) -> list[tuple[int, ...]]:
    width = network.cell_class.n_gates * units
    bias = (2, width) if network.cell_class is GRU else (width,)
    peephole = [(3, units)] if network.cell == "peephole_lstm" else []
    return [(n_inputs, width), (units, width), bias, *peephole]


def view_arrays(network: Network, flat: Array) -> list[Array]:
    """Return the weights in the order of Keras' `get_weights`, as views into a flat vector."""
    views, first = [], 0
    for shape in list_shapes(network):
        views.append(flat[first : first + prod(shape)].reshape(shape))
        first += prod(shape)
    return views


def view_weights(network: Network, flat: Array) -> Weights:
    """Return the weights as views into a flat vector."""
    return make_weights(network, view_arrays(network, flat))


def make_weights(network: Network, weights: Sequence[Array]) -> Weights:
    """Return the weights of arrays in the order of Keras' `get_weights`."""
    arrays = iter(weights)

    def take_cell() -> CellWeights:
        n_arrays = 4 if network.cell == "peephole_lstm" else 3
        return CellWeights(*(next(arrays) for _ in range(n_arrays)))

    embedding = next(arrays) if network.embedding_dim is not None else None
    layers = [[take_cell() for _ in range(network.n_directions)] for _ in network.units]
    decoder = [take_cell() for _ in network.units] if network.is_decoder else []
    head_kernel, head_bias = next(arrays), next(arrays)
    skip = next(arrays) if network.linear_skip else None
    return Weights(layers, head_kernel, head_bias, embedding, decoder, skip)


def flatten(weights: Sequence[Array], dtype: Any = np.float32) -> Array:
    """Return weights as one flat vector."""
    return np.concatenate([np.ravel(array) for array in weights], dtype=dtype)
