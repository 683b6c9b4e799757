"""Other processes and threads: forked, interrupted, or computing at the same time."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import GRURegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
Y = X @ [0.5, -1.0, 2.0, 1.0]
GRID = {"dropout": [0.0, 0.3], "learning_rate": [0.01, 0.1]}

posix = pytest.mark.skipif(os.name == "nt", reason="Windows neither forks nor has groups")

_FORK = """
import multiprocessing, warnings
import numpy as np
from skrnn import RNNRegressor

# Python itself advises against forking a process with threads.
warnings.simplefilter("ignore", DeprecationWarning)
X = np.arange(40.0).reshape(10, 4) / 40
fitted, new = RNNRegressor(2, epochs=1).fit(X, X[:, 0]), RNNRegressor(2, epochs=1)
calls = {
    "fit": lambda: new.fit(X, X[:, 0]),
    "partial_fit": lambda: fitted.partial_fit(X, X[:, 0]),
    "to_keras": lambda: fitted.to_keras(),
    "predict": lambda: fitted.predict(X),
}

def work(name, results):
    try:
        results.put((name, calls[name]().tolist()))
    except RuntimeError as error:
        results.put((name, str(error)))

context = multiprocessing.get_context("fork")
results = context.Queue()
for name in calls:
    process = context.Process(target=work, args=(name, results))
    process.start()
    print(*results.get(timeout=60))
    process.join(60)
    assert process.exitcode == 0
# The parent continues.
print("parent", fitted.predict(X).tolist())
new.fit(X, X[:, 0])
"""


@posix
def test_forked_process_predicts_and_refuses_to_train(run_python):
    lines = dict(line.split(" ", 1) for line in run_python(_FORK).splitlines())
    assert list(lines) == ["fit", "partial_fit", "to_keras", "predict", "parent"]
    assert lines["predict"] == lines["parent"]
    (said,) = {lines[name] for name in ("fit", "partial_fit", "to_keras")}
    assert said.startswith("This process was forked from one in which TensorFlow has started")


_FORK_FIRST = """
import multiprocessing
import numpy as np
from skrnn import RNNRegressor

def work(results):
    X = np.arange(40.0).reshape(10, 4) / 40
    results.put(RNNRegressor(2, epochs=1).fit(X, X[:, 0]).predict(X).shape)

context = multiprocessing.get_context("fork")
results = context.Queue()
process = context.Process(target=work, args=(results,))
process.start()
assert results.get(timeout=120) == (10,)
process.join(60)
"""


@posix
def test_process_that_was_forked_before_tensorflow_started_works(run_python):
    run_python(_FORK_FIRST)


_SEARCH = """
import sys
import numpy as np
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from skrnn import GRURegressor

X = np.random.default_rng(0).normal(size=(200, 10))
search = GridSearchCV(
    GRURegressor(4, epochs=100_000), {"dropout": [0.0, 0.1]}, cv=TimeSeriesSplit(2), n_jobs=2
)
print("begins", flush=True)
search.fit(X, X[:, 0])
"""


def processes_of(group):
    """Numbers of the processes of a group that are not dead."""
    lines = subprocess.run(
        ["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    fields = [line.split() for line in lines]
    return [int(pid) for pid, pgid, state in fields if int(pgid) == group and state[0] != "Z"]


@posix
def test_interrupted_search_leaves_no_process_behind():
    # A group of its own, as a command in a terminal has, which gets the Ctrl-C as a whole.
    search = subprocess.Popen(
        [sys.executable, "-c", _SEARCH],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert search.stdout.readline() == "begins\n"
        patience = time.monotonic() + 120
        # The search, two workers, and who looks after what they share.
        while len(processes_of(search.pid)) < 4 and time.monotonic() < patience:
            time.sleep(0.5)
        assert len(processes_of(search.pid)) >= 4
        time.sleep(5)
        os.killpg(search.pid, signal.SIGINT)
        _, said = search.communicate(timeout=60)
        assert search.returncode == -signal.SIGINT or "KeyboardInterrupt" in said
        patience = time.monotonic() + 60
        while processes_of(search.pid) and time.monotonic() < patience:
            time.sleep(0.5)
        assert processes_of(search.pid) == []
    finally:
        for number in processes_of(search.pid):
            os.kill(number, signal.SIGKILL)


def test_search_in_threads_is_that_of_one_thread():
    def search():
        model = GRURegressor(3, epochs=3, random_state=0)
        return GridSearchCV(model, GRID, cv=TimeSeriesSplit(2), n_jobs=2).fit(X, Y)

    with parallel_config("threading"):
        in_threads = search()
    with parallel_config("sequential"):
        alone = search()
    for name in alone.cv_results_:
        if "time" not in name:
            assert_array_equal(in_threads.cv_results_[name], alone.cv_results_[name])


def test_search_continues_after_a_failed_candidate_and_names_it():
    grid = [{"dropout": [0.0]}, {"optimizer": ["no such optimizer"]}]
    search = GridSearchCV(GRURegressor(3, epochs=1, random_state=0), grid, cv=TimeSeriesSplit(2))
    failed = r"(?s)2 fits failed out of a total of 4.*optimizer='no such optimizer' is not known to"
    with (
        pytest.warns(FitFailedWarning, match=failed),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search.fit(X, Y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"dropout": 0.0}
