"""Forecasts of the rows that come next, beside loops written by hand."""

import threading
import warnings
from datetime import timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    NaiveRegressor,
    SlidingWindowTransformer,
    forecast,
)
from skrnn.exceptions import MissingStepsWarning, RowsMissingWarning
from skrnn.forecasting._past import read_frame

RNG = np.random.default_rng(0)
SERIES = 50 + np.cumsum(RNG.normal(size=40))
DAYS = pd.date_range("2024-01-01", periods=40, freq="D", name="day")
FRAME = pd.DataFrame({"level": SERIES}, DAYS)


def windowed(model, length=4, **window):
    """Put a model behind flat windows, unless `flatten` is given."""
    window = SlidingWindowTransformer(length, **{"flatten": True} | window)
    pipe = make_pipeline(MinMaxScaler(), window, model)
    return pipe.set_output(transform="pandas")


@pytest.fixture(scope="module")
def network():
    """A network behind scaler and window, fitted on days. Not to be fitted again."""
    pipe = windowed(LSTMRegressor(3, epochs=2, random_state=0))
    return pipe.fit(FRAME, FRAME["level"])


def by_hand(pipe, frame, steps):
    """Append a row of NaN, predict it, put the prediction in; again."""
    predicted = []
    for _ in range(steps):
        label = frame.index[-1] + pd.Timedelta(days=1)
        frame = pd.concat([frame, pd.DataFrame({"level": [np.nan]}, [label])])
        predicted.append(pipe.predict(frame)[-1])
        frame.loc[label, "level"] = predicted[-1]
    return predicted


def test_the_first_step_is_the_prediction_of_a_row_appended_with_nan(network):
    ahead = pd.DataFrame({"level": [np.nan]}, [DAYS[-1] + pd.Timedelta(days=1)])
    assert forecast(network, 1).iloc[0] == network.predict(ahead)[0]
    whole = network.predict(pd.concat([FRAME, ahead]))[-1]
    assert forecast(network, 1, X=FRAME).iloc[0] == whole


@pytest.mark.parametrize("X", [None, FRAME], ids=["fitted rows", "given rows"])
def test_a_model_of_one_step_reads_its_own_predictions(network, X):
    found = forecast(network, 7, X=X)
    np.testing.assert_array_equal(found, by_hand(network, FRAME, 7))
    # Longer than the window: the last ones are predicted from predictions only.
    assert len(found) > 4


def test_dates_go_on(network):
    found = forecast(network, 3)
    expected = pd.date_range("2024-02-10", periods=3, freq="D", name="day")
    pd.testing.assert_index_equal(found.index, expected)
    assert found.name == "level"


def test_rows_that_continue_the_fitted_ones_go_on_from_their_end(network):
    later = pd.DataFrame({"level": [51.0, 49.0]}, DAYS[-1] + pd.to_timedelta([1, 2], unit="D"))
    found = forecast(network, 2, X=later)
    np.testing.assert_array_equal(found, by_hand(network, pd.concat([FRAME, later]), 2))
    assert found.index[0] == DAYS[-1] + pd.Timedelta(days=3)


def test_a_line_goes_on_as_a_line():
    line = np.arange(20.0)[:, None]
    drift = NaiveRegressor(strategy="drift")
    pipe = make_pipeline(SlidingWindowTransformer(3, flatten=False), drift).fit(line, line[:, 0])
    np.testing.assert_allclose(forecast(pipe, 5), [20, 21, 22, 23, 24])


@pytest.mark.parametrize("horizon", [1, 3])
def test_a_linear_recurrence_is_followed(horizon):
    # Each value is the sum of two before it, less what keeps it small; horizon steps ahead.
    x = np.zeros(60)
    x[:2] = 1.0, 0.5
    for t in range(2, 60):
        x[t] = 1.6 * x[t - 1] - 0.9 * x[t - 2]
    window = SlidingWindowTransformer(6, horizon=horizon)
    pipe = make_pipeline(window, LinearRegression())
    pipe.fit(x[:50, None], x[:50])
    # The first rows were padded: fit the model again on those that were not.
    windows = pipe[0].transform(x[:50, None])
    pipe[1].fit(windows[10:], x[10:50])
    np.testing.assert_allclose(forecast(pipe, 10, X=x[:50, None]), x[50:], atol=1e-6)


def test_without_labels_there_are_none():
    pipe = windowed(Ridge()).set_output(transform="default").fit(SERIES[:, None], SERIES)
    for X in (None, SERIES[:, None], SERIES[:, None].tolist()):
        found = forecast(pipe, 3, X=X)
        assert isinstance(found, np.ndarray)
        assert found.shape == (3,)
    np.testing.assert_array_equal(forecast(pipe, 3), forecast(pipe, 3, X=SERIES[:, None]))


