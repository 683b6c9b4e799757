"""Keras' recurrent layers, a step after the other, which remember what they did at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras.layers import Dropout  # noqa: F401 - networks look their layers up here

from skrnn._keras_layers import PeepholeRNN

Tensor = Any


@dataclass(frozen=True)
class Trace:
    """What a layer did with some rows, in the order in which it read their steps.

    Attributes
    ----------
    inputs : tensor of shape (n_samples, n_timesteps, n_features)
        What it read.

    states : tuple of n_timesteps + 1 tuples of tensors of shape (n_samples, units)
        The states before the first step and after each; the first of a state is h. They are the
        very tensors that later steps and layers go on with, so that a tape knows their gradients.

    present : bool tensor of shape (n_samples, n_timesteps) or None
        Which steps there were; None: all.
    """

    inputs: Tensor
    states: tuple[tuple[Tensor, ...], ...]
    present: Tensor | None


class _UnrolledMixin(keras.layers.RNN):
    """A Keras recurrent layer that runs its cell in a Python loop, for eager execution.

    Weights, configuration and shapes are those of the Keras layer; only `call` is another. The
    `trace` is that of the last call.
    """

    trace: Trace | None = None

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Return the state after the last step, or all of them; with return_state both."""
        if self.go_backwards:
            sequences = tf.reverse(sequences, (1,))
            mask = None if mask is None else tf.reverse(mask, (1,))
        state = tuple(initial_state or self.cell.get_initial_state(tf.shape(sequences)[0]))
        states = [state]
        for t in range(sequences.shape[1]):
            _, after = self.cell(sequences[:, t], list(state), training=training)
            if mask is not None:
                here = mask[:, t, tf.newaxis]
                after = [tf.where(here, new, old) for new, old in zip(after, state, strict=True)]
            state = tuple(after)
            states.append(state)
        self.trace = Trace(sequences, tuple(states), mask)
        h = [of_step[0] for of_step in states[1:]]
        outputs = tf.stack(h, axis=1) if self.return_sequences else h[-1]
        return (outputs, *state) if self.return_state else outputs


class SimpleRNN(_UnrolledMixin, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, a step after the other."""


class LSTM(_UnrolledMixin, keras.layers.LSTM):
    """`keras.layers.LSTM`, a step after the other."""


class GRU(_UnrolledMixin, keras.layers.GRU):
    """`keras.layers.GRU`, a step after the other."""


class PeepholeLSTM(_UnrolledMixin, PeepholeRNN):
    """A layer of `PeepholeLSTMCell`, a step after the other."""
