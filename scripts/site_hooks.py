"""Hooks of mkdocs: pages of linked repository files, titles of files, llms.txt.

A page of docs/ may link to any file of the repository. In the site such a file is a page or a file
under ``repository/``, so that no link leaves the site or needs a network.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
FOLDER = "repository"
SHIM = "https://unpkg.com/iframe-worker/shim"
"""Loaded by the plugin ``offline``, for a search without a server."""
OUR_SHIM = "javascripts/iframe-worker.js"
LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(\))")
FILE_OF_BLOCK = re.compile(r"^```(\w+) (\S+)$", re.MULTILINE)
CODE = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".sh": "bash", ".toml": "toml"}
UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"
sources: dict[str, str] = {}
"""Markdown of each page as it is in the site, by its path."""


def outside(page: str, link: str) -> str | None:
    """The repository file that ``link`` of a docs page leads to, where it leaves docs/."""
    # A page of repository/ lies as deep in the site as in the repository, one folder deeper.
    base = page.removeprefix(f"{FOLDER}/") if page.startswith(f"{FOLDER}/") else f"docs/{page}"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), link))
    is_ours = (ROOT / path).exists() and not path.startswith("..")
    return path if is_ours and (page.startswith(FOLDER) or not path.startswith("docs/")) else None


def place(path: str) -> str | None:
    """The place of a repository file in the site; ``None`` for a folder."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path == "README.md":
        return "index.md"
    if not (ROOT / path).is_file():
        return None
    shown = f"{FOLDER}/{path.removeprefix('.')}"  # mkdocs leaves folders with a dot out.
    return f"{shown}.md" if Path(path).suffix in CODE else shown


def in_site(page: str, text: str) -> str:
    """The page with its links to repository files as they are in the site."""

    def moved(link: re.Match[str]) -> str:
        path = outside(page, link[2])
        if path is None:
            return link[0]
        target = place(path)
        if target is None:
            return f"{link[1]}{link[2]}{link[3] or ''}{link[4]}"
        there = posixpath.relpath(target, posixpath.dirname(page) or ".")
        return f"{link[1]}{there}{link[3] or ''}{link[4]}"

    return LINK.sub(moved, text)


def repository_page(path: str) -> str:
    """The text of the page that shows a repository file."""
    text = (ROOT / path).read_text("utf-8")
    if Path(path).suffix == ".md":
        return f"{UNSEARCHED}{text}"
    return f"{UNSEARCHED}# {path}\n\n````{CODE[Path(path).suffix]}\n{text}\n````\n"


def on_files(files: Files, config: Any) -> Files:
    """Add the repository files that pages link to, and those that these link to."""
    waiting = [f.src_uri for f in files.documentation_pages()]
    texts = {uri: (ROOT / "docs" / uri).read_text("utf-8") for uri in waiting}
    while waiting:
        page = waiting.pop()
        for link in LINK.finditer(texts[page]):
            path = outside(page, link[2])
            target = place(path) if path else None
            if target is None or not target.startswith(FOLDER) or files.get_file_from_path(target):
                continue
            if target.endswith(".md"):
                texts[target] = repository_page(path)
                files.append(File.generated(config, target, content=texts[target]))
                waiting.append(target)
            else:
                files.append(File.generated(config, target, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    uri = page.file.src_uri
    if uri == "index.md":
        page.meta["hide"] = ["navigation", "toc"]
    text = FILE_OF_BLOCK.sub(r'```\1 title="\2"', in_site(uri, markdown))
    sources[uri] = text
    return text


def on_post_page(output: str, page: Any, **_: Any) -> str:
    here = posixpath.dirname(page.url) or "."
    return accessible(output).replace(SHIM, posixpath.relpath(OUR_SHIM, here))


def accessible(page: str) -> str:
    """The page with a name for the search, and code that the keyboard can scroll."""
    named = page.replace('role="dialog"', 'role="dialog" aria-label="Search"')
    return re.sub(r"(<pre[^>]*><span></span><code)>", r'\1 tabindex="0">', named)


def on_post_template(output_content: str, **_: Any) -> str:
    return output_content.replace(SHIM, f"/{OUR_SHIM}")


def on_post_build(config: Any) -> None:
    """Write each page as Markdown beside its HTML, ``llms.txt`` and ``llms-full.txt``."""
    site = Path(config["site_dir"])
    shown = {uri: text for uri, text in sources.items() if not uri.startswith(FOLDER)}
    for uri, text in shown.items():
        (site / uri).write_text(text, "utf-8")
    lines = [f"# {config['site_name']}", "", f"> {config['site_description']}", ""]
    order = []
    for part in config["nav"]:
        ((heading, entry),) = part.items()
        lines += [] if isinstance(entry, str) else [f"## {heading}", ""]
        for title, uri in _pages(entry, heading):
            order.append(uri)
            lines.append(f"- [{title}]({uri}): {summary(shown[uri])}")
        lines.append("")
    (site / "llms.txt").write_text("\n".join(lines), "utf-8")
    (site / "llms-full.txt").write_text("\n\n".join(shown[uri] for uri in order), "utf-8")


def _pages(entry: Any, title: str) -> list[tuple[str, str]]:
    """Title and path of the pages of a part of the nav, in order."""
    if isinstance(entry, str):
        return [(title, entry)]
    return [
        found for part in entry for name, below in part.items() for found in _pages(below, name)
    ]


def summary(text: str) -> str:
    """The first sentence under the title of a page."""
    body = re.sub(r"<!--.*?-->|^---\n.*?^---\n|^#[^\n]*$|^```.*?^```$", "", text, flags=re.S | re.M)
    first = next((p for p in body.split("\n\n") if re.match(r"\s*[\w`*\[\"]", p)), "")
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(first.split()))
    return re.split(r"(?<=[.:])\s", plain)[0].rstrip(":")
