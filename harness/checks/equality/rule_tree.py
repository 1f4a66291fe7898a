"""The rules of ``output.compare`` by place: which of them hold for a value, and how it is keyed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from harness.checks.declared.compare_rule import MAX_PARTS, CompareRule
from harness.checks.equality.values import folded
from harness.checks.json.pointer import follow, tokens_of
from harness.checks.schema.keywords import equality_key
from harness.checks.text.document import Path

Rules = tuple[tuple[str, CompareRule], ...]
"""By JSON pointer, ``*`` for every item."""


@dataclass(eq=False, slots=True)
class RuleNode:
    """What the rules say of one place of a pointer, and of the places below it."""

    rule: CompareRule | None = None
    children: dict[str, "RuleNode"] = field(default_factory=dict)

    def any_below(self, is_meant: Callable[[CompareRule], bool]) -> bool:
        """One of the rules here or below is meant."""
        if self.rule is not None and is_meant(self.rule):
            return True
        return any(child.any_below(is_meant) for child in self.children.values())


class Place:
    """The rules that hold for a value. Places that are alike are one."""

    def __init__(self, nodes: tuple[RuleNode, ...], values: CompareRule | None) -> None:
        self.nodes = nodes
        """Where a name leads before where ``*`` does."""
        own = [node.rule for node in nodes if node.rule is not None]
        self.values = next((rule for rule in own if rule.is_of_values), values)
        """The rule for numbers and texts: that of the nearest place around."""
        self.matching = next((rule for rule in own if rule.is_of_lists), None)
        """The rule by which items of a list here are matched; ``None``: by their place."""
        self.has_rules = bool(nodes) or self.values is not None
        """A rule holds here, or below."""
        self.has_lists = any(node.any_below(_is_of_lists) for node in nodes)
        """Items of a list are matched here, or below."""
        is_loose = self.values is not None and self.values.is_loose
        self.is_loose = is_loose or any(node.any_below(_is_loose) for node in nodes)
        """Being equal is not transitive here, or below."""
        self._names = {name for node in nodes for name in node.children}
        self._inner: dict[str, Place] = {}

    def into(self, step: str | int) -> "Place":
        """The rules for a member or an item."""
        name = str(step) if str(step) in self._names else "*"
        if name not in self._inner:
            self._inner[name] = self._into(name)
        return self._inner[name]

    def _into(self, name: str) -> "Place":
        if not self.nodes:
            return self
        names = dict.fromkeys((name, "*"))
        inner = [n.children[name] for name in names for n in self.nodes if name in n.children]
        return Place(tuple(inner), self.values)

    def along(self, path: Path) -> "Place":
        """The rules for what stands at ``path``."""
        place = self
        for step in path:
            place = place.into(step)
        return place


def _is_of_lists(rule: CompareRule) -> bool:
    return rule.is_of_lists


def _is_loose(rule: CompareRule) -> bool:
    return rule.is_loose


NO_RULES = Place((), None)


@lru_cache(maxsize=128)
def tree_of(rules: Rules) -> Place:
    """The rules for a whole value."""
    root = RuleNode()
    for pointer, rule in rules:
        node = root
        for token in tokens_of(pointer):
            node = node.children.setdefault(token, RuleNode())
        node.rule = rule
    return Place((root,), None) if rules else NO_RULES


def canonical(place: Place, value: Any) -> Any:
    """A hashable that is equal for values that are equal here; what a tolerance or a pattern is for
    counts as it is written."""
    if not place.has_rules:
        return equality_key(value)
    if isinstance(value, str):
        return "text", folded(place.values, value)
    if isinstance(value, dict) and place.nodes:
        return "{", frozenset((name, canonical(place.into(name), v)) for name, v in value.items())
    if isinstance(value, list) and place.nodes:
        items = [canonical(place.into(index), item) for index, item in enumerate(value)]
        return ("{[", counted(items)) if place.matching else ("[", tuple(items))
    return _folded_key(place, value) if isinstance(value, dict | list) else equality_key(value)


def counted(items: Iterable[Any]) -> frozenset[tuple[Any, int]]:
    """The items whatever their order."""
    counts: dict[Any, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return frozenset(counts.items())


def key_of(place: Place, pointers: tuple[str, ...], item: Any) -> tuple[Any, ...] | None:
    """The values that an item of a list is matched by; ``None`` where it lacks one."""
    found = [follow(item, pointer)[0] for pointer in pointers]
    if any(match.is_missing for match in found):
        return None
    return tuple(canonical(place.along(match.path), match.value) for match in found)


def checked_rules(rules: Mapping[str, CompareRule]) -> Mapping[str, CompareRule]:
    """The rules, which fit together.

    Raises:
        ValueError: a pointer is too long or names one item of a list whose items have no place, or
            a key is not compared exactly.
    """
    if long := next((p for p in rules if p.count("/") > MAX_PARTS), None):
        raise ValueError(f"{long[:40]!r}... has more than {MAX_PARTS} parts")
    root = tree_of(tuple(rules.items()))
    for pointer in rules:
        tokens = tokens_of(pointer)
        for depth, token in enumerate(tokens):
            if token.isdecimal() and root.along(tokens[:depth]).matching:
                around = "/" + "/".join(tokens[:depth])
                raise ValueError(
                    f"{pointer}: the items of {around} have no place, write * for {token}"
                )
    for pointer, rule in rules.items():
        item = root.along(tokens_of(pointer)).into("*")
        for key in rule.key:
            if item.along(tokens_of(key)).is_loose:
                raise ValueError(
                    f"{pointer}: its key {key} is compared exactly, it can have no tolerance "
                    "and no pattern"
                )
    return rules


def _folded_key(place: Place, value: Any) -> Any:
    """``equality_key`` of a value in which one rule holds everywhere."""
    if place.values is None or not place.values.ignore:
        return equality_key(value)
    done: list[Any] = []
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            done += ["{", len(item), *sorted(item)]
            stack += [item[name] for name in sorted(item)]
        elif isinstance(item, list):
            done += ["[", len(item)]
            stack += item
        else:
            done.append(
                ("text", folded(place.values, item))
                if isinstance(item, str)
                else equality_key(item)
            )
    return tuple(done)
