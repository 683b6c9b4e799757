"""Intervals: the recipe of docs/intervals.md, and its example until training begins."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from mapie.conformity_scores import AbsoluteConformityScore
from mapie.regression import TimeSeriesRegressor
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import NaiveRegressor, SlidingWindowTransformer

EXAMPLE, UP_TO = "plot_intervals.py", "Training"
PAGE = (ROOT / "docs" / "intervals.md").read_text(encoding="utf-8")

# bokeh_sampledata 2026.1 renames a column in place when its sea temperatures are imported, which
# pandas 3.1 will no longer do one day. The import is the only way to the data.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.rename")


@pytest.fixture(scope="module")
def recipe():
    """Variables of the code of the page, which fits a network. Do not change them."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names = {"__name__": "recipe"}
    exec(block, names)
    return names


class HandOn(RegressorMixin, BaseEstimator):
    """A forecast that was made elsewhere, as one column."""

    def fit(self, X, y):
        self.n_features_in_ = 1
        return self

    def predict(self, X):
        return X[:, 0]


def adaptive_by_hand(predicted, y, n, gamma, *, update):
    """Gibbs & Candès (2021), with their level kept between 0 and 1: bounds, and every level."""
    residuals = list(y[:n] - predicted[:n])
    alpha, bounds, levels = 0.1, [], []
    for forecast, value in zip(predicted[n:], y[n:], strict=True):
        rank = math.ceil((1 - alpha / 2) * (n + 1))
        ordered = sorted(residuals)
        low, high = (ordered[n - rank], ordered[rank - 1]) if rank <= n else (-math.inf, math.inf)
        bounds.append((forecast + low, forecast + high))
        levels.append(alpha)
        missed = not forecast + low < value < forecast + high
        alpha = min(max(alpha + gamma * (0.1 - missed), 0), 1)
        if update:
            residuals = [*residuals[1:], value - forecast]
    return np.array(bounds), np.array(levels)


@pytest.fixture(scope="module")
def forecast():
    """Forecasts of 0 for values whose spread grows fourfold at row 120, and 63 rows to calibrate.

    With this seed and this number the level hits zero, with and without update, and the bounds
    are others when update comes before the level is adapted.
    """
    rng = np.random.default_rng(0)
    y = rng.normal(size=300) * np.where(np.arange(300) < 120, 1, 4)
    return np.zeros((300, 1)), y, 63


def test_the_recipe_covers_a_year_of_crisis_about_as_often_as_it_says(recipe):
    low, high = recipe["low"], recipe["high"]
    assert len(low) == len(recipe["test"]) == 253
    assert np.isfinite([low, high]).all()
    # What is proven for 253 rows says nothing. Four binomial errors are 7.5 points.
    assert recipe["coverage"] == pytest.approx(0.9, abs=0.075)
    # In the unit of y, not in scaled ones: returns of a crisis are several percent.
    assert 3 < np.median(high - low) < 15


def test_a_window_of_the_recipe_holds_the_sixty_values_before_its_row(recipe):
    windows, rows, first = recipe["windows"], recipe["rows"], len(recipe["train"])
    scaled = recipe["pipe"][0].transform(rows)[:, 0]
    assert rows.equals(recipe["returns"].loc[:"2008"])
    assert len(windows) == len(recipe["y"]) == len(rows) - first
    for row in (0, 1, recipe["n"], len(windows) - 1):
        np.testing.assert_array_equal(windows[row], scaled[first + row - 60 : first + row])
        assert recipe["y"][row] == rows["return"].iloc[first + row]


def test_rows_that_come_one_at_a_time_would_all_get_the_first_window(recipe):
    encode, windows = recipe["encode"], recipe["windows"]
    for row in (0, 100, recipe["n"]):
        alone = encode.transform(recipe["rows"].iloc[[len(recipe["train"]) + row]])
        np.testing.assert_array_equal(alone, windows[[0]])


