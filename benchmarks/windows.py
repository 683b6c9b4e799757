"""The windows of 1,000,000 rows, 60 rows each: `SlidingWindowTransformer.transform` or a copy.

Windows overlap, so an array of them is 60 times the data. Views cost next to nothing; this shows
that nothing around them copies either. Padding the series is not counted for NumPy.
"""

from __future__ import annotations

import tracemalloc
from functools import partial

import numpy as np
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

WINDOW_LENGTH = 60


def measure(*, quick: bool) -> list[Comparison]:
    n_rows = 100_000 if quick else 1_000_000
    measured = call_in_fresh_process(
        "windows", "make_in_turns", n_rows=n_rows, n_rounds=2 if quick else 7
    )
    work = f"windows of {n_rows:,} rows"
    ours, copying = measured["skrnn"], measured["NumPy"]
    return [
        compare(work, "copying with NumPy", ours["seconds"], copying["seconds"], 0.1),
        compare(
            f"{work}, peak memory",
            "copying with NumPy",
            ours["megabytes"],
            copying["megabytes"],
            0.05,
            "MB",
        ),
    ]


def make_in_turns(n_rows: int, n_rounds: int) -> dict[str, dict[str, list[float]]]:
    from skrnn import SlidingWindowTransformer

    X = np.random.default_rng(0).normal(size=(n_rows, 1))
    transformer = SlidingWindowTransformer(window_length=WINDOW_LENGTH).fit(X)
    padded = np.concatenate([np.zeros(WINDOW_LENGTH), X[:-1, 0]])

    def copy_windows() -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)
        return np.ascontiguousarray(views)

    makers = {"skrnn": lambda: transformer.transform(X), "NumPy": copy_windows}
    seconds = interleave(
        {name: partial(seconds_of, make) for name, make in makers.items()}, n_rounds
    )
    return {
        name: {"seconds": seconds[name], "megabytes": [_peak_megabytes(make)]}
        for name, make in makers.items()
    }


def _peak_megabytes(make) -> float:
    # Apart from the timing, because tracing slows every allocation down.
    tracemalloc.start()
    make()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
