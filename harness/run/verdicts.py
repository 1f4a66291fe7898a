"""Verdicts of a run: one list, of which tallies and the verdicts on each answer are views."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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
    test: str = ""
    """Id of the test that judged it."""


class Verdicts:
    """All verdicts of a run, in the order of judging."""

    def __init__(self) -> None:
        self.judged: list[JudgedAnswer] = []
        self.begun: dict[tuple[str, str, str], Tally] = {}
        """The first tally by model, task and behavior."""
        self.measured: list[BehaviorResult] = []
        """Results of behaviors over a whole run."""
        self._tests: set[str] = set()
        self.counterexamples: list[Counterexample] = []

    def begin(self, subject: Subject, behavior: str, budget: float | None, test: str = "") -> Tally:
        """An empty tally of one test, by whose id its earlier verdicts are dropped where it runs
        again. The task's budget takes precedence over the mark's."""
        if test in self._tests:
            self.judged = [one for one in self.judged if one.test != test]
        elif test:
            self._tests.add(test)
        own = DEFAULT_BUDGET if budget is None else budget
        least = subject.task.budgets.get(behavior, own)
        task = subject.task
        tally = Tally(
            str(subject.ref), task.name, behavior, least, task.templates, task.weights, test=test
        )
        self.begun.setdefault((tally.model, tally.task, behavior), tally)
        return tally

    def add(self, tally: Tally, completion: Completion, verdict: Verdict) -> None:
        """Add the verdict of a tally's behavior on one completion."""
        tally.add(completion, verdict)
        named = (tally.model, tally.task, tally.behavior)
        self.judged.append(JudgedAnswer(*named, completion, verdict, tally.test))

    def measure(self, result: BehaviorResult) -> None:
        """Add the result of a behavior over a whole run, in place of that of an earlier run of its
        test."""
        named = (result.model, result.task, result.behavior)
        kept = [m for m in self.measured if (m.model, m.task, m.behavior) != named]
        self.measured = [*kept, result]

    def tallies(self) -> Iterator[Tally]:
        """Results of each behavior, model and task over all tests, in the order of their start."""
        tallies = {key: replace(tally, judged=[]) for key, tally in self.begun.items()}
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
