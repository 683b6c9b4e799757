"""Whatever is given: a right answer, or an error that says what to do, and nothing is changed.

A run of many rounds with many more examples is `trust/fuzz.py`.
"""

import contextlib
import copy
import functools
import hashlib
import itertools
import tempfile
import warnings
from fractions import Fraction
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fuzzing import (
    ARRAYS,
    EXTREME,
    INFINITE,
    PLAIN,
    TABLES,
    TARGETS,
    Refusal,
    arrays,
    attempt,
    cells,
    dressed,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

import skrnn._keras.fitting
import skrnn._network.prediction
from skrnn import (
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    NaiveRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
    forecast,
    stack_sequences,
)

# A longer run has a profile of more examples (conftest.py).
quick = settings(max_examples=settings.default.max_examples, deadline=None)
slow = settings(max_examples=settings.default.max_examples // 4, deadline=None)

LARGEST = float(np.finfo(np.float32).max)
NAN = st.just(np.nan)
ANYTHING = NAN | EXTREME | INFINITE


# Windows

window_params = st.fixed_dictionaries(
    {
        "window_length": st.integers(1, 4),
        "horizon": st.integers(0, 3),
        "padding": st.sampled_from(["mean", "nan"]),
        "flatten": st.booleans(),
        "carry_context": st.booleans(),
    }
)


def assert_windows(windows, rows, context, fitted, params, n_missing=0):
    """Compare with windows that are looked up step by step; `fitted` is what the means are of.

    Between the context and the rows `n_missing` steps are missing.
    """
    n_steps, horizon = params["window_length"], params["horizon"]
    windows = np.asarray(windows, dtype=np.float64).reshape(len(rows), n_steps, rows.shape[1])
    for t, step, j in np.ndindex(windows.shape):
        source, found = t - horizon - n_steps + 1 + step, windows[t, step, j]
        if source >= 0:
            assert_array_equal(found, rows[source, j])
        elif -len(context) <= source + n_missing < 0:
            assert_array_equal(found, context[source + n_missing, j])
        elif params["padding"] == "nan":
            assert np.isnan(found)
        else:
            known = [Fraction(value) for value in fitted[:, j] if not np.isnan(value)]
            mean = sum(known) / len(known) if known else Fraction(0)
            size = max(map(abs, known), default=Fraction(0))
            assert np.isfinite(found)
            assert abs(Fraction(found) - mean) <= size * Fraction(1, 10**6) + Fraction(1, 10**40)


def is_the_fitted_series(rows, fitted, params):
    """Tell whether rows without labels are to be taken for those that were fitted."""
    head = fitted[: params["window_length"] + params["horizon"] - 1]
    return np.array_equal(rows[: len(head)], head, equal_nan=True)


@quick
@given(data=st.data(), params=window_params, n_features=st.integers(1, 3))
def test_windows_of_any_container_are_those_of_a_loop(data, params, n_features):
    shapes = [(n, n_features) for n in data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))]
    fitted, rows, verdict = data.draw(dressed(TABLES, *shapes, more=ANYTHING))
    window = SlidingWindowTransformer(**params)
    done = attempt(lambda: window.fit(fitted), [fitted], window)
    if isinstance(done, Refusal):
        assert verdict is not True or np.isinf(cells(fitted)).any()
        return
    assert verdict is not False
    values = cells(fitted)
    assert np.isfinite(values[~np.isnan(values)]).all()
    windows = attempt(lambda: window.transform(rows), [fitted, rows], window)
    if isinstance(windows, Refusal):
        assert verdict is None or np.isinf(cells(rows)).any()
        return
    trusted = params["carry_context"] and not is_the_fitted_series(cells(rows), values, params)
    assert_windows(windows, cells(rows), values if trusted else values[:0], values, params)


def _dates(n, **how):
    return pd.date_range("2024-03-28", periods=n, **how)


