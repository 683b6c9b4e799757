"""What the labels of rows say: which series they belong to, and whether they continue it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple, TypedDict

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skrnn._windows import Array, Positions, begins_with, split_positions

# A quarter of business days: enough to see weekends and months.
_N_TAIL = 64


class LabeledRows(NamedTuple):
    """Input taken apart: what is a feature, and what says where a row belongs.

    `series` is None without a group; `labels` is None for rows that have none.
    """

    features: Any
    series: pd.Index | None
    labels: pd.Index | None
    has_default_labels: bool


class LabelSummary(TypedDict):
    """What must be known of fitted labels to tell whether others continue them.

    `step` is the largest one, None for labels that describe no series that could be continued.
    `tail` are the latest labels, from which the next ones are found when somebody asks.
    Numbers and words are kept instead of the index: they are small, and load wherever NumPy does.
    """

    is_default: bool
    kind: str
    last: Any
    step: Any
    tail: Array
    frequency: str | None
    timezone: str | None
    name: Any


class SeriesStart(TypedDict):
    """The first rows of a fitted series and the summary of its labels, if it has any."""

    head: Array
    labels: LabelSummary | None


def read_labels(X: Any, group: str | None) -> LabeledRows:
    """Take the series and the labels of its rows from X.

    Raises
    ------
    ValueError
        If X has no index level or column named `group`, or has both, or values are missing
        there.
    """
    index = X.index if isinstance(X, pd.DataFrame) else None
    is_default = isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index)))
    if group is None:
        return LabeledRows(X, None, index, is_default)
    if _is_level(X, group):
        series = X.index.get_level_values(group)
        labels = X.index.droplevel(group) if X.index.nlevels > 1 else None
        features = X
    else:
        labels = index
        features = X.drop(columns=group) if isinstance(X, pd.DataFrame) else X.drop(group)
        try:
            # Through NumPy, which both pandas and polars give.
            series = pd.Index(X[group].to_numpy())
            series.factorize()
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"group={group!r} is a column of values that do not name a series each ({error}). "
                "Give words or numbers there."
            ) from error
    n_missing = int(series.isna().sum())
    if n_missing:
        raise ValueError(
            f"group={group!r} is missing in {n_missing} of {len(series)} rows of X. Every row "
            "must belong to a series; fill the missing labels or drop these rows."
        )
    return LabeledRows(features, series, labels, is_default)


def positions_by_series(rows: LabeledRows) -> dict[Hashable, Positions]:
    """Return where the rows of each series are; None is the series of rows without a group."""
    if rows.series is None:
        return {None: slice(None)}
    codes, names = rows.series.factorize()
    return dict(zip(names.tolist(), split_positions(codes, len(names)), strict=True))


def summarize_labels(rows: LabeledRows, where: Positions) -> LabelSummary | None:
    """Return the last label and the largest step between the labels of one series."""
    if rows.labels is None:
        return None
    labels = rows.labels[where]
    kind, values = _comparable(labels)
    step: Any = None
    try:
        if len(values) > 1 and bool(np.all(values[1:] >= values[:-1])):
            step = np.max(np.diff(values))
    except TypeError:  # labels such as text, which have an order but no distance, or neither
        pass
    return {
        "is_default": rows.has_default_labels,
        "kind": kind,
        "last": None if step is None else values[-1],
        "step": step,
        "tail": values[:0] if kind in ("object", "tuple") else values[-_N_TAIL:].copy(),
        "frequency": _name_frequency(labels),
        "timezone": _name_timezone(labels),
        "name": labels.name,
    }


def _name_frequency(labels: pd.Index) -> str | None:
    """Return the word for a frequency that an index has, None if the word is not all of it."""
    if not isinstance(labels, pd.DatetimeIndex) or labels.freq is None:
        return None
    # Holidays and hours of business are not in the word.
    return labels.freqstr if to_offset(labels.freqstr) == labels.freq else None


def _name_timezone(labels: pd.Index) -> str | None:
    """Return the name of the time zone of dates, if they have one: UTC where it has no name."""
    if not isinstance(labels, pd.DatetimeIndex) or labels.tz is None:
        return None
    try:
        return str(pd.Timestamp(0, tz=str(labels.tz)).tz)
    except (ValueError, KeyError, TypeError):
        return "UTC"


def join_labels(first: LabelSummary | None, second: LabelSummary) -> LabelSummary:
    """Let the labels before those of some rows help to see their frequency."""
    if first is None or not _go_on(second["kind"], second["tail"][:1], first):
        return second
    joined = second.copy()
    joined["tail"] = np.concatenate([first["tail"], second["tail"]])[-_N_TAIL:]
    joined["frequency"] = second["frequency"] or first["frequency"]
    return joined


def labels_after(summary: LabelSummary, n: int) -> pd.Index | None:
    """Return the `n` labels that come next, None where nobody can tell."""
    tail, kind = summary["tail"], summary["kind"]
    steps = np.diff(tail)
    if not len(steps) or tail.dtype.kind == "O" or bool((tail[1:] <= tail[:-1]).any()):
        return None
    last, step = tail[-1], steps[-1]
    index: pd.Index
    if kind in ("local time", "universal time"):
        index = pd.DatetimeIndex(tail)
        if summary["timezone"] is not None:
            index = index.tz_localize("UTC").tz_convert(summary["timezone"])
        # What is regular by the calendar only: months, business days, days of local time.
        frequency = summary["frequency"] or pd.DatetimeIndex(index, freq="infer").freqstr
        if frequency is None:
            return None
        last_date = index[-1]
        # The last one may be a Saturday: then the first of these lies after it already.
        index = pd.date_range(last_date, periods=n + 1, freq=frequency)
        index = index[index > last_date][:n]
    elif not (steps == step).all():
        return None
    elif kind == "number":
        index = pd.Index(last + step * np.arange(1, n + 1))
    elif kind == "duration":
        index = pd.TimedeltaIndex(last + step * np.arange(1, n + 1))
    else:
        frequency = kind.removeprefix("period ")
        ordinals = last + step * np.arange(1, n + 1)
        index = pd.PeriodIndex([pd.Period(ordinal=int(k), freq=frequency) for k in ordinals])
    return index.rename(summary["name"])


def follows(labels: pd.Index, fitted: LabelSummary) -> bool:
    """Tell whether labels go on where fitted ones ended, as `continues` has it, and increase."""
    return labels.is_monotonic_increasing and _go_on(*_comparable(labels[:1]), fitted)


def continues(values: Array, rows: LabeledRows, where: Positions, start: SeriesStart) -> bool:
    """Tell whether the rows of one series go on where the fitted ones ended.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The validated values of the rows of this series.
    rows : LabeledRows
        The rows of the call.
    where : positions
        The rows of this series among them.
    start : SeriesStart
        What was kept of the fitted series.
    """
    fitted = start["labels"]
    fitted_is_default = fitted is None or fitted["is_default"]
    if rows.labels is None or (rows.has_default_labels and fitted_is_default):
        # Nothing but the values themselves can tell: the fitted series again, or trust.
        return not begins_with(values, start["head"])
    return fitted is not None and _go_on(*_comparable(rows.labels[where][:1]), fitted)


def _go_on(kind: str, values: Array, fitted: LabelSummary) -> bool:
    """Tell whether the first of some comparable labels goes on."""
    if len(values) == 0 or kind != fitted["kind"] or fitted["step"] is None:
        return False
    try:
        return bool(values[0] > fitted["last"] and values[0] - fitted["last"] <= fitted["step"])
    except TypeError:
        return False


def _comparable(labels: pd.Index) -> tuple[str, Array]:
    """Return labels as numbers, dates or objects, with a word for what they compare to."""
    if isinstance(labels, pd.MultiIndex):
        return "tuple", labels.to_numpy()
    labels = labels.infer_objects()
    if isinstance(labels, pd.PeriodIndex):
        return f"period {labels.freqstr}", labels.asi8
    if isinstance(labels, pd.DatetimeIndex):
        if labels.tz is None:
            return "local time", labels.to_numpy()
        return "universal time", labels.tz_convert(None).to_numpy()
    if isinstance(labels, pd.TimedeltaIndex):
        return "duration", labels.to_numpy()
    if pd.api.types.is_numeric_dtype(labels) and not pd.api.types.is_bool_dtype(labels):
        values = labels.to_numpy()
        # Small integers would overflow in a difference.
        return "number", values.astype(np.promote_types(values.dtype, np.int64))
    return "object", labels.to_numpy(dtype=object)


def _is_level(X: Any, group: str) -> bool:
    """Tell whether `group` is an index level of X; if not, it is a column."""
    if not hasattr(X, "columns"):
        raise ValueError(
            f"group={group!r} expects X to be a DataFrame with an index level or a column of "
            f"that name, got {type(X).__module__}.{type(X).__qualname__}. In a Pipeline, "
            'set_output(transform="pandas") lets the labels of the rows through.'
        )
    levels = list(X.index.names) if isinstance(X, pd.DataFrame) else []
    columns = list(X.columns)
    if (group in levels) == (group in columns):
        found = "both an index level and a column" if group in levels else "neither"
        raise ValueError(
            f"group={group!r} must name either an index level or a column of X, and is {found}. "
            f"Index levels: {levels}; columns: {columns}."
        )
    return group in levels
