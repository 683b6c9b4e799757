"""Keras model whose `fit` runs the kernels of `skrnn._network`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import keras
import numpy as np

from skrnn._keras.models import NetworkModel
from skrnn._keras.updates import Update, make_regularizer_gradient, make_update
from skrnn._network.network import Network, view_arrays, view_weights
from skrnn._network.prediction import predict
from skrnn._network.training import BatchLoss, Rows, Trainer, draw_order
from skrnn._utils.blas_threads import one_blas_thread


class KernelModel(NetworkModel, keras.Model):
    """Keras model that kernels train, with Keras' callbacks, optimizer and history.

    The weights are one flat vector. Access to layers or variables builds a plain Keras model, and
    returns its layers or variables. From then on its weights are synchronized around each callback.

    Parameters
    ----------
    network : Network
        The network. Its activation has kernels, and its regularizer is a Keras object.

    n_timesteps : int
        Steps of the rows that the model is trained on.

    parameters : ndarray of shape (n_parameters,)
        Weights, which are updated in place.

    make_loss : callable
        Function that returns the loss of a batch, given a loss as Keras takes it.

    seed : int
        Seed of the order of rows and of dropout.
    """

    _plain: keras.Model | None

    def __init__(
        self,
        network: Network,
        n_timesteps: int,
        parameters: np.ndarray,
        make_loss: Callable[[Any], BatchLoss],
        seed: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.n_timesteps = n_timesteps
        self._parameters = parameters
        self._make_loss = make_loss
        self._seed = seed
        object.__setattr__(self, "_plain", None)

    def compile(self, optimizer: Any, loss: Any, **options: Any) -> None:
        """Set the optimizer and the loss. A callback may call this too."""
        # Kernels compute in float32, also with another global dtype policy of Keras.
        super().compile(optimizer, loss, jit_compile=False, auto_scale_loss=False)
        self._batch_loss = self._make_loss(loss)
        self._update: Update = make_update(self.optimizer, self.network, self._parameters)

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None,
        validation_data: tuple[np.ndarray, np.ndarray, np.ndarray | None] | None,
        batch_size: int,
        shuffle: bool,
        epochs: int,
        initial_epoch: int,
        callbacks: Any,
        **_: Any,
    ) -> keras.callbacks.History:
        """Train as `keras.Model.fit` does.

        scikeras also passes the other arguments of Keras, with their defaults.
        """
        rows = Rows(x, y, sample_weight)
        self._callbacks = keras.callbacks.CallbackList(
            callbacks,
            add_history=True,
            epochs=epochs,
            steps=math.ceil(len(y) / batch_size),
            model=self,
        )
        self._calls_batch_hooks = any(map(_has_batch_hooks, self._callbacks.callbacks))
        self._shares_optimizer = any(map(_may_use_optimizer, self._callbacks.callbacks))
        with one_blas_thread() as n_threads:
            trainer = Trainer(
                self.network,
                self._parameters,
                self._batch_loss,
                self._update_weights,
                make_regularizer_gradient(self.network.kernel_regularizer),
                batch_size,
                n_threads,
            )
            self.stop_training = False
            self._update.read_rate()
            logs: dict[str, float] = {}
            self._call_hooks("on_train_begin")
            # BackupAndRestore sets `_initial_epoch` to resume after a crash.
            for epoch in range(self._initial_epoch or initial_epoch, epochs):
                logs = self._run_epoch(trainer, rows, epoch, shuffle)
                if validation_data is not None:
                    self._call_hooks("on_test_begin")
                    if self._calls_batch_hooks:
                        self._call_hooks("on_test_batch_begin", 0)
                    val_loss = self._validate(Rows(*validation_data), batch_size)
                    if self._calls_batch_hooks:
                        self._call_hooks("on_test_batch_end", 0, {"loss": val_loss})
                    logs = logs | {"val_loss": val_loss}
                    self._call_hooks("on_test_end", {"loss": val_loss})
                self._call_hooks("on_epoch_end", epoch, logs)
                if self.stop_training:
                    break
            self._update.finish(self._parameters)
            self._call_hooks("on_train_end", logs)
        return self.history

    def _run_epoch(
        self, trainer: Trainer, rows: Rows, epoch: int, shuffle: bool
    ) -> dict[str, float]:
        """Train on each batch, and return the logs."""
        self._call_hooks("on_epoch_begin", epoch)
        order = draw_order(len(rows.y), self._seed if shuffle else None, epoch)
        total, n_seen, logs = 0.0, 0, {"loss": 0.0}
        trainer.loss = self._batch_loss
        # Close the generator and its thread if a callback raises an exception.
        with closing(trainer.run_epoch(rows, order, (self._seed, epoch))) as batches:
            for number in range(math.ceil(len(order) / trainer.batch_size)):
                if self._calls_batch_hooks:
                    self._call_hooks("on_train_batch_begin", number)
                loss, n_rows = next(batches)
                total += loss * n_rows
                n_seen += n_rows
                logs = {"loss": total / n_seen}
                if self._calls_batch_hooks:
                    self._call_hooks("on_train_batch_end", number, logs)
                    if self.stop_training:
                        break
        return logs

    def _update_weights(self, parameters: np.ndarray, gradient: np.ndarray) -> None:
        """Update the weights, but not those that a callback has frozen."""
        frozen = []
        if self._plain is not None:
            pairs = zip(self.get_arrays(), self._plain.weights, strict=True)
            frozen = [(array, array.copy()) for array, weight in pairs if not weight.trainable]
        self._update(parameters, gradient)
        for array, before in frozen:
            array[...] = before

    def _validate(self, rows: Rows, batch_size: int) -> float:
        """Return the loss of held-out rows, with the penalty of the regularizer."""
        outputs = predict(self.network, self.get_arrays(), rows.X, activated=False)
        size = len(outputs) if self._batch_loss.is_mean_over_rows else batch_size
        penalize = make_regularizer_gradient(self.network.kernel_regularizer)
        total = 0.0
        # A callback checks for NaN and infinity at the end of the epoch.
        with np.errstate(all="ignore"):
            for first in range(0, len(outputs), size):
                part = rows.take(slice(first, first + size))
                loss, _ = self._batch_loss.compute(
                    part.y, outputs[first : first + size], part.sample_weight
                )
                total += loss * len(part.y)
            if penalize is None:
                return total / len(outputs)
            copies = (view_weights(self.network, self._parameters.copy()) for _ in range(2))
            return total / len(outputs) + penalize(*copies)

    # Methods of keras.Model that callbacks use.

    def _call_hooks(self, hook: str, *arguments: Any) -> None:
        """Call a hook of all callbacks, and synchronize weights with the plain model."""
        if self._plain is not None:
            self._plain.set_weights(self.get_arrays())
        if self._shares_optimizer:
            self._update.write_step()
        getattr(self._callbacks, hook)(*arguments)
        if self._update.optimizer is not self.optimizer:
            # A callback has set another optimizer.
            self._update = make_update(self.optimizer, self.network, self._parameters)
        if self._shares_optimizer:
            self._update.read_rate()
        if self._plain is not None:
            self.set_weights(self._plain.get_weights())

    @property
    def plain(self) -> keras.Model:
        """Plain Keras model with the same weights."""
        if self._plain is None:
            # Keras' __setattr__ would add the layers of the plain model to this model.
            object.__setattr__(self, "_plain", self.build_plain())
        return self._plain

    def get_arrays(self) -> list[np.ndarray]:
        """Return the weights as views into the flat vector."""
        return view_arrays(self.network, self._parameters)

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the weights, in the order of the layers."""
        return [array.copy() for array in self.get_arrays()]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Replace the weights."""
        for array, new in zip(self.get_arrays(), weights, strict=True):
            array[...] = new
        if self._plain is not None:
            self._plain.set_weights(weights)

    def get_state(self) -> list[np.ndarray]:
        """Return the weights, and the state of the optimizer."""
        return [self._parameters.copy(), *self.get_optimizer_state()]

    def set_state(self, state: Sequence[np.ndarray]) -> None:
        """Restore the result of `get_state`."""
        self.set_weights(view_arrays(self.network, state[0]))
        self.set_optimizer_state(state[1:])

    def get_optimizer_state(self) -> list[np.ndarray]:
        """Return the state of the optimizer, in the order of its Keras variables."""
        return self._update.get_state()

    def set_optimizer_state(self, state: Sequence[np.ndarray]) -> None:
        """Restore the result of `get_optimizer_state`."""
        self._update.set_state(state)

    def predict(self, x: np.ndarray, **_: Any) -> np.ndarray:
        """Return the outputs for rows."""
        return predict(self.network, self.get_arrays(), x)

    def evaluate(
        self,
        x: np.ndarray,
        y: np.ndarray,
        batch_size: int = 32,
        sample_weight: np.ndarray | None = None,
        **_: Any,
    ) -> float:
        """Return the loss of rows, with targets in the form used in training."""
        return self._validate(Rows(x, y, sample_weight), batch_size)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the plain model."""
        return self.plain(*arguments, **options)

    def save_weights(self, *arguments: Any, **options: Any) -> None:
        """Save the weights as the plain model does."""
        self.plain.save_weights(*arguments, **options)

    def load_weights(self, *arguments: Any, **options: Any) -> None:
        """Load weights that a plain model has saved."""
        self.plain.load_weights(*arguments, **options)
        self.set_weights(self.plain.get_weights())

    def summary(self, *arguments: Any, **options: Any) -> None:
        """Print the layers of the plain model."""
        self.plain.summary(*arguments, **options)

    # The layers and variables of the plain model.
    layers = property(lambda self: self.plain.layers)
    weights = property(lambda self: self.plain.weights)
    trainable_weights = property(lambda self: self.plain.trainable_weights)
    variables = property(lambda self: self.plain.variables)
    trainable_variables = property(lambda self: self.plain.trainable_variables)


def _may_use_optimizer(callback: keras.callbacks.Callback) -> bool:
    """Return whether a callback may read or change the optimizer. Those of skrnn do not."""
    own = ("skrnn._keras.callbacks", "keras.src.callbacks.history")
    return type(callback).__module__ not in own


def _has_batch_hooks(callback: keras.callbacks.Callback) -> bool:
    """Return whether a callback has hooks of batches. Empty hooks would take a tenth of a fit."""
    names = (
        *("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"),
        *("on_test_batch_begin", "on_test_batch_end"),
    )
    default = keras.callbacks.Callback
    return any(
        name in vars(callback) or getattr(type(callback), name) is not getattr(default, name)
        for name in names
    )
