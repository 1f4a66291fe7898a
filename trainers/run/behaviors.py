"""Judges the answers of the model in training, by the behaviors of a task.

The prompts are held-out rows of the recipe. The live model answers them with the harness' own
decoder, so there is no second copy of it; the random state is the caller's to keep.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from harness.core.case import Case, JsonValue, Message
from harness.core.completion import Completion
from harness.core.composite import composite
from harness.core.plan import requests_for
from harness.core.record import FORMAT_SUCCESS
from harness.core.verdict import Outcome, Verdict
from harness.engine.hf.live import live_answers
from harness.stats.rates import rate_interval
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task


@dataclass(frozen=True, slots=True)
class WatchedRate:
    """The rate of one behavior at one step."""

    rate: float
    interval: tuple[float, float]
    """95%, over new prompts."""
    judged: int


@dataclass(frozen=True, slots=True)
class WatchedAnswer:
    """The answer to one prompt at one step."""

    id: str
    """``file:line`` of the row."""
    text: str
    failed: tuple[str, ...]
    """Behaviors that it fails, by name."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The behaviors of the model at one step, and its answers."""

    rates: Mapping[str, WatchedRate]
    """``format_success_rate`` first; a behavior without a judged answer is absent."""
    answers: tuple[WatchedAnswer, ...]


class Watch:
    """The prompts that are asked at each evaluation."""

    def __init__(self, task: Task, rows: Sequence[Any], tokenizer: Any) -> None:
        """``rows`` are a method's own, as it reads them."""
        self._task = task
        self._tokenizer = tokenizer
        self._cases = [_case(row, task) for row in rows]
        self._requests = requests_for(task.name, self._cases, task.sampling, template=task.template)

    def look(self, model: Any) -> Watched:
        """Ask every prompt once, with the model as it is."""
        cases = {case.id: case for case in self._cases}
        with torch.no_grad():
            found = {
                request.case_id: (completion, self._verdicts(cases[request.case_id], completion))
                for request, completion in live_answers(model, self._tokenizer, self._requests)
            }
        verdicts = [found[case.id][1] for case in self._cases]
        return Watched(
            rates=dict(_rates(verdicts, self._task.required)),
            answers=tuple(
                WatchedAnswer(case.id, found[case.id][0].text, _failed(found[case.id][1]))
                for case in self._cases
            ),
        )

    def _verdicts(self, case: Case, completion: Completion) -> Mapping[str, Verdict]:
        return judge_answer(case, completion, self._task)


def _case(row: Any, task: Task) -> Case:
    messages = row.prompt if isinstance(row.prompt, tuple) else (Message("user", row.prompt),)
    answer = getattr(row, "completion", None) or row.chosen
    return Case(id=row.where, messages=messages, reference=_reference(answer, task))


def _reference(completion: str, task: Task) -> JsonValue:
    """The value of a JSON answer, or its text."""
    if task.output.format != "json":
        return completion
    try:
        value: JsonValue = json.loads(completion)
    except (ValueError, RecursionError):
        return None
    return value


def _rates(verdicts: Sequence[Mapping[str, Verdict]], required: Sequence[str]) -> Any:
    composites = [composite(own, required) for own in verdicts]
    names = dict.fromkeys(name for own in verdicts for name in own)
    for name, own in (
        (FORMAT_SUCCESS, composites),
        *((name, [v.get(name) for v in verdicts]) for name in names),
    ):
        judged = [v.outcome is Outcome.PASSED for v in own if v is not None and _is_judged(v)]
        if judged:
            rate = sum(judged) / len(judged)
            ends = rate_interval([float(j) for j in judged], [""] * len(judged))
            yield name, WatchedRate(rate, (ends.low, ends.high), len(judged))


def _is_judged(verdict: Verdict) -> bool:
    return verdict.outcome in (Outcome.PASSED, Outcome.FAILED)


def _failed(verdicts: Mapping[str, Verdict]) -> tuple[str, ...]:
    return tuple(name for name, v in verdicts.items() if v.outcome is Outcome.FAILED)
