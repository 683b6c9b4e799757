"""Comparison of regressors: metrics, splits, and the naive forecast."""

import dataclasses
import math
import re
from time import sleep

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, StackingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import make_scorer, max_error, mean_absolute_error, root_mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import ConformalIntervals, GRURegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.metrics import diebold_mariano_test, pinball_scorer
from skrnn.model_selection import compare_regressors
from skrnn.model_selection._naive_baseline import measure_naive_error
from skrnn.windows._target_columns import find_target_columns

CV = TimeSeriesSplit(3)


@pytest.fixture(scope="module")
def prices():
    """Ninety business days of two prices and a column of text. Do not change them."""
    rng = np.random.default_rng(0)
    index = pd.bdate_range("2012-01-02", periods=90, name="Date")
    opening = 100 + np.cumsum(rng.normal(size=90))
    return pd.DataFrame(
        {"Close": opening + rng.normal(size=90), "Open": opening, "Weekday": index.day_name()},
        index,
    )


def windowed(model, **window):
    pipe = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(5, **window), model)
    return pipe.set_output(transform="pandas")


@pytest.fixture(scope="module")
def comparison(prices):
    """A comparison of a network, a linear model and a search."""
    network = GRURegressor(units=2, epochs=2, random_state=0)
    search = GridSearchCV(windowed(Ridge()), {"ridge__alpha": [0.01, 1.0]}, cv=TimeSeriesSplit(2))
    estimators = {"GRU": windowed(network), "line": windowed(LinearRegression()), "Ridge": search}
    return compare_regressors(estimators, prices[["Open"]], prices["Open"], cv=CV), estimators


def test_metrics_are_those_of_scikit_learn_on_the_same_splits(comparison, prices):
    found, estimators = comparison
    frame = found.frame()
    for name, estimator in estimators.items():
        for metric, scoring in [
            ("RMSE", "neg_root_mean_squared_error"),
            ("MAE", "neg_mean_absolute_error"),
        ]:
            scores = -cross_val_score(
                clone(estimator), prices[["Open"]], prices["Open"], cv=CV, scoring=scoring
            )
            np.testing.assert_allclose(found.scores[name][metric], scores)
            assert frame.loc[name, metric] == pytest.approx(scores.mean())
            assert frame.loc[name, f"{metric} spread"] == pytest.approx(scores.std())


def test_the_naive_baseline_is_added_and_stands_first(comparison, prices):
    found, estimators = comparison
    assert found.baseline == "NaiveRegressor"
    assert list(found.frame().index) == ["NaiveRegressor", *estimators]
    # Yesterday's price, to the last digit, on the first row of each split as on the others.
    yesterday = prices["Open"].shift(1).loc[found.predictions.index]
    np.testing.assert_array_equal(found.predictions["NaiveRegressor"], yesterday)


def test_skill_scaled_error_and_p_equal_numbers_by_hand(comparison):
    found, estimators = comparison
    frame, y = found.frame(), found.y_true.to_numpy()
    assert frame.loc["NaiveRegressor", "skill"] == 0
    assert math.isnan(frame.loc["NaiveRegressor", "DM p"])
    for name in estimators:
        errors = found.predictions[name].to_numpy() - y
        rival_errors = found.predictions["NaiveRegressor"].to_numpy() - y
        folds = np.split(errors, 3), np.split(rival_errors, 3)
        rmse, of_rival = (np.mean([np.sqrt(np.mean(e**2)) for e in fold]) for fold in folds)
        assert frame.loc[name, "skill"] == pytest.approx(1 - rmse / of_rival)
        p = stats.ttest_1samp(errors**2 - rival_errors**2, 0).pvalue
        assert frame.loc[name, "DM p"] == pytest.approx(p)


def test_the_unit_of_the_scaled_error_comes_from_the_training_rows_of_the_split(comparison, prices):
    found, _ = comparison
    y = prices["Open"].to_numpy()
    for k, (train, test) in enumerate(CV.split(y)):
        unit = np.mean([abs(y[i] - y[i - 1]) for i in train[1:]])
        predicted = found.predictions["line"].to_numpy()[k * len(test) : (k + 1) * len(test)]
        expected = mean_absolute_error(y[test], predicted) / unit
        assert found.scores["line"].loc[k, "MASE"] == pytest.approx(expected)


def test_predictions_out_of_fold_are_kept_with_their_labels(comparison, prices):
    found, estimators = comparison
    rows = np.concatenate([test for _, test in CV.split(prices)])
    pd.testing.assert_series_equal(found.y_true, prices["Open"].iloc[rows])
    assert found.predictions.index.equals(prices.index[rows])
    for train, test in CV.split(prices):
        line = clone(estimators["line"]).fit(
            prices[["Open"]].iloc[train], prices["Open"].iloc[train]
        )
        expected = line.predict(prices[["Open"]].iloc[test])
        np.testing.assert_array_equal(found.predictions.loc[prices.index[test], "line"], expected)


def test_the_parameters_of_a_search_are_kept_for_each_split(comparison):
    found, _ = comparison
    assert found.best_params.keys() == {"Ridge"}
    assert [set(chosen) for chosen in found.best_params["Ridge"]] == [{"ridge__alpha"}] * 3
    column = found.frame()["best parameters"]
    assert column["Ridge"] == found.best_params["Ridge"][-1]
    assert column.drop("Ridge").isna().all()


