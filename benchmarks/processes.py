"""Fresh processes: import, load a pickled pipeline and predict one row; the first fit on a machine.

A service that starts a new process for each request waits for all imports. The same pipeline with
Ridge instead of a network shows the time without skrnn's networks. The first fit on a machine
compiles kernels. Later processes load them from disk.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import competitors
from timing import Comparison, call_in_fresh_process, compare, interleave

N_STEPS, UNITS = 60, 50
_PREDICT = """
import pickle, resource, sys
pipe, row = pickle.load(open(sys.argv[1], "rb"))
pipe.predict(row)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
"""


def measure(*, quick: bool) -> list[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        call_in_fresh_process("processes", "write_pipelines", folder=folder)
        used = interleave(
            {name: partial(_predict, Path(folder, f"{name}.pkl")) for name in ("skrnn", "Ridge")},
            3 if quick else 11,
        )
        # TensorFlow and Keras are imported before the clock starts, as in `short_fit`.
        seconds = {}
        for which in ("first fit on a machine", "first fit of a later process"):
            os.environ["NUMBA_CACHE_DIR"] = folder
            try:
                seconds[which] = call_in_fresh_process("processes", "seconds_to_fit")
            finally:
                del os.environ["NUMBA_CACHE_DIR"]
    work = "fresh process: import, load, predict one row"
    columns = [list(zip(*used[name], strict=True)) for name in ("skrnn", "Ridge")]
    return [
        compare(work, "Ridge", columns[0][0], columns[1][0], 1.6),
        compare(f"{work}, memory", "Ridge", columns[0][1], columns[1][1], 1.8, "MB"),
        *(Comparison(which, value) for which, value in seconds.items()),
    ]


def write_pipelines(folder: str) -> None:
    """Fit and pickle the two pipelines."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    from skrnn import SlidingWindowTransformer

    _, y = competitors.noisy_waves(300, N_STEPS)
    X = y[:, None]
    for name, model in {
        "skrnn": competitors.skrnn_estimator("LSTM", UNITS, 0.0, epochs=1),
        "Ridge": Ridge(),
    }.items():
        pipe = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(N_STEPS), model).fit(X, y)
        # This compiles the kernels and stores them on disk.
        pipe.predict(X[-1:])
        Path(folder, f"{name}.pkl").write_bytes(pickle.dumps((pipe, X[-1:])))


def _predict(path: Path) -> tuple[float, float]:
    """Return the seconds and the peak memory of a process."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PREDICT, str(path)], capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, float(done.stdout)


def seconds_to_fit() -> float:
    """Return the seconds of a fit of two epochs, without imports."""
    competitors.import_libraries("skrnn")
    X, y = competitors.noisy_waves(96, N_STEPS)
    start = time.perf_counter()
    competitors.skrnn_estimator("LSTM", UNITS, 0.2, epochs=2).fit(X, y)
    return time.perf_counter() - start
