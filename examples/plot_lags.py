"""
The table of lags: what textbooks write by hand
===============================================

A series becomes a table for a regressor by shifting it: one column for each month back. Here
``SlidingWindowTransformer`` writes that table for the unemployment rate of the United States, and
it is compared with the one made by hand. Linear models and a network are then given the same
table, and are judged against last month's rate and that of the same month of last year.

Needs: ``pip install "skrnn[examples]"``.
"""

# %%
# Unemployment, month by month
# ----------------------------
# The rate, in percent, is not adjusted for the season, so that it also moves with the month of the
# year. The years from 2000 on are kept for the end.

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
# ``lag1`` is the month before. The row of a month does not hold the rate of that month, so the
# rate may be the target, and nothing leaks. ``set_output`` asks for a DataFrame.

window = SlidingWindowTransformer(window_length=3, padding="nan").set_output(transform="pandas")
lags = window.fit_transform(train)
print(lags.assign(target=train["rate"]).head(6))

# %%
# By hand it is one ``shift`` for each column.

by_hand = pd.concat({f"rate_lag{k}": train["rate"].shift(k) for k in (3, 2, 1)}, axis=1)
pd.testing.assert_frame_equal(lags, by_hand)
print("Both tables are equal.")

# %%
# What differs is what comes after. The first test month needs the last training months:
# ``shift`` on the test rows alone has nothing to put there, while the transformer remembers the
# end of the training rows. It sees by the index that the test rows follow them.

print(window.transform(test).head(2))
print(pd.concat({f"rate_lag{k}": test["rate"].shift(k) for k in (3, 2, 1)}, axis=1).head(2))

# %%
# One table, several regressors
# -----------------------------
# Two years of lags hold the season twice. Steps before the first month are filled with the mean
# of the training rows, for linear models take no NaN. ``RidgeCV`` chooses its ``alpha``, and the
# network its number of epochs, from the training rows alone.


def behind_lags(model):
    """Put a regressor behind the table of lags."""
    steps = [
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(window_length=24)),
        ("model", model),
    ]
    return Pipeline(steps).set_output(transform="pandas")


def naive(**parameters):
    """Make a rival that answers in the units of its window, and so goes without a scaler."""
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
# Each month is predicted from the true months before it, by models that were fitted once.

errors = {}
for name, model in models.items():
    model.fit(train, train["rate"])
    errors[name] = root_mean_squared_error(test["rate"], model.predict(test))
table = pd.DataFrame({"RMSE": errors})
table["against last month"] = 1 - table["RMSE"] / table.loc["Last month", "RMSE"]
formats = {"RMSE": "{:.3f}".format, "against last month": "{:+.0%}".format}
print(f"One month ahead, in percentage points\n\n{table.to_string(formatters=formats)}")

# %%
# What the table says
# -------------------
# A linear model of lags is an autoregression, and its coefficients can be read, once they are
# divided by the scale of the rates. One close to 1 at lag 1 says "like last month"; one at lag 12
# and the opposite at lag 13 say "and add what the rate did at this time of last year".

linear_model = models["LinearRegression"]
scale = linear_model["scale"].scale_[0]
coefficients = pd.Series(
    linear_model["model"].coef_ / scale, linear_model[:-1].get_feature_names_out()
)
largest = coefficients[coefficients.abs().nlargest(4).index].round(2)
print(f"The largest coefficients of LinearRegression\n\n{largest.to_string()}\n")

rivals, linear = ["Last month", "Same month of last year"], ["LinearRegression", "RidgeCV"]
networks = [name for name in models if name not in rivals + linear]
rmse = table["RMSE"]
best = {
    kind: rmse[names].idxmin()
    for kind, names in {"rival": rivals, "linear": linear, "network": networks}.items()
}
verdict = (
    f"The best naive rival is {best['rival']!r} with an error of {rmse[best['rival']]:.3f}. "
    f"The best linear model, {best['linear']}, has {rmse[best['linear']]:.3f}; the best network, "
    f"{best['network']}, has {rmse[best['network']]:.3f}. "
)
if rmse.idxmin() in rivals:
    verdict += "Nothing beats the naive rival."
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
    "0.6" if name in rivals else "tab:blue" if name in linear else "tab:orange"
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
