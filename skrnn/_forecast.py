"""The rows that come next, from a fitted pipeline's own predictions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import _num_samples, check_is_fitted

from skrnn._ahead import Ahead, read_past
from skrnn.exceptions import RowsMissingWarning
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

    A model that predicts one step is asked again and again, and reads its own predictions as rows
    from then on (recursive). A model with several outputs says them all at once (direct).

    Parameters
    ----------
    estimator : Pipeline or search
        Fitted on rows, with a `SlidingWindowTransformer` within it. A search stands for its best
        estimator. The model may be any regressor; several outputs are the next values of one
        series.

    steps : int
        How many rows to predict; of each series, if there is a `group`.

    X : {array-like, DataFrame} of shape (n_samples, n_features), default=None
        The rows before those that are predicted, as `predict` would be given them: rows that
        continue the fitted ones, or the series from its beginning. None: the fitted rows.

    future : {array-like, DataFrame} of shape (steps, n_features), default=None
        What is known of the rows to come, such as the day of the week or a planned price. A
        DataFrame may lack the target and columns of which nothing is known, and its index, unless
        it is the default one, labels the rows; one without columns says nothing but that. Of a
        panel it has `steps` rows for each series, in order of time. An array has all columns;
        what stands in the target's is not read.

    target : str or int, default=None
        The column of X that is predicted, by name, or by number for arrays. None: the only one.
        A direct forecast does not need it.

    Returns
    -------
    y : ndarray of shape (steps,) or Series
        Predictions in the units of `y`, a Series where the rows before have labels, which are
        continued: an index of dates at its frequency. Of a panel, a Series with the series and the
        label of each row, all series of the first step first.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.

    ValueError
        If there is no window within the estimator; if the target cannot be told; if there are
        columns that must be known in advance and `future` does not have them, or it has another
        number of rows, or labels that do not go on where the fitted ones ended; if the labels have
        no frequency; if more steps are wanted than a direct model has outputs; if the fitted rows
        are wanted but `carry_context=False`; if the estimator is a classifier.

    See Also
    --------
    SlidingWindowTransformer : Makes the windows that are read.
    generate : Labels that follow others.
    skrnn.inspection.ForecastDisplay : Draws a forecast beside what came.

    Notes
    -----
    The first step equals ``predict`` on `X` with a row of NaN appended. Errors of a recursive
    forecast add up: what is predicted from predictions is only as good as they are.

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
    check_is_fitted(estimator)
    if is_classifier(estimator):
        raise ValueError(
            f"{type(estimator).__name__} predicts labels, and forecast takes regressors. Labels "
            "that follow others are written by skrnn.generate."
        )
    pipeline = getattr(estimator, "best_estimator_", estimator)
    past = read_past(pipeline, X)
    name = past.find_target(target)
    ahead = Ahead(past, steps, future, name)
    with _quiet_about_first_rows(pipeline, past.frame):
        predicted = [_predict_last(pipeline, ahead.rows_until(1), len(past.series))]
    first = predicted[0]
    if first.ndim == 2:
        if steps > first.shape[1]:
            raise ValueError(
                f"steps={steps} is more than the {first.shape[1]} that the model predicts at once. "
                f"Ask for {first.shape[1]} or fewer, or fit a model of one step, which is asked "
                "again and again."
            )
        return ahead.label(first[:, :steps].T.ravel())
    ahead.check_readable()
    with warnings.catch_warnings():
        # The first step has said what there was to say.
        warnings.simplefilter("ignore", RowsMissingWarning)
        for step in range(1, steps):
            ahead.fill(step, predicted[-1])
            rows = ahead.rows_until(step + 1)
            predicted.append(_predict_last(pipeline, rows, len(past.series)))
    return ahead.label(np.concatenate(predicted))


@contextmanager
def _quiet_about_first_rows(pipeline: Any, rows: Any) -> Iterator[None]:
    """Say nothing of the windows of the first rows, if that of the row to predict is whole.

    With several series nobody knows here how many rows each has: then all is said.
    """
    windows = list(windows_of(pipeline))
    reach = max(window.window_length + window.horizon for window in windows)
    is_whole = len(rows) >= reach and all(window.group is None for window in windows)
    with warnings.catch_warnings():
        if is_whole:
            warnings.simplefilter("ignore", RowsMissingWarning)
        yield


def _predict_last(pipeline: Any, rows: Any, n: int) -> np.ndarray:
    """Return what is predicted of the last `n` rows, (n,) or (n, n_outputs)."""
    model = pipeline
    if isinstance(pipeline, Pipeline) and len(pipeline) > 1:
        model, rows = pipeline[-1], pipeline[:-1].transform(rows)
        if not any(windows_of(model)):
            # Windows of all rows are a view; a network need not see but the last.
            n_rows = _num_samples(rows)
            rows = _safe_indexing(rows, np.arange(n_rows - n, n_rows))
    predicted = np.asarray(model.predict(rows), dtype=np.float64)[-n:]
    if _writes_each_step(model):
        # The steps before the last are those of rows that are known.
        predicted = predicted[:, -1]
    if predicted.ndim > 2:
        raise ValueError(
            f"The model predicts an array of shape {predicted.shape}. forecast takes models of one "
            "value for each step; predict has them all."
        )
    # One output is one step, whether or not it has an axis.
    return predicted[:, 0] if predicted.ndim == 2 and predicted.shape[1] == 1 else predicted


def _writes_each_step(model: Any) -> bool:
    """Tell whether a fitted model is a network with an output at each step of its window."""
    while True:
        for name in ("best_estimator_", "regressor_"):
            if hasattr(model, name):
                model = getattr(model, name)
                break
        else:
            if not isinstance(model, Pipeline):
                break
            model = model[-1]
    network = getattr(model, "_network", {})
    return network.get("architecture") == "sequence_to_sequence"
