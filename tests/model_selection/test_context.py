"""Context: steps that `check_context` names, pipelines that pass, and refused input."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor, VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.model_selection import ContextReport, check_context

N_ROWS = 80
BORDER = 56
DAYS = pd.date_range("2024-01-01", periods=N_ROWS, freq="D", name="day")


@pytest.fixture(scope="module")
def prices():
    """Eighty days of a random walk and of sales. Do not change them."""
    rng = np.random.default_rng(0)
    walk = 100 + np.cumsum(rng.normal(size=N_ROWS))
    return pd.DataFrame({"price": walk, "sold": rng.uniform(10, 20, size=N_ROWS)}, index=DAYS)


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


# Steps that look back


class Stateless(TransformerMixin, BaseEstimator):
    """A transformer that learns nothing."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self


class ChangeByShift(Stateless):
    """The change since the row before, computed with `shift`."""

    def transform(self, X):
        rows = pd.DataFrame(np.asarray(X))
        return (rows - rows.shift(1)).fillna(0).to_numpy()


class StandardizeTheCall(Stateless):
    """A scaler that learns in `transform`."""

    def transform(self, X):
        return (X - np.mean(X, axis=0)) / np.std(X, axis=0)


class DropsTheFirst(Stateless):
    """One row fewer than it is given."""

    def transform(self, X):
        return np.diff(np.asarray(X), axis=0)


