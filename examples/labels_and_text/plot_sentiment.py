"""
Sentiment of sentences, with the order of words
===============================================

A network reads a sentence as a sequence of words, and its last state gives the class. The sentences
are generated: "not" inverts the next adjective, and the clause after "but" decides. So the order of
the words matters. Models that count words show what is possible without the order.

Needs: ``pip install "skrnn[plot]"``.

Run it with ``python examples/labels_and_text/plot_sentiment.py``. It draws ``sentiment.png``.
"""

# %%
# Sentences with a label
# ----------------------

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from skrnn import GRUClassifier, LSTMClassifier, stack_sequences

VOCABULARY = """
plot cast music ending camera dialogue pace idea humor setting director light
good brilliant warm clever moving fresh honest elegant gripping charming
bad dull cold clumsy boring stale false crude tiresome annoying
very rather truly simply quite
not never hardly
"""
NOUNS, GOOD, BAD, ADVERBS, NEGATIONS = map(str.split, VOCABULARY.strip().splitlines())

rng = np.random.default_rng(0)


def make_clause():
    """Return the words of a clause, and whether it is positive."""
    is_good = rng.random() < 0.5
    words = ["the", rng.choice(NOUNS), "is"]
    is_negated = rng.random() < 0.4
    if is_negated:
        words.append(rng.choice(NEGATIONS))
    if rng.random() < 0.4:
        words.append(rng.choice(ADVERBS))
    words.append(rng.choice(GOOD if is_good != is_negated else BAD))
    return words, is_good


def make_sentence():
    """Return a sentence and its class."""
    words, is_good = make_clause()
    while rng.random() < 0.6:
        more, after = make_clause()
        # "and" joins clauses of the same class, and "but" joins different ones.
        words += ["and" if after == is_good else "but", *more]
        is_good = after
    return " ".join(words), "positive" if is_good else "negative"


sentences, labels = map(np.array, zip(*(make_sentence() for _ in range(3_000)), strict=True))
for sentence, label in zip(sentences[:5], labels[:5], strict=True):
    print(f"{label}: {sentence}")
X_train, X_test, y_train, y_test = train_test_split(
    sentences, labels, test_size=1_000, random_state=0
)

# %%
# Sequences of unequal length
# ---------------------------
# Each word becomes a row of zeros with a single 1. Sentences that are shorter than the longest one
# are filled with missing steps, which a network ignores.

words = np.concatenate([sentence.split() for sentence in X_train])
encoder = OneHotEncoder(sparse_output=False, dtype=np.float32, handle_unknown="ignore")
encoder.fit(words[:, None])


def to_sequences(sentences):
    """Return an array of shape (n_sentences, n_words of the longest, n_different_words)."""
    return stack_sequences(
        [encoder.transform(np.array(sentence.split())[:, None]) for sentence in sentences]
    )


# %%
# The table
# ---------
# The linear models count single words, or also pairs and triples of neighboring words.

network = {"units": 16, "epochs": 8, "learning_rate": 0.01, "random_state": 0}
models = {
    "most frequent label": DummyClassifier(),
    "TF-IDF of words, logistic regression": make_pipeline(
        TfidfVectorizer(), LogisticRegression(C=10)
    ),
    "TF-IDF of 1 to 3 words, logistic regression": make_pipeline(
        TfidfVectorizer(ngram_range=(1, 3)), LogisticRegression(C=10)
    ),
    "LSTMClassifier": make_pipeline(FunctionTransformer(to_sequences), LSTMClassifier(**network)),
    "GRUClassifier": make_pipeline(FunctionTransformer(to_sequences), GRUClassifier(**network)),
}
results = {}
for name, model in models.items():
    start = perf_counter()
    model.fit(X_train, y_train)
    seconds = perf_counter() - start
    results[name] = {
        "accuracy": model.score(X_test, y_test),
        "log loss": log_loss(y_test, model.predict_proba(X_test)),
        "fit s": seconds,
    }
table = pd.DataFrame.from_dict(results, orient="index")
formats = {"accuracy": "{:.3f}".format, "log loss": "{:.3f}".format, "fit s": "{:.1f}".format}
print(f"\n1,000 sentences that were held out\n\n{table.to_string(formatters=formats)}\n")

# %%
# Probabilities after each clause
# -------------------------------
# The first clauses of a sentence are a sentence, too. The probability of "positive" changes after
# each clause that changes the meaning.

clauses = ["the plot is good", "and the cast is never dull", "but the ending is not very clever"]
so_far = [" ".join(clauses[:end]) for end in range(1, len(clauses) + 1)]
styles = {
    "TF-IDF of words, logistic regression": "0.8",
    "TF-IDF of 1 to 3 words, logistic regression": "0.6",
    "GRUClassifier": "tab:blue",
}
figure, ax = plt.subplots(figsize=(9, 4.2), layout="constrained")
width = 0.8 / len(styles)
for number, (name, color) in enumerate(styles.items()):
    places = np.arange(len(clauses)) + (number - 1) * width
    positive = models[name].predict_proba(so_far)[:, 1]
    ax.bar(places, positive - 0.5, width, bottom=0.5, color=color, label=name)
ax.axhline(0.5, color="0.3", linewidth=1)
ax.set_xticks(range(len(clauses)), clauses)
ax.set_xlabel("Read up to here")
ax.set_ylim(0, 1)
ax.set_ylabel("Probability of positive")
ax.set_title("What the sentence says so far")
ax.spines[["top", "right"]].set_visible(False)
figure.legend(loc="outside lower center", ncols=2, frameon=False)

picture = Path("sentiment.png")
figure.savefig(picture, dpi=100)
print(f"Picture: {picture}")
