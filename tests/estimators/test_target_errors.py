"""Targets that cannot be used: errors name the one cause and its cure."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

from skrnn import (
    GRURegressor,
    NaiveRegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindowTransformer,
)
from skrnn.model_selection import compare_regressors

rng = np.random.default_rng(0)
DAYS = pd.date_range("2024-01-01", periods=20, freq="D")
PRICE = pd.Series(rng.normal(size=20), DAYS, name="price")
FRAME = PRICE.to_frame()
X = rng.normal(size=(20, 4))
LABELS = np.arange(20) % 3
ONE_HOT = np.eye(3)[LABELS]
MANY = np.stack([LABELS > 0, LABELS > 1, LABELS < 2], axis=1).astype(int)

FITS = {
    "network": lambda y: RNNRegressor(2).fit(X, y),
    "naive": lambda y: NaiveRegressor().fit(X, y),
    "pipeline": lambda y: make_pipeline(SlidingWindowTransformer(3), GRURegressor()).fit(FRAME, y),
    "compare": lambda y: compare_regressors(
        [make_pipeline(SlidingWindowTransformer(3), Ridge())], FRAME, y, cv=TimeSeriesSplit(2)
    ),
    "classifier": lambda y: RNNClassifier(2).fit(X, y),
}


# Missing targets


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            PRICE.shift(-1),
            r"in 1 of 20 rows: the last 1 \(2024-01-20\), as after shift\(-1\)\. Drop these rows "
            r"of X and y: X\.iloc\[:-1\], y\.iloc\[:-1\]\.$",
        ),
        (
            PRICE.diff(),
            r"the first 1 \(2024-01-01\), as after shift\(1\) or diff\(\)\. .*y\.iloc\[1:\]\.$",
        ),
        (
            PRICE.rolling(5, center=True).mean(),
            r"the first 2 \(2024-01-01\), .* and the last 2 \(2024-01-19\), .*y\.iloc\[2:-2\]\.$",
        ),
        (
            PRICE.shift(-2).to_numpy(),
            r"the last 2, as after shift\(-2\)\. .*: X\[:-2\], y\[:-2\]\.$",
        ),
        (pl.Series(PRICE.shift(-2).to_numpy()), r"the last 2, as .*: X\[:-2\], y\[:-2\]\.$"),
        (
            PRICE.where(DAYS[5] != DAYS),
            r"in 1 of 20 rows, among them row 5 \(2024-01-06\), .* Within a series, dropping them",
        ),
        (PRICE * np.nan, "in 20 of 20 rows. Give known targets"),
    ],
    ids=["shift", "diff", "rolling", "array", "polars", "middle", "all"],
)
def test_missing_targets_are_counted_and_located(fit, y, message):
    with pytest.raises(ValueError, match=rf"^Input y contains NaN.*{message}"):
        FITS[fit](y)


def test_a_row_of_several_targets_is_missing_if_one_of_them_is():
    y = pd.concat([PRICE.shift(-step) for step in (0, 1, 2)], axis=1)
    with pytest.raises(ValueError, match=r"in 2 of 20 rows: the last 2 .*y\.iloc\[:-2\]"):
        RNNRegressor(2).fit(X, y)
    NaiveRegressor().fit(X[:-2], y.iloc[:-2])


def test_missing_targets_of_sequences_are_not_located():
    y = np.where(np.arange(20)[:, np.newaxis] < 19, X, np.nan)
    with pytest.raises(ValueError, match=r"NaN in 1 of 20 rows; drop .*give any number"):
        RNNRegressor(2, architecture="sequence_to_sequence").fit(X, y)


# Text and numbers


@pytest.mark.parametrize("fit", ["network", "naive", "pipeline", "compare"])
@pytest.mark.parametrize(
    "y",
    [
        np.array(["up", "down"] * 10),
        pd.Series(["up", "down"] * 10, dtype="category"),
        pd.DataFrame({"way": ["up", "down"] * 10}),
        pl.Series(["up", "down"] * 10),
    ],
    ids=["array", "category", "frame", "polars"],
)
def test_text_for_a_regressor_suggests_a_classifier(fit, y):
    with pytest.raises(ValueError, match=r"y holds text, such as 'up', .* use a classifier"):
        FITS[fit](y)


def test_text_among_numbers_is_counted():
    y = PRICE.astype(object).where(DAYS[5] != DAYS, "n/a")
    with pytest.raises(ValueError, match=r"text in 1 of 20 rows, such as 'n/a', .*to_numeric"):
        RNNRegressor(2).fit(X, y)


def test_fractions_for_a_classifier_suggest_a_regressor():
    message = r"^Unknown label type: continuous\. y holds numbers that are not whole, .*regressor"
    with pytest.raises(ValueError, match=message):
        RNNClassifier(2).fit(X, PRICE)


# Labels


@pytest.mark.parametrize(
    ("y", "cure"),
    [
        (ONE_HOT, r"y\.argmax\(axis=1\)"),
        (ONE_HOT.astype(bool), r"y\.argmax\(axis=1\)"),
        (pd.get_dummies(pd.Series(LABELS)), r"y\.idxmax\(axis=1\)"),
        (pl.DataFrame(ONE_HOT), r"numpy\.argmax\(y, axis=-1\)"),
        (ONE_HOT.tolist(), r"numpy\.argmax\(y, axis=-1\)"),
    ],
    ids=["array", "bool", "pandas", "polars", "list"],
)
def test_one_hot_rows_become_labels(y, cure):
    message = (
        rf"y of shape \(20, 3\) is one-hot.*RNNClassifier expects one label a row.*: {cure}\.$"
    )
    for call in (RNNClassifier(2).fit, RNNClassifier(2).partial_fit):
        arguments = {} if call.__name__ == "fit" else {"classes": [0, 1, 2]}
        with pytest.raises(ValueError, match=message):
            call(X, y, **arguments)


def test_probabilities_and_one_hot_steps_become_labels():
    with pytest.raises(ValueError, match=r"holds probabilities, .* y\.argmax\(axis=1\)"):
        RNNClassifier(2).fit(X, rng.dirichlet(np.ones(3), size=20))
    model = RNNClassifier(2, architecture="sequence_to_sequence")
    with pytest.raises(ValueError, match=r"one-hot, .* one label at every step.*argmax\(axis=2\)"):
        model.fit(X, np.stack([ONE_HOT] * 4, axis=1))


def test_several_labels_a_row_are_for_several_classifiers():
    message = (
        r"several labels a row, 0 or 1 in each of 3 columns.*Fit one classifier for each column: "
        r"sklearn\.multioutput\.MultiOutputClassifier\(RNNClassifier\(\)\)\.$"
    )
    with pytest.raises(ValueError, match=message):
        RNNClassifier(2).fit(X, MANY)
    model = MultiOutputClassifier(RNNClassifier(2, epochs=1, random_state=0)).fit(X, MANY)
    assert model.predict(X).shape == MANY.shape


def test_columns_of_labels_are_targets_or_steps():
    y = np.stack([LABELS, LABELS + 1], axis=1).astype(str)
    with pytest.raises(ValueError, match=r"has 2 columns, .*architecture=\"sequence_to_sequence\""):
        RNNClassifier(2).fit(X, y)


@pytest.mark.parametrize("y", [[{1, 2}] * 20, [[1], [1, 2]] * 10, pd.Series([{1}, {2}] * 10)])
def test_collections_of_labels_become_columns(y):
    with pytest.raises(ValueError, match=r"collections of labels, .*MultiLabelBinarizer"):
        RNNClassifier(2).fit(X, y)


# Lists of labels


def test_of_many_labels_some_are_named():
    y = np.arange(20)
    model = RNNClassifier(2, early_stopping=True, validation_split=0.5)
    with pytest.raises(ValueError, match=r"class\(es\) \[10, 11, 12, 13, 14\] and 5 more: the net"):
        model.fit(X, y)
    with pytest.raises(ValueError, match=r"^y_val holds .*\[3, 4, 5, 6, 7\] and 12 more, which"):
        RNNClassifier(2).fit(X, LABELS, X_val=X, y_val=y)
    with pytest.raises(ValueError, match=r"\[3, 4, 5, 6, 7\] and 12 more, .*classes \[0, 1, 2\]"):
        RNNClassifier(2).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"for \[99\], but .*\[0, 1, 2, 3, 4\] and 15 more"):
        RNNClassifier(2, class_weight={99: 1.0}).fit(X, y)


def test_an_unknown_label_in_y_val_is_not_blamed_on_partial_fit():
    with pytest.raises(ValueError, match="y_val holds") as caught:
        RNNClassifier(2).fit(X, LABELS, X_val=X, y_val=LABELS + 1)
    assert "partial_fit" not in str(caught.value)
    assert "Train on rows of each class" in str(caught.value)
