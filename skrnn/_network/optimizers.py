"""Optimizers of Keras that update each number alone, on one flat vector of parameters."""

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
# Updates parameters p, given their gradient g, which the rule may change.
Rule = Callable[[Settings, Slots, Array, Array, int, Any], None]


class Optimizer:
    """Rule that updates parameters, with its slots: arrays such as the momentum of each parameter.

    Parameters
    ----------
    rule : callable
        Function that updates the parameters.

    groups : dict of tuple of str to str or None
        Names of the slots, in groups, each with the name of a setting or None. With a setting, the
        group exists only if the setting is above 0. Keras lists one group after the other, and the
        slots of a group weight by weight.

    settings : dict
        Settings of the Keras optimizer of the same name (`get_config`).

    parameters : ndarray of shape (n_parameters,)
        Vector that will be updated.
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
        """Update the parameters.

        Parameters
        ----------
        parameters, gradient : ndarray of shape (n_parameters,)
            Parameters and their gradient. The gradient may be overwritten.

        arrays : sequence of ndarray
            The gradient of each weight, views into `gradient`.

        step : int
            Number of this step. The first is 1.

        learning_rate : float
            Learning rate.
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
    """Gradient descent, with momentum if it is above 0 (Sutskever et al. 2013)."""
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
    """Adam (Kingma & Ba 2015), with AMSGrad if `amsgrad` is set (Reddi et al. 2018)."""
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
    """Adamax: Adam with the largest gradient (Kingma & Ba 2015)."""
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
    gradients, changes = slots.values()
    gradients += (1 - rho) * (np.square(g) - gradients)
    change = np.sqrt(changes + epsilon) * g / np.sqrt(gradients + epsilon)
    changes += (1 - rho) * (np.square(change) - changes)
    p -= np.float32(rate) * change


def _lion(settings: Settings, slots: Slots, p: Array, g: Array, step: int, rate: float) -> None:
    """Lion (Chen et al. 2023)."""
    beta_1, beta_2 = _floats(settings, "beta_1", "beta_2")
    m = slots["momentum"]
    p -= np.float32(rate) * np.sign(beta_1 * m + (1 - beta_1) * g)
    m += (1 - beta_2) * (g - m)


_ADAM = partial(Optimizer, _adam, {("momentum", "velocity"): None, ("velocity_hat",): "amsgrad"})
# Keys are the names of Keras' classes. AdamW is Adam with another weight decay.
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
    """Return a function that makes the optimizer of a Keras class, or None if it is not here."""
    return _OPTIMIZERS.get(name)
