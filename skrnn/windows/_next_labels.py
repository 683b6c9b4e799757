"""Next labels of a series: continue the rule that all its labels follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from skrnn.windows._labels import (
    LabeledRows,
    Ticks,
    are_dates_as_numbers,
    name_zone,
    read_ticks,
    show,
)
from skrnn.windows._placing import (
    N_TAIL,
    LabelSummary,
    count_missing_steps,
    match_resolution,
    place_labels,
    rescale,
    summarize_ticks,
)
from skrnn.windows._views import Array, Positions


def summarize_labels(
    rows: LabeledRows, ticks: Ticks | None, where: Positions, n_head: int
) -> LabelSummary | None:
    """Return the summary of the labels of one series, with the rule of its next labels.

    Parameters
    ----------
    rows : LabeledRows
        The rows of a call.
    ticks : Ticks or None
        Their labels as numbers.
    where : positions
        Where the rows of the series are.
    n_head : int
        How many of the first labels are kept.
    """
    if ticks is None or rows.labels is None or len(rows.labels) == 0:
        return None
    labels = rows.labels if isinstance(where, slice) else rows.labels[where]
    own = ticks.at(where)
    return summarize_ticks(
        own,
        n_head,
        frequency=_find_frequency(labels, own),
        step=_find_step(own),
        timezone=name_zone(labels[:1]),
        name=labels.name,
        shown=show(labels[-1]),
    )


def share_next_labels(summaries: list[LabelSummary | None], best: LabelSummary | None) -> None:
    """Give series of one or two rows, which show no rule, the rule of another series."""
    if best is None or (best["frequency"] is None and best["step"] is None):
        return
    for summary in summaries:
        if summary is None or summary["kind"] != best["kind"] or not 0 < len(summary["tail"]) < 3:
            continue
        shared: LabelSummary = {**summary, "frequency": best["frequency"], "step": best["step"]}
        if _matches_rule(shared, summary["tail"]):
            summary["frequency"], summary["step"] = best["frequency"], best["step"]


def join_labels(first: LabelSummary | None, second: LabelSummary) -> LabelSummary:
    """Return the summary of two parts of a series, with the rules of the first if both follow.

    The summary of the second part is returned as it is if it does not continue the first one.
    """
    if first is None or not len(second["tail"]) or first["kind"] != second["kind"]:
        return second
    tail = rescale(first["tail"], first["second"], second["second"])
    if not len(tail) or not tail[-1] < second["tail"][0]:
        return second
    if first["largest"] is None:
        return second
    largest = rescale(np.array([first["largest"]]), first["second"], second["second"])[0]
    if second["tail"][0] - tail[-1] > largest:
        return second
    joined = second.copy()
    if first["second"] == second["second"]:
        for key in ("rule", "largest", "typical", "step"):
            joined[key] = first[key]
    joined["frequency"] = first["frequency"]
    joined["tail"] = np.concatenate([tail, second["tail"]])[-N_TAIL:]
    is_short = len(second["tail"]) < 3
    if not is_short and not _matches_rule(joined, np.append(tail[-1:], second["tail"])):
        joined["frequency"], joined["step"] = second["frequency"], second["step"]
    return joined


def labels_after(summary: LabelSummary, n: int) -> pd.Index | None:
    """Return the next `n` labels, None if the labels follow no rule."""
    tail, kind = summary["tail"], summary["kind"]
    if not len(tail) or (summary["frequency"] is None and summary.get("step") is None):
        return None
    unit = "ns" if summary["second"] == 10**9 else "us"
    index: pd.Index
    if kind in ("date", "date of a zone"):
        index = pd.DatetimeIndex(tail[-1:].view(f"M8[{unit}]"))
        if summary["timezone"] is not None:
            index = index.tz_localize("UTC").tz_convert(summary["timezone"])
        last_date = index[-1]
        # `date_range` leaves out a last date that the frequency does not have, such as a Saturday.
        index = pd.date_range(last_date, periods=n + 1, freq=summary["frequency"])
        index = index[index > last_date][:n]
    elif kind.startswith("period "):
        frequency = kind.removeprefix("period ")
        last = pd.PeriodIndex(pd.DatetimeIndex(tail[-1:].view(f"M8[{unit}]")), freq=frequency)
        later = last.asi8[0] + summary["step"] * np.arange(1, n + 1)
        index = pd.PeriodIndex([pd.Period(ordinal=int(k), freq=frequency) for k in later])
    else:
        later = tail[-1] + summary["step"] * np.arange(1, n + 1)
        if kind == "number":
            index = pd.Index(later)
        else:
            index = pd.TimedeltaIndex(later.view(f"m8[{unit}]"))
            if unit == "us":
                # Versions of pandas differ in the unit of durations.
                index = index.as_unit(pd.timedelta_range("1s", periods=1).unit)
    return index.rename(summary["name"])


def _matches_rule(summary: LabelSummary, ticks: Array) -> bool:
    """Return whether all labels but the first are the next labels of the first one."""
    made = labels_after({**summary, "tail": ticks[:1]}, len(ticks) - 1)
    if made is None:
        return False
    found = read_ticks(LabeledRows(None, None, made), summary["timezone"])
    if found is None or found.values is None:
        return False
    return np.array_equal(rescale(found.values, found.second, summary["second"]), ticks[1:])


def are_next_labels(labels: pd.Index, fitted: LabelSummary) -> bool:
    """Return whether labels increase, and the first is the next step after the last fitted one."""
    ticks = read_ticks(LabeledRows(None, None, labels), fitted["timezone"])
    if ticks is None or ticks.values is None or ticks.kind != fitted["kind"]:
        return False
    if not bool((ticks.values[1:] > ticks.values[:-1]).all()):
        return False
    return place_labels(match_resolution(ticks, fitted["second"]), fitted).steps == 1


def count_missing_labels(labels: pd.Index, fitted: LabelSummary) -> Array:
    """Return how many steps are missing between each label and the next one, by the fitted rule."""
    ticks = read_ticks(LabeledRows(None, None, labels), fitted["timezone"])
    if ticks is None:
        return np.zeros(0, dtype=np.int64)
    return count_missing_steps(match_resolution(ticks, fitted["second"]), fitted)


def describe_next_labels(fitted: LabelSummary, n: int) -> str:
    """Return code that makes the next labels, as the most frequent step suggests."""
    day = 86_400 * fitted["second"]
    step = fitted["typical"]
    if step is not None and fitted["kind"].startswith("date") and 0 < step < day:
        frequency = to_offset(pd.Timedelta(seconds=float(step / fitted["second"]))).freqstr
        return f'pd.date_range(start, periods={n}, freq="{frequency}")'
    return f"pd.bdate_range(start, periods={n}) for business days"


def _find_frequency(labels: pd.Index, ticks: Ticks) -> str | None:
    """Return the frequency that all dates follow as pandas names it, None if there is none."""
    if ticks.kind not in ("date", "date of a zone") or ticks.values is None:
        return None
    # A row taken from a table that is newest first has a frequency that goes backward.
    if isinstance(labels, pd.DatetimeIndex) and labels.freq is not None and labels.freq.n > 0:
        # The name of a frequency lacks its holidays and business hours.
        frequency: Any = labels.freqstr
        return frequency if to_offset(frequency) == labels.freq else None
    if len(labels) < 3:
        return None
    unit = "ns" if ticks.second == 10**9 else "us"
    dates = pd.DatetimeIndex(ticks.values.view(f"M8[{unit}]"))
    zone = name_zone(labels[:1])
    if zone is not None:
        dates = dates.tz_localize("UTC").tz_convert(zone)
    return pd.DatetimeIndex(dates, freq="infer").freqstr


def _find_step(ticks: Ticks) -> Any:
    """Return the step of regular numbers, durations or periods, None if there is none."""
    values = ticks.values
    if values is None or len(values) < 2 or ticks.kind in ("date", "date of a zone"):
        return None
    if ticks.kind.startswith("period "):
        # Months differ in length, so periods are counted.
        unit = "ns" if ticks.second == 10**9 else "us"
        dates = pd.DatetimeIndex(values.view(f"M8[{unit}]"))
        values = pd.PeriodIndex(dates, freq=ticks.kind.removeprefix("period ")).asi8
    steps = np.diff(values)
    is_regular = np.ptp(steps) <= (1e-6 * abs(steps[-1]) if steps.dtype.kind == "f" else 0)
    if not is_regular or are_dates_as_numbers(values):
        return None
    if steps.dtype.kind == "f":
        # A single distance has more rounding.
        return ((values[-1] - values[0]) / len(steps)).item()
    return steps[-1].item()