class Slow(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        sleep(0.05)
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_times_are_those_of_fit_and_of_predict(prices):
    frame = compare_regressors([Slow()], prices[["Open"]], prices["Open"], cv=CV).frame()
    assert frame.loc["Slow", "fit s"] >= 0.05
    assert 0 < frame.loc["Slow", "predict s"] < 0.05


def test_the_table_can_be_read(comparison):
    found, _ = comparison
    text = repr(found)
    assert text.startswith(
        "4 regressors, 3 splits, 66 rows predicted; skill and DM p are against NaiveRegressor\n"
    )
    for word in ("GRU", "RMSE spread", "skill", "DM p", "ridge__alpha"):
        assert word in text
        assert word in found._repr_html_()
    # The rival is not tested against itself, and only a search has parameters.
    assert "NaN" not in text
    assert "NaN" not in found._repr_html_()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.23456e-7, "1.23e-07"),
        (-0.5, "-0.500"),
        (9.876, "9.88"),
        (98.76, "98.8"),
        (949.4, "949"),
        (-948.6, "-949"),
        (999.7, "1000"),
        (123456.7, "123457"),
    ],
)
def test_numbers_have_three_significant_digits_and_end_with_a_digit(comparison, value, shown):
    scores = pd.DataFrame({"RMSE": [value], "MASE": 1.0, "fit s": 1.0, "predict s": 1.0})
    found = dataclasses.replace(comparison[0], scores={"NaiveRegressor": scores}, best_params={})
    assert f"<td>{shown}</td>" in found._repr_html_()
    assert shown in repr(found).split()


def test_the_estimators_given_are_not_fitted(comparison):
    estimators = comparison[1]
    assert not hasattr(estimators["line"][-1], "coef_")
    assert not hasattr(estimators["GRU"][-1], "weights_")
    assert not hasattr(estimators["Ridge"], "best_params_")


# Names


def test_a_list_is_named_after_the_classes_of_the_last_steps(prices):
    estimators = [windowed(Ridge()), Ridge(), DummyRegressor()]
    found = compare_regressors(estimators, prices[["Open"]], prices["Open"], cv=CV)
    assert list(found.scores) == ["NaiveRegressor", "Ridge-1", "Ridge-2", "DummyRegressor"]


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        ([], "estimators is empty"),
        ({1: Ridge()}, "the name 1"),
        ([MinMaxScaler()], "has no predict"),
        (Ridge(), "neither a dict of estimators by name nor a list"),
    ],
)
def test_estimators_that_cannot_be_compared_are_refused(estimators, message, prices):
    with pytest.raises(ValueError, match=message):
        compare_regressors(estimators, prices[["Open"]], prices["Open"], cv=CV)


# The rival


def naive_errors(found):
    errors = found.predictions["NaiveRegressor"].to_numpy() - found.y_true.to_numpy()
    return found.predictions["NaiveRegressor"].to_numpy(), errors


@pytest.mark.parametrize("kind", ["pandas", "polars", "array"])
def test_the_rival_finds_the_target_among_other_columns(kind, prices):
    X, y = prices[["Close", "Open"]], prices["Open"]
    made = {
        "pandas": (X, y),
        "polars": (pl.from_pandas(X), pl.from_pandas(y)),
        "array": (X.to_numpy(), y.to_numpy()),
    }
    found = compare_regressors({"line": LinearRegression()}, *made[kind], cv=CV)
    predicted, _ = naive_errors(found)
    rows = np.concatenate([test for _, test in CV.split(X)])
    np.testing.assert_array_equal(predicted, y.to_numpy()[rows - 1])


def test_the_rival_ignores_columns_without_numbers(prices):
    boosted = HistGradientBoostingRegressor(max_iter=1)
    X = prices.astype({"Weekday": "category"})
    found = compare_regressors({"boosted": boosted}, X, prices["Open"], cv=CV)
    assert found.baseline == "NaiveRegressor"


def test_of_two_equal_columns_the_one_of_the_same_name_is_the_target(prices):
    X = prices[["Open"]].assign(Copy=prices["Open"])[["Copy", "Open"]]
    for y, position in [(prices["Open"], 1), (prices["Open"].to_numpy(), 0)]:
        (target,) = find_target_columns(X, y, [])
        assert target == (position, 0, 1, 0)


def test_names_of_columns_may_be_numbers_that_are_other_positions(prices):
    values = prices[["Close", "Open"]].to_numpy()
    X = pd.DataFrame({1: values[:, 0], 0: values[:, 1]})
    for name, column in [(1, 0), (0, 1)]:
        found = compare_regressors({"line": LinearRegression()}, X, X[name], cv=CV)
        rows = np.concatenate([test for _, test in CV.split(X)])
        np.testing.assert_array_equal(naive_errors(found)[0], values[rows - 1, column])


def test_the_target_is_found_in_rows_of_float32(prices):
    X = prices[["Close", "Open"]].astype(np.float32)
    found = compare_regressors({"line": LinearRegression()}, X, prices["Open"], cv=CV)
    assert found.baseline == "NaiveRegressor"


def test_a_column_of_the_same_name_with_other_values_is_not_the_target(prices):
    other = pd.Series(np.random.default_rng(1).normal(size=90), prices.index, name="Open")
    with pytest.raises(ValueError, match="Column 'Open' has other values"):
        compare_regressors([Ridge()], prices[["Open"]], other, cv=CV)


def test_where_no_column_is_the_target_a_baseline_must_be_given(prices):
    X, y = prices[["Close"]], prices["Open"]
    with pytest.raises(ValueError, match=r"No column of X, of shape \(90, 1\), equals y.*baseline"):
        compare_regressors([Ridge()], X, y, cv=CV)
    found = compare_regressors([Ridge()], X, y, cv=CV, baseline=DummyRegressor())
    assert found.baseline == "DummyRegressor"
    assert found.frame().loc["DummyRegressor", "skill"] == 0


def test_windows_of_three_dimensions_need_a_baseline_too():
    X = np.arange(60.0).reshape(20, 3, 1)
    with pytest.raises(ValueError, match="equals y"):
        compare_regressors([GRURegressor()], X, X[:, 0, 0], cv=CV)


def test_a_rival_among_the_estimators_is_taken_as_it_is(prices):
    drift = make_pipeline(
        SlidingWindowTransformer(5, flatten=False), NaiveRegressor(strategy="drift")
    )
    estimators = {"line": LinearRegression(), "drift": drift}
    found = compare_regressors(estimators, prices[["Open"]], prices["Open"], cv=CV)
    assert found.baseline == "drift"
    assert list(found.scores) == ["line", "drift"]


def test_any_of_the_estimators_can_be_named_the_rival(prices):
    estimators = {"mean": DummyRegressor(), "line": LinearRegression()}
    X, y = prices[["Close"]], prices["Open"]
    assert compare_regressors(estimators, X, y, cv=CV, baseline="mean").baseline == "mean"
    with pytest.raises(ValueError, match="baseline='median' is not one of 'mean', 'line'"):
        compare_regressors(estimators, X, y, cv=CV, baseline="median")


