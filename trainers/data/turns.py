"""Makes each answer of a conversation a row of its own, with all before it as the prompt.

So every answer is learned after exactly the tokens that the harness would ask for it with, also
where a chat template writes earlier answers otherwise than the last.
"""

from collections.abc import Iterator, Sequence

from harness.checks.tools.call import Wanted
from harness.core.errors import HarnessError
from trainers.data.calls import require_sound
from trainers.data.rows import TrainingRow
from trainers.data.tool_turns import calls_of


def every_answer(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """The rows, each preceded by rows of the earlier answers of its conversation."""
    return [row for own in rows for row in (*_earlier(own), own)]


def _earlier(row: TrainingRow) -> Iterator[TrainingRow]:
    """An answer without words and calls, to another answer or to nothing teaches nothing.

    Raises:
        HarnessError: calls are of no tool of the row, or do not fit its schema.
    """
    if isinstance(row.prompt, str):
        return
    for index, message in enumerate(row.prompt):
        before, calls = row.prompt[:index], calls_of(message)
        is_answer = message.role == "assistant" and bool(message.content or calls)
        if is_answer and before and before[-1].role != "assistant":
            where = f"{row.where}, message {index + 1}"
            if calls:
                _require_sound(calls, row.tools, where)
            yield TrainingRow(before, message.content, where, row.tools, calls)


def _require_sound(calls: Sequence[Wanted], tools: str, where: str) -> None:
    try:
        require_sound(calls, tools, where)
    except ValueError as mistake:
        raise HarnessError(
            f"{mistake}; to have it in a prompt and not learned, data.train_on: last_answer"
        ) from None
