"""Keras' recurrent layers and dropout, with the same weights, for compiled programs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
import tensorflow as tf

from skrnn._engine import kernels
from skrnn._engine.programs import NotCompilableError, is_compiling

Tensor = Any


class _KernelMixin(keras.layers.RNN):
    """A Keras recurrent layer whose loop over the steps is a kernel.

    Weights, configuration and shapes are those of the Keras layer; only `call` is another.
    """

    @abstractmethod
    def _run(self, products: Tensor, state: list[Tensor]) -> Tensor:
        """Return the states after every step, from the inputs times the kernel."""

    def call(
        self, sequences: Tensor, initial_state: Any = None, training: bool | None = None
    ) -> Tensor:
        """Return the state after the last step, or all of them."""
        cell = self.cell
        if (
            not cell.use_bias
            or cell.recurrent_dropout
            or self.go_backwards
            or self.stateful
            or self.return_state
        ):
            raise NotCompilableError(f"{type(self).__name__} has options that no kernel knows")
        steps = tf.transpose(sequences, (1, 0, 2))
        products = tf.tensordot(steps, tf.convert_to_tensor(cell.kernel), 1)
        state = initial_state or cell.get_initial_state(tf.shape(steps)[1])
        states = self._run(products, [tf.convert_to_tensor(part) for part in state])
        return tf.transpose(states, (1, 0, 2)) if self.return_sequences else states[-1]


class SimpleRNN(_KernelMixin, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN` on a kernel."""

    def _run(self, products: Tensor, state: list[Tensor]) -> Tensor:
        cell = self.cell
        recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        return kernels.simple_rnn(products + cell.bias, state[0], recurrent, cell.activation)


class LSTM(_KernelMixin, keras.layers.LSTM):
    """`keras.layers.LSTM` on a kernel."""

    def _run(self, products: Tensor, state: list[Tensor]) -> Tensor:
        cell = self.cell
        recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        return kernels.lstm(products + cell.bias, tuple(state), recurrent, cell.activation)[0]


class GRU(_KernelMixin, keras.layers.GRU):
    """`keras.layers.GRU` on a kernel."""

    def _run(self, products: Tensor, state: list[Tensor]) -> Tensor:
        cell = self.cell
        recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
        if not self.reset_after:
            return kernels.gru_reset_before(
                products + cell.bias, state[0], recurrent, cell.activation
            )
        bias, recurrent_bias = tf.unstack(tf.convert_to_tensor(cell.bias))
        return kernels.gru_reset_after(
            products + bias, state[0], recurrent, recurrent_bias, cell.activation
        )


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
