"""Leakage: leaks that `check_leakage` finds, pipelines that pass, and refused input."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor, StackingRegressor, VotingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.tree import DecisionTreeRegressor

from skrnn import GRURegressor, LSTMRegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.model_selection import LeakageReport, check_leakage

N_ROWS = 60
# Where later rows are changed: after 16 of the rows from the last fitted to the second last.
CUTS = np.linspace(41, 58, 16).astype(int).tolist()
DAYS = pd.date_range("2024-01-01", periods=N_ROWS, freq="D", name="day")


@pytest.fixture(scope="module")
def prices():
    """Sixty days of a random walk and of sales. Do not change them."""
    rng = np.random.default_rng(0)
    walk = 100 + np.cumsum(rng.normal(size=N_ROWS))
    return pd.DataFrame({"price": walk, "sold": rng.uniform(10, 20, size=N_ROWS)}, index=DAYS)


# Steps that read later rows


class CenteredMean(TransformerMixin, BaseEstimator):
    """The mean of a row and its neighbors."""

    def __init__(self, reach=2):
        self.reach = reach

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        width = 2 * self.reach + 1
        return pd.DataFrame(np.asarray(X)).rolling(width, center=True, min_periods=1).mean()


class Shuffle(CenteredMean):
    """The rows in another order, the same each time if `seed` is given."""

    def __init__(self, seed=0):
        self.seed = seed

    def transform(self, X):
        return np.asarray(X)[np.random.default_rng(self.seed).permutation(len(X))]


class StandardizeTheCall(CenteredMean):
    """A scaler that learns in `transform`."""

    def transform(self, X):
        return (X - np.mean(X, axis=0)) / np.std(X, axis=0)


class Differences(CenteredMean):
    """Returns one row fewer than its input."""

    def transform(self, X):
        return np.diff(np.asarray(X), axis=0)


class Peek(RegressorMixin, BaseEstimator):
    """Predicts the row that follows."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.append(np.asarray(X)[1:, 0], 0.0)


def windows(window_length=3, **params):
    """Make a transformer of flat windows, unless `flatten` is given."""
    return SlidingWindowTransformer(window_length, **{"flatten": True} | params)


def as_container(frame, container):
    """Return the rows of a DataFrame in another container."""
    if container == "pandas":
        return frame
    if container == "polars":
        return pl.from_pandas(frame)
    return frame.to_numpy() if container == "array" else frame.to_numpy().tolist()


containers = pytest.mark.parametrize("container", ["array", "pandas", "polars", "list"])


# Leaks in the estimator


@containers
def test_a_centered_window_is_found_and_named(prices, container):
    X = as_container(prices, container)
    pipe = Pipeline([("scale", StandardScaler()), ("center", CenteredMean()), ("fit", Ridge())])
    report = check_leakage(pipe, X, prices["price"].to_numpy())
    assert report.leaky
    assert report.step == "center"
    # Changes after row t move the two rows up to t, at 16 cuts from 41 to 58 (of 0 to 59).
    assert report.rows.tolist() == sorted({row for cut in CUTS for row in (cut - 1, cut)})


@pytest.mark.parametrize("step", [Shuffle(), Shuffle(None), StandardizeTheCall()])
@pytest.mark.parametrize("place", [0, 1])
def test_a_step_that_mixes_rows_is_named_at_any_place(prices, step, place):
    steps = [("first", StandardScaler()), ("second", windows())]
    steps.insert(place, ("guilty", step))
    report = check_leakage(Pipeline([*steps, ("model", Ridge())]), prices, prices["price"])
    assert report
    assert report.step == "guilty"


def test_a_random_step_is_told_from_one_that_reads_later_rows(prices):
    unseeded, seeded = (
        check_leakage(make_pipeline(Shuffle(seed), Ridge()), prices, prices["price"])
        for seed in (None, 0)
    )
    assert "another one each time" in unseeded.reason
    assert "learn in fit only" in seeded.reason


def test_a_step_leaks_even_if_the_predictor_does_not_react(prices):
    pipe = make_pipeline(CenteredMean(), PredictMean())
    report = check_leakage(pipe, prices, prices["price"])
    assert report.step == "centeredmean"
    assert len(report.rows) > 0


class PredictMean(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_a_predictor_that_reads_the_next_row_is_named_if_it_has_a_name(prices):
    in_pipe = check_leakage(Pipeline([("s", StandardScaler()), ("model", Peek())]), prices, DAYS)
    alone = check_leakage(Peek(), prices, DAYS)
    assert (in_pipe.step, alone.step) == ("model", None)
    assert in_pipe.rows.tolist() == alone.rows.tolist() == CUTS


@pytest.mark.parametrize("wrap", ["search", "transformed target", "both"])
def test_the_step_is_named_inside_searches_and_transformed_targets(prices, wrap):
    model = Pipeline([("center", CenteredMean()), ("model", Ridge())])
    if wrap != "transformed target":
        model = GridSearchCV(model, {"model__alpha": [1, 2]}, cv=TimeSeriesSplit(2))
    if wrap != "search":
        model = TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp)
    assert check_leakage(model, prices, prices["price"]).step == "center"


def test_steps_that_do_not_keep_rows_are_not_compared_but_predictions_are(prices):
    class Restores(Peek):
        def predict(self, X):
            return np.append(np.asarray(X)[:, 0], 0.0)

    report = check_leakage(make_pipeline(Differences(), Restores()), prices, prices["price"])
    assert report.step == "restores"


