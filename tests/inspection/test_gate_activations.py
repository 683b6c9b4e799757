"""Gates, compared with recurrences written as in textbooks."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import Weights, sigmoid
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
)
from skrnn.inspection import gate_activations

N_SAMPLES, N_TIMESTEPS, N_FEATURES = 5, 4, 2
UNITS = (3, 2)


# One step of each cell: the inputs and the old state give the new state and the gates.


def lstm_step(x, h, c, weights):
    kernel, recurrent, bias = weights
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    i, f, o = sigmoid(i), sigmoid(f), sigmoid(o)
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c, {"input": i, "forget": f, "output": o}


def peephole_lstm_step(x, h, c, weights):
    kernel, recurrent, bias, (to_i, to_f, to_o) = weights
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    i, f = sigmoid(i + to_i * c), sigmoid(f + to_f * c)
    c = f * c + i * np.tanh(g)
    o = sigmoid(o + to_o * c)
    return o * np.tanh(c), c, {"input": i, "forget": f, "output": o}


def gru_reset_before_step(x, h, c, weights):
    kernel, recurrent, bias = weights
    x_z, x_r, x_g = np.split(x @ kernel + bias, 3, axis=1)
    to_z, to_r, to_g = np.split(recurrent, 3, axis=1)
    z, r = sigmoid(x_z + h @ to_z), sigmoid(x_r + h @ to_r)
    g = np.tanh(x_g + (r * h) @ to_g)
    return z * h + (1 - z) * g, c, {"reset": r, "update": z}


def gru_reset_after_step(x, h, c, weights):
    kernel, recurrent, (bias_of_x, bias_of_h) = weights
    x_z, x_r, x_g = np.split(x @ kernel + bias_of_x, 3, axis=1)
    h_z, h_r, h_g = np.split(h @ recurrent + bias_of_h, 3, axis=1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    g = np.tanh(x_g + r * h_g)
    return z * h + (1 - z) * g, c, {"reset": r, "update": z}


CELLS = {
    "lstm": (LSTMRegressor, {}, "lstm", lstm_step),
    "lstm_peephole": (LSTMRegressor, {"peephole": True}, "peephole_lstm", peephole_lstm_step),
    "gru": (GRURegressor, {}, "gru", gru_reset_after_step),
    "gru_reset_before": (GRURegressor, {"reset_after": False}, "gru", gru_reset_before_step),
}


def run_with_gates(X, present, units, step, weights):
    """Return h and the gates of each step, NaN at missing steps."""
    h = c = np.zeros((len(X), units))
    outputs, gates = [], []
    for x, here in zip(X.swapaxes(0, 1), present.T[..., None], strict=True):
        new_h, new_c, of_step = step(x, h, c, weights)
        h, c = np.where(here, new_h, h), np.where(here, new_c, c)
        outputs.append(h)
        gates.append({name: np.where(here, gate, np.nan) for name, gate in of_step.items()})
    return np.stack(outputs, axis=1), {
        name: np.stack([of_step[name] for of_step in gates], axis=1) for name in gates[0]
    }


def expected_gates(model, X, cell, step):
    """Return the gates by layer and direction."""
    weights = Weights(model.weights_, cell, reset_after=getattr(model, "reset_after", False))
    present, hidden, found = ~np.isnan(X[..., 0]), np.nan_to_num(X), {}
    for layer, units in enumerate(model.units):
        parts = []
        for direction in ("forward", "backward")[: 1 + model.bidirectional]:
            order = slice(None, None, -1 if direction == "backward" else 1)
            own = weights.take_layer(hidden.shape[2], units)
            h, gates = run_with_gates(hidden[:, order], present[:, order], units, step, own)
            parts.append(h[:, order])
            found[layer, direction] = {name: gate[:, order] for name, gate in gates.items()}
        hidden = np.concatenate(parts, axis=2)
    return found


def fit_any_weights(estimator, X, y):
    """Start the estimator and draw random weights, which is faster than a fit."""
    estimator._set_initial_weights(X, y)
    rng = np.random.default_rng(1)
    estimator.weights_ = [rng.normal(scale=0.5, size=w.shape) for w in estimator.weights_]
    return estimator


def make_rows(*, lacking=False):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_SAMPLES, N_TIMESTEPS, N_FEATURES))
    if lacking:
        X[0, 0] = X[1, 1:3] = X[2, 3] = X[3] = np.nan
    return X, rng.normal(size=N_SAMPLES)


@pytest.mark.parametrize("lacking", [False, True], ids=["complete", "lacking"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one_way", "both_ways"])
@pytest.mark.parametrize("cell", CELLS)
def test_gates_equal_those_of_the_textbook(cell, bidirectional, lacking):
    estimator_class, options, name, step = CELLS[cell]
    X, y = make_rows(lacking=lacking)
    model = fit_any_weights(estimator_class(UNITS, bidirectional=bidirectional, **options), X, y)
    for (layer, direction), expected in expected_gates(model, X, name, step).items():
        gates = gate_activations(model, X, layer=layer, direction=direction)
        assert list(gates) == list(expected)
        for gate, its_values in expected.items():
            assert gates[gate].shape == (N_SAMPLES, N_TIMESTEPS, UNITS[layer])
            assert_allclose(gates[gate], its_values, rtol=1e-5)
            assert_array_equal(np.isnan(gates[gate][..., 0]), np.isnan(X[..., 0]))
            present = gates[gate][~np.isnan(gates[gate])]
            assert ((present >= 0) & (present <= 1)).all()


def test_layers_are_counted_from_both_ends():
    X, y = make_rows()
    model = fit_any_weights(GRURegressor(UNITS), X, y)
    for gate in ("reset", "update"):
        assert_array_equal(
            gate_activations(model, X, layer=-2)[gate], gate_activations(model, X)[gate]
        )


@pytest.mark.parametrize(
    "architecture", ["sequence_to_sequence", "encoder_decoder", "vector_to_sequence"]
)
def test_other_architectures_have_gates_as_well(architecture):
    X, _ = make_rows()
    rows = X[:, 0] if architecture == "vector_to_sequence" else X
    y = np.ones((N_SAMPLES, N_TIMESTEPS, 2))
    model = fit_any_weights(LSTMRegressor(UNITS, architecture=architecture), rows, y)
    # A vector is repeated for every step.
    read = np.repeat(rows[:, None], N_TIMESTEPS, axis=1) if rows.ndim == 2 else rows
    reads = ~np.isnan(read[..., 0])
    weights = Weights(model.weights_, "lstm", reset_after=False)
    own = weights.take_layer(N_FEATURES, UNITS[0])
    _, expected = run_with_gates(read, reads, UNITS[0], lstm_step, own)
    for gate, values in gate_activations(model, rows).items():
        assert_allclose(values, expected[gate], rtol=1e-5)


def test_an_embedding_is_read_before_the_gates():
    symbols = np.array([[1, 2, 3], [2, 3, 0]])
    model = fit_any_weights(GRUClassifier(3, embedding_dim=2), symbols, np.array(["no", "yes"]))
    table, *others = model.weights_
    weights = Weights(others, "gru", reset_after=True).take_layer(2, 3)
    _, expected = run_with_gates(table[symbols], symbols > 0, 3, gru_reset_after_step, weights)
    for gate, values in gate_activations(model, symbols).items():
        assert_allclose(values, expected[gate], rtol=1e-5)


def test_gates_do_not_depend_on_the_size_of_blocks(monkeypatch):
    X, y = make_rows(lacking=True)
    model = fit_any_weights(LSTMRegressor(UNITS), X, y)
    at_once = gate_activations(model, X)
    monkeypatch.setattr("skrnn._network.gates_and_gradients._N_ROWS", 2)
    for gate, values in gate_activations(model, X).items():
        assert_allclose(values, at_once[gate], rtol=1e-5)


def test_gates_of_a_pipeline_or_a_search_are_those_of_its_network(series):
    model = LSTMRegressor(3, epochs=1, random_state=0)
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(5), model)
    search = GridSearchCV(pipe, {"lstmregressor__units": [3]}, cv=2).fit(series, series[:, 0])
    best = search.best_estimator_
    expected = gate_activations(best[-1], best[:-1].transform(series))["forget"]
    assert_array_equal(gate_activations(best, series)["forget"], expected)
    assert_array_equal(gate_activations(search, series)["forget"], expected)


def test_the_estimator_is_not_changed():
    X, y = make_rows()
    model = fit_any_weights(GRURegressor(UNITS), X, y)
    before = pickle.dumps(vars(model))
    gate_activations(model, X)
    assert pickle.dumps(vars(model)) == before


def test_estimators_without_gates_are_refused():
    X, y = make_rows()
    with pytest.raises(NotFittedError):
        gate_activations(LSTMRegressor(), X)
    with pytest.raises(TypeError, match="is not a recurrent estimator of skrnn"):
        gate_activations(LinearRegression().fit(X[..., 0], y), X[..., 0])
    with pytest.raises(ValueError, match="RNNRegressor has no gates"):
        gate_activations(fit_any_weights(RNNRegressor(UNITS), X, y), X)
    model = fit_any_weights(LSTMRegressor(UNITS), X, y)
    with pytest.raises(ValueError, match="layer=-3 does not exist: the network has 2"):
        gate_activations(model, X, layer=-3)
    with pytest.raises(ValueError, match='direction="backward" does not exist'):
        gate_activations(model, X, direction="backward")
    with pytest.raises(ValueError, match="expecting 2 features"):
        gate_activations(model, X[..., :1])
