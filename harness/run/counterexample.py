"""Finds the smallest generated prompt that fails a behavior, by requests beyond the plan."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import inf

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import failed
from harness.core.record import Counterexample, Sample
from harness.engine.events import Answered, Event, ModelClosed
from harness.run.behavior import Tally
from harness.run.progress import follow
from harness.run.selection import Subject
from harness.run.session import Run
from harness.tasks.generate.drawing import Drawing
from harness.tasks.generate.search import Judge, smallest, starting_point
from harness.tasks.generate.shrinking import Bounds


class Followups:
    """Has the open models of a run answer further prompts, each at most once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._answers: dict[tuple[ModelRef, str, str], Completion] = {}
        """Completions by model, task and prompt hash."""
        self._error: str | None = None
        """Reason why a model did not open."""

    def answers(self, subject: Subject, cases: Sequence[Case]) -> list[Completion]:
        """The model's answer to each case, in one batch.

        An unanswered case gets a completion with ``finish_reason`` ``error``.
        """
        task, ref = subject.task, subject.ref
        requests = task.requests(cases)
        keys = [(ref, task.name, request.prompt_sha256) for request in requests]
        unasked = {k: r for k, r in zip(keys, requests, strict=True) if k not in self._answers}
        if unasked:
            events = self.run.host.answers(ref, [*unasked.values()], keep_open=True)
            follow(events, [self._take], self.run.progress, f"{ref}, smaller prompts", len(unasked))
        for key, request in unasked.items():
            reason = self._error or "the model did not answer"
            self._answers.setdefault(key, failed(request, reason))
        return [
            replace(self._answers[key], case_id=case.id)
            for key, case in zip(keys, cases, strict=True)
        ]

    def _take(self, event: Event) -> None:
        match event:
            case Answered(ref, request, completion):
                self._answers[ref, request.task, request.prompt_sha256] = completion
            case ModelClosed(_, model):
                self._error = model.error


def find_counterexample(
    drawing: Drawing,
    followups: Followups,
    subject: Subject,
    tally: Tally,
    judge: Judge,
    max_requests: int,
    max_seconds: float = inf,
) -> Counterexample | None:
    """The smallest prompt that fails as the generated ones of a tally; ``None`` where none fails.

    ``drawing`` is the source of the subject's cases, ``followups`` answers smaller prompts, at most
    ``max_requests``, and ``judge`` gives the behavior's verdict on one answer. No further step is
    begun after ``max_seconds``.
    """
    task = subject.task
    start = starting_point(tally.judged, lambda case_id: drawing.drawn[task.name, case_id])
    if start is None:
        return None
    # A sampled answer may fail by chance, so a smaller failing prompt would prove nothing.
    requests = 0 if task.sampling.temperature else max_requests
    bounds = Bounds(requests=requests, seconds=max_seconds)
    ask = partial(followups.answers, subject)
    found = smallest(drawing.sources[task.name], start, ask, judge, bounds)
    (request,) = task.requests([found.case])
    verdicts = {tally.behavior: found.verdict}
    return Counterexample(
        tally.behavior,
        Sample.of(str(subject.ref), request, found.case, found.completion, verdicts, is_drawn=True),
        drawn_from=start[0].case.id,
        steps=found.steps,
        requests=found.requests,
        is_bounded=found.is_bounded,
    )
