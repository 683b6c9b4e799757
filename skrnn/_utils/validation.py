"""Validation of arrays and tables: errors for input that no estimator can read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

# Text that begins like a date.
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")


def begins_like_a_date(text: str) -> bool:
    """Return whether text begins like a date."""
    return _DATE.match(text) is not None


def name_some(values: Iterable[Any]) -> str:
    """Return up to five values in brackets, and the number of further ones."""
    values = list(values)
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    return f"{values[:5]}{more}"


def validate_numeric(estimator: BaseEstimator, X: Any, **check_params: Any) -> Any:
    """Run `validate_data` of scikit-learn on X. Errors about text or dates name the columns."""
    check_container(X, "X", unique_names=True)
    with read_as_numbers(X, "X", type(estimator).__name__):
        refuse_dates(X, "X")
        return validate_data(estimator, X, **check_params)


def validate_shape(
    estimator: BaseEstimator, X: Any, *, reset: bool, n_dimensions: tuple[int, ...], expected: str
) -> np.ndarray:
    """Return X as floats with the expected numbers of dimensions and features."""
    name = type(estimator).__name__
    is_plain = type(X) is np.ndarray and X.dtype in (np.float64, np.float32) and X.size
    # Plain arrays skip scikit-learn's checks, which take longer than the prediction of one row.
    if reset or not is_plain or hasattr(estimator, "feature_names_in_"):
        # ensure_2d=False: scikit-learn would read the time axis of 3-D X as features.
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
                "If it is one series, make windows of it: fit "
                f"make_pipeline(SlidingWindowTransformer(10), {name}()) on X.reshape(-1, 1). "
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
        is_sequence = X.ndim == 2 and estimator._windows_ndim == 3
        cure = " If it is one sequence, give stack_sequences([X])." if is_sequence else ""
        raise ValueError(
            f"X of shape {X.shape} has {X.ndim} dimensions, but {name} was fitted on "
            f"{estimator._windows_ndim}-D X. Give X as in fit.{cure}"
        )
    elif X.shape[-1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[-1]} features, but {name} is expecting {estimator.n_features_in_} "
            "features as input, as in fit (in 2-D X: steps of a window; in 3-D X: features of a "
            "step). Give X as in fit."
        )
    return X


def refuse_other_tables(X: Any, reader: str) -> None:
    """Refuse X that is not a table of rows: one column, several tables, or windows.

    Parameters
    ----------
    X : object
        Argument given by the user.

    reader : str
        Name of the class or function that expects rows.

    Raises
    ------
    TypeError
        If X is a dict, a generator or the groups of a DataFrame.
    ValueError
        If X is a Series or another sequence of numbers, a list of tables or records, or an array
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
            "the column or index level as group, which keeps windows within a series."
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


def refuse_unstacked(values: Any, name: str, reader: str, advice: str = "") -> None:
    """Refuse a collection of sequences that is not one array yet.

    Parameters
    ----------
    values : object
        Argument given by the user.

    name : str
        Name of the argument.

    reader : str
        Name of the class or function that expects one array.

    advice : str, default=""
        A sentence with more advice, added at the end of the message.
    """
    # Sparse matrices in the format DOK are dicts; scikit-learn refuses them.
    if isinstance(values, Mapping) and not hasattr(values, "toarray"):
        raise TypeError(
            f"{name} is a {type(values).__name__}, and {reader} expects one array. If its values "
            f"are sequences, one for each sample, give stack_sequences({name}).{advice} If the "
            f"values are columns, give pandas.DataFrame({name})."
        )
    is_array = isinstance(values, np.ndarray) and values.dtype.kind == "O" and values.ndim == 1
    is_array_or_series = is_array or isinstance(values, pd.Series)
    is_collection = is_array_or_series or isinstance(values, list | tuple)
    if not is_collection or not all(isinstance(part, Sized) for part in values):
        return
    if any(isinstance(part, str | bytes | Mapping) for part in values):
        return
    try:
        lengths = [len(part) for part in values]
    except TypeError:  # sparse matrices and 0-D arrays have no length
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
            f"{name} is a list of DataFrames whose columns differ or have another order, and an "
            f"array has no column names. Give stack_sequences({name}), which matches columns by "
            f"name.{advice}"
        )
    if lengths and is_array_or_series:
        raise ValueError(
            f"{name} cannot be read as an array of numbers: it is a {type(values).__name__} of "
            f"{len(lengths)} sequences, and {reader} expects one array. Give "
            f"stack_sequences({name}).{advice}"
        )


