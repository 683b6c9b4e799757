"""The recurrent regressors against raw Keras, and what fit, partial_fit and predict promise."""

import contextlib
import copy
import pickle
import re
import sys
import tracemalloc
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import skrnn._keras.fitting
from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, config_context
from skrnn._keras.keras_model import Batches
from skrnn._keras.objects import make_loss, make_optimizer
from skrnn._network.initialization import draw_weights
from skrnn._network.network import Network, view_arrays

# Equal up to the order of float32 sums.
close = {"rtol": 1e-4, "atol": 1e-5}
CELLS = ["rnn", "lstm", "gru"]


# Against raw Keras. Each cell carries several options at once, because every fit costs seconds.


def initial_weights(network, random_state):
    """Return the weights that a fit with this random_state starts from."""
    seed = np.random.RandomState(random_state).randint(np.iinfo(np.int32).max)
    return view_arrays(network, draw_weights(network, [seed, 0]))


def train_raw(layers, start, X, y, *, loss, optimizer, **fit_args):
    """Train plain layers from given weights with plain Keras."""
    model = keras.Sequential(layers)
    model.set_weights(start)
    # Eagerly: the numbers are the same, and there is nothing to trace.
    model.compile(optimizer, loss, run_eagerly=True)
    history = model.fit(X, y, shuffle=False, verbose=0, **fit_args)
    return model, history.history


def rnn_against_keras():
    """2-D X, 1-D y, row weights, and early stopping on rows unlike those trained on."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(23, 4))
    y = 100 + 30 * X @ [0.5, -1.0, 2.0, 1.0]
    # Of 23 rows, Keras holds out the last 3; the other 20 make two batches of 8 and one of 4.
    kept = 20
    y[kept:] = 200 - y[kept:]
    weight = rng.uniform(0.2, 3.0, size=23)
    estimator = RNNRegressor(
        3,
        batch_size=8,
        epochs=6,
        early_stopping=True,
        patience=1,
        learning_rate=0.05,
        shuffle=False,
        random_state=1,
    ).fit(X, y, sample_weight=weight)

    mean = np.average(y[:kept], weights=weight[:kept])
    std = np.sqrt(np.cov(y[:kept], aweights=weight[:kept], ddof=0))
    start = initial_weights(Network("simple_rnn", (3,), 1, 1), 1)
    model, history = train_raw(
        [keras.Input((None, 1)), keras.layers.SimpleRNN(3), keras.layers.Dense(1)],
        start,
        X[..., np.newaxis],
        (y - mean) / std,
        loss="mean_squared_error",
        optimizer=keras.optimizers.Adam(0.05),
        sample_weight=weight,
        batch_size=8,
        epochs=6,
        validation_split=0.1,
        callbacks=[keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True)],
    )
    return SimpleNamespace(**locals(), X_new=rng.normal(size=(5, 4)))


def lstm_against_keras():
    """3-D X, two outputs, stacked layers with L2, a loss object, clipped gradients."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(21, 4, 2))
    y = np.column_stack([X.sum(axis=(1, 2)), 50 - 10 * X[:, -1, 0]])
    estimator = LSTMRegressor(
        (3, 2),
        kernel_regularizer=0.02,
        loss=keras.losses.MeanSquaredError(reduction="sum"),
        optimizer="rmsprop",
        learning_rate=0.02,
        clipnorm=0.05,
        batch_size=8,
        epochs=3,
        shuffle=False,
        random_state=2,
    ).fit(X, y)

    mean, std = y.mean(axis=0), y.std(axis=0)
    l2 = keras.regularizers.L2(0.02)
    start = initial_weights(Network("lstm", (3, 2), 2, 2), 2)
    model, history = train_raw(
        [
            keras.Input((None, 2)),
            keras.layers.LSTM(3, kernel_regularizer=l2, return_sequences=True),
            keras.layers.LSTM(2, kernel_regularizer=l2),
            keras.layers.Dense(2),
        ],
        start,
        X,
        (y - mean) / std,
        loss=keras.losses.MeanSquaredError(reduction="sum"),
        optimizer=keras.optimizers.RMSprop(0.02, clipnorm=0.05),
        batch_size=8,
        epochs=3,
    )
    return SimpleNamespace(**locals(), X_new=rng.normal(size=(5, 9, 2)))


