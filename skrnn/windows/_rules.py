"""Steps between labels, counted by a rule of the calendar or of one distance: pure NumPy.

A rule is plain data, so that it can be saved. It is found in the labels of fitted rows, and says
how many steps lie between two labels. Labels are numbers that increase with time, called ticks:
numbers themselves, ordinals, or fractions of a second since 1970. Dates have a second number, their
local time, in which days and times of day are counted.
"""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np

from skrnn.windows._views import Array

# At least this share of the fitted steps follow a rule.
_SHARE = 0.9
# Times of day are told apart up to a second.
_MOST_SLOTS = 86_400
# More stretches of the day without a label than any session has.
_MOST_STRETCHES = 48
# Between rows two holidays may follow each other, as at Easter.
_HOLIDAYS = 3
_SATURDAY, _SUNDAY = 5, 6


class Rule(TypedDict):
    """How labels follow each other.

    `word` is "distance", "days", "months" or "times". Numbers are in ticks for "distance" and
    "times", else in days or months.
    """

    word: str
    step: Any
    day: int  # ticks a day, 0 for what is no date
    is_open: Array  # (7,) bool: weekdays that have labels, from Monday on
    is_guess: bool  # no fitted rows came after the days taken for a weekend
    longest: int  # days a step may take where holidays are no steps, 0 where they are
    phase: int
    closed: Array  # (n, 2) stretches of slots of the day that never have labels
    unseen: Array  # (n, 2) those and others that fitted labels have passed once or never


def find_rule(ticks: Array, local: Array | None, day: int) -> Rule | None:
    """Return the rule that at least nine of ten steps between labels follow, None without one.

    Parameters
    ----------
    ticks : ndarray of shape (n_labels,)
        Increasing.
    local : ndarray of shape (n_labels,) or None
        Local time in ticks since 1970, for dates.
    day : int
        Ticks a day, 0 for labels that are no dates.
    """
    steps = np.diff(ticks)
    if len(steps) == 0:
        return None
    middle = len(steps) // 2
    typical = np.partition(steps, middle)[middle]
    same = _are_near(steps, typical)
    share = _mean(same)
    if local is not None:
        if typical >= 27 * day:
            rule = _find_months(local, day, share, typical)
        elif typical > 20 * day / 24:
            rule = _find_days(local, day, share)
        else:
            rule = _find_times(ticks, local, same, typical, day)
        if rule is not None:
            return rule
    return _make("distance", typical, day) if share >= _SHARE else None


def count_steps(rule: Rule, ticks: tuple[Array, Array], local: tuple[Array, Array] | None) -> Array:
    """Return how many steps lie between pairs of labels, at least 1.

    Parameters
    ----------
    rule : Rule
        The rule of the fitted labels.
    ticks : pair of ndarray of shape (n_pairs,)
        Labels and later ones.
    local : pair of ndarray of shape (n_pairs,) or None
        The same in local time, for dates.
    """
    first, second = ticks
    if rule["word"] == "distance" or local is None:
        # Floats: the difference of two integers may be too large for their type.
        counted = _round((second - first) / rule["step"])
    elif rule["word"] == "months":
        n_months = _months(local[1], rule["day"]) - _months(local[0], rule["day"])
        counted = _round(n_months / rule["step"])
    elif rule["word"] == "days":
        counted = _count_days(rule, local)
    else:
        counted = _count_times(rule, second - first, local)
    return np.maximum(counted, 1)


def count_missing(rule: Rule, ticks: Array, local: Array | None) -> Array:
    """Return how many steps are missing between each of some labels and the next."""
    missing = np.zeros(max(0, len(ticks) - 1), dtype=np.int64)
    if rule["longest"]:
        rule = {**rule, "longest": max(rule["longest"], _HOLIDAYS)}
    if rule["word"] in ("distance", "times"):
        # Usually few: what is one step needs no calendar.
        pairs = np.flatnonzero(~_are_near(np.diff(ticks), rule["step"]))
    else:
        pairs = np.arange(len(missing))
    if len(pairs):
        dates = None if local is None else (local[pairs], local[pairs + 1])
        missing[pairs] = count_steps(rule, (ticks[pairs], ticks[pairs + 1]), dates) - 1
    return missing