def refuse_dict(X: Any, expected: str) -> None:
    """Refuse a dict of columns or of tables."""
    # Sparse matrices in the format DOK are dicts; scikit-learn refuses them.
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
    """Refuse a single column without an axis: a Series, a 1-D array or a list of numbers."""
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
    """Return a sentence on how to join tables of several series, or columns, into one table."""
    if not all(len(getattr(part, "shape", ())) == 2 for part in parts):
        lengths = {len(part) for part in parts if isinstance(part, Sized)}
        if len(lengths) > 1 and all(hasattr(part, "to_frame") for part in parts):
            return (
                "If its values are several series of one quantity, give pandas.concat(X, "
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
    """Refuse what NumPy reads wrongly: masked, sparse, nested, complex or no values.

    Parameters
    ----------
    values : object
        Argument given by the user.

    name : str
        Name of the argument.

    unique_names : bool, default=False
        Whether to refuse columns of the same name.

    numbers : bool, default=True
        Whether to refuse a table without columns.
    """
    if type(values).__name__ == "LazyFrame":
        # Even access to its columns gives a warning.
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
            f"{name} is an array with {np.ma.count_masked(values)} masked value(s), and the values "
            f"behind the mask would be read. Replace them by NaN: {name}.filled(numpy.nan)."
        )
    for dtype in values.dtypes if columns else [getattr(values, "dtype", None)]:
        if isinstance(dtype, pd.SparseDtype):
            raise ValueError(
                f"{name} holds values of type {dtype}, which cannot be used. Make sparse values "
                f"dense: {name}.sparse.to_dense() of a DataFrame or Series."
            )
        if getattr(dtype, "kind", "") == "V":
            raise ValueError(
                f"{name} holds values of type {dtype}, several in one. Put each field into a "
                "column: numpy.lib.recfunctions.structured_to_unstructured."
            )
        if getattr(dtype, "kind", "") == "c":
            raise complex_error(name, dtype)
        # Nested types of polars. NumPy reads lists of one number as numbers, with a warning only.
        # Arrays of one shape are fine: NumPy makes an axis of them.
        if getattr(dtype, "is_nested", bool)() and (columns or not hasattr(dtype, "shape")):
            raise ValueError(
                f"{name} holds values of type {dtype}, several in one. Put each into a row or a "
                "column of its own (explode, unnest)."
            )


def complex_error(name: str, dtype: Any) -> ValueError:
    """Return the error about complex numbers. As floats they would lose their imaginary parts.

    It begins with the words that scikit-learn's tests of estimators expect.
    """
    return ValueError(
        f"Complex data not supported: {name} holds values of type {dtype}. Put their real and "
        "imaginary parts into columns of their own."
    )


def refuse_dates(values: Any, name: str) -> None:
    """Refuse dates and times, which NumPy reads as nanoseconds."""
    # Names of these types in NumPy, pandas and polars begin with one of these words.
    dates = ("date", "time", "duration", "period", "interval")
    for dtype in dtypes_of(values):
        if str(dtype).lower().startswith(dates):
            raise ValueError(
                f"{name} holds values of type {dtype}, which are not numbers. Put dates into the "
                "index, or turn them into numbers first."
            )


