"""Conformal intervals: quantiles of any regressor, calibrated on the rows after its training."""

from __future__ import annotations

import copy
import math
import warnings
from bisect import bisect_left, insort
from collections import deque
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    RegressorMixin,
    _fit_context,
    clone,
    is_regressor,
)
from sklearn.utils import Tags, _safe_indexing, check_consistent_length, get_tags, indexable
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import _check_method_params, _num_samples, check_is_fitted

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.quantiles import has_quantiles, predict_quantiles
from skrnn.estimators._target_checks import validate_targets
from skrnn.exceptions import TooFewCalibrationRowsWarning
from skrnn.windows._labels import read_labels, read_ticks
from skrnn.windows._target_columns import find_target_columns
from skrnn.windows._transformer import windows_of
from skrnn.windows._views import Positions


class Bounds(NamedTuple):
    """Predictions of several rows, each of shape (n_samples, n_outputs).

    Attributes
    ----------
    lower, upper : ndarray
        Outermost quantiles, or the prediction if there are no quantiles.
    center : ndarray
        Predictions.
    shape : tuple of int
        Shape of the predictions as the estimator returns them.
    """

    lower: np.ndarray
    center: np.ndarray
    upper: np.ndarray
    shape: tuple[int, ...]

    def score(self, y: np.ndarray) -> np.ndarray:
        """Return how far y is outside of the lower and the upper bound, on a last axis of 2."""
        return np.stack([self.lower - y, y - self.upper], axis=-1)

    def widen(self, thresholds: np.ndarray) -> np.ndarray:
        """Return three quantiles, with bounds that are moved outwards by the thresholds.

        Thresholds may be negative. The bounds never cross the prediction.
        """
        lower = np.minimum(self.lower - thresholds[..., 0], self.center)
        upper = np.maximum(self.upper + thresholds[..., 1], self.center)
        return np.stack([lower, self.center, upper], axis=-1).reshape(*self.shape, 3)


def choose_threshold(ranked: list[float], level: float) -> float:
    """Return the quantile of sorted scores that a new score exceeds with a probability of `level`.

    It is the score of rank ``ceil((n + 1) * (1 - level))``. A level that asks for more than the
    largest of the `n` scores gets the largest one, and one that asks for less than the smallest
    gets the smallest one.
    """
    # 20 * (1 - 0.05) may be a little more than 19 in floating-point numbers.
    rank = math.ceil((len(ranked) + 1) * (1 - level) - 1e-9)
    return ranked[min(max(rank, 1), len(ranked)) - 1]


