"""``samples.jsonl`` of a run: each answer, with the prompt that it answers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.checks.json.wording import show
from harness.core.errors import HarnessError
from harness.core.tool_form import TOOL_FORMS
from harness.tasks.judging_line import JudgingLine
from harness.tasks.logs.messages import messages_in, prompt_of


class Rows:
    SAID = "the samples of a run"

    @staticmethod
    def fits(row: Mapping[str, Any]) -> bool:
        return "case_id" in row and "verdicts" in row

    def lines(self, row: Mapping[str, Any], number: int) -> Iterator[JudgingLine]:
        completion = row.get("completion")
        if not isinstance(completion, dict):
            raise HarnessError(f"completion: expected that of a sample, found {show(completion)}")
        messages = messages_in(row.get("messages"))
        value = {
            "id": row.get("case_id"),
            "completion": completion.get("text"),
            "finish_reason": completion.get("finish_reason"),
            "prompt": prompt_of(messages),
            "reference": row.get("reference"),
        }
        if others := row.get("alternatives"):
            several = [value.pop("reference"), *(others if isinstance(others, list) else [others])]
            value["references"] = several
        repeat, error = row.get("repeat", 0), completion.get("error")
        form = completion.get("tool_form")
        if type(repeat) is not int:
            raise HarnessError(f"repeat: expected a whole number, found {show(repeat)}")
        line = JudgingLine.of(value, messages=messages, repeat=repeat or None)
        yield replace(
            line,
            error=error if isinstance(error, str) else None,
            tool_form=form if form in TOOL_FORMS else None,
        )

    def remarks(self) -> Iterator[str]:
        yield from ()