def test_sparse_outputs_are_compared(prices):
    pipe = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), FunctionTransformer(lambda X: X[::-1]), Ridge()
    )
    X = np.arange(N_ROWS)[:, None] % 5
    assert check_leakage(pipe, X, prices["price"]).step == "functiontransformer"


class LogisticThatScalesTheCall(LogisticRegression):
    """Standardizes the rows of each call before it predicts."""

    def decision_function(self, X):
        return super().decision_function(StandardizeTheCall().transform(X))


def test_probabilities_are_compared_where_labels_hardly_react(prices):
    y = np.arange(N_ROWS) % 10 == 0
    model = LogisticThatScalesTheCall(C=1e-3)
    # Predicted classes do not show the leak: all are False.
    assert not model.fit(prices, y).predict(prices).any()
    assert check_leakage(model, prices, y).rows.tolist() == list(range(59))


def with_gaps(seed, n_rows=100):
    """Return a random walk and sales, with 5 % of the values missing."""
    rng = np.random.default_rng(seed)
    walk = 100 + np.cumsum(rng.normal(size=n_rows))
    frame = pd.DataFrame({"price": walk, "sold": rng.uniform(10, 20, size=n_rows)})
    gaps = rng.uniform(size=frame.shape) < 0.05
    # One is in the first row that is forecast.
    gaps[0], gaps[[int(0.7 * n_rows), -20, -11], 0] = False, True
    return frame.mask(gaps)


@pytest.mark.parametrize("seed", range(10))
def test_a_step_that_fills_gaps_leaks_from_later_rows_only(seed):
    X = with_gaps(seed, 400)
    y = X["price"].ffill()
    back = make_pipeline(FunctionTransformer(lambda X: X.bfill().ffill()), windows(), Ridge())
    on = make_pipeline(FunctionTransformer(lambda X: X.ffill()), windows(), Ridge())
    assert check_leakage(back, X, y).step == "functiontransformer"
    assert not check_leakage(on, X, y)


@pytest.mark.parametrize(("frequency", "seed"), [("h", 0), ("h", 1), ("D", 2), ("B", 3)])
@pytest.mark.parametrize("fill", ["bfill", "interpolate", "ffill"])
def test_rows_that_prepare_inserts_must_not_be_filled_from_later_rows(frequency, seed, fill):
    """The table has no row for a missing step, so there is no NaN in it."""
    index = pd.date_range("2024-01-01", periods=300, freq=frequency)
    rng = np.random.default_rng(seed)
    walk = pd.DataFrame({"price": 100 + np.cumsum(rng.normal(size=300))}, index)
    is_there = rng.uniform(size=300) > 0.1
    is_there[[0, -1]] = True
    is_there[[215, 218]] = False
    raw = walk[is_there]

    def prepare(rows):
        filled = getattr(rows.asfreq(frequency), fill)()
        return filled, filled["price"]

    report = check_leakage(make_pipeline(windows(), Ridge()), raw, None, prepare=prepare)
    assert bool(report) == (fill != "ffill")
    if report:
        assert report.step == "prepare"


def next_is_much_lower(X):
    now = np.asarray(X)
    return np.hstack([now, np.append(now[1:] < 0.9 * now[:-1], [[False]], axis=0)])


def minimum_of_later_rows(X):
    return np.minimum.accumulate(np.asarray(X)[::-1])[::-1]


@pytest.mark.parametrize("ahead", [next_is_much_lower, minimum_of_later_rows])
@pytest.mark.parametrize("with_prepare", [False, True])
def test_a_step_that_reacts_only_to_later_values_that_shrink_is_found(ahead, with_prepare):
    series = np.linspace(100, 110, N_ROWS)
    pipe = make_pipeline(FunctionTransformer(ahead), windows(), Ridge())
    report = (
        check_leakage(pipe, series, None, prepare=lambda raw: (raw[:, None], raw))
        if with_prepare
        else check_leakage(pipe, series[:, None], series)
    )
    # Prepared rows hold their own target here, which the step lets through.
    assert report.step in ("functiontransformer", *["prepare"] * with_prepare)


# Stacking cuts the series with its folds.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsMissingWarning")
def test_an_estimator_that_can_predict_only_after_fit_is_checked(prices):
    stacked = StackingRegressor([("windows", make_pipeline(windows(), Ridge()))], cv=2)
    assert not check_leakage(stacked, prices, prices["price"])
    with pytest.raises(ValueError, match=r"Pipeline has no `predict` after fit.*Give an"):
        check_leakage(make_pipeline(StandardScaler()), prices, prices["price"])


# Correct pipelines


def flat_column(X):
    """Return the first column of the rows of any container."""
    return X.iloc[:, :1] if hasattr(X, "iloc") else np.asarray(X)[:, :1]


ONE_COLUMN = {
    "scaler and Ridge": make_pipeline(StandardScaler(), windows(5), Ridge()),
    "horizon of 2": make_pipeline(MinMaxScaler(), windows(horizon=2), Ridge()),
    "forest": make_pipeline(
        StandardScaler(), windows(), RandomForestRegressor(3, random_state=None)
    ),
    "naive": make_pipeline(windows(flatten=False), NaiveRegressor()),
    "seasonal": make_pipeline(windows(7, flatten=False), NaiveRegressor("seasonal", 7)),
    "NaN as padding": make_pipeline(windows(padding="nan"), DecisionTreeRegressor(max_depth=3)),
    "no context": make_pipeline(windows(carry_context=False), Ridge()),
    "search": GridSearchCV(
        make_pipeline(windows(), Ridge()),
        {"slidingwindowtransformer__window_length": [2, 4]},
        cv=TimeSeriesSplit(2),
    ),
    "transformed target": TransformedTargetRegressor(
        make_pipeline(FunctionTransformer(np.log), windows(), Ridge()),
        func=np.log,
        inverse_func=np.exp,
    ),
    "labels let through": make_pipeline(StandardScaler(), windows(), Ridge()).set_output(
        transform="pandas"
    ),
    "recurrent": make_pipeline(
        MinMaxScaler(), windows(), GRURegressor(2, epochs=1, random_state=0)
    ),
}
TWO_COLUMNS = {
    "recurrent with two columns": make_pipeline(
        StandardScaler(), windows(flatten=False), GRURegressor(2, epochs=1)
    ),
    "covariate known in advance": make_pipeline(
        ColumnTransformer([("own", windows(), [0]), ("known", windows(horizon=0), [1])]), Ridge()
    ),
    "rows without windows": RandomForestRegressor(3),
}