def gru_against_keras():
    """One column of y as it is, options of the cell, an optimizer object, validation rows."""
    rng = np.random.default_rng(2)
    X, X_val = rng.normal(size=(21, 4)), rng.normal(size=(7, 4))
    y, y_val = (3 + rows.sum(axis=1, keepdims=True) for rows in (X, X_val))
    estimator = GRURegressor(
        3,
        reset_after=False,
        activation="sigmoid",
        normalize_y=False,
        loss="mean_absolute_error",
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
        batch_size=8,
        epochs=3,
        shuffle=False,
        random_state=3,
    ).fit(X, y, X_val=X_val, y_val=y_val)

    mean, std = 0.0, 1.0
    start = initial_weights(Network("gru", (3,), 1, 1, cell_options=(("reset_after", False),)), 3)
    model, history = train_raw(
        [
            keras.Input((None, 1)),
            keras.layers.GRU(3, reset_after=False, activation="sigmoid"),
            keras.layers.Dense(1),
        ],
        start,
        X[..., np.newaxis],
        y,
        loss="mean_absolute_error",
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
        batch_size=8,
        epochs=3,
        validation_data=(X_val[..., np.newaxis], y_val),
    )
    return SimpleNamespace(**locals(), X_new=rng.normal(size=(5, 4)))


@pytest.fixture(scope="module", params=["auto", "keras"])
def pairs(request):
    """A fitted estimator and a raw model for each cell. Fitted once: do not fit them again."""
    with config_context(engine=request.param):
        return {
            "engine": request.param,
            "rnn": rnn_against_keras(),
            "lstm": lstm_against_keras(),
            "gru": gru_against_keras(),
        }


@pytest.fixture(params=CELLS)
def pair(request, pairs):
    with config_context(engine=pairs["engine"]):
        yield pairs[request.param]


def raw_outputs(model, X):
    """Return the outputs of a Keras model, called without its predict loop."""
    X = X[..., np.newaxis] if X.ndim == 2 else X
    return model(X.astype(np.float32)).numpy()


def test_weights_are_those_of_raw_keras(pair):
    raw = pair.model.get_weights()
    assert len(pair.estimator.weights_) == len(raw)
    for weights, expected in zip(pair.estimator.weights_, raw, strict=True):
        assert_allclose(weights, expected, **close)


def test_training_has_moved_every_weight(pair):
    # Else equal weights would say nothing.
    for weights, start in zip(pair.estimator.weights_, pair.start, strict=True):
        assert np.abs(weights - start).max() > 1e-3


def test_history_is_that_of_raw_keras(pair):
    assert set(pair.estimator.history_) == set(pair.history)
    for name, losses in pair.estimator.history_.items():
        assert_allclose(losses, pair.history[name], **close)
        assert all(type(loss) is float for loss in losses)


@pytest.mark.parametrize("rows", ["X", "X_new"])
def test_predict_is_the_output_of_raw_keras_times_std_plus_mean(pair, rows):
    # X_new of the LSTM has another number of steps.
    X = getattr(pair, rows)
    expected = raw_outputs(pair.model, X) * pair.std + pair.mean
    predicted = pair.estimator.predict(X)
    assert_allclose(predicted.reshape(expected.shape), expected, **close)
    assert predicted.dtype == np.float64


def test_prediction_has_the_shape_of_y(pair):
    assert pair.estimator.predict(pair.X_new).shape == (5, *pair.y.shape[1:])


def test_fitted_attributes_describe_the_data(pair):
    estimator = pair.estimator
    assert estimator.n_features_in_ == pair.X.shape[-1]
    assert estimator.n_timesteps_in_ == pair.X.shape[1]
    assert estimator.n_outputs_ == (1 if pair.y.ndim == 1 else pair.y.shape[1])
    assert estimator.n_iter_ == len(pair.history["loss"])


# Keras 3.15 reads its own variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
def test_to_keras_predicts_the_same_and_is_saved_by_keras(pair, tmp_path):
    model = pair.estimator.to_keras()
    expected = pair.estimator.predict(pair.X_new)
    model.save(tmp_path / "model.keras")
    for plain in (model, keras.saving.load_model(tmp_path / "model.keras")):
        assert_allclose(raw_outputs(plain, pair.X_new).reshape(expected.shape), expected, rtol=1e-4)


def test_early_stopping_stops_and_restores_the_best_weights(pairs):
    # That raw Keras has the same weights and losses is tested above; here, that it did stop.
    estimator = pairs["rnn"].estimator
    val_loss = estimator.history_["val_loss"]
    assert estimator.n_iter_ < estimator.epochs
    best = np.argmin(val_loss)
    assert best == len(val_loss) - 2
    held_out = pairs["rnn"].X[20:], pairs["rnn"].y[20:]
    errors = (estimator.predict(held_out[0]) - held_out[1]) / pairs["rnn"].std
    # Keras divides by the number of rows, not by the sum of their weights.
    assert_allclose(val_loss[best], np.mean(pairs["rnn"].weight[20:] * errors**2), **close)