# Labels of as many rows.
INDEXES = {
    "numbers from 0": pd.RangeIndex,
    "numbers from 3": lambda n: pd.RangeIndex(3, n + 3),
    "every second number": lambda n: pd.Index(np.arange(0, 2 * n, 2)),
    "small numbers": lambda n: pd.Index(np.arange(n, dtype=np.int8) + 127 - n),
    "unsigned numbers": lambda n: pd.Index(np.arange(n, dtype=np.uint64)),
    "floats": lambda n: pd.Index(np.arange(n) / 4),
    "floats and NaN": lambda n: pd.Index([np.nan, *np.arange(1.0, n)]),
    "nullable numbers": lambda n: pd.Index(pd.array([*range(n - 1), pd.NA], dtype="Int64")),
    "numbers backward": lambda n: pd.Index(np.arange(n)[::-1]),
    "numbers unsorted": lambda n: pd.Index(np.arange(n) * 7 % 10),
    "numbers in pairs": lambda n: pd.Index(np.arange(n) // 2),
    "one number": lambda n: pd.Index([1] * n),
    "words": lambda n: pd.Index([f"row{i}" for i in range(n)]),
    "numbers and words": lambda n: pd.Index([i if i % 2 else f"row{i}" for i in range(n)]),
    "None": lambda n: pd.Index([None] * n, dtype=object),
    "truths": lambda n: pd.Index(np.arange(n) > 3),
    "categories": lambda n: pd.CategoricalIndex(np.arange(n)),
    "days": lambda n: _dates(n, freq="D"),
    "days of a zone": lambda n: _dates(n, freq="D", tz="Europe/Berlin"),
    "hours of a zone": lambda n: _dates(n, freq="h", tz="America/New_York"),
    "business days": lambda n: _dates(n, freq="B"),
    "months in seconds": lambda n: _dates(n, freq="ME", unit="s"),
    "days backward": lambda n: _dates(n, freq="D")[::-1],
    "one day": lambda n: _dates(1).repeat(n),
    "days and NaT": lambda n: pd.DatetimeIndex([*_dates(n - 1), pd.NaT]),
    "days of Python": lambda n: pd.Index(_dates(n).date, dtype=object),
    "days of two zones": lambda n: pd.Index(
        [day.tz_localize(["UTC", "Asia/Tokyo"][i % 2]) for i, day in enumerate(_dates(n))]
    ),
    "periods": lambda n: pd.period_range("2024-01", periods=n, freq="M"),
    "durations": lambda n: pd.timedelta_range("1D", periods=n),
    "intervals": lambda n: pd.interval_range(0, n),
    "two levels": lambda n: pd.MultiIndex.from_arrays([range(n), _dates(n)], names=["a", "b"]),
}


# Labels of one distance, whose steps are counted whatever part of them is there.
ONE_DISTANCE = {
    *("numbers from 3", "every second number", "floats", "hours of a zone", "months in seconds"),
    *("periods", "durations", "small numbers"),
}


def is_in_order(labels):
    """Tell whether labels increase, as Python compares them; None where it cannot."""
    if isinstance(labels, pd.MultiIndex):
        return None
    labels = labels.tolist()
    try:
        return all(after > before for before, after in itertools.pairwise(labels))
    except TypeError:
        return None


def assert_windows_after_some_steps(windows, rows, context, fitted, params):
    """Check that windows are those after the context and a number of missing steps, or fresh."""
    most = params["window_length"] + params["horizon"]
    for n_missing in range(most):
        with contextlib.suppress(AssertionError):
            assert_windows(windows, rows, context, fitted, params, n_missing)
            return
    assert_windows(windows, rows, context[:0], fitted, params)


@quick
@given(
    data=st.data(),
    params=window_params,
    sizes=st.tuples(st.integers(1, 6), st.integers(0, 2), st.integers(1, 5)),
    container=st.sampled_from(["default", "pandas", "polars"]),
    gaps=st.sampled_from(["warn", "ignore", "missing", "raise"]),
)
def test_labels_of_any_kind_decide_what_goes_before(data, params, sizes, container, gaps):
    n_fitted, n_between, n_rows = sizes
    n = sum(sizes)
    name = data.draw(st.sampled_from(sorted(INDEXES)))
    make, other = INDEXES[name], data.draw(st.sampled_from(sorted(INDEXES)))
    make_later = data.draw(st.sampled_from([make, make, INDEXES[other]]))
    frame = pd.DataFrame({"a": data.draw(arrays(n)), "b": data.draw(arrays(n, more=NAN))})
    fitted = frame[:n_fitted].set_axis(make(n)[:n_fitted])
    rows = frame[-n_rows:].set_axis(make_later(n)[-n_rows:])
    if data.draw(st.booleans()):
        rows = rows.reset_index(drop=True)
    # A hole, or rows in any order.
    order = data.draw(st.permutations(range(n_rows)) | st.just([*range(n_rows)][:1]))
    if data.draw(st.integers(0, 3)) == 0:
        rows = rows.iloc[order]
    window = SlidingWindowTransformer(**params, gaps=gaps).set_output(transform=container)
    done = attempt(lambda: window.fit(fitted), [fitted], window)
    if isinstance(done, Refusal):
        is_two_levels = fitted.index.nlevels > 1 and n_fitted > 1
        assert is_two_levels or not is_in_order(fitted.index) or gaps == "raise"
        return
    windows = attempt(lambda: window.transform(rows), [fitted, rows], window)
    if isinstance(windows, Refusal):
        is_two_levels = rows.index.nlevels > 1 and len(rows) > 1
        assert is_two_levels or not is_in_order(rows.index) or gaps == "raise"
        return
    if container == "pandas" and params["flatten"]:
        assert windows.index.equals(rows.index)
    values, later = fitted.to_numpy(), rows.to_numpy()
    if gaps == "missing":
        assert np.asarray(windows).reshape(len(rows), -1).shape[1] == 2 * params["window_length"]
        return
    context = values if params["carry_context"] else values[:0]
    assert_windows_after_some_steps(windows, later, context, values, params)
    following = make(n)[-n_rows:]
    # pandas warns if it compares the dates of Python with its own.
    is_comparable = (rows.index.inferred_type == "date") == (following.inferred_type == "date")
    is_next = is_comparable and rows.index.equals(following)
    if is_next and name in ONE_DISTANCE and n_fitted > 1 and params["carry_context"]:
        assert_windows(windows, later, values, values, params, n_between)


# Names of series.
NAMES = {
    "words": ["a", "b", ""],
    "numbers": [1, 2, -(2**62)],
    "floats": [0.5, -0.0, 1e300],
    "truths": [True, False, True],
    "days": [*_dates(3)],
    "days of a zone": [*_dates(3, tz="Europe/Berlin")],
    "bytes": [b"a", b"b", b"c"],
    "tuples": [(1, 2), (1, 3), (2,)],
    "numbers and words": [1, "1", 2],
    "large numbers": [10**30, 10**31, 1],
    "periods": [*pd.period_range("2024", periods=3, freq="Y")],
    "missing": ["a", None, "b"],
    "not a number": [1.0, np.nan, 2.0],
    "not available": ["a", pd.NA, "b"],
    "not a time": [pd.NaT, *_dates(2)],
}


@quick
@given(
    data=st.data(),
    params=window_params,
    names=st.sampled_from(sorted(NAMES)),
    where=st.sampled_from(["column", "level", "level beside days", "category", "polars"]),
)
def test_windows_of_series_of_any_name_are_those_of_each_alone(data, params, names, where):
    sizes = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    frames, tables = [], []
    for first, n in zip((0, sizes[0]), sizes, strict=True):
        codes = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
        series = pd.Series([NAMES[names][code] for code in codes], dtype=object)
        if names not in ("tuples", "numbers and words", "large numbers", "bytes"):
            series = series.infer_objects()
        values = data.draw(arrays((n, 2), more=NAN))
        frame = pd.DataFrame(values, columns=["x", "y"])
        if where == "level":
            frame.index = pd.Index(series.array, name="id", tupleize_cols=False)
        elif where == "level beside days":
            days = pd.date_range("2024", periods=first + n)[first:]
            frame.index = pd.MultiIndex.from_arrays(
                [pd.Index(series.array, tupleize_cols=False), days]
            )
            frame.index.names = ["id", "day"]
        else:
            frame["id"] = series.astype("category") if where == "category" else series.array
        frames.append(frame)
        tables.append((codes, values))
    if where == "polars":
        if names not in ("words", "numbers", "floats", "truths", "days", "bytes", "missing"):
            return  # polars has no columns of these
        frames = [
            pl.DataFrame(
                {"x": values[:, 0], "y": values[:, 1], "id": [NAMES[names][c] for c in codes]}
            )
            for codes, values in tables
        ]
    fitted, rows = frames
    window = SlidingWindowTransformer(**params, group="id")
    done = attempt(lambda: window.fit(fitted), [fitted], window)
    lacks = [any(pd.isna(NAMES[names][c]) is True for c in codes) for codes, _ in tables]
    assert isinstance(done, Refusal) == lacks[0]
    if lacks[0]:
        return
    windows = attempt(lambda: window.transform(rows), [fitted, rows], window)
    assert isinstance(windows, Refusal) == lacks[1]
    if lacks[1]:
        return
    windows = np.asarray(windows).reshape(sizes[1], -1)
    # Those of one name are one series.
    numbers = [0, 1, 0] if names == "truths" else [0, 1, 2]
    (codes, values), (later_codes, later) = (
        (np.array([numbers[code] for code in codes]), values) for codes, values in tables
    )
    for number in set(later_codes):
        mine, before = later[later_codes == number], values[codes == number]
        own, context = (
            windows[later_codes == number],
            before if params["carry_context"] else before[:0],
        )
        if where == "level beside days":
            assert_windows_after_some_steps(own, mine, context, values, params)
            continue
        context = context[:0] if is_the_fitted_series(mine, before, params) else context
        assert_windows(own, mine, context, values, params)


# One network of each kind, and whatever may be asked of it


@functools.cache
def fitted_model(kind):
    """Fitted once: not to be fitted again."""
    rng = np.random.default_rng(0)
    X, steps = rng.normal(size=(8, 3)), rng.normal(size=(8, 3, 2))
    how = {"epochs": 1, "batch_size": 4, "random_state": 0}
    if kind == "regressor":
        return RNNRegressor(1, **how).fit(X, X.sum(axis=1))
    if kind == "classifier":
        return LSTMClassifier(1, **how).fit(X, np.arange(8) % 2)
    if kind == "symbols":
        return GRURegressor(1, embedding_dim=1, **how).fit(np.arange(24).reshape(8, 3) % 5, X[:, 0])
    architecture = "sequence_to_sequence"
    return GRURegressor(1, architecture=architecture, **how).fit(steps, steps[..., 0])


KINDS = ("regressor", "classifier", "symbols", "sequences")


def is_usable(X, kind):
    """Tell whether a network can be given these numbers."""
    finite = X[~np.isnan(X)]
    if not (np.abs(finite) <= LARGEST).all():
        return False
    if kind == "symbols":
        return bool((finite >= 0).all() and (finite == np.floor(finite)).all())
    return X.ndim == 2 or bool((np.isnan(X).any(axis=-1) == np.isnan(X).all(axis=-1)).all())


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(data=st.data())
def test_any_container_is_predicted_as_the_plain_array(kind, data):
    model = fitted_model(kind)
    method = data.draw(st.sampled_from(["predict", "predict_proba"]))
    ask = getattr(model, method if kind == "classifier" else "predict")
    shape = (data.draw(st.integers(1, 9)), 3, *([2] if kind == "sequences" else []))
    kinds = ARRAYS if kind == "sequences" else TABLES
    elements = st.integers(0, 7).map(float) if kind == "symbols" else PLAIN
    X, verdict = data.draw(dressed(kinds, shape, elements=elements, more=ANYTHING, share=0.2))
    before = vars(model).copy()
    predicted = attempt(lambda: ask(X), [X], model)
    assert vars(model) == before
    if isinstance(predicted, Refusal):
        assert verdict is not True or not is_usable(cells(X), kind)
        return
    assert verdict is not False
    assert is_usable(cells(X), kind)
    assert np.isfinite(predicted).all()
    assert_array_equal(predicted, ask(cells(X)))


@pytest.mark.parametrize("kind", KINDS)
@quick
@given(
    shape=st.lists(st.integers(0, 4), max_size=4),
    fill=st.sampled_from([0.0, 1.0, np.nan, np.inf, 1e300]),
    dtype=st.sampled_from(["f8", "f4", "i8", "O"]),
)
def test_any_shape_is_predicted_row_by_row_or_refused(kind, shape, fill, dtype):
    if dtype == "i8" and not abs(fill) < 10:
        fill = 2.0
    if dtype == "f4" and fill == 1e300:
        fill = np.inf
    X = np.full(shape, fill).astype(dtype)
    model = fitted_model(kind)
    predicted = attempt(lambda: model.predict(X), [X], model)
    n_dimensions = 3 if kind == "sequences" else 2
    fits = len(shape) == n_dimensions and shape[-1] == model.n_features_in_ and all(shape)
    assert isinstance(predicted, Refusal) == (not fits or fill in (np.inf, 1e300))
    if not isinstance(predicted, Refusal):
        assert np.isfinite(predicted).all()
        assert len(predicted) == shape[0]


def r_squared(y, predicted, weight):
    mean = np.average(y, weights=weight)
    return 1 - (weight * (y - predicted) ** 2).sum() / (weight * (y - mean) ** 2).sum()


@slow
@given(data=st.data(), n=st.integers(1, 8))
def test_score_of_targets_and_weights_in_any_container_is_that_of_the_plain_ones(data, n):
    model = fitted_model("regressor")
    X = np.random.default_rng(n).normal(size=(n, 3))
    y, weight, verdicts = draw_targets_and_weights(data, n)
    score = attempt(lambda: model.score(X, y, weight), [X, y, weight], model)
    if isinstance(score, Refusal):
        assert not all(verdicts) or not are_usable(y, weight, n)
        return
    assert False not in verdicts
    values = cells(y).reshape(n)
    assert np.isfinite(values).all()
    weights = np.ones(n) if weight is None else cells(weight).reshape(n)
    # Squares of smaller differences are 0.
    is_spread = np.ptp(values) > 1e-100
    if is_spread and (weights > 0).all() and np.abs(values).max() < 1e100:
        expected = r_squared(values, model.predict(X), weights)
        assert score == pytest.approx(expected, rel=1e-6, abs=1e-9)


def draw_targets_and_weights(data, n):
    """Draw targets and weights in containers, and a verdict for each."""
    y, verdict_y = data.draw(dressed(TARGETS, n, more=ANYTHING, share=0.2))
    if data.draw(st.booleans()):
        return y, None, (verdict_y, True)
    weights, others = st.sampled_from([0.0, 0.5, 1.0, 2.0]), ANYTHING | st.just(-1.0)
    weight, verdict = data.draw(dressed(TARGETS, n, elements=weights, more=others, share=0.2))
    if weight is None or np.isscalar(weight):
        # None is no target, but as a weight it means that there are none; one number is the weight
        # of all rows.
        return y, None, (verdict_y, True)
    return y, weight, (verdict_y, verdict)


def are_usable(y, weight, n):
    """Tell whether targets and weights are numbers that can be trained on or scored for sure."""
    y = cells(y)
    if y.size != n or not np.isfinite(y).all() or np.abs(y).max() > 1e100:
        return False
    if weight is None:
        return True
    weight = cells(weight)
    if weight.size != n or not np.isfinite(weight).all():
        return False
    return bool((weight >= 0).all() and 1e-30 < weight.max() < 1e30)


# Training


@slow
@given(
    data=st.data(),
    n=st.integers(1, 8),
    method=st.sampled_from(["fit", "partial_fit", "go on", "warm start"]),
    params=st.fixed_dictionaries(
        {},
        optional={
            "dropout": st.sampled_from([0, 0.5, np.float32(0.25), 1 - 1e-7]),
            "learning_rate": st.sampled_from([1e-300, 1e-6, 0.1, 1, np.float16(0.5), None]),
            "epochs": st.sampled_from([1, 2, np.int8(2), True]),
            "shuffle": st.booleans(),
            "memory_steps": st.sampled_from([None, 2, 1000, 2**40, 10**30]),
            "random_state": st.sampled_from([0, 2**32 - 1, np.uint8(7)]),
            "early_stopping": st.booleans(),
            "validation_split": st.sampled_from([0.5, 1e-9, 1 - 1e-16]),
            "patience": st.sampled_from([0, 10**30]),
            "normalize_y": st.booleans(),
        },
    ),
)
def test_training_on_any_container_ends_in_the_weights_of_the_plain_arrays(data, n, method, params):
    model = GRURegressor(1, epochs=1, batch_size=4, random_state=3).set_params(**params)
    if method in ("go on", "warm start"):
        start = np.arange(18.0).reshape(6, 3) % 5
        model.set_params(early_stopping=False).fit(start, start[:, 0])
    model.set_params(warm_start=method == "warm start")
    train = "partial_fit" if method in ("partial_fit", "go on") else "fit"
    X, verdict = data.draw(dressed(TABLES, (n, 3), more=ANYTHING, share=0.2))
    y, weight, verdicts = draw_targets_and_weights(data, n)
    twin = copy.deepcopy(model)
    done = attempt(lambda: getattr(model, train)(X, y, weight), [X, y, weight], model)
    if isinstance(done, Refusal):
        assert (
            not all((verdict, *verdicts))
            or not is_usable(cells(X), "regressor")
            or np.isnan(cells(X)).all(axis=1).any()
            or not are_usable(y, weight, n)
            or model.early_stopping
            or not model.normalize_y
            # The fitted rows set the scale, which float32 limits.
            or (method == "go on" and np.abs(cells(y)).max() > 1e30)
        )
        return
    assert False not in (verdict, *verdicts)
    plain = [None if given is None else cells(given) for given in (X, y, weight)]
    assert is_usable(plain[0], "regressor")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # weights near the end of float32
        getattr(twin, train)(*plain)
    for found, expected in zip(model.weights_, twin.weights_, strict=True):
        assert_array_equal(found, expected)
        assert np.isfinite(found).all()
    predicted = attempt(lambda: model.predict(np.nan_to_num(plain[0])), [], model)
    assert np.isfinite(predicted).all()


LABELS = {
    "numbers": [0, 1],
    "far numbers": [-(2**62), 2**62],
    "whole floats": [0.0, 1.0],
    "floats": [0.5, 1.5],
    "truths": [False, True],
    "words": ["a", "b"],
    "bytes": [b"a", b"b"],
    "None": ["a", None],
    "NaN": [1.0, np.nan],
    "infinity": [1.0, np.inf],
    "NA": [1, pd.NA],
    "words and numbers": ["a", 1],
    "a number and its word": ["1", 1],
    "dates": [*_dates(2)],
    "dates of a zone": [*_dates(2, tz="UTC")],
    "large numbers": [10**30, -(10**30)],
    "complex numbers": [1j, 2j],
    "tuples": [(1, 2), (1, 3)],
    "sets": [{1}, {2}],
    "fractions": [Fraction(1, 2), Fraction(1, 3)],
    "one": ["a", "a"],
}
LABEL_CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "array of objects": lambda y: np.fromiter(y, object),
    "column": lambda y: np.array(y)[:, np.newaxis],
    "Series": pd.Series,
    "Series of objects": lambda y: pd.Series(y, dtype=object),
    "category": lambda y: pd.Series(y).astype("category"),
    "DataFrame": lambda y: pd.DataFrame({"y": y}),
    "polars Series": lambda y: pl.Series(y, strict=False),
    "two columns": lambda y: np.column_stack([np.array(y)] * 2),
    "rows of zeros and a one": lambda y: np.eye(2)[[label == y[0] for label in y]],
    "set": set,
    "too few": lambda y: y[:-1],
}


