"""Target columns: find the column of X that each output of y is, by comparing numbers.

An output is a column if it has the values of the column in the same row or a later one, up to a
factor and an offset. `find_targets` compares y with rows, as the transformer reads them.
`find_targets_of_windows` compares y with windows, as an estimator after the transformer reads them.
For this, it first finds the next window of each window.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from math import lgamma
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skrnn.windows._views import Array, Positions

# Smallest number of rows that are compared. Half of all rows are needed, too.
_MIN_ROWS = 8
# Number of rows that are compared first. They rule out nearly every column.
_N_SAMPLE = 64
# Values are equal up to this many rounding errors, since scalers round several times.
_N_ROUNDINGS = 16
# An output is a constant if its range is not larger than this many rounding errors.
_MIN_SPREAD = 64
# Values match by chance if they can be ordered in few ways only. So a match counts only if its
# values can be ordered in at least this many ways for each column and shift that is tried.
_MIN_ODDS = 1e4
# The ways to order values are counted for at most this many values.
_MAX_ORDERED = 1024
# Windows hashed at once.
_CHUNK_SIZE = 4096


class Target(NamedTuple):
    """Target column of an output: ``y[t] == a * X[t + shift, feature] + b`` with ``a > 0``."""

    feature: int
    shift: int
    a: float
    b: float

    @property
    def is_identity(self) -> bool:
        """Whether y has the values of the column, without a factor or an offset."""
        return self.a == 1 and self.b == 0


# Function of a shift and rows. For each row it returns the row `shift` rows later in its series,
# or -1 if there is none.
ShiftRows = Callable[[int, Array], Array]


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
        The largest shift is `reach` plus the number of outputs.
    names : sequence, default=None
        Names of the columns of X, which are compared with those of y.

    Returns
    -------
    targets : list of Target or None, or None
        One entry for each output, None for an output that is no column. None if y does not hold
        numbers of one or two dimensions, or has another number of rows.

    Notes
    -----
    At least 8 rows, and half of all, must have finite values of both. Values are equal up to the
    rounding of their types. A constant output has no target column. If several columns and shifts
    fit, the order of preference is: ``a=1, b=0``, the column with the name of y, one common
    ``a, b`` for all outputs, the smallest shift, the first column.
    """
    numbers = read_targets(y)
    if numbers is None or len(numbers) != len(X):
        return None
    shift_rows = _shift_within_series(len(X), positions)
    search = _TargetSearch(X, numbers, shift_rows, _find_rounding(X, y), len(X) / 2)
    n_outputs = numbers.shape[1]
    return search.find(list(range(reach + n_outputs + 1)), names, _get_output_names(y, n_outputs))


def find_doubts(
    X: Array, y: Any, positions: Sequence[Positions], targets: Sequence[Target | None]
) -> list[tuple[bool, int | None]]:
    """Return for each output whether it may have a target column that the data cannot show.

    Parameters
    ----------
    X, y, positions :
        As in `find_targets`.
    targets : sequence of Target or None
        Result of `find_targets`.

    Returns
    -------
    doubts : list of (bool, int or None)
        A pair for each output, (False, None) for outputs with a target column. The bool is True if
        the data cannot show a target column. The int is the first column that equals the output in
        all rows, if there is one.

    Notes
    -----
    The data cannot show the target column of a constant output, or of an output with too few rows
    to compare. If the other outputs are the steps of one column, only one step is possible for this
    output. In this case, the bool is True if no row contradicts this step.
    """
    numbers = read_targets(y)
    assert numbers is not None
    shift_rows = _shift_within_series(len(X), positions)
    rows = np.arange(len(X))
    needed = max(_MIN_ROWS, len(X) / 2)
    doubts: list[tuple[bool, int | None]] = []
    for output, target in enumerate(targets):
        if target is not None:
            doubts.append((False, None))
            continue
        values = numbers[:, output]
        finite = np.isfinite(values)
        n_pairs = np.count_nonzero(finite & (shift_rows(output, rows) >= 0))
        spread = np.ptp(values[finite]) if finite.any() else 0.0
        is_unclear = n_pairs < needed or spread <= _MIN_SPREAD * _find_rounding(
            X, y
        ) * _find_largest(values)
        equal = (X[finite] == values[finite, np.newaxis]).all(axis=0)
        is_equal = is_unclear and finite.any() and equal.any()
        step = find_step_between(targets, output)
        if step is not None:
            is_unclear = _agrees(X, values, shift_rows, step, _find_rounding(X, y))
        doubts.append((bool(is_unclear), int(equal.argmax()) if is_equal else None))
    return doubts


