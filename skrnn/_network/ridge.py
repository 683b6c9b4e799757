"""Ridge regression on windows, with a penalty chosen from the data and no copy of all windows."""

from __future__ import annotations

import numpy as np

from skrnn._network import Array

# Rows that are copied at once.
_N_ROWS = 1024
# Penalties to choose from, for columns of variance 1 and errors that are a mean over the rows. The
# largest is first: of equal scores, the first wins.
ALPHAS = np.logspace(3, -8, 45)
# A coefficient counts as this many (Cummins, Filloon & Nychka 2001; Kim & Gu 2004). With 1, the
# score chooses almost no penalty for about a third of the series that are 40 numbers of noise with
# windows of 20 steps.
PARAMETER_COST = 1.4


def fit_ridge(X: Array, y: Array, sample_weight: Array | None) -> tuple[Array, Array]:
    """Return the coefficients of ridge regression (Hoerl & Kennard 1970) on windows.

    The penalty of each output is chosen by generalized cross-validation (Golub, Heath & Wahba
    1979). Columns are penalized as if they had variance 1, so units do not matter, and a column
    without spread has the coefficient 0.

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

    Returns
    -------
    coef : ndarray of shape (n_numbers, n_outputs)
        Coefficients of the numbers of a flattened row.

    intercept : ndarray of shape (n_outputs,)
    """
    weight = np.ones(len(X)) if sample_weight is None else sample_weight
    n_rows, weight = int(np.count_nonzero(weight)), weight / weight.sum()
    parts = [slice(first, first + _N_ROWS) for first in range(0, len(X), _N_ROWS)]

    def gather(rows: slice) -> Array:
        part = X[rows]
        return np.nan_to_num(part.reshape(len(part), -1).astype(np.float64))

    # Means first: products of numbers far from 0 would lose their last digits.
    x_mean = sum(weight[rows] @ gather(rows) for rows in parts)
    y_mean = weight @ y
    gram = np.zeros((len(x_mean), len(x_mean)))
    moments = np.zeros((len(x_mean), y.shape[1]))
    for rows in parts:
        centered = gather(rows) - x_mean
        weighted = centered.T * weight[rows]
        gram += weighted @ centered
        moments += weighted @ (y[rows] - y_mean)
    deviation = np.sqrt(gram.diagonal())
    # The mean of a constant column is rounded, so its deviation may not be 0.
    has_spread = deviation > len(X) * np.finfo(np.float64).eps * np.abs(x_mean)
    scale = np.where(has_spread, 1 / np.where(has_spread, deviation, 1), 0)[:, np.newaxis]
    spread, directions = np.linalg.eigh(scale * gram * scale.T)
    # Directions without spread have a spread of about 0 by rounding. Every penalty is far above it.
    spread = np.maximum(spread, 0)
    moments = directions.T @ (scale * moments)
    alpha = _choose_alphas(spread, moments, weight @ (y - y_mean) ** 2, n_rows)
    coef = scale * (directions @ (moments / (spread[:, np.newaxis] + alpha)))
    return coef, y_mean - x_mean @ coef


def _choose_alphas(spread: Array, moments: Array, y_variance: Array, n_rows: int) -> Array:
    """Return the penalty of each output with the lowest score of generalized cross-validation.

    Parameters
    ----------
    spread : ndarray of shape (n_directions,)
        Eigenvalues of the correlation matrix.

    moments : ndarray of shape (n_directions, n_outputs)
        Covariances of the targets with the rows along each eigenvector.

    y_variance : ndarray of shape (n_outputs,)

    n_rows : int
        Number of rows.
    """
    penalized = spread + ALPHAS[:, np.newaxis]
    # Squared errors of each penalty: what the variance of y is less than this is explained.
    explained = ((2 - spread / penalized) / penalized) @ moments**2
    # Rounding decides about errors that are smaller.
    smallest = len(spread) * np.finfo(np.float64).eps * y_variance
    errors = np.maximum(y_variance - explained, smallest)
    # The intercept is one more coefficient.
    n_coefficients = 1 + (spread / penalized).sum(axis=1)
    left = 1 - PARAMETER_COST * n_coefficients / n_rows
    scores = np.where(left > 0, errors.T / np.where(left > 0, left, 1) ** 2, np.inf)
    return ALPHAS[scores.argmin(axis=1)]


def predict_linear(X: Array, coef: Array) -> Array:
    """Return the products of windows and coefficients, without a copy of all windows.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Windows, as in `fit_ridge`.

    coef : ndarray of shape (n_numbers, n_outputs)
        Coefficients of the numbers of a flattened row.
    """
    parts = [X[first : first + _N_ROWS] for first in range(0, len(X), _N_ROWS)]
    return np.concatenate(
        [np.nan_to_num(part.reshape(len(part), -1).astype(np.float64)) @ coef for part in parts]
    )
