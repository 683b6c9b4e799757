"""What classifiers add: targets that are labels, probabilities, weights of classes, their score."""

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

from skrnn._utils.estimator_arguments import explain_parameters
from skrnn._utils.validation import check_finite, name_some
from skrnn.estimators._base import SEQUENCE_ARCHITECTURES, BaseRecurrentEstimator
from skrnn.estimators._input_checks import check_presence
from skrnn.estimators._target_checks import (
    check_largest_weight,
    validate_labels,
    validate_score_weights,
)
from skrnn.estimators._target_errors import refuse_continuous_labels


class BaseRecurrentClassifier(ClassifierMixin, BaseRecurrentEstimator):
    """A recurrent network whose outputs are the probabilities of classes."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseRecurrentEstimator._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    class_weight: dict[Any, float] | str | None
    classes_: np.ndarray
    # None: all classes weigh 1.
    _weight_of_classes: np.ndarray | None

    @explain_parameters
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one pass over the given rows, from where the last call stopped.

        Nothing is held out, whatever `early_stopping` says.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            Labels, as in `fit`.

        classes : array-like of shape (n_classes,), default=None
            All labels that there will ever be. Needed in the first call, and only there.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the loss. None: all weigh 1.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`; if the rows do not have the shape of those before; if a label is not among
            the `classes` of the first call, or they are missing there; with
            `class_weight="balanced"`, since not all rows are known.
        """
        # scikit-learn's decorator would do so in the first call only.
        self._validate_params()
        if self.class_weight == "balanced":
            raise ValueError(
                'class_weight="balanced" needs all rows, but partial_fit knows only some. Compute '
                'weights with sklearn.utils.class_weight.compute_class_weight("balanced", ...) '
                "and give them as a dict."
            )
        if classes is None and not hasattr(self, "classes_"):
            raise ValueError(
                "classes must be given in the first call of partial_fit: all labels that y will "
                "ever hold."
            )
        return self._train_once(X, y, sample_weight, classes=classes)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, with as many dimensions and features as in `fit`. 3-D windows may have
            another number of steps. With `architecture="vector_to_sequence"` X has the shape
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
            If X holds infinity or text, a step of it is NaN in some features but not in all, or
            it is not shaped as in `fit`.
        """
        check_is_fitted(self)
        outputs = self._snapshot()._predict_outputs(X).astype(np.float64)
        # In float32 they sum to 1 but for a rounding that some scorers warn of.
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
        """Return the accuracy: the share of labels that are predicted.

        In a sequence each step counts; those of a `sequence_to_sequence` that are absent from X
        are left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, as in `predict_proba`.

        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. None: all weigh 1.

        Returns
        -------
        score : float
            Between 0 and 1; NaN, with a warning, if no step is there to be scored.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not what `predict` takes, or `y` does not fit what is predicted.

        Warns
        -----
        UndefinedMetricWarning
            If no step is there to be scored.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        predicted = fitted.predict(X)
        sequences = fitted._network["architecture"] in SEQUENCE_ARCHITECTURES
        y = validate_labels(self, y, sequences=sequences)
        if not sequences:
            if sample_weight is not None:
                sample_weight = validate_score_weights(sample_weight, predicted)
            return accuracy_score(_plain_labels(y, "y"), predicted, sample_weight=sample_weight)
        weight = fitted._weigh_scored_steps(X, y, predicted, sample_weight)
        if not weight.any():
            warnings.warn(
                "Accuracy is not defined: no step is there.", UndefinedMetricWarning, stacklevel=2
            )
            return math.nan
        return float(np.average(y == predicted, weights=weight))

    def _train_in_place(
        self, X: Any, y: Any, sample_weight: Any, *, go_on: bool, classes: Any = None, **how: Any
    ) -> None:
        if not go_on:
            # Those of an earlier fit: `y` says which there are.
            self.__dict__.pop("classes_", None)
        if classes is not None:
            _check_partial_fit_first_call(self, _plain_labels(column_or_1d(classes), "classes"))
            self._check_classes()
        super()._train_in_place(X, y, sample_weight, go_on=go_on, **how)

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, *, validation: Any, go_on: bool, **how: Any
    ) -> tuple[dict[str, Any], list[Any], list[Any] | None]:
        network, rows, held_out = super()._prepare(
            X, y, sample_weight, validation=validation, go_on=go_on, **how
        )
        # Training that goes on may have seen a class in earlier rows.
        if held_out is not None and not go_on:
            self._check_held_out_classes(rows, held_out, are_given=validation[0] is not None)
        return network, rows, held_out

    def _check_held_out_classes(
        self, rows: list[Any], held_out: list[Any], *, are_given: bool
    ) -> None:
        """Refuse held-out rows with a class that none of the rows trained on has.

        Classes, rows and steps of weight 0 do not count.
        """
        trained, seen = (
            _numbers_that_weigh(y, self._weigh(y, weight)) for _, y, weight in (rows, held_out)
        )
        numbers = np.setdiff1d(seen, trained)
        if not len(numbers):
            return
        unknown = name_some(self.classes_[numbers].tolist())
        if are_given:
            raise ValueError(
                f"y_val holds the class(es) {unknown}, which no row that is trained on has: the "
                "network could not learn them. Train on rows of each class, or leave these out of "
                "X_val and y_val."
            )
        n_held_out = len(held_out[0])
        raise ValueError(
            f"validation_split={self.validation_split} holds out the last {n_held_out} of "
            f"{n_held_out + len(rows[0])} rows, and only they have the class(es) {unknown}: the "
            "network could not learn them. If the rows are no series, shuffle them "
            "(sklearn.utils.shuffle). Otherwise hold out fewer (a smaller validation_split), name "
            "the rows (X_val, y_val), or set early_stopping=False."
        )

    def _describe_head(self) -> dict[str, Any]:
        return {"n_outputs": len(self.classes_), "output_activation": "softmax"}

    def _validate_y(self, y: Any, X: np.ndarray, *, reset: bool) -> np.ndarray:
        y = validate_labels(self, y, sequences=self.architecture in SEQUENCE_ARCHITECTURES)
        self._check_rows(X, y, reset=reset)
        counts = np.ones(y.shape, dtype=bool)
        if self.architecture == "sequence_to_sequence":
            check_presence(X, "given")
            # What stands in y where a step is absent need not even be a label.
            counts = ~np.isnan(X[..., 0])
        numbers = np.zeros((*y.shape, 1), dtype=np.intp)
        numbers[counts, 0] = self._number(y[counts])
        return numbers

    def _number(self, labels: np.ndarray) -> np.ndarray:
        """Return the places of labels in `classes_`, which they make if there are none yet."""
        labels = _plain_labels(labels, "y")
        refuse_continuous_labels(labels, type(self).__name__)
        check_classification_targets(labels)
        found, numbers = np.unique(labels, return_inverse=True)
        if not hasattr(self, "classes_"):
            self.classes_ = found
            self._check_classes()
            return numbers
        places = {label: place for place, label in enumerate(self.classes_.tolist())}
        unseen = [label for label in found.tolist() if label not in places]
        if unseen:
            error = ValueError(
                f"y holds the label(s) {name_some(unseen)}, which are not among the classes "
                f"{name_some(self.classes_.tolist())}. They must be in the first `y`, or in the "
                "`classes` of the first call of partial_fit."
            )
            # For rows that are held out, which are in no first call.
            error.unknown_labels = unseen  # type: ignore[attr-defined]
            raise error
        return np.array([places[label] for label in found.tolist()])[numbers]

    def _validate_held_out(self, X_val: Any, y_val: Any) -> list[Any] | None:
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
        """Refuse to tell one class from none."""
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds one class, {self.classes_.tolist()}, but a classifier tells at least two "
                "from each other. Give rows of more classes."
            )

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, *, go_on: bool) -> None:
        self._weight_of_classes = None
        if self.class_weight == "balanced":
            self._weight_of_classes = self._balance(y, weight)
        elif isinstance(self.class_weight, dict):
            self._weight_of_classes = self._look_up(self.class_weight)

    def _balance(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return weights of the classes with which all weigh the same in sum.

        The rule of scikit-learn (King & Zeng 2001): n_samples / (n_classes * count).
        """
        n_classes = len(self.classes_)
        if weight is not None:
            weight = np.broadcast_to(weight.reshape(len(y), -1), (len(y), y[0].size)).ravel()
        counts = np.bincount(y.ravel(), weight, minlength=n_classes)
        # Training that goes on may lack a class.
        return counts.sum() / (n_classes * np.where(counts, counts, counts.sum() / n_classes))

    def _look_up(self, given: dict[Any, float]) -> np.ndarray:
        """Return the weights of the classes, of which those that are not given are 1."""
        labels = self.classes_.tolist()
        unknown = [label for label in given if label not in labels]
        # A fold may lack some, so that labels too many are no mistake if none is missing.
        if unknown and any(label not in given for label in labels):
            raise ValueError(
                f"class_weight has weights for {name_some(unknown)}, but the labels are "
                f"{name_some(labels)}. Name them as they are in y."
            )
        if not all(isinstance(weight, Real) for weight in given.values()):
            raise ValueError(f"class_weight={given} must have a number for each label.")
        weights = np.array([given.get(label, 1.0) for label in labels], np.float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            raise ValueError(
                f"class_weight={given} must have finite weights of at least 0, and not only zeros."
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
        if self._takes_numbers():
            return y
        return np.eye(len(self.classes_), dtype=np.float32)[y[..., 0]]

    def _takes_numbers(self) -> bool:
        """Tell whether the loss compares the numbers of the classes, and not rows of 0 and 1."""
        loss = self.loss
        name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
        return name.lower().startswith("sparse")


def _numbers_that_weigh(y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the numbers of the classes that some row or step of a weight above 0 has."""
    numbers = y[..., 0]
    if weight is None:
        return np.unique(numbers)
    weight = weight.reshape(weight.shape + (1,) * (numbers.ndim - weight.ndim))
    return np.unique(numbers[np.broadcast_to(weight > 0, numbers.shape)])


def _plain_labels(labels: np.ndarray, name: str) -> np.ndarray:
    """Return labels that can be put in order, as numbers if they are."""
    n_missing = np.count_nonzero(pd.isna(labels))
    if n_missing:
        raise ValueError(
            f"{name} has {n_missing} label(s) that are missing (NaN or None); drop the rows whose "
            "label is not known."
        )
    if labels.dtype == object:
        kinds = {type(label) for label in labels}
        if any(hasattr(kind, "__iter__") and not issubclass(kind, str | bytes) for kind in kinds):
            raise ValueError(
                f"{name} holds labels of type {', '.join(sorted(k.__name__ for k in kinds))}. Make "
                "all of them strings, or all of them numbers."
            )
        if not any(issubclass(kind, str) for kind in kinds):
            # Numbers and booleans, as pandas may hold them.
            labels = np.array(labels.tolist())
    if labels.dtype.kind == "f":
        check_finite(labels, name, "drop the rows whose label is not known")
    try:
        np.unique(labels)
    except TypeError as error:
        raise ValueError(
            f"{name} holds labels of several types, which cannot be put in order. Make all of them "
            "strings, or all of them numbers."
        ) from error
    return labels
