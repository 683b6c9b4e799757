"""Build hook: the README for PyPI, which has none of the files that it links to."""

import re
from pathlib import Path
from urllib.parse import urljoin

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https://)([^)]*)\)")


class ReadmeHook(MetadataHookInterface):
    """Make relative links of the README absolute.

    They lead to the tag of the version, such as v0.2.0, at the address `Source` of
    `[project.urls]`. Without an address, links become plain text, and pictures are left out.
    """

    def update(self, metadata: dict) -> None:
        """Add the README to the metadata of the package."""
        source = metadata.get("urls", {}).get("Source")

        def replace(link: re.Match) -> str:
            mark, text, target = link.groups()
            if source is None:
                return "" if mark else text
            page = f"{source}/{'raw' if mark else 'blob'}/v{metadata['version']}/README.md"
            return f"{mark}[{text}]({urljoin(page, target)})"

        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = RELATIVE_LINK.sub(replace, readme)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
