"""Windows as views of an array: padding, strided views and gathering. Pure NumPy.

The window of row ``t`` holds rows ``t - horizon - window_length + 1 … t - horizon``. A buffer has
the rows of a series, and ``window_length + horizon - 1`` steps before them, which are called the
*lead*. The window of row ``t`` begins at row ``t`` of the buffer, so all windows are one strided
view. Known columns are moved ahead by `horizon` steps in the buffer, so their window ends with row
``t`` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# Positions of the rows of one series. A slice, which needs no copy, if it is the only series.
Positions = npt.NDArray[np.intp] | slice
# Fill value of an array that says which steps are missing.
MISSING = np.array([True])


def lead_length(window_length: int, horizon: int) -> int:
    """Return how many steps before a row its window begins."""
    return window_length + horizon - 1


def column_means(rows: Array) -> Array:
    """Return the mean of each column without NaN; 0 for a column of NaN only."""
    present = np.count_nonzero(~np.isnan(rows), axis=0)
    scale = 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        totals = np.nansum(rows, axis=0, dtype=np.float64)
    if not np.isfinite(totals).all():
        # Division by a power of two keeps all digits of large numbers.
        scale = 2.0**64
        totals = np.nansum(rows / scale, axis=0, dtype=np.float64)
    means: Array = np.divide(totals, present, out=np.zeros_like(totals), where=present > 0)
    # By rounding, the mean of the largest floats may exceed the largest float.
    largest = np.finfo(np.float64).max / scale
    return (np.clip(means, -largest, largest) * scale).astype(rows.dtype)


def first_rows(rows: Array, n: int) -> Array:
    """Return a copy of the first `n` rows, or of all of them if there are fewer."""
    return rows[:n].copy()


def last_rows(rows: Array, n: int) -> Array:
    """Return a copy of the last `n` rows, or of all of them if there are fewer."""
    return rows[max(0, len(rows) - n) :].copy()


def begins_with(rows: Array, head: Array) -> bool:
    """Return whether the first rows equal `head`; NaN equals NaN."""
    # The same rows may be float32 in one call and float64 in the other.
    dtype = min(rows.dtype, head.dtype, key=lambda dtype: dtype.itemsize)
    first = rows[: len(head)].astype(dtype, copy=False)
    return np.array_equal(first, head.astype(dtype, copy=False), equal_nan=True)


def split_positions(codes: npt.NDArray[np.intp], n_series: int) -> list[Positions]:
    """Return the positions of the rows of each series, in increasing order.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,)
        Series number of each row, from 0 to `n_series` - 1.
    n_series : int
        Number of series.
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
    known: Sequence[int] = (),
    is_missing: Sequence[Array] | None = None,
) -> Array:
    """Return the window of every row, within the series of the row.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Rows of one or several series.
    positions : sequence of positions
        Where the rows of each series are.
    contexts : sequence of ndarray of shape (n_context, n_features)
        The steps just before the rows of each series; empty for a series that starts fresh.
    fill_values : ndarray of shape (n_features,)
        Values of missing steps and of the steps before the context.
    window_length, horizon : int
        Number of steps of a window, and the distance of a row from the last step of its window.
    steps : sequence of ndarray of shape (n_rows of the series,) or None
        The number of the step of each row, from 0 on, if steps between rows are missing. None for
        rows that are neighbors.
    known : sequence of int, default=()
        Known columns. Each step holds their values in the row `horizon` steps later. If one of the
        two rows of a step is missing, the step has fill values in all columns.
    is_missing : sequence of bool ndarray of shape (n_context, 1), default=None
        Which steps of each context are missing. With None, no step is. Needed for known columns.

    Returns
    -------
    windows : ndarray of shape (n_rows, window_length * n_features)
        Windows with all features of the oldest step first, read-only. For one series without
        missing steps they are a view of one buffer, else a copy.
    """
    numbers = [None] * len(positions) if steps is None else steps
    n_lead = lead_length(window_length, horizon)
    buffers = []
    for place, (where, number) in enumerate(zip(positions, numbers, strict=True)):
        spread = _spread_rows(rows[where], number, fill_values)
        # The last `horizon` rows are in no window.
        n_steps = len(spread) + window_length - 1
        context = last_rows(contexts[place], n_lead)
        buffer = _read_steps(spread, context, fill_values, first=-n_lead, n_steps=n_steps)
        if known and horizon > 0:
            absent = np.zeros((len(context), 1), dtype=bool)
            if is_missing is not None:
                absent = last_rows(is_missing[place], n_lead)
            _move_known_columns(
                buffer,
                (spread, context, fill_values),
                (_find_missing_steps(len(spread), number), absent, MISSING),
                known,
                horizon,
            )
        buffers.append(buffer)
    if len(buffers) == 1 and numbers[0] is None:
        return _strided_windows(buffers[0], window_length)
    windows = _strided_windows(np.concatenate(buffers), window_length)
    gathered: Array = windows[_window_starts(len(rows), positions, buffers, numbers)]
    gathered.flags.writeable = False
    return gathered


def unflatten(windows: Array, window_length: int) -> Array:
    """Return flat windows in shape (n_rows, window_length, n_features), without a copy."""
    return windows.reshape(len(windows), window_length, -1)


