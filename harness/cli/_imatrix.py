"""The data of ``--imatrix``: an importance matrix, or the conversations to collect one from."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.core.case import Message, Role
    from harness.export.gguf.imatrix import Calibration
    from harness.tasks.task import Task

ANSWERS = ("completion", "response", "answer", "chosen", "output")
"""Keys under which a row of prompts may have its answer."""
MAX_BYTES = 1 << 30


def importance_of(data: str, tasks_dir: Path | None, most: int) -> "Path | Calibration":
    """The file or the conversations that ``data`` names.

    Args:
        data: a matrix's file, a ``.jsonl``, a task's folder or its name.
        most: conversations that are taken, spread over all.

    Raises:
        HarnessError: there is no such data, or a row is none.
    """
    from harness.export.gguf.imatrix import Calibration
    from harness.export.gguf.imatrix_file import is_matrix

    path = Path(data)
    if path.is_file() and path.suffix != ".jsonl":
        if is_matrix(path):
            return path
        from harness.core.errors import HarnessError

        raise HarnessError(f"--imatrix {data}: is neither a .jsonl nor an importance matrix")
    if path.is_file():
        return Calibration(path.name, _spread(_rows(path), most), {})
    task = _task(path, data, tasks_dir)
    return Calibration(task.name, _spread([c.messages for c in task.cases], most), task.template)


def _task(path: Path, data: str, tasks_dir: Path | None) -> "Task":
    from harness.cli._folders import task_named
    from harness.core.errors import HarnessError
    from harness.tasks.task import TASK_FILE, load_task

    if (path / TASK_FILE).is_file():
        return load_task(path)
    if path.suffix or "/" in data:
        raise HarnessError(f"--imatrix {data}: is no file and no task's folder")
    try:
        return task_named(data, tasks_dir)
    except HarnessError as error:
        raise HarnessError(*(_as_imatrix(m, data) for m in error.mistakes)) from None


def _as_imatrix(mistake: str, data: str) -> str:
    """A mistake of ``--task``, or of its folder, as one of ``--imatrix``."""
    if mistake.startswith("--task "):
        return mistake.replace("--task", "--imatrix", 1)
    return f"--imatrix {data}: is no file, and as a task: {mistake}"


def _spread(rows: Sequence[tuple["Message", ...]], most: int) -> tuple[tuple["Message", ...], ...]:
    """At most so many rows, at equal distances."""
    if len(rows) <= most:
        return tuple(rows)
    return tuple(rows[number * len(rows) // most] for number in range(most))


def _rows(path: Path) -> list[tuple["Message", ...]]:
    from harness.core.errors import HarnessError
    from harness.files.regular import read_regular
    from harness.files.strict_json import NotJson, decode

    rows = []
    for number, line in enumerate(read_regular(path, MAX_BYTES).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(_conversation(decode(line)))
        except NotJson:
            raise HarnessError(f"--imatrix {path}:{number}: is no JSON") from None
        except (KeyError, TypeError, ValueError):
            raise HarnessError(
                f"--imatrix {path}:{number}: has neither messages of role and content nor a prompt"
            ) from None
    if not rows:
        raise HarnessError(f"--imatrix {path}: holds no row")
    return rows


def _conversation(row: Any) -> tuple["Message", ...]:
    """The row's prompt, and its answer where it has one; each is text or messages."""
    if "messages" in row:
        messages = _messages(row["messages"], "user")
    else:
        answer: Any = next((row[name] for name in ANSWERS if name in row), [])
        messages = (*_messages(row["prompt"], "user"), *_messages(answer, "assistant"))
    if not messages:
        raise ValueError
    return messages


def _messages(part: Any, role: "Role") -> tuple["Message", ...]:
    from harness.core.case import Message

    listed: Any = [{"role": role, "content": part}] if isinstance(part, str) else part
    messages = tuple(Message(m["role"], m["content"]) for m in listed)
    known = ("system", "user", "assistant")
    if not all(m.role in known and isinstance(m.content, str) for m in messages):
        raise ValueError
    return messages
