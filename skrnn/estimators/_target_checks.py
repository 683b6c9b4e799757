"""Target checks: targets, labels and weights for training and scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import _check_sample_weight

from skrnn._utils.validation import (
    check_container,
    check_finite,
    dtypes_of,
    read_as_numbers,
    refuse_dates,
    sum_of,
)
from skrnn.estimators._input_checks import refuse_unstacked
from skrnn.estimators._target_errors import (
    refuse_label_columns,
    refuse_missing_targets,
    refuse_text_targets,
)

# Architectures whose targets are sequences.
SEQUENCE_ARCHITECTURES = ("sequence_to_sequence", "vector_to_sequence", "encoder_decoder")


def validate_targets(estimator: BaseEstimator, y: Any, *, sequences: bool) -> np.ndarray:
    """Return y as finite float64 with 1 or 2 dimensions, or 2 or 3 for sequences."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    check_container(y, "y")
    if sequences:
        advice = "Replace NaN at missing steps of X by any number (numpy.nan_to_num)."
        refuse_unstacked(y, "y", name, _advise_stacking(estimator, advice))
    refuse_dates(y, "y")
    refuse_text_targets(y, name)
    given = y
    if isinstance(y, pd.DataFrame):
        # check_array refuses columns of the same name, which shift makes.
        y = y.set_axis(range(y.shape[1]), axis=1)
    with read_as_numbers(y, "y", name):
        y = _read_y(estimator, y, np.float64)
    if y.ndim not in ((2, 3) if sequences else (1, 2)):
        expected = (
            f'(n_samples, n_steps) or (n_samples, n_steps, n_outputs) with architecture="'
            f'{estimator.architecture}"'
            if sequences
            else "(n_samples,) or (n_samples, n_outputs). For a target at every step set "
            'architecture="sequence_to_sequence"'
        )
        raise ValueError(
            f"y of shape {y.shape} has {y.ndim} dimension(s); {name} expects targets of shape "
            f"{expected}."
        )
    if 0 in y.shape[1:]:
        raise ValueError(f"y of shape {y.shape} has no target; {name} needs one or more a row.")
    check_known(given, y, sequences=sequences)
    return y


