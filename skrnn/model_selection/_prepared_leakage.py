"""Leakage in prepared rows: change raw rows, and find the forecasts that change with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from skrnn.model_selection._changed_values import (
    change_values,
    choose_evenly,
    find_changes,
    find_missing_values,
    replace_rows_after,
)
from skrnn.model_selection._pipeline_steps import (
    StepOutput,
    compute_step_outputs,
    explain_refused_changes,
    find_feature_columns,
    find_parameters,
    first_rows,
    last_step_holds_estimators,
)
from skrnn.model_selection._reports import LeakageReport

Columns = tuple[int, ...]
N_CUTS = 4
N_GAPS = 8


class _PreparedRows:
    """Prepared rows and a fitted estimator: which outputs change when raw rows change."""

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
        self.outputs = [StepOutput("prepare", X), *compute_step_outputs(fitted, X)]
        self.y, self.n_train = y, n_train
        # The input of the predictor tells more than its predictions, which may ignore the input.
        # So the output of the last transformer is compared too. X is not, since a step may read
        # only a part of it. Nor is the input of a last step that holds other estimators: these may
        # hold windows, and read only a part of it.
        is_input_read = len(self.outputs) > 2 and not last_step_holds_estimators(fitted)
        self.n_last_outputs = 2 if is_input_read else 1
        # Bisections of different rows ask for the same positions.
        self.changed_targets = cache(self._find_changed_targets)
        self.changed_outputs = cache(self._find_changed_outputs)

    def _prepare_changed(
        self, columns: Columns, last: int, size: float = 1.0
    ) -> list[tuple[Any, Any]]:
        """Prepare raw rows whose values after the row `last` are changed."""
        prepared = []
        # Values grow and shrink, since a maximum or a sign may react to one of them only.
        for up in (True, False):
            changed = change_values(self.raw, columns, up=up, size=size)
            with explain_refused_changes():
                X, y = self.prepare(replace_rows_after(self.raw, last, changed))
            if len(X) != len(self.outputs[0].output):
                raise ValueError(
                    f"prepare gives {len(self.outputs[0].output)} rows, but {len(X)} when values "
                    "of raw rows change, so rows cannot be matched. Let the number of prepared "
                    "rows depend on the number of raw rows only."
                )
            prepared.append((X, y))
        return prepared

    def _find_changed_targets(self, columns: Columns, last: int) -> np.ndarray:
        """Return which targets change with raw rows after `last`, shape (n_rows, n_outputs)."""
        # Large changes too, since a sign or a maximum may not react to small ones.
        prepared = [
            *self._prepare_changed(columns, last),
            *self._prepare_changed(columns, last, size=10.0),
        ]
        return np.any([find_changes(self.y, y) for _, y in prepared], axis=0)

    def _find_changed_outputs(self, columns: Columns, last: int) -> np.ndarray:
        """Return the rows in which each output changes, shape (n_outputs, n_rows)."""
        found = []
        for X, _ in self._prepare_changed(columns, last):
            with explain_refused_changes():
                after = [StepOutput("prepare", X), *compute_step_outputs(self.fitted, X)]
            pairs = zip(self.outputs, after, strict=True)
            found.append([find_changes(one.output, two.output).any(axis=1) for one, two in pairs])
        return np.any(found, axis=0)

    def find_last_read(self, row: int, columns: Columns, n_outputs: int) -> int:
        """Return the last raw row on which the last outputs of a prepared row depend."""

        def changes(last: int) -> bool:
            return bool(self.changed_outputs(columns, last)[-n_outputs:, row].any())

        return _find_last_dependency(changes, -1, len(self.raw) - 1)

    def report(self, rows: Any, changed: np.ndarray, reason: str) -> LeakageReport:
        """Return the report of a leak in the first step whose output has changed."""
        step = self.outputs[int(np.argmax(changed.any(axis=1)))].name
        return LeakageReport(True, np.asarray(rows), step, reason)


def check_prepared_leakage(
    estimator: Any, raw: Any, prepare: Callable[[Any], tuple[Any, Any]]
) -> LeakageReport:
    """Find forecasts of prepared rows that depend on raw rows which are not known yet.

    `prepare` may drop rows at either end, so the raw row of a prepared row is not known. All
    findings come from changes instead: a value changes with all raw rows after a position exactly
    if the value depends on any of these rows.
    """
    groups = find_parameters(estimator, "group")
    if groups:
        raise ValueError(
            f"A step has group={groups[0]!r}, but a panel cannot be checked with prepare: rows of "
            "one date have no order among them. Check one series of the panel at a time, with "
            "group=None."
        )
    X, y = _prepare(raw, prepare)
    random = _find_random_rows(X, y, *_prepare(raw, prepare))
    if random is not None:
        return random
    raw = _insert_missing_rows(raw, prepare, X, y)
    prepared = _fit(estimator, raw, prepare, X, y)
    all_columns = tuple(find_feature_columns(prepared.fitted, raw))
    target = tuple(j for j in all_columns if prepared.changed_targets((j,), -1).any())
    if not target:
        raise ValueError(
            "The targets that prepare returns do not change when the raw rows change, so nothing "
            "can be checked. Let prepare compute y from the rows it is given."
        )
    n_rows = len(prepared.outputs[0].output)
    first = int(0.7 * n_rows)
    # Not the last rows: a forecast that reads all rows could not be told from one that reads a few
    # later rows.
    for share in (0.0, 0.5, 0.9):
        row = _choose_row(prepared, first + int(share * (n_rows - first)), target)
        report = _check_row(prepared, row, target, all_columns)
        if report is not None:
            return report
    for cut in _choose_cuts(prepared, target, all_columns):
        report = _check_cut(prepared, cut, target, all_columns)
        if report is not None:
            return report
    reason = "forecasts and the targets that are learned do not depend on later raw rows."
    return LeakageReport(False, np.array([], dtype=int), None, reason)


def _prepare(raw: Any, prepare: Callable[[Any], tuple[Any, Any]]) -> tuple[Any, Any]:
    """Prepare a copy of the raw rows, and refuse a result that is not X and y."""
    prepared = prepare(replace_rows_after(raw, len(raw), raw))
    if not isinstance(prepared, tuple | list) or len(prepared) != 2:
        raise ValueError(
            f"prepare returns a {type(prepared).__name__}, but must return two things. Return the "
            "X and the y that it makes of the raw rows."
        )
    X, y = prepared
    if len(X) != len(y) or len(X) < 10:
        raise ValueError(
            f"prepare returns {len(X)} rows of X and {len(y)} of y, but must return the same "
            "number of both, at least 10. Drop the same rows from X and y, or give more raw rows."
        )
    return X, y


def _insert_missing_rows(
    raw: Any, prepare: Callable[[Any], tuple[Any, Any]], X: Any, y: Any
) -> Any:
    """Return the raw rows with NaN in the rows that `prepare` inserts between them.

    A row that `asfreq` inserts has no raw row. With NaN in its place, values that are filled from
    later rows are found like those of any missing value. If `prepare` would not make the same rows
    of them, the raw rows are returned as they are.
    """
    index = raw.index if isinstance(raw, pd.DataFrame) else None
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 3 or not index.is_unique:
        return raw
    step: Any = index.to_series().diff().median()
    for frequency in (step, "B") if step == pd.Timedelta(days=1) else (step,):
        full = pd.date_range(index[0], index[-1], freq=frequency, name=index.name)
        if not len(index) < len(full) <= 10 * len(index) or not index.isin(full).all():
            continue
        inserted = raw.reindex(full)
        try:
            again = _prepare(inserted, prepare)
        except (TypeError, ValueError, KeyError):
            continue
        same = zip((X, y), again, strict=True)
        if all(
            np.shape(one) == np.shape(two) and not find_changes(one, two).any() for one, two in same
        ):
            return inserted
    return raw


def _find_random_rows(X: Any, y: Any, X_again: Any, y_again: Any) -> LeakageReport | None:
    """Return the report of a random `prepare`, None if it prepares the same rows twice."""
    if np.shape(X) == np.shape(X_again) and np.shape(y) == np.shape(y_again):
        is_changed = find_changes(X, X_again).any(axis=1) | find_changes(y, y_again).any(axis=1)
        rows = np.flatnonzero(is_changed)
    else:
        rows = np.arange(len(X))
    if len(rows) == 0:
        return None
    reason = (
        "prepare is random: it makes other rows of the same raw rows each time. Set a seed in it, "
        "or leave out its random parts, and check again."
    )
    return LeakageReport(True, rows, "prepare", reason)


def _fit(
    estimator: Any, raw: Any, prepare: Callable[[Any], tuple[Any, Any]], X: Any, y: Any
) -> _PreparedRows:
    """Fit a clone on the first 70 % of the prepared rows, without the gap before the others."""
    gap = max((getattr(cv, "gap", 0) for cv in find_parameters(estimator, "cv")), default=0)
    n_train = int(0.7 * len(X)) - gap
    if n_train < 1:
        raise ValueError(
            f"The gap of {gap} rows leaves none of the first 70 % of {len(X)} prepared rows to "
            "fit on. Give more raw rows, or a smaller gap."
        )
    fitted = clone(estimator).fit(first_rows(X, n_train), first_rows(y, n_train))
    return _PreparedRows(prepare, raw, fitted, X, y, n_train)


def _choose_row(prepared: _PreparedRows, row: int, target: Columns) -> int:
    """Return the next row whose target and forecast both come later than those of the row before.

    A missing value that is carried over, or filled with known values, is read early. A target like
    that is no forecast, and its row does not tell when its forecast is made.
    """
    end = len(prepared.raw) - 1

    def find_completion(row: int) -> int:
        return _find_last_dependency(
            lambda last: bool(prepared.changed_targets(target, last)[row].any()), -1, end
        )

    rows = range(row, min(row + 10, len(prepared.y)))
    with_new_target = [each for each in rows if find_completion(each) > find_completion(each - 1)]
    with_new_forecast = (
        each
        for each in with_new_target
        if prepared.find_last_read(each, target, 2) > prepared.find_last_read(each - 1, target, 2)
    )
    return next(with_new_forecast, with_new_target[0] if with_new_target else row)


def _check_row(
    prepared: _PreparedRows, row: int, target: Columns, all_columns: Columns
) -> LeakageReport | None:
    """Return the report of a leak in the forecast of one prepared row, None without a leak."""
    targets, outputs = prepared.changed_targets, prepared.changed_outputs
    end = len(prepared.raw) - 1
    # Outputs of y that no change reaches, such as clipped ones, cannot be checked.
    is_checked = targets(target, -1)[row]
    if not is_checked.any():
        return None

    def is_unknown(last: int) -> bool:
        return bool(targets(target, last)[row, is_checked].all())

    read = prepared.find_last_read(row, target, prepared.n_last_outputs)
    if read >= 0 and not is_unknown(read):
        changed = outputs(target, read - 1)[:, : row + 1]
        return prepared.report([row], changed, _explain_known_target(row, read, end))

    # The raw row with which the first of the outputs of y is complete.
    complete = _find_last_dependency(is_unknown, read, end)
    made = prepared.find_last_read(row, target, 2)
    # A forecast that does not read the target column may be made just before the target is known.
    made = made if made >= 0 else complete - 1
    future = np.flatnonzero(targets(target, made)[: prepared.n_train].any(axis=1))
    if len(future):
        reason = _explain_future_targets(future, row, prepared.n_train, len(prepared.y))
        return LeakageReport(True, future, "prepare", reason)

    # Targets of earlier rows are complete with this raw row, too.
    later = outputs(all_columns, complete)[:, : row + 1]
    if later[-2:].any():
        rows = np.flatnonzero(later[-2:].any(axis=0))
        return prepared.report(rows, later, _explain_later_rows(row, complete))
    return None


def _choose_cuts(prepared: _PreparedRows, target: Columns, all_columns: Columns) -> list[int]:
    """Return raw rows of the last part: some evenly spaced ones, and those with missing values.

    The target is not missing in the row after each of them. A missing target may be carried over,
    or filled with known values. It would seem to be complete before its own row, other columns of
    which may be known.
    """
    end = len(prepared.raw) - 1
    # The first rows are not changed: windows compare them to find out whether they are the fitted
    # ones.
    last_part = np.arange(end - int(0.3 * len(prepared.outputs[0].output)), end)
    usable = last_part[~find_missing_values(prepared.raw, target)[last_part + 1]]
    at_gaps = usable[find_missing_values(prepared.raw, all_columns)[usable]]
    return np.union1d(choose_evenly(usable, N_CUTS), choose_evenly(at_gaps, N_GAPS)).tolist()


def _check_cut(
    prepared: _PreparedRows, cut: int, target: Columns, all_columns: Columns
) -> LeakageReport | None:
    """Return the report of a leak in the rows whose targets are complete with one raw row.

    This finds values that are filled from later rows, which `_check_row` finds by chance only.
    """
    is_checked = prepared.changed_targets(target, -1).any(axis=1)
    is_complete = is_checked & _find_complete_rows(prepared.changed_targets(target, cut))
    later = prepared.changed_outputs(all_columns, cut) & is_complete
    if later.any():
        rows = np.flatnonzero(later.any(axis=0))
        return prepared.report(rows, later, _explain_later_rows(int(rows[0]), cut))

    # A gap that is filled from the next row holds the target of that row. If the target of the row
    # after that is missing, a target carried over from this row would look the same.
    is_missing = find_missing_values(prepared.raw, target)
    if cut + 2 >= len(is_missing) or not is_missing[cut] or is_missing[cut + 2]:
        return None
    read = prepared.changed_outputs(target, cut)
    known = is_checked & _find_complete_rows(prepared.changed_targets(target, cut + 1))
    rows = np.flatnonzero(read[-prepared.n_last_outputs :].any(axis=0) & known)
    if len(rows) == 0:
        return None
    reason = _explain_known_target(int(rows[0]), cut + 1, len(is_missing) - 1)
    return prepared.report(rows, read[:, : rows[0] + 1], reason)


def _find_complete_rows(changed_targets: np.ndarray) -> np.ndarray:
    """Return the rows before the first one whose target changes."""
    return np.asarray(np.logical_and.accumulate(~changed_targets.any(axis=1)))


def _find_last_dependency(changes: Callable[[int], bool], start: int, end: int) -> int:
    """Return the first raw row after which changes have no effect, by bisection."""
    if not changes(start):
        return start
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (middle, end) if changes(middle) else (start, middle)
    return end


# Reasons in the report


def _explain_known_target(row: int, read: int, end: int) -> str:
    """Return the reason for a target that does not change after the last row that is read."""
    if read == end:
        return (
            f"the forecast of prepared row {row} depends on raw rows to the very end. Something "
            "was fitted on all rows, such as a scaler: put it into the pipeline, which learns from "
            "the rows given to fit."
        )
    return (
        f"the forecast of prepared row {row} reads its target up to raw row {read}, and the "
        "target does not change when all later rows change: it is known already. Check whether "
        "the target is shifted the wrong way, a window reads later rows, or a feature holds the "
        "target."
    )


def _explain_future_targets(future: np.ndarray, row: int, n_train: int, n_rows: int) -> str:
    """Return the reason for training targets that are later than a forecast."""
    n_future = len(future)
    finding = (
        f"{n_future} of the {n_train} training targets depend on raw rows after those that the "
        f"forecast of prepared row {row} reads"
    )
    if n_future == n_train:
        return (
            f"{finding}. They seem to be computed from all rows, for instance by a scaler: put it "
            "into the pipeline."
        )
    if future[0] != n_train - n_future:
        return f"{finding}, and they are not the last ones. Keep the rows in order of time."
    gap = int(0.7 * n_rows) - n_train + n_future
    return (
        f"{finding}: targets that reach several rows ahead overlap. Leave a gap of {gap} rows "
        f"before the test rows: search with cv=TimeSeriesSplit(gap={gap})."
    )


def _explain_later_rows(row: int, complete: int) -> str:
    """Return the reason for a forecast that depends on rows after its target."""
    return (
        f"the forecast of prepared row {row}, whose target is complete with raw row {complete}, "
        "depends on later rows, by other columns or by statistics. Check whether a window reads "
        "later rows, or something was fitted on all rows."
    )
