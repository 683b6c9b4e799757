"""What the estimators say about input that they cannot use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.validation import _check_sample_weight, validate_data

from skrnn._absent import count_incomplete_rows
from skrnn._target_errors import (
    refuse_label_columns,
    refuse_missing_targets,
    refuse_text_targets,
)

# The whole numbers that float32 can tell apart, in which networks compute.
_MAX_SYMBOLS = 2**24
# Numbers of which a copy costs nothing.
_SMALL = 2**16
_LAG = re.compile(r"(?P<column>.*)_lag\d+")


def name_some(values: Iterable[Any]) -> str:
    """Return values in brackets, of many the first five and how many more there are."""
    values = list(values)
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    return f"{values[:5]}{more}"


def validate_numeric(estimator: BaseEstimator, X: Any, **check_params: Any) -> Any:
    """Run scikit-learn's `validate_data` on X; an error about text or dates names its columns."""
    check_container(X, "X", unique_names=True)
    with read_as_numbers(X, "X", type(estimator).__name__):
        refuse_dates(X, "X")
        return validate_data(estimator, X, **check_params)


def refuse_other_tables(X: Any, reader: str) -> None:
    """Refuse X that is no table of rows: one column, several tables, or windows.

    Parameters
    ----------
    X : object
        What the user gave.

    reader : str
        Who expects rows.

    Raises
    ------
    TypeError
        If it is a dict, a generator or the groups of a DataFrame.
    ValueError
        If it is a Series or another sequence of numbers, a list of tables or records, or an array
        of three dimensions.
    """
    kind = type(X).__name__
    expected = f"{reader} expects rows of shape (n_samples, n_features)"
    refuse_dict(X, expected)
    if isinstance(X, Iterator):
        raise TypeError(f"X is a {kind}, and {expected}. Give an array or a DataFrame.")
    if kind in ("DataFrameGroupBy", "SeriesGroupBy", "GroupBy"):
        raise TypeError(
            f"X is a {kind}, and {expected}. Give the DataFrame that was grouped, and the name of "
            "the column or index level as group, with which windows stay within a series."
        )
    if isinstance(X, list | tuple):
        _refuse_listed_tables(X, expected)
    shape = getattr(X, "shape", ())
    if len(shape) == 3:
        raise ValueError(
            f"X of shape {tuple(shape)} has 3 dimensions, and {expected}. If it holds windows "
            "already, leave SlidingWindowTransformer out; if it holds several series, put their "
            "rows below each other in one DataFrame, with group."
        )
    refuse_column(X, expected, may_be_row=True)


def refuse_dict(X: Any, expected: str) -> None:
    """Refuse a dict, of columns or of tables."""
    # Sparse matrices of one format are dicts; scikit-learn speaks of them.
    if isinstance(X, Mapping) and not hasattr(X, "toarray"):
        advice = _advise_joining(X, list(X.values()))
        raise TypeError(f"X is a {type(X).__name__}, and {expected}. {advice}")


def refuse_several_tables(X: Any, y: Any, expected: str) -> None:
    """Refuse a dict, and a list of DataFrames that are not one sequence for each target."""
    refuse_dict(X, expected)
    are_tables = isinstance(X, list | tuple) and all(hasattr(part, "columns") for part in X)
    if are_tables and isinstance(y, Sized) and len(X) != len(y):
        _refuse_listed_tables(X, expected)


def refuse_column(X: Any, expected: str, *, may_be_row: bool = False) -> None:
    """Refuse one column without an axis for columns: a Series, a 1-D array or a list of numbers."""
    kind = type(X).__name__
    is_list = isinstance(X, list | tuple) and X and not any(isinstance(x, Sized) for x in X)
    if not is_list and len(getattr(X, "shape", ())) != 1:
        return
    if hasattr(X, "to_frame"):
        name = getattr(X, "name", None)
        choice = "" if name in (None, "") else f", or frame[[{name!r}]] instead of frame[{name!r}]"
        raise ValueError(f"X is a {kind}, and {expected}. Give a DataFrame: X.to_frame(){choice}.")
    given = f"a {kind} of {len(X)} values" if is_list else f"an array of shape {X.shape}"
    array = "numpy.array(X)" if is_list else "X"
    cure = f"{array}.reshape(-1, 1)"
    if may_be_row:
        cure = f"{cure} if it is one column, {array}.reshape(1, -1) if it is one row"
    raise ValueError(f"X is {given}, and {expected}. Reshape your data: {cure}.")


