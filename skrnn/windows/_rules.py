"""Rules of labels: count the steps between two labels by the calendar or by one distance.

`find_rule` finds a rule in the labels of fitted rows, and `count_steps` counts steps by it. There
are four kinds of rules. At least nine of ten fitted steps follow the rule that is found.

========== =================================== ========================= ===========================
`word`     one step is                         skipped                   examples
========== =================================== ========================= ===========================
"distance" a distance in ticks                 nothing                   0, 3, 6; every 7 hours
"days"     a number of days                    weekdays without labels,  trading days, every
                                               two holidays in a row     Wednesday
"months"   a number of months                  nothing                   month ends, quarters
"times"    a slot: one of the times of a week, closed slots, such as     hours of a week, bars of an
           which have equal distances          nights; two holidays      exchange
========== =================================== ========================= ===========================

Labels are numbers that increase with time, called ticks: see `Ticks`. Days and times of day are
counted in local time. A session is all slots between two nights. Rules are plain data, which is
saved with a model. Pure NumPy.
"""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np

from skrnn.windows._views import Array

# Share of the fitted steps that must follow a rule.
_MIN_SHARE = 0.9
# Slots of a day: the shortest step is a second.
_MAX_SLOTS = 86_400
# Largest number of intervals of a day without labels. No session has more breaks.
_MAX_CLOSED_TIMES = 48
# A slot without labels is closed if the fitted labels pass it at least this many times.
_MIN_PASSES = 5
# Distance in open days from the day before two holidays to the day after them, as at Easter.
_TWO_HOLIDAYS = 3
# The same for the longest holidays. No exchange closes for more than nine days.
_MAX_HOLIDAYS = 10
_SATURDAY = 5
# Shortest weekend, in days. In UTC a weekend may be an hour short, because clocks change.
_MIN_WEEKEND = 1.9
_NO_INTERVALS = np.empty((0, 2), dtype=np.int64)


class Rule(TypedDict):
    """Rule of the steps between labels.

    Intervals have the shape (n, 2): first day or slot, and the one after the last, counted from
    Monday. They are days of the week for "days", and slots of the week for "times".
    """

    word: str  # "distance", "days", "months" or "times"
    step: Any  # in ticks for "distance" and "times", else in days or months
    day: int  # ticks a day, 0 for labels that are no dates
    phase: int  # ticks from midnight to the first slot
    closed: Array  # intervals that never have labels
    unseen: Array  # intervals without fitted labels, even if they were passed only once or never
    is_guess: bool  # True if no fitted label lies after a weekend, so its closed days are a guess
    longest: int  # up to this many open days or sessions are one step because of holidays; or 0
    starts: Array  # first slots of sessions, up to an hour too early if `late` is set
    late: int  # delay of sessions in winter, in slots, for times that ignore clock changes


