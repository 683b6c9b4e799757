"""Forecasts that read known columns, beside predictions of rows that are appended by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skrnn import LSTMRegressor, SlidingWindowTransformer, forecast, generate

RNG = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=60, freq="D", name="day")
HOURS = RNG.integers(4, 10, size=60).astype(float)
# The sales of a day are computed from its hours and from the sales of the day before.
SALES = np.zeros(60)
for day in range(1, 60):
    SALES[day] = 0.5 * SALES[day - 1] + HOURS[day]
SHOP = pd.DataFrame({"sales": SALES, "hours": HOURS}, DAYS)
TRAIN, LATER = SHOP[:50], SHOP[50:]
PLAN = LATER[["hours"]]


def windowed(model, length=3, known=("hours",), **window):
    """Put a model behind a scaler and flat windows with known hours, unless others are given."""
    window = SlidingWindowTransformer(length, **{"flatten": True, "known": list(known)} | window)
    return make_pipeline(StandardScaler(), window, model).set_output(transform="pandas")


def fit_linear(X, y, n_padded=3, **window):
    """Fit a linear model on the rows whose windows are not padded."""
    weight = np.arange(len(X)) >= n_padded
    return windowed(LinearRegression(), **window).fit(X, y, linearregression__sample_weight=weight)


@pytest.fixture(scope="module")
def linear():
    """A linear model that reads the hours of the day. Do not fit it again."""
    return fit_linear(TRAIN, TRAIN["sales"])


@pytest.mark.parametrize("X", [None, TRAIN], ids=["fitted rows", "given rows"])
def test_a_recurrence_with_known_input_is_followed(linear, X):
    # Only the hours of the day itself give these values.
    found = forecast(linear, 10, X=X, future=PLAN)
    np.testing.assert_allclose(found, LATER["sales"], rtol=1e-9)
    pd.testing.assert_index_equal(found.index, LATER.index)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_a_network_equals_a_loop_by_hand(horizon):
    model = LSTMRegressor(3, epochs=2, random_state=0)
    pipe = windowed(model, horizon=horizon, flatten="auto").fit(TRAIN, TRAIN["sales"])
    frame = SHOP.copy()
    frame.loc[LATER.index, "sales"] = np.nan
    for label in LATER.index[:6]:
        frame.loc[label, "sales"] = pipe.predict(frame[:label])[-1]
    np.testing.assert_array_equal(forecast(pipe, 6, future=PLAN[:6]), frame["sales"][50:56])


def test_rows_that_continue_the_fitted_ones_are_read(linear):
    found = forecast(linear, 5, X=LATER[:5], future=PLAN[5:])
    np.testing.assert_allclose(found, LATER["sales"][5:], rtol=1e-9)


def test_the_values_of_the_first_row_are_read(linear):
    changed = PLAN[:1] + 1
    found = forecast(linear, 1, future=changed) - forecast(linear, 1, future=PLAN[:1])
    np.testing.assert_allclose(found, 1, rtol=1e-9)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("X", [None, TRAIN], ids=["fitted rows", "given rows"])
def test_known_values_are_asked_for_by_name(linear, steps, X):
    message = rf"reads the columns \['hours'\] of the row.*next {steps} row\(s\) as future"
    with pytest.raises(ValueError, match=message):
        forecast(linear, steps, X=X)
    labels_only = pd.DataFrame(index=LATER.index[:steps])
    with pytest.raises(ValueError, match=message):
        forecast(linear, steps, X=X, future=labels_only)


def test_known_values_are_asked_for_if_y_is_no_column():
    pipe = windowed(LinearRegression()).fit(TRAIN, TRAIN["sales"].diff().fillna(0))
    with pytest.raises(ValueError, match=r"reads the columns \['hours'\] of the row"):
        forecast(pipe, 1)
    # One step reads no prediction, so it needs no target column.
    assert len(forecast(pipe, 1, future=PLAN[:1])) == 1


def test_only_known_columns_are_asked_for():
    frame = SHOP.assign(price=RNG.normal(size=60))
    pipe = windowed(LinearRegression()).fit(frame[:50], frame["sales"][:50])
    # One step reads no later price.
    assert len(forecast(pipe, 1, future=PLAN[:1])) == 1
    with pytest.raises(ValueError, match=r"columns \['price'\] are read.*known=\['price'\]"):
        forecast(pipe, 2, future=PLAN[:2])
    assert len(forecast(pipe, 2, future=frame[["hours", "price"]][50:52])) == 2


@pytest.mark.parametrize("row", [0, 2])
def test_nan_in_a_known_column_is_named_if_a_step_refuses_it(linear, row):
    plan = PLAN[:3].copy()
    plan.iloc[row] = np.nan
    with pytest.raises(ValueError, match=r"future has NaN in the column\(s\) \['hours'\]"):
        forecast(linear, 3, future=plan)
    boosted = windowed(HistGradientBoostingRegressor(max_iter=2)).fit(TRAIN, TRAIN["sales"])
    assert len(forecast(boosted, 3, future=plan)) == 3


@pytest.mark.parametrize("target", [None, "hours"])
def test_a_known_column_is_not_predicted(target):
    pipe = windowed(LinearRegression()).fit(TRAIN, TRAIN["hours"])
    with pytest.raises(ValueError, match=r"y is the column 'hours'.*Leave the column out of known"):
        forecast(pipe, 1, target=target, future=PLAN[:1])


def test_a_known_column_that_the_user_names_is_not_predicted():
    frame = TRAIN.assign(hours=8.0 + (np.arange(50) > 48))
    # y has too few values for `fit` to find its column.
    pipe = windowed(LinearRegression()).fit(frame, np.full(50, 8.0))
    with pytest.raises(ValueError, match="leave it out of known"):
        forecast(pipe, 1, target="hours")


def test_a_direct_model_reads_the_known_values_of_its_first_row():
    y = np.lib.stride_tricks.sliding_window_view(TRAIN["sales"], 3)
    pipe = windowed(LinearRegression()).fit(TRAIN[:48], y)
    found = forecast(pipe, 3, X=TRAIN, future=PLAN[:3])
    changed = PLAN[:3].copy()
    changed.iloc[1:] += 5
    pd.testing.assert_series_equal(forecast(pipe, 3, X=TRAIN, future=changed), found)
    changed.iloc[0] += 5
    assert (forecast(pipe, 3, X=TRAIN, future=changed) != found).all()


def test_each_series_of_a_panel_has_its_own_known_values():
    panel = pd.concat({"A": SHOP, "B": 2 * SHOP}, names=["shop"]).sort_index(level="day")
    train, later = panel[:100], panel[100:]
    pipe = fit_linear(train, train["sales"], n_padded=6, group="shop")
    found = forecast(pipe, 10, future=later[["hours"]])
    pd.testing.assert_series_equal(found, later["sales"], rtol=1e-9, check_freq=False)


def test_arrays_have_positions():
    X, later = TRAIN.to_numpy(), LATER.to_numpy()
    pipe = fit_linear(X, X[:, 0], known=[1])
    np.testing.assert_allclose(forecast(pipe, 10, future=later), later[:, 0], rtol=1e-9)


def test_a_step_that_reads_earlier_known_values_needs_the_rows_before():
    def change_of_hours(frame):
        return frame.assign(hours=frame["hours"].diff().fillna(0))

    pipe = make_pipeline(
        FunctionTransformer(change_of_hours),
        SlidingWindowTransformer(3, known=["hours"], flatten=True),
        LinearRegression(),
    ).fit(TRAIN, TRAIN["sales"])
    with pytest.raises(ValueError, match="reads earlier rows"):
        forecast(pipe, 1, future=PLAN[:1])
    assert len(forecast(pipe, 1, X=TRAIN, future=PLAN[:1])) == 1


def test_labels_are_not_generated_from_themselves():
    letters = np.array(list("abcab" * 10))[:, np.newaxis]
    window = SlidingWindowTransformer(3, known=[0], flatten=True)
    encoder = OneHotEncoder(sparse_output=False)
    pipe = make_pipeline(encoder, window, LogisticRegression()).fit(letters, letters[:, 0])
    with pytest.raises(ValueError, match="Use known=None"):
        generate(pipe, "abc", 2)


def test_levels_of_future_may_have_another_order():
    days = pd.date_range("2024-01-01", periods=30, name="day")
    index = pd.MultiIndex.from_product([days, ["a", "b"]], names=["day", "shop"])
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"sales": rng.normal(size=60), "promo": rng.normal(size=60)}, index)
    window = SlidingWindowTransformer(3, group="shop", known=["promo"], flatten=True)
    pipe = make_pipeline(window, Ridge()).fit(X, X["sales"])
    later = pd.date_range("2024-01-31", periods=2, name="day")
    plan = pd.DataFrame(
        {"promo": [1.0, 2.0, 3.0, 4.0]},
        pd.MultiIndex.from_product([later, ["a", "b"]], names=["day", "shop"]),
    )
    expected = forecast(pipe, 2, X=X, future=plan)
    found = forecast(pipe, 2, X=X, future=plan.swaplevel())
    pd.testing.assert_series_equal(found, expected)
