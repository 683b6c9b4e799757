"""Display of the loss curves of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skrnn.inspection._axes import make_axes
from skrnn.inspection._fitted_network import find_network


class LossCurveDisplay:
    """Training and validation loss over the epochs, with the best epoch marked.

    It is recommended to use `from_estimator` to create a display. All parameters are stored as
    attributes.

    Parameters
    ----------
    loss : array-like of shape (n_epochs,)
        Training loss of each epoch.

    val_loss : array-like of shape (n_epochs,), default=None
        Validation loss of each epoch, if rows were held out.

    name : str, default=None
        Name of the model in the title.

    Attributes
    ----------
    best_epoch_ : int or None
        The epoch with the smallest validation loss, counted from 1. None without a validation loss.
        Early stopping restores the weights of this epoch. After several fits that continued
        training, it restores those of the best epoch of the last fit.

    lines_ : list of matplotlib Line2D
        Line of the training loss, and line of the validation loss.

    ax_ : matplotlib Axes
        Axes of the plot.

    figure_ : matplotlib Figure
        Figure of `ax_`.

    See Also
    --------
    skrnn.LSTMRegressor : Its attribute `history_` holds the losses.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.inspection import LossCurveDisplay
    >>> display = LossCurveDisplay(loss=[1.0, 0.5, 0.3, 0.2], val_loss=[1.1, 0.7, 0.6, 0.8]).plot()
    >>> display.best_epoch_
    3
    >>> plt.show()  # doctest: +SKIP
    """

    best_epoch_: int | None
    lines_: list[Any]
    ax_: Any
    figure_: Any

    def __init__(
        self, *, loss: Sequence[float], val_loss: Sequence[float] | None = None, name: Any = None
    ) -> None:
        self.loss = loss
        self.val_loss = val_loss
        self.name = name

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the loss curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for both lines.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = make_axes(ax, f"{type(self).__name__}.plot")
        from matplotlib.ticker import MaxNLocator

        epochs = np.arange(1, len(self.loss) + 1)
        self.lines_ = ax.plot(epochs, self.loss, **{"label": "training", **kwargs})
        self.best_epoch_ = None
        if self.val_loss is not None:
            val_loss = np.asarray(self.val_loss, dtype=np.float64)
            self.lines_ += ax.plot(epochs, val_loss, **{"label": "validation", **kwargs})
            if np.isfinite(val_loss).any():
                # Epochs of an earlier fit without validation rows are NaN.
                best = int(np.nanargmin(val_loss))
                self.best_epoch_ = best + 1
                ax.plot(
                    best + 1,
                    val_loss[best],
                    color=self.lines_[-1].get_color(),
                    linestyle="none",
                    marker="o",
                    label=f"best epoch: {best + 1}",
                )
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        of_name = "" if self.name is None else f" of {self.name}"
        ax.set(title=f"Training{of_name}", xlabel="Epoch", ylabel="Loss")
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, name: str | None = None, ax: Any = None, **kwargs: Any
    ) -> Self:
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted recurrent estimator, or a Pipeline or a search that ends in one.

        name : str, default=None
            Name of the model in the title. If None, the class of the network.

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.plot`, for both lines.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn. With `normalize_y`, losses are those of standardized targets.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        TypeError
            If the estimator does not end in a recurrent estimator of skrnn.

        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        network = find_network(estimator)
        display = cls(
            loss=network.history_["loss"],
            val_loss=network.history_.get("val_loss"),
            name=type(network).__name__ if name is None else name,
        )
        return display.plot(ax, **kwargs)
