"""Example plot_laser.py, run until its searches begin, and the errors in its picture."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import ParameterGrid

EXAMPLE, UP_TO = "start_here/plot_laser.py", "Search"
# reservoirpy 0.4.2 does not close the file of the laser.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def fit_predict(example, name, **chosen):
    """Predict the test rows by a model with the parameters that its search chooses."""
    [grid] = [
        point
        for point in ParameterGrid(example["grids"][name])
        if {key.split("__")[-1]: value for key, value in point.items() if key != "model"} == chosen
    ]
    pipe = clone(example["pipe"]).set_params(**grid)
    return pipe.fit(example["train"], example["train"][:, 0]).predict(example["test"])


def test_test_rows_follow_the_training_rows(example):
    assert (len(example["train"]), len(example["test"])) == (2000, 1000)
    rows = np.concatenate([example["train"], example["test"]])
    np.testing.assert_array_equal(rows, example["laser"])


def test_naive_forecasts_are_earlier_values_of_the_series(example):
    laser = example["laser"][:, 0]
    last = fit_predict(example, "last value")
    np.testing.assert_allclose(last, laser[1999:2999])
    pulse = fit_predict(example, "one pulse ago", season_length=8)
    np.testing.assert_allclose(pulse, laser[1992:2992])


@pytest.mark.parametrize(
    ("name", "chosen", "error", "tolerance"),
    [
        ("last value", {}, 46.2, 0.1),
        ("one pulse ago", {"season_length": 8}, 33.6, 0.1),
        ("RidgeCV", {"window_length": 40}, 19.3, 0.1),
        # The weights of a network depend on the machine.
        ("LSTMRegressor", {"window_length": 20}, 2.7, 1.0),
    ],
)
def test_errors_are_those_of_the_picture(example, name, chosen, error, tolerance):
    predicted = fit_predict(example, name, **chosen)
    found = root_mean_squared_error(example["test"][:, 0], predicted)
    assert found == pytest.approx(error, abs=tolerance)
