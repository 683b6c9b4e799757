"""Measure the accuracy of networks beside rivals and published figures: docs/accuracy.md.

Run it with ``make accuracy``; it takes up to 30 minutes on two free cores. Results are stored by
table in ``benchmarks/results/``, and the page is made from all stored results: ``--only laser``
measures one table again, ``--rows linear_skip`` the rows with this option, ``--page`` nothing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_page import write_page
from accuracy_tables import TABLES, Row, Table
from joblib import Parallel, delayed
from run import cpu_model, n_cores, version_of
from sklearn.pipeline import Pipeline

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"
PACKAGES = ("skrnn", "scikit-learn", "numpy", "keras", "aeon", "reservoirpy", "bokeh_sampledata")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=TABLES, nargs="+", help="measure these tables")
    parser.add_argument("--rows", default="", help="measure only rows whose name holds this text")
    parser.add_argument("--page", action="store_true", help="write the page, measure nothing")
    parser.add_argument("--search", choices=TABLES, help="try settings on the training rows")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes, by default 2")
    arguments = parser.parse_args()
    if arguments.search:
        search(TABLES[arguments.search], arguments.n_jobs)
        return
    if not arguments.page:
        RESULTS.mkdir(exist_ok=True)
        stored = read_results()
        for name in arguments.only or TABLES:
            result = measure(TABLES[name], arguments.n_jobs, arguments.rows)
            if arguments.rows:
                result = merge(TABLES[name], stored[name], result)
            text = json.dumps(result, indent=1, ensure_ascii=False)
            (RESULTS / f"accuracy_{name}.json").write_text(text + "\n", encoding="utf-8")
    PAGE.write_text(write_page(read_results()), encoding="utf-8")
    print(f"written to {PAGE}")


def read_results() -> dict[str, Any]:
    paths = {name: RESULTS / f"accuracy_{name}.json" for name in TABLES}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.exists()
    }


def merge(table: Table, stored: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return a result in which the new rows take the place of stored ones."""
    by_name = {row["name"]: row for row in [*stored["rows"], *result["rows"]]}
    rows = [by_name[row.name] for row in table.rows()]
    return {**stored, "date": result["date"], "rows": rows}


def measure(table: Table, n_jobs: int, text: str) -> dict[str, Any]:
    """Fit and test the rows of a table whose name holds a text, each with its seeds."""
    start = time.perf_counter()
    rows = [row for row in table.rows() if text in row.name]
    jobs = [(number, seed) for number, row in enumerate(rows) for seed in row.seeds]
    # The longest fits are last in a table. They start first, so both cores end together.
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(fit_and_test)(number, rows[number], seed) for number, seed in reversed(jobs)
    )
    errors: dict[tuple[int, int | None], float] = {}
    of_members: dict[tuple[int, int | None], list[float]] = {}
    for number, seed, error, members, seconds in results:
        errors[number, seed] = error
        of_members[number, seed] = members
        told = f"{table.name} {len(errors)}/{len(jobs)}: {rows[number].name}, seed {seed}"
        print(f"{told}: {error:.5g} in {seconds:.1f} s", flush=True)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{cpu_model()}, {n_cores()} cores, {platform.system()}",
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version_of(name)}" for name in PACKAGES),
        "seconds": round(time.perf_counter() - start, 1),
        "rows": [
            {
                "name": row.name,
                "cell": "" if row.settings is None or row.n_seeds == 1 else row.model.__name__,
                "settings": {key: repr(value) for key, value in (row.settings or {}).items()},
                "errors": [errors[number, seed] for seed in row.seeds],
                "of_single_networks": [of_members[number, seed] for seed in row.seeds],
            }
            for number, row in enumerate(rows)
        ],
    }


def fit_and_test(
    number: int, row: Row, seed: int | None
) -> tuple[int, int | None, float, list[float], float]:
    """Return the error of a row, and that of each of its networks if there are several."""
    start = time.perf_counter()
    rows = row.table.load()
    model = row.make(seed)
    model.fit(rows.X_train, rows.y_train)
    error = get_error(model, rows)
    network = model[-1] if isinstance(model, Pipeline) else model
    members = []
    several = getattr(network, "networks_", ())
    for weights in several if len(several) > 1 else ():
        network.networks_, network.weights_ = [weights], weights
        members.append(get_error(model, rows))
    return number, seed, error, members, time.perf_counter() - start


def get_error(model: Any, rows: Any) -> float:
    return float(rows.error(rows.y_test, model.predict(rows.X_test)))


def search(table: Table, n_jobs: int) -> None:
    """Print the error of each candidate on the last fifth of the training rows."""
    keys, values = zip(*table.candidates.items(), strict=True)
    rows = [
        Row(table, cell.__name__, cell, {**table.settings, **dict(zip(keys, chosen, strict=True))})
        for cell in table.cells
        for chosen in itertools.product(*values)
    ]
    for number, _, error, seconds in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(fit_and_validate)(number, row) for number, row in enumerate(rows)
    ):
        settings = {key: rows[number].settings[key] for key in keys}
        print(f"{rows[number].name} {settings}: {error:.5g} in {seconds:.1f} s", flush=True)


def fit_and_validate(number: int, row: Row) -> tuple[int, int, float, float]:
    start = time.perf_counter()
    part = row.table.load().training_part(gap=row.table.gap)
    errors = [get_error(row.make(seed).fit(part.X_train, part.y_train), part) for seed in (0, 1)]
    return number, 0, float(np.mean(errors)), time.perf_counter() - start


if __name__ == "__main__":
    # Keras' messages would hide the progress.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