@slow
@given(
    data=st.data(),
    labels=st.sampled_from(sorted(LABELS)),
    container=st.sampled_from(sorted(LABEL_CONTAINERS)),
    class_weight=st.sampled_from(
        [
            None,
            None,
            None,
            "balanced",
            {},
            {0: 2.0},
            {"a": 1e300},
            {"a": 0.0},
            {"b": np.nan},
            {1: "x"},
        ]
    ),
    method=st.sampled_from(["fit", "partial_fit", "go on"]),
)
def test_labels_of_any_kind_are_learned_by_their_place_or_refused(
    data, labels, container, class_weight, method
):
    n = data.draw(st.integers(1, 8))
    codes = [0, 1, *data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))]
    X = np.arange(3.0 * len(codes)).reshape(-1, 3) % 7
    try:
        y = LABEL_CONTAINERS[container]([LABELS[labels][code] for code in codes])
    except Exception:
        return  # no such container can hold them
    makes_words = ("list", "tuple", "array", "column", "polars Series")
    if labels == "words and numbers" and container in makes_words:
        return  # Of the numbers too, and scikit-learn's classifiers learn these.
    model = LSTMClassifier(1, epochs=1, batch_size=4, random_state=0, class_weight=class_weight)
    if method == "go on":
        model = copy.deepcopy(fitted_model("classifier")).set_params(class_weight=class_weight)
    call = {
        "fit": lambda: model.fit(X, y),
        "partial_fit": lambda: model.partial_fit(X, y, classes=LABELS[labels]),
        "go on": lambda: model.partial_fit(X, y),
    }[method]
    done = attempt(call, [X, y], model)
    plain = labels in ("numbers", "far numbers", "whole floats", "truths", "words")
    easy = container in ("list", "tuple", "array", "Series", "category", "polars Series")
    if isinstance(done, Refusal):
        assert not (plain and easy) or class_weight is not None or method == "go on"
        return
    assert model.classes_.shape == (2,)
    predicted = attempt(lambda: model.predict(X), [X], model)
    assert set(predicted.tolist()) <= set(model.classes_.tolist())
    if method == "fit":
        assert set(model.classes_.tolist()) == set(LABELS[labels])
    score = attempt(lambda: model.score(X, y), [X, y], model)
    hits = [label == LABELS[labels][code] for label, code in zip(predicted, codes, strict=True)]
    assert score == pytest.approx(np.mean(hits))


