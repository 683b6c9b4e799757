"""What the parameters of a network do, apart from what it computes (test_architectures)."""

import pickle

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, config_context, stack_sequences
from skrnn._network.ridge import fit_ridge

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4, 2))
Y = rng.normal(size=(24, 4))
# Nothing is learned with it: weights stay where they start.
STILL = {"epochs": 1, "learning_rate": 1e-12, "random_state": 0}


def with_absent_steps(X, seed=0):
    """Return a copy in which a third of the steps are absent, and the first row lacks all."""
    absent = np.random.default_rng(seed).random(X.shape[:2]) < 0.3
    absent[0] = True
    return np.where(absent[..., np.newaxis], np.nan, X), ~absent


LACKING, PRESENT = with_absent_steps(X)


# Every parameter in a search, a clone and a pickle


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (RNNRegressor, {"bidirectional": [False, True], "linear_skip": [False, True]}),
        (
            GRURegressor,
            {
                "architecture": [
                    "sequence_to_vector",
                    "sequence_to_sequence",
                    "vector_to_sequence",
                    "encoder_decoder",
                ]
            },
        ),
        (GRURegressor, {"recurrent_dropout": [0.0, 0.4], "memory_steps": [None, 5]}),
        (LSTMRegressor, {"peephole": [False, True], "memory_steps": [None, 5]}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value.__name__,
)
def test_grid_search_sets_every_parameter_of_a_network(estimator, grid):
    windows = X[..., 0]
    y = Y if "architecture" in grid else Y[:, 0]
    search = GridSearchCV(
        estimator(2, epochs=1, random_state=0), grid, cv=TimeSeriesSplit(2), error_score="raise"
    ).fit(windows, y)
    scores = search.cv_results_["mean_test_score"]
    # Each candidate is another network.
    assert len(set(scores)) == len(scores)
    assert search.predict(windows).shape == y.shape


@pytest.fixture(scope="module")
def decoder():
    """Fitted once on sequences that lack steps: not to be fitted again."""
    return LSTMRegressor(
        (3, 2),
        architecture="encoder_decoder",
        peephole=True,
        memory_steps=4,
        dropout=0.1,
        epochs=2,
        random_state=0,
    ).fit(LACKING, Y)


def test_clone_has_the_parameters_and_not_the_weights(decoder):
    twin = clone(decoder)
    assert twin.get_params() == decoder.get_params()
    assert not hasattr(twin, "weights_")


def test_pickle_predicts_the_same_bit_for_bit(decoder):
    assert_array_equal(
        pickle.loads(pickle.dumps(decoder)).predict(LACKING), decoder.predict(LACKING)
    )


# Linear skip


