"""A pipeline of imbalanced-learn 0.14 resamples windows before a recurrent classifier."""

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skrnn import RNNClassifier


@pytest.fixture(scope="module")
def rare():
    """Sixty windows, ten of them of a rare class. Do not change them."""
    windows = np.random.default_rng(0).normal(size=(60, 4))
    labels = np.full(60, "usual")
    labels[np.argsort(windows[:, 2])[-10:]] = "rare"
    return windows, labels


@pytest.fixture
def classifier():
    return RNNClassifier(units=2, epochs=2, batch_size=16, random_state=0)


@pytest.mark.parametrize("sampler", [RandomOverSampler(random_state=0), SMOTE(random_state=0)])
def test_the_network_is_trained_on_the_rows_of_the_sampler(sampler, classifier, rare):
    windows, labels = rare
    pipe = make_pipeline(sampler, classifier).fit(windows, labels)
    more, their_labels = clone(sampler).fit_resample(windows, labels)
    by_hand = clone(classifier).fit(more, their_labels)
    assert (their_labels == "rare").sum() == (their_labels == "usual").sum() == 50
    assert_array_equal(pipe.predict_proba(windows), by_hand.predict_proba(windows))


def test_a_search_resamples_the_training_rows_of_a_fold_and_not_its_test_rows(classifier, rare):
    windows, labels = rare
    folds = StratifiedKFold(2)
    sampler = RandomOverSampler(random_state=0)
    search = GridSearchCV(
        make_pipeline(sampler, classifier),
        {"rnnclassifier__units": [1, 2]},
        cv=folds,
        error_score="raise",
    ).fit(windows, labels)
    for candidate, units in enumerate((1, 2)):
        for fold, (train, test) in enumerate(folds.split(windows, labels)):
            by_hand = clone(classifier).set_params(units=units)
            by_hand.fit(*clone(sampler).fit_resample(windows[train], labels[train]))
            score = search.cv_results_[f"split{fold}_test_score"][candidate]
            assert score == by_hand.score(windows[test], labels[test])


@pytest.mark.xfail(
    reason="samplers of imbalanced-learn take tables only, so windows of several columns cannot "
    "be resampled; class_weight='balanced' weighs them instead",
    raises=ValueError,
)
def test_windows_of_several_columns_are_resampled(classifier, rare):
    windows, labels = rare
    pipe = make_pipeline(RandomOverSampler(random_state=0), classifier)
    pipe.fit(windows.reshape(60, 2, 2), labels)
