"""Our own form: ``{"id": ..., "prompt": ..., "completion": ...}`` and declarations."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.tasks.judging_line import JudgingLine


class Rows:
    SAID = "lines of id, prompt and completion"

    @staticmethod
    def fits(row: Mapping[str, Any]) -> bool:
        return "completion" in row

    def lines(self, row: Mapping[str, Any], number: int) -> Iterator[JudgingLine]:
        yield JudgingLine.of(row)

    def remarks(self) -> Iterator[str]:
        yield from ()
