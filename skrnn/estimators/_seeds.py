"""Seeds of the networks of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def draw_seeds(random_state: Any, n_networks: int) -> list[int]:
    """Return a seed for each network. The first one is that of a single network.

    Global generators do not change the seeds.
    """
    largest = np.iinfo(np.int32).max
    if random_state is None:
        first = int(np.random.default_rng().integers(largest))
    else:
        first = int(check_random_state(random_state).randint(largest))
    others = np.random.SeedSequence(first).generate_state(n_networks - 1)
    return [first, *(int(word) >> 1 for word in others)]
