"""
Bits per character: a network and models that count
===================================================

Two GRU layers read 270 kB of English and are asked for the next character of 30 kB more, beside
count models of characters. Not a gallery entry: it takes up to ten minutes. Run it with
``python examples/next_character.py``.
"""

# %%
# The text comes with Python: the help on its language. The last tenth is held out.

from collections import Counter, defaultdict
from pydoc_data.topics import topics
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skrnn import GRUClassifier, SlidingWindowTransformer, generate

text = "".join(topics.values())[:300_000]
N_TRAIN, LENGTH = 270_000, 100
train, test = text[:N_TRAIN], text[N_TRAIN:]

# %%
# Count models
# ------------
# Interpolated as by Witten & Bell (1991): the more different characters have followed a context,
# the more is left to the context that is shorter by one, down to all characters alike.


def count_bits(order):
    """Return the bits per character of the test part, by counts of `order` characters in a row."""
    following = [defaultdict(Counter) for _ in range(order)]
    for n_before, counts in enumerate(following):
        for end in range(n_before, N_TRAIN):
            counts[text[end - n_before : end]][text[end]] += 1
    alphabet, bits = set(train), 0.0
    for end in range(N_TRAIN, len(text)):
        probability = 1 / len(alphabet)
        for n_before, counts in enumerate(following):
            seen = counts.get(text[end - n_before : end])
            if seen is not None:
                n_different = len(seen)
                probability = (seen[text[end]] + n_different * probability) / (
                    seen.total() + n_different
                )
        bits -= np.log2(probability)
    return bits / len(test)


results = {}
for name, order in {"unigram": 1, "bigram": 2, "trigram": 3, "5-gram": 5}.items():
    start = perf_counter()
    results[f"{name} counts"] = {"bits per character": count_bits(order)}
    results[f"{name} counts"]["seconds"] = perf_counter() - start

# %%
# The network
# -----------
# Blocks of 100 characters with a label at every step. In the test part, sequences are longer and
# overlap: the first 200 characters of each are there to be read, and only the others count. So each
# prediction knows 200 characters or more, all of them before it.

characters = np.array(list(text))
encoder = OneHotEncoder(sparse_output=False, dtype=np.float32).fit(characters[:N_TRAIN, None])
rows = encoder.transform(characters[:, None])

network = GRUClassifier(
    units=(128, 128),
    dropout=0.1,
    architecture="sequence_to_sequence",
    learning_rate=0.004,
    clipnorm=1.0,
    epochs=40,
    random_state=0,
    verbose=2,
)
start = perf_counter()
n_blocks = (N_TRAIN - 1) // LENGTH
network.fit(
    rows[: n_blocks * LENGTH].reshape(n_blocks, LENGTH, -1),
    characters[1 : n_blocks * LENGTH + 1].reshape(n_blocks, LENGTH),
)
N_READ, N_SCORED = 200, 1_000
starts = np.arange(N_TRAIN - N_READ - 1, len(text) - N_READ - N_SCORED, N_SCORED)
steps = starts[:, None] + np.arange(N_READ + N_SCORED)
probability = network.predict_proba(rows[steps])[:, N_READ:]
following = np.searchsorted(network.classes_, characters[steps[:, N_READ:] + 1])
of_following = np.take_along_axis(probability, following[..., None], axis=2)
assert of_following.size == len(test)
results["GRUClassifier, two layers of 128"] = {
    "bits per character": -np.log2(of_following).mean(),
    "seconds": perf_counter() - start,
}

# %%
# The table
# ---------

table = pd.DataFrame.from_dict(results, orient="index")
formats = {"bits per character": "{:.3f}".format, "seconds": "{:.0f}".format}
print(f"\n{len(test):,} characters held out\n\n{table.to_string(formatters=formats)}\n")

window = SlidingWindowTransformer(LENGTH, padding="nan", carry_context=False)
writer = make_pipeline(encoder, window.fit(rows), network)
print("The " + "".join(generate(writer, "The ", 500, temperature=0.7, random_state=0)))
