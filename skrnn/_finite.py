"""Training that stops when its numbers leave the finite ones."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import keras
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning


class StopAtNonFinite(keras.callbacks.Callback):
    """Ends training at the first epoch with a loss, weight or optimizer state that is not finite.

    What is kept then is what the epoch before ended with. It has to see an epoch's end before
    others do, which may look at the weights, or change them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._advice: str | None = None
        self._kept: list[tuple[Any, tf.Tensor]] | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keep what there is before the first epoch, once all others have begun."""
        if self._kept is None:
            self._kept = self._look()[1]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at what the epoch has made of it."""
        losses = {name: float(value) for name, value in (logs or {}).items()}
        bad = [f"{name}={value}" for name, value in losses.items() if not math.isfinite(value)]
        is_finite, values = self._look()
        if is_finite and not bad:
            self._kept = values
            return
        for variable, value in self._kept or ():
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

    def _look(self) -> tuple[bool, list[tuple[Any, tf.Tensor]]]:
        """Return whether all variables are finite, and each with its value."""
        variables = [*self.model.weights, *self.model.optimizer.variables]
        seen, look = _LOOKS.get(self.model.optimizer, ([], None))
        # A callback may have put a schedule in the place of the learning rate.
        if look is None or [*map(id, variables)] != [*map(id, seen)]:
            look = _make_look(variables)
            _LOOKS[self.model.optimizer] = variables, look
        is_finite, values = look()
        return bool(is_finite), [*zip(variables, values, strict=True)]


# One function for the variables of a model: to ask each of them takes longer than a small network
# trains. A model of the engine comes back with its optimizer in later fits.
_LOOKS: WeakKeyDictionary[keras.optimizers.Optimizer, tuple[list[Any], Callable[[], Any]]]
_LOOKS = WeakKeyDictionary()


def _make_look(variables: list[Any]) -> Callable[[], Any]:
    @tf.function(autograph=False)
    def look() -> tuple[tf.Tensor, list[tf.Tensor]]:
        values = [tf.convert_to_tensor(variable) for variable in variables]
        floats = [value for value in values if value.dtype.is_floating]
        finite = [tf.reduce_all(tf.math.is_finite(value)) for value in floats]
        return tf.reduce_all(tf.stack(finite)), values

    return look.get_concrete_function()
