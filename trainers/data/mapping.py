"""A shape that the user describes: the dotted paths of prompt, completion and system message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.case import Message
from trainers.data.conversation import answer_text, text_at
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape


@dataclass(frozen=True, slots=True)
class Fields:
    """Places of a row's texts, such as ``task.description``."""

    prompt: str
    completion: str
    system: str | None = None
    """Place of the system message, or of a name that ``systems`` has."""
    systems: Mapping[str, str] = field(default_factory=dict)
    """System messages by the text at ``system``; where empty, that text is the message."""

    @property
    def shape(self) -> Shape:
        said = f"{self.prompt} is the prompt, {self.completion} the completion"
        if self.system:
            said += f", {self.system} the system message"
        return Shape("rows as told", "examples", frozenset(), self.read, said)

    def read(self, value: Mapping[str, Any], where: str) -> TrainingRow:
        prompt = text_at(value, self.prompt)
        if not prompt:
            raise ValueError(f"{self.prompt} is empty")
        completion = answer_text(text_at(value, self.completion), self.completion)
        system = (Message("system", self._system(value)),) if self.system else ()
        return TrainingRow((*system, Message("user", prompt)), completion, where)

    def _system(self, value: Mapping[str, Any]) -> str:
        assert self.system is not None
        text = text_at(value, self.system)
        if self.systems and text not in self.systems:
            raise ValueError(f"{self.system} is {text!r:.60}, for which no --system was given")
        return self.systems.get(text, text)
