"""Reads the tools of a row and the calls of its answer, both in OpenAI's form.

All functions raise ValueError with the mistake and what to write instead, without the place.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.checks.tools.call import ARGUMENTS, NAME, Wanted
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.tools import TOOL_CALLS, tools_text
from harness.core.verdict import Outcome
from harness.files.strict_json import NotJson, decode
from trainers.data.conversation import characters

TOOLS = "tools"
MOST_DEPTH = 64
"""Levels of objects and lists in tools and arguments: no tool's schema has as many, a template's
recursion ends at a few hundred."""


def tools_in(value: Mapping[str, Any]) -> str:
    """The tools of a row as JSON text, as a plan's request has them; empty where it has none.

    They are a list, or its JSON text, which a column of Parquet or CSV holds.
    """
    given = value.get(TOOLS)
    given = decoded(given, TOOLS) if isinstance(given, str) and given else given
    if given in (None, "", []):
        return ""
    # The schemas' library comes along, which rows without tools do not wait for.
    from harness.checks.tools.tool import require_tools

    _require_shallow(given, TOOLS)
    require_tools(given)
    characters(json.dumps(given, ensure_ascii=False), TOOLS)
    return tools_text(given)


def calls_apart(value: Any, name: str, tools: str) -> tuple[Any, tuple[Wanted, ...]]:
    """The messages without the calls of the last one, and these, each proven to be a call of one of
    the tools. Anything but a list of messages is left as it is."""
    last = value[-1] if isinstance(value, list) and value else None
    if not isinstance(last, Mapping) or not last.get(TOOL_CALLS):
        return value, ()
    place = f"{name}[{len(value) - 1}].{TOOL_CALLS}"
    if not tools:
        raise ValueError(f"{place}: the row has no tools, write those that may be called")
    if not isinstance(last[TOOL_CALLS], list):
        raise ValueError(f"{place} must be a list of calls, found {last[TOOL_CALLS]!r:.60}")
    calls = tuple(call_of(entry, f"{place}[{i}]") for i, entry in enumerate(last[TOOL_CALLS]))
    require_sound(calls, tools, place)
    bare = {key: part for key, part in last.items() if key != TOOL_CALLS}
    bare["content"] = "" if last.get("content") is None else last["content"]
    return [*value[:-1], bare], calls


def turns_of(calls: Sequence[Wanted], first: int = 0) -> list[dict[str, Any]]:
    """Calls as the ``tool_calls`` of a message.

    Their ids are numbers of nine digits from ``first`` on: Mistral's templates take no id of
    another form.
    """
    return [
        {
            "id": f"{index:09d}",
            "type": "function",
            "function": {NAME: call.name, ARGUMENTS: dict(call.arguments)},
        }
        for index, call in enumerate(calls, start=first)
    ]


def server_turn(text: str) -> dict[str, Any] | None:
    """The message whose calls a server read, of the JSON text that is kept as its answer; ``None``
    for a model's own text."""
    try:
        message = decode(text.encode("utf-8", "surrogatepass"))
        listed = message.get(TOOL_CALLS) if isinstance(message, dict) else None
        calls = [call_of(entry, "") for entry in listed] if isinstance(listed, list) else []
    except ValueError:
        return None
    if not calls:
        return None
    content = message.get("content")
    beside = content if isinstance(content, str) else ""
    return {"role": "assistant", "content": beside, TOOL_CALLS: turns_of(calls)}


def reference_of(calls: Sequence[Wanted]) -> Any:
    """Calls as a case's reference: one, or a list of them."""
    listed = [{NAME: call.name, ARGUMENTS: dict(call.arguments)} for call in calls]
    return listed[0] if len(listed) == 1 else listed


def call_of(entry: Any, place: str) -> Wanted:
    """A call, as an entry of ``tool_calls`` has it; its id is not looked at."""
    function = entry.get("function") if isinstance(entry, Mapping) else None
    if not isinstance(function, Mapping) or entry.get("type", "function") != "function":
        expected = '{"type": "function", "function": {"name": ..., "arguments": ...}}'
        raise ValueError(f"{place} must be {expected}, found {entry!r:.60}")
    name, arguments = function.get(NAME), function.get(ARGUMENTS)
    if not isinstance(name, str):
        raise ValueError(f"{place}: the name of a tool must be text, found {name!r:.60}")
    if isinstance(arguments, str):
        arguments = decoded(arguments, f"{place}: arguments")
    if not isinstance(arguments, dict):
        raise ValueError(
            f"{place}: arguments must be an object, or its JSON text, found {arguments!r:.60}"
        )
    _require_shallow(arguments, f"{place}: arguments")
    characters(json.dumps(arguments, ensure_ascii=False), f"{place}: arguments")
    return Wanted(name, arguments)


def decoded(text: str, name: str) -> Any:
    """The JSON value of a text."""
    try:
        return decode(characters(text, name).encode(), has_unique_keys=True)
    except NotJson as error:
        raise ValueError(f"{name}: not valid JSON ({error})") from None


def _require_shallow(value: Any, place: str) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_DEPTH):
        parts = (part.values() if isinstance(part, dict) else part for part in level)
        level = [value for part in parts for value in part if isinstance(value, dict | list)]
        if not level:
            return
    raise ValueError(f"{place}: nested deeper than {MOST_DEPTH} levels")


def require_sound(calls: Sequence[Wanted], tools: str, place: str) -> None:
    """Check by the suites' checks that calls are of a tool and their arguments fit its schema."""
    from harness.checks.tool_arguments import ToolArguments
    from harness.checks.tool_name import ToolName
    from harness.checks.tools.reading import form_of
    from harness.checks.tools.rule import CallRule
    from harness.checks.tools.tool import toolset_of

    rule, toolset = CallRule("openai"), toolset_of(tools)
    answer = Completion(form_of("openai").text_of(calls))
    for check in (ToolName(rule, toolset), ToolArguments(rule, toolset)):
        verdict = check.judge(Case(place, ()), answer)
        if verdict.outcome is not Outcome.PASSED:
            raise ValueError(f"{place}: {verdict.reason}")
