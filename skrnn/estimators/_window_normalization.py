"""Normalization of windows: choose its features and its target columns, and learn its numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from skrnn.exceptions import TooFewRowsWarning
from skrnn.windows._targets import count_next_windows, find_targets_of_windows

# Smallest number of windows that must be followed by the next window to compare y with X.
_MIN_LINKED = 8


def check_normalization(estimator: Any) -> None:
    """Refuse `normalize_windows` with networks that read no windows of numbers."""
    if estimator.normalize_windows is None:
        return
    given = f"normalize_windows={estimator.normalize_windows!r}"
    if estimator.architecture == "vector_to_sequence":
        raise ValueError(
            f'{given} does not go with architecture="vector_to_sequence", which reads one vector '
            "and no window. Set normalize_windows=None."
        )
    if estimator.embedding_dim is not None:
        raise ValueError(
            f"{given} does not go with embedding_dim={estimator.embedding_dim}: numbers of symbols "
            "have no level. Set normalize_windows=None."
        )


def choose_features(estimator: Any, n_features: int, targets: tuple[int, ...]) -> tuple[int, ...]:
    """Return the features to normalize: those of the targets and `normalize_features`.

    Parameters
    ----------
    estimator : BaseRecurrentEstimator
        The estimator.

    n_features : int
        Number of features of a step.

    targets : tuple of int
        Features that are targets. Empty for a classifier.
    """
    chosen = estimator.normalize_features
    if isinstance(chosen, str):
        return tuple(range(n_features))
    if chosen is None:
        if targets:
            return tuple(sorted(set(targets)))
        if n_features == 1:
            return (0,)
        raise ValueError(
            f"normalize_windows={estimator.normalize_windows!r} needs to know which of the "
            f"{n_features} features of X it normalizes. Set normalize_features to a list of their "
            'numbers, counted from 0, or to "all".'
        )
    if not chosen and not targets:
        raise ValueError(
            f"normalize_features={chosen!r} names no feature, so normalize_windows="
            f"{estimator.normalize_windows!r} has nothing to normalize. Give the numbers of "
            "features, counted from 0, or set normalize_windows=None."
        )
    wrong = [number for number in chosen if not _is_feature(number, n_features)]
    if wrong:
        raise ValueError(
            f"normalize_features={chosen!r} holds {wrong[0]!r}, but X has {n_features} feature(s) "
            'a step, counted from 0. Give a list of their numbers, or "all".'
        )
    return tuple(sorted({*map(int, chosen), *targets}))


def find_target_features(
    estimator: Any, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None
) -> list[tuple[int, float, float]]:
    """Return for each output its feature, and the factor and offset that convert it to y.

    Parameters
    ----------
    estimator : BaseRecurrentRegressor
        The estimator. Its `target_feature` is the feature of outputs that are not found.

    X : ndarray of shape (n_samples, n_timesteps, n_features)
        Training windows.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        Targets.

    weight : ndarray or None
        Weights of the rows or of their steps.

    Raises
    ------
    ValueError
        If y is no feature of the windows, X has several features and `target_feature` is None.

    Warns
    -----
    TooFewRowsWarning
        If too few windows are followed by the next one to compare y with X.
    """
    n_features = X.shape[2]
    given = estimator.target_feature
    if given is not None and not given < n_features:
        raise ValueError(
            f"target_feature={given} is out of range: X has {n_features} feature(s) a step, "
            "counted from 0."
        )
    found = find_targets_of_windows(X, _read_next_step(estimator, X, y))
    if None not in found:
        return [(target.feature, target.a, target.b) for target in found if target is not None]
    n_linked = count_next_windows(X)
    if given is None and n_features > 1:
        which = f"column {found.index(None)} of y" if len(found) > 1 else "y"
        raise ValueError(
            f"normalize_windows={estimator.normalize_windows!r} needs to find the feature of X "
            f"that y is, but {_explain_not_found(which, X, y[..., found.index(None)], n_linked)}. "
            "Set target_feature to the number of a feature with the level of y, counted from 0, or "
            "normalize_windows=None."
        )
    if X.shape[1] > 1 and n_linked < _MIN_LINKED:
        warnings.warn(
            f"Only {n_linked} of {len(X)} windows are followed by the next window, too few to "
            f"compare y with the features of X. normalize_windows={estimator.normalize_windows!r} "
            "takes the level of y from a straight line through the last steps, which may be far "
            f"off at other levels. Fit on {_MIN_LINKED + 1} or more consecutive rows, or set "
            "normalize_windows=None.",
            TooFewRowsWarning,
            stacklevel=2,
        )
    feature = given or 0
    lines = _fit_lines(X[..., feature], y, weight)
    return [
        (feature, *line) if target is None else (target.feature, target.a, target.b)
        for target, line in zip(found, lines, strict=True)
    ]


def _explain_not_found(which: str, X: np.ndarray, y: np.ndarray, n_linked: int) -> str:
    """Return why an output of y was not found among the features of windows."""
    n_features = X.shape[2]
    if X.shape[1] == 1:
        return f"windows of one step do not show which of the {n_features} features {which} is"
    if np.ptp(y) == 0:
        return f"{which} is constant"
    if n_linked < _MIN_LINKED:
        return (
            f"only {n_linked} of {len(X)} windows are followed by the next window, too few to "
            f"compare {which} with the features"
        )
    return f"{which} is none of the {n_features} features of X at any step after the windows"


def describe_normalization(
    estimator: Any, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None
) -> dict[str, Any] | None:
    """Return the fields of the `Normalization` of a fit, None without one.

    Parameters
    ----------
    estimator : BaseRecurrentEstimator
        The estimator. It has learned the scale of its outputs.

    X, y, weight : ndarray
        Validated training rows.
    """
    if estimator.normalize_windows is None:
        return None
    from skrnn._network.normalization import measure_spreads

    targets = estimator._find_target_features(X, y, weight)
    features = choose_features(estimator, X.shape[2], tuple(feature for feature, *_ in targets))
    fields: dict[str, Any] = {
        "kind": estimator.normalize_windows,
        "features": features,
        "spreads": measure_spreads(estimator.normalize_windows, X, features),
    }
    if not targets:
        return fields
    scale, mean = estimator._y_scale, estimator._y_mean
    fields |= {
        "target_places": tuple(features.index(feature) for feature, *_ in targets),
        "slopes": tuple(float(a / s) for (_, a, _), s in zip(targets, scale, strict=True)),
        "offsets": tuple(
            float((b - m) / s) for (*_, b), s, m in zip(targets, scale, mean, strict=True)
        ),
        "fallbacks": tuple(
            float(value)
            for value in (_average(y.reshape(len(y), -1, y.shape[-1]), weight) - mean) / scale
        ),
    }
    fields["gains"] = _choose_gains(estimator, fields, X, y, weight)
    # All quantiles of a target have the same level.
    n_quantiles = 1 if estimator.quantiles is None else len(estimator.quantiles)
    for name in ("target_places", "slopes", "offsets", "gains", "fallbacks"):
        fields[name] = tuple(np.repeat(fields[name], n_quantiles).tolist())
    return fields


def _choose_gains(
    estimator: Any, fields: dict[str, Any], X: np.ndarray, y: np.ndarray, weight: np.ndarray | None
) -> tuple[float, ...]:
    """Return the gain of each output.

    With `normalize_y`, the gain is chosen so the raw output of the network has a size of about 1.
    Otherwise, the raw output is in the units of y ("last") or in standard deviations of the window
    ("standard").
    """
    from skrnn._network.normalization import Normalization, compute_levels

    n_outputs = y.shape[-1]
    slopes = np.abs(fields["slopes"])
    if not estimator.normalize_y:
        is_standard = estimator.normalize_windows == "standard"
        plain = slopes if is_standard else np.ones(n_outputs)
        return tuple(float(gain) if gain > 0 else 1.0 for gain in plain)
    levels, gains = compute_levels(Normalization(**fields | {"gains": (1.0,) * n_outputs}), X)
    has_steps = gains > 0
    relative = (
        estimator._standardize(y).reshape(len(y), -1, n_outputs) - levels[:, np.newaxis]
    ) / (np.where(has_steps, gains, 1.0)[:, np.newaxis])
    squares = np.where(has_steps[:, np.newaxis], np.square(relative), 0.0)
    sizes = np.sqrt(_average(squares, weight))
    return tuple(float(size) if 0 < size < np.inf else 1.0 for size in sizes)


def _read_next_step(estimator: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the targets of the first step after the window, of shape (n_samples, n_outputs)."""
    if y.ndim == 2:
        return y
    if estimator.architecture == "encoder_decoder":
        return y[:, 0]
    # If the last step is missing, its target is that of another step (`leave_out_steps`).
    return np.where(np.isnan(X[:, -1, :1]), np.nan, y[:, -1])


