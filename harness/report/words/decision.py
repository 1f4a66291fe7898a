"""A gate's decision as sentences: the verdict, its reasons, and the drop that the cases can show.

All formats use the same sentences; ``minus`` is the format's own sign. Names of cases and behaviors
are raw text: whoever prints them makes them printable.
"""

from collections.abc import Iterator

from harness.core.record import FORMAT_SUCCESS
from harness.gate.comparable import Incompatibility
from harness.gate.decision import GateDecision, TaskDecision
from harness.gate.evidence import PairedTest, repeated
from harness.gate.noise import recorded_noise
from harness.gate.outcome import GateOutcome, Reason
from harness.gate.policy import ALLOWABLE, FEW_WORDINGS, GatePolicy
from harness.report.words import noise
from harness.report.words import numbers as words
from harness.report.words import resources as resource_words
from harness.report.words.kept import kept_lines
from harness.report.words.leading import leading_of, with_p
from harness.report.words.shares import driver_lines
from harness.report.words.trained_cases import trained_lines
from harness.stats.repeats import pass_at_k, pass_hat_k

MAX_NAMED = 5
"""Case ids named in a line; the rest are counted."""
TABLE = ("behavior", "before", "after", "change", "interval", "broke", "fixed")


def sentence(decision: GateDecision) -> str:
    """``PASS on these 16 wordings: format_success_rate stayed at 100.0% (...); for new wordings a
    drop of up to 17 points is not ruled out: 59 wordings would bound it at 5.``"""
    place = place_of(decision.tasks[0]) if decision.tasks and not decides_together(decision) else ""
    return f"{word(decision.outcome)}{place}: {statement(decision)}"


def word(outcome: GateOutcome) -> str:
    """``REGRESSION``, which a sentence begins with."""
    return outcome.value.upper()


def place_of(task: TaskDecision) -> str:
    """`` on these 16 wordings``, where cases share wordings."""
    if task.wordings is None:
        return ""
    count = task.wordings.wordings
    return " on this one wording" if count == 1 else f" on these {count} wordings"


def statement(decision: GateDecision, minus: str = "-") -> str:
    """The sentence without its first words."""
    return f"{_against(decision)}{_reason_and_change(decision, minus)}"


def _against(decision: GateDecision) -> str:
    """``against the anchor main (saved 2026-11-20), ``, where the side before may be either of a
    baseline and its anchor."""
    return f"against {decision.against}, " if decision.against else ""


def _reason_and_change(decision: GateDecision, minus: str) -> str:
    if decision.refused:
        more = len(decision.refused) - 1
        also = f" (and {words.plural(more, 'more reason')})" if more else ""
        return f"{format_incompatibility(decision.refused[0])}{also}."
    if decides_together(decision):
        return f"{_pooled(decision, minus)}."
    worst = decision.tasks[0]
    where = f"{worst.task}: " if len(decision.tasks) > 1 else ""
    new = wordings_clause(worst, worst.policy)
    return f"{where}{outcome_clause(worst, minus)}{'; ' if new else ''}{new}."


def decides_together(decision: GateDecision) -> bool:
    """No task is a regression by itself, and all together are one."""
    is_together = bool(decision.tasks) and decision.outcome is not decision.tasks[0].outcome
    return is_together and decision.pooled is not None


def _pooled(decision: GateDecision, minus: str) -> str:
    assert decision.pooled is not None, "there are several tasks"
    rate = change_clause(decision.pooled, decision.policy, minus)
    return f"over the cases of all {len(decision.tasks)} tasks {rate}"


def wordings_clause(task: TaskDecision, policy: GatePolicy) -> str:
    """``for new wordings a drop of up to 17 points is not ruled out: 59 wordings would bound it at
    5``; empty where no two cases share a wording."""
    found = task.wordings
    if found is None:
        return ""
    low, high = (_short(end) for end in found.interval)
    if not found.is_enough and found.interval.high < policy.wording_margin:
        few = f"{words.plural(found.wordings, 'wording')} {_is(found.wordings)} too few"
        return f"{few} to tell about new ones: it takes {FEW_WORDINGS}"
    if found.is_regression(policy):
        return f"new wordings lose {low} to {high} points"
    if found.is_bounded(policy):
        if found.interval.high < 0:
            return f"new wordings gain at least {_short(-found.interval.high)} points"
        return f"for new wordings the drop is at most {high} points"
    open_end = f"for new wordings a drop of up to {high} points is not ruled out"
    if found.wordings < found.needed:
        margin = _short(policy.wording_margin)
        return f"{open_end}: {found.needed} wordings would bound it at {margin}"
    return open_end


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _short(share: float) -> str:
    """``17.1``, ``5``: in points."""
    return f"{share * 100:.1f}".removesuffix(".0")


