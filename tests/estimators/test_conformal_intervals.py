"""ConformalIntervals: scikit-learn's rules, calibration, the adaptive level and its delay."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mapie.conformity_scores import AbsoluteConformityScore
from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, QuantileRegressor, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

from skrnn import (
    ConformalIntervals,
    GRURegressor,
    NaiveRegressor,
    SlidingWindowTransformer,
    forecast,
    load,
    save,
)
from skrnn.estimators._conformal_intervals import adapt_level, choose_threshold, find_delays
from skrnn.exceptions import TooFewCalibrationRowsWarning
from skrnn.metrics import interval_coverage, pinball_scorer, winkler_score, winkler_scorer
from skrnn.model_selection import check_leakage

FEW_ROWS = pytest.mark.filterwarnings("ignore::skrnn.exceptions.TooFewCalibrationRowsWarning")


class FixedQuantiles(RegressorMixin, BaseEstimator):
    """A regressor with the quantiles -1, 0 and 2 times the first column. `fit` learns nothing."""

    quantiles = (0.1, 0.5, 0.9)

    def fit(self, X, y):
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def predict_quantiles(self, X):
        return np.asarray(X)[:, :1] * [-1.0, 0.0, 2.0]


class LinearQuantiles(RegressorMixin, BaseEstimator):
    """Linear quantile regressions of three levels."""

    quantiles = (0.05, 0.5, 0.95)

    def fit(self, X, y):
        self.models_ = [
            QuantileRegressor(quantile=level, alpha=0, solver="highs").fit(X, y)
            for level in self.quantiles
        ]
        return self

    def predict(self, X):
        return self.models_[1].predict(X)

    def predict_quantiles(self, X):
        return np.sort(np.stack([model.predict(X) for model in self.models_], axis=1))


def noise(n=400, seed=0):
    """Rows whose last column says how far y scatters around the first."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(1, 2, size=(n, 2))
    return X, X[:, 0] + X[:, 1] * rng.normal(size=n)


def walk(n=300, seed=0):
    """A series as a table and as targets."""
    series = np.cumsum(np.random.default_rng(seed).normal(size=n))
    return series.reshape(-1, 1), series


def lags(model=None, **params):
    return make_pipeline(SlidingWindowTransformer(3, **params), model or Ridge())


def interval(model, X):
    quantiles = model.predict_quantiles(X)
    return quantiles[..., 0], quantiles[..., 2]


def rank_by_hand(scores, level):
    """The score that at least the share `1 - level` of the scores and a new one do not exceed."""
    for candidate in sorted(scores):
        if sum(score <= candidate for score in scores) >= (1 - level) * (len(scores) + 1) - 1e-9:
            return candidate
    return max(scores)


def roll_by_hand(scores, memory, level, *, target, step_size, delay):
    """Thresholds of rows, one after the other; each knows the rows at least `delay` before it."""
    thresholds, memory = [], list(memory)
    for row in range(len(scores)):
        known = row - delay
        if known >= 0 and not np.isnan(scores[known]):
            miss = 1 if scores[known] > thresholds[known] else 0
            level = level + step_size * (target - miss)
            memory = [*memory[1:], scores[known]]
        thresholds.append(rank_by_hand(memory, level))
    return thresholds


# scikit-learn's rules.

# As in test_estimator_checks.py.
NETWORK = GRURegressor(
    16, epochs=20, learning_rate=0.03, batch_size=20, quantiles=(0.1, 0.5, 0.9), random_state=0
)
WINDOWS = make_pipeline(
    StandardScaler(), SlidingWindowTransformer(3, flatten=False), clone(NETWORK)
)


def expected_failed_checks(model):
    if model.estimator is not WINDOWS:
        return {}
    reason = "a window reads the order of the rows, and what a call is given as their past"
    return {
        "check_methods_subset_invariance": reason,
        "check_methods_sample_order_invariance": reason,
    }


@FEW_ROWS
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsMissingWarning")
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.FeaturesNotScaledWarning")
@parametrize_with_checks(
    [ConformalIntervals(inner) for inner in (Ridge(), NETWORK, WINDOWS)],
    expected_failed_checks=expected_failed_checks,
)
def test_scikit_learn_finds_no_fault(estimator, check):
    check(estimator)


