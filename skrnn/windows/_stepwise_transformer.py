"""Stepwise transformer: a transformer of tables, applied to the steps of sequences."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.utils import Tags, check_array, get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.sklearn_callbacks import CallbackSupportMixin, begin_tasks
from skrnn._utils.validation import (
    check_container,
    read_as_numbers,
    refuse_column,
    refuse_dates,
    refuse_rows,
    refuse_unstacked,
    sum_of,
    validate_shape,
)
from skrnn.windows._sequences import as_floats

_SHAPES = "sequences of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)"
# Transformers that read neighboring steps rarely read more of them than this.
_N_COMPARED = 50


def find_present_steps(X: np.ndarray) -> np.ndarray:
    """Return which steps of sequences are not NaN in all features.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features)

    Returns
    -------
    is_present : bool ndarray of shape (n_samples, n_timesteps)
    """
    is_present: np.ndarray = ~np.isnan(X).all(axis=2)
    return is_present


def transform_steps(X: np.ndarray, transformer: Any, method: str, n_features: int) -> np.ndarray:
    """Return sequences whose present steps were changed by a method of a transformer.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features_in)
        Sequences, NaN at missing steps.

    transformer : estimator
        Fitted transformer of tables.

    method : str
        "transform" or "inverse_transform".

    n_features : int
        Number of features that the method returns.

    Returns
    -------
    changed : ndarray of shape (n_samples, n_timesteps, n_features)
        Sequences, NaN at the same missing steps.
    """
    is_present = find_present_steps(X)
    # Transformers refuse tables without rows.
    if not is_present.any():
        return np.full((*is_present.shape, n_features), np.nan, X.dtype)
    steps = apply_method(transformer, method, X[is_present])
    changed = np.full((*is_present.shape, steps.shape[1]), np.nan, steps.dtype)
    changed[is_present] = steps
    return changed


def apply_method(transformer: Any, method: str, steps: np.ndarray) -> np.ndarray:
    """Return the output of a transformer's method for a table of steps, as floats."""
    with explain_errors(transformer, steps):
        output = getattr(transformer, method)(steps)
    if hasattr(output, "toarray"):
        # Sequences have three axes, and sparse matrices have two.
        output = output.toarray()
    array = np.asarray(output)
    name = f"{type(transformer).__name__}.{method}"
    if array.ndim != 2 or len(array) != len(steps):
        raise ValueError(
            f"{name} returned an array of shape {array.shape} for {len(steps)} step(s), but "
            "StepwiseTransformer puts each step back into its place. Use a transformer that "
            "returns one row for each row of a table."
        )
    floats = as_floats(array)
    if floats is None:
        raise ValueError(
            f"{name} returned values of type {array.dtype}, but sequences hold numbers. Use a "
            "transformer that returns numbers."
        )
    return floats


@contextmanager
def explain_errors(transformer: Any, steps: np.ndarray) -> Iterator[None]:
    """Explain errors of a transformer that needs y, or refuses NaN in some features."""
    name = type(transformer).__name__
    try:
        yield
    except (TypeError, ValueError) as error:
        # The message of scikit-learn, or of Python about a missing argument y.
        if re.search(r"requires y\b|argument: 'y'", str(error)):
            raise ValueError(
                f"{name} needs y, but StepwiseTransformer passes no y on, because y has one value "
                "for each sequence and not for each step. Use a transformer that learns from X "
                "alone."
            ) from error
        n_incomplete = np.count_nonzero(np.isnan(steps).any(axis=1))
        if not n_incomplete or "NaN" not in str(error):
            raise
        raise ValueError(
            f"X has {n_incomplete} step(s) with NaN in some features, but not in all, and {name} "
            "refuses NaN. Only steps that are NaN in all features are left out. Fill the others "
            "first: StepwiseTransformer(make_pipeline(SimpleImputer(), transformer))."
        ) from error


def check_each_step_alone(transformer: Any, steps: np.ndarray) -> int:
    """Refuse a transformer that reads other steps, and return its number of output features.

    The last of the given steps is transformed alone and behind the others.
    """
    # Copies, because transformers with copy=False write into the table.
    together = apply_method(transformer, "transform", steps.copy())
    alone = apply_method(transformer, "transform", steps[-1:].copy())
    largest = np.abs(together[np.isfinite(together)]).max(initial=0.0)
    # Products of matrices of other sizes round differently.
    if alone.shape != together[-1:].shape or not np.allclose(
        alone, together[-1:], rtol=1e-3, atol=1e-3 * largest, equal_nan=True
    ):
        again = apply_method(transformer, "transform", steps[-1:].copy())
        # A random output differs each time. It is not refused.
        if np.array_equal(alone, again, equal_nan=True):
            raise ValueError(
                f"{type(transformer).__name__}.transform returns different values for a step alone "
                "and for the same step after other steps, so it reads other steps, as a difference "
                "or a window does. StepwiseTransformer gives it the steps of all sequences in one "
                "table, so steps of one sequence would be mixed with those of another. Use a "
                "transformer that changes each row by itself, or change the sequences before "
                "stack_sequences."
            )
    return int(together.shape[1])


