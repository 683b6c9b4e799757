"""Simulated paths: quantiles of recursive forecasts.

Each path is one possible future. A step of a path is drawn from the quantiles that the model
predicts, and fed back as a value of the target column. The next quantiles of the path depend on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from skrnn._utils.quantiles import interpolate_quantiles
from skrnn.forecasting._future_rows import FutureRows
from skrnn.forecasting._last_rows import (
    has_windows_before_model,
    predict_last_quantiles,
    predict_quantiles_of_windows,
    read_last,
)
from skrnn.windows._transformer import SlidingWindowTransformer

# The distribution of a step is the mean of the distributions of all paths. Each of them is
# represented by its quantiles at so many levels.
_N_LEVELS = 99


def simulate_quantiles(
    pipeline: Any,
    rows: FutureRows,
    columns: list[Any],
    first: np.ndarray,
    levels: tuple[float, ...],
    *,
    window: SlidingWindowTransformer | None,
    is_by_step: bool,
    n_paths: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the quantiles of all steps of a recursive forecast.

    Parameters
    ----------
    pipeline : estimator
        The fitted pipeline.
    rows : FutureRows
        The future rows. Values of paths are written into them.
    columns : list
        The target column of each output. Empty if no step reads predictions.
    first : ndarray of shape (n_series, n_outputs, n_quantiles)
        Quantiles of the first step.
    levels : tuple of float
        Levels of the quantiles.
    window : SlidingWindowTransformer or None
        The only window of the pipeline, None if there are several.
    is_by_step : bool
        Whether the model has an output for each step of a window.
    n_paths : int
        Number of paths.
    rng : Generator
        Source of randomness.

    Returns
    -------
    quantiles : ndarray of shape (n_steps * n_series, n_outputs, n_quantiles)
        All series of the first step, then of the second, and so on.
    """
    n_series, n_outputs = first.shape[:2]
    drawn = np.empty((rows.n_steps - 1, n_paths, n_series, n_outputs))
    of_paths, found = first[np.newaxis], [first]
    for step in range(1, rows.n_steps):
        shares = _draw_shares(rng, drawn.shape[1:])
        drawn[step - 1] = interpolate_quantiles(of_paths, levels, shares)
        if columns:
            windows = _read_paths(pipeline, rows, columns, drawn[:step], window)
            of_paths = _predict_paths(pipeline, rows, columns, drawn[:step], windows, is_by_step)
        else:
            of_series, _ = predict_last_quantiles(
                pipeline, rows.rows_until(step + 1), n_series, is_by_step
            )
            of_paths = of_series[np.newaxis]
        found.append(_mix(of_paths, levels))
    return np.concatenate(found)


