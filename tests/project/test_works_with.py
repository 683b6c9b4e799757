"""Other packages and scikit-learn's tools use networks: docs/works_with.md names these tests.

What needs packages that are not in the extra `test` is in tests_interop/.
"""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import ROOT
from mapie.regression import SplitConformalRegressor
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.ensemble import VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - what it imports is hidden
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import resample

from skrnn import RNNRegressor, SlidingWindowTransformer

SPLITS = TimeSeriesSplit(2)


def small_rnn(**params):
    """Return a network that is quick to train; it need not be good."""
    return RNNRegressor(**({"units": 2, "epochs": 2, "batch_size": 16, "random_state": 0} | params))


@pytest.fixture(scope="module")
def prices():
    """Sixty days of a price that wanders. Not to be changed."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=60, name="day")
    return pd.DataFrame({"Open": 10 + np.cumsum(rng.normal(size=60))}, index=days)


@pytest.fixture(scope="module")
def windows(prices):
    """The four scaled prices before each day, as columns. Not to be changed."""
    encode = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(4))
    return encode.set_output(transform="pandas").fit_transform(prices)


# polars


def test_a_pipeline_of_polars_frames_predicts_as_one_of_arrays(prices):
    array = prices.to_numpy()
    frame = pl.from_numpy(array, schema=["Open"])
    steps = MinMaxScaler(), SlidingWindowTransformer(4), small_rnn()
    in_polars = make_pipeline(*clone(steps)).set_output(transform="polars")
    in_arrays = make_pipeline(*clone(steps))
    in_polars.fit(frame[:45], frame["Open"][:45])
    in_arrays.fit(array[:45], array[:45, 0])

    windows = in_polars[:-1].transform(frame[45:])
    assert isinstance(windows, pl.DataFrame)
    assert list(in_polars[-1].feature_names_in_) == windows.columns
    assert_array_equal(windows.to_numpy(), in_arrays[:-1].transform(array[45:]))
    assert_array_equal(in_polars.predict(frame[45:]), in_arrays.predict(array[45:]))


def test_targets_may_be_a_series_of_arrays_of_polars():
    X = np.random.default_rng(0).normal(size=(20, 4))
    Y = X[:, :2]
    model = RNNRegressor(2, epochs=1, random_state=0)
    expected = model.fit(X, Y).predict(X)
    series = pl.Series(Y, dtype=pl.Array(pl.Float64, 2))
    assert_array_equal(model.fit(X, series).predict(X), expected)


# MAPIE


def test_split_conformal_intervals_are_quantiles_of_the_residuals_of_the_calibration_part(prices):
    X = SlidingWindowTransformer(4).fit_transform(prices)
    y = prices["Open"].to_numpy()
    network = small_rnn().fit(X[:30], y[:30])
    mapie = SplitConformalRegressor(network, confidence_level=0.8, prefit=True)
    predicted, bounds = mapie.conformalize(X[30:49], y[30:49]).predict_interval(X[49:])

    residuals = np.sort(np.abs(y[30:49] - network.predict(X[30:49])))
    width = residuals[16 - 1]  # the 16th of 19: 80 % of 20
    assert_array_equal(predicted, network.predict(X[49:]))
    assert_allclose(bounds[:, 0, 0], predicted - width)
    assert_allclose(bounds[:, 1, 0], predicted + width)


# HalvingGridSearchCV; tests/estimators/test_search.py has the one whose resource is model__epochs


def halving(estimator, grid):
    return HalvingGridSearchCV(
        estimator,
        grid,
        resource="n_samples",
        min_resources=30,
        factor=2,
        cv=SPLITS,
        random_state=0,
        error_score="raise",
    )


def test_halving_over_windows_gives_the_better_candidate_more_rows(windows, prices):
    y = prices["Open"].to_numpy()
    rates = {"learning_rate": [1e-6, 0.05]}
    search = halving(small_rnn(), rates).fit(windows, y)
    results = search.cv_results_
    assert results["n_resources"].tolist() == [30, 30, 60]

    def score(rate, share):
        scores = []
        for rows in SPLITS.split(windows):
            train, test = (
                resample(part, replace=False, random_state=0, n_samples=int(share * len(part)))
                for part in rows
            )
            model = small_rnn(learning_rate=rate).fit(windows.iloc[train], y[train])
            scores.append(model.score(windows.iloc[test], y[test]))
        return np.mean(scores)

    first = [score(rate, 30 / 60) for rate in rates["learning_rate"]]
    survivor = rates["learning_rate"][np.argmax(first)]
    assert_array_equal(results["mean_test_score"], [*first, score(survivor, 1)])
    assert search.best_params_ == {"learning_rate": survivor}


class RowsInOrder(TransformerMixin, BaseEstimator):
    """Hands rows on, if each is a day later than the one before it."""

    def fit(self, X, y=None):
        assert X.index.is_monotonic_increasing
        assert (np.diff(X.index) == pd.Timedelta("1D")).all()
        return self

    def transform(self, X):
        return X


@pytest.mark.xfail(
    reason="scikit-learn draws the rows of resource='n_samples' at random and does not sort them, "
    "so windows inside the search are of rows that do not follow one another; make them before it",
    raises=AssertionError,
)
def test_halving_over_rows_lets_a_pipeline_make_windows_of_rows_that_follow_one_another(prices):
    pipe = make_pipeline(RowsInOrder(), SlidingWindowTransformer(4), Ridge())
    halving(pipe, {"ridge__alpha": [0.1, 1.0]}).fit(prices, prices["Open"])


# SequentialFeatureSelector


def test_a_selector_of_lags_chooses_the_one_that_a_network_scores_best_with():
    X = pd.DataFrame({"x": np.random.default_rng(0).normal(size=80)})
    y = X["x"].shift(3, fill_value=0.0)
    windows = SlidingWindowTransformer(4).set_output(transform="pandas").fit_transform(X)
    model = small_rnn(epochs=10, learning_rate=0.05)
    selector = SequentialFeatureSelector(model, n_features_to_select=1, cv=SPLITS)
    selected = selector.set_output(transform="pandas").fit_transform(windows, y)

    scores = {
        name: cross_val_score(model, windows[[name]], y, cv=SPLITS).mean() for name in windows
    }
    assert list(selected.columns) == [max(scores, key=scores.get)] == ["x_lag3"]


# VotingRegressor


def test_a_vote_is_the_weighted_mean_of_the_predictions_of_network_and_ridge(prices):
    named = [
        (name, make_pipeline(SlidingWindowTransformer(4), model))
        for name, model in (("network", small_rnn()), ("ridge", Ridge()))
    ]
    train, test = prices[:45], prices[45:]
    vote = VotingRegressor(named, weights=[0.7, 0.3]).fit(train, train["Open"])
    network, ridge = (clone(pipe).fit(train, train["Open"]).predict(test) for _, pipe in named)
    assert_allclose(vote.predict(test), 0.7 * network + 0.3 * ridge, rtol=1e-12)
    assert np.abs(network - ridge).max() > 0.1


# Metadata routing of sample_weight


def weighted_pipeline():
    """Return a pipeline whose network asks for weights, to be trained and to be scored with."""
    model = small_rnn().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipe = Pipeline(
        [("scale", MinMaxScaler()), ("window", SlidingWindowTransformer(4)), ("model", model)]
    )
    # The oldest versions of scikit-learn need the request of the pipeline as well.
    return pipe.set_output(transform="pandas").set_score_request(sample_weight=True)


def fit_by_hand(rows, y, weight):
    """Return the steps before the network, and the network fitted on their output."""
    encode = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(4))
    encode.set_output(transform="pandas")
    return encode, small_rnn().fit(encode.fit_transform(rows), y, sample_weight=weight)


def test_weights_reach_the_network_of_a_pipeline(prices):
    weight = np.linspace(0.0, 5.0, 60)
    with config_context(enable_metadata_routing=True):
        pipe = weighted_pipeline().fit(prices, prices["Open"], sample_weight=weight)
    _, network = fit_by_hand(prices, prices["Open"], weight)
    _, unweighted = fit_by_hand(prices, prices["Open"], None)
    for routed, by_hand, other in zip(
        pipe["model"].weights_, network.weights_, unweighted.weights_, strict=True
    ):
        assert_array_equal(routed, by_hand)
        assert (routed != other).any()


def test_weights_reach_the_networks_of_a_search_and_their_scores(prices):
    weight, y = np.linspace(0.0, 5.0, 60), prices["Open"]
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            weighted_pipeline(), {"model__units": [2]}, cv=SPLITS, error_score="raise"
        ).fit(prices, y, sample_weight=weight)
    for fold, (train, test) in enumerate(SPLITS.split(prices)):
        encode, network = fit_by_hand(prices.iloc[train], y.iloc[train], weight[train])
        predicted = network.predict(encode.transform(prices.iloc[test]))
        expected = r2_score(y.iloc[test], predicted, sample_weight=weight[test])
        assert search.cv_results_[f"split{fold}_test_score"][0] == expected
    _, network = fit_by_hand(prices, y, weight)
    for routed, by_hand in zip(
        search.best_estimator_["model"].weights_, network.weights_, strict=True
    ):
        assert_array_equal(routed, by_hand)


# The page


def test_the_tests_that_the_page_names_exist():
    page = (ROOT / "docs" / "works_with.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+\.py)`", page))
    interop = {path.name: path for path in (ROOT / "tests_interop").glob("test_*.py")}
    assert interop.keys() <= named
    # test_scaling.py is in both folders; the page means the one in tests_interop/.
    ours = {path.name: path for path in (ROOT / "tests").rglob("test_*.py")}
    code = [(ours | interop)[name].read_text(encoding="utf-8") for name in named]
    for test in re.findall(r"`(test_\w+)`", page):
        assert any(f"def {test}(" in text for text in code)
