"""Place of rows in time: find the steps before and between the rows of a call.

`place_series` decides what the windows of one series hold besides its own rows. `place_rows`
counts the steps from the last fitted row to the first row of a call. All functions take arrays and
labels, and know nothing of the transformer.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

import numpy as np

from skrnn.windows._labels import Ticks, are_dates_as_numbers
from skrnn.windows._rules import (
    Rule,
    count_missing_between,
    count_steps,
    find_rule,
    resolve_weekend,
)
from skrnn.windows._views import MISSING, Array, begins_with, number_steps, with_missing_steps

# Number of labels kept. A quarter of business days is enough to see weekends and months.
N_TAIL = 64


class LabelSummary(TypedDict):
    """Summary of the fitted labels of a series, to place later labels.

    It holds numbers, text and arrays instead of the index. They are small, and can be loaded
    without pandas.
    """

    kind: str  # as in `Ticks`
    second: int  # ticks a second, 0 for numbers
    count: int  # number of labels if they are 0, 1, 2, …, else 0
    from_0: bool  # as in `Ticks`
    head: Array  # the first labels
    last: Any  # the last label, in ticks
    last_local: Any  # the same in local time
    shown: str  # the last label as messages show it
    rule: Rule | None  # the rule that nine of ten steps follow, None without one
    largest: Any  # the largest step in ticks, None for fewer than two labels
    typical: Any  # the median step in ticks, None for fewer than two labels
    tail: Array  # the last labels
    frequency: str | None  # frequency that all dates follow, None without one
    step: Any  # constant step of labels that are not dates, None without one
    timezone: str | None
    name: Any  # name of the index


class SeriesStart(TypedDict):
    """Fitted state of one series: its first rows, its last rows, and its labels."""

    head: Array
    context: Array
    is_missing: Array  # which steps of the context are missing, of shape (n_context, 1)
    labels: LabelSummary | None


class Placement(NamedTuple):
    """Where the rows of a series begin, counted from the last fitted row.

    Attributes
    ----------
    steps : int or None
        Steps from the last fitted row to the first row of the call; 1 for the next row. None for
        rows that start fresh.
    reason : str
        The reason for `steps`:

        ========= ======================================================== ===========
        reason    the rows                                                 steps
        ========= ======================================================== ===========
        "later"   have labels after the fitted ones                        1 or more
        "trust"   have no labels, and are taken as the next rows           1
        "known"   are the fitted rows, from the first one on               None
        "earlier" begin before the last fitted row                         None
        "new"     belong to a series that was not fitted                   None
        "kind"    have labels of another kind than the fitted rows         None
        "text"    have labels of text, which have no order in time         None
        "mixed"   have labels of several types                             None
        "missing" have some missing labels                                 None
        "single"  come after one fitted row, so the step is not known      None
        ========= ======================================================== ===========
    """

    steps: int | None
    reason: str


class PlacedSeries(NamedTuple):
    """Steps before and between the rows of one series in a call.

    Attributes
    ----------
    placement : Placement
        Where the rows begin.
    context : ndarray of shape (n_context, n_features)
        The steps just before the rows; empty for rows that start fresh.
    is_missing : bool ndarray of shape (n_context, 1)
        Which steps of the context are missing.
    step_numbers : ndarray of shape (n_rows,) or None
        Number of the step of each row. None if windows do not include missing steps.
    missing : ndarray of shape (n_rows - 1,)
        Number of missing steps after each row except the last. Gaps that `fit` has reported count
        as 0. Empty if gaps are ignored.
    incomplete : ndarray of int
        Positions of the rows whose windows lack steps that lie before the first row.
    """

    placement: Placement
    context: Array
    is_missing: Array
    step_numbers: Array | None
    missing: Array
    incomplete: Array


def summarize_ticks(labels: Ticks | None, n_head: int, **words: Any) -> LabelSummary | None:
    """Return the summary of the labels of one series.

    Parameters
    ----------
    labels : Ticks or None
        Labels, which must increase if they have an order.
    n_head : int
        How many of the first labels are kept.
    **words
        The fields `frequency`, `step`, `timezone`, `name` and `shown` of the summary.
    """
    if labels is None:
        return None
    summary: LabelSummary = {
        "kind": labels.kind,
        "second": labels.second,
        "count": labels.run[1] if labels.run is not None and labels.is_count else 0,
        "from_0": labels.from_0,
        "head": np.empty(0),
        "last": None,
        "last_local": None,
        "shown": words.get("shown", ""),
        "rule": None,
        "largest": None,
        "typical": None,
        "tail": np.empty(0),
        "frequency": words.get("frequency"),
        "step": words.get("step"),
        "timezone": words.get("timezone"),
        "name": words.get("name"),
    }
    if labels.text is not None:
        summary["head"] = labels.text[:n_head].copy()
    if labels.values is not None:
        summary["head"] = labels.values[:n_head].copy()
        summary["last"] = labels.values[-1].item()
        summary["tail"] = labels.values[-N_TAIL:].copy()
        if labels.local is not None:
            summary["last_local"] = labels.local[-1].item()
        # Dates such as 20240131 and 20240201 are neighbors, though their difference is not 1.
        if not are_dates_as_numbers(labels.values):
            with np.errstate(all="ignore"):
                summary["rule"] = find_rule(labels.values, labels.local, 86_400 * labels.second)
        if len(labels.values) > 1:
            steps = np.diff(labels.values)
            summary["largest"] = steps.max().item()
            summary["typical"] = float(np.median(steps))
    return summary


def share_rules(summaries: list[LabelSummary | None], n_rows: list[int]) -> LabelSummary | None:
    """Give series of one row the rule of another series. Return the summary of that other series.

    The other series is the longest one that follows a rule. If no series follows a rule, it is the
    longest of all.
    """
    known = [
        (summary["rule"] is not None, n, summary)
        for summary, n in zip(summaries, n_rows, strict=True)
        if summary is not None and summary["largest"] is not None
    ]
    if not known:
        return None
    best = max(known, key=lambda one: one[:2])[2]
    for summary in summaries:
        if summary is not None and summary["largest"] is None and summary["kind"] == best["kind"]:
            summary["rule"] = best["rule"]
            summary["largest"], summary["typical"] = best["largest"], best["typical"]
    return best


def place_series(
    values: Array,
    n_rows: int,
    labels: Ticks | None,
    start: SeriesStart | None,
    shared: LabelSummary | None,
    fill_values: Array,
    *,
    n_lead: int,
    horizon: int,
    gaps: str,
    carry_context: bool,
    reads_own_row: bool = False,
) -> PlacedSeries:
    """Return the steps before and between the rows of one series in a call.

    Parameters
    ----------
    values : ndarray of shape (n_head, n_features)
        The first rows, as many as the head of `start` has.
    n_rows : int
        Number of rows of the series.
    labels : Ticks or None
        Their labels, which must increase if they have an order.
    start : SeriesStart or None
        State of the fitted series, None for a series that was not fitted.
    shared : LabelSummary or None
        Summary of another series, whose rule is used for a series that was not fitted.
    fill_values : ndarray of shape (n_features,)
        Values of missing steps.
    n_lead : int
        Number of steps from the beginning of a window to its row.
    horizon, gaps, carry_context :
        Parameters of `SlidingWindowTransformer`.
    reads_own_row : bool, default=False
        Whether a window reads known columns up to its own row.
    """
    placement = place_rows(values, labels, start)
    missing = find_gaps(labels, shared if start is None else start["labels"], gaps)
    numbers = number_steps(missing, n_lead) if gaps == "missing" else None
    context, is_missing = values[:0], np.zeros((0, 1), dtype=bool)
    incomplete = np.empty(0, dtype=np.intp)
    if start is not None and carry_context:
        if placement.steps is not None:
            n_missing = placement.steps - 1
            context = with_missing_steps(start["context"], n_missing, fill_values, n_lead)
            is_missing = with_missing_steps(start["is_missing"], n_missing, MISSING, n_lead)
        if placement.reason != "known":
            steps = np.arange(min(n_rows, n_lead)) if numbers is None else numbers
            incomplete = _find_incomplete(
                steps, placement.steps, n_lead, horizon, reads_own_row=reads_own_row
            )
    if placement.reason == "known":
        missing = _leave_out_fitted_gaps(missing, labels, start)
    return PlacedSeries(placement, context, is_missing, numbers, missing, incomplete)


def find_gaps(labels: Ticks | None, summary: LabelSummary | None, gaps: str) -> Array:
    """Return the number of missing steps after each row of a series; empty if gaps are ignored."""
    if labels is None or gaps == "ignore":
        return np.zeros(0, dtype=np.int64)
    return count_missing_steps(labels, summary)


def _find_incomplete(
    steps: Array, first_step: int | None, n_lead: int, horizon: int, *, reads_own_row: bool
) -> Array:
    """Return the positions of the rows whose windows lack steps that lie before the first row.

    Parameters
    ----------
    steps : ndarray
        Steps of the rows, counted from the first row.
    first_step : int or None
        Steps from the last fitted row to the first row, None if the rows start fresh.
    n_lead, horizon : int
        Distance of a row from the first step of its window, and from the last one.
    reads_own_row : bool
        Whether a window reads known columns up to its own row.
    """
    begins_before = steps < n_lead
    if first_step is not None:
        # The first windows may end before the missing steps. Known columns reach up to the row.
        reaches_them = steps > horizon - first_step
        if reads_own_row:
            reaches_them |= steps < n_lead - horizon
        begins_before &= reaches_them & (first_step > 1)
    incomplete: Array = np.flatnonzero(begins_before)
    return incomplete


def _leave_out_fitted_gaps(
    missing: Array, labels: Ticks | None, start: SeriesStart | None
) -> Array:
    """Return `missing` with 0 between fitted rows, because `fit` has reported these gaps."""
    fitted = None if start is None else start["labels"]
    if not len(missing) or labels is None or fitted is None or fitted["last"] is None:
        return missing
    if labels.kind != fitted["kind"]:
        return missing
    ticks = match_resolution(labels, fitted["second"]).values
    assert ticks is not None
    return np.where(ticks[1:] > fitted["last"], missing, 0)


def place_rows(values: Array, labels: Ticks | None, start: SeriesStart | None) -> Placement:
    """Return the steps from the last fitted row to the first row of a series, and the reason.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The rows. Only the first ones are read, as many as the head of `start` has.
    labels : Ticks or None
        Their labels, which must increase if they have an order.
    start : SeriesStart or None
        State of the fitted series, None for a series that was not fitted.
    """
    if start is None:
        return Placement(None, "new")
    fitted = start["labels"]
    if labels is not None and _is_default_index(labels, fitted):
        labels = None
    if labels is None or fitted is None or labels.kind != fitted["kind"]:
        if begins_with(values, start["head"]):
            return Placement(None, "known")
        if labels is None:
            return Placement(1, "trust")
        return Placement(None, labels.kind if labels.values is None else "kind")
    if labels.values is None:
        if _begins_with_labels(labels.text, fitted["head"]):
            return Placement(None, "known")
        is_known = labels.text is None and begins_with(values, start["head"])
        return Placement(None, "known" if is_known else labels.kind)
    labels = match_resolution(labels, fitted["second"])
    if _begins_with_labels(labels.values, fitted["head"]):
        return Placement(None, "known")
    # Transformers saved by skrnn 0.1 have no labels of the first rows.
    if not len(fitted["head"]) and begins_with(values, start["head"]):
        return Placement(None, "known")
    return place_labels(labels, fitted)


def count_missing_steps(labels: Ticks | None, summary: LabelSummary | None) -> Array:
    """Return the number of missing steps after each row except the last, all 0 without a rule.

    Parameters
    ----------
    labels : Ticks or None
        Labels of one series, which must increase if they have an order.
    summary : LabelSummary or None
        Summary of the fitted labels of this series, or of another one.
    """
    none = np.zeros(0, dtype=np.int64)
    if labels is None or labels.values is None:
        return none
    none = np.zeros(len(labels.values) - 1, dtype=np.int64)
    # Labels that number the rows of the whole call have no gaps.
    if labels.run is not None or summary is None or summary["rule"] is None:
        return none
    if labels.kind != summary["kind"]:
        return none
    labels = match_resolution(labels, summary["second"])
    rule = summary["rule"]
    if labels.local is not None:
        rule = resolve_weekend(rule, labels.local)
    assert labels.values is not None
    with np.errstate(all="ignore"):
        return count_missing_between(rule, labels.values, labels.local)


def match_resolution(labels: Ticks, second: int) -> Ticks:
    """Return labels in the unit of `second` ticks a second: microseconds or nanoseconds."""
    if labels.second == second or labels.values is None:
        return labels
    local = labels.local
    return labels._replace(
        values=rescale(labels.values, labels.second, second),
        local=None if local is None else rescale(local, labels.second, second),
        second=second,
    )


def rescale(ticks: Array, second: int, new_second: int) -> Array:
    """Return ticks of `second` a second as ticks of `new_second` a second."""
    if second == new_second:
        return ticks
    factor = max(second, new_second) // min(second, new_second)
    scaled: Array = ticks * factor if new_second > second else ticks // factor
    return scaled


def _is_default_index(labels: Ticks, fitted: LabelSummary | None) -> bool:
    """Return whether the labels are 0, 1, 2, … and say nothing about the place of the rows."""
    return labels.is_count and (fitted is None or fitted["kind"] != "number" or fitted["from_0"])


def _begins_with_labels(labels: Array | None, head: Array) -> bool:
    """Return whether both begin with the same labels, compared up to the length of the shorter."""
    if labels is None:
        return False
    n = min(len(labels), len(head))
    return n > 0 and bool((labels[:n] == head[:n]).all())


def place_labels(labels: Ticks, fitted: LabelSummary) -> Placement:
    """Return the placement of rows whose labels have the kind of the fitted labels."""
    assert labels.values is not None
    first, last = labels.values[0], fitted["last"]
    if first <= last:
        return Placement(None, "earlier")
    if fitted["count"] and labels.run is not None and labels.run[0] == fitted["count"]:
        # The labels count the rows of the call, and continue the fitted labels 0, 1, 2, ….
        return Placement(1, "later")
    if fitted["largest"] is None:
        return Placement(None, "single")
    with np.errstate(all="ignore"):
        return Placement(_count_steps_after(fitted, labels), "later")


def _count_steps_after(fitted: LabelSummary, labels: Ticks) -> int:
    """Return the number of steps from the last fitted label to the first of these labels."""
    assert labels.values is not None
    rule = fitted["rule"]
    if rule is None:
        distance = labels.values[0] - fitted["last"]
        if distance <= fitted["largest"] or fitted["typical"] <= 0:
            return 1
        return max(2, round(min(distance / fitted["typical"], 2.0**53)))
    local = None
    if labels.local is not None:
        rule = resolve_weekend(rule, labels.local)
        local = np.array([fitted["last_local"]]), labels.local[:1]
    ticks = np.array([fitted["last"]]), labels.values[:1]
    return int(count_steps(rule, ticks, local)[0])
