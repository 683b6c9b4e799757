"""Leakage: find what later rows, or the target itself, change in earlier predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import HasMethods, StrOptions, validate_params

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.validation import refuse_column, refuse_several_tables
from skrnn.model_selection._changes import alter, few, missing, moved, splice
from skrnn.model_selection._prepared import check_prepared
from skrnn.model_selection._report import LeakageReport, leak
from skrnn.model_selection._stages import (
    Stage,
    check_rows,
    feature_columns,
    first_rows,
    refused_changes,
    stages_of,
    steps_of,
    unwrap,
    windows_in,
)
from skrnn.model_selection._target_columns import find_target_columns

N_CUTS = 16
# At how many of these places the target of a row is looked for in its own prediction.
N_OWN = 8
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
    """Find out whether anything later changes what is predicted earlier.

    A clone is fitted on the first 70 % of the rows. Then later rows are changed, and what is
    predicted before them is compared. Neither the estimator nor the data are modified.

    Parameters
    ----------
    estimator : estimator
        What is to be checked: a pipeline, a search over one, or any other estimator.
    X : {array-like, DataFrame} of shape (n_samples, n_features) or \
            (n_samples, n_timesteps, n_features)
        Rows in order of time, 10 or more; sequences with `axis="steps"`; with `prepare` the raw
        rows, which may also be an array or a Series of shape (n_rows,). Dates, missing values,
        labels and columns that a `group` names are not changed.
    y : array-like of shape (n_samples, ...) or None
        Targets; None with `prepare`, which makes them.
    prepare : callable, default=None
        Makes `(X, y)` of the raw rows, in order of time; it may drop rows at either end. The raw
        rows are changed before it runs, so its work is checked too. If a `cv`
        within `estimator` has a `gap`, so many rows before the test part are not learned from.
        A pipeline that is cross-validated with a gap is given in a search with that splitter:
        ``GridSearchCV(pipe, {}, cv=TimeSeriesSplit(gap=2))``.
    axis : {"rows", "steps"}, default="rows"
        What is in order of time: rows, or the steps of sequences for which the estimator writes
        an output at every step.

    Returns
    -------
    report : LeakageReport
        True if there is a leak. It says where, and what to do.

    Raises
    ------
    ValueError
        If nothing can be compared: too few rows, predictions that do not have the rows (or
        steps) of X, changed rows that the estimator refuses, targets that do not depend on the
        raw rows, another number of prepared rows when raw ones change, or a panel (a step with a
        `group`) with `prepare`.

    See Also
    --------
    compare_regressors : One table of regressors, with the naive rival among them.
    sklearn.model_selection.TimeSeriesSplit : Splits that leave a `gap`.

    Notes
    -----
    Without `prepare`, row `t` of X is taken as known when row `t` is predicted: that is what X
    is. Only a column that y is, as it stands or scaled, is not known then: predictions must not
    change with its value in their own row. A target that is computed from X in another way is
    checked with `prepare` only. Values grow and shrink after up to 32 rows, or steps, and
    everything is predicted each time.

    With `prepare`, a forecast is made where the target's own column is last read for it. What it
    says must depend on later rows, and what it has learned from must not. Targets that lie `N`
    rows after that place, or reach so far, need a `gap` of `N - 1` rows between what is learned
    and what is tested, also when a window ends `horizon` rows before its row. Other columns may
    be known up to the row that is predicted, a calendar for instance, but no further. All this is
    found by bisection: rows are prepared and predicted some hundred times, but fitted only once.
    Several series in one table have no single order: check one series of a panel at a time.

    Integers are changed to other integers. Those that are names of something should be text or
    categories, which become others that occur.

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
    no leak found: what is predicted does not change when later rows do.

    A scaler that has seen all rows:

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
        return check_prepared(estimator, X, prepare)
    n_rows = len(X)
    n_fitted = int(0.7 * n_rows)
    fitted = clone(estimator).fit(first_rows(X, n_fitted), first_rows(y, n_fitted))
    if axis == "rows":
        # Not before: the first rows are how a window knows the fitted series again.
        columns = feature_columns(fitted, X)
        cuts = _cuts(n_fitted - 1, missing(X, columns))
        report = _compare(fitted, X, _changed_rows(X, columns, cuts), axis=0)
        return report or _find_own_target(fitted, X, y, cuts) or report
    absent = [bool(missing(X, [step]).any()) for step in range(np.shape(X)[1])]
    return _compare(fitted, X, _changed_steps(X, _cuts(0, np.array(absent))), axis=1)


