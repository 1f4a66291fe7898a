"""What the plugin's hooks do once a behavior was collected: pytest's items to our session."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.measurement import Latency, Memory
from harness.core.record import FORMAT_SUCCESS, RunRecord
from harness.core.verdict import Outcome, Verdict
from harness.engine.process import Generation
from harness.files.paths import short_path
from harness.parity.pair import TaskParity
from harness.plugin.failure_text import BehaviorFailed, BehaviorText, failed_case, failed_rate
from harness.plugin.items import (
    SUBJECT,
    base_name,
    behavior_of,
    budget_of,
    is_behavior,
    needs_of,
    subject_of,
)
from harness.plugin.options import Asked
from harness.plugin.parity import SessionParity, is_read_alone
from harness.plugin.run_behaviors import judge_run
from harness.records.attempts import with_attempts
from harness.records.journal import Journal, check_space
from harness.records.runs import record_file, write_run
from harness.run.behavior import Tally, judge_completion
from harness.run.preflight import Held, hold, with_warnings
from harness.run.progress import TerminalProgress
from harness.run.recording import outline, record
from harness.run.selection import Subject
from harness.run.session import Session, Wanted

PER_COMPLETION = frozenset({"completion", "case"})
"""Arguments that make a test be called once for each completion."""


class PytestSession:
    """Our side of one pytest session that has behaviors."""

    def __init__(
        self,
        config: pytest.Config,
        command: Sequence[str],
        asked: Asked,
        prepared: Generation | None = None,
    ) -> None:
        self.config = config
        self.command = command
        self.mistakes = asked.mistakes
        self.subjects = asked.subjects
        self.report_dir = asked.report_dir
        self.generated = asked.generated
        self.gate = asked.gate
        self.behaviors: dict[str, str] = {}
        """The file of each behavior, by name."""
        self.selected: list[pytest.Function] = []
        self.finished = 0
        self.record: RunRecord | None = None
        self.folder: Path | None = None
        self.session = Session(
            asked.engine,
            TerminalProgress(config),
            asks_more=self.generated is not None,
            prepared=prepared,
        )
        self.parity = SessionParity(
            asked.engine, self.subjects, is_asked=config.getoption("--parity")
        )
        self.held = self._held()
        self.mistakes += self.parity.mistakes()

    def _held(self) -> Held:
        """What the files of the models say, where it is known which they are."""
        try:
            return hold(tuple(dict.fromkeys(s.ref for s in self.subjects)))
        except HarnessError as error:
            self.mistakes.append(str(error))
            return Held()

    # Collection

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Give a behavior one test for each subject that declares what it needs."""
        self._note(metafunc)
        needs = needs_of(metafunc.definition)
        subjects = [s for s in self.subjects if needs <= s.task.declares]
        if "parity" in metafunc.fixturenames:
            subjects = self.parity.of_interest(subjects)
        if self.config.getoption("--per-case") and PER_COMPLETION & {*metafunc.fixturenames}:
            subjects = [Subject(s.ref, s.task, c.id) for s in subjects for c in s.task.cases]
        # A behavior that applies to nothing is taken out in `check_collection`: pytest itself
        # would show it as skipped.
        values: list[Subject | None] = [*subjects] or [None]
        ids = [s.label for s in subjects] or ["no-task"]
        metafunc.parametrize(SUBJECT, values, ids=ids, indirect=True)

    def _note(self, metafunc: pytest.Metafunc) -> None:
        """One name is one behavior: verdicts are kept by it."""
        name = base_name(metafunc.definition)
        file = str(metafunc.definition.path)
        if self.behaviors.setdefault(name, file) != file:
            self.mistakes.append(
                f"{file}: the behavior {name!r} is also in {self.behaviors[name]}, rename one"
            )

    def check_collection(self, items: list[pytest.Item]) -> None:
        """Stop at mistakes, before any model loads; forget behaviors that apply to nothing."""
        if self.mistakes:
            raise pytest.UsageError("\n".join(self.mistakes).replace("\n", "\nERROR: "))
        idle = [i for i in items if is_behavior(i) and subject_of(i) is None]
        if idle:
            self.config.hook.pytest_deselected(items=idle)
            items[:] = [i for i in items if not is_behavior(i) or subject_of(i) is not None]
        if self.generated is not None:
            self.generated.group_by_model(items)

    def plan(self, items: Sequence[pytest.Item]) -> None:
        """Know every request of the run, from what is left after deselection."""
        if self.mistakes:
            return  # pytest calls this even when `check_collection` has stopped it.
        self.selected = [i for i in items if isinstance(i, pytest.Function) and is_behavior(i)]
        self.session.plan(
            Wanted(subject_of(item), is_timed="latency" in item.fixturenames)
            for item in self.selected
            if not is_read_alone(item)
        )
        self._keep_answers()

    def _keep_answers(self) -> None:
        """See that there is room for a record, and keep what models answer as it comes."""
        every = [r for plan in self.session.plans.values() for r in plan.requests]
        try:
            check_space(self.report_dir, every)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from None
        folder = self.report_dir / self.session.run_id
        self.session.journal = Journal(folder, partial(outline, self.session, self.command))

    # Running

    def answer_for(self, item: pytest.Item, subject: Subject) -> None:
        """Have the model answer, unless the test only asks how it reads."""
        if not is_read_alone(item):
            self.answer(subject)

    def answer(self, subject: Subject) -> None:
        """Have the model of a subject answer its plan, once; without it the test cannot run."""
        with self._uncaptured():
            answers = self.session.answers_of(subject.ref)
        if answers.model.error:
            pytest.fail(f"{subject.ref}: {answers.model.error}", pytrace=False)

    def _uncaptured(self) -> AbstractContextManager[None]:
        """While models are at work, their bar is drawn where the user sees it."""
        capture = self.config.pluginmanager.getplugin("capturemanager")
        found: AbstractContextManager[None] = capture.global_and_fixture_disabled()
        return found

    def completions(self, subject: Subject) -> tuple[Completion, ...]:
        return tuple(self.session.completions(subject))

    def latency(self, subject: Subject) -> Latency:
        self._measurable(subject)
        with self._uncaptured():
            measured = self.session.latency(subject)
        if measured is None:
            pytest.fail("no timed request was answered", pytrace=False)
        return measured

    def beside(self, subject: Subject) -> TaskParity:
        """How a subject's model reads beside the model before it."""
        with self._uncaptured():
            return self.parity.of(subject)

    def memory(self, subject: Subject) -> Memory:
        self._measurable(subject)
        with self._uncaptured():
            measured = self.session.memory(subject)
        if measured is None:
            pytest.fail("the backend's process ended before it was measured", pytrace=False)
        return measured

    def _measurable(self, subject: Subject) -> None:
        if not self.session.answers_of(subject.ref).model.is_measurable:
            pytest.skip("a replayed run cannot be measured")

    def run(self, item: pytest.Function) -> None:
        """Call a behavior's test: once for each completion, or once for the run."""
        arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
        if PER_COMPLETION & arguments.keys():
            self._judge_completions(item, arguments)
        else:
            judge_run(item, arguments, self.session.measure)

    def _judge_completions(self, item: pytest.Function, arguments: Mapping[str, Any]) -> None:
        subject = subject_of(item)
        tally = self.session.tally(subject, behavior_of(item), budget_of(item))
        completions = self.session.completions(subject)
        if not completions:
            pytest.fail("there is no completion to judge", pytrace=False)
        judge = partial(_judge_one, item, arguments, subject)
        for completion in completions:
            case = subject.task.case(completion.case_id)
            self.session.judge(tally, completion, judge(case, completion))
        if subject.case_id is None:
            _hold_rate(tally, partial(self._smallest_failing, item, tally, judge))
        else:
            _hold_case(tally, len(completions))

    def _smallest_failing(
        self, item: pytest.Function, tally: Tally, judge: Callable[[Case, Completion], Verdict]
    ) -> str:
        """Of drawn cases: the smallest prompt that fails as they did, told to a person."""
        if self.generated is None:
            return ""
        with self._uncaptured():
            return self.generated.smallest_failing(
                item, self.session, subject_of(item), tally, judge
            )

    # Reporting

    def render_failure(self, item: pytest.Item, call: pytest.CallInfo[None], report: Any) -> None:
        """Put our own text in the place of a traceback through our own files."""
        if not is_behavior(item):
            return
        if call.when == "teardown":
            self.finished += 1
        if call.excinfo and isinstance(call.excinfo.value, BehaviorFailed) and report.failed:
            report.longrepr = BehaviorText(call.excinfo.value, *report.location[:2])

    def finish(self, session: pytest.Session) -> None:
        """Write the record of whatever was answered; a missed composite fails the session."""
        self.session.close()
        if self.session.journal is not None:
            self.session.journal.close()
        self.parity.close()
        if self.session.answers:
            self._record(session)
        if self.gate is not None:
            self.gate.finish(session, self.record)

    def _record(self, session: pytest.Session) -> None:
        is_whole = self.finished == len(self.selected) and not self.session.is_cut
        made = record(self.session, "complete" if is_whole else "partial", self.command)
        self.record = with_attempts(with_warnings(made, self.held.warnings), self.report_dir)
        try:
            self.folder = write_run(self.record, self.report_dir)
        except OSError as error:
            raise pytest.UsageError(self._unwritten(error)) from None
        missed = [r for r in self.record.results if r.behavior == FORMAT_SUCCESS and r.met is False]
        if missed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _unwritten(self, error: OSError) -> str:
        """What to do when the record could not be written."""
        run = self.session.run_id
        kept = record_file(self.report_dir / run).is_file()
        said = f"--report-dir {self.report_dir}: {error.strerror}"
        if not kept:
            return said
        return f"{said}; the answers so far are kept: judge them with --model record:{run}"

    def summarize(self, reporter: pytest.TerminalReporter) -> None:
        """The table at the end of the session, parity, and what the gate decided."""
        if self.record is not None and not self.config.getoption("no_summary"):
            self._show(self.record, reporter)
        self.parity.show(reporter)
        if self.gate is not None:
            self.gate.show(reporter)

    def _show(self, record: RunRecord, reporter: pytest.TerminalReporter) -> None:
        from harness.report.terminal import Summary, as_text

        reporter.section("behaviors", "-")
        if not self.config.getoption("--model"):
            refs = ", ".join(str(ref) for ref in self.session.answers)
            reporter.write_line(f"No --model: the models of [tool.harness] were run: {refs}")
        width, color = reporter._tw.fullwidth, reporter.hasmarkup
        reporter.write(as_text(Summary(record), width=width, color=color))
        if self.folder is not None:
            reporter.write_line(f"record: {short_path(self.folder)}")


