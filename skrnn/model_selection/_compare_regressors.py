"""Comparison of regressors on the same splits, beside a naive forecast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.metrics import get_scorer, mean_absolute_error, root_mean_squared_error
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.parallel import Parallel, delayed

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.validation import check_container, check_finite, refuse_several_tables
from skrnn.estimators._naive import NaiveRegressor
from skrnn.estimators._target_checks import check_known, refuse_text_targets
from skrnn.metrics import mean_absolute_scaled_error
from skrnn.model_selection._compared_quantiles import (
    QUANTILE_SCORES,
    Levels,
    find_common_levels,
    give_levels_to_naive,
    predict_common_quantiles,
    score_quantiles,
)
from skrnn.model_selection._comparison_result import Comparison
from skrnn.model_selection._naive_baseline import (
    BuiltBaseline,
    build_baseline,
    count_steps_ahead,
    find_predictor,
    measure_naive_error,
)
from skrnn.model_selection._time_order import check_labels_of_y, check_time_order
from skrnn.windows._labels import read_labels
from skrnn.windows._target_columns import find_target_columns
from skrnn.windows._targets import Target
from skrnn.windows._transformer import windows_of

# Columns of every table. Metrics of the user must have other names.
_COLUMNS = (
    *("RMSE", "MAE", "skill", "MASE", "DM p", "pinball skill", *QUANTILE_SCORES),
    *("fit s", "predict s", "best parameters"),
)


def compare_regressors(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    cv: Any,
    scoring: Any = None,
    baseline: Any = None,
    n_jobs: int | None = None,
) -> Comparison:
    """Compare regressors with each other and with the naive forecast, on the same splits.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of estimators
        Regressors of scikit-learn, also pipelines and searches. Clones of them are fitted. In a
        list, each is named after its class; a pipeline is named after the class of its last step.

    X : {array-like, DataFrame} of shape (n_samples, n_features)
        Rows, in order of time.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets. Several outputs are the next values of one series, or several columns. Rows of a
        panel are in order of time over all series, and the `group` of windows names the series.

    cv : cross-validation splitter or iterable of (train, test)
        Splits into training and test rows, such as `TimeSeriesSplit(5)`. An int makes
        scikit-learn's `KFold`, which is not in order of time.

    scoring : str, callable, list or dict, default=None
        Metrics in addition to the root mean squared error: names of scikit-learn's scorers, or
        callables ``(estimator, X, y)`` by name. The `predict` of this estimator returns the
        predictions of the split, for any X. If None, the mean absolute error.

    baseline : str or estimator, default=None
        Model that the others are compared with: the name of one of the `estimators`, or another
        estimator. If None, the first of the `estimators` that ends in a `NaiveRegressor`. If there
        is none, a naive forecast is built. It predicts the last known value of the target column,
        and its windows have the same horizon as the windows of the estimators. The target column is
        the column of X that equals y: as it is, scaled, or some rows later. Each output has its own
        target column. If no estimator has windows, and y is taken from later rows, it predicts the
        value of the row itself.

    n_jobs : int, default=None
        Number of fits that run in parallel, as in scikit-learn. Parallel fits slow each other down,
        so their seconds are larger.

    Returns
    -------
    comparison : Comparison
        Result with the table (``comparison.frame()``) and the out-of-fold predictions.

    Raises
    ------
    ValueError
        If `baseline` is None, and y is not a column of X or windows have several horizons.

        If the baseline is a `NaiveRegressor`, and training rows are later than test rows or row
        labels decrease. Labels decrease if rows are newest first, shuffled, or sorted by series.

        If y has more than two dimensions, or the indexes of X and y have different times.

        If a metric has the name of another column of the table.

        If predictions contain NaN or infinity, or do not have the shape of y.

        If several models have quantiles, but fewer than two levels in common.

    See Also
    --------
    check_leakage : Find predictions that depend on later rows or on their own target.
    skrnn.inspection.ComparisonDisplay : Draw the scores of each split.
    skrnn.NaiveRegressor : Predict the last known value.

    Notes
    -----
    Rows between training and test rows (`gap` of `TimeSeriesSplit`) are predicted too, because the
    windows of the test rows contain them. Their predictions are dropped. The targets of these rows
    may not be known yet.

    The first fit of a network in a process imports TensorFlow. Its seconds include this import.

    If models have quantiles, the table also has scores of quantiles, for the levels that all of
    these models have. A `NaiveRegressor` without quantiles gets these levels: its quantiles are the
    naive forecast plus the quantiles of its errors in the training rows.

    References
    ----------
    Hyndman, R. J. & Koehler, A. B. (2006). Another look at measures of forecast accuracy.
    International Journal of Forecasting, 22(4).

    Diebold, F. X. & Mariano, R. S. (1995). Comparing predictive accuracy. Journal of Business &
    Economic Statistics, 13(3).

    Harvey, D., Leybourne, S. & Newbold, P. (1997). Testing the equality of prediction mean squared
    errors. International Journal of Forecasting, 13(2).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.model_selection import compare_regressors
    >>> wave = pd.DataFrame({"level": np.sin(np.arange(120) / 5)})
    >>> ridge = make_pipeline(SlidingWindowTransformer(5), Ridge(alpha=0.01))
    >>> comparison = compare_regressors(
    ...     [ridge], wave, wave["level"], cv=TimeSeriesSplit(3)
    ... )
    >>> comparison.frame()[["RMSE", "skill", "MASE"]].round(2)
                    RMSE  skill  MASE
    NaiveRegressor  0.14   0.00  1.03
    Ridge           0.01   0.95  0.06
    """
    refuse_several_tables(X, y, "compare_regressors expects rows of shape (n_samples, n_features)")
    X, y = indexable(X, y)
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    check_labels_of_y(X, y)
    targets = _check_targets(y)
    named = _name_estimators(estimators)
    scorers = _make_scorers(scoring)
    splits = _read_splits(check_cv(cv, targets, classifier=False).split(X, targets))
    _check_order(named, baseline, X, splits)
    columns = find_target_columns(
        X, y, [window for each in named.values() for window in windows_of(each)]
    )
    baseline, named = _choose_baseline(named, baseline, X, y, columns)
    levels = find_common_levels(named)
    if levels is not None:
        named = give_levels_to_naive(named, levels)
    series, times = _read_panel(named, X)
    tasks = [(name, train, test) for name in named for train, test in splits]
    results = Parallel(n_jobs=n_jobs)(
        delayed(_evaluate)(
            name, clone(named[name]), X, y, targets, series, train, test, scorers, levels
        )
        for name, train, test in tasks
    )
    of_estimator = {
        name: [found for (task, *_), found in zip(tasks, results, strict=True) if task == name]
        for name in named
    }
    n_outputs = 1 if targets.ndim == 1 else targets.shape[1]
    y_true = _select_targets(y, X, splits)
    return Comparison(
        scores={
            name: pd.DataFrame([each.scores for each in found])
            for name, found in of_estimator.items()
        },
        predictions=_join_predictions(of_estimator, y_true),
        y_true=y_true,
        levels=levels,
        quantiles={
            name: np.concatenate([each.quantiles for each in found])
            for name, found in of_estimator.items()
            if all(each.quantiles is not None for each in found)
        },
        splits=splits,
        baseline=baseline,
        best_params={
            name: [each.best_params for each in found]
            for name, found in of_estimator.items()
            if found[0].best_params is not None
        },
        n_steps={name: count_steps_ahead(part, n_outputs, columns) for name, part in named.items()},
        times=None if times is None else times[np.concatenate([test for _, test in splits])],
    )


def _check_targets(y: Any) -> np.ndarray:
    """Return the targets as finite numbers."""
    check_container(y, "y")
    refuse_text_targets(y, "compare_regressors")
    targets = np.asarray(y, dtype=np.float64)
    if targets.ndim not in (1, 2):
        raise ValueError(
            f"y of shape {targets.shape} has {targets.ndim} dimension(s), but metrics expect shape "
            "(n_samples,) or (n_samples, n_outputs). Reshape y, or choose one step of it."
        )
    check_known(y, targets)
    return targets


def _read_splits(splits: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the positions of the rows of each split."""

    def positions(rows: Any) -> np.ndarray:
        array = np.asarray(rows)
        return np.flatnonzero(array) if array.dtype.kind == "b" else array

    read = [(positions(train), positions(test)) for train, test in splits]
    if not read or any(len(part) == 0 for split in read for part in split):
        raise ValueError(
            "cv has no split, or a split without training rows or test rows. Give a splitter such "
            "as TimeSeriesSplit(5), or a list of (train, test)."
        )
    return read


