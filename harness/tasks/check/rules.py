"""Mistakes in ``compare``, ``items`` and ``variety``: what holds for nothing, and lists that
nothing can match."""

from collections.abc import Iterator
from typing import Any

from harness.checks.declared.compare_rule import CompareRule
from harness.checks.declared.output import Output
from harness.checks.equality.item_lists import MAX_PAIRED
from harness.checks.equality.leaves import leaves_of
from harness.checks.equality.rule_tree import tree_of
from harness.checks.equality.values import is_number
from harness.checks.json.pointer import follow
from harness.checks.schema.keywords import equality_key
from harness.tasks.task import Task


def rule_mistakes(task: Task) -> Iterator[str]:
    """Each rule of ``compare``, the task's or a case's, that no reference has a use for."""
    found: dict[tuple[str, CompareRule], list[str]] = {}
    for case in task.cases:
        output = task.output_for(case)
        for reference in case.references:
            for pointer, rule in output.rules:
                missing = found.setdefault((pointer, rule), ["no reference has it"])
                if missing:
                    found[pointer, rule] = list(_missing(output, pointer, rule, reference))
            yield from _unmatched(output, case.id, reference)
    yield from (f"compare: {pointer}: {said[0]}" for (pointer, _), said in found.items() if said)


def count_mistakes(task: Task) -> Iterator[str]:
    """Each pointer of ``items``, the task's or a case's, at which no reference has a list."""
    has_list: dict[str, bool] = {}
    for case in task.cases:
        pointers = task.output_for(case).items if case.references else ()
        for pointer in pointers:
            if not has_list.setdefault(pointer, False):
                there = (match for r in case.references for match in follow(r, pointer))
                has_list[pointer] = any(isinstance(match.value, list) for match in there)
    for pointer, is_there in has_list.items():
        if not is_there:
            yield f"items: {pointer}: no reference has a list there"


def variety_mistakes(task: Task) -> Iterator[str]:
    """Each field of ``variety`` that no reference has: nothing would be held to differ."""
    references = [
        reference
        for case in task.cases
        for reference in (case.references if task.output_for(case).has_value else ())
    ]
    for pointer in task.variety.fields if task.variety and references else ():
        if all(match.is_missing for r in references for match in follow(r, pointer)):
            yield f"variety: fields: {pointer}: no reference has it, so that nothing is compared"


def reference_mistakes(task: Task) -> Iterator[tuple[str, str]]:
    """References of one case of which one says no more than another, and the case's id."""
    for case in task.cases:
        first: dict[Any, int] = {}
        for number, reference in enumerate(case.references, start=1):
            known = first.setdefault(equality_key(reference), number)
            if known != number:
                yield f"reference {number} is reference {known} again, leave it out", case.id


def _missing(output: Output, pointer: str, rule: CompareRule, reference: Any) -> Iterator[str]:
    """Why a rule says nothing about a reference."""
    there = [match for match in follow(reference, pointer) if not match.is_missing]
    if not there:
        yield "no reference has it"
        return
    if not (output.leaf_values or _is_exact(output, pointer, reference)):
        yield "nothing compares it, name it in exact or declare leaf_values"
    tree = tree_of(output.rules)
    leaves = [leaf for match in there for leaf in leaves_of(match.value, match.path)]
    held = [leaf for path, leaf in leaves if tree.along(path).values == rule]
    if (rule.tolerance is not None or rule.relative is not None) and not any(map(is_number, held)):
        yield "a tolerance is for numbers, no reference has one there"
    if (rule.ignore or rule.pattern is not None) and not any(isinstance(v, str) for v in held):
        yield "ignore and pattern are for texts, no reference has one there"
    if rule.is_of_lists and not any(isinstance(match.value, list) for match in there):
        yield "order and key are for lists, no reference has one there"


def _is_exact(output: Output, pointer: str, reference: Any) -> bool:
    """One of the pointers of ``exact`` leads to the place of a rule, around it or into it."""
    places = [match.path for match in follow(reference, pointer)]
    compared = [match.path for exact in output.exact for match in follow(reference, exact)]
    return any(
        place[: len(other)] == other or other[: len(place)] == place
        for place in places
        for other in compared
    )


def _unmatched(output: Output, case_id: str, reference: Any) -> Iterator[str]:
    """Lists whose items cannot be matched where an answer is not the reference itself."""
    tree = tree_of(output.rules)
    for pointer, rule in output.rules:
        for match in follow(reference, pointer) if rule.order == "any" else ():
            is_long = isinstance(match.value, list) and len(match.value) > MAX_PAIRED
            if is_long and tree.along(match.path).into("*").is_loose:
                yield (
                    f"compare: {pointer}: case {case_id} has {len(match.value):,} items there: of "
                    f"items with a tolerance or a pattern at most {MAX_PAIRED} are matched in any "
                    "order, give the list a key"
                )
