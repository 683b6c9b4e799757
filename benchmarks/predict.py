"""Prediction of one window, and of 10,000 windows: 1 x 50 and 4 x 50 LSTM units, 60 steps.

The arithmetic of one window takes a fraction of a millisecond, so the overhead of the library is
measured. Competitors take turns of ten calls, since a service calls the same model many times.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import competitors
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

N_STEPS, UNITS = 60, 50
CALLS_IN_TURN = 10


# Maximum ratio to PyTorch, by number of layers. None: no target.
AT_MOST = {1: 0.35, 4: 0.4}
AT_MOST_MANY = {1: 0.8, 4: None}
N_MANY = 10_000


def measure(*, quick: bool) -> list[Comparison]:
    comparisons = []
    for n_layers in (1, 4):
        milliseconds = call_in_fresh_process(
            "predict",
            "predict_in_turns",
            n_layers=n_layers,
            n_windows=1,
            n_calls=5 if quick else 200,
        )
        work = f"predict one window, {n_layers} x {UNITS} LSTM"
        ours = milliseconds.pop("skrnn")
        comparisons += [
            compare(
                work, name, ours, others, AT_MOST[n_layers] if name == "PyTorch" else None, "ms"
            )
            for name, others in milliseconds.items()
        ]
        n_windows = 100 if quick else N_MANY
        many = call_in_fresh_process(
            "predict", "predict_in_turns", n_layers=n_layers, n_windows=n_windows, n_calls=50
        )
        work = f"predict {n_windows:,} windows, {n_layers} x {UNITS} LSTM"
        comparisons.append(
            compare(work, "PyTorch", many["skrnn"], many["PyTorch"], AT_MOST_MANY[n_layers], "ms")
        )
    return comparisons


def predict_in_turns(n_layers: int, n_windows: int, n_calls: int) -> dict[str, list[float]]:
    """Return the milliseconds of each call."""
    import torch

    X, y = competitors.noisy_waves(max(n_windows, 64), N_STEPS)
    windows = X[:n_windows]
    estimator = competitors.skrnn_estimator("LSTM", (UNITS,) * n_layers, 0.0, epochs=1)
    estimator.fit(X[:64], y[:64])
    module = competitors.TorchLoop("LSTM", UNITS, n_layers, 0.0).module.eval()

    def predict_torch() -> object:
        with torch.no_grad():
            return module(torch.from_numpy(windows))

    calls = {"skrnn": lambda: estimator.predict(windows), "PyTorch": predict_torch}
    if n_windows == 1:
        keras_model = competitors.keras_model("LSTM", UNITS, n_layers, 0.0)
        calls["raw Keras"] = lambda: keras_model.predict(windows, verbose=0)
    # The first calls include tracing, so they are left out.
    interleave(calls, 3)
    turns = interleave(
        {name: partial(_seconds_of_calls, call) for name, call in calls.items()},
        max(1, n_calls // CALLS_IN_TURN),
    )
    return {name: [1000 * call for turn in each for call in turn] for name, each in turns.items()}


def _seconds_of_calls(call: Callable[[], object]) -> list[float]:
    return [seconds_of(call) for _ in range(CALLS_IN_TURN)]
