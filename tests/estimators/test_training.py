"""Training by kernels gives what raw Keras gives: weights, losses, histories."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, config_context
from skrnn._keras.kernel_model import KernelModel
from skrnn._network.initialization import draw_weights
from skrnn._network.network import Network, view_arrays
from skrnn._network.training import draw_order

N_ROWS, N_TIMESTEPS, N_EPOCHS = 70, 3, 3
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
    """A loss that is not a sum over the rows."""
    return keras.ops.max(keras.ops.square(y_true - y_pred))


class OfFunction(keras.regularizers.Regularizer):
    """A function: a weight of Keras before 3.13 takes no other regularizer than of this class."""

    def __init__(self, function):
        self._function = function

    def __call__(self, weight):
        return self._function(weight)


def as_regularizer(given):
    is_function = callable(given) and not isinstance(given, keras.regularizers.Regularizer)
    return OfFunction(given) if is_function else given


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
    network = Network(cell, units, 2, n_outputs)
    return view_arrays(network, draw_weights(network, [seed, 0])), seed


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
    n_batches = 0

    def on_train_begin(self, logs=None):
        self.model_type = type(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self.n_batches += 1


# Objects of a user


class SignDescent(keras.optimizers.Optimizer):
    """An optimizer that Keras does not know, with a state: mean gradients decide the signs."""

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.means = [self.add_variable_from_reference(each, name="mean") for each in variables]

    def update_step(self, gradient, variable, learning_rate):
        mean = self.means[self._get_variable_index(variable)]
        self.assign(mean, 0.5 * mean + 0.5 * gradient)
        # Weights of a variable do not move by themselves: their largest mean counts.
        size = keras.ops.max(keras.ops.abs(mean))
        self.assign_sub(variable, learning_rate * (keras.ops.sign(mean) + mean / size))


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that Keras does not know."""

    def __call__(self, step):
        return 0.1 * 0.5 ** (keras.ops.cast(step, "float32") / 4)

    def get_config(self):
        return {}


def largest_column(kernel):
    """A regularizer that looks at a kernel as a whole."""
    return 0.1 * keras.ops.max(keras.ops.sum(keras.ops.abs(kernel), axis=0))


