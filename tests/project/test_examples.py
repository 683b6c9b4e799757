"""Gallery: each example names the extra that installs its imports. No example is run here."""

import ast
import re
import sys
import tomllib

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
GALLERY = sorted((ROOT / "examples").rglob("plot_*.py"))
NEEDS = re.compile(r'^Needs: ``pip install "skrnn(?:\[([\w,-]+)\])?"``\.$', flags=re.MULTILINE)

# Modules whose distribution has another name, or comes with a dependency.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "scipy": "scikit-learn", "joblib": "scikit-learn"}
# Packages that skrnn imports only inside functions.
CALLED_FOR = {
    "inspection": "matplotlib",
    "load_stock_prices": "bokeh-sampledata",
    "save": "skops",
    "load": "skops",
}

every_example = pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"), path)


def named_extras(path):
    """Return the extras of the line that says what an example needs."""
    lines = NEEDS.findall(ast.get_docstring(parse(path)))
    assert len(lines) == 1, (
        "one line of the docstring is: " + 'Needs: ``pip install "skrnn[...]"``.'
    )
    return [extra for extra in lines[0].split(",") if extra]


def installed_with(extras):
    """Return the distributions that skrnn asks for with some extras."""
    names, waiting = set(), [*PROJECT["dependencies"]]
    for extra in extras:
        waiting += EXTRAS[extra]
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name == "skrnn":
            for extra in requirement.extras:
                waiting += EXTRAS[extra]
        else:
            names.add(canonicalize_name(requirement.name))
    return names


def wanted(tree):
    """Return the distributions whose modules are imported, or that skrnn imports when called."""
    modules, of_skrnn = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
            of_skrnn |= {part for alias in node.names for part in alias.name.split(".")[1:]}
        elif isinstance(node, ast.ImportFrom):
            package, _, below = node.module.partition(".")
            modules.add(package)
            if package == "skrnn":
                of_skrnn |= {below, *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            of_skrnn |= {node.attr} if node.value.id == "skrnn" else set()
    outside = modules - {"skrnn"} - sys.stdlib_module_names
    names = {canonicalize_name(DISTRIBUTIONS.get(module, module)) for module in outside}
    return names | {CALLED_FOR[name] for name in of_skrnn & CALLED_FOR.keys()}


def test_there_is_a_gallery():
    assert len(GALLERY) > 15
    header = (ROOT / "examples" / "GALLERY_HEADER.rst").read_text(encoding="utf-8")
    assert header.startswith("Gallery\n=======\n")


def test_each_section_has_a_header_and_a_place_in_the_gallery():
    configuration = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    sections = {path.parent.name for path in (ROOT / "examples").glob("*/*.py")}
    assert len(sections) > 5
    for section in sections:
        assert f'            "{section}",\n' in configuration
        header = ROOT / "examples" / section / "GALLERY_HEADER.rst"
        title, line = header.read_text(encoding="utf-8").splitlines()[:2]
        assert line == "-" * len(title)


def test_examples_that_take_minutes_are_among_the_exercises():
    longer = {path.parent.name for path in (ROOT / "examples").rglob("*.py")} - {
        path.parent.name for path in GALLERY
    }
    assert longer == {"exercises"}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.py")), ids=lambda p: p.stem)
def test_an_example_names_its_own_path(path):
    named = re.findall(r"``python (examples/\S+)``", path.read_text(encoding="utf-8"))
    assert {*named} <= {path.relative_to(ROOT).as_posix()}


def test_extras_of_extras_are_followed():
    assert {"scikit-learn", "matplotlib", "bokeh-sampledata", "aeon"} <= installed_with(
        ["unequal-lengths"]
    )
    assert "matplotlib" not in installed_with(["persistence"])


def test_imports_inside_functions_of_skrnn_are_seen():
    tree = ast.parse("import skrnn\nfrom skrnn.inspection import A\nskrnn.load('file')")
    assert wanted(tree) == {"matplotlib", "skops"}
    assert wanted(ast.parse("from skrnn.datasets import load_stock_prices")) == {"bokeh-sampledata"}
    assert wanted(ast.parse("import numpy.random\nfrom pathlib import Path")) == {"numpy"}


@every_example
def test_an_example_compiles(path):
    compile(path.read_text(encoding="utf-8"), path, "exec")


@every_example
def test_an_example_names_extras_that_exist(path):
    assert {*named_extras(path)} <= EXTRAS.keys()


@every_example
def test_an_example_imports_only_what_its_extras_install(path):
    assert wanted(parse(path)) <= installed_with(named_extras(path))


@every_example
def test_no_smaller_extra_would_do_for_an_example(path):
    extras = named_extras(path)
    fewer = [[other for other in extras if other != extra] for extra in extras]
    smaller = [[extra] for extra in EXTRAS if installed_with([extra]) < installed_with(extras)]
    for would_do in [*fewer, *smaller]:
        assert not wanted(parse(path)) <= installed_with(would_do), would_do


@every_example
def test_an_example_saves_one_picture_under_its_own_name(path):
    saved = [
        node
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "savefig"
    ]
    assert len(saved) == 1
    pictures = re.findall(r'"([\w./-]+\.png)"', path.read_text(encoding="utf-8"))
    assert pictures == [path.stem.removeprefix("plot_") + ".png"]
