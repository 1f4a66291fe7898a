"""Prompts of a recipe's rows, answered by the live model and judged by a task's behaviors.

The live model answers with the harness' own decoder, so there is no second copy of it. The random
state is the caller's to keep.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.composite import composite
from harness.core.plan import Sampling, requests_for
from harness.core.verdict import Outcome, Verdict
from harness.engine import prompt
from harness.engine.hf.live import live_answers
from harness.tasks.judging import judge_answer
from harness.tasks.task import Task
from trainers.data.row_case import cases_of
from trainers.run.exchange import ALONE, Exchange


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer with its verdicts."""

    case: Case
    completion: Completion
    verdicts: Mapping[str, Verdict]

    def passes(self, required: Sequence[str]) -> bool:
        """It passes all of these behaviors; an undecided one is none."""
        found = composite(self.verdicts, required)
        return found is not None and found.outcome is Outcome.PASSED


class Prompts:
    """The prompts of rows, each a case of a task."""

    def __init__(
        self, task: Task, rows: Sequence[Any], tokenizer: Any, exchange: Exchange = ALONE
    ) -> None:
        """``rows`` are a method's own, as it reads them.

        Raises:
            HarnessError: rows have no tools and the task asks with some, or the other way round.
        """
        self.task, self.cases = cases_of(rows, task)
        self._tokenizer = tokenizer
        self._exchange = exchange

    def answers(
        self, model: Any, cases: Sequence[Case], sampling: Sampling, repeats: int = 1
    ) -> Iterator[Judged]:
        """Answers to cases, ``repeats`` to each, by case and then by repeat.

        Each process answers and judges its share of the cases, and has all answers.
        """
        count = self._exchange.count
        own = cases[self._exchange.rank :: count]
        shares = self._exchange.all([*self._own_answers(model, own, sampling, repeats)])
        for place in range(len(cases)):
            first = place // count * repeats
            yield from shares[place % count][first : first + repeats]

    def _own_answers(
        self, model: Any, cases: Sequence[Case], sampling: Sampling, repeats: int
    ) -> Iterator[Judged]:
        requests = requests_for(
            self.task.name,
            cases,
            sampling,
            template=self.task.template,
            repeats=repeats,
            tools=self.task.output.tools_text,
        )
        was_training = model.training
        model.eval()
        with torch.no_grad():
            found = {r.key: c for r, c in live_answers(model, self._tokenizer, requests)}
        model.train(was_training)
        by_id = {case.id: case for case in cases}
        for request in requests:
            case, completion = by_id[request.case_id], found[request.key]
            yield Judged(case, completion, judge_answer(case, completion, self.task))

    def token_ids(self, case: Case) -> list[int]:
        """The prompt's tokens, as the model is asked."""
        (request,) = requests_for(
            self.task.name,
            [case],
            self.task.sampling,
            template=self.task.template,
            tools=self.task.output.tools_text,
        )
        render = partial(prompt.render, self._tokenizer)
        return list(prompt.read(request, render, partial(prompt.encode, self._tokenizer)).token_ids)

    def decoded(self, ids: Sequence[int]) -> str:
        """The text of tokens, special ones among them."""
        return str(self._tokenizer.decode(list(ids)))
