"""One input line of ``harness judge``: its form, and the declarations that it is judged by."""

import contextlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.checks.declared.output import Output
from harness.checks.json.decoder import MAX_BUILT_DEPTH, decode
from harness.checks.json.wording import kind_of, list_of, show
from harness.checks.schema.references import SchemaError
from harness.checks.schema.schema import Schema, compile_schema
from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.printable import excerpt
from harness.core.tool_form import ToolForm
from harness.core.tools import TOOL_CALLS
from harness.tasks.calls import require_calls

_BLANK = " \t\n\r"
_OF_VALUES = (*Output.parts_of("json"), "fence", "fence_language")
_OF_CALLS = tuple(Output.parts_of(TOOL_CALLS))
_PARTS = (*_OF_VALUES, *_OF_CALLS, "reasoning", "commentary")
"""The declarations that a line may have."""


@dataclass(frozen=True, slots=True, eq=False)
class Declarations:
    """A line's declarations about its answer. Lines written the same way share one of these."""

    output: Output
    broken: Mapping[str, str]
    """By part: why no check can be made of it."""


@dataclass(frozen=True, slots=True)
class JudgingLine:
    """A completion, and what is expected of it."""

    id: Any
    """A string or a number; it comes back as it is."""
    completion: str
    declared: Declarations
    prompt: str | None = None
    reference: Any = None
    alternatives: tuple[Any, ...] = ()
    """Other right answers."""
    finish_reason: str | None = None
    declares: tuple[str, ...] = ()
    """The keys by which the line says what is expected of its answer."""
    messages: tuple[Message, ...] | None = None
    """The conversation that was answered, in the forms that give it."""
    repeat: int | None = None
    """Index of the answer, where a row holds several."""
    error: str | None = None
    """Reason why there is no completion, in one line."""
    tool_form: ToolForm | None = None
    """The form in which the model's template writes calls, where the file says so."""
    task: str | None = None
    """Name of the task that it answers, where the file says so; empty for none."""

    @property
    def has_schema(self) -> bool:
        """The line brings a schema, sound or not."""
        return "schema" in self.declares

    @classmethod
    def parse(cls, raw: bytes) -> "JudgingLine":
        """Read one line of our own form; raises as ``of`` does."""
        return cls.of(decoded_row(raw))

    @classmethod
    def of(
        cls,
        row: Mapping[str, Any],
        *,
        messages: tuple[Message, ...] | None = None,
        repeat: int | None = None,
    ) -> "JudgingLine":
        """Read an object of our own form; keys that have no meaning here are ignored.

        Raises:
            HarnessError: it is no line to judge; the message says why.
        """
        value = {key: v for key, v in row.items() if v is not None}
        for key, (is_right, expected) in _FORMS.items():
            if key in value and not is_right(value[key]):
                raise HarnessError(f"{key}: expected {expected}, found {show(value[key])}")
        for key in ("id", "completion"):
            if key not in value:
                raise HarnessError(f"has no {key}, each line needs one")
        reference, *others = _references(value)
        parts = {part: value[part] for part in _PARTS if part in value}
        declared = _declarations(parts, _pointers_into([reference, *others]))
        if "tools" in parts:
            _require_calls(declared.output, [reference, *others])
        return cls(
            id=_plain(value["id"]),
            completion=value["completion"],
            prompt=value.get("prompt"),
            declared=declared,
            reference=reference,
            alternatives=tuple(others),
            finish_reason=value.get("finish_reason"),
            declares=(*parts, *[key for key in ("reference", "references") if key in value]),
            messages=messages,
            repeat=repeat,
        )

    @classmethod
    def failed(cls, name: Any, reason: str, repeat: int | None = None) -> "JudgingLine":
        """A line in whose place there is no completion; raises as ``of`` does."""
        line = cls.of({"id": name, "completion": "", "finish_reason": "error"}, repeat=repeat)
        return replace(line, error=reason)


def _require_calls(output: Output, references: list[Any]) -> None:
    if not isinstance(output.tools, list):
        raise HarnessError(f"tools: expected a list of tools, found {show(output.tools)}")
    try:
        require_calls(output, references)
    except ValueError as error:
        raise HarnessError(str(error)) from None


class _Written(str):
    """The text of a value, to know it again by: 1 is neither 1.0 nor true, as between keys."""

    content: Any

    def __new__(cls, content: Any) -> "_Written":
        made = super().__new__(cls, repr(content))
        made.content = content
        return made


def _declarations(parts: Mapping[str, Any], pointers: tuple[str, ...] | None) -> Declarations:
    try:
        return _read_once(_Written((parts, pointers)))
    except RecursionError:  # nested too deep for a text
        return _read(parts, pointers)


@lru_cache(maxsize=128)
def _read_once(written: _Written) -> Declarations:
    return _read(*written.content)


@lru_cache(maxsize=128)
def _schema_of(written: _Written) -> Schema:
    return compile_schema(written.content)


def _read(parts: Mapping[str, Any], pointers: tuple[str, ...] | None) -> Declarations:
    """Read declarations into the model of a task's ``output``.

    Args:
        parts: by key, as the line gives them.
        pointers: to the values of the line's reference; ``None`` where it has none.

    Raises:
        HarnessError: a part has not the form it should have.
    """
    form = TOOL_CALLS if not parts.keys().isdisjoint(_OF_CALLS) else "json"
    values, broken = {"format": form, **parts}, dict[str, str]()
    schema = _compiled(values.pop("schema", None), broken)
    try:
        output = Output.model_validate(values)
    except ValidationError as error:
        reasons = [_bad_setting(e, parts) for e in error.errors()]
        broken["timestamps"] = reasons[0]
        output = Output.model_validate({**values, "timestamps": {}})
    if form == TOOL_CALLS:
        return Declarations(output, broken)
    exact = () if pointers is None else output.exact or pointers
    return Declarations(output.model_copy(update={"exact": exact}).with_schema(schema), broken)


