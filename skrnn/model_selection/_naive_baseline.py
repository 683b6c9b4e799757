"""Naive forecast as the baseline of a comparison, and its error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn._utils.validation import refuse_column
from skrnn.estimators._input_checks import validate_windows
from skrnn.estimators._naive import NaiveRegressor
from skrnn.windows._labels import group_keys
from skrnn.windows._targets import Target
from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


def find_predictor(estimator: Any) -> Any:
    """Return the last step of a pipeline, also within a search."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "estimator") and hasattr(estimator, "cv"):
            estimator = estimator.estimator
        else:
            return estimator


class BuiltBaseline(NaiveRegressor):
    """NaiveRegressor with given target columns.

    They are found in all rows, since the rows of a split may be too few, or constant.

    Parameters
    ----------
    targets : list of (feature, shift, a, b)
        Target columns, as `NaiveRegressor` finds them in `fit`.

    is_padded : bool
        Whether the first window is padding. Then errors of such windows are left out.

    quantiles : sequence of float, default=None
        Levels of the quantiles.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "targets": [list],
        "is_padded": ["boolean"],
        "quantiles": ["array-like", None],
    }

    def __init__(
        self,
        targets: list[tuple[int, int, float, float]],
        is_padded: bool,
        quantiles: Sequence[float] | None = None,
    ) -> None:
        super().__init__(quantiles=quantiles)
        self.targets = targets
        self.is_padded = is_padded

    def fit(self, X: Any, y: Any) -> BuiltBaseline:
        """Store the given target columns."""
        X = validate_windows(self, X, reset=True, allow_missing_steps=False)
        self._target_ndim = np.ndim(y)
        self.n_outputs_ = len(self.targets)
        self.targets_ = self.targets
        y = np.asarray(y, dtype=np.float64).reshape(len(X), -1)
        is_known = (X[:1] != X).any(axis=(1, 2))
        if self.is_padded and is_known.any():
            # The mean of the column is no last value, and has errors of another size.
            X, y = X[is_known], y[is_known]
        self._store_error_quantiles(X, y)
        return self


def build_baseline(
    estimators: dict[str, Any], X: Any, y: Any, targets: list[Target | None] | None
) -> Pipeline:
    """Return a pipeline that predicts the last known values of the targets.

    The pipeline has the horizon and the `group` of the windows of the estimators. If the estimators
    have no windows, and targets lie in later rows, the pipeline reads its own row.

    Parameters
    ----------
    estimators : dict of str to estimator
        Estimators that are compared with the baseline.

    X : {ndarray, DataFrame}
        Rows. Some of the columns must be target columns.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    targets : list of Target or None, or None
        Target column of each output of y.

    Raises
    ------
    ValueError
        If an output has no target column, or the windows have several horizons.
    """
    refuse_column(X, "the naive forecast reads columns of X, of shape (n_samples, n_features)")
    known = [target for target in targets or () if target is not None]
    if targets is None or len(known) < len(targets):
        raise ValueError(_explain_unknown_target(X, y, targets))
    window = SlidingWindowTransformer(1)
    found = [found for estimator in estimators.values() for found in windows_of(estimator)]
    # Windows with horizon=0 hold values that are known in advance.
    horizons = sorted({found.horizon for found in found if found.horizon > 0})
    if len(horizons) > 1:
        raise ValueError(
            f"The windows of the estimators have the horizons {horizons}, but the naive forecast "
            "expects one. Compare estimators of one horizon, or give a baseline."
        )
    is_later = all(target.shift > 0 for target in known)
    window.set_params(horizon=horizons[0] if horizons else int(not is_later))
    if found:
        window.set_params(carry_context=found[0].carry_context, group=found[0].group)
    columns = sorted({target.feature for target in known})
    baseline = BuiltBaseline(
        [(columns.index(t.feature), t.shift, t.a, t.b) for t in known],
        is_padded=window.horizon > 0,
    )
    # scikit-learn takes names that are numbers for positions, so positions are given.
    names = list(getattr(X, "columns", ()))
    columns += [names.index(key) for key in group_keys(window.group) if key in names]
    if X.shape[1] == len(columns):
        return make_pipeline(window, baseline)
    select = ColumnTransformer(
        [("target", "passthrough", columns)], verbose_feature_names_out=False
    )
    if hasattr(X, "columns"):
        # The window needs the row labels, and its `group` the names of columns.
        is_pandas = isinstance(X, pd.DataFrame)
        select.set_output(transform="pandas" if is_pandas else "polars")
    return make_pipeline(select, window, baseline)


def count_steps_ahead(estimator: Any, n_outputs: int, targets: list[Target | None] | None) -> int:
    """Return the number of steps ahead of the forecasts of an estimator.

    Outputs without a target column count as the next values of one series.
    """
    horizon = max([0, *(window.horizon for window in windows_of(estimator))])
    if targets is None or None in targets:
        return max(1, horizon) + n_outputs - 1
    shifts = [target.shift for target in targets if target is not None]
    # A row that holds its own target is not known when the target is forecast.
    horizon = max(horizon, int(min(shifts) == 0))
    return max(1, horizon + max(shifts))


def measure_naive_error(
    y: np.ndarray, rows: npt.NDArray[np.intp], series: np.ndarray | None
) -> Any:
    """Return the mean absolute difference of y between neighboring rows of one series.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        All targets, in order of time.

    rows : ndarray of int
        Positions of the rows to use, in any order.

    series : ndarray of int of shape (n_samples,) or None
        Number of the series of each row. If None, all rows belong to one series.

    Returns
    -------
    error : float or ndarray of shape (n_outputs,)
        Error of the previous value as forecast. 0 if no rows are neighbors.
    """
    is_used = np.zeros(len(y), dtype=bool)
    is_used[rows] = True
    parts = []
    for name in [None] if series is None else np.unique(series):
        of_series = np.arange(len(y)) if name is None else np.flatnonzero(series == name)
        # Rows before and after a row that is not used are no neighbors.
        both = is_used[of_series[1:]] & is_used[of_series[:-1]]
        parts.append((y[of_series[1:]] - y[of_series[:-1]])[both])
    differences = np.concatenate(parts)
    return np.abs(differences).sum(axis=0) / max(1, len(differences))


def _explain_unknown_target(X: Any, y: Any, targets: list[Target | None] | None) -> str:
    """Return the message for an output of y without a target column."""
    output = "y" if targets is None or len(targets) == 1 else f"output {targets.index(None)} of y"
    named = ""
    if getattr(y, "name", None) in list(getattr(X, "columns", ())):
        named = f" Column {y.name!r} has other values."
    return (
        f"No column of X, of shape {tuple(X.shape)}, equals {output}, neither in the same row nor "
        f"some rows later, nor scaled, so the last known value is unknown.{named} Give a "
        "baseline: an estimator that predicts the last known value of y from rows of X, such as "
        "make_pipeline(SlidingWindowTransformer(1), NaiveRegressor(feature=...)), or "
        "DummyRegressor() for rows without an order of time."
    )