def find_step_between(targets: Sequence[Target | None], output: int) -> Target | None:
    """Return the only possible step of an output if the other outputs are steps of one column."""
    known = [(number, target) for number, target in enumerate(targets) if target is not None]
    if len({(target.feature, target.shift - number) for number, target in known}) != 1:
        return None
    number, target = known[0]
    shift = target.shift + output - number
    return target._replace(shift=shift) if shift >= 0 else None


def _agrees(X: Array, y: Array, shift_rows: ShiftRows, target: Target, rounding: float) -> bool:
    """Return whether an output equals a target in all rows that can be compared."""
    rows = shift_rows(target.shift, np.arange(len(y)))
    x = np.where(rows < 0, np.nan, X[rows, target.feature].astype(np.float64))
    both = np.isfinite(x) & np.isfinite(y)
    with np.errstate(all="ignore"):
        residual = np.abs(y - (target.a * x + target.b))[both]
    # The scale was found in other rows, so a wide tolerance is needed.
    level = _find_largest(y) + target.a * _find_largest(x) + abs(target.b)
    return bool((residual <= 1e4 * rounding * level).all())


def find_targets_of_windows(
    windows: Array, y: Array, *, feature: int | None = None
) -> list[Target | None]:
    """Find the feature that each output of y is, and how many steps after the window it lies.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows in any order, of one or several series.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    feature : int, default=None
        The only feature that is compared. By default all features are.

    Returns
    -------
    targets : list of Target or None
        One entry for each output. `shift` counts from the last step of a window: 1 is the next
        step. None for an output that is no feature, and for windows of one step, whose next window
        cannot be found.

    Notes
    -----
    The next window of a window begins with all steps of this window except its first step. If
    several windows do so, they must be equal.

    Too few rows may show the feature of an output. If the other outputs are steps of one feature,
    only one step is possible for this output. It is returned if no row contradicts it.
    """
    numbers = y.reshape(len(y), -1)
    if windows.shape[1] < 2:
        return [None] * numbers.shape[1]
    last_steps = windows[:, -1]
    if feature is not None:
        last_steps = last_steps[:, feature : feature + 1]
    shift_rows = _shift_windows(windows)
    # A window without a next one, as in shuffled splits, cannot be compared.
    n_linked = np.count_nonzero(shift_rows(1, np.arange(len(windows))) >= 0)
    search = _TargetSearch(
        last_steps, numbers, shift_rows, _find_rounding(windows, y), n_linked / 2
    )
    most = max(2 * windows.shape[1], 32) + numbers.shape[1]
    # Shift 0, a target in its own window, comes last: on a straight line every shift fits.
    found = search.find([*range(1, most + 1), 0], None, [None] * numbers.shape[1])
    for output, target in enumerate(found.copy()):
        step = None if target is not None else find_step_between(found, output)
        rounding = _find_rounding(windows, y)
        if step and _agrees(last_steps, numbers[:, output], shift_rows, step, rounding):
            found[output] = step
    first = 0 if feature is None else feature
    return [target and target._replace(feature=target.feature + first) for target in found]


def count_next_windows(windows: Array) -> int:
    """Return how many windows have a next window among the given ones."""
    if windows.shape[1] < 2:
        return 0
    return int(np.count_nonzero(_shift_windows(windows)(1, np.arange(len(windows))) >= 0))


def read_targets(y: Any) -> Array | None:
    """Return y as floats of shape (n_rows, n_outputs), None if it does not hold numbers."""
    if y is None or hasattr(y, "toarray") or isinstance(y, np.ma.MaskedArray):
        return None
    try:
        if hasattr(y, "columns"):
            # Columns are read by position, because several columns may have the same name.
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
        # The estimator raises an error if it cannot use this y.
        return None


def _read_column(values: Any) -> Array | None:
    """Return one column as floats, None if it does not hold numbers."""
    if isinstance(values, pd.Series | pd.api.extensions.ExtensionArray):
        if not pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != object:
            return None
        # Complex numbers would lose their imaginary parts.
        if values.dtype.kind == "c":
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


def _get_output_names(y: Any, n_outputs: int) -> list[Hashable]:
    """Return the name of each output, None for outputs without a name."""
    names = list(y.columns) if hasattr(y, "columns") else [getattr(y, "name", None)]
    return names if len(names) == n_outputs else [None] * n_outputs


def _find_rounding(X: Array, y: Any) -> float:
    """Return the relative rounding error of the coarsest type of X and y."""
    dtypes = [X.dtype, *(y.dtypes if hasattr(y, "columns") else [getattr(y, "dtype", None)])]
    sizes = [
        np.finfo(dtype).eps for dtype in dtypes if isinstance(dtype, np.dtype) and dtype.kind == "f"
    ]
    return float(max([np.finfo(np.float64).eps, *sizes]))


