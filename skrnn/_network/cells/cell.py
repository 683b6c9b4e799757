"""Arrays of a pass over some rows, which all cells have."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class CellWeights:
    """Weights of one layer in one direction, or their gradients: views into a flat vector.

    Attributes
    ----------
    kernel : ndarray of shape (n_inputs, n_gates * units)

    recurrent : ndarray of shape (units, n_gates * units)

    bias : ndarray of shape (n_gates * units,), or (2, n_gates * units) for a GRU that resets after
        the product

    peephole : ndarray of shape (3, units), default=None
    """

    kernel: Array
    recurrent: Array
    bias: Array
    peephole: Array | None = None

    @cached_property
    def of_recurrence(self) -> tuple[Array, ...]:
        """All but the kernel."""
        peephole = () if self.peephole is None else (self.peephole,)
        return (self.recurrent, self.bias, *peephole)


class Cell(ABC):
    """The arrays of one layer in one direction, for rows of one length, and its two kernels.

    Steps are in the order in which they are read. Steps that are missing keep the state.

    Parameters
    ----------
    shape : tuple of int
        Steps, rows and units.

    activation : int
        Number of the activation.

    dtype : dtype
        Type of the weights.

    for_training : bool
        Make the arrays of the way back, too.

    Attributes
    ----------
    gates : ndarray of shape (n_timesteps, n_samples, n_gates * units)
        The inputs times the kernel; after `forward` the gates; after `backward` the gradient of
        the inputs times the kernel.

    carried : tuple of ndarray of shape (n_timesteps + 1, n_samples, units)
        The states h, and of an LSTM c: that before the first step and those after each.

    kept : tuple of ndarray of shape (n_timesteps, n_samples, ...)
        Arrays that `backward` needs beside them. The last is the derivative of the activation of
        the candidate; its size is 0 for tanh, whose derivative is known from its value.

    d_states : ndarray of shape (n_timesteps, n_samples, units)
        The gradient of each output h; after `backward` that of each state h, to which later steps
        have added.

    d_carried : tuple of ndarray of shape (n_samples, units)
        The gradients of the states after the last step; after `backward` of those before the first.
    """

    n_gates: ClassVar[int]
    n_carried: ClassVar[int] = 1
    # Widths of what is kept, in units.
    kept_widths: ClassVar[tuple[int, ...]] = ()
    # The gates of `skrnn.inspection`, and which part of `gates` each is.
    gate_names: ClassVar[dict[str, int]] = {}
    _forward: ClassVar[Callable[..., None]]
    _backward: ClassVar[Callable[..., None]]

    def __init__(
        self,
        shape: tuple[int, int, int],
        activation: int,
        dtype: np.dtype[Any],
        *,
        for_training: bool,
    ) -> None:
        n_timesteps, n_samples, units = shape
        self.activation = activation
        self.gates = np.empty((n_timesteps, n_samples, self.n_gates * units), dtype)
        self.carried = tuple(
            np.zeros((n_timesteps + 1, n_samples, units), dtype) for _ in range(self.n_carried)
        )
        self.kept = tuple(
            np.empty((n_timesteps, n_samples, width * units), dtype) for width in self.kept_widths
        )
        self.kept += (np.empty(shape if activation else (0, 0, 0), dtype),)
        self._all_steps = slice(0, n_timesteps)
        if for_training:
            self.d_states = np.empty(shape, dtype)
            self.d_carried = tuple(np.empty(shape[1:], dtype) for _ in self.carried)

    @property
    def states(self) -> Array:
        """The states h, from before the first step on."""
        return self.carried[0]

    def forward(
        self, weights: CellWeights, steps: slice, present: Array, masks: Array, *, by_rows: bool
    ) -> None:
        """Run the recurrence over some steps."""
        self._forward(
            self.gates[steps],
            weights.of_recurrence,
            *self._cut(steps),
            present,
            masks,
            by_rows,
            self.activation,
        )

    def backward(
        self,
        weights: CellWeights,
        gradients: CellWeights,
        steps: slice,
        present: Array,
        masks: Array,
    ) -> None:
        """Run the gradient back over some steps, and add those of biases and peepholes."""
        self._backward(
            self.d_states[steps],
            self.d_carried,
            gradients.of_recurrence,
            self.gates[steps],
            weights.of_recurrence,
            *self._cut(steps),
            present,
            masks,
            self.activation,
        )

    def set_recurrent_gradient(self, gradient: Array, masks: Array) -> None:
        """Write the gradient of the recurrent kernel, summed over all steps, after `backward`."""
        set_product(self.states[:-1], self.gates, gradient, masks)

    def _cut(self, steps: slice) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Return what is carried and kept at some steps."""
        if steps == self._all_steps:
            return self.carried, self.kept
        carried = tuple(array[steps.start : steps.stop + 1] for array in self.carried)
        return carried, tuple(array[steps] for array in self.kept)


def set_product(states: Array, gradients: Array, out: Array, masks: Array) -> None:
    """Write the sum over steps and rows of the outer products; each gate has its own mask."""
    flat = gradients.reshape(-1, gradients.shape[2])
    if not masks.size:
        np.matmul(states.reshape(len(flat), -1).T, flat, out=out)
        return
    units = states.shape[2]
    for gate, mask in enumerate(masks):
        part = slice(gate * units, (gate + 1) * units)
        out[:, part] = (states * mask).reshape(len(flat), -1).T @ flat[:, part]
