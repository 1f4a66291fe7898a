"""The causes of a task's failing cases: what stands under the verdict of the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.core.record import FORMAT_SUCCESS
from harness.gate.causes import (
    BehaviorCauses,
    Cause,
    causes_alone,
    causes_of,
    deciding_causes,
)
from harness.gate.compare import required_behaviors
from harness.report.page.behavior_rows import decided
from harness.report.page.cases.answers import ShownCase
from harness.report.page.visible import plain
from harness.report.report import Report
from harness.report.words import causes as why
from harness.report.words.right_answers import RIGHT_ANSWERS

MAX_SHOWN = 6
"""Causes of one list that have a button."""


@dataclass(frozen=True, slots=True)
class CauseView:
    """One cause, with the cases that its button shows."""

    key: str
    """Its value in the filter and in the page's address."""
    behavior: str
    """The behavior by which the cases are folded; empty for the composite."""
    count: int
    said: str
    """``begin with ```json``: raw text of a model may be in it."""
    case_id: str
    """The case of the example."""
    example: str
    """The part of its answer in which the fault stands; empty without texts."""
    places: tuple[int, ...]
    """Indexes among the task's cases."""


@dataclass(frozen=True, slots=True)
class CauseList:
    """What broke, what still fails, or what fails."""

    heading: str
    is_quiet: bool
    """It is not what changed."""
    causes: tuple[CauseView, ...]
    rest: str
    """``29 in 3 other ways``, or nothing."""


def cause_lists(report: Report, task: str, cases: Sequence[ShownCase]) -> tuple[CauseList, ...]:
    """The lists of one task, what broke before what still fails; right answers have lists of their
    own where they are no part of the composite."""
    side = report.after
    places = {
        (case.case_id, case.repeat): place
        for place, case in enumerate(cases)
        if case.answers[report.place(side)]
    }
    if report.before is None:
        alone = causes_alone(side, task, required_behaviors(side, task))
        return tuple(_lists("", [(alone, why.FAIL)], places))
    found = [one for own in _of_pair(report, task) for one in _of_behavior(own, places)]
    return tuple(sorted(found, key=lambda one: one.is_quiet))


def _of_pair(report: Report, task: str) -> Iterator[BehaviorCauses]:
    comparison = next((c for c in report.comparisons if c.task == task), None)
    if comparison is None:
        return
    known = decided(report.decision, task)
    found: tuple[BehaviorCauses, ...] = (causes_of(comparison),)
    if known and report.decision:
        found = deciding_causes(known, known.policy)
    yield from found
    told = (*comparison.required, *(one.behavior for one in found))
    if RIGHT_ANSWERS not in told:
        yield causes_of(comparison, RIGHT_ANSWERS)


def _of_behavior(
    found: BehaviorCauses, places: Mapping[tuple[str, int], int]
) -> Iterator[CauseList]:
    name = "" if found.behavior == FORMAT_SUCCESS else found.behavior
    both = [(found.broke, why.BROKE), (found.still_failing, why.STILL_FAIL)]
    yield from _lists(name, both, places)


def _lists(
    behavior: str,
    found: Sequence[tuple[tuple[Cause, ...], str]],
    places: Mapping[tuple[str, int], int],
) -> Iterator[CauseList]:
    of = f"{behavior}: " if behavior else ""
    for causes, verb in found:
        if not causes:
            continue
        views = tuple(_view(cause, behavior, verb, places) for cause in causes[:MAX_SHOWN])
        rest = why.count(causes[MAX_SHOWN:])
        ways = len(causes) - MAX_SHOWN
        said = f"{rest:,} in {ways} other way{'s' if ways > 1 else ''}" if rest else ""
        heading = f"{of}{why.heading(causes, verb)}"
        yield CauseList(heading, verb == why.STILL_FAIL, views, said)


def _view(
    cause: Cause, behavior: str, verb: str, places: Mapping[tuple[str, int], int]
) -> CauseView:
    said = why.phrase_of(cause, is_broken=verb == why.BROKE)
    answers = ((f.completion.case_id, f.completion.repeat) for f in cause.failures)
    of = f"{behavior}, " if behavior else ""
    return CauseView(
        key=plain(f"{of}{verb}: {said}"),
        behavior=behavior,
        count=len(cause.failures),
        said=said,
        case_id=cause.example.completion.case_id,
        example=why.example(cause),
        places=tuple(places[answer] for answer in answers if answer in places),
    )
