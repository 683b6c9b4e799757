"""Example google_stock.py, run until its searches begin, because it takes a minute."""

import ast

import numpy as np
import pytest
from conftest import EXAMPLES
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

EXAMPLE, UP_TO = "exercises/google_stock.py", "Search"


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda path: path.stem)
def test_an_example_compiles_and_its_docstring_begins_with_an_underlined_title(path):
    source = path.read_text(encoding="utf-8")
    compile(source, path, "exec")
    title, line = ast.get_docstring(ast.parse(source)).splitlines()[:2]
    assert line == "=" * len(title)


def test_training_ends_with_2012_and_january_has_21_days(example):
    train, january = example["train"], example["january"]
    assert f"{train.index[0]:%Y-%m-%d}" == "2008-01-02"
    assert f"{train.index[-1]:%Y-%m-%d}" == "2012-12-31"
    assert f"{january.index[0]:%Y-%m-%d}" == "2013-01-02"
    assert len(january) == 21


def test_every_point_of_every_grid_can_be_set(example):
    assert len(example["candidates"]) == 8
    for pipeline, grid in example["candidates"].values():
        for parameters in ParameterGrid(grid):
            clone(pipeline).set_params(**parameters)


def test_the_naive_pipeline_says_yesterdays_price_to_the_last_digit(example):
    train, january = example["train"], example["january"]
    pipeline, _ = example["candidates"]["NaiveRegressor"]
    forecast = clone(pipeline).fit(train[["Open"]], train["Open"]).predict(january[["Open"]])
    yesterday = [train["Open"].iloc[-1], *january["Open"].iloc[:-1]]
    np.testing.assert_array_equal(forecast, yesterday)


def test_scaled_windows_of_january_continue_those_of_december(example):
    train, january = example["train"], example["january"]
    pipeline = clone(example["candidates"]["Ridge"][0]).fit(train[["Open"]], train["Open"])
    windows = pipeline[:-1].transform(january[["Open"]])
    before = pipeline["scale"].transform(train[["Open"]].tail(example["WINDOW"]))
    np.testing.assert_array_equal(windows.iloc[0], before["Open"])
