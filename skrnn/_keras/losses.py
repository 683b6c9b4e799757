"""Losses that Keras computes: losses of users, and those that `skrnn._network.losses` lacks."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from skrnn._keras.objects import make_loss
from skrnn._network.losses import PinballLoss, is_standardized
from skrnn._network.losses import make_loss as make_own_loss
from skrnn._network.network import Network
from skrnn._network.training import BatchLoss, Rows

Tensor = Any
Scale = tuple[np.ndarray, np.ndarray] | None


class RescaledLoss(keras.losses.Loss):
    """Keras loss of outputs that are converted to the units of the targets.

    Parameters
    ----------
    loss : Keras loss or callable
        Loss of targets and outputs.

    scale : pair of ndarray of shape (n_outputs,) or None
        Factor and offset of the outputs.
    """

    def __init__(self, loss: Any, scale: Scale) -> None:
        is_loss = isinstance(loss, keras.losses.Loss)
        super().__init__(
            name="loss_in_units",
            reduction=loss.reduction if is_loss else "sum_over_batch_size",
            dtype="float32",
        )
        self.inner = loss
        self._scale = scale and tuple(np.asarray(part, np.float32) for part in scale)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        """Return the loss of a batch. A Keras loss reduces by its own rule."""
        if isinstance(self.inner, keras.losses.Loss):
            return self.inner(y_true, self._rescale(y_pred), sample_weight)
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the loss of each row or step."""
        inner = self.inner
        if isinstance(inner, keras.losses.Loss):
            inner = inner.call
        return inner(y_true, self._rescale(y_pred))

    def _rescale(self, outputs: Tensor) -> Tensor:
        if self._scale is None:
            return outputs
        factor, offset = self._scale
        return outputs * factor + offset


class KerasLoss:
    """Loss of a batch that Keras computes eagerly, on the outputs of a network.

    Parameters
    ----------
    loss : RescaledLoss
        The loss.

    output_activation : {"linear", "softmax"}
        Activation that is applied to the outputs first.

    n_outputs : int
        Number of outputs of a row or step.
    """

    # With some reductions the mean over batches is not the mean over rows.
    is_mean_over_rows: ClassVar[bool] = False

    def __init__(self, loss: RescaledLoss, output_activation: str, n_outputs: int) -> None:
        self.loss = loss
        self._output_activation = output_activation
        self._n_outputs = n_outputs

    def compute(
        self, y: np.ndarray, outputs: np.ndarray, weight: np.ndarray | None
    ) -> tuple[float, np.ndarray]:
        """Return the loss of a batch, and its derivative by each output."""
        weight = weigh_values(self.loss, y, weight, self._n_outputs)
        given = None if weight is None else tf.constant(weight, tf.float32)
        return self._differentiate(
            outputs, lambda activated: self.loss(tf.constant(y, tf.float32), activated, given)
        )

    def differentiate_rows(
        self, y: np.ndarray, outputs: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray:
        """Return the derivative of the loss of each row, a mean over its steps, by each output."""

        def total(activated: Tensor) -> Tensor:
            values = self.loss.call(tf.constant(y, tf.float32), activated)
            if values.shape.rank == 0 or values.shape[0] != len(y):
                raise ValueError(
                    f"loss={self.loss.inner!r} does not return one number for each row, so the "
                    "gradient of a row cannot be computed. Give a loss of one number for each row."
                )
            values = tf.reshape(values, (len(y), -1))
            if weight is not None:
                values *= tf.constant(weight.reshape(len(y), -1), tf.float32)
            return tf.reduce_sum(
                values if self.loss.reduction == "sum" else tf.reduce_mean(values, axis=1)
            )

        return self._differentiate(outputs, total)[1]

    def _differentiate(self, outputs: np.ndarray, compute: Any) -> tuple[float, np.ndarray]:
        """Return the result of `compute`, and its derivative by each output."""
        raw = tf.constant(outputs, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(raw)
            activated = raw
            if self._output_activation == "softmax":
                activated = tf.nn.softmax(raw)
                # Keras' losses read logits here. Without logits they would clip probabilities.
                activated._keras_logits = raw
            value = compute(activated)
        gradient = tape.gradient(value, raw, unconnected_gradients="zero")
        # Without a reduction Keras uses the sum of the gradients, and shows the mean of the loss.
        return float(tf.reduce_mean(value)), gradient.numpy()


def make_keras_loss(loss: Any, scale: Scale, network: Network, rows: Rows) -> KerasLoss:
    """Return a loss of batches that Keras computes.

    Parameters
    ----------
    loss : str or callable
        The parameter `loss` of the estimator.

    scale : pair of ndarray or None
        Factor and offset that convert outputs to the units of y.

    network : Network
        The network.

    rows : Rows
        Rows of the training.

    Raises
    ------
    ValueError
        If steps have different weights, and the loss has no value for each step.
    """
    made = make_pinball_loss(loss) if isinstance(loss, PinballLoss) else make_loss(loss)
    rescaled = RescaledLoss(made, None if is_standardized(loss) else scale)
    weight = rows.sample_weight
    if (
        weight is not None
        and weight.ndim == 2
        and not _has_value_per_step(rescaled, rows.y.shape[1:], network.n_outputs)
    ):
        raise ValueError(
            f"loss={loss!r} does not return one number for each step, but the steps of a row have "
            "different weights: 0 if they are missing, else those of class_weight, if it is set. "
            "Give a loss that returns one number for each step."
        )
    return KerasLoss(rescaled, network.output_activation, network.n_outputs)


def make_batch_loss(loss: Any, scale: Scale, network: Network, rows: Rows) -> BatchLoss:
    """Return a loss of batches. Keras computes it if `skrnn._network` lacks it."""
    own_loss = make_own_loss(loss, scale, network.output_activation)
    return own_loss or make_keras_loss(loss, scale, network, rows)


def make_pinball_loss(loss: PinballLoss) -> Any:
    """Return the pinball loss in Keras' operations, as a function of targets and outputs."""

    def pinball_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
        n_levels = len(loss.quantiles)
        levels = np.tile(np.array(loss.quantiles, np.float32), y_pred.shape[-1] // n_levels)
        error = keras.ops.repeat(y_true, n_levels, axis=-1) - y_pred
        return keras.ops.mean(keras.ops.maximum(levels * error, (levels - 1) * error), axis=-1)

    return pinball_loss


def weigh_values(
    loss: RescaledLoss, y: np.ndarray, weight: np.ndarray | None, n_outputs: int
) -> np.ndarray | None:
    """Return a weight for each value of a loss, which has values for rows or for steps.

    Keras alone would multiply the steps of a row by the weights of other rows.
    """
    if weight is None or weight.ndim == y.ndim - 1:
        return weight
    if _has_value_per_step(loss, y.shape[1:], n_outputs):
        return np.broadcast_to(weight[:, np.newaxis], y.shape[:2])
    return weight


def _has_value_per_step(loss: RescaledLoss, shape: tuple[int, ...], n_outputs: int) -> bool:
    """Return whether a loss returns a number for each step, and not one for each row."""
    y = np.zeros((2, *shape), np.float32)
    outputs = np.full((2, shape[0], n_outputs), 1 / n_outputs, np.float32)
    return tuple(loss.call(y, outputs).shape) == (2, shape[0])
