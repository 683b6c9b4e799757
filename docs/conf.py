"""Configuration of Sphinx; `make docs` runs it, without a network."""

import inspect
import re
import sys
import warnings
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from skrnn import exceptions

# The modules executed_pages and gallery_thumbnails are in this folder.
sys.path.insert(0, str(Path(__file__).parent))

project = "skrnn"
author = "the skrnn developers"
version = release = version_of("skrnn")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "executed_pages",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
# `units` in a docstring is code, as scikit-learn has it.
default_role = "literal"
# README and production.md are also read on GitHub, which makes anchors of headings like this.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]  # the cards of the front page

html_theme = "pydata_sphinx_theme"
html_title = f"skrnn {release}"
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
# Light or dark follows the reader's system, until the reader chooses.
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"alt_text": "skrnn"},
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"install": [], "start": [], "changelog": []}
project_copyright = author

# The reference.
autosummary_generate = True
autodoc_typehints = "none"  # types are in the docstrings
autodoc_member_order = "bysource"
# Methods stand in the contents of a page by their own names.
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the template lists them, once
numpydoc_xref_param_type = False

# Pictures of the guide, each made by a script.
plot_basedir = ""
plot_formats = ["svg"]
plot_html_show_formats = False
plot_html_show_source_link = False

# Prompts and printed output are not copied.
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div.highlight-python pre, div.highlight-console pre, div.doctest pre"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "subsection_order": [
        f"../examples/{section}"
        for section in (
            "start_here",
            "forecasting",
            "panels",
            "labels_and_text",
            "inside",
            "comparison",
            "exercises",
        )
    ],
    # Others are too long for the build: their code is shown, but not run.
    "filename_pattern": "/plot_",
    "within_subsection_order": "NumberOfCodeLinesSortKey",
    "image_scrapers": ("gallery_thumbnails.scrape",),
    "default_thumb_file": str(Path(__file__).parent / "_static" / "no_picture.png"),
    "doc_module": "skrnn",
    "reference_url": {"skrnn": None},
    "backreferences_dir": "generated/backreferences",
    # Only the printed output of a script is shown, as in a terminal.
    "capture_repr": (),
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "download_all_examples": False,
    "write_computation_times": False,
    "abort_on_example_error": True,
}
# sphinx-gallery draws into memory, so this warning says nothing.
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
# An example or a page that skrnn warns about ends the build.
for _name in exceptions.__all__:
    warnings.filterwarnings("error", category=getattr(exceptions, _name))

_SKLEARN = "https://scikit-learn.org/stable/"
_LABELS = {
    "metadata_routing": "metadata_routing.html",
    "r2_score": "modules/model_evaluation.html#r2-score-the-coefficient-of-determination",
}
_REFERENCE = re.compile(r":ref:`([^<`]+?)\s*<([^>`]+)>`")
_TERM = re.compile(r":term:`([^<`]+)`")
_MATH = re.compile(r":math:`([^`]+)`")
_VERSION = re.compile(r"^ *\.\. version(added|changed)::.*\n(?:[ ]{4,}.*\n)*", flags=re.MULTILINE)


def link_to_sklearn(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Link docstrings of scikit-learn to its own pages, and drop its notes on versions.

    Its few formulas are read as text: MathJax would have to be fetched.
    """
    if not (getattr(inspect.unwrap(obj), "__module__", None) or "").startswith("sklearn"):
        return
    text = "\n".join(lines)
    text = _REFERENCE.sub(lambda m: f"`{m[1]} <{_SKLEARN}{_LABELS[m[2]]}>`__", text)
    text = _TERM.sub(lambda m: f"`{m[1]} <{_SKLEARN}glossary.html#term-{m[1]}>`__", text)
    text = _MATH.sub(lambda m: m[1].replace("R^2", "R²").replace(r"\frac{u}{v}", "u / v"), text)
    lines[:] = _VERSION.sub("", text).split("\n")


def setup(app: Any) -> None:
    """Connect the functions of this file."""
    # After numpydoc, which registers earlier.
    app.connect("autodoc-process-docstring", link_to_sklearn, priority=900)
