"""Losses that Keras computes: those of a user, and those that skrnn has not of its own."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from skrnn._keras.objects import make_loss
from skrnn._network.losses import is_standardized
from skrnn._network.network import Network
from skrnn._network.training import Rows

Tensor = Any
Scale = tuple[np.ndarray, np.ndarray] | None


class InUnits(keras.losses.Loss):
    """A loss of outputs that are put back into the units of the targets.

    Parameters
    ----------
    loss : Keras loss or callable
        Compares targets with outputs.

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
        """Return the loss of a batch; a loss of the user may reduce in a way of its own."""
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
    """A loss of batches that Keras computes eagerly, on the outputs of a network.

    Parameters
    ----------
    loss : InUnits
        The loss.

    output_activation : {"linear", "softmax"}
        Activation of the outputs before they are compared.

    n_outputs : int
        Outputs of a row or step.
    """

    # Keras' mean over batches may not be the mean over rows.
    is_mean_over_rows: ClassVar[bool] = False

    def __init__(self, loss: InUnits, output_activation: str, n_outputs: int) -> None:
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
            outputs, lambda said: self.loss(tf.constant(y, tf.float32), said, given)
        )

    def differentiate_rows(
        self, y: np.ndarray, outputs: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray:
        """Return the derivative of each row's loss, a mean over its steps, by each output."""

        def total(said: Tensor) -> Tensor:
            values = self.loss.call(tf.constant(y, tf.float32), said)
            if values.shape.rank == 0 or values.shape[0] != len(y):
                raise ValueError(
                    f"loss={self.loss.inner!r} does not return one number for each row, so no "
                    "row has a gradient of its own. Give a loss that does."
                )
            values = tf.reshape(values, (len(y), -1))
            if weight is not None:
                values *= tf.constant(weight.reshape(len(y), -1), tf.float32)
            return tf.reduce_sum(
                values if self.loss.reduction == "sum" else tf.reduce_mean(values, axis=1)
            )

        return self._differentiate(outputs, total)[1]

    def _differentiate(self, outputs: np.ndarray, compute: Any) -> tuple[float, np.ndarray]:
        """Return a number that depends on outputs, and its derivative by each."""
        raw = tf.constant(outputs, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(raw)
            said = raw
            if self._output_activation == "softmax":
                said = tf.nn.softmax(raw)
                # Where Keras' losses look for logits: they clip probabilities far above the least.
                said._keras_logits = raw
            value = compute(said)
        gradient = tape.gradient(value, raw, unconnected_gradients="zero")
        # A loss without a reduction: Keras adds up its gradients, and shows the mean.
        return float(tf.reduce_mean(value)), gradient.numpy()


def make_keras_loss(loss: Any, scale: Scale, network: Network, rows: Rows) -> KerasLoss:
    """Return what lets Keras compute a loss.

    Parameters
    ----------
    loss : str or callable
        As the user gave it.

    scale : pair of ndarray or None
        Factor and offset that put outputs into the units of y.

    network : Network
        The network whose outputs are compared.

    rows : Rows
        Rows that are trained on.

    Raises
    ------
    ValueError
        If the loss does not tell steps apart which weigh differently.
    """
    in_units = InUnits(make_loss(loss), None if is_standardized(loss) else scale)
    weight = rows.sample_weight
    if (
        weight is not None
        and weight.ndim == 2
        and not _tells_steps_apart(in_units, rows.y.shape[1:], network.n_outputs)
    ):
        raise ValueError(
            f"loss={loss!r} does not return one number for each step, but the steps of a row weigh "
            "differently: those that are missing nothing, others by class_weight, if it is set. "
            "Give a loss that does."
        )
    return KerasLoss(in_units, network.output_activation, network.n_outputs)


def weigh_values(
    loss: InUnits, y: np.ndarray, weight: np.ndarray | None, n_outputs: int
) -> np.ndarray | None:
    """Return a weight for each value of a loss, of which each step may have one.

    Keras would multiply the steps of a row by the weights of other rows.
    """
    if weight is None or weight.ndim == y.ndim - 1:
        return weight
    if _tells_steps_apart(loss, y.shape[1:], n_outputs):
        return np.broadcast_to(weight[:, np.newaxis], y.shape[:2])
    return weight


def _tells_steps_apart(loss: InUnits, shape: tuple[int, ...], n_outputs: int) -> bool:
    """Tell whether a loss returns a number for each step of targets, and not one for each row."""
    y = np.zeros((2, *shape), np.float32)
    outputs = np.full((2, shape[0], n_outputs), 1 / n_outputs, np.float32)
    return tuple(loss.call(y, outputs).shape) == (2, shape[0])
