"""Optimizers of Keras that treat each number alone, on a flat vector of parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from skrnn._network import Array
from skrnn._network.kernels import kernel

Settings = dict[str, Any]
Slots = dict[str, Array]
# Moves parameters p, given their gradient g, which it may change.
Rule = Callable[[Settings, Slots, Array, Array, int, Any], None]


class Optimizer:
    """A rule that moves parameters, with what it remembers of earlier gradients.

    Parameters
    ----------
    rule : callable
        The rule.

    groups : dict of tuple of str to str or None
        Names of the slots: arrays that remember something of each parameter. Keras lists the slots
        of a group weight by weight, and one group after the other. A group depends on a setting
        that is above 0, if one is given.

    settings : dict
        The settings of the Keras optimizer of the same name (its `get_config`).

    parameters : ndarray of shape (n_parameters,)
        The vector that it will move.
    """

    def __init__(
        self,
        rule: Rule,
        groups: dict[tuple[str, ...], str | None],
        settings: Settings,
        parameters: Array,
    ) -> None:
        self._rule = rule
        self._settings = settings
        self.groups = [
            names for names, setting in groups.items() if setting is None or settings[setting] > 0
        ]
        start = settings.get("initial_accumulator_value", 0)
        self.slots = {
            name: np.full_like(parameters, start) for names in self.groups for name in names
        }

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
        clipnorm = self._settings.get("clipnorm")
        if clipnorm:
            for array in arrays:
                norm = math.sqrt(np.vdot(array, array))
                if norm > clipnorm:
                    array *= np.float32(clipnorm / norm)
        decay = self._settings.get("weight_decay")
        if decay:
            parameters -= parameters * np.float32(decay * learning_rate)
        self._rule(self._settings, self.slots, parameters, gradient, step, learning_rate)


def _floats(settings: Settings, *names: str) -> tuple[np.float32, ...]:
    return tuple(np.float32(settings[name]) for name in names)


def _sgd(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """Gradient descent, with momentum if that is not 0 (Sutskever et al. 2013)."""
    g *= np.float32(rate)
    if not slots:
        p -= g
        return
    (momentum,) = _floats(settings, "momentum")
    velocity = slots["momentum"]
    velocity *= momentum
    velocity -= g
    p += momentum * velocity - g if settings["nesterov"] else velocity


def _rmsprop(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """RMSprop (Tieleman & Hinton 2012)."""
    rho, momentum, epsilon = _floats(settings, "rho", "momentum", "epsilon")
    spread = slots["velocity"]
    spread += (1 - rho) * (np.square(g) - spread)
    if "average_gradient" in slots:
        mean = slots["average_gradient"]
        mean += (1 - rho) * (g - mean)
        spread = spread - np.square(mean)
    change = np.float32(rate) * g / np.sqrt(spread + epsilon)
    if "momentum" in slots:
        velocity = slots["momentum"]
        velocity *= momentum
        velocity += change
        change = velocity
    p -= change


def _adam(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """Adam (Kingma & Ba 2015), with AMSGrad if set (Reddi et al. 2018)."""
    beta_1, beta_2, epsilon = _floats(settings, "beta_1", "beta_2", "epsilon")
    alpha = rate * math.sqrt(1 - settings["beta_2"] ** step) / (1 - settings["beta_1"] ** step)
    m, v = slots["momentum"], slots["velocity"]
    largest = slots.get("velocity_hat", v[:0])
    _move_adam(p, g, m, v, largest, np.float32(alpha), (1 - beta_1, 1 - beta_2, epsilon))


@kernel
def _move_adam(
    p: Array, g: Array, m: Array, v: Array, largest: Array, alpha: float, settings: Any
) -> None:
    share_1, share_2, epsilon = settings
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


def _adamax(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """Adam with the largest gradient (Kingma & Ba 2015)."""
    beta_1, beta_2, epsilon = _floats(settings, "beta_1", "beta_2", "epsilon")
    m, largest = slots["momentum"], slots["norm"]
    m += (g - m) * (1 - beta_1)
    np.maximum(beta_2 * largest, np.abs(g), out=largest)
    p -= np.float32(rate / (1 - settings["beta_1"] ** step)) * m / (largest + epsilon)


def _adagrad(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """Adagrad (Duchi et al. 2011)."""
    (epsilon,) = _floats(settings, "epsilon")
    total = slots["accumulator"]
    total += np.square(g)
    p -= np.float32(rate) * g / np.sqrt(total + epsilon)


def _adadelta(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """Adadelta (Zeiler 2012)."""
    rho, epsilon = _floats(settings, "rho", "epsilon")
    of_gradient, of_change = slots.values()
    of_gradient += (1 - rho) * (np.square(g) - of_gradient)
    change = np.sqrt(of_change + epsilon) * g / np.sqrt(of_gradient + epsilon)
    of_change += (1 - rho) * (np.square(change) - of_change)
    p -= np.float32(rate) * change


def _lion(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """Lion (Chen et al. 2023)."""
    beta_1, beta_2 = _floats(settings, "beta_1", "beta_2")
    m = slots["momentum"]
    p -= np.float32(rate) * np.sign(beta_1 * m + (1 - beta_1) * g)
    m += (1 - beta_2) * (g - m)


_ADAM = partial(Optimizer, _adam, {("momentum", "velocity"): None, ("velocity_hat",): "amsgrad"})
# By the names of Keras' classes; AdamW is Adam with another weight decay.
_OPTIMIZERS: dict[str, Callable[[Settings, Array], Optimizer]] = {
    "SGD": partial(Optimizer, _sgd, {("momentum",): "momentum"}),
    "RMSprop": partial(
        Optimizer,
        _rmsprop,
        {("velocity",): None, ("momentum",): "momentum", ("average_gradient",): "centered"},
    ),
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "Adamax": partial(Optimizer, _adamax, {("momentum", "norm"): None}),
    "Adagrad": partial(Optimizer, _adagrad, {("accumulator",): None}),
    "Adadelta": partial(
        Optimizer, _adadelta, {("accumulated_grad", "accumulated_delta_var"): None}
    ),
    "Lion": partial(Optimizer, _lion, {("momentum",): None}),
}


def find_optimizer(name: str) -> Callable[[Settings, Array], Optimizer] | None:
    """Return what makes the optimizer of a Keras class; None if this module has not got it."""
    return _OPTIMIZERS.get(name)
