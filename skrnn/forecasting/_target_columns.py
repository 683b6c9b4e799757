"""Target columns: which columns of X the outputs of a fitted estimator are.

What is predicted is read as a value of the next row. That is right only if the steps before the
window make of it what the window was fitted with, which is tried with two values.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skrnn.forecasting._future_rows import Past
from skrnn.forecasting._window_paths import WindowPath

# Rows before those that are tried: a step that looks back may need some.
_N_BEFORE = 64
# Differences of so many roundings are none.
_ROUNDINGS = 1e4


class TargetColumns(NamedTuple):
    """The columns of X that the outputs are.

    Attributes
    ----------
    layout : str or None
        "steps": the outputs are the steps of one column that follow. "columns": they are columns
        of one row. None for a single output, or if that cannot be told.
    columns : list
        The column of each output, of steps only the first; empty if there is none.
    is_refuted : bool
        Whether it is known that outputs are no columns of X, and must not be read as such.
    reason : str
        Why outputs are no columns of X, or why that cannot be told.
    shown : list or None
        Those of several columns that the user wants, None for all.
    """

    layout: str | None
    columns: list[Any]
    is_refuted: bool
    reason: str
    shown: list[Any] | None = None


def find_target_columns(
    paths: list[WindowPath], past: Past, target: Any, architecture: str | None
) -> TargetColumns:
    """Find the columns of X that the outputs of a fitted estimator are.

    Parameters
    ----------
    paths : list of WindowPath
        The windows within the estimator.
    past : Past
        The rows before those that are predicted.
    target : object
        The user's word: a column, a list of columns, or None.
    architecture : str or None
        That of the network, if one predicts. Of a network with an output at each step the last one
        is the row itself; the outputs of a decoder are steps.

    Raises
    ------
    ValueError
        If outputs lie in later rows than their own or in a window, or `target` is no column of X
        or another one than was found.
    """
    chosen = _read_target(target, past)
    path, found, doubts = _find_outputs(paths, architecture == "sequence_to_sequence")
    is_decoder = architecture == "encoder_decoder"
    if path is None or None in found:
        unclear = not found or any(is_unclear for is_unclear, _ in doubts)
        is_refuted = bool(paths) and not unclear and all(each.is_direct for each in paths)
        believed = _believe(chosen, is_refuted=is_refuted, reason=_why_not(paths, unclear))
        if is_decoder or (len(found) > 1 and len(chosen) == 1 and not is_refuted):
            return believed._replace(layout="steps")
        if len(found) > 1 and believed.layout is None:
            refuse_unknown_layout(len(found), believed)
        return believed
    layout = _find_layout(found, path)
    # The steps of a column are one column.
    places = found[:1] if layout == "steps" else found
    columns = [_find_column(path, output, place, past) for output, place in enumerate(places)]
    if None in columns:
        feature, _, a, b = places[columns.index(None)]
        reason = (
            f"y is {a:.6g} times the column {past.feature_columns[feature]!r} of X "
            f"{'-' if b < 0 else '+'} {abs(b):.6g}"
            if path.is_direct
            else "y was found among the columns that reach the window, but the steps before it do "
            "not make these of the values that are predicted"
        )
        return TargetColumns(layout, [], True, reason)
    if _NO_ANSWER in columns:
        reason = "the steps before the window do not tell what they make of a predicted value"
        return _believe(chosen, is_refuted=False, reason=reason)._replace(layout=layout)
    if not set(chosen) <= set(columns) or (layout == "steps" and len(chosen) > 1):
        fitted = columns if layout == "columns" else repr(columns[0])
        raise ValueError(
            f"target={target!r}, but the estimator was fitted on a y that is {fitted} in X. Leave "
            "target out, or fit on the other column."
        )
    return TargetColumns(layout, columns, False, "", chosen or None)


def refuse_unknown_layout(n_outputs: int, targets: TargetColumns) -> None:
    """Refuse several outputs that may be steps of one column or several columns."""
    cure = (
        "predict returns all outputs."
        if targets.is_refuted
        else "Give the column as target, or a list of columns, one for each output."
    )
    raise ValueError(
        f"The model has {n_outputs} outputs, and nothing tells whether they are the next steps of "
        f"one column or several columns: {targets.reason}. {cure}"
    )


def check_rows_before_the_window(paths: list[WindowPath], past: Past) -> None:
    """Refuse to go on from the fitted rows where a step before the window reads earlier rows.

    The window remembers its rows as they are behind those steps, and nothing remembers them before.
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
                    is_equal = _equal(_last(one), _last(other))
                except (TypeError, ValueError, KeyError):
                    # It takes no such values, and so cannot be tried.
                    break
                if not is_equal:
                    raise ValueError(
                        f"The step {name!r} before the window reads earlier rows, and nothing "
                        "remembers these: the window keeps its own rows only, as they are behind "
                        "that step. Give the rows before those that are predicted as X."
                    )


_NO_ANSWER = object()


def _read_target(target: Any, past: Past) -> list[Any]:
    """Return the columns that the user has named."""
    if target is None:
        return []
    columns = past.feature_columns
    named = target if isinstance(target, list) else [target]
    for name in named:
        try:
            # By its hash: an array would be compared value by value.
            is_column = name in set(columns)
        except TypeError:
            is_column = False
        if not is_column:
            raise ValueError(f"target={target!r} is not a column of X, which has {columns}.")
    return named


