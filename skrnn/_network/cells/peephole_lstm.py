"""LSTM with peepholes: gates that read the cell state (Gers & Schmidhuber 2000).

    i, f = sigmoid(x W + h R + b + p c)     g = act(x W + h R + b)
    c' = f c + i g
    o = sigmoid(x W + h R + b + p c')       h' = o act(c')

The peepholes p of i, f and o are vectors: the gates of a unit read the cell state of that unit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._network import Array
from skrnn._network.activations import (
    TANH,
    activate,
    read_slopes,
    sigmoid_in_place,
    slopes,
)
from skrnn._network.cells.lstm import LSTM
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
    recurrent, bias, peephole = weights
    gates, masks, states, cells, squashed, slope = arrays
    _, n_samples, width = gates.shape
    units = width // 4
    product = np.empty((n_samples, width), gates.dtype)
    # One block for each gate, so that one call computes the sigmoids of all samples.
    inner = np.empty((3, n_samples, units), gates.dtype)
    value = np.empty_like(states[0])
    for t in range(*steps):
        multiply(states[t], recurrent, masks, by_rows, product)
        for n in range(n_samples):
            z, added, c = gates[t, n], product[n], cells[t, n]
            for v in range(width):
                z[v] = z[v] + added[v] + bias[v]
            for u in range(units):
                inner[0, n, u] = z[u] + peephole[0, u] * c[u]
                inner[1, n, u] = z[units + u] + peephole[1, u] * c[u]
                inner[2, n, u] = z[2 * units + u]
        sigmoid_in_place(inner[:2].ravel())
        activate(activation, inner[2].ravel(), value.ravel())
        if activation != TANH:
            slopes(activation, inner[2].ravel(), value.ravel(), slope[t].ravel())
        for n in range(n_samples):
            gate, c_old, c_new = gates[t, n], cells[t, n], cells[t + 1, n]
            for u in range(units):
                gate[u] = inner[0, n, u]
                gate[units + u] = inner[1, n, u]
                gate[2 * units + u] = value[n, u]
            for u in range(units):
                c_new[u] = inner[1, n, u] * c_old[u] + inner[0, n, u] * value[n, u]
            for u in range(units):
                inner[2, n, u] = gate[3 * units + u] + peephole[2, u] * c_new[u]
        sigmoid_in_place(inner[2].ravel())
        activate(activation, cells[t + 1].ravel(), squashed[t].ravel())
        for n in range(n_samples):
            gate, h_new = gates[t, n], states[t + 1, n]
            for u in range(units):
                gate[3 * units + u] = inner[2, n, u]
                h_new[u] = inner[2, n, u] * squashed[t, n, u]
        keep_states(present, t, states)
        keep_states(present, t, cells)


# Fifteen lines equal those of lstm.py. A helper would need as many arguments as it has lines.
@kernel
def backward(
    weights: Any, arrays: Any, gradients: Any, steps: Any, present: Array, activation: int
) -> None:
    """Compute the gradients, from the last step to the first. `Cell` describes the arguments."""
    recurrent, _, peephole = weights
    gates, masks, _, cells, squashed, slope = arrays
    d_outputs, d_state, d_cell, d_bias, d_peephole = gradients
    _, n_samples, width = gates.shape
    units = width // 4
    one = np.float32(1)
    recurrent_back = np.ascontiguousarray(recurrent.T)
    slope_c, slope_g = np.empty((n_samples, units), gates.dtype), np.empty(units, gates.dtype)
    for t in range(steps[1] - 1, steps[0] - 1, -1):
        slopes(activation, cells[t + 1].ravel(), squashed[t].ravel(), slope_c.ravel())
        for n in range(n_samples):
            if present.size and not present[t, n]:
                gates[t, n] = 0
                pass_gradient(t, n, d_outputs, d_state)
                continue
            gate, dh, dc, d_out = gates[t, n], d_state[n], d_cell[n], d_outputs[t, n]
            i, f = gate[:units], gate[units : 2 * units]
            g, o = gate[2 * units : 3 * units], gate[3 * units :]
            a, slope_a, c_old, c_new = squashed[t, n], slope_c[n], cells[t, n], cells[t + 1, n]
            for u in range(units):
                d = dh[u] + d_out[u]
                d_out[u] = d
                d_o = d * a[u] * o[u] * (one - o[u])
                # The output gate reads the new cell state.
                dc[u] += d * o[u] * slope_a[u] + d_o * peephole[2, u]
                o[u] = d_o
            for u in range(units):
                d_peephole[2, u] += o[u] * c_new[u]
            read_slopes(activation, g, slope, t, n, slope_g)
            for u in range(units):
                q, i_u, f_u = dc[u], i[u], f[u]
                i[u] = q * g[u] * i_u * (one - i_u)
                f[u] = q * c_old[u] * f_u * (one - f_u)
                g[u] = q * i_u * slope_g[u]
                dc[u] = q * f_u
            for u in range(units):
                dc[u] += i[u] * peephole[0, u] + f[u] * peephole[1, u]
            for u in range(units):
                d_peephole[0, u] += i[u] * c_old[u]
                d_peephole[1, u] += f[u] * c_old[u]
            for v in range(width):
                d_bias[v] += gate[v]
        multiply_back(gates[t], recurrent_back, masks, d_state)
        keep_gradients(present, t, d_outputs, d_state)


class PeepholeLSTM(LSTM):
    """LSTM with peepholes. Keras has no such layer."""

    _forward, _backward = staticmethod(forward), staticmethod(backward)
