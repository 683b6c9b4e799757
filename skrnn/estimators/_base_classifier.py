"""Base class of the classifiers: labels, probabilities, weights of classes, accuracy."""

from __future__ import annotations

import math
import warnings
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skrnn._utils.validation import check_finite, name_some
from skrnn.estimators._base import BaseRecurrentEstimator
from skrnn.estimators._fit_keywords import explain_unknown_keywords
from skrnn.estimators._input_checks import refuse_only_missing_steps
from skrnn.estimators._score_weights import weigh_scored_steps
from skrnn.estimators._target_checks import (
    SEQUENCE_ARCHITECTURES,
    check_largest_weight,
    check_target_steps,
    refuse_continuous_labels,
    validate_labels,
    validate_score_weights,
)
from skrnn.estimators._training_rows import TrainingRows
from skrnn.exceptions import HeldOutRowsWarning

# Fewer held-out rows may have the same class by chance.
_N_ROWS_OF_ONE_CLASS = 10


class BaseRecurrentClassifier(ClassifierMixin, BaseRecurrentEstimator):
    """A recurrent network whose outputs are the probabilities of classes."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentEstimator._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    class_weight: dict[Any, float] | str | None
    classes_: np.ndarray
    # None: all weights are 1.
    _weight_of_classes: np.ndarray | None

    @explain_unknown_keywords
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Continue training for one epoch on the given rows.

        No rows are held out, even with `early_stopping=True`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            Labels, as in `fit`.

        classes : array-like of shape (n_classes,), default=None
            All labels of all calls. Required in the first call, optional in later calls.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the loss. None: all weights are 1.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`; if the rows differ in shape from the rows of earlier calls; if the first
            call lacks `classes`; if a label is not one of these `classes`; if
            `class_weight="balanced"`, because it needs all rows.
        """
        # scikit-learn's decorator validates parameters in the first call only.
        self._validate_params()
        if self.class_weight == "balanced":
            raise ValueError(
                'class_weight="balanced" needs all rows, but partial_fit gets only some. Compute '
                'weights with sklearn.utils.class_weight.compute_class_weight("balanced", ...) '
                "and give them as a dict."
            )
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError(
                "classes must be given in the first call of partial_fit: all labels of all calls."
            )
        return self._fit_one_epoch(X, y, sample_weight, classes=classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, with as many dimensions and features as in `fit`. 3-D windows may have
            another number of steps. With `architecture="vector_to_sequence"`, X has the shape
            (n_samples, n_features).

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes) or (n_samples, n_steps, n_classes)
            Probabilities as float64, in the order of `classes_`. They sum to 1.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X holds infinity or text, if a step of X is NaN in some features but not in all, or
            if X is not shaped as in `fit`.
        """
        check_is_fitted(self)
        outputs = self._snapshot()._predict_outputs(X).astype(np.float64)
        # Sums of float32 differ from 1 by a rounding error, and some scorers warn of it.
        return outputs / outputs.sum(axis=-1, keepdims=True)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict_proba`.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes) or (n_samples, n_steps, n_classes)
            Logarithms as float64, in the order of `classes_`; minus infinity where a probability
            is 0.

        Raises
        ------
        NotFittedError, ValueError
            As in `predict_proba`.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict_proba`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_steps)
            Labels of `classes_`.

        Raises
        ------
        NotFittedError, ValueError
            As in `predict_proba`.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        return fitted.classes_[fitted._predict_outputs(X).argmax(axis=-1)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of labels that are predicted correctly.

        In a sequence each step counts. Missing steps of a `sequence_to_sequence` are left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict_proba`.

        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. None: all weights are 1.

        Returns
        -------
        score : float
            Between 0 and 1; NaN, with a warning, if all steps are missing or have weight 0.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `predict` refuses X, or `y` does not fit the predictions.

        Warns
        -----
        UndefinedMetricWarning
            If all steps are missing or have weight 0.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        predicted = fitted.predict(X)
        sequences = fitted._network["architecture"] in SEQUENCE_ARCHITECTURES
        y = validate_labels(self, y, sequences=sequences)
        if not sequences:
            if sample_weight is not None:
                sample_weight = validate_score_weights(sample_weight, predicted)
            return accuracy_score(_make_sortable(y, "y"), predicted, sample_weight=sample_weight)
        weight = weigh_scored_steps(fitted, X, y, predicted, sample_weight)
        if not weight.any():
            warnings.warn(
                "Accuracy is not defined, because all steps are missing from X or have weight 0.",
                UndefinedMetricWarning,
                stacklevel=2,
            )
            return math.nan
        return float(np.average(y == predicted, weights=weight))

    def _fit_in_place(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        resume: bool,
        classes: Any = None,
        **options: Any,
    ) -> None:
        if not resume:
            # Classes of an earlier fit; `y` sets new ones.
            self.__dict__.pop("classes_", None)
        if classes is not None:
            _check_partial_fit_first_call(self, _make_sortable(column_or_1d(classes), "classes"))
            self._check_classes()
        super()._fit_in_place(X, y, sample_weight, resume=resume, **options)

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, *, validation: Any, resume: bool, **options: Any
    ) -> tuple[dict[str, Any], TrainingRows, TrainingRows | None]:
        network, rows, held_out = super()._prepare(
            X, y, sample_weight, validation=validation, resume=resume, **options
        )
        # Earlier training may have seen the class.
        if held_out is not None and not resume:
            self._check_held_out_classes(rows, held_out, are_given=validation[0] is not None)
        return network, rows, held_out

    def _check_held_out_classes(
        self, rows: TrainingRows, held_out: TrainingRows, *, are_given: bool
    ) -> None:
        """Refuse a class that held-out rows have, and the rows to train on do not have.

        Classes, rows and steps of weight 0 do not count.
        """
        trained, seen = (
            _find_class_numbers(y, self._weigh(y, weight)) for _, y, weight in (rows, held_out)
        )
        numbers = np.setdiff1d(seen, trained)
        if not len(numbers):
            if not are_given and len(seen) == 1 and len(held_out[0]) >= _N_ROWS_OF_ONE_CLASS:
                self._warn_of_single_class(int(seen[0]), len(rows[0]), len(held_out[0]))
            return
        unknown = name_some(self.classes_[numbers].tolist())
        if are_given:
            raise ValueError(
                f"y_val holds the class(es) {unknown}, which no row to train on has: the network "
                "could not learn them. Train on rows of each class, or leave these rows out of "
                "X_val and y_val."
            )
        n_held_out = len(held_out[0])
        raise ValueError(
            f"validation_split={self.validation_split} holds out the last {n_held_out} of "
            f"{n_held_out + len(rows[0])} rows, and only they have the class(es) {unknown}: the "
            "network could not learn them. Shuffle the rows (sklearn.utils.shuffle) if they are "
            "not a series. Otherwise hold out fewer rows (a smaller validation_split), give other "
            "rows (X_val, y_val), or set early_stopping=False."
        )

    def _warn_of_single_class(self, number: int, n_trained: int, n_held_out: int) -> None:
        (name,) = self.classes_[[number]].tolist()
        warnings.warn(
            f"validation_split={self.validation_split} holds out the last {n_held_out} of "
            f"{n_trained + n_held_out} rows, and all of them have the class {name!r}. So early "
            "stopping judges this class only. Shuffle the rows (sklearn.utils.shuffle) if they are "
            "not a series, or give other rows (X_val, y_val).",
            HeldOutRowsWarning,
            stacklevel=2,
        )

    def _describe_head(self) -> dict[str, Any]:
        return {"n_outputs": len(self.classes_), "output_activation": "softmax"}

    def _validate_y(self, y: Any, X: np.ndarray, *, reset: bool) -> np.ndarray:
        y = validate_labels(self, y, sequences=self.architecture in SEQUENCE_ARCHITECTURES)
        check_target_steps(self, X, y, reset=reset)
        counts = np.ones(y.shape, dtype=bool)
        if self.architecture == "sequence_to_sequence":
            refuse_only_missing_steps(X, "given")
            # At a missing step, y may hold any value, even one that is no label.
            counts = ~np.isnan(X[..., 0])
        numbers = np.zeros((*y.shape, 1), dtype=np.intp)
        numbers[counts, 0] = self._encode_labels(y[counts])
        return numbers

    def _encode_labels(self, labels: np.ndarray) -> np.ndarray:
        """Return the positions of labels in `classes_`, which is set if it does not exist yet."""
        labels = _make_sortable(labels, "y")
        refuse_continuous_labels(labels, type(self).__name__)
        check_classification_targets(labels)
        found, numbers = np.unique(labels, return_inverse=True)
        if not hasattr(self, "classes_"):
            self.classes_ = found
            self._check_classes()
            return numbers
        places = {label: place for place, label in enumerate(self.classes_.tolist())}
        unknown = [label for label in found.tolist() if label not in places]
        if unknown:
            error = ValueError(
                f"y holds the label(s) {name_some(unknown)}, which are not among the classes "
                f"{name_some(self.classes_.tolist())}. All labels must be in the first `y`, or in "
                "the `classes` of the first call of partial_fit."
            )
            # `_validate_held_out` writes another message for y_val.
            error.unknown_labels = unknown  # type: ignore[attr-defined]
            raise error
        return np.array([places[label] for label in found.tolist()])[numbers]

    def _validate_held_out(self, X_val: Any, y_val: Any) -> TrainingRows | None:
        try:
            return super()._validate_held_out(X_val, y_val)
        except ValueError as error:
            unknown = getattr(error.__cause__, "unknown_labels", None)
            if unknown is None:
                raise
            raise ValueError(
                f"y_val holds the label(s) {name_some(unknown)}, which are not among the classes "
                f"of y, {name_some(self.classes_.tolist())}. Train on rows of each class, or leave "
                "these rows out of X_val and y_val."
            ) from None

    def _check_classes(self) -> None:
        """Refuse a single class."""
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds one class, {self.classes_.tolist()}, but a classifier needs at least "
                "two. Give rows of more classes."
            )

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, *, resume: bool) -> None:
        self._weight_of_classes = None
        if self.class_weight == "balanced":
            self._weight_of_classes = self._balance_classes(y, weight)
        elif isinstance(self.class_weight, dict):
            self._weight_of_classes = self._read_class_weight(self.class_weight)

    def _balance_classes(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return class weights that give each class the same sum of weights.

        They follow scikit-learn (King & Zeng 2001): n_samples / (n_classes * count).
        """
        n_classes = len(self.classes_)
        if weight is not None:
            weight = np.broadcast_to(weight.reshape(len(y), -1), (len(y), y[0].size)).ravel()
        counts = np.bincount(y.ravel(), weight, minlength=n_classes)
        # With warm_start, these rows may lack a class.
        return counts.sum() / (n_classes * np.where(counts, counts, counts.sum() / n_classes))

    def _read_class_weight(self, given: dict[Any, float]) -> np.ndarray:
        """Return the weights of the classes, 1 for a class without a given weight."""
        labels = self.classes_.tolist()
        unknown = [label for label in given if label not in labels]
        # A fold may lack classes, so additional labels are fine if no class lacks a weight.
        if unknown and any(label not in given for label in labels):
            raise ValueError(
                f"class_weight has weights for {name_some(unknown)}, but the labels of y are "
                f"{name_some(labels)}. Write labels as in y."
            )
        if not all(isinstance(weight, Real) for weight in given.values()):
            raise ValueError(f"class_weight={given} must have a number for each label.")
        weights = np.array([given.get(label, 1.0) for label in labels], np.float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            raise ValueError(
                f"class_weight={given} must have finite weights of at least 0, not all of them 0."
            )
        check_largest_weight(weights, "class_weight")
        return weights

    def _weigh(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        if self._weight_of_classes is None:
            return weight
        of_labels = self._weight_of_classes[y[..., 0]]
        if weight is None:
            return of_labels
        return of_labels * weight.reshape(weight.shape + (1,) * (of_labels.ndim - weight.ndim))

    def _encode(self, y: np.ndarray) -> np.ndarray:
        if self._loss_is_sparse():
            return y
        return np.eye(len(self.classes_), dtype=np.float32)[y[..., 0]]

    def _loss_is_sparse(self) -> bool:
        """Return whether the loss takes the numbers of the classes instead of one-hot rows."""
        loss = self.loss
        name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
        return name.lower().startswith("sparse")


def _find_class_numbers(y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the numbers of the classes of all rows or steps with a weight above 0."""
    numbers = y[..., 0]
    if weight is None:
        return np.unique(numbers)
    weight = weight.reshape(weight.shape + (1,) * (numbers.ndim - weight.ndim))
    return np.unique(numbers[np.broadcast_to(weight > 0, numbers.shape)])


def _make_sortable(labels: np.ndarray, name: str) -> np.ndarray:
    """Return labels that can be sorted, numbers among objects as an array of numbers."""
    n_missing = np.count_nonzero(pd.isna(labels))
    if n_missing:
        raise ValueError(
            f"{name} has {n_missing} label(s) that are missing (NaN or None); drop the rows whose "
            "label is unknown."
        )
    if labels.dtype == object:
        kinds = {type(label) for label in labels}
        if any(hasattr(kind, "__iter__") and not issubclass(kind, str | bytes) for kind in kinds):
            raise ValueError(
                f"{name} holds labels of type {', '.join(sorted(k.__name__ for k in kinds))}. Turn "
                "all of them into strings, or all into numbers."
            )
        if not any(issubclass(kind, str) for kind in kinds):
            # pandas may hold numbers and booleans as objects.
            labels = np.array(labels.tolist())
    if labels.dtype.kind == "f":
        check_finite(labels, name, "drop the rows whose label is unknown")
    try:
        np.unique(labels)
    except TypeError as error:
        raise ValueError(
            f"{name} holds labels of several types, which cannot be sorted. Turn all of them into "
            "strings, or all into numbers."
        ) from error
    return labels
