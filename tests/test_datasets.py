import math
import sys

import numpy as np
import pandas as pd
import pytest
from bokeh_sampledata import stocks
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.datasets import load_stock_prices, make_noisy_waves, make_visitors

TICKERS = ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
PRICES = ["Open", "High", "Low", "Close"]

# Prices


@pytest.fixture(scope="module", params=TICKERS)
def ticker(request):
    return request.param


@pytest.fixture(scope="module")
def prices(ticker):
    """Prices of one stock; do not change them."""
    return load_stock_prices(ticker)


@pytest.fixture(scope="module")
def raw(ticker):
    """The source of these prices: a dict of lists."""
    return getattr(stocks, ticker)


def test_google_is_the_default():
    pd.testing.assert_frame_equal(load_stock_prices(), load_stock_prices("GOOG"))


def test_columns_are_four_prices_and_a_whole_volume(prices):
    assert list(prices.columns) == [*PRICES, "Volume"]
    assert (prices[PRICES].dtypes == np.float64).all()
    assert prices["Volume"].dtype == np.int64
    assert not prices.isna().any(axis=None)


def test_index_holds_each_trading_day_once_in_order(prices, raw):
    assert isinstance(prices.index, pd.DatetimeIndex)
    assert prices.index.name == "Date"
    assert prices.index.is_monotonic_increasing
    assert prices.index.is_unique
    assert [f"{day:%Y-%m-%d}" for day in prices.index] == sorted(raw["date"])


def test_prices_are_scaled_by_adjusted_over_raw_close_of_the_day(prices, raw):
    for column in PRICES:
        expected = [
            price * adjusted / close
            for price, adjusted, close in zip(
                raw[column.lower()], raw["adj_close"], raw["close"], strict=True
            )
        ]
        np.testing.assert_allclose(prices[column], expected, rtol=1e-14)


def test_close_and_volume_are_those_of_the_source(prices, raw):
    assert prices["Close"].tolist() == raw["adj_close"]
    assert prices["Volume"].tolist() == raw["volume"]


def test_open_and_close_lie_between_low_and_high_to_the_last_digit(prices):
    for column in ("Open", "Close"):
        assert (prices["Low"] <= prices[column]).all()
        assert (prices[column] <= prices["High"]).all()


@pytest.mark.parametrize("column", ["Open", "Close"])
def test_no_split_is_left_in_the_prices(ticker, prices, column):
    change = prices[column].pct_change().abs()
    # Apple did fall by half on one day, after a profit warning.
    real = {"AAPL": ["2000-09-29"]}.get(ticker, [])
    assert [f"{day:%Y-%m-%d}" for day in change.index[change >= 0.3]] == real


def test_a_split_of_apple_is_in_the_source_and_not_in_the_prices():
    source = pd.Series(stocks.AAPL["close"], index=stocks.AAPL["date"])
    assert source["2005-02-28"] / source["2005-02-25"] == pytest.approx(0.5, abs=0.02)
    close = load_stock_prices("AAPL")["Close"]
    assert close.loc["2005-02-28"] / close.loc["2005-02-25"] == pytest.approx(1.0, abs=0.02)


def test_google_has_every_trading_day_from_2008_to_march_2013():
    days = load_stock_prices("GOOG").loc["2008":].index
    assert (days[0], days[-1]) == (pd.Timestamp("2008-01-02"), pd.Timestamp("2013-03-01"))
    # Trading days of the New York Stock Exchange; Hurricane Sandy closed it for two in 2012.
    assert days.year.value_counts().sort_index().tolist() == [253, 252, 252, 252, 250, 41]
    assert (days.day_of_week < 5).all()


def test_google_starts_with_its_first_trading_day():
    assert load_stock_prices("GOOG").index[0] == pd.Timestamp("2004-08-19")


def test_each_call_returns_prices_of_its_own():
    prices = load_stock_prices("FB")
    prices["Close"] = 0.0
    assert (load_stock_prices("FB")["Close"] > 0).all()


@pytest.mark.parametrize("unknown", ["TSLA", "goog"])
def test_an_error_about_an_unknown_ticker_names_the_known_ones(unknown):
    known = "'AAPL', 'FB', 'GOOG', 'IBM', 'MSFT'"
    with pytest.raises(ValueError, match=f"ticker='{unknown}' is not known.*{known}"):
        load_stock_prices(unknown)


def test_without_bokeh_sampledata_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh_sampledata", None)
    with pytest.raises(ImportError, match=r'pip install "skrnn\[examples\]"'):
        load_stock_prices()


# Waves


