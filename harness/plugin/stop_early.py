"""``--stop-early``: asks cases in blocks, and stops a model once its decision is sure.

After each block the collected behaviors judge the answers so far, as they judge all of them once
the model has stopped, and the gate decides at the levels of that look.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from harness.core.completion import Completion
from harness.core.modelref import ModelRef
from harness.core.plan import Request
from harness.core.record import EarlyStop
from harness.core.verdict import Verdict
from harness.gate.compare import Side
from harness.gate.looks import SHARES
from harness.gate.outcome import GateOutcome
from harness.gate.stopping import Stop, stop_of
from harness.plugin.behaviors import judge_one
from harness.plugin.gate import Gate
from harness.plugin.items import (
    PER_COMPLETION,
    base_name,
    behavior_of,
    is_behavior,
    names_of,
    subject_of,
)
from harness.plugin.option_names import option_of, refused_beside
from harness.plugin.output import usage_error
from harness.plugin.session import HarnessSession
from harness.run.blocks import in_blocks
from harness.run.selection import Subject
from harness.run.session import Run

_ARGUMENTS = frozenset({"completion", "case", "task", "model"})
"""Fixtures whose values are known while no test runs."""


def plugins(session: HarnessSession, gate: Gate) -> Iterator[object]:
    """The plugin; options that change what a case is asked are mistakes."""
    if option_of(session.config, "--repeats") > 1:
        session.mistakes.append(
            "--stop-early: looks at one answer to each case, leave out --repeats"
        )
    others = dict.fromkeys(("--per-case", "--parity"), "not all cases are asked")
    session.mistakes += refused_beside("--stop-early", session.config, others)
    yield StopEarly(session, gate)


class StopEarly:
    """Gives the run its blocks, and looks at the decision after each."""

    def __init__(self, session: HarnessSession, gate: Gate) -> None:
        self.session = session
        self.gate = gate
        self.behaviors: list[pytest.Function] = []
        """Those that judge single completions."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Have the run ask in blocks.

        Raises:
            UsageError: a behavior takes a fixture whose value is not known before it runs.
        """
        if self.session.run is None:
            return
        self.behaviors = [
            item
            for item in session.items
            if isinstance(item, pytest.Function)
            and is_behavior(item)
            and PER_COMPLETION & {*names_of(item)}
            and item.get_closest_marker("skip") is None
        ]
        if foreign := dict.fromkeys(map(_foreign, self.behaviors)).keys() - {""}:
            raise usage_error(map(self.session.named, sorted(foreign)))
        self.session.run.blocks = self.blocks

    def blocks(self, ref: ModelRef) -> Iterator[Sequence[Request]]:
        """The blocks of one model, up to the look that decides. Pinned cases are all asked, unless
        it is a regression already."""
        run = self.session.the_run
        requests = run.plan.requests[ref]
        found = EarlyStop(self.gate.baseline.name, total=len(requests), asked=0)
        judge, asked = Judge(self.behaviors, ref), []
        for block in in_blocks(requests, run.plan.tasks, SHARES):
            yield block
            if run.answers.models[ref].error:
                return
            asked += block
            found = replace(found, asked=len(asked), looks=(*found.looks, len(asked)))
            run.early_stops[ref] = found
            stop = self._look(ref, asked, judge) if found.is_stopped else None
            if stop is None:
                continue
            pinned = [] if stop.outcome is GateOutcome.REGRESSION else _pinned(run, ref)
            if pinned:
                yield pinned
            run.early_stops[ref] = replace(
                found,
                asked=len(asked) + len(pinned),
                outcome=stop.outcome.value,
                reason=stop.reason,
            )
            return

    def _look(self, ref: ModelRef, asked: Sequence[Request], judge: "Judge") -> Stop | None:
        run = self.session.the_run
        try:
            samples = tuple(
                run.plan.sample(ref, request, completion, judge.verdicts(request, completion))
                for request in asked
                for completion in run.answers.to(ref, [request])
            )
        except Exception:
            return None  # A mistake in a test, which is reported when the test itself runs.
        record = replace(run.outline(()), status="complete", samples=samples)
        before = self.gate.before(str(ref))
        policy = self.gate.named.with_noise(self.gate.policy, before.model)
        return stop_of(before, Side(record, str(ref)), policy)


class Judge:
    """Calls behaviors on a model's completions while no test runs, each once."""

    def __init__(self, behaviors: Sequence[pytest.Function], ref: ModelRef) -> None:
        self._behaviors = [item for item in behaviors if subject_of(item).ref == ref]
        self._found: dict[str, Mapping[str, Verdict]] = {}
        """Verdicts by behavior, by request key."""

    def verdicts(self, request: Request, completion: Completion) -> Mapping[str, Verdict]:
        """The verdict of each behavior of the request's task."""
        if request.key not in self._found:
            self._found[request.key] = {
                behavior_of(item): _verdict(item, completion)
                for item in self._behaviors
                if subject_of(item).task.name == request.task
            }
        return self._found[request.key]


def _verdict(item: pytest.Function, completion: Completion) -> Verdict:
    subject: Subject = subject_of(item)
    case = subject.task.case(completion.case_id)
    known = {
        "completion": completion,
        "case": case,
        "task": subject.task,
        "model": subject.ref,
        **item.callspec.params,
    }
    return judge_one(
        item, {name: known[name] for name in names_of(item)}, subject, case, completion
    )


def _foreign(item: pytest.Function) -> str:
    """The mistake of a behavior with a fixture whose value is not known; empty without one."""
    for name in names_of(item):
        if name not in _ARGUMENTS and name not in item.callspec.params:
            return (
                f"--stop-early: test_{base_name(item)} takes the fixture {name!r}, which has no "
                "value before the test runs: take it out, or leave out --stop-early"
            )
    return ""


def _pinned(run: Run, ref: ModelRef) -> list[Request]:
    """The requests of pinned cases that were not asked."""
    missing = run.answers.missing(ref, run.plan.requests[ref])
    return [r for r in missing if run.plan.tasks[r.task].case(r.case_id).must_pass]