def _refuse_listed_tables(X: Any, expected: str) -> None:
    """Refuse a list of tables, or of dicts."""
    if not X:
        return
    kind = type(X).__name__
    if all(isinstance(part, Mapping) for part in X):
        raise ValueError(
            f"X is a {kind} of {len(X)} dicts, and {expected}. Give pandas.DataFrame(X)."
        )
    pairs = all(isinstance(part, tuple) and len(part) == 2 for part in X)
    tables = [part[1] for part in X] if pairs else list(X)
    if all(len(getattr(part, "shape", ())) == 2 for part in tables):
        what = "pairs of a name and a table" if pairs else f"{type(X[0]).__name__}s"
        raise ValueError(
            f"X is a {kind} of {len(X)} {what}, and {expected}. "
            f"{_advise_joining(X, tables, pairs=pairs)}"
        )


def _advise_joining(X: Any, parts: list[Any], *, pairs: bool = False) -> str:
    """Return how tables of several series become one, or columns a DataFrame, a sentence."""
    if not all(len(getattr(part, "shape", ())) == 2 for part in parts):
        lengths = {len(part) for part in parts if isinstance(part, Sized)}
        if len(lengths) > 1 and all(hasattr(part, "to_frame") for part in parts):
            return (
                "If its values are series of one kind, give pandas.concat(X, "
                'names=["series"]).to_frame(), with group="series".'
            )
        return "If its values are columns, give pandas.DataFrame(X)."
    if all(hasattr(part, "with_columns") for part in parts):
        items = "X.items()" if isinstance(X, Mapping) else "X" if pairs else "enumerate(X)"
        return (
            "If they are several series, put their rows below each other: polars.concat("
            f"[part.with_columns(series=polars.lit(name)) for name, part in {items}]), with "
            'group="series".'
        )
    named = "X" if isinstance(X, Mapping) else "dict(X)" if pairs else "dict(enumerate(X))"
    if not all(hasattr(part, "columns") for part in parts):
        items = "X.items()" if isinstance(X, Mapping) else "X" if pairs else "enumerate(X)"
        named = f"{{name: pandas.DataFrame(part) for name, part in {items}}}"
    return (
        "If they are several series, put their rows below each other: "
        f'pandas.concat({named}, names=["series"]), with group="series", and y in the same order.'
    )


def check_container(
    values: Any, name: str, *, unique_names: bool = False, numbers: bool = True
) -> None:
    """Refuse what would be read wrongly, or refused in words of another library.

    Masked values and fields would be read as numbers.

    Parameters
    ----------
    values : object
        What the user gave.

    name : str
        As which argument.

    unique_names : bool, default=False
        Whether columns are told apart by name.

    numbers : bool, default=True
        Whether there must be numbers, of one column at least.
    """
    if type(values).__name__ == "LazyFrame":
        # Its columns cannot even be asked for without a warning.
        raise TypeError(f"{name} is a LazyFrame, which has no values yet. Give {name}.collect().")
    columns = list(getattr(values, "columns", ()))
    if numbers and hasattr(values, "columns") and not columns:
        raise ValueError(
            f"{name} is a DataFrame with 0 feature(s) (shape={values.shape}) while a minimum of 1 "
            "is required."
        )
    if unique_names and len(set(columns)) < len(columns):
        repeated = sorted(str(column) for column, n in Counter(columns).items() if n > 1)
        raise ValueError(
            f"{name} has several columns of the same name: {repeated}. Rename all but one of each."
        )
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(
            f"{name} is an array with {np.ma.count_masked(values)} masked value(s), and what is "
            f"behind a mask would be read. Write NaN there: {name}.filled(numpy.nan)."
        )
    for dtype in values.dtypes if columns else [getattr(values, "dtype", None)]:
        if isinstance(dtype, pd.SparseDtype):
            raise ValueError(
                f"{name} holds values of type {dtype}; sparse ones cannot be used. Make them "
                f"dense: {name}.sparse.to_dense() of a DataFrame or Series."
            )
        if getattr(dtype, "kind", "") == "V":
            raise ValueError(
                f"{name} holds values of type {dtype}, several in one. Put each field into a "
                "column: numpy.lib.recfunctions.structured_to_unstructured."
            )
        # Of polars. NumPy would take lists of one number for the numbers, and only warn. Arrays of
        # one shape are one more axis to it.
        if getattr(dtype, "is_nested", bool)() and (columns or not hasattr(dtype, "shape")):
            raise ValueError(
                f"{name} holds values of type {dtype}, several in one. Put each into a row or a "
                "column of its own (explode, unnest)."
            )


