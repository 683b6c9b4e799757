"""
A panel of employees, and leave known in advance
================================================

Sixty employees bill hours each month. One model learns from all employees. It predicts each
employee from the past months of this employee only, also employees who are hired after the
training. Leave is planned, so the leave days of a month are known before its hours. This example
shows how to put known values of future rows into a window beside past values (``known``), and how
much they improve the forecast. Only the windows, the network and ``forecast`` are from skrnn. All
other parts are from scikit-learn.

Needs: ``pip install "skrnn[plot]"``.

Run it with ``python examples/panels/plot_employees.py``. It draws ``employees.png``.
"""

# %%
# Sixty employees, four years
# ---------------------------
# The hours of a month are its working days without the days of leave, times the hours billed per
# day. The hours per day have a level of the employee, a slow drift, a season of the firm, and a
# habit: after a good month, the next month is better than usual. 48 employees are present from the
# start. Twelve are hired in the first eight months of the last year.

from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer, forecast

N_KNOWN, N_NEW, WORKING_DAYS = 48, 12, 21
employees = [f"E{number:02d}" for number in range(1, N_KNOWN + N_NEW + 1)]
months = pd.period_range("2021-01", "2024-12", freq="M")
border = pd.Period("2024-01", "M")  # the first month of the test part

rng = np.random.default_rng(0)
shape = (len(employees), len(months))
on_leave = np.array([0.06, 0.08, 0.06, 0.1, 0.08, 0.08, 0.25, 0.3, 0.06, 0.1, 0.06, 0.25])
leave = rng.binomial(WORKING_DAYS, on_leave[months.month - 1], size=shape)
level = rng.normal(7.0, 1.0, size=(len(employees), 1))
drift = rng.normal(0.0, 0.015, size=(len(employees), 1)) * np.arange(len(months))
season = 0.5 * np.cos(2 * np.pi * (months.month.to_numpy() - 10) / 12)  # October is the busiest
shock = rng.normal(0.0, 0.25, size=shape)
habit = shock.copy()
for t in range(1, len(months)):
    habit[:, t] = 0.7 * habit[:, t - 1] + shock[:, t]
a_day = level + drift + season + habit

# %%
# Sort by time, then by employee
# ------------------------------
# The index holds the employee and the month of each row. ``TimeSeriesSplit`` does not use
# employees: it takes the first rows for training, and the rows after them for the test. So the
# panel is sorted by month, and all rows of a month are next to each other.

panel = pd.DataFrame(
    {
        "hours": ((WORKING_DAYS - leave) * a_day).ravel(),
        "leave": leave.ravel(),
        "shock": ((WORKING_DAYS - leave) * shock).ravel(),  # for the results, no feature
    },
    index=pd.MultiIndex.from_product([employees, months], names=["employee", "month"]),
)
hired = dict.fromkeys(employees[:N_KNOWN], months[0])
hired |= {name: border + int(rng.integers(8)) for name in employees[N_KNOWN:]}
is_there = [month >= hired[name] for name, month in panel.index]
panel = panel[is_there].sort_index(level=["month", "employee"])

is_test = panel.index.get_level_values("month") >= border
train, test = panel[~is_test], panel[is_test]
features = ["hours", "leave"]
print(f"{len(train)} rows to train on, {len(test)} rows of {border.year} to predict")

# %%
# Windows of the past
# -------------------
# ``group`` names the index level of the employees. No window holds rows of two employees, and the
# windows of the first test months hold the last training months of the employee. ``set_output``
# keeps the DataFrame with its index from step to step, which the window needs.
#
# The months before an employee was hired are missing steps for a network (``padding="nan"``). Ridge
# needs a number in each column, and gets the mean.

WINDOW = 12


def from_the_past(model, **window):
    """Make a pipeline of windows of past months and a regressor."""
    steps = [
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(WINDOW, group="employee", **window)),
        ("model", model),
    ]
    return Pipeline(steps).set_output(transform="pandas")


