"""Target checks: targets, labels and weights that an estimator can learn from."""

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
    """Return y as finite float64 of 1 or 2 dimensions, or of one more if it has `sequences`."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    check_container(y, "y")
    if sequences:
        absent = "Where a step is absent from X, write any number for the NaN (numpy.nan_to_num)."
        refuse_unstacked(y, "y", name, _advise_stacking(estimator, absent))
    refuse_dates(y, "y")
    refuse_text_targets(y, name)
    given = y
    if isinstance(y, pd.DataFrame):
        # The next values of a series, made by shift, all have its name; check_array refuses that.
        y = y.set_axis(range(y.shape[1]), axis=1)
    with read_as_numbers(y, "y", name):
        y = _read_y(estimator, y, np.float64)
    if y.ndim not in ((2, 3) if sequences else (1, 2)):
        expected = (
            f'(n_samples, n_steps) or (n_samples, n_steps, n_outputs) with architecture="'
            f'{estimator.architecture}"'
            if sequences
            else "(n_samples,) or (n_samples, n_outputs); for a target at every step there are "
            "other architectures"
        )
        raise ValueError(
            f"y of shape {y.shape} has {y.ndim} dimension(s); {name} expects targets of shape "
            f"{expected}."
        )
    if 0 in y.shape[1:]:
        raise ValueError(f"y of shape {y.shape} has no target; {name} needs at least one a row.")
    check_known(given, y, sequences=sequences)
    return y


def validate_labels(estimator: BaseEstimator, y: Any, *, sequences: bool) -> np.ndarray:
    """Return y as labels of any type, of 1 dimension, or of 2 if it has `sequences`."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    check_container(y, "y", numbers=False)
    for dtype in dtypes_of(y):
        if getattr(dtype, "time_zone", None) is not None:
            # Of polars, which drops the zone on the way to NumPy. Dates have one type.
            raise ValueError(
                f"Unknown label type: y holds values of type {dtype}, dates with a time zone. Turn "
                'them into text or numbers first, as polars does with dt.to_string("%F").'
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
                "of shape (n_samples,); for a label at every step there are other architectures."
            )
        labels = column_or_1d(y, warn=True)
        refuse_missing_targets(y, pd.isna(labels), "NaN or None")
        return labels
    refuse_unstacked(
        y, "y", name, _advise_stacking(estimator, "Encode labels that are text as numbers first.")
    )
    y = _read_y(estimator, y, None)
    if y.ndim == 3 and y.shape[-1] == 1:
        # As stack_sequences returns them.
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
    """Refuse targets, in floats, that are NaN or infinite.

    Parameters
    ----------
    given : object
        What the user gave as y, whose labels name rows.

    y : ndarray of shape (n_samples, ...)
        The same as floats.

    sequences : bool, default=False
        Whether the rows are sequences, which are in no order.
    """
    if not sequences and np.isnan(sum_of(y)):
        refuse_missing_targets(given, np.isnan(y).any(axis=tuple(range(1, y.ndim))))
    check_finite(
        y,
        "y",
        "drop the rows whose target is not known; where a step is absent from X, any number will "
        "do (numpy.nan_to_num)",
    )


def _advise_stacking(estimator: BaseEstimator, advice: str) -> str:
    """Return what to do with stacked targets, after a space."""
    if estimator.architecture != "sequence_to_sequence":
        # No step of theirs is absent.
        advice = f'With architecture="{estimator.architecture}", all need the same number of steps.'
    return f" {advice}"


def _read_y(estimator: BaseEstimator, y: Any, dtype: Any) -> np.ndarray:
    """Return y as an array of as many dimensions as it has."""
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
    """Return the weights of the rows of X as float64, not negative and not all 0."""
    check_container(sample_weight, "sample_weight")
    refuse_dates(sample_weight, "sample_weight")
    with read_as_numbers(sample_weight, "sample_weight", "fit"):
        weights: np.ndarray = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
    if not weights.any():
        raise ValueError("sample_weight is 0 in all rows; at least one row must weigh more.")
    return weights


def validate_score_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Return the weights of the rows of X, scaled so that no sum of them overflows.

    Scores do not depend on the scale of weights, nor do their bits on a power of 2.
    """
    weights = validate_weights(sample_weight, X)
    return np.ldexp(weights, -np.frexp(weights.max())[1])


def check_largest_weight(weights: np.ndarray, given: str) -> None:
    """Refuse weights with which a loss would be 0 or infinity in float32, whatever is learned."""
    largest, limits = weights.max(), np.finfo(np.float32)
    if not limits.tiny <= largest <= limits.max:
        raise ValueError(
            f"{given} is {largest:.3g} at most, which float32 cannot hold, in which networks "
            "compute. Multiply all weights by a constant."
        )
