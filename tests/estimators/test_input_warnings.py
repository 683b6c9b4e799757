"""Windows from which no network learns are warned of, once and by name; all others are not."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, RNNClassifier, RNNRegressor, SlidingWindowTransformer
from skrnn.estimators._input_warnings import warn_of_other_scale, warn_of_scale
from skrnn.exceptions import (
    FeaturesNotScaledWarning,
    HeldOutRowsWarning,
    RowsNotWindowsWarning,
)

rng = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=40, freq="D")
PRICES = pd.DataFrame(
    {
        "Open": rng.normal(400, 5, 40),
        "Volume": rng.normal(2e6, 1e5, 40),
        "Return": rng.normal(size=40),
    },
    index=DAYS,
)
Y = PRICES["Return"].to_numpy()


def make_network(**parameters):
    return RNNRegressor(1, epochs=1, batch_size=64, random_state=0, **parameters)


def warnings_of(X, y=Y, network=None, **fit_args):
    """Return the classes and the texts of what a fit warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (network or make_network()).fit(X, y, **fit_args)
    return [(warning.category, str(warning.message)) for warning in caught]


# Features that are not scaled


def test_each_feature_that_is_not_scaled_is_named_by_its_number_in_one_warning():
    windows = SlidingWindowTransformer(3, flatten=False).fit_transform(PRICES)
    (category, message), *others = warnings_of(windows)
    assert category is FeaturesNotScaledWarning
    assert not others
    sizes = np.median(np.abs(windows), axis=(0, 1))
    assert f"of feature 0 ({sizes[0]:.3g}), feature 1 ({sizes[1]:.3g}) is above 30" in message
    assert "StandardScaler" in message
    assert "feature 2" not in message


def test_windows_with_names_are_those_of_one_feature():
    windows = SlidingWindowTransformer(3).set_output(transform="pandas")
    ((category, message),) = warnings_of(windows.fit_transform(PRICES[["Open"]]))
    assert category is FeaturesNotScaledWarning
    assert message.count("'Open'") == 1
    assert "lag" not in message


def test_windows_without_names_have_feature_0():
    ((_, message),) = warnings_of(np.full((40, 3), 31.0))
    assert "of feature 0 (31) is above 30" in message


def test_vectors_have_features_by_name():
    vectors = PRICES.assign(Other=-100.0)
    network = make_network(architecture="vector_to_sequence")
    ((category, message),) = warnings_of(vectors, np.ones((40, 2)), network)
    assert category is FeaturesNotScaledWarning
    for name in ("Open", "Volume", "Other"):
        assert f"feature '{name}' (" in message
    assert "Return" not in message
    # They are no windows.
    assert "Scale X: StandardScaler before the network" in message
    assert "window" not in message.lower()


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (["('Open', 1)", "('Open', 2)"], "feature 0 (99)"),
        (["Open(t-1)", "Open(t)"], "feature 'Open' (99)"),
        (["('Open', 'SPY')_lag2", "('Open', 'SPY')_lag1"], "feature \"('Open', 'SPY')\" (99)"),
        (pd.MultiIndex.from_product([["Open"], ["SPY"], [2, 1]]), "feature 0 (99)"),
    ],
    ids=str,
)
def test_a_feature_has_no_part_of_a_name(columns, named):
    X = pd.DataFrame(np.full((40, 2), 99.0), columns=columns)
    ((_, message),) = warnings_of(X)
    assert f"value of {named} is above" in message


def test_columns_of_several_levels_are_named_by_those_that_are_no_step():
    X = np.full((40, 2, 1), 99.0)
    for columns in (
        [("Open", "SPY", 2), ("Open", "SPY", 1)],
        [(2, "Open", "SPY"), (1, "Open", "SPY")],
    ):
        with pytest.warns(
            FeaturesNotScaledWarning, match=r"of feature 'Open, SPY' \(99\) is above"
        ):
            warn_of_scale(X, columns)


def test_of_many_features_the_first_are_named():
    ((_, message),) = warnings_of(np.full((40, 2, 9), -99.0))
    assert "feature 4 (99) and 4 more is above" in message
    assert "feature 5" not in message


@pytest.mark.parametrize(
    ("values", "is_large"),
    [
        # The median decides, not the mean and not the largest.
        ([30, 30, 30, 30], False),
        ([30, 31, 1, 1e6], True),
        ([1, 1, 1, 1e6], False),
        ([-31, -31, -31, 31], True),
        ([np.nan, np.nan, 31, 31], True),
        ([np.nan, 1, 1, 1e6], False),
    ],
)
def test_the_median_absolute_value_decides(values, is_large):
    X = np.tile(np.array(values, dtype=float), (40, 1))
    found = [category for category, _ in warnings_of(X)]
    assert found == [FeaturesNotScaledWarning] * is_large


