"""Keras models that were traced for one fit or call, kept for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import keras


class ModelPool:
    """Idle models by what they were made of; those that were used last stay.

    Tracing a recurrent model takes seconds, and a search needs the same few models again and
    again. Whoever borrows one has it alone, so no lock is held while it is used, and puts all
    values that matter into it first.

    Parameters
    ----------
    max_models : int
        How many idle models are kept.
    """

    def __init__(self, max_models: int) -> None:
        self._max_models = max_models
        self._idle: list[tuple[Hashable, keras.Model]] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(
        self, key: Hashable | None, build: Callable[[], keras.Model]
    ) -> Iterator[keras.Model]:
        """Lend a model with this key, built if none is idle.

        Parameters
        ----------
        key : hashable or None
            All that decides what is traced. None: the model is not kept.

        build : callable
            Builds a model for that key.
        """
        yield (model := self._take(key) or build())
        # Not reached if the block raises: a model in an unknown state is not used again.
        if key is not None:
            with self._lock:
                self._idle.append((key, model))
                del self._idle[: -self._max_models]

    def _take(self, key: Hashable | None) -> keras.Model | None:
        with self._lock:
            for place, (kept, model) in enumerate(self._idle):
                if kept == key:
                    del self._idle[place]
                    return model
        return None
