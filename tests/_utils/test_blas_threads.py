"""Threads of a fit: those of BLAS are put back, and results do not depend on how many there are."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from threadpoolctl import threadpool_info, threadpool_limits

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn._network import training
from skrnn._utils import blas_threads as threads

rng = np.random.default_rng(0)
X = rng.normal(size=(70, 6))
Y = X @ rng.normal(size=6)
MODEL = LSTMRegressor((5, 4), dropout=0.3, epochs=3, batch_size=33, random_state=0)


def blas_threads():
    return {
        info["filepath"]: info["num_threads"]
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }


@pytest.fixture(autouse=True)
def _all_libraries_are_loaded():
    """SciPy's BLAS, which Numba uses, is loaded with the first fit."""
    RNNRegressor(1, epochs=1).fit(X, Y)


@pytest.fixture
def in_halves(monkeypatch):
    """Split batches of any size, as those of large networks are."""
    monkeypatch.setattr(training, "_WORTH_SPLITTING", 0)


def same_state(one, other):
    assert one.history_ == other.history_
    for ours, theirs in zip(one.weights_, other.weights_, strict=True):
        assert_array_equal(ours, theirs)


def test_ten_overlapping_fits_leave_the_threads_of_blas_as_they_were():
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        assert set(before.values()) == {2}
        barrier = threading.Barrier(10)

        def fit(seed):
            barrier.wait(60)
            model = GRURegressor(3, epochs=2 + seed % 3, random_state=seed)
            return model.fit(X, Y)

        with ThreadPoolExecutor(10) as pool:
            list(pool.map(fit, range(10)))
        assert blas_threads() == before


def fail_within_a_fit():
    with threads.one_blas_thread():
        assert set(blas_threads().values()) == {1}
        with threads.one_blas_thread():
            pass
        # The outer fit continues.
        assert set(blas_threads().values()) == {1}
        raise KeyError


def test_blas_has_one_thread_while_anything_is_fitted_and_a_failure_puts_it_back():
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(KeyError):
            fail_within_a_fit()
        assert set(blas_threads().values()) == {2}


@pytest.mark.parametrize(("given", "n_threads"), [("1", 1), ("3", 3)])
def test_a_fit_has_as_many_threads_as_joblib_says(monkeypatch, given, n_threads):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    with threads.one_blas_thread() as outer:
        assert outer == n_threads
        with threads.one_blas_thread() as inner:
            assert inner == max(1, n_threads // 2)


@pytest.mark.usefixtures("in_halves")
# The second has products that BLAS would compute in several threads.
@pytest.mark.parametrize("changes", [{}, {"units": 200, "epochs": 1}])
def test_results_have_the_same_bits_with_1_2_and_4_threads(monkeypatch, changes):
    fitted = []
    for n_threads in "124":
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        with threadpool_limits(int(n_threads), user_api="blas"):
            fitted.append(clone(MODEL).set_params(**changes).fit(X, Y))
    same_state(fitted[0], fitted[1])
    same_state(fitted[0], fitted[2])


@pytest.mark.usefixtures("in_halves")
def test_halves_of_a_batch_make_the_step_of_the_whole(monkeypatch):
    halves = clone(MODEL).set_params(dropout=0).fit(X, Y)
    monkeypatch.setattr(training, "_WORTH_SPLITTING", np.inf)
    whole = clone(MODEL).set_params(dropout=0).fit(X, Y)
    for ours, theirs in zip(halves.weights_, whole.weights_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.usefixtures("in_halves")
def test_a_fit_beside_others_has_the_bits_of_a_fit_alone():
    alone = clone(MODEL).fit(X, Y)
    with ThreadPoolExecutor(4) as pool:
        beside = list(pool.map(lambda _: clone(MODEL).fit(X, Y), range(4)))
    for model in beside:
        same_state(model, alone)


def test_a_search_in_threads_and_processes_finds_the_same_scores():
    grid = {"units": [2, (3, 2)], "dropout": [0.0, 0.2]}

    def search(backend):
        with parallel_config(backend):
            found = GridSearchCV(clone(MODEL), grid, cv=TimeSeriesSplit(2), n_jobs=2).fit(X, Y)
        return found.cv_results_["mean_test_score"]

    alone = search("sequential")
    assert_array_equal(search("threading"), alone)
    assert_array_equal(search("loky"), alone)
