"""What goes on inside a network: gradients of its states, and its gates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skrnn import _unrolled
from skrnn._keras_layers import PeepholeLSTMCell
from skrnn._networks import Network, build_model, without_training
from skrnn._unrolled import Trace

Tensor = Any

# Rows at once: a tape keeps everything that was computed at each of their steps.
_BLOCK_SIZE = 256


def gradient_norms(
    network: Network,
    weights: Sequence[np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
    loss: Any,
    *,
    layer: int,
    backward: bool,
) -> np.ndarray:
    """Return how large the gradient of the loss of each row is with respect to each state h.

    Parameters
    ----------
    network : Network
        What the network is made of.

    weights : list of ndarray
        Its weights.

    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        What it reads.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        Targets as the loss takes them.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_steps), or None
        Weights of the rows or of their steps in the loss.

    loss : Keras loss or callable
        The loss.

    layer : int
        Which recurrent layer, from the bottom.

    backward : bool
        Whether the one that reads from the last step to the first.

    Returns
    -------
    norms : ndarray of shape (n_samples, n_timesteps)
        Euclidean norms, NaN where a step is absent.

    Raises
    ------
    ValueError
        If the loss does not return one number for each row.
    """
    model, chosen = _build(network, weights, layer, backward=backward)
    blocks = []
    for rows in _blocks(len(X)):
        with tf.GradientTape() as tape:
            outputs = model(np.asarray(X[rows], np.float32), training=False)
            weight = None if sample_weight is None else sample_weight[rows]
            total = _sum_of_losses(loss, y[rows], outputs, weight)
        states = [state[0] for state in chosen.trace.states[1:]]
        gradients = tape.gradient(total, states, unconnected_gradients="zero")
        # In float32 the square of a gradient that has all but vanished is 0.
        gradient = np.stack([np.asarray(part, np.float64) for part in gradients], axis=1)
        blocks.append(_in_time(np.linalg.norm(gradient, axis=2), chosen))
    return np.concatenate(blocks)


def gates(
    network: Network, weights: Sequence[np.ndarray], X: np.ndarray, *, layer: int, backward: bool
) -> dict[str, np.ndarray]:
    """Return how far each gate of a layer is open at each step.

    Parameters are those of `gradient_norms`. The network has gates.

    Returns
    -------
    gates : dict of str to ndarray of shape (n_samples, n_timesteps, units)
        Between 0 and 1; NaN where a step is absent.
    """
    model, chosen = _build(network, weights, layer, backward=backward)
    gates_of_cell = _gates_of_gru if network.cell == "gru" else _gates_of_lstm
    blocks = []
    for rows in _blocks(len(X)):
        model(np.asarray(X[rows], np.float32), training=False)
        blocks.append(
            {
                name: _in_time(np.asarray(gate), chosen)
                for name, gate in gates_of_cell(chosen.cell, chosen.trace).items()
            }
        )
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _build(
    network: Network, weights: Sequence[np.ndarray], layer: int, *, backward: bool
) -> tuple[keras.Model, Any]:
    """Return a model that remembers its steps, and the layer in question."""
    model = build_model(without_training(network), _unrolled)
    model.set_weights(weights)
    # From bottom to top; the cells of a decoder are no layers of a model.
    layers = [part for part in model.layers if isinstance(part, keras.layers.RNN)]
    return model, [part for part in layers if part.go_backwards == backward][layer]


def _blocks(n_samples: int) -> Iterator[slice]:
    """Return some rows after the other."""
    return (slice(first, first + _BLOCK_SIZE) for first in range(0, n_samples, _BLOCK_SIZE))


def _in_time(values: np.ndarray, layer: Any) -> np.ndarray:
    """Put values of the steps that were read in the order of time, NaN where one is absent."""
    if layer.trace.present is not None:
        absent = ~np.asarray(layer.trace.present)
        values = np.where(absent.reshape(absent.shape + (1,) * (values.ndim - 2)), np.nan, values)
    return values[:, ::-1] if layer.go_backwards else values


def _sum_of_losses(loss: Any, y: np.ndarray, outputs: Tensor, weight: np.ndarray | None) -> Tensor:
    """Return the sum over the rows of what training takes for the loss of a row."""
    of_rows = loss.call if isinstance(loss, keras.losses.Loss) else loss
    values = of_rows(tf.constant(y, tf.float32), outputs)
    n_samples = len(y)
    if values.shape.rank == 0 or values.shape[0] != n_samples:
        raise ValueError(
            f"loss={loss!r} does not return one number for each row, so that no row has a "
            "gradient of its own. Give a loss that does."
        )
    values = tf.reshape(values, (n_samples, -1))
    if weight is not None:
        values *= tf.constant(weight.reshape(n_samples, -1), tf.float32)
    if getattr(loss, "reduction", "") != "sum":
        values = tf.reduce_mean(values, axis=1)
    return tf.reduce_sum(values)


def _gates_of_lstm(cell: Any, trace: Trace) -> dict[str, Tensor]:
    """Return the gates of an LSTM, with or without peepholes, in the order of reading."""
    h, c = _stack(trace.states[:-1])
    i, f, _, o = tf.split(_products(cell, trace.inputs, h, cell.bias), 4, axis=2)
    if isinstance(cell, PeepholeLSTMCell):
        of_input, of_forget, of_output = tf.unstack(tf.convert_to_tensor(cell.peephole))
        # The output gate sees the new cell state.
        _, new_c = _stack(trace.states[1:])
        i, f, o = i + of_input * c, f + of_forget * c, o + of_output * new_c
    opening = cell.recurrent_activation
    return {"input": opening(i), "forget": opening(f), "output": opening(o)}


def _gates_of_gru(cell: Any, trace: Trace) -> dict[str, Tensor]:
    """Return the gates of a GRU in the order of reading."""
    (h,) = _stack(trace.states[:-1])
    # With reset_after there are two biases, which gates add up.
    bias = tf.reduce_sum(tf.reshape(cell.bias, (-1, 3 * cell.units)), axis=0)
    update, reset, _ = tf.split(_products(cell, trace.inputs, h, bias), 3, axis=2)
    opening = cell.recurrent_activation
    return {"reset": opening(reset), "update": opening(update)}


def _products(cell: Any, inputs: Tensor, h: Tensor, bias: Any) -> Tensor:
    """Return the inputs and the states before each step, times their kernels, and the bias."""
    kernel, recurrent, bias = (
        tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, bias)
    )
    return tf.tensordot(inputs, kernel, 1) + tf.tensordot(h, recurrent, 1) + bias


def _stack(states: Sequence[tuple[Tensor, ...]]) -> list[Tensor]:
    """Return each part of the states of all steps, (n_samples, n_timesteps, units)."""
    return [tf.stack(part, axis=1) for part in zip(*states, strict=True)]
