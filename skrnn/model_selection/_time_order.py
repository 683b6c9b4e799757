"""Order of rows in time: refuse labels that decrease, over all series of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from skrnn.windows._labels import positions_by_series, read_ticks, read_times, show
from skrnn.windows._order import check_dates_of_y, check_order


def check_time_order(X: Any, group: Any, why: str) -> None:
    """Refuse rows whose labels decrease, also from one series to the next.

    Rows of the same time may be in any order. Labels without an order, such as text, pass.

    Parameters
    ----------
    X : object
        Rows.
    group : str, list of str or None
        Index levels and columns that name a series.
    why : str
        Reason for the order, for the message.

    Raises
    ------
    ValueError
        If labels decrease. The message names two labels, the cause and the remedy.
    """
    rows = read_times(X, group)
    ticks = read_ticks(rows)
    if ticks is None or ticks.values is None or not _decreases(ticks.values):
        return
    assert rows.labels is not None
    for name, where in positions_by_series(rows).items():
        own = ticks.at(where)
        if _decreases(own.values):
            try:
                check_order(own, rows, name, where, X, None if rows.series is None else group)
            except ValueError as error:
                raise ValueError(f"{error} Do the same with y.") from None
    row = int(np.argmax(ticks.values[1:] < ticks.values[:-1])) + 1
    sort = f"sort_index(level={rows.level!r})" if rows.is_level else 'sort_index(kind="stable")'
    raise ValueError(
        f"Rows of X must be in order of time, since {why}, but row {row} is labeled "
        f"{show(rows.labels[row])} and comes after {show(rows.labels[row - 1])}: the rows are "
        f"sorted by series. Sort X and y by time: X.{sort}, y.{sort}."
    )


def _decreases(values: Any) -> bool:
    return bool((values[1:] < values[:-1]).any())


def check_labels_of_y(X: Any, y: Any) -> None:
    """Refuse targets with other dates or of other series than the rows.

    Raises
    ------
    ValueError
        If labels differ. The message names the first row that differs.
    """
    rows = read_times(X, None)
    check_dates_of_y(rows.labels, read_ticks(rows), y)
    index, of_y = (getattr(each, "index", None) for each in (X, y))
    if not isinstance(index, pd.MultiIndex) or not isinstance(of_y, pd.MultiIndex):
        return
    if index.names != of_y.names or index.equals(of_y):
        return
    row = int(np.argmin(index == of_y))
    raise ValueError(
        f"y has other labels than X: row {row} of X is labeled {show(index[row])}, row {row} of y "
        f"{show(of_y[row])}. Rows of X and y are paired by position. Give the targets of the rows "
        "of X, y.loc[X.index], or y.to_numpy() if the positions are right."
    )
