"""Tables of the accuracy page: data, rivals, settings of the networks, and published figures.

The settings were chosen without the test rows: the last fifth of the training rows was predicted
from the rows before. Those of the waves were chosen on the validation waves of `make_noisy_waves`.
`python benchmarks/accuracy.py --search NAME` repeats this for the table NAME, with plain networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import accuracy_data as data
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import (
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    NaiveRegressor,
    RNNClassifier,
    RNNRegressor,
    StepwiseTransformer,
)

SEEDS = (0, 1, 2)
REGRESSORS = (RNNRegressor, LSTMRegressor, GRURegressor)
CLASSIFIERS = (RNNClassifier, LSTMClassifier, GRUClassifier)
RIDGE = RidgeCV(np.logspace(-8, 4, 25))
LAST, SEASON = "last value", "a season ago"
START = "ridge start of linear_skip"


@dataclass(frozen=True)
class Published:
    """A published figure, and the networks and their options that it is compared with."""

    model: str
    value: float
    cells: tuple[type, ...] = ()
    variant: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> list[str]:
        return [label(cell, self.variant) for cell in self.cells]


@dataclass(frozen=True)
class Table:
    """One table.

    `prepare` makes the model of a row from a network or a rival. `settings` are those of all
    networks, `of_cell` those that differ. `variants` are more rows of a cell, with options.
    """

    name: str
    title: str
    text: str
    metric: str
    load: Callable[[], data.Data]
    rivals: Mapping[str, Any]
    settings: Mapping[str, Any]
    published: tuple[Published, ...] = ()
    of_cell: Mapping[type, Mapping[str, Any]] = field(default_factory=dict)
    prepare: Callable[[Any], Any] = lambda model: model
    variants: Mapping[type, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    candidates: Mapping[str, list] = field(default_factory=dict)
    cells: tuple[type, ...] = REGRESSORS
    gap: int = 0
    digits: int = 4
    higher_is_better: bool = False
    why_behind: str = ""

    def rows(self) -> list[Row]:
        rows = [Row(self, name, rival) for name, rival in self.rivals.items()]
        for cell in self.cells:
            settings = {**self.settings, **self.of_cell.get(cell, {})}
            variants = ({}, *self.variants.get(cell, ()))
            rows += [Row(self, label(cell, v), cell, {**settings, **v}) for v in variants]
        if any(SKIP in variants for variants in self.variants.values()):
            # A network that does not learn stays at its start.
            start = {"linear_skip": True, "learning_rate": 1e-12, "epochs": 1, "falling": False}
            rows.append(Row(self, START, GRURegressor, {**self.settings, **start}, n_seeds=1))
        return rows


@dataclass(frozen=True)
class Row:
    """One row: a rival, or a network with the settings of all its seeds."""

    table: Table
    name: str
    model: Any
    settings: Mapping[str, Any] | None = None
    n_seeds: int = len(SEEDS)

    @property
    def seeds(self) -> tuple[int | None, ...]:
        return (None,) if self.settings is None else SEEDS[: self.n_seeds]

    def make(self, seed: int | None) -> Any:
        if self.settings is None:
            return self.table.prepare(clone(self.model))
        return self.table.prepare(make_network(self.model, seed, **self.settings))


def label(cell: type, variant: Mapping[str, Any]) -> str:
    return ", ".join([cell.__name__, *(f"{key}={value!r}" for key, value in variant.items())])


def make_network(
    cell: type, seed: int | None, *, falling: bool = True, every_step: bool = False, **settings: Any
) -> Any:
    """Make a network, by default with a learning rate that falls to zero along a cosine."""
    if falling:
        # The import of Keras takes seconds, and prints no messages after skrnn has prepared it.
        from keras.callbacks import LearningRateScheduler

        schedule = partial(falling_rate, first=settings["learning_rate"], epochs=settings["epochs"])
        settings["callbacks"] = [LearningRateScheduler(schedule)]
    if every_step:
        settings["architecture"] = "sequence_to_sequence"
    network = cell(random_state=seed, **settings)
    return EveryStep(network) if every_step else network


def falling_rate(epoch: int, rate: float, *, first: float, epochs: int) -> float:
    return first * (1 + math.cos(math.pi * epoch / epochs)) / 2


class EveryStep(RegressorMixin, BaseEstimator):
    """Train a network of sequences to predict the next values at every step of a window.

    `predict` returns the values after the last step.
    """

    def __init__(self, network: Any) -> None:
        self.network = network

    def fit(self, X: np.ndarray, y: np.ndarray) -> EveryStep:
        series = np.hstack([X, y])
        targets = np.lib.stride_tricks.sliding_window_view(series[:, 1:], y.shape[1], axis=1)
        self.network.fit(X, targets)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.network.predict(X)[:, -1]


# Steps before a model.


def of_scaled_steps(model: Any) -> Pipeline:
    return make_pipeline(StepwiseTransformer(StandardScaler()), model)


def pad_with_zeros(X: np.ndarray) -> np.ndarray:
    """Return flat rows of the same length."""
    return np.nan_to_num(X).reshape(len(X), -1)


# Options that have rows of their own.

LAST_WINDOWS = {"normalize_windows": "last"}
STANDARD_WINDOWS = {"normalize_windows": "standard"}
SKIP = {"linear_skip": True}
THREE = {"n_networks": 3}
STOPPED = {**LAST_WINDOWS, "early_stopping": True}
EVERY = {"every_step": True}
DECODER = {"architecture": "encoder_decoder"}
OPTIONS = (LAST_WINDOWS, STANDARD_WINDOWS, SKIP, THREE)
ALL_OPTIONS = dict.fromkeys(REGRESSORS, OPTIONS)

GERON = "Géron 2019"
CHANDRA = "Chandra et al. 2021"

WAVES_TEXT = """\
Each series is the sum of two sine waves and noise (`skrnn.datasets.make_noisy_waves`). As in the
book (Géron 2019, Hands-On Machine Learning, 2nd edition, chapter 15), 50 values are known, and
7,000 series are for training. The figures here are of the 1,000 test series. Those of the book are
of its 2,000 validation series, after 20 epochs, with one seed, and printed with one or two digits.
The variance of the noise of one value, 0.0008, is a lower bound.
"""

WAVES_SETTINGS = {
    "units": (20, 20),
    "epochs": 20,
    "batch_size": 64,
    "clipnorm": 1.0,
    "learning_rate": 0.03,
}
WAVES_OF_CELL = {RNNRegressor: {"learning_rate": 0.01}}

WAVES = (
    Table(
        "waves_next",
        "Noisy waves, the next value",
        WAVES_TEXT + "The network of the book has two SimpleRNN layers of 20 units.\n",
        "MSE",
        partial(data.waves, 1),
        rivals={LAST: NaiveRegressor(), "RidgeCV": RIDGE},
        settings=WAVES_SETTINGS,
        of_cell=WAVES_OF_CELL,
        variants={GRURegressor: (SKIP, THREE)},
        candidates={"learning_rate": [0.01, 0.03], "units": [20, (20, 20)]},
        published=(
            Published(f"naive ({GERON})", 0.020),
            Published(f"linear, trained by Adam ({GERON})", 0.004),
            Published(f"two layers of SimpleRNN ({GERON})", 0.0026, REGRESSORS),
        ),
        digits=5,
    ),
    Table(
        "waves_ten",
        "Noisy waves, the next ten values",
        WAVES_TEXT
        + """\
