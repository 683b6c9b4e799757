"""Training of a network on validated arrays. The only module that imports scikeras."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from importlib.metadata import version
from multiprocessing import current_process
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import KerasClassifier, KerasRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import FunctionTransformer

from skrnn._config import get_config
from skrnn._keras.callbacks import EpochHooks, Progress, StopAtNonFinite
from skrnn._keras.checkpoint import (
    Checkpoint,
    name_callbacks,
    name_training,
    remember_callbacks,
)
from skrnn._keras.keras_model import KerasModel
from skrnn._keras.kernel_model import KernelModel
from skrnn._keras.losses import make_batch_loss, make_keras_loss
from skrnn._keras.models import NetworkModel, with_keras_objects
from skrnn._keras.objects import make_loss, make_optimizer
from skrnn._keras.ridge_start import RidgeStart, split_for_trial
from skrnn._network import losses
from skrnn._network.activations import find_activation_number
from skrnn._network.initialization import make_initial_weights
from skrnn._network.network import Network, flatten, view_arrays
from skrnn._network.training import BatchLoss, Rows
from skrnn._utils.blas_threads import one_blas_thread

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.backend.backend()!r}, but skrnn needs TensorFlow. Set the "
        'environment variable KERAS_BACKEND="tensorflow" before Keras is imported.'
    )


def _limit_threads_of_worker() -> None:
    """Limit TensorFlow to the number of threads that joblib gives to a worker process.

    joblib sets environment variables that TensorFlow does not read.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    is_worker = current_process().name.startswith("LokyProcess")
    if is_worker and n_threads.isdigit() and "TF_NUM_INTRAOP_THREADS" not in os.environ:
        with suppress(RuntimeError):  # TensorFlow has started already
            tf.config.threading.set_intra_op_parallelism_threads(int(n_threads))


_limit_threads_of_worker()


@dataclass(frozen=True)
class Training:
    """Settings of a training: the parameters of the estimator, and values that a fit adds.

    `number` is the number of the network among the `n_networks` that a fit trains. `is_seeded` is
    True if the same training, started again, has the same seed. `scale` is the factor and the
    offset that convert outputs to the units of y, None for classes. `epoch_hooks` are called before
    and after each epoch.
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
    number: int = 0
    n_networks: int = 1
    scale: tuple[np.ndarray, np.ndarray] | None = None
    epoch_hooks: tuple[Callable[..., Any], Callable[..., Any]] | None = None


@dataclass(frozen=True)
class State:
    """State of a training, as lists of arrays."""

    weights: list[np.ndarray]
    optimizer_state: list[np.ndarray]
    optimizer_name: str


@dataclass(frozen=True)
class Trained:
    """Result of a training.

    `advice` is what to do if training stopped at NaN or infinity. `is_ridge_start` is True if a
    linear skip kept its ridge start.
    """

    state: State
    history: dict[str, list[float]]
    advice: str | None
    is_ridge_start: bool


class _WithoutValidation:
    """Mixin for wrappers of scikeras: arrays are not validated, and targets not encoded.

    The caller has done both. scikeras would refuse NaN and another float type than in the first
    fit, and would read the time axis as features.
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


class _Regressor(_WithoutValidation, KerasRegressor):
    """Wrapper for outputs that are numbers."""


class _Classifier(_WithoutValidation, KerasClassifier):
    """Wrapper for outputs that are probabilities."""


_WRAPPERS: dict[str, Any] = {"linear": _Regressor, "softmax": _Classifier}


def train(
    network: Network, rows: Rows, held_out: Rows | None, training: Training, start: State | None
) -> Trained:
    """Train a network, from initial weights or from the state of an earlier training.

    Parameters
    ----------
    network : Network
        The network.

    rows, held_out : Rows
        Rows to train on, and rows for the validation loss, if any.

    training : Training
        Settings of the training.

    start : State or None
        State to continue from. None starts over.

    Raises
    ------
    ValueError, TypeError
        If Keras does not know an activation, regularizer, loss, optimizer or callback.

    MemoryError
        If the network does not fit into memory.
    """
    if network.linear_skip and start is None and held_out is None:
        parts = split_for_trial(rows)
        if parts is None:
            # No rows can judge the training.
            return _train(network, rows, None, training, None, None)
        kept = _try_network(network, rows, parts, training)
        if kept is not None:
            return kept
    return _train(network, rows, held_out, training, start, held_out or rows)


def _try_network(
    network: Network, rows: Rows, parts: tuple[Rows, Rows], training: Training
) -> Trained | None:
    """Train a network with a linear skip on the first part of the rows, and judge it by the second.

    Return its ridge start, fitted on all rows, if training is not clearly better, else None.
    """
    # Callbacks of scikit-learn follow only the training on all rows.
    trial = _train(network, parts[0], None, replace(training, epoch_hooks=None), None, parts[1])
    if not trial.is_ridge_start:
        return None
    weights = view_arrays(network, _make_initial_weights(network, rows, training))
    return replace(trial, state=replace(trial.state, weights=weights))


