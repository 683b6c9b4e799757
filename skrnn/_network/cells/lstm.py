"""LSTM with a forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000).

    i, f, o = sigmoid(x W + h R + b)        g = act(x W + h R + b)
    c' = f c + i g                          h' = o act(c')

W, R and b have a quarter for each of i, f, g and o, in this order.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skrnn._network import Array
from skrnn._network.activations import TANH, activate, read_slopes, slopes, tanh_in_place
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
    gates, masks, states, cells, squashed, slope = arrays
    _, n_samples, width = gates.shape
    units = width // 4
    half, one = np.float32(0.5), np.float32(1)
    # sigmoid(z) = 1/2 + 1/2 tanh(z/2), so one call of tanh computes all gates.
    scale = np.full(width, half, gates.dtype)
    scale[2 * units : 3 * units] = one
    product = np.empty((n_samples, width), gates.dtype)
    before, value = np.empty_like(states[0]), np.empty_like(states[0])
    for t in range(*steps):
        multiply(states[t], recurrent, masks, by_rows, product)
        for n in range(n_samples):
            gate, added = gates[t, n], product[n]
            if activation != TANH:
                for u in range(units):
                    v = 2 * units + u
                    before[n, u] = gate[v] + added[v] + bias[v]
            for v in range(width):
                gate[v] = scale[v] * (gate[v] + added[v] + bias[v])
        tanh_in_place(gates[t].ravel())
        if activation != TANH:
            activate(activation, before.ravel(), value.ravel())
            slopes(activation, before.ravel(), value.ravel(), slope[t].ravel())
        for n in range(n_samples):
            gate, c_old, c_new = gates[t, n], cells[t, n], cells[t + 1, n]
            for v in range(width):
                gate[v] = scale[v] * gate[v] + (one - scale[v])
            i, f, g = gate[:units], gate[units : 2 * units], gate[2 * units : 3 * units]
            if activation != TANH:
                for u in range(units):
                    g[u] = value[n, u]
            for u in range(units):
                c_new[u] = f[u] * c_old[u] + i[u] * g[u]
        activate(activation, cells[t + 1].ravel(), squashed[t].ravel())
        for n in range(n_samples):
            o, a, h_new = gates[t, n, 3 * units :], squashed[t, n], states[t + 1, n]
            for u in range(units):
                h_new[u] = o[u] * a[u]
        keep_states(present, t, states)
        keep_states(present, t, cells)


@kernel
def backward(
    weights: Any, arrays: Any, gradients: Any, steps: Any, present: Array, activation: int
) -> None:
    """Compute the gradients, from the last step to the first. `Cell` describes the arguments."""
    recurrent, _ = weights
    gates, masks, _, cells, squashed, slope = arrays
    d_outputs, d_state, d_cell, d_bias = gradients
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
            a, slope_a, c_old = squashed[t, n], slope_c[n], cells[t, n]
            for u in range(units):
                d = dh[u] + d_out[u]
                d_out[u] = d
                dc[u] += d * o[u] * slope_a[u]
                o[u] = d * a[u] * o[u] * (one - o[u])
            read_slopes(activation, g, slope, t, n, slope_g)
            for u in range(units):
                q, i_u, f_u = dc[u], i[u], f[u]
                i[u] = q * g[u] * i_u * (one - i_u)
                f[u] = q * c_old[u] * f_u * (one - f_u)
                g[u] = q * i_u * slope_g[u]
                dc[u] = q * f_u
            for v in range(width):
                d_bias[v] += gate[v]
        multiply_back(gates[t], recurrent_back, masks, d_state)
        keep_gradients(present, t, d_outputs, d_state)


class LSTM(Cell):
    """Keras' LSTM. The saved array is act(c')."""

    n_gates = 4
    n_states = 2
    saved_widths = (1,)
    gate_names: ClassVar = {"input": 0, "forget": 1, "output": 3}
    _forward, _backward = staticmethod(forward), staticmethod(backward)