@pytest.mark.parametrize("container", ["array", "pandas"])
@pytest.mark.parametrize("name", [*ONE_COLUMN, *TWO_COLUMNS])
def test_correct_pipelines_pass(prices, name, container):
    X = as_container(prices[["price"]] if name in ONE_COLUMN else prices, container)
    # Without a window the target is the price of the next row.
    y = prices["price"].shift(-1).ffill() if name == "rows without windows" else prices["price"]
    report = check_leakage((ONE_COLUMN | TWO_COLUMNS)[name], X, y)
    assert not report, report


@pytest.mark.parametrize("container", ["array", "pandas"])
@pytest.mark.parametrize("name", [name for name in ONE_COLUMN if name != "horizon of 2"])
def test_correct_pipelines_pass_from_raw_rows(prices, name, container):
    raw = as_container(prices, container)

    def prepare(raw):
        column = flat_column(raw)
        return column, np.ravel(column)

    report = check_leakage(ONE_COLUMN[name], raw, None, prepare=prepare)
    assert not report, report


@containers
def test_rows_come_as_arrays_frames_and_lists(prices, container):
    pipe = make_pipeline(StandardScaler(), windows(), Ridge())
    assert not check_leakage(pipe, as_container(prices, container), prices["price"].tolist())


@pytest.mark.parametrize("names", [["a", "b", "c"], [1, 2, 3]])
@pytest.mark.parametrize("where", ["column", "level"])
def test_a_panel_sorted_by_time_passes_and_keeps_the_names_of_its_series(where, names):
    days = pd.date_range("2024-01-01", periods=30)
    labels = pd.MultiIndex.from_product([days, names], names=["day", "shop"])
    sold = np.random.default_rng(1).uniform(size=90)
    X = pd.DataFrame({"sold": sold}, index=labels)
    X = X if where == "level" else X.reset_index("shop")
    seen = []
    look = FunctionTransformer(lambda X: seen.append(X) or X)
    assert not check_leakage(make_pipeline(look, windows(group="shop"), Ridge()), X, sold)
    changed = [other for other in seen if len(other) == 90 and not other.equals(X)]
    assert changed
    assert all(other.drop(columns="sold").equals(X.drop(columns="sold")) for other in changed)
    assert all(other.index.equals(X.index) for other in changed)


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
@pytest.mark.parametrize("encoder", [OneHotEncoder(sparse_output=False), OrdinalEncoder()])
def test_categories_become_others_that_an_encoder_knows(prices, container, encoder):
    names = np.array(["mon", "tue", "wed"], dtype=object)[np.arange(N_ROWS) % 3]
    frame = pd.DataFrame({"day": names})
    frame["day"] = frame["day"].astype("category" if container == "pandas" else object)
    X = as_container(frame, container)
    assert not check_leakage(make_pipeline(encoder, windows(), Ridge()), X, prices["price"])
    leak = make_pipeline(encoder, CenteredMean(), Ridge())
    assert check_leakage(leak, X, prices["price"]).step == "centeredmean"


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "bool", "Int64", "boolean"])
def test_columns_of_every_type_change_after_the_cut_and_keep_type_dates_and_gaps(dtype):
    # Its standard deviation is 0.2: rounded, a change of that size would be none.
    x = (np.arange(N_ROWS) % 20 == 7).astype(int)
    frame = pd.DataFrame({"x": x, "when": DAYS}, index=DAYS)
    frame = frame.astype({"x": dtype})
    if dtype in ("Int64", "boolean"):
        frame.loc[DAYS[[5, 55]], "x"] = pd.NA
    seen = []
    look = FunctionTransformer(lambda X: seen.append(X) or X)
    assert not check_leakage(make_pipeline(look, PredictMean()), frame, np.arange(N_ROWS))
    at_border = next(X for X in seen if len(X) == N_ROWS and not X.equals(frame))
    pd.testing.assert_frame_equal(at_border[:42], frame[:42])
    pd.testing.assert_series_equal(at_border["when"], frame["when"])
    assert at_border["x"].dtype == frame["x"].dtype
    present = frame["x"].notna()
    assert at_border["x"].isna().equals(~present)
    later = present & (np.arange(N_ROWS) > 41)
    assert (at_border["x"][later] != frame["x"][later]).all()


def test_numbers_that_are_categories_become_others_that_an_encoder_knows(prices):
    X = pd.DataFrame({"weekday": pd.Categorical(np.arange(N_ROWS) % 7)})
    assert not check_leakage(make_pipeline(OneHotEncoder(), Ridge()), X, prices["price"])


@pytest.mark.parametrize(("size", "leaky"), [(1e-9, False), (1e-3, True)])
def test_rounding_is_no_leak(prices, size, leaky):
    drift = FunctionTransformer(lambda X: X + size * np.mean(X))
    y = prices["price"].shift(-1).ffill()
    assert bool(check_leakage(make_pipeline(drift, Ridge()), prices, y)) is leaky


