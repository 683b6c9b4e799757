"""What all recurrent estimators share: parameters, validation, fit and predict."""

from __future__ import annotations

import copy
import math
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import Tags, check_consistent_length, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._config import get_config
from skrnn._utils.blas_threads import one_blas_thread
from skrnn._utils.estimator_arguments import explain_parameters
from skrnn._utils.sklearn_callbacks import CallbackSupportMixin, FitTasks, begin_tasks
from skrnn.estimators._callbacks import CallbackCopyMixin
from skrnn.estimators._input_checks import (
    check_presence,
    check_symbols,
    count_symbols,
    validate_vectors,
    validate_windows,
    without_unknown_symbols,
)
from skrnn.estimators._input_warnings import warn_of_rows, warn_of_scale
from skrnn.estimators._target_checks import (
    check_largest_weight,
    validate_score_weights,
    validate_weights,
)
from skrnn.windows._missing_steps import leave_out_steps, rows_with_missing_steps

# The process in which TensorFlow has started.
_started_in: int | None = None
_importing = threading.Lock()
# TensorFlow, which trains by the engine "keras", counts by 32 bits.
_LARGEST = 2**31 - 1
_LARGEST_FLOAT = float(np.finfo(np.float32).max)
# Those that write a sequence.
SEQUENCE_ARCHITECTURES = ("sequence_to_sequence", "vector_to_sequence", "encoder_decoder")
# Fields of a network that may change while the weights are kept.
_VALUES = {
    *("masked", "dropout", "recurrent_dropout"),
    *("activation", "kernel_regularizer", "memory_steps"),
}


