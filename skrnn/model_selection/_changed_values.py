"""Changed values of rows, and the values of outputs that change with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

# A difference of this share of the spread of an output counts as no change.
TOLERANCE = 1e-6
_DATES = {"datetime", "datetime64", "date", "time", "timedelta", "timedelta64", "period"}
_NUMBERS = {"integer", "floating", "mixed-integer-float"}


def change_values(
    rows: Any, columns: Iterable[int] | None = None, *, up: bool = True, size: float = 1.0
) -> Any:
    """Return rows in which each value is replaced by another one that a pipeline can read.

    Numbers change by one to two standard deviations of their column, so the mean, the smallest and
    the largest value change too. Booleans are flipped. Other values become another value of their
    column. Dates, missing values, labels, containers and types are kept.

    Parameters
    ----------
    rows : ndarray, Series or DataFrame of shape (n_rows,), (n_rows, n_columns) or \
            (n_rows, n_columns, n_features)
        Rows. They are not changed in place.
    columns : iterable of int, default=None
        Columns to change. If None, all columns.
    up : bool, default=True
        If True, numbers grow. If False, they shrink, and columns without negative numbers get
        none: a pipeline may take their logarithm.
    size : float, default=1.0
        Factor by which the changes of numbers are multiplied.
    """
    if np.ndim(rows) == 1:
        return _change_column(rows, 0, up, size)
    chosen = range(np.shape(rows)[1]) if columns is None else columns
    if isinstance(rows, np.ndarray):
        changed: Any = rows.copy()
        for j in chosen:
            for feature in np.ndindex(rows.shape[2:]):
                place = (slice(None), j, *feature)
                changed[place] = _change_column(rows[place], j, up, size)
        return changed
    if isinstance(rows, pd.DataFrame):
        changed = rows.copy()
        for j in chosen:
            changed.isetitem(j, _change_column(rows.iloc[:, j], j, up, size))
        return changed
    return rows.with_columns([_change_column(rows.to_series(j), j, up, size) for j in chosen])


def replace_rows_after(rows: Any, last: int, changed: Any) -> Any:
    """Return a copy of `rows` with those of `changed` after the position `last`."""
    n_rows = len(rows)
    positions = np.arange(n_rows)
    positions[last + 1 :] += n_rows
    if isinstance(rows, np.ndarray):
        return np.concatenate([rows, changed])[positions]
    if isinstance(rows, pd.DataFrame | pd.Series):
        # Not `concat` of the two parts: one of them may have no rows or only NaN.
        return pd.concat([rows, changed]).iloc[positions].set_axis(rows.index)
    return sys.modules["polars"].concat([rows, changed])[positions]


def find_missing_values(rows: Any, columns: Iterable[int] | None = None) -> np.ndarray:
    """Return in which rows a value of the given columns is missing, of shape (n_rows,)."""
    if np.ndim(rows) == 1:
        return np.asarray(pd.isna(np.asarray(rows)))
    columns = range(np.shape(rows)[1]) if columns is None else columns
    values = _split_columns(rows) if hasattr(rows, "columns") else np.moveaxis(rows, 1, 0)
    is_missing = np.zeros(len(rows), dtype=bool)
    for j in columns:
        is_missing |= pd.isna(values[j]).reshape(len(rows), -1).any(axis=1)
    return is_missing


def choose_evenly(positions: np.ndarray, n_positions: int) -> np.ndarray:
    """Return at most `n_positions` of the positions, evenly spaced."""
    if len(positions) <= n_positions:
        return positions
    return positions[np.linspace(0, len(positions) - 1, n_positions).astype(int)]


def find_changes(before: Any, after: Any, *, min_change: float = 0.0) -> np.ndarray:
    """Return which values of an output have changed, row by row.

    Numbers that differ by less than a millionth of the spread of their column have not changed.
    Values that are missing in both outputs have not changed either.

    Parameters
    ----------
    before, after : ndarray, sparse matrix, Series or DataFrame of shape (n_rows, ...)
        Two outputs of the same shape.
    min_change : float, default=0.0
        Differences up to this number are rounding, in columns of any spread.

    Returns
    -------
    is_changed : ndarray of bool of shape (n_rows, n_values)
        Whether each value has changed.
    """
    if hasattr(before, "toarray"):
        return find_changes(before.toarray(), after.toarray(), min_change=min_change)
    if hasattr(before, "columns"):
        pairs = zip(_split_columns(before), _split_columns(after), strict=True)
        return np.hstack([find_changes(*pair, min_change=min_change) for pair in pairs])
    before, after = np.asarray(before), np.asarray(after)
    before, after = before.reshape(len(before), -1), after.reshape(len(after), -1)
    if before.dtype.kind not in "biuf" or after.dtype.kind not in "biuf":
        # Codes of missing values are equal, and codes of values of any type can be compared.
        both = np.concatenate([before, after]).astype(object)
        codes = pd.factorize(both.ravel())[0].reshape(both.shape)
        return codes[: len(before)] != codes[len(before) :]
    before, after = before.astype(np.float64), after.astype(np.float64)
    spread, size = _measure_columns(before)
    tolerance = np.maximum(TOLERANCE * np.where(spread > 0, spread, size), min_change)
    # isclose of NumPy 1 takes one tolerance, not one for each column.
    with np.errstate(invalid="ignore"):
        is_close = np.abs(after - before) <= tolerance + 1e-12 * np.abs(before)
    return ~(
        is_close & np.isfinite(before) | (after == before) | np.isnan(after) & np.isnan(before)
    )


def _measure_columns(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return standard deviation and largest absolute value of the finite numbers of each column.

    Both are 0 for a column without finite numbers. Masked arrays would take ten times as long.
    """
    is_finite = np.isfinite(values)
    n = np.maximum(is_finite.sum(axis=0), 1)
    numbers = np.where(is_finite, values, 0.0)
    deviations = np.where(is_finite, numbers - numbers.sum(axis=0) / n, 0.0)
    return np.sqrt((deviations**2).sum(axis=0) / n), np.abs(numbers).max(axis=0)


