"""JSON pointers with ``*`` for every item: into a decoded value, and into the text it came from."""

import re
from collections.abc import Iterator
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from harness.checks.json.decoder import end_of_value
from harness.checks.text.document import MISSING, Document, Path

MAX_COUNTED_MEMBERS = 20_000
"""Members of one container that are stepped over in search of another; behind them a span is that
of the container."""
MAX_PATH_CHARACTERS = 200
"""A verdict has no longer path: its names may be a model's."""
_BLANK = re.compile(r"[ \t\n\r]*+")


class PointerMatch(NamedTuple):
    """One place that a pointer leads to in a value."""

    path: Path
    value: Any
    """``MISSING`` where the path ends in nothing."""

    @property
    def is_missing(self) -> bool:
        return self.value is MISSING

    @property
    def pointer(self) -> str:
        return pointer_of(self.path)


def pointer_of(path: Path) -> str:
    """``("a", 0)`` as ``/a/0``; the whole value is ``the value``."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in path) or "the value"


def verdict_path(path: Path) -> str | None:
    """``/a/0`` as a verdict has it; ``None`` of the whole value, and where it would be long."""
    pointer = pointer_of(path) if path else ""
    return pointer if 0 < len(pointer) <= MAX_PATH_CHARACTERS else None


def follow(value: Any, pointer: str) -> list[PointerMatch]:
    """Everything that ``pointer`` leads to: one place, or with ``*`` one for each item."""
    if "*" not in pointer:
        return [place_of(value, pointer)]
    places: list[tuple[Path, Any]] = [((), value)]
    for token in tokens_of(pointer):
        places = [step for place in places for step in _steps(place, token)]
    return [PointerMatch(path, found) for path, found in places]


def place_of(value: Any, pointer: str) -> PointerMatch:
    """The place that a pointer without ``*`` leads to; its path ends with the first step that is
    missing."""
    path: list[str | int] = []
    for token in tokens_of(pointer):
        step: str | int = token
        if isinstance(value, dict):
            value = value.get(token, MISSING)
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            step = int(token)
            value = value[step]
        elif value is MISSING:
            break
        else:
            value = MISSING
        path.append(step)
    return PointerMatch(tuple(path), value)


@lru_cache(maxsize=1024)
def tokens_of(pointer: str) -> tuple[str, ...]:
    """The names, indices and ``*`` of a pointer."""
    return tuple(t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:])


def value_at(value: Any, path: Path) -> Any:
    """The value at a path; ``MISSING`` where the path ends in nothing. A text has no items."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return MISSING
    return value


def _steps(place: tuple[Path, Any], token: str) -> list[tuple[Path, Any]]:
    """The places that ``token`` leads to from one place; a missing place stays missing."""
    path, value = place
    if isinstance(value, dict):
        if token in value:
            return [((*path, token), value[token])]
        if token == "*":
            return [((*path, name), member) for name, member in value.items()]
    elif isinstance(value, list):
        if token == "*":
            return [((*path, index), item) for index, item in enumerate(value)]
        if token.isdecimal() and int(token) < len(value):
            return [((*path, int(token)), value[int(token)])]
    elif value is MISSING:
        return [place]
    return [((*path, token), MISSING)]


def span_of(document: Document, path: Path, *, name: bool = False) -> tuple[int, int]:
    """The span in the text of the value at ``path``, or with ``name`` of that member's name.

    Where the path ends in nothing it is the span of the innermost container that is there.
    """
    if document.places is not None:
        return _placed(document, path, name=name)
    text = document.text
    start, end = document.start, document.end
    if document.lines is not None and path:
        index = path[0]
        if not isinstance(index, int) or index >= len(document.lines):
            return start, end
        start, end, path = document.lines[index], -1, path[1:]
    member: tuple[int, int] | None = None
    for part in path:
        found = _member(text, start, part)
        if found is None:
            return start, _end(text, start, end)
        member, start = found
        end = -1
    if name and member:
        return member
    return start, _end(text, start, end)


def _placed(document: Document, path: Path, *, name: bool) -> tuple[int, int]:
    """The span in a document that knows its places."""
    assert document.places is not None
    there = next((p for p in _outwards(path) if p in document.places), None)
    if there is None:
        return document.start, document.end
    place = document.places[there]
    return place.name if name and place.name and there == path else place.span


def _outwards(path: Path) -> Iterator[Path]:
    return (path[:count] for count in range(len(path), -1, -1))


def _end(text: str, start: int, known: int) -> int:
    if known >= 0:
        return known
    return end_of_value(text, start)


def _member(text: str, start: int, part: str | int) -> tuple[tuple[int, int], int] | None:
    """The span of a member's name and where its value begins; the last one of that name."""
    if text[start] not in "{[" or (text[start] == "{") is not isinstance(part, str):
        return None
    position = _skip(text, start + 1)
    found: tuple[tuple[int, int], int] | None = None
    for index in range(MAX_COUNTED_MEMBERS):
        if text[position] in "}]":
            break
        name_span, key = (position, position), index
        if isinstance(part, str):
            key, end = scanstring(text, position + 1, True)
            name_span = (position, end)
            position = _skip(text, _skip(text, end) + 1)
        if key == part:
            found = name_span, position
            if isinstance(part, int):
                break
        position = _skip(text, end_of_value(text, position))
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def _skip(text: str, position: int) -> int:
    blank = _BLANK.match(text, position)
    return blank.end() if blank else position