@contextmanager
def read_as_numbers(values: Any, name: str, reader: str) -> Iterator[None]:
    """Explain errors about values that are not numbers: name the argument and its reader."""
    try:
        # A long double that overflows float64 becomes infinity, which scikit-learn refuses. Its
        # check computes a sum, which is invalid if there is minus infinity as well.
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (TypeError, ValueError, OverflowError) as error:
        others = _columns_without_numbers(values)
        if others:
            cure = "encode these (OneHotEncoder, OrdinalEncoder) or drop them."
            if any(_begins_with_a_date(values[column]) for column in others):
                cure = "put the time into the index (X.set_index), and encode or drop the others."
            raise ValueError(
                f"{name} has columns that are not numbers: {list(map(str, others))}. {reader} "
                f"expects numeric columns only; {cure}"
            ) from error
        reason = _why_no_numbers(values)
        if not reason:
            raise
        # NumPy's message does not name the argument.
        made = TypeError if isinstance(error, TypeError) else ValueError
        raise made(
            f"{name} cannot be read as an array of numbers: {reason}. Encode text, write NaN "
            "for unknown values, and give all rows the same length."
        ) from error


def _why_no_numbers(values: Any) -> str:
    """Return NumPy's message if it cannot read values as floats, else an empty string."""
    if hasattr(values, "toarray"):
        # scikit-learn refuses sparse matrices.
        return ""
    try:
        # scikit-learn refuses complex numbers as well.
        if np.asarray(values).dtype.kind != "c":
            array = np.asarray(values)
            with np.errstate(over="ignore"):
                # In chunks of rows, because a view may be far larger than its data.
                for first in range(0, len(array) if array.ndim else 0, 4096):
                    array[first : first + 4096].astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        return str(error).rstrip(".")
    return ""


def check_finite(values: np.ndarray, name: str, nan_advice: str) -> None:
    """Refuse NaN and infinity in an array of floats. The error tells how many rows have them."""
    if not np.isfinite(sum_of(values)):
        refuse_rows(name, values, np.isinf, "infinity", "replace these values or drop their rows")
        refuse_rows(name, values, np.isnan, "NaN", nan_advice)


def sum_of(values: np.ndarray) -> float:
    """Return the sum, which is NaN or infinite if a value is, or if the sum overflows.

    It is one pass without a temporary array, because the usual input is a large strided view.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.sum(values, dtype=np.float64))


def refuse_rows(
    name: str, values: np.ndarray, test: Callable[[np.ndarray], np.ndarray], what: str, advice: str
) -> None:
    """Refuse an array in which values pass a test. The error tells how many rows have them."""
    other_axes = tuple(range(1, values.ndim))
    # In chunks of rows, because a test returns an array of their size.
    n_rows = sum(
        int(np.count_nonzero(test(values[first : first + 4096]).any(axis=other_axes)))
        for first in range(0, len(values), 4096)
    )
    if n_rows:
        raise ValueError(
            f"Input {name} contains {what} in {n_rows} of {len(values)} rows; {advice}."
        )


def dtypes_of(values: Any) -> list[Any]:
    """Return the types of the columns, or the type of the array."""
    if hasattr(values, "columns"):
        return list(values.dtypes)
    try:
        return [values.dtype if hasattr(values, "dtype") else np.asarray(values).dtype]
    except ValueError:  # rows of unequal length, which scikit-learn refuses
        return []


def _columns_without_numbers(X: Any) -> list[Any]:
    """Return the names of the columns of a DataFrame that cannot be read as numbers."""
    return [name for name in getattr(X, "columns", ()) if not _is_numeric(X[name])]


def _begins_with_a_date(column: Any) -> bool:
    """Return whether the first value of a column is a date, or text that begins like one."""
    values = np.asarray(column).ravel()
    if values.dtype.kind in "mM":
        return True
    first = values[0] if len(values) else None
    return isinstance(first, date) or begins_like_a_date(str(first))


def _is_numeric(column: Any) -> bool:
    values = np.asarray(column).ravel()
    try:
        pd.to_numeric(pd.Series(values))
    except (TypeError, ValueError, OverflowError):
        return False
    # pandas reads dates and times as nanoseconds.
    return values.dtype.kind not in "mM"
