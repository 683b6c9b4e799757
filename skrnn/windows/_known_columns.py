"""Known columns: find the columns of X that the parameter `known` names."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from numbers import Integral
from typing import Any

import numpy as np


def find_known_columns(
    known: Any, names: Sequence[Hashable], n_features: int, keys: Sequence[str]
) -> list[int]:
    """Return the positions of the known columns, in increasing order.

    Parameters
    ----------
    known : list of str, list of int, array or None
        Parameter of `SlidingWindowTransformer`: names of columns, or their positions.
    names : sequence
        Names of the features, empty for an array.
    n_features : int
        Number of features.
    keys : sequence of str
        Keys of `group`, which are no features.

    Raises
    ------
    ValueError
        If `known` is no list of columns of X, names a column twice, or names all columns.
    """
    positions: list[int] = []
    for column in read_known(known):
        position = _find_column(column, names, n_features)
        if position is None:
            raise ValueError(_explain_no_column(column, names, n_features, keys))
        if position in positions:
            raise ValueError(
                f"known={list(known)} names the column {column!r} twice, but different columns are "
                "expected. Give each column once."
            )
        positions.append(position)
    if positions and len(positions) == n_features:
        # These windows would equal windows with horizon=0, but with missing first steps.
        raise ValueError(
            f"known={list(known)} names all {n_features} column(s) of X, but at least one other "
            "column is expected. Leave out the columns whose values are not known before their row "
            "comes. If the values of all columns are known, use horizon=0 and known=None."
        )
    return sorted(positions)


def read_known(known: Any) -> list[Any]:
    """Return the columns that `known` lists, none for None. Refuse anything but a list."""
    if known is None:
        return []
    is_list = isinstance(known, list | tuple) or getattr(known, "ndim", 0) == 1
    columns = list(known) if is_list else []
    if not is_list or any(isinstance(column, bool | np.bool_) for column in columns):
        cure = f"Give known=[{known!r}]." if isinstance(known, str) else "Use None for no column."
        raise ValueError(
            f"known={known!r} must be a list of columns: their names in a DataFrame, or their "
            f"positions, counted from 0. {cure}"
        )
    return columns


def _find_column(column: Any, names: Sequence[Hashable], n_features: int) -> int | None:
    """Return the position of a column, None if there is no such column."""
    if column in names:
        return names.index(column)
    is_text = all(isinstance(name, str) for name in names)
    # If names are numbers, a number is a name, not a position.
    if is_text and isinstance(column, Integral) and 0 <= int(column) < n_features:
        return int(column)
    return None


def _explain_no_column(
    column: Any, names: Sequence[Hashable], n_features: int, keys: Sequence[str]
) -> str:
    """Return why a column is not found, and what to do."""
    given = f"known holds {column!r}"
    if column in keys:
        return (
            f"{given}, which is in group={list(keys)} and so is no feature of X. Leave it out of "
            "known; to use it as a feature too, copy it into a column of another name."
        )
    if isinstance(column, str) and not names:
        return (
            f"{given}, but X is an array, whose {n_features} column(s) have no names. Give a "
            'DataFrame (in a Pipeline, set_output(transform="pandas") keeps the names), or the '
            "position of the column."
        )
    expected = f"one of its columns: {list(names)}" if names else f"0 to {n_features - 1}"
    return f"{given}, which is no column of X. Give {expected}."