def test_symbols_and_scaled_features_are_not_warned_of():
    symbols = np.full((40, 3), 500.0)
    assert warnings_of(symbols, network=make_network(embedding_dim=2)) == []
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(3, flatten=False))
    assert warnings_of(pipe.fit_transform(PRICES)) == []


def test_continued_training_does_not_warn_again():
    X = np.full((40, 3), 99.0)
    network = make_network(warm_start=True)
    assert len(warnings_of(X, network=network)) == 1
    assert warnings_of(X, network=network) == []
    network = make_network()
    with pytest.warns(FeaturesNotScaledWarning):
        network.partial_fit(X, Y)
    network.partial_fit(X, Y)


def test_of_many_rows_some_are_read_and_always_the_same():
    # Three of five windows, wherever they stand; every second row would be all or none.
    many = np.where(np.arange(2_000_000) % 2 == 0, 0.0, 100.0)[:, np.newaxis, np.newaxis]
    seen = set()
    for offset in (0.0, 100.0):
        X = np.concatenate([many, np.full((500_000, 1, 1), offset)])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn_of_scale(X, None)
        seen.add((offset, len(caught)))
    assert seen == {(0.0, 0), (100.0, 1)}


# Rows of a table


@pytest.mark.parametrize(
    "index",
    [DAYS, DAYS.to_period(), pd.MultiIndex.from_product([["a"], DAYS])],
    ids=["dates", "periods", "panel"],
)
@pytest.mark.parametrize("columns", [["Open", "Volume", "Return"], ["Return"]])
def test_a_table_of_dated_rows_is_warned_of(index, columns):
    rows = (PRICES / PRICES.std() / 100).set_axis(index)[columns]
    ((category, message),) = warnings_of(rows, network=GRURegressor(1, epochs=1))
    assert category is RowsNotWindowsWarning
    for part in (*columns, "GRURegressor expects windows", "SlidingWindowTransformer", "to_numpy"):
        assert part in message


@pytest.mark.parametrize(
    "columns",
    [
        ["Open_lag3", "Open_lag2", "Open_lag1"],
        ["t-3", "t-2", "t-1"],
        ["2024_w1", "2024_w2", "2024_w3"],
        ["lag 3 of Open", "lag 2 of Open", "lag 1 of Open"],
        [0, 1, 2],
        # The present step has no number.
        ["price", "price_lag1", "price_lag2"],
        ["Open_lag2", "Open_lag1", "Open"],
        ["var1(t-2)", "var1(t-1)", "var1(t)"],
        ["t-2", "t-1", "t"],
        ["t-1", "t", "t+1"],
        # Ordinals
        ["1st", "2nd", "3rd"],
        # Times
        ["00:00", "01:00", "02:00"],
        ["load 09:00:00", "load 09:30:00", "load 10:00:00"],
        ["2024-01-31", "2024-02-29", "2024-03-31"],
        [datetime.time(0), datetime.time(1), datetime.time(2)],
        [datetime.date(2024, 1, day) for day in (1, 2, 3)],
        pd.timedelta_range("0h", periods=3, freq="h"),
        pd.date_range("2024-01-31", periods=3, freq="ME"),
        pd.period_range("2024-01", periods=3, freq="M"),
        # Numbers
        [1.5, 2.5, 3.25],
        ["1.5", "2.5", "-3.25"],
        # Several levels
        pd.MultiIndex.from_product([["Open"], ["SPY"], [3, 2, 1]]),
        pd.MultiIndex.from_product([["lag3", "lag2", "lag1"], ["Open"]]),
    ],
    ids=str,
)
def test_columns_that_are_steps_of_one_name_are_windows(columns):
    X = pd.DataFrame(rng.normal(size=(40, 3)), DAYS, columns)
    assert warnings_of(X) == []
    if any(character.isdigit() for character in str(X.columns[0])):
        assert warnings_of(X.iloc[:, :1]) == []
    assert warnings_of(X.iloc[:, 1:]) == []
    assert warnings_of(X.iloc[:, :0:-1]) == []


