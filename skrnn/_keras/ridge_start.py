"""Ridge start of a linear skip, which is kept if training is no better."""

from __future__ import annotations

from typing import Any

import numpy as np

from skrnn._keras.keras_model import KerasModel
from skrnn._keras.keras_model import predict as predict_by_keras
from skrnn._keras.losses import Scale, make_batch_loss
from skrnn._keras.models import NetworkModel
from skrnn._network.prediction import predict
from skrnn._network.ridge import PARAMETER_COST
from skrnn._network.training import Rows


class RidgeStart:
    """Weights of a model that starts at ridge regression, and their loss.

    Held-out rows decide whether training is better. Without them the training rows decide. Training
    then has to lower the loss by more than it would lower it on pure noise with one coefficient for
    each input of the head, by the rule that chooses the penalty of the ridge regression.

    Parameters
    ----------
    model : NetworkModel
        The model before training.

    rows, held_out : Rows
        Rows to train on, and held-out rows, if any.

    loss : str or callable
        The parameter `loss` of the estimator.

    scale : pair of ndarray or None
        Factor and offset that convert outputs to the units of y.
    """

    def __init__(
        self, model: NetworkModel, rows: Rows, held_out: Rows | None, loss: Any, scale: Scale
    ) -> None:
        self._model = model
        self._rows = held_out or rows
        self._loss = make_batch_loss(loss, scale, model.network, self._rows)
        self._weights = model.get_weights()
        self._loss_to_beat = self._compute_loss()
        if held_out is None:
            network = model.network
            n_coefficients = network.units[-1] * network.n_directions
            share = max(0.0, 1 - PARAMETER_COST * n_coefficients / len(rows.y)) ** 2
            # Losses may be negative.
            self._loss_to_beat -= (1 - share) * abs(self._loss_to_beat)

    def is_beaten(self) -> bool:
        """Return whether the present weights of the model are better than those of the start."""
        return self._compute_loss() < self._loss_to_beat

    def restore(self) -> None:
        """Set the weights of the model to those of the start."""
        self._model.set_weights(self._weights)

    def _compute_loss(self) -> float:
        """Return the loss without dropout and without the penalty of a regularizer."""
        compute_outputs = predict_by_keras if isinstance(self._model, KerasModel) else predict
        outputs = compute_outputs(self._model.network, self._model.get_weights(), self._rows.X)
        with np.errstate(all="ignore"):
            loss, _ = self._loss.compute(self._rows.y, outputs, self._rows.sample_weight)
        return loss