JUNK = [
    *(None, True, False, -1, 0, 1, 2, 10**30, -(10**30), 0.5, 1.0, 1.5, -0.5),
    *(np.nan, np.inf, -np.inf, 1e300, 1e-300, "", "a", b"a", (), [], {}, (1,), (0, 1), ["a"]),
    *({"a": 1}, {1}, object(), int, len, np.float32(0.5), np.int8(1), np.array([1.0]), np.array(1)),
    *(
        pd.NA,
        pd.NaT,
        Fraction(1, 2),
        1 + 0j,
        pd.Timestamp("2024-01-01"),
        np.datetime64("NaT", "D"),
        ...,
    ),
    *(pd.Series([1]), pl.Series([1]), range(3), np.str_("a"), np.bool_(True), "\0", "é" * 1000),
]
# Parameters of which none of the above is right, but for what is named; 1 is, where 0.5 is.
FEW = (np.float32(0.5), Fraction(1, 2), np.int8(1))
PARAMETERS = {
    "units": (True, 1, 2, (1,), np.int8(1)),
    "dropout": (0, 0.5, *FEW, 1e-300, False),
    "recurrent_dropout": (0, 0.5, *FEW, 1e-300, False),
    "embedding_dim": (None, True, 1, 2, np.int8(1)),
    "activation": (int, len),
    "kernel_regularizer": (
        None,
        int,
        len,
        True,
        False,
        0,
        1,
        2,
        0.5,
        1.0,
        1.5,
        10**30,
        1e300,
        1e-300,
        *FEW,
    ),
    "bidirectional": (True, False, np.bool_(True)),
    "architecture": (),
    "linear_skip": (True, False, np.bool_(True)),
    "normalize_y": (True, False, np.bool_(True)),
    "loss": (int, len),
    "optimizer": (),
    "learning_rate": (None, True, 1, 2, 0.5, 1.0, 1.5, 10**30, 1e300, 1e-300, *FEW),
    "clipnorm": (None, True, 1, 2, 0.5, 1.0, 1.5, 10**30, 1e300, 1e-300, *FEW),
    "epochs": (True, 1, 2, np.int8(1), 10**30),
    "batch_size": (True, 1, 2, np.int8(1), 10**30),
    "shuffle": (True, False, np.bool_(True)),
    "early_stopping": (True, False, np.bool_(True)),
    "validation_split": (0.5, *FEW, 1e-300),
    "patience": (True, False, 0, 1, 2, np.int8(1), 10**30),
    "callbacks": (None, []),
    "warm_start": (True, False, np.bool_(True)),
    "random_state": (None, 0, 1, 2, True, False, np.int8(1)),
    "verbose": (True, False, 0, 1, 2, np.int8(1)),
    "memory_steps": (None, 2, 10**30),
    "peephole": (True, False, np.bool_(True)),
}


