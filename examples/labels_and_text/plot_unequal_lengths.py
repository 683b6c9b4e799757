"""
Sequences of unequal length: recognize the speaker
==================================================

Nine men say two Japanese vowels (Kudo, Toyama & Shimbo 1999). A recording is a sequence of 7 to 29
steps with 12 numbers each, and its class is the speaker. The recordings come with the package aeon.

Needs: ``pip install "skrnn[unequal-lengths]"``.

Run it with ``python examples/labels_and_text/plot_unequal_lengths.py``.
It draws ``unequal_lengths.png``.
"""

# %%
# Recordings of several lengths in one array
# ------------------------------------------
# ``stack_sequences`` fills shorter sequences with missing steps. A network ignores missing steps,
# while zeros would be data.

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from aeon.datasets import load_japanese_vowels
from sklearn.base import clone
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import GRUClassifier, StepwiseTransformer, stack_sequences


def load(split):
    """Return sequences of shape (n_sequences, n_timesteps of the longest, 12), and speakers."""
    recordings, speakers = load_japanese_vowels(split=split)
    # aeon's arrays have the channels first.
    return stack_sequences([recording.T for recording in recordings]), speakers


(X_train, y_train), (X_test, y_test) = load("train"), load("test")
lengths = np.count_nonzero(~np.isnan(X_train[..., 0]), axis=1)
print(
    f"{len(X_train)} sequences of {lengths.min()} to {lengths.max()} steps and {X_train.shape[2]} "
    f"channels to train on, {len(X_test)} to test, {len(np.unique(y_train))} speakers\n"
)

# %%
# Settings, by cross-validation on the training part
# --------------------------------------------------
# The channels have different levels and spreads. ``StepwiseTransformer`` scales the steps of the
# sequences, and leaves out the missing ones. In each split it is fitted on the training sequences.

network = GRUClassifier(
    units=32,
    bidirectional=True,
    recurrent_dropout=0.2,
    epochs=30,
    learning_rate=0.01,
    batch_size=16,
    random_state=0,
)
scale = StepwiseTransformer(StandardScaler())
search = GridSearchCV(
    Pipeline([("scale", scale), ("network", network)]),
    {"scale": ["passthrough", scale], "network__dropout": [0.0, 0.5]},
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    scoring="neg_log_loss",
)
search.fit(X_train, y_train)
tried = pd.DataFrame(search.cv_results_["params"])
tried["scale"] = tried["scale"].astype(str)
tried["log loss"] = -search.cv_results_["mean_test_score"]
print(f"Cross-validation on the training part\n\n{tried.round(3).to_string(index=False)}\n")

# %%
# The table
# ---------
# The other model predicts the speaker of the nearest training sequence. Sequences are padded with
# zeros to the same length and compared number by number. The network is trained with three seeds.


def pad_with_zeros(X):
    """Return flat rows of equal length."""
    n_steps = max(X_train.shape[1], X_test.shape[1])
    padded = np.zeros((len(X), n_steps, X.shape[2]))
    padded[:, : X.shape[1]] = np.nan_to_num(X)
    return padded.reshape(len(X), -1)


def with_seeds(scale):
    """Return the chosen pipeline with a step that scales or not, and three seeds."""
    pipe = clone(search.best_estimator_).set_params(scale=scale)
    return [clone(pipe).set_params(network__random_state=seed) for seed in range(3)]


models = {
    "1-nearest neighbor, zero-padded": [
        make_pipeline(FunctionTransformer(pad_with_zeros), KNeighborsClassifier(1))
    ],
    "GRUClassifier, not scaled": with_seeds("passthrough"),
    "GRUClassifier": with_seeds(scale),
}
results, predicted = {}, {}
for name, of_seeds in models.items():
    start = perf_counter()
    for model in of_seeds:
        model.fit(X_train, y_train)
    seconds = (perf_counter() - start) / len(of_seeds)
    scores = [model.score(X_test, y_test) for model in of_seeds]
    results[name] = {
        "test accuracy": np.mean(scores),
        "lowest": min(scores),
        "highest": max(scores),
        "fit s": seconds,
    }
    predicted[name] = of_seeds[0].predict(X_test)
table = pd.DataFrame.from_dict(results, orient="index")
formats = dict.fromkeys(["test accuracy", "lowest", "highest"], "{:.3f}".format)
print(f"{table.to_string(formatters=formats | {'fit s': '{:.1f}'.format})}\n")

# %%
# Confusion matrices
# ------------------

figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.6), layout="constrained")
for ax, name in zip(axes, ["1-nearest neighbor, zero-padded", "GRUClassifier"], strict=True):
    ConfusionMatrixDisplay.from_predictions(
        y_test, predicted[name], ax=ax, colorbar=False, cmap="Blues"
    )
    n_wrong = np.count_nonzero(predicted[name] != y_test)
    ax.set_title(f"{name}: {n_wrong} of {len(y_test)} wrong", fontsize=10)
    ax.set_xlabel("Speaker, predicted")
    ax.set_ylabel("Speaker")

picture = Path("unequal_lengths.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
