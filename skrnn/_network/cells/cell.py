"""Base class of the cells: one recurrent layer in one direction."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from skrnn._network import Array
from skrnn._network.products import add_product

NO_STEP_MISSING = np.empty((0, 0), np.uint8)


@dataclass(frozen=True)
class CellWeights:
    """Weights of one layer in one direction, or the gradients of these weights.

    All arrays are views into one flat vector.

    Attributes
    ----------
    kernel : ndarray of shape (n_inputs, n_gates * units)

    recurrent : ndarray of shape (units, n_gates * units)

    bias : ndarray of shape (n_gates * units,), or (2, n_gates * units) for a GRU with \
            `reset_after=True`

    peephole : ndarray of shape (3, units), default=None
    """

    kernel: Array
    recurrent: Array
    bias: Array
    peephole: Array | None = None

    @cached_property
    def recurrence_weights(self) -> tuple[Array, ...]:
        """All weights but the kernel."""
        peephole = () if self.peephole is None else (self.peephole,)
        return (self.recurrent, self.bias, *peephole)


class Cell(ABC):
    """One recurrent layer in one direction, with the arrays of a pass over some rows.

    BLAS multiplies the inputs of all steps by the kernel at once, several times as fast as step by
    step. Two Numba kernels, `_forward` and `_backward`, run the recurrence. Steps are in the order
    in which the layer reads them. The state does not change at a missing step.

    Parameters
    ----------
    n_timesteps, n_samples : int
        Steps and rows.

    activation : int
        Number of the activation.

    weights : CellWeights
        The weights.

    gradients : CellWeights, default=None
        Arrays that the gradients of the weights are written to. None if `backward` is not used.

    Attributes
    ----------
    inputs : ndarray of shape (n_timesteps, n_samples, n_inputs)
        Written by the caller.

    gates : ndarray of shape (n_timesteps, n_samples, n_gates * units)
        The inputs times the kernel; after `forward` the gates; after `backward` the gradient of
        the inputs times the kernel.

    masks : ndarray of shape (n_gates, n_samples, units)
        Masks of recurrent dropout: factors of the state for each gate. Size 0 without dropout.

    states : tuple of ndarray of shape (n_timesteps + 1, n_samples, units)
        The states h, and c of an LSTM, before the first step and after each step.

    saved : tuple of ndarray of shape (n_timesteps, n_samples, ...)
        Other results of `forward` that `backward` reads. The last array is the derivative of the
        activation of the candidate. Its size is 0 for tanh, whose derivative is computed from the
        value of tanh.

    d_outputs : ndarray of shape (n_timesteps, n_samples, units)
        The gradient of each output h. `backward` adds the gradient from later steps.

    d_states : tuple of ndarray of shape (n_samples, units)
        The gradients of the states after the last step. After `backward`, the gradients of the
        states before the first step.
    """

    n_gates: ClassVar[int]
    n_states: ClassVar[int] = 1
    # Widths of the saved arrays, in units.
    saved_widths: ClassVar[tuple[int, ...]] = ()
    # Names of the gates in `skrnn.inspection`, with the position of each gate in `gates`.
    gate_names: ClassVar[dict[str, int]] = {}
    _forward: ClassVar[Callable[..., None]]
    _backward: ClassVar[Callable[..., None]]

    def __init__(
        self,
        n_timesteps: int,
        n_samples: int,
        activation: int,
        weights: CellWeights,
        gradients: CellWeights | None = None,
    ) -> None:
        n_inputs, width = weights.kernel.shape
        units, dtype = len(weights.recurrent), weights.kernel.dtype
        shape = (n_timesteps, n_samples, units)
        self.activation = activation
        self.weights = weights
        self._gradients: Any = gradients
        self.all_steps = (0, n_timesteps)
        self.inputs = np.empty((n_timesteps, n_samples, n_inputs), dtype)
        self.gates = np.empty((n_timesteps, n_samples, width), dtype)
        # Views with steps and samples as one axis, made once and read at each call.
        self._all_inputs = _flatten(self.inputs, self.all_steps)
        self._all_gates = _flatten(self.gates, self.all_steps)
        self.masks: Array = np.empty((0, 0, 0), dtype)
        self.states = tuple(
            np.zeros((n_timesteps + 1, n_samples, units), dtype) for _ in range(self.n_states)
        )
        self.saved = (
            *(np.empty((*shape[:2], width * units), dtype) for width in self.saved_widths),
            np.empty(shape if activation else (0, 0, 0), dtype),
        )
        if gradients is not None:
            self.d_outputs = np.empty(shape, dtype)
            self.d_states = tuple(np.empty(shape[1:], dtype) for _ in self.states)

    @property
    def h(self) -> Array:
        """The states h, the first of them before the first step."""
        return self.states[0]

    def forward(
        self, steps: tuple[int, int], present: Array = NO_STEP_MISSING, *, by_rows: bool = False
    ) -> None:
        """Read the inputs of `range(*steps)`, and write the state after each step."""
        inputs, gates = self._all_inputs, self._all_gates
        if steps != self.all_steps:
            inputs, gates = _flatten(self.inputs, steps), _flatten(self.gates, steps)
        if by_rows:
            gates.fill(0)
            add_product(inputs, self.weights.kernel, gates)
        else:
            np.dot(inputs, self.weights.kernel, out=gates)
        arrays = (self.gates, self.masks, *self.states, *self.saved)
        self._forward(
            self.weights.recurrence_weights, arrays, steps, present, by_rows, self.activation
        )

    def start_backward(self) -> None:
        """Set to zero the gradients that `backward` adds to."""
        for gradient in (*self._gradients.recurrence_weights[1:], *self.d_states):
            gradient.fill(0)

    def backward(self, steps: tuple[int, int], present: Array = NO_STEP_MISSING) -> None:
        """Compute the gradients of some steps, from last to first, and add those of the biases."""
        arrays = (self.gates, self.masks, *self.states, *self.saved)
        gradients = (self.d_outputs, *self.d_states, *self._gradients.recurrence_weights[1:])
        self._backward(
            self.weights.recurrence_weights, arrays, gradients, steps, present, self.activation
        )

    def get_input_gradients(self, steps: tuple[int, int]) -> Array:
        """Return the gradients of the inputs at some steps, after `backward`."""
        np.dot(
            _flatten(self.gates, steps),
            self.weights.kernel.T,
            out=_flatten(self._d_inputs, steps),
        )
        return self._d_inputs[slice(*steps)]

    @cached_property
    def _d_inputs(self) -> Array:
        return np.empty_like(self.inputs)

    def finish_backward(self) -> None:
        """Write the gradients of both kernels, after `backward` of all steps."""
        np.dot(self._all_inputs.T, self._all_gates, out=self._gradients.kernel)
        self._set_recurrent_gradient(self._gradients.recurrent)

    def _set_recurrent_gradient(self, out: Array) -> None:
        """Write the gradient of the recurrent kernel, summed over all steps."""
        set_product(self.h[:-1], self.gates, out, self.masks)


def _flatten(array: Array, steps: tuple[int, int]) -> Array:
    """Return a view of some steps, with steps and samples as one axis."""
    return array[slice(*steps)].reshape(-1, array.shape[2])


def set_product(states: Array, gradients: Array, out: Array, masks: Array) -> None:
    """Write the sum of outer products over steps and rows. Each gate has a mask of its own."""
    flat = gradients.reshape(-1, gradients.shape[2])
    if not masks.size:
        np.matmul(states.reshape(len(flat), -1).T, flat, out=out)
        return
    units = states.shape[2]
    for gate, mask in enumerate(masks):
        part = slice(gate * units, (gate + 1) * units)
        out[:, part] = (states * mask).reshape(len(flat), -1).T @ flat[:, part]