def test_a_rival_with_the_name_of_an_estimator_is_refused(prices):
    with pytest.raises(ValueError, match="baseline='Ridge'"):
        compare_regressors([Ridge()], prices[["Close"]], prices["Open"], cv=CV, baseline=Ridge())


@pytest.mark.parametrize("of_type", [np.asarray, pd.Series])
def test_complex_targets_are_refused_and_not_read_as_their_real_parts(of_type, prices):
    X, y = prices[["Open"]], of_type(prices["Open"] + 1j)
    pipeline = windowed(LinearRegression())
    with pytest.raises(ValueError, match="Complex data not supported"):
        compare_regressors({"line": pipeline}, X, y, cv=CV)
    with pytest.raises(ValueError, match="Complex data not supported"):
        windowed(GRURegressor(units=1, epochs=1)).fit(X, y)


def test_the_rival_looks_as_far_ahead_as_the_windows(prices):
    X, y = prices[["Open"]], prices["Open"]
    found = compare_regressors({"line": windowed(LinearRegression(), horizon=4)}, X, y, cv=CV)
    rows = np.concatenate([test for _, test in CV.split(X)])
    predicted, errors = naive_errors(found)
    np.testing.assert_array_equal(predicted, y.to_numpy()[rows - 4])
    # Four steps ahead, errors of neighboring rows share three steps.
    assert found.n_steps == {"NaiveRegressor": 4, "line": 4}
    differences = (found.predictions["line"] - found.y_true).to_numpy() ** 2 - errors**2
    n, deviations = len(differences), differences - differences.mean()
    covariances = [np.sum(deviations[k:] * deviations[: n - k]) / n for k in range(4)]
    statistic = differences.mean() / np.sqrt((covariances[0] + 2 * sum(covariances[1:])) / n)
    statistic *= np.sqrt((n + 1 - 8 + 12 / n) / n)
    p = 2 * stats.t(df=n - 1).sf(abs(statistic))
    assert found.frame().loc["line", "DM p"] == pytest.approx(p)


@pytest.mark.parametrize("as_level", [True, False])
def test_the_rival_stays_within_the_series_of_a_panel(as_level):
    months = pd.Index(np.repeat(np.arange(20), 3), name="month")
    people = np.tile(["a", "b", "c"], 20)
    rng = np.random.default_rng(0)
    hours = pd.Series(rng.normal(size=60), name="hours")
    panel = pd.DataFrame({"hours": hours.to_numpy(), "person": people}, index=months)
    if as_level:
        panel = panel.set_index("person", append=True)
    window = SlidingWindowTransformer(2, group="person")
    pipe = make_pipeline(window, LinearRegression())
    cv = TimeSeriesSplit(2, test_size=15)
    found = compare_regressors({"line": pipe}, panel, panel["hours"], cv=cv)
    rows = np.concatenate([test for _, test in cv.split(panel)])
    np.testing.assert_array_equal(naive_errors(found)[0], hours.to_numpy()[rows - 3])


def test_windows_of_several_horizons_have_no_common_rival(prices):
    X, y = prices[["Open"]], prices["Open"]
    estimators = {h: windowed(LinearRegression(), horizon=int(h)) for h in ("1", "3")}
    with pytest.raises(ValueError, match=r"have the horizons \[1, 3\]"):
        compare_regressors(estimators, X, y, cv=CV)
    found = compare_regressors(estimators, X, y, cv=CV, baseline="1")
    # Each is tested for as many steps as it looks ahead.
    assert found.n_steps == {"1": 1, "3": 3}


def test_windows_of_known_values_do_not_set_the_horizon_of_the_rival(prices):
    read = ColumnTransformer(
        [
            ("known", SlidingWindowTransformer(1, horizon=0), ["Close"]),
            ("own", SlidingWindowTransformer(3, horizon=4), ["Open"]),
        ]
    )
    X, y = prices[["Close", "Open"]], prices["Open"]
    found = compare_regressors({"line": make_pipeline(read, LinearRegression())}, X, y, cv=CV)
    rows = np.concatenate([test for _, test in CV.split(X)])
    # Windows in a ColumnTransformer have no rows before the first one.
    np.testing.assert_array_equal(naive_errors(found)[0], y.to_numpy()[rows - 4])


def test_yesterdays_value_needs_rows_in_order_of_time(prices):
    X, y = prices[["Open"]], prices["Open"]
    naive = make_pipeline(SlidingWindowTransformer(1, flatten=False), NaiveRegressor())
    for estimators in ([Ridge()], [Ridge(), naive]):
        with pytest.raises(ValueError, match="trains on rows that are later than"):
            compare_regressors(estimators, X, y, cv=KFold(3))
    # Rows without an order of time need another rival.
    found = compare_regressors([Ridge()], X, y, cv=KFold(3), baseline=DummyRegressor())
    assert len(found.y_true) == 90


