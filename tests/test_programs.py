"""Programs are compiled once, kept in bounds, and shared without a trace of who used them."""

import gc
import itertools
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, _trainers
from skrnn._engine.predict import _make_program
from skrnn._engine.programs import count_compiled
from skrnn._pool import Pool


def compiled_by(function):
    """Return how many programs a call compiles."""
    before = count_compiled()
    function()
    return {kind: number - before[kind] for kind, number in count_compiled().items()}


def make_rows(n_rows, n_timesteps=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_timesteps))
    return X, X.sum(axis=1)


X, Y = make_rows(40)


# How many are compiled


def test_a_grid_of_30_fits_compiles_one_program_for_each_size():
    X, y = make_rows(120, n_timesteps=10)
    search = GridSearchCV(
        LSTMRegressor(epochs=2, random_state=0),
        {"units": [3, 4], "dropout": [0.0, 0.1, 0.2]},
        cv=TimeSeriesSplit(5),
        error_score="raise",
    )
    assert compiled_by(lambda: search.fit(X, y)) == {"train": 2, "predict": 2}


@pytest.fixture(scope="module")
def base():
    """A model whose programs are compiled. Not to be fitted again: clone it."""
    model = GRURegressor(2, epochs=1, batch_size=8, dropout=0.1, random_state=0)
    # Early stopping predicts in training.
    model.set_params(early_stopping=True).fit(X, Y).predict(X)
    return model


