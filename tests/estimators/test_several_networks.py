"""Several networks that differ in their seeds: `n_networks`."""

import threading

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    config_context,
    load,
    save,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 5))
Y = X[:, -1] - X[:, 0]
MODEL = GRURegressor(3, epochs=3, random_state=0, n_networks=3)


@pytest.fixture(scope="module")
def fitted():
    """Three networks. Do not fit it again."""
    return clone(MODEL).fit(X, Y)


def copy_of_one(model, number):
    """An estimator with one of the networks alone."""
    one = clone(model).set_params(n_networks=1).fit(X, Y)
    one.weights_ = model.networks_[number]
    return one


def test_the_first_network_is_that_of_a_single_one(fitted):
    single = clone(MODEL).set_params(n_networks=1).fit(X, Y)
    for ours, theirs in zip(single.weights_, fitted.networks_[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert fitted.weights_ is fitted.networks_[0]
    two = clone(MODEL).set_params(n_networks=2).fit(X, Y)
    for ours, theirs in zip(two.networks_[1], fitted.networks_[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_networks_differ(fitted):
    kernels = [weights[0] for weights in fitted.networks_]
    assert len(kernels) == 3
    assert not any(np.allclose(kernels[0], other) for other in kernels[1:])


def test_predictions_are_the_mean_and_the_spread_of_the_networks(fitted):
    each = [copy_of_one(fitted, number).predict(X) for number in range(3)]
    mean, spread = fitted.predict(X, return_std=True)
    np.testing.assert_allclose(mean, np.mean(each, axis=0), rtol=1e-12)
    np.testing.assert_allclose(spread, np.std(each, axis=0), rtol=1e-9)
    np.testing.assert_array_equal(fitted.predict(X), mean)


def test_probabilities_are_means(fitted):
    labels = np.where(Y > 0, "up", "down")
    model = GRUClassifier(3, epochs=3, random_state=0, n_networks=2).fit(X, labels)
    probability = model.predict_proba(X)
    one = clone(model).set_params(n_networks=1).fit(X, labels)
    each = []
    for weights in model.networks_:
        one.weights_ = weights
        each.append(one.predict_proba(X))
    np.testing.assert_allclose(probability, np.mean(each, axis=0), rtol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.classes_[probability.argmax(axis=1)])


def test_a_single_network_has_no_spread():
    model = clone(MODEL).set_params(n_networks=1).fit(X, Y)
    with pytest.raises(ValueError, match=r"return_std=True needs .* Fit with n_networks=5"):
        model.predict(X, return_std=True)


def test_networks_train_in_threads_with_the_same_bits(fitted, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    in_one = clone(MODEL).fit(X, Y)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    in_three = clone(MODEL).fit(X, Y)
    for model in (in_one, in_three):
        assert model.history_ == fitted.history_
        np.testing.assert_array_equal(model.predict(X), fitted.predict(X))


def test_threads_see_the_settings_of_the_caller(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    model = RNNRegressor(2, epochs=1, n_networks=2, random_state=0)
    with config_context(engine="keras"):
        by_keras = clone(model).fit(X, Y)
        one = clone(model).set_params(n_networks=1).fit(X, Y)
    for ours, theirs in zip(by_keras.networks_[0], one.weights_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


class Thread(keras.callbacks.Callback):
    """Store the thread of each training."""

    def __init__(self):
        super().__init__()
        self.threads = []

    def on_train_begin(self, logs=None):
        self.threads.append(threading.current_thread())


def test_callbacks_follow_one_network_after_the_other():
    callback = Thread()
    GRURegressor(2, epochs=1, n_networks=3, callbacks=[callback]).fit(X, Y)
    assert callback.threads == [threading.main_thread()] * 3


def test_each_network_stops_early_on_its_own():
    noise = RNG.normal(size=90)
    model = LSTMRegressor(
        8, epochs=60, early_stopping=True, patience=2, learning_rate=0.03, random_state=1
    )
    several = clone(model).set_params(n_networks=4).fit(X, noise)
    lengths = []

    class Length(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            lengths.append(len(self.model.history.history["loss"]))

    counted = LSTMRegressor(**{**model.get_params(), "n_networks": 4, "callbacks": [Length()]})
    counted.fit(X, noise)
    assert len(set(lengths)) > 1
    assert several.n_iter_ == max(lengths)
    assert {len(values) for values in several.history_.values()} == {min(lengths)}


def test_the_history_is_the_mean_of_the_histories():
    losses = []

    class Losses(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            losses.append(logs["loss"])

    model = GRURegressor(**{**MODEL.get_params(), "callbacks": [Losses()]}).fit(X, Y)
    np.testing.assert_allclose(model.history_["loss"], np.reshape(losses, (3, 3)).mean(axis=0))


def test_training_that_continues_needs_the_same_number(fitted):
    at_once = clone(MODEL).set_params(epochs=4).fit(X, Y)
    model = clone(MODEL).set_params(epochs=2, warm_start=True).fit(X, Y)
    model.fit(X, Y)
    assert model.n_iter_ == 4
    for ours, theirs in zip(model.networks_[2], at_once.networks_[2], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="n_networks is 2, but the kept weights were trained with"):
        model.set_params(n_networks=2).fit(X, Y)


def test_partial_fit_trains_all_networks():
    model = clone(MODEL).partial_fit(X, Y)
    before = [weights[0].copy() for weights in model.networks_]
    model.partial_fit(X, Y)
    for ours, theirs in zip(model.networks_, before, strict=True):
        assert not np.array_equal(ours[0], theirs)


def test_a_keras_model_averages(fitted):
    predicted = fitted.to_keras().predict(X[..., np.newaxis], verbose=0)[:, 0]
    np.testing.assert_allclose(predicted, fitted.predict(X), rtol=1e-4, atol=1e-6)


def test_a_file_keeps_all_networks(fitted, tmp_path):
    save(fitted, tmp_path / "three.skrnn")
    np.testing.assert_array_equal(load(tmp_path / "three.skrnn").predict(X), fitted.predict(X))


EPOCHS = []


class StopAtTheFifth(keras.callbacks.Callback):
    """Interrupt the fifth epoch of all."""

    def on_epoch_end(self, epoch, logs=None):
        EPOCHS.append(epoch)
        if len(EPOCHS) == 5:
            raise KeyboardInterrupt


def test_unfinished_networks_continue_from_their_own_checkpoints(tmp_path):
    parameters = {"checkpoint_dir": tmp_path, "callbacks": [StopAtTheFifth()]}
    model = GRURegressor(**MODEL.get_params() | parameters)
    EPOCHS.clear()
    with pytest.raises(KeyboardInterrupt):
        clone(model).fit(X, Y)
    assert len(list(tmp_path.iterdir())) == 1
    resumed = clone(model).fit(X, Y)
    # The first network is trained again. The second one was stopped in its second epoch.
    assert EPOCHS == [0, 1, 2, 0, 1, 0, 1, 2, 1, 2, 0, 1, 2]
    np.testing.assert_array_equal(resumed.predict(X), clone(MODEL).fit(X, Y).predict(X))
    assert list(tmp_path.iterdir()) == []


def test_networks_that_diverge_warn_once():
    model = RNNRegressor(
        3, activation="linear", optimizer="sgd", learning_rate=1e6, epochs=3, n_networks=3
    )
    with pytest.warns(ConvergenceWarning) as record:
        model.fit(X, Y)
    assert len(record) == 1
