"""Prompt of `generate`: read its symbols and refuse symbols that the model does not know."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from skrnn._utils.validation import name_some
from skrnn.windows._transformer import SlidingWindowTransformer


def read_prompt(prompt: Any, classes: np.ndarray, pipeline: Pipeline) -> list[Any]:
    """Return the symbols of a prompt as a list, each as it is spelled in the classes of the model.

    Parameters
    ----------
    prompt : object
        The prompt as given by the user.

    classes : ndarray of shape (n_classes,)
        The labels that the model predicts.

    pipeline : Pipeline
        The fitted pipeline.

    Raises
    ------
    ValueError
        If the prompt is not a sequence of at least one symbol, is a str for a model of words, or
        holds a symbol that the model has never seen.
    """
    class_labels = classes.tolist()
    symbols = _list_symbols(prompt)
    # Equal symbols are replaced by the class of the model: 1.0 by 1.
    known = {symbol: symbol for symbol in class_labels}
    unknown = [symbol for symbol in dict.fromkeys(symbols) if symbol not in known]
    if unknown:
        seen = _seen_by_encoders(unknown, pipeline)
        known |= {symbol: symbol for symbol in seen}
        unknown = [symbol for symbol in unknown if symbol not in known]
    if isinstance(prompt, str):
        _check_letters(prompt, class_labels, unknown)
    if unknown:
        raise ValueError(
            f"prompt holds {len(unknown)} symbol(s) that the model has never seen: "
            f"{name_some(unknown)}. It knows {name_some(class_labels)}. "
            f"{_advise(unknown, class_labels, prompt)}"
        )
    return [known[symbol] for symbol in symbols]


def _list_symbols(prompt: Any) -> list[Any]:
    """Return the symbols of a prompt as a list."""
    if isinstance(prompt, bytes):
        raise ValueError(
            "prompt is bytes, but symbols are expected. Give its text, prompt.decode(). For a "
            "model of bytes, give numbers, list(prompt)."
        )
    if isinstance(prompt, str):
        # str() turns a numpy.str_ into a str, so that the letters are str as well.
        values = np.empty(len(prompt), dtype=object)
        values[:] = list(str(prompt))
    elif isinstance(prompt, list | tuple) and not any(_has_axis(symbol) for symbol in prompt):
        # np.asarray would convert symbols of several types to one type, such as 1 to "1".
        values = np.empty(len(prompt), dtype=object)
        values[:] = prompt
    else:
        try:
            values = np.asarray(prompt)
        except ValueError as error:
            raise ValueError(
                "prompt is not a sequence of labels: its rows differ in length. Give a str, or "
                "labels of shape (n_rows,)."
            ) from error
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"prompt of shape {values.shape} is not a sequence of one or more labels. Give "
            f"{_advise_column(prompt, values.shape)}."
        )
    n_missing = int(np.count_nonzero(pd.isna(values)))
    if n_missing:
        raise ValueError(
            f"prompt has {n_missing} missing value(s) (NaN or None) among {len(values)}. Leave "
            "them out."
        )
    symbols = [
        symbol.item() if isinstance(symbol, np.generic) else symbol for symbol in values.tolist()
    ]
    others = [symbol for symbol in symbols if not isinstance(symbol, Hashable)]
    if others:
        raise ValueError(
            f"prompt holds values of type {type(others[0]).__name__}, which are not labels. Give a "
            "str, or labels of shape (n_rows,)."
        )
    return symbols


def _has_axis(symbol: Any) -> bool:
    """Return whether a value of a list is a sequence and not a symbol."""
    return not isinstance(symbol, str | bytes) and np.ndim(symbol) > 0


def _advise_column(prompt: Any, shape: tuple[int, ...]) -> str:
    """Return advice for a prompt of a wrong shape."""
    if len(shape) != 2 or 0 in shape:
        return "a str, or labels of shape (n_rows,)"
    names = list(getattr(prompt, "columns", ()))
    if names:
        return f"one column, such as prompt[{names[0]!r}]"
    return "one column, such as numpy.asarray(prompt)[:, 0]"


def _check_letters(prompt: str, class_labels: list[Any], unknown: list[Any]) -> None:
    """Refuse a str for a model that does not predict single letters."""
    others = [
        symbol for symbol in class_labels if not (isinstance(symbol, str) and len(symbol) == 1)
    ]
    if not others:
        return
    kind = "words" if isinstance(others[0], str) else "labels"
    cure = "prompt.split()" if isinstance(others[0], str) else "a list of labels"
    if not unknown:
        cure += ", or list(prompt) if you mean its letters"
    raise ValueError(
        f"prompt is a str, which is read letter by letter, but the model predicts {kind} such as "
        f"{others[0]!r}. Give {cure}."
    )


def _advise(unknown: list[Any], class_labels: list[Any], prompt: Any) -> str:
    """Return a sentence of advice about symbols that the model has never seen."""
    is_text = isinstance(unknown[0], str)
    if is_text != isinstance(class_labels[0], str):
        expected = type(class_labels[0]).__name__
        return (
            f"The prompt has symbols of type {type(unknown[0]).__name__}, but the model was fitted "
            f"on {expected}. Give symbols of type {expected}."
        )
    if is_text and not isinstance(prompt, str):
        letters = {letter for symbol in unknown for letter in symbol}
        if letters <= set(class_labels) and all(len(symbol) == 1 for symbol in class_labels):
            return 'The model predicts letters: give "".join(prompt).'
    return "Leave them out, or fit the model on rows that have them."


def _seen_by_encoders(symbols: list[Any], pipeline: Pipeline) -> list[Any]:
    """Return the symbols that are categories of the encoders before the windows."""
    names = getattr(pipeline, "feature_names_in_", None)
    seen: list[Any] = []
    # Test each symbol alone: a step may raise an error for an unknown symbol.
    for symbol in symbols:
        rows: Any = np.asarray([[symbol]])
        if names is not None:
            rows = pd.DataFrame(rows, columns=names)
        if _is_seen(pipeline, rows):
            seen.append(symbol)
    return seen


def _is_seen(step: Any, rows: Any) -> bool:
    """Return whether the symbol of a row is a category of the first encoder that reads the row."""
    categories = getattr(step, "categories_", None)
    if categories is not None:
        (symbol,) = np.asarray(rows).ravel().tolist()
        return any(symbol in np.asarray(of_column).tolist() for of_column in categories)
    if not isinstance(step, Pipeline):
        return any(_is_seen(part, rows) for part in _parts(step))
    for part in (part for _, part in step.steps):
        if isinstance(part, SlidingWindowTransformer):
            return False
        if part is None or isinstance(part, str):
            continue  # "passthrough"
        if _is_seen(part, rows):
            return True
        if _has_encoder(part) or not hasattr(part, "transform"):
            return False
        # The step may change the symbol, for instance to lower case.
        try:
            rows = part.transform(rows)
        except Exception:
            return False
        if np.size(rows) != 1:
            return False
    return False


def _has_encoder(step: Any) -> bool:
    """Return whether a step is or contains an encoder."""
    if hasattr(step, "categories_"):
        return True
    parts = [part for _, part in step.steps] if isinstance(step, Pipeline) else _parts(step)
    return any(_has_encoder(part) for part in parts)


def _parts(step: Any) -> Iterator[Any]:
    """Yield the transformers of a ColumnTransformer or a FeatureUnion."""
    if isinstance(step, ColumnTransformer):
        yield from (part for _, part, _ in step.transformers_ if not isinstance(part, str))
    elif isinstance(step, FeatureUnion):
        yield from (part for _, part in step.transformer_list if not isinstance(part, str))