def test_default_labels_go_on_counting():
    frame = FRAME.reset_index(drop=True)
    pipe = windowed(Ridge()).fit(frame, frame["level"])
    for X in (None, frame):
        found = forecast(pipe, 2, X=X)
        pd.testing.assert_index_equal(found.index, pd.RangeIndex(40, 42))
        np.testing.assert_allclose(found, forecast(windowed(Ridge()).fit(FRAME, SERIES), 2))


@pytest.mark.parametrize("step", [None, "passthrough"])
def test_a_first_step_that_does_nothing_is_passed_over(step):
    plain = make_pipeline(SlidingWindowTransformer(4), Ridge())
    for rows in (FRAME, FRAME.to_numpy()):
        pipe = Pipeline([("none", step), *clone(plain).steps]).fit(rows, SERIES)
        expected = forecast(clone(plain).fit(rows, SERIES), 3)
        np.testing.assert_array_equal(forecast(pipe, 3), expected)
        assert type(forecast(pipe, 3)) is type(expected)


def test_fractions_go_on_without_the_rounding_of_the_last_step():
    index = np.arange(43) * 0.1
    frame = FRAME.set_axis(index[:40])
    pipe = make_pipeline(SlidingWindowTransformer(4), Ridge()).fit(frame, frame["level"])
    np.testing.assert_allclose(forecast(pipe, 3).index, index[40:], rtol=1e-15)


def test_polars_rows_are_read():
    rows = pl.DataFrame({"level": SERIES})
    pipe = make_pipeline(SlidingWindowTransformer(4), Ridge()).set_output(transform="polars")
    pipe.fit(rows, SERIES)
    expected = forecast(make_pipeline(SlidingWindowTransformer(4), Ridge()).fit(rows, SERIES), 2)
    np.testing.assert_allclose(forecast(pipe, 2, X=rows), expected)


@pytest.mark.parametrize(
    "last",
    [
        lambda inner: inner,
        lambda inner: TransformedTargetRegressor(inner),
        lambda inner: GridSearchCV(inner, {"ridge__alpha": [0.1]}, cv=TimeSeriesSplit(2)),
    ],
    ids=["pipeline", "transformed target", "search"],
)
def test_windows_within_the_last_step_see_the_rows_before(last):
    inner = make_pipeline(SlidingWindowTransformer(2), Ridge(0.1))
    pipe = make_pipeline(MinMaxScaler(), last(inner)).set_output(transform="pandas")
    pipe.fit(FRAME, LEVEL := FRAME["level"])
    flat = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(2), Ridge(0.1))
    flat.set_output(transform="pandas").fit(FRAME, LEVEL)
    for X in (FRAME,) if last(inner) is not inner else (None, FRAME):
        np.testing.assert_allclose(forecast(pipe, 5, X=X), forecast(flat, 5, X=X))


def test_targets_of_one_column_are_one_step():
    pipe = windowed(Ridge()).fit(FRAME, FRAME[["level"]])
    flat = windowed(Ridge()).fit(FRAME, FRAME["level"])
    np.testing.assert_allclose(forecast(pipe, 3), forecast(flat, 3))


def test_a_fit_on_one_row_goes_on():
    one = pd.DataFrame({"level": [5.0]})
    naive = make_pipeline(SlidingWindowTransformer(1, flatten=False), NaiveRegressor())
    found = forecast(naive.fit(one, one["level"]), 2)
    assert found.to_dict() == {1: 5.0, 2: 5.0}


def test_labels_are_not_forecast():
    pipe = make_pipeline(SlidingWindowTransformer(2), LogisticRegression()).fit(FRAME, SERIES > 50)
    with pytest.raises(ValueError, match="Pipeline predicts labels"):
        forecast(pipe, 1)


def test_a_search_stands_for_its_best_estimator():
    grid = {"ridge__alpha": [0.1, 1.0]}
    search = GridSearchCV(windowed(Ridge()), grid, cv=TimeSeriesSplit(2)).fit(FRAME, SERIES)
    pd.testing.assert_series_equal(forecast(search, 2), forecast(search.best_estimator_, 2))


# Labels


@pytest.mark.parametrize(
    "index",
    [
        pd.bdate_range("2024-01-03", periods=49),
        pd.date_range("2021-03-31", periods=49, freq="ME"),
        pd.date_range("2014-01-01", periods=49, freq="QS"),
        pd.date_range("2024-01-01", periods=49, freq="30min"),
        # The clock is set forward on the last Sunday of March.
        pd.date_range("2024-03-01", periods=49, freq="D", tz="Europe/Berlin"),
        pd.period_range("2021-03", periods=49, freq="M"),
        pd.timedelta_range("1h", periods=49, freq="15min"),
        pd.RangeIndex(5, 250, 5),
        pd.Index(np.arange(49) / 4, name="seconds"),
    ],
    ids=lambda index: getattr(index, "freqstr", None) or type(index).__name__,
)
@pytest.mark.parametrize("given", [True, False], ids=["given rows", "fitted rows"])
@pytest.mark.parametrize("says_so", [True, False], ids=["with freq", "without freq"])
def test_labels_go_on_as_they_came(index, given, says_so):
    ahead, index = index[40:], index[:41]
    frame = pd.DataFrame({"level": SERIES}, index[:40])
    if not says_so and hasattr(index, "freq") and not isinstance(index, pd.PeriodIndex):
        frame.index = pd.Index(list(index[:40]), name=index.name)
    naive = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor())
    naive.fit(frame, frame["level"])
    found = forecast(naive, 9, X=frame if given else None)
    assert list(found.index) == list(ahead)
    assert found.index.name == index.name
    assert getattr(found.index, "tz", None) == getattr(index, "tz", None)
    # Whatever the labels are, the row is one that continues the fitted ones.
    assert found.iloc[0] == SERIES[-1]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