class Mean(RegressorMixin, BaseEstimator):
    """Predicts the mean of the targets."""

    def fit(self, X, y):
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Restores(RegressorMixin, BaseEstimator):
    """Predicts one row more than it is given."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.append(0.0, np.asarray(X)[:, 0])


def of_frame(function):
    """Make a step of a function of a DataFrame, for rows of any container."""
    return FunctionTransformer(lambda rows: function(pd.DataFrame(np.asarray(rows))).to_numpy())


# For a window of three rows: the number of predictions that differ, and the number of fitted rows
# to give too, which are those that the step and the windows read.
LOOK_BACK = {
    "difference": (of_frame(lambda rows: rows.diff().fillna(0)), 3, 4),
    "rolling mean": (of_frame(lambda rows: rows.rolling(5, min_periods=1).mean()), 6, 7),
    "shift": (ChangeByShift(), 3, 4),
}


@pytest.mark.parametrize("container", ["array", "pandas", "polars", "list"])
@pytest.mark.parametrize("name", LOOK_BACK)
def test_a_step_that_reads_earlier_rows_is_named_with_the_rows_to_give_too(prices, name, container):
    step, n_rows, n_given = LOOK_BACK[name]
    pipe = Pipeline([("scale", StandardScaler()), ("back", step), ("w", windows()), ("m", Ridge())])
    X = as_container(prices, container)
    report = check_context(pipe, X, prices["price"])
    assert report.loses_context
    assert report.step == "back"
    # The first window after the border holds fitted rows only, which are remembered.
    assert report.rows.tolist() == [BORDER + 1 + row for row in range(n_rows)]
    assert f"{n_rows} of the 24 rows from row 56 on" in report.reason
    assert f"at least the last {n_given} of them" in report.reason


@pytest.mark.parametrize("container", ["array", "pandas"])
def test_an_exponential_filter_is_named(prices, container):
    smooth = of_frame(lambda rows: rows.ewm(alpha=0.5).mean())
    pipe = make_pipeline(smooth, windows(), Ridge())
    report = check_context(pipe, as_container(prices, container), prices["price"])
    assert report.step == "functiontransformer"
    assert report.rows[0] == BORDER + 1
    assert "The step reads earlier rows" in report.reason


@pytest.mark.parametrize("name", LOOK_BACK)
def test_predictions_are_the_same_with_the_rows_that_the_report_asks_for(prices, name):
    step, _, n_given = LOOK_BACK[name]
    X, y = prices.to_numpy(), prices["price"]
    pipe = make_pipeline(step, windows(), Ridge()).fit(X[:BORDER], y[:BORDER])
    behind = pipe.predict(X)[BORDER:]
    given = {n: pipe.predict(X[BORDER - n :])[n:] for n in (n_given - 1, n_given)}
    np.testing.assert_allclose(given[n_given], behind)
    assert not np.allclose(given[n_given - 1], behind)


def test_a_sum_without_end_is_named_without_a_number_of_rows(prices):
    pipe = make_pipeline(FunctionTransformer(lambda rows: np.cumsum(rows, axis=0)), Ridge())
    report = check_context(pipe, prices.to_numpy(), prices["price"])
    assert report.rows.tolist() == list(range(BORDER, N_ROWS))
    assert "together with the new ones and drop" in report.reason


@pytest.mark.parametrize("wrap", ["search", "transformed target", "both"])
def test_the_step_is_named_inside_searches_and_transformed_targets(prices, wrap):
    model = Pipeline([("back", ChangeByShift()), ("model", Ridge())])
    if wrap != "transformed target":
        model = GridSearchCV(model, {"model__alpha": [1, 2]}, cv=TimeSeriesSplit(2))
    if wrap != "search":
        model = TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp)
    assert check_context(model, prices, prices["price"]).step == "back"


def test_a_step_is_named_if_a_later_step_refuses_its_output(prices):
    # In fit the first row is given a value; alone the next call begins with NaN.
    def difference(rows):
        change = np.diff(rows, axis=0, prepend=np.nan)
        return np.nan_to_num(change) if rows[0, 0] == prices["price"].iloc[0] else change

    pipe = make_pipeline(FunctionTransformer(difference), Ridge())
    report = check_context(pipe, prices.to_numpy(), prices["price"])
    assert report.step == "functiontransformer"
    assert report.rows.tolist() == [BORDER]


def test_rows_that_cannot_be_predicted_alone_are_refused_if_no_step_loses_context(prices):
    def refuse_few(rows):
        if len(rows) < 50:
            raise ValueError("too few for me")
        return rows

    pipe = make_pipeline(FunctionTransformer(refuse_few), Ridge())
    with pytest.raises(ValueError, match=r"from row 56 on .* not alone: too few for me Give the"):
        check_context(pipe, prices.to_numpy(), prices["price"])


@pytest.mark.parametrize("container", ["array", "pandas"])
def test_a_step_that_fills_gaps_from_the_rows_before_is_named(prices, container):
    gaps = prices.copy()
    gaps.iloc[[20, 66], 0] = np.nan
    fill = of_frame(lambda rows: rows.ffill())
    pipe = make_pipeline(fill, windows(), Ridge())
    report = check_context(pipe, as_container(gaps, container), prices["price"])
    assert report.step == "functiontransformer"
    assert report.rows.tolist() == [20]
    mean = make_pipeline(SimpleImputer(), windows(), Ridge())
    assert not check_context(mean, as_container(gaps, container), prices["price"])


def test_a_difference_is_found_if_a_value_is_missing_at_the_given_border(prices):
    gaps = prices[["price"]].copy()
    gaps.iloc[BORDER] = np.nan
    pipe = make_pipeline(of_frame(lambda rows: rows.diff().fillna(0)), windows(), Ridge())
    report = check_context(pipe, gaps, prices["price"])
    # Row 55 has a value, and so has the one before it.
    assert "from row 55 on" in report.reason
    assert report.rows.tolist() == [56, 57, 58]


def test_a_step_beside_a_window_is_named_by_the_step_that_holds_both(prices):
    both = FeatureUnion([("past", windows()), ("change", ChangeByShift())])
    report = check_context(Pipeline([("both", both), ("m", Ridge())]), prices, prices["price"])
    assert report.step == "both"
    assert report.rows.tolist() == [BORDER]
    assert "The step reads earlier rows" in report.reason


def test_a_step_that_learns_from_all_rows_of_the_call_is_told_to_learn_in_fit(prices):
    pipe = make_pipeline(StandardizeTheCall(), windows(), Ridge())
    report = check_context(pipe, prices, prices["price"])
    assert report.step == "standardizethecall"
    assert "depends on all rows of the call" in report.reason
    assert "Let it learn in fit" in report.reason


def test_a_random_step_is_told_from_one_that_loses_context(prices):
    rng = np.random.default_rng(0)
    noise = FunctionTransformer(lambda rows: rows + rng.normal(size=np.shape(rows)))
    report = check_context(make_pipeline(noise, Ridge()), prices, prices["price"])
    assert report.step == "functiontransformer"
    assert "another one each time. Set random_state" in report.reason


def test_a_transformer_of_sparse_rows_is_compared(prices):
    X = np.arange(N_ROWS)[:, None] % 5
    first_row = FunctionTransformer(lambda rows: (rows.multiply(rows[[0]])).tocoo())
    pipe = make_pipeline(OneHotEncoder(), Ridge())
    assert not check_context(pipe, X, prices["price"])
    pipe.steps.insert(1, ("by the first", first_row))
    assert check_context(pipe, X, prices["price"]).step == "by the first"


# Windows


@pytest.mark.parametrize("where", ["pipeline", "columns", "union", "last step"])
def test_a_window_that_carries_no_context_is_named_with_the_parameter(prices, where):
    window = windows(carry_context=False)
    held = {
        "pipeline": window,
        "columns": ColumnTransformer([("own", window, [0])]),
        "union": make_union(StandardScaler(), window),
        "last step": StandardScaler(),
    }[where]
    model = VotingRegressor([("m", make_pipeline(window, Ridge()))])
    pipe = Pipeline([("held", held), ("model", model if where == "last step" else Ridge())])
    report = check_context(pipe, prices, prices["price"])
    assert report.step == ("model" if where == "last step" else "held")
    assert report.rows.tolist() == [BORDER, BORDER + 1, BORDER + 2]
    assert "carry_context=False makes a window start fresh in each call" in report.reason


def test_carry_context_is_not_blamed_for_a_difference_beside_the_window(prices):
    both = make_union(windows(1, horizon=0, carry_context=False), ChangeByShift())
    report = check_context(make_pipeline(both, Ridge()), prices, prices["price"])
    assert "carry_context" not in report.reason


def test_the_warning_of_a_window_about_text_labels_is_quoted(prices):
    X = prices.set_axis(DAYS.strftime("%d.%m.%Y"))
    report = check_context(make_pipeline(windows(), Ridge()), X, prices["price"].to_numpy())
    assert report.step == "slidingwindowtransformer"
    assert "The window warns: " in report.reason
    assert "pd.to_datetime" in report.reason


def test_rows_without_labels_that_equal_the_first_ones_are_explained(prices):
    demand = np.random.default_rng(0).poisson(2, size=(N_ROWS, 1)).astype(float)
    demand[:3] = demand[BORDER : BORDER + 3] = 0.0
    pipe = make_pipeline(windows(padding="nan"), HistGradientBoostingRegressor(max_iter=2))
    report = check_context(pipe, demand, prices["price"])
    assert report.step == "slidingwindowtransformer"
    assert "have no row labels and begin with the values of the first fitted rows" in report.reason
    assert not check_context(pipe, pd.DataFrame(demand, index=DAYS), prices["price"])


def without(frame, *rows):
    return frame.drop(frame.index[list(rows)])


@pytest.mark.parametrize("gaps", ["warn", "ignore", "missing"])
def test_missing_steps_at_the_border_are_no_loss_of_the_window(prices, gaps):
    X = without(prices, 40, 54, 55, 56, 57, 70)
    pipe = make_pipeline(windows(gaps=gaps), Ridge())
    report = check_context(pipe, X, X["price"])
    assert not report, report
    # A step that reads earlier rows is still found.
    pipe.steps.insert(0, ("back", ChangeByShift()))
    assert check_context(pipe, X, X["price"]).step == "back"


def test_border_of_irregular_labels_has_a_distance_that_was_fitted(prices):
    rng = np.random.default_rng(1)
    passed = rng.integers(1, 9, size=N_ROWS)
    passed[BORDER] = 100
    X = prices.set_axis(DAYS[0] + pd.to_timedelta(np.cumsum(passed), unit="D"))
    report = check_context(make_pipeline(windows(), Ridge()), X, X["price"])
    assert not report, report


def panel_of(n_days=30, shops="abcd"):
    """Rows of some shops, in order of time."""
    days = pd.date_range("2024-01-01", periods=n_days, name="day")
    index = pd.MultiIndex.from_product([days, list(shops)], names=["day", "shop"])
    sold = np.random.default_rng(1).uniform(size=len(index))
    return pd.DataFrame({"sold": sold}, index=index)


def test_series_of_a_panel_that_have_missing_steps_at_every_border_are_left_out():
    panel = panel_of(40, "abcdefghijklmn")
    day, shop = np.repeat(np.arange(40), 14), np.tile(np.arange(14), 40)
    # Each day one of the shops is closed, and "a" on no day.
    X = panel[(shop == 0) | ((day + shop) % 13 > 0)]
    pipe = make_pipeline(windows(group="shop", gaps="ignore"), Ridge())
    report = check_context(pipe, X, X["sold"])
    assert not report, report
    fresh = make_pipeline(windows(group="shop", carry_context=False), Ridge())
    assert check_context(fresh, X, X["sold"]).step == "slidingwindowtransformer"


@pytest.mark.parametrize("where", ["column", "level"])
def test_the_border_of_a_panel_lies_between_two_times(where):
    panel = panel_of()
    X = panel if where == "level" else panel.reset_index("shop")
    seen = []
    look = FunctionTransformer(lambda rows: seen.append(len(rows)) or rows)
    pipe = make_pipeline(look, windows(group="shop"), Ridge())
    # 66 % of 120 rows are 79.2.
    assert not check_context(pipe, X, panel["sold"], cut=0.66)
    assert seen[0] == 80


def test_a_difference_over_the_series_of_a_panel_is_named():
    X = panel_of()
    change = FunctionTransformer(lambda rows: rows.groupby("shop").diff().fillna(0))
    pipe = make_pipeline(change, windows(group="shop"), Ridge())
    report = check_context(pipe, X, X["sold"])
    assert report.step == "functiontransformer"
    # The second, third and fourth day after the border, of each of four shops.
    assert report.rows.tolist() == list(range(84 + 4, 84 + 16))


# Pipelines that lose no context


def scaled(*steps):
    return make_pipeline(StandardScaler(), *steps)


CLEAN = {
    "scaler": scaled(windows(), Ridge()),
    "labels let through": scaled(windows(5), Ridge()).set_output(transform="pandas"),
    "min and max": make_pipeline(MinMaxScaler(), windows(horizon=2), Ridge()),
    "power": make_pipeline(PowerTransformer(), windows(), Ridge()),
    "components": scaled(PCA(2), windows(), Ridge()),
    "polynomial": scaled(PolynomialFeatures(2), windows(), Ridge()),
    "lags and calendar": make_pipeline(
        ColumnTransformer([("lags", windows(), [0]), ("known", windows(1, horizon=0), [1])]),
        Ridge(),
    ),
    "windows beside rows": make_pipeline(make_union(windows(), StandardScaler()), Ridge()),
    "imputer": make_pipeline(SimpleImputer(), windows(), Ridge()),
    "NaN as padding": make_pipeline(
        windows(padding="nan"), HistGradientBoostingRegressor(max_iter=3)
    ),
    "search": GridSearchCV(
        make_pipeline(windows(), Ridge()),
        {"slidingwindowtransformer__window_length": [2, 4]},
        cv=TimeSeriesSplit(2),
    ),
    "transformed target": TransformedTargetRegressor(
        make_pipeline(windows(), Ridge()), func=np.log, inverse_func=np.exp
    ),
    "within each window": make_pipeline(
        windows(4),
        FunctionTransformer(lambda rows: np.diff(np.asarray(rows)[:, ::2], axis=1)),
        Ridge(),
    ),
    "recurrent": scaled(windows(flatten=False), GRURegressor(2, epochs=1, random_state=0)),
    "naive": make_pipeline(windows(flatten=False), NaiveRegressor()),
    "held by the last step": scaled(VotingRegressor([("m", make_pipeline(windows(), Ridge()))])),
    "no window": scaled(RandomForestRegressor(5)),
}


@pytest.mark.parametrize("container", ["array", "pandas"])
@pytest.mark.parametrize("name", CLEAN)
def test_pipelines_without_memory_pass(prices, name, container):
    report = check_context(CLEAN[name], as_container(prices, container), prices["price"])
    assert not report, report


@pytest.mark.parametrize("container", ["polars", "list"])
def test_other_containers_pass(prices, container):
    report = check_context(scaled(windows(), Ridge()), as_container(prices, container), DAYS.day)
    assert not report, report


@pytest.mark.parametrize("container", ["array", "pandas"])
def test_components_without_variance_are_rounding_and_no_loss(container):
    rng = np.random.default_rng(0)
    pipe = make_pipeline(PCA(), Ridge())
    if container == "pandas":
        pipe.set_output(transform="pandas")
    # Matrix products of these sizes are rounded in another way than smaller ones.
    for n_rows, n_columns in [(401, 17), (403, 17), (1001, 33)]:
        X = 5 + rng.normal(size=(n_rows, 2)) @ rng.normal(size=(2, n_columns))
        frame = pd.DataFrame(X).add_prefix("x")
        assert not check_context(pipe, as_container(frame, container), X[:, 0])


def test_probabilities_of_a_classifier_are_compared(prices):
    y = np.where(prices["price"] > 100, "high", "low")
    assert not check_context(scaled(windows(), LogisticRegression()), prices, y)
    lost = make_pipeline(ChangeByShift(), windows(), LogisticRegression())
    assert check_context(lost, prices, y).step == "changebyshift"


# Input is not changed, and the report


@pytest.mark.parametrize("container", ["array", "pandas"])
def test_input_and_estimator_are_not_changed(prices, container):
    X = as_container(prices.copy(), container)
    pipe = make_pipeline(StandardScaler(copy=False), ChangeByShift(), windows(), Ridge())
    assert check_context(pipe, X, prices["price"]).step == "changebyshift"
    np.testing.assert_array_equal(np.asarray(X), prices.to_numpy())
    assert not hasattr(pipe[-1], "coef_")


def test_the_report_is_true_for_a_loss_and_reads_as_a_sentence(prices):
    lost = check_context(make_pipeline(ChangeByShift(), Ridge()), prices, prices["price"])
    clean = check_context(Ridge(), prices, prices["price"])
    assert (bool(lost), bool(clean)) == (True, False)
    assert repr(lost) == f"context lost in step 'changebyshift': {lost.reason}"
    assert repr(clean) == (
        "no context lost: the 24 rows from row 56 on have the same output alone and after earlier "
        "rows."
    )
    assert str(ContextReport(True, np.array([3]), None, "why.")) == "context lost: why."
    assert (clean.step, clean.rows.dtype.kind, len(clean.rows)) == (None, "i", 0)


# Errors


@pytest.mark.parametrize(
    ("X", "y", "params", "message"),
    [
        (np.ones((9, 1)), np.ones(9), {}, "X has 9 rows, but at least 10"),
        (np.ones((10, 1)), np.ones(9), {}, "inconsistent numbers of samples"),
        (np.ones((10, 1)), None, {}, "y is None"),
        (object(), np.ones(10), {}, "X is a object.*cannot be split.*dense array"),
        (np.ones((10, 1)), np.ones(10), {"cut": 1.0}, "'cut' parameter"),
        (np.ones((10, 1)), np.ones(10), {"cut": 0}, "'cut' parameter"),
        (pd.DataFrame({"x": np.ones(10)}, DAYS[:10][::-1]), np.ones(10), {}, "newest row comes"),
        (
            pd.DataFrame({"x": np.ones(10)}, DAYS[[0] * 10]),
            np.ones(10),
            {},
            "the same time",
        ),
    ],
)
def test_input_that_cannot_be_checked_is_refused(X, y, params, message):
    with pytest.raises(ValueError, match=message):
        check_context(Ridge(), X, y, **params)


def test_a_panel_sorted_by_series_is_refused():
    X = panel_of().sort_index(level="shop", sort_remaining=True)
    pipe = make_pipeline(windows(group="shop"), Ridge())
    with pytest.raises(ValueError, match=r"sorted by series.*X.sort_index\(level='day'\)"):
        check_context(pipe, X, X["sold"])


def test_labels_with_missing_steps_at_every_border_are_refused(prices):
    X = prices.set_axis(DAYS[0] + pd.to_timedelta(1.5 ** np.arange(N_ROWS), unit="us"))
    with pytest.raises(ValueError, match=r"Steps are missing before row 56.*X.asfreq"):
        check_context(make_pipeline(windows(), Ridge()), X, X["price"])


def test_a_pipeline_that_drops_rows_is_refused_or_has_its_predictions_compared(prices):
    with pytest.raises(ValueError, match=r"predict gives 79 rows for the 80 rows of X"):
        check_context(make_pipeline(DropsTheFirst(), Mean()), prices, prices["price"])
    report = check_context(make_pipeline(DropsTheFirst(), Restores()), prices, prices["price"])
    assert (report.step, report.rows.tolist()) == ("restores", [BORDER])