class Brake(keras.callbacks.Callback):
    """Lowers the learning rate after a batch, and the weights after an epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            rate = self.model.optimizer.learning_rate
            rate.assign(0.9 * rate)

    def on_epoch_end(self, epoch, logs=None):
        self.model.set_weights([0.95 * weights for weights in self.model.get_weights()])


@dataclass(frozen=True)
class Case:
    """Parameters that estimator and Keras take alike, and what else is asked of them.

    `optimizer` is a name, or makes an optimizer. Raw Keras costs a second for three epochs.
    """

    name: str
    cell: str = "lstm"
    units: tuple[int, ...] = (3,)
    optimizer: str | Callable[[], Any] = "adam"
    clipnorm: float | None = None
    loss: object = "mean_squared_error"
    batch_size: int = 32
    is_weighted: bool = False
    is_validated: bool = False
    is_shuffled: bool = False
    kernel_regularizer: Any = None
    callback: type | None = None
    epochs: int = N_EPOCHS


# Such that every weight moves in nine steps.
RATES = {"sgd": 0.05, "adadelta": 10.0, "adagrad": 0.1, "adafactor": 0.05, "ftrl": 0.1}


def optimizer_names():
    """Return the names of all optimizers that Keras makes of a name alone."""
    names = []
    for name, each in vars(keras.optimizers).items():
        if isinstance(each, type):
            try:
                keras.optimizers.get(name.lower())
            except (TypeError, KeyError, ValueError):
                # A base class, wrappers of others, and Lamb, which has no name.
                continue
            names.append(name.lower())
    return names


# Those of CASES are run with other cells as well.
OTHER_OPTIMIZERS = sorted({*optimizer_names()} - {"adam", "sgd", "rmsprop"})

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
    *(Case(name, "simple_rnn", optimizer=name) for name in OTHER_OPTIMIZERS),
    *(
        Case(
            f"{name}, clipnorm",
            "simple_rnn",
            optimizer=name,
            clipnorm=0.1,
            is_weighted=True,
            is_validated=True,
            kernel_regularizer=0.02,
        )
        for name in OTHER_OPTIMIZERS
    ),
    Case(
        "momentum",
        "gru",
        optimizer=lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        is_weighted=True,
    ),
    Case(
        "clipped together",
        "simple_rnn",
        optimizer=lambda: keras.optimizers.Adam(0.02, global_clipnorm=0.1),
    ),
    Case(
        "weights that are means over the steps",
        "simple_rnn",
        optimizer=lambda: keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.9),
        is_validated=True,
    ),
    Case(
        "AMSGrad, weight decay",
        "simple_rnn",
        optimizer=lambda: keras.optimizers.Adam(0.02, amsgrad=True, weight_decay=0.1),
    ),
    Case(
        "centered, momentum",
        "simple_rnn",
        optimizer=lambda: keras.optimizers.RMSprop(0.01, centered=True, momentum=0.5),
    ),
    Case(
        "an optimizer of the user",
        "simple_rnn",
        optimizer=lambda: SignDescent(0.02),
        is_weighted=True,
        is_validated=True,
        kernel_regularizer=0.02,
    ),
    Case(
        "a schedule of Keras",
        "simple_rnn",
        optimizer=lambda: keras.optimizers.Adam(
            keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
        ),
    ),
    Case(
        "a schedule of the user",
        "simple_rnn",
        optimizer=lambda: keras.optimizers.SGD(Halving(), clipnorm=0.5),
    ),
    Case(
        "a regularizer of Keras",
        "simple_rnn",
        (3, 2),
        kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02),
        is_validated=True,
    ),
    Case(
        "a regularizer of the user",
        "simple_rnn",
        (3, 2),
        kernel_regularizer=largest_column,
        is_validated=True,
    ),
    Case("a callback of the user", "simple_rnn", callback=Brake, is_validated=True),
    Case(
        "a callback of the user, an optimizer that is no kernel",
        "simple_rnn",
        optimizer="nadam",
        callback=Brake,
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
    Case(
        "one loss of a batch", "simple_rnn", epochs=2, loss=one_loss_of_a_batch, is_validated=True
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
    rate = None if callable(case.optimizer) else RATES.get(case.optimizer, 0.01)
    estimator = ESTIMATORS[case.cell](
        case.units,
        optimizer=case.optimizer if rate else case.optimizer(),
        learning_rate=rate,
        clipnorm=case.clipnorm,
        loss=case.loss,
        kernel_regularizer=case.kernel_regularizer,
        batch_size=case.batch_size,
        epochs=case.epochs,
        shuffle=case.is_shuffled,
        normalize_y=False,
        random_state=SEED,
        callbacks=[Engine(), *([case.callback()] if case.callback else [])],
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
    if case.callback:
        options["callbacks"] = [case.callback()]
    if case.kernel_regularizer:
        is_factor = isinstance(case.kernel_regularizer, float)
        options["kernel_regularizer"] = (
            keras.regularizers.L2(case.kernel_regularizer)
            if is_factor
            else as_regularizer(case.kernel_regularizer)
        )
    optimizer = (
        type(keras.optimizers.get(case.optimizer))(rate, clipnorm=case.clipnorm)
        if rate
        else case.optimizer()
    )
    weights, history = fit_raw(
        case.cell,
        start,
        Y,
        units=case.units,
        loss=case.loss,
        optimizer=optimizer,
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


def test_training_by_kernels_moved_every_weight(pair):
    # Else equal weights would say nothing, or nothing of the kernels.
    for weights, start in zip(pair.estimator.weights_, pair.start, strict=True):
        assert np.linalg.norm(weights - start) > 0.005 * np.linalg.norm(weights)
    assert pair.estimator.callbacks[0].model_type is KernelModel


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


def test_batches_of_one_row_are_trained_on_as_keras_does():
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
    assert model.callbacks[0].n_batches == N_ROWS
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
    assert model.callbacks[0].model_type is not KernelModel
    assert_allclose(model.fit(X, Y).predict(X), expected, rtol=1e-3, atol=1e-3)
    assert_same_history(model.history_, expected_history)
    assert model.callbacks[0].model_type is KernelModel


def test_one_engine_continues_the_training_of_the_other():
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


# Activations that are not one of each unit alone, or of the user


def half_tanh(z):
    return keras.ops.tanh(0.5 * z)


@dataclass
class Scaled:
    """An activation that cannot be hashed, because it can be compared."""

    factor: float

    def __call__(self, z):
        return keras.ops.tanh(self.factor * z)


FALLBACKS = {"softmax": "softmax", "a function": half_tanh, "an object": Scaled(0.5)}


@pytest.fixture(scope="module", params=FALLBACKS)
def fallback(request):
    """A fit on Keras' own layers, and raw Keras. Fitted once: do not fit it again."""
    activation = FALLBACKS[request.param]
    model = RNNRegressor(
        3,
        activation=activation,
        learning_rate=0.01,
        epochs=N_EPOCHS,
        shuffle=False,
        normalize_y=False,
        random_state=SEED,
    )
    model.fit(X, Y)
    start, _ = start_weights("simple_rnn")
    weights, history = fit_raw(
        "simple_rnn",
        start,
        Y,
        loss="mean_squared_error",
        optimizer=keras.optimizers.Adam(0.01),
        batch_size=32,
        activation=activation,
    )
    return SimpleNamespace(**locals())


