"""What is heard of a training while it runs: a bar, and scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


class FitBar(keras.callbacks.Callback):
    """One bar for a whole fit, with the losses of its latest epoch.

    Keras' own is one for each epoch, which takes milliseconds here.
    """

    def __init__(self, first_epoch: int, epochs: int) -> None:
        super().__init__()
        self._first_epoch = first_epoch
        self._epochs = epochs
        self._values: list[tuple[str, float]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Start to count, and the clock."""
        self._n_done = 0
        self._bar = keras.utils.Progbar(self._epochs, unit_name="epoch")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Show how far it is."""
        self._values = list((logs or {}).items())
        self._n_done = epoch - self._first_epoch + 1
        # No value is a mean over the epochs.
        self._bar.stateful_metrics.update(name for name, _ in self._values)
        self._bar.update(self._n_done, self._values, finalize=False)

    def on_train_end(self, logs: Any = None) -> None:
        """Show where it has stopped."""
        self._bar.update(self._n_done, self._values, finalize=True)


class EpochTasks(keras.callbacks.Callback):
    """Tells scikit-learn's callbacks of each epoch, and stops when one of them wants it.

    Parameters
    ----------
    begin : callable
        Called before an epoch.

    end : callable
        Called after it with its number and what returns the weights, which are copied only if
        somebody asks; returns whether to stop.
    """

    def __init__(
        self, begin: Callable[[], None], end: Callable[[int, Callable[[], list[np.ndarray]]], bool]
    ) -> None:
        super().__init__()
        self._begin = begin
        self._end = end

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin a task."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End it."""
        if self._end(epoch, self.model.get_weights):
            self.model.stop_training = True
