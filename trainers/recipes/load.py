"""Reads a recipe file and ``--set`` overrides into a Recipe, with the line of each value."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.files.paths import short_path
from harness.files.yaml_file import Place, explain, parse_yaml
from trainers.recipes.schema import Recipe, options_of

BUNDLED = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """A valid recipe and its source."""

    path: Path
    recipe: Recipe
    sha256: str
    """SHA-256 of the file's bytes, before any override."""
    overrides: tuple[str, ...]
    """``key=value`` as typed."""
    lines: Mapping[Place, int]

    def where(self, key: str) -> str:
        """Prefix of a message about ``key`` (dotted): its override, or its file and line."""
        return _where(self.path, self.lines, self.overrides, tuple(key.split(".")))


def load(name: str, overrides: Sequence[str] = ()) -> RecipeFile:
    """Read a recipe by path, or a bundled one by name.

    Raises:
        HarnessError: the file cannot be read or does not fit; one line for each mistake, as
            ``file:line: key: what, what next``.
    """
    path = _find(name)
    values, lines = parse_yaml(path)
    if not isinstance(values, dict):
        raise HarnessError(f"{path}:1: a recipe is a mapping of keys to values, such as base: path")
    _override(values, overrides)
    model = options_of(values.get("method"))
    try:
        recipe = model.model_validate(values)
    except ValidationError as error:
        found = [_mistake(path, lines, overrides, e, model) for e in error.errors()]
        raise HarnessError(*found) from None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return RecipeFile(path, recipe, digest, tuple(overrides), lines)


def _find(name: str) -> Path:
    path = Path(name)
    if path.exists():
        return path
    bundled = {p.stem: p for p in sorted(BUNDLED.glob("*.yaml"))}
    if name in bundled:
        return short_path(bundled[name])
    hint = did_you_mean(path.stem, bundled, f"bundled recipes: {', '.join(bundled)}")
    raise HarnessError(f"{name}: no such recipe, {hint}")


def _override(values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Set every ``a.b=value`` in ``values``.

    Raises:
        HarnessError: an override has another form, or leads through a value without keys.
    """
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise HarnessError(f"--set {text}: expected key=value, such as lora.r=8")
        *path, last = key.split(".")
        current = values
        for part in path:
            below = current.setdefault(part, {})
            if not isinstance(below, dict):
                raise HarnessError(f"--set {key}: {part} has no keys, it is {below!r:.60}")
            current = below
        current[last] = plain_value(value)


def plain_value(text: str) -> Any:
    """Parse a value: a number, true, false, null or a list as in JSON, otherwise text."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        pass
    if text.startswith("[") and text.endswith("]"):
        return [part.strip() for part in text[1:-1].split(",")]
    try:
        return float(text)
    except ValueError:
        return text


def _mistake(
    path: Path,
    lines: Mapping[Place, int],
    overrides: Sequence[str],
    error: Any,
    model: type[Recipe],
) -> str:
    place: Place = error["loc"]
    dotted = ".".join(str(part) for part in place)
    what = explain(error, model).removeprefix(f"{dotted}: ")
    return f"{_where(path, lines, overrides, place)}: {what}"


def _where(path: Path, lines: Mapping[Place, int], overrides: Sequence[str], place: Place) -> str:
    dotted = ".".join(str(part) for part in place)
    for override in overrides:
        key = override.partition("=")[0]
        if dotted == key or dotted.startswith(f"{key}."):
            return f"--set {dotted}"
    found = place
    while found and found not in lines:
        found = found[:-1]
    return f"{path}:{lines.get(found, 1)}: {dotted}"
