"""Crash test: kill processes with SIGKILL at random times, and check that no work is lost.

- A fit with `checkpoint_dir` is killed again and again until it finishes. Its result must be equal,
  bit for bit, to that of a fit that is not killed.
- A process that saves to one file again and again is killed. The file must load each time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import skrnn

_FIT = """
import sys
import numpy as np
from skrnn import LSTMRegressor

X = np.random.default_rng(0).normal(size=(300, 10))
model = LSTMRegressor(
    6, dropout=0.3, epochs=3000, early_stopping=True, patience=3000, random_state=0,
    checkpoint_dir=sys.argv[1] if sys.argv[1] else None,
)
print("begins", flush=True)
model.fit(X, X.sum(axis=1))
assert model.n_iter_ == len(model.history_["val_loss"]) == 3000
np.savez(sys.argv[2], *model.weights_, *model.optimizer_state_, losses=model.history_["val_loss"])
print("ends", flush=True)
"""

_SAVE = """
import sys
import numpy as np
import skrnn

models = [
    skrnn.NaiveRegressor().fit(np.ones((5, 3)), np.full(5, 1.0)),
    skrnn.SlidingWindowTransformer(2).fit(np.arange(2e5).reshape(-1, 1)),
]
print("begins", flush=True)
while True:
    for model in models:
        skrnn.save(model, sys.argv[1])
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process, and wait until it prints that it begins."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    # stderr has only messages of the import of TensorFlow.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


def crash_fits(n_crashes: int, folder: Path, rng: np.random.Generator) -> int:
    """Kill fits `n_crashes` times, and return the number of fits that have finished."""
    start(_FIT, "", folder / "undisturbed.npz").wait()
    expected = np.load(folder / "undisturbed.npz")
    crashes = ended = resumed = 0
    while crashes < n_crashes:
        resumed += any((folder / "state").glob("*.npz"))
        fit = start(_FIT, folder / "state", folder / "result.npz")
        try:
            # Without a kill it takes some 15 seconds, three of them for the import of TensorFlow.
            fit.wait(rng.uniform(1, 20))
        except subprocess.TimeoutExpired:
            fit.kill()
            fit.wait()
            crashes += 1
            continue
        assert fit.returncode == 0
        result = np.load(folder / "result.npz")
        assert all(np.array_equal(result[name], expected[name]) for name in expected.files)
        assert not any((folder / "state").iterdir())
        ended += 1
        print(f"  a fit finished with an equal result, after {crashes} crashes", flush=True)
    # The last fit is not killed.
    fit = start(_FIT, folder / "state", folder / "result.npz")
    assert fit.wait() == 0
    result = np.load(folder / "result.npz")
    assert all(np.array_equal(result[name], expected[name]) for name in expected.files)
    print(f"fits: {crashes} crashes, {resumed} starts from a checkpoint, {ended + 1} equal results")
    return ended + 1


def crash_saves(n_crashes: int, folder: Path, rng: np.random.Generator) -> None:
    """Kill processes that save to one file. The file must load each time."""
    path = folder / "model.skrnn"
    left_over = 0
    for _ in range(n_crashes):
        process = start(_SAVE, path)
        time.sleep(rng.uniform(0.05, 2))
        process.kill()
        process.wait()
        if path.exists():
            skrnn.load(path)
        left_over = len(list(folder.glob(".model.skrnn.*")))
    print(f"saves: {n_crashes} crashes, the file loads each time; {left_over} temporary files left")


def main() -> None:
    """Run both crash tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=20, help="number of crashes of each kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        crash_fits(arguments.crashes, Path(folder), rng)
    with tempfile.TemporaryDirectory() as folder:
        crash_saves(arguments.crashes, Path(folder), rng)


if __name__ == "__main__":
    main()
