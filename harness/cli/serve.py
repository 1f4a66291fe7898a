"""``harness serve``: a model behind HTTP, and its tasks' answers judged."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._folders import tasks_dir_option
from harness.cli._opening import opening_options, settings_of
from harness.cli._serve_ab import ab_options, given_ab_options, run_ab
from harness.core.errors import HarnessError
from harness.serve.limits import DEFAULTS

if TYPE_CHECKING:
    import socket

    from harness.core.modelref import ModelRef
    from harness.run.settings import Settings
    from harness.serve.app import ServerSettings
    from harness.tasks.task import Task

KEY = "HARNESS_SERVE_KEY"
"""Environment variable of the key that clients must send."""


@click.command()
@click.option("--model", metavar="KIND:LOCATION", help="The model to serve.")
@ab_options
@click.option(
    "--task", "tasks", metavar="NAME", multiple=True,
    help="Offer this task under /v1/tasks/NAME. Repeatable. [default: all of --tasks-dir]",
)  # fmt: skip
@tasks_dir_option
@click.option(
    "--policy", default="raw", show_default=True, metavar="raw|repair|retry:N|constrained",
    help="For a task's request that names none.",
)  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0 takes one that is free.",
)
@click.option("--queue", default=DEFAULTS.max_waiting, show_default=True, type=click.IntRange(1),
              help="Requests that may wait; more get 429.")  # fmt: skip
@click.option(
    "--max-tokens", default=DEFAULTS.max_tokens, show_default=True, type=click.IntRange(1),
    help="The most tokens that a request may ask for.",
)  # fmt: skip
@click.option(
    "--max-body-bytes",
    default=DEFAULTS.max_body_bytes,
    show_default=True,
    type=click.IntRange(1),
    help="Larger requests get 413.",
)
@click.option("--timeout", default=DEFAULTS.seconds, show_default=True, metavar="SECONDS",
              type=click.FloatRange(0, min_open=True), help="For a whole answer.")  # fmt: skip
@opening_options
@click.option("--log-prompts", is_flag=True, help="Log prompts and answers too.")
def command(**options: Any) -> None:
    """Serve a model over HTTP: OpenAI's protocol, and judged answers of tasks.

    HARNESS_SERVE_KEY is the key that clients must send; without it anybody who reaches the port may
    ask. SIGTERM and Ctrl-C end the server once it has answered what it began.
    """
    _require_packages()
    _require_one_kind(options)
    if options["ab"]:
        run_ab(options)
        return
    from harness import backends
    from harness.core.modelref import ModelRef
    from harness.report.console.output import say
    from harness.run.settings import project_settings
    from harness.serve import server
    from harness.serve.app import Server

    project = project_settings()
    settings = settings_of(options, project)
    ref = ModelRef.parse(options["model"])
    backends.preflight(ref, settings)
    served = served_of(options, project, ref)
    serving = Server(served, backends.host(settings), log)
    listening = server.bound(options["host"], options["port"])
    url = url_of(listening)
    warn_if_open(served, options["host"], url)
    tasks = ", ".join(serving.tasks) or "none"
    say(f"{url}/v1 opens {served.ref}; tasks: {tasks}", err=True)
    ready = f"{url}/v1 serves {serving.name}"
    server.run(serving, listening, lambda: say(ready, err=True))


def _require_packages() -> None:
    from harness.core.extras import require

    require("harness serve", "fastapi", "prometheus_client", "uvicorn")


def _require_one_kind(options: Mapping[str, Any]) -> None:
    """
    Raises:
        HarnessError: neither one model nor an experiment is named, or both are, or there is an
            option that the other has.
    """
    if bool(options["model"]) == bool(options["ab"]):
        raise HarnessError(
            "harness serve: name one model with --model, or two with "
            "--ab baseline=KIND:LOCATION candidate=KIND:LOCATION"
        )
    if options["model"] and (given := given_ab_options(options)):
        raise HarnessError(f"{given[0]} is of --ab, leave it out")


def warn_if_open(served: "ServerSettings", host: str, url: str) -> None:
    from harness.report.console.output import say
    from harness.serve.server import is_loopback

    if served.access.key is None and not is_loopback(host):
        say(f"harness: {url} is open to everybody who reaches it, set {KEY}", err=True)


def served_of(options: Mapping[str, Any], project: "Settings", ref: "ModelRef") -> "ServerSettings":
    """The model, its tasks and limits, as the options say."""
    from harness import backends
    from harness.serve.app import ServerSettings
    from harness.serve.guard import Access
    from harness.serve.limits import Limits
    from harness.serve.server import hosts_for
    from harness.serve.task_answers import Policy

    key = _key()
    return ServerSettings(
        ref=ref,
        tasks=_tasks(options["tasks_dir"], options["tasks"], project),
        limits=Limits(
            max_body_bytes=options["max_body_bytes"],
            max_tokens=options["max_tokens"],
            seconds=options["timeout"],
            max_waiting=options["queue"],
        ),
        access=Access(key, hosts_for(options["host"], key)),
        policy=Policy.parse(options["policy"]),
        is_constrainable=backends.is_decoded_here(ref),
        logs_prompts=options["log_prompts"],
    )


def _tasks(folder: Path | None, names: tuple[str, ...], project: "Settings") -> "tuple[Task, ...]":
    """The named tasks, else all that there are."""
    from harness.tasks.task import find_tasks

    there = folder or Path(project.tasks_dir)
    if folder is None and not names and not there.is_dir():
        return ()
    return find_tasks(there, names)


def _key() -> str | None:
    """The key that clients must send.

    Raises:
        HarnessError: it is one that no header can carry.
    """
    key = os.environ.get(KEY)
    if key is not None and (not key.isascii() or not key.isprintable() or key != key.strip()):
        raise HarnessError(f"{KEY} holds characters that no header carries, set another key")
    if key == "":
        raise HarnessError(f"{KEY} is empty, set a key or unset it")
    return key


def url_of(listening: "socket.socket") -> str:
    """The address that a socket listens on."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def log(entry: Mapping[str, Any]) -> None:
    """One line of JSON on standard output, unless that is closed: the server goes on."""
    from harness.report.console.output import OutputLost, flush, say_json

    with suppress(OutputLost):
        say_json(json.dumps(entry) + "\n")
        flush()
