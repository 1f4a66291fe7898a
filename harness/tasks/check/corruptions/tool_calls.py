"""Defects of answers that are calls of tools, and of plain ones where no call is wanted."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from harness.checks.declared.output import Output
from harness.checks.equality.values import is_same
from harness.checks.json.pointer import follow
from harness.checks.tools.call import Wanted, wanted_of
from harness.checks.tools.tool import Tool
from harness.core.case import Case
from harness.core.completion import FinishReason
from harness.tasks.check.corruptions.defect import (
    CALLS,
    EDGES,
    LOOP,
    SYNTAX,
    TOOL,
    Corruption,
    Defects,
    around,
    at_the_limit,
    nothing,
)
from harness.tasks.reference import bare_answer

ARGUMENTS, EXACT = "tool_arguments", "exact_calls"
Calls = tuple[Wanted, ...]
Made = tuple[Calls, tuple[str, ...]]
"""Calls with a defect, and what it breaks."""
_PLAIN = ("type", "description", "title", "default", "examples")
"""Keywords by which any value of the type is allowed."""
_NUMBERS = ("number", "integer")


def defects(output: Output) -> Defects:
    """By name, in the order of a table."""
    if output.calls == "none":
        return {
            "call made": partial(_call_made, output),
            "nothing": nothing("tool_call"),
            "token limit reached": at_the_limit,
        }
    beside = () if output.commentary else (EDGES,)
    return {
        "chatter before": around("I will look that up.\n", "", *beside),
        "chatter after": around("", "\nlet me know if anything is missing.", *beside),
        "ends in a loop": around("", "\n" + LOOP * 12, *beside, "repetition"),
        "cut off": _cut_off,
        "words in its place": lambda case, perfect: Corruption("Done.", frozenset({SYNTAX})),
        **{name: partial(_of_calls, output, make) for name, make in _IN_CALLS.items()},
        "nothing": nothing(SYNTAX),
        "token limit reached": at_the_limit,
    }


def _call_made(output: Output, case: Case, perfect: str) -> Corruption:
    name = next(iter(output.toolset.tools))
    calling = output.model_copy(update={"calls": None})
    text = bare_answer(calling, {"name": name, "arguments": {}})
    assert text is not None, "there is a reference"
    return Corruption(text, frozenset({"tool_call"}))


def _cut_off(case: Case, perfect: str) -> Corruption:
    breaks = frozenset({SYNTAX, "stops_cleanly"})
    return Corruption(perfect[:-1], breaks, FinishReason.LENGTH)


def _of_calls(
    output: Output, make: Callable[[Output, Calls], Made | None], case: Case, perfect: str
) -> Corruption | None:
    """The defect of the calls, written in the form of the answer."""
    made = make(output, wanted_of(case.reference))
    if made is None:
        return None
    calls, breaks = made
    value: Any = [{"name": c.name, "arguments": dict(c.arguments)} for c in calls]
    text = bare_answer(output, value)
    return None if text is None else Corruption(text, frozenset(breaks))


def _repeated(output: Output, calls: Calls) -> Made:
    return (*calls, calls[0]), (CALLS,)


def _dropped(output: Output, calls: Calls) -> Made | None:
    return (calls[:-1], (CALLS,)) if len(calls) > 1 else None


def _swapped(output: Output, calls: Calls) -> Made | None:
    if output.call_order == "free" or len(calls) < 2 or _is_same(calls[0], calls[1]):
        return None
    return (calls[1], calls[0], *calls[2:]), (EXACT,)


def _is_same(one: Wanted, other: Wanted) -> bool:
    return one.name == other.name and is_same(dict(one.arguments), dict(other.arguments))


def _unknown(output: Output, calls: Calls) -> Made:
    name = calls[0].name + "_"
    while name in output.toolset.tools:
        name += "_"
    return (calls[0]._replace(name=name), *calls[1:]), (TOOL,)


def _argument_dropped(output: Output, calls: Calls) -> Made | None:
    for tool, call, name, _ in _arguments(output, calls):
        required = tool.parameters.get("required")
        if isinstance(required, list) and name in required:
            kept = {n: v for n, v in call.arguments.items() if n != name}
            return _with(calls, call, kept), _broken(output, call, name)
    return None


def _argument_added(output: Output, calls: Calls) -> Made | None:
    for call in calls:
        tool, name = output.toolset.tools.get(call.name), "unasked"
        if tool is None or not _is_plain(tool) or name in _properties(tool):
            continue
        is_closed = tool.is_strict or tool.parameters.get("additionalProperties") is False
        if is_closed or tool.parameters.get("additionalProperties", True) is True:
            breaks = (EXACT, ARGUMENTS) if is_closed else (EXACT,)
            return _with(calls, call, {**call.arguments, name: True}), breaks
    return None


def _number_quoted(output: Output, calls: Calls) -> Made | None:
    for _, call, name, schema in _arguments(output, calls):
        value = call.arguments[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and schema.get("type") in _NUMBERS:
            changed = {**call.arguments, name: str(value)}
            return _with(calls, call, changed), _broken(output, call, name)
    return None


def _not_in_enum(output: Output, calls: Calls) -> Made | None:
    for _, call, name, schema in _arguments(output, calls):
        if isinstance(schema.get("enum"), list) and "no such" not in schema["enum"]:
            changed = {**call.arguments, name: "no such"}
            return _with(calls, call, changed), _broken(output, call, name)
    return None


def _text_changed(output: Output, calls: Calls) -> Made | None:
    for _, call, name, schema in _arguments(output, calls):
        value = call.arguments[name]
        is_any = schema.get("type") == "string" and set(schema) <= set(_PLAIN)
        if isinstance(value, str) and is_any and not _is_free(output, call, name):
            return _with(calls, call, {**call.arguments, name: value + " and more"}), (EXACT,)
    return None


_IN_CALLS: Mapping[str, Callable[[Output, Calls], Made | None]] = {
    "call repeated": _repeated,
    "call left out": _dropped,
    "calls swapped": _swapped,
    "unknown tool": _unknown,
    "argument dropped": _argument_dropped,
    "argument added": _argument_added,
    "number quoted": _number_quoted,
    "value not in enum": _not_in_enum,
    "text changed": _text_changed,
}


def _arguments(
    output: Output, calls: Calls
) -> Iterator[tuple[Tool, Wanted, str, Mapping[str, Any]]]:
    """Each argument whose schema alone decides about its value."""
    for call in calls:
        tool = output.toolset.tools.get(call.name)
        for name in call.arguments if tool is not None and _is_plain(tool) else ():
            assert tool is not None
            schema = _properties(tool).get(name)
            if isinstance(schema, dict) and "$ref" not in schema:
                yield tool, call, name, schema


def _is_plain(tool: Tool) -> bool:
    """The tool's schema says what it says by name and by ``required`` alone."""
    known = {"type", "properties", "required", "additionalProperties", "description", "title"}
    return tool.parameters.keys() <= known | {"$defs", "definitions", "$schema"}


def _properties(tool: Tool) -> Mapping[str, Any]:
    found = tool.parameters.get("properties")
    return found if isinstance(found, dict) else {}


def _broken(output: Output, call: Wanted, name: str) -> tuple[str, ...]:
    return (ARGUMENTS,) if _is_free(output, call, name) else (ARGUMENTS, EXACT)


def _is_free(output: Output, call: Wanted, name: str) -> bool:
    """The argument, or a part of it, is not compared."""
    places = (p for f in output.free_arguments for p in follow(call.arguments, f))
    return any(place.path[:1] == (name,) for place in places)


def _with(calls: Calls, changed: Wanted, arguments: Mapping[str, Any]) -> Calls:
    at = next(i for i, call in enumerate(calls) if call is changed)
    return (*calls[:at], changed._replace(arguments=arguments), *calls[at + 1 :])