@FEW_ROWS
@pytest.mark.parametrize(
    "check",
    [check_dataframe_column_names_consistency, check_param_validation],
    ids=lambda check: check.__name__,
)
def test_scikit_learn_finds_no_fault_in_what_it_checks_of_its_own_estimators(check):
    check("ConformalIntervals", ConformalIntervals(Ridge()))


# Calibration.


@given(
    st.lists(st.floats(-5, 5).map(lambda x: round(x, 1)), min_size=1, max_size=40),
    st.floats(-0.5, 1.5),
)
def test_the_threshold_is_the_least_score_that_enough_scores_do_not_exceed(scores, level):
    assert choose_threshold(sorted(scores), level) == rank_by_hand(scores, level)


@pytest.mark.parametrize("n", [19, 39, 99, 199])
def test_rounding_does_not_ask_for_one_more_score(n):
    scores = list(range(n))
    assert choose_threshold(scores, 0.05) == 0.95 * (n + 1) - 1
    assert choose_threshold(scores, (1 - 0.9) / 2) == 0.95 * (n + 1) - 1


def test_bounds_of_a_model_without_quantiles_are_its_signed_errors_in_the_last_rows():
    X, y = noise(200)
    model = ConformalIntervals(Ridge(), coverage=0.8, calibration_fraction=0.25).fit(X, y)
    errors = np.sort(y[150:] - Ridge().fit(X[:150], y[:150]).predict(X[150:]))
    predicted = Ridge().fit(X, y).predict(X)
    # 46 of 51 is the first share of at least 90 %.
    expected = np.stack([predicted + errors[50 - 46], predicted, predicted + errors[46 - 1]], 1)
    assert_allclose(model.predict_quantiles(X), expected, rtol=1e-12)
    assert_array_equal(model.predict(X), predicted)
    assert model.quantiles == (0.1, 0.5, 0.9)


def test_bounds_of_a_model_with_quantiles_are_its_outermost_ones_each_moved_by_its_tail():
    X, y = noise(200)
    model = ConformalIntervals(FixedQuantiles(), calibration_fraction=0.3).fit(X, y)
    scale = X[140:, 0]
    # 58 of 61 is the first share of at least 95 %.
    lower, upper = np.sort(-scale - y[140:])[57], np.sort(y[140:] - 2 * scale)[57]
    assert lower < 0 < upper
    # A bound never crosses the prediction.
    expected = [np.minimum(-X[:, 0] - lower, 0), np.zeros(200), 2 * X[:, 0] + upper]
    assert (expected[0] == 0).any()
    assert_allclose(model.predict_quantiles(X), np.stack(expected, 1), rtol=1e-12)


class Level(RegressorMixin, BaseEstimator):
    """One quantile of FixedQuantiles, as MAPIE expects it."""

    def __init__(self, number):
        self.number = number

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return FixedQuantiles().predict_quantiles(X)[:, self.number]


@pytest.mark.filterwarnings("ignore:Estimator does not appear fitted:UserWarning")
def test_intervals_equal_those_of_mapie():
    X, y = noise(500)
    model = ConformalIntervals(FixedQuantiles()).fit(X, y)
    levels = [Level(number).fit(X, y) for number in (0, 2, 1)]
    theirs = ConformalizedQuantileRegressor(levels, confidence_level=0.9, prefit=True)
    theirs.conformalize(X[400:], y[400:])
    _, bounds = theirs.predict_interval(X)
    assert_allclose(np.stack(interval(model, X), 1), bounds[:, :, 0], rtol=1e-12)

    model = ConformalIntervals(Level(1)).fit(X, y)
    theirs = SplitConformalRegressor(
        levels[2], confidence_level=0.9, conformity_score=AbsoluteConformityScore(sym=False)
    )
    _, bounds = theirs.conformalize(X[400:], y[400:]).predict_interval(X)
    assert_allclose(np.stack(interval(model, X), 1), bounds[:, :, 0], rtol=1e-12)


