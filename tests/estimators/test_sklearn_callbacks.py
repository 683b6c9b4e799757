"""scikit-learn's callbacks: epochs are tasks within a fit, also within a search."""

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skrnn import (
    GRUClassifier,
    GRURegressor,
    NaiveRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
)
from skrnn._utils import sklearn_callbacks

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks since 1.9")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 4)), RNG.normal(size=20)
SMALL = RNNRegressor(2, epochs=3, batch_size=8, random_state=0)


class Recorder:
    """Remembers the tasks it was told of, with the names of those around them."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.ended, self.begun = [], []
        self.is_set_up = False

    def setup(self, estimator, context):
        self.is_set_up = True

    def teardown(self, estimator, context):
        self.is_set_up = False

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(self.path(context))

    def on_fit_task_end(self, estimator, context):
        self.ended.append(self.path(context))
        return len(self.ended) == self.stop_after

    def path(self, context):
        path = []
        while context is not None:
            path.insert(0, f"{context.estimator_name} {context.task_name}")
            context = context.parent
        return " > ".join(path)


FIT, EPOCH = "RNNRegressor fit", "RNNRegressor fit > RNNRegressor epoch"


def test_a_fit_is_a_task_and_its_epochs_are_tasks_within_it():
    recorder = Recorder()
    clone(SMALL).set_callbacks(recorder).fit(X, Y)
    assert recorder.begun == [FIT, EPOCH, EPOCH, EPOCH]
    assert recorder.ended == [EPOCH, EPOCH, EPOCH, FIT]
    assert not recorder.is_set_up


def test_callbacks_change_nothing_of_a_fit():
    silent = clone(SMALL).fit(X, Y)
    heard = clone(SMALL).set_callbacks(Recorder()).fit(X, Y)
    np.testing.assert_array_equal(heard.predict(X), silent.predict(X))
    # But for what belongs to the callbacks, an estimator is as it would be without them.
    assert vars(heard).keys() - {"_skl_callbacks"} == vars(silent).keys()


def test_a_callback_stops_training():
    model = clone(SMALL).set_params(epochs=50).set_callbacks(Recorder(stop_after=2)).fit(X, Y)
    assert model.n_iter_ == 2
    expected = clone(SMALL).set_params(epochs=2).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


@pytest.mark.parametrize(
    ("model", "y", "scoring"),
    [(SMALL, Y, "r2"), (GRUClassifier(2, epochs=3, random_state=0), Y > 0, "neg_log_loss")],
    ids=["regressor", "classifier"],
)
def test_the_score_of_an_epoch_is_that_of_a_fit_that_ends_there(model, y, scoring):
    monitor = callback.ScoringMonitor(scoring=scoring)
    clone(model).set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data_as_pandas
    of_epochs = log[log["task_name"] == "epoch"][scoring]
    scorer = get_scorer(scoring)
    expected = [scorer(clone(model).set_params(epochs=n).fit(X, y), X, y) for n in (1, 2, 3)]
    np.testing.assert_allclose(of_epochs, expected)


def test_a_monitor_weighs_rows_as_the_fit_does():
    weight = np.linspace(0.1, 2, 20)
    monitor = callback.ScoringMonitor(scoring="r2")
    model = clone(SMALL).set_callbacks(monitor).fit(X, Y, sample_weight=weight)
    last = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")["r2"].iloc[-1]
    assert last == pytest.approx(model.score(X, Y, sample_weight=weight))


def test_a_monitor_of_the_network_within_a_search_sees_every_epoch():
    # On the search itself it sees none: scikit-learn hands on bars, but no monitors.
    monitor = callback.ScoringMonitor(scoring="r2")
    series = np.cumsum(RNG.normal(size=40))
    model = GRURegressor(2, epochs=2, random_state=0).set_callbacks(monitor)
    pipe = make_pipeline(SlidingWindowTransformer(3), model)
    search = GridSearchCV(pipe, {"gruregressor__units": [2]}, cv=TimeSeriesSplit(2), refit=False)
    search.fit(series[:, None], series)
    logs = monitor.get_logs(select="all")
    epochs = [len(log.data_as_pandas.query("task_name == 'epoch'")) for log in logs]
    assert sum(epochs) == 2 * 2


def test_a_monitor_follows_a_warm_started_fit():
    monitor = callback.ScoringMonitor(scoring="r2")
    model = clone(SMALL).set_params(warm_start=True).fit(X, Y).set_callbacks(monitor)
    model.set_params(epochs=2).fit(X, Y)
    expected = clone(SMALL).set_params(epochs=4, warm_start=True).fit(X, Y)
    of_epochs = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")["r2"]
    assert len(of_epochs) == 2
    assert of_epochs.iloc[0] == pytest.approx(expected.score(X, Y))


def test_epochs_are_seen_within_the_fits_of_a_search():
    series = np.cumsum(RNG.normal(size=40))
    pipe = make_pipeline(SlidingWindowTransformer(3), GRURegressor(2, epochs=2, random_state=0))
    search = GridSearchCV(pipe, {"gruregressor__units": [2, 3]}, cv=TimeSeriesSplit(2))
    recorder = Recorder()
    search.set_callbacks(recorder).fit(series[:, None], series)
    epochs = [path for path in recorder.ended if path.endswith("GRURegressor epoch")]
    # Two candidates on two splits, and the best on all rows, of two epochs each.
    assert len(epochs) == (2 * 2 + 1) * 2
    assert all(path.startswith("GridSearchCV fit > ") for path in epochs)
    assert "Pipeline" in epochs[0]
    # scikit-learn warns of steps that cannot be told of: warnings are errors here.


def test_the_bar_of_scikit_learn_shows_the_epochs_of_a_search(capsys):
    pipe = make_pipeline(SlidingWindowTransformer(3), GRURegressor(2, epochs=2, random_state=0))
    search = GridSearchCV(pipe, {"gruregressor__units": [2]}, cv=TimeSeriesSplit(2))
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    series = np.cumsum(RNG.normal(size=40))
    search.fit(series[:, None], series)
    assert "GRURegressor - fit" in capsys.readouterr().out


def test_the_steps_of_a_pipeline_may_have_callbacks():
    series = np.cumsum(RNG.normal(size=40))
    recorder = Recorder()
    naive = make_pipeline(SlidingWindowTransformer(3), NaiveRegressor()).set_callbacks(recorder)
    naive.fit(series[:, None], series)
    assert [path.split(" > ")[-1] for path in recorder.ended] == [
        "SlidingWindowTransformer fit",
        "NaiveRegressor fit",
        "Pipeline fit",
    ]


@pytest.mark.parametrize(
    "estimator",
    [SMALL, SlidingWindowTransformer(), NaiveRegressor()],
    ids=lambda e: type(e).__name__,
)
def test_a_fit_that_fails_leaves_the_estimator_and_its_callbacks_as_they_were(estimator):
    recorder = Recorder()
    estimator = clone(estimator).set_callbacks(recorder)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=r"text|string|convert"):
        estimator.fit([["text", "text"]], [1.0])
    assert vars(estimator) == before
    assert not recorder.is_set_up


def test_partial_fit_is_no_fit():
    recorder = Recorder()
    clone(SMALL).set_callbacks(recorder).partial_fit(X, Y)
    assert recorder.begun == []


def test_with_an_older_scikit_learn_there_are_no_callbacks(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.spec_from_file_location("older_callbacks", sklearn_callbacks.__file__)
    old = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(old)
    assert old.CallbackSupportMixin.__module__ == "older_callbacks"
    assert not hasattr(old.CallbackSupportMixin, "set_callbacks")
    assert old.begin_tasks(clone(SMALL), X, Y) is None


def test_windows_of_a_panel_are_fitted_with_callbacks():
    frame = pd.DataFrame({"who": ["a", "b"] * 3, "x": np.arange(6.0)})
    recorder = Recorder()
    window = SlidingWindowTransformer(2, group="who").set_callbacks(recorder).fit(frame)
    assert recorder.ended == ["SlidingWindowTransformer fit"]
    assert set(window.context_) == {"a", "b"}
