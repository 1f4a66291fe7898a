"""``harness chat``: a conversation with one or more models, judged as it goes."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli._folders import task_named, tasks_dir_option
from harness.cli._opening import opening_options, settings_of
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.chat.conversation import Conversation
    from harness.chat.session import Session
    from harness.core.modelref import ModelRef
    from harness.run.settings import Settings

MISTAKES = 2
"""Exit code of a script of which a line could not be obeyed."""
MOST_MODELS = 8


@click.command()
@click.option("--model", "one", metavar="KIND:LOCATION", multiple=True, help="The model.")
@click.option(
    "--models", "two", metavar="A B", nargs=2, help="Two models, whose answers stand side by side."
)
@click.option("--task", metavar="NAME", help="The task whose prompt is filled and that judges.")
@tasks_dir_option
@click.option("--system", metavar="TEXT", help="The system message, where no task brings one.")
@click.option(
    "--decode", type=click.Choice(["free", "constrained"]), default="free", show_default=True,
    help="constrained: answers keep to a grammar of the task's JSON schema.",
)  # fmt: skip
@opening_options
def command(**options: Any) -> None:
    """Talk with a model in the terminal; below each answer stand its verdicts and its speed.

    With --task a line fills the prompt of the task, and the answer is judged as the suites judge
    it. /help shows the commands; Ctrl-C stops an answer, Ctrl-D ends.

    Without a terminal each line of standard input is a turn. Exit code 2 when a line could not be
    obeyed.
    """
    from harness.chat.session import read_from_terminal, run_script, run_terminal
    from harness.report.console.output import say
    from harness.run.settings import project_settings

    if sys.stdin is None:
        raise HarnessError("standard input is closed, pipe lines into it")
    project = project_settings()
    session = _session(options, project)
    for model in session.models:
        say(f"  opening {model.ref}", err=True)
        model.start()
    for model in session.models:
        model.wait_until_open()
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            session.introduce()
            run_terminal(session, read_from_terminal)
        else:
            run_script(session, sys.stdin.buffer)
    finally:
        for model in session.models:
            model.close()
    if session.mistakes and session.read_line is None:
        raise SystemExit(MISTAKES)


def _session(options: Mapping[str, Any], project: "Settings") -> "Session":
    from harness import backends
    from harness.chat.answering import ChatModel
    from harness.chat.conversation import Conversation
    from harness.chat.screen import PlainScreen, TerminalScreen
    from harness.chat.session import Session

    refs = _refs([*options["one"], *(options["two"] or ())])
    folder, task = options["tasks_dir"] or Path(project.tasks_dir), None
    if options["task"]:
        task = task_named(options["task"], folder)
    settings = settings_of(options, project)
    for ref in refs:
        backends.preflight(ref, settings)
    models = [ChatModel(ref, backends.host(settings)) for ref in refs]
    conversation = Conversation(task, options["system"])
    if options["system"] and conversation.is_filled:
        raise HarnessError(f"--system: the task {options['task']} brings its own messages")
    is_constrainable = all(map(backends.is_decoded_here, refs))
    if options["decode"] == "constrained":
        _constrain(conversation, is_constrainable=is_constrainable)
    screen = TerminalScreen() if sys.stdout.isatty() else PlainScreen()
    return Session(models, conversation, folder, screen, is_constrainable=is_constrainable)


def _constrain(conversation: "Conversation", *, is_constrainable: bool) -> None:
    if not is_constrainable:
        raise HarnessError("--decode constrained: a model behind a server takes no grammar")
    try:
        conversation.constrain(True)
    except HarnessError as error:
        raise HarnessError(f"--decode constrained: {error}") from None


def _refs(texts: "list[str]") -> "list[ModelRef]":
    from harness.core.modelref import ModelRef

    refs = [ModelRef.parse(text) for text in texts]
    if not refs:
        raise click.UsageError("name a model: --model KIND:LOCATION, or two: --models A B")
    if len({*refs}) < len(refs) or len(refs) > MOST_MODELS:
        raise HarnessError(f"name each model once, at most {MOST_MODELS}")
    for ref in refs:
        if ref.kind == "record":
            raise HarnessError(
                f"--model {ref}: a stored run has no answers but those that it recorded, name the "
                "model itself"
            )
    return refs
