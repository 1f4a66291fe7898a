"""Verdicts of a run: one list, of which tallies and the verdicts on each answer are views."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.core.completion import Completion
from harness.core.record import BehaviorResult, Counterexample
from harness.core.verdict import Verdict
from harness.run.behavior import DEFAULT_BUDGET, Tally
from harness.run.selection import Subject

AnswerKey = tuple[str, str, str, int]
"""Model, task, case and repeat."""


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """One verdict of one behavior on one completion."""

    model: str
    task: str
    behavior: str
    completion: Completion
    verdict: Verdict


class Verdicts:
    """All verdicts of a run, in the order of judging."""

    def __init__(self) -> None:
        self.judged: list[JudgedAnswer] = []
        self.budgets: dict[tuple[str, str, str], float] = {}
        """Budget by model, task and behavior, for every behavior with a tally."""
        self.measured: list[BehaviorResult] = []
        """Results of behaviors over a whole run."""
        self.counterexamples: list[Counterexample] = []

    def begin(self, subject: Subject, behavior: str, budget: float | None) -> Tally:
        """An empty tally of one test. The task's budget takes precedence over the mark's."""
        own = DEFAULT_BUDGET if budget is None else budget
        least = subject.task.budgets.get(behavior, own)
        tally = Tally(str(subject.ref), subject.task.name, behavior, least)
        self.budgets.setdefault((tally.model, tally.task, behavior), least)
        return tally

    def add(self, tally: Tally, completion: Completion, verdict: Verdict) -> None:
        """Add the verdict of a tally's behavior on one completion."""
        tally.add(completion, verdict)
        self.judged.append(
            JudgedAnswer(tally.model, tally.task, tally.behavior, completion, verdict)
        )

    def tallies(self) -> Iterator[Tally]:
        """Results of each behavior, model and task over all tests, in the order of their start."""
        tallies = {key: Tally(*key, budget) for key, budget in self.budgets.items()}
        for one in self.judged:
            tallies[one.model, one.task, one.behavior].add(one.completion, one.verdict)
        yield from tallies.values()

    def by_answer(self) -> Mapping[AnswerKey, Mapping[str, Verdict]]:
        """Verdicts of each judged answer, by behavior."""
        found: dict[AnswerKey, dict[str, Verdict]] = {}
        for one in self.judged:
            completion = one.completion
            key = (one.model, one.task, completion.case_id, completion.repeat)
            found.setdefault(key, {})[one.behavior] = one.verdict
        return found
