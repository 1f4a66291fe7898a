"""The texts and the plain value of a row, of examples and preferences alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.checks.tools.writing import object_text
from harness.core.case import Message, turn_of
from harness.core.tools import TOOL_CALLS, tools_of
from trainers.data.calls import TOOLS, turns_of
from trainers.data.pairs import PreferenceRow
from trainers.data.rows import TrainingRow
from trainers.data.tool_turns import calls_of

Row = TrainingRow | PreferenceRow


def user_text(prompt: tuple[Message, ...] | str) -> str:
    """Text of all user messages, as ``Case.prompt`` has it; of a plain prompt, all of it."""
    if isinstance(prompt, str):
        return prompt
    return "\n".join(message.content for message in prompt if message.role == "user")


def prompt_key(row: Row) -> tuple[Any, str]:
    """Equal for rows that ask the same: the prompt, and the tools that stand in it."""
    return row.prompt, row.tools


def answers(row: Row) -> tuple[str, ...]:
    """The completion with its calls, or the chosen and the rejected answer."""
    if not isinstance(row, TrainingRow):
        return row.chosen, row.rejected
    return ("\n".join([*[row.completion] * bool(row.completion), *map(object_text, row.calls)]),)


def texts(row: Row) -> tuple[str, ...]:
    """Every text of a row: its messages, its tools and its answers."""
    prompt = row.prompt
    parts = (prompt,) if isinstance(prompt, str) else _message_texts(prompt)
    return (*parts, *[row.tools] * bool(row.tools), *answers(row))


def _message_texts(messages: Sequence[Message]) -> tuple[str, ...]:
    """Contents, and the calls of earlier turns."""
    return tuple(text for m in messages for text in (m.content, *map(object_text, calls_of(m))))


def plain_value(row: Row) -> Mapping[str, Any]:
    """The row as a JSON object: prompt and completion, or prompt, chosen and rejected; and tools,
    where it has some."""
    prompt: Any = row.prompt
    if not isinstance(prompt, str):
        prompt = [turn_of(message) for message in prompt]
    told = {TOOLS: tools_of(row.tools)} if row.tools else {}
    if isinstance(row, TrainingRow):
        return {"prompt": prompt, "completion": _completion(row), **told}
    recorded = {"rejected_ids": list(row.rejected_ids), "is_cut": row.is_cut}
    kept = {key: value for key, value in recorded.items() if value}
    return {"prompt": prompt, "chosen": row.chosen, "rejected": row.rejected, **kept, **told}


def _completion(row: TrainingRow) -> Any:
    if not row.calls:
        return row.completion
    turn = {"role": "assistant", "content": row.completion, TOOL_CALLS: turns_of(row.calls)}
    return [turn]


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
