"""
A character-level network that generates text
=============================================

A network reads 20 kB of English and learns to predict the next character. After 1, 5 and 20 epochs
it generates text. Its bits per character on held-out text are compared with those of models that
count characters.

Needs: ``pip install "skrnn[plot]"``.

Run it with ``python examples/labels_and_text/plot_character_rnn.py``.
It draws ``character_rnn.png``.
"""

# %%
# A text in blocks
# ----------------
# The text is the help on Python's keywords, which comes with Python. The last tenth is held out.
# The rows are blocks of 50 characters. The label of each character is the next character.

from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics
from textwrap import indent

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skrnn import GRUClassifier, SlidingWindowTransformer, generate

N_CHARACTERS, LENGTH = 20_000, 50
text = "".join(topics.values())[: N_CHARACTERS + 1]
characters = np.array(list(text))
encoder = OneHotEncoder(sparse_output=False, dtype=np.float32)
rows = encoder.fit_transform(characters[:, None])


def blocks(of_characters):
    """Split an array with one entry for each character into blocks of equal length."""
    return of_characters.reshape(-1, LENGTH, *of_characters.shape[1:])


X, y = blocks(rows[:-1]), blocks(characters[1:])
n_train = int(0.9 * len(X))
X_train, y_train, X_test, y_test = X[:n_train], y[:n_train], X[n_train:], y[n_train:]

# %%
# Models that count
# -----------------
# Counts of how often a character follows the one or two before it. A small number is added to each
# count, for characters that were never seen.


def count_bits(n_before, share=0.1):
    """Return the bits per character of held-out text, by counts after `n_before` characters."""
    n_seen = n_train * LENGTH
    following = {}
    for end in range(n_before, n_seen + 1):
        following.setdefault(text[end - n_before : end], Counter())[text[end]] += 1
    alphabet = len(encoder.categories_[0])
    probabilities = []
    for end in range(n_seen + 1, len(text)):
        counts = following.get(text[end - n_before : end], Counter())
        probability = (counts[text[end]] + share) / (counts.total() + share * alphabet)
        probabilities.append(probability)
    return -np.log2(probabilities).mean()


counting = {
    name: count_bits(n_before)
    for n_before, name in enumerate(["unigram counts", "bigram counts", "trigram counts"])
}

# %%
# Training and generated text
# ---------------------------
# With ``warm_start``, each call of ``fit`` continues training. To generate text, the network is the
# last step of a pipeline with a window. Each new character is drawn from the probabilities of the
# last step.

network = GRUClassifier(
    units=128,
    dropout=0.3,
    architecture="sequence_to_sequence",
    learning_rate=0.005,
    clipnorm=1.0,
    batch_size=8,
    warm_start=True,
    random_state=0,
)
window = SlidingWindowTransformer(LENGTH, padding="nan", carry_context=False)
writer = make_pipeline(encoder, window.fit(rows), network)

learned = {}
for n_epochs in (1, 5, 20):
    trained = getattr(network, "n_iter_", 0)
    network.set_params(epochs=n_epochs - trained).fit(X_train, y_train, X_val=X_test, y_val=y_test)
    learned[n_epochs] = network.history_["val_loss"][-1] / np.log(2)
    written = "".join(generate(writer, "The ", 200, temperature=0.7, random_state=0))
    print(f"\nAfter {n_epochs} epoch(s), it writes:\n\n{indent('The ' + written, '    | ')}\n")

# %%
# The table
# ---------
# One bit less means that the probability of the real character is twice as large on average.

table = pd.Series(
    counting | {f"GRUClassifier, {epochs} epoch(s)": bits for epochs, bits in learned.items()},
    name="bits per character",
)
print(f"Held-out text of {y_test.size:,} characters\n\n{table.round(2).to_frame().to_string()}\n")

# %%
# A picture
# ---------

loss, held_out = (np.array(network.history_[name]) / np.log(2) for name in ("loss", "val_loss"))
epochs = range(1, len(loss) + 1)
figure, ax = plt.subplots(figsize=(9, 4.8), layout="constrained")
ax.plot(epochs, loss, color="tab:blue", linestyle="--", label="GRU, text that it reads")
ax.plot(epochs, held_out, color="tab:blue", label="GRU, text held out")
for name, color in zip(counting, ("0.75", "0.55", "0.35"), strict=True):
    ax.axhline(counting[name], color=color, linewidth=1, label=f"{name}, text held out")
ax.set_title("Bits per character of a text of 20 kB")
ax.set_xlabel("Epoch")
ax.set_ylabel("Bits per character")
ax.set_xticks([1, 5, 10, 15, 20])
ax.set_ylim(0, None)
ax.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside right upper", frameon=False)

picture = Path("character_rnn.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
