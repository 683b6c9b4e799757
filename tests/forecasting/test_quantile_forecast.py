"""Quantiles of forecasts: `forecast(quantiles=True)`."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skrnn import (
    ConformalIntervals,
    GRURegressor,
    NaiveRegressor,
    SlidingWindowTransformer,
    forecast,
)
from skrnn._utils.quantiles import interpolate_quantiles
from skrnn.forecasting import _simulated_paths

LEVELS = (0.1, 0.5, 0.9)
RNG = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=90, name="day")
WALK = pd.DataFrame(
    {"level": 20 + RNG.normal(size=90).cumsum(), "other": RNG.normal(size=90)}, DAYS
)
NETWORK = GRURegressor(3, epochs=2, quantiles=LEVELS, random_state=0)


class NormalAR(RegressorMixin, BaseEstimator):
    """The true model of a first-order autoregression with normal noise."""

    def __init__(self, phi=0.8, sigma=2.0, quantiles=LEVELS):
        self.phi = phi
        self.sigma = sigma
        self.quantiles = quantiles

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return self.phi * np.asarray(X)[:, -1]

    def predict_quantiles(self, X):
        return self.predict(X)[:, None] + self.sigma * norm.ppf(self.quantiles)


def fit_scaled(frame=WALK[["level"]], window=None, network=NETWORK, **options):
    window = SlidingWindowTransformer(5, **options) if window is None else window
    pipe = make_pipeline(MinMaxScaler(), window, clone(network)).set_output(transform="pandas")
    return pipe.fit(frame, frame["level"])


@pytest.fixture(scope="module")
def fitted():
    """A scaler, a window and a network with three quantiles. Do not fit it again."""
    return fit_scaled()


@pytest.mark.parametrize("levels", [LEVELS, (0.05, 0.25, 0.5, 0.75, 0.95)])
def test_simulated_quantiles_are_those_of_an_autoregression(levels):
    phi, sigma = 0.8, 2.0
    rows = np.array([[1.0], [5.0], [10.0]])
    pipe = make_pipeline(SlidingWindowTransformer(1), NormalAR(phi, sigma, levels))
    pipe.fit(rows, rows[:, 0])
    fan = forecast(pipe, 6, target=0, quantiles=True, n_paths=1_000, random_state=0)
    h = np.arange(1, 7)
    spread = sigma * np.sqrt((1 - phi ** (2 * h)) / (1 - phi**2))
    expected = (10 * phi**h)[:, None] + spread[:, None] * norm.ppf(levels)
    assert_allclose(fan, expected, atol=0.05 * spread.max())


def test_simulated_quantiles_are_those_of_paths_by_hand(fitted):
    """The loop knows only `predict_quantiles`, and draws every path alone."""
    steps, n_paths = 3, 300
    rng = np.random.default_rng(7)
    days = pd.date_range(DAYS[-1], periods=steps + 1, name="day")[1:]
    paths = np.empty((n_paths, steps))
    for path in paths:
        frame = WALK[["level"]].reindex(WALK.index.append(days))
        for step, day in enumerate(days):
            rows = frame.loc[DAYS[0] : day]
            quantiles = fitted[-1].predict_quantiles(fitted[:-1].transform(rows).iloc[[-1]])[0]
            z = np.interp(norm.ppf(rng.uniform(0.1, 0.9)), norm.ppf(LEVELS), quantiles)
            share = rng.random()
            if share < 0.1:
                z = quantiles[0] + (quantiles[1] - quantiles[0]) / norm.ppf(0.9) * (
                    norm.ppf(share) - norm.ppf(0.1)
                )
            elif share > 0.9:
                z = quantiles[2] + (quantiles[2] - quantiles[1]) / norm.ppf(0.9) * (
                    norm.ppf(share) - norm.ppf(0.9)
                )
            path[step] = frame.loc[day, "level"] = z
    fan = forecast(fitted, steps, quantiles=True, random_state=0)
    expected = np.quantile(paths, LEVELS, axis=0).T
    spread = expected[-1, 2] - expected[-1, 0]
    assert_allclose(fan, expected, atol=0.15 * spread)
    assert_array_equal(fan.index, days)


def make_panel():
    panel = pd.concat({"a": WALK, "b": 2 * WALK + 1}, names=["who"])
    return panel.swaplevel().sort_index(kind="stable")


def fit_panel():
    return fit_scaled(make_panel()[["level"]], group="who")


def fit_known():
    frame = WALK.assign(weekday=DAYS.day_of_week * 1.0)
    return fit_scaled(frame, known=["weekday", "other"])


def fit_pair():
    frame = WALK[["level", "other"]]
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), clone(NETWORK))
    return pipe.fit(frame, frame)


@pytest.mark.parametrize(
    "fit",
    [
        fit_scaled,
        lambda: fit_scaled(horizon=3),
        lambda: fit_scaled(window=SlidingWindowTransformer(7, flatten=True)),
        lambda: fit_scaled(window=SlidingWindowTransformer(90)),
        fit_panel,
        fit_known,
        fit_pair,
    ],
    ids=["one column", "horizon 3", "flat", "longer than the rows", "panel", "known", "pair"],
)
def test_windows_with_exchanged_values_are_those_of_each_path(fit, monkeypatch):
    pipe = fit()
    future = None
    if "weekday" in getattr(pipe, "feature_names_in_", ()):
        days = pd.date_range(DAYS[-1], periods=7, name="day")[1:]
        future = pd.DataFrame({"weekday": days.day_of_week * 1.0, "other": 0.0}, days)
    options = {"future": future, "quantiles": True, "n_paths": 5, "random_state": 0}
    quick = forecast(pipe, 6, **options)
    exchanged = []
    monkeypatch.setattr(_simulated_paths, "_exchange_values", lambda *_: exchanged.append(1))
    assert_allclose(quick, forecast(pipe, 6, **options), rtol=1e-5)
    assert len(exchanged) == 5  # so it was tried for each step after the first one


def test_steps_that_mix_rows_are_applied_to_each_path():
    """The window then holds the drawn value in two steps, so it cannot be exchanged in one."""
    smooth = FunctionTransformer(lambda rows: rows.rolling(2, min_periods=1).mean())
    pipe = make_pipeline(smooth, SlidingWindowTransformer(3), NormalAR(0.9, 1.0))
    frame = WALK[["level"]]
    pipe.fit(frame, frame["level"])
    fan = forecast(pipe, 2, X=frame, target="level", quantiles=True, n_paths=2_000, random_state=0)
    last, before = frame["level"].iloc[-1], frame["level"].iloc[-2]
    first = 0.9 * (last + before) / 2
    second = 0.9 * (first + last) / 2
    spread = np.sqrt(1 + 0.45**2)
    assert_allclose(fan.iloc[0], first + norm.ppf(LEVELS))
    assert_allclose(fan.iloc[1], second + spread * norm.ppf(LEVELS), atol=0.1)


def forecast_each_path_alone(pipe, steps, monkeypatch, **options):
    with monkeypatch.context() as patch:
        patch.setattr(_simulated_paths, "_exchange_values", lambda *_: None)
        return forecast(pipe, steps, **options)


def test_a_step_that_clips_changes_some_paths_only(monkeypatch):
    """The first paths of a step may lie within the range of the scaler, and later ones outside."""
    frame = WALK[["level"]].copy()
    frame.iloc[-3:, 0] = frame["level"].min() + np.array([2.0, 1.5, 1.0])
    naive = NaiveRegressor(quantiles=LEVELS)
    pipe = make_pipeline(MinMaxScaler(clip=True), SlidingWindowTransformer(3), naive)
    pipe.fit(frame, frame["level"])
    for seed in range(5):
        options = {"target": "level", "quantiles": True, "n_paths": 50, "random_state": seed}
        each = forecast_each_path_alone(pipe, 6, monkeypatch, **options)
        assert_allclose(forecast(pipe, 6, **options), each, rtol=1e-9)


class SignOfSecondFeature(NormalAR):
    """The last value, plus or minus a million. The second feature has the sign."""

    def predict(self, X):
        last = np.asarray(X)[:, -1]
        return last[:, 0] + np.where(last[:, 1] > 0, 1e6, -1e6)


def test_a_feature_of_small_numbers_follows_the_drawn_values_of_a_large_one(monkeypatch):
    frame = 1e6 * WALK[["level"]]
    last = frame["level"].iloc[-1]
    add = FunctionTransformer(lambda rows: rows.assign(is_high=1.0 * (rows["level"] > last)))
    model = SignOfSecondFeature(sigma=3e6)
    pipe = make_pipeline(add, SlidingWindowTransformer(3), model).fit(frame, frame["level"])
    options = {"X": frame, "quantiles": True, "n_paths": 20, "random_state": 0}
    each = forecast_each_path_alone(pipe, 4, monkeypatch, **options)
    assert_allclose(forecast(pipe, 4, **options), each, rtol=1e-9)


def test_the_first_step_has_the_predicted_quantiles(fitted):
    row = WALK[["level"]].reindex([DAYS[-1] + pd.Timedelta(days=1)])
    fan = forecast(fitted, 3, quantiles=True, random_state=0)
    expected = fitted[-1].predict_quantiles(fitted[:-1].transform(row))
    assert_allclose(fan.iloc[[0]], expected)
    assert list(fan.columns) == list(LEVELS)
    assert fan.columns.name == "quantile"


def test_rows_within_the_horizon_are_not_simulated():
    pipe = fit_scaled(horizon=3)
    one, other = (
        forecast(pipe, 3, quantiles=True, random_state=seed, n_paths=2) for seed in (0, 1)
    )
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("architecture", ["sequence_to_vector", "encoder_decoder"])
def test_a_direct_model_predicts_the_quantiles_of_its_steps(architecture):
    level = WALK["level"]
    y = pd.concat([level.shift(-k) for k in range(3)], axis=1).dropna()
    network = GRURegressor(3, epochs=1, quantiles=LEVELS, architecture=architecture, random_state=0)
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(5), network)
    pipe.fit(WALK[["level"]].loc[y.index], y)
    fan = forecast(pipe, 3, quantiles=True, target="level")
    rows = pd.DataFrame({"level": [np.nan]}, index=y.index[-1:] + pd.Timedelta(days=1))
    expected = pipe[-1].predict_quantiles(pipe[:-1].transform(rows))[0]
    assert_allclose(fan, expected)
    assert_allclose(fan[0.5], forecast(pipe, 3, target="level"))


def test_a_network_of_sequences_predicts_its_last_step():
    frame = WALK[["level"]]
    window = SlidingWindowTransformer(4, horizon=0)
    y = np.asarray(window.fit_transform(frame))
    network = GRURegressor(
        3, epochs=1, quantiles=LEVELS, architecture="sequence_to_sequence", random_state=0
    )
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), network).fit(frame, y)
    fan = forecast(pipe, 1, quantiles=True, target="level")
    rows = frame.reindex([DAYS[-1] + pd.Timedelta(days=1)])
    expected = pipe[-1].predict_quantiles(pipe[:-1].transform(rows))[:, -1]
    assert_allclose(fan, expected)


def test_intervals_of_a_network_of_sequences_are_those_of_its_last_step():
    frame = WALK[["level"]]
    y = np.asarray(SlidingWindowTransformer(4, horizon=0).fit_transform(frame))
    network = GRURegressor(3, epochs=1, architecture="sequence_to_sequence", random_state=0)
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(4), network)
    model = ConformalIntervals(pipe, coverage=0.8).fit(frame, y)
    row = frame.reindex([DAYS[-1] + pd.Timedelta(days=1)])
    fan = forecast(model, 1, quantiles=True, target="level")
    assert_allclose(fan, model.predict_quantiles(row)[:, -1])
    assert_allclose(forecast(model, 1, target="level"), model.predict(row)[:, -1])


def test_a_panel_has_a_row_for_each_series_and_step():
    pipe = fit_panel()
    fan = forecast(pipe, 2, quantiles=True, random_state=0)
    plain = forecast(pipe, 2)
    assert fan.index.equals(plain.index)
    assert fan.shape == (4, 3)
    # Only the first step of a recursive forecast has no simulated rows before it.
    assert_allclose(fan[0.5].iloc[:2], plain.iloc[:2])


def test_several_columns_have_quantiles_each():
    fan = forecast(fit_pair(), 3, quantiles=True, random_state=0)
    assert fan.columns.names == ["column", "quantile"]
    assert list(fan.columns)[:4] == [("level", 0.1), ("level", 0.5), ("level", 0.9), ("other", 0.1)]
    alone = forecast(fit_pair(), 3, quantiles=True, random_state=0, target="other")
    assert_allclose(alone, fan["other"])


def test_quantiles_of_arrays_are_a_frame():
    rows = WALK[["level"]].to_numpy()
    pipe = make_pipeline(SlidingWindowTransformer(3), NaiveRegressor(quantiles=LEVELS))
    fan = forecast(pipe.fit(rows, rows[:, 0]), 2, quantiles=True, random_state=0)
    assert fan.shape == (2, 3)
    assert list(fan.columns) == list(LEVELS)


def test_a_search_forecasts_with_its_best_pipeline(fitted):
    pipe = make_pipeline(SlidingWindowTransformer(3), clone(NETWORK))
    search = GridSearchCV(pipe, {"gruregressor__units": [2]}, cv=TimeSeriesSplit(2))
    search.fit(WALK[["level"]], WALK["level"])
    pd.testing.assert_frame_equal(
        forecast(search, 3, quantiles=True, random_state=0),
        forecast(search.best_estimator_, 3, quantiles=True, random_state=0),
    )


def test_quantiles_repeat_with_a_seed_and_leave_global_generators_alone(fitted):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one = forecast(fitted, 3, quantiles=True, random_state=3)
    forecast(fitted, 3, quantiles=True)
    assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    pd.testing.assert_frame_equal(one, forecast(fitted, 3, quantiles=True, random_state=3))
    assert not one.equals(forecast(fitted, 3, quantiles=True, random_state=4))


def test_quantiles_never_cross(fitted):
    fan = forecast(fitted, 30, quantiles=True, random_state=0, n_paths=3)
    assert (np.diff(fan, axis=1) >= 0).all()


@pytest.mark.parametrize("model", [Ridge(), GRURegressor(2, epochs=1), NaiveRegressor()])
def test_a_model_without_quantiles_is_refused(model):
    pipe = make_pipeline(SlidingWindowTransformer(3), model).fit(WALK[["level"]], WALK["level"])
    with pytest.raises(ValueError, match=r"quantiles=True, but the model predicts no quantiles\."):
        forecast(pipe, 2, quantiles=True)


def test_a_single_level_gives_paths_of_medians():
    pipe = fit_scaled(network=GRURegressor(3, epochs=1, quantiles=(0.5,), random_state=0))
    fan = forecast(pipe, 4, quantiles=True, n_paths=2, random_state=0)
    assert_allclose(fan[0.5], forecast(pipe, 4), rtol=1e-5)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.3, 0.5, 0.77, 0.999])
def test_quantiles_of_a_normal_distribution_are_interpolated_exactly(share):
    known = 3 + 2 * norm.ppf(LEVELS)
    assert_allclose(interpolate_quantiles(known, LEVELS, share), 3 + 2 * norm.ppf(share))
