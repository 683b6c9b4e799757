"""Predictions. The bits of a row do not depend on the rows that are predicted with it."""

from __future__ import annotations

import operator
import threading
from collections.abc import Sequence

import numpy as np

from skrnn._network import Array
from skrnn._network.network import Network, make_weights
from skrnn._network.passes import NetworkPass, softmax

# Rough number of values in the arrays of a pass, which should fit into the cache of a core.
_N_NUMBERS = 2**19


def predict(
    network: Network, weights: Sequence[Array], X: Array, *, activated: bool = True
) -> Array:
    """Return the outputs of a network. The bits of a row do not depend on the other rows.

    Parameters
    ----------
    network : Network
        The network. Its activation is one of `activations`.

    weights : sequence of ndarray
        Weights of the network, in the order of Keras' `get_weights`.

    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Rows of any float type. Missing steps are NaN.

    activated : bool, default=True
        Whether to apply the output activation.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        Outputs as float32. With softmax they are probabilities.
    """
    n_timesteps = network.count_steps(X)
    activate = activated and network.output_activation == "softmax"
    block_size = choose_block_size(network, n_timesteps)
    blocks = []
    for first in range(0, len(X), block_size):
        rows = X[first : first + block_size]
        run = _get_pass(network, weights, n_timesteps, len(rows))
        # The caller checks for NaN and infinity.
        with np.errstate(all="ignore"):
            outputs = run.forward(rows, by_rows=True)
            blocks.append(softmax(outputs) if activate else outputs)
    # Outputs of sequences are views of arrays whose first axis is time.
    return np.ascontiguousarray(blocks[0]) if len(blocks) == 1 else np.concatenate(blocks)


def _get_pass(
    network: Network, weights: Sequence[Array], n_timesteps: int, n_samples: int
) -> NetworkPass:
    """Return a pass for these weights. Reuse the last pass of this thread if it fits.

    A service calls the same model many times, and making a pass takes as long as computing a row.
    """
    key = (network, n_timesteps, n_samples)
    last = getattr(_passes_of_threads, "last", None)
    if last is not None and last[0] == key and _are_identical(last[1], weights):
        return last[2]
    # Numba would compile kernels again for read-only arrays, such as mapped files.
    arrays = [np.require(each, np.float32, ["C", "W"]) for each in weights]
    run = NetworkPass(network, make_weights(network, arrays), n_timesteps, n_samples)
    # Copies would not follow later changes of the weights, so their pass is not kept.
    if _are_identical(arrays, weights):
        _passes_of_threads.last = key, arrays, run
    return run


def _are_identical(arrays: Sequence[Array], others: Sequence[Array]) -> bool:
    return len(arrays) == len(others) and all(map(operator.is_, arrays, others))


_passes_of_threads = threading.local()


def choose_block_size(network: Network, n_timesteps: int) -> int:
    """Return how many rows are computed at once."""
    width = 8 * sum(network.units) * network.n_directions + network.n_features
    return max(4, min(256, _N_NUMBERS // (max(n_timesteps, 1) * width) // 4 * 4))
