"""Reads the events of one YAML document into a value, with the place of every part.

libyaml finds the events; they are read one after another, so that nothing is nested in Python. An
answer is hostile input: what expands, nests or repeats without end is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from harness.checks.json.fault import Fault
from harness.checks.text.document import BLANK, MISSING, Path, Place
from harness.checks.yaml.scalars import NotANumber, plain_value
from harness.core.printable import excerpt
from harness.core.verdict import FailureCode

MAX_DEPTH = 200
"""Collections inside one another: libyaml takes time quadratic in it, and schemas a stack."""
MAX_VALUES = 1_000_000
"""Values with what aliases repeat."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_HALF = re.compile("[\ud800-\udfff]")


class Refused(Exception):
    """The document is not read; the fault says why."""

    def __init__(self, code: FailureCode, reason: str, span: tuple[int, int]) -> None:
        super().__init__(reason)
        self.fault = Fault(code, reason, span, span[0])


@dataclass(slots=True)
class Collection:
    """A mapping or a list that is being read."""

    value: Any
    path: Path
    start: int
    is_flow: bool
    anchor: str | None
    key: tuple[str, tuple[int, int]] | None = None
    """Of a mapping: the key whose value comes next, and its place."""
    size: int = 1
    """Values in it, those of aliases each time."""


