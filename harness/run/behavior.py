"""Judges a behavior: a property of completions, written as a test, judged as a rate over cases.

Converts the outcome of a test function on one completion to a Verdict, and many Verdicts to a
BehaviorResult. It knows nothing of pytest's items.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import index
from statistics import fmean

from harness.core.completion import Completion, FinishReason
from harness.core.grade import Grade, summed
from harness.core.judged import Judged, passed_grade
from harness.core.printable import excerpt
from harness.core.record import BehaviorResult, Share, Shares
from harness.core.verdict import JUDGED, FailureCode, Outcome, Verdict
from harness.stats.means import mean_share
from harness.stats.repeats import Estimate, Repeated, pass_at_k, pass_hat_k

DEFAULT_BUDGET = 0.95
"""Default budget: the pass rate of a behavior for which neither task nor mark names one."""
MAX_ERRORS = 0.02
"""Share of errors above which a behavior has no rate, since the judged cases may be the easy
ones."""


def judge_completion(
    test: Callable[[], object], completion: Completion, skipped: type[BaseException]
) -> Verdict:
    """Call ``test`` on ``completion`` and convert the outcome to a Verdict.

    The message of a failed ``assert`` becomes the reason. ``skipped`` is the test framework's skip
    exception. Any other exception is a mistake in the test and is raised.
    """
    if completion.finish_reason is FinishReason.ERROR:
        return Verdict.error(FailureCode.BACKEND_ERROR, completion.error or "no completion")
    try:
        grade = passed_grade(test)
    except Judged as judged:
        return plain_verdict(judged.verdict, len(completion.text))
    except AssertionError as error:
        lines = str(error).strip().splitlines()
        reason = excerpt(lines[0], 200) if lines else "an assertion without a message"
        return Verdict.failed(FailureCode.ASSERTION, reason)
    except skipped as skip:
        return Verdict.skipped(str(skip))
    return Verdict.passed().graded(grade) if grade else Verdict.passed()


def plain_verdict(verdict: Verdict, characters: int) -> Verdict:
    """The verdict of a user's own check as values that a record holds and that are read again.

    Args:
        verdict: its numbers may be numpy's, its texts of any subclass of ``str``.
        characters: of the judged text, within which the span must lie.

    Raises:
        TypeError, ValueError: a field holds no such value.
    """
    span = verdict.span
    if span is not None:
        start, end = map(index, span)
        if not 0 <= start <= end <= characters:
            raise ValueError(
                f"the verdict's span ({start}, {end}) lies outside the completion, which has "
                f"{characters} characters"
            )
        span = (start, end)
    outcome, code = Outcome(verdict.outcome), verdict.code and FailureCode(verdict.code)
    if not isinstance(verdict.grade, Grade | None):
        raise TypeError(f"the verdict's grade is no Grade: {verdict.grade!r:.80}")
    nearest = None if verdict.nearest is None else plain_text(verdict.nearest)
    path = None if verdict.path is None else plain_text(verdict.path)
    return Verdict(outcome, code, plain_text(verdict.reason), span, nearest, path, verdict.grade)


def plain_text(text: object) -> str:
    """A ``str`` and no subclass of it, whose methods may answer anything."""
    return str.__str__(text) if isinstance(text, str) else str(text)


@dataclass
class Tally:
    """The verdicts of one behavior of one model on one task, as they come in."""

    model: str
    task: str
    behavior: str
    budget: float
    templates: Mapping[str, str] = field(default_factory=dict)
    """The template of each case that has one, by the case's id."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """The weight of each case that has one of its own, by the case's id."""
    judged: list[tuple[Completion, Verdict]] = field(default_factory=list)
    test: str = ""
    """Id of the test that judges."""

    def add(self, completion: Completion, verdict: Verdict) -> None:
        self.judged.append((completion, verdict))

    def result(self) -> BehaviorResult:
        """Counts, rate and ``met``. With errors the budget is never met."""
        judged = [(completion.case_id, verdict) for completion, verdict in self.judged]
        return rate_result(
            self.model,
            self.task,
            self.behavior,
            judged,
            self.budget,
            self.templates,
            self.weights,
        )

    def failures(self, count: int) -> list[tuple[Completion, Verdict]]:
        """The shortest failing completions, one of each case before a second of any."""
        failed = [pair for pair in self.judged if pair[1].outcome is Outcome.FAILED]
        ordered = sorted(failed, key=lambda pair: (len(pair[0].text), pair[0].case_id))
        seen = Counter[str]()
        ranked: list[tuple[int, tuple[Completion, Verdict]]] = []
        for pair in ordered:
            ranked.append((seen[pair[0].case_id], pair))
            seen[pair[0].case_id] += 1
        return [pair for _, pair in sorted(ranked, key=lambda found: found[0])[:count]]


def rate_result(
    model: str,
    task: str,
    behavior: str,
    judged: Sequence[tuple[str, Verdict]],
    budget: float | None,
    templates: Mapping[str, str],
    weights: Mapping[str, float] | None = None,
) -> BehaviorResult:
    """The pass rate over cases, with its interval, against its budget: the lowest accepted rate.

    ``judged`` are case id and verdict of each answer. Several answers to one case are averaged and
    count as one case, since they say little about other cases. ``templates`` are those of cases by
    id: cases that share one pass and fail together, and the interval is over new wordings.
    ``weights`` are those of cases by id, 1 where there is none; they count where answers are
    graded, whose rate is the mean of their shares.
    """
    verdicts = [verdict for _, verdict in judged]
    outcomes = Counter(v.outcome for v in verdicts)
    errors = outcomes[Outcome.ERROR]
    result = BehaviorResult(
        model=model,
        task=task,
        behavior=behavior,
        passed=outcomes[Outcome.PASSED],
        failed=outcomes[Outcome.FAILED],
        skipped=outcomes[Outcome.SKIPPED],
        errors=errors,
        budget=budget,
        codes=dict(Counter(v.code.value for v in verdicts if v.code).most_common()),
        repeats=max(Counter(case for case, _ in judged).values(), default=1),
    )
    if errors <= MAX_ERRORS * len(verdicts):
        result = _with_rate(result, judged, templates)
        result = _with_shares(result, judged, templates, weights or {})
    return replace(result, met=_met(result.rate, errors, budget))


def _with_rate(
    result: BehaviorResult, judged: Sequence[tuple[str, Verdict]], templates: Mapping[str, str]
) -> BehaviorResult:
    """The result with rate and interval, of answers with few errors."""
    passes: dict[str, list[bool]] = {}
    for case, verdict in judged:
        if verdict.outcome in JUDGED:
            passes.setdefault(case, []).append(verdict.outcome is Outcome.PASSED)
    if not passes:
        return result
    answers = [Repeated(sum(own), len(own), templates.get(c, "")) for c, own in passes.items()]
    mean = pass_at_k(answers, 1)
    assert mean is not None, "every case has an answer"
    result = replace(result, rate=mean.rate, interval=mean.interval, wordings=mean.wordings)
    if result.repeats == 1:
        return result
    return replace(
        result,
        cases=len(answers),
        pass_at_k=_share(pass_at_k(answers, result.repeats)),
        pass_hat_k=_share(pass_hat_k(answers, result.repeats)),
    )


def _with_shares(
    result: BehaviorResult,
    judged: Sequence[tuple[str, Verdict]],
    templates: Mapping[str, str],
    weights: Mapping[str, float],
) -> BehaviorResult:
    """The result with means of shares where an answer has a grade; answers without a grade have
    all or nothing."""
    grades = [verdict.grade for _, verdict in judged if verdict.grade]
    shares: dict[str, list[float]] = {}
    recalls: dict[str, list[float]] = {}
    for case, verdict in judged:
        if verdict.outcome in JUDGED:
            shares.setdefault(case, []).append(verdict.share)
            recall = verdict.grade.path_recall if verdict.grade else verdict.share
            recalls.setdefault(case, []).append(recall)
    if not grades or not shares:
        return result
    wordings = [templates.get(case, "") for case in shares]
    heavy = [weights.get(case, 1.0) for case in shares]
    mean, recalled = (
        mean_share([fmean(v) for v in values.values()], wordings, heavy)
        for values in (shares, recalls)
    )
    found = Shares(Share(*recalled), summed(grades))
    return replace(result, rate=mean.rate, interval=mean.interval, shares=found)


def _share(found: Estimate | None) -> Share | None:
    return None if found is None else Share(found.rate, found.interval)


def _met(rate: float | None, errors: int, budget: float | None) -> bool | None:
    if budget is None:
        return None
    if errors:
        return False
    return None if rate is None else rate >= budget
