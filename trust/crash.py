"""Kill processes with SIGKILL at random moments, and see whether anything is lost.

- A fit with `checkpoint_dir` is killed again and again until it ends. It must predict the same, bit
  for bit, as the fit that nobody disturbed.
- A process that writes one file over and over is killed. The file must load each time.
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
    """Start a process, and wait until it says that it begins."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    # What TensorFlow prints while it is imported is of no interest here.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


def crash_fits(n_crashes: int, folder: Path, rng: np.random.Generator) -> int:
    """Kill fits until there were so many crashes; return how many fits ended in spite of them."""
    start(_FIT, "", folder / "undisturbed.npz").wait()
    expected = np.load(folder / "undisturbed.npz")
    crashes = ended = resumed = 0
    while crashes < n_crashes:
        resumed += any((folder / "state").glob("*.npz"))
        fit = start(_FIT, folder / "state", folder / "result.npz")
        try:
            # Alone it takes some 15 seconds, of which three are the import of TensorFlow.
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
        print(f"  a fit ended alike, after {crashes} crashes in all", flush=True)
    # The last one is not killed any more.
    fit = start(_FIT, folder / "state", folder / "result.npz")
    assert fit.wait() == 0
    result = np.load(folder / "result.npz")
    assert all(np.array_equal(result[name], expected[name]) for name in expected.files)
    print(
        f"fits: {crashes} crashes, {resumed} starts from a checkpoint, {ended + 1} ends, all alike"
    )
    return ended + 1


def crash_saves(n_crashes: int, folder: Path, rng: np.random.Generator) -> None:
    """Kill processes that write one file; it must be whole each time."""
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
    print(f"saves: {n_crashes} crashes, the file whole each time; {left_over} unfinished ones left")


def main() -> None:
    """Crash."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=20, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        crash_fits(arguments.crashes, Path(folder), rng)
    with tempfile.TemporaryDirectory() as folder:
        crash_saves(arguments.crashes, Path(folder), rng)


if __name__ == "__main__":
    main()
