"""Four shapes of loss curves. They are drawn from formulas, not measured."""

import matplotlib.pyplot as plt
import numpy as np

from skrnn.inspection import LossCurveDisplay

epoch = np.arange(1, 41)
noise = np.random.default_rng(0).normal(size=(2, len(epoch)))
fast = np.exp(-epoch / 6)
curves = {
    "Still falling: train longer": (
        0.3 + 0.7 * np.exp(-epoch / 40),
        0.36 + 0.68 * np.exp(-epoch / 40),
    ),
    "Flat together: done": (0.15 + 0.8 * fast, 0.2 + 0.8 * fast),
    "Validation rises: overfit": (
        0.03 + 0.9 * np.exp(-epoch / 9),
        0.3 + 0.75 * fast + 0.00028 * np.maximum(epoch - 10, 0) ** 2,
    ),
    "Jumps: learning rate too high": (
        0.22 + 0.25 * fast + 0.06 * np.abs(noise[0]),
        0.26 + 0.25 * fast + 0.12 * np.abs(noise[1]),
    ),
}

figure, axes = plt.subplots(2, 2, figsize=(7, 5.4), sharex=True, sharey=True, layout="constrained")
for ax, (name, (loss, val_loss)) in zip(axes.flat, curves.items(), strict=True):
    LossCurveDisplay(loss=loss, val_loss=val_loss + 0.006 * noise[1]).plot(ax)
    ax.set_title(name, fontsize=11)
    ax.label_outer()
    ax.set_ylim(0, 1.15)
    ax.legend(fontsize=9, loc="upper right")
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
