"""GRU that multiplies by the reset gate after the product, as cuDNN does (Cho et al. 2014, v1).

    z, r = sigmoid(x W + b + h R + s)       n = h R + s
    g = act(x W + b + r n)                  h' = z h + (1 - z) g

W, R and the biases b and s have a third for each of z, r and g, in this order.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skrnn._network import Array
from skrnn._network.activations import (
    TANH,
    activate,
    read_slopes,
    sigmoid_in_place,
    slopes,
)
from skrnn._network.cells.cell import Cell, set_product
from skrnn._network.kernels import kernel, kernel_part
from skrnn._network.products import (
    keep_gradients,
    keep_states,
    multiply,
    multiply_back,
    pass_gradient,
)


@kernel_part
def write_states(
    t: int,
    activation: int,
    before: Array,
    opening: Array,
    value: Array,
    gates: Array,
    states: Array,
    slope: Array,
) -> None:
    """Activate the candidates of step t, store them in `gates`, and write the new states."""
    n_samples, units = before.shape
    one = np.float32(1)
    activate(activation, before.ravel(), value.ravel())
    if activation != TANH:
        slopes(activation, before.ravel(), value.ravel(), slope[t].ravel())
    for n in range(n_samples):
        gate, z, g = gates[t, n], opening[n], value[n]
        h_old, h_new = states[t, n], states[t + 1, n]
        for u in range(units):
            gate[2 * units + u] = g[u]
        for u in range(units):
            h_new[u] = z[u] * h_old[u] + (one - z[u]) * g[u]


@kernel
def forward(
    weights: Any, arrays: Any, steps: Any, present: Array, by_rows: bool, activation: int
) -> None:
    """Compute all steps. `Cell` describes the arguments."""
    recurrent, bias = weights
    gates, masks, states, inner, _, slope = arrays
    _, n_samples, width = gates.shape
    units = width // 3
    product = np.empty((n_samples, width), gates.dtype)
    # One block of both gates of all samples, so that one call computes all sigmoids.
    opening = np.empty((n_samples, 2 * units), gates.dtype)
    before, value = np.empty_like(states[0]), np.empty_like(states[0])
    for t in range(*steps):
        multiply(states[t], recurrent, masks, by_rows, product)
        for n in range(n_samples):
            gate, added, z_r = gates[t, n], product[n], opening[n]
            for v in range(2 * units):
                z_r[v] = gate[v] + bias[0, v] + added[v] + bias[1, v]
        sigmoid_in_place(opening.ravel())
        for n in range(n_samples):
            gate, added, z_r, n_new = gates[t, n], product[n], opening[n], inner[t, n]
            g = before[n]
            for u in range(units):
                n_new[u] = added[2 * units + u] + bias[1, 2 * units + u]
            for u in range(units):
                g[u] = gate[2 * units + u] + bias[0, 2 * units + u] + z_r[units + u] * n_new[u]
            for v in range(2 * units):
                gate[v] = z_r[v]
        write_states(t, activation, before, opening, value, gates, states, slope)
        keep_states(present, t, states)


@kernel
def backward(
    weights: Any, arrays: Any, gradients: Any, steps: Any, present: Array, activation: int
) -> None:
    """Compute the gradients, from the last step to the first. `Cell` describes the arguments."""
    recurrent, _ = weights
    gates, masks, states, inner, d_product, slope = arrays
    d_outputs, d_state, d_bias = gradients
    _, n_samples, width = gates.shape
    units = width // 3
    one = np.float32(1)
    recurrent_back = np.ascontiguousarray(recurrent.T)
    slope_g = np.empty(units, gates.dtype)
    passed = np.empty((n_samples, units), gates.dtype)
    for t in range(steps[1] - 1, steps[0] - 1, -1):
        for n in range(n_samples):
            if present.size and not present[t, n]:
                gates[t, n] = 0
                d_product[t, n] = 0
                pass_gradient(t, n, d_outputs, d_state)
                continue
            gate, dh, d_out, d_n = gates[t, n], d_state[n], d_outputs[t, n], d_product[t, n]
            z, r, g = gate[:units], gate[units : 2 * units], gate[2 * units :]
            h_old, past = states[t, n], passed[n]
            read_slopes(activation, g, slope, t, n, slope_g)
            for u in range(units):
                d, z_u = dh[u] + d_out[u], z[u]
                d_out[u] = d
                past[u] = d * z_u
                z[u] = d * (h_old[u] - g[u]) * z_u * (one - z_u)
                g[u] = d * (one - z_u) * slope_g[u]
            n_t = inner[t, n]
            for u in range(units):
                r_u = r[u]
                d_n[2 * units + u] = g[u] * r_u
                r[u] = g[u] * n_t[u] * r_u * (one - r_u)
            for v in range(2 * units):
                d_n[v] = gate[v]
            for v in range(width):
                d_bias[0, v] += gate[v]
                d_bias[1, v] += d_n[v]
        multiply_back(d_product[t], recurrent_back, masks, d_state)
        for n in range(n_samples):
            dh, past = d_state[n], passed[n]
            for u in range(units):
                dh[u] += past[u]
        keep_gradients(present, t, d_outputs, d_state)


class GRU(Cell):
    """Keras' GRU with `reset_after=True`. Saved arrays are n and the gradient of h R."""

    n_gates = 3
    saved_widths = (1, 3)
    gate_names: ClassVar = {"reset": 1, "update": 0}
    _forward, _backward = staticmethod(forward), staticmethod(backward)

    def _set_recurrent_gradient(self, out: Array) -> None:
        set_product(self.h[:-1], self.saved[1], out, self.masks)
