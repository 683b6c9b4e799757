"""Quantiles: their levels, predictions of an estimator, checks, and interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_consistent_length

Array = npt.NDArray[Any]


def check_quantiles(quantiles: Sequence[float]) -> None:
    """Refuse levels that are not increasing numbers within (0, 1) with 0.5."""
    try:
        levels = [float(level) for level in quantiles]
    except (TypeError, ValueError):
        levels = []
    increases = all(low < high for low, high in pairwise(levels))
    if not increases or 0.5 not in levels or not all(0 < level < 1 for level in levels):
        raise ValueError(
            f"quantiles={quantiles!r} is not a sequence of increasing numbers within (0, 1) that "
            "holds 0.5, the median, which predict returns. Give, for example, (0.1, 0.5, 0.9)."
        )


def has_quantiles(estimator: Any) -> bool:
    """Return whether an estimator, or the last step of a pipeline or search, has quantiles."""
    if hasattr(estimator, "best_estimator_"):
        return has_quantiles(estimator.best_estimator_)
    if isinstance(estimator, Pipeline):
        return has_quantiles(estimator[-1])
    return getattr(estimator, "quantiles", None) is not None and (
        hasattr(estimator, "predict_quantiles")
        or "return_quantiles" in signature(estimator.predict).parameters
    )


def predict_quantiles(estimator: Any, X: Any) -> tuple[Any, tuple[float, ...]]:
    """Return the predicted quantiles of a regressor, a pipeline or a search, and their levels.

    Raises
    ------
    ValueError
        If the regressor has no quantiles.
    """
    if hasattr(estimator, "best_estimator_"):
        return predict_quantiles(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        # Not through `predict` of the pipeline: that of a search as last step takes X alone.
        rows = estimator[:-1].transform(X) if len(estimator) > 1 else X
        return predict_quantiles(estimator[-1], rows)
    if not has_quantiles(estimator):
        raise ValueError(
            f"{type(estimator).__name__} predicts no quantiles, but they are needed: a parameter "
            "`quantiles` with their levels, and predict_quantiles(X) or "
            "predict(X, return_quantiles=True). Use a regressor with quantiles, such as "
            "LSTMRegressor(quantiles=(0.1, 0.5, 0.9)), as the last step."
        )
    # The parameter may have been changed since `fit`.
    fitted = getattr(estimator, "_fitted_quantiles", None)
    levels = tuple(map(float, estimator.quantiles if fitted is None else fitted))
    if hasattr(estimator, "predict_quantiles"):
        return estimator.predict_quantiles(X), levels
    return estimator.predict(X, return_quantiles=True)[1], levels


def interpolate_quantiles(
    y_quantiles: Array, levels: tuple[float, ...], at: float | Array
) -> Array:
    """Return quantiles at other levels.

    Quantiles are interpolated linearly over the normal scores of their levels, also beyond the
    outermost ones. This is exact for a normal distribution.

    Parameters
    ----------
    y_quantiles : ndarray of shape (..., n_quantiles)
        Quantiles, sorted along the last axis. A single one stands for all levels.

    levels : tuple of float
        Increasing levels of the quantiles.

    at : float or ndarray
        Levels within (0, 1) of the returned quantiles. Its shape is broadcast.

    Returns
    -------
    values : ndarray
        Quantiles at these levels.
    """
    shape = np.broadcast_shapes(y_quantiles.shape[:-1], np.shape(at))
    y_quantiles = np.broadcast_to(y_quantiles, (*shape, len(levels)))
    if len(levels) == 1:
        return y_quantiles[..., 0]
    known, wanted = ndtri(np.asarray(levels)), np.broadcast_to(ndtri(at), shape)
    place = np.clip(np.searchsorted(known, wanted) - 1, 0, len(levels) - 2)
    lower, upper = (
        np.take_along_axis(y_quantiles, (place + k)[..., np.newaxis], axis=-1)[..., 0]
        for k in (0, 1)
    )
    share = (wanted - known[place]) / (known[place + 1] - known[place])
    values: Array = lower + share * (upper - lower)
    return values


def read_levels(quantiles: Any, y_quantiles: Array) -> Array:
    """Return the levels of the quantiles. Refuse those that do not fit."""
    levels = np.asarray(quantiles)
    if (
        levels.ndim != 1
        or levels.dtype.kind != "f"
        or not levels.size
        or not (np.diff(levels, prepend=0, append=1) > 0).all()
    ):
        raise ValueError(
            f"quantiles={quantiles!r} are not increasing levels within (0, 1). Give levels such as "
            "(0.1, 0.5, 0.9)."
        )
    if len(levels) != y_quantiles.shape[2]:
        raise ValueError(
            f"y_quantiles has {y_quantiles.shape[2]} quantile(s) on its last axis, but "
            f"quantiles={quantiles!r} has {len(levels)} level(s). Give the level of each quantile."
        )
    return levels


def read_pair(y_true: Any, y_quantiles: Any) -> tuple[Array, Array]:
    """Return real values (n_samples, n_outputs) and their quantiles, with a further axis."""
    y_true = check_array(y_true, ensure_2d=False, dtype=np.float64, input_name="y_true")
    y_true = y_true.reshape(len(y_true), -1)
    y_quantiles = read_quantiles(y_quantiles)
    check_consistent_length(y_true, y_quantiles)
    n_outputs = y_quantiles.shape[1]
    if y_true.shape[1] != n_outputs:
        raise ValueError(
            f"y_true has {y_true.shape[1]} output(s), but y_quantiles has {n_outputs}. Give "
            "y_quantiles of shape (n_samples, n_quantiles) for one output, and of shape "
            "(n_samples, n_outputs, n_quantiles) for several."
        )
    return y_true, y_quantiles


def read_quantiles(y_quantiles: Any) -> Array:
    """Return quantiles of shape (n_samples, n_outputs, n_quantiles)."""
    values: Array = check_array(
        y_quantiles, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="y_quantiles"
    )
    if values.ndim not in (2, 3):
        raise ValueError(
            f"y_quantiles of shape {values.shape} has {values.ndim} dimension(s), but shape "
            "(n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles) is expected. Reshape "
            "it: quantiles are the last axis."
        )
    return values if values.ndim == 3 else values[:, np.newaxis]
