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

# From top to bottom; a subpackage is one layer. A module imports from layers below its own only.
LAYERS = (
    "__init__",
    "_persistence",
    "_forecast",
    "_generate",
    "model_selection",
    "inspection",
    "_regressors",
    "_classifiers",
    "_regression",
    "_classification",
    "_cells",
    "_base",
    "_ahead",
    "_sliding_window",
    "_naive",
    "_sequences",
    "datasets",
    "_scikeras",
    "_trainers",
    "_engine",
    "_batches",
    "_progress",
    "_finite",
    "_checkpoint",
    "_inside",
    "_unrolled",
    "_initialization",
    "_networks",
    "_keras_objects",
    "_plain_layers",
    "_keras_layers",
    "_pool",
    "_files",
    "_tasks",
    "_continuity",
    "_windows",
    "_validation",
    "_ridge",
    "_absent",
    "_config",
)
# These import TensorFlow, which takes seconds.
HEAVY_LAYERS = {
    *("_scikeras", "_trainers", "_engine", "_batches", "_progress", "_finite", "_checkpoint"),
    *("_inside", "_unrolled", "_initialization", "_networks", "_keras_objects"),
    *("_plain_layers", "_keras_layers"),
}
HEAVY_PACKAGES = {"tensorflow", "keras", "scikeras"}


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
    for module in sources:
        layer = layer_of(module)
        if layer not in LAYERS:
            found.append(f"{module} has no place in LAYERS")
            continue
        graph[module] = set()
        for name, in_function in imports_of(module, sources):
            package = name.split(".")[0]
            target = own_module(name, sources)
            if target:
                graph[module].add(target)
                to = layer_of(target)
                same_subpackage = to == layer and "." in module
                if to in LAYERS and LAYERS.index(to) <= LAYERS.index(layer) and not same_subpackage:
                    found.append(f"{module} imports {target}, which is not below it")
                late = layer == "_base" and to == "_scikeras" and in_function
                if to in HEAVY_LAYERS and layer not in HEAVY_LAYERS and not late:
                    found.append(f"{module} imports {target}, and so TensorFlow")
            elif package == "scikeras" and layer != "_scikeras":
                found.append(f"{module} imports scikeras")
            elif package in HEAVY_PACKAGES and layer not in HEAVY_LAYERS:
                found.append(f"{module} imports {package}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"circle: {' -> '.join(error.args[1])}")
    return found


def test_imports_run_downwards_and_tensorflow_stays_at_the_bottom():
    sources = read_package()
    assert "_naive" in sources
    assert find_violations(sources) == []


BASE = {"__init__": "", "_base": "", "_scikeras": "", "_networks": "", "_windows": ""}


@pytest.mark.parametrize(
    "planted",
    [
        {"_base": "def fit(self):\n    from skrnn._scikeras import build"},
        {"_base": "def fit(self):\n    import skrnn._scikeras"},
        {"_base": "from skrnn._windows import view"},
        {"__init__": "from ._base import Regressor"},
        {"_scikeras": "import scikeras.wrappers, keras\nfrom skrnn._networks import x"},
        {"_networks": "import tensorflow as tf\nfrom keras import layers"},
        {"_windows": "import kerastuner"},
    ],
)
def test_allowed_imports_are_not_reported(planted):
    assert find_violations({**BASE, **planted}) == []


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ({"utils": ""}, "utils has no place"),
        ({"_windows": "from skrnn._base import X"}, "_windows imports _base, which is not below"),
        ({"_windows": "from ._base import X"}, "_windows imports _base, which is not below"),
        ({"_windows": "from . import _base"}, "_windows imports _base, which is not below"),
        ({"_windows": "import skrnn._base"}, "_windows imports _base, which is not below"),
        ({"_windows": "from skrnn import X"}, "_windows imports __init__, which is not below"),
        ({"_windows": "def f():\n    import skrnn"}, "_windows imports __init__"),
        ({"_windows": "if 1:\n    import skrnn._base"}, "_windows imports _base"),
        ({"_base": "import skrnn._base"}, "circle: _base -> _base"),
        ({"_base": "from skrnn._scikeras import x"}, "_base imports _scikeras, and so TensorFlow"),
        ({"_base": "def f():\n    import skrnn._networks"}, "_base imports _networks, and so"),
        ({"__init__": "def f():\n    import skrnn._scikeras"}, "__init__ imports _scikeras"),
        ({"_networks": "from scikeras import x"}, "_networks imports scikeras"),
        ({"_base": "def f():\n    import scikeras.wrappers"}, "_base imports scikeras"),
        ({"_base": "def f():\n    from keras import layers"}, "_base imports keras"),
        ({"_windows": "class A:\n    import tensorflow.nn"}, "_windows imports tensorflow"),
        (
            {"_networks": "import skrnn._windows", "_windows": "import skrnn._networks"},
            "circle: _networks -> _windows -> _networks",
        ),
    ],
)
def test_forbidden_imports_are_reported(planted, expected):
    assert any(expected in sentence for sentence in find_violations({**BASE, **planted}))


def test_import_is_silent_and_does_not_import_tensorflow():
    code = f"""
import sys
import skrnn
for name in skrnn.__all__:
    getattr(skrnn, name)
assert not {HEAVY_PACKAGES} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
