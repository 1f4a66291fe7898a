"""OpenAI's chat and fine-tuning JSONL: ``{"messages": [...]}``, of which the last is the answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.errors import HarnessError
from harness.core.openai_answer import require_whole, text_in
from harness.tasks.judging_line import JudgingLine
from harness.tasks.logs.messages import messages_in, prompt_of


class Rows:
    SAID = "OpenAI's chat rows, whose last message is judged"

    @staticmethod
    def fits(row: Mapping[str, Any]) -> bool:
        return isinstance(row.get("messages"), list) and "completion" not in row

    def lines(self, row: Mapping[str, Any], number: int) -> Iterator[JudgingLine]:
        messages = messages_in(row.get("messages"))
        answer = row["messages"][-1]
        if messages[-1].role != "assistant":
            raise HarnessError(f"ends with a message of the {answer['role']}: no answer to judge")
        require_whole(answer)
        text = messages[-1].content or text_in(answer, "content")
        asked = messages[:-1]
        name = number if row.get("id") is None else row["id"]
        value = {"id": name, "completion": text, "prompt": prompt_of(asked)}
        yield JudgingLine.of(value, messages=asked)

    def remarks(self) -> Iterator[str]:
        yield from ()