@pytest.mark.parametrize(
    "columns",
    [
        # Two without a number, one that is no prefix, several levels of names.
        ["price", "price_", "price_lag1"],
        ["Volume", "price_lag2", "price_lag1"],
        ["Open 1", "Close 1", "Close 2"],
        ["nan", "1", "2"],
        pd.MultiIndex.from_tuples([("Open", 1), ("Open", 2), ("Close", 1)]),
        pd.MultiIndex.from_tuples([("Open", "SPY"), ("Close", "SPY"), ("High", "SPY")]),
    ],
    ids=str,
)
def test_columns_of_several_features_are_warned_of(columns):
    X = pd.DataFrame(rng.normal(size=(40, 3)), DAYS, columns)
    assert [category for category, _ in warnings_of(X)] == [RowsNotWindowsWarning]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(list(DAYS.date)),
        pd.CategoricalIndex(DAYS),
        pd.CategoricalIndex(list(DAYS.date)),
        pytest.param("timestamp[ns][pyarrow]", id="Arrow"),
        DAYS - DAYS[0],
    ],
    ids=lambda index: type(index).__name__,
)
def test_dates_of_any_type_are_dates(index):
    if isinstance(index, str):
        pytest.importorskip("pyarrow")
        index = pd.Index(DAYS.astype(index))
    rows = (PRICES / PRICES.std() / 100).set_axis(index)
    ((category, message),) = warnings_of(rows)
    assert category is RowsNotWindowsWarning
    assert "has dates or times as its index" in message


def test_one_date_for_all_rows_does_not_make_them_a_series():
    rows = PRICES / PRICES.std() / 100
    panel = pd.MultiIndex.from_product([DAYS[:1], range(40)])
    assert warnings_of(rows.set_axis(panel)) == []
    # Nor do dates of rows that were left out.
    panel = pd.MultiIndex.from_product([DAYS[:2], range(40)])
    both = pd.concat([rows, rows]).set_axis(panel)
    assert warnings_of(both.loc[DAYS[:1]]) == []


def test_other_inputs_than_tables_of_dated_rows_are_not_warned_of():
    scaled = PRICES / PRICES.std() / 100
    assert warnings_of(scaled.reset_index(drop=True)) == []
    assert warnings_of(scaled.to_numpy()) == []
    network = make_network(architecture="vector_to_sequence")
    assert warnings_of(scaled, np.ones((40, 2)), network) == []


def test_classifiers_warn_as_regressors_do():
    found = warnings_of(PRICES[["Open", "Volume"]], Y > 0, RNNClassifier(1, epochs=1))
    assert [category for category, _ in found] == [RowsNotWindowsWarning, FeaturesNotScaledWarning]


# Held-out rows


@pytest.mark.parametrize(
    ("scale", "shift", "warns"),
    [(1, 0, False), (3, 0, False), (5, 0, True), (0.2, 0, True), (1, 3, False), (1, 5, True)],
)
def test_held_out_rows_of_another_scale_are_named(scale, shift, warns):
    X = np.random.default_rng(0).normal(size=(100, 4, 2))
    X_val = X.copy()
    X_val[..., 1] = scale * X_val[..., 1] + shift
    y = X[:, -1, 0]
    found = warnings_of(X, y, X_val=X_val, y_val=y)
    assert [category for category, _ in found] == [HeldOutRowsWarning] * warns
    if warns:
        assert "different scales: feature 1 (" in found[0][1]
        assert "pipe[:-1].transform(X_val)" in found[0][1]


def test_held_out_rows_that_a_pipeline_does_not_scale_are_noticed():
    X = np.random.default_rng(0).normal(20, 5, size=(80, 3))
    pipe = make_pipeline(StandardScaler(), make_network())
    with pytest.warns(HeldOutRowsWarning, match="not applied to X_val"):
        pipe.fit(X, X[:, 0], rnnregressor__X_val=X, rnnregressor__y_val=X[:, 0])


def test_a_normalized_holiday_that_is_rare_in_held_out_rows_is_no_other_scale():
    series = np.random.default_rng(0).normal(size=200)
    holiday, rare = np.zeros(200), np.zeros(200)
    holiday[::4], rare[100] = 1, 1
    X, X_val = (
        np.stack([cut(series, 5)[0][..., 0], cut(each, 5)[0][..., 0]], axis=2)
        for each in (holiday, rare)
    )
    options = {"normalize_windows": "last", "normalize_features": "all"}
    network = RNNRegressor(1, epochs=1, **options)
    y = series[5:]
    assert not warnings_of(X, y, network=network, X_val=X_val, y_val=y)


@pytest.mark.parametrize("is_scaled", [True, False])
def test_a_symbol_that_is_rare_in_held_out_rows_is_no_other_scale(is_scaled):
    X = np.zeros((100, 4, 2))
    X[::3, 0, 1] = 1
    X[:, :, 0] = 1 - X[:, :, 1]
    X_val = np.tile([1.0, 0.0], (60, 4, 1))
    X_val[0, 0] = 0, 1
    if is_scaled:
        X = (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))
    y = np.arange(100.0) / 100
    found = warnings_of(X, y, X_val=X_val, y_val=y[:60])
    assert [category for category, _ in found] == [HeldOutRowsWarning] * is_scaled


