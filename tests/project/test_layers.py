"""Rules of the imports between the folders of skrnn. `docs/architecture.md` gives the reasons.

1. A module imports from its own folder and from the layers below.
2. TensorFlow, Keras and scikeras are imported in `_keras` only; scikeras in one module of it.
3. Other folders import `_keras` only inside functions.
4. `_network` imports NumPy and Numba, and nothing else of skrnn.
5. Modules do not import each other in a circle.
6. Importing any module but those of `_keras` and `_network` imports neither TensorFlow nor Numba.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import skrnn

PACKAGE = Path(skrnn.__file__).parent

# From top to bottom. `_utils` is low: it knows no other folder.
LAYERS = [
    "__init__",
    "_persistence",
    "model_selection",
    "inspection",
    "forecasting",
    "estimators",
    "metrics",
    "windows",
    "datasets",
    "_keras",
    "_network",
    "_utils",
    "exceptions",
    "_config",
]
KERAS_PACKAGES = {"tensorflow", "keras", "scikeras"}
PACKAGES_OF_NETWORK = {"numpy", "numba"} | sys.stdlib_module_names


def read_package() -> dict[str, str]:
    """Return the source of each module by its dotted name below skrnn."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def list_imports(node: ast.AST, *, in_function: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the imported names, each with whether a function imports it."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, in_function) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = f"{'.' * node.level}{node.module or ''}"
        yield from ((f"{base}.{alias.name}", in_function) for alias in node.names)
    in_function |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from list_imports(child, in_function=in_function)


def find_module(name: str, sources: dict[str, str]) -> str:
    """Return the module of skrnn that holds an imported name, such as `windows._views.pad`."""
    parts = name.split(".")[1:]
    prefixes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    candidates = [each for prefix in prefixes for each in (prefix, f"{prefix}.__init__")]
    return next((each for each in candidates if each in sources), "__init__")


def find_violations(sources: dict[str, str]) -> list[str]:
    """Return a sentence for each import that breaks a rule."""
    found = []
    graph: dict[str, set[str]] = {module: set() for module in sources}
    for module, source in sources.items():
        layer = module.split(".")[0]
        if layer not in LAYERS:
            found.append(f"{module} has no place in LAYERS")
            continue
        for name, in_function in list_imports(ast.parse(source)):
            package = name.split(".")[0]
            if package == "skrnn":
                target = find_module(name, sources)
                to = target.split(".")[0]
                graph[module].add(target)
                if to not in LAYERS[LAYERS.index(layer) :]:
                    found.append(f"{module} imports {target}, which is not below it")
                elif layer == "_network" != to:
                    found.append(f"{module} imports {target}, which is not in _network")
                elif to == "_keras" != layer and not in_function:
                    found.append(f"{module} imports {target} outside of a function")
            elif package == "":
                found.append(f"{module} imports {name}: write the full name, skrnn...")
            elif package in KERAS_PACKAGES and layer != "_keras":
                found.append(f"{module} imports {package}, which belongs into _keras")
            elif package == "scikeras" and module != "_keras.fitting":
                found.append(f"{module} imports scikeras, which belongs into _keras.fitting")
            elif layer == "_network" and package not in PACKAGES_OF_NETWORK:
                found.append(f"{module} imports {package}, which is neither NumPy nor Numba")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append(f"circle: {' -> '.join(error.args[1])}")
    return found


def test_imports_follow_the_rules():
    sources = read_package()
    assert {"__init__", "datasets", "_network.cells.lstm", "_keras.fitting"} <= set(sources)
    assert find_violations(sources) == []


BASE = {
    "__init__": "",
    "estimators._base": "",
    "windows._views": "",
    "_keras.__init__": "",
    "_keras.fitting": "",
    "_keras.models": "",
    "_network.losses": "",
    "_utils.validation": "",
    "exceptions": "",
}


@pytest.mark.parametrize(
    "planted",
    [
        {"__init__": "from skrnn.estimators._base import Regressor"},
        {"estimators._base": "def fit(self):\n    from skrnn._keras.fitting import train"},
        {"estimators._base": "def fit(self):\n    from skrnn._keras import fitting"},
        {"estimators._base": "from skrnn.windows._views import flat_windows"},
        {"_keras.fitting": "import scikeras.wrappers, keras\nfrom skrnn._keras import models"},
        {"_network.losses": "import math\nimport numpy\nfrom collections.abc import Callable"},
        {"_utils.validation": "import kerastuner\nfrom skrnn.exceptions import TooFewRowsWarning"},
    ],
)
def test_allowed_imports_are_not_reported(planted):
    assert find_violations({**BASE, **planted}) == []


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("utils", "", "has no place"),
        # 1: downwards.
        ("windows._views", "from skrnn.estimators._base import X", "is not below it"),
        ("windows._views", "from skrnn.estimators import _base", "is not below it"),
        ("windows._views", "if 1:\n    import skrnn.estimators._base", "is not below it"),
        ("windows._views", "from skrnn import LSTMRegressor", "is not below it"),
        ("windows._views", "def f():\n    import skrnn", "is not below it"),
        ("windows._views", "from ._labels import read_labels", "write the full name"),
        ("windows._views", "from . import _labels", "write the full name"),
        ("_utils.validation", "from skrnn.windows import _views", "is not below it"),
        ("_utils.validation", "def f():\n    import skrnn._keras.models", "is not below it"),
        ("_utils.validation", "from skrnn._network import losses", "is not below it"),
        # 2: Keras and its relatives.
        ("estimators._base", "def f():\n    import scikeras.wrappers", "belongs into _keras"),
        ("estimators._base", "def f():\n    from keras import layers", "belongs into _keras"),
        ("_utils.validation", "class A:\n    import tensorflow.nn", "belongs into _keras"),
        ("_network.losses", "import keras", "belongs into _keras"),
        ("_keras.models", "from scikeras import x", "belongs into _keras.fitting"),
        # 3: late.
        ("estimators._base", "from skrnn._keras.models import x", "outside of a function"),
        ("estimators._base", "from skrnn import _keras", "outside of a function"),
        # 4: arithmetic.
        ("_network.losses", "from sklearn.base import clone", "neither NumPy nor Numba"),
        ("_network.losses", "def f():\n    import threadpoolctl", "neither NumPy nor Numba"),
        ("_network.losses", "from skrnn.exceptions import X", "is not in _network"),
        ("_network.losses", "def f():\n    from skrnn._keras import models", "is not below it"),
        # 5: circles.
        ("_keras.models", "import skrnn._keras.models", "circle: _keras.models -> _keras.models"),
    ],
)
def test_forbidden_imports_are_reported(module, source, expected):
    (sentence,) = find_violations({**BASE, module: source})
    assert module in sentence
    assert expected in sentence


def test_circles_of_two_modules_are_reported():
    planted = {"_keras.models": "import skrnn._keras.fitting"}
    planted["_keras.fitting"] = "def train():\n    from skrnn._keras.models import build_model"
    (sentence,) = find_violations({**BASE, **planted})
    assert sentence.startswith("circle: ")


def test_modules_import_silently_and_without_tensorflow_or_numba():
    # `import skrnn` comes first, then each other module, to name the one to blame.
    modules = [
        f"skrnn.{module}".removesuffix(".__init__")
        for module in read_package()
        if not module.startswith(("_keras", "_network"))
    ]
    assert modules[0] == "skrnn"
    code = f"""
import importlib, sys
for module in {modules}:
    importlib.import_module(module)
    slow = {KERAS_PACKAGES | {"numba"}} & set(sys.modules)
    assert not slow, f"{{module}} imports {{slow}}"
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
