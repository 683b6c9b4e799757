"""Metrics and scorers: numbers by hand, closed forms, simulations, and scikit-learn's functions."""

import math
import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import GRURegressor, SlidingWindowTransformer
from skrnn.metrics import (
    crps_from_quantiles,
    crps_scorer,
    diebold_mariano_test,
    interval_coverage,
    interval_width,
    mean_absolute_scaled_error,
    mean_pinball_loss,
    pinball_scorer,
    winkler_score,
    winkler_scorer,
)

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
OF_QUANTILES = [mean_pinball_loss, crps_from_quantiles, winkler_score]


def of_levels(metric, y_true, y_quantiles, quantiles=LEVELS, **kwargs):
    """Return a metric of quantiles; those of intervals need no levels."""
    if metric is interval_width:
        return metric(y_quantiles, **kwargs)
    if metric is interval_coverage:
        return metric(y_true, y_quantiles, **kwargs)
    return metric(y_true, y_quantiles, quantiles=quantiles, **kwargs)


ALL = [*OF_QUANTILES, interval_coverage, interval_width]


@pytest.fixture(scope="module")
def two_outputs():
    """Forty rows of two outputs, their quantiles at LEVELS, and weights. Do not change them."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(40, 2))
    return y, np.sort(rng.normal(size=(40, 2, 5)), axis=-1), rng.uniform(size=40)


# Scaled error


def test_the_error_is_measured_in_steps_of_the_training_rows():
    # Steps of 1, 3 and 2: 2 in the mean. Errors of 1 and 3: 2 in the mean.
    assert mean_absolute_scaled_error([7, 4], [6, 7], y_train=[5, 6, 3, 5]) == 1
    # Steps over two rows: 2 and 1.
    error = mean_absolute_scaled_error([7, 4], [6, 7], y_train=[5, 6, 3, 5], season_length=2)
    assert error == pytest.approx(2 / 1.5)
    # The second row counts three times.
    weighted = mean_absolute_scaled_error([7, 4], [6, 7], naive_error=2, sample_weight=[1, 3])
    assert weighted == pytest.approx((1 + 3 * 3) / 4 / 2)


def test_each_output_has_its_own_unit():
    y, predicted, y_train = [[3, 5]], [[5, 10]], [[1, 0], [2, 10], [3, 0]]
    # 2 / 1 and 5 / 10.
    score = partial(mean_absolute_scaled_error, y, predicted)
    assert score(y_train=y_train) == pytest.approx(1.25)
    assert score(naive_error=[1, 10]) == pytest.approx(1.25)
    np.testing.assert_allclose(score(y_train=y_train, multioutput="raw_values"), [2, 0.5])
    assert score(y_train=y_train, multioutput=[1, 3]) == pytest.approx((2 + 3 * 0.5) / 4)


def test_scaled_error_of_constant_training_rows_is_nan():
    assert math.isnan(mean_absolute_scaled_error([1.0], [2.0], y_train=[4.0, 4.0, 4.0]))
    errors = mean_absolute_scaled_error(
        [[1.0, 1.0]], [[2.0, 2.0]], naive_error=[0.0, 4.0], multioutput="raw_values"
    )
    np.testing.assert_array_equal(errors, [np.nan, 0.25])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({}, "neither y_train nor naive_error"),
        ({"y_train": [1.0, 2.0], "naive_error": 1.0}, "both y_train and naive_error"),
        ({"y_train": [1.0]}, r"season_length=1 is no int .* below the 1 row"),
        ({"y_train": [1.0, 2.0], "season_length": 0}, "season_length=0 is no int of at least 1"),
        ({"y_train": [1.0, 2.0], "season_length": 1.0}, "season_length=1.0 is no int"),
        ({"y_train": [[1.0, 2.0], [2.0, 4.0]]}, r"is \[1. 2.\], but .* each of the 1 output"),
        ({"naive_error": -1.0}, r"naive error is \[-1.\], but one number of at least 0"),
        ({"y_train": [1.0, np.nan]}, "y_train contains NaN"),
        ({"naive_error": np.nan}, "naive_error contains NaN"),
        ({"naive_error": 1.0, "multioutput": "mean"}, "multioutput='mean' is unknown"),
    ],
)
def test_bad_training_rows_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        mean_absolute_scaled_error([7.0, 4.0], [6.0, 7.0], **kwargs)


# Test of Diebold and Mariano


def test_one_step_ahead_equals_the_numbers_by_hand():
    # Differences 2, 1, 3, 6: mean 3, variance (1 + 4 + 0 + 9) / 4 = 3.5.
    losses, rival = np.array([4.0, 2.0, 5.0, 9.0]), np.array([2.0, 1.0, 2.0, 3.0])
    statistic, p = diebold_mariano_test(losses, rival)
    # The correction for one step is (n - 1) / n.
    assert statistic == pytest.approx(3 / math.sqrt(3.5 / 4) * math.sqrt(3 / 4))
    assert p == pytest.approx(2 * stats.t(df=3).sf(statistic))
    # For one step it is the t-test of the mean.
    assert (statistic, p) == pytest.approx(tuple(stats.ttest_1samp(losses - rival, 0)))


def test_two_steps_ahead_equal_the_numbers_by_hand():
    # Differences 1, 2, 3, 4, 0: mean 2, deviations -1, 0, 1, 2, -2.
    # Autocovariances (1 + 0 + 1 + 4 + 4) / 5 = 2 and (0 + 0 + 2 - 4) / 5 = -0.4.
    statistic, p = diebold_mariano_test(np.array([1.0, 2, 3, 4, 0]), np.zeros(5), n_steps=2)
    variance = (2 + 2 * -0.4) / 5
    correction = (5 + 1 - 4 + 2 * 1 / 5) / 5
    assert statistic == pytest.approx(2 / math.sqrt(variance) * math.sqrt(correction))
    assert p == pytest.approx(2 * stats.t(df=4).sf(statistic))


def test_the_test_is_two_sided():
    rng = np.random.default_rng(0)
    one, other = rng.uniform(size=(2, 30))
    statistic, p = diebold_mariano_test(one, other)
    assert diebold_mariano_test(other, one) == pytest.approx((-statistic, p))


@pytest.mark.parametrize(
    ("differences", "n_steps"),
    [
        ([0.0, 0.0, 0.0], 1),
        ([2.0, 2.0, 2.0], 1),
        ([1.0], 1),
        ([1.0, 2.0], 2),
        # Autocovariances 1 and -0.75: 1 + 2 * -0.75 is below 0.
        ([1.0, -1.0, 1.0, -1.0], 2),
    ],
)
def test_p_is_nan_if_the_variance_cannot_be_estimated(differences, n_steps):
    assert np.isnan(
        diebold_mariano_test(differences, np.zeros(len(differences)), n_steps=n_steps)
    ).all()


@pytest.mark.parametrize(("n_steps", "n_rows"), [(1, 20), (1, 200), (3, 200)])
def test_equal_forecasts_are_rejected_as_often_as_the_level(n_steps, n_rows):
    # Errors of both have the same distribution. Several steps ahead, they are moving averages.
    rng = np.random.default_rng(0)
    n_simulations, level = 4_000, 0.05
    rejected = 0
    for _ in range(n_simulations):
        shocks = rng.normal(size=(2, n_rows + n_steps - 1))
        errors = np.lib.stride_tricks.sliding_window_view(shocks, n_steps, axis=1).sum(axis=2)
        rejected += diebold_mariano_test(errors[0] ** 2, errors[1] ** 2, n_steps=n_steps)[1] < level
    # With small samples, the test may reject slightly too rarely, but not too often.
    standard_error = math.sqrt(level * (1 - level) / n_simulations)
    assert 0.03 < rejected / n_simulations < level + 2 * standard_error


def test_without_the_correction_a_small_sample_would_reject_too_often():
    # Without the correction: the normal distribution and no factor, 4 steps, 16 rows.
    rng = np.random.default_rng(0)
    corrected, plain = 0, 0
    for _ in range(2_000):
        shocks = rng.normal(size=(2, 19))
        errors = np.lib.stride_tricks.sliding_window_view(shocks, 4, axis=1).sum(axis=2)
        statistic, p = diebold_mariano_test(errors[0] ** 2, errors[1] ** 2, n_steps=4)
        if np.isnan(p):
            continue
        corrected += p < 0.05
        factor = math.sqrt((16 + 1 - 8 + 4 * 3 / 16) / 16)
        plain += 2 * stats.norm.sf(abs(statistic) / factor) < 0.05
    assert corrected < 0.7 * plain


@pytest.mark.parametrize(
    ("losses", "baseline_losses", "n_steps", "message"),
    [
        ([1.0, 2.0], [1.0], 1, r"the shape \(2,\) and baseline_losses \(1,\)"),
        ([[1.0], [2.0]], [[1.0], [2.0]], 1, r"losses has the shape \(2, 1\)"),
        ([1.0, np.inf], [1.0, 2.0], 1, "losses contains infinity"),
        ([1.0, 2.0], [1.0, np.nan], 1, "baseline_losses contains NaN"),
        ([1.0, 2.0], [2.0, 4.0], 0, "n_steps=0 is no int of at least 1"),
        ([1.0, 2.0], [2.0, 4.0], 1.5, "n_steps=1.5 is no int"),
    ],
)
def test_bad_losses_are_refused(losses, baseline_losses, n_steps, message):
    with pytest.raises(ValueError, match=message):
        diebold_mariano_test(losses, baseline_losses, n_steps=n_steps)


# Scores of quantiles


def test_scores_equal_the_numbers_by_hand():
    y, y_quantiles = [1, 2, 6], [[0, 1, 2], [1, 2, 3], [2, 4, 5]]
    quantiles = (0.1, 0.5, 0.9)
    # Losses of the three levels: 0.1, 0, 0.1; the same; 0.4, 1, 0.9.
    assert mean_pinball_loss(y, y_quantiles, quantiles=quantiles) == pytest.approx(2.7 / 9)
    # Each level stands for its neighborhood: 0 to 0.3, 0.3 to 0.7, 0.7 to 1.
    crps = 2 * (0.3 * 0.6 / 3 + 0.4 * 1 / 3 + 0.3 * 1.1 / 3)
    assert crps_from_quantiles(y, y_quantiles, quantiles=quantiles) == pytest.approx(crps)
    # Widths of 2, 2 and 3. The last row is 1 above, with a share of 0.2 outside: 2 / 0.2.
    assert winkler_score(y, y_quantiles, quantiles=quantiles) == pytest.approx((2 + 2 + 13) / 3)
    assert interval_width(y_quantiles) == pytest.approx(7 / 3)
    assert interval_coverage(y, y_quantiles) == pytest.approx(2 / 3)
    # Values on the bounds are inside.
    assert interval_coverage([0, 3, 5], y_quantiles) == 1


@pytest.mark.parametrize("multioutput", ["uniform_average", "raw_values", [0.3, 0.7]])
@pytest.mark.parametrize("alpha", [0.05, 0.5, 0.9])
def test_pinball_loss_of_one_level_is_that_of_scikit_learn(two_outputs, alpha, multioutput):
    y, y_quantiles, weights = two_outputs
    kwargs = {"sample_weight": weights, "multioutput": multioutput}
    expected = sklearn.metrics.mean_pinball_loss(y, y_quantiles[..., 2], alpha=alpha, **kwargs)
    found = mean_pinball_loss(y, y_quantiles[..., [2]], quantiles=[alpha], **kwargs)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_pinball_loss_is_the_mean_over_levels(two_outputs):
    y, y_quantiles, _ = two_outputs
    expected = [
        sklearn.metrics.mean_pinball_loss(y, y_quantiles[..., k], alpha=level)
        for k, level in enumerate(LEVELS)
    ]
    assert mean_pinball_loss(y, y_quantiles, quantiles=LEVELS) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("levels", [(0.05, 0.95), (0.1, 0.8)])
def test_winkler_score_is_width_and_punished_misses(levels):
    rng = np.random.default_rng(0)
    y, bounds = rng.normal(size=60), np.sort(rng.normal(size=(60, 2)), axis=1)
    expected = []
    for value, (lower, upper) in zip(y, bounds, strict=True):
        score = upper - lower
        if value < lower:
            score += (lower - value) / levels[0]
        if value > upper:
            score += (value - upper) / (1 - levels[1])
        expected.append(score)
    assert winkler_score(y, bounds, quantiles=levels) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("metric", ALL)
def test_outputs_and_weights_are_averaged(metric, two_outputs):
    y, y_quantiles, weights = two_outputs
    score = partial(of_levels, metric, y, y_quantiles)
    each = [of_levels(metric, y[:, k], y_quantiles[:, k]) for k in (0, 1)]
    np.testing.assert_allclose(score(multioutput="raw_values"), each)
    assert score() == pytest.approx(np.mean(each))
    assert score(multioutput=[1, 3]) == pytest.approx((each[0] + 3 * each[1]) / 4)
    # A weight of 2 is a row that comes twice.
    twice = np.repeat(np.arange(40), 1 + (weights > 0.5))
    found = score(sample_weight=1 + (weights > 0.5))
    assert found == pytest.approx(of_levels(metric, y[twice], y_quantiles[twice]))


def test_the_quantiles_of_a_sample_cover_their_share():
    y = np.random.default_rng(0).permutation(np.arange(1.0, 101.0))
    # With Hazen's rule, 5.5 and 95.5 are the quantiles of 1 to 100 at 0.05 and 0.95.
    bounds = np.quantile(y, [0.05, 0.95], method="hazen")
    assert interval_coverage(y, np.tile(bounds, (100, 1))) == pytest.approx(0.9)


# CRPS


def test_crps_of_a_normal_distribution_is_its_closed_form():
    levels = (np.arange(500) + 0.5) / 500
    mean, spread = 3.0, 2.0
    for y in [-2.0, 0.5, 3.0, 3.7, 9.0]:
        z = (y - mean) / spread
        density, below = stats.norm.pdf(z), stats.norm.cdf(z)
        expected = spread * (z * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi))
        y_quantiles = stats.norm(mean, spread).ppf(levels)[np.newaxis]
        found = crps_from_quantiles([y], y_quantiles, quantiles=levels)
        assert found == pytest.approx(expected, abs=1e-3)


def test_crps_of_the_quantiles_of_a_sample_is_that_of_the_sample():
    # E|X - y| - E|X - X'| / 2 over the sample, the formula of ensembles.
    rng = np.random.default_rng(0)
    y, samples = rng.normal(size=6), np.sort(rng.normal(size=(6, 9)), axis=1)
    levels = (np.arange(9) + 0.5) / 9
    expected = [
        np.abs(members - value).mean() - np.abs(members[:, None] - members).mean() / 2
        for value, members in zip(y, samples, strict=True)
    ]
    found = crps_from_quantiles(y, samples, quantiles=levels)
    assert found == pytest.approx(np.mean(expected), rel=1e-12)


@pytest.mark.parametrize(
    ("levels", "error"), [((0.1, 0.5, 0.9), -0.06), (np.arange(1, 10) / 10, 0.05)]
)
def test_few_levels_miss_the_crps_of_a_normal_distribution_as_documented(levels, error):
    y_quantiles = stats.norm.ppf(levels)
    # Many quantiles of the true distribution as real values: its expected score.
    y = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    found = crps_from_quantiles(y, np.tile(y_quantiles, (20_000, 1)), quantiles=levels)
    assert found * math.sqrt(math.pi) - 1 == pytest.approx(error, abs=0.005)


inner_levels = st.lists(st.floats(0.06, 0.94), max_size=5, unique=True)
values = st.floats(-100, 100)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=8), inner_levels)
def test_crps_of_a_point_forecast_is_its_absolute_error(rows, inner):
    y, predicted = np.array(rows).T
    levels = sorted([0.05, *inner, 0.95])
    y_quantiles = np.repeat(predicted[:, np.newaxis], len(levels), axis=1)
    expected = sklearn.metrics.mean_absolute_error(y, predicted)
    found = crps_from_quantiles(y, y_quantiles, quantiles=levels)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_crps_of_the_median_alone_is_its_absolute_error():
    assert crps_from_quantiles([1.0, 5.0], [[2.0], [2.0]], quantiles=[0.5]) == pytest.approx(2)


@pytest.mark.parametrize("metric", OF_QUANTILES)
@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_true_quantiles_have_the_best_score(metric, factor):
    y = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    true = np.tile(stats.norm.ppf(LEVELS), (20_000, 1))
    best = metric(y, true, quantiles=LEVELS)
    assert metric(y, true * factor, quantiles=LEVELS) > best
    assert metric(y, true + 0.2, quantiles=LEVELS) > best
    # The outermost quantiles alone: tails that are not known must not reward other levels.
    wider = true.copy()
    wider[:, [0, -1]] *= factor
    assert metric(y, wider, quantiles=LEVELS) > best


# Invariances


sorted_quantiles = st.lists(st.integers(-50, 50), min_size=5, max_size=5).map(sorted)
rows_of_quantiles = st.lists(
    st.tuples(st.integers(-60, 60), sorted_quantiles), min_size=1, max_size=6
)


# Integers, so that shifted and scaled values are exact, and stay inside or outside.
@given(rows_of_quantiles, st.integers(-1000, 1000), st.sampled_from([0.25, 2, 16]))
def test_scores_ignore_a_shift_and_follow_the_unit(rows, shift, factor):
    y = np.array([row[0] for row in rows])
    y_quantiles = np.array([row[1] for row in rows])
    for metric in ALL:
        score = of_levels(metric, y, y_quantiles)
        shifted = of_levels(metric, y + shift, y_quantiles + shift)
        assert shifted == pytest.approx(score, rel=1e-12, abs=1e-12)
        scaled = of_levels(metric, y * factor, y_quantiles * factor)
        expected = score if metric is interval_coverage else score * factor
        assert scaled == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(rows_of_quantiles)
def test_scores_treat_both_sides_alike(rows):
    y = np.array([row[0] for row in rows])
    y_quantiles = np.array([row[1] for row in rows])
    for metric in ALL:
        mirrored = of_levels(metric, -y, -y_quantiles[:, ::-1])
        assert mirrored == pytest.approx(of_levels(metric, y, y_quantiles), rel=1e-12, abs=1e-12)


@given(rows_of_quantiles, st.integers(1, 9), st.integers(-1000, 1000))
def test_scaled_error_ignores_unit_and_shift(rows, factor, shift):
    y = np.array([row[0] for row in rows])
    predicted, y_train = np.array([row[1][0] for row in rows]), np.array([3, 5, 1, 0])
    expected = mean_absolute_scaled_error(y, predicted, y_train=y_train)
    found = mean_absolute_scaled_error(
        factor * y + shift, factor * predicted + shift, y_train=factor * y_train + shift
    )
    assert found == pytest.approx(expected)


# Bad input


@pytest.mark.parametrize("metric", OF_QUANTILES)
@pytest.mark.parametrize(
    "quantiles",
    [
        (0.9, 0.5, 0.1),
        (0.1, 0.1, 0.9),
        (0, 0.5, 0.9),
        (0.1, 0.5, 1.0),
        (0.1, np.nan, 0.9),
        ("a", "b", "c"),
        (10, 50, 90),
        [[0.1, 0.5, 0.9]],
        0.5,
        (),
    ],
)
def test_levels_that_do_not_increase_within_0_and_1_are_refused(metric, quantiles):
    with pytest.raises(ValueError, match="not increasing levels within"):
        metric([1.0, 2.0], [[0.0, 1.0, 2.0]] * 2, quantiles=quantiles)


@pytest.mark.parametrize("metric", OF_QUANTILES)
def test_another_number_of_levels_is_refused(metric):
    with pytest.raises(ValueError, match=r"3 quantile\(s\) .* has 2 level\(s\)"):
        metric([1.0, 2.0], [[0.0, 1.0, 2.0]] * 2, quantiles=(0.1, 0.9))


def test_crps_of_levels_on_one_side_is_refused():
    with pytest.raises(ValueError, match=r"begin at 0.5 and end at 0.9, but CRPS expects"):
        crps_from_quantiles([1.0], [[0.0, 1.0]], quantiles=(0.5, 0.9))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("y_true", "y_quantiles", "message"),
    [
        ([1.0, 2.0], [0.0, 1.0], r"\(2,\) has 1 dimension"),
        ([1.0, 2.0], np.zeros((2, 1, 1, 5)), "has 4 dimension"),
        ([1.0, 2.0], [[0.0, 1.0, 2.0, 3.0, np.nan]] * 2, "y_quantiles contains NaN"),
    ],
)
def test_bad_quantiles_are_refused(metric, y_true, y_quantiles, message):
    with pytest.raises(ValueError, match=message):
        of_levels(metric, y_true, y_quantiles)


@pytest.mark.parametrize("metric", [*OF_QUANTILES, interval_coverage])
@pytest.mark.parametrize(
    ("y_true", "y_quantiles", "message"),
    [
        ([1.0, 2.0, 3.0], np.zeros((2, 5)), "inconsistent numbers of samples"),
        ([[1.0, 2.0]], np.zeros((1, 5)), r"y_true has 2 output\(s\), but y_quantiles has 1"),
        ([1.0], np.zeros((1, 2, 5)), r"y_true has 1 output\(s\), but y_quantiles has 2"),
        ([1.0, np.nan], np.zeros((2, 5)), "y_true contains NaN"),
        (np.zeros((1, 1, 1)), np.zeros((1, 5)), "dim 3"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(metric, y_true, y_quantiles, message):
    with pytest.raises(ValueError, match=message):
        of_levels(metric, y_true, y_quantiles)


@pytest.mark.parametrize("metric", [winkler_score, interval_coverage, interval_width])
def test_bounds_that_cross_are_refused(metric):
    crossed = [[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    with pytest.raises(ValueError, match=r"above the upper bound in 1 row\(s\), first in row 2"):
        of_levels(metric, [0.0, 0.0, 0.0], crossed, (0.1, 0.9))


@pytest.mark.parametrize("metric", [winkler_score, interval_coverage, interval_width])
def test_a_single_quantile_is_no_interval(metric):
    with pytest.raises(ValueError, match="single quantile"):
        of_levels(metric, [0.0], [[1.0]], (0.5,))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("multioutput", "message"),
    [
        ("mean", "multioutput='mean' is unknown"),
        ([1.0, 2.0, 3.0], r"has the shape \(3,\), but there are 2 output"),
    ],
)
def test_unknown_averages_are_refused(metric, two_outputs, multioutput, message):
    y, y_quantiles, _ = two_outputs
    with pytest.raises(ValueError, match=message):
        of_levels(metric, y, y_quantiles, multioutput=multioutput)


# Scorers


class NormalRegressor(RegressorMixin, BaseEstimator):
    """Quantiles of a normal distribution around the mean of y, `width` times as wide as y."""

    def __init__(self, width=1.0, quantiles=LEVELS):
        self.width = width
        self.quantiles = quantiles

    def fit(self, X, y):
        y = np.asarray(y)
        self.mean_, self.spread_ = y.mean(axis=0), y.std(axis=0)
        return self

    def predict(self, X, return_quantiles=False):
        median = np.repeat(self.mean_[np.newaxis], len(X), axis=0)
        if not return_quantiles:
            return median
        spread = self.width * np.multiply.outer(self.spread_, stats.norm.ppf(self.quantiles))
        return median, median[..., np.newaxis] + spread


class WithMethod(NormalRegressor):
    """The same with a method of its own."""

    def predict(self, X):
        return super().predict(X)

    def predict_quantiles(self, X):
        return super().predict(X, return_quantiles=True)[1]


class LastStepRegressor(NormalRegressor):
    """The same around the last step of a window."""

    def predict(self, X, return_quantiles=False):
        median, y_quantiles = super().predict(X, return_quantiles=True)
        last = X[:, -1]
        if not return_quantiles:
            return median + last
        return median + last, y_quantiles + last[:, np.newaxis]


SCORERS = {
    pinball_scorer: mean_pinball_loss,
    crps_scorer: crps_from_quantiles,
    winkler_scorer: winkler_score,
}


@pytest.fixture(scope="module")
def rows():
    """Three hundred rows of noise and their values. Do not change them."""
    y = np.random.default_rng(0).normal(size=300)
    return y[:, np.newaxis], y


@pytest.mark.parametrize("kind", [NormalRegressor, WithMethod])
@pytest.mark.parametrize("scorer", SCORERS)
def test_a_scorer_is_the_negative_metric_of_predicted_quantiles(scorer, kind, rows):
    X, y = rows
    weights = np.linspace(0, 1, 300)
    model = kind(width=1.5).fit(X, y)
    y_quantiles = NormalRegressor(width=1.5).fit(X, y).predict(X, return_quantiles=True)[1]
    metric = partial(SCORERS[scorer], y, y_quantiles, quantiles=LEVELS)
    assert scorer(model, X, y) == -metric()
    assert scorer(model, X, y, sample_weight=weights) == -metric(sample_weight=weights)
    # In a pipeline, a search, a pipeline that ends in a search, a pipeline of one step.
    search = GridSearchCV(model, {"width": [1.5]}, cv=2, scoring=scorer)
    for other in [
        make_pipeline(MinMaxScaler(), SlidingWindowTransformer(3), model),
        search,
        make_pipeline(MinMaxScaler(), search),
        Pipeline([("search", GridSearchCV(make_pipeline(model), {}, cv=2, scoring=scorer))]),
    ]:
        assert scorer(clone(other).fit(X, y), X, y) == -metric()


@pytest.mark.parametrize("scorer", SCORERS)
def test_quantiles_of_a_pipeline_are_those_behind_its_steps(scorer, rows):
    X, y = rows
    pipe = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(3), LastStepRegressor())
    # The pipeline passes `return_quantiles` on.
    y_quantiles = pipe.fit(X, y).predict(X, return_quantiles=True)[1]
    assert len(np.unique(y_quantiles[:, 0])) > 200
    assert scorer(pipe, X, y) == -SCORERS[scorer](y, y_quantiles, quantiles=LEVELS)


@pytest.mark.parametrize("scorer", SCORERS)
def test_a_search_over_a_pipeline_finds_the_true_width(scorer, rows):
    X, y = rows
    pipe = make_pipeline(SlidingWindowTransformer(3), NormalRegressor())
    grid = {"normalregressor__width": [0.3, 1.0, 3.0], "slidingwindowtransformer__horizon": [1, 2]}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(3), scoring=scorer, error_score="raise")
    search = pickle.loads(pickle.dumps(search)).fit(X, y)
    assert search.best_params_["normalregressor__width"] == 1.0
    assert search.score(X, y) == scorer(search.best_estimator_, X, y)
    assert clone(search).scoring is scorer


def test_several_scorers_fit_one_cross_validation(rows):
    X, y = rows
    scoring = {"pinball": pinball_scorer, "crps": crps_scorer, "r2": "r2"}
    found = cross_validate(
        NormalRegressor(), X, y, cv=2, scoring=scoring, error_score="raise", return_estimator=True
    )
    assert found["test_pinball"][1] == pinball_scorer(found["estimator"][1], X[150:], y[150:])
    assert found["test_crps"][0] == crps_scorer(found["estimator"][0], X[:150], y[:150])


@pytest.mark.parametrize("scorer", SCORERS)
def test_scorers_take_tables_and_several_outputs(scorer, rows):
    X, y = rows
    both = pd.DataFrame({"one": y, "ten": 10 * y})
    model = NormalRegressor().fit(X, both)
    assert scorer(model, X, both) == pytest.approx(5.5 * scorer(model.fit(X, y), X, y))


@pytest.mark.parametrize("scorer", SCORERS)
@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Ridge(), "Ridge"),
        (make_pipeline(SlidingWindowTransformer(2), Ridge()), "Ridge"),
        (GridSearchCV(Ridge(), {}, cv=2), "Ridge"),
        (NormalRegressor(quantiles=None), "NormalRegressor"),
        (TransformedTargetRegressor(NormalRegressor()), "TransformedTargetRegressor"),
    ],
)
def test_scorers_refuse_models_without_quantiles(scorer, model, name, rows):
    X, y = rows
    with pytest.raises(ValueError, match=f"^{name} predicts no quantiles"):
        scorer(clone(model).fit(X, y), X, y)


def test_scorers_refuse_a_parameter_of_quantiles_that_nothing_predicts(rows):
    class Other(Ridge):
        quantiles = LEVELS

    with pytest.raises(ValueError, match=r"^Other predicts no quantiles"):
        pinball_scorer(Other().fit(*rows), *rows)


def test_scorers_refuse_a_network_without_quantiles(fitted_pipeline, series):
    assert isinstance(fitted_pipeline[-1], GRURegressor)
    with pytest.raises(ValueError, match=r"^GRURegressor predicts no quantiles"):
        pinball_scorer(fitted_pipeline, series, series[:, 0])
