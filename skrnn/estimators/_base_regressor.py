"""Base class of the regressors: standardized targets, predictions in the units of y, R²."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skrnn._network.losses import PinballLoss, is_standardized
from skrnn._utils.quantiles import check_quantiles
from skrnn.estimators._base import BaseRecurrentEstimator
from skrnn.estimators._fit_keywords import explain_unknown_keywords
from skrnn.estimators._score_weights import weigh_scored_steps
from skrnn.estimators._target_checks import (
    SEQUENCE_ARCHITECTURES,
    check_target_steps,
    validate_score_weights,
    validate_targets,
)
from skrnn.estimators._window_normalization import find_target_features


class BaseRecurrentRegressor(RegressorMixin, MultiOutputMixin, BaseRecurrentEstimator):
    """A recurrent network that predicts numbers, which are standardized for training."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentEstimator._parameter_constraints,
        "linear_skip": ["boolean"],
        "normalize_y": ["boolean"],
        "target_feature": [Interval(Integral, 0, None, closed="left"), None],
        "quantiles": ["array-like", None],
    }

    linear_skip: bool
    normalize_y: bool
    target_feature: int | None
    quantiles: Sequence[float] | None
    n_outputs_: int
    _n_quantiles: int
    _target_ndim: int
    _y_mean: np.ndarray
    _y_scale: np.ndarray

    @explain_unknown_keywords
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Continue training for one epoch on the given rows.

        No rows are held out, even with `early_stopping=True`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`. With `normalize_y`, the first call sets the scale of all calls.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the loss. None: all weights are 1.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`, and if the rows differ in shape from the rows of earlier calls.
        """
        # scikit-learn's decorator validates parameters in the first call only.
        self._validate_params()
        return self._fit_one_epoch(X, y, sample_weight)

    def predict(self, X: Any, return_std: bool = False, return_quantiles: bool = False) -> Any:
        """Predict the targets of windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, with as many dimensions and features as in `fit`. 3-D windows may have
            another number of steps, unless `linear_skip` is set. With
            `architecture="vector_to_sequence"`, X has the shape (n_samples, n_features).

        return_std : bool, default=False
            Whether to return the standard deviation of the predictions of the networks, too. It
            shows how much the networks disagree, not how far `y` scatters around the prediction.

        return_quantiles : bool, default=False
            Whether to return all quantiles, too. A Pipeline passes this on:
            ``pipe.predict(X, return_quantiles=True)``.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs), (n_samples, n_steps) or \
                (n_samples, n_steps, n_outputs)
            Predictions as float64, in the units and the shape of the `y` given to `fit`. With
            `quantiles` they are the medians. The prediction of a row whose steps are all missing
            depends on the biases alone, or is the mean of `y` with `normalize_windows`.

        y_std : ndarray of the shape of y
            Standard deviation over the networks, in the units of `y`. Only with `return_std`.

        quantiles : ndarray of the shape of y and (n_quantiles,)
            As from `predict_quantiles`. Only with `return_quantiles`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X holds infinity or text, if a step of X is NaN in some features but not in all, or
            if X is not shaped as in `fit`. If `return_std` is set and there is only one network. If
            `return_quantiles` is set and the network has no quantiles. If both are set.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        if return_std and return_quantiles:
            raise ValueError(
                "return_std=True and return_quantiles=True cannot be combined: predict returns a "
                "pair. Call predict twice."
            )
        if return_quantiles:
            quantiles = fitted.predict_quantiles(X)
            return quantiles[..., fitted._place_of_median()], quantiles
        if not return_std:
            return fitted._rescale(fitted._predict_outputs(X))
        if len(fitted.networks_) < 2:
            raise ValueError(
                "return_std=True needs the predictions of several networks, but this "
                f"{type(self).__name__} has one. Fit with n_networks=5."
            )
        each = np.stack([fitted._rescale(outputs) for outputs in fitted._predict_each(X)])
        return fitted._rescale(fitted._predict_outputs(X)), each.std(axis=0)

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict the quantiles of the targets of windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict`.

        Returns
        -------
        quantiles : ndarray of the shape of y and (n_quantiles,)
            Predictions as float64, in the units of `y` and in the order of `quantiles`. They never
            cross: those of a row are sorted.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If the estimator was fitted without `quantiles`, or if `predict` refuses X.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        if fitted._network.get("quantiles") is None:
            raise ValueError(
                f"This {type(self).__name__} was fitted without quantiles. Fit with "
                "quantiles=(0.1, 0.5, 0.9)."
            )
        return fitted._to_quantiles(fitted._predict_outputs(X))

    def _rescale(self, outputs: np.ndarray) -> np.ndarray:
        """Return predictions in the units and the shape of y, given outputs of the network."""
        if self._network.get("quantiles") is not None:
            return self._to_quantiles(outputs)[..., self._place_of_median()]
        return self._in_shape_of_y(outputs * self._y_scale + self._y_mean)

    def _to_quantiles(self, outputs: np.ndarray) -> np.ndarray:
        """Return sorted quantiles in the units of y, given outputs of the network."""
        n_quantiles = len(self._network["quantiles"])
        values = outputs.reshape(*outputs.shape[:-1], -1, n_quantiles)
        values = np.sort(values * self._y_scale[:, np.newaxis] + self._y_mean[:, np.newaxis])
        return values if values.ndim == self._target_ndim + 1 else values[..., 0, :]

    @property
    def _fitted_quantiles(self) -> tuple[float, ...] | None:
        levels: tuple[float, ...] | None = self._network.get("quantiles")
        return levels

    def _place_of_median(self) -> int:
        place: int = self._network["quantiles"].index(0.5)
        return place

    def _in_shape_of_y(self, values: np.ndarray) -> np.ndarray:
        return values if values.ndim == self._target_ndim else values[..., 0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the coefficient of determination, of the predictions.

        Each output at each step is scored over the rows, and each counts equally. Missing steps of
        a `sequence_to_sequence` are left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict`.

        y : array-like of shape (n_samples,), (n_samples, n_outputs), (n_samples, n_steps) or \
                (n_samples, n_steps, n_outputs)
            True targets, shaped as in `fit`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. None: all weights are 1.

        Returns
        -------
        score : float
            1 at best; predicting the mean of `y` scores 0. NaN, with a warning, if fewer than two
            rows can be scored.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `predict` refuses X, if `y` does not fit the predictions, or if the square of `y`
            overflows.

        Warns
        -----
        UndefinedMetricWarning
            If fewer than two rows can be scored.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        predicted = fitted.predict(X)
        sequences = fitted._network["architecture"] in SEQUENCE_ARCHITECTURES
        y = validate_targets(self, y, sequences=sequences)
        with np.errstate(over="ignore"):
            _check_spread(y, np.square(y).sum())
        if not sequences:
            if sample_weight is not None:
                sample_weight = validate_score_weights(sample_weight, predicted)
            return r2_score(y, predicted, sample_weight=sample_weight)
        weight = weigh_scored_steps(fitted, X, y, predicted, sample_weight)
        # R² needs two rows.
        scores = [
            r2_score(y[rows, step], predicted[rows, step], sample_weight=weight[rows, step])
            for step, rows in enumerate((weight > 0).T)
            if np.count_nonzero(rows) > 1
        ]
        if not scores:
            warnings.warn(
                "R² is not defined, because no step is present, with a weight above 0, in two or "
                "more rows.",
                UndefinedMetricWarning,
                stacklevel=2,
            )
            return math.nan
        return float(np.mean(scores))

    def _check_combination(self) -> None:
        super()._check_combination()
        if self.quantiles is not None:
            check_quantiles(self.quantiles)
            if not (isinstance(self.loss, str) and self.loss in ("mean_squared_error", "mse")):
                raise ValueError(
                    f"loss={self.loss!r} does not go with quantiles={self.quantiles!r}, which are "
                    "trained by the pinball loss. Set quantiles=None, or leave loss at its default."
                )
        if self.linear_skip and self.architecture != "sequence_to_vector":
            raise ValueError(
                f'linear_skip=True does not go with architecture="{self.architecture}": it adds a '
                "linear map from one window to one vector. Set "
                'architecture="sequence_to_vector" or linear_skip=False.'
            )
        if self.linear_skip and self.embedding_dim is not None:
            raise ValueError(
                f"linear_skip=True does not go with embedding_dim={self.embedding_dim}: a linear "
                "map would read numbers of symbols as sizes. Set only one of them."
            )

    def _find_target_features(
        self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None
    ) -> list[tuple[int, float, float]]:
        return find_target_features(self, X, y, weight)

    def _has_fixed_length(self) -> bool:
        return self.linear_skip

    def _describe_head(self) -> dict[str, Any]:
        quantiles = None if self.quantiles is None else tuple(map(float, self.quantiles))
        return {
            "n_outputs": self.n_outputs_ * len(quantiles or (0.5,)),
            "quantiles": quantiles,
            "linear_skip": self.linear_skip,
        }

    def _validate_y(self, y: Any, X: np.ndarray, *, reset: bool) -> np.ndarray:
        sequences = self.architecture in SEQUENCE_ARCHITECTURES
        y = validate_targets(self, y, sequences=sequences)
        target_ndim = y.ndim
        if y.ndim == 1 + sequences:
            y = y[..., np.newaxis]
        n_outputs = y.shape[-1]
        if reset:
            self._target_ndim = target_ndim
            self.n_outputs_ = n_outputs
            self._n_quantiles = 1 if self.quantiles is None else len(self.quantiles)
        elif n_outputs != self.n_outputs_:
            raise ValueError(
                f"y of shape {y.shape} has {n_outputs} output(s), but {type(self).__name__} "
                f"expects {self.n_outputs_}, as in the rows that it is trained on."
            )
        check_target_steps(self, X, y, reset=reset)
        return y

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, *, resume: bool) -> None:
        if resume:
            return
        n_outputs = y.shape[-1]
        self._y_mean = np.zeros(n_outputs)
        self._y_scale = np.ones(n_outputs)
        if not self.normalize_y:
            return
        if weight is not None:
            # A weight of a row is the weight of each of its steps.
            weight = np.broadcast_to(weight.reshape(len(y), -1), (len(y), y[0].size // n_outputs))
            weight = weight.ravel()
        y = y.reshape(-1, n_outputs)
        with np.errstate(over="ignore", invalid="ignore"):
            self._y_mean = np.average(y, axis=0, weights=weight)
            spread = np.sqrt(np.average((y - self._y_mean) ** 2, axis=0, weights=weight))
        _check_spread(y, spread)
        # A constant is not scaled. Rounding errors of its mean make its spread more than 0.
        is_constant = spread <= 10 * np.finfo(np.float64).eps * np.abs(self._y_mean)
        self._y_scale = np.where(is_constant, 1.0, spread)

    def _standardize(self, y: np.ndarray) -> np.ndarray:
        return (y - self._y_mean) / self._y_scale

    def _encode(self, y: np.ndarray) -> np.ndarray:
        # Other losses compare outputs in the units of y.
        encoded = self._standardize(y) if is_standardized(self._get_loss()) else y
        if np.abs(encoded).max() > np.finfo(np.float32).max:
            raise ValueError(
                f"y reaches {np.abs(y).max():.3g}, too large for float32, the precision of "
                "networks. Divide y by a constant first."
            )
        return encoded

    def _get_loss(self) -> Any:
        if self.quantiles is None:
            return self.loss
        return PinballLoss(tuple(map(float, self.quantiles)))

    def _output_scale(self) -> tuple[np.ndarray, np.ndarray]:
        # Files of skrnn 0.1 have no quantiles.
        n_quantiles = getattr(self, "_n_quantiles", 1)
        return np.repeat(self._y_scale, n_quantiles), np.repeat(self._y_mean, n_quantiles)


def _check_spread(y: np.ndarray, spread: Any) -> None:
    """Refuse targets whose squares overflow."""
    if not np.isfinite(spread).all():
        raise ValueError(
            f"y reaches {np.abs(y).max():.3g}, and its standard deviation overflows float64. "
            "Divide y by a constant first."
        )
