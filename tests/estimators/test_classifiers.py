"""Classifiers: labels, probabilities, weights of classes, accuracy."""

import pickle

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_parameters, forward, softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.utils.class_weight import compute_class_weight

from skrnn import (
    GRUClassifier,
    LSTMClassifier,
    RNNClassifier,
    SlidingWindowTransformer,
    config_context,
    stack_sequences,
)

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4, 2))
LABELS = np.array(["bus", "car", "walk"])
NUMBERS = rng.integers(3, size=(24, 4))
NUMBERS[:3, 0] = 0, 1, 2
Y = LABELS[NUMBERS]
# Nothing is learned with it: weights stay where they start.
STILL = {"epochs": 1, "learning_rate": 1e-12, "random_state": 0}
ENGINES = pytest.mark.parametrize("engine", ["auto", "keras"])


# Probabilities


@pytest.mark.parametrize(
    ("estimator", "cell"),
    [(RNNClassifier, "simple_rnn"), (LSTMClassifier, "lstm"), (GRUClassifier, "gru")],
)
@pytest.mark.parametrize(
    "architecture",
    ["sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", "encoder_decoder"],
)
def test_probabilities_are_those_of_the_textbook_with_either_engine_and_in_a_keras_model(
    estimator, cell, architecture
):
    rows = X[:, 0] if architecture == "vector_to_sequence" else X
    y = Y[:, 0] if architecture == "sequence_to_vector" else Y
    model = estimator((3, 2), architecture=architecture, epochs=1, random_state=0).fit(rows, y)
    model.weights_ = [rng.normal(size=weight.shape).astype(np.float32) for weight in model.weights_]
    description = {"cell": cell, "units": (3, 2), "architecture": architecture}
    expected = forward(rows, model.weights_, n_steps=4, output_activation=softmax, **description)
    probability = model.predict_proba(rows)
    assert probability.dtype == np.float64
    assert_allclose(probability, expected, rtol=1e-4, atol=1e-6)
    assert_allclose(probability.sum(axis=-1), 1, rtol=0, atol=1e-14)
    assert_array_equal(model.predict(rows), LABELS[expected.argmax(axis=-1)])
    assert_allclose(model.predict_log_proba(rows), np.log(expected), rtol=1e-4, atol=1e-6)
    assert_allclose(model.to_keras()(rows.astype(np.float32)), expected, rtol=1e-4, atol=1e-6)
    with config_context(engine="keras"):
        assert_allclose(model.predict_proba(rows), expected, rtol=1e-4, atol=1e-6)
    n_weights = count_parameters(n_features=2, n_outputs=3, **description)
    assert sum(weight.size for weight in model.weights_) == n_weights


# Training


@ENGINES
def test_loss_is_the_weighted_cross_entropy(engine):
    weight = rng.uniform(0.5, 2, len(X))
    class_weight = {"bus": 2.0, "car": 0.5}
    model = RNNClassifier(3, class_weight=class_weight, batch_size=5, **STILL)
    with config_context(engine=engine):
        model.fit(X, Y[:, 0], sample_weight=weight, X_val=X, y_val=Y[:, 0])
    of_labels = np.array([2.0, 0.5, 1.0])[NUMBERS[:, 0]]
    entropy = -np.log(model.predict_proba(X)[np.arange(24), NUMBERS[:, 0]])
    assert_allclose(model.history_["loss"], (weight * of_labels * entropy).mean(), rtol=1e-5)
    # Held-out rows weigh alike, so that both losses can be compared.
    assert_allclose(model.history_["val_loss"], (of_labels * entropy).mean(), rtol=1e-5)


@ENGINES
@pytest.mark.parametrize("architecture", ["sequence_to_vector", "encoder_decoder"])
def test_loss_of_a_network_that_is_sure_and_wrong_is_not_clipped(engine, architecture):
    y = Y if architecture == "encoder_decoder" else Y[:, 0]
    model = RNNClassifier(
        2, architecture=architecture, batch_size=24, warm_start=True, optimizer="sgd", **STILL
    )
    with config_context(engine=engine):
        model.fit(X, y, X_val=X, y_val=y)
        # Always the first class, by far: e**-40 is left for the others.
        model.weights_[-2] = np.zeros_like(model.weights_[-2])
        model.weights_[-1] = np.array([40, 0, 0], np.float32)
        model.fit(X, y, X_val=X, y_val=y)
    numbers = NUMBERS if architecture == "encoder_decoder" else NUMBERS[:, 0]
    expected = 40 * np.mean(numbers != 0)
    assert_allclose(model.history_["loss"][1], expected, rtol=1e-4)
    assert_allclose(model.history_["val_loss"][1], expected, rtol=1e-4)


