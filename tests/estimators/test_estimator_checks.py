"""The recurrent estimators keep scikit-learn's rules, as its own checks put them."""

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

import skrnn
from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
)
from skrnn.estimators._base import BaseRecurrentEstimator

# As small as they can be and still fit the 200 noisy rows of check_regressors_train, where a gate
# has to find the one step of ten that matters. Each check fits a few dozen rows.
PARAMS = {"units": 16, "learning_rate": 0.03, "batch_size": 20}
ESTIMATORS = [
    RNNRegressor(epochs=6, **PARAMS),
    LSTMRegressor(epochs=20, **PARAMS),
    GRURegressor(epochs=20, **PARAMS),
    RNNClassifier(epochs=6, **PARAMS),
    LSTMClassifier(epochs=20, **PARAMS),
    GRUClassifier(epochs=20, **PARAMS),
]


def expected_failed_checks(estimator):
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "rows that are repeated or left out make other mini-batches, in float32; the check "
            "wants seven equal digits"
        ),
    }


def test_every_public_recurrent_estimator_is_checked():
    public = [getattr(skrnn, name) for name in skrnn.__all__]
    recurrent = {
        item
        for item in public
        if isinstance(item, type) and issubclass(item, BaseRecurrentEstimator)
    }
    assert recurrent == {type(estimator) for estimator in ESTIMATORS}


# Some checks draw rows around 100, which are not scaled.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.FeaturesNotScaledWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failed_checks)
def test_scikit_learn_finds_no_fault(estimator, check):
    check(estimator)


# scikit-learn runs these on its own estimators only.
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
@pytest.mark.parametrize(
    "check",
    [check_dataframe_column_names_consistency, check_param_validation],
    ids=lambda check: check.__name__,
)
def test_scikit_learn_finds_no_fault_in_what_it_checks_of_its_own_estimators(estimator, check):
    check(type(estimator).__name__, estimator)
