"""Keras' callbacks, and those of a user, do with either engine what they do in `Model.fit`."""

import contextlib
import copy
import csv
import functools
import pickle
import threading

import keras
import numpy as np
import pytest
from joblib.externals.loky.backend import reduction
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skrnn import LSTMRegressor, RNNRegressor, config_context, get_config

# Keras 3.15 reads its own variables in a way that NumPy 2 deprecates: the learning rate, and
# whatever is saved.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

N_EPOCHS = 4

rng = np.random.default_rng(0)
X = rng.normal(size=(20, 4))
Y = 10 + 3 * X @ [0.5, -1.0, 2.0, 1.0]
# Unlike the rows that are trained on: the validation loss grows from the first epoch on.
X_VAL, Y_VAL = X[:6], 20 - Y[:6]


@pytest.fixture(params=["auto", "keras"], autouse=True)
def engine(request):
    """Run every test with both engines."""
    with config_context(engine=request.param):
        yield request.param


def fit(*callbacks, X=X, y=Y, validated=False, **parameters):
    """Fit a small network of one shape, so that each engine builds few."""
    defaults = {"epochs": N_EPOCHS, "batch_size": 8, "learning_rate": 0.05, "random_state": 0}
    model = RNNRegressor(2, callbacks=list(callbacks), **defaults | parameters)
    return model.fit(X, y, **({"X_val": X_VAL, "y_val": Y_VAL} if validated else {}))


def fit_without_callbacks(**parameters):
    """Fit the network without callbacks, once with each engine. Do not fit it again."""
    return _fit_once(get_config()["engine"], **parameters)


@functools.cache
def _fit_once(engine, **parameters):
    return fit(**parameters)


def assert_same_weights(actual, expected):
    for ours, theirs in zip(actual, expected, strict=True):
        assert_array_equal(ours, theirs)


class Recorder(keras.callbacks.Callback):
    """Keeps the weights, the logs and the learning rate of each epoch, and the order of hooks."""

    def __init__(self):
        super().__init__()
        self.hooks, self.weights, self.logs, self.rates = [], [], [], []

    def on_train_begin(self, logs=None):
        self.hooks.append("train begins")
        self.first_weights = self.model.get_weights()

    def on_train_end(self, logs=None):
        self.hooks.append("train ends")
        self.last_logs = dict(logs)

    def on_epoch_begin(self, epoch, logs=None):
        self.hooks.append(f"epoch {epoch} begins")

    def on_epoch_end(self, epoch, logs=None):
        self.hooks.append(f"epoch {epoch} ends")
        self.logs.append(dict(logs))
        self.weights.append(self.model.get_weights())
        self.rates.append(float(self.model.optimizer.learning_rate.numpy()))


class Freezer(keras.callbacks.Callback):
    """Sets the weights back after each epoch."""

    def on_train_begin(self, logs=None):
        self.kept = self.model.get_weights()

    def on_epoch_end(self, epoch, logs=None):
        self.model.set_weights(self.kept)


class Stopper(keras.callbacks.Callback):
    """Stops after the second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 1


class Predictor(keras.callbacks.Callback):
    """Predicts after each epoch."""

    def __init__(self):
        super().__init__()
        self.outputs = []

    def on_epoch_end(self, epoch, logs=None):
        rows = X[..., np.newaxis].astype(np.float32)
        self.outputs.append(self.model.predict(rows, verbose=0))


class BatchRecorder(keras.callbacks.Callback):
    """Keeps what it is told of each batch."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.began, self.ended = [], []
        self.stop_after = stop_after

    def on_train_batch_begin(self, batch, logs=None):
        self.began.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.ended.append((batch, logs["loss"]))
        if len(self.ended) == self.stop_after:
            self.model.stop_training = True


# When they are called, and what they see


def test_hooks_are_called_in_the_order_of_keras():
    model = fit(Recorder(), epochs=2)
    assert model.callbacks[0].hooks == [
        "train begins",
        "epoch 0 begins",
        "epoch 0 ends",
        "epoch 1 begins",
        "epoch 1 ends",
        "train ends",
    ]


def test_logs_are_those_of_the_history():
    model = fit(Recorder(), validated=True)
    recorder = model.callbacks[0]
    assert set(model.history_) == {"loss", "val_loss"}
    assert recorder.logs == [
        dict(zip(model.history_, losses, strict=True))
        for losses in zip(*model.history_.values(), strict=True)
    ]
    assert recorder.last_logs == recorder.logs[-1]


