"""Future rows: their labels and their known values."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from skrnn.exceptions import MissingStepsWarning
from skrnn.forecasting._past import Past, read_frame
from skrnn.windows._labels import LabeledRows, describe_kind, positions_by_series, read_labels
from skrnn.windows._next_labels import (
    are_next_labels,
    count_missing_labels,
    describe_next_labels,
    labels_after,
)
from skrnn.windows._placing import LabelSummary

# A column is read if the model's input changes with its values: this many values are tried.
_N_TRIED = 5
# The values that are tried if no value of the column is known.
_NUMBERS_TRIED = (1.0, 2.0, 0.0, -1.0, 10.0, 100.0, 1e3, 1e4, 1e6, -1e3, -1e6)


def _type_with_nan(dtype: Any) -> np.dtype:
    """Return the type of a column to which NaN is appended.

    pandas 2 warns if it has to choose this type.
    """
    if isinstance(dtype, np.dtype) and dtype.kind in "biufcO":
        return np.promote_types(dtype, np.float64)
    return np.dtype(np.float64 if is_numeric_dtype(dtype) else object)


class FutureRows:
    """Future rows of each series: all series of the first step, then of the second, and so on.

    Parameters
    ----------
    past : Past
        The known rows before the future rows.

    steps : int
        Number of future rows of each series.

    future : {array-like, DataFrame} or None
        The known values of the future rows.

    targets : list
        The target columns.

    Attributes
    ----------
    n_series : int
        Number of series.

    n_steps : int
        Number of future rows of each series.

    unknown : list
        The target columns, and the other columns without known values.

    Raises
    ------
    ValueError
        If `future` has other rows or columns than expected, or labels that do not continue the
        known rows. If `future` has no labels and the labels of the known rows follow no rule.
    """

    def __init__(self, past: Past, steps: int, future: Any, targets: list[Any]) -> None:
        self._past = past
        self.n_series = len(past.series)
        self.n_steps = steps
        self._n_rows = steps * self.n_series
        self._order: np.ndarray | None = None
        known = self._read_future(future, steps)
        self._keys = past.key_values(steps)
        self._index, self._labels = self._make_index(known if future is not None else None, steps)
        self.unknown = [
            name for name in past.feature_columns if name in targets or name not in known
        ]
        columns = {
            name: self._keys[name]
            if name in past.keys
            else np.full(self._n_rows, np.nan)
            if name in self.unknown
            else known[name].array
            for name in past.frame.columns
        }
        self._frame = pd.DataFrame(columns, index=self._index)
        dtypes = past.frame.dtypes
        self._before = past.frame.astype(
            {name: _type_with_nan(dtypes[name]) for name in self.unknown}
        )

    def warn_of_missing_steps(self) -> None:
        """Warn if the labels of `future` leave out steps, by the rule of the known labels."""
        if self._labels is None or self._order is not None:
            return
        for number, (name, summary) in enumerate(self._past.series.items()):
            labels = self._labels[number :: self.n_series]
            if isinstance(labels, pd.MultiIndex) or summary is None or summary["count"]:
                continue
            missing = count_missing_labels(labels, summary)
            if missing.any():
                place = int(np.flatnonzero(missing)[0])
                of_series = f" of the series {name!r}" if self._past.keys else ""
                warnings.warn(
                    f"The labels of future{of_series} leave out {missing.sum()} step(s), the first "
                    f"between {labels[place]} and {labels[place + 1]}, but forecast predicts the "
                    "next rows one by one. Give a row for each step.",
                    MissingStepsWarning,
                    stacklevel=3,
                )
                return

    def rows_until(self, step: int) -> Any:
        """Return the known rows and the future rows up to a step, as the estimator reads them."""
        return self._join(self._frame.iloc[: step * self.n_series])

    def columns_with_nan(self, step: int) -> list[Any]:
        """Return the columns in which a future row up to a step has NaN."""
        is_empty = self._frame.iloc[: step * self.n_series].isna().any()
        return [name for name in self._past.feature_columns if is_empty[name]]

    def rows_with_numbers(self, step: int) -> Any:
        """Return the rows of `rows_until` with a possible value in place of each NaN."""
        frame = self._frame.iloc[: step * self.n_series].copy()
        for column in self.columns_with_nan(step):
            value = self._alternatives(column)[0]
            frame[column] = pd.Series([value] * len(frame), frame.index)
        return self._join(frame)

    def write(self, columns: list[Any], values: np.ndarray) -> None:
        """Store predictions (n_steps, n_series, n_columns) in the rows of the first steps."""
        values = values.reshape(-1, len(columns))
        for column, predicted in zip(columns, values.T, strict=True):
            stored = self._frame[column].to_numpy(dtype=np.float64, copy=True)
            stored[: len(predicted)] = predicted
            self._frame[column] = stored

    def is_read(
        self, column: Any, step: int, read: Callable[[Any, int], Any], *, if_refused: bool = True
    ) -> bool:
        """Return whether a model reads the values of an unknown column in the rows up to a step.

        Several values are tried, because steps before the model may fill NaN, clip values or put
        them into bins. `read(rows, n)` returns the input of the model for the last `n` rows. If
        `read` raises an error, `if_refused` is returned.
        """
        first: Any = None
        for number, value in enumerate(self._alternatives(column)):
            frame = self._frame.iloc[: step * self.n_series].copy()
            frame[column] = pd.Series([value] * len(frame), index=frame.index)
            try:
                model_input = read(self._join(frame), len(frame))
            except (TypeError, ValueError, KeyError):
                # A step refuses the value of this column, or NaN in another unknown column.
                return if_refused
            if number == 0:
                first = model_input
            elif not are_equal(first, model_input):
                return True
        return False

    def label(self, values: np.ndarray, names: list[Any]) -> Any:
        """Return predictions with the labels of their rows, or as an array if there are none.

        Parameters
        ----------
        values : ndarray of shape (n_rows,) or (n_rows, n_columns)
            Predictions: all series of the first step, then of the second, and so on.
        names : list
            The name of the Series, or the names of the columns.
        """
        if self._labels is None:
            return values
        index = self._labels
        columns = self._past.key_columns
        if columns:
            levels = [index.get_level_values(number) for number in range(index.nlevels)]
            index = pd.MultiIndex.from_arrays(
                [*(self._keys[key] for key in columns), *levels], names=[*columns, *index.names]
            )
        labeled: Any = (
            pd.Series(values, index=index, name=names[0] if names else None)
            if values.ndim == 1
            else pd.DataFrame(values, index=index, columns=_as_columns(names, values.shape[1]))
        )
        # Return the rows in the order of `future`.
        return labeled if self._order is None else labeled.iloc[np.argsort(self._order)]

    def _join(self, rows: pd.DataFrame) -> Any:
        if len(self._past.frame):
            rows = pd.concat([self._before, rows])
        return self._past.as_given(rows)

    def _alternatives(self, column: Any) -> list[Any]:
        """Return possible values of a column; the last one is NaN."""
        given = self._past.frame[column].dropna()
        if not is_numeric_dtype(given.dtype):
            return [*given.unique()[:_N_TRIED], np.nan]
        if not len(given):
            return [*_NUMBERS_TRIED, np.nan]
        distinct = np.unique(given.to_numpy(dtype=np.float64))
        places = np.linspace(0, len(distinct) - 1, min(len(distinct), _N_TRIED)).astype(np.intp)
        values = distinct[places].tolist()
        return [*values, *([values[0] + 1.0] if len(values) == 1 else []), np.nan]

    def _read_future(self, future: Any, steps: int) -> pd.DataFrame:
        """Return the known values of the future rows, in the order of `rows_until`."""
        past = self._past
        if future is None:
            return pd.DataFrame(index=range(self._n_rows))
        future, has_names = read_frame(future, "future")
        names = past.frame.index.names
        if len(names) > 1 and names != future.index.names and set(names) == set(future.index.names):
            future = future.reorder_levels(names)
        # scikit-learn remembers the names of fitted columns only if all of them are text.
        is_text = all(isinstance(name, str) for name in future.columns)
        by_place = not past.is_frame and not is_text and future.shape[1] == past.frame.shape[1]
        if not has_names or by_place:
            if past.keys and not has_names:
                raise ValueError(
                    f"future is an array, but group={_quote(past.keys)} names columns or index "
                    "levels, which an array does not have. Give a DataFrame."
                )
            if future.shape != (self._n_rows, past.frame.shape[1]):
                raise ValueError(
                    f"future of shape {future.shape} must have {self._n_rows} row(s) and all "
                    f"{past.frame.shape[1]} column(s) of X. Give a DataFrame to leave out columns "
                    "without known values."
                )
            future = future.set_axis(past.frame.columns, axis=1)
        others = [name for name in future.columns if name not in past.frame.columns]
        if others:
            why = (
                f"X has only {list(past.frame.columns)}"
                if past.is_frame
                else "the names of the fitted columns are not remembered, because they are not all "
                "text"
            )
            cure = "" if past.is_frame else " Give all columns in the order of X, or also give X."
            raise ValueError(f"future has the columns {others}, but {why}.{cure}")
        rows = read_labels(future, past.keys or None)
        positions = {
            name: np.arange(len(future))[where] for name, where in positions_by_series(rows).items()
        }
        counts = {name: len(of_series) for name, of_series in positions.items()}
        if counts != dict.fromkeys(past.series, steps):
            raise ValueError(
                f"future has {counts if past.keys else len(future)} row(s), but steps={steps} "
                f"needs {steps}"
                + (f" of each of the series {list(past.series)}." if past.keys else ".")
            )
        self._check_labels(rows, positions)
        order = np.column_stack([positions[name] for name in past.series]).ravel()
        if not np.array_equal(order, np.arange(len(order))):
            self._order = order
        future = future.iloc[order]
        # After reordering, a default index would look like labels.
        return future.reset_index(drop=True) if rows.has_default_labels else future

    def _check_labels(self, rows: LabeledRows, positions: dict[Hashable, np.ndarray]) -> None:
        """Refuse labels that do not continue the known rows.

        The windows would read such rows as the beginning of a new series.
        """
        if rows.labels is None or rows.has_default_labels:
            return
        known_rows = "rows of X" if len(self._past.frame) else "fitted rows"
        for name, where in positions.items():
            before, labels = self._past.series[name], rows.labels[where]
            if before is None or before["count"] or are_next_labels(labels, before):
                continue
            of_series = f" of the series {name!r}" if self._past.keys else ""
            raise ValueError(
                f"The labels of future{of_series}, from {labels[0]!r} to {labels[-1]!r}, do not "
                f"continue the labels of the {known_rows}, which end at {before['shown']}. Labels "
                "must increase, and the first one must be the next step. If rows are missing in "
                "between, give them as X."
            )

    def _make_index(
        self, future: pd.DataFrame | None, steps: int
    ) -> tuple[pd.Index, pd.Index | None]:
        """Return the index that the estimator reads, and the labels of the returned forecast."""
        past, n_rows = self._past, self._n_rows
        default = pd.RangeIndex(len(past.frame), len(past.frame) + n_rows)
        summaries = [summary for summary in past.series.values() if summary is not None]
        counts_only = all(summary["count"] > 0 for summary in summaries)
        levels = past.key_levels
        if future is not None and not isinstance(future.index, pd.RangeIndex):
            # The forecast gets the labels of the user. If the known rows have only the default
            # index, the estimator must read the default index as well.
            is_numbered = counts_only and not levels
            return default if is_numbered else future.index, future.index
        if levels and not summaries:
            # The index holds the keys, but no label of the row.
            arrays = [self._keys[key] for key in levels]
            index = (
                pd.Index(arrays[0], name=levels[0])
                if len(levels) == 1
                else pd.MultiIndex.from_arrays(arrays, names=levels)
            )
            return index, index
        if not past.is_labeled:
            return default, None
        if counts_only:
            fresh = past.keys or len(past.frame) or not summaries
            first = len(past.frame) if fresh else int(summaries[0]["tail"][-1]) + 1
            return default, pd.RangeIndex(first, first + n_rows)
        of_series = []
        for name, summary in past.series.items():
            labels = None if summary is None else labels_after(summary, steps)
            if labels is None:
                raise ValueError(self._explain_missing_rule(name, summary))
            of_series.append(labels)
        if not past.keys:
            labels = of_series[0]
            index = past.frame.index
            if isinstance(labels, pd.DatetimeIndex) and isinstance(index, pd.DatetimeIndex):
                # The summary keeps the name of a time zone, and some time zones have no name.
                labels = labels if index.tz is None else labels.tz_convert(index.tz)
            return labels, labels
        # All series of the first step, then of the second, and so on.
        columns = zip(*of_series, strict=True)
        index = pd.Index([label for step in columns for label in step], name=of_series[0].name)
        if not levels:
            return index, index
        names = list(past.frame.index.names) if len(past.frame) else [*levels, index.name]
        arrays = [self._keys[name] if name in levels else index for name in names]
        index = pd.MultiIndex.from_arrays(arrays, names=names)
        return index, index

    def _explain_missing_rule(self, name: Hashable, summary: LabelSummary | None) -> str:
        """Return why the labels of a series cannot be continued, and what to do."""
        of_series = f" of the series {name!r}" if self._past.keys else ""
        example = "pd.date_range(start, periods=steps)"
        if summary is not None:
            example = describe_next_labels(summary, self.n_steps)
        cure = (
            "Give the labels of the future rows as future=pd.DataFrame(index=...), such as "
            f"{example}."
        )
        if summary is None or summary["kind"] in ("text", "mixed", "missing"):
            kind = "missing" if summary is None else describe_kind(summary["kind"])
            shown = "" if summary is None else f" (the last one is {summary['shown']})"
            return (
                f"The labels of the rows{of_series} are {kind}{shown}, so the next label is not "
                "known. If they are dates, convert them before fit (pd.to_datetime(..., "
                "format=...))."
            )
        if len(summary["tail"]) < 3:
            why = f"there are only {len(summary['tail'])} label(s)"
        elif summary["kind"] == "number" and summary["rule"] is None:
            why = "they are irregular numbers, or dates that are written as numbers"
            cure = f"Convert them to dates (pd.to_datetime(..., format=...)), or: {cure}"
        else:
            why = (
                "their steps are irregular, such as days without holidays, or some labels are "
                "missing"
            )
        return (
            f"The labels of the rows{of_series} (the last one is {summary['shown']}) do not all "
            f"follow one rule: {why}. {cure}"
        )


def _as_columns(names: list[Any], n: int) -> Any:
    """Return names as the columns of a DataFrame; tuples become a MultiIndex."""
    if len(names) != n:
        return range(n)
    is_multi = all(isinstance(name, tuple) for name in names)
    return pd.MultiIndex.from_tuples(names) if is_multi else names


def _quote(keys: list[str]) -> str:
    return repr(keys[0]) if len(keys) == 1 else repr(keys)


def are_equal(one: Any, other: Any) -> bool:
    """Return whether two arrays or frames are equal; missing values equal each other."""
    one, other = (
        np.asarray(each.toarray() if hasattr(each, "toarray") else each) for each in (one, other)
    )
    if one.shape != other.shape:
        return False
    return bool(np.all((one == other) | (pd.isna(one) & pd.isna(other))))
