"""Keeps an exchange: as a case of its task, or as a row to train on."""

from pathlib import Path

from harness.chat.exchange import Exchange, Reply
from harness.core.case import Case, Message
from harness.core.errors import HarnessError
from harness.core.plan import sha256_of
from harness.files.strict_json import NotJson, decode
from harness.tasks.case_file import append_line, case_of_text, json_line
from harness.tasks.kept import require_own
from harness.tasks.task import CASES_FILE, Task, load_task

ROWS_FILE = Path("chat-rows.jsonl")
TAG = "chat"


def save_case(exchange: Exchange, file: Path | None) -> tuple[Path, int, str]:
    """Add the question as a case; returns the file, the line and the case's id.

    Args:
        exchange: its first model's case is kept, with the reference where one was given.
        file: ``None``: the task's own cases.

    Raises:
        HarnessError: there is no task, the case cannot stand in it or is there already, or the file
            cannot be written.
    """
    task = exchange.task
    if task is None:
        raise HarnessError("a case belongs to a task: /task NAME before the question, or /save row")
    if file is None:
        require_own(task.path)
    target = file or task.path / CASES_FILE
    case = next(iter(exchange.replies.values())).case
    case_id = f"chat-{sha256_of(case.messages)[:10]}"
    if case_id in _ids_in(target, task):
        raise HarnessError(f"{target}: has this prompt already, as {case_id}")
    line = _case_line(case, case_id)
    case_of_text(line, task.file)
    return target, append_line(target.resolve(), line), case_id


def _case_line(case: Case, case_id: str) -> str:
    """The line: with the variables, or the messages where no prompt was filled."""
    values: dict[str, object] = {"id": case_id}
    if case.variables:
        values["variables"] = dict(case.variables)
    else:
        values["messages"] = [_message(m) for m in case.messages]
    if case.reference is not None:
        values["reference"] = case.reference
    return json_line({**values, "tags": [TAG]})


def _ids_in(file: Path, task: Task) -> set[str]:
    """The ids of the cases in a file, as it stands now.

    Raises:
        HarnessError: a line of it is no case.
    """
    if not file.exists():
        return set()
    if file.resolve() == (task.path / CASES_FILE).resolve():
        return {*load_task(task.path).cases_by_id}
    ids = set()
    for number, line in _lines(file):
        try:
            ids.add(case_of_text(line, task.file).id)
        except HarnessError as error:
            raise HarnessError(f"{file}:{number}: {error}") from None
    return ids


def save_row(reply: Reply, file: Path | None) -> tuple[Path, int]:
    """Add the conversation and its answer as a row to train on; returns the file and the line.

    Raises:
        HarnessError: there is no whole answer, or the file has other rows or cannot be written.
    """
    if not reply.answer.has_text:
        raise HarnessError("there is no whole answer to train on, /retry first")
    target = file or ROWS_FILE
    _require_same_shape(target)
    answer = Message("assistant", reply.answer.text)
    row = {"messages": [_message(m) for m in (*reply.case.messages, answer)]}
    return target, append_line(target.resolve(), json_line(row))


def _require_same_shape(file: Path) -> None:
    first = next(iter(_lines(file)), None) if file.exists() else None
    if first is None:
        return
    try:
        row = decode(first[1].encode())
    except NotJson as error:
        raise HarnessError(f"{file}:{first[0]}: is no JSON ({error}), name another file") from None
    if not isinstance(row, dict) or "messages" not in row or "completion" in row:
        raise HarnessError(f"{file}: its rows are no messages, name another file")


def _lines(file: Path) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HarnessError(f"{file}: cannot be read ({error})") from None
    return [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]


def _message(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.content}
