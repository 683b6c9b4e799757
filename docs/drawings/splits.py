"""The folds of TimeSeriesSplit, without a gap and with one."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Patch
from sklearn.model_selection import TimeSeriesSplit

TRAIN, GAP, TEST, UNUSED = "#4c78a8", "#e45756", "#f58518", "#f0f0f0"
N_ROWS, N_SPLITS = 24, 4

figure, axes = plt.subplots(2, figsize=(6.4, 4.2), sharex=True, layout="constrained")
for ax, gap in zip(axes, [0, 2], strict=True):
    splits = TimeSeriesSplit(N_SPLITS, gap=gap).split(np.zeros(N_ROWS))
    for fold, (train, test) in enumerate(splits):
        colors = np.full(N_ROWS, UNUSED, dtype=object)
        colors[train[-1] + 1 : test[0]] = GAP
        colors[train], colors[test] = TRAIN, TEST
        ax.bar(np.arange(N_ROWS) + 0.5, 0.8, 0.92, bottom=fold + 0.1, color=colors)
    ax.set(xlim=(0, N_ROWS), ylim=(N_SPLITS, 0))
    ax.set_title(f"TimeSeriesSplit({N_SPLITS}{f', gap={gap}' if gap else ''})", fontsize=11)
    folds = range(N_SPLITS)
    ax.set_yticks([i + 0.5 for i in folds], [f"split {i + 1}" for i in folds], fontsize=10)
    ax.tick_params(length=0, labelsize=10)
    ax.spines[:].set_visible(False)
axes[1].set_xlabel("row, oldest first", fontsize=11)
figure.legend(
    [Patch(color=TRAIN), Patch(color=GAP), Patch(color=TEST), Patch(color=UNUSED)],
    ["train", "gap", "test", "not used"],
    loc="outside lower center",
    ncols=4,
    frameon=False,
    fontsize=11,
)
