"""Windows of 1,000,000 rows, 60 rows each: `SlidingWindowTransformer.transform`, or a copy.

Windows overlap, so an array of them is 60 times as large as the data. Views need almost no memory.
This item shows that `transform` makes no copies either. For NumPy, the padding of the series is not
included.
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
    # Memory is not traced during the timing, since tracing slows down each allocation.
    tracemalloc.start()
    make()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