@pytest.mark.parametrize("inner", [Ridge(), LinearQuantiles()])
def test_coverage_of_exchangeable_rows_is_right_within_three_binomial_errors(inner):
    X, y = noise(7_000)
    model = ConformalIntervals(inner, calibration_fraction=0.5).fit(X[:2_000], y[:2_000])
    covered = interval_coverage(y[2_000:], model.predict_quantiles(X[2_000:]))
    # The calibration rows are drawn, too.
    error = np.sqrt(0.9 * 0.1 * (1 / 5_000 + 1 / 1_000))
    assert abs(covered - 0.9) < 3 * error


def test_calibration_repairs_quantiles_that_are_too_narrow_and_keeps_their_shape():
    X, y = noise(3_000)
    test = X[2_000:], y[2_000:]
    model = ConformalIntervals(FixedQuantiles(), calibration_fraction=0.5).fit(X[:2_000], y[:2_000])
    assert interval_coverage(test[1], FixedQuantiles().predict_quantiles(test[0])) < 0.85
    low, high = interval(model, test[0])
    assert interval_coverage(test[1], np.stack([low, high], 1)) == pytest.approx(0.9, abs=0.03)
    # Its interval is three times the first column, and a constant wider now.
    assert np.ptp(high - low - 3 * test[0][:, 0]) < 1e-12


def test_several_outputs_are_calibrated_one_by_one():
    X, y = noise(300)
    both = ConformalIntervals(Ridge(), step_size=0.05).fit(X[:200], np.stack([y, -2 * y], 1)[:200])
    rolled = both.predict_rolling(X[200:], np.stack([y, -2 * y], 1)[200:])
    for output, target in enumerate([y, -2 * y]):
        one = ConformalIntervals(Ridge(), step_size=0.05).fit(X[:200], target[:200])
        # Targets of several outputs are taken as next steps, the last of which is known later.
        by_hand = roll(one, X[200:], target[200:], delay=2)
        assert_allclose(rolled[:, output], by_hand, rtol=1e-9)
    assert both.predict_quantiles(X).shape == (300, 2, 3)
    assert both.scores_.shape == (40, 2, 2)


# The adaptive level.


def roll(model, X, y, *, delay):
    """Quantiles of rows by the loop at the top of this file."""
    predicted = model.predict(X)
    bounds = []
    for tail, sign in enumerate([-1, 1]):
        thresholds = roll_by_hand(
            sign * (y - predicted),
            model.scores_[:, 0, tail],
            (1 - model.coverage) / 2,
            target=(1 - model.coverage) / 2,
            step_size=model.step_size,
            delay=delay,
        )
        bounds.append(predicted + sign * np.array(thresholds))
    low, high = np.minimum(bounds[0], predicted), np.maximum(bounds[1], predicted)
    return np.stack([low, predicted, high], axis=1)


SCORES = st.one_of(st.just(np.nan), st.floats(-3, 3).map(lambda x: round(x, 1)))


@given(
    arrays(float, st.integers(0, 40), elements=SCORES),
    arrays(float, st.integers(1, 8), elements=st.floats(-3, 3).map(lambda x: round(x, 1))),
    st.floats(0.001, 0.5),
    st.integers(1, 5),
)
def test_thresholds_are_those_of_a_loop_over_rows(scores, memory, step_size, delay):
    chosen, latest, level = adapt_level(
        scores,
        np.arange(len(scores)),
        memory,
        0.05,
        target=0.05,
        step_size=step_size,
        delay=delay,
    )
    by_hand = roll_by_hand(scores, memory, 0.05, target=0.05, step_size=step_size, delay=delay)
    assert_array_equal(chosen, by_hand)
    known = scores[~np.isnan(scores)]
    assert_array_equal(latest, np.concatenate([memory, known])[len(known) :])
    # The share of misses is known exactly, for any scores.
    misses = np.count_nonzero(scores > chosen)
    assert level == pytest.approx(0.05 + step_size * (0.05 * len(known) - misses))


