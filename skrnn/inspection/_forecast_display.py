"""Display of real and predicted values over time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.quantiles import predict_quantiles
from skrnn.inspection._axes import make_axes
from skrnn.inspection._fitted_network import find_class_name


class ForecastDisplay:
    """Real and predicted values over time, with the border between training and test rows.

    It is recommended to use `from_estimator` or `from_predictions` to create a display. All
    parameters are stored as attributes.

    Parameters
    ----------
    y_true : Series of shape (n_samples,)
        Real values. Their index is the horizontal axis.

    y_pred : Series of shape (n_predicted,)
        Predicted values with their own index: all rows of `y_true`, some of them, or later rows.

    border : label, default=None
        Label of the first test row. A vertical line is drawn there.

    quantiles : DataFrame of shape (n_predicted, n_quantiles), default=None
        Quantiles of the predictions, with increasing levels as columns. An area is drawn between
        the first and the last one, between the second and the second to last, and so on.

    name : str, default=None
        Name of the model in the legend.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        Line of the real values, and line of the predictions.

    bands_ : list of matplotlib collections
        Areas between two quantiles, the widest one first.

    border_ : matplotlib Line2D or None
        Line at the first test row.

    ax_ : matplotlib Axes
        Axes of the plot.

    figure_ : matplotlib Figure
        Figure of `ax_`.

    See Also
    --------
    skrnn.forecast : Forecast the rows after the last known one.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skrnn.inspection import ForecastDisplay
    >>> y = np.sin(np.arange(30) / 3)
    >>> quantiles = np.roll(y, 1)[:, None] + [-0.3, -0.1, 0, 0.1, 0.3]
    >>> display = ForecastDisplay.from_predictions(
    ...     y, np.roll(y, 1), border=20, quantiles=quantiles
    ... )
    >>> plt.show()  # doctest: +SKIP
    """

    lines_: list[Any]
    bands_: list[Any]
    border_: Any
    ax_: Any
    figure_: Any

    def __init__(
        self,
        *,
        y_true: pd.Series,
        y_pred: pd.Series,
        border: Any = None,
        quantiles: Any = None,
        name: str | None = None,
    ) -> None:
        self.y_true = y_true
        self.y_pred = y_pred
        self.border = border
        self.quantiles = quantiles
        self.name = name

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the real and the predicted values.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for the line of the predictions.

        Returns
        -------
        display : ForecastDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = make_axes(ax, f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.lines import Line2D

        zone = getattr(self.y_true.index, "tz", None)
        has_dates = _has_dates(self.y_true.index)
        (real,) = ax.plot(
            _convert_labels(self.y_true.index, None),
            self.y_true,
            color="black",
            linewidth=1.2,
            label="real",
        )
        index = _convert_labels(self.y_pred.index, zone)
        name = "predicted" if self.name is None else self.name
        style = {"label": name, "linewidth": 1.2, **normalize_kwargs(kwargs, Line2D)}
        (predicted,) = ax.plot(index, self.y_pred, **style)
        self.lines_ = [real, predicted]
        self.bands_ = []
        for name, lower, upper in _find_bands(self.quantiles):
            # Inner areas lie on outer ones, and are darker in the legend, too.
            style = {"alpha": min(0.2 + 0.1 * len(self.bands_), 0.6), "linewidth": 0}
            color = predicted.get_color()
            self.bands_.append(
                ax.fill_between(index, lower, upper, color=color, label=name, **style)
            )
        self.border_ = None
        if self.border is not None:
            # A border such as "2012-01-03" is a date, as in y.loc.
            label = pd.Timestamp(str(self.border)) if has_dates else self.border
            (border,) = _convert_labels(pd.Index([label]), zone)
            self.border_ = ax.axvline(
                border, color="0.6", linestyle="--", linewidth=1, label="first test row"
            )
        ax.set(
            xlabel=self.y_true.index.name or ("Time" if has_dates else "Row"),
            ylabel="y" if self.y_true.name is None else str(self.y_true.name),
        )
        if has_dates:
            # Full dates side by side would overlap.
            locator = AutoDateLocator()
            ax.xaxis.set_major_locator(locator)
            ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        border: Any = None,
        quantiles: bool = False,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Predict rows, and draw the predictions beside the real values.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor, or a Pipeline or a search that ends in one.

        X : {array-like, DataFrame} of shape (n_samples, ...)
            Rows to predict.

        y : array-like of shape (n_samples,) or (n_samples, 1)
            Real values. The horizontal axis is the index of `y`. If `y` has no index, it is the
            index of X.

        border : label, default=None
            Label of the first test row. A vertical line is drawn there.

        quantiles : bool, default=False
            Whether to draw the quantiles, too. The model must have some, such as
            ``LSTMRegressor(quantiles=(0.1, 0.5, 0.9))``.

        name : str, default=None
            Name of the model in the legend. If None, the class of the last step.

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for the line of the predictions.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator is a class, or a Keras model.
        ValueError
            If X and `y` have different numbers of rows, if `quantiles` is set and the model has
            none, and in the cases of `from_predictions`.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        refuse_other_models(estimator, "estimator")
        check_consistent_length(X, y)
        y = _as_series(y, "y", X.index if isinstance(X, pd.DataFrame) else None)
        predicted = estimator.predict(X)
        shape = np.shape(predicted)
        if len(shape) > 1 and shape[1] > 1:
            raise ValueError(
                f"The model predicts an array of shape {shape}, but one output is expected. Choose "
                "one: ForecastDisplay.from_predictions(y, model.predict(X)[:, 0])."
            )
        table = None
        if quantiles:
            values, levels = predict_quantiles(estimator, X)
            table = pd.DataFrame(np.reshape(values, (len(y), -1)), columns=levels)
        return cls.from_predictions(
            y,
            predicted,
            border=border,
            quantiles=table,
            name=find_class_name(estimator) if name is None else name,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        border: Any = None,
        quantiles: Any = None,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw predictions beside the real values.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, 1)
            Real values. The horizontal axis is the index of a Series, otherwise the row number.

        y_pred : array-like of shape (n_samples,) or (n_samples, 1), Series or DataFrame
            Predicted values. A Series or a DataFrame of one column has its own index and may hold
            other rows than `y_true`, such as a result of `forecast`. A DataFrame with a column for
            each level, such as a result of ``forecast(..., quantiles=True)``, is drawn with its
            quantiles; the line is the median.

        border : label, default=None
            Label of the first test row. A vertical line is drawn there.

        quantiles : array-like of shape (n_predicted, n_quantiles), default=None
            Quantiles of the predictions, increasing along the last axis, as from
            `predict_quantiles`. The columns of a DataFrame are the levels.

        name : str, default=None
            Name of the model in the legend.

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for the line of the predictions.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `y_true` or `y_pred` has several columns or is a panel, an array of predictions has
            another length than `y_true`, only one of both has dates, or `quantiles` does not have
            two columns or more, with a row for each prediction, in the same order.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        y_true = _as_series(y_true, "y_true", None)
        if quantiles is None and _has_levels(y_pred):
            quantiles, y_pred = y_pred, y_pred[0.5]
            y_pred = y_pred.rename(y_true.name)
        y_pred = _as_series(y_pred, "y_pred", y_true.index)
        if _has_dates(y_true.index) != _has_dates(y_pred.index):
            raise ValueError(
                f"The labels of y_true are like {y_true.index[0]!r}, but those of y_pred like "
                f"{y_pred.index[0]!r}, so they have no common axis. A pipeline keeps dates if it "
                'has set_output(transform="pandas").'
            )
        if quantiles is not None:
            quantiles = _as_quantiles(quantiles, y_pred)
        display = cls(y_true=y_true, y_pred=y_pred, border=border, quantiles=quantiles, name=name)
        return display.plot(ax, **kwargs)


def _has_levels(values: Any) -> bool:
    """Return whether values are a DataFrame whose columns are levels of quantiles, with 0.5."""
    if not isinstance(values, pd.DataFrame) or values.columns.nlevels > 1:
        return False
    levels: list[Any] = list(values.columns)
    return 0.5 in levels and all(isinstance(each, float) and 0 < each < 1 for each in levels)


def _as_quantiles(quantiles: Any, y_pred: pd.Series) -> pd.DataFrame:
    """Return quantiles as a DataFrame with the index of the predictions."""
    shape = np.shape(quantiles)
    if len(shape) != 2 or shape[0] != len(y_pred) or shape[1] < 2:
        raise ValueError(
            f"quantiles has shape {shape}, but two quantiles or more for each of the "
            f"{len(y_pred)} predictions are expected. Give an array of shape ({len(y_pred)}, "
            "n_quantiles)."
        )
    index = quantiles.index if isinstance(quantiles, pd.DataFrame) else pd.RangeIndex(shape[0])
    if not index.equals(y_pred.index) and not index.equals(pd.RangeIndex(shape[0])):
        raise ValueError(
            f"The labels of quantiles, from {index[0]!r} to {index[-1]!r}, are not those of y_pred "
            f"in the same order, from {y_pred.index[0]!r} to {y_pred.index[-1]!r}. Give "
            "quantiles.loc[y_pred.index]."
        )
    columns = quantiles.columns if _has_levels(quantiles) else None
    return pd.DataFrame(np.asarray(quantiles, dtype=np.float64), y_pred.index, columns)


def _find_bands(quantiles: pd.DataFrame | None) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the name and the two ends of the area between each pair of quantiles."""
    if quantiles is None:
        return
    values = quantiles.to_numpy()
    levels: list[Any] = list(quantiles.columns)
    for first in range(len(levels) // 2):
        last = len(levels) - 1 - first
        name = "interval" if first == 0 else "_inner interval"
        if _has_levels(quantiles):
            name = f"{100 * (levels[last] - levels[first]):.3g} % interval"
        yield name, values[:, first], values[:, last]


def _as_series(values: Any, argument: str, index: pd.Index | None) -> pd.Series:
    """Return values as a Series, with their own index or else with the given one."""
    if hasattr(values, "columns"):
        values = _choose_only_column(values, argument)
    if not isinstance(values, pd.Series):
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1 or (index is not None and len(array) != len(index)):
            expected = "(n_samples,)" if index is None else f"({len(index)},)"
            raise ValueError(
                f"{argument} has shape {array.shape}, but shape {expected} is expected. Choose one "
                "output. If its rows differ from the rows of y_true, give a Series."
            )
        # A polars Series also has a name.
        values = pd.Series(array, index=index, name=getattr(values, "name", None))
    if isinstance(values.index, pd.MultiIndex):
        raise ValueError(
            f"{argument} has the index levels {list(values.index.names)}: it is a panel, but one "
            'series is expected. Choose one, for instance with y.xs("a", level="who").'
        )
    return values


def _choose_only_column(frame: Any, argument: str) -> Any:
    """Return the column of a pandas or polars DataFrame, and refuse several columns."""
    names = list(frame.columns)
    if len(names) != 1:
        choice = f"Choose one: {argument}[{names[0]!r}]." if names else "Give a Series."
        raise ValueError(
            f"{argument} has the columns {names}, but one column is expected. {choice}"
        )
    return frame[names[0]]


def _has_dates(index: pd.Index) -> bool:
    """Return whether the labels are dates."""
    return isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)


def _convert_labels(index: pd.Index, zone: Any) -> Any:
    """Return labels that matplotlib can draw, with dates in the local time of a zone."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        if zone is not None and index.tz is not None:
            index = index.tz_convert(zone)
        return index.tz_localize(None).to_numpy()
    if isinstance(index, pd.TimedeltaIndex):
        return index.total_seconds().to_numpy()
    return index.to_numpy()