Networks predict ten values at once, or, in rows with `every_step=True`, learn to predict the next
ten values at every step. The last value here is the last known one. The naive figure of the book,
0.223, repeats the last target.
""",
        "MSE",
        partial(data.waves, 10),
        rivals={LAST: NaiveRegressor(), "RidgeCV": RIDGE},
        settings=WAVES_SETTINGS,
        of_cell=WAVES_OF_CELL,
        variants={RNNRegressor: (EVERY,), GRURegressor: (EVERY, SKIP, THREE)},
        candidates={"learning_rate": [0.01, 0.03], "units": [20, (20, 20)]},
        published=(
            Published(f"linear, trained by Adam ({GERON})", 0.0188),
            Published(f"SimpleRNN, at once ({GERON})", 0.008, REGRESSORS),
            Published(
                f"SimpleRNN, every step ({GERON})", 0.006, (RNNRegressor, GRURegressor), EVERY
            ),
        ),
        digits=5,
    ),
)

CHAOTIC_TEXT = """\
Ten steps ahead from five lags, as in Chandra, Goyal & Gupta (2021), Evaluation of deep learning
models for multi-step ahead time series prediction, IEEE Access 9. The first 600 of 1,000 values are
for training. The error is the root of the mean over rows of the sum over steps of squared errors.
As in the code of the authors, values are divided by the largest of the 1,000 plus 1 (those of
series with negative values by twice that, plus 0.5), and the test windows lie within the last 400
values. Their networks have 10 units and 1,000 epochs. Their figures are means of 30 runs, but each
run of an LSTM goes on with the weights of the run before, so the last run has 30,000 epochs. Their
RNN reads the five lags at once, as one step, and starts anew in each run. The code has no GRU, so
GRURegressor is compared with the LSTM. After its first run, the LSTM is at {first}.
"""
LIKE_THE_LASER = """\
Rows, scale and error are as in the table of the laser, and the figures have the same source. After
its first run, the published LSTM is at {first}.
"""


def chaotic(
    name: str,
    title: str,
    text: str,
    published: Mapping[str, float],
    first: str,
    protocol: str = LIKE_THE_LASER,
) -> Table:
    return Table(
        name,
        title,
        f"{text} {protocol.format(first=first)}",
        "error",
        partial(data.chaotic, name),
        rivals={LAST: NaiveRegressor(), "RidgeCV": RIDGE},
        settings=CHAOTIC_SETTINGS,
        variants=ALL_OPTIONS | {LSTMRegressor: (*OPTIONS, DECODER)},
        candidates=CHAOTIC_CANDIDATES,
        published=(
            Published(f"LSTM ({CHANDRA})", published["LSTM"], (LSTMRegressor, GRURegressor)),
            Published(f"RNN ({CHANDRA})", published["RNN"], (RNNRegressor,)),
            Published(
                f"encoder-decoder LSTM ({CHANDRA})",
                published["encoder-decoder LSTM"],
                (LSTMRegressor,),
                DECODER,
            ),
        ),
        gap=data.N_LAGS + data.N_AHEAD,
        why_behind="""\
