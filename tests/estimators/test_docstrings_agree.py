"""Docstrings of the six recurrent estimators: shared paragraphs agree word for word.

The docstrings are written out, because IDEs and the site read them from the source. Each repeats
paragraphs of the others.
"""

import inspect
from itertools import combinations

import pytest
from numpydoc.docscrape import get_doc_object

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
)

REGRESSORS = (RNNRegressor, LSTMRegressor, GRURegressor)
CLASSIFIERS = (RNNClassifier, LSTMClassifier, GRUClassifier)
ESTIMATORS = (*REGRESSORS, *CLASSIFIERS)
PAIRS = list(combinations(ESTIMATORS, 2))
# Parameters of one cell. `memory_steps` belongs to two cells, which must agree.
OF_THE_CELL = {
    "RNN": set(),
    "LSTM": {"peephole", "memory_steps"},
    "GRU": {"reset_after", "memory_steps"},
}
# Parameters and attributes of one kind of target.
OF_REGRESSORS = {"linear_skip", "normalize_y", "target_feature", "quantiles", "n_outputs_"}
OF_CLASSIFIERS = {"class_weight", "classes_"}
# Regressors and classifiers explain these in other words, because their targets differ.
IN_OTHER_WORDS = {"architecture", "loss", "validation_split", "warm_start"} | {
    "normalize_windows",
    "normalize_features",
}


def cell_of(estimator):
    return estimator.__name__.removesuffix("Regressor").removesuffix("Classifier")


def read_entries(estimator):
    """Type and text of each parameter and attribute by its name."""
    document = get_doc_object(estimator)
    return {
        entry.name: (entry.type, "\n".join(entry.desc))
        for section in ("Parameters", "Attributes")
        for entry in document[section]
    }


ENTRIES = {estimator: read_entries(estimator) for estimator in ESTIMATORS}


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_shared_parameters_and_attributes_have_the_same_words(first, second):
    shared = ENTRIES[first].keys() & ENTRIES[second].keys()
    if (first in REGRESSORS) != (second in REGRESSORS):
        shared -= IN_OTHER_WORDS
    assert {name: ENTRIES[first][name] for name in shared} == {
        name: ENTRIES[second][name] for name in shared
    }


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_parameters_and_attributes_differ_by_cell_and_kind_of_target_only(estimator):
    of_targets = OF_REGRESSORS if estimator in REGRESSORS else OF_CLASSIFIERS
    common = set.intersection(*(set(entries) for entries in ENTRIES.values()))
    assert set(ENTRIES[estimator]) == common | OF_THE_CELL[cell_of(estimator)] | of_targets


@pytest.mark.parametrize(
    ("regressor", "classifier"), list(zip(REGRESSORS, CLASSIFIERS, strict=True))
)
def test_regressor_and_classifier_of_a_cell_describe_it_alike(regressor, classifier):
    ours, theirs = get_doc_object(regressor), get_doc_object(classifier)
    assert ours["Extended Summary"] == theirs["Extended Summary"]
    (summary,), (other,) = ours["Summary"], theirs["Summary"]
    assert summary.replace("regression", "classification") == other


@pytest.mark.parametrize("estimators", [REGRESSORS, CLASSIFIERS], ids=["regressors", "classifiers"])
def test_examples_of_the_cells_differ_by_name_only(estimators):
    examples = {
        "\n".join(get_doc_object(estimator)["Examples"]).replace(estimator.__name__, "Estimator")
        for estimator in estimators
    }
    assert len(examples) == 1


def test_a_paper_is_cited_in_the_same_words_everywhere():
    papers = {
        paper
        for estimator in ESTIMATORS
        for paper in "\n".join(get_doc_object(estimator)["References"]).split("\n\n")
    }
    authors_and_years = [paper.partition(")")[0] for paper in papers]
    assert len(authors_and_years) == len(set(authors_and_years)) == 13


def read_constructor(estimator):
    return {
        name: (parameter.default, parameter.kind, parameter.annotation)
        for name, parameter in inspect.signature(estimator).parameters.items()
    }


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_shared_parameters_have_the_same_default_except_the_loss(first, second):
    ours, theirs = read_constructor(first), read_constructor(second)
    shared = ours.keys() & theirs.keys()
    if (first in REGRESSORS) != (second in REGRESSORS):
        shared -= {"loss"}
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
