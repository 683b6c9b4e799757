"""Datasets: stock prices, generated visitors and waves. Nothing is downloaded."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

_TICKERS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


def load_stock_prices(ticker: str = "GOOG") -> pd.DataFrame:
    """Load the daily prices of one stock, adjusted for splits and dividends.

    The data come from the package `bokeh_sampledata` (Quandl WIKI Prices, public domain). They
    start on 2000-03-01, or when the stock was first traded (GOOG: 2004-08-19, FB: 2012-05-18), and
    end on 2013-03-01.

    Parameters
    ----------
    ticker : {"AAPL", "FB", "GOOG", "IBM", "MSFT"}, default="GOOG"
        Symbol of the stock. "GOOG" has traded as GOOGL since the split of 2014.

    Returns
    -------
    prices : DataFrame of shape (n_days, 5)
        One row for each trading day, oldest first, with a DatetimeIndex named "Date".

        - Open, High, Low, Close : float, in US dollars. Close is the adjusted close of the source.
          The others are multiplied by the same factor, the adjusted over the raw close of the day.
          Splits and dividends after 2013 are included, so prices are not the prices paid.
        - Volume : int, number of shares traded that day, not adjusted for splits.

    Raises
    ------
    ValueError
        If `ticker` is not one of the symbols above.
    ImportError
        If `bokeh_sampledata` is not installed.

    See Also
    --------
    make_visitors : Generated days.
    make_noisy_waves : Generated series.

    Examples
    --------
    >>> from skrnn.datasets import load_stock_prices
    >>> prices = load_stock_prices("GOOG")
    >>> prices.loc["2012", ["Open", "Close"]].head(3).round(2)
                  Open   Close
    Date
    2012-01-03  327.48  333.74
    2012-01-04  333.54  335.17
    2012-01-05  332.09  330.53
    """
    if ticker not in _TICKERS:
        raise ValueError(
            f"ticker={ticker!r} is not known. Choose one of {', '.join(map(repr, _TICKERS))}."
        )
    try:
        from bokeh_sampledata import stocks
    except ImportError as error:
        raise ImportError(
            "load_stock_prices needs bokeh_sampledata, which is not installed. "
            'Install it with: pip install "skrnn[examples]"'
        ) from error

    tables = {
        "AAPL": stocks.AAPL,
        "FB": stocks.FB,
        "GOOG": stocks.GOOG,
        "IBM": stocks.IBM,
        "MSFT": stocks.MSFT,
    }
    raw = pd.DataFrame(tables[ticker])
    adjusted = raw["adj_close"]
    # Divide by the close first: the ratio of equal prices is 1, so Low <= Close <= High holds.
    prices = pd.DataFrame(
        {
            "Open": raw["open"] / raw["close"] * adjusted,
            "High": raw["high"] / raw["close"] * adjusted,
            "Low": raw["low"] / raw["close"] * adjusted,
            "Close": adjusted,
            "Volume": raw["volume"],
        }
    )
    prices.index = pd.DatetimeIndex(raw["date"], name="Date")
    return prices.sort_index()


def make_visitors(n_days: int = 1095, *, random_state: Any = None) -> pd.DataFrame:
    """Make the daily numbers of visitors of a museum, with a weekly and a yearly pattern.

    There are most visitors on Saturdays and in spring. Good and bad times last some days.

    Parameters
    ----------
    n_days : int, default=1095
        Number of days, at least 1. The first day is 2021-01-01, so the default is three years.

    random_state : int, RandomState instance or None, default=None
        Generator of the good and bad times. An int gives the same numbers at each call. None draws
        from NumPy's global generator, as scikit-learn's `make_*` functions do.

    Returns
    -------
    visitors : DataFrame of shape (n_days, 1)
        One row for each day, oldest first, with a DatetimeIndex named "date". The column "visitors"
        has whole numbers as float64.

    Raises
    ------
    ValueError
        If `n_days` is not an int of at least 1, or `random_state` is not a seed.

    See Also
    --------
    load_stock_prices : Real prices.
    make_noisy_waves : Generated series without dates.

    Notes
    -----
    A number is the product of 200, the factor of its weekday (0.9 to 1.8), the factor of the season
    (0.7 to 1.3) and `exp(mood)`. The mood is autoregressive, `mood[t] = 0.8 mood[t - 1] + noise`,
    with normal noise of standard deviation 0.06, and begins at 0.

    Examples
    --------
    >>> from skrnn.datasets import make_visitors
    >>> make_visitors(random_state=0).head(3)
                visitors
    date
    2021-01-01     241.0
    2021-01-02     373.0
    2021-01-03     351.0
    """
    if not isinstance(n_days, int | np.integer) or n_days < 1:
        raise ValueError(f"n_days={n_days!r} is not an int of at least 1.")
    mood = np.zeros(n_days)
    noise = check_random_state(random_state).normal(scale=0.06, size=n_days)
    for day in range(1, n_days):
        mood[day] = 0.8 * mood[day - 1] + noise[day]
    days = pd.date_range("2021-01-01", periods=n_days, name="date")
    week = np.array([1.0, 0.9, 0.9, 1.0, 1.2, 1.8, 1.6])[days.day_of_week]
    season = 1 + 0.3 * np.sin(2 * np.pi * days.day_of_year / 365)
    return pd.DataFrame({"visitors": (200 * week * season * np.exp(mood)).round()}, days)


def make_noisy_waves(n_series: int, n_steps: int, *, random_state: Any = None) -> np.ndarray:
    """Make series of two sine waves each, of random frequency and phase, with noise.

    A series has 1.6 to 3.2 periods of a wave of amplitude 0.5, and 3.2 to 6.4 periods of one of
    amplitude 0.2. The noise is uniform between -0.05 and 0.05.

    Parameters
    ----------
    n_series : int
        Number of series, at least 1.

    n_steps : int
        Number of steps of each series, at least 1.

    random_state : int, RandomState instance or None, default=None
        Generator of frequencies, phases and noise. An int gives the same series at each call. None
        draws from NumPy's global generator, as scikit-learn's `make_*` functions do.

    Returns
    -------
    series : ndarray of shape (n_series, n_steps)
        One series a row, oldest step first, float64.

    Raises
    ------
    ValueError
        If `n_series` or `n_steps` is not an int of at least 1, or `random_state` is not a seed.

    See Also
    --------
    load_stock_prices : Real prices.
    make_visitors : Generated days with dates.

    Notes
    -----
    Frequencies do not depend on `n_steps`, which is how finely the same period is sampled. For
    targets that follow 50 steps, make 51 steps and split off the last one, as below.

    References
    ----------
    Géron, A. (2019). Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow, 2nd
    edition, chapter 15. O'Reilly.

    Examples
    --------
    >>> from skrnn.datasets import make_noisy_waves
    >>> series = make_noisy_waves(100, 51, random_state=0)
    >>> X, y = series[:, :-1], series[:, -1]
    >>> X.shape, y.shape
    ((100, 50), (100,))
    """
    sizes: dict[str, Any] = {"n_series": n_series, "n_steps": n_steps}
    for name, value in sizes.items():
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name}={value!r} is not an int of at least 1.")
    rng = check_random_state(random_state)
    freq1, freq2, offset1, offset2 = rng.uniform(size=(4, n_series, 1))
    time = np.linspace(0, 1, n_steps)
    series = 0.5 * np.sin((time - offset1) * (freq1 * 10 + 10))
    series += 0.2 * np.sin((time - offset2) * (freq2 * 20 + 20))
    series += 0.1 * (rng.uniform(size=(n_series, n_steps)) - 0.5)
    return series
