"""Targets: which column of X each output of y is, found by comparing numbers. Pure NumPy.

`find_targets` compares y with the rows of X, as the transformer sees them. Behind the window there
are arrays of windows only: `find_targets_of_windows` links each window to the next one, and finds
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import lgamma
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skrnn.windows._views import Array, Positions

# So many rows must be compared at least, and half of all.
_MIN_ROWS = 8
# Rows that are compared first, since they rule out nearly every column.
_N_SAMPLE = 64
# Differences of so many roundings are none: scalers round several times.
_ROUNDINGS = 16
# An output whose spread is no more than so many tolerances is a constant.
_MIN_SPREAD = 64
# How unlikely equal values in another order are, before a match is no chance.
_ODDS = 1e4
# Rows whose values say how many orders they have.
_N_ORDERED = 1024
_CHUNK = 4096


class Target(NamedTuple):
    """An output of y as a column of X: ``y[t] == a * X[t + shift, feature] + b`` with ``a > 0``."""

    feature: int
    shift: int
    a: float
    b: float

    @property
    def is_identity(self) -> bool:
        """Whether y has the very values of the column."""
        return self.a == 1 and self.b == 0


# For each of some rows the row that lies so many rows later in its series, -1 if there is none.
Links = Callable[[int, Array], Array]


def find_targets(
    X: Array,
    y: Any,
    positions: Sequence[Positions],
    *,
    reach: int,
    names: Sequence[Hashable] | None = None,
) -> list[Target | None] | None:
    """Find the column of X that each output of y is.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows; NaN is allowed.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        Targets. NaN is allowed.
    positions : sequence of positions
        Where the rows of each series are.
    reach : int
        How many rows ahead targets may lie, beside one for each output.
    names : sequence, default=None
        The names of the columns of X, which are compared with those of y.

    Returns
    -------
    targets : list of Target or None, or None
        One for each output, None for an output that no column is. None if y has no numbers of one
        or two dimensions, or another number of rows.

    Notes
    -----
    Rows are compared where both values are finite: at least 8, and half of all. Values may differ
    by the rounding of their types. Constants are no target. Of several columns and shifts that
    fit, those with ``a=1, b=0`` come first, then the column of the name of y, then one common
    ``a, b`` for all outputs, then the smallest shift, then the first column.
    """
    numbers = read_targets(y)
    if numbers is None or len(numbers) != len(X):
        return None
    search = _Search(X, numbers, _link_rows(len(X), positions), _rounding(X, y))
    n_outputs = numbers.shape[1]
    return search.find(list(range(reach + n_outputs + 1)), names, _names_of(y, n_outputs))


def find_doubts(
    X: Array, y: Any, positions: Sequence[Positions], targets: Sequence[Target | None]
) -> list[tuple[bool, int | None]]:
    """Tell for each output that was not found whether it could not be, and what it may be.

    Parameters
    ----------
    X, y, positions :
        As `find_targets` has them.
    targets : sequence of Target or None
        What it has found.

    Returns
    -------
    doubts : list of (bool, int or None)
        For each output whether it may be a column all the same, and the first column that equals
        it in all rows. It may be one if it is a constant, has too few rows, or series are too short
        to compare it with later rows. If the other outputs are the steps of one column, it may be
        one if no row contradicts that it is the step between them.
    """
    numbers = read_targets(y)
    assert numbers is not None
    link = _link_rows(len(X), positions)
    rows = np.arange(len(X))
    needed = max(_MIN_ROWS, len(X) / 2)
    doubts: list[tuple[bool, int | None]] = []
    for output, target in enumerate(targets):
        if target is not None:
            doubts.append((False, None))
            continue
        values = numbers[:, output]
        finite = np.isfinite(values)
        n_pairs = np.count_nonzero(finite & (link(output, rows) >= 0))
        spread = np.ptp(values[finite]) if finite.any() else 0.0
        is_unclear = n_pairs < needed or spread <= _MIN_SPREAD * _rounding(X, y) * _largest(values)
        equal = (X[finite] == values[finite, np.newaxis]).all(axis=0)
        is_equal = is_unclear and finite.any() and equal.any()
        step = _step_between(targets, output)
        if step is not None:
            is_unclear = _may_be(X, values, link, step, _rounding(X, y))
        doubts.append((bool(is_unclear), int(equal.argmax()) if is_equal else None))
    return doubts


def _step_between(targets: Sequence[Target | None], output: int) -> Target | None:
    """Return what an output is if all that were found are the steps of one column in order."""
    known = [(number, target) for number, target in enumerate(targets) if target is not None]
    if len({(target.feature, target.shift - number) for number, target in known}) != 1:
        return None
    number, target = known[0]
    shift = target.shift + output - number
    return target._replace(shift=shift) if shift >= 0 else None


def _may_be(X: Array, y: Array, link: Links, target: Target, rounding: float) -> bool:
    """Tell whether an output differs from a target in no row that can be compared."""
    rows = link(target.shift, np.arange(len(y)))
    x = np.where(rows < 0, np.nan, X[rows, target.feature].astype(np.float64))
    both = np.isfinite(x) & np.isfinite(y)
    with np.errstate(all="ignore"):
        residual = np.abs(y - (target.a * x + target.b))[both]
    # The scale was found in other rows.
    tolerance = 1e4 * rounding * (_largest(y) + target.a * _largest(x) + abs(target.b))
    return bool((residual <= tolerance).all())


def find_targets_of_windows(
    windows: Array, y: Array, *, feature: int | None = None, complete: bool = False
) -> list[Target | None]:
    """Find the feature that each output of y is, and how many steps after its window it lies.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows in any order, of one or several series.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    feature : int, default=None
        The only feature that is compared; by default all are.
    complete : bool, default=False
        Whether an output that too few rows tell of is taken for the step between the others, if
        these are the steps of one feature and no row contradicts it.

    Returns
    -------
    targets : list of Target or None
        One for each output. `shift` counts from the last step of a window: 1 is the next step.
        None for an output that no feature is, and for windows of one step, which cannot be linked.

    Notes
    -----
    The window of a row and that of the next row have all steps in common but one. Of several
    windows that could be the next one, all must be equal.
    """
    numbers = y.reshape(len(y), -1)
    if windows.shape[1] < 2:
        return [None] * numbers.shape[1]
    last_steps = windows[:, -1]
    if feature is not None:
        last_steps = last_steps[:, feature : feature + 1]
    links = _link_windows(windows)
    search = _Search(last_steps, numbers, links, _rounding(windows, y))
    most = max(2 * windows.shape[1], 32) + numbers.shape[1]
    # A window that holds its own target is the last guess: of a line it would say the same.
    found = search.find([*range(1, most + 1), 0], None, [None] * numbers.shape[1])
    if complete:
        for output, target in enumerate(found.copy()):
            step = None if target is not None else _step_between(found, output)
            if step is not None and _may_be(
                last_steps, numbers[:, output], links, step, _rounding(windows, y)
            ):
                found[output] = step
    first = 0 if feature is None else feature
    return [target and target._replace(feature=target.feature + first) for target in found]


def read_targets(y: Any) -> Array | None:
    """Return y as floats of shape (n_rows, n_outputs), None if it has no numbers of that kind."""
    if y is None or hasattr(y, "toarray") or isinstance(y, np.ma.MaskedArray):
        return None
    try:
        if hasattr(y, "columns"):
            # Shifts of one series have the same name.
            is_pandas = isinstance(y, pd.DataFrame)
            parts = [y.iloc[:, j] for j in range(y.shape[1])] if is_pandas else y.get_columns()
            columns = [_read_column(part) for part in parts]
            if not columns or any(column is None for column in columns):
                return None
            return np.column_stack(columns)  # type: ignore[arg-type]
        values = y if hasattr(y, "dtype") else np.asarray(y)
        if getattr(values, "ndim", 1) == 1:
            column = _read_column(values)
            return None if column is None else column[:, np.newaxis]
        values = np.asarray(values)
        if values.ndim != 2 or values.shape[1] == 0 or values.dtype.kind not in "biuf":
            return None
        return values.astype(np.float64)
    except (TypeError, ValueError, OverflowError, AttributeError):
        # It is nothing that can be compared; the estimator says what it expects.
        return None


def _read_column(values: Any) -> Array | None:
    """Return numbers as floats, None for anything else."""
    if isinstance(values, pd.Series | pd.api.extensions.ExtensionArray):
        if not pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != object:
            return None
        if values.dtype != object:
            column: Array = pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan)
            return column
    array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if array.dtype == object:
        kind = pd.api.types.infer_dtype(array, skipna=True)
        if kind not in ("integer", "floating", "mixed-integer-float", "boolean", "decimal"):
            return None
    elif array.dtype.kind not in "biuf":
        return None
    with np.errstate(over="ignore"):
        return array.astype(np.float64)


def _names_of(y: Any, n_outputs: int) -> list[Hashable]:
    """Return the name of each output, None for those without one."""
    names = list(y.columns) if hasattr(y, "columns") else [getattr(y, "name", None)]
    return names if len(names) == n_outputs else [None] * n_outputs


def _rounding(X: Array, y: Any) -> float:
    """Return the relative rounding of numbers that were kept in the types of X and y."""
    dtypes = [X.dtype, *(y.dtypes if hasattr(y, "columns") else [getattr(y, "dtype", None)])]
    sizes = [
        np.finfo(dtype).eps for dtype in dtypes if isinstance(dtype, np.dtype) and dtype.kind == "f"
    ]
    return float(max([np.finfo(np.float64).eps, *sizes]))


def _link_rows(n_rows: int, positions: Sequence[Positions]) -> Links:
    """Return the links of rows that are in order within each series."""
    if len(positions) == 1 and isinstance(positions[0], slice):

        def link_in_order(shift: int, rows: Array) -> Array:
            return np.where(rows < n_rows - shift, rows + shift, -1)

        return link_in_order
    order = np.concatenate([np.arange(n_rows)[where] for where in positions] or [np.arange(0)])
    places = np.empty(n_rows, dtype=np.intp)
    places[order] = np.arange(n_rows)
    sizes = np.array([len(places[where]) for where in positions], dtype=np.intp)
    ends = np.repeat(np.cumsum(sizes), sizes)

    def link_in_series(shift: int, rows: Array) -> Array:
        later = places[rows] + shift
        return np.where(later < ends[places[rows]], order[np.minimum(later, n_rows - 1)], -1)

    return link_in_series


def _link_windows(windows: Array) -> Links:
    """Return the links of windows: the next one begins with all steps of this one but the first."""
    n_samples = len(windows)
    # Cheaper than all steps; rows are nearly always in order.
    in_order = _equal(windows[1:, -2], windows[:-1, -1]) & _equal(windows[1:, 0], windows[:-1, 1])
    next_rows = np.full(n_samples, -1, dtype=np.intp)
    if np.count_nonzero(in_order) >= n_samples // 2:
        next_rows[:-1] = np.where(in_order, np.arange(1, n_samples), -1)
    else:
        next_rows[:] = _find_next(windows)
    chains = [np.arange(n_samples, dtype=np.intp)]

    def link(shift: int, rows: Array) -> Array:
        while len(chains) <= shift:
            later = chains[-1]
            chains.append(np.where(later < 0, -1, next_rows[later]))
        return chains[shift][rows]

    return link


def _equal(one: Array, two: Array) -> Array:
    """Tell which rows of two arrays are equal; NaN equals NaN."""
    same: Array = ((one == two) | (np.isnan(one) & np.isnan(two))).all(axis=1)
    return same


def _find_next(windows: Array) -> Array:
    """Return the row of the next window of each, -1 where there is none or more than one."""
    first, last, whole = _hash_windows(windows)
    order = np.argsort(first, kind="stable")
    begins = np.searchsorted(first[order], last, side="left")
    ends = np.searchsorted(first[order], last, side="right")
    # Equal windows may follow: their last step is the same.
    changes = np.concatenate([[0], np.cumsum(whole[order][1:] != whole[order][:-1])])
    inside = np.minimum(begins, len(order) - 1), np.maximum(ends - 1, 0)
    is_one = (ends > begins) & (changes[inside[0]] == changes[inside[1]])
    return np.where(is_one, order[inside[0]], -1)


def _hash_windows(windows: Array) -> tuple[Array, Array, Array]:
    """Return a hash of all steps but the last of each window, of all but the first, and of all."""
    n_samples, n_steps, n_features = windows.shape
    rng = np.random.default_rng(0)
    weights = rng.integers(2**63, size=n_steps * n_features, dtype=np.uint64) | np.uint64(1)
    most = (n_steps - 1) * n_features
    hashes = np.empty((3, n_samples), dtype=np.uint64)
    for begin in range(0, n_samples, _CHUNK):
        chunk = windows[begin : begin + _CHUNK].astype(np.float64).reshape(-1, len(weights))
        chunk[np.isnan(chunk)] = np.nan
        # Adding 0 makes 0 of -0. Bits are mixed, since those of whole numbers end in zeros.
        bits = (chunk + 0.0).view(np.uint64)
        bits = (bits ^ (bits >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        bits ^= bits >> np.uint64(32)
        hashes[0, begin : begin + _CHUNK] = bits[:, :most] @ weights[:most]
        hashes[1, begin : begin + _CHUNK] = bits[:, n_features:] @ weights[:most]
        hashes[2, begin : begin + _CHUNK] = bits @ weights
    return hashes[0], hashes[1], hashes[2]


class _Search:
    """A search for the outputs of y among the columns of X.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Columns.
    y : ndarray of shape (n_rows, n_outputs)
        Outputs.
    link : callable
        The rows that lie so many rows after others.
    rounding : float
        The relative rounding of the values.
    """

    def __init__(self, X: Array, y: Array, link: Links, rounding: float) -> None:
        self._X, self._y, self._link = X, y, link
        self._rounding = _ROUNDINGS * rounding
        self._rows = np.arange(len(y))

    def find(
        self,
        shifts: list[int],
        names: Sequence[Hashable] | None,
        y_names: Sequence[Hashable],
    ) -> list[Target | None]:
        """Return the best target for each output; earlier shifts are better."""
        n_outputs = self._y.shape[1]
        found: list[Target | None] = [None] * n_outputs
        if len(self._y) < _MIN_ROWS or not self._X.size:
            return found
        taken: set[tuple[int, int]] = set()
        with np.errstate(all="ignore"):
            self._n_tried = len(shifts) * self._X.shape[1]
            sample = self._sample()
            values = self._take_sample(sample, shifts)
            open_outputs: dict[int, list[Target]] = {}
            for output in range(n_outputs):
                same, affine = self._screen(values, self._y[sample, output])

                def by_name(place: Any, output: int = output) -> tuple[bool, int, bool, int]:
                    shift, feature = place
                    named = names is not None and names[feature] == y_names[output]
                    is_other = not (named and y_names[output] is not None)
                    # Outputs that are equal columns are one each.
                    return is_other, shift, (feature, shifts[shift]) in taken, feature

                for place in sorted(zip(*np.nonzero(same), strict=True), key=by_name):
                    found[output] = self._verify(output, shifts[place[0]], place[1], True)
                    if found[output] is not None:
                        taken.add((int(place[1]), shifts[place[0]]))
                        break
                else:
                    places = sorted(zip(*np.nonzero(affine), strict=True), key=by_name)
                    open_outputs[output] = self._verify_all(
                        output,
                        [(shifts[s], f, by_name((s, f))[0]) for s, f in places],
                        is_first_enough=n_outputs == 1,
                    )
            found_affine = _choose_common(open_outputs, self._level() * self._rounding)
        for output, target in found_affine.items():
            found[output] = target
        return found

    def _sample(self) -> Array:
        """Return rows that rule out most columns: evenly spaced ones, and those of extremes."""
        y = self._y
        even = np.linspace(0, len(y) - 1, _N_SAMPLE).astype(np.intp)
        finite = np.isfinite(y)
        extremes = [
            fold(np.where(finite, y, fill), axis=0)
            for fold, fill in ((np.argmin, np.inf), (np.argmax, -np.inf))
        ]
        return np.unique(np.concatenate([even, *extremes]))

    def _take_sample(self, sample: Array, shifts: list[int]) -> Array:
        """Return the values of all columns, of shape (n_shifts, n_sample, n_features)."""
        values = np.empty((len(shifts), len(sample), self._X.shape[1]))
        for number, shift in enumerate(shifts):
            rows = self._link(shift, sample)
            values[number] = self._X[rows]
            values[number, rows < 0] = np.nan
        return values

    def _screen(self, values: Array, y: Array) -> tuple[Array, Array]:
        """Tell which columns and shifts may be an output, with its very values and scaled."""
        both = np.isfinite(values) & np.isfinite(y)[:, np.newaxis]
        targets = np.broadcast_to(y[:, np.newaxis], values.shape)
        # Wider than the tolerance of all rows, since the sample may lack the largest value.
        slack = 4 * self._rounding * max(1.0, self._level() / max(_largest(y), 1e-300))
        size = np.maximum(np.abs(values), np.abs(targets))
        level = np.where(both, size, 0).max(axis=1, keepdims=True)
        same = (~both | (np.abs(values - targets) <= slack * level)).all(axis=1)
        low = np.where(both, values, np.inf).argmin(axis=1)[:, np.newaxis]
        high = np.where(both, values, -np.inf).argmax(axis=1)[:, np.newaxis]
        x_low, x_high, y_low, y_high = (
            np.take_along_axis(array, place, axis=1)
            for array in (values, targets)
            for place in (low, high)
        )
        a = (y_high - y_low) / (x_high - x_low)
        residual = np.abs(targets - (a * (values - x_low) + y_low))
        # Multiplied first: a sum of the largest numbers there are would overflow.
        tolerance = slack * np.abs(targets) + a * (slack * np.abs(values))
        tolerance = np.where(both, tolerance, 0).max(axis=1, keepdims=True)
        fits = (~both | (residual <= tolerance)).all(axis=1) & (a[:, 0] > 0)
        # A column that does not vary in the sample may do so elsewhere, if y does not vary either.
        is_open = (x_high == x_low) & (y_high == y_low) | ~both.any(axis=1, keepdims=True)
        return same, fits | is_open[:, 0]

    def _verify_all(
        self, output: int, places: list[tuple[int, int, bool]], *, is_first_enough: bool
    ) -> list[Target]:
        """Return the places that fit in all rows: those of the name of y, if there are any."""
        verified: list[Target] = []
        for number, (shift, feature, is_other) in enumerate(places):
            if verified and (is_first_enough or (is_other and not places[number - 1][2])):
                break
            target = self._verify(output, shift, feature, False)
            if target is not None:
                verified.append(target)
        return verified

    def _verify(self, output: int, shift: int, feature: int, is_same: bool) -> Target | None:
        """Return the target if it fits in all rows that can be compared."""
        rows = self._link(shift, self._rows)
        there = rows >= 0
        x = self._X[rows[there], feature].astype(np.float64, copy=False)
        y = self._y[there, output]
        both = np.isfinite(x) & np.isfinite(y)
        if not both.all():
            x, y = x[both], y[both]
        if len(x) < max(_MIN_ROWS, len(self._y) / 2):
            return None
        low, high = x.argmin(), x.argmax()
        if is_same:
            a, b = 1.0, 0.0
        else:
            a = float((y[high] - y[low]) / (x[high] - x[low]))
            b = float(y[low] - a * x[low])
        if not (0 < a < np.inf and np.isfinite(b)):
            return None
        tolerance = self._rounding * _largest(y) + a * self._rounding * _largest(x)
        if not np.abs(y - (a * x + b)).max() <= tolerance:
            return None
        if not np.ptp(y) > _MIN_SPREAD * tolerance / _ROUNDINGS:
            return None
        target = Target(int(feature), int(shift), a, b)
        # The column itself at its own row is no chance: people give it.
        if (is_same and shift == 0) or _count_orders(y) > np.log(_ODDS * self._n_tried):
            return target
        return None

    def _level(self) -> float:
        return max(1e-300, _largest(self._y[np.isfinite(self._y)]))


def _largest(values: Array) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _count_orders(values: Array) -> float:
    """Return the logarithm of how many orders the values have, or some of many."""
    if len(values) > _N_ORDERED:
        values = values[np.linspace(0, len(values) - 1, _N_ORDERED).astype(np.intp)]
    counts = np.unique(values, return_counts=True)[1]
    return lgamma(len(values) + 1) - sum(map(lgamma, (counts + 1).tolist()))


def _choose_common(candidates: dict[int, list[Target]], tolerance: float) -> dict[int, Target]:
    """Return the first target of each output, of those of one `a, b` if all outputs have it."""
    chosen: dict[int, Target] = {}
    for output, targets in candidates.items():
        if targets:
            chosen[output] = _first_free(targets, targets[0], chosen, tolerance)
    if len(chosen) < 2 or len(chosen) < len(candidates):
        return chosen
    for first in next(iter(candidates.values())):
        common: dict[int, Target] = {}
        for output, targets in candidates.items():
            near = next((each for each in targets if _are_near(each, first, tolerance)), None)
            if near is None:
                break
            common[output] = _first_free(targets, near, common, tolerance)
        else:
            return common
    return chosen


def _first_free(
    targets: list[Target], best: Target, chosen: dict[int, Target], tolerance: float
) -> Target:
    """Return a target, or one of an equal column if another output is that one already."""
    taken = {(target.feature, target.shift) for target in chosen.values()}
    equal = [
        each for each in targets if each.shift == best.shift and _are_near(each, best, tolerance)
    ]
    free = [each for each in equal if (each.feature, each.shift) not in taken]
    return best if (best.feature, best.shift) not in taken or not free else free[0]


def _are_near(one: Target, two: Target, tolerance: float) -> bool:
    """Tell whether two scales are one but for rounding."""
    return abs(one.a - two.a) <= 1e-5 * two.a and abs(one.b - two.b) <= _MIN_SPREAD * tolerance
