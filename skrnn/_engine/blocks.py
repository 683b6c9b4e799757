"""Rows in blocks of one shape, which is what a compiled program takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Block = tuple[np.ndarray, ...]

# Numbers in a block, at most: 4 MB of float32.
_MAX_NUMBERS = 2**20
_MAX_BATCHES = 64
# A program is compiled for one batch size. This is the least that a large `batch_size` is cut to
# when there are fewer rows.
_MIN_BATCH_SIZE = 32


class TrainingBlocks:
    """The rows of an epoch in blocks of batches.

    Memory is that of one block, whatever the number of rows: X may be strided windows.

    Parameters
    ----------
    x : ndarray of shape (n_samples, ...)
        What the network takes, of any float type.

    y : ndarray of shape (n_samples, ...)
        Targets.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_steps), or None
        Weights of the rows, or of their steps.

    batch_size : int
        Rows of a batch.
    """

    def __init__(
        self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None, batch_size: int
    ) -> None:
        self._arrays = (x, y, np.ones(len(x)) if sample_weight is None else sample_weight)
        # More rows than there are would be computed for nothing; powers of two are few programs.
        enough = max(_MIN_BATCH_SIZE, 2 ** (len(x) - 1).bit_length())
        self._batch_size = min(batch_size, enough)
        self._n_batches = count_fitting(self._batch_size * x[0].size)
        shape = (self._n_batches, self._batch_size)
        self._block = [np.zeros((*shape, *a.shape[1:]), np.float32) for a in self._arrays]

    @property
    def y_shape(self) -> tuple[int, ...]:
        """Shape of the targets of a row."""
        return self._arrays[1].shape[1:]

    def __len__(self) -> int:
        """Return the blocks of an epoch."""
        return -(-len(self._arrays[0]) // (self._n_batches * self._batch_size))

    def empty(self) -> Block:
        """Return a block without rows."""
        return (*self._block, np.ones(self._n_batches, np.float32), np.array(0, np.int32))

    def iterate(self, order: np.ndarray) -> Iterator[tuple[Block, int]]:
        """Yield blocks of rows in this order, each with its number of rows.

        A block is x, y, weights, the rows of each batch and the number of batches. It holds the
        memory of the block before it.
        """
        size = self._batch_size
        for first in range(0, len(order), self._n_batches * size):
            rows = order[first : first + self._n_batches * size]
            n_batches = -(-len(rows) // size)
            # The last batch is filled with a row that the loss can be computed of.
            filled = np.append(rows, np.full(n_batches * size - len(rows), rows[-1]))
            for block, array in zip(self._block, self._arrays, strict=True):
                block.reshape(-1, *array.shape[1:])[: len(filled)] = array[filled]
            *_, weight = self._block
            weight.reshape(-1, *weight.shape[2:])[len(rows) : len(filled)] = 0
            sizes = np.clip(len(rows) - np.arange(self._n_batches) * size, 1, size)
            yield (*self._block, sizes.astype(np.float32), np.array(n_batches, np.int32)), len(rows)


def count_fitting(n_numbers: int) -> int:
    """Return how many batches of so many numbers a block holds."""
    return max(1, min(_MAX_BATCHES, _MAX_NUMBERS // n_numbers))
