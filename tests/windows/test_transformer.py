import copy
import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal, assert_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import SlidingWindowTransformer
from skrnn.exceptions import RowsMissingWarning, UnplacedLabelsWarning

# Windows longer than the few rows are looked at here; the warning has tests in test_warnings.py.
pytestmark = pytest.mark.filterwarnings("ignore::skrnn.exceptions.TooFewRowsWarning")

sizes = {
    "n_rows": st.integers(1, 12),
    "window_length": st.integers(1, 5),
    "horizon": st.integers(0, 4),
    "n_features": st.integers(1, 3),
}
property_based = settings(deadline=None, max_examples=60)


def numbered_rows(n_rows, n_features=1, start=0):
    """Return rows that are all different."""
    n = n_rows * n_features
    return np.arange(start, start + n, dtype=float).reshape(n_rows, n_features)


def windows_by_hand(X, *, window_length, horizon, fill=np.nan):
    """Return 3-D windows of rows without a context, each step looked up on its own."""
    windows = np.empty((len(X), window_length, X.shape[1]))
    for t in range(len(X)):
        for step in range(window_length):
            source = t - horizon - window_length + 1 + step
            windows[t, step] = X[source] if source >= 0 else fill
    return windows


def nan_padded(window_length=2, **params):
    """Make a transformer of flat windows, unless `flatten` is given."""
    return SlidingWindowTransformer(window_length, padding="nan", **{"flatten": True} | params)


def labeled(rows, index):
    return pd.DataFrame(np.asarray(rows, dtype=float).reshape(-1, 1), index=index, columns=["a"])


# Rows of a window


@property_based
@given(
    container=st.sampled_from([np.asarray, np.ndarray.tolist, pd.DataFrame, pl.DataFrame]),
    dtype=st.sampled_from(["float64", "float32", "int64", "uint8", "bool"]),
    seed=st.integers(0, 2**31),
    **sizes,
)
def test_windows_equal_those_of_a_loop_for_every_row_with_a_full_past(
    container, dtype, seed, n_rows, window_length, horizon, n_features
):
    X = np.random.default_rng(seed).integers(0, 200, (n_rows, n_features)).astype(dtype)
    if container in (pd.DataFrame, pl.DataFrame):
        names = [f"column{i}" for i in range(n_features)]
        given_X = container(X, **{"columns" if container is pd.DataFrame else "schema": names})
    else:
        given_X = container(X)
    transformer = SlidingWindowTransformer(window_length, horizon=horizon, flatten=False)
    windows = transformer.fit_transform(given_X)
    assert windows.shape == (n_rows, window_length, n_features)
    for i in range(window_length + horizon - 1, n_rows):
        assert_array_equal(windows[i], X[i - horizon - window_length + 1 : i - horizon + 1])
    flat = transformer.set_params(flatten=True).fit_transform(given_X)
    assert_array_equal(flat, windows.reshape(n_rows, -1))
    # scikit-learn reads lists and polars frames as float64.
    keeps_dtype = dtype == "float32" and container in (np.asarray, pd.DataFrame)
    assert flat.dtype == windows.dtype == ("float32" if keeps_dtype else "float64")


def test_a_window_of_w_rows_ends_the_step_before_its_row():
    n, w = 30, 6
    X = np.random.default_rng(0).normal(size=(n, 1))
    windows = SlidingWindowTransformer(w).fit_transform(X)
    for i in range(w, n):
        assert_array_equal(windows[i], X[i - w : i, 0])


@property_based
@given(**sizes)
def test_steps_before_the_first_row_are_nan_with_padding_nan(
    n_rows, window_length, horizon, n_features
):
    X = numbered_rows(n_rows, n_features)
    windows = nan_padded(window_length, horizon=horizon, flatten=False).fit_transform(X)
    expected = windows_by_hand(X, window_length=window_length, horizon=horizon)
    assert_array_equal(windows, expected)


@property_based
@given(n_fitted=st.integers(1, 9), **sizes)
def test_steps_before_the_first_row_are_the_fitted_means_with_padding_mean(
    n_fitted, n_rows, window_length, horizon, n_features
):
    transformer = SlidingWindowTransformer(
        window_length, horizon=horizon, flatten=False, carry_context=False
    )
    fitted_X = numbered_rows(n_fitted, n_features) ** 2
    transformer.fit(fitted_X)
    means = [sum(column) / n_fitted for column in fitted_X.T]
    np.testing.assert_allclose(transformer.fill_values_, means)
    X = numbered_rows(n_rows, n_features, start=1000)
    expected = windows_by_hand(X, window_length=window_length, horizon=horizon, fill=means)
    np.testing.assert_allclose(transformer.transform(X), expected)


def test_means_leave_nan_out_and_are_0_for_a_column_without_values():
    X = np.array([[1.0, np.nan], [np.nan, np.nan], [4.0, np.nan]])
    transformer = SlidingWindowTransformer(1, flatten=True).fit(X)
    assert_array_equal(transformer.fill_values_, [2.5, 0.0])
    assert_array_equal(transformer.transform(X), [[2.5, 0.0], [1.0, np.nan], [np.nan, np.nan]])


def test_horizon_0_includes_the_row_itself():
    windows = nan_padded(2, horizon=0).fit_transform([[1.0], [2.0], [3.0]])
    assert_array_equal(windows, [[np.nan, 1.0], [1.0, 2.0], [2.0, 3.0]])


def test_horizon_0_and_one_row_return_the_rows():
    X = numbered_rows(4, 2)
    transformer = SlidingWindowTransformer(1, horizon=0, flatten=True).fit(X)
    assert_array_equal(transformer.transform(X + 100), X + 100)
    assert transformer.context_.shape == (0, 2)


def test_the_next_row_is_appended_with_nan():
    X = numbered_rows(5)
    transformer = nan_padded(3).fit(X)
    windows = transformer.transform(np.vstack([X, [[np.nan]]]))
    assert_array_equal(windows[-1], [2.0, 3.0, 4.0])
    assert_array_equal(transformer.transform([[np.nan]]), [[2.0, 3.0, 4.0]])


