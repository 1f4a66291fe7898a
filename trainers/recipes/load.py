"""Reads a recipe file and ``--set`` overrides into a Recipe, with the line of each value."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.files.paths import short_path
from harness.files.starter import starter_root
from harness.files.yaml_file import Place, explain, keys_at, parse_yaml
from trainers.recipes.schema import Recipe, options_of
from trainers.recipes.spellings import Spelled, canonical, unknown_key

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
    places: "Places"
    read: tuple[tuple[str, str], ...] = ()
    """Keys as typed, and the keys that they are read as."""
    notes: tuple[str, ...] = ()
    """Deviations from the recipe that are known before the base is opened."""

    def where(self, key: str) -> str:
        """Prefix of a message about ``key`` (dotted): its override, or its file and line."""
        return self.places.where(tuple(key.split(".")))


@dataclass(frozen=True, slots=True)
class Places:
    """Where the values of a recipe were typed."""

    path: Path
    lines: Mapping[Place, int]
    overrides: tuple[str, ...]
    origins: Mapping[Place, Place]
    """The place as typed, of each canonical one that was spelled otherwise."""

    def where(self, place: Place) -> str:
        """The override, or the file and line, and the key as typed."""
        return self.where_typed(self.origins.get(place, place))

    def where_typed(self, typed: Place) -> str:
        """``where`` of a place as typed."""
        dotted = ".".join(map(str, typed))
        for override in self.overrides:
            key = override.partition("=")[0]
            if dotted == key or dotted.startswith(f"{key}."):
                return f"--set {dotted}"
        found = typed
        while found and found not in self.lines:
            found = found[:-1]
        return f"{self.path}:{self.lines.get(found, 1)}: {dotted}"

    def mistake(self, error: ErrorDetails, model: type[Recipe]) -> str:
        """One mistake in one line."""
        place = error["loc"]
        if error["type"] == "extra_forbidden":
            return f"{self.where(place)}: {unknown_key(place, keys_at(model, place[:-1]))}"
        what = explain(error, model).removeprefix(f"{'.'.join(map(str, place))}: ")
        read = f"{place[-1]} " if place in self.origins else ""
        return f"{self.where(place)}: {read}{what}"


class WrongRecipe(HarnessError):
    """The recipe does not fit; ``right`` is what it is without the wrong values, if that is one."""

    def __init__(self, *mistakes: str, right: RecipeFile | None = None) -> None:
        super().__init__(*mistakes)
        self.right = right


def load(name: str, overrides: Sequence[str] = ()) -> RecipeFile:
    """Read a recipe by path, or a bundled one by name.

    Raises:
        HarnessError: the file cannot be read.
        WrongRecipe: it does not fit; one line for each mistake, as ``file:line: key: what, what
            next``.
    """
    path = _find(name)
    values, lines = parse_yaml(path)
    if not isinstance(values, dict):
        raise HarnessError(f"{path}:1: a recipe is a mapping of keys to values, such as base: path")
    spelled = canonical(values)
    for text in overrides:
        _override(spelled, text)
    notes = _with_base_that_came_along(path, spelled.values)
    places = Places(path, lines, tuple(overrides), spelled.origins)
    found = [f"{places.where_typed(place)}: {what}" for place, what in spelled.mistakes]
    model = options_of(spelled.values.get("method"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def file_of(recipe: Recipe) -> RecipeFile:
        read = tuple(spelled.read)
        return RecipeFile(path, recipe, digest, tuple(overrides), places, read, notes)

    try:
        recipe = model.model_validate(spelled.values)
    except ValidationError as error:
        found += [places.mistake(e, model) for e in error.errors()]
        right = _without(spelled.values, [e["loc"] for e in error.errors()])
        with suppress(ValidationError):
            raise WrongRecipe(*found, right=file_of(model.model_validate(right))) from None
    if found:
        raise WrongRecipe(*found)
    return file_of(recipe)


def _without(values: dict[str, Any], wrong: Sequence[Place]) -> dict[str, Any]:
    """A copy without the values at these places; a place inside a list takes the list along."""
    kept = copy.deepcopy(values)
    for place in wrong:
        inner: Any = kept
        for part, following in zip(place, [*place[1:], None], strict=True):
            if not isinstance(inner, dict) or part not in inner:
                break
            if not isinstance(inner[part], dict) or following is None:
                del inner[part]
                break
            inner = inner[part]
    return kept


def _with_base_that_came_along(path: Path, values: dict[str, Any]) -> tuple[str, ...]:
    """Name the model that came along where the base of a bundled recipe is not in the working
    folder; returns a line that says so."""
    named = values.get("base")
    if path.resolve().parent != BUNDLED.resolve() or not isinstance(named, str):
        return ()
    there = starter_root() / named
    if not named.startswith("fixtures/") or Path(named).exists() or not there.exists():
        return ()
    values["base"] = str(there)
    return (f"base: {named} is not here, the one that came along with the harness is trained",)


def _find(name: str) -> Path:
    path = Path(name)
    if path.exists():
        return path
    bundled = {p.stem: p for p in sorted(BUNDLED.glob("*.yaml"))}
    if name in bundled:
        return short_path(bundled[name])
    hint = did_you_mean(path.stem, bundled, f"bundled recipes: {', '.join(bundled)}")
    raise HarnessError(f"{name}: no such recipe, {hint}")


def _override(spelled: Spelled, text: str) -> None:
    """Put ``a.b=value`` in the place of what the recipe says.

    Raises:
        HarnessError: it has another form, or leads through a value without keys.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise HarnessError(f"--set {text}: expected key=value, such as lora.r=8")
    typed: Any = plain_value(value)
    for part in reversed(key.split(".")):
        typed = {part: typed}
    changed = canonical(typed)
    _merge(spelled.values, changed.values, key)
    spelled.origins = {
        **{to: at for to, at in spelled.origins.items() if not _holds(changed.values, to)},
        **changed.origins,
    }
    spelled.read += changed.read
    spelled.mistakes += changed.mistakes


def _merge(values: dict[str, Any], changes: dict[str, Any], key: str) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and name in values:
            if not isinstance(values[name], dict):
                raise HarnessError(f"--set {key}: {name} has no keys, it is {values[name]!r:.60}")
            _merge(values[name], value, key)
        else:
            values[name] = value


def _holds(values: Any, place: Place) -> bool:
    for part in place:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


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
