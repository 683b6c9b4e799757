"""Gradient that is multiplied by the same factor at each step."""

import matplotlib.pyplot as plt
import numpy as np

back = np.arange(101)
figure, ax = plt.subplots(figsize=(4.6, 2.8), layout="constrained")
for factor, color, name, height in (
    (1.1, "tab:red", "1.1 a step: explodes", 3e3),
    (1.0, "0.4", "1.0 a step: arrives", 2.0),
    (0.9, "tab:blue", "0.9 a step: vanishes", 3e-4),
):
    ax.semilogy(back, factor**back, color=color, linewidth=2)
    ax.text(5 if factor != 1 else 62, height, name, color=color)
ax.set(xlabel="steps back", ylabel="gradient, relative")
ax.set_yticks([1e-4, 1e-2, 1, 1e2, 1e4])
ax.spines[["top", "right"]].set_visible(False)
