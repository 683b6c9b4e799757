"""Import TensorFlow without the lines that it always prints on stderr."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# The lines of TensorFlow 2.19 to 2.21 on a machine without a graphics card, whatever
# TF_CPP_MIN_LOG_LEVEL says: absl has not started, oneDNN is on, there is no driver, instructions of
# the processor, plugins of a graphics card that are registered twice.
_KNOWN_LINES = re.compile(
    rb"^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rb"|^To enable the following instructions: "
    rb"|^(?:[IWE]\d{4}|\d{4}-\d\d-\d\d) .*\b(?:port|cudart_stub|cpu_feature_guard|cuda_dnn"
    rb"|cuda_fft|cuda_blas|computation_placer)\.cc:\d+\] (?:oneDNN custom operations are on"
    rb"|Could not find cuda drivers|This TensorFlow binary is optimized|Unable to register cu"
    rb"|computation placer already registered)"
)
# A process that another thread starts meanwhile may keep the pipe open.
_PATIENCE = 5.0


@contextmanager
def hide_startup_lines() -> Iterator[None]:
    """Pass on what is written to stderr, without the lines that are known."""
    _flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    reading, writing = os.pipe()
    reader = threading.Thread(target=_pass_on, args=(reading, kept), daemon=True)
    reader.start()
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield
    finally:
        _flush()
        # That was the last writing end: the reader comes to the end of the pipe.
        os.dup2(kept, 2)
        reader.join(_PATIENCE)


def _pass_on(reading: int, to: int) -> None:
    """Copy lines from a pipe, those that are known left out, and close both ends."""
    with os.fdopen(reading, "rb") as lines, os.fdopen(to, "wb", buffering=0) as kept:
        for line in lines:
            if not _KNOWN_LINES.search(line):
                kept.write(line)


def _flush() -> None:
    """Write what Python holds back, if there is a stderr that is open."""
    if sys.stderr is not None:
        with suppress(ValueError, OSError):
            sys.stderr.flush()
