"""Input warnings: features that are not scaled, and tables given as windows."""

from __future__ import annotations

import datetime
import numbers
import re
import warnings
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from skrnn.exceptions import (
    FeaturesNotScaledWarning,
    HeldOutRowsWarning,
    RowsNotWindowsWarning,
)
from skrnn.windows._labels import is_time

# Cells saturate above: the tanh of 30 times a weight of 0.3 is 1 in float32.
_LARGEST_MEDIAN = 30
# Medians of larger features are computed from a random sample of this size.
_MAX_NUMBERS = 2**14
_N_NAMED = 5
# Held-out rows of a series drift, but rarely by so many spreads of the rows to train on.
_LARGEST_DIFFERENCE = 4
# The name that all steps share, and the last number or time of day in the name of a step.
_LAST_NUMBER = re.compile(r"(.*?)(?:\d+(?::\d+)+(?:\.\d+)?|\d+)\D*", re.DOTALL)
_AT_END = re.compile(r"\W+$")
_OPEN_BRACKET = re.compile(r"[(\[][^)\]]*$")
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ].*)?")
_POINTS_IN_TIME = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    np.datetime64,
    np.timedelta64,
    pd.Period,
)


def warn_of_rows(X: Any, name: str) -> None:
    """Warn if X is a table of dated rows; the named estimator expects windows."""
    if not isinstance(X, pd.DataFrame) or not _has_dates(X.index):
        return
    if _feature_of_steps(list(X.columns)) is not None:
        return
    columns = [str(column) for column in X.columns]
    warnings.warn(
        f"X has dates or times as its index, and its columns {_enumerate(columns)} are not the "
        f"steps of one feature: X looks like rows of a table. {name} expects windows, and reads "
        "the columns of a row as time steps. Put SlidingWindowTransformer before it: "
        f"make_pipeline(StandardScaler(), SlidingWindowTransformer(), {name}()). If X holds "
        "windows, give X.to_numpy().",
        RowsNotWindowsWarning,
        stacklevel=2,
    )


def warn_of_scales(
    estimator: Any,
    X: np.ndarray,
    X_val: np.ndarray | None,
    normalization: Mapping[str, Any] | None,
    *,
    reset: bool,
) -> None:
    """Warn of features that are not scaled, and of those with another scale in X_val.

    Parameters
    ----------
    estimator : BaseRecurrentEstimator
        The estimator. It knows the names of the features, if any.

    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Validated windows or vectors to train on.

    X_val : ndarray or None
        Validated held-out rows that the user gave.

    normalization : dict or None
        Fields of the `Normalization` of the windows, if there is one.

    reset : bool
        Whether training starts over. If it goes on, only X_val is looked at.
    """
    names = getattr(estimator, "feature_names_in_", None)
    normalized = normalization["features"] if normalization is not None else ()
    if reset:
        warn_of_scale(X, names, left_out=normalized)
    if X_val is not None:
        warn_of_other_scale(X, X_val, names, normalized=normalized)


def warn_of_scale(X: np.ndarray, names: Any, *, left_out: Collection[int] = ()) -> None:
    """Warn of features whose median absolute value is so large that cells saturate.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Validated windows or vectors. NaN is left out. The median of a feature with more than
        16,384 numbers is computed from a random sample, always the same one.

    names : array-like of str or None
        Names of the columns of X, if any: the features of vectors, or the steps of windows of one
        feature.

    left_out : collection of int, default=()
        Features that are not looked at.
    """
    places = _sample_places(X)
    medians = {}
    for feature in set(range(X.shape[-1])).difference(left_out):
        sizes = np.abs(_read_feature(X, feature, places))
        # Most features are scaled: their maximum makes the median unnecessary.
        if sizes.size and sizes.max() > _LARGEST_MEDIAN:
            medians[feature] = np.median(sizes)
    large = [
        f"{_name_feature(feature, X.ndim, names)} ({median:.3g})"
        for feature, median in medians.items()
        if median > _LARGEST_MEDIAN
    ]
    if not large:
        return
    advice = (
        "Scale X: StandardScaler before the network in a pipeline."
        if X.ndim == 2
        else "Scale X before it is cut into windows: StandardScaler, before "
        "SlidingWindowTransformer in a pipeline. Scale sequences with "
        "StepwiseTransformer(StandardScaler())."
    )
    warnings.warn(
        f"The median absolute value of {_enumerate(large)} is above {_LARGEST_MEDIAN}. The cells "
        f"of a recurrent network saturate at such values, so it learns almost nothing. {advice}",
        FeaturesNotScaledWarning,
        stacklevel=2,
    )