class BaseRecurrentEstimator(CallbackSupportMixin, CallbackCopyMixin, BaseEstimator, ABC):
    """A recurrent network behind scikit-learn's interface.

    A subclass names its cell and its options, and says how targets become the numbers that the
    network is trained on and how outputs become predictions.
    """

    # Parameters, which the constructors of the estimators assign.
    units: int | Sequence[int]
    embedding_dim: int | None
    dropout: float
    recurrent_dropout: float
    activation: str | Callable[..., Any]
    kernel_regularizer: Any
    bidirectional: bool
    architecture: str
    loss: Any
    optimizer: Any
    learning_rate: float | None
    clipnorm: float | None
    epochs: int
    batch_size: int
    shuffle: bool
    early_stopping: bool
    validation_split: float
    patience: int
    callbacks: list[Any] | None
    checkpoint_dir: str | os.PathLike[str] | None
    warm_start: bool
    random_state: Any
    verbose: int
    # Attributes of a fit.
    n_features_in_: int
    n_timesteps_in_: int
    n_iter_: int
    history_: dict[str, list[float]]
    weights_: list[np.ndarray]
    optimizer_state_: list[np.ndarray]
    _windows_ndim: int
    _n_target_steps: int
    _n_symbols: int
    _optimizer_name: str
    # What was fitted, though the parameters may have been changed since.
    _network: dict[str, Any]

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "embedding_dim": [Interval(Integral, 1, _LARGEST, closed="both"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "activation": [str, callable],
        "kernel_regularizer": [Interval(Real, 0, None, closed="left"), str, callable, None],
        "bidirectional": ["boolean"],
        "architecture": [StrOptions({"sequence_to_vector", *SEQUENCE_ARCHITECTURES})],
        "loss": [str, callable],
        "optimizer": [str, HasMethods(["get_config", "apply"])],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_split": [Interval(Real, 0, 1, closed="neither")],
        "patience": [Interval(Integral, 0, None, closed="left")],
        "callbacks": [list, None],
        "checkpoint_dir": [str, os.PathLike, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": [Interval(Integral, 0, 2, closed="both")],
    }

    # What differs between estimators.

    @abstractmethod
    def _validate_y(self, y: Any, X: np.ndarray, *, reset: bool) -> np.ndarray:
        """Return targets of validated rows, as numbers; set what they must have in common.

        The first axis are the rows, the second the steps of a sequence, the last the numbers of a
        target.
        """

    @abstractmethod
    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, *, go_on: bool) -> None:
        """Learn from validated targets how to encode and weigh targets.

        What belongs to the kept weights stays as it is if training goes on. There is one weight
        for each row, or for each of its steps.
        """

    @abstractmethod
    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Turn validated targets into what the loss compares with outputs."""

    def _weigh(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Return the weights of rows or steps in the loss, given those that the user wants."""
        return weight

    @abstractmethod
    def _describe_head(self) -> dict[str, Any]:
        """Return the fields of a network that say what its outputs are."""

    @abstractmethod
    def _describe_cell(self) -> dict[str, Any]:
        """Return the fields of a network that say what its cells are."""

    def _has_fixed_length(self) -> bool:
        """Tell whether there are weights for each step, so that all windows are equally long."""
        return False

    def _standardize(self, y: np.ndarray) -> np.ndarray:
        """Return validated targets in the scale of the outputs."""
        return y

    def _output_scale(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what outputs are multiplied by and what is added then, if they are decoded so."""
        return None

    # Training.

    @explain_parameters
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Windows, oldest step first. 2-D X has one feature. A step that is NaN in all features
            is absent: the state passes over it. With `architecture="vector_to_sequence"` X has the
            shape (n_samples, n_features).

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: numbers, or of a classifier one label a row. For the architectures that write
            a sequence the shape is (n_samples, n_steps) or (n_samples, n_steps, n_outputs). Where
            a step of a `sequence_to_sequence` is absent from X, `y` does not count, but a
            regressor must be given a number.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the loss. Rows of weight 0 are left out. None: all weigh 1.

        X_val, y_val : array-like, default=None
            Rows to compute the validation loss on, shaped like `X` and `y`. They replace
            `validation_split`, and are monitored even without early stopping.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range or does not go with another one; if X or y hold
            infinity or text, X steps that are NaN in some features but not in all, or y NaN; if X
            and y do not fit each other; if there are too few rows to hold some out, or a class is
            only among those.
        TypeError
            If a callback is not one of Keras.
        MemoryError
            If the network does not fit into memory.
        RuntimeError
            If this process was forked from one that has trained before, or a callback sees another
            fit just now.

        Warns
        -----
        ConvergenceWarning
            If the loss or the weights become NaN or infinite. Training stops then, and the weights
            are those from before that epoch, without what a callback made of them at the end of
            the epoch before.
        FeaturesNotScaledWarning
            If the median absolute value of a feature is beyond 30.
        RowsNotWindowsWarning
            If X is a DataFrame with dates as its index, and its columns are not the steps of one
            feature.

        Notes
        -----
        A fit that fails or is interrupted leaves the estimator as it was.
        """
        return self._train(
            X,
            y,
            sample_weight,
            # They know a fit by the estimator that it was called on, not by a copy.
            tasks=begin_tasks(self, X, y, self.epochs, sample_weight),
            validation=(X_val, y_val),
            epochs=self.epochs,
            hold_out=self.early_stopping,
            checkpoint_dir=self.checkpoint_dir,
            go_on=self.warm_start and hasattr(self, "weights_"),
        )

    def _train_once(self, X: Any, y: Any, sample_weight: Any, **how: Any) -> Self:
        """Go on for one pass over these rows, of which none is held out."""
        return self._train(
            X,
            y,
            sample_weight,
            validation=(None, None),
            epochs=1,
            hold_out=False,
            go_on=hasattr(self, "weights_"),
            **how,
        )

    def _train(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        go_on: bool,
        tasks: FitTasks | None = None,
        **how: Any,
    ) -> Self:
        """Fit a copy and take its state over in one step, so that a failure changes nothing."""
        fitted = copy.copy(self)
        fitted._train_in_place(X, y, sample_weight, go_on=go_on, tasks=tasks, **how)
        if tasks is not None:
            tasks.end(fitted.__dict__)
        self.__dict__ = fitted.__dict__
        return self

    def _train_in_place(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        validation: tuple[Any, Any],
        epochs: int,
        hold_out: bool,
        go_on: bool,
        tasks: FitTasks | None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Validate, split, encode, train, and set what was fitted."""
        if (
            not isinstance(self.optimizer, str)
            and (self.learning_rate, self.clipnorm) != (None,) * 2
        ):
            raise ValueError(
                f"learning_rate={self.learning_rate} and clipnorm={self.clipnorm} go with an "
                f"optimizer given by name, but optimizer={self.optimizer!r} is an object. Set "
                "them on the object, or give its name."
            )
        network, rows, held_out = self._prepare(
            X, y, sample_weight, validation=validation, hold_out=hold_out, go_on=go_on
        )
        first_epoch = self.n_iter_ if go_on else 0

        fitting = _import_fitting()
        trained = fitting.train(
            _make_network(network),
            self._make_rows(*rows),
            held_out and self._make_rows(*held_out),
            fitting.Training(
                loss=self.loss,
                optimizer=self.optimizer,
                learning_rate=self.learning_rate,
                clipnorm=self.clipnorm,
                epochs=epochs,
                first_epoch=first_epoch,
                batch_size=self.batch_size,
                shuffle=self.shuffle,
                patience=self.patience if self.early_stopping and held_out else None,
                callbacks=self.callbacks,
                checkpoint_dir=checkpoint_dir,
                seed=self._draw_seed(),
                is_seeded=self.random_state is not None,
                verbose=self.verbose,
                scale=self._output_scale(),
                epoch_hooks=tasks and self._make_epoch_hooks(tasks, network),
            ),
            fitting.State(self.weights_, self.optimizer_state_, self._optimizer_name)
            if go_on
            else None,
        )
        self.n_iter_ = first_epoch + len(trained.history["loss"])
        self.history_ = _join_histories(self.history_ if go_on else {}, trained.history)
        self.weights_ = trained.state.weights
        self.optimizer_state_ = trained.state.optimizer_state
        self._optimizer_name = trained.state.optimizer_name
        # A Keras model passes over absent steps if there ever were some.
        masked = network["masked"] or (go_on and self._network["masked"])
        self._network = network | {"masked": masked}

    def _make_epoch_hooks(
        self, tasks: FitTasks, network: dict[str, Any]
    ) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return what is called before and after each epoch of this training."""

        def end(epoch: int, get_weights: Callable[[], list[np.ndarray]]) -> bool:
            return tasks.end_epoch(
                lambda: {
                    **self.__dict__,
                    "weights_": get_weights(),
                    "n_iter_": epoch + 1,
                    "_network": network,
                }
            )

        return tasks.begin_epoch, end

    def _prepare(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        validation: tuple[Any, Any],
        hold_out: bool,
        go_on: bool,
    ) -> tuple[dict[str, Any], list[Any], list[Any] | None]:
        """Return the network, and what it is trained on and what is held out: X, y and weights."""
        if go_on:
            # Before the rows, which are shaped for it.
            self._check_same("architecture", self.architecture)
            self._check_same("embedding_dim", self.embedding_dim)
        given = X
        X, y, sample_weight = self._validate_rows(X, y, sample_weight, reset=not go_on)
        if not go_on:
            self._warn_of_inputs(given, X)
        held_out = self._validate_held_out(*validation)
        network = self._describe_network(X, y)
        if held_out is not None:
            network["masked"] |= bool(rows_with_missing_steps(held_out[0]).any())
        elif hold_out:
            n_kept = self._n_rows_before_split(len(X))
            held_out = [rows if rows is None else rows[n_kept:] for rows in (X, y, sample_weight)]
            X, y, sample_weight = (
                rows if rows is None else rows[:n_kept] for rows in (X, y, sample_weight)
            )
        check_presence(X, "trained on")
        if held_out is not None:
            check_presence(held_out[0], "held out")
        if network["masked"] and network["architecture"] == "sequence_to_sequence":
            # What stands in y where a step is absent is of no account.
            y, sample_weight = leave_out_steps(X, y, sample_weight)
            held_out = held_out and [held_out[0], *leave_out_steps(*held_out)]
        if go_on:
            for key in network:
                if key not in _VALUES:
                    self._check_same(key, network[key])
        self._fit_targets(y, sample_weight, go_on=go_on)
        return network, [X, y, sample_weight], held_out

    def _warn_of_inputs(self, given: Any, X: np.ndarray) -> None:
        """Warn of rows and numbers from which no network learns."""
        if self.architecture != "vector_to_sequence":
            warn_of_rows(given, type(self).__name__)
        if self.embedding_dim is None:
            warn_of_scale(X, getattr(self, "feature_names_in_", None))

    def _start(self, X: Any, y: Any) -> None:
        """Set the weights, and all else, that `fit` would start from. Nothing is trained."""
        self._validate_params()
        network, rows, _ = self._prepare(
            X,
            y,
            None,
            validation=(None, None),
            hold_out=self.early_stopping,
            go_on=False,
        )
        from skrnn._network.initialization import draw_start
        from skrnn._network.network import view_arrays

        made, (X, y, weight) = _make_network(network), rows
        with one_blas_thread():
            flat = draw_start(made, self._draw_seed(), X, self._standardize(y), weight)
        self.weights_ = view_arrays(made, flat)
        self._network = network

    # Validation.

    def _validate_rows(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return windows, targets and weights that fit each other, without rows of weight 0."""
        self._check_combination()
        X = self._validate_inputs(
            X,
            self.architecture,
            fixed_length=self._has_fixed_length(),
            embedded=self.embedding_dim is not None,
            reset=reset,
        )
        y = self._validate_y(y, X, reset=reset)
        if sample_weight is None:
            return X, y, None
        sample_weight = validate_weights(sample_weight, X)
        weighs = sample_weight > 0
        check_largest_weight(sample_weight, "sample_weight")
        if weighs.all():
            return X, y, sample_weight
        return X[weighs], y[weighs], sample_weight[weighs]

    def _check_combination(self) -> None:
        """Refuse parameters that make no sense together, or none in float32."""
        for name in ("dropout", "recurrent_dropout"):
            value = getattr(self, name)
            if np.float32(value) == 1:
                raise ValueError(
                    f"{name}={value!r} is 1 in float32, in which networks compute, and would drop "
                    "all units. Give a smaller share."
                )
        if self.bidirectional and self.architecture == "encoder_decoder":
            raise ValueError(
                'bidirectional=True does not go with architecture="encoder_decoder": a decoder '
                "that reads its own outputs cannot read them from the last to the first, and it "
                "starts in the states of the encoder's layers. Set bidirectional=False."
            )
        if self.embedding_dim is not None and self.architecture == "vector_to_sequence":
            raise ValueError(
                f"embedding_dim={self.embedding_dim} does not go with "
                'architecture="vector_to_sequence", which reads one vector and no sequence of '
                "symbols. Encode X (OneHotEncoder), or set embedding_dim=None."
            )

    def _check_rows(self, X: np.ndarray, y: np.ndarray, *, reset: bool) -> None:
        """Refuse targets that do not belong to the rows of X, or to steps that are written."""
        check_consistent_length(X, y)
        if self.architecture not in SEQUENCE_ARCHITECTURES:
            return
        if reset:
            self._n_target_steps = y.shape[1]
        if self.architecture == "sequence_to_sequence" and y.shape[1] != X.shape[1]:
            raise ValueError(
                f"y has {y.shape[1]} step(s) and X has {X.shape[1]}, but architecture="
                '"sequence_to_sequence" needs a target at every step of X. For another number of '
                'steps there is architecture="encoder_decoder".'
            )
        if self.architecture != "sequence_to_sequence" and y.shape[1] != self._n_target_steps:
            raise ValueError(
                f"y of shape {y.shape} has {y.shape[1]} step(s), but {type(self).__name__} writes "
                f"{self._n_target_steps}, as many as in the rows that it is trained on."
            )

    def _validate_inputs(
        self, X: Any, architecture: str, *, fixed_length: bool, embedded: bool, reset: bool
    ) -> np.ndarray:
        """Return what such a network can be given, which computes in float32."""
        if architecture == "vector_to_sequence":
            X = validate_vectors(self, X, reset=reset)
        else:
            X = validate_windows(self, X, reset=reset)
        if not reset and fixed_length and X.shape[1] != self.n_timesteps_in_:
            raise ValueError(
                f"X has {X.shape[1]} step(s), but linear_skip=True has a weight for each of the "
                f"{self.n_timesteps_in_} steps seen in fit. Make windows as long as those."
            )
        # fmax and fmin pass over NaN.
        if X.dtype != np.float32 and (
            np.fmax.reduce(X, axis=None) > _LARGEST_FLOAT
            or np.fmin.reduce(X, axis=None) < -_LARGEST_FLOAT
        ):
            raise ValueError(
                "Input X contains infinity or a value too large for float32, in which networks "
                "compute. Scale X first, with MinMaxScaler or StandardScaler."
            )
        if not embedded:
            return X
        check_symbols(X)
        if reset:
            self._n_symbols = count_symbols(X)
        return without_unknown_symbols(X, self._n_symbols)

    def _validate_held_out(self, X_val: Any, y_val: Any) -> list[Any] | None:
        """Return the rows that the user holds out, if any."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            given, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
            raise ValueError(f"{given} was given without {missing}; give both or neither.")
        try:
            return list(self._validate_rows(X_val, y_val, None, reset=False))
        except ValueError as error:
            raise ValueError(f"X_val, y_val: {error}") from error

    def _n_rows_before_split(self, n_samples: int) -> int:
        """Return how many of the first rows are trained on."""
        # Keras' rule for its validation_split.
        n_kept = math.floor(n_samples * (1 - self.validation_split))
        if n_kept < 1 or n_kept == n_samples:
            raise ValueError(
                f"validation_split={self.validation_split} of {n_samples} row(s) leaves no row to "
                "train on or none to hold out. Give more rows, or X_val and y_val, or set "
                "early_stopping=False."
            )
        return n_kept

    def _describe_network(self, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        """Return the parameters of the network, and what validated data give it."""
        units = self.units if isinstance(self.units, tuple | list) else (self.units,)
        if not units or not all(isinstance(n, Integral) and 1 <= int(n) <= _LARGEST for n in units):
            raise ValueError(
                f"units={self.units!r} is not an int or a non-empty sequence of ints from 1 to "
                f"{_LARGEST}. Give the units of each stacked layer, such as 50 or (50, 50)."
            )
        writes_own_steps = self.architecture in ("vector_to_sequence", "encoder_decoder")
        return {
            "units": tuple(int(n) for n in units),
            "n_features": X.shape[-1],
            "embedding_dim": self.embedding_dim,
            "n_symbols": None if self.embedding_dim is None else self._n_symbols,
            "architecture": self.architecture,
            "n_steps": y.shape[1] if writes_own_steps else None,
            "bidirectional": self.bidirectional,
            "linear_skip": False,
            "n_timesteps": X.shape[1] if self._has_fixed_length() else None,
            "output_activation": "linear",
            "masked": bool(rows_with_missing_steps(X).any()),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "activation": self.activation,
            "kernel_regularizer": self.kernel_regularizer,
            "memory_steps": None,
            "cell_options": (),
            **self._describe_cell(),
            **self._describe_head(),
        }

    def _check_same(self, key: str, value: Any) -> None:
        """Refuse to go on with weights of another network."""
        if value != self._network[key]:
            raise ValueError(
                f"Training cannot go on: {key} is {value!r}, but the kept weights are those of "
                f"{self._network[key]!r}. Change it back, or fit with warm_start=False."
            )

    def _make_rows(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> Any:
        """Return what is trained on, or held out."""
        from skrnn._network.training import Rows

        return Rows(X, self._encode(y), self._weigh(y, weight))

    def _draw_seed(self) -> int:
        """Return the seed of this fit; without a random_state, one that nothing global decides."""
        largest = np.iinfo(np.int32).max
        if self.random_state is None:
            return int(np.random.default_rng().integers(largest))
        return int(check_random_state(self.random_state).randint(largest))

    # Use.

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def _snapshot(self) -> Self:
        """Return the estimator as it is now: a fit in another thread replaces all of its state."""
        now = object.__new__(type(self))
        now.__dict__ = self.__dict__
        return now

    def _predict_outputs(self, X: Any) -> np.ndarray:
        """Return what the network says of X, float32, with axes as in `_validate_y`."""
        X = self._validate_for_network(X)
        outputs = self._compute(X)
        if not np.isfinite(outputs).all():
            is_finite = np.isfinite(outputs.reshape(len(X), -1)).all(axis=1)
            raise ValueError(
                f"What the network computes is not finite in {np.count_nonzero(~is_finite)} of "
                f"{len(X)} rows of X, in which numbers reach "
                f"{np.nanmax(np.abs(X[~is_finite])):.3g}. Scale X as for fit (StandardScaler), or "
                "fit with a smaller learning_rate or the default activation."
            )
        return outputs

    def _compute(self, X: np.ndarray) -> np.ndarray:
        """Return the outputs of the network for valid rows."""
        network = _make_network(self._network)
        if get_config()["engine"] == "keras" or not _has_kernels(network):
            _import_fitting()
            from skrnn._keras.keras_model import predict
        else:
            from skrnn._network.prediction import predict
        return predict(network, self.weights_, X)

    def _validate_for_network(self, X: Any) -> np.ndarray:
        """Return what the fitted network can be given."""
        return self._validate_inputs(
            X,
            self._network["architecture"],
            fixed_length=self._network["n_timesteps"] is not None,
            embedded=self._network["embedding_dim"] is not None,
            reset=False,
        )

    def _make_rows_again(self, X: Any, y: Any) -> Any:
        """Return rows as the fitted network would be trained on them."""
        fitted = copy.copy(self)
        # It decides what targets look like, and may have been changed since.
        fitted.architecture = self._network["architecture"]
        X = self._validate_for_network(X)
        y = fitted._validate_y(y, X, reset=False)
        weight = None
        if fitted.architecture == "sequence_to_sequence" and rows_with_missing_steps(X).any():
            check_presence(X, "given")
            y, weight = leave_out_steps(X, y, weight)
        return self._make_rows(X, y, weight)

    def _make_batch_loss(self, rows: Any) -> Any:
        """Return what computes the loss of rows, which the fitted network is trained on."""
        from skrnn._network.losses import make_loss

        network = _make_network(self._network)
        own = make_loss(self.loss, self._output_scale(), network.output_activation)
        if own is not None:
            return own
        _import_fitting()
        from skrnn._keras.losses import make_keras_loss

        return make_keras_loss(self.loss, self._output_scale(), network, rows)

    def _make_network_with_kernels(self) -> Any:
        """Return the fitted network, whose kernels keep what goes on inside it.

        Raises
        ------
        ValueError
            If its activation is not one that kernels know.
        """
        network = _make_network(self._network)
        if not _has_kernels(network):
            raise ValueError(
                f"activation={network.activation!r} is computed by Keras' own layers, which do not "
                "tell what goes on inside. Fit with an activation that Keras knows by name and "
                'that looks at each unit alone, such as "tanh".'
            )
        return network

    def _weigh_scored_steps(
        self, X: Any, y: np.ndarray, predicted: np.ndarray, sample_weight: Any
    ) -> np.ndarray:
        """Return the weights of the steps of sequences in a score, 0 where they are absent from X.

        Symbols that an embedding does not know count: a score of the others would be that of what
        is easy.
        """
        if y.shape != predicted.shape:
            raise ValueError(
                f"y has the shape {y.shape}, but predictions of X have {predicted.shape}."
            )
        weight = validate_score_weights(sample_weight, y)
        weight = np.broadcast_to(weight[:, np.newaxis], y.shape[:2])
        architecture = self._network["architecture"]
        if architecture != "sequence_to_sequence":
            return weight
        X = self._validate_inputs(X, architecture, fixed_length=False, embedded=False, reset=False)
        is_absent = np.isnan(X[..., 0])
        if self._network["embedding_dim"] is not None:
            is_absent |= X[..., 0] == 0
        return np.where(is_absent, 0.0, weight)

    def to_keras(self) -> Any:
        """Return the fitted network as a plain Keras model.

        It takes windows of shape (n_samples, n_timesteps, n_features), or vectors of shape
        (n_samples, n_features) with `architecture="vector_to_sequence"`, and returns what
        `predict` of a regressor or `predict_proba` of a classifier returns, as float32 and always
        with an axis for the outputs. Steps may be absent if some were in `fit`. It is not compiled.

        All layers are Keras' own, so that the model loads from a file where skrnn is not installed.
        What Keras lacks, decoders and cells with peepholes, is unrolled into its steps, without
        recurrent dropout; with `peephole=True` the windows then have the length of those of `fit`.

        Returns
        -------
        model : keras.Model
            A new model, for `summary()`, `save()` and whatever else Keras does.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        _import_fitting()
        from skrnn._keras.models import build_plain_model

        return build_plain_model(
            _make_network(fitted._network),
            fitted.weights_,
            fitted.n_timesteps_in_,
            fitted._output_scale(),
        )

    def __sklearn_tags__(self) -> Tags:
        """Windows have 2 or 3 dimensions."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # Steps may be absent; a vector has none.
        tags.input_tags.allow_nan = self.architecture != "vector_to_sequence"
        return tags


def _join_histories(
    first: dict[str, list[float]], second: dict[str, list[float]]
) -> dict[str, list[float]]:
    """Put two histories one after the other; NaN where one of them did not know a name."""
    n_first, n_second = (len(history.get("loss", ())) for history in (first, second))
    return {
        name: first.get(name, [math.nan] * n_first) + second.get(name, [math.nan] * n_second)
        for name in first | second
    }


def _make_network(fields: dict[str, Any]) -> Any:
    """Return the description of a network. Its module imports Numba, which takes its time."""
    from skrnn._network.network import Network

    return Network(**fields)


def _has_kernels(network: Any) -> bool:
    """Tell whether skrnn computes a network by itself: it has most activations of Keras."""
    from skrnn._network.activations import number_of

    return number_of(network.activation) is not None


def _import_fitting() -> ModuleType:
    """Import the module that needs TensorFlow, which takes seconds, when a network is trained."""
    global _started_in
    if _started_in not in (None, os.getpid()):
        raise RuntimeError(
            "This process was forked from one in which TensorFlow has started, and would wait "
            "forever for threads that were not copied: start it anew, with joblib's own backend "
            '(loky) or multiprocessing.get_context("spawn").'
        )
    # Two threads at once would each turn stderr away from the other.
    with _importing:
        if _started_in is None:
            # TensorFlow reads this once, when it is imported; a user's own value stays. Below 3 it
            # reports a graphics card that is not there as an error, in the first fit.
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            from skrnn._keras.quiet_import import without_known_lines

            with without_known_lines():
                from skrnn._keras import fitting
            _started_in = os.getpid()
    from skrnn._keras import fitting

    return fitting
