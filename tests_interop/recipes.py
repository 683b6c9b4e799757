"""Code of docs/recipes.md: the first block, and the block of a recipe."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")
START, *BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def find_block(package):
    """Return the block that imports a package."""
    (block,) = (code for code in BLOCKS if re.search(rf"^(from|import) {package}\b", code, re.M))
    return block


def run_block(package):
    """Run the first block and that of a package in the working folder; return their variables."""
    names = {"__name__": "page"}
    for code in (START, find_block(package)):
        exec(code, names)
    return names
