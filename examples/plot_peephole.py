"""
Peepholes: do gates that see the cell help to time and to count?
================================================================

The gates of an LSTM see its output, but not its cell: while the output gate is shut, they do not
know what it holds. ``peephole=True`` lets them look. Gers & Schmidhuber (2000) introduced such
connections for tasks of exact timing. Two tasks of that kind are learned here with peepholes and
without, from several seeds each.

Needs: ``pip install "skrnn[plot]"``.
"""

# %%
# Two tasks
# ---------
# Both show two spikes, and nothing else, in a sequence of zeros. To *measure* is to say at the last
# step how many steps lie between them: one number, ``sequence_to_vector``. To *repeat* is to let a
# third spike follow the second after the same number of steps: an output at each step,
# ``sequence_to_sequence``, which is 1 at the right one and 0 at all others. A network that repeats
# gets no hint when the time has come, so something in it has to count. Smaller networks and a
# regular train of spikes were tried as well, with a few seeds, and told no more than these two.

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
# Settings are the same with peepholes and without. The last tenth of the training rows is held out,
# and the weights of the epoch that does best there are kept. How well a network learns such a task
# depends on the weights it starts from, so one seed would prove nothing.

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
    """Return how many of the test sequences are answered to the step."""
    if task == "measure":
        return np.mean(np.round(predicted) == targets[task][test])
    return np.mean(predicted.argmax(axis=1) == targets[task][test].argmax(axis=1))


runs, losses = [], {}
for task, y in targets.items():
    # There is no value of yesterday to repeat here: the rival that knows nothing of a sequence
    # answers with the mean of the training targets, of each step where there are several.
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
# Means over the seeds. "exact" is the share of test sequences answered to the step, "worst" that of
# the worst seed. "learned" counts the seeds whose loss on held-out rows fell below a tenth of the
# variance of the targets, and "epochs" is the median of how long that took them.

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
# What it says
# ------------
# A difference is called one only if nearly all pairs of a seed with peepholes and a seed without
# agree on it.


def compare(task):
    """Say which of the two networks is better at a task, if one can tell."""
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
# The smallest loss on the held-out rows so far, one line for each seed: the weights of that epoch
# are kept. A loss of 1 is that of the mean of the targets.

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
