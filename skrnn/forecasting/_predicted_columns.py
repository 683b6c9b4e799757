"""Predicted columns: find the column of X that each output of a fitted estimator is.

A recursive forecast reads predictions as values of this column. This is right only if the steps
before the window map a prediction to the target that the window was fitted with. Two values test
this.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skrnn.forecasting._future_rows import are_equal
from skrnn.forecasting._past import Past
from skrnn.forecasting._window_paths import WindowPath
from skrnn.windows._targets import Target, find_step_between

# Number of rows before a test row, for steps that read earlier rows.
_N_BEFORE = 64
# Values are equal up to this many rounding errors, but at most this share of the distance between
# the two test values.
_N_ROUNDINGS = 1e4
_MAX_OFFSET = 0.02


class PredictedColumns(NamedTuple):
    """Target columns of the outputs, or the reason why they are not known.

    Attributes
    ----------
    layout : str or None
        "steps" if the outputs are the next steps of one column, "columns" if they are several
        columns of one row. None for a single output, or if the layout is not known.
    columns : list
        The target column of each output, or the only column of the layout "steps". Empty if no
        column is known.
    is_refuted : bool
        Whether the outputs are certainly not columns of X, and must not be read as their values.
    reason : str
        Why the outputs are not columns of X, or why their columns are not known.
    shown : list or None
        The columns that the user asked for, None for all columns.
    """

    layout: str | None
    columns: list[Any]
    is_refuted: bool
    reason: str
    shown: list[Any] | None = None


def find_predicted_columns(
    paths: list[WindowPath], past: Past, target: Any, architecture: str | None
) -> PredictedColumns:
    """Find the column of X that each output of a fitted estimator is.

    Parameters
    ----------
    paths : list of WindowPath
        The windows in the estimator.
    past : Past
        The known rows.
    target : object
        The `target` of `forecast`: a column, a list of columns, or None.
    architecture : str or None
        The architecture of the network, None without a network. The last output of
        "sequence_to_sequence" belongs to the row itself. The outputs of "encoder_decoder" are
        steps.

    Raises
    ------
    ValueError
        If the outputs are taken from later rows than their own or from their own window. If
        `target` is not a column of X, or differs from the column that was found.
    """
    named = _read_target(target, past)
    path, found, doubts = _find_outputs(paths, architecture == "sequence_to_sequence")
    is_decoder = architecture == "encoder_decoder"
    if path is None or None in found:
        unclear = not found or any(is_unclear for is_unclear, _ in doubts)
        is_refuted = bool(paths) and not unclear and all(each.is_direct for each in paths)
        reason = _explain_unknown_target(paths, unclear)
        targets = _take_named_columns(named, is_refuted=is_refuted, reason=reason)
        if is_decoder or (len(found) > 1 and len(named) == 1 and not is_refuted):
            return targets._replace(layout="steps")
        if len(found) > 1 and targets.layout is None:
            refuse_unknown_layout(len(found), targets)
        return targets
    layout = _find_layout(found, path)
    # All steps have the same column, so the first one is enough.
    distinct = found[:1] if layout == "steps" else found
    columns = [_find_column(path, output, each, past) for output, each in enumerate(distinct)]
    if None in columns:
        feature, _, a, b = distinct[columns.index(None)]
        reason = (
            f"y is {a:.6g} times the column {past.feature_columns[feature]!r} of X "
            f"{'-' if b < 0 else '+'} {abs(b):.6g}"
            if path.is_direct
            else "y equals a column that the window reads, but the steps before the window do not "
            "map a prediction to a value of this column"
        )
        return PredictedColumns(layout, [], True, reason)
    if _NOT_TESTABLE in columns:
        reason = "the steps before the window refuse the values that forecast tests them with"
        targets = _take_named_columns(named, is_refuted=False, reason=reason)
        return targets._replace(layout=layout)
    if not set(named) <= set(columns) or (layout == "steps" and len(named) > 1):
        fitted = f"the columns {columns}" if layout == "columns" else f"the column {columns[0]!r}"
        raise ValueError(
            f"target={target!r}, but the estimator was fitted on a y that is {fitted} of X. Use "
            "target=None, or fit on the column that you want to predict."
        )
    return PredictedColumns(layout, columns, False, "", named or None)


def refuse_unknown_layout(n_outputs: int, targets: PredictedColumns) -> None:
    """Refuse several outputs that may be steps of one column or several columns."""
    cure = (
        "predict returns all outputs."
        if targets.is_refuted
        else "Give the column as target, or a list of columns, one for each output."
    )
    raise ValueError(
        f"The model has {n_outputs} outputs, but it is not known whether they are the next steps "
        f"of one column or several columns: {targets.reason}. {cure}"
    )


def check_rows_before_the_window(paths: list[WindowPath], past: Past) -> None:
    """Refuse to continue the fitted rows if a step before the window reads earlier rows.

    The window remembers the output of these steps, but their input is not remembered.
    """
    rows = past.probe_rows(_N_BEFORE + 1)
    for path in paths:
        for column in past.feature_columns if path.steps else ():
            one, other = (
                past.as_given(past.with_values(rows, column, np.append(earlier, 1.5)))
                for earlier in (np.linspace(1, 2, _N_BEFORE), np.linspace(3, 1, _N_BEFORE))
            )
            for name, step in path.steps:
                try:
                    one, other = step(one), step(other)
                    is_equal = are_equal(_last_row(one), _last_row(other))
                except (TypeError, ValueError, KeyError):
                    # The step refuses these values, so it cannot be tested.
                    break
                if not is_equal:
                    raise ValueError(
                        f"The step {name!r} before the window reads earlier rows, but the window "
                        "remembers only the output of this step. Give the last known rows as X."
                    )


# Result for an output whose target column cannot be tested.
_NOT_TESTABLE = object()


def _read_target(target: Any, past: Past) -> list[Any]:
    """Return the columns that the user named, none for `target=None`."""
    if target is None:
        return []
    columns = past.feature_columns
    named = target if isinstance(target, list) else [target]
    for name in named:
        try:
            # A set raises TypeError for an array, where a list would compare its values.
            is_column = name in set(columns)
        except TypeError:
            is_column = False
        if not is_column:
            raise ValueError(
                f"target={target!r} is not a column of X. Give one of its columns: {columns}."
            )
    return named


def _find_outputs(
    paths: list[WindowPath], is_last_only: bool
) -> tuple[WindowPath | None, list[Any], list[Any]]:
    """Return the path of the window that found most target columns, its `targets_` and doubts."""
    best: tuple[WindowPath | None, list[Any], list[Any]] = (None, [], [])
    for path in paths:
        found = path.window.targets_
        if found is None:
            continue
        doubts = path.window._doubts or [(True, None)] * len(found)
        if is_last_only:
            found, doubts = found[-1:], doubts[-1:]
        found = _fill_constants(_fill_steps(found, doubts), doubts)
        n_found = sum(each is not None for each in found)
        if best[0] is None or n_found > sum(each is not None for each in best[1]):
            best = path, found, doubts
    return best


def _fill_steps(found: list[Any], doubts: list[Any]) -> list[Any]:
    """If all other outputs are steps of one column, fill in those that could not be compared."""
    targets = [None if each is None else Target(*each) for each in found]
    return [
        find_step_between(targets, output) if each is None and doubts[output][0] else each
        for output, each in enumerate(targets)
    ]


def _fill_constants(found: list[Any], doubts: list[Any]) -> list[Any]:
    """Fill in columns for constant outputs, but only if each output then has its own column."""
    filled = [
        (doubts[number][1], 0, 1.0, 0.0) if each is None and doubts[number][1] is not None else each
        for number, each in enumerate(found)
    ]
    features = {each[0] for each in filled if each is not None}
    return filled if len(features) == len(filled) else found


def _find_layout(found: list[Any], path: WindowPath) -> str | None:
    """Return whether outputs are steps or columns; refuse any other layout."""
    shifts = [shift for _, shift, *_ in found]
    horizon = path.window.horizon
    known = [feature for feature, shift, *_ in found if not shift and feature in path.window._known]
    if known:
        names = getattr(path.window, "feature_names_in_", None)
        name = known[0] if names is None else str(names[known[0]])
        raise ValueError(
            f"y is the column {name!r} of X, which is known in the window, so the window of a row "
            "holds y itself, and a forecast would have to know what it predicts. Leave the column "
            "out of known, or predict a column that is not known beforehand."
        )
    is_one_column = len({feature for feature, *_ in found}) == 1
    first = shifts[0]
    in_order = shifts == list(range(first, first + len(shifts)))
    if first > 0 and is_one_column and in_order:
        rows = "row" if first == 1 else "rows"
        raise ValueError(
            f"y is taken from {first} {rows} after its own row of X, so a forecast would have the "
            f"wrong row labels. Use SlidingWindowTransformer(horizon={horizon + first}) and a y "
            "that is not shifted."
        )
    if horizon == 0 and not any(shifts):
        raise ValueError(
            "SlidingWindowTransformer(horizon=0) puts each row into its own window, and y is a "
            "column of X, so a forecast would have to know what it predicts. Use horizon=1."
        )
    if len(found) == 1:
        return None
    if is_one_column and in_order:
        return "steps"
    if not any(shifts):
        return "columns"
    described = [f"column {feature} {shift} row(s) later" for feature, shift, *_ in found]
    raise ValueError(
        f"The outputs are {', '.join(described)}. forecast takes outputs that are the next rows of "
        "one column, or several columns of one row. Use predict, which returns all outputs."
    )


def _take_named_columns(named: list[Any], *, is_refuted: bool, reason: str) -> PredictedColumns:
    """Return the columns that the user named, or no columns if these are refuted."""
    if is_refuted:
        return PredictedColumns(None, [], True, reason)
    return PredictedColumns("columns" if len(named) > 1 else None, named, False, reason)


def _explain_unknown_target(paths: list[WindowPath], is_unclear: bool) -> str:
    """Return why the target column of y was not found."""
    if not paths:
        return "the window is within an estimator that fits several copies of it"
    if any(path.window.targets_ is None for path in paths):
        return "the window was fitted without y, or y had no numbers of one or two dimensions"
    if is_unclear:
        return "y is constant, or too few rows could be compared with the columns of X"
    if all(path.is_direct for path in paths):
        return "y is not a column of X, but a difference, a logarithm or another quantity"
    return "y is not among the columns that reach the window, or has too few different values"


def _find_column(path: WindowPath, output: int, target: Any, past: Past) -> Any:
    """Return the column of X that an output is, None without one, or `_NOT_TESTABLE`.

    Two values are put into each column. The steps before the window must map them to the same
    numbers as the transformers of targets do.
    """
    feature, _, a, b = target
    window = path.window
    remembered = [start["context"][:, feature] for _, start in window._starts]
    seen = np.concatenate([*remembered, window.fill_values_[feature : feature + 1], [1.0]])
    seen = seen[np.isfinite(seen)].astype(np.float64)
    spread = np.ptp(seen[:-1]) if len(seen) > 1 else 0.0
    other = seen[0] + (spread if spread > 0 else max(1.0, abs(seen[0])))
    try:
        values = path.unscale(a * np.array([seen[0], other]) + b, output)
        expected = path.scale(values, output)
    except (TypeError, ValueError, IndexError):
        return _NOT_TESTABLE
    if not (np.isfinite(values).all() and np.isfinite(expected).all()):
        return _NOT_TESTABLE
    rows = past.probe_rows(_N_BEFORE + 1)
    is_only = len(past.feature_columns) == 1
    answer: Any = _NOT_TESTABLE
    for column in past.feature_columns:
        try:
            with np.errstate(all="ignore"):
                inputs = [past.as_given(past.with_values(rows, column, value)) for value in values]
                prepared = [_last_row(path.prepare(each), window)[feature] for each in inputs]
            actual = np.array(prepared, dtype=np.float64)
        except (TypeError, ValueError, KeyError, IndexError, OverflowError):
            continue
        if actual.shape != (2,):
            # A cell of tuples, which the model refuses.
            continue
        if not np.isfinite(actual).all():
            # With several columns, NaN in another column may be the cause.
            answer = None if is_only else answer
        elif actual[0] != actual[1]:
            level = np.abs(expected).max() + a * np.abs(actual).max() + abs(b)
            # y may have single precision although X has double precision.
            eps = np.finfo(window.fill_values_.dtype).eps
            tolerance = max(_N_ROUNDINGS * eps, 100 * np.finfo(np.float32).eps) * level
            # On a high level, rounding must not hide a constant that was added to the column.
            tolerance = min(tolerance, _MAX_OFFSET * abs(expected[1] - expected[0]))
            if np.abs(a * actual + b - expected).max() <= tolerance:
                return column
            answer = None
    return answer


def _last_row(rows: Any, window: Any = None) -> np.ndarray:
    """Return the last row as an array, without the key columns of a window."""
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    if window is not None and hasattr(rows, "columns") and window._group_columns:
        keys = window._group_columns
        rows = rows.drop(columns=keys) if isinstance(rows, pd.DataFrame) else rows.drop(*keys)
    # pandas before 3 takes numbers in brackets for labels of rows, if these are fractions.
    last = rows.iloc[-1:] if hasattr(rows, "iloc") else rows[-1:]
    return np.asarray(last)[-1]
