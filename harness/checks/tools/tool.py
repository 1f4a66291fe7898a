"""The tools that a task declares, in OpenAI's form, with the schemas of their arguments."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from harness.checks.json.wording import kind_of, show
from harness.checks.schema.references import SchemaError
from harness.checks.schema.schema import Schema, compile_schema
from harness.core.suggestion import did_you_mean

MAX_TOOLS = 512
KEPT = 1024
"""Sets of tools whose compiled schemas are kept."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_KEYS = ("name", "description", "parameters", "strict")
_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({"type": "object", "properties": {}})
_COMBINING = {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"}
_OPEN = {"additionalProperties", "unevaluatedProperties", "patternProperties"}
_OF_ONE = ("items", "contains", "not", "if", "then", "else")
_OF_NAMED = ("properties", "$defs", "definitions", "patternProperties")
_OF_LIST = ("prefixItems", "allOf", "anyOf", "oneOf")


@dataclass(frozen=True)
class Tool:
    """One function that a model may call."""

    name: str
    parameters: Mapping[str, Any]
    """The JSON Schema of its arguments."""
    is_strict: bool = False
    """No argument is allowed beside those that the schema names."""

    @cached_property
    def schema(self) -> Schema:
        """The compiled schema.

        Raises:
            SchemaError: it is none.
        """
        raw = json.loads(json.dumps(dict(self.parameters)))
        return compile_schema(_closed(raw) if self.is_strict else raw)


@dataclass(frozen=True, eq=False)
class Toolset:
    """The tools of a case, by name."""

    tools: Mapping[str, Tool]

    def unknown(self, name: str) -> str:
        """The words for a name that no tool has."""
        there = ", ".join(list(self.tools)[:6])
        return did_you_mean(name[:200], self.tools, f"there are: {there}")

    def problem(self) -> str:
        """The reason why a schema cannot be compiled; empty where all can."""
        for tool in self.tools.values():
            try:
                _ = tool.schema
            except SchemaError as error:
                return f"{tool.name}: {error}"
        return ""


@lru_cache(KEPT)
def toolset_of(text: str, is_strict: bool = False) -> Toolset:
    """The tools in a JSON text that ``require_tools`` has seen.

    ``is_strict`` makes all of them strict.
    """
    functions = [entry["function"] for entry in json.loads(text)]
    tools = (
        Tool(
            f["name"],
            f.get("parameters") or _NO_PARAMETERS,
            is_strict or f.get("strict") is True,
        )
        for f in functions
    )
    return Toolset({tool.name: tool for tool in tools})


def require_tools(value: Any) -> None:
    """
    Raises:
        ValueError: a value is no list of tools in OpenAI's form.
    """
    if not isinstance(value, list) or not value:
        raise ValueError(f"tools: expected a list with at least one tool, found {show(value)}")
    if len(value) > MAX_TOOLS:
        raise ValueError(f"tools: expected at most {MAX_TOOLS}, found {len(value):,}")
    seen = set[str]()
    for index, entry in enumerate(value):
        name = _require_tool(entry, f"tools.{index}")
        if name in seen:
            raise ValueError(f"tools.{index}: the name {name!r} is another tool's too")
        seen.add(name)


def _require_tool(entry: Any, where: str) -> str:
    """The tool's name."""
    expected = 'expected {"type": "function", "function": {"name": ..., "parameters": ...}}'
    if not isinstance(entry, dict) or set(entry) != {"type", "function"}:
        raise ValueError(f"{where}: {expected}, found {show(entry)}")
    function = entry["function"]
    if entry["type"] != "function" or not isinstance(function, dict):
        raise ValueError(f"{where}: {expected}, found {show(entry)}")
    if unknown := [key for key in function if key not in _KEYS]:
        hint = did_you_mean(str(unknown[0]), _KEYS, f"there are: {', '.join(_KEYS)}")
        raise ValueError(f"{where}: a function has no key {unknown[0]!r:.60}, {hint}")
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{where}: expected a name of letters, digits, _ . -, found {show(name)}")
    parameters = function.get("parameters")
    if not isinstance(parameters, dict | None):
        raise ValueError(
            f"{where} ({name}): parameters: expected a JSON Schema, found {kind_of(parameters)}"
        )
    for key, kind in (("description", str), ("strict", bool)):
        if not isinstance(function.get(key), kind | None):
            raise ValueError(f"{where} ({name}): {key}: found {show(function[key])}")
    return name


def _closed(schema: Any) -> Any:
    """The schema with no keys beside those in ``properties``, of each object that is described by
    these alone."""
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    for key in _OF_ONE:
        if key in made:
            made[key] = _closed(made[key])
    for key in _OF_LIST:
        if isinstance(made.get(key), list):
            made[key] = [_closed(part) for part in made[key]]
    for key in _OF_NAMED:
        if isinstance(made.get(key), dict):
            made[key] = {name: _closed(part) for name, part in made[key].items()}
    if isinstance(made.get("properties"), dict) and not made.keys() & (_COMBINING | _OPEN):
        made["additionalProperties"] = False
    return made
