"""Gates of a network and gradients of its states at each step, for `skrnn.inspection`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from skrnn._network import Array
from skrnn._network.network import Network, flatten, view_weights
from skrnn._network.passes import NetworkPass
from skrnn._network.training import Rows

# Rows in a block: a pass stores results for each step of each row.
_N_ROWS = 256


def read_gates(
    network: Network, weights: Sequence[Array], X: Array, *, layer: int, backward: bool
) -> dict[str, Array]:
    """Return the values of the gates of a layer at each step.

    Parameters
    ----------
    network : Network
        The network. Its cells have gates.

    weights : sequence of ndarray
        Weights of the network.

    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Inputs of the network.

    layer : int
        Position of the recurrent layer, from the bottom.

    backward : bool
        Whether to return the direction that reads from the last step to the first.

    Returns
    -------
    gates : dict of str to ndarray of shape (n_samples, n_timesteps, units)
        Numbers between 0 and 1, in the order of time. NaN at missing steps.
    """
    units = network.units[layer]
    blocks = []
    for rows, run in _make_passes(network, weights, X, with_gradients=False):
        run.forward(X[rows])
        chosen = run.layers[layer][backward]
        blocks.append(
            {
                name: _order_by_time(
                    chosen.gates[..., place * units : (place + 1) * units], run, backward
                )
                for name, place in chosen.gate_names.items()
            }
        )
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def measure_gradients(
    network: Network,
    weights: Sequence[Array],
    rows: Rows,
    differentiate: Callable[[Array, Array, Array | None], Array],
    *,
    layer: int,
    backward: bool,
) -> Array:
    """Return the norm of the gradient of the loss of each row by each state h.

    Parameters
    ----------
    network, weights, layer, backward
        As in `read_gates`.

    rows : Rows
        Inputs of the network, with targets.

    differentiate : callable
        Function of targets, outputs and weights. Returns the derivative of the loss of each row by
        its outputs.

    Returns
    -------
    norms : ndarray of shape (n_samples, n_timesteps)
        Euclidean norms in the order of time. NaN at missing steps.
    """
    blocks = []
    for block, run in _make_passes(network, weights, rows.X, with_gradients=True):
        part = rows.take(block)
        with np.errstate(all="ignore"):
            outputs = run.forward(part.X)
            d_outputs = differentiate(part.y, outputs, part.sample_weight)
            run.backward(np.ascontiguousarray(d_outputs, outputs.dtype))
        # In float32 the square of a tiny gradient would be 0.
        gradient = run.layers[layer][backward].d_outputs.astype(np.float64)
        blocks.append(_order_by_time(np.linalg.norm(gradient, axis=2), run, backward))
    return np.concatenate(blocks)


def _make_passes(
    network: Network, weights: Sequence[Array], X: Array, *, with_gradients: bool
) -> Iterator[tuple[slice, NetworkPass]]:
    """Yield blocks of rows, each with the arrays of its pass."""
    flat = flatten(weights)
    n_timesteps = network.count_steps(X)
    for first in range(0, len(X), _N_ROWS):
        rows = slice(first, min(first + _N_ROWS, len(X)))
        gradients = view_weights(network, np.zeros_like(flat)) if with_gradients else None
        views = view_weights(network, flat)
        yield rows, NetworkPass(network, views, n_timesteps, rows.stop - first, gradients)


def _order_by_time(values: Array, run: NetworkPass, backward: bool) -> Array:
    """Return values by row and step, in the order of time. NaN at missing steps."""
    values = values[::-1] if backward else values
    values = values.swapaxes(0, 1)
    present = run.present
    if not present.size:
        return np.ascontiguousarray(values)
    present = present.T.reshape(*values.shape[:2], *(1,) * (values.ndim - 2))
    return np.where(present, values, np.nan)
