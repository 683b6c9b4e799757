"""Quantiles in a comparison: the levels that all models have, and the scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from skrnn._utils.quantiles import has_quantiles, predict_quantiles
from skrnn.estimators._naive import NaiveRegressor
from skrnn.metrics import (
    crps_from_quantiles,
    interval_coverage,
    interval_width,
    mean_pinball_loss,
    winkler_score,
)
from skrnn.model_selection._naive_baseline import find_predictor

Levels = tuple[float, ...]

# Columns of the table, with the function of each.
QUANTILE_SCORES = ("pinball", "coverage", "width", "Winkler", "CRPS")


def find_common_levels(estimators: dict[str, Any]) -> Levels | None:
    """Return the levels of the quantiles that all models with quantiles have.

    None if no model has two quantiles or more.

    Raises
    ------
    ValueError
        If the models with quantiles have fewer than two levels in common.
    """
    of_models: dict[str, Levels] = {}
    for name, estimator in estimators.items():
        quantiles = getattr(find_predictor(estimator), "quantiles", None)
        if quantiles is not None and len(quantiles) > 1:
            of_models[name] = _round_levels(quantiles)
    if not of_models:
        return None
    common = set.intersection(*map(set, of_models.values()))
    if len(common) < 2:
        raise ValueError(
            f"The estimators have the quantiles {of_models}, with {sorted(common)} in common, but "
            "scores of quantiles can be compared only for two common levels or more. Give them the "
            "same quantiles."
        )
    return tuple(sorted(common))


def give_levels_to_naive(estimators: dict[str, Any], levels: Levels) -> dict[str, Any]:
    """Return the estimators, with quantiles for each NaiveRegressor that has none."""
    changed = dict(estimators)
    for name, estimator in estimators.items():
        predictor = find_predictor(estimator)
        if isinstance(predictor, NaiveRegressor) and predictor.quantiles is None:
            changed[name] = clone(estimator)
            find_predictor(changed[name]).set_params(quantiles=levels)
    return changed


def predict_common_quantiles(
    estimator: Any, rows: Any, levels: Levels
) -> npt.NDArray[np.float64] | None:
    """Return the quantiles of common levels on the last axis, None without such quantiles."""
    if not has_quantiles(estimator):
        return None
    values, own = predict_quantiles(estimator, rows)
    own = _round_levels(own)
    if not set(levels) <= set(own):
        return None
    chosen: npt.NDArray[np.float64] = np.asarray(values)[..., [own.index(each) for each in levels]]
    return chosen


def _round_levels(levels: Iterable[float]) -> Levels:
    """Return levels without rounding errors: np.linspace(0.1, 0.9, 9) has 0.30000000000000004."""
    return tuple(round(float(level), 12) for level in levels)


def score_quantiles(
    y: npt.NDArray[Any], y_quantiles: npt.NDArray[Any] | None, levels: Levels
) -> dict[str, Any]:
    """Return the scores of the quantiles of one split, NaN without quantiles."""
    scores: dict[str, Any] = dict.fromkeys(QUANTILE_SCORES, np.nan)
    if y_quantiles is None:
        return scores
    scores["pinball"] = mean_pinball_loss(y, y_quantiles, quantiles=levels)
    scores["coverage"] = interval_coverage(y, y_quantiles)
    scores["width"] = interval_width(y_quantiles)
    scores["Winkler"] = winkler_score(y, y_quantiles, quantiles=levels)
    # The approximation of the CRPS expects symmetric outermost levels.
    if np.isclose(levels[0] + levels[-1], 1):
        scores["CRPS"] = crps_from_quantiles(y, y_quantiles, quantiles=levels)
    return scores
