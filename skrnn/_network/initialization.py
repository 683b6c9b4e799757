"""Initial weights of a network, from the distributions of Keras' initializers."""

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
from skrnn._network.normalization import NormalizedWindows, compute_levels
from skrnn._network.ridge import fit_ridge, predict_linear


def make_initial_weights(
    network: Network, seed: int, X: Array, y: Array, sample_weight: Array | None
) -> Array:
    """Return the weights that a fit starts from, as a flat vector of float32.

    The weights are random, but for a linear skip, whose weights are those of ridge regression.

    Parameters
    ----------
    network : Network
        The network.

    seed : int
        Seed of the fit.

    X, y, sample_weight
        Rows for the ridge regression, with targets in the scale of the outputs.
    """
    flat = draw_weights(network, [seed, 0])
    if not network.linear_skip and network.quantiles is None:
        return flat
    weights: Any = view_weights(network, flat)
    windows: Any = X
    weight = sample_weight
    if network.quantiles is not None:
        y = np.repeat(y, len(network.quantiles), axis=-1)
    if network.normalization is not None:
        levels, gains = compute_levels(network.normalization, X)
        windows = NormalizedWindows(network.normalization, X)
        # The loss sees errors times their gain. A window without a step has the gain 0.
        importance = np.square(gains).mean(axis=1)
        if y.ndim == 3:
            levels, gains = levels[:, np.newaxis], gains[:, np.newaxis]
        y = (y - levels) / np.where(gains > 0, gains, 1.0)
        if network.linear_skip:
            weight = importance if sample_weight is None else sample_weight * importance
    if network.linear_skip:
        weights.head_kernel.fill(0)
        weights.skip[:], weights.head_bias[:] = fit_ridge(windows, y, weight)
        if network.quantiles is not None:
            y = y - predict_linear(windows, weights.skip)
    if network.quantiles is not None:
        weights.head_bias[:] = find_quantiles(network.quantiles, y, weight)
    return flat


def find_quantiles(quantiles: tuple[float, ...], y: Array, sample_weight: Array | None) -> Array:
    """Return the quantile of each output over the training rows.

    Training then starts from the quantiles of all targets, or of their distances from the level of
    the window or from a linear map, instead of from 0 for all.

    Parameters
    ----------
    quantiles : tuple of float
        Levels, the same for each target.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        Targets, repeated for each level.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_steps), or None
        Weights. Rows and steps of weight 0 do not count, all others count alike.
    """
    counts = np.ones(y.shape[:-1], dtype=bool)
    if sample_weight is not None:
        n_missing_axes = counts.ndim - sample_weight.ndim
        counts &= sample_weight.reshape(sample_weight.shape + (1,) * n_missing_axes) > 0
    rows = y[counts]
    levels = np.tile(quantiles, y.shape[-1] // len(quantiles))
    return np.array([np.quantile(rows[:, k], level) for k, level in enumerate(levels)])


def draw_weights(network: Network, seed: Sequence[int]) -> Array:
    """Return random weights as a flat vector of float32.

    Kernels are uniform (Glorot & Bengio 2010) and recurrent kernels orthogonal (Saxe et al. 2014).
    Biases are 0, but 1 for the forget gate of an LSTM (Jozefowicz et al. 2015). Each layer has a
    random generator of its own, so its weights do not depend on the other layers.
    """
    flat = np.zeros(sum(np.prod(shape, dtype=int) for shape in list_shapes(network)), np.float32)
    weights = view_weights(network, flat)
    rngs = (np.random.default_rng([*seed, position]) for position in range(len(weights.cells) + 2))
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
            _set_memory(network, cell, network.memory_steps, rng)
    return flat


def _draw_uniform(kernel: Array, rng: np.random.Generator) -> None:
    limit = np.sqrt(6 / sum(kernel.shape))
    kernel[:] = rng.uniform(-limit, limit, kernel.shape)


def _draw_orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return a matrix whose rows are orthogonal and have length 1."""
    n_rows, n_columns = shape
    q, r = np.linalg.qr(rng.normal(size=(n_columns, n_rows)))
    # Without these signs the result would depend on the algorithm of qr.
    return (q * np.sign(np.diag(r))).T


def _set_memory(
    network: Network, cell: CellWeights, memory_steps: int, rng: np.random.Generator
) -> None:
    """Set biases of gates so that they keep the state that long (Tallec & Ollivier 2018)."""
    units = len(cell.recurrent)
    memory = np.log(rng.uniform(1, memory_steps - 1, units))
    if network.cell_class in (GRU, GRUResetBefore):
        # The update gate keeps the state. A GRU with two biases uses the first.
        cell.bias.reshape(-1)[:units] = memory
    else:
        cell.bias[:units], cell.bias[units : 2 * units] = -memory, memory
