"""Share of a state that is left after some steps, for the initial biases of the gates."""

import matplotlib.pyplot as plt
import numpy as np

MEMORY_STEPS = 100
steps = np.arange(101)


def sigmoid(z):
    """Return how far a gate with this bias is open."""
    return 1 / (1 + np.exp(-z))


figure, ax = plt.subplots(figsize=(4.6, 3.0), layout="constrained")
# Evenly spaced, where fit draws them.
biases = np.log(np.linspace(1, MEMORY_STEPS - 1, 8))
for i, bias in enumerate(biases):
    label = "memory_steps=100, eight units" if i == 0 else None
    ax.plot(steps, sigmoid(bias) ** steps, color="tab:red", linewidth=1, label=label)
ax.plot(steps, sigmoid(1.0) ** steps, color="tab:blue", linewidth=2.5, label="LSTM, default")
ax.plot(steps, sigmoid(0.0) ** steps, color="0.4", linewidth=2.5, ls="--", label="GRU, default")
ax.set(xlabel="steps later", ylabel="share of the state that is left", ylim=(0, 1))
ax.legend(frameon=False, loc="upper right", fontsize=9)
ax.spines[["top", "right"]].set_visible(False)
