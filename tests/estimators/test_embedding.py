"""Networks that read numbers of symbols."""

import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_parameters, forward, softmax
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from skrnn import (
    GRUClassifier,
    GRURegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindowTransformer,
    config_context,
    stack_sequences,
)

rng = np.random.default_rng(0)
N_SYMBOLS, WIDTH = 6, 3
# Symbols 1 to 5, each of them somewhere.
X = np.arange(24 * 4).reshape(24, 4) % (N_SYMBOLS - 1) + 1
LABELS = rng.choice(["no", "yes"], 24)


@pytest.fixture(scope="module", params=["sequence_to_vector", "sequence_to_sequence"])
def fitted(request):
    """Fitted once: do not fit it again. Rows lacked steps in the fit."""
    architecture = request.param
    y = LABELS if architecture == "sequence_to_vector" else rng.choice(["no", "yes"], (24, 4))
    model = GRUClassifier(
        (3, 2), embedding_dim=WIDTH, architecture=architecture, epochs=1, random_state=0
    )
    lacking = np.where(X == 1, 0, X)
    lacking[0] = X[0]
    model.fit(lacking, y)
    model.weights_ = [rng.normal(size=weight.shape).astype(np.float32) for weight in model.weights_]
    return model


def expected(model, symbols):
    """Look the vectors up and pass them on to the textbook."""
    table, *weights = model.weights_
    assert table.shape == (N_SYMBOLS, WIDTH)
    vectors = np.where(symbols[..., np.newaxis] == 0, np.nan, table[symbols])
    return forward(
        vectors,
        weights,
        cell="gru",
        units=(3, 2),
        architecture=model.architecture,
        output_activation=softmax,
    )


