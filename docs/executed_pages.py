"""Run the Python code of the pages, and show below each block what it printed and drew.

The pages are plain Markdown, which GitHub shows, too. Their blocks of Python run in order, in one
namespace, while the site is built. An error ends the build. The tests use the same function.
"""

import base64
import contextlib
import io
import re
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

# Blocks of `py` are shown, but not run.
BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
# Packages of the extra `interop`, which the site is built without. tests_interop/ runs these
# blocks, and their output is written in the page.
ELSEWHERE = re.compile(
    r"^(?:from|import) (?:dask|fastapi|mlflow|onnxruntime|optuna|pyarrow|shap|skforecast)\b",
    flags=re.MULTILINE,
)
# Longer lines, such as warnings, are wrapped as in a terminal.
COLUMNS = 88


def run_page(text: str, page: str) -> tuple[list[tuple[str, list[bytes]]], dict[str, Any]]:
    """Run the blocks of a page in a temporary folder.

    Returns the printed output and the figures (SVG) of each block, and the variables at the end.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    results = []
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for number, code in enumerate(BLOCK.findall(text), start=1):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                if not ELSEWHERE.search(code):
                    exec(compile(code, f"{page}, block {number}", "exec"), names)
            results.append((printed.getvalue(), take_figures()))
    return results, names


def take_figures() -> list[bytes]:
    """Draw the open figures as SVG, and close them."""
    figures = []
    for number in plt.get_fignums():
        drawn = io.BytesIO()
        plt.figure(number).savefig(drawn, format="svg")
        plt.close(number)
        figures.append(drawn.getvalue())
    return figures


def as_markdown(printed: str, figures: list[bytes]) -> str:
    """Return what stands below a block in the site."""
    lines = [part for line in printed.splitlines() for part in textwrap.wrap(line, COLUMNS) or [""]]
    # Four backticks: the output may have three of its own.
    below = ["````text", *lines, "````"] if printed else []
    for figure in figures:
        data = base64.b64encode(figure).decode()
        # HTML, because MyST's parser refuses addresses that hold an SVG.
        source = f"data:image/svg+xml;base64,{data}"
        below.append(f'\n<img alt="The figure that this code draws." src="{source}">')
    return "\n".join(["", "", *below]) if below else ""


def show_results(app: Any, docname: str, source: list[str]) -> None:
    """Put the results of each block behind it, before Sphinx parses the page."""
    page = Path(app.env.doc2path(docname)).name
    if page.endswith(".md"):
        results = iter(run_page(source[0], page)[0])
        source[0] = BLOCK.sub(lambda block: block[0] + as_markdown(*next(results)), source[0])


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", show_results)
    return {"parallel_read_safe": True}
