"""Keras callbacks of skrnn: stop at NaN or infinity, progress, hooks of scikit-learn."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from shutil import get_terminal_size
from time import perf_counter
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


class Progress(keras.callbacks.Callback):
    """Print finished epochs with their losses.

    A terminal has one line, which is rewritten. Notebooks and files would keep the control
    characters of each version, so they get about ten lines.

    Parameters
    ----------
    name : str
        Text before the epoch: the name of the network, if a fit trains several.

    all_epochs : bool
        Whether to print a line for each epoch.
    """

    def __init__(self, name: str, all_epochs: bool) -> None:
        super().__init__()
        self._name = name
        self._all_epochs = all_epochs

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the clock, and look where the text goes."""
        self._start = perf_counter()
        self._rewrites = sys.stdout.isatty() and not self._all_epochs
        self._interval = 1 if self._all_epochs else math.ceil(self.params["epochs"] / 10)
        self._line = ""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Rewrite the line, or print it if it is its turn."""
        losses = ", ".join(f"{name} {value:.4g}" for name, value in (logs or {}).items())
        seconds = perf_counter() - self._start
        self._line = f"{self._name}epoch {epoch + 1}/{self.params['epochs']}"
        self._line += f", {seconds:.1f} s: {losses}"
        if self._rewrites:
            width = get_terminal_size().columns - 1
            print(f"\r{self._line[:width]:<{width}}", end="", flush=True)
        elif (epoch + 1) % self._interval == 0:
            self._end_line()

    def on_train_end(self, logs: Any = None) -> None:
        """Print the last epoch, unless it has been printed, or end its line."""
        if self._rewrites:
            print()
        elif self._line:
            self._end_line()

    def _end_line(self) -> None:
        print(self._line, flush=True)
        self._line = ""


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