def _shift_within_series(n_rows: int, positions: Sequence[Positions]) -> ShiftRows:
    """Return the function that shifts rows within their series."""
    if len(positions) == 1 and isinstance(positions[0], slice):

        def shift_in_order(shift: int, rows: Array) -> Array:
            return np.where(rows < n_rows - shift, rows + shift, -1)

        return shift_in_order
    order = np.concatenate([np.arange(n_rows)[where] for where in positions] or [np.arange(0)])
    places = np.empty(n_rows, dtype=np.intp)
    places[order] = np.arange(n_rows)
    sizes = np.array([len(places[where]) for where in positions], dtype=np.intp)
    ends = np.repeat(np.cumsum(sizes), sizes)

    def shift_in_series(shift: int, rows: Array) -> Array:
        later = places[rows] + shift
        return np.where(later < ends[places[rows]], order[np.minimum(later, n_rows - 1)], -1)

    return shift_in_series


def _shift_windows(windows: Array) -> ShiftRows:
    """Return the function that shifts windows. The next window is found by its steps."""
    n_samples = len(windows)
    # Windows are nearly always in order. Two steps of each window show this.
    in_order = _are_equal_rows(windows[1:, -2], windows[:-1, -1]) & _are_equal_rows(
        windows[1:, 0], windows[:-1, 1]
    )
    next_rows = np.full(n_samples, -1, dtype=np.intp)
    if np.count_nonzero(in_order) >= n_samples // 2:
        next_rows[:-1] = np.where(in_order, np.arange(1, n_samples), -1)
    else:
        next_rows[:] = _find_next_windows(windows)
    chains = [np.arange(n_samples, dtype=np.intp)]

    def shift_windows(shift: int, rows: Array) -> Array:
        while len(chains) <= shift:
            later = chains[-1]
            chains.append(np.where(later < 0, -1, next_rows[later]))
        return chains[shift][rows]

    return shift_windows


def _are_equal_rows(one: Array, two: Array) -> Array:
    """Return which rows of two arrays are equal; NaN equals NaN."""
    same: Array = ((one == two) | (np.isnan(one) & np.isnan(two))).all(axis=1)
    return same


def _find_next_windows(windows: Array) -> Array:
    """Return the row of the next window of each window, -1 for none or several different ones."""
    first, last, whole = _hash_windows(windows)
    order = np.argsort(first, kind="stable")
    begins = np.searchsorted(first[order], last, side="left")
    ends = np.searchsorted(first[order], last, side="right")
    # Several windows may be the next one if they are equal in all steps.
    changes = np.concatenate([[0], np.cumsum(whole[order][1:] != whole[order][:-1])])
    first_match, last_match = np.minimum(begins, len(order) - 1), np.maximum(ends - 1, 0)
    is_clear = (ends > begins) & (changes[first_match] == changes[last_match])
    return np.where(is_clear, order[first_match], -1)


