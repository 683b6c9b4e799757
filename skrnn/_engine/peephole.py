"""The recurrence of the LSTM with peepholes, with a backward pass written by hand.

It is made like those in `kernels`, whose conventions hold. The output gate sees the new cell
state, so that it has to wait for the other gates.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from skrnn._engine.loops import (
    Activation,
    Curve,
    Presence,
    Tensor,
    scan,
    scan_back,
    shifted,
    sum_of_outer_products,
)


def peephole_lstm(
    inputs: Tensor,
    state: tuple[Tensor, Tensor],
    recurrent: Tensor,
    peephole: Tensor,
    activation: Activation,
    present: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Run the LSTM whose gates see the cell state (Gers & Schmidhuber 2000).

    i, f = sigmoid(x_t + h_{t-1} R + p c_{t-1}), g = act(x_t + h_{t-1} R), o = sigmoid(x_t +
    h_{t-1} R + p c_t) in their parts of the last axis; c_t = f c_{t-1} + i g, h_t = o act(c_t).

    Parameters
    ----------
    inputs : tensor of shape (n_timesteps, n_samples, 4 * units)
        Inputs times the kernel, plus the bias: i, f, g, o.

    state : pair of tensors of shape (n_samples, units)
        h and c before the first step.

    recurrent : tensor of shape (units, 4 * units)
        Recurrent kernel R.

    peephole : tensor of shape (3, units)
        p of i, f and o: each unit's gates see its own cell.

    activation : callable
        act, applied to each number by itself.

    present : bool tensor of shape (n_timesteps, n_samples, 1), default=None
        Which steps there are.

    Returns
    -------
    h, c : tensors of shape (n_timesteps, n_samples, units)
    """
    curve, presence = Curve(activation), Presence(present)

    @tf.custom_gradient
    def run(
        inputs: Tensor, h_first: Tensor, c_first: Tensor, recurrent: Tensor, peephole: Tensor
    ) -> Any:
        of_input, of_forget, of_output = tf.unstack(peephole)

        def step(t: Tensor, h: Tensor, c: Tensor) -> Any:
            i, f, z, o = tf.split(inputs[t] + h @ recurrent, 4, axis=1)
            i, f, g = tf.sigmoid(i + of_input * c), tf.sigmoid(f + of_forget * c), curve(z)
            c = presence.advance(t, f * c + i * g, c)
            o = tf.sigmoid(o + of_output * c)
            h = presence.advance(t, o * curve(c), h)
            return (h, c), (h, c, i, f, g, o, *curve.keep(z))

        h, c, i, f, g, o, *z = scan(step, (h_first, c_first), inputs, 6 + curve.n_kept)

        def backward(dh_out: Tensor, dc_out: Tensor) -> Any:
            out, c_before = curve(c), shifted(c, c_first)
            # dc and dh of a step, times these, are the gradients before the gates.
            to_cell = presence.only(
                tf.concat([g * i * (1 - i), c_before * f * (1 - f), i * curve.slope(g, *z)], axis=2)
            )
            to_output = presence.only(out * o * (1 - o))
            of_c = presence.only(o * curve.slope(out, *curve.keep(c)))
            kept = presence.only(f, otherwise=1)
            back = tf.transpose(recurrent)

            def step(t: Tensor, dh: Tensor, dc: Tensor) -> Any:
                dh = dh_out[t] + dh
                do = dh * to_output[t]
                dc = dc_out[t] + dc + dh * of_c[t] + do * of_output
                d_cell = tf.concat([dc, dc, dc], axis=1) * to_cell[t]
                di, df, _ = tf.split(d_cell, 3, axis=1)
                dz = tf.concat([d_cell, do], axis=1)
                dc_before = dc * kept[t] + di * of_input + df * of_forget
                return (presence.go_back(t, dz @ back, dh), dc_before), (dz,)

            zeros = tf.zeros_like(h_first)
            (dh_first, dc_first), (dz,) = scan_back(step, (zeros, zeros), inputs, 1)
            di, df, _, do = tf.split(dz, 4, axis=2)
            d_peephole = tf.stack(
                [
                    tf.reduce_sum(gradient * seen, axis=(0, 1))
                    for gradient, seen in ((di, c_before), (df, c_before), (do, c))
                ]
            )
            d_recurrent = sum_of_outer_products(shifted(h, h_first), dz)
            return dz, dh_first, dc_first, d_recurrent, d_peephole

        return (h, c), backward

    return run(inputs, *state, recurrent, peephole)