@ENGINES
def test_a_step_of_gradient_descent_is_that_of_raw_keras(engine):
    model = GRUClassifier((3, 2), dropout=0, batch_size=24, **STILL).fit(X, Y[:, 0])
    raw = model.to_keras()
    raw.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    raw.fit(X, NUMBERS[:, 0], batch_size=24, epochs=2, shuffle=False, verbose=0)

    ours = GRUClassifier(
        (3, 2),
        optimizer="sgd",
        learning_rate=0.5,
        batch_size=24,
        epochs=2,
        shuffle=False,
        random_state=0,
    )
    with config_context(engine=engine):
        ours.fit(X, Y[:, 0])
    for mine, theirs in zip(ours.weights_, raw.get_weights(), strict=True):
        assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("categorical_crossentropy", lambda p, y: -np.log(p[y == 1])),
        (keras.losses.SparseCategoricalCrossentropy(), lambda p, y: -np.log(p[y == 1])),
        ("mean_squared_error", lambda p, y: ((p - y) ** 2).mean(axis=-1)),
    ],
    ids=["categorical", "sparse object", "Brier"],
)
def test_other_losses_get_what_they_compare(loss, expected):
    model = RNNClassifier(3, loss=loss, **STILL).fit(X, Y[:, 0])
    values = expected(model.predict_proba(X), np.eye(3)[NUMBERS[:, 0]])
    assert_allclose(model.history_["loss"], values.mean(), rtol=1e-5)


def sparse_own(y, outputs):
    return keras.losses.sparse_categorical_crossentropy(y, outputs)


def test_a_loss_of_the_user_may_compare_numbers_of_classes():
    model = RNNClassifier(2, architecture="sequence_to_sequence", **STILL)
    own = clone(model).set_params(loss=sparse_own).fit(X, Y)
    assert_allclose(own.history_["loss"], model.fit(X, Y).history_["loss"], rtol=1e-5)


def test_balanced_weights_are_those_of_scikit_learn_and_of_sample_weight():
    y = Y[:, 0]
    weights = compute_class_weight("balanced", classes=LABELS, y=y)
    by_name, by_dict, by_rows = (
        RNNClassifier(3, epochs=2, random_state=0, class_weight=class_weight).fit(
            X, y, sample_weight=sample_weight
        )
        for class_weight, sample_weight in [
            ("balanced", None),
            (dict(zip(LABELS, weights, strict=True)), None),
            (None, weights[NUMBERS[:, 0]]),
        ]
    )
    assert_array_equal(by_name.predict_proba(X), by_dict.predict_proba(X))
    assert_array_equal(by_name.predict_proba(X), by_rows.predict_proba(X))


def test_balanced_weights_count_rows_by_their_weight_and_steps_that_are_present():
    lacking = np.where(rng.random((24, 4, 1)) < 0.3, np.nan, X)
    present = ~np.isnan(lacking[..., 0])
    weight = rng.uniform(0.5, 2, len(X))
    model = RNNClassifier(
        3, architecture="sequence_to_sequence", class_weight="balanced", batch_size=24, **STILL
    ).fit(lacking, Y, sample_weight=weight)
    of_steps = np.where(present, weight[:, np.newaxis], 0)
    in_sum = np.array([of_steps[number == NUMBERS].sum() for number in range(3)])
    of_steps = of_steps * (in_sum.sum() / (3 * in_sum))[NUMBERS]
    entropy = -np.log(np.take_along_axis(model.predict_proba(lacking), NUMBERS[..., None], 2))
    expected = (of_steps * entropy[..., 0])[present].sum() / present.sum()
    assert_allclose(model.history_["loss"], expected, rtol=1e-5)


def test_partial_fit_continues_for_one_epoch_a_call():
    y = Y[:, 0]
    whole = RNNClassifier(3, epochs=2, random_state=0).fit(X, y)
    passes = RNNClassifier(3, random_state=0).partial_fit(X, y, classes=LABELS).partial_fit(X, y)
    assert_array_equal(whole.predict_proba(X), passes.predict_proba(X))
    few = RNNClassifier(3, random_state=0).partial_fit(X[:1], y[:1], classes=LABELS[::-1])
    assert_array_equal(few.classes_, LABELS)
    assert few.predict_proba(X).shape == (24, 3)


