"""A gate's decision as sentences: the verdict, its reasons, and the drop that the cases can show.

All formats use the same sentences; ``minus`` is the format's own sign. Names of cases and behaviors
are raw text: whoever prints them makes them printable.
"""

from collections.abc import Iterator

from harness.gate.comparable import Incompatibility
from harness.gate.decision import GateDecision, GateOutcome, Reason, TaskDecision
from harness.gate.evidence import PairedTest, repeated
from harness.gate.policy import ALLOWABLE, GatePolicy
from harness.report.words import numbers as words
from harness.report.words import resources as resource_words
from harness.stats.repeats import pass_at_k, pass_hat_k

_MIN_P = 0.001
MAX_NAMED = 5
"""Case ids named in a line; the rest are counted."""
TABLE = ("behavior", "before", "after", "change", "broke", "fixed", "adjusted p")


def sentence(decision: GateDecision) -> str:
    """``REGRESSION: format_success_rate fell from 96.3% to 93.0% (-3.3 points, ...).``"""
    return f"{word(decision.outcome)}: {statement(decision)}"


def word(outcome: GateOutcome) -> str:
    """``REGRESSION``, which a sentence begins with."""
    return outcome.value.upper()


def statement(decision: GateDecision, minus: str = "-") -> str:
    """The sentence without its first word."""
    if decision.refused:
        more = len(decision.refused) - 1
        also = f" (and {words.plural(more, 'more reason')})" if more else ""
        return f"{format_incompatibility(decision.refused[0])}{also}."
    worst = decision.tasks[0]
    where = f"{worst.task}: " if len(decision.tasks) > 1 else ""
    return f"{where}{outcome_clause(worst, decision, minus)}."


def headline_of(task: TaskDecision, decision: GateDecision, minus: str) -> tuple[str, str]:
    """A heading for one task, to stand after its outcome, and the numbers under it."""
    leading = _leading(task)
    numbers = evidence_clause(leading, decision.policy.confidence, minus)
    return f"{_reason(task)}{rate_clause(leading)}.", f"{numbers}."


def outcome_clause(task: TaskDecision, decision: GateDecision, minus: str = "-") -> str:
    """The reason for one task's outcome, and the change of its rate."""
    return f"{_reason(task)}{change_clause(_leading(task), decision.policy.confidence, minus)}"


def format_incompatibility(found: Incompatibility) -> str:
    """``json_extraction: 300 of 300 prompts differ: a, b``."""
    return f"{found.task}: {found.what}" if found.task else found.what


def change_clause(found: PairedTest, confidence: float, minus: str = "-") -> str:
    """``format_success_rate fell from 96.3% to 93.0% (-3.3 points, 95% interval -5.6 to -1.4; 14
    cases broke, 4 were fixed, p = 0.0096)``."""
    return f"{rate_clause(found)} ({evidence_clause(found, confidence, minus)})"


def rate_clause(found: PairedTest) -> str:
    """``format_success_rate fell from 96.3% to 93.0%``."""
    was, now = words.percent(found.before), words.percent(found.after)
    if not found.drop:
        return f"{found.behavior} stayed at {now}"
    return f"{found.behavior} {'fell' if found.drop > 0 else 'rose'} from {was} to {now}"


def evidence_clause(found: PairedTest, confidence: float, minus: str = "-") -> str:
    """``-3.3 points, 95% interval -5.6 to -1.4; 14 cases broke, 4 were fixed, p = 0.0096``.

    The test is one-sided: a rate that did not fall has no p-value.
    """
    spread = f"{confidence * 100:.4g}% interval {interval(found, minus)}"
    if found.is_unchanged:
        return f"{spread} points; no case flipped"
    broke = f"{words.plural(found.broke, 'case')} broke"
    fixed = f"{found.fixed:,} {'was' if found.fixed == 1 else 'were'} fixed"
    p = f", {p_value(found.adjusted_p)}" if found.drop > 0 else ""
    return f"{points(found, minus)} points, {spread}; {broke}, {fixed}{p}"


