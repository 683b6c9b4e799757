"""Base class of the recurrent estimators: parameters, fit, outputs of the network, to_keras."""

from __future__ import annotations

import copy
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from inspect import signature
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skrnn._utils.blas_threads import one_blas_thread
from skrnn._utils.sklearn_callbacks import CallbackSupportMixin, FitTasks, begin_tasks
from skrnn.estimators._callbacks import CallbackCopyMixin
from skrnn.estimators._engine import compute_outputs, has_kernels, make_batch_loss
from skrnn.estimators._fit_keywords import explain_unknown_keywords
from skrnn.estimators._histories import average_histories, join_histories
from skrnn.estimators._input_checks import refuse_only_missing_steps, validate_inputs
from skrnn.estimators._input_warnings import warn_of_scales
from skrnn.estimators._network_description import (
    LARGEST_SIZE,
    describe_network,
    make_network,
    refuse_other_network,
)
from skrnn.estimators._seeds import draw_seeds
from skrnn.estimators._target_checks import SEQUENCE_ARCHITECTURES
from skrnn.estimators._tensorflow_import import import_fitting
from skrnn.estimators._training_rows import TrainingRows, prepare_rows, validate_rows
from skrnn.estimators._window_normalization import (
    check_normalization,
    describe_normalization,
)
from skrnn.windows._missing_steps import leave_out_steps, rows_with_missing_steps