def test_a_pipeline_that_drops_rows_cannot_be_checked(prices):
    pipe = make_pipeline(Differences(), PredictMean())
    with pytest.raises(ValueError, match=r"predict gives 59 rows for the 60 rows of X.*`prepare`"):
        check_leakage(pipe, prices, prices["price"])


# The target in its own row


def own_window(**params):
    return windows(horizon=0, **params)


OWN_ROW = {
    "window": Pipeline([("scale", StandardScaler()), ("guilty", own_window()), ("fit", Ridge())]),
    "columns": Pipeline(
        [
            ("guilty", ColumnTransformer([("a", windows(), [1]), ("b", own_window(), [0])])),
            ("fit", Ridge()),
        ]
    ),
    "union": Pipeline(
        [("guilty", FeatureUnion([("a", windows()), ("b", own_window())])), ("fit", Ridge())]
    ),
    "search": GridSearchCV(
        Pipeline([("guilty", own_window()), ("fit", Ridge())]),
        {"fit__alpha": [1, 2]},
        cv=TimeSeriesSplit(2),
    ),
    "no window": Pipeline([("scale", StandardScaler()), ("guilty", RandomForestRegressor(5))]),
    "held by the last step": Pipeline(
        [
            ("scale", StandardScaler()),
            ("guilty", VotingRegressor([("m", make_pipeline(own_window(), Ridge()))])),
        ]
    ),
    "beside a window": Pipeline(
        [("both", FeatureUnion([("a", windows()), ("b", StandardScaler())])), ("guilty", Ridge())]
    ),
}


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
@pytest.mark.parametrize("name", OWN_ROW)
def test_a_prediction_that_reads_its_own_target_is_found(prices, name, container):
    X = as_container(prices, container)
    report = check_leakage(OWN_ROW[name], X, prices["price"].to_numpy())
    assert report.step == "guilty"
    column = 0 if container == "array" else "'price'"
    assert f"y is column {column} of X" in report.reason
    assert ("horizon=1" in report.reason) == (name not in ("no window", "beside a window"))
    # Rows after eight of the cuts.
    assert report.rows.tolist() == [CUTS[k] + 1 for k in np.linspace(0, 15, 8).astype(int)]


def test_a_scaled_target_in_its_own_row_is_found(prices):
    y = StandardScaler().fit_transform(prices)
    one = check_leakage(OWN_ROW["window"], prices, y[:, 0] + 3)
    both = check_leakage(OWN_ROW["window"], prices, y)
    assert (one.step, both.step) == ("guilty", "guilty")
    assert "y is columns ['price', 'sold'] of X" in both.reason


def test_the_target_of_a_panel_in_its_own_row_is_found():
    days = pd.date_range("2024-01-01", periods=30)
    labels = pd.MultiIndex.from_product([days, ["a", "b"]], names=["day", "shop"])
    sold = np.random.default_rng(1).uniform(size=60)
    X = pd.DataFrame({"plan": sold[::-1], "sold": sold}, index=labels).reset_index("shop")
    for horizon in (0, 1):
        pipe = make_pipeline(windows(horizon=horizon, group="shop"), Ridge())
        report = check_leakage(pipe, X, X["sold"])
        assert report.leaky == (horizon == 0)
    # The plan of the row itself is known, whatever the target is.
    read = ColumnTransformer(
        [
            ("own", windows(group="shop"), ["sold", "shop"]),
            ("plan", windows(1, horizon=0, group="shop"), ["plan", "shop"]),
        ]
    )
    report = check_leakage(make_pipeline(read, Ridge()), X, X["sold"])
    assert not report, report


def test_a_target_of_a_later_row_may_be_predicted_from_the_row_itself(prices):
    y = prices["price"].shift(-1).ffill()
    report = check_leakage(make_pipeline(own_window(), Ridge()), prices, y)
    assert not report, report


def test_several_steps_of_which_the_first_is_in_its_own_row_are_a_leak(prices):
    y = pd.concat([prices["price"].shift(-step) for step in range(3)], axis=1).dropna().to_numpy()
    X = prices.iloc[: len(y)]
    assert check_leakage(make_pipeline(own_window(), Ridge()), X, y)
    assert not check_leakage(make_pipeline(windows(), Ridge()), X, y)


def test_rows_with_a_missing_target_are_not_used_to_find_an_own_target(prices):
    X = prices.copy()
    X.iloc[[row for row in range(42, 60) if row != 47], 0] = np.nan
    pipe = make_pipeline(own_window(padding="nan"), DecisionTreeRegressor(max_depth=3))
    report = check_leakage(pipe, X, X["price"].ffill())
    assert report.step == "slidingwindowtransformer"
    assert report.rows.tolist() == [47]


# Leaks where rows are prepared


def scaled_on_all_rows(raw):
    column = np.asarray(flat_column(raw))
    column = (column - column.min()) / (column.max() - column.min())
    return column, column[:, 0]


def only_targets_scaled_on_all_rows(raw):
    return np.asarray(flat_column(raw)), scaled_on_all_rows(raw)[1]


def shifted_the_wrong_way(raw):
    table = pd.DataFrame(np.asarray(raw))
    table["target"] = table[0].shift(1)
    table = table.dropna()
    return table[[0, 1]], table["target"]


def feature_holds_the_target(raw):
    price = np.asarray(raw)[:, 0]
    return np.column_stack([price[:-1], np.diff(price)]), price[1:]


