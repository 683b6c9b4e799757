"""Linear skip: where training starts, and when the start is kept."""

import numpy as np
import pytest
from keras.callbacks import Callback
from numpy.testing import assert_allclose
from sklearn.base import clone

from skrnn import GRURegressor, RNNRegressor, config_context
from skrnn._network.ridge import fit_ridge

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 4))
NOISE = rng.normal(size=300)
# No linear map of a window predicts this.
BENT = 4 * np.abs(X[:, 3]) - X[:, 2] + 0.1 * NOISE
# Weights keep their initial values in training with these parameters.
STILL = {"epochs": 1, "learning_rate": 1e-12, "random_state": 0}
TRAINED = {"epochs": 30, "learning_rate": 0.02, "random_state": 0}


def make_start(model, X, y, **fit_args):
    """Return the weights that a fit starts from."""
    return clone(model).set_params(early_stopping=False, **STILL).fit(X, y, **fit_args).weights_


def is_start(model, X, y, **fit_args):
    """Return whether the weights of a fitted model are those that its fit started from."""
    pairs = zip(model.weights_, make_start(model, X, y, **fit_args), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def ridge_predictions(X, y, weight=None):
    flat = np.nan_to_num(X).reshape(len(X), -1)
    coef, intercept = fit_ridge(flat, y[:, np.newaxis], weight)
    return (flat @ coef + intercept)[:, 0]


def test_training_starts_as_ridge_on_windows_whose_missing_steps_are_0():
    lacking = np.where(rng.random((300, 4)) < 0.3, np.nan, X)
    weight = rng.uniform(0.5, 2, 300)
    model = GRURegressor(3, linear_skip=True, **STILL).fit(lacking, BENT, sample_weight=weight)
    assert_allclose(model.predict(lacking), ridge_predictions(lacking, BENT, weight), rtol=1e-4)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_the_map_and_the_network_are_both_trained(engine):
    model = GRURegressor(4, linear_skip=True, **TRAINED)
    start = make_start(model, X, BENT)
    with config_context(engine=engine):
        model.fit(X, BENT)
        assert model.score(X, BENT) > 0.9
    assert all(
        np.abs(after - before).max() > 1e-3
        for before, after in zip(start, model.weights_, strict=True)
    )


@pytest.mark.parametrize("loss", ["mean_squared_error", "mae", "huber", "cosine_similarity"])
def test_noise_is_no_reason_to_leave_the_start(loss):
    # Training lowers the loss of the training rows, as every fit of noise does.
    model = GRURegressor(20, linear_skip=True, loss=loss, **TRAINED).fit(X, NOISE)
    assert is_start(model, X, NOISE)
    assert len(model.history_["loss"]) == model.n_iter_ == 30
    if loss == "mean_squared_error":
        assert model.history_["loss"][-1] < 0.99 * model.history_["loss"][0]


def test_training_that_destroys_the_map_does_not_win():
    # A learning rate of 1 throws the map of a straight line far away.
    line = np.arange(200.0)
    windows = np.lib.stride_tricks.sliding_window_view(line, 10)[:-1] / 100
    model = RNNRegressor(2, linear_skip=True, epochs=3, learning_rate=1.0, random_state=0)
    with config_context(engine="keras"):
        by_keras = clone(model).fit(windows, line[10:])
    for fitted in (model.fit(windows, line[10:]), by_keras):
        assert_allclose(fitted.predict(windows + 3), line[10:] + 300, rtol=1e-3)
        assert fitted.history_["loss"][-1] > 0.01


def test_a_verbose_fit_says_that_the_start_is_kept(capsys):
    RNNRegressor(2, linear_skip=True, verbose=2, **STILL).fit(X, NOISE)
    assert "Training was no better than ridge regression, which is kept" in capsys.readouterr().out


@pytest.mark.parametrize("early_stopping", [True, False])
def test_held_out_rows_decide(early_stopping):
    # In training rows y is bent, in held-out rows it is the linear part alone or the same again.
    model = GRURegressor(4, linear_skip=True, early_stopping=early_stopping, **TRAINED)
    rows = X[:200], BENT[:200]
    linear = ridge_predictions(*rows)
    coef, intercept = fit_ridge(X[:200], BENT[:200, np.newaxis], None)
    val = X[200:], (X[200:] @ coef + intercept)[:, 0]
    assert not is_start(model.fit(*rows, X_val=X[200:], y_val=BENT[200:]), *rows)
    assert is_start(model.fit(*rows, X_val=val[0], y_val=val[1]), *rows)
    assert_allclose(model.predict(rows[0]), linear, rtol=1e-4, atol=1e-5)


def test_weights_of_rows_decide():
    # Only the linear rows count.
    is_bent = np.arange(300) % 2 == 0
    y = np.where(is_bent, BENT, X[:, 2])
    weight = np.where(is_bent, 1e-9, 1.0)
    model = GRURegressor(4, linear_skip=True, **TRAINED)
    assert not is_start(model.fit(X, y), X, y)
    assert is_start(model.fit(X, y, sample_weight=weight), X, y, sample_weight=weight)


def test_only_the_first_fit_has_a_ridge_start():
    # A first epoch is not enough to beat it. Later calls continue from what there is.
    model = GRURegressor(4, linear_skip=True, random_state=0).partial_fit(X, NOISE)
    assert is_start(model, X, NOISE)
    before = [weight.copy() for weight in model.weights_]
    model.partial_fit(X, NOISE)
    assert all((now != then).any() for now, then in zip(model.weights_, before, strict=True))


def test_callbacks_see_the_weights_of_training():
    class Watcher(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.seen = self.model.get_weights()

    watcher = Watcher()
    model = GRURegressor(20, linear_skip=True, callbacks=[watcher], **TRAINED).fit(X, NOISE)
    pairs = zip(watcher.seen, model.weights_, strict=True)
    assert all((seen != kept).any() for seen, kept in pairs)


def test_a_penalty_of_weights_does_not_decide():
    # Training lowers the penalty of the kernels, but not the error.
    model = GRURegressor(20, linear_skip=True, kernel_regularizer=1.0, **TRAINED).fit(X, NOISE)
    assert model.history_["loss"][-1] < 0.6 * model.history_["loss"][0]
    assert is_start(model, X, NOISE)


def test_two_outputs_have_a_penalty_each():
    y = np.stack([X[:, 2], NOISE], axis=1)
    model = GRURegressor(3, linear_skip=True, **STILL).fit(X, y)
    alone = [clone(model).fit(X, y[:, k]).predict(X) for k in range(2)]
    assert_allclose(model.predict(X), np.stack(alone, axis=1), atol=1e-5)
