"""The values that the plugins of one pytest session share, found under one stash key.

They are made when the first behavior is collected: options and settings are read, the process of
the first model is started, and what was asked for is registered, each feature a plugin of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from harness import backends
from harness.core.errors import HarnessError
from harness.engine.host import ModelHost
from harness.plugin import SESSION, gate, generate
from harness.plugin.options import PluginOptions
from harness.records.runs import check_writable
from harness.run.plan import RunStart
from harness.run.selection import CaseSource, Subject, choose
from harness.run.settings import Settings, read_settings

if TYPE_CHECKING:
    from harness.run.session import Run


@dataclass
class HarnessSession:
    """One pytest session that has behaviors."""

    config: pytest.Config
    options: PluginOptions
    host: ModelHost
    mistakes: list[str]
    """Of the user, a line each: found while collecting, before any model is opened."""
    start: RunStart = field(default_factory=RunStart)
    subjects: Sequence[Subject] = ()
    """Every model on every one of its tasks."""
    case_source: CaseSource | None = None
    """Where the cases come from, if not from the tasks' folders."""
    has_followups: bool = False
    """True when models are asked more than their plan."""
    behaviors: dict[str, str] = field(default_factory=dict)
    """The file of each behavior that was collected, by name."""
    run: "Run | None" = None
    """Known when collection has ended."""

    @property
    def the_run(self) -> "Run":
        """The run, which is there whenever a test runs."""
        assert self.run is not None
        return self.run


def session_of(config: pytest.Config) -> HarnessSession:
    """The session's values, made when the first behavior is seen."""
    if SESSION not in config.stash:
        config.stash[SESSION] = _begin(config)
    return config.stash[SESSION]


def _begin(config: pytest.Config) -> HarnessSession:
    mistakes: list[str] = []
    options = PluginOptions.of(config, _settings(config, mistakes))
    session = HarnessSession(config, options, backends.host(options.engine), mistakes)
    config.add_cleanup(session.host.close)
    gate.register(session)
    generate.register(session)
    if not mistakes:
        _choose(session)
    # With --parity, models are first asked how they tokenize, each in a process of its own.
    if session.subjects and options.is_run_following and not config.getoption("--parity"):
        session.host.prewarm(session.subjects[0].ref)
    # While that process imports the model's libraries, this one imports the rest of the harness.
    from harness.plugin import behaviors, collection, parity, record

    for feature in (parity, record, behaviors, collection):
        feature.register(session)
    return session


def _settings(config: pytest.Config, mistakes: list[str]) -> Settings:
    try:
        return read_settings(config.rootpath)
    except HarnessError as error:
        mistakes += error.mistakes
        return Settings()


def _choose(session: HarnessSession) -> None:
    options = session.options
    try:
        check_writable(options.report_dir)
        session.subjects = choose(
            session.config.rootpath, options.settings, options.choices, session.case_source
        )
    except HarnessError as error:
        session.mistakes += error.mistakes
