"""Ridge regression of a linear skip: its penalty and its coefficients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge, RidgeCV

from skrnn._network import ridge
from skrnn._network.ridge import ALPHAS, fit_ridge

COST = 1.4


def draw_rows(n_samples, seed):
    """Return windows far from 0, like prices, one feature in another unit, and two targets."""
    rng = np.random.default_rng(seed)
    X = 500 + np.cumsum(rng.normal(size=(n_samples, 3, 2)), axis=0)
    X[..., 0] *= 10.0 ** rng.integers(-3, 4)
    y = rng.normal(size=(n_samples, 2))
    y[:, 1] += 0.3 * X[:, 2, 1]
    return X, y, rng.uniform(0.1, 3, n_samples)


def standardize(X, weight):
    """Return rows with columns of mean 0 and variance 1, and the old means and deviations."""
    flat = X.reshape(len(X), -1)
    mean = np.average(flat, axis=0, weights=weight)
    deviation = np.sqrt(np.average((flat - mean) ** 2, axis=0, weights=weight))
    return (flat - mean) / deviation, mean, deviation


def score(X, y, weight, alpha):
    """Return generalized cross-validation, with all matrices written out."""
    root = np.sqrt(weight)[:, np.newaxis]
    X, y, ones = root * X, root * y[:, np.newaxis], root
    hat = X @ np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T)
    hat += ones @ ones.T / weight.sum()
    left = len(y) - COST * np.trace(hat)
    return np.square(y - hat @ y).sum() / left**2 if left > 0 else np.inf


@settings(max_examples=15, deadline=None)
@given(n_samples=st.integers(9, 150), weighted=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_the_penalty_has_the_best_score_and_coefficients_are_those_of_scikit_learn(
    n_samples, weighted, seed
):
    X, y, weight = draw_rows(n_samples, seed)
    coef, intercept = fit_ridge(X, y, weight if weighted else None)
    weight = weight if weighted else np.ones(n_samples)
    rows, mean, deviation = standardize(X, weight)
    for k in range(2):
        alphas = ALPHAS * weight.sum()
        scores = [score(rows, y[:, k], weight, alpha) for alpha in alphas]
        model = Ridge(alphas[np.argmin(scores)]).fit(rows, y[:, k], sample_weight=weight)
        assert_allclose(coef[:, k] * deviation, model.coef_, rtol=1e-5, atol=1e-9)
        (expected_at_0,) = model.predict(-(mean / deviation)[np.newaxis])
        assert_allclose(intercept[k], expected_at_0, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_ridge_cv_chooses_the_same_penalty(seed, monkeypatch):
    # RidgeCV leaves out one row at a time. Its score is nearly that of generalized
    # cross-validation, and chooses the same decade.
    monkeypatch.setattr(ridge, "ALPHAS", np.logspace(2, -5, 8))
    monkeypatch.setattr(ridge, "PARAMETER_COST", 1)
    rng = np.random.default_rng(seed)
    # The default method draws other rows with another version of LAPACK.
    covariance = 0.3 + 0.7 * np.eye(12)
    X = rng.multivariate_normal(np.zeros(12), covariance, 400, method="cholesky")
    X *= np.logspace(-3, 3, 12)
    rows, _, deviation = standardize(X, np.ones(400))
    clean = rows @ rng.normal(size=(12, 2))
    y = clean + np.array([0.3, 3]) * rng.normal(size=(400, 2))
    coef, intercept = fit_ridge(X, y, None)
    model = RidgeCV(400 * ridge.ALPHAS, alpha_per_target=True).fit(rows, y)
    assert model.alpha_[0] < model.alpha_[1]
    assert_allclose(coef * deviation[:, np.newaxis], model.coef_.T, rtol=1e-6)
    assert_allclose(X @ coef + intercept, model.predict(rows), rtol=1e-6)


def test_units_of_columns_do_not_matter():
    X, y, _ = draw_rows(60, 0)
    units = 10.0 ** np.arange(-3, 3).reshape(3, 2)
    (coef, intercept), (scaled, shifted) = (fit_ridge(rows, y, None) for rows in (X, units * X))
    assert_allclose(scaled * units.reshape(-1, 1), coef, rtol=1e-7)
    assert_allclose(shifted, intercept, rtol=1e-7)


def test_a_constant_column_has_the_coefficient_0():
    X, y, _ = draw_rows(60, 0)
    expected, _ = fit_ridge(X[:, 1:], y, None)
    # The mean of this number is rounded.
    X[:, 0] = 1e6 + 0.1
    coef, _ = fit_ridge(X, y, None)
    assert_allclose(coef, np.vstack([np.zeros((2, 2)), expected]), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("n_samples", [1, 2, 3, 5, 20])
def test_with_fewer_rows_than_columns_predictions_stay_near_the_targets(n_samples):
    rng = np.random.default_rng(n_samples)
    X, y = rng.normal(size=(n_samples, 30)), rng.normal(size=(n_samples, 2))
    coef, intercept = fit_ridge(X, y, None)
    later = rng.normal(size=(500, 30)) @ coef
    assert np.sqrt(np.mean(later**2)) < 1.5 * y.std() + 1e-12
    assert_allclose(intercept, y.mean(axis=0), atol=1.5 * y.std() + 1e-12)


def test_noise_is_not_fitted():
    # If a coefficient counted once, a third of these short series would be.
    for seed in range(30):
        series = np.random.default_rng(seed).normal(size=40)
        X = np.lib.stride_tricks.sliding_window_view(series, 20)[:-1]
        coef, _ = fit_ridge(X, series[20:, np.newaxis], None)
        assert np.sum(coef**2) < 0.15


def test_rows_of_weight_0_do_not_count():
    X, y, weight = draw_rows(80, 1)
    weight[40:] = 0
    for some, expected in zip(
        fit_ridge(X, y, weight), fit_ridge(X[:40], y[:40], weight[:40]), strict=True
    ):
        assert_allclose(some, expected, rtol=1e-7)


def test_ridge_continues_a_straight_line_of_large_numbers():
    # Windows of a line are collinear, and all penalties are small beside their squares.
    line = 1e6 * np.arange(400.0)
    windows = np.lib.stride_tricks.sliding_window_view(line, 30)[:-1]
    y = line[30:, np.newaxis]
    coef, intercept = fit_ridge(windows, y, None)
    later = windows + 4e8
    assert_allclose(later @ coef + intercept, y + 4e8, rtol=1e-6)
