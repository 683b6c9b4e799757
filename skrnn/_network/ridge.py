"""Ridge regression on windows, without a copy of all windows."""

from __future__ import annotations

import numpy as np

# Rows that are copied at once.
_N_ROWS = 1024


def fit_ridge(
    X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None, alpha: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of `sklearn.linear_model.Ridge(alpha)` (Hoerl & Kennard 1970).

    X may be strided windows on one series. scikit-learn would copy them, so its memory would grow
    with rows times steps. Here memory grows with the square of the number of steps.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Windows of any float type. NaN is read as 0.

    y : ndarray of shape (n_samples, n_outputs)
        Targets.

    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows.

    alpha : float, default=1.0
        Factor of the squared norm of the coefficients, which is added to the sum of squared errors.

    Returns
    -------
    coef : ndarray of shape (n_numbers, n_outputs)
        Coefficients of the numbers of a flattened row.

    intercept : ndarray of shape (n_outputs,)
    """
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    parts = [slice(first, first + _N_ROWS) for first in range(0, len(X), _N_ROWS)]

    def gather(rows: slice) -> np.ndarray:
        return np.nan_to_num(X[rows].reshape(len(X[rows]), -1).astype(np.float64))

    # Means first: products of numbers far from 0 would lose their last digits.
    x_mean = sum(weight[rows] @ gather(rows) for rows in parts) / weight.sum()
    y_mean = np.average(y, axis=0, weights=weight)
    gram = np.zeros((len(x_mean), len(x_mean)))
    moments = np.zeros((len(x_mean), y.shape[1]))
    for rows in parts:
        centered = gather(rows) - x_mean
        weighted = centered.T * weight[rows]
        gram += weighted @ centered
        moments += weighted @ (y[rows] - y_mean)
    # Large numbers hide alpha by rounding. If they are also collinear, as the steps of a straight
    # line are, directions without any spread get the coefficient 0. All columns are first brought
    # to one scale, because a small spread may only be due to the unit of a column.
    penalized = gram + alpha * np.eye(len(gram))
    scale = 1 / np.sqrt(penalized.diagonal())[:, np.newaxis]
    spread, directions = np.linalg.eigh(scale * penalized * scale.T)
    has_spread = spread > spread[-1] * len(spread) * np.finfo(np.float64).eps
    factors = np.where(has_spread, 1 / np.where(has_spread, spread, 1), 0)
    coef = scale * (directions @ (factors[:, np.newaxis] * (directions.T @ (scale * moments))))
    return coef, y_mean - x_mean @ coef
