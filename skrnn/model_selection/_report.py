"""Reports of the checks, and what they say of a leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np


class _Report:
    """Result of a check: it is true if something was found, and its repr reads as a sentence."""

    step: str | None
    reason: str
    # The attribute that is true if something was found, and the first words then and otherwise.
    _finding: ClassVar[tuple[str, str, str]]

    def __bool__(self) -> bool:
        return bool(getattr(self, self._finding[0]))

    def __repr__(self) -> str:
        _, found, not_found = self._finding
        if not self:
            return f"{not_found}: {self.reason}"
        place = "" if self.step is None else f" in step {self.step!r}"
        return f"{found}{place}: {self.reason}"


@dataclass(frozen=True, repr=False, eq=False)
class LeakageReport(_Report):
    """The result object of `check_leakage`. It is true if there is a leak.

    All parameters are stored as attributes.

    Parameters
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

    See Also
    --------
    check_leakage : Makes a report.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.model_selection import check_leakage
    >>> rows = np.random.default_rng(0).normal(size=(50, 1))
    >>> pipe = make_pipeline(SlidingWindowTransformer(3), Ridge())
    >>> report = check_leakage(pipe, rows, rows[:, 0])
    >>> report.leaky, report.rows.size, report.step
    (False, 0, None)
    """

    leaky: bool
    rows: np.ndarray
    step: str | None
    reason: str
    _finding = "leaky", "leak", "no leak found"


@dataclass(frozen=True, repr=False, eq=False)
class ContextReport(_Report):
    """The result object of `check_context`. It is true if a step loses its past.

    All parameters are stored as attributes.

    Parameters
    ----------
    loses_context : bool
        Whether later rows come out otherwise alone than behind the rows before them.
    rows : ndarray of int of shape (n_rows,)
        Sorted positions of the rows that do: their predictions, or what comes out of the step if
        it is not predicted from. Empty if nothing is lost.
    step : str or None
        The first step of the pipeline whose output differs. None if nothing is lost, or outside of
        a pipeline.
    reason : str
        What happened and what to do.

    See Also
    --------
    check_context : Makes a report.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.model_selection import check_context
    >>> rows = np.random.default_rng(0).normal(size=(50, 1))
    >>> pipe = make_pipeline(SlidingWindowTransformer(3, carry_context=False), Ridge())
    >>> report = check_context(pipe, rows, rows[:, 0])
    >>> report.loses_context, report.rows, report.step
    (True, array([35, 36, 37]), 'slidingwindowtransformer')
    """

    loses_context: bool
    rows: np.ndarray
    step: str | None
    reason: str
    _finding = "loses_context", "context lost", "no context lost"


def leak(rows: Any, step: str | None, reason: str) -> LeakageReport:
    """Return the report of a leak."""
    return LeakageReport(True, np.asarray(rows), step, reason)


def reason_known(row: int, read: int, end: int) -> str:
    """Return what to say if the target of a row does not move after what is read for it."""
    if read == end:
        return (
            f"the forecast of prepared row {row} depends on raw rows to the very end. Something "
            "was fitted on all rows (a scaler?): put it into the pipeline, which learns from the "
            "rows given to fit."
        )
    return (
        f"the forecast of prepared row {row} reads its target up to raw row {read}, and the "
        "target does not move when all later rows do: it is known already. Is it shifted the "
        "wrong way, does a window look ahead, or does a feature hold it?"
    )


def reason_late(late: np.ndarray, row: int, n_train: int, n_rows: int) -> str:
    """Return what to say if targets to learn from lie in the future of a forecast."""
    n_late = len(late)
    what = (
        f"{n_late} of the {n_train} targets to learn from depend on raw rows that come after "
        f"those that the forecast of prepared row {row} reads"
    )
    if n_late == n_train:
        return f"{what}. Were they computed from all rows, by a scaler? Put it into the pipeline."
    if late[0] != n_train - n_late:
        return f"{what}, and they are not the last ones. Keep the rows in order of time."
    gap = int(0.7 * n_rows) - n_train + n_late
    return (
        f"{what}: targets that reach several rows ahead overlap. Leave a gap of {gap} rows before "
        f"the test rows: search with cv=TimeSeriesSplit(gap={gap})."
    )


def reason_later(row: int, known: int) -> str:
    """Return what to say if a forecast reads anything after its own target."""
    return (
        f"the forecast of prepared row {row}, whose target is complete with raw row {known}, "
        "depends on other columns, or on statistics, of rows after it. Does a window look ahead, "
        "or was something fitted on all rows?"
    )
