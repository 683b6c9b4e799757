"""What the kernels are made of: activations with their slopes, and loops over the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

Tensor = Any
Activation = Callable[[Tensor], Tensor]
Step = Callable[..., tuple[tuple[Tensor, ...], tuple[Tensor, ...]]]

# The derivative from the output, which is at hand.
_SLOPES: dict[Activation, Activation] = {
    keras.activations.tanh: lambda out: 1 - out * out,
    keras.activations.sigmoid: lambda out: out * (1 - out),
    keras.activations.relu: lambda out: tf.cast(out > 0, out.dtype),
    keras.activations.linear: tf.ones_like,
}
# These too work on each number by itself; softmax, for one, does not.
_ELEMENTWISE = {
    keras.activations.elu,
    keras.activations.exponential,
    keras.activations.gelu,
    keras.activations.hard_sigmoid,
    keras.activations.hard_tanh,
    keras.activations.leaky_relu,
    keras.activations.mish,
    keras.activations.relu6,
    keras.activations.selu,
    keras.activations.silu,
    keras.activations.softplus,
    keras.activations.softsign,
}


class Curve:
    """An activation and its derivative."""

    def __init__(self, activation: Activation) -> None:
        if activation not in _SLOPES and activation not in _ELEMENTWISE:
            raise TypeError(f"activation={activation!r} is not known to work on single numbers")
        self._activation = activation
        self._slope_of_output = _SLOPES.get(activation)
        self.n_kept = 0 if self._slope_of_output else 1

    def __call__(self, z: Tensor) -> Tensor:
        return self._activation(z)

    def keep(self, z: Tensor) -> tuple[Tensor, ...]:
        """Return what `slope` needs beside the output: nothing, or the input."""
        return (z,) if self.n_kept else ()

    def slope(self, out: Tensor, *kept: Tensor) -> Tensor:
        """Return the derivative at each number."""
        if self._slope_of_output:
            return self._slope_of_output(out)
        (z,) = kept
        with tf.GradientTape() as tape:
            tape.watch(z)
            out = self._activation(z)
        return tape.gradient(out, z)

    def gates(self, z: Tensor, kinds: str) -> Tensor:
        """Apply a sigmoid to the parts of kind "s", and this activation to those of kind "c"."""
        parts = tf.split(z, len(kinds), axis=1)
        if self._activation is not keras.activations.tanh:
            pairs = zip(kinds, parts, strict=True)
            return tf.concat([tf.sigmoid(z) if kind == "s" else self(z) for kind, z in pairs], 1)
        # sigmoid(z) = 1/2 + 1/2 tanh(z/2): one tanh over all gates is one pass over memory.
        scale = tf.constant([0.5 if kind == "s" else 1.0 for kind in kinds], z.dtype)
        scale = tf.repeat(scale, parts[0].shape[1])
        return tf.tanh(z * scale) * scale + (1 - scale)


class Presence:
    """Which steps each sample has; the state passes over the others unchanged.

    Parameters
    ----------
    present : bool tensor of shape (n_timesteps, n_samples, 1) or None
        None: all steps are there, and nothing is computed for the question.
    """

    def __init__(self, present: Tensor | None) -> None:
        self._present = present

    def advance(self, t: Tensor, new: Tensor, old: Tensor) -> Tensor:
        """Return the state after step t: the new one, or the old one if the step is absent."""
        return new if self._present is None else tf.where(self._present[t], new, old)

    def go_back(self, t: Tensor, through_step: Tensor, past_it: Tensor) -> Tensor:
        """Return the gradient of the state before step t.

        It comes through the step, whose factors `only` has set to 0 if it is absent, or past it.
        """
        if self._present is None:
            return through_step
        return through_step + tf.where(self._present[t], tf.zeros_like(past_it), past_it)

    def only(self, factors: Tensor, otherwise: float = 0.0) -> Tensor:
        """Return factors of all steps, with another number at those that are absent."""
        if self._present is None:
            return factors
        return tf.where(self._present, factors, tf.cast(otherwise, factors.dtype))


def scan(step: Step, state: tuple[Tensor, ...], inputs: Tensor, n_kept: int) -> list[Tensor]:
    """Run `step(t, *state) -> state, kept` over the steps; return what was kept, stacked."""
    return _loop(step, state, inputs, n_kept, backwards=False)[1]


def scan_back(step: Step, state: tuple[Tensor, ...], inputs: Tensor, n_kept: int) -> Any:
    """Run `step(t, *state) -> state, kept` from the last step to the first; return both."""
    return _loop(step, state, inputs, n_kept, backwards=True)


def _loop(
    step: Step, state: tuple[Tensor, ...], inputs: Tensor, n_kept: int, *, backwards: bool
) -> tuple[tuple[Tensor, ...], list[Tensor]]:
    n_timesteps = inputs.shape[0] or tf.shape(inputs)[0]
    rows = [tf.TensorArray(inputs.dtype, n_timesteps) for _ in range(n_kept)]

    def body(done: Tensor, state: Any, rows: Any) -> Any:
        t = n_timesteps - 1 - done if backwards else done
        state, kept = step(t, *state)
        return done + 1, state, [row.write(t, new) for row, new in zip(rows, kept, strict=True)]

    _, state, rows = tf.while_loop(
        lambda done, *_: done < n_timesteps, body, (0, state, rows), maximum_iterations=n_timesteps
    )
    return state, [row.stack() for row in rows]


def shifted(states: Tensor, first: Tensor) -> Tensor:
    """Return the states before each step."""
    return tf.concat([first[tf.newaxis], states[:-1]], axis=0)


def sum_of_outer_products(left: Tensor, right: Tensor) -> Tensor:
    """Sum the outer products over all steps and samples: one large product."""
    left, right = (tf.reshape(array, (-1, array.shape[-1])) for array in (left, right))
    return tf.matmul(left, right, transpose_a=True)
