"""Training in compiled programs gives what raw Keras gives: weights, losses, histories."""

from dataclasses import dataclass
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, config_context
from skrnn._batches import draw_order
from skrnn._engine.model import CompiledModel
from skrnn._initialization import initialize
from skrnn._networks import Network, build_model

N_ROWS, N_TIMESTEPS, N_EPOCHS = 70, 3, 5
SEED = 0

rng = np.random.default_rng(0)
X = rng.normal(size=(N_ROWS, N_TIMESTEPS, 2))
Y = np.column_stack([X.sum(axis=(1, 2)), 1 - X[:, -1, 0]])
WEIGHT = rng.uniform(0.2, 3.0, size=N_ROWS)
X_VAL = rng.normal(size=(41, N_TIMESTEPS, 2))
Y_VAL = np.column_stack([X_VAL.sum(axis=(1, 2)), 1 - X_VAL[:, -1, 0]])

ESTIMATORS = {"simple_rnn": RNNRegressor, "lstm": LSTMRegressor, "gru": GRURegressor}
LAYERS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}


def cubic_loss(y_true, y_pred):
    """A loss that Keras does not know: a number for each row."""
    return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** 3, axis=-1)


def loss_of_each_output(y_true, y_pred):
    """A loss that leaves the mean over the outputs to Keras."""
    return keras.ops.square(y_true - y_pred)


def one_loss_of_a_batch(y_true, y_pred):
    """A loss that is not a sum over the rows, and so cannot be compiled."""
    return keras.ops.max(keras.ops.square(y_true - y_pred))


def fit_raw(cell, start, y, *, loss, optimizer, units=(3,), epochs=N_EPOCHS, order=None, **options):
    """Train Keras' layers with `keras.Model.fit` from given weights; each epoch in its order."""
    layer_options = {
        name: options.pop(name) for name in ("activation", "kernel_regularizer") if name in options
    }
    layers = [
        LAYERS[cell](n, return_sequences=depth < len(units), **layer_options)
        for depth, n in enumerate(units, start=1)
    ]
    model = keras.Sequential([keras.Input((None, 2)), *layers, keras.layers.Dense(y.shape[1])])
    model.set_weights(start)
    # Eagerly: the numbers are the same, and there is nothing to trace.
    model.compile(optimizer, loss, run_eagerly=True)
    if order is None:
        model.fit(X, y, shuffle=False, epochs=epochs, verbose=0, **options)
        return model.get_weights(), model.history.history
    losses = []
    for epoch in range(epochs):
        rows = order(epoch)
        losses += model.fit(X[rows], y[rows], shuffle=False, verbose=0, **options).history["loss"]
    return model.get_weights(), {"loss": losses}


def start_weights(cell, random_state=SEED, units=(3,), n_outputs=2):
    """Return the weights that a fit with this random_state starts from, and its seed."""
    seed = np.random.RandomState(random_state).randint(np.iinfo(np.int32).max)
    model = build_model(Network(cell, units, 2, n_outputs))
    initialize(model, [seed, 0])
    return model.get_weights(), seed


def assert_near(actual, expected, tolerance=1e-3):
    """Compare lists of arrays by the norm of each."""
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.shape == theirs.shape
        assert np.linalg.norm(ours - theirs) <= tolerance * np.linalg.norm(theirs)


def assert_same_history(actual, expected):
    assert set(actual) == set(expected)
    for name, losses in actual.items():
        assert_allclose(losses, expected[name], rtol=1e-4)


class Engine(keras.callbacks.Callback):
    """Notes which model trains, and how often it is called."""

    model_type: type | None = None
    n_blocks = 0

    def on_train_begin(self, logs=None):
        self.model_type = type(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self.n_blocks += 1


@dataclass(frozen=True)
class Case:
    """Parameters that estimator and Keras take alike, and what else is asked of them.

    Raw Keras costs a second an epoch, so that only the optimizers are run for five.
    """

    name: str
    cell: str = "lstm"
    units: tuple[int, ...] = (3,)
    optimizer: str = "adam"
    clipnorm: float | None = None
    loss: object = "mean_squared_error"
    batch_size: int = 32
    is_weighted: bool = False
    is_validated: bool = False
    is_shuffled: bool = False
    kernel_regularizer: float | None = None
    epochs: int = N_EPOCHS


RATES = {"adam": 0.01, "sgd": 0.05, "rmsprop": 0.01}
OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
}