def _can_invert(stepwise: StepwiseTransformer) -> bool:
    """Return True, or raise the error of a transformer without `inverse_transform`."""
    return callable(getattr(stepwise, "transformer_", stepwise.transformer).inverse_transform)


def _has_columns(stepwise: StepwiseTransformer) -> bool:
    """Return True for 2-D output, or raise an error: other sequences have no columns."""
    # Before `fit`, the shape is not known.
    if hasattr(stepwise, "transformer_") and not stepwise._returns_table:
        raise AttributeError(
            "get_feature_names_out is not available: StepwiseTransformer returns sequences of "
            "shape (n_samples, n_timesteps, n_features), which have no columns. It exists for 2-D "
            "X whose steps keep one feature."
        )
    return True


class StepwiseTransformer(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Apply a transformer of tables to the steps of sequences.

    The steps of all sequences become the rows of one table. Any transformer that changes each row
    by itself can be used: StandardScaler, PowerTransformer, PCA, a ColumnTransformer by position.
    Missing steps, which are NaN in all features, are left out of the table and stay NaN.

    Parameters
    ----------
    transformer : estimator
        Transformer of tables of shape (n_steps, n_features). It is cloned, and fitted without `y`.
        It may change the number of features, but not the number of rows. It may return a sparse
        matrix or a DataFrame; both become arrays.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer.
    n_features_in_ : int
        Number of columns of 2-D X, or of features of a step of 3-D X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of 2-D X, if all of them are strings.

    See Also
    --------
    stack_sequences : Puts sequences of unequal length into one array.
    SlidingWindowTransformer : Makes windows of rows. Put a scaler before it, which reads each row
        once.
    sklearn.compose.ColumnTransformer : Applies transformers to some features. Name the features
        by position, since steps have no column names.

    Notes
    -----
    **Shapes.** 2-D `X` holds one feature, as for recurrent estimators. The output is 2-D if the
    transformer returns one feature, else 3-D. Without 3 axes, several features of a step would be
    read as several steps. 3-D `X` always stays 3-D.

    **NaN in some features.** These steps are passed on to the transformer. Scalers ignore NaN, and
    SimpleImputer fills it. Other transformers such as PCA refuse it. If the transformer returns NaN
    in all features of a step, that step is a missing step in the output.

    **Neighboring steps.** The table has no borders between sequences. So `fit` refuses
    transformers that read other rows, such as differences. It compares the output for one step
    alone with the output for the same step behind 49 others.

    **Memory.** `fit` and `transform` copy the present steps.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import StepwiseTransformer, stack_sequences
    >>> X = stack_sequences([[1.0, 2.0, 3.0], [6.0]])
    >>> scale = StepwiseTransformer(StandardScaler())
    >>> scale.fit_transform(X)[:, :, 0].round(2)
    array([[-1.07, -0.53,  0.  ],
           [ 1.6 ,   nan,   nan]])

    The mean and the standard deviation are those of the four steps:

    >>> scale.transformer_.mean_
    array([3.])
    """

    _parameter_constraints: ClassVar[dict] = {"transformer": [HasMethods(["fit", "transform"])]}

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    # The transformer is the user's, so its parameters need a check.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> StepwiseTransformer:
        """Fit a clone of the transformer to all present steps.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Sequences. A step that is NaN in all features is missing.
        y : object, default=None
            Ignored: y has one value for each sequence, not for each step.

        Returns
        -------
        self : StepwiseTransformer
            The fitted transformer. If `fit` raises an error, it is not changed.

        Raises
        ------
        ValueError
            If X has infinite values, values that are not numbers, another number of dimensions, or
            no present step. If the transformer needs y, refuses NaN in some features, changes the
            number of rows, reads other rows, or returns values that are not numbers.
        TypeError
            If X is a dict, or the transformer is a class.
        """
        tasks = begin_tasks(self, X, y)
        fitted = copy.copy(self)
        fitted._learn(X)
        if tasks is not None:
            tasks.end(fitted.__dict__)
        self.__dict__ = fitted.__dict__
        return self

    def transform(self, X: Any) -> Any:
        """Transform all present steps.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Sequences with as many dimensions and features as at `fit`. The number of steps of 3-D X
            may differ.

        Returns
        -------
        X_transformed : {ndarray, DataFrame} of shape (n_samples, n_timesteps), or \
                ndarray of shape (n_samples, n_timesteps, n_features_out)
            Sequences, NaN at missing steps. They are 2-D if X is 2-D and the transformer returns
            one feature.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If X has infinite values, values that are not numbers, or another number of dimensions
            or features than at `fit`. If the transformer refuses NaN in some features.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        changed = transform_steps(X, self.transformer_, "transform", self._n_features_out)
        return changed[..., 0] if self._returns_table else changed

    @available_if(_can_invert)
    def inverse_transform(self, X: Any) -> np.ndarray:
        """Undo `transform` at all present steps.

        This method exists if the transformer has an `inverse_transform`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features_out)
            Sequences as `transform` returns them. A step that is NaN in all features is missing.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_timesteps) or \
                (n_samples, n_timesteps, n_features)
            Sequences with as many dimensions as at `fit`, NaN at missing steps.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If X has infinite values, values that are not numbers, or another shape than the
            output of `transform`.
        """
        check_is_fitted(self)
        X = self._validate_transformed(X)
        is_table = self._windows_ndim == 2
        n_features = 1 if is_table else self.n_features_in_
        original = transform_steps(X, self.transformer_, "inverse_transform", n_features)
        return original[..., 0] if is_table else original

    @available_if(_has_columns)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns of 2-D output, which are those of X.

        This method does not exist for 3-D output.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns. They must equal the names seen during `fit`. By default the names
            seen during `fit`, or `x0`, `x1`, … if there were none.

        Returns
        -------
        names : ndarray of str
            Names of the columns.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `input_features` differ from the names seen during `fit`.
        AttributeError
            If the output is 3-D.
        """
        check_is_fitted(self)
        names: np.ndarray = _check_feature_names_in(self, input_features)
        return names

    def set_output(self, *, transform: str | None = None) -> StepwiseTransformer:
        """Set the container of 2-D output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Container of 2-D output; None changes nothing. 3-D output is always a NumPy array.

        Returns
        -------
        self : StepwiseTransformer
            The transformer.
        """
        # scikit-learn's own set_output does not exist for 3-D output, which has no feature names.
        # Other steps of a Pipeline may need pandas, and Pipeline.set_output calls every step.
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        if isinstance(self.transformer, TransformerMixin):
            inner = get_tags(self.transformer).transformer_tags
            tags.transformer_tags.preserves_dtype = inner.preserves_dtype
        return tags

    @property
    def _returns_table(self) -> bool:
        """True if the output is 2-D."""
        return self._windows_ndim == 2 and self._n_features_out == 1

    def _learn(self, X: Any) -> None:
        """Set the fitted attributes."""
        refuse_other_models(self.transformer, "transformer")
        X = self._validate(X, reset=True)
        steps = X[find_present_steps(X)]
        if not len(steps):
            raise ValueError(
                "X holds only NaN, so all its steps are missing, and the transformer has nothing "
                "to learn from. Give sequences with values."
            )
        self.transformer_ = clone(self.transformer)
        with explain_errors(self.transformer_, steps):
            self.transformer_.fit(steps)
        self._n_features_out = check_each_step_alone(self.transformer_, steps[:_N_COMPARED])

    def _validate(self, X: Any, *, reset: bool) -> np.ndarray:
        """Return X as floats of shape (n_samples, n_timesteps, n_features)."""
        name = type(self).__name__
        refuse_unstacked(X, "X", name)
        refuse_column(X, f"{name} expects {_SHAPES}", may_be_row=True)
        X = validate_shape(self, X, reset=reset, n_dimensions=(2, 3), expected=_SHAPES)
        return _refuse_infinity(X if X.ndim == 3 else X[..., np.newaxis])

    def _validate_transformed(self, X: Any) -> np.ndarray:
        """Return the output of `transform` as floats with three axes."""
        name = type(self).__name__
        refuse_unstacked(X, "X", name)
        check_container(X, "X")
        with read_as_numbers(X, "X", name):
            refuse_dates(X, "X")
            X = check_array(
                X,
                dtype=[np.float64, np.float32],
                ensure_2d=False,
                allow_nd=True,
                ensure_all_finite=False,
                estimator=self,
                input_name="X",
            )
        if self._returns_table and X.ndim == 2:
            X = X[..., np.newaxis]
        elif self._returns_table or X.ndim != 3 or X.shape[2] != self._n_features_out:
            n_features = "" if self._returns_table else f", {self._n_features_out}"
            raise ValueError(
                f"X has the shape {X.shape}, but transform of this {name} returns (n_samples, "
                f"n_timesteps{n_features}). Give inverse_transform an array of that shape."
            )
        return _refuse_infinity(X)


def _refuse_infinity(X: np.ndarray) -> np.ndarray:
    """Return sequences, or raise an error about infinite values."""
    if not np.isfinite(sum_of(X)):
        refuse_rows("X", X, np.isinf, "infinity", "replace these values or drop their rows")
    return X
