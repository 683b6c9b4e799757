"""Requirements: the tested versions agree with pyproject.toml."""

import re
import tomllib

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# As in the target lock of the Makefile.
LOCKED_EXTRAS = ["test", "unequal-lengths", "docs", "release"]
LOCK = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")


def test_oldest_versions_that_are_tested_are_the_lower_bounds():
    oldest = (ROOT / "requirements" / "oldest.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w-]+)==([\d.]+)$", oldest, flags=re.MULTILINE))
    bounds = dict(text.split(">=") for text in PROJECT["dependencies"])
    assert pins.keys() == bounds.keys()
    for name, bound in bounds.items():
        # 1.6 is 1.6.0, as the standard compares versions.
        assert Version(pins[name]) == Version(bound), name


def locked_requirements() -> list[Requirement]:
    """Return the requirements of pyproject.toml in the lock, without skrnn's own extras."""
    extras = PROJECT["optional-dependencies"]
    texts = [*PROJECT["dependencies"]]
    for extra in LOCKED_EXTRAS:
        texts += extras[extra]
    return [item for item in map(Requirement, texts) if item.name != "skrnn"]


@pytest.mark.parametrize("requirement", locked_requirements(), ids=str)
def test_the_lock_holds_the_requirements_of_pyproject(requirement):
    pattern = rf"^{re.escape(canonicalize_name(requirement.name))}==([\w.+!]+)"
    locked = re.findall(pattern, LOCK, flags=re.MULTILINE)
    assert locked, f"{requirement} is not in requirements/dev.txt: make lock"
    for pinned in locked:  # one for each Python, perhaps
        assert requirement.specifier.contains(pinned), f"{requirement} is not {pinned}: make lock"


def test_each_line_of_the_lock_is_a_version_a_hash_or_a_comment():
    # No address of an index, no path, no file of this machine: a lock is for every machine.
    version = r"[\w.-]+==[\w.!]+( ; [^/:@]+)? \\"
    of_version = r"    --hash=sha256:[0-9a-f]{64}( \\)?|    #.*"
    line = re.compile(rf"#.*|{version}|{of_version}")
    assert [text for text in LOCK.splitlines() if not line.fullmatch(text)] == []
    assert "://" not in LOCK