def warn_of_other_scale(
    X: np.ndarray, X_val: np.ndarray, names: Any, *, normalized: Collection[int] = ()
) -> None:
    """Warn of features whose level or spread in held-out rows is far from that in X.

    Parameters
    ----------
    X, X_val : ndarray of shape (n_samples, n_timesteps, n_features) or (n_samples, n_features)
        Validated windows or vectors to train on, and held-out ones. NaN is left out.

    names : array-like of str or None
        Names of the columns of X, if any.

    normalized : collection of int, default=()
        Features that are normalized in each window, so that their level may drift. Only the size of
        their changes from step to step is compared, so rows that a pipeline did not scale are
        noticed only if scaling changes their spread.
    """
    found = []
    places, places_val = _sample_places(X), _sample_places(X_val)
    for feature in range(X.shape[-1]):
        values = _read_feature(X, feature, places)
        held_out = _read_feature(X_val, feature, places_val)
        sizes = [
            _measure_changes(each, feature) if feature in normalized else 0.0 for each in (X, X_val)
        ]
        difference = _describe_difference(values, held_out, *sizes)
        # An indicator may be rare in X_val, such as a holiday or a letter. Its values are still
        # those of X, which they are not in another scale.
        if difference and np.isin(held_out, values).mean() < 0.5:
            found.append(f"{_name_feature(feature, X.ndim, names)} ({difference})")
    if found:
        warnings.warn(
            f"X_val and X seem to have different scales: {_enumerate(found)}. The steps of a "
            "pipeline before the network are not applied to X_val. Give "
            "X_val=pipe[:-1].transform(X_val), or route X_val by "
            'Pipeline(transform_input=["X_val"]).',
            HeldOutRowsWarning,
            stacklevel=2,
        )


def _describe_difference(
    values: np.ndarray, held_out: np.ndarray, size: float, size_held_out: float
) -> str:
    """Return how a feature differs in X_val, or nothing. Sizes are those of its changes, if any."""
    # Windows of one step, or of constants, have no changes: their values are compared.
    if size and size_held_out:
        if max(size / size_held_out, size_held_out / size) <= _LARGEST_DIFFERENCE:
            return ""
        return f"changes from step to step of {size_held_out:.3g} in X_val, {size:.3g} in X"
    if len(held_out) < 2 or len(values) < 2 or not values.std() or not held_out.std():
        return ""
    ratio = held_out.std() / values.std()
    distance = abs(held_out.mean() - values.mean()) / values.std()
    if max(ratio, 1 / ratio, distance) <= _LARGEST_DIFFERENCE:
        return ""
    return (
        f"{held_out.mean():.3g} ± {held_out.std():.3g} in X_val, "
        f"{values.mean():.3g} ± {values.std():.3g} in X"
    )


def _sample_places(X: np.ndarray) -> Any:
    """Return an index of the first axes of X that takes at most 16,384 numbers of a feature."""
    if X[..., 0].size <= _MAX_NUMBERS:
        return ...
    # A random sample, because evenly spaced rows may all have the same hour.
    rng = np.random.default_rng(0)
    return tuple(rng.integers(n, size=_MAX_NUMBERS) for n in X.shape[:-1])


