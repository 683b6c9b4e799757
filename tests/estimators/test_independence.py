"""Rows and estimators do not depend on each other: not in turns, not in threads, not in memory."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, config_context


def make_rows(n_rows, n_timesteps=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_timesteps))
    return X, X.sum(axis=1)


X, Y = make_rows(40)


@pytest.fixture(params=["auto", "keras"])
def engine(request):
    """Run a test with both engines."""
    with config_context(engine=request.param):
        yield request.param


# Rows do not depend on each other


CELLS = {
    "simple_rnn": RNNRegressor(2, epochs=1, random_state=0),
    "lstm": LSTMRegressor((3, 2), epochs=1, bidirectional=True, random_state=0),
    "peephole_lstm": LSTMRegressor(2, epochs=1, peephole=True, random_state=0),
    "gru": GRURegressor(2, epochs=1, batch_size=8, dropout=0.1, random_state=0),
    "gru_reset_before": GRURegressor(50, epochs=1, reset_after=False, random_state=0),
}


@pytest.fixture(scope="module", params=CELLS)
def fitted(request):
    """A fitted model of each cell. Not to be fitted again: clone it."""
    return clone(CELLS[request.param]).fit(X, Y)


@pytest.mark.parametrize("n_rows", [1, 2, 7, 8, 9, 100, 600])
def test_a_row_is_predicted_bit_for_bit_alike_in_any_company_and_place(fitted, n_rows):
    rows, _ = make_rows(600, seed=1)
    alone = np.concatenate([fitted.predict(rows[place : place + 1]) for place in range(12)])
    rng = np.random.default_rng(n_rows)
    for place in {0, n_rows // 2, n_rows - 1}:
        for chosen in (0, 11):
            company = rows[rng.permutation(600)[:n_rows]]
            company[place] = rows[chosen]
            assert fitted.predict(company)[place] == alone[chosen]


# Estimators do not depend on each other


def assert_same_state(a, b):
    for name in ("weights_", "optimizer_state_"):
        for ours, theirs in zip(getattr(a, name), getattr(b, name), strict=True):
            assert_array_equal(ours, theirs)
    assert a.history_ == b.history_


def two_models():
    """Two estimators of one network, which differ in all else."""
    model = GRURegressor(2, epochs=20, batch_size=8)
    return (
        clone(model).set_params(dropout=0.3, learning_rate=0.01, random_state=1),
        clone(model).set_params(dropout=0.0, random_state=2, epochs=15),
    )


ROWS = (make_rows(40, seed=2), make_rows(77, seed=3))


@pytest.fixture(scope="module")
def separate():
    """Each fitted by itself. Not to be fitted again."""
    return [model.fit(*rows) for model, rows in zip(two_models(), ROWS, strict=True)]


@pytest.fixture(scope="module")
def separate_in_parts():
    """Each fitted by itself, in three calls. Not to be fitted again."""
    models = two_models()
    for model, rows in zip(models, ROWS, strict=True):
        for _ in range(3):
            model.partial_fit(*rows)
    return models


def test_two_estimators_trained_in_turns_do_not_disturb_each_other(separate_in_parts):
    models = two_models()
    for _ in range(3):
        for model, rows in zip(models, ROWS, strict=True):
            model.partial_fit(*rows)
    for model, expected in zip(models, separate_in_parts, strict=True):
        assert_same_state(model, expected)


def test_two_estimators_fitted_at_once_in_threads_do_not_disturb_each_other(separate):
    for _ in range(3):
        models = two_models()
        barrier = threading.Barrier(2)

        def fit(model, rows, barrier=barrier):
            barrier.wait(60)
            return model.fit(*rows)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(fit, models, ROWS))
        for model, expected in zip(models, separate, strict=True):
            assert_same_state(model, expected)


def test_networks_of_two_sizes_fitted_at_once_in_threads_are_what_they_are_one_by_one():
    def fit(units):
        return RNNRegressor(units, epochs=2, batch_size=13, optimizer="sgd", random_state=0).fit(
            X, Y
        )

    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(fit, (2, 3)))
    for model, units in zip(at_once, (2, 3), strict=True):
        assert_same_state(model, fit(units))


def test_predictions_in_threads_are_right_while_another_estimator_is_trained(separate):
    rows, _ = make_rows(300, seed=4)
    expected = [model.predict(rows) for model in separate]
    is_done = threading.Event()

    def predict(model, expected):
        n_calls = 0
        while not is_done.is_set() or n_calls == 0:
            assert_array_equal(model.predict(rows), expected)
            n_calls += 1

    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(predict, model, values)
            for model, values in zip(separate, expected, strict=True)
        ]
        try:
            refitted = two_models()[0].set_params(epochs=600).fit(*ROWS[0])
        finally:
            is_done.set()
        for call in calls:
            call.result()
    assert refitted.n_iter_ == 600


def test_an_estimator_may_predict_in_a_thread_while_it_is_fitted_again(separate):
    model = two_models()[0].fit(*ROWS[0])
    rows, _ = make_rows(50, seed=5)
    before = model.predict(rows)
    # So many epochs that there are predictions before the fit has ended.
    model.set_params(random_state=9, epochs=300)
    thread = threading.Thread(target=lambda: model.fit(*ROWS[0]))
    seen = [before]
    thread.start()
    while thread.is_alive():
        seen.append(model.predict(rows))
    thread.join()
    after = model.predict(rows)
    assert not np.array_equal(before, after)
    # Those before or those after, and never a mixture.
    assert all(np.array_equal(s, before) or np.array_equal(s, after) for s in seen)


def test_a_fit_leaves_nothing_behind_for_the_next_fit(engine):
    model = LSTMRegressor(2, epochs=2, dropout=0.5, random_state=0)
    alone = clone(model).fit(X, Y)
    clone(model).set_params(random_state=1, learning_rate=0.5).fit(-X, Y)
    assert_same_state(clone(model).fit(X, Y), alone)


# Memory

_FITS = """
import os
import numpy as np
from skrnn import RNNRegressor

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

rng = np.random.default_rng(0)
for number in range(1, 201):
    n_rows = 10 + number % 40
    X = rng.normal(size=(n_rows, 5))
    RNNRegressor(
        2,
        epochs=2,
        dropout=number % 5 / 10,
        learning_rate=0.001 * (1 + number % 7),
        early_stopping=number % 2 == 0,
        random_state=number,
    ).fit(X, X.sum(axis=1)).predict(X)
    if number in (20, 200):
        print(resident())
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to read memory from")
def test_200_fits_take_no_more_memory_than_20(run_python):
    after_20, after_200 = map(int, run_python(_FITS).split())
    # Without a leak they are equal to 0.2 %; 70 kB a fit, as a leak once took, are 1.6 %.
    assert after_200 <= 1.01 * after_20
