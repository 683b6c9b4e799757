"""Pages of the site: their code runs as it stands, and files that they name exist."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import pytest
import sklearn
from conftest import ROOT
from packaging.version import Version

import skrnn

# A block of code, and its printed output if that follows at once.
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
PAGES = {
    page.relative_to(ROOT).as_posix(): BLOCK.findall(page.read_text(encoding="utf-8"))
    for page in sorted((ROOT / "docs").rglob("*.md"))
}
# Packages of the extra `interop`: tests_interop/ runs their blocks.
ELSEWHERE = re.compile(r"^(?:from|import) (?:dask|pyarrow|skforecast)\b", re.MULTILINE)
AS_PRINTED = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.skipif(
    Version(sklearn.__version__) < Version("1.9"),
    reason="the pages show the newest versions, such as scikit-learn's bars of progress",
)
# NumPy 2 asks Keras 3.15 for an argument that it does not have, whenever a model is saved.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("page", [page for page, blocks in PAGES.items() if blocks])
def test_code_of_a_page_prints_the_output_on_the_page(page, tmp_path, monkeypatch, on_no_screen):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for number, (code, expected) in enumerate(PAGES[page], start=1):
        if ELSEWHERE.search(code):
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{page}, block {number}", "exec"), namespace)
        if expected:
            compared = doctest.OutputChecker()
            example = doctest.Example(code, expected)
            assert compared.check_output(expected, printed.getvalue(), AS_PRINTED), (
                f"{page}, block {number}: "
                + compared.output_difference(example, printed.getvalue(), AS_PRINTED)
            )


def test_blocks_of_code_are_all_found():
    for page, blocks in PAGES.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        assert text.count("```python") == len(blocks), page


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = Path(skrnn.__file__).parent
# A folder of skrnn in the first table, and the modules to begin with.
FOLDER_ROW = re.compile(r"^\| `(_?[a-z_/]+)/` \|.*\| (`[^|]*`) \|$", re.MULTILINE)
# `windows/_rules.py`, or `_labels.py` for another file of a folder that was named before.
NAMED_FILE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py)\b")


def test_architecture_page_names_each_folder_and_its_modules():
    rows = dict(FOLDER_ROW.findall(ARCHITECTURE.partition("## Imports")[0]))
    folders = {
        path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*/__init__.py")
    }
    assert folders <= set(rows)
    for folder in folders:
        for module in re.findall(r"`(\w+)`", rows[folder]):
            assert (PACKAGE / folder / f"{module}.py").exists(), (folder, module)


def test_files_that_the_architecture_page_names_exist():
    files = [*PACKAGE.rglob("*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.py")]
    paths = [path.as_posix() for path in files]
    named = set(NAMED_FILE.findall(ARCHITECTURE))
    assert "windows/_rules.py" in named
    assert not [name for name in named if not any(path.endswith(f"/{name}") for path in paths)]
