"""
Encoder-decoder and direct network, twenty values ahead
=======================================================

A network can predict several values at once, with one output for each, or one after the other. With
``architecture="encoder_decoder"``, one network reads the window, and a second network predicts the
values. It reads each predicted value before it predicts the next. Here both kinds forecast the next
20 values of noisy waves. They are compared with a linear model and naive forecasts.

Needs: ``pip install "skrnn[plot]"``.
"""

# %%
# Noisy waves
# -----------
# Each series is the sum of two sine waves of random frequency and phase, and noise. 50 values are
# known, and the next 20 are predicted. The series are independent of each other, so the last
# thousand series are the test part.

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from skrnn import LSTMRegressor, NaiveRegressor
from skrnn.datasets import make_noisy_waves

N_KNOWN, N_AHEAD, N_TRAIN, SEEDS = 50, 20, 2_000, (0, 1, 2)
series = make_noisy_waves(N_TRAIN + 1_000, N_KNOWN + N_AHEAD, random_state=0)
X, y = series[:, :N_KNOWN], series[:, N_KNOWN:]
X_train, X_test, y_train, y_test = X[:N_TRAIN], X[N_TRAIN:], y[:N_TRAIN], y[N_TRAIN:]
print(f"X_train {X_train.shape}, y_train {y_train.shape}")

# %%
# The models
# ----------
# For both architectures, ``y`` has one column for each value ahead. Both networks read the window
# with an LSTM of the same size, and are trained in the same way. The direct network has 20 outputs,
# each with its own weights. The decoder is a second LSTM, which starts with the last state of the
# first and has one output. It uses the same weights at each step.
#
# Results depend on the initial weights, so each network is trained with three seeds. They also
# depend on the amount of training: 2,000 series and 30 epochs keep this example short. In a trial
# with 3,000 series, the other network was the better one.

training = {
    "units": 32,
    "epochs": 30,
    "learning_rate": 0.01,
    "batch_size": 64,
    "clipnorm": 1.0,
}
models = {
    "Last value": NaiveRegressor(),
    "Mean of the window": NaiveRegressor(strategy="mean"),
    "LinearRegression": LinearRegression(),
    "direct LSTM": LSTMRegressor(**training),
    "encoder-decoder LSTM": LSTMRegressor(architecture="encoder_decoder", **training),
}
naive_names = ["Last value", "Mean of the window"]
networks = ["direct LSTM", "encoder-decoder LSTM"]
forecasts = {}
for name, model in models.items():
    settings = [{"random_state": seed} for seed in SEEDS] if name in networks else [{}]
    forecasts[name] = [
        model.set_params(**setting).fit(X_train, y_train).predict(X_test) for setting in settings
    ]
    print(f"{name} is fitted", flush=True)

# %%
# Errors by step ahead
# --------------------
# The noise of a value is uniform between -0.05 and 0.05 and cannot be predicted. Its standard
# deviation is the smallest possible error.

noise = 0.1 / np.sqrt(12)
mse = {
    name: np.mean([(y_test - values) ** 2 for values in of_seeds], axis=(0, 1))
    for name, of_seeds in forecasts.items()
}
by_step = np.sqrt(pd.DataFrame(mse, index=pd.RangeIndex(1, N_AHEAD + 1, name="step ahead")))
overall = np.sqrt((by_step**2).mean())
of_seeds = {
    name: [float(np.sqrt(np.mean((y_test - values) ** 2))) for values in forecasts[name]]
    for name in networks
}
table = by_step.loc[[1, 5, 10, 20]].T
table.insert(0, "all 20", overall)
print(f"RMSE by step ahead; that of the noise is {noise:.3f}\n\n{table.round(3).to_string()}\n")
for name in networks:
    count = sum(array.size for array in models[name].weights_)
    seeds = ", ".join(f"{error:.3f}" for error in of_seeds[name])
    print(f"{name}: {count:,} weights; RMSE of the three seeds {seeds}")

# %%
# Results in words
# ----------------

