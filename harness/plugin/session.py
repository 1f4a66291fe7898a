"""The values that the plugins of one pytest session share, under one stash key.

They are created when the first behavior is collected: options and settings are read, the process of
the first model is started, and the plugin of each requested feature is registered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.core.errors import HarnessError
from harness.engine.host import ModelHost
from harness.files.cache_folder import cache_folder
from harness.files.refused import refusals
from harness.plugin import SESSION, gate, generate, logprobs, plugin_name, ray_engine, shards
from harness.plugin.option_names import OPTIONS, TakenNames, option_of
from harness.plugin.options import PluginOptions
from harness.records.runs import check_new_id, check_writable
from harness.run.plan import RunStart
from harness.run.selection import NO_MODEL, CaseSource, Subject, choose
from harness.run.settings import Settings, read_settings
from harness.run.stored_model import SessionStore, host

if TYPE_CHECKING:
    from harness.gate.decision import GateDecision
    from harness.plugin.failure_text import Told
    from harness.run.merging import MergedShards
    from harness.run.session import Run


@dataclass
class HarnessSession:
    """Shared values of a pytest session with behaviors."""

    config: pytest.Config
    options: PluginOptions
    host: ModelHost
    store: SessionStore
    mistakes: list[str]
    """Mistakes of the user, one line each, found while collecting."""
    merged: "MergedShards | None" = None
    """The shards whose answers are judged in place of those of models."""
    start: RunStart = field(default_factory=RunStart)
    subjects: Sequence[Subject] = ()
    """Every model on each of its tasks."""
    case_source: CaseSource | None = None
    """Source of the cases, where they do not come from the tasks' folders."""
    has_followups: bool = False
    """Models get requests beyond their plan."""
    baseline: str = ""
    """The name of the baseline that the run is gated against."""
    decisions: "Sequence[GateDecision]" = ()
    """The gate's, one for each model, once the run is finished."""
    told: "Told" = field(default_factory=dict)
    """Causes of failures that the texts of failed behaviors have told."""
    behaviors: dict[str, str] = field(default_factory=dict)
    """File of each collected behavior, by name."""
    no_model: str | None = None
    """Why the behaviors are skipped, in a session of other tests that names no model."""
    run: "Run | None" = None
    """The plan, set when collection has ended."""

    def named(self, text: str) -> str:
        """A text for the user, with the names that the options have in this session."""
        return self.config.stash[OPTIONS].named(text)

    @property
    def the_run(self) -> "Run":
        """The run, which exists whenever a test runs."""
        assert self.run is not None
        return self.run


def session_of(config: pytest.Config) -> HarnessSession:
    """The session's values, created when the first behavior is collected."""
    if SESSION not in config.stash:
        config.stash[SESSION] = _begin(config)
    return config.stash[SESSION]


def _begin(config: pytest.Config) -> HarnessSession:
    mistakes: list[str] = []
    options = PluginOptions.of(config, _settings(config, mistakes))
    store = _store(config, options.settings)
    merged = shards.merged(config, options.report_dir, mistakes)
    if merged is not None:
        store = SessionStore(None)
    models = merged.host() if merged else host(options.choices.engine, store)
    session = HarnessSession(config, options, models, store, mistakes, merged)
    if store.is_fresh and store.is_resuming:
        mistakes.append("--fresh generates every answer, --resume takes some: keep one")
    config.add_cleanup(store.close)
    config.add_cleanup(session.host.close)
    mistakes += ray_engine.mistakes(config)
    asked = [*gate.plugins(session), *generate.plugins(session), *shards.plugins(session)]
    if not mistakes:
        _choose(session)
    # With --parity, models are first probed, each in its own process.
    if session.subjects and options.is_run_following and not option_of(config, "--parity"):
        session.host.prewarm(session.subjects[0].ref)
    # That process imports the model's libraries while this one imports the rest of the harness.
    from harness.plugin import ab_noise, conclusion, output, parity, plan_out, record
    from harness.plugin.behaviors import Behaviors
    from harness.plugin.collection import Collection

    output.register(config)
    if taken := config.stash[OPTIONS].taken:
        config.pluginmanager.register(TakenNames(taken), plugin_name(TakenNames))
    # The parts of the terminal's summary come in this order, after those of other plugins.
    asked = [*record.plugins(session), *parity.plugins(session), *plan_out.plugins(session), *asked]
    asked += [*ab_noise.plugins(session), *logprobs.plugins(session)]
    asked += conclusion.plugins(session)
    for plugin in (*asked, Behaviors(session), Collection(session)):
        config.pluginmanager.register(plugin, plugin_name(type(plugin)))
    return session


def _store(config: pytest.Config, settings: Settings) -> SessionStore:
    folder = cache_folder(settings.store)
    if folder is not None:
        folder = config.rootpath / folder
    option = partial(option_of, config)
    return SessionStore(folder, is_fresh=option("--fresh"), is_resuming=option("--resume"))


def _settings(config: pytest.Config, mistakes: list[str]) -> Settings:
    try:
        return read_settings(config.rootpath)
    except HarnessError as error:
        mistakes += error.mistakes
        return Settings()


def _choose(session: HarnessSession) -> None:
    options = session.options
    choices = options.choices
    if session.merged is not None:
        choices = replace(choices, answered=session.merged.models)
    elif not choices.models and not options.settings.models and not _must_run(session):
        session.no_model = NO_MODEL
        return
    try:
        with refusals():
            check_writable(options.report_dir)
            if (run_id := option_of(session.config, "--run-id")) is not None:
                check_new_id(run_id, options.report_dir)
            session.subjects = choose(
                session.config.rootpath, options.settings, choices, session.case_source
            )
    except HarnessError as error:
        session.mistakes += error.mistakes


def _must_run(session: HarnessSession) -> bool:
    """True where the command line asks for behaviors: a gate, or a path inside the project. Without
    one a project's own tests are asked for, or are only listed."""
    config = session.config
    if not session.options.is_run_following:
        return False
    whole = {config.rootpath, config.invocation_params.dir}
    is_path = config.args_source is pytest.Config.ArgsSource.ARGS
    named = [Path(argument.partition("::")[0]).absolute() for argument in config.args if is_path]
    return option_of(config, "--baseline") is not None or not whole.issuperset(named)
