"""Next labels: those that come after the labels of a series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skrnn.windows._labels import LabeledRows, Ticks, name_zone, read_ticks, show
from skrnn.windows._placing import N_TAIL, LabelSummary, place_labels, summarize_labels, to_second
from skrnn.windows._views import Array, Positions


def summarize(
    rows: LabeledRows, ticks: Ticks | None, where: Positions, n_head: int
) -> LabelSummary | None:
    """Return the summary of the labels of one series, with the words that pandas has for them."""
    if ticks is None or rows.labels is None or len(rows.labels) == 0:
        return None
    labels = rows.labels if isinstance(where, slice) else rows.labels[where]
    return summarize_labels(
        ticks.at(where),
        n_head,
        frequency=_name_frequency(labels),
        timezone=name_zone(labels[:1]),
        name=labels.name,
        shown=show(labels[-1]),
    )


def join_labels(first: LabelSummary | None, second: LabelSummary) -> LabelSummary:
    """Let the labels before those of some rows help to see their frequency."""
    if first is None or not len(second["tail"]) or first["kind"] != second["kind"]:
        return second
    tail = _rescale(first["tail"], first["second"], second["second"])
    if not len(tail) or not tail[-1] < second["tail"][0]:
        return second
    if (
        first["largest"] is None
        or (second["tail"][0] - tail[-1])
        > (_rescale(np.array([first["largest"]]), first["second"], second["second"])[0])
    ):
        return second
    joined = second.copy()
    joined["tail"] = np.concatenate([tail, second["tail"]])[-N_TAIL:]
    joined["frequency"] = second["frequency"] or first["frequency"]
    return joined


def labels_after(summary: LabelSummary, n: int) -> pd.Index | None:
    """Return the `n` labels that come next, None where they cannot be known."""
    tail, kind = summary["tail"], summary["kind"]
    steps = np.diff(tail)
    if not len(steps):
        return None
    last, step = tail[-1], steps[-1]
    unit = "ns" if summary["second"] == 10**9 else "us"
    index: pd.Index
    if kind in ("date", "date of a zone"):
        index = pd.DatetimeIndex(tail.view(f"M8[{unit}]"))
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
    elif kind.startswith("period "):
        dates = pd.DatetimeIndex(tail.view(f"M8[{unit}]"))
        ordinals = pd.PeriodIndex(dates, freq=kind.removeprefix("period ")).asi8
        # Periods of different length are regular by their number.
        if len(set(np.diff(ordinals).tolist())) > 1:
            return None
        later = ordinals[-1] + (ordinals[-1] - ordinals[-2]) * np.arange(1, n + 1)
        frequency = kind.removeprefix("period ")
        index = pd.PeriodIndex([pd.Period(ordinal=int(k), freq=frequency) for k in later])
    elif not (steps == step).all():
        return None
    elif kind == "number":
        index = pd.Index(last + step * np.arange(1, n + 1))
    else:
        later = last + step * np.arange(1, n + 1)
        index = pd.TimedeltaIndex(later.view(f"m8[{unit}]"))
        if unit == "us":
            # The unit that this pandas gives to durations.
            index = index.as_unit(pd.timedelta_range("1s", periods=1).unit)
    return index.rename(summary["name"])


def follows(labels: pd.Index, fitted: LabelSummary) -> bool:
    """Tell whether labels go on with the step after the last fitted one, and increase."""
    ticks = read_ticks(LabeledRows(None, None, labels), fitted["timezone"])
    if ticks is None or ticks.values is None or ticks.kind != fitted["kind"]:
        return False
    if not bool((ticks.values[1:] > ticks.values[:-1]).all()):
        return False
    return place_labels(to_second(ticks, fitted["second"]), fitted).steps == 1


def _rescale(ticks: Array, second: int, other: int) -> Array:
    """Return ticks in another number of ticks a second."""
    if second == other:
        return ticks
    scaled: Array = ticks * (other // second) if other > second else ticks // (second // other)
    return scaled


def _name_frequency(labels: pd.Index) -> str | None:
    """Return the word for a frequency that an index has, None if the word is not all of it."""
    if not isinstance(labels, pd.DatetimeIndex) or labels.freq is None:
        return None
    # Holidays and hours of business are not in the word.
    frequency: Any = labels.freqstr
    return frequency if to_offset(frequency) == labels.freq else None
