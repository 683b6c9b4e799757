"""
Prediction intervals with MAPIE
===============================

A network predicts one number for each row. MAPIE adds an interval that should contain the real
value in nine of ten rows. Adaptive conformal inference (Gibbs & Candès 2021) keeps this share while
the series changes. The method is explained in docs/intervals.md. This example uses it on returns of
Google through the crisis of 2008, on sea temperatures from autumn to winter, and on noisy waves,
which do not change.

Needs: ``pip install "skrnn[intervals]"``.

Run it with ``python examples/plot_intervals.py``. It draws ``intervals.png``.
"""

# %%
# Three parts in order of time
# ----------------------------
# The network is fitted on the first part. Its errors on the second part, the calibration part, give
# the width of the intervals. The third part is the test.
#
# The splits follow the calendar. Google: the year before the crisis is the calibration part, and
# all later years are the test, with another volatility. Sea: summer for training, October for
# calibration, November for the test. The series begins after the last gap of the record. The
# network learns changes of the temperature, since November is colder than all training days, and a
# network does not follow a series beyond the range of its training rows.

import warnings
from pathlib import Path
from textwrap import fill
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from bokeh_sampledata.sea_surface_temperature import sea_surface_temperature
from mapie.conformity_scores import AbsoluteConformityScore
from mapie.regression import SplitConformalRegressor, TimeSeriesRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices, make_noisy_waves

started = perf_counter()

prices = load_stock_prices("GOOG")["Close"]
returns = 100 * np.log(prices).diff().dropna().to_frame("log-return, %")
temperatures = sea_surface_temperature.loc["2016-07-09":"2016-11-30", "temperature"]
changes = temperatures.diff().dropna().to_frame("change in half an hour, °C")

GOOGLE, SEA, WAVES = "Google, daily", "Sea, half-hourly", "Noisy waves"
series = {
    GOOGLE: (returns.loc[:"2006"], returns.loc["2007"], returns.loc["2008":]),
    SEA: (changes.loc[:"2016-09"], changes.loc["2016-10"], changes.loc["2016-11":]),
}
units = {GOOGLE: "%", SEA: "°C", WAVES: "1"}

# %%
# Each noisy wave is its own series. All are drawn in the same way: 50 values are known, and the
# next one is predicted. Only here, the assumption of split conformal prediction holds.

waves = make_noisy_waves(5_000, 51, random_state=42)
X_waves, y_waves = waves[:, :50], waves[:, 50]
waves_train, waves_calibration, waves_test = slice(3_000), slice(3_000, 4_000), slice(4_000, None)

# %%
# The method
# ----------
# Windows are made once, for all rows in one call, so each window has the true values before its
# row. MAPIE gets the network and the windows of the rows after training, not the whole pipeline.
# MAPIE predicts one row at a time, and a pipeline would give a single row the window of another
# row.


def windows_of(pipe, train, calibration, test):
    """Fit a pipeline; return its last step, and windows and values of the rows after training."""
    pipe.fit(train, train.iloc[:, 0])
    rows = pd.concat([train, calibration, test])
    later = slice(len(train), None)
    return pipe[-1], pipe[:-1].transform(rows)[later], rows.iloc[later, 0].to_numpy()


LEVEL = 0.9
# The step size of the paper. It was not tuned on these series.
GAMMA = 0.005


def split_conformal(network, windows, y, n_calibration):
    """Return lower and upper bounds whose distance to the forecast never changes."""
    # Scores with a sign, as in MAPIE's adaptive regressor, so the methods differ in one point.
    split = SplitConformalRegressor(
        network, confidence_level=LEVEL, conformity_score=AbsoluteConformityScore(sym=False)
    )
    split.conformalize(windows[:n_calibration], y[:n_calibration])
    return split.predict_interval(windows[n_calibration:])[1][:, :, 0]


