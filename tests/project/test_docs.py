"""The code of each page of the site runs as it stands, and prints what stands beside it."""

import contextlib
import doctest
import io
import re

import pytest
import sklearn
from conftest import ROOT
from packaging.version import Version

# A block of code, and what it prints if that follows at once.
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\s*^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
PAGES = {
    page.relative_to(ROOT).as_posix(): BLOCK.findall(page.read_text(encoding="utf-8"))
    for page in sorted((ROOT / "docs").rglob("*.md"))
}
# Packages of the extra `interop`: tests_interop/ runs what needs them.
ELSEWHERE = re.compile(r"^(?:from|import) (?:dask|pyarrow|skforecast)\b", re.MULTILINE)
AS_PRINTED = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.skipif(
    Version(sklearn.__version__) < Version("1.9"),
    reason="the pages show the newest versions, such as scikit-learn's bars of progress",
)
# NumPy 2 asks Keras 3.15 for an argument that it does not have, whenever a model is saved.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("page", [page for page, blocks in PAGES.items() if blocks])
def test_code_of_a_page_prints_what_stands_beside_it(page, tmp_path, monkeypatch, on_no_screen):
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
