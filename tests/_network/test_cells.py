"""Networks compared with Keras' layers, textbook recurrences and finite differences."""

import keras
import numpy as np
import pytest
import recurrences
import tensorflow as tf
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skrnn._keras.models import build_model, with_keras_objects
from skrnn._network.activations import _NAMES, activate, find_activation_number, slopes
from skrnn._network.dropout import Dropout
from skrnn._network.initialization import draw_weights
from skrnn._network.network import Network, list_shapes, view_arrays, view_weights
from skrnn._network.passes import NetworkPass, softmax
from skrnn._network.prediction import predict
from skrnn._network.products import add_product

# Name and options of each cell.
CELLS = {
    "simple_rnn": ("simple_rnn", ()),
    "lstm": ("lstm", ()),
    "peephole_lstm": ("peephole_lstm", ()),
    "gru": ("gru", ()),
    "gru_reset_before": ("gru", (("reset_after", False),)),
}
ARCHITECTURES = (
    *("sequence_to_vector", "sequence_to_sequence"),
    *("vector_to_sequence", "encoder_decoder"),
)


def assert_near(actual, expected, tolerance):
    """Compare arrays by the norm of their difference. Add 1e-6 for arrays near 0."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    assert np.linalg.norm(actual - expected) <= tolerance * np.linalg.norm(expected) + 1e-6


class Case:
    """Network with random weights, rows, and random factors of its outputs."""

    def __init__(
        self,
        cell,
        *,
        architecture="sequence_to_vector",
        bidirectional=False,
        missing=False,
        softmax=False,
        units=(3, 2),
        n_samples=5,
        n_timesteps=4,
        n_features=2,
        n_outputs=2,
        activation="tanh",
        seed=0,
        **fields,
    ):
        rng = np.random.default_rng(seed)
        name, options = CELLS[cell]
        has_output_steps = architecture in ("vector_to_sequence", "encoder_decoder")
        self.network = Network(
            name,
            units,
            n_features,
            # Keras warns if there is a single class.
            max(n_outputs, 2) if softmax else n_outputs,
            architecture=architecture,
            n_steps=3 if has_output_steps else None,
            bidirectional=bidirectional and architecture != "encoder_decoder",
            output_activation="softmax" if softmax else "linear",
            masked=missing,
            activation=activation,
            cell_options=options,
            n_timesteps=n_timesteps if "linear_skip" in fields else None,
            **fields,
        )
        size = sum(int(np.prod(shape)) for shape in list_shapes(self.network))
        self.flat = rng.normal(scale=0.5, size=size).astype(np.float32)
        self.gradient = np.zeros_like(self.flat)
        is_vector = architecture == "vector_to_sequence"
        shape = (n_samples, n_features) if is_vector else (n_samples, n_timesteps, n_features)
        self.X = rng.normal(size=shape).astype(np.float32)
        if missing and not is_vector:
            lacks = rng.random(shape[:2]) < 0.4
            # Each row has a step, because Keras' layers have no state before the first step.
            lacks[np.arange(n_samples), rng.integers(n_timesteps, size=n_samples)] = False
            self.X[lacks] = np.nan
        n_read = self.network.n_steps if is_vector else n_timesteps
        self.run = NetworkPass(
            self.network,
            view_weights(self.network, self.flat),
            n_read,
            n_samples,
            view_weights(self.network, self.gradient),
        )
        self.factors = rng.normal(size=self.activate(self.run.forward(self.X)).shape)

    def activate(self, outputs):
        """Return outputs after the output activation."""
        return softmax(outputs) if self.network.output_activation == "softmax" else outputs

    def compute_textbook(self, flat):
        """Return the outputs of the NumPy recurrences, in float64."""
        network = self.network
        return recurrences.forward(
            self.X,
            view_arrays(network, np.asarray(flat, np.float64)),
            cell=network.cell,
            units=network.units,
            architecture=network.architecture,
            bidirectional=network.bidirectional,
            reset_after=not network.cell_options,
            activation=np.tanh,
            output_activation=recurrences.softmax
            if network.output_activation == "softmax"
            else recurrences.identity,
            n_steps=network.n_steps,
            linear_skip=network.linear_skip,
        )

    def compute_gradients(self):
        """Return the gradient of the sum of outputs times factors, by each weight."""
        activated = self.activate(self.run.forward(self.X))
        d_outputs = self.factors
        if self.network.output_activation == "softmax":
            d_outputs = activated * (
                d_outputs - (d_outputs * activated).sum(axis=-1, keepdims=True)
            )
        self.run.backward(d_outputs.astype(np.float32))
        return self.gradient


CASES = {
    "architecture": st.sampled_from(ARCHITECTURES),
    "bidirectional": st.booleans(),
    "missing": st.booleans(),
    "softmax": st.booleans(),
    "units": st.sampled_from([(1,), (3,), (5, 2), (8, 3, 4)]),
    "n_samples": st.integers(1, 6),
    "n_timesteps": st.integers(1, 6),
    "n_features": st.integers(1, 3),
    "n_outputs": st.integers(1, 3),
    "seed": st.integers(0, 2**32 - 1),
}


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=10)
@given(activation=st.sampled_from(["tanh", "relu", "gelu"]), **CASES)
def test_outputs_and_gradients_are_those_of_keras(cell, **drawn):
    case = Case(cell, **drawn)
    arrays = view_arrays(case.network, case.flat)
    model = build_model(with_keras_objects(case.network))
    model.set_weights(arrays)
    with tf.GradientTape() as tape:
        outputs = model(case.X, training=False)
        total = tf.reduce_sum(outputs * tf.constant(case.factors, tf.float32))
    assert_near(case.activate(case.run.forward(case.X)), outputs, 1e-5)
    expected = tape.gradient(total, model.trainable_variables, unconnected_gradients="zero")
    gradients = view_arrays(case.network, case.compute_gradients())
    for ours, theirs in zip(gradients, expected, strict=True):
        assert_near(ours, theirs, 1e-4)


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=25)
@given(**CASES)
def test_outputs_are_those_of_the_textbook(cell, **drawn):
    case = Case(cell, **drawn)
    expected = case.compute_textbook(case.flat)
    assert_near(case.activate(case.run.forward(case.X)), expected, 1e-5)
    assert_near(predict(case.network, view_arrays(case.network, case.flat), case.X), expected, 1e-5)


def finite_differences(value_of, flat, step=1e-6):
    slopes = []
    for place in range(flat.size):
        moved = np.zeros(flat.size)
        moved[place] = step
        slopes.append((value_of(flat + moved) - value_of(flat - moved)) / (2 * step))
    return np.array(slopes)


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_those_of_finite_differences(cell, architecture, missing):
    case = Case(cell, architecture=architecture, bidirectional=True, missing=missing, softmax=True)
    expected = finite_differences(
        lambda flat: (case.compute_textbook(flat) * case.factors).sum(),
        case.flat.astype(np.float64),
    )
    assert_near(case.compute_gradients(), expected, 1e-4)


def test_gradient_of_a_linear_skip_is_that_of_finite_differences():
    case = Case("lstm", missing=True, linear_skip=True)
    expected = finite_differences(
        lambda flat: (case.compute_textbook(flat) * case.factors).sum(),
        case.flat.astype(np.float64),
    )
    assert_near(case.compute_gradients(), expected, 1e-4)


# Recurrent dropout


def compute_masked_textbook(case, flat, masks):
    """Return the outputs of one layer by the textbook, with a mask of the state for each gate."""
    name = case.network.cell
    arrays = view_arrays(case.network, np.asarray(flat, np.float64))
    *layer, head_kernel, head_bias = arrays
    kernel, recurrent, bias = layer[:3]
    n_gates = len(masks)
    parts = np.split(recurrent, n_gates, axis=1)
    resets_before = dict(case.network.cell_options).get("reset_after") is False

    def products(h):
        return [(h * mask) @ part for mask, part in zip(masks, parts, strict=True)]

    h = c = np.zeros((len(case.X), case.network.units[0]))
    for x in case.X.astype(np.float64).swapaxes(0, 1):
        if name == "simple_rnn":
            h = np.tanh(x @ kernel + products(h)[0] + bias)
        elif name == "gru":
            biases = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
            from_x = np.split(x @ kernel + biases[0], 3, axis=1)
            from_h = [
                product + part
                for product, part in zip(products(h), np.split(biases[1], 3), strict=True)
            ]
            z, r = (recurrences.sigmoid(from_x[k] + from_h[k]) for k in (0, 1))
            inner = (r * h * masks[2]) @ parts[2] if resets_before else r * from_h[2]
            h = z * h + (1 - z) * np.tanh(from_x[2] + inner)
        else:
            from_x = np.split(x @ kernel + bias, 4, axis=1)
            z = [a + b for a, b in zip(from_x, products(h), strict=True)]
            peephole = layer[3] if name == "peephole_lstm" else np.zeros((3, h.shape[1]))
            i = recurrences.sigmoid(z[0] + peephole[0] * c)
            f = recurrences.sigmoid(z[1] + peephole[1] * c)
            c = f * c + i * np.tanh(z[2])
            h = recurrences.sigmoid(z[3] + peephole[2] * c) * np.tanh(c)
    return h @ head_kernel + head_bias


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_dropout_masks_the_state_of_each_gate_forward_and_backward(cell):
    case = Case(cell, units=(3,), recurrent_dropout=0.4)
    outputs = case.run.forward(case.X, np.random.default_rng(0))
    ((layer,),) = case.run.layers
    masks = layer.masks.astype(np.float64)
    assert_allclose(np.unique(masks), [0, 1 / 0.6], rtol=1e-4)
    assert_near(outputs, compute_masked_textbook(case, case.flat, masks), 1e-5)
    case.run.backward(case.factors.astype(np.float32))
    expected = finite_differences(
        lambda flat: (compute_masked_textbook(case, flat, masks) * case.factors).sum(),
        case.flat.astype(np.float64),
    )
    assert_near(case.gradient, expected, 1e-4)


def test_recurrent_dropout_is_off_without_a_generator():
    case = Case("lstm", recurrent_dropout=0.9)
    case.run.forward(case.X, np.random.default_rng(0))
    assert_near(case.run.forward(case.X), case.compute_textbook(case.flat), 1e-5)


# Dropout


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradient_of_a_network_with_dropout_is_that_of_finite_differences(architecture):
    case = Case("gru", architecture=architecture, bidirectional=True, dropout=0.5, n_samples=3)

    def value(flat):
        case.flat[:] = flat
        # The same generator draws the same masks.
        outputs = case.run.forward(case.X, np.random.default_rng(1))
        return float((outputs.astype(np.float64) * case.factors).sum())

    start = case.flat.astype(np.float64)
    # float32 needs a larger step.
    expected = finite_differences(value, start, step=1e-2)
    case.flat[:] = start
    case.run.forward(case.X, np.random.default_rng(1))
    case.run.backward(case.factors.astype(np.float32))
    assert_near(case.gradient, expected, 5e-3)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_scales_the_others(rate):
    dropout = Dropout(rate, [(3,), (100, 200)], np.dtype(np.float32))
    dropout.draw(np.random.default_rng(0))
    _, mask = dropout.masks
    dropped = mask == 0
    # Five standard deviations of a binomial share.
    assert dropped.mean() == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / 20_000))
    assert_allclose(mask[~dropped], 1 / (1 - rate), rtol=2e-4)
    # No row and no column is dropped as a whole.
    assert dropped.mean(axis=0).min() > 0
    assert dropped.mean(axis=1).max() < 1


# Activations

POINTS = np.array([-9, -6.5, -3.1, -1.2, -0.6, -0.3, 0.2, 0.7, 1.4, 2.9, 3.2, 6.4, 8.5], np.float32)


@pytest.mark.parametrize("name", _NAMES)
def test_activation_and_slope_are_those_of_keras(name):
    function = keras.activations.get(name)
    assert find_activation_number(name) == find_activation_number(function)
    z = tf.constant(POINTS)
    with tf.GradientTape() as tape:
        tape.watch(z)
        expected = function(z)
    values, slope = np.empty_like(POINTS), np.empty_like(POINTS)
    activate(find_activation_number(name), POINTS, values)
    slopes(find_activation_number(name), POINTS, values, slope)
    assert_allclose(values, expected, rtol=1e-5, atol=1e-6)
    assert_allclose(slope, tape.gradient(expected, z), rtol=1e-4, atol=1e-6)


def test_tanh_is_near_that_of_numpy():
    z = np.linspace(-12, 12, 200_001, dtype=np.float32)
    values = np.empty_like(z)
    activate(find_activation_number("tanh"), z, values)
    assert np.abs(values - np.tanh(z.astype(np.float64))).max() < 4e-7
    extremes = np.array([np.inf, -np.inf, np.nan, 0.0, 1e-30], np.float32)
    values = np.empty_like(extremes)
    activate(find_activation_number("tanh"), extremes, values)
    assert_allclose(values, np.tanh(extremes), rtol=1e-6)


def tanh(z):
    return keras.ops.tanh(z)


@pytest.mark.parametrize("activation", ["softmax", "no such name", keras.activations.softmax, tanh])
def test_softmax_and_functions_of_users_have_no_number(activation):
    assert find_activation_number(activation) is None


# Symbols


def test_gradient_of_an_embedding_adds_up_if_a_symbol_is_repeated():
    network = Network("gru", (3,), 1, 2, embedding_dim=4, n_symbols=5)
    flat = draw_weights(network, [0, 0])
    gradient = np.zeros_like(flat)
    X = np.array([[1, 2, 1, np.nan], [4, 1, np.nan, 3]], np.float32)[..., np.newaxis]
    run = NetworkPass(network, view_weights(network, flat), 4, 2, view_weights(network, gradient))
    run.forward(X)
    run.backward(np.ones((2, 2), np.float32))
    model = build_model(
        with_keras_objects(Network("gru", (3,), 1, 2, embedding_dim=4, n_symbols=5, masked=True))
    )
    model.set_weights(view_arrays(network, flat))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(X))
    expected = tape.gradient(total, model.trainable_variables)
    for ours, theirs in zip(view_arrays(network, gradient), expected, strict=True):
        assert_near(ours, tf.convert_to_tensor(theirs), 1e-4)


# Rows that do not depend on each other


@settings(max_examples=60)
@given(
    n_rows=st.integers(1, 9),
    n_inputs=st.integers(1, 11),
    width=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_product_of_a_row_has_the_same_bits_with_any_other_rows(n_rows, n_inputs, width, seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, n_inputs)).astype(np.float32)
    weights = rng.normal(size=(n_inputs, width)).astype(np.float32)
    together = np.ones((n_rows, width), np.float32)
    add_product(rows, weights, together)
    assert_allclose(together, 1 + rows.astype(np.float64) @ weights, atol=1e-5)
    for first in range(n_rows):
        alone = np.ones((n_rows - first, width), np.float32)
        add_product(rows[first:], weights, alone)
        assert_array_equal(alone, together[first:])


@pytest.mark.parametrize("cell", CELLS)
def test_prediction_of_a_row_has_the_same_bits_with_any_other_rows_and_missing_steps(cell):
    case = Case(cell, architecture="sequence_to_sequence", bidirectional=True, n_samples=9)
    arrays = view_arrays(case.network, case.flat)
    together = predict(case.network, arrays, case.X)
    for row in range(9):
        assert_array_equal(predict(case.network, arrays, case.X[row : row + 1])[0], together[row])
    lacking = case.X.copy()
    lacking[::2, 1] = np.nan
    assert_array_equal(predict(case.network, arrays, lacking)[1::2], together[1::2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prediction_uses_weights_that_were_changed_in_place(dtype):
    case = Case("gru")
    arrays = [array.astype(dtype) for array in view_arrays(case.network, case.flat)]
    before = predict(case.network, arrays, case.X)
    arrays[-1] += 1
    assert_allclose(predict(case.network, arrays, case.X), before + 1, rtol=1e-5)


def test_read_only_weights_predict_the_same():
    case = Case("gru")
    arrays = view_arrays(case.network, case.flat)
    expected = predict(case.network, arrays, case.X)
    for array in arrays:
        array.flags.writeable = False
    assert_array_equal(predict(case.network, arrays, case.X), expected)


# Initial weights


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights_are_those_of_keras_initializers(cell):
    name, options = CELLS[cell]
    network = Network(name, (40,), 30, 2, cell_options=options)
    weights = view_weights(network, draw_weights(network, [3, 0]))
    ((layer,),) = weights.layers
    n_gates = layer.kernel.shape[1] // 40
    limit = np.sqrt(6 / (30 + n_gates * 40))
    assert np.abs(layer.kernel).max() <= limit
    assert layer.kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.1)
    assert_allclose(layer.recurrent @ layer.recurrent.T, np.eye(40), atol=1e-5)
    expected = np.zeros_like(layer.bias)
    if "lstm" in cell:
        expected[40:80] = 1
    assert_array_equal(layer.bias, expected)
    assert np.abs(weights.head_kernel).max() <= np.sqrt(6 / 42)


def test_initial_weights_of_a_layer_do_not_depend_on_other_layers():
    one = Network("gru", (4,), 2, 1)
    two = Network("gru", (4, 3), 2, 1)
    first, second = (
        view_weights(network, draw_weights(network, [5, 0])).layers[0][0] for network in (one, two)
    )
    assert_array_equal(first.kernel, second.kernel)
    assert_array_equal(first.recurrent, second.recurrent)


# Without compilation

_WITHOUT_JIT = """
import sys
import numpy as np
from test_cells import ARCHITECTURES, CELLS, Case

