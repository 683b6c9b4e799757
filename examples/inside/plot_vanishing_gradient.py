"""
Vanishing gradients: why networks forget
========================================

A network learns from a step only if the gradient of the loss reaches the step. This example
measures the gradient that reaches each of 100 steps: in a simple RNN, an LSTM and a GRU before
training, and in LSTMs that learn to recall the first step, with and without ``memory_steps=100``.

Needs: ``pip install "skrnn[plot]"``.

Run it with ``python examples/inside/plot_vanishing_gradient.py``.
It draws ``vanishing_gradient.png``.
"""

# %%
# Before any training
# -------------------
# The rows are standard normal noise, and the networks have the default parameters of skrnn. With
# ``initial=True``, networks need not be fitted: the gradient is computed with the weights that
# ``fit`` starts from. A small initial gradient is no proof that a step cannot be learned, since
# training may change the gradient. But training starts from it.

from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor
from skrnn.inspection import GradientFlowDisplay, gradient_flow

N_TIMESTEPS = 100
noise = np.random.default_rng(0).normal(size=(200, N_TIMESTEPS))

networks = {
    "simple RNN": RNNRegressor(random_state=0),
    "LSTM": LSTMRegressor(random_state=0),
    "GRU": GRURegressor(random_state=0),
    "LSTM, memory_steps=100": LSTMRegressor(memory_steps=100, random_state=0),
}
at_start = GradientFlowDisplay(
    flow={
        name: gradient_flow(network, noise, noise[:, 0], initial=True)
        for name, network in networks.items()
    }
)

# %%
# Recall the first of a hundred steps
# -----------------------------------
# This is the task of ``memory.py``, with the same training rows and settings, but fewer epochs. All
# steps are uniform noise, and the target is the first step. Both networks are trained in the same
# way, and stop when they have learned the training rows. The number of epochs depends on the random
# start: ``memory.py`` has the results of five seeds.

N_RECALL, MAX_EPOCHS = 2_000, 50
uniform = np.random.default_rng(0).uniform(size=(N_RECALL + 500, N_TIMESTEPS))
X_train, X_test = uniform[:N_RECALL], uniform[N_RECALL:]
y_train, y_test = X_train[:, 0], X_test[:, 0]


def recall_network(memory_steps):
    """Make a network that stops when it has learned its training rows."""
    # The import of Keras takes seconds, and prints no messages after skrnn has prepared it.
    from keras.callbacks import Callback

    class StopWhenLearned(Callback):
        def on_epoch_end(self, epoch, logs=None):
            # The loss is in variances of y: about 1 - R² of the training rows.
            self.model.stop_training = logs["loss"] < 0.01

    return LSTMRegressor(
        units=16,
        memory_steps=memory_steps,
        epochs=MAX_EPOCHS,
        learning_rate=0.003,
        clipnorm=1.0,
        callbacks=[StopWhenLearned()],
        random_state=1,
    )


# The first fit imports TensorFlow and Keras. Do it here, before the callback is made.
LSTMRegressor(units=1, epochs=1).fit(np.zeros((2, 3)), [0.0, 1.0])

recall = {
    "LSTM": (recall_network(None), "tab:orange"),
    "LSTM, memory_steps=100": (recall_network(100), "tab:red"),
}
flow = {("at the start, on noise", name): values for name, values in at_start.flow.items()}
scores = {}
for name, (model, _) in recall.items():
    for when, initial in (("at its start", True), ("trained", False)):
        if not initial:
            model.fit(X_train, y_train)
            scores[name] = model.score(X_test, y_test)
        flow[f"recall, {when}", name] = gradient_flow(
            model, X_test[:200], y_test[:200], initial=initial
        )
    print(f"{name} is fitted", flush=True)

# %%
# The table
# ---------
# Norms of the gradient with respect to the state after a step, averaged over the rows.

table = pd.DataFrame(
    {
        key: {"first step": values[0], "middle": values[N_TIMESTEPS // 2], "last step": values[-1]}
        for key, values in flow.items()
    }
).T
table["first / last"] = table["first step"] / table["last step"]
formats = dict.fromkeys(table.columns, "{:.1e}".format)
print(f"\nGradient that reaches a step\n\n{table.to_string(formatters=formats)}\n")

# %%
# Results in words
# ----------------


def say(sentence):
    print(fill(sentence, 88), end="\n\n")


fall = (table["middle"] / table["first step"])["at the start, on noise"]
say(
    "Before any training, on its way from the middle to the first step the gradient shrinks by a "
    f"factor of {', '.join(f'{factor:,.0f} ({name})' for name, factor in fall.items())}."
)
worse = [name for name in ("LSTM", "GRU") if fall[name] > fall["simple RNN"]]
say(
    f"Gates alone are no help at the start: {' and '.join(worse)} lose more than the simple RNN, "
    "for a gate that stands half open lets half of the gradient pass. What keeps it are the "
    "biases that memory_steps makes the gates start with."
    if worse
    else "LSTM and GRU lose less than the simple RNN."
)
for name, (model, _) in recall.items():
    learned = "has learned" if scores[name] > 0.95 else "has not learned"
    say(
        f"{name} {learned} to recall the first step in {model.n_iter_} epochs: R² of the test rows "
        f"is {scores[name]:.2f}. The gradient at its first step is "
        f"{table['first / last']['recall, trained'][name]:.2g} times that at its last."
    )
trained = table["first step"]["recall, trained"]
say(
    "Trained, the first step of the one with memory_steps has "
    f"{trained['LSTM, memory_steps=100'] / trained['LSTM']:,.0f} times the gradient of the other."
)

# %%
# A picture
# ---------

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), sharey=True, layout="constrained")
at_start.plot(left)
for name, (_, color) in recall.items():
    for when, style in (("at its start", "--"), ("trained", "-")):
        display = GradientFlowDisplay(flow={f"{name}, {when}": flow[f"recall, {when}", name]})
        display.plot(right, color=color, linestyle=style)
left.set_title("Before training, on noise")
right.set(title="Recall of the first of 100 steps", ylabel="")
# Smaller values are not shown, since they would make the rest of the plot too small.
left.set_ylim(1e-12, 1e2)
for ax in (left, right):
    ax.grid(axis="y", color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
left.legend(frameon=False, loc="upper left")
right.legend(frameon=False, loc="lower right")

picture = Path("vanishing_gradient.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
