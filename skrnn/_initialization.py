"""The values that a network starts from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from skrnn._keras_layers import Decoder

_INITIALIZERS = {
    "kernel": "kernel_initializer",
    "recurrent_kernel": "recurrent_initializer",
    "embeddings": "embeddings_initializer",
}


def initialize(
    model: keras.Model, seed: int | Sequence[int], memory_steps: int | None = None
) -> None:
    """Draw the kernels of a model anew, and start its generators.

    Every kernel and every generator gets a seed of its own. Biases stay as they are, but for those
    of gates that shall remember.

    Parameters
    ----------
    model : keras.Model
        A model that `build_model` has built.

    seed : int or sequence of int
        Determines the kernels and the dropout masks.

    memory_steps : int, default=None
        Steps that gates remember, up to so many.
    """
    parts = _parts(model)
    words = np.random.SeedSequence(seed).generate_state(4 * len(parts))
    # Keras' seeds are signed 32-bit integers. A layer has four, whether it needs them or not, so
    # that the same layer starts alike whatever the others are made of.
    for layer, seeds in zip(parts, (words >> 1).reshape(-1, 4).tolist(), strict=True):
        cell = getattr(layer, "cell", layer)
        if memory_steps is not None and hasattr(cell, "recurrent_kernel"):
            _remember(cell, memory_steps, np.random.default_rng(seeds))
        for name, its_initializer in _INITIALIZERS.items():
            initializer: Any = getattr(cell, its_initializer, None)
            if hasattr(initializer, "seed"):
                variable = getattr(cell, name)
                variable.assign(type(initializer)(seed=seeds.pop())(variable.shape))
        for owner in dict.fromkeys([layer, cell]):
            if hasattr(owner, "seed_generator"):
                owner.seed_generator.state.assign([seeds.pop(), 0])


def _remember(cell: Any, memory_steps: int, rng: np.random.Generator) -> None:
    """Let gates keep the state for up to so many steps (Tallec & Ollivier 2018)."""
    bias, units = np.asarray(cell.bias).copy(), cell.units
    memory = np.log(rng.uniform(1, memory_steps - 1, units))
    if isinstance(cell, keras.layers.GRUCell):
        # What is not taken in is kept, by one gate; with reset_after there are two biases.
        bias.reshape(-1)[:units] = memory
    else:
        bias[:units], bias[units : 2 * units] = -memory, memory
    cell.bias.assign(bias)


def start_linear(model: keras.Model, kernel: np.ndarray, intercept: np.ndarray) -> None:
    """Let a network with a linear skip start as that linear map alone."""
    head = model.get_layer("head")
    head.kernel.assign(np.zeros(head.kernel.shape))
    head.bias.assign(intercept)
    model.get_layer("linear").kernel.assign(kernel)


def set_dropout(model: keras.Model, rate: float) -> None:
    """Give the dropout layers of a model this rate, where that is a variable."""
    for layer in _parts(model):
        if hasattr(layer, "rate_value"):
            layer.rate_value.assign(rate)


def _parts(model: keras.Model) -> list[Any]:
    """Return the layers of a model, and instead of a decoder its layers."""
    return [
        part
        for layer in model.layers
        for part in (layer.parts if isinstance(layer, Decoder) else [layer])
    ]