def test_few_rows_that_go_on_have_the_frequency_of_those_before_them(n):
    days = pd.bdate_range("2024-01-01", periods=60)
    frame = pd.DataFrame({"level": np.arange(60.0)}, pd.DatetimeIndex(list(days)))
    naive = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor("drift"))
    naive.fit(frame.iloc[:40], frame["level"].iloc[:40])
    found = forecast(naive, 6, X=frame.iloc[40 : 40 + n])
    # Over a weekend, whatever days of the week were given.
    assert list(found.index) == list(days[40 + n : 46 + n])
    np.testing.assert_allclose(found, np.arange(40 + n, 46 + n))


def test_rows_of_the_past_have_a_frequency_of_their_own():
    naive = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor())
    naive.fit(FRAME, FRAME["level"])
    assert list(forecast(naive, 2, X=FRAME.iloc[:3]).index) == list(DAYS[3:5])


def test_a_frequency_with_holidays_is_not_continued_without_them():
    exchange = pd.offsets.CustomBusinessDay(holidays=["2024-01-15", "2024-02-20"])
    days = pd.date_range("2024-01-01", periods=35, freq=exchange)
    assert days[-1] == pd.Timestamp("2024-02-19")
    frame = pd.DataFrame({"level": SERIES[:35]}, days)
    naive = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor())
    naive.fit(frame, frame["level"])
    with pytest.raises(ValueError, match="do not all follow one rule"):
        forecast(naive, 1)


def test_a_last_label_off_the_frequency_skips_none():
    days = pd.bdate_range("2024-01-01", periods=20)
    frame = pd.DataFrame({"level": SERIES[:20]}, days)
    naive = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor())
    naive.fit(frame, frame["level"])
    saturday = pd.DataFrame({"level": [1.0]}, pd.DatetimeIndex(["2024-01-27"]))
    found = forecast(naive, 2, X=saturday)
    assert list(found.index) == [pd.Timestamp("2024-01-29"), pd.Timestamp("2024-01-30")]


def test_time_zones_without_a_name_of_their_own():
    zone = timezone(timedelta(hours=2), "CEST")
    frame = pd.DataFrame({"level": SERIES}, pd.date_range("2024-05-01", periods=40, tz=zone))
    naive = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor())
    naive.fit(frame, frame["level"])
    expected = pd.Timestamp("2024-06-10", tz=zone)
    for X in (None, frame):
        assert forecast(naive, 1, X=X).index[0] == expected


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([20, 21]),
        pd.date_range("2024-02-11", periods=2),
        pd.date_range("2024-02-10", periods=2, tz="UTC"),
        pd.date_range("2024-02-10", periods=2)[::-1],
    ],
    ids=["numbers", "a day late", "time zone", "backwards"],
)
def test_labels_that_do_not_go_on_are_refused_where_the_fitted_rows_are_meant(network, index):
    with pytest.raises(ValueError, match="do not continue the labels of the fitted rows"):
        forecast(network, 2, future=pd.DataFrame(index=index))


def test_rows_without_labels_may_be_given_some(network):
    frame = FRAME.reset_index(drop=True)
    pipe = windowed(Ridge()).fit(frame, frame["level"])
    labels = pd.date_range("2024-02-10", periods=2)
    found = forecast(pipe, 2, future=pd.DataFrame(index=labels))
    np.testing.assert_array_equal(found, forecast(pipe, 2))
    assert list(found.index) == list(labels)


# Two days are missing, on purpose.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.MissingStepsWarning")
def test_irregular_labels_must_be_given():
    days = DAYS.delete([3, 17])
    frame = pd.DataFrame({"level": SERIES[:38]}, days)
    pipe = windowed(Ridge()).fit(frame, frame["level"])
    with pytest.raises(ValueError, match="do not all follow one rule"):
        forecast(pipe, 2)
    next_days = pd.DatetimeIndex(["2024-02-10", "2024-02-11"])
    found = forecast(pipe, 2, future=pd.DataFrame(index=next_days))
    assert list(found.index) == list(next_days)
    unlabeled = make_pipeline(*[step for _, step in windowed(Ridge()).steps])
    unlabeled.fit(frame.to_numpy(), SERIES[:38])
    np.testing.assert_allclose(found, forecast(unlabeled, 2))


