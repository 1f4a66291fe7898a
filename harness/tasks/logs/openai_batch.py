"""The output of OpenAI's Batch API, which ``vllm run-batch`` writes too: a response a row.

A row that holds no whole answer (an error, a refused request, a call of a tool) is an error of each
behavior: no model failed it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.core.errors import HarnessError
from harness.core.openai_answer import finish_reason_of, require_whole, response_body, text_in
from harness.tasks.judging_line import JudgingLine

_OURS = re.compile(r"[0-9a-f]{16}/(?P<task>[^/]+)/(?P<case>.+)/(?P<repeat>[0-9]{1,9})")
"""The ``custom_id`` of a plan that ``pytest --plan-out`` wrote."""


class Rows:
    SAID = "the output of OpenAI's Batch API"

    @staticmethod
    def fits(row: Mapping[str, Any]) -> bool:
        return "custom_id" in row

    def lines(self, row: Mapping[str, Any], number: int) -> Iterator[JudgingLine]:
        custom_id = row.get("custom_id")
        ours = _OURS.fullmatch(custom_id) if isinstance(custom_id, str) else None
        for line in _answers(row, ours):
            yield replace(line, task=ours["task"]) if ours else line

    def remarks(self) -> Iterator[str]:
        yield from ()


def _answers(row: Mapping[str, Any], ours: re.Match[str] | None) -> Iterator[JudgingLine]:
    """The answers in a row; ``ours`` are the parts of a ``custom_id`` of a plan of ours."""
    custom_id = row.get("custom_id")
    if "response" not in row and "error" not in row:
        raise HarnessError("is no answer of a batch: name the file that the batch wrote")
    name = ours["case"] if ours else custom_id
    try:
        choices = _choices(response_body(row))
    except HarnessError as error:
        yield JudgingLine.failed(name, str(error))
        return
    asked = int(ours["repeat"]) if ours else 0
    for index, choice in enumerate(choices):
        repeat = asked + index if asked or len(choices) > 1 else None
        try:
            yield JudgingLine.of({"id": name, **_answer(choice)}, repeat=repeat)
        except HarnessError as error:
            yield JudgingLine.failed(name, str(error), repeat)


def _choices(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    choices = body.get("choices")
    if (
        not isinstance(choices, list)
        or not choices
        or not all(isinstance(c, dict) for c in choices)
    ):
        raise HarnessError("the batch's response holds no choices")
    return choices


def _answer(choice: dict[str, Any]) -> dict[str, Any]:
    """Text and finish reason of a choice of the chat or of the completions protocol."""
    reason = finish_reason_of(choice.get("finish_reason")).value
    message = choice.get("message")
    if not isinstance(message, dict):
        return {"completion": text_in(choice, "text"), "finish_reason": reason}
    require_whole(message)
    return {"completion": text_in(message, "content"), "finish_reason": reason}