@pytest.mark.parametrize("step_size", [0.005, 0.05])
def test_rolling_intervals_are_those_of_a_loop_over_rows(step_size):
    X, y = walk()
    model = ConformalIntervals(lags(), step_size=step_size).fit(X[:200], y[:200])
    rolled = model.predict_rolling(X[200:], y[200:])
    assert_allclose(rolled, roll(model, X[200:], y[200:], delay=1), rtol=1e-9)


def test_rolling_equals_a_row_at_a_time_with_an_update_after_each():
    X, y = noise(300)
    model = ConformalIntervals(LinearQuantiles(), step_size=0.05).fit(X[:200], y[:200])
    rolled = model.predict_rolling(X[200:], y[200:])
    rows = []
    for row in range(200, 300):
        rows.append(model.predict_quantiles(X[[row]])[0])
        model.update(X[[row]], y[[row]])
    assert_allclose(rolled, rows, rtol=1e-9)


def test_an_update_in_parts_equals_one_update():
    X, y = walk()
    model = ConformalIntervals(lags(), step_size=0.05).fit(X[:200], y[:200])
    once, parts = (pickle.loads(pickle.dumps(model)) for _ in range(2))
    once.update(X[200:], y[200:])
    # Rows that were used before make the windows of the others.
    later = np.where(np.arange(200, 300) < 240, np.nan, y[200:])
    assert parts.update(X[200:240], y[200:240]).update(X[200:], later) is parts
    assert_array_equal(parts.levels_, once.levels_)
    assert_array_equal(parts.scores_, once.scores_)
    assert not np.array_equal(once.levels_, model.levels_)


def test_intervals_after_an_update_are_those_of_the_next_row():
    X, y = walk()
    model = ConformalIntervals(lags(), step_size=0.05).fit(X[:200], y[:200])
    next_row = model.predict_rolling(X[200:251], np.append(y[200:250], np.nan))[-1]
    model.update(X[200:250], y[200:250])
    assert_array_equal(model.predict_quantiles(X[200:251])[-1], next_row)


def test_rolling_changes_nothing_and_a_step_of_0_neither():
    X, y = walk()
    model = ConformalIntervals(lags()).fit(X[:200], y[:200])
    before = pickle.dumps(model)
    model.predict_rolling(X[200:], y[200:])
    assert pickle.dumps(model) == before

    split = ConformalIntervals(lags(), step_size=0).fit(X[:200], y[:200])
    assert_array_equal(split.predict_rolling(X[200:], y[200:]), split.predict_quantiles(X[200:]))
    scores, levels = split.scores_, split.levels_
    split.update(X[200:], y[200:])
    assert_array_equal(split.scores_, scores)
    assert_array_equal(split.levels_, levels)


@settings(max_examples=25)
@given(
    st.integers(0, 59),
    st.floats(-50, 50),
    st.sampled_from([0, 1, 2, 4]),
    st.sampled_from([0.01, 0.5]),
)
def test_later_targets_never_change_an_interval(row, value, horizon, step_size):
    X, y = walk(160)
    pipe = lags(LinearRegression(), horizon=horizon)
    # The targets are no column of X, so a change of y reaches the levels and scores alone.
    y = y + np.random.default_rng(1).normal(size=len(y))
    model = ConformalIntervals(pipe, step_size=step_size, coverage=0.8).fit(X[:100], y[:100])
    changed = y.copy()
    changed[100 + row :] = value
    before, after = (model.predict_rolling(X[100:], each[100:]) for each in (y, changed))
    known_from = row + max(1, horizon)
    assert_array_equal(before[:known_from], after[:known_from])
    assert (before[:, 0] <= before[:, 1]).all()
    assert (before[:, 1] <= before[:, 2]).all()


@pytest.mark.parametrize("horizon", [0, 1, 3])
def test_targets_are_known_a_horizon_later(horizon):
    X, y = walk()
    y = y + np.random.default_rng(1).normal(size=len(y))
    model = ConformalIntervals(lags(horizon=horizon), step_size=0.05).fit(X[:200], y[:200])
    rolled = model.predict_rolling(X[200:], y[200:])
    assert_allclose(rolled, roll(model, X[200:], y[200:], delay=max(1, horizon)), rtol=1e-9)


