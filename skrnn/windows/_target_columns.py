"""Target columns: find the column of a table that each output of y is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from skrnn.windows._labels import group_keys, positions_by_series, read_times
from skrnn.windows._targets import Target, find_targets, read_targets
from skrnn.windows._transformer import SlidingWindowTransformer

# Maximum number of rows from a row to its target, if windows do not reach further.
_MAX_SHIFT = 30


def find_target_columns(
    X: Any, y: Any, windows: Iterable[SlidingWindowTransformer]
) -> list[Target | None] | None:
    """Find the column of X that each output of y is.

    Parameters
    ----------
    X : {ndarray, DataFrame}
        Rows in order of time. Columns without numbers, and columns that name a series, are ignored.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        Targets.
    windows : iterable of SlidingWindowTransformer
        Windows of the estimators. Their `group` names the series, and their length and horizon
        tell how far ahead targets may be.

    Returns
    -------
    targets : list of Target or None, or None
        One target for each output, with the position of the column in X as `feature`; None for an
        output without a target column. The result is None if y is no array of numbers with one or
        two dimensions, or X has no columns of numbers.
    """
    windows = list(windows)
    group = next((window.group for window in windows if window.group is not None), None)
    columns = _read_numbers(X, group_keys(group))
    numbers = read_targets(y)
    if not columns or numbers is None:
        return None
    names = list(getattr(X, "columns", range(np.shape(X)[1])))
    rows = read_times(X, group)
    found: list[Target | None] = [None] * numbers.shape[1]
    # Columns of float32 equal y in fewer digits than columns of float64.
    for dtype in sorted({column.dtype for column in columns.values()}, key=lambda d: -d.itemsize):
        if None not in found:
            break
        again = find_targets(
            np.column_stack(list(columns.values())).astype(dtype),
            y,
            list(positions_by_series(rows).values()),
            reach=max([_MAX_SHIFT, *(window.window_length + window.horizon for window in windows)]),
            names=[names[position] for position in columns],
        )
        positions = list(columns)
        found = [
            one or (other and other._replace(feature=positions[other.feature]))
            for one, other in zip(found, again or found, strict=True)
        ]
    return [
        target or _find_equal(columns, numbers[:, output]) for output, target in enumerate(found)
    ]


def _find_equal(columns: dict[int, np.ndarray], y: np.ndarray) -> Target | None:
    """Return the first column that equals y in all rows, for constants and tables of few rows."""
    for position, column in columns.items():
        if np.array_equal(column, y.astype(column.dtype)):
            return Target(position, 0, 1.0, 0.0)
    return None


def _read_numbers(X: Any, keys: list[str]) -> dict[int, np.ndarray]:
    """Return the columns of X that are numbers, by position, as float32 or float64."""
    if len(np.shape(X)) != 2:
        return {}
    names = list(getattr(X, "columns", range(np.shape(X)[1])))
    read: dict[int, np.ndarray] = {}
    for position, name in enumerate(names):
        if isinstance(X, pd.DataFrame):
            column = X.iloc[:, position]
            is_number = pd.api.types.is_numeric_dtype(column.dtype)
            if is_number and pd.api.types.is_extension_array_dtype(column.dtype):
                values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            else:
                values = column.to_numpy()
        else:
            values = np.asarray(X.to_series(position) if hasattr(X, "columns") else X[:, position])
        if name not in keys and values.dtype.kind in "iuf":
            read[position] = values.astype(np.float32 if values.dtype == np.float32 else np.float64)
    return read
