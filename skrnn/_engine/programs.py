"""Compiled programs, and how many there have been."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

# Mappings that compiling may need: several small networks at once, or a large one.
_RESERVE = 4000
_compiled: Counter[str] = Counter()
_counting = threading.Lock()
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
        # What is traced may be a loss of the user, which may call anything.
        self._compiling = threading.RLock()

    def prepare(self, *arrays: np.ndarray) -> None:
        """Compile for arrays of these shapes, unless that is done. The program is run with them.

        Raises
        ------
        NotCompilableError
            If anything stops TensorFlow.
        RuntimeError
            If the system would kill the process.
        """
        shapes = _shapes(arrays)
        with self._compiling:
            if shapes not in self._by_shapes:
                _check_mappings()
                self._by_shapes[shapes] = self._compile(arrays)
        if isinstance(self._by_shapes[shapes], NotCompilableError):
            raise self._by_shapes[shapes]

    def __call__(self, *arrays: np.ndarray) -> Any:
        """Run the program, which is prepared for such arrays."""
        # A `tf.function` would look for the right trace longer than a small network computes.
        return self._by_shapes[_shapes(arrays)](*map(tf.constant, arrays))

    def _compile(self, arrays: tuple[np.ndarray, ...]) -> Any:
        """Return a program, or what speaks against it."""
        token = _is_compiling.set(True)
        try:
            program = self._function.get_concrete_function(
                *(tf.TensorSpec(array.shape, array.dtype) for array in arrays)
            )
            # XLA compiles in the first run.
            program(*map(tf.constant, arrays))
        except Exception as error:
            refusal = NotCompilableError(str(error).strip().split("\n")[0])
            refusal.__cause__ = error
            return refusal
        finally:
            _is_compiling.reset(token)
        with _counting:
            _compiled[self._kind] += 1
        return program


def _shapes(arrays: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    return tuple(array.shape for array in arrays)


def _check_mappings() -> None:
    """Refuse to compile where the process has nearly as many memory mappings as Linux allows.

    A small network takes about 230, which TensorFlow never frees, and one too many ends in a
    segmentation fault that nobody can catch.
    """
    try:
        largest = int(Path("/proc/sys/vm/max_map_count").read_text())
        # Line by line takes longer, and there may be many.
        n_mappings = Path("/proc/self/maps").read_bytes().count(b"\n")
    except OSError:  # other systems have no such limit
        return
    if n_mappings > largest - _RESERVE:
        raise RuntimeError(
            f"This process has {n_mappings} memory mappings and has compiled "
            f"{sum(count_compiled().values())} programs; Linux kills it at {largest}, and "
            "TensorFlow frees none. Train in new processes (n_jobs, or a search for each part of "
            "the grid), or let the system allow more: sysctl -w vm.max_map_count=262144."
        )


def count_compiled() -> dict[str, int]:
    """Return how many programs of each kind this process has compiled."""
    with _counting:
        return {"train": 0, "predict": 0} | _compiled


def is_compiling() -> bool:
    """Tell whether a layer is called to build a program, and not by Keras or a user."""
    return _is_compiling.get()
