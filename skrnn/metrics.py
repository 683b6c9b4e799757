"""Metrics of forecasts: scaled error, test of two forecasts, scores of quantiles and intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.metrics
from scipy.stats import t as student_t
from sklearn.utils import check_array
from sklearn.utils.validation import _check_sample_weight

from skrnn._utils.quantiles import predict_quantiles, read_levels, read_pair, read_quantiles

__all__ = [
    "crps_from_quantiles",
    "crps_scorer",
    "diebold_mariano_test",
    "interval_coverage",
    "interval_width",
    "mean_absolute_scaled_error",
    "mean_pinball_loss",
    "pinball_scorer",
    "winkler_score",
    "winkler_scorer",
]

Array = npt.NDArray[Any]


def mean_absolute_scaled_error(
    y_true: Any,
    y_pred: Any,
    *,
    y_train: Any = None,
    naive_error: Any = None,
    season_length: int = 1,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | Array:
    """Mean absolute error, divided by that of the naive forecast on the training rows.

    ``MASE = mean(abs(y_true - y_pred)) / mean(abs(y_train[t] - y_train[t - season_length]))``

    It has no unit, and 0 is best. Below 1, the errors are smaller than those of the previous value,
    or of the value of the previous season, in the training rows.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Predicted values.

    y_train : array-like of shape (n_train,) or (n_train, n_outputs), default=None
        Targets of the training rows of one series, in order of time.

    naive_error : float or array-like of shape (n_outputs,), default=None
        Mean absolute error of the naive forecast on the training rows. Use it in place of `y_train`
        if the training rows belong to several series.

    season_length : int, default=1
        Number of steps of the naive forecast of `y_train`. 1 is the previous value.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows of `y_true`.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How errors of several outputs are averaged: not at all, equally, or with one weight for each
        output. Each output is divided by its own naive error first.

    Returns
    -------
    error : float or ndarray of shape (n_outputs,)
        Scaled error. NaN if the naive error of an output is 0.

    Raises
    ------
    ValueError
        If not exactly one of `y_train` and `naive_error` is given. If `y_train` has no row that is
        `season_length` steps after another one, or another number of outputs than `y_true`. If
        values are missing or infinite, or shapes differ.

    See Also
    --------
    diebold_mariano_test : Test whether two forecasts are equally good.
    skrnn.model_selection.compare_regressors : Compare regressors with the naive forecast.

    References
    ----------
    Hyndman, R. J. & Koehler, A. B. (2006). Another look at measures of forecast accuracy.
    International Journal of Forecasting, 22(4).

    Examples
    --------
    The previous value misses by 1, 3 and 2 in the training rows, and the forecast by 1 and 3.

    >>> from skrnn.metrics import mean_absolute_scaled_error
    >>> mean_absolute_scaled_error([7, 4], [6, 7], y_train=[5, 6, 3, 5])
    1.0
    """
    errors = sklearn.metrics.mean_absolute_error(
        y_true, y_pred, sample_weight=sample_weight, multioutput="raw_values"
    )
    if (y_train is None) == (naive_error is None):
        given = "neither y_train nor" if y_train is None else "both y_train and"
        raise ValueError(
            f"mean_absolute_scaled_error was given {given} naive_error, but expects one of them. "
            "Give y_train if the training rows are one series, else naive_error."
        )
    if naive_error is None:
        naive_error = _measure_seasonal_error(y_train, season_length)
    name = "naive_error" if y_train is None else "y_train"
    units = check_array(
        np.atleast_1d(naive_error), ensure_2d=False, dtype=np.float64, input_name=name
    )
    if units.shape not in ((1,), errors.shape) or (units < 0).any():
        raise ValueError(
            f"The naive error is {units}, but one number of at least 0 is expected, or one for "
            f"each of the {len(errors)} output(s) of y_true. Give {name} with the outputs of "
            "y_true."
        )
    scaled = np.divide(errors, units, out=np.full(errors.shape, np.nan), where=units > 0)
    return _average_outputs(scaled, multioutput)


def diebold_mariano_test(
    losses: Any, baseline_losses: Any, *, n_steps: int = 1
) -> tuple[float, float]:
    """Test whether two forecasts of the same rows are equally good.

    The statistic is the mean difference of the losses, divided by its standard error. The standard
    error takes into account that the errors of forecasts several steps ahead are correlated. The
    test of Diebold & Mariano (1995) has the correction of Harvey, Leybourne & Newbold (1997) for
    small samples.

    Parameters
    ----------
    losses : array-like of shape (n_samples,)
        Loss of each row, such as the squared error or the pinball loss, in order of time. In a
        panel, average the losses of rows of the same time first.

    baseline_losses : array-like of shape (n_samples,)
        Losses of the baseline, for the same rows.

    n_steps : int, default=1
        Number of steps ahead of the forecasts. Errors are correlated over `n_steps` - 1 steps.

    Returns
    -------
    statistic : float
        Below 0 if the losses are smaller than those of the baseline. If both forecasts are equally
        good, the statistic follows about Student's t distribution.

    pvalue : float
        Two-sided p-value. Both results are NaN if the variance of the mean difference cannot be
        estimated: all differences are equal, there are too few rows, or the estimate is not above
        0, which is possible with several steps.

    Raises
    ------
    ValueError
        If the losses are not two arrays of shape (n_samples,), values are missing or infinite, or
        `n_steps` is no int of at least 1.

    See Also
    --------
    skrnn.model_selection.compare_regressors : Compare regressors, with this test of squared errors.

    References
    ----------
    Diebold, F. X. & Mariano, R. S. (1995). Comparing predictive accuracy. Journal of Business &
    Economic Statistics, 13(3).

    Harvey, D., Leybourne, S. & Newbold, P. (1997). Testing the equality of prediction mean squared
    errors. International Journal of Forecasting, 13(2).

    Examples
    --------
    >>> from skrnn.metrics import diebold_mariano_test
    >>> statistic, pvalue = diebold_mariano_test([4, 2, 5, 9], [2, 1, 2, 3])
    >>> round(statistic, 2), round(pvalue, 2)
    (2.78, 0.07)
    """
    losses, baseline_losses = (
        check_array(values, ensure_2d=False, dtype=np.float64, input_name=name)
        for values, name in ((losses, "losses"), (baseline_losses, "baseline_losses"))
    )
    if losses.ndim != 1 or losses.shape != baseline_losses.shape:
        raise ValueError(
            f"losses has the shape {losses.shape} and baseline_losses {baseline_losses.shape}, but "
            "both are expected to be (n_samples,). Give one loss for each row, averaged over the "
            "outputs."
        )
    if not isinstance(n_steps, int | np.integer) or n_steps < 1:
        raise ValueError(
            f"n_steps={n_steps!r} is no int of at least 1. Give the number of steps ahead of the "
            "forecasts: 1 if they predict the next row."
        )
    differences = losses - baseline_losses
    n = len(differences)
    if n <= n_steps or np.ptp(differences) == 0:
        return np.nan, np.nan
    deviations = differences - differences.mean()
    autocovariances = [deviations[lag:] @ deviations[: n - lag] / n for lag in range(n_steps)]
    variance = (autocovariances[0] + 2 * sum(autocovariances[1:])) / n
    correction = (n + 1 - 2 * n_steps + n_steps * (n_steps - 1) / n) / n
    if variance <= 0 or correction <= 0:
        return np.nan, np.nan
    statistic = float(differences.mean() / np.sqrt(variance) * np.sqrt(correction))
    return statistic, float(2 * student_t.sf(abs(statistic), n - 1))


def mean_pinball_loss(
    y_true: Any,
    y_quantiles: Any,
    *,
    quantiles: Any,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | Array:
    """Mean pinball loss of several predicted quantiles.

    ``loss = mean(max(q * (y_true - y_q), (q - 1) * (y_true - y_q)))``

    Here, ``y_q`` is the predicted quantile of level ``q``. The mean is taken over rows and levels.
    The loss is in the units of y, and 0 is best. No other numbers than the true quantiles have a
    smaller expected loss.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    y_quantiles : array-like of shape (n_samples, n_quantiles) or \
            (n_samples, n_outputs, n_quantiles)
        Predicted quantiles.

    quantiles : array-like of shape (n_quantiles,)
        Levels of the quantiles, increasing and within (0, 1), such as ``(0.1, 0.5, 0.9)``.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How losses of several outputs are averaged: not at all, equally, or with one weight for each
        output.

    Returns
    -------
    loss : float or ndarray of shape (n_outputs,)
        Mean over the rows and the levels. Each level counts equally.

    Raises
    ------
    ValueError
        If levels do not increase within (0, 1), the shapes do not fit together, or values are
        missing or infinite.

    See Also
    --------
    sklearn.metrics.mean_pinball_loss : The same for a single level.
    crps_from_quantiles : Weigh the levels so that the loss of all of them is approximated.
    pinball_scorer : The negative loss, for the `scoring` of searches.

    References
    ----------
    Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica, 46(1).

    Examples
    --------
    >>> from skrnn.metrics import mean_pinball_loss
    >>> y_quantiles = [[0, 1, 2], [1, 2, 3], [2, 4, 5]]
    >>> loss = mean_pinball_loss([1, 2, 6], y_quantiles, quantiles=(0.1, 0.5, 0.9))
    >>> round(loss, 2)
    0.3
    """
    y_true, y_quantiles = read_pair(y_true, y_quantiles)
    levels = read_levels(quantiles, y_quantiles)
    losses = _measure_pinball_losses(y_true, y_quantiles, levels, sample_weight)
    return _average_outputs(losses.mean(axis=0), multioutput)


def crps_from_quantiles(
    y_true: Any,
    y_quantiles: Any,
    *,
    quantiles: Any,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | Array:
    """Approximate the continuous ranked probability score (CRPS) from predicted quantiles.

    The CRPS is twice the integral of the pinball loss over all levels from 0 to 1. It judges the
    predicted distribution as a whole. It is in the units of y, and 0 is best. If all quantiles of a
    row are equal, it is the absolute error of this point forecast.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    y_quantiles : array-like of shape (n_samples, n_quantiles) or \
            (n_samples, n_outputs, n_quantiles)
        Predicted quantiles.

    quantiles : array-like of shape (n_quantiles,)
        Levels of the quantiles, increasing and within (0, 1). The first and the last level must be
        symmetric about 0.5, as in ``(0.1, 0.5, 0.9)``.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How scores of several outputs are averaged: not at all, equally, or with one weight for each
        output.

    Returns
    -------
    score : float or ndarray of shape (n_outputs,)
        Mean over the rows.

    Raises
    ------
    ValueError
        If levels do not increase within (0, 1), the outermost ones are not symmetric, the shapes do
        not fit together, or values are missing or infinite.

    See Also
    --------
    mean_pinball_loss : Count each level equally.
    crps_scorer : The negative score, for the `scoring` of searches.

    Notes
    -----
    Each given level stands for the levels that are nearest to it, so its weight is the length of
    this part of (0, 1). ``(0.1, 0.5, 0.9)`` has the weights 0.3, 0.4 and 0.3. Between the given
    levels, this is the trapezoidal rule. Outside of them, the loss counts as high as that of the
    outermost level.

    All weights are positive, so no other numbers than the true quantiles have a smaller expected
    score. With symmetric outermost levels, the mean of the levels is 0.5 in these weights. This
    gives point forecasts their absolute error. Scores of the same levels can be compared. Few
    levels are a rough approximation: for a true normal distribution, three levels give 6 % less
    than the CRPS, and nine levels from 0.1 to 0.9 give 5 % more.

    References
    ----------
    Gneiting, T. & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation.
    Journal of the American Statistical Association, 102(477).

    Laio, F. & Tamea, S. (2007). Verification tools for probabilistic forecasts of continuous
    hydrological variables. Hydrology and Earth System Sciences, 11(4).

    Examples
    --------
    >>> from skrnn.metrics import crps_from_quantiles
    >>> y_quantiles = [[0, 1, 2], [1, 2, 3], [2, 4, 5]]
    >>> score = crps_from_quantiles([1, 2, 6], y_quantiles, quantiles=(0.1, 0.5, 0.9))
    >>> round(score, 2)
    0.61
    """
    y_true, y_quantiles = read_pair(y_true, y_quantiles)
    levels = read_levels(quantiles, y_quantiles)
    if not np.isclose(levels[0] + levels[-1], 1):
        raise ValueError(
            f"quantiles={quantiles!r} begin at {levels[0]:g} and end at {levels[-1]:g}, but CRPS "
            "expects outermost levels that are symmetric about 0.5, since it judges both sides "
            "alike. Give levels such as (0.1, 0.5, 0.9), or use mean_pinball_loss."
        )
    borders = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [1.0]])
    losses = _measure_pinball_losses(y_true, y_quantiles, levels, sample_weight)
    return _average_outputs(2 * np.diff(borders) @ losses, multioutput)


def winkler_score(
    y_true: Any,
    y_quantiles: Any,
    *,
    quantiles: Any,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | Array:
    """Winkler score, or interval score, of the interval between the outermost quantiles.

    ``score = mean(upper - lower + 2 / alpha * max(lower - y_true, 0, y_true - upper))``

    Here, ``alpha`` is the share of rows that are expected outside of the interval, 0.2 for the
    levels 0.1 and 0.9. Narrow intervals have a low score, and each miss is punished. The score is
    in the units of y, and 0 is best.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    y_quantiles : array-like of shape (n_samples, n_quantiles) or \
            (n_samples, n_outputs, n_quantiles)
        Predicted quantiles. The first and the last one are the bounds of the interval.

    quantiles : array-like of shape (n_quantiles,)
        Levels of the quantiles, increasing and within (0, 1). ``(0.05, 0.95)`` are the levels of an
        interval that covers 90 % of the rows.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How scores of several outputs are averaged: not at all, equally, or with one weight for each
        output.

    Returns
    -------
    score : float or ndarray of shape (n_outputs,)
        Mean over the rows.

    Raises
    ------
    ValueError
        If there is a single quantile, or a lower bound is above its upper bound. If levels do not
        increase within (0, 1), the shapes do not fit together, or values are missing or infinite.

    See Also
    --------
    interval_coverage : Share of the rows that lie in their interval.
    interval_width : Mean width of the interval.
    winkler_scorer : The negative score, for the `scoring` of searches.

    Notes
    -----
    The factor ``2 / alpha`` is ``1 / q`` for rows below the interval, and ``1 / (1 - q)`` for rows
    above it, where ``q`` is the level of the bound. So levels need not be symmetric.

    References
    ----------
    Winkler, R. L. (1972). A decision-theoretic approach to interval estimation. Journal of the
    American Statistical Association, 67(337).

    Gneiting, T. & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation.
    Journal of the American Statistical Association, 102(477).

    Examples
    --------
    Two rows lie in their intervals, of width 2. The third one is 1 above its interval of width 3.

    >>> from skrnn.metrics import winkler_score
    >>> intervals = [[0, 2], [1, 3], [2, 5]]
    >>> round(winkler_score([1, 2, 6], intervals, quantiles=(0.1, 0.9)), 2)
    5.67
    """
    y_true, y_quantiles = read_pair(y_true, y_quantiles)
    levels = read_levels(quantiles, y_quantiles)[[0, -1]]
    bounds = np.stack(_read_interval(y_quantiles), axis=-1)
    lower, upper = _measure_pinball_losses(y_true, bounds, levels, sample_weight)
    # The pinball losses of both bounds add up to the width and the misses.
    return _average_outputs(lower / levels[0] + upper / (1 - levels[1]), multioutput)


def interval_coverage(
    y_true: Any,
    y_quantiles: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | Array:
    """Share of the rows whose real value lies between the outermost quantiles.

    ``coverage = mean((lower <= y_true) & (y_true <= upper))``

    The share is right if it is the difference of both levels: 0.8 for the levels 0.1 and 0.9.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    y_quantiles : array-like of shape (n_samples, n_quantiles) or \
            (n_samples, n_outputs, n_quantiles)
        Predicted quantiles. The first and the last one are the bounds of the interval.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How shares of several outputs are averaged: not at all, equally, or with one weight for each
        output.

    Returns
    -------
    coverage : float or ndarray of shape (n_outputs,)
        Share within [0, 1]. Values on a bound lie in the interval.

    Raises
    ------
    ValueError
        If there is a single quantile, a lower bound is above its upper bound, the shapes do not fit
        together, or values are missing or infinite.

    See Also
    --------
    interval_width : Mean width of the interval.
    winkler_score : Judge coverage and width together.

    References
    ----------
    Christoffersen, P. F. (1998). Evaluating interval forecasts. International Economic Review,
    39(4).

    Examples
    --------
    >>> from skrnn.metrics import interval_coverage
    >>> intervals = [[0, 2], [1, 3], [2, 5]]
    >>> round(interval_coverage([1, 2, 6], intervals), 2)
    0.67
    """
    y_true, y_quantiles = read_pair(y_true, y_quantiles)
    lower, upper = _read_interval(y_quantiles)
    is_inside = (lower <= y_true) & (y_true <= upper)
    return _average(is_inside.astype(np.float64), sample_weight, multioutput)


def interval_width(
    y_quantiles: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> float | Array:
    """Mean width of the interval between the outermost quantiles.

    ``width = mean(upper - lower)``

    The width is in the units of y. Of two forecasts with the right coverage, the one with the
    narrower intervals knows more.

    Parameters
    ----------
    y_quantiles : array-like of shape (n_samples, n_quantiles) or \
            (n_samples, n_outputs, n_quantiles)
        Predicted quantiles. The first and the last one are the bounds of the interval.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How widths of several outputs are averaged: not at all, equally, or with one weight for each
        output.

    Returns
    -------
    width : float or ndarray of shape (n_outputs,)
        Mean over the rows.

    Raises
    ------
    ValueError
        If there is a single quantile, a lower bound is above its upper bound, or values are missing
        or infinite.

    See Also
    --------
    interval_coverage : Share of the rows that lie in their interval.
    winkler_score : Judge coverage and width together.

    References
    ----------
    Gneiting, T., Balabdaoui, F. & Raftery, A. E. (2007). Probabilistic forecasts, calibration and
    sharpness. Journal of the Royal Statistical Society B, 69(2).

    Examples
    --------
    >>> from skrnn.metrics import interval_width
    >>> round(interval_width([[0, 2], [1, 3], [2, 5]]), 2)
    2.33
    """
    lower, upper = _read_interval(read_quantiles(y_quantiles))
    return _average(upper - lower, sample_weight, multioutput)


def pinball_scorer(estimator: Any, X: Any, y: Any, *, sample_weight: Any = None) -> float:
    """Score a fitted regressor by the negative mean pinball loss of its quantiles.

    Use it as `scoring` of GridSearchCV, cross_val_score and others. Higher is better.

    Parameters
    ----------
    estimator : estimator
        Fitted regressor with quantiles, or a pipeline or search that ends in one. Its parameter
        `quantiles` has the levels. Its method `predict_quantiles(X)` returns the quantiles, or
        `predict(X, return_quantiles=True)` returns predictions and quantiles.

    X : array-like
        Rows, as in `predict`.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    score : float
        Negative `mean_pinball_loss`. 0 is best.

    Raises
    ------
    ValueError
        If the regressor has no quantiles, or for a reason that `mean_pinball_loss` gives.

    See Also
    --------
    mean_pinball_loss : The loss.
    crps_scorer : Weigh the levels so that the loss of all of them is approximated.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator, RegressorMixin
    >>> from sklearn.model_selection import cross_val_score
    >>> from skrnn.metrics import pinball_scorer
    >>> class Climatology(RegressorMixin, BaseEstimator):
    ...     def __init__(self, quantiles=(0.1, 0.5, 0.9)):
    ...         self.quantiles = quantiles
    ...
    ...     def fit(self, X, y):
    ...         self.values_ = np.quantile(y, self.quantiles)
    ...         return self
    ...
    ...     def predict_quantiles(self, X):
    ...         return np.tile(self.values_, (len(X), 1))
    >>> X, y = np.zeros((6, 1)), np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0])
    >>> cross_val_score(Climatology(), X, y, cv=2, scoring=pinball_scorer).round(2)
    array([-0.21, -0.21])
    """
    return _score_quantiles(mean_pinball_loss, estimator, X, y, sample_weight)


def crps_scorer(estimator: Any, X: Any, y: Any, *, sample_weight: Any = None) -> float:
    """Score a fitted regressor by the negative CRPS of its quantiles.

    Use it as `scoring` of GridSearchCV, cross_val_score and others. Higher is better.

    Parameters
    ----------
    estimator : estimator
        Fitted regressor with quantiles, or a pipeline or search that ends in one, as for
        `pinball_scorer`.

    X : array-like
        Rows, as in `predict`.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    score : float
        Negative `crps_from_quantiles`. 0 is best.

    Raises
    ------
    ValueError
        If the regressor has no quantiles, or for a reason that `crps_from_quantiles` gives.

    See Also
    --------
    crps_from_quantiles : The score, and how it is approximated.
    pinball_scorer : Count each level equally.

    Examples
    --------
    Any fitted regressor with `quantiles` and `predict_quantiles` can be scored.

    >>> from types import SimpleNamespace
    >>> from skrnn.metrics import crps_scorer
    >>> model = SimpleNamespace(
    ...     quantiles=(0.1, 0.5, 0.9),
    ...     predict_quantiles=lambda X: [[0, 1, 2], [1, 2, 3], [2, 4, 5]],
    ... )
    >>> round(crps_scorer(model, [[0], [0], [0]], [1, 2, 6]), 2)
    -0.61
    """
    return _score_quantiles(crps_from_quantiles, estimator, X, y, sample_weight)


def winkler_scorer(estimator: Any, X: Any, y: Any, *, sample_weight: Any = None) -> float:
    """Score a fitted regressor by the negative Winkler score of its outermost quantiles.

    Use it as `scoring` of GridSearchCV, cross_val_score and others. Higher is better.

    Parameters
    ----------
    estimator : estimator
        Fitted regressor with quantiles, or a pipeline or search that ends in one, as for
        `pinball_scorer`.

    X : array-like
        Rows, as in `predict`.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Real values.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    score : float
        Negative `winkler_score`. 0 is best.

    Raises
    ------
    ValueError
        If the regressor has no quantiles, or for a reason that `winkler_score` gives.

    See Also
    --------
    winkler_score : The score.
    pinball_scorer : Judge all quantiles, not only the outermost ones.

    Examples
    --------
    Any fitted regressor with `quantiles` and `predict_quantiles` can be scored.

    >>> from types import SimpleNamespace
    >>> from skrnn.metrics import winkler_scorer
    >>> model = SimpleNamespace(
    ...     quantiles=(0.1, 0.5, 0.9),
    ...     predict_quantiles=lambda X: [[0, 1, 2], [1, 2, 3], [2, 4, 5]],
    ... )
    >>> round(winkler_scorer(model, [[0], [0], [0]], [1, 2, 6]), 2)
    -5.67
    """
    return _score_quantiles(winkler_score, estimator, X, y, sample_weight)


def _score_quantiles(
    metric: Callable[..., Any], estimator: Any, X: Any, y: Any, sample_weight: Any
) -> float:
    """Return the negative value of a metric of the quantiles that an estimator predicts."""
    y_quantiles, quantiles = predict_quantiles(estimator, X)
    return -float(metric(y, y_quantiles, quantiles=quantiles, sample_weight=sample_weight))


def _read_interval(y_quantiles: Array) -> tuple[Array, Array]:
    """Return the lower and upper bounds, the outermost of quantiles with three axes."""
    if y_quantiles.shape[2] < 2:
        raise ValueError(
            "y_quantiles has a single quantile on its last axis, but the two bounds of an interval "
            "are expected. Predict two quantiles or more, such as quantiles=(0.1, 0.5, 0.9)."
        )
    lower, upper = y_quantiles[..., 0], y_quantiles[..., -1]
    is_crossed = (lower > upper).any(axis=1)
    if is_crossed.any():
        raise ValueError(
            f"The lower bound is above the upper bound in {is_crossed.sum()} row(s), first in row "
            f"{is_crossed.argmax()}. Give quantiles that increase along the last axis, such as "
            "np.sort(y_quantiles, axis=-1)."
        )
    return lower, upper


def _measure_pinball_losses(
    y_true: Array, y_quantiles: Array, levels: Array, sample_weight: Any
) -> Array:
    """Return the mean pinball losses, of shape (n_quantiles, n_outputs)."""
    losses = [
        sklearn.metrics.mean_pinball_loss(
            y_true,
            y_quantiles[..., k],
            alpha=level,
            sample_weight=sample_weight,
            multioutput="raw_values",
        )
        for k, level in enumerate(levels)
    ]
    return np.array(losses)


def _measure_seasonal_error(y_train: Any, season_length: int) -> float | Array:
    """Return the mean absolute difference to the value of the season before, for each output."""
    y_train = check_array(y_train, ensure_2d=False, dtype=np.float64, input_name="y_train")
    is_int = isinstance(season_length, int | np.integer)
    if not is_int or not 1 <= season_length < len(y_train):
        raise ValueError(
            f"season_length={season_length!r} is no int of at least 1 and below the {len(y_train)} "
            "row(s) of y_train. Give more rows, or a shorter season."
        )
    error: float | Array = np.abs(y_train[season_length:] - y_train[:-season_length]).mean(axis=0)
    return error


def _average(values: Array, sample_weight: Any, multioutput: Any) -> float | Array:
    """Return the weighted mean of values of shape (n_samples, n_outputs)."""
    weights = _check_sample_weight(sample_weight, values, dtype=np.float64)
    return _average_outputs(np.average(values, axis=0, weights=weights), multioutput)


def _average_outputs(values: Array, multioutput: Any) -> float | Array:
    """Return the values of the outputs, or their mean."""
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return values
        if multioutput == "uniform_average":
            return float(values.mean())
        raise ValueError(
            f'multioutput={multioutput!r} is unknown. Give "raw_values", "uniform_average", or one '
            "weight for each output."
        )
    weights = check_array(multioutput, ensure_2d=False, input_name="multioutput")
    if weights.shape != values.shape:
        raise ValueError(
            f"multioutput has the shape {weights.shape}, but there are {len(values)} output(s). "
            "Give one weight for each output."
        )
    return float(np.average(values, weights=weights))
