"""Reads conversations as OpenAI's protocol writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.checks.json.wording import show
from harness.core.case import Message, Role
from harness.core.errors import HarnessError

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    # A tool's result is given to the model, as a user's words are.
    "tool": "user",
    "function": "user",
}


def messages_in(value: Any) -> tuple[Message, ...]:
    """The messages of a conversation, text alone.

    Raises:
        HarnessError: it is no list of messages.
    """
    if not isinstance(value, list) or not value:
        raise HarnessError(f"messages: expected a list of messages, found {show(value)}")
    return tuple(_message(turn, index) for index, turn in enumerate(value))


def _message(turn: Any, index: int) -> Message:
    role = turn.get("role") if isinstance(turn, dict) else None
    if not isinstance(role, str) or role not in _ROLES:
        raise HarnessError(f"messages[{index}]: expected role and content, found {show(turn)}")
    return Message(_ROLES[role], _text(turn.get("content"), index))


def _text(content: Any, index: int) -> str:
    """Text, or the text among the parts of a message; a call of a tool has none."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [p.get("text") for p in content if isinstance(p, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    raise HarnessError(f"messages[{index}]: expected content of text, found {show(content)}")


def prompt_of(messages: Sequence[Message]) -> str:
    """Text of all user messages, as ``Case.prompt`` is."""
    return "\n".join(m.content for m in messages if m.role == "user")