@settings(max_examples=20, deadline=None)
@given(
    n_samples=st.integers(2, 3000),
    weighted=st.booleans(),
    alpha=st.sampled_from([0.1, 1.0, 10.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_ridge_finds_what_scikit_learn_finds(n_samples, weighted, alpha, seed):
    rng = np.random.default_rng(seed)
    # Far from zero, as prices are.
    X = 500 + np.cumsum(rng.normal(size=(n_samples, 3, 2)), axis=0)
    # The unit of a feature may be a million times that of another.
    X[..., 0] *= 10.0 ** rng.integers(-3, 4)
    y = rng.normal(size=(n_samples, 2))
    weight = rng.uniform(0.1, 3, n_samples) if weighted else None
    coef, intercept = fit_ridge(X, y, weight, alpha)
    expected = Ridge(alpha).fit(X.reshape(n_samples, -1), y, sample_weight=weight)
    assert_allclose(coef, expected.coef_.T, rtol=1e-6, atol=1e-9)
    assert_allclose(intercept, expected.intercept_, rtol=1e-6, atol=1e-6)


def test_ridge_follows_a_straight_line_of_large_numbers():
    # Windows of a line are collinear, and alpha is nothing beside their squares.
    line = 1e6 * np.arange(400.0)
    windows = np.lib.stride_tricks.sliding_window_view(line, 30)[:-1]
    y = line[30:, np.newaxis]
    coef, intercept = fit_ridge(windows, y, None)
    later = windows + 4e8
    assert_allclose(later @ coef + intercept, y + 4e8, rtol=1e-6)


def test_linear_skip_starts_as_ridge_on_the_windows_whose_absent_steps_are_0():
    weight = rng.uniform(0.5, 2, len(X))
    model = GRURegressor(3, linear_skip=True, **STILL)
    model.fit(LACKING, Y[:, :2], sample_weight=weight)
    flat = np.nan_to_num(LACKING).reshape(len(X), -1)
    mean = np.average(Y[:, :2], axis=0, weights=weight)
    spread = np.sqrt(np.average((Y[:, :2] - mean) ** 2, axis=0, weights=weight))
    rival = Ridge().fit(flat, (Y[:, :2] - mean) / spread, sample_weight=weight)
    assert_allclose(model.predict(LACKING), rival.predict(flat) * spread + mean, rtol=1e-5)


def test_linear_skip_and_the_network_are_both_trained():
    model = GRURegressor(3, linear_skip=True, epochs=3, learning_rate=0.01, random_state=0)
    start = clone(model).set_params(**STILL).fit(X, Y[:, 0]).weights_
    trained = model.fit(X, Y[:, 0]).weights_
    assert all(
        np.abs(after - before).max() > 1e-4 for before, after in zip(start, trained, strict=True)
    )


def test_linear_skip_refuses_windows_of_another_length():
    model = RNNRegressor(2, linear_skip=True, epochs=1).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match=r"X has 3 step\(s\), but linear_skip=True.* 4 steps"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match=r"X has 3 step\(s\), but linear_skip=True"):
        model.partial_fit(X[:, :3], Y[:, 0])


# Memory


def test_gates_of_an_lstm_start_with_a_memory_of_up_to_so_many_steps():
    _, _, bias, *_ = LSTMRegressor(40, memory_steps=100, **STILL).fit(X, Y[:, 0]).weights_
    i, f, g, o = np.split(bias, 4)
    assert_allclose(i, -f, rtol=1e-6)
    # Tallec & Ollivier: log of numbers between 1 and 99.
    assert np.all((f >= 0) & (f <= np.log(99)))
    assert np.exp(f).mean() == pytest.approx(50, abs=15)
    assert_allclose(np.concatenate([g, o]), 0, atol=1e-9)


@pytest.mark.parametrize("reset_after", [False, True])
def test_update_gates_of_a_gru_start_with_a_memory_of_up_to_so_many_steps(reset_after):
    model = GRURegressor(40, memory_steps=100, reset_after=reset_after, **STILL)
    bias = model.fit(X, Y[:, 0]).weights_[2].ravel()
    # Keras' update gate keeps the state.
    assert np.exp(bias[:40]).mean() == pytest.approx(50, abs=15)
    assert_allclose(bias[40:], 0, atol=1e-9)


# Absent steps in training


def assert_near(actual, expected, tolerance=1e-4):
    for ours, theirs in zip(actual, expected, strict=True):
        assert np.linalg.norm(ours - theirs) <= tolerance * np.linalg.norm(theirs) + 1e-6


@pytest.mark.parametrize(
    "model",
    [
        RNNRegressor((3, 2), bidirectional=True),
        LSTMRegressor(3),
        LSTMRegressor(3, peephole=True),
        GRURegressor((3, 2)),
    ],
    ids=repr,
)
def test_sequences_are_trained_on_as_if_they_had_no_absent_steps(model):
    model.set_params(epochs=3, random_state=0)
    wide = np.full((len(X), 7, 2), np.nan)
    wide[:, [1, 2, 4, 5]] = X
    assert_near(clone(model).fit(wide, Y[:, 0]).weights_, clone(model).fit(X, Y[:, 0]).weights_)


def test_y_is_ignored_at_missing_steps():
    model = GRURegressor(3, architecture="sequence_to_sequence", epochs=2, random_state=0)
    # So large that its square is infinite in float32, as fill values of files are.
    changed = np.where(PRESENT, Y, 1e30)
    first, second = (
        clone(model).fit(LACKING[:20], y[:20], X_val=LACKING[20:], y_val=y[20:])
        for y in (Y, changed)
    )
    assert first.history_ == second.history_
    for ours, theirs in zip(first.weights_, second.weights_, strict=True):
        assert_array_equal(ours, theirs)
    assert first.score(LACKING, Y) == second.score(LACKING, changed)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_loss_of_a_sequence_is_the_mean_over_the_steps_that_are_present(engine):
    weight = rng.uniform(0.5, 2, len(X))
    model = GRURegressor(
        3, architecture="sequence_to_sequence", normalize_y=False, batch_size=24, **STILL
    )
    with config_context(engine=engine):
        model.fit(LACKING, Y, sample_weight=weight, X_val=LACKING, y_val=Y)
    errors = (model.predict(LACKING) - Y) ** 2
    expected = (errors * weight[:, np.newaxis])[PRESENT].sum() / PRESENT.sum()
    assert_allclose(model.history_["loss"], expected, rtol=1e-5)
    assert_allclose(model.history_["val_loss"], errors[PRESENT].mean(), rtol=1e-5)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_weight_of_a_row_counts_at_each_of_its_steps(engine):
    weight = rng.uniform(0.5, 2, len(X))
    # As many rows in a batch as steps in a row: weights along the wrong axis would go unnoticed.
    model = RNNRegressor(
        3, architecture="sequence_to_sequence", normalize_y=False, batch_size=4, **STILL
    )
    with config_context(engine=engine):
        model.fit(X, Y, sample_weight=weight)
    errors = (model.predict(X) - Y) ** 2
    assert_allclose(model.history_["loss"], (errors * weight[:, np.newaxis]).mean(), rtol=1e-5)


def loss_of_rows(y, outputs):
    return keras.ops.mean((y - outputs) ** 2, axis=(1, 2))


def test_loss_that_does_not_tell_steps_apart_is_refused_where_some_are_absent():
    model = RNNRegressor(3, architecture="sequence_to_sequence", loss=loss_of_rows, epochs=1)
    with pytest.raises(ValueError, match=r"loss_of_rows .*one number for each step"):
        model.fit(LACKING, Y)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_loss_that_does_not_tell_steps_apart_is_weighed_by_rows(engine):
    weight = rng.uniform(0.5, 2, len(X))
    model = RNNRegressor(
        3,
        architecture="sequence_to_sequence",
        normalize_y=False,
        loss=loss_of_rows,
        batch_size=4,
        **STILL,
    )
    with config_context(engine=engine):
        model.fit(X, Y, sample_weight=weight)
    expected = np.mean(weight * ((Y - model.predict(X)) ** 2).mean(axis=1))
    assert_allclose(model.history_["loss"], expected, rtol=1e-5)


def test_batch_without_any_step_adds_nothing_to_a_loss_that_is_divided_by_weights():
    loss = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    # The first row lacks all steps.
    model = GRURegressor(2, architecture="sequence_to_sequence", loss=loss, batch_size=1, epochs=1)
    assert np.isfinite(model.fit(LACKING, Y).history_["loss"]).all()


def test_scale_of_y_is_that_of_the_steps_that_are_present():
    model = GRURegressor(3, architecture="sequence_to_sequence", **STILL)
    model.fit(LACKING, np.where(PRESENT, 50 + Y, -1e3))
    # What a network says that has learned nothing lies about the mean.
    assert_allclose(model.predict(LACKING)[PRESENT].mean(), 50, atol=1)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_a_row_is_predicted_bit_for_bit_alike_in_any_company(engine):
    model = GRURegressor(3, epochs=1, random_state=0).fit(LACKING, Y[:, 0])
    mixed = np.concatenate([X[:5], LACKING])
    with config_context(engine=engine):
        together = model.predict(mixed)
        assert_array_equal(together[:5], model.predict(X[:5]))
        assert_array_equal(together[5:], model.predict(LACKING))
        assert_array_equal(together[[7]], model.predict(mixed[[7]]))


def test_stacked_sequences_are_predicted_like_each_alone():
    sequences = [X[row, :length] for row, length in enumerate([1, 4, 2])]
    model = LSTMRegressor(3, epochs=1, random_state=0).fit(LACKING, Y[:, 0])
    alone = [model.predict(sequence[np.newaxis])[0] for sequence in sequences]
    assert_allclose(model.predict(stack_sequences(sequences)), alone, rtol=1e-5)


def test_longer_sequences_than_those_trained_on_are_predicted_and_trained_on():
    model = GRURegressor(3, architecture="sequence_to_sequence", epochs=1, random_state=0)
    model.fit(X, Y)
    twice = np.concatenate([X, X], axis=1)
    # The first half does not see the second.
    assert_allclose(model.predict(twice)[:, :4], model.predict(X), rtol=1e-5)
    model.partial_fit(twice, np.concatenate([Y, Y], axis=1))
    assert model.n_iter_ == 2


# Scores


def test_score_of_a_sequence_is_the_mean_of_r2_over_its_steps_and_outputs():
    y = rng.normal(size=(24, 4, 2))
    weight = rng.uniform(0.5, 2, len(X))
    model = GRURegressor(3, architecture="sequence_to_sequence", epochs=1, random_state=0)
    predicted = model.fit(X, y).predict(X)
    scores = [
        r2_score(y[:, step, output], predicted[:, step, output], sample_weight=weight)
        for step in range(4)
        for output in range(2)
    ]
    assert model.score(X, y, sample_weight=weight) == pytest.approx(np.mean(scores))
    with pytest.raises(ValueError, match=r"y has the shape \(24, 4\), but .* \(24, 4, 2\)"):
        model.score(X, y[..., 0])


# Going on


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (
            {"bidirectional": True},
            "bidirectional is True, but the kept weights were trained with F",
        ),
        ({"peephole": True}, "cell is 'peephole_lstm'"),
        ({"architecture": "encoder_decoder"}, "architecture is 'encoder_decoder'"),
        ({"linear_skip": True}, "linear_skip is True"),
    ],
)
def test_training_does_not_go_on_with_weights_of_another_network(changes, match):
    model = LSTMRegressor(2, epochs=1, random_state=0, warm_start=True).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match=match):
        model.set_params(**changes).fit(X, Y[:, 0])


