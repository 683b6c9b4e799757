"""Parameters of a network: searches, linear skip, memory, missing steps, dropout, saving."""

import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, config_context, stack_sequences

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4, 2))
Y = rng.normal(size=(24, 4))
# Weights keep their initial values in training with these parameters.
STILL = {"epochs": 1, "learning_rate": 1e-12, "random_state": 0}


def remove_steps(X, seed=0):
    """Return a copy in which a third of the steps are missing, and all steps of the first row."""
    missing = np.random.default_rng(seed).random(X.shape[:2]) < 0.3
    missing[0] = True
    return np.where(missing[..., np.newaxis], np.nan, X), ~missing


LACKING, PRESENT = remove_steps(X)


# Every parameter in a search, a clone and a pickle


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (RNNRegressor, {"bidirectional": [False, True]}),
        (RNNRegressor, {"linear_skip": [False, True]}),
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
    """Decoder that is fitted once on sequences with missing steps. Do not fit it again."""
    return LSTMRegressor(
        (3, 2),
        architecture="encoder_decoder",
        peephole=True,
        memory_steps=4,
        dropout=0.1,
        epochs=2,
        random_state=0,
    ).fit(LACKING, Y)


def test_clone_has_the_parameters_but_no_weights(decoder):
    twin = clone(decoder)
    assert twin.get_params() == decoder.get_params()
    assert not hasattr(twin, "weights_")


def test_pickle_predicts_the_same_bit_for_bit(decoder):
    assert_array_equal(
        pickle.loads(pickle.dumps(decoder)).predict(LACKING), decoder.predict(LACKING)
    )


# Linear skip


def test_linear_skip_refuses_windows_of_another_length():
    model = RNNRegressor(2, linear_skip=True, epochs=1).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match=r"X has 3 step\(s\), but linear_skip=True.* 4 steps"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match=r"X has 3 step\(s\), but linear_skip=True"):
        model.partial_fit(X[:, :3], Y[:, 0])


# Memory


def test_memory_steps_set_the_initial_biases_of_an_lstm():
    _, _, bias, *_ = LSTMRegressor(40, memory_steps=100, **STILL).fit(X, Y[:, 0]).weights_
    i, f, g, o = np.split(bias, 4)
    assert_allclose(i, -f, rtol=1e-6)
    # Logarithms of numbers between 1 and 99 (Tallec & Ollivier 2018).
    assert np.all((f >= 0) & (f <= np.log(99)))
    assert np.exp(f).mean() == pytest.approx(50, abs=15)
    assert_allclose(np.concatenate([g, o]), 0, atol=1e-9)


@pytest.mark.parametrize("reset_after", [False, True])
def test_memory_steps_set_the_initial_biases_of_a_gru(reset_after):
    model = GRURegressor(40, memory_steps=100, reset_after=reset_after, **STILL)
    bias = model.fit(X, Y[:, 0]).weights_[2].ravel()
    # Keras' update gate keeps the state.
    assert np.exp(bias[:40]).mean() == pytest.approx(50, abs=15)
    assert_allclose(bias[40:], 0, atol=1e-9)


# Missing steps in training


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
def test_training_ignores_missing_steps(model):
    model.set_params(epochs=3, random_state=0)
    wide = np.full((len(X), 7, 2), np.nan)
    wide[:, [1, 2, 4, 5]] = X
    assert_near(clone(model).fit(wide, Y[:, 0]).weights_, clone(model).fit(X, Y[:, 0]).weights_)


def test_targets_of_missing_steps_are_ignored():
    model = GRURegressor(3, architecture="sequence_to_sequence", epochs=2, random_state=0)
    # A fill value whose square is infinite in float32.
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
def test_loss_of_a_sequence_is_the_mean_over_present_steps(engine):
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
    # A batch has as many rows as a row has steps, so weights along a wrong axis raise no error.
    model = RNNRegressor(
        3, architecture="sequence_to_sequence", normalize_y=False, batch_size=4, **STILL
    )
    with config_context(engine=engine):
        model.fit(X, Y, sample_weight=weight)
    errors = (model.predict(X) - Y) ** 2
    assert_allclose(model.history_["loss"], (errors * weight[:, np.newaxis]).mean(), rtol=1e-5)


def loss_of_rows(y, outputs):
    return keras.ops.mean((y - outputs) ** 2, axis=(1, 2))


def test_loss_without_a_value_for_each_step_is_refused_if_steps_are_missing():
    model = RNNRegressor(3, architecture="sequence_to_sequence", loss=loss_of_rows, epochs=1)
    with pytest.raises(ValueError, match=r"loss_of_rows .*one number for each step"):
        model.fit(LACKING, Y)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_loss_without_a_value_for_each_step_uses_weights_of_rows(engine):
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


def test_batch_without_steps_adds_nothing_to_a_loss_that_is_divided_by_weights():
    loss = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    # The first row lacks all steps.
    model = GRURegressor(2, architecture="sequence_to_sequence", loss=loss, batch_size=1, epochs=1)
    assert np.isfinite(model.fit(LACKING, Y).history_["loss"]).all()


def test_scale_of_y_is_that_of_present_steps():
    model = GRURegressor(3, architecture="sequence_to_sequence", **STILL)
    model.fit(LACKING, np.where(PRESENT, 50 + Y, -1e3))
    # An untrained network predicts numbers near the mean.
    assert_allclose(model.predict(LACKING)[PRESENT].mean(), 50, atol=1)


