"""Calendars of markets and shops: only steps that are removed are missing."""

import warnings

import numpy as np
import pandas as pd
import pytest
from pandas.tseries.holiday import GoodFriday, USFederalHolidayCalendar

from skrnn import SlidingWindowTransformer
from skrnn.exceptions import RowsMissingWarning
from skrnn.windows._labels import LabeledRows, read_ticks
from skrnn.windows._next_labels import summarize_labels
from skrnn.windows._placing import count_missing_steps, match_resolution, place_labels

NEW_YORK = "America/New_York"
# The day after Thanksgiving, Christmas Eve, and the day before July 4.
HALF_DAYS = ["2022-11-25", "2023-07-03", "2023-11-24", "2024-07-03", "2024-11-29", "2024-12-24"]


def hours(is_open, freq="1h"):
    """Return the labels of two years at which it is open: weekday and hour of New York."""
    every = pd.date_range("2023-01-02", "2024-12-31", freq=freq, tz=NEW_YORK, inclusive="left")
    return every[is_open(every.day_of_week, every.hour + every.minute / 60)]


def currencies(day, hour):
    return ((day < 4) | ((day == 4) & (hour < 17))) | ((day == 6) & (hour >= 17))


def futures(day, hour):
    evening = (hour >= 18) & ((day < 4) | (day == 6))
    return evening | ((day < 5) & (hour < 17))


def short_saturdays(day, hour):
    return (hour >= 8) & (((day < 5) & (hour < 20)) | ((day == 5) & (hour < 16)))


def exchange(step="5min", *, closed=True):
    """Return the bars of an exchange with its holidays, and its half days before them."""
    days = pd.bdate_range("2023-01-02", "2024-12-31")
    if closed:
        holidays = USFederalHolidayCalendar().holidays(days[0], days[-1])
        days = days.difference(holidays).difference(GoodFriday.dates(days[0], days[-1]))
    bars = pd.timedelta_range("9h30min", "15h59min", freq=step)
    every = days.repeat(len(bars)) + pd.TimedeltaIndex(np.tile(bars, len(days)))
    is_short = every.normalize().isin(pd.DatetimeIndex(HALF_DAYS)) & (every.hour >= 13)
    return every[~(is_short & closed)].tz_localize(NEW_YORK)


def summary_of(labels):
    rows = LabeledRows(None, None, labels)
    return summarize_labels(rows, read_ticks(rows), slice(None), 3)


def missing(summary, labels):
    return count_missing_steps(
        read_ticks(LabeledRows(None, None, labels), summary["timezone"]), summary
    )


def steps_to(summary, labels):
    ticks = read_ticks(LabeledRows(None, None, labels), summary["timezone"])
    return place_labels(match_resolution(ticks, summary["second"]), summary).steps


WEEKS = {
    "currencies": hours(currencies),
    "currencies of 15 minutes": hours(currencies, "15min"),
    "currencies of 4 hours": hours(lambda day, hour: currencies(day, hour) & (hour % 4 == 1)),
    "currencies in UTC": hours(currencies).tz_convert("UTC"),
    "futures": hours(futures),
    "futures of 5 minutes": hours(futures, "5min"),
    "a shop with short Saturdays": hours(short_saturdays).tz_localize(None),
    "an exchange": exchange(),
    "an exchange without a zone": exchange().tz_localize(None),
    "an exchange by the hour": exchange("1h"),
    "an exchange in UTC": exchange().tz_convert("UTC"),
    "an exchange in UTC by the hour": exchange("1h").tz_convert("UTC"),
    "an exchange in UTC without a zone": exchange().tz_convert("UTC").tz_localize(None),
}


@pytest.mark.parametrize("name", WEEKS)
def test_no_steps_are_missing_in_years_of_a_week_with_nights_and_weekends(name):
    labels = WEEKS[name]
    weeks = (labels[0] + pd.Timedelta(weeks=n) for n in (3, 30, 48, 70))
    for cut in (*labels.searchsorted(pd.DatetimeIndex(weeks)), len(labels)):
        summary = summary_of(labels[:cut])
        found = missing(summary, labels)
        assert labels[1:][found > 0].tolist() == []
    is_late = np.diff(labels.asi8) > np.diff(labels.asi8).min()
    for cut in np.flatnonzero(is_late)[30::97] + 1:
        assert steps_to(summary_of(labels[:cut]), labels[cut:]) == 1


