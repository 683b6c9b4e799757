"""Simple recurrent network (Elman 1990).

h' = act(x W + h R + b)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._network import Array
from skrnn._network.activations import activate, slopes
from skrnn._network.cells.cell import Cell
from skrnn._network.kernels import kernel
from skrnn._network.products import (
    keep_gradients,
    keep_states,
    multiply,
    multiply_back,
    pass_gradient,
)


@kernel
def forward(
    weights: Any, arrays: Any, steps: Any, present: Array, by_rows: bool, activation: int
) -> None:
    """Compute all steps. `Cell` describes the arguments."""
    recurrent, bias = weights
    gates, masks, states, _ = arrays
    _, n_samples, units = gates.shape
    product = np.empty((n_samples, units), gates.dtype)
    for t in range(*steps):
        multiply(states[t], recurrent, masks, by_rows, product)
        for n in range(n_samples):
            z, added = gates[t, n], product[n]
            for u in range(units):
                z[u] = z[u] + added[u] + bias[u]
        activate(activation, gates[t].ravel(), states[t + 1].ravel())
        keep_states(present, t, states)


@kernel
def backward(
    weights: Any, arrays: Any, gradients: Any, steps: Any, present: Array, activation: int
) -> None:
    """Compute the gradients, from the last step to the first. `Cell` describes the arguments."""
    recurrent, _ = weights
    gates, masks, states, _ = arrays
    d_outputs, d_state, d_bias = gradients
    _, n_samples, units = gates.shape
    recurrent_back = np.ascontiguousarray(recurrent.T)
    slope = np.empty((n_samples, units), gates.dtype)
    for t in range(steps[1] - 1, steps[0] - 1, -1):
        slopes(activation, gates[t].ravel(), states[t + 1].ravel(), slope.ravel())
        for n in range(n_samples):
            if present.size and not present[t, n]:
                gates[t, n] = 0
                pass_gradient(t, n, d_outputs, d_state)
                continue
            z, dh, d_out, slope_z = gates[t, n], d_state[n], d_outputs[t, n], slope[n]
            for u in range(units):
                d = dh[u] + d_out[u]
                d_out[u] = d
                z[u] = d * slope_z[u]
            for u in range(units):
                d_bias[u] += z[u]
        multiply_back(gates[t], recurrent_back, masks, d_state)
        keep_gradients(present, t, d_outputs, d_state)


class SimpleRNN(Cell):
    """Keras' SimpleRNN."""

    n_gates = 1
    _forward, _backward = staticmethod(forward), staticmethod(backward)
