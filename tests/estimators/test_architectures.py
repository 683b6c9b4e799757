"""Each architecture with each cell, against recurrences written as textbooks write them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from recurrences import count_parameters, forward

from skrnn import GRURegressor, LSTMRegressor, RNNRegressor, config_context

N_SAMPLES, N_TIMESTEPS, N_FEATURES, N_OUTPUTS = 6, 4, 2, 2
# Of the architectures whose outputs have steps of their own.
N_STEPS = 3

# Class, the options that only it has, and what the textbook calls it.
CELLS = {
    "rnn": (RNNRegressor, {}, "simple_rnn"),
    "lstm": (LSTMRegressor, {}, "lstm"),
    "lstm_peephole": (LSTMRegressor, {"peephole": True}, "peephole_lstm"),
    "gru": (GRURegressor, {}, "gru"),
    "gru_reset_before": (GRURegressor, {"reset_after": False}, "gru"),
}


@dataclass(frozen=True)
class Case:
    """A network: its parameters, and what the textbook is told of it."""

    architecture: str
    cell: str
    units: int | tuple[int, ...]
    bidirectional: bool = False
    linear_skip: bool = False

    def __str__(self):
        flags = ["bidirectional"] * self.bidirectional + ["linear_skip"] * self.linear_skip
        units = str(self.units).replace(", ", "+")
        return "-".join([self.architecture, self.cell, units, *flags])

    def make_estimator(self):
        estimator_class, options, _ = CELLS[self.cell]
        return estimator_class(
            self.units,
            architecture=self.architecture,
            bidirectional=self.bidirectional,
            linear_skip=self.linear_skip,
            normalize_y=False,
            epochs=1,
            random_state=0,
            **options,
        )

    @property
    def description(self):
        """What both functions of the textbook need to know."""
        return {
            "cell": CELLS[self.cell][2],
            "units": self.units,
            "architecture": self.architecture,
            "bidirectional": self.bidirectional,
            "reset_after": self.cell == "gru",
            "linear_skip": self.linear_skip,
        }

    @property
    def x_shape(self):
        if self.architecture == "vector_to_sequence":
            return (N_SAMPLES, N_FEATURES)
        return (N_SAMPLES, N_TIMESTEPS, N_FEATURES)

    @property
    def y_shape(self):
        n_steps = {"sequence_to_vector": (), "sequence_to_sequence": (N_TIMESTEPS,)}
        return (N_SAMPLES, *n_steps.get(self.architecture, (N_STEPS,)), N_OUTPUTS)


def make_cases(architecture, *variants):
    """Return a case for each cell and each variant: units, and whether there are two directions."""
    return [
        Case(architecture, cell, units, bidirectional)
        for cell in CELLS
        for units, bidirectional in variants
    ]


ONE_WAY = ((3, False), ((3, 2), False))
BOTH_WAYS = ((3, True), ((3, 2), True))
OF_SEQUENCES = [
    *make_cases("sequence_to_vector", *ONE_WAY, *BOTH_WAYS),
    *make_cases("sequence_to_sequence", *ONE_WAY, *BOTH_WAYS),
    *make_cases("encoder_decoder", *ONE_WAY),
]
OF_VECTORS = make_cases("vector_to_sequence", *ONE_WAY, *BOTH_WAYS)
SKIPPING = [
    Case("sequence_to_vector", "rnn", 3, linear_skip=True),
    Case("sequence_to_vector", "gru", (3, 2), bidirectional=True, linear_skip=True),
]
# pytest tells shared fixtures by their place: in each list below, a case has the same place.
SHORTENED = OF_SEQUENCES
ABSENT = [*SHORTENED, *SKIPPING]
ALL = [*ABSENT, *OF_VECTORS]


def shared_by(cases):
    """Run a test with the fitted estimator of each case."""
    return pytest.mark.parametrize("fitted", cases, indirect=True, ids=str)


@dataclass
class Fitted:
    """An estimator and the rows that it was fitted on. Not to be fitted again."""

    case: Case
    estimator: Any
    X: np.ndarray

    def expected(self, X):
        """Return what the textbook says of rows."""
        return forward(X, self.estimator.weights_, n_steps=N_STEPS, **self.case.description)


@pytest.fixture(scope="module")
def fitted(request):
    """Fitted once for all tests of a case, with other weights than it has learned."""
    case = request.param
    rng = np.random.default_rng(0)
    X = rng.normal(size=case.x_shape)
    estimator = case.make_estimator().fit(X, rng.normal(size=case.y_shape))
    # After one epoch biases are all but 0, and so are the outputs of a linear skip.
    estimator.weights_ = [
        rng.normal(scale=0.5, size=weight.shape).astype(np.float32) for weight in estimator.weights_
    ]
    return Fitted(case, estimator, X)


def assert_near(actual, expected, tolerance=1e-5):
    """Compare arrays by the norm of their difference."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    assert np.linalg.norm(actual - expected) <= tolerance * np.linalg.norm(expected)


# Which steps each row lacks: none, the first, one in the middle, the last, several, and all.
LACKING = [[], [0], [2], [3], [0, 2], [0, 1, 2, 3]]
# Without their one missing step, all rows have the same length.
LACKING_ONE = [1, 2, 3]


def with_absent_steps(X):
    X = X.copy()
    for row, steps in zip(X, LACKING, strict=True):
        row[steps] = np.nan
    return X


@shared_by(ALL)
def test_outputs_are_those_of_the_textbook_with_either_engine_and_in_a_keras_model(fitted):
    expected = fitted.expected(fitted.X)
    assert expected.shape == fitted.case.y_shape
    assert_near(fitted.estimator.predict(fitted.X), expected)
    with config_context(engine="keras"):
        assert_near(fitted.estimator.predict(fitted.X), expected)

    model = fitted.estimator.to_keras()
    assert_near(model(fitted.X.astype(np.float32)), expected)

    n_weights = count_parameters(
        n_features=N_FEATURES,
        n_outputs=N_OUTPUTS,
        n_timesteps=N_TIMESTEPS,
        **fitted.case.description,
    )
    assert model.count_params() == n_weights
    assert sum(weight.size for weight in fitted.estimator.weights_) == n_weights


@shared_by(ABSENT)
def test_missing_steps_are_passed_over_as_in_the_textbook_with_either_engine(fitted):
    X = with_absent_steps(fitted.X)
    expected = fitted.expected(X)
    # Otherwise the test proves nothing: the share of missing steps is far above the tolerance.
    share = np.linalg.norm(expected - fitted.expected(fitted.X)) / np.linalg.norm(expected)
    assert share > 1e-3
    assert_near(fitted.estimator.predict(X), expected)
    with config_context(engine="keras"):
        assert_near(fitted.estimator.predict(X), expected)


@shared_by(SHORTENED)
def test_a_row_with_a_missing_step_is_predicted_like_the_row_without_it(fitted):
    X = with_absent_steps(fitted.X)[LACKING_ONE]
    is_present = ~np.isnan(X).any(axis=2)
    shortened = X[is_present].reshape(len(X), N_TIMESTEPS - 1, N_FEATURES)
    outputs = fitted.estimator.predict(X)
    if fitted.case.architecture == "sequence_to_sequence":
        outputs = outputs[is_present].reshape(len(X), N_TIMESTEPS - 1, N_OUTPUTS)
    assert_near(fitted.estimator.predict(shortened), outputs)
