"""The log of an experiment with texts: the answers of either arm that passed every behavior."""

from collections.abc import Mapping
from typing import Any

from trainers.data.conversation import LeftOut
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape
from trainers.data.shapes import samples


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    if value.get("is_repaired"):
        raise LeftOut("the answer was repaired: no example to imitate")
    return samples.read(value, where)


SHAPE = Shape(
    "an experiment's log",
    "examples",
    samples.SHAPE.keys | {"experiment", "arm"},
    read,
    "the answers that passed every behavior are the completions",
)
