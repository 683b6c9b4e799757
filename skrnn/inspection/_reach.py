"""From what a user has, a pipeline or a search, to the network in it and the rows that it reads."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn.estimators._base import BaseRecurrentEstimator


def reach(estimator: Any, X: Any) -> tuple[BaseRecurrentEstimator, Any]:
    """Return the fitted network at the end of an estimator, and the rows that it is given.

    Parameters
    ----------
    estimator : estimator
        A recurrent estimator, or a Pipeline or a search that ends in one.

    X : array-like
        Rows of the estimator.

    Raises
    ------
    NotFittedError
        If something on the way is not fitted.
    TypeError
        If there is no network at the end.
    """
    refuse_other_models(estimator, "estimator")
    check_is_fitted(estimator)
    if isinstance(estimator, BaseRecurrentEstimator):
        # A fit in another thread may replace its state.
        return estimator._snapshot(), X
    if isinstance(estimator, Pipeline):
        before, last = _split(estimator)
        return reach(last, X if before is None else before.transform(X))
    return reach(_best(estimator), X)


def find_network(estimator: Any) -> BaseRecurrentEstimator:
    """Return the fitted network at the end of an estimator.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If there is no network at the end.
    """
    refuse_other_models(estimator, "estimator")
    check_is_fitted(estimator)
    while not isinstance(estimator, BaseRecurrentEstimator):
        estimator = estimator[-1] if isinstance(estimator, Pipeline) else _best(estimator)
    return estimator._snapshot()


def name_of(estimator: Any) -> str:
    """Return the name of the class at the end of a pipeline or a search."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return type(estimator).__name__


def start(estimator: Any, X: Any, y: Any) -> tuple[BaseRecurrentEstimator, Any]:
    """Return the network as a fit of the estimator would start from it, and the rows it is given.

    Parameters are those of `reach`, with targets; only a search must be fitted. Nothing is trained,
    and the estimator stays as it is.

    Raises
    ------
    NotFittedError
        If a search has not chosen yet.
    TypeError
        If there is no network at the end.
    ValueError
        If X or y cannot be fitted.
    """
    refuse_other_models(estimator, "estimator")
    if isinstance(estimator, BaseRecurrentEstimator):
        started = clone(estimator)
        started._start(X, y)
        return started, X
    if isinstance(estimator, Pipeline):
        before, last = _split(estimator)
        return start(last, X if before is None else clone(before).fit_transform(X, y), y)
    return start(_best(estimator), X, y)


def _split(pipeline: Pipeline) -> tuple[Pipeline | None, Any]:
    """Return the steps before the last, if any, and the last."""
    return (pipeline[:-1] if len(pipeline.steps) > 1 else None), pipeline[-1]


def _best(search: Any) -> Any:
    """Return what a search has chosen."""
    if hasattr(search, "best_estimator_"):
        return search.best_estimator_
    if hasattr(search, "cv") and hasattr(search, "estimator"):
        raise NotFittedError(
            f"This {type(search).__name__} has not chosen an estimator. Fit it with refit=True, or "
            "give one of the estimators that it chooses from."
        )
    raise TypeError(
        f"There is no network to look into: {search!r} is not a recurrent estimator of skrnn. Give "
        "one, such as LSTMRegressor, or a Pipeline or a search that ends in one."
    )


def find_layer(network: dict[str, Any], layer: int, direction: str) -> dict[str, Any]:
    """Return the place of a layer, counted from the bottom, and whether it reads backwards.

    Raises
    ------
    ValueError
        If there is no such layer, or it does not read in this direction.
    """
    n_layers = len(network["units"])
    if not -n_layers <= layer < n_layers:
        raise ValueError(
            f"layer={layer} is not there: the network has {n_layers} recurrent layer(s). Give 0 "
            f"(the bottom) to {n_layers - 1}, or -1 (the top) to {-n_layers}."
        )
    if direction == "backward" and not network["bidirectional"]:
        raise ValueError(
            'direction="backward" is not there: the layers read forwards only. Give '
            'direction="forward", or a network with bidirectional=True.'
        )
    return {"layer": layer % n_layers, "backward": direction == "backward"}
