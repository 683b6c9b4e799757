"""Cache of compiled kernels: its folders, and when kernels are compiled again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.caching import FunctionCache

import skrnn
from skrnn._network import activations

# A single kernel, which is compiled in a second.
_ACTIVATE = """
import numpy as np
from skrnn._network.activations import activate

values = np.empty(3, np.float32)
activate(0, np.ones(3, np.float32), values)
print(values[0])
"""
# How many hashes there are while one file after the other is changed.
_HASH = """
from pathlib import Path
from skrnn._network import kernels

hashes = {kernels._hash_sources()}
for name in ("cells/lstm.py", "products.py", "dropout.py", "optimizers.py", "kernels.py"):
    path = Path(kernels.__file__).parent / name
    path.write_text(path.read_text(encoding="utf-8") + "\\n# changed\\n", encoding="utf-8")
    kernels._hash_sources.cache_clear()
    hashes.add(kernels._hash_sources())
print(len(hashes))
"""
# A kernel that calls a kernel of another file, as cells do. These take ten seconds to compile.
_CALLER = """
from skrnn._network.activations import tanh
from skrnn._network.kernels import kernel

@kernel
def call(z):
    return tanh(z)
"""
_CALL = "import numpy as np; from skrnn._network.caller import call; print(call(np.float32(1)))"


@pytest.fixture
def package(tmp_path):
    """Copy of the package in a temporary folder, without compiled kernels."""
    folder = tmp_path / "site"
    shutil.copytree(
        Path(skrnn.__file__).parent,
        folder / "skrnn",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return folder


def compute(package, home, code=_ACTIVATE, **environment):
    """Return the number that a new process prints, which imports this copy of the package."""
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


def list_compiled_files(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.suffix in (".nbi", ".nbc"))


def test_kernels_are_cached_beside_the_package_and_used_again(package, tmp_path):
    first = compute(package, tmp_path)
    files = list_compiled_files(package)
    assert files
    assert {path.parent.name for path in files} == {"__pycache__"}
    times = [path.stat().st_mtime_ns for path in files]
    assert compute(package, tmp_path) == first
    assert [path.stat().st_mtime_ns for path in list_compiled_files(package)] == times
    assert list_compiled_files(tmp_path / ".cache") == []


def test_kernel_is_compiled_again_if_a_function_of_another_file_changes(package, tmp_path):
    (package / "skrnn" / "_network" / "caller.py").write_text(_CALLER, encoding="utf-8")
    first = compute(package, tmp_path, _CALL)
    path = package / "skrnn" / "_network" / "activations.py"
    source = path.read_text(encoding="utf-8")
    changed = source.replace("return z * p / q", "return z * p / q / 2")
    assert changed != source
    path.write_text(changed, encoding="utf-8")
    assert compute(package, tmp_path, _CALL) != first
    path.write_text(source, encoding="utf-8")
    assert compute(package, tmp_path, _CALL) == first


def block_folders(package):
    """Put a file in place of each cache folder. Permissions would not stop the user root."""
    for folder in (package / "skrnn" / "_network", package / "skrnn" / "_network" / "cells"):
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        (folder / "__pycache__").write_text("no folder")


def test_kernels_of_a_read_only_package_are_cached_in_the_folder_of_the_user(package, tmp_path):
    block_folders(package)
    first = compute(package, tmp_path, PYTHONDONTWRITEBYTECODE="1")
    files = list_compiled_files(tmp_path / ".cache" / "numba")
    assert files
    assert compute(package, tmp_path, PYTHONDONTWRITEBYTECODE="1") == first
    assert list_compiled_files(tmp_path / ".cache" / "numba") == files


def test_without_a_writable_folder_kernels_are_compiled_without_a_warning(package):
    block_folders(package)
    compute(package, "/dev/null", PYTHONDONTWRITEBYTECODE="1")


def test_numba_cache_dir_sets_the_folder(package, tmp_path):
    compute(package, tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "named"))
    assert list_compiled_files(tmp_path / "named")
    assert list_compiled_files(package) == []


def test_damaged_file_of_the_cache_is_replaced(package, tmp_path):
    first = compute(package, tmp_path)
    for path in list_compiled_files(package):
        path.write_bytes(path.read_bytes()[:100])
    assert compute(package, tmp_path) == first


def test_full_disk_is_ignored(monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FunctionCache, "save_overload", fail)
    activations.tanh._cache.save_overload(None, None)


def test_hash_of_the_cache_depends_on_each_file_with_a_kernel(package, tmp_path):
    # One process for all files: its start takes seconds.
    assert compute(package, tmp_path, _HASH) == 6
