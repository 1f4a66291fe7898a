"""Collects behaviors: test functions and subjects become items, and selected items a plan."""

from collections.abc import Sequence

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.printable import printable
from harness.plugin import parity, per_case, shards
from harness.plugin.items import (
    SUBJECT,
    base_name,
    is_behavior,
    needs_answers,
    needs_of,
    subject_of,
)
from harness.plugin.option_names import option_of
from harness.plugin.output import usage_error
from harness.plugin.progress import TerminalProgress
from harness.plugin.session import HarnessSession, session_of
from harness.run.plan import PlannedTest, RunPlan
from harness.run.selection import Subject
from harness.run.session import Run


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give a behavior one test for each subject that declares what it needs."""
    session = session_of(metafunc.config)
    _note(metafunc, session)
    needs = needs_of(metafunc.definition)
    subjects: Sequence[Subject] = [s for s in session.subjects if needs <= s.task.declares]
    subjects = parity.with_one_before(metafunc, subjects)
    subjects = per_case.with_cases(metafunc, subjects)
    # A behavior without a subject is removed after collection; pytest would show it as skipped.
    values: list[Subject | None] = [*subjects] or [None]
    ids = [s.label for s in subjects] or ["no-model" if session.no_model else "no-task"]
    metafunc.parametrize(SUBJECT, values, ids=ids, indirect=True)


def _note(metafunc: pytest.Metafunc, session: HarnessSession) -> None:
    """Refuse two behaviors of one name, since verdicts are stored by name."""
    name, file = base_name(metafunc.definition), str(metafunc.definition.path)
    known = session.behaviors.setdefault(name, file)
    if known != file:
        session.mistakes.append(f"{file}: the behavior {name!r} is also in {known}, rename one")


class Collection:
    """Reports mistakes, removes items that apply to no subject, and plans the rest."""

    def __init__(self, session: HarnessSession) -> None:
        self.session = session

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.session.mistakes:
            raise usage_error(map(self.session.named, self.session.mistakes))
        if self.session.no_model is not None:
            for item in filter(is_behavior, items):
                item.add_marker(pytest.mark.skip(reason=self.session.named(self.session.no_model)))
            return
        idle = [i for i in items if is_behavior(i) and subject_of(i) is None]
        if idle:
            self.session.config.hook.pytest_deselected(items=idle)
            items[:] = [i for i in items if not is_behavior(i) or subject_of(i) is not None]

    def pytest_report_collectionfinish(self) -> list[str]:
        """Say which kind a model has that was named by its path alone."""
        ours = self.session
        if ours.mistakes or ours.no_model is not None:
            return []
        options = ours.options
        named = options.choices.models or [model.ref for model in options.settings.models]
        return [
            printable(f"--model {text} is read as {ModelRef.parse(text)}")
            for text in named
            if ":" not in text
        ]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        ours = self.session
        if ours.mistakes or ours.no_model is not None:
            return  # pytest calls this even when it was stopped at the mistakes.
        tests = [
            PlannedTest(subject_of(item), is_timed="latency" in item.fixturenames)
            for item in session.items
            if isinstance(item, pytest.Function) and is_behavior(item) and needs_answers(item)
        ]
        plan = self._plan(tests)
        _deselect_others(session.items, plan)
        ours.store.run, ours.store.plan = plan.id, plan.fingerprint
        if ours.options.is_run_following and not option_of(ours.config, "--answers"):
            _require_decision(ours, plan)
        _require_packages(ours, plan)
        ours.store.measured = frozenset(
            subject_of(item).ref
            for item in session.items
            if is_behavior(item) and "memory" in getattr(item, "fixturenames", ())
        )
        ours.run = Run(
            plan,
            ours.host,
            TerminalProgress(ours.config),
            has_followups=ours.has_followups,
        )
        if (ray := ours.options.choices.engine.ray) is not None:
            ours.run.engine = {"engine": {"name": "ray", "workers": ray.workers}}

    def _plan(self, tests: Sequence[PlannedTest]) -> RunPlan:
        ours = self.session
        plan = RunPlan.of(tests, ours.start, option_of(ours.config, "--run-id"))
        try:
            return shards.divided(plan, ours)
        except HarnessError as error:
            raise usage_error(map(ours.named, error.mistakes)) from None


def _deselect_others(items: list[pytest.Item], plan: RunPlan) -> None:
    """Deselect the behaviors of which a shard answers no case."""
    if plan.shard is None:
        return
    asked = [r for own in plan.requests.values() for r in own]
    answered = {(r.task, case_id) for r in asked for case_id in (None, r.case_id)}
    kept: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        subject = subject_of(item) if is_behavior(item) else None
        is_kept = subject is None or (subject.task.name, subject.case_id) in answered
        (kept if is_kept else others).append(item)
    if others:
        items[0].config.hook.pytest_deselected(items=others)
        items[:] = kept


def _require_packages(session: HarnessSession, plan: RunPlan) -> None:
    """Refuse to begin where a model cannot be opened for want of packages, unless the store has
    answers of it, which need none."""
    if session.merged is not None:
        return
    lacking = [*session.store.lacking_packages(plan.requests, session.options.choices.engine)]
    if lacking:
        raise usage_error(map(session.named, lacking))


def _require_decision(session: HarnessSession, plan: RunPlan) -> None:
    """Refuse to mix answers of a served model silently, and to ask for them twice silently."""
    undecided = [
        f"an interrupted run left {count:,} of {len(plan.requests[ref]):,} answers of {ref}: "
        "--resume goes on with them if the server still has the same model, --fresh asks again"
        for ref, count in session.store.undecided(plan.requests)
    ]
    if undecided:
        raise usage_error(map(session.named, undecided))
