"""
Four stacked LSTM layers on a stock price
=========================================

A common first exercise with recurrent networks is to scale the opening prices of Google to the
range from 0 to 1, make windows of 60 days, stack four LSTM layers of 50 units with a dropout of
0.2, and predict the next months. This example uses a pipeline. It compares the four layers with one
layer of 50 units and with yesterday's price, which the exercise often leaves out.

Needs: ``pip install "skrnn[examples]"``.
"""

# %%
# Years to train on, months to predict
# ------------------------------------
# The test rows are the last rows: January, February and the first day of March 2013.

from textwrap import fill

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import LSTMRegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices

prices = load_stock_prices("GOOG")[["Open"]]
train, test = prices.loc["2010":"2012"], prices.loc["2013":]
highest = train["Open"].max()
n_above = int((test["Open"] > highest).sum())
print(f"{len(train)} days to train on, {len(test)} days to predict")
print(f"{n_above} of them lie above {highest:.0f} dollars, the highest price seen in training")

# %%
# The pipeline
# ------------
# The scaler is fitted on the training years only. Windows of the first test days hold days of
# December, since the test rows continue the training rows. The window sees this from the dates,
# which ``set_output`` keeps behind the scaler. So three usual steps of the exercise are not needed:
# to join training and test rows, to make windows by hand, and to invert the scaling. The target is
# in dollars, and the network standardizes it.

WINDOW = 60


def windowed(model):
    window = SlidingWindowTransformer(window_length=WINDOW)
    steps = [("scale", MinMaxScaler()), ("window", window), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


# %%
# Training
# --------
# ``units=(50, 50, 50, 50)`` has one number for each layer. Dropout follows each layer.
#
# The exercise usually has five years and 100 epochs in batches of 32. To finish in less than a
# minute, this example has three years and 20 epochs in batches of 64, with three times the default
# learning rate of Keras. The usual settings were tried with one seed. With them, both networks were
# closer to yesterday's price, and four layers closer than one, but neither was as good. Two seeds
# show how much a result depends on the random start.

training = {
    "dropout": 0.2,
    "epochs": 20,
    "batch_size": 64,
    "learning_rate": 0.003,
}
LAYERS = {"one layer of 50": 50, "four layers of 50": (50, 50, 50, 50)}
SEEDS = [0, 1]

forecasts, rows = {}, []
for name, units in LAYERS.items():
    for seed in SEEDS:
        lstm = LSTMRegressor(units=units, random_state=seed, **training)
        fitted = windowed(lstm).fit(train, train["Open"])
        forecasts[name, seed] = pd.Series(fitted.predict(test), index=test.index)
        n_parameters = sum(weight.size for weight in fitted["model"].weights_)
        rows.append({"model": name, "seed": seed, "parameters": n_parameters})

naive = make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor())
yesterday = pd.Series(naive.fit(train, train["Open"]).predict(test), index=test.index)

# %%
# The table
# ---------
# RMSE of all test days, and mean of prediction minus real price, in adjusted dollars.


def judge(forecast):
    difference = forecast - test["Open"]
    return {
        "RMSE": root_mean_squared_error(test["Open"], forecast),
        "mean difference": difference.mean(),
        "in January": difference.loc["2013-01"].mean(),
        "from February": difference.loc["2013-02":].mean(),
    }


for row in rows:
    row |= judge(forecasts[row["model"], row["seed"]])
rows.append({"model": "yesterday's price"} | judge(yesterday))
table = pd.DataFrame(rows).astype({"seed": "Int64", "parameters": "Int64"})
print(f"\n{table.round(1).to_string(index=False, na_rep='')}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


errors = table.groupby("model", sort=False)["RMSE"]
one, four = (errors.mean()[name] for name in LAYERS)
naive_rmse = errors.mean()["yesterday's price"]
apart = max(errors.max()[name] - errors.min()[name] for name in LAYERS)
say(
    f"Mean RMSE: {one:.1f} dollars with one layer, {four:.1f} with four, {naive_rmse:.1f} for "
    f"yesterday's price. Two seeds of the same network differ by up to {apart:.1f}."
)
n_better = int((table["RMSE"].iloc[:-1] < naive_rmse).sum())
say(f"{n_better} of {len(table) - 1} networks beat yesterday's price.")

# %%
# The mean difference shows the kind of the error. Prices rose, so a forecast that is a day late is
# slightly too low, such as yesterday's price. A forecast that is much lower does not follow prices.

networks_only = table.iloc[:-1]
n_low = int((networks_only["mean difference"] < 2 * table["mean difference"].iloc[-1]).sum())
share = (networks_only["mean difference"] ** 2 / networks_only["RMSE"] ** 2).mean()
say(
    f"{n_low} of {len(networks_only)} networks are too low by more than twice as much as "
    f"yesterday's price is. On average {share:.0%} of their squared error is this constant part."
)

# %%
# A network saturates. It hardly predicts prices beyond the range of its training prices, and learns
# little near the ends of the range, where training days are few. Prices of early 2013 are at the
# upper end and above. ``linear_skip=True`` adds a linear map of the window, which can follow them.

# %%
# A picture
# ---------

recent = prices["Open"].loc["2012-11":]
colors = {"one layer of 50": "tab:orange", "four layers of 50": "tab:blue"}
figure, ax = plt.subplots(figsize=(9, 4.8), layout="constrained")
ax.plot(recent, color="black", linewidth=2.5, label="real price")
ax.plot(yesterday, color="0.55", linestyle="--", label=f"yesterday's price ({naive_rmse:.1f})")
for (name, seed), forecast in forecasts.items():
    rmse = root_mean_squared_error(test["Open"], forecast)
    style = "-" if seed == SEEDS[0] else ":"
    label = f"{name}, seed {seed} ({rmse:.1f})"
    ax.plot(forecast, color=colors[name], linestyle=style, linewidth=1.6, label=label)
ax.axhline(highest, color="tab:red", linewidth=0.8)
ax.text(recent.index[0], highest + 1, "highest price of the training years", color="tab:red")
ax.axvline(pd.Timestamp("2013-01-01"), color="0.7", linewidth=1)
ax.set(
    title="Google, one day ahead: what four layers make of it",
    xlabel="November 2012 to March 2013",
    ylabel="Opening price (adjusted US dollars)",
)
ax.xaxis.set_major_locator(mdates.DayLocator([1, 15]))
ax.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))
ax.grid(axis="y", color="0.92")
ax.spines[["top", "right"]].set_visible(False)
figure.legend(
    *ax.get_legend_handles_labels(),
    loc="outside lower center",
    ncols=3,
    frameon=False,
    title="RMSE in brackets",
)

figure.savefig("stacked.png", dpi=150)
plt.show()
