"""The layers that networks are made of: those of Keras, and two that it lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras.layers import (  # noqa: F401 - networks look their layers up here
    GRU,
    LSTM,
    Dropout,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
)

Tensor = Any


@keras.saving.register_keras_serializable("skrnn")
class PeepholeLSTMCell(keras.layers.LSTMCell):
    """A step of an LSTM whose gates see the cell state (Gers & Schmidhuber 2000).

    It has one weight more than `keras.layers.LSTMCell`: `peephole` of shape (3, units), for the
    input, forget and output gate of each unit.
    """

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        super().build(input_shape)
        self.peephole = self.add_weight(shape=(3, self.units), name="peephole", initializer="zeros")

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        """Return the output, and the new h and c."""
        h, c = states
        products = keras.ops.split(keras.ops.matmul(inputs, self.kernel) + self.bias, 4, axis=1)
        kernels = keras.ops.split(self.recurrent_kernel, 4, axis=1)
        # Keras drops others of h for each gate.
        dropped = training and self.recurrent_dropout
        masks = self.get_recurrent_dropout_mask(h) if dropped else [1.0] * 4
        i, f, g, o = (
            product + keras.ops.matmul(h * mask, kernel)
            for product, mask, kernel in zip(products, masks, kernels, strict=True)
        )
        of_input, of_forget, of_output = keras.ops.unstack(self.peephole)
        i = self.recurrent_activation(i + of_input * c)
        f = self.recurrent_activation(f + of_forget * c)
        c = f * c + i * self.activation(g)
        h = self.recurrent_activation(o + of_output * c) * self.activation(c)
        return h, [h, c]


# Keras' options of a layer, which are not those of its cell.
_LAYER_OPTIONS = ("go_backwards", "return_sequences", "return_state")


def PeepholeLSTM(units: int, **options: Any) -> keras.layers.RNN:  # noqa: N802 - beside LSTM
    """Make a layer of `PeepholeLSTMCell`, with the options of `keras.layers.LSTM`."""
    of_layer = {name: options.pop(name) for name in _LAYER_OPTIONS if name in options}
    cell = PeepholeLSTMCell(units, **options)
    return keras.layers.RNN(cell, dtype=options.get("dtype"), **of_layer)


class Decoder(keras.layers.Layer):
    """Writes a sequence: each step reads the output of the one before, the first reads zeros.

    Parameters
    ----------
    cells : sequence of Keras cells
        The layers of a step, from bottom to top.

    dropouts : sequence of Keras layers
        The dropout after each of them.

    head : Keras layer
        From the last of them to the output.

    activation : callable
        From the output to what the next step reads.

    n_steps : int
        How many steps are written.
    """

    def __init__(
        self,
        cells: Sequence[Any],
        dropouts: Sequence[Any],
        head: Any,
        activation: Callable[[Tensor], Tensor],
        n_steps: int,
    ) -> None:
        super().__init__(dtype=head.dtype_policy)
        self._activation = activation
        self._cells = list(cells)
        self._head = head
        self._dropouts = list(dropouts)
        self._n_steps = n_steps

    @property
    def parts(self) -> list[Any]:
        """The layers of a step, from bottom to top."""
        pairs = zip(self._cells, self._dropouts, strict=True)
        return [*(part for pair in pairs for part in pair), self._head]

    def build(self, states_shape: Any) -> None:
        """Make the weights."""
        width = self._head.units
        for cell in self._cells:
            cell.build((None, width))
            width = cell.units
        self._head.build((None, width))

    def call(self, states: Any, training: bool = False) -> Tensor:
        """Return the outputs (n_samples, n_steps, n_outputs), from a list of states per cell."""
        n_samples = tf.shape(states[0][0])[0]
        for cell, state in zip(self._cells, states, strict=True):
            # One mask for all steps, as in Keras' layers; it must be there before the loop.
            cell.get_recurrent_dropout_mask(state[0])

        def body(t: Tensor, previous: Tensor, states: Any, outputs: Any) -> Any:
            hidden, new_states = previous, []
            for cell, dropout, state in zip(self._cells, self._dropouts, states, strict=True):
                hidden, state = cell(hidden, state, training=training)
                hidden = dropout(hidden, training=training)
                new_states.append(list(state))
            output = self._head(hidden)
            return t + 1, self._activation(output), new_states, outputs.write(t, output)

        first = (
            0,
            tf.zeros((n_samples, self._head.units)),
            [list(state) for state in states],
            tf.TensorArray(tf.float32, self._n_steps),
        )
        *_, outputs = tf.while_loop(
            lambda t, *_: t < self._n_steps, body, first, maximum_iterations=self._n_steps
        )
        for cell in self._cells:
            cell.reset_recurrent_dropout_mask()
        return tf.transpose(outputs.stack(), (1, 0, 2))
