"""Cases as both renderings of the page show them: the prompt, the answers, what was found.

The page holds every case as compact data, which its script draws, and the most important ones as
HTML besides. Both are made from the values of this file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.compare import Change, Comparison, Side, composite_outcome, required_behaviors
from harness.core.record import Sample
from harness.core.verdict import Outcome
from harness.report.marks import Mark, first_failure, marks_of, window
from harness.report.visible import readable

LONG = (1_200, 18)
"""Characters and lines above which an answer scrolls in its place."""
FAILING, PASSING = "failing", "passing"
"""What a case of a report on one model is called; a pair has a Change."""
_SAID: dict[Outcome | None, str] = {
    Outcome.PASSED: "passes",
    Outcome.FAILED: "fails",
    Outcome.ERROR: "error",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one or several behaviors said alike: a verdict that is not passed."""

    behaviors: tuple[str, ...]
    outcome: Outcome
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One side of a case, its text cut to what the page can hold."""

    text: str
    verdict: str
    """Of the required behaviors: ``passes``, ``fails``, ``error`` or ``not judged``."""
    cut_before: int
    """Characters left out before ``text``."""
    cut_after: int
    marks: tuple[Mark, ...]
    """Offsets into ``text``."""
    findings: tuple[Finding, ...]
    is_cut_off: bool
    """The model did not stop by itself: the token limit did."""
    error: str | None


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One case: one answer, or the answers before and after."""

    case_id: str
    repeat: int
    state: str
    """A Change's value, or ``failing``, ``passing`` or ``not judged``."""
    prompt: str
    template: str
    tags: tuple[str, ...]
    answers: tuple[Answer | None, ...]


def cases_of(comparison: Comparison, limit: int) -> list[ShownCase]:
    """Every pair of a comparison, each text cut to ``limit`` characters."""
    required = comparison.required
    return [
        _shown(c.sample, c.change.value, (c.before, c.after), required, limit)
        for c in comparison.cases
    ]


def cases_alone(side: Side, task: str, limit: int) -> list[ShownCase]:
    """Every answer of one model, each text cut to ``limit`` characters."""
    required = required_behaviors(side, task)
    return [
        _shown(s, _state(composite_outcome(s.verdicts, required)), (s,), required, limit)
        for s in side.samples(task).values()
    ]


def is_long(text: str) -> bool:
    """Whether an answer is given a place of its own to scroll in."""
    return len(text) > LONG[0] or text.count("\n") >= LONG[1]


def prompt_of(sample: Sample) -> str:
    """What the model was asked: the text alone where a user said it, else every turn by role."""
    if len(sample.messages) == 1 and sample.messages[0].role == "user":
        return sample.messages[0].content
    return "\n\n".join(f"[{m.role}]\n{m.content}" for m in sample.messages)


def shared_prefix(texts: Sequence[str]) -> int:
    """How many characters all texts begin with, up to a blank: an instruction to say but once."""
    if len(texts) < 2:
        return 0
    low, high = min(texts), max(texts)
    pairs = enumerate(zip(low, high, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), len(low))
    cut = 1 + max(low.rfind(blank, 0, same) for blank in " \n")
    return cut if cut < len(low) else 0


def _state(outcome: Outcome | None) -> str:
    states: dict[Outcome | None, str] = {Outcome.PASSED: PASSING, Outcome.FAILED: FAILING}
    return states.get(outcome, Change.NOT_JUDGED.value)


def _shown(
    either: Sample,
    state: str,
    samples: Iterable[Sample | None],
    required: tuple[str, ...],
    limit: int,
) -> ShownCase:
    return ShownCase(
        either.case_id,
        either.repeat,
        state,
        _cut(prompt_of(either), limit),
        either.template,
        either.tags,
        tuple(None if s is None else _answer(s, required, limit) for s in samples),
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]} … {len(text) - limit:,} more characters"


def _answer(sample: Sample, required: tuple[str, ...], limit: int) -> Answer:
    text = sample.completion.text
    failure = first_failure(sample)
    start, end = window(len(text), failure[1].span if failure else None, limit)
    marks = (
        Mark(max(m.start, start) - start, min(m.end, end) - start, m.behavior, m.code)
        for m in marks_of(sample.verdicts, len(text))
        if m.start <= end and m.end >= start
    )
    return Answer(
        text[start:end],
        _SAID.get(composite_outcome(sample.verdicts, required), Change.NOT_JUDGED.value),
        start,
        len(text) - end,
        tuple(marks),
        tuple(_findings(sample)),
        sample.completion.finish_reason.value == "length",
        sample.completion.error,
    )


def _findings(sample: Sample) -> Iterable[Finding]:
    said: dict[tuple[Outcome, str, str], list[str]] = {}
    for behavior, verdict in sample.verdicts.items():
        if verdict.outcome is not Outcome.PASSED:
            code = verdict.code.value if verdict.code else verdict.outcome.value
            said.setdefault((verdict.outcome, code, verdict.reason), []).append(behavior)
    for (outcome, code, reason), behaviors in said.items():
        yield Finding(tuple(behaviors), outcome, code, readable(reason))