def _hash_windows(windows: Array) -> tuple[Array, Array, Array]:
    """Return hashes of each window without its last step, without its first step, and in full."""
    n_samples, n_steps, n_features = windows.shape
    rng = np.random.default_rng(0)
    weights = rng.integers(2**63, size=n_steps * n_features, dtype=np.uint64) | np.uint64(1)
    most = (n_steps - 1) * n_features
    hashes = np.empty((3, n_samples), dtype=np.uint64)
    for begin in range(0, n_samples, _CHUNK_SIZE):
        chunk = windows[begin : begin + _CHUNK_SIZE].astype(np.float64).reshape(-1, len(weights))
        chunk[np.isnan(chunk)] = np.nan
        # Adding 0 turns -0 into 0. Bits are mixed, since whole numbers end in zero bits.
        bits = (chunk + 0.0).view(np.uint64)
        bits = (bits ^ (bits >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        bits ^= bits >> np.uint64(32)
        hashes[0, begin : begin + _CHUNK_SIZE] = bits[:, :most] @ weights[:most]
        hashes[1, begin : begin + _CHUNK_SIZE] = bits[:, n_features:] @ weights[:most]
        hashes[2, begin : begin + _CHUNK_SIZE] = bits @ weights
    return hashes[0], hashes[1], hashes[2]


class _TargetSearch:
    """Search for the outputs of y among the columns of X.

    A *place* is a pair of a shift and a feature. A sample of rows rules out most places. The other
    places are compared in all rows.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Columns.
    y : ndarray of shape (n_rows, n_outputs)
        Outputs.
    shift_rows : callable
        Function of type `ShiftRows`.
    rounding : float
        Relative rounding error of the values.
    n_needed : float
        Smallest number of rows in which a target must be compared.
    """

    def __init__(
        self, X: Array, y: Array, shift_rows: ShiftRows, rounding: float, n_needed: float
    ) -> None:
        self._X, self._y, self._shift_rows = X, y, shift_rows
        self._n_needed = n_needed
        self._rounding = _N_ROUNDINGS * rounding
        self._level = max(1e-300, _find_largest(y))
        self._rows = np.arange(len(y))

    def find(
        self,
        shifts: list[int],
        names: Sequence[Hashable] | None,
        y_names: Sequence[Hashable],
    ) -> list[Target | None]:
        """Return the best target of each output, None without one. Prefer the first shifts."""
        n_outputs = self._y.shape[1]
        found: list[Target | None] = [None] * n_outputs
        if len(self._y) < _MIN_ROWS or not self._X.size:
            return found
        taken: set[tuple[int, int]] = set()
        with np.errstate(all="ignore"):
            self._n_tried = len(shifts) * self._X.shape[1]
            sample = self._choose_sample()
            values = self._read_sample(sample, shifts)
            scaled_targets: dict[int, list[Target]] = {}
            for output in range(n_outputs):
                same, scaled = self._find_candidates(values, self._y[sample, output])
                name = y_names[output]
                named = [
                    names is not None and name is not None and names[feature] == name
                    for feature in range(self._X.shape[1])
                ]
                for shift, feature in _sort_places(same, shifts, named, taken):
                    found[output] = self._verify(output, shift, feature, is_same=True)
                    if found[output] is not None:
                        taken.add((feature, shift))
                        break
                else:
                    scaled_targets[output] = self._verify_scaled(
                        output,
                        _sort_places(scaled, shifts, named),
                        named,
                        is_first_enough=n_outputs == 1,
                    )
            tolerance = self._level * self._rounding
        for output, target in _choose_common_scale(scaled_targets, tolerance).items():
            found[output] = target
        return found

    def _choose_sample(self) -> Array:
        """Return a sample of rows: evenly spaced ones, and the extremes of each output."""
        y = self._y
        even = np.linspace(0, len(y) - 1, _N_SAMPLE).astype(np.intp)
        finite = np.isfinite(y)
        extremes = [
            fold(np.where(finite, y, fill), axis=0)
            for fold, fill in ((np.argmin, np.inf), (np.argmax, -np.inf))
        ]
        return np.unique(np.concatenate([even, *extremes]))

    def _read_sample(self, sample: Array, shifts: list[int]) -> Array:
        """Return the columns at each shift, of shape (n_shifts, n_sample, n_features)."""
        values = np.empty((len(shifts), len(sample), self._X.shape[1]))
        for number, shift in enumerate(shifts):
            rows = self._shift_rows(shift, sample)
            values[number] = self._X[rows]
            values[number, rows < 0] = np.nan
        return values

    def _find_candidates(self, values: Array, y: Array) -> tuple[Array, Array]:
        """Return which places may be an output, first with the same values, then with scaled ones.

        Both results are bool arrays of shape (n_shifts, n_features).
        """
        both = np.isfinite(values) & np.isfinite(y)[:, np.newaxis]
        targets = np.broadcast_to(y[:, np.newaxis], values.shape)
        # The sample may lack the largest value, so its tolerance is wider than in all rows.
        slack = 4 * self._rounding * max(1.0, self._level / max(_find_largest(y), 1e-300))
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
        # Products are added, since a sum of the largest floats would overflow.
        tolerance = slack * np.abs(targets) + a * (slack * np.abs(values))
        tolerance = np.where(both, tolerance, 0).max(axis=1, keepdims=True)
        fits = (~both | (residual <= tolerance)).all(axis=1) & (a[:, 0] > 0)
        # A column is still possible if it and y are both constant in the sample, or not compared.
        is_open = (x_high == x_low) & (y_high == y_low) | ~both.any(axis=1, keepdims=True)
        return same, fits | is_open[:, 0]

    def _verify_scaled(
        self,
        output: int,
        places: list[tuple[int, int]],
        named: list[bool],
        *,
        is_first_enough: bool,
    ) -> list[Target]:
        """Return the scaled targets that fit in all rows. If named ones fit, return only these."""
        verified: list[Target] = []
        for shift, feature in places:
            # Named columns come first.
            is_next_best = verified and named[verified[0].feature] and not named[feature]
            if verified and (is_first_enough or is_next_best):
                break
            target = self._verify(output, shift, feature, is_same=False)
            if target is not None:
                verified.append(target)
        return verified

    def _verify(self, output: int, shift: int, feature: int, *, is_same: bool) -> Target | None:
        """Return the target if it fits in all rows that can be compared, else None."""
        rows = self._shift_rows(shift, self._rows)
        has_later = rows >= 0
        x = self._X[rows[has_later], feature].astype(np.float64, copy=False)
        y = self._y[has_later, output]
        both = np.isfinite(x) & np.isfinite(y)
        if not both.all():
            x, y = x[both], y[both]
        if len(x) < max(_MIN_ROWS, self._n_needed):
            return None
        low, high = x.argmin(), x.argmax()
        if is_same:
            a, b = 1.0, 0.0
        else:
            a = float((y[high] - y[low]) / (x[high] - x[low]))
            b = float(y[low] - a * x[low])
        if not (0 < a < np.inf and np.isfinite(b)):
            return None
        tolerance = self._rounding * _find_largest(y) + a * self._rounding * _find_largest(x)
        min_spread = _MIN_SPREAD * tolerance / _N_ROUNDINGS
        if is_same:
            # Equal values differ by one rounding, scaled values by several.
            tolerance /= 2 * _N_ROUNDINGS
        if not np.abs(y - (a * x + b)).max() <= tolerance:
            return None
        if not np.ptp(y) > min_spread:
            return None
        target = Target(int(feature), int(shift), a, b)
        # A column of the same row is not a chance match: users often give it as y.
        if (is_same and shift == 0) or _count_log_orders(y) > np.log(_MIN_ODDS * self._n_tried):
            return target
        return None


def _sort_places(
    is_candidate: Array,
    shifts: list[int],
    named: list[bool],
    taken: Collection[tuple[int, int]] = (),
) -> list[tuple[int, int]]:
    """Return candidates as pairs (shift, feature): named features first, then the first shifts.

    Among equal features, the features that another output has taken come last.
    """

    def rank(place: tuple[int, int]) -> tuple[bool, int, bool, int]:
        number, feature = place
        return not named[feature], number, (feature, shifts[number]) in taken, feature

    places = sorted(zip(*np.nonzero(is_candidate), strict=True), key=rank)
    return [(shifts[number], int(feature)) for number, feature in places]


def _find_largest(values: Array) -> float:
    """Return the largest absolute value that is finite, 0 without one."""
    if not values.size:
        return 0.0
    # fmin and fmax ignore NaN. Infinite values are rare.
    smallest, largest = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
    if not np.isfinite([smallest, largest]).all():
        finite = values[np.isfinite(values)]
        return float(np.abs(finite).max(initial=0.0))
    return float(max(-smallest, largest))


def _count_log_orders(values: Array) -> float:
    """Return the logarithm of the number of different orders of the values (or of a sample)."""
    if len(values) > _MAX_ORDERED:
        values = values[np.linspace(0, len(values) - 1, _MAX_ORDERED).astype(np.intp)]
    counts = np.unique(values, return_counts=True)[1]
    return lgamma(len(values) + 1) - sum(map(lgamma, (counts + 1).tolist()))


def _choose_common_scale(
    candidates: dict[int, list[Target]], tolerance: float
) -> dict[int, Target]:
    """Return targets with one common `a, b` if possible, else the first target of each output."""
    chosen: dict[int, Target] = {}
    for output, targets in candidates.items():
        if targets:
            chosen[output] = _choose_free(targets, targets[0], chosen, tolerance)
    if len(chosen) < 2 or len(chosen) < len(candidates):
        return chosen
    for first in next(iter(candidates.values())):
        common: dict[int, Target] = {}
        for output, targets in candidates.items():
            near = next(
                (each for each in targets if _have_equal_scale(each, first, tolerance)), None
            )
            if near is None:
                break
            common[output] = _choose_free(targets, near, common, tolerance)
        else:
            return common
    return chosen


def _choose_free(
    targets: list[Target], best: Target, chosen: dict[int, Target], tolerance: float
) -> Target:
    """Return the best target. If another output has taken it, return that of an equal column."""
    taken = {(target.feature, target.shift) for target in chosen.values()}
    free = [
        each
        for each in targets
        if each.shift == best.shift
        and _have_equal_scale(each, best, tolerance)
        and (each.feature, each.shift) not in taken
    ]
    return best if (best.feature, best.shift) not in taken or not free else free[0]


def _have_equal_scale(one: Target, two: Target, tolerance: float) -> bool:
    """Return whether two targets have the same `a, b` up to rounding."""
    return abs(one.a - two.a) <= 1e-5 * two.a and abs(one.b - two.b) <= _MIN_SPREAD * tolerance
