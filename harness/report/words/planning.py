"""A plan as sentences: the assumptions, and the cases and wordings that are needed."""

from collections.abc import Iterator

from harness.gate.planning import Plan
from harness.report.words import numbers as words
from harness.stats.power import MAX_CASES


def points(share: float) -> str:
    """``5 points``, ``0.5 points``."""
    shown = f"{100 * share:.3g}"
    return f"{shown} point{'' if shown == '1' else 's'}"


def assumptions(plan: Plan, source: str) -> str:
    """``A margin of 2 points, to be decided in 80% of runs. 2% of the cases flip with nothing
    changed (assumed).``"""
    assumed = plan.assumed
    answers = f", {assumed.repeats} answers to each case" if assumed.repeats > 1 else ""
    tasks = f", {assumed.tasks} tasks" if assumed.tasks > 1 else ""
    return (
        f"{_margin(plan)}, to be decided in {share(assumed.power)} of runs{tasks}{answers}. "
        f"{share(assumed.flips)} of the cases flip with nothing changed ({source})."
    )


def kept_heading(plan: Plan) -> str:
    """``Kept skills: a margin of 10 points.``, over the plan of those among other tasks."""
    return f"{_margin(plan)}."


def _margin(plan: Plan) -> str:
    margin = f"margin of {points(plan.policy.margin)}"
    return f"Kept skills: a {margin}" if plan.is_kept else f"A {margin}"


def needs(plan: Plan) -> Iterator[tuple[str, str]]:
    """The purpose, and the cases or wordings that it needs."""
    each = " in each task" if plan.assumed.tasks > 1 else ""
    yield "to pass an unchanged model", f"{_cases(plan.cases_to_pass)}{each}"
    if plan.drop is not None:
        within = plan.drop < plan.policy.margin
        needed = "none: it is within the margin" if within else _cases(plan.cases_to_see)
        yield f"to show a drop of {points(plan.drop)}", f"{needed}{'' if within else each}"
    yield (
        f"to bound new wordings at {points(plan.policy.wording_margin)}",
        f"{words.plural(plan.wordings, 'wording')}{each}, if none of them breaks",
    )


def share(value: float) -> str:
    """``2%``, ``2.33%``."""
    return f"{100 * value:.3g}%"


def chance(value: float) -> str:
    """A share of runs: a whole percentage, and 0% or 100% only where it is none or all."""
    if 0 < value < 0.005:
        return "<1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{100 * value:.0f}%"


def _cases(number: int | None) -> str:
    return f"more than {MAX_CASES:,} cases" if number is None else words.plural(number, "case")
