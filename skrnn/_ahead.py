"""Rows that are still to come: their labels, and what is known of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from skrnn._validation import check_container, read_as_numbers
from skrnn.windows._labels import (
    LabeledRows,
    group_keys,
    positions_by_series,
    read_labels,
    read_ticks,
)
from skrnn.windows._next_labels import follows, join_labels, labels_after, summarize
from skrnn.windows._placing import LabelSummary
from skrnn.windows._transformer import windows_of


@dataclass(frozen=True)
class Past:
    """The rows before those that are predicted.

    Attributes
    ----------
    frame : DataFrame
        The rows, none if they are those that were fitted. Columns of an array have numbers.

    is_frame : bool
        Whether the estimator reads DataFrames, and not arrays.

    group : str or None
        What names the series.

    series : dict of series to summary of its labels
        One, named None, without a group.

    is_labeled : bool
        Whether labels are worth to be returned.
    """

    frame: pd.DataFrame
    is_frame: bool
    group: str | None
    series: dict[Hashable, LabelSummary | None]
    is_labeled: bool

    @property
    def group_is_level(self) -> bool:
        """Whether series are named in the index."""
        return self.group is not None and self.group not in self.frame.columns

    def find_target(self, target: Any) -> Any:
        """Return the column that is predicted, None if it cannot be told."""
        columns = [column for column in self.frame.columns if column != self.group]
        if target is None:
            return columns[0] if len(columns) == 1 else None
        try:
            # By its hash: an array would be compared value by value.
            is_column = target in set(columns)
        except TypeError:
            is_column = False
        if not is_column:
            raise ValueError(f"target={target!r} is not a column of X, which has {columns}.")
        return target


def read_past(estimator: Any, X: Any) -> Past:
    """Read the rows that are given, or what the windows of a fitted estimator remember.

    Raises
    ------
    ValueError
        If there is no window within the estimator, none that remembers rows where they are
        wanted, X has no two dimensions, or the group is not in it.
    """
    windows = list(windows_of(estimator))
    if not windows:
        raise ValueError(
            f"{type(estimator).__name__} has no SlidingWindowTransformer within it, so that the "
            "rows it has predicted would never be read. Give a fitted Pipeline with one."
        )
    keys = next((group_keys(window.group) for window in windows if window.group is not None), [])
    if len(keys) > 1:
        raise ValueError(
            f"forecast reads one key of a panel, and the windows have group={keys}. Join these "
            "into one column before fit."
        )
    group = keys[0] if keys else None
    names = getattr(estimator, "feature_names_in_", None)
    fitted = next((window for window in windows if hasattr(window, "fill_values_")), None)
    starts = {} if fitted is None else dict(fitted._starts)
    if X is not None:
        frame, is_frame = _read_frame(X, "X")
        rows = read_labels(frame, group)
        series: dict[Hashable, LabelSummary | None] = {}
        ticks = read_ticks(rows)
        for name, where in positions_by_series(rows).items():
            labels = summarize(rows, ticks, where, 0)
            if name in starts and labels is not None:
                labels = join_labels(starts[name]["labels"], labels)
            series[name] = labels
        return Past(frame, is_frame, group, series, is_labeled=is_frame)
    if fitted is None or not fitted.carry_context:
        why = "is within another step" if fitted is None else "has carry_context=False"
        raise ValueError(
            f"The rows that the estimator was fitted on are not remembered: its window {why}. Give "
            "the rows before those that are predicted as X."
        )
    columns = [*(range(estimator.n_features_in_) if names is None else names)]
    if group in fitted._group_columns and group not in columns:
        # The window takes it out, and may be the first step.
        columns.append(group)
    series = {name: start["labels"] for name, start in starts.items()}
    frame = pd.DataFrame(columns=columns, dtype=np.float64)
    is_labeled = any(summary is not None for summary in series.values())
    return Past(frame, names is not None, group, series, is_labeled)


def _read_frame(X: Any, name: str) -> tuple[pd.DataFrame, bool]:
    """Return rows as a pandas DataFrame, and whether they were a DataFrame of any kind."""
    check_container(X, name, unique_names=True, numbers=False)
    if isinstance(X, pd.DataFrame):
        return X, True
    if hasattr(X, "columns"):
        columns = {column: X[column].to_numpy() for column in X.columns}
        return pd.DataFrame(columns), True
    with read_as_numbers(X, name, "forecast"):
        X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(
            f"{name} of shape {X.shape} has {X.ndim} dimension(s). Give rows, of shape (n_samples, "
            "n_features)."
        )
    if X.dtype.kind == "S":
        raise ValueError(
            f"{name} holds values of type {X.dtype}, which are not numbers. Give "
            f"{name}.astype(float)."
        )
    if not X.dtype.isnative:
        # pandas 2 cannot take rows of numbers in another order of bytes.
        X = X.astype(X.dtype.newbyteorder("="))
    return pd.DataFrame(X), False


def _with_nan(dtype: Any) -> np.dtype:
    """Return the type in which a column goes on with NaN, at whose choice pandas 2 warns."""
    if isinstance(dtype, np.dtype) and dtype.kind in "biufcO":
        return np.promote_types(dtype, np.float64)
    return np.dtype(np.float64 if is_numeric_dtype(dtype) else object)


class Ahead:
    """The rows to come: a row for each series at each step, all series of a step together.

    Parameters
    ----------
    past : Past
        The rows before them.

    steps : int
        How many there are of each series.

    future : {array-like, DataFrame} or None
        What is known of them.

    target : object
        The column that is predicted, None if it cannot be told.

    Raises
    ------
    ValueError
        If `future` has other rows or columns, or the labels have no frequency.
    """

    def __init__(self, past: Past, steps: int, future: Any, target: Any) -> None:
        self._past = past
        self._target = target
        self._steps = steps
        known = self._read_future(future)
        self._known = set(known.columns)
        self._series = np.tile(np.asarray([*past.series], dtype=object), steps)
        self._index, self._labels = self._make_index(known if future is not None else None)
        unknown = {
            name
            for name in past.frame.columns
            if name != past.group and (name == target or name not in known)
        }
        columns = {
            name: self._series
            if name == past.group
            else np.full(len(self._series), np.nan)
            if name in unknown
            else known[name].array
            for name in past.frame.columns
        }
        self._frame = pd.DataFrame(columns, index=self._index)
        dtypes = past.frame.dtypes
        self._before = past.frame.astype({name: _with_nan(dtypes[name]) for name in unknown})
        self._predicted = np.full(len(self._series), np.nan)

    def rows_until(self, step: int) -> Any:
        """Return the rows before and those of the first steps, as the estimator reads them."""
        rows = self._frame.iloc[: step * len(self._past.series)]
        if len(self._past.frame):
            rows = pd.concat([self._before, rows])
        return rows if self._past.is_frame else rows.to_numpy()

    def check_readable(self) -> None:
        """Refuse rows of which the next ones could not be predicted."""
        if self._steps == 1:
            return
        columns = [column for column in self._past.frame.columns if column != self._past.group]
        if self._target is None:
            raise ValueError(
                f"The rows have the columns {columns}, and nobody can tell which of them is "
                "predicted. Give it as target."
            )
        unknown = [name for name in columns if name != self._target and name not in self._known]
        if unknown:
            raise ValueError(
                f"The columns {unknown} are read, but not predicted: what they are in the next "
                f"{self._steps} rows must be known. Give them as future."
            )

    def fill(self, step: int, values: np.ndarray) -> None:
        """Let what was predicted be what came."""
        n = len(self._past.series)
        self._predicted[(step - 1) * n : step * n] = values
        self._frame[self._target] = self._predicted

    def label(self, values: np.ndarray) -> Any:
        """Return predictions with the labels of their rows, if there are any."""
        if self._labels is None:
            return values
        index = self._labels
        if self._past.group is not None and not self._past.group_is_level:
            index = pd.MultiIndex.from_arrays(
                [self._series, index], names=[self._past.group, index.name]
            )
        return pd.Series(values, index=index, name=self._target)

    def _read_future(self, future: Any) -> pd.DataFrame:
        """Return what is known, with the rows in order."""
        past = self._past
        n_rows = self._steps * len(past.series)
        if future is None:
            return pd.DataFrame(index=range(n_rows))
        future, has_names = _read_frame(future, "future")
        if not has_names:
            if past.group is not None:
                raise ValueError(
                    f"future is an array, but group={past.group!r} says which series a row belongs "
                    "to by name. Give a DataFrame."
                )
            if future.shape != (n_rows, past.frame.shape[1]):
                raise ValueError(
                    f"future of shape {future.shape} is not a row for each of the {n_rows} to come "
                    f"with all {past.frame.shape[1]} column(s) of X. Columns of which nothing is "
                    "known may be left out of a DataFrame."
                )
            future = future.set_axis(past.frame.columns, axis=1)
        others = [name for name in future.columns if name not in past.frame.columns]
        if others:
            raise ValueError(
                f"future has the columns {others}, but X has only {list(past.frame.columns)}."
            )
        rows = read_labels(future, past.group)
        positions = {
            name: np.arange(len(future))[where] for name, where in positions_by_series(rows).items()
        }
        counts = {name: len(of_series) for name, of_series in positions.items()}
        if counts != dict.fromkeys(past.series, self._steps):
            raise ValueError(
                f"future has the rows {counts if past.group else len(future)}, but steps="
                f"{self._steps} needs {self._steps}"
                + (f" of each of the series {list(past.series)}." if past.group else ".")
            )
        self._check_labels(rows, positions)
        order = np.column_stack([positions[name] for name in past.series])
        future = future.iloc[order.ravel()]
        # In another order, a default index would look like labels.
        return future.reset_index(drop=True) if rows.has_default_labels else future

    def _check_labels(self, rows: LabeledRows, positions: dict[Hashable, np.ndarray]) -> None:
        """Refuse labels that are not those of the rows after the fitted ones, if these are meant.

        The windows would take their rows for those of a new series.
        """
        if rows.labels is None or rows.has_default_labels or len(self._past.frame):
            return
        for name, where in positions.items():
            fitted, labels = self._past.series[name], rows.labels[where]
            if fitted is not None and not fitted["count"] and not follows(labels, fitted):
                raise ValueError(
                    f"The labels of future, from {labels[0]!r} to {labels[-1]!r}, do not go on "
                    "where those of the fitted rows ended: they must increase, and begin after "
                    "the last of them by no more than their largest step. Give the rows in "
                    "between as X."
                )

    def _make_index(self, future: pd.DataFrame | None) -> tuple[pd.Index, pd.Index | None]:
        """Return the index that the estimator reads, and the labels of what is returned."""
        past, n_rows = self._past, len(self._series)
        default = pd.RangeIndex(len(past.frame), len(past.frame) + n_rows)
        summaries = [summary for summary in past.series.values() if summary is not None]
        counts_only = all(summary["count"] > 0 for summary in summaries)
        if future is not None and not isinstance(future.index, pd.RangeIndex):
            # Labels of the user are for what is returned; rows without labels go on with numbers.
            is_plain = counts_only and not past.group_is_level
            return default if is_plain else future.index, future.index
        if past.group_is_level and not summaries:
            # Nothing but the names of the series.
            index = pd.Index(self._series, name=past.group)
            return index, index
        if not past.is_labeled:
            return default, None
        if counts_only:
            fresh = past.group is not None or len(past.frame) or not summaries
            first = len(past.frame) if fresh else int(summaries[0]["tail"][-1]) + 1
            return default, pd.RangeIndex(first, first + n_rows)
        made = [labels_after(summary, self._steps) for summary in summaries]
        of_series = [labels for labels in made if labels is not None]
        if len(of_series) < len(past.series):
            raise ValueError(
                "The labels of the rows have no frequency, so that nobody can tell what the next "
                "ones are: there are too few, they come at irregular steps, as days without "
                "holidays do, some are missing (DataFrame.asfreq finds them), or they are neither "
                "numbers nor dates in order. Give a DataFrame with the index of the rows to come "
                "as future, such as pd.DataFrame(index=pd.bdate_range(start, periods=steps))."
            )
        if past.group is None:
            labels = of_series[0]
            index = past.frame.index
            if isinstance(labels, pd.DatetimeIndex) and isinstance(index, pd.DatetimeIndex):
                # A time zone may have no name to know it by.
                labels = labels if index.tz is None else labels.tz_convert(index.tz)
            return labels, labels
        # All series of the first step, then all of the second, ...
        columns = zip(*of_series, strict=True)
        index = pd.Index([label for step in columns for label in step], name=of_series[0].name)
        if not past.group_is_level:
            return index, index
        names = list(past.frame.index.names) if len(past.frame) else [past.group, index.name]
        levels = {past.group: self._series, index.name: index}
        index = pd.MultiIndex.from_arrays([levels[name] for name in names], names=names)
        return index, index
