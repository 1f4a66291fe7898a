"""Groups failing answers by what went wrong: the causes of what broke, and of what still fails.

A cause is made of the fields of verdicts: their code, the place of their span in the answer, and
their path. No reason is read. ``harness.report.words.causes`` has the words.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.core.completion import Completion
from harness.core.record import FORMAT_SUCCESS, Sample
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.gate.compare import CaseChange, Change, Comparison, Side, composite_outcome
from harness.gate.evidence import net_losses
from harness.gate.outcome import TaskEvidence
from harness.gate.policy import GatePolicy

MAX_KINDS = 3
"""Places of one code that are told apart; the others are one cause."""
MAX_BEHAVIORS = 2
"""Behaviors outside of the composite whose causes are told of one task."""
MIN_SHARE = 0.1
"""Share of a code's answers below which a single one is no cause of its own."""
_FENCE = re.compile(r"(`{3,8}|~{3,8})`*~*[ \t]*([\w+#.-]{0,20})")
_TOKEN_CHARACTERS = 40
"""A longer special token is none by which answers can be grouped."""


class Edge(StrEnum):
    """The edge of an answer that a fault stands at."""

    BEGINNING = "beginning"
    END = "end"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing answer, and the verdict that explains it."""

    completion: Completion
    verdict: Verdict
    behaviors: tuple[str, ...]
    """The behavior of the verdict, then the others that found the same at the same place."""
    is_pinned: bool = False

    @classmethod
    def of(cls, sample: Sample, behavior: str) -> "Failure":
        """The failure of one behavior of a stored answer."""
        own = sample.verdicts[behavior]
        found = sample.verdicts.items()
        alike = (name for name, v in found if (v.code, v.span) == (own.code, own.span))
        names = tuple(dict.fromkeys((behavior, *alike)))
        return cls(sample.completion, own, names, sample.must_pass)


@dataclass(frozen=True, slots=True)
class Cause:
    """Answers that fail in one way; without its failures, that way."""

    code: FailureCode | None
    """``None`` where a record has none."""
    failures: tuple[Failure, ...]
    """Pinned cases first, then the shortest answers."""
    edge: Edge | None = None
    """``None`` where the fault stands elsewhere, or the answer's text is not known."""
    written: str = ""
    """What the answers have there, of a fence or a special token: raw text of a model."""
    path: str = ""
    """JSON pointer with ``*`` for items and numbers; empty where there is none."""
    behavior: str = ""
    """The behavior, where only its name tells the fault: that of a user's own ``assert``."""
    is_rest: bool = False
    """Answers of the same code in larger groups stand apart."""

    @property
    def kind(self) -> "Cause":
        """The way of failing, without the answers."""
        return replace(self, failures=())

    @property
    def example(self) -> Failure:
        return self.failures[0]

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Every behavior that found it in any of the answers."""
        return tuple(dict.fromkeys(name for f in self.failures for name in f.behaviors))

    @property
    def case_ids(self) -> tuple[str, ...]:
        return tuple(f.completion.case_id for f in self.failures)


@dataclass(frozen=True, slots=True)
class BehaviorCauses:
    """The causes of one behavior, or of the composite, on one task: the most frequent first."""

    behavior: str
    broke: tuple[Cause, ...]
    still_failing: tuple[Cause, ...]

    @property
    def kinds(self) -> frozenset[Cause]:
        """The ways of failing, without the answers."""
        return frozenset(cause.kind for cause in (*self.broke, *self.still_failing))


def first_failure(sample: Sample, first: Sequence[str] = ()) -> tuple[str, Verdict] | None:
    """The behavior and verdict to name where there is room for one: a failure before an error, the
    behaviors of ``first`` before others."""
    for outcome in (Outcome.FAILED, Outcome.ERROR):
        for behavior in dict.fromkeys((*first, *sample.verdicts)):
            verdict = sample.verdicts.get(behavior)
            if verdict is not None and verdict.outcome is outcome:
                return behavior, verdict
    return None


def explaining_behaviors(case: CaseChange, required: Sequence[str]) -> tuple[str, ...]:
    """The behaviors that explain a case's change: of the required ones those that changed as the
    case did, then the others. One that is not required may have failed on both sides."""
    alike = (name for name in required if case.behaviors.get(name) is case.change)
    return (*alike, *required)


def broken_cases(comparison: Comparison, behavior: str | None = None) -> tuple[CaseChange, ...]:
    """Cases that broke for a behavior, or for the composite, each with its first answer that
    broke, in the order of the run."""
    losses = net_losses(comparison.cases, behavior)
    return _one_each(
        case
        for case in comparison.cases
        if _change(case, behavior) is Change.REGRESSED and losses.get(case.sample.case_id, 1) > 0
    )


def causes_of(comparison: Comparison, behavior: str | None = None) -> BehaviorCauses:
    """The causes of what broke and of what still fails, for a behavior or for the composite."""
    broke = broken_cases(comparison, behavior)
    known = {case.sample.case_id for case in broke}
    failing = _one_each(
        case
        for case in comparison.cases
        if _change(case, behavior) is Change.STILL_FAILING and case.sample.case_id not in known
    )
    required = comparison.required
    found = (grouped(_explained(c, required, behavior) for c in own) for own in (broke, failing))
    return BehaviorCauses(behavior or FORMAT_SUCCESS, *found)


def deciding_causes(task: TaskEvidence, policy: GatePolicy) -> tuple[BehaviorCauses, ...]:
    """The causes of the composite, then of behaviors outside of it that fell for sure, where most
    of what broke did so in other ways."""
    told = [causes_of(task.comparison)]
    fallen = [b.behavior for b in task.fallen(policy) if not task.is_required(b.behavior)]
    for found in (causes_of(task.comparison, name) for name in fallen):
        if are_other(found.broke, {kind for one in told for kind in one.kinds}):
            told.append(found)
    return tuple(told[: 1 + MAX_BEHAVIORS])


def are_other(causes: Sequence[Cause], told: Container[Cause]) -> bool:
    """Most of these answers fail in ways that are not told."""
    other = sum(len(cause.failures) for cause in causes if cause.kind not in told)
    return 2 * other > sum(len(cause.failures) for cause in causes)


def examples_first(cases: Iterable[CaseChange], comparison: Comparison) -> list[CaseChange]:
    """The broken cases, with the example of each cause before the others, which keep their
    order."""
    examples = [c.example.completion.case_id for c in causes_of(comparison).broke]
    places = {case_id: place for place, case_id in enumerate(examples)}
    return sorted(cases, key=lambda case: places.get(case.sample.case_id, len(examples)))


def causes_alone(side: Side, task: str, required: Sequence[str]) -> tuple[Cause, ...]:
    """The causes of one model's answers that fail any of the required behaviors."""
    found: dict[str, Failure] = {}
    for sample in side.samples(task).values():
        if composite_outcome(sample.verdicts, required) is Outcome.FAILED:
            failure = first_failure(sample, required)
            assert failure is not None, "a required behavior fails"
            found.setdefault(sample.case_id, Failure.of(sample, failure[0]))
    return grouped(found.values())


