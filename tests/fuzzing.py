"""Fuzzing: input of every kind for test_fuzz.py, and the rules that every call must follow.

A *disguise* puts numbers into a container that may hold them. `cells` reads them out one by one
with the container's own methods, to compare them with what an estimator reads.
"""

import collections
import decimal
import fractions
import os
import pickle
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse
from hypothesis import reject
from hypothesis import strategies as st
from sklearn.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    UndefinedMetricWarning,
)

from skrnn.exceptions import RowsMissingWarning

# Number of calls of each test that were accepted and refused; trust/fuzz.py prints it.
TALLY = collections.Counter()


class Refusal(str):
    """Message of an expected error."""


# Expected warnings: losses overflow with weights near the largest float32; labels are converted.
_LEGITIMATE = (
    *(ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning),
    RowsMissingWarning,
)
# Warnings of scikit-learn and NaiveRegressor that advise to give other input.
_ADVICE = (
    "has feature names, but",
    "does not have valid feature names, but",
    "The standard deviation of the windows is",
    "labels represented as bytes is deprecated",
)


def attempt(call, given=(), estimator=None):
    """Return the result of a call, or a Refusal if the input was refused.

    The call must not change its input, nor the estimator if the input was refused. An error must be
    a ValueError or TypeError of skrnn or of scikit-learn's validation. A warning must be one that a
    user can act on.
    """
    inputs = [fingerprint(item) for item in given]
    state = None if estimator is None else pickle.dumps(vars(estimator))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except Exception as error:
            if not is_explained(error):
                raise
            result = Refusal(error)
    others = [
        f"{warning.category.__name__}: {warning.message}"
        for warning in caught
        if not issubclass(warning.category, _LEGITIMATE)
        and not any(advice in str(warning.message) for advice in _ADVICE)
    ]
    assert not others, others
    assert [fingerprint(item) for item in given] == inputs, "the input was changed"
    if isinstance(result, Refusal) and estimator is not None:
        assert pickle.dumps(vars(estimator)) == state, "the estimator was changed"
    name = os.environ.get("PYTEST_CURRENT_TEST", "").split("::")[-1].split(" ")[0]
    TALLY[name, "refused" if isinstance(result, Refusal) else "accepted"] += 1
    return result


def is_explained(error):
    """Return whether an error is a ValueError or TypeError that skrnn or scikit-learn raises."""
    family = type(error) in (ValueError, TypeError) or (
        isinstance(error, ValueError | TypeError) and type(error).__module__.startswith("sklearn.")
    )
    frames = traceback.extract_tb(error.__traceback__)
    last = Path(frames[-1].filename)
    if any({"keras", "tensorflow", "scikeras"} & {*Path(f.filename).parts} for f in frames):
        return False
    if "sklearn" in last.parts:
        # check_array of scikit-learn passes on messages of NumPy about values that are no numbers.
        return family and bool({"utils", "metrics"} & set(last.parts))
    return family and "skrnn" in last.parts and frames[-1].line.startswith("raise")


def fingerprint(given):
    """Return a value that changes if somebody writes to an input."""
    if isinstance(given, np.ma.MaskedArray):
        return repr(given)
    if isinstance(given, np.ndarray):
        content = given.tobytes() if not given.dtype.hasobject else repr(given.tolist())
        return (type(given), given.dtype, given.shape, given.strides, content)
    if isinstance(given, pd.DataFrame | pd.Series):
        columns = given.columns if isinstance(given, pd.DataFrame) else [given.name]
        dtypes = str(given.dtypes)
        return (repr(columns), dtypes, repr(given.index), repr(given.to_numpy(object).tolist()))
    if isinstance(given, pl.DataFrame):
        return (given.schema, repr(given.rows()))
    if isinstance(given, pl.Series):
        return (given.dtype, repr(given.to_list()))
    if scipy.sparse.issparse(given):
        return repr(given.toarray().tolist())
    if isinstance(given, list | tuple):
        return [fingerprint(item) for item in given]
    return repr(given) if isinstance(given, str | int | float | dict | None) else id(given)