Why: the settings were chosen with plain networks, and are the same for the five chaotic series.
The encoder-decoder was not tuned on its own. The published one goes on with the weights of earlier
runs.
""",
    )


CHAOTIC_SETTINGS = {"units": (32, 32), "epochs": 200, "batch_size": 32, "learning_rate": 0.01}
CHAOTIC_CANDIDATES = {
    "units": [32, 64, (32, 32)],
    "learning_rate": [0.01, 0.03],
    "batch_size": [16, 32],
}

CHAOTIC = (
    chaotic(
        "laser",
        "Laser, ten steps ahead",
        "Intensity of a laser (Santa Fe competition, data set A; comes with reservoirpy).",
        {"LSTM": 0.191, "RNN": 0.258, "encoder-decoder LSTM": 0.202},
        "0.233",
        CHAOTIC_TEXT,
    ),
    chaotic(
        "mackey_glass",
        "Mackey-Glass, ten steps ahead",
        "The Mackey-Glass equation with a delay of 17, at each full time. The authors' file has "
        "the same equation from another start.",
        {"LSTM": 0.0897, "RNN": 0.1321, "encoder-decoder LSTM": 0.0602},
        "0.139",
    ),
    chaotic(
        "lorenz",
        "Lorenz, ten steps ahead",
        "x of the Lorenz system, every 0.01, equal to the authors' file to 0.002.",
        {"LSTM": 0.0254, "RNN": 0.0542, "encoder-decoder LSTM": 0.0234},
        "0.163",
    ),
    chaotic(
        "rossler",
        "Rössler, ten steps ahead",
        "x of the Rössler system, every 0.1, equal to the authors' file to 0.0002.",
        {"LSTM": 0.0488, "RNN": 0.103, "encoder-decoder LSTM": 0.0427},
        "0.090",
    ),
    chaotic(
        "henon",
        "Hénon, ten steps ahead",
        "The Hénon map. The authors' file has the same map, and the same first thirty values.",
        {"LSTM": 0.4516, "RNN": 0.5162, "encoder-decoder LSTM": 0.3294},
        "0.501",
    ),
)

VOWELS = Table(
    "vowels",
    "Japanese Vowels, nine speakers",
    """\
