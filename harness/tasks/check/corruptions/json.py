"""Defects of JSON answers."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.equality.item_lists import TooManyItems
from harness.checks.equality.values import is_number, is_same
from harness.checks.text.document import Path
from harness.checks.text.text_patterns import PatternTimeout
from harness.core.case import Case
from harness.core.completion import FinishReason
from harness.tasks.check.corruptions.counts import count_defects
from harness.tasks.check.corruptions.defect import (
    EDGES,
    FENCE_ADDED,
    LOOP,
    SYNTAX,
    Corruption,
    Defect,
    Defects,
    around,
    at_the_limit,
    nothing,
)
from harness.tasks.check.corruptions.moments import impossible, shifted
from harness.tasks.check.corruptions.perfect_answer import PerfectAnswer, touches
from harness.tasks.check.corruptions.rules import rule_defects
from harness.tasks.check.corruptions.schema_places import is_simple, places_of
from harness.tasks.reference import dump, reference_value, written


def defects(output: Output) -> Defects:
    """By name, in the order of a table: around the value, in its text, in the value itself."""
    return {
        name: partial(_of_container, make) for name, make in _around_and_inside(output).items()
    } | {"nothing": nothing(EDGES, SYNTAX), "token limit reached": at_the_limit}


def _of_container(make: Defect, case: Case, perfect: str) -> Corruption | None:
    """Only of an object or an array: text around a bare number may be read as part of it."""
    return make(case, perfect) if perfect[-1] in "}]" else None


def _around_and_inside(output: Output) -> Defects:
    return {
        FENCE_ADDED: around("```json\n", "\n```", EDGES),
        "chatter before": around("here is what you asked for:\n", "", EDGES),
        "chatter after": around("", "\nlet me know if anything is missing.", EDGES),
        "special token after": around("", "<|im_end|>", EDGES),
        "second document": lambda case, perfect: around("", f"\n{perfect}", EDGES)(case, perfect),
        "ends in a loop": around("", "\n" + LOOP * 12, EDGES, "repetition"),
        "bracket repeated": _bracket_repeated,
        "last bracket cut off": _cut_off,
        "trailing comma": _trailing_comma,
        "key repeated": _key_repeated,
        **value_defects(output),
    }


def value_defects(output: Output) -> Defects:
    """Those of the value, whatever it is written in."""
    return {name: partial(in_value, output, make) for name, make in _in_values(output).items()}


def value_defects_in_format(output: Output) -> Defects:
    """Those of the value, each written in the task's format."""
    return {n: partial(in_format, output, make) for n, make in value_defects(output).items()}


def in_format(output: Output, make: Defect, case: Case, perfect: str) -> Corruption | None:
    """The defect of the same value in JSON, written in the task's format; ``None`` where that
    cannot say it, or would read it as another value."""
    made = make(case, dump(reference_value(output, perfect)))
    if made is None:
        return None
    value = json.loads(made.text)
    text = written(output, value)
    if text is None or not is_same(reference_value(output, text), value):
        return None
    return replace(made, text=text)


def _bracket_repeated(case: Case, perfect: str) -> Corruption:
    return Corruption(perfect + perfect[-1] * 8, frozenset({EDGES, "bracket_repetition"}))


def _cut_off(case: Case, perfect: str) -> Corruption:
    breaks = frozenset({SYNTAX, "stops_cleanly"})
    return Corruption(perfect[:-1], breaks, FinishReason.LENGTH)


def _trailing_comma(case: Case, perfect: str) -> Corruption | None:
    if len(perfect) == 2:
        return None
    return Corruption(f"{perfect[:-1]},{perfect[-1]}", frozenset({SYNTAX}))


def _key_repeated(case: Case, perfect: str) -> Corruption | None:
    if perfect[0] != "{" or len(perfect) == 2:
        return None
    name, value = next(iter(json.loads(perfect).items()))
    member = f"{dump(name)}: {dump(value)}"
    return Corruption(f"{{{member}, {perfect[1:]}", frozenset({"duplicate_keys"}))


DefectInside = Callable[[PerfectAnswer], Corruption | None]


def in_value(output: Output, make: DefectInside, case: Case, perfect: str) -> Corruption | None:
    answer = PerfectAnswer(output, case, json.loads(perfect))
    try:
        made = make(answer)
        if made is not None and answer.loses_leaves(made):
            made = replace(made, breaks=made.breaks | {"leaf_values"})
        if made is not None and answer.miscounts(made):
            made = replace(made, breaks=made.breaks | {"item_counts"})
        if made is not None and case.alternatives:
            made = replace(made, breaks=made.breaks - answer.is_another(made))
    except (PatternTimeout, TooManyItems):
        return None  # the mistake is told of the task
    return made


