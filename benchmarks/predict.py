"""Predicting one window, as a service does: 1 x 50 and 4 x 50 LSTM units, 60 steps.

The arithmetic takes a millisecond or less; what is measured is what a library adds to each call.
Competitors take turns of ten calls, since a service asks the same model again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

import competitors
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

N_STEPS, UNITS = 60, 50
CALLS_IN_TURN = 10


def measure(*, quick: bool) -> list[Comparison]:
    comparisons = []
    for n_layers in (1, 4):
        milliseconds = call_in_fresh_process(
            "predict", "predict_in_turns", n_layers=n_layers, n_calls=5 if quick else 200
        )
        work = f"predict one window, {n_layers} x {UNITS} LSTM"
        ours, others = milliseconds["skrnn"], milliseconds["raw Keras"]
        # The targets are about one layer.
        if n_layers == 1:
            comparisons.append(Comparison(work, median(ours), at_most=2.0, unit="ms"))
        at_most = 0.03 if n_layers == 1 else None
        comparisons.append(compare(work, "raw Keras", ours, others, at_most, "ms"))
    return comparisons


def predict_in_turns(n_layers: int, n_calls: int) -> dict[str, list[float]]:
    """Return the milliseconds of each call."""
    X, y = competitors.noisy_waves(64, N_STEPS)
    window = X[:1]
    estimator = competitors.skrnn_estimator("LSTM", (UNITS,) * n_layers, 0.0, epochs=1).fit(X, y)
    keras_model = competitors.keras_model("LSTM", UNITS, n_layers, 0.0)
    calls = {
        "skrnn": lambda: estimator.predict(window),
        "raw Keras": lambda: keras_model.predict(window, verbose=0),
    }
    # The first calls trace and compile.
    interleave(calls, 3)
    turns = interleave(
        {name: partial(_seconds_of_calls, call) for name, call in calls.items()},
        max(1, n_calls // CALLS_IN_TURN),
    )
    return {name: [1000 * call for turn in each for call in turn] for name, each in turns.items()}


def _seconds_of_calls(call: Callable[[], object]) -> list[float]:
    return [seconds_of(call) for _ in range(CALLS_IN_TURN)]
