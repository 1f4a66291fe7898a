"""``{"messages": [{"role": ..., "content": ...}, ...]}``, of which the last is the answer."""

from collections.abc import Mapping
from typing import Any

from trainers.data.conversation import answered, messages_of
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    if "completion" in value:
        raise ValueError("has messages and completion, keep one of the two shapes")
    if value.get("tools"):
        raise ValueError("has tools, which are not read; write messages without them")
    return TrainingRow(*answered(messages_of(value["messages"], "messages"), "messages"), where)


SHAPE = Shape(
    "messages",
    "examples",
    frozenset({"messages"}),
    read,
    "the last answer of each conversation is the completion",
)
