"""Predictions of the last rows of a table, as a fitted pipeline makes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from skrnn._utils.quantiles import predict_quantiles
from skrnn.estimators._conformal_intervals import ConformalIntervals
from skrnn.windows._transformer import windows_of


def read_last(pipeline: Any, rows: Any, n: int) -> Any:
    """Return the input of the model for the last `n` rows.

    If the windows are inside the model, this input is not known. Then return its predictions.
    """
    if has_windows_before_model(pipeline):
        # Windows are views and cost nothing, but the network is slow: give it the last ones.
        windows = pipeline[:-1].transform(rows)
        n_rows = _num_samples(windows)
        return _safe_indexing(windows, np.arange(n_rows - n, n_rows))
    return np.asarray(pipeline.predict(rows))[-n:]


def predict_last(pipeline: Any, rows: Any, n: int, is_by_step: bool) -> np.ndarray:
    """Return the predictions of the last `n` rows, of shape (n, n_outputs)."""
    read = read_last(pipeline, rows, n)
    predicted = pipeline[-1].predict(read) if has_windows_before_model(pipeline) else read
    predicted = _choose_step(predicted, is_by_step)
    _refuse_axes(predicted)
    return predicted.reshape(n, -1)


def predict_last_quantiles(
    pipeline: Any, rows: Any, n: int, is_by_step: bool
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return the quantiles of the last `n` rows, and their levels.

    The quantiles have the shape (n, n_outputs, n_quantiles).
    """
    if has_windows_before_model(pipeline):
        return predict_quantiles_of_windows(pipeline, read_last(pipeline, rows, n), is_by_step)
    predicted, levels = predict_quantiles(pipeline, rows)
    return _arrange_quantiles(predicted[-n:], is_by_step), levels


def predict_quantiles_of_windows(
    pipeline: Any, windows: Any, is_by_step: bool
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return the quantiles that the last step of a pipeline predicts, and their levels."""
    predicted, levels = predict_quantiles(pipeline[-1], windows)
    return _arrange_quantiles(predicted, is_by_step), levels


def has_windows_before_model(pipeline: Any) -> bool:
    """Return whether windows are made by steps of a pipeline, and not inside its last step."""
    is_pipeline = isinstance(pipeline, Pipeline) and len(pipeline) > 1
    return is_pipeline and not any(windows_of(pipeline[-1]))


def _arrange_quantiles(predicted: Any, is_by_step: bool) -> np.ndarray:
    """Return quantiles of shape (n, n_outputs, n_quantiles)."""
    predicted = _choose_step(predicted, is_by_step)
    _refuse_axes(predicted[..., 0])
    return predicted.reshape(len(predicted), -1, predicted.shape[-1])


def _choose_step(predicted: Any, is_by_step: bool) -> np.ndarray:
    """Return the outputs of the future row; those of earlier steps belong to known rows."""
    predicted = np.asarray(predicted, dtype=np.float64)
    return predicted[:, -1] if is_by_step else predicted


def _refuse_axes(predicted: np.ndarray) -> None:
    if predicted.ndim > 2:
        raise ValueError(
            f"The model predicts an array of shape {predicted.shape}, but forecast takes models "
            "with one value for each step. Use predict, which returns all values."
        )


def find_architecture(model: Any) -> str | None:
    """Return the architecture of the network in a fitted estimator; None without a network."""
    while True:
        if isinstance(model, Pipeline):
            model = model[-1]
        elif isinstance(model, ConformalIntervals):
            model = model.estimator_
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif hasattr(model, "regressor_"):
            model = model.regressor_
        else:
            break
    architecture: str | None = getattr(model, "_network", {}).get("architecture")
    return architecture
