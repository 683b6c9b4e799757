"""Stages of a pipeline: the output of each of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from skrnn.windows._labels import group_keys
from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


class Stage(NamedTuple):
    """Output of one step: of a transformer, or in the last place predictions.

    Predictions have no name outside a pipeline.
    """

    name: str | None
    output: Any


def stages_of(fitted: Any, X: Any, *, axis: int = 0) -> list[Stage]:
    """Return the outputs of the transformers of a pipeline, and the predictions.

    Only the predictions if a transformer does not keep the length of `axis`: its rows, or steps,
    cannot be matched with those of X.

    Raises
    ------
    ValueError
        If X cannot be predicted, or the predictions do not have the rows of X.
    """
    *stages, predicted = each_stage(fitted, X)
    length = np.shape(X)[axis]
    kept = all(length_of(stage.output, axis) == length for stage in stages)
    return [*(stages if kept else []), predicted]


def each_stage(fitted: Any, X: Any) -> Iterator[Stage]:
    """Yield the output of each of `steps_of`, one after the other.

    Raises
    ------
    ValueError
        If X cannot be predicted, or the predictions do not have the rows of X.
    """
    output = X
    *transformers, (last, _) = steps_of(fitted)
    for name, step in transformers:
        output = step.transform(own_copy(output))
        yield Stage(name, output)
    predicted = _predict(fitted, own_copy(X))
    if len(predicted) != len(X):
        raise ValueError(
            f"predict gives {len(predicted)} rows for the {len(X)} rows of X, so rows cannot be "
            "matched. Use steps that keep the rows, such as SlidingWindowTransformer; "
            "check_leakage also takes windows that are made in `prepare`."
        )
    yield Stage(last, predicted)


def steps_of(fitted: Any) -> list[tuple[str | None, Any]]:
    """Return the names and the transformers of a pipeline, and what predicts in the end.

    Steps that pass everything through are left out. Without a pipeline it is the estimator alone,
    and has no name.
    """
    pipeline = unwrap(fitted)
    if not isinstance(pipeline, Pipeline):
        return [(None, pipeline)]
    kept = [(name, step) for name, step in pipeline.steps[:-1] if hasattr(step, "transform")]
    return [*kept, pipeline.steps[-1]]


def check_rows(X: Any, action: str) -> None:
    """Refuse what is no table of 10 rows or more, in which rows can be, say, `"changed"`."""
    if hasattr(X, "toarray") or not hasattr(X, "shape"):
        raise ValueError(
            f"X is a {type(X).__name__}, in which rows cannot be {action}. Give a dense array, a "
            "list, or a pandas or polars DataFrame."
        )
    if len(X) < 10:
        raise ValueError(
            f"X has {len(X)} rows, too few to fit on most of them and compare others. "
            "Give 10 or more."
        )


@contextmanager
def refused_changes() -> Iterator[None]:
    """Raise errors that changed values cause as errors that name the change."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"Rows can be predicted, but not any more when the values in some change: {error} "
            "Integers become other integers and text other text of the column; write names that "
            "are numbers as text or categories, and let encoders ignore what they do not know."
        ) from error


def first_rows(rows: Any, n_rows: int) -> Any:
    """Return a copy of the first rows of an array, list, sparse matrix, Series or DataFrame."""
    return own_copy(_slice(rows, slice(n_rows)))


def rows_from(rows: Any, first: int) -> Any:
    """Return the rows from the position `first` on, of whatever kind they are."""
    return _slice(rows, slice(first, None))


def _slice(rows: Any, where: slice) -> Any:
    if hasattr(rows, "tocsr"):
        return rows.tocsr()[where]
    return rows.iloc[where] if hasattr(rows, "iloc") else rows[where]


def own_copy(rows: Any) -> Any:
    """Return rows that a step may write into, as a scaler with ``copy=False`` does."""
    # Views of windows cannot be written into, and would be many times as large.
    return rows if isinstance(rows, np.ndarray) and not rows.flags.writeable else deepcopy(rows)


def unwrap(fitted: Any) -> Any:
    """Return the pipeline, or other estimator, inside searches and transformed targets."""
    for name in ("best_estimator_", "regressor_"):
        if hasattr(fitted, name):
            return unwrap(getattr(fitted, name))
    return fitted


def windows_in(step: Any) -> list[SlidingWindowTransformer]:
    """Return the windows of a step or an estimator, however deep they are in it."""
    return list(windows_of(step)) if hasattr(step, "get_params") else []


def parameters(estimator: Any, name: str) -> list[Any]:
    """Return the values of a parameter wherever it occurs in an estimator, without None."""
    params = estimator.get_params(deep=True).items()
    return [value for key, value in params if key.split("__")[-1] == name and value is not None]


def holds_estimators(fitted: Any) -> bool:
    """Tell whether the last step holds estimators, which may read windows of what it is given."""
    last = unwrap(fitted)
    last = last.steps[-1][1] if isinstance(last, Pipeline) else last
    # Estimators in lists of pairs are among the values by their names as well.
    values = last.get_params(deep=True).values()
    held = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return any(hasattr(value, "fit") for value in held)


def feature_columns(fitted: Any, X: Any) -> list[int]:
    """Return the columns of X that do not say which series, or group, a row belongs to."""
    groups = {
        key
        for value in parameters(unwrap(fitted), "group")
        if isinstance(value, str | list | tuple)
        for key in group_keys(value)
    }
    if not hasattr(X, "columns"):
        return list(range(np.shape(X)[1])) if np.ndim(X) > 1 else [0]
    return [j for j, name in enumerate(X.columns) if name not in groups]


def _predict(fitted: Any, X: Any) -> np.ndarray:
    """Return predictions; of a classifier its probabilities, since its labels hardly react."""
    if hasattr(fitted, "predict_proba"):
        probability = fitted.predict_proba(X)
        # One array for each of several outputs.
        return np.hstack(probability) if isinstance(probability, list) else probability
    if not hasattr(fitted, "predict"):
        raise ValueError(
            f"The {type(fitted).__name__} has no `predict` after fit, so nothing can be "
            "compared. Give an estimator that predicts, such as a pipeline that ends in one."
        )
    return np.asarray(fitted.predict(X))


def length_of(output: Any, axis: int) -> int | None:
    """Return the length of an axis, None if there is no such axis."""
    shape = np.shape(output) if not hasattr(output, "shape") else output.shape
    return shape[axis] if len(shape) > axis else None
