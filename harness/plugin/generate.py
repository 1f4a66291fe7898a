"""What ``--generate`` and ``--generated`` do in a pytest session: other cases, and smaller ones."""

import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.plan import requests_for
from harness.core.printable import printable
from harness.core.record import Counterexample, RunRecord, Sample
from harness.files.paths import short_path
from harness.plugin.failure_text import example
from harness.records.runs import find_run, read_run
from harness.run.behavior import Tally
from harness.run.selection import CaseSource, Subject
from harness.run.session import Session
from harness.tasks.generate.drawing import Drawing, DrawnCase
from harness.tasks.generate.search import Judge, SmallestFailure, smallest, starting_point
from harness.tasks.generate.shrinking import Bounds
from harness.tasks.generate.stored import StoredCases

ALTERNATIVES = ("--limit", "--case", "--per-case")
"""Options that choose among a task's own cases."""
PLACES = ("--tasks-dir", "--report-dir")
REPEATED = (
    *PLACES,
    "--dtype",
    "--device",
    "--batch-tokens",
    "--threads",
    "--temperature",
    "--seed",
)
"""Options that the command of a counterexample repeats."""


class GeneratedCases:
    """The cases of a session that are not its tasks' own; without the options there are none."""

    def __init__(self, config: pytest.Config, report_dir: Path) -> None:
        self.config = config
        self.report_dir = report_dir
        self.drawing: Drawing | None = None

    def source(self) -> CaseSource | None:
        """Where the cases come from; ``None`` for the tasks' own.

        Raises:
            HarnessError: options that do not go together, or there is no such run.
        """
        option = self.config.getoption
        count, run = option("--generate"), option("--generated")
        if count is not None and run is not None:
            raise HarnessError("--generate draws cases, --generated takes drawn ones: keep one")
        if run is not None:
            return StoredCases(_read(run, self.report_dir), tuple(option("--case")))
        if count is None:
            return None
        if option("--repeats") > 1:
            raise HarnessError(f"--generate {count} asks each drawn case once, leave out --repeats")
        for name in ALTERNATIVES:
            if option(name):
                raise HarnessError(f"--generate {count} draws its own cases, leave out {name}")
        self.drawing = Drawing(count, option("--generate-seed"))
        return self.drawing

    def group_by_model(self, items: list[pytest.Item]) -> None:
        """Put the behaviors of one model beside each other: at most one model is in memory, and
        each is asked more. Tests that are no behavior keep their places."""
        subjects = {i: subject for i, item in enumerate(items) if (subject := _subject_of(item))}
        refs = list(dict.fromkeys(subject.ref for subject in subjects.values()))
        order = sorted(subjects, key=lambda i: refs.index(subjects[i].ref))
        for place, item in zip(subjects, [items[i] for i in order], strict=True):
            items[place] = item

    def smallest_failing(
        self, item: pytest.Function, session: Session, subject: Subject, tally: Tally, judge: Judge
    ) -> str:
        """The smallest prompt that fails as the drawn ones did, told to a person; it is kept in
        the session. Nothing where no case was drawn or none failed."""
        if self.drawing is None:
            return ""
        start = starting_point(tally.judged, partial(self._drawn, subject.task.name))
        if start is None:
            return ""
        requests = self.config.getoption("--shrink-requests")
        # A sampled answer may fail by chance: of a smaller prompt it would say nothing.
        bounds = Bounds(requests=0 if subject.task.sampling.temperature else requests)
        source = self.drawing.sources[subject.task.name]
        found = smallest(source, start, partial(session.ask, subject), judge, bounds)
        counterexample = Counterexample(
            tally.behavior,
            _sample(subject, tally.behavior, found),
            drawn_from=start[0].case.id,
            steps=found.steps,
            requests=found.requests,
            is_bounded=found.is_bounded,
        )
        session.counterexamples.append(counterexample)
        commands = self._commands(item, session.run_id, counterexample.sample)
        return "\n".join(_told(counterexample, commands))

    def _drawn(self, task: str, case_id: str) -> DrawnCase:
        assert self.drawing is not None
        return self.drawing.drawn[task, case_id]

    def _commands(self, item: pytest.Function, run: str, sample: Sample) -> tuple[str, str]:
        """What judges the case again, and what keeps it."""
        test = f"{short_path(item.path)}::{item.originalname or item.name}"
        chosen = ["--task", sample.task, "--generated", run, "--case", sample.case_id]
        again = ["pytest", test, "--model", sample.model, *chosen, *self._given(REPEATED)]
        keep = ["harness", "task", "promote", run, sample.case_id, *self._given(PLACES)]
        return shlex.join(again), shlex.join(keep)

    def _given(self, names: Sequence[str]) -> list[str]:
        given = [(name, self.config.getoption(name)) for name in names]
        return [text for name, value in given if value is not None for text in (name, str(value))]


def _subject_of(item: pytest.Item) -> Subject | None:
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((value for value in values if isinstance(value, Subject)), None)


def _read(run: str, report_dir: Path) -> RunRecord:
    try:
        return read_run(find_run(run, report_dir))
    except HarnessError as error:
        raise HarnessError(f"--generated: {error}") from None


def _sample(subject: Subject, behavior: str, found: SmallestFailure) -> Sample:
    task, case = subject.task, found.case
    (request,) = requests_for(task.name, [case], task.sampling)
    verdicts = {behavior: found.verdict}
    return Sample.of(str(subject.ref), request, case, found.completion, verdicts, is_drawn=True)


def _told(counterexample: Counterexample, commands: tuple[str, str]) -> Iterator[str]:
    sample = counterexample.sample
    yield ""
    yield f"  the smallest failing prompt, {_effort(counterexample)}:"
    for message in sample.messages:
        lines = printable(message.content, one_line=False).split("\n")
        yield f"    {message.role}: {lines[0]}"
        yield from (f"      {line}" for line in lines[1:])
    verdict = sample.verdicts[counterexample.behavior]
    yield from (f"  {line}" for line in example(sample.completion, verdict))
    yield f"  judge it again: {commands[0]}"
    yield f"  keep it as a case: {commands[1]}"


def _effort(counterexample: Counterexample) -> str:
    """Where the prompt comes from, and what finding it took."""
    origin, steps = counterexample.drawn_from, counterexample.steps
    is_drawn = counterexample.sample.case_id == origin
    if not steps:
        return f"as it was drawn ({origin}); no smaller one was asked about"
    effort = f"{steps} step{'s'[: steps - 1]}, {counterexample.requests} prompts"
    effort += ", then stopped: there may be a smaller one" if counterexample.is_bounded else ""
    return f"as it was drawn ({effort})" if is_drawn else f"made of {origin} ({effort})"
