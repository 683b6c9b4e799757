"""
Find leaks, and measure their effect on the score
=================================================

This example makes three common mistakes: a scaler that is fitted on all rows, a centered mean, and
a target that is shifted the wrong way. ``check_leakage`` finds each of them. Then the same models
are scored with and without each mistake. Some leaks make a model look far better than it is, and
others hardly change the score.

Needs: ``pip install "skrnn[examples]"``.

Run it with ``python examples/comparison/plot_leakage.py``. It draws ``leakage.png``.
"""

# %%
# A pipeline without a leak
# -------------------------
# Each opening price of Google is predicted from the 20 days before it. The window ends the day
# before its row. So the price of a day is the target of its own row, and is not shifted. The scaler
# is a step of the pipeline, so it learns from the rows of ``fit`` only.

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices
from skrnn.model_selection import check_leakage

prices = load_stock_prices("GOOG").loc["2008":"2012", ["Open"]]
N_TEST, WINDOW = 252, 20
predictors = {
    "Ridge": Ridge(alpha=0.01),
    "GRURegressor": GRURegressor(
        units=16,
        linear_skip=True,
        epochs=15,
        learning_rate=0.001,
        clipnorm=1.0,
        batch_size=64,
        random_state=0,
    ),
}


def pipeline(model, *before):
    """Make a pipeline of the given steps, a window and a model."""
    steps = [*before, ("window", SlidingWindowTransformer(WINDOW)), ("model", model)]
    return Pipeline(steps).set_output(transform="pandas")


def honest(model):
    return pipeline(model, ("scale", MinMaxScaler()))


report = check_leakage(honest(predictors["Ridge"]), prices, prices["Open"])
print(fill(f"honest: {report}", 88))

# %%
# First mistake: a scaler that is fitted on all rows
# --------------------------------------------------
# ``check_leakage`` cannot see what is done before the pipeline. So it takes ``prepare``, a function
# that makes X and y from raw rows. The raw rows are changed before this function runs.


def scale_all(raw):
    """Scale to 0..1 by the smallest and the largest price, also of the test part."""
    scaled = (raw - raw.min()) / (raw.max() - raw.min())
    return scaled, scaled["Open"]


reports = {
    "scaler on all rows": check_leakage(
        pipeline(predictors["Ridge"]), prices, None, prepare=scale_all
    )
}
print(fill(f"scaler on all rows: {reports['scaler on all rows']}", 88))

# %%
# Second mistake: a centered mean
# -------------------------------
# Smoothing is a step of the pipeline here, so X and y are enough. The mean of five days includes
# the two days after its row. So a window that ends yesterday contains the prices of today and
# tomorrow.


def centered_mean(rows):
    return rows.rolling(5, center=True, min_periods=1).mean()


def smoothed(model):
    return pipeline(
        model, ("scale", MinMaxScaler()), ("smooth", FunctionTransformer(centered_mean))
    )


reports["centered mean"] = check_leakage(smoothed(predictors["Ridge"]), prices, prices["Open"])
print(fill(f"centered mean: {reports['centered mean']}", 88))

# %%
# Third mistake: a target that is shifted the wrong way
# -----------------------------------------------------
# If a window ends with its own row, the target must be shifted by ``-1``, to the next day. Here the
# sign is wrong: the target is the price of the day before, which is in the window.


def shift_wrongly(raw):
    return raw.iloc[1:], raw["Open"].shift(1).iloc[1:]


reports["wrong shift"] = check_leakage(
    honest(predictors["Ridge"]), prices, None, prepare=shift_wrongly
)
print(fill(f"wrong shift: {reports['wrong shift']}", 88))

# %%
# Effect of the mistakes on the score
# -----------------------------------
# Each model is fitted on the days before the last 252, and scored on the last 252 days. The scores
# use the targets that the mistake has changed, as if the mistake were unknown. All errors are in
# adjusted dollars. Nothing was tuned.

spread = float(prices["Open"].max() - prices["Open"].min())
setups = {
    "honest": (honest, prices, prices["Open"], 1.0),
    "scaler on all rows": (pipeline, *scale_all(prices), spread),
    "centered mean": (smoothed, prices, prices["Open"], 1.0),
    "wrong shift": (honest, *shift_wrongly(prices), 1.0),
}


def rmse(model, X, y):
    """Fit on the first rows, and return the error on the last ones."""
    model.fit(X.iloc[:-N_TEST], y.iloc[:-N_TEST])
    return root_mean_squared_error(y.iloc[-N_TEST:], model.predict(X.iloc[-N_TEST:]))


table = pd.DataFrame(
    {
        name: {kind: unit * rmse(make(model), X, y) for kind, model in predictors.items()}
        for name, (make, X, y, unit) in setups.items()
    }
).T
naive = make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor())
yesterday = rmse(naive, prices, prices["Open"])
print(f"\nRMSE of the last {N_TEST} days, in adjusted dollars\n\n{table.round(2).to_string()}")
print(f"\nyesterday's price: {yesterday:.2f}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


found = [name for name, report in reports.items() if report]
say(f"Found by check_leakage: {', '.join(found) or 'none'}, {len(found)} of {len(reports)}.")
for name in reports:
    changes = []
    for kind in predictors:
        before, after = table.loc["honest", kind], table.loc[name, kind]
        change = after / before - 1
        size = "less than 1%" if abs(change) < 0.01 else f"{abs(change):.0%}"
        changes.append(f"{size} {'smaller' if change < 0 else 'larger'} ({kind})")
    say(f"{name.capitalize()}: the error that is reported is {' and '.join(changes)}.")
winners = [kind for kind in predictors if table.loc["honest", kind] < yesterday]
false = [
    f"{kind}, {name}"
    for name in reports
    for kind in predictors
    if table.loc[name, kind] < yesterday and kind not in winners
]
say(
    f"Honestly, {' and '.join(winners) or 'no model'} has a smaller error than yesterday's price. "
    f"Only by a leak: {'; '.join(false) or 'none'}."
)

# %%
# A picture
# ---------

figure, ax = plt.subplots(figsize=(9, 4.2), layout="constrained")
places, height = np.arange(len(table)), 0.38
for number, (kind, color) in enumerate({"Ridge": "tab:green", "GRURegressor": "tab:blue"}.items()):
    bars = ax.barh(places + (number - 0.5) * height, table[kind], height, color=color, label=kind)
    ax.bar_label(bars, fmt="%.2f", padding=4)
ax.axvline(yesterday, color="0.3", linestyle="--", label="yesterday's price")
ax.set_yticks(places, [name if name == "honest" else f"{name}\n(leak)" for name in table.index])
ax.invert_yaxis()
ax.margins(x=0.12)
ax.set_xlabel("RMSE that is reported (adjusted US dollars)")
ax.set_title("Google, one day ahead: what three leaks do to the error")
ax.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside lower center", ncols=3, frameon=False)
figure.savefig("leakage.png", dpi=150)
plt.show()
