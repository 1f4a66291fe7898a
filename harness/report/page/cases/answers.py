"""The cases of a page as values: the prompt, every model's answer, the findings of the checks.

The page holds every case as data for its script, and the most important ones as HTML. Both are made
from the values of this file.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.core.completion import FinishReason
from harness.core.logprobs import Logprobs
from harness.core.record import Sample
from harness.core.verdict import Outcome
from harness.gate.causes import first_failure
from harness.gate.compare import (
    Change,
    composite_change,
    composite_outcome,
    judged_behaviors,
    required_behaviors,
)
from harness.report.page.cases.compared import Compared, Comparing, json_text
from harness.report.page.cases.nearest import nearest_place
from harness.report.page.visible import readable
from harness.report.report import Report
from harness.report.words.excerpts import window
from harness.report.words.marks import Mark, marks_of
from harness.report.words.right_answers import RIGHT_ANSWERS

LONG = (1_200, 18)
"""Characters and lines above which an answer scrolls in a box of its own."""
FAILING, PASSING = "failing", "passing"
"""The states of a case in a report on one model; in a pair, its state is a Change."""
_STATES: dict[Outcome | None, str] = {Outcome.PASSED: PASSING, Outcome.FAILED: FAILING}
_VERDICTS: dict[Outcome | None, str] = {
    Outcome.PASSED: "passes",
    Outcome.FAILED: "fails",
    Outcome.ERROR: "error",
}
JSON = ("json", ",")
FORMAT_ONLY = "passes format, "
"""Begins the label of an answer that passes the composite and fails another behavior."""


@dataclass(frozen=True, slots=True)
class CaseFinding:
    """A verdict that is not passed, of one behavior or of several that agree."""

    behaviors: tuple[str, ...]
    outcome: Outcome
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One side of a case, its text cut to what the page can hold."""

    text: str
    verdict: str
    """The composite verdict: ``passes``, ``fails``, ``error`` or ``not judged``."""
    cut_before: int
    """Characters left out before ``text``."""
    cut_after: int
    marks: tuple[Mark, ...]
    """Offsets into ``text``."""
    findings: tuple[CaseFinding, ...]
    is_cut_off: bool
    """The token limit ended the answer."""
    error: str | None
    absent: tuple[str, ...] = ()
    """Behaviors that judged other answers of this side and not this one."""
    near: tuple[int, int] | None = None
    """The span of the prompt nearest to a value that the prompt does not state."""
    logprobs: Logprobs | None = None
    """Of the whole answer."""
    compared: Compared | None = None
    """With the reference, where a rule or another reference decides what is equal."""


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One case with the answers of all models."""

    case_id: str
    repeat: int
    state: str
    """A Change's value, or ``failing``, ``passing`` or ``not judged``; empty where only models
    outside the pair have the case."""
    prompt: str
    messages: tuple[tuple[str, int], ...]
    """The roles of the prompt's messages and the lengths of their contents in ``prompt``, as
    ``prompt_of`` joins them; empty where the prompt is a single user message."""
    template: str
    tags: tuple[str, ...]
    reference: str
    """The reference as JSON, or nothing. The page compares it key by key and exactly, but where a
    rule or another reference decides what is equal: there ``Answer.compared`` says it."""
    is_noisy: bool
    """Its verdict flips between runs of the same model."""
    answers: tuple[Answer | None, ...]
    """One for each side of the report."""
    prompt_cut: int = 0
    """Characters left out after ``prompt``."""
    format: tuple[str, str] = JSON
    """The name of the answers' format, and the delimiter of CSV."""


def label_of_verdict(answer: Answer) -> str:
    """The composite verdict in words: ``passes format, wrong value`` where only another behavior
    fails; ``assets/outcomes.js`` says the same."""
    if answer.verdict != _VERDICTS[Outcome.PASSED]:
        return answer.verdict
    failed = [f for f in answer.findings if f.outcome is Outcome.FAILED]
    failed.sort(key=lambda f: RIGHT_ANSWERS not in f.behaviors)
    return FORMAT_ONLY + failed[0].code.replace("_", " ") if failed else answer.verdict


def cases_of(report: Report, task: str, limit: int) -> list[ShownCase]:
    """Every case of a task, those of the side after first, each text cut to ``limit``."""
    required = required_of(report, task)
    noisy = report.noise.cases(task) if report.noise else frozenset[str]()
    answered = [side.samples(task) for side in report.sides]
    pair = [report.place(side) for side in report.pair]
    first = [answered[place] for place in reversed(pair)]
    judged = [judged_behaviors(side, task) for side in report.sides]
    described = [found for side in report.sides if (found := side.task_record(task))]
    form = next(((found.format, found.delimiter) for found in described if found.format), JSON)
    comparing = [Comparing(side.task_record(task), limit) for side in report.sides]
    cases = []
    for key in dict.fromkeys(key for side in (*first, *answered) for key in side):
        samples = tuple(side.get(key) for side in answered)
        shown = _shown(samples, judged, pair, required, limit, noisy)
        shown = _in_format(shown, form, next(s for s in samples if s))
        answered_by = list(zip(samples, comparing, strict=True))
        if any(sample and own.is_ruled(sample) for sample, own in answered_by):
            shown = _ruled(shown, answered_by, pair)
        cases.append(shown)
    return cases


