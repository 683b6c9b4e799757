"""Gradients of the states, compared with finite differences and with TensorFlow."""

import pickle
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import STEPS, Weights, decode, first_state, identity, run_layer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
)
from skrnn._keras.layers import PeepholeLSTMCell
from skrnn.inspection import gradient_flow

N_SAMPLES, N_TIMESTEPS, N_FEATURES, UNITS, N_OUTPUTS = 5, 4, 2, 3, 2
# Class, its own options, name of the cell in `recurrences`, and cell of Keras.
CELLS = {
    "rnn": (RNNRegressor, {}, "simple_rnn", keras.layers.SimpleRNNCell),
    "lstm": (LSTMRegressor, {}, "lstm", keras.layers.LSTMCell),
    "lstm_peephole": (LSTMRegressor, {"peephole": True}, "peephole_lstm", PeepholeLSTMCell),
    "gru": (GRURegressor, {}, "gru", keras.layers.GRUCell),
    "gru_reset_before": (GRURegressor, {"reset_after": False}, "gru", keras.layers.GRUCell),
}
# Missing steps of each row. The third step is missing in all rows.
LACKING = [[2], [0, 2], [1, 2], [2, 3], [0, 2, 3]]


def make_rows(*, lacking=False, y_shape=(N_OUTPUTS,)):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_SAMPLES, N_TIMESTEPS, N_FEATURES))
    y = rng.normal(3, 2, size=(N_SAMPLES, *y_shape))
    if lacking:
        for row, steps in zip(X, LACKING, strict=True):
            row[steps] = np.nan
    return X, y


def fit_any_weights(estimator, X, y):
    """Start the estimator and draw random weights, which is faster than a fit."""
    estimator._set_initial_weights(X, y)
    rng = np.random.default_rng(1)
    estimator.weights_ = [rng.normal(scale=0.5, size=w.shape) for w in estimator.weights_]
    return estimator


def mean_of_present(norms, present):
    """Return the mean over the rows, NaN where the step is missing in all of them."""
    norms, counts = np.where(present, norms, 0).sum(axis=0), present.sum(axis=0)
    return np.where(counts, norms / np.maximum(counts, 1), np.nan)


# Finite differences in float64, one layer


def differentiate(loss_of, h, step=1e-5):
    """Return the norms of the gradients of rows by central differences."""
    slopes = []
    for unit in range(h.shape[1]):
        shift = step * np.eye(h.shape[1])[unit]
        slopes.append((loss_of(h + shift) - loss_of(h - shift)) / (2 * step))
    return np.linalg.norm(slopes, axis=0)


def expected_flow(estimator, X, y, cell, *, decoder_steps=None):
    """Perturb the state after each step, and run the rest of the recurrence."""
    reset_after = cell == "gru" and estimator.reset_after
    weights = Weights(estimator.weights_, cell, reset_after=reset_after)
    present = ~np.isnan(X[..., 0])
    X = np.nan_to_num(X)
    target = (y - estimator._y_mean) / estimator._y_scale

    def make_step(n_inputs, units):
        layer = weights.take_layer(n_inputs, units)
        take = STEPS[cell, reset_after]
        return lambda x, state: take(x, state, layer, np.tanh)

    step = make_step(X.shape[2], UNITS)
    of_rest = list(weights.arrays)

    def loss_after(t, h, others):
        steps = slice(t + 1, None)
        state = (
            run_layer(X[:, steps], present[:, steps], (h, *others), step)[1]
            if (t + 1 < X.shape[1])
            else (h, *others)
        )
        weights.arrays = list(of_rest)
        if decoder_steps is None:
            kernel, bias = weights.take_head(UNITS)
            outputs = state[0] @ kernel + bias
        else:
            outputs = decode([state], weights, make_step, [UNITS], decoder_steps, identity)
        return ((outputs - target) ** 2).reshape(len(X), -1).mean(axis=1)

    norms = []
    state = first_state(len(X), UNITS, cell)
    for t in range(X.shape[1]):
        _, state = run_layer(X[:, [t]], present[:, [t]], state, step)
        h, *others = state
        norms.append(differentiate(lambda h, t=t, others=others: loss_after(t, h, others), h))
    return mean_of_present(np.transpose(norms), present)