@pytest.mark.parametrize(
    ("horizon", "shifts", "expected"),
    [
        (1, [0], [1]),
        (4, [0], [4]),
        (0, [1], [1]),
        (0, [3], [3]),
        (1, [2], [3]),
        (2, [0, 1, 2], [2, 3, 4]),
        # None: no column of X. It may be the last of three steps.
        (2, [None, None, None], [4, 4, 4]),
        (1, [None], [1]),
    ],
)
def test_a_target_that_is_a_later_value_is_known_with_that_value(horizon, shifts, expected):
    X, _ = walk()
    other = np.random.default_rng(1).normal(size=len(X))
    y = np.stack([other if s is None else np.roll(X[:, 0], -s) for s in shifts], axis=1)[:250]
    y = y if len(shifts) > 1 else y[:, 0]
    assert find_delays(lags(horizon=horizon), X[:250], y) == expected
    search = GridSearchCV(Ridge(), {})
    search.best_estimator_ = lags(horizon=horizon)
    assert find_delays(search, X[:250], y) == expected


@pytest.mark.parametrize(
    "wrap",
    [
        lambda pipe: GridSearchCV(pipe, {"ridge__alpha": [1.0]}),
        lambda pipe: TransformedTargetRegressor(pipe, transformer=StandardScaler()),
        lambda pipe: make_pipeline(StandardScaler(), TransformedTargetRegressor(pipe)),
        lambda pipe: VotingRegressor([("one", pipe)]),
        lambda pipe: make_pipeline(FunctionTransformer(np.sinh), pipe),
    ],
    ids=["search", "transformed target", "in a pipeline", "voting", "another unit"],
)
def test_the_delay_does_not_depend_on_what_is_around_the_window(wrap):
    X, _ = walk()
    later = X[3:, 0]
    assert find_delays(wrap(lags(horizon=2)), X[:-3], later) == [5]


@pytest.mark.parametrize("flatten", [True, False])
def test_targets_of_ready_windows_are_known_some_windows_later(flatten):
    X, y = walk()
    windows = SlidingWindowTransformer(3, horizon=4, flatten=flatten).fit_transform(X)
    assert find_delays(Ridge(), windows, y) == [4]


def test_targets_of_rows_without_a_window_are_known_at_once():
    X, y = noise()
    assert find_delays(Ridge(), X, y) == [1]
    assert find_delays(Ridge(), X.tolist(), y) == [1]


def test_an_interval_knows_no_target_that_ends_after_its_row():
    """The column is in the window of a pipeline within another estimator."""
    X, _ = walk()
    later, X = X[5:, 0], X[:-5]
    inner = TransformedTargetRegressor(lags(horizon=0), transformer=StandardScaler())
    model = ConformalIntervals(make_pipeline(StandardScaler(), inner), step_size=0.05)
    model.fit(X[:200], later[:200])
    changed = later[200:].copy()
    changed[20:] += 100
    before, after = (model.predict_rolling(X[200:], each) for each in (later[200:], changed))
    assert_array_equal(before[:25], after[:25])
    assert (before[25] != after[25]).any()


def test_adaptive_intervals_keep_their_coverage_where_split_ones_lose_it():
    rng = np.random.default_rng(0)
    spread = np.r_[np.ones(1_000), np.full(1_000, 3.0)]
    X, y = rng.normal(size=(2_000, 1)), spread * rng.normal(size=2_000)
    covered = {}
    for step_size in (0, 0.005):
        model = ConformalIntervals(Ridge(), step_size=step_size).fit(X[:1_000], y[:1_000])
        quantiles = model.predict_rolling(X[1_000:], y[1_000:])
        covered[step_size] = interval_coverage(y[1_000:], quantiles)
    assert covered[0] < 0.5
    assert covered[0.005] == pytest.approx(0.9, abs=0.03)


# Panels.


