"""State of a fitted estimator, and side effects of a fit."""

import copy
import os
import pickle
import warnings
from types import SimpleNamespace

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV

from skrnn import RNNRegressor

rng = np.random.default_rng(1)
X = rng.normal(size=(20, 4))
Y = X @ [0.5, -1.0, 2.0, 1.0]


# Copies


def through_joblib(estimator, folder):
    joblib.dump(estimator, folder / "model.joblib")
    return joblib.load(folder / "model.joblib")


@pytest.mark.parametrize(
    "copied",
    [
        lambda estimator, _: pickle.loads(pickle.dumps(estimator)),
        through_joblib,
        lambda estimator, _: copy.deepcopy(estimator),
    ],
    ids=["pickle", "joblib", "deepcopy"],
)
def test_copy_of_a_fitted_pipeline_predicts_the_same_bits(
    copied, fitted_pipeline, series, tmp_path
):
    twin = copied(fitted_pipeline, tmp_path)
    assert twin[-1] is not fitted_pipeline[-1]
    assert_array_equal(twin.predict(series), fitted_pipeline.predict(series))


_LOAD = """
import pathlib, pickle, sys
import numpy as np

def heavy():
    return {"tensorflow", "keras", "scikeras"} & set(sys.modules)

pipe, series = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
repr(pipe), pipe._repr_html_(), pipe.get_params(), vars(pipe[-1])
assert not heavy(), heavy()
np.save(sys.argv[2], pipe.predict(series))
assert not heavy(), heavy()
"""


def test_new_process_loads_and_predicts_the_same_bits_without_tensorflow(
    fitted_pipeline, series, run_python, tmp_path
):
    (tmp_path / "in.pkl").write_bytes(pickle.dumps((fitted_pipeline, series)))
    run_python(_LOAD, tmp_path / "in.pkl", tmp_path / "out.npy")
    assert_array_equal(np.load(tmp_path / "out.npy"), fitted_pipeline.predict(series))


def parts_of(value):
    """Yield an object and, if it is a container, all that it holds."""
    yield value
    if isinstance(value, dict):
        for pair in value.items():
            yield from parts_of(pair)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from parts_of(item)


def test_state_is_plain_when_the_parameters_are(fitted_pipeline):
    state = vars(fitted_pipeline[-1])
    assert {"weights_", "optimizer_state_", "history_"} <= set(state)
    parts = list(parts_of(state))
    assert sum(isinstance(part, np.ndarray) for part in parts) > len(state["weights_"])
    plain = (dict, list, tuple, str, bool, int, float, np.ndarray, type(None))
    # Not isinstance: a subclass may come from anywhere.
    assert {type(part) for part in parts} <= set(plain)
    assert all(part.dtype.kind in "fi" for part in parts if isinstance(part, np.ndarray))


# Keras objects among the parameters


@pytest.fixture(scope="module")
def optimizers():
    """Two fits with one optimizer object, then a grid over it and another."""
    slow, fast = keras.optimizers.SGD(1e-3), keras.optimizers.SGD(0.1, momentum=0.5)
    before = [(optimizer.get_config(), optimizer.built) for optimizer in (slow, fast)]
    model = RNNRegressor(2, optimizer=slow, epochs=2, batch_size=8, random_state=0)
    predictions = [model.fit(X, Y).predict(X) for _ in range(2)]
    # One split that tests on what it has trained on, so that its score can be computed here.
    rows = np.arange(len(X))
    search = GridSearchCV(model, {"optimizer": [slow, fast]}, cv=[(rows, rows)], refit=False)
    search.fit(X, Y)
    after = [(optimizer.get_config(), optimizer.built) for optimizer in (slow, fast)]
    return SimpleNamespace(
        slow=slow,
        fast=fast,
        states=(before, after),
        model=model,
        predictions=predictions,
        scores=search.cv_results_["mean_test_score"],
    )


def test_optimizer_object_is_unchanged_by_fits_and_a_grid(optimizers):
    before, after = optimizers.states
    assert after == before
    assert not optimizers.slow.built
    assert int(optimizers.slow.iterations.numpy()) == 0
    assert optimizers.model.optimizer is optimizers.slow


def test_two_fits_with_one_optimizer_object_are_equal(optimizers):
    assert_array_equal(*optimizers.predictions)


def test_grid_over_optimizer_objects_trains_with_each(optimizers):
    with_slow, with_fast = optimizers.scores
    assert with_slow == r2_score(Y, optimizers.predictions[0])
    assert with_fast > with_slow


def test_clone_of_an_estimator_with_an_optimizer_object_has_its_settings(optimizers):
    twin = clone(RNNRegressor(optimizer=optimizers.fast))
    assert type(twin.optimizer) is keras.optimizers.SGD
    assert twin.optimizer.get_config() == optimizers.fast.get_config()
    assert twin.optimizer is not optimizers.fast


def test_fitted_estimator_with_an_optimizer_object_is_pickled(optimizers):
    twin = pickle.loads(pickle.dumps(optimizers.model))
    assert_array_equal(twin.predict(X), optimizers.predictions[0])
    assert twin.optimizer.get_config() == optimizers.slow.get_config()


# Side effects


def test_nothing_is_printed_by_the_first_fit_and_predict(second_process):
    # Neither by the import of TensorFlow, which the first fit needs.
    assert second_process.printed_by_pipeline == ""


def test_nothing_is_printed_by_many_small_fits(second_process):
    assert second_process.printed_by_small_networks == ""


def test_first_fit_sets_only_its_own_environment_variable_and_those_of_tensorflow(second_process):
    start, end = second_process.environment_at_start, second_process.environment_at_end
    assert {name: end[name] for name in start} == start
    added = set(end) - set(start)
    assert "TF_CPP_MIN_LOG_LEVEL" in added
    # TensorFlow sets these when it is imported.
    assert added <= {
        "TF_CPP_MIN_LOG_LEVEL",
        "TF2_BEHAVIOR",
        "TPU_ML_PLATFORM",
        "TPU_ML_PLATFORM_VERSION",
        "ENABLE_RUNTIME_UPTIME_TELEMETRY",
        "HDF5_PLUGIN_PATH",
    }
    assert second_process.environment_after_import == end


def test_fit_leaves_environment_warning_filters_and_working_directory(
    fitted_pipeline, tmp_path, monkeypatch
):
    # The fixture has imported TensorFlow, which may do all this once.
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    environment, filters = dict(os.environ), list(warnings.filters)
    RNNRegressor(2, epochs=1).fit(X, Y).predict(X)
    assert dict(os.environ) == environment
    assert warnings.filters == filters
    assert os.getcwd() == str(tmp_path)
    assert os.listdir() == ["notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "mine"
