"""A TrainingRow, and its tokens: the prompt as the harness's own function renders it, the
completion, and one ending token. Knows nothing of files and of training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jinja2 import TemplateError

from harness.checks.tools.call import Wanted
from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.engine.prompt import Arguments, encode, has_template, render, with_tools
from trainers.data.call_text import after_answer, call_text, require_own_form

IGNORED = -100
"""Label of a token that the loss ignores (torch's ``cross_entropy``)."""


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One training example: a prompt and its completion."""

    prompt: tuple[Message, ...] | str
    """A conversation, or plain text that is used without a chat template."""
    completion: str
    """The answer's text, as the model writes it; of an answer with calls the text beside them."""
    where: str
    """``file:line``."""
    tools: str = ""
    """The tools that stand in the prompt, as JSON text; empty where there are none."""
    calls: tuple[Wanted, ...] = field(default=(), hash=False)
    """The calls of the answer, which the base's chat template writes."""


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
            conversation or writes something else than its tools and calls.
    """
    fitting: list[Mapping[str, list[int]]] = []
    lengths = []
    trained = 0
    for row in rows:
        require_calls_of(tokenizer, row)
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
    answer = _answer(tokenizer, row, text, arguments)
    joined = encode(tokenizer, text + answer)
    if joined[: len(prompt)] == prompt:
        completion = joined[len(prompt) :]
    else:
        # A token spans the boundary. At generation the prompt is tokenized by itself.
        completion = [int(i) for i in tokenizer(answer, add_special_tokens=False).input_ids]
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
        return with_tools(partial(render, tokenizer), row.prompt, arguments, row.tools)
    except TemplateError as error:
        raise HarnessError(
            f"{row.where}: the base's chat template refuses this prompt: {error}"
        ) from None
    except HarnessError as error:
        raise HarnessError(f"{row.where}: the base's chat template fails on it: {error}") from None


def _answer(tokenizer: Any, row: TrainingRow, prompt: str, arguments: Arguments) -> str:
    """The text of the answer, its calls as the chat template writes them."""
    if not row.calls:
        return row.completion
    assert not isinstance(row.prompt, str)
    content, tools = row.completion, row.tools
    try:
        return call_text(
            tokenizer, prompt, row.prompt, content, row.calls, tools=tools, arguments=arguments
        )
    except ValueError as mistake:
        reason = str(mistake)
    except Exception as error:  # whatever a stranger's program raises
        reason = (
            f"the base's chat template refuses these calls: {str(error) or type(error).__name__}"
        )
    raise HarnessError(f"{row.where}: {reason}")


def require_calls_of(tokenizer: Any, row: TrainingRow) -> None:
    """Refuse an answer whose text holds calls in another form than the base's.

    Raises:
        HarnessError: it does.
    """
    if row.tools and not row.calls:
        try:
            require_own_form(tokenizer, row.completion, row.tools)
        except ValueError as mistake:
            raise HarnessError(f"{row.where}: {mistake}") from None


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
    text = after_answer(tokenizer, arguments)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return int(ids[0]) if ids else None
