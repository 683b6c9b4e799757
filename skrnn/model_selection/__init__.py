"""Judging models: a comparison with the naive rival, and a search for leaks."""

from skrnn.model_selection._compare import compare_regressors
from skrnn.model_selection._comparison import Comparison
from skrnn.model_selection._leakage import check_leakage
from skrnn.model_selection._report import LeakageReport

__all__ = ["Comparison", "LeakageReport", "check_leakage", "compare_regressors"]