class BaseRecurrentEstimator(CallbackSupportMixin, CallbackCopyMixin, BaseEstimator, ABC):
    """A recurrent network behind scikit-learn's interface.

    A subclass describes its cell and the outputs of its network. It encodes targets for training,
    and decodes outputs into predictions.
    """

    # Parameters. The constructors of the subclasses assign them.
    units: int | Sequence[int]
    embedding_dim: int | None
    dropout: float
    recurrent_dropout: float
    activation: str | Callable[..., Any]
    kernel_regularizer: Any
    bidirectional: bool
    architecture: str
    normalize_windows: str | None
    normalize_features: str | Sequence[int] | None
    n_networks: int
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
    # Attributes that fit sets.
    n_features_in_: int
    n_timesteps_in_: int
    n_iter_: int
    history_: dict[str, list[float]]
    weights_: list[np.ndarray]
    networks_: list[list[np.ndarray]]
    optimizer_state_: list[np.ndarray]
    # States of the optimizers of all networks but the first.
    _other_optimizer_states: list[list[np.ndarray]]
    _windows_ndim: int
    # Parameters that chose the features of `normalize_windows`.
    _normalized_by: dict[str, Any]
    _n_target_steps: int
    _n_symbols: int
    _optimizer_name: str
    # Fields of the fitted network. The parameters may have changed since fit.
    _network: dict[str, Any]

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "embedding_dim": [Interval(Integral, 1, LARGEST_SIZE, closed="both"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "activation": [str, callable],
        "kernel_regularizer": [Interval(Real, 0, None, closed="left"), str, callable, None],
        "bidirectional": ["boolean"],
        "architecture": [StrOptions({"sequence_to_vector", *SEQUENCE_ARCHITECTURES})],
        "normalize_windows": [StrOptions({"last", "standard"}), None],
        "normalize_features": [StrOptions({"all"}), list, tuple, None],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
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

    # Differences between the subclasses.

    @abstractmethod
    def _validate_y(self, y: Any, X: np.ndarray, *, reset: bool) -> np.ndarray:
        """Return validated targets as numbers.

        Parameters
        ----------
        y : object
            Targets given by the user.

        X : ndarray
            Validated inputs of the same rows.

        reset : bool
            Whether to set the attributes that all targets must share, or to compare with them.

        Returns
        -------
        y : ndarray of shape (n_samples, n_outputs) or (n_samples, n_steps, n_outputs)
        """

    @abstractmethod
    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, *, resume: bool) -> None:
        """Learn how to encode and weigh targets.

        Parameters
        ----------
        y : ndarray
            Validated targets.

        weight : ndarray or None
            Weights of the rows, or of the steps of each row.

        resume : bool
            Whether training continues. If it does, the encoding of the earlier training is kept.
        """

    @abstractmethod
    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Return validated targets in the form that the loss expects."""

    def _weigh(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        """Return the weights of rows or steps in the loss, given the weights of the user."""
        return weight

    @abstractmethod
    def _describe_head(self) -> dict[str, Any]:
        """Return the fields of the network that describe its outputs."""

    @abstractmethod
    def _describe_cell(self) -> dict[str, Any]:
        """Return the fields of the network that describe its cells."""

    def _find_target_features(
        self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None
    ) -> list[tuple[int, float, float]]:
        """Return the feature, factor and offset of each output; an empty list for classes."""
        return []

    def _has_fixed_length(self) -> bool:
        """Return whether all windows must have one length, because each step has own weights."""
        return False

    def _standardize(self, y: np.ndarray) -> np.ndarray:
        """Return validated targets in the scale of the outputs."""
        return y

    def _get_loss(self) -> Any:
        """Return the loss of the training."""
        return self.loss

    def _output_scale(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the factor and the offset that put outputs into the units of y, if any."""
        return None

    @explain_unknown_keywords
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
            is a missing step, which the network skips. With `architecture="vector_to_sequence"`,
            X has the shape (n_samples, n_features).

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: numbers for a regressor, one label a row for a classifier. Architectures that
            write a sequence take the shape (n_samples, n_steps) or (n_samples, n_steps,
            n_outputs). `sequence_to_sequence` ignores `y` at missing steps. A regressor still needs
            a number there.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the loss. Rows of weight 0 are left out. None: all weights are 1.

        X_val, y_val : array-like, default=None
            Rows to compute the validation loss on, shaped like `X` and `y`. They replace
            `validation_split`. The validation loss is computed even without early stopping.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of its range or cannot be combined with another one; if X or y
            hold infinity or text; if a step of X is NaN in some features but not in all; if y holds
            NaN; if X and y do not fit each other; if there are too few rows to hold some out; if a
            class occurs in held-out rows only.
        TypeError
            If a callback is not a Keras callback.
        MemoryError
            If the network does not fit into memory.
        RuntimeError
            If this process was forked from a process that has trained a network, or if another fit
            uses a callback at the same time.

        Warns
        -----
        ConvergenceWarning
            If the loss or the weights become NaN or infinite. Training stops, and the weights of
            the previous epoch are restored. Changes that a callback made at the end of that epoch
            are lost.
        FeaturesNotScaledWarning
            If the median absolute value of a feature is above 30.
        HeldOutRowsWarning
            If a feature of `X_val` has another level or spread than in X, or a classifier holds out
            rows of a single class.
        RowsNotWindowsWarning
            If X is a DataFrame with dates as its index, and its columns are not the steps of one
            feature.

        Notes
        -----
        A fit that fails or is interrupted leaves the estimator unchanged.
        """
        return self._fit_copy(
            X,
            y,
            sample_weight,
            # Callbacks of scikit-learn know this estimator, not the copy that is trained.
            tasks=begin_tasks(self, X, y, self.epochs * self.n_networks, sample_weight),
            validation=(X_val, y_val),
            epochs=self.epochs,
            hold_out=self.early_stopping,
            checkpoint_dir=self.checkpoint_dir,
            resume=self.warm_start and hasattr(self, "weights_"),
        )

    def _fit_one_epoch(self, X: Any, y: Any, sample_weight: Any, **options: Any) -> Self:
        """Continue training for one epoch on the given rows, and hold out none."""
        return self._fit_copy(
            X,
            y,
            sample_weight,
            validation=(None, None),
            epochs=1,
            hold_out=False,
            resume=hasattr(self, "weights_"),
            **options,
        )

    def _fit_copy(
        self, X: Any, y: Any, sample_weight: Any, *, tasks: FitTasks | None = None, **options: Any
    ) -> Self:
        """Fit a copy and take over its state at the end, so a failure changes nothing."""
        fitted = copy.copy(self)
        fitted._fit_in_place(X, y, sample_weight, tasks=tasks, **options)
        if tasks is not None:
            tasks.end(fitted.__dict__)
        self.__dict__ = fitted.__dict__
        return self

    def _fit_in_place(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        validation: tuple[Any, Any],
        epochs: int,
        hold_out: bool,
        resume: bool,
        tasks: FitTasks | None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Prepare the rows, train on them, and store the result."""
        self._check_optimizer()
        network, rows, held_out = self._prepare(
            X, y, sample_weight, validation=validation, hold_out=hold_out, resume=resume
        )
        first_epoch = self.n_iter_ if resume else 0
        fitting = import_fitting()
        # Encode before a seed is drawn, because a failure must leave a RandomState unchanged.
        encoded = self._encode_rows(*rows)
        encoded_held_out = held_out and self._encode_rows(*held_out)
        options = {
            "loss": self._get_loss(),
            "optimizer": self.optimizer,
            "learning_rate": self.learning_rate,
            "clipnorm": self.clipnorm,
            "epochs": epochs,
            "first_epoch": first_epoch,
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "patience": self.patience if self.early_stopping and held_out else None,
            "callbacks": self.callbacks,
            "checkpoint_dir": checkpoint_dir,
            "is_seeded": self.random_state is not None,
            "n_networks": self.n_networks,
            "verbose": self.verbose,
            "scale": self._output_scale(),
            "epoch_hooks": tasks and self._make_epoch_hooks(tasks, network),
        }
        seeds = draw_seeds(self.random_state, self.n_networks)
        starts = self._list_states(fitting.State) if resume else [None] * len(seeds)
        made = make_network(network)

        def train(number: int) -> Any:
            training = fitting.Training(**options, seed=seeds[number], number=number)
            return fitting.train(made, encoded, encoded_held_out, training, starts[number])

        trained = fitting.train_networks(
            train, len(seeds), in_threads=not (self.callbacks or tasks or self.verbose)
        )
        self._store(trained, first_epoch)
        # A model from `to_keras` handles missing steps if any fit had missing steps.
        masked = network["masked"] or (resume and self._network["masked"])
        self._network = network | {"masked": masked}

    def _store(self, trained: Sequence[Any], first_epoch: int) -> None:
        """Set the attributes of trained networks, whose training began with epoch `first_epoch`."""
        history = average_histories([each.history for each in trained])
        self.n_iter_ = first_epoch + max(len(each.history["loss"]) for each in trained)
        self.history_ = join_histories(self.history_ if first_epoch else {}, history)
        self.networks_ = [each.state.weights for each in trained]
        self.weights_ = self.networks_[0]
        self.optimizer_state_, *self._other_optimizer_states = (
            each.state.optimizer_state for each in trained
        )
        self._optimizer_name = trained[0].state.optimizer_name

    def _prepare(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        validation: tuple[Any, Any],
        hold_out: bool,
        resume: bool,
    ) -> tuple[dict[str, Any], TrainingRows, TrainingRows | None]:
        """Return the fields of the network, the rows to train on and the held-out rows."""
        if resume:
            # Compare these first: two of them decide the shapes that validation expects.
            kept = {name: self._network[name] for name in ("architecture", "embedding_dim")}
            kept["n_networks"] = len(self.networks_)
            kept["normalize_windows"] = (self._network.get("normalization") or {}).get("kind")
            kept |= self._normalized_by if self.normalize_windows is not None else {}
            refuse_other_network(kept, {name: getattr(self, name) for name in kept})
        rows, held_out = prepare_rows(
            self, X, y, sample_weight, validation=validation, hold_out=hold_out, reset=not resume
        )
        network = describe_network(self, *rows[:2])
        if held_out is not None:
            network["masked"] |= bool(rows_with_missing_steps(held_out[0]).any())
        if network["masked"] and self.architecture == "sequence_to_sequence":
            rows = rows[0], *leave_out_steps(*rows)
            held_out = held_out and (held_out[0], *leave_out_steps(*held_out))
        if resume:
            refuse_other_network(self._network, network)
        self._fit_targets(*rows[1:], resume=resume)
        if resume:
            network["normalization"] = self._network.get("normalization")
        elif self.normalize_windows is not None:
            network["normalization"] = describe_normalization(self, *rows)
            names = {"normalize_features", "target_feature"} & self.get_params().keys()
            self._normalized_by = {name: getattr(self, name) for name in names}
        if self.embedding_dim is None:
            X_val = held_out[0] if held_out and validation[0] is not None else None
            warn_of_scales(self, rows[0], X_val, network.get("normalization"), reset=not resume)
        return network, rows, held_out

    def _validate_held_out(self, X_val: Any, y_val: Any) -> TrainingRows | None:
        """Return the validated rows that the user holds out, if any."""
        if X_val is None and y_val is None:
            return None
        if X_val is None or y_val is None:
            given, missing = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
            raise ValueError(f"{given} was given without {missing}; give both or neither.")
        try:
            return validate_rows(self, X_val, y_val, None, reset=False)
        except ValueError as error:
            raise ValueError(f"X_val, y_val: {error}") from error

    def _encode_rows(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> Any:
        """Return `Rows` of encoded targets, with the weights that the loss uses."""
        from skrnn._network.training import Rows

        return Rows(X, self._encode(y), self._weigh(y, weight))

    def _make_epoch_hooks(
        self, tasks: FitTasks, network: dict[str, Any]
    ) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return the functions to call before and after each epoch."""

        def end(epoch: int, get_weights: Callable[[], list[np.ndarray]]) -> bool:
            return tasks.end_epoch(
                lambda: {
                    **self.__dict__,
                    "weights_": get_weights(),
                    "networks_": [get_weights()],
                    "n_iter_": epoch + 1,
                    "_network": network,
                }
            )

        return tasks.begin_epoch, end

    def _set_initial_weights(self, X: Any, y: Any) -> None:
        """Set the attributes from which training on these rows would start, such as `weights_`."""
        self._validate_params()
        network, (X, y, weight), _ = self._prepare(
            X, y, None, validation=(None, None), hold_out=self.early_stopping, resume=False
        )
        from skrnn._network.initialization import make_initial_weights
        from skrnn._network.network import view_arrays

        made = make_network(network)
        with one_blas_thread():
            (seed,) = draw_seeds(self.random_state, 1)
            flat = make_initial_weights(made, seed, X, self._standardize(y), weight)
        self.weights_ = view_arrays(made, flat)
        self.networks_ = [self.weights_]
        self._network = network

    def _check_combination(self) -> None:
        """Refuse parameters that cannot be combined, and a dropout that is 1 in float32."""
        check_normalization(self)
        for name in ("dropout", "recurrent_dropout"):
            value = getattr(self, name)
            if np.float32(value) == 1:
                raise ValueError(
                    f"{name}={value!r} is 1 in float32, the precision of networks, and would drop "
                    "all units. Give a smaller share."
                )
        if self.bidirectional and self.architecture == "encoder_decoder":
            raise ValueError(
                'bidirectional=True does not go with architecture="encoder_decoder": a decoder '
                "reads its own outputs, so it can read them only from the first to the last. Set "
                "bidirectional=False."
            )
        if self.embedding_dim is not None and self.architecture == "vector_to_sequence":
            raise ValueError(
                f"embedding_dim={self.embedding_dim} does not go with "
                'architecture="vector_to_sequence", which reads one vector and no sequence of '
                "symbols. Encode X (OneHotEncoder), or set embedding_dim=None."
            )

    def _check_optimizer(self) -> None:
        """Refuse `learning_rate` and `clipnorm` for an optimizer object, which has its own."""
        if (
            not isinstance(self.optimizer, str)
            and (self.learning_rate, self.clipnorm) != (None,) * 2
        ):
            raise ValueError(
                f"learning_rate={self.learning_rate} and clipnorm={self.clipnorm} need an "
                f"optimizer given by name, but optimizer={self.optimizer!r} is an object. Set "
                "them on the object, or give the optimizer by name."
            )

    # The fitted network.

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickle or a file. Files of skrnn 0.1 lack parameters that were added later."""
        defaults = {
            name: parameter.default for name, parameter in signature(type(self)).parameters.items()
        }
        if "weights_" in state:
            defaults |= {"networks_": [state["weights_"]], "_other_optimizer_states": []}
        super().__setstate__(defaults | state)

    def _list_states(self, make_state: Callable[..., Any]) -> list[Any]:
        """Return the state of the training of each network."""
        states = [self.optimizer_state_, *self._other_optimizer_states]
        return [
            make_state(weights, state, self._optimizer_name)
            for weights, state in zip(self._list_weights(), states, strict=True)
        ]

    def _list_weights(self) -> list[list[np.ndarray]]:
        """Return the weights of each network."""
        return [self.weights_, *self.networks_[1:]]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def _snapshot(self) -> Self:
        """Return an estimator with the current state, which a fit in another thread may replace."""
        now = object.__new__(type(self))
        now.__dict__ = self.__dict__
        return now

    def _predict_each(self, X: Any) -> list[np.ndarray]:
        """Return the outputs of each network as float64, with axes as in `_validate_y`."""
        X = self._validate_for_network(X)
        network = make_network(self._network)
        return [
            compute_outputs(network, weights, X).astype(np.float64)
            for weights in self._list_weights()
        ]

    def _predict_outputs(self, X: Any) -> np.ndarray:
        """Return the mean of the outputs of all networks as float64."""
        outputs = self._predict_each(X)
        return outputs[0] if len(outputs) == 1 else np.mean(outputs, axis=0)

    def _validate_for_network(self, X: Any) -> np.ndarray:
        """Return X as the fitted network takes it."""
        return validate_inputs(
            self,
            X,
            self._network["architecture"],
            fixed_length=self._network["n_timesteps"] is not None,
            embedded=self._network["embedding_dim"] is not None,
            reset=False,
        )

    def _encode_rows_as_fitted(self, X: Any, y: Any) -> Any:
        """Return rows that are encoded as for the training of the fitted network."""
        fitted = self._with_fitted_parameters()
        X = self._validate_for_network(X)
        y = fitted._validate_y(y, X, reset=False)
        weight = None
        if fitted.architecture == "sequence_to_sequence" and rows_with_missing_steps(X).any():
            refuse_only_missing_steps(X, "given")
            y, weight = leave_out_steps(X, y, weight)
        return fitted._encode_rows(X, y, weight)

    def _with_fitted_parameters(self) -> Self:
        """Return a copy with the parameters that decide the shapes of targets and outputs.

        They may have changed since the fit.
        """
        fitted = copy.copy(self)
        for name in {"architecture", "quantiles"} & self.get_params(deep=False).keys():
            setattr(fitted, name, self._network.get(name))
        return fitted

    def _make_batch_loss(self, rows: Any) -> Any:
        """Return an object that computes the loss of encoded rows."""
        network = make_network(self._network)
        loss = self._with_fitted_parameters()._get_loss()
        return make_batch_loss(loss, self._output_scale(), network, rows)

    def _make_network_with_kernels(self) -> Any:
        """Return the fitted network if it has kernels, which return states, gates and gradients.

        Raises
        ------
        ValueError
            If there are no kernels for the activation of the network.
        """
        network = make_network(self._network)
        if not has_kernels(network):
            raise ValueError(
                f"activation={network.activation!r} runs in Keras' own layers, which do not return "
                "gates and gradients of each step. Fit with an activation that Keras knows by name "
                'and that acts on each unit alone, such as "tanh".'
            )
        return network

    def to_keras(self) -> Any:
        """Return the fitted network as a plain Keras model.

        The model takes windows of shape (n_samples, n_timesteps, n_features), or vectors of shape
        (n_samples, n_features) with `architecture="vector_to_sequence"`. It returns the values of
        `predict` of a regressor, of `predict_quantiles` if `quantiles` is set, or of
        `predict_proba` of a classifier, as float32 and always with an axis for the outputs. Steps
        may be missing if `fit` had missing steps. The model is not compiled.

        All layers are Keras' own, so the model loads from a file where skrnn is not installed.
        Keras has no decoders and no cells with peepholes. These are unrolled into their steps, and
        have no recurrent dropout. With `peephole=True`, windows must have the same length as in
        `fit`.

        Returns
        -------
        model : keras.Model
            A new model, for `summary()`, `save()`, `export()` and all other methods of Keras.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        fitted = self._snapshot()
        import_fitting()
        from skrnn._keras.models import average_models, build_plain_model, sort_quantiles

        models = [
            build_plain_model(
                make_network(fitted._network),
                weights,
                fitted.n_timesteps_in_,
                fitted._output_scale(),
            )
            for weights in fitted._list_weights()
        ]
        model = models[0] if len(models) == 1 else average_models(models)
        if fitted._network.get("quantiles") is not None:
            # Quantiles are sorted after the mean.
            model = sort_quantiles(model)
        # Keras exports only models that were called.
        model(np.zeros([size or 1 for size in model.input_shape], np.float32))
        return model

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # Steps of windows may be missing; vectors have no steps.
        tags.input_tags.allow_nan = self.architecture != "vector_to_sequence"
        return tags
