"""The declarations that hold for a case: the task's, with the case's own in their place."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from harness.checks.declared.output import Output, OutputParts
from harness.checks.declared.stand_ins import Broken, Skip
from harness.checks.schema.formats import FORMATS
from harness.checks.schema.references import SchemaError
from harness.checks.schema.schema import Schema, compile_schema
from harness.checks.tools.tool import require_tools
from harness.core.errors import HarnessError
from harness.core.judged import BehaviorFile
from harness.core.plan import sha256_of
from harness.core.verdict import Check
from harness.files.regular import read_regular
from harness.files.strict_json import NotJson, decode
from harness.tasks.task_file import CaseLine


@dataclass(frozen=True)
class CaseOutputs:
    """The declarations of a task's cases, each made once for all cases that write them alike."""

    output: Output
    """The task's."""
    made: dict[str, Output] = field(default_factory=dict)
    """By the text of the case's own."""
    checks: dict[tuple[str, str], Check] = field(default_factory=dict)
    """By behavior, and by the text of the case's own."""

    def of(self, declared: str) -> Output:
        """The declarations of a case with ``declared`` as its own; its schema is compiled when it
        is needed."""
        if not declared:
            return self.output
        if declared not in self.made:
            parts = OutputParts.model_validate_json(declared)
            output = self.output.with_parts(parts)
            if parts.given_schema is not None:
                own = partial(compiled, parts.given_schema, output.assert_formats)
                output = output.with_schema(own)
            self.made[declared] = output
        return self.made[declared]

    def declares(self, cases: Iterable[str]) -> frozenset[str]:
        """The words that hold for one case at least, of the texts of the cases' own.

        They depend on which parts are given, and are not empty.
        """
        alike: dict[object, str] = {}
        for declared in cases:
            parts = json.loads(declared or "{}")
            full = frozenset(name for name, value in parts.items() if value)
            alike[parts.get("format"), frozenset(parts), full] = declared
        return frozenset[str]().union(*(self.of(declared).declares for declared in alike.values()))

    def check_of(self, behavior: BehaviorFile, declared: str) -> Check:
        """The behavior's check for a case with ``declared`` as its own."""
        key = behavior.__name__, declared
        if key not in self.checks:
            self.checks[key] = _made(behavior, self.of(declared), is_case=bool(declared))
        return self.checks[key]


def _made(behavior: BehaviorFile, output: Output, *, is_case: bool) -> Check:
    whose = "case" if is_case else "task"
    if lacking := sorted(set(behavior.NEEDS) - output.declares):
        return Skip.lacking(lacking[0], whose)
    try:
        return behavior.check_for(output)
    except SchemaError as error:
        return Broken(f"the {whose}'s schema: {error}")


class UnheldFormats(SchemaError):
    """Formats that are to be asserted, and that nothing here asserts."""


def compiled(raw: object, assert_formats: bool | Literal["known"]) -> Schema:
    """Compile a task's schema, or a case's. A format that nothing asserts is a mistake unless those
    that are ``known`` were asked for.

    Raises:
        SchemaError: it is none, or ``UnheldFormats``.
    """
    schema = compile_schema(raw, assert_formats=bool(assert_formats))
    if schema.unheld_formats and assert_formats != "known":
        names = ", ".join(map(repr, schema.unheld_formats))
        known = ", ".join(sorted(FORMATS.checkers))
        raise UnheldFormats(
            f"assert_formats: nothing here asserts the format {names}, write a pattern, "
            f"assert_formats: known or none at all; there are {known}"
        )
    return schema


def read_schema(
    task_file: Path, path: Path | None, assert_formats: bool | Literal["known"]
) -> Schema | None:
    """The compiled schema of a task's file; ``None`` where it names none.

    Raises:
        HarnessError: the file cannot be read, or holds no schema.
    """
    if path is None:
        return None
    try:
        return compiled(decode(read_regular(path)), assert_formats)
    except FileNotFoundError:
        raise HarnessError(f"{task_file}: schema: {path} is not there") from None
    except NotJson as error:
        raise HarnessError(f"{path}:{error.line}: not valid JSON: {error}") from None
    except UnheldFormats as error:
        raise HarnessError(f"{path}:1: {error}") from None
    except SchemaError as error:
        raise HarnessError(f"{path}:1: not a JSON Schema: {error}") from None


@dataclass
class NamedFiles:
    """The files of schemas and tools that a task or its cases name: each is read once, and its
    content takes its place."""

    folder: Path
    content: dict[str, object] = field(default_factory=dict)
    """By name, as the cases have it."""

    def inlined(self, line: CaseLine) -> CaseLine:
        """The line with the content of the files that its schema and its tools name.

        Raises:
            HarnessError: a file cannot be read, or holds no schema, or no tools.
        """
        given: dict[str, object] = {}
        if isinstance(line.given_schema, str):
            given["given_schema"] = self._content("schema", line.given_schema)
        if isinstance(line.tools, str):
            given["tools"] = self._content("tools", line.tools)
        return line.model_copy(update=given) if given else line

    def hashed(self, cases: str) -> str:
        """The hash of the cases, and of the files that they name; ``cases`` is that of their
        lines."""
        return sha256_of([cases, self.content]) if self.content else cases

    def _content(self, part: str, name: str) -> object:
        if name not in self.content:
            self.content[name] = _read(part, self.folder / name)
        return self.content[name]


def tools_in(folder: Path, tools: object) -> object:
    """A task's tools, read from the file that they name.

    Raises:
        HarnessError: it cannot be read, or holds no tools.
    """
    return _read("tools", folder / tools) if isinstance(tools, str) else tools


def _read(part: str, path: Path) -> object:
    try:
        raw = decode(read_regular(path))
    except FileNotFoundError:
        raise HarnessError(f"{part}: {path} is not there") from None
    except NotJson as error:
        raise HarnessError(f"{part}: {path}:{error.line}: not valid JSON: {error}") from None
    if part == "tools":
        try:
            require_tools(raw)
        except ValueError as error:
            raise HarnessError(f"{path}: {error}") from None
    elif not isinstance(raw, dict | bool):
        raise HarnessError(f"schema: {path}: a schema is an object, true or false")
    return raw
