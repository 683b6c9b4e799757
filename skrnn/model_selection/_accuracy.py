"""Accuracy of forecasts: the scaled error (MASE) and the test of Diebold and Mariano."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student_t

Array = npt.NDArray[Any]


def mean_absolute_scaled_error(y: Array, predicted: Array, steps: Array) -> float:
    """Return the mean absolute error, divided by that of the previous value in training rows.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Real and predicted values.

    steps : ndarray of shape (n_steps,) or (n_steps, n_outputs)
        Differences between neighboring training rows. Their mean absolute value is the unit.

    Returns
    -------
    error : float
        Mean over the outputs; NaN if an output has no difference other than 0.

    References
    ----------
    Hyndman, R. J. & Koehler, A. B. (2006). Another look at measures of forecast accuracy.
    International Journal of Forecasting, 22(4).
    """
    unit = np.abs(steps).sum(axis=0) / max(1, len(steps))
    error = np.abs(y - predicted).mean(axis=0)
    ratios = np.divide(error, unit, out=np.full_like(error, np.nan), where=unit > 0)
    return float(np.mean(ratios))


def steps_within(y: Array, rows: npt.NDArray[np.intp], series: Array | None) -> Array:
    """Return the differences of y between neighboring rows of one series.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        All targets, in order of time.

    rows : ndarray of int
        Positions of the rows to use, in any order.

    series : ndarray of int of shape (n_samples,) or None
        Number of the series of each row. If None, all rows belong to one series.
    """
    is_used = np.zeros(len(y), dtype=bool)
    is_used[rows] = True
    parts = []
    for name in [None] if series is None else np.unique(series):
        of_series = np.arange(len(y)) if name is None else np.flatnonzero(series == name)
        # Rows before and after a row that is not used are no neighbors.
        both = is_used[of_series[1:]] & is_used[of_series[:-1]]
        parts.append((y[of_series[1:]] - y[of_series[:-1]])[both])
    return np.concatenate(parts)


def diebold_mariano(losses: Array, rival_losses: Array, n_steps: int = 1) -> tuple[float, float]:
    """Test whether two forecasts of the same rows are equally good.

    Parameters
    ----------
    losses, rival_losses : ndarray of shape (n_samples,)
        Loss of each row, such as the squared error, in order of time.

    n_steps : int, default=1
        Number of steps ahead of the forecasts. Errors are correlated over `n_steps` - 1 steps.

    Returns
    -------
    statistic : float
        Below 0 if the losses are smaller than those of the rival. If both forecasts are equally
        good, the statistic follows about Student's t distribution.

    p : float
        Two-sided p-value. Both results are NaN if the variance of the mean difference cannot be
        estimated: all differences are equal, there are too few rows, or the estimate is not above
        0, which is possible with several steps.

    References
    ----------
    Diebold, F. X. & Mariano, R. S. (1995). Comparing predictive accuracy. Journal of Business &
    Economic Statistics, 13(3).

    Harvey, D., Leybourne, S. & Newbold, P. (1997). Testing the equality of prediction mean squared
    errors. International Journal of Forecasting, 13(2). The correction for small samples.
    """
    differences = losses - rival_losses
    n = len(differences)
    if n <= n_steps or np.ptp(differences) == 0:
        return np.nan, np.nan
    deviations = differences - differences.mean()
    autocovariances = [deviations[lag:] @ deviations[: n - lag] / n for lag in range(n_steps)]
    variance = (autocovariances[0] + 2 * sum(autocovariances[1:])) / n
    correction = (n + 1 - 2 * n_steps + n_steps * (n_steps - 1) / n) / n
    if variance <= 0 or correction <= 0:
        return np.nan, np.nan
    statistic = float(differences.mean() / np.sqrt(variance) * np.sqrt(correction))
    return statistic, float(2 * student_t.sf(abs(statistic), n - 1))
