"""Context: find the step of a pipeline that loses the rows before the first one of a call."""

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
from skrnn.model_selection._changes import few, missing, moved
from skrnn.model_selection._report import ContextReport
from skrnn.model_selection._stages import (
    Stage,
    check_rows,
    each_stage,
    feature_columns,
    first_rows,
    length_of,
    own_copy,
    rows_from,
    stages_of,
    steps_of,
    windows_in,
)
from skrnn.model_selection._time_order import check_time_order
from skrnn.windows._views import lead_length

# Borders before rows with missing values that are tried beside the first one.
N_GAPS = 8
# Sums that are added up in another order differ by a few roundings of the largest number, which
# is all that a component without variance consists of.
_ROUNDINGS = 8
# Share of the spread of y that counts as no change of a prediction: networks round to float32.
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
    """Find the step of a pipeline that loses the rows before the first one of a call.

    A clone is fitted on the first rows. The rows after them are predicted twice: alone, and behind
    the fitted rows. A step that looks back, such as a difference or a rolling mean, has no rows to
    look back on where the later rows come alone. Neither the estimator nor the data are modified.

    Parameters
    ----------
    estimator : estimator
        What is to be checked: a pipeline, a search over one, or any other estimator.
    X : {array-like, DataFrame} of shape (n_samples, n_features)
        Rows in order of time, 10 or more; rows of a panel in order of time over all series.
    y : array-like of shape (n_samples, ...)
        Targets.
    cut : float, default=0.7
        Which share of the rows is fitted on. The border is moved to the nearest moment before which
        the labels say that no step is missing, and around which no value is missing. Rows of one
        moment stay together.

    Returns
    -------
    report : ContextReport
        True if a step loses its past. It says which, and what to do.

    Raises
    ------
    ValueError
        If X is sparse or has fewer than 10 rows, labels decrease, predictions do not have the rows
        of X, or later rows can be predicted behind the fitted ones but not alone.

    See Also
    --------
    check_leakage : Find out whether anything later changes what is predicted earlier.
    skrnn.SlidingWindowTransformer : Remembers the last fitted rows.

    Notes
    -----
    `SlidingWindowTransformer` remembers the last rows that it was fitted on, so it loses nothing.
    With ``carry_context=False`` it does, and is named. Series of a panel with steps missing at the
    border are left out behind the window: their windows lack these steps, and warn of it.

    Steps before the first window are also compared at borders before rows with missing values,
    which show a step that fills them from the rows before.

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
    no context lost: the 15 rows from row 35 on come out the same alone and behind the others.

    A difference has no row before the first one of a call:

    >>> change = FunctionTransformer(lambda rows: np.diff(rows, axis=0, prepend=0))
    >>> pipe = make_pipeline(change, SlidingWindowTransformer(3), Ridge())
    >>> report = check_context(pipe, series, series[:, 0])
    >>> report.loses_context, report.step, report.rows
    (True, 'functiontransformer', array([36, 37, 38]))
    """
    X = np.asarray(X) if isinstance(X, list | tuple) else X
    check_rows(X, "taken apart")
    if y is None:
        raise ValueError("y is None. Give the targets of the rows of X.")
    check_consistent_length(X, y)
    groups = (window.group for window in windows_in(estimator))
    group = next((group for group in groups if group is not None), None)
    check_time_order(X, group, "later ones are read behind earlier ones")
    border, lacks_steps = choose_border(X, group, cut, missing(X) if np.ndim(X) > 1 else None)
    # What the windows of this check lack is in the report, or was left out of it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsMissingWarning)
        fitted = clone(estimator).fit(first_rows(X, border), first_rows(y, border))
        return _Check(fitted, X, y, border, lacks_steps).report()


class _Loss(NamedTuple):
    """A stage that loses its past: its number, the rows and what moves behind it."""

    number: int
    border: int
    rows: np.ndarray