def _split_columns(frame: Any) -> list[np.ndarray]:
    """Return the columns of a pandas or polars DataFrame, each as an array of its own type."""
    if isinstance(frame, pd.DataFrame):
        return [frame.iloc[:, j].to_numpy() for j in range(frame.shape[1])]
    return [column.to_numpy() for column in frame.get_columns()]


def _change_column(column: Any, number: int, up: bool, size: float) -> Any:
    """Return an array or Series of shape (n_rows,) with another value in each row."""
    # Each column has its own seed, so its new values do not depend on the other columns.
    rng = np.random.default_rng([number, up])
    values = column if isinstance(column, np.ndarray) else column.to_numpy()
    present = np.flatnonzero(~pd.isna(values))
    kind = pd.api.types.infer_dtype(values[present], skipna=False)
    if kind in _DATES:
        return column
    if kind == "boolean":
        return _replace_values(column, present, ~values[present].astype(bool))
    if kind in _NUMBERS and not isinstance(column.dtype, pd.CategoricalDtype):
        present = present[np.isfinite(values[present].astype(np.float64))]
        # polars returns nullable integers as floats, but their type is named "int".
        whole = kind == "integer" or "int" in str(column.dtype).lower()
        numbers = _change_numbers(values[present].astype(np.float64), whole, up, size, rng)
        return _replace_values(column, present, numbers)
    codes, names = pd.factorize(values)
    if len(names) < 2:
        return column
    first_positions = present[np.unique(codes[present], return_index=True)[1]]
    others = (codes + rng.integers(1, len(names), size=len(codes))) % len(names)
    # Values taken from other rows have the right type in each container.
    return _take_values(column, np.where(codes < 0, np.arange(len(codes)), first_positions[others]))


def _change_numbers(
    numbers: np.ndarray, whole: bool, up: bool, size: float, rng: np.random.Generator
) -> np.ndarray:
    """Return larger or smaller numbers. Integers become other integers."""
    if len(numbers) == 0:
        return numbers
    u = rng.uniform(size=len(numbers))
    spread = numbers.std() if numbers.min() < numbers.max() else 1.0
    if up or numbers.min() < 0:
        shift = size * (1 + u) * spread
        shift = np.maximum(1, np.rint(shift)) if whole else shift
        return (numbers + shift if up else numbers - shift).astype(np.int64 if whole else float)
    smaller = numbers * (1 + u) / (4 * size)
    # A count of 1 or more stays at least 1, since a pipeline may take its logarithm.
    return np.maximum(np.floor(smaller), numbers >= 1).astype(np.int64) if whole else smaller


def _replace_values(column: Any, positions: np.ndarray, values: np.ndarray) -> Any:
    """Return a copy of a column with new values at the given positions."""
    if isinstance(column, np.ndarray):
        column = column.copy()
        column[positions] = values
    elif isinstance(column, pd.Series):
        column = column.copy()
        column.iloc[positions] = pd.Series(values).astype(column.dtype).array
    else:
        column = column.clone().scatter(positions, type(column)(values).cast(column.dtype))
    return column


def _take_values(column: Any, positions: np.ndarray) -> Any:
    """Return a column with the values of the given positions, and its own labels."""
    if isinstance(column, pd.Series):
        return column.iloc[positions].set_axis(column.index)
    return column[positions]
