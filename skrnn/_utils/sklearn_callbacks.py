"""scikit-learn's callbacks: a fit is a task, and each of its epochs is one within it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for what is not there: no `set_callbacks`, and so nobody to be told."""


__all__ = ["CallbackSupportMixin", "FitTasks", "begin_tasks"]


def begin_tasks(
    estimator: Any, X: Any, y: Any, epochs: int = 0, sample_weight: Any = None
) -> FitTasks | None:
    """Tell the callbacks of an estimator that its fit begins; None if it has none."""
    has_callbacks = bool(getattr(estimator, "_skl_callbacks", None))
    return FitTasks(estimator, X, y, epochs, sample_weight) if has_callbacks else None


class FitTasks:
    """The tasks of one fit.

    Parameters
    ----------
    estimator : estimator
        What is fitted, with the callbacks that are told.

    X, y : array-like
        What it is fitted on.

    epochs : int
        How many epochs there are at most.

    sample_weight : array-like or None
        Weights of the rows, which scores of them shall have, too.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, epochs: int, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=epochs)
        self._fit.call_on_fit_task_begin(**self._told)

    def begin_epoch(self) -> None:
        """Tell that an epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)

    def end_epoch(self, get_attributes: Callable[[], dict[str, Any]]) -> bool:
        """Tell that an epoch has ended; return whether somebody wants the fit to stop.

        Parameters
        ----------
        get_attributes : callable
            Returns what the fitted attributes are by now, if somebody asks.
        """
        return self._epoch.call_on_fit_task_end(
            **self._told, reconstruction_attributes=get_attributes
        )

    def end(self, attributes: dict[str, Any]) -> None:
        """Tell that the fit has ended, with these fitted attributes."""
        self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes=attributes)
