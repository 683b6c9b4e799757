"""Borders: places where rows in order of time can be cut in two without a missing step."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn.model_selection._time_order import read_times
from skrnn.windows._labels import (
    LabeledRows,
    Ticks,
    name_zone,
    positions_by_series,
    read_ticks,
)
from skrnn.windows._placing import match_resolution, place_labels, share_rules, summarize_ticks

# How many moments around the place that was asked for are looked at.
N_PLACES = 32


def choose_border(
    X: Any, group: Any, share: float, absent: np.ndarray | None
) -> tuple[int, np.ndarray]:
    """Return the first row after a border, and which rows lack steps because of it.

    Parameters
    ----------
    X : object
        Rows in order of time.
    group : str, list of str or None
        Index levels and columns that name a series.
    share : float
        Which share of the rows the border should lie behind.
    absent : ndarray of bool of shape (n_rows,) or None
        Rows in which a value is missing.

    Returns
    -------
    border : int
        The nearest place where no series has missing steps, and no value around it is missing; else
        where the smallest share of later rows does.
    lacks_steps : ndarray of bool of shape (n_rows,)
        Later rows of the series that have missing steps at the border.

    Raises
    ------
    ValueError
        If all rows are of one moment, or each border has missing steps in all series.
    """
    rows = read_times(X, group)
    ticks = None if rows.has_default_labels else read_ticks(rows)
    values = None if ticks is None else ticks.values
    places = np.arange(1, len(X))
    if values is not None:
        # Rows of one moment stay together.
        places = places[values[1:] > values[:-1]]
    if not len(places):
        raise ValueError(
            f"The {len(X)} rows of X are all of one moment, so there are no later ones to predict. "
            "Give the rows of two moments or more."
        )
    nearest = np.argsort(np.abs(places - share * len(X)), kind="stable")[:N_PLACES]
    least = 2.0
    for place in places[nearest].tolist():
        lacking = np.zeros(len(X), dtype=bool)
        if values is not None:
            lacking = _find_lacking(rows, place)
        is_gap = absent is not None and bool(absent[place - 1 : place + 1].any())
        # A missing value may hide a step that looks back, but leaves something to compare.
        cost = float(lacking[place:].mean()) + 1e-9 * is_gap
        if cost < least:
            least, border, lacks_steps = cost, place, lacking
        if least == 0:
            break
    if lacks_steps[border:].all():
        raise ValueError(
            f"Steps are missing before row {border} in each series, and at the other borders that "
            "were tried, so no window after it can be compared. Insert the missing rows, as "
            "X.asfreq(...) does, or give another cut."
        )
    return border, lacks_steps


def _find_lacking(rows: LabeledRows, border: int) -> np.ndarray:
    """Tell which rows belong to series with missing steps between the rows around a border."""
    assert rows.labels is not None
    lacking = np.zeros(len(rows.labels), dtype=bool)
    zone = name_zone(rows.labels[:1])
    before = read_ticks(rows._replace(labels=rows.labels[:border]), zone)
    after = read_ticks(rows._replace(labels=rows.labels[border:]), zone)
    assert before is not None
    assert after is not None
    parts = []
    for where in positions_by_series(rows).values():
        positions = np.arange(len(rows.labels))[where]
        earlier, later = positions[positions < border], positions[positions >= border]
        if len(earlier) and len(later):
            parts.append((earlier, later))
    summaries = [summarize_ticks(_at(before, earlier), 1) for earlier, _ in parts]
    share_rules(summaries, [len(earlier) for earlier, _ in parts])
    for (_, later), summary in zip(parts, summaries, strict=True):
        assert summary is not None
        labels = match_resolution(_at(after, later - border), summary["second"])
        lacking[later] = place_labels(labels, summary).steps != 1
    return lacking


def _at(ticks: Ticks, positions: np.ndarray) -> Ticks:
    """Return the ticks of some rows; of all of them they still number the call."""
    is_all = ticks.values is not None and len(positions) == len(ticks.values)
    return ticks if is_all else ticks.at(positions)