def centered_mean_of_another_column(raw):
    table = pd.DataFrame(np.asarray(raw))
    beside = table[1].rolling(7, center=True, min_periods=1).mean()
    return np.column_stack([table[0].shift(1), beside])[1:], table[0].to_numpy()[1:]


def shuffled_windows(raw):
    price = np.asarray(raw)[:, 0]
    past = np.lib.stride_tricks.sliding_window_view(price, 3)[:-1]
    order = np.random.default_rng(0).permutation(len(past))
    return past[order], price[3:][order]


def several_steps(n_steps):
    """Return a function that prepares targets of several steps at once."""

    def prepare(raw):
        price = np.asarray(raw)[:, 0]
        targets = np.lib.stride_tricks.sliding_window_view(price, n_steps)
        return price[: len(targets), None], targets

    return prepare


def one_step_that_lies_ahead(n_steps):
    def prepare(raw):
        price = np.asarray(raw)[:, 0]
        return np.column_stack([price[1:-n_steps], price[: -n_steps - 1]]), price[n_steps + 1 :]

    return prepare


AHEAD = make_pipeline(windows(), Ridge())
PLAIN = {"pipeline": make_pipeline(StandardScaler(), Ridge()), "forest": RandomForestRegressor(5)}


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
@pytest.mark.parametrize(
    ("estimator", "prepare", "reason"),
    [
        (AHEAD, scaled_on_all_rows, "to the very end.*scaler"),
        (AHEAD, only_targets_scaled_on_all_rows, "computed from all rows"),
        (PLAIN["pipeline"], shifted_the_wrong_way, "wrong way"),
        (PLAIN["forest"], shifted_the_wrong_way, "wrong way"),
        (PLAIN["pipeline"], feature_holds_the_target, "a feature holds the target"),
        (PLAIN["pipeline"], centered_mean_of_another_column, "other columns"),
        (PLAIN["forest"], centered_mean_of_another_column, "other columns"),
        (PLAIN["pipeline"], shuffled_windows, "in order of time"),
        (PLAIN["forest"], shuffled_windows, "in order of time"),
        (AHEAD, several_steps(2), r"1 of the 41.*TimeSeriesSplit\(gap=1\)"),
        (AHEAD, several_steps(5), r"4 of the 39.*TimeSeriesSplit\(gap=4\)"),
        (PLAIN["forest"], one_step_that_lies_ahead(4), r"TimeSeriesSplit\(gap=3\)"),
    ],
)
def test_leaks_of_prepared_rows_are_found(prices, estimator, prepare, reason, container):
    report = check_leakage(estimator, as_container(prices, container), None, prepare=prepare)
    assert report.step == "prepare"
    assert re.search(reason, report.reason)
    assert len(report.rows) > 0


def test_future_targets_in_training_are_the_last_ones_before_the_test(prices):
    report = check_leakage(AHEAD, prices, None, prepare=several_steps(5))
    # 56 prepared rows, the first 39 of which are learned from.
    assert report.rows.tolist() == [35, 36, 37, 38]


@pytest.mark.parametrize(
    ("step", "name"), [(CenteredMean(), "centeredmean"), (Shuffle(), "shuffle")]
)
def test_a_leaking_step_is_named_with_prepared_rows(prices, step, name):
    def prepare(raw):
        return raw[["price"]], raw["price"]

    pipe = make_pipeline(StandardScaler(), step, Ridge())
    assert check_leakage(pipe, prices, None, prepare=prepare).step == name


def test_the_input_of_a_predictor_leaks_even_if_the_predictor_does_not_react(prices):
    def prepare(raw):
        return raw[["price"]], raw["price"]

    ahead = make_pipeline(CenteredMean(), PredictMean())
    assert check_leakage(ahead, prices, None, prepare=prepare).step == "centeredmean"
    with_its_own_row = make_pipeline(windows(horizon=0), PredictMean())
    assert "known already" in check_leakage(with_its_own_row, prices, None, prepare=prepare).reason


def test_one_known_target_of_several_is_a_leak(prices):
    def prepare(raw):
        price = raw["price"].to_numpy()
        return price[:-1, None], np.column_stack([price[1:], price[:-1]])

    assert check_leakage(Ridge(), prices, None, prepare=prepare).step == "prepare"


# Correct preparation


def search_with_gap(gap, model=None):
    pipe = make_pipeline(windows(), model or LinearRegression())
    grid = {"slidingwindowtransformer__window_length": [2, 3]}
    return GridSearchCV(pipe, grid, cv=TimeSeriesSplit(2, gap=gap))


@pytest.mark.parametrize(
    "wrap",
    [
        TransformedTargetRegressor,
        lambda search: make_pipeline(StandardScaler(), search),
        lambda search: VotingRegressor([("small", search_with_gap(0)), ("search", search)]),
    ],
)
def test_the_largest_gap_of_nested_searches_is_used(prices, wrap):
    def prepare(raw):
        # The mean of a row and the two after it.
        price = np.asarray(raw)[:, 0]
        return price[:-2, None], price[:-2] + price[1:-1] + price[2:]

    enough, too_small = (
        check_leakage(wrap(search_with_gap(gap)), prices, None, prepare=prepare) for gap in (2, 0)
    )
    assert not enough, enough
    assert "TimeSeriesSplit(gap=" in too_small.reason


@pytest.mark.parametrize("n_steps", [2, 5])
def test_several_steps_pass_with_the_gap_that_the_report_asks_for_and_no_smaller(prices, n_steps):
    prepare = several_steps(n_steps)
    enough, too_small = (
        check_leakage(search_with_gap(gap), prices, None, prepare=prepare)
        for gap in (n_steps - 1, n_steps - 2)
    )
    assert not enough, enough
    assert f"TimeSeriesSplit(gap={n_steps - 1})" in too_small.reason


