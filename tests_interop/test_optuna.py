"""Optuna 5 proposes the parameters of a pipeline that ends in a network."""

import keras
import numpy as np
import optuna
import pytest
from numpy.testing import assert_array_equal
from recipes import run_block
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import SlidingWindowTransformer

SPLITS = TimeSeriesSplit(2)


@pytest.fixture
def pipeline(network):
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), network)
    return pipe.set_output(transform="pandas")


def score(pipe, series):
    return cross_val_score(pipe, series.to_frame(), series, cv=SPLITS, error_score="raise").mean()


def test_the_best_value_of_a_study_is_the_score_of_its_best_parameters(pipeline, series):
    def objective(trial):
        pipe = clone(pipeline).set_params(
            rnnregressor__units=trial.suggest_int("rnnregressor__units", 1, 3),
            rnnregressor__dropout=trial.suggest_float("rnnregressor__dropout", 0.0, 0.5),
            rnnregressor__learning_rate=trial.suggest_float(
                "rnnregressor__learning_rate", 1e-3, 1e-1, log=True
            ),
        )
        return score(pipe, series)

    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=2)
    )
    study.optimize(objective, n_trials=4)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 4
    assert len({trial.value for trial in study.trials}) == 4
    # Equal bit for bit: dropout and shuffling do not depend on earlier trials.
    assert score(clone(pipeline).set_params(**study.best_params), series) == study.best_value


def test_a_trial_is_pruned_between_passes_of_partial_fit(network, series):
    windows = SlidingWindowTransformer(4).fit_transform(series.to_frame())
    known, later = slice(0, 45), slice(45, None)
    fitted = {}

    def objective(trial):
        rate = trial.suggest_categorical("learning_rate", [0.05, 1e-6])
        model = fitted[rate] = clone(network).set_params(learning_rate=rate)
        for epoch in range(3):
            model.partial_fit(windows[known], series[known])
            trial.report(model.score(windows[later], series[later]), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return model.score(windows[later], series[later])

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.GridSampler({"learning_rate": [0.05, 1e-6]}, seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=1),
    )
    # The good trial runs first, since later trials are pruned by comparison with it.
    study.enqueue_trial({"learning_rate": 0.05})
    study.enqueue_trial({"learning_rate": 1e-6})
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]
    assert [fitted[rate].n_iter_ for rate in (0.05, 1e-6)] == [3, 1]
    whole = clone(network).set_params(learning_rate=0.05, epochs=3)
    whole.fit(windows[known], series[known])
    assert_array_equal(fitted[0.05].predict(windows), whole.predict(windows))
    assert np.isfinite(study.best_value)


class Pruning(keras.callbacks.Callback):
    """Reports the loss of each epoch to a trial, and ends the fit when the trial is pruned."""

    def __init__(self, trial):
        super().__init__()
        self.trial = trial

    def on_epoch_end(self, epoch, logs=None):
        self.trial.report(logs["loss"], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def test_a_trial_is_pruned_by_a_callback_within_a_fit(network, series):
    windows = SlidingWindowTransformer(4).fit_transform(series.to_frame())
    fitted = {}

    def objective(trial):
        rate = trial.suggest_categorical("learning_rate", [0.05, 1e-6])
        model = fitted[rate] = clone(network).set_params(
            learning_rate=rate, epochs=4, callbacks=[Pruning(trial)]
        )
        return model.fit(windows, series).history_["loss"][-1]

    study = optuna.create_study(
        sampler=optuna.samplers.GridSampler({"learning_rate": [0.05, 1e-6]}, seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=1),
    )
    # The good trial runs first, since later trials are pruned by comparison with it.
    study.enqueue_trial({"learning_rate": 0.05})
    study.enqueue_trial({"learning_rate": 1e-6})
    study.optimize(objective, n_trials=2)
    good, bad = study.trials
    assert [good.state.name, bad.state.name] == ["COMPLETE", "PRUNED"]
    assert list(good.intermediate_values.values()) == fitted[0.05].history_["loss"]
    assert 1 <= len(bad.intermediate_values) < 4
    # A pruned fit does not change the estimator, and keeps no reference to the callback.
    assert not hasattr(fitted[1e-6], "weights_")
    assert fitted[1e-6].callbacks[0].model is None


def test_the_recipe_prunes_trials_and_finds_the_smallest_validation_loss(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_block("optuna")
    study = names["study"]
    assert {trial.state.name for trial in study.trials} == {"COMPLETE", "PRUNED"}
    best = clone(names["pipe"][-1]).set_params(epochs=10, random_state=0, **study.best_params)
    best.fit(names["known"], names["train"]["price"])
    # The loss is that of y scaled by its mean and spread.
    errors = names["test"]["price"] - best.predict(names["later"])
    loss = np.mean((errors / names["train"]["price"].std(ddof=0)) ** 2)
    assert study.best_value == pytest.approx(loss, rel=1e-4)
