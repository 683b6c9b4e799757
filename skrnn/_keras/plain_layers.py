"""Networks of nothing but Keras' own layers, which load from a file where skrnn is not installed.

What Keras lacks is taken apart into what it has, a step after the other. That takes long to build
and to load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import keras
from keras.layers import GRU, LSTM, Dropout, SimpleRNN  # noqa: F401 - networks look them up here

from skrnn._keras.layers import PeepholeLSTMCell

Tensor = Any


class PeepholeLSTM:
    """A layer of `PeepholeLSTMCell`, unrolled over as many steps as its input has.

    Recurrent dropout is left out.
    """

    def __init__(
        self,
        units: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        **options: Any,
    ) -> None:
        self._cell = _PlainCell(PeepholeLSTMCell(units, **options))
        self._return_sequences = return_sequences
        self._return_state = return_state
        self._go_backwards = go_backwards

    def __call__(self, sequences: Tensor, mask: Tensor | None = None) -> Any:
        """Return the state after the last step, or all of them; with return_state both."""
        steps = keras.ops.unstack(sequences, axis=1)
        present = [None] * len(steps) if mask is None else keras.ops.unstack(mask, axis=1)
        pairs = list(zip(steps, present, strict=True))
        zeros = keras.ops.repeat(keras.ops.zeros_like(steps[0][:, :1]), self._cell.units, axis=1)
        state = [zeros, zeros]
        outputs = []
        for step, here in reversed(pairs) if self._go_backwards else pairs:
            _, after = self._cell(step, state)
            if here is not None:
                here = keras.ops.expand_dims(here, 1)
                after = [
                    keras.ops.where(here, new, old) for new, old in zip(after, state, strict=True)
                ]
            state = after
            outputs.append(state[0])
        result = keras.ops.stack(outputs, axis=1) if self._return_sequences else outputs[-1]
        return (result, *state) if self._return_state else result


class _PlainCell:
    """A step of `PeepholeLSTMCell`, with the same weights in the same order.

    Parameters
    ----------
    cell : PeepholeLSTMCell
        It gives everything but the weights.
    """

    def __init__(self, cell: PeepholeLSTMCell) -> None:
        self.units = cell.units
        self._cell = cell
        self._step: keras.Model | None = None

    def __call__(self, inputs: Tensor, states: Any) -> Any:
        """Return the output, and the new h and c."""
        if self._step is None:
            self._step = self._build(inputs.shape[-1])
        h, c = self._step([inputs, *states])
        return h, [h, c]

    def _build(self, n_inputs: int) -> keras.Model:
        """Make the model of a step."""
        cell, options = self._cell, {"dtype": self._cell.dtype_policy.name}
        read = keras.layers.Dense(
            4 * cell.units, use_bias=False, kernel_regularizer=cell.kernel_regularizer, **options
        )
        # It has the bias, since in the weights of a cell the bias comes after both kernels.
        remember = keras.layers.Dense(4 * cell.units, **options)
        # The cell state times the weights of each of three gates.
        peep = keras.layers.EinsumDense("bu,gu->bgu", (3, cell.units), **options)
        inputs, h, c = (keras.Input((n,), **options) for n in (n_inputs, cell.units, cell.units))
        i, f, g, o = keras.ops.split(read(inputs) + remember(h), 4, axis=1)
        of_input, of_forget, _ = keras.ops.unstack(peep(c), axis=1)
        gate, activation = (
            keras.layers.Activation(function, **options)
            for function in (cell.recurrent_activation, cell.activation)
        )
        c_new = gate(f + of_forget) * c + gate(i + of_input) * activation(g)
        *_, of_output = keras.ops.unstack(peep(c_new), axis=1)
        h_new = gate(o + of_output) * activation(c_new)
        return keras.Model([inputs, h, c], [h_new, c_new])


def unrolled_decoder(
    cells: Sequence[Any],
    dropouts: Sequence[Any],
    head: Any,
    activation: Callable[[Tensor], Tensor],
    n_steps: int,
) -> Any:
    """Make what a `Decoder` is of Keras' own layers only, a step after the other.

    Recurrent dropout is left out.
    """
    for cell in cells:
        # A cell keeps the mask of its first step until a layer around it says that all are done.
        cell.recurrent_dropout = 0.0
    cells = [_PlainCell(cell) if isinstance(cell, PeepholeLSTMCell) else cell for cell in cells]

    def decode(states: Any) -> Any:
        previous = keras.Input((head.units,), dtype=head.dtype)
        of_step = [
            [keras.Input(part.shape[1:], dtype=part.dtype) for part in state] for state in states
        ]
        hidden, new_states = previous, []
        for cell, dropout, state in zip(cells, dropouts, of_step, strict=True):
            hidden, state = cell(hidden, state)
            hidden = dropout(hidden)
            new_states += state
        step = keras.Model([previous, *chain(*of_step)], [head(hidden), *new_states])

        flat: list[Any] = list(chain(*states))
        zeros = keras.ops.sum(keras.ops.zeros_like(flat[0]), axis=1, keepdims=True)
        output = keras.ops.repeat(zeros, head.units, axis=1)
        outputs = []
        read = keras.layers.Activation(activation, dtype=head.dtype)
        for _ in range(n_steps):
            output, *flat = step([output, *flat])
            outputs.append(output)
            output = read(output)
        return keras.ops.stack(outputs, axis=1)

    return decode
