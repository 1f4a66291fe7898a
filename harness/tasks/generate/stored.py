"""The drawn cases of a stored run, to be judged once more or to be kept.

Needs no Hypothesis and no strategy: a record holds what was drawn.
"""

from collections.abc import Iterator

from harness.core.case import Case
from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample
from harness.tasks.generate.drawing import GENERATED, with_cases
from harness.tasks.task import Task


def generated_samples(run: RunRecord) -> Iterator[Sample]:
    """One sample of each drawn case of each task, then those of its counterexamples."""
    samples = (s for s in run.samples if GENERATED in s.tags)
    smallest = (counterexample.sample for counterexample in run.counterexamples)
    seen: set[tuple[str, str]] = set()
    for sample in (*samples, *smallest):
        if (sample.task, sample.case_id) not in seen:
            seen.add((sample.task, sample.case_id))
            yield sample


def case_of_sample(sample: Sample) -> Case:
    """The case as it was asked then, whatever the task's prompt is today."""
    return Case(
        id=sample.case_id,
        messages=sample.messages,
        reference=sample.reference,
        tags=sample.tags,
        template=sample.template,
        variables=sample.variables,
        must_pass=sample.must_pass,
        weight=sample.weight,
        alternatives=sample.alternatives,
        declared=sample.declared,
        max_new_tokens=sample.max_new_tokens,
    )


class StoredCases:
    """Gives tasks the drawn cases of a run in the place of their own.

    Without ``chosen`` those are the drawn ones alone, so that the two runs may be compared; a
    counterexample is among them when it is chosen by its id.
    """

    has_none = "the run of --generated has no such drawn case of it"

    def __init__(self, run: RunRecord, chosen: tuple[str, ...] = ()) -> None:
        self.run = run
        self.chosen = chosen
        if not any(generated_samples(run)):
            raise HarnessError(
                f"--generated {run.id}: the run has no drawn case, name one made with --generate"
            )

    def cases_of(self, task: Task) -> Task | None:
        """The task with the run's cases; ``None`` where the run has none of the task."""
        drawn = {s.case_id for s in self.run.samples}
        cases = tuple(
            case_of_sample(s)
            for s in generated_samples(self.run)
            if s.task == task.name and s.case_id in ({*self.chosen} or drawn)
        )
        seeds = [t.generate_seed for t in self.run.tasks if t.name == task.name]
        return with_cases(task, cases, seeds[0]) if cases and seeds else None
