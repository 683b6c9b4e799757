"""Activation functions of Keras, and their derivatives, computed for each number alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from skrnn._network import Array
from skrnn._network.kernels import kernel, kernel_part

# Kernels take the position of a name in this list as the number of the activation.
_NAMES = (
    *("tanh", "sigmoid", "relu", "linear", "elu", "exponential", "gelu", "hard_sigmoid"),
    *("hard_tanh", "leaky_relu", "mish", "relu6", "selu", "silu", "softplus", "softsign"),
)
TANH = _NAMES.index("tanh")
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def find_activation_number(activation: str | Callable[..., Any]) -> int | None:
    """Return the number of an activation, given by name or as Keras' function.

    Return None for softmax and others that combine several units, and for a user's own function.
    """
    if isinstance(activation, str):
        name = activation
    else:
        is_of_keras = str(getattr(activation, "__module__", "")).startswith("keras.")
        name = getattr(activation, "__name__", "") if is_of_keras else ""
    name = "silu" if name == "swish" else name
    return _NAMES.index(name) if name in _NAMES else None


@kernel
def tanh(z: Any) -> Any:
    """Return the hyperbolic tangent, within 3e-7.

    The rational function of degree 13/6 that the library Eigen uses. The processor computes it for
    eight numbers at once, which the function of the C library does not allow.
    """
    z = min(max(z, np.float32(-7.90531110763549805)), np.float32(7.90531110763549805))
    s = z * z
    p = np.float32(-2.76076847742355e-16)
    p = p * s + np.float32(2.00018790482477e-13)
    p = p * s + np.float32(-8.60467152213735e-11)
    p = p * s + np.float32(5.12229709037114e-08)
    p = p * s + np.float32(1.48572235717979e-05)
    p = p * s + np.float32(6.37261928875436e-04)
    p = p * s + np.float32(4.89352455891786e-03)
    q = np.float32(1.19825839466702e-06)
    q = q * s + np.float32(1.18534705686654e-04)
    q = q * s + np.float32(2.26843463243900e-03)
    q = q * s + np.float32(4.89352518554385e-03)
    return z * p / q


@kernel
def tanh_in_place(z: Array) -> None:
    """Replace the numbers of a flat array by their hyperbolic tangents."""
    for k in range(z.size):
        z[k] = tanh(z[k])


@kernel
def sigmoid_in_place(z: Array) -> None:
    """Replace the numbers of a flat array by their sigmoids: 1/2 + 1/2 tanh(z/2)."""
    half = np.float32(0.5)
    for k in range(z.size):
        z[k] = half * tanh(half * z[k]) + half


@kernel
def activate(activation: int, z: Array, out: Array) -> None:
    """Write the activation of each number of a flat array to another."""
    if activation == TANH:
        for k in range(z.size):
            out[k] = tanh(z[k])
    else:
        for k in range(z.size):
            out[k] = _value(activation, z[k])


@kernel
def slopes(activation: int, z: Array, values: Array, out: Array) -> None:
    """Write the derivative at each number of `z` to `out`; `values` are the activations of `z`."""
    if activation == TANH:
        for k in range(values.size):
            out[k] = np.float32(1) - values[k] * values[k]
    else:
        for k in range(values.size):
            out[k] = _slope(activation, z[k], values[k])


@kernel_part
def read_slopes(activation: int, values: Array, saved: Array, t: int, n: int, out: Array) -> None:
    """Write the derivatives at step t of row n to `out`.

    The derivative of tanh is computed from `values`. Other derivatives are read from `saved`, an
    array of shape (n_timesteps, n_samples, n_values).
    """
    if activation == TANH:
        for k in range(values.size):
            out[k] = np.float32(1) - values[k] * values[k]
    else:
        for k in range(values.size):
            out[k] = saved[t, n, k]


@kernel
def _sigmoid(z: float) -> float:
    return 0.5 * math.tanh(0.5 * z) + 0.5


@kernel
def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


@kernel
def _value(activation: int, z: float) -> float:
    """Return an activation other than tanh of z. Numbers are positions in `_NAMES`."""
    if activation == 1:
        return _sigmoid(z)
    if activation == 2:
        return max(z, 0.0)
    if activation == 3:
        return z + 0.0
    if activation == 4:
        return z + 0.0 if z > 0 else math.expm1(z)
    if activation == 5:
        return math.exp(z)
    if activation == 6:
        return 0.5 * z * (1 + math.erf(z / math.sqrt(2.0)))
    if activation == 7:
        return min(max(z / 6 + 0.5, 0.0), 1.0)
    if activation == 8:
        return min(max(z, -1.0), 1.0)
    if activation == 9:
        return z + 0.0 if z > 0 else 0.2 * z
    if activation == 10:
        return z * math.tanh(_softplus(z))
    if activation == 11:
        return min(max(z, 0.0), 6.0)
    if activation == 12:
        return _SELU_SCALE * z if z > 0 else _SELU_SCALE * _SELU_ALPHA * math.expm1(z)
    if activation == 13:
        return z * _sigmoid(z)
    if activation == 14:
        return _softplus(z)
    return z / (1 + abs(z))


@kernel
def _slope(activation: int, z: float, value: float) -> float:
    """Return the derivative of `_value` at z; `value` is the activation of z."""
    if activation == 1:
        return value * (1.0 - value)
    if activation == 2:
        return 1.0 if z > 0 else 0.0
    if activation == 3:
        return 1.0
    if activation == 4:
        return 1.0 if z > 0 else value + 1.0
    if activation == 5:
        return value + 0.0
    if activation == 6:
        density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        return 0.5 * (1 + math.erf(z / math.sqrt(2.0))) + z * density
    if activation == 7:
        return 1 / 6 if abs(z) < 3 else 0.0
    if activation == 8:
        return 1.0 if abs(z) < 1 else 0.0
    if activation == 9:
        return 1.0 if z > 0 else 0.2
    if activation == 10:
        t = math.tanh(_softplus(z))
        return t + z * (1 - t * t) * _sigmoid(z)
    if activation == 11:
        return 1.0 if 0 < z < 6 else 0.0
    if activation == 12:
        return _SELU_SCALE if z > 0 else value + _SELU_SCALE * _SELU_ALPHA
    if activation == 13:
        s = _sigmoid(z)
        return s + value * (1 - s)
    if activation == 14:
        return _sigmoid(z)
    return 1 / (1 + abs(z)) ** 2
