"""Keras' own training loop, with rows that are gathered and shuffled here."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from skrnn._keras_objects import tells_steps_apart
from skrnn._networks import NetworkModel


class Batches(keras.utils.PyDataset):
    """Batches of windows, each gathered when it is needed.

    X may be strided windows on one series: only the rows of a batch are ever copied, so memory
    grows with the rows and not with the windows. Keras' own shuffle is not used, because it
    draws from TensorFlow's global generator: the order of an epoch is a function of the seed
    and of the number of the epoch.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        What the network takes, of any float type.

    y : ndarray of shape (n_samples, ...)
        Targets.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_steps), or None
        Weights of the rows, or of their steps.

    batch_size : int
        Rows of a batch; the last one may have fewer.

    seed : int or None, default=None
        Seed of the shuffle; None keeps the order.
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
        """Put the rows into the order of this epoch."""
        self._order = draw_order(len(self._arrays[0]), self._seed, epoch)


class Blocks(keras.utils.PyDataset):
    """Rows to predict, in blocks of one size, each gathered when it is needed.

    The last digit of a product depends on how many rows are multiplied at once. With blocks of
    one size a row is predicted alike whatever rows come with it; the last row fills the last block.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        What the network takes, of any float type.

    rows : ndarray of int
        Positions of the rows.

    block_size : int
        Rows of a block.
    """

    def __init__(self, X: np.ndarray, rows: np.ndarray, block_size: int) -> None:
        super().__init__()
        self._X = X
        self._rows = rows
        self._block_size = block_size

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._block_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray]:
        first = index * self._block_size
        wanted = np.minimum(np.arange(first, first + self._block_size), len(self._rows) - 1)
        return (np.asarray(self._X[self._rows[wanted]], dtype=np.float32),)


class BatchedModel(NetworkModel):
    """A Keras model whose `fit` takes its batches from `Batches`.

    This is the seam between the estimators and what trains: scikeras calls `fit` with arrays
    and does not notice. `shuffle_seed` is set before each fit.
    """

    shuffle_seed = 0

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
        """Train as `keras.Model.fit` does, on rows in an order of our own."""
        sample_weight = self._weigh_values(y, sample_weight)
        if validation_data is not None:
            x_val, y_val, weight_val = validation_data
            validation_data = x_val, y_val, self._weigh_values(y_val, weight_val)
        batches = Batches(
            x, y, sample_weight, batch_size, seed=self.shuffle_seed if shuffle else None
        )
        # Keras calls the hook of a dataset once before the first epoch, so that it cannot count.
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

    def _weigh_values(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Return a weight for each value of the loss, of which each step may have one.

        Keras would multiply the steps of a row by the weights of other rows.
        """
        if weight is None or weight.ndim == y.ndim - 1:
            return weight
        if tells_steps_apart(self.loss, y.shape[1:], self.output_shape[-1]):
            return np.broadcast_to(weight[:, np.newaxis], y.shape[:2])
        return weight


def draw_order(n_samples: int, seed: int | None, epoch: int) -> np.ndarray:
    """Return the order of the rows in an epoch, as they stand without a seed."""
    if seed is None:
        return np.arange(n_samples)
    return np.random.default_rng([seed, epoch]).permutation(n_samples)
