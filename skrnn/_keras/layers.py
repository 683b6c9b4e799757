"""Peephole LSTM and decoder: recurrent layers that Keras does not have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import keras

Tensor = Any


class PeepholeLSTMCell(keras.layers.LSTMCell):
    """Cell of an LSTM whose gates read the cell state (Gers & Schmidhuber 2000).

    Beside the weights of `keras.layers.LSTMCell`, the cell has the peepholes: an array of shape (3,
    units) for the input, forget and output gates. All weights are in Keras' own layers, so a
    model that is made of the operations of `call` loads where skrnn is not installed.
    """

    def build(self, input_shape: Any) -> None:
        """Build the layers that hold the weights."""
        units, options = self.units, {"dtype": self.dtype_policy.name}
        self._read = keras.layers.Dense(
            4 * units,
            use_bias=False,
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
            **options,
        )
        # This layer has the bias, because Keras lists the bias of a cell after both kernels.
        self._remember = keras.layers.Dense(
            4 * units, kernel_initializer=self.recurrent_initializer, **options
        )
        # Products of the cell state with the peepholes of the three gates.
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
            # Each gate has a dropout mask of its own, as in Keras.
            kernels = keras.ops.split(self._remember.kernel, 4, axis=1)
            pairs = zip(self.get_recurrent_dropout_mask(h), kernels, strict=True)
            products = [keras.ops.matmul(h * mask, kernel) for mask, kernel in pairs]
            remembered = keras.ops.concatenate(products, axis=1) + self._remember.bias
        else:
            remembered = self._remember(h)
        i, f, g, o = keras.ops.split(self._read(inputs) + remembered, 4, axis=1)
        peep_i, peep_f, _ = keras.ops.unstack(self._peep(c), axis=1)
        c = self._gate(f + peep_f) * c + self._gate(i + peep_i) * self._activate(g)
        *_, peep_o = keras.ops.unstack(self._peep(c), axis=1)
        h = self._gate(o + peep_o) * self._activate(c)
        return h, [h, c]


def PeepholeLSTM(  # noqa: N802 - used like the class keras.layers.LSTM
    units: int,
    *,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    unroll: bool = False,
    **options: Any,
) -> Callable[..., Any]:
    """Return a layer of `PeepholeLSTMCell`, with the options of `keras.layers.LSTM`.

    With `unroll` it consists of Keras' own layers, repeated for each step of the input, without
    recurrent dropout. A model of many steps is slow to build and to load.
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
    fed_back: slice,
) -> Tensor:
    """Return the output sequence of a decoder.

    The first step reads zeros, and each later step reads the output before. A cell uses one mask of
    recurrent dropout for all steps, until the mask is reset.

    Parameters
    ----------
    cells : sequence of callables
        Cells, from bottom to top.

    dropouts : sequence of Keras layers
        Dropout after each cell.

    head : Keras layer
        Layer from the last cell to the output.

    activation : callable
        Activation of an output before the next step reads it.

    n_steps : int
        Number of output steps.

    states : sequence of lists of tensors
        Initial states of each cell.

    fed_back : slice
        Outputs that the next step reads.
    """
    n_fed_back = len(range(head.units)[fed_back])
    previous = keras.Input((n_fed_back,), dtype=head.dtype)
    state_inputs = [
        [keras.Input(part.shape[1:], dtype=part.dtype) for part in state] for state in states
    ]
    hidden, new_states = previous, []
    for cell, dropout, state in zip(cells, dropouts, state_inputs, strict=True):
        hidden, state = cell(hidden, state)
        hidden = dropout(hidden)
        new_states += state
    take_step = keras.Model([previous, *chain(*state_inputs)], [head(hidden), *new_states])

    flat: list[Any] = list(chain(*states))
    output = _zeros(flat[0], n_fed_back)
    outputs = []
    activate = keras.layers.Activation(activation, dtype=head.dtype)
    for _ in range(n_steps):
        output, *flat = take_step([output, *flat])
        outputs.append(output)
        output = activate(output)
        if n_fed_back < head.units:
            output = output[:, fed_back]
    return keras.ops.stack(outputs, axis=1)


def _zeros(rows: Tensor, width: int) -> Tensor:
    """Return zeros, as many rows as `rows` has."""
    return keras.ops.repeat(keras.ops.zeros_like(rows[:, :1]), width, axis=1)
