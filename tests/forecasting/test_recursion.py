"""Forecasts beside a recursion that is written by hand, and forecasts that must be refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

from skrnn import NaiveRegressor, SlidingWindowTransformer, forecast

N_ROWS = 40
NAMES = {
    "text": ["a", "b", "c"],
    "numbers": [5, 7, 9],
    "tuples": [("Close", "X"), ("Volume", "X"), ("Close", "Z")],
}


def make_rows(rng, names, n_series, n_ahead):
    """Return rows of a panel, or of one series, with those to come."""
    days = pd.date_range("2024-01-01", periods=N_ROWS + n_ahead, name="day")
    parts = []
    for who in "uvw"[:n_series]:
        values = 50 + 5 * who.count("v") + rng.normal(size=(len(days), 3)).cumsum(axis=0)
        parts.append(pd.DataFrame(values, days))
    if n_series == 1:
        return parts[0].set_axis(pd.Index(names, tupleize_cols=False), axis=1)
    panel = pd.concat(dict(zip("uvw", parts, strict=False)), names=["who"])
    panel = panel.swaplevel().sort_index(kind="stable")
    return panel.set_axis(pd.Index(names, tupleize_cols=False), axis=1)


def recur(fitted, past, future, steps, targets):
    """Predict a row of NaN, store the prediction in the column, and so on; by `predict` alone."""
    n_series = len(future) // steps
    future = future.copy()
    future[targets] = np.nan
    made = []
    for step in range(steps):
        rows = pd.concat([past, future.iloc[: (step + 1) * n_series]])
        predicted = np.asarray(fitted.predict(rows))[-n_series:].reshape(n_series, -1)
        made.append(predicted)
        places = np.arange(step * n_series, (step + 1) * n_series)
        for number, target in enumerate(targets):
            column = future.columns.get_loc(target)
            future.iloc[places, column] = predicted[:, number]
    return np.concatenate(made)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    horizon=st.integers(1, 5),
    n_targets=st.integers(1, 2),
    steps=st.integers(1, 7),
    before=st.sampled_from(["nothing", "min-max", "standard", "power"]),
    is_scaled=st.booleans(),
    n_series=st.sampled_from([1, 1, 3]),
    is_given=st.booleans(),
    kind=st.sampled_from(list(NAMES)),
)
def test_a_forecast_equals_a_recursion_by_hand(
    seed, horizon, n_targets, steps, before, is_scaled, n_series, is_given, kind
):
    rng = np.random.default_rng(seed)
    names = NAMES[kind]
    if n_series > 1 and kind != "text":
        kind, names = "text", NAMES["text"]  # scikit-learn makes frames of named columns only
    rows = make_rows(rng, names, n_series, steps)
    past, future = rows.iloc[: N_ROWS * n_series], rows.iloc[N_ROWS * n_series :]
    targets = names[:n_targets]
    window = SlidingWindowTransformer(
        3, horizon=horizon, flatten=True, group="who" if n_series > 1 else None
    )
    scaler = {
        "nothing": None,
        "min-max": MinMaxScaler(),
        "standard": StandardScaler(),
        "power": PowerTransformer(),
    }[before]
    pipe = make_pipeline(*[step for step in (scaler, window, Ridge(0.1)) if step is not None])
    pipe.set_output(transform="pandas")
    if is_scaled:
        pipe = TransformedTargetRegressor(pipe, transformer=StandardScaler(), check_inverse=False)
    y = past[targets] if n_targets > 1 else past[targets[0]]
    # scikit-learn's wrapper of targets reads arrays.
    pipe.fit(past, y.to_numpy() if is_scaled else y)

    # Names that are no text are not remembered: then rows to come have all columns.
    known = future if kind != "text" and not is_given else future[names[n_targets:]]
    word = None
    if before == "power":
        # A power transformer is not linear, so the user must say it.
        word = targets if is_given or kind == "text" else list(range(n_targets))
        word = word if n_targets > 1 else word[0]
    found = forecast(pipe, steps, X=past if is_given else None, future=known, target=word)
    expected = recur(pipe, past, future, steps, targets)
    np.testing.assert_allclose(found, expected if n_targets > 1 else expected[:, 0], rtol=1e-8)
    assert found.index.equals(future.index)


def test_a_target_that_cannot_be_told_must_be_given():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)
    pipe = make_pipeline(PowerTransformer(), SlidingWindowTransformer(3, flatten=True), Ridge())
    pipe.set_output(transform="pandas").fit(rows, rows["a"])
    future = rows[["b", "c"]].iloc[:4].set_axis(pd.date_range("2024-02-10", periods=4))
    with pytest.raises(ValueError, match=r"target column is not known.*Give the column as target"):
        forecast(pipe, 4, future=future)
    assert forecast(pipe, 4, future=future, target="a").name == "a"
    # One step reads no predictions, so nothing need be told.
    assert forecast(pipe, 1).shape == (1,)


# What is predicted is not what is read


@pytest.mark.parametrize("target", [None, "price"])
@pytest.mark.parametrize("change", [np.log, lambda price: price.diff().fillna(0)])
def test_predictions_that_are_no_values_of_the_column_are_not_read_as_such(change, target):
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=60)
    rows = pd.DataFrame({"price": 100 + rng.normal(size=60).cumsum()}, days)
    y = change(rows["price"])
    for horizon in (1, 3):
        pipe = make_pipeline(SlidingWindowTransformer(4, horizon=horizon), Ridge()).fit(rows, y)
        # The first rows read no predictions.
        assert len(forecast(pipe, horizon, target=target)) == horizon
        with pytest.raises(ValueError, match=r"y is not a column of X.*TransformedTargetRegressor"):
            forecast(pipe, horizon + 1, target=target)


@pytest.mark.parametrize("scaler", [None, StandardScaler(), MinMaxScaler()], ids=str)
def test_a_small_constant_beside_a_high_level_is_no_rounding(scaler):
    # The offset is a millionth of the level, but as large as the changes from row to row.
    level = 1e6 + np.random.default_rng(0).normal(size=(60, 1)).cumsum(axis=0)
    steps = [step for step in (scaler, SlidingWindowTransformer(3), Ridge()) if step is not None]
    pipe = make_pipeline(*steps).fit(level, level[:, 0] + 5)
    for target in (None, 0):
        with pytest.raises(ValueError, match="predictions are not values of a column"):
            forecast(pipe, 2, target=target)
    assert forecast(pipe.fit(level, level[:, 0]), 2).shape == (2,)


def test_logarithms_on_both_sides_are_read_as_such():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"price": np.exp(3 + rng.normal(scale=0.1, size=60).cumsum())})
    logs = FunctionTransformer(np.log)
    inner = make_pipeline(logs, SlidingWindowTransformer(4), LinearRegression())
    both = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    both.fit(rows, rows["price"])
    of_logs = make_pipeline(SlidingWindowTransformer(4), LinearRegression())
    of_logs.fit(np.log(rows), np.log(rows["price"]))
    np.testing.assert_allclose(forecast(both, 6), np.exp(forecast(of_logs, 6)), rtol=1e-9)
    # Without the way back, predictions are logarithms, and the column is none.
    one_sided = make_pipeline(logs, SlidingWindowTransformer(4), LinearRegression())
    one_sided.fit(rows, np.log(rows["price"]))
    for target in (None, "price"):
        with pytest.raises(ValueError, match="do not map a prediction to a value of this column"):
            forecast(one_sided, 2, target=target)


def test_targets_that_are_transformed_twice_are_put_back_in_order():
    rng = np.random.default_rng(0)
    price = np.exp(3 + rng.normal(scale=0.1, size=(60, 1)).cumsum(axis=0))
    logs = FunctionTransformer(np.log)
    inner = make_pipeline(logs, StandardScaler(), SlidingWindowTransformer(4), Ridge(0.1))
    scaled = TransformedTargetRegressor(inner, transformer=MinMaxScaler())
    both = TransformedTargetRegressor(scaled, func=np.log, inverse_func=np.exp)
    both.fit(price, price[:, 0])
    expected = recur_array(both, price, 5)
    np.testing.assert_allclose(forecast(both, 5), expected)
    np.testing.assert_allclose(forecast(both, 5, X=price), expected)


def recur_array(fitted, rows, steps):
    for _ in range(steps):
        predicted = fitted.predict(np.vstack([rows, [[np.nan]]]))[-1]
        rows = np.vstack([rows, [[predicted]]])
    return rows[-steps:, 0]


def test_targets_of_sequences_of_several_columns_are_said_to_be_no_table():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)[["a"]]
    windows = SlidingWindowTransformer(3, flatten=False).fit(rows, np.zeros((N_ROWS, 3, 2)))
    pipe = make_pipeline(windows, FunctionTransformer(lambda x: x[:, :, 0]), Ridge())
    pipe[-1].fit(windows.transform(rows)[:, :, 0], rows["a"])
    with pytest.raises(ValueError, match="y had no numbers of one or two dimensions"):
        forecast(pipe, 2)


def difference(rows):
    return pd.DataFrame(rows).diff().fillna(0).to_numpy()


@pytest.mark.parametrize("is_given", [True, False])
@pytest.mark.parametrize(
    "step",
    [
        QuantileTransformer(n_quantiles=20),
        FunctionTransformer(lambda rows: rows.clip(45, 55)),
        FunctionTransformer(lambda rows: np.floor(rows / 20)),
        FunctionTransformer(lambda rows: 1.0 * (rows > 50)),
    ],
    ids=["quantiles", "clip", "floor", "binary"],
)
def test_a_column_whose_values_are_clipped_or_binned_is_read_all_the_same(step, is_given):
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=90)
    rows = pd.DataFrame({"a": 50 + 10 * np.sin(np.arange(90) / 3) + rng.normal(size=90)}, days)
    rows.iloc[0] = rows.iloc[1] + 0.1  # the first values are in one bin
    # It reads NaN as well: nothing else would stop it.
    model = HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=3)
    pipe = make_pipeline(step, SlidingWindowTransformer(4, padding="nan"), model)
    pipe.set_output(transform="pandas").fit(rows, rows["a"])
    X = rows if is_given else None
    with pytest.raises(
        ValueError, match=r"read the column\(s\) \['a'\].*Give the column as target"
    ):
        forecast(pipe, 5, X=X)
    coming = pd.DataFrame({"a": np.nan}, pd.date_range("2024-03-31", periods=5))
    expected = recur(pipe, rows, coming, 5, ["a"])[:, 0]
    np.testing.assert_allclose(forecast(pipe, 5, X=X, target="a"), expected)


def test_targets_of_single_precision_are_found_behind_a_scaler():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)[["a"]]
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), Ridge())
    single = forecast(pipe.fit(rows.to_numpy(), rows["a"].astype(np.float32)), 3)
    double = forecast(pipe.fit(rows.to_numpy(), rows["a"]), 3)
    np.testing.assert_allclose(single, double, rtol=1e-5)


@pytest.mark.parametrize("is_given", [True, False])
def test_a_column_of_text_that_is_encoded_before_the_window(is_given):
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 5)[["a"]]
    rows["weekday"] = rows.index.day_name()
    past, future = rows[:N_ROWS], rows[N_ROWS:]
    encode = ColumnTransformer(
        [
            ("level", StandardScaler(), ["a"]),
            ("weekday", OneHotEncoder(sparse_output=False), ["weekday"]),
        ]
    )
    pipe = make_pipeline(encode, SlidingWindowTransformer(3, flatten=True), Ridge())
    pipe.set_output(transform="pandas").fit(past, past["a"])
    X = past if is_given else None
    found = forecast(pipe, 5, X=X, future=future[["weekday"]])
    np.testing.assert_allclose(found, recur(pipe, past, future, 5, ["a"])[:, 0])
    if is_given:
        with pytest.raises(ValueError, match=r"\['weekday'\] are read, but not predicted"):
            forecast(pipe, 5, X=X)


@pytest.mark.parametrize("is_given", [True, False])
def test_a_step_that_refuses_nan_is_told_the_imputer(is_given):
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 5)[["a", "b"]]
    past, future = rows[:N_ROWS], rows[N_ROWS:]
    steps = PCA(2), SlidingWindowTransformer(3, flatten=True), Ridge()
    pipe = make_pipeline(*steps).set_output(transform="pandas").fit(past, past["a"])
    X = past if is_given else None
    with pytest.raises(ValueError, match=r"NaN in the column\(s\) \['a'\].*SimpleImputer"):
        forecast(pipe, 5, X=X, future=future[["b"]], target="a")
    pipe = make_pipeline(SimpleImputer(), *steps).set_output(transform="pandas")
    found = forecast(pipe.fit(past, past["a"]), 5, X=X, future=future[["b"]], target="a")
    np.testing.assert_allclose(found, recur(pipe, past, future, 5, ["a"])[:, 0])


def test_differences_before_the_window_need_the_rows_and_the_word_of_the_user():
    rng = np.random.default_rng(0)
    price = 100 + rng.normal(size=(60, 1)).cumsum(axis=0)
    pipe = make_pipeline(FunctionTransformer(difference), SlidingWindowTransformer(4), Ridge())
    pipe.fit(price, price[:, 0])
    assert forecast(pipe, 1, X=price).shape == (1,)
    with pytest.raises(ValueError, match="Give the column as target"):
        forecast(pipe, 3, X=price)
    found = forecast(pipe, 3, X=price, target=0)
    rows = price
    for step in range(3):
        expected = pipe.predict(np.vstack([rows, [[np.nan]]]))[-1]
        assert found[step] == pytest.approx(expected)
        rows = np.vstack([rows, [[expected]]])
    # Nothing remembers the last price, of which the next difference is taken.
    with pytest.raises(ValueError, match=r"'functiontransformer' before the window reads earlier"):
        forecast(pipe, 3, target=0)
    # Predicted differences are no prices.
    pipe.fit(price, difference(price)[:, 0])
    for target in (None, 0):
        with pytest.raises(ValueError, match="do not map a prediction"):
            forecast(pipe, 3, X=price, target=target)


# Where y lies


def test_a_target_that_was_shifted_is_told_the_horizon():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)
    for horizon, shift in [(1, 1), (0, 1), (2, 3)]:
        y = rows["a"].shift(-shift).to_numpy()[:-shift]
        window = SlidingWindowTransformer(3, horizon=horizon, flatten=True)
        pipe = make_pipeline(StandardScaler(), window, Ridge()).fit(rows.iloc[:-shift], y)
        with pytest.raises(ValueError, match=rf"{shift} rows? after.*horizon={horizon + shift}\)"):
            forecast(pipe, 1)


def test_a_window_that_holds_what_it_predicts_makes_no_forecast():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)
    pipe = make_pipeline(SlidingWindowTransformer(3, horizon=0, flatten=True), Ridge())
    with pytest.raises(ValueError, match="would have to know what it predicts"):
        forecast(pipe.fit(rows, rows["a"]), 1)
    lags = ColumnTransformer(
        [("own", "passthrough", ["a"]), ("b", SlidingWindowTransformer(2), ["b"])]
    )
    pipe = make_pipeline(lags, Ridge()).fit(rows, rows["a"])
    with pytest.raises(ValueError, match="read"):
        forecast(pipe, 1, X=rows)


def test_a_window_of_other_columns_makes_a_forecast_of_what_is_known_of_them():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 3)
    y = rows["a"] + 2 * rows["b"] ** 2
    pipe = make_pipeline(SlidingWindowTransformer(2, horizon=0, flatten=True), Ridge())
    pipe.fit(rows[:N_ROWS], y[:N_ROWS])
    found = forecast(pipe, 3, future=rows[N_ROWS:])
    np.testing.assert_allclose(found, pipe.predict(rows)[N_ROWS:])
    with pytest.raises(ValueError, match=r"Later rows read.*\['a', 'b', 'c'\]"):
        forecast(pipe, 1)


# Several outputs


def test_several_columns_are_returned_as_a_frame_and_each_is_read():
    t = np.arange(200)
    rows = pd.DataFrame(
        {"temp": 20 + np.sin(t / 5), "hum": 70 + 5 * np.cos(t / 5)},
        pd.date_range("2024-01-01", periods=200),
    )
    pipe = make_pipeline(SlidingWindowTransformer(10, flatten=True), LinearRegression())
    pipe.fit(rows, rows)
    found = forecast(pipe, 3)
    later = np.arange(200, 203)
    expected = pd.DataFrame(
        {"temp": 20 + np.sin(later / 5), "hum": 70 + 5 * np.cos(later / 5)},
        pd.date_range("2024-07-19", periods=3),
    )
    pd.testing.assert_frame_equal(found, expected, rtol=1e-6, check_freq=False)
    pd.testing.assert_series_equal(forecast(pipe, 3, target="hum"), found["hum"])
    pd.testing.assert_frame_equal(forecast(pipe, 3, target=["hum"]), found[["hum"]])
    with pytest.raises(ValueError, match="target='wind' is not a column of X"):
        forecast(pipe, 3, target="wind")
    # In another order, of arrays, and of one of two columns more.
    pipe.fit(rows.to_numpy(), rows[["hum", "temp"]].to_numpy())
    np.testing.assert_allclose(forecast(pipe, 3), found[["hum", "temp"]])


def test_columns_of_a_panel_are_returned_together():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 2, 0)
    naive = make_pipeline(SlidingWindowTransformer(3, group="who"), NaiveRegressor())
    found = forecast(naive.fit(rows, rows), 2)
    assert list(found.columns) == ["a", "b", "c"]
    assert found.index.names == ["who", "day"]
    np.testing.assert_array_equal(found, np.vstack([rows.iloc[-2:]] * 2))


def test_outputs_that_are_neither_steps_nor_columns_are_refused():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)
    window = SlidingWindowTransformer(3, flatten=True)
    y = np.column_stack([rows["a"], rows["b"].shift(-1)])[:-1]
    pipe = make_pipeline(window, LinearRegression()).fit(rows.iloc[:-1], y)
    with pytest.raises(ValueError, match=r"column 0 0 row\(s\) later, column 1 1 row\(s\) later"):
        forecast(pipe, 1)
    noise = np.random.default_rng(1).normal(size=(N_ROWS, 2))
    pipe.fit(rows, noise)
    with pytest.raises(ValueError, match=r"2 outputs, but it is not known.*predict returns all"):
        forecast(pipe, 1)


def test_equal_columns_and_constants_are_columns_of_their_own():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)[["a", "b"]]
    rows = rows.assign(copy=rows["b"], level=3.0)
    window = SlidingWindowTransformer(3, flatten=True)
    for names, before in [(list(rows), []), (["a", "b", "copy"], [StandardScaler()])]:
        pipe = make_pipeline(*before, window, LinearRegression()).set_output(transform="pandas")
        X = rows[names]
        for y in (X, X.to_numpy()):
            found = forecast(pipe.fit(X, y), 4)
            assert list(found.columns) == names
            future = X.iloc[:4].set_axis(found.index)
            np.testing.assert_allclose(found, recur(pipe, X, future, 4, names), rtol=1e-6)


@pytest.mark.parametrize("other", ["constant", "rare"])
def test_an_output_that_is_no_step_of_the_column_is_not_taken_for_one(other):
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)[["a"]]
    values = np.full(N_ROWS, 5.0) if other == "constant" else np.eye(1, N_ROWS, 7)[0]
    pipe = make_pipeline(SlidingWindowTransformer(3), Ridge())
    pipe.fit(rows, np.column_stack([rows["a"], values]))
    with pytest.raises(ValueError, match=r"2 outputs, but it is not known"):
        forecast(pipe, 2)


def test_outputs_that_are_one_constant_may_be_steps_or_columns():
    rows = pd.DataFrame({"level": np.full(N_ROWS, 5.0)})
    pipe = make_pipeline(SlidingWindowTransformer(3), Ridge()).fit(rows, np.full((N_ROWS, 3), 5.0))
    with pytest.raises(ValueError, match="3 outputs, but it is not known"):
        forecast(pipe, 3)
    assert forecast(pipe, 3, target="level").tolist() == pytest.approx([5.0] * 3)


def test_steps_of_a_rare_event_are_steps():
    rows = pd.DataFrame({"events": np.eye(1, N_ROWS, 7)[0]})
    y = np.column_stack([rows["events"].shift(-step) for step in range(3)])[:-2]
    pipe = make_pipeline(SlidingWindowTransformer(3), Ridge()).fit(rows[:-2], y)
    appended = pd.concat([rows, pd.DataFrame({"events": [np.nan]}, [N_ROWS])])
    np.testing.assert_allclose(forecast(pipe, 3, X=rows), pipe.predict(appended)[-1])


def test_a_multiple_of_a_column_is_named():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)[["a"]]
    pipe = make_pipeline(SlidingWindowTransformer(3), Ridge())
    pipe.fit(rows, 1.8 * rows["a"] - 32)
    with pytest.raises(ValueError, match=r"y is 1.8 times the column 'a' of X - 32\."):
        forecast(pipe, 2)
    both = np.column_stack([rows["a"], 2 * rows["a"]])
    # The first row reads no predictions.
    found = forecast(pipe.fit(rows, both), 1)
    np.testing.assert_allclose(found[1], 2 * found[0])
    with pytest.raises(ValueError, match=r"y is 2 times the column 'a' of X \+ 0\."):
        forecast(pipe, 2)


def test_outputs_behind_a_step_that_is_not_linear_are_what_the_user_says():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)
    steps = np.column_stack([rows["a"].shift(-step) for step in range(3)])[:-2]
    pipe = make_pipeline(PowerTransformer(), SlidingWindowTransformer(3, flatten=True), Ridge())
    pipe.set_output(transform="pandas").fit(rows.iloc[:-2], steps)
    with pytest.raises(ValueError, match="Give the column as target, or a list of columns"):
        forecast(pipe, 2)
    assert forecast(pipe, 2, target="a").shape == (2,)
    assert forecast(pipe, 1, target=["a", "b", "c"]).shape == (1, 3)
    with pytest.raises(ValueError, match="names 2 columns, but the model has 3"):
        forecast(pipe, 1, target=["a", "b"])


# Little to compare


@pytest.mark.parametrize("n_rows", [1, 3, 30])
@pytest.mark.parametrize("value", [5.0, 0.0])
def test_constants_and_few_rows_go_on_where_they_equal_a_column(n_rows, value):
    rows = pd.DataFrame({"level": np.full(n_rows, value)})
    naive = make_pipeline(SlidingWindowTransformer(1), NaiveRegressor())
    naive.fit(rows, rows["level"])
    assert forecast(naive, 3).tolist() == [value] * 3
    other = naive.fit(rows, np.full(n_rows, 7.0))
    with pytest.raises(ValueError, match=r"constant, or too few rows.*target"):
        forecast(other, 3)
    assert len(forecast(other, 3, target="level")) == 3


# Only what is read is asked for


def test_columns_that_no_window_reads_need_not_be_known():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 5)
    past, future = rows[:N_ROWS], rows[N_ROWS:]
    only_a = ColumnTransformer([("a", SlidingWindowTransformer(3), ["a"])])
    pipe = make_pipeline(only_a, Ridge()).fit(past, past["a"])
    alone = make_pipeline(SlidingWindowTransformer(3), Ridge()).fit(past[["a"]], past["a"])
    np.testing.assert_allclose(forecast(pipe, 4), forecast(alone, 4))
    # b is read three rows later.
    late_b = ColumnTransformer(
        [
            ("a", SlidingWindowTransformer(3), ["a"]),
            ("b", SlidingWindowTransformer(2, horizon=3), ["b"]),
        ]
    )
    pipe = make_pipeline(late_b, Ridge()).fit(past, past["a"])
    assert len(forecast(pipe, 3)) == 3
    with pytest.raises(ValueError, match=r"The columns \['b'\] are read"):
        forecast(pipe, 4)
    assert len(forecast(pipe, 5, future=future[["b"]])) == 5


# Labels


@pytest.mark.parametrize(
    "labels",
    [
        np.array([20240130, 20240131, 20240201, 20240202]),
        np.array([202411, 202412, 202501, 202502]),
        np.array([20240101, 20240102, 20240103]),
    ],
)
def test_dates_that_are_written_as_numbers_have_no_next_number(labels):
    rows = pd.DataFrame({"level": np.arange(float(len(labels)))}, labels)
    naive = make_pipeline(SlidingWindowTransformer(2), NaiveRegressor()).fit(rows, rows["level"])
    with pytest.raises(ValueError, match="dates that are written as numbers"):
        forecast(naive, 1)
    future = pd.DataFrame(index=[labels[-1] + 1])
    assert forecast(naive, 1, future=future).index.tolist() == [labels[-1] + 1]


def test_labels_go_on_by_a_rule_that_all_fitted_labels_follow():
    # One early holiday among a hundred days, which the last labels do not show.
    days = pd.date_range("2024-01-01", periods=101).delete(5)
    rows = pd.DataFrame({"level": np.arange(100.0)}, days)
    window = SlidingWindowTransformer(2, gaps="ignore")
    naive = make_pipeline(window, NaiveRegressor()).fit(rows, rows["level"])
    with pytest.raises(ValueError, match=r"2024-04-10.*do not all follow one rule"):
        forecast(naive, 1)


@pytest.mark.parametrize("given", [True, False])
def test_text_has_no_next_label(given):
    rows = pd.DataFrame({"level": np.arange(20.0)}, [f"2024-01-{day:02}" for day in range(1, 21)])
    pipe = make_pipeline(SlidingWindowTransformer(2), NaiveRegressor())
    with pytest.warns(UserWarning, match="text"):
        pipe.fit(rows, rows["level"])
    with pytest.raises(ValueError, match=r"labels of the rows are text.*pd.to_datetime"):
        forecast(pipe, 1, X=rows if given else None)


def test_rows_out_of_order_are_refused():
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)[["a"]]
    pipe = make_pipeline(SlidingWindowTransformer(2), NaiveRegressor()).fit(rows, rows["a"])
    with pytest.raises(ValueError, match=r"newest row comes first.*sort_index"):
        forecast(pipe, 1, X=rows[::-1])


@pytest.mark.parametrize("days", [-3, 0, 5])
def test_rows_to_come_must_follow_the_given_rows_as_they_must_follow_the_fitted(days):
    rows = make_rows(np.random.default_rng(0), ["a", "b", "c"], 1, 0)[["a"]]
    pipe = make_pipeline(SlidingWindowTransformer(2), NaiveRegressor()).fit(
        rows[:30], rows["a"][:30]
    )
    for X, ended in [(rows[:35], "rows of X"), (rows[30:31], "rows of X"), (None, "fitted rows")]:
        last = rows.index[29] if X is None else X.index[-1]
        future = pd.DataFrame(index=[last + pd.Timedelta(days=days)])
        with pytest.raises(ValueError, match=f"do not continue the labels of the {ended}"):
            forecast(pipe, 1, X=X, future=future)
        next_day = pd.DataFrame(index=[last + pd.Timedelta(days=1)])
        assert forecast(pipe, 1, X=X, future=next_day).index[0] == next_day.index[0]


# The first value is warned of: series b has one row.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.TooFewRowsWarning")
@pytest.mark.parametrize("frequency", ["D", "ME", "h"])
@pytest.mark.parametrize("n", [1, 2])
def test_a_newcomer_goes_on_by_the_rule_of_the_others(frequency, n):
    labels = pd.date_range("2024-01-31", periods=30, freq=frequency)
    panel = pd.concat(
        {
            "a": pd.Series(np.arange(30.0), labels),
            "b": pd.Series(500.0 + np.arange(n), labels[-n:]),
        },
        names=["shop", "time"],
    )
    panel = panel.to_frame("sales").sort_index(level="time", kind="stable")
    naive = make_pipeline(SlidingWindowTransformer(3, group="shop"), NaiveRegressor())
    naive.fit(panel, panel["sales"])
    found = forecast(naive, 2)
    next_label = pd.date_range("2024-01-31", periods=31, freq=frequency)[-1]
    assert found.loc[("a", next_label)] == 29
    assert found.loc[("b", next_label)] == 499 + n
    assert len(found) == 4


# The first value is warned of: series b has one row.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.TooFewRowsWarning")
@pytest.mark.parametrize("is_fitted", [True, False])
def test_a_newcomer_among_given_rows_goes_on_by_the_rule_of_the_others(is_fitted):
    days = pd.date_range("2024-01-01", periods=30)
    panel = pd.concat(
        {"a": pd.Series(np.arange(30.0), days), "b": pd.Series([500.0], days[-1:])},
        names=["shop", "day"],
    )
    panel = panel.to_frame("sales").sort_index(level="day", kind="stable")
    naive = make_pipeline(SlidingWindowTransformer(1, group="shop"), NaiveRegressor())
    fitted = panel if is_fitted else panel.drop("b", level="shop")
    naive.fit(fitted, fitted["sales"])
    expected = {("a", pd.Timestamp("2024-01-31")): 29.0, ("b", pd.Timestamp("2024-01-31")): 500.0}
    assert forecast(naive, 1, X=panel).to_dict() == expected
    coming = pd.MultiIndex.from_tuples(list(expected), names=["shop", "day"])
    found = forecast(naive, 1, X=panel, future=pd.DataFrame(index=coming))
    assert found.to_dict() == expected


def test_series_with_two_keys_are_forecast():
    index = pd.MultiIndex.from_product(
        [pd.date_range("2024-01-01", periods=20), ["s1", "s2"], ["x", "z"]],
        names=["day", "store", "item"],
    )
    panel = pd.DataFrame({"sales": np.arange(80.0)}, index)
    pipe = make_pipeline(
        SlidingWindowTransformer(2, group=["store", "item"]), NaiveRegressor("drift")
    )
    pipe.fit(panel, panel["sales"])
    for X in (None, panel):
        found = forecast(pipe, 2, X=X)
        assert set(found.index.names) == {"store", "item", "day"}
        of_one = found.xs(("s2", "x"), level=("store", "item"))
        assert of_one.tolist() == [82.0, 86.0]
    columns = panel.reset_index(["store", "item"])
    pipe.fit(columns, columns["sales"])
    for X in (None, columns):
        found = forecast(pipe, 2, X=X)
        assert found.index.names[:2] == ["store", "item"]
        assert found.xs(("s2", "x"), level=("store", "item")).tolist() == [82.0, 86.0]
