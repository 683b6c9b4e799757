"""Absence of false warnings: every warning is an error in these tests."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import NaiveRegressor, SlidingWindowTransformer, forecast
from skrnn.model_selection import check_leakage, compare_regressors

N = 600


def holidays_of_an_exchange():
    """Trading days with the holidays of the United States, and two days of a storm."""
    from pandas.tseries.holiday import USFederalHolidayCalendar

    days = pd.bdate_range("2010-06-01", periods=N + 40)
    days = days.difference(USFederalHolidayCalendar().holidays(days[0], days[-1]))
    return days.difference(pd.DatetimeIndex(["2012-10-29", "2012-10-30"]))[:N]


def easter_holidays():
    days = pd.bdate_range("2018-01-02", periods=N + 40)
    closed = ["2018-03-30", "2018-04-02", "2018-05-01", "2018-12-25", "2018-12-26", "2019-01-01"]
    closed += ["2019-04-19", "2019-04-22", "2019-05-01", "2019-12-25", "2019-12-26", "2020-01-01"]
    return days.difference(pd.DatetimeIndex(closed))[:N]


def bars(start="2024-02-26", n=78, zone="America/New_York", closed=(), days=None):
    if days is None:
        days = pd.bdate_range(start, periods=N).difference(pd.DatetimeIndex(closed))
    times = pd.timedelta_range("9h30min", periods=n, freq=pd.Timedelta("6.5h") / n)
    every = days.repeat(n) + pd.TimedeltaIndex(np.tile(times, len(days)))
    return every.tz_localize(zone)


def half_days():
    """Bars of an exchange, with a holiday after a half day: July 3, Thanksgiving and Christmas."""
    every = bars(n=13, days=holidays_of_an_exchange())
    short = ["2010-11-26", "2010-12-23", "2011-07-01", "2011-11-25", "2011-12-23", "2012-07-03"]
    is_short = every.tz_localize(None).normalize().isin(pd.DatetimeIndex(short))
    return every[~(is_short & (every.hour >= 13))]


LABELS = {
    "trading days of the United States": holidays_of_an_exchange(),
    "trading days with Easter": easter_holidays(),
    "trading days of a zone": holidays_of_an_exchange().tz_localize("America/New_York"),
    "trading days as text made dates": pd.to_datetime(holidays_of_an_exchange().astype(str)),
    "bars of 5 minutes": bars()[:N],
    "bars of 5 minutes from noon on": bars()[30 : N + 30],
    # Over both changes of the clock.
    "bars of 5 minutes in UTC": bars().tz_convert("UTC")[: 190 * 78],
    "bars of 5 minutes in UTC, from summer on": bars("2024-10-07").tz_convert("UTC")[: 115 * 78],
    "bars with half days": half_days(),
    "bars without a zone, and a holiday": bars(zone=None, closed=["2024-02-28"])[:N],
    "bars of 30 minutes": bars(n=13)[:N],
    "two bars a day": bars(n=2)[:N],
    "one bar a day": bars(n=1)[:N],
    "hours of a zone, spring": pd.date_range("2024-03-20", periods=N, freq="h", tz="Europe/Berlin"),
    "hours of a zone, autumn": pd.date_range("2024-10-15", periods=N, freq="h", tz="Europe/Berlin"),
    "days of a zone": pd.date_range("2023-01-01", periods=N, tz="Europe/Berlin"),
    "days but Sundays": pd.DatetimeIndex(
        [day for day in pd.date_range("2022-01-01", periods=2 * N) if day.day_of_week != 6]
    )[:N],
    "weeks": pd.date_range("2010-01-01", periods=N, freq="W"),
    "month ends": pd.date_range("1970-01-01", periods=N, freq="ME"),
    "business month ends": pd.date_range("1970-01-01", periods=N, freq="BME"),
    "quarters": pd.period_range("1900Q1", periods=N, freq="Q"),
    "months": pd.period_range("1970-01", periods=N, freq="M"),
    # Nanoseconds of pandas 2 begin with 1678 and end with 2262.
    "years": pd.period_range("1680", periods=N - 50, freq="Y"),
    "seconds": pd.date_range("2024-01-01 10:00", periods=N, freq="s"),
    "irregular": pd.Timestamp("2024-01-01")
    + pd.to_timedelta(np.cumsum(np.random.default_rng(0).integers(1, 90, N)), unit="min"),
    "numbers": pd.RangeIndex(2000, 2000 + N),
    "floats": pd.Index(np.arange(N) * 0.1),
    "default": pd.RangeIndex(N),
    "array": None,
    "polars": None,
}


def table(name):
    """Return rows with these labels, and a target."""
    n = N if LABELS[name] is None else len(LABELS[name])
    y = 100 + np.cumsum(np.random.default_rng(1).normal(size=n))
    if name == "array":
        return y[:, np.newaxis], y
    if name == "polars":
        return pl.DataFrame({"price": y}), y
    return pd.DataFrame({"price": y}, index=LABELS[name]), y


def ridge(n=5, **params):
    return make_pipeline(StandardScaler(), SlidingWindowTransformer(n, **params), Ridge())


@pytest.fixture(params=LABELS)
def series(request):
    """A table and its target, by a name."""
    return table(request.param)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_searches_and_scores_over_folds_in_order_of_time_do_not_warn(series, output):
    X, y = series
    if isinstance(X, pl.DataFrame) and output == "pandas":
        return
    pipe = ridge().set_output(transform=output)
    for cv in (TimeSeriesSplit(3), TimeSeriesSplit(4, max_train_size=100, test_size=90)):
        cross_validate(pipe, X, y, cv=cv, return_train_score=True)
    search = GridSearchCV(pipe, {"slidingwindowtransformer__window_length": [2, 7]}, cv=cv)
    search.fit(X, y).predict(X)


def test_a_comparison_and_a_check_for_leaks_do_not_warn(series):
    X, y = series
    pipe = ridge()
    if not isinstance(X, np.ndarray | pl.DataFrame):
        pipe.set_output(transform="pandas")
    compare_regressors({"ridge": pipe}, X, y, cv=TimeSeriesSplit(3))
    assert not check_leakage(pipe, X, y)


def part(X, first, last):
    """Return some rows by their places: pandas 2 asks floats in brackets for labels."""
    return X.iloc[first:last] if isinstance(X, pd.DataFrame) else X[first:last]


def test_each_part_of_a_table_predicted_after_the_part_before_it_does_not_warn(series):
    X, y = series
    pipe = ridge().set_output(transform="polars" if isinstance(X, pl.DataFrame) else "pandas")
    for cut in (50, 77, 300):
        pipe.fit(part(X, 0, cut), y[:cut])
        for first, last in ((cut, len(X)), (cut, cut + 1), (0, cut), (0, len(X)), (0, 3)):
            pipe.predict(part(X, first, last))


def test_stacked_fitted_pipelines_do_not_warn(series):
    X, y = series
    pipe = ridge()
    if not isinstance(X, np.ndarray | pl.DataFrame):
        pipe.set_output(transform="pandas")
    fitted = [("ridge", pipe.fit(part(X, 0, 300), y[:300]))]
    later = part(X, 300, len(X))
    stack = StackingRegressor(fitted, Ridge(), cv="prefit").fit(later, y[300:])
    stack.predict(later)


@pytest.mark.parametrize(
    "name", ["days of a zone", "month ends", "quarters", "numbers", "default", "array", "weeks"]
)
def test_forecasts_do_not_warn(name):
    X, y = table(name)
    pipe = make_pipeline(SlidingWindowTransformer(5, flatten=False), NaiveRegressor()).fit(X, y)
    assert len(forecast(pipe, 9)) == 9
    assert len(forecast(pipe, 9, X=X)) == 9
    assert len(forecast(pipe, 9, X=X[-20:])) == 9 if name == "array" else True


@pytest.mark.parametrize("as_column", [True, False])
@pytest.mark.parametrize("is_sorted_by_time", [True, False])
def test_panels_do_not_warn(as_column, is_sorted_by_time):
    days = holidays_of_an_exchange()[:60]
    index = pd.MultiIndex.from_product([days, list("abcde")], names=["day", "shop"])
    # Two series that begin later, and one that has an end.
    keep = (index.get_level_values("shop") != "b") | (index.get_level_values("day") > days[5])
    keep &= (index.get_level_values("shop") != "c") | (index.get_level_values("day") < days[50])
    X = pd.DataFrame({"sales": np.arange(300.0)}, index=index)[keep]
    if not is_sorted_by_time:
        X = X.sort_index(level="shop")
    y = X["sales"].to_numpy()
    if as_column:
        X = X.reset_index("shop")
    pipe = ridge(3, group="shop")[1:]
    pipe.fit(X, y).predict(X)
    if is_sorted_by_time:
        cross_validate(pipe, X, y, cv=TimeSeriesSplit(3))
        compare_regressors({"ridge": pipe}, X, y, cv=TimeSeriesSplit(3))


@pytest.mark.parametrize("keep", [1.0, 0.98, 0.8])
def test_panels_with_a_default_index_do_not_warn(keep):
    shops = np.random.default_rng(0).random((100, 5)) < keep
    codes = np.nonzero(shops)[1]
    X = pd.DataFrame({"sales": np.arange(float(len(codes))), "shop": codes})
    pipe = ridge(3, group="shop")[1:]
    cross_validate(pipe, X, X["sales"], cv=TimeSeriesSplit(4))
    pipe.fit(X[:200], X["sales"][:200]).predict(X[200:])
    pipe.predict(X[200:].reset_index(drop=True))