class BuiltError(Exception):
    """A network would have been built."""


@quick
@given(
    name=st.sampled_from(sorted(PARAMETERS)),
    value=st.sampled_from(JUNK),
    method=st.sampled_from(["fit", "partial_fit"]),
)
def test_a_parameter_that_makes_no_sense_is_refused_before_a_network_is_built(name, value, method):
    X = np.arange(24.0).reshape(8, 3)
    model = LSTMRegressor(7, epochs=1).set_params(**{name: value})

    def train():
        try:
            return getattr(model, method)(X, X[:, 0])
        except BuiltError:
            return "built"

    with mock.patch.object(skrnn._keras.fitting, "make_initial_weights", side_effect=BuiltError):
        done = attempt(train, [X], model)
    makes_sense = any(
        value is right or (type(value) is type(right) and value == right)
        for right in PARAMETERS[name]
    )
    # Whether it is refused where it might make sense, other tests tell.
    assert isinstance(done, Refusal) or makes_sense


# Without a network


@quick
@given(
    data=st.data(),
    strategy=st.sampled_from(["last", "seasonal", "drift", "mean"]),
    season_length=st.integers(1, 4),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 4)),
)
def test_naive_forecasts_of_any_container_are_those_of_a_loop(data, strategy, season_length, sizes):
    n, n_steps = sizes
    X, verdict = data.draw(dressed(TABLES, (n, n_steps), more=ANYTHING, share=0.1))
    y, _, (verdict_y, _) = draw_targets_and_weights(data, n)
    naive = NaiveRegressor(strategy, season_length)
    done = attempt(lambda: naive.fit(X, y), [X, y], naive)
    too_short = n_steps < {"drift": 2, "seasonal": season_length}.get(strategy, 1)
    if isinstance(done, Refusal):
        assert (
            not verdict
            or not verdict_y
            or too_short
            or not np.isfinite(cells(X)).all()
            or not are_usable(y, None, n)
        )
        return
    assert False not in (verdict, verdict_y, not too_short)
    windows = cells(X)
    assert np.isfinite(windows).all()
    predicted = attempt(lambda: naive.predict(X), [X, y], naive)
    if isinstance(predicted, Refusal):
        assert strategy in ("drift", "mean")
        assert np.abs(windows).max() > (1e37 if strategy == "drift" else 1e38)
        return
    for window, found in zip(windows, predicted, strict=True):
        size = max(map(abs, window))
        if strategy in ("last", "seasonal"):
            season = 1 if strategy == "last" else season_length
            assert_array_equal(found, window[len(window) - season])
        else:
            values = [Fraction(value) for value in window]
            expected = sum(values) / len(values)
            if strategy == "drift":
                expected = values[-1] + (values[-1] - values[0]) / (len(values) - 1)
            assert np.isfinite(found)
            # float32 windows have a mean in float32.
            assert abs(Fraction(float(np.ravel(found)[0])) - expected) <= Fraction(size) / 10**6