def test_nan_within_the_rows_stays_where_it_is():
    windows = SlidingWindowTransformer(1).fit_transform([[1.0], [np.nan], [3.0]])
    assert_array_equal(windows, [[2.0], [1.0], [np.nan]])


# Rows that a window depends on


@property_based
@given(changed=st.integers(0, 11), **sizes)
def test_no_row_depends_on_later_ones_with_padding_nan(
    changed, n_rows, window_length, horizon, n_features
):
    X = numbered_rows(n_rows, n_features)
    other = X.copy()
    other[changed:] += 1000
    transformer = nan_padded(window_length, horizon=horizon)
    windows, other_windows = transformer.fit_transform(X), transformer.fit_transform(other)
    # Row t may depend on row t - horizon, so those from `changed` on are seen `horizon` later.
    first = changed + horizon
    assert_array_equal(windows[:first], other_windows[:first])
    assert np.all(windows[first:, -n_features:] != other_windows[first:, -n_features:])


@pytest.mark.parametrize("is_labeled", [True, False])
@property_based
@given(changed=st.integers(0, 11), n_fitted=st.integers(1, 9), **sizes)
def test_no_row_depends_on_later_ones_of_its_call_with_padding_mean(
    is_labeled, changed, n_fitted, n_rows, window_length, horizon, n_features
):
    X = numbered_rows(n_rows, n_features, start=500)
    other = X.copy()
    other[changed:] += 1000
    fitted_X = numbered_rows(n_fitted, n_features)
    if is_labeled:
        fitted_X = pd.DataFrame(fitted_X).rename(columns="x{}".format)
        X, other = (
            pd.DataFrame(part, index=pd.RangeIndex(n_fitted, n_fitted + n_rows)).rename(
                columns="x{}".format
            )
            for part in (X, other)
        )
    transformer = SlidingWindowTransformer(window_length, horizon=horizon, flatten=True)
    transformer.fit(fitted_X)
    windows, other_windows = transformer.transform(X), transformer.transform(other)
    first = changed + horizon
    assert_array_equal(windows[:first], other_windows[:first])
    assert np.all(windows[first:, -n_features:] != other_windows[first:, -n_features:])


@pytest.mark.parametrize("padding", ["mean", "nan"])
@property_based
@given(codes=st.lists(st.integers(0, 2), min_size=12, max_size=12), **sizes)
def test_fit_transform_equals_transform_of_the_fitted_rows(
    padding, codes, n_rows, window_length, horizon, n_features
):
    X = pd.DataFrame(numbered_rows(n_rows, n_features)).rename(columns="x{}".format)
    in_groups = X.set_index(pd.Index(codes[:n_rows], name="series"))
    transformer = SlidingWindowTransformer(window_length, horizon=horizon, padding=padding)
    for given_X, group in ((X, None), (X.to_numpy(), None), (in_groups, "series")):
        transformer.set_params(group=group)
        windows = transformer.fit_transform(given_X)
        assert_array_equal(windows, transformer.fit(given_X).transform(given_X))


# Context


def test_context_is_a_copy_of_the_last_rows_windows_reach_back_to():
    X = numbered_rows(10, 2)
    transformer = SlidingWindowTransformer(3, horizon=2).fit(X)
    assert_array_equal(transformer.context_, X[-4:])
    assert not np.shares_memory(transformer.context_, X)
    assert_array_equal(transformer.fit(X[:3]).context_, X[:3])


INDEXES = {
    "dates": pd.date_range("2020-01-01", periods=24, freq="B"),
    "dates with a time zone": pd.date_range("2020-03-20", periods=24, tz="Europe/Berlin"),
    "periods": pd.period_range("2020-01", periods=24, freq="M"),
    "durations": pd.timedelta_range("1h", periods=24, freq="h"),
    "integers": pd.Index(range(5, 53, 2)),
    "small integers": pd.Index(np.arange(-120, 120, 10), dtype="int8"),
    "nullable integers": pd.Index(range(24), dtype="Int64"),
    "floats": pd.Index(np.arange(24) / 4),
    "date objects": pd.Index([datetime.date(2020, 1, 1 + i) for i in range(24)]),
    "default": pd.RangeIndex(24),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
@settings(deadline=None, max_examples=15)
@given(
    # Two rows make a step.
    half=st.integers(1, 5),
    n_rows=st.integers(1, 12),
    window_length=st.integers(1, 5),
    horizon=st.integers(0, 4),
)
def test_context_joins_a_split_of_labeled_rows_exactly(index, half, n_rows, window_length, horizon):
    n_fitted = 2 * half
    X = labeled(range(24), index).iloc[: n_fitted + n_rows]
    transformer = nan_padded(window_length, horizon=horizon)
    undivided = transformer.fit_transform(X)
    transformer.fit(X.iloc[:n_fitted])
    assert_array_equal(transformer.transform(X.iloc[n_fitted:]), undivided[n_fitted:])


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, pl.DataFrame])
@property_based
@given(n_fitted=st.integers(1, 9), **sizes)
def test_context_joins_a_split_of_unlabeled_rows_exactly(
    container, n_fitted, n_rows, window_length, horizon, n_features
):
    X = numbered_rows(n_fitted + n_rows, n_features)
    transformer = nan_padded(window_length, horizon=horizon, flatten=False)
    undivided = transformer.fit_transform(X)
    names = {pd.DataFrame: "columns", pl.DataFrame: "schema"}.get(container)
    columns = {names: [f"x{i}" for i in range(n_features)]} if names else {}
    transformer.fit(container(X[:n_fitted], **columns))
    assert_array_equal(
        transformer.transform(container(X[n_fitted:], **columns)), undivided[n_fitted:]
    )


def first_window(fitted_index, index, **params):
    """Return the first window of rows 100, 101, … after a fit on rows 0, 1, …, n - 1."""
    transformer = nan_padded(2, **params).fit(labeled(range(len(fitted_index)), fitted_index))
    rows = labeled(range(100, 100 + len(index)), index)
    return transformer.transform(rows)[0].tolist()


def is_fresh(window):
    return bool(np.all(np.isnan(window)))


