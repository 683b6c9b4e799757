"""A picture of what came and what was predicted."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn.inspection._reach import name_of


class ForecastDisplay:
    """Real and predicted values over time, with the border between training and test rows.

    It is recommended to use `from_estimator` or `from_predictions` to create a display. All
    parameters are stored as attributes.

    Parameters
    ----------
    y_true : Series of shape (n_samples,)
        What came. Its index is the horizontal axis.

    y_pred : Series of shape (n_predicted,)
        What was predicted, over its own index: of all these rows, of some, or of later ones.

    border : label, default=None
        The label of the first test row, where a vertical line is drawn.

    band : array-like of shape (n_predicted, 2), default=None
        Lower and upper ends of an interval around the predictions.

    name : str, default=None
        What predicts, for the legend.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The line of what came, and that of what was predicted.

    band_ : matplotlib collection or None
        The interval.

    border_ : matplotlib Line2D or None
        The border.

    ax_ : matplotlib Axes
        What is drawn on.

    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    skrnn.forecast : The rows that come next.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skrnn.inspection import ForecastDisplay
    >>> y = np.sin(np.arange(30) / 3)
    >>> display = ForecastDisplay.from_predictions(y, np.roll(y, 1), border=20)
    >>> plt.show()  # doctest: +SKIP
    """

    lines_: list[Any]
    band_: Any
    border_: Any
    ax_: Any
    figure_: Any

    def __init__(
        self,
        *,
        y_true: pd.Series,
        y_pred: pd.Series,
        border: Any = None,
        band: Any = None,
        name: str | None = None,
    ) -> None:
        self.y_true = y_true
        self.y_pred = y_pred
        self.border = border
        self.band = band
        self.name = name

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw what came and what was predicted.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None makes a new figure.

        **kwargs : dict
            What `matplotlib.axes.Axes.plot` takes, for the line of the predictions.

        Returns
        -------
        display : ForecastDisplay
            This one.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.lines import Line2D

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        name = "predicted" if self.name is None else self.name
        (real,) = ax.plot(
            _on_axis(self.y_true.index, None),
            self.y_true,
            color="black",
            linewidth=1.2,
            label="real",
        )
        zone = getattr(self.y_true.index, "tz", None)
        index = _on_axis(self.y_pred.index, zone)
        style = {"label": name, "linewidth": 1.2, **normalize_kwargs(kwargs, Line2D)}
        (predicted,) = ax.plot(index, self.y_pred, **style)
        self.lines_ = [real, predicted]
        self.band_ = None
        if self.band is not None:
            lower, upper = np.asarray(self.band, dtype=np.float64).T
            self.band_ = ax.fill_between(
                index,
                lower,
                upper,
                color=predicted.get_color(),
                alpha=0.2,
                linewidth=0,
                label="interval",
            )
        self.border_ = None
        if self.border is not None:
            border = self.border
            if _has_dates(self.y_true.index):
                # "2012-01-03" is a date there, as in y.loc.
                border = pd.Timestamp(str(border))
            (border,) = _on_axis(pd.Index([border]), zone)
            self.border_ = ax.axvline(
                border, color="0.6", linestyle="--", linewidth=1, label="first test row"
            )
        ax.set(
            xlabel=self.y_true.index.name or ("Time" if _has_dates(self.y_true.index) else "Row"),
            ylabel="y" if self.y_true.name is None else str(self.y_true.name),
        )
        if _has_dates(self.y_true.index):
            # Whole dates side by side would run into each other.
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
        band: Any = None,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Predict rows, and draw them beside what came.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor, or a Pipeline or a search that ends in one.

        X : {array-like, DataFrame} of shape (n_samples, ...)
            Rows to predict.

        y : array-like of shape (n_samples,) or (n_samples, 1)
            What came. The horizontal axis is its index, or that of X.

        border : label, default=None
            The label of the first test row.

        band : array-like of shape (n_samples, 2), default=None
            Lower and upper ends of an interval around the predictions.

        name : str, default=None
            What predicts, for the legend; None: the class of the last step.

        ax : matplotlib Axes, default=None
            What to draw on; None makes a new figure.

        **kwargs : dict
            What `matplotlib.axes.Axes.plot` takes, for the line of the predictions.

        Returns
        -------
        display : ForecastDisplay
            Drawn.

        Raises
        ------
        TypeError
            If the estimator is a class, or a Keras model.
        ValueError
            As in `from_predictions`, and if X and `y` have different numbers of rows.
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
                f"The model predicts an array of shape {shape}, and one line is drawn. Choose one "
                "output: ForecastDisplay.from_predictions(y, model.predict(X)[:, 0])."
            )
        return cls.from_predictions(
            y,
            predicted,
            border=border,
            band=band,
            name=name_of(estimator) if name is None else name,
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
        band: Any = None,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw predictions beside what came.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, 1)
            What came. The index of a Series is the horizontal axis, else it is the row number.

        y_pred : array-like of shape (n_samples,) or (n_samples, 1), or Series
            What was predicted. A Series or a DataFrame of one column has an index of its own, and
            may be of other rows: what `forecast` returns, for instance.

        border : label, default=None
            The label of the first test row.

        band : array-like of shape (n_predicted, 2), default=None
            Lower and upper ends of an interval around the predictions.

        name : str, default=None
            What predicts, for the legend.

        ax : matplotlib Axes, default=None
            What to draw on; None makes a new figure.

        **kwargs : dict
            What `matplotlib.axes.Axes.plot` takes, for the line of the predictions.

        Returns
        -------
        display : ForecastDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is more than one value for each row, an array of predictions has another
            length than `y_true`, the band has not two ends for each prediction, or the rows are
            those of a panel.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        y_true = _as_series(y_true, "y_true", None)
        y_pred = _as_series(y_pred, "y_pred", y_true.index)
        if band is not None and np.shape(band) != (len(y_pred), 2):
            raise ValueError(
                f"band of shape {np.shape(band)} has not a lower and an upper end for each of the "
                f"{len(y_pred)} predictions. Give an array of shape ({len(y_pred)}, 2)."
            )
        display = cls(y_true=y_true, y_pred=y_pred, border=border, band=band, name=name)
        return display.plot(ax, **kwargs)


def _as_series(values: Any, what: str, index: pd.Index | None) -> pd.Series:
    """Return values with the labels that they have, or with these."""
    if hasattr(values, "columns"):
        values = _only_column(values, what)
    if not isinstance(values, pd.Series):
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1 or (index is not None and len(array) != len(index)):
            expected = "(n_samples,)" if index is None else f"({len(index)},)"
            raise ValueError(
                f"{what} of shape {array.shape} is not of shape {expected}. One line is drawn: "
                "choose one output, and give a Series if there are other rows than in y_true."
            )
        # A Series of polars has a name, too.
        values = pd.Series(array, index=index, name=getattr(values, "name", None))
    if isinstance(values.index, pd.MultiIndex):
        raise ValueError(
            f"{what} has the index levels {list(values.index.names)}: it is a panel. Choose one of "
            'its series, for instance with y.xs("a", level="who").'
        )
    return values


def _only_column(frame: Any, what: str) -> Any:
    """Return the column of a DataFrame that has one, of pandas or polars."""
    names = list(frame.columns)
    if len(names) != 1:
        choice = f"Choose one: {what}[{names[0]!r}]." if names else "Give a Series."
        raise ValueError(
            f"{what} is a DataFrame of the columns {names}, and one line is drawn. {choice}"
        )
    return frame[names[0]]


def _has_dates(index: pd.Index) -> bool:
    """Tell whether the labels are points in time."""
    return isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)


def _on_axis(index: pd.Index, zone: Any) -> Any:
    """Return labels as matplotlib takes them, dates in the local time of a zone."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        if zone is not None and index.tz is not None:
            index = index.tz_convert(zone)
        return index.tz_localize(None).to_numpy()
    if isinstance(index, pd.TimedeltaIndex):
        return index.total_seconds().to_numpy()
    return index.to_numpy()