@pytest.mark.parametrize(
    ("name", "first", "gone"),
    [
        ("currencies", "2024-02-07 11:00", 1),
        ("currencies", "2024-02-07 00:00", 9),
        ("currencies", "2024-02-09 16:00", 3),
        ("futures", "2024-02-07 11:00", 2),
        ("futures", "2024-02-06 18:00", 3),
        ("a shop with short Saturdays", "2024-02-10 15:00", 1),
        ("an exchange", "2024-02-07 10:00", 1),
        ("an exchange", "2024-02-07 09:30", 12),
        ("an exchange", "2024-02-07 09:30", 13),
        ("an exchange in UTC", "2024-02-07 10:00", 12),
        ("an exchange in UTC", "2024-07-02 12:55", 20),
    ],
)
def test_steps_removed_from_a_week_are_missing(name, first, gone):
    every = WEEKS[name]
    zone = NEW_YORK if every.tz is not None else None
    where = every.get_loc(pd.Timestamp(first, tz=zone))
    left = every.delete(range(where, where + gone))
    summary = summary_of(every[: 20 * every.size // 40])
    found = missing(summary, left)
    assert (found.sum(), found[where - 1]) == (gone, gone)
    # The same steps are missing if these labels are fitted.
    assert missing(summary_of(left), left).sum() == gone


def test_ends_of_sessions_are_no_missing_steps_but_late_begins_are():
    labels = exchange(closed=False)
    summary = summary_of(labels[:3000])
    at = {f"{day} {time}": labels.get_loc(pd.Timestamp(f"{day} {time}", tz=NEW_YORK))
          for day in ("2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08", "2024-07-09")
          for time in ("09:30", "12:55", "15:55", "10:00")}  # fmt: skip
    for first, last, n in (
        ("2024-07-03 12:55", "2024-07-05 09:30", 0),
        ("2024-07-03 12:55", "2024-07-05 10:00", 42),
        ("2024-07-03 15:55", "2024-07-05 10:00", 6),
        ("2024-07-03 12:55", "2024-07-08 09:30", 0),
        ("2024-07-03 12:55", "2024-07-09 09:30", 36 + 3 * 78),
        ("2024-07-02 09:30", "2024-07-02 15:55", 76),
    ):
        assert missing(summary, labels[[at[first], at[last]]]).tolist() == [n]


def test_a_late_begin_in_utc_counts_the_hour_that_is_open_in_the_other_season():
    labels = WEEKS["an exchange in UTC"]
    summary = summary_of(labels)
    for day in ("2024-07-02", "2024-02-07"):
        where = labels.get_loc(pd.Timestamp(f"{day} 09:30", tz=NEW_YORK))
        assert missing(summary, labels.delete(range(where, where + 3))).sum() == 3 + 12


def from_gaps(labels, *gaps):
    """Return how many steps are missing where labels are taken out, after 30 days of a fit."""
    summary = summary_of(labels[labels < labels[0] + pd.Timedelta(days=30)])
    assert not missing(summary, labels).any()
    return [
        missing(summary, labels[(labels < first) | (labels > last)]).sum() for first, last in gaps
    ]


@pytest.mark.parametrize("step", ["5min", "30min"])
def test_a_break_for_lunch_ends_no_session(step):
    times = pd.timedelta_range("9h", "11h29min", freq=step)
    times = times.append(pd.timedelta_range("12h30min", "14h59min", freq=step))
    days = pd.bdate_range("2024-01-01", periods=200)
    labels = days.repeat(len(times)) + pd.TimedeltaIndex(np.tile(times, len(days)))
    day, n = len(times), len(times) // 10
    assert from_gaps(
        labels,
        ("2024-04-02 11:00", "2024-04-02 12:00"),
        ("2024-04-02 12:30", "2024-04-02 12:59"),
        ("2024-04-02 12:30", "2024-04-02 15:00"),
        ("2024-04-02", "2024-04-03 15:00"),
        ("2024-04-02", "2024-04-04 15:00"),
    ) == [n, n, 0, 0, 3 * day]


def test_weekdays_around_the_clock_have_whole_holidays_but_no_half_days():
    labels = pd.date_range("2024-01-01", periods=3000, freq="h")
    labels = labels[labels.day_of_week < 5]
    assert from_gaps(
        labels,
        ("2024-04-02", "2024-04-02 23:00"),
        ("2024-04-02", "2024-04-03 23:00"),
        ("2024-04-02", "2024-04-04 23:00"),
        ("2024-04-02 19:00", "2024-04-02 23:00"),
        ("2024-04-02 19:00", "2024-04-03 23:00"),
        ("2024-04-02 19:00", "2024-04-04 02:00"),
        ("2024-04-03 00:00", "2024-04-03 00:00"),
        ("2024-04-01", "2024-04-02 23:00"),
    ) == [0, 0, 72, 5, 5, 8, 1, 0]


@pytest.mark.parametrize("bars", [1, 3])
@pytest.mark.parametrize(
    ("weekdays", "is_trading"),
    [
        ((1, 2, 3, 4, 5), True),
        ((6, 0, 1, 2, 3), True),
        ((0, 1, 2, 3), True),
        ((0, 2, 4), False),
        ((0, 1, 2, 3, 4, 5), False),
        ((0, 1, 3, 4, 5), False),
    ],
)
def test_weeks_with_two_closed_days_in_a_row_have_holidays(bars, weekdays, is_trading):
    days = pd.date_range("2024-01-01", periods=200)
    days = days[days.day_of_week.isin(weekdays)]
    labels = days.repeat(bars) + pd.TimedeltaIndex(
        np.tile(pd.to_timedelta(9 + np.arange(bars), unit="h"), len(days))
    )
    # A Wednesday, or the first day of a week.
    day = "2024-04-03" if 2 in weekdays else "2024-04-04"
    assert from_gaps(labels, (day, day + " 23:00")) == [0 if is_trading else bars]


def test_a_weekend_that_was_guessed_is_open_where_later_labels_lie_in_it():
    days = pd.date_range("2024-01-01", periods=60)
    labels = days.repeat(8) + pd.TimedeltaIndex(
        np.tile(pd.to_timedelta(9 + np.arange(8), unit="h"), len(days))
    )
    summary = summary_of(labels[:24])
    assert not missing(summary, labels).any()
    assert missing(summary, labels.delete(range(80, 88))).sum() == 8


def test_steps_are_missing_at_the_begin_of_a_session_in_the_season_that_was_not_fitted():
    labels = WEEKS["an exchange in UTC"]
    summary = summary_of(labels[labels < "2023-03-10"][:1500])
    end = labels.get_loc(pd.Timestamp("2023-11-14 20:55", tz="UTC"))
    summer = summary_of(labels[6000:9000])
    assert missing(summer, labels[[end, end + 1]]).tolist() == [0]
    # And the hour that is open in summer only.
    assert missing(summer, labels[[end, end + 4]]).tolist() == [3 + 12]
    assert missing(summary, labels[[end, end + 4]]).tolist() == [3]


@pytest.mark.parametrize("n_weeks", [2, 5])
def test_labels_missing_twice_by_chance_in_a_week_are_missing(n_weeks):
    labels = pd.date_range("2024-01-01", periods=n_weeks * 168, freq="h")
    # The same two hours of two weeks, which a fit of two weeks has not seen.
    left = labels.delete([30, 31, 198, 199])
    assert missing(summary_of(left), left).sum() == 4
    # And some hours that were passed once only.
    left = labels[:240].delete(range(80, 90))
    assert missing(summary_of(left), left).sum() == 10


def trading_days(n):
    return pd.bdate_range("2020-01-01", periods=n)


@pytest.mark.parametrize(("gone", "n"), [(60, 60), (10, 10), (9, 0)])
@pytest.mark.parametrize("bars", [1, 3])
def test_a_long_gap_in_fitted_trading_days_is_no_holiday(gone, n, bars):
    days = trading_days(500)
    hours = pd.to_timedelta(10 + np.arange(bars), unit="h")
    labels = days.repeat(bars) + pd.TimedeltaIndex(np.tile(hours, 500))
    left = labels.delete(range(200 * bars, (200 + gone) * bars))
    summary = summary_of(left)
    assert missing(summary, left).sum() == n * bars
    X = pd.DataFrame({"a": np.arange(float(len(left)))}, index=left)
    if n:
        with pytest.raises(ValueError, match=f"^{n * bars} steps are missing"):
            SlidingWindowTransformer(3, gaps="raise").fit(X)
    else:
        SlidingWindowTransformer(3, gaps="raise").fit(X)
    later = pd.bdate_range(labels[-1].normalize(), periods=27)[26:] + hours[0]
    assert steps_to(summary, later) == 1 + 25 * bars


def test_two_holidays_in_a_row_are_no_missing_step_anywhere():
    days = trading_days(100)
    summary = summary_of(days[:50])
    assert summary["rule"]["longest"] == 3
    assert steps_to(summary, days[52:]) == 1
    assert steps_to(summary, days[53:]) == 4
    assert missing(summary, days.delete([60, 61, 70, 71, 72])).tolist().count(3) == 1


@pytest.mark.parametrize("n_fitted", [3, 5])
def test_labels_that_pass_weekends_tell_that_days_are_trading_days(n_fitted):
    days = exchange().normalize().unique().tz_localize(None)
    # From a Monday on.
    days = days[days >= "2023-02-27"]
    summary = summary_of(days[:n_fitted])
    assert not missing(summary, days).any()
    assert not missing(summary, days[5:14].delete(5)).any()
    assert missing(summary, days.delete(range(50, 55))).sum() == 5
    every = pd.date_range(days[0], periods=100)
    assert missing(summary, every.delete([20, 21])).sum() == 2


def test_bars_of_an_exchange_do_not_warn():
    labels = exchange("15min")
    X = pd.DataFrame({"a": np.arange(float(len(labels)))}, index=labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RowsMissingWarning)
        window = SlidingWindowTransformer(4, gaps="raise").fit(X[:3000])
        assert len(window.transform(X[3000:])) == len(X) - 3000
