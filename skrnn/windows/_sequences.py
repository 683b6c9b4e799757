"""Sequences of unequal length in one array, padded with NaN."""

from __future__ import annotations

import contextlib
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from skrnn._utils.validation import check_container

Array = npt.NDArray[Any]

_N_NAMED = 10
_SHAPES = "(n_timesteps,) or (n_timesteps, n_features)"
# NumPy would convert the first two from their digits, and the others to nanoseconds.
_NOT_NUMBERS = (str, bytes, np.datetime64, np.timedelta64)


def stack_sequences(sequences: Iterable[Any] | Mapping[Any, Any]) -> np.ndarray:
    """Put sequences of unequal length into one array, padded with NaN at the end.

    Recurrent estimators pass over steps that are NaN in all features. So the padding has no effect
    on them.

    Parameters
    ----------
    sequences : iterable of array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        One array, list, DataFrame or Series for each sample, oldest step first. Sequences may
        differ in `n_timesteps`, but not in `n_features`. A 1-D sequence has one feature. NaN
        values are kept. A sequence without steps, such as `[]`, becomes a row of NaN. A DataFrame
        must have rows.

        Columns of DataFrames are matched by their names. Features have the order of the first
        DataFrame. Arrays and lists have no names, so their features must have this order.

        If `sequences` is a dict, its values are the sequences.

    Returns
    -------
    X : ndarray of shape (n_samples, n_timesteps, n_features)
        The sequences in their order, in a new array. `n_timesteps` is that of the longest sequence.
        The type is float32 if all sequences with steps are float32, else float64.

    Raises
    ------
    ValueError
        If there is no sequence, or no sequence has a step. If sequences differ in their number of
        features. If a sequence has no features, values that are not numbers, or other than 1 or 2
        dimensions. If a DataFrame has other columns than the first one, or no rows. If `sequences`
        is a table, text or not iterable.
    TypeError
        If a sequence is a LazyFrame of polars, which has no values yet.

    See Also
    --------
    SlidingWindowTransformer : Makes windows of equal length from the rows of a series.

    Examples
    --------
    >>> from skrnn import stack_sequences
    >>> X = stack_sequences([[1.0, 2.0, 3.0], [4.0]])
    >>> X.shape
    (2, 3, 1)
    >>> X[:, :, 0]
    array([[ 1.,  2.,  3.],
           [ 4., nan, nan]])

    Columns are matched by their names:

    >>> import pandas as pd
    >>> first = pd.DataFrame({"pulse": [60.0, 61.0], "pressure": [120.0, 121.0]})
    >>> second = pd.DataFrame({"pressure": [119.0], "pulse": [70.0]})
    >>> stack_sequences({"ann": first, "bob": second})[:, :, 0]
    array([[60., 61.],
           [70., nan]])
    """
    named = _list_sequences(sequences)
    arrays = [_read_sequence(sequence, name) for name, sequence in _order_columns(named)]
    if not arrays:
        raise ValueError(
            "sequences is empty, but each sequence makes one row of X. Give at least one, of shape "
            f"{_SHAPES}."
        )
    lengths = [len(array) for array in arrays]
    if not any(lengths):
        raise ValueError(
            f"None of the {len(arrays)} sequence(s) has a step, but at least one must have steps. "
            "Leave out empty sequences."
        )
    n_features = _check_n_features(arrays, [name for name, _ in named])
    dtypes = {array.dtype for array in arrays if len(array)}
    X = np.full((len(arrays), max(lengths), n_features), np.nan, np.result_type(*dtypes))
    for row, array in zip(X, arrays, strict=True):
        if len(array):
            row[: len(array)] = array
    return X


def _list_sequences(sequences: Any) -> list[tuple[str, Any]]:
    """Return a list of all sequences, each with its name in error messages."""
    if isinstance(sequences, Mapping):
        return [(f"sequences[{key!r}]", sequence) for key, sequence in sequences.items()]
    # Iteration over a DataFrame would give its columns, and over text its letters.
    if hasattr(type(sequences), "columns"):
        check_container(sequences, "sequences", numbers=False)
        raise ValueError(
            f"sequences is one {type(sequences).__name__}; expected a list with one for each "
            f"sequence. Give [frame] for a single sequence{_advise_parts(sequences)}."
        )
    is_listed = isinstance(sequences, list | tuple | pd.Series | np.ndarray)
    if (is_listed or hasattr(sequences, "to_frame")) and _is_one_sequence(sequences):
        raise ValueError(
            f"sequences is a {type(sequences).__name__} of {len(sequences)} numbers, which is one "
            "sequence; expected a list with one for each sample. Put it into a list: "
            "stack_sequences([sequence])."
        )
    iterator = None
    if not isinstance(sequences, str | bytes):
        with contextlib.suppress(TypeError):
            iterator = iter(sequences)
    if iterator is None:
        raise ValueError(
            f"sequences={reprlib.repr(sequences)} is not a list of sequences. Give a list with "
            f"one array of shape {_SHAPES} for each."
        )
    return [(f"sequences[{i}]", sequence) for i, sequence in enumerate(iterator)]


def _is_one_sequence(values: Any) -> bool:
    """Return whether a list, an array or a Series holds only numbers, and no sequences."""
    if getattr(values, "ndim", 1) != 1 or len(values) == 0:
        return False
    return all(isinstance(value, Real) for value in values)


def _advise_parts(frame: Any) -> str:
    """Return the part of a message that splits a frame by a column."""
    if isinstance(frame, pd.DataFrame):
        parts = '[part[columns] for _, part in frame.groupby("id")]'
    elif hasattr(frame, "partition_by"):
        # polars
        parts = '[part[columns] for part in frame.partition_by("id", maintain_order=True)]'
    else:
        return ""
    return f", or {parts} if a column names the sequences, where columns are the features"


