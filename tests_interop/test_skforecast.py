"""skforecast 0.26 makes lags, fits a network on them and feeds its predictions back."""

import re
from pathlib import Path

import numpy as np
import pytest
from by_hand import recursive_forecast, windows_and_targets
from numpy.testing import assert_allclose, assert_array_equal
from skforecast.model_selection import (
    TimeSeriesFold,
    backtesting_forecaster,
    grid_search_forecaster,
)
from skforecast.recursive import ForecasterRecursive
from sklearn.base import clone
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

PAGE = (Path(__file__).parents[1] / "docs" / "works_with.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def backwards(lags):
    return lags[:, ::-1]


@pytest.fixture
def forecaster(network):
    """Return a forecaster that reads the oldest lag first. skforecast sorts the newest first."""
    oldest_first = FunctionTransformer(backwards, validate=True)
    return ForecasterRecursive(make_pipeline(oldest_first, network), lags=4)


def fit_by_hand(network, values):
    return clone(network).fit(*windows_and_targets(values, 4))


def test_a_forecast_is_a_loop_over_predictions_of_the_network(forecaster, network, series):
    forecaster.fit(series)
    predicted = forecaster.predict(steps=5)
    by_hand = recursive_forecast(fit_by_hand(network, series), series, 4, 5)
    assert_allclose(predicted, by_hand, rtol=1e-12)
    assert np.ptp(predicted) > 0.01
    assert list(predicted.index) == list(series.index[-1] + np.arange(1, 6) * series.index.freq)


def test_the_forecaster_of_the_page_reads_lags_oldest_first(series):
    names = {}
    exec(BLOCK, names)
    lags = names["forecaster"].create_train_X_y(series)[0]
    turned = names["oldest_first"].fit_transform(lags)
    assert_array_equal(turned, windows_and_targets(series, 20)[0])


def test_without_a_step_that_reverses_lags_the_newest_is_read_first(network, series):
    forecaster = ForecasterRecursive(clone(network), lags=[4, 3, 2, 1])
    forecaster.fit(series)
    X, y = windows_and_targets(series, 4)
    newest_first = clone(network).fit(X[:, ::-1], y)
    for kept, by_hand in zip(forecaster.estimator.weights_, newest_first.weights_, strict=True):
        assert_array_equal(kept, by_hand)


def test_backtesting_fits_the_network_again_on_every_fold(forecaster, network, series):
    folds = TimeSeriesFold(steps=4, initial_train_size=48, refit=True, fixed_train_size=False)
    metric, predictions = backtesting_forecaster(
        forecaster, series, cv=folds, metric="mean_squared_error", show_progress=False
    )
    by_hand = np.concatenate(
        [
            recursive_forecast(fit_by_hand(network, series[:known]), series[:known], 4, 4)
            for known in (48, 52, 56)
        ]
    )
    assert_allclose(predictions["pred"], by_hand, rtol=1e-12)
    assert metric["mean_squared_error"].item() == pytest.approx(
        mean_squared_error(series[48:], by_hand)
    )


def test_a_grid_search_ranks_networks_by_their_own_errors(forecaster, network, series):
    folds = TimeSeriesFold(steps=12, initial_train_size=48, refit=False)
    results = grid_search_forecaster(
        forecaster,
        series,
        cv=folds,
        param_grid={"rnnregressor__units": [2, 3]},
        metric="mean_squared_error",
        return_best=False,
        show_progress=False,
    )
    errors = {
        units: mean_squared_error(
            series[48:],
            recursive_forecast(
                fit_by_hand(clone(network).set_params(units=units), series[:48]), series[:48], 4, 12
            ),
        )
        for units in (2, 3)
    }
    found = dict(zip(results["rnnregressor__units"], results["mean_squared_error"], strict=True))
    assert found == pytest.approx(errors)
    assert list(found) == sorted(errors, key=errors.get)
