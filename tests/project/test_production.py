"""Page docs/production.md: its code, run as it stands."""

import os
import re

import keras
import numpy as np
import pytest
from conftest import ROOT
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

PAGE = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
FILES, SERVING, KERAS, CHECKPOINT = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("production")


@pytest.fixture(scope="module")
def names(folder):
    """Variables of the first block, run in a folder of its own."""
    before = os.getcwd()
    os.chdir(folder)
    names = {"__name__": "page"}
    exec(FILES, names)
    os.chdir(before)
    return names


def test_pipeline_is_loaded_as_it_was_fitted(names, folder):
    assert os.listdir(folder) == ["prices.skrnn"]
    prices, loaded = names["prices"], names["pipe"]
    fitted = clone(loaded).fit(prices, prices[:, 0])
    assert_array_equal(loaded.predict(prices), fitted.predict(prices))


def test_rows_that_come_one_at_a_time_are_predicted_as_with_all_history(names):
    # Warnings are errors, so no step is missing.
    exec(SERVING, names)
    service, dated, day = names["service"], names["dated"], names["day"]
    unknown = dated.loc[:day].copy()
    unknown.loc[day] = np.nan
    assert names["forecast"] == service.predict(unknown)[-1]


# NumPy 2 asks Keras 3.15 for an argument that it does not have, whenever a model is saved.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_keras_model_predicts_the_same(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(KERAS, names)
    prices, pipe = names["prices"], names["pipe"]
    windows = pipe[:-1].transform(prices)[..., np.newaxis]
    outputs = keras.models.load_model("prices.keras").predict(windows, verbose=0)
    assert_allclose(outputs[:, 0], pipe.predict(prices), rtol=1e-5)


def test_fit_with_a_checkpoint_is_the_same_fit(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(CHECKPOINT, names)
    model, windows = names["model"], names["windows"]
    without = clone(model).set_params(checkpoint_dir=None).fit(windows, names["prices"][:, 0])
    assert_array_equal(model.predict(windows), without.predict(windows))
    assert os.listdir("unfinished") == []
