"""
RNN, LSTM and GRU on an index of four shares
============================================

A stock index is computed from four shares. It is written to a CSV file with commas between the
thousands, as in many exports, and read again. A simple RNN, an LSTM and a GRU, each with four
layers of 32 units, predict the next value of the index. Early stopping keeps the weights of the
best epoch. The picture shows their loss curves and their predictions. The table also shows the
error of yesterday's value.

Needs: ``pip install "skrnn[examples]"``.
"""

# %%
# An index
# --------
# The index is the mean opening price of four shares. It is scaled to 1,000 points on the first day.

from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    NaiveRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
)
from skrnn.datasets import load_stock_prices
from skrnn.inspection import LossCurveDisplay

TICKERS = ["AAPL", "GOOG", "IBM", "MSFT"]
shares = pd.DataFrame({ticker: load_stock_prices(ticker)["Open"] for ticker in TICKERS})
mean = shares.loc["2009":"2012"].mean(axis=1)
points = (1000 * mean / mean.iloc[0]).rename("Points")

# %%
# A file with commas
# ------------------
# The comma in ``1,234.56`` separates no columns, so the file has quotation marks around it. Without
# ``thousands=","``, pandas reads this column as text.

with TemporaryDirectory() as directory:
    path = Path(directory) / "index.csv"
    points.map("{:,.2f}".format).to_csv(path)
    print("".join(path.read_text().splitlines(keepends=True)[-3:]))
    as_text = pd.read_csv(path, index_col="Date", parse_dates=["Date"])
    index = pd.read_csv(path, index_col="Date", parse_dates=["Date"], thousands=",")

print(f"without thousands: {as_text['Points'].iloc[-1]!r}")
print(f"with thousands: {index['Points'].iloc[-1]:.2f}")
np.testing.assert_allclose(index["Points"], points, atol=0.006)

# %%
# Three networks
# --------------
# The networks are trained on three years and tested on 2012. The last fifth of the training rows is
# held out. Training stops if the loss of these rows has not improved for 40 epochs, or after 150
# epochs, and the weights of the best epoch are kept. The test year is not used for this.
#
# Windows of 20 days, batches of 64 and a learning rate of 0.005, five times the default of Keras,
# keep the example short. With a learning rate of 0.003 and two seeds, the order of the networks was
# the same.

train, test = index.loc["2009":"2011"], index.loc["2012"]
WINDOW = 20
training = {
    "units": (32, 32, 32, 32),
    "learning_rate": 0.005,
    "epochs": 150,
    "batch_size": 64,
    "early_stopping": True,
    "validation_split": 0.2,
    "patience": 40,
    "random_state": 0,
}
networks = {
    "RNN": RNNRegressor(**training),
    "LSTM": LSTMRegressor(**training),
    "GRU": GRURegressor(**training),
}


def windowed(model):
    window = SlidingWindowTransformer(window_length=WINDOW)
    steps = [("scale", MinMaxScaler()), ("window", window), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


fitted = {name: windowed(model).fit(train, train["Points"]) for name, model in networks.items()}
naive = make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor())
naive.fit(train, train["Points"])

forecasts = {
    name: pd.Series(model.predict(test), index=test.index)
    for name, model in (fitted | {"yesterday's value": naive}).items()
}

# %%
# The table
# ---------

rows = {}
for name, forecast in forecasts.items():
    rows[name] = {
        "RMSE": root_mean_squared_error(test["Points"], forecast),
        "mean difference": (forecast - test["Points"]).mean(),
    }
    if name in fitted:
        model = fitted[name]["model"]
        losses = model.history_["val_loss"]
        rows[name] |= {
            "parameters": sum(weight.size for weight in model.weights_),
            "epochs": model.n_iter_,
            "best epoch": int(np.argmin(losses)) + 1,
            "best validation loss": min(losses),
        }
table = pd.DataFrame.from_dict(rows, orient="index")
table = table.astype({"parameters": "Int64", "epochs": "Int64", "best epoch": "Int64"})
shown = table.round(3).to_string(na_rep="")
print(f"\nErrors of 2012 in points, losses in variances of y\n\n{shown}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


naive_rmse = table.loc["yesterday's value", "RMSE"]
errors = table["RMSE"].drop("yesterday's value").sort_values()
better = [f"{name} ({rmse:.1f})" for name, rmse in errors.items() if rmse < naive_rmse]
others = [f"{name} ({rmse:.1f})" for name, rmse in errors.items() if rmse >= naive_rmse]
say(
    f"Yesterday's value has an RMSE of {naive_rmse:.1f} points. A smaller one: "
    f"{', '.join(better) or 'none'}. Not smaller: {', '.join(others) or 'none'}."
)

# %%
# A network saturates: it cannot follow a series far beyond its training values. The test days are
# split by the value of the day before, which is known when the forecast is made. A split by the
# real value of the day would favor forecasts that are too low.

highest = train["Points"].max()
is_above = forecasts["yesterday's value"] > highest
above, within = (
    {
        name: root_mean_squared_error(test["Points"][days], forecast[days])
        for name, forecast in forecasts.items()
    }
    for days in (is_above, ~is_above)
)
say("Each network was trained from one random start: the order of close ones may be chance.")
say(
    f"On {is_above.sum()} of {len(test)} test days the index was above {highest:,.0f} points the "
    "day before, the highest value of the training years. RMSE on these days: "
    f"{', '.join(f'{name} {rmse:.1f}' for name, rmse in above.items())}. On the others: "
    f"{', '.join(f'{name} {rmse:.1f}' for name, rmse in within.items())}."
)

# %%
# A picture
# ---------

figure, axes = plt.subplots(2, 3, figsize=(11, 6.6), sharey="row", layout="constrained")
for (name, model), history, course in zip(fitted.items(), *axes, strict=True):
    LossCurveDisplay.from_estimator(model, ax=history)
    history.set(yscale="log", xlabel="Epoch", ylabel="Loss (variances of y)")
    history.set_title(f"{name}, four layers of 32")
    course.plot(test["Points"], color="black", linewidth=2.2, label="real value")
    course.plot(forecasts[name], color="tab:blue", linewidth=1.3, label=name)
    course.axhline(highest, color="tab:red", linewidth=0.8, label="highest in training")
    course.set_title(
        f"RMSE {errors[name]:.1f} points (yesterday's value: {naive_rmse:.1f})", fontsize=10
    )
    course.set(xlabel="2012", ylabel="Index (points)")
    course.yaxis.set_major_formatter("{x:,.0f}")
    course.xaxis.set_major_locator(mdates.MonthLocator([1, 4, 7, 10]))
    course.xaxis.set_major_formatter(mdates.DateFormatter("%b"))
    course.legend(frameon=False, loc="upper left", fontsize=9)
for ax in axes.flat:
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="y", labelleft=ax in axes[:, 0])
    if ax not in axes[:, 0]:
        ax.set_ylabel("")

figure.savefig("index.png", dpi=150)
plt.show()
