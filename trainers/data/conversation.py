"""Reads the prompt, the completion and the messages of one row, whatever its shape.

All functions raise ValueError with the mistake and what to write instead, without the place.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.core.case import Message

ROLES = ("system", "user", "assistant")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNREAD_ROLES = {
    "developer": "write its text as a system message",
    "tool": "results of tools stand in the prompt of a row with tools",
    "function": "a result of a tool has the role tool, in the prompt of a row with tools",
}


class LeftOut(Exception):
    """A row is sound and yet not trained on; the message gives the reason."""


def read_prompt(
    value: Any, name: str = "prompt", *, has_tools: bool = False
) -> tuple[Message, ...] | str:
    """A prompt: a conversation that waits for an answer, or text, which no tools can stand in."""
    if isinstance(value, str):
        if not value:
            raise ValueError(f"the {name} is empty")
        if has_tools:
            raise ValueError(
                f"has tools: write the {name} as messages, text bypasses the chat template, which "
                "writes them"
            )
        return characters(value, name)
    return waiting(messages_of(value, name), name)


def read_answer(value: Any, name: str, *, has_calls: bool = False) -> str:
    """The answer under the key ``name``: text, or one message of the assistant. Beside calls it may
    be empty."""
    if isinstance(value, str):
        return answer_text(value, name)
    if not isinstance(value, list):
        raise ValueError(f"{name} must be text, found {value!r:.60}; write JSON as a string")
    turns = messages_of(value, name)
    if len(turns) != 1 or turns[0].role != "assistant":
        raise ValueError(f"{name} must be text, or one message of the assistant")
    return turns[0].content if has_calls else answer_text(turns[0].content, name)


def waiting(turns: tuple[Message, ...], name: str) -> tuple[Message, ...]:
    """The messages, unless the last one is the assistant's."""
    if turns[-1].role == "assistant":
        raise ValueError(f"{name}: an assistant's turn stands right before the answer")
    return turns


def answered(
    turns: tuple[Message, ...], name: str, *, has_calls: bool = False
) -> tuple[tuple[Message, ...], str]:
    """The prompt and the completion of a conversation: its last answer and all before it. Beside
    calls the completion may be empty."""
    if turns[-1].role != "assistant" or len(turns) < 2:
        raise ValueError(f"{name} must end with the assistant's answer to at least one turn")
    content = turns[-1].content
    prompt = waiting(turns[:-1], name)
    return prompt, content if has_calls else answer_text(content, "completion")


def answer_text(completion: str, name: str) -> str:
    if not completion:
        raise ValueError(f"the {name} is empty, so there is nothing to learn")
    return characters(completion, name)


def characters(text: str, name: str) -> str:
    """The text, unless half of a surrogate pair is in it: no tokenizer reads such a text."""
    if half := _SURROGATE.search(text):
        raise ValueError(
            f"{name} holds the lone surrogate \\u{ord(half[0]):04x}, which is no character: the "
            "text was cut within a character, cut it elsewhere"
        )
    return text


def messages_of(value: Any, name: str) -> tuple[Message, ...]:
    """A list of messages with role and content."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a list of messages with role and content")
    return tuple(message_of(turn, f"{name}[{index}]") for index, turn in enumerate(value))


def message_of(turn: Any, name: str) -> Message:
    """A message with role and content."""
    if not isinstance(turn, Mapping):
        raise ValueError(f"{name} must be an object with role and content, found {turn!r:.60}")
    role, content = turn.get("role"), turn.get("content")
    if role not in ROLES:
        hint = f"; {_UNREAD_ROLES[role]}" if role in _UNREAD_ROLES else ""
        raise ValueError(f"{name}.role must be one of {', '.join(ROLES)}, found {role!r:.60}{hint}")
    if turn.get("tool_calls"):
        raise ValueError(
            f"{name}.tool_calls are not read: a row with calls has tools, and the answers of a "
            "preference have calls as text of their content, as the model writes it"
        )
    if not isinstance(content, str):
        hint = "; join its parts to one text" if isinstance(content, list) else ""
        raise ValueError(f"{name}.content must be text, found {content!r:.60}{hint}")
    return Message(role, characters(content, f"{name}.content"))


def text_at(value: Mapping[str, Any], path: str) -> str:
    """The text at a dotted path such as ``task.description``."""
    found: Any = value
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            raise ValueError(f"has no {path}")
        found = found[key]
    if not isinstance(found, str):
        raise ValueError(f"{path} must be text, found {found!r:.60}")
    return characters(found, path)