@pytest.mark.parametrize(
    ("first", "n_before"), [(5, 0), (7, 0), (4.5, 0), (8, 1), (9, 1), (10.5, 2), (100, 2)]
)
# Missing steps are what the windows of these rows show.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsMissingWarning")
def test_labels_without_a_rule_continue_up_to_the_largest_step(first, n_before):
    # Steps of 1 and 3: a longer distance is divided by their median, 2.
    window = first_window(pd.Index([0, 1, 4]), pd.Index([first, first + 1]))
    expected = [[1.0, 2.0], [2.0, np.nan], [np.nan, np.nan]][n_before]
    assert_array_equal(window, expected)


def test_dates_continue_over_a_weekend_and_a_holiday_but_not_over_a_week():
    fitted = pd.bdate_range("2024-01-01", "2024-01-12")
    for first in ("2024-01-15", "2024-01-16"):
        assert first_window(fitted, pd.bdate_range(first, periods=2)) == [8.0, 9.0]
    with pytest.warns(RowsMissingWarning, match="6 steps after the last fitted row"):
        assert is_fresh(first_window(fitted, pd.bdate_range("2024-01-22", periods=2)))


def test_dates_of_another_resolution_are_compared():
    fitted = pd.date_range("2024-01-01", periods=3).as_unit("s")
    rows = pd.date_range("2024-01-04", periods=2).as_unit("ns")
    assert first_window(fitted, rows) == [1.0, 2.0]


def test_periods_of_another_frequency_are_not_compared_by_their_ordinals():
    fitted = pd.PeriodIndex([pd.Period(ordinal=i, freq="D") for i in range(3)])
    assert first_window(fitted, pd.PeriodIndex([pd.Period(ordinal=3, freq="D")])) == [1.0, 2.0]
    with pytest.warns(UnplacedLabelsWarning, match="periods of frequency M.*frequency D"):
        assert is_fresh(first_window(fitted, pd.PeriodIndex([pd.Period(ordinal=3, freq="M")])))


def test_differences_of_small_integers_do_not_overflow():
    fitted = pd.Index([-100, 100], dtype="int8")
    assert first_window(fitted, pd.Index([300])) == [0.0, 1.0]
    with pytest.warns(RowsMissingWarning, match="begin 2 steps after"):
        assert_array_equal(first_window(fitted, pd.Index([500])), [1.0, np.nan])


@pytest.mark.parametrize("fitted", [pd.Index([0, 1, 2]), pd.date_range("2024-01-01", periods=3)])
def test_labels_kept_as_objects_are_compared_by_their_values(fitted):
    next_label = fitted[-1] + (fitted[-1] - fitted[-2])
    assert first_window(fitted, pd.Index([next_label], dtype=object)) == [1.0, 2.0]


def test_a_labeled_slice_of_the_past_starts_fresh():
    X = labeled(range(10), pd.date_range("2024-01-01", periods=10))
    transformer = nan_padded(2).fit(X)
    with pytest.warns(RowsMissingWarning, match="begin before the end of the fitted rows"):
        windows = transformer.transform(X[4:7])
    assert_array_equal(windows, [[np.nan] * 2, [np.nan, 4.0], [4.0, 5.0]])


def test_a_slice_of_a_default_index_is_labeled():
    X = labeled(range(10), None)
    transformer = nan_padded(2).fit(X[:6])
    with pytest.warns(RowsMissingWarning, match="before the end of the fitted rows"):
        assert is_fresh(transformer.transform(X[4:])[0])
    with pytest.warns(RowsMissingWarning, match="2 steps after the last fitted row"):
        assert_array_equal(transformer.transform(X[7:])[0], [5.0, np.nan])
    assert_array_equal(transformer.transform(X[6:])[0], [4.0, 5.0])


@pytest.mark.parametrize(
    "fitted", [None, pd.RangeIndex(3), pd.Index([0, 1, 2]), pd.date_range("2024", periods=3)]
)
@pytest.mark.parametrize("count", [pd.RangeIndex(2), pd.Index([0, 1]), pd.Index([0, 1], "int8")])
def test_labels_from_0_are_no_labels_unless_fitted_numbers_begin_elsewhere(fitted, count):
    assert first_window(pd.RangeIndex(3) if fitted is None else fitted, count) == [1.0, 2.0]


def test_fitted_numbers_that_begin_elsewhere_place_labels_from_0():
    with pytest.warns(RowsMissingWarning, match="before the end of the fitted rows"):
        assert is_fresh(first_window(pd.RangeIndex(10, 13), pd.RangeIndex(2)))
    assert first_window(pd.RangeIndex(-3, 0), pd.RangeIndex(2)) == [1.0, 2.0]


@pytest.mark.parametrize("fitted_index", [None, pd.date_range("2024", periods=3)])
@pytest.mark.parametrize("container", [np.asarray, pl.DataFrame])
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_arrays_and_polars_frames_are_unlabeled_whatever_the_fit_saw(fitted_index, container):
    transformer = nan_padded(2).fit(labeled(range(3), fitted_index))
    rows = {"a": [100.0]} if container is pl.DataFrame else [[100.0]]
    assert_array_equal(transformer.transform(container(rows)), [[1.0, 2.0]])


@pytest.mark.filterwarnings("ignore:X has feature names")
def test_labels_after_a_fit_without_labels_start_fresh():
    transformer = nan_padded(2).fit([[0.0], [1.0], [2.0]])
    with pytest.warns(UnplacedLabelsWarning, match="fitted rows have no labels"):
        assert is_fresh(transformer.transform(labeled([3.0], pd.Index([3])))[0])
    assert_array_equal(transformer.transform(labeled([3.0], None)), [[1.0, 2.0]])


def test_a_label_that_is_missing_places_no_row():
    with (
        pytest.warns(UnplacedLabelsWarning, match="number"),
        pytest.warns(UnplacedLabelsWarning, match=r"missing \(row 1 is the first\)"),
    ):
        assert is_fresh(first_window(pd.Index([0, np.nan, 1]), pd.Index([2])))


def test_a_single_label_at_fit_has_no_step_to_continue_by():
    with pytest.warns(RowsMissingWarning, match="a single fitted row"):
        assert is_fresh(first_window(pd.Index([7]), pd.Index([8])))


