"""Compares two models' answers to one task: a pure function of a run's record."""

from collections.abc import Iterator

from harness.core.completion import Completion
from harness.core.record import RunRecord
from harness.gate.compare import BehaviorChange, CaseChange, Change, Side, compare
from harness.parity.tokenization import first_difference
from harness.parity.values import AnswerParity, Divergence, Flips, TokenText

MAX_DIVERGENCES = 50
"""Divergences measured for one pair and task; each takes a forward pass of both models."""


def compare_answers(record: RunRecord, before: str, after: str, task: str) -> AnswerParity:
    """Identical answers, behaviors that flip, and divergences of two models of one run.

    Cases that a model failed to answer are left out.
    """
    found = compare(Side(record, before), Side(record, after), task)
    answered = [
        case
        for case in found.cases
        if all(s is not None and s.completion.error is None for s in (case.before, case.after))
    ]
    differing = [case for case in answered if not _is_identical(case)]
    changes = (found.composite, *found.behaviors) if found.required else found.behaviors
    return AnswerParity(
        task=task,
        cases=len(answered),
        identical=len(answered) - len(differing),
        flips=tuple(_flips(change) for change in changes),
        divergences=tuple(_divergences(differing))[:MAX_DIVERGENCES],
    )


def _is_identical(case: CaseChange) -> bool:
    old, new = _pair(case)
    return (old.text, old.finish_reason) == (new.text, new.finish_reason)


def _pair(case: CaseChange) -> tuple[Completion, Completion]:
    assert case.before is not None
    assert case.after is not None
    return case.before.completion, case.after.completion


def _flips(change: BehaviorChange) -> Flips:
    before, after = change.before, change.after
    return Flips(
        change.behavior,
        before.rate if before else None,
        after.rate if after else None,
        change.count(Change.REGRESSED),
        change.count(Change.FIXED),
    )


def _divergences(differing: list[CaseChange]) -> Iterator[Divergence]:
    """Divergences, cases with regressions of the composite first, then other flips, then the rest
    in the order of the run."""
    order = {Change.REGRESSED: 0, Change.FIXED: 1}
    flipped = (Change.REGRESSED, Change.FIXED)
    for case in sorted(
        differing,
        key=lambda c: (order.get(c.change, 2), not any(x in flipped for x in c.behaviors.values())),
    ):
        old, new = _pair(case)
        position = first_difference(old.token_ids, new.token_ids)
        yield Divergence(
            case.sample.case_id,
            case.sample.repeat,
            # The texts differ although the tokens are equal: the detokenizers differ.
            len(old.token_ids) if position is None else position,
            _token(old, position),
            _token(new, position),
            regressed=_of(case, Change.REGRESSED),
            fixed=_of(case, Change.FIXED),
        )


def _of(case: CaseChange, change: Change) -> tuple[str, ...]:
    return tuple(name for name, found in case.behaviors.items() if found is change)


def _token(completion: Completion, position: int | None) -> TokenText | None:
    if position is None or position >= len(completion.token_ids):
        return None
    return TokenText(completion.token_ids[position], None)


def tokens_of(record: RunRecord, model: str) -> int:
    """Tokens that a model generated for the answers of a run."""
    return sum(len(s.completion.token_ids) for s in record.samples if s.model == model)