def open_also_on(rule: Rule, local: Array) -> Rule:
    """Return a rule without a weekend, if that was a guess and these labels lie in it."""
    if not rule["is_guess"] or rule["is_open"][_weekdays(local // rule["day"])].all():
        return rule
    return {**rule, "is_open": np.ones(7, dtype=bool), "is_guess": False}


def _make(word: str, step: Any, day: int, **more: Any) -> Rule:
    none = np.empty((0, 2), dtype=np.int64)
    rule: Any = {
        "word": word,
        "step": step.item() if isinstance(step, np.generic) else step,
        "day": day,
        "is_open": np.ones(7, dtype=bool),
        "is_guess": False,
        "longest": 0,
        "phase": 0,
        "closed": none,
        "unseen": none,
    }
    rule.update(more)
    made: Rule = rule
    return made


# Months


def _find_months(local: Array, day: int, share: float, typical: Any) -> Rule | None:
    """Return a rule of so many months, if labels follow it better than one of a distance."""
    n_months = np.diff(_months(local, day))
    typical_months = int(np.median(n_months))
    if typical_months < 1:
        return None
    of_months = _mean(n_months == typical_months)
    dates = local // day
    starts = _month_starts(local, day)
    number = dates - starts
    # The last day of a month is the one before the first of the next.
    ends = dates + 1 == _month_starts((dates + 1) * day, day)
    is_anchored = max(_mean(number == number[0]), _mean(ends)) >= _SHARE
    # Four weeks are nearly a month.
    is_weeks = typical % (7 * day) == 0
    if of_months >= _SHARE and (is_anchored or of_months > share or not (share == 1 and is_weeks)):
        return _make("months", typical_months, day)
    return None


def _months(local: Array, day: int) -> Array:
    """Return the number of the month since 1970."""
    months: Array = (local // day).astype("M8[D]").astype("M8[M]").astype(np.int64)
    return months


def _month_starts(local: Array, day: int) -> Array:
    """Return the first day of the month of each label, in days since 1970."""
    starts: Array = _months(local, day).astype("M8[M]").astype("M8[D]").astype(np.int64)
    return starts


# Days of local time


def _find_days(local: Array, day: int, share: float) -> Rule | None:
    """Return a rule of so many days, or of every day that is open."""
    dates = local // day
    steps = np.diff(dates)
    typical = int(np.median(steps))
    of_days = _mean(steps == typical)
    if typical > 1 and of_days >= max(_SHARE, share):
        return _make("days", typical, day)
    is_open, n_passed = _open_weekdays(dates)
    is_guess = not is_open.all() and int(n_passed[~is_open].min()) == 0
    if not is_open.all():
        open_steps = np.diff(_open_days_before(dates, is_open))
        is_trading = _has_weekend(is_open) and not is_guess
        # Fitted holidays are no missing steps.
        follow = open_steps <= 2 if is_trading else open_steps == 1
        if np.median(open_steps) == 1 and _mean(follow) >= max(_SHARE, share):
            longest = max(2, int(open_steps.max())) if is_trading else 0
            return _make("days", 1, day, is_open=is_open, is_guess=is_guess, longest=longest)
    if typical >= 1 and of_days >= max(_SHARE, share):
        return _make("days", typical, day)
    return None


def _count_days(rule: Rule, local: tuple[Array, Array]) -> Array:
    first, second = (labels // rule["day"] for labels in local)
    if rule["step"] != 1 or rule["is_open"].all():
        return _round((second - first) / rule["step"])
    before = _open_days_before(np.stack([first, second]), rule["is_open"])
    n_days: Array = before[1] - before[0]
    return np.where(n_days <= rule["longest"], 1, n_days)


def _open_weekdays(dates: Array) -> tuple[Array, Array]:
    """Return which weekdays have labels, and how often labels passed each weekday.

    One that was passed once may be missing by chance, unless it is a weekend.
    """
    is_seen = np.bincount(_weekdays(dates), minlength=7) > 0
    # Days up to the last one, from the first on.
    n_passed = np.bincount(_weekdays(dates[0] + np.arange(7)), minlength=7) * (
        (dates[-1] - dates[0] + 1) // 7
    )
    rest = dates[0] + np.arange((dates[-1] - dates[0] + 1) % 7)
    n_passed += np.bincount(_weekdays(rest), minlength=7)
    is_open = is_seen | (n_passed < 2)
    if not is_seen[_SATURDAY] and not is_seen[_SUNDAY]:
        is_open[[_SATURDAY, _SUNDAY]] = False
    return is_open, n_passed


def _weekdays(dates: Array) -> Array:
    """Return 0 for Monday to 6 for Sunday; 1970 began with a Thursday."""
    return (dates + 3) % 7


def _has_weekend(is_open: Array) -> bool:
    """Tell whether two days next to each other are closed, and most others are not."""
    return bool((~is_open & ~np.roll(is_open, 1)).any()) and int(is_open.sum()) >= 4


def _open_days_before(dates: Array, is_open: Array) -> Array:
    """Return the number of open days before each date, from a Monday on."""
    since_monday = dates + 3
    before = np.concatenate([[0], np.cumsum(is_open)[:-1]])
    n_days: Array = since_monday // 7 * int(is_open.sum()) + before[since_monday % 7]
    return n_days


# Times of day


def _find_times(ticks: Array, local: Array, same: Array, typical: Any, day: int) -> Rule | None:
    """Return a rule of equal steps within the hours and weekdays that have labels."""
    step = typical
    phase = local[0] % step
    if day % step or _mean(local % step == phase) < _SHARE:
        # Such as a session that opens at 9 and ends at 17 with one label each.
        step = np.gcd.reduce(np.diff(local))
        if step <= 0 or day % step or day // step > 1440:
            return None
        phase = local[0] % step
    n_slots = int(day // step)
    if n_slots > _MOST_SLOTS:
        return None
    dates, of_day = np.divmod(local - phase, day)
    is_open, n_passed = _open_weekdays(dates)
    slots = (of_day // step).astype(np.int64)
    is_seen = np.bincount(slots, minlength=n_slots) > 0
    # Each slot was passed on as many days as lie between, and more or less on the first and last.
    days_passed = int(dates[-1] - dates[0]) - 1
    times_passed = (
        days_passed + (np.arange(n_slots) >= slots[0]) + (np.arange(n_slots) <= slots[-1])
    )
    closed, unseen = _stretches(~is_seen & (times_passed >= 2)), _stretches(~is_seen)
    if len(unseen) > _MOST_STRETCHES:
        return None
    is_guess = not is_open.all() and int(n_passed[~is_open].min()) == 0
    # A weekend that labels have passed, or a session of an exchange.
    has_nights = not is_guess or np.count_nonzero(is_seen) <= 0.75 * n_slots
    rule = _make(
        "times",
        step,
        day,
        phase=int(phase),
        is_open=is_open,
        is_guess=is_guess,
        closed=closed,
        unseen=unseen,
        longest=2 if _has_weekend(is_open) and has_nights else 0,
    )
    others = np.flatnonzero(~(same & (typical == step)))
    if len(others):
        pairs = (local[others], local[others + 1])
        if rule["longest"]:
            whole_days = _whole_days(rule, pairs, rule["unseen"])
            rule["longest"] = max(2, 1 + int(whole_days.max()))
        counted = _count_times(rule, ticks[others + 1] - ticks[others], pairs)
        if 1 - np.count_nonzero(counted > 1) / (len(ticks) - 1) < _SHARE:
            return None
    return rule


def _count_times(rule: Rule, elapsed: Array, local: tuple[Array, Array]) -> Array:
    """Return the steps between pairs, without slots and weekdays that have no labels."""
    day, step = rule["day"], rule["step"]
    # Nights and weekends; what is shorter may be missing by chance if it was passed once only.
    is_night = (elapsed >= day // 4) & (local[0] // day != local[1] // day)
    total = _round((local[1] - local[0]) / step)
    counted = np.where(
        is_night,
        _count_slots(rule, local, rule["unseen"]),
        _count_slots(rule, local, rule["closed"]),
    )
    whole_days = _whole_days(rule, local, rule["unseen"])
    is_holiday = is_night & (whole_days > 0) & (whole_days < rule["longest"])
    # Where nothing is closed in between, a change of the clock does not matter.
    counted = np.where(counted >= total, _round(elapsed / step), counted)
    counted = np.where(elapsed == step, 1, counted)
    return np.where(is_holiday, 1, np.maximum(counted, 1))


def _whole_days(rule: Rule, local: tuple[Array, Array], closed: Array) -> Array:
    """Return how many whole days are missing, if nothing else is; else 0."""
    n_open = int(rule["day"] // rule["step"]) - int((closed[:, 1] - closed[:, 0]).sum())
    dates, slots = _split(rule, local)
    is_end = _open_before(slots[0] + 1, closed) >= n_open
    is_start = _open_before(slots[1], closed) == 0
    n_days = np.diff(_open_days_before(dates, rule["is_open"]), axis=0)[0] - 1
    return np.where(is_end & is_start, np.maximum(n_days, 0), 0)


def _count_slots(rule: Rule, local: tuple[Array, Array], closed: Array) -> Array:
    """Return the open slots from the first label of each pair on, up to the second."""
    n_open = int(rule["day"] // rule["step"]) - int((closed[:, 1] - closed[:, 0]).sum())
    dates, slots = _split(rule, local)
    is_open = rule["is_open"][_weekdays(dates)]
    places = _open_days_before(dates, rule["is_open"]) * n_open
    places = places + np.where(is_open, _open_before(slots, closed), 0)
    counted: Array = places[1] - places[0]
    return counted


def _split(rule: Rule, local: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return the dates of pairs of labels, and the numbers of their slots of the day."""
    dates, of_day = np.divmod(np.stack(local) - rule["phase"], rule["day"])
    return dates, of_day // rule["step"]


def _open_before(slots: Array, closed: Array) -> Array:
    """Return how many slots of the day before these have labels."""
    before = slots.copy()
    for start, end in closed:
        before -= np.clip(slots - start, 0, end - start)
    return before


def _stretches(is_closed: Array) -> Array:
    """Return where stretches of True begin and end, of shape (n, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_closed, [False]])))
    return edges.reshape(-1, 2).astype(np.int64)


def _are_near(steps: Array, typical: Any) -> Array:
    """Tell which steps are the typical one; floats may differ by their rounding."""
    if steps.dtype.kind == "f":
        near: Array = np.abs(steps - typical) <= 1e-6 * abs(typical)
        return near
    equal: Array = steps == typical
    return equal


def _mean(which: Array) -> float:
    return np.count_nonzero(which) / len(which)


def _round(values: Array) -> Array:
    """Return whole numbers; what is beyond them stays large."""
    return np.rint(np.clip(values, -(2.0**53), 2.0**53)).astype(np.int64)
