"""What takes seconds to build, kept from one fit for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Idle things by what they were made of; those that were used last stay.

    Tracing or compiling a recurrent model takes seconds, and a search needs the same few models
    again and again. Whoever borrows one has it alone, so no lock is held while it is used, and
    puts all values that matter into it first.

    Parameters
    ----------
    max_idle : int
        How many idle things are kept.
    """

    def __init__(self, max_idle: int) -> None:
        self._max_idle = max_idle
        self._idle: list[tuple[Hashable, T]] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(
        self,
        key: Hashable | None,
        build: Callable[[], T],
        is_reusable: Callable[[T], bool] = lambda lent: True,
    ) -> Iterator[T]:
        """Lend a thing with this key, built if none is idle.

        Parameters
        ----------
        key : hashable or None
            All that decides what is built. None: it is not kept.

        build : callable
            Builds a thing for that key.

        is_reusable : callable
            Tells whether what comes back may be lent again.
        """
        lent = self._take(key)
        if lent is None:
            lent = build()
        yield lent
        # Not reached if the block raises: what is in an unknown state is not used again.
        if key is not None and is_reusable(lent):
            with self._lock:
                self._idle.append((key, lent))
                del self._idle[: -self._max_idle]

    def _take(self, key: Hashable | None) -> T | None:
        with self._lock:
            for place, (kept, idle) in enumerate(self._idle):
                if kept == key:
                    del self._idle[place]
                    return idle
        return None
