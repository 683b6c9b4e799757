"""
Ten thousand noisy waves: recurrent networks beside published figures
=====================================================================

Each series is the sum of two sine waves of random frequency and phase, and noise. Chapter 15 of
Géron's Hands-On Machine Learning forecasts these series with recurrent networks. Here RNNRegressor,
LSTMRegressor and GRURegressor forecast them one step ahead and ten steps ahead. The table shows
their errors beside those of the book.

Needs: ``pip install "skrnn[plot]"``.

This example takes some minutes, so it is not run in the gallery. ``plot_noisy_waves.py`` is a short
version. Run it with ``python examples/exercises/noisy_waves.py``. It draws
``noisy_waves_of_the_book.png``.
"""

# %%
# Ten thousand series
# -------------------
# The first 50 steps of each series are known. As in the book, the first 7,000 series are for
# training, the next 2,000 for validation, and the last 1,000 for the test.

import math
from pathlib import Path
from textwrap import fill
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error

from skrnn import GRURegressor, LSTMRegressor, NaiveRegressor, RNNRegressor
from skrnn.datasets import make_noisy_waves

N_SERIES, N_STEPS, N_AHEAD = 10_000, 50, 10
train, validation, test = slice(0, 7_000), slice(7_000, 9_000), slice(9_000, None)

next_series = make_noisy_waves(N_SERIES, N_STEPS + 1, random_state=42)
X_next, y_next = next_series[:, :N_STEPS], next_series[:, N_STEPS]

ten_series = make_noisy_waves(N_SERIES, N_STEPS + N_AHEAD, random_state=42)
X_ten, y_ten = ten_series[:, :N_STEPS], ten_series[:, N_STEPS:]

# %%
# For training at every step, the targets of a step are the ten values after it. Only the values
# after the last step are scored. The other models predict the same values.

y_every_step = np.lib.stride_tricks.sliding_window_view(ten_series[:, 1:], N_AHEAD, axis=1)
np.testing.assert_array_equal(y_every_step[:, -1], y_ten)

# %%
# One recipe for all networks
# ---------------------------
# Two layers of 20 units and 20 epochs, as in the book. The learning rate falls to zero along a
# cosine. It was chosen on the validation part, with one to three seeds: from 0.005, 0.01 and 0.02
# for RNNRegressor, and from 0.01, 0.02 and 0.03 for the others. Batches of 32, 64 and 128 were
# tried.

EPOCHS, SEEDS = 20, (0, 1, 2)
LEARNING_RATES = {RNNRegressor: 0.01, LSTMRegressor: 0.03, GRURegressor: 0.03}


def network(regressor, seed, **parameters):
    """Make a network whose learning rate falls to zero."""
    # The import of Keras takes seconds, and prints no messages after skrnn has prepared it.
    from keras.callbacks import LearningRateScheduler

    rate = LEARNING_RATES[regressor]
    falling = LearningRateScheduler(
        lambda epoch: rate * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2
    )
    return regressor(
        units=(20, 20),
        epochs=EPOCHS,
        batch_size=64,
        clipnorm=1.0,
        callbacks=[falling],
        random_state=seed,
        **parameters,
    )


# %%
# Models and published figures
# ----------------------------
# The published figures are also for 20 epochs, on a validation part of the same size, with one
# seed. The networks of the book are SimpleRNN layers. The book has no figures for LSTM and GRU on
# these tasks, so each network is compared with the network of the book for the same task. The
# linear model of the book is trained by Adam, while LinearRegression solves the least squares
# exactly. The naive figure of the book for ten steps repeats the last of the ten *targets*, while
# NaiveRegressor repeats the last known value.

NEXT, TEN = "next value", "ten ahead"
rivals = {
    (NEXT, "NaiveRegressor"): (NaiveRegressor(), X_next, y_next),
    (NEXT, "LinearRegression"): (LinearRegression(), X_next, y_next),
    (TEN, "NaiveRegressor"): (NaiveRegressor(), X_ten, y_ten),
    (TEN, "LinearRegression"): (LinearRegression(), X_ten, y_ten),
}
networks = {
    (NEXT, "RNNRegressor"): (RNNRegressor, {}, X_next, y_next),
    (NEXT, "LSTMRegressor"): (LSTMRegressor, {}, X_next, y_next),
    (NEXT, "GRURegressor"): (GRURegressor, {}, X_next, y_next),
    (TEN, "GRURegressor"): (GRURegressor, {}, X_ten, y_ten),
    (TEN, "GRURegressor, every step"): (
        GRURegressor,
        {"architecture": "sequence_to_sequence"},
        X_ten,
        y_every_step,
    ),
}
published = {
    (NEXT, "NaiveRegressor"): 0.020,
    (NEXT, "LinearRegression"): 0.004,
    (NEXT, "RNNRegressor"): 0.0026,
    (NEXT, "LSTMRegressor"): 0.0026,
    (NEXT, "GRURegressor"): 0.0026,
    (TEN, "NaiveRegressor"): 0.223,
    (TEN, "LinearRegression"): 0.0188,
    (TEN, "GRURegressor"): 0.008,
    (TEN, "GRURegressor, every step"): 0.006,
}