def _measure_changes(X: np.ndarray, feature: int) -> float:
    """Return the root mean square of the changes from step to step, 0 without any."""
    values, n_timesteps = X[..., feature], X.shape[1]
    if n_timesteps == 1:
        return 0.0
    if values.size <= _MAX_NUMBERS:
        changes = np.diff(values.astype(np.float64), axis=1).ravel()
    else:
        rng = np.random.default_rng(0)
        rows, steps = (rng.integers(n, size=_MAX_NUMBERS) for n in (len(X), n_timesteps - 1))
        changes = values[rows, steps + 1].astype(np.float64) - values[rows, steps]
    changes = changes[~np.isnan(changes)]
    return float(np.sqrt(np.square(changes).mean())) if changes.size else 0.0


def _read_feature(X: np.ndarray, feature: int, places: Any) -> np.ndarray:
    """Return numbers of a feature, without NaN."""
    values = X[..., feature][places].ravel()
    return np.asarray(values[~np.isnan(values)], dtype=np.float64)


def _has_dates(index: pd.Index) -> bool:
    """Return whether an index, or one of its levels with several values, has dates or times."""
    if not isinstance(index, pd.MultiIndex):
        return is_time(index)
    return any(
        is_time(level) and len(np.unique(codes)) > 1
        for level, codes in zip(index.levels, index.codes, strict=True)
    )


def _feature_of_steps(columns: list[Any]) -> str | None:
    """Return the name that columns share if they are the steps of one feature, else None.

    Names of steps end in a number or a time. One step, the present one, may have no number.
    """
    if all(isinstance(column, tuple) for column in columns):
        return _feature_of_tuples(columns)
    if all(map(_is_position, columns)):
        return ""
    names = [str(column) for column in columns]
    matches = [_LAST_NUMBER.fullmatch(name) for name in names]
    shared = Counter(_without_separator(match[1]) for match in matches if match)
    if not shared:
        return None
    # The part before the number that most columns share, the longest one in case of a tie. The
    # name of the present step can only be its beginning.
    before = max(shared, key=lambda name: (shared[name], len(name)))
    others = [
        name
        for name, match in zip(names, matches, strict=True)
        if not match or _without_separator(match[1]) != before
    ]
    if len(others) > 1:
        return None
    if others:
        # "Open" beside "Open_lag1", "t" beside "t-1", "x1(t)" beside "x1(t-1)".
        stem = _AT_END.sub("", others[0])
        if not stem or not before.startswith(stem):
            return None
    # The name of the feature ends before the bracket with the number: "x1" in "x1(t-1)".
    return _without_separator(_OPEN_BRACKET.sub("", before).removesuffix("_lag"))


def _feature_of_tuples(columns: list[Any]) -> str | None:
    """Return the shared name of columns with several levels, one of which has the steps."""
    levels = list(zip(*columns, strict=True))
    varying = [number for number, level in enumerate(levels) if len(set(level)) > 1]
    if len(varying) > 1:
        return None
    # A single column varies in no level: try the last level first.
    for number in varying or reversed(range(len(levels))):
        feature = _feature_of_steps(list(levels[number]))
        if feature is not None:
            others = [str(level[0]) for i, level in enumerate(levels) if i != number]
            return ", ".join([name for name in [*others, feature] if name])
    return None


def _is_position(column: Any) -> bool:
    """Return whether the name of a column is only a number, a date or a time."""
    if isinstance(column, str):
        try:
            return bool(np.isfinite(float(column)))
        except ValueError:
            return _DATE.fullmatch(column.strip()) is not None
    return isinstance(column, (numbers.Real, *_POINTS_IN_TIME))


def _without_separator(before: str) -> str:
    return before.rstrip("_-.+ ")


def _name_feature(feature: int, ndim: int, names: Any) -> str:
    """Return the name of a feature, or its number, for a message."""
    name = None
    if names is not None:
        name = str(names[feature]) if ndim == 2 else _feature_of_steps(list(names))
    return f"feature {name!r}" if name else f"feature {feature}"


def _enumerate(items: list[str]) -> str:
    """Return the first items, and the number of further ones."""
    more = f" and {len(items) - _N_NAMED} more" if len(items) > _N_NAMED else ""
    return ", ".join(items[:_N_NAMED]) + more
