"""Compare what is in a wheel with what should be: `python tests/check_wheel.py dist/*.whl`."""

import sys
from pathlib import Path
from zipfile import ZipFile

PACKAGE = Path(__file__).parents[1] / "skrnn"


def check(wheel):
    """Fail if a file is missing or one too many."""
    modules = [*PACKAGE.rglob("*.py"), PACKAGE / "py.typed"]
    metadata = ["METADATA", "RECORD", "WHEEL", "licenses/LICENSE"]
    folder = "-".join(Path(wheel).name.split("-")[:2]) + ".dist-info"
    expected = {path.relative_to(PACKAGE.parent).as_posix() for path in modules}
    expected |= {f"{folder}/{name}" for name in metadata}
    found = set(ZipFile(wheel).namelist())
    if found != expected:
        raise SystemExit(
            f"{wheel} has {sorted(found - expected)}, which nobody expects, and lacks "
            f"{sorted(expected - found)}."
        )
    print(f"{wheel} has {len(modules)} files of the package and {len(metadata)} about it.")


# pytest imports whatever is here, to look for doctests.
if __name__ == "__main__":
    check(*sys.argv[1:])
