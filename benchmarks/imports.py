"""Seconds of `import skrnn`, compared with the import of libraries that it depends on.

TensorFlow takes seconds to import. A program that only makes windows, or only loads a model, should
not wait for it. The clock runs inside a fresh interpreter, so the start of the interpreter is not
included.
"""

from __future__ import annotations

import importlib
from functools import partial

from timing import Comparison, call_in_fresh_process, compare, interleave, seconds_of

MODULES = {"skrnn": ["skrnn"], "sklearn.pipeline, pandas": ["sklearn.pipeline", "pandas"]}


def measure(*, quick: bool) -> list[Comparison]:
    imports = {
        name: partial(call_in_fresh_process, "imports", "seconds_to_import", modules=modules)
        for name, modules in MODULES.items()
    }
    # The first import reads the files from disk, so it is left out.
    interleave(imports, 1)
    seconds = interleave(imports, 2 if quick else 10)
    ours, against = MODULES
    return [compare("import skrnn", f"import {against}", seconds[ours], seconds[against], 1.3)]


def seconds_to_import(modules: list[str]) -> float:
    return seconds_of(lambda: [importlib.import_module(module) for module in modules])
