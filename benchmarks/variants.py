"""Seconds of an epoch with missing steps, and of other kinds of networks.

1 x 50 units, 60 steps, 1,198 windows, batch 32, as in `epoch`, but without dropout. Windows with
missing steps are compared with the same windows without missing steps. Other kinds of networks are
compared with the layers and the training loop of Keras (``engine="keras"``). Keras has no peepholes
and decoders, so they are compared with a Keras cell and loop of skrnn.
"""

from __future__ import annotations

from statistics import median

import competitors
import numpy as np
from epoch import BATCH_SIZE, N_STEPS, UNITS, epoch_timer_class
from timing import Comparison, call_in_fresh_process, compare, interleave

CELLS = ("LSTM", "GRU", "RNN")
SHARE_MISSING = 0.3
AT_MOST_MISSING = 1.3
# Number of steps of y, for networks that predict a sequence of this length.
N_STEPS_OF_Y = 10
VARIANTS = {
    "bidirectional": ("LSTM", {"bidirectional": True}),
    "peephole": ("LSTM", {"peephole": True}),
    "linear skip": ("LSTM", {"linear_skip": True}),
    "sequence to sequence": ("LSTM", {"architecture": "sequence_to_sequence"}),
    "vector to sequence": ("LSTM", {"architecture": "vector_to_sequence"}),
    "encoder-decoder": ("LSTM", {"architecture": "encoder_decoder"}),
}


def measure(*, quick: bool) -> list[Comparison]:
    size = {"n_windows": 96 if quick else 1198, "epochs": 2 if quick else 4}
    comparisons = []
    for cell in CELLS:
        seconds = call_in_fresh_process(
            "variants", "fit_missing_in_turns", cell=cell, n_rounds=1 if quick else 7, **size
        )
        comparisons.append(
            compare(
                f"epoch, 1 x {UNITS} {cell}, {SHARE_MISSING:.0%} of the steps missing",
                "no step missing",
                seconds["missing"],
                seconds["complete"],
                AT_MOST_MISSING,
            )
        )
    for variant, (cell, _) in VARIANTS.items():
        seconds = call_in_fresh_process(
            "variants", "fit_variant_in_turns", variant=variant, n_rounds=1, **size
        )
        comparisons.append(
            compare(
                f"epoch, 1 x {UNITS} {cell}, {variant}",
                "Keras' layers",
                seconds["skrnn"],
                seconds["keras"],
            )
        )
    return comparisons


def fit_missing_in_turns(
    cell: str, n_windows: int, epochs: int, n_rounds: int
) -> dict[str, list[float]]:
    """Return the seconds of an epoch with and without missing steps, by round."""
    X, y = competitors.noisy_waves(n_windows, N_STEPS)
    is_missing = np.random.default_rng(0).random(X.shape[:2]) < SHARE_MISSING
    lacking = np.where(is_missing[..., None], np.nan, X)
    return _fit_in_turns(
        cell, {}, {"missing": (lacking, y, "auto"), "complete": (X, y, "auto")}, epochs, n_rounds
    )


def fit_variant_in_turns(
    variant: str, n_windows: int, epochs: int, n_rounds: int
) -> dict[str, list[float]]:
    """Return the seconds of an epoch by engine and round."""
    cell, params = VARIANTS[variant]
    X, y = competitors.noisy_waves(n_windows, N_STEPS)
    architecture = params.get("architecture")
    if architecture == "sequence_to_sequence":
        y = X[..., 0]
    elif architecture is not None:
        y = X[:, -N_STEPS_OF_Y:, 0]
    if architecture == "vector_to_sequence":
        X = X[..., 0]
        # The network has as many steps as the others.
        y = np.tile(y, N_STEPS // N_STEPS_OF_Y)
    rows = {"skrnn": (X, y, "auto"), "keras": (X, y, "keras")}
    return _fit_in_turns(cell, params, rows, epochs, n_rounds)


def _fit_in_turns(
    cell: str, params: dict, rows: dict[str, tuple], epochs: int, n_rounds: int
) -> dict[str, list[float]]:
    import skrnn

    EpochTimer = epoch_timer_class()
    estimator = competitors.skrnn_estimator(
        cell, (UNITS,), 0.0, batch_size=BATCH_SIZE, epochs=epochs, callbacks=[EpochTimer()]
    ).set_params(**params)

    def fit(X, y, engine) -> float:
        with skrnn.config_context(engine=engine):
            # The first epoch includes tracing and compilation.
            return median(estimator.fit(X, y).callbacks[0].seconds[1:])

    return interleave({name: lambda r=r: fit(*r) for name, r in rows.items()}, n_rounds)