def cells(container):
    """Return the numbers in a container as float64, read one by one; NaN for unknown values."""
    if isinstance(container, pd.DataFrame):
        n_rows, n_columns = container.shape
        values = [[container.iat[i, j] for j in range(n_columns)] for i in range(n_rows)]
    elif isinstance(container, pl.DataFrame):
        values = container.rows()
    elif isinstance(container, pd.Series):
        values = [container.iat[i] for i in range(len(container))]
    elif isinstance(container, Wrapped):
        values = container.array.tolist()
    elif isinstance(container, np.ma.MaskedArray | np.ndarray):
        values = container.tolist()
    elif isinstance(container, pd.api.extensions.ExtensionArray):
        values = list(container)
    else:
        values = container
    return np.array(_floats(values), dtype=np.float64)


def _floats(value):
    if isinstance(value, list | tuple | range | np.ndarray | pl.Series):
        return [_floats(part) for part in value]
    if value is None or value is pd.NA:
        return float("nan")
    return float(value)


class Wrapped:
    """Container with nothing but `__array__`."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype)


# Disguises of arrays of any shape


def _sliced(a):
    wide = np.full((2 * len(a), *a.shape[1:]), 77.0)
    wide[::2] = a
    return wide[::2]


def _mapped(a):
    # The system deletes the file when it is no longer mapped.
    with tempfile.TemporaryFile() as file:
        file.write(a.tobytes())
        file.flush()
        return np.memmap(file, dtype=a.dtype, mode="r", shape=a.shape) if a.size else a


def _unaligned(a):
    return np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)


def _read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def _whole(dtype):
    def convert(a):
        limits = np.iinfo(dtype)
        low = np.clip(limits.min, -1000, 0)
        return np.clip(np.nan_to_num(a), low, min(limits.max, 1000)).astype(dtype)

    return convert


def _objects(*kinds, missing=None):
    def fill(a):
        filled = np.empty(a.shape, dtype=object)
        for number, (position, value) in enumerate(np.ndenumerate(a)):
            convert = kinds[number % len(kinds)] if np.isfinite(value) else float
            filled[position] = missing if np.isnan(value) else convert(value)
        return filled

    return fill


def _nested(kind):
    def nest(a):
        return kind(nest(part) if part.ndim else float(part) for part in a)

    return nest


ACCEPTED = {
    "C order": np.ascontiguousarray,
    "F order": lambda a: np.array(a, order="F"),
    "negative strides": lambda a: np.flip(np.flip(a).copy()),
    "every second row": _sliced,
    "transposed": lambda a: np.array(a.T.tolist()).reshape(a.T.shape).T,
    "one row broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "one value broadcast": lambda a: np.broadcast_to(a.flat[0], a.shape),
    "read-only": _read_only,
    "mapped from a file": _mapped,
    "unaligned": _unaligned,
    "big-endian float64": lambda a: a.astype(">f8"),
    "big-endian float32": lambda a: a.astype(">f4"),
    "float32": lambda a: a.astype(np.float32),
    "float16": lambda a: a.astype(np.float16),
    "longdouble": lambda a: a.astype(np.longdouble),
    **{name: _whole(name) for name in ("int8", "int16", "int32", "int64")},
    **{name: _whole(name) for name in ("uint8", "uint16", "uint32", "uint64", ">i4")},
    "bool": lambda a: np.nan_to_num(a) > 0,
    "objects": _objects(float, missing=np.nan),
    "objects and None": _objects(float),
    "Python ints": _objects(int),
    "Decimal": _objects(decimal.Decimal),
    "masked array without a mask": np.ma.masked_array,
    "array on demand": Wrapped,
    "lists": np.ndarray.tolist,
    "tuples": _nested(tuple),
    "list of arrays": list,
}
# To read these values and to refuse them are both correct.
EITHER = {
    "objects of many kinds": _objects(
        float, np.float32, decimal.Decimal, fractions.Fraction, str, np.float64, np.longdouble
    ),
    "text of numbers": lambda a: a.astype(str),
    "bytes of numbers": lambda a: a.astype(str).astype(bytes),
    "objects and NA": _objects(float, missing=pd.NA),
    "masked array": lambda a: np.ma.masked_array(np.nan_to_num(a, nan=5.0), np.isnan(a)),
}
REFUSED = {
    "complex": lambda a: np.nan_to_num(a).astype(complex),
    "dates": lambda a: np.zeros(a.shape, "M8[D]"),
    "durations": lambda a: np.zeros(a.shape, "m8[s]"),
    "fields": lambda a: np.zeros(a.shape, [("a", "f8")]),
    "void": lambda a: np.zeros(a.shape, "V4"),
    "text": lambda a: np.full(a.shape, "red"),
    "objects without a number": lambda a: np.full(a.shape, object()),
    "dicts": lambda a: np.full(a.shape, {}),
    "timestamps": lambda a: np.full(a.shape, pd.Timestamp("2020-01-01")),
    "ints beyond float64": lambda a: np.full(a.shape, 10**400, dtype=object),
    "longdouble beyond float64": lambda a: np.full(a.shape, np.longdouble("1e4000")),
    "nothing": lambda a: None,
    "a number": lambda a: 5.0,
    "a word": lambda a: "red",
    "a dict": lambda a: {"a": [1.0, 2.0]},
    "a set": lambda a: {1.0, 2.0},
    "a generator": lambda a: (row for row in a),
    "lists of unequal length": lambda a: [*a.tolist(), [[[1.0]]], [2.0, 3.0]],
    "an empty list": lambda a: [],
}

# Disguises of tables, of two dimensions


def _names(a):
    return [f"column{j}" for j in range(a.shape[1])]


def _frame(dtype=None, convert=lambda a: a):
    return lambda a: pd.DataFrame(convert(a), columns=_names(a)).astype(dtype or {})


def _polars(dtype, convert=lambda a: a):
    def fill(a):
        rows = [[None if np.isnan(v) else v for v in row] for row in convert(a).tolist()]
        return pl.DataFrame(rows, schema=dict.fromkeys(_names(a), dtype), orient="row")

    return fill


def _mixed_types(a):
    dtypes = ("float32", "Float64", "object", "float64", "category")
    return _frame(dict(zip(_names(a), dtypes, strict=False)))(a)


FRAMES = {
    "pandas float64": _frame(),
    "pandas float32": _frame("float32"),
    "pandas int64": _frame("int64", np.nan_to_num),
    "pandas Int64": _frame("Int64", np.trunc),
    "pandas Float32": _frame("Float32"),
    "pandas Float64": _frame("Float64"),
    "pandas boolean": _frame("boolean", lambda a: np.where(np.isnan(a), a, a > 0)),
    "pandas bool": _frame("bool", lambda a: np.nan_to_num(a) > 0),
    "pandas objects": _frame("object"),
    "pandas of mixed types": _mixed_types,
    "pandas numbers as names": pd.DataFrame,
    "pandas tuples as names": lambda a: pd.DataFrame(
        a, columns=pd.MultiIndex.from_product([["a"], _names(a)])
    ),
    "pandas from a row broadcast": lambda a: pd.DataFrame(np.broadcast_to(a[0], a.shape)),
    "polars Float64": _polars(pl.Float64),
    "polars Float32": _polars(pl.Float32),
    "polars Int64": lambda a: _polars(pl.Float64, np.trunc)(a).cast(pl.Int64),
    "polars Boolean": lambda a: _polars(pl.Float64)(a).cast(pl.Boolean),
}
EITHER_FRAMES = {
    "pandas category": _frame("category"),
    "pandas text of numbers": _frame("string[python]"),
    "pandas objects and NA": _frame(convert=_objects(float, missing=pd.NA)),
    "pandas sparse": _frame(pd.SparseDtype(float)),
    "pandas sparse of zeros": _frame(pd.SparseDtype(float, 0.0), np.nan_to_num),
    "matrix": lambda a: a.view(np.matrix),
    "polars Decimal": lambda a: _polars(pl.Float64)(a).cast(pl.Decimal(20, 4)),
    "polars text of numbers": lambda a: _polars(pl.Float64)(a).cast(pl.String),
    "polars categories": lambda a: _polars(pl.Float64)(a).cast(pl.String).cast(pl.Categorical),
}
REFUSED_FRAMES = {
    "csr_matrix": lambda a: scipy.sparse.csr_matrix(np.nan_to_num(a)),
    "csc_array": lambda a: scipy.sparse.csc_array(np.nan_to_num(a)),
    "coo_array": lambda a: scipy.sparse.coo_array(np.nan_to_num(a)),
    "pandas complex": _frame(convert=REFUSED["complex"]),
    "pandas dates": _frame(convert=REFUSED["dates"]),
    "pandas dates of a zone": lambda a: pd.DataFrame(
        {name: pd.date_range("2020", periods=len(a), tz="UTC") for name in _names(a)}
    ),
    "pandas periods": lambda a: pd.DataFrame(
        {name: pd.period_range("2020", periods=len(a), freq="D") for name in _names(a)}
    ),
    "pandas intervals": lambda a: pd.DataFrame(
        {name: pd.interval_range(0, len(a)) for name in _names(a)}
    ),
    "pandas text": _frame(convert=REFUSED["text"]),
    "pandas lists": lambda a: pd.DataFrame({name: [[1.0]] * len(a) for name in _names(a)}),
    "pandas one name for all": lambda a: pd.DataFrame(
        np.column_stack([a, a]), columns=["a"] * 2 * a.shape[1]
    ),
    "pandas names of two types": lambda a: pd.DataFrame(
        np.column_stack([a, a]), columns=[0, "a", *range(2, 2 * a.shape[1])]
    ),
    "pandas no columns": lambda a: pd.DataFrame(index=range(len(a))),
    "pandas nothing": lambda a: pd.DataFrame(),
    "pandas Series": lambda a: pd.Series(a[:, 0]),
    "polars dates": lambda a: _polars(pl.Float64)(np.zeros_like(a)).cast(pl.Int32).cast(pl.Date),
    "polars text": lambda a: _polars(pl.Float64)(a).select(pl.all().cast(pl.String) + "x"),
    "polars lists": lambda a: pl.DataFrame({name: [[1.0]] * len(a) for name in _names(a)}),
    "polars structs": lambda a: pl.DataFrame({name: [{"b": 1}] * len(a) for name in _names(a)}),
    "polars bytes": lambda a: pl.DataFrame({name: [b"x"] * len(a) for name in _names(a)}),
    "polars objects": lambda a: pl.DataFrame({name: [object()] * len(a) for name in _names(a)}),
    "polars Series": lambda a: pl.Series(a[:, 0]),
    "polars LazyFrame": lambda a: pl.DataFrame(a).lazy(),
    "no columns": lambda a: a[:, :0],
    "no rows": lambda a: a[:0],
    "one dimension": lambda a: a[:, 0],
    "four dimensions": lambda a: a[..., np.newaxis, np.newaxis],
}

# Disguises of targets and weights, of one dimension


def _series(dtype=None, convert=lambda a: a):
    return lambda a: pd.Series(convert(a), dtype=dtype)


SERIES = {
    "Series": _series(),
    "Series of another index": lambda a: pd.Series(a, pd.date_range("2020", periods=len(a))[::-1]),
    "Series of one label": lambda a: pd.Series(a, [0] * len(a)),
    "Series of Float64": _series("Float64"),
    "Series of Int64": _series("Int64", np.trunc),
    "Series of boolean": _series("boolean", lambda a: np.where(np.isnan(a), a, a > 0)),
    "Series of objects": _series("object"),
    "polars Series": lambda a: pl.Series([None if np.isnan(v) else v for v in a.tolist()]),
    "array of pandas": lambda a: pd.array(a, dtype="Float64"),
}
EITHER_SERIES = {
    "column": lambda a: a[:, np.newaxis],
    "DataFrame of one column": lambda a: pd.DataFrame({"y": a}),
    "polars DataFrame of one column": lambda a: pl.DataFrame({"y": a}),
    "Series of categories": _series("category"),
    "Series of text of numbers": _series("string[python]"),
    "Series of objects and NA": _series("object", _objects(float, missing=pd.NA)),
    "sparse Series": lambda a: pd.Series(pd.arrays.SparseArray(a)),
}
REFUSED_SERIES = {
    "Series of text": lambda a: pd.Series(["red"] * len(a)),
    "Series of dates": lambda a: pd.Series(pd.date_range("2020", periods=len(a))),
    "Series of dates of a zone": lambda a: pd.Series(
        pd.date_range("2020", periods=len(a), tz="Europe/Berlin")
    ),
    "Series of periods": lambda a: pd.Series(pd.period_range("2020", periods=len(a), freq="D")),
    "Series of lists": lambda a: pd.Series([[1.0]] * len(a)),
    "polars Series of lists": lambda a: pl.Series([[1.0]] * len(a)),
    "too few": lambda a: a[:-1],
    "none": lambda a: a[:0],
    "three dimensions": lambda a: a[:, np.newaxis, np.newaxis],
    "no columns": lambda a: np.empty((len(a), 0)),
    "sparse": lambda a: scipy.sparse.csr_matrix(np.nan_to_num(a)),
}

ARRAYS = (ACCEPTED, EITHER, REFUSED)
TABLES = tuple(a | b for a, b in zip(ARRAYS, (FRAMES, EITHER_FRAMES, REFUSED_FRAMES), strict=True))
TARGETS = tuple(a | b for a, b in zip(ARRAYS, (SERIES, EITHER_SERIES, REFUSED_SERIES), strict=True))


# Numbers that almost all types above can hold.
PLAIN = st.sampled_from([-3.0, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 1.5, 2.0, 3.0, 7.0])
# The largest and the smallest floats.
EXTREME = st.sampled_from(
    [
        *(1e300, -1e300, 1.7e308, -1.7e308, 1e150, 1e39, -1e39, 3.4e38, -3.4e38, 1e30, 2.0**53 + 2),
        *(1e-30, 1e-45, 1e-300, 5e-324, -5e-324, -0.0, 1 / 3, 3.4028235e38),
    ]
)
INFINITE = st.sampled_from([np.inf, -np.inf])


@st.composite
def arrays(draw, shape, elements=PLAIN, more=None, share=0.5):
    """Draw an array, with some elements from `more`."""
    n = int(np.prod(shape))
    values = draw(st.lists(elements, min_size=n, max_size=n))
    if more is not None and n:
        for place in draw(st.lists(st.integers(0, n - 1), max_size=max(1, int(n * share)))):
            values[place] = draw(more)
    return np.array(values, dtype=np.float64).reshape(shape)


@st.composite
def dressed(draw, kinds, *shapes, **how):
    """Draw arrays of these shapes in a container of one kind, and whether it must be accepted.

    The second value is True, False, or None if both are correct.
    """
    verdict = draw(st.sampled_from([True, True, None, False]))
    of_verdict = dict(zip((True, None, False), kinds, strict=True))[verdict]
    dress = of_verdict[draw(st.sampled_from(sorted(of_verdict)))]
    values = [draw(arrays(shape, **how)) for shape in shapes]
    try:
        # Infinity becomes some int, which is then the value of the container.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return *(dress(a) for a in values), verdict
    except (ValueError, TypeError, IndexError, OverflowError, pl.exceptions.PolarsError):
        # The container cannot hold these values, or no values.
        reject()
