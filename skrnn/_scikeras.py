"""The only module that imports scikeras: train and predict with arrays that are valid already."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any

import keras
import numpy as np
from scikeras.wrappers import KerasRegressor
from sklearn.preprocessing import FunctionTransformer

from skrnn._batches import BatchedModel, Blocks
from skrnn._networks import (
    Network,
    build_model,
    copy_optimizer,
    make_activation,
    make_loss,
    make_optimizer,
    make_regularizer,
)
from skrnn._pool import ModelPool

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.backend.backend()!r} here; skrnn needs TensorFlow. Set the "
        'environment variable KERAS_BACKEND="tensorflow" before Keras is imported.'
    )

# Eight serve the networks of a usual search, whose folds and candidates come one after the other.
_TRAINERS = ModelPool(max_models=8)
_PREDICTORS = ModelPool(max_models=8)
# Rows that are predicted at once.
_BLOCK_SIZE = 128


@dataclass(frozen=True)
class Rows:
    """Windows, targets of shape (n_samples, n_outputs) and weights of the same rows."""

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None


@dataclass(frozen=True)
class Training:
    """How to train: the estimator's parameters, with what a fit adds to them."""

    loss: Any
    optimizer: Any
    learning_rate: float | None
    clipnorm: float | None
    epochs: int
    first_epoch: int
    batch_size: int
    shuffle: bool
    patience: int | None
    callbacks: list[Any] | None
    seed: int
    verbose: int


@dataclass(frozen=True)
class State:
    """What training changes: plain lists of arrays."""

    weights: list[np.ndarray]
    optimizer_state: list[np.ndarray]
    optimizer_name: str


@dataclass(frozen=True)
class Trained:
    """What training leaves."""

    state: State
    history: dict[str, list[float]]
    callbacks: list[Any]


