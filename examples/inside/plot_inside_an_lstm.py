"""
Gates of a trained LSTM
=======================

Each window is noise with two peaks, and the target is the height of the later peak. A network has
to store the height of a peak, and to replace it when the next peak comes. The gates of the trained
LSTM show this.

Needs: ``pip install "skrnn[plot]"``.

Run it with ``python examples/inside/plot_inside_an_lstm.py``. It draws ``inside_an_lstm.png``.
"""

# %%
# Two peaks in noise
# ------------------
# The first peak is at one of the steps 4 to 18, the second at one of the steps 21 to 36.

from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd

from skrnn import LSTMRegressor
from skrnn.inspection import GateActivationDisplay, gate_activations

N_TRAIN, N_TEST, N_TIMESTEPS = 2_000, 500, 40
rng = np.random.default_rng(0)


def make_peaks(n_samples):
    """Return windows, the places of their two peaks, and their heights."""
    windows = rng.uniform(-0.5, 0.5, size=(n_samples, N_TIMESTEPS))
    places = np.column_stack([rng.integers(3, 18, n_samples), rng.integers(20, 36, n_samples)])
    heights = rng.uniform(1, 3, size=(n_samples, 2))
    np.put_along_axis(windows, places, heights, axis=1)
    return windows, places, heights


X_train, _, heights_train = make_peaks(N_TRAIN)
X_test, places_test, heights_test = make_peaks(N_TEST)
y_train, y_test = heights_train[:, 1], heights_test[:, 1]

# %%
# Training
# --------

model = LSTMRegressor(units=8, epochs=40, learning_rate=0.01, clipnorm=1.0, random_state=0)
model.fit(X_train, y_train)

# %%
# The gates
# ---------
# The table shows the gates of the test windows at the later peak and at steps without a peak. A
# forget gate at 1 keeps the state of its unit, and a forget gate at 0 deletes it.

gates = gate_activations(model, X_test)
is_peak = np.zeros(X_test.shape, dtype=bool)
np.put_along_axis(is_peak, places_test, True, axis=1)
rows = np.arange(N_TEST)
means = {
    f"{name} gate": {
        "at the later peak": gate[rows, places_test[:, 1]].mean(axis=0),
        "elsewhere": gate[~is_peak].mean(axis=0),
    }
    for name, gate in gates.items()
}
table = pd.DataFrame(
    {
        (name, where): pd.Series(values, index=range(1, model.units + 1))
        for name, of_gate in means.items()
        for where, values in of_gate.items()
    }
).rename_axis(index="unit")
print(f"\nHow far gates are open, mean of the test windows\n\n{table.round(2).to_string()}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


say(
    f"R² of the test windows: {model.score(X_test, y_test):.4f}. The height of the earlier peak "
    f"would reach {1 - np.mean((y_test - heights_test[:, 0]) ** 2) / np.var(y_test):.2f}."
)
forget, taken = means["forget gate"], means["input gate"]
closing = forget["at the later peak"] < forget["elsewhere"] / 2
opening = taken["at the later peak"] > 1.5 * taken["elsewhere"]
say(
    f"At a peak, the forget gate of {closing.sum()} of {model.units} units is open less than half "
    f"as far as elsewhere: what they held is dropped. The input gate of {opening.sum()} units is "
    "open half as far again or more: the new height is taken in."
)
say(
    f"In the mean of the units, forget gates stand at {forget['elsewhere'].mean():.2f} elsewhere, "
    f"and at {forget['at the later peak'].mean():.2f} at the peak."
)

# %%
# A picture
# ---------
# The first test window with two high peaks.

sample = int(np.flatnonzero((heights_test > 2).all(axis=1))[0])
display = GateActivationDisplay.from_estimator(model, X_test, sample=sample)
display.axes_[0].set_title("Input: noise and two peaks")

picture = Path("inside_an_lstm.png")
display.figure_.savefig(picture, dpi=100)
print(f"Picture: {picture}")
