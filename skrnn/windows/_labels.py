"""Labels of rows: read the series and the time of each row from an index or from columns."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skrnn._utils.validation import begins_like_a_date
from skrnn.windows._views import Array, Positions, split_positions

_SECOND = 1_000_000  # microseconds
_FINE_SECOND = 1_000_000_000
# Differences of larger integers do not fit into 64 bits.
_LARGEST = 2**61


class LabeledRows(NamedTuple):
    """Rows of a call, with their features apart from the keys and labels of the rows."""

    features: Any
    series: tuple[Array, list[Hashable]] | None  # series number of each row, and their names
    labels: pd.Index | None
    level: Any = None  # name of the level of a MultiIndex that holds the labels
    is_level: bool = False  # whether the labels are a level of a MultiIndex

    @property
    def has_default_labels(self) -> bool:
        """True if the labels are the default index of pandas."""
        return isinstance(self.labels, pd.RangeIndex) and self.labels.equals(
            pd.RangeIndex(len(self.labels))
        )


class Ticks(NamedTuple):
    """Labels as numbers that increase with time.

    Attributes
    ----------
    kind : str
        Kind of the labels; only labels of the same kind can be compared. "number", "date", "date of
        a zone", "duration", or "period D" for periods of frequency D. Labels without an order in
        time are "text", "mixed" (several types) or "missing" (at least one is missing).
    values : ndarray of shape (n_labels,) or None
        The numbers, called ticks; None for labels without an order in time.
    local : ndarray of shape (n_labels,) or None
        Ticks of local time since 1970, for dates and periods.
    second : int
        Number of ticks a second, 0 for numbers.
    run : tuple of int or None
        First label and number of labels, if all labels of the call are consecutive integers.
    text : ndarray of str or None
        The labels if they are text.
    from_0 : bool
        Whether the first label of the call is the integer 0. Then labels number the rows, even if
        some rows were dropped.
    """

    kind: str
    values: Array | None
    local: Array | None
    second: int
    run: tuple[int, int] | None = None
    text: Array | None = None
    from_0: bool = False

    @property
    def is_count(self) -> bool:
        """True if the labels are 0, 1, 2, …, either of all rows of the call or of this series."""
        if self.run is not None:
            return self.run[0] == 0
        if not self.from_0 or self.values is None:
            return False
        return np.array_equal(self.values, np.arange(len(self.values)))

    def at(self, where: Positions) -> Ticks:
        """Return the ticks of the rows at these positions."""
        if isinstance(where, slice):
            return self
        values = None if self.values is None else self.values[where]
        local = values if self.local is self.values else self.local
        if local is not None and local is not values:
            local = local[where]
        text = None if self.text is None else self.text[where]
        return self._replace(values=values, local=local, text=text)


def group_keys(group: str | Sequence[str] | None) -> list[str]:
    """Return the names of the levels and columns that name a series."""
    if group is None:
        return []
    keys = [group] if isinstance(group, str) else list(group)
    if not keys or len(set(keys)) < len(keys) or not all(isinstance(key, str) for key in keys):
        raise ValueError(
            f"group={group!r} must be the name of an index level or column, or a list of "
            "different names. Use None for a single series."
        )
    return keys


def read_labels(X: Any, group: str | Sequence[str] | None, level: Any = None) -> LabeledRows:
    """Return rows with the series and the label of each row.

    Parameters
    ----------
    X : object
        Rows.
    group : str, list of str or None
        Index levels and columns that name a series.
    level : object, default=None
        Name of the level of a MultiIndex that held the labels of the fitted rows.

    Raises
    ------
    ValueError
        If a name in `group` is neither an index level nor a column of X or is both, if values of a
        key are missing, or if more than one other level could be the time.
    """
    index = X.index if isinstance(X, pd.DataFrame) else None
    keys = group_keys(group)
    levels = [key for key in keys if _is_level(X, key, group)]
    columns = [key for key in keys if key not in levels]
    series = None
    if keys:
        parts = [
            _read_key(X.index.get_level_values(key) if key in levels else X[key], key)
            for key in keys
        ]
        series = _join_keys(parts)
    features = X
    if columns:
        features = X.drop(columns=columns) if isinstance(X, pd.DataFrame) else X.drop(*columns)
    labels = None if index is None else _find_labels(index, levels, keys, level)
    found = labels.name if isinstance(index, pd.MultiIndex) and labels is not None else None
    return LabeledRows(features, series, labels, found, isinstance(index, pd.MultiIndex))


def read_times(X: Any, group: Any) -> LabeledRows:
    """Return the series of the rows and their labels in time.

    Parameters
    ----------
    X : object
        Rows. Only a pandas DataFrame has row labels.
    group : str, list of str or None
        Index levels and columns that name a series. If X does not have them, since a step of the
        pipeline makes them, the labels are read without series.
    """
    index = X.index if isinstance(X, pd.DataFrame) else None
    names = [*getattr(X, "columns", ()), *([] if index is None else index.names)]
    if group is not None and all(key in names for key in group_keys(group)):
        return read_labels(X, group)
    if not isinstance(index, pd.MultiIndex):
        return LabeledRows(X, None, index)
    times = [number for number in range(index.nlevels) if is_time(index.levels[number])]
    if len(times) != 1:
        return LabeledRows(X, None, None)
    level = index.names[times[0]]
    return LabeledRows(X, None, index.get_level_values(times[0]), level, is_level=True)


def positions_by_series(rows: LabeledRows) -> dict[Hashable, Positions]:
    """Return the positions of the rows of each series; the only series is None without a group."""
    if rows.series is None:
        return {None: slice(None)}
    codes, names = rows.series
    return dict(zip(names, split_positions(codes, len(names)), strict=True))


def read_ticks(rows: LabeledRows, zone: str | None = None) -> Ticks | None:
    """Return labels as numbers.

    Parameters
    ----------
    rows : LabeledRows
        The rows of a call.
    zone : str, default=None
        Time zone in which days are counted. By default the time zone of the labels.
    """
    if rows.labels is None:
        return None
    labels = _plain(rows.labels)
    if isinstance(labels, pd.PeriodIndex):
        # A period is placed by its first day.
        dates = labels.to_timestamp(how="start")
        return _read_dates(f"period {labels.freqstr}", dates, dates)
    if isinstance(labels, pd.DatetimeIndex):
        if labels.tz is None:
            return _read_dates("date", labels, labels)
        universal = labels.tz_convert(None)
        shown = labels if zone is None else labels.tz_convert(zone)
        return _read_dates("date of a zone", universal, shown.tz_localize(None))
    if isinstance(labels, pd.TimedeltaIndex):
        return _read_dates("duration", labels, None)
    if labels.dtype.kind in "iuf":
        return _read_numbers(labels, is_level=rows.is_level)
    if labels.inferred_type == "string" and not labels.hasnans:
        return Ticks("text", None, None, 0, text=labels.to_numpy(dtype=str))
    return Ticks("missing" if labels.hasnans else "mixed", None, None, 0)


def describe_kind(kind: str, labels: pd.Index | None = None) -> str:
    """Return the words of a message for a kind of labels, with the first label."""
    words = {
        "number": "numbers",
        "date": "dates without a time zone",
        "date of a zone": "dates with a time zone",
        "duration": "durations",
        "text": "text",
        "missing": "labels of which some are missing",
        "mixed": "values of several types",
    }
    named = words.get(kind, f"periods of frequency {kind.removeprefix('period ')}")
    return named if labels is None or not len(labels) else f"{named} ({show(labels[0])}, …)"


def looks_like_dates(labels: pd.Index) -> bool:
    """Return whether the first label is text that begins like a date."""
    return len(labels) > 0 and begins_like_a_date(str(labels[0]))


def are_dates_as_numbers(values: Array) -> bool:
    """Return whether three or more integers are all dates, such as 20240131 or 202401."""
    if values.dtype.kind not in "iu" or len(values) < 3:
        return False
    largest, smallest = int(values.max()), int(values.min())
    if smallest >= 19000101 and largest <= 21001231:
        text, form = values.astype(str), "%Y%m%d"
    elif smallest >= 190001 and largest <= 210012:
        text, form = values.astype(str), "%Y%m"
    else:
        return False
    return not bool(pd.to_datetime(text, format=form, errors="coerce").hasnans)


def show(label: Any) -> str:
    """Return a label as a message shows it."""
    if isinstance(label, pd.Timestamp | pd.Timedelta | pd.Period):
        return str(label)
    return repr(label.item() if isinstance(label, np.generic) else label)


def name_zone(labels: pd.Index) -> str | None:
    """Return the name of the time zone of dates, UTC for a zone without a name."""
    labels = _plain(labels)
    if not isinstance(labels, pd.DatetimeIndex) or labels.tz is None:
        return None
    try:
        return str(pd.Timestamp(0, tz=str(labels.tz)).tz)
    except (ValueError, KeyError, TypeError):
        return "UTC"


def _plain(labels: pd.Index) -> pd.Index:
    """Return labels in the pandas type of their values, for objects, categories and Arrow."""
    if isinstance(labels, pd.CategoricalIndex):
        labels = labels.astype(labels.categories.dtype)
    if labels.dtype == object:
        labels = labels.infer_objects()
        if labels.inferred_type == "date":
            labels = pd.DatetimeIndex(labels)
    if labels.dtype.kind == "M" and not isinstance(labels, pd.DatetimeIndex):
        labels = pd.DatetimeIndex(labels)
    if labels.dtype.kind == "m" and not isinstance(labels, pd.TimedeltaIndex):
        labels = pd.TimedeltaIndex(labels)
    return labels


def _read_dates(kind: str, labels: Any, local: Any) -> Ticks:
    """Return dates or durations in microseconds, or in nanoseconds if they need these."""
    if labels.hasnans:
        return Ticks("missing", None, None, 0)
    second = _SECOND
    if labels.unit == "ns" and bool((labels.asi8 % 1000 != 0).any()):
        second = _FINE_SECOND
    unit = "ns" if second == _FINE_SECOND else "us"
    values = labels.as_unit(unit).asi8
    if local is None:
        return Ticks(kind, values, None, second)
    shown = values if local is labels else local.as_unit(unit).asi8
    return Ticks(kind, values, shown, second)


def _read_numbers(labels: pd.Index, *, is_level: bool) -> Ticks:
    if labels.hasnans:
        return Ticks("missing", None, None, 0)
    values = labels.to_numpy()
    if values.dtype.kind not in "iu":
        values = labels.to_numpy(dtype=np.float64)
    if values.dtype.kind == "f":
        return Ticks("number" if np.isfinite(values).all() else "missing", values, None, 0)
    if len(values) and (values.max() > _LARGEST or values.min() < -_LARGEST):
        return Ticks("number", values.astype(np.float64), None, 0)
    values = values.astype(np.int64)
    # A level of a MultiIndex does not number the rows.
    if len(values) == 0 or is_level:
        return Ticks("number", values, None, 0)
    run = (int(values[0]), len(values)) if bool((np.diff(values) == 1).all()) else None
    return Ticks("number", values, None, 0, run, from_0=bool(values[0] == 0))


def _find_labels(
    index: pd.Index, levels: list[str], keys: list[str], fitted_level: Any
) -> pd.Index | None:
    """Return the level that holds the time of the rows, or the whole index if it has one level."""
    if not isinstance(index, pd.MultiIndex):
        # The only level names the series.
        return None if levels else index
    others = [number for number, name in enumerate(index.names) if name not in levels]
    varying = [number for number in others if _varies(index, number)]
    times = [number for number in others if is_time(index.levels[number])]
    is_one_moment = len(varying) == 1 and times and index.levels[varying[0]].dtype.kind not in "iuf"
    if len(varying) > 1 or (is_one_moment and varying[0] not in times):
        together = sorted({*varying, *times[:1]})
        given = f" in addition to group={keys}" if keys else ""
        raise ValueError(
            f"The index of X has the levels {[index.names[number] for number in together]}{given}, "
            "but only one level, the time, may be outside group. "
            f"{_advise_levels(keys, index, together, times)}"
        )
    if not others:
        return None
    if not varying:
        # In a single row every level has one value, so the time is the level that `fit` has found.
        named = [number for number in others if index.names[number] == fitted_level]
        varying = [*named, *times, others[-1]][:1]
    return index.get_level_values(varying[0])


def _advise_levels(
    keys: list[str], index: pd.MultiIndex, together: list[int], times: list[int]
) -> str:
    """Return what to do about several levels that could be the time."""
    missing = [index.names[number] for number in together if number not in times[:1]]
    if None in missing:
        return "Name the levels (X.index.names = [...]), and add those that name a series to group."
    if not times:
        return (
            "Add those that name a series to group. Join parts of a date, such as year and month, "
            "into one level of dates (pd.to_datetime)."
        )
    every = [*keys, *missing]
    given = repr(every[0]) if len(every) == 1 else repr(every)
    return f"Add the others to group: group={given}."


def _varies(index: pd.MultiIndex, number: int) -> bool:
    """Return whether a level has more than one value."""
    codes = index.codes[number]
    return len(codes) > 0 and bool((codes != codes[0]).any())


def is_time(values: pd.Index) -> bool:
    """Return whether labels are dates, periods or durations, of whatever pandas type."""
    return isinstance(_plain(values), pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)


def _read_key(values: Any, key: str) -> tuple[Array, pd.Index]:
    """Return the series number of each row, and the names of the series, by one key."""
    try:
        # Convert to NumPy first: both pandas and polars can do this.
        index = values if isinstance(values, pd.Index) else pd.Index(values.to_numpy())
        codes, names = pd.factorize(index)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"group={key!r} is a column of values that cannot name a series ({error}). Use text or "
            "numbers in this column."
        ) from error
    n_missing = int((codes < 0).sum())
    if n_missing:
        raise ValueError(
            f"group={key!r} is missing in {n_missing} of {len(index)} rows of X. Every row must "
            "belong to a series. Fill the missing values or drop these rows."
        )
    return np.asarray(codes), pd.Index(names)


def _join_keys(parts: list[tuple[Array, pd.Index]]) -> tuple[Array, list[Hashable]]:
    """Return the series number of each row, and the names, which are tuples for several keys."""
    if len(parts) == 1:
        codes, names = parts[0]
        return codes, names.tolist()
    combined = np.zeros(len(parts[0][0]), dtype=np.int64)
    for codes, names in parts:
        # Number the series again after each key, so products cannot overflow.
        combined = pd.factorize(combined * max(1, len(names)) + codes)[0]
    first = np.unique(combined, return_index=True)[1]
    columns = [names.take(codes[first]).tolist() for codes, names in parts]
    return combined, list(zip(*columns, strict=True))


def _is_level(X: Any, key: str, group: Any) -> bool:
    """Return whether a key of `group` is an index level of X, and not a column."""
    if not hasattr(X, "columns"):
        raise ValueError(
            f"group={group!r} expects X to be a DataFrame with an index level or a column of "
            f"that name, got {type(X).__module__}.{type(X).__qualname__}. In a Pipeline, use "
            'set_output(transform="pandas") to keep the index and columns.'
        )
    levels = list(X.index.names) if isinstance(X, pd.DataFrame) else []
    columns = list(X.columns)
    if (key in levels) == (key in columns):
        found = "both an index level and a column" if key in levels else "neither"
        prefixed = [name for name in columns if str(name).endswith(f"__{key}")]
        advice = (
            f" A ColumnTransformer has put a prefix before it: {prefixed[0]!r}. Use "
            "verbose_feature_names_out=False there."
            if found == "neither" and prefixed
            else ""
        )
        raise ValueError(
            f"group={key!r} must be the name of either an index level or a column of X, but is "
            f"{found}. Index levels: {levels}; columns: {columns}.{advice}"
        )
    return key in levels
