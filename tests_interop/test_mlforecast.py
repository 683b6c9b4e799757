"""mlforecast 1.1 fits one network on the lags of a panel of series."""

import numpy as np
import pandas as pd
from by_hand import recursive_forecast, windows_and_targets
from mlforecast import MLForecast
from mlforecast.target_transforms import Differences
from numpy.testing import assert_allclose
from sklearn.base import clone

# mlforecast keeps the given order of lags. A network reads the oldest lag first.
OLDEST_FIRST = [4, 3, 2, 1]


def panel_of(series):
    """Return two series with dates, one below the other."""
    return pd.concat(
        pd.DataFrame({"unique_id": name, "ds": series.index, "y": values})
        for name, values in (("rises", series.to_numpy()), ("falls", -series.to_numpy() / 2))
    )


def fit_by_hand(network, panel):
    # The order of the panel decides which rows are in a batch.
    parts = [
        windows_and_targets(one["y"].to_numpy(), 4)
        for _, one in panel.groupby("unique_id", sort=False)
    ]
    windows, targets = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return clone(network).fit(windows, targets)


def test_each_series_is_forecast_by_a_loop_over_predictions_of_one_network(network, series):
    panel = panel_of(series)
    forecaster = MLForecast({"network": network}, freq="D", lags=OLDEST_FIRST).fit(panel)
    predicted = forecaster.predict(3).set_index("unique_id")["network"]
    by_hand = fit_by_hand(network, panel)
    for name, one in panel.groupby("unique_id"):
        expected = recursive_forecast(by_hand, one["y"], 4, 3)
        # Predictions of a row do not depend on the other rows of the call.
        assert_allclose(predicted[name], expected, rtol=1e-12)
    assert np.ptp(predicted) > 0.01


def test_differences_are_added_up_to_forecasts_in_the_units_of_the_series(network, series):
    panel = panel_of(series)
    forecaster = MLForecast(
        {"network": network}, freq="D", lags=OLDEST_FIRST, target_transforms=[Differences([1])]
    ).fit(panel)
    predicted = forecaster.predict(3).set_index("unique_id")["network"]
    changes = panel.assign(y=panel.groupby("unique_id")["y"].diff()).dropna()
    by_hand = fit_by_hand(network, changes)
    for name, one in changes.groupby("unique_id"):
        last = panel.loc[panel["unique_id"] == name, "y"].iloc[-1]
        expected = last + np.cumsum(recursive_forecast(by_hand, one["y"], 4, 3))
        assert_allclose(predicted[name], expected, rtol=1e-12)


def test_cross_validation_fits_the_network_again_on_every_window(network, series):
    panel = panel_of(series)
    forecaster = MLForecast({"network": network}, freq="D", lags=OLDEST_FIRST)
    folds = forecaster.cross_validation(panel, n_windows=2, h=3)
    assert folds["cutoff"].nunique() == 2
    for cutoff, fold in folds.groupby("cutoff"):
        known = panel[panel["ds"] <= cutoff]
        by_hand = fit_by_hand(network, known)
        for name, one in known.groupby("unique_id"):
            predicted = fold.loc[fold["unique_id"] == name, "network"]
            assert_allclose(predicted, recursive_forecast(by_hand, one["y"], 4, 3), rtol=1e-12)
