"""The naive rival that a comparison must have: which one it is, or how it is built."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn._naive import NaiveRegressor
from skrnn._validation import refuse_column
from skrnn.windows._labels import group_keys
from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


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

    It looks as far ahead, and within the same series, as the windows among the estimators.

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
        If no column of X is the target, or the estimators look differently far ahead.
    """
    refuse_column(X, "the naive rival is one of its columns, of shape (n_samples, n_features)")
    window = SlidingWindowTransformer(1)
    found = [found for estimator in estimators.values() for found in windows_of(estimator)]
    # A window that holds its own row is one of what is known in advance.
    horizons = sorted({found.horizon for found in found if found.horizon > 0})
    if len(horizons) > 1:
        raise ValueError(
            f"The windows of the estimators look {horizons} rows ahead, and one rival cannot be "
            "fair to all. Compare those of one horizon, or give the rival as baseline."
        )
    if found:
        window.set_params(
            horizon=horizons[0] if horizons else 1,
            carry_context=found[0].carry_context,
            group=found[0].group,
        )
    # Positions, since a name may be a number, which scikit-learn takes for a position.
    columns = [_find_target(X, y, y_name)]
    names = list(getattr(X, "columns", ()))
    columns += [names.index(key) for key in group_keys(window.group) if key in names]
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


def _find_target(X: Any, y: np.ndarray, y_name: Any) -> int:
    """Return the position of the column of X that is the target."""
    n_columns = X.shape[1] if len(X.shape) == 2 else 0
    names = list(getattr(X, "columns", ()))
    positions = list(range(n_columns))
    if names:
        # The one of the same name first.
        positions.sort(key=lambda position: y_name is None or names[position] != y_name)
    for position in positions:
        column = X[names[position]] if names else X[:, position]
        if _is_target(np.asarray(column), y):
            return position
    named = " The column of its name has other values." if y_name in names else ""
    raise ValueError(
        f"No column of X, of shape {tuple(X.shape)}, equals y, so that the naive rival cannot be "
        f"built.{named} Give it as baseline: an estimator that predicts the last known value of y "
        "from rows of X, such as make_pipeline(SlidingWindowTransformer(1), "
        "NaiveRegressor(feature=...)), or DummyRegressor() where rows follow no order of time."
    )


def _is_target(column: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether y is this column, or holds it and its next values."""
    if column.ndim != 1 or column.dtype.kind not in "iuf":
        return False
    if column.dtype.kind == "f":
        # Prices kept as float32 are still those prices.
        y = y.astype(column.dtype)
    if y.ndim == 1:
        return np.array_equal(column, y)
    n = len(y)
    return all(np.array_equal(column[step:], y[: n - step, step]) for step in range(y.shape[1]))
