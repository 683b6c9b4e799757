"""
How many units does an LSTM need?
=================================

LSTMs with 10 to 200 units predict the opening price of the next day. Each is trained from three
random starts. So the differences between sizes can be compared with the differences between fits of
the same size. Yesterday's price and Ridge are in the same table.

Needs: ``pip install "skrnn[examples]"``.
"""

# %%
# Prices to learn from and prices to predict
# ------------------------------------------
# The models are trained on three years of Microsoft and tested on the fourth. In the test year, the
# price stays in the range of the training years, or close to it. Beyond this range a network
# saturates, which would hide the effect of the units.

from textwrap import fill

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import LSTMRegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices

prices = load_stock_prices("MSFT")[["Open"]]
train, test = prices.loc["2008":"2010"], prices.loc["2011"]
print(f"{len(train)} days to train on, {len(test)} days of 2011 to predict")
for name, part in {"training": train, "test": test}.items():
    print(f"{name}: {part['Open'].min():.1f} to {part['Open'].max():.1f} dollars")

# %%
# One pipeline, several sizes
# ---------------------------
# A day is predicted from the 30 opening prices before it. The scaler is a step of the pipeline, so
# it is fitted on the training years only.

WINDOW = 30


def windowed(model):
    window = SlidingWindowTransformer(window_length=WINDOW)
    steps = [("scale", MinMaxScaler()), ("window", window), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


def error(forecast):
    return root_mean_squared_error(test["Open"], forecast)


# %%
# Naive forecast and Ridge
# ------------------------
# Yesterday's price needs no training. Ridge chooses its penalty on the training years.

naive = make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor())
ridge = GridSearchCV(
    windowed(Ridge()),
    {"model__alpha": [0.001, 0.01, 0.1, 1.0]},
    cv=TimeSeriesSplit(3),
    scoring="neg_root_mean_squared_error",
)
others = {
    name: error(model.fit(train, train["Open"]).predict(test))
    for name, model in {"yesterday's price": naive, "Ridge": ridge}.items()
}
for name, rmse in others.items():
    print(f"{name}: RMSE {rmse:.3f} dollars")

# %%
# The networks
# ------------
# The number of parameters grows with the square of the units. The table shows all sizes and all
# seeds. None is chosen by its error in the test year.
#
# To keep the example short, training has 15 epochs in batches of 64, with a learning rate of 0.005,
# five times the default of Keras. This is less than the networks need. With 80 epochs in batches of
# 32, the default rate and one seed, networks of 10, 50, 100 and 200 units were closer to
# yesterday's price. 100 units were the closest, 10 units the least close, and none was as good.
# With a rate of 0.01, one network of 200 units learned almost nothing, and yesterday's price was
# the best, too.

SIZES = [10, 25, 50, 100, 200]
SEEDS = [0, 1, 2]

forecasts, rows = {}, []
for units in SIZES:
    for seed in SEEDS:
        lstm = LSTMRegressor(
            units=units, epochs=15, batch_size=64, learning_rate=0.005, random_state=seed
        )
        fitted = windowed(lstm).fit(train, train["Open"])
        forecasts[units, seed] = fitted.predict(test)
        rows.append(
            {
                "units": units,
                "parameters": sum(weight.size for weight in fitted["model"].weights_),
                "seed": seed,
                "training loss": fitted["model"].history_["loss"][-1],
                "test RMSE": error(forecasts[units, seed]),
            }
        )
table = pd.DataFrame(rows)
shown = table.pivot(index=["units", "parameters"], columns="seed")
print(f"\nRMSE in adjusted dollars, loss in variances of y\n\n{shown.round(3).to_string()}\n")

# %%
# Does more help?
# ---------------
# A difference between sizes matters if it is larger than the difference between seeds.


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


by_size = table.groupby("units")["test RMSE"]
mean, spread = by_size.mean(), (by_size.max() - by_size.min()).mean()
small, large = 50, 100
say(
    f"From {small} to {large} units the mean error goes from {mean[small]:.3f} to "
    f"{mean[large]:.3f} dollars. Seeds of one size lie {spread:.3f} apart on average, and the "
    f"means of all sizes {mean.max() - mean.min():.3f}."
)
say(
    f"The smallest mean error is that of {mean.idxmin()} units, the largest that of "
    f"{mean.idxmax()}. More units lower it at each step of the table: "
    f"{'yes' if mean.is_monotonic_decreasing else 'no'}."
)
yesterday = others["yesterday's price"]
n_better = int((table["test RMSE"] < yesterday).sum())
say(
    f"{n_better} of {len(table)} networks beat yesterday's price ({yesterday:.3f}). The best of "
    f"all sizes and seeds has {table['test RMSE'].min():.3f}, Ridge {others['Ridge']:.3f}."
)

# %%
# A picture
# ---------
# Left: the last two months of the test year, for three sizes and the first seed. Right: the error
# of each fit, with a line through the means.

last = test.loc["2011-11":"2011-12"]
colors = {10: "tab:orange", 50: "tab:blue", 200: "tab:purple"}
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.4), width_ratios=[3, 2], layout="constrained"
)
left.plot(last["Open"], color="black", linewidth=2.5, label="real price")
for units, color in colors.items():
    forecast = pd.Series(forecasts[units, SEEDS[0]], index=test.index)[last.index]
    left.plot(forecast, color=color, linewidth=1.4, label=f"{units} units")
left.set(
    title="Microsoft, one day ahead", xlabel="2011", ylabel="Opening price (adjusted US dollars)"
)
left.xaxis.set_major_locator(mdates.DayLocator([1, 15]))
left.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))
left.legend(frameon=False, ncols=2)

places = np.arange(len(SIZES))
right.plot(places, mean, color="tab:blue", label="LSTM, mean of seeds")
right.plot(
    np.searchsorted(SIZES, table["units"]),
    table["test RMSE"],
    color="tab:blue",
    marker="o",
    linestyle="none",
    alpha=0.5,
    label="LSTM, each seed",
)
right.axhline(yesterday, color="0.4", linestyle="--", label="yesterday's price")
right.axhline(others["Ridge"], color="tab:green", label="Ridge")
right.set_xticks(places, SIZES)
right.set(title="Error of the test year", xlabel="Units", ylabel="RMSE (adjusted US dollars)")
right.set_ylim(0, table["test RMSE"].max() * 1.45)
right.legend(frameon=False, loc="upper right", fontsize=9)
for ax in (left, right):
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)

figure.savefig("units.png", dpi=150)
plt.show()
