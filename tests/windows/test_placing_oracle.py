"""Windows with missing steps, compared with an oracle that reindexes the whole series.

The oracle knows by which rule the labels were made, and so the number of the step of each row. It
puts the rows at these steps with pandas, and looks each step of each window up on its own.
"""

import re
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import SlidingWindowTransformer
from skrnn.exceptions import RowsMissingWarning

BERLIN = "Europe/Berlin"
WEEK_OF_ALL = 7


class Kind(NamedTuple):
    """Labels of one rule: all steps, and how many rows a fit needs to show the rule."""

    make: Callable
    n_least: int
    is_telling: Callable = lambda labels: True


def _sessions(start, n):
    n_a_day = 3 + start % 4
    days = pd.bdate_range(pd.Timestamp("2024-02-26") + pd.Timedelta(days=start), periods=n)
    hours = pd.to_timedelta(np.arange(n_a_day), unit="h") + pd.Timedelta("9h30min")
    every = [day + hour for day in days for hour in hours]
    return pd.DatetimeIndex(every, tz="America/New_York")[:n]


def _all_hours(labels):
    return len(set(labels.hour)) == 24


def _all_weekdays(labels):
    return len(set(labels.day_of_week)) == WEEK_OF_ALL


def _days_before(start, n, **how):
    return pd.date_range(pd.Timestamp("2024-03-20") + pd.Timedelta(days=start), periods=n, **how)


KINDS = {
    "hours of a zone": Kind(lambda a, n: _days_before(a, n, freq="h", tz=BERLIN), 60, _all_hours),
    "autumn": Kind(
        lambda a, n: pd.date_range("2024-10-20", periods=a + n, freq="h", tz=BERLIN)[a:],
        60,
        _all_hours,
    ),
    "hours": Kind(lambda a, n: _days_before(a, n, freq="h"), 60, _all_hours),
    "days": Kind(lambda a, n: _days_before(a, n), 16, _all_weekdays),
    "days of a zone": Kind(lambda a, n: _days_before(a, n, tz=BERLIN), 16, _all_weekdays),
    "weeks": Kind(lambda a, n: _days_before(a, n, freq="W-WED", tz=BERLIN), 3),
    "sessions": Kind(
        _sessions, 60, lambda labels: len(set(labels.hour)) == len(set(labels[:20].hour))
    ),
    "month starts": Kind(lambda a, n: _days_before(a, n, freq="MS"), 3),
    "month ends": Kind(lambda a, n: _days_before(a, n, freq="ME", tz=BERLIN), 3),
    "years": Kind(lambda a, n: _days_before(a, n, freq="YS"), 3),
    "quarters": Kind(lambda a, n: pd.period_range("1990Q1", periods=a + n, freq="Q")[a:], 3),
    "periods": Kind(lambda a, n: pd.period_range("1990-01", periods=a + n, freq="M")[a:], 3),
    "durations": Kind(lambda a, n: pd.timedelta_range("1h", periods=a + n, freq="90s")[a:], 3),
    "numbers": Kind(lambda a, n: pd.RangeIndex(5 + a, 5 + a + 3 * n, 3), 3),
    "floats": Kind(lambda a, n: pd.Index((a + 1 + np.arange(n)) * 0.1), 3),
}


@st.composite
def series(draw):
    """Draw the labels and steps of fitted rows and of later ones; None if they show no rule."""
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    n_fitted = kind.n_least + draw(st.integers(0, 20))
    n_before, n_later = draw(st.integers(0, 9)), draw(st.integers(1, 8))
    n_steps = n_fitted + n_before + n_later
    labels = kind.make(draw(st.integers(0, 20)), n_steps)
    most = max(0, int(0.08 * (n_fitted - 2)))
    inner = st.integers(1, n_fitted - 2)
    dropped = draw(st.sets(inner, max_size=min(most, 4)))
    fitted = np.setdiff1d(np.arange(n_fitted), list(dropped))
    # Those that are left need a first one, from which missing steps are counted.
    gone = draw(st.sets(st.integers(1, n_later), max_size=3))
    later = np.setdiff1d(np.arange(n_later), list(gone)) + n_fitted + n_before
    return (labels, fitted, later) if kind.is_telling(labels[fitted]) else None


def whole_sessions(labels, steps):
    """Return steps without what may be missing in sessions of an exchange.

    That is up to two whole days, and the end of a session before the begin of one.
    """
    if not isinstance(labels, pd.DatetimeIndex) or str(labels.tz) != "America/New_York":
        return steps
    n_a_day = 1 + int((labels.hour - 9).max())
    # Labels have begun within a day or with it: all steps are of whole days but the first.
    of_day = np.asarray(labels[steps].hour) - 9
    day = (steps - of_day) // n_a_day
    gaps, n_days = np.diff(steps) - 1, np.diff(day)
    is_told = (n_days > 0) & (n_days <= 3)
    told = np.where(of_day[1:] == 0, 0, gaps - (n_days - 1) * n_a_day)
    return steps[0] + np.concatenate([[0], np.cumsum(1 + np.where(is_told, told, gaps))])


