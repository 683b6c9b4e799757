"""Isolation: no network, no file that the user did not name, no code made of data.

Python tells audit hooks of each socket that it makes and each file that it opens. Native code does
not, so what is in folders that were empty is looked at as well, and which sockets are left open.
"""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import skrnn

PACKAGE = Path(skrnn.__file__).parent

_WATCH = """
import json, os, pathlib, sys, tempfile

# tempfile writes and removes a file on its first call, to find a folder; TensorFlow calls it.
tempfile.gettempdir()
CHANGES = {
    f"os.{name}"
    for name in (
        "chmod", "chown", "link", "mkdir", "remove", "removexattr", "rename", "rmdir", "setxattr",
        "symlink", "truncate", "utime",
    )
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
calls, written = [], []

def watch(event, arguments):
    # Events of urllib, http and others end in those of a socket, or need none, like data: URLs.
    if event.startswith("socket."):
        # urllib3, which TensorFlow imports, binds a socket to this machine: is there IPv6?
        if event not in ("socket.__new__", "socket.gethostname") and not (
            event == "socket.bind" and arguments[1][0] == "::1"
        ):
            calls.append(f"{event} {arguments}")
            raise OSError("There is no network here.")
    elif event == "open":
        path, mode, flags = arguments
        writes = set(mode or "") & set("wax+") or (flags or 0) & WRITING
        # A number is a file that is open already.
        if writes and path != os.devnull and not isinstance(path, int):
            written.append(os.path.abspath(os.fsdecode(path)))
    elif event in CHANGES or event.startswith(("shutil.", "tempfile.")):
        written.append(os.path.abspath(os.fsdecode(arguments[0])))

sys.addaudithook(watch)
"""

_IMPORT_ALL = """
import importlib, pkgutil, skrnn
for module in pkgutil.walk_packages(skrnn.__path__, "skrnn."):
    importlib.import_module(module.name)
"""

# Typical use of the whole package, with few rows and small networks.
_WORK = """
import pickle
import numpy as np
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from skrnn import (
    GRUClassifier, LSTMRegressor, NaiveRegressor, SlidingWindowTransformer, config_context,
    forecast, generate,
)
from skrnn.datasets import load_stock_prices, make_noisy_waves
from skrnn.inspection import gate_activations, gradient_flow
from skrnn.model_selection import check_leakage, compare_regressors

make_noisy_waves(8, 5, random_state=0)
series = load_stock_prices("FB").head(40)[["Open"]].asfreq("B").ffill()
splits = TimeSeriesSplit(2)
lstm = LSTMRegressor(1, epochs=2, batch_size=8, early_stopping=True, random_state=0)
pipe = make_pipeline(MinMaxScaler(), SlidingWindowTransformer(4), lstm)
pipe.set_output(transform="pandas").fit(series, series["Open"])
assert np.isfinite(pipe.predict(series)).all()
forecast(pipe, 2)
pickle.loads(pickle.dumps(pipe)).predict(series)
pipe[-1].to_keras()
windows = np.zeros((4, 4))
model = LSTMRegressor(1, epochs=1, random_state=0).fit(windows, np.arange(4))
gradient_flow(model, windows, np.arange(4))
gate_activations(model, windows)
model.partial_fit(windows, np.arange(4))
search = GridSearchCV(pipe, {"lstmregressor__dropout": [0, 0.1]}, cv=splits, n_jobs=1)
search.fit(series, series["Open"])
naive = make_pipeline(SlidingWindowTransformer(4, flatten=False), NaiveRegressor())
compare_regressors({"naive": naive, "lstm": pipe}, series, series["Open"], cv=splits)
check_leakage(naive, series, series["Open"])
with config_context(engine="keras"):
    pipe.fit(series, series["Open"]).predict(series)
letters = np.array(list("ab" * 6))
writer = make_pipeline(
    OneHotEncoder(sparse_output=False), SlidingWindowTransformer(2, flatten=False),
    GRUClassifier(1, epochs=1, random_state=0),
)
generate(writer.fit(letters[:, None], letters), "ab", 2, random_state=0)
"""

_REPORT = """
def in_folder(folder):
    return sorted(str(path) for path in pathlib.Path(folder).rglob("*"))

sockets = []
for number in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else []:
    try:
        file = os.readlink(f"/proc/self/fd/{number}")
    except FileNotFoundError:  # the folder itself, open while it was listed
        continue
    sockets += [file] if file.startswith("socket:") else []

folders = {"cwd": ".", "temp": tempfile.gettempdir(), "home": pathlib.Path.home()}
folders = {name: in_folder(folder) for name, folder in folders.items()}
print(json.dumps({"calls": calls, "sockets": sockets, "written": written, **folders}))
"""


