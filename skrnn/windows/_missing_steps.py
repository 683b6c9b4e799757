"""Missing steps of windows, which are NaN in all features. Pure NumPy."""

from __future__ import annotations

import numpy as np

# Rows processed at once. X may be a view of overlapping windows, of which a copy would be large.
_N_ROWS = 4096


def rows_with_missing_steps(X: np.ndarray) -> np.ndarray:
    """Return which rows have a missing step.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Windows. Values are finite, except in missing steps.

    Returns
    -------
    has_missing : bool ndarray of shape (n_samples,)
    """
    has_missing = np.zeros(len(X), dtype=bool)
    # Most inputs have no NaN, which a sum shows without a temporary array.
    if np.isnan(np.sum(X, dtype=np.float64)):
        for first in range(0, len(X), _N_ROWS):
            rows = slice(first, first + _N_ROWS)
            has_missing[rows] = np.isnan(X[rows]).any(axis=tuple(range(1, X.ndim)))
    return has_missing


def count_incomplete_rows(X: np.ndarray) -> int:
    """Return how many rows have a step that is NaN in some features, but not in all.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features)
    """
    n_incomplete = 0
    for first in range(0, len(X), _N_ROWS):
        is_nan = np.isnan(X[first : first + _N_ROWS])
        some = is_nan.any(axis=2) & ~is_nan.all(axis=2)
        n_incomplete += int(np.count_nonzero(some.any(axis=1)))
    return n_incomplete


def leave_out_steps(
    X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and weights with which missing steps do not count.

    Missing steps have weight 0. The other weights are scaled, so a weighted mean over all steps is
    the mean over the steps that are present. Targets of missing steps are replaced by a target of a
    step that is present, since 0 times infinity is not 0.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features)
        Sequences of which at least one step is present.

    y : ndarray of shape (n_samples, n_timesteps, n_outputs)
        Targets.

    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.

    Returns
    -------
    y : ndarray of shape (n_samples, n_timesteps, n_outputs)

    weight : ndarray of shape (n_samples, n_timesteps)
    """
    is_present = ~np.isnan(X[..., 0])
    a_target = y[np.unravel_index(is_present.argmax(), is_present.shape)]
    weight: np.ndarray = is_present / is_present.mean()
    if sample_weight is not None:
        weight = weight * sample_weight[:, np.newaxis]
    return np.where(is_present[..., np.newaxis], y, a_target), weight