def find_rule(ticks: Array, local: Array | None, day: int) -> Rule | None:
    """Return the rule that at least nine of ten steps between labels follow, None without one.

    Parameters
    ----------
    ticks : ndarray of shape (n_labels,)
        Labels, which must increase.
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
    same = _are_equal_steps(steps, typical)
    share = _find_share(same)
    if local is not None:
        if typical >= 27 * day:
            rule = _find_month_rule(local, day, share, typical)
        elif typical > 20 * day / 24:
            rule = _find_day_rule(local, day, share)
        else:
            rule = _find_time_rule(ticks, local, same, typical, day)
        if rule is not None:
            return rule
    return _make_rule("distance", typical, day) if share >= _MIN_SHARE else None


def count_steps(rule: Rule, ticks: tuple[Array, Array], local: tuple[Array, Array] | None) -> Array:
    """Return how many steps lie between pairs of labels, at least 1.

    Parameters
    ----------
    rule : Rule
        The rule of the fitted labels.
    ticks : pair of ndarray of shape (n_pairs,)
        The first and the second label of each pair.
    local : pair of ndarray of shape (n_pairs,) or None
        The same in local time, for dates.
    """
    first, second = ticks
    if rule["word"] == "distance" or local is None:
        # The quotient is a float, so no difference is too large.
        counted = _round_to_int((second - first) / rule["step"])
    elif rule["word"] == "months":
        n_months = _number_months(local[1], rule["day"]) - _number_months(local[0], rule["day"])
        counted = _round_to_int(n_months / rule["step"])
    elif rule["word"] == "days":
        counted = _count_day_steps(rule, local)
    else:
        counted = _count_time_steps(rule, second - first, local)
    return np.maximum(counted, 1)


def count_missing_between(rule: Rule, ticks: Array, local: Array | None) -> Array:
    """Return how many steps are missing after each label but the last."""
    missing = np.zeros(max(0, len(ticks) - 1), dtype=np.int64)
    if rule["word"] == "months":
        pairs = np.arange(len(missing))
    else:
        # Nearly all pairs are one step apart, and need no calendar.
        step = rule["step"] * rule["day"] if rule["word"] == "days" else rule["step"]
        pairs = np.flatnonzero(~_are_equal_steps(np.diff(ticks), step))
    if len(pairs):
        dates = None if local is None else (local[pairs], local[pairs + 1])
        missing[pairs] = count_steps(rule, (ticks[pairs], ticks[pairs + 1]), dates) - 1
    return missing


def resolve_weekend(rule: Rule, local: Array) -> Rule:
    """Return the rule without a guess, if these labels show whether the weekend is open."""
    if not rule["is_guess"]:
        return rule
    dates = local // rule["day"]
    if (_weekdays(dates) < _SATURDAY).all():
        if dates[-1] - dates[0] < 7:
            return rule
        return {**rule, "is_guess": False, "longest": max(rule["longest"], _TWO_HOLIDAYS)}
    # The weekend is open. Its days get the closed slots of a weekday, Monday.
    n_slots = _count_slots_a_day(rule)
    always = np.ones(7, dtype=bool)
    closed, unseen = _NO_INTERVALS, _NO_INTERVALS
    if rule["word"] == "times":
        closed, unseen = (
            _repeat_over_week(
                always, np.minimum(intervals[intervals[:, 0] < n_slots], n_slots), n_slots
            )
            for intervals in (rule["closed"], rule["unseen"])
        )
    return {**rule, "closed": closed, "unseen": unseen, "is_guess": False, "longest": 0}


def _make_rule(word: str, step: Any, day: int, **more: Any) -> Rule:
    rule: Any = {
        "word": word,
        "step": step.item() if isinstance(step, np.generic) else step,
        "day": day,
        "phase": 0,
        "closed": _NO_INTERVALS,
        "unseen": _NO_INTERVALS,
        "is_guess": False,
        "longest": 0,
        "starts": _NO_INTERVALS[:, 0],
        "late": 0,
    }
    rule.update(more)
    made: Rule = rule
    return made


# Months


def _find_month_rule(local: Array, day: int, share: float, typical: Any) -> Rule | None:
    """Return a rule of months, None if labels follow one distance better.

    Parameters
    ----------
    local, day :
        As in `find_rule`.
    share : float
        Share of the steps that have one distance.
    typical : int
        That distance.
    """
    n_months = np.diff(_number_months(local, day))
    typical_months = int(np.median(n_months))
    if typical_months < 1:
        return None
    share_of_months = _find_share(n_months == typical_months)
    dates = local // day
    starts = _first_days_of_months(local, day)
    day_of_month = dates - starts
    ends = dates + 1 == _first_days_of_months((dates + 1) * day, day)
    is_anchored = max(_find_share(day_of_month == day_of_month[0]), _find_share(ends)) >= _MIN_SHARE
    # Steps of four weeks are no months, though nearly all of them end in the next month.
    is_weeks = typical % (7 * day) == 0
    if share_of_months >= _MIN_SHARE and (
        is_anchored or share_of_months > share or not (share == 1 and is_weeks)
    ):
        return _make_rule("months", typical_months, day)
    return None


def _number_months(local: Array, day: int) -> Array:
    """Return the number of the month since 1970."""
    months: Array = (local // day).astype("M8[D]").astype("M8[M]").astype(np.int64)
    return months


def _first_days_of_months(local: Array, day: int) -> Array:
    """Return the first day of the month of each label, in days since 1970."""
    starts: Array = _number_months(local, day).astype("M8[M]").astype("M8[D]").astype(np.int64)
    return starts


# Days of local time


def _find_day_rule(local: Array, day: int, share: float) -> Rule | None:
    """Return a rule of days: a step is the next open day, or a number of days. None without one."""
    dates = local // day
    steps = np.diff(dates)
    typical = int(np.median(steps))
    share_of_days = _find_share(steps == typical)
    if typical > 1 and share_of_days >= max(_MIN_SHARE, share):
        return _make_rule("days", typical, day)
    is_open, is_guess = _find_open_weekdays(dates)
    if not is_open.all():
        closed = _find_intervals(~is_open)
        open_steps = np.diff(_count_open_before(dates + 3, closed, 7))
        has_weekend = np.diff(_join_first_and_last(closed, 7)).max() >= 2 and is_open.sum() >= 4
        is_trading = has_weekend and not is_guess
        # On trading days, a holiday is no missing step.
        follow = open_steps <= 2 if is_trading else open_steps == 1
        if np.median(open_steps) == 1 and _find_share(follow) >= max(_MIN_SHARE, share):
            longest = _find_longest_break(open_steps) if is_trading else 0
            return _make_rule("days", 1, day, closed=closed, is_guess=is_guess, longest=longest)
    if typical >= 1 and share_of_days >= max(_MIN_SHARE, share):
        return _make_rule("days", typical, day)
    return None


def _count_day_steps(rule: Rule, local: tuple[Array, Array]) -> Array:
    """Return the steps between pairs by a rule of days."""
    dates = np.stack(local) // rule["day"]
    if rule["step"] != 1:
        return _round_to_int((dates[1] - dates[0]) / rule["step"])
    n_days: Array = np.diff(_count_open_before(dates + 3, rule["closed"], 7), axis=0)[0]
    return np.where(n_days <= rule["longest"], 1, n_days)


def _find_longest_break(distances: Array) -> int:
    """Return the longest distance that holidays explain; longer ones are missing steps."""
    return max(_TWO_HOLIDAYS, int(distances.max(initial=0, where=distances <= _MAX_HOLIDAYS)))


def _find_open_weekdays(dates: Array) -> tuple[Array, bool]:
    """Return which weekdays are open, and whether a closed one is a guess, as it was never passed.

    A weekday without labels that was passed only once is open, since it may be missing by chance.
    Saturday and Sunday are closed if both have no labels.
    """
    is_seen = np.bincount(_weekdays(dates), minlength=7) > 0
    n_passed = _count_passes(dates[0] + 3, dates[-1] + 3, 7)
    is_open = is_seen | (n_passed < 2)
    if not is_seen[_SATURDAY:].any():
        is_open[_SATURDAY:] = False
    return is_open, bool((~is_open & (n_passed == 0)).any())


def _count_passes(first: Any, last: Any, n: int) -> Array:
    """Return how often each of `n` repeating slots is passed from slot `first` to `last`."""
    whole, rest = divmod(int(last - first) + 1, n)
    passed = np.full(n, whole)
    passed[(int(first) + np.arange(rest)) % n] += 1
    return passed


def _weekdays(dates: Array) -> Array:
    """Return 0 for Monday to 6 for Sunday."""
    # 1970 began with a Thursday.
    return (dates + 3) % 7


# Times of day


def _find_time_rule(ticks: Array, local: Array, same: Array, typical: Any, day: int) -> Rule | None:
    """Return a rule of equal steps within the open times of a week, None without one.

    Parameters
    ----------
    ticks, local, day :
        As in `find_rule`.
    same : ndarray of bool
        Which steps have the typical distance.
    typical : int
        The median distance.
    """
    step = typical
    phase = local[0] % step
    if day % step or _find_share(local % step == phase) < _MIN_SHARE:
        # Steps may differ in length, as between 9:00 and 17:00 of each day.
        step = np.gcd.reduce(np.diff(local))
        if step <= 0 or day % step or day // step > 1440:
            return None
        phase = local[0] % step
    n_slots = int(day // step)
    if n_slots > _MAX_SLOTS:
        return None
    rule = _make_rule("times", step, day, phase=int(phase))
    slots = _number_slots(rule, local)
    is_open, is_guess = _find_open_weekdays(slots // n_slots - 3)
    is_seen = np.bincount(slots % n_slots, minlength=n_slots) > 0
    # A slot that was passed only once may be missing by chance.
    is_sure = _count_passes(slots[0], slots[-1], n_slots) >= 2
    if len(_find_intervals(~is_seen)) > _MAX_CLOSED_TIMES:
        return None
    closed, unseen = (
        _add_closed_slots(
            _repeat_over_week(is_open, _find_intervals(is_closed), n_slots), slots, 7 * n_slots
        )
        for is_closed in (~is_seen & is_sure, ~is_seen)
    )
    rule["closed"], rule["unseen"], rule["is_guess"] = closed, unseen, is_guess
    hour = day // 24
    if hour % step == 0 and (ticks == local).all():
        rule["late"] = int(hour // step)
    rule["starts"] = _find_session_starts(rule)
    # Pairs one step apart need no calendar.
    others = np.flatnonzero(~(same & (typical == step)))
    pairs = (local[others], local[others + 1])
    # Look for holidays only if labels have passed a weekend, or leave out a quarter of the day.
    if len(rule["starts"]) and (not is_guess or np.count_nonzero(is_seen) <= 0.75 * n_slots):
        rule["longest"] = _find_longest_break(np.diff(_number_sessions(rule, pairs), axis=0))
    if len(others):
        counted = _count_time_steps(rule, ticks[others + 1] - ticks[others], pairs)
        if 1 - np.count_nonzero(counted > 1) / (len(ticks) - 1) < _MIN_SHARE:
            return None
    return rule


def _repeat_over_week(is_open: Array, closed: Array, n_slots: int) -> Array:
    """Return the closed intervals of a week, from the closed intervals of an open day."""
    whole = np.array([[0, n_slots]])
    every = np.concatenate(
        [n_slots * i + (closed if is_open[i] else whole) for i in range(7)]
    ).astype(np.int64)
    # Intervals that touch become one.
    touches = every[1:, 0] == every[:-1, 1]
    begins, ends = every[~np.append(False, touches)[: len(every)], 0], every[:, 1]
    return np.stack([begins, ends[~np.append(touches, False)[: len(every)]]], axis=1)


def _add_closed_slots(closed: Array, slots: Array, n_slots: int) -> Array:
    """Return closed intervals of the week, with slots that were often passed without a label."""
    if slots[-1] - slots[0] < n_slots:
        return closed
    passed = _count_passes(slots[0], slots[-1], n_slots)
    is_closed = np.zeros(n_slots, dtype=bool)
    for start, end in closed:
        is_closed[start:end] = True
    is_seen = np.bincount(slots % n_slots, minlength=n_slots) > 0
    is_added = ~is_closed & ~is_seen & (passed >= 2)
    if not is_added.any():
        return closed
    n_before = np.concatenate([[0], np.cumsum(np.where(is_added, passed, 0))])
    intervals = _find_intervals(is_closed | is_added)
    for start, end in intervals[np.diff(n_before[intervals])[:, 0] < _MIN_PASSES]:
        is_added[start:end] = False
    return _find_intervals(is_closed | is_added)


def _find_session_starts(rule: Rule) -> Array:
    """Return the slots of the week with which sessions begin; empty without a weekend."""
    n_slots = _count_slots_a_day(rule)
    unseen = _join_first_and_last(rule["unseen"], 7 * n_slots)
    lengths = np.diff(unseen)[:, 0]
    if lengths.max(initial=0) < _MIN_WEEKEND * n_slots:
        return _NO_INTERVALS[:, 0]
    # The five longest intervals are nights and the weekend; breaks for lunch are shorter.
    is_night = lengths >= np.sort(lengths)[-5:][0]
    starts = np.sort((unseen[:, 1] - np.minimum(rule["late"], lengths))[is_night] % (7 * n_slots))
    edges = np.append(starts, starts[0] + 7 * n_slots)
    if np.diff(_count_open_before(edges, rule["unseen"], 7 * n_slots)).max() > n_slots:
        # Sessions that are open by day and night begin at midnight.
        edges = n_slots * np.arange(8)
        has_labels = np.diff(_count_open_before(edges, rule["unseen"], 7 * n_slots)) > 0
        starts = edges[:-1][has_labels]
    return starts if len(starts) >= 4 else _NO_INTERVALS[:, 0]


def _count_time_steps(rule: Rule, elapsed: Array, local: tuple[Array, Array]) -> Array:
    """Return the steps between pairs by a rule of times: the open slots, without holidays.

    Parameters
    ----------
    rule : Rule
        A rule of times.
    elapsed : ndarray of shape (n_pairs,)
        Ticks between the labels of each pair.
    local : pair of ndarray of shape (n_pairs,)
        Both labels of each pair in local time.
    """
    day, step = rule["day"], rule["step"]
    n_slots = 7 * _count_slots_a_day(rule)
    slots = _number_slots(rule, np.stack(local))
    # Over a night or weekend, slots that were passed only once count as closed, too.
    is_night = (elapsed >= day // 4) & (local[0] // day != local[1] // day)
    by_night, by_day = (
        np.diff(_count_open_before(slots, closed, n_slots), axis=0)[0]
        for closed in (rule["unseen"], rule["closed"])
    )
    counted = np.where(is_night, by_night, by_day)
    if rule["longest"]:
        counted = _leave_out_holidays(rule, local, counted)
    # If no slot in between is closed, count the elapsed time, which ignores clock changes.
    total = _round_to_int((local[1] - local[0]) / step)
    counted = np.where(counted >= total, _round_to_int(elapsed / step), counted)
    return np.where(elapsed == step, 1, np.maximum(counted, 1))


def _leave_out_holidays(rule: Rule, local: tuple[Array, Array], counted: Array) -> Array:
    """Return counted steps without the sessions, and the ends of sessions, that are holidays."""
    n_slots = 7 * _count_slots_a_day(rule)
    slots = _number_slots(rule, np.stack(local))
    sessions = _number_sessions(rule, local)
    # The first slot of the session after the first label, and of the session of the second one.
    week, session_of_week = np.divmod(sessions - np.array([[0], [1]]), len(rule["starts"]))
    begins = week * n_slots + rule["starts"][session_of_week]
    before_slots, before_begins, before, after = (
        _count_open_before(which, rule["unseen"], n_slots)
        for which in (slots, begins, begins[1] - 1, begins[1] + 1)
    )
    to_end, from_begin = before_begins[0] - before_slots[0], before_slots[1] - before_begins[1]
    # The end of a session may be missing, as on half days, but only if a night follows.
    has_night = after - before < 2
    is_first = (from_begin == 0) | (from_begin == rule["late"])
    n_sessions = sessions[1] - sessions[0]
    return np.where(
        (n_sessions > 0) & (n_sessions <= rule["longest"]),
        np.where(has_night & is_first, 1, np.maximum(to_end, 1) + from_begin),
        counted,
    )


def _number_sessions(rule: Rule, local: tuple[Array, Array]) -> Array:
    """Return the number of the session of both labels of each pair."""
    week, slots = np.divmod(_number_slots(rule, np.stack(local)), 7 * _count_slots_a_day(rule))
    starts = rule["starts"]
    return week * len(starts) + np.searchsorted(starts, slots, side="right")


def _count_slots_a_day(rule: Rule) -> int:
    """Return the number of slots of a day."""
    return int(rule["day"] // rule["step"])


def _number_slots(rule: Rule, local: Array) -> Array:
    """Return the number of the slot of each label, counted from the Monday before 1970."""
    slots: Array = (local - rule["phase"]) // rule["step"] + 3 * _count_slots_a_day(rule)
    return slots


def _count_open_before(slots: Array, closed: Array, n_slots: int) -> Array:
    """Return how many slots before these are open; closed intervals repeat after `n_slots`."""
    n_closed = np.concatenate([[0], np.cumsum(closed[:, 1] - closed[:, 0])])
    ends = np.concatenate([[0], closed[:, 1]])
    week, slots_of_week = np.divmod(slots, n_slots)
    n_begun = np.searchsorted(closed[:, 0], slots_of_week, side="right")
    open_before: Array = slots - week * n_closed[-1] - n_closed[n_begun]
    return open_before + np.maximum(ends[n_begun] - slots_of_week, 0)


def _find_intervals(is_closed: Array) -> Array:
    """Return the intervals in which all values are True, of shape (n, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_closed, [False]])))
    return edges.reshape(-1, 2).astype(np.int64)


def _join_first_and_last(intervals: Array, n: int) -> Array:
    """Return intervals with the last joined to the first, if they touch when the week repeats."""
    if len(intervals) < 2 or intervals[0, 0] > 0 or intervals[-1, 1] < n:
        return intervals
    return np.concatenate([[[intervals[-1, 0] - n, intervals[0, 1]]], intervals[1:-1]])


def _are_equal_steps(steps: Array, typical: Any) -> Array:
    """Return which steps equal the typical one, floats up to rounding."""
    if steps.dtype.kind == "f":
        near: Array = np.abs(steps - typical) <= 1e-6 * abs(typical)
        return near
    equal: Array = steps == typical
    return equal


def _find_share(which: Array) -> float:
    """Return the share of values that are True."""
    return np.count_nonzero(which) / len(which)


def _round_to_int(values: Array) -> Array:
    """Return the nearest integers, up to 2**53."""
    return np.rint(np.clip(values, -(2.0**53), 2.0**53)).astype(np.int64)