def test_each_series_of_a_panel_has_its_own_steps_and_a_date_counts_once():
    rng = np.random.default_rng(0)
    levels = np.cumsum(rng.normal(size=(40, 3)), axis=0) + np.array([0.0, 100.0, 1000.0])
    days = pd.Index(np.repeat(np.arange(40), 3), name="day")
    panel = pd.DataFrame({"level": levels.ravel(), "who": np.tile(list("abc"), 40)}, days)
    pipe = make_pipeline(SlidingWindowTransformer(2, group="who"), LinearRegression())
    cv = TimeSeriesSplit(2, test_size=30)
    found = compare_regressors({"line": pipe}, panel, panel["level"], cv=cv)
    (train, _), _ = cv.split(panel)
    unit = np.abs(np.diff(levels[: len(train) // 3], axis=0)).mean()
    errors = np.abs(levels[20:30] - levels[19:29]).mean()
    assert len(train) == 60
    assert found.scores["NaiveRegressor"].loc[0, "MASE"] == pytest.approx(errors / unit)
    # The test uses twenty dates, not sixty rows.
    y = found.y_true.to_numpy()
    losses, rival = ((found.predictions[n].to_numpy() - y) ** 2 for n in ("line", "NaiveRegressor"))
    differences = (losses - rival).reshape(20, 3).mean(axis=1)
    expected = stats.ttest_1samp(differences, 0).pvalue
    assert found.frame().loc["line", "DM p"] == pytest.approx(expected)

    unlabeled = compare_regressors(
        {"line": pipe}, panel.reset_index(drop=True), panel["level"].to_numpy(), cv=cv
    )
    assert math.isnan(unlabeled.frame().loc["line", "DM p"])


# Order in time


NAIVE = make_pipeline(SlidingWindowTransformer(1), NaiveRegressor())
RIVALS = {
    "built": ({"line": LinearRegression()}, None),
    "found": ({"line": LinearRegression(), "naive": NAIVE}, None),
    "named": ({"line": LinearRegression(), "naive": NAIVE}, "naive"),
    "given": ({"line": LinearRegression()}, NAIVE),
}


@pytest.mark.parametrize("how", RIVALS)
@pytest.mark.parametrize(
    ("order", "message"),
    [
        (np.arange(90)[::-1], "row 1 is labeled 2012-05-03.* after 2012-05-04.*newest row comes"),
        (np.random.default_rng(0).permutation(90), r"row \d.* rows are shuffled.*shuffle=False"),
    ],
)
def test_rows_out_of_order_are_refused_however_the_naive_baseline_is_chosen(
    how, order, message, prices
):
    estimators, baseline = RIVALS[how]
    rows = prices[["Open"]].iloc[order]
    with pytest.raises(ValueError, match=rf"{message}.*sort_index\(\).* same with y"):
        compare_regressors(estimators, rows, rows["Open"], cv=CV, baseline=baseline)


@pytest.mark.parametrize("how", RIVALS)
def test_folds_out_of_order_are_refused_however_the_naive_baseline_is_chosen(how, prices):
    estimators, baseline = RIVALS[how]
    X, y = prices[["Open"]], prices["Open"]
    with pytest.raises(ValueError, match="trains on rows that are later than"):
        compare_regressors(estimators, X, y, cv=KFold(3), baseline=baseline)


def test_rows_in_any_order_can_be_compared_with_another_rival(prices):
    rows = prices[["Open"]].sample(frac=1, random_state=0)
    found = compare_regressors(
        {"line": LinearRegression()}, rows, rows["Open"], cv=CV, baseline=DummyRegressor()
    )
    assert len(found.y_true) == 66


def panel_of_days(as_level):
    """Twenty days of three shops, in order of time."""
    days = pd.date_range("2024-01-01", periods=20, name="day")
    index = pd.MultiIndex.from_product([days, list("abc")], names=["day", "shop"])
    sold = np.random.default_rng(0).normal(size=60)
    panel = pd.DataFrame({"sold": sold}, index=index)
    return panel if as_level else panel.reset_index("shop")


@pytest.mark.parametrize(
    ("as_level", "sort"), [(True, 'level="day"'), (False, 'kind="stable"')], ids=["level", "column"]
)
def test_a_panel_sorted_by_series_is_refused_and_sorted_as_the_message_says_it_passes(
    as_level, sort
):
    panel = panel_of_days(as_level)
    by_series = panel.sort_values("shop", kind="stable")
    line = make_pipeline(SlidingWindowTransformer(2, group="shop"), LinearRegression())
    y = by_series["sold"]
    cure = re.escape(f"sort_index({sort})").replace('"', "['\"]")
    with pytest.raises(
        ValueError,
        match=f"row 20 is labeled 2024-01-01.* after 2024-01-20.*by series.*X.{cure}, y.{cure}",
    ):
        compare_regressors({"line": line}, by_series, y, cv=CV)
    sorting = {"level": "day"} if as_level else {"kind": "stable"}
    X, y = by_series.sort_index(**sorting), y.sort_index(**sorting)
    found = compare_regressors({"line": line}, X, y, cv=CV)
    expected = compare_regressors({"line": line}, panel, panel["sold"], cv=CV)
    pd.testing.assert_frame_equal(found.predictions, expected.predictions)


@pytest.mark.parametrize("other", ["next day", "shuffled", "frame"])
def test_targets_with_other_dates_than_the_rows_are_refused(other, prices):
    X, y = prices[["Open"]], prices["Open"]
    given = {
        "next day": y.set_axis(y.index + pd.offsets.BDay(1)),
        "shuffled": y.sample(frac=1, random_state=0),
        "frame": y[::-1].to_frame(),
    }[other]
    with pytest.raises(
        ValueError, match=r"other dates.*row 0 of X is labeled 2012-01-02.* of y 2012.*loc"
    ):
        compare_regressors([Ridge()], X, given, cv=CV, baseline=DummyRegressor())


def test_targets_of_other_series_than_the_rows_are_refused():
    panel = panel_of_days(as_level=True)
    y = panel["sold"].iloc[np.arange(60).reshape(20, 3)[:, ::-1].ravel()]
    with pytest.raises(ValueError, match=r"other labels.*row 0 of X .*'a'.* of y .*'c'"):
        compare_regressors([Ridge()], panel, y, cv=CV, baseline=DummyRegressor())


def test_targets_may_have_the_same_moments_in_another_zone_or_no_dates(prices):
    X, y = prices[["Open"]].tz_localize("Europe/Berlin"), prices["Open"]
    for same in (X["Open"].tz_convert("UTC"), y.reset_index(drop=True), y.to_period("D")):
        compare_regressors([Ridge()], X, same, cv=CV, baseline=DummyRegressor())


# Splits


@pytest.mark.parametrize("kind", ["list", "range", "mask"])
def test_splits_may_be_lists_ranges_or_masks(kind, prices):
    X, y = prices[["Open"]], prices["Open"]
    splits = [(np.arange(40), np.arange(40, 60))]
    made = {
        "list": lambda rows: rows.tolist(),
        "range": lambda rows: range(rows[0], rows[-1] + 1),
        "mask": lambda rows: np.isin(np.arange(90), rows),
    }[kind]
    cv = [(made(train), made(test)) for train, test in splits]
    given = compare_regressors([Ridge()], X, y, cv=cv)
    expected = compare_regressors([Ridge()], X, y, cv=splits)
    pd.testing.assert_frame_equal(given.predictions, expected.predictions)


@pytest.mark.parametrize("cv", [[], [([], [1])]])
def test_splits_without_training_or_test_rows_are_refused(cv, prices):
    with pytest.raises(ValueError, match="no split, or a split without"):
        compare_regressors([Ridge()], prices[["Open"]], prices["Open"], cv=cv)


def test_the_unit_of_the_scaled_error_does_not_depend_on_the_order_of_training_rows(prices):
    X, y = prices[["Close"]], prices["Open"]
    train = np.random.default_rng(0).permutation(50)
    estimators = {"mean": DummyRegressor()}
    cv = [(train, np.arange(50, 60))]
    found = compare_regressors(estimators, X, y, cv=cv, baseline="mean")
    values = y.to_numpy()
    unit = np.abs(np.diff(values[:50])).mean()
    expected = np.abs(values[50:60] - values[:50].mean()).mean() / unit
    assert found.frame().loc["mean", "MASE"] == pytest.approx(expected)


class Recorder(RegressorMixin, BaseEstimator):
    """Predicts the numbers of the rows."""

    def fit(self, X, y):
        self.n_ = len(X)
        return self

    def predict(self, X):
        return np.asarray(X)[:, 0]


def test_rows_in_a_gap_are_read_but_not_scored():
    rows = np.arange(40.0)[:, None]
    y = np.zeros(40)
    window = make_pipeline(SlidingWindowTransformer(2), LinearRegression())
    cv = TimeSeriesSplit(2, gap=3, test_size=5)
    found = compare_regressors(
        {"rows": Recorder(), "line": window}, rows, y, cv=cv, baseline="rows"
    )
    positions = np.concatenate([test for _, test in cv.split(rows)])
    np.testing.assert_array_equal(found.predictions["rows"], positions)
    assert list(found.y_true.index) == list(positions)

    # The window of the first test row holds the two rows before it, which lie in the gap.
    series = np.random.default_rng(0).normal(size=(40, 1))
    naive = make_pipeline(SlidingWindowTransformer(1, flatten=False), NaiveRegressor())
    found = compare_regressors({"naive": naive}, series, series[:, 0], cv=cv)
    np.testing.assert_array_equal(found.predictions["naive"], series[positions - 1, 0])


def test_splits_that_predict_a_row_twice_have_no_p(prices):
    cv = ShuffleSplit(4, test_size=0.5, random_state=0)
    estimators = {"mean": DummyRegressor(), "line": LinearRegression()}
    found = compare_regressors(
        estimators, prices[["Close"]], prices["Open"], cv=cv, baseline="mean"
    )
    assert math.isnan(found.frame().loc["line", "DM p"])
    assert len(found.predictions) == 4 * 45


# Shuffled folds leave missing steps, and the window warns of them.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsMissingWarning")
def test_unordered_folds_are_tested_in_the_order_of_the_rows(prices):
    cv = KFold(3, shuffle=True, random_state=0)
    X, y = prices[["Close"]], prices["Open"]
    estimators = {"mean": DummyRegressor(), "line": LinearRegression()}
    found = compare_regressors(estimators, X, y, cv=cv, baseline="mean")
    expected = cross_val_predict(LinearRegression(), X, y, cv=cv)
    np.testing.assert_allclose(found.predictions["line"].reindex(X.index), expected)
    # Three steps ahead, the order counts.
    later = {**estimators, "line": windowed(LinearRegression(), horizon=3)}
    found = compare_regressors(later, X, y, cv=cv, baseline="mean")
    in_order = found.predictions.loc[X.index]
    differences = (in_order["line"] - y) ** 2 - (in_order["mean"] - y) ** 2
    p = diebold_mariano_test(differences, np.zeros(90), n_steps=3)[1]
    assert found.frame().loc["line", "DM p"] == pytest.approx(p)


def test_naive_error_is_that_of_neighbors_within_a_series():
    y = np.array([1.0, 100.0, 2.0, 103.0, 4.0, 107.0, 7.0])
    series = np.array([0, 1, 0, 1, 0, 1, 0])
    # Steps of 1, 2 and 3; steps of 3 and 4.
    assert measure_naive_error(y, np.arange(7), series) == 13 / 5
    # In any order. The rows before and after row 2, which is left out, are no neighbors.
    assert measure_naive_error(y, np.array([6, 0, 3, 1, 4, 5]), series) == 10 / 3
    assert measure_naive_error(y, np.array([4, 1, 0]), None) == 99
    assert measure_naive_error(y, np.array([4, 1]), None) == 0
    both = np.stack([y, -10 * y], axis=1)
    np.testing.assert_allclose(measure_naive_error(both, np.arange(7), series), [2.6, 26])


def test_several_processes_find_the_same(prices, comparison):
    estimators = {name: e for name, e in comparison[1].items() if name != "GRU"}
    found = compare_regressors(estimators, prices[["Open"]], prices["Open"], cv=CV, n_jobs=2)
    for name in estimators:
        np.testing.assert_array_equal(found.predictions[name], comparison[0].predictions[name])


# The target column


def with_high(prices):
    return pd.DataFrame({"High": prices["Close"] + 50, "Close": prices["Open"]}, prices.index)


def rows_tested(X):
    return np.concatenate([test for _, test in CV.split(X)])


@pytest.mark.parametrize("own", [False, True])
def test_the_rival_is_the_target_and_not_the_first_column(own, prices):
    X = with_high(prices)
    models = {"line": make_pipeline(SlidingWindowTransformer(3, flatten=True), LinearRegression())}
    if own:
        window = SlidingWindowTransformer(3, flatten=False)
        models["NaiveRegressor"] = make_pipeline(window, NaiveRegressor())
    found = compare_regressors(models, X, X["Close"], cv=CV)
    yesterday = X["Close"].to_numpy()[rows_tested(X) - 1]
    np.testing.assert_array_equal(naive_errors(found)[0], yesterday)


@pytest.mark.parametrize("kind", ["pandas", "polars", "array"])
def test_the_rival_predicts_in_the_units_of_a_target_that_is_a_scaled_column(kind, prices):
    X = with_high(prices)
    y = X["Close"] * 0.25 - 7
    made = {"pandas": X, "polars": pl.from_pandas(X), "array": X.to_numpy()}[kind]
    found = compare_regressors({"line": LinearRegression()}, made, y.to_numpy(), cv=CV)
    np.testing.assert_allclose(naive_errors(found)[0], y.to_numpy()[rows_tested(X) - 1])


@pytest.mark.parametrize(
    ("horizon", "shift", "back", "n_steps"),
    [(1, 1, 1, 2), (2, 3, 2, 5), (0, 1, 0, 1), (None, 1, 0, 1), (None, 0, 1, 1)],
)
def test_the_rival_of_a_shifted_target_is_the_last_value_that_the_windows_know(
    horizon, shift, back, n_steps, prices
):
    X = with_high(prices)
    y = X["Close"].shift(-shift).dropna()
    X = X.loc[y.index]
    model = LinearRegression()
    if horizon is not None:
        window = SlidingWindowTransformer(3, horizon=horizon, flatten=True)
        model = make_pipeline(window, model)
    found = compare_regressors({"line": model}, X, y, cv=CV)
    np.testing.assert_array_equal(
        naive_errors(found)[0], X["Close"].to_numpy()[rows_tested(X) - back]
    )
    assert found.n_steps == {"NaiveRegressor": n_steps, "line": n_steps}


def test_each_of_several_outputs_has_the_rival_of_its_own_column(prices):
    X = with_high(prices).assign(Weekday=prices.index.day_of_week)
    y = X[["Close", "High"]] * [2.0, 1.0]
    pipe = make_pipeline(SlidingWindowTransformer(2, horizon=3, flatten=True), LinearRegression())
    found = compare_regressors({"line": pipe}, X, y, cv=CV)
    np.testing.assert_allclose(naive_errors(found)[0], y.to_numpy()[rows_tested(X) - 3])
    assert found.n_steps == {"NaiveRegressor": 3, "line": 3}


def test_the_columns_are_found_in_all_rows_though_those_of_a_split_are_few_or_constant(prices):
    X = with_high(prices).iloc[:24].copy()
    X.iloc[:6, 1] = 5.0
    found = compare_regressors([LinearRegression()], X, 2 * X["Close"], cv=TimeSeriesSplit(3))
    predicted = naive_errors(found)[0]
    rows = np.concatenate([test for _, test in TimeSeriesSplit(3).split(X)])
    np.testing.assert_allclose(predicted, 2 * X["Close"].to_numpy()[rows - 1])


def test_a_column_kept_with_fewer_digits_is_found_beside_others():
    rng = np.random.default_rng(0)
    close = 100 + rng.normal(size=90).cumsum()
    X = pd.DataFrame({"day": np.arange(90), "a": rng.normal(size=90), "b": close})
    X = X.astype({"b": np.float32})
    (target,) = find_target_columns(X, 2 * close + 1, [])
    assert (target.feature, target.shift) == (2, 0)


def test_columns_that_may_be_missing_or_are_no_numbers_are_passed_over_or_read():
    close = 100 + np.random.default_rng(0).normal(size=90).cumsum()
    X = pd.DataFrame(
        {
            "text": ["a"] * 90,
            "when": pd.date_range("2024", periods=90),
            "count": pd.array([None, *range(89)], dtype="Int64"),
            "close": pd.array(close, dtype="Float64"),
        }
    )
    (target,) = find_target_columns(X, close, [])
    assert (target.feature, target.shift) == (3, 0)
    assert find_target_columns(X, ["up", "down"] * 45, []) is None


def test_a_column_that_names_the_series_is_not_the_target():
    X = pd.DataFrame({"shop": np.arange(60) % 3, "sold": np.arange(60.0) ** 2})
    window = SlidingWindowTransformer(2, group="shop")
    assert find_target_columns(X, X["shop"], [window]) == [None]
    # Two rows later in each series are six rows of the table.
    later = X.groupby("shop")["sold"].shift(-2)
    (target,) = find_target_columns(X, later, [window])
    assert target == (1, 2, 1, 0)


@pytest.mark.parametrize("n_rows", [6, 30])
def test_a_constant_and_a_table_of_few_rows_have_a_rival_where_a_column_equals_y(n_rows):
    X = np.column_stack([np.arange(n_rows) % 3, np.full(n_rows, 4.0)])
    assert find_target_columns(X, X[:, 1], []) == [(1, 0, 1, 0)]
    assert find_target_columns(X, X[:, 0], []) == [(0, 0, 1, 0)]
    assert find_target_columns(X, np.full(n_rows, 5.0), []) == [None]


# Several steps at once


def test_several_outputs_are_compared_with_a_rival_of_as_many():
    rng = np.random.default_rng(0)
    series = pd.Series(np.cumsum(rng.normal(size=80)), name="level")
    y = pd.DataFrame({f"ahead{step}": series.shift(-step) for step in range(3)}).dropna()
    X = series.to_frame().iloc[: len(y)]
    pipe = make_pipeline(SlidingWindowTransformer(4), LinearRegression())
    cv = TimeSeriesSplit(2, gap=2, test_size=20)
    found = compare_regressors({"line": pipe}, X, y, cv=cv)
    rows = np.concatenate([test for _, test in cv.split(X)])
    last = np.repeat(series.to_numpy()[rows - 1, None], 3, axis=1)
    np.testing.assert_array_equal(found.predictions["NaiveRegressor"], last)
    assert found.n_steps == {"NaiveRegressor": 3, "line": 3}
    # As in scikit-learn: the error of each output, averaged over the outputs.
    line = found.predictions["line"].to_numpy()
    expected = np.mean(
        [
            root_mean_squared_error(y.iloc[rows[part]], line[part])
            for part in (slice(0, 20), slice(20, 40))
        ]
    )
    assert found.frame().loc["line", "RMSE"] == pytest.approx(expected)
    assert math.isfinite(found.frame().loc["line", "DM p"])


def test_an_output_that_is_no_column_is_named(prices):
    X = prices[["Open", "Close"]]
    y = X.assign(Close=np.random.default_rng(1).normal(size=90)).to_numpy()
    with pytest.raises(ValueError, match=r"No column of X.*equals output 1 of y"):
        compare_regressors([LinearRegression()], X, y, cv=CV)


# Scores of the user


@pytest.mark.parametrize(
    ("scoring", "names"),
    [
        ("r2", ["r2"]),
        (["r2", "neg_median_absolute_error"], ["r2", "neg_median_absolute_error"]),
        ({"worst": make_scorer(max_error, greater_is_better=False)}, ["worst"]),
        (lambda estimator, X, y: -max_error(y, estimator.predict(X)), ["score"]),
    ],
)
def test_metrics_of_the_user_stand_beside_the_first(scoring, names, prices):
    X, y = prices[["Open"]], prices["Open"]
    found = compare_regressors({"line": windowed(LinearRegression())}, X, y, cv=CV, scoring=scoring)
    frame = found.frame()
    metrics = ["RMSE", *names]
    columns = [column for name in metrics for column in (name, f"{name} spread")]
    assert list(frame.columns) == [*columns, "skill", "MASE", "DM p", "fit s", "predict s"]
    one = scoring if not isinstance(scoring, dict | list) else None
    if one is not None:
        expected = cross_val_score(windowed(LinearRegression()), X, y, cv=CV, scoring=one)
        np.testing.assert_allclose(found.scores["line"][names[0]], expected)


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ({"RMSE": "r2"}, "the name 'RMSE', which is one of"),
        ({"MASE": "r2"}, "the name 'MASE', which is one of"),
        ([make_scorer(max_error)], "which is not a str"),
    ],
)
def test_metrics_with_the_name_of_another_column_are_refused(scoring, message, prices):
    with pytest.raises(ValueError, match=message):
        compare_regressors([Ridge()], prices[["Open"]], prices["Open"], cv=CV, scoring=scoring)


def test_metrics_see_the_labels_of_the_targets(prices):
    def after_march(estimator, X, y):
        late = y.index >= "2012-04-01"
        return -mean_absolute_error(y[late], estimator.predict(X)[late]) if late.any() else 0.0

    found = compare_regressors(
        [Ridge()], prices[["Open"]], prices["Open"], cv=CV, scoring={"late": after_march}
    )
    assert found.scores["Ridge"]["late"].iloc[-1] < 0


def test_one_column_of_targets_may_be_a_frame(prices):
    X = prices[["Open"]]
    columns = compare_regressors({"line": LinearRegression()}, X, X.copy(), cv=CV)
    flat = compare_regressors({"line": LinearRegression()}, X, X["Open"], cv=CV)
    np.testing.assert_allclose(columns.frame()["RMSE"], flat.frame()["RMSE"])


def test_an_estimator_may_learn_to_predict_in_fit(prices):
    stacked = StackingRegressor([("line", LinearRegression())])
    found = compare_regressors([stacked], prices[["Open"]], prices["Open"], cv=CV)
    assert "StackingRegressor" in found.scores


def test_the_table_is_safe_to_show_whatever_the_names_are(prices):
    found = compare_regressors(
        {"a<b>": DummyRegressor()}, prices[["Close"]], prices["Open"], cv=CV, baseline="a<b>"
    )
    assert "a<b>" not in found._repr_html_()
    assert found != 1


# Bad input


class Broken(RegressorMixin, BaseEstimator):
    def __init__(self, predictions=None):
        self.predictions = predictions

    def fit(self, X, y):
        if self.predictions is None:
            raise RuntimeError("it broke")
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.asarray(self.predictions)


def test_an_estimator_that_fails_is_named(prices):
    with pytest.raises(RuntimeError, match="it broke") as caught:
        compare_regressors({"odd": Broken()}, prices[["Open"]], prices["Open"], cv=CV)
    assert caught.value.__notes__ == ["This was 'odd', on the split that predicts from row 24 on."]


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (
            [1.0, 2.0],
            r"'odd' predicts an array of shape \(2,\), .* have shape \(22,\)",
        ),
        (np.full(22, np.nan), "The prediction of 'odd' contains NaN in 22"),
    ],
)
def test_predictions_that_cannot_be_compared_are_refused(predictions, message, prices):
    with pytest.raises(ValueError, match=message):
        compare_regressors({"odd": Broken(predictions)}, prices[["Open"]], prices["Open"], cv=CV)


