"""Copies of estimators whose Keras callbacks cannot be copied or pickled."""

from __future__ import annotations

import copy
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pickle import dumps
from typing import Any, Self

# True in a thread that checks callbacks: a callback may hold the estimator that is pickled.
_checks = threading.local()


class CallbackCopyMixin:
    """Names the callback that prevents an estimator from being cloned, copied or pickled."""

    callbacks: list[Any] | None

    def __sklearn_clone__(self) -> Self:
        """Clone the callbacks as scikit-learn clones every parameter: by a deep copy."""
        with _blame_callbacks(self.callbacks):
            return super().__sklearn_clone__()  # type: ignore[misc]

    def __copy__(self) -> Self:
        """Share the callbacks with the copy."""
        made = object.__new__(type(self))
        made.__dict__ = dict(self.__dict__)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Copy the callbacks, too."""
        made = object.__new__(type(self))
        memo[id(self)] = made
        with _blame_callbacks(self.callbacks):
            made.__dict__ = copy.deepcopy(self.__dict__, memo)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled, once it is clear that the callbacks can be."""
        _check_pickles(self.callbacks)
        state: Any = super().__getstate__()
        return dict(state)


@contextmanager
def _blame_callbacks(callbacks: Sequence[Any] | None) -> Iterator[None]:
    """Name the callback if a deep copy fails because of one."""
    try:
        yield
    except Exception as error:
        for place, callback in _listed(callbacks):
            try:
                copy.deepcopy(callback)
            except Exception:
                raise TypeError(
                    f"callbacks[{place}], a {type(callback).__name__}, cannot be copied: {error}. "
                    "Clones, as a search makes them, and deep copies have copies of the callbacks. "
                    "Set callbacks=None before, or give a new callback where a fit has opened a "
                    "file in this one. A class of your own can have a __deepcopy__; one that "
                    "returns self shares the callback, for fits one after the other (n_jobs=1)."
                ) from error
        raise


def _check_pickles(callbacks: Sequence[Any] | None) -> None:
    """Refuse a callback that the pickler in use cannot pickle."""
    if not callbacks or getattr(_checks, "running", False):
        return
    dumps_callback = _dumps_in_use()
    _checks.running = True
    try:
        for place, callback in _listed(callbacks):
            try:
                dumps_callback(callback)
            except Exception as error:
                raise TypeError(
                    f"callbacks[{place}], a {type(callback).__name__}, cannot be pickled: {error}. "
                    "Files, and the processes of n_jobs, get pickled estimators. Set "
                    "callbacks=None before (set_params; what was trained stays), or give the class "
                    "a __getstate__ that leaves out what cannot be pickled."
                ) from error
    finally:
        _checks.running = False


def _dumps_in_use() -> Callable[[Any], bytes]:
    """Return the function that pickles as the pickler does that has called.

    joblib's processes, dask and others use cloudpickle, which takes lambdas and local classes.
    """
    for frame, _ in traceback.walk_stack(None):
        if "cloudpickle.cloudpickle" in frame.f_globals.get("__name__", ""):
            of_cloudpickle: Callable[[Any], bytes] = frame.f_globals["dumps"]
            return of_cloudpickle
    return dumps


def _listed(callbacks: Any) -> list[tuple[int, Any]]:
    """Return callbacks with their places; none if what was given is no list."""
    return list(enumerate(callbacks)) if isinstance(callbacks, list | tuple) else []
