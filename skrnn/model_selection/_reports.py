"""Reports: the result objects of `check_leakage` and `check_context`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

# Reason for outputs that change although no row has changed.
RANDOM_OUTPUT = (
    "the output for the same rows is another one each time. Set random_state, or leave out random "
    "steps, and check again."
)


class _Report:
    """Result of a check. It is true if the check found a problem, and its repr is a sentence."""

    step: str | None
    reason: str
    # The attribute that is true if a problem was found, and the first words of the repr with a
    # problem and without one.
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
        Whether later rows, or the target itself, change a value that must not depend on them.
    rows : ndarray of int of shape (n_rows,)
        Sorted positions of the rows, or of the steps with `axis="steps"`, that change but must not.
        With `prepare`, positions in the prepared X: rows whose forecasts depend on later rows, or
        training rows whose targets do. Empty if there is no leak.
    step : str or None
        Name of the step of the pipeline that leaks, or "prepare". None if there is no leak, or the
        estimator is no pipeline.
    reason : str
        Sentence that says what was found and what to do.

    See Also
    --------
    check_leakage : Check an estimator, and return this report.

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
    """The result object of `check_context`. It is true if a step loses context.

    All parameters are stored as attributes.

    Parameters
    ----------
    loses_context : bool
        Whether the output of later rows differs when they are given without the earlier rows.
    rows : ndarray of int of shape (n_rows,)
        Sorted positions of the rows whose predictions differ; if no predictions do, the rows whose
        outputs of the step differ. Empty if no context is lost.
    step : str or None
        Name of the first step of the pipeline whose output differs. None if no context is lost, or
        the estimator is no pipeline.
    reason : str
        Sentence that says what was found and what to do.

    See Also
    --------
    check_context : Check an estimator, and return this report.

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
