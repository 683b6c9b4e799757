"""Keras' recurrent layers and dropout, with the same weights, for compiled programs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
import tensorflow as tf

from skrnn._engine import kernels
from skrnn._engine.peephole import peephole_lstm
from skrnn._engine.programs import NotCompilableError, is_compiling
from skrnn._keras_layers import PeepholeRNN

Tensor = Any


class _KernelMixin(keras.layers.RNN):
    """A Keras recurrent layer whose loop over the steps is a kernel.

    Weights, configuration and shapes are those of the Keras layer; only `call` is another.
    """

    @abstractmethod
    def _run(
        self, products: Tensor, state: list[Tensor], present: Tensor | None
    ) -> tuple[Tensor, ...]:
        """Return the states after every step, from the inputs times the kernel."""

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Tensor | None = None,
        training: bool | None = None,
    ) -> Any:
        """Return the state after the last step, or all of them; with return_state both."""
        cell = self.cell
        if not cell.use_bias or cell.recurrent_dropout or self.stateful:
            raise NotCompilableError(f"{type(self).__name__} has options that no kernel knows")
        steps = tf.transpose(sequences, (1, 0, 2))
        present = None if mask is None else tf.transpose(mask)[..., tf.newaxis]
        if self.go_backwards:
            steps = tf.reverse(steps, (0,))
            present = None if present is None else tf.reverse(present, (0,))
        products = tf.tensordot(steps, tf.convert_to_tensor(cell.kernel), 1)
        state = initial_state or cell.get_initial_state(tf.shape(steps)[1])
        states = self._run(products, [tf.convert_to_tensor(part) for part in state], present)
        h = states[0]
        outputs = tf.transpose(h, (1, 0, 2)) if self.return_sequences else h[-1]
        return (outputs, *(part[-1] for part in states)) if self.return_state else outputs


class SimpleRNN(_KernelMixin, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN` on a kernel."""

    def _run(
        self, products: Tensor, state: list[Tensor], present: Tensor | None
    ) -> tuple[Tensor, ...]:
        cell = self.cell
        recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        return (
            kernels.simple_rnn(products + cell.bias, state[0], recurrent, cell.activation, present),
        )


class LSTM(_KernelMixin, keras.layers.LSTM):
    """`keras.layers.LSTM` on a kernel."""

    def _run(
        self, products: Tensor, state: list[Tensor], present: Tensor | None
    ) -> tuple[Tensor, ...]:
        cell = self.cell
        recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        return kernels.lstm(products + cell.bias, tuple(state), recurrent, cell.activation, present)


class PeepholeLSTM(_KernelMixin, PeepholeRNN):
    """A layer of `PeepholeLSTMCell` on a kernel."""

    def _run(
        self, products: Tensor, state: list[Tensor], present: Tensor | None
    ) -> tuple[Tensor, ...]:
        cell = self.cell
        recurrent, peephole = (
            tf.convert_to_tensor(weight) for weight in (cell.recurrent_kernel, cell.peephole)
        )
        return peephole_lstm(
            products + cell.bias, tuple(state), recurrent, peephole, cell.activation, present
        )


class GRU(_KernelMixin, keras.layers.GRU):
    """`keras.layers.GRU` on a kernel."""

    def _run(
        self, products: Tensor, state: list[Tensor], present: Tensor | None
    ) -> tuple[Tensor, ...]:
        cell = self.cell
        recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        if not self.reset_after:
            h = kernels.gru_reset_before(
                products + cell.bias, state[0], recurrent, cell.activation, present
            )
        else:
            bias, recurrent_bias = tf.unstack(tf.convert_to_tensor(cell.bias))
            h = kernels.gru_reset_after(
                products + bias, state[0], recurrent, recurrent_bias, cell.activation, present
            )
        return (h,)


class Dropout(keras.layers.Layer):
    """Dropout whose rate is a variable, so that another one is not compiled again.

    Keras' layer has the rate in its graph.
    """

    def __init__(self, rate: float, *, seed: int, dtype: str | None = None) -> None:
        super().__init__(dtype=dtype)
        self.seed_generator = keras.random.SeedGenerator(seed)
        # Keras counts its own variables as weights.
        self.rate_value = tf.Variable(rate, trainable=False, dtype=tf.float32)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the inputs, in training with a share of them set to 0 and the others scaled."""
        if not training:
            return inputs
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        # By far the fastest generator of XLA on a CPU; outside of XLA there is none of its name.
        algorithm = "threefry" if is_compiling() else "auto_select"
        drawn = tf.random.stateless_uniform(tf.shape(inputs), seed, alg=algorithm)
        return tf.where(drawn < self.rate_value, 0.0, inputs / (1 - self.rate_value))
