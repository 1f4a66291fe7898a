"""Output that a page shows, held against what its command prints."""

import re

_MEASURED = re.compile(
    r"\d[\d,.]*(?= (?:s|min|MB|ms|h|a second)\b)|\b\d+:\d\d left|\b20\d{6}-\d{6}-\w{4}\b"
)
"""Times, memory and ids of runs: of one machine and one day."""


def missing_line(found: str, shown: list[str]) -> str | None:
    """The first shown line that is not printed there; ``None`` where all are.

    Lines must follow each other but for blank ones, ``...`` stands for any, and a line may be shown
    in part. Numbers of seconds and megabytes may differ.
    """
    rest = [_plain(line) for line in found.splitlines() if line.strip()]
    may_skip = True
    for line in shown:
        if line == "...":
            may_skip = True
            continue
        if not line.strip():
            continue
        places = range(len(rest)) if may_skip else range(min(1, len(rest)))
        at = next((i for i in places if _fits(_plain(line), rest[i])), None)
        if at is None:
            return line
        rest = rest[at + 1 :]
        may_skip = False
    return None


def _plain(line: str) -> str:
    return _MEASURED.sub("#", " ".join(line.split()))


def _fits(wanted: str, line: str) -> bool:
    """``wanted`` is a part of ``line``; three dots inside it stand for anything."""
    parts = (re.escape(part) for part in wanted.split("..."))
    return re.search(".*".join(parts), line) is not None
