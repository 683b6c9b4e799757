"""Display of a comparison of regressors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skrnn.inspection._axes import make_axes


class ComparisonDisplay:
    """Scores of several estimators on each split, beside the naive forecast.

    It is recommended to use `from_comparison` to create a display. All parameters are stored as
    attributes.

    Parameters
    ----------
    scores : dict of str to array-like of shape (n_splits,)
        Scores of each estimator, by its name.

    metric : str
        Name of the metric of these scores.

    baseline : str, default=None
        Name of the estimator that the others are compared with.

    Attributes
    ----------
    points_ : list of matplotlib PathCollection
        Points of the splits of each estimator. The estimator with the smallest mean is first.

    means_ : matplotlib Line2D
        Marks of the means over the splits.

    baseline_ : matplotlib Line2D or None
        Line at the mean of the baseline.

    ax_ : matplotlib Axes
        Axes of the plot.

    figure_ : matplotlib Figure
        Figure of `ax_`.

    See Also
    --------
    skrnn.model_selection.compare_regressors : Compare regressors on the same splits.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skrnn.inspection import ComparisonDisplay
    >>> scores = {"NaiveRegressor": [1.0, 1.2], "Ridge": [0.9, 1.3]}
    >>> display = ComparisonDisplay(scores=scores, metric="RMSE", baseline="NaiveRegressor").plot()
    >>> plt.show()  # doctest: +SKIP
    """

    points_: list[Any]
    means_: Any
    baseline_: Any
    ax_: Any
    figure_: Any

    def __init__(
        self, *, scores: Mapping[str, Any], metric: str, baseline: str | None = None
    ) -> None:
        self.scores = scores
        self.metric = metric
        self.baseline = baseline

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw a row of points for each estimator.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.scatter`, for the points of the splits.

        Returns
        -------
        display : ComparisonDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        """
        ax = make_axes(ax, f"{type(self).__name__}.plot")
        means = {name: float(np.mean(scores)) for name, scores in self.scores.items()}
        names = sorted(means, key=means.__getitem__)
        self.baseline_ = None
        if self.baseline is not None:
            self.baseline_ = ax.axvline(
                means[self.baseline], color="0.6", linestyle="--", label=f"mean of {self.baseline}"
            )
        self.points_ = [
            ax.scatter(
                self.scores[name],
                np.full(len(self.scores[name]), place),
                **{
                    "color": "tab:blue",
                    "alpha": 0.6,
                    "label": None if place else "split",
                    **kwargs,
                },
            )
            for place, name in enumerate(names)
        ]
        (self.means_,) = ax.plot(
            [means[name] for name in names],
            range(len(names)),
            color="black",
            linestyle="none",
            marker="|",
            markersize=16,
            markeredgewidth=2,
            label="mean",
        )
        ax.set_yticks(range(len(names)), names)
        # The smallest mean is at the top.
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set(xlabel=self.metric)
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    @classmethod
    def from_comparison(
        cls, comparison: Any, *, metric: str = "RMSE", ax: Any = None, **kwargs: Any
    ) -> Self:
        """Draw the result of `compare_regressors`.

        Parameters
        ----------
        comparison : Comparison
            Result of `skrnn.model_selection.compare_regressors`.

        metric : str, default="RMSE"
            Name of a column of the scores: a metric of the comparison, "MASE", "fit s" or
            "predict s".

        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        **kwargs : dict
            Parameters of `matplotlib.axes.Axes.scatter`.

        Returns
        -------
        display : ComparisonDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `comparison` is not a result of `compare_regressors`.
        ValueError
            If the comparison has no such metric.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_comparison")
        if not hasattr(comparison, "scores") or not hasattr(comparison, "baseline"):
            raise TypeError(
                f"comparison is a {type(comparison).__name__}, not a result of compare_regressors. "
                "Give compare_regressors(estimators, X, y, cv=cv)."
            )
        known = list(comparison.scores[comparison.baseline].columns)
        if metric not in known:
            raise ValueError(f"metric={metric!r} is not one of {', '.join(map(repr, known))}.")
        scores = {name: found[metric].to_numpy() for name, found in comparison.scores.items()}
        return cls(scores=scores, metric=metric, baseline=comparison.baseline).plot(ax, **kwargs)
