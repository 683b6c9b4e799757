"""Writing on: labels sampled one after the other from a classifier."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from skrnn.windows._transformer import SlidingWindowTransformer


@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "prompt": ["array-like", str],
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

    Each label is drawn from what the classifier says of the next row, and is a row from then on.

    Parameters
    ----------
    estimator : Pipeline
        A fitted pipeline from rows of one label each to a classifier, with a
        `SlidingWindowTransformer` as a step in between: its windows must end before their row
        (`horizon` of at least 1). The classifier says for a row which label it is. If it says more
        than one, the label that follows is that of the last step, or of an `encoder_decoder` the
        first one. A search over such pipelines stands for its best estimator.

    prompt : str or array-like of shape (n_rows,)
        What has been read: the characters of a str, or labels. If it is shorter than a window, the
        rest is what the transformer puts there: the end of the rows it was fitted on, or padding
        with `carry_context=False`, and if it was fitted on rows with labels (an index of dates).

    n : int
        How many labels to write.

    temperature : float, default=1.0
        Probabilities are raised to the power of ``1 / temperature``: below 1 likely labels become
        likelier, above 1 all become more alike (Ackley, Hinton & Sejnowski 1985).

    random_state : int, RandomState instance or None, default=None
        What draws the labels. An int makes them the same each time.

    Returns
    -------
    labels : ndarray of shape (n,)
        The labels after the prompt, all of them from `classes_`.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the prompt is empty or not one sequence, the temperature is not above 0, the estimator
        has no step that makes windows, or a window holds the row that is to be predicted.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows that are read.
    forecast : Numbers that follow others.

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
    check_is_fitted(estimator)
    pipeline = getattr(estimator, "best_estimator_", estimator)
    read = np.asarray(list(prompt) if isinstance(prompt, str) else prompt)
    if read.ndim != 1 or len(read) == 0:
        raise ValueError(
            f"prompt of shape {read.shape} is not a sequence of one label or more. Give a str, or "
            "labels of shape (n_rows,)."
        )
    predict = _predict_next(pipeline)
    classes = estimator.classes_
    rng = check_random_state(random_state)
    labels = read.tolist()
    for _ in range(n):
        with np.errstate(divide="ignore"):
            logarithms = np.log(predict(labels)) / temperature
        # The largest becomes 1: none overflows, whatever the temperature.
        probability = np.exp(logarithms - logarithms.max())
        number = rng.choice(len(classes), p=probability / probability.sum())
        labels.append(classes[number])
    return np.asarray(labels[len(read) :], dtype=classes.dtype)


def _predict_next(estimator: Any) -> Callable[[list[Any]], np.ndarray]:
    """Return what tells the probabilities of the label that follows others."""
    steps = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else []
    windows = [step for step in steps if isinstance(step, SlidingWindowTransformer)]
    if not windows:
        raise ValueError(
            f"{type(estimator).__name__} has no step that is a SlidingWindowTransformer, so that "
            "nobody can tell which rows it reads. Give a Pipeline in which that is a step of its "
            "own, between what encodes labels and the classifier."
        )
    if any(window.horizon == 0 for window in windows):
        raise ValueError(
            "SlidingWindowTransformer(horizon=0) puts the row that is to be predicted into its own "
            "window. Use horizon=1, so that a window ends before its row."
        )
    # Rows before those of the window say nothing.
    n_read = sum(window.window_length + window.horizon - 1 for window in windows)
    names = getattr(estimator, "feature_names_in_", None)
    encode, classifier = estimator[:-1], estimator[-1]
    # A decoder begins with the label that follows; where each step has one, it is the last.
    place = 0 if getattr(classifier, "architecture", None) == "encoder_decoder" else -1

    def predict(labels: list[Any]) -> np.ndarray:
        # The row to predict: whatever stands in it, its window ends before it.
        rows: Any = np.asarray([*labels[-n_read:], labels[-1]])[:, np.newaxis]
        if names is not None:
            rows = pd.DataFrame(rows, columns=names)
        X = encode.transform(rows)
        last = X.iloc[-1:] if hasattr(X, "iloc") else X[-1:]
        probability = classifier.predict_proba(last)[0]
        return probability if probability.ndim == 1 else probability[place]

    return predict
