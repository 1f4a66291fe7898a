"""``{"conversations": [{"from": "human", "value": ...}, {"from": "gpt", "value": ...}]}``; with
``tools``, calls are ``function_call`` and their results ``observation``.

Some write role and content under ``conversations``; both are read.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.core.case import Message
from harness.core.tools import TOOL_CALLS
from trainers.data.calls import TOOLS, calls_apart, decoded, tools_in
from trainers.data.conversation import answered
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape
from trainers.data.tool_turns import RESULT, tool_messages

NAMES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "system": "system",
}
"""Roles by the names that ``from`` has."""
CALL, OBSERVATION = "function_call", "observation"
"""Further names, in rows with tools."""


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    tools, turns = tools_in({TOOLS: _tools(value.get(TOOLS))}), value["conversations"]
    if isinstance(turns, list):
        named = ((turn, f"conversations[{i}]") for i, turn in enumerate(turns))
        turns = [*_renamed(named, has_tools=bool(tools))]
    turns, calls = calls_apart(turns, "conversations", tools)
    messages = tool_messages(turns, "conversations", tools)
    system = value.get("system")
    if system and isinstance(system, str) and messages[0].role != "system":
        messages = (Message("system", system), *messages)
    prompt, completion = answered(messages, "conversations", has_calls=bool(calls))
    return TrainingRow(prompt, completion, where, tools, calls)


def _tools(given: Any) -> Any:
    """Tools as OpenAI has them: here they mostly stand without ``type`` and ``function`` around."""
    given = decoded(given, TOOLS) if isinstance(given, str) and given else given
    if not isinstance(given, list):
        return given
    return [
        {"type": "function", "function": tool}
        if isinstance(tool, Mapping) and "name" in tool and "function" not in tool
        else tool
        for tool in given
    ]


def _renamed(turns: Iterable[tuple[Any, str]], *, has_tools: bool) -> Iterator[Any]:
    """Turns with from and value as those with role and content; others as they are."""
    for turn, name in turns:
        if not isinstance(turn, Mapping) or "from" not in turn:
            yield turn
            continue
        role = turn["from"]
        if role in (CALL, OBSERVATION) and not has_tools:
            raise ValueError(f"{name}.from is {role}, and the row has no tools: write them too")
        if role == CALL:
            yield {"role": "assistant", "content": "", TOOL_CALLS: _calls(turn.get("value"), name)}
        elif role == OBSERVATION:
            yield {"role": RESULT, "content": turn.get("value")}
        elif isinstance(role, str) and role in NAMES:
            yield {"role": NAMES[role], "content": turn.get("value")}
        else:
            known = ", ".join([*NAMES, CALL, OBSERVATION])
            raise ValueError(f"{name}.from must be one of {known}, found {role!r:.60}")


def _calls(value: Any, name: str) -> list[dict[str, Any]]:
    """One call or a list of them, as JSON text or as values."""
    found = decoded(value, f"{name}.value") if isinstance(value, str) else value
    listed = found if isinstance(found, list) else [found]
    if not listed or not all(isinstance(call, Mapping) for call in listed):
        raise ValueError(
            f'{name}.value must be a call {{"name": ..., "arguments": ...}}, or a list of them, '
            f"found {value!r:.60}"
        )
    return [{"type": "function", "function": call} for call in listed]


SHAPE = Shape(
    "ShareGPT",
    "examples",
    frozenset({"conversations"}),
    read,
    "human is read as user and gpt as assistant, the last answer of each is the completion",
    reads_tools=True,
)
