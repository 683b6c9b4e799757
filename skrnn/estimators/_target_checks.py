"""Target checks: targets, class labels and weights; errors about missing, text and one-hot y."""

from __future__ import annotations

from collections.abc import Sized
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
    refuse_unstacked,
    sum_of,
)

# Architectures whose targets are sequences.
SEQUENCE_ARCHITECTURES = ("sequence_to_sequence", "vector_to_sequence", "encoder_decoder")


def validate_targets(
    estimator: BaseEstimator, y: Any, *, sequences: bool, allow_unknown: bool = False
) -> np.ndarray:
    """Return y as finite float64 with 1 or 2 dimensions, or 2 or 3 for sequences.

    With `allow_unknown`, y may be NaN where a target is not known yet.
    """
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
        # check_array refuses several columns of the same name, such as shifted copies of one.
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
    known = np.where(np.isnan(y), 0.0, y) if allow_unknown else y
    check_known(given, known, sequences=sequences)
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
        With `reset`, it gets `_n_target_steps`. Otherwise, y is compared with that number.

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
        advice = (
            f'With architecture="{estimator.architecture}", all sequences of y need the same '
            "number of steps."
        )
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
            f"The largest {given} is {largest:.3g}, which float32, the precision of networks, "
            "cannot hold. Multiply all weights by a constant."
        )


def refuse_missing_targets(given: Any, is_missing: np.ndarray, what: str = "NaN") -> None:
    """Refuse missing targets; the error tells where they are and what to do.

    Parameters
    ----------
    given : object
        y as given by the user. The labels of a pandas object name rows in the message.

    is_missing : bool ndarray of shape (n_samples,)
        True for rows whose target is missing.

    what : str, default="NaN"
        Name of the missing value.

    Raises
    ------
    ValueError
        If a target is missing.
    """
    n_rows, rows = len(is_missing), np.flatnonzero(is_missing)
    if not len(rows):
        return
    found = f"Input y contains {what} in {len(rows)} of {n_rows} rows"
    if len(rows) == n_rows:
        raise ValueError(f"{found}. Give known targets.")
    known = np.flatnonzero(~is_missing)
    n_first, n_last = int(known[0]), n_rows - 1 - int(known[-1])
    if len(rows) > n_first + n_last:
        inner = int(rows[n_first])
        raise ValueError(
            f"{found}, among them row {inner}{_name_label(given, inner)}, which lies between rows "
            "with known targets. Drop these rows of X and y if they are the ends of series in a "
            "panel, or if X already holds windows. Within a series, dropping them would join rows "
            "that are not neighbors: give these rows any number as target and the sample_weight 0."
        )
    places = []
    if n_first:
        places.append(f"the first {n_first}{_name_label(given, 0)}, as after shift({n_first})")
    if n_last:
        label = _name_label(given, n_rows - n_last)
        places.append(f"the last {n_last}{label}, as after shift(-{n_last})")
    kept = f"{n_first or ''}:{-n_last or ''}"
    indexer = ".iloc" if isinstance(given, pd.Series | pd.DataFrame) else ""
    cause = " or diff()" if n_first == 1 and not n_last else ""
    raise ValueError(
        f"{found}: {' and '.join(places)}{cause}. Drop these rows of X and y: "
        f"X{indexer}[{kept}], y{indexer}[{kept}]."
    )


def _name_label(given: Any, row: int) -> str:
    """Return the label of a row in brackets, or nothing for a RangeIndex."""
    index = getattr(given, "index", None)
    if not isinstance(index, pd.Index) or isinstance(index, pd.RangeIndex):
        return ""
    return f" ({str(index[row]).removesuffix(' 00:00:00')})"


def refuse_text_targets(y: Any, reader: str) -> None:
    """Refuse text where numbers are expected.

    Raises
    ------
    ValueError
        If a target is text that is not the text of a number.
    """
    values = _as_array(y)
    if values is None or values.dtype.kind not in "OUT" or values.ndim > 2:
        return
    rows = values.reshape(len(values), -1)
    is_text = np.array(
        [[isinstance(value, str) and not _is_number(value) for value in row] for row in rows],
        dtype=bool,
    ).reshape(rows.shape)
    if not is_text.any():
        return
    n_rows = int(np.count_nonzero(is_text.any(axis=1)))
    example = rows[is_text][0]
    if n_rows < len(rows):
        raise ValueError(
            f"y holds text in {n_rows} of {len(rows)} rows, such as {str(example)!r}, and {reader} "
            'predicts numbers. Turn it into numbers, pandas.to_numeric(y, errors="coerce"), and '
            "drop or fill the rows that become NaN."
        )
    raise ValueError(
        f"y holds text, such as {str(example)!r}, and {reader} predicts numbers. For labels use a "
        "classifier, such as GRUClassifier. If the text represents numbers, convert it to numbers."
    )


