"""Makes each answer of a conversation a row of its own, with all before it as the prompt.

So every answer is learned after exactly the tokens that the harness would ask for it with, also
where a chat template writes earlier answers otherwise than the last.
"""

from collections.abc import Iterator, Sequence

from trainers.data.rows import TrainingRow


def every_answer(rows: Sequence[TrainingRow]) -> list[TrainingRow]:
    """The rows, each preceded by rows of the earlier answers of its conversation."""
    return [row for own in rows for row in (*_earlier(own), own)]


def _earlier(row: TrainingRow) -> Iterator[TrainingRow]:
    """An answer without words, to another answer or to nothing teaches nothing."""
    if isinstance(row.prompt, str):
        return
    for index, message in enumerate(row.prompt):
        before = row.prompt[:index]
        is_answer = message.role == "assistant" and bool(message.content)
        if is_answer and before and before[-1].role != "assistant":
            where = f"{row.where}, message {index + 1}"
            yield TrainingRow(before, message.content, where, row.tools)