def test_targets_that_cannot_be_compared_are_refused(prices):
    X = prices[["Open"]]
    with pytest.raises(ValueError, match=r"y of shape \(90, 2, 1\) has 3 dimension"):
        compare_regressors([Ridge()], X, np.zeros((90, 2, 1)), cv=CV)
    with pytest.raises(ValueError, match="NaN"):
        compare_regressors([Ridge()], X, prices["Open"].shift(1), cv=CV)


# Quantiles

LEVELS = (0.1, 0.5, 0.9)


@pytest.fixture(scope="module")
def quantile_comparison(prices):
    """A comparison of two networks with quantiles, and a linear model. Do not change it."""
    small = windowed(GRURegressor(2, epochs=2, quantiles=LEVELS, random_state=0))
    large = windowed(GRURegressor(3, epochs=2, quantiles=(0.1, 0.25, 0.5, 0.9), random_state=0))
    models = {"small": small, "large": large, "line": windowed(LinearRegression())}
    return compare_regressors(models, prices[["Open"]], prices["Open"], cv=CV), models


@pytest.mark.parametrize("name", ["small", "large"])
def test_scores_of_quantiles_are_those_of_a_loop(quantile_comparison, prices, name):
    comparison, models = quantile_comparison
    X, y = prices[["Open"]], prices["Open"]
    scores, quantiles = [], []
    for train, test in CV.split(X):
        fitted = clone(models[name]).fit(X.iloc[train], y.iloc[train])
        found = fitted.predict(X.iloc[test], return_quantiles=True)[1]
        lower, median, upper = (found[:, k] for k in ((0, 1, 2) if name == "small" else (0, 2, 3)))
        real = y.iloc[test].to_numpy()
        each = [
            np.maximum(level * (real - guess), (level - 1) * (real - guess))
            for level, guess in zip(LEVELS, (lower, median, upper), strict=True)
        ]
        missed = np.maximum(lower - real, 0) + np.maximum(real - upper, 0)
        scores.append(
            {
                "pinball": np.mean(each),
                "coverage": np.mean((lower <= real) & (real <= upper)),
                "width": np.mean(upper - lower),
                "Winkler": np.mean(upper - lower + 2 / 0.2 * missed),
                "CRPS": 2 * np.mean(0.3 * each[0] + 0.4 * each[1] + 0.3 * each[2]),
            }
        )
        quantiles.append(np.column_stack([lower, median, upper]))
    expected = pd.DataFrame(scores)
    pd.testing.assert_frame_equal(comparison.scores[name][list(expected)], expected)
    np.testing.assert_allclose(
        comparison.frame().loc[name, list(expected)].astype(float), expected.mean()
    )
    np.testing.assert_array_equal(comparison.quantiles[name], np.concatenate(quantiles))


