"""Reference: docs/api.md lists the public names, and docstrings are complete."""

import importlib
import inspect
import re

import pytest
from conftest import ROOT
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import ERROR_MSGS, validate

PAGE = ROOT / "docs" / "api.md"
# Modules that users import from.
MODULES = [
    "skrnn",
    "skrnn.datasets",
    "skrnn.exceptions",
    "skrnn.inspection",
    "skrnn.metrics",
    "skrnn.model_selection",
]

# Codes of numpydoc that are not checked, with the reason. All others are.
NOT_CHECKED = {
    "RT02": "values that are returned have names, as in scikit-learn",
    "ES01": "where one line says it all, a second paragraph would repeat it",
}
# Codes that are not checked for methods either, because their class has them.
NOT_CHECKED_FOR_METHODS = {
    "EX01": "the examples of a class call its methods",
    "SA01": "what is related to a class is related to its methods",
}


def public_objects(module_name):
    """Functions and classes of a module by name: its `__all__`, else what it defines."""
    module = importlib.import_module(module_name)
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module_name
    ]
    return {f"{module_name}.{name}": getattr(module, name) for name in names}


def is_own(function):
    # Methods of built-in classes have no module.
    return (getattr(function, "__module__", None) or "").startswith("skrnn")


def own_methods(name, value):
    """Public methods of a class that are written here, not those of scikit-learn."""
    if not inspect.isclass(value):
        return {}
    return {
        f"{name}.{method}": function
        for method, function in inspect.getmembers(value, callable)
        if not method.startswith("_") and is_own(function)
    }


OBJECTS = {name: value for module in MODULES for name, value in public_objects(module).items()}
METHODS = {
    method: function
    for name, value in OBJECTS.items()
    for method, function in own_methods(name, value).items()
}


def names_on_the_page():
    """Return the names in the tables of the page."""
    page = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"\.\. currentmodule:: (\S+)", page) == ["skrnn"]
    tables = re.findall(r"\.\. autosummary::\n((?: +.*\n|\n)*)", page)
    entries = re.findall(r"^ +([A-Za-z_][\w.]*)$", "".join(tables), flags=re.MULTILINE)
    return [f"skrnn.{entry}" for entry in entries]


def faults(name, not_checked):
    """Return the faults that numpydoc finds, without the codes that are not checked."""
    found = validate(name)["errors"]
    return [f"{code}: {message}" for code, message in found if code not in not_checked]


def test_the_page_of_the_reference_lists_each_public_name_once():
    assert sorted(names_on_the_page()) == sorted(OBJECTS)


def test_methods_are_checked_where_they_are_written_here():
    # Behind a decorator, a descriptor, a classmethod; but not what scikit-learn adds.
    assert "skrnn.GRURegressor.fit" in METHODS
    assert "skrnn.SlidingWindowTransformer.get_feature_names_out" in METHODS
    assert "skrnn.inspection.ForecastDisplay.from_estimator" in METHODS
    assert not [name for name in METHODS if name.endswith((".get_params", "_request"))]


def test_codes_that_are_not_checked_are_codes_of_numpydoc():
    assert {*NOT_CHECKED, *NOT_CHECKED_FOR_METHODS} <= {*ERROR_MSGS}


# This includes a section of examples (EX01), which the doctests run.
@pytest.mark.parametrize("name", OBJECTS)
def test_docstring_of_a_class_or_function_is_complete(name):
    assert faults(name, NOT_CHECKED) == []


@pytest.mark.parametrize("name", METHODS)
def test_docstring_of_a_method_is_complete(name):
    assert faults(name, NOT_CHECKED | NOT_CHECKED_FOR_METHODS) == []


# Warning classes have the signature of built-in warnings.
@pytest.mark.parametrize(
    "name", [name for name in [*OBJECTS, *METHODS] if not name.startswith("skrnn.exceptions")]
)
def test_defaults_in_a_docstring_are_those_of_the_signature(name):
    value = (OBJECTS | METHODS)[name]
    documented = {
        each.lstrip("*"): text.partition(", default=")[2]
        for names, text, _ in get_doc_object(value)["Parameters"]
        for each in names.split(", ")
        if text != "None"  # it is ignored, and there for scikit-learn's sake
    }
    parameters = inspect.signature(value).parameters
    in_signature = {
        each: ""
        if parameters[each].default is inspect.Parameter.empty
        else parameters[each].default
        for each in documented
    }
    assert documented == {
        each: default if default == "" else repr(default).replace("'", '"')
        for each, default in in_signature.items()
    }
