"""The recurrences of SimpleRNN, LSTM and GRU, each with a backward pass written by hand.

Keras' layers let TensorFlow differentiate the loop over the steps, which stores and multiplies
step by step. Here the loops hold only what needs the step before: the product with the recurrent
kernel, and gates. What can be done for all steps at once is done before or after: the product of
the inputs (before the call), the derivatives of the gates, the gradients of the weights.

Arrays are time-major: `(n_timesteps, n_samples, ...)`, so that a step is one piece of memory.
Gates stand side by side in the last axis, in the order of Keras' weights. `state` is the state
before the first step. The kernels return the states after every step.

`present` of shape `(n_timesteps, n_samples, 1)` tells which steps there are; over the others the
state passes unchanged, and no gradient flows into their inputs. None: all.
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


def simple_rnn(
    inputs: Tensor,
    state: Tensor,
    recurrent: Tensor,
    activation: Activation,
    present: Tensor | None = None,
) -> Tensor:
    """Run h_t = f(x_t + h_{t-1} R) (Elman 1990).

    Parameters
    ----------
    inputs : tensor of shape (n_timesteps, n_samples, units)
        Inputs times the kernel, plus the bias.

    state : tensor of shape (n_samples, units)
        h before the first step.

    recurrent : tensor of shape (units, units)
        Recurrent kernel R.

    activation : callable
        f, applied to each number by itself.

    present : bool tensor of shape (n_timesteps, n_samples, 1), default=None
        Which steps there are.

    Returns
    -------
    states : tensor of shape (n_timesteps, n_samples, units)
    """
    curve, presence = Curve(activation), Presence(present)

    @tf.custom_gradient
    def run(inputs: Tensor, state: Tensor, recurrent: Tensor) -> Any:
        def step(t: Tensor, h: Tensor) -> Any:
            z = inputs[t] + h @ recurrent
            h = presence.advance(t, curve(z), h)
            return (h,), (h, *curve.keep(z))

        h, *z = scan(step, (state,), inputs, 1 + curve.n_kept)

        def backward(dh_out: Tensor) -> Any:
            slope = presence.only(curve.slope(h, *z))
            back = tf.transpose(recurrent)

            def step(t: Tensor, dh: Tensor) -> Any:
                dh = dh_out[t] + dh
                dz = dh * slope[t]
                return (presence.go_back(t, dz @ back, dh),), (dz,)

            (dh_first,), (dz,) = scan_back(step, (tf.zeros_like(state),), inputs, 1)
            return dz, dh_first, sum_of_outer_products(shifted(h, state), dz)

        return h, backward

    return run(inputs, state, recurrent)


def lstm(
    inputs: Tensor,
    state: tuple[Tensor, Tensor],
    recurrent: Tensor,
    activation: Activation,
    present: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Run the LSTM with a forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

    i, f, o = sigmoid(x_t + h_{t-1} R), g = act(x_t + h_{t-1} R) in their parts of the last axis;
    c_t = f c_{t-1} + i g, h_t = o act(c_t).

    Parameters
    ----------
    inputs : tensor of shape (n_timesteps, n_samples, 4 * units)
        Inputs times the kernel, plus the bias: i, f, g, o.

    state : pair of tensors of shape (n_samples, units)
        h and c before the first step.

    recurrent : tensor of shape (units, 4 * units)
        Recurrent kernel R.

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
    def run(inputs: Tensor, h_first: Tensor, c_first: Tensor, recurrent: Tensor) -> Any:
        def step(t: Tensor, h: Tensor, c: Tensor) -> Any:
            z = inputs[t] + h @ recurrent
            gates = curve.gates(z, "sscs")
            i, f, g, o = tf.split(gates, 4, axis=1)
            c = presence.advance(t, f * c + i * g, c)
            h = presence.advance(t, o * curve(c), h)
            return (h, c), (h, c, gates, *curve.keep(tf.split(z, 4, axis=1)[2]))

        h, c, gates, *z = scan(step, (h_first, c_first), inputs, 3 + curve.n_kept)

        def backward(dh_out: Tensor, dc_out: Tensor) -> Any:
            i, f, g, o = tf.split(gates, 4, axis=2)
            out = curve(c)
            # dc and dh of a step, times these, are the gradients before the gates.
            of_gates = tf.concat(
                [
                    g * i * (1 - i),
                    shifted(c, c_first) * f * (1 - f),
                    i * curve.slope(g, *z),
                    out * o * (1 - o),
                ],
                axis=2,
            )
            of_gates = presence.only(of_gates)
            of_c = presence.only(o * curve.slope(out, *curve.keep(c)))
            kept = presence.only(f, otherwise=1)
            back = tf.transpose(recurrent)

            def step(t: Tensor, dh: Tensor, dc: Tensor) -> Any:
                dh = dh_out[t] + dh
                dc = dc_out[t] + dc + dh * of_c[t]
                dz = tf.concat([dc, dc, dc, dh], axis=1) * of_gates[t]
                return (presence.go_back(t, dz @ back, dh), dc * kept[t]), (dz,)

            zeros = tf.zeros_like(h_first)
            (dh_first, dc_first), (dz,) = scan_back(step, (zeros, zeros), inputs, 1)
            return dz, dh_first, dc_first, sum_of_outer_products(shifted(h, h_first), dz)

        return (h, c), backward

    return run(inputs, *state, recurrent)


def gru_reset_after(
    inputs: Tensor,
    state: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    activation: Activation,
    present: Tensor | None = None,
) -> Tensor:
    """Run the GRU that resets after the product, as cuDNN does (Cho et al. 2014, version 1).

    z, r = sigmoid(x_t + h_{t-1} R + b), g = act(x_t + r (h_{t-1} R + b)) in their parts of the
    last axis; h_t = z h_{t-1} + (1 - z) g.

    Parameters
    ----------
    inputs : tensor of shape (n_timesteps, n_samples, 3 * units)
        Inputs times the kernel, plus their bias: z, r, g.

    state : tensor of shape (n_samples, units)
        h before the first step.

    recurrent : tensor of shape (units, 3 * units)
        Recurrent kernel R.

    bias : tensor of shape (3 * units,)
        Recurrent bias b.

    activation : callable
        act, applied to each number by itself.

    present : bool tensor of shape (n_timesteps, n_samples, 1), default=None
        Which steps there are.

    Returns
    -------
    states : tensor of shape (n_timesteps, n_samples, units)
    """
    curve, presence = Curve(activation), Presence(present)
    units = recurrent.shape[0]

    @tf.custom_gradient
    def run(inputs: Tensor, state: Tensor, recurrent: Tensor, bias: Tensor) -> Any:
        def step(t: Tensor, h: Tensor) -> Any:
            x, inner = inputs[t], h @ recurrent + bias
            gates = tf.sigmoid(x[:, : 2 * units] + inner[:, : 2 * units])
            z, r = tf.split(gates, 2, axis=1)
            before = x[:, 2 * units :] + r * inner[:, 2 * units :]
            g = curve(before)
            h = presence.advance(t, z * h + (1 - z) * g, h)
            return (h,), (h, gates, g, inner[:, 2 * units :], *curve.keep(before))

        h, gates, g, inner, *before = scan(step, (state,), inputs, 4 + curve.n_kept)

        def backward(dh_out: Tensor) -> Any:
            z, r = tf.split(gates, 2, axis=2)
            # A step that is absent is one whose update gate keeps all of the state.
            z = presence.only(z, otherwise=1)
            h_before = shifted(h, state)
            # dh of a step, times these, is the gradient before a gate, and of the inner product.
            of_z = (h_before - g) * z * (1 - z)
            of_g = (1 - z) * curve.slope(g, *before)
            of_r = of_g * inner * r * (1 - r)
            of_inner = tf.concat([of_z, of_r, of_g * r], axis=2)
            back = tf.transpose(recurrent)

            def step(t: Tensor, dh: Tensor) -> Any:
                dh = dh_out[t] + dh
                d_inner = tf.concat([dh, dh, dh], axis=1) * of_inner[t]
                return (dh * z[t] + d_inner @ back,), (dh, d_inner)

            (dh_first,), (dh, d_inner) = scan_back(step, (tf.zeros_like(state),), inputs, 2)
            d_inputs = tf.concat([d_inner[..., : 2 * units], dh * of_g], axis=2)
            d_bias = tf.reduce_sum(d_inner, axis=(0, 1))
            return d_inputs, dh_first, sum_of_outer_products(h_before, d_inner), d_bias

        return h, backward

    return run(inputs, state, recurrent, bias)


def gru_reset_before(
    inputs: Tensor,
    state: Tensor,
    recurrent: Tensor,
    activation: Activation,
    present: Tensor | None = None,
) -> Tensor:
    """Run the GRU that resets before the product (Cho et al. 2014, version 3).

    z, r = sigmoid(x_t + h_{t-1} R), g = act(x_t + (r h_{t-1}) R) in their parts of the last axis;
    h_t = z h_{t-1} + (1 - z) g.

    Parameters
    ----------
    inputs : tensor of shape (n_timesteps, n_samples, 3 * units)
        Inputs times the kernel, plus the bias: z, r, g.

    state : tensor of shape (n_samples, units)
        h before the first step.

    recurrent : tensor of shape (units, 3 * units)
        Recurrent kernel R.

    activation : callable
        act, applied to each number by itself.

    present : bool tensor of shape (n_timesteps, n_samples, 1), default=None
        Which steps there are.

    Returns
    -------
    states : tensor of shape (n_timesteps, n_samples, units)
    """
    curve, presence = Curve(activation), Presence(present)
    units = recurrent.shape[0]

    @tf.custom_gradient
    def run(inputs: Tensor, state: Tensor, recurrent: Tensor) -> Any:
        of_gates, of_candidate = recurrent[:, : 2 * units], recurrent[:, 2 * units :]

        def step(t: Tensor, h: Tensor) -> Any:
            x = inputs[t]
            gates = tf.sigmoid(x[:, : 2 * units] + h @ of_gates)
            z, r = tf.split(gates, 2, axis=1)
            before = x[:, 2 * units :] + (r * h) @ of_candidate
            g = curve(before)
            h = presence.advance(t, z * h + (1 - z) * g, h)
            return (h,), (h, gates, g, *curve.keep(before))

        h, gates, g, *before = scan(step, (state,), inputs, 3 + curve.n_kept)

        def backward(dh_out: Tensor) -> Any:
            z, r = tf.split(gates, 2, axis=2)
            # A step that is absent is one whose update gate keeps all of the state.
            z = presence.only(z, otherwise=1)
            h_before = shifted(h, state)
            of_z = (h_before - g) * z * (1 - z)
            of_g = (1 - z) * curve.slope(g, *before)
            of_r = h_before * r * (1 - r)
            gates_back, candidate_back = tf.transpose(of_gates), tf.transpose(of_candidate)

            def step(t: Tensor, dh: Tensor) -> Any:
                dh = dh_out[t] + dh
                dg = dh * of_g[t]
                d_reset = dg @ candidate_back
                d_gates = tf.concat([dh * of_z[t], d_reset * of_r[t]], axis=1)
                return (dh * z[t] + d_reset * r[t] + d_gates @ gates_back,), (d_gates, dg)

            (dh_first,), (d_gates, dg) = scan_back(step, (tf.zeros_like(state),), inputs, 2)
            d_recurrent = tf.concat(
                [sum_of_outer_products(h_before, d_gates), sum_of_outer_products(r * h_before, dg)],
                axis=1,
            )
            return tf.concat([d_gates, dg], axis=2), dh_first, d_recurrent

        return h, backward

    return run(inputs, state, recurrent)
