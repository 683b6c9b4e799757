"""Steps that are absent, which are NaN in all features: pure NumPy."""

from __future__ import annotations

import numpy as np

# Rows looked at at once: X may be windows whose copy, or even a mask of it, would be large.
_N_ROWS = 4096


def rows_with_missing_steps(X: np.ndarray) -> np.ndarray:
    """Tell which rows lack a step.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Floats, finite but for the absent steps.

    Returns
    -------
    lacks : bool ndarray of shape (n_samples,)
    """
    lacks = np.zeros(len(X), dtype=bool)
    # One pass without a temporary; the usual input has no NaN.
    if np.isnan(np.sum(X, dtype=np.float64)):
        for first in range(0, len(X), _N_ROWS):
            rows = slice(first, first + _N_ROWS)
            lacks[rows] = np.isnan(X[rows]).any(axis=tuple(range(1, X.ndim)))
    return lacks


def count_incomplete_rows(X: np.ndarray) -> int:
    """Return how many rows have a step that is NaN in some of its features, but not in all.

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
    """Return targets and weights of the steps, with which those that are absent do not count.

    Their weight is 0; those of the others are scaled so that a mean over all steps is the mean over
    those. As 0 times infinity is not 0, their targets become one that is present.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_timesteps, n_features)
        At least one step is present.

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