FRAMES = (pd.DataFrame, pl.DataFrame)


@quick
@given(data=st.data(), n_features=st.sampled_from([None, 1, 2]))
def test_sequences_of_any_container_stand_where_a_loop_puts_them(data, n_features):
    lengths = data.draw(st.lists(st.integers(0, 4), max_size=4))
    sequences, verdicts = [], []
    for length in lengths:
        shape = (length,) if n_features is None else (length, n_features)
        kinds = TARGETS if n_features is None else TABLES
        sequence, verdict = data.draw(dressed(kinds, shape, more=ANYTHING))
        sequences.append(sequence)
        verdicts.append(verdict)
    X = attempt(lambda: stack_sequences(sequences), sequences)
    if isinstance(X, Refusal):
        # Columns of frames belong together by their names.
        names = {tuple(frame.columns) for frame in sequences if isinstance(frame, FRAMES)}
        assert not all(verdicts) or not any(lengths) or 0 in lengths or len(names) > 1
        return
    # "An empty list" and what is cut off are sequences, too.
    read = [cells(sequence) for sequence in sequences]
    n = max(map(len, read))
    # A frame may have more columns, of one name.
    n_features = max(values.shape[1] if values.ndim == 2 else 1 for values in read if len(values))
    assert X.shape == (len(read), n, n_features)
    for values, found in zip(read, X, strict=True):
        values = values.reshape(len(values), n_features)
        assert_array_equal(found[: len(values)], values)
        assert np.isnan(found[len(values) :]).all()


