"""The kernels against Keras' layers, textbook recurrences and finite differences."""

import keras
import numpy as np
import pytest
import recurrences
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import run_layer

from skrnn import _keras_layers
from skrnn._engine import kernels, layers, peephole

# Class and the options that only this cell has.
CELLS = {
    "rnn": ("SimpleRNN", {}),
    "lstm": ("LSTM", {}),
    "peephole_lstm": ("PeepholeLSTM", {}),
    "gru": ("GRU", {"reset_after": True}),
    "gru_reset_before": ("GRU", {"reset_after": False}),
}
# A step of each, and how many states it has.
TEXTBOOKS = {
    "rnn": (recurrences.simple_rnn_step, 1),
    "lstm": (recurrences.lstm_step, 2),
    "peephole_lstm": (recurrences.peephole_lstm_step, 2),
    "gru": (recurrences.gru_reset_after_step, 1),
    "gru_reset_before": (recurrences.gru_step, 1),
}
# The output tells the slope of tanh and relu; that of gelu needs the input.
ACTIVATIONS = ["tanh", "relu", "gelu"]


def assert_near(actual, expected, tolerance):
    """Compare arrays by the norm of their difference; 1e-6 for those that are all but 0."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    assert np.linalg.norm(actual - expected) <= tolerance * np.linalg.norm(expected) + 1e-6


def random_weights(layer, rng):
    """Return weights of a usual size, biases too."""
    return [rng.normal(scale=0.5, size=weight.shape) for weight in layer.weights]


def make_layer(
    module, cell, n_features, units, activation="tanh", *, return_sequences=True, **others
):
    name, options = CELLS[cell]
    layer = getattr(module, name)(
        units, activation=activation, return_sequences=return_sequences, **options, **others
    )
    layer.build((None, None, n_features))
    return layer


def outputs_and_gradients(layer, X, seed, *, present=None, jit_compile=None):
    """Return the outputs, and the gradients of weights, inputs and a first state of zeros.

    The gradients are those of a sum of the outputs with random factors.
    """
    X = tf.constant(X, tf.float32)
    mask = None if present is None else tf.constant(present)
    n_states = len(layer.state_size)
    state = [tf.zeros((len(X), layer.cell.units)) for _ in range(n_states)]

    def compute(X, *state):
        with tf.GradientTape() as tape:
            tape.watch([X, *state])
            outputs = layer(X, initial_state=list(state), mask=mask)
            if layer.return_state:
                outputs = tf.concat([tf.reshape(part, (-1,)) for part in outputs], axis=0)
            factors = np.random.default_rng(seed).normal(size=outputs.shape)
            total = tf.reduce_sum(outputs * tf.constant(factors, tf.float32))
        sources = [*(weight.value for weight in layer.trainable_variables), X, *state]
        return outputs, tape.gradient(total, sources)

    if jit_compile is not None:
        compute = tf.function(compute, jit_compile=jit_compile)
    return compute(X, *state)


# Against the layers of Keras


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=10, deadline=None)
@given(
    n_samples=st.integers(1, 6),
    n_timesteps=st.integers(1, 8),
    n_features=st.integers(1, 4),
    units=st.integers(1, 6),
    return_sequences=st.booleans(),
    return_state=st.booleans(),
    go_backwards=st.booleans(),
    share_present=st.sampled_from([None, 0.0, 0.7]),
    seed=st.integers(0, 2**32 - 1),
)
def test_outputs_and_gradients_are_those_of_keras(
    cell, activation, n_samples, n_timesteps, n_features, units, share_present, seed, **options
):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_timesteps, n_features))
    present = None
    if share_present is not None:
        present = rng.random(X.shape[:2]) < share_present
    ours, theirs = (
        make_layer(module, cell, n_features, units, activation, **options)
        for module in (layers, _keras_layers)
    )
    weights = random_weights(theirs, rng)
    ours.set_weights(weights)
    theirs.set_weights(weights)
    outputs, gradients = outputs_and_gradients(ours, X, seed, present=present)
    expected_outputs, expected_gradients = outputs_and_gradients(theirs, X, seed, present=present)
    assert_near(outputs, expected_outputs, 1e-5)
    # Without a state the first one is zeros.
    if present is None and not ours.return_state:
        assert_array_equal(ours(tf.constant(X, tf.float32)), outputs)
    if present is not None:
        assert_array_equal(gradients[len(weights)].numpy()[~present], 0)
        # Before the first step that is present Keras gives zeros, not the first state: the same
        # here, but for the gradient of that state.
        gradients, expected_gradients = (
            these[: len(weights) + 1] for these in (gradients, expected_gradients)
        )
    for gradient, expected in zip(gradients, expected_gradients, strict=True):
        assert_near(gradient, expected, 1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_weights_have_the_names_and_shapes_of_keras(cell):
    ours, theirs = (make_layer(module, cell, 2, 3) for module in (layers, _keras_layers))
    assert [(weight.name, weight.shape) for weight in ours.weights] == [
        (weight.name, weight.shape) for weight in theirs.weights
    ]


@pytest.mark.parametrize(
    ("cell", "activation"),
    [
        ("rnn", "relu"),
        ("lstm", "tanh"),
        ("lstm", "gelu"),
        ("peephole_lstm", "tanh"),
        ("gru", "tanh"),
        ("gru_reset_before", "gelu"),
    ],
)
def test_compiled_by_xla_they_are_what_they_are_eagerly(cell, activation):
    rng = np.random.default_rng(0)
    layer = make_layer(layers, cell, 2, 5, activation)
    layer.set_weights(random_weights(layer, rng))
    X = rng.normal(size=(3, 6, 2))
    present = rng.random(X.shape[:2]) < 0.7
    outputs, gradients = outputs_and_gradients(layer, X, 1, present=present, jit_compile=True)
    expected_outputs, expected_gradients = outputs_and_gradients(layer, X, 1, present=present)
    assert_near(outputs, expected_outputs, 1e-5)
    for gradient, expected in zip(gradients, expected_gradients, strict=True):
        assert_near(gradient, expected, 1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_in_a_graph_the_number_of_steps_may_be_unknown(cell):
    rng = np.random.default_rng(0)
    layer = make_layer(layers, cell, 2, 3)
    layer.set_weights(random_weights(layer, rng))
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, None, 2), tf.float32)])
    for n_timesteps in (1, 5):
        X = tf.constant(rng.normal(size=(4, n_timesteps, 2)), tf.float32)
        assert_near(graph(X), layer(X), 1e-6)


# Against textbooks


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_are_those_of_the_textbook(cell, return_sequences):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(3, 5, 2))
    layer = make_layer(layers, cell, 2, 4, return_sequences=return_sequences)
    weights = random_weights(layer, rng)
    layer.set_weights(weights)
    present = rng.random((3, 5)) > 0.4
    step, n_states = TEXTBOOKS[cell]
    expected, _ = run_layer(
        X,
        present,
        (np.zeros((3, 4)),) * n_states,
        lambda x, state: step(x, state, weights, np.tanh),
    )
    outputs = layer(tf.constant(X, tf.float32), mask=tf.constant(present))
    assert_near(outputs, expected if return_sequences else expected[:, -1], 1e-5)


# Against finite differences

N_TIMESTEPS, N_SAMPLES, UNITS = 3, 2, 2


def run_simple_rnn(activation, present, inputs, state, recurrent):
    return [kernels.simple_rnn(inputs, state, recurrent, activation, present)]


def run_lstm(activation, present, inputs, h, c, recurrent):
    return kernels.lstm(inputs, (h, c), recurrent, activation, present)


def run_peephole_lstm(activation, present, inputs, h, c, recurrent, weights):
    return peephole.peephole_lstm(inputs, (h, c), recurrent, weights, activation, present)


def run_gru(activation, present, inputs, state, recurrent, bias):
    return [kernels.gru_reset_after(inputs, state, recurrent, bias, activation, present)]


def run_gru_reset_before(activation, present, inputs, state, recurrent):
    return [kernels.gru_reset_before(inputs, state, recurrent, activation, present)]


# The kernel, its number of gates and of states, and the shape of what only it has.
KERNELS = {
    "rnn": (run_simple_rnn, 1, 1, []),
    "lstm": (run_lstm, 4, 2, []),
    "peephole_lstm": (run_peephole_lstm, 4, 2, [(3, UNITS)]),
    "gru": (run_gru, 3, 1, [(3 * UNITS,)]),
    "gru_reset_before": (run_gru_reset_before, 3, 1, []),
}
# One sample lacks the first step, the other one in the middle.
PRESENT = np.array([[False, True], [True, False], [True, True]])[..., np.newaxis]


def check_gradients(cell, activation, present=None):
    """Compare all gradients with central differences of a random sum of all that is returned."""
    run, n_gates, n_states, own_shapes = KERNELS[cell]
    rng = np.random.default_rng(3)
    shapes = [(N_TIMESTEPS, N_SAMPLES, n_gates * UNITS)]
    shapes += [(N_SAMPLES, UNITS)] * n_states
    shapes += [(UNITS, n_gates * UNITS)]
    shapes += own_shapes
    arrays = [rng.normal(size=shape) for shape in shapes]
    # Those of LSTM are h and c.
    factors = rng.normal(size=(n_states, N_TIMESTEPS, N_SAMPLES, UNITS))

    @tf.function
    def total(*tensors):
        parts = zip(factors, run(activation, mask, *tensors), strict=True)
        return tf.add_n([tf.reduce_sum(factor * part) for factor, part in parts])

    mask = None if present is None else tf.constant(present)
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = total(*tensors)
    gradients = tape.gradient(value, tensors)
    step = 1e-6
    for place, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        numeric = np.empty_like(array)
        for index in np.ndindex(*array.shape):
            values = []
            for moved in (step, -step):
                changed = array.copy()
                changed[index] += moved
                others = [*tensors[:place], tf.constant(changed), *tensors[place + 1 :]]
                values.append(float(total(*others)))
            numeric[index] = (values[0] - values[1]) / (2 * step)
        assert gradient.dtype == tf.float64
        assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("present", [None, PRESENT], ids=["all", "some"])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
@pytest.mark.parametrize("cell", KERNELS)
def test_gradients_are_those_of_finite_differences_from_any_first_state(cell, activation, present):
    check_gradients(cell, keras.activations.get(activation), present)


@pytest.mark.parametrize(
    "activation",
    [
        "tanh",
        "sigmoid",
        "relu",
        "linear",
        "elu",
        "exponential",
        "gelu",
        "hard_sigmoid",
        "hard_tanh",
        "leaky_relu",
        "mish",
        "relu6",
        "selu",
        "silu",
        "softplus",
        "softsign",
    ],
)
def test_slope_of_each_activation_is_that_of_finite_differences(activation):
    check_gradients("rnn", keras.activations.get(activation))


@pytest.mark.parametrize("cell", KERNELS)
def test_first_state_that_is_not_zero_is_where_the_recurrence_goes_on(cell):
    run, n_gates, n_states, own_shapes = KERNELS[cell]
    rng = np.random.default_rng(4)
    inputs = tf.constant(rng.normal(size=(5, N_SAMPLES, n_gates * UNITS)))
    state = [tf.constant(rng.normal(size=(N_SAMPLES, UNITS))) for _ in range(n_states)]
    weights = [tf.constant(rng.normal(size=(UNITS, n_gates * UNITS)))]
    weights += [tf.constant(rng.normal(size=shape)) for shape in own_shapes]

    def go(inputs, state):
        return run(keras.activations.tanh, None, inputs, *state, *weights)

    first = go(inputs[:2], state)
    second = go(inputs[2:], [part[-1] for part in first])
    for together, *apart in zip(go(inputs, state), first, second, strict=True):
        assert_allclose(together, np.concatenate(apart), rtol=1e-12)


# What a kernel cannot do


def user_activation(z):
    return tf.tanh(z)


@pytest.mark.parametrize("activation", [keras.activations.softmax, user_activation])
@pytest.mark.parametrize("cell", CELLS)
def test_activation_that_may_mix_units_is_refused_with_its_name(cell, activation):
    layer = make_layer(layers, cell, 2, 3, activation)
    with pytest.raises(TypeError, match=f"{activation.__name__}.*single numbers"):
        layer(tf.zeros((1, 2, 2)))


# Dropout

N_DRAWS = 20_000


def seeded_dropout(rate, seed=0):
    layer = layers.Dropout(rate, seed=seed)
    layer.seed_generator.state.assign([seed, 0])
    return layer


def drop(layer, inputs):
    """Return the outputs in training, in a program of XLA as the engine runs it."""
    return tf.function(lambda inputs: layer(inputs, training=True), jit_compile=True)(inputs)


@pytest.fixture(scope="module")
def ones():
    return tf.ones((100, N_DRAWS // 100))


def test_dropout_of_rate_0_returns_its_inputs():
    inputs = tf.constant(np.random.default_rng(0).normal(size=(50, 7)), tf.float32)
    assert_array_equal(drop(seeded_dropout(0.0), inputs), inputs)


def test_dropout_returns_its_inputs_when_it_is_not_training():
    inputs = tf.constant(np.random.default_rng(0).normal(size=(50, 7)), tf.float32)
    layer = seeded_dropout(0.9)
    assert_array_equal(layer(inputs, training=False), inputs)
    assert_array_equal(layer(inputs), inputs)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_scales_the_others(rate, ones):
    outputs = drop(seeded_dropout(rate), 3 * ones).numpy()
    dropped = outputs == 0
    # Five standard deviations of a binomial share.
    assert dropped.mean() == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / N_DRAWS))
    assert_allclose(outputs[~dropped], 3 / (1 - rate), rtol=1e-6)


@pytest.mark.parametrize("axis", [0, 1])
def test_dropout_draws_for_each_number(axis, ones):
    shares = np.mean(drop(seeded_dropout(0.5), ones).numpy() == 0, axis=axis)
    # Neither rows nor columns are dropped as a whole.
    assert 0.2 < shares.min() < shares.max() < 0.8


def test_gradient_of_dropout_is_its_mask(ones):
    layer = seeded_dropout(0.3)
    with tf.GradientTape() as tape:
        tape.watch(ones)
        outputs = drop(layer, ones)
        total = tf.reduce_sum(outputs)
    assert_array_equal(tape.gradient(total, ones), outputs)
    assert 0 < np.mean(outputs.numpy() == 0) < 1


def test_another_rate_is_not_traced_again(ones):
    layer = seeded_dropout(0.1)
    n_traces = 0

    @tf.function(jit_compile=True)
    def drop_counted(inputs):
        nonlocal n_traces
        n_traces += 1
        return layer(inputs, training=True)

    shares = []
    for rate in (0.1, 0.6, 0.0):
        layer.rate_value.assign(rate)
        shares.append(np.mean(drop_counted(ones).numpy() == 0))
    assert_allclose(shares, [0.1, 0.6, 0.0], atol=0.03)
    assert n_traces == 1


def test_rate_of_dropout_is_not_a_weight():
    assert seeded_dropout(0.1).weights == []


def test_masks_are_others_from_call_to_call_and_the_same_from_the_same_seed(ones):
    layer = seeded_dropout(0.5)
    program = tf.function(lambda inputs: layer(inputs, training=True), jit_compile=True)
    first, second = program(ones).numpy(), program(ones).numpy()
    # Of independent masks, half the numbers are the same.
    assert np.mean(first == second) == pytest.approx(0.5, abs=0.03)
    layer.seed_generator.state.assign([0, 0])
    assert_array_equal(program(ones), first)
    assert_array_equal(program(ones), second)
    layer.seed_generator.state.assign([1, 0])
    assert np.mean(program(ones).numpy() == first) == pytest.approx(0.5, abs=0.03)


def test_dropout_works_without_xla_too(ones):
    # A callback may call `self.model(rows, training=True)`, for one.
    outputs = seeded_dropout(0.5)(ones, training=True).numpy()
    assert np.mean(outputs == 0) == pytest.approx(0.5, abs=0.03)
    assert_allclose(outputs[outputs != 0], 2)


def test_dropout_leaves_the_global_generators_alone(ones):
    tf.random.set_seed(7)
    generator = tf.random.get_global_generator().state.numpy()
    undisturbed = tf.random.uniform((4,)).numpy()
    tf.random.set_seed(7)
    drop(seeded_dropout(0.5), ones)
    assert_array_equal(tf.random.uniform((4,)), undisturbed)
    assert_array_equal(tf.random.get_global_generator().state, generator)
