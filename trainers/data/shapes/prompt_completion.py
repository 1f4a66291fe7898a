"""``{"prompt": ..., "completion": ...}``, each as text or as messages."""

from collections.abc import Mapping
from typing import Any

from trainers.data.conversation import read_answer, read_prompt
from trainers.data.rows import TrainingRow
from trainers.data.shape import Shape


def read(value: Mapping[str, Any], where: str) -> TrainingRow:
    return TrainingRow(
        read_prompt(value["prompt"]), read_answer(value["completion"], "completion"), where
    )


SHAPE = Shape("prompt and completion", "examples", frozenset({"prompt", "completion"}), read)