def test_weights_that_a_callback_reads_are_those_after_its_epoch():
    model = fit(Recorder())
    for n_epochs in (1, N_EPOCHS):
        expected = fit_without_callbacks(epochs=n_epochs)
        assert_same_weights(model.callbacks[0].weights[n_epochs - 1], expected.weights_)


def test_callbacks_change_nothing_of_a_training_that_they_watch():
    watched = fit(Recorder(), Predictor(), BatchRecorder())
    assert_same_weights(watched.weights_, fit_without_callbacks(epochs=N_EPOCHS).weights_)


def test_batch_hooks_are_called_for_each_batch_with_the_mean_loss_so_far():
    # 20 rows in batches of 8 are three batches.
    model = fit(BatchRecorder(), shuffle=False)
    recorder = model.callbacks[0]
    assert recorder.began == [0, 1, 2] * N_EPOCHS
    assert [number for number, _ in recorder.ended] == recorder.began
    last_of_epochs = [loss for _, loss in recorder.ended[2::3]]
    assert_allclose(last_of_epochs, model.history_["loss"], rtol=1e-6)
    # Alone, the first 8 rows are the first batch; the scale of y is that of all rows.
    y = (Y - Y.mean()) / Y.std()
    alone = fit(X=X[:8], y=y[:8], normalize_y=False, shuffle=False, epochs=1)
    assert recorder.ended[0][1] == pytest.approx(alone.history_["loss"][0], rel=1e-5)


def test_a_callback_of_batches_may_stop_within_an_epoch():
    # 150 batches of a row.
    many, targets = np.tile(X, (8, 1))[:150], np.tile(Y, 8)[:150]
    model = fit(BatchRecorder(stop_after=2), X=many, y=targets, batch_size=1, shuffle=False)
    assert len(model.callbacks[0].ended) == 2
    assert model.n_iter_ == 1
    # It has seen the first rows only.
    later = targets.copy()
    later[2:] = targets[2:][::-1]
    assert later.mean() == pytest.approx(targets.mean())
    other = fit(BatchRecorder(stop_after=2), X=many, y=later, batch_size=1, shuffle=False)
    for ours, theirs in zip(model.weights_, other.weights_, strict=True):
        assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_history_is_that_of_an_epoch_that_was_not_finished():
    many, targets = np.tile(X, (8, 1))[:150], np.tile(Y, 8)[:150]
    model = fit(BatchRecorder(stop_after=100), X=many, y=targets, batch_size=1, epochs=1)
    losses = [loss for _, loss in model.callbacks[0].ended]
    assert len(losses) == len(set(losses)) == 100
    assert model.history_["loss"] == [pytest.approx(losses[-1], rel=1e-5)]


# Those that change the training


def test_training_goes_on_from_the_weights_that_a_callback_sets():
    recorder = fit(Freezer(), Recorder(), shuffle=False, batch_size=20).callbacks[1]
    losses = [logs["loss"] for logs in recorder.logs]
    # One batch: its loss is computed before the step, so it is that of the same weights again.
    assert_allclose(losses, losses[0], rtol=1e-6)
    for weights in recorder.weights:
        assert_same_weights(weights, recorder.first_weights)
    free = fit(shuffle=False, batch_size=20).history_["loss"]
    assert free[0] == pytest.approx(losses[0])
    assert len(set(free)) == N_EPOCHS


def test_weights_that_a_callback_sets_last_are_those_of_the_estimator():
    model = fit(Freezer())
    assert_same_weights(model.weights_, model.callbacks[0].kept)


def test_a_callback_may_stop_the_training():
    model = fit(Stopper())
    assert model.n_iter_ == 2
    assert_same_weights(model.weights_, fit_without_callbacks(epochs=2).weights_)


def test_a_stopped_training_does_not_stop_the_next():
    fit(Stopper())
    assert fit().n_iter_ == N_EPOCHS


def test_a_callback_may_predict():
    model = fit(Predictor(), normalize_y=False)
    outputs = model.callbacks[0].outputs
    assert len(outputs) == N_EPOCHS
    assert_allclose(outputs[-1][:, 0], model.predict(X), rtol=1e-5, atol=1e-6)
    assert_allclose(
        outputs[0][:, 0], fit(epochs=1, normalize_y=False).predict(X), rtol=1e-5, atol=1e-6
    )
    assert not np.allclose(outputs[0], outputs[-1])


class Caller(keras.callbacks.Callback):
    """Calls the model in the mode of training, as for a Monte Carlo estimate."""

    def on_train_end(self, logs=None):
        rows = X[..., np.newaxis].astype(np.float32)
        self.outputs = self.model(rows, training=True).numpy()


