"""Keywords of fit: explain parameters that belong in the constructor."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


def explain_unknown_keywords(method: Method) -> Method:
    """Decorate `fit` or `partial_fit`: errors about unknown keywords tell where parameters belong.

    The signature stays the same, because scikit-learn reads it to route metadata.
    """
    known = inspect.signature(method).parameters

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        unknown = {name: value for name, value in kwargs.items() if name not in known}
        if unknown:
            _refuse_keywords(self, method.__name__, unknown)
        return method(self, *args, **kwargs)

    return wrapper  # type: ignore[return-value]


def _refuse_keywords(estimator: Any, method: str, given: dict[str, Any]) -> None:
    """Raise the error for keywords that a method does not take."""
    kind = type(estimator).__name__
    if "validation_data" in given:
        cure = (
            f"Give its parts as X_val and y_val: {method}(X, y, X_val=X_val, y_val=y_val)."
            if method == "fit"
            else f"Leave it out: {method} holds nothing out."
        )
        raise TypeError(f"{kind}.{method} does not take validation_data, as Keras does. {cure}")
    parameters = estimator.get_params(deep=False)
    owned = {name: value for name, value in given.items() if name in parameters}
    if not owned:
        # Python's message, with the class that the user knows instead of the base class.
        name = next(iter(given))
        raise TypeError(f"{kind}.{method}() got an unexpected keyword argument {name!r}")
    names = ", ".join(owned)
    written = ", ".join(f"{name}={_show(value)}" for name, value in owned.items())
    in_pipeline = ", ".join(
        f"{kind.lower()}__{name}={_show(value)}" for name, value in owned.items()
    )
    are = "is a parameter" if len(owned) == 1 else "are parameters"
    raise TypeError(
        f"{names} was given to {method}, but {are} of {kind}: give {kind}({written}), or call "
        f"set_params({written}) before {method}. In a pipeline, start with the name of the step: "
        f"set_params({in_pipeline})."
    )


def _show(value: Any) -> str:
    """Return the repr of a short value, and dots for other values."""
    return repr(value) if isinstance(value, bool | int | float | str | type(None)) else "..."
