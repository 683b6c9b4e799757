"""ONNX: a network is exported through `to_keras` and run by onnxruntime."""

import numpy as np
import onnxruntime
import pytest
from numpy.testing import assert_allclose
from recipes import run_block

from skrnn import GRUClassifier, GRURegressor, LSTMRegressor, RNNRegressor

# Keras 3.15 asks NumPy for `np.object` when it patches tf2onnx.
pytestmark = pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")


def run_onnx(path, X):
    session = onnxruntime.InferenceSession(path)
    (outputs,) = session.run(None, {session.get_inputs()[0].name: X.astype(np.float32)})
    return outputs


def test_onnxruntime_predicts_as_the_pipeline_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_block("onnxruntime")
    predicted = names["pipe"].predict(names["test"])
    assert names["outputs"].shape == (len(predicted), 1)
    assert_allclose(names["outputs"][:, 0], predicted, rtol=0, atol=1e-4)


RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 5, 2)), RNG.normal(size=(30, 5))
LACKING = np.where(RNG.random((30, 5, 1)) < 0.2, np.nan, X)


@pytest.mark.parametrize(
    ("model", "X", "y"),
    [
        (RNNRegressor(3), X, Y[:, 0]),
        (LSTMRegressor((3, 2), bidirectional=True), X, Y[:, 0]),
        (LSTMRegressor(3, peephole=True), X, Y[:, 0]),
        (GRURegressor(3), LACKING, Y[:, 0]),
        (GRURegressor(3, architecture="sequence_to_sequence"), X, Y),
        (GRURegressor(3, architecture="encoder_decoder"), X, Y),
        (GRURegressor(3, n_networks=2, quantiles=(0.1, 0.5, 0.9)), X, Y[:, 0]),
        (GRUClassifier(3), X, Y[:, 0] > 0),
    ],
    ids=[
        "simple",
        "both ways",
        "peepholes",
        "missing steps",
        "every step",
        "decoder",
        "quantiles of two networks",
        "classifier",
    ],
)
def test_onnxruntime_predicts_as_the_network(model, X, y, tmp_path):
    model.set_params(epochs=1, random_state=0).fit(X, y)
    path = tmp_path / "network.onnx"
    model.to_keras().export(path, format="onnx", verbose=False)
    predict = getattr(model, "predict_proba", model.predict)
    if getattr(model, "quantiles", None):
        predict = model.predict_quantiles
    expected = predict(X)
    assert_allclose(run_onnx(path, X).reshape(expected.shape), expected, rtol=0, atol=1e-4)