def headline_of(task: TaskDecision, decision: GateDecision, minus: str) -> tuple[str, str]:
    """A heading for one task, to stand after its outcome, and the numbers under it."""
    leading, new = leading_of(task, task.policy), wordings_clause(task, task.policy)
    numbers = evidence_clause(leading, task.policy, minus)
    place = f"{words.sentence(place_of(task).strip()).rstrip('.')}: " if new else ""
    said = f"{place}{numbers}.{' ' if new else ''}{words.sentence(new) if new else ''}"
    head = f"{_against(decision)}{_reason(task, task.policy)}{rate_clause(leading)}."
    return head, said


def outcome_clause(task: TaskDecision, minus: str = "-") -> str:
    """The reason for one task's outcome, and the change of its rate."""
    change = change_clause(leading_of(task, task.policy), task.policy, minus)
    return f"{_reason(task, task.policy)}{change}"


def format_incompatibility(found: Incompatibility) -> str:
    """``json_extraction: 300 of 300 prompts differ: a, b``."""
    return f"{found.task}: {found.what}" if found.task else found.what


def change_clause(found: PairedTest, policy: GatePolicy, minus: str = "-") -> str:
    """``format_success_rate fell from 96.3% to 93.0% (-3.3 points, 94% interval -5.6 to -1.4; 14
    cases broke, 4 were fixed)``."""
    return f"{rate_clause(found)} ({evidence_clause(found, policy, minus)})"


def rate_clause(found: PairedTest) -> str:
    """``format_success_rate fell from 96.3% to 93.0%``."""
    was, now = words.percent(found.before), words.percent(found.after)
    if not found.drop:
        return f"{found.behavior} stayed at {now}"
    return f"{found.behavior} {'fell' if found.drop > 0 else 'rose'} from {was} to {now}"


def evidence_clause(found: PairedTest, policy: GatePolicy, minus: str = "-") -> str:
    """``-3.3 points, 94% interval -5.6 to -1.4; 14 cases broke, 4 were fixed``."""
    is_composite = found.behavior == FORMAT_SUCCESS
    share = f"{policy.interval_confidence * 100:.3g}% " if is_composite else ""
    spread = f"{share}interval {interval(found, minus)}"
    if found.is_unchanged:
        return f"{spread} points; no case flipped"
    broke = f"{words.plural(found.broke, 'case')} broke"
    fixed = f"{found.fixed:,} {'was' if found.fixed == 1 else 'were'} fixed"
    return f"{points(found, minus)} points, {spread}; {broke}, {fixed}"


def points(found: PairedTest, minus: str = "-") -> str:
    """``-3.3``: a loss is negative."""
    return words.signed(-found.drop * 100, minus=minus)


def interval(found: PairedTest, minus: str = "-") -> str:
    """``-5.6 to -1.4``, in points, of the change."""
    ends = (-found.interval.high, -found.interval.low)
    return " to ".join(words.signed(end * 100, minus=minus) for end in ends)


def explanation(decision: GateDecision) -> Iterator[str]:
    """The lines that follow the sentence: refusals, or the details of each task."""
    if decision.other:
        yield sentence(decision.other)
    yield from kept_lines(decision)
    for found in decision.refused[1:]:
        yield f"Also: {format_incompatibility(found)}."
    if decision.refused:
        kinds = dict.fromkeys(u.kind for u in decision.refused)
        if all(kind in ALLOWABLE for kind in kinds):
            flags = " ".join(f"--allow {kind}" for kind in kinds)
            listed = ", ".join(f'"{kind}"' for kind in kinds)
            yield f"To compare all the same: {flags}, or allow = [{listed}] in [tool.harness.gate]"
    yield from noise.floor_lines(decision.policy.noise_floor, recorded_noise(decision.before))
    if stop := early_stop(decision):
        yield stop
    if attempt := attempt_warning(decision):
        yield attempt
    yield from trained_lines(decision)
    yield from decision.remarks
    for found in decision.allowed:
        yield f"Allowed to differ: {format_incompatibility(found)}."
    for task in decision.tasks:
        where = f"{task.task}: " if len(decision.tasks) > 1 else ""
        if task is not decision.tasks[0] or decides_together(decision):
            more = f"; {new}" if (new := wordings_clause(task, task.policy)) else ""
            yield f"{where}{task.outcome.value}, {outcome_clause(task)}{more}."
        for line in (*alarms_of(task), *details_of(task)):
            yield f"{where}{line}"