@pytest.mark.parametrize("lacking", [False, True], ids=["complete", "lacking"])
@pytest.mark.parametrize("cell", CELLS)
def test_flow_equals_finite_differences_of_the_textbook(cell, lacking):
    estimator_class, options, name, _ = CELLS[cell]
    X, y = make_rows(lacking=lacking)
    model = fit_any_weights(estimator_class(UNITS, **options), X, y)
    flow = gradient_flow(model, X, y)
    assert flow.shape == (N_TIMESTEPS,)
    assert_allclose(flow, expected_flow(model, X, y, name), rtol=1e-4)
    assert np.isnan(flow).tolist() == [False, False, lacking, False]


@pytest.mark.parametrize("cell", CELLS)
def test_flow_of_an_encoder_passes_through_the_decoder(cell):
    estimator_class, options, name, _ = CELLS[cell]
    X, y = make_rows(y_shape=(3, N_OUTPUTS))
    model = estimator_class(UNITS, architecture="encoder_decoder", **options)
    fit_any_weights(model, X, y)
    expected = expected_flow(model, X, y, name, decoder_steps=3)
    assert_allclose(gradient_flow(model, X, y), expected, rtol=1e-4)


# TensorFlow's gradients of a Keras twin, which adds a perturbation of 0 to every state