results = {}
for cell in CELLS:
    for architecture in ARCHITECTURES:
        for activation in ("tanh", "softsign"):
            case = Case(
                cell, architecture=architecture, bidirectional=True, missing=True, units=(2,),
                n_samples=2, n_timesteps=3, activation=activation,
            )
            results[f"{cell} {architecture} {activation}"] = np.concatenate(
                [np.ravel(case.run.forward(case.X)), case.compute_gradients()]
            )
np.savez(sys.argv[1], **results)
"""


def test_kernels_compute_the_same_as_plain_python(tmp_path, run_python, monkeypatch):
    folders = [str(ROOT / "tests"), str(ROOT / "tests" / "_network")]
    # Only for the other process: Numba reads the variable again whenever it compiles.
    with monkeypatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        run_python(f"import sys; sys.path[:0] = {folders}" + _WITHOUT_JIT, tmp_path / "plain.npz")
    plain = np.load(tmp_path / "plain.npz")
    for key in plain.files:
        cell, architecture, activation = key.split()
        case = Case(
            cell,
            architecture=architecture,
            bidirectional=True,
            missing=True,
            units=(2,),
            n_samples=2,
            n_timesteps=3,
            activation=activation,
        )
        compiled = np.concatenate([np.ravel(case.run.forward(case.X)), case.compute_gradients()])
        assert_near(compiled, plain[key], 1e-5)