def test_copy_of_a_loss_object_keeps_its_settings():
    # Of an error of 2, Huber with delta 0.5 makes 0.5 * (2 - 0.25).
    loss = make_loss(keras.losses.Huber(0.5))
    assert float(loss(np.zeros((1, 1)), np.full((1, 1), 2.0))) == pytest.approx(0.875)


# Weights of rows


def test_rows_of_weight_zero_change_nothing():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    weight = (rng.random(20) < 0.7).astype(float)
    y[weight == 0] = 1e6
    model = RNNRegressor(2, epochs=2, batch_size=4, random_state=0)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    subset = clone(model).fit(X[weight == 1], y[weight == 1])
    assert_array_equal(weighted.predict(X), subset.predict(X))


# Going on


rng = np.random.default_rng(4)
X = rng.normal(size=(20, 4))
Y = 10 + 3 * X @ [0.5, -1.0, 2.0, 1.0]


class Recorder(keras.callbacks.Callback):
    """Keeps what it sees at the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        rate = self.model.optimizer.learning_rate.numpy()
        self.seen.append((epoch, logs["loss"], float(rate)))


class Overwriter(keras.callbacks.Callback):
    """Sets all weights to 0, and the bias of the output to 0.5."""

    def on_epoch_end(self, epoch, logs=None):
        weights = [np.zeros_like(weight) for weight in self.model.get_weights()]
        weights[-1] += 0.5
        self.model.set_weights(weights)


@pytest.fixture(scope="module")
def continued():
    """Two epochs, at once and in two calls of each kind. Not to be fitted again: copy them."""
    model = RNNRegressor(2, epochs=1, batch_size=8, random_state=0, warm_start=True)
    started = clone(model).fit(X, Y)
    in_parts = clone(model).partial_fit(X, Y)
    first_part = copy.deepcopy(in_parts)
    return SimpleNamespace(
        at_once=clone(model).set_params(epochs=2).fit(X, Y),
        started=started,
        warm=copy.deepcopy(started).fit(X, Y),
        first_part=first_part,
        in_parts=in_parts.partial_fit(X, Y),
    )


def assert_same_state(a, b):
    for name in ("weights_", "optimizer_state_"):
        for ours, theirs in zip(getattr(a, name), getattr(b, name), strict=True):
            assert_array_equal(ours, theirs)
    assert a.history_ == b.history_
    assert a.n_iter_ == b.n_iter_
    assert_array_equal(a.predict(X), b.predict(X))


def test_first_partial_fit_is_one_epoch_of_fit(continued):
    assert_same_state(continued.first_part, continued.started)


@pytest.mark.parametrize("how", ["warm", "in_parts"])
def test_two_calls_of_one_epoch_are_two_epochs_bit_for_bit(continued, how):
    assert_same_state(getattr(continued, how), continued.at_once)


def test_history_and_n_iter_grow(continued):
    assert continued.started.n_iter_ == 1
    assert continued.warm.n_iter_ == 2
    assert len(continued.warm.history_["loss"]) == 2
    assert continued.warm.history_["loss"][:1] == continued.started.history_["loss"]


def test_history_keeps_the_epochs_that_had_no_validation_loss(continued):
    model = copy.deepcopy(continued.started).fit(X, Y, X_val=X, y_val=Y)
    model.partial_fit(X, Y)
    assert list(np.isnan(model.history_["val_loss"])) == [True, False, True]
    assert np.isfinite(model.history_["loss"]).all()


def test_a_row_is_predicted_alike_whatever_rows_come_with_it(continued):
    rows = np.random.default_rng(5).normal(size=(300, 4))
    together = continued.started.predict(rows)
    order = np.random.default_rng(6).permutation(300)
    assert_array_equal(continued.started.predict(rows[order]), together[order])
    assert_array_equal(continued.started.predict(rows[7:8]), together[7:8])


class HalvedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that Keras does not know by name."""

    def __call__(self, step):
        return 0.1 / (1 + keras.ops.cast(step, "float32"))

    def get_config(self):
        return {}


def test_optimizer_object_may_have_a_schedule_of_the_user():
    model = RNNRegressor(2, epochs=1, optimizer=keras.optimizers.SGD(HalvedSchedule()))
    assert model.fit(X, Y).n_iter_ == 1