def test_a_default_index_places_no_rows_even_if_rows_were_dropped():
    X = labeled(range(40), pd.RangeIndex(40)).drop([7, 8])
    fitted = nan_padded(3, gaps="ignore").fit(X)
    # An index of reset_index(drop=True): trusted to be the next rows.
    assert_equal(
        fitted.transform(labeled([50, 51], pd.RangeIndex(2))), [[37, 38, 39], [38, 39, 50]]
    )
    # The default index continues.
    assert_equal(fitted.transform(labeled([50], pd.RangeIndex(40, 41))), [[37, 38, 39]])


def test_joined_series_with_a_default_index_each_continue():
    def part(shop, first, n):
        return labeled(np.arange(first, first + n), pd.RangeIndex(n)).assign(shop=shop)

    fitted = nan_padded(2, group="shop").fit(pd.concat([part("a", 0, 5), part("b", 100, 5)]))
    later = pd.concat([part("a", 5, 2), part("b", 105, 2)])
    assert_equal(fitted.transform(later), [[3, 4], [4, 5], [103, 104], [104, 105]])
    known = pd.concat([part("a", 0, 7), part("b", 100, 7)])
    assert_equal(fitted.transform(known)[[0, 5]], [[np.nan, np.nan], [3, 4]])


TIMES = pd.date_range("2024-01-01", periods=3)


@pytest.mark.parametrize(
    ("fitted_index", "index"),
    [
        (pd.Index(["a", "b", "c"]), pd.Index(["d"])),
        (pd.Index(["a", "b", "c"], dtype="category"), pd.Index(["d"])),
        (pd.Index([0, 1, 2]), pd.Index(["3"])),
        (pd.Index([0, 1, 2]), pd.date_range("2024", periods=1)),
        (TIMES, pd.Index([3])),
        (TIMES, pd.date_range("2024-01-04", periods=1, tz="UTC")),
        (TIMES.tz_localize("UTC"), pd.date_range("2024-01-04", periods=1)),
        (TIMES.to_period("D"), pd.period_range("2024-01", periods=1, freq="M")),
        (TIMES.to_period("D"), pd.date_range("2024-01-04", periods=1)),
        (pd.Index([datetime.date(2024, 1, d) for d in (1, 2, 3)]), pd.Index(["2024-01-04"])),
        (pd.Index([0, 1, "c"], dtype=object), pd.Index([2])),
        (pd.Index([True, False, True]), pd.Index([True])),
        (pd.interval_range(0, 3), pd.interval_range(3, 4)),
    ],
)
def test_labels_that_cannot_be_compared_start_fresh(fitted_index, index):
    with pytest.warns(UnplacedLabelsWarning, match="1 of 1 row lacks steps"):
        assert is_fresh(first_window(fitted_index, index))


def test_dates_of_two_time_zones_are_compared():
    fitted = pd.date_range("2024-01-01", periods=3, freq="h", tz="UTC")
    rows = pd.date_range("2024-01-01 04:00", periods=1, tz="Europe/Berlin")
    assert first_window(fitted, rows) == [1.0, 2.0]


def test_unlabeled_rows_that_begin_with_the_first_fitted_rows_start_fresh():
    X = np.array([[1.0], [np.nan], [3.0], [4.0], [5.0]])
    transformer = nan_padded(2, horizon=2).fit(X)
    for rows in (X, X[:3], np.vstack([X[:3], [[9.0]]])):
        assert is_fresh(transformer.transform(rows)[0])
    # Equal in the first two rows only, or too short to tell: taken on trust.
    for rows in (np.vstack([X[:2], [[9.0]]]), X[:2]):
        assert_array_equal(transformer.transform(rows)[0], [3.0, 4.0])


def test_all_fitted_rows_are_compared_when_there_are_fewer_than_a_window_reaches_back():
    X = np.array([[1.0], [2.0]])
    transformer = nan_padded(4).fit(X)
    assert is_fresh(transformer.transform([[1.0], [2.0], [7.0]])[0])
    windows = transformer.transform([[1.0], [3.0], [7.0]])
    assert_array_equal(windows[0], [np.nan, np.nan, 1.0, 2.0])


def test_the_fitted_rows_are_known_again_in_single_precision():
    X = np.random.default_rng(0).normal(size=(6, 1))
    transformer = nan_padded(2).fit(X)
    assert is_fresh(transformer.transform(X.astype(np.float32))[0])


def test_a_slice_of_the_past_without_labels_is_taken_on_trust():
    X = numbered_rows(10)
    assert_array_equal(nan_padded(2).fit(X).transform(X[4:])[0], [8.0, 9.0])


@pytest.mark.parametrize("index", [None, pd.RangeIndex(3, 5)])
def test_carry_context_false_always_starts_fresh(index):
    rows = pd.RangeIndex(2) if index is None else index
    assert is_fresh(first_window(pd.RangeIndex(3), rows, carry_context=False))


def test_rows_of_one_call_are_consecutive_where_labels_follow_no_rule():
    X = labeled([1, 2, 3], pd.Index([7, 50, 900]))
    assert_array_equal(nan_padded(1).fit_transform(X), [[np.nan], [1.0], [2.0]])


def test_labels_pass_a_pipeline_set_to_pandas():
    X = labeled(range(10), pd.date_range("2024-01-01", periods=10))
    pipe = make_pipeline(StandardScaler(with_std=False), nan_padded(2))
    pipe.set_output(transform="pandas").fit(X)
    with pytest.warns(RowsMissingWarning, match="from row 0 labeled 2024-01-06"):
        assert is_fresh(pipe.transform(X[5:])[:1])
    assert not is_fresh(clone(pipe).fit(X[:5]).transform(X[5:])[:1])


# Groups


def panel(names, times=None, start=0):
    """Return numbered rows of the named series, in the order of the names."""
    levels = {"ticker": names} if times is None else {"ticker": names, "date": times}
    index = pd.MultiIndex.from_arrays(list(levels.values()), names=list(levels))
    return pd.DataFrame({"a": np.arange(float(start), start + len(names))}, index=index)


