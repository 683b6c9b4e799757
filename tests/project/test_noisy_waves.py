"""Example noisy_waves.py, run until its training begins, because it takes minutes."""

import numpy as np
import pytest
from sklearn.base import clone

EXAMPLE, UP_TO = "exercises/noisy_waves.py", "Training"


def test_the_parts_are_of_the_sizes_of_the_book_and_do_not_overlap(example):
    parts = [np.arange(10_000)[example[name]] for name in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [7_000, 2_000, 1_000]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(10_000))


def test_the_target_of_a_step_are_the_ten_values_that_follow_it(example):
    series, targets = example["ten_series"], example["y_every_step"]
    assert targets.shape == (10_000, 50, 10)
    np.testing.assert_array_equal(targets[3, 7], series[3, 8:18])
    np.testing.assert_array_equal(targets[:, -1], example["y_ten"])


def test_every_row_of_the_table_has_a_published_figure(example):
    assert example["published"].keys() == {*example["rivals"], *example["networks"]}


@pytest.mark.parametrize(
    ("rival", "error", "tolerance"),
    [
        # The book's 0.020 and 0.004; least squares, solved exactly, are at 0.003.
        (("next value", "NaiveRegressor"), 0.0206, 0.002),
        (("next value", "LinearRegression"), 0.0035, 0.001),
        # Where the book repeats the last target, this repeats the last known value.
        (("ten ahead", "NaiveRegressor"), 0.26, 0.02),
        (("ten ahead", "LinearRegression"), 0.0154, 0.002),
    ],
)
def test_rivals_have_about_the_published_errors(example, rival, error, tolerance):
    model, X, y = example["rivals"][rival]
    fitted = clone(model).fit(X[example["train"]], y[example["train"]])
    assert example["errors"](fitted, X, y)[1] == pytest.approx(error, abs=tolerance)
