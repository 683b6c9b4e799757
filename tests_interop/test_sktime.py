"""sktime 1.2 makes windows, fits networks on them and puts them into its forecasters."""

import numpy as np
import pandas as pd
import pytest
from by_hand import recursive_forecast, windows_and_targets
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sktime.forecasting.compose import make_reduction

# sktime warns when a forecaster is made: version 1.3 will no longer keep the series for `update`,
# which is not used here. The setting against this warning needs a forecaster that is already made.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The default of config ``remember_data`` will change:FutureWarning"
)
HORIZONS = [1, 2, 3]


def test_a_recursive_reduction_is_a_loop_over_predictions_of_the_network(network, series):
    forecaster = make_reduction(network, strategy="recursive", window_length=4)
    predicted = forecaster.fit(series, fh=HORIZONS).predict()
    by_hand = clone(network).fit(*windows_and_targets(series, 4))
    assert_allclose(predicted, recursive_forecast(by_hand, series, 4, 3), rtol=1e-12)
    assert np.ptp(predicted) > 0.01


def test_a_direct_reduction_has_a_network_for_each_horizon(network, series):
    forecaster = make_reduction(
        network, strategy="direct", window_length=4, windows_identical=False
    )
    predicted = forecaster.fit(series, fh=HORIZONS).predict()
    X, y = windows_and_targets(series, 4)
    by_hand = [
        clone(network).fit(X[: len(X) - ahead], y[ahead:]).predict([series[-4:]])[0]
        for ahead in range(3)
    ]
    assert_allclose(predicted, by_hand, rtol=1e-12)


def test_a_multioutput_reduction_is_one_network_with_several_outputs(network, series):
    forecaster = make_reduction(network, strategy="multioutput", window_length=4)
    predicted = forecaster.fit(series, fh=HORIZONS).predict()
    X, y = windows_and_targets(series, 4)
    targets = np.column_stack([y[ahead : len(y) - 2 + ahead] for ahead in range(3)])
    by_hand = clone(network).fit(X[:-2], targets).predict([series[-4:]])
    assert_allclose(predicted, by_hand[0], rtol=1e-12)


def time_before_columns(panel):
    return panel.transpose(0, 2, 1)


def test_several_columns_are_features_after_the_time_axis_is_moved(network, series):
    known = pd.DataFrame({"wave": np.sin(np.arange(63))}, pd.date_range("2024-01-01", periods=63))
    reader = make_pipeline(FunctionTransformer(time_before_columns), network)
    forecaster = make_reduction(
        reader, strategy="recursive", window_length=4, scitype="time-series-regressor"
    )
    predicted = forecaster.fit(series, X=known[:60], fh=HORIZONS).predict(X=known[60:])

    rows = np.column_stack([series, known[:60]])
    windows, targets = windows_and_targets(rows, 4)
    by_hand = clone(network).fit(windows, targets[:, 0])
    rows = list(rows)
    for wave in known["wave"][60:]:
        rows.append([by_hand.predict([rows[-4:]])[0], wave])
    assert_allclose(predicted, [value for value, _ in rows[-3:]], rtol=1e-12)


@pytest.mark.xfail(
    reason="a panel of sktime is (n_samples, n_columns, n_timesteps), and a network would read its "
    "columns as steps; put time before them, as the test above does",
    raises=AssertionError,
)
def test_a_time_series_regressor_of_sktime_gives_the_network_steps(network, series):
    forecaster = make_reduction(
        network, strategy="recursive", window_length=4, scitype="time-series-regressor"
    ).fit(series, fh=HORIZONS)
    assert forecaster.estimator_.n_timesteps_in_ == 4
