"""
Does a network beat yesterday's price?
======================================

Ridge, a forest and four networks predict the opening price of Google for the next day. All use the
same three years, and each year is predicted from all days before it. ``compare_regressors`` adds
the naive forecast, yesterday's price. It shows how much better each model is, and whether this may
be chance. Before, ``check_leakage`` checks whether predictions depend on later prices.

Needs: ``pip install "skrnn[examples]"``.

Run it with ``python examples/comparison/plot_compare.py``. It draws ``compare.png``.
"""

# %%
# Prices and pipelines
# --------------------
# The window of a day holds the 30 opening prices before it. A search is a regressor like the
# others. It chooses again in each split, from the training days of the split. The last network
# reads each window relative to its last price (``normalize_windows``), so its training starts at
# yesterday's price.

from pathlib import Path
from textwrap import fill

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, minmax_scale

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices
from skrnn.inspection import ComparisonDisplay
from skrnn.model_selection import check_leakage, compare_regressors

prices = load_stock_prices("GOOG").loc["2008":"2012", ["Open"]]
target = prices["Open"]


def windowed(model):
    window = SlidingWindowTransformer(window_length=30)
    steps = [("scale", MinMaxScaler()), ("window", window), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


training = {
    "units": 32,
    "learning_rate": 0.01,
    "clipnorm": 0.1,
    "epochs": 20,
    "batch_size": 64,
    "random_state": 0,
}
ridge = GridSearchCV(
    windowed(Ridge()),
    {"model__alpha": [0.001, 0.01, 0.1, 1.0]},
    cv=TimeSeriesSplit(3),
    scoring="neg_root_mean_squared_error",
)
models = {
    "Ridge, tuned": ridge,
    "RandomForestRegressor": windowed(RandomForestRegressor(50, random_state=0)),
    "RNNRegressor": windowed(RNNRegressor(**training)),
    "LSTMRegressor": windowed(LSTMRegressor(**training)),
    "GRURegressor": windowed(GRURegressor(**training)),
    "GRURegressor, normalized": windowed(
        GRURegressor(
            **training
            | {"normalize_windows": "last", "learning_rate": 0.001, "early_stopping": True}
        )
    ),
}

# %%
# Check for leaks
# ---------------
# ``check_leakage`` changes later prices. The predictions before them must not change. The last line
# shows a common mistake: prices are scaled before they are split.


def prepare(raw):
    scaled = minmax_scale(raw)
    return scaled, scaled[:, 0]


honest, careless = windowed(Ridge()), Pipeline(windowed(Ridge()).steps[1:])
print(f"scaled in the pipeline: {check_leakage(honest, prices, target)}")
print(f"scaled beforehand: {check_leakage(careless, prices, None, prepare=prepare)}")

# %%
# The comparison
# --------------
# A year has about 252 trading days, so the three splits are nearly the years
# 2010, 2011 and 2012.

# TensorFlow takes seconds to import. A first fit here keeps them out of the times below.
RNNRegressor(units=1, epochs=1).fit(np.zeros((2, 3)), [0.0, 1.0])

comparison = compare_regressors(models, prices, target, cv=TimeSeriesSplit(3, test_size=252))
frame = comparison.frame()
columns = ["RMSE", "RMSE spread", "MAE", "skill", "MASE", "DM p", "fit s", "predict s"]
print(
    f"\nOpening price of the next day, in adjusted dollars\n\n{frame[columns].round(3).to_string()}"
)
chosen = [found["model__alpha"] for found in comparison.best_params["Ridge, tuned"]]
print(f"\nalpha that the search has chosen in each year: {', '.join(map(str, chosen))}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


others = frame.drop(index=comparison.baseline)
better = [f"{name} ({row.skill:+.1%})" for name, row in others.iterrows() if row.skill > 0]
worse = others[(others["skill"] < 0) & (others["DM p"] < 0.05)]
proven = others[(others["skill"] > 0) & (others["DM p"] < 0.05)]
say(f"A smaller error than yesterday's price: {', '.join(better) or 'none of them'}.")
say(
    f"Better beyond chance (p below 0.05): {', '.join(proven.index) or 'none'}. Worse beyond "
    f"chance: {', '.join(worse.index) or 'none'}."
)
say(
    f"{len(others)} regressors were tested against the naive forecast. Among as many, one p below "
    "0.05 comes up by chance more often than once in twenty times."
)

# %%
# A picture
# ---------

display = ComparisonDisplay.from_comparison(comparison)
display.figure_.set_size_inches(9, 4.2)
ax = display.ax_
ax.set(
    title="Google, one day ahead: error in 2010, 2011 and 2012",
    xlabel="RMSE (adjusted US dollars)",
)
ax.grid(axis="x", color="0.92")
ax.set_axisbelow(True)
ax.spines[["top", "right"]].set_visible(False)

picture = Path("compare.png")
display.figure_.savefig(picture, dpi=100)
print(f"Picture: {picture}")
