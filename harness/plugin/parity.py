"""``--parity``: compares each model of a session with the one before it, without answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin import plugin_name
from harness.plugin.items import subject_of
from harness.plugin.option_names import NamedOptions, option_of

if TYPE_CHECKING:
    from harness.core.errors import HarnessError
    from harness.core.modelref import ModelRef
    from harness.core.plan import Request
    from harness.parity.pair import TaskParity
    from harness.parity.probe import ProbeResult
    from harness.plugin.session import HarnessSession
    from harness.run.selection import Subject


def add_options(group: NamedOptions) -> None:
    group.addoption(
        "--parity",
        action="store_true",
        help="and hold each --model against the one before it: the same tokens, the same logits",
    )


def plugins(session: HarnessSession) -> Iterator[object]:
    """The comparison, with ``--parity``; a single model is a mistake."""
    if option_of(session.config, "--parity"):
        if len({s.ref for s in session.subjects}) == 1:
            session.mistakes.append("--parity: needs two models, name the one before with --model")
        yield SessionParity(session)


def with_one_before(metafunc: pytest.Metafunc, subjects: Sequence[Subject]) -> Sequence[Subject]:
    """The subjects of a test. For a parity test, those with a model before them, or none without
    ``--parity``."""
    if "parity" not in metafunc.fixturenames:
        return subjects
    is_asked = option_of(metafunc.config, "--parity")
    return [s for s in subjects if is_asked and _before(s, subjects) is not None]


def parity_of(item: pytest.Item) -> TaskParity:
    """Parity of the test's model and the one before it: tokenization and first token."""
    plugin: Any = item.config.pluginmanager.get_plugin(plugin_name(SessionParity))
    found: TaskParity = plugin.of(subject_of(item))
    return found


class SessionParity:
    """Probes of the models of a session; each model is opened once for it, on first use."""

    def __init__(self, session: HarnessSession) -> None:
        self.session = session
        self.probed: dict[ModelRef, ProbeResult | HarnessError] = {}
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.found: dict[tuple[str, ModelRef], TaskParity] = {}
        """Results by task and model."""

    def of(self, subject: Subject) -> TaskParity:
        """Parity of the subject's model and the one before it; computed once."""
        from harness.plugin.progress import uncaptured

        key = (subject.task.name, subject.ref)
        if key not in self.found:
            with uncaptured(self.session.config):
                self.found[key] = self._compare(subject)
        return self.found[key]

    def pytest_sessionfinish(self) -> None:
        """Remove the logits."""
        if self.folder is not None:
            self.folder.cleanup()

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the results, passed or failed: two lines for each pair and task."""
        from harness.core.printable import printable
        from harness.report.words.parity import first_step, reading

        if self.found:
            terminalreporter.section("parity", "-")
        for (task, _), found in self.found.items():
            heading = f"{found.before} -> {found.after}  {task}"
            terminalreporter.write_line(printable(heading), bold=True)
            terminalreporter.write_line(printable(f"  prompts: {reading(found)[0]}"))
            terminalreporter.write_line(printable(f"  first token: {first_step(found)[0]}"))

    def _compare(self, subject: Subject) -> TaskParity:
        from harness.core.errors import HarnessError
        from harness.parity.chain import compare_task

        before = _before(subject, self.session.subjects)
        assert before is not None, "no other test asks for parity"
        results = []
        for one in (before, subject):
            result = self._probe(one.ref)
            if isinstance(result, HarnessError):
                pytest.fail(f"{one.ref}: {result}", pytrace=False)
            results.append(result)
        requests = {r.key: r for r in _requests(subject)}
        return compare_task(before.ref, subject.ref, results[0], results[1], requests)

    def _probe(self, ref: ModelRef) -> ProbeResult | HarnessError:
        from harness.core.errors import HarnessError
        from harness.parity.probe import ProbeTarget, probe

        if ref not in self.probed:
            self.folder = self.folder or tempfile.TemporaryDirectory()
            requests = [r for s in self.session.subjects if s.ref == ref for r in _requests(s)]
            target = ProbeTarget(ref, self.session.options.choices.engine)
            place = Path(self.folder.name) / str(len(self.probed))
            try:
                self.probed[ref] = probe(target, requests, {}, place)
            except HarnessError as error:
                self.probed[ref] = error
        return self.probed[ref]


def _before(subject: Subject, subjects: Sequence[Subject]) -> Subject | None:
    """The previous model on the command line, on the same task."""
    of_task = [s for s in subjects if s.task is subject.task]
    place = next(i for i, s in enumerate(of_task) if s.ref == subject.ref)
    return of_task[place - 1] if place else None


def _requests(subject: Subject) -> tuple[Request, ...]:
    return subject.task.requests()
