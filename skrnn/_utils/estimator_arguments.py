"""Estimator arguments: refuse classes and Keras models given as estimators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sklearn.pipeline import Pipeline

_KERAS_PACKAGES = {"keras", "tensorflow", "tf_keras"}
_USE_AN_ESTIMATOR = (
    "Use GRURegressor or LSTMRegressor of skrnn, or wrap a function that builds the model: "
    "scikeras.wrappers.KerasRegressor(build)."
)


def refuse_other_models(estimator: Any, name: str, *, advice: str = _USE_AN_ESTIMATOR) -> None:
    """Refuse classes and Keras models, also as steps of a pipeline or in a search.

    Parameters
    ----------
    estimator : object
        Argument given by the user.

    name : str
        Name of the argument.

    advice : str
        A sentence on how to use a Keras model.

    Raises
    ------
    TypeError
        If `estimator`, or an estimator in it, is a class or a Keras model.
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
    """Yield an estimator and the estimators in it, each with its name for errors."""
    yield name, estimator
    if isinstance(estimator, type):
        return
    if isinstance(estimator, Pipeline):
        for step_name, step in estimator.steps:
            yield from _parts(step, f"The step {step_name!r} of {name}")
        return
    # Searches hold `estimator`, TransformedTargetRegressor holds `regressor`.
    for attribute in ("estimator", "regressor"):
        part = vars(estimator).get(attribute) if hasattr(estimator, "__dict__") else None
        if part is not None:
            yield from _parts(part, f"{name}.{attribute}")


def _is_of_keras(kind: type) -> bool:
    """Return whether a class comes from Keras and is no estimator. Keras is not imported."""
    packages = {base.__module__.partition(".")[0] for base in kind.__mro__}
    return bool(packages & _KERAS_PACKAGES) and not hasattr(kind, "get_params")