def refuse_dates(values: Any, name: str) -> None:
    """Refuse dates and times, which would be read as nanoseconds."""
    # NumPy, pandas and polars each have types of their own, with names that begin alike.
    dates = ("date", "time", "duration", "period", "interval")
    for dtype in _dtypes(values):
        if str(dtype).lower().startswith(dates):
            raise ValueError(
                f"{name} holds values of type {dtype}, which are not numbers. Put dates into the "
                "index, or turn them into numbers first."
            )


@contextmanager
def read_as_numbers(values: Any, name: str, reader: str) -> Iterator[None]:
    """Say in an error about values that are not numbers whose they are, and who expects some."""
    try:
        # A long double beyond float64 becomes infinity, which is refused as such; scikit-learn
        # finds it by a sum, which is invalid if there is minus infinity, too.
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (TypeError, ValueError, OverflowError) as error:
        others = _columns_without_numbers(values)
        if others:
            raise ValueError(
                f"{name} has columns that are not numbers: {others}. {reader} expects "
                "numeric columns only; encode these (OneHotEncoder, OrdinalEncoder) or drop them."
            ) from error
        reason = _why_no_numbers(values)
        if not reason:
            raise
        # NumPy's own words do not say which of the arguments it was.
        made = TypeError if isinstance(error, TypeError) else ValueError
        raise made(
            f"{name} cannot be read as an array of numbers: {reason}. Encode what is text, write "
            "NaN where nothing is known, and give all rows the same length."
        ) from error


def _why_no_numbers(values: Any) -> str:
    """Return what NumPy says if it cannot read values as floats, and nothing if it can."""
    if hasattr(values, "toarray"):
        # Of sparse matrices scikit-learn speaks.
        return ""
    try:
        # Of complex numbers, too.
        if np.asarray(values).dtype.kind != "c":
            array = np.asarray(values)
            with np.errstate(over="ignore"):
                # Some rows at a time: it may be a view that is far larger than what is behind it.
                for first in range(0, len(array) if array.ndim else 0, 4096):
                    array[first : first + 4096].astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        return str(error).rstrip(".")
    return ""


def validate_windows(
    estimator: BaseEstimator, X: Any, *, reset: bool, may_lack_steps: bool = True
) -> np.ndarray:
    """Return X as floats of shape (n_samples, n_timesteps, n_features), NaN where steps are absent.

    float32 and float64 stay as they are, so that strided windows are not copied.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets `n_features_in_`, `feature_names_in_`, `n_timesteps_in_` and `_windows_ndim` if
        `reset`, is compared with them if not.

    X : array-like
        What the user gave: windows of 2 or 3 dimensions.

    reset : bool
        Whether this is a first fit.

    may_lack_steps : bool, default=True
        Whether a step may be NaN in all features. If not, there must be no NaN.
    """
    _refuse_unstacked(X, "X", type(estimator).__name__)
    # Of pandas or polars; arrays have no such method.
    if hasattr(X, "to_frame") and not hasattr(X, "columns"):
        raise ValueError(
            f"X is a {type(X).__name__}, and {type(estimator).__name__} expects windows of shape "
            "(n_samples, n_timesteps) or (n_samples, n_timesteps, n_features). Make windows of it: "
            f"make_pipeline(SlidingWindowTransformer(10), {type(estimator).__name__}()), with "
            "X.to_frame()."
        )
    X = _validate_shape(
        estimator,
        X,
        reset=reset,
        n_dimensions=(2, 3),
        expected="windows of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, "
        "n_features)",
    )
    if reset:
        estimator.n_timesteps_in_ = X.shape[1]
        if X.ndim == 2:
            _check_windows_of_one_column(estimator)
    X = X[..., np.newaxis] if X.ndim == 2 else X
    if not may_lack_steps:
        check_finite(
            X,
            "X",
            'pad windows with known values (SlidingWindowTransformer(padding="mean")) or fill the '
            "gaps (SimpleImputer)",
        )
    # One pass; the copy is small.
    if X.size <= _SMALL and np.abs(X).max() < np.inf:
        return X
    if np.isfinite(_sum(X)):
        return X
    _refuse_rows("X", X, np.isinf, "infinity", "replace these values or drop their rows")
    n_rows = count_incomplete_rows(X)
    if n_rows:
        raise ValueError(
            f"Input X contains NaN in some features of a step, but not in all, in {n_rows} of "
            f"{len(X)} rows. A step that is NaN in all features is absent; fill other gaps "
            "(SimpleImputer)."
        )
    return X