def returns(raw):
    logarithms = np.log(np.asarray(raw)[:, 0])
    ahead = np.diff(logarithms)
    return ahead[:, None], ahead


def lags_by_hand(raw):
    table = pd.DataFrame(np.asarray(raw))
    lags = pd.concat({f"lag{k}": table[0].shift(k) for k in (1, 2, 3)}, axis=1)
    lags["known"] = table[1]
    return lags[3:], table[0][3:]


def next_value(raw):
    price = np.asarray(raw)[:, 0]
    return np.asarray(raw)[:-1], price[1:]


def past_mean_of_another_column(raw):
    table = pd.DataFrame(np.asarray(raw))
    return np.column_stack([table[0], table[1].rolling(5).mean()])[4:-1], table[0].to_numpy()[5:]


def covariates_only(raw):
    return np.asarray(raw)[:, 1:], np.asarray(raw)[:, 0]


def scaled_on_the_first_rows(raw):
    column = np.asarray(flat_column(raw))
    column = StandardScaler().fit(column[:30]).transform(column)
    return column, column[:, 0]


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
@pytest.mark.parametrize(
    ("estimator", "prepare"),
    [
        (AHEAD, returns),
        (PLAIN["pipeline"], lags_by_hand),
        (PLAIN["forest"], lags_by_hand),
        (PLAIN["pipeline"], next_value),
        (PLAIN["forest"], next_value),
        (PLAIN["pipeline"], past_mean_of_another_column),
        (PLAIN["forest"], covariates_only),
        (AHEAD, scaled_on_the_first_rows),
    ],
)
def test_correct_preparation_passes(prices, estimator, prepare, container):
    report = check_leakage(estimator, as_container(prices, container), None, prepare=prepare)
    assert not report, report


@pytest.mark.parametrize("seed", range(5))
def test_a_target_that_is_a_sign_passes_and_is_found_when_it_is_shifted_the_wrong_way(seed):
    series = pd.Series(np.random.default_rng(seed).normal(size=N_ROWS)).cumsum()

    def up_or_down(shift):
        def prepare(series):
            change = series.diff()
            return np.column_stack([change, change.shift(1)])[2:-1], (change > 0).shift(
                shift, fill_value=False
            )[2:-1].astype(int)

        return prepare

    model = make_pipeline(StandardScaler(), LogisticRegression())
    correct = check_leakage(model, series, None, prepare=up_or_down(-1))
    assert not correct, correct
    assert check_leakage(model, series, None, prepare=up_or_down(1)).step == "prepare"


# The gap of the splitter is a missing step, and the window warns of it.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsMissingWarning")
def test_a_window_that_ends_two_rows_before_its_row_needs_a_gap_of_one(prices):
    def prepare(raw):
        return raw[["price"]], raw["price"]

    # When row 42 is forecast, after row 40, row 41 is still to come.
    report = check_leakage(ONE_COLUMN["horizon of 2"], prices, None, prepare=prepare)
    assert "TimeSeriesSplit(gap=1)" in report.reason
    assert report.rows.tolist() == [41]
    pipe = make_pipeline(windows(horizon=2), Ridge())
    search = GridSearchCV(pipe, {"ridge__alpha": [1, 2]}, cv=TimeSeriesSplit(2, gap=1))
    assert not check_leakage(search, prices, None, prepare=prepare)


def test_windows_inside_another_estimator_pass_though_rows_hold_their_own_target(prices):
    def prepare(raw):
        return raw[["price"]], raw["price"]

    inside = VotingRegressor([("windows", AHEAD)])
    report = check_leakage(inside, prices, None, prepare=prepare)
    assert not report, report


INSIDE = {
    "pipeline": AHEAD,
    "search": GridSearchCV(AHEAD, {"ridge__alpha": [1, 2]}, cv=TimeSeriesSplit(2)),
    "transformed target": TransformedTargetRegressor(AHEAD),
    "list": VotingRegressor([("windows", AHEAD)]),
}


@pytest.mark.parametrize("name", INSIDE)
def test_windows_inside_the_last_step_pass_after_a_scaler(prices, name):
    def prepare(raw):
        return raw[["price"]], raw["price"]

    report = check_leakage(
        make_pipeline(StandardScaler(), INSIDE[name]), prices, None, prepare=prepare
    )
    assert not report, report


@pytest.mark.parametrize("name", INSIDE)
def test_a_step_before_windows_inside_the_last_step_is_still_named(prices, name):
    def prepare(raw):
        return raw[["price"]], raw["price"]

    ahead = make_pipeline(CenteredMean(), INSIDE[name])
    assert check_leakage(ahead, prices, None, prepare=prepare).step == "centeredmean"


FILLED_FROM_LATER_ROWS = {
    "interpolation": lambda column: column.interpolate(),
    "next value": lambda column: column.bfill().ffill(),
    "mean of all rows": lambda column: column.fillna(column.mean()),
}
FILLED_FROM_EARLIER_ROWS = {
    "last value": lambda column: column.ffill(),
    "mean of the first rows": lambda column: column.fillna(column[:50].mean()),
}


def lagged_with_gaps_filled(fill):
    """The target is left as it is: rows without one are left out."""

    def prepare(raw):
        rows = raw["price"].notna() & (raw.index > 0)
        lag = fill(raw["price"]).shift(1).rename("lag")
        return pd.concat([lag, fill(raw["sold"])], axis=1)[rows], raw["price"][rows]

    return prepare


