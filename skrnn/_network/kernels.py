"""Kernels: functions that Numba compiles once on a machine and keeps in a cache on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

# Sums may be computed in another order than in the source. Tests for NaN and infinity stay valid.
_FAST = {"reassoc", "contract", "arcp", "nsz"}
# A product and a sum may become one instruction. Sums keep the order of the source.
_IN_ORDER = {"contract"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function of arrays at its first call. The compiled function releases the GIL."""
    return _compile(function, fastmath=_FAST)


def kernel_part(function: Callable[..., Any]) -> Any:
    """Inline a function into each kernel that calls it: a call with arrays takes a microsecond."""
    return _compile(function, fastmath=_FAST, inline="always")


def kernel_in_order(function: Callable[..., Any]) -> Any:
    """Compile a function as `kernel` does, with sums in the order of the source.

    The same numbers then give the same bits in each call.
    """
    return _compile(function, fastmath=_IN_ORDER)


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    compiled = njit(error_model="numpy", nogil=True, **options)(function)
    # With NUMBA_DISABLE_JIT=1, njit returns the function itself.
    if isinstance(compiled, Dispatcher):
        # Numba raises RuntimeError without a writable cache folder. The kernel is then compiled in
        # each process.
        dispatcher: Any = compiled
        with suppress(RuntimeError):
            dispatcher._cache = _Cache(function)
    return compiled


class _Cache(FunctionCache):
    """Numba's cache on disk, valid until the source of any kernel changes.

    Numba itself only checks the file of the function. It would miss a change in another file whose
    functions are inlined.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = IndexDataCacheFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=_hash_sources(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled kernel, or None if the file is missing or cannot be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # pickle raises any exception if a file is cut off
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled kernel. Ignore a full disk."""
        with suppress(OSError):
            try:
                super().save_overload(sig, data)
            except OSError:
                raise
            except Exception:  # the index file is cut off
                self.flush()
                super().save_overload(sig, data)


@cache
def _hash_sources() -> str:
    """Return a hash of this file and of all files with kernels."""
    sources = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    with_kernels = [source for source in sources if b"@kernel" in source or b"njit(" in source]
    return hashlib.sha256(b"\0".join(with_kernels)).hexdigest()
