"""``pytest suites/ --baseline NAME``: a session's own run, gated when it ends.

Read before any model loads: a baseline that is not there is a usage error, never a pass.
"""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from harness.core.errors import HarnessError
from harness.core.record import RunRecord
from harness.gate.compare import Side
from harness.gate.decision import EXIT_CODES, GateDecision, GateOutcome, decide
from harness.gate.policy import GatePolicy
from harness.records.baselines import Baseline, find_baseline, read_baseline
from harness.run.settings import Settings


class SessionGate:
    """The baseline of a session, its policy, and what was decided of each model."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Read what the options name.

        Raises:
            HarnessError: there is no such baseline, or the policy does not fit.
        """
        name = config.getoption("--baseline")
        self.policy = _policy(config, settings)
        root = config.rootpath / settings.baselines_dir
        self.baseline: Baseline = read_baseline(find_baseline(name, root))
        self.decisions: tuple[GateDecision, ...] = ()

    def finish(self, session: pytest.Session, record: RunRecord | None) -> None:
        """Decide about every model of the session's run, and set how the session ends."""
        if session.config.option.collectonly:
            return
        if record is not None:
            self._judge(record)
        session.exitstatus = self.exit_status(int(session.exitstatus))

    def show(self, reporter: pytest.TerminalReporter) -> None:
        """Say what was decided, after the table of behaviors."""
        if reporter.config.option.collectonly:
            return
        reporter.section(f"gate against {self.baseline.name}", "-")
        reporter.write("".join(f"{line}\n" for line in self.lines()))

    def _judge(self, record: RunRecord) -> None:
        self.decisions = tuple(
            decide(self._before(model.ref), Side(record, model.ref), self.policy)
            for model in record.models
        )

    def exit_status(self, found: int) -> int:
        """The session's exit status: the gate's where the suites themselves found nothing."""
        if found != pytest.ExitCode.OK:
            return found
        worst = [o for o in GateOutcome if o in {d.outcome for d in self.decisions}]
        return EXIT_CODES[worst[-1] if worst else GateOutcome.NOT_COMPARABLE]

    def lines(self) -> Iterator[str]:
        """What was decided, model by model."""
        from harness.report.console.decision import text
        from harness.report.words.escaping import log

        if not self.decisions:
            yield "NOT COMPARABLE: no model answered anything, so there is nothing to compare."
        for decision in self.decisions:
            if len(self.decisions) > 1:
                yield f"{log(decision.after.model)}:"
            yield from text(decision)

    def _before(self, model: str) -> Side:
        """The baseline's side: the model of the same ref, or the only one that it holds.

        A baseline of several models says nothing of one that it does not hold: the side is then
        empty, and the gate refuses.
        """
        record = self.baseline.record
        refs = [m.ref for m in record.models]
        return Side(record, refs[0] if len(refs) == 1 else model)


def open_gate(config: pytest.Config, settings: Settings, mistakes: list[str]) -> SessionGate | None:
    """The session's gate, or why there can be none, a line each, in ``mistakes``."""
    if config.getoption("--generate") is not None or config.getoption("--generated") is not None:
        mistakes.append("--baseline: drawn cases are not those of a baseline, leave it out")
        return None
    try:
        return SessionGate(config, settings)
    except HarnessError as error:
        mistakes += [f"--baseline: {line}" for line in str(error).splitlines()]
        return None


def _policy(config: pytest.Config, settings: Settings) -> GatePolicy:
    given = {
        n: v for n in ("margin", "confidence") if (v := config.getoption(f"--{n}")) is not None
    }
    allow = settings.gate.allow
    if config.getoption("--task") and "tasks" not in allow:
        given["allow"] = (*allow, "tasks")  # Only the named tasks were meant to run.
    try:
        return GatePolicy.model_validate({**settings.gate.model_dump(), **given})
    except ValidationError as error:
        lines = [f"--{e['loc'][0]} {e['input']}: {e['msg']}" for e in error.errors()]
        raise HarnessError("\n".join(lines)) from None
