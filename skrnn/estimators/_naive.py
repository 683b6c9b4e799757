"""Naive forecasts: the last value, the last season, the drift or the mean."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._utils.quantiles import check_quantiles
from skrnn._utils.sklearn_callbacks import CallbackSupportMixin, begin_tasks
from skrnn.estimators._input_checks import validate_windows
from skrnn.estimators._target_checks import validate_targets
from skrnn.windows._targets import Target, find_targets_of_windows


class NaiveRegressor(CallbackSupportMixin, RegressorMixin, MultiOutputMixin, BaseEstimator):
    """Predict the next values of a window by a rule without training.

    Every forecast is compared with it: a network that does not beat it is useless. For each
    output of `y`, `fit` finds the feature of the windows that the output is, the number of steps
    after the window, and the units. After a scaler, predictions are still in the units of `y`.

    Parameters
    ----------
    strategy : {"last", "seasonal", "drift", "mean"}, default="last"
        Rule that predicts a step after the window from the window's values of the same feature.

        - "last": the last value, without rounding if the window is in the units of `y`.
        - "seasonal": the latest value that lies a whole number of seasons before the step.
        - "drift": the value at this step on the line through the first and the last value.
        - "mean": the mean of the values.

    season_length : int, default=1
        Number of steps in a season, at most the length of the window. Only "seasonal" uses it.

    feature : int, default=None
        Feature of 3-D X to forecast, counted from 0. None: the feature that `y` is. If X has
        several features, give a number if `y` is none of them or windows have a single step.

    quantiles : sequence of float, default=None
        Increasing levels within (0, 1), 0.5 among them, of the quantiles that `predict_quantiles`
        returns: the prediction plus the quantiles of the errors in the rows of `fit`.

    Attributes
    ----------
    targets_ : list of (feature, shift, a, b)
        For each output: its feature, its number of steps after the end of the window, and the
        scale. A value of X is ``a * value + b`` in the units of `y`. If `y` is not a feature, the
        outputs are taken as the next steps of `feature` (or of the only feature), in the units of
        this feature.

    error_quantiles_ : ndarray of shape (`n_outputs_`, n_quantiles) or None
        Quantiles of ``y - predict(X)`` in the rows of `fit`, None without `quantiles`.

    n_features_in_ : int
        Number of columns of 2-D X, or of features of a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, if all of them are strings.

    n_timesteps_in_ : int
        Length of the windows seen in `fit`, in steps.

    n_outputs_ : int
        Number of outputs.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows.
    sklearn.dummy.DummyRegressor : Predicts from the targets alone.

    References
    ----------
    Hyndman, R. J. & Athanasopoulos, G. (2021). Forecasting: Principles and Practice, 3rd edition,
    section 5.2: Some simple forecasting methods.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import NaiveRegressor
    >>> windows = np.array([[1.0, 2.0, 4.0], [2.0, 4.0, 5.0]])
    >>> y = np.array([[5.0, 7.0], [7.0, 8.0]])
    >>> NaiveRegressor().fit(windows, y).predict(windows)
    array([[4., 4.],
           [5., 5.]])
    >>> NaiveRegressor(strategy="drift").fit(windows, y).predict(windows)
    array([[5.5, 7. ],
           [6.5, 8. ]])

    In a pipeline, each row is predicted by the row before it:

    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SlidingWindowTransformer
    >>> pipe = make_pipeline(SlidingWindowTransformer(2), NaiveRegressor())
    >>> series = np.array([10.0, 11.0, 13.0, 12.0])
    >>> pipe.fit(series.reshape(-1, 1), series).predict([[15.0], [14.0]])
    array([12., 15.])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "strategy": [StrOptions({"last", "seasonal", "drift", "mean"})],
        "season_length": [Interval(Integral, 1, None, closed="left")],
        "feature": [Interval(Integral, 0, None, closed="left"), None],
        "quantiles": ["array-like", None],
    }

    def __init__(
        self,
        strategy: str = "last",
        season_length: int = 1,
        feature: int | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> None:
        self.strategy = strategy
        self.season_length = season_length
        self.feature = feature
        self.quantiles = quantiles

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> NaiveRegressor:
        """Find the feature and the step of each output.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, oldest step first, in any order.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Values that follow each window: the next value, the next values in order, or the next
            values of several features.

        Returns
        -------
        self : NaiveRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If X does not have 2 or 3 dimensions; if X holds NaN, infinity or flattened windows of
            several columns; if the windows are too short for `strategy`; if X has no feature of
            number `feature`; if X has several features, `y` is none of them and `feature` is not
            given; if `y` holds NaN or infinity; if `quantiles` are not increasing levels with 0.5.

        Warns
        -----
        UserWarning
            If `y` is not a feature, and the standard deviations of the windows and of `y` differ by
            more than a factor of 10. Probably only one of the two is scaled.
        """
        if self.quantiles is not None:
            check_quantiles(self.quantiles)
        tasks = begin_tasks(self, X, y)
        # Validation sets attributes. They are set on a copy, so a failure changes nothing.
        fitted = copy.copy(self)
        X = validate_windows(fitted, X, reset=True, allow_missing_steps=False)
        y = validate_targets(fitted, y, sequences=False)
        check_consistent_length(X, y)
        self._check_length(X)
        fitted._target_ndim = y.ndim
        y = y.reshape(len(y), -1)
        fitted.n_outputs_ = y.shape[1]
        found = find_targets_of_windows(X, y, feature=self.feature)
        if None in found:
            feature = self._choose_feature(X, found)
            _warn_of_units(X[:, :, feature], y)
        fitted.targets_ = [
            (feature, output + 1, 1.0, 0.0) if target is None else (*target,)
            for output, target in enumerate(found)
        ]
        fitted._store_error_quantiles(X, y)
        if tasks is not None:
            tasks.end(fitted.__dict__)
        self.__dict__ = fitted.__dict__
        return self

    def predict(self, X: Any, return_quantiles: bool = False) -> Any:
        """Predict the values that follow each window.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, oldest step first, with as many dimensions and features as in `fit`. 3-D
            windows may have another length.

        return_quantiles : bool, default=False
            Whether to also return the quantiles.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions as float64, in the shape of the `y` given to `fit`.

        quantiles : ndarray of the shape of y and (n_quantiles,)
            As from `predict_quantiles`. Only with `return_quantiles`.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ValueError
            If X holds NaN or infinity, if X does not have the dimensions and features seen in
            `fit`, or if the windows are too short for `strategy`. If `return_quantiles` is set and
            there are no quantiles.
        """
        check_is_fitted(self)
        X = validate_windows(self, X, reset=False, allow_missing_steps=False)
        self._check_length(X)
        y = self._predict_outputs(X)
        predicted = y[:, 0] if self._target_ndim == 1 else y
        if not return_quantiles:
            return predicted
        if self.error_quantiles_ is None:
            raise ValueError(
                "This NaiveRegressor was fitted without quantiles. Fit with "
                "quantiles=(0.1, 0.5, 0.9)."
            )
        quantiles = y[:, :, np.newaxis] + self.error_quantiles_
        return predicted, quantiles[:, 0] if self._target_ndim == 1 else quantiles

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict the quantiles of the values that follow each window.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict`.

        Returns
        -------
        quantiles : ndarray of the shape of y and (n_quantiles,)
            Predictions plus `error_quantiles_`, in the order of `quantiles`.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ValueError
            If there are no quantiles, or if `predict` refuses X.
        """
        quantiles: np.ndarray = self.predict(X, return_quantiles=True)[1]
        return quantiles

    def _predict_outputs(self, X: np.ndarray) -> np.ndarray:
        """Return predictions of shape (n_samples, n_outputs)."""
        y = np.empty((len(X), self.n_outputs_))
        for output, (feature, shift, a, b) in enumerate(self.targets_):
            with np.errstate(over="ignore", invalid="ignore"):
                values = _value_at(X[:, :, feature], shift, self.strategy, self.season_length)
                y[:, output] = values if (a, b) == (1, 0) else a * values.astype(np.float64) + b
        if not np.isfinite(y).all():
            raise ValueError(
                f"X reaches {np.abs(X).max():.3g}, and predictions with strategy={self.strategy!r} "
                f"overflow {X.dtype}. Divide X by a constant first."
            )
        return y

    def _store_error_quantiles(self, X: np.ndarray, y: np.ndarray) -> None:
        """Set `error_quantiles_`."""
        self.error_quantiles_: np.ndarray | None = None
        self._fitted_quantiles = None if self.quantiles is None else tuple(self.quantiles)
        if self.quantiles is not None:
            errors = y - self._predict_outputs(X)
            self.error_quantiles_ = np.quantile(errors, self.quantiles, axis=0).T

    def _check_length(self, X: np.ndarray) -> None:
        """Refuse a feature that X does not have, and windows too short for the strategy."""
        n_features = X.shape[2]
        if self.feature is not None and self.feature >= n_features:
            raise ValueError(
                f"feature={self.feature} is out of range: windows of shape {X.shape} have "
                f"{n_features} feature(s) a step, counted from 0. Several features need 3-D X: "
                "remove flatten=True from SlidingWindowTransformer."
            )
        needed = {"drift": 2, "seasonal": self.season_length}.get(self.strategy, 1)
        if X.shape[1] < needed:
            season = f", season_length={self.season_length}" if self.strategy == "seasonal" else ""
            raise ValueError(
                f"strategy={self.strategy!r}{season} needs windows of {needed} steps or more, "
                f"but windows of X have {X.shape[1]} step(s) of {n_features} feature(s). Make "
                'windows longer (window_length of SlidingWindowTransformer) or use strategy="last".'
            )

    def _choose_feature(self, X: np.ndarray, found: list[Target | None]) -> int:
        """Return the feature to forecast if `y` is none. Refuse to choose among several."""
        n_features = X.shape[2]
        if self.feature is not None:
            return self.feature
        if n_features == 1:
            return 0
        name = f"column {found.index(None)} of y" if len(found) > 1 else "y"
        why = (
            f"windows of one step do not show which of these features {name} is"
            if X.shape[1] == 1
            else f"{name} is none of these features at any step after the windows"
        )
        raise ValueError(
            f"X holds windows of {n_features} features, and {why}. Give the number of the feature "
            "to forecast, counted from 0: NaiveRegressor(feature=0)."
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.regressor_tags.poor_score = True
        return tags


def _value_at(windows: np.ndarray, step: int, strategy: str, season_length: int) -> np.ndarray:
    """Return the prediction for a step after each window, shape (n_samples,)."""
    n_timesteps = windows.shape[1]
    if strategy == "mean":
        return np.asarray(windows.mean(axis=1))
    if strategy == "drift":
        first, last = windows[:, 0], windows[:, -1]
        return np.asarray(last + step * (last - first) / (n_timesteps - 1))
    # "last" is a season of one step.
    season = 1 if strategy == "last" else season_length
    return windows[:, n_timesteps - season + (step - 1) % season]


def _warn_of_units(windows: np.ndarray, y: np.ndarray) -> None:
    """Warn if the spreads of windows and targets suggest different units."""
    spreads = sorted((_spread(windows), _spread(y)))
    if len(y) > 1 and spreads[1] > 10 * spreads[0]:
        warnings.warn(
            f"The standard deviation of the windows is {_spread(windows):.3g}, but the standard "
            f"deviation of y is {_spread(y):.3g}. y is not a feature of the windows, so "
            "NaiveRegressor predicts in the units of the windows, which seem to differ from the "
            "units of y. Use a pipeline without a scaler: "
            "make_pipeline(SlidingWindowTransformer(n), NaiveRegressor()).",
            UserWarning,
            stacklevel=4,  # _fit_context stands between fit and its caller
        )


def _spread(values: np.ndarray) -> float:
    """Return the standard deviation over all values, exactly 0 for a constant."""
    # Rounding errors of the mean can make np.std of a constant more than 0.
    if values.min() == values.max():
        return 0.0
    # Step by step, because np.std would copy overlapping windows.
    steps = np.atleast_2d(values.T)
    # Infinite if a square overflows float64.
    with np.errstate(over="ignore", invalid="ignore"):
        within = np.mean([step.var() for step in steps])
        between = np.var([step.mean() for step in steps])
        return float(np.sqrt(within + between))