def with_group_as(where, X):
    """Move the group from the index level to where a test wants it."""
    if where == "level":
        return X
    columns = {"ticker": X.index.get_level_values("ticker").tolist(), "a": X["a"].tolist()}
    if where == "polars column":
        return pl.DataFrame(columns)
    return pd.DataFrame(columns, index=X.index.get_level_values("date"))


@pytest.mark.parametrize("where", ["level", "column", "polars column"])
@property_based
@given(
    names=st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=12),
    window_length=st.integers(1, 4),
    horizon=st.integers(0, 3),
    flatten=st.booleans(),
)
def test_windows_never_cross_from_one_series_to_another(
    where, names, window_length, horizon, flatten
):
    # The number of the row in its series.
    X = panel(names, [names[:i].count(name) for i, name in enumerate(names)])
    transformer = nan_padded(window_length, horizon=horizon, group="ticker", flatten=flatten)
    windows = np.reshape(transformer.fit_transform(with_group_as(where, X)), (len(X), -1))
    for name in set(names):
        own = np.array(names) == name
        alone = windows_by_hand(X.to_numpy()[own], window_length=window_length, horizon=horizon)
        assert_array_equal(windows[own], alone.reshape(own.sum(), -1))


@pytest.mark.parametrize("where", ["level", "column", "polars column"])
@property_based
@given(
    data=st.data(),
    n_rows=st.integers(1, 10),
    window_length=st.integers(1, 4),
    horizon=st.integers(0, 3),
)
def test_context_joins_a_split_of_interleaved_series_exactly(
    where, data, n_rows, window_length, horizon
):
    # A panel sorted by time: x and y in either order at each time.
    swaps = data.draw(st.lists(st.booleans(), min_size=4 + n_rows, max_size=4 + n_rows))
    names = [name for swap in swaps for name in ("yx" if swap else "xy")]
    X = panel(names, np.repeat(np.arange(4 + n_rows), 2))
    n_fitted = 8
    transformer = nan_padded(window_length, horizon=horizon, group="ticker")
    undivided = transformer.fit_transform(with_group_as(where, X))
    transformer.fit(with_group_as(where, X[:n_fitted]))
    windows = transformer.transform(with_group_as(where, X[n_fitted:]))
    assert_array_equal(windows, undivided[n_fitted:])


def test_each_series_has_its_own_context():
    X = panel(["x", "y", "x", "y", "x"], [0, 0, 1, 1, 2])
    transformer = nan_padded(1, horizon=2, group="ticker").fit(X)
    assert set(transformer.context_) == {"x", "y"}
    assert_array_equal(transformer.context_["x"], [[2.0], [4.0]])
    assert_array_equal(transformer.context_["y"], [[1.0], [3.0]])


def test_fill_values_are_pooled_over_the_series():
    X = panel(["x", "x", "y"], [0, 1, 0], start=1)
    transformer = SlidingWindowTransformer(1, group="ticker", flatten=True)
    assert_array_equal(transformer.fit_transform(X), [[2.0], [1.0], [2.0]])


def test_each_series_continues_by_its_own_labels():
    X = panel(["x", "y", "x", "y"], [0, 0, 1, 5])
    transformer = nan_padded(1, group="ticker").fit(X)
    # x ended at 1 with steps of 1, y at 5 with a step of 5.
    rows = panel(["x", "y"], [2, 2], start=100)
    with pytest.warns(RowsMissingWarning, match="series 'y' begin before"):
        assert_array_equal(transformer.transform(rows), [[2.0], [np.nan]])
    rows = panel(["x", "y"], [10, 10], start=100)
    with pytest.warns(RowsMissingWarning, match="series 'x' begin 9 steps after"):
        assert_array_equal(transformer.transform(rows), [[np.nan], [3.0]])
    rows = panel(["x", "y"], [2, 10], start=100)
    assert_array_equal(transformer.transform(rows), [[2.0], [3.0]])


def test_the_index_labels_the_rows_when_the_group_is_a_column():
    X = pd.DataFrame({"ticker": list("xyxyxy"), "a": range(6)})
    transformer = nan_padded(1, group="ticker").fit(X[:4])
    assert_array_equal(transformer.transform(X[4:]), [[2.0], [3.0]])
    with pytest.warns(RowsMissingWarning, match="2 of 4 rows.*row 0 labeled 2 on.*and 1 other"):
        windows = transformer.transform(X[2:])
    assert_array_equal(windows, [[np.nan], [np.nan], [2.0], [3.0]])


def test_series_without_labels_are_known_again_one_by_one():
    X = panel(["x", "y", "x", "y"])
    transformer = nan_padded(1, group="ticker").fit(X)
    rows = pd.concat([X[:1], panel(["y"], start=100)])
    assert_array_equal(transformer.transform(rows), [[np.nan], [3.0]])


def test_a_range_as_the_other_level_is_a_label():
    X = panel(["x"] * 3, pd.RangeIndex(3))
    transformer = nan_padded(1, group="ticker").fit(X)
    assert is_fresh(transformer.transform(panel(["x"], pd.RangeIndex(1), start=100)))


def test_levels_of_one_value_are_no_labels():
    def rows(times):
        X = panel(["x"] * len(times), times)
        return X.set_index(pd.Index(["NYSE"] * len(times), name="market"), append=True)

    for group in ("ticker", None):
        transformer = nan_padded(1, group=group).fit(rows([0, 1]))
        assert_array_equal(transformer.transform(rows([2])), [[1.0]])


def test_a_series_not_seen_at_fit_starts_fresh():
    transformer = nan_padded(1, group="ticker").fit(panel(["x", "x"]))
    windows = transformer.transform(panel(["new", "x", "new"], start=100))
    assert_array_equal(windows, [[np.nan], [1.0], [100.0]])


@pytest.mark.parametrize(
    "names",
    [
        [7, 8, 7, 8],
        pd.to_datetime(["2024-01-01", "2024-01-02"] * 2),
        pd.Categorical(["x", "y"] * 2, categories=["x", "y", "unused"]),
        [True, False] * 2,
    ],
)
def test_series_may_be_named_by_more_than_text(names):
    X = pd.DataFrame({"ticker": names, "a": range(4)})
    transformer = nan_padded(1, group="ticker")
    assert_array_equal(transformer.fit_transform(X), [[np.nan], [np.nan], [0.0], [1.0]])
    assert_array_equal(transformer.transform(X.set_axis(range(4, 8)))[:2], [[2.0], [3.0]])
    assert set(transformer.context_) == set(X["ticker"])