def _find_group(estimators: Iterable[Any]) -> Any:
    """Return the `group` of the windows of the estimators, None for a single series."""
    groups = [window.group for each in estimators for window in windows_of(each)]
    return next((group for group in groups if group is not None), None)


def _read_panel(named: dict[str, Any], X: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the number of the series and the number of the time of each row.

    The first is None without a `group`, the second is None for a panel without row labels.
    """
    group = _find_group(named.values())
    if group is None:
        return None, np.arange(len(X))
    rows = read_labels(X, group)
    series = None if rows.series is None else rows.series[0]
    if rows.labels is None or rows.has_default_labels:
        return series, None
    return series, rows.labels.factorize(sort=True)[0]


class _PredictedRegressor(RegressorMixin, BaseEstimator):
    """Regressor for scorers, with predictions and quantiles that are already made."""

    def __init__(
        self, values: np.ndarray, y_quantiles: np.ndarray | None, quantiles: Levels | None
    ) -> None:
        self.values = values
        self.y_quantiles = y_quantiles
        self.quantiles = None if y_quantiles is None else quantiles

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions of the test rows of a split."""
        return self.values

    def predict_quantiles(self, X: Any) -> np.ndarray | None:
        """Return the quantiles of the test rows of a split."""
        return self.y_quantiles


class _Evaluation(NamedTuple):
    """Scores and predictions of an estimator on one split, and the parameters of a search."""

    scores: dict[str, Any]
    predicted: np.ndarray
    quantiles: np.ndarray | None
    best_params: dict[str, Any] | None


def _name_estimators(estimators: Any) -> dict[str, Any]:
    """Return the estimators by their names."""
    refuse_other_models(estimators, "estimators")
    if isinstance(estimators, dict):
        named = dict(estimators)
    elif isinstance(estimators, list | tuple):
        for place, estimator in enumerate(estimators):
            refuse_other_models(estimator, f"estimators[{place}]")
        classes = [type(find_predictor(estimator)).__name__ for estimator in estimators]
        counts, seen = Counter(classes), Counter[str]()
        named = {}
        for name, estimator in zip(classes, estimators, strict=True):
            seen[name] += 1
            named[name if counts[name] == 1 else f"{name}-{seen[name]}"] = estimator
    else:
        raise ValueError(
            f"estimators={estimators!r} is neither a dict of estimators by name nor a list. Put a "
            "single estimator into a list."
        )
    if not named:
        raise ValueError("estimators is empty. Give at least one regressor.")
    for name, estimator in named.items():
        if not isinstance(name, str):
            raise ValueError(
                f"estimators has the name {name!r}, which is not a str. Give names of type str."
            )
        refuse_other_models(estimator, f"estimators[{name!r}]")
        # Ask the class: an instance of StackingRegressor has `predict` only after fit.
        if not hasattr(type(estimator), "predict"):
            raise ValueError(
                f"estimators[{name!r}]={estimator!r} has no predict, but a regressor is expected. "
                "Give regressors, or pipelines that end in one."
            )
    return named


def _check_order(
    named: dict[str, Any], baseline: Any, X: Any, splits: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Refuse splits and rows that are not in order of time if the baseline is a NaiveRegressor."""
    given = named.get(baseline) if isinstance(baseline, str) else baseline
    if baseline is not None and not isinstance(find_predictor(given), NaiveRegressor):
        return
    if any(train.max() > test.min() for train, test in splits):
        raise ValueError(
            "cv trains on rows that are later than the rows it predicts, but the naive forecast "
            "predicts the last known value, so it expects splits in order of time. Use "
            "TimeSeriesSplit, or give another baseline, such as DummyRegressor()."
        )
    group = _find_group([*named.values(), *([] if given is None else [given])])
    check_time_order(X, group, "the naive forecast predicts the value of an earlier row")


def _choose_baseline(
    named: dict[str, Any], baseline: Any, X: Any, y: Any, columns: list[Target | None] | None
) -> tuple[str, dict[str, Any]]:
    """Return the name of the baseline, and the estimators with it."""
    if isinstance(baseline, str):
        if baseline not in named:
            raise ValueError(
                f"baseline={baseline!r} is not one of {', '.join(map(repr, named))}. Give one of "
                "these names, or an estimator."
            )
        return baseline, named
    refuse_other_models(baseline, "baseline")
    if baseline is None:
        naive = [n for n, each in named.items() if isinstance(find_predictor(each), NaiveRegressor)]
        if naive:
            return naive[0], named
        baseline = build_baseline(named, X, y, columns)
    is_built = isinstance(find_predictor(baseline), BuiltBaseline)
    name = NaiveRegressor.__name__ if is_built else type(find_predictor(baseline)).__name__
    if name in named:
        raise ValueError(
            f"The baseline and one of the estimators have the same name {name!r}. Put the baseline "
            f"into estimators, and give its name: baseline={name!r}."
        )
    # The baseline is the first row of the table, since the others are compared with it.
    return name, {name: baseline, **named}


def _make_scorers(scoring: Any) -> dict[str, Any]:
    """Return the metrics in addition to the root mean squared error, by name."""
    if scoring is None:
        return {}
    if isinstance(scoring, str):
        scoring = [scoring]
    if callable(scoring):
        scoring = {"score": scoring}
    if not isinstance(scoring, dict):
        scoring = {name: name for name in scoring}
    for name in scoring:
        if not isinstance(name, str) or name in _COLUMNS:
            raise ValueError(
                f"scoring has the name {name!r}, which is "
                + (f"one of {_COLUMNS}." if isinstance(name, str) else "not a str.")
                + " Give a dict of callables by other names."
            )
    return {name: get_scorer(scorer) for name, scorer in scoring.items()}


def _evaluate(
    name: str,
    estimator: Any,
    X: Any,
    y: Any,
    targets: np.ndarray,
    series: np.ndarray | None,
    train: np.ndarray,
    test: np.ndarray,
    scorers: dict[str, Any],
    levels: Levels | None,
) -> _Evaluation:
    """Fit an estimator, and predict and score the test rows of one split."""
    y_quantiles = None
    try:
        start = perf_counter()
        estimator.fit(_safe_indexing(X, train), _safe_indexing(y, train))
        fitted = perf_counter()
        rows = _rows_up_to(train, test)
        predicted = np.asarray(estimator.predict(_safe_indexing(X, rows)), dtype=np.float64)
        done = perf_counter()
        if levels is not None:
            y_quantiles = predict_common_quantiles(estimator, _safe_indexing(X, rows), levels)
    except Exception as error:
        error.add_note(f"This was {name!r}, on the split that predicts from row {test.min()} on.")
        raise
    y_test = targets[test]
    predicted = _select_test_rows(predicted, rows, test, y_test.shape, f"{name!r} predicts")
    check_finite(predicted, f"The prediction of {name!r}", "these forecasts cannot be compared")
    if y_quantiles is not None and levels is not None:
        shape = (*y_test.shape, len(levels))
        y_quantiles = _select_test_rows(
            y_quantiles, rows, test, shape, f"{name!r} has quantiles in"
        )
        check_finite(y_quantiles, f"A quantile of {name!r}", "these forecasts cannot be compared")
    scores = {"RMSE": root_mean_squared_error(y_test, predicted)}
    if scorers:
        X_test, y_labeled = _safe_indexing(X, test), _safe_indexing(y, test)
        model = _PredictedRegressor(predicted, y_quantiles, levels)
        try:
            scores |= {key: scorer(model, X_test, y_labeled) for key, scorer in scorers.items()}
        except Exception as error:
            error.add_note(f"This was a metric of {name!r}.")
            raise
    else:
        scores["MAE"] = mean_absolute_error(y_test, predicted)
    naive_error = measure_naive_error(targets, train, series)
    scores["MASE"] = mean_absolute_scaled_error(y_test, predicted, naive_error=naive_error)
    if levels is not None:
        scores |= score_quantiles(y_test, y_quantiles, levels)
    scores |= {"fit s": fitted - start, "predict s": done - fitted}
    best_params = getattr(estimator, "best_params_", None)
    return _Evaluation(scores, predicted, y_quantiles, best_params)


def _select_test_rows(
    values: np.ndarray, rows: np.ndarray, test: np.ndarray, shape: tuple[int, ...], what: str
) -> np.ndarray:
    """Return the values of the test rows in the shape of the targets."""
    if len(rows) > len(test) and len(values) == len(rows):
        values = values[np.isin(rows, test)]
    if values.size == np.prod(shape):
        # One output may have the shape (n_samples,) or (n_samples, 1).
        values = values.reshape(shape)
    if values.shape != shape:
        raise ValueError(
            f"{what} an array of shape {values.shape}, but for these targets it must have shape "
            f"{shape}. Give estimators that return one prediction for each row of X."
        )
    return values


def _rows_up_to(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the test rows, and the rows between training and test rows."""
    if train.max() < test.min() and (np.diff(test) > 0).all():
        return np.arange(train.max() + 1, test.max() + 1)
    return test


def _select_targets(
    y: Any, X: Any, splits: list[tuple[np.ndarray, np.ndarray]]
) -> pd.Series | pd.DataFrame:
    """Return the targets of all predicted rows, with the labels of y or X."""
    rows = np.concatenate([test for _, test in splits])
    if not isinstance(y, pd.Series | pd.DataFrame):
        index = X.index if isinstance(X, pd.DataFrame) else None
        values = np.asarray(y)
        y = (pd.Series if values.ndim == 1 else pd.DataFrame)(values, index=index)
    return y.iloc[rows]


def _join_predictions(
    of_estimator: dict[str, Any], y_true: pd.Series | pd.DataFrame
) -> pd.DataFrame:
    """Return the predictions of all splits, with one column for each estimator."""
    joined = {
        name: np.concatenate([each.predicted for each in found])
        for name, found in of_estimator.items()
    }
    if y_true.ndim == 1:
        return pd.DataFrame(joined, index=y_true.index)
    parts = {name: pd.DataFrame(values, index=y_true.index) for name, values in joined.items()}
    return pd.concat(parts, axis=1)