# Several columns


@pytest.fixture(scope="module")
def planned():
    """A level that follows the price of the day, which is planned. Not to be changed."""
    price = RNG.normal(size=46)
    level = np.zeros(46)
    for t in range(1, 46):
        level[t] = 0.5 * level[t - 1] + price[t] - 2 * price[t - 1]
    days = pd.date_range("2024-01-01", periods=46, freq="D")
    return pd.DataFrame({"price": price, "level": level}, days)


@pytest.fixture(scope="module")
def lags_and_price(planned):
    """Yesterday's level and price beside today's price, and a line. Not to be fitted again."""
    read = ColumnTransformer(
        [
            ("lags", SlidingWindowTransformer(1, flatten=True), ["level", "price"]),
            ("today", SlidingWindowTransformer(1, horizon=0), ["price"]),
        ]
    )
    pipe = make_pipeline(read, LinearRegression())
    return pipe.fit(planned.iloc[1:40], planned["level"].iloc[1:40])


@pytest.fixture(scope="module")
def planned_network(planned):
    pipe = windowed(GRURegressor(3, epochs=1, random_state=0), flatten=False)
    return pipe.fit(planned.iloc[:40], planned["level"].iloc[:40])


@pytest.mark.parametrize("kind", ["frame", "with the target", "polars"])
def test_known_values_of_other_columns_are_read(lags_and_price, planned, kind):
    future = planned[["price"]].iloc[40:]
    if kind == "with the target":
        # What stands there must play no part.
        future = future.assign(level=1e6)
    if kind == "polars":
        future = pl.from_pandas(future)
    # Without the padded first row, the rule is found exactly.
    past = planned.iloc[1:40]
    windows = lags_and_price[0].transform(past)
    model = LinearRegression().fit(windows[1:], past["level"].iloc[1:])
    pipe = make_pipeline(lags_and_price[0], model)
    found = forecast(pipe, 6, X=past, future=future, target="level")
    np.testing.assert_allclose(found, planned["level"].iloc[40:], atol=1e-9)
    assert list(found.index) == list(planned.index[40:])


def test_a_network_of_several_columns_equals_a_loop_by_hand(planned_network, planned):
    rows, predicted = planned.copy(), []
    rows.loc[rows.index[40:], "level"] = np.nan
    for t in range(40, 46):
        predicted.append(planned_network.predict(rows.iloc[: t + 1])[-1])
        rows.loc[rows.index[t], "level"] = predicted[-1]
    future = planned[["price"]].iloc[40:]
    for X in (None, planned.iloc[:40]):
        found = forecast(planned_network, 6, X=X, future=future, target="level")
        np.testing.assert_array_equal(found, predicted)


def test_arrays_have_numbers_for_names(planned):
    values = planned.to_numpy()
    pipe = make_pipeline(SlidingWindowTransformer(2, flatten=True), LinearRegression())
    pipe.fit(values[:40], values[:40, 1])
    found = forecast(pipe, 3, future=values[40:43], target=1)
    named = make_pipeline(SlidingWindowTransformer(2, flatten=True), LinearRegression())
    named.fit(planned.iloc[:40], planned["level"].iloc[:40])
    expected = forecast(named, 3, future=planned[["price"]].iloc[40:43], target="level")
    np.testing.assert_allclose(found, expected)


def test_the_first_step_needs_nothing_that_is_not_known_yet(planned_network, planned):
    ahead = planned.iloc[40:41] * np.nan
    assert forecast(planned_network, 1).iloc[0] == planned_network.predict(ahead)[0]


def test_categories_are_known_in_advance():
    weekday = DAYS.day_name()
    frame = FRAME.assign(weekday=weekday)
    read = ColumnTransformer(
        [
            ("lags", SlidingWindowTransformer(7), ["level"]),
            ("weekday", OneHotEncoder(sparse_output=False), ["weekday"]),
        ]
    )
    pipe = make_pipeline(read, Ridge()).fit(frame, SERIES)
    later = pd.date_range("2024-02-10", periods=2, freq="D")
    future = pd.DataFrame({"weekday": later.day_name()}, later)
    found = forecast(pipe, 2, X=frame, future=future, target="level")
    first = pd.concat([frame, future.iloc[:1].assign(level=np.nan)])
    second = pd.concat([frame, future.assign(level=[pipe.predict(first)[-1], np.nan])])
    np.testing.assert_allclose(found, [pipe.predict(first)[-1], pipe.predict(second)[-1]])


# Several steps at once


@pytest.fixture(scope="module")
def direct():
    """Three values at once. Not to be fitted again."""
    y = np.column_stack([SERIES[step : 38 + step] for step in range(3)])
    return windowed(GRURegressor(3, epochs=1, random_state=0)).fit(FRAME.iloc[:38], y)


