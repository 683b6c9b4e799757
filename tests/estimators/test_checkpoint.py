"""Checkpoints: a killed fit continues, and ends with the bits of an uninterrupted fit."""

import functools
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import GRURegressor, LSTMClassifier, RNNRegressor, config_context
from skrnn._keras import checkpoint
from skrnn.estimators import _base

rng = np.random.default_rng(0)
X = rng.normal(size=(48, 4))
Y = X @ [0.5, -1.0, 2.0, 1.0]


class Killed(BaseException):
    """What no except clause of the package may take for an error."""


class Kill(keras.callbacks.Callback):
    """Ends a fit in an epoch, once, whatever copies there are; counts the epochs of all."""

    epochs_seen: list = []  # noqa: RUF012 - the class is what counts
    at = None

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs_seen.append(epoch)
        if epoch == Kill.at:
            Kill.at = None
            raise Killed

    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.fixture
def kill():
    """The callback, which starts to count."""
    Kill.epochs_seen.clear()
    yield Kill
    Kill.at = None


@pytest.fixture(autouse=True)
def _write_each_epoch(monkeypatch):
    # A share of infinity: there is never a reason to wait.
    monkeypatch.setattr(checkpoint, "_SHARE", np.inf)


def fit_with_a_crash(estimator, folder, kill, at, X=X, y=Y, **of_fit):
    """Fit twice: the first time it is killed at an epoch."""
    estimator = clone(estimator).set_params(callbacks=[Kill()], checkpoint_dir=folder)
    kill.at = at
    with pytest.raises(Killed):
        clone(estimator).fit(X, y, **of_fit)
    assert len(os.listdir(folder)) == 1
    n_epochs = len(kill.epochs_seen)
    estimator.fit(X, y, **of_fit)
    # It went on in the epoch in which it was killed.
    assert kill.epochs_seen[n_epochs] == at
    assert os.listdir(folder) == []
    return estimator


def assert_same(one, other, X=X):
    assert_array_equal(one.predict(X), other.predict(X))
    assert one.history_ == other.history_
    assert one.n_iter_ == other.n_iter_
    for first, second in zip(one.optimizer_state_, other.optimizer_state_, strict=True):
        assert_array_equal(first, second)


