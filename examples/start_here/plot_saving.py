"""
Save a pipeline, load it, and continue training
===============================================

A fitted pipeline is saved to a file. No code of the file is run when it is loaded. The loaded
pipeline has exactly the same predictions. Its training is continued after the series has changed.
The example also shows the error for a damaged file, and a Keras model for machines without skrnn.

Needs: ``pip install "skrnn[persistence,plot]"``.

Run it with ``python examples/start_here/plot_saving.py``. It draws ``saving.png``.
"""

# %%
# A series with a change
# ----------------------
# The series is the daily number of visitors of a shop, for three years. It has a week with a busy
# Saturday, a yearly season, and correlated noise: after a good day, the next day is better than
# usual. From the third year on, the shop is also open on Sundays, and closed on Mondays. The
# pipeline is fitted on the first two years.

from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer

days = pd.date_range("2022-01-01", "2024-12-31", name="day")
rng = np.random.default_rng(0)
old_week = np.array([80.0, 90.0, 95.0, 100.0, 130.0, 180.0, 0.0])  # Monday to Sunday
new_week = np.array([0.0, 90.0, 95.0, 100.0, 120.0, 150.0, 120.0])
week = np.where(days >= "2024", new_week[days.day_of_week], old_week[days.day_of_week])
luck = np.zeros(len(days))
for t in range(1, len(days)):
    luck[t] = 0.6 * luck[t - 1] + rng.normal(0.0, 0.06)
season = 1 + 0.15 * np.cos(2 * np.pi * (days.day_of_year - 350) / 365)
visitors = pd.DataFrame({"visitors": (week * season * np.exp(luck)).round()}, index=days)

train = visitors.loc[:"2023"]
lately = visitors.loc["2024-01":"2024-06"]  # known when training is continued
coming = visitors.loc["2024-07":]  # test part

WINDOW = 14
steps = [
    ("scale", StandardScaler()),
    ("window", SlidingWindowTransformer(WINDOW)),
    ("model", GRURegressor(units=16, epochs=40, learning_rate=0.01, random_state=0)),
]
pipe = Pipeline(steps).set_output(transform="pandas")
pipe.fit(train, train["visitors"])
print(f"{len(train)} days to learn from, R² of them: {pipe.score(train, train['visitors']):.2f}")

# %%
# Save and load
# -------------
# The file holds the scaler, the last rows that the window remembers, the weights and the state of
# the optimizer. So the loaded pipeline continues the fitted series, and its predictions are equal
# bit for bit.

folder = TemporaryDirectory()
path = Path(folder.name) / "visitors.skrnn"
skrnn.save(pipe, path)
loaded = skrnn.load(path)

are_equal = np.array_equal(loaded.predict(lately), pipe.predict(lately))
print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
print(f"predictions of {len(lately)} days are equal, bit for bit: {are_equal}")

# %%
# A damaged file
# --------------
# One bit in the middle of the file is changed. The checksum in the first line is wrong now, and
# ``load`` raises an error. A checksum finds accidental damage, but no attack.

content = bytearray(path.read_bytes())
content[len(content) // 2] ^= 1
damaged = path.with_name("damaged.skrnn")
damaged.write_bytes(content)
try:
    skrnn.load(damaged)
except ValueError as error:
    print(fill(str(error).replace(folder.name, "").lstrip("/\\"), 88))

# %%
# A Keras model, for machines without skrnn
# -----------------------------------------
# ``to_keras`` makes a Keras model of the last step, which predicts in the units of y. It takes
# windows that the steps before it have made: scaled, of shape
# ``(n_samples, n_timesteps, n_features)``.

windows = loaded[:-1].transform(lately).to_numpy()[:, :, np.newaxis]
of_keras = loaded[-1].to_keras().predict(windows, verbose=0).ravel()
largest = np.abs(of_keras - loaded.predict(lately)).max()
print(f"to_keras, in visitors, differs by {largest:.0e} at most")

# %%
# Continue training
# -----------------
# In the third year, the week has changed. ``partial_fit`` of the last step trains one epoch on the
# rows of the new year, from the weights and the optimizer state of the file. Here it is called 20
# times, and this number was not tuned. The result is compared with the saved pipeline, with a
# pipeline that is fitted again on all rows up to June, and with two naive forecasts: yesterday, and
# the same day of last week.

X_lately = loaded[:-1].transform(lately)
for _ in range(20):
    loaded[-1].partial_fit(X_lately, lately["visitors"])

known = visitors.loc[:"2024-06"]
rules = {"yesterday": {}, "a week ago": {"strategy": "seasonal", "season_length": 7}}
models = {
    name: make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor(**rule))
    for name, rule in rules.items()
}
models["fitted anew"] = clone(pipe)
for model in models.values():
    model.fit(known, known["visitors"])
models |= {"as it was saved": pipe, "loaded, trained on": loaded}

# The saved and the loaded pipeline were fitted up to December, all others up to June. All of them
# can predict all rows: windows recognize fitted rows and hold the rows before.
predicted = pd.DataFrame(
    {name: model.predict(visitors) for name, model in models.items()}, index=visitors.index
).loc[coming.index]
error = predicted.apply(lambda column: root_mean_squared_error(coming["visitors"], column))
print(f"RMSE from July to December, in visitors\n\n{error.round(1).to_string()}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


before, after = error["as it was saved"], error["loaded, trained on"]
best_rule = error[list(rules)].idxmin()
say(
    f"Training on takes the error from {before:.1f} to {after:.1f} visitors a day; a fit of all "
    f"rows from the start reaches {error['fitted anew']:.1f}. The better of the naive forecasts, "
    f"{best_rule}, is at {error[best_rule]:.1f}."
)
say(f"The smallest error of all: {error.idxmin()}.")

# %%
# A picture
# ---------

shown = slice("2024-09-02", "2024-10-06")
figure, ax = plt.subplots(figsize=(9, 4.4), layout="constrained")
ax.plot(coming["visitors"].loc[shown], color="black", linewidth=2.5, label="real visitors")
styles = {
    "a week ago": {"color": "0.55", "linestyle": "--"},
    "as it was saved": {"color": "tab:orange"},
    "loaded, trained on": {"color": "tab:blue"},
}
for name, style in styles.items():
    label = f"{name} (RMSE {error[name]:.1f})"
    ax.plot(predicted[name].loc[shown], label=label, **style)
ax.set_title("Five weeks, each day predicted from the days before it")
ax.set_ylabel("Visitors a day")
ax.xaxis.set_major_locator(mdates.WeekdayLocator(mdates.MO))
ax.xaxis.set_major_formatter(mdates.DateFormatter("Mon %d %b"))
ax.grid(axis="y", color="0.92")
ax.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside lower center", ncols=2, frameon=False)
figure.savefig("saving.png", dpi=150)
plt.show()

folder.cleanup()
