import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.windows._views import (
    begins_with,
    column_means,
    first_rows,
    flat_windows,
    last_rows,
    split_positions,
    unflatten,
)

FILL = -1.0


def windows_by_hand(rows, context, *, window_length, horizon):
    """Look every step of every window up on its own."""
    windows = np.full((len(rows), window_length, rows.shape[1]), FILL)
    for t in range(len(rows)):
        for step in range(window_length):
            source = t - horizon - window_length + 1 + step
            if source >= 0:
                windows[t, step] = rows[source]
            elif -source <= len(context):
                windows[t, step] = context[source]
    return windows


def numbered_rows(n_rows, n_features=1, start=0):
    """Return rows that are all different."""
    n = n_rows * n_features
    return np.arange(start, start + n, dtype=float).reshape(n_rows, n_features)


def one_series(rows, context, *, window_length, horizon):
    fill_values = np.full(rows.shape[1], FILL)
    return flat_windows(
        rows,
        [slice(None)],
        [context],
        fill_values,
        window_length=window_length,
        horizon=horizon,
    )


sizes = {
    "window_length": st.integers(1, 6),
    "horizon": st.integers(0, 5),
    "n_features": st.integers(1, 3),
}


@given(n_rows=st.integers(1, 12), n_context=st.integers(0, 12), **sizes)
def test_windows_equal_those_looked_up_step_by_step(
    n_rows, n_context, window_length, horizon, n_features
):
    rows = numbered_rows(n_rows, n_features)
    context = numbered_rows(n_context, n_features, start=1000)
    windows = one_series(rows, context, window_length=window_length, horizon=horizon)
    expected = windows_by_hand(rows, context, window_length=window_length, horizon=horizon)
    assert_array_equal(windows, expected.reshape(n_rows, window_length * n_features))
    assert_array_equal(unflatten(windows, window_length), expected)


@given(codes=st.lists(st.integers(0, 3), min_size=1, max_size=20), **sizes)
def test_windows_of_interleaved_series_equal_those_of_each_series_alone(
    codes, window_length, horizon, n_features
):
    codes = np.unique(codes, return_inverse=True)[1]
    n_series = codes.max() + 1
    rows = numbered_rows(len(codes), n_features)
    # The contexts differ in length: none, one row, two rows, …
    contexts = [numbered_rows(i, n_features, start=1000 * (i + 1)) for i in range(n_series)]
    windows = flat_windows(
        rows,
        split_positions(codes, n_series),
        contexts,
        np.full(n_features, FILL),
        window_length=window_length,
        horizon=horizon,
    )
    for i in range(n_series):
        alone = windows_by_hand(
            rows[codes == i], contexts[i], window_length=window_length, horizon=horizon
        )
        assert_array_equal(unflatten(windows, window_length)[codes == i], alone)


def test_windows_of_one_series_are_views_of_one_buffer_of_rows():
    n_rows, window_length, n_features = 50, 7, 3
    windows = one_series(
        numbered_rows(n_rows, n_features),
        numbered_rows(2, n_features),
        window_length=window_length,
        horizon=2,
    )
    # Step i + 1 of a row and step i of the next row are the same bytes …
    assert np.shares_memory(windows[0, n_features:], windows[1, :1])
    assert windows.strides == (n_features * 8, 8)
    # … and from the first byte to the last there is room for one copy of the rows only.
    first = windows[0, :1].__array_interface__["data"][0]
    last = windows[-1, -1:].__array_interface__["data"][0]
    assert last + 8 - first == (n_rows + window_length - 1) * n_features * 8
    assert np.shares_memory(unflatten(windows, window_length), windows)


def test_windows_of_one_series_take_the_memory_of_one_copy_of_the_rows():
    rows = numbered_rows(5000, 8)
    positions = split_positions(np.zeros(5000, dtype=np.intp), 1)
    tracemalloc.start()
    try:
        flat_windows(rows, positions, [rows[:0]], np.zeros(8), window_length=60, horizon=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows.nbytes < peak < 1.5 * rows.nbytes


@pytest.mark.parametrize("n_series", [1, 2])
def test_windows_are_read_only(n_series):
    rows = numbered_rows(4)
    windows = flat_windows(
        rows,
        split_positions(np.arange(4) % n_series, n_series),
        [rows[:0]] * n_series,
        np.zeros(1),
        window_length=2,
        horizon=1,
    )
    for array in (windows, unflatten(windows, 2)):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0


def test_windows_do_not_see_later_changes_of_the_rows():
    rows = numbered_rows(4)
    windows = one_series(rows, rows[:0], window_length=2, horizon=1)
    before = windows.copy()
    rows[:] = 99.0
    assert_array_equal(windows, before)


def test_windows_keep_the_dtype_of_the_rows():
    rows = numbered_rows(4).astype(np.float32)
    windows = one_series(rows, numbered_rows(1), window_length=2, horizon=1)
    assert windows.dtype == np.float32


def test_windows_of_rows_in_column_order_are_the_same():
    rows = np.asfortranarray(numbered_rows(5, 3))
    windows = one_series(rows, rows[:0], window_length=2, horizon=1)
    assert_array_equal(windows[3], rows[1:3].ravel())


def test_a_context_longer_than_the_lead_is_cut_at_its_old_end():
    windows = one_series(numbered_rows(1), numbered_rows(9, start=10), window_length=2, horizon=1)
    assert_array_equal(windows, [[17.0, 18.0]])


@given(codes=st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_positions_are_those_of_each_series_in_order(codes):
    codes = np.unique(codes, return_inverse=True)[1]
    n_series = codes.max() + 1
    everywhere = np.arange(len(codes))
    for i, where in enumerate(split_positions(codes, n_series)):
        assert everywhere[where].tolist() == [j for j, code in enumerate(codes) if code == i]


def test_column_means_leave_nan_out_and_are_0_without_values():
    rows = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan], [6.0, np.nan, np.nan]])
    assert_array_equal(column_means(rows), [3.0, 5.0, 0.0])


def test_column_means_of_float32_are_summed_in_float64():
    # In float32 the sum would stop growing at 2**24.
    rows = np.array([[2.0**24]] + [[1.0]] * 8, dtype=np.float32)
    means = column_means(rows)
    assert means.dtype == np.float32
    assert means[0] == np.float32((2**24 + 8) / 9)


@settings(max_examples=30)
@given(n_rows=st.integers(1, 5), n=st.integers(0, 7))
def test_first_and_last_rows_are_copies_of_as_many_as_there_are(n_rows, n):
    rows = numbered_rows(n_rows)
    kept = min(n, n_rows)
    first, last = first_rows(rows, n), last_rows(rows, n)
    assert first[:, 0].tolist() == list(range(kept))
    assert last[:, 0].tolist() == list(range(n_rows - kept, n_rows))
    assert not np.shares_memory(first, rows)
    assert not np.shares_memory(last, rows)


def test_rows_begin_with_a_head_of_equal_values():
    head = np.array([[0.1], [np.nan]])
    assert begins_with(np.array([[0.1], [np.nan], [3.0]]), head)
    assert begins_with(np.array([[0.1], [np.nan]], dtype=np.float32), head)
    assert not begins_with(np.array([[0.1], [2.0], [3.0]]), head)
    assert not begins_with(np.array([[0.1]]), head)


def test_means_of_the_largest_numbers_are_finite():
    largest = np.finfo(np.float64).max
    rows = np.array([[1e308, largest, -largest, 1.0]] * 3 + [[np.nan] * 4])
    assert_array_equal(column_means(rows), [1e308, largest, -largest, 1.0])
