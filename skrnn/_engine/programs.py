"""Compiled programs, and how many there have been."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np
import tensorflow as tf

_compiled: Counter[str] = Counter()
_lock = threading.Lock()
_is_compiling: ContextVar[bool] = ContextVar("skrnn_is_compiling", default=False)


class NotCompilableError(Exception):
    """XLA, or a kernel, refuses a part of the network or of its loss."""


class Program:
    """A function on arrays that is compiled, once for each shape of its arguments.

    Parameters
    ----------
    kind : {"train", "predict"}
        What `count_compiled` counts it as.

    function : callable
        Takes and returns tensors. It is run when it is compiled, not when the program is called.
    """

    def __init__(self, kind: str, function: Callable[..., Any]) -> None:
        self._kind = kind
        self._function = tf.function(function, jit_compile=True, autograph=False)
        self._by_shapes: dict[tuple[Any, ...], Any] = {}

    def __call__(self, *arrays: np.ndarray) -> Any:
        """Run the program.

        Raises
        ------
        NotCompilableError
            For whatever stops TensorFlow.
        """
        shapes = tuple(array.shape for array in arrays)
        try:
            if shapes not in self._by_shapes:
                self._compile(shapes, arrays)
            # A `tf.function` would look for the right trace longer than a small network computes.
            return self._by_shapes[shapes](*map(tf.constant, arrays))
        except Exception as error:
            raise NotCompilableError(str(error).strip().split("\n")[0]) from error

    def _compile(self, shapes: tuple[Any, ...], arrays: tuple[np.ndarray, ...]) -> None:
        with _lock:
            if shapes in self._by_shapes:
                return
            _compiled[self._kind] += 1
            token = _is_compiling.set(True)
            try:
                self._by_shapes[shapes] = self._function.get_concrete_function(
                    *(tf.TensorSpec(array.shape, array.dtype) for array in arrays)
                )
            finally:
                _is_compiling.reset(token)


def count_compiled() -> dict[str, int]:
    """Return how many programs of each kind this process has compiled."""
    with _lock:
        return {"train": 0, "predict": 0} | _compiled


def is_compiling() -> bool:
    """Tell whether a layer is called to build a program, and not by Keras or a user."""
    return _is_compiling.get()
