"""
How sure is it? Returns of four stocks
======================================

Nobody predicts tomorrow's return of a stock from its past returns. But large changes follow large
changes, so the spread of the next return can be predicted. One network learns from four stocks, and
each stock is read alone (``group``). It is trained up to 2007, and judged in the crisis of 2008 and
in the years after it.

Needs: ``pip install "skrnn[examples]"``.

Run it with ``python examples/panels/plot_how_sure_panel.py``. It draws ``how_sure_panel.png``.
"""

# %%
# A panel of returns
# ------------------
# The size of a return is a feature of its own, as the spread depends on it. Rows are sorted by day,
# then by stock.

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices
from skrnn.model_selection import compare_regressors

started = perf_counter()
STOCKS = ["AAPL", "GOOG", "IBM", "MSFT"]
parts = {}
for stock in STOCKS:
    prices = load_stock_prices(stock)["Close"].loc["2004-09":]
    returns = 100 * np.log(prices).diff().dropna()  # in percent
    parts[stock] = pd.DataFrame({"return": returns, "size": returns.abs()})
panel = pd.concat(parts, names=["stock"]).swaplevel().sort_index()
days = panel.index.get_level_values("Date")
train, test = np.flatnonzero(days < "2008"), np.flatnonzero(days >= "2008")
print(f"{len(train)} rows to train on, {len(test)} rows from 2008 on")

# %%
# The models
# ----------
# The naive forecast is the mean of the last twenty returns, with the quantiles of its errors in the
# training rows. It gets the levels of the network.

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def pipeline(model):
    window = SlidingWindowTransformer(20, group="stock")
    return make_pipeline(StandardScaler(), window, model).set_output(transform="pandas")


network = GRURegressor(8, quantiles=LEVELS, epochs=5, learning_rate=0.003, random_state=0)
models = {"naive": pipeline(NaiveRegressor("mean")), "GRU": pipeline(network)}
comparison = compare_regressors(models, panel, panel["return"], cv=[(train, test)])
table = comparison.frame()
judged = ["RMSE", "pinball", "pinball skill", "coverage", "width", "Winkler", "CRPS"]
print(table[judged].round(3).T.to_string())

# %%
# Both intervals are about equally wide. Those of the network hold the right share, and its Winkler
# score is better, because its intervals are wide when they have to be.
#
# Year by year
# ------------
# Coverage of the 90 % interval in each year, in percent. It is right on average, and also has to
# be right in a bad year.

years = comparison.y_true.index.get_level_values("Date").year
real = comparison.y_true.to_numpy()
covered, width = {}, {}
for name, quantiles in comparison.quantiles.items():
    lower, upper = quantiles[:, 0], quantiles[:, -1]
    is_inside = pd.Series((lower <= real) & (real <= upper))
    covered[name] = 100 * is_inside.groupby(years).mean()
    width[f"width, {name}"] = pd.Series(upper - lower).groupby(years).mean()
by_year = pd.DataFrame(covered | width).rename_axis("year")
print(by_year.round(1).to_string())
worst = by_year[["naive", "GRU"]].min()
print(f"worst year: naive {worst['naive']:.0f} %, GRU {worst['GRU']:.0f} %")

# %%
# A picture
# ---------
# The intervals of one stock through the crisis.

stock = "GOOG"
is_stock = comparison.y_true.index.get_level_values("stock") == stock
dates = comparison.y_true.index.get_level_values("Date")[is_stock]
shown = slice(*dates.searchsorted(["2008-06-01", "2009-06-01"]))
figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.plot(dates[shown], real[is_stock][shown], ".", color="black", markersize=3.5, label="return")
for name, style in {
    "GRU": {"color": "tab:blue", "alpha": 0.3, "linewidth": 0},
    "naive": {"facecolor": "none", "edgecolor": "tab:orange", "linewidth": 1},
}.items():
    quantiles = comparison.quantiles[name][is_stock][shown]
    ax.fill_between(
        dates[shown], quantiles[:, 0], quantiles[:, -1], label=f"90 % interval, {name}", **style
    )
ax.set(title=f"{stock}: the interval of the network follows the crisis", ylabel="Return (%)")
ax.legend(frameon=False, ncols=3, loc="lower center")
ax.margins(x=0.01)
ax.set_ylim(-17, 15)
ax.grid(axis="y", color="0.92")
ax.spines[["top", "right"]].set_visible(False)

picture = Path("how_sure_panel.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
print(f"{perf_counter() - started:.0f} s")
