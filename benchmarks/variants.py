"""An epoch after the first of what is not the default: absent steps, and other kinds of networks.

1 x 50 units, 60 steps, 1,198 windows, batch 32, as in `epoch`, but without dropout. Absent steps
are compared with the same network on the same windows without any: each step costs a choice more.
The other kinds are compared with Keras' own layers and loop (``engine="keras"``); for peepholes and
decoders, which Keras does not have, with a Keras cell and loop that are written as it would be done
there.
"""

from __future__ import annotations

from statistics import median

import competitors
import numpy as np
from epoch import BATCH_SIZE, N_STEPS, UNITS, epoch_timer_class
from timing import Comparison, call_in_fresh_process, compare, interleave

CELLS = ("LSTM", "GRU", "RNN")
SHARE_ABSENT = 0.3
AT_MOST_ABSENT = 1.3
# How many steps are written by what writes as many as y has.
N_WRITTEN = 10
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
            "variants", "fit_absent_in_turns", cell=cell, n_rounds=1 if quick else 7, **size
        )
        comparisons.append(
            compare(
                f"epoch, 1 x {UNITS} {cell}, {SHARE_ABSENT:.0%} of the steps absent",
                "no step absent",
                seconds["absent"],
                seconds["present"],
                AT_MOST_ABSENT,
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


def fit_absent_in_turns(
    cell: str, n_windows: int, epochs: int, n_rounds: int
) -> dict[str, list[float]]:
    """Return the seconds of an epoch by whether steps are absent, and round."""
    X, y = competitors.noisy_waves(n_windows, N_STEPS)
    absent = np.random.default_rng(0).random(X.shape[:2]) < SHARE_ABSENT
    lacking = np.where(absent[..., None], np.nan, X)
    return _fit_in_turns(
        cell, {}, {"absent": (lacking, y, "auto"), "present": (X, y, "auto")}, epochs, n_rounds
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
        y = X[:, -N_WRITTEN:, 0]
    if architecture == "vector_to_sequence":
        X = X[..., 0]
        # As many steps as the others read.
        y = np.tile(y, N_STEPS // N_WRITTEN)
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
            # The first epoch traces and compiles.
            return median(estimator.fit(X, y).callbacks[0].seconds[1:])

    return interleave({name: lambda r=r: fit(*r) for name, r in rows.items()}, n_rounds)
