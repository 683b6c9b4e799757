"""Place of rows: steps after the last fitted row, with one case for each rule."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skrnn import SlidingWindowTransformer
from skrnn.windows._labels import read_labels, read_ticks
from skrnn.windows._next_labels import summarize_labels
from skrnn.windows._placing import count_missing_steps, place_rows, share_rules

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"


def rows_of(index):
    return read_labels(pd.DataFrame({"a": np.zeros(len(index))}, index=index), None)


def fit(index, n_head=3):
    """Return what is kept of fitted labels."""
    rows = rows_of(index)
    summary = summarize_labels(rows, read_ticks(rows), slice(None), n_head)
    values = np.arange(float(len(index)))[:, np.newaxis]
    return {
        "head": values[:n_head],
        "context": values[-n_head:],
        "labels": summary,
    }


def place(fitted, index, values=99.0):
    """Return where rows of some labels begin, after those that were fitted."""
    start = fitted if isinstance(fitted, dict) else fit(fitted)
    zone = start["labels"]["timezone"] if start["labels"] else None
    values = np.full((len(index), 1), values) if np.ndim(values) == 0 else np.c_[values]
    return place_rows(values, read_ticks(rows_of(index), zone), start)


def steps_to(fitted, label):
    """Return how many steps after the fitted labels another one lies."""
    kind = pd.PeriodIndex if isinstance(label, pd.Period) else pd.Index
    placement = place(fitted, kind([label]))
    assert placement.reason == "later"
    return placement.steps


def sessions(start, periods, n=78):
    days = pd.bdate_range(start, periods=periods)
    bars = pd.timedelta_range("9h30min", periods=n, freq="5min")
    every = days.repeat(n) + pd.TimedeltaIndex(np.tile(bars, len(days)))
    return every.tz_localize(NEW_YORK)


def ny(text):
    return pd.Timestamp(text, tz=NEW_YORK)


def berlin(text):
    return pd.Timestamp(text, tz=BERLIN)


def days(*dates):
    return pd.DatetimeIndex(dates)


HOURS = pd.date_range("2024-03-28", "2024-03-30 22:00", freq="h", tz=BERLIN)
AUTUMN = pd.date_range("2024-10-24", "2024-10-26 22:00", freq="h", tz=BERLIN)
DAYS = pd.date_range("2024-03-01", "2024-03-30", tz=BERLIN)
# Months that end in New York: March 8 is a Friday, and clocks change on Sunday.
BARS = sessions("2024-02-26", 10)
TRADING = pd.bdate_range("2024-01-01", "2024-01-26")
# From Friday to Tuesday, as over Easter: three weekdays.
EASTER = TRADING.drop(days("2024-01-08", "2024-01-09"))
SUNDAY_TO_THURSDAY = pd.date_range("2024-01-01", "2024-01-31").drop(
    pd.date_range("2024-01-05", "2024-01-31", freq="W-FRI").union(
        pd.date_range("2024-01-06", "2024-01-31", freq="W-SAT")
    )
)
LESSONS = pd.DatetimeIndex(
    [day for day in pd.date_range("2024-01-01", "2024-01-31") if day.day_of_week in (0, 2, 4)]
)
STEPS = {
    # Numbers of one distance
    "numbers": (pd.RangeIndex(10, 40, 3), 46, 3),
    "between numbers": (pd.RangeIndex(10, 40, 3), 38, 1),
    "floats": (pd.Index(np.arange(20) * 0.1), 2.3, 4),
    "durations": (pd.timedelta_range("0s", periods=9, freq="90s"), pd.Timedelta("15min"), 2),
    "dates of one distance": (pd.date_range("2024", periods=9, freq="7h"), "2024-01-03 22:00", 2),
    # Nine of ten steps follow a rule: here one of ten does not, then one of nine.
    "nine of ten": (pd.Index([0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12]), 15, 3),
    "eight of nine": (pd.Index([0, 1, 2, 3, 4, 7, 8, 9, 10, 11]), 14, 1),
    # Without a rule: up to the largest step, then by the median (2), at least 2
    "up to the largest": (pd.Index([0, 1, 3, 6]), 9, 1),
    "by the median": (pd.Index([0, 1, 3, 6]), 13, 4),
    "at least 2": (pd.Index([0, 7, 14, 24, 34]), 44.5, 2),
    # Hours of a zone: clocks go from 2:00 to 3:00, and from 3:00 to 2:00
    "next hour in spring": (HOURS, berlin("2024-03-30 23:00"), 1),
    "over the change in spring": (HOURS, berlin("2024-03-31 03:00"), 4),
    "over the change in autumn": (AUTUMN, berlin("2024-10-27 03:00"), 6),
    # Days of local time: the day after a change of the clock is the next day
    "day of the change": (DAYS, berlin("2024-03-31"), 1),
    "day after the change": (DAYS, berlin("2024-04-01"), 2),
    "day after the change in UTC": (DAYS, pd.Timestamp("2024-03-31 22:00", tz="UTC"), 2),
    "a week and a day": (
        pd.date_range("2024-01-03", periods=9, freq="W-WED"),
        "2024-03-07",
        1,
    ),
    "weeks": (pd.date_range("2024-01-03", periods=9, freq="W-WED"), "2024-03-20", 3),
    "every other day": (pd.date_range("2024-01-01", periods=9, freq="2D"), "2024-01-21", 2),
    # Trading days: weekends are no steps, and a holiday is no missing step
    "over a weekend": (TRADING, "2024-01-29", 1),
    "over a weekend and a holiday": (TRADING, "2024-01-30", 1),
    "over a weekend and two holidays": (TRADING, "2024-01-31", 1),
    "over four trading days": (TRADING, "2024-02-01", 4),
    "over a whole week": (TRADING, "2024-02-05", 6),
    "up to the longest fitted distance": (EASTER, "2024-01-31", 1),
    "past the longest fitted distance": (EASTER, "2024-02-01", 4),
    "a Saturday": (TRADING, "2024-01-27", 1),
    "weekend of Friday and Saturday": (SUNDAY_TO_THURSDAY, "2024-02-04", 1),
    "lessons on three days": (LESSONS, "2024-02-02", 1),
    "lessons, one missing": (LESSONS, "2024-02-05", 2),
    # A fit within one week has seen no weekend
    "a first weekend": (pd.date_range("2024-01-01", periods=5), "2024-01-08", 1),
    "a Saturday that is a day": (pd.date_range("2024-01-01", periods=4), "2024-01-06", 2),
    "a Sunday that is a day": (pd.date_range("2024-01-01", periods=4), "2024-01-07", 3),
    "a Thursday that is missing": (pd.date_range("2024-01-01", periods=3), "2024-01-05", 2),
    # Sessions of an exchange: nights and weekends are no steps
    "next bar": (BARS[:-1], ny("2024-03-08 15:55"), 1),
    "over a night": (BARS[:-78], ny("2024-03-08 09:30"), 1),
    "over a weekend with a change of the clock": (BARS, ny("2024-03-11 09:30"), 1),
    "over a weekend, later": (BARS, ny("2024-03-11 09:45"), 4),
    "within a session": (BARS[:-10], ny("2024-03-08 15:30"), 5),
    "over a holiday": (BARS, ny("2024-03-12 09:30"), 1),
    "over half a session": (BARS, ny("2024-03-11 12:45"), 40),
    "after half a session": (BARS[:40], ny("2024-02-27 09:30"), 1),
    "after two sessions and a half": (BARS[30:234], ny("2024-02-29 09:30"), 1),
    "an evening that belongs to days": (HOURS[:12], berlin("2024-03-28 15:00"), 4),
    # Months
    "month starts": (pd.date_range("2023-01-01", periods=5, freq="MS"), "2023-08-01", 3),
    "month ends": (pd.date_range("2023-01-31", periods=5, freq="ME"), "2023-06-30", 1),
    "two month ends": (pd.date_range("2023-01-31", periods=2, freq="ME"), "2023-08-31", 6),
    "business months": (pd.date_range("2023-01-01", periods=9, freq="BME"), "2023-11-30", 2),
    "month starts of a zone": (
        pd.date_range("2023-08-01", periods=8, freq="MS", tz=BERLIN),
        berlin("2024-05-01"),
        2,
    ),
    "quarters": (pd.date_range("2022-01-01", periods=5, freq="QS"), "2023-10-01", 3),
    "years": (pd.date_range("2015-01-01", periods=5, freq="YS"), "2021-01-01", 2),
    "four weeks": (pd.date_range("2024-01-01", periods=12, freq="28D"), "2025-11-03", 13),
    "periods of months": (
        pd.period_range("2023-01", periods=5, freq="M"),
        pd.Period("2023-07", "M"),
        2,
    ),
    "periods of quarters": (
        pd.period_range("2023Q1", periods=5, freq="Q"),
        pd.Period("2024Q4", "Q"),
        3,
    ),
}


@pytest.mark.parametrize(("fitted", "label", "steps"), STEPS.values(), ids=STEPS)
def test_steps_from_the_last_fitted_label_are_counted_by_the_rule_of_the_fitted_labels(
    fitted, label, steps
):
    if isinstance(label, str):
        label = pd.Timestamp(label)
    assert steps_to(fitted, label) == steps


@pytest.mark.parametrize("length", [3, 2])
def test_labels_that_begin_with_the_first_fitted_ones_are_known_whatever_the_values(length):
    fitted = fit(pd.date_range("2024-01-01", periods=10))
    labels = pd.date_range("2024-01-01", periods=length)
    assert place(fitted, labels, values=np.full(length, 77.0)) == (None, "known")


def test_fitted_values_are_known_where_one_of_both_has_no_labels():
    fitted = fit(pd.date_range("2024-01-01", periods=10))
    head = np.array([0.0, 1.0, 2.0])
    assert place_rows(head[:, np.newaxis], None, fitted) == (None, "known")
    assert place(fitted, pd.Index(["a", "b", "c"]), values=head) == (None, "known")
    # Two values are too few.
    assert place_rows(head[:2, np.newaxis], None, fitted) == (1, "trust")


@pytest.mark.parametrize("first", ["2024-01-05", "2024-01-10", "2023-12-31"])
def test_labels_that_begin_before_the_fitted_end_are_earlier(first):
    fitted = fit(pd.date_range("2024-01-01", periods=10))
    assert place(fitted, pd.date_range(first, periods=3)) == (None, "earlier")


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (["2024-01-11"], "text"),
        ([11], "kind"),
        (pd.date_range("2024-01-11", periods=1, tz="UTC"), "kind"),
        ([1, "a"], "mixed"),
        ([pd.NaT], "missing"),
    ],
)
def test_labels_of_another_kind_cannot_be_placed(labels, reason):
    fitted = fit(pd.date_range("2024-01-01", periods=10))
    assert place(fitted, pd.Index(labels)) == (None, reason)


def test_fitted_text_is_known_and_other_text_is_not_placed():
    fitted = fit(pd.Index(list("abcdef")))
    assert place(fitted, pd.Index(list("abc"))) == (None, "known")
    assert place(fitted, pd.Index(list("gh"))) == (None, "text")


@pytest.mark.parametrize("fitted", [pd.RangeIndex(9), pd.date_range("2024", periods=9)])
def test_a_default_index_is_no_label_if_fitted_labels_begin_at_0_or_are_no_numbers(fitted):
    assert place(fitted, pd.RangeIndex(4)) == (1, "trust")
    assert place(fitted, pd.Index([0, 1], dtype="uint8")) == (1, "trust")


def test_a_default_index_is_a_label_beside_numbers_that_do_not_begin_at_0():
    assert place(pd.RangeIndex(5, 9), pd.RangeIndex(4)) == (None, "earlier")
    assert place(pd.RangeIndex(-5, 0), pd.RangeIndex(4)) == (1, "later")
    assert place(pd.RangeIndex(9), pd.RangeIndex(9, 12)) == (1, "later")
    assert place(pd.RangeIndex(9), pd.RangeIndex(11, 12)) == (3, "later")
    assert place(pd.RangeIndex(9), pd.RangeIndex(4, 12)) == (None, "earlier")


def test_a_series_of_one_row_takes_the_steps_of_the_others():
    of_one, of_many = fit(days("2024-01-30")), fit(pd.date_range("2024-01-01", periods=30))
    assert place(of_one, days("2024-02-02")) == (None, "single")
    share_rules([of_one["labels"], of_many["labels"]], [1, 30])
    assert steps_to(of_one, pd.Timestamp("2024-02-02")) == 3


def test_an_unknown_series_and_labels_after_an_array_have_no_place():
    labels = read_ticks(rows_of(DAYS))
    assert place_rows(np.zeros((30, 1)), labels, None) == (None, "new")
    assert place({**fit(DAYS), "labels": None}, DAYS) == (None, "kind")


def test_microseconds_and_nanoseconds_are_compared():
    fine = pd.date_range("2024-01-01", periods=9, freq="500ns")
    assert steps_to(fine, pd.Timestamp("2024-01-01") + pd.Timedelta(6000, "ns")) == 4
    assert steps_to(fine.as_unit("ns"), pd.Timestamp("2024-01-01 00:00:00.000005")) == 2


MISSING = {
    "hours": (HOURS, HOURS.delete([5, 6, 9]), [0, 0, 0, 0, 2, 0, 1]),
    "an hour that is not there": (HOURS, HOURS[-1:].append(HOURS[-1:] + pd.Timedelta("6h")), [5]),
    "days of a zone": (DAYS, pd.DatetimeIndex([berlin("2024-03-30"), berlin("2024-04-01")]), [1]),
    # Two holidays may follow each other.
    "trading days": (
        TRADING,
        days("2024-02-02", "2024-02-05", "2024-02-08", "2024-02-14"),
        [0, 0, 3],
    ),
    "a night": (BARS, BARS[70:90], [0] * 19),
    "a bar": (BARS, BARS[70:90].delete([3]), [0, 0, 1]),
    "no rule": (pd.Index([0, 1, 3, 6]), pd.Index([9, 19, 99]), [0, 0]),
    "another kind": (DAYS, pd.RangeIndex(5, 15, 3), [0, 0, 0]),
    "numbers": (pd.RangeIndex(0, 30, 3), pd.Index([30, 36, 39]), [1, 0]),
    "all rows of a count": (pd.RangeIndex(0, 30, 3), pd.RangeIndex(30, 33), [0, 0]),
}


@pytest.mark.parametrize(("fitted", "labels", "missing"), MISSING.values(), ids=MISSING)
def test_steps_are_missing_between_rows_by_the_rule_of_the_fitted_labels(fitted, labels, missing):
    summary = fit(fitted)["labels"]
    found = count_missing_steps(read_ticks(rows_of(labels), summary["timezone"]), summary)
    assert found[: len(missing)].tolist() == missing
    assert found.sum() == sum(missing)


@pytest.mark.parametrize(
    "index",
    [
        [0, 2, 4],
        pd.to_timedelta([0, 2, 5], unit="h"),
        pd.PeriodIndex(["2024-01", "2024-03", "2024-09"], freq="M"),
    ],
    ids=["numbers", "durations", "periods"],
)
def test_rows_with_holes_and_labels_of_another_kind_than_the_fitted_start_afresh(index):
    dates = pd.bdate_range("2024-01-01", periods=1)
    window = SlidingWindowTransformer(1, horizon=0, carry_context=False, gaps="warn")
    window.fit(pd.DataFrame({"a": [1.0]}, index=dates))
    rows = pd.DataFrame({"a": [2.0, 3.0, 4.0]}, index=index)
    with warnings.catch_warnings():
        # Some of these labels have holes by their rule, which is a warning.
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(window.transform(rows), rows)