def _refuse_unstacked(values: Any, name: str, reader: str, advice: str = "") -> None:
    """Refuse sequences that are not one array yet, whether their lengths or columns differ or not.

    Parameters
    ----------
    values : object
        What the user gave.

    name : str
        As which argument.

    reader : str
        Who expects one array.

    advice : str, default=""
        What to do beside stacking them, a sentence.
    """
    # Sparse matrices of one format are dicts; scikit-learn speaks of them.
    if isinstance(values, Mapping) and not hasattr(values, "toarray"):
        raise TypeError(
            f"{name} is a {type(values).__name__}, and {reader} expects one array. If its values "
            f"are sequences, one for each sample, give stack_sequences({name}).{advice} If they "
            f"are columns, give pandas.DataFrame({name})."
        )
    is_array = isinstance(values, np.ndarray) and values.dtype.kind == "O" and values.ndim == 1
    is_of_objects = is_array or isinstance(values, pd.Series)
    is_loose = is_of_objects or isinstance(values, list | tuple)
    if not is_loose or not all(isinstance(part, Sized) for part in values):
        return
    if any(isinstance(part, str | bytes | Mapping) for part in values):
        return
    try:
        lengths = [len(part) for part in values]
    except TypeError:  # sparse matrices, arrays without an axis
        return
    if lengths and min(lengths) < max(lengths):
        raise ValueError(
            f"{name} cannot be read as an array of numbers: its {len(lengths)} sequences have "
            f"unequal lengths, {min(lengths)} to {max(lengths)} step(s), and {reader} expects one "
            f"array. Give stack_sequences({name}), which pads them with NaN.{advice}"
        )
    columns = [list(part.columns) for part in values if hasattr(part, "columns")]
    if any(names != columns[0] for names in columns):
        raise ValueError(
            f"{name} is a list of DataFrames whose columns differ or stand in another order, and "
            f"an array would not know their names. Give stack_sequences({name}), which goes by the "
            f"names.{advice}"
        )
    if lengths and is_of_objects:
        raise ValueError(
            f"{name} cannot be read as an array of numbers: it is a {type(values).__name__} of "
            f"{len(lengths)} sequences, and {reader} expects one array. Give "
            f"stack_sequences({name}).{advice}"
        )


def check_symbols(X: np.ndarray) -> None:
    """Refuse windows whose steps are not the number of one symbol each, or NaN."""
    if X.shape[2] != 1:
        raise ValueError(
            f"X has {X.shape[2]} features a step, but with embedding_dim a step is the number of a "
            "symbol. Give X of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, 1)."
        )
    advice = "with embedding_dim, X counts symbols from 1 on (OrdinalEncoder, plus 1)"
    _refuse_rows("X", X, lambda rows: rows < 0, "numbers of symbols that are negative", advice)

    def is_broken(rows: np.ndarray) -> np.ndarray:
        return (rows != np.floor(rows)) & ~np.isnan(rows)

    # Some rows at a time, as in _refuse_rows.
    chunks = (X[first : first + 4096] for first in range(0, len(X), 4096))
    broken = next((rows[where] for rows in chunks if (where := is_broken(rows)).any()), None)
    if broken is None:
        return
    filled = (
        'SlidingWindowTransformer(padding="mean") fills missing steps with a mean, which is no '
        'symbol: set padding="nan"'
    )
    _refuse_rows(
        "X",
        X,
        is_broken,
        f"numbers of symbols that are not whole, such as {broken[0]:.6g},",
        # One number again and again is the mean that fills.
        filled if (broken == broken[0]).all() else f"{advice}; {filled}",
    )


