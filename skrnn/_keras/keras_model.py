"""Engine "keras": training and prediction with Keras' own layers and training loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from skrnn._keras.losses import weigh_values
from skrnn._keras.models import NetworkModel, build_model
from skrnn._network.network import Network
from skrnn._network.training import draw_order

# Rows that are predicted at once. The last digits of a product depend on this number.
_BLOCK_SIZE = 128


class Batches(keras.utils.PyDataset):
    """Batches of windows, each copied when it is needed.

    X may be strided windows on one series. Only the rows of a batch are copied, so memory grows
    with the rows and not with the windows. The order of an epoch depends on the seed and on the
    number of the epoch. Keras' own shuffle would draw from TensorFlow's global generator.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Inputs of the network, of any float type.

    y : ndarray of shape (n_samples, ...)
        Targets.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_steps), or None
        Weights of the rows, or of their steps.

    batch_size : int
        Rows of a batch. The last batch may have fewer.

    seed : int or None, default=None
        Seed of the shuffle. None keeps the order.
    """

    def __init__(
        self,
        X: np.ndarray,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        batch_size: int,
        *,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._arrays = [X, y] if sample_weight is None else [X, y, sample_weight]
        self._batch_size = batch_size
        self._seed = seed
        self.set_epoch(0)

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return tuple(np.asarray(array[rows], dtype=np.float32) for array in self._arrays)

    def set_epoch(self, epoch: int) -> None:
        """Set the order of the rows to that of an epoch."""
        self._order = draw_order(len(self._arrays[0]), self._seed, epoch)


class KerasModel(NetworkModel, keras.Model):
    """Keras model whose `fit` takes batches from `Batches`.

    `shuffle_seed` is set before each fit.
    """

    shuffle_seed = 0

    @classmethod
    def from_network(
        cls, network: Network, n_timesteps: int, seed: int, first_epoch: int
    ) -> KerasModel:
        """Return a model of Keras' layers. The seed decides the order of rows and the dropout."""
        plain = build_model(network)
        model = cls(plain.input, plain.output)
        model.network = network
        model.n_timesteps = n_timesteps
        model.shuffle_seed = seed
        generators = [v for v in model.non_trainable_variables if "seed_generator" in v.path]
        words = np.random.SeedSequence([seed, first_epoch]).generate_state(len(generators))
        for state, word in zip(generators, words >> 1, strict=True):
            state.assign([word, 0])
        return model

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the outputs, with new masks of recurrent dropout in the cells of a decoder."""
        # Reset before the call, because a cell may hold a mask from building the model.
        for layer in self._flatten_layers():
            if hasattr(layer, "reset_recurrent_dropout_mask"):
                layer.reset_recurrent_dropout_mask()
        return super().call(inputs, training=training, mask=mask)

    def get_state(self) -> list[np.ndarray]:
        """Return all variables of the model and of its optimizer."""
        return [np.asarray(variable.numpy()) for variable in self._list_variables()]

    def set_state(self, state: Sequence[np.ndarray]) -> None:
        """Restore the result of `get_state`."""
        for variable, value in zip(self._list_variables(), state, strict=True):
            variable.assign(value)

    def get_optimizer_state(self) -> list[np.ndarray]:
        """Return the variables of the optimizer."""
        return [np.asarray(variable.numpy()) for variable in self.optimizer.variables]

    def set_optimizer_state(self, state: Sequence[np.ndarray]) -> None:
        """Restore the result of `get_optimizer_state`."""
        for variable, value in zip(self.optimizer.variables, state, strict=True):
            variable.assign(value)

    def _list_variables(self) -> list[Any]:
        both = [*self.variables, *self.optimizer.variables]
        return list({id(variable): variable for variable in both}.values())

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None,
        validation_data: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None,
        batch_size: int,
        shuffle: bool,
        callbacks: list[keras.callbacks.Callback],
        **fit_args: Any,
    ) -> keras.callbacks.History:
        """Train as `keras.Model.fit` does, with the order of rows of `Batches`."""
        n_outputs = self.output_shape[-1]
        sample_weight = weigh_values(self.loss, y, sample_weight, n_outputs)
        if validation_data is not None:
            x_val, y_val, weight_val = validation_data
            validation_data = x_val, y_val, weigh_values(self.loss, y_val, weight_val, n_outputs)
        batches = Batches(
            x, y, sample_weight, batch_size, seed=self.shuffle_seed if shuffle else None
        )
        # The hook of a dataset gets no number, and Keras calls it once before the first epoch.
        set_epoch = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: batches.set_epoch(epoch)
        )
        return super().fit(
            batches,
            validation_data=Batches(*validation_data, batch_size) if validation_data else None,
            shuffle=False,
            callbacks=[*callbacks, set_epoch],
            **fit_args,
        )


def predict(network: Network, weights: Sequence[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Return the outputs of Keras' layers.

    All blocks have the same number of rows, so the bits of a row do not depend on the other rows.
    Rows with missing steps need other operations, and are predicted apart.
    """

    def predict_rows(masked: bool, rows: np.ndarray) -> np.ndarray:
        model = build_model(replace(network, masked=masked))
        model.set_weights(weights)
        outputs = []
        for first in range(0, len(rows), _BLOCK_SIZE):
            in_block = np.minimum(np.arange(first, first + _BLOCK_SIZE), len(rows) - 1)
            block = np.asarray(X[rows[in_block]], np.float32)
            outputs.append(np.asarray(model(block, training=False)))
        return np.concatenate(outputs)[: len(rows)]

    lacks_steps = np.isnan(X).any(axis=tuple(range(1, X.ndim)))
    parts = [
        (rows, predict_rows(masked, rows))
        for masked in (False, True)
        if len(rows := np.flatnonzero(lacks_steps == masked))
    ]
    predicted = np.empty((len(X), *parts[0][1].shape[1:]), np.float32)
    for rows, outputs in parts:
        predicted[rows] = outputs
    return predicted
