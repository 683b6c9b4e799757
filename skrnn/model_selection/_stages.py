"""What a fitted estimator makes of rows, one step after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from skrnn.windows._labels import group_keys


class Stage(NamedTuple):
    """What comes out of a step. The last one are predictions, without a name outside a pipeline."""

    name: str | None
    output: Any


def stages_of(fitted: Any, X: Any, *, axis: int = 0) -> list[Stage]:
    """Return the outputs of the transformers of a pipeline, and the predictions.

    Only the predictions if a transformer does not keep the length of `axis`: nobody can tell
    which of its rows, or steps, belongs to which of X.

    Raises
    ------
    ValueError
        If X cannot be predicted, or the predictions do not have the rows of X.
    """
    length = np.shape(X)[axis]
    pipeline = unwrap(fitted)
    stages, output, name = [], X, None
    if isinstance(pipeline, Pipeline):
        for step_name, step in pipeline.steps[:-1]:
            # A step that passes everything through has nothing to say.
            if hasattr(step, "transform"):
                output = step.transform(own_copy(output))
                stages.append(Stage(step_name, output))
        name = pipeline.steps[-1][0]
    kept = all(_length(stage.output, axis) == length for stage in stages)
    predicted = _predict(fitted, own_copy(X))
    if len(predicted) != len(X):
        raise ValueError(
            f"predict gives {len(predicted)} rows for the {len(X)} rows of X, so that nobody can "
            "tell which belongs to which. Use steps that keep the rows, such as "
            "SlidingWindowTransformer, or make the windows in `prepare`."
        )
    return [*(stages if kept else []), Stage(name, predicted)]


@contextmanager
def refused_changes() -> Iterator[None]:
    """Say that values were changed if anything is raised because of them."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"Rows can be predicted, but not any more when the values in some change: {error} "
            "Integers become other integers and text other text of the column; write names that "
            "are numbers as text or categories, and let encoders ignore what they do not know."
        ) from error


def first_rows(rows: Any, n_rows: int) -> Any:
    """Return a copy of the first rows of an array, list, Series or DataFrame."""
    return own_copy(rows.iloc[:n_rows] if hasattr(rows, "iloc") else rows[:n_rows])


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
            f"The {type(fitted).__name__} has no `predict` after fit, so that nothing can be "
            "compared. Give an estimator that predicts, such as a pipeline that ends in one."
        )
    return np.asarray(fitted.predict(X))


def _length(output: Any, axis: int) -> int | None:
    """Return the length of an axis, None if there is no such axis."""
    shape = np.shape(output) if not hasattr(output, "shape") else output.shape
    return shape[axis] if len(shape) > axis else None
