"""Context: find the step of a pipeline that loses the rows before a call."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import HasMethods, Interval, validate_params

from skrnn.exceptions import RowsMissingWarning
from skrnn.model_selection._borders import choose_border
from skrnn.model_selection._changed_values import (
    choose_evenly,
    find_changes,
    find_missing_values,
)
from skrnn.model_selection._pipeline_steps import (
    StepOutput,
    check_table,
    compute_step_outputs,
    copy_rows,
    find_feature_columns,
    find_length,
    find_steps,
    find_windows,
    first_rows,
    iterate_step_outputs,
    rows_from,
)
from skrnn.model_selection._reports import RANDOM_OUTPUT, ContextReport
from skrnn.model_selection._time_order import check_time_order
from skrnn.windows._views import lead_length

# Maximum number of borders at missing values that are tried after the first border.
N_GAPS = 8
# Sums of the same terms in another order differ by a few rounding errors of the largest number. PCA
# components without variance consist of rounding errors only.
_N_ROUNDINGS = 8
# Smaller changes of a prediction, as a share of the spread of y, are ignored: networks use float32.
_SHARE_OF_Y = 1e-5


@validate_params(
    {
        "estimator": [HasMethods(["fit"])],
        "X": "no_validation",
        "y": "no_validation",
        "cut": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def check_context(estimator: Any, X: Any, y: Any, *, cut: float = 0.7) -> ContextReport:
    """Find the step of a pipeline that loses the rows before a call.

    A clone is fitted on the first rows. The later rows are predicted twice: alone, and after the
    fitted rows. A step that reads earlier rows, such as a difference or a rolling mean, loses them
    if the later rows are given alone. The estimator and the data are not modified.

    Parameters
    ----------
    estimator : estimator
        Estimator to check: a pipeline, a search over one, or any other estimator.
    X : {array-like, DataFrame} of shape (n_samples, n_features)
        At least 10 rows in order of time. Rows of a panel are in order of time over all series.
    y : array-like of shape (n_samples, ...)
        Targets.
    cut : float, default=0.7
        Share of the rows that are fitted. The border between fitted and later rows is moved to the
        nearest time without missing values around it and without missing steps before it (according
        to the row labels). Rows of the same time stay together.

    Returns
    -------
    report : ContextReport
        True if a step loses context. The report names the step and says what to do.

    Raises
    ------
    ValueError
        If X is sparse or has fewer than 10 rows. If row labels decrease. If predictions do not have
        the rows of X. If later rows can be predicted after the fitted rows, but not alone.

    See Also
    --------
    check_leakage : Find predictions that depend on later rows or on their own target.
    skrnn.SlidingWindowTransformer : Make windows, and remember the last fitted rows.

    Notes
    -----
    `SlidingWindowTransformer` remembers the last fitted rows, so it loses no context. With
    ``carry_context=False`` it loses context, and the report names it. In a panel, some series may
    have missing steps at the border. The outputs of a window are not compared for these series,
    because the window itself warns of missing steps.

    Steps of the pipeline before the first window are also compared at borders before rows with
    missing values. This finds a step that fills missing values from earlier rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.model_selection import check_context
    >>> series = np.random.default_rng(0).normal(size=(50, 1))
    >>> pipe = make_pipeline(SlidingWindowTransformer(3), Ridge())
    >>> check_context(pipe, series, series[:, 0])
    no context lost: the 15 rows from row 35 on have the same output alone and after earlier rows.

    A difference reads the row before, which is lost:

    >>> change = FunctionTransformer(lambda rows: np.diff(rows, axis=0, prepend=0))
    >>> pipe = make_pipeline(change, SlidingWindowTransformer(3), Ridge())
    >>> report = check_context(pipe, series, series[:, 0])
    >>> report.loses_context, report.step, report.rows
    (True, 'functiontransformer', array([36, 37, 38]))
    """
    X = np.asarray(X) if isinstance(X, list | tuple) else X
    check_table(X, "split")
    if y is None:
        raise ValueError("y is None. Give the targets of the rows of X.")
    check_consistent_length(X, y)
    groups = (window.group for window in find_windows(estimator))
    group = next((group for group in groups if group is not None), None)
    check_time_order(X, group, "later rows are predicted after earlier rows")
    is_missing = find_missing_values(X) if np.ndim(X) > 1 else None
    border, lacks_steps = choose_border(X, group, cut, is_missing)
    # Windows with missing steps are left out of the comparison, or named in the report.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsMissingWarning)
        fitted = clone(estimator).fit(first_rows(X, border), first_rows(y, border))
        return _Check(fitted, X, y, border, lacks_steps).report()


class _Loss(NamedTuple):
    """A step that loses context: its number, the border, and the rows whose output differs."""

    number: int
    border: int
    rows: np.ndarray


class _Check:
    """A fitted estimator, its outputs for all rows, and its outputs for later rows alone.

    Parameters
    ----------
    fitted : estimator
        Estimator that is fitted on the rows before the border.
    X, y : array-like
        All rows and their targets.
    border : int
        Position of the first row after the border.
    lacks_steps : ndarray of bool of shape (n_rows,)
        Rows whose windows have missing steps, according to the row labels.
    """

    def __init__(self, fitted: Any, X: Any, y: Any, border: int, lacks_steps: np.ndarray) -> None:
        self.fitted, self.X, self.y = fitted, X, y
        self.border, self.lacks_steps = border, lacks_steps
        self.outputs = compute_step_outputs(fitted, X)
        self.steps = [step for _, step in find_steps(fitted)]
        # If a transformer drops rows, predictions are the only output.
        self.has_all = len(self.outputs) == len(self.steps)
        has_windows = [bool(find_windows(step)) for step in self.steps]
        self.first_window = has_windows.index(True) if any(has_windows) else len(self.steps)

    def report(self) -> ContextReport:
        """Return the report of the check."""
        loss = self._find_loss(self.border, len(self.steps)) or self._find_loss_at_gaps()
        if loss is not None:
            name = self.outputs[loss.number].name
            return ContextReport(True, loss.rows, name, self._explain(loss))
        n_rows = int(np.count_nonzero(~self.lacks_steps[self.border :]))
        reason = (
            f"the {n_rows} rows from row {self.border} on have the same output alone and after "
            "earlier rows."
        )
        return ContextReport(False, np.array([], dtype=int), None, reason)

    def _find_loss(self, border: int, n_steps: int, *, may_fail: bool = False) -> _Loss | None:
        """Return the first of `n_steps` steps whose output differs for the later rows alone."""
        first_loss: _Loss | None = None
        outputs = iterate_step_outputs(self.fitted, rows_from(self.X, border))
        for number in range(n_steps):
            try:
                alone = next(outputs)
            except Exception as error:
                if first_loss is not None or may_fail:
                    break
                raise ValueError(
                    f"The rows from row {border} on can be predicted after the earlier rows, but "
                    f"not alone: {error} Give the fitted rows too, and drop their predictions."
                ) from error
            is_last = number == len(self.steps) - 1
            if not (self.has_all or is_last):
                continue
            place = number if self.has_all else 0
            rows = self._find_different_rows(place, alone, border, is_last=is_last)
            if len(rows):
                loss = first_loss or _Loss(place, border, rows)
                first_loss = loss._replace(rows=rows if is_last else loss.rows)
        return first_loss

    def _find_different_rows(
        self, place: int, alone: StepOutput, border: int, *, is_last: bool
    ) -> np.ndarray:
        """Return the positions of the rows whose output differs for the later rows alone."""
        together = rows_from(self.outputs[place].output, border)
        min_change = _SHARE_OF_Y * _compute_spread(self.y) if is_last else 0.0
        rows = border + np.flatnonzero(_find_differences(together, alone.output, min_change))
        has_windows = place >= self.first_window or not self.has_all
        return rows[~self.lacks_steps[rows]] if has_windows else rows

    def _find_loss_at_gaps(self) -> _Loss | None:
        """Return the first step before any window that fills missing values from earlier rows."""
        if not self.has_all or np.ndim(self.X) < 2:
            return None
        is_missing = find_missing_values(self.X, find_feature_columns(self.fitted, self.X))
        borders = choose_evenly(1 + np.flatnonzero(is_missing[1:]), N_GAPS).tolist()
        losses = (
            self._find_loss(int(border), self.first_window, may_fail=True) for border in borders
        )
        return next((loss for loss in losses if loss is not None), None)

    # Reasons in the report

    def _explain(self, loss: _Loss) -> str:
        """Return the finding, its cause, and what to do."""
        number, border, rows = loss
        if self._is_random(number):
            return RANDOM_OUTPUT
        return (
            f"{len(rows)} of the {len(self.X) - border} rows from row {border} on have different "
            f"outputs alone and after earlier rows, the first at row {rows[0]}. "
            f"{self._explain_window(loss) or self._explain_step(loss)}"
        )

    def _is_random(self, number: int) -> bool:
        again = compute_step_outputs(self.fitted, self.X)[number].output
        return bool(_find_differences(self.outputs[number].output, again).any())

    def _explain_window(self, loss: _Loss) -> str | None:
        """Return why a window loses the earlier rows, None if it does not."""
        if not self.has_all:
            return None
        step = self.steps[loss.number]
        windows = find_windows(step)
        if not windows:
            return None
        before = self.X if loss.number == 0 else self.outputs[loss.number - 1].output
        together, alone = copy_rows(before), copy_rows(rows_from(before, loss.border))
        if any(not window.carry_context for window in windows):
            return self._explain_carry_context(loss, before, together, alone)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", RowsMissingWarning)
            _apply(step, alone)
        if caught and not self.lacks_steps.any():
            return f"The window warns: {caught[0].message}"
        n_rows = max(lead_length(window.window_length, window.horizon) for window in windows)
        first = first_rows(alone, n_rows)
        if not _find_differences(first_rows(together, len(first)), first).any():
            return (
                "They have no row labels and begin with the values of the first fitted rows, so "
                "the window takes them for the fitted rows. Give X an index of dates or numbers, "
                'and use set_output(transform="pandas"), which keeps the index up to the window.'
            )
        return None

    def _explain_carry_context(
        self, loss: _Loss, before: Any, together: Any, alone: Any
    ) -> str | None:
        """Return the explanation if `carry_context=False` is the cause, else None."""
        carrying = clone(self.steps[loss.number])
        for window in find_windows(carrying):
            window.carry_context = True
        carrying.fit(first_rows(before, self.border), first_rows(self.y, self.border))
        outputs = [_apply(carrying, rows) for rows in (together, alone)]
        is_different = _find_differences(rows_from(outputs[0], loss.border), outputs[1])
        if is_different[~self.lacks_steps[loss.border :]].any():
            return None
        return (
            "carry_context=False makes a window start fresh in each call, without the fitted "
            "rows. Set carry_context=True, so the window continues after the last fitted rows. Or "
            "keep carry_context=False, and give the fitted rows together with the new ones."
        )

    def _explain_step(self, loss: _Loss) -> str:
        """Return why a step without windows loses the earlier rows, and what to do."""
        middle = (loss.border + len(self.X)) // 2
        if middle < len(self.X):
            part = compute_step_outputs(self.fitted, first_rows(self.X, middle))[loss.number]
            whole = first_rows(self.outputs[loss.number].output, middle)
            if np.count_nonzero(_find_differences(whole, part.output)) > middle / 2:
                return (
                    "The output of the step depends on all rows of the call: it learns in "
                    "transform. Let it learn in fit, as scikit-learn's scalers do."
                )
        n_rows = self._count_rows_to_add(loss)
        enough = "" if n_rows is None else f", at least the last {n_rows} of them,"
        return (
            "The step reads earlier rows, but keeps none from one call to the next. Compute the "
            "step for the whole series before the pipeline; or put the window before the step, "
            "which then reads only the rows of a window; or give the fitted rows together with "
            f"the new ones{enough} and drop their predictions."
        )

    def _count_rows_to_add(self, loss: _Loss) -> int | None:
        """Return how many earlier rows give equal predictions, None if nearly all are needed."""
        if loss.border != self.border or not self._differs_with(0):
            return None
        n_rows = 1
        while n_rows < self.border and self._differs_with(n_rows):
            n_rows *= 2
        if n_rows >= self.border // 2:
            return None
        too_few, enough = n_rows // 2, n_rows
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            if self._differs_with(middle):
                too_few = middle
            else:
                enough = middle
        return enough

    def _differs_with(self, n_rows: int) -> bool:
        """Return whether predictions differ if the last `n_rows` earlier rows are given too."""
        try:
            *_, last = iterate_step_outputs(self.fitted, rows_from(self.X, self.border - n_rows))
        except Exception:
            # A step refuses these rows, so more are needed.
            return True
        alone = StepOutput(last.name, rows_from(last.output, n_rows))
        place = len(self.outputs) - 1
        return bool(len(self._find_different_rows(place, alone, self.border, is_last=True)))


def _apply(step: Any, rows: Any) -> Any:
    """Return the output of a transformer, or the predictions of an estimator."""
    return step.transform(rows) if hasattr(step, "transform") else step.predict(rows)


def _compute_spread(y: Any) -> float:
    """Return the smallest standard deviation of an output of y, 0 if y has no numbers."""
    targets = np.asarray(y)
    if targets.dtype.kind not in "biuf":
        return 0.0
    return float(np.nanstd(targets.reshape(len(targets), -1).astype(np.float64), axis=0).min())


def _find_differences(together: Any, alone: Any, min_change: float = 0.0) -> np.ndarray:
    """Return which rows of two outputs differ by more than rounding, or than `min_change`."""
    n_rows = find_length(together, 0)
    if np.shape(together)[1:] != np.shape(alone)[1:] or find_length(alone, 0) != n_rows:
        return np.ones(n_rows or 0, dtype=bool)
    min_change = max(min_change, _estimate_rounding(together))
    return np.asarray(find_changes(together, alone, min_change=min_change).any(axis=1))


def _estimate_rounding(output: Any) -> float:
    """Return the rounding error of sums of these numbers, which depends on the order of terms."""
    values = output.data if hasattr(output, "tocsr") else np.asarray(output)
    if values.dtype.kind != "f":
        return 0.0
    largest = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    return float(_N_ROUNDINGS * np.finfo(values.dtype).eps * largest)
