"""The naive rival that a comparison must have: which one it is, or how it is built."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn._naive import NaiveRegressor
from skrnn._sliding_window import SlidingWindowTransformer, windows_of


def last_step(estimator: Any) -> Any:
    """Return what predicts in the end: the last step of a pipeline, also within a search."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "estimator") and hasattr(estimator, "cv"):
            estimator = estimator.estimator
        else:
            return estimator


def build_rival(estimators: dict[str, Any], X: Any, y: np.ndarray, y_name: Any) -> Pipeline:
    """Build the pipeline that predicts the last known value of the target.

    It looks as far ahead and within the same series as the first window among the estimators.

    Parameters
    ----------
    estimators : dict of str to estimator
        What it is a rival of.

    X : {ndarray, DataFrame}
        Rows, of which one column must be the target.

    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets; of several, the first is the next value, the second the one after it, ...

    y_name : object
        The name of the target, if it has one.

    Raises
    ------
    ValueError
        If no column of X is the target.
    """
    window = SlidingWindowTransformer(1, flatten=False)
    for found in (found for estimator in estimators.values() for found in windows_of(estimator)):
        window.set_params(
            # A window that holds its own row would show the rival what it shall predict.
            horizon=max(1, found.horizon),
            carry_context=found.carry_context,
            group=found.group,
        )
        break
    columns = [_find_target(X, y, y_name)]
    if window.group is not None and window.group in getattr(X, "columns", ()):
        columns.append(window.group)
    if X.shape[1] == len(columns):
        return make_pipeline(window, NaiveRegressor())
    select = ColumnTransformer(
        [("target", "passthrough", columns)], verbose_feature_names_out=False
    )
    if hasattr(X, "columns"):
        # Labels of rows must reach the window, and the names of columns its group.
        is_pandas = isinstance(X, pd.DataFrame)
        select.set_output(transform="pandas" if is_pandas else "polars")
    return make_pipeline(select, window, NaiveRegressor())


def _find_target(X: Any, y: np.ndarray, y_name: Any) -> Any:
    """Return the name or the number of the column of X that is the target."""
    n_columns = X.shape[1] if len(X.shape) == 2 else 0
    names = list(getattr(X, "columns", range(n_columns)))
    # The one of the same name first; numbers are no names.
    names.sort(key=lambda name: not (isinstance(name, str) and name == y_name))
    for name in names if n_columns else []:
        if _is_target(np.asarray(X[name] if hasattr(X, "columns") else X[:, name]), y):
            return name
    named = " The column of its name has other values." if y_name in names else ""
    raise ValueError(
        f"No column of X, of shape {tuple(X.shape)}, equals y, so that the naive rival cannot be "
        f"built.{named} Give it as baseline: an estimator that predicts the last known value of y "
        "from rows of X, such as make_pipeline(SlidingWindowTransformer(1, flatten=False), "
        "NaiveRegressor(feature=...)), or DummyRegressor() where rows follow no order of time."
    )


def _is_target(column: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether y is this column, or holds it and its next values."""
    if column.dtype.kind not in "iuf":
        return False
    if y.ndim == 1:
        return np.array_equal(column, y)
    n = len(y)
    return all(np.array_equal(column[step:], y[: n - step, step]) for step in range(y.shape[1]))
