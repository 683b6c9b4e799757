"""Layers: a cell with the products around its recurrence, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._network.cells.cell import Array, Cell, CellWeights
from skrnn._network.kernels import kernel
from skrnn._network.products import add_product

_NOTHING = np.empty((0, 0), np.uint8)


class Layer:
    """A recurrent layer that reads in one direction, with the arrays of a pass over some rows.

    The products of all steps are one large product before or after the recurrence, which BLAS
    computes several times as fast as one product for each step.

    Parameters
    ----------
    cell : Cell
        The recurrence.

    weights : CellWeights
        Its weights.

    gradients : CellWeights or None
        Where their gradients are written. None: there is no way back.
    """

    def __init__(self, cell: Cell, weights: CellWeights, gradients: CellWeights | None) -> None:
        n_timesteps, n_samples, width = cell.gates.shape
        n_inputs = len(weights.kernel)
        self.cell = cell
        self.weights = weights
        self._gradients: Any = gradients
        self.inputs = np.empty((n_timesteps, n_samples, n_inputs), cell.gates.dtype)
        self._d_inputs: Array | None = None
        # Steps and samples as one axis.
        self._flat_inputs = self.inputs.reshape(-1, n_inputs)
        self._flat_gates = cell.gates.reshape(-1, width)
        # Factors of the state by recurrent dropout.
        self.masks: Array = np.empty((0, 0, 0), cell.gates.dtype)
        self.all_steps = slice(0, n_timesteps)

    def forward(self, steps: slice, present: Array = _NOTHING, *, by_rows: bool = False) -> None:
        """Read `inputs` at some steps, and write the states after them."""
        inputs, gates = self._flat_inputs, self._flat_gates
        if steps != self.all_steps:
            rows = self._rows(steps)
            inputs, gates = inputs[rows], gates[rows]
        if by_rows:
            gates.fill(0)
            add_product(inputs, self.weights.kernel, gates)
        else:
            np.dot(inputs, self.weights.kernel, out=gates)
        self.cell.forward(self.weights, steps, present, self.masks, by_rows=by_rows)

    def backward(self, steps: slice, present: Array = _NOTHING, *, to_inputs: bool = True) -> Array:
        """Take the gradients of the states back, and return those of the inputs, if asked for."""
        self.cell.backward(self.weights, self._gradients, steps, present, self.masks)
        if not to_inputs:
            return self.inputs[:0]
        if self._d_inputs is None:
            self._d_inputs = np.empty_like(self.inputs)
        d_inputs, gates = self._d_inputs[steps], self._flat_gates[self._rows(steps)]
        np.dot(gates, self.weights.kernel.T, out=d_inputs.reshape(len(gates), -1))
        return d_inputs

    def set_gradients(self) -> None:
        """Write the gradients of the kernels, once `backward` has been through all steps."""
        gradients = self._gradients
        np.dot(self._flat_inputs.T, self._flat_gates, out=gradients.kernel)
        self.cell.set_recurrent_gradient(gradients.recurrent, self.masks)

    def _rows(self, steps: slice) -> slice:
        """Return where some steps stand when steps and samples are one axis."""
        n_samples = self.inputs.shape[1]
        return slice(steps.start * n_samples, steps.stop * n_samples)

    def clear(self) -> None:
        """Set what `backward` adds up to zero."""
        self._gradients.bias.fill(0)
        if self._gradients.peephole is not None:
            self._gradients.peephole.fill(0)
        for gradient in self.cell.d_carried:
            gradient.fill(0)


class Dropout:
    """Sets a share of the numbers to zero and scales the others (Srivastava et al. 2014).

    Parameters
    ----------
    rate : float
        The share. It is rounded to a multiple of 1 / 65,536.

    shapes : list of tuple of int
        Shapes of the masks, which are drawn together.

    dtype : dtype
        Type of the numbers.

    Attributes
    ----------
    masks : list of ndarray
        Factors of the numbers.
    """

    def __init__(self, rate: float, shapes: list[tuple[int, ...]], dtype: np.dtype[Any]) -> None:
        # Something is left of any share below 1.
        self._threshold = min(round(rate * 2**16), 2**16 - 1)
        self._scale = dtype.type(1 / (1 - self._threshold / 2**16))
        sizes = [int(np.prod(shape)) for shape in shapes]
        self._flat = np.empty(sum(sizes), dtype)
        parts = np.split(self._flat, np.cumsum(sizes)[:-1])
        self.masks = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def draw(self, rng: np.random.Generator) -> None:
        """Draw other masks."""
        # Sixteen bits each: drawing floats takes four times as long.
        bits = np.frombuffer(rng.bytes(2 * self._flat.size), np.uint16)
        _fill_mask(bits, self._threshold, self._scale, self._flat)


@kernel
def _fill_mask(bits: Array, threshold: int, scale: float, mask: Array) -> None:
    zero = scale - scale
    for k in range(mask.size):
        mask[k] = scale if bits[k] >= threshold else zero
