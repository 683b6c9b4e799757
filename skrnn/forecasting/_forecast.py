"""Forecasts: the rows that come next, from a fitted pipeline's own predictions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import _num_samples, check_is_fitted

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn.exceptions import RowsMissingWarning
from skrnn.forecasting._future_rows import FutureRows, Past, read_past
from skrnn.forecasting._target_columns import (
    TargetColumns,
    check_rows_before_the_window,
    find_target_columns,
    refuse_unknown_layout,
)
from skrnn.forecasting._window_paths import WindowPath, find_window_paths
from skrnn.windows._labels import read_labels
from skrnn.windows._transformer import windows_of


@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"])],
        "steps": [Interval(Integral, 1, 2**31 - 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def forecast(
    estimator: Any,
    steps: int,
    *,
    X: Any = None,
    future: Any = None,
    target: Any = None,
) -> Any:
    """Predict the rows that come next.

    A model that predicts one row is asked again and again, and reads its own predictions as rows
    from then on (recursive). A model whose outputs are several steps predicts them at once
    (direct).

    Parameters
    ----------
    estimator : Pipeline or search
        Fitted on rows, with a `SlidingWindowTransformer` within it. A search stands for its best
        estimator. The model may be any regressor.

    steps : int
        How many rows to predict; of each series, if there is a `group`.

    X : {array-like, DataFrame} of shape (n_samples, n_features), default=None
        The rows before those that are predicted, as `predict` would be given them: rows that
        continue the fitted ones, or the series from its beginning. None: the fitted rows.

    future : {array-like, DataFrame} of shape (steps, n_features), default=None
        The known values of the rows to come, such as the day of the week or a planned price. A
        DataFrame may lack the columns that are predicted, those of which nothing is known, and
        those that no window reads in these rows. Its index, unless it is the default one, labels
        the rows; a DataFrame without columns does nothing but that. Of a panel it has `steps` rows
        for each series, in order of time. An array has all columns; values in predicted columns are
        not read.

    target : column or list of columns, default=None
        The column of X that is predicted, by name, or by number for arrays; a list for outputs that
        are several columns. None: the columns that `fit` has found `y` to be (`targets_` of the
        window). It must be given where that cannot be told, and predictions are read as rows: the
        steps before the window are not linear in each row, `y` is transformed in a way that hides
        it, or it is a constant.

    Returns
    -------
    y : ndarray of shape (steps,) or (steps, n_columns), Series or DataFrame
        Predictions in the units of `y`. A Series where the rows before have labels, which are
        continued by the rule that all of them follow; a DataFrame if the outputs are several
        columns. Of a panel the index has the series and the label of each row, in the order of
        `future`; by default all series of the first step come first.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.

    ValueError
        If there is no window within the estimator; if `y` lies in later rows than its own, or in
        its own window; if predictions would be read as the values of a column that they are not; if
        columns that are read must be known, and `future` does not have them, or it has another
        number of rows, or labels that do not go on where the rows before ended; if the labels of
        the rows follow no rule and `future` has none; if more steps are wanted than a direct model
        has outputs; if the fitted rows are wanted, but `carry_context=False` or a step before the
        window reads earlier rows, which nothing remembers; if the estimator is a classifier.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows that are read.
    generate : Labels that follow others.
    skrnn.inspection.ForecastDisplay : Draws a forecast beside what came.

    Notes
    -----
    The first step equals ``predict`` on `X` with a row of NaN appended. Errors of a recursive
    forecast add up: what is predicted from predictions is only as good as they are.

    With `horizon=h` the first `h` rows read no predictions, so `y` may be any quantity. From the
    next row on, predictions stand in the column that `y` is. The steps before the window are tried
    with two values: they must make of a prediction what the window was fitted with.

    References
    ----------
    Ben Taieb, S., Bontempi, G., Atiya, A. F. & Sorjamaa, A. (2012). A review and comparison of
    strategies for multi-step ahead time series forecasting. Expert Systems with Applications,
    39(8).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import NaiveRegressor, SlidingWindowTransformer, forecast
    >>> index = pd.date_range("2024-01-31", periods=24, freq="ME")
    >>> sales = pd.DataFrame({"sales": np.arange(100.0, 124.0)}, index)
    >>> drift = NaiveRegressor(strategy="drift")
    >>> pipe = make_pipeline(SlidingWindowTransformer(3), drift)
    >>> pipe = pipe.fit(sales, sales["sales"])
    >>> forecast(pipe, 2)
    2026-01-31    124.0
    2026-02-28    125.0
    Freq: ME, Name: sales, dtype: float64
    """
    refuse_other_models(estimator, "estimator")
    check_is_fitted(estimator)
    if is_classifier(estimator):
        raise ValueError(
            f"{type(estimator).__name__} predicts labels, and forecast takes regressors. Labels "
            "that follow others are written by skrnn.generate."
        )
    pipeline = getattr(estimator, "best_estimator_", estimator)
    paths = list(find_window_paths(pipeline))
    past = read_past(pipeline, paths, X, future)
    architecture = _find_architecture(pipeline)
    targets = find_target_columns(paths, past, target, architecture)
    rows = FutureRows(past, steps, future, targets.columns)
    # A direct model is asked once, whatever comes later.
    n_asked = 1 if targets.layout == "steps" else steps
    _check_known(pipeline, paths, past, rows, targets, n_asked)
    n_series = len(past.series)
    is_by_step = architecture == "sequence_to_sequence"
    with _quiet_about_first_rows(paths, past):
        try:
            first = _predict_last(pipeline, rows.rows_until(1), n_series, is_by_step)
        except ValueError as error:
            _refuse_missing_values(pipeline, rows, n_series, error)
            raise
    if targets.layout is None and first.shape[1] > 1:
        refuse_unknown_layout(first.shape[1], targets)
    if targets.layout == "steps":
        return _label_steps(rows, first, targets, steps)
    if targets.layout == "columns" and targets.columns and first.shape[1] != len(targets.columns):
        raise ValueError(
            f"target={target!r} names {len(targets.columns)} columns, but the model has "
            f"{first.shape[1]} output(s) a row. Name one column for each output."
        )
    predicted = [first]
    with warnings.catch_warnings():
        # The first step has said what there was to say.
        warnings.simplefilter("ignore", RowsMissingWarning)
        for step in range(1, steps):
            if targets.columns:
                rows.write(step, targets.columns, predicted[-1])
            later = rows.rows_until(step + 1)
            predicted.append(_predict_last(pipeline, later, n_series, is_by_step))
    values = np.concatenate(predicted)
    if targets.layout != "columns":
        return rows.label(values[:, 0], targets.columns)
    if targets.shown is None:
        return rows.label(values, targets.columns)
    values = values[:, [targets.columns.index(name) for name in targets.shown]]
    return rows.label(values if isinstance(target, list) else values[:, 0], targets.shown)


def _check_known(
    pipeline: Any,
    paths: list[WindowPath],
    past: Past,
    rows: FutureRows,
    targets: TargetColumns,
    steps: int,
) -> None:
    """Refuse to predict from values that are neither known nor predicted."""
    read = partial(_read_last, pipeline)
    # All rows pass a plain window first, and it ends before the rows that it predicts.
    is_plain = bool(paths) and all(path.is_plain for path in paths)
    horizon = min((path.window.horizon for path in paths), default=0)
    if is_plain and steps <= horizon:
        return
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RowsMissingWarning)
        is_simple = is_plain and horizon > 0 and rows.unknown == targets.columns
        needed = [
            column for column in rows.unknown if is_simple or rows.is_read(column, steps, read)
        ]
        if not is_simple:
            own = [
                name for name in targets.columns if rows.is_read(name, 1, read, if_refused=False)
            ]
            if own:
                raise ValueError(
                    f"The model reads the column {own[0]!r} of the row that it predicts, and y is "
                    "that column: a forecast would have to know what it predicts. Use windows with "
                    "horizon=1 for it."
                )
    missing = [column for column in needed if column not in targets.columns]
    if targets.columns and missing:
        raise ValueError(
            f"The columns {missing} are read, but not predicted: their values in the next {steps} "
            "rows must be known. Give them as future."
        )
    if missing:
        _refuse_unknown_target(missing, past, targets, horizon)
    if needed and not len(past.frame):
        check_rows_before_the_window(paths, past)


def _refuse_missing_values(
    pipeline: Any, rows: FutureRows, n_series: int, error: ValueError
) -> None:
    """Say that a step does not take NaN, if it takes the rows to predict with numbers instead."""
    if not rows.unknown:
        return
    try:
        _predict_last(pipeline, rows.rows_with_numbers(), n_series, False)
    except ValueError:
        return
    raise ValueError(
        f"The row to predict has NaN in the column(s) {rows.unknown}, which are not known yet, and "
        f"the estimator refuses NaN ({str(error).partition(chr(10))[0]}). Put SimpleImputer() "
        "before the step that does, such as PCA()."
    ) from error


def _refuse_unknown_target(
    missing: list[Any], past: Past, targets: TargetColumns, horizon: int
) -> None:
    """Say that predictions cannot be read as rows, or that the user must name their column."""
    alone = f"The first {horizon} row(s) read no predictions and can be had" if horizon else ""
    if targets.is_refuted:
        raise ValueError(
            f"Later rows read the column(s) {missing}, and predictions are no values of these: "
            f"{targets.reason}. {alone + '. ' if alone else ''}For more rows, fit on a y that is a "
            "column of X, as it stands; transform it by TransformedTargetRegressor, and X in a "
            "step before the window; or fit a y of several steps."
        )
    raise ValueError(
        f"Later rows read the column(s) {missing}, and nothing tells which column is predicted: "
        f"{targets.reason}. Give it as target, by the names {past.feature_columns}."
    )


def _label_steps(rows: FutureRows, first: np.ndarray, targets: TargetColumns, steps: int) -> Any:
    """Return what a direct model predicts for each step."""
    if steps > first.shape[1]:
        raise ValueError(
            f"steps={steps} is more than the {first.shape[1]} that the model predicts at once. Ask "
            f"for {first.shape[1]} or fewer, or fit a model of one step, which is asked again and "
            "again."
        )
    return rows.label(first[:, :steps].T.ravel(), targets.columns)


@contextmanager
def _quiet_about_first_rows(paths: list[WindowPath], past: Past) -> Iterator[None]:
    """Say nothing of the windows of the first rows, if those of the rows to predict are whole."""
    reach = max((path.window.window_length + path.window.horizon for path in paths), default=0)
    shortest = min(_count_rows(past), default=0)
    with warnings.catch_warnings():
        if paths and shortest >= reach:
            warnings.simplefilter("ignore", RowsMissingWarning)
        yield


def _count_rows(past: Past) -> list[int]:
    """Return how many rows of each series are given."""
    if not past.keys:
        return [len(past.frame)]
    if not len(past.frame):
        return []
    series = read_labels(past.frame, past.keys).series
    return [] if series is None else np.bincount(series[0]).tolist()


def _read_last(pipeline: Any, rows: Any, n: int) -> Any:
    """Return what the model reads of the last `n` rows; its predictions if it holds windows."""
    model = pipeline
    if isinstance(pipeline, Pipeline) and len(pipeline) > 1:
        model, rows = pipeline[-1], pipeline[:-1].transform(rows)
        if not any(windows_of(model)):
            # Windows of all rows are a view; a network need not see but the last.
            n_rows = _num_samples(rows)
            return _safe_indexing(rows, np.arange(n_rows - n, n_rows))
    return np.asarray(model.predict(rows))[-n:]


def _predict_last(pipeline: Any, rows: Any, n: int, is_by_step: bool) -> np.ndarray:
    """Return what is predicted of the last `n` rows, of shape (n, n_outputs)."""
    model = _last_step(pipeline)
    read = _read_last(pipeline, rows, n)
    is_outside = model is not pipeline and not any(windows_of(model))
    predicted = np.asarray(model.predict(read) if is_outside else read, dtype=np.float64)
    if is_by_step:
        # The steps before the last are those of rows that are known.
        predicted = predicted[:, -1]
    if predicted.ndim > 2:
        raise ValueError(
            f"The model predicts an array of shape {predicted.shape}. forecast takes models of one "
            "value for each step; predict has them all."
        )
    return predicted.reshape(n, -1)


def _last_step(pipeline: Any) -> Any:
    """Return what predicts in a pipeline."""
    return pipeline[-1] if isinstance(pipeline, Pipeline) and len(pipeline) > 1 else pipeline


def _find_architecture(model: Any) -> str | None:
    """Return the architecture of the network that predicts in a fitted estimator."""
    while True:
        for name in ("best_estimator_", "regressor_"):
            if hasattr(model, name):
                model = getattr(model, name)
                break
        else:
            if not isinstance(model, Pipeline):
                break
            model = model[-1]
    architecture: str | None = getattr(model, "_network", {}).get("architecture")
    return architecture
