"""Judging models: a comparison with the naive rival, and a search for leaks."""

from skrnn.model_selection._compare import compare_regressors
from skrnn.model_selection._comparison import Comparison

__all__ = ["Comparison", "compare_regressors"]
