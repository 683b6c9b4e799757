"""Accuracy page: written from the stored results, which belong to the settings in the script."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def benchmarks():
    """Modules of the folder benchmarks, which is no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import accuracy
        import accuracy_data
        import accuracy_page
        import accuracy_tables

        yield SimpleNamespace(
            results=accuracy.read_results(),
            data=accuracy_data,
            page=accuracy_page,
            tables=accuracy_tables.TABLES,
        )
        for name in ("accuracy", "accuracy_data", "accuracy_page", "accuracy_tables"):
            del sys.modules[name]


def test_the_page_is_what_the_script_writes_from_the_stored_results(benchmarks):
    assert benchmarks.page.write_page(benchmarks.results) == PAGE


def test_every_table_was_measured_with_the_settings_of_the_script(benchmarks):
    assert benchmarks.results.keys() == benchmarks.tables.keys()
    for name, table in benchmarks.tables.items():
        stored = [(row["name"], row["settings"]) for row in benchmarks.results[name]["rows"]]
        assert stored == [
            (row.name, {key: repr(value) for key, value in (row.settings or {}).items()})
            for row in table.rows()
        ]


@pytest.mark.parametrize("name", ["henon", "mackey_glass"])
def test_the_errors_of_the_last_value_are_those_of_a_loop(benchmarks, name):
    series = benchmarks.data.SERIES[name]()
    shift = 0 if series.min() >= 0 else 0.5
    scaled = series / ((series.max() + 1) * (2 if shift else 1)) + shift
    sums = []
    for first in range(600, 1000 - 14):
        last = scaled[first + 4]
        sums.append(sum((scaled[first + step] - last) ** 2 for step in range(5, 15)))
    rows = {row["name"]: row["errors"] for row in benchmarks.results[name]["rows"]}
    np.testing.assert_allclose(rows["last value"], [np.sqrt(np.mean(sums))], rtol=1e-9)


def test_the_henon_series_follows_its_map(benchmarks):
    x = benchmarks.data.henon()
    usual = x / 1.4
    np.testing.assert_allclose(usual[2:], 1 - 1.4 * usual[1:-1] ** 2 + 0.3 * usual[:-2], atol=1e-12)


def test_settings_are_chosen_without_the_test_rows(benchmarks):
    rows = benchmarks.data.chaotic("henon")
    part = rows.training_part(gap=15)
    windows = np.vstack([part.X_train, part.X_test])
    assert len(part.X_train) + 15 + len(part.X_test) == len(rows.X_train)
    assert np.isin(windows, rows.X_train).all()


@pytest.mark.parametrize(("error", "verdict"), [(0.19, "ahead"), (0.192, "behind")])
def test_a_network_that_is_worse_than_the_published_one_is_named(benchmarks, error, verdict):
    results = json.loads(json.dumps({"laser": benchmarks.results["laser"]}))
    for row in results["laser"]["rows"]:
        if row["cell"]:
            row["errors"] = [error, error, error]
    page = benchmarks.page.write_page(results)
    (summary,) = (line for line in page.splitlines() if line.startswith("| [Laser"))
    assert summary.split("|")[-2].strip() == verdict
    (told,) = (line for line in page.splitlines() if "LSTM (Chandra et al. 2021), 0.191" in line)
    begin = {"ahead": "- Better than LSTM", "behind": "- Not better than LSTM"}[verdict]
    assert told.startswith(begin)
    assert told.endswith("LSTMRegressor; GRURegressor.")
