"""Defects of JSON answers."""

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.declared.timestamp_rule import TimestampRule
from harness.checks.exact_fields import is_equal
from harness.checks.leaf_values import agreement, leaves_of
from harness.checks.text.document import Path
from harness.core.case import Case
from harness.core.completion import FinishReason
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
from harness.tasks.check.corruptions.invented import number_for, text_for
from harness.tasks.check.corruptions.moments import impossible, shifted
from harness.tasks.check.corruptions.schema_places import PLAIN_KEYWORDS, is_simple, places_of
from harness.tasks.reference import dump


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
    return {name: partial(_in_value, output, make) for name, make in _in_values(output).items()}


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


_DATED = PLAIN_KEYWORDS | {"format", "minLength"}
"""Keywords of a text that may be a date."""


@dataclass(frozen=True, slots=True)
class PerfectAnswer:
    """The value of a perfect answer, and the declarations about places in it."""

    output: Output
    case: Case
    value: Any

    def objects(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        for path, value in _walk((), self.value):
            if isinstance(value, dict):
                yield path, value

    def inner_objects(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        return (found for found in self.objects() if found[0])

    def leaves(self) -> Iterator[tuple[Path, Any]]:
        for path, value in _walk((), self.value):
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
        return number_for(node, self.case.prompt) if _is_number(value) else None

    def changed(self, path: Path, new: Any, *breaks: str) -> Corruption | None:
        """The answer with another value at a place, which is no longer the reference's."""
        value = copy.deepcopy(self.value)
        _container(value, path)[path[-1]] = new
        exact = ["exact_fields"] if touches(self.output.exact, path) else []
        return Corruption(dump(value), frozenset([*breaks, *exact])) if [*breaks, *exact] else None

    def without(self, path: Path, *breaks: str) -> Corruption | None:
        """The answer without a key."""
        value = copy.deepcopy(self.value)
        del _container(value, path)[path[-1]]
        broken = [*breaks]
        times = self.output.timestamps.items()
        if names_key((pointer for pointer, rule in times if not rule.optional), path):
            broken.append("timestamp_sanity")
        if names_key(self.output.grounded, path):
            broken.append("grounding")
        if touches(self.output.exact, path):
            broken.append("exact_fields")
        return Corruption(dump(value), frozenset(broken)) if broken else None

    def loses_leaves(self, made: Corruption) -> bool:
        """The corrupted answer has not every leaf of the reference, or its leaves do not count."""
        rule = self.output.leaf_values
        if not rule:
            return False
        wanted, found = dict(leaves_of(self.value)), dict(leaves_of(json.loads(made.text)))
        is_refused = rule.valid and "schema_types" in made.breaks
        return (
            is_refused
            or agreement(wanted, found) < rule.least_paths
            or any(
                path not in found or not is_equal(leaf, found[path])
                for path, leaf in wanted.items()
            )
        )


DefectInside = Callable[[PerfectAnswer], Corruption | None]


def touches(pointers: Iterable[str], path: Path) -> bool:
    """True when one of the JSON pointers leads to the place, through it or into it."""
    return any(_runs_along(_tokens(pointer), path) for pointer in pointers)


def names_key(pointers: Iterable[str], path: Path) -> bool:
    """True when one of the JSON pointers asks for the key at the place by its name: what ``*`` does
    not find is not missing."""
    tokens = [_tokens(pointer) for pointer in pointers]
    return any(
        len(t) >= len(path) and t[len(path) - 1] != "*" and _runs_along(t, path) for t in tokens
    )


def _runs_along(tokens: list[str], path: Path) -> bool:
    return all(token in ("*", str(part)) for token, part in zip(tokens, path, strict=False))


def _tokens(pointer: str) -> list[str]:
    return [t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:]]


def _walk(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _walk((*path, name), member)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk((*path, index), item)


def _container(value: Any, path: Path) -> Any:
    for part in path[:-1]:
        value = value[part]
    return value


def _in_value(output: Output, make: DefectInside, case: Case, perfect: str) -> Corruption | None:
    answer = PerfectAnswer(output, case, json.loads(perfect))
    made = make(answer)
    if made is None or not answer.loses_leaves(made):
        return made
    return replace(made, breaks=made.breaks | {"leaf_values"})


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
        if _is_number(value) and path and _is_numeric(node.get("type")):
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