def alarms_of(task: TaskDecision) -> tuple[str, ...]:
    """Lines in red about one task, which decide nothing."""
    return tuple(resource_words.alarms(task.resources, task.policy))


def early_stop(decision: GateDecision) -> str:
    """``Stopped early at look 1, after 60 of 300 cases: more cases broke than chance explains.
    Every look widens the interval.``; empty for a model that was asked all cases at once."""
    model = decision.after.model_record
    found = model.early_stop if model else None
    if found is None:
        return ""
    looks = len(found.looks)
    if found.is_stopped:
        why = f": {found.reason}" if found.reason else ""
        asked = f"after {found.asked:,} of {found.total:,} cases{why}"
        return f"Stopped early at look {looks}, {asked}. Every look widens the interval."
    return f"All {found.total:,} cases were asked. Each of {looks} looks widens the interval."


def attempt_warning(decision: GateDecision) -> str:
    """A warning that this plan was judged before, of these weights or against this baseline; empty
    at the first attempt."""
    model, counted = decision.after.model_record, decision.attempts
    own = (model and model.attempt) or 1
    if max(own, counted.number if counted else 1) < 2:
        return ""
    which = f"Attempt {own} of the same weights and plan"
    if counted and counted.number >= own:
        others = counted.of_other_weights
        share = f"{others:,} of them of other weights" if others else "all of the same weights"
        which = f"Attempt {counted.number:,} against this baseline, {share}"
    return f"{which}: run often enough, any model passes by chance."


def table(task: TaskDecision) -> list[tuple[str, ...]]:
    """The rows under ``TABLE`` for one task: the composite, then every behavior of which a case
    flipped."""
    return [
        (
            found.behavior,
            words.percent(found.before),
            words.percent(found.after),
            points(found),
            interval(found),
            str(found.broke),
            str(found.fixed),
        )
        for found in (task.composite, *(b for b in task.behaviors if not b.is_unchanged))
    ]


def _reason(task: TaskDecision, policy: GatePolicy) -> str:
    """The clause before the change of the rate, where the rate is not the reason."""
    if task.reason is Reason.PINNED:
        return f"{_pinned(task.pinned)} {'fails' if len(task.pinned) == 1 else 'fail'}; "
    if task.reason is Reason.PINNED_FAILING:
        verb = "fails" if len(task.pinned_failing) == 1 else "fail"
        return f"{_pinned(task.pinned_failing)} {verb}, as before, and must pass; "
    if task.reason is Reason.PINNED_UNJUDGED:
        now = f"passed before and {_is(len(task.pinned_unjudged))} not judged any more"
        return f"{_pinned(task.pinned_unjudged)} {now}; "
    if task.reason is Reason.MEMORY:
        return f"{resource_words.memory_fault(task.resources)}; "
    if task.reason is Reason.LATENCY:
        return f"{resource_words.latency_fault(task.resources, policy)}; "
    if task.reason is Reason.SLOWNESS:
        return "it may be slower than is allowed; "
    if task.reason is Reason.UNJUDGED:
        return f"{_unjudged(task)}; "
    if task.reason is Reason.WORDINGS:
        return f"{wordings_clause(task, policy)}; "
    if task.reason is Reason.FEW_CASES:
        return f"only {words.plural(task.composite.pairs, 'case')} could be paired; "
    if task.reason is Reason.NOTHING_PASSES:
        return "nothing passes on either side, so nothing can break; "
    if task.reason is Reason.WITHIN:
        return f"it fell, within the margin of {policy.margin * 100:.3g} points; "
    return ""


def _pinned(cases: tuple[str, ...]) -> str:
    return f"{'the pinned case' if len(cases) == 1 else 'pinned cases'} {first_cases(cases)}"


def _unjudged(task: TaskDecision) -> str:
    """``20 cases that were judged before are not judged any more``, or the behavior's name."""
    if task.composite.lost:
        cases = words.plural(task.composite.lost, "case")
        verb = "was" if task.composite.lost == 1 else "were"
        return f"{cases} that {verb} judged before {_is(task.composite.lost)} not judged any more"
    worst = max((u for u in task.unjudged if u.is_serious), key=lambda u: u.lost)
    return f"{worst.behavior} does not judge {worst.lost} of the {worst.cases} cases any more"