def test_prediction_is_that_of_the_fitted_network_whatever_is_set_afterwards(decoder):
    changed = pickle.loads(pickle.dumps(decoder))
    changed.set_params(architecture="vector_to_sequence", peephole=False, units=7)
    assert_array_equal(changed.predict(LACKING), decoder.predict(LACKING))


# Recurrent dropout


@pytest.mark.parametrize("architecture", ["sequence_to_vector", "encoder_decoder"])
@pytest.mark.parametrize(
    ("model", "engine"),
    [
        (RNNRegressor((4, 3)), "auto"),
        (LSTMRegressor(4), "auto"),
        (LSTMRegressor(4, peephole=True), "auto"),
        (GRURegressor(4), "auto"),
        (GRURegressor(4, reset_after=False), "auto"),
        # It takes Keras' layers seconds.
        (GRURegressor(4), "keras"),
        # A simple cell makes its mask while the model is built, too.
        (RNNRegressor(4), "keras"),
    ],
    ids=repr,
)
def test_recurrent_dropout_repeats_differs_from_none_and_is_off_at_predict(
    model, engine, architecture
):
    y = Y if architecture == "encoder_decoder" else Y[:, 0]
    model = clone(model).set_params(
        architecture=architecture, recurrent_dropout=0.5, epochs=2, random_state=0
    )
    with config_context(engine=engine):
        first, second = (clone(model).fit(X, y) for _ in range(2))
        without = clone(model).set_params(recurrent_dropout=0.0).fit(X, y)
    assert_array_equal(first.predict(X), second.predict(X))
    assert np.abs(first.predict(X) - without.predict(X)).max() > 1e-4
    # It is off at predict: each time the same, and what Keras' own layers say without it.
    with config_context(engine="keras"):
        assert_allclose(first.predict(X), second.predict(X), rtol=1e-4)
    assert_allclose(
        np.ravel(first.to_keras()(X.astype(np.float32), training=False)),
        np.ravel(first.predict(X)),
        rtol=1e-4,
        atol=1e-5,
    )


