"""A person's verdicts set against those of the checks, in numbers and in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.core.composite import composite
from harness.core.record import RunRecord, Sample
from harness.core.review import AnswerKey, ReviewedAnswer
from harness.core.verdict import JUDGED, Outcome
from harness.report.words import numbers as words


@dataclass(frozen=True, slots=True)
class CheckedReview:
    """A reviewed answer that is in the report, and the verdict of its required behaviors."""

    answer: ReviewedAnswer
    checks: Literal["right", "wrong"] | None
    """``None`` where they did not judge it."""

    @property
    def agrees(self) -> bool | None:
        """``None`` where one of them has no verdict."""
        said = self.answer.verdict
        return None if said is None or self.checks is None else said == self.checks


def checked(review: Sequence[ReviewedAnswer], runs: Sequence[RunRecord]) -> list[CheckedReview]:
    """The reviewed answers that these runs have, in the order of the review."""
    samples = {_key(run, sample): (run, sample) for run in runs for sample in run.samples}
    return [
        CheckedReview(answer, _said(*samples[answer.key]))
        for answer in review
        if answer.key in samples
    ]


def agreement(found: Sequence[CheckedReview], left: int) -> Iterator[str]:
    """``40 answers reviewed: 36 as the checks say, 3 pass and are wrong, 1 fails and is right``.

    Args:
        found: the reviewed answers of the report.
        left: reviewed answers that no run of the report has.
    """
    said = [one for one in found if one.answer.verdict is not None]
    wrong, right = (sum(_is(one, v) for one in said) for v in ("wrong", "right"))
    parts = {
        "as the checks say": sum(one.agrees is True for one in said),
        "passes and is wrong" if wrong == 1 else "pass and are wrong": wrong,
        "fails and is right" if right == 1 else "fail and are right": right,
        "not judged by the checks": sum(one.checks is None for one in said),
    }
    counted = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
    if said:
        yield f"{words.plural(len(said), 'answer')} reviewed: {counted}"
    if left:
        yield f"{words.plural(left, 'reviewed answer')} of other runs or models left out"


def _is(one: CheckedReview, verdict: str) -> bool:
    """The reviewer gave this verdict against the checks."""
    return one.agrees is False and one.answer.verdict == verdict


def _key(run: RunRecord, sample: Sample) -> AnswerKey:
    return (run.id, sample.model, sample.task, sample.case_id, sample.repeat)


def _said(run: RunRecord, sample: Sample) -> Literal["right", "wrong"] | None:
    required = next(task.required for task in run.tasks if task.name == sample.task)
    found = composite(sample.verdicts, required)
    if found is None or found.outcome not in JUDGED:
        return None
    return "right" if found.outcome is Outcome.PASSED else "wrong"
