"""SHAP explains which lag of which column a prediction depends on."""

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from recipes import run_block

# shap 0.51 prepares its colors in a way that matplotlib 3.11 will deprecate.
pytestmark = pytest.mark.filterwarnings("ignore:The set_.* function:PendingDeprecationWarning")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("shap"))
        return run_block("shap")


def test_shap_values_and_the_base_value_sum_to_the_prediction(names):
    explained, encode, network = names["explained"], names["encode"], names["network"]
    predicted = network.predict(encode.transform(names["shop"])[-20:])
    assert_allclose(explained.base_values + explained.values.sum(axis=1), predicted, rtol=1e-12)
    background = network.predict(names["windows"][:200:4])
    assert_allclose(explained.base_values, background.mean(), rtol=1e-12)
    assert np.ptp(predicted) > 1


def test_the_lag_that_sales_depend_on_has_the_largest_share(names):
    importance = names["importance"]
    assert importance.index[-1] == "ads lag 3"
    assert importance.iloc[-1] > 2 * importance.iloc[-2]


def test_shap_values_are_mean_changes_over_all_orders_of_the_lags(names):
    shap, network, windows = names["shap"], names["network"], names["windows"]
    # One of four features is the same in all rows, so there are 6 orders of the others.
    background, row = windows[:8, -2:].reshape(8, 4).copy(), windows[-1, -2:].reshape(1, 4)
    background[:, 0] = row[0, 0]

    def predict(table):
        return network.predict(table.reshape(len(table), 2, 2))

    explained = shap.Explainer(predict, background, algorithm="exact")(row)
    by_hand = np.zeros(4)
    for order in permutations([1, 2, 3]):
        mixed = background.copy()
        before = predict(mixed).mean()
        for feature in order:
            mixed[:, feature] = row[0, feature]
            after = predict(mixed).mean()
            by_hand[feature] += (after - before) / 6
            before = after
    assert_allclose(explained.values[0], by_hand, rtol=1e-9, atol=1e-9)
