"""Series for examples and tests, from packages that are installed; nothing is downloaded."""

from __future__ import annotations

import pandas as pd

_TICKERS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


def load_stock_prices(ticker: str = "GOOG") -> pd.DataFrame:
    """Load the daily prices of one stock, adjusted for splits and dividends.

    The data are those of the package `bokeh_sampledata` (Quandl WIKI Prices, public domain). They
    end on 2013-03-01 and start on 2000-03-01, or when the stock was first traded: 2004-08-19 for
    GOOG, 2012-05-18 for FB.

    Parameters
    ----------
    ticker : {"AAPL", "FB", "GOOG", "IBM", "MSFT"}, default="GOOG"
        Symbol of the stock. "GOOG" is what trades as GOOGL since the split of 2014.

    Returns
    -------
    prices : DataFrame of shape (n_days, 5)
        One row for each trading day, oldest first, with a DatetimeIndex named "Date".

        - Open, High, Low, Close : float, in US dollars. Close is the adjusted close of the source,
          unchanged. The others are scaled by the same factor, adjusted over raw close of that day.
          Splits and dividends after 2013 are adjusted for, too, so the level is not what was paid.
        - Volume : int, number of shares traded that day, as traded: not adjusted for splits.

    Raises
    ------
    ValueError
        If `ticker` is not one of those above.
    ImportError
        If `bokeh_sampledata` is not installed.

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
            "load_stock_prices reads the data of bokeh_sampledata, which is not installed. "
            'Install it with: pip install "skrnn[examples]"'
        ) from error

    raw = pd.DataFrame(getattr(stocks, ticker))
    adjusted = raw["adj_close"]
    # Price over close first: it is 1 for equal prices, so rounding keeps Low <= Close <= High.
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
