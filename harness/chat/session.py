"""The conversation's loop: a line is a command or a question, whoever types it."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harness.chat import commands
from harness.chat.answering import ChatModel
from harness.chat.conversation import Conversation, Question
from harness.chat.exchange import Exchange, Reply, letter_of
from harness.chat.screen import ModelToAsk, PlainScreen, Screen
from harness.chat.typed import asked_for, variables_of
from harness.core.case import JsonValue
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.report.console.output import say
from harness.serve.batching import OnText

ReadLine = Callable[[str], str]
"""Reads a line after a prompt; raises EOFError at the end of input."""
GOES_ON = "\\"
"""A line that ends with it goes on in the next one, on a terminal."""


@dataclass
class Session:
    """A conversation with the models, and what was asked last."""

    models: Sequence[ChatModel]
    conversation: Conversation
    tasks_dir: Path
    screen: Screen = field(default_factory=PlainScreen)
    read_line: ReadLine | None = None
    """Asks for the variables of a prompt that were not typed; ``None``: nobody can be asked."""
    last: Exchange | None = None
    is_over: bool = False
    is_constrainable: bool = True
    """The models' answers are decoded here, so that a grammar can constrain them."""
    mistakes: int = 0
    """Lines that could not be obeyed."""

    def introduce(self) -> None:
        """Say what a line is."""
        task = self.conversation.task
        line = "each line goes on with the conversation"
        if task is not None and self.conversation.is_filled:
            line = f"each line is a prompt of its own, type {_typed_for(asked_for(task))}"
        judged = "no task, answers are not judged" if task is None else f"task {task.name}"
        self.screen.notes(f"{judged}: {line}", "/help shows the commands")
        if self.conversation.grammar is not None:
            self.screen.notes("answers keep to the task's JSON schema, /decode free lets them go")

    def take(self, line: str) -> None:
        """Obey a line; a mistake in it is said in one line."""
        try:
            if line.startswith("/") and not line.startswith("//"):
                commands.run(self, line)
            else:
                self._typed(line[1:] if line.startswith("//") else line)
        except HarnessError as error:
            self.mistakes += 1
            self.screen.mistakes(*(f"harness: {mistake}" for mistake in error.mistakes))

    def ask(self, question: Question) -> None:
        """Have every model answer, and show it."""
        task = self.conversation.task
        cases = {m.ref: self.conversation.case(m.ref, question) for m in self.models}
        found: dict[ModelRef, Reply] = {}

        def reply(model: ChatModel, on_text: OnText) -> Reply:
            case = cases[model.ref]
            request = self.conversation.request(case, question)
            found[model.ref] = Reply.of(request, case, model.ask(request, on_text), task)
            return found[model.ref]

        asking = [
            ModelToAsk(self._name(index), partial(reply, model))
            for index, model in enumerate(self.models)
        ]
        self.screen.answers(asking)
        self.last = Exchange(question, task, found)
        said = {ref: one.answer.said for ref, one in found.items()}
        self.conversation.keep(question, {ref: t for ref, t in said.items() if t is not None})

    def refer(self, exchange: Exchange, reference: JsonValue) -> None:
        """Judge the last replies again, with a reference."""
        assert exchange.task is not None
        replies = {
            ref: one.with_reference(reference, exchange.task)
            for ref, one in exchange.replies.items()
        }
        question = replace(exchange.question, reference=reference)
        self.last = Exchange(question, exchange.task, replies)
        for index, reply in enumerate(replies.values()):
            if name := self._name(index):
                say(name)
            self.screen.details(reply)

    def _typed(self, text: str) -> None:
        conversation = self.conversation
        if not conversation.is_filled:
            if text.strip():
                self.ask(conversation.question(text))
            return
        assert conversation.task is not None
        given = dict(variables_of(conversation.task, text))
        missing = [name for name in asked_for(conversation.task) if name not in given]
        if missing and self.read_line is None:
            if not text.strip():
                return
            raise HarnessError(f"the prompt asks for {missing[0]}, type {missing[0]}=... too")
        for name in missing:
            assert self.read_line is not None
            given[name] = self.read_line(f"{name}: ")
        if len(given) == 1 and not next(iter(given.values())).strip():
            return
        self.ask(conversation.question(text, given))

    def _name(self, index: int) -> str:
        """The heading of a model's answers; empty where there is only one."""
        if len(self.models) == 1:
            return ""
        return f"{letter_of(index)}  {self.models[index].ref}"


def _typed_for(names: Sequence[str]) -> str:
    """The words for a line that fills a prompt of these variables."""
    if not names:
        return "anything, it has no variables"
    return "the text" if len(names) == 1 else " ".join(f"{name}=..." for name in names)


def run_terminal(session: Session, read_line: ReadLine) -> None:
    """Take lines until ``/quit`` or the end of input. Ctrl-C drops the line that is being typed."""
    session.read_line = read_line
    while not session.is_over:
        task = session.conversation.task
        try:
            session.take(_whole_line(read_line, f"{task.name if task else ''}> "))
        except EOFError:
            say("")
            return
        except KeyboardInterrupt:
            say("")
            session.screen.notes("/quit or Ctrl-D ends")


def _whole_line(read_line: ReadLine, prompt: str) -> str:
    line = read_line(prompt)
    while line.endswith(GOES_ON):
        line = f"{line.removesuffix(GOES_ON)}\n{read_line('... ')}"
    return line


def run_script(session: Session, lines: Iterator[bytes]) -> None:
    """Take each line of a file or a pipe as a turn.

    Raises:
        KeyboardInterrupt: Ctrl-C, also where it stopped an answer.
    """
    for number, raw in enumerate(lines, 1):
        try:
            line = raw.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            session.mistakes += 1
            say(f"harness: line {number} of standard input is no UTF-8", err=True)
            continue
        session.take(line)
        if session.is_over:
            return
        if session.last is not None and session.last.is_stopped:
            raise KeyboardInterrupt


def read_from_terminal(prompt: str) -> str:
    """Read a typed line, with the keys and history of readline; pasted lines stay together."""
    with suppress(ImportError):  # Python may be built without it.
        import readline

        readline.parse_and_bind("set enable-bracketed-paste on")
    sys.stdout.flush()
    return input(prompt)
