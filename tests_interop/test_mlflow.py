"""MLflow logs parameters, losses, scores and files of a pipeline."""

import pytest
import skops.io
from mlflow.exceptions import MlflowException
from numpy.testing import assert_array_equal
from recipes import run_block
from sklearn.base import clone

pytestmark = [
    # MLflow 3.17 with SQLAlchemy 2.1.
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),
    # MLflow warns of a type hint of its own when a model is logged.
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("mlflow"))
        names = run_block("mlflow")
        yield names
        names["mlflow"].sklearn.autolog(disable=True)


@pytest.fixture(scope="module")
def logged(names):
    """The run, read from the data base."""
    return names["mlflow"].get_run(names["run"].info.run_id).data


def test_parameters_and_scores_are_logged(names, logged):
    pipe, train, test = names["pipe"], names["train"], names["test"]
    for name in ("slidingwindowtransformer__window_length", "gruregressor__units"):
        assert logged.params[name] == str(pipe.get_params()[name])
    alone = clone(pipe).fit(train, train["price"])
    assert logged.metrics["training_score"] == alone.score(train, train["price"])
    assert logged.metrics["test_r2"] == alone.score(test, test["price"])


def test_the_loss_of_each_epoch_is_logged(names):
    client = names["mlflow"].MlflowClient()
    history = client.get_metric_history(names["run"].info.run_id, "loss")
    assert [metric.step for metric in history] == list(range(10))
    losses = [metric.value for metric in history]
    assert losses == names["pipe"][-1].history_["loss"]
    assert losses[-1] < losses[0]


def test_the_logged_file_is_the_pipeline(names):
    test = names["test"]
    assert_array_equal(names["loaded"].predict(test), names["pipe"].predict(test))


def test_a_model_of_mlflow_predicts_the_same_if_the_types_of_skrnn_are_trusted(names):
    mlflow, tracked, test = names["mlflow"], names["tracked"], names["test"]
    types = skops.io.get_untrusted_types(data=skops.io.dumps(tracked))
    with mlflow.start_run(), pytest.raises(MlflowException, match=types[0]):
        mlflow.sklearn.log_model(tracked, name="model", pip_requirements=["skrnn"])
    with mlflow.start_run():
        model = mlflow.sklearn.log_model(
            tracked, name="model", skops_trusted_types=types, pip_requirements=["skrnn"]
        )
    loaded = mlflow.sklearn.load_model(model.model_uri)
    assert_array_equal(loaded.predict(test), names["pipe"].predict(test))
