"""Keras callbacks of skrnn: stop at NaN or infinity, progress bar, hooks of scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np


class StopAtNonFinite(keras.callbacks.Callback):
    """Stop training when the loss, the weights or the optimizer become NaN or infinite.

    The state from before that epoch is restored. This callback comes before others, which may read
    or change the weights at the end of an epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._finding: str | None = None
        self._kept: list[np.ndarray] | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Store the state before the first epoch, after `on_train_begin` of all callbacks."""
        if self._kept is None:
            self._kept = self.model.get_state()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Store the state, or restore the state from before this epoch."""
        losses = {name: float(value) for name, value in (logs or {}).items()}
        bad = [f"{name}={value}" for name, value in losses.items() if not math.isfinite(value)]
        state = self.model.get_state()
        if not bad and all(np.isfinite(array).all() for array in state):
            self._kept = state
            return
        self.model.set_state(self._kept)
        self.model.stop_training = True
        self._finding = (
            f"Training stopped in epoch {epoch + 1}, which ended with "
            f"{', '.join(bad) or 'weights that are NaN or infinite'}"
        )

    def advise(self, origin: str) -> str | None:
        """Return what happened and what to do, None if training was not stopped.

        Parameters
        ----------
        origin : str
            Where the weights that are kept come from.
        """
        if self._finding is None:
            return None
        return (
            f"{self._finding}; the weights are those from {origin}. Try a smaller learning_rate, "
            "clipnorm=1.0, the default activation, or X that is scaled (StandardScaler)."
        )


class ProgressBar(keras.callbacks.Callback):
    """Progress bar of a fit, with the losses of the latest epoch.

    The bars of Keras itself are one for each epoch, and an epoch may only take milliseconds here.
    """

    def __init__(self, first_epoch: int, epochs: int) -> None:
        super().__init__()
        self._first_epoch = first_epoch
        self._epochs = epochs
        self._values: list[tuple[str, float]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the bar and its clock."""
        self._n_done = 0
        self._bar = keras.utils.Progbar(self._epochs, unit_name="epoch")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Show the number of finished epochs, and the losses."""
        self._values = list((logs or {}).items())
        self._n_done = epoch - self._first_epoch + 1
        # Show the latest values, not their means over the epochs.
        self._bar.stateful_metrics.update(name for name, _ in self._values)
        self._bar.update(self._n_done, self._values, finalize=False)

    def on_train_end(self, logs: Any = None) -> None:
        """Show the last epoch and end the line."""
        self._bar.update(self._n_done, self._values, finalize=True)


class EpochHooks(keras.callbacks.Callback):
    """Call scikit-learn's callbacks around each epoch, and stop training if one asks for it.

    Parameters
    ----------
    begin : callable
        Function that is called before an epoch.

    end : callable
        Function that is called after an epoch, with the number of the epoch and a function that
        returns a copy of the weights. It returns whether to stop training.
    """

    def __init__(
        self, begin: Callable[[], None], end: Callable[[int, Callable[[], list[np.ndarray]]], bool]
    ) -> None:
        super().__init__()
        self._begin = begin
        self._end = end

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Call `begin`."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Call `end`, and stop training if it returns True."""
        if self._end(epoch, self.model.get_weights):
            self.model.stop_training = True
