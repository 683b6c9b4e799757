"""Borders: positions where rows in order of time can be split without a missing step."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn.windows._labels import (
    LabeledRows,
    Ticks,
    name_zone,
    positions_by_series,
    read_ticks,
    read_times,
)
from skrnn.windows._placing import match_resolution, place_labels, share_rules, summarize_ticks

# Maximum number of borders that are tried.
N_BORDERS = 32


def choose_border(
    X: Any, group: Any, share: float, is_missing: np.ndarray | None
) -> tuple[int, np.ndarray]:
    """Return the first row after a border, and the rows whose series have missing steps there.

    Parameters
    ----------
    X : object
        Rows in order of time.
    group : str, list of str or None
        Index levels and columns that name a series.
    share : float
        Share of the rows that should lie before the border.
    is_missing : ndarray of bool of shape (n_rows,) or None
        Rows in which a value is missing.

    Returns
    -------
    border : int
        Nearest position without missing steps in any series and without missing values around it.
        If there is none, the position with missing steps for the smallest share of later rows.
    lacks_steps : ndarray of bool of shape (n_rows,)
        Later rows whose series have missing steps at the border.

    Raises
    ------
    ValueError
        If all rows have the same time, or each border has missing steps in all series.
    """
    rows = read_times(X, group)
    ticks = None if rows.has_default_labels else read_ticks(rows)
    values = None if ticks is None else ticks.values
    positions = np.arange(1, len(X))
    if values is not None:
        # Rows of the same time stay together.
        positions = positions[values[1:] > values[:-1]]
    if not len(positions):
        raise ValueError(
            f"The {len(X)} rows of X all have the same time, so there are no later rows to "
            "predict. Give rows of at least two times."
        )
    nearest = np.argsort(np.abs(positions - share * len(X)), kind="stable")[:N_BORDERS]
    smallest_cost = 2.0
    for position in positions[nearest].tolist():
        lacking = np.zeros(len(X), dtype=bool)
        if values is not None:
            lacking = _find_rows_with_missing_steps(rows, position)
        is_gap = is_missing is not None and bool(is_missing[position - 1 : position + 1].any())
        # A missing value may hide a step that reads earlier rows, but rows can be compared.
        cost = float(lacking[position:].mean()) + 1e-9 * is_gap
        if cost < smallest_cost:
            smallest_cost, border, lacks_steps = cost, position, lacking
        if smallest_cost == 0:
            break
    if lacks_steps[border:].all():
        raise ValueError(
            f"Steps are missing before row {border} in each series, and at the other borders that "
            "were tried, so no window after the border can be compared. Insert the missing rows, "
            "for instance with X.asfreq(...), or give another cut."
        )
    return border, lacks_steps


def _find_rows_with_missing_steps(rows: LabeledRows, border: int) -> np.ndarray:
    """Return the later rows of series with missing steps at a border."""
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
    summaries = [summarize_ticks(_select_ticks(before, earlier), 1) for earlier, _ in parts]
    share_rules(summaries, [len(earlier) for earlier, _ in parts])
    for (_, later), summary in zip(parts, summaries, strict=True):
        assert summary is not None
        labels = match_resolution(_select_ticks(after, later - border), summary["second"])
        lacking[later] = place_labels(labels, summary).steps != 1
    return lacking


def _select_ticks(ticks: Ticks, positions: np.ndarray) -> Ticks:
    """Return the ticks of some rows. The ticks of all rows are returned unchanged."""
    is_all = ticks.values is not None and len(positions) == len(ticks.values)
    return ticks if is_all else ticks.at(positions)
