"""
Recursive and direct forecasts of the sea temperature
=====================================================

A forecast of 24 hours can be recursive or direct. In a recursive forecast, a model of one hour is
used 24 times and reads its own predictions. In a direct forecast, a model with 24 outputs predicts
all hours at once. ``forecast`` does both, for networks and other regressors, and continues the
dates. Here both are compared with two naive forecasts: the last known temperature, and the
temperatures of the day before.

Needs: ``pip install "skrnn[examples]"``.

Run it with ``python examples/forecasting/plot_forecast.py``. It draws ``forecast.png``.
"""

# %%
# Temperatures of every hour
# --------------------------
# February to October are for training, and November is for the test. A network cannot follow a
# series beyond the range of its training rows. With fewer training months, November would be colder
# than all of them. ``linear_skip`` adds a linear map of the window to the recurrent part. Eleven
# hours of July are missing in the record. They are filled by a straight line.

from pathlib import Path
from textwrap import fill
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from bokeh_sampledata.sea_surface_temperature import sea_surface_temperature
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer, forecast
from skrnn.inspection import ForecastDisplay

sea = sea_surface_temperature.loc[:"2016-11-30", ["temperature"]]
sea = sea.resample("h").mean().interpolate()
train, november = sea.loc[:"2016-10"], sea.loc["2016-11"]
print(f"{len(train)} hours to learn from, {len(november)} to be judged by")

# %%
# Targets of one hour or of 24 hours
# ----------------------------------
# Only the target differs. A row of the direct models has 24 targets: its own hour and the next 23.
# The last 23 hours of October are no training rows, since their targets would reach into November.
#
# Units and learning rate of the network were chosen before, on October, with the months before
# October as training rows.

AHEAD, WINDOW = 24, 48
one_hour = train["temperature"]
all_hours = np.lib.stride_tricks.sliding_window_view(one_hour, AHEAD)


def windowed(model):
    window = SlidingWindowTransformer(WINDOW)
    steps = [("scale", StandardScaler()), ("window", window), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


def network():
    return GRURegressor(
        units=16,
        linear_skip=True,
        epochs=8,
        batch_size=64,
        learning_rate=0.001,
        clipnorm=1.0,
        random_state=0,
    )


def naive(**rule):
    return make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor(**rule))


def ridge():
    return RidgeCV(alphas=np.logspace(-6, 3, 10))


STAYS, REPEATS = "stays as it is", "as yesterday"
models = {
    STAYS: (naive(), one_hour),
    REPEATS: (naive(strategy="seasonal", season_length=24), one_hour),
    "Ridge, recursive": (windowed(ridge()), one_hour),
    "Ridge, direct": (windowed(ridge()), all_hours),
    "GRURegressor, recursive": (windowed(network()), one_hour),
    "GRURegressor, direct": (windowed(network()), all_hours),
}

# %%
# Training
# --------
# After training, each model forecasts every second day of November from midnight, with all hours
# before midnight as known rows.

# TensorFlow takes seconds to import. A first fit here keeps them out of the times below.
GRURegressor(units=1, epochs=1).fit(np.zeros((2, 3)), [0.0, 1.0])

midnights = november.index[november.index.hour == 0][::2]
made, seconds = {}, {}
for name, (model, y) in models.items():
    start = perf_counter()
    model.fit(train.iloc[: len(y)], y)
    fitted = perf_counter()
    made[name] = {
        midnight: forecast(model, AHEAD, X=sea.loc[: midnight - pd.Timedelta(hours=1)])
        for midnight in midnights
    }
    seconds[name] = fitted - start, perf_counter() - fitted
    print(f"{name}: done", flush=True)

# %%
# A forecast has the dates of the future rows, so errors are computed by date.

errors = {
    name: np.array([ahead - sea["temperature"].loc[ahead.index] for ahead in days.values()])
    for name, days in made.items()
}

# %%
# The table
# ---------
# RMSE over the forecast days of November, in degrees Celsius.

