"""``pytest suites/ --baseline NAME``: gates the session's own run at its end.

The baseline is read before any model loads: a missing one is a usage error, never a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.plugin.distributed import is_worker
from harness.plugin.option_names import NamedOptions, option_of, refused_beside

if TYPE_CHECKING:
    from harness.core.record import RunRecord
    from harness.gate.compare import Side
    from harness.gate.decision import GateDecision
    from harness.gate.policy import GatePolicy
    from harness.plugin.session import HarnessSession
    from harness.run.named_baseline import NamedBaseline
    from harness.run.settings import Settings


def add_options(group: NamedOptions) -> None:
    add = group.addoption
    add("--baseline", metavar="NAME", help="and gate the run against this stored baseline")
    add("--no-ledger", action="store_true", help="keep the gate's decision out of the ledger")
    add("--margin", type=float, metavar="SHARE", help="the drop to accept: 0.02 is two points")
    add("--scope", choices=("these", "new"), help="pass on these wordings, or on new ones too")
    add("--confidence", type=float, metavar="SHARE", help="of the gate: at most the rest is wrong")
    add("--stop-early", action="store_true", help="ask in blocks, and stop once that is decided")


def plugins(session: HarnessSession) -> Iterator[object]:
    """The gate, where a baseline is named; a missing one becomes a usage error."""
    from harness.core.errors import HarnessError

    config = session.config
    if option_of(config, "--baseline") is None:
        if option_of(config, "--stop-early"):
            session.mistakes.append("--stop-early: name the baseline to decide against: --baseline")
        return
    drawn = dict.fromkeys(("--generate", "--generated"), "drawn cases are not a baseline's")
    if refused := [*refused_beside("--baseline", config, drawn)]:
        session.mistakes += refused
        return
    try:
        gate = Gate(session, *_asked(config, session.options.settings))
        yield gate
        if option_of(config, "--stop-early"):
            from harness.plugin.stop_early import plugins as stop_early

            yield from stop_early(session, gate)
    except HarnessError as error:
        session.mistakes += [f"--baseline: {mistake}" for mistake in error.mistakes]


def require_behaviors(config: pytest.Config) -> None:
    """Refuse to end as a pass where no behavior was collected.

    Raises:
        UsageError: there is a baseline, and nothing to compare with it.
    """
    if option_of(config, "--baseline") is not None and not is_worker(config):
        raise pytest.UsageError(
            "--baseline: no behavior was collected, so there is nothing to gate"
        )


class Gate:
    """Decides on every model of the session's run, and sets the exit status."""

    def __init__(
        self, session: HarnessSession, named: NamedBaseline, policy: GatePolicy, has_ledger: bool
    ) -> None:
        self.session = session
        self.named = named
        self.baseline = named.baseline
        session.baseline = named.baseline.name
        self.policy = policy
        self.has_ledger = has_ledger
        self.decisions: tuple[GateDecision, ...] = ()

    def pytest_harness_run_finished(self, record: RunRecord) -> None:
        from harness.gate.compare import Side
        from harness.gate.decision import decide

        decisions = [
            decide(self.before(model.ref), Side(record, model.ref), self.policy)
            for model in record.models
        ]
        self.decisions = tuple(
            self.named.completed(decision, has_ledger=self.has_ledger) for decision in decisions
        )
        self.session.decisions = self.decisions

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Set the gate's exit status where all tests passed."""
        from harness.gate.outcome import EXIT_CODES, GateOutcome

        is_collecting = session.config.getoption("collectonly")
        if not is_collecting and session.exitstatus == pytest.ExitCode.OK:
            outcomes = [decision.outcome for decision in self.decisions]
            session.exitstatus = EXIT_CODES[
                max(outcomes, key=lambda o: o.severity, default=GateOutcome.NOT_COMPARABLE)
            ]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the decisions after the table of behaviors; the session's end has the causes."""
        if terminalreporter.config.getoption("collectonly"):
            return
        terminalreporter.section(f"gate against {self.baseline.name}", "-")
        terminalreporter.write("".join(f"{line}\n" for line in self._lines()))

    def _lines(self) -> Iterator[str]:
        """Decisions, one model at a time."""
        from harness.report.console.decision import statistics
        from harness.report.words.decision import sentence
        from harness.report.words.escaping import log

        if not self.decisions:
            yield "NOT COMPARABLE: no model answered anything, so there is nothing to compare."
        for decision in self.decisions:
            if len(self.decisions) > 1:
                yield f"{log(decision.after.model)}:"
            yield log(sentence(decision))
            yield from statistics(decision)

    def before(self, ref: str) -> Side:
        """The baseline's model to compare with ``ref``: the same ref, or the only model.

        Where a baseline has several models but not this one, its side is empty and the gate
        refuses.
        """
        from harness.gate.compare import Side

        refs = [model.ref for model in self.baseline.record.models]
        return Side(self.baseline.record, refs[0] if len(refs) == 1 else ref)


def _asked(config: pytest.Config, settings: Settings) -> tuple[NamedBaseline, GatePolicy, bool]:
    """The baseline, the policy and the use of the ledger that options and settings name.

    Raises:
        HarnessError: there is no such baseline, or the policy does not fit.
    """
    from harness.run.named_baseline import NamedBaseline

    policy = _policy(config, settings)
    root = config.rootpath / settings.baselines_dir
    named = NamedBaseline.read(option_of(config, "--baseline"), root)
    return named, policy, not option_of(config, "--no-ledger")


def _policy(config: pytest.Config, settings: Settings) -> GatePolicy:
    from pydantic import ValidationError

    from harness.core.errors import HarnessError
    from harness.gate.policy import GatePolicy

    flags = ("margin", "scope", "confidence")
    given = {n: v for n in flags if (v := option_of(config, f"--{n}")) is not None}
    allow = settings.gate.allow
    if option_of(config, "--task") and "tasks" not in allow:
        given["allow"] = (*allow, "tasks")  # With --task, only the named tasks are compared.
    try:
        return GatePolicy.model_validate({**settings.gate.model_dump(exclude_unset=True), **given})
    except ValidationError as error:
        lines = [f"--{e['loc'][0]} {e['input']}: {e['msg']}" for e in error.errors()]
        raise HarnessError(*lines) from None
