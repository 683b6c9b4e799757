"""Leaks where rows are prepared: raw rows change, and what moves tells who knew of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from sklearn.base import clone

from skrnn.model_selection._changes import alter, few, missing, moved, splice
from skrnn.model_selection._report import (
    LeakageReport,
    leak,
    reason_known,
    reason_late,
    reason_later,
)
from skrnn.model_selection._stages import (
    Stage,
    feature_columns,
    first_rows,
    holds_estimators,
    parameters,
    refused_changes,
    stages_of,
)

Columns = tuple[int, ...]
N_CUTS = 4
N_GAPS = 8


class _Trial:
    """A fitted estimator, and what moves in its rows when raw rows change."""

    def __init__(
        self,
        prepare: Callable[[Any], tuple[Any, Any]],
        raw: Any,
        fitted: Any,
        X: Any,
        y: Any,
        n_train: int,
    ) -> None:
        self.prepare, self.raw, self.fitted = prepare, raw, fitted
        self.stages = [Stage("prepare", X), *stages_of(fitted, X)]
        self.y, self.n_train = y, n_train
        # What reaches the predictor says more than its predictions, which may ignore what it is
        # given: the output of the last transformer, or X where there is none. But X is not taken
        # for read, nor is anything that goes into estimators inside the last step: they may hold
        # windows, and read less of it.
        self.n_read = 2 if len(self.stages) > 2 and not holds_estimators(fitted) else 1
        # Bisections for several rows come to the same places.
        self.moved_targets = cache(self._moved_targets)
        self.moved_stages = cache(self._moved_stages)

    def _changed(self, columns: Columns, last: int, size: float = 1.0) -> list[tuple[Any, Any]]:
        """Return what is prepared of raw rows that change after the row `last`."""
        prepared = []
        # Both ways, for what reacts to one of them only: a maximum, or a target that is a sign.
        for up in (True, False):
            rows = splice(self.raw, alter(self.raw, columns, up=up, size=size), last)
            with refused_changes():
                X, y = self.prepare(rows)
            if len(X) != len(self.stages[0].output):
                raise ValueError(
                    f"prepare gives {len(self.stages[0].output)} rows, but {len(X)} when values "
                    "of raw rows change, so rows cannot be matched. Let "
                    "the number of rows depend on the number of raw rows only."
                )
            prepared.append((X, y))
        return prepared

    def _moved_targets(self, columns: Columns, last: int) -> np.ndarray:
        """Tell which targets move, shape (n_rows, n_outputs)."""
        # By a lot as well: a sign, or a maximum, may not react to what is little.
        prepared = [*self._changed(columns, last), *self._changed(columns, last, size=10.0)]
        return np.any([moved(self.y, y) for _, y in prepared], axis=0)

    def _moved_stages(self, columns: Columns, last: int) -> np.ndarray:
        """Tell in which rows each stage moves, shape (n_stages, n_rows)."""
        found = []
        for X, _ in self._changed(columns, last):
            with refused_changes():
                after = [Stage("prepare", X), *stages_of(self.fitted, X)]
            pairs = zip(self.stages, after, strict=True)
            found.append([moved(one.output, two.output).any(axis=1) for one, two in pairs])
        return np.any(found, axis=0)

    def read_last(self, row: int, columns: Columns, n_stages: int) -> int:
        """Return the last raw row on which the last stages depend in a prepared row."""

        def moves(last: int) -> bool:
            return bool(self.moved_stages(columns, last)[-n_stages:, row].any())

        return _first_quiet(moves, -1, len(self.raw) - 1)


def check_prepared(
    estimator: Any, raw: Any, prepare: Callable[[Any], tuple[Any, Any]]
) -> LeakageReport:
    """Find out whether forecasts of prepared rows know of raw rows that they must not know.

    Which raw row a prepared one belongs to cannot be known, since `prepare` may drop rows at
    either end. Everything is found by what moves: a change of all raw rows after one moves a value
    exactly if the value depends on any of them.
    """
    if parameters(estimator, "group"):
        raise ValueError(
            f"A step has group={parameters(estimator, 'group')[0]!r}, but with prepare a panel "
            "cannot be checked: rows of one date have no order among them. Check one series of "
            "the panel at a time, with group=None."
        )
    X, y = _prepare(raw, prepare)
    random = _check_random(X, y, *_prepare(raw, prepare))
    if random is not None:
        return random
    trial = _fit(estimator, raw, prepare, X, y)
    everything = tuple(feature_columns(trial.fitted, raw))
    target = tuple(j for j in everything if trial.moved_targets((j,), -1).any())
    if not target:
        raise ValueError(
            "The targets that prepare returns do not move when the raw rows change, so "
            "nothing can be checked. prepare must compute y from the rows it is given."
        )
    n_rows = len(trial.stages[0].output)
    first = int(0.7 * n_rows)
    # Not among the last: what is read to the very end must be told from what is read a bit late.
    for share in (0.0, 0.5, 0.9):
        row = first + int(share * (n_rows - first))
        report = _check_row(trial, _telling_row(trial, row, target), target, everything)
        if report is not None:
            return report
    for cut in _cuts(trial, target, everything):
        report = _check_cut(trial, cut, target, everything)
        if report is not None:
            return report
    reason = "what is predicted and learned does not know of raw rows that come later."
    return LeakageReport(False, np.array([], dtype=int), None, reason)


def _prepare(raw: Any, prepare: Callable[[Any], tuple[Any, Any]]) -> tuple[Any, Any]:
    """Prepare a copy of the raw rows, and refuse what is no X and y."""
    prepared = prepare(splice(raw, raw, len(raw)))
    if not isinstance(prepared, tuple | list) or len(prepared) != 2:
        raise ValueError(
            f"prepare returned a {type(prepared).__name__}, but it must return two things: the X "
            "and the y that it makes of the raw rows."
        )
    X, y = prepared
    if len(X) != len(y) or len(X) < 10:
        raise ValueError(
            f"prepare returned {len(X)} rows of X and {len(y)} of y. It must return as many of "
            "either, 10 or more."
        )
    return X, y


def _check_random(X: Any, y: Any, X_again: Any, y_again: Any) -> LeakageReport | None:
    """Return that the same raw rows are prepared in another way each time, if they are."""
    if np.shape(X) == np.shape(X_again) and np.shape(y) == np.shape(y_again):
        rows = np.flatnonzero(moved(X, X_again).any(axis=1) | moved(y, y_again).any(axis=1))
    else:
        rows = np.arange(len(X))
    if len(rows) == 0:
        return None
    reason = (
        "prepare is random: what it makes of the same raw rows is another thing each time. Set "
        "a seed in it, or leave out what draws at random, and check again."
    )
    return leak(rows, "prepare", reason)


def _fit(
    estimator: Any, raw: Any, prepare: Callable[[Any], tuple[Any, Any]], X: Any, y: Any
) -> _Trial:
    """Fit a clone on the first 70 % of the prepared rows, without the gap before the others."""
    gap = max((getattr(cv, "gap", 0) for cv in parameters(estimator, "cv")), default=0)
    n_train = int(0.7 * len(X)) - gap
    if n_train < 1:
        raise ValueError(
            f"The gap of {gap} rows leaves none of the first 70 % of {len(X)} prepared rows to "
            "fit on. Give more raw rows."
        )
    fitted = clone(estimator).fit(first_rows(X, n_train), first_rows(y, n_train))
    return _Trial(prepare, raw, fitted, X, y, n_train)


def _telling_row(trial: _Trial, row: int, target: Columns) -> int:
    """Return the next row whose target and forecast both come later than those of the row before.

    A missing value that is carried over, or filled with known values, is read early. A target like
    that is no forecast, and its row does not tell when its forecast is made.
    """
    end = len(trial.raw) - 1

    def complete(row: int) -> int:
        return _first_quiet(
            lambda last: bool(trial.moved_targets(target, last)[row].any()), -1, end
        )

    rows = range(row, min(row + 10, len(trial.y)))
    own = [later for later in rows if complete(later) > complete(later - 1)]
    fresh = (
        later
        for later in own
        if trial.read_last(later, target, 2) > trial.read_last(later - 1, target, 2)
    )
    return next(fresh, own[0] if own else row)


def _check_row(
    trial: _Trial, row: int, target: Columns, everything: Columns
) -> LeakageReport | None:
    """Return what is wrong with the forecast of one prepared row, None if nothing is."""
    targets, stages = trial.moved_targets, trial.moved_stages
    end = len(trial.raw) - 1
    # An output that no change moves, such as a clipped one, cannot tell anything.
    tells = targets(target, -1)[row]
    if not tells.any():
        return None

    def is_unknown(last: int) -> bool:
        return bool(targets(target, last)[row, tells].all())

    read = trial.read_last(row, target, trial.n_read)
    if read >= 0 and not is_unknown(read):
        guilty = int(np.argmax(stages(target, read - 1)[:, : row + 1].any(axis=1)))
        return leak([row], trial.stages[guilty].name, reason_known(row, read, end))

    # The raw row that completes the first of its outputs.
    known = _first_quiet(is_unknown, read, end)
    made = trial.read_last(row, target, 2)
    # A forecast that does not read the target at all may be made as late as possible.
    made = made if made >= 0 else known - 1
    late = np.flatnonzero(targets(target, made)[: trial.n_train].any(axis=1))
    if len(late):
        return leak(late, "prepare", reason_late(late, row, trial.n_train, len(trial.y)))

    # Targets of the rows before it are complete by then as well.
    later = stages(everything, known)[:, : row + 1]
    if later[-2:].any():
        guilty = int(np.argmax(later.any(axis=1)))
        rows = np.flatnonzero(later[-2:].any(axis=0))
        return leak(rows, trial.stages[guilty].name, reason_later(row, known))
    return None


def _cuts(trial: _Trial, target: Columns, everything: Columns) -> list[int]:
    """Return raw rows of the last part: a few even ones, and those with missing values.

    A target is there in the row after each of them. Otherwise it may be carried over or filled
    with what is known, and would be taken for complete while its own row, other columns of which
    may be known, is still to come.
    """
    end = len(trial.raw) - 1
    # The windows of the first rows tell whether they continue the fitted ones: leave them alone.
    last_part = np.arange(end - int(0.3 * len(trial.stages[0].output)), end)
    usable = last_part[~missing(trial.raw, target)[last_part + 1]]
    at_gaps = usable[missing(trial.raw, everything)[usable]]
    return np.union1d(few(usable, N_CUTS), few(at_gaps, N_GAPS)).tolist()


def _check_cut(
    trial: _Trial, cut: int, target: Columns, everything: Columns
) -> LeakageReport | None:
    """Return what is wrong with the rows whose targets are complete with one raw row.

    This finds what is filled from later rows, which `_check_row` meets by chance only.
    """
    tells = trial.moved_targets(target, -1)
    later = trial.moved_stages(everything, cut)
    complete = tells.any(axis=1) & _complete(trial.moved_targets(target, cut))
    if (later & complete).any():
        guilty = int(np.argmax((later & complete).any(axis=1)))
        rows = np.flatnonzero((later & complete).any(axis=0))
        return leak(rows, trial.stages[guilty].name, reason_later(int(rows[0]), cut))

    # A gap that is filled from the next row holds the target of that row. If the row after that
    # has none, a target carried over from this one would look the same.
    absent = missing(trial.raw, target)
    if cut + 2 >= len(absent) or not absent[cut] or absent[cut + 2]:
        return None
    read = trial.moved_stages(target, cut)
    known = tells.any(axis=1) & _complete(trial.moved_targets(target, cut + 1))
    rows = np.flatnonzero(read[-trial.n_read :].any(axis=0) & known)
    if len(rows) == 0:
        return None
    guilty = int(np.argmax(read[:, : rows[0] + 1].any(axis=1)))
    reason = reason_known(int(rows[0]), cut + 1, len(absent) - 1)
    return leak(rows, trial.stages[guilty].name, reason)


def _complete(targets: np.ndarray) -> np.ndarray:
    """Tell which rows come before all those whose targets move."""
    return np.asarray(np.logical_and.accumulate(~targets.any(axis=1)))


def _first_quiet(moves: Callable[[int], bool], start: int, end: int) -> int:
    """Return the first raw row after which changes move nothing, by bisection."""
    if not moves(start):
        return start
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (middle, end) if moves(middle) else (start, middle)
    return end