def _in_values(output: Output) -> Mapping[str, DefectInside]:
    times = output.timestamps
    inner = {"inner key dropped": _inner_key_dropped, "inner key added": _inner_key_added}
    has_inner = output.json_schema is not None and places_of(output.json_schema).has_inner_objects
    claims = [pointer for pointer in output.grounded if pointer not in times]
    return {
        "key dropped": _key_dropped,
        "key added": _key_added,
        **(inner if has_inner else {}),
        "number quoted": _number_quoted,
        "value wrong": _value_wrong,
        **rule_defects(output),
        **count_defects(output),
        **{f"{pointer} invented": partial(_invented, pointer) for pointer in claims},
        **{f"{p} shifted": partial(_time_shifted, p, rule) for p, rule in times.items()},
        **{f"{p} impossible": partial(_time_impossible, p, rule) for p, rule in times.items()},
    }


def _key_dropped(answer: PerfectAnswer) -> Corruption | None:
    return _first_dropped(answer, answer.objects())


def _inner_key_dropped(answer: PerfectAnswer) -> Corruption | None:
    return _first_dropped(answer, answer.inner_objects())


def _first_dropped(
    answer: PerfectAnswer, objects: Iterable[tuple[Path, dict[str, Any]]]
) -> Corruption | None:
    for path, members in objects:
        node = answer.schema_at(path)
        if node is None or not is_simple(node):
            continue
        listed = node.get("required")
        for name in members:
            own = (answer.schema_at((*path, name)) or {}).get("required")
            is_required = own is True or (isinstance(listed, list) and name in listed)
            held = ("schema_types", "required_keys") if is_required else ()
            if broken := answer.without((*path, name), *held):
                return broken
    return None


def _key_added(answer: PerfectAnswer) -> Corruption | None:
    return _first_added(answer, answer.objects())


def _inner_key_added(answer: PerfectAnswer) -> Corruption | None:
    return _first_added(answer, answer.inner_objects())


def _first_added(
    answer: PerfectAnswer, objects: Iterable[tuple[Path, dict[str, Any]]]
) -> Corruption | None:
    for path, _ in objects:
        node = answer.schema_at(path) or {}
        if node.get("additionalProperties") is False and is_simple(node):
            return answer.changed((*path, "unasked"), True, "schema_types")
    return None


def _number_quoted(answer: PerfectAnswer) -> Corruption | None:
    for path, value in answer.leaves():
        node = answer.schema_at(path) or {}
        if is_number(value) and path and _is_numeric(node.get("type")):
            return answer.changed(path, dump(value), "schema_types", "types")
    return None


def _invented(pointer: str, answer: PerfectAnswer) -> Corruption | None:
    times = answer.output.timestamps
    for path, value in answer.leaves():
        is_claim = touches([pointer], path) and not touches(times, path)
        if is_claim and (new := answer.invented(path, value)) is not None:
            return answer.changed(path, new, "grounding")
    return None


def _value_wrong(answer: PerfectAnswer) -> Corruption | None:
    """Another allowed value: the right form, and not what the reference says."""
    for path, value in answer.leaves():
        choices = (answer.schema_at(path) or {}).get("enum", ())
        others = [c for c in choices if c != value and isinstance(c, str)]
        if others and not touches(answer.output.grounded, path):
            return answer.changed(path, others[0])
    return None


def _time_shifted(pointer: str, rule: TimestampRule, answer: PerfectAnswer) -> Corruption | None:
    for path, value in answer.leaves():
        if touches([pointer], path) and answer.is_free(path, "pattern", "format"):
            grounded = touches(answer.output.grounded, path)
            new = shifted(rule, value, answer.case.prompt)
            if new and (broken := answer.changed(path, new, *["grounding"] * grounded)):
                return broken
    return None


def _time_impossible(pointer: str, rule: TimestampRule, answer: PerfectAnswer) -> Corruption | None:
    annotations = () if answer.has_formats() else ("format",)
    for path, value in answer.leaves():
        if value is not None and touches([pointer], path) and answer.is_free(path, *annotations):
            grounded = touches(answer.output.grounded, path)
            new = impossible(rule, value)
            return answer.changed(path, new, "timestamp_sanity", *["grounding"] * grounded)
    return None


def _is_numeric(types: Any) -> bool:
    """True for a ``type`` that lets numbers stand, and no text."""
    allowed = {types} if isinstance(types, str) else {t for t in types or () if isinstance(t, str)}
    return bool(allowed) and allowed <= {"number", "integer", "null"}
