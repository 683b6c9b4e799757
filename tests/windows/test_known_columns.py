"""Windows with known columns, beside windows of columns that are shifted by hand."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import LSTMRegressor, NaiveRegressor, SlidingWindowTransformer, load, save
from skrnn.exceptions import RowsMissingWarning
from skrnn.windows._targets import find_targets_of_windows

# Windows longer than the few rows are looked at here; the warning has tests in test_warnings.py.
pytestmark = pytest.mark.filterwarnings("ignore::skrnn.exceptions.TooFewRowsWarning")

property_based = settings(deadline=None, max_examples=60)
COLUMNS = ["sales", "hours", "price"]


def make_rows(n_rows, seed=0):
    """Return rows of three columns that are all different."""
    values = np.random.default_rng(seed).normal(size=(n_rows, len(COLUMNS)))
    return pd.DataFrame(values, columns=COLUMNS)


def shift_by_hand(frame, known, horizon, group=None):
    """Return windows without known columns of rows whose known columns are shifted."""
    shifted = frame.copy()
    rows = frame if group is None else frame.groupby(group)
    shifted[known] = rows[known].shift(-horizon)
    return shifted


@property_based
@given(
    codes=st.lists(st.integers(0, 2), min_size=2, max_size=20),
    share=st.floats(0, 1),
    window_length=st.integers(1, 5),
    horizon=st.integers(0, 4),
    padding=st.sampled_from(["mean", "nan"]),
    known=st.sampled_from([["hours"], ["price", "sales"], ["hours", "price"]]),
    is_panel=st.booleans(),
)
def test_windows_equal_those_of_columns_shifted_by_hand(
    codes, share, window_length, horizon, padding, known, is_panel
):
    frame = make_rows(len(codes))
    group = "shop" if is_panel else None
    if is_panel:
        frame["shop"] = np.array(["A", "B", "C"])[codes]
    params = {"horizon": horizon, "group": group, "flatten": False}
    by_hand = SlidingWindowTransformer(window_length, padding="nan", **params)
    expected = by_hand.fit_transform(shift_by_hand(frame, known, horizon, group))
    n_fitted = 1 + int(share * (len(frame) - 1))
    fitted = SlidingWindowTransformer(window_length, padding=padding, known=known, **params)
    fitted.fit(frame.iloc[:n_fitted])
    if padding == "mean":
        means = frame[COLUMNS].iloc[:n_fitted].mean().to_numpy()
        expected = np.where(np.isnan(expected), means, expected)
    assert_allclose(fitted.transform(frame), expected, rtol=1e-14)
    # Later rows continue the fitted ones: their windows hold known columns of both.
    if n_fitted < len(frame):
        assert_allclose(fitted.transform(frame.iloc[n_fitted:]), expected[n_fitted:], rtol=1e-14)


def look_up(rows, dates, known, window_length, horizon):
    """Look each step up by its date. A step without its row or its known row is NaN."""
    # Days as numbers, since arithmetic with dates is slow.
    values = dict(zip(rows.index.day_of_year.tolist(), rows.to_numpy(), strict=True))
    windows = np.full((len(dates), window_length, rows.shape[1]), np.nan)
    for number, day in enumerate(dates.day_of_year.tolist()):
        for step in range(window_length):
            past = day - (horizon + window_length - 1 - step)
            later = past + horizon
            if past in values and later in values:
                windows[number, step] = values[past]
                windows[number, step, known] = values[later][known]
    return windows


@property_based
@given(
    gaps=st.sets(st.integers(15, 47), max_size=3),
    n_between=st.integers(0, 3),
    window_length=st.integers(1, 5),
    horizon=st.integers(0, 4),
)
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsMissingWarning")
def test_a_step_is_missing_if_its_row_or_its_known_row_is(gaps, n_between, window_length, horizon):
    days = pd.date_range("2024-01-01", periods=50, freq="D")
    rows = make_rows(50).set_index(days)
    # Fitted rows end on day 39, and later rows begin after some missing days.
    kept = rows[[day not in gaps and not 40 <= day < 40 + n_between for day in range(50)]]
    fitted = SlidingWindowTransformer(
        window_length, horizon=horizon, padding="nan", gaps="missing", known=["price", "hours"]
    ).fit(kept[: days[39]])
    expected = look_up(kept, kept.index, [1, 2], window_length, horizon)
    assert_array_equal(fitted.transform(kept), expected)
    is_later = kept.index > days[39]
    assert_array_equal(fitted.transform(kept[is_later]), expected[is_later])


@pytest.mark.parametrize("horizon", [0, 1, 2, 3])
@pytest.mark.parametrize("n_between", [1, 2, 4, 9])
def test_the_warning_counts_the_rows_whose_windows_lack_known_values(horizon, n_between):
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    rows = make_rows(60).set_index(days)
    fitted = SlidingWindowTransformer(3, horizon=horizon, padding="nan", known=["hours"])
    fitted.fit(rows.iloc[:30])
    with pytest.warns(RowsMissingWarning) as caught:
        windows = fitted.transform(rows.iloc[30 + n_between :])
    n_incomplete = np.isnan(windows).any(axis=(1, 2)).sum()
    assert str(caught[0].message).startswith(f"{n_incomplete} of {len(windows)} rows lack steps")


def test_the_last_step_holds_the_known_values_of_its_own_row():
    frame = make_rows(9)
    windows = SlidingWindowTransformer(3, horizon=2, known=["hours"]).fit_transform(frame)
    assert_array_equal(windows[4:, -1, 1], frame["hours"][4:])
    assert_array_equal(windows[4:, -1, [0, 2]], frame[["sales", "price"]][2:-2])


def test_horizon_0_holds_the_row_itself_in_any_case():
    frame = make_rows(9)
    windows = [
        SlidingWindowTransformer(3, horizon=0, flatten=True, known=known).fit(frame)
        for known in (None, ["hours"])
    ]
    assert_array_equal(windows[0].transform(frame), windows[1].transform(frame))
    assert_array_equal(windows[0].get_feature_names_out(), windows[1].get_feature_names_out())


@pytest.mark.parametrize("known", [None, []])
def test_no_column_is_known_by_default(known):
    frame = make_rows(9)
    windows = SlidingWindowTransformer(3, known=known).fit_transform(frame)
    assert_array_equal(windows, SlidingWindowTransformer(3).fit_transform(frame))


def test_names_hold_the_distance_to_the_predicted_row():
    window = SlidingWindowTransformer(2, horizon=3, known=["hours"], flatten=True)
    frame = make_rows(9)[["sales", "hours"]]
    found = window.set_output(transform="pandas").fit_transform(frame)
    assert list(found.columns) == ["sales_lag4", "hours_lag1", "sales_lag3", "hours_lag0"]
    for name in found.columns:
        column, lag = name.split("_lag")
        assert_array_equal(found[name][4:], frame[column].shift(int(lag))[4:])


@pytest.mark.parametrize(
    ("container", "known"),
    [
        (lambda frame: frame, ["price", "hours"]),
        (lambda frame: frame, ("hours", 2)),
        (lambda frame: frame, pd.Index(["hours", "price"])),
        (lambda frame: frame.set_axis([7, 1, 0], axis=1), [0, 1]),
        (pl.from_pandas, np.array([1, 2])),
        (pl.from_pandas, ["hours", "price"]),
        (np.asarray, [2, 1]),
        (np.asarray, np.array([1, 2])),
        (lambda frame: frame.to_numpy().tolist(), [1, 2]),
    ],
)
def test_columns_are_given_by_name_or_position(container, known):
    frame = make_rows(12)
    expected = SlidingWindowTransformer(3, known=["hours", "price"]).fit_transform(frame)
    window = SlidingWindowTransformer(3, known=known)
    assert_array_equal(window.fit_transform(container(frame)), expected)
    # scikit-learn compares parameters of a clone.
    assert_array_equal(clone(window).fit_transform(container(frame)), expected)


def test_positions_do_not_count_columns_of_group():
    frame = make_rows(12)
    frame.insert(0, "shop", ["A", "B"] * 6)
    windows = [
        SlidingWindowTransformer(3, group="shop", known=known).fit_transform(frame)
        for known in (["hours"], [1])
    ]
    assert_array_equal(windows[0], windows[1])


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ("hours", r"known='hours' must be a list of columns.*Give known=\['hours'\]"),
        (1, "known=1 must be a list of columns.*positions, counted from 0"),
        ([False, True, False], "must be a list of columns"),
        (np.array([False, True, False]), "must be a list of columns"),
        ({"hours"}, "must be a list of columns"),
        (["day"], r"'day', which is no column of X. Give one of its columns: \['sales'"),
        ([3], "3, which is no column of X"),
        ([-1], "-1, which is no column of X"),
        ([1.0], "1.0, which is no column of X"),
        ([["hours"]], "which is no column of X"),
        ([None], "None, which is no column of X"),
        (["hours", "hours"], "names the column 'hours' twice.*Give each column once"),
        (["hours", 1], "names the column 1 twice"),
        (COLUMNS, "names all 3 column.*use horizon=0 and known=None"),
    ],
)
def test_other_columns_are_refused(known, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindowTransformer(3, known=known).fit(make_rows(12))


def test_a_name_is_refused_for_an_array():
    with pytest.raises(ValueError, match=r"X is an array.*set_output\(transform=\"pandas\"\)"):
        SlidingWindowTransformer(3, known=["hours"]).fit(make_rows(12).to_numpy())
    with pytest.raises(ValueError, match=r"3, which is no column of X\. Give 0 to 2"):
        SlidingWindowTransformer(3, known=[3]).fit(make_rows(12).to_numpy())


def test_a_key_of_group_is_no_known_column():
    frame = make_rows(12).assign(shop=["A", "B"] * 6)
    with pytest.raises(ValueError, match=r"'shop', which is in group=\['shop'\]"):
        SlidingWindowTransformer(3, group="shop", known=["shop"]).fit(frame)


def test_a_failed_fit_changes_nothing():
    frame = make_rows(12)
    window = SlidingWindowTransformer(3, known=["hours"]).fit(frame)
    before = window.transform(frame)
    with pytest.raises(ValueError, match="no column of X"):
        window.fit(frame[["sales", "price"]])
    assert_array_equal(window.transform(frame), before)


@pytest.mark.parametrize("flatten", [True, False])
def test_windows_of_one_series_are_one_view(flatten):
    X = np.random.default_rng(0).normal(size=(1000, 3))
    windows = SlidingWindowTransformer(50, known=[1], flatten=flatten).fit_transform(X)
    assert np.shares_memory(windows[100], windows[101])
    assert not windows.flags.writeable
    assert windows.strides[0] == 3 * X.itemsize


def test_nan_in_a_row_stays_and_a_network_refuses_it():
    frame = make_rows(30)
    frame.loc[25, "hours"] = np.nan
    frame.loc[20, "sales"] = np.nan
    window = SlidingWindowTransformer(3, known=["hours"], padding="nan")
    expected = SlidingWindowTransformer(3, padding="nan").fit_transform(
        shift_by_hand(frame, ["hours"], 1)
    )
    assert_array_equal(window.fit_transform(frame), expected)
    network = make_pipeline(window, LSTMRegressor(2, epochs=1, random_state=0))
    network.fit(frame[:20], frame["price"][:20])
    with pytest.raises(ValueError, match="NaN in some features of a step"):
        network.predict(frame[20:26])


def test_the_target_column_is_found_behind_known_columns():
    frame = make_rows(60).cumsum()
    window = SlidingWindowTransformer(5, known=["hours"]).fit(frame, frame["sales"])
    assert window.targets_ == [(0, 0, 1.0, 0.0)]
    # The first window has no step that could hold known values.
    windows = window.transform(frame)[1:]
    for column, shift in ((0, 1), (1, 0)):
        y = frame.iloc[1:, column].to_numpy()
        assert find_targets_of_windows(windows, y)[0][:2] == (column, shift)


def test_the_naive_baseline_predicts_the_last_past_value():
    frame = make_rows(60).cumsum()
    naive = make_pipeline(SlidingWindowTransformer(5, known=["hours", "price"]), NaiveRegressor())
    predicted = naive.fit(frame, frame["sales"]).predict(frame)
    assert_array_equal(predicted[1:], frame["sales"][:-1])


def test_known_columns_pass_a_scaler_by_name():
    frame = make_rows(30)
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(3, known=["hours"]))
    windows = pipe.set_output(transform="pandas").fit_transform(frame)
    assert_allclose(windows[3:, -1, 1], ((frame - frame.mean()) / frame.std(ddof=0))["hours"][3:])


@pytest.mark.parametrize("how", ["pickle", "save"])
def test_a_saved_transformer_goes_on_with_known_columns(how, tmp_path):
    frame = make_rows(40)
    window = SlidingWindowTransformer(4, horizon=2, known=["hours"]).fit(frame[:25])
    if how == "pickle":
        loaded = pickle.loads(pickle.dumps(window))
    else:
        save(window, tmp_path / "window.skrnn")
        loaded = load(tmp_path / "window.skrnn")
    assert loaded.known == ["hours"]
    assert_array_equal(loaded.transform(frame[25:]), window.transform(frame[25:]))


def test_states_without_known_columns_are_read():
    frame = make_rows(40)
    window = SlidingWindowTransformer(4).fit(frame[:25])
    state = dict(window.__getstate__())
    starts = [
        (name, {key: value for key, value in start.items() if key != "is_missing"})
        for name, start in state.pop("_starts")
    ]
    del state["known"], state["_known"]
    old = SlidingWindowTransformer.__new__(SlidingWindowTransformer)
    old.__setstate__({**state, "_starts": starts})
    assert old.known is None
    assert_array_equal(old.transform(frame[25:]), window.transform(frame[25:]))
