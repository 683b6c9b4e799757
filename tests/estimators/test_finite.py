"""Numbers that leave the finite ones: training stops and says so, predictions are refused."""

import re

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import GRURegressor, RNNClassifier, RNNRegressor, config_context
from skrnn._network.initialization import draw_weights
from skrnn._network.network import Network, view_arrays
from skrnn.estimators._seeds import draw_seeds
from skrnn.exceptions import HeldOutRowsWarning

rng = np.random.default_rng(0)
X = rng.normal(size=(64, 6))
Y = X @ rng.normal(size=6)
# It grows with every step and every batch.
EXPLODING = {"activation": "relu", "optimizer": "sgd", "learning_rate": 1e6}


def kept_weights(estimator):
    """The weights that a fit of this estimator starts from."""
    network = Network(**estimator._network)
    return view_arrays(network, draw_weights(network, [*draw_seeds(estimator.random_state, 1), 0]))


@pytest.fixture(scope="module", params=["auto", "keras"])
def exploded(request):
    """A network that exploded in its first epoch, the warning, and the engine."""
    model = RNNRegressor(3, epochs=5, random_state=0, **EXPLODING)
    with config_context(engine=request.param), pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, Y)
    return model, [str(warning.message) for warning in caught]


def test_exploding_network_stops_and_says_what_to_try(exploded):
    model, messages = exploded
    assert model.n_iter_ == 1
    assert len(model.history_["loss"]) == 1
    assert not np.isfinite(model.history_["loss"][0])
    (message,) = messages
    assert re.match(r"Training stopped in epoch 1, which ended with loss=(nan|inf);", message)
    assert "Try a smaller learning_rate, clipnorm=1.0" in message


def test_weights_are_those_from_before_the_epoch(exploded):
    model, _ = exploded
    for weight, start in zip(model.weights_, kept_weights(model), strict=True):
        assert_array_equal(weight, start)
    assert all(np.isfinite(state).all() for state in model.optimizer_state_)
    assert np.isfinite(model.predict(X)).all()


# NumPy 2 asks Keras 3.15 for an argument that it does not have, when a callback reads the rate.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_epochs_before_the_bad_one_are_kept():
    def schedule(epoch, rate):
        return 0.01 if epoch < 3 else 1e30

    good = GRURegressor(3, optimizer="sgd", learning_rate=0.01, epochs=3, random_state=0).fit(X, Y)
    bad = GRURegressor(3, optimizer="sgd", learning_rate=0.01, epochs=9, random_state=0)
    bad.set_params(callbacks=[keras.callbacks.LearningRateScheduler(schedule)])
    with pytest.warns(ConvergenceWarning, match="Training stopped in epoch 4, "):
        bad.fit(X, Y)
    assert bad.history_["loss"][:3] == good.history_["loss"]
    assert_array_equal(bad.predict(X), good.predict(X))


def test_exploded_network_trains_on_with_a_smaller_learning_rate():
    model = RNNRegressor(3, epochs=5, random_state=0, warm_start=True, **EXPLODING)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    model.set_params(learning_rate=1e-3).fit(X, Y)
    assert model.n_iter_ == 6
    assert np.isfinite(model.history_["loss"][1:]).all()


class TakeSchedule(keras.callbacks.Callback):
    """Puts a schedule in the place of the learning rate, which is one variable less."""

    def on_train_begin(self, logs=None):
        schedule = keras.optimizers.schedules.ExponentialDecay(1e30, 10, 0.9)
        self.model.optimizer.learning_rate = schedule


def test_weights_are_kept_when_a_callback_has_replaced_the_learning_rate():
    model = GRURegressor(3, optimizer="sgd", epochs=1, random_state=0).fit(X, Y)
    start = kept_weights(model.set_params(callbacks=[TakeSchedule()]))
    with pytest.warns(ConvergenceWarning, match="Training stopped in epoch 1, "):
        model.fit(X, Y)
    for weight, first in zip(model.weights_, start, strict=True):
        assert_array_equal(weight, first)


def test_validation_loss_that_is_not_finite_stops_as_well():
    # The loss of held-out rows overflows; that of the others does not.
    model = RNNRegressor(3, epochs=5, activation="linear", random_state=0, normalize_y=False)
    X_val = np.full((2, 6), 3e38)
    with (
        pytest.warns(HeldOutRowsWarning, match="different scales"),
        pytest.warns(ConvergenceWarning, match="epoch 1, which ended with val_loss="),
    ):
        model.fit(X, Y, X_val=X_val, y_val=[0.0, 0.0])
    assert model.n_iter_ == 1


def test_early_stopping_keeps_its_best_weights():
    model = RNNRegressor(3, epochs=5, early_stopping=True, random_state=0, **EXPLODING)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


def test_classifier_stops_too():
    model = RNNClassifier(3, epochs=5, batch_size=4, random_state=0, **EXPLODING)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y > 0)
    assert np.isfinite(model.predict_proba(X)).all()


def test_search_continues_after_a_candidate_that_explodes():
    # Small batches, so that each fit explodes in its first epoch and returns to where it started.
    model = RNNRegressor(
        3, epochs=2, batch_size=4, activation="relu", optimizer="sgd", random_state=0
    )
    search = GridSearchCV(
        model,
        {"learning_rate": [0.01, 1e6]},
        cv=TimeSeriesSplit(2),
    )
    # One for each fit that explodes, of which pytest wants to hear all.
    with pytest.warns(ConvergenceWarning, match="Training stopped in epoch") as caught:
        search.fit(X, Y)
    assert len(caught) == 2
    assert search.best_params_ == {"learning_rate": 0.01}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_predictions_that_are_not_finite_are_refused():
    model = RNNRegressor(3, epochs=1, activation="linear", random_state=0).fit(X, Y)
    large = X.copy()
    large[5] = 3e38
    with pytest.raises(
        ValueError, match=r"NaN or infinite in 1 of 64 rows of X, whose largest absolute value is "
    ):
        model.predict(large)


def test_precision_is_kept_far_from_zero():
    far = GRURegressor(3, epochs=3, random_state=0).fit(X, 1e12 + Y)
    near = GRURegressor(3, epochs=3, random_state=0).fit(X, Y)
    # float64 has steps of 1e-4 there, float32 of 65,536.
    assert_allclose(far.predict(X) - 1e12, near.predict(X), atol=1e-3)
    assert far.score(X, 1e12 + Y) == pytest.approx(near.score(X, Y), abs=1e-3)
