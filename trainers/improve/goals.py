"""The goals of an improvement: rates of behaviors, as a task's budgets name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.errors import HarnessError
from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.core.suggestion import did_you_mean
from harness.report.words.numbers import percent
from harness.tasks.judging import applying_checks
from harness.tasks.task import Task
from harness.tasks.task_file import limit_budgets


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A goal that a run misses."""

    behavior: str
    rate: float | None
    """``None`` where the run does not judge it."""
    goal: float

    def __str__(self) -> str:
        shown = "is not judged" if self.rate is None else percent(self.rate)
        return f"{self.behavior} {shown}, the goal is {percent(self.goal)}"


def goals_of(task: Task, typed: Sequence[str]) -> dict[str, float]:
    """Least rates by behavior: those typed as ``NAME=RATE``, else the task's budgets.

    Raises:
        HarnessError: one is no rate of a behavior that the task judges, or there is none.
    """
    known = {FORMAT_SUCCESS, *judged_behaviors(task), *task.budgets} - {*limit_budgets()}
    if typed:
        return dict(_goal(text, known) for text in typed)
    goals = {n: rate for n, rate in task.budgets.items() if n not in limit_budgets()}
    if not goals:
        raise HarnessError(f"{task.name}: has no budget of a behavior, say --until NAME=RATE")
    return goals


def _goal(text: str, known: set[str]) -> tuple[str, float]:
    name, _, typed = text.partition("=")
    if name not in known:
        hint = did_you_mean(name, sorted(known), f"there are {', '.join(sorted(known))}")
        raise HarnessError(f"--until {text}: the task does not judge {name!r}, {hint}")
    try:
        rate = float(typed)
    except ValueError:
        rate = -1.0
    if not 0 < rate <= 1:
        raise HarnessError(f"--until {text}: expected NAME=RATE, such as {name}=0.97")
    return name, rate


def judged_behaviors(task: Task) -> tuple[str, ...]:
    """The behaviors that the task's checks judge on an answer."""
    return tuple(applying_checks(task))


def shortfalls(record: RunRecord, task: str, goals: Mapping[str, float]) -> list[Shortfall]:
    """The goals that the run's only model misses, in their order."""
    rates = {r.behavior: r.rate for r in record.results if r.task == task}
    found = [Shortfall(name, rates.get(name), goal) for name, goal in goals.items()]
    return [goal for goal in found if goal.rate is None or goal.rate < goal.goal]