def number_steps(missing: Array, most: int) -> Array | None:
    """Return the number of the step of each row, None if no step is missing.

    Parameters
    ----------
    missing : ndarray of shape (n_rows - 1,)
        How many steps are missing after each row but the last.
    most : int
        Missing steps after a row are counted up to this number, the lead: more change no window.
    """
    if not missing.any():
        return None
    passed = 1 + np.minimum(missing, most)
    numbers: Array = np.concatenate([[0], np.cumsum(passed)])
    return numbers


def with_missing_steps(context: Array, n_missing: int, fill_values: Array, n: int) -> Array:
    """Return the last `n` steps of a context with missing steps after it."""
    filled = np.tile(fill_values.astype(context.dtype, copy=False), (min(n_missing, n), 1))
    return last_rows(np.concatenate([context, filled]), n)


def last_steps(rows: Array, numbers: Array | None, fill_values: Array, n: int) -> Array:
    """Return a copy of the last `n` steps of rows, with fill values in missing steps."""
    if numbers is None or n == 0:
        return last_rows(rows, n)
    first = np.searchsorted(numbers, numbers[-1] - n, side="right")
    kept = _spread_rows(rows[first:], numbers[first:] - numbers[first], fill_values)
    n_before = min(n, int(numbers[-1]) + 1) - len(kept)
    before = np.tile(fill_values.astype(rows.dtype, copy=False), (n_before, 1))
    return last_rows(np.concatenate([before, kept]), n)


def _spread_rows(rows: Array, numbers: Array | None, fill_values: Array) -> Array:
    """Return rows at the steps of these numbers, with fill values in the steps between them."""
    if numbers is None or not len(numbers):
        return rows
    spread = np.empty((int(numbers[-1]) + 1, rows.shape[1]), rows.dtype)
    spread[:] = fill_values
    spread[numbers] = rows
    return spread


def _find_missing_steps(n_steps: int, numbers: Array | None) -> Array:
    """Return which steps have no row, of shape (n_steps, 1)."""
    n_rows = n_steps if numbers is None else len(numbers)
    return _spread_rows(np.zeros((n_rows, 1), dtype=bool), numbers, MISSING)


def _read_steps(
    rows: Array, context: Array, fill_values: Array, *, first: int, n_steps: int
) -> Array:
    """Return the steps from number `first` on, which is 0 or negative.

    The rows are the steps 0, 1, …, the context lies before them, and fill values before the
    context.
    """
    steps = np.empty((n_steps, rows.shape[1]), rows.dtype)
    n_before = min(n_steps, -first)
    n_fill = min(n_before, max(0, -first - len(context)))
    steps[:n_fill] = fill_values
    begin = len(context) + first + n_fill
    steps[n_fill:n_before] = context[begin : begin + n_before - n_fill]
    steps[n_before:] = rows[: n_steps - n_before]
    return steps


def _move_known_columns(
    buffer: Array,
    values: tuple[Array, Array, Array],
    missing: tuple[Array, Array, Array],
    known: Sequence[int],
    horizon: int,
) -> None:
    """Replace the known columns of a buffer by their values `horizon` steps later.

    Parameters
    ----------
    buffer : ndarray of shape (n_steps, n_features)
        Steps of a series. It is changed in place.
    values : tuple of ndarray
        The rows, the context and the fill values.
    missing : tuple of bool ndarray
        Three arrays of one column, in the same order: True for a missing step.
    known : sequence of int
        Known columns.
    horizon : int
        Distance of a row from the last step of its window.
    """
    n_steps, n_rows = len(buffer), len(values[0])
    # Windows end with the row that is predicted, so the buffer of known columns does, too.
    later = n_rows - n_steps
    # Column by column, so no second buffer is needed.
    for column in known:
        one = slice(column, column + 1)
        rows, context, fill_values = (each[..., one] for each in values)
        buffer[:, one] = _read_steps(rows, context, fill_values, first=later, n_steps=n_steps)
    is_missing = _read_steps(*missing, first=later - horizon, n_steps=n_steps)
    is_missing |= _read_steps(*missing, first=later, n_steps=n_steps)
    buffer[is_missing[:, 0]] = values[2]


def _strided_windows(buffer: Array, window_length: int) -> Array:
    """Return all windows of a buffer, flattened, as a read-only view."""
    # A flattened window is contiguous in the buffer, and begins with a row.
    n_features = buffer.shape[1]
    flat = np.lib.stride_tricks.sliding_window_view(buffer.reshape(-1), window_length * n_features)
    return flat[::n_features]


def _window_starts(
    n_rows: int,
    positions: Sequence[Positions],
    buffers: Sequence[Array],
    numbers: Sequence[Array | None],
) -> npt.NDArray[np.intp]:
    """Return for each row the first row of its window in all buffers joined."""
    starts = np.empty(n_rows, dtype=np.intp)
    offset = 0
    for where, buffer, number in zip(positions, buffers, numbers, strict=True):
        n_windows = len(starts[where])
        starts[where] = offset + (np.arange(n_windows) if number is None else number)
        offset += len(buffer)
    return starts