def test_several_outputs_are_the_next_values(direct):
    past = FRAME.iloc[:38]
    ahead = pd.DataFrame({"level": [np.nan]}, DAYS[38:39])
    for X in (None, past):
        found = forecast(direct, 3, X=X)
        np.testing.assert_array_equal(found, direct.predict(ahead)[0])
        assert list(found.index) == [*DAYS[38:40], DAYS[39] + pd.Timedelta(days=1)]
    np.testing.assert_array_equal(forecast(direct, 2), found.iloc[:2])


def test_more_steps_than_outputs_are_refused(direct):
    with pytest.raises(ValueError, match="steps=4 is more than the 3 steps that the model"):
        forecast(direct, 4)


def test_a_direct_model_of_several_columns_needs_nothing_more(planned):
    y = np.column_stack([planned["level"].iloc[step : 38 + step] for step in range(3)])
    pipe = windowed(LinearRegression()).fit(planned.iloc[:38], y)
    found = forecast(pipe, 3)
    expected = pipe.predict(planned.iloc[38:39] * np.nan)[0]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("architecture", ["sequence_to_sequence", "encoder_decoder"])
def test_networks_that_write_sequences(architecture):
    scaled = SERIES / 50
    windows = SlidingWindowTransformer(4, horizon=0).fit_transform(scaled[:, None])
    later = np.column_stack([np.roll(scaled, -step) for step in range(3)])
    y = windows if architecture == "sequence_to_sequence" else later
    model = GRURegressor(3, architecture=architecture, epochs=1, random_state=0)
    pipe = make_pipeline(SlidingWindowTransformer(4, flatten=False), model)
    pipe.fit(scaled[:, None], y)
    written = pipe.predict([[np.nan]])[0]
    found = forecast(pipe, 2)
    if architecture == "encoder_decoder":
        np.testing.assert_array_equal(found, written[:2])
    else:
        # The last step is that of the row; it is read for the next one.
        again = pipe.predict([[written[-1]], [np.nan]])[1]
        np.testing.assert_array_equal(found, [written[-1], again[-1]])
        search = GridSearchCV(model, {"units": [3]}, cv=2, refit=True)
        wrapped = make_pipeline(SlidingWindowTransformer(4, flatten=False), search)
        wrapped.fit(scaled[:, None], y)
        np.testing.assert_array_equal(forecast(wrapped, 2), found)


# Panels


def make_panel(as_level):
    """Three series of one line each, the last of which ends a day early."""
    parts = []
    for who, slope in [("a", 1.0), ("b", -2.0), ("c", 10.0)]:
        days = DAYS[: 40 - (who == "c")]
        parts.append(pd.DataFrame({"who": who, "level": slope * np.arange(len(days))}, days))
    panel = pd.concat(parts).sort_index(kind="stable")
    return panel.set_index("who", append=True) if as_level else panel


@pytest.mark.parametrize("as_level", [True, False], ids=["level", "column"])
@pytest.mark.parametrize("given", [True, False], ids=["given rows", "fitted rows"])
def test_each_series_of_a_panel_goes_on_by_itself(as_level, given):
    panel = make_panel(as_level)
    window = SlidingWindowTransformer(2, flatten=False, group="who")
    pipe = make_pipeline(window, NaiveRegressor(strategy="drift")).fit(panel, panel["level"])
    found = forecast(pipe, 3, X=panel if given else None)
    expected = {
        "a": dict(zip(pd.date_range("2024-02-10", periods=3), [40.0, 41.0, 42.0], strict=True)),
        "b": dict(zip(pd.date_range("2024-02-10", periods=3), [-80.0, -82.0, -84.0], strict=True)),
        "c": dict(zip(pd.date_range("2024-02-09", periods=3), [390.0, 400.0, 410.0], strict=True)),
    }
    assert set(found.index.names) == {"who", "day"}
    for who, values in expected.items():
        assert found.xs(who, level="who").to_dict() == values


@pytest.mark.parametrize("as_level", [True, False], ids=["level", "column"])
def test_known_values_of_a_panel_belong_to_their_series(as_level):
    panel = make_panel(as_level)
    panel["price"] = np.arange(len(panel))
    window = SlidingWindowTransformer(1, group="who", flatten=True)
    pipe = make_pipeline(window, LinearRegression()).fit(panel, panel["level"])
    labels = pd.DatetimeIndex(["2024-02-10", "2024-02-11"], name="day")
    # Series after series, and in another order. Series c ends a day earlier.
    future = pd.concat(
        [
            pd.DataFrame(
                {"who": who, "price": [k, 10.0 * k]}, labels - pd.Timedelta(days=int(who == "c"))
            )
            for k, who in enumerate("cab")
        ]
    )
    if as_level:
        future = future.set_index("who", append=True)
    found = forecast(pipe, 2, X=panel, future=future, target="level")
    # In the order of future.
    assert found.index.get_level_values("who").tolist() == list("ccaabb")
    for k, who in enumerate("cab"):
        of_one = panel.xs(who, level="who") if as_level else panel.query("who == @who")
        last = of_one[["level", "price"]].iloc[-1].to_numpy()
        first = pipe[1].predict([last])[0]
        second = pipe[1].predict([[first, k]])[0]
        np.testing.assert_allclose(found.xs(who, level="who"), [first, second])


