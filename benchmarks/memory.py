"""Peak memory of one epoch over a memory-mapped series of 2,000,000 rows, windows of 60.

An array of all windows as float32 would have 480 MB. Memory should grow with the number of rows,
not with rows times window length. This is measured for windows of `SlidingWindowTransformer` and
for strided views of NumPy. The result is the peak of resident memory during `fit`, minus the memory
before. A tiny network of another shape has been trained before, so imports are not included, but
the compilation of the network is.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import competitors
import numpy as np
from timing import Comparison, call_in_fresh_process

WINDOW_LENGTH = 60
PATHS = {
    "through SlidingWindowTransformer": "fit_through_transformer",
    "on strided windows": "fit_on_strided_windows",
}


def measure(*, quick: bool) -> list[Comparison]:
    n_rows = 100_000 if quick else 2_000_000
    return [
        Comparison(
            f"peak memory of an epoch, {n_rows:,} rows, {path}",
            call_in_fresh_process("memory", function, n_rows=n_rows),
            at_most=300.0,
            unit="MB",
        )
        for path, function in PATHS.items()
    ]


def fit_through_transformer(n_rows: int) -> float:
    from sklearn.pipeline import make_pipeline

    from skrnn import SlidingWindowTransformer

    model = make_pipeline(SlidingWindowTransformer(WINDOW_LENGTH), _estimator())
    with tempfile.TemporaryDirectory() as folder:
        series = _mapped_series(Path(folder), n_rows)
        return _peak_megabytes(lambda: model.fit(series[:, None], series))


def fit_on_strided_windows(n_rows: int) -> float:
    estimator = _estimator()
    with tempfile.TemporaryDirectory() as folder:
        series = _mapped_series(Path(folder), n_rows)
        windows = np.lib.stride_tricks.sliding_window_view(series, WINDOW_LENGTH)[:-1]
        targets = series[WINDOW_LENGTH:]
        return _peak_megabytes(lambda: estimator.fit(windows, targets))


def _estimator():
    return competitors.skrnn_estimator("LSTM", 8, 0.0, epochs=1, batch_size=1024)


def _mapped_series(folder: Path, n_rows: int) -> np.ndarray:
    path = folder / "series.float32"
    rng = np.random.default_rng(0)
    rng.standard_normal(n_rows, dtype=np.float32).tofile(path)
    return np.memmap(path, np.float32, "r")


def _peak_megabytes(fit: Callable[[], object]) -> float:
    """Return the peak of resident memory during a fit, minus the memory before it."""
    X, y = competitors.noisy_waves(64, 5)
    competitors.skrnn_estimator("LSTM", 2, 0.0, epochs=1).fit(X, y)
    before = _status_megabytes("VmRSS")
    try:
        # This resets the peak that Linux records.
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _sampled_peak_megabytes(fit) - before
    fit()
    return _status_megabytes("VmHWM") - before


def _sampled_peak_megabytes(fit: Callable[[], object]) -> float:
    """Measure memory every 10 ms, for containers in which the recorded peak cannot be reset."""
    samples = []
    finished = threading.Event()

    def sample() -> None:
        while not finished.is_set():
            samples.append(_status_megabytes("VmRSS"))
            time.sleep(0.01)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        fit()
    finally:
        finished.set()
        thread.join()
    return max(samples)


def _status_megabytes(field: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024 / 1e6