def adapt_level(
    scores: np.ndarray,
    moments: np.ndarray,
    memory: np.ndarray,
    level: float,
    *,
    target: float,
    step_size: float,
    delay: int,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Adapt the level of one tail row by row (Gibbs & Candès 2021).

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
        Scores of the rows; NaN if the target is not known yet.
    moments : int ndarray of shape (n_samples,)
        Number of the time of each row.
    memory : ndarray of shape (n_scores,)
        Earlier scores, the oldest first.
    level : float
        Level before the first row.
    target : float
        Share of rows whose score should exceed its threshold.
    step_size : float
        Step of the level after a row. With 0 neither the level nor the scores change.
    delay : int
        Number of moments after which the score of a row is known, at least 1.

    Returns
    -------
    thresholds : ndarray of shape (n_samples,)
        Threshold of each row, from the scores that were known before it.
    memory : ndarray of shape (n_scores,)
        The latest scores after all rows.
    level : float
        Level after all rows.
    """
    if step_size == 0:
        return np.full(len(scores), choose_threshold(sorted(memory), level)), memory, level
    order = np.argsort(moments, kind="stable").tolist()
    recent, ranked = deque(memory.tolist()), sorted(memory.tolist())
    thresholds = np.empty(len(scores))
    n_learned = 0
    for place, row in enumerate([*order, None]):
        # After the last row, all scores become known.
        while n_learned < place and (
            row is None or moments[order[n_learned]] <= moments[row] - delay
        ):
            known = order[n_learned]
            n_learned += 1
            score = float(scores[known])
            if not math.isnan(score):
                level += step_size * (target - (score > thresholds[known]))
                del ranked[bisect_left(ranked, recent.popleft())]
                insort(ranked, score)
                recent.append(score)
        if row is not None:
            thresholds[row] = choose_threshold(ranked, level)
    return thresholds, np.array(recent), level


class ConformalIntervals(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Calibrated intervals around the predictions of a regressor.

    The last rows of `fit` are predicted by a clone that was fitted on the rows before them. Their
    errors say how far intervals must reach. If the regressor predicts quantiles, its outermost
    quantiles are moved (conformalized quantile regression, Romano et al. 2019), else its prediction
    is (split conformal prediction, Papadopoulos et al. 2002). When targets become known, `update`
    and `predict_rolling` move the level of the intervals, so their coverage stays right while a
    series changes (adaptive conformal inference, Gibbs & Candès 2021).

    Parameters
    ----------
    estimator : estimator
        Regressor, pipeline or search. Windows belong inside: give the whole pipeline.

    coverage : float, default=0.9
        Share of the targets that the intervals should hold, between 0 and 1.

    calibration_fraction : float, default=0.2
        Share of the rows of `fit`, its last ones, that intervals are calibrated on.

    step_size : float, default=0.005
        Step by which the level of a tail moves after each row. Larger steps follow a change faster,
        and swing more. With 0 nothing changes after `fit`, as in split conformal prediction.

    Attributes
    ----------
    estimator_ : estimator
        Clone of `estimator`, fitted on all rows.

    scores_ : ndarray of shape (n_scores, n_outputs, 2)
        Latest scores, the oldest first: how far targets were below the lower and above the upper
        bound before calibration. There are as many as calibration rows.

    levels_ : ndarray of shape (n_outputs, 2)
        Current level of the lower and the upper tail. They begin at ``(1 - coverage) / 2``, and may
        leave the range from 0 to 1.

    n_features_in_ : int
        Number of features, if `estimator` counts them.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `estimator` keeps them.

    See Also
    --------
    GRURegressor : Predicts quantiles with the parameter `quantiles`.
    skrnn.metrics.interval_coverage : Share of targets that an interval holds.
    skrnn.metrics.winkler_score : Judges the width and the misses of intervals together.

    Notes
    -----
    **Calibration.** The score of a row in the lower tail is ``lower - y``, that in the upper tail
    ``y - upper``. Each tail moves outwards by the ``ceil((n + 1) * (1 - level)) / n`` quantile of
    its `n` scores (Romano et al. 2019, theorem 2). If rows are exchangeable, each tail misses at
    most ``(1 - coverage) / 2`` of new targets, for any regressor and any distribution. Rows of a
    time series are not exchangeable. Several outputs are calibrated one by one.

    **The fitted regressor** saw all rows, so its windows continue the newest row. The scores belong
    to one that saw fewer rows and is usually a little worse, so intervals are too wide rather than
    too narrow at first.

    **Adaptive level.** After each known row, the level of a tail becomes ``level + step_size *
    (target - miss)``, where ``target = (1 - coverage) / 2``, and `miss` is 1 if the tail was
    missed, else 0. The score of the row replaces the oldest one. So the share of misses in any `n`
    rows is exactly ``target + (level before - level after) / (step_size * n)``, for any regressor
    and any series. It comes close to `target` in the long run, as long as the level stays bounded.
    A miss means that the score exceeds its threshold. A bound never crosses the prediction, so the
    intervals of a biased regressor hold more targets than that.
    Gibbs & Candès bound it by infinite intervals where the level is 0 or below. Here intervals stay
    finite: these levels get the largest score that is remembered.

    **Quantiles** of the regressor inside a `TransformedTargetRegressor` are not used, because it
    returns none.

    **Panels.** If a window has a `group`, rows of the same time are one moment. The last moments
    are the calibration part. Scores and levels are shared by all series.

    References
    ----------
    Gibbs, I. & Candès, E. (2021). Adaptive conformal inference under distribution shift. Advances
    in Neural Information Processing Systems 34.

    Papadopoulos, H., Proedrou, K., Vovk, V. & Gammerman, A. (2002). Inductive confidence machines
    for regression. Machine Learning: ECML 2002.

    Romano, Y., Patterson, E. & Candès, E. (2019). Conformalized quantile regression. Advances in
    Neural Information Processing Systems 32.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import ConformalIntervals, SlidingWindowTransformer
    >>> noise = np.random.default_rng(0).normal(size=600)
    >>> series = np.sin(np.arange(600) / 10) + 0.1 * noise
    >>> X, y = series.reshape(-1, 1), series
    >>> model = ConformalIntervals(make_pipeline(SlidingWindowTransformer(20), Ridge()))
    >>> model.fit(X[:400], y[:400]).predict_quantiles(X[400:402]).round(2)
    array([[0.64, 0.82, 0.98],
           [0.52, 0.7 , 0.86]])

    Intervals of the rows after the fitted ones, each made before its own target is used:

    >>> from skrnn.metrics import interval_coverage
    >>> quantiles = model.predict_rolling(X[400:], y[400:])
    >>> interval_coverage(y[400:], quantiles)
    0.92
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods("fit")],
        "coverage": [Interval(Real, 0, 1, closed="neither")],
        "calibration_fraction": [Interval(Real, 0, 1, closed="neither")],
        "step_size": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        coverage: float = 0.9,
        calibration_fraction: float = 0.2,
        step_size: float = 0.005,
    ) -> None:
        self.estimator = estimator
        self.coverage = coverage
        self.calibration_fraction = calibration_fraction
        self.step_size = step_size

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """Levels of the predicted quantiles: lower bound, prediction, upper bound."""
        # (1 - 0.9) / 2 is 0.04999999999999999.
        tail = round((1 - self.coverage) / 2, 15)
        return tail, 0.5, round(1 - tail, 15)

    # The estimator is the user's, so its parameters need a check.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, **fit_params: Any) -> ConformalIntervals:
        """Fit the estimator, and calibrate its intervals on the last rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows, as `estimator` takes them, in order of time.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        **fit_params : dict
            Parameters of the `fit` of the estimator. Those with one value for each row, such as
            weights, are split like the rows. Weights do not weigh the scores.

        Returns
        -------
        self : ConformalIntervals
            The fitted estimator. If `fit` raises an error, it is not changed.

        Raises
        ------
        TypeError
            If the estimator is a class, or a Keras model.
        ValueError
            If no row is left to fit or to calibrate, if y holds NaN, infinity or text, if
            predictions of the calibration rows are not finite, or if `estimator` refuses X or y.

        Warns
        -----
        TooFewCalibrationRowsWarning
            If there are so few calibration rows that intervals reach to the largest score.
        """
        refuse_other_models(self.estimator, "estimator")
        # Ask the class: an instance of StackingRegressor has `predict` only after fit.
        if not hasattr(type(self.estimator), "predict"):
            raise ValueError(
                f"estimator={self.estimator!r} has no predict, but a regressor is expected. Give a "
                "regressor, or a pipeline or search that ends in one."
            )
        if _routing_enabled():
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        values = validate_targets(self, y, sequences=False)
        X, y = indexable(X, y)
        first, last = self._split(X)
        self._warn_of_few_rows(len(values[last]))

        def fit_clone(rows: Any) -> Any:
            params = _check_method_params(X, fit_params, indices=rows)
            part = X, y
            if rows is not None:
                part = _safe_indexing(X, rows), _safe_indexing(y, rows)
            return clone(self.estimator).fit(*part, **params)

        fitted = copy.copy(self)
        bounds = _predict_bounds(fit_clone(first), _safe_indexing(X, last))
        fitted.scores_ = bounds.score(values.reshape(len(values), -1)[last])
        if not np.isfinite(fitted.scores_).all():
            raise ValueError(
                "Predictions of the calibration rows are not finite, so intervals cannot be "
                "calibrated. Give an estimator whose predictions are numbers."
            )
        fitted._fitted_quantiles = self.quantiles
        fitted.levels_ = np.full(fitted.scores_.shape[1:], self.quantiles[0])
        fitted.estimator_ = fit_clone(None)
        fitted._delays = find_delays(fitted.estimator_, X, values)
        for name in ("n_features_in_", "feature_names_in_"):
            fitted.__dict__.pop(name, None)
            if hasattr(fitted.estimator_, name):
                setattr(fitted, name, getattr(fitted.estimator_, name))
        self.__dict__ = fitted.__dict__
        return self

    def predict(self, X: Any, return_quantiles: bool = False) -> Any:
        """Predict the targets with the fitted estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows, as `estimator` takes them.

        return_quantiles : bool, default=False
            Whether to return the quantiles, too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Medians of the estimator if it has a quantile of the level 0.5, else its predictions.
            They are the middle column of `predict_quantiles`.

        quantiles : ndarray of shape (n_samples, 3) or (n_samples, n_outputs, 3)
            As from `predict_quantiles`. Only with `return_quantiles`.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ValueError
            If the estimator refuses X.
        """
        if return_quantiles:
            quantiles = self.predict_quantiles(X)
            return quantiles[..., 1], quantiles
        check_is_fitted(self)
        bounds = _predict_bounds(self.estimator_, X)
        return bounds.center.reshape(bounds.shape)

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict the interval of each row by the current levels and scores.

        Windows continue the rows of `fit`, also after `update`: give all rows since `fit`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows, as `estimator` takes them.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, 3) or (n_samples, n_outputs, 3)
            Lower bound, prediction and upper bound. `quantiles` holds their levels. They never
            cross.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ValueError
            If the estimator refuses X.
        """
        check_is_fitted(self)
        thresholds = np.empty(self.levels_.shape)
        for place in np.ndindex(*self.levels_.shape):
            ranked = np.sort(self.scores_[:, *place]).tolist()
            thresholds[place] = choose_threshold(ranked, float(self.levels_[place]))
        return _predict_bounds(self.estimator_, X).widen(thresholds)

    def predict_rolling(self, X: Any, y: Any) -> np.ndarray:
        """Predict the interval of each row by the targets that were known before it.

        It gives the intervals that would have been predicted row by row, with an `update` as soon
        as a target is known. A prediction is made `horizon` rows before its row, and a target that
        is a later value of a column of X is known with that value. Any other target is taken as
        known with its own row: if it is computed from later rows, such as a change over five days,
        give windows this `horizon`. With a `group`, times are counted, not rows. The fitted state
        is not changed.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows after the fitted ones, in order of time.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets. NaN where a target is not known yet.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, 3) or (n_samples, n_outputs, 3)
            Lower bound, prediction and upper bound, as from `predict_quantiles`.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ValueError
            If the estimator refuses X, or y does not have the outputs of `fit`.
        """
        check_is_fitted(self)
        bounds, thresholds, *_ = self._roll(X, y)
        return bounds.widen(thresholds)

    def update(self, X: Any, y: Any) -> ConformalIntervals:
        """Move the levels and renew the scores by rows whose targets have become known.

        Each row is judged by the interval that `predict_rolling` gives it. The estimator is not
        fitted again. Windows inside it still continue the rows of `fit`, here and in later
        predictions, so always give all rows since `fit`. Rows whose target was used before get NaN
        as target.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows after the fitted ones, in order of time.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets. Rows with NaN change nothing.

        Returns
        -------
        self : ConformalIntervals
            The updated estimator.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ValueError
            If the estimator refuses X, or y does not have the outputs of `fit`.
        """
        check_is_fitted(self)
        _, _, self.scores_, self.levels_ = self._roll(X, y)
        return self

    def _roll(self, X: Any, y: Any) -> tuple[Bounds, np.ndarray, np.ndarray, np.ndarray]:
        """Return bounds and thresholds of rows, and the scores and levels after them."""
        y = validate_targets(self, y, sequences=False, allow_unknown=True)
        check_consistent_length(X, y)
        y = y.reshape(len(y), -1)
        n_outputs = len(self.levels_)
        if y.shape[1] != n_outputs:
            raise ValueError(
                f"y has {y.shape[1]} output(s), but {n_outputs} are expected, as in fit. Give the "
                "targets of the rows of X, with NaN where they are not known."
            )
        bounds = _predict_bounds(self.estimator_, X)
        scores = bounds.score(y)
        moments = number_moments(self.estimator, X)
        thresholds, memory = np.empty(scores.shape), np.empty(self.scores_.shape)
        levels = np.empty(self.levels_.shape)
        for output, tail in np.ndindex(*levels.shape):
            thresholds[:, output, tail], memory[:, output, tail], levels[output, tail] = (
                adapt_level(
                    scores[:, output, tail],
                    moments,
                    self.scores_[:, output, tail],
                    float(self.levels_[output, tail]),
                    target=self._fitted_quantiles[0],
                    step_size=self.step_size,
                    delay=self._delays[output],
                )
            )
        return bounds, thresholds, memory, levels

    def _split(self, X: Any) -> tuple[Positions, Positions]:
        """Return the positions of the rows to fit, and of the calibration rows in order of time."""
        moments = number_moments(self.estimator, X)
        order = np.argsort(moments, kind="stable")
        # The same rule as for validation_split.
        n_first = math.floor(len(order) * (1 - self.calibration_fraction))
        if n_first < len(order):
            # Rows of one moment stay together.
            n_first = int(np.searchsorted(moments[order], moments[order[n_first]]))
        if not 0 < n_first < len(order):
            raise ValueError(
                f"calibration_fraction={self.calibration_fraction} of {len(order)} sample(s) "
                "leaves none to fit or none to calibrate on. Give more rows."
            )
        if (np.diff(order) == 1).all():
            # Slices copy no windows.
            return slice(n_first), slice(n_first, None)
        return np.sort(order[:n_first]), order[n_first:]

    def _warn_of_few_rows(self, n_rows: int) -> None:
        tail = self.quantiles[0]
        n_needed = math.ceil(1 / tail - 1e-9) - 1
        if n_rows < n_needed:
            warnings.warn(
                f"{n_rows} calibration row(s) are too few for coverage={self.coverage}: the bounds "
                f"reach to the largest score, which is too narrow on average. {n_needed} rows or "
                "more are needed. Give more rows, a larger calibration_fraction, or a smaller "
                "coverage.",
                TooFewCalibrationRowsWarning,
                stacklevel=4,  # _fit_context stands between fit and its caller
            )

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the routing of metadata: `fit` passes them on to the estimator.

        Returns
        -------
        routing : MetadataRouter
            The routing.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags.multi_output = inner.target_tags.multi_output
        if is_regressor(self.estimator):
            tags.regressor_tags = inner.regressor_tags
        return tags


def number_moments(estimator: Any, X: Any) -> np.ndarray:
    """Return the number of the time of each row: its position, or its time within a panel."""
    groups = [window.group for window in windows_of(estimator) if window.group is not None]
    ticks = read_ticks(read_labels(X, groups[0])) if groups else None
    if ticks is None or ticks.values is None:
        return np.arange(_num_samples(X))
    return np.unique(ticks.values, return_inverse=True)[1]


def find_delays(fitted: Any, X: Any, y: np.ndarray) -> list[int]:
    """Return for each output after how many moments its target is known, at least 1.

    A prediction is made `horizon` rows before its row. A target that is a column of X becomes known
    `shift` rows after its row. If one of several targets is no column of X, it is taken as the last
    of so many next steps.

    Parameters
    ----------
    fitted : estimator
        The fitted estimator that holds the windows, if there are any.
    X : array-like of shape (n_samples, ...)
        Rows. If they are windows, their last steps are compared with the targets.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    """
    for name in ("best_estimator_", "regressor_", "best_estimator_"):
        # A search may have chosen the horizon.
        fitted = getattr(fitted, name, fitted)
    windows = list(windows_of(fitted))
    horizon = min((window.horizon for window in windows), default=0)
    n_outputs = 1 if y.ndim == 1 else y.shape[1]
    rows = X if hasattr(X, "shape") else np.asarray(X)
    rows = rows[:, -1] if rows.ndim == 3 else rows
    # Columns of sparse rows are not compared, so each target counts as unknown at its own row.
    found = None if issparse(rows) else find_target_columns(rows, y, windows)
    targets = found or [None] * n_outputs
    unknown = max(1, horizon) + n_outputs - 1
    return [unknown if each is None else max(1, horizon + each.shift) for each in targets]


def _predict_bounds(fitted: Any, X: Any) -> Bounds:
    """Return the outermost quantiles and the prediction of each row."""
    if has_quantiles(fitted):
        found, levels = predict_quantiles(fitted, X)
        values = np.asarray(found, dtype=np.float64)
        lower, upper = values[..., 0], values[..., -1]
        # Not by another call of predict, which would take as long and repeat warnings.
        center = values[..., list(levels).index(0.5)] if 0.5 in levels else fitted.predict(X)
    else:
        lower = center = upper = np.asarray(fitted.predict(X), dtype=np.float64)
    n_rows, shape = len(center), center.shape
    lower, center, upper = (each.reshape(n_rows, -1) for each in (lower, center, upper))
    return Bounds(lower, center, upper, shape)
