"""Fitted networks: find the network in a pipeline or a search, and the rows that it reads."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn.estimators._base import BaseRecurrentEstimator


def find_network_and_rows(estimator: Any, X: Any) -> tuple[BaseRecurrentEstimator, Any]:
    """Return the fitted network at the end of an estimator, and the rows that reach it.

    Parameters
    ----------
    estimator : estimator
        A recurrent estimator, or a Pipeline or a search that ends in one.

    X : array-like
        Rows of the estimator.

    Raises
    ------
    NotFittedError
        If the estimator, a step of it or its network is not fitted.
    TypeError
        If the estimator does not end in a recurrent estimator.
    """
    refuse_other_models(estimator, "estimator")
    check_is_fitted(estimator)
    if isinstance(estimator, BaseRecurrentEstimator):
        # A fit in another thread may replace its state.
        return estimator._snapshot(), X
    if isinstance(estimator, Pipeline):
        transformers, last = _split_pipeline(estimator)
        return find_network_and_rows(last, X if transformers is None else transformers.transform(X))
    return find_network_and_rows(_find_best_estimator(estimator), X)


def find_network(estimator: Any) -> BaseRecurrentEstimator:
    """Return the fitted network at the end of an estimator.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator does not end in a recurrent estimator.
    """
    refuse_other_models(estimator, "estimator")
    check_is_fitted(estimator)
    while not isinstance(estimator, BaseRecurrentEstimator):
        is_pipeline = isinstance(estimator, Pipeline)
        estimator = estimator[-1] if is_pipeline else _find_best_estimator(estimator)
    return estimator._snapshot()


def start_network(estimator: Any, X: Any, y: Any) -> tuple[BaseRecurrentEstimator, Any]:
    """Return the network with the weights that a fit starts from, and the rows that reach it.

    Parameters are those of `find_network_and_rows`, with targets; only a search must be fitted.
    Nothing is trained, and the estimator is not changed.

    Raises
    ------
    NotFittedError
        If a search is not fitted.
    TypeError
        If the estimator does not end in a recurrent estimator.
    ValueError
        If X or y cannot be fitted.
    """
    refuse_other_models(estimator, "estimator")
    if isinstance(estimator, BaseRecurrentEstimator):
        started = clone(estimator)
        started._set_initial_weights(X, y)
        return started, X
    if isinstance(estimator, Pipeline):
        transformers, last = _split_pipeline(estimator)
        if transformers is not None:
            X = clone(transformers).fit_transform(X, y)
        return start_network(last, X, y)
    return start_network(_find_best_estimator(estimator), X, y)


def find_class_name(estimator: Any) -> str:
    """Return the name of the class at the end of a pipeline or a search."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return type(estimator).__name__


def find_layer(network: dict[str, Any], layer: int, direction: str) -> dict[str, Any]:
    """Return the number of a layer, counted from the bottom, and whether it reads backwards.

    Raises
    ------
    ValueError
        If the network has no such layer, or does not read in this direction.
    """
    n_layers = len(network["units"])
    if not -n_layers <= layer < n_layers:
        raise ValueError(
            f"layer={layer} does not exist: the network has {n_layers} recurrent layer(s). Give 0 "
            f"(the bottom) to {n_layers - 1}, or -1 (the top) to {-n_layers}."
        )
    if direction == "backward" and not network["bidirectional"]:
        raise ValueError(
            'direction="backward" does not exist: the layers read forwards only. Give '
            'direction="forward", or a network with bidirectional=True.'
        )
    return {"layer": layer % n_layers, "backward": direction == "backward"}


def _split_pipeline(pipeline: Pipeline) -> tuple[Pipeline | None, Any]:
    """Return the steps before the last one, None if there are none, and the last step."""
    return (pipeline[:-1] if len(pipeline.steps) > 1 else None), pipeline[-1]


def _find_best_estimator(search: Any) -> Any:
    """Return the estimator that a search has chosen."""
    if hasattr(search, "best_estimator_"):
        return search.best_estimator_
    if hasattr(search, "cv") and hasattr(search, "estimator"):
        raise NotFittedError(
            f"This {type(search).__name__} has not chosen an estimator. Fit it with refit=True, or "
            "give one of the estimators that it chooses from."
        )
    raise TypeError(
        f"estimator={search!r} is not a recurrent estimator of skrnn, so it has no network to "
        "inspect. Give a recurrent estimator, such as LSTMRegressor, or a Pipeline or a search "
        "that ends in one."
    )
