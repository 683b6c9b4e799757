"""Ridge regression on windows that are never copied as a whole: pure NumPy."""

from __future__ import annotations

import numpy as np

# Rows gathered at once.
_N_ROWS = 1024


def ridge(
    X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None, alpha: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return what `sklearn.linear_model.Ridge(alpha)` finds (Hoerl & Kennard 1970).

    scikit-learn would copy X, which may be strided windows on one series: memory would grow with
    rows times steps. Here it grows with the square of the steps.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Windows of any float type; NaN counts as 0.

    y : ndarray of shape (n_samples, n_outputs)
        Targets.

    sample_weight : ndarray of shape (n_samples,) or None
        Weights.

    alpha : float, default=1.0
        Factor of the squared norm of the coefficients, beside the sum of squared errors.

    Returns
    -------
    coef : ndarray of shape (n_numbers, n_outputs)
        For the numbers of a row in the order of memory.

    intercept : ndarray of shape (n_outputs,)
    """
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    parts = [slice(first, first + _N_ROWS) for first in range(0, len(X), _N_ROWS)]

    def gather(rows: slice) -> np.ndarray:
        return np.nan_to_num(X[rows].reshape(len(X[rows]), -1).astype(np.float64))

    # Two passes: products of numbers far from 0 would lose the digits that matter.
    x_mean = sum(weight[rows] @ gather(rows) for rows in parts) / weight.sum()
    y_mean = np.average(y, axis=0, weights=weight)
    gram = np.zeros((len(x_mean), len(x_mean)))
    moments = np.zeros((len(x_mean), y.shape[1]))
    for rows in parts:
        centered = gather(rows) - x_mean
        weighted = centered.T * weight[rows]
        gram += weighted @ centered
        moments += weighted @ (y[rows] - y_mean)
    # Beside large numbers alpha is lost in rounding; where they are collinear, as the steps of a
    # straight line are, a direction without any spread gets nothing. What is small is seen on one
    # scale only: a column may have a small unit.
    penalized = gram + alpha * np.eye(len(gram))
    scale = 1 / np.sqrt(penalized.diagonal())[:, np.newaxis]
    spread, directions = np.linalg.eigh(scale * penalized * scale.T)
    has_spread = spread > spread[-1] * len(spread) * np.finfo(np.float64).eps
    factors = np.where(has_spread, 1 / np.where(has_spread, spread, 1), 0)
    coef = scale * (directions @ (factors[:, np.newaxis] * (directions.T @ (scale * moments))))
    return coef, y_mean - x_mean @ coef
