"""Looks for the smallest drawn prompt that a model fails on, in one way and no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.tasks.generate.drawing import CaseSampler, DrawnCase
from harness.tasks.generate.shrinking import Bounds, shrink, size_of

Ask = Callable[[Sequence[Case]], Sequence[Completion]]
"""Returns the model's answers to cases, all of them in one batch."""
Judge = Callable[[Case, Completion], Verdict]


@dataclass(frozen=True, slots=True)
class SmallestFailure:
    """The smallest failing case, what the model answered, and what the search took."""

    case: Case
    completion: Completion
    verdict: Verdict
    steps: int
    requests: int
    is_bounded: bool


def starting_point(
    judged: Sequence[tuple[Completion, Verdict]], drawn: Callable[[str], DrawnCase]
) -> tuple[DrawnCase, Completion, Verdict] | None:
    """The smallest drawn case that failed in the commonest way; ``None`` where none failed."""
    failed = [(drawn(c.case_id), c, v) for c, v in judged if v.outcome is Outcome.FAILED]
    if not failed:
        return None
    codes = [verdict.code for _, _, verdict in failed]
    commonest = max(codes, key=lambda code: (codes.count(code), str(code)))
    return min((f for f in failed if f[2].code is commonest), key=lambda f: size_of(f[0]))


def smallest(
    source: CaseSampler,
    start: tuple[DrawnCase, Completion, Verdict],
    ask: Ask,
    judge: Judge,
    bounds: Bounds,
) -> SmallestFailure:
    """The smallest case reached from ``start`` that fails with the same failure code.

    Another code is another failure: a prompt that was made empty may fail for being empty, and
    would say nothing of what the drawn one showed.
    """
    drawn, completion, verdict = start
    answers = {drawn.prompt: (completion, verdict)}

    def failing(examples: Sequence[DrawnCase]) -> list[bool]:
        cases = [example.case for example in examples]
        for example, answer in zip(examples, ask(cases), strict=True):
            answers[example.prompt] = answer, judge(example.case, answer)
        return [_is_same(answers[e.prompt][1], verdict.code) for e in examples]

    remake = partial(source.remake, drawn_from=drawn.case.id)
    shrunk = shrink(drawn, remake, failing, bounds)
    return SmallestFailure(
        shrunk.smallest.case,
        *answers[shrunk.smallest.prompt],
        steps=shrunk.steps,
        requests=shrunk.requests,
        is_bounded=shrunk.is_bounded,
    )


def _is_same(verdict: Verdict, code: FailureCode | None) -> bool:
    return verdict.outcome is Outcome.FAILED and verdict.code is code