# Labels that continue by a rule.
REGULAR = (
    *(
        "numbers from 0",
        "numbers from 3",
        "every second number",
        "floats",
        "days",
        "days of a zone",
    ),
    *("hours of a zone", "business days", "months in seconds", "periods", "durations"),
)


@quick
@given(
    data=st.data(),
    n=st.integers(1, 6),
    labels=st.sampled_from([*sorted(INDEXES), *REGULAR]),
    steps=st.integers(1, 4) | st.integers(1, 4) | st.sampled_from(JUNK),
    target=st.none() | st.none() | st.sampled_from(["a", "b", 0, *JUNK]),
)
def test_forecasts_continue_by_the_loop_and_the_labels_or_are_refused(
    data, n, labels, steps, target
):
    values = data.draw(arrays((n, 1)))
    rows = pd.DataFrame(values, index=INDEXES[labels](n), columns=["a"])
    if data.draw(st.booleans()):
        rows = values
    pipeline = make_pipeline(
        SlidingWindowTransformer(2, flatten=False), NaiveRegressor(strategy="drift")
    )
    # Labels in another order than time are refused.
    if isinstance(attempt(lambda: pipeline.fit(rows, values[:, 0]), [rows]), Refusal):
        return
    X = future = None
    if data.draw(st.booleans()):
        X, _ = data.draw(dressed(TABLES, (3, 1), more=ANYTHING, share=0.1))
    elif data.draw(st.booleans()):
        future, _ = data.draw(dressed(TABLES, (2, 1), more=ANYTHING, share=0.1))
    asked = attempt(
        lambda: forecast(pipeline, steps, X=X, future=future, target=target),
        [rows, X, future],
        pipeline[0],
    )
    regular = rows is values or (labels in REGULAR and n > 3)
    if isinstance(asked, Refusal):
        plain = X is None and future is None and target is None
        # As many as 10**30 are more than memory holds.
        assert not (regular and plain and type(steps) is int and 1 <= steps <= 4)
        return
    assert len(asked) == steps
    if X is not None and len(cells(X)):
        values = cells(X)
        if np.isnan(values).any():
            return
    line = [values[0, 0], *values[:, 0]][-2:]
    for found in asked:
        line.append(2 * line[-1] - line[-2])
        assert np.isfinite(found)
        assert abs(found - line[-1]) <= 1e-5 * max(map(abs, line))
    if isinstance(asked, pd.Series) and regular and X is future is None:
        assert asked.index.equals(INDEXES[labels](n + int(steps))[n:])


