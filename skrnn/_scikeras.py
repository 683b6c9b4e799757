"""The only module that imports scikeras: train and predict with arrays that are valid already."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from multiprocessing import current_process
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import KerasClassifier, KerasRegressor
from sklearn.preprocessing import FunctionTransformer

from skrnn._absent import predict_by_presence, rows_with_absent_steps
from skrnn._batches import Blocks
from skrnn._checkpoint import Checkpoint, name_training
from skrnn._config import get_config
from skrnn._engine.predict import predict as predict_compiled
from skrnn._engine.programs import NotCompilableError
from skrnn._finite import StopAtNonFinite
from skrnn._initialization import initialize, start_linear
from skrnn._inside import gates, gradient_norms
from skrnn._keras_objects import make_loss, tells_steps_apart
from skrnn._networks import (
    Network,
    build_model,
    build_plain_model,
    make_network,
    without_training,
)
from skrnn._pool import Pool
from skrnn._progress import EpochTasks, FitBar
from skrnn._ridge import ridge
from skrnn._trainers import COMPILED, KERAS, Engine, State, Training, borrow_trainer

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras runs on {keras.backend.backend()!r} here; skrnn needs TensorFlow. Set the "
        'environment variable KERAS_BACKEND="tensorflow" before Keras is imported.'
    )

# Traced models of Keras' engine that are idle.
_PREDICTORS: Pool[keras.Model] = Pool(max_idle=8)
# Rows that Keras' engine predicts at once.
_BLOCK_SIZE = 128


@dataclass(frozen=True)
class Rows:
    """What a network takes, what it shall return, and weights of the same rows or their steps."""

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None


@dataclass(frozen=True)
class Trained:
    """What training leaves."""

    state: State
    history: dict[str, list[float]]
    callbacks: list[Any]


def _limit_threads_of_worker() -> None:
    """Let a process of a search compute in as many threads as joblib gives it.

    joblib says so in variables that TensorFlow does not read; two processes on two cores would
    compute in four threads.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    is_worker = current_process().name.startswith("LokyProcess")
    if is_worker and n_threads.isdigit() and "TF_NUM_INTRAOP_THREADS" not in os.environ:
        with suppress(RuntimeError):  # TensorFlow has started: somebody else has decided.
            tf.config.threading.set_intra_op_parallelism_threads(int(n_threads))


_limit_threads_of_worker()


class _Trusting:
    """A wrapper of scikeras for arrays that the caller has validated, and targets as encoded.

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


class _TrustingKerasRegressor(_Trusting, KerasRegressor):
    """For outputs that are numbers."""


class _TrustingKerasClassifier(_Trusting, KerasClassifier):
    """For outputs that are probabilities."""


_WRAPPERS: dict[str, Any] = {"linear": _TrustingKerasRegressor, "softmax": _TrustingKerasClassifier}


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

    MemoryError
        If the network does not fit into memory.
    """
    engines = [COMPILED, KERAS]
    if _is_keras_wanted():
        engines = [KERAS]
    elif network["recurrent_dropout"]:
        engines = [KERAS]
        if training.verbose:
            print("Training on Keras' own layers, because of recurrent_dropout")
    for engine in engines:
        try:
            return _train_on(engine, network, rows, held_out, training, start)
        except NotCompilableError as error:
            if training.verbose:
                print(f"Training on Keras' own layers, because this cannot be compiled: {error}")
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError(
                f"A network of units={network['units']} does not fit into memory, with what "
                f"training takes beside it. Use fewer units, or a smaller batch_size than "
                f"{training.batch_size}."
            ) from error
    raise AssertionError("Keras' engine does not raise NotCompilableError")


def _train_on(
    engine: Engine,
    network: dict[str, Any],
    rows: Rows,
    held_out: Rows | None,
    training: Training,
    start: State | None,
) -> Trained:
    """Train with this engine."""
    own_callbacks = _copy_callbacks(training.callbacks)
    finite = StopAtNonFinite()
    all_callbacks = list(own_callbacks)
    if training.patience is not None:
        all_callbacks.append(
            keras.callbacks.EarlyStopping(patience=training.patience, restore_best_weights=True)
        )
    checkpoint = None
    if training.checkpoint_dir is not None:
        path = _name_checkpoint(engine, network, rows, held_out, training, start)
        checkpoint = Checkpoint(path, training.seed, all_callbacks)
        training = replace(training, seed=checkpoint.seed)
    all_callbacks = [*([checkpoint] if checkpoint else []), finite, *all_callbacks]
    if training.epoch_hooks is not None:
        all_callbacks.append(EpochTasks(*training.epoch_hooks))
    if training.verbose == 1:
        all_callbacks.append(FitBar(training.first_epoch, training.epochs))

    with (
        _without_tracing_advice(),
        borrow_trainer(engine, network, training, rows.X.shape[1:], rows.y.shape[1:]) as trainer,
    ):
        _check_loss(trainer.loss, rows, network["n_outputs"])
        trainer.start(network, training, start, n_timesteps=rows.X.shape[1])
        if network["linear_skip"] and start is None:
            start_linear(trainer.model, *ridge(rows.X, rows.y, rows.sample_weight))
        wrapper = _WRAPPERS[network["output_activation"]](
            trainer.model,
            callbacks=all_callbacks,
            batch_size=training.batch_size,
            shuffle=training.shuffle,
            # Keras' lines; its bars are one for each epoch.
            verbose=2 if training.verbose == 2 else 0,
        )
        wrapper.fit(
            rows.X,
            rows.y,
            sample_weight=rows.sample_weight,
            validation_data=held_out and (held_out.X, held_out.y, held_out.sample_weight),
            epochs=training.epochs,
            initial_epoch=training.first_epoch,
        )
        state = trainer.get_state()
    if checkpoint is not None:
        checkpoint.forget()
    finite.warn()
    for callback in own_callbacks:
        # What a callback has collected stays; the model behind it must not be kept alive.
        keras.callbacks.Callback.set_model(callback, None)
    return Trained(
        state,
        {name: [float(value) for value in values] for name, values in wrapper.history_.items()},
        own_callbacks,
    )


