"""Display of gates, as heat maps."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any, Self

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn.inspection._fitted_network import find_network_and_rows
from skrnn.inspection._gates import CONSTRAINTS, read_gates_of_network


class GateActivationDisplay:
    """Heat maps of how far the gates of a layer are open at each step of one row.

    It is recommended to use `from_estimator` to create a display. All parameters are stored as
    attributes.

    Parameters
    ----------
    gates : dict of str to array-like of shape (n_timesteps, units)
        Activations between 0 and 1, by the name of the gate; NaN at missing steps. This is the
        result of `gate_activations` for one row.

    inputs : array-like of shape (n_timesteps,) or (n_timesteps, n_features), default=None
        Values that the network reads. They are drawn above the gates if there is one feature.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        From top to bottom: the panel of the inputs, if they are drawn, and one for each gate.

    bounding_ax_ : matplotlib Axes or None
        Given axes that the panels have replaced. None if the panels have their own figure.

    images_ : dict of str to matplotlib AxesImage
        Heat maps of shape (units, n_timesteps), by the name of the gate.

    line_ : matplotlib Line2D or None
        Line of the inputs, if they are drawn.

    colorbar_ : matplotlib Colorbar
        Scale of all heat maps, from 0 (closed) to 1 (open).

    figure_ : matplotlib Figure
        Figure of the panels.

    See Also
    --------
    gate_activations : Read the gates, and explain them.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor
    >>> from skrnn.inspection import GateActivationDisplay
    >>> X = np.random.default_rng(0).normal(size=(20, 30))
    >>> model = LSTMRegressor(units=8, epochs=1, random_state=0).fit(X, X[:, 0])
    >>> display = GateActivationDisplay.from_estimator(model, X, sample=3)
    >>> plt.show()  # doctest: +SKIP
    """

    axes_: np.ndarray
    bounding_ax_: Any
    images_: dict[str, Any]
    line_: Any
    colorbar_: Any
    figure_: Any

    def __init__(self, *, gates: Mapping[str, Any], inputs: Any = None) -> None:
        self.gates = gates
        self.inputs = inputs

    def plot(self, ax: Any = None, *, cmap: str = "viridis") -> Self:
        """Draw the panels, one below the other.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes that the panels replace, as in scikit-learn's `PartialDependenceDisplay`. If None,
            a new figure is made.

        cmap : str, default="viridis"
            Name of a colormap of matplotlib.

        Returns
        -------
        display : GateActivationDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If `gates` is empty, or `ax` was not made by `subplots` or `add_subplot`.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        from matplotlib.ticker import MaxNLocator

        if not self.gates:
            raise ValueError("gates is empty. Give the result of gate_activations for one row.")
        window = None if self.inputs is None else np.asarray(self.inputs, np.float64)
        if window is not None and window.ndim == 2:
            window = window[:, 0] if window.shape[1] == 1 else None
        # The window needs less height than a heat map.
        panels = self._make_panels(ax, [0.6] * (window is not None) + [1.0] * len(self.gates))
        self.line_ = None
        if window is not None:
            (self.line_,) = panels[0].plot(np.arange(1, len(window) + 1), window, color="0.2")
            panels[0].set(title="Input", ylabel="Value")
        gate_panels = panels[-len(self.gates) :]
        self.images_ = {
            name: _draw_gate(panel, name, np.asarray(values, np.float64).T, cmap)
            for panel, (name, values) in zip(gate_panels, self.gates.items(), strict=True)
        }
        panels[-1].set_xlabel("Step (1 is the oldest)")
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        # Without a layout engine, a panel without a bar beside it would be wider than the others.
        beside = gate_panels if self.figure_.get_layout_engine() else panels
        image = list(self.images_.values())[-1]
        self.colorbar_ = self.figure_.colorbar(image, ax=beside, label="0: closed, 1: open")
        return self

    def _make_panels(self, ax: Any, heights: list[float]) -> list[Any]:
        """Make panels below each other in a new figure, or in the place of the given axes."""
        import matplotlib.pyplot as plt
        from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec

        if ax is None:
            size = (6.4, 0.8 + 1.7 * sum(heights))
            self.figure_ = plt.figure(figsize=size, layout="constrained")
            grid: Any = GridSpec(len(heights), 1, self.figure_, height_ratios=heights)
        elif (place := ax.get_subplotspec()) is not None:
            self.figure_ = ax.figure
            ax.set_axis_off()
            # A layout engine makes room for the titles itself.
            gap = None if self.figure_.get_layout_engine() else 0.5
            grid = GridSpecFromSubplotSpec(
                len(heights), 1, place, height_ratios=heights, hspace=gap
            )
        else:
            raise ValueError(
                "ax has no place in a grid, but the panels must share one. Make ax with "
                "plt.subplots or figure.add_subplot, or give ax=None."
            )
        panels: list[Any] = []
        for number in range(len(heights)):
            first = panels[0] if panels else None
            panels.append(self.figure_.add_subplot(grid[number], sharex=first))
            panels[-1].label_outer()
        self.bounding_ax_, self.axes_ = ax, np.array(panels)
        return panels

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        sample: int = 0,
        layer: int = 0,
        direction: str = "forward",
        ax: Any = None,
        cmap: str = "viridis",
    ) -> Self:
        """Read the gates of one row, and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator with LSTM or GRU cells, or a fitted Pipeline or search that ends in
            one.

        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Rows, as in `predict`. A Pipeline transforms them first.

        sample : int, default=0
            Number of the row to draw; -1 is the last.

        layer : int, default=0
            Number of the recurrent layer: 0 is the first, -1 the last. With an `encoder_decoder`,
            layers of the encoder are counted.

        direction : {"forward", "backward"}, default="forward"
            Direction of a bidirectional layer.

        ax : matplotlib Axes, default=None
            Axes that the panels replace. If None, a new figure is made.

        cmap : str, default="viridis"
            Name of a colormap of matplotlib.

        Returns
        -------
        display : GateActivationDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As in `gate_activations`. ValueError also if X has no such row.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        given = {"estimator": estimator, "X": X, "layer": layer, "direction": direction}
        validate_parameter_constraints(CONSTRAINTS, given, caller_name=cls.__name__)
        recurrent, rows = find_network_and_rows(estimator, X)
        n_samples = len(rows)
        if not -n_samples <= sample < n_samples:
            raise ValueError(
                f"sample={sample!r} is not one of the {n_samples} row(s) of X. Give a number from "
                f"{-n_samples} to {n_samples - 1}."
            )
        row = _safe_indexing(rows, [index(sample) % n_samples])
        gates = read_gates_of_network(recurrent, row, layer=layer, direction=direction)
        # A vector that is repeated at every step has no steps to draw.
        inputs = recurrent._validate_for_network(row)[0]
        return cls(
            gates={name: gate[0] for name, gate in gates.items()},
            inputs=inputs if inputs.ndim == 2 else None,
        ).plot(ax, cmap=cmap)


def _draw_gate(panel: Any, name: str, gate: np.ndarray, cmap: str) -> Any:
    """Draw the heat map of one gate, of shape (units, n_timesteps)."""
    from matplotlib.ticker import MaxNLocator

    n_units, n_steps = gate.shape
    image = panel.imshow(
        gate,
        aspect="auto",
        interpolation="nearest",
        origin="lower",
        cmap=cmap,
        vmin=0,
        vmax=1,
        extent=(0.5, n_steps + 0.5, 0.5, n_units + 0.5),
    )
    panel.set(title=f"{name.capitalize()} gate", ylabel="Unit")
    panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    return image