class _Check:
    """A fitted estimator, what it makes of all rows, and what of those after a border alone.

    Parameters
    ----------
    fitted : estimator
        Fitted on the rows before the border.
    X, y : array-like
        All rows and their targets.
    border : int
        The position of the first row after the border.
    lacks_steps : ndarray of bool of shape (n_rows,)
        Rows whose windows lack steps that the labels say are missing.
    """

    def __init__(self, fitted: Any, X: Any, y: Any, border: int, lacks_steps: np.ndarray) -> None:
        self.fitted, self.X, self.y = fitted, X, y
        self.border, self.lacks_steps = border, lacks_steps
        self.whole = stages_of(fitted, X)
        self.steps = [step for _, step in steps_of(fitted)]
        # Without those that do not keep the rows.
        self.has_all = len(self.whole) == len(self.steps)
        has_windows = [bool(windows_in(step)) for step in self.steps]
        self.first_window = has_windows.index(True) if any(has_windows) else len(self.steps)

    def report(self) -> ContextReport:
        """Return what was found."""
        loss = self._find_loss(self.border, len(self.steps)) or self._find_loss_at_gaps()
        if loss is not None:
            return ContextReport(True, loss.rows, self.whole[loss.number].name, self._explain(loss))
        n_rows = int(np.count_nonzero(~self.lacks_steps[self.border :]))
        reason = (
            f"the {n_rows} rows from row {self.border} on come out the same alone and behind the "
            "others."
        )
        return ContextReport(False, np.array([], dtype=int), None, reason)

    def _find_loss(self, border: int, n_stages: int, *, may_fail: bool = False) -> _Loss | None:
        """Return the first of so many stages that moves if the rows after a border come alone."""
        guilty: _Loss | None = None
        stages = each_stage(self.fitted, rows_from(self.X, border))
        for number in range(n_stages):
            try:
                stage = next(stages)
            except Exception as error:
                if guilty is not None or may_fail:
                    break
                raise ValueError(
                    f"The rows from row {border} on can be predicted behind the others, but not "
                    f"alone: {error} Give the fitted rows along with them, and drop the "
                    "predictions of these."
                ) from error
            is_last = number == len(self.steps) - 1
            if not (self.has_all or is_last):
                continue
            # Where a transformer drops rows, predictions are all that is compared.
            place = number if self.has_all else 0
            rows = self._moved(place, stage, border, is_last=is_last)
            if len(rows):
                first = guilty or _Loss(place, border, rows)
                guilty = first._replace(rows=rows if is_last else first.rows)
        return guilty

    def _moved(self, place: int, alone: Stage, border: int, *, is_last: bool) -> np.ndarray:
        """Return the positions of the rows of a stage that come out otherwise alone."""
        behind = rows_from(self.whole[place].output, border)
        least = _SHARE_OF_Y * _spread(self.y) if is_last else 0.0
        rows = border + np.flatnonzero(_differ(behind, alone.output, least))
        has_windows = place >= self.first_window or not self.has_all
        return rows[~self.lacks_steps[rows]] if has_windows else rows

    def _find_loss_at_gaps(self) -> _Loss | None:
        """Return the first step before any window that loses what it fills gaps with."""
        if not self.has_all or np.ndim(self.X) < 2:
            return None
        absent = missing(self.X, feature_columns(self.fitted, self.X))
        borders = few(1 + np.flatnonzero(absent[1:]), N_GAPS).tolist()
        found = (
            self._find_loss(int(border), self.first_window, may_fail=True) for border in borders
        )
        return next((loss for loss in found if loss is not None), None)

    # What the report says

    def _explain(self, loss: _Loss) -> str:
        """Return what was seen, its cause, and what to do."""
        number, border, rows = loss
        n_rows = len(self.X) - border
        seen = (
            f"{len(rows)} of the {n_rows} rows from row {border} on come out otherwise alone than "
            f"behind the others, the first at row {rows[0]}."
        )
        if self._is_random(number):
            return (
                "what comes out for the same rows is another thing each time. Set random_state, or "
                "leave out what draws at random after fit, and check again."
            )
        return f"{seen} {self._explain_window(loss) or self._explain_step(loss)}"

    def _is_random(self, number: int) -> bool:
        again = stages_of(self.fitted, self.X)[number].output
        return bool(_differ(self.whole[number].output, again).any())

    def _explain_window(self, loss: _Loss) -> str | None:
        """Return why a window loses the rows before, None if it does not."""
        if not self.has_all:
            return None
        step = self.steps[loss.number]
        before = self.X if loss.number == 0 else self.whole[loss.number - 1].output
        behind, alone = own_copy(before), own_copy(rows_from(before, loss.border))
        if any(not window.carry_context for window in windows_in(step)):
            carrying = clone(step)
            for window in windows_in(carrying):
                window.carry_context = True
            carrying.fit(first_rows(before, self.border), first_rows(self.y, self.border))
            outputs = [_apply(carrying, rows) for rows in (behind, alone)]
            if not _differ(rows_from(outputs[0], loss.border), outputs[1])[
                ~self.lacks_steps[loss.border :]
            ].any():
                return (
                    "carry_context=False makes a window start fresh in each call, whatever was "
                    "fitted. Set carry_context=True, so it continues with the last fitted rows; "
                    "or keep it, and give the fitted rows along with the new ones."
                )
            return None
        windows = windows_in(step)
        if not windows:
            return None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", RowsMissingWarning)
            _apply(step, alone)
        if caught and not self.lacks_steps.any():
            return f"The window says: {caught[0].message}"
        n_head = max(lead_length(window.window_length, window.horizon) for window in windows)
        head = first_rows(alone, n_head), first_rows(behind, len(first_rows(alone, n_head)))
        if not _differ(head[1], head[0]).any():
            return (
                "The first of them have no labels and the values of the first fitted rows, so the "
                "window takes them for these. Give X an index of dates or numbers, and let it "
                'reach the window by set_output(transform="pandas").'
            )
        return None

    def _explain_step(self, loss: _Loss) -> str:
        """Return why another step loses the rows before, and what to do."""
        middle = (loss.border + len(self.X)) // 2
        if middle < len(self.X):
            part = stages_of(self.fitted, first_rows(self.X, middle))[loss.number].output
            differ = _differ(first_rows(self.whole[loss.number].output, middle), part)
            if np.count_nonzero(differ) > middle / 2:
                return (
                    "What the step makes of a row depends on all rows of the call: it learns in "
                    "transform. Let it learn in fit, as scikit-learn's scalers do."
                )
        along = self._rows_to_give_along(loss)
        enough = "" if along is None else f", the last {along} of them at least,"
        return (
            "The step looks back, and keeps no rows from one call to the next. Compute it for the "
            "whole series before the pipeline; or put the window before it, so it looks back "
            f"within each window only; or give the fitted rows along with the new ones{enough} "
            "and drop their predictions."
        )

    def _rows_to_give_along(self, loss: _Loss) -> int | None:
        """Return how many rows before the border make predictions the same, None if nearly all."""
        if loss.border != self.border or not self._moved_with(0):
            return None
        n_rows = 1
        while n_rows < self.border and self._moved_with(n_rows):
            n_rows *= 2
        if n_rows >= self.border // 2:
            return None
        too_few, enough = n_rows // 2, n_rows
        while enough - too_few > 1:
            between = (too_few + enough) // 2
            if self._moved_with(between):
                too_few = between
            else:
                enough = between
        return enough

    def _moved_with(self, n_rows: int) -> bool:
        """Tell whether predictions move with so many rows before the border along."""
        try:
            *_, last = each_stage(self.fitted, rows_from(self.X, self.border - n_rows))
        except Exception:
            # Whatever it is, these rows are too few.
            return True
        alone = Stage(last.name, rows_from(last.output, n_rows))
        return bool(len(self._moved(len(self.whole) - 1, alone, self.border, is_last=True)))


