"""Labels that are sampled one after the other."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import chisquare
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.naive_bayes import BernoulliNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from skrnn import GRUClassifier, SlidingWindowTransformer, generate


def one_hot():
    return OneHotEncoder(sparse_output=False, dtype=np.float32)


@pytest.fixture(scope="module")
def letters():
    """A text in which each letter depends on the one before. Not to be changed."""
    rng = np.random.default_rng(0)
    text = ["a"]
    for _ in range(400):
        text.append({"a": "b", "b": rng.choice(["a", "c"]), "c": "a"}[text[-1]])
    return np.array(text)


@pytest.fixture(scope="module")
def pipe(letters):
    """Fitted once: do not fit it again."""
    model = GRUClassifier(8, epochs=10, learning_rate=0.03, random_state=0)
    pipe = make_pipeline(one_hot(), SlidingWindowTransformer(4, flatten=False), model)
    return pipe.fit(letters[:, np.newaxis], letters)


class Always(ClassifierMixin, BaseEstimator):
    """Says the same of every window, and keeps those that it was asked of."""

    def __init__(
        self, probability=(0.2, 0.3, 0.5), n_steps=None, architecture="sequence_to_sequence"
    ):
        self.probability = probability
        self.n_steps = n_steps
        self.architecture = architecture

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.asked_ = []
        return self

    def predict_proba(self, X):
        assert len(X) == 1
        self.asked_.append(np.array(X[0]))
        said = np.array(self.probability)
        if self.n_steps is None:
            return said[np.newaxis]
        # What the steps before the last one say is of no account.
        return np.stack([np.eye(3)[0]] * (self.n_steps - 1) + [said])[np.newaxis]


def fit_always(letters, window_length=4, **params):
    pipe = make_pipeline(
        one_hot(), SlidingWindowTransformer(window_length, flatten=False), Always(**params)
    )
    return pipe.fit(letters[:, np.newaxis], letters)


def test_each_label_is_drawn_from_what_is_said_of_the_row_after_those_before(pipe, letters):
    written = generate(pipe, "ab", 30, random_state=3)
    # The same by hand: all rows, and one more whose own letter cannot matter.
    rng = np.random.RandomState(3)
    text = list(letters) + list("ab")
    for label in written:
        rows = np.array([*text, "c"])[:, np.newaxis]
        windows = make_pipeline(
            one_hot(), SlidingWindowTransformer(4, flatten=False)
        ).fit_transform(rows)
        probability = pipe[-1].predict_proba(windows)[-1]
        assert label == pipe.classes_[rng.choice(3, p=probability)]
        text.append(label)


def test_windows_hold_the_prompt_and_then_what_was_written(letters):
    pipe = fit_always(letters)
    written = generate(pipe, "cabca", 4, random_state=0)
    text = np.array([*"cabca", *written])
    for number, window in enumerate(pipe[-1].asked_):
        expected = text[number + 1 : number + 5]
        assert_array_equal(pipe[0].inverse_transform(window)[:, 0], expected)


def test_a_short_prompt_follows_the_fitted_rows(letters):
    pipe = fit_always(letters)
    generate(pipe, "c", 1, random_state=0)
    assert_array_equal(pipe[0].inverse_transform(pipe[-1].asked_[0])[:, 0], [*letters[-3:], "c"])


@pytest.mark.parametrize("n_steps", [None, 4])
def test_labels_are_as_frequent_as_is_said_of_the_last_step(letters, n_steps):
    written = generate(fit_always(letters, n_steps=n_steps), "a", 1000, random_state=0)
    counts = [np.count_nonzero(written == label) for label in "abc"]
    assert chisquare(counts, [200, 300, 500]).pvalue > 1e-3


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_is_a_power_of_the_probabilities(letters, temperature):
    written = generate(fit_always(letters), "a", 1000, temperature=temperature, random_state=0)
    expected = np.array([0.2, 0.3, 0.5]) ** (1 / temperature)
    counts = [np.count_nonzero(written == label) for label in "abc"]
    assert chisquare(counts, 1000 * expected / expected.sum()).pvalue > 1e-3


def test_cold_writes_the_likeliest_and_what_has_no_probability_is_never_written(letters):
    cold = generate(fit_always(letters), "a", 50, temperature=1e-3, random_state=0)
    assert set(cold) == {"c"}
    hot = generate(
        fit_always(letters, probability=(0.5, 0.0, 0.5)), "a", 200, temperature=1e3, random_state=0
    )
    assert set(hot) == {"a", "c"}


def test_an_int_as_random_state_writes_the_same_again(pipe):
    first = generate(pipe, "ab", 40, random_state=0)
    assert_array_equal(generate(pipe, "ab", 40, random_state=0), first)
    assert (generate(pipe, "ab", 40, random_state=1) != first).any()


def test_only_labels_of_the_fit_are_written_and_of_their_type(pipe, letters):
    written = generate(pipe, "ab", 200, temperature=50.0, random_state=0)
    assert written.dtype == letters.dtype
    assert set(written) == {"a", "b", "c"}
    assert generate(pipe, list("ab"), 1, random_state=0).shape == (1,)


def test_numbers_can_be_labels():
    numbers = np.tile([10, 20, 30], 50)
    pipe = make_pipeline(one_hot(), SlidingWindowTransformer(2, flatten=True), BernoulliNB())
    pipe.fit(numbers[:, np.newaxis], numbers)
    written = generate(pipe, [10, 20], 5, temperature=0.1, random_state=0)
    assert_array_equal(written, [30, 10, 20, 30, 10])
    assert written.dtype == numbers.dtype


def test_a_search_over_a_data_frame_writes_with_its_best_pipeline(letters):
    frame = pd.DataFrame({"letter": letters})
    pipe = make_pipeline(one_hot(), SlidingWindowTransformer(2, flatten=True), BernoulliNB())
    search = GridSearchCV(pipe, {"bernoullinb__alpha": [0.1, 1.0]}, cv=TimeSeriesSplit(2)).fit(
        frame, letters
    )
    expected = generate(search.best_estimator_, "ab", 20, random_state=0)
    assert_array_equal(generate(search, "ab", 20, random_state=0), expected)


def test_blocks_are_trained_on_and_windows_written_with(letters):
    # Each letter is computed once in training: blocks of 4, and the letter after each of them.
    encoder = one_hot().fit(letters[:, np.newaxis])
    rows = encoder.transform(letters[:, np.newaxis])
    model = GRUClassifier(
        8, architecture="sequence_to_sequence", epochs=20, learning_rate=0.03, random_state=0
    ).fit(rows[:400].reshape(100, 4, 3), letters[1:].reshape(100, 4))
    window = SlidingWindowTransformer(4, flatten=False, padding="nan", carry_context=False)
    written = generate(
        make_pipeline(encoder, window.fit(rows), model), "a", 60, temperature=0.3, random_state=0
    )
    pairs = {first + second for first, second in pairwise(written)}
    assert pairs == {"ab", "ba", "bc", "ca"}


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"temperature": 0}, "'temperature' parameter"),
        ({"temperature": -1.0}, "'temperature' parameter"),
        ({"n": 0}, "'n' parameter"),
        ({"prompt": ""}, r"prompt of shape \(0,\)"),
        ({"prompt": [["a"]]}, r"prompt of shape \(1, 1\)"),
        ({"prompt": "xa"}, r"1 symbol\(s\) that the model has never seen: \['x'\]\. It knows \['a"),
        ({"prompt": "hijklmno"}, r"8 symbol.*: \['h', 'i', 'j', 'k', 'l'\] and 3 more"),
        ({"prompt": ["ab", "ca"]}, r'The model predicts letters: give ""\.join\(prompt\)'),
        ({"prompt": [1, 2]}, "symbols of type int, but the model was fitted on str"),
        ({"prompt": ["a", None]}, "1 missing value"),
        ({"prompt": ["a", np.nan]}, "1 missing value"),
        ({"prompt": ["a", 1]}, r"never seen: \[1\]"),
        ({"prompt": b"ab"}, r"prompt is bytes.*prompt\.decode\(\)"),
        ({"prompt": np.array("ab")}, r"prompt of shape \(\) is not"),
        ({"prompt": [["a"], ["b", "c"]]}, "its rows differ in length"),
        ({"prompt": [{}, "a"]}, "values of type dict"),
        ({"prompt": pd.DataFrame({"letter": ["a"]})}, r"Give one column.*prompt\['letter'\]"),
        ({"estimator": OneHotEncoder()}, "OneHotEncoder, which has no predict_proba"),
        ({"estimator": make_pipeline(Ridge())}, r"ends in Ridge, .* use skrnn\.forecast"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(pipe, arguments, match):
    with pytest.raises(ValueError, match=match):
        generate(**{"estimator": pipe, "prompt": "ab", "n": 3} | arguments)


def test_windows_that_hold_their_own_row_are_refused(letters):
    pipe = make_pipeline(
        one_hot(), SlidingWindowTransformer(2, horizon=0, flatten=True), BernoulliNB()
    )
    pipe.fit(letters[:, np.newaxis], letters)
    with pytest.raises(ValueError, match="horizon=0"):
        generate(pipe, "ab", 3)


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(one_hot(), BernoulliNB()),
        make_pipeline(
            one_hot(), make_pipeline(SlidingWindowTransformer(2, flatten=True), BernoulliNB())
        ),
    ],
    ids=["no windows", "windows further in"],
)
def test_a_pipeline_without_a_step_that_makes_windows_is_refused(letters, estimator):
    estimator.fit(letters[:, np.newaxis], letters)
    with pytest.raises(ValueError, match="no step that is a SlidingWindowTransformer"):
        generate(estimator, "ab", 3)


def test_a_decoder_begins_with_the_label_that_follows(letters):
    pipe = fit_always(letters, n_steps=4, architecture="encoder_decoder")
    # Always says "a" at the first steps.
    assert set(generate(pipe, "ab", 20, random_state=0)) == {"a"}


def test_an_estimator_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        generate(make_pipeline(one_hot(), GRUClassifier()), "ab", 3)


# Prompts, and what the model knows

TEXT = "the cat sat on the mat and the dog sat on the log . "
WORDS = np.array((TEXT * 5).split())


def words_from_1():
    """Encoder of the guide: unknown words become 0, which an embedding passes over."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_pipeline(encoder, FunctionTransformer(lambda rows: rows + 1))


