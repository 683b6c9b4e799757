"""Place of rows: how many steps after the end of the fitted series they begin.

`place_rows` is the one function that answers this. Everything here takes arrays and labels, and
returns plain answers; the transformer acts on them.
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
from skrnn.windows._views import Array, begins_with

# A quarter of business days: enough to see weekends and months.
N_TAIL = 64


class LabelSummary(TypedDict):
    """What must be known of the fitted labels of a series to place others.

    Numbers, words and arrays are kept instead of the index: they are small, and load wherever
    NumPy does. `rule` is None where labels follow none; `largest` and `typical` are steps in ticks,
    None for fewer than two labels. `tail` are the latest labels. The next ones are told by
    `frequency`, of dates, or by `step`, the distance of any two neighbors; both are None unless all
    labels follow it.
    """

    kind: str
    second: int
    count: int
    from_0: bool
    head: Array
    last: Any
    last_local: Any
    shown: str
    rule: Rule | None
    largest: Any
    typical: Any
    tail: Array
    frequency: str | None
    step: Any
    timezone: str | None
    name: Any


class SeriesStart(TypedDict):
    """What is kept of a fitted series: its first rows, its last ones, and its labels."""

    head: Array
    context: Array
    labels: LabelSummary | None


class Placement(NamedTuple):
    """Where the rows of a series begin.

    Attributes
    ----------
    steps : int or None
        How many steps after the last fitted row the first one lies; 1 for the next row. None if
        they start fresh.
    reason : str
        "known": they are the fitted series itself. "later": by their labels. "trust": they have no
        labels, and are taken for its continuation. "earlier": they begin before its end. "new": a
        series that was not fitted. "kind", "text", "mixed", "missing": labels that cannot be
        placed. "single": the one fitted label has no step.
    """

    steps: int | None
    reason: str


def summarize_ticks(labels: Ticks | None, n_head: int, **words: Any) -> LabelSummary | None:
    """Return what must be known of the labels of one series to place others.

    Parameters
    ----------
    labels : Ticks or None
        Increasing, where they are numbers.
    n_head : int
        How many of the first labels are kept.
    **words
        `frequency`, `step`, `timezone` and `name` of the index; `shown`, its last label in a
        message.
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
        # 20240131 and 20240201 are neighbors, whatever their difference is.
        if not are_dates_as_numbers(labels.values):
            with np.errstate(all="ignore"):
                summary["rule"] = find_rule(labels.values, labels.local, 86_400 * labels.second)
        if len(labels.values) > 1:
            steps = np.diff(labels.values)
            summary["largest"] = steps.max().item()
            summary["typical"] = float(np.median(steps))
    return summary


def share_rules(summaries: list[LabelSummary | None], n_rows: list[int]) -> LabelSummary | None:
    """Give series of one row the steps of the others; return the summary these are from.

    It is that of the longest series that follows a rule, else of the longest.
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


def place_rows(values: Array, labels: Ticks | None, start: SeriesStart | None) -> Placement:
    """Return how many steps after the fitted end the rows of a series begin, and why.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        The rows.
    labels : Ticks or None
        Their labels, increasing where they are numbers.
    start : SeriesStart or None
        What was kept of the fitted series, None if there was none.
    """
    if start is None:
        return Placement(None, "new")
    fitted = start["labels"]
    if labels is not None and _is_no_label(labels, fitted):
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
    # An earlier skrnn has saved no labels of the first rows.
    if not len(fitted["head"]) and begins_with(values, start["head"]):
        return Placement(None, "known")
    return place_labels(labels, fitted)


def count_missing_steps(labels: Ticks | None, summary: LabelSummary | None) -> Array:
    """Return how many steps are missing after each row but the last, all 0 without a rule.

    Parameters
    ----------
    labels : Ticks or None
        Labels of one series, increasing where they are numbers.
    summary : LabelSummary or None
        That of the fitted labels of this series, or of others.
    """
    none = np.zeros(0, dtype=np.int64)
    if labels is None or labels.values is None:
        return none
    none = np.zeros(len(labels.values) - 1, dtype=np.int64)
    # A number for each row of the call: no row of any series is left out.
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
    """Return labels with as many ticks a second as others have."""
    if labels.second == second or labels.values is None:
        return labels

    def convert(ticks: Array) -> Array:
        # Micro- and nanoseconds.
        return ticks * 1000 if second > labels.second else ticks // 1000

    local = labels.local
    return labels._replace(
        values=convert(labels.values),
        local=None if local is None else convert(local),
        second=second,
    )


def _is_no_label(labels: Ticks, fitted: LabelSummary | None) -> bool:
    """Tell whether 0, 1, 2, … only number the rows of a call, as a frame without an index does."""
    return labels.is_count and (fitted is None or fitted["kind"] != "number" or fitted["from_0"])


def _begins_with_labels(labels: Array | None, head: Array) -> bool:
    """Tell whether labels begin with the first fitted ones, as far as there are some."""
    if labels is None:
        return False
    n = min(len(labels), len(head))
    return n > 0 and bool((labels[:n] == head[:n]).all())


def place_labels(labels: Ticks, fitted: LabelSummary) -> Placement:
    """Place rows by the first of their labels, of the kind of the fitted ones."""
    assert labels.values is not None
    first, last = labels.values[0], fitted["last"]
    if first <= last:
        return Placement(None, "earlier")
    if fitted["count"] and labels.run is not None and labels.run[0] == fitted["count"]:
        # The row after the last one of a frame that numbers the rows of all series.
        return Placement(1, "later")
    if fitted["largest"] is None:
        return Placement(None, "single")
    with np.errstate(all="ignore"):
        return Placement(_count_from_end(labels, fitted), "later")


def _count_from_end(labels: Ticks, fitted: LabelSummary) -> int:
    """Return how many steps after the last fitted label the first of some labels lies."""
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
