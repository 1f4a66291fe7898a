"""The lines that begin with a slash: each command is a function over the session."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.chat.conversation import Question
from harness.chat.exchange import Exchange
from harness.chat.saving import save_case, save_row
from harness.core.answer_formats import FORMATS_OF_TEXT
from harness.core.case import JsonValue
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.suggestion import did_you_mean
from harness.core.values import fields_of
from harness.files.strict_json import NotJson, decode
from harness.tasks.reference import reference_value, without_fence
from harness.tasks.task import Task, find_task

if TYPE_CHECKING:
    from harness.chat.session import Session

NO_TASK = "none"
FREE, CONSTRAINED = "free", "constrained"


def help_(session: "Session", rest: str) -> None:
    """Show the commands."""
    width = max(len(command.usage) for command in COMMANDS.values())
    session.screen.notes(*(f"{c.usage:<{width}}  {c.help}" for c in COMMANDS.values()))
    session.screen.notes("Ctrl-C stops an answer, Ctrl-D ends")
    session.screen.notes("// begins a line with one slash, \\ at its end goes on in the next")


def reset(session: "Session", rest: str) -> None:
    session.conversation.reset()
    session.screen.notes("the conversation begins anew")


def system(session: "Session", rest: str) -> None:
    conversation = session.conversation
    if conversation.is_filled and conversation.task:
        raise HarnessError(
            f"the task {conversation.task.name} brings its own messages, /task {NO_TASK} first"
        )
    conversation.system = rest or None
    session.screen.notes("system message set" if rest else "no system message")


def set_(session: "Session", rest: str) -> None:
    if rest:
        name, _, value = rest.replace("=", " ", 1).partition(" ")
        session.conversation.set(name, value.strip())
    values = fields_of(session.conversation.sampling)
    session.screen.notes(", ".join(f"{name} {value}" for name, value in values.items()))


def task(session: "Session", rest: str) -> None:
    if rest:
        found = None if rest == NO_TASK else find_task(session.tasks_dir, rest)
        try:
            session.conversation.use(found)
        except HarnessError as error:
            raise HarnessError(f"{error}, or /decode {FREE} first") from None
    session.introduce()


def decode_(session: "Session", rest: str) -> None:
    if rest not in ("", FREE, CONSTRAINED):
        raise HarnessError(f"expected {COMMANDS['decode'].usage}")
    if rest == CONSTRAINED and not session.is_constrainable:
        raise HarnessError("a model behind a server takes no grammar from here")
    if rest:
        session.conversation.constrain(rest == CONSTRAINED)
    is_free = session.conversation.grammar is None
    session.screen.notes(f"decoding: {FREE if is_free else CONSTRAINED}")


def retry(session: "Session", rest: str) -> None:
    last, conversation = _last(session), session.conversation
    for model in session.models:  # Another task may not take the question: nothing is lost then.
        conversation.case(model.ref, last.question)
    question = conversation.again(last.question)
    if conversation.sampling.temperature == 0 and _is_alike(session, last, question):
        session.screen.notes("greedy decoding: the answer is the same, /set temperature 0.7")
    session.ask(question)


def _is_alike(session: "Session", last: Exchange, question: Question) -> bool:
    """Every model is asked what it was asked last, in the same decoding."""
    asked = session.conversation
    return all(
        replace(asked.request(asked.case(ref, question), question), repeat=0)
        == replace(reply.request, repeat=0)
        for ref, reply in last.replies.items()
    )


def reference(session: "Session", rest: str) -> None:
    exchange = _last(session)
    if exchange.task is None:
        raise HarnessError("a reference is a task's: /task NAME before the question")
    answer = exchange.reply("A").answer
    if not rest and not answer.has_text:
        raise HarnessError("there is no whole answer to take, /reference JSON gives another")
    session.refer(exchange, _reference(exchange.task, rest, answer.text))


def _reference(task: Task, given: str, answer: str) -> JsonValue:
    """The value that a person gave, or the answer's."""
    output = task.output
    if output.format in FORMATS_OF_TEXT:
        return given or without_fence(output, answer)
    if given or output.format == "json":
        return _json(given or without_fence(output, answer))
    value = reference_value(output, answer)
    if value is None:
        form = output.format.upper()
        raise HarnessError(f"the answer is no {form}, so it is no reference: /reference JSON")
    return value


