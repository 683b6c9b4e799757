"""Dropout: random masks, drawn anew for each pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._network import Array
from skrnn._network.kernels import kernel


class Dropout:
    """Masks that set a share of numbers to zero and scale the others (Srivastava et al. 2014).

    Parameters
    ----------
    rate : float
        Share of numbers that are dropped, rounded to a multiple of 1 / 65,536.

    shapes : list of tuple of int
        Shapes of the masks, all drawn in one call.

    dtype : dtype
        Type of the masks.

    Attributes
    ----------
    masks : list of ndarray
        Factors: 0 for a dropped number, else 1 / (1 - rate).
    """

    def __init__(self, rate: float, shapes: list[tuple[int, ...]], dtype: np.dtype[Any]) -> None:
        # At least one number in 65,536 is kept, with any rate.
        self._threshold = min(round(rate * 2**16), 2**16 - 1)
        self._scale = dtype.type(1 / (1 - self._threshold / 2**16))
        sizes = [int(np.prod(shape)) for shape in shapes]
        self._flat = np.empty(sum(sizes), dtype)
        parts = np.split(self._flat, np.cumsum(sizes)[:-1])
        self.masks = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def draw(self, rng: np.random.Generator) -> None:
        """Draw new masks."""
        # Sixteen bits for each number: drawing floats takes four times as long.
        bits = np.frombuffer(rng.bytes(2 * self._flat.size), np.uint16)
        _fill_mask(bits, self._threshold, self._scale, self._flat)


@kernel
def _fill_mask(bits: Array, threshold: int, scale: float, mask: Array) -> None:
    zero = scale - scale
    for k in range(mask.size):
        mask[k] = scale if bits[k] >= threshold else zero
