"""Threads of a fit: one for BLAS, and as many halves of a batch at once as cores are free."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_n_fits = 0
_limits: Any = None


@contextmanager
def one_blas_thread() -> Iterator[int]:
    """Let BLAS compute in one thread while anything is fitted; yield how many threads a fit has.

    The bits of a product depend on the number of BLAS' threads. That number belongs to the
    process, so the first of several fits at once sets it, and the last one puts it back.
    """
    global _n_fits, _limits
    with _lock:
        if _n_fits == 0:
            _limits = _find_libraries().limit(limits=1, user_api="blas")
        _n_fits += 1
        n_threads = max(1, _count_cores() // _n_fits)
    try:
        yield n_threads
    finally:
        with _lock:
            _n_fits -= 1
            if _n_fits == 0:
                _limits.restore_original_limits()


@cache
def _find_libraries() -> ThreadpoolController:
    """Return what knows the BLAS libraries of this process: those of NumPy and SciPy."""
    # Numba calls SciPy's, which must be loaded to be found.
    import scipy.linalg.cython_blas  # noqa: F401

    return ThreadpoolController()


def _count_cores() -> int:
    """Return the cores that this process may use; joblib says how many to its processes."""
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if n_threads.isdigit():
        return int(n_threads)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