# Labels


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([7, -1, 3]),
        np.array([2.0, 1.0, 3.0]),
        np.array([True, False]),
        np.array([True, False], dtype=object),
    ],
    ids=str,
)
def test_labels_of_any_type_are_predicted(labels):
    numbers = NUMBERS[:, 0] % len(labels)
    y = labels[numbers]
    # Easy: the number of a label is what stands at each step.
    model = RNNClassifier(8, epochs=30, learning_rate=0.05, random_state=0)
    rows = np.repeat(numbers[:, np.newaxis].astype(float), 3, axis=1)
    predicted = model.fit(rows, y).predict(rows)
    assert_array_equal(predicted, y)
    assert_array_equal(model.classes_, np.sort(labels))
    assert predicted.dtype == model.classes_.dtype
    assert model.predict_proba(rows).shape == (24, len(labels))


@pytest.mark.parametrize(
    "y",
    [
        Y[:, 0].tolist(),
        pd.Series(Y[:, 0]),
        pd.Series(Y[:, 0], dtype="category"),
        pd.Series(Y[:, 0], dtype="string"),
    ],
    ids=["list", "series", "category", "string"],
)
def test_labels_come_in_any_container(y):
    model = RNNClassifier(2, epochs=2, random_state=0)
    expected = clone(model).fit(X, Y[:, 0])
    assert model.fit(X, y).history_ == expected.history_
    assert_array_equal(model.predict(X), expected.predict(X))


@pytest.mark.parametrize("fill", ["", "nowhere"])
def test_y_is_ignored_at_missing_steps(fill):
    lacking = np.where(rng.random((24, 4, 1)) < 0.3, np.nan, X)
    present = ~np.isnan(lacking[..., 0])
    filled = np.where(present, Y, fill)
    first, second = (
        LSTMClassifier(2, architecture="sequence_to_sequence", epochs=2, random_state=0).fit(
            lacking, y
        )
        for y in (Y, filled)
    )
    assert_array_equal(second.classes_, LABELS)
    assert first.history_ == second.history_
    share = (first.predict(lacking) == Y)[present].mean()
    assert second.score(lacking, filled) == pytest.approx(share)


def test_stacked_labels_fit_stacked_sequences():
    lengths = [2, 4, 3]
    stacked = stack_sequences([X[row, :length] for row, length in enumerate(lengths)])
    y = stack_sequences([NUMBERS[row, :length] for row, length in enumerate(lengths)])
    model = RNNClassifier(2, architecture="sequence_to_sequence", **STILL).fit(stacked, y)
    assert_array_equal(model.classes_, np.unique(y[~np.isnan(y)]))
    entropy = -np.log(
        [
            model.predict_proba(stacked)[row, step, NUMBERS[row, step]]
            for row, length in enumerate(lengths)
            for step in range(length)
        ]
    )
    assert_allclose(model.history_["loss"], entropy.mean(), rtol=1e-5)


def test_score_of_sequences_weighs_rows():
    model = RNNClassifier(2, architecture="sequence_to_sequence", **STILL).fit(X, Y)
    weight = rng.uniform(0.5, 2, len(X))
    expected = np.average((model.predict(X) == Y).mean(axis=1), weights=weight)
    assert model.score(X, Y, sample_weight=weight) == pytest.approx(expected)


# Errors


