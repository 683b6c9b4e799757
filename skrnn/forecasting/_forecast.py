"""Forecasts: predict future rows with a fitted pipeline."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.quantiles import has_quantiles
from skrnn.estimators._seeds import draw_seeds
from skrnn.forecasting._future_rows import FutureRows
from skrnn.forecasting._last_rows import (
    find_architecture,
    predict_last,
    predict_last_quantiles,
    read_last,
)
from skrnn.forecasting._past import Past, read_past
from skrnn.forecasting._predicted_columns import (
    PredictedColumns,
    check_rows_before_the_window,
    find_predicted_columns,
    refuse_unknown_layout,
)
from skrnn.forecasting._simulated_paths import simulate_quantiles
from skrnn.forecasting._window_paths import WindowPath, find_window_paths
from skrnn.windows._labels import read_labels
from skrnn.windows._notices import ignore_missing_steps


@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"])],
        "steps": [Interval(Integral, 1, 2**31 - 1, closed="both")],
        "quantiles": ["boolean"],
        "n_paths": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
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
    quantiles: bool = False,
    n_paths: int = 200,
    random_state: Any = None,
) -> Any:
    """Predict the future rows of a series, or of each series of a panel.

    A model of one step predicts row after row, and reads its own predictions as earlier rows
    (recursive forecast). A model whose outputs are several steps predicts all of them at once
    (direct forecast).

    Parameters
    ----------
    estimator : Pipeline or search
        A fitted estimator that contains a `SlidingWindowTransformer`. A search is replaced by its
        best estimator. The model may be any regressor.

    steps : int
        Number of rows to predict. With `group`, this many rows of each series are predicted.

    X : {array-like, DataFrame} of shape (n_samples, n_features), default=None
        The last known rows, in the form that `predict` takes. Give rows that continue the fitted
        ones, or a series from its first row. With None, the forecast continues the fitted rows.

    future : {array-like, DataFrame} of shape (steps, n_features), default=None
        The known values of the future rows, such as the day of the week or a planned price. The
        columns that are `known` in the window are always needed. A DataFrame may leave out the
        target columns and columns whose future values the model does not read. Its index labels the
        rows, unless it is the default index. To give labels only, give a DataFrame without columns.
        For a panel, give `steps` rows of each series, in order of time. An array has all columns of
        X. Values in target columns are ignored.

    target : column or list of columns, default=None
        The target column: the column of X that is `y`, by its name, or by its number for arrays. A
        list names the columns of several outputs. With None, `forecast` uses the columns that `fit`
        found (`targets_` of the window). `target` is needed if `fit` could not find the column and
        the forecast reads its own predictions. `fit` cannot find the column if the steps before the
        window are not linear in each row, if a transformation of `y` hides the column, or if `y` is
        constant.

    quantiles : bool, default=False
        Whether to return the quantiles of each row in place of one value. The model must have
        quantiles, such as ``LSTMRegressor(quantiles=(0.1, 0.5, 0.9))``.

    n_paths : int, default=200
        Number of simulated paths, for quantiles of a model of one step.

    random_state : int, RandomState instance or None, default=None
        Source of randomness of the paths. With an int, each call returns the same quantiles.

    Returns
    -------
    y : ndarray of shape (steps,) or (steps, n_columns), Series or DataFrame
        Predictions in the units of `y`. If the known rows have labels, a Series is returned, and
        its labels continue the rule of the known labels. If the outputs are several columns, it is
        a DataFrame. For a panel, the index holds the series and the label of each row. The rows of
        a panel are in the order of `future`. Without `future`, all series of the first step come
        first. With `quantiles`, it is a DataFrame with one column for each level. If the outputs
        are several columns, its columns have two levels: the column and the level.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.

    ValueError
        If the estimator is a classifier or contains no window.

        If `y` is taken from later rows than its own, or is a column of its own window.

        If the model would read predictions as a column of X that they do not belong to.

        If `future` lacks a column that the model reads, has another number of rows, or has labels
        that do not continue the known rows.

        If the labels of the known rows follow no rule and `future` has no labels.

        If `steps` is larger than the number of outputs of a direct model.

        If `X` is None, and either `carry_context=False` or a step before the window reads earlier
        rows. In both cases the fitted rows are not remembered.

        If `quantiles` is set and the model has none.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows that the model reads.
    generate : Samples the next labels from a classifier.
    skrnn.inspection.ForecastDisplay : Draws a forecast beside the measured values.

    Notes
    -----
    The first step equals ``predict`` on `X` with a row of NaN appended. Errors of a recursive
    forecast add up, because later predictions are computed from earlier ones.

    With `horizon=h`, the first `h` predicted rows read no predictions, and `y` may be any quantity.
    From the next row on, the model reads predictions as values of the target column. This is right
    only if the steps before the window map a prediction to the target that the model was fitted
    with. `forecast` tests this with two values.

    A direct model has learned the quantiles of each step. A model of one step has learned those of
    the next row only, so later ones are simulated: in each of `n_paths` paths, a value is drawn
    between the predicted quantiles and read as the next row, and so on. Quantiles of a later row
    are those of all paths together. Between two levels, and beyond the outermost ones, values are
    interpolated over the normal scores of the levels, so three levels suffice for a normal
    distribution. So values may lie outside of the range of the series, such as below 0. Draws of
    several columns, and of several series, are independent of each other.
    Simulated quantiles contain the noise of the rows, and not the error of the model itself. The
    column of the level 0.5 is the median of the paths. It may differ from the forecast without
    quantiles, which reads a single path of medians.

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

    The naive forecast of a random walk: its quantiles spread with the square root of the step.

    >>> walk = pd.DataFrame({"level": np.random.default_rng(0).normal(size=2_000).cumsum()})
    >>> naive = NaiveRegressor(quantiles=(0.1, 0.5, 0.9))
    >>> pipe = make_pipeline(SlidingWindowTransformer(1), naive).fit(walk, walk["level"])
    >>> fan = forecast(pipe, 9, quantiles=True, random_state=0)
    >>> (fan[0.9] - fan[0.1]).iloc[[0, 3, 8]].round(1).tolist()
    [2.6, 4.9, 7.7]
    """
    refuse_other_models(estimator, "estimator")
    check_is_fitted(estimator)
    if is_classifier(estimator):
        raise ValueError(
            f"{type(estimator).__name__} predicts labels, but forecast takes regressors. To sample "
            "the next labels, use skrnn.generate."
        )
    pipeline = getattr(estimator, "best_estimator_", estimator)
    paths = list(find_window_paths(pipeline))
    past = read_past(pipeline, paths, X, future)
    if quantiles and not has_quantiles(pipeline):
        raise ValueError(
            "quantiles=True, but the model predicts no quantiles. Fit a regressor with quantiles, "
            "such as LSTMRegressor(quantiles=(0.1, 0.5, 0.9)), as the last step."
        )
    architecture = find_architecture(pipeline)
    targets = find_predicted_columns(paths, past, target, architecture)
    rows = FutureRows(past, steps, future, targets.columns)
    if future is not None and any(path.window.gaps == "warn" for path in paths):
        rows.warn_of_missing_steps()
    # A direct model predicts all steps from the first future row.
    n_rows_read = 1 if targets.layout == "steps" else steps
    _check_known_values(pipeline, paths, past, rows, targets, n_rows_read)
    is_by_step = architecture == "sequence_to_sequence"
    with _ignore_warnings_of_first_rows(paths, past):
        first, levels = _predict_step(pipeline, rows, 1, is_by_step, quantiles)
    _check_outputs(first.shape[1], targets, target, steps)
    if targets.layout == "steps":
        # All series of the first step, then of the second, and so on.
        values = first[:, :steps].swapaxes(0, 1).reshape(-1, 1, *first.shape[2:])
    elif levels is None:
        values = _predict_recursively(pipeline, rows, targets.columns, first, is_by_step)
    else:
        with ignore_missing_steps():  # the first step has given its warnings
            values = simulate_quantiles(
                pipeline,
                rows,
                targets.columns,
                first,
                levels,
                window=paths[0].window if len(paths) == 1 else None,
                is_by_step=is_by_step,
                n_paths=n_paths,
                rng=np.random.default_rng(draw_seeds(random_state, 1)[0]),
            )
    return _label(rows, values, targets, is_frame=isinstance(target, list), levels=levels)


def _check_outputs(n_outputs: int, targets: PredictedColumns, target: Any, steps: int) -> None:
    """Refuse a number of outputs that does not fit the target columns or the number of steps."""
    if targets.layout is None and n_outputs > 1:
        refuse_unknown_layout(n_outputs, targets)
    if targets.layout == "steps" and steps > n_outputs:
        raise ValueError(
            f"steps={steps} is more than the {n_outputs} steps that the model predicts at once. "
            f"Give steps={n_outputs} or fewer, or fit a model of one step, which predicts any "
            "number of steps."
        )
    if targets.layout == "columns" and targets.columns and n_outputs != len(targets.columns):
        raise ValueError(
            f"target={target!r} names {len(targets.columns)} columns, but the model has "
            f"{n_outputs} output(s) a row. Name one column for each output."
        )


def _predict_recursively(
    pipeline: Any, rows: FutureRows, columns: list[Any], first: np.ndarray, is_by_step: bool
) -> np.ndarray:
    """Return the predictions of all steps, each of them made from the earlier ones."""
    predicted = [first]
    with ignore_missing_steps():  # the first step has given its warnings
        for step in range(1, rows.n_steps):
            if columns:
                rows.write(columns, np.array(predicted))
            predicted.append(_predict_step(pipeline, rows, step + 1, is_by_step)[0])
    return np.concatenate(predicted)


def _label(
    rows: FutureRows,
    values: np.ndarray,
    targets: PredictedColumns,
    *,
    is_frame: bool,
    levels: tuple[float, ...] | None,
) -> Any:
    """Return predictions of shape (n_rows, n_columns), or their quantiles, with their labels."""
    names = targets.columns
    if targets.layout == "columns" and targets.shown is not None:
        names = targets.shown
        values = values[:, [targets.columns.index(name) for name in names]]
    if levels is not None:
        is_frame |= values.shape[1] > 1
        return _label_quantiles(rows, values, names if is_frame else None, levels)
    is_series = targets.layout != "columns" or (targets.shown is not None and not is_frame)
    return rows.label(values[:, 0] if is_series else values, names)


def _label_quantiles(
    rows: FutureRows, values: np.ndarray, names: list[Any] | None, levels: tuple[float, ...]
) -> pd.DataFrame:
    """Return a DataFrame of quantiles of shape (n_rows, n_columns, n_quantiles).

    Without `names` there is one column, and only the levels are labels.
    """
    columns = pd.Index(levels, name="quantile")
    if names is not None:
        names = names or list(range(values.shape[1]))
        columns = pd.MultiIndex.from_product([names, levels], names=["column", "quantile"])
    table = rows.label(values.reshape(len(values), -1), list(columns))
    if isinstance(table, np.ndarray):
        table = pd.DataFrame(table)
    return table.set_axis(columns, axis=1)


def _check_known_values(
    pipeline: Any,
    paths: list[WindowPath],
    past: Past,
    rows: FutureRows,
    targets: PredictedColumns,
    steps: int,
) -> None:
    """Refuse to predict from values that are neither known nor predicted."""
    read = partial(read_last, pipeline)
    # A plain window reads all rows, and ends `horizon` rows before the row that it predicts.
    is_plain = bool(paths) and all(path.is_plain for path in paths)
    horizon = min((path.window.horizon for path in paths), default=0)
    reads_known = any(path.window._known for path in paths)
    if is_plain and steps <= horizon and not reads_known:
        return
    with ignore_missing_steps(), np.errstate(all="ignore"):
        is_simple = is_plain and horizon > 0 and rows.unknown == targets.columns and not reads_known
        needed = [
            column for column in rows.unknown if is_simple or rows.is_read(column, steps, read)
        ]
        if not is_simple:
            leaked = [
                name for name in targets.columns if rows.is_read(name, 1, read, if_refused=False)
            ]
            if leaked:
                raise ValueError(
                    f"The model reads the column {leaked[0]!r} of the row that it predicts, and y "
                    "is this column, so a forecast would have to know what it predicts. Use "
                    "windows with horizon=1 for this column, and leave it out of known."
                )
        missing = [column for column in needed if column not in targets.columns]
        known = [
            column
            for column in (missing if reads_known else ())
            if rows.is_read(column, 1, read, if_refused=False)
        ]
    if known:
        raise ValueError(
            f"The model reads the columns {known} of the row that it predicts, because they are "
            f"known in the window, but future does not have them. Give their values in the next "
            f"{rows.n_steps} row(s) as future."
        )
    if targets.columns and missing:
        are_known = {name for path in paths for name in path.window.known or ()}
        others = [column for column in missing if column not in are_known]
        advice = (
            " To also read their values in the predicted row, fit with "
            f"SlidingWindowTransformer(known={others})."
            if others
            else ""
        )
        raise ValueError(
            f"The columns {missing} are read, but not predicted. Their values in the next "
            f"{rows.n_steps} row(s) must be known: give them as future.{advice}"
        )
    if missing:
        _refuse_unknown_target(missing, past, targets, horizon)
    if (needed or reads_known) and not len(past.frame):
        check_rows_before_the_window(paths, past)


def _predict_step(
    pipeline: Any, rows: FutureRows, step: int, is_by_step: bool, quantiles: bool = False
) -> tuple[np.ndarray, tuple[float, ...] | None]:
    """Return the predictions of the rows of a step, or their quantiles with the levels.

    Explain an error that NaN causes.
    """
    try:
        until = rows.rows_until(step)
        if quantiles:
            return predict_last_quantiles(pipeline, until, rows.n_series, is_by_step)
        return predict_last(pipeline, until, rows.n_series, is_by_step), None
    except ValueError as error:
        _refuse_missing_values(pipeline, rows, step, error)
        raise


def _refuse_missing_values(pipeline: Any, rows: FutureRows, step: int, error: ValueError) -> None:
    """Explain an error, if the same rows with numbers in place of NaN give no error."""
    empty = rows.columns_with_nan(step)
    if not empty:
        return
    try:
        predict_last(pipeline, rows.rows_with_numbers(step), rows.n_series, False)
    except ValueError:
        return
    refused = f"a step of the estimator refuses NaN ({str(error).partition(chr(10))[0]})"
    given = [column for column in empty if column not in rows.unknown]
    if given:
        raise ValueError(
            f"future has NaN in the column(s) {given}, but {refused}. Give the values of these "
            "columns in all rows of future."
        ) from error
    raise ValueError(
        f"The row to predict has NaN in the column(s) {empty}, which are not known yet, but "
        f"{refused}. Put SimpleImputer() before this step."
    ) from error


def _refuse_unknown_target(
    missing: list[Any], past: Past, targets: PredictedColumns, horizon: int
) -> None:
    """Raise an error: predictions are not a column of X, or the user must name the column."""
    if targets.is_refuted:
        limit = f" A forecast of {horizon} step(s) reads no predictions." if horizon else ""
        raise ValueError(
            f"Later rows read the column(s) {missing}, but predictions are not values of a column "
            f"of X: {targets.reason}.{limit} For more steps, fit on a y that is an unchanged "
            "column of X, or on a y of several steps. Transform y with "
            "TransformedTargetRegressor, and X in a step before the window."
        )
    known = [] if past.future is None else list(past.future.columns)
    unknown = [column for column in past.feature_columns if column not in known]
    others = (
        f" The steps may also need the values of the columns among {unknown} that are not "
        "predicted: give them as future."
        if len(unknown) > 1
        else ""
    )
    raise ValueError(
        f"Later rows read the column(s) {missing}, but the target column is not known: "
        f"{targets.reason}. Give the column as target, one of {past.feature_columns}.{others}"
    )


def _ignore_warnings_of_first_rows(
    paths: list[WindowPath], past: Past
) -> AbstractContextManager[None]:
    """Ignore warnings about missing steps if the windows of all future rows are complete."""
    windows = [path.window for path in paths]
    n_needed = max((window.window_length + window.horizon - 1 for window in windows), default=0)
    n_given = min(_count_rows(past), default=0)
    return ignore_missing_steps() if paths and n_given >= n_needed else nullcontext()


def _count_rows(past: Past) -> list[int]:
    """Return the number of given rows of each series."""
    if not past.keys:
        return [len(past.frame)]
    if not len(past.frame):
        return []
    series = read_labels(past.frame, past.keys).series
    return [] if series is None else np.bincount(series[0]).tolist()
