"""Answers of a task: variables in, an answer out that passes the task's behaviors, or none.

A policy says what is done about an answer that does not pass; ``constrained`` changes the request
instead, so that fewer fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.checks.json.repair import repaired
from harness.checks.json.value import document_of
from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.grammar import Grammar
from harness.core.plan import Request
from harness.core.tools import TOOL_CALLS
from harness.core.verdict import Outcome, Verdict
from harness.files.strict_json import NotJson, decode
from harness.serve.errors import ApiError
from harness.serve.limits import Limits, is_too_deep
from harness.serve.openai import allowed_tokens, named, seeded
from harness.tasks.judging import VerdictMap, judge_answer, verdict_dict
from harness.tasks.reference import reference_value
from harness.tasks.task import Task, case_of
from harness.tasks.task_file import VARIABLE, CaseLine, MessageFile

SIMPLE_POLICIES: Final = ("raw", "repair", "constrained")
MAX_TRIES = 10
RETRY_TEMPERATURE = 0.7
"""Temperature of further tries of a task that decodes greedily, whose answer would be the same."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The way in which an answer that does not pass is made good."""

    kind: Literal["raw", "repair", "retry", "constrained"]
    tries: int = 1
    """Answers that the model may give."""

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read ``raw``, ``repair``, ``constrained`` or ``retry:N``: the model is asked again at
        most N times.

        Raises:
            HarnessError: it is none of them.
        """
        kind, _, count = text.partition(":")
        for simple in SIMPLE_POLICIES:
            if text == simple:
                return cls(simple)
        if kind == "retry" and count in map(str, range(1, MAX_TRIES)):
            return cls("retry", int(count) + 1)
        known = f"raw, repair, constrained or retry:N with N from 1 to {MAX_TRIES - 1}"
        raise HarnessError(f"policy {text[:40]!r}: expected {known}")

    def __str__(self) -> str:
        return f"retry:{self.tries - 1}" if self.kind == "retry" else self.kind


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TaskBody(_Strict):
    """The body of ``/v1/tasks/{task}``."""

    variables: dict[str, Any] = {}
    """Values of the prompt's variables."""
    messages: list[MessageFile] | None = None
    """The conversation, for a task that has no prompt."""
    policy: str | None = Field(None, max_length=40)
    """``raw``, ``repair``, ``constrained`` or ``retry:N``; without it, the server's."""


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """The last answer to a task, judged."""

    completion: Completion
    verdicts: VerdictMap
    failed: tuple[str, ...]
    """Required behaviors that do not pass."""
    attempts: int
    repaired: bool
    raw: str
    """The model's own text, where the completion is repaired."""
    output: Any
    """The answer's value or calls, or its text where the task's answers are neither; ``None`` where
    it failed."""

    @property
    def result(self) -> str:
        return "failed" if self.failed else "repaired" if self.repaired else "raw"

    def to_json(self) -> dict[str, Any]:
        """The response's body."""
        return {
            "output": self.output,
            "raw": self.raw,
            "verdicts": {name: verdict_dict(v) for name, v in self.verdicts.items()},
            "repaired": self.repaired,
            "attempts": self.attempts,
        }


def case_for(task: Task, body: TaskBody) -> Case:
    """The case that a body stands for, as the task's own cases are made.

    Raises:
        ApiError: a variable is missing or not the prompt's, or there are messages and a prompt.
    """
    known = {
        *VARIABLE.findall(task.file.prompt or ""),
        *(n for c in task.cases for n in c.variables),
    }
    if body.messages is None and (unknown := sorted(body.variables.keys() - known)):
        there = ", ".join(sorted(known)) or "none"
        raise ApiError(400, f"variables: the prompt has no {unknown[0]:.60}, it has: {there}")
    if body.messages is not None and task.file.prompt is not None:
        raise ApiError(400, "messages: the task has a prompt, give its variables")
    messages = tuple(body.messages) if body.messages is not None else None
    try:
        return case_of(
            CaseLine(id="served", variables=body.variables, messages=messages), task.file
        )
    except HarnessError as error:
        raise ApiError(400, str(error), param="variables") from None


def request_for(
    task: Task, case: Case, limits: Limits, attempt: int, grammar: Grammar | None = None
) -> Request:
    """The request of a try, counted from 0; the first is the one that the suites ask.

    Raises:
        ApiError: the task wants more tokens than the server allows.
    """
    (request,) = task.requests([case])
    sampling = request.sampling
    allowed_tokens(sampling.max_new_tokens, limits)
    if attempt and sampling.temperature == 0:
        sampling = replace(sampling, temperature=RETRY_TEMPERATURE)
    sampling = seeded(sampling, sampling.seed)
    return named(replace(request, sampling=sampling, repeat=attempt, grammar=grammar))


class Judging:
    """Judges the answers of one task's route."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def judged(
        self, case: Case, completion: Completion, attempts: int, raw: str | None = None
    ) -> TaskAnswer:
        """An answer with its verdicts; ``raw`` is the model's text where it was repaired."""
        verdicts = judge_answer(case, completion, self.task)
        failed = self._failed(verdicts)
        output = None
        if not failed:
            try:
                output = self._output(completion)
            except NotJson as error:
                failed = (f"output ({error})",)
        text = completion.text if raw is None else raw
        return TaskAnswer(completion, verdicts, failed, attempts, raw is not None, text, output)

    def mended(self, case: Case, answer: TaskAnswer) -> TaskAnswer:
        """The answer after repair; the same where repair changes nothing."""
        better = repaired(answer.completion, self.task.output.wrappers)
        if better is answer.completion:
            return answer
        return self.judged(case, better, answer.attempts, answer.raw)

    def _failed(self, verdicts: Mapping[str, Verdict]) -> tuple[str, ...]:
        required = [n for n in verdicts if n in self.task.required] or list(verdicts)
        return tuple(n for n in required if verdicts[n].outcome in (Outcome.FAILED, Outcome.ERROR))

    def _output(self, completion: Completion) -> Any:
        if self.task.output.format == TOOL_CALLS:
            return reference_value(self.task.output, completion.text)
        if self.task.output.format != "json":
            return completion.text
        document = document_of(completion, self.task.output.wrappers)
        if isinstance(document, Verdict):
            raise NotJson(document.reason)
        value = decode(completion.text[document.start : document.end].encode("utf-8", "replace"))
        if is_too_deep(value):
            raise NotJson("nested too deep")
        return value