def test_the_rival_has_the_quantiles_of_its_errors_in_the_training_rows(
    quantile_comparison, prices
):
    comparison, _ = quantile_comparison
    opening = prices["Open"].to_numpy()
    expected = []
    for train, test in CV.split(opening):
        # The first row has no row before it, so it has no error.
        errors = np.quantile(np.diff(opening[train]), LEVELS)
        expected.append(opening[test - 1][:, None] + errors)
    np.testing.assert_allclose(comparison.quantiles["NaiveRegressor"], np.concatenate(expected))
    frame = comparison.frame()
    assert frame.loc["NaiveRegressor", "pinball skill"] == 0
    assert frame.loc["small", "pinball skill"] == pytest.approx(
        1 - frame.loc["small", "pinball"] / frame.loc["NaiveRegressor", "pinball"]
    )


def test_models_without_quantiles_have_empty_cells(quantile_comparison):
    comparison, _ = quantile_comparison
    assert comparison.levels == LEVELS
    assert "line" not in comparison.quantiles
    names = ["pinball", "pinball skill", "coverage", "width", "Winkler", "CRPS"]
    assert comparison.frame().loc["line", names].isna().all()
    assert "quantiles 0.1, 0.5, 0.9" in repr(comparison)


def test_without_quantiles_the_table_has_no_such_columns(comparison):
    result, _ = comparison
    assert result.levels is None
    assert result.quantiles == {}
    assert not {"pinball", "coverage", "CRPS"} & set(result.frame().columns)


