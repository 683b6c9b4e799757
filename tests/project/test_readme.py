"""README: its code runs as it stands, its links and figures are right."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from joblib import parallel_config

import skrnn

# Few rows keep the test fast, but are fewer than a window of the README in the first folds.
pytestmark = pytest.mark.filterwarnings("ignore::skrnn.exceptions.TooFewRowsWarning")

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST, *BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
PRINTED = re.search(r"```text\n(.*?)```", README, flags=re.DOTALL)[1]


def table_below(heading, text):
    """Return the rows of the first table below a heading, each a list of cells."""
    lines = text.partition(f"{heading}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [rows[0], *rows[2:]]


# reservoirpy 0.4.2 does not close the file of the laser.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_the_first_code_prints_what_stands_below_it(capsys):
    exec(FIRST, {})
    found, told = (
        {name: float(error) for name, error in re.findall(r"^(\w+) +RMSE +([\d.]+)$", text, re.M)}
        for text in (capsys.readouterr().out, PRINTED)
    )
    assert found.keys() == told.keys() == {"NaiveRegressor", "RidgeCV", "LSTMRegressor"}
    # The weights of a network depend on the machine.
    network = found.pop("LSTMRegressor")
    assert network == pytest.approx(told.pop("LSTMRegressor"), abs=1)
    assert found == told


def test_the_first_code_is_that_of_the_front_page():
    assert FIRST in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def prices():
    """120 rows to train on and 20 to test on: a noisy wave on business days with two holidays."""
    rng = np.random.default_rng(0)
    index = pd.bdate_range("2012-01-02", periods=142, name="Date").delete([110, 125])
    opening = 300 + 20 * np.sin(np.arange(140) / 8) + rng.normal(size=140)
    return pd.DataFrame({"Open": opening, "Close": opening + rng.normal(size=140)}, index)


@pytest.fixture(scope="module")
def sales():
    """The columns of five shops on 67 days: sold is 10, 20, ..., 50, and twice that in a promo."""
    dates, rng = pd.date_range("2024-01-01", periods=67), np.random.default_rng(0)
    rows = pd.MultiIndex.from_product([list("ABCDE"), dates], names=["shop", "date"])
    table = rows.to_frame(index=False).assign(promo=rng.integers(2, size=len(rows)))
    level = 10.0 * (1 + table["shop"].map("ABCDE".index))
    return table.assign(units_sold=level * (1 + table["promo"]))


@pytest.fixture(scope="module")
def namespace(prices, sales):
    """Variables of the README after all its blocks but the first. Do not change them."""
    names = {"train": prices.iloc[:120], "test": prices.iloc[120:]}
    is_future = sales["date"] > "2024-02-29"
    names["table"] = sales[~is_future]
    plan = sales[is_future].set_index(["date", "shop"]).sort_index()
    names["plan"] = plan[["promo"]]
    # Two other processes would import TensorFlow again; test_search.py has a search in processes.
    with parallel_config("sequential"):
        for block in BLOCKS:
            exec(block, names)
    return names


def test_the_main_job_predicts_row_by_row_in_price_units(namespace):
    search, test = namespace["search"], namespace["test"]
    assert len(search.cv_results_["params"]) == 9
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    predicted = search.predict(test[["Open"]])
    assert predicted.shape == (20,)
    # A wave of 20 around 300: whatever was chosen, its errors are those of prices, not of scales.
    assert np.abs(predicted - test["Open"]).max() < 60


def test_the_first_test_row_has_the_last_training_rows_for_a_window(namespace):
    window, train, test = (namespace[name] for name in ("pipe", "train", "test"))
    window = window[:2].fit(train[["Open"]]).transform(test[["Open"]])
    scaled = (train["Open"] - train["Open"].min()) / np.ptp(train["Open"])
    np.testing.assert_allclose(window.iloc[0], scaled.iloc[-60:])


def test_the_comparison_has_the_rival_and_the_columns_that_are_named(namespace):
    frame = namespace["comparison"].frame()
    assert list(frame.index) == ["NaiveRegressor", "Ridge", "chosen"]
    assert {"RMSE", "skill", "MASE", "DM p", "fit s", "predict s"} <= set(frame.columns)


def test_the_rival_of_the_comparison_is_the_price_of_the_day_before(namespace, prices):
    predicted = namespace["comparison"].predictions["NaiveRegressor"]
    expected = prices["Open"].shift(1).loc[predicted.index]
    np.testing.assert_array_equal(predicted, expected)


def test_no_leak_is_found(namespace):
    assert repr(namespace["leaks"]).startswith("no leak found: ")


def test_the_forecast_is_of_the_days_that_come_next(namespace, prices):
    assert list(namespace["ahead"].index) == list(prices.index[120:130])


def test_each_shop_has_a_forecast_of_seven_days_that_knows_the_promotions(namespace, sales):
    week = namespace["week"]
    assert week.index.equals(namespace["plan"].index)
    assert len(week) == 7 * 5
    real = sales.set_index(["date", "shop"])["units_sold"].loc[week.index]
    is_promo = namespace["plan"]["promo"] == 1
    for shop in "BCDE":  # the promotions of A add 10 only
        is_shop = week.index.get_level_values("shop") == shop
        assert week[is_shop & is_promo].min() > week[is_shop & ~is_promo].max()
    assert np.corrcoef(week, real)[0, 1] > 0.9


def test_linked_files_exist():
    targets = re.findall(r"\]\(([^)#\s]+)", README)
    assert "docs/laser.png" in targets
    missing = [
        target
        for target in targets
        if not target.startswith("https://") and not (ROOT / target).exists()
    ]
    assert not missing


def test_the_picture_is_small_and_described_in_words():
    assert (ROOT / "docs" / "laser.png").stat().st_size < 250_000
    told = re.search(r"!\[([^\]]*)\]\(docs/laser\.png\)", README)[1]
    assert len(told.split()) > 10


def test_the_figures_are_those_of_the_benchmarks():
    benchmarks = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    measured = table_below("# Benchmarks", benchmarks)
    header, *rows = table_below("## Speed", README)
    assert header == measured[0]
    assert [row for row in rows if row not in measured] == []
    for fact in ("Date", "Machine"):
        told = re.search(rf"^- {fact}: (.*?)(?:;|$)", benchmarks, flags=re.MULTILINE)[1]
        assert told in " ".join(README.split()), fact


def test_the_missed_targets_of_the_contributing_page_are_rows_of_the_benchmarks():
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    benchmarks = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    measured = [[row[0], row[2], row[4]] for row in table_below("# Benchmarks", benchmarks)]
    _, *missed = table_below("# Contributing", contributing)
    assert [row for row in missed if row[:3] not in measured] == []
    assert all(float(ratio) > float(at_most) for _, _, ratio, at_most in missed)


def test_the_table_of_alternatives_names_this_version():
    header = table_below("## Beside the alternatives", README)[0]
    assert header[1] == f"skrnn {skrnn.__version__}"
