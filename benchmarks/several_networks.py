"""Fits of three networks beside a fit of one network: in one thread, and in two."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

ONE, THREE, THREE_IN_TWO = "one network", "three networks", "three networks, two threads"


def measure(*, quick: bool) -> list[Comparison]:
    lines = []
    for name in ("1 x 50 LSTM, 1,140 windows of 60", "2 x 32 GRU, 180 windows of 5"):
        measured = call_in_fresh_process(
            "several_networks", "fit_in_turns", name=name, n_rounds=3 if quick else 9
        )
        lines += [
            compare(
                f"{several}, {name}",
                "one network, one thread",
                measured[several],
                measured[ONE],
                at_most=at_most,
            )
            for several, at_most in ((THREE, 3.1), (THREE_IN_TWO, 2.1))
        ]
    return lines


def fit_in_turns(name: str, n_rounds: int) -> dict[str, list[float]]:
    """Return the seconds of fits by the number of networks and threads."""
    from skrnn import GRURegressor, LSTMRegressor

    rng = np.random.default_rng(0)
    is_large = name.startswith("1 x 50")
    X = rng.normal(size=(1_140, 60) if is_large else (180, 5))
    y = X[:, -1] - X[:, 0]
    model = LSTMRegressor(50, epochs=4) if is_large else GRURegressor((32, 32), epochs=100)
    model.set_params(random_state=0).fit(X, y)  # compiles kernels, if need be

    def fit(n_networks: int, n_threads: int) -> None:
        # The number of cores is read at each fit.
        os.environ["OMP_NUM_THREADS"] = str(n_threads)
        model.set_params(n_networks=n_networks).fit(X, y)

    makers = {ONE: partial(fit, 1, 1), THREE: partial(fit, 3, 1), THREE_IN_TWO: partial(fit, 3, 2)}
    return interleave({key: partial(seconds_of, make) for key, make in makers.items()}, n_rounds)
