"""How competitors are timed and compared: interleaved, by medians, in processes of their own.

A machine is faster in one minute than in the next. Competitors therefore take turns (A, B, C, A,
B, C, ...), and a ratio is the median of the ratios within the rounds: what slows a round down
slows both sides of its ratio.
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

# The last line that a fresh process prints is its result; libraries may print before it.
_CALL = (
    "import importlib, json, sys; "
    "module, function, arguments = sys.argv[1:]; "
    "function = getattr(importlib.import_module(module), function); "
    "print(); print(json.dumps(function(**json.loads(arguments))))"
)


@dataclass(frozen=True)
class Comparison:
    """One line of the table: skrnn, another, and their ratio beside the target.

    Without `other` it is an absolute figure of skrnn, and `at_most` is in its unit.
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
        """What the target is about."""
        return self.ours if self.ratio is None else self.ratio


def compare(
    work: str,
    against: str,
    ours: Sequence[float],
    others: Sequence[float],
    at_most: float | None = None,
    unit: str = "s",
) -> Comparison:
    """Compare what was measured in the same rounds; rounds that only one side ran do not count."""
    # A slow competitor may have run in the first rounds only.
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
    """Let the competitors take turns; return what each one's function returned, by rounds."""
    measured: dict[str, list] = {name: [] for name in measurements}
    for _ in range(n_rounds):
        for name, measure in measurements.items():
            measured[name].append(measure())
    return measured


def call_in_fresh_process(module: str, function: str, **arguments: Any) -> Any:
    """Return what a function of a module of this folder returns in a new interpreter.

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
