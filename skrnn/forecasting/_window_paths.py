"""Window paths: the fitted windows within an estimator, and the steps before each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing

from skrnn.windows._transformer import SlidingWindowTransformer, windows_of


class WindowPath(NamedTuple):
    """A fitted window, and what rows and targets pass on their way to it.

    Attributes
    ----------
    window : SlidingWindowTransformer
        The fitted window.
    steps : tuple of (str, callable)
        What makes the rows that it reads of those of the estimator, by name.
    scalers : tuple of transformers
        What makes the targets that it was fitted with of those of the estimator.
    is_plain : bool
        Whether the window is a step of the pipeline itself, which all rows pass.
    """

    window: SlidingWindowTransformer
    steps: tuple[tuple[str, Callable[[Any], Any]], ...] = ()
    scalers: tuple[Any, ...] = ()
    is_plain: bool = True

    @property
    def is_direct(self) -> bool:
        """Whether the window reads the rows and the targets as the estimator is given them."""
        return not self.steps and not self.scalers

    def read(self, rows: Any) -> Any:
        """Return rows as the window reads them."""
        for _, step in self.steps:
            rows = step(rows)
        return rows

    def scale(self, y: np.ndarray, output: int) -> np.ndarray:
        """Return targets of one output as the window was given them."""
        for scaler in self.scalers:
            y = _apply(scaler.transform, scaler, y, output)
        return y

    def unscale(self, y: np.ndarray, output: int) -> np.ndarray:
        """Return targets of one output as the estimator predicts them."""
        for scaler in reversed(self.scalers):
            y = _apply(scaler.inverse_transform, scaler, y, output)
        return y


def _apply(method: Any, scaler: Any, y: np.ndarray, output: int) -> np.ndarray:
    """Return what a transformer of all outputs makes of one of them; the others are alike."""
    n_outputs = getattr(scaler, "n_features_in_", 1)
    made = np.asarray(method(np.repeat(y[:, np.newaxis], n_outputs, axis=1)))
    return np.asarray(made.reshape(len(y), -1)[:, output])


def find_window_paths(estimator: Any, path: WindowPath | None = None) -> Iterator[WindowPath]:
    """Yield the fitted windows within pipelines, column transformers, unions and searches.

    Windows behind another window, and those of estimators that fit several copies of theirs
    (bagging, stacking), have no path.
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
                chosen = (name, _choose(columns))
                inner = path._replace(steps=(*path.steps, chosen), is_plain=False)
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
    elif hasattr(estimator, "best_estimator_"):
        yield from find_window_paths(estimator.best_estimator_, path._replace(is_plain=False))


def _has_windows(part: Any) -> bool:
    return hasattr(part, "get_params") and any(windows_of(part))


def _choose(columns: Any) -> Callable[[Any], Any]:
    """Return what chooses the columns of a part of a column transformer."""
    return lambda rows: _safe_indexing(rows, columns, axis=1)
