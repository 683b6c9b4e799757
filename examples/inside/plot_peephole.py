"""
Peephole connections of an LSTM in timing tasks
===============================================

The gates of an LSTM read its output, but not its cell state. While the output gate is closed, they
do not know the cell state. With ``peephole=True``, the gates also read the cell state. Gers &
Schmidhuber (2000) introduced peephole connections for tasks with exact timing. Here an LSTM learns
two of these tasks with and without peepholes, from several seeds.

Needs: ``pip install "skrnn[plot]"``.
"""

# %%
# Two tasks
# ---------
# In both tasks, the input is a sequence of zeros with two spikes. In the task *measure*, the
# network predicts at the last step the number of steps between the spikes (``sequence_to_vector``).
# In the task *repeat*, it predicts a third spike after the same number of steps: an output at each
# step, which is 1 at the third spike and 0 at all other steps (``sequence_to_sequence``). The input
# has no sign of the third spike, so the network has to count steps. Smaller networks and a regular
# series of spikes were tried too, with a few seeds. They showed no more than these two tasks.

from textwrap import fill
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor

from skrnn import LSTMRegressor

N_TRAIN, N_TEST, SHORTEST, LONGEST, LATEST_START = 1_000, 500, 6, 16, 5
N_TIMESTEPS = LATEST_START + 2 * LONGEST
rng = np.random.default_rng(0)
rows = np.arange(N_TRAIN + N_TEST)
intervals = rng.integers(SHORTEST, LONGEST + 1, len(rows))
starts = rng.integers(0, LATEST_START, len(rows))

X = np.zeros((len(rows), N_TIMESTEPS))
X[rows, starts] = 1
X[rows, starts + intervals] = 1
third_spike = np.zeros_like(X)
third_spike[rows, starts + 2 * intervals] = 1
targets = {"measure": intervals.astype(float), "repeat": third_spike}
train, test = slice(0, N_TRAIN), slice(N_TRAIN, None)

# %%
# The networks
# ------------
# Settings are the same with and without peepholes. The last tenth of the training rows is held out,
# and the weights of the epoch with the smallest loss on these rows are kept. The results depend on
# the initial weights, so several seeds are needed.

SEEDS = range(5)
training = {
    "units": 8,
    "epochs": 40,
    "learning_rate": 0.01,
    "clipnorm": 1.0,
    "early_stopping": True,
    "patience": 40,
}
architectures = {"measure": "sequence_to_vector", "repeat": "sequence_to_sequence"}
kinds = {"without": False, "with peepholes": True}


def share_exact(task, predicted):
    """Return the share of test sequences with an exact prediction."""
    if task == "measure":
        return np.mean(np.round(predicted) == targets[task][test])
    return np.mean(predicted.argmax(axis=1) == targets[task][test].argmax(axis=1))


runs, losses = [], {}
for task, y in targets.items():
    # These tasks have no last known value. The naive forecast predicts the mean of the training
    # targets, for each step if there are several.
    naive = DummyRegressor().fit(X[train], y[train])
    predicted = naive.predict(X[test])
    error = np.sqrt(np.mean((predicted - y[test]) ** 2))
    runs.append((task, "mean of y", 0, error, share_exact(task, predicted), np.nan))
    for kind, peephole in kinds.items():
        start = perf_counter()
        for seed in SEEDS:
            model = LSTMRegressor(
                architecture=architectures[task], peephole=peephole, random_state=seed, **training
            )
            predicted = model.fit(X[train], y[train]).predict(X[test])
            error = np.sqrt(np.mean((predicted - y[test]) ** 2))
            losses[task, kind, seed] = model.history_["val_loss"]
            below = np.flatnonzero(np.array(losses[task, kind, seed]) < 0.1)
            learned = below[0] + 1 if len(below) else np.nan
            runs.append((task, kind, seed, error, share_exact(task, predicted), learned))
        print(f"{task}, {kind}: {len(SEEDS)} fits in {perf_counter() - start:.0f} s", flush=True)

# %%
# The table
# ---------
# Means over the seeds. "exact" is the share of test sequences with an exact prediction, and "worst"
# that of the worst seed. "learned" counts the seeds whose loss on held-out rows fell below a tenth
# of the variance of the targets, and "epochs" is the median number of epochs of these seeds.

names = ["task", "network", "seed", "RMSE", "exact", "epochs"]
by_run = pd.DataFrame(runs, columns=names)
grouped = by_run.groupby(["task", "network"], sort=False)
table = pd.DataFrame(
    {
        "RMSE": grouped["RMSE"].mean(),
        "exact": grouped["exact"].mean(),
        "worst": grouped["exact"].min(),
        "learned": grouped["epochs"].count(),
        "epochs": grouped["epochs"].median(),
    }
)
formats = {"RMSE": "{:.3f}".format, "exact": "{:.1%}".format, "worst": "{:.1%}".format}
formats["epochs"] = "{:.0f}".format
print(f"{len(SEEDS)} seeds\n\n{table.to_string(formatters=formats, na_rep='')}")

# %%
# Results in words
# ----------------
# A network counts as better only if it has the smaller error in nearly all pairs of a seed with
# peepholes and a seed without.


def compare(task):
    """Return a sentence that says which of the two networks is better at a task."""
    of_task = by_run[by_run["task"] == task].set_index("network")["RMSE"]
    without, peep = (of_task[kind].to_numpy() for kind in kinds)
    share = np.mean(peep[:, None] < without[None, :])
    if share >= 0.9:
        verdict = "peepholes help"
    elif share <= 0.1:
        verdict = "peepholes hurt"
    else:
        verdict = "these seeds do not tell whether peepholes help"
    exact = {kind: f"{table.loc[(task, kind), 'exact']:.1%}" for kind in kinds}
    return (
        f"To {task} an interval: {verdict}. In {share:.0%} of the pairs of seeds the network with "
        f"peepholes has the smaller error. {exact['with peepholes']} of its answers are exact, "
        f"{exact['without']} of those without, and {table.loc[(task, 'mean of y'), 'exact']:.1%} "
        "of those of the mean."
    )


for task in targets:
    print(fill(compare(task), 88))

# %%
# A picture
# ---------
# The smallest loss on held-out rows up to each epoch, with one line for each seed. A loss of 1 is
# that of the mean of the targets.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), sharey=True, layout="constrained")
colors = {"without": "tab:orange", "with peepholes": "tab:blue"}
for ax, task in zip(axes, targets, strict=True):
    for kind, color in colors.items():
        for seed in SEEDS:
            label = kind if seed == 0 else None
            values = np.minimum.accumulate(losses[task, kind, seed])
            ax.plot(range(1, len(values) + 1), values, color=color, alpha=0.7, label=label)
    ax.set(title=f"To {task} an interval", xlabel="Epoch", yscale="log")
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("Best held-out loss so far (variances of y)")
handles, labels = axes[0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
figure.savefig("peephole.png", dpi=150)
plt.show()