def test_a_callback_may_call_the_model_with_dropout():
    model = fit(Caller(), dropout=0.5, normalize_y=False)
    outputs = model.callbacks[0].outputs
    assert outputs.shape == (20, 1)
    assert not np.allclose(outputs[:, 0], model.predict(X))


# Those of Keras


def test_early_stopping_stops_and_restores_the_best_weights():
    stopper = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    model = fit(stopper, Recorder(), validated=True, epochs=20)
    val_loss = model.history_["val_loss"]
    best = int(np.argmin(val_loss))
    assert model.n_iter_ == len(val_loss) == best + 3 < 20
    assert_same_weights(model.weights_, model.callbacks[1].weights[best])
    assert model.callbacks[0].best == val_loss[best]


def test_early_stopping_may_monitor_the_loss():
    # It never grows by so much.
    stopper = keras.callbacks.EarlyStopping(monitor="loss", min_delta=1e6, patience=1)
    assert fit(stopper, epochs=10).n_iter_ == 2


def test_reduce_on_plateau_lowers_the_learning_rate_that_is_trained_with():
    reducer = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.0, patience=1, min_delta=1e6, min_lr=0.0
    )
    model = fit(reducer, Recorder())
    recorder = model.callbacks[1]
    assert_allclose(recorder.rates, [0.05, 0.0, 0.0, 0.0], rtol=1e-6)
    assert model.history_["learning_rate"] == pytest.approx([0.05, 0.05, 0.0, 0.0])
    # The second epoch still has the rate it began with; from the third on, nothing moves.
    assert not np.array_equal(recorder.weights[0][0], recorder.weights[1][0])
    assert_same_weights(recorder.weights[2], recorder.weights[1])
    assert_same_weights(recorder.weights[3], recorder.weights[1])


def test_learning_rate_scheduler_sets_the_rate_of_each_epoch():
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.0 if epoch == 1 else 0.05)
    model = fit(scheduler, Recorder())
    recorder = model.callbacks[1]
    assert_allclose(recorder.rates, [0.05, 0.0, 0.05, 0.05], rtol=1e-6)
    assert_same_weights(recorder.weights[1], recorder.weights[0])
    assert not np.array_equal(recorder.weights[2][0], recorder.weights[1][0])
    assert_same_weights(recorder.weights[0], fit_without_callbacks(epochs=1).weights_)


def test_a_learning_rate_that_a_callback_set_is_not_that_of_the_next_fit():
    expected = fit_without_callbacks(learning_rate=None).weights_
    fit(keras.callbacks.LearningRateScheduler(lambda epoch: 1e-5), learning_rate=None)
    assert_same_weights(fit(learning_rate=None).weights_, expected)