@pytest.mark.parametrize("given", [True, False], ids=["given rows", "fitted rows"])
def test_known_values_without_labels_are_put_in_order(given):
    panel = make_panel(as_level=False).assign(price=1.0)
    panel["who"] = panel["who"].map({"a": 0, "b": 1, "c": 2})
    panel = panel[["who", "level", "price"]]
    window = SlidingWindowTransformer(2, flatten=False, group="who")
    # Of several shops: the sum of the last values of both columns.
    both = make_pipeline(window.set_params(window_length=1), LinearRegression())
    panel["level"] = np.arange(len(panel)) % 7 + panel["who"]
    pipe = both.set_params(slidingwindowtransformer__flatten=True).fit(panel, panel["level"])
    future = pd.DataFrame({"who": [0, 0, 1, 1, 2, 2], "level": 0.0, "price": [5.0, 0, 6, 0, 7, 0]})
    X = panel if given else None
    with pytest.raises(ValueError, match="future is an array, but group='who'"):
        forecast(pipe, 2, X=X, future=future.to_numpy(), target="level")
    pipe[-1].coef_, pipe[-1].intercept_ = np.array([0.0, 1.0]), 0.0
    found = forecast(pipe, 2, X=X, future=future)
    assert found.to_list() == [1.0, 5.0, 1.0, 6.0, 1.0, 7.0]
    assert found.index.get_level_values("who").tolist() == [0, 0, 1, 1, 2, 2]
    days = found.index.get_level_values(1)
    assert list(days[::2]) == [*[pd.Timestamp("2024-02-10")] * 2, pd.Timestamp("2024-02-09")]


def test_a_panel_without_labels_but_its_series():
    panel = make_panel(as_level=False).set_index("who")
    window = SlidingWindowTransformer(2, flatten=False, group="who")
    pipe = make_pipeline(window, NaiveRegressor(strategy="drift")).fit(panel, panel["level"])
    for X in (None, panel):
        found = forecast(pipe, 2, X=X)
        assert found["b"].to_list() == [-80.0, -82.0]


def test_default_labels_of_a_panel():
    panel = make_panel(as_level=False).reset_index(drop=True)
    window = SlidingWindowTransformer(2, flatten=False, group="who")
    pipe = make_pipeline(window, NaiveRegressor(strategy="drift")).fit(panel, panel["level"])
    for X in (None, panel):
        found = forecast(pipe, 2, X=X)
        assert found.xs("b", level="who").tolist() == [-80.0, -82.0]


# Bad input


def test_the_estimator_and_the_rows_stay_as_they_were(network):
    before, frame = network[1].context_.copy(), FRAME.copy()
    forecast(network, 3, X=frame)
    pd.testing.assert_frame_equal(frame, FRAME)
    np.testing.assert_array_equal(network[1].context_, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"target": "other"},
            "target='other' is not .* one of its columns: \\['level'\\]",
        ),
        ({"X": SERIES}, r"X is an array of shape \(40,\), and forecast expects a table"),
        ({"future": pd.DataFrame({"other": [1.0, 2.0]})}, r"future has the columns \['other'\]"),
        (
            {"future": pd.DataFrame({"level": [1.0]})},
            "future has 1 row.*, but steps=2 needs 2",
        ),
        ({"future": np.ones((3, 1))}, r"future of shape \(3, 1\)"),
        ({"steps": 0}, "steps"),
        ({"steps": 1.5}, "steps"),
    ],
)
def test_what_cannot_be_forecast_is_refused(network, arguments, message):
    with pytest.raises(ValueError, match=message):
        forecast(network, **{"steps": 2, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": np.array([1.0])}, "target=array.* is not a column of X"),
        ({"target": pd.NA}, "target=<NA> is not a column of X"),
        ({"target": pd.Series(["level"])}, "is not a column of X"),
        ({"X": [[1.0], [2.0, 3.0]]}, "X cannot be read as an array of numbers"),
        ({"future": [[1.0], [2.0, 3.0]]}, "future cannot be read as an array of numbers"),
        ({"X": np.ma.masked_array(np.ones((3, 1)), np.eye(3)[:, :1])}, "X is.* 1 masked value"),
        ({"X": pd.concat([FRAME, FRAME], axis=1)}, r"X has several columns .*\['level'\]"),
        ({"future": pd.concat([FRAME, FRAME], axis=1)}, "future has several columns"),
        *(
            ({name: to(FRAME.iloc[:2] * 1j)}, f"Complex data not supported: {name} holds")
            for name in ("X", "future")
            for to in (pd.DataFrame, np.asarray, lambda rows: rows.to_numpy().tolist())
        ),
        *(
            ({name: to((FRAME.iloc[:2] * 1j).astype(object))}, f"Complex data.*: {name} holds")
            for name in ("X", "future")
            for to in (pd.DataFrame, np.asarray)
        ),
        *(
            ({name: pd.DataFrame({"level": pd.Series([1.0, cell], dtype=object)})}, message)
            for name in ("X", "future")
            for cell, message in (
                ([1.0], f"{name} holds an object of type list in row 1 of column 'level'"),
                (np.ones(1), f"{name} holds an object of type ndarray in row 1"),
                (Decimal("sNaN"), f"{name} holds an object of type Decimal in row 1"),
                (10**400, f"{name} holds a number in row 1 of column 'level' that is too large"),
                (np.longdouble("1e4000"), f"{name} holds a number in row 1 .* too large"),
            )
        ),
        (
            {"X": pl.DataFrame({"level": pl.Series([1.0, 1j], dtype=pl.Object)})},
            "Complex data not supported: X holds",
        ),
        (
            {"X": pd.DataFrame({"level": np.full(2, np.longdouble("1e4000"))})},
            "target column is not",
        ),
        ({"X": pd.DataFrame({"level": ["9" * 400] * 2}, dtype=object)}, "target column is not"),
    ],
)
def test_rows_and_targets_that_cannot_be_read_are_refused(network, arguments, message):
    with pytest.raises(ValueError, match=message):
        forecast(network, 2, **arguments)