# %%
# Values known in advance
# -----------------------
# The window of a month must not hold the hours of the month, but may hold its leave. ``known``
# names the columns whose value at a row is known before that row comes. The window holds them up to
# the row that is predicted. Each step holds the hours of a month and the leave of the next month.
#
# ========= =========================== ==============================
# row       hours in its window         leave in its window
# ========= =========================== ==============================
# January   January to December before  February before to this January
# February  February before to January  March before to this February
# ========= =========================== ==============================

planned = {"known": ["leave"]}

# %%
# Models and their grids
# ----------------------
# Each entry is a pipeline and its grid. The naive forecast has no scaler, since it predicts in
# the units of its window. Its grid has the last month, the same month of last year, and the
# mean of a year. Ridge and the network are in the table twice: with the leave of past months only,
# and with the planned leave.

naive = make_pipeline(
    SlidingWindowTransformer(WINDOW, group="employee"),
    NaiveRegressor(season_length=12, feature=features.index("hours")),
)
gru = GRURegressor(learning_rate=0.01, epochs=25, batch_size=64, random_state=0)
alphas = {"model__alpha": [1.0, 10.0, 100.0, 1000.0]}
units = {"model__units": [8, 16]}

candidates = {
    "Naive": (naive, {"naiveregressor__strategy": ["last", "seasonal", "mean"]}),
    "Ridge, past": (from_the_past(Ridge(), flatten=True), alphas),
    "Ridge, planned leave": (from_the_past(Ridge(), flatten=True, **planned), alphas),
    "GRU, past": (from_the_past(gru, padding="nan"), units),
    "GRU, planned leave": (from_the_past(gru, padding="nan", **planned), units),
}

# Each training month has one row for each of the 48 employees, so folds of a multiple of 48 rows
# begin with a month. If employees come and go, split the months instead, and give GridSearchCV the
# row positions of each split.
cv = TimeSeriesSplit(n_splits=3, test_size=6 * N_KNOWN)

# %%
# Search
# ------
# The three folds are half years. Each is predicted from all months before it.

searches, forecasts = {}, {}
for name, (pipeline, grid) in candidates.items():
    search = GridSearchCV(pipeline, grid, cv=cv, scoring="neg_root_mean_squared_error")
    searches[name] = search.fit(train[features], train["hours"])
    forecasts[name] = pd.Series(search.predict(test[features]), index=test.index)
    chosen = ", ".join(f"{key.split('__')[-1]}={v}" for key, v in search.best_params_.items())
    print(f"{name}: {chosen}", flush=True)

# %%
# The table
# ---------
# RMSE in hours, one month ahead. "CV" is the mean over the folds. "known" is the error in the test
# year of employees of the training part, and "new" that of employees hired in the test year. The
# last row is the error of a forecast that knows everything except the shock of the month. No model
# can be better, except by chance.

is_known = test.index.get_level_values("employee").isin(employees[:N_KNOWN])


def rmse(predicted, rows=slice(None)):
    """Return the error of a forecast in the given test rows."""
    return root_mean_squared_error(test["hours"][rows], predicted[rows])


judged = forecasts | {"shock": test["hours"] - test["shock"]}
table = pd.DataFrame(
    {
        "CV": {name: -search.best_score_ for name, search in searches.items()},
        "known": {name: rmse(predicted, is_known) for name, predicted in judged.items()},
        "new": {name: rmse(predicted, ~is_known) for name, predicted in judged.items()},
    }
).loc[list(judged)]
print(f"\nOne month ahead, RMSE in hours\n\n{table.round(1).to_string(na_rep='')}\n")

# %%
# Results in words
# ----------------
# All numbers in these sentences are computed. Comparisons of two models also count employees, since
# a few bad months have a large weight in an RMSE.


def say(sentence):
    """Print a paragraph."""
    print(fill(sentence, 88), end="\n\n")


def change(before, after, group):
    """Return how the error changes from one row of the table to another."""
    return f"from {table.loc[before, group]:.1f} to {table.loc[after, group]:.1f} hours"


