"""Compile kernels with Numba once on a machine, and keep them on disk."""

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

# Rounding may differ from the order of the source. Tests for NaN and infinity stay valid.
_FAST = {"reassoc", "contract", "arcp", "nsz"}
# A product and a sum may become one instruction; sums keep the order of the source.
_IN_ORDER = {"contract"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function of arrays at its first call. It releases the GIL."""
    return _compile(function, fastmath=_FAST)


def kernel_part(function: Callable[..., Any]) -> Any:
    """Compile a function into each kernel that calls it: a call with arrays takes a microsecond."""
    return _compile(function, fastmath=_FAST, inline="always")


def kernel_in_order(function: Callable[..., Any]) -> Any:
    """Compile a function as `kernel` does, with sums in the order of the source.

    The same numbers then give the same bits, whatever else is computed in the same call.
    """
    return _compile(function, fastmath=_IN_ORDER)


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    compiled = njit(error_model="numpy", nogil=True, **options)(function)
    # With NUMBA_DISABLE_JIT=1 it is the function itself.
    if isinstance(compiled, Dispatcher):
        # Numba raises if neither its own folder, nor that beside the module, nor the user's cache
        # folder can be written to. The kernel is then compiled in each process.
        dispatcher: Any = compiled
        with suppress(RuntimeError):
            dispatcher._cache = _Cache(function)
    return compiled


class _Cache(FunctionCache):
    """Numba's cache on disk, valid as long as no kernel's source changes.

    Numba looks at the file of the function alone, and would miss a change of a function that is
    compiled into it from another file.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = IndexDataCacheFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=_hash_sources(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled kernel; None if there is none that can be read."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # pickle raises anything on a file that was cut off
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled kernel. A full disk is no reason to stop."""
        with suppress(OSError):
            try:
                super().save_overload(sig, data)
            except OSError:
                raise
            except Exception:  # the index was cut off
                self.flush()
                super().save_overload(sig, data)


@cache
def _hash_sources() -> str:
    """Return a hash of all files with kernels, and of this one."""
    sources = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    with_kernels = [source for source in sources if b"@kernel" in source or b"njit(" in source]
    return hashlib.sha256(b"\0".join(with_kernels)).hexdigest()