def _train(
    network: Network,
    rows: Rows,
    held_out: Rows | None,
    training: Training,
    start: State | None,
    judges: Rows | None,
) -> Trained:
    """Train a network once. `judges` decide whether a ridge start is kept; None keeps it."""
    own_callbacks = _check_callbacks(training.callbacks)
    finite = StopAtNonFinite()
    all_callbacks = [*own_callbacks, *_list_stops(training)]
    checkpoint, names = None, None
    if training.checkpoint_dir is not None:
        names = name_callbacks(own_callbacks)
        path = _name_checkpoint(network, rows, held_out, replace(training, callbacks=names), start)
        checkpoint = Checkpoint(path, training.seed, all_callbacks)
        training = replace(training, seed=checkpoint.seed)
    first = [finite] if checkpoint is None else [checkpoint, finite]
    all_callbacks = [*first, *all_callbacks, *_list_observers(training)]
    try:
        with _reserve_callbacks(own_callbacks, names), _without_tracing_advice():
            model = _make_model(network, rows, training, start)
            ridge_start = None
            if network.linear_skip and start is None:
                ridge_start = RidgeStart(model, judges, training.loss, training.scale)
            wrapper = _WRAPPERS[network.output_activation](
                model,
                callbacks=all_callbacks,
                batch_size=training.batch_size,
                shuffle=training.shuffle,
                verbose=0,
            )
            wrapper.fit(
                rows.X,
                rows.y,
                sample_weight=rows.sample_weight,
                validation_data=held_out and (held_out.X, held_out.y, held_out.sample_weight),
                epochs=training.epochs,
                initial_epoch=training.first_epoch,
            )
            is_ridge_start = ridge_start is not None and not ridge_start.is_beaten()
            if ridge_start is not None and is_ridge_start:
                ridge_start.restore()
                if training.verbose:
                    print("Training was no better than ridge regression, which is kept")
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise MemoryError(
            f"A network of units={network.units} does not fit into memory, or its training does "
            f"not. Use fewer units, or a smaller batch_size than {training.batch_size}."
        ) from error
    if checkpoint is not None:
        checkpoint.remove()
    return Trained(
        State(model.get_weights(), model.get_optimizer_state(), type(model.optimizer).__name__),
        {name: [float(value) for value in values] for name, values in wrapper.history_.items()},
        finite.advise("the ridge start" if is_ridge_start else "before that epoch"),
        is_ridge_start,
    )


def _list_stops(training: Training) -> list[keras.callbacks.Callback]:
    """Return the callback of early stopping, if it is wanted."""
    if training.patience is None:
        return []
    return [keras.callbacks.EarlyStopping(patience=training.patience, restore_best_weights=True)]


def _list_observers(training: Training) -> list[keras.callbacks.Callback]:
    """Return the callbacks that follow a training and do not change it."""
    observers: list[keras.callbacks.Callback] = []
    if training.epoch_hooks is not None:
        observers.append(EpochHooks(*training.epoch_hooks))
    if training.verbose:
        several = training.n_networks > 1
        name = f"network {training.number + 1}/{training.n_networks}, " if several else ""
        observers.append(Progress(name, all_epochs=training.verbose == 2))
    return observers


def train_networks(
    train: Callable[[int], Trained], n_networks: int, *, in_threads: bool
) -> list[Trained]:
    """Train several networks, in threads if there are cores for it, and warn once.

    Parameters
    ----------
    train : callable
        Trains one network, given its number.

    n_networks : int
        Number of networks.

    in_threads : bool
        Whether networks may be trained at the same time. The results do not depend on it.
    """
    if not in_threads or n_networks < 2:
        trained = [train(number) for number in range(n_networks)]
    else:
        with one_blas_thread() as n_cores:
            trained = _run_in_threads(train, n_networks, min(n_networks, n_cores))
    advice = next((each.advice for each in trained if each.advice is not None), None)
    if advice is not None:
        warnings.warn(advice, ConvergenceWarning, stacklevel=2)
    return trained


def _run_in_threads(train: Callable[[int], Trained], n_networks: int, n_threads: int) -> list[Any]:
    """Return the results of all trainings. After an error or Ctrl-C, no further one begins."""
    with ThreadPoolExecutor(n_threads) as pool:
        # Each thread sees the settings of this one, such as those of `config_context`.
        runs = [pool.submit(copy_context().run, train, k) for k in range(n_networks)]
        try:
            return [run.result() for run in runs]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _make_model(
    network: Network, rows: Rows, training: Training, start: State | None
) -> NetworkModel:
    """Return a compiled model with its initial weights, or with the state to continue from."""
    with_objects = with_keras_objects(network)
    optimizer = make_optimizer(training.optimizer, training.learning_rate, training.clipnorm)
    loss = make_loss(training.loss)
    n_timesteps = rows.X.shape[1]
    parameters = (
        _make_initial_weights(network, rows, training) if start is None else flatten(start.weights)
    )
    if _is_keras_wanted(network):
        if training.verbose and training.number == 0:
            print("Training on Keras' own layers")
        rescaled_loss = make_keras_loss(training.loss, training.scale, network, rows).loss
        model: Any = KerasModel.from_network(
            with_objects, n_timesteps, training.seed, training.first_epoch
        )
        model.compile(optimizer, rescaled_loss, jit_compile=False)
        model.optimizer.build(model.trainable_variables)
        model.set_weights(view_arrays(network, parameters))
    else:

        def make_loss_again(loss: Any) -> BatchLoss:
            return make_batch_loss(loss, training.scale, network, rows)

        # Check the loss before Keras changes it, so an error names the parameter of the user.
        make_loss_again(training.loss)
        model = KernelModel(with_objects, n_timesteps, parameters, make_loss_again, training.seed)
        model.compile(optimizer, loss)
    if start is not None:
        _restore_optimizer(model, start)
    return model


