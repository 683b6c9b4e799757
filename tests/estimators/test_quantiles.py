"""Quantiles of the targets: `quantiles`, `predict_quantiles`."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.callbacks import LearningRateScheduler
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import expon, laplace, norm
from sklearn.base import clone
from sklearn.metrics import mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
    config_context,
    forecast,
    load,
    save,
)
from skrnn._network.losses import PinballLoss
from skrnn.inspection import gradient_flow
from skrnn.metrics import pinball_scorer

LEVELS = (0.1, 0.5, 0.8)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 5))
Y = X[:, -1] + RNG.normal(size=120)
TWO = np.column_stack([Y, 10 * X[:, 0]])
MODEL = GRURegressor(3, epochs=2, quantiles=LEVELS, random_state=0)


@pytest.fixture(scope="module")
def fitted():
    """A network with three quantiles. Do not fit it again."""
    return clone(MODEL).fit(X, Y)


# The loss


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4, unique=True))
def test_the_loss_is_that_of_scikit_learn(levels):
    rng = np.random.default_rng(1)
    y, outputs = rng.normal(size=(20, 2)), rng.normal(size=(20, 2 * len(levels)))
    values, _ = PinballLoss(tuple(levels))(y, outputs)
    by_level = outputs.reshape(20, 2, len(levels))
    expected = np.mean(
        [mean_pinball_loss(y, by_level[..., k], alpha=level) for k, level in enumerate(levels)]
    )
    assert_allclose(values.mean(), expected)


def test_the_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(2)
    y, outputs = rng.normal(size=(6, 2)), rng.normal(size=(6, 6))
    loss = PinballLoss(LEVELS)
    _, gradient = loss(y, outputs)
    for place in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[place] = 1e-6
        high, low = (loss(y, outputs + sign * step)[0].sum() for sign in (1, -1))
        assert_allclose(gradient[place], (high - low) / 2e-6, atol=1e-7)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"architecture": "encoder_decoder"},
        {"architecture": "sequence_to_sequence"},
        {"normalize_windows": "last"},
        {"linear_skip": True},
    ],
    ids=str,
)
def test_both_engines_train_alike(parameters):
    steps = np.lib.stride_tricks.sliding_window_view(np.cumsum(RNG.normal(size=130)) / 5, 7)
    rows, y = steps[:100, :5], steps[:100, 5:]
    if parameters.get("architecture") == "sequence_to_sequence":
        y = steps[:100, 1:6]
    model = clone(MODEL).set_params(**parameters)
    ours = clone(model).fit(rows, y)
    with config_context(engine="keras"):
        theirs = clone(model).fit(rows, y)
    assert_allclose(ours.history_["loss"], theirs.history_["loss"], rtol=1e-3)
    assert_allclose(
        ours.predict_quantiles(rows), theirs.predict_quantiles(rows), rtol=1e-2, atol=1e-3
    )


# Predictions


@pytest.mark.parametrize(
    ("y", "architecture", "shape"),
    [
        (Y, "sequence_to_vector", (120, 3)),
        (Y[:, None], "sequence_to_vector", (120, 1, 3)),
        (TWO, "sequence_to_vector", (120, 2, 3)),
        (TWO, "encoder_decoder", (120, 2, 3)),
        (np.stack([TWO, TWO, TWO], axis=1), "encoder_decoder", (120, 3, 2, 3)),
        (X, "sequence_to_sequence", (120, 5, 3)),
        (X, "vector_to_sequence", (120, 5, 3)),
    ],
)
def test_quantiles_have_the_shape_of_y_and_an_axis_of_levels(y, architecture, shape):
    model = RNNRegressor(2, epochs=1, quantiles=LEVELS, architecture=architecture, random_state=0)
    median, quantiles = model.fit(X, y).predict(X, return_quantiles=True)
    assert quantiles.shape == shape
    assert (np.diff(quantiles) >= 0).all()
    assert_array_equal(median, quantiles[..., 1])
    assert_array_equal(model.predict(X), median)
    assert_array_equal(model.predict_quantiles(X), quantiles)


@given(st.integers(0, 2**31), st.floats(0.1, 100))
@settings(max_examples=25)
def test_quantiles_never_cross(fitted, seed, size):
    rows = np.random.default_rng(seed).normal(scale=size, size=(30, 5))
    assert (np.diff(fitted.predict_quantiles(rows)) >= 0).all()


def test_a_pipeline_passes_quantiles_on():
    series = np.cumsum(RNG.normal(size=80))
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(5), clone(MODEL))
    pipe.fit(series[:, None], series)
    median, quantiles = pipe.predict(series[:, None], return_quantiles=True)
    assert quantiles.shape == (80, 3)
    assert_array_equal(pipe.predict(series[:, None]), median)
    # Recursion reads medians.
    assert forecast(pipe, 3).shape == (3,)


def test_a_search_scores_the_median():
    search = GridSearchCV(clone(MODEL), {"units": [2, 3]}, cv=TimeSeriesSplit(2)).fit(X, Y)
    _, quantiles = search.best_estimator_.predict(X, return_quantiles=True)
    assert search.score(X, Y) == pytest.approx(r2_score(Y, quantiles[:, 1]))


def test_gradients_are_those_of_the_fitted_quantiles(fitted):
    # A parameter that is set after the fit takes effect at the next fit.
    changed = pickle.loads(pickle.dumps(fitted)).set_params(quantiles=None)
    assert_array_equal(gradient_flow(changed, X, Y), gradient_flow(fitted, X, Y))


def test_several_networks_average_their_quantiles():
    model = clone(MODEL).set_params(n_networks=2).fit(X, Y)
    one = clone(MODEL).fit(X, Y)
    each = []
    for weights in model.networks_:
        one.weights_ = weights
        outputs = one._predict_outputs(X)
        each.append(outputs * one._y_scale + one._y_mean)
    assert_allclose(model.predict_quantiles(X), np.sort(np.mean(each, axis=0)), rtol=1e-6)
    _, spread = model.predict(X, return_std=True)
    assert spread.shape == (120,)


def test_files_pickles_and_keras_models_keep_the_quantiles(fitted, tmp_path):
    expected = fitted.predict_quantiles(X)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_quantiles(X), expected)
    save(fitted, tmp_path / "quantiles.skrnn")
    assert_array_equal(load(tmp_path / "quantiles.skrnn").predict_quantiles(X), expected)
    predicted = fitted.to_keras().predict(X[..., None], verbose=0)
    assert_allclose(predicted[:, 0], expected, rtol=1e-4, atol=1e-5)


def test_normalized_windows_start_at_the_last_value_plus_the_quantiles_of_its_errors():
    walk = np.cumsum(RNG.normal(size=200))
    windows = SlidingWindowTransformer(4, padding="nan").fit_transform(walk[:, None])[4:]
    model = LSTMRegressor(2, normalize_windows="last", epochs=1, learning_rate=1e-12)
    model.set_params(quantiles=LEVELS, random_state=0).fit(windows, walk[4:])
    model.weights_[-2][:] = 0
    changes = np.quantile(np.diff(walk)[3:], LEVELS)
    expected = windows[:, -1:] + changes
    assert_allclose(model.predict_quantiles(windows), expected, atol=1e-5)


def test_a_linear_skip_starts_at_ridge_plus_the_quantiles_of_its_errors():
    model = RNNRegressor(2, linear_skip=True, epochs=1, learning_rate=1e-12, quantiles=LEVELS)
    quantiles = model.set_params(random_state=0).fit(X, Y).predict_quantiles(X)
    shares = (Y[:, None] < quantiles).mean(axis=0)
    assert_allclose(shares, LEVELS, atol=0.02)


# Coverage


# Keras reads the learning rate without the keyword that NumPy 2 wants.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("noise", ["normal", "laplace", "skewed"])
def test_quantiles_cover_their_share_where_the_spread_grows(noise):
    rng = np.random.default_rng(0)
    levels = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

    def draw(n):
        x = rng.uniform(size=n)
        unit = {
            "normal": rng.normal(size=n),
            "laplace": rng.laplace(size=n),
            "skewed": rng.exponential(size=n),
        }[noise]
        return x, x + (0.1 + x) * unit

    train, test = draw(20_000), draw(20_000)
    falling = LearningRateScheduler(lambda epoch: 0.005 * (1 + np.cos(np.pi * epoch / 12)))
    model = RNNRegressor(
        16, epochs=12, batch_size=64, callbacks=[falling], quantiles=levels, random_state=0
    )
    model.fit(train[0][:, None], train[1])
    is_below = test[1][:, None] < model.predict_quantiles(test[0][:, None])
    assert np.abs(is_below.mean(axis=0) - levels).max() < 0.015
    for third in range(3):
        rows = (test[0] * 3).astype(int) == third
        assert np.abs(is_below[rows].mean(axis=0) - levels).max() < 0.03
    # The loss is near that of the true quantiles.
    units = {
        "normal": norm.ppf(levels),
        "laplace": laplace.ppf(levels),
        "skewed": expon.ppf(levels),
    }
    x = test[0][:, None]
    true, own = (
        np.mean([mean_pinball_loss(test[1], q[:, k], alpha=a) for k, a in enumerate(levels)])
        for q in (x + (0.1 + x) * units[noise], model.predict_quantiles(x))
    )
    assert own < 1.02 * true


# Bad input


@pytest.mark.parametrize(
    "wrong", [(), (0.1, 0.9), (0.5, 0.1), (0.0, 0.5), (0.5, 1.0), (0.5, 0.5), 0.5, ("a", 0.5)]
)
def test_wrong_levels_are_refused(wrong):
    with pytest.raises(ValueError, match="quantiles"):
        RNNRegressor(2, epochs=1, quantiles=wrong).fit(X, Y)


def test_another_loss_is_refused():
    with pytest.raises(ValueError, match=r"loss='mae' does not go with quantiles"):
        RNNRegressor(2, epochs=1, quantiles=LEVELS, loss="mae").fit(X, Y)


def test_an_estimator_without_quantiles_says_so():
    model = RNNRegressor(2, epochs=1, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"fitted without quantiles\. Fit with quantiles="):
        model.predict_quantiles(X)
    with pytest.raises(ValueError, match=r"fitted without quantiles\. Fit with quantiles="):
        model.predict(X, return_quantiles=True)


def test_both_spreads_at_once_are_refused(fitted):
    with pytest.raises(ValueError, match="cannot be combined"):
        fitted.predict(X, return_std=True, return_quantiles=True)


def test_training_that_continues_keeps_its_levels():
    model = clone(MODEL).set_params(warm_start=True).fit(X, Y)
    assert model.fit(X, Y).n_iter_ == 4
    with pytest.raises(ValueError, match="quantiles is"):
        model.set_params(quantiles=(0.2, 0.5)).fit(X, Y)


def test_a_search_over_windows_and_units_uses_a_pinball_scorer(tmp_path):
    series = np.cumsum(np.random.default_rng(4).normal(size=90))
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), clone(MODEL))
    grid = {"slidingwindowtransformer__window_length": [3, 5], "gruregressor__units": [2, 3]}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(2), scoring=pinball_scorer)
    search.fit(series[:, None], series)
    assert (search.cv_results_["mean_test_score"] < 0).all()
    quantiles = search.best_estimator_.predict(series[:, None], return_quantiles=True)[1]
    by_hand = np.mean(
        [mean_pinball_loss(series, quantiles[:, k], alpha=a) for k, a in enumerate(LEVELS)]
    )
    assert_allclose(pinball_scorer(search, series[:, None], series), -by_hand)
    save(search.best_estimator_, tmp_path / "search.skrnn")
    loaded = load(tmp_path / "search.skrnn")
    assert_array_equal(loaded.predict(series[:, None], return_quantiles=True)[1], quantiles)
    assert pickle.loads(pickle.dumps(search)).best_params_ == search.best_params_
