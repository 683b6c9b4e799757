"""Models that are trained again and again: what they are built of, and what a training puts in."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from numbers import Real
from types import FunctionType, ModuleType
from typing import Any

import keras
import numpy as np

from skrnn import _keras_layers
from skrnn._batches import BatchedModel
from skrnn._engine import layers as compiled_layers
from skrnn._engine.model import CompiledModel
from skrnn._initialization import initialize, set_dropout
from skrnn._keras_objects import make_loss, make_optimizer
from skrnn._networks import NetworkModel, build_model, make_network
from skrnn._pool import Pool


@dataclass(frozen=True)
class Training:
    """How to train: the estimator's parameters, with what a fit adds to them.

    `epoch_hooks` are called before and after each epoch, if somebody is to be told. `is_seeded`
    says whether the same training, started again, would have the same seed.
    """

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
    checkpoint_dir: str | os.PathLike[str] | None
    seed: int
    is_seeded: bool
    verbose: int
    epoch_hooks: tuple[Callable[..., Any], Callable[..., Any]] | None = None


@dataclass(frozen=True)
class State:
    """What training changes: plain lists of arrays."""

    weights: list[np.ndarray]
    optimizer_state: list[np.ndarray]
    optimizer_name: str


@dataclass(frozen=True)
class Engine:
    """What trains: where the layers come from, and the model that holds them.

    `values` are the fields of a network that do not change its model.
    """

    layers: ModuleType
    model_class: type[NetworkModel]
    values: tuple[str, ...]


COMPILED = Engine(compiled_layers, CompiledModel, ("memory_steps", "dropout"))
KERAS = Engine(_keras_layers, BatchedModel, ("memory_steps",))


@dataclass(frozen=True)
class Trainer:
    """A model that can be trained again and again, and the values it had when it was built."""

    model: NetworkModel
    optimizer: keras.optimizers.Optimizer
    loss: Any
    learning_rate: Any
    weights: list[np.ndarray]
    optimizer_state: list[np.ndarray]

    def start(
        self,
        network: dict[str, Any],
        training: Training,
        state: State | None,
        *,
        n_timesteps: int,
    ) -> None:
        """Put in all that a training starts from, whatever the one before it has left."""
        self.model.set_weights(self.weights)
        self.model.network = make_network(network)
        self.model.n_timesteps = n_timesteps
        # A training that goes on draws other masks than the one before it.
        initialize(self.model, [training.seed, training.first_epoch], network["memory_steps"])
        set_dropout(self.model, network["dropout"])
        if state is not None:
            self._check_same_optimizer(state)
            self.model.set_weights(state.weights)
        _assign(self.optimizer, self.optimizer_state if state is None else state.optimizer_state)
        # Never that of the state: it is a parameter, and may have been changed since.
        rate = _make_optimizer(training)._learning_rate
        if isinstance(rate, keras.Variable):
            self.optimizer.learning_rate.assign(rate)
        self.model.shuffle_seed = training.seed
        # BackupAndRestore leaves its own there.
        self.model._initial_epoch = None

    def is_intact(self) -> bool:
        """Tell whether it is still what was built: a callback may do anything to a model."""
        return (
            self.model.optimizer is self.optimizer
            and self.optimizer._learning_rate is self.learning_rate
            and self.model.loss is self.loss
            and len(self.model.trainable_variables) == len(self.weights)
        )

    def get_state(self) -> State:
        """Return what training has made of it."""
        return State(
            self.model.get_weights(), _values(self.optimizer), type(self.optimizer).__name__
        )

    def _check_same_optimizer(self, state: State) -> None:
        """Refuse the state of another optimizer."""
        name = type(self.optimizer).__name__
        shapes = [value.shape for value in self.optimizer_state]
        kept_shapes = [value.shape for value in state.optimizer_state]
        if (name, shapes) != (state.optimizer_name, kept_shapes):
            raise ValueError(
                f"Training cannot go on: the optimizer is {name}, but the kept state is that of "
                f"{state.optimizer_name}, or of one with other settings. Change it back, or fit "
                "with warm_start=False."
            )


# Eight serve the networks of a usual search, whose folds and candidates come one after the other.
# A network takes about 20 megabytes, most of them its compiled programs.
_IDLE: Pool[Trainer] = Pool(max_idle=8)


def borrow_trainer(
    engine: Engine,
    network: dict[str, Any],
    training: Training,
    x_shape: tuple[int, ...],
    y_shape: tuple[int, ...],
) -> AbstractContextManager[Trainer]:
    """Lend a trainer for rows of these shapes, with values of whoever had it before.

    Parameters
    ----------
    engine : Engine
        What trains.

    network : dict
        Fields of `Network`.

    training : Training
        How to train.

    x_shape, y_shape : tuple of int
        Shapes of one row.

    Raises
    ------
    ValueError
        If an activation, regularizer, loss or optimizer is not one that Keras knows.
    """

    def build() -> Trainer:
        layers = make_network(network)
        optimizer, loss = _make_optimizer(training), make_loss(training.loss)
        model = build_model(layers, engine.layers, engine.model_class)
        model.network = layers
        # XLA on Keras' layers compiles for longer than small networks train.
        model.compile(optimizer, loss, jit_compile=False)
        model.optimizer.build(model.trainable_variables)
        return Trainer(
            model,
            model.optimizer,
            model.loss,
            model.optimizer._learning_rate,
            model.get_weights(),
            _values(model.optimizer),
        )

    try:
        key = (
            engine,
            _freeze(network | dict.fromkeys(engine.values)),
            _freeze(training.loss),
            _freeze(training.optimizer),
            training.clipnorm,
            training.batch_size,
            x_shape,
            y_shape,
        )
    except TypeError:
        return _IDLE.borrow(None, build)
    return _IDLE.borrow(key, build, Trainer.is_intact)


def _freeze(value: Any) -> Any:
    """Return what an object stands for, so that its copies are known again.

    Raises
    ------
    TypeError
        If that cannot be told from the outside.
    """
    # A function is the same in all clones of an estimator.
    if isinstance(value, str | Real | FunctionType | type | None):
        return value
    if isinstance(value, tuple | list):
        return tuple(_freeze(part) for part in value)
    if isinstance(value, dict):
        return tuple((name, _freeze(part)) for name, part in value.items())
    if isinstance(value, keras.optimizers.Optimizer):
        rate = value._learning_rate
        settings = value.get_config() | {
            # Keras numbers the names.
            "name": None,
            "learning_rate": None if isinstance(rate, keras.Variable) else rate,
        }
        return (type(value), _freeze(settings))
    if isinstance(
        value,
        keras.losses.Loss
        | keras.regularizers.Regularizer
        | keras.optimizers.schedules.LearningRateSchedule,
    ):
        settings = {name: part for name, part in vars(value).items() if "dtype" not in name}
        return (type(value), _freeze(settings))
    raise TypeError(f"{value!r} may be anything")


def _make_optimizer(training: Training) -> keras.optimizers.Optimizer:
    return make_optimizer(training.optimizer, training.learning_rate, training.clipnorm)


def _values(optimizer: keras.optimizers.Optimizer) -> list[np.ndarray]:
    return [np.asarray(variable) for variable in optimizer.variables]


def _assign(optimizer: keras.optimizers.Optimizer, values: list[np.ndarray]) -> None:
    for variable, value in zip(optimizer.variables, values, strict=True):
        variable.assign(value)