# Files


@functools.cache
def saved(kind):
    """What `save` writes of an estimator of ours alone: scikit-learn's warn of other versions."""
    with tempfile.TemporaryDirectory() as folder:
        if kind == "window":
            estimator = SlidingWindowTransformer(2).fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
        else:
            estimator = fitted_model(kind)
        skrnn.save(estimator, Path(folder) / "model.skrnn")
        return (Path(folder) / "model.skrnn").read_bytes()


def with_checksum(content):
    """Return a file with its own checksum, as a forger would write it."""
    start, separator, rest = content.partition(b"sha256 ")
    _, newline, body = rest.partition(b"\n")
    digest = hashlib.sha256(start + separator + body).hexdigest().encode()
    return start + separator + digest + newline + body


@quick
@given(
    data=st.data(),
    kind=st.sampled_from(["window", "regressor", "classifier"]),
    is_forged=st.booleans(),
)
def test_files_that_were_changed_are_refused_unless_somebody_meant_to(data, kind, is_forged):
    content = saved(kind)
    # The beginning is a line of text, the end the index of an archive.
    places = st.integers(0, len(content)) | st.integers(0, 120)
    places |= st.integers(max(len(content) - 3000, 0), len(content))
    first, last = sorted(data.draw(st.tuples(places, places)))
    by = data.draw(st.sampled_from([b"", b"0", b"\xff", content[:40]]) | st.binary(max_size=8))
    changed = content[:first] + by + content[last if data.draw(st.booleans()) else first + 1 :]
    if is_forged:
        changed = with_checksum(changed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.skrnn"
        path.write_bytes(changed)
        done = attempt(lambda: skrnn.load(path))
    assert isinstance(done, Refusal) or is_forged or changed == content