def test_keras_layers_give_the_results_of_keras(fallback):
    assert_near(fallback.model.weights_, fallback.weights)
    assert_same_history(fallback.model.history_, fallback.history)


def test_keras_layers_predict_what_keras_predicts(fallback):
    expected = fallback.model.to_keras()(X.astype(np.float32)).numpy()
    assert_allclose(fallback.model.predict(X), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "verbose", "n_times"), [("softmax", 0, 0), *((name, 1, 1) for name in FALLBACKS)]
)
def test_training_on_keras_layers_is_printed_once_if_verbose(name, verbose, n_times, capsys):
    model = RNNRegressor(3, activation=FALLBACKS[name], epochs=2, verbose=verbose).fit(X, Y)
    printed = capsys.readouterr()
    assert printed.out.count("Training on Keras' own layers") == n_times
    assert printed.err == ""
    if not verbose:
        assert printed.out == ""
    assert model.n_iter_ == 2


def test_training_by_kernels_prints_no_engine(capsys):
    RNNRegressor(3, epochs=1, verbose=1).fit(X, Y)
    assert "Keras" not in capsys.readouterr().out


# Settings and types


def test_loss_objects_with_other_settings_train_differently():
    small = RNNRegressor(2, epochs=2, random_state=0)
    fits = [
        clone(small).set_params(loss=keras.losses.Huber(delta)).fit(X, Y)
        for delta in (0.1, 0.2, 0.1)
    ]
    assert fits[0].history_ == fits[2].history_ != fits[1].history_


def test_a_loss_that_looks_at_other_rows_is_that_of_the_engine_keras():
    def relative(y, outputs):
        spread = keras.ops.std(y) + 0.1
        return keras.ops.mean(keras.ops.square(y - outputs), axis=-1) / spread

    model = RNNRegressor(2, epochs=2, loss=relative, learning_rate=0.01, random_state=0)
    model.set_params(callbacks=[Engine()])
    by_kernels = clone(model).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert by_kernels.callbacks[0].model_type is KernelModel
    with config_context(engine="keras"):
        by_keras = clone(model).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert_same_history(by_kernels.history_, by_keras.history_)
    assert_near(by_kernels.weights_, by_keras.weights_)


@pytest.mark.parametrize(
    ("optimizer", "engine"), [("adam", "auto"), ("nadam", "auto"), ("adam", "keras")]
)
def test_a_global_policy_of_keras_changes_nothing(optimizer, engine):
    model = LSTMRegressor(2, epochs=2, optimizer=optimizer, loss=cubic_loss, random_state=0)
    policy = keras.config.dtype_policy()
    with config_context(engine=engine):
        expected = clone(model).fit(X, Y).predict(X)
        keras.config.set_dtype_policy("mixed_float16")
        try:
            assert_array_equal(clone(model).fit(X, Y).predict(X), expected)
        finally:
            keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_a_loss_may_be_a_lambda(engine):
    loss = lambda y, outputs: cubic_loss(y, outputs)  # noqa: E731 - that is what is tested
    model = RNNRegressor(2, epochs=2, random_state=0)
    with config_context(engine=engine):
        by_lambda = clone(model).set_params(loss=loss).fit(X, Y)
        by_name = clone(model).set_params(loss=cubic_loss).fit(X, Y)
    assert by_lambda.history_ == by_name.history_


