"""Target errors: missing values, text, one-hot and multi-label rows."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np
import pandas as pd


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
            f"{found}, among them row {inner}{_name_label(given, inner)}, which is between known "
            "ones; drop such rows of X and y if they are the ends of series in a panel, or if X "
            "holds finished windows. Within a series, fill them (ffill): dropping them would join "
            "rows that are not neighbors."
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
        "classifier, such as GRUClassifier. Turn text that means numbers into numbers."
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
