"""Windows of rows: padding, strided views and gathering, in pure NumPy.

The window of row ``t`` holds rows ``t - horizon - window_length + 1 … t - horizon``. With
``window_length + horizon - 1`` rows put before the rows of a series (its *lead*), that window
begins at row ``t`` of the resulting buffer, so that all windows are one strided view of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# Where the rows of one series are; a slice if they are all the rows, which then need no copy.
Positions = npt.NDArray[np.intp] | slice


def lead_length(window_length: int, horizon: int) -> int:
    """Return how many rows before the first one its window reaches back."""
    return window_length + horizon - 1


def column_means(rows: Array) -> Array:
    """Return the mean of each column without its NaN; 0 for a column that has nothing else."""
    present = np.count_nonzero(~np.isnan(rows), axis=0)
    scale = 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        totals = np.nansum(rows, axis=0, dtype=np.float64)
    if not np.isfinite(totals).all():
        # A power of two, which takes no digits off numbers of that size.
        scale = 2.0**64
        totals = np.nansum(rows / scale, axis=0, dtype=np.float64)
    means: Array = np.divide(totals, present, out=np.zeros_like(totals), where=present > 0)
    # A mean of the largest numbers there are may be off by a digit, too.
    largest = np.finfo(np.float64).max / scale
    return (np.clip(means, -largest, largest) * scale).astype(rows.dtype)


def first_rows(rows: Array, n: int) -> Array:
    """Return a copy of the first `n` rows, or of all of them if there are fewer."""
    return rows[:n].copy()


def last_rows(rows: Array, n: int) -> Array:
    """Return a copy of the last `n` rows, or of all of them if there are fewer."""
    return rows[max(0, len(rows) - n) :].copy()


def begins_with(rows: Array, head: Array) -> bool:
    """Tell whether the first rows are those of `head`; NaN equals NaN."""
    # Rows given once as float32 and once as float64 are the same rows.
    dtype = min(rows.dtype, head.dtype, key=lambda dtype: dtype.itemsize)
    first = rows[: len(head)].astype(dtype, copy=False)
    return np.array_equal(first, head.astype(dtype, copy=False), equal_nan=True)


def split_positions(codes: npt.NDArray[np.intp], n_series: int) -> list[Positions]:
    """Return for each series the positions of its rows, in their order.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,)
        The number of the series of each row, from 0 to `n_series` - 1.
    n_series : int
        How many series there are.
    """
    if n_series == 1:
        return [slice(None)]
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n_series))
    return list(np.split(order, ends[:-1]))


def flat_windows(
    rows: Array,
    positions: Sequence[Positions],
    contexts: Sequence[Array],
    fill_values: Array,
    *,
    window_length: int,
    horizon: int,
    steps: Sequence[Array | None] | None = None,
) -> Array:
    """Return the window of every row, each within its own series.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows of one or several series.
    positions : sequence of positions
        Where the rows of each series are.
    contexts : sequence of ndarray of shape (n_context, n_features)
        The rows just before each series; empty for one that starts fresh.
    fill_values : ndarray of shape (n_features,)
        What stands in the steps before the context.
    window_length, horizon : int
        How long the windows are, and how far ahead of its window a row lies.
    steps : sequence of ndarray of shape (n_rows of the series,) or None
        The number of the step of each row, from 0 on, where steps between them are missing; None
        for rows that follow each other.

    Returns
    -------
    windows : ndarray of shape (n_rows, window_length * n_features)
        Read-only and time-major. A view of one buffer for one series, gathered for several.
    """
    numbers = [None] * len(positions) if steps is None else steps
    buffers = [
        _padded_rows(
            _spread_rows(rows[where], number, fill_values),
            context,
            fill_values,
            window_length,
            horizon,
        )
        for where, context, number in zip(positions, contexts, numbers, strict=True)
    ]
    if len(buffers) == 1 and numbers[0] is None:
        return _strided_windows(buffers[0], window_length)
    windows = _strided_windows(np.concatenate(buffers), window_length)
    gathered: Array = windows[_window_starts(len(rows), positions, buffers, numbers)]
    gathered.flags.writeable = False
    return gathered


def unflatten(windows: Array, window_length: int) -> Array:
    """Return time-major windows as (n_rows, window_length, n_features), without a copy."""
    return windows.reshape(len(windows), window_length, -1)


def number_steps(missing: Array, most: int) -> Array | None:
    """Return the number of the step of each row, None if no step is missing.

    Parameters
    ----------
    missing : ndarray of shape (n_rows - 1,)
        How many steps are missing after each row but the last.
    most : int
        How far windows reach back: more missing steps than that change nothing.
    """
    if not missing.any():
        return None
    passed = 1 + np.minimum(missing, most)
    numbers: Array = np.concatenate([[0], np.cumsum(passed)])
    return numbers


def with_missing_steps(context: Array, n_missing: int, fill_values: Array, n: int) -> Array:
    """Return a context with missing steps after it, no more than the `n` that windows reach."""
    filled = np.tile(fill_values.astype(context.dtype, copy=False), (min(n_missing, n), 1))
    return last_rows(np.concatenate([context, filled]), n)


def last_steps(rows: Array, numbers: Array | None, fill_values: Array, n: int) -> Array:
    """Return a copy of the last `n` steps of rows, with fill values where steps are missing."""
    if numbers is None or n == 0:
        return last_rows(rows, n)
    first = np.searchsorted(numbers, numbers[-1] - n, side="right")
    kept = _spread_rows(rows[first:], numbers[first:] - numbers[first], fill_values)
    n_before = min(n, int(numbers[-1]) + 1) - len(kept)
    before = np.tile(fill_values.astype(rows.dtype, copy=False), (n_before, 1))
    return last_rows(np.concatenate([before, kept]), n)


def _spread_rows(rows: Array, numbers: Array | None, fill_values: Array) -> Array:
    """Return rows at the steps of these numbers, and fill values between them."""
    if numbers is None or not len(numbers):
        return rows
    spread = np.empty((int(numbers[-1]) + 1, rows.shape[1]), rows.dtype)
    spread[:] = fill_values
    spread[numbers] = rows
    return spread


def _padded_rows(
    rows: Array, context: Array, fill_values: Array, window_length: int, horizon: int
) -> Array:
    """Return fill values, context and rows in one buffer, as far as windows reach."""
    n_lead = lead_length(window_length, horizon)
    context = context[max(0, len(context) - n_lead) :]
    n_fill = n_lead - len(context)
    # The last `horizon` rows are in no window. With fewer rows than that the buffer ends
    # within the lead.
    buffer = np.empty((len(rows) + window_length - 1, rows.shape[1]), rows.dtype)
    buffer[:n_fill] = fill_values
    buffer[n_fill:n_lead] = context[: max(0, len(buffer) - n_fill)]
    buffer[n_lead:] = rows[: max(0, len(rows) - horizon)]
    return buffer


def _strided_windows(buffer: Array, window_length: int) -> Array:
    """Return all windows of a buffer as a read-only view, each flattened."""
    # The rows of the buffer lie one after the other, so a flattened window is a contiguous
    # stretch of memory which begins at a multiple of the number of features.
    n_features = buffer.shape[1]
    stretches = np.lib.stride_tricks.sliding_window_view(
        buffer.reshape(-1), window_length * n_features
    )
    return stretches[::n_features]


def _window_starts(
    n_rows: int,
    positions: Sequence[Positions],
    buffers: Sequence[Array],
    numbers: Sequence[Array | None],
) -> npt.NDArray[np.intp]:
    """Return for each row where its window begins in the buffers joined end to end."""
    starts = np.empty(n_rows, dtype=np.intp)
    offset = 0
    for where, buffer, number in zip(positions, buffers, numbers, strict=True):
        n_windows = len(starts[where])
        starts[where] = offset + (np.arange(n_windows) if number is None else number)
        offset += len(buffer)
    return starts
