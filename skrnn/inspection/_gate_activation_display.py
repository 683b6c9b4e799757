"""A picture of gates that open and close."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any, Self

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import validate_parameter_constraints

from skrnn.inspection._gates import CONSTRAINTS, gates_of_network
from skrnn.inspection._reach import reach


class GateActivationDisplay:
    """How far the gates of a layer are open at each step of one row, as heat maps.

    It is recommended to use `from_estimator` to create a display. All parameters are stored as
    attributes.

    Parameters
    ----------
    gates : dict of str to array-like of shape (n_timesteps, units)
        Between 0 and 1, by the name of the gate; NaN where a step is absent. It is what
        `gate_activations` returns, for one row.

    inputs : array-like of shape (n_timesteps,) or (n_timesteps, n_features), default=None
        What the network read. One feature is drawn above the gates; more are not.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        From top to bottom: what was read, if it is drawn, and a panel for each gate.

    bounding_ax_ : matplotlib Axes or None
        The axes whose place the panels have taken; None, if they have a figure of their own.

    images_ : dict of str to matplotlib AxesImage
        The heat maps, by the name of the gate: units by steps.

    line_ : matplotlib Line2D or None
        What was read, if it is drawn.

    colorbar_ : matplotlib Colorbar
        The scale of all heat maps, 0 (closed) to 1 (open).

    figure_ : matplotlib Figure
        The figure of the panels.

    See Also
    --------
    gate_activations : The numbers, and what they mean.

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
            Whose place the panels take, as in scikit-learn's `PartialDependenceDisplay`; None makes
            a new figure.

        cmap : str, default="viridis"
            Matplotlib's name of the colors.

        Returns
        -------
        display : GateActivationDisplay
            This one.

        Raises
        ------
        ImportError
            If matplotlib is missing.
        ValueError
            If there is no gate, or `ax` was not made by `subplots` or `add_subplot`.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt
        from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec
        from matplotlib.ticker import MaxNLocator

        if not self.gates:
            raise ValueError("gates is empty. Give what gate_activations returns, of one row.")
        if ax is not None and ax.get_subplotspec() is None:
            raise ValueError(
                "ax has no place in a grid that the panels could share. Make it by plt.subplots or "
                "figure.add_subplot, or give none."
            )
        window = None if self.inputs is None else np.asarray(self.inputs, np.float64)
        if window is not None and window.ndim == 2:
            window = window[:, 0] if window.shape[1] == 1 else None
        # A window needs less height than a heat map.
        heights = [0.6] * (window is not None) + [1.0] * len(self.gates)
        if ax is None:
            size = (6.4, 0.8 + 1.7 * sum(heights))
            self.figure_ = plt.figure(figsize=size, layout="constrained")
            grid: Any = GridSpec(len(heights), 1, self.figure_, height_ratios=heights)
        else:
            self.figure_ = ax.figure
            ax.set_axis_off()
            # A layout engine makes room for the titles by itself.
            gap = None if self.figure_.get_layout_engine() else 0.5
            grid = GridSpecFromSubplotSpec(
                len(heights), 1, ax.get_subplotspec(), height_ratios=heights, hspace=gap
            )
        panels: list[Any] = []
        for place in range(len(heights)):
            above = panels[0] if panels else None
            panels.append(self.figure_.add_subplot(grid[place], sharex=above))
            panels[-1].label_outer()
        self.bounding_ax_, self.axes_ = ax, np.array(panels)

        self.line_ = None
        if window is not None:
            (self.line_,) = panels[0].plot(np.arange(1, len(window) + 1), window, color="0.2")
            panels[0].set(title="What the network reads", ylabel="Value")
        self.images_ = {}
        for panel, (name, values) in zip(
            panels[-len(self.gates) :], self.gates.items(), strict=True
        ):
            gate = np.asarray(values, np.float64).T
            n_units, n_steps = gate.shape
            self.images_[name] = panel.imshow(
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
        panels[-1].set_xlabel("Step (1 is the oldest)")
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        # Without a layout engine, panels beside which there is no bar would stay wider.
        beside = panels[-len(self.gates) :] if self.figure_.get_layout_engine() else panels
        self.colorbar_ = self.figure_.colorbar(
            self.images_[name], ax=beside, label="0: closed, 1: open"
        )
        return self

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
        """Read the gates at the steps of one row, and draw them.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator with LSTM or GRU cells, or a fitted Pipeline or search that ends in
            one.

        X : array-like of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)
            Rows, as in `predict`. Those of a Pipeline pass its steps first.

        sample : int, default=0
            Which row is drawn; -1 is the last.

        layer : int, default=0
            Which of the stacked recurrent layers: 0 is the first, -1 the last. Of an
            `encoder_decoder` those of the encoder.

        direction : {"forward", "backward"}, default="forward"
            Which half of a bidirectional layer.

        ax : matplotlib Axes, default=None
            Whose place the panels take; None makes a new figure.

        cmap : str, default="viridis"
            Matplotlib's name of the colors.

        Returns
        -------
        display : GateActivationDisplay
            Drawn.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As in `gate_activations`; also, if there is no such row.
        ImportError
            If matplotlib is missing.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        given = {"estimator": estimator, "X": X, "layer": layer, "direction": direction}
        validate_parameter_constraints(CONSTRAINTS, given, caller_name=cls.__name__)
        recurrent, rows = reach(estimator, X)
        n_samples = len(rows)
        if not -n_samples <= sample < n_samples:
            raise ValueError(
                f"sample={sample!r} is not one of the {n_samples} row(s) of X. Give a number from "
                f"{-n_samples} to {n_samples - 1}."
            )
        row = _safe_indexing(rows, [index(sample) % n_samples])
        gates = gates_of_network(recurrent, row, layer=layer, direction=direction)
        # A vector that is repeated at every step has no steps of its own.
        inputs = recurrent._validate_for_network(row)[0]
        return cls(
            gates={name: gate[0] for name, gate in gates.items()},
            inputs=inputs if inputs.ndim == 2 else None,
        ).plot(ax, cmap=cmap)
