"""``--logprobs``: keeps each generated token's log-probability and its runner-up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.plugin.option_names import NamedOptions, option_of

if TYPE_CHECKING:
    from harness.core.record import ModelRecord, RunRecord
    from harness.plugin.session import HarnessSession


def add_options(group: NamedOptions) -> None:
    group.addoption(
        "--logprobs",
        action="store_true",
        help="keep each token's log-probability and runner-up, for the page and harness replay",
    )


def plugins(session: HarnessSession) -> Iterator[object]:
    """The line about missing log-probabilities, where they are asked for."""
    if option_of(session.config, "--logprobs"):
        yield MissingLogprobs()


class MissingLogprobs:
    """Says which models gave none."""

    def __init__(self) -> None:
        self.record: RunRecord | None = None

    def pytest_harness_run_finished(self, record: RunRecord) -> None:
        self.record = record

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from harness.core.printable import printable

        for line in _missing(self.record) if self.record else ():
            terminalreporter.write_line(printable(line))


def _missing(record: RunRecord) -> Iterator[str]:
    from harness.report.words.numbers import plural

    for model in record.models:
        answers = [s.completion for s in record.samples if s.model == model.ref]
        missing = sum(c.error is None and c.logprobs is None for c in answers)
        if missing:
            of = plural(len(answers), "answer")
            yield f"--logprobs: {missing:,} of {of} have none, {_reason(model)}"


def _reason(model: ModelRecord) -> str:
    if model.is_served:
        return f"{model.ref}: its server gives none that name a runner-up and join to the text"
    if model.kind == "record":
        return f"{model.ref}: the stored run has none"
    return f"{model.ref}: a logit was no number"
