"""Weights of the steps of sequences in a score."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn.estimators._input_checks import validate_inputs
from skrnn.estimators._target_checks import validate_score_weights


def weigh_scored_steps(
    estimator: Any, X: Any, y: np.ndarray, predicted: np.ndarray, sample_weight: Any
) -> np.ndarray:
    """Return the weights of steps in a score, 0 for steps that are missing from X.

    Steps with unknown symbols keep their weight. Without them, a score would be too good.
    """
    if y.shape != predicted.shape:
        raise ValueError(
            f"y has the shape {y.shape}, but the predictions for X have the shape "
            f"{predicted.shape}. Give one target for each prediction."
        )
    weight = validate_score_weights(sample_weight, y)
    weight = np.broadcast_to(weight[:, np.newaxis], y.shape[:2])
    architecture = estimator._network["architecture"]
    if architecture != "sequence_to_sequence":
        return weight
    X = validate_inputs(estimator, X, architecture, fixed_length=False, embedded=False, reset=False)
    is_missing = np.isnan(X[..., 0])
    if estimator._network["embedding_dim"] is not None:
        is_missing |= X[..., 0] == 0
    return np.where(is_missing, 0.0, weight)
