"""scikit-learn's own searches and meta-estimators work on pipelines that end in a network."""

import keras
import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed, parallel_config
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - what it imports is hidden
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import mean_squared_error, r2_score, root_mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import GRURegressor, RNNRegressor, SlidingWindowTransformer

SPLITS = TimeSeriesSplit(2)
# The workers of a search have fewer threads than this process, and the order of a float32 sum
# depends on them.
THREADS = {"rtol": 1e-4}


def small_rnn(**params):
    """Return a network that is quick to train; it need not be good."""
    params = {"units": 3, "epochs": 2, "batch_size": 16, "random_state": 0} | params
    return RNNRegressor(**params)


def pipeline(model, window_length=4):
    steps = [
        ("scale", MinMaxScaler()),
        ("window", SlidingWindowTransformer(window_length)),
        ("model", model),
    ]
    return Pipeline(steps).set_output(transform="pandas")


def windows_by_hand(rows, before, window_length, fill):
    """Return the window of each row, the values before it; `before` comes before the first row."""
    values = [*[fill] * window_length, *before, *rows]
    first = window_length + len(before)
    return np.array([values[first + t - window_length : first + t] for t in range(len(rows))])


@pytest.fixture(scope="module")
def prices():
    """Sixty days of a price that wanders. Not to be changed."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=60, name="day")
    return pd.DataFrame({"Open": 10 + np.cumsum(rng.normal(size=60))}, index=days)


# GridSearchCV


def as_text(params):
    return {name: str(value) for name, value in params.items()}


GRID = [
    {"window__window_length": [3, 6]},
    {"model__units": [2, (3, 2)], "model__dropout": [0.0, 0.5]},
    {"model": [GRURegressor(2, epochs=2, random_state=0), Ridge()]},
]


@pytest.fixture(scope="module")
def searched(prices):
    """A search over windows, networks and regressors in two processes. Not to be fitted again."""
    search = GridSearchCV(
        pipeline(small_rnn()),
        GRID,
        cv=SPLITS,
        scoring="neg_root_mean_squared_error",
        n_jobs=2,
        error_score="raise",
    )
    return search.fit(prices, prices["Open"])


def test_grid_search_scores_every_candidate_with_a_score_of_its_own(searched):
    scores = searched.cv_results_["mean_test_score"]
    assert len(scores) == 2 + 4 + 2
    assert len(set(scores)) == len(scores)


def test_grid_search_refits_the_candidate_with_the_best_score(searched, prices):
    scores = searched.cv_results_["mean_test_score"]
    best = searched.cv_results_["params"][np.argmax(scores)]
    assert searched.best_params_ == best
    by_hand = clone(searched.estimator).set_params(**clone(best, safe=False))
    by_hand.fit(prices, prices["Open"])
    assert_allclose(searched.predict(prices), by_hand.predict(prices), **THREADS)


@pytest.mark.parametrize(
    "params",
    [
        {"window__window_length": 6},
        {"model__units": (3, 2), "model__dropout": 0.5},
        {"model": GRID[2]["model"][0]},
        {"model": GRID[2]["model"][1]},
    ],
    ids=["window_length", "units and dropout", "GRU", "Ridge"],
)
def test_grid_search_in_two_processes_scores_as_a_loop_over_the_folds_in_one(
    searched, prices, params
):
    expected = []
    for train, test in SPLITS.split(prices):
        pipe = clone(searched.estimator).set_params(**clone(params, safe=False))
        pipe.fit(prices.iloc[train], prices["Open"].iloc[train])
        predicted = pipe.predict(prices.iloc[test])
        expected.append(-root_mean_squared_error(prices["Open"].iloc[test], predicted))
    # Clones are alike if they print alike; the order of the parameters does not matter.
    tried = [as_text(candidate) for candidate in searched.cv_results_["params"]]
    candidate = tried.index(as_text(params))
    scores = [searched.cv_results_[f"split{fold}_test_score"][candidate] for fold in (0, 1)]
    assert_allclose(scores, expected, **THREADS)


def test_grid_search_over_optimizer_objects_is_one_over_their_names(prices):
    optimizers = [keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.02)]
    objects = {"model__optimizer": optimizers}
    names = [
        {"model__optimizer": ["adam"], "model__learning_rate": [0.01]},
        {"model__optimizer": ["sgd"], "model__learning_rate": [0.02]},
    ]
    pipe = pipeline(small_rnn())
    in_two, in_one = (
        GridSearchCV(pipe, grid, cv=SPLITS, n_jobs=n_jobs, refit=False, error_score="raise").fit(
            prices, prices["Open"]
        )
        for grid, n_jobs in ((objects, 2), (names, 1))
    )
    for fold in (0, 1):
        key = f"split{fold}_test_score"
        assert_allclose(in_two.cv_results_[key], in_one.cv_results_[key], **THREADS)
    assert len(set(in_two.cv_results_["mean_test_score"])) == 2
    assert not any(optimizer.built for optimizer in optimizers)


# Cross-validation


def test_cross_validation_gives_the_first_test_rows_the_training_rows_as_their_window(prices):
    pipe = make_pipeline(SlidingWindowTransformer(4), small_rnn())
    results = cross_validate(pipe, prices, prices["Open"], cv=SPLITS, return_estimator=True)
    values = prices["Open"].to_numpy()
    for (train, test), fitted, score in zip(
        SPLITS.split(prices), results["estimator"], results["test_score"], strict=True
    ):
        windows = windows_by_hand(values[test], values[train], 4, fill=np.nan)
        predicted = fitted[-1].predict(windows)
        assert_allclose(fitted.predict(prices.iloc[test]), predicted)
        assert score == pytest.approx(r2_score(values[test], predicted))


# Meta-estimators


def test_transformed_target_is_the_pipeline_fitted_on_the_transformed_target(prices):
    pipe = pipeline(small_rnn())
    model = TransformedTargetRegressor(pipe, func=np.log, inverse_func=np.exp)
    predicted = model.fit(prices, prices["Open"]).predict(prices)
    by_hand = clone(pipe).fit(prices, np.log(prices["Open"]))
    assert_allclose(predicted, np.exp(by_hand.predict(prices)))


# KFold cuts the series, and the window warns of missing steps.
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsMissingWarning")
def test_stacking_learns_from_folds_whose_windows_hold_no_row_that_follows(prices):
    pipes = [
        (name, make_pipeline(SlidingWindowTransformer(4).set_output(transform="pandas"), model))
        for name, model in (("net", small_rnn()), ("ridge", Ridge()))
    ]
    stack = StackingRegressor(pipes, final_estimator=LinearRegression(), cv=KFold(2))
    stack.fit(prices, prices["Open"])

    values = prices["Open"].to_numpy()
    halves = values[:30], values[30:]
    # The first half does not continue the second, the second does continue the first.
    folds = [(halves[1], halves[0], []), (halves[0], halves[1], halves[0])]
    out_of_fold = np.empty((60, 2))
    for column, model in enumerate([small_rnn(), Ridge()]):
        predicted = []
        for train, test, before in folds:
            model.fit(windows_by_hand(train, [], 4, fill=train.mean()), train)
            predicted.append(model.predict(windows_by_hand(test, before, 4, fill=train.mean())))
        out_of_fold[:, column] = np.concatenate(predicted)
    by_hand = LinearRegression().fit(out_of_fold, values)
    assert_allclose(stack.final_estimator_.coef_, by_hand.coef_, rtol=1e-4)
    assert_allclose(stack.final_estimator_.intercept_, by_hand.intercept_, rtol=1e-4)


def test_halving_gives_the_better_candidate_more_epochs(prices):
    search = HalvingGridSearchCV(
        pipeline(small_rnn()),
        {"model__learning_rate": [1e-6, 0.05]},
        resource="model__epochs",
        min_resources=2,
        max_resources=4,
        factor=2,
        cv=SPLITS,
        error_score="raise",
    ).fit(prices, prices["Open"])
    results = search.cv_results_
    first = results["iter"] == 0
    survivor = results["params"][np.argmax(np.where(first, results["mean_test_score"], -np.inf))]
    assert results["n_resources"].tolist() == [2, 2, 4]
    assert results["params"][2]["model__learning_rate"] == survivor["model__learning_rate"]
    assert search.best_estimator_["model"].n_iter_ == 4
    assert len(search.best_estimator_["model"].history_["loss"]) == 4


# Requests to a network behind the windows


def test_permutation_importance_is_that_of_the_lag_that_makes_the_series():
    X = pd.DataFrame({"x": np.random.default_rng(0).normal(size=200)})
    y = X["x"].shift(3, fill_value=0.0)
    model = RNNRegressor(8, epochs=15, learning_rate=0.02, batch_size=20, random_state=0)
    pipe = pipeline(model, window_length=5).fit(X, y)
    windows = pipe[:-1].transform(X)
    importances = permutation_importance(
        pipe["model"], windows, y, n_repeats=3, random_state=0
    ).importances_mean
    # A permuted cause leaves an error of twice the variance, so R² falls from 1 to -1.
    by_lag = dict(zip(windows.columns, importances, strict=True))
    assert by_lag.pop("x_lag3") > 1.5
    assert max(by_lag.values()) < 0.3


def test_held_out_rows_reach_the_network_through_the_steps_before_it(prices):
    train, held_out = prices.iloc[:45], prices.iloc[45:]
    with config_context(enable_metadata_routing=True):
        pipe = Pipeline(
            [
                ("scale", MinMaxScaler()),
                ("window", SlidingWindowTransformer(4)),
                ("model", small_rnn().set_fit_request(X_val=True, y_val=True)),
            ],
            transform_input=["X_val"],
        ).set_output(transform="pandas")
        pipe.fit(train, train["Open"], X_val=held_out, y_val=held_out["Open"])
    # Losses are in standard deviations of y.
    by_hand = mean_squared_error(held_out, pipe.predict(held_out)) / np.var(train["Open"])
    assert len(pipe["model"].history_["val_loss"]) == 2
    assert pipe["model"].history_["val_loss"][-1] == pytest.approx(by_hand, rel=1e-5)


def test_workers_compute_in_the_threads_that_joblib_gives_them():
    def count_threads():
        X = np.arange(20.0).reshape(10, 2)
        RNNRegressor(1, epochs=1).fit(X, X[:, 0])
        import tensorflow as tf

        # 0 stands for one on each core.
        return tf.config.threading.get_intra_op_parallelism_threads()

    with parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        assert Parallel()(delayed(count_threads)() for _ in range(2)) == [1, 1]
    assert count_threads() == 0
