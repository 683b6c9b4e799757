"""Windows of past rows as a scikit-learn transformer."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skrnn._continuity import (
    LabeledRows,
    SeriesStart,
    continues,
    positions_by_series,
    read_labels,
    summarize_labels,
)
from skrnn._tasks import CallbackSupportMixin, begin_tasks
from skrnn._validation import check_container, validate_numeric
from skrnn._windows import (
    Positions,
    column_means,
    first_rows,
    flat_windows,
    last_rows,
    lead_length,
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
    group : str, default=None
        Name of an index level or a column of a DataFrame that says which series a row belongs to.
        Windows never cross from one series to another, and rows of several series may be
        interleaved. A column given here is not a feature.

    Attributes
    ----------
    context_ : ndarray of shape (n_context, n_features), or dict of series to such arrays
        The last `window_length + horizon - 1` fitted rows, or all of them if there were fewer. A
        dict if `group` is given.
    fill_values_ : ndarray of shape (n_features,)
        What fills the steps before a fresh series begins.
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

    With `carry_context=True`, rows given to `transform` continue the fitted series as follows.

    - Rows with a pandas index, unless it is the default one (a `RangeIndex` from 0) both here and
      at `fit`, continue it if their first label lies after the last fitted one by no more than
      the largest step between fitted labels. Otherwise, and when labels cannot be compared, they
      start fresh.
    - Rows without labels that begin with the first `window_length + horizon - 1` fitted rows are
      the fitted series and start fresh. All others are **taken on trust** as its continuation: a
      slice of the past, or a call that skips rows, cannot be noticed. Pass labels or
      `carry_context=False` there.

    Within one call rows are consecutive, whatever their labels. With `group` all of this holds
    for each series; its labels are what is left of the index. A row still to come is predicted by
    appending it with NaN.

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
        "group": [str, None],
    }

    def __init__(
        self,
        window_length: int = 10,
        *,
        horizon: int = 1,
        padding: str = "mean",
        flatten: bool | str = "auto",
        carry_context: bool = True,
        group: str | None = None,
    ) -> None:
        self.window_length = window_length
        self.horizon = horizon
        self.padding = padding
        self.flatten = flatten
        self.carry_context = carry_context
        self.group = group

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> SlidingWindowTransformer:
        """Learn the fill values, and remember the last rows as context.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Rows in order of time. NaN is allowed.
        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindowTransformer
            The fitted transformer. It is as before if `fit` raises.

        Raises
        ------
        ValueError
            If a parameter is out of its range, X has infinities or columns that are not numbers,
            or `group` does not name the series of every row.
        """
        tasks = begin_tasks(self, X, y)
        fitted = copy.copy(self)
        fitted._remember(X)
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
            at `fit`, or `group` does not name the series of every row.
        """
        check_is_fitted(self)
        rows = self._read_labels(X)
        values = self._validate(rows.features, reset=False)
        series = positions_by_series(rows)
        windows = flat_windows(
            values,
            list(series.values()),
            self._find_contexts(values, rows, series),
            self.fill_values_,
            window_length=self.window_length,
            horizon=self.horizon,
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

    def _remember(self, X: Any) -> None:
        """Set the fitted attributes."""
        rows = self._read_labels(X)
        values = self._validate(rows.features, reset=True)
        n_lead = lead_length(self.window_length, self.horizon)
        contexts: dict[Hashable, np.ndarray] = {}
        self._group_is_column = self.group is not None and rows.features is not X
        # Pairs: skops writes no key that is None, which is the series of rows without a group.
        self._starts: list[tuple[Hashable, SeriesStart]] = []
        for name, where in positions_by_series(rows).items():
            contexts[name] = last_rows(values[where], n_lead)
            start: SeriesStart = {
                "head": first_rows(values[where], n_lead),
                "labels": summarize_labels(rows, where),
            }
            self._starts.append((name, start))
        self.context_ = contexts[None] if self.group is None else contexts
        if self.padding == "mean":
            self.fill_values_ = column_means(values)
        else:
            self.fill_values_ = np.full(values.shape[1], np.nan, values.dtype)

    def _read_labels(self, X: Any) -> LabeledRows:
        """Take the series and the labels of its rows from X."""
        if self.group is not None:
            check_container(X, "X", unique_names=True, numbers=False)
        return read_labels(X, self.group)

    def _validate(self, X: Any, *, reset: bool) -> np.ndarray:
        """Return X as an array of floats."""
        return validate_numeric(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )

    def _find_contexts(
        self, values: np.ndarray, rows: LabeledRows, series: dict[Hashable, Positions]
    ) -> list[np.ndarray]:
        """Return the fitted rows that come before those of each series, none if it is fresh."""
        contexts: dict[Hashable, np.ndarray] = (
            self.context_ if isinstance(self.context_, dict) else {None: self.context_}
        )
        starts = dict(self._starts)

        def goes_on(name: Hashable, where: Positions) -> bool:
            return (
                self.carry_context
                and name in starts
                and continues(values[where], rows, where, starts[name])
            )

        return [
            contexts[name] if goes_on(name, where) else values[:0] for name, where in series.items()
        ]


def windows_of(estimator: Any) -> Iterator[SlidingWindowTransformer]:
    """Return the transformers that make windows, however deep they are in an estimator."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    return (part for part in parts if isinstance(part, SlidingWindowTransformer))
