"""Memory example: its claims at the sizes of the example, with as few fits as possible."""

import pytest

from skrnn import RNNRegressor

EXAMPLE, UP_TO = "exercises/memory.py", "Training"


@pytest.fixture(scope="module", autouse=True)
def _prepared():
    """As the example does: skrnn prepares TensorFlow before Keras is imported."""
    RNNRegressor(units=1, epochs=1).fit([[0.0, 0.0], [0.0, 1.0]], [0.0, 1.0])


def fit_and_score(model, data):
    X_train, y_train, X_test, y_test = data
    return model.fit(X_train, y_train).score(X_test, y_test)


# 2,000 rows, 16 units, batches of 32, learning rate 0.003.
@pytest.mark.parametrize("name", ["LSTMRegressor", "GRURegressor"])
def test_with_memory_steps_the_first_of_100_steps_is_recalled_within_60_epochs(example, name):
    regressor, parameters = example["recall_networks"][f"{name}, memory_steps=100"]
    assert parameters == {"memory_steps": 100}
    model = example["recall_network"](regressor, **parameters)
    assert fit_and_score(model, example["recall"]) > 0.95
    assert model.n_iter_ <= 60


def test_only_a_bidirectional_network_solves_what_needs_the_future(example):
    network, data = example["future_network"], example["future"]
    assert fit_and_score(network(bidirectional=True), data) > 0.95
    assert fit_and_score(network(bidirectional=False), data) < 0.5


# 0, 1, ..., 199 to train on and 200, ..., 299 to predict, scaled to 0..1 by the training part.
# Windows of 10 steps, LSTM of 16 units, 20 epochs in batches of 32, learning rate 0.01.
def test_linear_skip_follows_a_straight_line_beyond_the_training_range(example):
    pipeline, data = example["line_pipeline"], example["straight"]
    with_skip = fit_and_score(pipeline(linear_skip=True), data)
    assert with_skip > 0.99
    assert fit_and_score(pipeline(linear_skip=False), data) < with_skip