by_hour = pd.DataFrame({name: np.sqrt((e**2).mean(axis=0)) for name, e in errors.items()})
by_hour.index = range(1, AHEAD + 1)
table = pd.DataFrame({f"hour {hour}": by_hour.loc[hour] for hour in (1, 6, 12, 24)})
table["all 24"] = [np.sqrt((e**2).mean()) for e in errors.values()]
table["fit s"] = [fit for fit, _ in seconds.values()]
table["forecasts s"] = [rest for _, rest in seconds.values()]
formats = dict.fromkeys(("fit s", "forecasts s"), "{:.1f}".format)
print(
    f"\n{len(midnights)} forecasts of {AHEAD} hours, RMSE in °C\n\n"
    f"{table.to_string(float_format='{:.3f}'.format, formatters=formats)}\n"
)

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


naive_names, others = [STAYS, REPEATS], [name for name in models if name not in (STAYS, REPEATS)]
best_naive = table.loc[naive_names, "all 24"].idxmin()
limit = table.loc[best_naive, "all 24"]
better = [
    f"{name} (skill {1 - table.loc[name, 'all 24'] / limit:.2f})"
    for name in others
    if table.loc[name, "all 24"] < limit
]
worse = [name for name in others if table.loc[name, "all 24"] >= limit]
say(
    f"Of the forecasts that cost nothing, '{best_naive}' is the better one: {limit:.3f} °C over "
    f"all hours. Better than that: {', '.join(better) or 'none'}. Not better: "
    f"{', '.join(worse) or 'none'}. Differences of some thousandths over {len(midnights)} days "
    "prove little."
)
for family in ("Ridge", "GRURegressor"):
    recursive, direct = (table.loc[f"{family}, {way}"] for way in ("recursive", "direct"))
    winner = "recursive" if recursive["all 24"] < direct["all 24"] else "direct"
    say(
        f"{family}: over all hours the {winner} forecast is the better one "
        f"({recursive['all 24']:.3f} °C recursive, {direct['all 24']:.3f} °C direct; at hour 24 "
        f"{recursive['hour 24']:.3f} and {direct['hour 24']:.3f})."
    )

# %%
# A picture
# ---------
# Forecasts of one day of November, and the error by hours ahead.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4.5), width_ratios=[3, 2], layout="constrained"
)
midnight = midnights[len(midnights) // 2]
shown = sea["temperature"].loc[midnight - pd.Timedelta(days=2) : midnight + pd.Timedelta(hours=23)]
styles = {
    STAYS: {"color": "0.6", "linestyle": ":"},
    REPEATS: {"color": "0.6", "linestyle": "--"},
    "Ridge, recursive": {"color": "tab:green"},
    "Ridge, direct": {"color": "tab:green", "linestyle": "--"},
    "GRURegressor, recursive": {"color": "tab:blue"},
    "GRURegressor, direct": {"color": "tab:blue", "linestyle": "--"},
}
network_name = "GRURegressor, recursive"
ForecastDisplay.from_predictions(
    shown,
    made[network_name][midnight],
    border=midnight,
    name=network_name,
    ax=left,
    **styles[network_name],
)
for name in (STAYS, REPEATS, "GRURegressor, direct"):
    ahead = made[name][midnight]
    left.plot(ahead.index.tz_localize(None), ahead, label=name, **styles[name])
left.legend(frameon=False, fontsize="small")
left.set(title=f"{midnight:%d %B %Y}, forecast at midnight", ylabel="Sea temperature (°C)")
for name, style in styles.items():
    right.plot(by_hour.index, by_hour[name], label=name, **style)
right.set(title="November: error by hours ahead", xlabel="Hours ahead", ylabel="RMSE (°C)")
right.set_xticks(range(0, AHEAD + 1, 6))
right.legend(frameon=False, fontsize="small")
for ax in (left, right):
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)

picture = Path("forecast.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
