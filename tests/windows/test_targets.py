"""Target columns of the outputs of y, found in rows and in windows."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import SlidingWindowTransformer
from skrnn.windows._targets import find_targets, find_targets_of_windows

N_ROWS = 80
RNG = np.random.default_rng(0)
WALK = 100 + RNG.normal(size=N_ROWS).cumsum()
COLUMNS = np.column_stack([RNG.normal(size=N_ROWS).cumsum(), WALK, RNG.normal(size=N_ROWS)])
LINE = np.arange(float(N_ROWS))
GROWTH = 1.05**LINE
ALL = [slice(None)]


def find(X, y, **params):
    return find_targets(np.reshape(X, (len(X), -1)), y, ALL, reach=6, **params)


def ahead(series, n):
    return np.column_stack([pd.Series(series).shift(-step) for step in range(n)])


def places(targets):
    return [target and target[:2] for target in targets]


def check(X, y, targets, tolerance=1e-9):
    """Compare y with the column, row by row, by the definition."""
    X, y = np.reshape(X, (len(X), -1)), np.reshape(np.asarray(y, float), (len(y), -1))
    for output, (feature, shift, a, b) in enumerate(targets):
        assert a > 0
        for t in range(len(y) - shift):
            if np.isfinite(y[t, output]) and np.isfinite(X[t + shift, feature]):
                expected = a * X[t + shift, feature] + b
                assert y[t, output] == pytest.approx(expected, rel=1e-9, abs=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scaler", [None, MinMaxScaler(), StandardScaler()], ids=str)
@pytest.mark.parametrize("level", [0.0, 1e5])
def test_a_column_is_found_whatever_its_scale(scaler, dtype, level):
    rows = (COLUMNS + level).astype(dtype)
    X = rows if scaler is None else scaler.fit_transform(rows)
    for feature in range(3):
        found = find(X, (COLUMNS + level)[:, feature])
        assert places(found) == [(feature, 0)]
        if level == 0:
            check(X, COLUMNS[:, feature], found, 1e-4 if dtype == np.float32 else 1e-9)
        assert (found[0][2:] == (1, 0)) == (scaler is None)


@pytest.mark.parametrize("X", [WALK, (WALK - 90) / 7], ids=["itself", "scaled"])
def test_the_next_steps_are_found_one_by_one(X):
    found = find(X, ahead(WALK, 4))
    assert places(found) == [(0, 0), (0, 1), (0, 2), (0, 3)]
    check(X, ahead(WALK, 4), found)


def test_each_of_several_columns_is_found():
    for X in (COLUMNS, StandardScaler().fit_transform(COLUMNS)):
        found = find(X, COLUMNS[:, [2, 0]])
        assert places(found) == [(2, 0), (0, 0)]
        check(X, COLUMNS[:, [2, 0]], found)


def test_the_column_with_the_name_of_y_comes_before_equal_columns():
    twice = np.column_stack([WALK, WALK])
    assert places(find(twice, WALK)) == [(0, 0)]
    assert places(find(twice, pd.Series(WALK, name="b"), names=["a", "b"])) == [(1, 0)]
    y = pd.DataFrame({"b": WALK, "a": WALK})
    assert places(find(twice, y, names=["a", "b"])) == [(1, 0), (0, 0)]
    assert places(find(twice, pl.Series("b", WALK), names=["a", "b"])) == [(1, 0)]


def test_each_of_equal_columns_is_one_output():
    rows = np.column_stack([WALK, COLUMNS[:, 0], WALK])
    for X in (rows, StandardScaler().fit_transform(rows)):
        assert places(find(X, rows)) == [(0, 0), (1, 0), (2, 0)]
        assert places(find(X, rows[:, [0, 0, 0]])) == [(0, 0), (2, 0), (0, 0)]
    twice = np.column_stack([LINE, 2 * LINE])
    assert places(find(LINE, twice)) == [(0, 0), (0, 0)]


def test_a_column_comes_before_its_lag_and_equal_values_before_a_name():
    lag = pd.Series(WALK).shift(1).to_numpy()
    assert places(find(np.column_stack([lag, WALK]), WALK)) == [(1, 0)]
    assert places(find(lag, WALK)) == [(0, 1)]
    scaled = np.column_stack([WALK / 2, WALK])
    assert places(find(scaled, pd.Series(WALK, name="half"), names=["half", "whole"])) == [(1, 0)]


@pytest.mark.parametrize(
    "y",
    [
        np.append(0, np.diff(WALK)),
        np.log(WALK),
        np.square(COLUMNS[:, 0]),
        -WALK,
        WALK[::-1],
        RNG.normal(size=N_ROWS),
        np.full(N_ROWS, 3.0),
        np.full(N_ROWS, np.nan),
    ],
    ids=["differences", "logarithm", "square", "negative", "backwards", "noise", "constant", "NaN"],
)
def test_outputs_that_are_no_column_are_not_found(y):
    assert find(COLUMNS, y) == [None]


def test_constants_are_no_columns():
    ones = np.ones(N_ROWS)
    assert find(ones, WALK) == find(ones, ones) == find(WALK, ones) == [None]


@pytest.mark.parametrize("series", [LINE, GROWTH], ids=["line", "exponential"])
def test_ties_of_a_line_and_an_exponential(series):
    # Any step of these is a scaled copy of any other.
    assert find(series, series) == [(0, 0, 1.0, 0.0)]
    assert places(find(series, pd.Series(series).shift(-2))) == [(0, 2)]
    assert places(find(series / 8 - 3, series)) == [(0, 0)]
    assert places(find(series / 8 - 3, ahead(series, 3))) == [(0, 0), (0, 1), (0, 2)]


def test_missing_values_are_left_out():
    X, y = WALK.copy(), WALK.copy()
    X[::5], y[1::3] = np.nan, np.nan
    assert find(X, y) == [(0, 0, 1.0, 0.0)]
    y[: N_ROWS // 2 + 5] = np.nan  # fewer than half can be compared
    assert find(X, y) == [None]
    assert find(WALK[:7], WALK[:7]) == [None]
    assert find(WALK[:8], WALK[:8]) == [(0, 0, 1.0, 0.0)]


@pytest.mark.parametrize("order", ["interleaved", "sorted by series"])
def test_rows_pair_within_a_series(order):
    codes = np.arange(N_ROWS) % 3
    codes = codes if order == "interleaved" else np.sort(codes)
    positions = [np.flatnonzero(codes == code) for code in range(3)]
    y = pd.Series(WALK).groupby(codes).shift(-2)
    found = find_targets(WALK[:, None] / 9, y, positions, reach=6)
    assert places(found) == [(0, 2)]
    assert found[0][2] == pytest.approx(9)
    # Across the series it is no shift at all.
    if order == "interleaved":
        assert places(find(WALK / 9, y)) == [(0, 6)]


@pytest.mark.parametrize(
    "y",
    [
        None,
        np.array(["a", "b"] * (N_ROWS // 2)),
        pd.Series(["1", "2"] * (N_ROWS // 2)),
        pd.date_range("2024", periods=N_ROWS),
        np.zeros((N_ROWS, 2, 2)),
        np.zeros((N_ROWS, 0)),
        WALK[:-1],
        [[1], [2, 3]],
        np.array([{}] * N_ROWS),
        1j * WALK,
    ],
    ids=lambda y: type(y).__name__,
)
def test_anything_but_numbers_is_no_target_and_no_error(y):
    assert find(WALK, y) is None
    transformer = SlidingWindowTransformer(2).fit(WALK[:, None], y)
    assert transformer.targets_ is None


@pytest.mark.parametrize(
    "convert",
    [
        list,
        pd.Series,
        pl.Series,
        lambda y: pd.Series(y).astype("Float64"),
        lambda y: pd.Series(y, dtype=object),
        lambda y: pd.DataFrame({"y": y}),
        lambda y: pl.DataFrame({"y": y}),
        lambda y: y.astype(np.float32),
    ],
)
def test_targets_of_any_container_are_read(convert):
    assert find(WALK, convert(WALK)) == [(0, 0, 1.0, 0.0)]


@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.integers(8, 50),
    n_features=st.integers(1, 4),
    draw=st.sampled_from(["normal", "walk", "counts", "decimals"]),
)
def test_nothing_is_found_in_random_numbers(seed, n_rows, n_features, draw):
    rng = np.random.default_rng(seed)
    rows = {
        "normal": lambda: rng.normal(size=(n_rows, n_features + 1)),
        "walk": lambda: rng.normal(size=(n_rows, n_features + 1)).cumsum(axis=0),
        "counts": lambda: rng.poisson(3, size=(n_rows, n_features + 1)).astype(float),
        "decimals": lambda: rng.integers(0, 100, size=(n_rows, n_features + 1)) / 100,
    }[draw]()
    assert find(rows[:, 1:], rows[:, 0]) == [None]


def test_nothing_is_found_in_two_values_that_match_by_chance():
    # 8 of 16 shifted values are equal: 70 orders of them are possible, and 9 shifts are tried.
    X = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0], dtype=float)
    y = np.full(16, np.nan)
    y[:9] = X[5:14]
    assert find(X, y) == [None]
    assert find(X, X) == [(0, 0, 1.0, 0.0)]


def test_a_small_constant_on_a_high_level_is_part_of_the_scale():
    # The offset is as small as some roundings of float32 at this level.
    level = (1e6 + 20 * WALK).astype(np.float32)
    assert find(level, level.astype(np.float64)) == [(0, 0, 1.0, 0.0)]
    for offset in (1.0, 3.0):
        assert find(level, level.astype(np.float64) + offset) != [(0, 0, 1.0, 0.0)]


def test_numbers_near_the_limits_of_floats_raise_and_warn_nothing():
    huge = WALK * 1e306
    assert places(find(huge, huge)) == [(0, 0)]
    assert find(huge, np.where(WALK > 100, 1e308, -1e308)) == [None]
    assert places(find(WALK * 1e-300, WALK)) == [(0, 0)]


# Windows


def make_windows(rows, length, horizon):
    return SlidingWindowTransformer(length, horizon=horizon, flatten=False).fit_transform(rows)


@given(
    seed=st.integers(0, 1000),
    length=st.integers(2, 6),
    horizon=st.integers(1, 4),
    n_series=st.integers(1, 3),
    is_shuffled=st.booleans(),
    is_scaled=st.booleans(),
    steps=st.integers(1, 3),
)
def test_windows_have_the_same_targets_as_rows(
    seed, length, horizon, n_series, is_shuffled, is_scaled, steps
):
    rng = np.random.default_rng(seed)
    n_rows = 40 * n_series
    index = pd.MultiIndex.from_product([range(40), range(n_series)], names=["day", "who"])
    rows = pd.DataFrame(rng.normal(size=(n_rows, 2)), index, columns=["a", "b"])
    y = np.column_stack([rows.groupby("who")["b"].shift(-step) for step in range(steps)])
    if is_scaled:
        rows = (rows - 3) / 7
    window = SlidingWindowTransformer(length, horizon=horizon, flatten=False, group="who")
    windows = window.fit(rows, y).transform(rows)
    known = np.flatnonzero(np.isfinite(y).all(axis=1))
    order = rng.permutation(known) if is_shuffled else known
    found = find_targets_of_windows(windows[order], y[order])
    assert [(feature, shift - horizon) for feature, shift, *_ in found] == places(window.targets_)
    for one, other in zip(found, window.targets_, strict=True):
        np.testing.assert_allclose(one[2:], other[2:], rtol=1e-9, atol=1e-9)


def test_a_series_that_repeats_itself_is_found_in_any_order():
    wave = np.tile(np.sin(np.arange(10)), 8)
    windows = make_windows(wave[:, None], 4, 1)
    order = np.random.default_rng(0).permutation(80)
    for rows in (np.arange(80), order):
        assert find_targets_of_windows(windows[rows], wave[rows]) == [(0, 1, 1.0, 0.0)]


def test_windows_of_one_step_and_unrelated_windows_have_no_targets():
    assert find_targets_of_windows(make_windows(WALK[:, None], 1, 1), WALK) == [None]
    random = np.random.default_rng(0).normal(size=(50, 4, 2))
    assert find_targets_of_windows(random, random[:, 0, 0] + 1) == [None]


def test_missing_steps_are_equal_to_missing_steps():
    rows = COLUMNS.copy()
    rows[::6] = np.nan
    windows = make_windows(rows, 3, 1)
    y = rows[:, 2]
    known = np.isfinite(y)
    assert places(find_targets_of_windows(windows, np.where(known, y, np.nan))) == [(2, 1)]


def test_only_the_given_feature_is_compared():
    windows = make_windows(COLUMNS, 3, 1)
    assert find_targets_of_windows(windows, WALK, feature=1) == [(1, 1, 1.0, 0.0)]
    assert find_targets_of_windows(windows, WALK, feature=0) == [None]


def test_outputs_are_completed_unless_a_row_contradicts():
    windows = make_windows(COLUMNS, 3, 1)
    event = np.eye(1, N_ROWS, 40)[0]
    steps = np.column_stack([WALK, np.where(np.arange(N_ROWS) < 7, np.roll(WALK, -1), np.nan)])
    assert places(find_targets_of_windows(windows, steps)) == [(1, 1), (1, 2)]
    for other in (event, np.full(N_ROWS, 5.0)):
        y = np.column_stack([WALK, other])
        assert places(find_targets_of_windows(windows, y)) == [(1, 1), None]


def test_windows_of_a_line_are_those_before_their_target():
    # Without the first ones, which are padded.
    windows = make_windows(LINE[:, None] / 8, 3, 1)[3:]
    assert places(find_targets_of_windows(windows, LINE[3:])) == [(0, 1)]


# On the transformer


def test_the_transformer_keeps_the_targets():
    days = pd.date_range("2024-01-01", periods=N_ROWS)
    X = pd.DataFrame(COLUMNS, days, columns=["a", "b", "c"]).assign(who="x")
    window = SlidingWindowTransformer(3, group="who").fit(X, X["c"])
    assert window.targets_ == [(2, 0, 1.0, 0.0)]
    # Places among the features: the column that names the series is none.
    X = X[["who", "a", "b", "c"]]
    assert SlidingWindowTransformer(3, group="who").fit(X, X["c"]).targets_[0][0] == 2
    assert window.fit(X).targets_ is None


def test_a_target_with_other_dates_is_refused():
    days = pd.date_range("2024-01-01", periods=N_ROWS)
    X = pd.DataFrame({"a": WALK}, days)
    with pytest.raises(ValueError, match=r"row 0 of X is .* 2024-01-01.*row 0 of y 2024-01-02"):
        SlidingWindowTransformer(3).fit(X[:-1], X["a"][1:])
    with pytest.raises(ValueError, match=r"y.loc\[X.index\]"):
        SlidingWindowTransformer(3).fit(X, X["a"][::-1])
    window = SlidingWindowTransformer(3).fit(X[:-1], X["a"][1:].to_numpy())
    assert window.targets_ == [(0, 1, 1.0, 0.0)]
    # Other labels are no dates, and the same dates of another zone are the same.
    SlidingWindowTransformer(3).fit(X, X["a"].reset_index(drop=True))
    berlin = X.tz_localize("UTC").tz_convert("Europe/Berlin")
    SlidingWindowTransformer(3).fit(X.tz_localize("UTC"), berlin["a"])


def test_a_target_with_other_dates_of_a_panel_is_refused():
    index = pd.MultiIndex.from_product(
        [pd.date_range("2024-01-01", periods=10), ["x", "z"]], names=["day", "who"]
    )
    X = pd.DataFrame({"a": WALK[:20]}, index)
    window = SlidingWindowTransformer(2, group="who")
    assert window.fit(X, X["a"]).targets_ == [(0, 0, 1.0, 0.0)]
    with pytest.raises(ValueError, match="y has other dates than X: row 0 "):
        window.fit(X[:-2], X["a"][2:])
