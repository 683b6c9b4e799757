"""Soak test: fit a thousand different networks in one process, and check that memory does not grow.

Each fit has another cell, number of units, window length, seed, dropout and learning rate, and
other rows. Each network predicts, is saved and loaded, and is deleted. At the end, at most 5 % more
memory than after the 20th fit is allowed.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import skrnn

FIRST = 20
LARGEST_GROWTH = 1.05


def resident_megabytes() -> float:
    """Return the resident memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def fit_and_drop(number: int, folder: Path) -> None:
    """Fit a network, predict, save it and load it."""
    rng = np.random.default_rng(number)
    series = np.cumsum(rng.normal(size=(200 + number % 50, 1)), axis=0)
    kind = (skrnn.LSTMRegressor, skrnn.GRURegressor, skrnn.RNNRegressor)[number % 3]
    model = kind(
        units=2 + number % 31,
        dropout=rng.uniform(0, 0.5),
        learning_rate=rng.uniform(1e-3, 1e-2),
        early_stopping=number % 2 == 0,
        epochs=3,
        random_state=number,
    )
    pipe = make_pipeline(MinMaxScaler(), skrnn.SlidingWindowTransformer(4 + number % 29), model)
    pipe.fit(series, series[:, 0])
    skrnn.save(pipe, folder / "model.skrnn")
    twin = skrnn.load(folder / "model.skrnn")
    assert np.array_equal(twin.predict(series), pipe.predict(series))


def main() -> None:
    """Fit the networks, and print the memory after some of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=1000)
    n_fits = parser.parse_args().fits
    megabytes = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, n_fits + 1):
            fit_and_drop(number, Path(folder))
            if number in (1, FIRST, n_fits) or number % 100 == 0:
                gc.collect()
                megabytes[number] = resident_megabytes()
                print(f"after fit {number:5}: {megabytes[number]:7.1f} MB", flush=True)
    growth = megabytes[n_fits] / megabytes[FIRST]
    print(f"growth since fit {FIRST}: {growth - 1:+.2%}; the limit is {LARGEST_GROWTH - 1:+.0%}")
    raise SystemExit(growth > LARGEST_GROWTH)


if __name__ == "__main__":
    main()