@pytest.mark.parametrize("flatten", [True, False])
def test_one_series_is_a_view_with_and_without_group(flatten):
    X = panel(["x"] * 6, range(6)).assign(b=1.0)
    for group in (None, "ticker"):
        windows = nan_padded(3, group=group, flatten=flatten).fit_transform(X)
        # The second step of a window and the first of the next are the same bytes.
        assert np.shares_memory(windows.reshape(6, 6)[0, 2:4], windows.reshape(6, 6)[1, 0:2])
        assert not np.shares_memory(windows, X.to_numpy())


def test_windows_in_a_pandas_frame_are_views_too():
    windows = nan_padded(3).set_output(transform="pandas").fit_transform(numbered_rows(6))
    values = windows.to_numpy()
    assert np.shares_memory(values[0, 1:], values[1, :-1])


@pytest.mark.parametrize("group", [None, "ticker"])
def test_windows_are_read_only(group):
    windows = nan_padded(1, group=group).fit_transform(panel(["x", "y"], [0, 0]))
    with pytest.raises(ValueError, match="read-only"):
        windows[0, 0] = 1.0


def test_an_array_has_no_group():
    with pytest.raises(ValueError, match=r"group='ticker' expects X to be a DataFrame.*ndarray"):
        SlidingWindowTransformer(group="ticker").fit(np.ones((3, 1)))


def test_a_group_that_is_not_found_is_an_error_with_what_there_is():
    X = panel(["x"], [0])
    with pytest.raises(ValueError, match=r"'stock'.*neither.*\['ticker', 'date'\].*\['a'\]"):
        SlidingWindowTransformer(group="stock").fit(X)
    transformer = SlidingWindowTransformer(group="ticker").fit(X)
    with pytest.raises(ValueError, match=r"'ticker'.*neither.*levels: \[\]; columns: \['a'\]"):
        transformer.transform(pl.DataFrame({"a": [1.0]}))


def test_a_group_that_a_column_transformer_has_renamed_is_an_error_that_names_its_parameter():
    X = panel(["x", "y"], [0, 0]).reset_index("ticker")
    scale = make_column_transformer((StandardScaler(), ["a"]), remainder="passthrough")
    pipe = make_pipeline(scale, nan_padded(1, group="ticker")).set_output(transform="pandas")
    with pytest.raises(
        ValueError, match=r"'remainder__ticker'\. Use verbose_feature_names_out=False"
    ):
        pipe.fit(X)
    scale.set_params(verbose_feature_names_out=False)
    assert list(pipe.fit(X)[-1].context_) == ["x", "y"]


def test_a_group_that_is_a_level_and_a_column_is_an_error():
    X = panel(["x"], [0]).assign(ticker="x")
    with pytest.raises(ValueError, match="but is both an index level and a column"):
        SlidingWindowTransformer(group="ticker").fit(X)


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"ticker": ["x", None, "y"], "a": 1.0}),
        pd.DataFrame({"ticker": [1, np.nan, 2], "a": 1.0}),
        pl.DataFrame({"ticker": ["x", None, "y"], "a": 1.0}),
        pl.DataFrame({"ticker": [1, None, 2], "a": 1.0}),
        panel(["x", None, "y"], [0, 1, 2]),
    ],
)
def test_a_row_without_a_series_is_an_error(X):
    with pytest.raises(ValueError, match="group='ticker' is missing in 1 of 3 rows"):
        SlidingWindowTransformer(group="ticker").fit(X)


def test_a_group_column_is_not_a_feature():
    columns = {"a": [1.0, 2.0], "ticker": ["x", "y"], "b": [3.0, 4.0]}
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns)):
        transformer = SlidingWindowTransformer(1, group="ticker", flatten=True).fit(frame)
        assert transformer.feature_names_in_.tolist() == ["a", "b"]
        assert transformer.n_features_in_ == 2
        assert transformer.get_feature_names_out().tolist() == ["a_lag1", "b_lag1"]
        transformer.set_output(transform="pandas")
        assert transformer.transform(frame).columns.tolist() == ["a_lag1", "b_lag1"]


# Names and containers


def test_names_tell_the_column_and_how_far_back_it_lies():
    X = pd.DataFrame({"Open": [1.0], "Volume": [2.0]})
    transformer = SlidingWindowTransformer(60).fit(X[["Open"]])
    names = transformer.get_feature_names_out().tolist()
    assert names == [f"Open_lag{lag}" for lag in range(60, 0, -1)]
    transformer = SlidingWindowTransformer(2, horizon=3, flatten=True).fit(X)
    names = transformer.get_feature_names_out().tolist()
    assert names == ["Open_lag4", "Volume_lag4", "Open_lag3", "Volume_lag3"]
    transformer = SlidingWindowTransformer(2, horizon=0, flatten=True).fit(X.to_numpy())
    names = transformer.get_feature_names_out().tolist()
    assert names == ["x0_lag1", "x1_lag1", "x0_lag0", "x1_lag0"]
    assert transformer.get_feature_names_out(["p", "q"])[0] == "p_lag1"


def test_names_are_those_of_the_values():
    X = pd.DataFrame(numbered_rows(8, 2), columns=["a", "b"])
    frame = nan_padded(3, horizon=2).set_output(transform="pandas").fit_transform(X)
    for lag in (4, 3, 2):
        for column in ("a", "b"):
            expected = X[column].shift(lag).rename(f"{column}_lag{lag}")
            pd.testing.assert_series_equal(frame[f"{column}_lag{lag}"], expected)


def test_pandas_output_keeps_the_index():
    X = labeled(range(3), pd.date_range("2024", periods=3))
    frame = SlidingWindowTransformer(2).set_output(transform="pandas").fit_transform(X)
    pd.testing.assert_index_equal(frame.index, X.index)


