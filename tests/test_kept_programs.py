"""Programs are kept from one fit for the next, and nothing that was done to a model is."""

import dataclasses

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skrnn import RNNRegressor, config_context
from skrnn._base import _import_keras_side

_import_keras_side()
from skrnn._engine.programs import count_compiled  # noqa: E402 - after the side that needs it

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=20)
SMALL = RNNRegressor(2, epochs=2, batch_size=8, random_state=0)


def compiled_by(fit):
    before = count_compiled()["train"]
    fit()
    return count_compiled()["train"] - before


def absolute(y, outputs):
    return keras.ops.mean(keras.ops.abs(y - outputs), axis=-1)


@pytest.mark.parametrize(
    "objects",
    [
        lambda: {"loss": keras.losses.Huber(0.5)},
        lambda: {"loss": absolute},
        lambda: {"kernel_regularizer": keras.regularizers.L1L2(0.01, 0.02)},
        lambda: {"optimizer": keras.optimizers.SGD(0.1, momentum=0.5)},
        lambda: {
            "optimizer": keras.optimizers.SGD(
                keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
            )
        },
    ],
    ids=["loss", "function", "regularizer", "optimizer", "schedule"],
)
def test_objects_that_say_the_same_share_a_program(objects):
    clone(SMALL).set_params(**objects()).fit(X, Y)
    twin = clone(SMALL).set_params(**objects())
    assert compiled_by(lambda: twin.fit(X, Y)) == 0


def test_objects_with_other_settings_do_not():
    fits = [clone(SMALL).set_params(loss=keras.losses.Huber(d)).fit(X, Y) for d in (0.1, 0.2, 0.1)]
    assert fits[0].history_ == fits[2].history_ != fits[1].history_


class SetsSchedule(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
        self.model.optimizer.learning_rate = schedule


class Freezes(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        for layer in self.model.layers:
            layer.trainable = False


class CompilesAnew(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        self.model.compile("sgd", "mean_absolute_error")


class StartsLater(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        # As BackupAndRestore does.
        self.model._initial_epoch = 1


@pytest.mark.parametrize("engine", ["auto", "keras"])
@pytest.mark.parametrize("callback", [SetsSchedule, Freezes, CompilesAnew, StartsLater])
def test_what_a_callback_does_to_the_model_stays_in_its_fit(callback, engine):
    with config_context(engine=engine):
        expected = clone(SMALL).fit(X, Y, X_val=X, y_val=Y)
        clone(SMALL).set_params(callbacks=[callback()]).fit(X, Y)
        after = clone(SMALL).fit(X, Y, X_val=X, y_val=Y)
    assert after.history_ == expected.history_
    for weights, others in zip(after.weights_, expected.weights_, strict=True):
        assert_array_equal(weights, others)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_training_goes_on_where_a_callback_says_that_it_was_killed(engine):
    with config_context(engine=engine):
        model = clone(SMALL).set_params(callbacks=[StartsLater()]).fit(X, Y)
    assert len(model.history_["loss"]) == 1


class Notes(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_test_begin(self, logs=None):
        self.seen.append("begin")

    def on_test_end(self, logs=None):
        self.seen.append(logs["loss"])


def test_callbacks_hear_of_the_validation():
    model = clone(SMALL).set_params(callbacks=[Notes()]).fit(X, Y, X_val=X, y_val=Y)
    first, second = model.history_["val_loss"]
    assert model.callbacks_[0].seen == ["begin", first, "begin", second]


def test_a_loss_that_looks_at_other_rows_is_left_to_keras(capsys):
    def relative(y, outputs):
        spread = keras.ops.std(y) + 0.1
        return keras.ops.mean(keras.ops.square(y - outputs), axis=-1) / spread

    auto = clone(SMALL).set_params(loss=relative, verbose=2).fit(X, Y)
    assert "depends on the other rows" in capsys.readouterr().out
    with config_context(engine="keras"):
        by_keras = clone(SMALL).set_params(loss=relative).fit(X, Y)
    assert auto.history_ == by_keras.history_


def test_a_loss_may_ask_what_is_compiled_while_it_is():
    def counting(y, outputs):
        return absolute(y, outputs) + 0.0 * count_compiled()["train"]

    assert clone(SMALL).set_params(loss=counting).fit(X, Y).n_iter_ == 2


@dataclasses.dataclass
class Scaled:
    """An activation that cannot be hashed, because it can be compared."""

    factor: float

    def __call__(self, z):
        return keras.ops.tanh(self.factor * z)


def test_an_activation_that_cannot_be_hashed_is_left_to_keras():
    model = clone(SMALL).set_params(activation=Scaled(0.5)).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


def test_a_global_policy_of_keras_changes_nothing():
    expected = clone(SMALL).fit(X, Y)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        # Another batch size is another program.
        after = clone(SMALL).set_params(batch_size=7).fit(X, Y)
        assert_array_equal(clone(SMALL).fit(X, Y).predict(X), expected.predict(X))
    finally:
        keras.config.set_dtype_policy(policy)
    assert_array_equal(clone(SMALL).set_params(batch_size=7).fit(X, Y).predict(X), after.predict(X))


def test_weights_in_double_precision_predict_as_well():
    model = clone(SMALL).fit(X, Y)
    expected = model.predict(X)
    before = count_compiled()
    model.weights_ = [weights.astype(np.float64) for weights in model.weights_]
    assert_array_equal(model.predict(X), expected)
    assert count_compiled() == before
