"""Judging models: comparison with the naive rival, and checks for leaks and lost context."""

from skrnn.model_selection._compare import compare_regressors
from skrnn.model_selection._comparison import Comparison
from skrnn.model_selection._context import check_context
from skrnn.model_selection._leakage import check_leakage
from skrnn.model_selection._report import ContextReport, LeakageReport

__all__ = [
    "Comparison",
    "ContextReport",
    "LeakageReport",
    "check_context",
    "check_leakage",
    "compare_regressors",
]
