"""``{"instruction": ..., "input": ..., "output": ...}``, whose input may be missing or empty."""

from collections.abc import Mapping
from typing import Any

from harness.core.case import Message
from trainers.data.conversation import read_answer, text_at
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    if value.get("history"):
        raise ValueError("history is not read; write the conversation as messages")
    parts = [text_at(value, key) for key in ("instruction", "input") if value.get(key)]
    if not parts:
        raise ValueError("instruction and input are empty")
    system = (Message("system", text_at(value, "system")),) if value.get("system") else ()
    prompt = (*system, Message("user", "\n".join(parts)))
    return TrainingRow(prompt, read_answer(value["output"], "output"), where)


SHAPE = Shape(
    "Alpaca",
    "examples",
    frozenset({"instruction", "output"}),
    read,
    "the prompt is the instruction, and the input on the next line",
)
