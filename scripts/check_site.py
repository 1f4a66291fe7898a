"""Looks for dead links, missing anchors and loaded network resources in the built site.

python -m scripts.check_site [FOLDER]
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "srcset", "link": "href"}
"""The attribute of each element that a browser loads by itself."""
NETWORK = re.compile(r"(?:https?:)?//")
IN_STYLES = re.compile(r"@import\s|url\(\s*[\"']?(?:https?:)?//")


@dataclass
class Page(HTMLParser):
    """Anchors, links and loaded resources of one page."""

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if LOADED.get(tag) in given and given.get("rel") != "canonical":
            self.loaded.append(given[LOADED[tag]])


def faults(site: Path) -> Iterator[str]:
    """One line for each fault."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    for page in pages.values():
        name = page.path.relative_to(site)
        for target in page.loaded:
            if NETWORK.match(target):
                yield f"{name}: loads {target}"
        for target in {*page.links, *page.loaded}:
            if fault := _dead(site.resolve(), page, target, pages):
                yield f"{name}: {fault}"
    for style in sorted(site.rglob("*.css")):
        if IN_STYLES.search(style.read_text("utf-8")):
            yield f"{style.relative_to(site)}: loads something of the network"


def _dead(site: Path, page: Page, target: str, pages: dict[Path, Page]) -> str | None:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    named = unquote(parts.path)
    there = site / named.lstrip("/") if named.startswith("/") else page.path.parent / named
    path = (there if named else page.path).resolve()
    if path.is_dir():
        path /= "index.html"
    if not path.is_file():
        return f"{target}: there is no such file"
    anchor = unquote(parts.fragment)
    if anchor and path in pages and anchor not in pages[path].ids and anchor != "__skip":
        return f"{target}: there is no such anchor"
    return None


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "site")
    found = sorted(set(faults(folder)))
    print(*found, sep="\n" if found else "")
    sys.exit(f"{folder}: {len(found)} faults" if found else 0)
