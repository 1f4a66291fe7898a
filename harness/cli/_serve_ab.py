"""``harness serve --ab``: two models that share the traffic, and the log of the experiment."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli._opening import settings_of
from harness.cli._paths import PathType
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.ab.experiment import Experiment
    from harness.serve.ab import AbServer
    from harness.serve.guard import Log

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT_NAME = "ab"
_OWN = {"split": None, "experiment": None, "log": None, "log_text": False, "log_required": False}
"""Options of an experiment alone, and their values where they are not given."""


def ab_options(command: Command) -> Command:
    """Add the options of an experiment."""
    options = (
        click.option("--ab", nargs=2, metavar="baseline=REF candidate=REF",
                     help="Serve two models that share the traffic."),
        click.option("--split", type=click.FloatRange(0, 100, min_open=True, max_open=True),
                     metavar="PERCENT",
                     help="Share of the keys that the candidate answers. [default: 50]"),
        click.option("--experiment", metavar="NAME",
                     help="Keys are drawn anew under another name. [default: ab]"),
        click.option("--log", type=PathType(path_type=Path, file_okay=False), metavar="DIR",
                     help="Where an experiment is logged, for harness gate --log."),
        click.option("--log-text", is_flag=True, help="Prompts and answers in that log too."),
        click.option("--log-required", is_flag=True,
                     help="Answer nothing while that log cannot be written."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def given_ab_options(options: Mapping[str, Any]) -> list[str]:
    """The options of an experiment that were given."""
    return [f"--{n.replace('_', '-')}" for n, default in _OWN.items() if options[n] != default]


def run_ab(options: Mapping[str, Any]) -> None:
    """Serve an experiment until a signal ends it.

    Raises:
        HarnessError: a model cannot be opened, or an option is wrong.
    """
    from harness import backends
    from harness.ab.experiment import ARMS, BASELINE
    from harness.ab.log_folder import LogFolder, LogSettings
    from harness.cli.serve import log, served_of, url_of, warn_if_open
    from harness.report.console.output import say
    from harness.run.settings import project_settings
    from harness.serve import server
    from harness.serve.ab import AbServer
    from harness.serve.app import Server

    if options["log"] is None:
        raise HarnessError("--ab: needs --log DIR, from which harness gate --log decides")
    project = project_settings()
    experiment = _experiment(options)
    settings = settings_of(options, project)
    for arm in ARMS:
        backends.preflight(experiment.ref(arm), settings)
    names = (experiment.baseline.name,)
    served = {
        arm: replace(served_of(options, project, experiment.ref(arm)), names=names) for arm in ARMS
    }
    arms = {arm: Server(served[arm], backends.host(settings), _named(arm)) for arm in ARMS}
    listening = server.bound(options["host"], options["port"])
    url = url_of(listening)
    kept = LogSettings(
        options["log"], has_texts=options["log_text"], is_required=options["log_required"]
    )
    folder = LogFolder(kept, log)
    try:
        serving = AbServer(experiment, arms, folder, log)
        warn_if_open(served[BASELINE], options["host"], url)
        opening = " and ".join(str(experiment.ref(arm)) for arm in ARMS)
        tasks = ", ".join(task.name for task in served[BASELINE].tasks) or "none"
        say(f"{url}/v1 opens {opening}; tasks: {tasks}", err=True)
        server.run(serving, listening, lambda: say(_ready(url, serving), err=True))
    finally:
        folder.close()


def _named(arm: str) -> "Log":
    """The server's log, with the arm in each entry."""
    from harness.cli.serve import log

    return lambda entry: log({**entry, "arm": arm})


def _experiment(options: Mapping[str, Any]) -> "Experiment":
    from harness.ab.experiment import Experiment, parse_arms

    arms = parse_arms(options["ab"])
    split = 50.0 if options["split"] is None else options["split"]
    return Experiment(options["experiment"] or DEFAULT_NAME, split=split, **arms)


def _ready(url: str, serving: "AbServer") -> str:
    """``http://127.0.0.1:8000/v1 serves a (baseline, 812 MB) and b (candidate, 815 MB, 50% of the
    keys); 3,214 MB of memory are left``."""
    from harness.ab.experiment import ARMS, CANDIDATE

    parts = []
    for arm in ARMS:
        model = serving.arms[arm].batching.model
        peak = model.peak_memory_mb if model else None
        memory = f", {peak:,.0f} MB" if peak is not None else ""
        share = f", {serving.experiment.split:g}% of the keys" if arm == CANDIDATE else ""
        parts.append(f"{serving.arms[arm].name} ({arm}{memory}{share})")
    known = [serving.arms[arm].batching.available_mb for arm in ARMS]
    left = [mb for mb in known if mb is not None]
    rest = f"; {min(left):,.0f} MB of memory are left" if left else ""
    return f"{url}/v1 serves {' and '.join(parts)}{rest}; log: {serving.log.settings.folder}"