def adaptive_conformal(network, windows, y, n_calibration, *, update=True):
    """Return lower and upper bounds. Each is made before the real value of its row is used."""
    aci = TimeSeriesRegressor(network, method="aci", cv="prefit")
    aci.fit(windows[:n_calibration], y[:n_calibration])
    bounds = []
    with warnings.catch_warnings():
        # Each call of update warns that it has changed in a release. The new behavior is used here.
        warnings.filterwarnings("ignore", r"\s*This function behavior has been changed")
        for row in range(n_calibration, len(y)):
            x, value = windows[[row]], y[[row]]
            _, interval = aci.predict(x, confidence_level=LEVEL, allow_infinite_bounds=True)
            bounds.append(interval[0, :, 0])
            # Now the real value is known. First the level is adapted, with the scores of the
            # interval. Then the residual of this row replaces the oldest one.
            aci.adapt_conformal_inference(x, value, gamma=GAMMA, confidence_level=LEVEL)
            if update:
                aci.update(x, value)
    return np.array(bounds)


# %%
# Training
# --------
# For Google and the sea, the naive rival predicts the mean of the window. This is nearly no change,
# which is hard to beat. For the waves, the naive rival predicts the last value.

models, rivals, n_calibration = {}, {}, {}
for name, window_length in [(GOOGLE, 60), (SEA, 48)]:
    network = make_pipeline(
        StandardScaler(),
        SlidingWindowTransformer(window_length),
        GRURegressor(units=16, epochs=5, learning_rate=0.005, random_state=0),
    )
    naive = make_pipeline(SlidingWindowTransformer(window_length), NaiveRegressor(strategy="mean"))
    models[name] = windows_of(network, *series[name])
    rivals[name] = windows_of(naive, *series[name])
    n_calibration[name] = len(series[name][1])

later = slice(waves_calibration.start, None)
network = GRURegressor(units=16, epochs=10, learning_rate=0.005, random_state=0)
for model, of_series in [(network, models), (NaiveRegressor(), rivals)]:
    model.fit(X_waves[waves_train], y_waves[waves_train])
    of_series[WAVES] = (model, X_waves[later], y_waves[later])
n_calibration[WAVES] = waves_calibration.stop - waves_calibration.start

# %%
# The table
# ---------
# "error" is the binomial standard error of a coverage of 90 % in this number of rows. Widths are
# means of the finite intervals, in the unit of the series.

bounds, rows = {}, {}
for kind, of_series in {"GRURegressor": models, "NaiveRegressor": rivals}.items():
    for name, (model, windows, y) in of_series.items():
        real = y[n_calibration[name] :]
        row = {"unit": units[name], "rows": len(real)}
        for method, make in {"ACI": adaptive_conformal, "split": split_conformal}.items():
            low, high = make(model, windows, y, n_calibration[name]).T
            bounds[name, kind, method] = low, high
            width = high - low
            row[f"{method} %"] = 100 * np.mean((low <= real) & (real <= high))
            row[f"{method} width"] = width[np.isfinite(width)].mean()
            row[f"{method} infinite"] = np.isinf(width).sum()
        row["error"] = 100 * np.sqrt(LEVEL * (1 - LEVEL) / len(real))
        rows[name, kind] = row
        print(name, kind, "is done", flush=True)

table = pd.DataFrame.from_dict(rows, orient="index").loc[
    [(name, kind) for name in units for kind in ("GRURegressor", "NaiveRegressor")]
]
shown = pd.DataFrame(
    {
        "unit": table["unit"],
        "rows": table["rows"],
        **{
            f"{method}, %": [
                f"{covered:.1f} ± {error:.1f}"
                for covered, error in zip(table[f"{method} %"], table["error"], strict=True)
            ]
            for method in ("ACI", "split")
        },
        **{f"{method} width": table[f"{method} width"] for method in ("ACI", "split")},
        "infinite": table["ACI infinite"],
    }
)
print(
    f"\nCoverage of intervals of {LEVEL:.0%}, with the binomial error, and their mean width\n\n"
    f"{shown.to_string(float_format='{:.3f}'.format)}\n"
)

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