def look_up(values, steps, rows, *, window_length, horizon, fill):
    """Return the windows of rows, each step looked up by its number."""
    placed = pd.DataFrame(values, index=steps).reindex(range(steps[-1] + 1))
    placed = placed.fillna(pd.Series(fill)).to_numpy()
    windows = np.empty((len(rows), window_length, len(fill)))
    for i, row in enumerate(rows):
        for step in range(window_length):
            source = row - horizon - window_length + 1 + step
            windows[i, step] = placed[source] if source >= 0 else fill
    return windows.reshape(len(rows), -1)


@given(
    drawn=st.lists(series(), min_size=1, max_size=3),
    order=st.randoms(use_true_random=False),
    window_length=st.integers(1, 5),
    horizon=st.integers(0, 4),
    padding=st.sampled_from(["mean", "nan"]),
    gaps=st.sampled_from(["warn", "ignore", "missing", "raise"]),
    n_features=st.integers(1, 2),
    has_group=st.booleans(),
)
def test_windows_after_missing_steps_equal_those_of_the_whole_series_reindexed(
    drawn, order, window_length, horizon, padding, gaps, n_features, has_group
):
    drawn = [one for one in drawn if one is not None]
    # Series of one frame have labels of one type.
    drawn = [one for one in drawn if type(one[0]) is type(drawn[0][0])]
    drawn = [one for one in drawn if getattr(one[0], "tz", 0) == getattr(drawn[0][0], "tz", 0)]
    drawn = [one for one in drawn if one[0].dtype == drawn[0][0].dtype]
    if not drawn:
        return
    drawn = drawn if has_group else drawn[:1]
    lengths = {"fit": [len(f) for _, f, _ in drawn], "call": [len(c) for *_, c in drawn]}
    frames, columns = {}, [f"x{i}" for i in range(n_features)]
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(len(f) + len(c), n_features)) for _, f, c in drawn]
    places = {}
    for part in ("fit", "call"):
        codes = [code for code, n in enumerate(lengths[part]) for _ in range(n)]
        order.shuffle(codes)
        codes = np.array(codes)
        places[part] = [np.flatnonzero(codes == code) for code in range(len(drawn))]
        at = np.empty(len(codes), dtype=object)
        filled = np.empty((len(codes), n_features))
        for code, (labels, fitted, later) in enumerate(drawn):
            steps = fitted if part == "fit" else later
            at[places[part][code]] = list(labels[steps])
            own = values[code]
            filled[places[part][code]] = own[: len(fitted)] if part == "fit" else own[len(fitted) :]
        index = drawn[0][0][:0].append(pd.Index(list(at), dtype=drawn[0][0].dtype))
        frames[part] = pd.DataFrame(filled, columns=columns, index=index)
        if has_group:
            frames[part]["shop"] = codes
    transformer = SlidingWindowTransformer(
        window_length,
        horizon=horizon,
        padding=padding,
        gaps=gaps,
        group="shop" if has_group else None,
        flatten=True,
    )

    expected = np.empty((len(frames["call"]), window_length * n_features))
    every = frames["fit"][columns].to_numpy()
    fill = every.mean(axis=0) if padding == "mean" else np.full(n_features, np.nan)
    n_lost, n_missing = 0, {"fit": 0, "call": 0}
    for code, (labels, fitted, later) in enumerate(drawn):
        joint = whole_sessions(labels, np.concatenate([fitted, later]))
        fitted, later = joint[: len(fitted)], joint[len(fitted) :]
        n_missing["fit"] += int((np.diff(fitted) - 1).sum())
        n_missing["call"] += int((np.diff(later) - 1).sum())
        if gaps != "missing":
            # Rows of a call are read as if they were next to each other.
            n_between = later[0] - fitted[-1]
            fitted = np.arange(len(fitted))
            later = fitted[-1] + n_between + np.arange(len(later))
        expected[places["call"][code]] = look_up(
            values[code],
            np.concatenate([fitted, later]),
            later,
            window_length=window_length,
            horizon=horizon,
            fill=fill,
        )
        ends = later - horizon
        between = (ends > fitted[-1]) & (ends - window_length + 1 < later[0])
        n_lost += int(between.sum()) if later[0] - fitted[-1] > 1 else 0

    said = {}
    for part in ("fit", "call"):
        call = transformer.fit if part == "fit" else transformer.transform
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if gaps == "raise" and n_missing[part]:
                with pytest.raises(ValueError, match=f"^{n_missing[part]} steps? .* missing"):
                    call(frames[part])
                return
            windows = call(frames[part])
        assert len(caught) <= 1
        said[part] = str(caught[0].message) if caught else ""
        assert all(issubclass(one.category, RowsMissingWarning) for one in caught)
        told = re.search(r"(\d+) steps? (?:is|are) missing between", said[part])
        assert (int(told[1]) if told else 0) == (n_missing[part] if gaps == "warn" else 0)
    lost = sum(int(n) for n in re.findall(r"(\d+) of \d+ rows? lacks? ", said["call"]))
    assert lost == n_lost
    np.testing.assert_allclose(windows, expected, rtol=1e-12)


