"""Windows of past rows as a scikit-learn transformer."""

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
from skrnn.windows._placing import SeriesStart, find_gaps, place_series, share_rules
from skrnn.windows._targets import find_doubts, find_targets
from skrnn.windows._views import (
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
    """Say that only flattened windows have columns, and so names, for `available_if`."""
    # Before `fit`, "auto" may still become either.
    n_features = getattr(transformer, "n_features_in_", 1)
    if not _flattens(transformer.flatten, n_features):
        raise AttributeError(
            f"get_feature_names_out is not available with flatten={transformer.flatten!r} and "
            f"n_features_in_={n_features}: windows of shape (n_samples, n_timesteps, n_features) "
            "have no columns. Use flatten=True for names."
        )
    return True


def _flattens(flatten: bool | str, n_features: int) -> bool:
    """Return whether windows of so many features are flattened."""
    return n_features == 1 if flatten == "auto" else bool(flatten)


class SlidingWindowTransformer(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Replace each row by the window of rows that precede it.

    Rows are kept: there are as many windows as rows, and `y` is never touched. With the default
    `horizon=1` a window ends the step before its row, so `y` may be the very series in `X`.

    Parameters
    ----------
    window_length : int, default=10
        How many rows a window holds.
    horizon : int, default=1
        How far ahead of its window a row lies. 0 includes the row itself in its window. It moves
        the window, it does not lengthen the forecast.
    padding : {"mean", "nan"}, default="mean"
        What fills the steps before a fresh series begins: the fitted column means, so that every
        regressor can follow (0 for a column of nothing but NaN), or NaN, for regressors that
        take it: the recurrent ones pass over these steps.
    flatten : {"auto"} or bool, default="auto"
        Whether windows are returned as `(n_samples, window_length * n_features)`, all columns of
        the oldest step first, or as `(n_samples, window_length, n_features)`. The latter is
        always a NumPy array, whatever `set_output` says. `"auto"` flattens the windows of one
        feature, which every regressor reads, and keeps the axis of several features, which a
        recurrent regressor needs. Ridge, forests and their kin need `flatten=True` for several
        features; so do several features within a FeatureUnion or a ColumnTransformer.
    carry_context : bool, default=True
        Whether rows that continue the fitted series have the last fitted rows put before them,
        so that the first of them has a full window. See Notes.
    group : str or list of str, default=None
        Names of index levels or columns of a DataFrame that say which series a row belongs to; with
        several, a series is named by a tuple. Windows never cross from one series to another, and
        rows of several series may be interleaved. A column given here is not a feature.
    gaps : {"warn", "ignore", "missing", "raise"}, default="warn"
        What to do about steps that are missing between the rows of a call, where labels follow a
        rule. `"warn"` reads across them, as if rows were next to each other, and says how many
        there are. `"ignore"` reads across. `"missing"` puts missing steps into the windows, filled
        by `padding`; rows are kept. `"raise"` refuses.

    Attributes
    ----------
    context_ : ndarray of shape (n_context, n_features), or dict of series to such arrays
        The last `window_length + horizon - 1` fitted steps, or all of them if there were fewer. A
        dict if `group` is given. With `gaps="missing"` missing steps are among them.
    fill_values_ : ndarray of shape (n_features,)
        What fills the steps before a fresh series begins, and missing steps.
    targets_ : list of (feature, shift, a, b) or None, or None
        Which column of X each output of `y` is: ``y[t] == a * X[t + shift, feature] + b``, within
        each series. None for an output that no column is; None altogether if `fit` was given no
        numbers as `y`. `forecast` needs it. See Notes.
    n_features_in_ : int
        Number of features seen during `fit`, without the group column.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if `X` has names that are all strings.

    See Also
    --------
    stack_sequences : Puts sequences of unequal length into one array.
    LSTMRegressor : Reads the windows.
    sklearn.model_selection.TimeSeriesSplit : Splits that keep the order of the rows.

    Notes
    -----
    Row ``t`` becomes the window of rows ``t - horizon - window_length + 1 … t - horizon``. For
    ``window_length=3`` and rows 0, 1, 2, …, where ``.`` is a step before the first row:

    === =========== =========== ===========
    row `horizon=0` `horizon=1` `horizon=2`
    === =========== =========== ===========
    0   ``. . 0``   ``. . .``   ``. . .``
    1   ``. 0 1``   ``. . 0``   ``. . .``
    2   ``0 1 2``   ``. 0 1``   ``. . 0``
    3   ``1 2 3``   ``0 1 2``   ``. 0 1``
    4   ``2 3 4``   ``1 2 3``   ``0 1 2``
    === =========== =========== ===========

    Where rows belong is told by their labels, the index of a pandas DataFrame. Labels of a series
    must increase. With `carry_context=True`, rows given to `transform` are placed as follows, each
    series of a panel on its own.

    - Rows that begin with the first fitted ones are the fitted series, and start fresh.
    - Later rows continue the fitted ones. If they begin `k` steps after the last one, the `k - 1`
      steps between are missing ones, filled by `padding`. Steps are counted by the rule that at
      least nine of ten fitted steps follow: days of local time, trading days, months, the hours of
      a session, or one distance. On trading days a holiday is no missing step. Without a rule, a
      distance up to the largest fitted one is one step, and a longer one is divided by the median.
    - Rows that begin before the end of the fitted ones start fresh, and so do rows whose labels
      cannot be placed: text, mixed types, another kind than the fitted ones.
    - Rows without labels that are not the fitted ones are **taken on trust** as what comes next: a
      slice of the past, or a call that skips rows, cannot be noticed. Labels 0, 1, 2, … are none,
      unless fitted labels are numbers that begin elsewhere. Pass labels or `carry_context=False`.
    - A series that `fit` has not seen starts fresh.

    Rows whose windows lack steps by this are counted in one
    `skrnn.exceptions.RowsMissingWarning` a call. A row still to come is predicted by appending it
    with NaN.

    `targets_` is found by comparing numbers, in at least 8 rows and half of all, up to rounding,
    with `a` above 0 and shifts from 0 to `window_length + horizon + n_outputs`. Constants are no
    target. Of several columns that fit, the one of the very values of `y` comes first, then the
    one of its name, then one common ``(a, b)`` for all outputs, then the smallest shift, then the
    first column.

    For a single series all windows are one read-only view of one copy of the rows.

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

    The rows that follow have full windows from the first:

    >>> window.transform([[5.0], [6.0]])
    array([[2., 3., 4.],
           [3., 4., 5.]])

    Columns are named by how far back they lie:

    >>> import pandas as pd
    >>> window.set_output(transform="pandas").fit_transform(pd.DataFrame(X, columns=["Open"]))
       Open_lag3  Open_lag2  Open_lag1
    0        NaN        NaN        NaN
    1        NaN        NaN        0.0
    2        NaN        0.0        1.0
    3        0.0        1.0        2.0
    4        1.0        2.0        3.0
    """

    _parameter_constraints: ClassVar[dict] = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 0, None, closed="left")],
        "padding": [StrOptions({"mean", "nan"})],
        "flatten": ["boolean", StrOptions({"auto"})],
        "carry_context": ["boolean"],
        "group": [str, list, tuple, None],
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
        gaps: str = "warn",
    ) -> None:
        self.window_length = window_length
        self.horizon = horizon
        self.padding = padding
        self.flatten = flatten
        self.carry_context = carry_context
        self.group = group
        self.gaps = gaps

    @property
    def context_(self) -> Array | dict[Hashable, Array]:
        """The last `window_length + horizon - 1` fitted steps, of each series with a `group`."""
        if "_starts" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} has no context_ before fit.")
        contexts = {name: start["context"] for name, start in self._starts}
        return contexts if self._has_group else contexts[None]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> SlidingWindowTransformer:
        """Learn the fill values, and remember the last rows as context.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows in order of time. NaN is allowed.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets, which are compared with the columns of X for `targets_`. Windows do not depend
            on them, and anything but numbers is ignored.

        Returns
        -------
        self : SlidingWindowTransformer
            The fitted transformer. It is as before if `fit` raises.

        Raises
        ------
        ValueError
            If a parameter is out of its range, X has infinities or columns that are not numbers,
            `group` does not name the series of every row, labels of a series do not increase, `y`
            has other dates than X, or steps are missing with `gaps="raise"`.

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
            If X has infinities, columns that are not numbers or another number of features than
            at `fit`, `group` does not name the series of every row, labels of a series do not
            increase, or steps are missing with `gaps="raise"`.

        Warns
        -----
        RowsMissingWarning
            If windows lack steps because rows that belong into them were not given.
        """
        check_is_fitted(self)
        rows = self._read_labels(X, self._level)
        ticks = read_ticks(rows, self._zone)
        series = positions_by_series(rows)
        self._check_order(ticks, rows, series, X)
        values = self._validate(rows.features, reset=False)
        contexts, steps = self._place(values, rows, ticks, series)
        windows = flat_windows(
            values,
            list(series.values()),
            contexts,
            self.fill_values_,
            window_length=self.window_length,
            horizon=self.horizon,
            steps=steps,
        )
        if _flattens(self.flatten, self.n_features_in_):
            return windows
        return unflatten(windows, self.window_length)

    @available_if(_has_columns)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns: `Open_lag3`, `Open_lag2`, `Open_lag1`.

        Windows that are not flattened have no columns, and the transformer no such method: with
        `flatten=False`, and after a fit on several features with `flatten="auto"`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features, which must be those seen during `fit`. By default these, or
            `x0`, `x1`, … if they had no names. The group column is not among them.

        Returns
        -------
        names : ndarray of str
            All columns of the oldest step first.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If `input_features` are not the names seen during `fit`.
        AttributeError
            If windows are not flattened.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        lags = range(lead_length(self.window_length, self.horizon), self.horizon - 1, -1)
        return np.asarray([f"{name}_lag{lag}" for lag in lags for name in names], dtype=object)

    def set_output(self, *, transform: str | None = None) -> SlidingWindowTransformer:
        """Set the container of flattened windows.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Container of flattened windows; None changes nothing. Other windows are NumPy arrays
            all the same.

        Returns
        -------
        self : SlidingWindowTransformer
            The transformer.
        """
        # scikit-learn's own method is hidden along with get_feature_names_out, and a Pipeline
        # that holds 3-D windows could not be set to pandas for the sake of its other steps.
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
        # Before the values: the missing key of a panel may be a column of text.
        self._check_order(ticks, rows, series, X)
        values = self._validate(rows.features, reset=True)
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
        # Series of one row, and those that come later, take the steps of the others.
        self._shared = share_rules(summaries, counts)
        share_next_labels(summaries, self._shared)
        notices = Notices(len(values), rows.labels, has_group=self._has_group)
        if self.carry_context and ticks is not None and ticks.values is None:
            notices.note_unordered_labels(ticks.kind)
        # Pairs: skops writes no key that is None, which is the series of rows without a group.
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
                "labels": summary,
            }
            self._starts.append((name, start))
        self._give(notices)

    def _find_targets(self, values: Array, y: Any, positions: list[Positions], X: Any) -> None:
        """Set which column each output of y is, and whether that could be told."""
        reach = self.window_length + self.horizon
        found = find_targets(values, y, positions, reach=reach, names=_columns(X) or None)
        self._doubts = [] if found is None else find_doubts(values, y, positions, found)
        # Plain tuples, which skops writes.
        self.targets_: list[Any] | None = found and [target and tuple(target) for target in found]

    def _place(
        self,
        values: Array,
        rows: LabeledRows,
        ticks: Ticks | None,
        series: dict[Hashable, Positions],
    ) -> tuple[list[Array], list[Array | None]]:
        """Return the context of each series, and the steps of its rows; warn of missing steps."""
        n_lead = lead_length(self.window_length, self.horizon)
        starts = dict(self._starts)
        notices = Notices(len(values), rows.labels, has_group=self._has_group)
        contexts, step_numbers = [], []
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
            )
            contexts.append(placed.context)
            step_numbers.append(placed.step_numbers)
            kind = "" if own is None else own.kind
            notices.note_gaps(name, where, placed.missing)
            notices.note_incomplete_rows(
                name, where, placed.incomplete, placed.placement, start, kind
            )
        self._give(notices)
        return contexts, step_numbers

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
        """Take the series and the labels of its rows from X."""
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
    return list(getattr(X, "columns", ()))


def windows_of(estimator: Any) -> Iterator[SlidingWindowTransformer]:
    """Return the transformers that make windows, however deep they are in an estimator."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return (part for part in parts if isinstance(part, SlidingWindowTransformer))
