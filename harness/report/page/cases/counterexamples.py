"""The smallest drawn prompts that were found to fail a behavior, as the page shows them."""

from dataclasses import dataclass

from harness.core.record import Counterexample
from harness.gate.compare import Side
from harness.report.page.cases.answers import Answer, answer_of, prompt_of
from harness.report.page.cases.details import NEAR
from harness.report.page.labels import Label, label_of
from harness.report.report import Report
from harness.report.words import numbers as words
from harness.report.words.marks import Mark

MOST_CHARACTERS = 4_000
"""Of one prompt or answer: what was made as small as it goes is rarely longer."""
MOST_SHOWN = 20
"""Of one task."""


@dataclass(frozen=True, slots=True)
class Smallest:
    """One counterexample."""

    behavior: str
    run: str
    case_id: str
    effort: str
    """How it was found, in words."""
    label: Label
    prompt: str
    near: tuple[Mark, ...]
    answer: Answer


def smallest_of(report: Report, task: str) -> tuple[Smallest, ...]:
    """The counterexamples of every model of the report, each run's in its order."""
    found = [
        _smallest(report, Side(run, c.sample.model), c)
        for run in report.runs
        for c in run.counterexamples
        if c.sample.task == task and any(m.ref == c.sample.model for m in run.models)
    ]
    return tuple(found[:MOST_SHOWN])


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


def _smallest(report: Report, side: Side, found: Counterexample) -> Smallest:
    sample = found.sample
    prompt = prompt_of(sample)[:MOST_CHARACTERS]
    answer = answer_of(sample, (found.behavior,), MOST_CHARACTERS, prompt)
    label = label_of(report, side)
    near = (Mark(*answer.near, label.role or label.text, NEAR),) if answer.near else ()
    return Smallest(
        found.behavior, side.record.id, sample.case_id, effort(found), label, prompt, near, answer
    )