CASES = [
    # Of 70 rows, the last of three batches has 6.
    Case("Adam", "lstm", is_validated=True),
    Case("Adam, clipnorm", "gru", clipnorm=0.1, is_weighted=True),
    Case("SGD", "simple_rnn", optimizer="sgd", is_shuffled=True),
    Case("SGD, clipnorm", "lstm", optimizer="sgd", clipnorm=0.1, kernel_regularizer=0.02),
    Case("RMSprop", "gru", optimizer="rmsprop", is_weighted=True, is_validated=True),
    Case(
        "RMSprop, clipnorm, all at once",
        "simple_rnn",
        (3, 2),
        optimizer="rmsprop",
        clipnorm=0.1,
        is_weighted=True,
        is_validated=True,
        kernel_regularizer=0.02,
    ),
    Case(
        "mean absolute error", "simple_rnn", epochs=2, loss="mean_absolute_error", is_shuffled=True
    ),
    Case(
        "Huber with its delta",
        "simple_rnn",
        epochs=2,
        loss=keras.losses.Huber(delta=0.5),
        is_weighted=True,
        is_validated=True,
    ),
    Case(
        "a loss of the user",
        "simple_rnn",
        epochs=2,
        loss=cubic_loss,
        is_weighted=True,
        is_validated=True,
    ),
    # Keras itself refuses weights of rows here.
    Case(
        "a loss of each output", "simple_rnn", epochs=2, loss=loss_of_each_output, is_validated=True
    ),
    Case(
        "sum",
        "simple_rnn",
        epochs=2,
        loss=keras.losses.MeanSquaredError(reduction="sum"),
        is_weighted=True,
        is_validated=True,
    ),
    Case(
        "mean with sample weight",
        "simple_rnn",
        epochs=2,
        loss=keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"),
        is_weighted=True,
        is_validated=True,
    ),
    Case(
        "mean with sample weight, without one",
        "simple_rnn",
        epochs=2,
        loss=keras.losses.MeanAbsoluteError(reduction="mean_with_sample_weight"),
        is_validated=True,
    ),
    Case("a last batch of one row", "simple_rnn", epochs=2, batch_size=23, is_weighted=True),
    Case(
        "more to a batch than there is", "simple_rnn", epochs=2, batch_size=10_000, is_weighted=True
    ),
]


def run_case(case):
    """Fit an estimator and Keras' layers alike."""
    estimator = ESTIMATORS[case.cell](
        case.units,
        optimizer=case.optimizer,
        learning_rate=RATES[case.optimizer],
        clipnorm=case.clipnorm,
        loss=case.loss,
        kernel_regularizer=case.kernel_regularizer,
        batch_size=case.batch_size,
        epochs=case.epochs,
        shuffle=case.is_shuffled,
        normalize_y=False,
        random_state=SEED,
        callbacks=[Engine()],
    )
    estimator.fit(
        X,
        Y,
        sample_weight=WEIGHT if case.is_weighted else None,
        **({"X_val": X_VAL, "y_val": Y_VAL} if case.is_validated else {}),
    )
    start, seed = start_weights(case.cell, units=case.units)
    options = {"sample_weight": WEIGHT} if case.is_weighted else {}
    if case.is_validated:
        options["validation_data"] = (X_VAL, Y_VAL)
    if case.kernel_regularizer:
        options["kernel_regularizer"] = keras.regularizers.L2(case.kernel_regularizer)
    rate = RATES[case.optimizer]
    weights, history = fit_raw(
        case.cell,
        start,
        Y,
        units=case.units,
        loss=case.loss,
        optimizer=OPTIMIZERS[case.optimizer](rate, clipnorm=case.clipnorm),
        order=(lambda epoch: draw_order(N_ROWS, seed, epoch)) if case.is_shuffled else None,
        batch_size=case.batch_size,
        epochs=case.epochs,
        **options,
    )
    return SimpleNamespace(**locals())


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def pair(request):
    """An estimator and Keras, fitted alike. Fitted once: do not fit them again."""
    return run_case(request.param)


def test_weights_are_those_of_keras(pair):
    assert_near(pair.estimator.weights_, pair.weights)


def test_losses_of_each_epoch_are_those_of_keras(pair):
    assert_same_history(pair.estimator.history_, pair.history)
    assert ("val_loss" in pair.history) == pair.case.is_validated


def test_training_moved_every_weight_and_was_compiled(pair):
    # Else equal weights would say nothing, or nothing of the compiled engine.
    for weights, start in zip(pair.estimator.weights_, pair.start, strict=True):
        assert np.linalg.norm(weights - start) > 0.005 * np.linalg.norm(weights)
    assert pair.estimator.callbacks_[0].model_type is CompiledModel


def test_a_user_may_predict_while_the_loss_is_his_own():
    # Nothing of the loss is needed for it.
    model = RNNRegressor(3, loss=cubic_loss, epochs=1, random_state=0).fit(X, Y)
    expected = model.to_keras()(X.astype(np.float32)).numpy()
    assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)


# The rows a network is given


def test_targets_of_one_column_are_trained_on_as_keras_does():
    model = RNNRegressor(
        3, learning_rate=0.01, epochs=2, normalize_y=False, shuffle=False, random_state=SEED
    ).fit(X, Y[:, 0])
    start, _ = start_weights("simple_rnn", n_outputs=1)
    weights, history = fit_raw(
        "simple_rnn",
        start,
        Y[:, :1],
        loss="mean_squared_error",
        optimizer=keras.optimizers.Adam(0.01),
        epochs=2,
        batch_size=32,
    )
    assert_near(model.weights_, weights)
    assert_same_history(model.history_, history)


