"""The identity of a training: the values that decide the bits of its adapter."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.core.errors import HarnessError

FREE = ("output", "logging_steps", "eval_steps", "save_steps", "save_total_limit", "fallback_base",
        "report_to", "watch_rows")  # fmt: skip
"""Keys of a recipe that change nothing in the adapter."""
SELECTING = ("eval_steps", "watch_rows", "task")
"""Keys that do where the adapter of the best evaluation is kept."""


ACCUMULATION = "gradient_accumulation_steps"


@dataclass(frozen=True, slots=True)
class Identity:
    """Two trainings of one identity on one machine end with equal adapters."""

    recipe: Mapping[str, Any]
    """As resolved, without the keys of ``FREE`` and without the data's names."""
    data: tuple[str, ...]
    """SHA-256 of each training file, in order, and of each held-out one where they choose."""
    base: str
    """SHA-256 of the base's weights."""
    adapter: str
    """SHA-256 of the weights of the adapter that goes on; empty for a fresh one."""
    task: str
    """SHA-256 of the task's declarations where its behaviors are rewards or choose, else empty."""
    steps: int
    processes: int
    """Each computes its share of the accumulated batches, so that their product counts."""
    versions: Mapping[str, str]
    """Of the libraries and Python: others may compute other last digits."""

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """One line for each value that another training had otherwise."""
        return list(self._differences(other))

    def other_versions(self, other: Mapping[str, Any]) -> list[str]:
        """One line for each program that had another version: the last digits may be others."""
        was = other.get("versions")
        was = was if isinstance(was, Mapping) else {}
        return [
            f"{name} was {was.get(name)} and is {version}, so that the last digits may be others"
            for name, version in self.versions.items()
            if was.get(name) != version
        ]

    def _differences(self, other: Mapping[str, Any]) -> Iterator[str]:
        was = other.get("recipe")
        was = was if isinstance(was, Mapping) else {}
        for key in sorted({*self.recipe, *was}):
            if key != ACCUMULATION and was.get(key) != self.recipe.get(key):
                yield f"{key} was {was.get(key)!r:.60} and is {self.recipe.get(key)!r:.60}"
        if _accumulated(was, other.get("processes")) != _accumulated(self.recipe, self.processes):
            yield (
                f"{ACCUMULATION} was {was.get(ACCUMULATION)!r:.20} with "
                f"{other.get('processes')!r:.20} processes and is {self.recipe[ACCUMULATION]} with "
                f"{self.processes}"
            )
        own = asdict(self)
        names = {"data": "the training data", "base": "the base's weights",
                 "adapter": "the adapter's weights", "task": "the declarations of the task",
                 "steps": "the number of steps"}  # fmt: skip
        for key, name in names.items():
            value = [*own[key]] if key == "data" else own[key]
            if other.get(key) != value:
                yield f"{name} changed"


def require_same(identities: Sequence[Identity]) -> None:
    """Check that the processes of one training would train the same alone.

    Raises:
        HarnessError: one has other data, another base, device or library.
    """
    first = json.loads(json.dumps(asdict(identities[0])))
    unlike = [
        f"process {rank} differs from the first: {what}"
        for rank, own in enumerate(identities)
        for what in (*own.differences(first), *own.other_versions(first))
    ]
    if unlike:
        raise HarnessError(*unlike)


def _accumulated(recipe: Mapping[str, Any], processes: Any) -> int | None:
    """Batches of one optimiser step."""
    each = recipe.get(ACCUMULATION)
    return each * processes if isinstance(each, int) and isinstance(processes, int) else None


def decisive(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved recipe with the keys that decide the adapter, nested ones dotted."""
    found: dict[str, Any] = {}
    # A task that is no reward only watches.
    free = {*FREE, "task"} - {*(SELECTING if recipe.get("select") else ())}
    for key, value in recipe.items():
        if key in free:
            continue
        if key == "data":
            found |= {f"data.{name}": value.get(name) for name in ("limit", "train_on")}
        elif isinstance(value, Mapping):
            found |= {f"{key}.{name}": below for name, below in value.items()}
        else:
            found[key] = value
    return found