for method, title in {"ACI": "adaptive", "split": "split"}.items():
    off = table[f"{method} %"] - 100 * LEVEL
    within = off.abs() <= 2 * table["error"]
    said = [
        f"{name} with {kind} lies {abs(off[name, kind]):.1f} points "
        f"{'above' if off[name, kind] > 0 else 'below'}"
        for name, kind in table.index[~within]
    ]
    say(
        f"{within.sum()} of {len(within)} coverages of {title} conformal prediction lie within two "
        f"standard errors of {LEVEL:.0%}." + (f" The others: {'; '.join(said)}." if said else "")
    )

for name in units:
    wide, rival = (
        table.loc[(name, kind), "ACI width"] for kind in ("GRURegressor", "NaiveRegressor")
    )
    say(
        f"{name}: the adaptive intervals of the network are {abs(1 - wide / rival):.0%} "
        f"{'narrower' if wide < rival else 'wider'} than those of the naive rival."
    )

days = series[GOOGLE][2].index
model, windows, y = models[GOOGLE]
low, high = adaptive_conformal(model, windows, y, n_calibration[GOOGLE], update=False).T
real = y[n_calibration[GOOGLE] :]
kept = 100 * np.mean((low <= real) & (real <= high))
say(
    f"{GOOGLE}, when the residuals of the calibration part are kept for good, without update: "
    f"coverage is {kept:.1f} %, with {np.isinf(high - low).sum()} infinite intervals in place of "
    f"{table.loc[(GOOGLE, 'GRURegressor'), 'ACI infinite']}: no old residual is as large as the "
    "level asks for."
)
n_rows = len(real)
covered = {}
for method in ("ACI", "split"):
    low, high = bounds[GOOGLE, "GRURegressor", method]
    covered[method] = 100 * pd.Series((low <= real) & (real <= high), days).rolling(100).mean()
say(
    f"In the worst hundred days of {GOOGLE}, {covered['ACI'].min():.0f} values lay in the adaptive "
    f"intervals; for split conformal prediction, at its worst, {covered['split'].min():.0f}."
)
slack = 100 * (LEVEL + GAMMA) / (GAMMA * n_rows)
say(
    f"What is proven for {n_rows:,} rows and a step of {GAMMA} is only that coverage is within "
    f"{slack:.1f} points of {LEVEL:.0%}."
)

# %%
# A picture
# ---------
# The upper part shows ten months of the test part of Google. The lower part shows the share of the
# last hundred days that was covered, over the whole test part.

stretch = slice(*days.searchsorted(["2008-07-01", "2009-05-01"]))
colors = {"ACI": "tab:blue", "split": "tab:orange"}
labels = {"ACI": "adaptive (ACI)", "split": "split conformal"}
figure, (above, below) = plt.subplots(
    2, 1, figsize=(9, 4.8), height_ratios=[2, 1], layout="constrained"
)
for method in ("ACI", "split"):
    low, high = bounds[GOOGLE, "GRURegressor", method]
    above.fill_between(
        days[stretch],
        low[stretch],
        high[stretch],
        color=colors[method],
        alpha=0.25,
        linewidth=0,
        label=f"90 % interval, {labels[method]}",
    )
    below.plot(covered[method], color=colors[method], linewidth=1.2)
predicted = model.predict(windows[n_calibration[GOOGLE] :])
above.plot(days[stretch], real[stretch], ".", color="black", markersize=3.5, label="real value")
above.plot(days[stretch], predicted[stretch], color="tab:green", linewidth=1, label="GRURegressor")
above.set_ylabel("Daily log-return (%)")
above.set_title("Google through the crisis: intervals that adapt, and intervals that do not")
above.legend(frameon=False, ncols=4, fontsize=8, loc="lower center")
above.margins(x=0.01)
above.set_ylim(-20, 16)
below.axhline(100 * LEVEL, color="0.4", linewidth=0.8, linestyle="--")
below.set_ylabel("Covered, of the\nlast 100 days (%)")
below.set_xlabel("Date")
below.margins(x=0.01)
for ax in (above, below):
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)

picture = Path("intervals.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
print(f"{perf_counter() - started:.0f} s")
