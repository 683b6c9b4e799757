"""Parameter updates, by kernels or by Keras optimizers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from skrnn._network.network import Network, view_arrays
from skrnn._network.optimizers import find_optimizer

# Settings of Keras' optimizers that only Keras supports.
_UNKNOWN = (
    *("global_clipnorm", "clipvalue", "use_ema", "gradient_accumulation_steps"),
    "loss_scale_factor",
)


class Update(ABC):
    """Update of the parameters of a network after each batch.

    Callbacks read and change the learning rate and the number of steps in the Keras optimizer.

    Parameters
    ----------
    optimizer : Keras optimizer
        A new optimizer.

    network : Network
        The network.

    parameters : ndarray of shape (n_parameters,)
        Vector that is updated.
    """

    def __init__(
        self, optimizer: keras.optimizers.Optimizer, network: Network, parameters: np.ndarray
    ) -> None:
        self.optimizer = optimizer
        self._network = network

    @abstractmethod
    def __call__(self, parameters: np.ndarray, gradient: np.ndarray) -> None:
        """Update the parameters, given their gradient."""

    @abstractmethod
    def get_state(self) -> list[np.ndarray]:
        """Return the state of the optimizer, in the order of its Keras variables."""

    @abstractmethod
    def set_state(self, state: Sequence[np.ndarray]) -> None:
        """Restore the result of `get_state`."""

    def read_rate(self) -> None:  # noqa: B027 - Keras reads its own rate
        """Read the learning rate, which a callback may have changed."""

    def write_step(self) -> None:  # noqa: B027 - Keras counts its own steps
        """Write the number of steps to the Keras optimizer."""

    def finish(self, parameters: np.ndarray) -> None:  # noqa: B027 - only some optimizers need it
        """Finish the training, for optimizers that keep an average of the weights."""


class KernelUpdate(Update):
    """Update of one flat vector by `skrnn._network.optimizers`."""

    def __init__(
        self, optimizer: keras.optimizers.Optimizer, network: Network, parameters: np.ndarray
    ) -> None:
        super().__init__(optimizer, network, parameters)
        make = cast(Any, find_optimizer(type(optimizer).__name__))
        self._rule = make(optimizer.get_config(), parameters)
        self._step = int(optimizer.iterations.numpy())
        # The gradient is the same vector at each step, so its views are made once.
        self._gradient: np.ndarray | None = None
        self._arrays: list[np.ndarray] = []
        self.read_rate()

    def read_rate(self) -> None:
        """Read the learning rate. It is stored, because a read takes longer than a small batch."""
        rate = self.optimizer.learning_rate
        self._rate = float(rate.numpy() if hasattr(rate, "numpy") else rate)

    def write_step(self) -> None:
        """Write the number of steps to the Keras optimizer."""
        self.optimizer.iterations.assign(self._step)

    def __call__(self, parameters: np.ndarray, gradient: np.ndarray) -> None:
        """Update the parameters."""
        if gradient is not self._gradient:
            self._gradient, self._arrays = gradient, view_arrays(self._network, gradient)
        if self._has_schedule():
            # A schedule computes the rate from the number of steps.
            self.write_step()
            self.read_rate()
        self._step += 1
        self._rule.apply(parameters, gradient, self._arrays, self._step, self._rate)

    def get_state(self) -> list[np.ndarray]:
        """Return the number of steps, the learning rate if it is no schedule, and the slots.

        TensorFlow variables are not read, which would take as long as some small batches.
        """
        numbers = [np.asarray(self._step, self.optimizer.iterations.dtype)]
        if not self._has_schedule():
            numbers.append(np.asarray(self._rate, np.float32))
        return [*numbers, *(array.copy() for array in self._list_slots())]

    def set_state(self, state: Sequence[np.ndarray]) -> None:
        """Restore the result of `get_state`."""
        variables = self.optimizer.variables
        for variable, value in zip(variables, state, strict=False):
            variable.assign(value)
        for array, value in zip(self._list_slots(), state[len(variables) :], strict=True):
            array[...] = value
        self._step = int(self.optimizer.iterations.numpy())
        self.read_rate()

    def _has_schedule(self) -> bool:
        return not isinstance(self.optimizer._learning_rate, keras.Variable)

    def _list_slots(self) -> list[np.ndarray]:
        """Return the slots of each weight, in the order of Keras."""
        slots = []
        for group in self._rule.groups:
            views = [view_arrays(self._network, self._rule.slots[name]) for name in group]
            slots += [array for weight_slots in zip(*views, strict=True) for array in weight_slots]
        return slots


class KerasUpdate(Update):
    """Update of Keras variables by the Keras optimizer, one variable for each weight."""

    def __init__(
        self, optimizer: keras.optimizers.Optimizer, network: Network, parameters: np.ndarray
    ) -> None:
        super().__init__(optimizer, network, parameters)
        arrays = view_arrays(network, parameters)
        names = [f"weight_{place}" for place in range(len(arrays))]
        # Muon recognizes an embedding by its name.
        names[0] = "embeddings" if network.embedding_dim is not None else names[0]
        self._variables = [
            keras.Variable(array, dtype="float32", name=name)
            for array, name in zip(arrays, names, strict=True)
        ]
        optimizer.build(self._variables)

    def __call__(self, parameters: np.ndarray, gradient: np.ndarray) -> None:
        """Update the parameters."""
        gradients = [tf.constant(array) for array in view_arrays(self._network, gradient)]
        self._update_variables(parameters, lambda: self.optimizer.apply(gradients, self._variables))

    def get_state(self) -> list[np.ndarray]:
        """Return the variables of the optimizer."""
        return [np.asarray(variable.numpy()) for variable in self.optimizer.variables]

    def finish(self, parameters: np.ndarray) -> None:
        """Replace the weights by their averages, if the optimizer keeps averages."""
        self._update_variables(
            parameters, lambda: self.optimizer.finalize_variable_values(self._variables)
        )

    def _update_variables(self, parameters: np.ndarray, update: Callable[[], None]) -> None:
        """Copy the parameters to variables, call `update`, and copy the variables back."""
        arrays = view_arrays(self._network, parameters)
        for variable, array in zip(self._variables, arrays, strict=True):
            variable.assign(array)
        update()
        for variable, array in zip(self._variables, arrays, strict=True):
            array[...] = variable.numpy()

    def set_state(self, state: Sequence[np.ndarray]) -> None:
        """Restore the result of `get_state`."""
        for variable, value in zip(self.optimizer.variables, state, strict=True):
            variable.assign(value)


def make_update(
    optimizer: keras.optimizers.Optimizer, network: Network, parameters: np.ndarray
) -> Update:
    """Return the update of a Keras optimizer, by kernels if they support its settings."""
    config = optimizer.get_config()
    is_plain = not any(config.get(name) for name in _UNKNOWN)
    is_plain &= not getattr(optimizer, "_exclude_from_weight_decay", None)
    is_of_keras = type(optimizer).__module__.startswith("keras.src.optimizers.")
    if is_of_keras and is_plain and find_optimizer(type(optimizer).__name__):
        return KernelUpdate(optimizer, network, parameters)
    return KerasUpdate(optimizer, network, parameters)


def make_regularizer_gradient(regularizer: Any) -> Any:
    """Return a function that adds the gradient of a regularizer to the gradients of the kernels.

    Parameters
    ----------
    regularizer : Keras regularizer, callable or None
        Regularizer of the kernels.

    Returns
    -------
    add : callable or None
        Function of the weights and their gradients, which returns the penalty. None without a
        regularizer.
    """
    if regularizer is None:
        return None
    kinds = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
    if type(regularizer) in kinds:
        l1, l2 = (np.float32(getattr(regularizer, name, 0.0)) for name in ("l1", "l2"))

        def penalize(kernel: np.ndarray, gradient: np.ndarray) -> float:
            gradient += l1 * np.sign(kernel) + 2 * l2 * kernel
            return float(l1 * np.abs(kernel).sum() + l2 * np.square(kernel).sum())
    else:

        def penalize(kernel: np.ndarray, gradient: np.ndarray) -> float:
            tensor = tf.constant(kernel)
            with tf.GradientTape() as tape:
                tape.watch(tensor)
                loss = regularizer(tensor)
            gradient += tape.gradient(loss, tensor, unconnected_gradients="zero").numpy()
            return float(loss)

    def add(weights: Any, gradients: Any) -> float:
        pairs = zip(weights.cells, gradients.cells, strict=True)
        return sum(penalize(cell.kernel, gradient.kernel) for cell, gradient in pairs)

    return add
