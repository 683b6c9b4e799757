"""Transformer that makes windows of past rows, for scikit-learn pipelines."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator, Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._utils.sklearn_callbacks import CallbackSupportMixin, begin_tasks
from skrnn._utils.validation import check_container, refuse_other_tables, validate_numeric
from skrnn.windows._earlier_format import upgrade_state
from skrnn.windows._known_columns import find_known_columns
from skrnn.windows._labels import (
    LabeledRows,
    Ticks,
    group_keys,
    name_zone,
    positions_by_series,
    read_labels,
    read_ticks,
)
from skrnn.windows._next_labels import share_next_labels, summarize_labels
from skrnn.windows._notices import Notices
from skrnn.windows._order import check_dates_of_y, check_order
from skrnn.windows._placing import (
    PlacedSeries,
    SeriesStart,
    find_gaps,
    place_series,
    share_rules,
)
from skrnn.windows._targets import find_doubts, find_targets
from skrnn.windows._views import (
    MISSING,
    Array,
    Positions,
    column_means,
    first_rows,
    flat_windows,
    last_steps,
    lead_length,
    number_steps,
    unflatten,
)


def _has_columns(transformer: SlidingWindowTransformer) -> bool:
    """Return True for flattened windows, or raise an error: other windows have no columns."""
    # Before `fit`, the number of features is not known.
    n_features = getattr(transformer, "n_features_in_", 1)
    if not _flattens(transformer.flatten, n_features):
        raise AttributeError(
            f"get_feature_names_out is not available with flatten={transformer.flatten!r} and "
            f"n_features_in_={n_features}: windows of shape (n_samples, n_timesteps, n_features) "
            "have no columns. Use flatten=True for names."
        )
    return True


def _flattens(flatten: bool | str, n_features: int) -> bool:
    """Return whether windows of this number of features are flattened."""
    return n_features == 1 if flatten == "auto" else bool(flatten)


class SlidingWindowTransformer(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Replace each row by the window of rows before it.

    There are as many windows as rows, and `y` is not changed. With the default `horizon=1` a window
    ends one step before its row, so `y` may be a column of `X`.

    Parameters
    ----------
    window_length : int, default=10
        Number of rows in a window.
    horizon : int, default=1
        Distance from the last row of a window to the row that it replaces. With 0 the row itself is
        the last row of its window. `horizon` moves the window; the number of predictions stays the
        same.
    padding : {"mean", "nan"}, default="mean"
        Fill value of missing steps, and of the steps before the first row of a series. `"mean"` is
        the mean of each fitted column, or 0 if the column holds only NaN. Every regressor can read
        it. `"nan"` is for regressors that accept NaN. Recurrent regressors skip these steps.
    flatten : {"auto"} or bool, default="auto"
        Shape of the windows. True returns `(n_samples, window_length * n_features)`, with all
        features of the oldest step first. False returns `(n_samples, window_length, n_features)`,
        always as a NumPy array. `"auto"` flattens windows of one feature only. Recurrent regressors
        read both shapes. For several features, other regressors such as Ridge or forests need
        `flatten=True`, and so do FeatureUnion and ColumnTransformer.
    carry_context : bool, default=True
        Whether rows that continue the fitted series get the last fitted rows as context. Then
        their first windows are full. See Notes.
    group : str or list of str, default=None
        Index levels or columns of a DataFrame that name the series of each row. With several names,
        a series is named by a tuple. A window holds rows of one series only, and rows of several
        series may be interleaved. A column given here is not a feature. In a pipeline, use index
        levels: scalers keep them, but refuse a column of text.
    known : list of str or list of int, default=None
        Columns whose value at a row is known before that row comes, such as a calendar, a plan or a
        weather forecast. Names of columns of a DataFrame, or positions among the features. A window
        ends `horizon` rows before its row, but holds these columns up to the row itself. Leave at
        least one column out. See Notes.
    gaps : {"warn", "ignore", "missing", "raise"}, default="warn"
        Treatment of missing steps between the rows of a call. Missing steps are found if the labels
        follow a rule. `"warn"` reads across them, as if the rows were next to each other, and
        warns. `"ignore"` reads across them without a warning. `"missing"` puts missing steps into
        the windows, filled by `padding`. `"raise"` raises an error.

    Attributes
    ----------
    context_ : ndarray of shape (n_context, n_features), or dict of series to such arrays
        The last `window_length + horizon - 1` fitted steps, or all steps if there were fewer. A
        dict if `group` is given. With `gaps="missing"` it includes missing steps.
    fill_values_ : ndarray of shape (n_features,)
        Values of missing steps, and of the steps before the first row of a series.
    targets_ : list of (feature, shift, a, b) or None, or None
        Target column of each output of `y`: ``y[t] == a * X[t + shift, feature] + b`` within each
        series. An entry is None if no column of `X` is this output. The attribute is None if `y`
        was not given or holds no numbers. `forecast` needs it. See Notes.
    n_features_in_ : int
        Number of features seen during `fit`, without the columns in `group`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if all column names of `X` are strings.

    See Also
    --------
    stack_sequences : Puts sequences of unequal length into one array.
    LSTMRegressor : Reads the windows.
    sklearn.model_selection.TimeSeriesSplit : Splits that keep the order of the rows.

    Notes
    -----
    **Windows.** The window of row ``t`` holds rows ``t - horizon - window_length + 1`` to
    ``t - horizon``. For ``window_length=3`` and rows 0, 1, 2, …, where ``.`` is a step before the
    first row:

    === =========== =========== ===========
    row `horizon=0` `horizon=1` `horizon=2`
    === =========== =========== ===========
    0   ``. . 0``   ``. . .``   ``. . .``
    1   ``. 0 1``   ``. . 0``   ``. . .``
    2   ``0 1 2``   ``. 0 1``   ``. . 0``
    3   ``1 2 3``   ``0 1 2``   ``. 0 1``
    4   ``2 3 4``   ``1 2 3``   ``0 1 2``
    === =========== =========== ===========

    To predict the next row, which is not known yet, append a row of NaN.

    **Known columns.** A step holds the values of two rows: the other columns of its own row, and
    the known columns of the row `horizon` later. So the last step holds the known values of the row
    that is predicted. For ``window_length=3``:

    === ========================== ==========================
    row known, `horizon=1`         known, `horizon=2`
    === ========================== ==========================
    0   ``. . .``                  ``. . .``
    1   ``. . 1``                  ``. . .``
    2   ``. 1 2``                  ``. . 2``
    3   ``1 2 3``                  ``. 2 3``
    4   ``2 3 4``                  ``2 3 4``
    === ========================== ==========================

    A step is missing in all columns or in none. It is missing if one of its two rows is missing. A
    row with NaN is not a missing row, and the window keeps its NaN. Recurrent regressors refuse a
    step that is NaN in some columns only. To predict the next row, append a row of NaN with its
    known values. If `y` has several outputs, such as the next steps, a window holds known values up
    to the row of the first output. If `y` is a known column, the window holds `y` itself, which is
    a leak.

    **Context.** The row labels, which are the index of a pandas DataFrame, say where rows belong in
    time. They must increase within a series. With `carry_context=True`, `transform` compares the
    labels of each series with the fitted ones. Rows that *continue* the series get the last fitted
    rows as context. Rows that *start fresh* get no context: their first windows are padded.

    ========================================== =========== =========================
    Rows given to `transform`                  They        Warning
    ========================================== =========== =========================
    Fitted rows, from the first one on         start fresh no
    Rows after the last fitted row             continue    if steps are missing
    Rows that begin before the last fitted row start fresh yes
    Rows with labels of text or another kind   start fresh yes
    Other rows without labels                  continue    no
    Rows of a series that was not fitted       start fresh no
    ========================================== =========== =========================

    The warning is a `skrnn.exceptions.RowsMissingWarning`, at most one in each call. It says how
    many rows have windows that lack steps.

    Rows without labels are **trusted** to be the next rows. The transformer cannot notice if they
    are a slice of the past, or if rows were skipped. In this case use labels, or
    `carry_context=False`. The labels 0, 1, 2, … are read as labels only if the fitted labels are
    numbers that begin with another number.

    **Missing steps.** Steps are counted by a rule, which is found in the fitted labels. At least
    nine of ten fitted steps must follow it. A rule counts fixed distances, days, months, trading
    days, or the times of trading sessions. With trading days or sessions, weekends, nights and
    holidays are not missing steps. Days and hours are counted in local time. Without a rule, a
    distance counts as one step if it is at most the largest fitted distance. Larger distances are
    divided by the median fitted distance. If rows begin `k` steps after the last fitted row, the
    `k - 1` steps between are missing. They are filled by `padding`.

    **Targets.** `targets_` is found by comparing the numbers of `y` and `X`, up to rounding. At
    least 8 rows, and half of all rows, must have a value of both. `a` is greater than 0, and
    `shift` is between 0 and `window_length + horizon + n_outputs`. A constant output has no target
    column. If several columns fit, the order of preference is: a column with the values of `y`
    (``a=1, b=0``), the column with the name of `y`, columns with the same ``(a, b)`` for all
    outputs, the smallest shift, the first column.

    **Memory.** All windows of a single series are one read-only view of a copy of the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import SlidingWindowTransformer
    >>> X = np.arange(5.0).reshape(-1, 1)
    >>> window = SlidingWindowTransformer(window_length=3, padding="nan").fit(X)
    >>> window.transform(X)
    array([[nan, nan, nan],
           [nan, nan,  0.],
           [nan,  0.,  1.],
           [ 0.,  1.,  2.],
           [ 1.,  2.,  3.]])

    Rows that continue the series have full windows from the first one on:

    >>> window.transform([[5.0], [6.0]])
    array([[2., 3., 4.],
           [3., 4., 5.]])

    The name of a column says how many steps it lies before its row:

    >>> import pandas as pd
    >>> window.set_output(transform="pandas").fit_transform(pd.DataFrame(X, columns=["Open"]))
       Open_lag3  Open_lag2  Open_lag1
    0        NaN        NaN        NaN
    1        NaN        NaN        0.0
    2        NaN        0.0        1.0
    3        0.0        1.0        2.0
    4        1.0        2.0        3.0

    The opening hours of a day are known before its sales:

    >>> shop = pd.DataFrame({"sales": [10.0, 20.0, 30.0], "hours": [8.0, 6.0, 4.0]})
    >>> window = SlidingWindowTransformer(1, known=["hours"], flatten=True, padding="nan")
    >>> window.set_output(transform="pandas").fit_transform(shop)
       sales_lag1  hours_lag0
    0         NaN         NaN
    1        10.0         6.0
    2        20.0         4.0
    """

    _parameter_constraints: ClassVar[dict] = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 0, None, closed="left")],
        "padding": [StrOptions({"mean", "nan"})],
        "flatten": ["boolean", StrOptions({"auto"})],
        "carry_context": ["boolean"],
        "group": [str, list, tuple, None],
        "known": "no_validation",  # fit compares it with the columns of X
        "gaps": [StrOptions({"warn", "ignore", "missing", "raise"})],
    }

    def __init__(
        self,
        window_length: int = 10,
        *,
        horizon: int = 1,
        padding: str = "mean",
        flatten: bool | str = "auto",
        carry_context: bool = True,
        group: str | Sequence[str] | None = None,
        known: Sequence[Any] | None = None,
        gaps: str = "warn",
    ) -> None:
        self.window_length = window_length
        self.horizon = horizon
        self.padding = padding
        self.flatten = flatten
        self.carry_context = carry_context
        self.group = group
        self.known = known
        self.gaps = gaps

    @property
    def context_(self) -> Array | dict[Hashable, Array]:
        """The last `window_length + horizon - 1` fitted steps; with a `group`, of each series."""
        if "_starts" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} is not fitted, so it has no context_. Call fit first."
            )
        contexts = {name: start["context"] for name, start in self._starts}
        return contexts if self._has_group else contexts[None]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> SlidingWindowTransformer:
        """Learn the fill values, and keep the last rows as context.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows in order of time. NaN is allowed.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets. They are compared with the columns of X to find `targets_`; windows do not
            depend on them. Values that are not numbers are ignored.

        Returns
        -------
        self : SlidingWindowTransformer
            The fitted transformer. If `fit` raises an error, it is not changed.

        Raises
        ------
        ValueError
            If a parameter is out of its range. If X has infinite values or columns that are not
            numbers. If `group` does not name the series of every row. If `known` names a column
            that X does not have, or all columns of X. If labels of a series do not increase. If `y`
            has other dates than X. If steps are missing with `gaps="raise"`.

        Warns
        -----
        RowsMissingWarning
            If steps are missing between rows, or a series has fewer rows than a window.
        """
        tasks = begin_tasks(self, X, y)
        fitted = copy.copy(self)
        fitted._remember(X, y)
        if tasks is not None:
            tasks.end(fitted.__dict__)
        self.__dict__ = fitted.__dict__
        return self

    def transform(self, X: Any) -> Any:
        """Return the window of every row.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows in order of time. NaN is allowed.

        Returns
        -------
        windows : {ndarray, DataFrame} of shape (n_samples, window_length * n_features), or \
                ndarray of shape (n_samples, window_length, n_features)
            Windows, oldest row first. Arrays are read-only.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If X has infinite values, columns that are not numbers, or another number of features
            than at `fit`. If `group` does not name the series of every row. If labels of a series
            do not increase. If steps are missing with `gaps="raise"`.

        Warns
        -----
        RowsMissingWarning
            If windows lack steps, because rows that belong in them were not given.
        """
        check_is_fitted(self)
        rows = self._read_labels(X, self._level)
        ticks = read_ticks(rows, self._zone)
        series = positions_by_series(rows)
        self._check_order(ticks, rows, series, X)
        values = self._validate(rows.features, reset=False)
        placed = self._place(values, rows, ticks, series)
        windows = flat_windows(
            values,
            list(series.values()),
            [each.context for each in placed],
            self.fill_values_,
            window_length=self.window_length,
            horizon=self.horizon,
            steps=[each.step_numbers for each in placed],
            known=self._known,
            is_missing=[each.is_missing for each in placed],
        )
        if _flattens(self.flatten, self.n_features_in_):
            return windows
        return unflatten(windows, self.window_length)

    @available_if(_has_columns)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns: `Open_lag3`, `Open_lag2`, `Open_lag1`.

        The number is the distance to the row that is predicted. Known columns end with `_lag0`.

        This method exists for flattened windows only. It does not exist with `flatten=False`, nor
        for several features with `flatten="auto"`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features, without columns in `group`. They must equal the names seen during
            `fit`. By default the names seen during `fit`, or `x0`, `x1`, … if there were none.

        Returns
        -------
        names : ndarray of str
            Names, with all features of the oldest step first.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `input_features` differ from the names seen during `fit`.
        AttributeError
            If windows are not flattened.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        lags = range(lead_length(self.window_length, self.horizon), self.horizon - 1, -1)
        moved = [self.horizon if column in self._known else 0 for column in range(len(names))]
        # Known columns are read `horizon` rows later than the others.
        named = [
            f"{name}_lag{lag - ahead}"
            for lag in lags
            for name, ahead in zip(names, moved, strict=True)
        ]
        return np.asarray(named, dtype=object)

    def set_output(self, *, transform: str | None = None) -> SlidingWindowTransformer:
        """Set the container of flattened windows.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Container of flattened windows; None changes nothing. Other windows are always NumPy
            arrays.

        Returns
        -------
        self : SlidingWindowTransformer
            The transformer.
        """
        # scikit-learn's own set_output does not exist for 3-D windows, which have no feature names.
        # Other steps of a Pipeline may need pandas, and Pipeline.set_output calls every step.
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(upgrade_state(state))

    def _remember(self, X: Any, y: Any) -> None:
        """Set the fitted attributes."""
        rows = self._read_labels(X)
        self._zone = None if rows.labels is None else name_zone(rows.labels[:1])
        ticks = read_ticks(rows, self._zone)
        series = positions_by_series(rows)
        # Check the order before the values. Its error names a missing key of `group`, which may be
        # a column of text that the check of the values refuses.
        self._check_order(ticks, rows, series, X)
        values = self._validate(rows.features, reset=True)
        self._known = find_known_columns(
            self.known, _columns(rows.features), values.shape[1], group_keys(self.group)
        )
        check_dates_of_y(rows.labels, ticks, y)
        self._find_targets(values, y, list(series.values()), rows.features)
        self._has_group = self.group is not None
        self._group_columns = [key for key in group_keys(self.group) if key in _columns(X)]
        self._level = rows.level
        if self.padding == "mean":
            self.fill_values_ = column_means(values)
        else:
            self.fill_values_ = np.full(values.shape[1], np.nan, values.dtype)
        n_lead = lead_length(self.window_length, self.horizon)
        summaries = [
            summarize_labels(rows, ticks, where, max(1, n_lead)) for where in series.values()
        ]
        counts = [_count(where, values) for where in series.values()]
        # Series of one row, and series that are not fitted, use the rule of another series.
        self._shared = share_rules(summaries, counts)
        share_next_labels(summaries, self._shared)
        notices = Notices(len(values), rows.labels, has_group=self._has_group)
        if self.carry_context and ticks is not None and ticks.values is None:
            notices.note_unordered_labels(ticks.kind)
        # A list of pairs, because skops cannot save a dict with the key None (a single series).
        self._starts: list[tuple[Hashable, SeriesStart]] = []
        for (name, where), summary, n_rows in zip(series.items(), summaries, counts, strict=True):
            own = None if ticks is None else ticks.at(where)
            missing = find_gaps(own, summary, self.gaps)
            notices.note_gaps(name, where, missing)
            if n_rows < self.window_length and self.carry_context:
                notices.note_short_series(name, n_rows)
            numbers = number_steps(missing, n_lead) if self.gaps == "missing" else None
            start: SeriesStart = {
                "head": first_rows(values[where], n_lead),
                "context": last_steps(values[where], numbers, self.fill_values_, n_lead),
                "is_missing": last_steps(np.zeros((n_rows, 1), bool), numbers, MISSING, n_lead),
                "labels": summary,
            }
            self._starts.append((name, start))
        self._give(notices)

    def _find_targets(self, values: Array, y: Any, positions: list[Positions], X: Any) -> None:
        """Set `targets_`, and `_doubts` about the outputs of y without a target column."""
        reach = self.window_length + self.horizon
        found = find_targets(values, y, positions, reach=reach, names=_columns(X) or None)
        self._doubts = [] if found is None else find_doubts(values, y, positions, found)
        # Plain tuples can be saved by skops.
        self.targets_: list[Any] | None = found and [target and tuple(target) for target in found]

    def _place(
        self,
        values: Array,
        rows: LabeledRows,
        ticks: Ticks | None,
        series: dict[Hashable, Positions],
    ) -> list[PlacedSeries]:
        """Return the steps before and between the rows of each series; warn of missing steps."""
        n_lead = lead_length(self.window_length, self.horizon)
        starts = dict(self._starts)
        notices = Notices(len(values), rows.labels, has_group=self._has_group)
        every = []
        for name, where in series.items():
            start = starts.get(name)
            own = None if ticks is None else ticks.at(where)
            head = where if isinstance(where, slice) else where[: max(1, n_lead)]
            placed = place_series(
                values[head],
                _count(where, values),
                own,
                start,
                self._shared,
                self.fill_values_,
                n_lead=n_lead,
                horizon=self.horizon,
                gaps=self.gaps,
                carry_context=self.carry_context,
                reads_own_row=bool(self._known),
            )
            every.append(placed)
            kind = "" if own is None else own.kind
            notices.note_gaps(name, where, placed.missing)
            notices.note_incomplete_rows(
                name, where, placed.incomplete, placed.placement, start, kind
            )
        self._give(notices)
        return every

    def _check_order(
        self,
        ticks: Ticks | None,
        rows: LabeledRows,
        series: dict[Hashable, Positions],
        X: Any,
    ) -> None:
        """Refuse labels that do not increase within a series."""
        if ticks is not None:
            for name, where in series.items():
                check_order(ticks.at(where), rows, name, where, X, self.group)

    def _give(self, notices: Notices) -> None:
        """Warn about missing steps, or refuse them."""
        if self.gaps == "raise":
            notices.raise_for_gaps()
        notices.warn(window_length=self.window_length, gaps=self.gaps)

    def _read_labels(self, X: Any, level: Any = None) -> LabeledRows:
        """Return the rows of X, with the series and the label of each row."""
        refuse_other_tables(X, type(self).__name__)
        if self.group is not None:
            check_container(X, "X", unique_names=True, numbers=False)
        return read_labels(X, self.group, level)

    def _validate(self, X: Any, *, reset: bool) -> np.ndarray:
        """Return X as an array of floats."""
        return validate_numeric(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )


def _count(where: Positions, rows: Array) -> int:
    """Return how many rows a series has."""
    return len(rows) if isinstance(where, slice) else len(where)


def _columns(X: Any) -> list[Any]:
    """Return the column names of X; empty for an array."""
    return list(getattr(X, "columns", ()))


def windows_of(estimator: Any) -> Iterator[SlidingWindowTransformer]:
    """Return all `SlidingWindowTransformer` that an estimator holds, in any of its parts."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return (part for part in parts if isinstance(part, SlidingWindowTransformer))
