"""
A table of lags for regressors
==============================

To predict a series with a regressor, a table of lags is needed, with one column for each past
month. Here ``SlidingWindowTransformer`` makes this table for the unemployment rate of the United
States. The table is compared with one that is made by ``shift``. Then linear models and networks
use the table. They are compared with two naive forecasts: the rate of last month, and the
rate of the same month of last year.

Needs: ``pip install "skrnn[examples]"``.
"""

# %%
# Unemployment, month by month
# ----------------------------
# The rate, in percent, is not adjusted for the season, so it also depends on the month of the year.
# The years from 2000 on are the test part.

from textwrap import fill

import matplotlib.pyplot as plt
import pandas as pd
from bokeh_sampledata import unemployment1948
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer

years = unemployment1948.data.set_index("Year").drop(columns="Annual")
stacked = years.stack()
labels = [f"{year}-{month}" for year, month in stacked.index]
months = pd.PeriodIndex(pd.to_datetime(labels, format="%Y-%b"), freq="M", name="month")
rates = pd.DataFrame({"rate": stacked.to_numpy()}, index=months)
train, test = rates[:"1999"], rates["2000":]
print(f"{len(train)} months to train on, {len(test)} months to predict")
changes = train["rate"].diff().groupby(train.index.strftime("%B")).mean()
rising = ", ".join(f"{month} ({change:+.1f})" for month, change in changes.nlargest(2).items())
print(f"It rises most in {rising} percentage points on average.")

# %%
# The table
# ---------
# ``lag1`` is the month before. The row of a month does not hold the rate of this month. So the rate
# may be the target, without a leak. ``set_output`` makes the result a DataFrame.

window = SlidingWindowTransformer(window_length=3, padding="nan").set_output(transform="pandas")
lags = window.fit_transform(train)
print(lags.assign(target=train["rate"]).head(6))

# %%
# By hand, each column needs one ``shift``.

by_hand = pd.concat({f"rate_lag{k}": train["rate"].shift(k) for k in (3, 2, 1)}, axis=1)
pd.testing.assert_frame_equal(lags, by_hand)
print("Both tables are equal.")

# %%
# The tables of later rows differ. The first test month needs the last training months. ``shift`` of
# the test rows alone leaves these values missing. The transformer remembers the last training rows,
# and sees from the index that the test rows continue them.

print(window.transform(test).head(2))
print(pd.concat({f"rate_lag{k}": test["rate"].shift(k) for k in (3, 2, 1)}, axis=1).head(2))

# %%
# One table, several regressors
# -----------------------------
# Two years of lags hold the season twice. Steps before the first month are filled with the mean of
# the training rows, since linear models do not take NaN. ``RidgeCV`` chooses its ``alpha``, and
# the network chooses its number of epochs, from the training rows only.


def behind_lags(model):
    """Make a pipeline of the table of lags and a regressor."""
    steps = [
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(window_length=24)),
        ("model", model),
    ]
    return Pipeline(steps).set_output(transform="pandas")


def naive(**parameters):
    """Make a naive forecast. It has no scaler, since it predicts in the units of its window."""
    return make_pipeline(SlidingWindowTransformer(window_length=24), NaiveRegressor(**parameters))


gru = {
    "units": 16,
    "learning_rate": 0.01,
    "epochs": 150,
    "early_stopping": True,
    "patience": 20,
    "random_state": 0,
}
alphas = [0.01, 0.1, 1.0, 10.0, 100.0]
models = {
    "Last month": naive(),
    "Same month of last year": naive(strategy="seasonal", season_length=12),
    "LinearRegression": behind_lags(LinearRegression()),
    "RidgeCV": behind_lags(RidgeCV(alphas, cv=TimeSeriesSplit(5))),
    "GRURegressor": behind_lags(GRURegressor(**gru)),
    "GRURegressor, linear_skip": behind_lags(GRURegressor(**gru, linear_skip=True)),
}

# %%
# Errors
# ------
# Each month is predicted from the true rates before it, by models that are fitted once.

errors = {}
for name, model in models.items():
    model.fit(train, train["rate"])
    errors[name] = root_mean_squared_error(test["rate"], model.predict(test))
table = pd.DataFrame({"RMSE": errors})
table["against last month"] = 1 - table["RMSE"] / table.loc["Last month", "RMSE"]
formats = {"RMSE": "{:.3f}".format, "against last month": "{:+.0%}".format}
print(f"One month ahead, in percentage points\n\n{table.to_string(formatters=formats)}")

# %%
# Results in words
# ----------------
# A linear model of lags is an autoregression. Its coefficients can be read after a division by the
# scale of the rates. A coefficient close to 1 at lag 1 means "the rate of last month". A
# coefficient at lag 12, and the opposite one at lag 13, mean "plus the change of the same month of
# last year".

linear_model = models["LinearRegression"]
scale = linear_model["scale"].scale_[0]
coefficients = pd.Series(
    linear_model["model"].coef_ / scale, linear_model[:-1].get_feature_names_out()
)
largest = coefficients[coefficients.abs().nlargest(4).index].round(2)
print(f"The largest coefficients of LinearRegression\n\n{largest.to_string()}\n")

naive_names, linear = ["Last month", "Same month of last year"], ["LinearRegression", "RidgeCV"]
networks = [name for name in models if name not in naive_names + linear]
rmse = table["RMSE"]
best = {
    kind: rmse[names].idxmin()
    for kind, names in {"naive": naive_names, "linear": linear, "network": networks}.items()
}
verdict = (
    f"The best naive forecast is {best['naive']!r} with an error of {rmse[best['naive']]:.3f}. "
    f"The best linear model, {best['linear']}, has {rmse[best['linear']]:.3f}; the best network, "
    f"{best['network']}, has {rmse[best['network']]:.3f}. "
)
if rmse.idxmin() in naive_names:
    verdict += "Nothing beats the naive forecast."
elif rmse.idxmin() in linear:
    verdict += "On this table of lags the linear model wins, and the network is not needed."
else:
    gain = 1 - rmse[best["network"]] / rmse[best["linear"]]
    verdict += f"The network is ahead of the linear model by {gain:.0%}."
print(fill(verdict, 88))

# %%
# A picture
# ---------

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
left.bar(range(24, 0, -1), coefficients, color="tab:blue")
left.axhline(0, color="0.4", linewidth=0.8)
left.invert_xaxis()
left.set(
    title="LinearRegression on the table of lags",
    xlabel="Lag (months back)",
    ylabel="Coefficient",
    xticks=[1, 6, 12, 18, 24],
)
order = rmse[::-1]
colors = [
    "0.6" if name in naive_names else "tab:blue" if name in linear else "tab:orange"
    for name in order.index
]
right.barh(order.index, order, color=colors)
right.bar_label(right.containers[0], fmt="%.2f", padding=3)
right.set(title="Error since 2000, a month ahead", xlabel="RMSE (percentage points)")
right.margins(x=0.15)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
figure.savefig("lags.png", dpi=150)
plt.show()