def points(found: PairedTest, minus: str = "-") -> str:
    """``-3.3``: a loss is negative."""
    return words.signed(-found.drop * 100, minus=minus)


def interval(found: PairedTest, minus: str = "-") -> str:
    """``-5.6 to -1.4``, in points, of the change."""
    ends = (-found.interval.high, -found.interval.low)
    return " to ".join(words.signed(end * 100, minus=minus) for end in ends)


def p_value(p: float) -> str:
    """``p = 0.0096``, ``p < 0.001``."""
    return f"p {'' if p < _MIN_P else '= '}{p_number(p)}"


def p_number(p: float) -> str:
    """``0.0096``, ``< 0.001``."""
    if p < _MIN_P:
        return f"< {_MIN_P}"
    return f"{p:.2g}" if p < 0.995 else "1"


def explanation(decision: GateDecision) -> Iterator[str]:
    """The lines that follow the sentence: refusals, or the details of each task."""
    for found in decision.refused[1:]:
        yield f"Also: {format_incompatibility(found)}."
    if decision.refused:
        kinds = dict.fromkeys(u.kind for u in decision.refused)
        if all(kind in ALLOWABLE for kind in kinds):
            flags = " ".join(f"--allow {kind}" for kind in kinds)
            listed = ", ".join(f'"{kind}"' for kind in kinds)
            yield f"To compare all the same: {flags}, or allow = [{listed}] in [tool.harness.gate]"
    if decision.policy.noise_floor:
        flips = words.percent(decision.policy.noise_floor)
        yield f"Noise: {flips} of the cases flip when the model before is judged against itself."
    if attempt := attempt_warning(decision):
        yield attempt
    for found in decision.allowed:
        yield f"Allowed to differ: {format_incompatibility(found)}."
    for task in decision.tasks:
        where = f"{task.task}: " if len(decision.tasks) > 1 else ""
        if task is not decision.tasks[0]:
            yield f"{where}{task.outcome.value}, {outcome_clause(task, decision)}."
        for line in details_of(task, decision):
            yield f"{where}{line}"


def attempt_warning(decision: GateDecision) -> str:
    """A warning that these weights were judged on this plan before; empty at the first attempt."""
    model = decision.after.model_record
    if model is None or model.attempt is None or model.attempt < 2:
        return ""
    return (
        f"Attempt {model.attempt} of the same weights and plan: run often enough, any model passes "
        "by chance."
    )


def table(task: TaskDecision) -> list[tuple[str, ...]]:
    """The rows under ``TABLE`` for one task, the composite first."""
    return [
        (
            found.behavior,
            words.percent(found.before),
            words.percent(found.after),
            points(found),
            str(found.broke),
            str(found.fixed),
            "" if found.is_unchanged else p_number(found.adjusted_p),
        )
        for found in (task.composite, *task.behaviors)
    ]


def _leading(task: TaskDecision) -> PairedTest:
    """The test that the sentence reports: of the behavior that fell, or of the composite."""
    if task.reason is not Reason.BEHAVIOR:
        return task.composite
    others = [b for b in task.behaviors if b.behavior not in task.comparison.required]
    return min(others, key=lambda b: (b.adjusted_p, -b.drop))


def _reason(task: TaskDecision) -> str:
    """The clause before the change of the rate, where the rate is not the reason."""
    if task.reason is Reason.PINNED:
        noun = "the pinned case" if len(task.pinned) == 1 else "pinned cases"
        verb = "fails" if len(task.pinned) == 1 else "fail"
        return f"{noun} {first_cases(task.pinned)} {verb}; "
    if task.reason is Reason.MEMORY:
        return f"{resource_words.memory_fault(task.resources)}; "
    if task.reason is Reason.LATENCY:
        return f"{resource_words.latency_fault(task.resources)}; "
    if task.reason is Reason.SLOWNESS:
        return "it may be slower than is allowed; "
    if task.reason is Reason.NOISE:
        return "no more cases flipped than noise explains; "
    if task.reason is Reason.FEW_CASES:
        return f"only {words.plural(task.composite.pairs, 'case')} could be paired; "
    if task.reason is Reason.NOTHING_PASSES:
        return "nothing passes on either side, so nothing can break; "
    return ""