def test_a_missing_value_among_objects_is_no_number_that_is_too_large(network):
    plain = forecast(network, 2, X=FRAME.iloc[:5])
    cells = pd.Series([np.longdouble("nan"), *FRAME["level"].iloc[:5]], dtype=object)
    assert read_frame(cells.to_frame(), "X")[1]
    before = pd.DataFrame({"level": cells.iloc[1:].to_numpy()}, index=FRAME.index[:5])
    np.testing.assert_allclose(forecast(network, 2, X=before), plain)


def test_columns_that_are_read_must_be_known(planned_network, planned):
    for target in ("level", None):
        with pytest.raises(ValueError, match=r"\['price'\] are read, but not predicted"):
            forecast(planned_network, 2, target=target)
    with pytest.raises(ValueError, match=r"target='price', but .* is the column 'level' of X"):
        forecast(planned_network, 2, target="price", future=planned[["level"]].iloc[40:42])


def test_an_estimator_must_be_fitted_and_remember_its_rows(planned):
    with pytest.raises(NotFittedError):
        forecast(windowed(Ridge()), 2)
    with pytest.raises(ValueError, match="no SlidingWindowTransformer within it"):
        forecast(Ridge().fit(SERIES[:, None], SERIES), 2)
    fresh = windowed(Ridge(), carry_context=False).fit(FRAME, SERIES)
    with pytest.raises(ValueError, match="carry_context=False"):
        forecast(fresh, 2)
    assert forecast(fresh, 2, X=FRAME).shape == (2,)


def test_a_window_within_another_step_remembers_its_rows(lags_and_price, planned):
    future = planned[["price"]].iloc[40:44]
    given = forecast(lags_and_price, 4, X=planned.iloc[1:40], future=future.iloc[[0, 1, 2, 3]])
    np.testing.assert_array_equal(forecast(lags_and_price, 4, future=future), given)
    # The price of the day itself is read in the first row already.
    with pytest.raises(ValueError, match=r"columns \['price'\] are read.*the next 1 row"):
        forecast(lags_and_price, 1)


def test_the_series_of_future_must_be_those_of_the_panel():
    panel = make_panel(as_level=False)
    window = SlidingWindowTransformer(2, flatten=False, group="who")
    pipe = make_pipeline(window, NaiveRegressor()).fit(panel, panel["level"])
    future = pd.DataFrame({"who": ["a", "b"]}, DAYS[:2])
    with pytest.raises(ValueError, match=r"needs 1 of each of the series \['a', 'b', 'c'\]"):
        forecast(pipe, 1, future=future)


@pytest.mark.parametrize(
    "days",
    [
        pd.bdate_range("2024-03-27", periods=3),
        pd.date_range("2023-02-01", periods=2, freq="MS"),
    ],
    ids=["a weekend comes", "a longer month comes"],
)
def test_labels_go_on_by_their_rule_where_the_next_step_is_longer_than_any_before(days):
    rows = pd.DataFrame({"price": np.arange(float(len(days)))}, days)
    pipe = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor("drift"))
    pipe.fit(rows, rows["price"])
    assert forecast(pipe, 1).tolist() == [float(len(days))]
    assert forecast(pipe, 1, X=rows).tolist() == [float(len(days))]


