"""Optimizers of Keras that work number by number, on a flat vector of parameters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from skrnn._network.cells.cell import Array
from skrnn._network.kernels import kernel


class Optimizer(ABC):
    """A rule that moves parameters, with what it remembers of earlier gradients.

    Parameters
    ----------
    settings : dict
        The settings of the Keras optimizer of the same name (its `get_config`).

    parameters : ndarray of shape (n_parameters,)
        The vector that it will move.
    """

    # Names of what is remembered for each number. Keras lists the members of a group weight by
    # weight, and one group after the other.
    groups: tuple[tuple[str, ...], ...] = ()

    def __init__(self, settings: dict[str, Any], parameters: Array) -> None:
        self.settings = settings
        self.groups = self.list_groups()
        names = [name for group in self.groups for name in group]
        self.slots = {name: np.zeros_like(parameters) for name in names}

    def list_groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the names of what is remembered."""
        return type(self).groups

    def apply(
        self,
        parameters: Array,
        gradient: Array,
        arrays: Sequence[Array],
        step: int,
        learning_rate: float,
    ) -> None:
        """Move the parameters.

        Parameters
        ----------
        parameters, gradient : ndarray of shape (n_parameters,)
            The gradient may be changed.

        arrays : sequence of ndarray
            The gradient of each weight, views into `gradient`.

        step : int
            Number of this step, from 1 on.

        learning_rate : float
            The rate.
        """
        clipnorm = self.settings.get("clipnorm")
        if clipnorm:
            for array in arrays:
                norm = math.sqrt(np.vdot(array, array))
                if norm > clipnorm:
                    array *= np.float32(clipnorm / norm)
        decay = self.settings.get("weight_decay")
        if decay:
            parameters -= parameters * np.float32(decay * learning_rate)
        self.update(parameters, gradient, step, learning_rate)

    @abstractmethod
    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move the parameters by the rule alone."""

    def _floats(self, *names: str) -> tuple[np.float32, ...]:
        return tuple(np.float32(self.settings[name]) for name in names)


class SGD(Optimizer):
    """Gradient descent, with momentum if that is not 0 (Sutskever et al. 2013)."""

    def list_groups(self) -> tuple[tuple[str, ...], ...]:
        """Return a momentum, if there is one."""
        return (("momentum",),) if self.settings["momentum"] else ()

    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move against the gradient."""
        gradient *= np.float32(rate)
        if not self.groups:
            parameters -= gradient
            return
        momentum = np.float32(self.settings["momentum"])
        velocity = self.slots["momentum"]
        velocity *= momentum
        velocity -= gradient
        parameters += momentum * velocity - gradient if self.settings["nesterov"] else velocity


