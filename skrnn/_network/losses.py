"""Losses that Keras knows by name, and their gradients.

Each takes targets and outputs of shape `(..., n_outputs)`. It returns the loss of each row or step,
a mean over its outputs, and the derivative of that by each output, computed as Keras does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from skrnn._network import Array

# Keras' `epsilon()` at its default.
_EPSILON = 1e-7

LossFunction = Callable[[Array, Array], tuple[Array, Array]]


def mean_squared_error(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the mean of squared errors."""
    error = outputs - y
    return np.square(error).mean(axis=-1), 2 / error.shape[-1] * error


def mean_absolute_error(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the mean of absolute errors."""
    error = outputs - y
    return np.abs(error).mean(axis=-1), np.sign(error) / error.shape[-1]


def mean_absolute_percentage_error(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the mean of absolute errors in percent of the targets."""
    factor = 100 / np.maximum(np.abs(y), _EPSILON)
    values, gradient = mean_absolute_error(factor * y, factor * outputs)
    return values, factor * gradient


def mean_squared_logarithmic_error(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the mean of squared differences of log(1 + y); below epsilon, y counts as epsilon."""
    above = np.maximum(outputs, _EPSILON)
    values, gradient = mean_squared_error(np.log1p(np.maximum(y, _EPSILON)), np.log1p(above))
    return values, np.where(outputs > _EPSILON, gradient / (1 + above), 0)


def huber(y: Array, outputs: Array, delta: float = 1.0) -> tuple[Array, Array]:
    """Return squared errors up to `delta`, and absolute ones beyond (Huber 1964)."""
    error = outputs - y
    size = np.abs(error)
    values = np.where(size <= delta, 0.5 * np.square(error), delta * size - 0.5 * delta**2)
    return values.mean(axis=-1), np.clip(error, -delta, delta) / error.shape[-1]


def log_cosh(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the mean of log(cosh(error))."""
    error = outputs - y
    values = np.logaddexp(error, -error) - np.log(2)
    return values.mean(axis=-1), np.tanh(error) / error.shape[-1]


def poisson(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the Poisson loss, output - y log(output); outputs below epsilon count as epsilon."""
    above = np.maximum(outputs, _EPSILON)
    values = above - y * np.log(above + _EPSILON)
    gradient = np.where(outputs > _EPSILON, 1 - y / (above + _EPSILON), 0)
    return values.mean(axis=-1), gradient / y.shape[-1]


def categorical_crossentropy(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the cross-entropy of class probabilities; outputs are their logits."""
    largest = outputs.max(axis=-1, keepdims=True)
    powers = np.exp(outputs - largest)
    total = powers.sum(axis=-1, keepdims=True)
    values = -(y * (outputs - largest - np.log(total))).sum(axis=-1)
    return values, powers / total * y.sum(axis=-1, keepdims=True) - y


def sparse_categorical_crossentropy(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the cross-entropy of class numbers, `y` of shape (..., 1); outputs are logits."""
    return categorical_crossentropy(np.eye(outputs.shape[-1])[y[..., 0].astype(int)], outputs)


_LOSSES: dict[str, LossFunction] = {
    loss.__name__: loss
    for loss in (
        *(mean_squared_error, mean_absolute_error, mean_absolute_percentage_error),
        *(mean_squared_logarithmic_error, huber, log_cosh, poisson),
        *(categorical_crossentropy, sparse_categorical_crossentropy),
    )
}
_ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
}
_STANDARDIZED = ("mean_squared_error", "mean_absolute_error")
# At these, an option of a Keras loss changes nothing.
_DEFAULTS = {"from_logits": False, "axis": -1, "ignore_class": None, "label_smoothing": 0.0}


@dataclass(frozen=True)
class Loss:
    """A loss of batches, given by a function of this module.

    Parameters
    ----------
    function : callable
        The loss of each row or step, and its derivatives.

    scale : pair of ndarray of shape (n_outputs,), default=None
        Factor and offset that put outputs into the units of targets.
    """

    function: LossFunction
    scale: tuple[Array, Array] | None = None

    # A mean over rows is the same over all rows as over batches.
    is_mean_over_rows: ClassVar[bool] = True

    def values(self, y: Array, outputs: Array) -> tuple[Array, Array]:
        """Return the loss of each row or step in float64, and its derivative by each output."""
        outputs = outputs.astype(np.float64)
        if self.scale is None:
            return self.function(y, outputs)
        factor, offset = self.scale
        values, gradient = self.function(y, outputs * factor + offset)
        return values, gradient * factor

    def of_batch(self, y: Array, outputs: Array, weight: Array | None) -> tuple[float, Array]:
        """Return the mean over rows and steps, and its derivative by each output."""
        values, gradient = self.values(y, outputs)
        if weight is None:
            loss, gradient = values.mean(), gradient / values.size
        else:
            factor = _align(weight, values) / values.size
            loss, gradient = (values * factor).sum(), gradient * factor[..., np.newaxis]
        # Numbers beyond float32 are infinite, as in Keras.
        return float(np.float32(loss)), gradient

    def of_rows(self, y: Array, outputs: Array, weight: Array | None) -> Array:
        """Return the derivative of each row's loss, a mean over its steps, by each output."""
        values, gradient = self.values(y, outputs)
        factor = np.full(values.shape, len(values) / values.size)
        if weight is not None:
            factor *= _align(weight, values)
        return gradient * factor[..., np.newaxis]


def _align(weight: Array, values: Array) -> Array:
    """Return weights of rows with an axis for their steps, if there are steps."""
    return weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))


def is_standardized(loss: Any) -> bool:
    """Tell whether a loss compares standardized targets; all others are in the units of y."""
    return _describe(loss)[0] in _STANDARDIZED


def make_loss(
    loss: Any, scale: tuple[Array, Array] | None, output_activation: str = "linear"
) -> Loss | None:
    """Return what computes a loss; None if this module has not got it.

    Parameters
    ----------
    loss : str or callable
        A name, or a function or an object of Keras.

    scale : pair of ndarray of shape (n_outputs,) or None
        Factor and offset that put outputs into the units of y.

    output_activation : {"linear", "softmax"}, default="linear"
        Activation of the outputs. Only cross-entropies of probabilities are here.
    """
    name, options = _describe(loss)
    of_probabilities = name.endswith("categorical_crossentropy")
    if (
        name not in _LOSSES
        or options is None
        or of_probabilities != (output_activation != "linear")
    ):
        return None
    function = partial(_LOSSES[name], **options) if options else _LOSSES[name]
    return Loss(function, None if is_standardized(loss) else scale)


def _describe(loss: Any) -> tuple[str, dict[str, Any] | None]:
    """Return the name of a loss of Keras, and its options; None if they are not known here."""
    options: dict[str, Any] | None = {}
    name = ""
    if isinstance(loss, str):
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", loss).lower()
    elif str(getattr(loss, "__module__", "")).startswith("keras.") and hasattr(loss, "__name__"):
        name = loss.__name__
    elif type(loss).__module__.startswith("keras.") and hasattr(loss, "fn"):
        name = getattr(loss.fn, "__name__", "")
        given = {k: v for k, v in loss._fn_kwargs.items() if _DEFAULTS.get(k, loss) != v}
        is_mean = loss.reduction == "sum_over_batch_size"
        known = {"delta"} if name == "huber" else set()
        options = given if is_mean and set(given) <= known else None
    return _ALIASES.get(name, name), options