def test_polars_output_holds_the_windows():
    X = pl.DataFrame(numbered_rows(5, 2), schema=["a", "b"])
    window = SlidingWindowTransformer(2, horizon=0, flatten=True).set_output(transform="polars")
    frame = window.fit_transform(X)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == ["a_lag1", "b_lag1", "a_lag0", "b_lag0"]
    assert frame["b_lag1"].to_list()[1:] == [1.0, 3.0, 5.0, 7.0]
    assert frame["a_lag0"].to_list() == [0.0, 2.0, 4.0, 6.0, 8.0]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_3d_windows_are_arrays_whatever_set_output_says(library):
    X = pd.DataFrame(numbered_rows(5, 2), columns=["a", "b"])
    transformer = SlidingWindowTransformer(2, flatten=False)
    with config_context(transform_output=library):
        assert type(transformer.fit_transform(X)) is np.ndarray
    transformer.set_output(transform=library)
    assert type(transformer.fit_transform(X)) is np.ndarray
    assert type(transformer.fit(X).transform(X)) is np.ndarray


def test_set_output_is_remembered_while_windows_are_3d():
    X = pd.DataFrame(numbered_rows(5, 2), columns=["a", "b"])
    transformer = SlidingWindowTransformer(2, flatten=False).set_output(transform="pandas")
    for remembering in (
        transformer,
        clone(transformer),
        transformer.set_output(),
        pickle.loads(pickle.dumps(transformer)),
    ):
        flat = clone(remembering).set_params(flatten=True)
        assert isinstance(flat.fit_transform(X), pd.DataFrame)
        assert isinstance(flat.set_output(transform="default").fit_transform(X), np.ndarray)


def test_a_pipeline_is_set_to_pandas_with_either_shape():
    X = pd.DataFrame(numbered_rows(5, 2), columns=["a", "b"])
    pipe = Pipeline(
        [("scale", MinMaxScaler()), ("window", SlidingWindowTransformer(2, flatten=True))]
    )
    pipe.set_output(transform="pandas")
    assert isinstance(pipe.fit_transform(X), pd.DataFrame)
    three_d = clone(pipe).set_params(window__flatten=False).set_output(transform="pandas")
    assert three_d.fit_transform(X).shape == (5, 2, 2)
    assert isinstance(three_d.set_params(window__flatten=True).fit_transform(X), pd.DataFrame)


def test_3d_windows_have_no_names():
    transformer = SlidingWindowTransformer(2, flatten=False).fit(np.ones((3, 1)))
    assert not hasattr(transformer, "get_feature_names_out")
    with pytest.raises(AttributeError) as error:
        transformer.get_feature_names_out()
    assert "Use flatten=True for names" in str(error.value.__cause__)
    assert hasattr(transformer.set_params(flatten=True), "get_feature_names_out")


@pytest.mark.parametrize("n_features", [1, 2])
@pytest.mark.parametrize("group", [None, "ticker"])
def test_auto_flattens_the_windows_of_one_feature_only(n_features, group):
    X = panel(["x", "y", "x", "y"], range(4))
    X = X.assign(**{f"b{i}": 0.5 for i in range(n_features - 1)})
    if group is None:
        X = X.to_numpy()
    auto, flat = (
        SlidingWindowTransformer(3, group=group, flatten=flatten).fit_transform(X)
        for flatten in ("auto", True)
    )
    shape = (4, 3) if n_features == 1 else (4, 3, 2)
    assert_array_equal(auto, flat.reshape(shape))