def _apply(step: Any, rows: Any) -> Any:
    """Return the output of a transformer, or the predictions of an estimator."""
    return step.transform(rows) if hasattr(step, "transform") else step.predict(rows)


def _spread(y: Any) -> float:
    """Return the least standard deviation of an output, 0 for what is no number."""
    targets = np.asarray(y)
    if targets.dtype.kind not in "biuf":
        return 0.0
    return float(np.nanstd(targets.reshape(len(targets), -1).astype(np.float64), axis=0).min())


def _differ(behind: Any, alone: Any, least: float = 0.0) -> np.ndarray:
    """Tell which rows of two outputs differ by more than rounding, or than `least`."""
    if np.shape(behind)[1:] != np.shape(alone)[1:] or length_of(alone, 0) != length_of(behind, 0):
        return np.ones(length_of(behind, 0) or 0, dtype=bool)
    places = moved(behind, alone, least=max(least, _rounding(behind)))
    return np.asarray(places.any(axis=1))


def _rounding(output: Any) -> float:
    """Return by how much a sum of numbers of this size may differ when its order does."""
    values = output.data if hasattr(output, "tocsr") else np.asarray(output)
    if values.dtype.kind != "f":
        return 0.0
    largest = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    return float(_ROUNDINGS * np.finfo(values.dtype).eps * largest)