def waves_by_hand(n_series, n_steps, rng):
    """Compute every step on its own, from numbers drawn in the order of the book."""
    draws = rng.random_sample(4 * n_series).reshape(4, n_series)
    noise = rng.random_sample(n_series * n_steps).reshape(n_series, n_steps)
    series = np.empty((n_series, n_steps))
    for i, (freq1, freq2, offset1, offset2) in enumerate(draws.T):
        for step in range(n_steps):
            time = step / (n_steps - 1) if n_steps > 1 else 0.0
            first = math.sin((time - offset1) * (freq1 * 10 + 10))
            second = math.sin((time - offset2) * (freq2 * 20 + 20))
            series[i, step] = 0.5 * first + 0.2 * second + 0.1 * (noise[i, step] - 0.5)
    return series


@given(n_series=st.integers(1, 4), n_steps=st.integers(1, 20), seed=st.integers(0, 2**32 - 1))
def test_waves_are_those_of_the_book_step_by_step(n_series, n_steps, seed):
    series = make_noisy_waves(n_series, n_steps, random_state=seed)
    assert series.dtype == np.float64
    expected = waves_by_hand(n_series, n_steps, np.random.RandomState(seed))
    assert_allclose(series, expected, rtol=0, atol=1e-14)


def test_waves_are_those_of_their_seed():
    series = make_noisy_waves(3, 10, random_state=0)
    assert_array_equal(make_noisy_waves(3, 10, random_state=0), series)
    assert not np.isclose(make_noisy_waves(3, 10, random_state=1), series).any()


def test_waves_advance_a_random_state():
    rng = np.random.RandomState(0)
    first, second = (make_noisy_waves(2, 5, random_state=rng) for _ in range(2))
    assert_array_equal(first, make_noisy_waves(2, 5, random_state=0))
    assert not np.isclose(first, second).any()


def test_waves_without_a_seed_come_from_the_global_generator():
    before = np.random.get_state()  # noqa: NPY002
    try:
        np.random.seed(7)  # noqa: NPY002
        series = make_noisy_waves(2, 5)
    finally:
        np.random.set_state(before)  # noqa: NPY002
    assert_array_equal(series, make_noisy_waves(2, 5, random_state=7))


def test_waves_with_a_seed_leave_the_global_generator_as_it_was():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_noisy_waves(2, 5, random_state=0)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_more_steps_sample_the_same_waves_more_finely():
    coarse = make_noisy_waves(5, 11, random_state=0)
    fine = make_noisy_waves(5, 101, random_state=0)
    # They differ by two draws of the noise, which is at most 0.05.
    assert 0 < np.abs(fine[:, ::10] - coarse).max() <= 0.1


@pytest.mark.parametrize("name", ["n_series", "n_steps"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None])
def test_numbers_of_waves_and_steps_are_ints_of_at_least_1(name, value):
    with pytest.raises(ValueError, match=f"{name}={value!r} is not an int of at least 1"):
        make_noisy_waves(**{"n_series": 2, "n_steps": 2, name: value})


def test_an_invalid_seed_is_refused():
    with pytest.raises(ValueError, match="'red' cannot be used to seed"):
        make_noisy_waves(2, 2, random_state="red")


# Visitors


def test_visitors_are_days_from_2021_on_with_whole_numbers():
    visitors = make_visitors(random_state=0)
    assert list(visitors.columns) == ["visitors"]
    assert visitors.index.equals(pd.date_range("2021-01-01", "2023-12-31", name="date"))
    assert visitors.index.name == "date"
    assert_array_equal(visitors, visitors.round())
    assert (visitors > 0).all(axis=None)


def test_visitors_are_the_product_of_week_season_and_an_autoregressive_mood():
    numbers = make_visitors(400, random_state=3)["visitors"]
    noise = np.random.RandomState(3).normal(scale=0.06, size=400)
    for t in (0, 1, 5, 399):
        day = numbers.index[t]
        factor = {"Saturday": 1.8, "Sunday": 1.6, "Friday": 1.2, "Monday": 1, "Thursday": 1}
        season = 1 + 0.3 * math.sin(2 * math.pi * day.day_of_year / 365)
        mood = sum(0.8 ** (t - s) * noise[s] for s in range(1, t + 1))
        expected = 200 * factor.get(day.day_name(), 0.9) * season * math.exp(mood)
        assert numbers.iloc[t] == pytest.approx(expected, abs=0.5001)


def test_visitors_of_fewer_days_are_the_first_ones():
    longer = make_visitors(50, random_state=1)
    pd.testing.assert_frame_equal(make_visitors(20, random_state=1), longer.iloc[:20])


@pytest.mark.parametrize("n_days", [0, -1, 2.0, "10", None])
def test_the_number_of_days_is_an_int_of_at_least_1(n_days):
    with pytest.raises(ValueError, match=f"n_days={n_days!r} is not an int of at least 1"):
        make_visitors(n_days)