@pytest.mark.parametrize(
    ("params", "y", "match"),
    [
        ({}, rng.normal(size=24), "Unknown label type: continuous"),
        (
            {},
            np.where(NUMBERS[:, 0] == 0, np.nan, 1.0),
            r"contains NaN or None in .*between rows with known targets\. Drop these rows",
        ),
        ({}, np.array(["one", None] * 12, dtype=object), r"NaN or None in 12 of 24 rows"),
        ({}, np.where(NUMBERS[:, 0] == 0, np.inf, 1.0), "infinity in"),
        ({}, np.array([1, "one"] * 12, dtype=object), "labels of several types"),
        ({}, np.full(24, "bus"), r"y holds one class, \['bus'\]"),
        ({}, Y[..., np.newaxis], r"y of shape \(24, 4, 1\) .* one label a row"),
        ({}, Y[:9, 0], r"\[24, 9\]"),
        ({"architecture": "sequence_to_sequence"}, Y[:, 0], r"shape \(n_samples, n_steps\)"),
        ({"architecture": "sequence_to_sequence"}, Y[:, :3], "y has 3 step"),
        (
            {"class_weight": {"bus": 1, "train": 2}},
            Y[:, 0],
            r"\['train'\], but the labels of y",
        ),
        ({"class_weight": {"bus": -1}}, Y[:, 0], "finite weights of at least 0"),
        ({"class_weight": {"bus": "heavy"}}, Y[:, 0], "a number for each label"),
        ({"class_weight": "fair"}, Y[:, 0], "'class_weight' parameter"),
    ],
)
def test_labels_and_weights_of_classes_that_cannot_be_learned_are_refused(params, y, match):
    model = RNNClassifier(2, epochs=1, **params)
    with pytest.raises(ValueError, match=match):
        model.fit(X, y)
    assert not hasattr(model, "classes_")


def test_labels_that_are_new_are_refused():
    model = RNNClassifier(2, epochs=1, random_state=0)
    other = np.where(Y == "bus", "tram", Y)[:, 0]
    with pytest.raises(
        ValueError, match=r"^y_val .*\['tram'\], .*of y, \['bus', 'car', 'walk'\]\. Train"
    ):
        model.fit(X, Y[:, 0], X_val=X, y_val=other)
    model.partial_fit(X, Y[:, 0], classes=LABELS)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=r"\['tram'\]"):
        model.partial_fit(X, other)
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, Y[:, 0], classes=LABELS[:2])
    assert_array_equal(model.predict_proba(X), before)


def test_the_text_of_a_number_is_another_label():
    # As text, numbers would be in another order.
    labels = np.arange(24) % 12
    model = RNNClassifier(2, epochs=1)
    with pytest.raises(ValueError, match=r"the label\(s\) \['0', '1'"):
        model.fit(X, labels, X_val=X, y_val=labels.astype(str))


def test_first_pass_needs_all_labels_and_weights_that_do_not_depend_on_it():
    model = RNNClassifier(2)
    with pytest.raises(ValueError, match="classes must be given in the first call"):
        model.partial_fit(X, Y[:, 0])
    with pytest.raises(ValueError, match=r'class_weight="balanced" needs all rows'):
        model.set_params(class_weight="balanced").partial_fit(X, Y[:, 0], classes=LABELS)
    with pytest.raises(NotFittedError):
        model.predict_proba(X)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", None], "classes has 1 label.* missing"),
        (["a", 1], "classes holds labels of several types"),
        ([{1}, {2}], "classes holds labels of type set"),
        ([1.0, np.inf], "classes contains infinity"),
    ],
)
def test_classes_that_cannot_be_used_are_refused_in_partial_fit(labels, message):
    model = RNNClassifier(3)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, Y[:, 0], classes=pd.Series(labels, dtype=object))
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pd.Series([[1], [2]] * 12), "y holds collections of labels, .*MultiLabelBinarizer"),
        (pl.Series([[1], [2]] * 12), "y holds values of type List.*several in one"),
        (np.ma.masked_array([1, 2] * 12, [0, 1] * 12), "12 masked value"),
        (np.zeros(24, [("a", "f8")]), "several in one"),
    ],
    ids=["lists", "lists of polars", "masked", "fields"],
)
def test_labels_that_are_no_words_or_numbers_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        RNNClassifier(3).fit(X, labels)


def test_numbers_among_objects_are_scored_as_the_numbers_that_they_are():
    numbers = NUMBERS[:, 0]
    model = RNNClassifier(3, **STILL).fit(X, numbers)
    as_objects = pd.Series(numbers.tolist(), dtype=object)
    assert model.score(X, as_objects) == np.mean(model.predict(X) == numbers)


@pytest.mark.parametrize("make", [pd.Series, pl.Series])
def test_dates_of_a_zone_are_no_labels(make):
    days = pd.date_range("2024-03-28", periods=2, tz="UTC")
    with pytest.raises(ValueError, match="Unknown label type"):
        RNNClassifier(3).fit(X, make([*days] * 12))


def test_dates_of_a_zone_are_no_labels_of_steps():
    days = pl.Series([*pd.date_range("2024-03-28", periods=2, tz="UTC")] * 12)
    model = RNNClassifier(3, architecture="sequence_to_sequence")
    with pytest.raises(ValueError, match=r"Unknown label type: .* time zone"):
        model.fit(X, pl.DataFrame({str(step): days for step in range(X.shape[1])}))