def test_order_of_rows_is_another_in_each_epoch():
    y = np.arange(12.0)[:, np.newaxis]
    batches = Batches(np.zeros((12, 3)), y, None, 5, seed=0)

    def order():
        return np.concatenate([batches[index][1] for index in range(len(batches))]).ravel()

    first = order()
    batches.set_epoch(1)
    second = order()
    assert sorted(first) == sorted(second) == list(range(12))
    assert not np.array_equal(first, second)
    assert_array_equal(second, y.ravel()[np.random.default_rng([0, 1]).permutation(12)])


def test_later_rows_are_scaled_as_the_first_and_learning_rate_may_change(continued):
    started = continued.started
    other_y = 1000 - 50 * Y
    # One batch: Keras reports its loss before the step, so it can be computed from `predict`.
    expected = np.mean((other_y - started.predict(X)) ** 2) / Y.var()
    later = copy.deepcopy(started).set_params(
        batch_size=20, learning_rate=0.25, callbacks=[Recorder()]
    )
    later.fit(X, other_y)
    assert_allclose(later.history_["loss"][1], expected, rtol=1e-4)
    # Keras counts epochs from the start of the continued training.
    assert later.callbacks[0].seen == [(1, later.history_["loss"][1], 0.25)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"units": 3}, r"units is \(3,\), but the kept weights were trained with \(2,\)"),
        ({"units": (2, 2)}, r"units is \(2, 2\), but"),
        ({"optimizer": "sgd"}, "the optimizer is SGD, but the kept state belongs to Adam"),
        # Its state has the shapes of Adam's.
        ({"optimizer": "adamw"}, "the optimizer is AdamW, but the kept state belongs to Adam"),
    ],
)
def test_training_does_not_continue_with_another_network_or_optimizer(continued, changed, message):
    model = copy.deepcopy(continued.started).set_params(**changed)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert model.n_iter_ == 1


# Callbacks and output


@pytest.fixture(scope="module")
def watched():
    """A fit with callbacks. Not to be fitted again."""
    callbacks = [Recorder(), Overwriter()]
    model = RNNRegressor(2, epochs=2, batch_size=8, random_state=0, callbacks=callbacks)
    return SimpleNamespace(model=model.fit(X, Y), callbacks=callbacks)


def test_callback_sees_each_epoch(watched):
    recorder, overwriter = watched.model.callbacks
    # 0.001 is the default of Keras' Adam, which is float32.
    expected = [
        (epoch, loss, float(np.float32(0.001)))
        for epoch, loss in enumerate(watched.model.history_["loss"])
    ]
    assert recorder.seen == expected
    assert type(overwriter) is Overwriter


def test_callback_may_change_the_weights(watched):
    assert_allclose(watched.model.predict(X), 0.5 * Y.std() + Y.mean(), rtol=1e-6)


def test_callbacks_of_the_user_are_those_that_see_the_fit(watched):
    assert watched.model.callbacks is watched.callbacks
    recorder, _ = watched.callbacks
    assert len(recorder.seen) == 2
    assert recorder.model is None


def test_callbacks_are_pickled_with_what_they_have_seen(watched):
    twin = pickle.loads(pickle.dumps(watched.model))
    assert twin.callbacks[0].seen == watched.model.callbacks[0].seen
    assert twin.callbacks[0].model is None


def epochs_of(line, n_epochs):
    """Return the number of the epoch of a printed line."""
    return int(re.match(rf"epoch (\d+)/{n_epochs}, [\d.]+ s: loss ", line)[1])


@pytest.mark.parametrize(
    ("epochs", "shown"),
    [(2, [1, 2]), (20, list(range(2, 21, 2))), (25, [3, 6, 9, 12, 15, 18, 21, 24, 25])],
)
def test_verbose_1_prints_about_ten_lines_to_a_file(epochs, shown, capsys):
    model = RNNRegressor(2, epochs=epochs, verbose=1, random_state=0).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert [epochs_of(line, epochs) for line in lines] == shown
    assert lines[-1].endswith(f": loss {model.history_['loss'][-1]:.4g}")


