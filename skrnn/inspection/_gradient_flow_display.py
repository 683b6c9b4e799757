"""A picture of how much of the gradient reaches each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skrnn.inspection._gradient_flow import gradient_flow
from skrnn.inspection._reach import name_of


class GradientFlowDisplay:
    """Gradients of the loss with respect to the states after each step, as lines.

    It is recommended to use `from_estimator` or `from_estimators` to create a display. All
    parameters are stored as attributes.

    Parameters
    ----------
    flow : dict of str to array-like of shape (n_timesteps,)
        By the name of each line, what `gradient_flow` returns.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        A line for each name.

    ax_ : matplotlib Axes
        What is drawn on.

    figure_ : matplotlib Figure
        The figure of `ax_`.

    See Also
    --------
    gradient_flow : The numbers, and what they mean.

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
            What to draw on; None makes a new figure.

        **kwargs : dict
            What `matplotlib.axes.Axes.plot` takes, for all lines.

        Returns
        -------
        display : GradientFlowDisplay
            This one.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.lines_ = []
        for name, values in self.flow.items():
            flow = np.asarray(values, np.float64)
            # A logarithm has no place for 0: the line has a gap there, as at steps that are absent.
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
        """Measure the gradients in one estimator, and draw them.

        Parameters
        ----------
        estimator : estimator
            A recurrent estimator, or a Pipeline or a search that ends in one.

        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Rows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.

        layer : int, default=-1
            Which of the stacked recurrent layers: 0 is the first, -1 the last. Of an
            `encoder_decoder` those of the encoder.

        direction : {"forward", "backward"}, default="forward"
            Which half of a bidirectional layer.

        initial : bool, default=False
            Whether to measure where ``fit(X, y)`` would start from, instead of where it has
            arrived. Estimators need not be fitted then.

        name : str, default=None
            Name of the line; None: the class of the network.

        ax : matplotlib Axes, default=None
            What to draw on; None makes a new figure.

        **kwargs : dict
            What `matplotlib.axes.Axes.plot` takes.

        Returns
        -------
        display : GradientFlowDisplay
            Drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As in `gradient_flow`.
        ImportError
            If matplotlib is missing.
        """
        name = name_of(estimator) if name is None else name
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
        """Measure the gradients in several estimators on the same rows, and draw them side by side.

        Parameters
        ----------
        estimators : dict of str to estimator
            Estimators by the names of their lines.

        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Rows, as in `fit`.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as in `fit`.

        layer : int, default=-1
            Which of the stacked recurrent layers: 0 is the first, -1 the last. Of an
            `encoder_decoder` those of the encoder.

        direction : {"forward", "backward"}, default="forward"
            Which half of a bidirectional layer.

        initial : bool, default=False
            Whether to measure where ``fit(X, y)`` would start from, instead of where it has
            arrived. Estimators need not be fitted then.

        ax : matplotlib Axes, default=None
            What to draw on; None makes a new figure.

        **kwargs : dict
            What `matplotlib.axes.Axes.plot` takes, for all lines.

        Returns
        -------
        display : GradientFlowDisplay
            Drawn.

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
                f"estimators is a {type(estimators).__name__}, and a dict of estimators by the "
                'names of their lines is expected. Give {"LSTM": LSTMRegressor(), ...}.'
            )
        flow = {
            name: gradient_flow(estimator, X, y, layer=layer, direction=direction, initial=initial)
            for name, estimator in estimators.items()
        }
        return cls(flow=flow).plot(ax, **kwargs)