def _compiled(schema: Any, broken: dict[str, str]) -> Schema | None:
    if schema is None:
        return None
    if not isinstance(schema, dict | bool):
        raise HarnessError(f"schema: expected a JSON Schema, found {show(schema)}")
    try:
        return _schema_of(_Written(schema))
    except (SchemaError, RecursionError) as error:
        reason = str(error) if isinstance(error, SchemaError) else "it is nested too deep"
        broken["schema"] = f"schema: {reason}"
        return None


def _bad_setting(error: ErrorDetails, parts: Mapping[str, Any]) -> str:
    """The words for a setting of a time that no check can be made of.

    Raises:
        HarnessError: the mistake is another one.
    """
    if not error["loc"]:
        raise HarnessError(error["msg"].removeprefix("Value error, "))
    part, *place = error["loc"]
    if part == "timestamps" and len(place) == 1 and error["type"] == "value_error":
        return f"timestamps: {error['msg'].removeprefix('Value error, ')}"
    if part == "timestamps" and len(place) == 2 and place[1] not in ("kind", "[key]"):
        settings = json.dumps(parts[part][place[0]], default=str)
        if error["type"] == "unexpected_keyword_argument":
            return f"timestamps: {place[0]}: no such setting in {excerpt(settings, 200)}"
        reason = f"{place[1]}: {error['msg'][:1].lower()}{error['msg'][1:]}"
        return f"timestamps: {place[0]}: {excerpt(reason, 200)}, found {excerpt(settings, 200)}"
    if part in ("compare", "items") and error["type"] == "value_error":
        where = ".".join(str(step) for step in error["loc"] if step != "[key]")
        raise HarnessError(f"{where}: {error['msg'].removeprefix('Value error, ')}")
    given, expected = show(parts[str(part)]), Output.model_fields[str(part)].description
    if expected is None:
        raise HarnessError(f"{part}: {error['msg'][:1].lower()}{error['msg'][1:]}, found {given}")
    raise HarnessError(f"{part}: expected {expected}, found {given}")


def _pointers_into(references: Sequence[Any]) -> tuple[str, ...] | None:
    """Pointers to all top-level keys of the references, or to the whole of one that has none;
    ``None`` without a reference."""
    if references[0] is None:
        return None
    names = dict.fromkeys(name for r in references if isinstance(r, dict) for name in r)
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    has_other = any(not isinstance(reference, dict) for reference in references)
    return (*pointers, *([""] if has_other else []))


def decoded_row(raw: bytes) -> dict[str, Any]:
    """The JSON object in a line; its numbers are ``Decimal``.

    Raises:
        HarnessError: there is none; the message says why.
    """
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff").strip(_BLANK)
        decoded = decode(text, 0)
    except UnicodeDecodeError as error:
        raise HarnessError(f"is no UTF-8: byte {error.start + 1} ({error.reason})") from None
    except json.JSONDecodeError as error:
        raise HarnessError(f"is no JSON: {error.msg} at character {error.pos + 1}") from None
    if decoded.end != len(text):
        raise HarnessError(
            f"is no JSON: more text behind the value, at character {decoded.end + 1}"
        )
    if not isinstance(decoded.value, dict):
        raise HarnessError(f"expected an object, found {kind_of(decoded.value)}")
    return decoded.value


def _references(value: Mapping[str, Any]) -> list[Any]:
    """All references of a line, ``None`` where it has none.

    Raises:
        HarnessError: they are no references.
    """
    several = value.get("references")
    if several is None:
        return [_reference(value.get("reference"))]
    if "reference" in value:
        raise HarnessError("reference and references: one of the two")
    if not isinstance(several, list) or not several or None in several:
        raise HarnessError(f"references: expected a list of values, found {show(several)}")
    return [_reference(one) for one in several]


def _reference(value: Any) -> Any:
    """A reference written as JSON text is what the text says.

    Raises:
        HarnessError: it is nested deeper than values are built.
    """
    if isinstance(value, str) and value.strip(_BLANK)[:1] in ("{", "["):
        with contextlib.suppress(json.JSONDecodeError):
            text = value.strip(_BLANK)
            decoded = decode(text, 0)
            value = decoded.value if decoded.end == len(text) else value
    if _is_deep(value):
        raise HarnessError(f"reference: is nested deeper than {MAX_BUILT_DEPTH} levels")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_BUILT_DEPTH):
        containers = [v for v in level if isinstance(v, dict | list)]
        if not containers:
            return False
        level = [v for c in containers for v in (c.values() if isinstance(c, dict) else c)]
    return True


def _plain(value: Any) -> Any:
    """An id that ``json.dumps`` can write: a number beyond its range comes back as a string."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if math.isfinite(number) else str(value)
    return value


def is_id(value: Any) -> bool:
    """True for a string or a number, which can be the id of a line."""
    return isinstance(value, str | int | Decimal) and not isinstance(value, bool)


_REASONS = [reason.value for reason in FinishReason]
_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (is_id, "a string or a number"),
    "completion": (lambda v: isinstance(v, str), "a string"),
    "prompt": (lambda v: isinstance(v, str), "a string"),
    "finish_reason": (lambda v: v in _REASONS, list_of(_REASONS)),
}
"""Keys that declare nothing: a test of the value, and the words for what passes it."""