def own_column_with_gaps_filled(fill):
    def prepare(raw):
        price = fill(raw["price"])
        return price.to_frame(), price

    return prepare


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("name", "estimator", "prepare_with"),
    [
        ("interpolation", AHEAD, own_column_with_gaps_filled),
        ("next value", Ridge(), lagged_with_gaps_filled),
        ("mean of all rows", Ridge(), lagged_with_gaps_filled),
    ],
)
def test_gaps_that_prepare_fills_from_later_rows_are_found(seed, name, estimator, prepare_with):
    prepare = prepare_with(FILLED_FROM_LATER_ROWS[name])
    assert check_leakage(estimator, with_gaps(seed), None, prepare=prepare).step == "prepare"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", FILLED_FROM_EARLIER_ROWS)
@pytest.mark.parametrize(
    ("estimator", "prepare_with"),
    [(Ridge(), lagged_with_gaps_filled), (AHEAD, own_column_with_gaps_filled)],
)
def test_gaps_that_prepare_fills_from_earlier_rows_pass(seed, name, estimator, prepare_with):
    prepare = prepare_with(FILLED_FROM_EARLIER_ROWS[name])
    report = check_leakage(estimator, with_gaps(seed), None, prepare=prepare)
    assert not report, report


@pytest.mark.parametrize("random_part", [0, 1])
def test_a_random_preparation_is_told_from_one_that_reads_later_rows(prices, random_part):
    rng = np.random.default_rng(0)

    def prepare(raw):
        parts = [np.asarray(raw), np.asarray(raw)[:, 0]]
        parts[random_part] = parts[random_part] + rng.normal(size=parts[random_part].shape)
        return tuple(parts)

    report = check_leakage(AHEAD, prices, None, prepare=prepare)
    assert report.step == "prepare"
    assert "prepare is random" in report.reason
    assert report.rows.tolist() == list(range(N_ROWS))


def test_counts_stay_one_or_more_so_that_their_logarithm_exists():
    def prepare(raw):
        assert (raw >= 1).all()
        return np.log(raw), np.log(raw[:, 0])

    raw = np.random.default_rng(0).integers(1, 4, size=(N_ROWS, 1))
    assert not check_leakage(AHEAD, raw, None, prepare=prepare)


def test_the_logarithm_of_values_that_are_changed_exists():
    def prepare(raw):
        return np.log(raw), np.log(raw[:, 0])

    # Values near 0 would become negative if a constant were subtracted.
    raw = np.random.default_rng(0).exponential(size=(N_ROWS, 1))
    assert not check_leakage(AHEAD, raw, None, prepare=prepare)


def test_raw_rows_may_be_an_array_of_one_axis(prices):
    def prepare(series):
        return series[:, None], series

    assert not check_leakage(AHEAD, prices["price"].to_numpy(), None, prepare=prepare)


# Steps of sequences


@pytest.fixture(scope="module")
def sequences():
    """Twelve sequences of eight steps. Do not change them."""
    return np.random.default_rng(3).normal(size=(12, 8))


def sequence_network(**params):
    params = {"architecture": "sequence_to_sequence", "units": 3, "epochs": 1} | params
    return LSTMRegressor(**params)


@pytest.mark.parametrize("n_features", [None, 2])
@pytest.mark.parametrize("container", ["array", "pandas"])
def test_a_forward_network_passes(sequences, n_features, container):
    X = sequences if n_features is None else np.stack([sequences] * n_features, axis=-1)
    X = pd.DataFrame(X).add_prefix("step ") if container == "pandas" and X.ndim == 2 else X
    report = check_leakage(sequence_network(), X, sequences, axis="steps")
    assert not report, report


def test_a_bidirectional_network_reads_later_steps_at_each_step_before_a_cut(sequences):
    network = sequence_network(bidirectional=True)
    pipe = Pipeline([("scale", StandardScaler()), ("network", network)])
    report = check_leakage(pipe, sequences, sequences, axis="steps")
    assert report.step == "network"
    assert report.rows.tolist() == list(range(7))
    assert "bidirectional=False" in report.reason
    assert check_leakage(network, sequences, sequences, axis="steps").step is None


