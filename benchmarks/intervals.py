"""Measure how many targets 90 % intervals hold on four real series, before and after calibration.

Run it with ``make intervals``; it takes up to 5 minutes. Results are stored in
``benchmarks/results/intervals.json``, and written as tables into ``docs/guide/how_sure.md``.
``--page`` writes the stored results and measures nothing; ``--search`` tries settings on the
training rows.

Each model is fitted once, on the rows before the test rows. The last fifth of these is the
calibration part. Then all test rows are predicted in order of time (`predict_rolling`): the windows
and the levels of a row know the values before it, the weights of the network do not change.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_page import align, wrap
from run import cpu_model, n_cores, version_of
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import ConformalIntervals, GRURegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices
from skrnn.metrics import winkler_score

RESULTS = Path(__file__).parent / "results" / "intervals.json"
PAGE = Path(__file__).parents[1] / "docs" / "guide" / "how_sure.md"
# The page holds the tables between these lines.
BEGIN, END = "<!-- tables of make intervals -->\n\n", "\n<!-- end of the tables -->\n"
PACKAGES = ("skrnn", "scikit-learn", "numpy", "bokeh_sampledata")
COVERAGE = 0.9
QUANTILES = (0.05, 0.5, 0.95)
# The worst stretch of so many test rows in a row is reported.
STRETCH = 100
METHODS = ("before", "split", "adaptive")


@dataclass(frozen=True)
class Series:
    """A series, where its test rows begin, and the settings of its models.

    The settings were chosen on the training rows, see `search`.
    """

    name: str
    unit: str
    load: Callable[[], pd.Series]
    first_test_label: str
    window: Mapping[str, Any]
    network: Mapping[str, Any]
    naive: str
    candidates: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def split(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows to fit and calibrate, and the test rows."""
        table = self.load().to_frame("value")
        is_test = table.index >= pd.Timestamp(self.first_test_label, tz=table.index.tz)
        return table[~is_test], table[is_test]

    def models(self) -> dict[str, ConformalIntervals]:
        network = GRURegressor(quantiles=QUANTILES, random_state=0, **self.network)
        pipelines = {
            "GRURegressor": make_pipeline(StandardScaler(), self.make_window(), network),
            "NaiveRegressor": make_pipeline(self.make_window(), NaiveRegressor(self.naive)),
        }
        return {
            name: ConformalIntervals(pipeline, coverage=COVERAGE)
            for name, pipeline in pipelines.items()
        }

    def make_window(self) -> SlidingWindowTransformer:
        return SlidingWindowTransformer(gaps="ignore", **self.window)


def load_returns() -> pd.Series:
    """Return the daily log-returns of Google in percent."""
    return 100 * np.log(load_stock_prices("GOOG")["Close"]).diff().dropna()


def load_volume() -> pd.Series:
    """Return the logarithm of the daily volume of Apple."""
    return np.log(load_stock_prices("AAPL")["Volume"].astype(float))


def load_sea() -> pd.Series:
    """Return the temperature of the sea, every half an hour, after the last gap of the record."""
    from bokeh_sampledata.sea_surface_temperature import sea_surface_temperature

    return sea_surface_temperature.loc["2016-07-09":"2016-11-30", "temperature"]


def load_glucose() -> pd.Series:
    """Return six weeks of readings of a glucose sensor, one in five minutes, with short gaps."""
    from bokeh_sampledata.glucose import data

    readings = data.loc["2010-06-01":"2010-07-14", "glucose"].astype(float)
    # A minute has two readings.
    return readings[~readings.index.duplicated()]