def _draw_shares(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw uniform numbers within (0, 1), one in each n-th part (Latin hypercube sampling).

    So the paths of a step are spread evenly (McKay, Beckman & Conover 1979).
    """
    parts = np.broadcast_to(np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)), shape)
    shares: np.ndarray = (rng.permuted(parts, axis=0) + rng.random(shape)) / shape[0]
    return np.maximum(shares, np.finfo(np.float64).tiny)


def _mix(of_paths: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Return the quantiles of the mean of the distributions of all paths."""
    if (of_paths == of_paths[:1]).all():
        return np.asarray(of_paths[0])
    shares = (np.arange(_N_LEVELS) + 0.5) / _N_LEVELS
    values = interpolate_quantiles(of_paths, levels, shares.reshape(-1, 1, 1, 1))
    mixed = np.quantile(values.reshape(-1, *values.shape[2:]), levels, axis=0)
    return np.moveaxis(mixed, 0, -1)


def _predict_paths(
    pipeline: Any,
    rows: FutureRows,
    columns: list[Any],
    drawn: np.ndarray,
    windows: Any,
    is_by_step: bool,
) -> np.ndarray:
    """Return the quantiles of a step, of shape (n_paths, n_series, n_outputs, n_quantiles)."""
    n_paths, n_series = drawn.shape[1:3]
    if windows is not None:
        quantiles, _ = predict_quantiles_of_windows(pipeline, windows, is_by_step)
        return quantiles.reshape(n_paths, n_series, *quantiles.shape[1:])
    parts = []
    for path in range(n_paths):
        rows.write(columns, drawn[:, path])
        until = rows.rows_until(len(drawn) + 1)
        parts.append(predict_last_quantiles(pipeline, until, n_series, is_by_step)[0])
    return np.stack(parts)


def _read_paths(
    pipeline: Any,
    rows: FutureRows,
    columns: list[Any],
    drawn: np.ndarray,
    window: SlidingWindowTransformer | None,
) -> Any:
    """Return the windows of a step of all paths, or None if each path must be predicted alone.

    Windows of different paths usually differ only where they hold drawn values. Then those of the
    first path are copied, and the values are exchanged. Paths of the smallest and of the largest
    values test this, because steps before the model may clip values or put them into bins.
    """
    if not has_windows_before_model(pipeline):
        return None
    n_paths, n_series = drawn.shape[1:3]

    def read(values: np.ndarray) -> Any:
        rows.write(columns, values)
        return read_last(pipeline, rows.rows_until(len(drawn) + 1), n_series)

    first = read(drawn[:, 0])
    if n_paths == 1:
        return first
    if hasattr(first, "toarray"):
        return None
    one = np.asarray(first)
    tested = np.stack([drawn[:, 0], drawn.min(axis=1), drawn.max(axis=1)], axis=1)
    expected = np.stack([one, *(np.asarray(read(tested[:, path])) for path in (1, 2))])
    exchanged = _exchange_values(one, tested, window)
    windows = None
    if exchanged is not None and _are_close(exchanged.reshape(expected.shape), expected):
        windows = _exchange_values(one, drawn, window)
    if windows is None:
        others = (np.asarray(read(drawn[:, path])) for path in range(1, n_paths))
        windows = np.stack([one, *others])
    stacked = windows.reshape(-1, *one.shape[1:])
    names = getattr(first, "columns", None)
    return stacked if names is None else pd.DataFrame(stacked, columns=list(names))


def _are_close(windows: np.ndarray, expected: np.ndarray) -> bool:
    """Return whether windows of some paths are as expected, up to rounding.

    Each value is compared with the spread of its own step and feature over the paths. So a value
    that no path changes must be the same, whatever the units of the other features are.
    """
    if expected.dtype.kind != "f":
        return False
    tolerance = 1e-4 * np.ptp(expected, axis=0) + 4 * np.spacing(np.abs(expected))
    is_close = np.abs(windows - expected) <= tolerance
    return bool((is_close | (np.isnan(windows) & np.isnan(expected))).all())


def _exchange_values(
    one: np.ndarray, drawn: np.ndarray, window: SlidingWindowTransformer | None
) -> np.ndarray | None:
    """Return windows of all paths, given those of the first one; None if this is not possible.

    The returned windows have the shape (n_paths, n_series, ...).
    """
    n_drawn, n_paths, n_series, n_outputs = drawn.shape
    targets = None if window is None else window.targets_
    if window is None or targets is None or None in targets or len(targets) != n_outputs:
        return None
    if one.size % (n_series * window.window_length):
        return None
    windows = np.tile(one, (n_paths, *[1] * one.ndim))
    steps = windows.reshape(n_paths, n_series, window.window_length, -1)
    # The window of the row after the drawn ones ends `horizon` rows before that row.
    begin = n_drawn + 1 - window.horizon - window.window_length
    for row in range(max(begin, 0), n_drawn + 1 - window.horizon):
        for output, (feature, _, a, b) in enumerate(targets):
            if feature >= steps.shape[3]:
                return None
            steps[:, :, row - begin, feature] = (drawn[row, :, :, output] - b) / a
    return windows
