"""Recurrent neural networks as ordinary scikit-learn estimators."""

from importlib.metadata import version

from skrnn._naive import NaiveRegressor
from skrnn._sliding_window import SlidingWindowTransformer

__version__ = version("skrnn")

__all__ = ["NaiveRegressor", "SlidingWindowTransformer"]
