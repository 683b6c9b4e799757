"""What a fitted estimator makes of rows, one step after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline


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
                output = step.transform(output)
                stages.append(Stage(step_name, output))
        name = pipeline.steps[-1][0]
    kept = all(_length(stage.output, axis) == length for stage in stages)
    predicted = _predict(fitted, X)
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
    """Return the first rows of an array, list, Series or DataFrame."""
    return rows.iloc[:n_rows] if hasattr(rows, "iloc") else rows[:n_rows]


def unwrap(fitted: Any) -> Any:
    """Return the pipeline, or other estimator, inside searches and transformed targets."""
    for name in ("best_estimator_", "regressor_"):
        if hasattr(fitted, name):
            return unwrap(getattr(fitted, name))
    return fitted


def feature_columns(fitted: Any, X: Any) -> list[int]:
    """Return the columns of X that do not say which series, or group, a row belongs to."""
    groups = {
        value
        for name, value in unwrap(fitted).get_params().items()
        if name.split("__")[-1] == "group" and isinstance(value, str)
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
    return np.asarray(fitted.predict(X))


def _length(output: Any, axis: int) -> int | None:
    """Return the length of an axis, None if there is no such axis."""
    shape = np.shape(output) if not hasattr(output, "shape") else output.shape
    return shape[axis] if len(shape) > axis else None