def count_symbols(symbols: np.ndarray) -> int:
    """Return how many symbols an embedding needs, with 0 as one of them."""
    largest = np.fmax.reduce(symbols, axis=None)
    if largest > _MAX_SYMBOLS:
        raise ValueError(
            f"X has a symbol of number {largest:.0f}, and an embedding would have a vector for "
            "each number up to that one. Number the symbols from 1 on (OrdinalEncoder, plus 1)."
        )
    return 1 if np.isnan(largest) else int(largest) + 1


def without_unknown_symbols(symbols: np.ndarray, n_symbols: int) -> np.ndarray:
    """Return symbols, NaN where there is none (0) or an embedding has none of this number."""
    smallest, largest = (fold.reduce(symbols, axis=None) for fold in (np.fmin, np.fmax))
    if smallest > 0 and largest < n_symbols:
        return symbols
    return np.where((symbols > 0) & (symbols < n_symbols), symbols, np.nan)


def check_presence(X: np.ndarray, rows: str) -> None:
    """Refuse rows none of which has a step."""
    # fmax passes over NaN.
    if np.isnan(np.fmax.reduce(X, axis=None)):
        raise ValueError(
            f"Input X is NaN throughout in the rows that are {rows}: all their steps are absent. "
            "Give rows that have some."
        )


def validate_vectors(estimator: BaseEstimator, X: Any, *, reset: bool) -> np.ndarray:
    """Return X as finite floats of shape (n_samples, n_features), each row the input of a sequence.

    Parameters are those of `validate_windows`.
    """
    X = _validate_shape(
        estimator,
        X,
        reset=reset,
        n_dimensions=(2,),
        expected='vectors of shape (n_samples, n_features) with architecture="vector_to_sequence"',
    )
    if reset:
        estimator.n_timesteps_in_ = 1
    check_finite(X, "X", "fill the gaps (SimpleImputer)")
    return X


def _validate_shape(
    estimator: BaseEstimator, X: Any, *, reset: bool, n_dimensions: tuple[int, ...], expected: str
) -> np.ndarray:
    """Return X as floats of as many dimensions and features as expected."""
    name = type(estimator).__name__
    is_plain = type(X) is np.ndarray and X.dtype in (np.float64, np.float32) and X.size
    # scikit-learn's checks take longer than a small network computes one row.
    if reset or not is_plain or hasattr(estimator, "feature_names_in_"):
        # ensure_2d=False: scikit-learn would take the time axis of 3-D X for its features.
        X = validate_numeric(
            estimator,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_2d=False,
            allow_nd=True,
            ensure_all_finite=False,
        )
    if X.ndim not in n_dimensions:
        cure = (
            "Reshape your data: array.reshape(-1, 1) if it has a single step, array.reshape(1, -1) "
            "if it is a single window."
        )
        may_be_window = not reset and X.shape == (estimator.n_features_in_,)
        if X.ndim == 1 and 3 in n_dimensions and not may_be_window:
            cure = (
                "If it is one series, make windows of it: "
                f"make_pipeline(SlidingWindowTransformer(10), {name}()), with X.reshape(-1, 1). "
                f"{cure}"
            )
        raise ValueError(
            f"X of shape {X.shape} has {X.ndim} dimension(s); {name} expects {expected}. {cure}"
        )
    if 0 in X.shape:
        empty = ("sample(s)", "step(s)", "feature(s)")[X.shape.index(0)]
        raise ValueError(
            f"Found array with 0 {empty} (shape={X.shape}) while a minimum of 1 is required by "
            f"{name}."
        )
    if reset:
        estimator.n_features_in_ = X.shape[-1]
        estimator._windows_ndim = X.ndim
    elif X.ndim != estimator._windows_ndim:
        raise ValueError(
            f"X of shape {X.shape} has {X.ndim} dimensions, but {name} was fitted on "
            f"{estimator._windows_ndim}-D X. Make the windows as for fit."
        )
    elif X.shape[-1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[-1]} features, but {name} is expecting {estimator.n_features_in_} "
            "features as input, as in fit: steps of a window in 2-D X, features of a step in "
            "3-D X. Make the windows as for fit."
        )
    return X


