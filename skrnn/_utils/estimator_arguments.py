"""Arguments that are no estimators, and parameters given to fit instead of the constructor."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sklearn.pipeline import Pipeline

Method = TypeVar("Method", bound=Callable[..., Any])

_KERAS_PACKAGES = {"keras", "tensorflow", "tf_keras"}
_USE_AN_ESTIMATOR = (
    "Use GRURegressor or LSTMRegressor of skrnn, or wrap a function that builds the model: "
    "scikeras.wrappers.KerasRegressor(build)."
)


def refuse_other_models(estimator: Any, name: str, *, advice: str = _USE_AN_ESTIMATOR) -> None:
    """Refuse Keras models and classes, also as steps of a pipeline or within a search.

    Parameters
    ----------
    estimator : object
        What the user gave.

    name : str
        As which argument.

    advice : str
        What to do with a Keras model, a sentence.

    Raises
    ------
    TypeError
        If it is a class, or a model of Keras.
    """
    for place, part in _parts(estimator, name):
        kind = part if isinstance(part, type) else type(part)
        if _is_of_keras(kind):
            what = "a Keras class" if isinstance(part, type) else "a Keras model"
            raise TypeError(
                f"{place} is {what} ({kind.__name__}), and an estimator of scikit-learn is "
                f"expected, which can be cloned. {advice}"
            )
        if isinstance(part, type):
            raise TypeError(
                f"{place} is the class {kind.__name__}, and an instance is expected. Call it: "
                f"{kind.__name__}()."
            )


def _parts(estimator: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield an estimator and those within it, each with the name that errors call it by."""
    yield name, estimator
    if isinstance(estimator, type):
        return
    if isinstance(estimator, Pipeline):
        for step_name, step in estimator.steps:
            yield from _parts(step, f"The step {step_name!r} of {name}")
        return
    # Of searches and transformed targets, as the user gave them.
    for attribute in ("estimator", "regressor"):
        part = vars(estimator).get(attribute) if hasattr(estimator, "__dict__") else None
        if part is not None:
            yield from _parts(part, f"{name}.{attribute}")


def _is_of_keras(kind: type) -> bool:
    """Tell whether a class comes from Keras and is no estimator, without importing Keras."""
    packages = {base.__module__.partition(".")[0] for base in kind.__mro__}
    return bool(packages & _KERAS_PACKAGES) and not hasattr(kind, "get_params")


def explain_parameters(method: Method) -> Method:
    """Say of a parameter of the estimator that is given to `fit` where it belongs.

    The signature of the method stays as it is, which scikit-learn reads to route metadata.
    """
    known = inspect.signature(method).parameters

    @functools.wraps(method)
    def explaining(self: Any, *args: Any, **kwargs: Any) -> Any:
        unknown = [name for name in kwargs if name not in known]
        if unknown:
            _refuse_keywords(self, method.__name__, {name: kwargs[name] for name in unknown})
        return method(self, *args, **kwargs)

    return explaining  # type: ignore[return-value]


def _refuse_keywords(estimator: Any, method: str, given: dict[str, Any]) -> None:
    """Refuse keywords that a method does not take."""
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
        # In the words of Python, with the name of the class that the user knows.
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
        f"set_params({written}) before {method}. In a pipeline, which names the steps: "
        f"set_params({in_pipeline})."
    )


def _show(value: Any) -> str:
    """Return a short value as Python writes it, and dots for others."""
    return repr(value) if isinstance(value, bool | int | float | str | type(None)) else "..."
