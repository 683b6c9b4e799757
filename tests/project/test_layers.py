"""Imports run downwards only. What `docs/architecture.md` says about layers is held here."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import skrnn

PACKAGE = Path(skrnn.__file__).parent

# From top to bottom; a folder is one layer. A module imports from its own folder and those below.
LAYERS = (
    "__init__",
    "_persistence",
    "model_selection",
    "inspection",
    "forecasting",
    "estimators",
    "windows",
    "datasets",
    "_keras",
    "_utils",
    "exceptions",
    "_config",
    "_network",
)
# Modules of this layer import TensorFlow, which takes seconds. No other module does.
KERAS_LAYER = "_keras"
# Arrays in, arrays out: modules of this layer know NumPy and Numba only.
NETWORK_LAYER = "_network"
PACKAGES_OF_NETWORK = {"numpy", "numba"}
KERAS_PACKAGES = {"tensorflow", "keras", "scikeras"}
# These take long to import, so `import skrnn` imports none of them.
SLOW_PACKAGES = KERAS_PACKAGES | {"numba"}


def read_package():
    """Source of each module in skrnn/ by its dotted name below skrnn."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def layer_of(module):
    return module.split(".")[0]


def imports_of(module: str, sources: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Absolute names that a module imports, each with whether a function does it."""
    # For `from .a import b` in skrnn.x.y, one dot is skrnn.x: the name without its last part.
    here = ["skrnn", *module.split(".")]

    def walk(node, in_function):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, in_function
        elif isinstance(node, ast.ImportFrom):
            parts = here[: -node.level] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}", in_function
        in_function |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, in_function)

    yield from walk(ast.parse(sources[module]), in_function=False)


def own_module(name: str, sources: dict[str, str]) -> str | None:
    """Module of skrnn that an absolute name comes from; None for other packages."""
    top, *parts = name.split(".")
    if top != "skrnn":
        return None
    for length in range(len(parts), -1, -1):
        for candidate in (parts[:length], [*parts[:length], "__init__"]):
            if ".".join(candidate) in sources:
                return ".".join(candidate)
    raise AssertionError(f"{name} is not in skrnn")


def find_violations(sources: dict[str, str]) -> list[str]:
    """Sentences about the imports that break a rule."""
    found = []
    graph = {}
    # Packages and modules that are imported along with a module.
    at_import = {}
    for module in sources:
        layer = layer_of(module)
        if layer not in LAYERS:
            found.append(f"{module} has no place in LAYERS")
            continue
        graph[module], at_import[module] = set(), set()
        for name, in_function in imports_of(module, sources):
            package = name.split(".")[0]
            target = own_module(name, sources)
            if not in_function:
                at_import[module].add(target or package)
            if target:
                graph[module].add(target)
                to = layer_of(target)
                same_subpackage = to == layer and "." in module
                if to in LAYERS and LAYERS.index(to) <= LAYERS.index(layer) and not same_subpackage:
                    found.append(f"{module} imports {target}, which is not below it")
                if to == KERAS_LAYER != layer and not in_function:
                    found.append(f"{module} imports {target} outside of a function")
            elif package == "scikeras" and module != f"{KERAS_LAYER}.fitting":
                found.append(f"{module} imports scikeras")
            elif package in KERAS_PACKAGES and layer != KERAS_LAYER:
                found.append(f"{module} imports {package}")
            elif layer == NETWORK_LAYER and not (
                package in PACKAGES_OF_NETWORK or package in sys.stdlib_module_names
            ):
                found.append(f"{module} imports {package}, which is neither NumPy nor Numba")
    for module in graph:
        slow = SLOW_PACKAGES & reached_from(module, at_import)
        if slow and layer_of(module) not in (KERAS_LAYER, NETWORK_LAYER):
            found.append(f"{module} brings {', '.join(sorted(slow))} along")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"circle: {' -> '.join(error.args[1])}")
    return found


def reached_from(module: str, at_import: dict[str, set[str]]) -> set[str]:
    """Modules and packages that an import of a module imports, directly or not."""
    reached, waiting = set(), [module]
    while waiting:
        new = at_import.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def test_imports_run_downwards_and_only_modules_in_keras_import_tensorflow():
    sources = read_package()
    assert {"_naive", "_network.cells.lstm", "_keras.fitting"} <= set(sources)
    assert find_violations(sources) == []


BASE = {
    "__init__": "",
    "_base": "",
    "_keras.__init__": "",
    "_keras.fitting": "",
    "_keras.models": "",
    "_absent": "",
    "_network.__init__": "",
    "_network.kernels": "import numba",
    "_network.cells.__init__": "",
    "_network.cells.gru": "from skrnn._network.kernels import kernel",
    "_network.losses": "import numpy as np",
}


@pytest.mark.parametrize(
    "planted",
    [
        {"_base": "def fit(self):\n    from skrnn._keras.fitting import build"},
        {"_base": "def fit(self):\n    from skrnn._keras import fitting"},
        {"_base": "def fit(self):\n    import skrnn._network.cells.gru"},
        {"_base": "from skrnn._network.losses import is_standardized"},
        {"_base": "from skrnn.windows._missing_steps import view"},
        {"__init__": "from ._base import Regressor"},
        {"_keras.fitting": "import scikeras.wrappers, keras\nfrom skrnn._keras.models import x"},
        {"_keras.models": "import tensorflow as tf\nfrom skrnn._network.cells import gru"},
        {"_network.losses": "import math\nfrom collections.abc import Callable"},
        {"_absent": "import kerastuner"},
    ],
)
def test_allowed_imports_are_not_reported(planted):
    assert find_violations({**BASE, **planted}) == []


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ({"utils": ""}, "utils has no place"),
        (
            {"_absent": "from skrnn.estimators._base import X"},
            "_absent imports _base, which is not below",
        ),
        ({"_absent": "from ._base import X"}, "_absent imports _base, which is not below"),
        ({"_absent": "from . import _base"}, "_absent imports _base, which is not below"),
        ({"_absent": "import skrnn.estimators._base"}, "_absent imports _base, which is not below"),
        ({"_absent": "from skrnn import X"}, "_absent imports __init__, which is not below"),
        ({"_absent": "def f():\n    import skrnn"}, "_absent imports __init__"),
        ({"_absent": "if 1:\n    import skrnn.estimators._base"}, "_absent imports _base"),
        ({"_base": "import skrnn.estimators._base"}, "circle: _base -> _base"),
        (
            {"_base": "from skrnn._keras.models import x"},
            "_base imports _keras.models outside of a function",
        ),
        (
            {"_base": "from skrnn import _keras"},
            "_base imports _keras.__init__ outside of a function",
        ),
        (
            {"_absent": "def f():\n    import skrnn._keras.models"},
            "_absent imports _keras.models",
        ),
        (
            {"_base": "from skrnn._keras import models", "_keras.models": "import keras"},
            "_base brings keras along",
        ),
        ({"_keras.models": "from scikeras import x"}, "_keras.models imports scikeras"),
        ({"_base": "def f():\n    import scikeras.wrappers"}, "_base imports scikeras"),
        ({"_base": "def f():\n    from keras import layers"}, "_base imports keras"),
        ({"_absent": "class A:\n    import tensorflow.nn"}, "_absent imports tensorflow"),
        ({"_base": "from skrnn._network.kernels import kernel"}, "_base brings numba along"),
        ({"_base": "import skrnn._network.cells.gru"}, "_base brings numba along"),
        ({"_absent": "import numba"}, "_absent brings numba along"),
        (
            {
                "_absent": "from skrnn._network.cells.gru import GRU",
                "_base": "import skrnn.windows._missing_steps",
            },
            "_base brings numba along",
        ),
        (
            {"_network.losses": "from sklearn.base import clone"},
            "_network.losses imports sklearn, which is neither NumPy nor Numba",
        ),
        (
            {"_network.losses": "def f():\n    import threadpoolctl"},
            "_network.losses imports threadpoolctl, which is neither",
        ),
        ({"_network.kernels": "import keras"}, "_network.kernels imports keras"),
        (
            {"_network.losses": "def f():\n    from skrnn._keras import models"},
            "_network.losses imports _keras.models, which is not below",
        ),
        (
            {"_network.losses": "from skrnn.windows._missing_steps import view"},
            "_network.losses imports _absent, which is not below",
        ),
        (
            {
                "_keras.models": "import skrnn.windows._missing_steps",
                "_absent": "import skrnn._keras.models",
            },
            "circle: _keras.models -> _absent -> _keras.models",
        ),
    ],
)
def test_forbidden_imports_are_reported(planted, expected):
    assert any(expected in sentence for sentence in find_violations({**BASE, **planted}))


def test_import_is_silent_and_imports_neither_tensorflow_nor_numba():
    code = f"""
import sys
import skrnn
for name in skrnn.__all__:
    getattr(skrnn, name)
assert not {SLOW_PACKAGES} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
