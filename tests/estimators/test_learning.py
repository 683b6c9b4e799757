"""The networks learn what they should, and stop where they should."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, SlidingWindowTransformer

REGRESSORS = [RNNRegressor, LSTMRegressor, GRURegressor]


def score_on_last_fifth(regressor, series):
    """R² on the last 100 of 500 rows, of a network that was trained on the others."""
    model = regressor(16, epochs=40, random_state=0)
    pipe = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(20), model)
    X = series.reshape(-1, 1)
    pipe.fit(X[:400], series[:400])
    return pipe.score(X[400:], series[400:])


@pytest.mark.parametrize("regressor", REGRESSORS)
def test_a_sine_is_learned_in_forty_epochs(regressor):
    assert score_on_last_fifth(regressor, 700 * np.sin(0.1 * np.arange(500))) > 0.99


# The same networks as above. A faster learning rate takes a GRU further along the line before it
# saturates, so this is what to expect and no law.
@pytest.mark.parametrize("regressor", REGRESSORS)
def test_a_net_saturates_beyond_the_training_range_of_a_straight_line(regressor):
    assert score_on_last_fifth(regressor, np.arange(500.0)) < 0.9


# The counts of published summary() tables, on which the NumPy arrays and Keras agree.
@pytest.mark.parametrize(
    ("regressor", "n_parameters"),
    [(RNNRegressor, 7_361), (LSTMRegressor, 29_345), (GRURegressor, 22_401)],
)
def test_four_layers_of_32_units_have_the_published_number_of_parameters(regressor, n_parameters):
    X = np.random.default_rng(0).normal(size=(4, 5))
    model = regressor((32,) * 4, epochs=1, random_state=0).fit(X, X[:, 0])
    assert sum(weights.size for weights in model.weights_) == n_parameters
    assert model.to_keras().count_params() == n_parameters


def test_several_outputs_of_different_size_are_each_learned():
    t = np.arange(300)
    windows = np.sin(0.3 * (t[:, np.newaxis] + np.arange(8)))
    y = np.column_stack(
        [1000 * np.sin(0.3 * (t + 8)), 5 + np.sin(0.3 * (t + 10)), 1e-3 * np.cos(0.3 * t)]
    )
    model = RNNRegressor(8, epochs=15, learning_rate=0.02, random_state=0)
    predicted = model.fit(windows[:200], y[:200]).predict(windows[200:])
    assert predicted.shape == (100, 3)
    assert model.n_outputs_ == 3
    assert np.all(r2_score(y[200:], predicted, multioutput="raw_values") > 0.95)


@pytest.fixture(scope="module")
def noise():
    """Windows and targets that have nothing to do with each other: there is only overfitting."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(50, 4)), rng.normal(3, 10, size=50)


@pytest.fixture(scope="module")
def stopped(noise):
    """A network that was stopped early. Fitted once: do not fit it again."""
    model = RNNRegressor(
        16,
        epochs=60,
        learning_rate=0.03,
        early_stopping=True,
        validation_split=0.2,
        patience=3,
        random_state=0,
    )
    return model.fit(*noise)


def test_early_stopping_stops_once_patience_epochs_are_no_better(stopped):
    losses = stopped.history_["val_loss"]
    assert stopped.n_iter_ == len(losses) == np.argmin(losses) + 1 + stopped.patience
    assert stopped.n_iter_ < stopped.epochs


def test_early_stopping_restores_the_weights_of_the_best_epoch(stopped, noise):
    X, y = noise
    # Losses are in standard deviations of the rows that are trained on, the first 40.
    by_hand = np.mean((y[40:] - stopped.predict(X[40:])) ** 2) / np.var(y[:40])
    losses = stopped.history_["val_loss"]
    assert by_hand == pytest.approx(min(losses), rel=1e-5)
    assert by_hand < 0.999 * losses[-1]


def test_a_strong_kernel_regularizer_shrinks_the_input_weights_of_every_layer(noise):
    X, y = noise
    layers = {"units": (4, 4), "learning_rate": 0.03, "batch_size": 10, "random_state": 0}
    free = RNNRegressor(epochs=1, **layers).fit(X, y)
    held = RNNRegressor(epochs=15, kernel_regularizer=1.0, **layers).fit(X, y)
    # A layer is an input kernel, a recurrent kernel and a bias.
    for kernel in (0, 3):
        assert_array_equal(held.weights_[kernel].shape, free.weights_[kernel].shape)
        shrunk = np.linalg.norm(held.weights_[kernel]) / np.linalg.norm(free.weights_[kernel])
        assert shrunk < 0.1
    assert np.linalg.norm(held.weights_[1]) > 0.5 * np.linalg.norm(free.weights_[1])