@st.composite
def trading_days(draw):
    """Draw fitted and later weekdays, with holidays: none of the former next to each other."""
    n_fitted = draw(st.integers(12, 40))
    start = pd.Timestamp("2023-12-01") + pd.Timedelta(days=draw(st.integers(0, 30)))
    days = pd.bdate_range(start, periods=n_fitted + 20)
    holidays = draw(st.sets(st.integers(1, n_fitted - 2), max_size=n_fitted // 12))
    first = n_fitted + draw(st.integers(0, 9))
    gone = draw(st.sets(st.integers(1, 8), max_size=5))
    fitted = np.setdiff1d(np.arange(n_fitted), list(holidays))
    return days, fitted, first + np.setdiff1d(np.arange(9), list(gone))


@given(
    drawn=trading_days(),
    window_length=st.integers(1, 5),
    horizon=st.integers(0, 4),
    gaps=st.sampled_from(["warn", "missing"]),
    zone=st.sampled_from([None, BERLIN]),
)
def test_a_distance_of_two_holidays_is_one_step_between_trading_days(
    drawn, window_length, horizon, gaps, zone
):
    days, fitted, later = drawn
    # Two holidays may follow each other.
    longest = max(3, int(np.diff(fitted).max()))
    numbers = np.concatenate([fitted, later])
    distances = np.diff(numbers)
    steps = np.concatenate([[0], np.cumsum(np.where(distances <= longest, 1, distances))])
    values = np.arange(float(len(numbers)))[:, np.newaxis]
    X = pd.DataFrame({"a": values[:, 0]}, index=days[numbers].tz_localize(zone))
    transformer = SlidingWindowTransformer(
        window_length, horizon=horizon, gaps=gaps, padding="nan"
    ).fit(X[: len(fitted)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        windows = transformer.transform(X[len(fitted) :])
    told = steps[len(fitted) :]
    if gaps == "warn":
        told = told[0] + np.arange(len(told))
    expected = look_up(
        values,
        np.concatenate([steps[: len(fitted)], told]),
        told,
        window_length=window_length,
        horizon=horizon,
        fill=np.array([np.nan]),
    )
    assert_array_equal(windows, expected)
    n_missing = int((np.diff(steps[len(fitted) :]) - 1).sum())
    found = [re.search(r"(\d+) steps? (is|are) missing b", str(one.message)) for one in caught]
    counts = [int(one[1]) for one in found if one]
    assert counts == ([n_missing] if n_missing and gaps == "warn" else [])


def _seconds(numbers):
    return pd.Timestamp("2024-01-01 00:00:07") + pd.to_timedelta(numbers, unit="s")


@given(
    steps=st.lists(st.integers(1, 9), min_size=2, max_size=12),
    distance=st.integers(1, 40),
    window_length=st.integers(1, 4),
    horizon=st.integers(0, 3),
    make=st.sampled_from([pd.Index, _seconds]),
)
def test_without_a_rule_long_distances_are_divided_by_the_median_step(
    steps, distance, window_length, horizon, make
):
    labels = np.concatenate([[0], np.cumsum(steps)])
    counts = np.bincount(steps)
    if counts.max() >= 0.9 * len(steps):
        return
    k = 1 if distance <= max(steps) else max(2, round(distance / float(np.median(steps))))
    X = pd.DataFrame({"a": np.arange(float(len(labels)))}, index=make(labels))
    later = pd.DataFrame({"a": [100.0, 101.0]}, index=make(labels[-1] + distance + np.arange(2)))
    transformer = SlidingWindowTransformer(window_length, horizon=horizon, padding="nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowsMissingWarning)
        windows = transformer.fit(X).transform(later)
    told = len(steps) + k + np.arange(2)
    expected = look_up(
        np.concatenate([X.to_numpy(), later.to_numpy()]),
        np.concatenate([np.arange(len(labels)), told]),
        told,
        window_length=window_length,
        horizon=horizon,
        fill=np.array([np.nan]),
    )
    assert_array_equal(windows, expected)
