"""Normalization of windows in Keras' operations, as in `skrnn._network.normalization`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from skrnn._network.normalization import Normalization

Tensor = Any

_DTYPE = "float32"


def normalize(
    normalization: Normalization, steps: Tensor, present: Tensor | None
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return normalized steps, and the levels and gains of the outputs.

    Parameters
    ----------
    normalization : Normalization
        The normalization.

    steps : tensor of shape (n_samples, n_timesteps, n_features)
        Windows, with zeros in place of missing steps.

    present : bool tensor of shape (n_samples, n_timesteps), or None
        Which steps are present. None: no step is missing.

    Returns
    -------
    steps : tensor of shape (n_samples, n_timesteps, n_features)
        Missing steps are zeros.

    levels, gains : tensor of shape (n_samples, n_outputs), or None
        An output is ``level + gain * raw output of the network``. None if outputs are not mapped
        back.
    """
    ops = keras.ops
    values = ops.take(steps, np.array(normalization.features), axis=2)
    if present is None:
        is_present = ops.ones_like(values[:, :, :1])
    else:
        is_present = ops.expand_dims(ops.cast(present, _DTYPE), -1)
    count = ops.sum(is_present, axis=1)
    spreads = np.array(normalization.spreads, np.float32)
    if normalization.kind == "last":
        # The number of steps from here on is 1 at the last present step.
        n_later = ops.flip(ops.cumsum(ops.flip(is_present, axis=1), axis=1), axis=1)
        is_last = is_present * ops.cast(ops.equal(n_later, 1), _DTYPE)
        level = ops.sum(values * is_last, axis=1)
        spread = ops.ones_like(level) * spreads
    else:
        level = ops.sum(values * is_present, axis=1) / ops.maximum(count, 1.0)
        deviations = (values - ops.expand_dims(level, 1)) * is_present
        variance = ops.sum(ops.square(deviations), axis=1) / ops.maximum(count, 1.0)
        spread = ops.maximum(ops.sqrt(variance), spreads)
    normalized = (values - ops.expand_dims(level, 1)) / ops.expand_dims(spread, 1) * is_present
    steps = _replace(steps, normalized, normalization.features)
    if not normalization.target_places:
        return steps, None, None
    places = np.array(normalization.target_places)
    slopes, gains, fallbacks = (
        np.array(numbers, np.float32)
        for numbers in (normalization.slopes, normalization.gains, normalization.fallbacks)
    )
    # The level of an output that is 0, and the rest that its rounding leaves. In float32 a product
    # of a large level would lose the digits that the offset leaves over.
    zeros = np.divide(
        normalization.offsets, normalization.slopes, out=np.zeros(len(slopes)), where=slopes != 0
    )
    zeros = -zeros.astype(np.float32)
    rests = (normalization.offsets + np.array(normalization.slopes) * zeros).astype(np.float32)
    has_steps = ops.cast(ops.greater(count, 0), _DTYPE)
    levels = ((ops.take(level, places, axis=1) - zeros) * slopes + rests) * has_steps
    levels = levels + (1.0 - has_steps) * fallbacks
    factors = has_steps * gains
    if normalization.kind == "standard":
        factors = factors * ops.take(spread, places, axis=1)
    return steps, levels, factors


def _replace(steps: Tensor, normalized: Tensor, features: tuple[int, ...]) -> Tensor:
    """Return steps with normalized values in some features."""
    n_features = steps.shape[2]
    if len(features) == n_features:
        return normalized
    columns = [
        normalized[:, :, features.index(k) : features.index(k) + 1]
        if k in features
        else steps[:, :, k : k + 1]
        for k in range(n_features)
    ]
    return keras.ops.concatenate(columns, axis=2)
