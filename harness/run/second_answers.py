"""Second answers of a run's models to some of their cases, in other batches: their noise.

The first answers may come from the store, the second ones never do. Both are judged by the same
behaviors; the verdicts on second answers enter no rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.noise import BatchNoise
from harness.core.plan import Request
from harness.core.record import RunRecord
from harness.core.verdict import Verdict
from harness.gate.compare import Side
from harness.gate.noise import batch_noise
from harness.run.answers import Answers
from harness.run.plan import RunPlan
from harness.run.selection import Subject

BLOCK_ROWS = (7, 3)
"""Requests that are asked at once: the first number that is no size of a first batch. They are odd,
so that kernels for even numbers of rows have a rest, and small: a block fits where a batch did."""


class SecondAnswers:
    """Draws the cases to ask again, and keeps the verdicts on their second answers."""

    def __init__(self, plan: RunPlan, answers: Answers, cases: int) -> None:
        """
        Args:
            plan: the run's.
            answers: the run's store of completions.
            cases: the most cases of each task that are drawn.
        """
        self.plan = plan
        self.answers = answers
        self.cases = cases
        self._verdicts: dict[tuple[ModelRef, str], dict[str, Verdict]] = {}
        """By model and request key, by behavior."""
        self._of_model: dict[ModelRef, list[Request]] = {}

    def blocks(self, ref: ModelRef) -> list[Sequence[Request]]:
        """The requests to ask again, to be asked block by block: each in a batch with other
        neighbours, and of another size, than its first answer's."""
        drawn = self._drawn(ref)
        first = self.answers.to(ref, (replace(r, again=False) for r in drawn))
        sizes = {c.timing.batch_rows for c in first if c.timing}
        rows = next((n for n in BLOCK_ROWS if n not in sizes), 2)
        rows = max(1, min(rows, len(drawn) // 2))  # The first answers may have been one batch.
        return [drawn[start : start + rows] for start in range(0, len(drawn), rows)]

    def to(self, subject: Subject) -> list[Completion]:
        """The second answers of a subject."""
        own = [r for r in self._drawn(subject.ref) if r.task == subject.task.name]
        return self.answers.to(
            subject.ref, (r for r in own if subject.case_id in (None, r.case_id))
        )

    def add(
        self, subject: Subject, behavior: str, completion: Completion, verdict: Verdict
    ) -> None:
        """Keep a behavior's verdict on one second answer."""
        key = f"{subject.task.name}/{completion.case_id}/{completion.repeat}/again"
        self._verdicts.setdefault((subject.ref, key), {})[behavior] = verdict

    def noise(self, record: RunRecord) -> Iterator[BatchNoise]:
        """The noise of each model of the run's record that was asked again."""
        for ref in self.plan.requests:
            seconds = tuple(
                self.plan.sample(ref, r, completion, self._verdicts.get((ref, r.key), {}))
                for r in self._drawn(ref)
                for completion in self.answers.to(ref, [r])
            )
            if seconds:
                keys = {(s.task, s.case_id, s.repeat) for s in seconds}
                first = tuple(
                    s
                    for s in record.samples
                    if s.model == str(ref) and (s.task, s.case_id, s.repeat) in keys
                )
                sides = (Side(replace(record, samples=own), str(ref)) for own in (first, seconds))
                yield batch_noise(*sides)

    def _drawn(self, ref: ModelRef) -> list[Request]:
        """The drawn requests in the order of their hashes, which is another one than the plan's.

        Cases are drawn by their ids and the seed, so that runs of a task draw the same ones.
        """
        if ref not in self._of_model:
            found = self._of_model[ref] = []
            for task in self.plan.tasks:
                ranked = sorted((r for r in self.plan.requests[ref] if r.task == task), key=_rank)
                cases = {*list(dict.fromkeys(r.case_id for r in ranked))[: self.cases]}
                found += [replace(r, again=True) for r in ranked if r.case_id in cases]
        return self._of_model[ref]


def _rank(request: Request) -> tuple[str, int]:
    named = f"{request.sampling.seed}/{request.task}/{request.case_id}"
    return sha256(named.encode("utf-8", "surrogatepass")).hexdigest(), request.repeat
