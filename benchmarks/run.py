"""Measure skrnn beside its competitors, in one run, and write the table to docs/benchmarks.md.

Run it with ``make bench`` on an idle machine; it takes about 40 minutes. A part of a run
(``--only``) or a rough one (``--quick``) is only printed, unless ``--output`` says where to write.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from timing import Comparison

# The short ones first: what is wrong shows soon.
ITEMS = (
    *(
        "imports",
        "processes",
        "windows",
        "placing",
        "targets",
        "predict",
        "short_fit",
        "epoch",
        "variants",
        "several_networks",
    ),
    *("memory", "networks", "grid", "random_search"),
)
PACKAGES = (
    *("skrnn", "numba", "tensorflow", "keras", "scikeras", "torch", "skorch"),
    *("scikit-learn", "numpy", "pandas"),
)
HEADER = ("work", "skrnn", "against", "other", "ratio")
# Only printed: the maximum of the ratio or, without a competitor, of the figure itself.
TARGETS = ("at most", "target")
DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
EXPLANATION = """\
How fast skrnn is, and how much memory it needs, beside PyTorch, skorch, Keras and scikeras on the
same networks and rows.

```{eval-rst}
.. plot:: drawings/benchmarks.py
   :alt: Bars for skrnn, PyTorch, skorch, raw Keras and scikeras in four groups: a grid search, a
         first fit, an epoch and the prediction of one row. The table has the same figures.
```

One run of `make bench`. The competitors take turns. Times are medians. A ratio is the median, over
the rounds, of skrnn's figure divided by the other's in the same round, so it may differ from the
quotient of the two figures beside it. The top of each module in `benchmarks/` explains what is
measured, and why.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=ITEMS, help="run one item")
    parser.add_argument("--quick", action="store_true", help="few epochs and rounds, to try it")
    parser.add_argument("--output", type=Path, help=f"Markdown file, by default {DOCUMENT}")
    arguments = parser.parse_args()
    comparisons: list[Comparison] = []
    load = os.getloadavg()[0]
    if load > 0.5:
        # PyTorch's threads wait for each other in every operation, and use the cores meanwhile.
        print(f"The load is {load:.1f}: other work slows PyTorch far more than Keras or skrnn.")
    for item in [arguments.only] if arguments.only else ITEMS:
        print(f"{item} ...", flush=True)
        measured = importlib.import_module(item).measure(quick=arguments.quick)
        # Print at once, so that the results of an interrupted run are not lost.
        print("\n".join(table_lines(measured, HEADER + TARGETS)), flush=True)
        comparisons += measured
    output = arguments.output
    if output is None and not (arguments.only or arguments.quick):
        output = DOCUMENT
    if output:
        output.write_text(document(comparisons, load), encoding="utf-8")
        print(f"written to {output}")


def document(comparisons: Sequence[Comparison], load: float) -> str:
    now = datetime.now(UTC)
    return "\n".join(
        [
            "# Benchmarks",
            "",
            EXPLANATION,
            f"- Date: {now:%Y-%m-%d}",
            f"- Machine: {cpu_model()}, {n_cores()} cores, {platform.system()}; "
            f"load {load:.1f} before the run",
            f"- Python {platform.python_version()}, "
            + ", ".join(f"{name} {version_of(name)}" for name in PACKAGES),
            "",
            *table_lines(comparisons, HEADER),
            "",
        ]
    )


def table_lines(comparisons: Sequence[Comparison], header: Sequence[str]) -> list[str]:
    """Return a Markdown table whose columns are aligned, to be read as it is, too."""
    rows = [header, *(cells(comparison)[: len(header)] for comparison in comparisons)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return [lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]]


def cells(comparison: Comparison) -> tuple[str, ...]:
    unit = comparison.unit
    at_most = ""
    if comparison.at_most is not None:
        at_most = f"{comparison.at_most:g}" + ("" if comparison.against else f" {unit}")
    return (
        comparison.work,
        figure(comparison.ours, unit),
        comparison.against,
        figure(comparison.other, unit),
        figure(comparison.ratio),
        at_most,
        comparison.verdict,
    )


def figure(value: float | None, unit: str = "") -> str:
    """Return a number with three digits, or more before the point."""
    if value is None:
        return ""
    digits = f"{value:#.3g}" if abs(value) < 100 else f"{value:.0f}"
    return f"{digits} {unit}".rstrip()


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def n_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    main()
