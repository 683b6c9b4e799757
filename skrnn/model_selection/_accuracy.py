"""How good forecasts are beside others, in pure NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student_t

Array = npt.NDArray[Any]


def mean_absolute_scaled_error(y: Array, predicted: Array, steps: Array) -> float:
    """Return the mean absolute error over that of the previous value in the training rows.

    Parameters
    ----------
    y, predicted : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        What came, and what was predicted.

    steps : ndarray of shape (n_steps,) or (n_steps, n_outputs)
        Differences between neighboring training rows, whose mean absolute value is the unit.

    Returns
    -------
    error : float
        The mean over the outputs; NaN if there is no difference to measure with.

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
        Positions of the rows in question, in any order.

    series : ndarray of int of shape (n_samples,) or None
        Which series each row belongs to; None: all to one.
    """
    is_there = np.zeros(len(y), dtype=bool)
    is_there[rows] = True
    parts = []
    for name in [None] if series is None else np.unique(series):
        of_series = np.arange(len(y)) if name is None else np.flatnonzero(series == name)
        # Rows that were left out part those before from those after.
        both = is_there[of_series[1:]] & is_there[of_series[:-1]]
        parts.append((y[of_series[1:]] - y[of_series[:-1]])[both])
    return np.concatenate(parts)


def diebold_mariano(losses: Array, rival_losses: Array, n_steps: int = 1) -> tuple[float, float]:
    """Test whether two forecasts of the same rows are equally good.

    Parameters
    ----------
    losses, rival_losses : ndarray of shape (n_samples,)
        What each row costs, such as the squared error, in order of time.

    n_steps : int, default=1
        How many steps ahead the forecasts are: their errors are correlated over one step less.

    Returns
    -------
    statistic : float
        Below 0 if the losses are smaller than those of the rival. Under equality about Student's t.

    p : float
        Two-sided. Both are NaN where the variance of the mean difference cannot be estimated: no
        difference varies, there are too few rows, or the estimate is not above 0, which can happen
        with several steps.

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
