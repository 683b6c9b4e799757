"""
Dropout of an LSTM on two stocks
================================

Dropout sets a random share of the states to zero in training, so a network cannot rely on a single
state. The same LSTM is trained with ``dropout=0.2`` and without dropout, on the prices of Google
and of Microsoft. The curves show the effect on training and validation losses. The table shows the
errors in the test year, beside those of yesterday's price.

Needs: ``pip install "skrnn[examples]"``.
"""

# %%
# Two stocks
# ----------
# The networks are trained on three years and predict the next year. In that year, both prices stay
# in the range of the training years. Above this range a network saturates, which would hide the
# effect of dropout.
#
# Apple was tried first, with two layers. Its price rose above the training prices. There dropout
# looked better after 30 epochs and worse after 100, and all errors were several times those of
# yesterday's price. So the results below hold for two stocks, not for all stocks.

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import LSTMRegressor, NaiveRegressor, SlidingWindowTransformer
from skrnn.datasets import load_stock_prices
from skrnn.inspection import LossCurveDisplay

STOCKS = {"GOOG": "Google", "MSFT": "Microsoft"}
WINDOW = 30

train, test = {}, {}
for ticker, company in STOCKS.items():
    prices = load_stock_prices(ticker)[["Open"]]
    train[ticker], test[ticker] = prices.loc["2008":"2010"], prices.loc["2011"]
    print(
        f"{company}: trained on {train[ticker]['Open'].min():.0f} to "
        f"{train[ticker]['Open'].max():.0f} dollars, tested on {test[ticker]['Open'].min():.0f} to "
        f"{test[ticker]['Open'].max():.0f}"
    )

# %%
# The network
# -----------
# One layer of 50 units, with dropout after it. The last fifth of the training rows is held out for
# the validation loss, which ``early_stopping`` records. The patience is as long as the training, so
# training does not stop early. ``predict`` uses the weights of the epoch with the smallest
# validation loss.
#
# To keep the example short, training has 60 epochs in batches of 64, with a learning rate of 0.003,
# three times the default of Keras. With 120 epochs in batches of 32 and the default rate, all
# errors were slightly smaller, and the comparison had the same result for each stock and each seed.

EPOCHS = 60
RATES = [0.0, 0.2]
SEEDS = [0, 1, 2]


def make_network(rate, seed):
    window = SlidingWindowTransformer(window_length=WINDOW)
    lstm = LSTMRegressor(
        units=50,
        dropout=rate,
        learning_rate=0.003,
        epochs=EPOCHS,
        batch_size=64,
        early_stopping=True,
        validation_split=0.2,
        patience=EPOCHS,
        random_state=seed,
    )
    steps = [("scale", MinMaxScaler()), ("window", window), ("model", lstm)]
    return Pipeline(steps).set_output(transform="pandas")


# %%
# Training
# --------
# Each network is trained with three seeds, since a single fit may be good by chance.

networks, rows = {}, []
for ticker in STOCKS:
    X, y = train[ticker], train[ticker]["Open"]
    for rate in RATES:
        for seed in SEEDS:
            network = make_network(rate, seed).fit(X, y)
            networks[ticker, rate, seed] = network
            history = network["model"].history_
            best = int(np.argmin(history["val_loss"]))
            rows.append(
                {
                    "stock": ticker,
                    "dropout": rate,
                    "seed": seed,
                    "best epoch": best + 1,
                    "training loss": history["loss"][best],
                    "validation loss": history["val_loss"][best],
                    "test RMSE": root_mean_squared_error(
                        test[ticker]["Open"], network.predict(test[ticker])
                    ),
                }
            )

# %%
# The naive forecast
# ------------------

naive = make_pipeline(SlidingWindowTransformer(WINDOW), NaiveRegressor())
yesterday = {}
for ticker in STOCKS:
    forecast = naive.fit(train[ticker], train[ticker]["Open"]).predict(test[ticker])
    yesterday[ticker] = root_mean_squared_error(test[ticker]["Open"], forecast)
    rows.append({"stock": ticker, "test RMSE": yesterday[ticker]})

table = pd.DataFrame(rows).sort_values("stock", kind="stable").reset_index(drop=True)
labels = table["dropout"].map("LSTM, dropout {:.1f}".format, na_action="ignore")
table.insert(1, "model", labels.fillna("yesterday's price"))
columns = ["stock", "model", "seed", "best epoch", "training loss", "validation loss", "test RMSE"]
print(
    "Losses in variances of y at the best epoch, RMSE in adjusted dollars\n\n"
    f"{table[columns].to_string(index=False, na_rep='', float_format='{:.4g}'.format)}\n"
)

# %%
# Results in words
# ----------------
# Training losses are computed with dropped units, and validation losses without. So dropout makes
# the training loss larger, and the levels of both curves cannot be compared. The errors of the test
# year can be compared.


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


networks_only = table.dropna(subset="dropout")
errors = networks_only.pivot(index=["stock", "seed"], columns="dropout", values="test RMSE")
losses = networks_only.pivot(index=["stock", "seed"], columns="dropout", values="training loss")
for ticker, company in STOCKS.items():
    of_stock = errors.loc[ticker]
    without, with_dropout = of_stock.mean()
    loss_without, loss_with = losses.loc[ticker].mean()
    n_better = int((of_stock[0.2] < of_stock[0.0]).sum())
    say(
        f"{company}: dropout takes the training loss from {loss_without:.4f} to {loss_with:.4f}, "
        f"and the error of the test year from {without:.2f} to {with_dropout:.2f} dollars, "
        f"means of {len(SEEDS)} seeds. It is smaller with dropout for {n_better} of them. "
        f"Yesterday's price has {yesterday[ticker]:.2f}."
    )
n_beaten = sum(row["test RMSE"] < yesterday[row["stock"]] for _, row in networks_only.iterrows())
say(f"{n_beaten} of {len(networks_only)} networks beat yesterday's price.")

# %%
# Dropout reduces overfitting, which is a validation loss that rises while the training loss still
# falls. If the best epoch is one of the last, there was little overfitting.

best_epochs = networks_only.loc[networks_only["dropout"] == 0.0, "best epoch"].astype(int)
say(
    f"Without dropout the smallest validation loss came in epochs {best_epochs.min()} to "
    f"{best_epochs.max()} of {EPOCHS}."
)

# %%
# A picture
# ---------
# The losses of the first seed. The vertical axis is logarithmic.

figure, axes = plt.subplots(
    len(STOCKS), len(RATES), figsize=(10, 7), sharex=True, sharey=True, layout="constrained"
)
for (ticker, company), pair in zip(STOCKS.items(), axes, strict=True):
    for rate, ax in zip(RATES, pair, strict=True):
        LossCurveDisplay.from_estimator(networks[ticker, rate, SEEDS[0]], ax=ax)
        rmse = errors.loc[(ticker, SEEDS[0]), rate]
        ax.set(yscale="log", ylim=(0.008, 1.3))
        ax.set_title(
            f"{company}, dropout {rate}: test RMSE {rmse:.2f}\n"
            f"(yesterday's price: {yesterday[ticker]:.2f})",
            fontsize=11,
        )
        ax.set(xlabel="Epoch", ylabel="Loss (variances of y)")
        ax.grid(axis="y", color="0.92")
        ax.spines[["top", "right"]].set_visible(False)
        ax.label_outer()

figure.savefig("dropout.png", dpi=150)
plt.show()