def shops(n=120):
    """Two series in one table, one below the other."""
    days = pd.date_range("2024-01-01", periods=n, name="day")
    parts = {}
    for seed, name in enumerate(["north", "south"]):
        parts[name] = pd.DataFrame({"sales": walk(n, seed)[1]}, index=days)
    return pd.concat(parts, names=["shop"])


def test_rows_of_a_panel_are_taken_by_time_in_whatever_order_they_come():
    stacked = shops()
    by_time = stacked.sort_index(level="day", sort_remaining=False, kind="stable")
    pipe = lags(group="shop")
    rolled = []
    for table in (stacked, by_time):
        fitted = table.index.get_level_values("day") < "2024-04-01"
        model = ConformalIntervals(pipe, step_size=0.05)
        model.fit(table[fitted], table[fitted]["sales"])
        # 91 days, and the last fifth of them.
        assert model.scores_.shape == (2 * 19, 1, 2)
        later = table[~fitted]
        quantiles = model.predict_rolling(later, later["sales"])
        rolled.append(pd.DataFrame(quantiles, later.index).sort_index())
    assert_allclose(rolled[0], rolled[1], rtol=1e-9)


def test_rows_of_one_time_do_not_know_each_other():
    table = shops()
    is_fitted = table.index.get_level_values("day") < "2024-04-01"
    later = table[~is_fitted]
    model = ConformalIntervals(lags(group="shop"), step_size=0.1, coverage=0.6)
    model.fit(table[is_fitted], table[is_fitted]["sales"])
    rolled = model.predict_rolling(later, later["sales"])
    n_days = len(later) // 2
    for day in (0, 5, n_days - 1):
        y = later["sales"].to_numpy().copy()
        y[[day, n_days + day]] += 100
        changed = (model.predict_rolling(later, y) != rolled).any(axis=1)
        assert not changed[: day + 1].any()
        assert not changed[n_days : n_days + day + 1].any()
        assert day == n_days - 1 or changed[[day + 1, n_days + day + 1]].all()


# Beside other parts of scikit-learn and skrnn.


def network(**params):
    return GRURegressor(3, epochs=2, quantiles=(0.1, 0.5, 0.9), random_state=0, **params)


def test_quantiles_are_read_through_pipelines_and_searches():
    X, y = walk()
    pipe = lags(network())
    search = GridSearchCV(pipe, {"gruregressor__units": [3]}, cv=TimeSeriesSplit(2))
    one, other = (ConformalIntervals(each).fit(X[:200], y[:200]) for each in (pipe, search))
    expected, quantiles = pipe.fit(X[:200], y[:200]).predict(X[200:], return_quantiles=True)
    assert_array_equal(one.predict(X[200:]), expected)
    predicted, calibrated = one.predict(X[200:], return_quantiles=True)
    assert_array_equal(predicted, expected)
    assert_array_equal(calibrated[:, 1], expected)
    # Each bound is moved by one number.
    assert np.ptp(calibrated[:, 2] - quantiles[:, 2]) < 1e-9
    assert_array_equal(other.predict_quantiles(X[200:]), calibrated)


def test_a_point_model_in_a_transformed_target_is_calibrated_in_units_of_y():
    X, y = walk()
    inner = TransformedTargetRegressor(lags(), transformer=StandardScaler())
    model = ConformalIntervals(inner).fit(X[:200], y[:200])
    plain = ConformalIntervals(lags()).fit(X[:200], y[:200])
    assert_allclose(model.predict_quantiles(X[200:]), plain.predict_quantiles(X[200:]), rtol=0.05)


@pytest.mark.parametrize(
    ("model", "changed"),
    [
        (ConformalIntervals(lags()), {"coverage": 0.5}),
        (lags(NaiveRegressor(quantiles=(0.1, 0.5, 0.9))), {"quantiles": (0.3, 0.5, 0.7)}),
        (
            lags(GRURegressor(2, epochs=1, quantiles=(0.1, 0.5, 0.9), random_state=0)),
            {"quantiles": (0.3, 0.5, 0.7)},
        ),
    ],
    ids=["intervals", "naive", "network"],
)
def test_quantiles_have_the_levels_of_fit_until_the_next_fit(model, changed):
    X, y = walk()
    model = clone(model).fit(X[:250], y[:250])
    score = winkler_scorer(model, X[250:], y[250:])
    last = model if isinstance(model, ConformalIntervals) else model[-1]
    rolled = model.predict_rolling(X[250:], y[250:]) if last is model else None
    last.set_params(**changed)
    assert winkler_scorer(model, X[250:], y[250:]) == score
    if rolled is not None:
        assert_array_equal(model.predict_rolling(X[250:], y[250:]), rolled)
    model.fit(X[:250], y[:250])
    assert winkler_scorer(model, X[250:], y[250:]) != score


