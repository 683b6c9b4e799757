"""GRU that multiplies by the reset gate before the product (Cho et al. 2014, v3).

    z, r = sigmoid(x W + h R + b)
    g = act(x W + (r h) R + b)              h' = z h + (1 - z) g

W, R and b have a third for each of z, r and g, in this order.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skrnn._network import Array
from skrnn._network.activations import read_slopes, sigmoid_in_place
from skrnn._network.cells.cell import Cell, set_product
from skrnn._network.cells.gru import write_states
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
    gates, masks, states, _, slope = arrays
    _, n_samples, width = gates.shape
    units = width // 3
    of_gates = np.ascontiguousarray(recurrent[:, : 2 * units])
    of_candidate = np.ascontiguousarray(recurrent[:, 2 * units :])
    opening = np.empty((n_samples, 2 * units), gates.dtype)
    product, reset = np.empty_like(states[0]), np.empty_like(states[0])
    before, value = np.empty_like(states[0]), np.empty_like(states[0])
    for t in range(*steps):
        multiply(states[t], of_gates, masks[:2], by_rows, opening)
        for n in range(n_samples):
            gate, z_r = gates[t, n], opening[n]
            for v in range(2 * units):
                z_r[v] = z_r[v] + gate[v] + bias[v]
        sigmoid_in_place(opening.ravel())
        for n in range(n_samples):
            gate, z_r, h_old, h_reset = gates[t, n], opening[n], states[t, n], reset[n]
            for u in range(units):
                h_reset[u] = z_r[units + u] * h_old[u]
            for v in range(2 * units):
                gate[v] = z_r[v]
        multiply(reset, of_candidate, masks[2:], by_rows, product)
        for n in range(n_samples):
            gate, added, g = gates[t, n], product[n], before[n]
            for u in range(units):
                g[u] = gate[2 * units + u] + added[u] + bias[2 * units + u]
        write_states(t, activation, before, opening, value, gates, states, slope)
        keep_states(present, t, states)


@kernel
def backward(
    weights: Any, arrays: Any, gradients: Any, steps: Any, present: Array, activation: int
) -> None:
    """Compute the gradients, from the last step to the first. `Cell` describes the arguments."""
    recurrent, _ = weights
    gates, masks, states, reset_states, slope = arrays
    d_outputs, d_state, d_bias = gradients
    _, n_samples, width = gates.shape
    units = width // 3
    one = np.float32(1)
    gates_back = np.ascontiguousarray(recurrent[:, : 2 * units].T)
    candidate_back = np.ascontiguousarray(recurrent[:, 2 * units :].T)
    slope_g = np.empty(units, gates.dtype)
    passed, d_reset = np.empty_like(states[0]), np.empty_like(states[0])
    d_candidate = np.empty_like(states[0])
    d_gates = np.empty((n_samples, 2 * units), gates.dtype)
    for t in range(steps[1] - 1, steps[0] - 1, -1):
        for n in range(n_samples):
            if present.size and not present[t, n]:
                gates[t, n] = 0
                reset_states[t, n] = 0
                d_candidate[n] = 0
                pass_gradient(t, n, d_outputs, d_state)
                continue
            gate, dh, d_out, d_g = gates[t, n], d_state[n], d_outputs[t, n], d_candidate[n]
            z, r, g = gate[:units], gate[units : 2 * units], gate[2 * units :]
            h_old, past, h_reset = states[t, n], passed[n], reset_states[t, n]
            read_slopes(activation, g, slope, t, n, slope_g)
            for u in range(units):
                h_reset[u] = r[u] * h_old[u]
            for u in range(units):
                d, z_u = dh[u] + d_out[u], z[u]
                d_out[u] = d
                past[u] = d * z_u
                z[u] = d * (h_old[u] - g[u]) * z_u * (one - z_u)
                g[u] = d * (one - z_u) * slope_g[u]
                d_g[u] = g[u]
        multiply_back(d_candidate, candidate_back, masks[2:], d_reset)
        for n in range(n_samples):
            gate, past, dr, h_old = gates[t, n], passed[n], d_reset[n], states[t, n]
            r, d_z_r = gate[units : 2 * units], d_gates[n]
            if not (present.size and not present[t, n]):
                for u in range(units):
                    r_u = r[u]
                    past[u] += dr[u] * r_u
                    r[u] = dr[u] * h_old[u] * r_u * (one - r_u)
            for v in range(2 * units):
                d_z_r[v] = gate[v]
            for v in range(width):
                d_bias[v] += gate[v]
        multiply_back(d_gates, gates_back, masks[:2], d_state)
        for n in range(n_samples):
            dh, past = d_state[n], passed[n]
            for u in range(units):
                dh[u] += past[u]
        keep_gradients(present, t, d_outputs, d_state)


class GRUResetBefore(Cell):
    """Keras' GRU with `reset_after=False`. The backward pass saves r h."""

    n_gates = 3
    saved_widths = (1,)
    gate_names: ClassVar = {"reset": 1, "update": 0}
    _forward, _backward = staticmethod(forward), staticmethod(backward)

    def _set_recurrent_gradient(self, out: Array) -> None:
        units = self.h.shape[2]
        of_gates, of_candidate = self.gates[..., : 2 * units], self.gates[..., 2 * units :]
        set_product(self.h[:-1], of_gates, out[:, : 2 * units], self.masks[:2])
        set_product(self.saved[0], of_candidate, out[:, 2 * units :], self.masks[2:])