def test_recurrent_dropout_is_trained_by_kernels(capsys):
    GRURegressor(4, recurrent_dropout=0.5, epochs=1, verbose=1).fit(X, Y[:, 0])
    assert "Keras" not in capsys.readouterr().out


# Keras models


@pytest.mark.parametrize("peephole", [False, True])
def test_keras_model_of_a_decoder_can_be_trained_on_batches_of_any_size(peephole):
    model = LSTMRegressor(
        3, architecture="encoder_decoder", peephole=peephole, recurrent_dropout=0.5, epochs=1
    )
    model = model.fit(X, Y).to_keras()
    for n_rows in (24, 5):
        outputs = model(X[:n_rows].astype(np.float32), training=True)
        assert outputs.shape == (n_rows, 4, 1)
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


def test_keras_model_passes_over_absent_steps_if_some_were_absent_in_fit(decoder):
    outputs = decoder.to_keras()(LACKING.astype(np.float32))
    assert_allclose(outputs[..., 0], decoder.predict(LACKING), rtol=1e-4, atol=1e-5)


def test_keras_model_passes_over_absent_steps_though_the_last_rows_had_none():
    model = RNNRegressor(2, epochs=1, random_state=0).fit(LACKING, Y[:, 0]).partial_fit(X, Y[:, 0])
    assert np.isfinite(model.to_keras()(LACKING.astype(np.float32))).all()


