"""Steps of a pipeline: their names, outputs, windows and parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from skrnn.estimators._conformal_intervals import ConformalIntervals
from skrnn.windows._labels import group_keys
from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


class StepOutput(NamedTuple):
    """Output of one step: rows of a transformer, or the predictions of the last step.

    The name is None for an estimator that is no pipeline.
    """

    name: str | None
    output: Any


def find_steps(fitted: Any) -> list[tuple[str | None, Any]]:
    """Return the names and the transformers of a pipeline, and its last step.

    Steps that are "passthrough" are left out. An estimator that is no pipeline is the only step,
    and its name is None.
    """
    pipeline = find_pipeline(fitted)
    if not isinstance(pipeline, Pipeline):
        return [(None, pipeline)]
    kept = [(name, step) for name, step in pipeline.steps[:-1] if hasattr(step, "transform")]
    return [*kept, pipeline.steps[-1]]


def compute_step_outputs(fitted: Any, X: Any, *, axis: int = 0) -> list[StepOutput]:
    """Return the outputs of the transformers of a pipeline, and the predictions.

    If a transformer changes the length of `axis`, only the predictions are returned, since the
    rows, or steps, of its output cannot be matched with those of X.

    Raises
    ------
    ValueError
        If X cannot be predicted, or the predictions do not have the rows of X.
    """
    *outputs, predicted = iterate_step_outputs(fitted, X)
    length = np.shape(X)[axis]
    has_length = all(find_length(each.output, axis) == length for each in outputs)
    return [*(outputs if has_length else []), predicted]


def iterate_step_outputs(fitted: Any, X: Any) -> Iterator[StepOutput]:
    """Yield the output of each step of `find_steps`, one after the other.

    Raises
    ------
    ValueError
        If X cannot be predicted, or the predictions do not have the rows of X.
    """
    output = X
    *transformers, (last, _) = find_steps(fitted)
    for name, step in transformers:
        output = step.transform(copy_rows(output))
        yield StepOutput(name, output)
    predicted = _predict(fitted, copy_rows(X))
    if len(predicted) != len(X):
        raise ValueError(
            f"predict gives {len(predicted)} rows for the {len(X)} rows of X, so rows cannot be "
            "matched. Use steps that keep the rows, such as SlidingWindowTransformer; "
            "check_leakage also takes windows that are made in `prepare`."
        )
    yield StepOutput(last, predicted)


def check_table(X: Any, action: str) -> None:
    """Refuse X if it is no table of at least 10 rows. The message names the planned action."""
    if hasattr(X, "toarray") or not hasattr(X, "shape"):
        raise ValueError(
            f"X is a {type(X).__name__}, whose rows cannot be {action}. Give a dense array, a "
            "list, or a pandas or polars DataFrame."
        )
    if len(X) < 10:
        raise ValueError(
            f"X has {len(X)} rows, but at least 10 are expected: the first ones are fitted, and "
            "the others are compared. Give more rows."
        )


@contextmanager
def explain_refused_changes() -> Iterator[None]:
    """Raise an error of the estimator as an error that explains the changed values."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"The estimator predicts the rows, but refuses them when values are changed: {error} "
            "Integers become other integers, and text becomes other text of its column. If "
            "numbers are names, convert them to text or categories. Let encoders ignore values "
            "that they do not know."
        ) from error


def first_rows(rows: Any, n_rows: int) -> Any:
    """Return a copy of the first rows of an array, list, sparse matrix, Series or DataFrame."""
    return copy_rows(_slice_rows(rows, slice(n_rows)))


def rows_from(rows: Any, first: int) -> Any:
    """Return the rows from the position `first` on, of any container that `first_rows` takes."""
    return _slice_rows(rows, slice(first, None))


def _slice_rows(rows: Any, where: slice) -> Any:
    if hasattr(rows, "tocsr"):
        return rows.tocsr()[where]
    return rows.iloc[where] if hasattr(rows, "iloc") else rows[where]


def copy_rows(rows: Any) -> Any:
    """Return a copy of rows, for steps that write into their input (``copy=False``)."""
    # Views of windows are read-only, and copies of them would be many times larger.
    return rows if isinstance(rows, np.ndarray) and not rows.flags.writeable else deepcopy(rows)


def find_pipeline(fitted: Any) -> Any:
    """Return the pipeline, or other estimator, inside searches, transformed targets, intervals."""
    if isinstance(fitted, ConformalIntervals):
        return find_pipeline(fitted.estimator_)
    for name in ("best_estimator_", "regressor_"):
        if hasattr(fitted, name):
            return find_pipeline(getattr(fitted, name))
    return fitted


def find_last_step(fitted: Any) -> Any:
    """Return the last step of the pipeline, or the estimator itself if it is no pipeline."""
    estimator = find_pipeline(fitted)
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def find_windows(step: Any) -> list[SlidingWindowTransformer]:
    """Return all windows in a step or an estimator, also nested ones."""
    return list(windows_of(step)) if hasattr(step, "get_params") else []


def find_parameters(estimator: Any, name: str) -> list[Any]:
    """Return all values of a parameter in an estimator, also nested ones, without None."""
    params = estimator.get_params(deep=True).items()
    return [value for key, value in params if key.split("__")[-1] == name and value is not None]


def last_step_holds_estimators(fitted: Any) -> bool:
    """Return whether the last step holds estimators, which may read windows of its input."""
    # Estimators in lists of (name, estimator) are also values of their own.
    values = find_last_step(fitted).get_params(deep=True).values()
    held = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return any(hasattr(value, "fit") for value in held)


def find_feature_columns(fitted: Any, X: Any) -> list[int]:
    """Return the positions of the columns of X, without those that name a series (`group`)."""
    groups = {
        key
        for value in find_parameters(find_pipeline(fitted), "group")
        if isinstance(value, str | list | tuple)
        for key in group_keys(value)
    }
    if not hasattr(X, "columns"):
        return list(range(np.shape(X)[1])) if np.ndim(X) > 1 else [0]
    return [j for j, name in enumerate(X.columns) if name not in groups]


def find_length(output: Any, axis: int) -> int | None:
    """Return the length of an axis, None if the output has no such axis."""
    shape = np.shape(output) if not hasattr(output, "shape") else output.shape
    return shape[axis] if len(shape) > axis else None


def _predict(fitted: Any, X: Any) -> np.ndarray:
    """Return predictions, or probabilities of a classifier, since its labels rarely change."""
    if hasattr(fitted, "predict_proba"):
        probability = fitted.predict_proba(X)
        # With several outputs, there is one array for each.
        return np.hstack(probability) if isinstance(probability, list) else probability
    if not hasattr(fitted, "predict"):
        raise ValueError(
            f"The {type(fitted).__name__} has no `predict` after fit, so nothing can be "
            "compared. Give an estimator that predicts, such as a pipeline that ends in one."
        )
    return np.asarray(fitted.predict(X))
