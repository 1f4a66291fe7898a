"""Collected interactions: ``task.description`` is the prompt, ``execution.output`` the answer."""

from collections.abc import Mapping
from typing import Any

from harness.core.case import Message
from trainers.data.conversation import LeftOut, answer_text, text_at
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    execution = value["execution"]
    if isinstance(execution, Mapping) and execution.get("success") is False:
        raise LeftOut("execution.success is false: no example to imitate")
    task = text_at(value, "task.description")
    if not task:
        raise ValueError("task.description is empty")
    output = answer_text(text_at(value, "execution.output"), "execution.output")
    return TrainingRow((Message("user", task),), output, where)


SHAPE = Shape(
    "collected interactions",
    "examples",
    frozenset({"task", "execution"}),
    read,
    "task.description is the prompt and execution.output the completion, agent.role is not used",
)
