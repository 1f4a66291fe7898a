"""Defects that the rules of ``compare`` must not take for the reference."""

import copy
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from harness.checks.declared.compare_rule import CompareRule
from harness.checks.declared.output import Output
from harness.checks.equality.values import PatternTime, accepts, exact, is_number
from harness.checks.json.pointer import follow
from harness.checks.text.document import Path
from harness.tasks.check.corruptions.defect import Corruption
from harness.tasks.check.corruptions.invented import allows_number
from harness.tasks.check.corruptions.perfect_answer import PerfectAnswer, container_of, touches
from harness.tasks.check.corruptions.schema_places import is_simple
from harness.tasks.reference import dump

_JUST_BEYOND = Decimal("1.25")
"""Of a tolerance."""


def rule_defects(output: Output) -> Mapping[str, Callable[[PerfectAnswer], Corruption | None]]:
    """By name, for each rule those that it must tell from the reference."""
    made: dict[str, Callable[[PerfectAnswer], Corruption | None]] = {}
    for pointer, rule in output.compare.items():
        place = pointer or "answer"
        if rule.tolerance is not None or rule.relative is not None:
            made[f"{place} out of tolerance"] = partial(_too_far, pointer, rule)
        if rule.ignore or rule.pattern is not None:
            made[f"{place} another text"] = partial(_another_text, pointer, rule)
        if rule.is_of_lists:
            made[f"{place} lacks an item"] = partial(_item_dropped, pointer)
        if rule.key:
            made[f"{place} repeats a key"] = partial(_key_repeated, pointer, rule)
    return made


def _too_far(pointer: str, rule: CompareRule, answer: PerfectAnswer) -> Corruption | None:
    for path, value in _leaves_under(pointer, rule, answer):
        node = answer.schema_at(path)
        if not is_number(value) or node is None:
            continue
        for number in _numbers_beyond(rule, value):
            grounded = touches(answer.output.grounded, path)
            is_beyond = abs(exact(number) - exact(value)) > _most(rule, value)
            if is_beyond and allows_number(node, number, answer.case.prompt if grounded else ""):
                return _with(answer, path, number, *["grounding"] * grounded)
    return None


def _numbers_beyond(rule: CompareRule, value: Any) -> Iterator[int | float]:
    """Numbers that are further from a value than a rule allows, the nearest first."""
    wanted, most = exact(value), _most(rule, value)
    near = (float(wanted + most * _JUST_BEYOND), float(wanted - most * _JUST_BEYOND))
    yield from (n for n in near if not isinstance(value, int))
    by = int(most) + 1
    yield from (int(wanted) + by, int(wanted) - by, int(wanted) + by + 1, int(wanted) - by - 1)


def _most(rule: CompareRule, value: Any) -> Decimal:
    return max(rule.tolerance or Decimal(0), abs(exact(value)) * (rule.relative or Decimal(0)))


def _another_text(pointer: str, rule: CompareRule, answer: PerfectAnswer) -> Corruption | None:
    for path, value in _leaves_under(pointer, rule, answer):
        new = answer.invented(path, value) if isinstance(value, str) else None
        if new is not None and not accepts(rule, value, new, PatternTime()):
            return _with(answer, path, new, *["grounding"] * touches(answer.output.grounded, path))
    return None


def _item_dropped(pointer: str, answer: PerfectAnswer) -> Corruption | None:
    for path, items in lists_at(pointer, answer):
        node = answer.schema_at(path) or {}
        if len(items) > node.get("minItems", 0):
            value = copy.deepcopy(answer.value)
            lost = (*path, len(items) - 1)
            container_of(value, lost).pop()
            return _broken(answer, value, lost)
    return None


def _key_repeated(pointer: str, rule: CompareRule, answer: PerfectAnswer) -> Corruption | None:
    """The second item takes the key of the first."""
    for path, items in lists_at(pointer, answer):
        places = [(*path, 1, *follow(items[1], key)[0].path) for key in rule.key if len(items) > 1]
        is_free = all(answer.schema_at(p) is not None for p in places)
        if not (places and is_free) or any(touches(answer.output.timestamps, p) for p in places):
            continue
        value = copy.deepcopy(answer.value)
        for key, place in zip(rule.key, places, strict=True):
            container_of(value, place)[place[-1]] = follow(items[0], key)[0].value
        return _broken(answer, value, (*path, 1))
    return None


def _leaves_under(
    pointer: str, rule: CompareRule, answer: PerfectAnswer
) -> Iterator[tuple[Path, Any]]:
    """The leaves that the rule is for and that are no times."""
    for path, value in answer.leaves():
        is_under = touches([pointer], path) and answer.rule_at(path) == rule
        if is_under and not touches(answer.output.timestamps, path):
            yield path, value


def lists_at(pointer: str, answer: PerfectAnswer) -> Iterator[tuple[Path, list[Any]]]:
    """The lists at a pointer that have items, and of which the schema speaks plainly."""
    for found in follow(answer.value, pointer):
        node = answer.schema_at(found.path) if isinstance(found.value, list) else None
        if found.value and node is not None and is_simple(node):
            yield found.path, found.value


def _with(answer: PerfectAnswer, path: Path, new: Any, *breaks: str) -> Corruption | None:
    value = copy.deepcopy(answer.value)
    if not path:
        return None
    container_of(value, path)[path[-1]] = new
    return _broken(answer, value, path, *breaks)


def _broken(answer: PerfectAnswer, value: Any, path: Path, *breaks: str) -> Corruption | None:
    """The corrupted value, which is no longer the reference's at a place."""
    broken = [*breaks]
    if answer.compares(path):
        broken.append("exact_fields")
    if answer.output.leaf_values and any(p[: len(path)] == path for p, _ in answer.leaves()):
        broken.append("leaf_values")
    return Corruption(dump(value), frozenset(broken)) if broken else None
