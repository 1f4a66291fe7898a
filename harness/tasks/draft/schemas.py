"""Schemas that a person has: a JSON Schema's file, a Pydantic model, or the answers of rows."""

import importlib
import importlib.util
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from harness.checks.schema.formats import FORMATS
from harness.checks.schema.references import SchemaError
from harness.checks.schema.schema import compile_schema
from harness.core.errors import HarnessError, one_line
from harness.core.suggestion import did_you_mean
from harness.files.regular import read_regular
from harness.files.strict_json import NotJson, decode
from harness.tasks.draft.fields import object_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_DEPTH = 50
MAX_PARTS = 2_000
"""Values of one answer: a schema may refer to itself, and ask for any number of items."""


def schema_in(path: Path) -> Any:
    """The JSON Schema of a file.

    Raises:
        HarnessError: it is none.
    """
    try:
        return usable(decode(read_regular(path).removeprefix(BOM_UTF8)), f"--schema {path}")
    except OSError as error:
        raise HarnessError(f"--schema {path}: cannot be read ({error.strerror})") from None
    except NotJson as error:
        raise HarnessError(f"--schema {path}:{error.line}: not valid JSON: {error}") from None


def usable(schema: Any, where: str) -> Any:
    """The schema, if answers can be held to it.

    Raises:
        HarnessError: they cannot.
    """
    try:
        compile_schema(schema)
    except SchemaError as error:
        raise HarnessError(f"{where}: not a JSON Schema: {error}") from None
    return schema


def model_schema(spec: str) -> Any:
    """The JSON Schema of a Pydantic model, ``FILE.py:CLASS`` or ``MODULE:CLASS``, whose code is
    run.

    Raises:
        HarnessError: there is no such model, or it has no JSON Schema.
    """
    where = f"--pydantic {spec}"
    source, colon, name = spec.rpartition(":")
    if not colon or not source or not name:
        raise HarnessError(f"{where}: write FILE.py:CLASS or MODULE:CLASS")
    try:
        module = _imported(source)
    except SystemExit as error:  # It would end this command, as if all had been done.
        raise HarnessError(
            f"{where}: {source} ends Python ({error}), which a model must not"
        ) from None
    except Exception as error:
        raise HarnessError(f"{where}: {source} cannot be imported ({one_line(error)})") from None
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        models = [n for n, v in vars(module).items() if isinstance(v, type)]
        hint = did_you_mean(name, models, f"name a class of {source} that is a BaseModel")
        raise HarnessError(f"{where}: {name} is no Pydantic model, {hint}")
    try:
        return usable({"$schema": DIALECT, **found.model_json_schema()}, where)
    except HarnessError:
        raise
    except Exception as error:
        raise HarnessError(f"{where}: has no JSON Schema ({one_line(error)})") from None


def _imported(source: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    if not source.endswith(".py"):
        return importlib.import_module(source)
    spec = importlib.util.spec_from_file_location(Path(source).stem, source)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def values_schema(values: Sequence[Any]) -> dict[str, Any]:
    """The narrowest schema, of types, needed keys and dates, that these values keep to."""
    kinds = dict.fromkeys(_kind(value) for value in values)
    if "integer" in kinds and "number" in kinds:
        kinds.pop("integer")
    schema: dict[str, Any] = {"type": [*kinds] if len(kinds) > 1 else next(iter(kinds), "null")}
    objects = [value for value in values if isinstance(value, dict)]
    if objects:
        schema |= object_schema(_properties(objects), _needed(objects))
        schema["type"] = [*kinds] if len(kinds) > 1 else "object"
    if lists := [value for value in values if isinstance(value, list)]:
        items = [item for value in lists for item in value]
        schema["items"] = values_schema(items) if items else {}
    texts = [value for value in values if isinstance(value, str)]
    if texts and all(FORMATS.conforms(text, "date") for text in texts):
        schema["format"] = "date"
    return schema


def _properties(objects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for value in objects for name in value)
    return {name: values_schema([v[name] for v in objects if name in v]) for name in names}


def _needed(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for name in objects[0] if all(name in value for value in objects)]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    kinds = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds[type(value)]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value of an answer."""

    schema: Mapping[str, Any]
    is_needed: bool
    """It must be there, and must not be null."""


def leaves(schema: Any, *, of_items: bool = False) -> dict[str, Leaf]:
    """An answer's single values, by their pointers; those in lists are left out, and those of a
    schema within itself. ``of_items``: the answer is a list, and the values are those of its items.

    Raises:
        HarnessError: the schema has too many parts.
    """
    part, pointer = (item_schema(schema), "/*") if of_items else (schema, "")
    return dict(_leaves(part, Parts(schema), pointer, is_needed=True))


def item_schema(schema: Any) -> Any:
    """The schema of the items of a list, a part of the list's own."""
    inner = without_null(schema, schema)
    return inner.get("items", {}) if isinstance(inner, dict) else {}


def resolved(schema: Any, root: Any) -> Any:
    """The schema that a ``$ref`` into the same document stands for; ``{}`` for another one."""
    if not isinstance(schema, dict) or "$ref" not in schema:
        return schema
    found = root
    for part in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if name:
            found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def without_null(schema: Any, root: Any) -> Any:
    """The first alternative of a schema that is not null alone: ``Optional[X]`` is ``X``."""
    schema = resolved(schema, root)
    for key in ("anyOf", "oneOf"):
        for alternative in schema.get(key, ()) if isinstance(schema, dict) else ():
            if (found := resolved(alternative, root)) != {"type": "null"}:
                return found
    return schema


class Parts:
    """The parts of a schema as they are looked into, one below the other."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.count = 0
        self.above: list[Any] = []
        """The parts around the one that is looked into."""

    @contextmanager
    def inside(self, part: Any) -> Iterator[bool]:
        """Go into a part; gives False where it is within itself, or too deep to be looked into.

        Raises:
            HarnessError: there are too many.
        """
        self.count += 1
        if self.count > MAX_PARTS:
            raise HarnessError(
                f"the schema asks for more than {MAX_PARTS:,} values in one answer, draft the task "
                "with a smaller one"
            )
        is_new = len(self.above) < MAX_DEPTH and all(part is not other for other in self.above)
        self.above.append(part)
        try:
            yield is_new
        finally:
            self.above.pop()


def _leaves(
    schema: Any, parts: Parts, pointer: str, *, is_needed: bool
) -> Iterator[tuple[str, Leaf]]:
    inner = without_null(schema, parts.root)
    if not isinstance(inner, dict):
        return
    with parts.inside(inner) as is_new:
        if isinstance(properties := inner.get("properties"), dict) and is_new:
            for name, below in properties.items():
                part = name.replace("~", "~0").replace("/", "~1")
                must_be = is_needed and name in inner.get("required", ())
                yield from _leaves(below, parts, f"{pointer}/{part}", is_needed=must_be)
        elif pointer and is_new and inner.get("type") not in ("array", "object", "null"):
            is_optional = inner is not resolved(schema, parts.root)
            may_be_null = is_optional or isinstance(inner.get("type"), list)
            yield pointer, Leaf(inner, is_needed and not may_be_null)