@pytest.mark.parametrize("weight", [1e300, 1e-300])
def test_weights_of_classes_that_float32_cannot_hold_are_refused(weight):
    with pytest.raises(ValueError, match=r"class_weight is .* float32, .* cannot hold"):
        RNNClassifier(3, class_weight=dict.fromkeys(LABELS, weight)).fit(X, Y[:, 0])


def test_loss_that_does_not_tell_steps_apart_is_refused_with_weights_of_classes():
    def loss_of_rows(y, outputs):
        return keras.ops.mean((y - outputs) ** 2, axis=(1, 2))

    model = RNNClassifier(
        2, architecture="sequence_to_sequence", loss=loss_of_rows, class_weight="balanced", epochs=1
    )
    with pytest.raises(ValueError, match=r"one number for each step.* class_weight"):
        model.fit(X, Y)


# Beside other tools of scikit-learn


@pytest.fixture(scope="module")
def task():
    """Sixty sequences whose mean tells the class: easy, so that few epochs do."""
    rng = np.random.default_rng(1)
    numbers = np.arange(60) % 3
    sequences = rng.normal(numbers[:, np.newaxis] - 1, 0.3, (60, 5))
    return sequences, LABELS[numbers]


MODEL = GRUClassifier(4, epochs=10, learning_rate=0.05, random_state=0)
FOLDS = StratifiedKFold(3)


def test_clone_and_pickle(task):
    model = clone(MODEL).set_params(class_weight={"bus": 2}).fit(*task)
    assert clone(model).get_params() == model.get_params()
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict_proba(task[0]), model.predict_proba(task[0]))


def test_grid_search_by_log_loss_over_stratified_folds(task):
    search = GridSearchCV(
        MODEL, {"units": [2, 4]}, cv=FOLDS, scoring="neg_log_loss", error_score="raise"
    ).fit(*task)
    best = search.cv_results_["mean_test_score"].max()
    # Far better than knowing nothing.
    assert best > -0.5 * np.log(3)
    assert search.score(*task) == -log_loss(task[1], search.predict_proba(task[0]))


def test_probabilities_out_of_folds(task):
    X, y = task
    probability = cross_val_predict(MODEL, X, y, cv=FOLDS, method="predict_proba")
    for train, test in FOLDS.split(X, y):
        assert_array_equal(
            probability[test], clone(MODEL).fit(X[train], y[train]).predict_proba(X[test])
        )


def test_calibration(task):
    calibrated = CalibratedClassifierCV(MODEL, cv=FOLDS).fit(*task)
    assert calibrated.score(*task) > 0.9
    assert_allclose(calibrated.predict_proba(task[0]).sum(axis=1), 1)


def test_stacking(task):
    stack = StackingClassifier(
        [("gru", MODEL), ("linear", LogisticRegression())], LogisticRegression(), cv=FOLDS
    ).fit(*task)
    assert stack.score(*task) > 0.9
    assert stack.transform(task[0]).shape == (60, 6)


# Typical uses


def test_a_network_labels_each_step_by_all_that_it_has_read():
    # Whether the depth of the parentheses is odd. Other characters leave it as it is, so that the
    # place in the sequence says nothing.
    rng = np.random.default_rng(0)
    change = rng.choice([-1, 0, 1], size=(1500, 20), p=[0.25, 0.4, 0.35])
    X = np.stack([change == value for value in (-1, 0, 1)], axis=2)
    y = np.where(np.cumsum(change, axis=1) % 2 == 1, "odd", "even")
    model = GRUClassifier(
        16, architecture="sequence_to_sequence", learning_rate=0.01, epochs=15, random_state=0
    ).fit(X[:1000], y[:1000])
    assert model.score(X[1000:], y[1000:]) > 0.99
    # The rivals: the more frequent label, and that of each place.
    assert 0.4 < np.mean(y[1000:] == "odd") < 0.6
    assert (np.abs(np.mean(y[1000:, 1:] == "odd", axis=0) - 0.5) < 0.1).all()


def test_windows_of_letters_tell_the_next_one():
    letters = np.array(list("skrnn" * 30))
    X = np.eye(4)[np.searchsorted(["k", "n", "r", "s"], letters)]
    windows = SlidingWindowTransformer(3, flatten=False).fit_transform(X)
    model = GRUClassifier(8, learning_rate=0.03, epochs=20, random_state=0)
    model.fit(windows[:100], letters[:100])
    assert model.score(windows[100:], letters[100:]) == 1


