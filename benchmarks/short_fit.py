"""Short fits: 100 epochs of 180 windows, 5 steps, 4 x 32 LSTM units; two of 1,198, 60, 4 x 50.

With little data, most of the time is spent on building, tracing and loading kernels. So the first
and the second fit of a fresh process are timed as a whole. Each competitor has its own process.
Imports of libraries are not included.
"""

from __future__ import annotations

from functools import partial

import competitors
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

DROPOUT = 0.2
# Windows, steps, units of four layers, epochs; maximum ratios to PyTorch and to raw Keras, for the
# first and the second fit of a process.
FITS = {
    "100 epochs of 180 windows, 4 x 32 LSTM": (180, 5, 32, 100, (0.35, 0.25), (None, None)),
    "2 epochs of 1,198 windows, 4 x 50 LSTM": (1198, 60, 50, 2, (0.6, None), (0.2, None)),
}


def measure(*, quick: bool) -> list[Comparison]:
    comparisons = []
    for work, (n_windows, n_steps, units, epochs, of_torch, of_keras) in FITS.items():
        size = {
            "n_windows": 96 if quick else n_windows,
            "n_steps": n_steps,
            "units": units,
            "epochs": 2 if quick else epochs,
        }
        calls = {
            name: partial(call_in_fresh_process, "short_fit", "fit_twice", competitor=name, **size)
            for name in ("skrnn", "PyTorch", "raw Keras")
        }
        # Keras is slow, so its only fit is compared with that of skrnn in the same round.
        fits = interleave(calls, n_rounds=1)
        del calls["raw Keras"]
        more = interleave(calls, n_rounds=0 if quick else 4)
        fits = {name: rounds + more.get(name, []) for name, rounds in fits.items()}
        for number, which in enumerate(("first", "second")):
            seconds = {name: [fit[number] for fit in rounds] for name, rounds in fits.items()}
            comparisons += [
                compare(
                    f"{work}, {which} fit", name, seconds["skrnn"], seconds[name], at_most[number]
                )
                for name, at_most in (("PyTorch", of_torch), ("raw Keras", of_keras))
            ]
    return comparisons


def fit_twice(
    competitor: str, n_windows: int, n_steps: int, units: int, epochs: int
) -> list[float]:
    """Return the seconds of two fits, each with a new model."""
    competitors.import_libraries(competitor)
    X, y = competitors.noisy_waves(n_windows, n_steps)

    def fit_skrnn() -> None:
        competitors.skrnn_estimator("LSTM", (units,) * 4, DROPOUT, epochs=epochs).fit(X, y)

    def fit_keras() -> None:
        model = competitors.keras_model("LSTM", units, 4, DROPOUT, n_steps)
        model.fit(X, y, epochs=epochs, verbose=0)

    def fit_torch() -> None:
        competitors.TorchLoop("LSTM", units, 4, DROPOUT).fit(X, y, epochs)

    fit = {"skrnn": fit_skrnn, "raw Keras": fit_keras, "PyTorch": fit_torch}[competitor]
    return [seconds_of(fit), seconds_of(fit)]