def validate_targets(estimator: BaseEstimator, y: Any, *, sequences: bool) -> np.ndarray:
    """Return y as finite float64 of 1 or 2 dimensions, or of one more if it has `sequences`."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    check_container(y, "y")
    if sequences:
        absent = "Where a step is absent from X, write any number for the NaN (numpy.nan_to_num)."
        _refuse_unstacked(y, "y", name, _advise_stacking(estimator, absent))
    refuse_dates(y, "y")
    refuse_text_targets(y, name)
    given = y
    if isinstance(y, pd.DataFrame):
        # The next values of a series, made by shift, all have its name; check_array refuses that.
        y = y.set_axis(range(y.shape[1]), axis=1)
    with read_as_numbers(y, "y", name):
        y = _read_y(estimator, y, np.float64)
    if y.ndim not in ((2, 3) if sequences else (1, 2)):
        expected = (
            f'(n_samples, n_steps) or (n_samples, n_steps, n_outputs) with architecture="'
            f'{estimator.architecture}"'
            if sequences
            else "(n_samples,) or (n_samples, n_outputs); for a target at every step there are "
            "other architectures"
        )
        raise ValueError(
            f"y of shape {y.shape} has {y.ndim} dimension(s); {name} expects targets of shape "
            f"{expected}."
        )
    if 0 in y.shape[1:]:
        raise ValueError(f"y of shape {y.shape} has no target; {name} needs at least one a row.")
    check_known(given, y, sequences=sequences)
    return y


def check_known(given: Any, y: np.ndarray, *, sequences: bool = False) -> None:
    """Refuse targets, in floats, that are NaN or infinite.

    Parameters
    ----------
    given : object
        What the user gave as y, whose labels name rows.

    y : ndarray of shape (n_samples, ...)
        The same as floats.

    sequences : bool, default=False
        Whether the rows are sequences, which are in no order.
    """
    if not sequences and np.isnan(_sum(y)):
        refuse_missing_targets(given, np.isnan(y).any(axis=tuple(range(1, y.ndim))))
    check_finite(
        y,
        "y",
        "drop the rows whose target is not known; where a step is absent from X, any number will "
        "do (numpy.nan_to_num)",
    )


def _advise_stacking(estimator: BaseEstimator, advice: str) -> str:
    """Return what to do with stacked targets, after a space."""
    if estimator.architecture != "sequence_to_sequence":
        # No step of theirs is absent.
        advice = f'With architecture="{estimator.architecture}", all need the same number of steps.'
    return f" {advice}"


def _read_y(estimator: BaseEstimator, y: Any, dtype: Any) -> np.ndarray:
    """Return y as an array of as many dimensions as it has."""
    return check_array(
        y,
        dtype=dtype,
        ensure_2d=False,
        allow_nd=True,
        ensure_all_finite=False,
        input_name="y",
        estimator=estimator,
    )


def validate_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Return the weights of the rows of X as float64, not negative and not all 0."""
    check_container(sample_weight, "sample_weight")
    refuse_dates(sample_weight, "sample_weight")
    with read_as_numbers(sample_weight, "sample_weight", "fit"):
        weights: np.ndarray = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
    if not weights.any():
        raise ValueError("sample_weight is 0 in all rows; at least one row must weigh more.")
    return weights


def validate_score_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray:
    """Return the weights of the rows of X, scaled so that no sum of them overflows.

    Scores do not depend on the scale of weights, nor do their bits on a power of 2.
    """
    weights = validate_weights(sample_weight, X)
    return np.ldexp(weights, -np.frexp(weights.max())[1])


def check_largest_weight(weights: np.ndarray, given: str) -> None:
    """Refuse weights with which a loss would be 0 or infinity in float32, whatever is learned."""
    largest, limits = weights.max(), np.finfo(np.float32)
    if not limits.tiny <= largest <= limits.max:
        raise ValueError(
            f"{given} is {largest:.3g} at most, which float32 cannot hold, in which networks "
            "compute. Multiply all weights by a constant."
        )