def fit_words(encoder, words=WORDS, **window):
    window = SlidingWindowTransformer(3, flatten=True, **window)
    return make_pipeline(encoder, window, BernoulliNB()).fit(words[:, np.newaxis], words)


@pytest.fixture(scope="module")
def word_model():
    """A network with an embedding, as the guide has it. Do not fit it again."""
    model = GRUClassifier(4, embedding_dim=2, epochs=1, random_state=0)
    steps = (words_from_1(), SlidingWindowTransformer(3, padding="nan"), model)
    return make_pipeline(*steps).fit(WORDS[:, np.newaxis], WORDS)


def test_a_str_prompt_is_refused_by_a_model_of_words(word_model):
    message = (
        r"prompt is a str, which is read letter by letter, but the model predicts words such as "
        r"'and'\. Give prompt\.split\(\)\.$"
    )
    with pytest.raises(ValueError, match=message):
        generate(word_model, "and the dog sat", 3)
    assert len(generate(word_model, ["and", "the", "dog", "sat"], 3, random_state=0)) == 3


def test_a_str_of_letters_that_the_model_knows_is_given_as_a_list():
    letters = np.array([*"abab", "<end>"] * 6)
    pipe = fit_words(one_hot(), letters)
    with pytest.raises(ValueError, match=r"prompt\.split\(\), or list\(prompt\) if you mean"):
        generate(pipe, "ab", 2)
    assert len(generate(pipe, list("ab"), 2, random_state=0)) == 2


