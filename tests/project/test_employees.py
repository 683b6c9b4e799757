"""Example plot_employees.py: its splits and its windows, and the values that reach them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

EXAMPLE, UP_TO = "panels/plot_employees.py", "Search"
NAMES = ["Naive", "Ridge, past", "Ridge, planned leave", "GRU, past", "GRU, planned leave"]
PLANNED = ["Ridge, planned leave", "GRU, planned leave"]
# Months of the test part, counted from 0: the first, one in the middle, the last.
TEST_MONTHS = [0, 5, 11]


@pytest.fixture(scope="module")
def fitted(example):
    """All pipelines of the example with small networks, fitted once. Do not fit them again."""
    train = example["train"]
    pipelines = {}
    for name, (pipeline, _) in example["candidates"].items():
        pipeline = clone(pipeline)
        if name.startswith("GRU"):
            pipeline.set_params(model__units=4, model__epochs=2)
        pipelines[name] = pipeline.fit(train[example["features"]], train["hours"])
    return pipelines


def months_of(rows):
    return rows.index.get_level_values("month")


def employees_of(rows):
    return rows.index.get_level_values("employee")


def windows_of(pipeline, rows):
    """Return the input of the regressor, flattened or not, as (n_rows, 12, 2)."""
    return np.asarray(pipeline[:-1].transform(rows)).reshape(len(rows), 12, 2)


def windows_by_hand(panel, rows, train, name):
    """Return the windows of `rows`, looked up month by month in the whole panel.

    Steps before the first month of an employee are NaN for a network and the fitted mean for
    Ridge, which is 0 once scaled.
    """

    def keys(frame):
        # Months as numbers: arithmetic with periods would take most of the time of this test.
        return list(zip(employees_of(frame), months_of(frame).asi8, strict=True))

    hours = dict(zip(keys(panel), panel["hours"], strict=True))
    leave = dict(zip(keys(panel), panel["leave"], strict=True))
    # How many months the leave of a step lies after its hours.
    ahead = 1 if name in PLANNED else 0
    mean, spread = train[["hours", "leave"]].mean(), train[["hours", "leave"]].std(ddof=0)
    missing = np.array(mean) * (np.nan if name.startswith("GRU") else 1)
    windows = [
        [
            (hours[who, month - lag], leave[who, month - lag + ahead])
            if (who, month - lag) in hours
            else missing
            for lag in range(12, 0, -1)
        ]
        for who, month in keys(rows)
    ]
    return (np.array(windows) - np.array(mean)) / np.array(spread)


def test_every_point_of_every_grid_can_be_set(example):
    assert list(example["candidates"]) == NAMES
    for pipeline, grid in example["candidates"].values():
        for parameters in ParameterGrid(grid):
            clone(pipeline).set_params(**parameters)


def test_the_panel_is_sorted_by_month_and_has_each_row_once(example):
    panel = example["panel"]
    assert panel.index.names == ["employee", "month"]
    assert months_of(panel).is_monotonic_increasing
    assert panel.index.is_unique
    assert panel["leave"].between(0, 21).all()


def test_no_test_row_is_earlier_than_a_training_row(example):
    train, test = example["train"], example["test"]
    assert months_of(train).max() < months_of(test).min()
    pd.testing.assert_frame_equal(pd.concat([train, test]), example["panel"])


def test_no_row_of_a_fold_is_earlier_than_a_row_it_is_predicted_from(example):
    train = example["train"]
    splits = list(example["cv"].split(train[example["features"]], train["hours"]))
    assert len(splits) == 3
    for past, ahead in splits:
        known, predicted = train.iloc[past], train.iloc[ahead]
        # No month is cut in two either.
        assert months_of(known).max() + 1 == months_of(predicted).min()
        assert months_of(predicted).nunique() == 6
        assert (predicted.groupby(level="month").size() == 48).all()
    assert months_of(train.iloc[splits[-1][1]]).max() == months_of(train).max()


def test_twelve_employees_are_met_in_the_test_part_only(example):
    known, all_of_test = set(employees_of(example["train"])), set(employees_of(example["test"]))
    assert len(known) == 48
    assert known < all_of_test
    assert len(all_of_test - known) == 12


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("name", NAMES[1:])
def test_windows_equal_those_looked_up_month_by_month(example, fitted, name, part):
    rows = example[part]
    windows = windows_of(fitted[name], rows[example["features"]])
    expected = windows_by_hand(example["panel"], rows, example["train"], name)
    np.testing.assert_allclose(windows, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_windows_never_cross_employees(example, fitted, name):
    test = example["test"][example["features"]]
    changed = test.copy()
    of_one = employees_of(test) == "E07"
    changed.loc[of_one] += 5
    windows, others = windows_of(fitted[name], test), windows_of(fitted[name], changed)
    np.testing.assert_array_equal(windows[~of_one], others[~of_one])
    assert not np.array_equal(windows[of_one], others[of_one])


def test_the_first_test_window_of_a_known_employee_holds_the_last_training_months(example, fitted):
    train, test = example["train"], example["test"]
    windows = windows_of(fitted["Naive"], test[example["features"]])
    for row, who in enumerate(employees_of(test)[:48]):
        np.testing.assert_array_equal(windows[row], train.xs(who)[["hours", "leave"]].tail(12))


def test_planned_leave_of_the_first_test_month_follows_eleven_training_months(example, fitted):
    train, test = example["train"], example["test"]
    pipeline = fitted["GRU, planned leave"]
    windows = windows_of(pipeline, test[example["features"]])
    scale = pipeline["scale"]
    for row, who in enumerate(employees_of(test)[:48]):
        hours, leave = (windows[row] * scale.scale_ + scale.mean_).T
        past = train.xs(who).tail(12)
        np.testing.assert_allclose(hours, past["hours"])
        plan = test.loc[(who, example["border"]), "leave"]
        np.testing.assert_allclose(leave, [*past["leave"].iloc[1:], plan], atol=1e-12)


def test_an_employee_first_met_at_predict_starts_fresh(example, fitted):
    test, known = example["test"], set(employees_of(example["train"]))
    windows = windows_of(fitted["GRU, planned leave"], test[example["features"]])
    for who in set(employees_of(test)) - known:
        # No step in the first month, which has no past; one more each month.
        n_present = (~np.isnan(windows[employees_of(test) == who])).all(axis=2).sum(axis=1)
        np.testing.assert_array_equal(n_present, np.arange(len(n_present)))


@pytest.mark.parametrize("name", NAMES)
def test_every_employee_gets_finite_predictions(example, fitted, name):
    test = example["test"]
    predictions = fitted[name].predict(test[example["features"]])
    assert predictions.shape == (len(test),)
    assert np.isfinite(predictions).all()


@pytest.mark.parametrize("n_months", TEST_MONTHS)
@pytest.mark.parametrize("name", NAMES)
def test_hours_reach_no_prediction_of_their_month_or_an_earlier_one(
    example, fitted, name, n_months
):
    test = example["test"][example["features"]]
    first = example["border"] + n_months
    changed = test.copy()
    changed.loc[months_of(test) >= first, "hours"] += 40
    before, after = (fitted[name].predict(rows) for rows in (test, changed))
    up_to_then = months_of(test) <= first
    np.testing.assert_array_equal(before[up_to_then], after[up_to_then])
    # They do reach those of the month that follows.
    next_month = (months_of(test) == first + 1) & (employees_of(test) <= "E48")
    assert (before[next_month] != after[next_month]).all()


@pytest.mark.parametrize("n_months", TEST_MONTHS)
@pytest.mark.parametrize("name", NAMES[1:])
def test_leave_reaches_the_prediction_of_its_month_where_it_is_planned_and_no_earlier_one(
    example, fitted, name, n_months
):
    test = example["test"][example["features"]]
    first = example["border"] + n_months
    changed = test.copy()
    changed.loc[months_of(test) >= first, "leave"] += 3
    before, after = (fitted[name].predict(rows) for rows in (test, changed))
    earlier, same = months_of(test) < first, months_of(test) == first
    np.testing.assert_array_equal(before[earlier], after[earlier])
    if name in PLANNED:
        # The first month of an employee has no step that could hold its leave.
        has_past = np.array([example["hired"][who] < first for who in employees_of(test)])
        assert (before[same & has_past] != after[same & has_past]).all()
        np.testing.assert_array_equal(before[same & ~has_past], after[same & ~has_past])
    else:
        np.testing.assert_array_equal(before[same], after[same])


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_later_months_change_no_prediction(example, fitted, name):
    test = example["test"][example["features"]]
    half = test[months_of(test) < example["border"] + 6]
    predictions = fitted[name].predict(test)[: len(half)]
    np.testing.assert_array_equal(fitted[name].predict(half), predictions)


@pytest.mark.parametrize("name", NAMES)
def test_a_month_to_come_is_predicted_from_rows_without_hours(example, fitted, name):
    test = example["test"][example["features"]]
    december = months_of(test) == months_of(test).max()
    unknown = test.copy()
    unknown.loc[december, "hours"] = np.nan
    predictions = fitted[name].predict(unknown)
    np.testing.assert_array_equal(predictions, fitted[name].predict(test))