class _TrustingKerasRegressor(KerasRegressor):
    """A `KerasRegressor` for arrays that the caller has validated.

    scikeras would refuse NaN, strided float64 after float32, and take the time axis for features.
    """

    def _validate_data(
        self, X: Any = None, y: Any = None, reset: bool = False, y_numeric: bool = False
    ) -> tuple[Any, Any]:
        return X, y

    def _validate_sample_weight(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        return X, y, sample_weight

    @property
    def target_encoder(self) -> FunctionTransformer:
        return FunctionTransformer()


def train(
    network: dict[str, Any],
    rows: Rows,
    held_out: Rows | None,
    training: Training,
    start: State | None,
) -> Trained:
    """Train a network, from its initial weights or from where an earlier training stopped.

    Parameters
    ----------
    network : dict
        Fields of `Network`.

    rows, held_out : Rows
        What is trained on, and what the validation loss is computed on, if anything.

    training : Training
        How to train.

    start : State or None
        Where to go on from; None starts over.

    Raises
    ------
    ValueError, TypeError
        If an activation, regularizer, loss, optimizer or callback is not one that Keras knows.
    """
    layers = _make_network(network)
    loss = make_loss(training.loss)
    optimizer = make_optimizer(training.optimizer, training.learning_rate, training.clipnorm)
    own_callbacks = _copy_callbacks(training.callbacks)
    all_callbacks = list(own_callbacks)
    if training.patience is not None:
        all_callbacks.append(
            keras.callbacks.EarlyStopping(patience=training.patience, restore_best_weights=True)
        )

    # What this fit starts from. A training that goes on draws other masks than the one before it.
    initial = build_model(layers, [training.seed, training.first_epoch])
    optimizer.build(initial.trainable_variables)
    if start is not None:
        initial.set_weights(start.weights)
        _restore(optimizer, start)

    def build() -> keras.Model:
        model = build_model(layers, seed=0, model_class=BatchedModel)
        # XLA on Keras' layers compiles for longer than small networks train.
        model.compile(copy_optimizer(optimizer), loss, jit_compile=False)
        model.optimizer.build(model.trainable_variables)
        return model

    key = _trainer_key(network, training, rows.X)
    with _without_tracing_advice(), _TRAINERS.borrow(key, build) as model:
        _copy_values(initial, model)
        _copy_values(optimizer, model.optimizer)
        model.shuffle_seed = training.seed
        regressor = _TrustingKerasRegressor(
            model,
            callbacks=all_callbacks,
            batch_size=training.batch_size,
            shuffle=training.shuffle,
            verbose=training.verbose,
        )
        regressor.fit(
            rows.X,
            rows.y,
            sample_weight=rows.sample_weight,
            validation_data=held_out and (held_out.X, held_out.y, held_out.sample_weight),
            epochs=training.epochs,
            initial_epoch=training.first_epoch,
        )
        state = State(
            model.get_weights(),
            [np.asarray(variable) for variable in model.optimizer.variables],
            type(optimizer).__name__,
        )
    for callback in own_callbacks:
        # What a callback has collected stays; the model behind it must not be kept alive.
        keras.callbacks.Callback.set_model(callback, None)
    return Trained(
        state,
        {name: [float(value) for value in values] for name, values in regressor.history_.items()},
        own_callbacks,
    )


def predict(network: dict[str, Any], weights: Sequence[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Return the outputs of a network, float32 of shape (n_samples, n_outputs)."""
    # Neither changes a prediction: one predictor serves every candidate of a search over them.
    network = network | {"dropout": 0.0, "kernel_regularizer": None}
    key = (*network.values(), X.shape[1:])

    def build() -> keras.Model:
        return build_model(_make_network(network), seed=0)

    with _without_tracing_advice(), _PREDICTORS.borrow(key, build) as model:
        model.set_weights(weights)
        regressor = _TrustingKerasRegressor(model).initialize(X[:1])
        return regressor.predict(Blocks(X, _BLOCK_SIZE), verbose=0)[: len(X)]


def to_keras(network: dict[str, Any], weights: Sequence[np.ndarray]) -> keras.Model:
    """Return a plain Keras model with these weights, not compiled."""
    model = build_model(_make_network(network), seed=0)
    model.set_weights(weights)
    return model


def _make_network(network: dict[str, Any]) -> Network:
    """Turn plain parameters into a network that can be built."""
    return Network(
        **network
        | {
            "activation": make_activation(network["activation"]),
            "kernel_regularizer": make_regularizer(network["kernel_regularizer"]),
        }
    )


def _trainer_key(
    network: dict[str, Any], training: Training, X: np.ndarray
) -> tuple[Any, ...] | None:
    """Return what decides the traced training step; None if objects of the user are part of it."""
    settings = (
        *network.values(),
        training.loss,
        training.optimizer,
        training.clipnorm,
        # The same function would do for other windows, but be traced again for any length.
        X.shape[1:],
    )
    is_plain = all(isinstance(value, str | Real | tuple | None) for value in settings)
    # A callback may do anything to the model, which then is not used again.
    return settings if is_plain and not training.callbacks else None


def _copy_values(source: Any, target: Any) -> None:
    """Copy the values of all variables: weights, states of generators, states of an optimizer."""
    for kept, new in zip(target.variables, source.variables, strict=True):
        kept.assign(new)


def _restore(optimizer: keras.optimizers.Optimizer, start: State) -> None:
    """Put the kept state into a new optimizer."""
    name = type(optimizer).__name__
    shapes = [variable.shape for variable in optimizer.variables]
    if (name, shapes) != (start.optimizer_name, [value.shape for value in start.optimizer_state]):
        raise ValueError(
            f"Training cannot go on: the optimizer is {name}, but the kept state is that of "
            f"{start.optimizer_name}, or of one with other settings. Change it back, or fit with "
            "warm_start=False."
        )
    for variable, value in zip(optimizer.variables, start.optimizer_state, strict=True):
        # The learning rate is a parameter of the estimator, and may have been changed since.
        if variable.name != "learning_rate":
            variable.assign(value)


@contextmanager
def _without_tracing_advice() -> Iterator[None]:
    """Drop TensorFlow's advice not to trace often: new networks must be, and nobody can act."""

    def is_other(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def _copy_callbacks(callbacks: list[Any] | None) -> list[keras.callbacks.Callback]:
    """Copy the callbacks of the user, who may have given them to other fits as well."""
    for callback in callbacks or []:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks holds {callback!r}, which is not a keras.callbacks.Callback. Give a "
                "list of callback objects."
            )
    return copy.deepcopy(callbacks or [])