def _check_input(X: Any, y: Any, prepare: Any, axis: str) -> None:
    """Refuse input that cannot be checked."""
    check_rows(X, "changed")
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
            f"y is a {type(y).__name__}, but with prepare, which makes the targets, it must be "
            "None. Call check_leakage(estimator, raw, None, prepare=prepare)."
        )


def _check_shape(shape: tuple[int, ...], axis: str) -> None:
    """Refuse rows without columns, and sequences without steps to compare."""
    if len(shape) < 2 or (axis == "steps" and shape[1] < 2):
        expected = "(n_samples, n_timesteps, ...) with 2 steps or more"
        raise ValueError(
            f"X has shape {shape}, but axis={axis!r} expects "
            f"{expected if axis == 'steps' else '(n_samples, n_features)'}. Reshape it."
        )


def _cuts(first: int, absent: np.ndarray) -> list[int]:
    """Return places after which to change things, from the first to the second last."""
    places = np.linspace(first, len(absent) - 2, N_CUTS).astype(int)
    # What is missing may be filled with what comes directly after it, and only there.
    at_gaps = few(first + np.flatnonzero(absent[first:-1]), N_CUTS)
    return np.union1d(places, at_gaps).tolist()


def _changed_rows(X: Any, columns: list[int], cuts: Iterable[int]) -> Iterator[tuple[int, Any]]:
    """Return rows that are other ones after each cut."""
    # Both ways, for what reacts to one of them only: a minimum, or a threshold.
    for up in (True, False):
        altered = alter(X, columns, up=up)
        for cut in cuts:
            yield cut, splice(X, altered, cut)


def _changed_steps(X: Any, cuts: Iterable[int]) -> Iterator[tuple[int, Any]]:
    """Return sequences that have other steps after each cut."""
    for up in (True, False):
        for cut in cuts:
            yield cut, alter(X, range(cut + 1, np.shape(X)[1]), up=up)


def _compare(fitted: Any, X: Any, changed: Iterable[tuple[int, Any]], axis: int) -> LeakageReport:
    """Compare what comes out before each cut, step by step."""
    before = stages_of(fitted, X, axis=axis)
    if axis == 1:
        _check_outputs_by_step(fitted, X, before[-1].output)
    early = np.zeros((len(before), np.shape(X)[axis]), dtype=bool)
    for cut, rows in changed:
        with refused_changes():
            after = stages_of(fitted, rows, axis=axis)
        early[:, : cut + 1] |= _moved(before, after, axis)[:, : cut + 1]
    guilty = np.flatnonzero(early.any(axis=1))
    if len(guilty) == 0:
        reason = f"what is predicted does not change when later {UNITS[axis]} do."
        return LeakageReport(False, np.array([], dtype=int), None, reason)
    # What leaks into a step leaks, even if the predictor happens not to react to it.
    rows = np.flatnonzero(early[-1] if early[-1].any() else early[guilty[0]])
    if _moved(before, stages_of(fitted, X, axis=axis), axis).any():
        reason = (
            "what comes out for the same rows is another thing each time. Set random_state, or "
            "leave out what draws at random after fit, and check again."
        )
    else:
        reason = _reason(rows, axis, is_predictor=guilty[0] == len(before) - 1)
    return LeakageReport(True, rows, before[guilty[0]].name, reason)