class PerturbedCell(keras.layers.Layer):
    """A Keras cell that adds the last columns of its inputs to the state h."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.state_size, self.output_size = cell.state_size, cell.units

    def build(self, shape):
        self.cell.build((*shape[:-1], shape[-1] - self.cell.units))

    def call(self, inputs, states):
        units = self.cell.units
        _, (h, *others) = self.cell(inputs[:, :-units], list(states))
        h = h + inputs[:, -units:]
        return h, [h, *others]


def run_perturbed(cell_class, options, units, hidden, present, perturbation, weights, *, back):
    """Return the outputs of a layer at each step, in the order of reading."""
    cell = PerturbedCell(cell_class(units, **options))
    layer = keras.layers.RNN(cell, return_sequences=True, go_backwards=back)
    inputs = tf.concat([hidden, perturbation], axis=2)
    layer.build(tuple(inputs.shape))
    layer.set_weights([weights.pop(0) for _ in layer.weights])
    return layer(inputs, mask=present)


def twin_flows(model, cell_class, options, X, loss_of):
    """Return the flow by layer and direction, given the loss of rows by their outputs."""
    present = ~np.isnan(X[..., 0])
    mask = None if present.all() else tf.constant(present)
    weights = list(model.weights_)
    to_vector = model.architecture == "sequence_to_vector"
    directions = [False, True] if model.bidirectional else [False]
    shape = (len(X), X.shape[1])
    perturbations = {
        (depth, one): tf.zeros((*shape, units))
        for depth, units in enumerate(model.units)
        for one in directions
    }
    with tf.GradientTape() as tape:
        tape.watch(perturbations)
        hidden = tf.constant(np.nan_to_num(X), tf.float32)
        for depth, units in enumerate(model.units):
            parts = []
            for one in directions:
                read = perturbations[depth, one]
                out = run_perturbed(
                    cell_class, options, units, hidden, mask, read, weights, back=one
                )
                if to_vector and depth == len(model.units) - 1:
                    parts.append(out[:, -1])
                else:
                    parts.append(tf.reverse(out, (1,)) if one else out)
            hidden = tf.concat(parts, axis=-1)
        kernel, bias = weights
        total = tf.reduce_sum(loss_of(hidden @ kernel + bias))
    gradients = tape.gradient(total, perturbations)
    return {
        (layer, "backward" if back else "forward"): mean_of_present(
            np.linalg.norm(gradient.numpy(), axis=2), present
        )
        for (layer, back), gradient in gradients.items()
    }


def squared_error(model, y, weight=1.0):
    target = tf.constant((y - model._y_mean) / model._y_scale, tf.float32)

    def loss_of(outputs):
        values = tf.reduce_mean((outputs - target) ** 2, axis=-1) * weight
        return tf.reduce_mean(tf.reshape(values, (len(y), -1)), axis=1)

    return loss_of


@pytest.mark.parametrize("lacking", [False, True], ids=["complete", "lacking"])
@pytest.mark.parametrize("architecture", ["sequence_to_vector", "sequence_to_sequence"])
@pytest.mark.parametrize("cell", CELLS)
def test_flow_equals_that_of_a_keras_twin_in_each_layer_and_direction(cell, architecture, lacking):
    estimator_class, options, _, cell_class = CELLS[cell]
    of_cell = options if cell_class is keras.layers.GRUCell else {}
    sequences = architecture == "sequence_to_sequence"
    y_shape = (N_TIMESTEPS, N_OUTPUTS) if sequences else (N_OUTPUTS,)
    X, y = make_rows(lacking=lacking, y_shape=y_shape)
    model = estimator_class((3, 2), bidirectional=True, architecture=architecture, **options)
    fit_any_weights(model, X, y)
    weight = 1.0
    if sequences and lacking:
        # The loss of training is the mean over the steps that are not missing.
        present = ~np.isnan(X[..., 0])
        weight = tf.constant(present / present.mean(), tf.float32)
    loss_of = squared_error(model, y, weight)
    expected = twin_flows(model, cell_class, of_cell, X, loss_of)
    assert len(expected) == 4
    for (layer, direction), flow in expected.items():
        assert_allclose(
            gradient_flow(model, X, y, layer=layer, direction=direction), flow, rtol=1e-4
        )


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_flow_of_a_classifier_is_that_of_its_weighed_cross_entropy(loss):
    X, _ = make_rows()
    y = np.array(list("abcab"))
    class_weight = {"a": 1.0, "b": 2.0, "c": 3.0}
    model = LSTMClassifier((3, 2), loss=loss, class_weight=class_weight)
    fit_any_weights(model, X, y)
    numbers = np.searchsorted(["a", "b", "c"], y)
    weight = np.array([1.0, 2.0, 3.0])[numbers].astype(np.float32)

    def loss_of(outputs):
        return -weight * tf.gather(tf.nn.log_softmax(outputs), numbers, axis=1, batch_dims=1)

    for (layer, _), flow in twin_flows(model, keras.layers.LSTMCell, {}, X, loss_of).items():
        assert_allclose(gradient_flow(model, X, y, layer=layer), flow, rtol=1e-4)


def test_probabilities_next_to_0_have_gradients():
    # Keras clips probabilities, unless it finds the logits that they were computed from.
    X, _ = make_rows()
    y = np.array([0, 1, 0, 1, 0])
    model = fit_any_weights(GRUClassifier((3,)), X, y)
    model.weights_[-1] = np.array([40.0, -40.0], np.float32)

    def loss_of(outputs):
        return -tf.gather(tf.nn.log_softmax(outputs), y, axis=1, batch_dims=1)

    (expected,) = twin_flows(model, keras.layers.GRUCell, {}, X, loss_of).values()
    assert (expected > 0.01).any()
    assert_allclose(gradient_flow(model, X, y), expected, rtol=1e-4)


def test_a_loss_that_is_summed_over_steps_has_as_many_times_the_gradient():
    X, y = make_rows(y_shape=(N_TIMESTEPS, N_OUTPUTS))
    model = RNNRegressor(UNITS, architecture="sequence_to_sequence")
    mean = gradient_flow(fit_any_weights(model, X, y), X, y)
    model.set_params(loss=keras.losses.MeanSquaredError(reduction="sum"))
    assert_allclose(gradient_flow(model, X, y), N_TIMESTEPS * mean, rtol=1e-5)


def test_steps_of_a_vector_to_sequence_are_those_of_the_repeated_vector():
    X, y = make_rows(y_shape=(3, N_OUTPUTS))
    vectors = X[:, 0]
    model = RNNRegressor((3, 2), architecture="vector_to_sequence")
    fit_any_weights(model, vectors, y)
    loss_of, repeated = squared_error(model, y), np.repeat(vectors[:, None], 3, axis=1)
    cell = keras.layers.SimpleRNNCell
    for (layer, _), flow in twin_flows(model, cell, {}, repeated, loss_of).items():
        assert_allclose(gradient_flow(model, vectors, y, layer=layer), flow, rtol=1e-4)


def test_symbols_that_an_embedding_does_not_know_are_missing_steps():
    symbols = np.array([[1, 2, 3, 0], [2, 3, 0, 0], [3, 1, 1, 0]])
    y = np.array([0.0, 1.0, 2.0])
    model = fit_any_weights(GRURegressor(3, embedding_dim=2), symbols, y)
    flow = gradient_flow(model, symbols, y)
    assert np.isnan(flow).tolist() == [False, False, False, True]
    assert_allclose(flow[2], gradient_flow(model, symbols[[0, 2]], y[[0, 2]])[2], rtol=1e-5)
    symbols[:, 3] = 4
    assert_array_equal(gradient_flow(model, symbols, y), flow)


# Initial weights


def barely_trained(estimator):
    """Train with steps that are too small to change float32 weights."""
    return estimator.set_params(optimizer="sgd", learning_rate=1e-30, epochs=1, random_state=5)


LABELS = np.array(["no", "yes", "no", "no", "yes", "no"])


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (RNNRegressor((4, 3), bidirectional=True, dropout=0.3), None),
        (LSTMRegressor(4, peephole=True, memory_steps=20, early_stopping=True), None),
        (GRURegressor(4, memory_steps=20, recurrent_dropout=0.2), None),
        (GRUClassifier(4, class_weight="balanced"), LABELS),
    ],
    ids=["rnn", "lstm", "gru", "classifier"],
)
def test_initial_flow_is_that_of_the_weights_that_fit_starts_from(estimator, y):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 5))
    X[0, :2] = np.nan
    y = rng.normal(size=6) if y is None else y
    before = barely_trained(estimator)
    initial = gradient_flow(before, X, y, initial=True)
    assert not hasattr(before, "weights_")
    assert_array_equal(initial, gradient_flow(before.fit(X, y), X, y))
    assert (initial > 0).all()


def test_a_linear_skip_starts_with_a_head_of_0_and_so_without_a_gradient():
    X, y = make_rows()
    assert_array_equal(
        gradient_flow(LSTMRegressor(3, linear_skip=True), X, y, initial=True), np.zeros(4)
    )


def test_a_fitted_estimator_has_an_initial_flow_too_and_keeps_its_weights():
    X, y = make_rows()
    model = RNNRegressor(3, epochs=5, learning_rate=0.1, random_state=0)
    initial = gradient_flow(model, X, y, initial=True)
    model.fit(X, y)
    before = pickle.dumps(vars(model))
    trained = gradient_flow(model, X, y)
    assert_array_equal(gradient_flow(model, X, y, initial=True), initial)
    assert not np.allclose(trained, initial)
    assert pickle.dumps(vars(model)) == before


@pytest.mark.parametrize("seed", range(3))
def test_at_its_start_a_simple_rnn_has_next_to_no_gradient_at_the_first_of_100_steps(seed):
    # Default parameters: 50 units, orthogonal recurrent kernel.
    X = np.random.default_rng(seed).normal(size=(100, 100))
    flow = gradient_flow(RNNRegressor(random_state=seed), X, X[:, -1], initial=True)
    assert 0 < 1000 * flow[0] < flow[-1]


# Weights trained on the recall


def test_a_trained_lstm_with_memory_steps_keeps_gradient_at_the_first_step_of_the_recall():
    # As in examples/exercises/memory.py, with half the rows and too few epochs to learn the task.
    # examples/inside/plot_vanishing_gradient.py trains until one network has learned the task.
    noise = np.random.default_rng(0).uniform(size=(1_000, 100))
    first = {}
    for memory_steps in (None, 100):
        model = LSTMRegressor(
            16,
            memory_steps=memory_steps,
            epochs=20,
            learning_rate=0.003,
            clipnorm=1.0,
            random_state=0,
        )
        model.fit(noise, noise[:, 0])
        first[memory_steps] = gradient_flow(model, noise[:200], noise[:200, 0])[0]
    assert first[100] > 100 * first[None]


# Estimators and errors


def test_means_over_rows_do_not_depend_on_the_size_of_blocks(monkeypatch):
    X, y = make_rows(lacking=True)
    model = fit_any_weights(GRURegressor(UNITS), X, y)
    at_once = gradient_flow(model, X, y)
    monkeypatch.setattr("skrnn._network.gates_and_gradients._N_ROWS", 2)
    assert_allclose(gradient_flow(model, X, y), at_once, rtol=1e-5)


def test_flow_of_a_pipeline_or_a_search_is_that_of_its_network(series):
    model = GRURegressor(3, epochs=1, random_state=0)
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(5), model)
    y = series[:, 0]
    initial = gradient_flow(pipe, series, y, initial=True)
    windows = SlidingWindowTransformer(5).fit_transform(StandardScaler().fit_transform(series))
    assert_array_equal(initial, gradient_flow(model, windows, y, initial=True))
    assert not hasattr(pipe[0], "mean_")

    search = GridSearchCV(pipe, {"gruregressor__units": [3]}, cv=2).fit(series, y)
    best = search.best_estimator_
    flow = gradient_flow(search, series, y)
    assert_array_equal(flow, gradient_flow(best, series, y))
    assert_array_equal(flow, gradient_flow(best[-1], best[:-1].transform(series), y))
    assert_array_equal(gradient_flow(search, series, y, initial=True), initial)


def test_parameters_set_after_fit_do_not_change_the_flow():
    X, y = make_rows(y_shape=(N_TIMESTEPS, N_OUTPUTS))
    model = fit_any_weights(GRURegressor(UNITS, architecture="sequence_to_sequence"), X, y)
    flow = gradient_flow(model, X, y)
    model.set_params(architecture="sequence_to_vector", units=7, bidirectional=True)
    assert_array_equal(gradient_flow(model, X, y), flow)


def draw_from_all(generator):
    """Draw from the global generators and from that of the user."""
    # The global generator is tested here.
    return (
        random.random(),
        np.random.random(),  # noqa: NPY002
        float(tf.random.uniform(())),
        generator.random_sample(),
    )


def seed_all():
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    tf.random.set_seed(3)
    return np.random.RandomState(3)


def test_random_generators_are_not_used():
    X, y = make_rows()
    expected = draw_from_all(seed_all())
    generator = seed_all()
    model = RNNRegressor(3, dropout=0.5, random_state=generator)
    gradient_flow(model, X, y, initial=True)
    assert draw_from_all(generator) == expected


def takes_all_rows(y, outputs):
    return tf.reduce_mean((y - outputs) ** 2)


def test_wrong_input_is_refused():
    X, y = make_rows()
    model = RNNRegressor((3, 2))
    with pytest.raises(NotFittedError):
        gradient_flow(model, X, y)
    search = GridSearchCV(model, {"units": [3]})
    with pytest.raises(NotFittedError, match="has not chosen"):
        gradient_flow(search, X, y, initial=True)
    with pytest.raises(NotFittedError, match="GridSearchCV"):
        gradient_flow(search, X, y)
    ridge = Ridge()
    with pytest.raises(TypeError, match=r"Ridge\(\) is not a recurrent estimator"):
        gradient_flow(ridge, X[..., 0], y, initial=True)
    with pytest.raises(TypeError, match="is not a recurrent estimator"):
        gradient_flow(ridge.fit(X[..., 0], y), X[..., 0], y)
    fit_any_weights(model, X, y)
    with pytest.raises(ValueError, match=r"layer=2 does not exist: the network has 2"):
        gradient_flow(model, X, y, layer=2)
    with pytest.raises(ValueError, match='direction="backward" does not exist'):
        gradient_flow(model, X, y, direction="backward")
    with pytest.raises(ValueError, match="'direction' parameter"):
        gradient_flow(model, X, y, direction="sideways")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        gradient_flow(model, X, y[1:])
    with pytest.raises(ValueError, match="3 output"):
        gradient_flow(model, X, np.ones((N_SAMPLES, 3)))
    with pytest.raises(ValueError, match="'units' parameter of RNNRegressor"):
        gradient_flow(RNNRegressor(units=0), X, y, initial=True)
    with pytest.raises(ValueError, match="does not return one number for each row"):
        gradient_flow(model.set_params(loss=takes_all_rows), X, y)
