"""Compare what is in a wheel with what should be: `python tests/check_wheel.py dist/*.whl`."""

import re
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

PACKAGE = Path(__file__).parents[1] / "skrnn"


def check(wheel):
    """Fail if a file is missing or one too many, or if a link of the README is relative."""
    modules = [*PACKAGE.rglob("*.py"), PACKAGE / "py.typed"]
    metadata = ["METADATA", "RECORD", "WHEEL", "licenses/LICENSE"]
    folder = "-".join(Path(wheel).name.split("-")[:2]) + ".dist-info"
    expected = {path.relative_to(PACKAGE.parent).as_posix() for path in modules}
    expected |= {f"{folder}/{name}" for name in metadata}
    archive = ZipFile(wheel)
    found = set(archive.namelist())
    if found != expected:
        raise SystemExit(
            f"{wheel} has {sorted(found - expected)}, which nobody expects, and lacks "
            f"{sorted(expected - found)}."
        )
    print(f"{wheel} has {len(modules)} files of the package and {len(metadata)} about it.")
    about = message_from_bytes(archive.read(f"{folder}/METADATA"))
    relative = re.findall(r"\]\((?!https://)[^)]*\)", about.get_payload())
    if relative:
        raise SystemExit(f"The README of {wheel} has links that PyPI cannot follow: {relative}.")
    if not about.get_all("Project-URL"):
        print(
            "Its README has neither links to files nor pictures. For these, set Source under "
            "[project.urls] in pyproject.toml to the address of the repository."
        )


# pytest imports whatever is here, to look for doctests.
if __name__ == "__main__":
    check(*sys.argv[1:])
