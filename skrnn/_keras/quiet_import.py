"""Import TensorFlow without the lines that it always prints on stderr."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What TensorFlow 2.19 to 2.21 print at import on a machine without a graphics card, whatever
# TF_CPP_MIN_LOG_LEVEL says: absl has not started, oneDNN is on, plugins of a GPU are registered
# twice or their libraries are missing.
_KNOWN_LINES = re.compile(
    rb"^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rb"|^(?:[IWE]\d{4}|\d{4}-\d\d-\d\d) .*\b(?:port|cuda\w+|cpu_feature_guard|computation_placer)"
    rb"\.cc:\d+\]"
    rb"|^To enable the following instructions: "
)


@contextmanager
def without_known_lines() -> Iterator[None]:
    """Pass on what is written to stderr, without the lines that are known."""
    sys.stderr.flush()
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
        sys.stderr.flush()
        # That was the last writing end: the reader comes to the end of the pipe.
        os.dup2(kept, 2)
        reader.join()
        os.close(reading)
        os.close(kept)


def _pass_on(reading: int, to: int) -> None:
    """Copy lines from a pipe, those that are known left out."""
    with os.fdopen(os.dup(reading), "rb") as lines:
        for line in lines:
            if not _KNOWN_LINES.search(line):
                os.write(to, line)
