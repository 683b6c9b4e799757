"""The code of the README, run as it stands there."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def prices():
    """120 rows to train on and 20 to test on: a noisy wave on business days with two holidays."""
    rng = np.random.default_rng(0)
    index = pd.bdate_range("2012-01-02", periods=142, name="Date").delete([110, 125])
    opening = 300 + 20 * np.sin(np.arange(140) / 8) + rng.normal(size=140)
    return pd.DataFrame({"Open": opening, "Close": opening + rng.normal(size=140)}, index)


@pytest.fixture(scope="module")
def namespace(prices):
    """What the names of the README stand for, after its first block. Blocks add to it."""
    names = {"train": prices.iloc[:120], "test": prices.iloc[120:]}
    exec(BLOCKS[0], names)
    return names


def test_the_main_job_runs_as_written_and_predicts_in_price_units(namespace):
    search, test = namespace["search"], namespace["test"]
    assert len(search.cv_results_["params"]) == 9
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    predicted = search.predict(test[["Open"]])
    assert predicted.shape == (20,)
    # A wave of 20 around 300: whatever was chosen, its errors are those of prices, not of scales.
    assert np.abs(predicted - test["Open"]).max() < 60


def test_one_search_over_several_columns_gives_each_model_its_windows(namespace):
    exec(BLOCKS[1], namespace)
    search, test = namespace["wide_search"], namespace["test"]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert list(search.cv_results_["param_window__flatten"]) == [False, True]
    assert search.predict(test[["Open", "Close"]]).shape == (20,)


def test_other_kinds_of_networks_can_be_made_as_written(namespace):
    for line in BLOCKS[2].splitlines():
        estimator = eval(line, namespace)
        estimator._validate_params()
        estimator._check_combination()


def test_sequences_of_unequal_length_are_stacked_fitted_and_predicted(namespace):
    exec(BLOCKS[3], namespace)
    assert namespace["X"].shape == (3, 9, 3)
    assert np.isnan(namespace["X"][0, 4:]).all()


def test_a_network_that_has_read_a_text_writes_on(namespace):
    exec(BLOCKS[4], namespace)
    reader, letters = namespace["reader"], namespace["letters"]
    # Far more often right than the most frequent letter.
    assert reader.score(letters[:, None], letters) > 0.6
    assert set(namespace["written"]) <= set(letters)
    assert len(namespace["written"]) == 40


def test_the_naive_rival_of_the_readme_is_the_price_of_the_day_before(namespace, prices):
    exec(BLOCKS[5], namespace)
    predicted = namespace["naive"].predict(namespace["test"][["Open"]])
    np.testing.assert_array_equal(predicted, prices["Open"].shift(1).iloc[120:])


def test_the_comparison_of_the_readme_has_the_rival_and_no_leak(namespace):
    *statements, leak = BLOCKS[6].strip().splitlines()
    exec("\n".join(statements), namespace)
    assert list(namespace["comparison"].frame().index) == ["NaiveRegressor", "Ridge", "network"]
    assert repr(eval(leak.split("  # ")[0], namespace)).startswith("no leak found: ")


def test_the_forecast_of_the_readme_is_of_the_days_that_come_next(namespace, prices):
    exec(BLOCKS[7], namespace)
    assert list(namespace["ahead"].index) == list(prices.index[120:130])


def test_the_pictures_of_the_readme_are_drawn(namespace, on_no_screen):
    exec(BLOCKS[8], namespace)
