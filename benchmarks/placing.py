"""Placing of later rows after fitted rows: count the steps between them, and find missing steps.

One part has 100,000 rows in time zones with clock changes: hours, and sessions of five-minute rows.
The other part is a panel of 1,000 series, with the time for one series.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from timing import Comparison, call_in_fresh_process, interleave, seconds_of

N_SERIES = 1_000


def measure(*, quick: bool) -> list[Comparison]:
    measured = call_in_fresh_process("placing", "place_in_turns", n_rounds=3 if quick else 15)
    work = "placing 100,000 rows"
    figures = [
        Comparison(f"{work}, {name}", np.median(seconds), at_most=0.005)
        for name, seconds in measured.items()
        if name != "panel"
    ]
    of_one = np.median(measured["panel"]) / N_SERIES
    return [*figures, Comparison("placing a series of a panel", of_one, at_most=0.001)]


def place_in_turns(n_rounds: int) -> dict[str, list[float]]:
    """Return the seconds by kind of labels. Reading the labels is included."""
    hours = pd.date_range("2010-01-01", periods=200_000, freq="h", tz="Europe/Berlin")
    days = pd.bdate_range("2010-01-04", periods=3_000)
    bars = pd.timedelta_range("9h30min", periods=78, freq="5min")
    session = (days.repeat(78) + pd.TimedeltaIndex(np.tile(bars, 3_000))).tz_localize(
        "America/New_York"
    )
    kinds = {"hours of a zone": hours, "sessions of 5 minutes": session}
    makers = {name: _place(labels) for name, labels in kinds.items()}
    makers["panel"] = _place_panel()
    return interleave({name: partial(seconds_of, make) for name, make in makers.items()}, n_rounds)


def _place(labels: pd.DatetimeIndex):
    from skrnn.windows._labels import LabeledRows, read_ticks
    from skrnn.windows._placing import count_missing_steps, place_rows, summarize_ticks

    values = np.zeros((100_000, 1))
    fitted = read_ticks(LabeledRows(None, None, labels[:100_000]))
    summary = summarize_ticks(fitted, 60, timezone=str(labels.tz))
    start = {"head": values[:60], "context": values[:60], "labels": summary}
    later = labels[100_000:200_000]

    def place() -> None:
        ticks = read_ticks(LabeledRows(None, None, later), str(labels.tz))
        placed = place_rows(values, ticks, start)
        assert placed.steps == 1
        assert not count_missing_steps(ticks, summary).any()

    return place


def _place_panel():
    from skrnn import SlidingWindowTransformer

    days = pd.bdate_range("2024-01-01", periods=40)
    index = pd.MultiIndex.from_product([days, range(N_SERIES)], names=["day", "shop"])
    X = pd.DataFrame({"sales": np.arange(float(len(index)))}, index=index)
    window = SlidingWindowTransformer(5, group="shop").fit(X[: 30 * N_SERIES])
    later = X[30 * N_SERIES :]
    return lambda: window.transform(later)
