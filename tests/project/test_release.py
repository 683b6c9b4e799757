"""Release: the version, the changelog and the citation agree."""

import datetime
import re
import runpy
from importlib.metadata import version

from conftest import ROOT
from packaging.version import Version

import skrnn

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.*)$", CHANGELOG, flags=re.MULTILINE)


def last_release():
    """Return version and date of the newest release in the changelog."""
    number, date = re.fullmatch(r"\[(\S+)\] - (\S+)", HEADINGS[1]).groups()
    return Version(number), datetime.date.fromisoformat(date)


def test_the_installed_package_has_this_version():
    told = version("skrnn")
    assert told == skrnn.__version__, (
        f"The metadata of the installed skrnn are those of {told}: install it again, with "
        "pip install -e . or make"
    )


def test_the_changelog_begins_with_unreleased_changes():
    assert HEADINGS[0] == "[Unreleased]"


def test_the_newest_release_of_the_changelog_is_this_version_or_the_one_before():
    released, _ = last_release()
    current = Version(skrnn.__version__)
    if current.is_devrelease:
        assert released < current
    else:
        assert released == current


def test_releases_of_the_changelog_are_ordered_newest_first():
    releases = [Version(re.match(r"\[(\S+)\]", heading)[1]) for heading in HEADINGS[1:]]
    assert releases == sorted(set(releases), reverse=True)


def test_the_citation_names_the_newest_release_of_the_changelog():
    number = re.search(r'^version: "?([^"\n]+)"?$', CITATION, flags=re.MULTILINE)[1]
    date = re.search(r'^date-released: "?([\d-]+)"?$', CITATION, flags=re.MULTILINE)[1]
    assert (Version(number), datetime.date.fromisoformat(date)) == last_release()


def readme_for_pypi(**urls):
    """Return the README that the build hook writes for version 1.2.3."""
    metadata = {"version": "1.2.3", "urls": urls}
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))["ReadmeHook"]
    hook(str(ROOT), {}).update(metadata)
    return metadata["readme"]["text"]


def test_links_of_the_readme_lead_to_the_files_of_the_version():
    source = "https://github.com/someone/skrnn"
    text = readme_for_pypi(Source=source)
    absolute = re.findall(r"\]\((https://[^)]*)\)", text)
    relative = re.findall(r"\]\(([^)]*)\)", README)
    kept = [target for target in relative if target.startswith("https://")]
    expected = {
        f"{source}/blob/v1.2.3/docs/install.md",
        f"{source}/raw/v1.2.3/docs/laser.png",
    }
    expected |= {f"{source}/blob/v1.2.3/README.md#where-to-read-on", *kept}
    assert expected <= set(absolute)
    assert len(absolute) == len(relative)


def test_without_an_address_the_readme_on_pypi_keeps_the_text_of_links():
    text = readme_for_pypi()
    assert not re.search(r"\]\((?!https://)", text)
    assert "![" not in text
    assert "scores: how sure is it?." in text


def test_code_of_the_readme_is_the_same_on_pypi():
    code = re.compile(r"^```.*?^```$", flags=re.DOTALL | re.MULTILINE)
    assert code.findall(readme_for_pypi()) == code.findall(README)
