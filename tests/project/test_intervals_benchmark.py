"""Coverage of intervals on real series: the stored results belong to the script and reach 90 %."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT

# bokeh_sampledata 2026.1 renames a column in place when its sea temperatures are imported.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.rename")


@pytest.fixture(scope="module")
def benchmark():
    """Modules of the folder benchmarks, which is no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import intervals

        yield SimpleNamespace(
            module=intervals, series=intervals.SERIES, results=intervals.read_results()
        )
        for name in ("intervals", "accuracy_data", "accuracy_page", "accuracy_tables"):
            sys.modules.pop(name, None)


def test_every_series_was_measured_with_the_settings_of_the_script(benchmark):
    assert benchmark.results["series"].keys() == benchmark.series.keys()
    for name, series in benchmark.series.items():
        assert benchmark.results["series"][name]["settings"] == {
            "window": {key: repr(value) for key, value in series.window.items()},
            "network": {key: repr(value) for key, value in series.network.items()},
            "naive": series.naive,
        }


def test_adaptive_intervals_of_90_percent_hold_87_to_93_percent_of_a_thousand_rows(benchmark):
    for result in benchmark.results["series"].values():
        assert result["n_test"] >= 1000
        assert result["error"] == pytest.approx(np.sqrt(0.09 / result["n_test"]))
        for figures in result["models"].values():
            assert 0.87 <= figures["adaptive"]["coverage"] <= 0.93


@pytest.mark.parametrize("number", range(4))
def test_the_stored_figures_of_the_naive_baseline_are_those_of_a_loop_over_rows(benchmark, number):
    name, series = list(benchmark.series.items())[number]
    values = series.load().to_numpy()
    stored = benchmark.results["series"][name]
    n_fitted, n_memory, n_test = (stored[f"n_{part}"] for part in ("fitted", "calibration", "test"))
    assert n_fitted + n_test == len(values)
    length, horizon = series.window["window_length"], series.window.get("horizon", 1)

    def error(row):
        end = row - horizon + 1
        window = values[end - length : end]
        return values[row] - (window[-1] if series.naive == "last" else window.mean())

    errors = np.array([error(row) for row in range(n_fitted - n_memory, len(values))])
    rank = int(np.ceil(0.95 * (n_memory + 1) - 1e-9)) - 1
    low, high = -np.sort(-errors[:n_memory])[rank], np.sort(errors[:n_memory])[rank]
    is_covered = (min(low, 0) <= errors[n_memory:]) & (errors[n_memory:] <= max(high, 0))
    stretches = [is_covered[first : first + 100].mean() for first in range(n_test - 99)]
    split = stored["models"]["NaiveRegressor"]["split"]
    assert split["coverage"] == pytest.approx(is_covered.mean(), abs=1e-9)
    assert split["worst"] == pytest.approx(min(stretches), abs=1e-9)
    assert split["width"] == pytest.approx(high - low)


def test_settings_are_chosen_without_the_test_rows(benchmark):
    for series in benchmark.series.values():
        fitted, test = series.split()
        assert fitted.index.max() < test.index.min()
        assert len(fitted) + len(test) == len(series.load())


def test_the_page_holds_what_the_script_writes_from_the_stored_results(benchmark):
    page = (ROOT / "docs" / "guide" / "how_sure.md").read_text(encoding="utf-8")
    assert benchmark.module.write_tables(benchmark.results) in page
    assert benchmark.module.write_page(page, benchmark.results) == page


def test_the_tables_show_the_stored_figures(benchmark):
    text = benchmark.module.write_tables(benchmark.results)
    for name, result in benchmark.results["series"].items():
        rows = [line for line in text.splitlines() if line.startswith(f"| {name} ")]
        assert len(rows) == 4
        adaptive = result["models"]["GRURegressor"]["adaptive"]
        assert f"{100 * adaptive['coverage']:.1f} ± {100 * result['error']:.1f}" in rows[0]
        assert rows[2].split("|")[-2].strip() == f"{adaptive['winkler']:#.3g}".rstrip(".")
