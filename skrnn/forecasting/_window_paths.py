"""Window paths: the fitted windows in an estimator, and the steps before each window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing

from skrnn.estimators._conformal_intervals import ConformalIntervals
from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


class WindowPath(NamedTuple):
    """Fitted window, with the transformers that rows and targets pass before they reach it.

    Attributes
    ----------
    window : SlidingWindowTransformer
        The fitted window.
    steps : tuple of (str, callable)
        Name and `transform` of each step before the window, in order.
    scalers : tuple of transformers
        Transformers of the targets, in order.
    is_plain : bool
        Whether the window is a step of the pipeline or of a pipeline in it. Otherwise it is inside
        another estimator, and may read only some of the columns.
    """

    window: SlidingWindowTransformer
    steps: tuple[tuple[str, Callable[[Any], Any]], ...] = ()
    scalers: tuple[Any, ...] = ()
    is_plain: bool = True

    @property
    def is_direct(self) -> bool:
        """True if no step changes the rows or the targets before the window reads them."""
        return not self.steps and not self.scalers

    def prepare(self, rows: Any) -> Any:
        """Return rows after all steps before the window."""
        for _, step in self.steps:
            rows = step(rows)
        return rows

    def scale(self, y: np.ndarray, output: int) -> np.ndarray:
        """Return values of one output after all transformers of targets."""
        for scaler in self.scalers:
            y = _apply_to_output(scaler.transform, scaler, y, output)
        return y

    def unscale(self, y: np.ndarray, output: int) -> np.ndarray:
        """Return values of one output in the units of the estimator's predictions."""
        for scaler in reversed(self.scalers):
            y = _apply_to_output(scaler.inverse_transform, scaler, y, output)
        return y


def _apply_to_output(method: Any, scaler: Any, y: np.ndarray, output: int) -> np.ndarray:
    """Apply a method of a transformer of all outputs to one output; the others are copies of it."""
    n_outputs = getattr(scaler, "n_features_in_", 1)
    transformed = np.asarray(method(np.repeat(y[:, np.newaxis], n_outputs, axis=1)))
    return np.asarray(transformed.reshape(len(y), -1)[:, output])


def find_window_paths(estimator: Any, path: WindowPath | None = None) -> Iterator[WindowPath]:
    """Yield the path of each fitted window in pipelines, column transformers, unions and searches.

    A window after another window is skipped. So are the windows of estimators that fit several
    copies of a window, such as bagging and stacking.
    """
    path = WindowPath(estimator) if path is None else path._replace(window=estimator)
    if isinstance(estimator, SlidingWindowTransformer):
        if hasattr(estimator, "fill_values_"):
            yield path
    elif isinstance(estimator, Pipeline):
        for name, step in estimator.steps:
            if _has_windows(step):
                yield from find_window_paths(step, path)
                return
            if hasattr(step, "transform"):
                path = path._replace(steps=(*path.steps, (name, step.transform)))
    elif isinstance(estimator, ColumnTransformer):
        for name, part, columns in estimator.transformers_:
            if _has_windows(part):
                select = (name, _select_columns(columns))
                inner = path._replace(steps=(*path.steps, select), is_plain=False)
                yield from find_window_paths(part, inner)
    elif isinstance(estimator, FeatureUnion):
        for _, part in estimator.transformer_list:
            if _has_windows(part):
                yield from find_window_paths(part, path._replace(is_plain=False))
    elif isinstance(estimator, TransformedTargetRegressor):
        is_scaled = estimator.transformer is not None or estimator.func is not None
        if is_scaled:
            path = path._replace(scalers=(*path.scalers, estimator.transformer_))
        yield from find_window_paths(estimator.regressor_, path._replace(is_plain=False))
    elif isinstance(estimator, ConformalIntervals):
        yield from find_window_paths(estimator.estimator_, path._replace(is_plain=False))
    elif hasattr(estimator, "best_estimator_"):
        yield from find_window_paths(estimator.best_estimator_, path._replace(is_plain=False))


def _has_windows(part: Any) -> bool:
    return hasattr(part, "get_params") and any(windows_of(part))


def _select_columns(columns: Any) -> Callable[[Any], Any]:
    """Return a function that selects columns of rows."""
    return lambda rows: _safe_indexing(rows, columns, axis=1)