def _json(text: str) -> JsonValue:
    try:
        value: JsonValue = decode(text.encode("utf-8", "surrogatepass"))
    except NotJson as error:
        raise HarnessError(f"the reference is not valid JSON ({error}): /reference JSON") from None
    if value is None:
        raise HarnessError("null is no reference, /reference JSON")
    return value


def save(session: "Session", rest: str) -> None:
    exchange = _last(session)
    kind, *words = _words(rest) or [""]
    if kind == "case" and len(words) <= 1:
        _save_case(session, exchange, Path(words[0]) if words else None)
    elif kind == "row" and len(words) <= 2:
        _save_row(session, exchange, words)
    else:
        raise HarnessError(f"expected {COMMANDS['save'].usage}")


def _save_case(session: "Session", exchange: Exchange, file: Path | None) -> None:
    path, line, case_id = save_case(exchange, file)
    session.screen.notes(f"{path}:{line}: {case_id}")
    assert exchange.task is not None
    if exchange.question.reference is None and "reference" in exchange.task.declares:
        session.screen.notes("without a reference some behaviors skip it, /reference gives one")
    if file is None:
        task_name = exchange.task.name
        session.screen.notes(f"judge it: pytest suites/ --task {task_name} --case {case_id}")


def _save_row(session: "Session", exchange: Exchange, words: list[str]) -> None:
    letter = None
    if words and len(words[0]) == 1 and words[0].isalpha() and len(session.models) > 1:
        letter = words.pop(0)
    if len(words) > 1:
        raise HarnessError(f"expected {COMMANDS['save'].usage}")
    reply = exchange.reply(letter)
    path, line = save_row(reply, Path(words[0]) if words else None)
    faults = [f"fails {', '.join(reply.failed)}"] if reply.failed else []
    if reply.answer.completion.finish_reason is FinishReason.LENGTH:
        faults.append("was cut")
    although = f", although it {' and '.join(faults)}" if faults else ""
    session.screen.notes(f"{path}:{line}: kept as a row to train on{although}")


def quit_(session: "Session", rest: str) -> None:
    session.is_over = True


def _last(session: "Session") -> Exchange:
    if session.last is None:
        raise HarnessError("nothing was asked yet")
    return session.last


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError as error:
        raise HarnessError(f"{rest!r:.80}: {error}") from None


@dataclass(frozen=True, slots=True)
class Command:
    """A command as ``/help`` shows it."""

    usage: str
    help: str
    run: Callable[["Session", str], None]


COMMANDS: Mapping[str, Command] = {
    "help": Command("/help", "show this", help_),
    "reset": Command("/reset", "forget what was said", reset),
    "retry": Command("/retry", "ask the last question again", retry),
    "system": Command("/system TEXT", "set the system message", system),
    "set": Command("/set temperature 0.7", "change the decoding; without words, show it", set_),
    "decode": Command(
        f"/decode {FREE}|{CONSTRAINED}", "hold answers to the task's JSON schema, or not", decode_
    ),
    "task": Command(f"/task NAME|{NO_TASK}", "judge by another task, or by none", task),
    "reference": Command(
        "/reference [JSON]", "a perfect answer to the last question, else the one given", reference
    ),
    "save": Command(
        "/save case|row [A|B] [FILE]", "keep the last question or answer: judge or train", save
    ),
    "quit": Command("/quit", "end", quit_),
}


def run(session: "Session", line: str) -> None:
    """Run the command of a line.

    Raises:
        HarnessError: there is no such command, or it cannot be done.
    """
    name, _, rest = line[1:].partition(" ")
    if name not in COMMANDS:
        hint = did_you_mean(name, COMMANDS, "/help shows the commands")
        raise HarnessError(f"no command /{name}, {hint}")
    COMMANDS[name].run(session, rest.strip())