def test_the_prediction_is_the_middle_of_the_interval():
    """The median of a naive forecast with errors of one sign is not its prediction."""
    X = np.arange(200.0).reshape(-1, 1)
    y = X[:, 0]
    model = ConformalIntervals(lags(NaiveRegressor(quantiles=(0.1, 0.5, 0.9)))).fit(X, y)
    later = X[:5] + 200
    assert_allclose(model.predict(later), later[:, 0])
    median, quantiles = model.predict(later, return_quantiles=True)
    assert_array_equal(model.predict(later), median)
    assert_array_equal(quantiles[:, 1], median)


def test_scorers_and_searches_read_its_intervals():
    X, y = walk()
    model = ConformalIntervals(lags(), coverage=0.8)
    search = GridSearchCV(
        model,
        {"estimator__ridge__alpha": [1e-3, 1e5]},
        scoring=winkler_scorer,
        cv=TimeSeriesSplit(3),
    ).fit(X, y)
    assert search.best_params_ == {"estimator__ridge__alpha": 1e-3}
    fitted = model.fit(X[:200], y[:200])
    quantiles = fitted.predict_quantiles(X[200:])
    score = winkler_score(y[200:], quantiles, quantiles=(0.1, 0.5, 0.9))
    assert winkler_scorer(fitted, X[200:], y[200:]) == -score
    assert pinball_scorer(fitted, X[200:], y[200:]) < 0


def test_forecast_and_the_check_for_leaks_see_the_pipeline_inside():
    days = pd.date_range("2024-01-01", periods=200)
    X = pd.DataFrame({"price": walk(200)[1]}, index=days)
    model = ConformalIntervals(lags()).fit(X, X["price"])
    pd.testing.assert_series_equal(forecast(model, 5), forecast(lags().fit(X, X["price"]), 5))
    assert not check_leakage(ConformalIntervals(lags()), X, X["price"])
    report = check_leakage(ConformalIntervals(lags(horizon=0)), X, X["price"])
    assert report
    assert report.step == "slidingwindowtransformer"


@pytest.mark.parametrize("inner", [lags(), lags(network()), lags(NaiveRegressor())])
def test_files_and_pickles_hold_levels_and_scores(inner, tmp_path):
    X, y = walk()
    model = ConformalIntervals(inner).fit(X[:200], y[:200]).update(X[200:250], y[200:250])
    save(model, tmp_path / "model.skrnn")
    for twin in (load(tmp_path / "model.skrnn"), pickle.loads(pickle.dumps(model))):
        assert_array_equal(
            twin.predict_rolling(X[200:], y[200:]), model.predict_rolling(X[200:], y[200:])
        )
        assert twin.get_params().keys() == model.get_params().keys()


def test_weights_are_split_like_the_rows():
    X, y = noise(200)
    weight = np.random.default_rng(1).uniform(1, 5, size=200)
    model = ConformalIntervals(Ridge()).fit(X, y, sample_weight=weight)
    first = Ridge().fit(X[:160], y[:160], weight[:160])
    assert_allclose(model.scores_[:, 0, 1], y[160:] - first.predict(X[160:]), rtol=1e-12)
    assert_allclose(model.predict(X), Ridge().fit(X, y, weight).predict(X), rtol=1e-12)


