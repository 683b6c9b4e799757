"""Display of the reliability of quantiles: nominal levels beside observed shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy.stats import binom
from sklearn.utils import check_consistent_length
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skrnn._utils.estimator_arguments import refuse_other_models
from skrnn._utils.quantiles import predict_quantiles, read_levels, read_pair
from skrnn.inspection._axes import make_axes
from skrnn.inspection._fitted_network import find_class_name


class ReliabilityDisplay:
    """Share of the real values below each quantile, beside the level of the quantile.

    If quantiles are reliable, the points lie on the diagonal, up to chance. The area around it
    holds 95 % of the shares that chance alone would give, if rows were independent.

    It is recommended to use `from_estimator` or `from_predictions` to create a display. All
    parameters are stored as attributes.

    Parameters
    ----------
    levels : ndarray of shape (n_quantiles,)
        Levels of the quantiles.

    observed : ndarray of shape (n_quantiles,)
        Share of the real values that are at most the quantile.

    n_values : int
        Number of real values.

    name : str, default=None
        Name of the model in the legend.

    Attributes
    ----------
    line_ : matplotlib Line2D
        Observed shares.

    diagonal_ : matplotlib Line2D
        Shares of reliable quantiles.

    band_ : matplotlib collection
        Area of chance.

    ax_ : matplotlib Axes
        Axes of the plot.

    figure_ : matplotlib Figure
        Figure of `ax_`.

    See Also
    --------
    skrnn.metrics.interval_coverage : Share of the rows between the outermost quantiles.
    ForecastDisplay : Draw predictions with their quantiles over time.

    Notes
    -----
    Errors of neighboring rows of a series are usually alike, so the true area of chance is wider.
    Reliable quantiles may still be useless: compare their widths or pinball losses, too.

    References
    ----------
    Gneiting, T., Balabdaoui, F. & Raftery, A. E. (2007). Probabilistic forecasts, calibration and
    sharpness. Journal of the Royal Statistical Society B, 69(2).

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from scipy.stats import norm
    >>> from skrnn.inspection import ReliabilityDisplay
    >>> y = np.random.default_rng(0).normal(size=500)
    >>> levels = (0.1, 0.5, 0.9)
    >>> quantiles = np.tile(norm.ppf(levels), (500, 1))
    >>> display = ReliabilityDisplay.from_predictions(y, quantiles, quantiles=levels)
    >>> display.observed.round(2)
    array([0.1 , 0.52, 0.89])
    >>> plt.show()  # doctest: +SKIP
    """

    line_: Any
    diagonal_: Any
    band_: Any
    ax_: Any
    figure_: Any

    def __init__(
        self, *, levels: np.ndarray, observed: np.ndarray, n_values: int, name: str | None = None
    ) -> None:
        self.levels = levels
        self.observed = observed
        self.n_values = n_values
        self.name = name

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the observed shares over the levels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for the line of the observed shares.

        Returns
        -------
        display : ReliabilityDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = make_axes(ax, f"{type(self).__name__}.plot")
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        nominal = np.linspace(0, 1, 201)
        lower, upper = (binom.ppf(share, self.n_values, nominal) for share in (0.025, 0.975))
        self.band_ = ax.fill_between(
            nominal,
            lower / self.n_values,
            upper / self.n_values,
            color="0.5",
            alpha=0.25,
            linewidth=0,
            label="95 % of chance",
        )
        (self.diagonal_,) = ax.plot([0, 1], [0, 1], color="0.5", linewidth=1, label="reliable")
        style = {"label": "observed" if self.name is None else self.name, "marker": "o"}
        (self.line_,) = ax.plot(
            self.levels, self.observed, **{**style, **normalize_kwargs(kwargs, Line2D)}
        )
        ax.set(
            xlabel="Level of the quantile",
            ylabel="Share of real values below it",
            xlim=(0, 1),
            ylim=(0, 1),
            aspect="equal",
        )
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
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Predict the quantiles of rows, and draw their reliability.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor with quantiles, or a Pipeline or a search that ends in one.

        X : {array-like, DataFrame} of shape (n_samples, ...)
            Rows to predict.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Real values.

        name : str, default=None
            Name of the model in the legend. If None, the class of the last step.

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for the line of the observed shares.

        Returns
        -------
        display : ReliabilityDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If the estimator is a class, or a Keras model.
        ValueError
            If the model has no quantiles, X and `y` have different numbers of rows, and in the
            cases of `from_predictions`.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        refuse_other_models(estimator, "estimator")
        check_consistent_length(X, y)
        y_quantiles, levels = predict_quantiles(estimator, X)
        return cls.from_predictions(
            y,
            y_quantiles,
            quantiles=levels,
            name=find_class_name(estimator) if name is None else name,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_quantiles: Any,
        *,
        quantiles: Sequence[float],
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the reliability of predicted quantiles.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Real values.

        y_quantiles : array-like of shape (n_samples, n_quantiles) or \
                (n_samples, n_outputs, n_quantiles)
            Predicted quantiles. All outputs are counted together.

        quantiles : sequence of float
            Levels of the quantiles, increasing and within (0, 1).

        name : str, default=None
            Name of the model in the legend.

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for the line of the observed shares.

        Returns
        -------
        display : ReliabilityDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If levels do not increase within (0, 1), the shapes do not fit together, or values are
            missing or infinite.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        real, predicted = read_pair(y_true, y_quantiles)
        levels = read_levels(quantiles, predicted)
        observed = (real[..., np.newaxis] <= predicted).mean(axis=(0, 1))
        display = cls(levels=levels, observed=observed, n_values=real.size, name=name)
        return display.plot(ax, **kwargs)
