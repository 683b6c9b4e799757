"""Leakage: find predictions that depend on later rows or on their own target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import HasMethods, StrOptions, validate_params

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.validation import refuse_column, refuse_several_tables
from skrnn.model_selection._changed_values import (
    change_values,
    choose_evenly,
    find_changes,
    find_missing_values,
    replace_rows_after,
)
from skrnn.model_selection._pipeline_steps import (
    StepOutput,
    check_table,
    compute_step_outputs,
    explain_refused_changes,
    find_feature_columns,
    find_last_step,
    find_pipeline,
    find_steps,
    find_windows,
    first_rows,
)
from skrnn.model_selection._prepared_leakage import check_prepared_leakage
from skrnn.model_selection._reports import RANDOM_OUTPUT, LeakageReport
from skrnn.windows._known_columns import read_known
from skrnn.windows._target_columns import find_target_columns
from skrnn.windows._transformer import SlidingWindowTransformer

N_CUTS = 16
# Number of cuts at which predictions are checked for their own target.
N_OWN_TARGETS = 8
UNITS = ("rows", "steps")
BY_STEP = "sequence_to_sequence"


@validate_params(
    {
        "estimator": [HasMethods(["fit"])],
        "X": "no_validation",
        "y": "no_validation",
        "prepare": [callable, None],
        "axis": [StrOptions({"rows", "steps"})],
    },
    prefer_skip_nested_validation=True,
)
def check_leakage(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    prepare: Callable[[Any], tuple[Any, Any]] | None = None,
    axis: str = "rows",
) -> LeakageReport:
    """Find predictions that depend on later rows or on their own target.

    A clone is fitted on the first 70 % of the rows. Then later rows are changed, and the
    predictions of the rows before them are compared. The estimator and the data are not modified.

    Parameters
    ----------
    estimator : estimator
        Estimator to check: a pipeline, a search over one, or any other estimator.
    X : {array-like, DataFrame} of shape (n_samples, n_features) or \
            (n_samples, n_timesteps, n_features)
        At least 10 rows in order of time. With `axis="steps"`, sequences. With `prepare`, raw rows,
        which may also be an array or a Series of shape (n_rows,). Dates, missing values, row labels
        and the columns in `group` are not changed.
    y : array-like of shape (n_samples, ...) or None
        Targets. None with `prepare`, which makes the targets.
    prepare : callable, default=None
        Function that makes `(X, y)` from the raw rows, in order of time. It may drop rows at either
        end. Raw rows are changed before the function runs, so the function is checked too. If a
        `cv` in `estimator` has a `gap`, that many rows before the test part are not fitted. To
        check a pipeline that is cross-validated with a gap, give a search with that splitter:
        ``GridSearchCV(pipe, {}, cv=TimeSeriesSplit(gap=2))``.
    axis : {"rows", "steps"}, default="rows"
        Axis in order of time: rows, or the steps of sequences, with an output at each step.

    Returns
    -------
    report : LeakageReport
        True if there is a leak. The report says where the leak is and what to do.

    Raises
    ------
    ValueError
        If nothing can be compared: X has too few rows, predictions do not have the rows (or steps)
        of X, or the estimator refuses changed rows. With `prepare`: if the targets do not depend on
        the raw rows, the number of prepared rows changes with values of the raw rows, or a step has
        a `group` (a panel).

    See Also
    --------
    check_context : Find the step of a pipeline that loses the rows before a call.
    compare_regressors : Compare regressors with each other and with the naive forecast.
    sklearn.model_selection.TimeSeriesSplit : Splits with a `gap`.

    Notes
    -----
    Without `prepare`, row `t` of X counts as known when row `t` is predicted. The exception is the
    target column (a column that equals y, as it is or scaled). A prediction must not change with
    the value of the target column in the predicted row. If the target is computed from X in another
    way, use `prepare`. The check chooses up to 32 rows (or steps), and changes all values after
    each of them, to larger and to smaller values. It predicts all rows after each change.

    With `prepare`, the time of a forecast is the last raw row whose target column the forecast
    reads. The target of the forecast must depend on rows after this time. The targets of the
    training rows must not depend on them. If targets depend on values up to `N` rows after the
    forecast, a `gap` of `N - 1` rows is needed between training and test rows. This also holds if
    windows end `horizon` rows before their row. Other columns, such as a calendar, may be known up
    to the predicted row, but no further. The check uses bisection: rows are prepared and predicted
    a few hundred times, but fitted only once. The rows of a panel have no single order, so check
    one series at a time.

    Integers are changed to other integers. If integers are names, convert them to text or
    categories, which are changed to other values of their column.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SlidingWindowTransformer
    >>> from skrnn.model_selection import check_leakage
    >>> series = np.random.default_rng(0).normal(size=50)
    >>> pipe = make_pipeline(SlidingWindowTransformer(3), Ridge())
    >>> check_leakage(pipe, series[:, None], series)
    no leak found: predictions do not change when later rows change.

    A scaler that is fitted on all rows is a leak:

    >>> def prepare(series):
    ...     scaled = (series - series.mean()) / series.std()
    ...     return scaled[:, None], scaled
    >>> report = check_leakage(pipe, series, None, prepare=prepare)
    >>> bool(report), report.step
    (True, 'prepare')
    """
    refuse_other_models(estimator, "estimator")
    expected = "check_leakage expects rows of shape (n_samples, n_features)"
    refuse_several_tables(X, y, expected)
    X = np.asarray(X) if isinstance(X, list | tuple) else X
    _check_input(X, y, prepare, axis)
    if prepare is not None:
        return check_prepared_leakage(estimator, X, prepare)
    n_rows = len(X)
    n_fitted = int(0.7 * n_rows)
    fitted = clone(estimator).fit(first_rows(X, n_fitted), first_rows(y, n_fitted))
    if axis == "rows":
        # Fitted rows are not changed: windows compare them to see if rows continue the series.
        columns = find_feature_columns(fitted, X)
        cuts = _choose_cuts(n_fitted - 1, find_missing_values(X, columns))
        report = _compare(fitted, X, _change_later_rows(X, columns, cuts), axis=0)
        return report or _find_own_target(fitted, X, y, cuts) or report
    is_missing = [bool(find_missing_values(X, [step]).any()) for step in range(np.shape(X)[1])]
    cuts = _choose_cuts(0, np.array(is_missing))
    return _compare(fitted, X, _change_later_steps(X, cuts), axis=1)


def _check_input(X: Any, y: Any, prepare: Any, axis: str) -> None:
    """Refuse input that cannot be checked."""
    check_table(X, "changed")
    if prepare is None:
        if y is None:
            raise ValueError("y is None. Give the targets of the rows of X, or `prepare`.")
        check_consistent_length(X, y)
        if axis == "rows":
            refuse_column(X, "check_leakage expects rows of shape (n_samples, n_features)")
        _check_shape(X.shape, axis)
    elif axis == "steps":
        raise ValueError(
            'axis="steps" cannot be used with prepare, which works on rows. Give the sequences '
            "and their targets as X and y, without prepare."
        )
    elif y is not None:
        raise ValueError(
            f"y is a {type(y).__name__}, but must be None with prepare, which makes the targets. "
            "Call check_leakage(estimator, raw, None, prepare=prepare)."
        )


def _check_shape(shape: tuple[int, ...], axis: str) -> None:
    """Refuse rows without columns, and sequences without steps to compare."""
    if len(shape) < 2 or (axis == "steps" and shape[1] < 2):
        expected = "(n_samples, n_timesteps, ...) with 2 steps or more"
        raise ValueError(
            f"X has shape {shape}, but axis={axis!r} expects "
            f"{expected if axis == 'steps' else '(n_samples, n_features)'}. Reshape X."
        )


def _choose_cuts(first: int, is_missing: np.ndarray) -> list[int]:
    """Return positions after which values are changed, from `first` to the second last."""
    positions = np.linspace(first, len(is_missing) - 2, N_CUTS).astype(int)
    # Only a change directly after a missing value shows that it is filled from the next value.
    at_gaps = choose_evenly(first + np.flatnonzero(is_missing[first:-1]), N_CUTS)
    return np.union1d(positions, at_gaps).tolist()


def _change_later_rows(
    X: Any, columns: list[int], cuts: Iterable[int]
) -> Iterator[tuple[int, Any]]:
    """Yield each cut, and X with other values in the rows after it."""
    # Larger and smaller values: a minimum or a threshold may react to only one of the two.
    for up in (True, False):
        changed = change_values(X, columns, up=up)
        for cut in cuts:
            yield cut, replace_rows_after(X, cut, changed)


def _change_later_steps(X: Any, cuts: Iterable[int]) -> Iterator[tuple[int, Any]]:
    """Yield each cut, and sequences with other values in the steps after it."""
    for up in (True, False):
        for cut in cuts:
            yield cut, change_values(X, range(cut + 1, np.shape(X)[1]), up=up)


def _compare(fitted: Any, X: Any, changed: Iterable[tuple[int, Any]], axis: int) -> LeakageReport:
    """Compare the outputs before each cut, pipeline step by pipeline step."""
    before = compute_step_outputs(fitted, X, axis=axis)
    if axis == 1:
        _check_outputs_by_step(fitted, X, before[-1].output)
    is_changed = np.zeros((len(before), np.shape(X)[axis]), dtype=bool)
    for cut, rows in changed:
        with explain_refused_changes():
            after = compute_step_outputs(fitted, rows, axis=axis)
        is_changed[:, : cut + 1] |= _compare_outputs(before, after, axis)[:, : cut + 1]
    guilty = np.flatnonzero(is_changed.any(axis=1))
    if len(guilty) == 0:
        reason = f"predictions do not change when later {UNITS[axis]} change."
        return LeakageReport(False, np.array([], dtype=int), None, reason)
    # A leak into a transformer is a leak, even if the predictor does not react to it.
    rows = np.flatnonzero(is_changed[-1] if is_changed[-1].any() else is_changed[guilty[0]])
    if _compare_outputs(before, compute_step_outputs(fitted, X, axis=axis), axis).any():
        reason = RANDOM_OUTPUT
    else:
        reason = _explain_leak(rows, axis, is_predictor=guilty[0] == len(before) - 1)
    return LeakageReport(True, rows, before[guilty[0]].name, reason)


def _compare_outputs(before: list[StepOutput], after: list[StepOutput], axis: int) -> np.ndarray:
    """Return the rows, or steps, in which each output changes, shape (n_outputs, n_positions)."""
    found = []
    for outputs in zip(before, after, strict=True):
        one, two = (each.output for each in outputs)
        if axis == 1:
            one, two = np.moveaxis(np.asarray(one), 1, 0), np.moveaxis(np.asarray(two), 1, 0)
        found.append(find_changes(one, two).any(axis=1))
    return np.array(found)


def _check_outputs_by_step(fitted: Any, X: Any, predicted: np.ndarray) -> None:
    """Refuse predictions that are not one output for each step."""
    model = find_last_step(fitted)
    architecture = getattr(model, "architecture", None)
    n_steps = np.shape(X)[1]
    # Other architectures may have as many outputs as steps, but read all steps before each output.
    if architecture in (None, BY_STEP) and predicted.ndim > 1 and predicted.shape[1] == n_steps:
        return
    found = "" if architecture is None else f" and has architecture={architecture!r}"
    raise ValueError(
        f'axis="steps" expects an output at each of the {n_steps} steps, but '
        f"{type(model).__name__} predicts shape {predicted.shape} for X of shape {np.shape(X)}"
        f'{found}. Use architecture="{BY_STEP}", or axis="rows".'
    )


def _find_own_target(fitted: Any, X: Any, y: Any, cuts: list[int]) -> LeakageReport | None:
    """Return the report of predictions that depend on their own target, None if they do not."""
    targets = find_target_columns(X, y, find_windows(find_pipeline(fitted))) or []
    own = sorted({target.feature for target in targets if target and target.shift == 0})
    is_known = ~find_missing_values(X, own)
    usable = np.array([cut for cut in cuts if is_known[cut + 1]], dtype=int)
    cuts = choose_evenly(usable, N_OWN_TARGETS).tolist()
    if not own or not cuts:
        return None
    before = compute_step_outputs(fitted, X)
    is_changed = np.zeros((len(before), len(X)), dtype=bool)
    # Only target columns are changed. Others, such as a calendar, may be known in advance.
    for cut, rows in _change_later_rows(X, own, cuts):
        with explain_refused_changes():
            after = compute_step_outputs(fitted, rows)
        is_changed[:, cut + 1] |= _compare_outputs(before, after, axis=0)[:, cut + 1]
    if not is_changed[-1].any():
        return None
    steps = [step for _, step in find_steps(fitted)]
    guilty = len(before) - 1
    if len(steps) == len(before):
        reads_own_row = (
            number
            for number, step in enumerate(steps)
            if is_changed[number].any() and any(_reads_own_row(each) for each in find_windows(step))
        )
        guilty = next(reads_own_row, guilty)
    names = getattr(X, "columns", range(np.shape(X)[1]))
    positions = np.flatnonzero(is_changed[-1])
    reason = _explain_own_target(positions, [names[j] for j in own], find_windows(steps[guilty]))
    return LeakageReport(True, positions, before[guilty].name, reason)


def _reads_own_row(window: SlidingWindowTransformer) -> bool:
    """Return whether a window holds values of its own row."""
    return window.horizon == 0 or bool(read_known(window.known))


# Reasons in the report


def _explain_own_target(
    positions: np.ndarray, names: list[Any], windows: list[SlidingWindowTransformer]
) -> str:
    """Return the reason for predictions that depend on their own target."""
    column = f"column {names[0]!r}" if len(names) == 1 else f"columns {names}"
    cure = "Put SlidingWindowTransformer before the model, or shift y to a later row"
    if windows:
        ends_before = all(window.horizon > 0 for window in windows)
        is_known = ends_before and any(read_known(window.known) for window in windows)
        cure = (
            "Leave it out of known" if is_known else "End the window before its row, with horizon=1"
        )
    return (
        f"y is {column} of X, and {len(positions)} predictions, the first at row {positions[0]}, "
        f"change with the value of their own row, so they read their target. {cure}; or leave the "
        "column out."
    )


def _explain_leak(positions: np.ndarray, axis: int, *, is_predictor: bool) -> str:
    """Return the reason for rows, or steps, that depend on later ones."""
    unit = UNITS[axis]
    finding = (
        f"the outputs of {len(positions)} {unit}, the first at position {positions[0]}, change "
        f"when only later {unit} change."
    )
    if axis == 1:
        return (
            f"{finding} A network must not read later steps: set bidirectional=False and "
            "normalize_windows=None."
        )
    if is_predictor:
        return f"{finding} The model must not read rows after the row that it predicts."
    return (
        f"{finding} A step must not read rows after its own (use windows that end at their row), "
        "must keep the order of the rows, and must learn in fit only, never in transform."
    )