@pytest.mark.skipif("muon" not in optimizer_names(), reason="Keras before 3.10 has no Muon")
def test_muon_moves_an_embedding_as_keras_does():
    # It moves matrices in another way than vectors, but an embedding like a vector. One row to a
    # batch: Keras squares the gradient of a symbol that comes twice in two parts.
    order = np.random.default_rng(0)
    symbols = np.array([order.permutation(4)[:N_TIMESTEPS] for _ in range(20)]) + 1
    model = RNNRegressor(
        3,
        embedding_dim=2,
        optimizer="muon",
        learning_rate=0.02,
        batch_size=1,
        epochs=1,
        normalize_y=False,
        random_state=SEED,
    )
    with config_context(engine="keras"):
        expected = clone(model).fit(symbols, Y[:20])
    assert_near(clone(model).fit(symbols, Y[:20]).weights_, expected.weights_)


def test_weights_in_double_precision_predict_as_well():
    model = RNNRegressor(2, epochs=1, random_state=0).fit(X, Y)
    expected = model.predict(X)
    model.weights_ = [weights.astype(np.float64) for weights in model.weights_]
    assert_array_equal(model.predict(X), expected)


# A loss means what its name says, in the units of y


class Quartic(keras.losses.Loss):
    """A loss object of the user."""

    def call(self, y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 4, axis=-1)


# All outputs are positive, and of other sizes.
PRICES = np.column_stack([5 + np.abs(X.sum(axis=(1, 2))), 100 + 30 * X[:, -1, 0]])
PRICES_VAL = np.column_stack([5 + np.abs(X_VAL.sum(axis=(1, 2))), 100 + 30 * X_VAL[:, -1, 0]])

IN_UNITS = {
    "mape": "mape",
    "msle": "msle",
    "poisson": "poisson",
    "huber": "huber",
    "log_cosh": "log_cosh",
    "a function of Keras": keras.losses.mean_absolute_percentage_error,
    "an object of Keras": keras.losses.Huber(delta=20.0),
    "a loss that kernels do not have": "cosine_similarity",
    "a sum": keras.losses.Huber(reduction="sum"),
    "a function of the user": cubic_loss,
    "an object of the user": Quartic(),
}


def measure(loss, y, outputs, sample_weight=None):
    """Return what Keras says of outputs."""
    loss = keras.losses.get(loss)
    y, outputs = y.astype(np.float32), outputs.astype(np.float32)
    if isinstance(loss, keras.losses.Loss):
        return float(loss(y, outputs, sample_weight))
    values = np.asarray(loss(y, outputs))
    return float(np.mean(values if sample_weight is None else sample_weight * values))


@pytest.mark.parametrize("name", IN_UNITS)
def test_history_is_the_loss_of_predictions_in_the_units_of_y(name):
    # Nothing is learned: predictions after an epoch are those in it. One batch has all rows. The
    # history of the engine "keras" is the same: test_engines_agree_on_a_loss_in_the_units_of_y.
    model = RNNRegressor(
        3, loss=IN_UNITS[name], learning_rate=1e-12, epochs=1, batch_size=N_ROWS, random_state=SEED
    )
    model.fit(X, PRICES, sample_weight=WEIGHT, X_val=X_VAL, y_val=PRICES_VAL)
    assert_allclose(
        model.history_["loss"], measure(IN_UNITS[name], PRICES, model.predict(X), WEIGHT), rtol=1e-4
    )
    assert_allclose(
        model.history_["val_loss"],
        measure(IN_UNITS[name], PRICES_VAL, model.predict(X_VAL)),
        rtol=1e-4,
    )