def _in_format(case: ShownCase, form: tuple[str, str], sample: Sample) -> ShownCase:
    """The case with the format that it declares, else with the task's."""
    if '"format"' in sample.declared or '"delimiter"' in sample.declared:
        own = json.loads(sample.declared)
        form = own.get("format", form[0]), own.get("delimiter", form[1])
    return case if form == JSON else replace(case, format=form)


def _ruled(
    case: ShownCase, answered: Sequence[tuple[Sample | None, Comparing]], pair: Sequence[int]
) -> ShownCase:
    """The case with its whole answers compared by the rules, and the reference of one of them: of
    the side after, where it was compared. Of another format than JSON none is."""
    answers = case.answers
    if case.format == JSON:
        answers = tuple(
            replace(answer, compared=own.of(sample))
            if answer and sample and not (answer.error or answer.cut_before or answer.cut_after)
            else answer
            for answer, (sample, own) in zip(case.answers, answered, strict=True)
        )
    first = [answers[place] for place in reversed(pair)]
    found = (a.compared.reference for a in (*first, *answers) if a and a.compared)
    return replace(case, reference=next(found, ""), answers=answers)


def required_of(report: Report, task: str) -> tuple[str, ...]:
    """The behaviors of the composite, for all sides."""
    found = next((c for c in report.comparisons if c.task == task), None)
    return found.required if found else required_behaviors(report.after, task)


def is_long(text: str) -> bool:
    """True for an answer that scrolls in a box of its own."""
    return len(text) > LONG[0] or text.count("\n") >= LONG[1]


def prompt_of(sample: Sample) -> str:
    """The prompt: the text of a single user message, else every message with its role."""
    if _is_one_message(sample):
        return sample.messages[0].content
    return "\n\n".join(f"[{m.role}]\n{m.content}" for m in sample.messages)


def _state(pair: Sequence[Sample | None], required: tuple[str, ...]) -> str:
    """The state of the case in the pair, or for the only model; ``assets/outcomes.js`` says the
    same of every pair."""
    if not any(pair):
        return ""
    if len(pair) == 1:
        alone = composite_outcome(pair[0].verdicts, required) if pair[0] else None
        return _STATES.get(alone, Change.NOT_JUDGED.value)
    return composite_change(pair[0], pair[1], required).value


def _shown(
    samples: Sequence[Sample | None],
    judged: Sequence[Iterable[str]],
    pair: Sequence[int],
    required: tuple[str, ...],
    limit: int,
    noisy: frozenset[str],
) -> ShownCase:
    either = samples[pair[-1]] or next(s for s in samples if s)
    prompt = prompt_of(either)
    shown = prompt[:limit]
    answers = tuple(
        _with_absent(answer_of(s, required, limit, shown), s, behaviors) if s else None
        for s, behaviors in zip(samples, judged, strict=True)
    )
    return ShownCase(
        either.case_id,
        either.repeat,
        _state([samples[place] for place in pair], required),
        shown,
        _messages(either),
        either.template,
        either.tags,
        json_text(either.reference, limit),
        either.case_id in noisy,
        answers,
        len(prompt) - len(shown),
    )


def _is_one_message(sample: Sample) -> bool:
    return len(sample.messages) == 1 and sample.messages[0].role == "user"


def _messages(sample: Sample) -> tuple[tuple[str, int], ...]:
    if _is_one_message(sample):
        return ()
    return tuple((m.role, len(m.content)) for m in sample.messages)


def _with_absent(answer: Answer, sample: Sample, judged: Iterable[str]) -> Answer:
    absent = tuple(b for b in judged if b not in sample.verdicts)
    return replace(answer, absent=absent) if absent else answer


def answer_of(sample: Sample, required: tuple[str, ...], limit: int, prompt: str) -> Answer:
    """One model's answer, cut to ``limit``; ``prompt`` is the prompt as the page shows it."""
    text = sample.completion.text
    said = _VERDICTS.get(composite_outcome(sample.verdicts, required), Change.NOT_JUDGED.value)
    if len(text) <= limit and all(v.outcome is Outcome.PASSED for v in sample.verdicts.values()):
        return Answer(
            text,
            said,
            0,
            0,
            (),
            (),
            _is_cut_off(sample),
            sample.completion.error,
            logprobs=sample.completion.logprobs,
        )
    failure = first_failure(sample)
    start, end = window(len(text), failure[1].span if failure else None, limit)
    marks = (
        Mark(max(m.start, start) - start, min(m.end, end) - start, m.behavior, m.code)
        for m in marks_of(sample.verdicts, len(text))
        if m.start <= end and m.end >= start
    )
    return Answer(
        text[start:end],
        said,
        start,
        len(text) - end,
        tuple(marks),
        tuple(_findings(sample)),
        _is_cut_off(sample),
        sample.completion.error,
        near=nearest_place(sample, prompt),
        logprobs=sample.completion.logprobs,
    )


def _is_cut_off(sample: Sample) -> bool:
    return sample.completion.finish_reason is FinishReason.LENGTH


def _findings(sample: Sample) -> Iterable[CaseFinding]:
    said: dict[tuple[Outcome, str, str], list[str]] = {}
    for behavior, verdict in sample.verdicts.items():
        if verdict.outcome is not Outcome.PASSED:
            code = verdict.code.value if verdict.code else verdict.outcome.value
            said.setdefault((verdict.outcome, code, verdict.reason), []).append(behavior)
    for (outcome, code, reason), behaviors in said.items():
        yield CaseFinding(tuple(behaviors), outcome, code, readable(reason))