@pytest.mark.parametrize("columns", [30, 200])
def test_verbose_1_rewrites_one_line_of_a_terminal(columns, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    RNNRegressor(2, epochs=25, verbose=1).fit(X, Y)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.endswith("\n")
    start, *shown = printed.removesuffix("\n").split("\r")
    assert start == ""
    # A longer line would go on in the next one, which stays when the line is rewritten.
    assert {len(line) for line in shown} == {columns - 1}
    assert [int(re.match(r"epoch (\d+)/25", line)[1]) for line in shown] == list(range(1, 26))


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_the_last_line_of_a_fit_that_stops_early_says_where(engine, capsys):
    model = RNNRegressor(
        2, epochs=50, early_stopping=True, patience=0, learning_rate=1.0, random_state=0, verbose=1
    )
    with config_context(engine=engine):
        model.fit(X, Y)
    assert model.n_iter_ < 50
    printed = capsys.readouterr().out
    assert not set("\r\b\x1b") & set(printed)
    last = printed.splitlines()[-1]
    assert epochs_of(last, 50) == model.n_iter_
    assert "val_loss" in last


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_verbose_2_prints_a_line_an_epoch(engine, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with config_context(engine=engine):
        RNNRegressor(2, epochs=21, verbose=2).fit(X, Y)
    lines = [line for line in capsys.readouterr().out.splitlines() if "own layers" not in line]
    assert [epochs_of(line, 21) for line in lines] == list(range(1, 22))


def test_lines_continue_the_numbers_of_the_epochs_before(capsys):
    model = RNNRegressor(2, epochs=2, warm_start=True).fit(X, Y)
    model.set_params(verbose=2).fit(X, Y)
    assert [epochs_of(line, 4) for line in capsys.readouterr().out.splitlines()] == [3, 4]


def test_lines_of_several_networks_name_the_network(capsys):
    with config_context(engine="keras"):
        RNNRegressor(2, epochs=1, n_networks=3, verbose=1).fit(X, Y)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "Training on Keras' own layers"
    assert [line.partition(", epoch 1/1")[0] for line in lines] == [
        "network 1/3",
        "network 2/3",
        "network 3/3",
    ]


# Memory

N_ROWS, WINDOW = 200_000, 60
WINDOWS_SIZE = N_ROWS * WINDOW * 8


@contextlib.contextmanager
def peak_memory():
    """Measure the most that was allocated by Python and NumPy in a block."""
    peak = SimpleNamespace()
    tracemalloc.start()
    try:
        yield peak
        peak.size = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def windows():
    return sliding_window_view(np.random.default_rng(5).normal(size=N_ROWS + WINDOW - 1), WINDOW)


def test_a_batch_gathers_only_its_own_windows(windows):
    batches = Batches(windows, np.zeros((N_ROWS, 1)), None, 32, seed=0)
    with peak_memory() as peak:
        X, _ = batches[1]
    assert_array_equal(X, windows[batches._order[32:64]].astype(np.float32))
    assert peak.size < 0.01 * WINDOWS_SIZE


class ReachedTrainingError(Exception):
    """Raised in place of training."""


def test_windows_reach_training_as_views(windows, monkeypatch):
    given = {}

    def note(network, rows, held_out, training, start):
        given.update(rows=rows, held_out=held_out)
        raise ReachedTrainingError

    monkeypatch.setattr(skrnn._keras.fitting, "train", note)
    model = RNNRegressor(2, early_stopping=True)
    y = np.arange(float(N_ROWS))
    with peak_memory() as peak, contextlib.suppress(ReachedTrainingError):
        model.fit(windows, y)
    assert np.may_share_memory(given["rows"].X, windows)
    assert np.may_share_memory(given["held_out"].X, windows)
    assert len(given["rows"].X) + len(given["held_out"].X) == N_ROWS
    # Targets are encoded: a few arrays of a number for each row, not of a window.
    assert peak.size < 0.25 * WINDOWS_SIZE


@pytest.mark.parametrize("rate", [np.float16(0.5), np.float32(0.5)], ids=repr)
def test_learning_rate_may_be_any_number(rate):
    optimizer = make_optimizer("sgd", rate, rate)
    assert float(optimizer.learning_rate) == optimizer.clipnorm == 0.5


def test_optimizers_of_all_fits_have_one_name():
    # TensorFlow keeps memory for each name of a variable, as long as the process lives.
    assert make_optimizer("adam", None, None).name == make_optimizer("adam", None, None).name


def test_an_optimizer_of_the_users_own_goes_by_the_name_it_is_registered_under():
    class Mine(keras.optimizers.SGD):
        def __init__(self, learning_rate=0.1):
            super().__init__(learning_rate)

        def get_config(self):
            return {"learning_rate": 0.1}

    with keras.saving.custom_object_scope({"Mine": Mine}):
        made = make_optimizer("Mine", None, None)
    assert type(made) is Mine
