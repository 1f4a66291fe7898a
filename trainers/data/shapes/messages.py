"""``{"messages": [{"role": ..., "content": ...}, ...]}``, of which the last is the answer; with
``tools`` it may have ``tool_calls``, and so may earlier answers, with their results behind them."""

from collections.abc import Mapping
from typing import Any

from trainers.data.calls import calls_apart, tools_in
from trainers.data.conversation import answered
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape
from trainers.data.tool_turns import tool_messages


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    if "completion" in value:
        raise ValueError("has messages and completion, keep one of the two shapes")
    tools = tools_in(value)
    turns, calls = calls_apart(value["messages"], "messages", tools)
    messages = tool_messages(turns, "messages", tools)
    prompt, completion = answered(messages, "messages", has_calls=bool(calls))
    return TrainingRow(prompt, completion, where, tools, calls)


SHAPE = Shape(
    "messages",
    "examples",
    frozenset({"messages"}),
    read,
    "the last answer of each conversation is the completion",
    reads_tools=True,
)
