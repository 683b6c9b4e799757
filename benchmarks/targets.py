"""Search for the target column among ten columns of 100,000 rows: none, one, or many candidates.

On a line, each column at each shift is a scaled copy of y, so all columns pass the first check.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from timing import Comparison, call_in_fresh_process, interleave, seconds_of

N_ROWS, N_COLUMNS = 100_000, 10


def measure(*, quick: bool) -> list[Comparison]:
    measured = call_in_fresh_process("targets", "find_in_turns", n_rounds=3 if quick else 15)
    return [
        Comparison(f"finding y in 100,000 rows, {name}", np.median(seconds), at_most=0.01)
        for name, seconds in measured.items()
    ]


def find_in_turns(n_rounds: int) -> dict[str, list[float]]:
    """Return the seconds by kind of target."""
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(N_ROWS, N_COLUMNS)).cumsum(axis=0)
    line = np.arange(float(N_ROWS))
    makers = {
        "noise": _find(walks, rng.normal(size=N_ROWS), is_found=False),
        "a scaled column": _find(walks / 3 + 7, walks[:, -1], is_found=True),
        "a line": _find(np.column_stack([line / (2 + j) for j in range(N_COLUMNS)]), line, True),
    }
    return interleave({name: partial(seconds_of, make) for name, make in makers.items()}, n_rounds)


def _find(X: np.ndarray, y: np.ndarray, is_found: bool):
    from skrnn.windows._targets import find_targets

    def find() -> None:
        (found,) = find_targets(X, y, [slice(None)], reach=11)
        assert (found is not None) == is_found

    return find