ESTIMATORS = {
    "dropout": GRURegressor(3, dropout=0.4, epochs=6, random_state=0),
    "early stopping": RNNRegressor(
        3, epochs=30, early_stopping=True, patience=4, learning_rate=0.1, random_state=0
    ),
    "early stopping, no shuffle": GRURegressor(
        (2, 3), epochs=9, early_stopping=True, patience=3, shuffle=False, random_state=0
    ),
    "RandomState": GRURegressor(
        3, dropout=0.4, epochs=6, random_state=np.random.RandomState(3), clipnorm=0.1
    ),
    "skip": RNNRegressor(3, epochs=6, linear_skip=True, optimizer="rmsprop", random_state=0),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("at", [1, 4])
def test_killed_fit_ends_with_the_bits_of_an_uninterrupted_fit(name, at, tmp_path, kill):
    estimator = ESTIMATORS[name]
    undisturbed = clone(estimator).fit(X, Y)
    assert_same(fit_with_a_crash(estimator, tmp_path, kill, at), undisturbed)


def test_killed_fit_on_keras_layers_ends_with_the_bits_of_an_uninterrupted_fit(tmp_path, kill):
    estimator = GRURegressor(3, dropout=0.4, recurrent_dropout=0.2, epochs=4, random_state=0)
    with config_context(engine="keras"):
        undisturbed = clone(estimator).fit(X, Y)
        assert_same(fit_with_a_crash(estimator, tmp_path, kill, at=2), undisturbed)


def test_killed_classifier_with_held_out_rows_ends_with_the_bits_of_an_uninterrupted_fit(
    tmp_path, kill
):
    estimator = LSTMClassifier(3, dropout=0.4, epochs=4, random_state=0)
    held_out = {"X_val": X[:9], "y_val": Y[:9] > 0, "sample_weight": np.arange(48.0)}
    undisturbed = clone(estimator).fit(X, Y > 0, **held_out)
    assert_same(fit_with_a_crash(estimator, tmp_path, kill, at=2, y=Y > 0, **held_out), undisturbed)


def test_killed_fit_without_a_seed_keeps_the_one_it_had(tmp_path, kill, monkeypatch):
    estimator = GRURegressor(3, dropout=0.4, epochs=4)
    seeds = iter([11, 22])
    monkeypatch.setattr(_base, "draw_seeds", lambda random_state, n: [next(seeds)])
    resumed = fit_with_a_crash(estimator, tmp_path, kill, at=2)
    monkeypatch.setattr(_base, "draw_seeds", lambda random_state, n: [11])
    assert_same(resumed, clone(estimator).fit(X, Y))


def test_killed_warm_started_fit_ends_with_the_bits_of_an_uninterrupted_fit(tmp_path, kill):
    first = GRURegressor(3, dropout=0.4, epochs=2, warm_start=True, random_state=0).fit(X, Y)
    undisturbed = functools.reduce(lambda model, _: model.fit(X, Y), range(2), clone(first))
    first.set_params(callbacks=[Kill()], checkpoint_dir=tmp_path)
    kill.at = 3
    with pytest.raises(Killed):
        first.fit(X, Y)
    assert first.n_iter_ == 2
    assert_same(first.fit(X, Y), undisturbed)
    assert kill.epochs_seen == [2, 3, 3]


# NumPy 2 asks Keras 3.15 for an argument that it does not have, when a callback reads the rate.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_counts_and_lists_of_callbacks_continue(tmp_path, kill):
    def make(*others):
        return GRURegressor(
            3,
            epochs=12,
            learning_rate=0.3,
            random_state=0,
            callbacks=[
                keras.callbacks.ReduceLROnPlateau("loss", 0.5, patience=2, min_delta=0.2),
                *others,
            ],
        )

    undisturbed = make().fit(X, Y)
    rates = undisturbed.history_["learning_rate"]
    # The plateau is met before and after the crash.
    assert len(set(rates[:7])) > 1
    assert len(set(rates[7:])) > 1
    resumed = make(Kill()).set_params(checkpoint_dir=tmp_path)
    kill.at = 7
    with pytest.raises(Killed):
        resumed.fit(X, Y)
    resumed.fit(X, Y)
    assert_same(resumed, undisturbed)
    ours, theirs = (vars(model.callbacks[0]) for model in (resumed, undisturbed))
    assert {name: ours[name] for name in ("wait", "best", "cooldown_counter")} == {
        name: theirs[name] for name in ("wait", "best", "cooldown_counter")
    }


@pytest.mark.parametrize(
    "change",
    [
        {"units": 2},
        {"learning_rate": 0.02},
        {"dropout": 0.1},
        {"random_state": 1},
        {"epochs": 5},
        {"batch_size": 16},
        {"shuffle": False},
        {"loss": "mean_absolute_error"},
        {"early_stopping": True},
        {"normalize_y": False},
    ],
    ids=str,
)
def test_another_fit_starts_over(change, tmp_path, kill):
    estimator = GRURegressor(3, epochs=4, random_state=0, checkpoint_dir=tmp_path)
    kill.at = 2
    with pytest.raises(Killed):
        clone(estimator).set_params(callbacks=[Kill()]).fit(X, Y)
    kill.epochs_seen.clear()
    clone(estimator).set_params(callbacks=[Kill()], **change).fit(X, Y)
    assert kill.epochs_seen[0] == 0
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.parametrize(
    "rows",
    [(X[:-1], Y[:-1]), (X, Y + 1), (X + np.eye(48, 4), Y), (X, Y, np.arange(48.0))],
    ids=["fewer", "other y", "other X", "weights"],
)
def test_fit_on_other_rows_starts_over(rows, tmp_path, kill):
    estimator = GRURegressor(
        3, epochs=4, normalize_y=False, random_state=0, callbacks=[Kill()], checkpoint_dir=tmp_path
    )
    kill.at = 2
    with pytest.raises(Killed):
        clone(estimator).fit(X, Y)
    kill.epochs_seen.clear()
    clone(estimator).fit(*rows)
    assert kill.epochs_seen == [0, 1, 2, 3]


def test_killed_search_continues_within_the_killed_fit(tmp_path, kill):
    estimator = GRURegressor(3, epochs=3, random_state=0)
    grid, cv = {"dropout": [0.0, 0.3]}, TimeSeriesSplit(2)
    undisturbed = GridSearchCV(estimator, grid, cv=cv).fit(X, Y)
    search = GridSearchCV(
        clone(estimator).set_params(callbacks=[Kill()], checkpoint_dir=tmp_path), grid, cv=cv
    )
    kill.at = 2
    with pytest.raises(Killed):
        search.fit(X, Y)
    kill.epochs_seen.clear()
    search.fit(X, Y)
    assert kill.epochs_seen[:4] == [2, 0, 1, 2]
    assert_array_equal(
        search.cv_results_["mean_test_score"], undisturbed.cv_results_["mean_test_score"]
    )
    assert os.listdir(tmp_path) == []


def test_checkpoint_changes_no_digit(tmp_path):
    estimator = GRURegressor(3, dropout=0.4, epochs=4, random_state=0)
    assert_same(
        clone(estimator).set_params(checkpoint_dir=tmp_path / "made" / "here").fit(X, Y),
        clone(estimator).fit(X, Y),
    )
    assert os.listdir(tmp_path / "made" / "here") == []


def test_file_is_written_seldom_when_epochs_are_short(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_SHARE", 1e-9)
    writes = []
    monkeypatch.setattr(checkpoint, "replace_file", lambda path, data: writes.append(path))
    GRURegressor(3, epochs=8, random_state=0, checkpoint_dir=tmp_path).fit(X, Y)
    assert len(writes) == 1


def test_damaged_file_is_refused_by_name_and_nothing_is_changed(tmp_path, kill):
    estimator = GRURegressor(3, epochs=4, random_state=0, callbacks=[Kill()])
    estimator.set_params(checkpoint_dir=str(tmp_path))
    kill.at = 2
    with pytest.raises(Killed):
        estimator.fit(X, Y)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"PK"):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"{path.name} is not a whole checkpoint"):
            estimator.fit(X, Y)
        assert path.read_bytes() == damaged
        assert not hasattr(estimator, "weights_")


