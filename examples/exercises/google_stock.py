"""
Tomorrow's Google price: can a network beat yesterday's?
========================================================

Recurrent networks are tuned on five years of daily prices. Then they predict the opening price of
the next trading day, for a month that they have not seen. Four classical regressors use the same
pipeline and the same splits. All models are compared with the naive forecast, which predicts the
price of the day before.

Needs: ``pip install "skrnn[examples]"``.

This example takes about a minute, so it is not run in the gallery. Run it with
``python examples/exercises/google_stock.py``. It draws ``google_stock.png``.
"""

# %%
# Five years to learn from, one month to predict
# ----------------------------------------------
# Prices are in adjusted dollars: because of the stock split of 2014, they are
# about half of the prices of the time. The index holds the dates.

from pathlib import Path
from textwrap import fill

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    NaiveRegressor,
    RNNRegressor,
    SlidingWindowTransformer,
)
from skrnn.datasets import load_stock_prices

prices = load_stock_prices("GOOG")
train = prices.loc["2008":"2012"]
january = prices.loc["2013-01"]
print(f"{len(train)} days to train on, {len(january)} days of January 2013 to predict")

# %%
# One pipeline for all models
# ---------------------------
# The window of a day holds the 60 opening prices before it. So the opening price may be the target,
# without a leak. The rows of January continue the training years: the window sees this from the
# dates, which ``set_output`` keeps behind the scaler. So the first window holds the end of 2012.

WINDOW = 60


def windowed(model):
    """Make a pipeline of the scaler, the window and a regressor."""
    window = SlidingWindowTransformer(window_length=WINDOW)
    steps = [("scale", MinMaxScaler()), ("window", window), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


# %%
# Models and their grids
# ----------------------
# Each entry is a pipeline and its grid. The naive forecast has nothing to tune. It has no scaler,
# since it predicts in the units of its window. ``RidgeCV`` chooses its penalty itself.
#
# The three networks have the same training settings. With ``normalize_windows="last"`` they read
# each window relative to its last price, and add what they say to this price. So training starts at
# the naive forecast, and early stopping ends it before the networks learn noise. The grid searches
# units and dropout.

training = {
    "normalize_windows": "last",
    "epochs": 30,
    "early_stopping": True,
    "patience": 5,
    "batch_size": 64,
    "random_state": 0,
}
network_grid = {"model__units": [32, 64], "model__dropout": [0.0, 0.2]}

# Unlike the recurrent regressors, MLPRegressor does not scale its target. With raw prices, most of
# its training would only reach their level. Its best solver for a thousand rows is L-BFGS.
mlp = TransformedTargetRegressor(
    MLPRegressor(solver="lbfgs", max_iter=5000, random_state=0), transformer=StandardScaler()
)

candidates = {
    "NaiveRegressor": (
        make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor()),
        {},
    ),
    "Ridge": (windowed(RidgeCV(alphas=np.logspace(-6, 3, 10))), {}),
    "RandomForestRegressor": (
        windowed(RandomForestRegressor(random_state=0)),
        {"model__min_samples_leaf": [1, 5], "model__max_features": [0.3, 1.0]},
    ),
    "HistGradientBoostingRegressor": (
        windowed(HistGradientBoostingRegressor(random_state=0)),
        {"model__learning_rate": [0.05, 0.1], "model__max_leaf_nodes": [7, 31]},
    ),
    "MLPRegressor": (
        windowed(mlp),
        # With more units than these, it fits noise, and its errors grow.
        {
            "model__regressor__hidden_layer_sizes": [(4,), (16,)],
            "model__regressor__alpha": [0.3, 1.0],
        },
    ),
    "RNNRegressor": (windowed(RNNRegressor(**training)), network_grid),
    "LSTMRegressor": (windowed(LSTMRegressor(**training)), network_grid),
    "GRURegressor": (windowed(GRURegressor(**training)), network_grid),
}

# %%
# Search
# ------
# A year has about 252 trading days, so the three folds are 2010, 2011 and 2012. Each is predicted
# from all days before it. January is not used until the search has chosen.

cv = TimeSeriesSplit(n_splits=3, test_size=252)

# TensorFlow takes seconds to import. A first fit here keeps them out of the times below.
RNNRegressor(units=1, epochs=1).fit(np.zeros((2, 3)), [0.0, 1.0])

searches, forecasts = {}, {}
for name, (pipeline, grid) in candidates.items():
    search = GridSearchCV(pipeline, grid, cv=cv, scoring="neg_root_mean_squared_error", n_jobs=2)
    searches[name] = search.fit(train[["Open"]], train["Open"])
    forecasts[name] = search.predict(january[["Open"]])
    chosen = ", ".join(f"{key.split('__')[-1]}={v}" for key, v in search.best_params_.items())
    print(f"{name}: {chosen or 'nothing to tune'}", flush=True)

# %%
# The naive forecast equals yesterday's price exactly. This shows that each row is aligned with its
# target, also on the first day of January.

