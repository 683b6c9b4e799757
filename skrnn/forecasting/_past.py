"""Known rows that a forecast continues: the rows of `X`, or the fitted rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from skrnn._utils.validation import (
    check_container,
    complex_error,
    read_as_numbers,
    refuse_column,
)
from skrnn.forecasting._window_paths import WindowPath
from skrnn.windows._labels import group_keys, positions_by_series, read_labels, read_ticks
from skrnn.windows._next_labels import (
    join_labels,
    labels_after,
    share_next_labels,
    summarize_labels,
)
from skrnn.windows._order import check_order
from skrnn.windows._placing import LabelSummary, share_rules
from skrnn.windows._transformer import windows_of

_LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Past:
    """The known rows that a forecast continues: the rows of `X`, or the fitted rows.

    Attributes
    ----------
    frame : DataFrame
        The rows of `X`. Without `X` it has columns, but no rows. Columns of an array are numbered.

    is_frame : bool
        Whether the estimator reads DataFrames. Otherwise it reads arrays.

    keys : list of str
        The index levels and columns that name a series.

    series : dict
        The summary of the labels of each series, by its name. Without keys there is one series,
        and its name is None.

    is_labeled : bool
        Whether rows have labels. If they do, predictions are returned with labels.

    future : DataFrame or None
        The known values of the future rows, as given.
    """

    frame: pd.DataFrame
    is_frame: bool
    keys: list[str]
    series: dict[Hashable, LabelSummary | None]
    is_labeled: bool
    future: pd.DataFrame | None = None

    @property
    def key_levels(self) -> list[str]:
        """Keys that are index levels."""
        return [key for key in self.keys if key not in self.frame.columns]

    @property
    def key_columns(self) -> list[str]:
        """Keys that are columns."""
        return [key for key in self.keys if key in self.frame.columns]

    @property
    def feature_columns(self) -> list[Any]:
        """Columns that are not keys."""
        return [column for column in self.frame.columns if column not in self.keys]

    def key_values(self, steps: int) -> dict[str, np.ndarray]:
        """Return the values of each key: all series of the first step, then of the second."""
        names: list[Any] = list(self.series)
        parts = names if len(self.keys) > 1 else [(name,) for name in names]
        values = {}
        for number, key in enumerate(self.keys):
            column = np.empty(len(names), dtype=object)
            column[:] = [part[number] for part in parts]
            values[key] = np.tile(column, steps)
        return values

    def as_given(self, rows: pd.DataFrame) -> Any:
        """Return rows as the estimator reads them."""
        return rows if self.is_frame else rows.to_numpy()

    def probe_rows(self, n: int) -> pd.DataFrame:
        """Return up to `n` rows of one series, to test the steps before the window.

        These are the last rows of `X`. Without `X` they are made up: each column holds its first
        value in `future`, or NaN.
        """
        if len(self.frame):
            series = read_labels(self.frame, self.keys or None).series
            if series is None:
                return self.frame.iloc[-n:]
            return self.frame.iloc[np.flatnonzero(series[0] == series[0][-1])[-n:]]
        name, summary = next(iter(self.series.items()))
        one = Past(self.frame, self.is_frame, self.keys, {name: summary}, self.is_labeled)
        keys = one.key_values(n)
        labels = None if summary is None else labels_after(summary, n)
        index: pd.Index = pd.RangeIndex(n) if labels is None else labels
        if self.key_levels:
            levels = [keys[key] for key in self.key_levels]
            index = pd.MultiIndex.from_arrays(
                [*levels, index], names=[*self.key_levels, index.name]
            )
        columns = {name: keys.get(name, np.full(n, np.nan)) for name in self.frame.columns}
        future = pd.DataFrame() if self.future is None else self.future
        for name in self.feature_columns if len(future) else ():
            if name in future.columns:
                columns[name] = future[name].array.take(np.zeros(n, dtype=np.intp))
        return pd.DataFrame(columns, index=index)

    @staticmethod
    def with_values(rows: pd.DataFrame, column: Any, values: Any) -> pd.DataFrame:
        """Return rows with other values in a column; a single value changes the last row only."""
        changed = rows.copy()
        if np.ndim(values) == 0:
            before = pd.to_numeric(rows[column]).to_numpy(dtype=np.float64, na_value=np.nan)
            values = np.append(before[:-1], values)
        changed[column] = values
        return changed


def read_past(estimator: Any, paths: list[WindowPath], X: Any, future: Any = None) -> Past:
    """Read the known rows from `X`, or from the windows of a fitted estimator if X is None.

    Raises
    ------
    ValueError
        If the estimator contains no window, if X is None and the window remembers no rows, or if
        X is not of two dimensions, lacks the keys or has labels out of order.
    """
    windows = list(windows_of(estimator))
    if not windows:
        raise ValueError(
            f"{type(estimator).__name__} has no SlidingWindowTransformer within it, so it cannot "
            "read its own predictions. Give a fitted Pipeline that contains one."
        )
    keys = next((group_keys(window.group) for window in windows if window.group is not None), [])
    reader = _first_reader(estimator)
    names = getattr(reader, "feature_names_in_", None)
    fitted = paths[0].window if paths else None
    starts = {} if fitted is None else dict(fitted._starts)
    if X is not None:
        frame, is_frame = read_frame(X, "X")
        rows = read_labels(frame, keys or None)
        series: dict[Hashable, LabelSummary | None] = {}
        ticks = read_ticks(rows)
        for name, where in positions_by_series(rows).items():
            if ticks is not None:
                check_order(ticks.at(where), rows, name, where, frame, keys or None)
            labels = summarize_labels(rows, ticks, where, 0)
            if name in starts and labels is not None:
                labels = join_labels(starts[name]["labels"], labels)
            series[name] = labels
        _share_label_rules(series, positions_by_series(rows), fitted)
        return Past(frame, is_frame, keys, series, is_labeled=is_frame)
    if fitted is None or not all(path.window.carry_context for path in paths):
        why = "is within another step" if fitted is None else "has carry_context=False"
        raise ValueError(
            f"The fitted rows are not remembered, because the window {why}. Give the last known "
            "rows as X."
        )
    columns = [*(range(reader.n_features_in_) if names is None else names)]
    # The window removes its key columns. As the first step, it does not count them as features.
    columns += [key for key in fitted._group_columns if key not in columns]
    series = {name: start["labels"] for name, start in starts.items()}
    frame = pd.DataFrame(columns=columns, dtype=np.float64)
    is_labeled = any(summary is not None for summary in series.values())
    known = None if future is None else read_frame(future, "future")[0]
    return Past(frame, names is not None, keys, series, is_labeled, known)


def _first_reader(estimator: Any) -> Any:
    """Return the first fitted step of nested pipelines, which knows the names of the columns."""
    while isinstance(estimator, Pipeline):
        estimator = next(step for _, step in estimator.steps if step not in (None, "passthrough"))
    return estimator


def _share_label_rules(
    series: dict[Hashable, LabelSummary | None], positions: dict[Hashable, Any], fitted: Any
) -> None:
    """Give series of one or two rows the label rule of longer series or of the fitted rows."""
    summaries = list(series.values())
    counts = [0 if isinstance(where, slice) else len(where) for where in positions.values()]
    known = next((summary for summary in summaries if summary is not None), None)
    shared = None if fitted is None else fitted._shared
    others = [shared] if known and shared and shared["second"] == known["second"] else []
    best = share_rules([*summaries, *others], [*counts, *([0] * len(others))])
    share_next_labels(summaries, best)


def read_frame(X: Any, name: str) -> tuple[pd.DataFrame, bool]:
    """Return rows as a pandas DataFrame, and whether they were a DataFrame of any library."""
    check_container(X, name, unique_names=True, numbers=False)
    if isinstance(X, pd.DataFrame):
        _check_objects(X, name)
        return X, True
    if hasattr(X, "columns"):
        frame = pd.DataFrame({column: X[column].to_numpy() for column in X.columns})
        _check_objects(frame, name)
        return frame, True
    if name == "X":
        refuse_column(X, "forecast expects a table of rows and columns", may_be_row=True)
    with read_as_numbers(X, name, "forecast"):
        X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(
            f"{name} of shape {X.shape} has {X.ndim} dimension(s). Give rows of shape (n_samples, "
            "n_features)."
        )
    if X.dtype.kind == "c":
        raise complex_error(name, X.dtype)
    if X.dtype == np.longdouble:
        # Beyond float64 it becomes infinity, which estimators refuse.
        with np.errstate(over="ignore"):
            X = X.astype(np.float64)
    if X.dtype.kind == "S":
        raise ValueError(
            f"{name} holds values of type {X.dtype}, which are not numbers. Give "
            f"{name}.astype(float)."
        )
    if not X.dtype.isnative:
        # pandas 2 cannot select rows of numbers in another byte order.
        X = X.astype(X.dtype.newbyteorder("="))
    frame = pd.DataFrame(X)
    _check_objects(frame, name)
    return frame, False


def _check_objects(frame: pd.DataFrame, name: str) -> None:
    """Refuse cells that hold several values, complex numbers, or numbers beyond float64."""
    for column in frame.columns:
        if frame[column].dtype != object:
            continue
        for row, value in enumerate(frame[column]):
            if isinstance(value, complex | np.complexfloating):
                raise complex_error(name, "complex")
            # Lists are not hashable, nor is the signaling NaN of decimal, which raises errors.
            if not pd.api.types.is_hashable(value):
                raise ValueError(
                    f"{name} holds an object of type {type(value).__name__} in row {row} of column "
                    f"{column!r}. Give one number, text or date in each cell."
                )
            if isinstance(value, int | np.longdouble) and (value > _LARGEST or value < -_LARGEST):
                raise ValueError(
                    f"{name} holds a number in row {row} of column {column!r} that is too large "
                    "for a float. Give smaller numbers, such as multiples of a larger unit."
                )