def _judge_one(
    item: pytest.Function,
    arguments: Mapping[str, Any],
    subject: Subject,
    case: Case,
    completion: Completion,
) -> Verdict:
    """What the behavior says of one completion, which may be of a case beside the task's own."""
    own: dict[str, object] = {"completion": completion, "case": case}
    if subject.task.cases_by_id.get(case.id) is not case:
        own["task"] = replace(subject.task, cases=(case,))
    values = {name: own.get(name, value) for name, value in arguments.items()}
    try:
        return judge_completion(partial(item.obj, **values), completion, pytest.skip.Exception)
    except Exception as error:
        error.add_note(f"while judging case {case.id} of {subject.ref}")
        raise


def _hold_rate(tally: Tally, more: Callable[[], str]) -> None:
    """Raise when the budget is missed, saying what ``more`` there is to say then."""
    result = tally.result()
    if result.met is None:
        pytest.skip("every completion was skipped")
    if not result.met:
        raise failed_rate(tally, more())


def _hold_case(tally: Tally, answers: int) -> None:
    """Raise when one case does not pass; of several answers to it, when their rate is too low."""
    if answers > 1:
        own = replace(tally, judged=tally.judged[-answers:])
        _hold_rate(own, lambda: "")
        return
    completion, verdict = tally.judged[-1]
    if verdict.outcome is Outcome.SKIPPED:
        pytest.skip(verdict.reason)
    if verdict.outcome is not Outcome.PASSED:
        raise failed_case(tally, completion, verdict)
