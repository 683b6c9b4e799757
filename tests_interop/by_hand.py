"""Forecasts by hand: windows of a series, and a loop over predictions."""

import numpy as np


def windows_and_targets(values, window_length):
    """Return all full windows, oldest value first, and the value after each."""
    positions = range(window_length, len(values))
    windows = np.array([values[t - window_length : t] for t in positions])
    return windows, np.asarray(values[window_length:])


def recursive_forecast(regressor, values, window_length, steps):
    """Return the next values of a series, each predicted from a window with those before it."""
    values = list(values)
    for _ in range(steps):
        values.append(regressor.predict([values[-window_length:]])[0])
    return values[-steps:]