def _name_checkpoint(
    engine: Engine,
    network: dict[str, Any],
    rows: Rows,
    held_out: Rows | None,
    training: Training,
    start: State | None,
) -> Path:
    """Return the file in which this training, and no other, keeps its state."""
    folder = Path(cast(str, training.checkpoint_dir))
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(
            f"checkpoint_dir={str(folder)!r} cannot be written to. Name a folder that can, or None."
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
    name = name_training(
        versions,
        engine.model_class.__name__,
        network,
        vars(settings),
        start and vars(start),
        *arrays,
    )
    return folder / f"{name}.npz"


def _check_loss(loss: Any, rows: Rows, n_outputs: int) -> None:
    """Refuse a loss that does not tell steps apart which weigh differently."""
    weight = rows.sample_weight
    weighs_steps = weight is not None and weight.ndim == 2
    if weighs_steps and not tells_steps_apart(loss, rows.y.shape[1:], n_outputs):
        raise ValueError(
            f"loss={loss!r} does not return one number for each step, but the steps of a row weigh "
            "differently: those that are absent nothing, others by class_weight, if it is set. "
            "Give a loss that does."
        )


def draw_weights(network: dict[str, Any], rows: Rows, seed: int) -> list[np.ndarray]:
    """Return the weights that training on these rows with this seed starts from."""
    model = build_model(make_network(network))
    initialize(model, [seed, 0], network["memory_steps"])
    if network["linear_skip"]:
        start_linear(model, *ridge(rows.X, rows.y, rows.sample_weight))
    return model.get_weights()


def predict(network: dict[str, Any], weights: Sequence[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Return the outputs of a network for each row, float32."""
    made = make_network(network)
    if not _is_keras_wanted():
        with suppress(NotCompilableError), _without_tracing_advice():
            return predict_compiled(made, weights, X)

    def predict_rows(masked: bool, rows: np.ndarray) -> np.ndarray:
        # One model serves every candidate of a search over what acts in training only.
        key = replace(without_training(made), masked=masked)
        with _PREDICTORS.borrow((key, X.shape[1:]), lambda: build_model(key)) as model:
            model.set_weights(weights)
            return model.predict(Blocks(X, rows, _BLOCK_SIZE), verbose=0)[: len(rows)]

    with _without_tracing_advice():
        return predict_by_presence(X, predict_rows)


def to_keras(
    network: dict[str, Any],
    weights: Sequence[np.ndarray],
    n_timesteps: int,
    scale: tuple[np.ndarray, np.ndarray] | None,
) -> keras.Model:
    """Return a plain Keras model with these weights, not compiled."""
    return build_plain_model(make_network(network), weights, n_timesteps, scale)


def measure_gradients(
    network: dict[str, Any],
    weights: Sequence[np.ndarray],
    rows: Rows,
    loss: Any,
    *,
    layer: int,
    backward: bool,
) -> np.ndarray:
    """Return how large the gradient of each row's loss is at each step, NaN where one is absent."""
    made, made_loss = _for_rows(network, rows.X), make_loss(loss)
    _check_loss(made_loss, rows, network["n_outputs"])
    return gradient_norms(
        made,
        weights,
        rows.X,
        rows.y,
        rows.sample_weight,
        made_loss,
        layer=layer,
        backward=backward,
    )


def read_gates(
    network: dict[str, Any],
    weights: Sequence[np.ndarray],
    X: np.ndarray,
    *,
    layer: int,
    backward: bool,
) -> dict[str, np.ndarray]:
    """Return how far each gate of a layer is open at each step, NaN where one is absent."""
    return gates(_for_rows(network, X), weights, X, layer=layer, backward=backward)


def _for_rows(network: dict[str, Any], X: np.ndarray) -> Network:
    """Make a network that passes over absent steps if these rows lack some."""
    return replace(make_network(network), masked=bool(rows_with_absent_steps(X).any()))


def _is_keras_wanted() -> bool:
    """Tell whether Keras is to train and predict: if the user says so, or on a graphics card."""
    return get_config()["engine"] == "keras" or bool(tf.config.get_visible_devices("GPU"))


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