def _is_number(text: str) -> bool:
    """Return whether text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def refuse_label_columns(y: Any, classifier: str, *, sequences: bool) -> None:
    """Refuse one-hot rows, probabilities and several labels a row.

    Parameters
    ----------
    y : object
        Targets given by the user.

    classifier : str
        Name of the classifier.

    sequences : bool
        Whether the classifier expects one label at every step instead of one a row.

    Raises
    ------
    ValueError
        If y has one axis more than expected.
    """
    values = _as_array(y)
    n_axes = 2 if sequences else 1
    if values is None:
        if not sequences:
            _refuse_lists(y, classifier)
        return
    if values.ndim != n_axes + 1 or values.shape[-1] < 2 or 0 in values.shape:
        return
    expected = (
        "expects one label at every step, of shape (n_samples, n_steps)"
        if sequences
        else "expects one label a row, of shape (n_samples,)"
    )
    given = f"y of shape {values.shape}"
    n_labels = values.shape[-1]
    numbers = _as_floats(values)
    if numbers is not None and (numbers >= 0).all() and np.allclose(numbers.sum(axis=-1), 1):
        is_hot = ((numbers == 0) | (numbers == 1)).all()
        what = "is one-hot, with a single 1 a row" if is_hot else "holds probabilities"
        cure = "numpy.argmax(y, axis=-1)"
        if isinstance(y, pd.DataFrame):
            cure = "y.idxmax(axis=1)"
        elif isinstance(y, np.ndarray):
            cure = f"y.argmax(axis={n_axes})"
        raise ValueError(f"{given} {what}, and {classifier} {expected}. Give the labels: {cure}.")
    if sequences:
        return
    several = f"sklearn.multioutput.MultiOutputClassifier({classifier}())"
    if numbers is not None and ((numbers == 0) | (numbers == 1)).all():
        raise ValueError(
            f"{given} holds several labels a row, 0 or 1 in each of {n_labels} columns, and "
            f"{classifier} {expected}. Fit one classifier for each column: {several}."
        )
    raise ValueError(
        f"{given} has {n_labels} columns, and {classifier} {expected}. If they are several "
        f"targets, fit one classifier for each column: {several}. If they are the labels of the "
        'steps of a window, set architecture="sequence_to_sequence".'
    )


def _refuse_lists(y: Any, classifier: str) -> None:
    """Refuse collections of labels, whose lengths may differ."""
    if isinstance(y, list | tuple | pd.Series | np.ndarray) and any(
        isinstance(labels, Sized) and not isinstance(labels, str | bytes) for labels in y
    ):
        raise ValueError(
            f"y holds collections of labels, and {classifier} expects one label a row. Make a "
            "column of 0 and 1 for each label (sklearn.preprocessing.MultiLabelBinarizer), and "
            "fit one classifier for each column: sklearn.multioutput.MultiOutputClassifier."
        )


def refuse_continuous_labels(labels: np.ndarray, classifier: str) -> None:
    """Refuse labels that are numbers with decimal places."""
    if labels.dtype.kind != "f" or not (others := labels[labels != np.floor(labels)]).size:
        return
    # check_estimator of scikit-learn expects the first words.
    raise ValueError(
        f"Unknown label type: continuous. y holds numbers that are not whole, such as "
        f"{others[0]:.6g}, and {classifier} predicts labels. Predict numbers with a regressor, "
        "such as GRURegressor, or make labels of them (pandas.cut)."
    )


def _as_array(y: Any) -> np.ndarray | None:
    """Return values as an array, or None for scalars, sets and rows of unequal length."""
    try:
        values = np.asarray(y)
    except ValueError:
        return None
    is_ragged = values.dtype == object and any(
        isinstance(value, set | list | tuple) for value in values.flat
    )
    return None if is_ragged or values.ndim == 0 else values


def _as_floats(values: np.ndarray) -> np.ndarray | None:
    """Return numbers and booleans as floats, or None if there are other values or NaN."""
    if values.dtype.kind not in "biufO":
        return None
    try:
        floats = values.astype(np.float64)
    except (TypeError, ValueError):
        return None
    return None if np.isnan(floats).any() else floats