class EachStep(RegressorMixin, BaseEstimator):
    """Predicts its input."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.asarray(X)


def test_a_transformer_that_reads_later_steps_is_named(sequences):
    backward = FunctionTransformer(lambda X: np.cumsum(X[:, ::-1], axis=1)[:, ::-1])
    pipe = Pipeline([("scale", StandardScaler()), ("sum", backward), ("model", EachStep())])
    assert check_leakage(pipe, sequences, sequences, axis="steps").step == "sum"
    forward = FunctionTransformer(lambda X: np.cumsum(X, axis=1))
    assert not check_leakage(make_pipeline(forward, EachStep()), sequences, sequences, axis="steps")


def test_a_step_that_reacts_only_to_later_steps_that_shrink_is_found():
    least = FunctionTransformer(lambda X: np.minimum.accumulate(X[:, ::-1], axis=1)[:, ::-1])
    rising = np.linspace(1, 2, 96).reshape(12, 8)
    report = check_leakage(make_pipeline(least, EachStep()), rising, rising, axis="steps")
    assert report.step == "functiontransformer"


@pytest.mark.parametrize(
    ("model", "y"),
    [(Ridge(), 0), (Ridge(), slice(None)), (sequence_network(architecture="encoder_decoder"), ...)],
)
def test_estimators_without_an_output_at_each_step_are_refused(sequences, model, y):
    y = sequences[:, :3] if isinstance(y, slice) else sequences[:, y] if y == 0 else sequences
    with pytest.raises(ValueError, match=r'at each of the 8 steps.*"sequence_to_sequence"'):
        check_leakage(model, sequences, y, axis="steps")


# Input is not changed


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
@pytest.mark.parametrize("with_prepare", [False, True])
def test_input_and_estimator_are_not_changed(prices, container, with_prepare):
    X = as_container(prices, container)
    y = prices["price"].to_numpy().copy()
    pipe = make_pipeline(windows(), RandomForestRegressor(3, random_state=0))

    def prepare(raw):
        if container != "polars":
            raw *= 2  # a preparation that changes its input in place
        return lags_by_hand(raw)

    state = np.random.get_state()[1].copy()  # noqa: NPY002
    if with_prepare:
        check_leakage(pipe, X, None, prepare=prepare)
    else:
        check_leakage(pipe, X, y)
    np.testing.assert_array_equal(np.asarray(X), prices.to_numpy())
    np.testing.assert_array_equal(y, prices["price"])
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert not hasattr(pipe[-1], "estimators_")
    assert not hasattr(pipe[0], "context_")


@pytest.mark.parametrize("container", ["array", "pandas"])
@pytest.mark.parametrize("with_prepare", [False, True])
def test_steps_that_write_into_their_input_do_not_change_the_input_of_the_check(
    prices, container, with_prepare
):
    X = as_container(prices.copy(), container)
    prepared = []

    def prepare(raw):
        prepared.append((raw, np.ravel(flat_column(raw)).copy()))
        return prepared[-1]

    pipe = make_pipeline(StandardScaler(copy=False), windows(), Ridge())
    if with_prepare:
        assert not check_leakage(pipe, X, None, prepare=prepare)
        X = prepared[0][0]
    else:
        assert not check_leakage(pipe, X, prices["price"])
    np.testing.assert_array_equal(np.asarray(X), prices.to_numpy())


# The report


def test_the_report_is_true_for_a_leak_and_reads_as_a_sentence(prices):
    pipe = Pipeline([("center", CenteredMean()), ("model", Ridge())])
    leak = check_leakage(pipe, prices, prices["price"])
    clean = check_leakage(Ridge(), prices, prices["price"].shift(-1).ffill())
    assert (bool(leak), bool(clean)) == (True, False)
    assert repr(leak) == str(leak) == f"leak in step 'center': {leak.reason}"
    assert str(clean) == f"no leak found: {clean.reason}"
    assert str(LeakageReport(True, np.array([3]), None, "why.")) == "leak: why."
    assert clean.step is None
    assert clean.rows.dtype.kind == "i"
    assert len(clean.rows) == 0
    with pytest.raises(AttributeError):
        leak.leaky = False


# Errors


def from_raw(raw):
    return raw, raw[:, 0]


@pytest.mark.parametrize(
    ("X", "y", "params", "message"),
    [
        (np.ones((9, 1)), np.ones(9), {}, "X has 9 rows, but at least 10"),
        (np.ones((10, 1)), np.ones(9), {}, "inconsistent numbers of samples"),
        (np.ones(10), np.ones(10), {}, r"shape \(10,\).*\(n_samples, n_features\)"),
        (np.ones((10, 1)), None, {}, "y is None"),
        (object(), np.ones(10), {}, "X is a object.*dense array"),
        (np.ones((10, 1)), np.ones(10), {"axis": "steps"}, "2 steps or more"),
        (np.ones((10, 1)), np.ones(10), {"axis": "columns"}, "'axis' parameter"),
        (np.ones((10, 1)), np.ones(10), {"prepare": from_raw}, "must be None"),
        (np.ones((10, 1)), None, {"prepare": from_raw, "axis": "steps"}, 'axis="steps" cannot'),
        (np.ones((10, 1)), None, {"prepare": lambda raw: raw}, "must return two things"),
        (
            np.ones((10, 1)),
            None,
            {"prepare": lambda raw: (raw[1:], raw[:, 0])},
            "9 rows of X and 10",
        ),
        (
            np.arange(20.0)[:, None],
            None,
            {"prepare": lambda raw: (raw[raw[:, 0] < 19], raw[raw[:, 0] < 19, 0])},
            "prepare gives 19 rows, but .* when values of raw rows change",
        ),
        (
            np.ones((10, 1)),
            None,
            {"prepare": lambda raw: (raw, DAYS[:10].day)},
            "targets .* do not change",
        ),
    ],
)
def test_input_that_cannot_be_checked_is_refused(X, y, params, message):
    with pytest.raises(ValueError, match=message):
        check_leakage(Ridge(), X, y, **params)


def test_a_gap_that_leaves_no_rows_to_learn_from_is_refused(prices):
    with pytest.raises(ValueError, match="gap of 42 rows leaves none"):
        check_leakage(search_with_gap(42), prices, None, prepare=next_value)


@pytest.mark.parametrize("where", ["pipeline", "search"])
def test_a_panel_cannot_be_checked_with_prepare(prices, where):
    pipe = make_pipeline(windows(group="shop"), Ridge())
    model = pipe if where == "pipeline" else GridSearchCV(pipe, {"ridge__alpha": [1, 2]})
    with pytest.raises(ValueError, match=r"group='shop'.*one series of the panel at a time"):
        check_leakage(model, prices, None, prepare=next_value)


def test_the_error_about_numbers_that_are_names_says_to_convert_them(prices):
    X = np.arange(N_ROWS)[:, None] % 3
    pipe = make_pipeline(OneHotEncoder(), Ridge())
    with pytest.raises(ValueError, match=r"unknown categories.*If numbers are names, convert"):
        check_leakage(pipe, X, prices["price"])