def n_closer(one, other, rows):
    """Return for how many employees one forecast has the smaller error."""
    squared = pd.DataFrame(
        {name: (test["hours"] - forecasts[name])[rows] ** 2 for name in (one, other)}
    )
    by_employee = squared.groupby(level="employee").mean()
    return f"{(by_employee[one] < by_employee[other]).sum()} of {len(by_employee)}"


for model in ["Ridge", "GRU"]:
    past, planned = f"{model}, past", f"{model}, planned leave"
    say(
        f"Knowing the leave of the month takes the error of {model} "
        f"{change(past, planned, 'known')} for known employees, and "
        f"{change(past, planned, 'new')} for new ones."
    )

pair = "GRU, planned leave", "Ridge, planned leave"
say(
    f"With planned leave the GRU is closer than Ridge for {n_closer(*pair, is_known)} known "
    f"employees and {n_closer(*pair, ~is_known)} new ones. Hours were generated as days times "
    "hours a day, a product that no linear model holds: what this is worth on real employees, "
    "only theirs can tell."
)

of_new = test.index[~is_known]
months_there = np.array([(month - hired[name]).n for name, month in of_new])
starting, settled = of_new[months_there < 3], of_new[months_there >= 3]
best = table["known"].drop("shock").idxmin()
say(
    f"{best} does best for known employees. For new ones its error is "
    f"{rmse(forecasts[best], starting):.1f} hours in their first three months ({len(starting)} "
    f"rows) and {rmse(forecasts[best], settled):.1f} from then on ({len(settled)} rows), beside "
    f"{table.loc[best, 'known']:.1f} for known ones and {table.loc['shock', 'known']:.1f} that "
    "the shocks leave to anybody."
)

# %%
# Forecast of the next month
# --------------------------
# ``forecast`` predicts the month after the rows of the test part. It asks for the planned leave of
# this month, so the forecasts of several plans can be compared.

next_month = months[-1] + 1
coming = pd.MultiIndex.from_product([employees, [next_month]], names=panel.index.names)
plans = {}
for days in (0, 10):
    plan = pd.DataFrame({"leave": days}, index=coming)
    plans[days] = forecast(searches["GRU, planned leave"], 1, X=test[features], future=plan)
say(
    f"In {next_month.strftime('%B %Y')} the GRU expects {plans[0].mean():.0f} hours of an average "
    f"employee without leave, and {plans[10].mean():.0f} with ten days of it."
)

# %%
# A picture
# ---------
# Real and predicted hours of the first two employees and of the first employee hired after
# training. A new employee has no last year. If the window is empty, the naive forecast predicts the
# mean of all training hours.

shown = [*employees[:2], employees[N_KNOWN]]
styles = {
    "Naive": {"color": "0.55", "linestyle": "--"},
    "GRU, past": {"color": "tab:orange"},
    "GRU, planned leave": {"color": "tab:blue", "linewidth": 2},
}

figure, axes = plt.subplots(
    len(shown), figsize=(9, 7.5), sharex=True, sharey=True, layout="constrained"
)
for ax, name in zip(axes, shown, strict=True):
    real = panel["hours"].xs(name).loc["2022-07":]
    ax.plot(real.index.to_timestamp(), real, color="black", linewidth=2.5, label="real hours")
    for model, style in styles.items():
        predicted = forecasts[model].xs(name)
        ax.plot(predicted.index.to_timestamp(), predicted, label=model, **style)
    ax.axvline((border - 1).to_timestamp() + pd.Timedelta(days=15), color="0.7", linewidth=1)
    is_new = hired[name] >= border
    note = f", hired in {hired[name].strftime('%B %Y')}" if is_new else ""
    ax.set_title(f"{name}{note}", loc="left", fontsize=10)
    ax.set_ylabel("hours")
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].text(pd.Timestamp("2023-12-22"), axes[0].get_ylim()[1], "not seen in training", color="0.4")
figure.suptitle("Hours of a month, predicted one month ahead by one model for all employees")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

picture = Path("employees.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
