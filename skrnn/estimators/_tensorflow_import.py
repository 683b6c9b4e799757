"""TensorFlow's import: on the first training, once in a process, and never in a forked one."""

from __future__ import annotations

import os
import threading
from types import ModuleType

# The process that has imported TensorFlow.
_imported_in: int | None = None
_lock = threading.Lock()


def import_fitting() -> ModuleType:
    """Return `skrnn._keras.fitting`, which imports TensorFlow and takes seconds the first time.

    Raises
    ------
    RuntimeError
        If this process was forked from one that had imported TensorFlow.
    """
    global _imported_in
    if _imported_in not in (None, os.getpid()):
        raise RuntimeError(
            "This process was forked from one in which TensorFlow has started. Training would "
            "hang here, because a fork does not copy TensorFlow's threads. Start processes with "
            'joblib\'s default backend (loky) or multiprocessing.get_context("spawn").'
        )
    # The import redirects stderr, which two threads must not do at the same time.
    with _lock:
        if _imported_in is None:
            # TensorFlow reads this variable once, at import; a user's own value stays. Below 3,
            # TensorFlow reports a missing graphics card as an error in the first fit.
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            from skrnn._keras.quiet_import import hide_startup_lines

            with hide_startup_lines():
                from skrnn._keras import fitting
            _imported_in = os.getpid()
    from skrnn._keras import fitting

    return fitting
