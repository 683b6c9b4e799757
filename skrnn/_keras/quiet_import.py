"""Startup messages of TensorFlow: hide the lines that each import prints on stderr."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Lines that TensorFlow 2.19 to 2.21 prints without a graphics card, even if TF_CPP_MIN_LOG_LEVEL is
# set: absl has not started, oneDNN is on, no driver was found, instructions of the processor,
# plugins registered twice.
_KNOWN_LINES = re.compile(
    rb"^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rb"|^To enable the following instructions: "
    rb"|^(?:[IWE]\d{4}|\d{4}-\d\d-\d\d) .*\b(?:port|cudart_stub|cpu_feature_guard|cuda_dnn"
    rb"|cuda_fft|cuda_blas|computation_placer)\.cc:\d+\] (?:oneDNN custom operations are on"
    rb"|Could not find cuda drivers|This TensorFlow binary is optimized|Unable to register cu"
    rb"|computation placer already registered)"
)
# Seconds to wait for the reader. A process that another thread starts may keep the pipe open.
_TIMEOUT = 5.0


@contextmanager
def hide_startup_lines() -> Iterator[None]:
    """Copy all lines from stderr to stderr, but not the known startup lines."""
    _flush()
    try:
        kept = os.dup(2)
    except OSError:  # stderr is closed
        yield
        return
    reading, writing = os.pipe()
    reader = threading.Thread(target=_copy_lines, args=(reading, kept), daemon=True)
    reader.start()
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield
    finally:
        _flush()
        # This closes the last writing end, so the reader reaches the end of the pipe.
        os.dup2(kept, 2)
        reader.join(_TIMEOUT)


def _copy_lines(reading: int, to: int) -> None:
    """Copy lines from a pipe, but not the known ones, and close both ends."""
    with os.fdopen(reading, "rb") as lines, os.fdopen(to, "wb", buffering=0) as kept:
        for line in lines:
            if not _KNOWN_LINES.search(line):
                kept.write(line)


def _flush() -> None:
    """Flush stderr, if it is open."""
    if sys.stderr is not None:
        with suppress(ValueError, OSError):
            sys.stderr.flush()
