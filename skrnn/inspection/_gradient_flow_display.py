"""Display of gradients that reach each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skrnn.inspection._axes import make_axes
from skrnn.inspection._fitted_network import find_class_name
from skrnn.inspection._gradient_flow import gradient_flow


class GradientFlowDisplay:
    """Gradients of the loss with respect to the states after each step, as lines.

    It is recommended to use `from_estimator` or `from_estimators` to create a display. All
    parameters are stored as attributes.

    Parameters
    ----------
    flow : dict of str to array-like of shape (n_timesteps,)
        Results of `gradient_flow`, by the name of each line.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        One line for each name.

    ax_ : matplotlib Axes
        Axes of the plot.

    figure_ : matplotlib Figure
        Figure of `ax_`.

    See Also
    --------
    gradient_flow : Measure the gradients, and explain them.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor, RNNRegressor
    >>> from skrnn.inspection import GradientFlowDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 30))
    >>> display = GradientFlowDisplay.from_estimators(
    ...     {"simple RNN": RNNRegressor(random_state=0), "LSTM": LSTMRegressor(random_state=0)},
    ...     X,
    ...     X[:, -1],
    ...     initial=True,
    ... )
    >>> plt.show()  # doctest: +SKIP
    """

    lines_: list[Any]
    ax_: Any
    figure_: Any

    def __init__(self, *, flow: Mapping[str, Any]) -> None:
        self.flow = flow

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw a line for each name, on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for all lines.

        Returns
        -------
        display : GradientFlowDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = make_axes(ax, f"{type(self).__name__}.plot")
        from matplotlib.ticker import MaxNLocator

        self.lines_ = []
        for name, values in self.flow.items():
            flow = np.asarray(values, np.float64)
            # 0 has no logarithm, so the line has a gap there, as at missing steps.
            flow = np.where(flow > 0, flow, np.nan)
            steps = np.arange(1, len(flow) + 1)
            self.lines_ += ax.plot(steps, flow, **{"label": name, **kwargs})
        ax.set_yscale("log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(
            title="Gradient that reaches each step",
            xlabel="Step (1 is the oldest)",
            ylabel="Norm of d loss / d h, mean of rows",
        )
        if self.lines_:
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
        layer: int = -1,
        direction: str = "forward",
        initial: bool = False,
        name: str | None = None,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Measure the gradients of one estimator, and draw them as a line.

        Parameters
        ----------
        estimator : estimator
            A recurrent estimator, or a Pipeline or a search that ends in one.

        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Rows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.

        layer : int, default=-1
            Number of the recurrent layer: 0 is the first, -1 the last. With an `encoder_decoder`,
            layers of the encoder are counted.

        direction : {"forward", "backward"}, default="forward"
            Direction of a bidirectional layer.

        initial : bool, default=False
            If True, measure with the weights that ``fit(X, y)`` starts from, instead of the fitted
            weights. The estimator need not be fitted.

        name : str, default=None
            Name of the line in the legend. If None, the class of the network.

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : GradientFlowDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As in `gradient_flow`.
        ImportError
            If matplotlib is missing.
        """
        name = find_class_name(estimator) if name is None else name
        return cls.from_estimators(
            {name: estimator},
            X,
            y,
            layer=layer,
            direction=direction,
            initial=initial,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, Any],
        X: Any,
        y: Any,
        *,
        layer: int = -1,
        direction: str = "forward",
        initial: bool = False,
        ax: Any = None,
        **kwargs: Any,
    ) -> Self:
        """Measure the gradients of several estimators on the same rows, and draw a line for each.

        Parameters
        ----------
        estimators : dict of str to estimator
            Estimators, by the names of their lines in the legend.

        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Rows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.

        layer : int, default=-1
            Number of the recurrent layer: 0 is the first, -1 the last. With an `encoder_decoder`,
            layers of the encoder are counted.

        direction : {"forward", "backward"}, default="forward"
            Direction of a bidirectional layer.

        initial : bool, default=False
            If True, measure with the weights that ``fit(X, y)`` starts from, instead of the fitted
            weights. The estimator need not be fitted.

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for all lines.

        Returns
        -------
        display : GradientFlowDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As in `gradient_flow`.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimators")
        if not isinstance(estimators, Mapping):
            raise TypeError(
                f"estimators is a {type(estimators).__name__}, but a dict of estimators, by the "
                'names of their lines, is expected. Give {"LSTM": LSTMRegressor(), ...}.'
            )
        flow = {
            name: gradient_flow(estimator, X, y, layer=layer, direction=direction, initial=initial)
            for name, estimator in estimators.items()
        }
        return cls(flow=flow).plot(ax, **kwargs)