def test_a_str_prompt_is_refused_by_a_model_of_numbers():
    pipe = fit_words(one_hot(), np.tile([1, 2, 3], 10))
    with pytest.raises(ValueError, match=r"the model predicts labels such as 1\. Give a list of"):
        generate(pipe, "123", 2)
    with pytest.raises(ValueError, match="symbols of type str, but the model was fitted on int"):
        generate(pipe, ["1", "2"], 2)


@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
        words_from_1(),
        make_column_transformer((words_from_1(), [0])),
        make_pipeline(FunctionTransformer(), OneHotEncoder(sparse_output=False)),
        FeatureUnion([("one", OneHotEncoder(sparse_output=False, handle_unknown="ignore"))]),
        FunctionTransformer(lambda rows: np.char.str_len(rows)),
    ],
    ids=["one-hot", "nested", "columns", "behind a function", "union", "no encoder"],
)
def test_words_that_were_never_seen_are_named(encoder):
    pipe = fit_words(encoder)
    with pytest.raises(ValueError, match=r"2 symbol.*never seen: \['zebra', 'gnu'\]\. It knows"):
        generate(pipe, ["zebra", "the", "gnu", "zebra"], 2)
    assert len(generate(pipe, ["the", "cat"], 2, random_state=0)) == 2


def test_a_symbol_that_only_the_encoder_has_seen_is_read():
    # The beginning of a text is never the next word.
    words = np.array(["<start>", *WORDS])
    pipe = make_pipeline(one_hot(), SlidingWindowTransformer(2, flatten=True), BernoulliNB())
    pipe[0].fit(words[:, np.newaxis])
    encoded = pipe[0].transform(words[1:, np.newaxis])
    pipe[2].fit(pipe[1].fit_transform(encoded), words[1:])
    assert len(generate(pipe, ["<start>", "the"], 3, random_state=0)) == 3
    with pytest.raises(ValueError, match=r"never seen: \['<end>'\]"):
        generate(pipe, ["<start>", "<end>"], 3)


