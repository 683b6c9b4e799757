"""Callbacks of scikit-learn: they follow a fit as a task, and its epochs as subtasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Placeholder without `set_callbacks`."""


__all__ = ["CallbackSupportMixin", "FitTasks", "begin_tasks"]


def begin_tasks(
    estimator: Any, X: Any, y: Any, epochs: int = 0, sample_weight: Any = None
) -> FitTasks | None:
    """Tell the callbacks of an estimator that its fit begins. Return None if it has none."""
    has_callbacks = bool(getattr(estimator, "_skl_callbacks", None))
    return FitTasks(estimator, X, y, epochs, sample_weight) if has_callbacks else None


class FitTasks:
    """Tasks of one fit, which callbacks follow.

    Parameters
    ----------
    estimator : estimator
        Estimator that is fitted, with callbacks.

    X, y : array-like
        Rows of the fit.

    epochs : int
        Largest number of epochs.

    sample_weight : array-like or None
        Weights of the rows, for callbacks that compute scores.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, epochs: int, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._task_info = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=epochs)
        self._fit.call_on_fit_task_begin(**self._task_info)

    def begin_epoch(self) -> None:
        """Tell the callbacks that an epoch begins."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._task_info)

    def end_epoch(self, get_attributes: Callable[[], dict[str, Any]]) -> bool:
        """Tell the callbacks that an epoch has ended. Return whether one stops the fit.

        Parameters
        ----------
        get_attributes : callable
            Returns the current fitted attributes, for callbacks that ask for them.
        """
        return self._epoch.call_on_fit_task_end(
            **self._task_info, reconstruction_attributes=get_attributes
        )

    def end(self, attributes: dict[str, Any]) -> None:
        """Tell the callbacks that the fit has ended with these fitted attributes."""
        self._fit.call_on_fit_task_end(**self._task_info, reconstruction_attributes=attributes)
