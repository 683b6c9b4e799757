"""Grid search: 2 units x 3 dropouts x 5 folds, 30 fits of 10 epochs of one LSTM layer.

A grid search is a common use of networks as estimators. Networks that are traced again for each fit
are slow here. Each competitor searches in a fresh process. Then skrnn searches with one job, two
processes and two threads in turn, to measure the gain of the second core.
"""

from __future__ import annotations

from functools import partial

import competitors
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

N_STEPS = 60
UNITS, DROPOUTS = (32, 50), (0.0, 0.1, 0.2)
WORK = "grid of 30 fits"


def measure(*, quick: bool) -> list[Comparison]:
    size = {"n_windows": 120 if quick else 1198, "epochs": 1 if quick else 10}

    def search_afresh(competitor: str) -> float:
        return call_in_fresh_process("grid", "search_once", competitor=competitor, **size)

    # scikeras takes minutes, so its only search is compared with that of skrnn in the same round.
    first = interleave(
        {name: partial(search_afresh, name) for name in ("skrnn", "scikeras", "skorch")}, n_rounds=1
    )
    more = interleave(
        {name: partial(search_afresh, name) for name in ("skrnn", "skorch")},
        n_rounds=0 if quick else 2,
    )
    ours = first["skrnn"] + more["skrnn"]
    skorch = first["skorch"] + more["skorch"]

    jobs = call_in_fresh_process("grid", "search_in_turns", n_rounds=2 if quick else 4, **size)
    return [
        compare(f"{WORK}, n_jobs=1", "scikeras", ours, first["scikeras"], 0.08),
        compare(f"{WORK}, n_jobs=1", "skorch", ours, skorch, 0.5),
        compare(f"{WORK}, 2 processes, first search", "n_jobs=1", jobs["loky"][:1], jobs["one"]),
        compare(
            f"{WORK}, 2 processes, later searches",
            "n_jobs=1",
            jobs["loky"][1:],
            jobs["one"][1:],
            0.6,
        ),
        compare(
            f"{WORK}, 2 threads, later searches",
            "n_jobs=1",
            jobs["threading"][1:],
            jobs["one"][1:],
            0.65,
        ),
    ]


def search_once(competitor: str, n_windows: int, epochs: int) -> float:
    """Return the seconds of a search in this process."""
    competitors.import_libraries(competitor)
    X, y = competitors.noisy_waves(n_windows, N_STEPS)
    if competitor == "skrnn":
        estimator = competitors.skrnn_estimator("LSTM", 50, 0.0, epochs=epochs)
        prefix = ""
    elif competitor == "scikeras":
        estimator = competitors.scikeras_estimator(
            epochs=epochs, model__units=50, model__dropout=0.0
        )
        prefix = "model__"
    else:
        estimator = competitors.skorch_estimator(max_epochs=epochs)
        prefix = "module__"
        y = y[:, None]
    return _seconds_of_search(estimator, prefix, X, y, n_jobs=1)


def search_in_turns(n_windows: int, epochs: int, n_rounds: int) -> dict[str, list[float]]:
    """Return the seconds of searches of skrnn: with one job, two processes and two threads.

    The first round includes the import of libraries, here and in the workers.
    """
    from joblib import parallel_config

    competitors.import_libraries("skrnn")
    X, y = competitors.noisy_waves(n_windows, N_STEPS)
    estimator = competitors.skrnn_estimator("LSTM", 50, 0.0, epochs=epochs)

    def search(backend: str) -> float:
        if backend == "one":
            return _seconds_of_search(estimator, "", X, y, n_jobs=1)
        with parallel_config(backend):
            return _seconds_of_search(estimator, "", X, y, n_jobs=2)

    return interleave(
        {backend: partial(search, backend) for backend in ("one", "loky", "threading")}, n_rounds
    )


def _seconds_of_search(estimator, prefix: str, X, y, n_jobs: int) -> float:
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

    search = GridSearchCV(
        estimator,
        {f"{prefix}units": list(UNITS), f"{prefix}dropout": list(DROPOUTS)},
        cv=TimeSeriesSplit(5),
        n_jobs=n_jobs,
        refit=False,
        error_score="raise",
    )
    return seconds_of(lambda: search.fit(X, y))
