"""Callbacks that read or change the Keras model that kernels train."""

import threading

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skrnn import GRURegressor, RNNRegressor
from skrnn._network import training

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4))
Y = X.sum(axis=1) + 5
MODEL = GRURegressor((3, 2), epochs=4, batch_size=8, random_state=0)


class ReadLayers(keras.callbacks.Callback):
    """Read the layers, so a plain Keras model is built and synchronized."""

    def on_train_begin(self, logs=None):
        self.names = [layer.name for layer in self.model.layers]


def assert_same_weights(one, other):
    for ours, theirs in zip(one.weights_, other.weights_, strict=True):
        assert_array_equal(ours, theirs)


def test_callback_that_reads_layers_changes_nothing():
    model = clone(MODEL).set_params(callbacks=[ReadLayers()]).fit(X, Y)
    assert_same_weights(model, clone(MODEL).fit(X, Y))
    assert "head" in model.callbacks[0].names


def test_weights_from_before_an_exploding_epoch_are_kept_if_a_callback_reads_layers():
    model = RNNRegressor(
        3,
        activation="linear",
        optimizer="sgd",
        learning_rate=1e6,
        callbacks=[ReadLayers()],
        epochs=3,
    )
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    assert all(np.isfinite(weight).all() for weight in model.weights_)


class Fail(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2 and self.is_armed:
            raise KeyboardInterrupt


class ReadLayersAndFail(ReadLayers, Fail):
    is_armed = True


def test_checkpoint_resumes_training_if_a_callback_reads_layers(tmp_path):
    model = clone(MODEL).set_params(
        callbacks=[ReadLayersAndFail()], checkpoint_dir=tmp_path, epochs=6
    )
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert list(tmp_path.glob("*.npz"))
    ReadLayersAndFail.is_armed = False
    resumed = model.fit(X, Y)
    expected = clone(MODEL).set_params(epochs=6).fit(X, Y)
    assert resumed.history_ == expected.history_
    assert_same_weights(resumed, expected)


class FreezeLayer(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            layer = next(layer for layer in self.model.layers if layer.weights)
            layer.trainable = False
            self.before = [weight.numpy() for weight in layer.weights]


@pytest.mark.parametrize("epoch", [0, 2])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "nadam"])
def test_frozen_layer_keeps_its_weights_with_any_optimizer(optimizer, epoch):
    model = clone(MODEL).set_params(optimizer=optimizer, callbacks=[FreezeLayer(epoch)])
    model.set_params(learning_rate=0.05).fit(X, Y)
    for before, after in zip(model.callbacks[0].before, model.weights_, strict=False):
        assert_array_equal(before, after)
    assert np.abs(model.weights_[-1]).max() > 0


class Compile(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            self.model.compile("sgd", "mean_absolute_error")


def test_callback_may_compile_the_model_with_another_loss():
    model = clone(MODEL).set_params(callbacks=[Compile()]).fit(X, Y)
    squared = clone(MODEL).set_params(epochs=2).fit(X, Y)
    assert model.history_["loss"][:2] == squared.history_["loss"]
    standardized = (Y - Y.mean()) / Y.std()
    # Two epochs of gradient descent hardly change the loss.
    assert model.history_["loss"][3] == pytest.approx(np.abs(standardized).mean(), rel=0.2)
    assert model._optimizer_name == "SGD"


class CountBatches(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.batches = {"train": 0, "test": 0}

    def on_train_batch_end(self, batch, logs=None):
        self.batches["train"] += 1

    def on_test_batch_end(self, batch, logs=None):
        self.batches["test"] += 1


def test_batch_hooks_are_called_in_training_and_validation():
    model = clone(MODEL).set_params(callbacks=[CountBatches()]).fit(X, Y, X_val=X, y_val=Y)
    assert model.callbacks[0].batches == {"train": 12, "test": 4}


def test_exception_in_a_batch_ends_the_second_thread(monkeypatch):
    monkeypatch.setattr(training, "_WORTH_SPLITTING", 0)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")

    class FailInBatch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyError

    before = threading.active_count()
    with pytest.raises(KeyError) as kept:
        clone(MODEL).set_params(callbacks=[FailInBatch()]).fit(X, Y)
    assert threading.active_count() == before
    assert kept


@pytest.mark.parametrize("reduction", ["sum", None, "mean_with_sample_weight"])
def test_any_reduction_of_a_loss_trains(reduction):
    loss = keras.losses.MeanSquaredError(reduction=reduction)
    model = clone(MODEL).set_params(loss=loss).fit(X, Y)
    assert model.history_["loss"][-1] < model.history_["loss"][0]
