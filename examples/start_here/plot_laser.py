"""
Pulses of a laser: a network follows what a line cannot
=======================================================

The intensity of a laser rises in pulses that grow and then collapse. The next value depends on the
last ones, but not in a linear way. This example predicts it by an LSTM, by ridge regression on the
same windows, and by two naive forecasts. All choices are made on the training rows.

Needs: ``pip install "skrnn[examples]"``.

Run it with ``python examples/start_here/plot_laser.py``. It draws ``laser.png``.
"""

# %%
# 3,000 measurements
# ------------------
# The laser is data set A of the Santa Fe competition (Weigend & Gershenfeld 1993), which comes with
# the package reservoirpy. The first 2,000 values are for training, the next 1,000 for the test.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from reservoirpy.datasets import santafe_laser
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import LSTMRegressor, NaiveRegressor, SlidingWindowTransformer

laser = santafe_laser()[:3000].astype(float)
train, test = laser[:2000], laser[2000:]

# %%
# Four models and their grids
# ---------------------------
# Ridge regression and the LSTM have the same windows to choose from. ``RidgeCV`` chooses its
# penalty itself. A pulse lasts some eight steps.

pipe = Pipeline(
    [
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(window_length=20)),
        ("model", NaiveRegressor()),
    ]
)
network = LSTMRegressor(units=32, epochs=30, learning_rate=0.01, random_state=0)
windows = {"window__window_length": [10, 20, 40]}
grids = {
    "last value": {"model": [NaiveRegressor()]},
    "one pulse ago": {
        "model": [NaiveRegressor(strategy="seasonal")],
        "model__season_length": [6, 7, 8, 9],
    },
    "RidgeCV": {"model": [RidgeCV(alphas=np.logspace(-6, 3, 10))], **windows},
    "LSTMRegressor": {"model": [network], **windows},
}

# %%
# Search
# ------
# Each split is trained on the rows before its 300 test rows. The search sees training rows only.

splits = TimeSeriesSplit(n_splits=3, test_size=300)
predicted, errors = {}, {}
for name, grid in grids.items():
    search = GridSearchCV(pipe, grid, cv=splits, scoring="neg_root_mean_squared_error")
    search.fit(train, train[:, 0])
    predicted[name] = search.predict(test)
    errors[name] = root_mean_squared_error(test[:, 0], predicted[name])
    chosen = ", ".join(
        f"{key.split('__')[-1]}={value}"
        for key, value in search.best_params_.items()
        if key != "model"
    )
    print(f"{name:14} RMSE {errors[name]:4.1f}  {chosen}")

# %%
# A picture
# ---------
# The values around a collapse, all of them test rows. Ridge regression is a weighted sum of the
# last values. It predicts pulses that are too low, goes on when they collapse, and predicts
# negative intensities. The LSTM has learned the collapse from earlier ones in the training rows.

steps = np.arange(2190, 2290)
styles = {
    "last value": {"color": "0.75", "linestyle": ":"},
    "one pulse ago": {"color": "0.75"},
    "RidgeCV": {"color": "tab:orange"},
    "LSTMRegressor": {"color": "tab:blue"},
}
figure, ax = plt.subplots(figsize=(9, 4.4), layout="constrained")
ax.plot(steps, laser[steps, 0], color="black", linewidth=4, label="measured")
for name, style in styles.items():
    label = f"{name} ({errors[name]:.1f})"
    ax.plot(steps, predicted[name][steps - 2000], linewidth=1.8, label=label, **style)
ax.set_title("Intensity of a laser, predicted one step ahead (test rows)")
ax.set_xlabel("Step")
ax.set_ylabel("Intensity")
ax.set_xlim(steps[0], steps[-1])
ax.grid(axis="y", color="0.92")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(title="RMSE in brackets", alignment="left", frameon=False, loc="upper right")

picture = Path("laser.png").resolve()
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
