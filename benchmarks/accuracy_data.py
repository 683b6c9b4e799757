"""Data of the accuracy tables: training rows, test rows and errors.

Nothing is downloaded. The laser comes with reservoirpy, Japanese Vowels and the airline passengers
with aeon, the stock with bokeh_sampledata. The other series are generated.

The chaotic series and the laser follow Chandra, Goyal & Gupta (2021) and the code of its authors
(github.com/sydney-machine-learning/deeplearning_timeseries): 1,000 values, scaled by the largest of
them plus 1, the first 600 for training, windows of 5 values, and the 10 values after each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import (
    accuracy_score,
    mean_absolute_percentage_error,
    mean_squared_error,
    root_mean_squared_error,
)
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import SlidingWindowTransformer, stack_sequences
from skrnn.datasets import load_stock_prices, make_noisy_waves

N_LAGS, N_AHEAD = 5, 10


@dataclass(frozen=True)
class Data:
    """Rows of a table. `error` takes the targets of the test rows and the predictions."""

    X_train: Any
    y_train: Any
    X_test: Any
    y_test: Any
    error: Callable[[Any, Any], float]

    def training_part(self, share: float = 0.8, gap: int = 0) -> Data:
        """Return the first training rows as training rows, and the last ones as test rows.

        Settings are chosen on these. `gap` rows between them are left out.
        """
        n = int(share * len(self.X_train))
        return Data(
            self.X_train[: n - gap],
            self.y_train[: n - gap],
            self.X_train[n:],
            self.y_train[n:],
            self.error,
        )


# Noisy waves.


@cache
def waves(n_ahead: int) -> Data:
    """Return 9,000 waves to train on and 1,000 to test on: 50 values, and the next ones.

    Géron has 7,000 waves for training, 2,000 for validation and 1,000 for the test.
    """
    series = make_noisy_waves(10_000, 50 + n_ahead, random_state=42)
    X, y = series[:, :50], series[:, 50:]
    y = y[:, 0] if n_ahead == 1 else y
    return Data(X[:7_000], y[:7_000], X[9_000:], y[9_000:], mean_squared_error)


# The laser and four chaotic systems, ten steps ahead.


def error_of_ten_steps(y: np.ndarray, predicted: np.ndarray) -> float:
    """Return the root of the mean over rows of the sum over steps of the squared errors."""
    return float(np.sqrt(np.mean(np.sum((y - predicted) ** 2, axis=1))))


@cache
def chaotic(name: str) -> Data:
    series = SERIES[name]()
    # As the authors scale it. The largest value may be one of the test part.
    top = series.max() + 1
    scaled = series / top if series.min() >= 0 else series / (2 * top) + 0.5
    rows = []
    for part in (scaled[:600], scaled[600:]):
        windows = np.lib.stride_tricks.sliding_window_view(part, N_LAGS + N_AHEAD)
        rows += [windows[:, :N_LAGS].copy(), windows[:, N_LAGS:].copy()]
    return Data(*rows, error_of_ten_steps)


def laser() -> np.ndarray:
    """Return the first 1,000 values of data set A of the Santa Fe competition."""
    from reservoirpy.datasets import santafe_laser

    return santafe_laser()[:1_000, 0].astype(float)


def mackey_glass() -> np.ndarray:
    """Return x with dx/dt = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x, at each full t."""
    delay, a_step, h = 170, 10, 0.1
    x = np.full(delay + a_step * 1_500 + 1, 1.2)

    def production(value: float) -> float:
        return 0.2 * value / (1 + value**10)

    for i in range(delay, len(x) - 1):
        before, after = x[i - delay], x[i - delay + 1]
        start, middle, end = (production(v) for v in (before, (before + after) / 2, after))
        k1 = start - 0.1 * x[i]
        k2 = middle - 0.1 * (x[i] + h / 2 * k1)
        k3 = middle - 0.1 * (x[i] + h / 2 * k2)
        k4 = end - 0.1 * (x[i] + h * k3)
        x[i + 1] = x[i] + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    # The first 500 values still know that the series started from a constant.
    return x[delay + 500 * a_step :: a_step][:1_000]


def lorenz() -> np.ndarray:
    """Return x of the Lorenz system (10, 28, 8/3), every 0.01.

    The start gives the series of the authors (Weeks, Emory University) to 0.002.
    """
    start = [-0.15475612451670295, 0.7456366939133318, 19.544257507770283]
    return integrate(
        lambda x, y, z: (10 * (y - x), 28 * x - y - x * z, x * y - 8 / 3 * z), start, a_value=1
    )


def rossler() -> np.ndarray:
    """Return x of the Rössler system (0.15, 0.2, 10), every 0.1.

    The start gives the series of the authors (Weeks, Emory University) to 0.0002.
    """
    start = [0.17078284348227352, 5.6632566016880075, 0.44072880645832985]
    return integrate(lambda x, y, z: (-z - y, x + 0.15 * y, 0.2 + z * (x - 10)), start, a_value=10)


def integrate(
    slope: Callable[..., tuple[float, ...]], start: list[float], a_value: int
) -> np.ndarray:
    """Return 1,000 values of x by the Runge-Kutta method with steps of 0.01."""
    h = 0.01
    state, values = np.array(start), []
    for number in range(1_000 * a_value):
        if number % a_value == 0:
            values.append(state[0])
        k1 = np.array(slope(*state))
        k2 = np.array(slope(*(state + h / 2 * k1)))
        k3 = np.array(slope(*(state + h / 2 * k2)))
        k4 = np.array(slope(*(state + h * k3)))
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.array(values)


def henon() -> np.ndarray:
    """Return the Hénon map (1.4, 0.3) from the two values that the authors' series starts with.

    After about thirty values it differs from theirs, which is printed with six digits.
    """
    x = [-1.44343, -0.173122]
    while len(x) < 1_000:
        # Its values are 1.4 times those of the usual form.
        x.append(1.4 - x[-1] ** 2 + 0.3 * x[-2])
    return np.array(x)


SERIES = {
    "laser": laser,
    "mackey_glass": mackey_glass,
    "lorenz": lorenz,
    "rossler": rossler,
    "henon": henon,
}


# Sequences of unequal length.


@cache
def vowels() -> Data:
    """Return 270 recordings to train on and 370 to test on, of shape (n, 29, 12)."""
    from aeon.datasets import load_japanese_vowels

    parts = []
    for split in ("train", "test"):
        recordings, speakers = load_japanese_vowels(split=split)
        # aeon's arrays have the channels first.
        sequences = stack_sequences([recording.T for recording in recordings])
        padded = np.full((len(sequences), 29, sequences.shape[2]), np.nan)
        padded[:, : sequences.shape[1]] = sequences
        # The rows are sorted by speaker. Shuffled, the last training rows have all speakers.
        order = np.random.default_rng(0).permutation(len(padded))
        parts += [padded[order], speakers[order]]
    return Data(*parts, accuracy_score)


# Series of days and months. Rows are predicted from windows of the rows before them.


def in_windows(
    series: pd.Series,
    n_train: int,
    *,
    window_length: int,
    error: Callable[[Any, Any], float],
    scaler: Any = None,
    horizon: int = 1,
) -> Data:
    """Return the windows of all rows that have a whole one. The scaler knows the training rows."""
    X = series.to_frame().to_numpy()
    if scaler is not None:
        X = scaler.fit(X[:n_train]).transform(X)
    n_padded = window_length + horizon - 1
    windows = SlidingWindowTransformer(window_length, horizon=horizon).fit_transform(X)[n_padded:]
    y, n_train = series.to_numpy()[n_padded:], n_train - n_padded
    return Data(windows[:n_train], y[:n_train], windows[n_train:], y[n_train:], error)


def load_passengers() -> pd.Series:
    path = files("aeon") / "datasets" / "data" / "Airline" / "Airline.csv"
    with path.open() as file:
        table = pd.read_csv(file, parse_dates=["Date"], index_col="Date")
    return table["Passengers"].astype(float)


@cache
def passengers_six() -> Data:
    """Train on logarithms up to January 1959, and predict from June 1959 on, six months ahead."""
    series = np.log(load_passengers())
    n_train = int((series.index <= "1959-01-01").sum())

    def error(y: np.ndarray, predicted: np.ndarray) -> float:
        return 100 * mean_absolute_percentage_error(np.exp(y), np.exp(predicted))

    rows = in_windows(
        series, n_train, window_length=36, horizon=6, scaler=StandardScaler(), error=error
    )
    # darts' first forecast of January 1959 to June ends there.
    n_skipped = int((series.index[n_train:] < "1959-06-01").sum())
    return replace(rows, X_test=rows.X_test[n_skipped:], y_test=rows.y_test[n_skipped:])


@cache
def passengers_next() -> Data:
    """Train on the first eight years of twelve."""
    return in_windows(
        load_passengers(),
        96,
        window_length=12,
        scaler=MinMaxScaler(),
        error=root_mean_squared_error,
    )


@cache
def price() -> Data:
    """Train on the opening prices of GOOG in 2009 to 2011, predict those of 2012."""
    series = load_stock_prices("GOOG")["Open"].loc["2009":"2012"]
    return in_windows(
        series,
        int((series.index < "2012").sum()),
        window_length=20,
        scaler=MinMaxScaler(),
        error=root_mean_squared_error,
    )


@cache
def volume() -> Data:
    """Train on the logarithms of GOOG's daily volumes in 2009 to 2011, predict those of 2012."""
    series = np.log(load_stock_prices("GOOG")["Volume"].loc["2009":"2012"].astype(float))
    return in_windows(
        series,
        int((series.index < "2012").sum()),
        window_length=20,
        scaler=StandardScaler(),
        error=root_mean_squared_error,
    )