def test_csv_logger_writes_a_row_for_each_epoch(tmp_path):
    model = fit(keras.callbacks.CSVLogger(tmp_path / "log.csv"), validated=True)
    with open(tmp_path / "log.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(N_EPOCHS))
    for name in ("loss", "val_loss"):
        assert [float(row[name]) for row in rows] == model.history_[name]


def test_terminate_on_nan_stops_when_the_loss_is_lost(capsys):
    # A learning rate that no number of float32 survives, of which skrnn warns by itself.
    with pytest.warns(ConvergenceWarning, match="Training stopped in epoch"):
        model = fit(
            keras.callbacks.TerminateOnNaN(),
            optimizer="sgd",
            learning_rate=1e30,
            activation="linear",
            epochs=10,
        )
    assert model.n_iter_ < 3
    assert not np.isfinite(model.history_["loss"][-1])
    assert "Invalid loss" in capsys.readouterr().out


# ModelCheckpoint


def raw_outputs(model):
    return model(X[..., np.newaxis].astype(np.float32)).numpy()[:, 0]


def test_checkpoint_is_a_plain_keras_model_that_predicts_like_the_estimator(tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    model = fit(checkpoint, dropout=0.2, normalize_y=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{epoch}.keras" for epoch in range(1, N_EPOCHS + 1)
    ]
    saved = keras.models.load_model(tmp_path / f"{N_EPOCHS}.keras")
    assert {type(layer).__module__.split(".")[0] for layer in saved.layers} == {"keras"}
    assert_same_weights(saved.get_weights(), model.weights_)
    assert_allclose(raw_outputs(saved), raw_outputs(model.to_keras()), rtol=1e-5, atol=1e-6)
    assert_allclose(raw_outputs(saved), model.predict(X), rtol=1e-5, atol=1e-6)


def test_checkpoint_of_a_network_with_peepholes_predicts_like_the_estimator(tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "model.keras")
    model = LSTMRegressor(2, peephole=True, epochs=1, normalize_y=False, callbacks=[checkpoint])
    model.fit(X, Y)
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert_allclose(raw_outputs(saved), model.predict(X), rtol=1e-5, atol=1e-6)


def test_checkpoint_keeps_the_best_epoch(tmp_path):
    path = tmp_path / "best.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path, save_best_only=True)
    model = fit(checkpoint, Recorder(), validated=True)
    best = int(np.argmin(model.history_["val_loss"]))
    saved = keras.models.load_model(path)
    assert_same_weights(saved.get_weights(), model.callbacks[1].weights[best])


def test_checkpoint_has_the_dropout_of_its_estimator_and_not_of_an_earlier_one(tmp_path):
    for dropout in (0.3, 0.6):
        path = tmp_path / f"{dropout}.keras"
        fit(keras.callbacks.ModelCheckpoint(path), dropout=dropout, epochs=1)
        rates = [
            layer.rate
            for layer in keras.models.load_model(path).layers
            if isinstance(layer, keras.layers.Dropout)
        ]
        assert rates == [dropout]


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_checkpoint_of_weights_is_loaded_into_the_plain_model(tmp_path, dropout):
    path = tmp_path / "last.weights.h5"
    checkpoint = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    model = fit(checkpoint, dropout=dropout, normalize_y=False)
    plain = model.to_keras()
    plain.set_weights([np.zeros_like(weight) for weight in plain.get_weights()])
    plain.load_weights(path)
    assert_same_weights(plain.get_weights(), model.weights_)


def test_callback_may_save_and_load_the_weights_of_its_model(tmp_path):
    path = tmp_path / "first.weights.h5"

    class Returner(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                self.model.save_weights(path)
            else:
                self.model.load_weights(path)

    assert_same_weights(fit(Returner()).weights_, fit_without_callbacks(epochs=1).weights_)


# Callbacks after the fit


class SetsSchedule(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
        self.model.optimizer.learning_rate = schedule


class Freezes(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.first_weights = self.model.get_weights()
        self.model.layers[-1].trainable = False


class CompilesAnew(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        self.model.compile("sgd", "mean_absolute_error")


class StartsLater(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        # As BackupAndRestore does.
        self.model._initial_epoch = 1


@pytest.mark.parametrize("callback", [SetsSchedule, Freezes, CompilesAnew, StartsLater])
def test_what_a_callback_does_to_the_model_stays_in_its_fit(callback):
    expected = fit_without_callbacks(validated=True)
    fit(callback())
    after = fit(validated=True)
    assert after.history_ == expected.history_
    assert_same_weights(after.weights_, expected.weights_)


def test_a_layer_that_a_callback_freezes_stays_as_it_is():
    model = fit(Freezes())
    *cell, kernel, bias = zip(model.weights_, model.callbacks[0].first_weights, strict=True)
    assert not any(np.array_equal(after, before) for after, before in cell)
    for after, before in (kernel, bias):
        assert_array_equal(after, before)


def test_training_continues_at_the_epoch_that_a_callback_sets():
    assert len(fit(StartsLater()).history_["loss"]) == N_EPOCHS - 1


class Notes(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_test_begin(self, logs=None):
        self.seen.append("begin")

    def on_test_end(self, logs=None):
        self.seen.append(logs["loss"])


def test_callbacks_get_the_validation_loss():
    model = fit(Notes(), validated=True, epochs=2)
    first, second = model.history_["val_loss"]
    assert model.callbacks[0].seen == ["begin", first, "begin", second]


# They are used as they are given


class Tracker(keras.callbacks.Callback):
    """Keeps the losses, beside a lock, as the clients of trackers have."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        with self.lock:
            self.losses.append(logs["loss"])


class SharedTracker(Tracker):
    """Is itself in all copies."""

    def __deepcopy__(self, memo):
        return self


class Breaker(keras.callbacks.Callback):
    """Ends the fit as an error or Ctrl-C does."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_epoch_end(self, epoch, logs=None):
        raise self.error


def test_a_callback_with_a_lock_is_called_at_every_epoch_of_every_fit():
    tracker = Tracker()
    first = fit(tracker).history_["loss"]
    assert tracker.losses == first
    second = fit(tracker, epochs=2).history_["loss"]
    assert tracker.losses == first + second
    assert tracker.model is None


@pytest.mark.parametrize("error", [RuntimeError("of the callback"), KeyboardInterrupt()])
def test_a_callback_has_no_model_after_a_fit_that_did_not_end(error):
    recorder, breaker = Recorder(), Breaker(error)
    with pytest.raises(type(error)):
        fit(recorder, breaker)
    assert recorder.model is None
    assert breaker.model is None
    # And may see the next.
    assert fit(recorder).n_iter_ == N_EPOCHS


def test_early_stopping_starts_afresh_in_its_second_fit():
    stopper = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    reducer = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1)
    first = fit(stopper, reducer, validated=True, epochs=20)
    second = fit(stopper, reducer, validated=True, epochs=20)
    assert first.n_iter_ < 20
    assert second.history_ == first.history_
    assert_same_weights(second.weights_, first.weights_)


def test_a_callback_sees_one_fit_at_a_time():
    class Nests(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            fit(self)

    nests = Nests()
    with pytest.raises(RuntimeError, match=r"a Nests that another fit is using now.*clone"):
        fit(nests)
    assert nests.model is None


def test_a_failed_clone_names_the_callback():
    model = RNNRegressor(2, callbacks=[Recorder(), Tracker()])
    for make_copy in (clone, copy.deepcopy):
        message = r"callbacks\[1\], a Tracker, cannot be copied: .*lock.*__deepcopy__"
        with pytest.raises(TypeError, match=message):
            make_copy(model)
    assert copy.copy(model).callbacks is model.callbacks


def test_a_failed_clone_for_another_reason_names_no_callback():
    model = RNNRegressor(2, loss=threading.Lock(), callbacks=[Recorder()])
    with pytest.raises(TypeError, match=r"^cannot pickle"):
        clone(model)


def test_a_callback_that_all_copies_share_sees_the_fits_of_a_search():
    tracker = SharedTracker()
    search = GridSearchCV(
        RNNRegressor(epochs=2, random_state=0, callbacks=[tracker]), {"units": [1, 2]}, cv=2
    )
    search.fit(X, Y)
    # Two candidates in two folds, and the best one again.
    assert len(tracker.losses) == 5 * 2
    assert search.best_estimator_.callbacks == [tracker]


def test_a_failed_pickle_names_the_callback():
    tracker = Tracker()
    model = fit(Recorder(), tracker)
    with pytest.raises(TypeError, match=r"callbacks\[1\], a Tracker, cannot be pickled: .*lock"):
        pickle.dumps(model)
    # The way out that the message names
    twin = pickle.loads(pickle.dumps(copy.copy(model).set_params(callbacks=None)))
    assert_array_equal(twin.predict(X), model.predict(X))


def test_processes_cannot_be_sent_a_callback_that_cannot_be_pickled():
    search = GridSearchCV(RNNRegressor(1, callbacks=[SharedTracker()]), {"units": [1]}, n_jobs=2)
    with pytest.raises(pickle.PicklingError) as caught:
        search.fit(X, Y)
    message = "callbacks[0], a SharedTracker, cannot be pickled"
    assert message in str(caught.value.__cause__)


def test_only_joblib_pickles_a_callback_of_a_lambda():
    model = fit(keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None))
    with pytest.raises(TypeError, match=r"callbacks\[0\], a LambdaCallback, cannot be pickled"):
        pickle.dumps(model)
    twin = pickle.loads(reduction.dumps(model))
    assert_array_equal(twin.predict(X), model.predict(X))


class Holder(keras.callbacks.Callback):
    """Holds the estimator that it is a parameter of."""


def test_a_callback_may_hold_its_estimator():
    holder = Holder()
    model = fit(holder)
    holder.estimator = model
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert twin.callbacks[0].estimator is twin
        assert_array_equal(twin.predict(X), model.predict(X))


class Epochs(keras.callbacks.Callback):
    """Keeps the numbers of the epochs."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)


class Interrupter(keras.callbacks.Callback):
    """Ends its first fit in the third epoch."""

    has_ended = False

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2 and not self.has_ended:
            self.has_ended = True
            raise KeyboardInterrupt


# Older versions of Keras leave the file of CSVLogger open when a fit is interrupted.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_an_interrupted_fit_goes_on_with_the_callback_that_has_seen_its_start(tmp_path):
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    recorder = Epochs()

    def begin(*others):
        with contextlib.suppress(KeyboardInterrupt):
            return fit(log, recorder, *others, checkpoint_dir=tmp_path / "unfinished")

    interrupter = Interrupter()
    begin(interrupter)
    assert recorder.epochs == [0, 1, 2]
    begin(interrupter)
    # It is written before the third epoch that all others have seen two.
    assert recorder.epochs == [0, 1, 2, 3]