_LOAD = """
import sys
import keras, numpy as np
X, expected = (np.load(path) for path in sys.argv[2:])
outputs = keras.models.load_model(sys.argv[1])(X)
assert "skrnn" not in sys.modules
np.testing.assert_allclose(outputs[..., 0], expected, rtol=1e-4, atol=1e-5)
"""


@pytest.mark.parametrize(
    "model",
    [
        GRURegressor((3, 2), architecture="encoder_decoder"),
        GRURegressor((3, 2), architecture="sequence_to_sequence", bidirectional=True),
        LSTMRegressor((3, 2), peephole=True, architecture="encoder_decoder"),
        LSTMRegressor(
            (3, 2), peephole=True, architecture="sequence_to_sequence", bidirectional=True
        ),
    ],
    ids=["decoder", "both ways", "decoder with peepholes", "both ways with peepholes"],
)
# NumPy 2 asks Keras 3.15 for an argument that it does not have, whenever a model is saved.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_saved_keras_model_predicts_the_same_without_skrnn(model, run_python, tmp_path):
    model = clone(model).set_params(epochs=1, random_state=0).fit(LACKING, Y)
    model.to_keras().save(tmp_path / "model.keras")
    np.save(tmp_path / "X.npy", LACKING.astype(np.float32))
    np.save(tmp_path / "expected.npy", model.predict(LACKING))
    run_python(_LOAD, *(tmp_path / name for name in ("model.keras", "X.npy", "expected.npy")))