@pytest.mark.parametrize(
    "changed",
    [
        {"random_state": 1},
        {"epochs": 3},
        {"learning_rate": 0.1},
        {"dropout": 0.5},
        {"dropout": 0.0},
        {"shuffle": False},
        {"normalize_y": False},
        {"validation_split": 0.5},
        {"patience": 1},
        {"early_stopping": False},
        {"callbacks": [keras.callbacks.TerminateOnNaN()]},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_not_the_network_compiles_nothing(base, changed):
    model = clone(base).set_params(**changed)
    assert compiled_by(lambda: model.fit(X, Y).predict(X)) == {"train": 0, "predict": 0}


@pytest.mark.parametrize("n_rows", [2, 9, 33, 700])
def test_another_number_of_rows_compiles_nothing(base, n_rows):
    X, y = make_rows(n_rows)
    assert compiled_by(lambda: clone(base).fit(X, y)) == {"train": 0, "predict": 0}


def test_weights_of_rows_and_later_fits_compile_nothing(base):
    def use():
        model = clone(base).set_params(warm_start=True).fit(X, Y, sample_weight=np.arange(1, 41))
        model.fit(X[:7], Y[:7]).partial_fit(X, Y)
        clone(base).fit(X, Y, X_val=X[:3], y_val=Y[:3])

    assert compiled_by(use) == {"train": 0, "predict": 0}


def test_early_stopping_with_other_dropouts_and_regularizers_predicts_with_one_program():
    def fit(dropout, regularizer):
        model = RNNRegressor(
            4, epochs=1, dropout=dropout, kernel_regularizer=regularizer, early_stopping=True
        )
        model.fit(X, Y).predict(X)

    def fit_all():
        for dropout, regularizer in itertools.product([0.0, 0.2, 0.4], [None, 0.1]):
            fit(dropout, regularizer)

    # A regularizer is part of what is trained, and of nothing else.
    assert compiled_by(fit_all) == {"train": 2, "predict": 1}


@pytest.mark.parametrize(
    "changed", [{"units": 3}, {"clipnorm": 1.0}, {"loss": "mean_absolute_error"}], ids=str
)
def test_another_network_or_loss_compiles_one_more(base, changed):
    # Else the tests above would say nothing.
    model = clone(base).set_params(early_stopping=False, **changed)
    assert compiled_by(lambda: model.fit(X, Y))["train"] == 1


def test_a_large_batch_compiles_few_programs_for_any_number_of_rows():
    # What is more than the rows is cut to a power of two: here 32, 64 and 128.
    def fit_all():
        for n_rows in range(5, 125, 10):
            RNNRegressor(2, epochs=1, batch_size=1000, optimizer="sgd").fit(*make_rows(n_rows))

    assert compiled_by(fit_all)["train"] <= 3


# How many are kept


def test_documented_numbers_of_programs_are_kept():
    assert _trainers._IDLE._max_idle == 8
    # Python's own cache keeps to its size.
    assert _make_program.cache_parameters()["maxsize"] == 16


def test_no_more_trainers_are_kept_than_that_and_the_others_are_freed(monkeypatch):
    # Of the same class, but smaller: each costs a compilation.
    idle = Pool(max_idle=2)
    monkeypatch.setattr(_trainers, "_IDLE", idle)
    parameters = {"epochs": 1, "optimizer": "sgd", "random_state": 0}
    first = RNNRegressor(1, batch_size=3, **parameters).fit(X, Y)
    ((_, trainer),) = idle._idle
    model = weakref.ref(trainer.model)
    del trainer
    assert model() is not None
    sizes = []
    for batch_size in (4, 5, 6):
        RNNRegressor(1, batch_size=batch_size, **parameters).fit(X, Y)
        sizes.append(len(idle._idle))
    assert sizes == [2, 2, 2]
    gc.collect()
    assert model() is None
    # The estimator has all that it needs.
    assert np.isfinite(first.predict(X)).all()


# Rows do not know of each other


@pytest.mark.parametrize("n_rows", [1, 2, 7, 8, 9, 100, 600])
def test_a_row_is_predicted_bit_for_bit_alike_in_any_company_and_place(base, n_rows):
    rows, _ = make_rows(600, seed=1)
    alone = np.concatenate([base.predict(rows[place : place + 1]) for place in range(12)])
    rng = np.random.default_rng(n_rows)
    for place in {0, n_rows // 2, n_rows - 1}:
        for chosen in (0, 11):
            company = rows[rng.permutation(600)[:n_rows]]
            company[place] = rows[chosen]
            assert base.predict(company)[place] == alone[chosen]


def test_any_number_of_rows_is_predicted_by_one_program():
    model = RNNRegressor(5, epochs=1, random_state=0).fit(X, Y)

    def predict_all():
        for n_rows in (1, 2, 7, 8, 9, 100, 600, 5000):
            assert model.predict(make_rows(n_rows)[0]).shape == (n_rows,)

    assert compiled_by(predict_all) == {"train": 0, "predict": 1}


# Estimators do not know of each other


def assert_same_state(a, b):
    for name in ("weights_", "optimizer_state_"):
        for ours, theirs in zip(getattr(a, name), getattr(b, name), strict=True):
            assert_array_equal(ours, theirs)
    assert a.history_ == b.history_


def two_models():
    """Two estimators that share a program, and differ in all that is not part of it."""
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


def test_networks_compiled_at_once_in_threads_are_what_they_are_one_by_one():
    def fit(units):
        return RNNRegressor(units, epochs=2, batch_size=13, optimizer="sgd", random_state=0).fit(
            X, Y
        )

    with ThreadPoolExecutor(2) as pool:
        at_once = list(pool.map(fit, (2, 3)))
    for model, units in zip(at_once, (2, 3), strict=True):
        assert_same_state(model, fit(units))


def test_predictions_in_threads_are_right_while_another_network_of_that_shape_is_trained(separate):
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
            refitted = two_models()[0].set_params(epochs=60).fit(*ROWS[0])
        finally:
            is_done.set()
        for call in calls:
            call.result()
    assert refitted.n_iter_ == 60


def test_an_estimator_may_predict_in_a_thread_while_it_is_fitted_again(separate):
    model = two_models()[0].fit(*ROWS[0])
    rows, _ = make_rows(50, seed=5)
    before = model.predict(rows)
    thread = threading.Thread(target=lambda: model.set_params(random_state=9).fit(*ROWS[0]))
    seen = [before]
    thread.start()
    while thread.is_alive():
        seen.append(model.predict(rows))
    thread.join()
    after = model.predict(rows)
    assert not np.array_equal(before, after)
    # Those before or those after, and never a mixture.
    assert all(np.array_equal(s, before) or np.array_equal(s, after) for s in seen)


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
    assert after_200 <= 1.05 * after_20