def watched(code, folder, seconds):
    """Run code in a new interpreter, in three empty folders; return what it called and wrote."""
    environment = {
        name: value
        for name, value in os.environ.items()
        # TensorFlow sets variables at import. Others name folders, or make coverage write.
        if not name.startswith(("TF_", "TF2_", "TPU_", "KMP_", "XDG_", "KERAS_", "MPL", "COV_"))
    }
    for name in ("cwd", "HOME", "TMPDIR"):
        (folder / name).mkdir()
        environment[name] = str(folder / name)
    # As for any package, Python keeps what it has compiled beside the modules. Numba does so, too,
    # which is looked at.
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _WATCH + code + _REPORT],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env=environment,
        cwd=folder / "cwd",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) | {"HOME": folder / "HOME"}


def of_others(path, home):
    """Return whether Keras (settings) or matplotlib, which Keras imports (fonts), writes a file.

    The environment variables KERAS_HOME and MPLCONFIGDIR move them.
    """
    folder, *rest = Path(path).relative_to(home).parts
    if folder == ".keras":
        return rest in ([], ["keras.json"])
    return folder in (".config", ".cache") and rest[:1] in ([], ["matplotlib"])


def of_numba(path):
    """Return whether a file is in Numba's cache of kernels, or tests the cache folder.

    The cache lies beside the kernels, or where the environment variable NUMBA_CACHE_DIR says.
    """
    path = Path(path)
    beside = path if path.name == "__pycache__" else path.parent
    is_beside = beside.name == "__pycache__" and PACKAGE / "_network" in beside.parents
    named = os.environ.get("NUMBA_CACHE_DIR")
    if not is_beside and not (named and Path(named).absolute() in [path, *path.parents]):
        return False
    return is_cache_name(path.name)


def is_cache_name(name):
    """Return whether a name is that of a cache file, its folder, or a test of the folder."""
    is_kernel = re.fullmatch(r".+\.nb[ic](\.tmp\.[0-9a-f]+)?", name)
    is_folder = name == "__pycache__" or re.fullmatch(r"\w+_[0-9a-f]{40}", name)
    return bool(is_kernel or is_folder or re.fullmatch(r"tmp\w{8}", name))


def of_scipy(path):
    """Return whether a file is one that SciPy before 1.14 makes for messages, and deletes."""
    return re.fullmatch(r"scipy-\w{8}", Path(path).name) is not None


