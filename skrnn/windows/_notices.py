"""Notices of missing steps: what a call says about rows whose windows lack some."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
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

_TO_DATES = 'X.index = pd.to_datetime(X.index, format="%Y-%m-%d"), or what the format is.'
_UNPLACED = ("kind", "text", "mixed", "missing")


class _Loss(NamedTuple):
    """Rows of a series that lack steps before them."""

    name: Hashable
    n_rows: int
    row: int
    placement: Placement
    fitted: Any
    kind: str


class Notices:
    """What is to be said of a call, collected over its series and given as one warning.

    Parameters
    ----------
    n_rows : int
        The rows of the call.
    labels : Index or None
        Their labels.
    has_group : bool
        Whether series have names.
    """

    def __init__(self, n_rows: int, labels: pd.Index | None, *, has_group: bool) -> None:
        self._n_rows = n_rows
        self._labels = labels
        self._has_group = has_group
        self._losses: list[_Loss] = []
        self._short: list[tuple[Hashable, int]] = []
        self._unordered = ""
        self._n_missing = 0
        self._first_gap: tuple[Hashable, int, int, int] | None = None

    def lose(
        self,
        name: Hashable,
        where: Positions,
        lost: Array,
        placement: Placement,
        start: SeriesStart,
        kind: str,
    ) -> None:
        """Note the rows of a series, by their numbers in it, that lack steps before them."""
        if len(lost):
            row = self._row(where, int(lost[0]))
            loss = _Loss(name, len(lost), row, placement, start["labels"], kind)
            self._losses.append(loss)

    def doubt_order(self, kind: str) -> None:
        """Note that fitted rows have labels of a kind whose order cannot be checked.

        Text that is no date may be a name of each row, and says nothing of time.
        """
        assert self._labels is not None
        if kind == "missing" or (kind == "text" and looks_like_dates(self._labels)):
            self._unordered = kind

    def be_short(self, name: Hashable, n_rows: int) -> None:
        """Note a series with fewer fitted rows than a window is long."""
        self._short.append((name, n_rows))

    def miss(self, name: Hashable, where: Positions, missing: Array) -> None:
        """Note how many steps are missing after each row of a series but the last."""
        pairs = np.flatnonzero(missing)
        if not len(pairs):
            return
        self._n_missing += int(missing.sum())
        if self._first_gap is None:
            before, after = (self._row(where, int(pairs[0]) + i) for i in (0, 1))
            self._first_gap = name, before, after, int(missing[pairs[0]])

    def refuse_gaps(self) -> None:
        """Raise an error if steps are missing between rows."""
        if self._first_gap is not None:
            raise ValueError(
                f'{self._describe_gaps()} With gaps="raise" all steps must be there: insert the '
                'missing rows (X.asfreq(...), X.reindex(...)), or use gaps="missing".'
            )

    def warn(self, *, window_length: int, gaps: str) -> None:
        """Give one warning, if there is anything to be said."""
        said: list[tuple[type[RowsMissingWarning], str]] = []
        if self._unordered:
            said.append((UnplacedLabelsWarning, self._describe_unordered()))
        if self._short:
            said.append((TooFewRowsWarning, self._describe_short(window_length)))
        for reason in dict.fromkeys(loss.placement.reason for loss in self._losses):
            losses = [loss for loss in self._losses if loss.placement.reason == reason]
            kind = UnplacedLabelsWarning if reason in _UNPLACED else RowsMissingWarning
            said.append((kind, self._describe_losses(losses)))
        if gaps == "warn" and self._first_gap is not None:
            advice = (
                "Windows read across them, as if rows were next to each other. "
                'gaps="missing" puts missing steps there and gaps="ignore" says nothing; or '
                "insert the rows before: X.asfreq(...), X.reindex(...)."
            )
            said.append((MissingStepsWarning, f"{self._describe_gaps()} {advice}"))
        if not said:
            return
        kinds = {kind for kind, _ in said}
        category = kinds.pop() if len(kinds) == 1 else RowsMissingWarning
        warnings.warn(" ".join(text for _, text in said), category, stacklevel=6)

    def _describe_unordered(self) -> str:
        if self._unordered == "text":
            labels = f"The rows are labeled by {describe_kind('text', self._labels)}"
            cure = f"Make dates of it: {_TO_DATES}"
        else:
            assert self._labels is not None
            missing = np.flatnonzero(self._labels.isna())
            first = f" (row {missing[0]} is the first)" if len(missing) else " or infinite"
            labels = f"Some labels of the rows are missing{first}"
            cure = "Fill or drop these labels."
        return (
            f"{labels}, so nobody can tell whether they are in order of "
            f"time, or which rows follow them. {cure}"
        )

    def _describe_short(self, window_length: int) -> str:
        name, n_rows = self._short[0]
        if not self._has_group:
            who = f"X has {n_rows} row(s)"
        elif len(self._short) == 1:
            who = f"The series {name!r} has {n_rows} row(s)"
        else:
            who = f"{len(self._short)} series, such as {name!r} with {n_rows} row(s), are"
            return (
                f"{who} shorter than window_length={window_length}, so all their windows are "
                "padded. Fit on more rows of them, or use a shorter window."
            )
        return (
            f"{who}, fewer than window_length={window_length}, so all its windows are padded. Fit "
            "on more rows, or use a shorter window."
        )

    def _describe_gaps(self) -> str:
        assert self._first_gap is not None
        name, before, after, n = self._first_gap
        of_series = f" of the series {name!r}" if self._has_group else ""
        verb = "step is" if self._n_missing == 1 else "steps are"
        first = "" if n == self._n_missing else f" first {n}"
        return (
            f"{self._n_missing} {verb} missing between the {self._n_rows} rows of X,{first} after "
            f"row {before}{self._label(before)}{of_series}, up to row {after}{self._label(after)}."
        )

    def _describe_losses(self, losses: list[_Loss]) -> str:
        loss = min(losses, key=lambda one: one.row)
        n_lost = sum(one.n_rows for one in losses)
        verb = "row lacks" if self._n_rows == 1 else "rows lack"
        of_series = ""
        if self._has_group:
            of_series = f" of the series {loss.name!r}"
            if len(losses) > 1:
                of_series += f" and {len(losses) - 1} other(s)"
        said = (
            f"{n_lost} of {self._n_rows} {verb} steps, from row {loss.row}"
            f"{self._label(loss.row)} on: the rows{of_series} "
        )
        return said + self._explain(loss)

    def _explain(self, loss: _Loss) -> str:
        steps, reason = loss.placement
        last = "" if loss.fitted is None else f" ({loss.fitted['shown']})"
        if reason == "later":
            n = (steps or 1) - 1
            return (
                f"begin {steps} steps after the last fitted one{last}, and the {n} "
                f"step{'s' if n > 1 else ''} between {'are' if n > 1 else 'is'} not among them. "
                "Give all rows since the last fitted one in the same call, or fit on them."
            )
        if reason == "earlier":
            return (
                f"begin before the end of the fitted ones{last}, and what came before them is not "
                "remembered. Give the fitted rows from the first one on, to predict them; use "
                'TimeSeriesSplit for cv, or cv="prefit", where KFold or a default cv cuts the '
                "series in the middle."
            )
        if reason == "single":
            return (
                f"come after a single fitted one{last}, so the length of a step is not known. "
                "Fit on two rows or more, or give the fitted row in the same call."
            )
        assert self._labels is not None
        of_these = describe_kind(loss.kind, self._labels)
        if reason == "text" and looks_like_dates(self._labels):
            return (
                f"are labeled by {of_these}, which has no order in time. Make dates of it before "
                f"fit: {_TO_DATES}"
            )
        if reason == "kind":
            fitted = "none" if loss.fitted is None else describe_kind(loss.fitted["kind"])
            return (
                f"are labeled by {of_these}, and the labels of the fitted rows are {fitted}, so "
                f"they cannot be compared. {self._advise_kind(loss)}"
            )
        return (
            f"are labeled by {of_these}, which has no order in time. Give an index of dates, "
            "periods or numbers before fit, or none: X.reset_index(drop=True)."
        )

    def _advise_kind(self, loss: _Loss) -> str:
        kinds = {loss.kind, "" if loss.fitted is None else loss.fitted["kind"]}
        if kinds == {"date", "date of a zone"}:
            if loss.kind == "date":
                zone = None if loss.fitted is None else loss.fitted["timezone"]
                return f"Give them the time zone of the fitted rows: X.tz_localize({zone!r})."
            return "Take the time zone off, as from the fitted rows: X.tz_localize(None)."
        if "" in kinds:
            return 'Fit on rows with the same index; set_output(transform="pandas") keeps it.'
        if "text" in kinds:
            return f"Make dates of text: {_TO_DATES}"
        return "Give the rows the same kind of index as for fit."

    def _label(self, row: int) -> str:
        return "" if self._labels is None else f" labeled {show(self._labels[row])}"

    def _row(self, where: Positions, number: int) -> int:
        return number if isinstance(where, slice) else int(where[number])