@pytest.mark.parametrize("none", [0, np.nan, N_SYMBOLS, 99])
def test_each_symbol_has_a_vector_and_0_and_nan_are_missing_steps(fitted, none):
    symbols = X.copy()
    symbols[::2, 1] = 0
    symbols[1, 2:] = 0
    symbols[2] = 0
    read = np.where(symbols == 0, none, symbols)
    assert_allclose(fitted.predict_proba(read), expected(fitted, symbols), rtol=1e-4, atol=1e-6)
    with config_context(engine="keras"):
        assert_allclose(fitted.predict_proba(read), expected(fitted, symbols), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("none", [0, np.nan, 99])
def test_keras_model_reads_symbols(fitted, none):
    symbols = np.where(X == 2, 0, X)
    read = np.where(symbols == 0, none, symbols)[..., np.newaxis].astype(np.float32)
    assert_allclose(fitted.to_keras()(read), expected(fitted, symbols), rtol=1e-4, atol=1e-6)


def test_number_of_weights(fitted):
    n_weights = sum(weight.size for weight in fitted.weights_)
    others = count_parameters(
        cell="gru",
        units=(3, 2),
        n_features=WIDTH,
        n_outputs=2,
        architecture=fitted.architecture,
    )
    assert n_weights == N_SYMBOLS * WIDTH + others


@keras.saving.register_keras_serializable("tests")
class DenseAdam(keras.optimizers.Adam):
    """Adam of whole gradients. Keras squares that of a symbol each time it occurs in a batch."""

    def apply(self, grads, trainable_variables=None):
        dense = [tf.convert_to_tensor(gradient) for gradient in grads]
        return super().apply(dense, trainable_variables)


# TensorFlow says that a gradient of all symbols may take much memory.
@pytest.mark.filterwarnings("ignore:Converting sparse IndexedSlices:UserWarning")
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("X", [X, np.where(X == 4, 0, X)], ids=["full", "lacking"])
def test_training_is_that_of_keras(optimizer, X):
    model = RNNClassifier(
        3, embedding_dim=WIDTH, optimizer=optimizer, clipnorm=1.0, epochs=3, random_state=0
    )
    ours = clone(model).fit(X, LABELS)
    if optimizer == "adam":
        model.set_params(optimizer=DenseAdam(clipnorm=1.0), clipnorm=None)
    with config_context(engine="keras"):
        theirs = clone(model).fit(X, LABELS)
    model.set_params(optimizer="sgd")
    for mine, its in zip(ours.weights_, theirs.weights_, strict=True):
        assert_allclose(mine, its, rtol=1e-3, atol=1e-5)
    start = clone(model).set_params(epochs=1, learning_rate=1e-12).fit(X, LABELS)
    moved = (np.abs(ours.weights_[0] - start.weights_[0]) > 1e-6).all(axis=1)
    assert_array_equal(np.flatnonzero(moved), np.setdiff1d(X, 0))


def test_regressors_read_symbols_in_stacked_sequences_of_unequal_length():
    sequences = [X[0], X[1, :2], X[2, :3]]
    model = RNNRegressor(3, embedding_dim=2, epochs=2, random_state=0)
    model.fit(stack_sequences(sequences), [1.0, 2.0, 3.0])
    alone = [model.predict(sequence[np.newaxis, :, np.newaxis])[0] for sequence in sequences]
    assert_allclose(model.predict(stack_sequences(sequences)), alone, rtol=1e-5)


def test_a_symbol_that_a_fold_lacks_does_not_stop_a_search():
    symbols = np.where(np.arange(24)[:, np.newaxis] == 23, 50, X)
    search = GridSearchCV(
        RNNClassifier(2, epochs=1, random_state=0),
        {"embedding_dim": [2, 3]},
        cv=KFold(2),
        error_score="raise",
    ).fit(symbols, LABELS)
    assert search.best_estimator_.weights_[0].shape[0] == 51


def test_a_symbol_that_is_not_known_counts_in_the_score(fitted):
    symbols = np.where(X == 3, 99, np.where(X == 4, 0, X))
    predicted = fitted.predict(symbols)
    y = rng.choice(["no", "yes"], predicted.shape)
    counts = symbols != 0 if predicted.ndim == 2 else slice(None)
    assert fitted.score(symbols, y) == pytest.approx((predicted == y)[counts].mean())


def test_training_does_not_continue_with_another_embedding():
    model = RNNClassifier(2, epochs=1, warm_start=True).fit(X, LABELS)
    with pytest.raises(
        ValueError, match="embedding_dim is 2, but the kept weights were trained with N"
    ):
        model.set_params(embedding_dim=2).fit(X, LABELS)


def test_clone_and_pickle(fitted):
    assert clone(fitted).embedding_dim == WIDTH
    loaded = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_windows_of_symbols_in_a_pipeline():
    letters = np.array(list("abc" * 20))
    pipe = make_pipeline(
        OrdinalEncoder(),
        # It counts from 0.
        FunctionTransformer(lambda numbers: numbers + 1),
        SlidingWindowTransformer(3, flatten=False, padding="nan"),
        GRUClassifier(4, embedding_dim=2, epochs=15, learning_rate=0.05, random_state=0),
    )
    pipe.fit(letters[:, np.newaxis], letters)
    assert pipe.score(letters[:, np.newaxis], letters) > 0.9


@pytest.mark.parametrize(
    ("estimator", "X", "match"),
    [
        (RNNClassifier(2, embedding_dim=0), X, "'embedding_dim' parameter"),
        (RNNClassifier(2, embedding_dim=2), X - 3, "symbols that are negative in 24 of 24 rows"),
        (
            RNNClassifier(2, embedding_dim=2),
            X + 0.5,
            r"such as 1\.5, in .*\"nan\"",
        ),
        (RNNClassifier(2, embedding_dim=2), np.stack([X, X], 2), "X has 2 features a step"),
        (RNNClassifier(2, embedding_dim=2), np.zeros((24, 4)), "holds only NaN"),
        (RNNClassifier(2, embedding_dim=2), X * 1e12, "a symbol of number 5000000000000"),
        (
            RNNClassifier(2, embedding_dim=2, architecture="vector_to_sequence"),
            X,
            "embedding_dim=2 does not go with",
        ),
        (GRURegressor(2, embedding_dim=2, linear_skip=True), X, "linear_skip=True does not go"),
    ],
)
def test_input_that_is_no_sequence_of_symbols_is_refused(estimator, X, match):
    y = np.arange(24) % 2
    if estimator.architecture == "vector_to_sequence":
        y = y.reshape(-1, 1)
    with pytest.raises(ValueError, match=match):
        estimator.fit(X, y)
    assert not hasattr(estimator, "n_features_in_")