def validate_labels(estimator: BaseEstimator, y: Any, *, sequences: bool) -> np.ndarray:
    """Return y as labels of any type, of 1 dimension, or of 2 if it has `sequences`."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    check_container(y, "y", numbers=False)
    for dtype in _dtypes(y):
        if getattr(dtype, "time_zone", None) is not None:
            # Of polars, which drops the zone on the way to NumPy. Dates have one type.
            raise ValueError(
                f"Unknown label type: y holds values of type {dtype}, dates with a time zone. Turn "
                'them into text or numbers first, as polars does with dt.to_string("%F").'
            )
        if str(dtype) in ("Int128", "UInt128"):
            raise ValueError(
                f"Unknown label type: y holds values of type {dtype}, which NumPy does not have. "
                "Turn them into text or smaller numbers first."
            )
    refuse_label_columns(y, name, sequences=sequences)
    if not sequences:
        if getattr(y, "ndim", 1) > 2:
            raise ValueError(
                f"y of shape {y.shape} has {y.ndim} dimension(s); {name} expects one label a row, "
                "of shape (n_samples,); for a label at every step there are other architectures."
            )
        labels = column_or_1d(y, warn=True)
        refuse_missing_targets(y, pd.isna(labels), "NaN or None")
        return labels
    _refuse_unstacked(
        y, "y", name, _advise_stacking(estimator, "Encode labels that are text as numbers first.")
    )
    y = _read_y(estimator, y, None)
    if y.ndim == 3 and y.shape[-1] == 1:
        # As stack_sequences returns them.
        y = y[..., 0]
    if y.ndim != 2:
        raise ValueError(
            f"y of shape {y.shape} has {y.ndim} dimension(s); {name} expects labels of shape "
            f'(n_samples, n_steps) with architecture="{estimator.architecture}".'
        )
    return y


def check_finite(values: np.ndarray, name: str, nan_advice: str) -> None:
    """Refuse NaN and infinity in an array of floats, and say how many rows have them."""
    if not np.isfinite(_sum(values)):
        _refuse_rows(name, values, np.isinf, "infinity", "replace these values or drop their rows")
        _refuse_rows(name, values, np.isnan, "NaN", nan_advice)


def _sum(values: np.ndarray) -> float:
    """Return the sum, which is finite if all values are, unless it overflows.

    One pass without a temporary of the array's size: the usual input is a large strided view.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.sum(values, dtype=np.float64))


def _refuse_rows(
    name: str, values: np.ndarray, test: Callable[[np.ndarray], np.ndarray], what: str, advice: str
) -> None:
    """Refuse an array in which some values pass a test, and say how many rows have them."""
    other_axes = tuple(range(1, values.ndim))
    # Some rows at a time, since a test returns an array of their size.
    n_rows = sum(
        int(np.count_nonzero(test(values[first : first + 4096]).any(axis=other_axes)))
        for first in range(0, len(values), 4096)
    )
    if n_rows:
        raise ValueError(
            f"Input {name} contains {what} in {n_rows} of {len(values)} rows; {advice}."
        )


def _dtypes(values: Any) -> list[Any]:
    """Return the types of the columns, or that of the array."""
    if hasattr(values, "columns"):
        return list(values.dtypes)
    try:
        return [values.dtype if hasattr(values, "dtype") else np.asarray(values).dtype]
    except ValueError:  # rows of unequal length, of which scikit-learn speaks
        return []


def _check_windows_of_one_column(estimator: BaseEstimator) -> None:
    """Refuse flattened windows of several columns: their steps would be read as one series."""
    matches = [_LAG.fullmatch(name) for name in getattr(estimator, "feature_names_in_", ())]
    columns = list(dict.fromkeys(match["column"] for match in matches if match))
    if len(columns) > 1 and all(matches):
        raise ValueError(
            f"X holds flattened windows of {len(columns)} columns ({', '.join(columns)}). "
            f"{type(estimator).__name__} reads 2-D X as one feature per step; leave "
            "flatten=True out of SlidingWindowTransformer, which then keeps a feature axis."
        )


def _columns_without_numbers(X: Any) -> list[str]:
    """Return the names of the columns of a DataFrame that cannot be read as numbers."""
    return [str(name) for name in getattr(X, "columns", ()) if not _is_numeric(X[name])]


def _is_numeric(column: Any) -> bool:
    values = np.asarray(column).ravel()
    try:
        pd.to_numeric(pd.Series(values))
    except (TypeError, ValueError):
        return False
    # Dates and times have passed, as nanoseconds.
    return values.dtype.kind not in "mM"
