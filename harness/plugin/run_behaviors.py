"""Runs behaviors over a whole run, which compare measurements with budgets."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import isfinite, nan
from typing import Any, NoReturn

import pytest

from harness.core.judged import Judged
from harness.core.record import BehaviorResult
from harness.core.verdict import Outcome, Verdict
from harness.plugin.failure_text import failed_run
from harness.plugin.items import behavior_of, subject_of
from harness.run.behavior import plain_text, plain_verdict
from harness.run.selection import Subject


def judge_run(
    item: pytest.Function,
    arguments: Mapping[str, Any],
    keep: Callable[[BehaviorResult], None],
    note: str = "",
) -> None:
    """Call a behavior's test once, and pass its result to ``keep``, also where it fails.

    ``note`` is added to the reason of a failure.

    Raises:
        BehaviorFailed: the behavior does not hold.
    """
    subject = subject_of(item)
    measured, mistakes = _measurements(arguments)
    result = partial(
        BehaviorResult,
        str(subject.ref),
        subject.task.name,
        behavior_of(item),
        measured=measured,
        **_limit(subject, behavior_of(item), measured),
    )
    if mistakes:
        keep(result(errors=1, met=False, reason=mistakes[0]))
        pytest.fail("\n".join(mistakes), pytrace=False)
    try:
        item.obj(**arguments)
    except Judged as judged:
        verdict = plain_verdict(replace(judged.verdict, span=None), 0)
        if note:
            verdict = replace(verdict, reason=f"{verdict.reason}; {note}")
        keep(_not_passed(result, verdict))
        if verdict.outcome is Outcome.SKIPPED:
            pytest.skip(verdict.reason)
        raise failed_run(behavior_of(item), str(subject.ref), verdict) from None
    except AssertionError as error:
        keep(result(failed=1, met=False, reason=plain_text(str(error))))
        raise
    keep(result(passed=1, met=True))


def skip_run(
    item: pytest.Function, keep: Callable[[BehaviorResult], None], reason: str
) -> NoReturn:
    """Pass a result to ``keep`` that is not judged, and skip the test."""
    subject, behavior = subject_of(item), behavior_of(item)
    budget = subject.task.budgets.get(behavior)
    keep(
        BehaviorResult(
            str(subject.ref), subject.task.name, behavior, skipped=1, budget=budget, reason=reason
        )
    )
    pytest.skip(reason)


def _measurements(arguments: Mapping[str, Any]) -> tuple[dict[str, float], list[str]]:
    """What the arguments, the plugin's fixtures or a user's own, measured: the values by name, and
    a line for each that no record can hold."""
    measured: dict[str, float] = {}
    mistakes = []
    for evidence in arguments.values():
        found = getattr(evidence, "measured", None)
        for name, value in found.items() if isinstance(found, Mapping) else ():
            number = _finite(value)
            if number is None:
                mistakes.append(f"measured[{name!r:.80}]: {value!r:.80} is no finite number")
            else:
                measured[plain_text(name)] = number
    return measured, mistakes


def _finite(value: Any) -> float | None:
    """The number that a value is, numpy's included; ``None`` where a record cannot hold it."""
    try:
        number = float(value) if not isinstance(value, str | bytes) else nan
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _not_passed(result: Callable[..., BehaviorResult], verdict: Verdict) -> BehaviorResult:
    """The result of a behavior over a whole run, from a verdict that is not *passed*."""
    if verdict.outcome is Outcome.SKIPPED:
        return result(skipped=1, reason=verdict.reason)
    count = "errors" if verdict.outcome is Outcome.ERROR else "failed"
    codes = {verdict.code.value: 1} if verdict.code else {}
    return result(**{count: 1}, met=False, codes=codes, reason=verdict.reason)


def _limit(subject: Subject, behavior: str, measured: Mapping[str, float]) -> dict[str, Any]:
    """The budgets of what was measured, and the one that stands for all in a table, with the
    measured value that it limits: the p95 where that has one, else the first that has."""
    budgets = subject.task.budgets
    if behavior in budgets:
        return {"budget": budgets[behavior]}
    names = {n: f"latency_{n}" if f"latency_{n}" in budgets else n for n in measured}
    held = [n for n in names if names[n] in budgets]
    if not held:
        return {}
    limited = max(held, key=lambda n: "p95" in n)
    limits = {n: budgets[names[n]] for n in held}
    return {"budget": limits[limited], "limited": limited, "limits": limits}
