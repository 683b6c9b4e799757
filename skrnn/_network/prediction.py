"""Predictions, each row by itself."""

from __future__ import annotations

import operator
import threading
from collections.abc import Sequence

import numpy as np

from skrnn._network import Array
from skrnn._network.network import Network, place_arrays
from skrnn._network.passes import NetworkPass, softmax

# Numbers in the arrays of a pass, about: they should fit into the cache of a core.
_N_NUMBERS = 2**19


def predict(
    network: Network, weights: Sequence[Array], X: Array, *, activated: bool = True
) -> Array:
    """Return what a network says of rows, the same bits whatever rows come with a row.

    Parameters
    ----------
    network : Network
        The network. Its activation has a number.

    weights : sequence of ndarray
        Its weights, in the order of Keras.

    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Rows of any float type, NaN where a step is missing.

    activated : bool, default=True
        Apply the output activation.

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        float32; probabilities if the output activation is softmax.
    """
    n_timesteps = network.count_steps(X)
    activate = activated and network.output_activation == "softmax"
    n_in_block = count_rows_of_block(network, n_timesteps)
    blocks = []
    for first in range(0, len(X), n_in_block):
        rows = X[first : first + n_in_block]
        run = _get_pass(network, weights, n_timesteps, len(rows))
        # The caller looks for what is not finite.
        with np.errstate(all="ignore"):
            outputs = run.forward(rows, by_rows=True)
            blocks.append(softmax(outputs) if activate else outputs)
    # A sequence comes as a view with the steps first in memory.
    return np.ascontiguousarray(blocks[0]) if len(blocks) == 1 else np.concatenate(blocks)


def _get_pass(
    network: Network, weights: Sequence[Array], n_timesteps: int, n_samples: int
) -> NetworkPass:
    """Return the arrays of a pass, those of the call before if they fit.

    A service asks the same model again and again, and making them takes as long as computing a row.
    """
    made_for = (network, n_timesteps, n_samples)
    last = getattr(_of_thread, "last", None)
    if last is not None and last[0] == made_for and _are_same(last[1], weights):
        return last[2]
    # Numba would compile kernels anew for arrays that are read-only, such as mapped files.
    arrays = [np.require(each, np.float32, ["C", "W"]) for each in weights]
    run = NetworkPass(network, place_arrays(network, arrays), n_timesteps, n_samples)
    # A change of the weights would not be seen in their copies.
    if _are_same(arrays, weights):
        _of_thread.last = made_for, arrays, run
    return run


def _are_same(arrays: Sequence[Array], others: Sequence[Array]) -> bool:
    return len(arrays) == len(others) and all(map(operator.is_, arrays, others))


_of_thread = threading.local()


def count_rows_of_block(network: Network, n_timesteps: int) -> int:
    """Return how many rows are computed at once; they do not depend on each other."""
    width = 8 * sum(network.units) * network.n_directions + network.n_features
    return max(4, min(256, _N_NUMBERS // (max(n_timesteps, 1) * width) // 4 * 4))
