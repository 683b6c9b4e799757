"""Startup lines of TensorFlow are hidden, and no other lines."""

import os
import subprocess
import sys

from skrnn._keras.quiet_import import hide_startup_lines

KNOWN = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    b"I0000 00:00:1796063058.977637    3575 port.cc:153] oneDNN custom operations are on. You may\n"
    b"2025-01-01 10:00:00.0: I external/local_xla/xla/tsl/cuda/cudart_stub.cc:32] Could not find "
    b"cuda drivers on your machine, GPU will not be used.\n"
    b"To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow\n"
)
OTHER = (
    b"E0000 00:00:1796065098.734411   25811 cuda_platform.cc:52] failed call to cuInit\n"
    b"I0000 00:00:1796063058.977637    3575 port.cc:153] Something else\n"
    b"Loaded runtime CuDNN library: 9.1.0 but source was compiled with 9.3.0\n"
    b"no line end"
)


def test_startup_lines_are_hidden_and_others_keep_their_order(capfd):
    with hide_startup_lines():
        os.write(2, KNOWN + OTHER)
    assert capfd.readouterr().err.encode() == OTHER
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_other_lines_are_printed_if_the_import_fails(capfd):
    try:
        with hide_startup_lines():
            os.write(2, KNOWN + OTHER)
            raise ImportError
    except ImportError:
        assert capfd.readouterr().err.encode() == OTHER


_CLOSED = """
import os, sys
os.close(2)
from skrnn._keras.quiet_import import hide_startup_lines
for stream in (sys.stderr, None):
    sys.stderr = stream
    with hide_startup_lines():
        print("imported")
"""


def test_closed_stderr_is_no_error():
    done = subprocess.run(
        [sys.executable, "-c", _CLOSED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "imported\n" * 2


_TWO_AT_ONCE = """
import sys, threading
from skrnn.estimators._tensorflow_import import import_fitting

threads = [threading.Thread(target=import_fitting) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(120)
assert not any(thread.is_alive() for thread in threads)
print("done", file=sys.stderr)
"""


def test_first_fits_in_several_threads_do_not_deadlock():
    done = subprocess.run(
        [sys.executable, "-c", _TWO_AT_ONCE], capture_output=True, text=True, check=True
    )
    assert done.stderr == "done\n"
