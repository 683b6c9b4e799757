"""Containers that are no table of rows: errors say how to convert them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import NaiveRegressor, SlidingWindowTransformer, stack_sequences
from skrnn.model_selection import check_leakage, compare_regressors

DAYS = pd.date_range("2024-01-01", periods=20, freq="D")
PRICE = pd.Series(np.sin(np.arange(20.0)), DAYS, name="price")
FRAME = PRICE.to_frame()
TABLE = pl.DataFrame({"price": PRICE.to_numpy()})
ARRAY = FRAME.to_numpy()
PIPE = make_pipeline(SlidingWindowTransformer(3), Ridge())
CV = TimeSeriesSplit(2)

USES = {
    "fit": lambda X: SlidingWindowTransformer(3).fit(X),
    "transform": lambda X: SlidingWindowTransformer(3).fit(FRAME).transform(X),
    "pipeline": lambda X: make_pipeline(SlidingWindowTransformer(3), Ridge()).fit(X, PRICE),
    "compare": lambda X: compare_regressors([PIPE], X, PRICE, cv=CV),
    "leakage": lambda X: check_leakage(PIPE, X, PRICE),
}
of_transformer = pytest.mark.parametrize("use", ["fit", "transform", "pipeline"])


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("X", [PRICE, TABLE["price"]], ids=["pandas", "polars"])
def test_a_series_becomes_a_frame(use, X):
    message = r"X is a Series, .* Give a DataFrame: X\.to_frame\(\), or frame\[\['price'\]\] inst"
    with pytest.raises(ValueError, match=message):
        USES[use](X)
    SlidingWindowTransformer(3).fit(X.to_frame())


def test_a_series_without_a_name_becomes_a_frame():
    with pytest.raises(ValueError, match=r"Give a DataFrame: X\.to_frame\(\)\.$"):
        SlidingWindowTransformer(3).fit(PRICE.rename(None))


@pytest.mark.parametrize("use", USES)
def test_an_array_without_columns_is_reshaped(use):
    with pytest.raises(ValueError, match=r"shape \(20,\), .* Reshape your data: X\.reshape\(-1, 1"):
        USES[use](PRICE.to_numpy())


@of_transformer
def test_a_list_of_numbers_is_reshaped(use):
    with pytest.raises(ValueError, match=r"a list of 20 values.*numpy\.array\(X\)\.reshape\(-1, 1"):
        USES[use](PRICE.to_list())


@pytest.mark.parametrize("X", [PRICE, PRICE.to_numpy(), TABLE["price"], PRICE.to_list()], ids=type)
def test_one_sequence_is_put_into_a_list(X):
    message = r"of 20 numbers, which is one sequence; .* stack_sequences\(\[sequence\]\)\.$"
    with pytest.raises(ValueError, match=message):
        stack_sequences(X)
    assert stack_sequences([X]).shape == (1, 20, 1)


@pytest.mark.parametrize("use", USES)
def test_a_dict_of_frames_is_a_panel(use):
    panel = {"a": FRAME, "b": FRAME}
    message = (
        r"X is a dict, .* put their rows below each other: pandas\.concat\(X, names=\[\"series\"\]"
        r"\), with group=\"series\", and y in the same order\.$"
    )
    with pytest.raises(TypeError, match=message):
        USES[use](panel)
    joined = pd.concat(panel, names=["series"])
    windows = SlidingWindowTransformer(3, group="series").fit_transform(joined)
    np.testing.assert_array_equal(windows[:20], windows[20:])


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_frames_is_a_panel(use, kind):
    panel = kind([FRAME, FRAME[:15]])
    message = (
        rf"X is a {kind.__name__} of 2 DataFrames, .*: pandas\.concat\(dict\(enumerate\(X\)\), "
        r"names=\[\"series\"\]\), with group=\"series\""
    )
    with pytest.raises(ValueError, match=message):
        USES[use](panel)
    joined = pd.concat(dict(enumerate(panel)), names=["series"])
    assert len(SlidingWindowTransformer(3, group="series").fit_transform(joined)) == 35


@of_transformer
@pytest.mark.parametrize(
    ("X", "error", "advice"),
    [
        (
            {"price": [1.0, 2.0]},
            TypeError,
            r"If its values are columns, give pandas\.DataFrame\(X\)",
        ),
        ({"a": PRICE, "b": PRICE[1:]}, TypeError, r"names=\[\"series\"\]\)\.to_frame\(\)"),
        ({"a": TABLE}, TypeError, r"polars\.lit\(name\)\) for name, part in X\.items\(\)\]"),
        ([TABLE, TABLE], ValueError, r"polars\.lit\(name\)\) for name, part in enumerate\(X\)\]"),
        ({"a": ARRAY}, TypeError, r"pandas\.DataFrame\(part\) for name, part in X\.items\(\)\}"),
        ([ARRAY, ARRAY[:4]], ValueError, r"2 ndarrays, .*for name, part in enumerate\(X\)\}"),
        (FRAME.to_dict("records"), ValueError, r"20 dicts, .* Give pandas\.DataFrame\(X\)"),
        (list(FRAME.groupby(DAYS.day > 9)), ValueError, r"2 pairs .*pandas\.concat\(dict\(X\), na"),
        (FRAME.groupby(DAYS.day > 9), TypeError, "Give the DataFrame that was grouped"),
        ((row for row in ARRAY), TypeError, r"a generator, .* Give an array or a DataFrame"),
        (ARRAY.reshape(10, 2, 1), ValueError, r"shape \(10, 2, 1\).*windows already, leave Slid"),
    ],
    ids=lambda value: None if isinstance(value, type) else "X",
)
def test_other_containers_are_refused_with_what_to_do(use, X, error, advice):
    with pytest.raises(error, match=advice) as caught:
        USES[use](X)
    expected = "SlidingWindowTransformer expects rows of shape (n_samples, n_features)"
    assert expected in str(caught.value)


def test_a_group_is_not_asked_of_a_dict():
    with pytest.raises(TypeError, match=r"X is a dict, .*pandas\.concat"):
        SlidingWindowTransformer(3, group="series").fit({"a": FRAME})


def test_rows_in_lists_are_read():
    expected = SlidingWindowTransformer(3).fit_transform(ARRAY)
    for X in (ARRAY.tolist(), list(ARRAY), [row for _, row in FRAME.iterrows()]):
        np.testing.assert_array_equal(SlidingWindowTransformer(3).fit_transform(X), expected)


def test_the_naive_baseline_reads_windows_and_no_series():
    with pytest.raises(ValueError, match=r"SlidingWindowTransformer\(10\), NaiveRegressor\(\)\)"):
        NaiveRegressor().fit(PRICE, PRICE)
    fitted = NaiveRegressor().fit(ARRAY, PRICE)
    with pytest.raises(ValueError, match=r"X is a Series, and NaiveRegressor expects windows"):
        fitted.predict(PRICE)