def cut(series, length):
    """Return windows, and the values that follow them."""
    windows = np.lib.stride_tricks.sliding_window_view(series, length)[:-1, :, np.newaxis]
    return windows, series[length:]


normalizations = pytest.mark.parametrize("kind", ["last", "standard"])
TREND = np.cumsum(np.random.default_rng(0).normal(1, 1, size=200))


@normalizations
@pytest.mark.parametrize("length", [5, 60])
def test_held_out_rows_of_normalized_windows_may_be_at_another_level(kind, length):
    windows, y = cut(np.tile(TREND, 4) + np.repeat([0, 200, 400, 600], 200), length)
    network = RNNRegressor(1, epochs=1, normalize_windows=kind)
    assert not warnings_of(
        windows[:400], y[:400], network=network, X_val=windows[600:], y_val=y[600:]
    )


@normalizations
@pytest.mark.parametrize("scale", [0.01, 100])
def test_normalized_windows_that_a_pipeline_does_not_scale_are_noticed_in_each_fit(kind, scale):
    windows, y = cut(TREND, 5)
    network = RNNRegressor(1, epochs=1, normalize_windows=kind, warm_start=True)
    for _ in range(2):
        ((category, text),) = warnings_of(
            windows[:100], y[:100], network=network, X_val=scale * windows[150:], y_val=y[150:]
        )
        assert category is HeldOutRowsWarning
        assert "feature 0 (changes from step to step of" in text


def test_features_beside_normalized_ones_are_compared_by_their_levels():
    windows, y = cut(TREND, 5)
    plain, _ = cut(np.random.default_rng(0).normal(size=200), 5)
    X = np.concatenate([windows, plain], axis=2)
    X_val = np.concatenate([windows, plain + 5], axis=2)[150:]
    network = RNNRegressor(1, epochs=1, normalize_windows="last", normalize_features=[0])
    ((category, text),) = warnings_of(X[:100], y[:100], network=network, X_val=X_val, y_val=y[150:])
    assert category is HeldOutRowsWarning
    assert "different scales: feature 1 (" in text
    assert "feature 0" not in text


def test_long_recordings_of_different_size_are_one_kind():
    # Four recordings have as many steps as are sampled, but four are no fair sample of the sizes.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(250, 4000, 1)) * np.exp(rng.normal(size=(250, 1, 1)))
    for _ in range(5):
        X = rng.permutation(X)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn_of_other_scale(X[:200], X[200:], None, normalized=(0,))
            with pytest.raises(HeldOutRowsWarning, match="changes from step to step"):
                warn_of_other_scale(X[:200], 100 * X[200:], None, normalized=(0,))


@pytest.mark.parametrize("gap", [1, 2])
def test_normalized_windows_without_changes_are_compared_by_their_values(gap):
    X = np.random.default_rng(0).normal(size=(100, 4, 1))
    X = X[:, :1] if gap == 1 else np.where(np.arange(4)[:, np.newaxis] % 2, np.nan, X)
    with pytest.warns(HeldOutRowsWarning, match=r"feature 0 \(.* ± "):
        warn_of_other_scale(X, 100 * X, None, normalized=(0,))


def test_held_out_rows_with_missing_steps_and_constants_are_compared():
    X = np.random.default_rng(0).normal(size=(50, 4, 2))
    X[..., 1] = 7
    X[::2, 0] = np.nan
    assert not warnings_of(X, X[:, -1, 0], X_val=X[:20], y_val=X[:20, -1, 0])


@pytest.mark.parametrize(
    ("is_sorted", "split", "warns"), [(True, 0.1, True), (True, 0.05, False), (False, 0.1, False)]
)
def test_labels_that_are_sorted_are_noticed_when_rows_are_held_out(is_sorted, split, warns):
    X = np.random.default_rng(0).normal(size=(150, 3))
    y = np.repeat(["a", "b", "c"], 50)
    if is_sorted:
        # A class that only the held-out rows had would be an error.
        y[0] = "c"
    else:
        y = np.random.default_rng(0).permutation(y)
    options = {"early_stopping": True, "validation_split": split, "random_state": 0}
    found = warnings_of(X, y, network=RNNClassifier(1, epochs=1, **options))
    assert [category for category, _ in found] == [HeldOutRowsWarning] * warns
    if warns:
        assert "the last 15 of 150 rows, and all of them have the class 'c'" in found[0][1]