SERIES = {
    series.name: series
    for series in (
        Series(
            "Google, daily log-return",
            "%",
            load_returns,
            "2008-01-01",
            {"window_length": 60},
            {"units": 16, "epochs": 20, "learning_rate": 0.005},
            "mean",
            {"window_length": (20, 60), "epochs": (5, 10, 20)},
        ),
        Series(
            "Apple, daily log-volume",
            "log",
            load_volume,
            "2007-01-01",
            {"window_length": 60},
            {"units": 16, "epochs": 20, "learning_rate": 0.005, "normalize_windows": "last"},
            "last",
            {"window_length": (20, 60), "epochs": (10, 20, 40)},
        ),
        Series(
            "Sea temperature, half-hourly",
            "°C",
            load_sea,
            "2016-11-01",
            {"window_length": 60},
            {"units": 16, "epochs": 20, "learning_rate": 0.005, "normalize_windows": "last"},
            "last",
            {"window_length": (24, 60), "epochs": (5, 10, 20)},
        ),
        Series(
            "Glucose, six readings ahead",
            "mg/dl",
            load_glucose,
            "2010-07-01",
            {"window_length": 12, "horizon": 6},
            {"units": 16, "epochs": 20, "learning_rate": 0.005, "normalize_windows": "last"},
            "last",
            {"window_length": (12, 24), "epochs": (5, 10, 20)},
        ),
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", action="store_true", help="write the page, measure nothing")
    parser.add_argument("--search", choices=SERIES, help="try settings on the training rows")
    arguments = parser.parse_args()
    if arguments.search:
        search(SERIES[arguments.search])
        return
    if not arguments.page:
        text = json.dumps(measure_all(), indent=1, ensure_ascii=False)
        RESULTS.write_text(text + "\n", encoding="utf-8")
    PAGE.write_text(write_page(PAGE.read_text(encoding="utf-8"), read_results()), encoding="utf-8")
    print(f"written to {PAGE}")


def read_results() -> dict[str, Any]:
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def measure_all() -> dict[str, Any]:
    start = time.perf_counter()
    series = {name: measure(each) for name, each in SERIES.items()}
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{cpu_model()}, {n_cores()} cores, {platform.system()}",
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version_of(name)}" for name in PACKAGES),
        "seconds": round(time.perf_counter() - start, 1),
        "series": series,
    }


def measure(series: Series) -> dict[str, Any]:
    """Fit the models of a series, and judge their intervals of the test rows."""
    fitted, test = series.split()
    models = {}
    for name, model in series.models().items():
        start = time.perf_counter()
        model.fit(fitted, fitted["value"])
        models[name] = judge_methods(model, test)
        print(f"{series.name}, {name}: {time.perf_counter() - start:.1f} s", flush=True)
    n_rows = len(test)
    return {
        "unit": series.unit,
        "n_fitted": len(fitted),
        "n_calibration": len(model.scores_),
        "n_test": n_rows,
        "error": float(np.sqrt(COVERAGE * (1 - COVERAGE) / n_rows)),
        "settings": {
            "window": {key: repr(value) for key, value in series.window.items()},
            "network": {key: repr(value) for key, value in series.network.items()},
            "naive": series.naive,
        },
        "models": models,
    }