def foreign_files(report):
    """Return the written files that nobody has named, as the hook and the folders show them."""
    home = report["HOME"]
    paths = [*report["written"], *report["cwd"], *report["temp"], *report["home"]]
    return [
        path
        for path in paths
        if not of_numba(path)
        and not of_scipy(path)
        and (home not in Path(path).parents or not of_others(path, home))
    ]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Calls and written files of skrnn while it is imported and used."""
    return watched(_IMPORT_ALL + _WORK, tmp_path_factory.mktemp("watched"), seconds=900)


def test_there_is_no_network_access(report):
    assert report["calls"] == []
    assert report["sockets"] == []


def test_no_file_is_written_but_those_of_keras_matplotlib_numba_and_scipy(report):
    assert foreign_files(report) == []


@pytest.mark.parametrize(
    "planted",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.org', 80)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))",
        "urllib.request.urlopen('http://192.0.2.1', timeout=1)",
    ],
)
def test_a_planted_call_is_reported(planted, tmp_path):
    imports = "import contextlib, socket, urllib.request"
    code = f"{imports}\nwith contextlib.suppress(OSError): {planted}"
    assert watched(code, tmp_path, seconds=60)["calls"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc to read open files from")
def test_an_open_socket_is_reported(tmp_path):
    assert watched("import socket\ns = socket.socket()", tmp_path, seconds=60)["sockets"]


@pytest.mark.parametrize(
    "planted",
    [
        "open('model.txt', 'w').close()",
        "(pathlib.Path.home() / 'x').touch()",
        "(pathlib.Path.home() / '.keras').mkdir(); (pathlib.Path.home() / '.keras/x').touch()",
        "os.makedirs(pathlib.Path.home() / '.cache/skrnn')",
        "open('x', 'ab').close(); os.remove('x')",
        "os.close(os.open('x', os.O_CREAT | os.O_RDWR))",
        "tempfile.mkstemp()",
        "tempfile.mkdtemp()",
        "os.symlink('a', 'b'); os.rename('b', 'c'); os.remove('c')",
        "import shutil; shutil.copyfile(os.__file__, 'os.py'); os.remove('os.py')",
        "import ctypes; ctypes.CDLL(None).creat(b'native', 0o600)",
    ],
)
def test_a_planted_file_is_reported(planted, tmp_path):
    assert foreign_files(watched(planted, tmp_path, seconds=60))


CELLS = PACKAGE / "_network" / "cells"


@pytest.mark.parametrize(
    "path",
    [
        CELLS / "__pycache__" / "gru.forward-33.py311.nbi",
        CELLS / "__pycache__" / "gru.forward-33.py311.1.nbc",
        CELLS / "__pycache__" / "gru.forward-33.py311.1.nbc.tmp.0123456789abcdef",
        CELLS / "__pycache__" / "tmpk3x_9a2b",
        CELLS / "__pycache__",
        Path("/numba/cells_0123456789abcdef0123456789abcdef01234567/gru.forward-33.py311.nbi"),
    ],
)
def test_files_of_the_cache_of_kernels_are_not_reported(path, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/numba")
    nothing = {"written": [], "cwd": [], "temp": [], "home": [], "HOME": tmp_path}
    assert foreign_files(nothing | {"written": [str(path)]}) == []


@pytest.mark.parametrize(
    "path",
    [
        CELLS / "__pycache__" / "notes.txt",
        CELLS / "gru.forward-33.py311.nbi",
        CELLS / "gru.py",
        PACKAGE / "__pycache__" / "forward.nbi",
        PACKAGE / "_keras" / "__pycache__" / "forward.nbi",
        Path("/numba/notes.txt"),
        Path("/elsewhere/forward.nbi"),
        Path("/elsewhere/__pycache__/forward.nbi"),
    ],
)
def test_other_files_beside_the_kernels_are_reported(path, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/numba")
    nothing = {"written": [], "cwd": [], "temp": [], "home": [], "HOME": tmp_path}
    assert foreign_files(nothing | {"written": [str(path)]}) == [str(path)]


# Code made of data, and other processes

FORBIDDEN_BUILTINS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {
    *("pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"),
    *("subprocess", "pty", "code", "codeop", "runpy", "builtins", "ctypes", "importlib"),
    *("socket", "ssl", "http", "urllib", "ftplib", "smtplib", "requests", "urllib3"),
}
# `importlib` is used to read metadata, which runs nothing.
# The output of pickle is hashed there, and never read.
# pickle.dumps only tests whether an object can be pickled.
ALLOWED_NAMES = {"importlib.metadata.version", "joblib.hash", "pickle.dumps"}
FORBIDDEN_OF_OS = ("system", "popen", "exec", "spawn", "posix_spawn", "fork", "startfile")


def find_dynamic_code(source):
    """Return sentences about names in a module that run code made of data, or other programs.

    `model.compile()` and `re.compile()` are attributes, not the builtin.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id in {*FORBIDDEN_BUILTINS, "__builtins__"}:
            found.append(f"line {node.lineno}: {node.id}")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = (node.value.id, node.attr)
            if name[0] == "os" and name[1].startswith(FORBIDDEN_OF_OS):
                found.append(f"line {node.lineno}: os.{node.attr}")
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            forbidden = first in FORBIDDEN_MODULES and name not in ALLOWED_NAMES
            if forbidden or (first == "os" and rest.startswith(FORBIDDEN_OF_OS)):
                found.append(f"line {node.lineno}: {name}")
    return found


MODULES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}


def test_no_module_runs_code_made_of_data_or_other_programs():
    assert "estimators/_base.py" in MODULES
    found = {
        name: find_dynamic_code(path.read_text(encoding="utf-8")) for name, path in MODULES.items()
    }
    assert {name: sentences for name, sentences in found.items() if sentences} == {}


def test_no_module_makes_python_warn_while_it_is_compiled():
    # Warnings are errors here; an import does not give them again once Python has compiled.
    for name, path in MODULES.items():
        compile(path.read_text(encoding="utf-8"), name, "exec")


@pytest.mark.parametrize(
    "planted",
    [
        "eval('1')",
        "def f():\n    exec(text)",
        "run = compile",
        "__import__('os')",
        "__builtins__['eval']('1')",
        "import pickle",
        "from pickle import loads",
        "import joblib as j",
        "import importlib",
        "from importlib import import_module",
        "import urllib.request",
        "import os\nos.system('true')",
        "import os\nos.execv('a', [])",
        "from os import popen",
        "if 1:\n    import subprocess",
    ],
)
def test_planted_dynamic_code_is_reported(planted):
    assert find_dynamic_code(planted)


@pytest.mark.parametrize(
    "planted",
    [
        "model.compile(optimizer)",
        "import re\nre.compile('a')",
        "import os\nos.environ.get('HOME')",
        "from importlib.metadata import version",
        "from . import pickle",
        "from multiprocessing import current_process",
    ],
)
def test_code_that_only_looks_alike_is_not_reported(planted):
    assert find_dynamic_code(planted) == []
