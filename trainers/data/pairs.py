"""A PreferenceRow, and its tokens for DPO.

Of a rejected answer that the harness recorded, a row has the token ids too. Prompts and chosen
answers are encoded as ``trainers.data.rows`` encodes those of SFT. Knows nothing of files and of
training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.engine.prompt import Arguments, has_template
from trainers.data.rows import EncodedRows, TrainingRow, encode_row, require_calls_of


@dataclass(frozen=True, slots=True)
class PreferenceRow:
    """One preference: a prompt, the better answer and the worse one."""

    prompt: tuple[Message, ...] | str
    """A conversation, or plain text that is used without a chat template."""
    chosen: str
    rejected: str
    where: str
    """``file:line``."""
    rejected_ids: tuple[int, ...] = ()
    """Token ids of the rejected answer as the model generated them, the end token included; empty
    where none were recorded."""
    is_cut: bool = False
    """The rejected answer reached the token limit, so it has no end token."""
    tools: str = ""
    """The tools that stand in the prompt, as JSON text; calls are text of the answers."""


@dataclass(frozen=True, slots=True)
class EncodedPairs(EncodedRows):
    """Tokenized preference rows, ready for the trainer: ``prompt_ids``, ``chosen_ids`` and
    ``rejected_ids``. A row is as long as its prompt and the longer answer; its tokens are those of
    both answers, each with the prompt."""

    cut_prompts: int
    """Rows whose prompt was cut from the left, left out or not."""
    recorded: int
    """Rows whose rejected answer has the recorded token ids."""
    other_tokenizer: int
    """Rows whose recorded ids do not decode to the rejected answer with this tokenizer, so that the
    answer was encoded from its text."""


def encode_pairs(
    tokenizer: Any,
    rows: Sequence[PreferenceRow],
    max_length: int,
    ending: int,
    stops: frozenset[int],
    arguments: Arguments = (),
    *,
    max_prompt_length: int | None = None,
) -> EncodedPairs:
    """Tokenize preference rows; the chosen answer gets one ending token.

    The rejected answer has its recorded token ids. Where there are none, or they are another
    tokenizer's, its text is encoded, with an ending token unless it was cut.

    Args:
        ending: the token that an answer ends with.
        stops: every token at which generation ends; none may stand inside an answer.
        arguments: what the chat template is told.
        max_prompt_length: tokens of the prompt that are kept, the last ones; ``None`` keeps all.

    Raises:
        HarnessError: an answer contains a stop token, both answers have the same tokens, or the
            chat template refuses a conversation.
    """
    encoded = [_encoded(tokenizer, row, ending, stops, arguments) for row in rows]
    kept = [_cut(pair, max_prompt_length) for pair in encoded]
    fitting = [pair for pair in kept if _length(pair) <= max_length]
    answers = [[*pair["chosen_ids"], *pair["rejected_ids"]] for pair in fitting]
    recorded = [
        list(row.rejected_ids) == pair["rejected_ids"]
        for row, pair in zip(rows, encoded, strict=True)
    ]
    return EncodedPairs(
        rows=tuple(fitting),
        lengths=tuple(map(_length, kept)),
        tokens=sum(map(len, answers)) + sum(2 * len(pair["prompt_ids"]) for pair in fitting),
        trained_tokens=sum(map(len, answers)),
        plain_prompts=sum(isinstance(r.prompt, str) for r in rows)
        if has_template(tokenizer)
        else 0,
        cut_prompts=sum(a is not b for a, b in zip(kept, encoded, strict=True)),
        recorded=sum(recorded),
        other_tokenizer=sum(bool(row.rejected_ids) for row in rows) - sum(recorded),
    )


def _encoded(
    tokenizer: Any,
    row: PreferenceRow,
    ending: int,
    stops: frozenset[int],
    arguments: Arguments,
) -> dict[str, list[int]]:
    training_row = TrainingRow(row.prompt, row.chosen, f"{row.where}: chosen", row.tools)
    require_calls_of(tokenizer, training_row)
    prompt, chosen = encode_row(tokenizer, training_row, ending, stops, arguments)
    if _is_decoded_by(tokenizer, row, stops):
        rejected = list(row.rejected_ids)
    else:
        training_row = TrainingRow(row.prompt, row.rejected, f"{row.where}: rejected", row.tools)
        _, rejected = encode_row(tokenizer, training_row, ending, stops, arguments)
        rejected = rejected[:-1] if row.is_cut else rejected
    if chosen == rejected:
        raise HarnessError(f"{row.where}: chosen and rejected have the same tokens, leave it out")
    return {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}


def _is_decoded_by(tokenizer: Any, row: PreferenceRow, stops: frozenset[int]) -> bool:
    """The recorded ids are this tokenizer's: they decode to the rejected answer, as the harness
    decodes what a model generates."""
    ids = list(row.rejected_ids)
    if not ids or max(ids) >= len(tokenizer):
        return False
    text = tokenizer.decode(
        ids[:-1] if ids[-1] in stops else ids,
        skip_special_tokens=False,
        clean_up_tokenization_spaces=False,
    )
    return bool(text == row.rejected)


def _cut(pair: dict[str, list[int]], max_prompt_length: int | None) -> dict[str, list[int]]:
    prompt = pair["prompt_ids"]
    if max_prompt_length is None or len(prompt) <= max_prompt_length:
        return pair
    return {**pair, "prompt_ids": prompt[len(prompt) - max_prompt_length :]}


def _length(pair: Mapping[str, list[int]]) -> int:
    return len(pair["prompt_ids"]) + max(len(pair["chosen_ids"]), len(pair["rejected_ids"]))
