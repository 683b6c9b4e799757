"""
Number of weights and window length
===================================

A multilayer perceptron has a weight for each number of its window and each unit, so a longer window
needs a larger model. A recurrent network reads all steps with the same weights. This example counts
the weights of both for several window lengths, by formula and in fitted networks.

Needs: ``pip install "skrnn[plot]"``.
"""

# %%
# The formulas
# ------------
# Here a step has three numbers, one for each feature. Each unit of a simple recurrent layer has a
# weight for each number of the step, a weight for each unit of the previous state, and a bias. An
# LSTM has four times as many weights: for three gates and the candidate. A GRU has three times as
# many. With ``reset_after=True``, the default, it has two biases instead of one. All models have
# one output, with a weight for each unit and a bias.

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import StrMethodFormatter
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor

UNITS, N_FEATURES = 50, 3


def n_weights(name, window_length):
    """Count the weights of a model with one hidden layer and one output."""
    output = UNITS + 1
    layers = {
        "MLPRegressor": UNITS * (window_length * N_FEATURES + 1),
        "RNNRegressor": UNITS * (N_FEATURES + UNITS + 1),
        "LSTMRegressor": 4 * UNITS * (N_FEATURES + UNITS + 1),
        "GRURegressor": 3 * UNITS * (N_FEATURES + UNITS + 2),
    }
    return layers[name] + output


# %%
# The fitted networks
# -------------------
# One epoch is enough to make weights. The rows are noise, since the networks need not learn here.
# ``MLPRegressor`` takes flat windows. Recurrent networks take windows with an axis for the
# features.

rng = np.random.default_rng(0)
recurrent = {
    "RNNRegressor": RNNRegressor,
    "LSTMRegressor": LSTMRegressor,
    "GRURegressor": GRURegressor,
}
LENGTHS = (10, 160)


def make_rows(window_length):
    """Make windows of noise, and targets."""
    X = rng.normal(size=(64, window_length, N_FEATURES))
    return X, X[:, -1, 0]


def count_in_perceptron(window_length):
    """Fit a perceptron on flat windows and count its weights."""
    X, y = make_rows(window_length)
    with warnings.catch_warnings():
        # One epoch does not converge, which is expected here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPRegressor(hidden_layer_sizes=(UNITS,), max_iter=1, random_state=0).fit(
            X.reshape(len(X), -1), y
        )
    return sum(array.size for array in [*model.coefs_, *model.intercepts_])


def count_in_network(regressor, window_length):
    """Fit a recurrent network and count its weights."""
    model = regressor(units=UNITS, epochs=1, random_state=0).fit(*make_rows(window_length))
    return sum(array.size for array in model.weights_)


counted = {
    window_length: {
        "MLPRegressor": count_in_perceptron(window_length),
        **{name: count_in_network(kind, window_length) for name, kind in recurrent.items()},
    }
    for window_length in LENGTHS
}
for window_length, of_length in counted.items():
    for name, count in of_length.items():
        assert count == n_weights(name, window_length), (name, window_length)
print("The formulas and the fitted networks agree.")

# %%
# The table
# ---------
# ``NaiveRegressor``, the naive forecast, learns nothing and has no weights.

lengths = [10, 20, 40, 80, 160]
table = pd.DataFrame(
    {length: {name: n_weights(name, length) for name in counted[10]} for length in lengths}
)
table.loc["NaiveRegressor"] = 0
table.columns.name = "window length"
print(f"Weights of {UNITS} units, {N_FEATURES} features a step\n\n{table.to_string()}")

# %%
# Windows of another length
# -------------------------
# No weight belongs to a certain step. So a fitted network also reads windows that are shorter or
# longer than the fitted ones. A perceptron refuses them.

X, y = make_rows(10)
network = RNNRegressor(units=UNITS, epochs=1, random_state=0).fit(X, y)
print("RNNRegressor, fitted on 10 steps, given 40:", network.predict(make_rows(40)[0]).shape)

# %%
# Fewer weights, not less work
# ----------------------------
# A network that reads 160 steps uses each weight of its recurrent layer 160 times. A perceptron
# uses each weight once. The number of weights is what a network learns and stores. The number of
# multiplications is the work of a prediction.

biases = {"MLPRegressor": 1, "RNNRegressor": 1, "LSTMRegressor": 4, "GRURegressor": 6}


def n_multiplications(name, window_length):
    """Count the multiplications of one prediction in the products with weights."""
    of_layer = n_weights(name, window_length) - (UNITS + 1) - UNITS * biases[name]
    times = window_length if name in recurrent else 1
    return of_layer * times + UNITS


work = pd.DataFrame(
    {length: {name: n_multiplications(name, length) for name in counted[10]} for length in lengths}
)
work.columns.name = "window length"
print(f"Multiplications with weights in a prediction\n\n{work.to_string()}")

# %%
# Results in words
# ----------------

growth = table[160] / table[10]
crossing = {
    name: next(
        length
        for length in range(1, 10_000)
        if n_weights("MLPRegressor", length) > n_weights(name, length)
    )
    for name in recurrent
}
print(
    f"From 10 to 160 steps the perceptron grows by a factor of {growth['MLPRegressor']:.1f}, the "
    f"recurrent networks by {growth[list(recurrent)].max():.1f}."
)
for name, length in crossing.items():
    print(f"From windows of {length} steps on, the perceptron has more weights than {name}.")
ratio = work.loc["LSTMRegressor", 160] / work.loc["MLPRegressor", 160]
print(f"At 160 steps LSTMRegressor multiplies {ratio:.0f} times as often for a prediction.")

# %%
# A picture
# ---------
# Lines show the formulas, and points show the fitted networks.

colors = dict(zip(counted[10], ["black", "tab:green", "tab:orange", "tab:blue"], strict=True))
figure, ax = plt.subplots(figsize=(9, 4.8), layout="constrained")
for name, color in colors.items():
    ax.plot(lengths, [n_weights(name, length) for length in lengths], color=color)
    ax.plot(LENGTHS, [counted[length][name] for length in LENGTHS], "o", color=color)
    ax.annotate(
        name,
        (lengths[-1], n_weights(name, lengths[-1])),
        xytext=(8, 0),
        textcoords="offset points",
        verticalalignment="center",
        color=color,
    )
ax.margins(x=0.02)
ax.set_ylim(0)
ax.set_xticks(lengths)
ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
ax.set(
    title=f"Weights of {UNITS} units, {N_FEATURES} features a step",
    xlabel="Window length (steps)",
    ylabel="Weights",
)
ax.grid(axis="y", color="0.92")
ax.spines[["top", "right"]].set_visible(False)
figure.savefig("count_weights.png", dpi=150)
plt.show()
