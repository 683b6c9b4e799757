"""Recipes of docs/recipes.md that need no other package. tests_interop/ has the rest."""

import re

import numpy as np
import pytest
from conftest import ROOT
from numpy.testing import assert_allclose
from sklearn.base import clone

PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
START, *BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def run_block(tmp_path, monkeypatch):
    """Return a function that runs the first block and the block that defines a variable."""
    monkeypatch.chdir(tmp_path)

    def run(variable):
        (block,) = (code for code in BLOCKS if re.search(rf"^{variable} = ", code, re.M))
        names = {"__name__": "page"}
        for code in (START, block):
            exec(code, names)
        return names

    return run


def test_f1_of_steps_is_that_of_sequences_predicted_one_by_one(run_block):
    names = run_block("tagger")
    sequences, X, y = names["sequences"], names["X"], names["y"]
    tagger = clone(names["tagger"]).fit(X[:60], y[:60])
    predicted = [tagger.predict(each[np.newaxis])[0] for each in sequences[60:]]
    real = [labels[: len(each)] for labels, each in zip(y[60:], sequences[60:], strict=True)]
    predicted, real = np.concatenate(predicted), np.concatenate(real)
    scores = []
    for label in ("above", "below"):
        hits = np.sum((predicted == label) & (real == label))
        scores.append(2 * hits / (np.sum(predicted == label) + np.sum(real == label)))
    score = names["f1_of_steps"](tagger, X[60:], y[60:])
    assert score == pytest.approx(np.mean(scores), rel=1e-12)
    assert names["scores"][2] == score


def test_refits_are_a_loop_over_windows_made_by_hand(run_block):
    names = run_block("predicted")
    values = names["prices"]["price"].to_numpy()
    by_hand = []
    for n_known in (240, 260, 280):
        known = values[:n_known]
        scaled = (values - known.mean()) / known.std()
        padded = np.concatenate([np.full(20, scaled[:n_known].mean()), scaled])
        windows = np.array([padded[row : row + 20] for row in range(n_known + 20)])
        network = clone(names["pipe"][-1]).fit(windows[:n_known], known)
        by_hand.append(network.predict(windows[n_known:]))
    assert_allclose(names["predicted"], np.concatenate(by_hand), rtol=1e-6)
    assert (names["predicted"].index == names["days"][240:]).all()
