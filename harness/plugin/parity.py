"""``--parity``: each model of a session held against the one before it, without answers."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Request, requests_for
from harness.core.printable import printable
from harness.engine.model import EngineSettings
from harness.parity.chain import compare_task
from harness.parity.pair import TaskParity
from harness.parity.probe import ProbeResult, ProbeTarget, probe
from harness.run.selection import Subject

_ANSWERS = frozenset({"completion", "completions", "case", "latency", "memory"})


def is_read_alone(item: pytest.Item) -> bool:
    """True for a test that asks how a model reads and for none of its answers."""
    names = {*getattr(item, "fixturenames", ())}
    return "parity" in names and not names & _ANSWERS


class SessionParity:
    """What the models of a session read, each opened once more when it is first asked."""

    def __init__(
        self, settings: EngineSettings, subjects: Sequence[Subject], *, is_asked: bool
    ) -> None:
        self.settings = settings
        self.subjects = subjects
        self.is_asked = is_asked
        self.asked: dict[ModelRef, ProbeResult | HarnessError] = {}
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.found: dict[tuple[str, ModelRef], TaskParity] = {}
        """By task and model."""

    def of_interest(self, subjects: Sequence[Subject]) -> list[Subject]:
        """Those of ``subjects`` that have a model before them; none where ``--parity`` is not
        given."""
        return [s for s in subjects if self.is_asked and self._before(s) is not None]

    def mistakes(self) -> list[str]:
        """What is wrong with asking for it, a line each."""
        if self.is_asked and len({s.ref for s in self.subjects}) == 1:
            return ["--parity: needs two models, name the one before with --model"]
        return []

    def of(self, subject: Subject) -> TaskParity:
        """How a subject's model reads beside the one before it; worked out once."""
        key = (subject.task.name, subject.ref)
        if key not in self.found:
            self.found[key] = self._compare(subject)
        return self.found[key]

    def _compare(self, subject: Subject) -> TaskParity:
        before = self._before(subject)
        assert before is not None, "subjects are of_interest"
        found = []
        for one in (before, subject):
            asked = self._ask(one.ref)
            if isinstance(asked, HarnessError):
                pytest.fail(f"{one.ref}: {asked}", pytrace=False)
            found.append(asked)
        requests = {r.key: r for r in _requests(subject)}
        return compare_task(before.ref, subject.ref, found[0], found[1], requests)

    def _before(self, subject: Subject) -> Subject | None:
        """The model before, in the order typed, on the same task."""
        of_task = [s for s in self.subjects if s.task is subject.task]
        place = next(i for i, s in enumerate(of_task) if s.ref == subject.ref)
        return of_task[place - 1] if place else None

    def _ask(self, ref: ModelRef) -> ProbeResult | HarnessError:
        if ref not in self.asked:
            self.folder = self.folder or tempfile.TemporaryDirectory()
            requests = [r for s in self.subjects if s.ref == ref for r in _requests(s)]
            place = Path(self.folder.name) / str(len(self.asked))
            try:
                self.asked[ref] = probe(ProbeTarget(ref, self.settings), requests, {}, place)
            except HarnessError as error:
                self.asked[ref] = error
        return self.asked[ref]

    def show(self, reporter: pytest.TerminalReporter) -> None:
        """What was found, passed or not: two lines for each pair and task."""
        from harness.report.words.parity import first_step, reading

        if self.found:
            reporter.section("parity", "-")
        for (task, _), found in self.found.items():
            reporter.write_line(printable(f"{found.before} -> {found.after}  {task}"), bold=True)
            reporter.write_line(printable(f"  prompts: {reading(found)[0]}"))
            reporter.write_line(printable(f"  first token: {first_step(found)[0]}"))

    def close(self) -> None:
        """Remove the logits."""
        if self.folder is not None:
            self.folder.cleanup()


def _requests(subject: Subject) -> tuple[Request, ...]:
    return requests_for(subject.task.name, subject.task.cases, subject.task.sampling)