yesterday = prices["Open"].shift(1).loc["2013-01"]
np.testing.assert_array_equal(forecasts["NaiveRegressor"], yesterday)

# %%
# The table
# ---------
# RMSE in adjusted dollars. "CV RMSE" is the mean over the three years, and "spread" is their
# standard deviation. "fit s" is the time of one fit of the chosen model on all five years.

by_year = pd.DataFrame(
    {
        name: [-s.cv_results_[f"split{k}_test_score"][s.best_index_] for k in range(cv.n_splits)]
        for name, s in searches.items()
    }
)
table = pd.DataFrame(
    {
        "CV RMSE": by_year.mean(),
        "spread": by_year.std(ddof=0),
        "January RMSE": {
            name: root_mean_squared_error(january["Open"], forecast)
            for name, forecast in forecasts.items()
        },
        "fit s": {name: search.refit_time_ for name, search in searches.items()},
    }
)
print(f"\nOne day ahead, RMSE in adjusted dollars\n\n{table.round(2).to_string()}\n")

# %%
# Who beats the naive forecast?
# -----------------------------
# Years differ more than models, so models are compared year by year, by the mean difference from
# the naive forecast over the same days.


def verdict(where, differences):
    """Print which models have a smaller error than the naive forecast."""
    by_size = differences.sort_values()
    better = [f"{name} ({d:+.2f})" for name, d in by_size.items() if d < 0]
    others = [f"{name} ({d:+.2f})" for name, d in by_size.items() if d >= 0]
    print(fill(f"{where}, these beat the naive forecast: {', '.join(better) or 'none'}.", 88))
    print(fill(f"These do not: {', '.join(others) or 'none'}.", 88), end="\n\n")


naive = "NaiveRegressor"
others_by_year = by_year.drop(columns=naive)
cv_differences = others_by_year.sub(by_year[naive], axis=0).mean()
january_differences = table["January RMSE"].drop(naive) - table.loc[naive, "January RMSE"]
verdict("In cross-validation", cv_differences)
verdict("In January", january_differences)

networks = ["RNNRegressor", "LSTMRegressor", "GRURegressor"]
nearest = cv_differences[networks].idxmin()
behind = 100 * cv_differences[nearest] / table.loc[naive, "CV RMSE"]
print(f"The nearest network is {nearest}: {behind:+.1f} % beside the naive forecast.\n")

if (cv_differences >= 0).all():
    print(
        "Prices are nearly a random walk: the last one holds almost all that can be known of\n"
        "the next. A model that has to learn this from examples pays for what it gets wrong,\n"
        f"and a lead in the {len(january)} days of January would prove little.\n"
    )

# Trees predict averages of training prices, so never a price above all of them.
past, ahead = list(cv.split(train))[-1]
highest, peak = train["Open"].iloc[past].max(), train["Open"].iloc[ahead].max()
trees = ["RandomForestRegressor", "HistGradientBoostingRegressor"]
if peak > highest:
    print(
        f"In the last fold prices rose to {peak:.0f}, above the {highest:.0f} seen before. Trees\n"
        f"cannot follow: RMSE {by_year[trees].iloc[-1].min():.1f} or more there, at most "
        f"{by_year[trees].iloc[:-1].max(axis=None):.1f} in the other years.\n"
    )

# %%
# A picture
# ---------
# Real prices of December and January, and the predictions for January.

recent = prices["Open"].loc["2012-12-10":"2013-01"]
classical = cv_differences[
    ["Ridge", "RandomForestRegressor", "HistGradientBoostingRegressor", "MLPRegressor"]
].idxmin()
styles = {
    "NaiveRegressor": {"color": "0.55", "linestyle": "--"},
    classical: {"color": "tab:green"},
    "RNNRegressor": {"color": "tab:orange"},
    "LSTMRegressor": {"color": "tab:purple"},
    "GRURegressor": {"color": "tab:blue"},
}

figure, ax = plt.subplots(figsize=(9, 4.8), layout="constrained")
ax.plot(recent, color="black", linewidth=2.5, label="real price")
for name, style in styles.items():
    label = f"{name} ({table.loc[name, 'January RMSE']:.1f})"
    ax.plot(january.index, forecasts[name], linewidth=1.4, label=label, **style)
ax.axvline(pd.Timestamp("2013-01-01"), color="0.7", linewidth=1)
ax.annotate(
    "not seen in training",
    (pd.Timestamp("2013-01-01 12:00"), 0.97),
    xycoords=ax.get_xaxis_transform(),
    color="0.4",
    va="top",
)
ax.set_title("Google, one day ahead: real and predicted opening prices of January 2013")
ax.set_ylabel("Opening price (adjusted US dollars)")
ax.xaxis.set_major_locator(mdates.WeekdayLocator(mdates.MO))
ax.xaxis.set_major_formatter(mdates.DateFormatter("%d %b"))
ax.grid(axis="y", color="0.92")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(title="January RMSE in brackets", alignment="left", frameon=False)

picture = Path("google_stock.png").resolve()
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