def test_quantiles_of_several_outputs_and_of_searches_are_scored(prices):
    X = prices[["Open", "Close"]]
    network = GRURegressor(2, epochs=1, quantiles=(0.2, 0.5, 0.9), random_state=0)
    search = GridSearchCV(
        windowed(network),
        {"gruregressor__units": [2]},
        cv=TimeSeriesSplit(2),
        scoring=pinball_scorer,
    )
    scoring = {"loss": pinball_scorer}
    found = compare_regressors({"search": search}, X, X, cv=CV, scoring=scoring)
    frame = found.frame()
    assert found.quantiles["search"].shape == (66, 2, 3)
    np.testing.assert_allclose(frame["loss"], -frame["pinball"])
    # The outermost levels are not symmetric.
    assert frame["CRPS"].isna().all()
    assert frame["Winkler"].notna().all()


def test_a_rival_that_is_not_naive_needs_no_quantiles(prices):
    model = windowed(GRURegressor(2, epochs=1, quantiles=LEVELS, random_state=0))
    found = compare_regressors(
        {"GRU": model}, prices[["Open"]], prices["Open"], cv=CV, baseline=DummyRegressor()
    )
    assert math.isnan(found.frame().loc["DummyRegressor", "pinball"])
    assert math.isnan(found.frame().loc["GRU", "pinball skill"])
    assert found.frame().loc["GRU", "pinball"] > 0


