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

    Returns
    -------
    windows : ndarray of shape (n_rows, window_length * n_features)
        Read-only and time-major. A view of one buffer for one series, gathered for several.
    """
    buffers = [
        _padded_rows(rows[where], context, fill_values, window_length, horizon)
        for where, context in zip(positions, contexts, strict=True)
    ]
    if len(buffers) == 1:
        return _strided_windows(buffers[0], window_length)
    windows = _strided_windows(np.concatenate(buffers), window_length)
    gathered: Array = windows[_window_starts(len(rows), positions, buffers)]
    gathered.flags.writeable = False
    return gathered


def unflatten(windows: Array, window_length: int) -> Array:
    """Return time-major windows as (n_rows, window_length, n_features), without a copy."""
    return windows.reshape(len(windows), window_length, -1)


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
    n_rows: int, positions: Sequence[Positions], buffers: Sequence[Array]
) -> npt.NDArray[np.intp]:
    """Return for each row where its window begins in the buffers joined end to end."""
    starts = np.empty(n_rows, dtype=np.intp)
    offset = 0
    for where, buffer in zip(positions, buffers, strict=True):
        n_windows = len(starts[where])
        starts[where] = np.arange(offset, offset + n_windows)
        offset += len(buffer)
    return starts