def grouped(failures: Iterable[Failure]) -> tuple[Cause, ...]:
    """The causes of these failures, the most frequent first; a code's rest follows its groups."""
    codes: dict[FailureCode | None, dict[Cause, list[Failure]]] = {}
    for failure in failures:
        kind = _kind(failure)
        codes.setdefault(kind.code, {}).setdefault(kind, []).append(failure)
    causes = [cause for kinds in codes.values() for cause in _of_code(kinds)]
    return tuple(sorted(causes, key=lambda cause: -len(cause.failures)))


def _of_code(kinds: dict[Cause, list[Failure]]) -> list[Cause]:
    """The groups of one code; the small ones, where there are several, as one."""
    ordered = sorted(kinds.items(), key=lambda item: -len(item[1]))
    least = max(2, MIN_SHARE * sum(map(len, kinds.values())))
    large = [item for item in ordered if len(item[1]) >= least][:MAX_KINDS]
    small = ordered[len(large) :]
    if len(small) < 2:
        return [_with(kind, own) for kind, own in ordered]
    code, rest = small[0][0].code, [failure for _, own in small for failure in own]
    known = [_with(kind, own) for kind, own in large]
    return [*known, _with(Cause(code, (), is_rest=bool(large)), rest)]


def _with(kind: Cause, failures: Iterable[Failure]) -> Cause:
    def order(failure: Failure) -> tuple[bool, int]:
        return not failure.is_pinned, len(failure.completion.text)

    return replace(kind, failures=tuple(sorted(failures, key=order)))


def _kind(failure: Failure) -> Cause:
    """A cause without failures: what all its answers have in common."""
    code, path = failure.verdict.code, _any_item(failure.verdict.path or "")
    if code is FailureCode.ASSERTION:
        return Cause(code, (), behavior=failure.behaviors[0])
    if code in (FailureCode.MARKDOWN_FENCE, FailureCode.THINK_BLOCK, FailureCode.SPECIAL_TOKEN):
        return Cause(code, (), edge=_edge(failure), written=_written(failure))
    return Cause(code, (), path=path)


def _edge(failure: Failure) -> Edge | None:
    text, span = failure.completion.text, failure.verdict.span
    if span is None or not text:
        return None
    if not text[: span[0]].strip():
        return Edge.BEGINNING
    return None if text[span[1] :].strip() else Edge.END


def _written(failure: Failure) -> str:
    """The fence with its language, or the special token; empty where it is not known."""
    span = failure.verdict.span
    text = failure.completion.text[slice(*span)] if span else ""
    if failure.verdict.code is FailureCode.MARKDOWN_FENCE:
        fence = _FENCE.match(text)
        return fence[1] + fence[2] if fence else ""
    is_token = failure.verdict.code is FailureCode.SPECIAL_TOKEN
    return text if is_token and len(text) <= _TOKEN_CHARACTERS else ""


def _any_item(path: str) -> str:
    return "/".join("*" if part.isdecimal() else part for part in path.split("/"))


def _explained(case: CaseChange, required: Sequence[str], behavior: str | None) -> Failure:
    sample = case.after
    assert sample is not None, "it was judged on both sides"
    if behavior is not None:
        return Failure.of(sample, behavior)
    failure = first_failure(sample, explaining_behaviors(case, required))
    assert failure is not None, "the case fails"
    return Failure.of(sample, failure[0])


def _change(case: CaseChange, behavior: str | None) -> Change | None:
    return case.change if behavior is None else case.behaviors.get(behavior)


def _one_each(cases: Iterable[CaseChange]) -> tuple[CaseChange, ...]:
    found: dict[str, CaseChange] = {}
    for case in cases:
        found.setdefault(case.sample.case_id, case)
    return tuple(found.values())
