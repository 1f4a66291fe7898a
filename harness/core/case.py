"""A Case: one prompt, what is expected of the answer, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from typing_extensions import TypeAliasType

JsonValue = TypeAliasType(
    "JsonValue", "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
)
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation that asks for the completion."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt of a task and what a good answer to it contains."""

    id: str
    """Unique within its task."""
    messages: tuple[Message, ...]
    """The rendered conversation, oldest first; the last one is the user's."""
    reference: JsonValue = None
    """What a perfect answer contains; ``None`` where the task gives none."""
    tags: tuple[str, ...] = ()
    """Slices that a report may group by."""
    template: str = ""
    """The wording the case was made from: cases that share it are one statistical cluster."""
    variables: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)
    """What the prompt was rendered from."""
    must_pass: bool = False
    """A pinned case: the gate calls its failure a regression whatever the rates say."""

    @property
    def prompt(self) -> str:
        """The text the user wrote, all turns: what a grounded value must occur in."""
        return "\n".join(m.content for m in self.messages if m.role == "user")
