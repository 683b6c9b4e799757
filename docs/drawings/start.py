"""A month of the network of start.md: real values and predictions."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, SlidingWindowTransformer
from skrnn.inspection import ForecastDisplay

rng = np.random.default_rng(0)
days = pd.date_range("2021-01-01", "2023-12-31", name="date")
week = np.array([1.0, 0.9, 0.9, 1.0, 1.2, 1.8, 1.6])[days.day_of_week]
year = 1 + 0.3 * np.sin(2 * np.pi * days.day_of_year / 365)
mood = np.zeros(len(days))
for day in range(1, len(days)):
    mood[day] = 0.8 * mood[day - 1] + rng.normal(scale=0.06)
table = pd.DataFrame({"visitors": (200 * week * year * np.exp(mood)).round()}, days)
train, test = table.loc[:"2022"], table.loc["2023"]

pipe = Pipeline(
    [
        ("scale", StandardScaler()),
        ("window", SlidingWindowTransformer(window_length=28)),
        ("model", GRURegressor(units=16, epochs=30, learning_rate=0.01, random_state=0)),
    ]
).set_output(transform="pandas")
pipe.fit(train[["visitors"]], train["visitors"])

predicted = pd.Series(pipe.predict(test[["visitors"]]), test.index).loc["2023-03"]
figure, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
ForecastDisplay.from_predictions(
    test["visitors"].loc["2023-03"], predicted, name="network", ax=ax, marker=".", markersize=5
)
ax.set(xlabel="", ylabel="Visitors a day", ylim=(0, None))
ax.legend(loc="lower left", ncols=2, frameon=False)
ax.spines[["top", "right"]].set_visible(False)
