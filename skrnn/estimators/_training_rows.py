"""Training rows: validated, split into rows to train on and held-out rows, and weighted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from skrnn.estimators._input_checks import refuse_only_missing_steps, validate_inputs
from skrnn.estimators._input_warnings import warn_of_rows
from skrnn.estimators._target_checks import check_largest_weight, validate_weights

# X, y and weights. There is a weight for each row, or for each step of a sequence.
TrainingRows = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def prepare_rows(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    validation: tuple[Any, Any],
    hold_out: bool,
    reset: bool,
) -> tuple[TrainingRows, TrainingRows | None]:
    """Return validated rows to train on, and the held-out rows, if any.

    Parameters
    ----------
    estimator : BaseRecurrentEstimator
        The estimator. Validation sets its attributes.

    X, y, sample_weight : object
        Rows and weights given by the user.

    validation : tuple (X_val, y_val)
        Held-out rows given by the user, or None and None.

    hold_out : bool
        Whether to hold out the last rows if `validation` has none.

    reset : bool
        Whether training starts over.
    """
    rows = validate_rows(estimator, X, y, sample_weight, reset=reset)
    if reset and estimator.architecture != "vector_to_sequence":
        warn_of_rows(X, type(estimator).__name__)
    held_out = estimator._validate_held_out(*validation)
    if held_out is None and hold_out:
        rows, held_out = hold_out_last_rows(rows, estimator.validation_split)
    refuse_only_missing_steps(rows[0], "trained on")
    if held_out is not None:
        refuse_only_missing_steps(held_out[0], "held out")
    return rows, held_out


def validate_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, reset: bool
) -> TrainingRows:
    """Return validated windows, targets and weights, without the rows of weight 0."""
    estimator._check_combination()
    X = validate_inputs(
        estimator,
        X,
        estimator.architecture,
        fixed_length=estimator._has_fixed_length(),
        embedded=estimator.embedding_dim is not None,
        reset=reset,
    )
    y = estimator._validate_y(y, X, reset=reset)
    if sample_weight is None:
        return X, y, None
    sample_weight = validate_weights(sample_weight, X)
    check_largest_weight(sample_weight, "sample_weight")
    is_positive = sample_weight > 0
    if is_positive.all():
        return X, y, sample_weight
    return X[is_positive], y[is_positive], sample_weight[is_positive]


def hold_out_last_rows(
    rows: TrainingRows, validation_split: float
) -> tuple[TrainingRows, TrainingRows]:
    """Return the first rows to train on, and the last rows to hold out."""
    X, y, weight = rows
    # The same rule as for validation_split in Keras.
    n_trained = math.floor(len(X) * (1 - validation_split))
    if n_trained < 1 or n_trained == len(X):
        raise ValueError(
            f"validation_split={validation_split} of {len(X)} row(s) leaves no row to train on or "
            "none to hold out. Give more rows, or X_val and y_val, or set early_stopping=False."
        )
    trained, held_out = slice(None, n_trained), slice(n_trained, None)
    if weight is None:
        return (X[trained], y[trained], None), (X[held_out], y[held_out], None)
    return (X[trained], y[trained], weight[trained]), (X[held_out], y[held_out], weight[held_out])
