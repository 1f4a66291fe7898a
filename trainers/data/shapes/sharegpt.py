"""``{"conversations": [{"from": "human", "value": ...}, {"from": "gpt", "value": ...}]}``.

Some write role and content under ``conversations``; both are read.
"""

from collections.abc import Mapping
from typing import Any

from harness.core.case import Message
from trainers.data.conversation import answered, messages_of
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape

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


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    turns = value["conversations"]
    if isinstance(turns, list):
        turns = [_renamed(turn, f"conversations[{i}]") for i, turn in enumerate(turns)]
    messages = messages_of(turns, "conversations")
    system = value.get("system")
    if system and isinstance(system, str) and messages[0].role != "system":
        messages = (Message("system", system), *messages)
    return TrainingRow(*answered(messages, "conversations"), where)


def _renamed(turn: Any, name: str) -> Any:
    """A turn with from and value as one with role and content; others as they are."""
    if not isinstance(turn, Mapping) or "from" not in turn:
        return turn
    role = turn["from"]
    if role not in NAMES:
        raise ValueError(
            f"{name}.from must be one of {', '.join(NAMES)}, found {role!r:.60}; write calls of "
            "tools as messages with tool_calls"
        )
    return {"role": NAMES[role], "content": turn.get("value")}


SHAPE = Shape(
    "ShareGPT",
    "examples",
    frozenset({"conversations"}),
    read,
    "human is read as user and gpt as assistant, the last answer of each is the completion",
)