def _order_columns(named: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield all sequences, with the columns of DataFrames in the order of the first DataFrame."""
    first_name = ""
    order: list[Any] = []
    for name, sequence in named:
        check_container(sequence, name, numbers=False)
        if not hasattr(sequence, "columns"):
            yield name, sequence
            continue
        columns = list(sequence.columns)
        if len(sequence) == 0:
            held = f", with the columns {_enumerate(columns)}" if columns else " and columns"
            raise ValueError(
                f"{name} is a DataFrame without rows{held}, but each must have rows. "
                "Leave it out, with its target, or give a row of NaN as a missing step."
            )
        if not order:
            first_name, order = name, columns
        if columns != order:
            _check_columns(columns, name, order, first_name)
            sequence = sequence[order]
        yield name, sequence


def _check_columns(columns: list[Any], name: str, order: list[Any], first_name: str) -> None:
    """Refuse a DataFrame that has other columns than the first one, or columns of one name."""
    if set(columns) != set(order):
        missing = [column for column in order if column not in columns]
        others = [column for column in columns if column not in order]
        differences = [f"lacks {_enumerate(missing)}"] * bool(missing)
        differences += [f"has {_enumerate(others)} in addition"] * bool(others)
        raise ValueError(
            f"{name} has the columns {_enumerate(columns)}, but {first_name} has "
            f"{_enumerate(order)}: it {' and '.join(differences)}. All DataFrames must have the "
            "same columns: rename or select them."
        )
    if len(set(columns)) < len(columns) or len(columns) != len(order):
        raise ValueError(
            f"{name} has the columns {_enumerate(columns)}, and {first_name} has "
            f"{_enumerate(order)}. Columns are matched by name, but several have the same name. "
            "Rename them."
        )


def _enumerate(columns: list[Any]) -> str:
    """Return the names of columns in a message: the first ten, if there are more."""
    more = ", ..." if len(columns) > _N_NAMED else ""
    return ", ".join(map(repr, columns[:_N_NAMED])) + more


def _read_sequence(sequence: Any, name: str) -> Array:
    """Return a sequence as floats of shape (n_timesteps, n_features)."""
    if isinstance(sequence, tuple) and any(hasattr(part, "columns") for part in sequence):
        raise ValueError(
            f"{name} is a tuple with a DataFrame in it, as groupby gives it; expected only the "
            "DataFrame. Give [part for _, part in pairs]."
        )
    try:
        array = np.asarray(sequence)
    except ValueError as error:
        raise ValueError(
            f"{name} is not an array: its steps differ in length. Give each sequence in shape "
            f"{_SHAPES}, with the same features at each step."
        ) from error
    if array.dtype.kind == "O" and hasattr(sequence, "isna"):
        # Missing values of nullable columns of pandas are NA, which is no float.
        array = np.where(sequence.isna(), np.nan, array)
    if array.ndim == 0:
        raise ValueError(
            f"{name} is {reprlib.repr(sequence)}, which is not a sequence of shape {_SHAPES}. Put "
            "a single sequence into a list: stack_sequences([sequence])."
        )
    if array.ndim > 2:
        raise ValueError(
            f"{name} of shape {array.shape} has {array.ndim} dimensions; expected {_SHAPES}. Put "
            "all values of a step into one axis: array.reshape(len(array), -1)."
        )
    floats = as_floats(array)
    if floats is None:
        raise ValueError(
            f"{name} holds values of type {array.dtype} that are not numbers"
            f"{_locate_columns(sequence, array)}. Encode text, turn dates into numbers or leave "
            "them out, and use NaN for missing values."
        )
    if array.ndim == 2 and array.shape[1] == 0:
        raise ValueError(
            f"{name} of shape {array.shape} has no features; expected at least 1. Use NaN for "
            "missing steps."
        )
    return floats.reshape(-1, 1) if array.ndim == 1 else floats


def _locate_columns(sequence: Any, array: Array) -> str:
    """Return the part of a message that names the columns that are not numbers."""
    columns = list(getattr(sequence, "columns", ()))
    if array.ndim != 2 or len(columns) != array.shape[1]:
        return ""
    others = [name for i, name in enumerate(columns) if as_floats(array[:, i]) is None]
    return f", in the column(s) {_enumerate(others)}" if others else ""


def as_floats(array: Array) -> Array | None:
    """Return float32 as it is and other numbers as float64, None for values of other types."""
    if array.dtype.kind in "biuf":
        is_single = array.dtype.type is np.float32
        # Numbers beyond float64 become infinite, which the estimators refuse.
        with np.errstate(over="ignore"):
            return array.astype(np.float32 if is_single else np.float64, copy=False)
    if array.dtype.kind == "O" and not any(isinstance(item, _NOT_NUMBERS) for item in array.flat):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return array.astype(np.float64)
    return None


def _check_n_features(arrays: list[Array], names: list[str]) -> int:
    """Return the number of features, and refuse sequences that differ in it."""
    # An empty list, which is 1-D, has become an array of shape (0, 1).
    known = [(i, int(a.shape[1])) for i, a in enumerate(arrays) if a.shape != (0, 1)]
    first, expected = known[0]
    for i, n_features in known:
        if n_features != expected:
            raise ValueError(
                f"{names[i]} has {n_features} feature(s), but {names[first]} has "
                f"{expected}. Give all sequences the same features; a 1-D sequence has one feature."
            )
    return expected