def test_weights_are_routed_if_the_estimator_asks_for_them():
    X, y = noise(200)
    weight = np.random.default_rng(1).uniform(1, 5, size=200)
    expected = ConformalIntervals(Ridge()).fit(X, y, sample_weight=weight)
    with config_context(enable_metadata_routing=True):
        inner = Ridge().set_fit_request(sample_weight=True)
        model = ConformalIntervals(inner).fit(X, y, sample_weight=weight)
    assert_array_equal(model.scores_, expected.scores_)
    assert_array_equal(model.predict(X), expected.predict(X))


def test_names_of_columns_are_those_of_the_estimator():
    X, y = noise(200)
    model = ConformalIntervals(Ridge()).fit(pd.DataFrame(X, columns=["a", "b"]), y)
    assert list(model.feature_names_in_) == ["a", "b"]
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 2


# Errors and warnings.


@pytest.mark.parametrize("method", ["predict", "predict_quantiles", "predict_rolling", "update"])
def test_an_estimator_that_is_not_fitted_says_so(method):
    X, y = noise(20)
    arguments = (X, y) if method in ("predict_rolling", "update") else (X,)
    with pytest.raises(NotFittedError):
        getattr(ConformalIntervals(Ridge()), method)(*arguments)


class Faulty(RegressorMixin, BaseEstimator):
    """A regressor that predicts NaN in its last row."""

    def fit(self, X, y):
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict(self, X):
        return np.append(np.zeros(len(X) - 1), np.nan)


@pytest.mark.parametrize(
    ("params", "rows", "message"),
    [
        ({"calibration_fraction": 0.999}, slice(None), "of 200 sample(s) leaves none"),
        ({"estimator": Faulty()}, slice(None), "not finite"),
        ({"coverage": 1.0}, slice(None), "'coverage' parameter"),
        ({"step_size": -0.1}, slice(None), "'step_size' parameter"),
        ({}, slice(199, None), "of 1 sample(s) leaves none"),
    ],
)
def test_a_failed_fit_says_why_and_changes_nothing(params, rows, message):
    X, y = noise(200)
    model = ConformalIntervals(Ridge()).fit(X, y).set_params(**params)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X[rows], y[rows])
    assert pickle.dumps(model) == before


def test_unknown_targets_are_refused_before_any_work():
    X, y = noise(200)
    y[-1] = np.nan
    with pytest.raises(ValueError, match="Input y contains NaN in 1 of 200 rows: the last 1"):
        ConformalIntervals(Faulty()).fit(X, y)
    with pytest.raises(TypeError, match="is the class Ridge"):
        ConformalIntervals(Ridge).fit(X, y)


@pytest.mark.parametrize("method", ["predict_rolling", "update"])
def test_targets_of_another_shape_or_length_are_refused(method):
    X, y = noise(200)
    model = ConformalIntervals(Ridge()).fit(X, y)
    with pytest.raises(ValueError, match=re.escape("y has 2 output(s), but 1 are expected")):
        getattr(model, method)(X, np.stack([y, y], 1))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        getattr(model, method)(X, y[:-1])
    with pytest.raises(ValueError, match="infinity"):
        getattr(model, method)(X, np.where(y > 1, np.inf, y))


@pytest.mark.parametrize(("coverage", "n_needed"), [(0.9, 19), (0.8, 9), (0.5, 3), (0.95, 39)])
def test_a_warning_says_how_many_calibration_rows_are_needed(coverage, n_needed):
    X, y = noise(200)
    enough = ConformalIntervals(Ridge(), coverage=coverage, calibration_fraction=n_needed / 200)
    assert enough.fit(X, y).scores_.shape[0] == n_needed
    few = clone(enough).set_params(calibration_fraction=(n_needed - 1) / 200)
    with pytest.warns(TooFewCalibrationRowsWarning, match=f"{n_needed} rows or more") as caught:
        few.fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]
    # The bounds reach to the largest score.
    predicted = few.predict(X)
    assert_allclose(interval(few, X)[1] - predicted, max(0, few.scores_[:, 0, 1].max()))


def test_an_estimator_that_predicts_nothing_is_refused():
    with pytest.raises(ValueError, match="has no predict, but a regressor is expected"):
        ConformalIntervals(StandardScaler()).fit(np.zeros((30, 1)), np.zeros(30))
