"""``samples_TASK_TIME.jsonl`` of lm-evaluation-harness, which ``--log_samples`` writes.

The raw responses are judged. The file has a row for each document and filter, whose raw responses
are the same: rows of other filters than the first row's are passed over.
"""

import ast
import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from harness.checks.json.wording import show
from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.tasks.judging_line import JudgingLine, is_id
from harness.tasks.logs.messages import messages_in, prompt_of

MAX_TARGET = 100_000
"""Characters of a target that is read as a literal of Python."""


class Rows:
    SAID = "samples of lm-evaluation-harness, whose raw responses are judged"

    def __init__(self) -> None:
        self.filter: Any = None
        self.passed_over = 0

    @staticmethod
    def fits(row: Mapping[str, Any]) -> bool:
        return "doc_id" in row and "resps" in row

    def lines(self, row: Mapping[str, Any], number: int) -> Iterator[JudgingLine]:
        if "resps" not in row:
            raise HarnessError("has no resps, lm-evaluation-harness writes them: --log_samples")
        found = row.get("filter", "none")
        self.filter = self.filter or found
        if found != self.filter:
            self.passed_over += 1
            return
        messages = _asked(row.get("arguments"))
        answers = _answers(row["resps"])
        reasons = _reasons(row.get("finish_reasons"), len(answers))
        asked = {"id": _id(row), "prompt": prompt_of(messages)}
        asked["reference"] = _target(row.get("target"))
        for repeat, (text, reason) in enumerate(zip(answers, reasons, strict=True)):
            value = {**asked, "completion": text, "finish_reason": reason}
            yield JudgingLine.of(
                value, messages=messages, repeat=repeat if len(answers) > 1 else None
            )

    def remarks(self) -> Iterator[str]:
        if self.passed_over:
            yield (
                f"passed over {self.passed_over:,} rows of other filters than {self.filter}, whose "
                "raw responses are the same"
            )


def _id(row: Mapping[str, Any]) -> Any:
    """The document's own id, else its number."""
    doc = row.get("doc")
    own = doc.get("id") if isinstance(doc, dict) else None
    return own if is_id(own) else row.get("doc_id")


def _asked(arguments: Any) -> tuple[Message, ...]:
    """The conversation of a row's one request: its prompt as a user's message, or chat messages."""
    requests = list(arguments.values()) if isinstance(arguments, dict) else arguments
    if not isinstance(requests, list) or not requests:
        raise HarnessError(f"arguments: expected the prompt of a request, found {show(arguments)}")
    parts = list(requests[0].values()) if isinstance(requests[0], dict) else requests[0]
    is_generation = isinstance(parts, list) and len(parts) > 1 and isinstance(parts[1], dict)
    if len(requests) > 1 or not is_generation:
        raise HarnessError("holds log-likelihoods, no generated answer to judge")
    return _conversation(parts[0])


def _conversation(prompt: Any) -> tuple[Message, ...]:
    """The prompt; one of a chat model is the JSON of its messages, alone in a list."""
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise HarnessError(f"arguments: expected the text of a prompt, found {show(prompt)}")
    if prompt.startswith("["):
        with contextlib.suppress(ValueError, RecursionError, HarnessError):
            return messages_in(json.loads(prompt))
    return (Message("user", prompt),)


def _answers(resps: Any) -> list[str]:
    answers = resps[0] if isinstance(resps, list) and len(resps) == 1 else None
    is_texts = isinstance(answers, list) and all(isinstance(text, str) for text in answers)
    if not isinstance(answers, list) or not answers or not is_texts:
        raise HarnessError(f"resps: expected a list of generated texts, found {show(resps)}")
    return answers


def _reasons(given: Any, count: int) -> list[Any]:
    """The finish reason of each answer, which ``harness report --format lm-eval`` writes."""
    return given if isinstance(given, list) and len(given) == count else [None] * count


def _target(target: Any) -> Any:
    """The reference; JSON stays text, and a list or a dict was written as a literal of Python."""
    if not isinstance(target, str) or not target:
        return None if target == "" else target
    if target[0] in "{[" and len(target) <= MAX_TARGET and not _is_json(target):
        with contextlib.suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return json.loads(json.dumps(_literal(target), allow_nan=False))
    return target


def _literal(text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python would print those of a stranger's text.
        return ast.literal_eval(text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
