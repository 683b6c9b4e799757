"""Changes of values, and the search for outputs that move with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

# Share of the spread of an output that counts as no change.
TOLERANCE = 1e-6
_DATES = {"datetime", "datetime64", "date", "time", "timedelta", "timedelta64", "period"}
_NUMBERS = {"integer", "floating", "mixed-integer-float"}


def alter(
    rows: Any, columns: Iterable[int] | None = None, *, up: bool = True, size: float = 1.0
) -> Any:
    """Return rows in which each value is another one that a pipeline can read.

    Numbers move by one to two standard deviations of their column, so that its mean, least and
    largest value move as well; booleans are flipped; other values become another one of their
    column. Dates, missing values and labels stay, and so do containers and types.

    Parameters
    ----------
    rows : ndarray, Series or DataFrame of shape (n_rows,), (n_rows, n_columns) or \
            (n_rows, n_columns, n_features)
        Left as they are.
    columns : iterable of int, default=None
        Which columns to change; all of them by default.
    up : bool, default=True
        Whether numbers grow. If not they shrink, and those of a column without negative numbers
        stay so: a pipeline may take their logarithm.
    size : float, default=1.0
        How many times as far numbers move.
    """
    if np.ndim(rows) == 1:
        return _alter_column(rows, 0, up, size)
    chosen = range(np.shape(rows)[1]) if columns is None else columns
    if isinstance(rows, np.ndarray):
        altered: Any = rows.copy()
        for j in chosen:
            for feature in np.ndindex(rows.shape[2:]):
                place = (slice(None), j, *feature)
                altered[place] = _alter_column(rows[place], j, up, size)
        return altered
    if isinstance(rows, pd.DataFrame):
        altered = rows.copy()
        for j in chosen:
            altered.isetitem(j, _alter_column(rows.iloc[:, j], j, up, size))
        return altered
    return rows.with_columns([_alter_column(rows.to_series(j), j, up, size) for j in chosen])


def splice(rows: Any, altered: Any, last: int) -> Any:
    """Return a copy of `rows` up to the position `last` and of the `altered` ones after it."""
    n_rows = len(rows)
    positions = np.arange(n_rows)
    positions[last + 1 :] += n_rows
    if isinstance(rows, np.ndarray):
        return np.concatenate([rows, altered])[positions]
    if isinstance(rows, pd.DataFrame | pd.Series):
        # Not `concat` of the two parts: one of them may have no rows or nothing but NaN.
        return pd.concat([rows, altered]).iloc[positions].set_axis(rows.index)
    return sys.modules["polars"].concat([rows, altered])[positions]


def missing(rows: Any, columns: Iterable[int] | None = None) -> np.ndarray:
    """Tell in which rows a value of the given columns is missing, shape (n_rows,)."""
    if np.ndim(rows) == 1:
        return np.asarray(pd.isna(np.asarray(rows)))
    columns = range(np.shape(rows)[1]) if columns is None else columns
    values = _columns_of(rows) if hasattr(rows, "columns") else np.moveaxis(rows, 1, 0)
    found = np.zeros(len(rows), dtype=bool)
    for j in columns:
        found |= pd.isna(values[j]).reshape(len(rows), -1).any(axis=1)
    return found


def few(places: np.ndarray, n_places: int) -> np.ndarray:
    """Return so many of the places at most, evenly spaced among them."""
    if len(places) <= n_places:
        return places
    return places[np.linspace(0, len(places) - 1, n_places).astype(int)]


def moved(before: Any, after: Any, *, least: float = 0.0) -> np.ndarray:
    """Tell for each value of an output whether it is another one, row by row.

    Parameters
    ----------
    before, after : ndarray, sparse matrix, Series or DataFrame of shape (n_rows, ...)
        Two outputs of one shape.
    least : float, default=0.0
        Differences up to this one are rounding, however little a column varies.

    Returns
    -------
    moved : ndarray of bool of shape (n_rows, n_values)
        Numbers that differ by no more than a millionth of the spread of their column have not
        moved, and neither has what is missing in both.
    """
    if hasattr(before, "toarray"):
        return moved(before.toarray(), after.toarray(), least=least)
    if hasattr(before, "columns"):
        pairs = zip(_columns_of(before), _columns_of(after), strict=True)
        return np.hstack([moved(*pair, least=least) for pair in pairs])
    before, after = np.asarray(before), np.asarray(after)
    before, after = before.reshape(len(before), -1), after.reshape(len(after), -1)
    if before.dtype.kind not in "biuf" or after.dtype.kind not in "biuf":
        # Codes are equal for what is missing, and can be compared whatever the values are.
        both = np.concatenate([before, after]).astype(object)
        codes = pd.factorize(both.ravel())[0].reshape(both.shape)
        return codes[: len(before)] != codes[len(before) :]
    before, after = before.astype(np.float64), after.astype(np.float64)
    finite = np.ma.masked_invalid(before)
    spread, size = finite.std(axis=0).filled(0), np.abs(finite).max(axis=0).filled(0)
    tolerance = np.maximum(TOLERANCE * np.where(spread > 0, spread, size), least)
    # NumPy 1's isclose knows one tolerance only.
    with np.errstate(invalid="ignore"):
        is_close = np.abs(after - before) <= tolerance + 1e-12 * np.abs(before)
    return ~(
        is_close & np.isfinite(before) | (after == before) | np.isnan(after) & np.isnan(before)
    )


def _columns_of(frame: Any) -> list[np.ndarray]:
    """Return the columns of a pandas or polars frame, each with a type of its own."""
    if isinstance(frame, pd.DataFrame):
        return [frame.iloc[:, j].to_numpy() for j in range(frame.shape[1])]
    return [column.to_numpy() for column in frame.get_columns()]


def _alter_column(column: Any, number: int, up: bool, size: float) -> Any:
    """Return another value for each of an array or Series of shape (n_rows,)."""
    # Drawn for the column alone, since what it becomes must not depend on the others.
    rng = np.random.default_rng([number, up])
    values = column if isinstance(column, np.ndarray) else column.to_numpy()
    present = np.flatnonzero(~pd.isna(values))
    kind = pd.api.types.infer_dtype(values[present], skipna=False)
    if kind in _DATES:
        return column
    if kind == "boolean":
        return _put(column, present, ~values[present].astype(bool))
    if kind in _NUMBERS and not isinstance(column.dtype, pd.CategoricalDtype):
        present = present[np.isfinite(values[present].astype(np.float64))]
        # Nullable integers come as floats from polars: the type tells, under any of its names.
        whole = kind == "integer" or "int" in str(column.dtype).lower()
        numbers = _alter_numbers(values[present].astype(np.float64), whole, up, size, rng)
        return _put(column, present, numbers)
    codes, names = pd.factorize(values)
    if len(names) < 2:
        return column
    first_places = present[np.unique(codes[present], return_index=True)[1]]
    others = (codes + rng.integers(1, len(names), size=len(codes))) % len(names)
    # An old value taken from its row is of the right type in every container.
    return _take(column, np.where(codes < 0, np.arange(len(codes)), first_places[others]))


def _alter_numbers(
    numbers: np.ndarray, whole: bool, up: bool, size: float, rng: np.random.Generator
) -> np.ndarray:
    """Return other numbers, larger or smaller, whole if they were."""
    if len(numbers) == 0:
        return numbers
    u = rng.uniform(size=len(numbers))
    spread = numbers.std() if numbers.min() < numbers.max() else 1.0
    if up or numbers.min() < 0:
        shift = size * (1 + u) * spread
        shift = np.maximum(1, np.rint(shift)) if whole else shift
        return (numbers + shift if up else numbers - shift).astype(np.int64 if whole else float)
    smaller = numbers * (1 + u) / (4 * size)
    # A count of 1 or more stays one, for the sake of its logarithm too.
    return np.maximum(np.floor(smaller), numbers >= 1).astype(np.int64) if whole else smaller


def _put(column: Any, places: np.ndarray, values: np.ndarray) -> Any:
    """Return a copy of a column with other values at some places."""
    if isinstance(column, np.ndarray):
        column = column.copy()
        column[places] = values
    elif isinstance(column, pd.Series):
        column = column.copy()
        column.iloc[places] = pd.Series(values).astype(column.dtype).array
    else:
        column = column.clone().scatter(places, type(column)(values).cast(column.dtype))
    return column


def _take(column: Any, places: np.ndarray) -> Any:
    """Return a column with the values of other places, under the labels it has."""
    if isinstance(column, pd.Series):
        return column.iloc[places].set_axis(column.index)
    return column[places]
