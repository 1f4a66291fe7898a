"""Reads a YAML file into a pydantic model and reports every mistake at once, with its line."""

import dataclasses
import re
import types
import typing
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.core.errors import HarnessError
from harness.core.printable import printable
from harness.core.suggestion import did_you_mean
from harness.files.regular import read_regular

MAX_BYTES = 16_000_000
"""No settings are larger."""
Place = tuple[str | int, ...]
"""Keys and indices that lead to a value."""
Model = TypeVar("Model", bound=BaseModel)


def load_yaml(path: Path, model: type[Model]) -> Model:
    """Read ``path`` into ``model``.

    Raises:
        HarnessError: the file cannot be read or does not fit; one line for each mistake, as
            ``file:line: what, what next``.
    """
    values, lines = parse_yaml(path)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        places = [f"{path}:{_line(lines, e['loc'])}" for e in error.errors()]
        reasons = [printable(explain(e, model)) for e in error.errors()]
        raise HarnessError(*map(": ".join, zip(places, reasons, strict=True))) from None


def parse_yaml(path: Path) -> tuple[Any, dict[Place, int]]:
    """The plain values of a YAML file, and the line of each."""
    try:
        text = read_regular(path, MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise HarnessError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise HarnessError(f"{path}: is not UTF-8 text ({error.reason})") from None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise HarnessError(f"{path}:1: the file is empty")
        lines: dict[Place, int] = {}
        _note_lines(node, (), lines)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HarnessError(
            f"{path}:{line}: not valid YAML: {printable(error.problem or '')}"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = (str(error).splitlines() or ["it is nested too deep"])[0]
        raise HarnessError(f"{path}:1: not valid YAML: {reason}") from None


def explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    """One mistake as ``place: what, what next``."""
    place = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = keys_at(model, error["loc"][:-1])
        hint = did_you_mean(str(error["loc"][-1]), known, f"known keys: {', '.join(known)}")
        return f"{place}: unknown key, {hint}"
    if error["type"] == "missing":
        return f"{place}: is missing, add it"
    if error["type"] == "value_error":  # a validator of our own, which says what it found
        return f"{place}: {error['msg'].removeprefix('Value error, ')}"
    message = error["msg"]
    return f"{place}: {message[:1].lower() + message[1:]}, found {error['input']!r:.80}"


def _line(lines: dict[Place, int], place: Place) -> int:
    """The line of a value, or of the nearest mapping or list around it that is in the file."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that may stand in the mapping at ``place``."""
    current: Any = model
    for part in place:
        if typing.get_origin(current) is Mapping:
            current = _model_in(typing.get_args(current)[1])
            continue
        field = getattr(current, "model_fields", {}).get(str(part))
        current = _model_in(field.annotation) if field else None
    if dataclasses.is_dataclass(current):
        return [field.name for field in dataclasses.fields(current)]
    return [f.alias or name for name, f in getattr(current, "model_fields", {}).items()]


def _model_in(annotation: Any) -> Any:
    """The model in ``X``, ``X | None`` or an annotated ``X``."""
    if typing.get_origin(annotation) is typing.Annotated:
        return typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(annotation) if a is not type(None)]
        return inner[0] if len(inner) == 1 else None
    return annotation


def _note_lines(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    if place in lines:
        return
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            _note_lines(value, below, lines)
            lines[below] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*place, index), lines)


_CONTAINERS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "set", "omap", "pairs"))
_MAX_INTEGER = 10**100


def _unreadable(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    shown = f"{node.value!r:.60} " if isinstance(node, yaml.ScalarNode) else "this "
    return yaml.MarkedYAMLError(problem=shown + problem, problem_mark=node.start_mark)


def _is_text(value: str) -> bool:
    """True for what UTF-8 can write: no half of a surrogate pair stands alone in it."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, with floats as YAML 1.2 writes them, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                problem = "a key is a word, found a list or a mapping"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"the key {key.value!r} is there twice, keep one"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Report a scalar that PyYAML's constructors stumble over (``0b_``, ``!!int x``)."""
        try:
            if isinstance(node, yaml.ScalarNode) and node.tag in _CONTAINERS:
                raise ValueError
            value = super().construct_object(node, deep)
            if type(value) is int and abs(value) > _MAX_INTEGER:
                raise ValueError
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
            kind = node.tag.rpartition(":")[2]
            raise _unreadable(node, f"is no {kind}, quote it if it is a text") from None
        if isinstance(value, str) and not _is_text(value):
            raise _unreadable(node, "holds half of a surrogate pair, which no file can")
        return value

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: a few bytes of them can stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            alias = self.peek_event()  # type: ignore[no-untyped-call]
            problem = "aliases are not read here, write the value out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=alias.start_mark)
        return super().compose_node(parent, index)


# PyYAML follows YAML 1.1, where `2e-4` is a string and `2025-01-01` a date object.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?$"),
    list("-+.0123456789"),
)
