"""Loss functions of Keras, and their gradients.

Each function takes targets and outputs of shape `(..., n_outputs)`. It returns the loss of each row
or step, which is a mean over the outputs, and the derivative of the loss by each output. Both are
computed as in Keras.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from skrnn._network import Array

# Default of `keras.config.epsilon()`.
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
    """Return the mean of squared differences of log(1 + y). Epsilon is the lowest number."""
    above = np.maximum(outputs, _EPSILON)
    values, gradient = mean_squared_error(np.log1p(np.maximum(y, _EPSILON)), np.log1p(above))
    return values, np.where(outputs > _EPSILON, gradient / (1 + above), 0)


def huber(y: Array, outputs: Array, delta: float = 1.0) -> tuple[Array, Array]:
    """Return squared errors up to `delta`, and absolute errors above (Huber 1964)."""
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
    """Return the Poisson loss, output - y log(output). Epsilon is the lowest output."""
    above = np.maximum(outputs, _EPSILON)
    values = above - y * np.log(above + _EPSILON)
    gradient = np.where(outputs > _EPSILON, 1 - y / (above + _EPSILON), 0)
    return values.mean(axis=-1), gradient / y.shape[-1]


def categorical_crossentropy(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the cross-entropy of class probabilities. Outputs are logits."""
    largest = outputs.max(axis=-1, keepdims=True)
    powers = np.exp(outputs - largest)
    total = powers.sum(axis=-1, keepdims=True)
    values = -(y * (outputs - largest - np.log(total))).sum(axis=-1)
    return values, powers / total * y.sum(axis=-1, keepdims=True) - y


def sparse_categorical_crossentropy(y: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the cross-entropy of class numbers `y` of shape (..., 1). Outputs are logits."""
    return categorical_crossentropy(np.eye(outputs.shape[-1])[y[..., 0].astype(int)], outputs)


@dataclass(frozen=True)
class PinballLoss:
    """Mean of the pinball losses of quantiles (Koenker & Bassett 1978).

    Parameters
    ----------
    quantiles : tuple of float
        Levels of the quantiles. The outputs are all quantiles of the first target, then those of
        the second, and so on.
    """

    quantiles: tuple[float, ...]

    def __call__(self, y: Array, outputs: Array) -> tuple[Array, Array]:
        """Return the loss of each row or step, and its derivative by each output."""
        n_outputs = outputs.shape[-1]
        levels = np.tile(self.quantiles, n_outputs // len(self.quantiles))
        error = np.repeat(y, len(self.quantiles), axis=-1) - outputs
        values = np.maximum(levels * error, (levels - 1) * error).mean(axis=-1)
        # At an error of 0 each slope from -level to 1 - level is one. 0 is among them.
        gradient = np.where(error > 0, -levels, np.where(error < 0, 1 - levels, 0))
        return values, gradient / n_outputs


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
# Values at which an option of a Keras loss changes nothing.
_DEFAULTS = {"from_logits": False, "axis": -1, "ignore_class": None, "label_smoothing": 0.0}


@dataclass(frozen=True)
class Loss:
    """Loss of a batch, computed by a function of this module.

    Parameters
    ----------
    function : callable
        Function that returns the loss of each row or step, and its derivatives.

    scale : pair of ndarray of shape (n_outputs,), default=None
        Factor and offset that convert outputs to the units of the targets.
    """

    function: LossFunction
    scale: tuple[Array, Array] | None = None

    # The loss of all rows is the mean of the losses of batches.
    is_mean_over_rows: ClassVar[bool] = True

    def compute_values(self, y: Array, outputs: Array) -> tuple[Array, Array]:
        """Return the loss of each row or step in float64, and its derivative by each output."""
        outputs = outputs.astype(np.float64)
        if self.scale is None:
            return self.function(y, outputs)
        factor, offset = self.scale
        values, gradient = self.function(y, outputs * factor + offset)
        return values, gradient * factor

    def compute(self, y: Array, outputs: Array, weight: Array | None) -> tuple[float, Array]:
        """Return the mean over rows and steps, and its derivative by each output."""
        values, gradient = self.compute_values(y, outputs)
        if weight is None:
            loss, gradient = values.mean(), gradient / values.size
        else:
            factor = _align(weight, values) / values.size
            loss, gradient = (values * factor).sum(), gradient * factor[..., np.newaxis]
        # Numbers too large for float32 become infinite, as in Keras.
        return float(np.float32(loss)), gradient

    def differentiate_rows(self, y: Array, outputs: Array, weight: Array | None) -> Array:
        """Return the derivative of the loss of each row, a mean over its steps, by each output."""
        values, gradient = self.compute_values(y, outputs)
        factor = np.full(values.shape, len(values) / values.size)
        if weight is not None:
            factor *= _align(weight, values)
        return gradient * factor[..., np.newaxis]


def _align(weight: Array, values: Array) -> Array:
    """Return the weights of rows, with an axis of length 1 for steps if the loss has steps."""
    return weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))


def is_standardized(loss: Any) -> bool:
    """Return whether a loss compares standardized targets. Other losses are in the units of y."""
    return isinstance(loss, PinballLoss) or _describe(loss)[0] in _STANDARDIZED


def make_loss(
    loss: Any, scale: tuple[Array, Array] | None, output_activation: str = "linear"
) -> Loss | None:
    """Return the loss of batches, or None if this module cannot compute it.

    Parameters
    ----------
    loss : str or callable
        Name, function or object of a Keras loss.

    scale : pair of ndarray of shape (n_outputs,) or None
        Factor and offset that convert outputs to the units of y.

    output_activation : {"linear", "softmax"}, default="linear"
        Activation of the outputs. With softmax, only cross-entropies can be computed.
    """
    if isinstance(loss, PinballLoss):
        return Loss(loss)
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
    """Return the name and the options of a Keras loss. Options are None if they are unknown."""
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
