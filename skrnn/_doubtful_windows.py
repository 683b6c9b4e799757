"""Warnings about windows that a recurrent network cannot learn from, as they are given to fit."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd

from skrnn.exceptions import FeaturesNotScaledWarning, RowsNotWindowsWarning

# Beyond it, cells are flat: the tanh of 30 times a weight of 0.3 is 1 in float32.
_LARGEST_MEDIAN = 30
# Numbers of a feature of which the median is taken. Of more, so many are drawn.
_MAX_NUMBERS = 2**14
_N_NAMED = 5
# The last number in the name of a step, with what stands before and after it.
_LAST_NUMBER = re.compile(r"(.*?)\d+(\D*)", re.DOTALL)


def warn_of_rows(X: Any, name: str) -> None:
    """Warn if X is a table of dated rows, where an estimator of this name expects windows."""
    if not isinstance(X, pd.DataFrame) or not _has_dates(X.index):
        return
    columns = [str(column) for column in X.columns]
    if _feature_of_steps(columns) is not None:
        return
    warnings.warn(
        f"X has dates as its index, and its columns {_enumerate(columns)} are not the steps of one "
        f"feature: it looks like rows of a table. {name} expects windows, and reads the columns of "
        "a row as steps in time. Put SlidingWindowTransformer before it: make_pipeline("
        f"StandardScaler(), SlidingWindowTransformer(), {name}()). If these are windows, give "
        "X.to_numpy().",
        RowsNotWindowsWarning,
        stacklevel=2,
    )


def warn_of_scale(X: np.ndarray, names: Any) -> None:
    """Warn of features whose median absolute value is so large that cells are flat.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Valid windows, or vectors. NaN is left out. Of more than 16,384 numbers a feature, so many
        are drawn, always the same.

    names : array-like of str or None
        Names of the columns, if X had some: of vectors the features, of windows of one feature its
        steps.
    """
    places: Any = ...
    if X[..., 0].size > _MAX_NUMBERS:
        # Drawn, since evenly spaced rows may all be of the same hour.
        rng = np.random.default_rng(0)
        places = tuple(rng.integers(n, size=_MAX_NUMBERS) for n in X.shape[:-1])
    medians = {}
    for feature in range(X.shape[-1]):
        sizes = np.abs(X[..., feature][places]).ravel()
        sizes = sizes[~np.isnan(sizes)]
        # Most features are scaled, and need no median.
        if sizes.size and sizes.max() > _LARGEST_MEDIAN:
            medians[feature] = np.median(sizes)
    large = [
        f"{_name_feature(feature, X.ndim, names)} ({median:.3g})"
        for feature, median in medians.items()
        if median > _LARGEST_MEDIAN
    ]
    if not large:
        return
    warnings.warn(
        f"The median absolute value of {_enumerate(large)} is beyond {_LARGEST_MEDIAN}. The cells "
        "of a recurrent network are flat for such numbers, so it learns next to nothing. Scale X "
        "before it is cut into windows: StandardScaler, before SlidingWindowTransformer in a "
        "pipeline.",
        FeaturesNotScaledWarning,
        stacklevel=2,
    )


def _has_dates(index: pd.Index) -> bool:
    """Tell whether an index, or a level of it, has dates or periods."""
    levels = index.levels if isinstance(index, pd.MultiIndex) else [index]
    return any(isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) for level in levels)


def _feature_of_steps(columns: list[str]) -> str | None:
    """Return the name that columns share which are its steps, numbered last; None if none is."""
    matches = [_LAST_NUMBER.fullmatch(column) for column in columns]
    parts = {match.groups() for match in matches if match}
    if len(parts) != 1 or not all(matches):
        return None
    ((before, _),) = parts
    return str(before).removesuffix("_lag").rstrip("_-.+ ")


def _name_feature(feature: int, ndim: int, names: Any) -> str:
    """Return a feature by its name, or by its number."""
    name = None
    if names is not None:
        columns = [str(column) for column in names]
        name = columns[feature] if ndim == 2 else _feature_of_steps(columns)
    return f"feature {name!r}" if name else f"feature {feature}"


def _enumerate(items: list[str]) -> str:
    """Return the first items, and how many there are beside them."""
    more = f" and {len(items) - _N_NAMED} more" if len(items) > _N_NAMED else ""
    return ", ".join(items[:_N_NAMED]) + more
