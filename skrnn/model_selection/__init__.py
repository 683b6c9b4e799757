"""Comparison with the naive forecast, and checks for leaks and lost context."""

from skrnn.model_selection._compare_regressors import compare_regressors
from skrnn.model_selection._comparison_result import Comparison
from skrnn.model_selection._context import check_context
from skrnn.model_selection._leakage import check_leakage
from skrnn.model_selection._reports import ContextReport, LeakageReport

__all__ = [
    "Comparison",
    "ContextReport",
    "LeakageReport",
    "check_context",
    "check_leakage",
    "compare_regressors",
]