def test_by_their_dates_the_rows_from_2007_on_follow_two_holidays(recipe):
    labelled = make_pipeline(
        StandardScaler().set_output(transform="pandas"), SlidingWindowTransformer(60)
    )
    labelled.fit(recipe["train"])
    first = len(recipe["train"])
    # New Year's Day, and a day of mourning, are no missing steps: warnings are errors.
    later = labelled.transform(recipe["rows"].iloc[first:])
    np.testing.assert_array_equal(later, recipe["windows"])
    # In one call with the training rows, dates or no dates are the same.
    together = labelled.transform(recipe["rows"])[first:]
    np.testing.assert_array_equal(together, recipe["windows"])


def test_the_bounds_of_the_recipe_are_those_of_a_loop_written_by_hand(recipe):
    predicted, y, n = recipe["network"].predict(recipe["windows"]), recipe["y"], recipe["n"]
    by_hand, levels = adaptive_by_hand(predicted, y, n, 0.005, update=True)
    assert np.ptp(levels) > 0.01
    # A network's outputs are float32.
    np.testing.assert_allclose(np.column_stack([recipe["low"], recipe["high"]]), by_hand, atol=1e-5)


@pytest.mark.parametrize("update", [False, True])
def test_bounds_equal_those_by_hand_when_the_level_hits_zero(
    example, forecast, monkeypatch, update
):
    X, y, n = forecast
    monkeypatch.setitem(example, "GAMMA", 0.0437)
    bounds = example["adaptive_conformal"](HandOn().fit(X, y), X, y, n, update=update)
    by_hand, levels = adaptive_by_hand(X[:, 0], y, n, 0.0437, update=update)
    np.testing.assert_allclose(bounds, by_hand, rtol=1e-12)
    assert (levels == 0).any()
    assert np.isinf(bounds[levels == 0]).all()


def test_the_bounds_of_a_row_do_not_know_its_value(example, forecast):
    X, y, n = forecast
    model = HandOn().fit(X, y)
    changed = y.copy()
    changed[200] += 100
    before, after = (example["adaptive_conformal"](model, X, real, n) for real in (y, changed))
    np.testing.assert_array_equal(before[: 201 - n], after[: 201 - n])
    assert (before[201 - n :] != after[201 - n :]).any()


def test_without_steps_and_updates_the_adaptive_bounds_are_those_of_split_conformal(
    example, forecast, monkeypatch
):
    X, y, n = forecast
    monkeypatch.setitem(example, "GAMMA", 0.0)
    model = HandOn().fit(X, y)
    np.testing.assert_allclose(
        example["adaptive_conformal"](model, X, y, n, update=False),
        example["split_conformal"](model, X, y, n),
        rtol=1e-12,
    )


def test_split_conformal_loses_its_coverage_when_the_spread_grows_and_adaptive_does_not(
    example, forecast
):
    X, y, n = forecast
    model, covered = HandOn().fit(X, y), {}
    for name in ("split_conformal", "adaptive_conformal"):
        low, high = example[name](model, X, y, n).T
        covered[name] = np.mean((low <= y[n:]) & (y[n:] <= high))
    assert covered["split_conformal"] < 0.6
    assert covered["adaptive_conformal"] > 0.8


def test_a_regressor_that_hands_predictions_on_gives_the_same_bounds(example, recipe):
    pipe, first, n = recipe["pipe"], len(recipe["train"]), recipe["n"]
    rows = slice(n + 60)  # of 504; the others would take a second
    predicted = pipe.predict(recipe["rows"])[first:][rows, None]
    np.testing.assert_array_equal(
        predicted[:, 0], recipe["network"].predict(recipe["windows"][rows])
    )
    hand_on = LinearRegression(fit_intercept=False).fit([[1.0]], [1.0])
    bounds = example["adaptive_conformal"](hand_on, predicted, recipe["y"][rows], n)
    np.testing.assert_allclose(bounds[:, 0], recipe["low"][:60], atol=1e-5)
    np.testing.assert_allclose(bounds[:, 1], recipe["high"][:60], atol=1e-5)