def _make_initial_weights(network: Network, rows: Rows, training: Training) -> np.ndarray:
    """Return the weights that a training starts from, as a flat vector."""
    y = rows.y
    if network.linear_skip and not losses.is_standardized(training.loss):
        factor, offset = cast(Any, training.scale)
        y = (y - offset) / factor
    with one_blas_thread():
        return make_initial_weights(network, training.seed, rows.X, y, rows.sample_weight)


def _restore_optimizer(model: Any, start: State) -> None:
    """Restore the state of the optimizer, but not its learning rate.

    Raises ValueError if the state belongs to another optimizer.
    """
    name = type(model.optimizer).__name__
    shapes = [value.shape for value in model.get_optimizer_state()]
    kept_shapes = [value.shape for value in start.optimizer_state]
    if (name, shapes) != (start.optimizer_name, kept_shapes):
        raise ValueError(
            f"Training cannot continue: the optimizer is {name}, but the kept state belongs to "
            f"{start.optimizer_name}, perhaps with other settings. Change the optimizer back, or "
            "fit with warm_start=False."
        )
    rate = model.optimizer._learning_rate
    # A learning rate schedule is not a variable, and has nothing to restore.
    current_rate = float(rate) if isinstance(rate, keras.Variable) else None
    model.set_optimizer_state(start.optimizer_state)
    if current_rate is not None:
        # Use the current `learning_rate`, not the saved one.
        rate.assign(current_rate)


def _name_checkpoint(
    network: Network,
    rows: Rows,
    held_out: Rows | None,
    training: Training,
    start: State | None,
) -> Path:
    """Return the file for the state of this training."""
    folder = Path(cast(str, training.checkpoint_dir))
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(
            f"checkpoint_dir={str(folder)!r} cannot be written to. Give a folder with write "
            "permission, or None."
        )
    settings = replace(
        training,
        seed=training.seed if training.is_seeded else 0,
        checkpoint_dir=None,
        verbose=0,
        epoch_hooks=None,
    )
    arrays = [part for of in (rows, held_out) if of for part in (of.X, of.y, of.sample_weight)]
    versions = [version("skrnn"), keras.__version__, tf.__version__]
    engine = "keras" if _is_keras_wanted(network) else "auto"
    name = name_training(
        versions, engine, vars(network), vars(settings), start and vars(start), *arrays
    )
    return folder / f"{name}.npz"


def _is_keras_wanted(network: Network) -> bool:
    """Return whether Keras trains: for engine="keras", an activation without kernels, or a GPU."""
    if get_config()["engine"] == "keras" or find_activation_number(network.activation) is None:
        return True
    return bool(tf.config.get_visible_devices("GPU"))


@contextmanager
def _without_tracing_advice() -> Iterator[None]:
    """Drop TensorFlow's warning of repeated tracing: each new network has to be traced."""

    def is_other_message(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(is_other_message)
    try:
        yield
    finally:
        logger.removeFilter(is_other_message)


def _check_callbacks(callbacks: list[Any] | None) -> list[keras.callbacks.Callback]:
    """Return the callbacks of the user as a list. Refuse other objects."""
    for callback in callbacks or []:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks holds {callback!r}, which is not a keras.callbacks.Callback. Give a "
                "list of callback objects."
            )
    return list(callbacks or [])


# Identities of the callbacks of running fits.
_in_use: set[int] = set()
_in_use_lock = threading.Lock()


@contextmanager
def _reserve_callbacks(
    callbacks: Sequence[keras.callbacks.Callback], names: list[str] | None
) -> Iterator[None]:
    """Refuse callbacks that another fit is using, and remove the model from them at the end.

    Their names are stored if there is a checkpoint.
    """
    with _in_use_lock:
        for callback in callbacks:
            if id(callback) in _in_use:
                raise RuntimeError(
                    f"callbacks holds a {type(callback).__name__} that another fit is using now. "
                    "Two fits cannot use it at the same time. Give each fit a callback of its own "
                    "(sklearn.base.clone(estimator) copies callbacks), or fit one after the other "
                    "(n_jobs=1)."
                )
        _in_use.update(map(id, callbacks))
    try:
        yield
    finally:
        try:
            for callback in callbacks:
                # The user keeps the callback, which would keep the model in memory.
                keras.callbacks.Callback.set_model(callback, None)
            if names is not None:
                remember_callbacks(callbacks, names)
        finally:
            _in_use.difference_update(map(id, callbacks))
