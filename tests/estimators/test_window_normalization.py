"""Windows that are read relative to their own level: `normalize_windows`."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrences import forward
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
    config_context,
    forecast,
)
from skrnn.exceptions import FeaturesNotScaledWarning, TooFewRowsWarning

KINDS = ("last", "standard")
REGRESSORS = (RNNRegressor, LSTMRegressor, GRURegressor)
WALK = 100 + np.cumsum(np.random.default_rng(0).normal(size=120))
# A column that is no multiple of the walk, and one on another level.
ROWS = np.column_stack([np.cos(np.arange(120)), WALK, 5 - 0.1 * WALK])


def make_windows(rows, length=6, **options):
    window = SlidingWindowTransformer(length, flatten=False, **options)
    return window.fit_transform(rows)


def set_head_to_zero(network):
    """Set the last layer of a fitted network to zero, so that it says nothing."""
    for weights in network.weights_[-2:]:
        weights[:] = 0


# Raw outputs are added to the level


@pytest.mark.parametrize("outputs", ["one", "steps", "columns", "decoder", "every step"])
@pytest.mark.parametrize("scaler", [MinMaxScaler(), StandardScaler(), "passthrough"])
def test_a_network_that_says_nothing_predicts_the_last_value(scaler, outputs):
    columns = [1, 2] if outputs == "columns" else [1]
    y = ROWS[:, columns]
    if outputs in ("steps", "decoder"):
        y = np.column_stack([np.roll(y, -step, axis=0) for step in range(3)])
    architecture = {"decoder": "encoder_decoder", "every step": "sequence_to_sequence"}
    network = GRURegressor(
        3,
        epochs=1,
        normalize_windows="last",
        architecture=architecture.get(outputs, "sequence_to_vector"),
        random_state=0,
    )
    pipe = make_pipeline(scaler, SlidingWindowTransformer(5, padding="nan"), network)
    rows, y = ROWS[:100], y[:100]
    if outputs == "every step":
        y = SlidingWindowTransformer(5, horizon=0).fit_transform(y)
    pipe.fit(rows, y)
    set_head_to_zero(network)
    last = ROWS[99:-1, columns]
    predicted = pipe.predict(ROWS[100:]).reshape(20, -1)
    np.testing.assert_allclose(predicted, np.broadcast_to(last, predicted.shape), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("features", [None, "all", [0]])
def test_predictions_are_those_of_the_recurrence_on_relative_windows(kind, features):
    windows = make_windows(ROWS, padding="nan")
    windows = np.where(np.arange(6)[:, None] == 2, np.nan, windows)[1:]
    y = WALK[1:]
    model = LSTMRegressor(
        4,
        epochs=2,
        normalize_windows=kind,
        normalize_features=features,
        target_feature=1,
        random_state=0,
    )
    model.fit(windows, y)
    chosen = {None: [1], "all": [0, 1, 2]}.get(features if features != [0] else "", [0, 1])
    steps = windows[:, :, chosen]
    if kind == "last":
        level = np.array([row[~np.isnan(row[:, 0])][-1] for row in steps])
        spread = np.sqrt(np.nanmean((steps - level[:, None]) ** 2, axis=(0, 1)))
        spread = np.broadcast_to(spread, level.shape)
    else:
        level, spread = np.nanmean(steps, axis=1), np.nanstd(steps, axis=1)
        spread = np.maximum(spread, 1e-3 * np.nanstd(steps, axis=(0, 1)))
    inputs = windows.copy()
    inputs[:, :, chosen] = (steps - level[:, None]) / spread[:, None]
    place = chosen.index(1)
    gain = np.sqrt(np.mean(((y - level[:, place]) / spread[:, place]) ** 2)) * spread[:, place]
    said = forward(inputs, model.weights_, cell="lstm", units=(4,))[:, 0]
    np.testing.assert_allclose(model.predict(windows), level[:, place] + gain * said, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", ["sequence_to_vector", "encoder_decoder"])
def test_both_engines_train_alike(kind, architecture):
    windows = make_windows(ROWS / 10, padding="nan")
    y = np.column_stack([WALK, np.roll(WALK, -1)])[:100] / 10
    model = GRURegressor(
        3, epochs=3, normalize_windows=kind, architecture=architecture, random_state=0
    )
    ours = clone(model).fit(windows[:100], y)
    with config_context(engine="keras"):
        theirs = clone(model).fit(windows[:100], y)
        predicted = theirs.predict(windows)
    np.testing.assert_allclose(ours.history_["loss"], theirs.history_["loss"], rtol=2e-3)
    np.testing.assert_allclose(ours.predict(windows), predicted, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_without_any_step_predicts_the_mean_of_y(kind):
    windows, y = make_windows(ROWS, padding="nan"), WALK
    empty = np.full((1, 6, 3), np.nan)
    for normalize_y in (True, False):
        model = GRURegressor(
            3, epochs=1, normalize_windows=kind, normalize_y=normalize_y, random_state=0
        )
        model.fit(windows, y, sample_weight=np.arange(1, 121))
        expected = np.average(y, weights=np.arange(1, 121))
        np.testing.assert_allclose(model.predict(empty), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@given(st.sets(st.integers(0, 119), min_size=1))
@settings(max_examples=20)
def test_the_bits_of_a_row_do_not_depend_on_other_rows(kind, rows):
    windows = make_windows(ROWS, padding="nan")
    model = _fit_once(kind)
    rows = sorted(rows)
    np.testing.assert_array_equal(model.predict(windows[rows]), model.predict(windows)[rows])


_FITTED = {}


def _fit_once(kind):
    if kind not in _FITTED:
        model = LSTMRegressor(3, epochs=1, normalize_windows=kind, random_state=0)
        _FITTED[kind] = model.fit(make_windows(ROWS, padding="nan"), WALK)
    return _FITTED[kind]


# TensorFlow 2.19 saves variables without the keyword that NumPy 2 wants.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_keras_model_normalizes_too(kind, tmp_path):
    import keras

    windows = make_windows(ROWS, padding="nan")
    model = _fit_once(kind)
    model.to_keras().save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    predicted = np.asarray(loaded(windows.astype(np.float32)))[:, 0]
    np.testing.assert_allclose(predicted, model.predict(windows), rtol=1e-5)


# Beyond the range of the training rows

SERIES = {
    "line": np.arange(300.0),
    "exponential": 1.02 ** np.arange(300.0),
    "walk": np.cumsum(np.random.default_rng(3).normal(0.4, 1, size=300)),
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("regressor", REGRESSORS)
def test_normalized_windows_follow_a_series_beyond_its_training_range(regressor, name):
    series = SERIES[name]
    scores = {}
    for kind in (None, *KINDS):
        network = regressor(
            8, epochs=60, learning_rate=0.01, normalize_windows=kind, random_state=0
        )
        pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(8, padding="nan"), network)
        pipe.fit(series[:200, None], series[:200])
        scores[kind] = r2_score(series[200:], pipe.predict(series[200:, None]))
    assert max(scores["last"], scores["standard"]) > 0.99
    assert scores[None] < 0.9


def test_a_forecast_goes_on_beyond_the_range():
    series = pd.DataFrame({"sales": np.arange(100.0, 160.0)})
    network = RNNRegressor(
        4, epochs=60, learning_rate=0.01, normalize_windows="last", random_state=0
    )
    pipe = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(4, padding="nan"), network)
    pipe.fit(series, series["sales"])
    np.testing.assert_allclose(forecast(pipe, 5), np.arange(160.0, 165.0), atol=0.5)


def test_a_search_can_choose_the_normalization():
    network = RNNRegressor(4, epochs=20, learning_rate=0.01, random_state=0)
    pipe = make_pipeline(StandardScaler(), SlidingWindowTransformer(5, padding="nan"), network)
    grid = {"rnnregressor__normalize_windows": [None, *KINDS]}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(2)).fit(ROWS[:, 1:2], WALK)
    assert search.best_params_["rnnregressor__normalize_windows"] in KINDS


# Which column is the target


def test_rows_in_any_order_and_panels_have_the_same_normalization():
    table = pd.DataFrame(ROWS, columns=["wave", "walk", "other"])
    table["shop"] = np.arange(120) % 2
    window = SlidingWindowTransformer(5, padding="nan", group="shop", flatten=False)
    windows, y = window.fit_transform(table), WALK
    order = np.random.default_rng(0).permutation(np.arange(2, 120))
    fits = [
        LSTMRegressor(2, epochs=1, normalize_windows="last", random_state=0).fit(windows[o], y[o])
        for o in (np.arange(2, 120), order)
    ]
    for model in fits:
        assert model._network["normalization"]["features"] == (1,)
    for name in ("slopes", "offsets", "gains", "spreads"):
        ours, theirs = (model._network["normalization"][name] for model in fits)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_a_target_that_is_no_column_has_its_line_fitted_on_the_last_step():
    windows = make_windows(WALK[:, None], padding="nan")[1:]
    y = 3 * windows[:, -1, 0] - 7 + np.random.default_rng(1).normal(size=119)
    model = RNNRegressor(2, epochs=1, normalize_windows="last", random_state=0).fit(windows, y)
    set_head_to_zero(model)
    a, b = np.polyfit(windows[:, -1, 0], y, 1)
    np.testing.assert_allclose(model.predict(windows), a * windows[:, -1, 0] + b, rtol=1e-5)


def test_a_target_that_is_no_column_of_several_asks_for_the_column():
    windows = make_windows(ROWS)
    noise = np.random.default_rng(1).normal(size=120)
    model = GRURegressor(2, epochs=1, normalize_windows="last", random_state=0)
    with pytest.raises(ValueError, match=r"y is none of the 3 features .* Set target_feature"):
        model.fit(windows, noise)
    with pytest.raises(ValueError, match=r"windows of one step .* Set target_feature"):
        model.fit(make_windows(ROWS, 1), WALK)
    model.set_params(target_feature=1).fit(windows, noise)
    with pytest.raises(ValueError, match=r"target_feature=3 is out of range: X has 3 feature"):
        model.set_params(target_feature=3).fit(windows, WALK)


@pytest.mark.parametrize("wrong", [[3], [-1], ["Open"], [True], [0.5]])
def test_features_that_do_not_exist_are_refused(wrong):
    model = GRURegressor(2, epochs=1, normalize_windows="last", normalize_features=wrong)
    with pytest.raises(ValueError, match=r"normalize_features=.* but X has 3 feature"):
        model.fit(make_windows(ROWS), WALK)


@pytest.mark.parametrize(
    "parameters",
    [{"architecture": "vector_to_sequence"}, {"embedding_dim": 2}],
    ids=["vector", "embedding"],
)
def test_networks_without_windows_of_numbers_are_refused(parameters):
    model = GRURegressor(2, epochs=1, normalize_windows="last", **parameters)
    X = np.ones((5, 3))
    with pytest.raises(ValueError, match=r"normalize_windows='last' does not go with"):
        model.fit(X, X)


# Losses, warnings, state


@pytest.mark.parametrize("kind", KINDS)
def test_losses_keep_their_units(kind):
    windows, y = make_windows(ROWS, padding="nan")[1:], WALK[1:]
    still = {"learning_rate": 1e-12, "epochs": 1, "random_state": 0, "normalize_windows": kind}
    for loss, expected in (
        ("mape", lambda p: 100 * np.mean(np.abs(p / y - 1))),
        ("mse", lambda p: np.mean((p - y) ** 2) / np.var(y)),
    ):
        model = RNNRegressor(3, loss=loss, **still).fit(windows, y)
        np.testing.assert_allclose(
            model.history_["loss"][0], expected(model.predict(windows)), rtol=1e-4
        )


def test_only_features_that_are_not_normalized_must_be_scaled():
    windows = make_windows(ROWS * 10, padding="nan")
    model = GRURegressor(2, epochs=1, normalize_windows="last", random_state=0)
    with pytest.warns(FeaturesNotScaledWarning, match="feature 2") as record:
        model.fit(windows, WALK * 10)
    assert "feature 1" not in str(record[0].message)
    clone(model).set_params(normalize_features="all").fit(windows, WALK * 10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_linear_skip_reads_the_normalized_window(kind):
    line = np.arange(60.0)
    windows = make_windows(line[:, None], 4)[4:]
    model = RNNRegressor(
        2, linear_skip=True, normalize_windows=kind, epochs=1, learning_rate=1e-9, random_state=0
    )
    model.fit(windows, line[4:])
    np.testing.assert_allclose(model.predict(windows + 1000), line[4:] + 1000, rtol=1e-3)


def test_training_that_continues_keeps_its_normalization():
    windows = make_windows(ROWS, padding="nan")
    model = GRURegressor(2, epochs=1, normalize_windows="standard", warm_start=True, random_state=0)
    first = model.fit(windows[:60], WALK[:60])._network["normalization"]
    assert model.fit(windows[60:], WALK[60:])._network["normalization"] == first
    message = "normalize_windows is 'last', but the kept weights were trained with 'standard'"
    with pytest.raises(ValueError, match=message):
        model.set_params(normalize_windows="last").fit(windows, WALK)


def test_a_pickle_predicts_the_same():
    windows = make_windows(ROWS, padding="nan")
    model = _fit_once("standard")
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(windows), model.predict(windows))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classifier", [LSTMClassifier, GRUClassifier])
def test_a_classifier_does_not_see_the_level_of_its_windows(classifier, kind):
    windows = make_windows(ROWS, padding="nan")[1:]
    rises = np.diff(WALK) > 0
    model = classifier(3, epochs=2, normalize_windows=kind, normalize_features=[1], random_state=0)
    model.fit(windows, rises)
    higher = windows + np.array([0, 50, 0])
    np.testing.assert_allclose(model.predict_proba(higher), model.predict_proba(windows), atol=1e-5)
    with pytest.raises(ValueError, match="needs to know which of the 3 features"):
        model.set_params(normalize_features=None).fit(windows, rises)


# Rows that do not show which feature y is


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_random_part_of_the_rows_shows_the_target(share):
    walk = np.cumsum(np.random.default_rng(5).normal(size=300)) + 100
    windows = make_windows(walk[:, None], padding="nan")
    chosen = np.sort(np.random.default_rng(6).choice(300, int(300 * share), replace=False))
    model = GRURegressor(2, epochs=1, normalize_windows="last", random_state=0)
    model.fit(windows[chosen], walk[chosen])
    set_head_to_zero(model)
    np.testing.assert_allclose(model.predict(windows[1:] + 1000), walk[:-1] + 1000, rtol=1e-5)


def test_too_few_consecutive_rows_are_said():
    windows = make_windows(WALK[:, None], 4)[4:11]
    model = GRURegressor(2, epochs=1, normalize_windows="last", random_state=0)
    with pytest.warns(TooFewRowsWarning, match="Only 6 of 7 windows are followed"):
        model.fit(windows, WALK[4:11])
    several = make_windows(ROWS, 4)[4:11]
    with pytest.raises(ValueError, match="only 6 of 7 windows are followed by the next window"):
        model.fit(several, WALK[4:11])


def test_a_constant_series_is_its_own_level():
    for value in (5.0, 0.1):
        windows = np.full((30, 4), value)
        model = GRURegressor(2, epochs=1, normalize_windows="last", random_state=0)
        model.fit(windows, windows[:, 0])
        set_head_to_zero(model)
        np.testing.assert_allclose(model.predict(windows + 10), value + 10, rtol=1e-5)


def test_a_constant_target_among_several_features_is_said():
    rows = ROWS.copy()
    rows[:, 1] = 3
    model = GRURegressor(2, epochs=1, normalize_windows="last", random_state=0)
    with pytest.raises(ValueError, match="but y is constant"):
        model.fit(make_windows(rows), rows[:, 1])


def test_the_given_feature_is_for_outputs_that_are_not_found():
    model = GRURegressor(2, epochs=1, normalize_windows="last", target_feature=0, random_state=0)
    model.fit(make_windows(ROWS, padding="nan"), ROWS[:, [1, 2]])
    assert model._network["normalization"]["features"] == (1, 2)


def test_training_that_continues_keeps_its_features():
    windows = make_windows(ROWS, padding="nan")
    model = GRURegressor(2, epochs=1, normalize_windows="last", warm_start=True, random_state=0)
    model.fit(windows, WALK)
    for name, value in (("normalize_features", "all"), ("target_feature", 1)):
        changed = clone(model).set_params(**{name: value})
        changed.__dict__ |= {k: v for k, v in vars(model).items() if k.endswith("_") or k[0] == "_"}
        with pytest.raises(ValueError, match=f"{name} is"):
            changed.fit(windows, WALK)


def test_no_features_are_nothing_to_normalize():
    model = GRUClassifier(2, epochs=1, normalize_windows="last", normalize_features=[])
    with pytest.raises(ValueError, match="names no feature"):
        model.fit(make_windows(ROWS), WALK > 100)


def test_a_plain_keras_model_keeps_the_digits_of_a_high_level():
    high = 1e5 + WALK
    windows = make_windows(high[:, None], padding="nan")[6:]
    model = LSTMRegressor(3, epochs=1, normalize_windows="last", random_state=0)
    model.fit(windows, high[6:])
    predicted = np.asarray(model.to_keras()(windows.astype(np.float32)))[:, 0]
    # The inputs themselves are rounded to 1 / 128 in float32.
    np.testing.assert_allclose(predicted, model.predict(windows), atol=0.03)
