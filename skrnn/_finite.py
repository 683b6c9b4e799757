"""Training that stops when its numbers leave the finite ones."""

from __future__ import annotations

import math
import warnings
from typing import Any

import keras
import numpy as np
from sklearn.exceptions import ConvergenceWarning


class StopAtNonFinite(keras.callbacks.Callback):
    """Ends training at the first epoch with a loss, weight or optimizer state that is not finite.

    What is kept then is what was there before that epoch. It has to see an epoch's end before
    others do, which may look at the weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self._advice: str | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keep what is finite still."""
        self._kept = [np.asarray(variable) for variable in self._variables()]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at what the epoch has made of it."""
        losses = {name: float(value) for name, value in (logs or {}).items()}
        bad = [f"{name}={value}" for name, value in losses.items() if not math.isfinite(value)]
        if not bad and all(np.isfinite(variable).all() for variable in self._variables()):
            return
        for variable, value in zip(self._variables(), self._kept, strict=True):
            variable.assign(value)
        self.model.stop_training = True
        self._advice = (
            f"Training stopped in epoch {epoch + 1}, which ended with "
            f"{', '.join(bad) or 'weights that are not finite'}; the weights are those from before "
            "that epoch. Try a smaller learning_rate, clipnorm=1.0, the default activation, or X "
            "that is scaled (StandardScaler)."
        )

    def warn(self) -> None:
        """Tell the user, if there is something to tell."""
        if self._advice is not None:
            warnings.warn(self._advice, ConvergenceWarning, stacklevel=2)

    def _variables(self) -> list[Any]:
        return [*self.model.weights, *self.model.optimizer.variables]