@pytest.mark.parametrize("name", ["Google, daily", "Sea, half-hourly"])
def test_parts_follow_one_another_in_time_without_a_gap(example, name):
    train, calibration, test = example["series"][name]
    together = pd.concat([train, calibration, test]).index
    assert together.is_unique
    assert together.is_monotonic_increasing
    # Four days and a holiday: the longest that the exchange is closed.
    longest = {"Google, daily": "5D", "Sea, half-hourly": "30min"}[name]
    assert together.to_series().diff().max() <= pd.Timedelta(longest)
    assert min(len(train), len(calibration), len(test)) > 200


def test_series_are_in_the_units_that_they_are_printed_with(example):
    google = pd.concat(example["series"]["Google, daily"])["log-return, %"]
    # Two days of its history, by hand: 2008-10-16 to 17.
    close = example["prices"].loc["2008-10-16":"2008-10-17"]
    assert google.loc["2008-10-17"] == pytest.approx(100 * math.log(close.iloc[1] / close.iloc[0]))
    sea = pd.concat(example["series"]["Sea, half-hourly"]).iloc[:, 0]
    # The changes add up to what lies between summer and winter, in degrees Celsius.
    assert sea.sum() == pytest.approx(
        example["temperatures"].iloc[-1] - example["temperatures"].iloc[0]
    )
    assert -12 < sea.sum() < -5


def test_november_is_colder_than_all_that_the_network_was_trained_on(example):
    temperatures = example["temperatures"]
    assert temperatures.loc["2016-11"].max() < temperatures.loc[:"2016-09"].min()


def test_waves_are_divided_into_parts_that_do_not_overlap(example):
    parts = [
        np.arange(5_000)[example[f"waves_{part}"]] for part in ("train", "calibration", "test")
    ]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(5_000))
    assert [len(part) for part in parts] == [3_000, 1_000, 1_000]


# Statements of the page about MAPIE 1.6. If one fails, MAPIE has changed, and the page is wrong.


def test_mapie_refuses_windows_of_several_columns():
    windows = np.random.default_rng(0).random((50, 4, 2))
    network = NaiveRegressor(feature=0).fit(windows, windows[:, 0, 0])
    aci = TimeSeriesRegressor(network, method="aci", cv="prefit")
    with pytest.raises(UserWarning, match="failed a minimal prediction test"):
        aci.fit(windows, windows[:, 0, 0])


def test_mapie_makes_no_infinite_interval_of_scores_without_a_sign(forecast):
    X, y, n = forecast
    aci = TimeSeriesRegressor(
        HandOn().fit(X, y),
        method="aci",
        cv="prefit",
        conformity_score=AbsoluteConformityScore(sym=True),
    )
    aci.fit(X[:n], y[:n])
    with pytest.raises(ValueError, match="number of calibration samples"):
        aci.predict(X[[n]], confidence_level=0.99, allow_infinite_bounds=True)


def test_mapie_rounds_levels_to_two_decimals(forecast):
    X, y, n = forecast
    aci = TimeSeriesRegressor(HandOn().fit(X, y), method="aci", cv="prefit").fit(X, y)
    rounded, asked_for = (aci.predict(X[[n]], confidence_level=level)[1] for level in (0.98, 0.975))
    np.testing.assert_array_equal(rounded, asked_for)
    with pytest.raises(KeyError):
        aci.adapt_conformal_inference(X[[n]], y[[n]], gamma=0.005, confidence_level=0.975)


def test_the_table_of_the_page_has_binomial_errors_and_every_series_of_the_example(example):
    table = PAGE.partition("as it printed it:\n\n```\n")[2].partition("```")[0]
    for name in example["units"]:
        assert name in table
    found = re.findall(r"(\d+)  [\d.]+ ± ([\d.]+)  [\d.]+ ± ([\d.]+)", table)
    assert len(found) == 2 * len(example["units"])
    for rows, *errors in found:
        assert set(errors) == {f"{100 * math.sqrt(0.09 / int(rows)):.1f}"}
