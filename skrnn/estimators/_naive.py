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

from skrnn._utils.sklearn_callbacks import CallbackSupportMixin, begin_tasks
from skrnn.estimators._input_checks import validate_windows
from skrnn.estimators._target_checks import validate_targets
from skrnn.windows._targets import Target, find_targets_of_windows


class NaiveRegressor(CallbackSupportMixin, RegressorMixin, MultiOutputMixin, BaseEstimator):
    """Predict the next values of a window by a rule that learns nothing.

    It is the rival of every forecast: a network that does not beat it has learned nothing that
    the window does not already show. `fit` only finds out which feature each output of `y` is, how
    many steps after the window it lies, and in which units: behind a scaler, predictions are in
    the units of `y` all the same.

    Parameters
    ----------
    strategy : {"last", "seasonal", "drift", "mean"}, default="last"
        The value that is predicted for a step after the window, from the feature that the output
        is.

        - "last": the last value of the window, to the last digit if the units are those of `y`.
        - "seasonal": the latest value of the window that lies a whole number of seasons before the
          step.
        - "drift": the line through the first and the last value of the window, up to the step.
        - "mean": the mean of the window.

    season_length : int, default=1
        Steps in a season, at most the length of the window. Used by "seasonal" only.

    feature : int, default=None
        The feature of 3-D X that is forecast, counted from 0. None: the one that `y` is. It must be
        given if there are several features and none of them is `y`, or windows have one step only.

    Attributes
    ----------
    targets_ : list of (feature, shift, a, b)
        For each output the feature, how many steps after the last one of the window it lies, and
        the scale: ``a * value + b`` is in the units of `y`. If `y` is no feature, output `i` = 0,
        1, ... is step ``i + 1`` of the only or the given feature, in its units.

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
        "feature": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(
        self, strategy: str = "last", season_length: int = 1, feature: int | None = None
    ) -> None:
        self.strategy = strategy
        self.season_length = season_length
        self.feature = feature

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> NaiveRegressor:
        """Find out which feature and step each output is.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, oldest step first, in any order.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            What follows each window: the next value, the next values in order, or those of several
            features.

        Returns
        -------
        self : NaiveRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If X has other than 2 or 3 dimensions or holds NaN, infinity or flattened windows of
            several columns; if the windows are too short for `strategy`; if X has no column
            number `feature`, or several ones of which none is `y`, and `feature` is not given; if
            `y` holds NaN or infinity.

        Warns
        -----
        UserWarning
            If `y` is no feature, and the standard deviations of the windows and of `y` differ by
            more than a factor of 10: one of the two is then probably scaled.
        """
        tasks = begin_tasks(self, X, y)
        # Validation sets attributes as it goes: a copy takes them, so that a failure leaves none.
        fitted = copy.copy(self)
        X = validate_windows(fitted, X, reset=True, allow_missing_steps=False)
        y = validate_targets(fitted, y, sequences=False)
        check_consistent_length(X, y)
        self._check_length(X)
        fitted._target_ndim = y.ndim
        y = y.reshape(len(y), -1)
        fitted.n_outputs_ = y.shape[1]
        found = find_targets_of_windows(X, y, feature=self.feature, complete=True)
        if None in found:
            feature = self._choose_feature(X, found)
            _warn_of_units(X[:, :, feature], y)
        fitted.targets_ = [
            (feature, output + 1, 1.0, 0.0) if target is None else (*target,)
            for output, target in enumerate(found)
        ]
        if tasks is not None:
            tasks.end(fitted.__dict__)
        self.__dict__ = fitted.__dict__
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict what follows each window.

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
        X = validate_windows(self, X, reset=False, allow_missing_steps=False)
        self._check_length(X)
        y = np.empty((len(X), self.n_outputs_))
        for output, (feature, shift, a, b) in enumerate(self.targets_):
            with np.errstate(over="ignore", invalid="ignore"):
                values = _value_at(X[:, :, feature], shift, self.strategy, self.season_length)
                y[:, output] = values if (a, b) == (1, 0) else a * values.astype(np.float64) + b
        if not np.isfinite(y).all():
            raise ValueError(
                f"X reaches {np.abs(X).max():.3g}: with strategy={self.strategy!r} the next values "
                f"are beyond {X.dtype}. Divide X by a constant first."
            )
        return y[:, 0] if self._target_ndim == 1 else y

    def _check_length(self, X: np.ndarray) -> None:
        """Refuse a feature that is not there, and windows that are too short for the strategy."""
        n_features = X.shape[2]
        if self.feature is not None and self.feature >= n_features:
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

    def _choose_feature(self, X: np.ndarray, found: list[Target | None]) -> int:
        """Return the feature that is forecast where y is none, if there is no choice."""
        n_features = X.shape[2]
        if self.feature is not None:
            return self.feature
        if n_features == 1:
            return 0
        name = f"column {found.index(None)} of y" if len(found) > 1 else "y"
        why = (
            f"windows of one step do not tell which of them {name} is"
            if X.shape[1] == 1
            else f"{name} is none of them at any step after the windows, as far as the rows tell"
        )
        raise ValueError(
            f"X holds windows of {n_features} features, and {why}. Give the number of the feature "
            "that is forecast, counted from 0: NaiveRegressor(feature=0)."
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.regressor_tags.poor_score = True
        return tags


def _value_at(windows: np.ndarray, step: int, strategy: str, season_length: int) -> np.ndarray:
    """Return what is predicted for a step after each window, shape (n_samples,)."""
    n_timesteps = windows.shape[1]
    if strategy == "mean":
        return np.asarray(windows.mean(axis=1))
    if strategy == "drift":
        first, last = windows[:, 0], windows[:, -1]
        return np.asarray(last + step * (last - first) / (n_timesteps - 1))
    # The last value is the season of one step.
    season = 1 if strategy == "last" else season_length
    return windows[:, n_timesteps - season + (step - 1) % season]


def _warn_of_units(windows: np.ndarray, y: np.ndarray) -> None:
    """Warn if the windows and the targets have other units, as their spreads tell."""
    spreads = sorted((_spread(windows), _spread(y)))
    if len(y) > 1 and spreads[1] > 10 * spreads[0]:
        warnings.warn(
            f"The standard deviation of the windows is {_spread(windows):.3g}, that of y "
            f"{_spread(y):.3g}. y is no feature of the windows, so NaiveRegressor predicts in the "
            "units of the window, which should be those of y. Put it in a pipeline of its own "
            "without a scaler: make_pipeline(SlidingWindowTransformer(n), NaiveRegressor()).",
            UserWarning,
            stacklevel=4,  # _fit_context stands between fit and its caller
        )


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
