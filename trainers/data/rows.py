"""A TrainingRow, and its tokens: the prompt as the harness's own function renders it, the
completion, and one ending token. Knows nothing of files and of training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import TemplateError

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.engine.prompt import Arguments, encode, has_template, render

IGNORED = -100
"""Label of a token that the loss ignores (torch's ``cross_entropy``)."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One training example: a prompt and its completion."""

    prompt: tuple[Message, ...] | str
    """A conversation, or plain text that is used without a chat template."""
    completion: str
    where: str
    """``file:line``."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of training rows, as ``training.json`` names it."""

    path: str
    sha256: str
    rows: int
    shape: str = ""
    """The shape of its rows, and how its words were understood."""
    left_out: int = 0
    """Rows that are no examples to imitate."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """The number of these by reason."""


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Tokenized rows, ready for the trainer."""

    rows: tuple[Mapping[str, list[int]], ...]
    """``input_ids`` and ``labels`` of the same length; labels mask the prompt."""
    lengths: tuple[int, ...]
    """Tokens of every row that was read, in their order, also of those left out because they are
    longer than ``max_length``."""
    tokens: int
    """Tokens of the rows that are kept."""
    trained_tokens: int
    """Tokens of these that the loss counts."""
    plain_prompts: int
    """Rows whose prompt is text although the base has a chat template."""

    @property
    def too_long(self) -> int:
        """Rows left out because they are longer than ``max_length``."""
        return len(self.lengths) - len(self.rows)

    @property
    def longest(self) -> int:
        """Tokens of the longest row, left out or not."""
        return max(self.lengths, default=0)


def encode_rows(
    tokenizer: Any,
    rows: Sequence[TrainingRow],
    max_length: int,
    ending: int,
    stops: frozenset[int],
    arguments: Arguments = (),
) -> EncodedRows:
    """Tokenize rows: the prompt as the harness renders it, the completion, and one ending token.

    Args:
        ending: the token that a completion ends with.
        stops: every token at which generation ends; none may stand inside a completion.
        arguments: what the chat template is told.

    Raises:
        HarnessError: a completion contains a stop token, or the chat template refuses a
            conversation.
    """
    fitting: list[Mapping[str, list[int]]] = []
    lengths = []
    trained = 0
    for row in rows:
        prompt, completion = encode_row(tokenizer, row, ending, stops, arguments)
        lengths.append(len(prompt) + len(completion))
        if lengths[-1] > max_length:
            continue
        trained += len(completion)
        labels = [IGNORED] * len(prompt) + completion
        fitting.append({"input_ids": prompt + completion, "labels": labels})
    return EncodedRows(
        rows=tuple(fitting),
        lengths=tuple(lengths),
        tokens=sum(len(r["input_ids"]) for r in fitting),
        trained_tokens=trained,
        plain_prompts=sum(isinstance(r.prompt, str) for r in rows)
        if has_template(tokenizer)
        else 0,
    )


def encode_row(
    tokenizer: Any,
    row: TrainingRow,
    ending: int,
    stops: frozenset[int],
    arguments: Arguments = (),
) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, equal to those the harness generates from, and of the completion."""
    text = row.prompt if isinstance(row.prompt, str) else _rendered(tokenizer, row, arguments)
    prompt = encode(tokenizer, text)
    joined = encode(tokenizer, text + row.completion)
    if joined[: len(prompt)] == prompt:
        completion = joined[len(prompt) :]
    else:
        # A token spans the boundary. At generation the prompt is tokenized by itself.
        completion = [int(i) for i in tokenizer(row.completion, add_special_tokens=False).input_ids]
    while completion and completion[-1] in stops:
        # The tokenizer appends an end token, or the data contains one.
        completion.pop()
    if stops.intersection(completion):
        token = tokenizer.decode([next(i for i in completion if i in stops)])
        raise HarnessError(
            f"{row.where}: the completion holds {token}, at which the base stops; take it out"
        )
    return prompt, [*completion, ending]


def _rendered(tokenizer: Any, row: TrainingRow, arguments: Arguments) -> str:
    assert not isinstance(row.prompt, str)
    try:
        return render(tokenizer, row.prompt, arguments)
    except TemplateError as error:
        raise HarnessError(
            f"{row.where}: the base's chat template refuses this prompt: {error}"
        ) from None


def ending_token(tokenizer: Any, stops: frozenset[int], arguments: Arguments = ()) -> int:
    """The token that a completion must end with, so that generation stops there.

    It is the token that the chat template writes after an assistant's turn, if generation stops at
    it; otherwise the tokenizer's end of sequence.

    Raises:
        HarnessError: the base has no end token.
    """
    if has_template(tokenizer):
        turn = _after_answer(tokenizer, arguments)
        if turn is not None and turn in stops:
            return turn
    if tokenizer.eos_token_id is None:
        raise HarnessError(
            f"{tokenizer.name_or_path}: the tokenizer has no eos_token, so a model cannot learn "
            "to stop; set eos_token in its tokenizer_config.json"
        )
    return int(tokenizer.eos_token_id)


def _after_answer(tokenizer: Any, arguments: Arguments) -> int | None:
    """The first token that the chat template writes after an answer."""
    answer = "answer-0"
    turn = (Message("user", "question"), Message("assistant", answer))
    text = render(tokenizer, turn, arguments, adds_generation_prompt=False)
    ids = tokenizer(text.rpartition(answer)[2], add_special_tokens=False)["input_ids"]
    return int(ids[0]) if ids else None
