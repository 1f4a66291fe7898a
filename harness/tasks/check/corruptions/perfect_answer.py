"""The value of a perfect answer, with the declarations about its places, for defects in it."""

import copy
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.checks.declared.compare_rule import CompareRule
from harness.checks.declared.output import Output
from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.equality.comparison import Comparison
from harness.checks.equality.leaves import leaves_of
from harness.checks.equality.rule_tree import tree_of
from harness.checks.equality.values import is_number
from harness.checks.exact_fields import pairs_of
from harness.checks.item_counts import out_of_range, unlike_reference
from harness.checks.json.pointer import follow, tokens_of
from harness.checks.leaf_values import agreement, equal_leaves
from harness.checks.text.document import Path
from harness.core.case import Case
from harness.tasks.check.corruptions.defect import Corruption
from harness.tasks.check.corruptions.invented import number_for, text_for
from harness.tasks.check.corruptions.moments import shifted
from harness.tasks.check.corruptions.schema_places import PLAIN_KEYWORDS, places_of
from harness.tasks.reference import dump

_DATED = PLAIN_KEYWORDS | {"format", "minLength"}
"""Keywords of a text that may be a date."""


@dataclass(frozen=True, slots=True)
class PerfectAnswer:
    """The value of a perfect answer, and the declarations about places in it."""

    output: Output
    case: Case
    value: Any

    def objects(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        for path, value in walk((), self.value):
            if isinstance(value, dict):
                yield path, value

    def inner_objects(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        return (found for found in self.objects() if found[0])

    def leaves(self) -> Iterator[tuple[Path, Any]]:
        for path, value in walk((), self.value):
            if not isinstance(value, dict | list):
                yield path, value

    def schema_at(self, path: Path) -> dict[str, Any] | None:
        """The keywords of the schema for a place; empty without a schema, ``None`` where more than
        plain ones have a say in it."""
        schema = self.output.json_schema
        return {} if schema is None else places_of(schema).at(path, self.value)

    def is_free(self, path: Path, *also: str) -> bool:
        """True when the schema lets any value of the same type stand there."""
        node = self.schema_at(path)
        return node is not None and set(node) <= PLAIN_KEYWORDS | {
            *("minLength", *also),
            *(() if self.has_formats() else ("format",)),
        }

    def has_formats(self) -> bool:
        """True when ``format`` is more than an annotation."""
        return self.output.json_schema is not None and bool(
            self.output.json_schema.validator.format_checker
        )

    def rule_at(self, path: Path) -> CompareRule | None:
        """The rule of ``compare`` by which a number or text is compared."""
        return tree_of(self.output.rules).along(path).values

    def compares(self, path: Path) -> bool:
        """One of the pointers of ``exact`` leads to the value at a place, around it or into it."""
        found = (f for pointer in self.output.exact for f in follow(self.value, pointer))
        return any(
            not f.is_missing and (f.path[: len(path)] == path or path[: len(f.path)] == f.path)
            for f in found
        )

    def invented(self, path: Path, value: Any) -> Any:
        """Another value of the same type that the schema allows and the prompt does not state;
        ``None`` where there is none here."""
        node = self.schema_at(path)
        if node is None:
            return None
        is_date = node.get("format") == "date" and self.has_formats()
        if isinstance(value, str) and is_date and set(node) <= _DATED:
            return shifted(TimestampRule(kind="date"), value, self.case.prompt)
        if isinstance(value, str):
            return text_for(node, self.case.prompt, not self.has_formats())
        return number_for(node, self.case.prompt) if is_number(value) else None

    def changed(self, path: Path, new: Any, *breaks: str) -> Corruption | None:
        """The answer with another value at a place, which is no longer the reference's."""
        value = copy.deepcopy(self.value)
        container_of(value, path)[path[-1]] = new
        is_wrong = touches(self.output.exact, path) and self.differs(value)
        exact = ["exact_fields"] if is_wrong else []
        return Corruption(dump(value), frozenset([*breaks, *exact])) if [*breaks, *exact] else None

    def differs(self, value: Any) -> bool:
        """The value is not the reference's, by the rules of ``compare``."""
        return not Comparison(self.output.rules, self.value, value).is_whole

    def without(self, path: Path, *breaks: str) -> Corruption | None:
        """The answer without a key."""
        value = copy.deepcopy(self.value)
        del container_of(value, path)[path[-1]]
        broken = [*breaks]
        times = self.output.timestamps.items()
        if names_key((pointer for pointer, rule in times if not rule.optional), path):
            broken.append("timestamp_sanity")
        if names_key(self.output.grounded, path):
            broken.append("grounding")
        if touches(self.output.exact, path):
            broken.append("exact_fields")
        return Corruption(dump(value), frozenset(broken)) if broken else None

    def is_another(self, made: Corruption) -> frozenset[str]:
        """Behaviors to which the corrupted answer is another of the case's references."""
        found: set[str] = set()
        for reference in self.case.alternatives:
            comparison = Comparison(self.output.rules, reference, json.loads(made.text))
            if self._is_pinned(comparison):
                found.add("exact_fields")
            wanted, there = dict(leaves_of(reference)), dict(leaves_of(comparison.value))
            if len(equal_leaves(comparison, wanted, there)) == len(wanted):
                found.add("leaf_values")
        return frozenset(found)

    def loses_pinned(self, value: Any) -> bool:
        """The value differs from the reference where a pointer of ``exact`` leads to."""
        return not self._is_pinned(Comparison(self.output.rules, self.value, value))

    def _is_pinned(self, comparison: Comparison) -> bool:
        pairs = pairs_of(self.output.exact, comparison)
        return all(comparison.difference(f.path, w.value, f.value) is None for w, f in pairs)

    def miscounts(self, made: Corruption) -> bool:
        """A list of the corrupted answer has another number of items than it may."""
        items, rules = self.output.item_rules, self.output.rules
        if not items:
            return False
        value = json.loads(made.text)
        if next(out_of_range(items, value), None) is not None:
            return True
        return all(
            any(told is not None for told in unlike_reference(items, rules, reference, value))
            for reference in self.case.references
        )

    def loses_leaves(self, made: Corruption) -> bool:
        """The corrupted answer has not every leaf of the reference, or its leaves do not count."""
        rule = self.output.leaf_values
        if not rule:
            return False
        comparison = Comparison(self.output.rules, self.value, json.loads(made.text))
        wanted, found = dict(leaves_of(self.value)), dict(leaves_of(comparison.value))
        is_refused = rule.valid and "schema_types" in made.breaks
        return (
            is_refused
            or agreement(wanted, found) < rule.least_paths
            or len(equal_leaves(comparison, wanted, found)) < len(wanted)
        )


def touches(pointers: Iterable[str], path: Path) -> bool:
    """True when one of the JSON pointers leads to the place, through it or into it."""
    return any(_runs_along(tokens_of(pointer), path) for pointer in pointers)


def names_key(pointers: Iterable[str], path: Path) -> bool:
    """True when one of the JSON pointers asks for the key at the place by its name: what ``*`` does
    not find is not missing."""
    tokens = [tokens_of(pointer) for pointer in pointers]
    return any(
        len(t) >= len(path) and t[len(path) - 1] != "*" and _runs_along(t, path) for t in tokens
    )


def _runs_along(tokens: Sequence[str], path: Path) -> bool:
    return all(token in ("*", str(part)) for token, part in zip(tokens, path, strict=False))


def walk(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """Path and value of everything, from outside inwards."""
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from walk((*path, name), member)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk((*path, index), item)


def container_of(value: Any, path: Path) -> Any:
    """The object or array that holds the value at a path."""
    for part in path[:-1]:
        value = value[part]
    return value
