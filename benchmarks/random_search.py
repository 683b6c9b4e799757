"""Random search: 60 candidates of window length, units and cell, 3 folds, n_jobs=2.

180 different networks are fitted for 10 epochs on a series of 700 rows. If a process kept memory of
each network, it would add up. So the memory of a worker at the end is compared with that after ten
fits. skorch searches over the same windows, units and cells.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from statistics import median

import competitors
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

N_ROWS, EPOCHS, N_CANDIDATES, N_FOLDS, N_FIRST = 700, 10, 60, 3, 10
WORK = f"random search of {N_CANDIDATES} candidates, n_jobs=2"


def measure(*, quick: bool) -> list[Comparison]:
    size = {"n_candidates": 4 if quick else N_CANDIDATES, "epochs": 1 if quick else EPOCHS}
    found = interleave(
        {
            name: partial(call_in_fresh_process, "random_search", "search", competitor=name, **size)
            for name in ("skrnn", "skorch")
        },
        1 if quick else 3,
    )
    seconds = {name: [each["seconds"] for each in rounds] for name, rounds in found.items()}
    workers = [worker for each in found["skrnn"] for worker in each["workers"]]
    ratio = max(last / first for first, last in workers)
    return [
        compare(WORK, "skorch", seconds["skrnn"], seconds["skorch"], 0.5),
        Comparison(
            f"{WORK}, memory of a worker",
            median(last for _, last in workers),
            f"after {N_FIRST} fits",
            median(first for first, _ in workers),
            ratio,
            1.1,
            "MB",
        ),
    ]


def search(competitor: str, n_candidates: int, epochs: int) -> dict[str, object]:
    """Return the seconds, and the memory of each worker after ten fits and at the end."""
    from sklearn.model_selection import RandomizedSearchCV, TimeSeriesSplit

    competitors.import_libraries(competitor)
    _, series = competitors.noisy_waves(N_ROWS, 1)
    series = series[:, None]
    splits = TimeSeriesSplit(N_FOLDS)
    estimator, grid, y = _make(competitor, epochs, series)
    log = MemoryLog()
    search = RandomizedSearchCV(
        estimator,
        grid,
        n_iter=n_candidates,
        cv=splits,
        n_jobs=2,
        refit=False,
        random_state=0,
        scoring=log if competitor == "skrnn" else None,
        error_score="raise",
    )
    seconds = seconds_of(lambda: search.fit(series, y))
    return {"seconds": seconds, "workers": log.read()}


def _make(competitor: str, epochs: int, series: np.ndarray):
    """Return a pipeline, its grid, and the targets."""
    from sklearn.pipeline import make_pipeline

    from skrnn import SlidingWindowTransformer

    lengths, units = list(range(5, 65)), list(range(4, 52))
    if competitor == "skrnn":
        from skrnn import GRURegressor, LSTMRegressor, RNNRegressor

        models = [
            kind(epochs=epochs, random_state=0)
            for kind in (LSTMRegressor, GRURegressor, RNNRegressor)
        ]
        pipe = make_pipeline(SlidingWindowTransformer(), models[0])
        pipe.steps[-1] = ("model", models[0])
        # scikit-learn replaces the step before it sets parameters of the step.
        grid = {"model": models, "model__units": units}
        y = series[:, 0]
    else:
        from sklearn.preprocessing import FunctionTransformer

        pipe = make_pipeline(
            SlidingWindowTransformer(),
            FunctionTransformer(_add_axis),
            TorchRecurrent(epochs=epochs),
        )
        pipe.steps[-1] = ("model", pipe.steps[-1][1])
        grid = {"model__cell": ["LSTM", "GRU", "RNN"], "model__units": units}
        y = series
    return pipe, grid | {"slidingwindowtransformer__window_length": lengths}, y


def _add_axis(windows: np.ndarray) -> np.ndarray:
    return np.asarray(windows, np.float32)[..., None]


class TorchRecurrent(RegressorMixin, BaseEstimator):
    """Estimator of skorch, made in `fit`, since the class of its module cannot be pickled."""

    def __init__(self, cell: str = "LSTM", units: int = 50, epochs: int = 10) -> None:
        self.cell = cell
        self.units = units
        self.epochs = epochs

    def fit(self, X, y):
        self.net_ = competitors.skorch_estimator(
            max_epochs=self.epochs,
            module__cell=self.cell,
            module__units=self.units,
            module__dropout=0.0,
        ).fit(X, np.asarray(y, np.float32))
        return self

    def predict(self, X):
        return self.net_.predict(X)


class MemoryLog:
    """Scorer that records the memory of its process."""

    def __init__(self) -> None:
        import tempfile

        self.folder = tempfile.mkdtemp()

    def __call__(self, estimator, X, y) -> float:
        score = estimator.score(X, y)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        with Path(self.folder, str(os.getpid())).open("a") as file:
            file.write(f"{pages * os.sysconf('SC_PAGE_SIZE') / 1e6}\n")
        return score

    def read(self) -> list[tuple[float, float]]:
        """Return the megabytes of each worker after ten fits and at the end."""
        import shutil

        logs = [path.read_text().split() for path in Path(self.folder).iterdir()]
        shutil.rmtree(self.folder)
        return [(float(log[min(N_FIRST, len(log)) - 1]), float(log[-1])) for log in logs]
