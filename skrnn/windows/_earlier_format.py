"""Saved state of earlier versions: convert the state of a `SlidingWindowTransformer`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from skrnn.windows._labels import LabeledRows, read_ticks
from skrnn.windows._next_labels import summarize_labels
from skrnn.windows._placing import LabelSummary, share_rules

_DATES = {"local time", "universal time"}


def upgrade_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a saved transformer in the current format.

    Transformers of skrnn 0.1 have labels in another format, and no `gaps`, `known` and `targets_`.
    """
    state = {"known": None, **state}
    if "_starts" in state:
        # The targets are lost, since y was not saved.
        state = {"targets_": None, "_doubts": [], "_known": [], **state}
    if "gaps" in state:
        # Without known columns, nothing reads which steps of the context are missing.
        starts = [
            (name, {"is_missing": np.zeros((len(start["context"]), 1), dtype=bool), **start})
            for name, start in state.get("_starts", ())
        ]
        return {**state, "_starts": starts} if starts else state
    upgraded = {"gaps": "warn", **state}
    if "_starts" not in state:
        return upgraded
    contexts = upgraded.pop("context_")
    group = upgraded["group"]
    is_column = upgraded.pop("_group_is_column")
    starts = []
    for name, start in state["_starts"]:
        context = contexts if group is None else contexts[name]
        labels = _upgrade_labels(start["labels"])
        is_missing = np.zeros((len(context), 1), dtype=bool)
        starts.append(
            (name, {**start, "context": context, "is_missing": is_missing, "labels": labels})
        )
    summaries = [start["labels"] for _, start in starts]
    zones = [summary["timezone"] for summary in summaries if summary is not None]
    upgraded["_starts"] = starts
    upgraded["_shared"] = share_rules(summaries, [0] * len(summaries))
    upgraded["_has_group"] = group is not None
    upgraded["_group_columns"] = [group] if is_column else []
    upgraded["_level"] = None
    upgraded["_zone"] = zones[0] if zones else None
    return upgraded


def _upgrade_labels(old: dict[str, Any] | None) -> LabelSummary | None:
    """Return the summary of the last labels; the first labels were not saved."""
    if old is None:
        return None
    kind, tail = old["kind"], old["tail"]
    if kind.startswith("period "):
        frequency = kind.removeprefix("period ")
        index: Any = pd.PeriodIndex([pd.Period(ordinal=int(k), freq=frequency) for k in tail])
    elif kind in _DATES:
        index = pd.DatetimeIndex(tail)
        if kind == "universal time":
            index = index.tz_localize("UTC").tz_convert(old["timezone"])
    else:
        index = pd.Index(tail)
    # Labels without an order were saved as an empty tail, or in any order.
    if not len(index) or not index.is_monotonic_increasing or not index.is_unique:
        index = pd.Index([None], dtype=object)
    rows = LabeledRows(None, None, index.rename(old["name"]))
    summary = summarize_labels(rows, read_ticks(rows), slice(None), 0)
    assert summary is not None
    summary["frequency"] = old["frequency"] or summary["frequency"]
    summary["count"] = summary["last"] + 1 if old["is_default"] else 0
    summary["from_0"] = summary["count"] > 0
    summary["head"] = np.empty(0)
    return summary
