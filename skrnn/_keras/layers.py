"""Recurrent layers that Keras lacks: an LSTM with peepholes, and a decoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import keras

Tensor = Any


class PeepholeLSTMCell(keras.layers.LSTMCell):
    """A step of an LSTM whose gates see the cell state (Gers & Schmidhuber 2000).

    It has one weight more than `keras.layers.LSTMCell`: one of shape (3, units), for the input,
    forget and output gate of each unit. All weights are in Keras' own layers, so a model into which
    `call` is traced loads where skrnn is not installed.
    """

    def build(self, input_shape: Any) -> None:
        """Make the layers that have the weights."""
        units, options = self.units, {"dtype": self.dtype_policy.name}
        self._read = keras.layers.Dense(
            4 * units,
            use_bias=False,
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
            **options,
        )
        # It has the bias, since in the weights of a cell the bias comes after both kernels.
        self._remember = keras.layers.Dense(
            4 * units, kernel_initializer=self.recurrent_initializer, **options
        )
        # The cell state times the weights of each of three gates.
        self._peep = keras.layers.EinsumDense(
            "bu,gu->bgu", (3, units), kernel_initializer="zeros", **options
        )
        self._read.build((None, input_shape[-1]))
        for layer in (self._remember, self._peep):
            layer.build((None, units))
        self._gate = keras.layers.Activation(self.recurrent_activation, **options)
        self._activate = keras.layers.Activation(self.activation, **options)
        self.built = True

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        """Return the output, and the new h and c."""
        h, c = states
        if training and self.recurrent_dropout:
            # Keras drops others of h for each gate.
            kernels = keras.ops.split(self._remember.kernel, 4, axis=1)
            pairs = zip(self.get_recurrent_dropout_mask(h), kernels, strict=True)
            products = [keras.ops.matmul(h * mask, kernel) for mask, kernel in pairs]
            remembered = keras.ops.concatenate(products, axis=1) + self._remember.bias
        else:
            remembered = self._remember(h)
        i, f, g, o = keras.ops.split(self._read(inputs) + remembered, 4, axis=1)
        of_input, of_forget, _ = keras.ops.unstack(self._peep(c), axis=1)
        c = self._gate(f + of_forget) * c + self._gate(i + of_input) * self._activate(g)
        *_, of_output = keras.ops.unstack(self._peep(c), axis=1)
        h = self._gate(o + of_output) * self._activate(c)
        return h, [h, c]


def PeepholeLSTM(  # noqa: N802 - beside LSTM
    units: int,
    *,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    unroll: bool = False,
    **options: Any,
) -> Callable[..., Any]:
    """Make a layer of `PeepholeLSTMCell`, with the options of `keras.layers.LSTM`.

    With `unroll` it is made of Keras' own layers, for as many steps as its input has, without
    recurrent dropout. That takes long to build and to load.
    """
    cell = PeepholeLSTMCell(units, **options)
    if not unroll:
        return keras.layers.RNN(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            dtype=cell.dtype_policy,
        )

    def read(sequences: Tensor, mask: Tensor | None = None) -> Any:
        cell.build(sequences.shape)
        widths = (sequences.shape[-1], units, units)
        inputs, *state = (keras.Input((width,), dtype=cell.dtype) for width in widths)
        take_step = keras.Model([inputs, *state], cell.call(inputs, state)[1])

        steps = keras.ops.unstack(sequences, axis=1)
        present = [None] * len(steps) if mask is None else keras.ops.unstack(mask, axis=1)
        pairs = list(zip(steps, present, strict=True))
        state = [_zeros(steps[0], units)] * 2
        outputs = []
        for step, here in reversed(pairs) if go_backwards else pairs:
            after = take_step([step, *state])
            if here is not None:
                here = keras.ops.expand_dims(here, 1)
                after = [
                    keras.ops.where(here, new, old) for new, old in zip(after, state, strict=True)
                ]
            state = after
            outputs.append(state[0])
        result = keras.ops.stack(outputs, axis=1) if return_sequences else outputs[-1]
        return (result, *state) if return_state else result

    return read


def decode(
    cells: Sequence[Any],
    dropouts: Sequence[Any],
    head: Any,
    activation: Callable[[Tensor], Tensor],
    n_steps: int,
    states: Sequence[Sequence[Tensor]],
) -> Tensor:
    """Write a sequence: each step reads the output of the one before, the first reads zeros.

    Cells keep the mask of their recurrent dropout from step to step, until it is reset.

    Parameters
    ----------
    cells : sequence of callables
        The cells of a step, from bottom to top.

    dropouts : sequence of Keras layers
        The dropout after each of them.

    head : Keras layer
        From the last of them to the output.

    activation : callable
        From the output to what the next step reads.

    n_steps : int
        How many steps are written.

    states : sequence of lists of tensors
        The first state of each cell.
    """
    previous = keras.Input((head.units,), dtype=head.dtype)
    of_step = [
        [keras.Input(part.shape[1:], dtype=part.dtype) for part in state] for state in states
    ]
    hidden, new_states = previous, []
    for cell, dropout, state in zip(cells, dropouts, of_step, strict=True):
        hidden, state = cell(hidden, state)
        hidden = dropout(hidden)
        new_states += state
    take_step = keras.Model([previous, *chain(*of_step)], [head(hidden), *new_states])

    flat: list[Any] = list(chain(*states))
    output = _zeros(flat[0], head.units)
    outputs = []
    read = keras.layers.Activation(activation, dtype=head.dtype)
    for _ in range(n_steps):
        output, *flat = take_step([output, *flat])
        outputs.append(output)
        output = read(output)
    return keras.ops.stack(outputs, axis=1)


def _zeros(rows: Tensor, width: int) -> Tensor:
    """Return as many rows of zeros."""
    return keras.ops.repeat(keras.ops.zeros_like(rows[:, :1]), width, axis=1)