def errors(model, X, y):
    """Return the mean squared errors of a fitted model on validation and test part."""
    found = []
    for part in (validation, test):
        real, predicted = y[part], model.predict(X[part])
        if real.ndim == 3:
            real, predicted = real[:, -1], predicted[:, -1]
        found.append(mean_squared_error(real, predicted))
    return found


# %%
# Training
# --------
# Each network is fitted with three seeds.

# TensorFlow takes seconds to import. A first fit here keeps them out of the times below.
RNNRegressor(units=1, epochs=1).fit(np.zeros((2, 3)), [0.0, 1.0])

rows, forecasts = {}, {}
for key, (model, X, y) in rivals.items():
    start = perf_counter()
    model.fit(X[train], y[train])
    rows[key] = [[*errors(model, X, y), perf_counter() - start]]
for key, (regressor, parameters, X, y) in networks.items():
    rows[key] = []
    for seed in SEEDS:
        start = perf_counter()
        model = network(regressor, seed, **parameters).fit(X[train], y[train])
        seconds = perf_counter() - start
        rows[key].append([*errors(model, X, y), seconds])
    forecasts[key] = model.predict(X[test])
    print(", ".join(key), "is fitted", flush=True)

# %%
# The table
# ---------
# Mean squared errors. "spread" is the standard deviation over the seeds, and "fit s" is the median
# over the seeds, since on a new machine the first fit of each cell also compiles its kernels.

table = pd.DataFrame.from_dict(
    {
        key: {
            "test MSE": np.mean([row[1] for row in of_seeds]),
            "spread": np.std([row[1] for row in of_seeds]) if len(of_seeds) > 1 else np.nan,
            "validation MSE": np.mean([row[0] for row in of_seeds]),
            "published": published[key],
            "fit s": np.median([row[2] for row in of_seeds]),
        }
        for key, of_seeds in rows.items()
    },
    orient="index",
).sort_index(level=0, sort_remaining=False)
formats = dict.fromkeys(["test MSE", "spread", "validation MSE"], "{:.5f}".format)
formats |= {"published": "{:.4f}".format, "fit s": "{:.1f}".format}
print(
    f"\nNoisy waves, mean squared error, mean of {len(SEEDS)} seeds\n\n"
    f"{table.to_string(formatters=formats, na_rep='')}\n"
)

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


mse = table["test MSE"]
for task in (NEXT, TEN):
    nets = [key for key in networks if key[0] == task]
    linear = mse[task, "LinearRegression"]
    better = [f"{name} ({mse[task, name]:.4f})" for _, name in nets if mse[task, name] < linear]
    below = [
        name
        for _, name in nets
        if table.loc[(task, name), "validation MSE"] < published[task, name]
    ]
    say(
        f"{task.capitalize()}: {', '.join(better) or 'no network'} beat LinearRegression "
        f"({linear:.4f}). On validation parts, below the published figure: "
        f"{', '.join(below) or 'none'}."
    )

at_once, every = mse[TEN, "GRURegressor"], mse[TEN, "GRURegressor, every step"]
say(
    "In the book, training at every step helps. Here it "
    + (
        f"does not: {every:.4f} against {at_once:.4f}. The network also learns forecasts from the "
        "first steps, which cannot be good, in the same 20 epochs."
        if every >= at_once
        else f"does, too: {every:.4f} against {at_once:.4f}."
    )
)
repeated = mean_squared_error(y_ten[test], np.repeat(y_ten[test][:, -1:], N_AHEAD, axis=1))
say(
    f"The published naive figure for ten steps, {published[TEN, 'NaiveRegressor']}, repeats the "
    f"last target; doing so here gives {repeated:.3f}. Repeating the last known value, as a "
    f"forecast must, gives {mse[TEN, 'NaiveRegressor']:.3f}."
)

# %%
# A picture
# ---------
# The first four series of the test part, and the ten steps predicted at once.

predicted = forecasts[TEN, "GRURegressor"]
steps = np.arange(N_STEPS + N_AHEAD)
figure, axes = plt.subplots(2, 2, figsize=(9, 5.4), sharex=True, sharey=True, layout="constrained")
for ax, series, forecast in zip(axes.flat, ten_series[test], predicted, strict=False):
    ax.plot(steps, series, color="black", linewidth=1.2, label="real value")
    ax.plot(steps[N_STEPS:], forecast, "o-", color="tab:blue", markersize=3.5, label="GRURegressor")
    ax.axvline(N_STEPS - 0.5, color="0.7", linewidth=1)
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
figure.suptitle("Four noisy waves of the test part: the last ten steps, predicted at once")
figure.supxlabel("Step")
figure.supylabel("Value")
lines, labels = axes[0, 0].get_legend_handles_labels()
figure.legend(lines, labels, frameon=False, loc="outside lower right", ncols=2)

picture = Path("noisy_waves_of_the_book.png").resolve()
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