@pytest.mark.parametrize("engine", ["auto", "keras"])
def test_prediction_of_a_row_has_the_same_bits_with_any_other_rows(engine):
    model = GRURegressor(3, epochs=1, random_state=0).fit(LACKING, Y[:, 0])
    mixed = np.concatenate([X[:5], LACKING])
    with config_context(engine=engine):
        together = model.predict(mixed)
        assert_array_equal(together[:5], model.predict(X[:5]))
        assert_array_equal(together[5:], model.predict(LACKING))
        assert_array_equal(together[[7]], model.predict(mixed[[7]]))


def test_stacked_sequences_are_predicted_as_each_alone():
    sequences = [X[row, :length] for row, length in enumerate([1, 4, 2])]
    model = LSTMRegressor(3, epochs=1, random_state=0).fit(LACKING, Y[:, 0])
    alone = [model.predict(sequence[np.newaxis])[0] for sequence in sequences]
    assert_allclose(model.predict(stack_sequences(sequences)), alone, rtol=1e-5)


def test_sequences_longer_than_the_fitted_ones_are_predicted_and_trained_on():
    model = GRURegressor(3, architecture="sequence_to_sequence", epochs=1, random_state=0)
    model.fit(X, Y)
    twice = np.concatenate([X, X], axis=1)
    # The first half does not depend on the second.
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


# Continued training


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (
            {"bidirectional": True},
            "bidirectional is True, but the kept weights were trained with False",
        ),
        ({"peephole": True}, "cell is 'peephole_lstm'"),
        ({"architecture": "encoder_decoder"}, "architecture is 'encoder_decoder'"),
        ({"linear_skip": True}, "linear_skip is True"),
    ],
)
def test_training_does_not_continue_with_weights_of_another_network(changes, match):
    model = LSTMRegressor(2, epochs=1, random_state=0, warm_start=True).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match=match):
        model.set_params(**changes).fit(X, Y[:, 0])


def test_prediction_does_not_depend_on_parameters_that_are_set_after_fit(decoder):
    changed = pickle.loads(pickle.dumps(decoder))
    changed.set_params(architecture="vector_to_sequence", peephole=False, units=7)
    assert_array_equal(changed.predict(LACKING), decoder.predict(LACKING))


# Recurrent dropout


@pytest.mark.parametrize(
    ("model", "engine", "architecture"),
    [
        *(
            (model, "auto", architecture)
            for model in (
                RNNRegressor((4, 3)),
                LSTMRegressor(4),
                LSTMRegressor(4, peephole=True),
                GRURegressor(4),
                GRURegressor(4, reset_after=False),
            )
            for architecture in ("sequence_to_vector", "encoder_decoder")
        ),
        # Keras' layers take seconds, so only two.
        (GRURegressor(4), "keras", "encoder_decoder"),
        # A simple cell also makes a mask while the model is built.
        (RNNRegressor(4), "keras", "sequence_to_vector"),
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
    # Predictions are equal each time, and equal to those of Keras' layers without dropout.
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


def test_keras_model_skips_missing_steps_if_fit_had_missing_steps(decoder):
    outputs = decoder.to_keras()(LACKING.astype(np.float32))
    assert_allclose(outputs[..., 0], decoder.predict(LACKING), rtol=1e-4, atol=1e-5)


def test_keras_model_skips_missing_steps_if_only_the_last_rows_had_none():
    model = RNNRegressor(2, epochs=1, random_state=0).fit(LACKING, Y[:, 0]).partial_fit(X, Y[:, 0])
    assert np.isfinite(model.to_keras()(LACKING.astype(np.float32))).all()


@pytest.mark.parametrize("quantiles", [None, (0.1, 0.5, 0.9)], ids=["mean", "quantiles"])
def test_keras_model_can_be_exported_at_once(quantiles, tmp_path):
    model = GRURegressor(2, quantiles=quantiles, n_networks=2, epochs=1).fit(X, Y[:, 0]).to_keras()
    model.export(tmp_path / "model", format="tf_saved_model", verbose=False)
    exported = tf.saved_model.load(tmp_path / "model")
    assert_allclose(exported.serve(X.astype(np.float32)), model(X), rtol=1e-4, atol=1e-5)


_LOAD = """
import pathlib, sys
import keras, numpy as np
folder = pathlib.Path(sys.argv[1])
X = np.load(folder / "X.npy")
for path in folder.glob("*.keras"):
    outputs = keras.models.load_model(path)(X)
    np.testing.assert_allclose(
        outputs[..., 0], np.load(path.with_suffix(".npy")), rtol=1e-4, atol=1e-5, err_msg=path.stem
    )
    print(path.stem)
assert "skrnn" not in sys.modules
"""
BOTH_WAYS = {"architecture": "sequence_to_sequence", "bidirectional": True}
SAVED_MODELS = {
    "both ways": GRURegressor((3, 2), **BOTH_WAYS),
    "both ways with peepholes": LSTMRegressor((3, 2), peephole=True, **BOTH_WAYS),
    "decoder": GRURegressor((3, 2), architecture="encoder_decoder"),
    "decoder with peepholes": LSTMRegressor((3, 2), peephole=True, architecture="encoder_decoder"),
}


# NumPy 2 asks Keras 3.15 for an argument that it does not have, whenever a model is saved.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_saved_keras_models_predict_the_same_without_skrnn(run_python, tmp_path):
    np.save(tmp_path / "X.npy", LACKING.astype(np.float32))
    for name, model in SAVED_MODELS.items():
        fitted = clone(model).set_params(epochs=1, random_state=0).fit(LACKING, Y)
        fitted.to_keras().save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", fitted.predict(LACKING))
    # One process for all models: the import of Keras takes seconds.
    assert {*run_python(_LOAD, tmp_path).splitlines()} == {*SAVED_MODELS}
