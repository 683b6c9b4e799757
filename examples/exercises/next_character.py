"""
Bits per character: a network and models that count
===================================================

Two GRU layers learn from 270 kB of English, and predict each next character of another 30 kB. They
are compared with models that count characters. This example takes up to ten minutes, so it is not
run in the gallery. Run it with ``python examples/exercises/next_character.py``.
"""

# %%
# The text is the help on the Python language, which comes with Python. The last tenth is held out.

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
# The counts are interpolated as by Witten & Bell (1991). The more different characters follow a
# context, the larger is the weight of the context that is one character shorter. The shortest
# context gives all characters the same probability.


def count_bits(order):
    """Return the bits per character of the test part, by counts of `order` characters."""
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
# Training rows are blocks of 100 characters, with a label at each step. Test sequences are longer
# and overlap: the network reads the first 200 characters of each, and only the others are scored.
# So each prediction knows at least 200 characters, all of them before it.

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
