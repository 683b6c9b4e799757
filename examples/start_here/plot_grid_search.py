"""
A grid search over networks, Ridge and the naive forecast
=========================================================

One ``GridSearchCV`` chooses between an LSTM, a GRU, Ridge regression and naive forecasts. It also
chooses the size and the dropout of the networks. ``TimeSeriesSplit`` scores each candidate on days
after its training days. Then the best candidate is scored once, on the next year.

Needs: ``pip install "skrnn[examples]"``.
"""

# %%
# Daily volume of a stock
# -----------------------
# The series is the logarithm of the daily volume of Google. A difference of 0.1 is about 10 %. The
# last year of the data is the test part.

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, LSTMRegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices

volume = np.log(load_stock_prices("GOOG").loc["2006":"2012", ["Volume"]])
train, test = volume[:"2011"], volume["2012":]
print(f"{len(train)} days to choose and train on, {len(test)} days to judge")

# %%
# The grid
# --------
# A grid can replace a whole step. The model is a step, and each dictionary has the parameters of
# its models: alpha for Ridge, units and dropout for networks. ``NaiveRegressor`` predicts in the
# units of its window. They must be the units of the target, so its dictionary also removes the
# scaler.
#
# The learning rate and the epochs are the same for all networks, and are not searched.

pipe = Pipeline(
    [
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(window_length=20)),
        ("model", Ridge()),
    ]
).set_output(transform="pandas")
training = {"epochs": 15, "learning_rate": 0.003, "random_state": 0}
grid = [
    {"scale": ["passthrough"], "model": [NaiveRegressor(), NaiveRegressor(strategy="mean")]},
    {"model": [Ridge()], "model__alpha": [1.0, 10.0, 100.0, 1000.0]},
    {
        "model": [LSTMRegressor(**training), GRURegressor(**training)],
        "model__units": [8, 32],
        "model__dropout": [0.0, 0.2],
    },
]

# %%
# The search
# ----------
# Each of the three folds is a year (252 trading days), predicted from the days before it. With two
# cores, ``n_jobs=2`` makes a long search faster. It is not used here, since each process imports
# TensorFlow, which takes about as long as all of these fits. In one process, only the first fit of
# a network imports TensorFlow.

cv = TimeSeriesSplit(n_splits=3, test_size=252)
search = GridSearchCV(pipe, grid, cv=cv, scoring="neg_root_mean_squared_error")
search.fit(train, train["Volume"])

# %%
# All candidates
# --------------
# ``cv_results_`` has one row for each candidate. "spread" is the standard deviation over the folds.


def describe(parameters):
    """Return the name of a candidate: its class and its parameters."""
    model = parameters["model"]
    name = type(model).__name__
    if isinstance(model, NaiveRegressor):
        return f"{name}, {model.strategy}"
    others = {key.removeprefix("model__"): value for key, value in parameters.items()}
    return ", ".join([name, *(f"{key} {others[key]}" for key in sorted(others) if key != "model")])


found = search.cv_results_
folds = -np.column_stack([found[f"split{fold}_test_score"] for fold in range(cv.n_splits)])
first_days = [train.index[rows[0]] for _, rows in cv.split(train)]
columns = [f"{day:%b %Y}" for day in first_days]
results = pd.DataFrame(folds, index=[describe(row) for row in found["params"]], columns=columns)
results.insert(0, "RMSE", -found["mean_test_score"])
results.insert(1, "spread", found["std_test_score"])
results["fit s"] = found["mean_fit_time"]
results = results.sort_values("RMSE", kind="stable")
print(
    "Logarithm of the volume, one day ahead: mean error, and that of the years from ...\n\n"
    + results.round(3).to_string()
)

# %%
# The year after
# --------------
# The search has fitted the best candidate again, on all training rows. The test days are used only
# now. The best candidate of each other kind is fitted on the same rows and shown too. The folds,
# not the test days, decide which candidate is the best of its kind.

kinds = results.index.str.split(",").str[0]
best_of_kind = [results.index[kinds == kind][0] for kind in dict.fromkeys(kinds)]
candidates = {describe(parameters): parameters for parameters in found["params"]}
later, forecasts = {}, {}
for name in best_of_kind:
    model = clone(pipe).set_params(**clone(candidates[name], safe=False))
    forecasts[name] = model.fit(train, train["Volume"]).predict(test)
    later[name] = root_mean_squared_error(test["Volume"], forecasts[name])
np.testing.assert_array_equal(forecasts[results.index[0]], search.predict(test))

judged = pd.DataFrame({"in the folds": results.loc[best_of_kind, "RMSE"], "2012": later})
print(f"Best of each kind\n\n{judged.round(3).to_string()}")

# %%
# Results in words
# ----------------

winner = results.index[0]
naive = next(name for name in best_of_kind if name.startswith("NaiveRegressor"))
change = later[winner] / later[naive] - 1
best_later = min(later, key=later.get)
sentences = [f"The search has chosen [{winner}]."]
runner_up = best_of_kind[1]
lead = results.loc[runner_up, "RMSE"] - results.loc[winner, "RMSE"]
years = results.loc[runner_up, columns] > results.loc[winner, columns]
sentences.append(
    f"In the folds its mean error is {lead:.3f} smaller than that of [{runner_up}], the best of "
    f"another kind, and it is the better of the two in {years.sum()} of {cv.n_splits} years."
)
if winner != naive:
    better = "smaller" if change < 0 else "larger"
    sentences.append(
        f"In the year after, its error is {abs(change):.1%} {better} than that of [{naive}]."
    )
else:
    sentences.append("No model has beaten the naive forecast in the folds.")
sentences.append(
    "It is the best of all candidates there, too."
    if best_later == winner
    else f"The smallest error there is that of [{best_later}], {later[best_later]:.3f} against "
    f"{later[winner]:.3f}: the folds could not tell that beforehand."
)
print(fill(" ".join(sentences), 88))

# %%
# A picture
# ---------
# Large points show the mean of a candidate, and small points show the three years.

colors = {
    "NaiveRegressor": "0.55",
    "Ridge": "tab:green",
    "LSTMRegressor": "tab:orange",
    "GRURegressor": "tab:blue",
}
shown = results[::-1]
figure, ax = plt.subplots(figsize=(9, 5.6), layout="constrained")
for name, row in shown.iterrows():
    color = colors[name.split(",")[0]]
    ax.plot([row[columns].min(), row[columns].max()], [name, name], color=color, alpha=0.4)
    ax.plot(row["RMSE"], name, "o", color=color, markersize=9)
for marker, year in zip("vs^", columns, strict=True):
    label = f"the year from {year}"
    ax.plot(shown[year], shown.index, marker, color="0.25", markersize=4, label=label)
ax.set(
    title="All candidates of the search, the best on top",
    xlabel="RMSE of the logarithm of the volume",
)
ax.grid(axis="x", color="0.92")
ax.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside lower center", ncols=cv.n_splits, frameon=False)
figure.savefig("grid_search.png", dpi=150)
plt.show()
