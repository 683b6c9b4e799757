"""Warnings about missing steps: collect the findings of one call, and give one warning."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skrnn.exceptions import (
    MissingStepsWarning,
    RowsMissingWarning,
    TooFewRowsWarning,
    UnplacedLabelsWarning,
)
from skrnn.windows._labels import describe_kind, looks_like_dates, show
from skrnn.windows._placing import Placement, SeriesStart
from skrnn.windows._views import Array, Positions

_TO_DATES = 'X.index = pd.to_datetime(X.index, format="%Y-%m-%d"), with the format of your labels.'
_TO_DATES_OF_PANEL = (
    'pd.to_datetime(labels, format="%Y-%m-%d") before they become an index level, with the format '
    "of your labels."
)
# Reasons of a `Placement` that are due to the type of the labels.
_UNPLACED = ("kind", "text", "mixed", "missing")


_is_silent: ContextVar[bool] = ContextVar("_is_silent", default=False)


@contextmanager
def ignore_missing_steps() -> Iterator[None]:
    """Give no warnings about missing steps within the block.

    Filters of warnings belong to the process. Two threads that set and restore them at once could
    leave a filter behind.
    """
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


class _IncompleteRows(NamedTuple):
    """Rows of one series whose windows lack steps before the first row."""

    series: Hashable
    n_rows: int
    row: int
    placement: Placement
    fitted: Any
    kind: str


class Notices:
    """Findings of one call about all series, given as one warning.

    Parameters
    ----------
    n_rows : int
        Number of rows of the call.
    labels : Index or None
        Labels of the rows.
    has_group : bool
        Whether series have names.
    """

    def __init__(self, n_rows: int, labels: pd.Index | None, *, has_group: bool) -> None:
        self._n_rows = n_rows
        self._labels = labels
        self._has_group = has_group
        self._incomplete: list[_IncompleteRows] = []
        self._short: list[tuple[Hashable, int]] = []
        self._unordered = ""
        self._n_missing = 0
        self._first_gap: tuple[Hashable, int, int, int] | None = None

    def note_incomplete_rows(
        self,
        series: Hashable,
        where: Positions,
        incomplete: Array,
        placement: Placement,
        start: SeriesStart | None,
        kind: str,
    ) -> None:
        """Note the rows of a series whose windows lack steps, by their numbers in `incomplete`."""
        if start is not None and len(incomplete):
            row = self._find_row(where, int(incomplete[0]))
            self._incomplete.append(
                _IncompleteRows(series, len(incomplete), row, placement, start["labels"], kind)
            )

    def note_unordered_labels(self, kind: str) -> None:
        """Note that the order of fitted labels of this kind cannot be checked.

        Text that does not look like dates is ignored: it may be a name of each row.
        """
        assert self._labels is not None
        if kind == "missing" or (kind == "text" and looks_like_dates(self._labels)):
            self._unordered = kind

    def note_short_series(self, series: Hashable, n_rows: int) -> None:
        """Note a series with fewer fitted rows than `window_length`."""
        self._short.append((series, n_rows))

    def note_gaps(self, series: Hashable, where: Positions, missing: Array) -> None:
        """Note the number of missing steps after each row of a series except the last."""
        pairs = np.flatnonzero(missing)
        if not len(pairs):
            return
        self._n_missing += int(missing.sum())
        if self._first_gap is None:
            before, after = (self._find_row(where, int(pairs[0]) + i) for i in (0, 1))
            self._first_gap = series, before, after, int(missing[pairs[0]])

    def raise_for_gaps(self) -> None:
        """Raise an error if steps are missing between rows."""
        if self._first_gap is not None:
            raise ValueError(
                f'{self._describe_gaps()} gaps="raise" expects that no step is missing: insert the '
                f'missing rows ({self._to_fill_gaps()}), or use gaps="missing".'
            )

    def warn(self, *, window_length: int, gaps: str) -> None:
        """Give one warning if anything was noted."""
        if _is_silent.get():
            return
        found: list[tuple[type[RowsMissingWarning], str]] = []
        if self._unordered:
            found.append((UnplacedLabelsWarning, self._describe_unordered()))
        if self._short:
            found.append((TooFewRowsWarning, self._describe_short(window_length)))
        for reason in dict.fromkeys(rows.placement.reason for rows in self._incomplete):
            alike = [rows for rows in self._incomplete if rows.placement.reason == reason]
            kind = UnplacedLabelsWarning if reason in _UNPLACED else RowsMissingWarning
            found.append((kind, self._describe_incomplete(alike)))
        if gaps == "warn" and self._first_gap is not None:
            advice = (
                "Windows read across the gaps, as if the rows were next to each other. Use "
                'gaps="missing" with padding="nan" to put missing steps into the windows, which '
                'networks skip, or gaps="ignore" to turn '
                f"this warning off, or insert the missing rows: {self._to_fill_gaps()}."
            )
            found.append((MissingStepsWarning, f"{self._describe_gaps()} {advice}"))
        if not found:
            return
        kinds = {kind for kind, _ in found}
        category = kinds.pop() if len(kinds) == 1 else RowsMissingWarning
        warnings.warn(" ".join(text for _, text in found), category, stacklevel=6)

    def _to_dates(self) -> str:
        return _TO_DATES_OF_PANEL if self._has_group else _TO_DATES

    def _to_fill_gaps(self) -> str:
        return "X.reindex(...)" if self._has_group else "X.asfreq(...), X.reindex(...)"

    def _describe_unordered(self) -> str:
        if self._unordered == "text":
            labels = f"The rows are labeled by {describe_kind('text', self._labels)}"
            cure = f"Convert the labels to dates: {self._to_dates()}"
        else:
            assert self._labels is not None
            missing = np.flatnonzero(self._labels.isna())
            first = f" (row {missing[0]} is the first)" if len(missing) else " or infinite"
            labels = f"Some labels of the rows are missing{first}"
            cure = "Fill these labels or drop their rows."
        return (
            f"{labels}, so it cannot be checked that the rows are in order of time, and later rows "
            f"cannot continue them. {cure}"
        )

    def _describe_short(self, window_length: int) -> str:
        series, n_rows = self._short[0]
        if len(self._short) > 1:
            return (
                f"{len(self._short)} series, such as {series!r} with {n_rows} row(s), are shorter "
                f"than window_length={window_length}, so all their windows are padded. Fit on more "
                "rows of these series, or use a smaller window_length."
            )
        given = f"The series {series!r}" if self._has_group else "X"
        return (
            f"{given} has {n_rows} row(s), fewer than window_length={window_length}, so all its "
            "windows are padded. Fit on more rows, or use a smaller window_length."
        )

    def _describe_gaps(self) -> str:
        assert self._first_gap is not None
        series, before, after, n = self._first_gap
        of_series = f" of the series {series!r}" if self._has_group else ""
        verb = "step is" if self._n_missing == 1 else "steps are"
        first = "" if n == self._n_missing else f"the first {n} "
        return (
            f"{self._n_missing} {verb} missing between the {self._n_rows} rows of X, {first}after "
            f"row {before}{self._label(before)}{of_series} and before row {after}"
            f"{self._label(after)}."
        )

    def _describe_incomplete(self, rows: list[_IncompleteRows]) -> str:
        first = min(rows, key=lambda one: one.row)
        n_rows = sum(one.n_rows for one in rows)
        lack = "row lacks steps in its window"
        if self._n_rows > 1:
            lack = "rows lack steps in their windows"
        of_series = ""
        if self._has_group:
            of_series = f" of the series {first.series!r}"
            if len(rows) > 1:
                of_series += f" and {len(rows) - 1} other(s)"
        return (
            f"{n_rows} of {self._n_rows} {lack}, from row {first.row}{self._label(first.row)} on: "
            f"the rows{of_series} {self._explain(first)}"
        )

    def _explain(self, rows: _IncompleteRows) -> str:
        """Return the reason why windows lack steps, and what to do."""
        steps, reason = rows.placement
        last = "" if rows.fitted is None else f" ({rows.fitted['shown']})"
        if reason == "later":
            n = (steps or 1) - 1
            return (
                f"begin {steps} steps after the last fitted row{last}, and the {n} "
                f"step{'s' if n > 1 else ''} between {'are' if n > 1 else 'is'} missing. Give all "
                "rows since the last fitted row in the same call, or fit on them."
            )
        if reason == "earlier":
            return (
                f"begin before the end of the fitted rows{last}, and the rows before them are not "
                "remembered. To predict fitted rows, give them from the first one on. In "
                'cross-validation, use TimeSeriesSplit for cv, or cv="prefit": KFold and default '
                "values of cv cut the series in the middle."
            )
        if reason == "single":
            return (
                f"come after a single fitted row{last}, so the length of a step is not known. Fit "
                "on two rows or more, or give the fitted row in the same call."
            )
        assert self._labels is not None
        given = describe_kind(rows.kind, self._labels)
        if reason == "kind":
            has = "no labels"
            if rows.fitted is not None:
                has = f"{describe_kind(rows.fitted['kind'])} as labels"
            return (
                f"are labeled by {given}, but the fitted rows have {has}, so the two cannot be "
                f"compared. {self._advise_kind(rows)}"
            )
        if reason == "text" and looks_like_dates(self._labels):
            cure = f"Convert the labels to dates before fit: {self._to_dates()}"
        else:
            cure = (
                "Give an index of dates, periods or numbers before fit, or no labels: "
                "X.reset_index(drop=True)."
            )
        return f"are labeled by {given}, so their order in time is not known. {cure}"

    def _advise_kind(self, rows: _IncompleteRows) -> str:
        """Return what to do about labels of another kind than the fitted ones."""
        kinds = {rows.kind, "" if rows.fitted is None else rows.fitted["kind"]}
        if kinds == {"date", "date of a zone"}:
            if rows.kind == "date":
                zone = None if rows.fitted is None else rows.fitted["timezone"]
                return f"Add the time zone of the fitted rows: X.tz_localize({zone!r})."
            return "Remove the time zone, which the fitted rows do not have: X.tz_localize(None)."
        if "" in kinds:
            return 'Fit on rows with the same index; set_output(transform="pandas") keeps it.'
        if "text" in kinds:
            return f"Convert text to dates: {self._to_dates()}"
        return "Give the rows the same kind of index as for fit."

    def _label(self, row: int) -> str:
        return "" if self._labels is None else f" labeled {show(self._labels[row])}"

    def _find_row(self, where: Positions, number: int) -> int:
        """Return the number of a row in the call, from its number in its series."""
        return number if isinstance(where, slice) else int(where[number])
