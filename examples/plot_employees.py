"""
A panel of employees: one network for all, and leave that is planned
====================================================================

Sixty employees bill hours, month after month. One pooled model learns from all of them, looks at
the past of each one alone, and also answers for those who are hired after it was trained. Leave is
planned, so the leave days of a month are known before its hours are. The example shows how such a
column enters a window beside the lagged ones, and what knowing it is worth. All parts but the
windows and the network are scikit-learn's own.

Needs: ``pip install "skrnn[plot]"``.

Run it with ``python examples/plot_employees.py``; it draws ``employees.png``.
"""

# %%
# Sixty employees, four years
# ---------------------------
# The hours of a month are its working days, less the days of leave, times the hours billed a day.
# These have a level of each employee, a slow drift, a season of the firm, and a habit: a good
# month is followed by a better one than usual. 48 employees are there from the start, twelve are
# hired in the first eight months of the last year.

from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, NaiveRegressor, SlidingWindowTransformer

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
# The index says whose month a row is. ``TimeSeriesSplit`` knows nothing of employees: it takes
# the first rows for training and those after them for the test. So the panel is sorted by month,
# and all rows of a month stand together.

panel = pd.DataFrame(
    {
        "hours": ((WORKING_DAYS - leave) * a_day).ravel(),
        "leave": leave.ravel(),
        "shock": ((WORKING_DAYS - leave) * shock).ravel(),  # kept to judge the results, no feature
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
# ``group`` names the level of the index that tells employees apart: no window holds rows of two,
# and those of the last training months stand before the first test month of each. Labels get from
# step to step because ``set_output`` keeps the DataFrame, and the window is the last to need it.
#
# A network takes the steps before somebody was hired as absent (``padding="nan"``). Ridge needs a
# number in every column, and gets the mean.

WINDOW = 12


def from_the_past(model, **window):
    """Put a regressor behind windows of the months before."""
    steps = [
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(WINDOW, group="employee", **window)),
        ("model", model),
    ]
    return Pipeline(steps).set_output(transform="pandas")


# %%
# What is known in advance
# ------------------------
# Hours of a month must not reach its own window, but its leave may. Lag the one and pass the
# other: then each row holds the hours of the month before and the leave of the month itself, and
# a window that includes its own row (``horizon=0``) ends exactly there.
#
# ========= =========================== ==============================
# row       hours in its window         leave in its window
# ========= =========================== ==============================
# January   January to December before  February before to this January
# February  February before to January  March before to this February
# ========= =========================== ==============================


def with_planned_leave(model, **window):
    """Put a regressor behind windows that also hold the leave of the month to predict."""
    lagged = SlidingWindowTransformer(1, horizon=1, group="employee")
    columns = ColumnTransformer(
        [("lagged", lagged, ["hours"]), ("planned", "passthrough", ["leave"])],
        verbose_feature_names_out=False,
    )
    steps = [
        ("columns", columns),
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(WINDOW, horizon=0, group="employee", **window)),
        ("model", model),
    ]
    return Pipeline(steps).set_output(transform="pandas")


# %%
# What is tuned
# -------------
# Each entry is a pipeline and its grid. The naive rival answers in the units of its window, so it
# has no scaler; it may choose between last month, the same month of last year and the mean of a
# year. Ridge and the network stand in the table twice, with the leave of past months only and
# with the planned leave too.

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
    "Ridge, planned leave": (with_planned_leave(Ridge(), flatten=True), alphas),
    "GRU, past": (from_the_past(gru, padding="nan"), units),
    "GRU, planned leave": (with_planned_leave(gru, padding="nan"), units),
}

# Every month of the training part has a row of each of the 48, so that a multiple of 48 rows
# begins with a month. With people coming and going, split the months instead, and give
# GridSearchCV the pairs of row numbers that follow from them.
cv = TimeSeriesSplit(n_splits=3, test_size=6 * N_KNOWN)

# %%
# Search
# ------
# The three folds are half years, each predicted from all the months before it.

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
# RMSE in hours, one month ahead. "CV" is the mean over the folds, "known" are the employees of the
# training part in the test year, "new" those hired in it. The last row is what is left to somebody
# who knows everything about the panel but the shock of the month itself: no model can do better,
# luck aside.

is_known = test.index.get_level_values("employee").isin(employees[:N_KNOWN])


def rmse(forecast, rows=slice(None)):
    """Return the error of a forecast in some of the test rows."""
    return root_mean_squared_error(test["hours"][rows], forecast[rows])


judged = forecasts | {"shock": test["hours"] - test["shock"]}
table = pd.DataFrame(
    {
        "CV": {name: -search.best_score_ for name, search in searches.items()},
        "known": {name: rmse(forecast, is_known) for name, forecast in judged.items()},
        "new": {name: rmse(forecast, ~is_known) for name, forecast in judged.items()},
    }
).loc[list(judged)]
print(f"\nOne month ahead, RMSE in hours\n\n{table.round(1).to_string(na_rep='')}\n")

# %%
# What the table says
# -------------------
# Every sentence is computed. Where two models are compared, employees are counted too: a few bad
# months weigh heavily in an RMSE.


def say(sentence):
    """Print a paragraph."""
    print(fill(sentence, 88), end="\n\n")


def change(before, after, group):
    """Say how the error changes from one row of the table to another."""
    return f"from {table.loc[before, group]:.1f} to {table.loc[after, group]:.1f} hours"


def n_closer(one, other, rows):
    """Say for how many employees one forecast has the smaller error."""
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
# The month to come
# -----------------
# A month that has not happened is appended with its planned leave, and with NaN for its hours:
# they are in no window. So a plan can be tried out.

next_month = months[-1] + 1
coming = pd.MultiIndex.from_product([employees, [next_month]], names=panel.index.names)
plans = {}
for days in (0, 10):
    ahead = pd.DataFrame({"hours": np.nan, "leave": days}, index=coming)
    rows = pd.concat([test[features], ahead])
    plans[days] = searches["GRU, planned leave"].predict(rows)[-len(ahead) :]
say(
    f"In {next_month.strftime('%B %Y')} the GRU expects {plans[0].mean():.0f} hours of an average "
    f"employee without leave, and {plans[10].mean():.0f} with ten days of it."
)

# %%
# A picture
# ---------
# The first two employees and the first of those hired after training, as they were and as they
# were predicted. A new employee has no last year: where its window is empty, the naive rival
# answers with the mean of all the training hours.

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
        forecast = forecasts[model].xs(name)
        ax.plot(forecast.index.to_timestamp(), forecast, label=model, **style)
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
