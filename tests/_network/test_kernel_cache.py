"""Kernels are compiled once on a machine: where they are kept, and when they are stale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.caching import FunctionCache

import skrnn
from skrnn._network import activations

# A kernel of its own, which is compiled in a second.
_ACTIVATE = """
import numpy as np
from skrnn._network.activations import activate

values = np.empty(3, np.float32)
activate(0, np.ones(3, np.float32), values)
print(values[0])
"""
# A kernel that calls those of other files.
_RECUR = """
import numpy as np
from skrnn._network.cells.simple_rnn import SimpleRNN
from skrnn._network.cells.cell import CellWeights

weights = CellWeights(*(np.ones(shape, np.float32) for shape in ((1, 1), (1, 1), 1)))
cell = SimpleRNN(2, 1, 0, weights)
cell.inputs[:] = 1
cell.forward(cell.all_steps, by_rows=True)
print(cell.h[-1, 0, 0])
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package without anything compiled, in a folder of its own."""
    folder = tmp_path / "site"
    shutil.copytree(
        Path(skrnn.__file__).parent,
        folder / "skrnn",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return folder


def compute(package, home, code=_ACTIVATE, **environment):
    """Return what a new process prints that imports this copy of the package."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=package,
        env=kept | {"PYTHONPATH": str(package), "HOME": str(home)} | environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return float(done.stdout)


def compiled_files(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.suffix in (".nbi", ".nbc"))


def test_kernels_are_kept_beside_the_package_and_used_again(package, tmp_path):
    first = compute(package, tmp_path)
    files = compiled_files(package)
    assert files
    assert {path.parent.name for path in files} == {"__pycache__"}
    times = [path.stat().st_mtime_ns for path in files]
    assert compute(package, tmp_path) == first
    assert [path.stat().st_mtime_ns for path in compiled_files(package)] == times
    assert compiled_files(tmp_path / ".cache") == []


def test_kernel_is_compiled_anew_when_a_function_of_another_file_changes(package, tmp_path):
    first = compute(package, tmp_path, _RECUR)
    path = package / "skrnn" / "_network" / "activations.py"
    source = path.read_text(encoding="utf-8")
    changed = source.replace("return z * p / q", "return z * p / q / 2")
    assert changed != source
    path.write_text(changed, encoding="utf-8")
    assert compute(package, tmp_path, _RECUR) != first
    path.write_text(source, encoding="utf-8")
    assert compute(package, tmp_path, _RECUR) == first


def block_folders(package):
    """Put a file where each cache folder would be: root may write to any folder."""
    for folder in (package / "skrnn" / "_network", package / "skrnn" / "_network" / "cells"):
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        (folder / "__pycache__").write_text("no folder")


def test_package_that_cannot_be_written_to_keeps_kernels_in_the_cache_folder_of_the_user(
    package, tmp_path
):
    block_folders(package)
    first = compute(package, tmp_path, PYTHONDONTWRITEBYTECODE="1")
    files = compiled_files(tmp_path / ".cache" / "numba")
    assert files
    assert compute(package, tmp_path, PYTHONDONTWRITEBYTECODE="1") == first
    assert compiled_files(tmp_path / ".cache" / "numba") == files


def test_without_any_place_to_write_kernels_are_compiled_and_nothing_is_said(package):
    block_folders(package)
    compute(package, "/dev/null", PYTHONDONTWRITEBYTECODE="1")


def test_the_variable_of_numba_names_the_folder(package, tmp_path):
    compute(package, tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "named"))
    assert compiled_files(tmp_path / "named")
    assert compiled_files(package) == []


def test_file_of_the_cache_that_is_cut_off_is_replaced(package, tmp_path):
    first = compute(package, tmp_path)
    for path in compiled_files(package):
        path.write_bytes(path.read_bytes()[:100])
    assert compute(package, tmp_path) == first


def test_full_disk_is_no_reason_to_stop(monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FunctionCache, "save_overload", fail)
    activations.tanh._cache.save_overload(None, None)


def test_stamp_of_the_cache_depends_on_each_file_with_a_kernel(package, tmp_path):
    code = "from skrnn._network import kernels; print(int(kernels._hash_sources()[:8], 16))"
    first = compute(package, tmp_path, code)
    for name in ("cells/lstm.py", "products.py", "dropout.py", "optimizers.py", "kernels.py"):
        path = package / "skrnn" / "_network" / name
        path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
        second = compute(package, tmp_path, code)
        assert second != first, name
        first = second
