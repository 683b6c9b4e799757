"""What is said of a leak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, repr=False, eq=False)
class LeakageReport:
    """What `check_leakage` has found. It is true if there is a leak.

    Attributes
    ----------
    leaky : bool
        Whether something later changes what must not know of it.
    rows : ndarray of int of shape (n_rows,)
        Sorted positions of the rows, or steps with `axis="steps"`, that change though they must
        not. With `prepare` these are rows of its X: forecasts that know what they should not, or
        rows to learn from whose targets do. Empty if there is no leak.
    step : str or None
        Where it comes in: the name of a step of the pipeline, or "prepare". None if there is no
        leak, or no step that has a name.
    reason : str
        What happened and what to do.
    """

    leaky: bool
    rows: np.ndarray
    step: str | None
    reason: str

    def __bool__(self) -> bool:
        return self.leaky

    def __repr__(self) -> str:
        if not self.leaky:
            return f"no leak found: {self.reason}"
        place = "" if self.step is None else f" in step {self.step!r}"
        return f"leak{place}: {self.reason}"
