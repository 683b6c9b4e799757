"""Forget gate: it keeps a value, and drops it when a new one comes (a sketch)."""

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(0)
steps = np.arange(1, 31)
read = rng.uniform(-0.4, 0.4, size=30)
peaks = np.array([8, 21])
read[peaks - 1] = 2.6, 1.8
gate = rng.uniform(0.88, 1.0, size=30)
gate[peaks - 1] = 0.08, 0.12

figure, (above, below) = plt.subplots(
    2, figsize=(4.6, 2.6), sharex=True, layout="constrained", height_ratios=(2, 1)
)
above.plot(steps, read, color="0.2")
above.set_ylabel("what is read")
above.set_title("a sketch", size=10, loc="right")
above.spines[["top", "right"]].set_visible(False)
image = below.imshow(
    gate[None], aspect="auto", cmap="viridis", vmin=0, vmax=1, extent=(0.5, 30.5, 0, 1)
)
below.set(xlabel="step", yticks=[], ylabel="forget\ngate")
figure.colorbar(image, ax=below, ticks=[0, 1])
