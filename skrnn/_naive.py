"""The naive rival: forecasts that need no training."""

from __future__ import annotations

import copy
import warnings
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._tasks import CallbackSupportMixin, begin_tasks
from skrnn._validation import validate_targets, validate_windows


class NaiveRegressor(CallbackSupportMixin, RegressorMixin, MultiOutputMixin, BaseEstimator):
    """Predict the next values of a window by a rule that learns nothing.

    It is the rival of every forecast: a network that does not beat it has learned nothing that
    the window does not already show. Predictions are in the units of the window, so it stands in
    a pipeline of its own without a scaler.

    Parameters
    ----------
    strategy : {"last", "seasonal", "drift", "mean"}, default="last"
        What output `i` = 1, 2, ... is; the outputs are the steps that follow the window.

        - "last": the last value of the window, to the last digit.
        - "seasonal": the latest value of the window that lies a whole number of seasons before it.
        - "drift": the line through the first and the last value of the window, `i` steps on.
        - "mean": the mean of the window.

    season_length : int, default=1
        Steps in a season, at most the length of the window. Used by "seasonal" only.

    feature : int, default=0
        The feature of 3-D X that is forecast, counted from 0. 2-D X is one feature, number 0.

    Attributes
    ----------
    n_features_in_ : int
        Columns of 2-D X, features a step of 3-D X.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X had names that are all strings.

    n_timesteps_in_ : int
        Length of the windows seen during `fit`.

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
        "feature": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(self, strategy: str = "last", season_length: int = 1, feature: int = 0) -> None:
        self.strategy = strategy
        self.season_length = season_length
        self.feature = feature

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> NaiveRegressor:
        """Check the windows and the targets, and remember their shapes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, oldest step first, in the units of `y`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            What follows each window: the next value, or the next values in order.

        Returns
        -------
        self : NaiveRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If X has other than 2 or 3 dimensions or holds NaN, infinity or flattened windows of
            several columns; if the windows are too short for `strategy`; if X has no column
            number `feature`; if `y` holds NaN or infinity.

        Warns
        -----
        UserWarning
            If the standard deviations of the windows and of `y` differ by more than a factor
            of 10: one of the two is then probably scaled.
        """
        tasks = begin_tasks(self, X, y)
        # Validation sets attributes as it goes: a copy takes them, so that a failure leaves none.
        fitted = copy.copy(self)
        X = validate_windows(fitted, X, reset=True, may_lack_steps=False)
        y = validate_targets(fitted, y, sequences=False)
        check_consistent_length(X, y)
        windows = self._series(X)
        fitted.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        fitted._target_ndim = y.ndim

        spreads = sorted((_spread(windows), _spread(y)))
        if len(X) > 1 and spreads[1] > 10 * spreads[0]:
            warnings.warn(
                f"The standard deviation of the windows is {_spread(windows):.3g}, that of y "
                f"{_spread(y):.3g}. NaiveRegressor predicts in the units of the window, which "
                "should be those of y. Put it in a pipeline of its own without a scaler: "
                "make_pipeline(SlidingWindowTransformer(n), NaiveRegressor()).",
                UserWarning,
                stacklevel=3,  # _fit_context stands between fit and its caller
            )
        if tasks is not None:
            tasks.end(fitted.__dict__)
        self.__dict__ = fitted.__dict__
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the steps that follow each window.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, oldest step first, with as many dimensions and features as at `fit`. 3-D
            windows may be of another length.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions as float64, in the shape of the `y` given to `fit`.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ValueError
            If X holds NaN or infinity, does not have the dimensions and features seen in `fit`,
            or its windows are too short for `strategy`.
        """
        check_is_fitted(self)
        X = validate_windows(self, X, reset=False, may_lack_steps=False)
        windows = self._series(X)
        with np.errstate(over="ignore", invalid="ignore"):
            y = _next_values(windows, self.n_outputs_, self.strategy, self.season_length)
        y = y.astype(np.float64, copy=False)
        if not np.isfinite(y).all():
            raise ValueError(
                f"X reaches {np.abs(windows).max():.3g}: with strategy={self.strategy!r} the next "
                f"values are beyond {windows.dtype}. Divide X by a constant first."
            )
        return y[:, 0] if self._target_ndim == 1 else y

    def _series(self, X: np.ndarray) -> np.ndarray:
        """Return the windows of the chosen feature, if the strategy can use them."""
        n_features = X.shape[2]
        if self.feature >= n_features:
            raise ValueError(
                f"feature={self.feature} is out of range: windows of shape {X.shape} have "
                f"{n_features} feature(s) a step, counted from 0. Several features need 3-D X: "
                "leave flatten=True out of SlidingWindowTransformer."
            )
        needed = {"drift": 2, "seasonal": self.season_length}.get(self.strategy, 1)
        if X.shape[1] < needed:
            season = f", season_length={self.season_length}" if self.strategy == "seasonal" else ""
            raise ValueError(
                f"strategy={self.strategy!r}{season} needs windows of {needed} steps or more, "
                f"but those of X have {X.shape[1]} step(s) of {n_features} feature(s). Make them "
                'longer (window_length of SlidingWindowTransformer) or use strategy="last".'
            )
        return X[:, :, self.feature]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.regressor_tags.poor_score = True
        return tags


def _next_values(
    windows: np.ndarray, n_outputs: int, strategy: str, season_length: int
) -> np.ndarray:
    """Return the `n_outputs` values after each window, shape (n_samples, n_outputs)."""
    n_timesteps = windows.shape[1]
    steps = np.arange(1, n_outputs + 1)
    if strategy == "mean":
        return np.repeat(windows.mean(axis=1, keepdims=True), n_outputs, axis=1)
    if strategy == "drift":
        first, last = windows[:, :1], windows[:, -1:]
        return last + steps * (last - first) / (n_timesteps - 1)
    # The last value is the season of one step.
    season = 1 if strategy == "last" else season_length
    return windows[:, n_timesteps - season + (steps - 1) % season]


def _spread(values: np.ndarray) -> float:
    """Return the standard deviation over all values, exactly 0 for a constant."""
    # The mean of equal floats may be off by a digit, and np.std of a constant then is not 0.
    if values.min() == values.max():
        return 0.0
    # Step by step, since np.std of overlapping windows would copy each of them.
    steps = np.atleast_2d(values.T)
    # Infinite for values whose square is beyond float64.
    with np.errstate(over="ignore", invalid="ignore"):
        within = np.mean([step.var() for step in steps])
        between = np.var([step.mean() for step in steps])
        return float(np.sqrt(within + between))
