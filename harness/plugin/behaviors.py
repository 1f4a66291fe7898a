"""Runs behaviors: calls a test for each completion or once, judges it, prints its failure."""

import inspect
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from harness.core.case import Case
from harness.core.completion import Completion
from harness.core.measurement import Latency
from harness.core.record import BehaviorResult
from harness.core.verdict import Outcome, Verdict
from harness.plugin.evidence import ANSWERING
from harness.plugin.failure_text import BehaviorFailed, BehaviorText, RateMissed, Told, failed_case
from harness.plugin.items import (
    PER_COMPLETION,
    arguments_of,
    behavior_of,
    budget_of,
    is_behavior,
    subject_of,
)
from harness.plugin.properties import set_properties
from harness.plugin.run_behaviors import judge_run, skip_run
from harness.plugin.session import HarnessSession
from harness.run.behavior import Tally, judge_completion
from harness.run.selection import Subject
from harness.run.shards import DECIDED_LATER


class Behaviors:
    """Runs the tests that are behaviors; pytest runs the others."""

    def __init__(self, session: HarnessSession) -> None:
        self.session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        if not is_behavior(pyfuncitem):
            return None
        if inspect.iscoroutinefunction(pyfuncitem.obj):
            pytest.fail("a behavior is a plain function, write def without async", pytrace=False)
        arguments = arguments_of(pyfuncitem)
        if PER_COMPLETION & arguments.keys():
            self._judge_completions(pyfuncitem, arguments)
        else:
            self._judge_run(pyfuncitem, arguments)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        """Replace the traceback by the behavior's own text, and leave the time of the model's
        answers out of the test that happened to need them first."""
        report = yield
        if report.when == "setup":
            report.duration = max(0.0, report.duration - item.stash.get(ANSWERING, 0.0))
        error = call.excinfo.value if call.excinfo else None
        if is_behavior(item) and isinstance(error, BehaviorFailed) and report.failed:
            report.longrepr = BehaviorText(error, *report.location[:2])
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.session.host.close()

    def _judge_run(self, item: pytest.Function, arguments: Mapping[str, Any]) -> None:
        run = self.session.the_run

        def keep(result: BehaviorResult) -> None:
            set_properties(item, result)
            run.verdicts.measure(result)

        if run.plan.shard is not None:
            skip_run(item, keep, DECIDED_LATER)
        is_timed = any(isinstance(value, Latency) for value in arguments.values())
        judge_run(item, arguments, keep, run.load.result().note if is_timed else "")

    def _judge_completions(self, item: pytest.Function, arguments: Mapping[str, Any]) -> None:
        run, subject = self.session.the_run, subject_of(item)
        tally = run.verdicts.begin(subject, behavior_of(item), budget_of(item), item.nodeid)
        completions = run.completions(subject)
        if not completions:
            pytest.fail("there is no completion to judge", pytrace=False)
        judge = partial(judge_one, item, arguments, subject)
        for completion in completions:
            case = subject.task.case(completion.case_id)
            run.verdicts.add(tally, completion, judge(case, completion))
        result = tally.result()
        if subject.case_id is None:
            set_properties(item, result)
        if run.second is not None:
            for completion in run.second.to(subject):
                verdict = judge(subject.task.case(completion.case_id), completion)
                run.second.add(subject, tally.behavior, completion, verdict)
        if run.plan.shard is not None and subject.case_id is None and not result.errors:
            pytest.skip(DECIDED_LATER)
        if subject.case_id is None or len(completions) > 1:
            _require_rate(tally, result, judge, self.session.told)
        else:
            _require_pass(tally, *tally.judged[0])


def judge_one(
    item: pytest.Function,
    arguments: Mapping[str, Any],
    subject: Subject,
    case: Case,
    completion: Completion,
) -> Verdict:
    """The behavior's verdict on one completion, also of a case outside the task."""
    own: dict[str, object] = {"completion": completion, "case": case}
    if subject.task.cases_by_id.get(case.id) is not case:
        own["task"] = replace(subject.task, cases=(case,))
    values = {name: own.get(name, value) for name, value in arguments.items()}
    try:
        return judge_completion(partial(item.obj, **values), completion, pytest.skip.Exception)
    except Exception as error:
        error.add_note(f"while judging case {case.id} of {subject.ref}")
        raise


def _require_rate(
    tally: Tally,
    result: BehaviorResult,
    judge: Callable[[Case, Completion], Verdict],
    told: Told,
) -> None:
    """Raise BehaviorFailed where the budget is missed."""
    if result.met is None:
        pytest.skip("every completion was skipped")
    if not result.met:
        raise RateMissed(tally, judge, told)


def _require_pass(tally: Tally, completion: Completion, verdict: Verdict) -> None:
    """Raise BehaviorFailed where the answer to a single case does not pass."""
    if verdict.outcome is Outcome.SKIPPED:
        pytest.skip(verdict.reason)
    if verdict.outcome is not Outcome.PASSED:
        raise failed_case(tally, completion, verdict)
