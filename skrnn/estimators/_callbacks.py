"""Keras callbacks in copies and pickles: errors name the callback that cannot be copied."""

from __future__ import annotations

import copy
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pickle import dumps
from typing import Any, Self

# `running` is True in a thread that checks callbacks: a callback may hold the pickled estimator.
_checks = threading.local()


class CallbackCopyMixin:
    """Name the callback that prevents an estimator from being cloned, copied or pickled."""

    callbacks: list[Any] | None

    def __sklearn_clone__(self) -> Self:
        """Clone the estimator with deep copies of the callbacks, as of all parameters."""
        with _explain_failed_copy(self.callbacks):
            return super().__sklearn_clone__()  # type: ignore[misc]

    def __copy__(self) -> Self:
        """Return a copy that shares the callbacks."""
        made = object.__new__(type(self))
        made.__dict__ = dict(self.__dict__)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy with copies of the callbacks."""
        made = object.__new__(type(self))
        memo[id(self)] = made
        with _explain_failed_copy(self.callbacks):
            made.__dict__ = copy.deepcopy(self.__dict__, memo)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle, after a check of the callbacks."""
        _check_pickles(self.callbacks)
        state: Any = super().__getstate__()
        return dict(state)


@contextmanager
def _explain_failed_copy(callbacks: Any) -> Iterator[None]:
    """Name the callback if a deep copy fails because of one."""
    try:
        yield
    except Exception:
        _refuse_callbacks(
            callbacks,
            copy.deepcopy,
            "copied",
            "Clones (a search makes them) and deep copies contain copies of the callbacks. Set "
            "callbacks=None before, or give a new callback if a fit has opened a file in this one. "
            "A class of your own can define __deepcopy__; one that returns self shares the "
            "callback, for fits one after the other (n_jobs=1).",
        )
        raise


def _check_pickles(callbacks: Any) -> None:
    """Refuse a callback that the pickler in use cannot pickle."""
    if not callbacks or getattr(_checks, "running", False):
        return
    dumps_callback = _find_dumps()
    _checks.running = True
    try:
        _refuse_callbacks(
            callbacks,
            dumps_callback,
            "pickled",
            "Files and the processes of n_jobs need pickled estimators. Set callbacks=None before "
            "(set_params; the trained weights stay), or give the class a __getstate__ that leaves "
            "out what cannot be pickled.",
        )
    finally:
        _checks.running = False


def _refuse_callbacks(
    callbacks: Any, duplicate: Callable[[Any], Any], duplicated: str, advice: str
) -> None:
    """Refuse the first callback that a function, such as `copy.deepcopy`, fails on."""
    # Parameters are not validated before a copy, so `callbacks` may be of any type.
    for place, callback in enumerate(callbacks if isinstance(callbacks, list | tuple) else ()):
        try:
            duplicate(callback)
        except Exception as error:
            raise TypeError(
                f"callbacks[{place}], a {type(callback).__name__}, cannot be {duplicated}: "
                f"{error}. {advice}"
            ) from error


def _find_dumps() -> Callable[[Any], bytes]:
    """Return the `dumps` of the pickler that is calling.

    joblib's processes, dask and others use cloudpickle, which takes lambdas and local classes.
    """
    for frame, _ in traceback.walk_stack(None):
        if "cloudpickle.cloudpickle" in frame.f_globals.get("__name__", ""):
            cloudpickle_dumps: Callable[[Any], bytes] = frame.f_globals["dumps"]
            return cloudpickle_dumps
    return dumps