def details_of(task: TaskDecision, minus: str = "-") -> Iterator[str]:
    """The lines that follow one task's headline."""
    found, policy = task.composite, task.policy
    rate = change_clause(found, policy, minus)
    is_aside = task.reason in (Reason.PINNED, Reason.MEMORY, Reason.LATENCY)
    if is_aside and found.is_regression(policy.margin):
        yield f"More cases broke than chance explains: {rate}."
    if task.pinned_failing and task.reason is not Reason.PINNED_FAILING:
        yield f"Pinned cases that fail on both sides: {first_cases(task.pinned_failing)}."
    if leading_of(task, policy) is not found:
        yield f"Meanwhile {rate}."
    if task.outcome is GateOutcome.INCONCLUSIVE:
        yield _undecided(task)
    if fallen := task.fallen(policy):
        yield f"Behaviors that fell by more than chance explains: {with_p(fallen)}."
    yield from (*driver_lines(task, policy), *_lost(task), _power(task))
    if task.is_saturated:
        yield (
            f"Every one of the {words.plural(found.pairs, 'case')} passes on both sides: the suite "
            "is saturated and shows only losses, harder cases would show gains."
        )
    if found.repeats > 1:
        yield f"Each case was answered {found.repeats} times; its answers count as one case."
    if found.repeats > 1 or policy.k is not None:
        yield from _repeats(task, policy)
    if found.not_judged:
        yield (
            f"{words.plural(found.not_judged, 'case')} had an error, a skip or no verdict on "
            "either side: the interval counts each as a loss where it can be one."
        )
    yield from resource_words.lines(task.resources, policy)


def _lost(task: TaskDecision) -> Iterator[str]:
    """A line for each behavior that judged cases before and does not now."""
    for found in task.unjudged:
        if found.lost == found.cases:
            cases = words.plural(found.cases, "case")
            yield f"{found.behavior} judged {cases} before and none now."
        else:
            yield f"{found.behavior} does not judge {found.lost} of {found.cases} cases any more."


def _undecided(task: TaskDecision) -> str:
    policy = task.policy
    if task.reason is Reason.SLOWNESS:
        return resource_words.undecided(task.resources, policy)
    if task.reason is Reason.NOTHING_PASSES:
        return "No number of cases of this kind would decide it: add some that pass."
    if task.reason in (Reason.UNJUDGED, Reason.PINNED_UNJUDGED):
        return "What is not judged is not a pass: run it again, or mend what skips or fails there."
    if task.reason is Reason.WORDING_MARGIN:
        return words.sentence(
            f'scope = "new" asks for new wordings: {wordings_clause(task, policy)}'
        )
    found = leading_of(task, policy)
    allowed = f"the margin is {policy.margin * 100:.3g} points"
    worst = f"a drop of {found.interval.high * 100:.1f} points cannot be ruled out, {allowed}"
    if task.cases_needed is None:
        return words.sentence(f"{worst}: more cases of this kind would not decide it")
    needed = words.plural(task.cases_needed, "case")
    more = task.cases_needed - task.composite.pairs
    alike = "with no flip" if task.composite.is_unchanged else "that flip as often"
    likely = "would decide it" if task.composite.is_unchanged else "would decide it in 4 of 5 runs"
    return words.sentence(f"{worst}: {needed} {alike} {likely}, {more:,} more")


def _power(task: TaskDecision) -> str:
    cases = words.plural(task.composite.pairs, "case")
    if task.detectable is None:
        return f"{cases} {_is(task.composite.pairs)} too few to show any drop with 80% power."
    return (
        f"The smallest drop that {cases} show with 80% power is {task.detectable * 100:.1f} points "
        "(when 1% improve by chance)."
    )


def _repeats(task: TaskDecision, policy: GatePolicy) -> Iterator[str]:
    """``pass@4 (any of 4 answers passes): 96.0% (91.2 to 99.1%) before, ...``, and pass^4; where a
    case has fewer answers, a line that they are not measured."""
    sides = repeated(task.comparison.cases)
    k = policy.k or task.composite.repeats
    for name, estimate in (
        (f"pass@{k} (any of {k} answers passes)", pass_at_k),
        (f"pass^{k} (all {k} pass)", pass_hat_k),
    ):
        before, after = (estimate(side, k, policy.confidence) for side in sides)
        if before is None or after is None:
            yield f"{name}: not measured, it takes {k} judged answers to every case."
            continue
        said = (f"{words.percent(e.rate)} ({words.interval(e.interval)})" for e in (before, after))
        over = words.over(after.wordings)
        yield f"{name}: {' before, '.join(said)} after{over and f'; intervals{over}'}."


def first_cases(cases: tuple[str, ...]) -> str:
    """``a, b, c and 4 more``."""
    more = len(cases) - MAX_NAMED
    return ", ".join(cases[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