class RMSprop(Optimizer):
    """RMSprop (Tieleman & Hinton 2012)."""

    def list_groups(self) -> tuple[tuple[str, ...], ...]:
        """Return a mean of squares, and what the settings ask for."""
        groups = [("velocity",)]
        groups += [("momentum",)] if self.settings["momentum"] > 0 else []
        groups += [("average_gradient",)] if self.settings["centered"] else []
        return tuple(groups)

    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move by the gradient over the root of the mean of its squares."""
        rho, epsilon = self._floats("rho", "epsilon")
        spread = self.slots["velocity"]
        spread += (1 - rho) * (np.square(gradient) - spread)
        if self.settings["centered"]:
            mean = self.slots["average_gradient"]
            mean += (1 - rho) * (gradient - mean)
            spread = spread - np.square(mean)
        change = np.float32(rate) * gradient / np.sqrt(spread + epsilon)
        if self.settings["momentum"] > 0:
            velocity = self.slots["momentum"]
            velocity *= np.float32(self.settings["momentum"])
            velocity += change
            change = velocity
        parameters -= change


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015), with AMSGrad if set (Reddi et al. 2018)."""

    def list_groups(self) -> tuple[tuple[str, ...], ...]:
        """Return two moments, and with AMSGrad the largest second one."""
        hats = (("velocity_hat",),) if self.settings["amsgrad"] else ()
        return (("momentum", "velocity"), *hats)

    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move by the mean gradient over the root of the mean of its squares."""
        beta_1, beta_2, epsilon = self._floats("beta_1", "beta_2", "epsilon")
        first, second = self.settings["beta_1"], self.settings["beta_2"]
        alpha = rate * math.sqrt(1 - second**step) / (1 - first**step)
        velocity = self.slots["velocity"]
        largest = self.slots.get("velocity_hat", velocity[:0])
        _adam(
            *(parameters, gradient, self.slots["momentum"], velocity, largest),
            *(np.float32(alpha), 1 - beta_1, 1 - beta_2, epsilon),
        )


@kernel
def _adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    largest: Array,
    alpha: float,
    share_1: float,
    share_2: float,
    epsilon: float,
) -> None:
    for k in range(p.size):
        m[k] += (g[k] - m[k]) * share_1
        v[k] += (g[k] * g[k] - v[k]) * share_2
    if largest.size:
        for k in range(p.size):
            largest[k] = max(largest[k], v[k])
            p[k] -= m[k] * alpha / (math.sqrt(largest[k]) + epsilon)
    else:
        for k in range(p.size):
            p[k] -= m[k] * alpha / (math.sqrt(v[k]) + epsilon)


class Adamax(Optimizer):
    """Adam with the largest gradient (Kingma & Ba 2015)."""

    groups = (("momentum", "norm"),)

    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move by the mean gradient over the largest one of late."""
        beta_1, beta_2, epsilon = self._floats("beta_1", "beta_2", "epsilon")
        m, largest = self.slots["momentum"], self.slots["norm"]
        m += (gradient - m) * (1 - beta_1)
        np.maximum(beta_2 * largest, np.abs(gradient), out=largest)
        parameters -= (
            np.float32(rate / (1 - self.settings["beta_1"] ** step)) * m / (largest + epsilon)
        )


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011)."""

    groups = (("accumulator",),)

    def __init__(self, settings: dict[str, Any], parameters: Array) -> None:
        super().__init__(settings, parameters)
        self.slots["accumulator"] += np.float32(settings["initial_accumulator_value"])

    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move by the gradient over the root of the sum of its squares."""
        total = self.slots["accumulator"]
        total += np.square(gradient)
        parameters -= (
            np.float32(rate) * gradient / np.sqrt(total + np.float32(self.settings["epsilon"]))
        )


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012)."""

    groups = (("accumulated_grad", "accumulated_delta_var"),)

    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move by the gradient in the units of earlier moves."""
        rho, epsilon = self._floats("rho", "epsilon")
        of_gradient, of_change = (self.slots[name] for name in self.groups[0])
        of_gradient += (1 - rho) * (np.square(gradient) - of_gradient)
        change = np.sqrt(of_change + epsilon) * gradient / np.sqrt(of_gradient + epsilon)
        of_change += (1 - rho) * (np.square(change) - of_change)
        parameters -= np.float32(rate) * change


class Lion(Optimizer):
    """Lion (Chen et al. 2023)."""

    groups = (("momentum",),)

    def update(self, parameters: Array, gradient: Array, step: int, rate: float) -> None:
        """Move by the sign of the mean gradient."""
        beta_1, beta_2 = self._floats("beta_1", "beta_2")
        m = self.slots["momentum"]
        parameters -= np.float32(rate) * np.sign(beta_1 * m + (1 - beta_1) * gradient)
        m += (1 - beta_2) * (gradient - m)


# Those that Keras' optimizers are, by their class; AdamW is Adam with another weight decay.
_OPTIMIZERS: dict[str, type[Optimizer]] = {
    **{each.__name__: each for each in (SGD, RMSprop, Adam, Adamax, Adagrad, Adadelta, Lion)},
    "AdamW": Adam,
}


def find_optimizer(name: str) -> type[Optimizer] | None:
    """Return the optimizer of a Keras class; None if it is not one of this module."""
    return _OPTIMIZERS.get(name)