def test_file_runs_no_code(tmp_path, kill):
    estimator = GRURegressor(3, epochs=4, random_state=0, callbacks=[Kill()])
    estimator.set_params(checkpoint_dir=tmp_path)
    kill.at = 2
    with pytest.raises(Killed):
        estimator.fit(X, Y)
    (path,) = tmp_path.iterdir()
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
        assert json.loads(str(file["state"]))["epoch"] == 2


def test_objects_without_a_lasting_name_are_refused(tmp_path):
    unknown = functools.partial(lambda x, factor: factor * x, factor=1.0)
    estimator = RNNRegressor(3, activation=unknown, epochs=1, checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match="checkpoint_dir needs parameters that can be hashed"):
        estimator.fit(X, Y)


class Scaled(keras.losses.Loss):
    """A loss of a user, to which Keras gives a new name each time."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, y, outputs):
        return self.factor * keras.ops.mean(keras.ops.square(y - outputs), axis=-1)


def define(source):
    """Return a function of this source, as a file that was edited defines it anew."""
    names = {"__name__": "mine"}
    exec(f"def loss(y, outputs):\n    return {source}", names)
    return names["loss"]


def enclose(factor):
    """Return a function that knows a number, and itself."""

    def rule(y):
        return rule(y - 1) if y else factor

    return rule


def hold(something):
    """Return a function that holds another object."""
    return lambda y, outputs: something


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.Adam(0.01),
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
        lambda: keras.losses.Huber(2.0),
        lambda: Scaled(3.0),
        lambda: keras.regularizers.L2(0.1),
        lambda: keras.callbacks.EarlyStopping("loss", patience=3),
        lambda: define("y - outputs"),
        lambda: enclose(2.0),
        lambda: hold(keras.losses.Huber(2.0)),
        lambda: hold({0: 1.0, 1: 5.0}),
        lambda: X.copy(order="F"),
        lambda: {"units": (3, 2), "activation": "tanh"},
    ],
    ids=[
        "Adam",
        "schedule",
        "Huber",
        "own loss",
        "L2",
        "callback",
        "function",
        "closure",
        "object in a closure",
        "dictionary in a closure",
        "array",
        "plain",
    ],
)
def test_equal_trainings_have_the_same_file_name(make):
    assert checkpoint.name_training(make()) == checkpoint.name_training(make())


def test_order_in_memory_and_place_on_disk_do_not_matter(tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    names = {checkpoint.name_training(rows) for rows in (X, X.copy(order="F"), mapped)}
    assert len(names) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (define("y - outputs"), define("y + outputs")),
        (define("2 * y"), define("3 * y")),
        (enclose(2.0), enclose(3.0)),
        (hold(enclose(2.0)), hold(enclose(3.0))),
        (hold(np.square), hold(np.abs)),
        (hold(int), hold(float)),
        (hold({0: 1.0, 1: 5.0}), hold({0: 1.0, 1: 9.0})),
        (hold(keras.losses.Huber(1.0)), hold(keras.losses.Huber(2.0))),
        (Scaled(3.0), Scaled(4.0)),
        (keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.02)),
        (X, X.T),
    ],
    ids=[
        "code",
        "constant",
        "closure",
        "function in a closure",
        "function of NumPy",
        "class in a closure",
        "dictionary in a closure",
        "object in a closure",
        "setting",
        "rate",
        "shape",
    ],
)
def test_other_trainings_have_another_file_name(one, other):
    assert checkpoint.name_training(one) != checkpoint.name_training(other)


def test_what_a_killed_process_left_is_removed_and_what_another_one_writes_is_not(tmp_path, kill):
    estimator = GRURegressor(3, epochs=3, random_state=0, callbacks=[Kill()])
    estimator.set_params(checkpoint_dir=tmp_path)
    kill.at = 2
    with pytest.raises(Killed):
        estimator.fit(X, Y)
    (path,) = tmp_path.iterdir()
    old, new = (tmp_path / f".{path.name}.{word}.tmp" for word in ("old", "new"))
    for left, age in ((old, -60), (new, 60)):
        left.write_bytes(b"")
        os.utime(left, (time.time() + age,) * 2)
    estimator.fit(X, Y)
    assert list(tmp_path.iterdir()) == [new]


def test_folder_that_is_a_file_is_an_error_of_the_system(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        RNNRegressor(3, epochs=1, checkpoint_dir=tmp_path / "file").fit(X, Y)


def test_folder_that_cannot_be_written_to_is_refused_before_anything_is_trained(
    tmp_path, monkeypatch
):
    # Root may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    model = RNNRegressor(3, epochs=1, callbacks=[Kill()], checkpoint_dir=tmp_path)
    Kill.epochs_seen.clear()
    with pytest.raises(PermissionError, match=r"checkpoint_dir=.* cannot be written to"):
        model.fit(X, Y)
    assert Kill.epochs_seen == []


def test_full_disk_is_told_and_does_not_end_the_fit(tmp_path, monkeypatch):
    def fail(path, data):
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoint, "replace_file", fail)
    model = GRURegressor(3, epochs=3, random_state=0, checkpoint_dir=tmp_path)
    with pytest.warns(RuntimeWarning, match="could not be written: No space left") as caught:
        model.fit(X, Y)
    assert len(caught) == 2
    assert_same(model, clone(model).set_params(checkpoint_dir=None).fit(X, Y))


def test_partial_fit_writes_nothing(tmp_path):
    RNNRegressor(3, checkpoint_dir=tmp_path / "none").partial_fit(X, Y)
    assert not Path(tmp_path / "none").exists()


@dataclass
class Counted(keras.callbacks.Callback):
    """Equal to others of the same number, and so without a hash."""

    number: int = 0

    def __post_init__(self):
        super().__init__()


def test_callbacks_that_are_equal_and_have_no_hash_are_told_apart(tmp_path):
    callbacks = [Counted(), Counted()]
    model = RNNRegressor(2, epochs=2, random_state=0, callbacks=callbacks, checkpoint_dir=tmp_path)
    model.fit(X, Y).fit(X, Y)
    assert callbacks[0].model is None
