"""Axes of displays: those of the user, or of a new figure."""

from __future__ import annotations

from typing import Any

from sklearn.utils._optional_dependencies import check_matplotlib_support


def make_axes(ax: Any, caller: str) -> Any:
    """Return the given axes, or those of a new figure if `ax` is None.

    Raises
    ------
    ImportError
        If matplotlib is missing. The message names the caller.
    """
    check_matplotlib_support(caller)
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1] if ax is None else ax
