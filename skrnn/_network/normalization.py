"""Normalization of windows: inputs relative to their window, and outputs mapped back.

With "last", the level of a window is its last present step, and its spread is the same for all
windows (NLinear, Zeng et al. 2023). With "standard", level and spread are the mean and the standard
deviation of its present steps (RevIN without its affine part, Kim et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skrnn._network import Array

# Rows that are copied at once.
_N_ROWS = 4096
# Smallest spread of a window with "standard", as a share of the spread of the training rows.
_MIN_SPREAD = 1e-3


@dataclass(frozen=True)
class Normalization:
    """Normalization of windows, with the numbers that a fit has learned.

    Attributes
    ----------
    kind : {"last", "standard"}
        Level and spread of a window.

    features : tuple of int
        Features that are normalized.

    spreads : tuple of float
        For each of these features: the spread of all windows with "last", the smallest spread of a
        window with "standard".

    target_places : tuple of int, default=()
        For each output: the place of its target in `features`. Empty if outputs are not mapped
        back.

    slopes, offsets : tuple of float, default=()
        For each output: ``slope * level + offset`` is the level in the scale of the outputs.

    gains : tuple of float, default=()
        For each output: factor of the raw output of the network. With "standard" it is also
        multiplied by the spread of the window.

    fallbacks : tuple of float, default=()
        For each output: its value for a window without any step.
    """

    kind: str
    features: tuple[int, ...]
    spreads: tuple[float, ...]
    target_places: tuple[int, ...] = ()
    slopes: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()
    gains: tuple[float, ...] = ()
    fallbacks: tuple[float, ...] = ()

    def normalize(self, X: Array) -> tuple[Array, Array, Array]:
        """Return normalized windows, and the level and the gain of each output.

        Each row is computed alone, so its bits do not depend on other rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps, n_features)
            Windows of any float type. Missing steps are NaN.

        Returns
        -------
        inputs : ndarray of shape (n_samples, n_timesteps, n_features)
            Float64. Missing steps stay NaN.

        levels, gains : ndarray of shape (n_samples, n_outputs)
            An output is ``level + gain * raw output of the network``. Both are empty if outputs are
            not mapped back.
        """
        inputs = X.astype(np.float64)
        steps = np.take(inputs, self.features, axis=2)
        level, spread, is_empty = self._measure(steps)
        inputs[:, :, self.features] = (steps - level[:, np.newaxis]) / spread[:, np.newaxis]
        places = list(self.target_places)
        levels = level[:, places] * self.slopes + self.offsets
        gains = np.broadcast_to(self.gains, levels.shape)
        if self.kind == "standard":
            gains = gains * spread[:, places]
        if is_empty.any():
            levels = np.where(is_empty[:, np.newaxis], self.fallbacks, levels)
            gains = np.where(is_empty[:, np.newaxis], 0.0, gains)
        return inputs, levels, gains

    def _measure(self, steps: Array) -> tuple[Array, Array, Array]:
        """Return the level and the spread of each window, and whether it has no step."""
        if self.kind == "last":
            level, is_empty = last_present_steps(steps)
            return level, np.broadcast_to(self.spreads, level.shape), is_empty
        is_present = ~np.isnan(steps[..., :1])
        n_present = is_present.sum(axis=1)
        count = np.maximum(n_present, 1)
        level = np.where(is_present, steps, 0.0).sum(axis=1) / count
        deviations = np.where(is_present, steps - level[:, np.newaxis], 0.0)
        spread = np.sqrt(np.square(deviations).sum(axis=1) / count)
        return level, np.maximum(spread, self.spreads), n_present[:, 0] == 0


def last_present_steps(steps: Array) -> tuple[Array, Array]:
    """Return the last present step of each window, and whether it has none.

    Parameters
    ----------
    steps : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows. Missing steps are NaN.

    Returns
    -------
    last : ndarray of shape (n_samples, n_features)
        0 for windows without a step.

    is_empty : bool ndarray of shape (n_samples,)
    """
    is_present = ~np.isnan(steps[..., 0])
    n_samples, n_timesteps = is_present.shape
    position = n_timesteps - 1 - is_present[:, ::-1].argmax(axis=1)
    is_empty: Array = np.logical_not(is_present.any(axis=1))
    last = steps[np.arange(n_samples), position]
    return np.where(is_empty[:, np.newaxis], 0.0, last), is_empty


def measure_spreads(kind: str, X: Array, features: tuple[int, ...]) -> tuple[float, ...]:
    """Return the `spreads` of `Normalization` for training windows.

    Parameters
    ----------
    kind : {"last", "standard"}
        Kind of normalization.

    X : ndarray of shape (n_samples, n_timesteps, n_features)
        Training windows. X may be a view of overlapping windows: rows are copied in chunks.

    features : tuple of int
        Features that are normalized.
    """
    chunks = [slice(first, first + _N_ROWS) for first in range(0, len(X), _N_ROWS)]

    def read(rows: slice) -> Array:
        steps = np.take(X[rows], features, axis=2).astype(np.float64)
        if kind == "last":
            steps -= last_present_steps(steps)[0][:, np.newaxis]
        return steps

    with np.errstate(over="ignore"):
        n_present = sum(np.count_nonzero(~np.isnan(read(rows)), axis=(0, 1)) for rows in chunks)
        # "last" measures distances from the last step. "standard" measures them from the mean.
        mean = 0.0
        if kind == "standard":
            mean = sum(np.nansum(read(rows), axis=(0, 1)) for rows in chunks) / n_present
        squares = sum(np.nansum(np.square(read(rows) - mean), axis=(0, 1)) for rows in chunks)
        spreads = np.sqrt(squares / n_present) * (_MIN_SPREAD if kind == "standard" else 1.0)
    return tuple(float(spread) if 0 < spread < np.inf else 1.0 for spread in spreads)


class NormalizedWindows:
    """Normalized training windows, computed for the rows that are read.

    Parameters
    ----------
    normalization : Normalization
        The normalization.

    X : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows.
    """

    def __init__(self, normalization: Normalization, X: Array) -> None:
        self._normalization = normalization
        self._X = X

    def __len__(self) -> int:
        return len(self._X)

    def __getitem__(self, rows: slice) -> Array:
        return self._normalization.normalize(self._X[rows])[0]


def compute_levels(normalization: Normalization, X: Array) -> tuple[Array, Array]:
    """Return the level and the gain of each output for all rows of X, computed in chunks."""
    parts = [
        normalization.normalize(X[first : first + _N_ROWS])[1:]
        for first in range(0, len(X), _N_ROWS)
    ]
    levels, gains = (np.concatenate(part) for part in zip(*parts, strict=True))
    return levels, gains