def validate_labels(estimator: BaseEstimator, y: Any, *, sequences: bool) -> np.ndarray:
    """Return y as labels of any type with 1 dimension, or 2 for sequences."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    check_container(y, "y", numbers=False)
    for dtype in dtypes_of(y):
        if getattr(dtype, "time_zone", None) is not None:
            # polars drops the time zone when it converts to NumPy.
            raise ValueError(
                f"Unknown label type: y holds values of type {dtype}, dates with a time zone. Turn "
                'them into text or numbers first, such as dt.to_string("%F") in polars.'
            )
        if str(dtype) in ("Int128", "UInt128"):
            raise ValueError(
                f"Unknown label type: y holds values of type {dtype}, which NumPy does not have. "
                "Turn them into text or smaller numbers first."
            )
    refuse_label_columns(y, name, sequences=sequences)
    if not sequences:
        if getattr(y, "ndim", 1) > 2:
            raise ValueError(
                f"y of shape {y.shape} has {y.ndim} dimension(s); {name} expects one label a row, "
                "of shape (n_samples,). For a label at every step set "
                'architecture="sequence_to_sequence".'
            )
        labels = column_or_1d(y, warn=True)
        refuse_missing_targets(y, pd.isna(labels), "NaN or None")
        return labels
    refuse_unstacked(
        y, "y", name, _advise_stacking(estimator, "Encode labels that are text as numbers first.")
    )
    y = _read_y(estimator, y, None)
    if y.ndim == 3 and y.shape[-1] == 1:
        # stack_sequences returns this shape.
        y = y[..., 0]
    if y.ndim != 2:
        raise ValueError(
            f"y of shape {y.shape} has {y.ndim} dimension(s); {name} expects labels of shape "
            f'(n_samples, n_steps) with architecture="{estimator.architecture}".'
        )
    return y


def check_target_steps(estimator: Any, X: np.ndarray, y: np.ndarray, *, reset: bool) -> None:
    """Refuse targets with another number of rows than X, or another number of steps than needed.

    Parameters
    ----------
    estimator : BaseRecurrentEstimator
        Gets `_n_target_steps` if `reset`, is compared with it if not.

    X, y : ndarray
        Validated rows.

    reset : bool
        Whether training starts over.
    """
    check_consistent_length(X, y)
    if estimator.architecture not in SEQUENCE_ARCHITECTURES:
        return
    if reset:
        estimator._n_target_steps = y.shape[1]
    if estimator.architecture == "sequence_to_sequence" and y.shape[1] != X.shape[1]:
        raise ValueError(
            f"y has {y.shape[1]} step(s) and X has {X.shape[1]}, but architecture="
            '"sequence_to_sequence" needs a target at every step of X. For another number of '
            'steps, set architecture="encoder_decoder".'
        )
    if estimator.architecture != "sequence_to_sequence" and y.shape[1] != estimator._n_target_steps:
        raise ValueError(
            f"y of shape {y.shape} has {y.shape[1]} step(s), but {type(estimator).__name__} "
            f"expects {estimator._n_target_steps}, as in the rows that it is trained on."
        )


def check_known(given: Any, y: np.ndarray, *, sequences: bool = False) -> None:
    """Refuse targets that are NaN or infinite.

    Parameters
    ----------
    given : object
        y as given by the user. Its row labels name rows in messages.

    y : ndarray of shape (n_samples, ...)
        The same targets as floats.

    sequences : bool, default=False
        Whether the rows are sequences, which have no order.
    """
    if not sequences and np.isnan(sum_of(y)):
        refuse_missing_targets(given, np.isnan(y).any(axis=tuple(range(1, y.ndim))))
    check_finite(
        y,
        "y",
        "drop the rows whose target is unknown; at missing steps of X give any number "
        "(numpy.nan_to_num)",
    )


def _advise_stacking(estimator: BaseEstimator, advice: str) -> str:
    """Return advice on stacked targets, after a space."""
    if estimator.architecture != "sequence_to_sequence":
        # Targets of these architectures have no missing steps.
        advice = f'With architecture="{estimator.architecture}", all need the same number of steps.'
    return f" {advice}"


def _read_y(estimator: BaseEstimator, y: Any, dtype: Any) -> np.ndarray:
    """Return y as an array, with its number of dimensions unchanged."""
    return check_array(
        y,
        dtype=dtype,
        ensure_2d=False,
        allow_nd=True,
        ensure_all_finite=False,
        input_name="y",
        estimator=estimator,
    )


def validate_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Return the weights of the rows of X as float64. Refuse negative weights and only zeros."""
    check_container(sample_weight, "sample_weight")
    refuse_dates(sample_weight, "sample_weight")
    with read_as_numbers(sample_weight, "sample_weight", "fit"):
        weights: np.ndarray = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
    if not weights.any():
        raise ValueError("sample_weight is 0 in all rows. Give at least one row a weight above 0.")
    return weights


def validate_score_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Return the weights of the rows of X, scaled so that their sum does not overflow.

    Scores do not depend on the scale of the weights. A power of 2 changes no bit of a score.
    """
    weights = validate_weights(sample_weight, X)
    return np.ldexp(weights, -np.frexp(weights.max())[1])


def check_largest_weight(weights: np.ndarray, given: str) -> None:
    """Refuse weights that make every loss 0 or infinite in float32."""
    largest, limits = weights.max(), np.finfo(np.float32)
    if not limits.tiny <= largest <= limits.max:
        raise ValueError(
            f"{given} is {largest:.3g} at most, which float32, the precision of networks, cannot "
            "hold. Multiply all weights by a constant."
        )
