"""Ridge start of a linear skip, which is kept unless training is clearly better."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from skrnn._keras.keras_model import KerasModel
from skrnn._keras.keras_model import predict as predict_by_keras
from skrnn._keras.losses import Scale, make_batch_loss
from skrnn._keras.models import NetworkModel
from skrnn._network.prediction import predict
from skrnn._network.training import Rows

# Share of the rows that are left out of a trial, and the smallest number of them.
_SHARE_LEFT_OUT = 0.2
_MIN_LEFT_OUT = 2
# Blocks of consecutive rows whose losses are compared.
_N_BLOCKS = 10


def split_for_trial(rows: Rows) -> tuple[Rows, Rows] | None:
    """Return the rows of a trial and the last rows, which judge it. None if there are too few."""
    n_left_out = int(_SHARE_LEFT_OUT * len(rows.y))
    if n_left_out < _MIN_LEFT_OUT:
        return None
    n_first = len(rows.y) - n_left_out
    return rows.take(slice(n_first)), rows.take(slice(n_first, None))


class RidgeStart:
    """Weights of a model that starts at ridge regression, and their loss.

    Training is better if its loss is lower by more than one standard error (the rule of Breiman et
    al. 1984 for trees). The differences of blocks of consecutive rows give the standard error,
    since the errors of neighboring rows are correlated.

    Parameters
    ----------
    model : NetworkModel
        The model before training.

    rows : Rows or None
        Rows that judge: rows that were left out of the training, if there are any. None: the start
        is not beaten.

    loss : str or callable
        The parameter `loss` of the estimator.

    scale : pair of ndarray or None
        Factor and offset that convert outputs to the units of y.
    """

    def __init__(self, model: NetworkModel, rows: Rows | None, loss: Any, scale: Scale) -> None:
        self._model = model
        self._weights = model.get_weights()
        self._blocks: list[Rows] = []
        if rows is None:
            return
        n_rows = len(rows.y)
        ends = np.linspace(0, n_rows, min(_N_BLOCKS, n_rows) + 1).astype(int)
        self._blocks = [rows.take(slice(*pair)) for pair in pairwise(ends)]
        self._loss = make_batch_loss(loss, scale, model.network, rows)
        self._losses = self._compute_losses()

    def is_beaten(self) -> bool:
        """Return whether the present weights of the model are better than those of the start."""
        if not self._blocks:
            return False
        gains = self._losses - self._compute_losses()
        n_blocks = len(gains)
        error = gains.std(ddof=1) / np.sqrt(n_blocks) if n_blocks > 1 else 0.0
        return bool(gains.mean() > error)

    def restore(self) -> None:
        """Set the weights of the model to those of the start."""
        self._model.set_weights(self._weights)

    def _compute_losses(self) -> np.ndarray:
        """Return the loss of each block, without dropout and the penalty of a regularizer."""
        compute_outputs = predict_by_keras if isinstance(self._model, KerasModel) else predict
        weights = self._model.get_weights()
        losses = []
        with np.errstate(all="ignore"):
            for block in self._blocks:
                outputs = compute_outputs(self._model.network, weights, block.X)
                losses.append(self._loss.compute(block.y, outputs, block.sample_weight)[0])
        return np.array(losses)
