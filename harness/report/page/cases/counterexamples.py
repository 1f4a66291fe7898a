"""Counterexamples: the smallest generated prompts that fail a behavior."""

from dataclasses import dataclass

from harness.core.record import Counterexample
from harness.gate.compare import Side
from harness.report.page.cases.answers import Answer, answer_of, prompt_of
from harness.report.page.cases.details import NEAR
from harness.report.page.labels import Label, label_of
from harness.report.report import Report
from harness.report.words import numbers as words
from harness.report.words.marks import Mark

MAX_CHARACTERS = 4_000
"""Characters of one prompt or answer; counterexamples are rarely longer."""
MAX_SHOWN = 20
"""Counterexamples of one task."""


@dataclass(frozen=True, slots=True)
class CounterexampleView:
    """One counterexample."""

    behavior: str
    run: str
    case_id: str
    effort: str
    """The steps and prompts that it took, in words."""
    label: Label
    prompt: str
    near: tuple[Mark, ...]
    answer: Answer


def counterexample_views(report: Report, task: str) -> tuple[CounterexampleView, ...]:
    """The counterexamples of every model of the report, each run's in its order."""
    found = [
        _view(report, Side(run, c.sample.model), c)
        for run in report.runs
        for c in run.counterexamples
        if c.sample.task == task and any(m.ref == c.sample.model for m in run.models)
    ]
    return tuple(found[:MAX_SHOWN])


def effort(found: Counterexample) -> str:
    """``made from pay-3 in 4 steps and 31 prompts``, and whether there may be a smaller one."""
    origin = found.drawn_from
    if found.sample.case_id == origin:
        said = f"as it was drawn: none of {words.plural(found.requests, 'smaller prompt')} fails"
    else:
        steps, prompts = (words.plural(found.steps, "step"), words.plural(found.requests, "prompt"))
        said = f"made from {origin} in {steps} and {prompts}"
    return said + (
        "; stopped by its bounds: there may be a smaller one" if found.is_bounded else ""
    )


def _view(report: Report, side: Side, found: Counterexample) -> CounterexampleView:
    sample = found.sample
    prompt = prompt_of(sample)[:MAX_CHARACTERS]
    answer = answer_of(sample, (found.behavior,), MAX_CHARACTERS, prompt)
    label = label_of(report, side)
    near = (Mark(*answer.near, label.role or label.text, NEAR),) if answer.near else ()
    return CounterexampleView(
        found.behavior, side.record.id, sample.case_id, effort(found), label, prompt, near, answer
    )
