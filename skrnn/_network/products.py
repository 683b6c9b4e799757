"""Products of a step and missing steps: kernels that all cells share.

`masks` are the masks of recurrent dropout, of shape `(n_gates, n_samples, units)`. As in Keras,
each gate multiplies the state by a mask of its own. Without recurrent dropout their size is 0.
"""

from __future__ import annotations

import numpy as np

from skrnn._network import Array
from skrnn._network.kernels import kernel, kernel_in_order, kernel_part


@kernel_in_order
def add_product(rows: Array, weights: Array, out: Array) -> None:
    """Add `rows @ weights` to `out`. The bits of a row do not depend on the other rows.

    The rounding of BLAS depends on how many rows are multiplied at once, so BLAS is not used. Four
    rows and four numbers of each are taken at a time, which is fast and keeps the order of sums.
    """
    n_rows, n_inputs = rows.shape
    width = weights.shape[1]
    n_fours = n_inputs - n_inputs % 4
    n_together = n_rows - n_rows % 4
    for n in range(0, n_together, 4):
        for k in range(0, n_fours, 4):
            a0, a1, a2, a3 = rows[n, k], rows[n, k + 1], rows[n, k + 2], rows[n, k + 3]
            m = n + 1
            b0, b1, b2, b3 = rows[m, k], rows[m, k + 1], rows[m, k + 2], rows[m, k + 3]
            m = n + 2
            c0, c1, c2, c3 = rows[m, k], rows[m, k + 1], rows[m, k + 2], rows[m, k + 3]
            m = n + 3
            d0, d1, d2, d3 = rows[m, k], rows[m, k + 1], rows[m, k + 2], rows[m, k + 3]
            for v in range(width):
                w0, w1 = weights[k, v], weights[k + 1, v]
                w2, w3 = weights[k + 2, v], weights[k + 3, v]
                out[n, v] = out[n, v] + a0 * w0 + a1 * w1 + a2 * w2 + a3 * w3
                out[n + 1, v] = out[n + 1, v] + b0 * w0 + b1 * w1 + b2 * w2 + b3 * w3
                out[n + 2, v] = out[n + 2, v] + c0 * w0 + c1 * w1 + c2 * w2 + c3 * w3
                out[n + 3, v] = out[n + 3, v] + d0 * w0 + d1 * w1 + d2 * w2 + d3 * w3
        for m in range(n, n + 4):
            for k in range(n_fours, n_inputs):
                for v in range(width):
                    out[m, v] = out[m, v] + rows[m, k] * weights[k, v]
    # Rows that are left, such as the single row of a service: eight numbers at a time.
    n_eights = n_inputs - n_inputs % 8
    for m in range(n_together, n_rows):
        for k in range(0, n_eights, 8):
            a0, a1, a2, a3 = rows[m, k], rows[m, k + 1], rows[m, k + 2], rows[m, k + 3]
            j = k + 4
            b0, b1, b2, b3 = rows[m, j], rows[m, j + 1], rows[m, j + 2], rows[m, j + 3]
            for v in range(width):
                w0, w1 = weights[k, v], weights[k + 1, v]
                w2, w3 = weights[k + 2, v], weights[k + 3, v]
                half = out[m, v] + a0 * w0 + a1 * w1 + a2 * w2 + a3 * w3
                w0, w1 = weights[j, v], weights[j + 1, v]
                w2, w3 = weights[j + 2, v], weights[j + 3, v]
                out[m, v] = half + b0 * w0 + b1 * w1 + b2 * w2 + b3 * w3
        for k in range(n_eights, n_inputs):
            for v in range(width):
                out[m, v] = out[m, v] + rows[m, k] * weights[k, v]


@kernel_part
def multiply(rows: Array, weights: Array, masks: Array, by_rows: bool, out: Array) -> None:
    """Write `rows @ weights` to `out`. If there are masks, each gate has a mask of its own.

    `by_rows` computes each row alone, for `predict`. Else BLAS is used, which is faster.
    """
    if masks.size:
        _multiply_masked(rows, weights, masks, out)
    elif by_rows:
        out[:] = 0
        add_product(rows, weights, out)
    else:
        np.dot(rows, weights, out)


@kernel_part
def multiply_back(gradients: Array, weights_back: Array, masks: Array, out: Array) -> None:
    """Write the gradient of the rows of `multiply` to `out`. `weights_back` is `weights.T`."""
    if masks.size:
        _multiply_back_masked(gradients, weights_back, masks, out)
    else:
        np.dot(gradients, weights_back, out)


@kernel
def _multiply_masked(rows: Array, weights: Array, masks: Array, out: Array) -> None:
    n_samples, units = rows.shape
    out[:] = 0
    for gate in range(len(masks)):
        for n in range(n_samples):
            for k in range(units):
                value = rows[n, k] * masks[gate, n, k]
                for u in range(units):
                    v = gate * units + u
                    out[n, v] += value * weights[k, v]


@kernel
def _multiply_back_masked(gradients: Array, weights_back: Array, masks: Array, out: Array) -> None:
    n_samples, units = out.shape
    out[:] = 0
    product = np.empty(units, out.dtype)
    for gate in range(len(masks)):
        for n in range(n_samples):
            product[:] = 0
            for v in range(gate * units, (gate + 1) * units):
                for u in range(units):
                    product[u] += gradients[n, v] * weights_back[v, u]
            for u in range(units):
                out[n, u] += product[u] * masks[gate, n, u]


@kernel_part
def keep_states(present: Array, t: int, states: Array) -> None:
    """Keep the state of rows whose step t is missing."""
    if present.size:
        for n in range(present.shape[1]):
            if not present[t, n]:
                states[t + 1, n] = states[t, n]


@kernel_part
def pass_gradient(t: int, n: int, d_outputs: Array, d_state: Array) -> None:
    """Add the gradient of the state to the gradient of the output, at a missing step t of row n."""
    for u in range(d_state.shape[1]):
        d_outputs[t, n, u] += d_state[n, u]


@kernel_part
def keep_gradients(present: Array, t: int, d_outputs: Array, d_state: Array) -> None:
    """Keep the gradient of the state of rows whose step t is missing."""
    if present.size:
        for n in range(present.shape[1]):
            if not present[t, n]:
                d_state[n] = d_outputs[t, n]
