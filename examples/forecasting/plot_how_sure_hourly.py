"""
How sure is it? Temperature of the sea, every half hour
=======================================================

Half an hour ahead, no model predicts the temperature of the sea better than its last value. But
some half hours are calm and others are not, and a network learns which. It predicts five quantiles
in place of one number. This example trains on summer and autumn, and judges quantiles in November:
their pinball loss beside that of the naive forecast, the share of values that they cover, before
and after calibration, and a fan of the next day.

Needs: ``pip install "skrnn[examples]"``.

Run it with ``python examples/forecasting/plot_how_sure_hourly.py``. It draws
``how_sure_hourly.png``.
"""

# %%
# Four months to learn from
# -------------------------
# The record begins after its last gap. November is colder than all earlier rows, so windows are
# read relative to their last value (``normalize_windows="last"``).

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from bokeh_sampledata.sea_surface_temperature import sea_surface_temperature
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    ConformalIntervals,
    GRURegressor,
    NaiveRegressor,
    SlidingWindowTransformer,
    forecast,
)
from skrnn.inspection import ForecastDisplay, ReliabilityDisplay
from skrnn.metrics import interval_coverage, interval_width, winkler_score
from skrnn.model_selection import compare_regressors

started = perf_counter()
sea = sea_surface_temperature.loc["2016-07-09":"2016-11-30", ["temperature"]]
train, test = sea.loc[:"2016-10-31"], sea.loc["2016-11-01":]
print(f"{len(train)} rows to train on, {len(test)} rows of November")

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def pipeline(model):
    steps = make_pipeline(StandardScaler(), SlidingWindowTransformer(96), model)
    return steps.set_output(transform="pandas")


network = pipeline(
    GRURegressor(
        units=16,
        quantiles=LEVELS,
        normalize_windows="last",
        epochs=10,
        learning_rate=0.005,
        random_state=0,
    )
)
naive = pipeline(NaiveRegressor(quantiles=LEVELS))

# %%
# One table
# ---------
# Both predict the next half hour from the same two days. The quantiles of the naive forecast are
# the last value plus the quantiles of its errors in the training rows: always the same width.

border = len(train)
split = [(np.arange(border), np.arange(border, len(sea)))]
models = {"naive": naive, "GRU": network}
comparison = compare_regressors(models, sea, sea["temperature"], cv=split)
table = comparison.frame()
judged = ["RMSE", "pinball", "pinball skill", "coverage", "width", "Winkler", "CRPS"]
print(table[judged].round(4).T.to_string())

# %%
# The errors are alike, but the quantiles are not. November is calmer than the summer. The intervals
# of the naive forecast are too wide for it, and hold nearly all values. Those of the network adapt
# to the window.

skill = table.loc["GRU", "pinball skill"]
print(f"RMSE: {table.loc['GRU', 'skill']:+.1%} of skill. Pinball loss: {skill:+.1%} of skill.")

# %%
# Calibrated intervals
# --------------------
# Quantiles of a network follow the spread of its training rows. Nothing promises that they hold
# their share of new rows. ``ConformalIntervals`` keeps the last fifth of the training rows for
# calibration. ``predict_rolling`` also adapts to each test row once its value is known (Gibbs &
# Candès 2021), so each interval is made from earlier rows only.

y_test = test["temperature"]
rows = {}
for name, model in models.items():
    calibrated = ConformalIntervals(model, coverage=0.9).fit(train, train["temperature"])
    for method, quantiles in {
        "as predicted": comparison.quantiles[name],
        "calibrated": calibrated.predict_quantiles(test),
        "adapted": calibrated.predict_rolling(test, y_test),
    }.items():
        rows[name, method] = {
            "coverage, %": 100 * interval_coverage(y_test, quantiles),
            "width, °C": interval_width(quantiles),
            "Winkler": winkler_score(y_test, quantiles[:, [0, -1]], quantiles=(0.05, 0.95)),
        }
error = 100 * np.sqrt(0.9 * 0.1 / len(test))
print(f"Intervals of 90 %; the binomial error of the coverage is {error:.1f} points")
coverage = pd.DataFrame.from_dict(rows, orient="index")
print(coverage.round({"coverage, %": 1, "width, °C": 3, "Winkler": 3}).to_string())

# %%
# The margins of October are too narrow for November. Adapted to the rows of November, both models
# hold about 90 %. The network has no advantage left in width: the level of the naive forecast
# follows the calm month, too. The Winkler score counts width and misses.
#
# The next day
# ------------
# One step ahead, a model of one step has learned the quantiles. Further ahead, ``forecast`` draws
# 200 paths. Each draws a value between the predicted quantiles, reads it as the next row, and goes
# on. So the fan becomes wider with every step.

network.fit(train, train["temperature"])
fan = forecast(network, 48, quantiles=True, random_state=0)
print(fan.iloc[[0, 11, 23, 47]].round(2).to_string())

# %%
# A picture
# ---------
# Left: the fan of the first day of November, made on October 31. Right: the share of the values of
# November below each predicted quantile.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4.2), width_ratios=[3, 2], layout="constrained"
)
shown = sea["temperature"].loc["2016-10-30":"2016-11-01"]
ForecastDisplay.from_predictions(shown, fan, name="GRU, median", ax=left)
left.set(title="The next day, in steps of half an hour", ylabel="Temperature (°C)", xlabel="")
left.legend(frameon=False, loc="lower left")
for name, color in {"naive": "tab:orange", "GRU": "tab:blue"}.items():
    ReliabilityDisplay.from_predictions(
        y_test,
        comparison.quantiles[name],
        quantiles=LEVELS,
        name=name,
        ax=right,
        color=color,
    )
handles, labels = right.get_legend_handles_labels()
unique = dict(zip(labels, handles, strict=True))
right.legend(unique.values(), unique.keys(), frameon=False)
right.set_title("Half an hour ahead")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)

picture = Path("how_sure_hourly.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
print(f"{perf_counter() - started:.0f} s")
