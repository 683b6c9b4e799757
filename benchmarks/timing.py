"""Timing of competitors: in turns, by medians, in separate processes.

The speed of a machine changes from minute to minute. So competitors take turns (A, B, C, A, B, C,
...), and a ratio is the median of the ratios within each round. A slow minute slows both sides of a
ratio.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

# The result is the last line that a fresh process prints, since libraries may print before it.
_CALL = (
    "import importlib, json, sys; "
    "module, function, arguments = sys.argv[1:]; "
    "function = getattr(importlib.import_module(module), function); "
    "print(); print(json.dumps(function(**json.loads(arguments))))"
)


@dataclass(frozen=True)
class Comparison:
    """One line of the table: skrnn, a competitor, their ratio, and the target.

    Without `other`, the line has one value of skrnn, and `at_most` has the unit of this value.
    """

    work: str
    ours: float
    against: str = ""
    other: float | None = None
    ratio: float | None = None
    at_most: float | None = None
    unit: str = "s"

    @property
    def verdict(self) -> str:
        if self.at_most is None:
            return ""
        return "met" if self.measured <= self.at_most else "missed"

    @property
    def measured(self) -> float:
        """Value that is compared with the target: the ratio, or the value of skrnn."""
        return self.ours if self.ratio is None else self.ratio


def compare(
    work: str,
    against: str,
    ours: Sequence[float],
    others: Sequence[float],
    at_most: float | None = None,
    unit: str = "s",
) -> Comparison:
    """Compare the results of the rounds that both sides have run."""
    # Slow competitors run in the first rounds only.
    rounds = list(zip(ours, others, strict=False))
    return Comparison(
        work=work,
        ours=median(our for our, _ in rounds),
        against=against,
        other=median(other for _, other in rounds),
        ratio=median(our / other for our, other in rounds),
        at_most=at_most,
        unit=unit,
    )


def seconds_of(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleave(measurements: Mapping[str, Callable[[], Any]], n_rounds: int) -> dict[str, list]:
    """Call the functions of the competitors in turns, and return their results by round."""
    measured: dict[str, list] = {name: [] for name in measurements}
    for _ in range(n_rounds):
        for name, measure in measurements.items():
            measured[name].append(measure())
    return measured


def call_in_fresh_process(module: str, function: str, **arguments: Any) -> Any:
    """Call a function of a module of this folder in a new interpreter, and return its result.

    Arguments and result pass through JSON.
    """
    process = subprocess.run(
        [sys.executable, "-c", _CALL, module, function, json.dumps(arguments)],
        cwd=Path(__file__).parent,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if process.returncode:
        raise RuntimeError(f"{module}.{function}({arguments}) failed:\n{process.stderr}")
    return json.loads(process.stdout.splitlines()[-1])