def test_steps_without_an_end_and_columns_of_lists_are_refused():
    pipe = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor())
    pipe.fit(np.arange(9.0)[:, None], np.arange(9.0))
    with pytest.raises(ValueError, match="'steps' parameter of forecast"):
        forecast(pipe, 10**30)
    lists = pl.DataFrame({"a": [{"x": 1}, {"x": 2}]})
    with pytest.raises(ValueError, match=r"X holds values of type Struct.*several in one"):
        forecast(pipe, 1, X=lists)


@pytest.mark.parametrize("dtype", ["float32", "bool", "Int64", "boolean", "category", ">i2", "S3"])
def test_rows_of_any_type_of_numbers_go_on_with_what_is_predicted(dtype):
    pipe = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor("drift"))
    pipe.fit(np.arange(9.0)[:, None], np.arange(9.0))
    X = np.array([[0], [1], [1], [0]])
    X = X.astype(dtype) if dtype in (">i2", "S3") else pd.DataFrame(X).astype(dtype)
    if dtype == "S3":
        with pytest.raises(ValueError, match=r"X holds values of type \|S3, which are not numbers"):
            forecast(pipe, 2, X=X)
    else:
        np.testing.assert_array_equal(forecast(pipe, 2, X=X), [-1.0, -2.0])


@pytest.mark.skipif(
    not hasattr(np.dtypes, "StringDType"), reason="NumPy has texts of any length since version 2"
)
def test_rows_of_text_of_any_length_are_read_as_numbers():
    pipe = make_pipeline(SlidingWindowTransformer(2, flatten=False), NaiveRegressor("drift"))
    pipe.fit(np.arange(9.0)[:, None], np.arange(9.0))
    rows = np.array([["0"], ["1"], ["1"], ["0"]], dtype=np.dtypes.StringDType())
    np.testing.assert_array_equal(forecast(pipe, 2, X=rows), [-1.0, -2.0])


@pytest.mark.parametrize("horizon", [1, 2])
def test_first_rows_may_lack_steps_if_the_window_of_the_next_row_is_complete(horizon):
    window = SlidingWindowTransformer(3, horizon=horizon)
    pipe = make_pipeline(window, Ridge()).fit(FRAME[:20], SERIES[:20])
    n_needed = 3 + horizon - 1
    # Warnings are errors.
    late = forecast(pipe, 3, X=FRAME[-n_needed:])
    np.testing.assert_allclose(late, forecast(pipe, 3, X=FRAME), rtol=1e-12)
    with pytest.warns(RowsMissingWarning) as caught:
        forecast(pipe, 3, X=FRAME[-n_needed + 1 :])
    assert len(caught) == 1


def test_threads_that_forecast_at_once_leave_the_filters_of_warnings_alone():
    frame = pd.DataFrame({"level": SERIES})
    pipe = make_pipeline(SlidingWindowTransformer(3), Ridge()).fit(frame, frame["level"])
    started = threading.Barrier(4)

    def call():
        started.wait()
        for _ in range(5):
            forecast(pipe, 3)

    before = list(warnings.filters)
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # scikit-learn changes the filter of this class whenever it checks an array, and two threads
    # that do so at once may leave it behind.
    ours = [each for each in warnings.filters if each[2] is not np.exceptions.ComplexWarning]
    assert ours == before


def hourly_with_a_hole(gaps="warn"):
    hours = pd.date_range("2024-01-01", periods=120, freq="h", name="hour").delete(70)
    frame = pd.DataFrame({"level": np.sin(np.arange(119.0))}, hours)
    pipe = make_pipeline(SlidingWindowTransformer(3, gaps=gaps), Ridge())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingStepsWarning)
        return pipe.fit(frame, frame["level"])


def test_labels_of_hours_are_asked_for_as_hours():
    with pytest.raises(ValueError, match=r'pd\.date_range\(start, periods=2, freq="h"\)'):
        forecast(hourly_with_a_hole(), 2)


@pytest.mark.parametrize(("gaps", "warns"), [("warn", True), ("ignore", False)])
def test_labels_of_future_that_leave_out_steps_are_noticed(gaps, warns):
    pipe = hourly_with_a_hole(gaps)
    days = pd.date_range("2024-01-06", periods=3, freq="D", name="hour")
    hours = pd.date_range("2024-01-06", periods=3, freq="h", name="hour")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forecast(pipe, 3, future=pd.DataFrame(index=hours))
        assert not caught
        forecast(pipe, 3, future=pd.DataFrame(index=days))
    assert [warning.category for warning in caught] == [MissingStepsWarning] * warns
    if warns:
        assert "leave out 46 step(s), the first between 2024-01-06" in str(caught[0].message)


def test_the_frequency_of_a_table_that_is_newest_first_is_no_rule():
    dates = pd.date_range("2024-01-01", periods=5)[::-1]
    row = pd.DataFrame({"a": [1.0]}, index=dates[:1])
    pipe = make_pipeline(SlidingWindowTransformer(1), NaiveRegressor()).fit(row, row["a"])
    with pytest.raises(ValueError, match="do not all follow one rule"):
        forecast(pipe, 1)
