"""The texts and the plain value of a row, of examples and preferences alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.core.case import Message
from trainers.data.pairs import PreferenceRow
from trainers.data.rows import TrainingRow

Row = TrainingRow | PreferenceRow


def user_text(prompt: tuple[Message, ...] | str) -> str:
    """Text of all user messages, as ``Case.prompt`` has it; of a plain prompt, all of it."""
    if isinstance(prompt, str):
        return prompt
    return "\n".join(message.content for message in prompt if message.role == "user")


def answers(row: Row) -> tuple[str, ...]:
    """The completion, or the chosen and the rejected answer."""
    return (row.completion,) if isinstance(row, TrainingRow) else (row.chosen, row.rejected)


def texts(row: Row) -> tuple[str, ...]:
    """Every text of a row: its messages and its answers."""
    prompt = row.prompt
    parts = (prompt,) if isinstance(prompt, str) else tuple(m.content for m in prompt)
    return (*parts, *answers(row))


def plain_value(row: Row) -> Mapping[str, Any]:
    """The row as a JSON object: prompt and completion, or prompt, chosen and rejected."""
    prompt: Any = row.prompt
    if not isinstance(prompt, str):
        prompt = [{"role": m.role, "content": m.content} for m in prompt]
    if isinstance(row, TrainingRow):
        return {"prompt": prompt, "completion": row.completion}
    recorded = {"rejected_ids": list(row.rejected_ids), "is_cut": row.is_cut}
    kept = {key: value for key, value in recorded.items() if value}
    return {"prompt": prompt, "chosen": row.chosen, "rejected": row.rejected, **kept}


def characters(rows: Sequence[Row]) -> dict[str, int]:
    """Lengths in characters: the median and the longest prompt, and answer."""
    answered = sorted(max(map(len, answers(row))) for row in rows)
    prompts = sorted(sum(map(len, texts(row)[: -len(answers(row))])) for row in rows)
    return {
        "prompt_median": prompts[len(prompts) // 2],
        "prompt_longest": prompts[-1],
        "answer_median": answered[len(answered) // 2],
        "answer_longest": answered[-1],
    }