Recordings of 7 to 29 steps with 12 numbers each, and the speaker (Kudo, Toyama & Shimbo 1999; comes
with aeon): 270 to train on, 370 to test on. The published figures are means of ten runs in Ismail
Fawaz et al. (2019), Deep learning for time series classification: a review. TWIESN is their
recurrent network, a reservoir whose recurrent weights are not trained.
""",
    "accuracy",
    data.vowels,
    rivals={
        "logistic regression on padded steps": make_pipeline(
            FunctionTransformer(pad_with_zeros),
            LogisticRegression(max_iter=1000),
        )
    },
    settings={
        "units": 32,
        "bidirectional": True,
        "epochs": 30,
        "batch_size": 16,
        "learning_rate": 0.01,
    },
    prepare=of_scaled_steps,
    cells=CLASSIFIERS,
    variants=dict.fromkeys(CLASSIFIERS, (THREE,)),
    candidates={"units": [32, 64], "dropout": [0.0, 0.3, 0.5], "bidirectional": [False, True]},
    published=(
        Published("TWIESN (Ismail Fawaz et al. 2019)", 0.965, CLASSIFIERS),
        Published("MLP (Ismail Fawaz et al. 2019)", 0.976),
    ),
    digits=3,
    higher_is_better=True,
)

SMALL = {"units": (32, 32), "epochs": 200, "batch_size": 32, "learning_rate": 0.003}

SERIES = (
    Table(
        "passengers_six",
        "Airline passengers, six months ahead",
        """\
Monthly passengers of 1949 to 1960 (Box & Jenkins; comes with aeon). As in darts' notebook on
recurrent networks (04-RNN-examples), the months up to January 1959 are for training, a model is not
trained again afterwards, and each month from June 1959 to December 1960 is predicted six months
ahead. darts' LSTM has 20 units and 300 epochs, reads month and year of the predicted months, too,
and one seed is shown. All models here predict logarithms from those of 36 months, and know neither
month nor year. MAPE is in percent.
""",
        "MAPE",
        data.passengers_six,
        rivals={
            LAST: NaiveRegressor(),
            SEASON: NaiveRegressor(strategy="seasonal", season_length=12),
            "RidgeCV": RIDGE,
        },
        settings=SMALL,
        variants=ALL_OPTIONS,
        candidates={
            "units": [32, (32, 32)],
            "epochs": [100, 200, 400],
            "learning_rate": [0.003, 0.01],
        },
        published=(Published("LSTM (darts)", 2.71, (LSTMRegressor,)),),
        digits=2,
        why_behind="""\
Why: most test months are above all training months, where a network without normalized windows or a
linear skip does not follow, and 68 rows are few. darts' network knows month and year, and moves
ahead in steps of one month.
""",
    ),
    Table(
        "passengers_next",
        "Airline passengers, the next month",
        "A rising, seasonal series, not transformed. Eight years are for training, four for the "
        "test. Windows of 12 months behind MinMaxScaler.\n",
        "RMSE",
        data.passengers_next,
        rivals={
            LAST: NaiveRegressor(),
            SEASON: NaiveRegressor(strategy="seasonal", season_length=12),
            "RidgeCV": RIDGE,
        },
        settings={**SMALL, "epochs": 400},
        variants=dict.fromkeys(REGRESSORS, (*OPTIONS, STOPPED)),
        candidates={
            "units": [32, (32, 32)],
            "epochs": [100, 200, 400],
            "learning_rate": [0.003, 0.01],
        },
        digits=2,
    ),
    Table(
        "price",
        "Price of a stock, the next day",
        "Opening prices of GOOG: 2009 to 2011 for training, 2012 for the test. Windows of 20 days "
        "behind MinMaxScaler. Prices are nearly a random walk.\n",
        "RMSE",
        data.price,
        rivals={LAST: NaiveRegressor(), "RidgeCV": RIDGE},
        settings={**SMALL, "epochs": 100},
        variants=dict.fromkeys(REGRESSORS, (*OPTIONS, STOPPED)),
        candidates={
            "units": [32, (32, 32)],
            "epochs": [25, 50, 100],
            "learning_rate": [0.001, 0.003],
        },
        digits=2,
    ),
    Table(
        "volume",
        "Volume of a stock, the next day",
        "Logarithms of the number of shares of GOOG traded in a day: 2009 to 2011 for training, "
        "2012 for the test. Windows of 20 days behind StandardScaler. The series returns to its "
        "mean.\n",
        "RMSE",
        data.volume,
        rivals={LAST: NaiveRegressor(), "RidgeCV": RIDGE},
        settings={**SMALL, "epochs": 25},
        variants=ALL_OPTIONS,
        candidates={
            "units": [32, (32, 32)],
            "epochs": [10, 25, 50],
            "learning_rate": [0.001, 0.003],
        },
        digits=4,
    ),
)

TABLES = {table.name: table for table in (*WAVES, *CHAOTIC, VOWELS, *SERIES)}
