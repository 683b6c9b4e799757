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
# Fitted labels of the week that are missing as often are no chance: those are closed.
_NEVER = 5
# Two holidays may follow each other, as at Easter; no exchange closes for more than nine days.
_HOLIDAYS, _MOST_HOLIDAYS = 3, 10
_SATURDAY = 5
# A weekend, in days: one hour less where labels of summer and winter overlap.
_WEEKEND = 1.9
_NONE = np.empty((0, 2), dtype=np.int64)


class Rule(TypedDict):
    """How labels follow each other.

    `word` is "distance", "days", "months" or "times". Numbers are in ticks for "distance" and
    "times", else in days or months.
    """

    word: str
    step: Any
    day: int  # ticks a day, 0 for what is no date
    phase: int
    closed: Array  # (n, 2) stretches of slots of the week that never have labels, from Monday on
    unseen: Array  # (n, 2) those and others that fitted labels have passed once or never
    is_guess: bool  # no fitted rows came after the days taken for a weekend
    longest: int  # open days or sessions a step may take where holidays are no steps, else 0
    starts: Array  # slots of the week with which sessions begin, from up to an hour before on
    late: int  # slots that sessions begin later in winter, for times that ignore the clock


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


def count_missing_between(rule: Rule, ticks: Array, local: Array | None) -> Array:
    """Return how many steps are missing between each of some labels and the next."""
    missing = np.zeros(max(0, len(ticks) - 1), dtype=np.int64)
    if rule["word"] == "months":
        pairs = np.arange(len(missing))
    else:
        # Usually few: what is one step needs no calendar.
        step = rule["step"] * rule["day"] if rule["word"] == "days" else rule["step"]
        pairs = np.flatnonzero(~_are_near(np.diff(ticks), step))
    if len(pairs):
        dates = None if local is None else (local[pairs], local[pairs + 1])
        missing[pairs] = count_steps(rule, (ticks[pairs], ticks[pairs + 1]), dates) - 1
    return missing


def resolve_weekend(rule: Rule, local: Array) -> Rule:
    """Return a rule that does not guess whether a weekend is open, if these labels tell."""
    if not rule["is_guess"]:
        return rule
    dates = local // rule["day"]
    if (_weekdays(dates) < _SATURDAY).all():
        if dates[-1] - dates[0] < 7:
            return rule
        return {**rule, "is_guess": False, "longest": max(rule["longest"], _HOLIDAYS)}
    # Mondays are like all days but those of the weekend.
    n_slots = _slots_of_day(rule)
    always = np.ones(7, dtype=bool)
    closed, unseen = (
        _repeat(always, np.minimum(stretches[stretches[:, 0] < n_slots], n_slots), n_slots)
        if rule["word"] == "times"
        else _NONE
        for stretches in (rule["closed"], rule["unseen"])
    )
    return {**rule, "closed": closed, "unseen": unseen, "is_guess": False, "longest": 0}