@pytest.mark.parametrize("engine", ["auto", "keras"])
@pytest.mark.parametrize(
    "loss",
    [
        "mse",
        "mean_absolute_error",
        keras.losses.MeanSquaredError(),
        keras.losses.mean_absolute_error,
        keras.losses.MeanSquaredError(reduction="sum"),
    ],
    ids=["mse", "mean_absolute_error", "an object", "a function", "a sum"],
)
def test_squared_and_absolute_errors_are_in_standard_deviations_of_y(loss, engine):
    model = RNNRegressor(
        3, loss=loss, learning_rate=1e-12, epochs=1, batch_size=N_ROWS, random_state=SEED
    )
    with config_context(engine=engine):
        model.fit(X, PRICES)
    spread = PRICES.std(axis=0)
    expected = measure(loss, PRICES / spread, model.predict(X) / spread)
    assert_allclose(model.history_["loss"], expected, rtol=1e-4)


@pytest.mark.parametrize("engine", ["auto", "keras"])
@pytest.mark.parametrize("loss", ["huber", cubic_loss], ids=["huber", "a function of the user"])
def test_loss_of_sequences_is_in_the_units_of_y(loss, engine):
    y = 50 + 10 * X.cumsum(axis=1)
    model = GRURegressor(
        3,
        architecture="sequence_to_sequence",
        loss=loss,
        learning_rate=1e-12,
        epochs=1,
        batch_size=N_ROWS,
        random_state=SEED,
    )
    with config_context(engine=engine):
        model.fit(X, y)
    assert_allclose(model.history_["loss"], measure(loss, y, model.predict(X)), rtol=1e-4)


@pytest.mark.parametrize("name", IN_UNITS)
def test_engines_agree_on_a_loss_in_the_units_of_y(name):
    # Not copied by `clone`: Keras' copies of losses lose settings, or are refused.
    by_kernels, expected = (
        RNNRegressor(
            3,
            loss=IN_UNITS[name],
            learning_rate=0.01,
            clipnorm=1.0,
            epochs=2,
            random_state=SEED,
            callbacks=[Engine()],
        )
        for _ in range(2)
    )
    options = {"sample_weight": WEIGHT, "X_val": X_VAL, "y_val": PRICES_VAL}
    with config_context(engine="keras"):
        expected.fit(X, PRICES, **options)
    by_kernels.fit(X, PRICES, **options)
    assert by_kernels.callbacks[0].model_type is KernelModel
    assert_near(by_kernels.weights_, expected.weights_)
    assert_same_history(by_kernels.history_, expected.history_)


def test_linear_skip_starts_alike_whatever_the_loss():
    model = RNNRegressor(2, linear_skip=True, learning_rate=1e-12, epochs=1, random_state=SEED)
    expected = clone(model).fit(X, PRICES).predict(X)
    for loss in ("huber", cubic_loss):
        assert_allclose(model.set_params(loss=loss).fit(X, PRICES).predict(X), expected, rtol=1e-4)


@pytest.mark.parametrize("loss", ["mape", "msle", "poisson", "huber"])
def test_a_standardized_start_is_no_worse_than_one_in_the_units_of_y(loss):
    # Nothing of y is in X, so the best answer is the constant that the loss is smallest at.
    noise = np.random.default_rng(0)
    y, rows = noise.lognormal(size=800), noise.normal(size=(800, 3))
    reached = {}
    for normalize_y in (False, True):
        model = RNNRegressor(2, epochs=40, learning_rate=0.01, loss=loss, random_state=0)
        model.set_params(normalize_y=normalize_y).fit(rows, y)
        reached[normalize_y] = measure(loss, y[:, np.newaxis], model.predict(rows)[:, np.newaxis])
    assert reached[True] <= reached[False] + 0.02 * abs(reached[False])
    constants = np.linspace(0.01, 5, 200)
    best = min(
        measure(loss, y[:, np.newaxis], np.full((800, 1), constant)) for constant in constants
    )
    assert reached[True] <= best + 0.02 * abs(best)


# Schedules


class TakeSchedule(keras.callbacks.Callback):
    """Puts a schedule in the place of the learning rate."""

    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = falling_rate()


def falling_rate():
    return keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.9)


def test_a_schedule_that_a_callback_sets_is_trained_with():
    model = GRURegressor(3, optimizer="sgd", epochs=2, random_state=0).fit(X, Y)
    model.set_params(callbacks=[TakeSchedule()]).fit(X, Y)
    optimizer = keras.optimizers.SGD(falling_rate())
    expected = GRURegressor(3, optimizer=optimizer, epochs=2, random_state=0).fit(X, Y)
    assert model.history_["loss"] == expected.history_["loss"]