# Classes that only the held-out rows have


IN_ORDER = np.repeat(LABELS, 8)


def hold_out(share, architecture="sequence_to_vector", **parameters):
    return RNNClassifier(
        1,
        architecture=architecture,
        early_stopping=True,
        validation_split=share,
        epochs=1,
        **parameters,
    )


def test_a_class_that_only_the_held_out_rows_have_is_refused_before_training(monkeypatch):
    monkeypatch.setattr("skrnn.estimators._base.import_fitting", None)
    model = hold_out(0.34)
    message = (
        r"validation_split=0\.34 holds out the last 9 of 24 rows, and only they have the "
        r"class\(es\) \['walk'\]: .*shuffle.*smaller validation_split.*early_stopping=False"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(X, IN_ORDER)
    assert not hasattr(model, "classes_")


def test_each_class_that_only_the_held_out_rows_have_is_named():
    with pytest.raises(ValueError, match=r"class\(es\) \['car', 'walk'\]"):
        hold_out(0.7).fit(X, IN_ORDER)


def test_a_class_with_one_row_before_the_held_out_ones_is_learned():
    # 7 of 24 rows, and the class has 8.
    assert_array_equal(hold_out(0.29).fit(X, IN_ORDER).classes_, LABELS)


def test_shuffled_rows_and_no_early_stopping_solve_it():
    mixed = rng.permutation(24)
    hold_out(0.34).fit(X[mixed], IN_ORDER[mixed])
    RNNClassifier(1, epochs=1).fit(X, IN_ORDER)


def test_held_out_rows_of_weight_0_need_no_class():
    weight = np.ones(24)
    weight[16:] = 0
    # Rows of weight 0 are left out, before any are held out.
    hold_out(0.34).fit(X, IN_ORDER, sample_weight=weight)
    hold_out(0.34, class_weight={"bus": 1.0, "car": 1.0, "walk": 0.0}).fit(X, IN_ORDER)
    # All rows of the class that are trained on weigh nothing: it is not learned.
    y = IN_ORDER.copy()
    y[:2] = "walk"
    weight = np.ones(24)
    weight[:2] = 0
    hold_out(0.34).fit(X, y)
    with pytest.raises(ValueError, match=r"holds out the last 8 of 22 rows.*\['walk'\]"):
        hold_out(0.34).fit(X, y, sample_weight=weight)


def test_steps_count_where_they_are_present():
    y = np.full((24, 4), "bus", dtype="U4")
    y[:, 1] = "car"
    y[-1, 3] = "walk"
    model = hold_out(0.1, "sequence_to_sequence")
    with pytest.raises(ValueError, match=r"holds out the last 3 .*\['walk'\]"):
        model.fit(X, y)
    absent = X.copy()
    absent[-1, 3] = np.nan
    assert_array_equal(model.fit(absent, y).classes_, ["bus", "car"])
    # Among the rows that are trained on, it is where no step is.
    y[0, 2] = "walk"
    model.fit(X, y)
    absent = X.copy()
    absent[0, 2] = np.nan
    with pytest.raises(ValueError, match=r"\['walk'\]"):
        model.fit(absent, y)


def test_rows_to_validate_on_that_are_given_have_no_class_of_their_own():
    y, weight = Y[:, 0].copy(), np.ones(24)
    weight[y == "walk"] = 0
    with pytest.raises(ValueError, match=r"y_val holds the class\(es\) \['walk'\], which no row"):
        RNNClassifier(1, epochs=1).fit(X, y, sample_weight=weight, X_val=X, y_val=y)


def test_warm_start_may_hold_out_a_class_of_earlier_rows():
    mixed = rng.permutation(24)
    model = hold_out(0.34, warm_start=True).fit(X[mixed], IN_ORDER[mixed])
    assert model.fit(X, IN_ORDER).n_iter_ == 2


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="older polars has no such integers")
def test_integers_that_numpy_does_not_have_are_refused_as_labels():
    y = pl.Series([2**70, 2**71] * 3, dtype=pl.Int128)
    with pytest.raises(ValueError, match=r"y holds values of type Int128.*into text or smaller"):
        GRUClassifier(2).fit(np.zeros((6, 3)), y)
