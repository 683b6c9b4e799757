"""Different networks in one process: seconds of a fit, memory and mappings of 600 networks.

Memory and memory mappings after 600 networks are compared with those after 30. Each network has
another size or cell, 96 rows and 3 epochs. Later networks should leave no memory behind.
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from statistics import median

import competitors
from timing import Comparison, call_in_fresh_process

N_WINDOWS, EPOCHS, N_FIRST, N_NETWORKS = 96, 3, 30, 600


def measure(*, quick: bool) -> list[Comparison]:
    n_networks = 2 * N_FIRST if quick else N_NETWORKS
    found = call_in_fresh_process("networks", "fit_different", n_networks=n_networks)
    work = f"{n_networks} different networks"
    (memory, mappings), (last_memory, last_mappings) = found["after"]
    return [
        Comparison(f"{work}, median fit", 1000 * found["median"], at_most=100.0, unit="ms"),
        Comparison(
            f"{work}, memory",
            last_memory,
            f"after {N_FIRST}",
            memory,
            last_memory / memory,
            1.1,
            "MB",
        ),
        Comparison(f"{work}, more mappings", last_mappings - mappings, at_most=300, unit=""),
    ]


def fit_different(n_networks: int) -> dict[str, object]:
    """Fit networks that all have different sizes."""
    competitors.import_libraries("skrnn")
    cells = itertools.cycle(("LSTM", "GRU", "RNN"))
    sizes = itertools.product(range(5, 25), range(4, 34))
    seconds, after = [], []
    for number, ((n_steps, units), cell) in enumerate(zip(sizes, cells, strict=False), start=1):
        X, y = competitors.noisy_waves(N_WINDOWS, n_steps)
        start = time.perf_counter()
        competitors.skrnn_estimator(cell, (units,), 0.1, epochs=EPOCHS).fit(X, y).predict(X)
        seconds.append(time.perf_counter() - start)
        if number in (N_FIRST, n_networks):
            after.append((_resident_megabytes(), _count_mappings()))
        if number == n_networks:
            break
    return {"median": median(seconds), "after": after}


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _count_mappings() -> int:
    return Path("/proc/self/maps").read_bytes().count(b"\n")
