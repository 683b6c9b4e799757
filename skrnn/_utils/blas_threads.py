"""Threads of a fit: one for BLAS, so results do not depend on the number of cores."""

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
    """Limit BLAS to one thread during a fit, and yield the number of threads that the fit may use.

    The bits of a product depend on the number of threads of BLAS. This number is a setting of the
    process: the first of several simultaneous fits sets it, and the last one restores it.
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
    """Return the controller of the BLAS libraries of this process, from NumPy and SciPy."""
    # Numba calls the BLAS of SciPy, which is found only if it is loaded.
    import scipy.linalg.cython_blas  # noqa: F401

    return ThreadpoolController()


def _count_cores() -> int:
    """Return the number of cores that this process may use; joblib sets it for its workers."""
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if n_threads.isdigit():
        return int(n_threads)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
