"""Checks for leaks and for lost context in pipelines whose windows have known columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, SlidingWindowTransformer
from skrnn.model_selection import check_context, check_leakage

DAYS = pd.date_range("2024-01-01", periods=60, freq="D", name="day")


@pytest.fixture(scope="module")
def shop():
    """Sixty days of sales, which depend on the hours of the day. Do not change them."""
    rng = np.random.default_rng(0)
    hours = rng.integers(4, 10, size=60).astype(float)
    return pd.DataFrame({"sales": 100 + np.cumsum(hours - 6), "hours": hours}, index=DAYS)


class PutsRowsEarlier(TransformerMixin, BaseEstimator):
    """Put the hours of the next row into each row."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X.assign(hours=X["hours"].shift(-1).ffill())


def windowed(model, **window):
    """Make a pipeline of windows with known hours."""
    window = SlidingWindowTransformer(3, **{"known": ["hours"], "flatten": True} | window)
    steps = [("scale", StandardScaler()), ("window", window), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


PIPELINES = {
    "Ridge": windowed(Ridge()),
    "horizon of 3": windowed(Ridge(), horizon=3),
    "NaN as padding": windowed(
        GRURegressor(2, epochs=1, random_state=0), padding="nan", flatten="auto"
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_known_values_of_the_predicted_row_are_no_leak(shop, name):
    report = check_leakage(PIPELINES[name], shop, shop["sales"])
    assert not report, report


def test_known_values_of_the_predicted_row_are_no_leak_from_raw_rows(shop):
    report = check_leakage(
        PIPELINES["Ridge"], shop, None, prepare=lambda raw: (raw, raw["sales"].to_numpy())
    )
    assert not report, report


def test_known_values_of_a_panel_are_no_leak(shop):
    panel = pd.concat({"A": shop, "B": shop[::-1].set_axis(DAYS)}, names=["shop"])
    panel = panel.sort_index(level="day")
    report = check_leakage(windowed(Ridge(), group="shop"), panel, panel["sales"])
    assert not report, report


def test_known_values_of_later_rows_are_a_leak(shop):
    pipe = make_pipeline(PutsRowsEarlier(), *(step for _, step in PIPELINES["Ridge"].steps))
    report = check_leakage(pipe, shop, shop["sales"])
    assert report.step == "putsrowsearlier"


def test_a_known_target_is_a_leak(shop):
    report = check_leakage(PIPELINES["Ridge"], shop, shop["hours"])
    assert report.step == "window"
    assert "y is column 'hours' of X" in report.reason
    assert "Leave it out of known" in report.reason


@pytest.mark.parametrize("name", PIPELINES)
def test_known_columns_lose_no_context(shop, name):
    report = check_context(PIPELINES[name], shop, shop["sales"])
    assert not report, report


def test_lost_context_of_windows_with_known_columns_is_found(shop):
    report = check_context(windowed(Ridge(), carry_context=False), shop, shop["sales"])
    assert report.step == "window"