def test_words_are_compared_as_the_encoder_reads_them():
    lower = FunctionTransformer(np.char.lower)
    pipe = fit_words(make_pipeline(lower, one_hot()))
    expected = generate(pipe, ["the", "dog"], 4, random_state=0)
    assert_array_equal(generate(pipe, ["The", "DOG"], 4, random_state=0), expected)
    with pytest.raises(ValueError, match=r"never seen: \['Gnu'\]"):
        generate(pipe, ["The", "Gnu"], 4)


@pytest.mark.parametrize(
    "prompt",
    [
        [10, 20.0],
        (np.int8(10), 20),
        np.array([10.0, 20.0]),
        np.array([10, 20], dtype=object),
        pd.Series([10, 20], dtype="Int64"),
        pd.Series([10, 20], index=["a", "b"]),
        pl.Series([10, 20]),
    ],
    ids=repr,
)
def test_numbers_may_be_of_any_type(prompt):
    numbers = np.tile([10, 20, 30], 10)
    pipe = fit_words(one_hot(), numbers)
    assert_array_equal(generate(pipe, prompt, 3, temperature=0.1, random_state=0), [30, 10, 20])


@pytest.mark.parametrize(
    "prompt",
    [
        np.str_("ab"),
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
        pd.Series(["a", "b"], dtype="category"),
        pd.Series(["a", "b"], dtype="string"),
        pl.Series(["a", "b"]),
    ],
    ids=repr,
)
def test_text_may_be_of_any_type(prompt, pipe):
    expected = generate(pipe, "ab", 5, random_state=0)
    assert_array_equal(generate(pipe, prompt, 5, random_state=0), expected)


# Means of numbers of symbols are whole here, so fit cannot see them.
def test_an_embedding_behind_filled_means_is_refused():
    letters = np.array(list("abc" * 10))
    model = GRUClassifier(4, embedding_dim=2, epochs=1, random_state=0)
    pipe = make_pipeline(words_from_1(), SlidingWindowTransformer(3), model)
    pipe.fit(letters[:, np.newaxis], letters)
    message = r'padding="mean"\) fills .*GRUClassifier with embedding_dim.* Set padding="nan"'
    with pytest.raises(ValueError, match=message):
        generate(pipe, "ab", 2)
    # The rows of the fit were padded with means, too.
    pipe.set_params(slidingwindowtransformer__padding="nan")
    with pytest.raises(ValueError, match=message):
        generate(pipe, "ab", 2)


def test_fit_of_an_embedding_behind_filled_means_names_the_padding():
    model = GRUClassifier(4, embedding_dim=2, epochs=1)
    pipe = make_pipeline(words_from_1(), SlidingWindowTransformer(3), model)
    with pytest.raises(
        ValueError, match=r'whole, such as \d+\.\d+, .* rows; Sliding.*: set padding="nan"\.$'
    ):
        pipe.fit(WORDS[:, np.newaxis], WORDS)


def test_prompts_are_checked_for_the_best_pipeline_of_a_search():
    pipe = make_pipeline(one_hot(), SlidingWindowTransformer(2, flatten=True), BernoulliNB())
    search = GridSearchCV(pipe, {}, cv=TimeSeriesSplit(2)).fit(WORDS[:, np.newaxis], WORDS)
    with pytest.raises(ValueError, match=r"never seen: \['gnu'\]"):
        generate(search, ["gnu"], 2)
    with pytest.raises(ValueError, match=r"Give prompt\.split"):
        generate(search, "the cat", 2)
    search.set_params(refit=False)
    with pytest.raises(ValueError, match="refit=False, and keeps no fitted estimator"):
        generate(search, ["the"], 2)


def test_a_pipeline_of_several_columns_is_refused():
    rows = np.column_stack([WORDS, WORDS])
    pipe = make_pipeline(one_hot(), SlidingWindowTransformer(2, flatten=True), BernoulliNB())
    with pytest.raises(ValueError, match="fitted on rows of 2 columns, but generate appends rows"):
        generate(pipe.fit(rows, WORDS), ["the"], 2)