@dataclass(slots=True)
class Reading:
    """One document as far as it was read."""

    text: str
    value: Any = MISSING
    root: Any = None
    """The event of the outermost value."""
    places: dict[Path, Place] = field(default_factory=dict)
    anchor: tuple[int, int] | None = None
    """The first anchor or alias."""
    flow: tuple[int, int] | None = None
    """The first mapping in braces."""
    duplicate: tuple[str, tuple[int, int]] | None = None
    """The first key that its mapping has twice."""
    quoted: list[tuple[int, int]] = field(default_factory=list)
    """Texts in quotes or in blocks, in which marks are content."""
    second: tuple[int, int] | None = None
    """The beginning of a second document, which is not read."""
    open: list[Collection] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    """Value and size of each anchor that is whole."""

    def read(self) -> "Reading":
        """Read all events.

        Raises:
            Refused: the text is no YAML, or grows too large.
        """
        for event in _events(self.text):
            if isinstance(event, yaml.DocumentStartEvent):
                if self.root is not None:
                    self.second = _span(event)
                    break
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close(event)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
        return self

    def _open(self, event: Any) -> None:
        self._require_known_tag(event, "map", "seq")
        path, name = self._next_path(event)
        if len(self.open) == MAX_DEPTH:
            reason = f"collections are nested deeper than {MAX_DEPTH}"
            raise Refused(FailureCode.SYNTAX, reason, _span(event))
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        value: Any = {} if is_mapping else []
        if event.flow_style and is_mapping:
            self.flow = self.flow or _span(event)
        self._note_anchor(event)
        start = event.start_mark.index
        self.open.append(Collection(value, path, start, bool(event.flow_style), event.anchor))
        self.places[path] = Place((start, start), name)
        self._place_root(event)

    def _close(self, event: Any) -> None:
        done = self.open.pop()
        end = event.end_mark.index if done.is_flow else self._trimmed(event.start_mark.index)
        self.places[done.path] = self.places[done.path]._replace(span=(done.start, end))
        if done.anchor:
            self.anchors[done.anchor] = done.value, done.size
        self._add(done.value, done.size)

    def _alias(self, event: Any) -> None:
        self.anchor = self.anchor or _span(event)
        if event.anchor not in self.anchors:
            reason = f"the alias *{excerpt(event.anchor)} names no value before it"
            raise Refused(FailureCode.SYNTAX, reason, _span(event))
        value, size = self.anchors[event.anchor]
        if self._awaits_key:
            self._set_key(value, event)
            return
        path, name = self._next_path(event)
        self.places[path] = Place(_span(event), name)
        self._add(value, size)

    def _scalar(self, event: Any) -> None:
        self._note_anchor(event)
        self._place_root(event)
        value = self._value_of(event)
        start = event.start_mark.index
        span = start, max(start, self._trimmed(event.end_mark.index))
        if event.style:
            self.quoted.append(span)
        if event.anchor:
            self.anchors[event.anchor] = value, 1
        if self._awaits_key:
            self._set_key(event.value, event)
            return
        path, name = self._next_path(event)
        self.places[path] = Place(span, name)
        self._add(value, 1)

    def _value_of(self, event: Any) -> Any:
        self._require_known_tag(event, "str", "int", "float", "bool", "null")
        if event.tag == f"{_CORE}str" or not (event.implicit[0] or event.tag):
            return event.value
        try:
            return plain_value(event.value)
        except NotANumber:
            reason = f"expected a value, found {event.value}: JSON has no such number"
            raise Refused(FailureCode.NAN, reason, _span(event)) from None

    def _require_known_tag(self, event: Any, *names: str) -> None:
        if event.tag and event.tag not in {"!", *(f"{_CORE}{name}" for name in names)}:
            reason = f"the tag {excerpt(event.tag)} is none of YAML's core schema"
            raise Refused(FailureCode.SYNTAX, reason, _span(event))

    @property
    def _awaits_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and not self.open[-1].key

    def _set_key(self, key: Any, event: Any) -> None:
        """Keys are texts, as those of JSON are."""
        if isinstance(key, list | dict):
            raise Refused(FailureCode.SYNTAX, "a key is a text, found a collection", _span(event))
        name = key if isinstance(key, str) else str(key)
        mapping = self.open[-1]
        if name in mapping.value:
            self.duplicate = self.duplicate or (name, _span(event))
        mapping.key = name, _span(event)

    def _next_path(self, event: Any) -> tuple[Path, tuple[int, int] | None]:
        """The path of the value that begins, and the place of its name."""
        if not self.open:
            return (), None
        holder = self.open[-1]
        if isinstance(holder.value, list):
            return (*holder.path, len(holder.value)), None
        if holder.key is None:
            raise Refused(FailureCode.SYNTAX, "a key is a text, found a collection", _span(event))
        return (*holder.path, holder.key[0]), holder.key[1]

    def _add(self, value: Any, size: int) -> None:
        if not self.open:
            self.value = value
            return
        holder = self.open[-1]
        holder.size += size
        if holder.size > MAX_VALUES:
            place = self.places[holder.path].span
            reason = f"aliases make more than {MAX_VALUES:,} values of it"
            raise Refused(FailureCode.SYNTAX, reason, place)
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is not None:
            holder.value[holder.key[0]] = value
            holder.key = None

    def _note_anchor(self, event: Any) -> None:
        if event.anchor:
            self.anchor = self.anchor or _span(event)

    def _place_root(self, event: Any) -> None:
        self.root = self.root or event

    def _trimmed(self, end: int) -> int:
        """The end without the blanks before it."""
        while end and self.text[end - 1] in BLANK:
            end -= 1
        return end


def _span(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _characters(text: str, count: int) -> int:
    """The offset of a byte: libyaml counts those of UTF-8."""
    return len(text.encode("utf-8", "replace")[:count].decode("utf-8", "ignore"))


def _events(text: str) -> Iterator[Any]:
    """libyaml's events.

    Raises:
        Refused: the text is no YAML.
    """
    try:
        # Half a character cannot be written as UTF-8, in which libyaml reads.
        yield from yaml.parse(_HALF.sub("\ufffd", text), Loader=_LOADER)
    except yaml.reader.ReaderError as error:
        position = _characters(text, error.position)
        found = excerpt(text[position : position + 1])
        reason = f"YAML has no such character: {found}"
        raise Refused(FailureCode.SYNTAX, reason, (position, position + 1)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = min(mark.index if mark else len(text), len(text))
        reason = f"is no YAML: {error.problem or error.context}"
        span = position, min(position + 1, len(text))
        raise Refused(FailureCode.SYNTAX, reason, span) from None