naive = overall[naive_names].idxmin()
beaten = [name for name in models if name not in naive_names and overall[name] < overall[naive]]
winner, loser = sorted(networks, key=overall.get)
n_closer = int((by_step[winner] < by_step[loser]).sum())
clear = max(of_seeds[winner]) < min(of_seeds[loser])
sentences = [
    f"Better than the best naive forecast ({naive}, {overall[naive]:.3f}): "
    f"{', '.join(beaten) or 'none'}.",
    f"The smallest error is that of the {overall.idxmin()} ({overall.min():.3f}).",
    f"Of the two networks, the {winner} has the smaller error ({overall[winner]:.3f} against "
    f"{overall[loser]:.3f}), and is closer at {n_closer} of {N_AHEAD} steps.",
    "Each of its seeds is better than each of the other's."
    if clear
    else "Its seeds and those of the other overlap: one training of each could have said the "
    "opposite.",
]
falls = [1 - loss[-1] / loss[-11] for loss in (models[name].history_["loss"] for name in networks)]
sentences.append(
    f"In the last ten epochs (last seed) the loss of the {networks[0]} still fell by "
    f"{falls[0]:.0%}, that of the {networks[1]} by {falls[1]:.0%}: more epochs may move the "
    "table."
    if max(falls) > 0.1
    else "More epochs would hardly move the table: the losses no longer fall."
)
print(fill(" ".join(sentences), 88))

# %%
# A picture
# ---------
# Forecasts of the first two test series with the first seeds, and the error by step ahead. The
# bands reach from the best to the worst seed of each step.

styles = {
    "Last value": {"color": "0.6", "linestyle": "--"},
    "Mean of the window": {"color": "0.6", "linestyle": ":"},
    "LinearRegression": {"color": "tab:green"},
    "direct LSTM": {"color": "tab:orange"},
    "encoder-decoder LSTM": {"color": "tab:blue", "linewidth": 2},
}
figure, axes = plt.subplot_mosaic(
    [["first", "error"], ["second", "error"]], figsize=(10, 5.2), layout="constrained"
)
ahead = np.arange(1, N_AHEAD + 1)
for row, name in enumerate(["first", "second"]):
    ax = axes[name]
    ax.plot(
        np.arange(-19, N_AHEAD + 1),
        series[N_TRAIN + row, -N_AHEAD - 20 :],
        "k.-",
        label="real value",
    )
    for model in ["Last value", *networks]:
        ax.plot(ahead, forecasts[model][0][row], **styles[model])
    ax.axvline(0.5, color="0.7", linewidth=1)
    ax.set_ylabel("Value")
    ax.set_xticks([-20, -10, 1, 10, 20])
axes["first"].set_title("Two series of the test")
axes["first"].tick_params(labelbottom=False)
axes["second"].set_xlabel("Step ahead")
for name, style in styles.items():
    axes["error"].plot(by_step.index, by_step[name], label=name, **style)
for name in networks:
    by_seed = [np.sqrt(np.mean((y_test - values) ** 2, axis=0)) for values in forecasts[name]]
    axes["error"].fill_between(
        by_step.index,
        np.min(by_seed, axis=0),
        np.max(by_seed, axis=0),
        color=styles[name]["color"],
        alpha=0.15,
        linewidth=0,
    )
axes["error"].axhline(noise, color="black", linewidth=1, linestyle="-.", label="noise alone")
axes["error"].set(title="Error by step ahead", xlabel="Step ahead", ylabel="RMSE", ylim=(0, None))
axes["error"].set_xticks([1, 5, 10, 15, 20])
figure.get_layout_engine().set(w_pad=0.12)
for ax in axes.values():
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
handles, names = axes["error"].get_legend_handles_labels()
real = axes["first"].get_lines()[0]
figure.legend(
    [real, *handles], ["real value", *names], frameon=False, loc="outside lower center", ncols=4
)
figure.savefig("encoder_decoder.png", dpi=150)
plt.show()
