"""Callbacks of skrnn's own: a stop at numbers that are not finite, a bar, and epochs as tasks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning


class StopAtNonFinite(keras.callbacks.Callback):
    """Stop training when the loss, the weights or the optimizer become NaN or infinite.

    The state from before that epoch is put back. It has to see the end of an epoch before other
    callbacks do, which may look at the weights, or change them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._advice: str | None = None
        self._kept: list[np.ndarray] | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keep the state before the first epoch, once all others have begun."""
        if self._kept is None:
            self._kept = self.model.get_state()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the state, or put back the one before."""
        losses = {name: float(value) for name, value in (logs or {}).items()}
        bad = [f"{name}={value}" for name, value in losses.items() if not math.isfinite(value)]
        state = self.model.get_state()
        if not bad and all(np.isfinite(array).all() for array in state):
            self._kept = state
            return
        self.model.set_state(self._kept)
        self.model.stop_training = True
        self._advice = (
            f"Training stopped in epoch {epoch + 1}, which ended with "
            f"{', '.join(bad) or 'weights that are not finite'}; the weights are those from before "
            "that epoch. Try a smaller learning_rate, clipnorm=1.0, the default activation, or X "
            "that is scaled (StandardScaler)."
        )

    def warn(self) -> None:
        """Warn the user if training was stopped."""
        if self._advice is not None:
            warnings.warn(self._advice, ConvergenceWarning, stacklevel=2)


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
        """Show how many epochs are done."""
        self._values = list((logs or {}).items())
        self._n_done = epoch - self._first_epoch + 1
        # No value is a mean over the epochs.
        self._bar.stateful_metrics.update(name for name, _ in self._values)
        self._bar.update(self._n_done, self._values, finalize=False)

    def on_train_end(self, logs: Any = None) -> None:
        """Show the last epoch."""
        self._bar.update(self._n_done, self._values, finalize=True)


class EpochTasks(keras.callbacks.Callback):
    """Tells scikit-learn's callbacks of each epoch, and stops when one of them wants it.

    Parameters
    ----------
    begin : callable
        Called before an epoch.

    end : callable
        Called after it with its number and a function that returns the weights, which are copied
        only if a callback asks; returns whether to stop.
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
