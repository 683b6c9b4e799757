"""
Noisy waves: the next value, and ten ahead
==========================================

Each series is the sum of two sine waves of random frequency and phase, and noise. Chapter 15 of
Géron's Hands-On Machine Learning forecasts these series with recurrent networks. Here RNNRegressor,
LSTMRegressor and GRURegressor predict the next value and the next ten values. They are compared
with the last known value and a linear model. This is a short version of ``noisy_waves.py``, which
has ten thousand series, two layers, three seeds, and the published figures.

Needs: ``pip install "skrnn[plot]"``.

Run it with ``python examples/forecasting/plot_noisy_waves.py``. It draws ``noisy_waves.png``.
"""

# %%
# Three thousand series
# ---------------------
# The first 50 steps of each series are known. Each series is one row, so no window is needed. 2,000
# series are for training, and 1,000 are for the test. Ten values ahead are ten targets of a row, so
# the networks and the linear model have ten outputs.

from textwrap import fill
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error

from skrnn import GRURegressor, LSTMRegressor, NaiveRegressor, RNNRegressor
from skrnn.datasets import make_noisy_waves

N_TRAIN, N_TEST, N_STEPS, N_AHEAD = 2_000, 1_000, 50, 10
NEXT, TEN = "next value", "ten ahead"
waves = {
    NEXT: make_noisy_waves(N_TRAIN + N_TEST, N_STEPS + 1, random_state=42),
    TEN: make_noisy_waves(N_TRAIN + N_TEST, N_STEPS + N_AHEAD, random_state=42),
}
X = {task: series[:, :N_STEPS] for task, series in waves.items()}
y = {NEXT: waves[NEXT][:, N_STEPS], TEN: waves[TEN][:, N_STEPS:]}

# %%
# Five models
# -----------
# The networks have one layer of 20 units. Their learning rate is one of those in
# ``noisy_waves.py``. Nothing was tuned here.

training = {
    "units": 20,
    "epochs": 20,
    "learning_rate": 0.01,
    "clipnorm": 1.0,
    "random_state": 0,
}
models = {
    "NaiveRegressor": NaiveRegressor(),
    "LinearRegression": LinearRegression(),
    "RNNRegressor": RNNRegressor(**training),
    "LSTMRegressor": LSTMRegressor(**training),
    "GRURegressor": GRURegressor(**training),
}

# %%
# Training
# --------

# TensorFlow takes seconds to import. A first fit here keeps them out of the times below.
RNNRegressor(units=1, epochs=1).fit(np.zeros((2, 3)), [0.0, 1.0])

rows, forecasts = {}, {}
for task in waves:
    for name, model in models.items():
        start = perf_counter()
        model.fit(X[task][:N_TRAIN], y[task][:N_TRAIN])
        seconds = perf_counter() - start
        forecasts[task, name] = model.predict(X[task][N_TRAIN:])
        error = mean_squared_error(y[task][N_TRAIN:], forecasts[task, name])
        rows[task, name] = {"test MSE": error, "fit s": seconds}

# %%
# The table
# ---------
# ``fit s`` is the time of one fit. On a new machine, the first fit of each cell also compiles its
# kernels, which are stored on disk.

table = pd.DataFrame.from_dict(rows, orient="index")
formats = {"test MSE": "{:.5f}".format, "fit s": "{:.1f}".format}
print(f"{N_TEST:,} waves that were held out\n\n{table.to_string(formatters=formats)}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


mse = table["test MSE"]
networks = [name for name in models if name not in ("NaiveRegressor", "LinearRegression")]
for task in waves:
    of_task = mse[task]
    best = of_task[networks].idxmin()
    better = [name for name in networks if of_task[name] < of_task["LinearRegression"]]
    say(
        f"{task.capitalize()}: the last known value has an error of "
        f"{of_task['NaiveRegressor']:.4f}, the linear model of {of_task['LinearRegression']:.4f}. "
        f"Networks below the linear model: {', '.join(better) or 'none'}. The best of the networks "
        f"is {best} with {of_task[best]:.4f}."
    )
noise = 0.1**2 / 12
say(
    f"The noise of the next value alone, uniform over a width of 0.1, has a variance of "
    f"{noise:.5f}: no model can do better."
)

# %%
# A picture
# ---------
# The first four waves of the test part, and ten values predicted at once.

best = mse[TEN][networks].idxmin()
styles = {
    "NaiveRegressor": {"color": "0.55", "linestyle": "--"},
    "LinearRegression": {"color": "tab:green"},
    best: {"color": "tab:blue", "linewidth": 2},
}
steps = np.arange(1, N_STEPS + N_AHEAD + 1)
figure, axes = plt.subplots(2, 2, figsize=(9, 5.4), sharex=True, sharey=True, layout="constrained")
for number, ax in enumerate(axes.flat):
    ax.plot(steps, waves[TEN][N_TRAIN + number], color="black", linewidth=1.2, label="real value")
    for name, style in styles.items():
        ax.plot(steps[N_STEPS:], forecasts[TEN, name][number], label=name, **style)
    ax.axvline(N_STEPS + 0.5, color="0.7", linewidth=1)
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
figure.suptitle("Four noisy waves that were held out: the last ten values, predicted at once")
for ax in axes[-1]:
    ax.set_xlabel("Step")
for ax in axes[:, 0]:
    ax.set_ylabel("Value")
figure.legend(
    *axes[0, 0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=4
)
figure.savefig("noisy_waves.png", dpi=150)
plt.show()
