"""``--plan-out FILE``: writes the requests of served models for a batch API, and asks nothing.

``--answers FILE`` reads what the batch answered: the models are then judged as if they were served.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.plugin.option_names import NamedOptions, option_of

if TYPE_CHECKING:
    from harness.plugin.session import HarnessSession

KIND = "endpoint"


def add_options(group: NamedOptions) -> None:
    group.addoption(
        "--plan-out",
        metavar="FILE",
        help="write the requests of endpoint: models as OpenAI Batch JSONL, and ask nothing",
    )
    group.addoption(
        "--answers",
        metavar="FILE",
        help="judge the answers in FILE, the output of a batch over the file of --plan-out",
    )


def plugins(session: HarnessSession) -> Iterator[object]:
    """The writer of the plan, where it is asked for; a model of another kind is a mistake."""
    refs = dict.fromkeys(s.ref for s in session.subjects)
    plan, answers = (option_of(session.config, name) for name in ("--plan-out", "--answers"))
    if plan and answers:
        session.mistakes.append(
            "--plan-out and --answers: give the one, run the batch, then the other"
        )
    elif plan and any(ref.kind != KIND for ref in refs):
        other = next(ref for ref in refs if ref.kind != KIND)
        session.mistakes.append(
            f"--plan-out: --model {other} is asked here, name a model as endpoint:#NAME"
        )
    elif answers and not any(ref.kind == KIND for ref in refs):
        session.mistakes.append("--answers: no --model is served, name it as endpoint:#NAME")
    elif plan:
        yield PlanOut(session, Path(plan))


class PlanOut:
    """Writes the plan in place of running the tests."""

    def __init__(self, session: HarnessSession, path: Path) -> None:
        self.session = session
        self.path = path
        self.lines = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from harness.core.errors import HarnessError
        from harness.files.atomic import write_whole
        from harness.files.refused import refusals
        from harness.plugin.output import usage_error
        from harness.run.batch_plan import batch_lines

        try:
            lines = [*batch_lines(self.session.the_run.plan)]
            with refusals(f"--plan-out {self.path}"):
                write_whole(self.path, lines)
        except HarnessError as error:
            raise usage_error(map(self.session.named, error.mistakes)) from None
        self.lines = len(lines)
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(
            f"plan: {self.lines} requests in {self.path}; judge what answers them with --answers"
        )
