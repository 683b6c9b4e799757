"""Histories of trainings: the losses of each epoch by name."""

from __future__ import annotations

import math

import numpy as np


def average_histories(histories: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    """Return the mean of histories, as long as the shortest."""
    return {
        name: np.mean(
            list(zip(*(history[name] for history in histories), strict=False)), axis=1
        ).tolist()
        for name in histories[0]
    }


def join_histories(
    first: dict[str, list[float]], second: dict[str, list[float]]
) -> dict[str, list[float]]:
    """Return the second history after the first, NaN where one of them lacks a name."""
    n_first, n_second = (len(history.get("loss", ())) for history in (first, second))
    return {
        name: first.get(name, [math.nan] * n_first) + second.get(name, [math.nan] * n_second)
        for name in first | second
    }
