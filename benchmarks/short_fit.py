"""A short fit: 100 epochs of 180 windows, 5 steps, 4 x 32 LSTM units, dropout 0.2.

On little data start-up counts most: building, tracing, compiling. So whole fits are timed, the
first and the second of a fresh process, which every competitor has to itself. Importing libraries
is not counted.
"""

from __future__ import annotations

from functools import partial

import competitors
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

N_WINDOWS, N_STEPS, UNITS, N_LAYERS, DROPOUT = 180, 5, 32, 4, 0.2
AT_MOST = {"raw Keras": (0.4, 0.2), "PyTorch": (1.5, 0.7)}


def measure(*, quick: bool) -> list[Comparison]:
    epochs = 2 if quick else 100
    fits = interleave(
        {
            name: partial(
                call_in_fresh_process, "short_fit", "fit_twice", competitor=name, epochs=epochs
            )
            for name in ("skrnn", *AT_MOST)
        },
        n_rounds=1 if quick else 3,
    )
    comparisons = []
    for number, which in enumerate(("first", "second")):
        seconds = {name: [fit[number] for fit in rounds] for name, rounds in fits.items()}
        comparisons += [
            compare(f"short fit, {which}", name, seconds["skrnn"], seconds[name], at_most[number])
            for name, at_most in AT_MOST.items()
        ]
    return comparisons


def fit_twice(competitor: str, epochs: int) -> list[float]:
    """Return the seconds of two fits, each with a new model."""
    competitors.import_libraries(competitor)
    X, y = competitors.noisy_waves(N_WINDOWS, N_STEPS)

    def fit_skrnn() -> None:
        competitors.skrnn_estimator("LSTM", (UNITS,) * N_LAYERS, DROPOUT, epochs=epochs).fit(X, y)

    def fit_keras() -> None:
        model = competitors.keras_model("LSTM", UNITS, N_LAYERS, DROPOUT, N_STEPS)
        model.fit(X, y, epochs=epochs, verbose=0)

    def fit_torch() -> None:
        competitors.TorchLoop("LSTM", UNITS, N_LAYERS, DROPOUT).fit(X, y, epochs)

    fit = {"skrnn": fit_skrnn, "raw Keras": fit_keras, "PyTorch": fit_torch}[competitor]
    return [seconds_of(fit), seconds_of(fit)]
