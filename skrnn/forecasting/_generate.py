"""Text generation: sample labels, one after the other, from a classifier."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_regressor
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn.forecasting._prompt import read_prompt
from skrnn.windows._transformer import SlidingWindowTransformer


@validate_params(
    {
        "estimator": "no_validation",
        "prompt": "no_validation",
        "n": [Interval(Integral, 1, None, closed="left")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def generate(
    estimator: Any,
    prompt: Any,
    n: int,
    *,
    temperature: float = 1.0,
    random_state: Any = None,
) -> np.ndarray:
    """Sample the labels that follow a prompt, one after the other.

    Each label is drawn from the probabilities that the classifier predicts for the next row. The
    drawn label is then appended to the prompt.

    Parameters
    ----------
    estimator : Pipeline
        A fitted pipeline that reads rows of one label each, ends in a classifier, and has a
        `SlidingWindowTransformer` as a step. The windows must end before their row (`horizon` of at
        least 1). The classifier predicts the label of a row. If a classifier predicts several
        labels at once, the last one is used, or the first one of an `encoder_decoder`. A search is
        replaced by its best estimator. A classifier with `embedding_dim` needs windows with
        ``padding="nan"``.

    prompt : str or array-like of shape (n_rows,)
        The labels before the sampled ones. A str is read letter by letter, for models of single
        letters. For a model of words, give a list of words (``prompt.split()``). If the prompt is
        shorter than a window, the window begins with the last fitted rows. It begins with padding
        instead if `carry_context=False`, or if the fitted rows have row labels (an index of dates).

    n : int
        Number of labels to sample.

    temperature : float, default=1.0
        Probabilities are raised to the power of ``1 / temperature``. Below 1, likely labels become
        more likely. Above 1, all labels become more equally likely (Ackley, Hinton & Sejnowski
        1985).

    random_state : int, RandomState instance or None, default=None
        Source of randomness. With an int, each call returns the same labels.

    Returns
    -------
    labels : ndarray of shape (n,)
        The labels after the prompt, all of them from `classes_`.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the prompt is empty or is not one sequence, or is a str for a model of words.

        If the prompt holds symbols that are neither in `classes_` nor among the categories of the
        encoders.

        If the temperature is not above 0.

        If the estimator predicts no probabilities or has no `SlidingWindowTransformer` as a step.

        If windows contain the row to predict (`horizon=0`), or if the classifier has
        `embedding_dim` and the windows are padded with means.

    TypeError
        If the estimator is a class, or a Keras model.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows that the model reads.
    forecast : Predicts the future rows of a series of numbers.

    References
    ----------
    Ackley, D., Hinton, G. & Sejnowski, T. (1985). A learning algorithm for Boltzmann machines.
    Cognitive Science, 9(1).

    Graves, A. (2013). Generating sequences with recurrent neural networks. arXiv:1308.0850.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> from skrnn import GRUClassifier, SlidingWindowTransformer, generate
    >>> letters = np.array(list("abc" * 40))
    >>> pipe = make_pipeline(
    ...     OneHotEncoder(sparse_output=False, dtype=np.float32),
    ...     SlidingWindowTransformer(5),
    ...     GRUClassifier(units=8, epochs=20, learning_rate=0.03, random_state=0),
    ... )
    >>> pipe = pipe.fit(letters[:, None], letters)
    >>> print("".join(generate(pipe, "abcab", 6, temperature=0.1, random_state=0)))
    cabcab
    """
    refuse_other_models(estimator, "estimator")
    _check_classifier(estimator)
    check_is_fitted(estimator)
    pipeline = getattr(estimator, "best_estimator_", estimator)
    predict = _predict_next(pipeline)
    classes = estimator.classes_
    labels = read_prompt(prompt, classes, pipeline)
    n_prompt = len(labels)
    rng = check_random_state(random_state)
    for _ in range(n):
        with np.errstate(divide="ignore"):
            logarithms = np.log(predict(labels)) / temperature
        # Subtract the largest logarithm, so that no power overflows at a low temperature.
        probability = np.exp(logarithms - logarithms.max())
        number = rng.choice(len(classes), p=probability / probability.sum())
        labels.append(classes[number])
    return np.asarray(labels[n_prompt:], dtype=classes.dtype)


def _check_classifier(estimator: Any) -> None:
    """Refuse an estimator that predicts no probabilities."""
    is_search = hasattr(estimator, "cv") and hasattr(estimator, "estimator")
    if is_search and getattr(estimator, "refit", True) is False:
        raise ValueError(
            f"This {type(estimator).__name__} has refit=False, and keeps no fitted estimator. Fit "
            "it with refit=True, or give a fitted pipeline."
        )
    if hasattr(estimator, "predict_proba"):
        return
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    name = type(last).__name__
    if is_regressor(estimator):
        raise ValueError(
            f"The estimator ends in {name}, which predicts numbers, but generate takes "
            "classifiers. To predict future rows of numbers, use skrnn.forecast."
        )
    raise ValueError(
        f"The estimator ends in {name}, which has no predict_proba, but generate draws labels from "
        "probabilities. Give a fitted pipeline that ends in a classifier, such as GRUClassifier."
    )


def _predict_next(estimator: Any) -> Callable[[list[Any]], np.ndarray]:
    """Return a function from the labels so far to the probabilities of the next label."""
    steps = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else []
    windows = [step for step in steps if isinstance(step, SlidingWindowTransformer)]
    if not windows:
        raise ValueError(
            f"{type(estimator).__name__} has no step that is a SlidingWindowTransformer, so the "
            "number of labels to read is not known. Give a Pipeline with this step between the "
            "encoder of the labels and the classifier."
        )
    if any(window.horizon == 0 for window in windows):
        raise ValueError(
            "SlidingWindowTransformer(horizon=0) puts the row to predict into its own window. Use "
            "horizon=1: windows then end before their row."
        )
    for window in windows:
        if window._known:
            raise ValueError(
                f"SlidingWindowTransformer(known={window.known}) puts the label to sample into its "
                "own window, but generate reads earlier labels only. Use known=None."
            )
    n_features = getattr(estimator, "n_features_in_", 1)
    if n_features != 1:
        raise ValueError(
            f"The pipeline was fitted on rows of {n_features} columns, but generate "
            "appends rows of one label. Fit the pipeline on the column of labels only."
        )
    classifier = estimator[-1]
    embeds = getattr(classifier, "_network", {}).get("embedding_dim") is not None
    if embeds and any(np.isfinite(window.fill_values_).any() for window in windows):
        raise ValueError(
            'SlidingWindowTransformer(padding="mean") fills missing steps with a mean, and '
            f"{type(classifier).__name__} with embedding_dim would read this mean as a symbol. Set "
            'padding="nan", which makes the network skip missing steps, and fit again.'
        )
    # The window of the last row reads no more rows than these.
    n_read = sum(window.window_length + window.horizon - 1 for window in windows)
    names = getattr(estimator, "feature_names_in_", None)
    encode = estimator[:-1]
    # The next label is the first output of a decoder, but the last one of sequence_to_sequence.
    place = 0 if getattr(classifier, "architecture", None) == "encoder_decoder" else -1

    def predict(labels: list[Any]) -> np.ndarray:
        # Append the row to predict. Its own window does not read it, so its label can be any.
        rows: Any = np.asarray([*labels[-n_read:], labels[-1]])[:, np.newaxis]
        if names is not None:
            rows = pd.DataFrame(rows, columns=names)
        X = encode.transform(rows)
        last = X.iloc[-1:] if hasattr(X, "iloc") else X[-1:]
        probability = classifier.predict_proba(last)[0]
        return probability if probability.ndim == 1 else probability[place]

    return predict
