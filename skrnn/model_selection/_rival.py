"""Naive rival of a comparison: which estimator it is, or how it is built."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn._utils.validation import refuse_column
from skrnn.estimators._input_checks import validate_windows
from skrnn.estimators._naive import NaiveRegressor
from skrnn.windows._labels import group_keys
from skrnn.windows._targets import Target
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


class BuiltRival(NaiveRegressor):
    """NaiveRegressor that is told which feature each output is.

    It was found in all rows: those of a split may be too few, or constant.

    Parameters
    ----------
    targets : list of (feature, shift, a, b)
        What `NaiveRegressor` finds in `fit`.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"targets": [list]}

    def __init__(self, targets: list[tuple[int, int, float, float]]) -> None:
        super().__init__()
        self.targets = targets

    def fit(self, X: Any, y: Any) -> BuiltRival:
        """Take the features and scales as they are given."""
        validate_windows(self, X, reset=True, allow_missing_steps=False)
        self._target_ndim = np.ndim(y)
        self.n_outputs_ = len(self.targets)
        self.targets_ = self.targets
        return self


def build_rival(
    estimators: dict[str, Any], X: Any, y: Any, targets: list[Target | None] | None
) -> Pipeline:
    """Build the pipeline that predicts the last known values of the targets.

    It looks as far ahead, and within the same series, as the windows among the estimators. Where
    these have none, and targets lie in later rows, it reads its own row.

    Parameters
    ----------
    estimators : dict of str to estimator
        What it is a rival of.

    X : {ndarray, DataFrame}
        Rows, of which some columns must be the targets.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    targets : list of Target or None, or None
        Which column of X each output of y is.

    Raises
    ------
    ValueError
        If an output is no column of X, or the estimators look differently far ahead.
    """
    refuse_column(X, "the naive rival is one of its columns, of shape (n_samples, n_features)")
    known = [target for target in targets or () if target is not None]
    if targets is None or len(known) < len(targets):
        raise ValueError(_describe_unknown(X, y, targets))
    window = SlidingWindowTransformer(1)
    found = [found for estimator in estimators.values() for found in windows_of(estimator)]
    # A window that holds its own row is one of what is known in advance.
    horizons = sorted({found.horizon for found in found if found.horizon > 0})
    if len(horizons) > 1:
        raise ValueError(
            f"The windows of the estimators look {horizons} rows ahead, and one rival cannot be "
            "fair to all. Compare those of one horizon, or give the rival as baseline."
        )
    is_later = all(target.shift > 0 for target in known)
    window.set_params(horizon=horizons[0] if horizons else int(not is_later))
    if found:
        window.set_params(carry_context=found[0].carry_context, group=found[0].group)
    columns = sorted({target.feature for target in known})
    rival = BuiltRival([(columns.index(t.feature), t.shift, t.a, t.b) for t in known])
    # Positions, since a name may be a number, which scikit-learn takes for a position.
    names = list(getattr(X, "columns", ()))
    columns += [names.index(key) for key in group_keys(window.group) if key in names]
    if X.shape[1] == len(columns):
        return make_pipeline(window, rival)
    select = ColumnTransformer(
        [("target", "passthrough", columns)], verbose_feature_names_out=False
    )
    if hasattr(X, "columns"):
        # Labels of rows must reach the window, and the names of columns its group.
        is_pandas = isinstance(X, pd.DataFrame)
        select.set_output(transform="pandas" if is_pandas else "polars")
    return make_pipeline(select, window, rival)


def steps_ahead(estimator: Any, n_outputs: int, targets: list[Target | None] | None) -> int:
    """Return how many steps ahead the forecasts of an estimator are.

    Outputs that are no column of X are taken for the next values of one series.
    """
    horizon = max([0, *(window.horizon for window in windows_of(estimator))])
    if targets is None or None in targets:
        return max(1, horizon) + n_outputs - 1
    shifts = [target.shift for target in targets if target is not None]
    # Rows that hold their own target cannot be forecast from themselves.
    horizon = max(horizon, int(min(shifts) == 0))
    return max(1, horizon + max(shifts))


def _describe_unknown(X: Any, y: Any, targets: list[Target | None] | None) -> str:
    """Return that y is no column of X, and what to do."""
    output = "y" if targets is None or len(targets) == 1 else f"output {targets.index(None)} of y"
    named = ""
    if getattr(y, "name", None) in list(getattr(X, "columns", ())):
        named = f" Column {y.name!r} has other values."
    return (
        f"No column of X, of shape {tuple(X.shape)}, equals {output}, neither in the same row nor "
        f"some rows later, nor scaled, so the last known value is unknown.{named} Give the rival "
        "as baseline=: an estimator that predicts the last known value of y from rows of X, such "
        "as make_pipeline(SlidingWindowTransformer(1), NaiveRegressor(feature=...)), or "
        "DummyRegressor() where rows follow no order of time."
    )
