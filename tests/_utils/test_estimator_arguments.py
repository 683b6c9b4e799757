"""Keras models and classes are refused where estimators are expected, and parameters in fit."""

import inspect

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindowTransformer,
    forecast,
    generate,
)
from skrnn.inspection import (
    ForecastDisplay,
    GateActivationDisplay,
    GradientFlowDisplay,
    LossCurveDisplay,
    gate_activations,
    gradient_flow,
)
from skrnn.model_selection import check_leakage, compare_regressors

X = np.random.default_rng(0).normal(size=(20, 4))
Y = X.sum(axis=1)
FRAME = pd.DataFrame({"level": Y})
CV = TimeSeriesSplit(2)
PIPE = make_pipeline(SlidingWindowTransformer(3), Ridge())

USES = {
    "forecast": lambda estimator: forecast(estimator, 2),
    "generate": lambda estimator: generate(estimator, "ab", 2),
    "a list": lambda estimator: compare_regressors([estimator], FRAME, Y, cv=CV),
    "a dict": lambda estimator: compare_regressors({"mine": estimator}, FRAME, Y, cv=CV),
    "no list": lambda estimator: compare_regressors(estimator, FRAME, Y, cv=CV),
    "baseline": lambda estimator: compare_regressors([PIPE], FRAME, Y, cv=CV, baseline=estimator),
    "check_leakage": lambda estimator: check_leakage(estimator, FRAME, Y),
    "ForecastDisplay": lambda estimator: ForecastDisplay.from_estimator(estimator, FRAME, Y),
    "LossCurveDisplay": LossCurveDisplay.from_estimator,
    "gate_activations": lambda estimator: gate_activations(estimator, X),
    "gates drawn": lambda estimator: GateActivationDisplay.from_estimator(estimator, X),
    "gradient_flow": lambda estimator: gradient_flow(estimator, X, Y),
    "start": lambda estimator: gradient_flow(estimator, X, Y, initial=True),
    "gradients drawn": lambda estimator: GradientFlowDisplay.from_estimator(estimator, X, Y),
    "several": lambda estimator: GradientFlowDisplay.from_estimators({"a": estimator}, X, Y),
}

pytestmark = pytest.mark.usefixtures("on_no_screen")


@pytest.fixture(scope="module")
def model():
    """A model as users of Keras have it. Not to be changed."""
    return keras.Sequential([keras.layers.Input((3, 1)), keras.layers.LSTM(2)])


@pytest.mark.parametrize("use", USES)
def test_a_keras_model_is_refused_with_what_to_use_instead(use, model):
    message = (
        r"is a Keras model \(Sequential\), and an estimator of scikit-learn is expected, which can "
        r"be cloned\. Use GRURegressor or LSTMRegressor of skrnn, .*scikeras\.wrappers\.KerasReg"
    )
    with pytest.raises(TypeError, match=message):
        USES[use](model)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", [LSTMRegressor, Ridge], ids=lambda kind: kind.__name__)
def test_a_class_is_refused_where_an_instance_is_expected(use, kind):
    with pytest.raises(TypeError, match=rf"is the class {kind.__name__}, .* {kind.__name__}\(\)\."):
        USES[use](kind)


def test_the_argument_that_is_wrong_is_named(model):
    for use, name in [
        ("forecast", "estimator"),
        ("a list", r"estimators\[0\]"),
        ("a dict", r"estimators\['mine'\]"),
        ("baseline", "baseline"),
    ]:
        with pytest.raises(TypeError, match=rf"^{name} is a Keras model"):
            USES[use](model)
    with pytest.raises(TypeError, match=r"^estimator is a Keras class \(Sequential\)"):
        forecast(keras.Sequential, 2)


def test_keras_models_are_found_in_pipelines_searches_and_transformed_targets(model):
    inside = Pipeline([("window", SlidingWindowTransformer(3)), ("net", model)])
    with pytest.raises(TypeError, match=r"^The step 'net' of estimator is a Keras model"):
        check_leakage(inside, FRAME, Y)
    search = GridSearchCV(inside, {}, cv=CV)
    with pytest.raises(TypeError, match=r"^The step 'net' of estimators\[0\].estimator is a Keras"):
        compare_regressors([search], FRAME, Y, cv=CV)
    transformed = TransformedTargetRegressor(Ridge)
    with pytest.raises(TypeError, match=r"^estimator\.regressor is the class Ridge"):
        forecast(transformed, 2)


class Wrapped(RegressorMixin, BaseEstimator, keras.Model):
    """An estimator that is a Keras model, too."""

    fit = Ridge.fit


def test_an_estimator_that_inherits_from_keras_is_no_keras_model():
    assert not isinstance(Ridge(), keras.Model)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what Keras says is no matter here
        check_leakage(Wrapped(), FRAME, Y)
    assert "is a Keras model" not in str(caught.value)


def test_other_things_are_refused_as_before():
    with pytest.raises(TypeError, match="estimators is a list, but a dict of estimators"):
        GradientFlowDisplay.from_estimators([RNNRegressor()], X, Y)
    with pytest.raises(ValueError, match="'estimator' parameter of forecast"):
        forecast("LSTM", 2)


# Parameters that are given to fit


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"epochs": 3},
            r"^epochs was given to fit, but is a parameter of GRURegressor: give "
            r"GRURegressor\(epochs=3\), or call set_params\(epochs=3\) before fit\. In a pipeline, "
            r".*: set_params\(gruregressor__epochs=3\)\.$",
        ),
        ({"batch_size": 8, "verbose": 1}, r"batch_size, verbose was given .* are parameters"),
        ({"callbacks": [keras.callbacks.History()]}, r"GRURegressor\(callbacks=\.\.\.\)"),
        ({"validation_split": 0.2}, r"GRURegressor\(validation_split=0\.2\)"),
        ({"validation_data": (X, Y)}, r"X_val and y_val: fit\(X, y, X_val=X_val, y_val=y_val\)"),
        ({"foo": 1}, r"^GRURegressor\.fit\(\) got an unexpected keyword argument 'foo'$"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_fit_says_where_a_parameter_belongs(given, message):
    model = GRURegressor(2)
    with pytest.raises(TypeError, match=message):
        model.fit(X, Y, **given)
    pipe = make_pipeline(SlidingWindowTransformer(3), model)
    with pytest.raises(TypeError, match=message):
        pipe.fit(FRAME, Y, **{f"gruregressor__{name}": value for name, value in given.items()})
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize("kind", [RNNRegressor, RNNClassifier])
def test_partial_fit_says_so_too(kind):
    with pytest.raises(TypeError, match=rf"epochs was given to partial_fit, .* {kind.__name__}\("):
        kind().partial_fit(X, Y, epochs=3)
    with pytest.raises(TypeError, match="Leave it out: partial_fit holds nothing out"):
        kind().partial_fit(X, Y, validation_data=(X, Y))


def test_the_advice_of_the_error_works():
    model = GRURegressor(2, epochs=9).set_params(epochs=1).fit(X, Y, X_val=X, y_val=Y)
    assert model.n_iter_ == 1
    assert len(model.history_["val_loss"]) == 1


def test_signature_of_fit_is_what_metadata_are_routed_by():
    assert list(inspect.signature(RNNRegressor.fit).parameters) == [
        "self",
        "X",
        "y",
        "sample_weight",
        "X_val",
        "y_val",
    ]
    with config_context(enable_metadata_routing=True):
        model = GRUClassifier(2, epochs=1).set_fit_request(sample_weight=True, X_val=False)
        assert model.get_metadata_routing().fit.requests == {
            "sample_weight": True,
            "X_val": False,
            "y_val": None,
        }
