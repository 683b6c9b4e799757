"""Order of rows: refuse labels that do not increase, and name the cause."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from skrnn.windows._labels import LabeledRows, Ticks, group_keys, is_time, read_ticks, show
from skrnn.windows._placing import match_resolution
from skrnn.windows._views import Array, Positions

# A column is no key of a series if it has more different values than this share of the rows.
_MAX_KEY_SHARE = 0.5
# Months in which clocks are changed.
_CHANGE_MONTHS = (3, 4, 9, 10, 11)


def check_order(
    ticks: Ticks, rows: LabeledRows, name: Hashable, where: Positions, X: Any, group: Any
) -> None:
    """Refuse labels of a series that do not increase.

    Parameters
    ----------
    ticks : Ticks
        The labels of the series as numbers.
    rows : LabeledRows
        All rows of the call.
    name : hashable
        Name of the series.
    where : positions
        Where the rows of the series are.
    X : object
        Rows as they were given, in which a missing key is looked for.
    group : str, list of str or None
        Parameter of `SlidingWindowTransformer`.

    Raises
    ------
    ValueError
        If labels do not increase. The message names the first row, the cause and the remedy.
    """
    values = ticks.values
    if values is None or bool((values[1:] > values[:-1]).all()):
        return
    assert rows.labels is not None
    labels = rows.labels if isinstance(where, slice) else rows.labels[where]
    places = np.arange(len(rows.labels))[where]
    bad = np.flatnonzero(values[1:] <= values[:-1]) + 1
    row = int(bad[0])
    of_series = "" if group is None else f" of the series {name!r}"
    seen = (
        f"Labels of X must increase within a series, but row {places[row]}{of_series} is labeled "
        f"{show(labels[row])} and comes after {show(labels[row - 1])}"
    )
    cause, remedy = _find_cause(values, labels, bad, places, X, group)
    raise ValueError(f"{seen}: {cause}. {remedy}")


def check_dates_of_y(labels: pd.Index | None, ticks: Ticks | None, y: Any) -> None:
    """Refuse a y that has other dates than X, since rows of X and y are matched by position.

    Raises
    ------
    ValueError
        If a date differs. The message names the first row that does.
    """
    index = getattr(y, "index", None)
    if labels is None or ticks is None or not isinstance(index, pd.Index):
        return
    if isinstance(index, pd.MultiIndex):
        if labels.name is None or labels.name not in index.names:
            return
        index = index.get_level_values(index.names.index(labels.name))
    if len(index) != len(labels) or not (is_time(index) and is_time(labels)):
        return
    of_y = read_ticks(LabeledRows(None, None, index))
    if of_y is None or of_y.kind != ticks.kind or of_y.values is None or ticks.values is None:
        return
    differ = np.flatnonzero(match_resolution(of_y, ticks.second).values != ticks.values)
    if not len(differ):
        return
    row = int(differ[0])
    raise ValueError(
        f"y has other dates than X: row {row} of X is labeled {show(labels[row])} and row {row} of "
        f"y {show(index[row])}. Rows of X and y are matched by position, so each target would "
        "belong to another date. Give the targets of the rows of X: y.loc[X.index]. For targets "
        "further ahead, use the parameter horizon of SlidingWindowTransformer. If the positions "
        "are right, give y.to_numpy()."
    )


def _find_cause(
    values: Array, labels: pd.Index, bad: Array, places: Array, X: Any, group: Any
) -> tuple[str, str]:
    """Return the cause of labels that do not increase, and what to do."""
    n_unique = len(np.unique(values))
    is_repeated = n_unique < len(values)
    if len(values) > 1 and bool((values[1:] <= values[:-1]).all()) and values[0] > values[-1]:
        return "the newest row comes first", "Put the oldest first: X.sort_index()."
    if _repeats_an_hour(labels, values, bad):
        return (
            "an hour is repeated, because clocks were set back",
            "Give dates with a time zone: "
            'X.tz_localize("Europe/Berlin", ambiguous="infer"), or dates in UTC.',
        )
    in_order = bool((values[1:] >= values[:-1]).all())
    segments = np.split(values, bad)
    is_few = len(segments) <= max(2, len(values) // 4) or (
        len(segments) > 1 and len({len(segment) for segment in segments}) == 1
    )
    if is_repeated and not in_order and not is_few:
        return (
            "rows are shuffled and some are repeated, as after a draw with replacement",
            "Do not draw the rows of a series (bootstrap, resample): keep each once, in order of "
            'time. For HalvingGridSearchCV use resource="model__epochs" instead of "n_samples", '
            "where model is the name of your step.",
        )
    keys = _missing_keys(values, places, X, group)
    if is_repeated:
        cause = "two rows of one series have the same label"
        cause += "" if in_order else ", and labels begin again"
        if keys:
            every = [*group_keys(group), keys[0]]
            given = repr(every[0]) if len(every) == 1 else repr(every)
            return (
                cause,
                f"If {keys[0]!r} names the series, use SlidingWindowTransformer(group={given}).",
            )
        if isinstance(X, pd.DataFrame) and in_order and _are_same_rows(X, places[bad]):
            return (
                "rows are repeated",
                "Keep each once: X[~X.index.duplicated()].",
            )
        advice = (
            "If X holds several series, give the column or index level that names them as group. "
            "If not, keep one row for each label: X[~X.index.duplicated()]."
        )
        if not in_order and labels.dtype.kind in "iu":
            advice += " Join parts with a default index by pd.concat(…, ignore_index=True)."
        return cause, advice
    if is_few:
        return (
            "parts of the series are not in order of time",
            "Sort the rows: X.sort_index().",
        )
    return (
        "rows are shuffled",
        "Keep them in order of time: train_test_split(shuffle=False), TimeSeriesSplit instead of "
        'KFold(shuffle=True), and HalvingGridSearchCV(resource="model__epochs") instead of '
        '"n_samples", where model is the name of your step. If the rows came shuffled, sort them: '
        "X.sort_index().",
    )


def _repeats_an_hour(labels: pd.Index, values: Array, bad: Array) -> bool:
    """Return whether labels go back by an hour at most, when clocks may have been set back."""
    if not isinstance(labels, pd.DatetimeIndex) or labels.tz is not None:
        return False
    steps = np.diff(labels.to_numpy()) / np.timedelta64(1, "h")
    forward = steps[steps > 0]
    if not len(forward) or np.median(forward) > 1:
        return False
    changes = labels[bad]
    n_changes = len({(change.year, change.month) for change in changes[:1000]})
    years = 1 + labels[-1].year - labels[0].year
    return (
        bool((steps[bad - 1] >= -1).all())
        and bool((changes.hour <= 3).all())
        and bool(np.isin(changes.month, _CHANGE_MONTHS).all())
        and n_changes <= years + 1
        and len({change.date() for change in changes[:1000]}) == n_changes
    )


def _missing_keys(values: Array, places: Array, X: Any, group: Any) -> list[Any]:
    """Return levels and columns that may name the series of repeated labels, the best first."""
    if not isinstance(X, pd.DataFrame):
        return []
    given = group_keys(group)
    candidates: list[tuple[Any, Any]] = [
        (name, X.index.get_level_values(number))
        for number, name in enumerate(X.index.names)
        if X.index.nlevels > 1 and name is not None and name not in given
    ]
    candidates += [(name, X[name]) for name in X.columns if name not in given]
    found = []
    for name, column in candidates:
        codes, names = pd.factorize(np.asarray(column)[places])
        if not 1 < len(names) <= max(2, _MAX_KEY_SHARE * len(values)):
            continue
        is_number = np.asarray(column).dtype.kind == "f"
        pairs = pd.DataFrame({"label": values, "key": codes})
        if not pairs.duplicated().any() and _increases_within(values, codes):
            found.append((is_number, len(names), str(name), name))
    return [name for *_, name in sorted(found, key=lambda one: one[:3])]


def _increases_within(values: Array, codes: Array) -> bool:
    """Return whether values increase within each series."""
    order = np.argsort(codes, kind="stable")
    same = codes[order][1:] == codes[order][:-1]
    return bool((values[order][1:] > values[order][:-1])[same].all())


def _are_same_rows(X: pd.DataFrame, repeated: Array) -> bool:
    """Return whether each of these rows equals the row before it."""
    before = X.iloc[repeated - 1].reset_index(drop=True)
    return X.iloc[repeated].reset_index(drop=True).equals(before)
