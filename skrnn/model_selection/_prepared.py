"""Leaks where rows are prepared: raw rows change, and what moves tells who knew of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from sklearn.base import clone

from skrnn.model_selection._changes import alter, moved, splice
from skrnn.model_selection._report import LeakageReport
from skrnn.model_selection._stages import (
    Stage,
    feature_columns,
    first_rows,
    refused_changes,
    stages_of,
)

Columns = tuple[int, ...]


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
        # Bisections for several rows come to the same places.
        self.moved_targets = cache(self._moved_targets)
        self.moved_stages = cache(self._moved_stages)

    def _changed(self, columns: Columns, last: int) -> list[tuple[Any, Any]]:
        """Return what is prepared of raw rows that change after the row `last`."""
        prepared = []
        # Both ways, for what reacts to one of them only: a maximum, or a target that is a sign.
        for up in (True, False):
            rows = splice(self.raw, alter(self.raw, columns, up=up), last)
            with refused_changes():
                X, y = self.prepare(rows)
            if len(X) != len(self.stages[0].output):
                raise ValueError(
                    f"prepare gives {len(self.stages[0].output)} rows, but {len(X)} when values "
                    "of raw rows change, so that nobody can tell which belongs to which. Let "
                    "the number of rows depend on the number of raw rows only."
                )
            prepared.append((X, y))
        return prepared

    def _moved_targets(self, columns: Columns, last: int) -> np.ndarray:
        """Tell which targets move, shape (n_rows, n_outputs)."""
        return np.any([moved(self.y, y) for _, y in self._changed(columns, last)], axis=0)

    def _moved_stages(self, columns: Columns, last: int) -> np.ndarray:
        """Tell in which rows each stage moves, shape (n_stages, n_rows)."""
        found = []
        for X, _ in self._changed(columns, last):
            with refused_changes():
                after = [Stage("prepare", X), *stages_of(self.fitted, X)]
            pairs = zip(self.stages, after, strict=True)
            found.append([moved(one.output, two.output).any(axis=1) for one, two in pairs])
        return np.any(found, axis=0)


def check_prepared(
    estimator: Any, raw: Any, prepare: Callable[[Any], tuple[Any, Any]]
) -> LeakageReport:
    """Find out whether forecasts of prepared rows know of raw rows that they must not know.

    Which raw row a prepared one belongs to cannot be known, since `prepare` may drop rows at
    either end. Everything is found by what moves: a change of all raw rows after one moves a value
    exactly if the value depends on any of them.
    """
    trial = _fit(estimator, raw, prepare)
    everything = tuple(feature_columns(trial.fitted, raw))
    target = tuple(j for j in everything if trial.moved_targets((j,), -1).any())
    if not target:
        raise ValueError(
            "The targets that prepare returns do not move when the raw rows change, so that "
            "nothing can be checked. prepare must compute y from the rows it is given."
        )
    n_rows = len(trial.stages[0].output)
    first = int(0.7 * n_rows)
    # Not among the last: what is read to the very end must be told from what is read a bit late.
    for share in (0.0, 0.5, 0.9):
        row = first + int(share * (n_rows - first))
        report = _check_row(trial, row, target, everything)
        if report is not None:
            return report
    reason = "what is predicted and learned does not know of raw rows that come later."
    return LeakageReport(False, np.array([], dtype=int), None, reason)


def _fit(estimator: Any, raw: Any, prepare: Callable[[Any], tuple[Any, Any]]) -> _Trial:
    """Fit a clone on the first 70 % of the prepared rows, without the gap before the others."""
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
    gap = getattr(getattr(estimator, "cv", None), "gap", 0)
    n_train = int(0.7 * len(X)) - gap
    if n_train < 1:
        raise ValueError(
            f"The gap of {gap} rows leaves none of the first 70 % of {len(X)} prepared rows to "
            "fit on. Give more raw rows."
        )
    fitted = clone(estimator).fit(first_rows(X, n_train), first_rows(y, n_train))
    return _Trial(prepare, raw, fitted, X, y, n_train)


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

    # What reaches the predictor says more than its predictions, which may ignore what it is
    # given: the output of the last transformer, or X where there is none. But X is not taken
    # for read here, since an estimator may hold the windows inside, as StackingRegressor does.
    n_read = 2 if len(trial.stages) > 2 else 1
    read = _first_quiet(lambda last: bool(stages(target, last)[-n_read:, row].any()), -1, end)
    if read >= 0 and not is_unknown(read):
        guilty = int(np.argmax(stages(target, read - 1)[:, row]))
        return _report([row], trial.stages[guilty].name, _reason_known(row, read, end))

    # The raw row that completes the first of its outputs.
    known = _first_quiet(is_unknown, read, end)
    made = _first_quiet(lambda last: bool(stages(target, last)[-2:, row].any()), -1, end)
    # A forecast that does not read the target at all may be made as late as possible.
    made = made if made >= 0 else known - 1
    late = np.flatnonzero(targets(target, made)[: trial.n_train].any(axis=1))
    if len(late):
        return _report(late, "prepare", _reason_late(late, row, trial))

    later = stages(everything, known)[:, row]
    if later[-2:].any():
        return _report([row], trial.stages[int(np.argmax(later))].name, _reason_later(row, known))
    return None


def _first_quiet(moves: Callable[[int], bool], start: int, end: int) -> int:
    """Return the first raw row after which changes move nothing, by bisection."""
    if not moves(start):
        return start
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (middle, end) if moves(middle) else (start, middle)
    return end


def _report(rows: Any, step: str | None, reason: str) -> LeakageReport:
    return LeakageReport(True, np.asarray(rows), step, reason)


def _reason_known(row: int, read: int, end: int) -> str:
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


def _reason_late(late: np.ndarray, row: int, trial: _Trial) -> str:
    """Return what to say if targets to learn from lie in the future of a forecast."""
    n_late, n_train = len(late), trial.n_train
    what = (
        f"{n_late} of the {n_train} targets to learn from depend on raw rows that come after "
        f"those that the forecast of prepared row {row} reads"
    )
    if n_late == n_train:
        return f"{what}. Were they computed from all rows, by a scaler? Put it into the pipeline."
    if late[0] != n_train - n_late:
        return f"{what}, and they are not the last ones. Keep the rows in order of time."
    gap = int(0.7 * len(trial.stages[0].output)) - n_train + n_late
    return (
        f"{what}: targets that reach several rows ahead overlap. Leave a gap of {gap} rows before "
        f"the test rows: search with cv=TimeSeriesSplit(gap={gap})."
    )


def _reason_later(row: int, known: int) -> str:
    """Return what to say if a forecast reads anything after its own target."""
    return (
        f"the forecast of prepared row {row}, whose target is complete with raw row {known}, "
        "depends on other columns, or on statistics, of rows after it. Does a window look ahead, "
        "or was something fitted on all rows?"
    )