def _is_feature(number: Any, n_features: int) -> bool:
    is_integer = isinstance(number, int | np.integer) and not isinstance(number, bool)
    return is_integer and 0 <= number < n_features


def _average(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the weighted mean of values of shape (n_samples, n_steps, n_outputs)."""
    if weight is not None:
        weight = np.broadcast_to(weight.reshape(len(values), -1), values.shape[:2]).ravel()
    return np.average(values.reshape(-1, values.shape[-1]), axis=0, weights=weight)


def _fit_lines(
    windows: np.ndarray, y: np.ndarray, weight: np.ndarray | None
) -> list[tuple[float, float]]:
    """Return the least-squares factor and offset from the last present step to each output."""
    from skrnn._network.normalization import last_present_steps

    last, is_empty = last_present_steps(windows[..., np.newaxis].astype(np.float64))
    y = y.reshape(len(y), -1, y.shape[-1])
    weight = np.ones(y.shape[:2]) if weight is None else weight.reshape(len(y), -1)
    weight = np.where(is_empty[:, np.newaxis], 0.0, np.broadcast_to(weight, y.shape[:2]))
    x = np.broadcast_to(last[:, np.newaxis], (*y.shape[:2], 1))
    x_mean, y_mean = _average(x, weight), _average(y, weight)
    spread = _average(np.square(x - x_mean), weight)
    products = _average((x - x_mean) * (y - y_mean), weight)
    # The mean of a constant is rounded, so its spread may not be 0.
    is_constant = np.sqrt(spread[0]) <= len(x) * np.finfo(np.float64).eps * np.abs(x_mean[0])
    factors = np.zeros(len(y_mean)) if is_constant else products / spread
    # On a constant series y is the last step itself.
    is_last = np.isclose(x_mean, y_mean, rtol=1e-6) & is_constant
    factors = np.where(is_last, 1.0, factors)
    return [(float(a), float(b - a * x_mean[0])) for a, b in zip(factors, y_mean, strict=True)]
