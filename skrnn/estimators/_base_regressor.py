"""What regressors add: targets that are numbers, standardized for training, and their score."""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from skrnn._network.losses import is_standardized
from skrnn._utils.estimator_arguments import explain_parameters
from skrnn.estimators._base import SEQUENCE_ARCHITECTURES, BaseRecurrentEstimator
from skrnn.estimators._target_checks import validate_score_weights, validate_targets


class BaseRecurrentRegressor(RegressorMixin, MultiOutputMixin, BaseRecurrentEstimator):
    """A recurrent network whose outputs are numbers, standardized for training."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentEstimator._parameter_constraints,
        "linear_skip": ["boolean"],
        "normalize_y": ["boolean"],
    }

    linear_skip: bool
    normalize_y: bool
    n_outputs_: int
    _target_ndim: int
    _y_mean: np.ndarray
    _y_scale: np.ndarray

    @explain_parameters
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one pass over the given rows, from where the last call stopped.

        Nothing is held out, whatever `early_stopping` says.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`. With `normalize_y`, those of the first call set the scale for all.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the loss. None: all weigh 1.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`, and if the rows do not have the shape of those before.
        """
        # scikit-learn's decorator would do so in the first call only.
        self._validate_params()
        return self._train_once(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets of windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, with as many dimensions and features as in `fit`. 3-D windows may have
            another number of steps, unless `linear_skip` is set. With
            `architecture="vector_to_sequence"` X has the shape (n_samples, n_features).

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_outputs), (n_samples, n_steps) or \
                (n_samples, n_steps, n_outputs)
            Predictions as float64, in the units and the shape of the `y` given to `fit`. A row
            without any step gets what the biases say.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X holds infinity or text, a step of it is NaN in some features but not in all, or
            it is not shaped as in `fit`.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        outputs = fitted._predict_outputs(X).astype(np.float64)
        y = outputs * fitted._y_scale + fitted._y_mean
        return y if y.ndim == fitted._target_ndim else y[..., 0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², the coefficient of determination, of the predictions.

        Each output at each step is scored over the rows, and each counts equally. In a
        `sequence_to_sequence`, steps that are absent from X are left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict`.

        y : array-like of shape (n_samples,), (n_samples, n_outputs), (n_samples, n_steps) or \
                (n_samples, n_steps, n_outputs)
            True targets, shaped as in `fit`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. None: all weigh 1.

        Returns
        -------
        score : float
            1 at best; 0 is the mean of `y`. NaN, with a warning, if fewer than two rows are there
            to be scored.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not what `predict` takes, or `y` does not fit what is predicted, or is so large
            that its square overflows.

        Warns
        -----
        UndefinedMetricWarning
            If fewer than two rows are there to be scored.
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
        weight = fitted._weigh_scored_steps(X, y, predicted, sample_weight)
        # R² needs two rows: a step that fewer have says nothing.
        of_steps = [
            r2_score(y[rows, step], predicted[rows, step], sample_weight=weight[rows, step])
            for step, rows in enumerate((weight > 0).T)
            if np.count_nonzero(rows) > 1
        ]
        if not of_steps:
            warnings.warn(
                "R² is not defined: no step is there in two rows or more.",
                UndefinedMetricWarning,
                stacklevel=2,
            )
            return math.nan
        return float(np.mean(of_steps))

    def _check_combination(self) -> None:
        super()._check_combination()
        if self.linear_skip and self.architecture != "sequence_to_vector":
            raise ValueError(
                f'linear_skip=True does not go with architecture="{self.architecture}": it adds a '
                'linear map of one window to one vector. Use architecture="sequence_to_vector", '
                "or set linear_skip=False."
            )
        if self.linear_skip and self.embedding_dim is not None:
            raise ValueError(
                f"linear_skip=True does not go with embedding_dim={self.embedding_dim}: numbers of "
                "symbols have no size that a linear map could use. Set one of them only."
            )

    def _has_fixed_length(self) -> bool:
        return self.linear_skip

    def _describe_head(self) -> dict[str, Any]:
        return {"n_outputs": self.n_outputs_, "linear_skip": self.linear_skip}

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
        elif n_outputs != self.n_outputs_:
            raise ValueError(
                f"y of shape {y.shape} has {n_outputs} output(s), but {type(self).__name__} "
                f"expects {self.n_outputs_}, as in the rows that it is trained on."
            )
        self._check_rows(X, y, reset=reset)
        return y

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, *, go_on: bool) -> None:
        if go_on:
            return
        n_outputs = y.shape[-1]
        self._y_mean = np.zeros(n_outputs)
        self._y_scale = np.ones(n_outputs)
        if not self.normalize_y:
            return
        if weight is not None:
            # Of rows or of their steps: each step of a row has that of the row.
            weight = np.broadcast_to(weight.reshape(len(y), -1), (len(y), y[0].size // n_outputs))
            weight = weight.ravel()
        y = y.reshape(-1, n_outputs)
        with np.errstate(over="ignore", invalid="ignore"):
            self._y_mean = np.average(y, axis=0, weights=weight)
            spread = np.sqrt(np.average((y - self._y_mean) ** 2, axis=0, weights=weight))
        _check_spread(y, spread)
        # A constant has nothing to scale; its mean may be off by a digit, and so its spread.
        is_constant = spread <= 10 * np.finfo(np.float64).eps * np.abs(self._y_mean)
        self._y_scale = np.where(is_constant, 1.0, spread)

    def _standardize(self, y: np.ndarray) -> np.ndarray:
        """Return targets in the scale of the outputs."""
        return (y - self._y_mean) / self._y_scale

    def _encode(self, y: np.ndarray) -> np.ndarray:
        # Other losses compare outputs that were put back into the units of y.
        encoded = self._standardize(y) if is_standardized(self.loss) else y
        if np.abs(encoded).max() > np.finfo(np.float32).max:
            raise ValueError(
                f"y reaches {np.abs(y).max():.3g}, which is too large for float32 in the scale "
                "that the network is trained on. Divide y by a constant first."
            )
        return encoded

    def _output_scale(self) -> tuple[np.ndarray, np.ndarray]:
        return self._y_scale, self._y_mean


def _check_spread(y: np.ndarray, spread: Any) -> None:
    """Refuse targets so large that their squares are infinite."""
    if not np.isfinite(spread).all():
        raise ValueError(
            f"y reaches {np.abs(y).max():.3g}: its spread cannot be computed in float64. Divide y "
            "by a constant first."
        )
