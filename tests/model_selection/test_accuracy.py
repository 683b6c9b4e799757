"""Scaled error and test of Diebold and Mariano: numbers by hand, and simulations."""

import math

import numpy as np
import pytest
from scipy import stats

from skrnn.model_selection._accuracy import (
    diebold_mariano,
    mean_absolute_scaled_error,
    steps_within,
)


def test_the_error_is_measured_in_steps_of_the_training_rows():
    # Steps of 1, 3 and 2: 2 in the mean. Errors of 1 and 3: 2 in the mean.
    steps = steps_within(np.array([5.0, 6.0, 3.0, 5.0]), np.arange(4), None)
    np.testing.assert_array_equal(steps, [1.0, -3.0, 2.0])
    assert mean_absolute_scaled_error(np.array([7.0, 4.0]), np.array([6.0, 7.0]), steps) == 1.0


def test_steps_lie_within_a_series_and_between_neighbors_only():
    y = np.array([1.0, 100.0, 2.0, 103.0, 4.0, 107.0, 7.0])
    series = np.array([0, 1, 0, 1, 0, 1, 0])
    np.testing.assert_array_equal(steps_within(y, np.arange(7), series), [1, 2, 3, 3, 4])
    # In any order. The rows before and after row 2, which is left out, are no neighbors.
    rows = np.array([6, 0, 3, 1, 4, 5])
    np.testing.assert_array_equal(steps_within(y, rows, series), [3, 3, 4])
    np.testing.assert_array_equal(steps_within(y, np.array([4, 1, 0]), None), [99])


def test_each_output_has_its_own_unit_and_counts_equally():
    steps = np.array([[1.0, 10.0], [1.0, -10.0]])
    y, predicted = np.array([[3.0, 5.0]]), np.array([[5.0, 10.0]])
    # 2 / 1 and 5 / 10.
    assert mean_absolute_scaled_error(y, predicted, steps) == pytest.approx(1.25)


@pytest.mark.parametrize("y_train", [[4.0, 4.0, 4.0], [4.0]])
def test_scaled_error_of_constant_training_rows_is_nan(y_train):
    steps = np.diff(y_train)
    error = mean_absolute_scaled_error(np.array([1.0]), np.array([2.0]), steps)
    assert math.isnan(error)


def test_one_step_ahead_equals_the_numbers_by_hand():
    # Differences 2, 1, 3, 6: mean 3, variance (1 + 4 + 0 + 9) / 4 = 3.5.
    losses, rival = np.array([4.0, 2.0, 5.0, 9.0]), np.array([2.0, 1.0, 2.0, 3.0])
    statistic, p = diebold_mariano(losses, rival)
    # The correction for one step is (n - 1) / n.
    assert statistic == pytest.approx(3 / math.sqrt(3.5 / 4) * math.sqrt(3 / 4))
    assert p == pytest.approx(2 * stats.t(df=3).sf(statistic))
    # For one step it is the t-test of the mean.
    assert (statistic, p) == pytest.approx(tuple(stats.ttest_1samp(losses - rival, 0)))


def test_two_steps_ahead_equal_the_numbers_by_hand():
    # Differences 1, 2, 3, 4, 0: mean 2, deviations -1, 0, 1, 2, -2.
    # Autocovariances (1 + 0 + 1 + 4 + 4) / 5 = 2 and (0 + 0 + 2 - 4) / 5 = -0.4.
    statistic, p = diebold_mariano(np.array([1.0, 2, 3, 4, 0]), np.zeros(5), n_steps=2)
    variance = (2 + 2 * -0.4) / 5
    correction = (5 + 1 - 4 + 2 * 1 / 5) / 5
    assert statistic == pytest.approx(2 / math.sqrt(variance) * math.sqrt(correction))
    assert p == pytest.approx(2 * stats.t(df=4).sf(statistic))


def test_the_test_is_two_sided():
    rng = np.random.default_rng(0)
    one, other = rng.uniform(size=(2, 30))
    statistic, p = diebold_mariano(one, other)
    assert diebold_mariano(other, one) == pytest.approx((-statistic, p))


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
        diebold_mariano(np.array(differences), np.zeros(len(differences)), n_steps)
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
        rejected += diebold_mariano(errors[0] ** 2, errors[1] ** 2, n_steps)[1] < level
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
        statistic, p = diebold_mariano(errors[0] ** 2, errors[1] ** 2, 4)
        if np.isnan(p):
            continue
        corrected += p < 0.05
        factor = math.sqrt((16 + 1 - 8 + 4 * 3 / 16) / 16)
        plain += 2 * stats.norm.sf(abs(statistic) / factor) < 0.05
    assert corrected < 0.7 * plain
