"""Compiled programs, and how many there have been."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

_compiled: Counter[str] = Counter()
_lock = threading.Lock()
_is_compiling: ContextVar[bool] = ContextVar("skrnn_is_compiling", default=False)


class NotCompilableError(Exception):
    """XLA, or a kernel, refuses a part of the network or of its loss."""


def compiled(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function on tensors that is compiled, once for each shape of its arguments.

    Parameters
    ----------
    kind : {"train", "predict"}
        What `count_compiled` counts it as.

    function : callable
        Takes and returns tensors. It is run when a program is built, not when that is called.

    Returns
    -------
    program : callable
        Raises `NotCompilableError` for whatever stops TensorFlow.
    """

    def counted(*args: Any) -> Any:
        with _lock:
            _compiled[kind] += 1
        token = _is_compiling.set(True)
        try:
            return function(*args)
        finally:
            _is_compiling.reset(token)

    program = tf.function(counted, jit_compile=True, autograph=False)

    def run(*args: Any) -> Any:
        try:
            return program(*args)
        except Exception as error:
            raise NotCompilableError(str(error).strip().split("\n")[0]) from error

    return run


def count_compiled() -> dict[str, int]:
    """Return how many programs of each kind this process has compiled."""
    with _lock:
        return {"train": 0, "predict": 0} | _compiled


def is_compiling() -> bool:
    """Tell whether a layer is called to build a program, and not by Keras or a user."""
    return _is_compiling.get()