def test_auto_has_names_and_containers_where_it_flattens():
    X = pd.DataFrame(numbered_rows(5, 2), columns=["a", "b"])
    window = SlidingWindowTransformer(2)
    # The number of features is not known yet.
    with pytest.raises(NotFittedError):
        window.get_feature_names_out()
    for library, frame in (("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
        window.set_output(transform=library)
        one = window.fit_transform(X[["a"]])
        assert isinstance(one, frame)
        assert list(one.columns) == window.get_feature_names_out().tolist() == ["a_lag2", "a_lag1"]
        assert type(window.fit_transform(X)) is np.ndarray
        assert not hasattr(window, "get_feature_names_out")


def test_several_features_within_a_column_transformer_or_a_union_need_flatten_true():
    X = pd.DataFrame(numbered_rows(6, 2), columns=["a", "b"])
    columns = ["a", "b"]
    for flatten, n_columns in ((True, 4), ("auto", None)):
        window = SlidingWindowTransformer(2, flatten=flatten)
        for union in (
            ColumnTransformer([("window", window, columns)]),
            FeatureUnion([("window", window), ("again", MinMaxScaler())]),
        ):
            if n_columns is None:
                with pytest.raises(ValueError, match=r"dim|2-?D|2D"):
                    union.fit_transform(X)
            else:
                assert union.fit_transform(X).shape[1] in (n_columns, n_columns + 2)


def test_a_grid_search_tunes_the_window_and_predicts_every_row():
    y = np.sin(np.arange(80) / 3)
    X = pd.DataFrame({"Open": y}, index=pd.date_range("2024", periods=80))
    pipe = Pipeline(
        [
            ("scale", MinMaxScaler()),
            ("window", SlidingWindowTransformer()),
            ("model", Ridge(alpha=1e-8)),
        ]
    ).set_output(transform="pandas")
    search = GridSearchCV(pipe, {"window__window_length": [1, 4]}, cv=TimeSeriesSplit(3))
    search.fit(X[:60], y[:60])
    # Two past values tell the next of a sine, one does not.
    assert search.best_params_ == {"window__window_length": 4}
    prediction = search.predict(X[60:])
    assert prediction.shape == (20,)
    # Right from the first row on: its window is the end of the training rows.
    np.testing.assert_allclose(prediction, y[60:], atol=0.02)


# Errors and state


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"window_length": 0}, r"'window_length'.*\[1, inf\).*Got 0"),
        ({"horizon": -1}, r"'horizon'.*\[0, inf\).*Got -1"),
        ({"padding": "zero"}, "'padding'.*Got 'zero'"),
        ({"group": 3}, "'group'.*Got 3"),
        ({"group": []}, r"group=\[\] must be the name"),
        ({"group": ["a", 3]}, r"group=\['a', 3\] must be the name"),
        ({"gaps": "fill"}, "'gaps'.*Got 'fill'"),
    ],
)
def test_a_parameter_out_of_its_range_is_an_error(params, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindowTransformer(**params).fit(np.ones((3, 1)))


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinity_is_an_error_at_fit_and_at_transform(infinity):
    X = [[1.0], [infinity]]
    with pytest.raises(ValueError, match="infinity"):
        SlidingWindowTransformer().fit(X)
    transformer = SlidingWindowTransformer().fit([[1.0]])
    with pytest.raises(ValueError, match="infinity"):
        transformer.transform(X)


def test_columns_of_text_are_an_error_that_names_them():
    X = pd.DataFrame({"a": [1.0, 2.0], "city": ["Rome", "Oslo"]})
    with pytest.raises(ValueError, match=r"not numbers: \['city'\]"):
        SlidingWindowTransformer().fit(X)


def test_another_number_of_features_than_fitted_is_an_error():
    transformer = SlidingWindowTransformer().fit(np.ones((3, 2)))
    with pytest.raises(ValueError, match="X has 1 features, but SlidingWindowTransformer"):
        transformer.transform(np.ones((3, 1)))


FAILING_FITS = {
    "text": ({}, pd.DataFrame({"other": ["x", "y"]})),
    "infinity": ({}, pd.DataFrame({"other": [1.0, np.inf]})),
    "parameter": ({"horizon": -1}, pd.DataFrame({"other": [1.0, 2.0]})),
    "gaps": ({"gaps": "raise"}, pd.DataFrame({"other": range(20)}, [*range(1, 20), 29])),
    "order": ({}, pd.DataFrame({"other": [1.0, 2.0]}, [1, 0])),
    "group": ({"group": "ticker"}, pd.DataFrame({"other": [1.0, 2.0]})),
}


@pytest.mark.parametrize(("params", "X"), FAILING_FITS.values(), ids=FAILING_FITS)
@pytest.mark.parametrize("is_fitted", [True, False])
def test_a_failed_fit_changes_nothing(is_fitted, params, X):
    transformer = SlidingWindowTransformer(2).set_output(transform="pandas")
    if is_fitted:
        transformer.fit(pd.DataFrame(numbered_rows(5, 3), columns=["a", "b", "c"]))
    transformer.set_params(**params)
    before = copy.deepcopy(vars(transformer))
    with pytest.raises(ValueError):  # noqa: PT011 - which one is not the question here
        transformer.fit(X)
    assert_equal(vars(transformer), before)
    assert ("n_features_in_" in vars(transformer)) == is_fitted


def test_a_second_fit_starts_over():
    transformer = SlidingWindowTransformer(2, group="ticker").fit(panel(["x", "y"], [0, 0]))
    transformer.set_params(group=None).fit(numbered_rows(4, 2))
    other = SlidingWindowTransformer(2).fit(numbered_rows(4, 2))
    assert_equal(vars(transformer), vars(other))


def test_fit_and_transform_leave_the_rows_as_they_were():
    X = numbered_rows(5, 2)
    SlidingWindowTransformer(2).fit(X).transform(X)
    assert_array_equal(X, numbered_rows(5, 2))


@pytest.mark.parametrize("group", [None, "ticker"])
def test_a_pickled_transformer_goes_on_like_the_original(group):
    X = panel(["x", "y"] * 4, pd.date_range("2024", periods=8))
    if group is None:
        X = X.droplevel("ticker")
    transformer = nan_padded(2, group=group).fit(X[:6])
    copied = pickle.loads(pickle.dumps(transformer))
    windows = copied.transform(X[6:])
    assert not is_fresh(windows[0])
    assert_array_equal(windows, transformer.transform(X[6:]))


# scikit-learn's own checks


def test_tags_say_that_nan_may_be_given_and_both_float_types_stay():
    tags = get_tags(SlidingWindowTransformer())
    assert tags.input_tags.allow_nan
    assert set(tags.transformer_tags.preserves_dtype) == {"float32", "float64"}


EXPECTED_FAILURES = {
    "check_methods_sample_order_invariance": "the order of the rows is the order of time",
    "check_methods_subset_invariance": "the window of a row holds other rows of its call",
}


@parametrize_with_checks(
    [
        SlidingWindowTransformer(window_length=3),
        SlidingWindowTransformer(window_length=3, flatten=False, padding="nan"),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learns_contract_holds(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("name", "flatten"),
    [
        ("check_dataframe_column_names_consistency", "auto"),
        ("check_param_validation", "auto"),
        ("check_set_output_transform", "auto"),
        ("check_dataframe_column_names_consistency", True),
        # These give several features, whose windows have no columns under "auto".
        ("check_global_output_transform_pandas", True),
        ("check_global_set_output_transform_polars", True),
        ("check_set_output_transform_pandas", True),
        ("check_set_output_transform_polars", True),
        ("check_transformer_get_feature_names_out", True),
        ("check_transformer_get_feature_names_out_pandas", True),
    ],
)
# The checks fit on a DataFrame and transform an array, and the other way round, on purpose.
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_scikit_learns_checks_of_names_and_containers_pass(name, flatten):
    check = getattr(estimator_checks, name)
    check("SlidingWindowTransformer", SlidingWindowTransformer(window_length=3, flatten=flatten))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame([[1.0, 2.0, 3.0]], columns=["id", "id", "x"]), "same name: \\['id'\\]"),
        (pd.DataFrame({"id": [[1], [2]], "x": [1.0, 2.0]}), "cannot name a series"),
        (pl.DataFrame({"id": [{"a": 1, "b": 2}], "x": [1.0]}), "type Struct.*several in one"),
        (pd.DataFrame({"id": ["a", "b"]}), "0 feature"),
    ],
    ids=["two of a name", "lists", "structs", "nothing else"],
)
def test_a_group_column_that_names_no_series_is_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindowTransformer(group="id").fit(frame)


def test_windows_of_the_largest_numbers_are_filled_with_their_mean():
    X = np.full((3, 1), 1e308)
    assert_array_equal(SlidingWindowTransformer(2).fit_transform(X), np.full((3, 2), 1e308))