def judge_methods(model: ConformalIntervals, test: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the figures of intervals before calibration, by split and by adaptive calibration."""
    y = test["value"].to_numpy()
    judged = {}
    if model.estimator_[-1].quantiles is not None:
        judged["before"] = judge(y, model.estimator_.predict(test, return_quantiles=True)[1])
    judged["adaptive"] = judge(y, model.predict_rolling(test, y))
    model.set_params(step_size=0)
    judged["split"] = judge(y, model.predict_rolling(test, y))
    return {method: judged[method] for method in METHODS if method in judged}


def judge(y: np.ndarray, quantiles: np.ndarray) -> dict[str, float]:
    low, high = quantiles[:, 0], quantiles[:, -1]
    is_covered = (low <= y) & (y <= high)
    stretches = np.lib.stride_tricks.sliding_window_view(is_covered, STRETCH)
    return {
        "coverage": float(is_covered.mean()),
        "worst": float(stretches.mean(axis=1).min()),
        "width": float((high - low).mean()),
        "winkler": winkler_score(y, quantiles, quantiles=QUANTILES),
    }


def search(series: Series) -> None:
    """Print the Winkler score of each candidate on the last fifth of the training rows.

    Neither the calibration nor the test rows are used.
    """
    fitted, _ = series.split()
    n_train = int(0.8 * len(fitted))
    n_first = int(0.8 * n_train)
    first, last = fitted[:n_first], fitted[n_first:n_train]
    rivals = {
        strategy: replace(series, naive=strategy).models()["NaiveRegressor"]
        for strategy in ("last", "mean")
    }
    keys, values = zip(*series.candidates.items(), strict=True)
    for chosen in itertools.product(*values):
        settings = dict(zip(keys, chosen, strict=True))
        window = {**series.window, "window_length": settings["window_length"]}
        network = {**series.network, **settings}
        del network["window_length"]
        candidate = replace(series, window=window, network=network)
        rivals[str(settings)] = candidate.models()["GRURegressor"]
    for name, model in rivals.items():
        start = time.perf_counter()
        quantiles = model.fit(first, first["value"]).predict_rolling(last, last["value"])
        figures = judge(last["value"].to_numpy(), quantiles)
        told = ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
        print(f"{name}: {told} in {time.perf_counter() - start:.1f} s", flush=True)


def write_page(page: str, results: Mapping[str, Any]) -> str:
    """Return the page with the tables of these results in place of its own."""
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    return page[:begin] + write_tables(results) + "\n" + page[end:]


def write_tables(results: Mapping[str, Any]) -> str:
    """Return the two Markdown tables of stored results, and sentences about them."""
    worst = [f"worst {STRETCH}, {method}" for method in METHODS[1:]]
    coverage = [["series", "test rows", "model", *(f"{each}, %" for each in METHODS), *worst]]
    judged = [f"{key}, {method}" for key in ("width", "Winkler") for method in METHODS]
    scores = [["series", "unit", "model", *judged]]
    for name, result in results["series"].items():
        for model, figures in result["models"].items():
            # The naive forecast has no intervals before calibration.
            shown = [figures.get(method) for method in METHODS]
            coverage.append(
                [
                    *(name, f"{result['n_test']:,}", model),
                    *(
                        f"{100 * each['coverage']:.1f} ± {100 * result['error']:.1f}"
                        if each
                        else ""
                        for each in shown
                    ),
                    *(f"{100 * figures[method]['worst']:.0f}" for method in METHODS[1:]),
                ]
            )
            numbers = [
                f"{each[key]:#.3g}".rstrip(".") if each else ""
                for key in ("width", "winkler")
                for each in shown
            ]
            scores.append([name, result["unit"], model, *numbers])
    return "\n".join([*align(coverage), "", *align(scores), "", *write_sentences(results)])


def write_sentences(results: Mapping[str, Any]) -> list[str]:
    """Return sentences about the networks, each a paragraph of a list."""
    models = [result["models"] for result in results["series"].values()]
    networks = [each["GRURegressor"] for each in models]

    def say(method: str, key: str) -> str:
        figures = [100 * network[method][key] for network in networks]
        digits = 0 if key == "worst" else 1
        return f"{min(figures):.{digits}f} to {max(figures):.{digits}f} %"

    def compare(key: str) -> str:
        return "; ".join(
            f"{name} {100 * (each['GRURegressor']['adaptive'][key] / rival - 1):+.1f} %"
            for name, each in zip(results["series"], models, strict=True)
            for rival in [each["NaiveRegressor"]["adaptive"][key]]
        )

    sentences = [
        f"The adaptive intervals of the networks hold {say('adaptive', 'coverage')} of the test "
        f"rows. Split intervals hold {say('split', 'coverage')}, and the networks' own quantiles, "
        f"before calibration, {say('before', 'coverage')}.",
        f"A short stretch can be worse: in the worst {STRETCH} rows in a row, adaptive intervals "
        f"hold {say('adaptive', 'worst')}, split intervals {say('split', 'worst')}.",
        "Mean width of the adaptive intervals beside those of the naive forecast: "
        f"{compare('width')}.",
        f"Winkler score beside that of the naive forecast: {compare('winkler')}. Lower is better.",
    ]
    return [wrap(f"- {sentence}", subsequent_indent="  ") for sentence in sentences]


if __name__ == "__main__":
    # Keras' messages would hide the progress.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
