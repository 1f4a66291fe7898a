"""The log of an experiment, ``harness serve --ab --log DIR --log-text``."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.ab.entry import FORMAT
from harness.core.errors import HarnessError
from harness.tasks.judging_line import JudgingLine
from harness.tasks.logs.messages import messages_in, prompt_of


class Rows:
    SAID = "the log of an experiment, whose answers are judged before repair"

    @staticmethod
    def fits(row: Mapping[str, Any]) -> bool:
        return row.get("format") == FORMAT

    def lines(self, row: Mapping[str, Any], number: int) -> Iterator[JudgingLine]:
        completion = row.get("completion")
        if not isinstance(completion, dict):
            raise HarnessError(
                "holds no prompt and answer, harness serve --ab --log-text keeps them"
            )
        messages = messages_in(row.get("messages"))
        value = {
            "id": number if row.get("id") is None else row["id"],
            "completion": completion.get("text"),
            "finish_reason": completion.get("finish_reason"),
            "prompt": prompt_of(messages),
        }
        yield replace(JudgingLine.of(value, messages=messages), task=row.get("task", ""))

    def remarks(self) -> Iterator[str]:
        yield from ()
