"""Lists with an item too few or too many, which ``items`` must not let stand."""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from harness.checks.declared.item_rule import ItemRange, ItemRule, range_of
from harness.checks.declared.output import Output
from harness.checks.text.document import Path
from harness.tasks.check.corruptions.defect import Corruption
from harness.tasks.check.corruptions.perfect_answer import PerfectAnswer, container_of, names_key
from harness.tasks.check.corruptions.rules import lists_at
from harness.tasks.reference import dump

MAX_ADDED = 100
"""Items that are repeated to reach a number that is too great."""
_CountDefect = Callable[[PerfectAnswer], Corruption | None]


def count_defects(output: Output) -> Mapping[str, _CountDefect]:
    """By name, for each pointer of ``items`` a list that is too short and one that is too long."""
    made: dict[str, _CountDefect] = {}
    for pointer, rule in output.items.items():
        place = pointer or "answer"
        made[f"{place} an item short"] = partial(_cut_short, pointer, rule)
        made[f"{place} an item over"] = partial(_drawn_out, pointer, rule)
    return made


def _cut_short(pointer: str, rule: ItemRule, answer: PerfectAnswer) -> Corruption | None:
    """The last items are dropped until there is one too few."""
    for path, items in _lists(pointer, rule, answer):
        count = _wanted(rule, items).min - 1
        if 0 <= count < len(items):
            lost = [(*path, index) for index in range(count, len(items))]
            pointers = [*answer.output.timestamps, *answer.output.grounded]
            if not any(names_key(pointers, place) for place in lost):
                return _with(answer, path, items[:count])
    return None


def _drawn_out(pointer: str, rule: ItemRule, answer: PerfectAnswer) -> Corruption | None:
    """The last item is repeated until there is one too many."""
    for path, items in _lists(pointer, rule, answer):
        most = _wanted(rule, items).max
        if most is not None and 0 <= most - len(items) < MAX_ADDED:
            return _with(answer, path, items + items[-1:] * (most + 1 - len(items)))
    return None


def _lists(pointer: str, rule: ItemRule, answer: PerfectAnswer) -> list[tuple[Path, list[Any]]]:
    """The lists that have items. To another right reference another number may be right."""
    is_open = rule == "reference" and answer.case.alternatives
    return [] if is_open else list(lists_at(pointer, answer))


def _wanted(rule: ItemRule, items: list[Any]) -> ItemRange:
    return range_of(len(items) if rule == "reference" else rule)


def _with(answer: PerfectAnswer, path: Path, items: list[Any]) -> Corruption:
    """The answer with other items in a list, and what else that breaks."""
    value = copy.deepcopy(answer.value)
    if path:
        container_of(value, path)[path[-1]] = items
    else:
        value = items
    node = answer.schema_at(path) or {}
    broken = ["item_counts"]
    if not node.get("minItems", 0) <= len(items) <= node.get("maxItems", len(items)):
        broken.append("schema_types")
    if answer.loses_pinned(value):
        broken.append("exact_fields")
    return Corruption(dump(value), frozenset(broken))
