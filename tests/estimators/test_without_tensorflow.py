"""Fitted networks are used where TensorFlow, Keras and scikeras cannot be imported."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

import skrnn
from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindowTransformer,
)

_USE = """
import pathlib, pickle, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tensorflow", "keras", "scikeras"}:
            raise ImportError(f"{name} is imported")

sys.meta_path.insert(0, Refuse())
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import skrnn
from skrnn.inspection import (
    ForecastDisplay, GateActivationDisplay, GradientFlowDisplay, LossCurveDisplay,
    gate_activations, gradient_flow,
)

folder = pathlib.Path(sys.argv[1])
models, X, series, letters, expected = pickle.loads((folder / "all.pkl").read_bytes())
for name, model in models.items():
    rows = X[name]
    np.testing.assert_array_equal(model.predict(rows), expected[name])
    if hasattr(model, "predict_proba"):
        assert np.isfinite(model.predict_log_proba(rows)).all()
    assert np.isfinite(model.score(rows, expected[name]))
    repr(model), skrnn.get_config()
    gradient_flow(model, rows, expected[name])
    gradient_flow(model, rows, expected[name], initial=True)
    if "RNN" not in name:
        gate_activations(model, rows)
        GateActivationDisplay.from_estimator(model, rows).plot()
    GradientFlowDisplay.from_estimator(model, rows, expected[name]).plot()
    LossCurveDisplay.from_estimator(model).plot()
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict(rows), expected[name]
    )
    plt.close("all")
pipe, search, writer = (
    skrnn.load(folder / f"{name}.skrnn") for name in ("pipe", "search", "writer")
)
np.testing.assert_array_equal(pipe.predict(series), expected["pipe"])
assert len(skrnn.forecast(pipe, 3)) == 3
search.predict(series)
gate_activations(pipe, series)
ForecastDisplay.from_estimator(pipe, series, series["Open"]).plot()
assert len(skrnn.generate(writer, "ab", 5, random_state=0)) == 5
skrnn.save(pipe, folder / "again.skrnn")
assert not {"tensorflow", "keras", "scikeras"} & set(sys.modules)
try:
    models["GRURegressor"].to_keras()
except ImportError as error:
    print(error)
"""

rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with models that were fitted in this process."""
    folder = tmp_path_factory.mktemp("fitted")
    sequences = rng.normal(size=(12, 5, 2))
    sequences[::3, 1] = np.nan
    models, X, expected = {}, {}, {}
    for kind in (RNNRegressor, LSTMRegressor, GRURegressor):
        models[kind.__name__] = kind((3, 2), bidirectional=True, epochs=2, loss="huber")
        X[kind.__name__] = sequences
    for architecture in ("sequence_to_sequence", "encoder_decoder"):
        models[f"LSTM {architecture}"] = LSTMRegressor(
            3, architecture=architecture, peephole=True, epochs=2
        )
        X[f"LSTM {architecture}"] = sequences
    for kind in (RNNClassifier, LSTMClassifier, GRUClassifier):
        models[kind.__name__] = kind(3, epochs=2)
        X[kind.__name__] = sequences
    for name, model in models.items():
        y = rng.normal(size=(12, 5) if "sequence" in name or "decoder" in name else 12)
        model.set_params(random_state=0).fit(X[name], y > 0 if "Classifier" in name else y)
        expected[name] = model.predict(X[name])

    index = pd.date_range("2024-01-01", periods=40)
    series = pd.DataFrame({"Open": 100 + rng.normal(size=40).cumsum()}, index)
    pipe = make_pipeline(
        MinMaxScaler().set_output(transform="pandas"),
        SlidingWindowTransformer(5),
        GRURegressor(3, epochs=2, random_state=0),
    )
    search = GridSearchCV(
        pipe, {"gruregressor__units": [2, 3]}, cv=TimeSeriesSplit(2), error_score="raise"
    ).fit(series, series["Open"])
    pipe.fit(series, series["Open"])
    expected["pipe"] = pipe.predict(series)
    letters = np.array(list("abac" * 6))
    writer = make_pipeline(
        OneHotEncoder(sparse_output=False),
        SlidingWindowTransformer(2, flatten=False),
        GRUClassifier(2, epochs=1, random_state=0),
    ).fit(letters[:, None], letters)
    for name, model in {"pipe": pipe, "search": search, "writer": writer}.items():
        skrnn.save(model, folder / f"{name}.skrnn")
    (folder / "all.pkl").write_bytes(pickle.dumps((models, X, series, letters, expected)))
    return folder


def test_fitted_models_are_used_without_tensorflow(folder, run_python):
    assert "is imported" in run_python(_USE, folder)


def test_parts_without_a_network_import_neither_tensorflow_nor_numba(run_python):
    run_python(
        """
import sys
import numpy as np
from sklearn.pipeline import make_pipeline
import skrnn
from skrnn.datasets import make_noisy_waves
series = np.sin(np.arange(50.0))[:, None]
skrnn.SlidingWindowTransformer(5).fit_transform(series)
skrnn.NaiveRegressor().fit(series, series[:, 0]).predict(series)
make_noisy_waves(5, 5, random_state=0)
skrnn.LSTMRegressor(5).get_params()
assert not {"tensorflow", "keras", "scikeras", "numba"} & set(sys.modules)
"""
    )