def test_more_batches_than_a_block_holds_are_trained_on_as_keras_does():
    # A block has at most 64 batches; here are 70, and a progress of two blocks.
    model = RNNRegressor(
        3,
        optimizer="sgd",
        batch_size=1,
        epochs=1,
        normalize_y=False,
        random_state=SEED,
        callbacks=[Engine()],
    ).fit(X, Y)
    start, seed = start_weights("simple_rnn")
    weights, history = fit_raw(
        "simple_rnn",
        start,
        Y,
        loss="mean_squared_error",
        optimizer=keras.optimizers.SGD(),
        epochs=1,
        batch_size=1,
        order=lambda epoch: draw_order(N_ROWS, seed, epoch),
    )
    assert model.callbacks_[0].n_blocks == 2
    assert_near(model.weights_, weights)
    assert_same_history(model.history_, history)


# The two engines


@pytest.mark.parametrize("cell", ESTIMATORS)
def test_engines_agree(cell):
    model = ESTIMATORS[cell](
        3,
        learning_rate=0.02,
        epochs=5,
        early_stopping=True,
        random_state=SEED,
        callbacks=[Engine()],
    )
    with config_context(engine="keras"):
        expected = model.fit(X, Y).predict(X)
    expected_history = model.history_
    assert model.callbacks_[0].model_type is not CompiledModel
    assert_allclose(model.fit(X, Y).predict(X), expected, rtol=1e-3, atol=1e-3)
    assert_same_history(model.history_, expected_history)
    assert model.callbacks_[0].model_type is CompiledModel


def test_what_one_engine_has_begun_the_other_goes_on_with():
    model = RNNRegressor(
        3, learning_rate=0.01, epochs=2, batch_size=16, warm_start=True, random_state=SEED
    )
    at_once = RNNRegressor(3, learning_rate=0.01, epochs=4, batch_size=16, random_state=SEED)
    with config_context(engine="keras"):
        model.fit(X, Y)
    model.fit(X, Y)
    at_once.fit(X, Y)
    assert_near(model.weights_, at_once.weights_)
    assert_near(model.optimizer_state_, at_once.optimizer_state_)
    assert_same_history(model.history_, at_once.history_)


# What cannot be compiled

FALLBACKS = {
    "a loss of the batch": {"loss": one_loss_of_a_batch},
    "softmax": {"activation": "softmax"},
}


@pytest.fixture(scope="module", params=FALLBACKS)
def fallback(request):
    """A fit that goes back to Keras, and raw Keras. Fitted once: do not fit it again."""
    parameters = FALLBACKS[request.param]
    model = RNNRegressor(
        3, **parameters, learning_rate=0.01, epochs=N_EPOCHS, shuffle=False, normalize_y=False
    ).set_params(random_state=SEED)
    model.fit(X, Y)
    start, _ = start_weights("simple_rnn")
    weights, history = fit_raw(
        "simple_rnn",
        start,
        Y,
        optimizer=keras.optimizers.Adam(0.01),
        batch_size=32,
        **{"loss": "mean_squared_error"} | parameters,
    )
    return SimpleNamespace(**locals())


def test_fallback_gives_the_results_of_keras(fallback):
    assert_near(fallback.model.weights_, fallback.weights)
    assert_same_history(fallback.model.history_, fallback.history)


def test_fallback_predicts_what_keras_predicts(fallback):
    expected = fallback.model.to_keras()(X.astype(np.float32)).numpy()
    assert_allclose(fallback.model.predict(X), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("verbose", "n_times"), [(0, 0), (1, 1)])
@pytest.mark.parametrize("name", FALLBACKS)
def test_fallback_is_told_of_once_if_the_user_wants_to_hear(name, verbose, n_times, capsys):
    model = RNNRegressor(3, **FALLBACKS[name], epochs=2, verbose=verbose).fit(X, Y)
    printed = capsys.readouterr()
    assert printed.out.count("cannot be compiled") == n_times
    assert printed.err == ""
    if not verbose:
        assert printed.out == ""
    assert model.n_iter_ == 2


def test_what_is_compiled_is_not_told_of(capsys):
    RNNRegressor(3, epochs=1, verbose=1).fit(X, Y)
    assert "cannot be compiled" not in capsys.readouterr().out


class TakeSchedule(keras.callbacks.Callback):
    """Puts a schedule in the place of the learning rate."""

    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = falling_rate()


def falling_rate():
    return keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.9)


def test_a_schedule_that_a_callback_sets_is_trained_with_though_the_network_is_compiled():
    model = GRURegressor(3, optimizer="sgd", epochs=2, random_state=0).fit(X, Y)
    model.set_params(callbacks=[TakeSchedule()]).fit(X, Y)
    optimizer = keras.optimizers.SGD(falling_rate())
    expected = GRURegressor(3, optimizer=optimizer, epochs=2, random_state=0).fit(X, Y)
    assert model.history_["loss"] == expected.history_["loss"]