def _find_outputs(
    paths: list[WindowPath], is_last_only: bool
) -> tuple[WindowPath | None, list[Any], list[Any]]:
    """Return the window that most outputs were found in, what was found, and the doubts."""
    best: tuple[WindowPath | None, list[Any], list[Any]] = (None, [], [])
    for path in paths:
        found = path.window.targets_
        if found is None:
            continue
        doubts = path.window._doubts or [(True, None)] * len(found)
        if is_last_only:
            found, doubts = found[-1:], doubts[-1:]
        found = _fill_equal(_complete(found, doubts), doubts)
        n_found = sum(each is not None for each in found)
        if best[0] is None or n_found > sum(each is not None for each in best[1]):
            best = path, found, doubts
    return best


def _complete(found: list[Any], doubts: list[Any]) -> list[Any]:
    """Fill outputs that could not be compared, if the others are the steps of one column."""
    known = [(number, each) for number, each in enumerate(found) if each is not None]
    steps = {(each[0], each[1] - number) for number, each in known}
    if len(found) < 2 or len(steps) != 1:
        return list(found)
    feature, base = next(iter(steps))
    scale = known[0][1][2:]
    return [
        (feature, base + number, *scale) if each is None and doubts[number][0] else each
        for number, each in enumerate(found)
    ]


def _fill_equal(found: list[Any], doubts: list[Any]) -> list[Any]:
    """Fill outputs that are constants with the columns that equal them, if these are several."""
    filled = [
        (doubts[number][1], 0, 1.0, 0.0) if each is None and doubts[number][1] is not None else each
        for number, each in enumerate(found)
    ]
    features = {each[0] for each in filled if each is not None}
    return filled if len(features) == len(filled) else found


def _find_layout(found: list[Any], path: WindowPath) -> str | None:
    """Return whether outputs are steps or columns; refuse those that are neither."""
    shifts = [shift for _, shift, *_ in found]
    horizon = path.window.horizon
    is_one_column = len({feature for feature, *_ in found}) == 1
    first = shifts[0]
    in_order = shifts == list(range(first, first + len(shifts)))
    if first > 0 and is_one_column and in_order:
        rows = "row" if first == 1 else "rows"
        raise ValueError(
            f"y lies {first} {rows} after its own row of X, so a forecast would stand at the wrong "
            f"rows. Use SlidingWindowTransformer(horizon={horizon + first}) and the y of each row "
            "itself, without the shift."
        )
    if horizon == 0 and not any(shifts):
        raise ValueError(
            "SlidingWindowTransformer(horizon=0) puts each row into its own window, and y is a "
            "column of X: a forecast would have to know what it predicts. Use horizon=1."
        )
    if len(found) == 1:
        return None
    if is_one_column and in_order:
        return "steps"
    if not any(shifts):
        return "columns"
    described = [f"column {feature} {shift} row(s) later" for feature, shift, *_ in found]
    raise ValueError(
        f"The outputs are {', '.join(described)}. forecast takes the next rows of one column, or "
        "several columns of one row. predict returns all outputs."
    )


def _believe(chosen: list[Any], *, is_refuted: bool, reason: str) -> TargetColumns:
    """Return what the user says, where nothing was found."""
    if is_refuted:
        return TargetColumns(None, [], True, reason)
    return TargetColumns("columns" if len(chosen) > 1 else None, chosen, False, reason)


def _why_not(paths: list[WindowPath], is_unclear: bool) -> str:
    """Return why y was not found among the columns."""
    if not paths:
        return "the window is within an estimator that fits several copies of it"
    if any(path.window.targets_ is None for path in paths):
        return "the window was fitted without y, or y had no numbers of one or two dimensions"
    if is_unclear:
        return "y is a constant, or there were too few rows to compare it with the columns of X"
    if all(path.is_direct for path in paths):
        return "y is no column of X, but a difference, a logarithm or another quantity"
    return (
        "y is none of the columns that the steps before the window make of X, or there are too few "
        "different values to tell"
    )


def _find_column(path: WindowPath, output: int, place: Any, past: Past) -> Any:
    """Return the column of X that an output is; None if there is none, or that there is no answer.

    The steps before the window must make of a value what the window was fitted with.
    """
    feature, _, a, b = place
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
        return _NO_ANSWER
    if not (np.isfinite(values).all() and np.isfinite(expected).all()):
        return _NO_ANSWER
    rows = past.probe_rows(_N_BEFORE + 1)
    is_only = len(past.feature_columns) == 1
    answer: Any = _NO_ANSWER
    for column in past.feature_columns:
        try:
            with np.errstate(all="ignore"):
                read = [
                    _last(path.read(past.as_given(past.with_values(rows, column, value))), window)
                    for value in values
                ]
            made = np.array([row[feature] for row in read], dtype=np.float64)
        except (TypeError, ValueError, KeyError, IndexError):
            continue
        if not np.isfinite(made).all():
            # Of several columns another one may be the reason.
            answer = None if is_only else answer
        elif made[0] != made[1]:
            level = np.abs(expected).max() + a * np.abs(made).max() + abs(b)
            # Targets may be of single precision where X is not.
            eps = np.finfo(window.fill_values_.dtype).eps
            tolerance = max(_ROUNDINGS * eps, 100 * np.finfo(np.float32).eps) * level
            if np.abs(a * made + b - expected).max() <= tolerance:
                return column
            answer = None
    return answer


def _last(rows: Any, window: Any = None) -> np.ndarray:
    """Return the last row as an array, without the columns that name its series to a window."""
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    if window is not None and hasattr(rows, "columns") and window._group_columns:
        keys = window._group_columns
        rows = rows.drop(columns=keys) if isinstance(rows, pd.DataFrame) else rows.drop(*keys)
    return np.asarray(rows[-1:])[-1]


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two rows are equal; what is missing equals what is missing."""
    same: Any = (one == other) | (pd.isna(one) & pd.isna(other))
    return bool(np.all(same))