def details_of(task: TaskDecision, decision: GateDecision, minus: str = "-") -> Iterator[str]:
    """The lines that follow one task's headline."""
    found, policy = task.composite, decision.policy
    rate = change_clause(found, policy.confidence, minus)
    is_aside = task.reason in (Reason.PINNED, Reason.MEMORY, Reason.LATENCY)
    if is_aside and found.adjusted_p <= policy.composite_alpha:
        yield f"More cases broke than chance explains: {rate}."
    if task.reason is Reason.BEHAVIOR:
        yield f"Meanwhile {rate}."
    if task.outcome is GateOutcome.INCONCLUSIVE:
        yield _undecided(task, decision)
    fallen = [b.behavior for b in task.fallen(policy.behaviors_alpha)]
    if fallen:
        yield f"Behaviors that fell by more than chance explains: {', '.join(fallen)}."
    yield _power(task)
    if task.is_saturated:
        yield (
            f"Every one of the {words.plural(found.pairs, 'case')} passes on both sides: the suite "
            "is saturated and shows only losses, harder cases would show gains."
        )
    if found.clusters is not None:
        effect = f"{found.design_effect:.2g}"
        said = "" if effect == "1" else f" (design effect {effect})"
        yield (
            f"The cases come from {words.plural(found.clusters, 'template')}: cases of one "
            f"template count together{said}."
        )
    if found.repeats > 1:
        yield f"Each case was answered {found.repeats} times; its answers count as one case."
    if found.repeats > 1 or policy.k is not None:
        yield from _repeats(task, policy)
    if found.not_judged:
        yield f"{words.plural(found.not_judged, 'case')} had an error or a skip on either side."
    yield from resource_words.lines(task.resources, policy)


def _undecided(task: TaskDecision, decision: GateDecision) -> str:
    found, margin = task.composite, decision.policy.margin
    if task.reason is Reason.SLOWNESS:
        return resource_words.undecided(task.resources, decision.policy)
    if task.reason is Reason.NOTHING_PASSES:
        return "No number of cases of this kind would decide it: add some that pass."
    allowed = f"the margin is {margin * 100:.3g} points"
    worst = f"a drop of {found.interval.high * 100:.1f} points cannot be ruled out, {allowed}"
    if task.cases_needed is None:
        return words.sentence(f"{worst}: more cases of this kind would not decide it")
    needed = words.plural(task.cases_needed, "case")
    more = task.cases_needed - found.pairs
    alike = "with no flip" if found.is_unchanged else "if they flip as often"
    return words.sentence(f"{worst}: {needed} {alike} would decide it, {more:,} more")


def _power(task: TaskDecision) -> str:
    cases = words.plural(task.composite.pairs, "case")
    if task.detectable is None:
        return f"{cases} are too few to show any drop with 80% power."
    return (
        f"The smallest drop that {cases} show with 80% power is {task.detectable * 100:.1f} points "
        "(when 1% improve by chance)."
    )


def _repeats(task: TaskDecision, policy: GatePolicy) -> Iterator[str]:
    """``pass@4 (any of 4 answers passes): 96.0% (91.2 to 99.1%) before, ...``, and pass^4; where a
    case has fewer answers, a line that they are not measured."""
    sides, k = repeated(task.comparison.cases), policy.k or task.composite.repeats
    for name, estimate in (
        (f"pass@{k} (any of {k} answers passes)", pass_at_k),
        (f"pass^{k} (all {k} pass)", pass_hat_k),
    ):
        before, after = (estimate(side, k, policy.confidence) for side in sides)
        if before is None or after is None:
            yield f"{name}: not measured, it takes {k} judged answers to every case."
            continue
        said = (f"{words.percent(e.rate)} ({words.interval(e.interval)})" for e in (before, after))
        yield f"{name}: {' before, '.join(said)} after."


def first_cases(cases: tuple[str, ...]) -> str:
    """``a, b, c and 4 more``."""
    more = len(cases) - MAX_NAMED
    return ", ".join(cases[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