@pytest.mark.parametrize("group", [None, "who"])
def test_errors_of_padded_windows_are_not_among_those_of_the_baseline(group):
    """A padded window holds the mean of the column, which is far from a series with a trend."""
    level = 5.0 * np.arange(120) + np.random.default_rng(0).normal(size=120)
    frame, step = pd.DataFrame({"level": level}), 1
    if group is not None:
        frame, step = frame.assign(who=["a", "b"] * 60), 2
    window = SlidingWindowTransformer(12, horizon=12, group=group)
    cv = [(np.arange(96), np.arange(96, 120))]
    model = ConformalIntervals(make_pipeline(window, Ridge()), coverage=0.8)
    found = compare_regressors([model], frame, frame["level"], cv=cv)
    errors = level[12 * step : 96] - level[: 96 - 12 * step]
    baseline = found.quantiles[found.baseline]
    expected = np.roll(level, 12 * step)[96:, None] + np.quantile(errors, LEVELS)
    np.testing.assert_allclose(baseline, expected)


def test_rounding_errors_of_levels_do_not_leave_out_quantiles(prices):
    X, y = prices[["Open"]], prices["Open"]
    levels = (0.1, 0.3, 0.5, 0.7, 0.9)
    models = {
        "many": windowed(NaiveRegressor(quantiles=tuple(np.linspace(0.1, 0.9, 9)))),
        "few": windowed(NaiveRegressor(quantiles=levels)),
    }
    found = compare_regressors(models, X, y, cv=CV)
    assert found.levels == levels
    np.testing.assert_allclose(found.quantiles["many"], found.quantiles["few"])


def test_models_without_common_quantiles_are_refused(prices):
    models = {
        "one": windowed(GRURegressor(2, quantiles=(0.1, 0.5, 0.9))),
        "other": windowed(GRURegressor(2, quantiles=(0.05, 0.5, 0.95))),
    }
    with pytest.raises(ValueError, match=r"\[0\.5\] in common.*Give them the same quantiles"):
        compare_regressors(models, prices[["Open"]], prices["Open"], cv=CV)
