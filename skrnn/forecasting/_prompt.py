"""Prompt of a classifier that writes labels: read, and compared with what the model knows."""

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
    """Return the symbols of a prompt as the model knows them.

    Parameters
    ----------
    prompt : object
        What the user gave.

    classes : ndarray of shape (n_classes,)
        The labels that the model writes.

    pipeline : Pipeline
        The fitted pipeline.

    Raises
    ------
    ValueError
        If the prompt is no sequence of one symbol or more, a str for a model of words, or holds a
        symbol that the model has never seen.
    """
    written = classes.tolist()
    symbols = _list_symbols(prompt)
    # By the same symbol of the model: 1.0 of the prompt is its 1.
    known = {symbol: symbol for symbol in written}
    unknown = [symbol for symbol in dict.fromkeys(symbols) if symbol not in known]
    if unknown:
        seen = _seen_by_encoders(unknown, pipeline)
        known |= {symbol: symbol for symbol in seen}
        unknown = [symbol for symbol in unknown if symbol not in known]
    if isinstance(prompt, str):
        _check_letters(prompt, written, unknown)
    if unknown:
        raise ValueError(
            f"prompt holds {len(unknown)} symbol(s) that the model has never seen: "
            f"{name_some(unknown)}. It knows {name_some(written)}. "
            f"{_advise(unknown, written, prompt)}"
        )
    return [known[symbol] for symbol in symbols]


def _list_symbols(prompt: Any) -> list[Any]:
    """Return the symbols that the user gave, one by one."""
    if isinstance(prompt, bytes):
        raise ValueError(
            "prompt is bytes, and symbols are expected. Give the text, prompt.decode(), or to a "
            "model of bytes their numbers: list(prompt)."
        )
    if isinstance(prompt, str):
        # Not of NumPy, whose letters would be of NumPy as well.
        values = np.empty(len(prompt), dtype=object)
        values[:] = list(str(prompt))
    elif isinstance(prompt, list | tuple) and not any(_has_axis(symbol) for symbol in prompt):
        # NumPy would make one type of symbols of several: "1" of 1.
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
            f"prompt of shape {values.shape} is not a sequence of one label or more. Give "
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
            f"prompt holds values of type {type(others[0]).__name__}, which are no labels. Give a "
            "str, or labels of shape (n_rows,)."
        )
    return symbols


def _has_axis(symbol: Any) -> bool:
    """Tell whether a value of a list is a sequence itself, and not a symbol."""
    return not isinstance(symbol, str | bytes) and np.ndim(symbol) > 0


def _advise_column(prompt: Any, shape: tuple[int, ...]) -> str:
    """Return what to give instead of a prompt of this shape."""
    if len(shape) != 2 or 0 in shape:
        return "a str, or labels of shape (n_rows,)"
    names = list(getattr(prompt, "columns", ()))
    if names:
        return f"one column, such as prompt[{names[0]!r}]"
    return "one column, such as numpy.asarray(prompt)[:, 0]"


def _check_letters(prompt: str, written: list[Any], unknown: list[Any]) -> None:
    """Refuse a str for a model that does not write single letters."""
    others = [symbol for symbol in written if not (isinstance(symbol, str) and len(symbol) == 1)]
    if not others:
        return
    kind = "words" if isinstance(others[0], str) else "labels"
    cure = "prompt.split()" if isinstance(others[0], str) else "a list of labels"
    if not unknown:
        cure += ", or list(prompt) if its letters are meant"
    raise ValueError(
        f"prompt is a str, which is read letter by letter, but the model writes {kind} such as "
        f"{others[0]!r}. Give {cure}."
    )


def _advise(unknown: list[Any], written: list[Any], prompt: Any) -> str:
    """Return what to do about symbols that were never seen, a sentence."""
    is_text = isinstance(unknown[0], str)
    if is_text != isinstance(written[0], str):
        return (
            f"The prompt has symbols of type {type(unknown[0]).__name__}, and the model was fitted "
            f"on {type(written[0]).__name__}. Give those."
        )
    if is_text and not isinstance(prompt, str):
        letters = {letter for symbol in unknown for letter in symbol}
        if letters <= set(written) and all(len(symbol) == 1 for symbol in written):
            return 'The model writes letters: give "".join(prompt).'
    return "Leave them out, or fit the model on rows that have them."


def _seen_by_encoders(symbols: list[Any], pipeline: Pipeline) -> list[Any]:
    """Return which symbols the encoders before the windows have among their categories."""
    names = getattr(pipeline, "feature_names_in_", None)
    seen: list[Any] = []
    # Each by itself: a step may refuse one that it does not know.
    for symbol in symbols:
        rows: Any = np.asarray([[symbol]])
        if names is not None:
            rows = pd.DataFrame(rows, columns=names)
        if _is_seen(pipeline, rows):
            seen.append(symbol)
    return seen


def _is_seen(step: Any, rows: Any) -> bool:
    """Tell whether the first encoder that reads a row has its symbol among its categories."""
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
        if _encodes(part) or not hasattr(part, "transform"):
            return False
        # It may write the symbol in another way, in lower case for instance.
        try:
            rows = part.transform(rows)
        except Exception:
            return False
        if np.size(rows) != 1:
            return False
    return False


def _encodes(step: Any) -> bool:
    """Tell whether there is an encoder in a step."""
    if hasattr(step, "categories_"):
        return True
    parts = [part for _, part in step.steps] if isinstance(step, Pipeline) else _parts(step)
    return any(_encodes(part) for part in parts)


def _parts(step: Any) -> Iterator[Any]:
    """Yield the transformers that a step applies side by side."""
    if isinstance(step, ColumnTransformer):
        yield from (part for _, part, _ in step.transformers_ if not isinstance(part, str))
    elif isinstance(step, FeatureUnion):
        yield from (part for _, part in step.transformer_list if not isinstance(part, str))
