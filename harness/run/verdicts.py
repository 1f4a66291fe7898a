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
    """Everything that was judged in a run, in the order judged."""

    def __init__(self) -> None:
        self.judged: list[JudgedAnswer] = []
        self.budgets: dict[tuple[str, str, str], float] = {}
        """The least pass rate by model, task and behavior: of every behavior that was begun."""
        self.measured: list[BehaviorResult] = []
        """Results of behaviors over a whole run."""
        self.counterexamples: list[Counterexample] = []

    def begin(self, subject: Subject, behavior: str, budget: float | None) -> Tally:
        """The tally of one test, empty. The task's budget goes before the mark's ``budget``."""
        own = DEFAULT_BUDGET if budget is None else budget
        least = subject.task.budgets.get(behavior, own)
        tally = Tally(str(subject.ref), subject.task.name, behavior, least)
        self.budgets.setdefault((tally.model, tally.task, behavior), least)
        return tally

    def add(self, tally: Tally, completion: Completion, verdict: Verdict) -> None:
        """Keep the verdict of a tally's behavior on one completion."""
        tally.add(completion, verdict)
        self.judged.append(
            JudgedAnswer(tally.model, tally.task, tally.behavior, completion, verdict)
        )

    def tallies(self) -> Iterator[Tally]:
        """Each behavior of each model on each task over all of its tests, in the order begun."""
        tallies = {key: Tally(*key, budget) for key, budget in self.budgets.items()}
        for one in self.judged:
            tallies[one.model, one.task, one.behavior].add(one.completion, one.verdict)
        yield from tallies.values()

    def by_answer(self) -> Mapping[AnswerKey, Mapping[str, Verdict]]:
        """The verdicts on each answer that was judged, by behavior."""
        found: dict[AnswerKey, dict[str, Verdict]] = {}
        for one in self.judged:
            completion = one.completion
            key = (one.model, one.task, completion.case_id, completion.repeat)
            found.setdefault(key, {})[one.behavior] = one.verdict
        return found
