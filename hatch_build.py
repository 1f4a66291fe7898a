"""The package's description: README.md with links that work away from the repository.

Links in README.md lead from file to file, so that they hold in every checkout and branch. An index
shows the text alone, where such a link leads nowhere and an image is not found.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

BRANCH = "main"
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<image>!\[[^\]]*)?\]\((?P<to>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")


class IndexReadme(MetadataHookInterface):
    """hatchling's hook for ``readme``, which ``pyproject.toml`` leaves to it."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text("utf-8")
        absolute = for_index(text, metadata["urls"]["Repository"])
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute}


def for_index(text: str, repository: str) -> str:
    """The text with links to files of the repository at its address; code blocks stay."""

    def absolute(found: re.Match[str]) -> str:
        # An image is wanted as its bytes, any other file as the page that shows it.
        view = "raw" if found["image"] else "blob"
        place = f"{repository}/{view}/{BRANCH}/{found['to']}{found['anchor'] or ''}"
        return f"{found['image'] or ''}]({place})"

    blocks = [*_FENCE.findall(text), ""]
    around = (_LINK.sub(absolute, part) for part in _FENCE.split(text))
    return "".join(part + block for part, block in zip(around, blocks, strict=True))
