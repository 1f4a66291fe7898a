"""A Case: one prompt, the expected answer, and its origin."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from typing_extensions import TypeAliasType

JsonValue = TypeAliasType(
    "JsonValue", "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
)
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation that the model completes."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ToolTurn(Message):
    """A turn that calls tools, or is the result of a call: its role is then ``tool``. Training rows
    have such turns, tasks have none."""

    more: str
    """Its other keys, as OpenAI's protocol has them: an object as JSON text."""


def turn_of(message: Message) -> dict[str, Any]:
    """A message as a chat template and OpenAI's protocol have it."""
    more = json.loads(message.more) if isinstance(message, ToolTurn) else {}
    return {"role": message.role, "content": message.content, **more}


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt of a task, with its reference."""

    id: str
    """Unique within its task."""
    messages: tuple[Message, ...]
    """The rendered conversation, oldest first; the last one is the user's."""
    reference: JsonValue = None
    """Content of a perfect answer; ``None`` where the task gives none."""
    alternatives: tuple[JsonValue, ...] = field(default=(), hash=False)
    """Contents of other perfect answers; an answer is held against the nearest of all."""
    tags: tuple[str, ...] = ()
    """Slices by which a report may group cases."""
    template: str = ""
    """Id of the case's wording: cases that share it are one statistical cluster."""
    variables: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)
    """Variables from which the prompt was rendered."""
    must_pass: bool = False
    """A pinned case: its failure is a regression, whatever the rates are."""
    declared: str = ""
    """The parts of a task's ``output`` that are the case's own, as JSON text; each stands in the
    place of the task's."""
    weight: float = 1.0
    """Weight of the case in means of shares, above 0."""
    max_new_tokens: int | None = None
    """The most tokens of its answer, where that is not the task's."""

    @property
    def references(self) -> tuple[JsonValue, ...]:
        """The contents of all perfect answers, ``reference`` first."""
        return () if self.reference is None else (self.reference, *self.alternatives)

    @property
    def prompt(self) -> str:
        """Text of all user messages, in which a grounded value must occur."""
        return "\n".join(m.content for m in self.messages if m.role == "user")
