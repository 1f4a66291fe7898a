"""``{"prompt": ..., "completion": ...}``, each as text or as messages; with ``tools`` the
completion may have ``tool_calls``."""

from collections.abc import Mapping
from typing import Any

from trainers.data.calls import calls_apart, tools_in
from trainers.data.conversation import read_answer
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape
from trainers.data.tool_turns import prompt_of


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    tools = tools_in(value)
    prompt = prompt_of(value["prompt"], "prompt", tools)
    turns, calls = calls_apart(value["completion"], "completion", tools)
    completion = read_answer(turns, "completion", has_calls=bool(calls))
    return TrainingRow(prompt, completion, where, tools, calls)


SHAPE = Shape(
    "prompt and completion",
    "examples",
    frozenset({"prompt", "completion"}),
    read,
    reads_tools=True,
)