def _moved(before: list[Stage], after: list[Stage], axis: int) -> np.ndarray:
    """Tell at which rows, or steps, each stage moves, shape (n_stages, length of the axis)."""
    found = []
    for outputs in zip(before, after, strict=True):
        one, two = (stage.output for stage in outputs)
        if axis == 1:
            one, two = np.moveaxis(np.asarray(one), 1, 0), np.moveaxis(np.asarray(two), 1, 0)
        found.append(moved(one, two).any(axis=1))
    return np.array(found)


def _check_outputs_by_step(fitted: Any, X: Any, predicted: np.ndarray) -> None:
    """Refuse predictions that are not one output for each step."""
    model = unwrap(fitted)
    model = model.steps[-1][1] if isinstance(model, Pipeline) else model
    architecture = getattr(model, "architecture", None)
    n_steps = np.shape(X)[1]
    # As many outputs as steps may also come from a network that has read all steps before.
    if architecture in (None, BY_STEP) and predicted.ndim > 1 and predicted.shape[1] == n_steps:
        return
    found = "" if architecture is None else f" and has architecture={architecture!r}"
    raise ValueError(
        f'axis="steps" needs an output at each of the {n_steps} steps, but {type(model).__name__} '
        f"predicts shape {predicted.shape} for X of shape {np.shape(X)}{found}. Use "
        f'architecture="{BY_STEP}", or axis="rows".'
    )


def _find_own_target(fitted: Any, X: Any, y: Any, cuts: list[int]) -> LeakageReport | None:
    """Return that predictions depend on their own targets, if y is a column of X and they do."""
    targets = find_target_columns(X, y, windows_in(unwrap(fitted))) or []
    own = sorted({target.feature for target in targets if target and target.shift == 0})
    present = ~missing(X, own)
    cuts = few(np.array([cut for cut in cuts if present[cut + 1]], dtype=int), N_OWN).tolist()
    before = stages_of(fitted, X) if own and cuts else []
    moves = np.zeros((len(before), len(X)), dtype=bool)
    # Only these columns: others, such as a calendar, may be known up to the row itself.
    for cut, rows in _changed_rows(X, own, cuts) if before else ():
        with refused_changes():
            after = stages_of(fitted, rows)
        moves[:, cut + 1] |= _moved(before, after, axis=0)[:, cut + 1]
    if not before or not moves[-1].any():
        return None
    steps = [step for _, step in steps_of(fitted)]
    guilty = len(before) - 1
    if len(steps) == len(before):
        of_own_row = (
            number
            for number, step in enumerate(steps)
            if moves[number].any() and any(each.horizon == 0 for each in windows_in(step))
        )
        guilty = next(of_own_row, guilty)
    names = getattr(X, "columns", range(np.shape(X)[1]))
    reason = _reason_own(moves[-1], [names[j] for j in own], any(windows_in(steps[guilty])))
    return leak(np.flatnonzero(moves[-1]), before[guilty].name, reason)


def _reason_own(moves: np.ndarray, names: list[Any], has_window: bool) -> str:
    """Return what to say of predictions that depend on their own targets."""
    rows = np.flatnonzero(moves)
    column = f"column {names[0]!r}" if len(names) == 1 else f"columns {names}"
    cure = (
        "End the window before its row: horizon=1"
        if has_window
        else "Put SlidingWindowTransformer before the model, or shift y to a later row"
    )
    return (
        f"y is {column} of X, and {len(rows)} predictions, the first at row {rows[0]}, change with "
        f"the value of their own row: they read what they predict. {cure}; or leave the column out."
    )


def _reason(places: np.ndarray, axis: int, *, is_predictor: bool) -> str:
    """Return what to say of rows, or steps, that know of later ones."""
    unit = UNITS[axis]
    what = (
        f"{len(places)} {unit}, the first at position {places[0]}, come out otherwise when only "
        f"later {unit} change."
    )
    if axis == 1:
        return f"{what} Let it read the steps in their order only: bidirectional=False."
    if is_predictor:
        return f"{what} Let it read no row after the one that it predicts."
    return (
        f"{what} Let it read no row after its own (windows that end at their row), keep the order "
        "of the rows, and learn in fit only, never in transform."
    )