def _make(word: str, step: Any, day: int, **more: Any) -> Rule:
    rule: Any = {
        "word": word,
        "step": step.item() if isinstance(step, np.generic) else step,
        "day": day,
        "phase": 0,
        "closed": _NONE,
        "unseen": _NONE,
        "is_guess": False,
        "longest": 0,
        "starts": _NONE[:, 0],
        "late": 0,
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
    is_open, is_guess = _open_weekdays(dates)
    if not is_open.all():
        closed = _stretches(~is_open)
        open_steps = np.diff(_open_before(dates + 3, closed, 7))
        has_weekend = np.diff(_join_ends(closed, 7)).max() >= 2 and is_open.sum() >= 4
        is_trading = has_weekend and not is_guess
        # Fitted holidays are no missing steps.
        follow = open_steps <= 2 if is_trading else open_steps == 1
        if np.median(open_steps) == 1 and _mean(follow) >= max(_SHARE, share):
            longest = _find_longest(open_steps) if is_trading else 0
            return _make("days", 1, day, closed=closed, is_guess=is_guess, longest=longest)
    if typical >= 1 and of_days >= max(_SHARE, share):
        return _make("days", typical, day)
    return None


def _count_days(rule: Rule, local: tuple[Array, Array]) -> Array:
    dates = np.stack(local) // rule["day"]
    if rule["step"] != 1:
        return _round((dates[1] - dates[0]) / rule["step"])
    n_days: Array = np.diff(_open_before(dates + 3, rule["closed"], 7), axis=0)[0]
    return np.where(n_days <= rule["longest"], 1, n_days)


def _find_longest(distances: Array) -> int:
    """Return the longest of the distances that holidays explain; longer ones are holes."""
    return max(_HOLIDAYS, int(distances.max(initial=0, where=distances <= _MOST_HOLIDAYS)))


def _open_weekdays(dates: Array) -> tuple[Array, bool]:
    """Return which weekdays have labels, and whether a closed weekend is but a guess.

    A weekday that was passed once may be missing by chance, unless it is a weekend.
    """
    is_seen = np.bincount(_weekdays(dates), minlength=7) > 0
    n_passed = _times_passed(dates[0] + 3, dates[-1] + 3, 7)
    is_open = is_seen | (n_passed < 2)
    if not is_seen[_SATURDAY:].any():
        is_open[_SATURDAY:] = False
    return is_open, bool((~is_open & (n_passed == 0)).any())


def _times_passed(first: Any, last: Any, n: int) -> Array:
    """Return how often each of `n` slots that repeat lies from one slot on up to another."""
    whole, rest = divmod(int(last - first) + 1, n)
    passed = np.full(n, whole)
    passed[(int(first) + np.arange(rest)) % n] += 1
    return passed


def _weekdays(dates: Array) -> Array:
    """Return 0 for Monday to 6 for Sunday; 1970 began with a Thursday."""
    return (dates + 3) % 7


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
    rule = _make("times", step, day, phase=int(phase))
    places = _places(rule, local)
    of_day = places % n_slots
    is_open, is_guess = _open_weekdays(places // n_slots - 3)
    is_seen = np.bincount(of_day, minlength=n_slots) > 0
    is_sure = _times_passed(places[0], places[-1], n_slots) >= 2
    if len(_stretches(~is_seen)) > _MOST_STRETCHES:
        return None
    closed, unseen = (
        _add_closed(_repeat(is_open, _stretches(which), n_slots), places, 7 * n_slots)
        for which in (~is_seen & is_sure, ~is_seen)
    )
    rule["closed"], rule["unseen"], rule["is_guess"] = closed, unseen, is_guess
    hour = day // 24
    if hour % step == 0 and (ticks == local).all():
        rule["late"] = int(hour // step)
    rule["starts"] = _find_starts(rule)
    others = np.flatnonzero(~(same & (typical == step)))
    pairs = (local[others], local[others + 1])
    # A weekend that labels have passed, or a session of an exchange.
    if len(rule["starts"]) and (not is_guess or np.count_nonzero(is_seen) <= 0.75 * n_slots):
        rule["longest"] = _find_longest(np.diff(_count_starts(rule, pairs), axis=0))
    if len(others):
        counted = _count_times(rule, ticks[others + 1] - ticks[others], pairs)
        if 1 - np.count_nonzero(counted > 1) / (len(ticks) - 1) < _SHARE:
            return None
    return rule


def _repeat(is_open: Array, closed: Array, n_slots: int) -> Array:
    """Return the closed stretches of a week, from those of the weekdays that are open."""
    whole = np.array([[0, n_slots]])
    every = np.concatenate(
        [n_slots * i + (closed if is_open[i] else whole) for i in range(7)]
    ).astype(np.int64)
    touches = every[1:, 0] == every[:-1, 1]
    begins, ends = every[~np.append(False, touches)[: len(every)], 0], every[:, 1]
    return np.stack([begins, ends[~np.append(touches, False)[: len(every)]]], axis=1)


def _add_closed(closed: Array, places: Array, n_slots: int) -> Array:
    """Return closed stretches of the week with those slots that labels never have."""
    if places[-1] - places[0] < n_slots:
        return closed
    passed = _times_passed(places[0], places[-1], n_slots)
    is_closed = np.zeros(n_slots, dtype=bool)
    for start, end in closed:
        is_closed[start:end] = True
    # Those passed once may be missing by chance.
    is_more = ~is_closed & (passed >= 2) & (np.bincount(places % n_slots, minlength=n_slots) == 0)
    if not is_more.any():
        return closed
    n_before = np.concatenate([[0], np.cumsum(np.where(is_more, passed, 0))])
    stretches = _stretches(is_closed | is_more)
    for start, end in stretches[np.diff(n_before[stretches])[:, 0] < _NEVER]:
        is_more[start:end] = False
    return _stretches(is_closed | is_more)


def _find_starts(rule: Rule) -> Array:
    """Return the slots of the week with which sessions begin, none without a weekend."""
    n_slots = _slots_of_day(rule)
    unseen = _join_ends(rule["unseen"], 7 * n_slots)
    lengths = np.diff(unseen)[:, 0]
    if lengths.max(initial=0) < _WEEKEND * n_slots:
        return _NONE[:, 0]
    # The nights and the weekend, but no breaks for lunch.
    is_night = lengths >= np.sort(lengths)[-5:][0]
    starts = np.sort((unseen[:, 1] - np.minimum(rule["late"], lengths))[is_night] % (7 * n_slots))
    edges = np.append(starts, starts[0] + 7 * n_slots)
    if np.diff(_open_before(edges, rule["unseen"], 7 * n_slots)).max() > n_slots:
        # Open by day and night: days begin at midnight.
        edges = n_slots * np.arange(8)
        has_labels = np.diff(_open_before(edges, rule["unseen"], 7 * n_slots)) > 0
        starts = edges[:-1][has_labels]
    return starts if len(starts) >= 4 else _NONE[:, 0]


def _count_times(rule: Rule, elapsed: Array, local: tuple[Array, Array]) -> Array:
    """Return the steps between pairs, without slots of the week that have no labels."""
    day, step = rule["day"], rule["step"]
    n_slots = 7 * _slots_of_day(rule)
    places = _places(rule, np.stack(local))
    # Nights and weekends; what is shorter may be missing by chance if it was passed once only.
    is_night = (elapsed >= day // 4) & (local[0] // day != local[1] // day)
    before = _open_before(places, rule["unseen"], n_slots)
    in_closed = np.diff(_open_before(places, rule["closed"], n_slots), axis=0)[0]
    counted = np.where(is_night, before[1] - before[0], in_closed)
    if rule["longest"]:
        starts = rule["starts"]
        sessions = _count_starts(rule, local)
        # Where the session after the first label begins, and the one of the second.
        week, of_week = np.divmod(sessions - np.array([[0], [1]]), len(starts))
        edges = week * n_slots + starts[of_week]
        open_before = _open_before(edges, rule["unseen"], n_slots)
        rest, late = open_before[0] - before[0], before[1] - open_before[1]
        # The end of a session may be missing as on half days, but none of the day and night.
        is_closed = _open_before(edges[1] + 1, rule["unseen"], n_slots) < (
            2 + _open_before(edges[1] - 1, rule["unseen"], n_slots)
        )
        is_whole = is_closed & ((late == 0) | (late == rule["late"]))
        n_sessions = sessions[1] - sessions[0]
        counted = np.where(
            (n_sessions > 0) & (n_sessions <= rule["longest"]),
            np.where(is_whole, 1, np.maximum(rest, 1) + late),
            counted,
        )
    # Where nothing is closed in between, a change of the clock does not matter.
    total = _round((local[1] - local[0]) / step)
    counted = np.where(counted >= total, _round(elapsed / step), counted)
    return np.where(elapsed == step, 1, np.maximum(counted, 1))


def _count_starts(rule: Rule, local: tuple[Array, Array]) -> Array:
    """Return the number of the session of each label of pairs."""
    week, slots = np.divmod(_places(rule, np.stack(local)), 7 * _slots_of_day(rule))
    starts = rule["starts"]
    return week * len(starts) + np.searchsorted(starts, slots, side="right")


def _slots_of_day(rule: Rule) -> int:
    return int(rule["day"] // rule["step"])


def _places(rule: Rule, local: Array) -> Array:
    """Return the number of the slot of each label, from a Monday on."""
    places: Array = (local - rule["phase"]) // rule["step"] + 3 * _slots_of_day(rule)
    return places


def _open_before(places: Array, closed: Array, n_slots: int) -> Array:
    """Return how many slots before these are open, where closed stretches repeat."""
    n_closed = np.concatenate([[0], np.cumsum(closed[:, 1] - closed[:, 0])])
    ends = np.concatenate([[0], closed[:, 1]])
    times, slots = np.divmod(places, n_slots)
    which = np.searchsorted(closed[:, 0], slots, side="right")
    open_before: Array = places - times * n_closed[-1] - n_closed[which]
    return open_before + np.maximum(ends[which] - slots, 0)


def _stretches(is_closed: Array) -> Array:
    """Return where stretches of True begin and end, of shape (n, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_closed, [False]])))
    return edges.reshape(-1, 2).astype(np.int64)


def _join_ends(stretches: Array, n: int) -> Array:
    """Return stretches with the last joined to the first, where both are one that repeats."""
    if len(stretches) < 2 or stretches[0, 0] > 0 or stretches[-1, 1] < n:
        return stretches
    return np.concatenate([[[stretches[-1, 0] - n, stretches[0, 1]]], stretches[1:-1]])


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
