"""Models that took long to build are lent to one borrower at a time, and carry nothing over."""

import dataclasses
import threading

import numpy as np
import pytest

from skrnn import GRURegressor, LSTMRegressor, config_context
from skrnn._pool import Pool


def test_a_model_given_back_is_lent_again_for_the_same_key_only():
    pool = Pool(max_idle=2)
    with pool.borrow("a", object) as first:
        pass
    with pool.borrow("b", object) as other:
        assert other is not first
    with pool.borrow("a", object) as again:
        assert again is first


def test_two_borrowers_at_once_get_two_models():
    pool = Pool(max_idle=2)
    with pool.borrow("a", object) as first, pool.borrow("a", object) as second:
        assert first is not second


def test_a_model_is_not_lent_again_after_a_failure():
    pool = Pool(max_idle=2)
    with pytest.raises(KeyboardInterrupt), pool.borrow("a", object) as failed:
        raise KeyboardInterrupt
    with pool.borrow("a", object) as model:
        assert model is not failed


def test_a_model_without_a_key_is_not_kept():
    pool = Pool(max_idle=2)
    with pool.borrow(None, object) as first:
        pass
    with pool.borrow(None, object) as second:
        assert second is not first


def test_the_model_that_was_used_longest_ago_goes_first():
    pool = Pool(max_idle=2)
    kept = {}
    for key in ("a", "b", "a", "c"):
        with pool.borrow(key, object) as kept[key]:
            pass
    with (
        pool.borrow("a", object) as a,
        pool.borrow("b", object) as b,
        pool.borrow("c", object) as c,
    ):
        assert (a is kept["a"], b is kept["b"], c is kept["c"]) == (True, False, True)


@pytest.fixture(params=["auto", "keras"])
def engine(request):
    with config_context(engine=request.param):
        yield request.param


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 4)), rng.normal(size=40)


def test_folds_rates_seeds_and_epochs_do_not_trace_keras_layers_again(rows, monkeypatch):
    from skrnn import _scikeras, _trainers
    from skrnn._batches import BatchedModel

    traced = []

    class CountingModel(BatchedModel):
        def train_step(self, data):
            # Python runs this line when Keras traces the step, not when it takes one.
            traced.append(self)
            return super().train_step(data)

    monkeypatch.setattr(_trainers, "_IDLE", Pool(max_idle=2))
    counting = dataclasses.replace(_scikeras.KERAS, model_class=CountingModel)
    monkeypatch.setattr(_scikeras, "KERAS", counting)
    X, y = rows
    with config_context(engine="keras"):
        regressor = LSTMRegressor(2, epochs=1, random_state=0).fit(X, y)
        n_traces = len(traced)
        assert n_traces > 0
        regressor.fit(X[:25], y[:25])
        for change in ({"learning_rate": 0.1}, {"random_state": 1}, {"epochs": 2}):
            regressor.set_params(**change).fit(X, y)
        assert len(traced) == n_traces
        regressor.set_params(units=3).fit(X, y)
        assert len(traced) > n_traces


def test_a_fit_leaves_nothing_in_the_model_for_the_next_fit(rows, engine):
    X, y = rows
    params = {"units": 2, "epochs": 2, "dropout": 0.5, "random_state": 0}
    alone = LSTMRegressor(**params).fit(X, y).weights_
    LSTMRegressor(**params | {"random_state": 1, "learning_rate": 0.5}).fit(-X, y)
    for first, second in zip(alone, LSTMRegressor(**params).fit(X, y).weights_, strict=True):
        np.testing.assert_array_equal(first, second)


def test_estimators_fitted_in_two_threads_do_not_disturb_each_other(rows):
    X, y = rows
    regressors = [GRURegressor(2, epochs=3, random_state=seed) for seed in (0, 1)]
    alone = [regressor.fit(X, y).predict(X) for regressor in regressors]
    together = {}

    def work(seed):
        together[seed] = GRURegressor(2, epochs=3, random_state=seed).fit(X, y).predict(X)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (0, 1):
        np.testing.assert_array_equal(together[seed], alone[seed])
