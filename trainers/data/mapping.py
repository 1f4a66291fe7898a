"""A shape that the user describes: the dotted paths of prompt, completion and system message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.core.case import Message
from harness.core.errors import HarnessError
from trainers.data.conversation import answer_text, text_at
from trainers.data.reading import shape_named
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


def shape_of(
    name: str | None,
    prompt: str | None,
    completion: str | None,
    system: str | None,
    systems: Sequence[str] = (),
) -> Shape | None:
    """The shape that the options of a command name or describe; ``None`` where they do neither.

    Args:
        systems: ``NAME=TEXT`` each.

    Raises:
        HarnessError: the options do not belong together.
    """
    if prompt is None and completion is None:
        if system or systems:
            raise HarnessError("--system-from needs --prompt and --completion, the other places")
        return shape_named(name) if name else None
    if name:
        raise HarnessError("--format and --prompt: the shape is named or described, give one")
    if prompt is None or completion is None:
        missing = "--prompt" if prompt is None else "--completion"
        raise HarnessError(f"{missing}: name the place of that too, such as execution.output")
    return Fields(prompt, completion, system, _systems(systems, system)).shape


def _systems(texts: Sequence[str], system: str | None) -> dict[str, str]:
    if wrong := [text for text in texts if "=" not in text]:
        raise HarnessError(f"--system {wrong[0]}: expected NAME=TEXT, such as coder='Write code.'")
    if texts and system is None:
        raise HarnessError("--system needs --system-from, the place of the name")
    return {name: rest for name, _, rest in (text.partition("=") for text in texts)}
