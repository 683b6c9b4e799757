"""Initial weights of a network, those of Keras' initializers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skrnn._network import Array
from skrnn._network.cells.cell import CellWeights
from skrnn._network.cells.gru import GRU
from skrnn._network.cells.gru_reset_before import GRUResetBefore
from skrnn._network.cells.lstm import LSTM
from skrnn._network.network import Network, list_shapes, view_weights
from skrnn._network.ridge import ridge


def draw_start(
    network: Network, seed: int, X: Array, y: Array, sample_weight: Array | None
) -> Array:
    """Return the weights that a fit starts from, as a flat vector of float32.

    Parameters
    ----------
    network : Network
        The network.

    seed : int
        Seed of the fit.

    X, y, sample_weight
        Rows, with targets in the scale of the outputs: a linear skip starts as ridge regression.
    """
    flat = draw_weights(network, [seed, 0])
    if network.linear_skip:
        weights: Any = view_weights(network, flat)
        weights.head_kernel.fill(0)
        weights.skip[:], weights.head_bias[:] = ridge(X, y, sample_weight)
    return flat


def draw_weights(network: Network, seed: Sequence[int]) -> Array:
    """Return initial weights as a flat vector of float32.

    Kernels are uniform (Glorot & Bengio 2010), recurrent kernels orthogonal (Saxe et al. 2014),
    biases zero but for that of an LSTM's forget gate, which is 1 (Jozefowicz et al. 2015). Each
    layer draws from a generator of its own, so it starts alike whatever the others are made of.
    """
    flat = np.zeros(sum(np.prod(shape, dtype=int) for shape in list_shapes(network)), np.float32)
    weights = view_weights(network, flat)
    rngs = (np.random.default_rng([*seed, place]) for place in range(len(weights.cells) + 2))
    # A linear skip starts at zero.
    _draw_uniform(weights.head_kernel, next(rngs))
    embedding_rng = next(rngs)
    if weights.embedding is not None:
        weights.embedding[:] = embedding_rng.uniform(-0.05, 0.05, weights.embedding.shape)
    for cell, rng in zip(weights.cells, rngs, strict=True):
        _draw_uniform(cell.kernel, rng)
        cell.recurrent[:] = _draw_orthogonal(cell.recurrent.shape, rng)
        if issubclass(network.cell_class, LSTM):
            units = len(cell.recurrent)
            cell.bias[units : 2 * units] = 1
        if network.memory_steps is not None:
            _remember(network, cell, network.memory_steps, rng)
    return flat


def _draw_uniform(kernel: Array, rng: np.random.Generator) -> None:
    limit = np.sqrt(6 / sum(kernel.shape))
    kernel[:] = rng.uniform(-limit, limit, kernel.shape)


def _draw_orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return rows that are orthogonal to each other and of length 1."""
    n_rows, n_columns = shape
    q, r = np.linalg.qr(rng.normal(size=(n_columns, n_rows)))
    # Else the signs would depend on the algorithm.
    return (q * np.sign(np.diag(r))).T


def _remember(
    network: Network, cell: CellWeights, memory_steps: int, rng: np.random.Generator
) -> None:
    """Let gates keep the state for up to so many steps (Tallec & Ollivier 2018)."""
    units = len(cell.recurrent)
    memory = np.log(rng.uniform(1, memory_steps - 1, units))
    if network.cell_class in (GRU, GRUResetBefore):
        # The update gate keeps what is not taken in. With two biases, the first one.
        cell.bias.reshape(-1)[:units] = memory
    else:
        cell.bias[:units], cell.bias[units : 2 * units] = -memory, memory
