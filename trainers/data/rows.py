"""Reads training rows from JSON Lines files and tokenizes them.

A row has one of three shapes: prompt and completion as messages, as text, or ``messages`` whose
last one is the answer. Prompts are rendered by the harness's own function. Knows nothing of
training.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import TemplateError

from harness.core.case import Message
from harness.core.errors import HarnessError
from harness.engine.prompt import Arguments, encode, has_template, render
from harness.files.strict_json import NotJson, decode

MAX_MISTAKES = 10
"""Bad rows named in one error; the rest are counted."""
IGNORED = -100
"""Label of a token that the loss ignores (torch's ``cross_entropy``)."""
ROLES = ("system", "user", "assistant")
Row = TypeVar("Row")
_SURROGATE = re.compile("[\ud800-\udfff]")


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


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Tokenized rows, ready for the trainer."""

    rows: tuple[Mapping[str, list[int]], ...]
    """``input_ids`` and ``labels`` of the same length; labels mask the prompt."""
    too_long: int
    """Rows left out because they are longer than ``max_length``."""
    longest: int
    """Tokens of the longest row, left out or not."""
    tokens: int
    """Tokens of the rows that are kept."""
    trained_tokens: int
    """Tokens of these that the loss counts."""
    plain_prompts: int
    """Rows whose prompt is text although the base has a chat template."""


def read_rows(path: Path, limit: int | None = None) -> tuple[list[TrainingRow], DataFile]:
    """Read the rows of one file, at most ``limit`` of them.

    Raises:
        HarnessError: the file cannot be read or holds no row, or rows are wrong: a line for each,
            as ``file:line: what, what next``.
    """
    return read_lines(path, limit, _row)


def read_lines(
    path: Path, limit: int | None, parse: Callable[[Mapping[str, Any], str], Row]
) -> tuple[list[Row], DataFile]:
    """Read one file of JSON objects, a row each, at most ``limit`` of them.

    Args:
        parse: makes the row of an object and its ``file:line``; ``ValueError`` is a mistake in it.

    Raises:
        HarnessError: as ``read_rows``.
    """
    try:
        if path.exists() and not path.is_file():
            raise HarnessError(f"{path}: is no file, name one of rows")
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise HarnessError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        raise HarnessError(f"{path}:{number}: is not UTF-8 text ({error.reason})") from None
    if text.lstrip().startswith("["):
        raise HarnessError(f"{path}:1: is a JSON array, write one object on each line instead")
    rows: list[Row] = []
    mistakes: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or (limit is not None and len(rows) >= limit):
            continue
        try:
            rows.append(parse(_object(line), f"{path}:{number}"))
        except ValueError as error:
            mistakes.append(f"{path}:{number}: {error}")
    if mistakes:
        raise HarnessError(*_shortened(mistakes))
    if not rows:
        raise HarnessError(f"{path}: holds no rows, write one JSON object on each line")
    return rows, DataFile(str(path), hashlib.sha256(content).hexdigest(), len(rows))


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
    longest = trained = 0
    for row in rows:
        prompt, completion = encode_row(tokenizer, row, ending, stops, arguments)
        longest = max(longest, len(prompt) + len(completion))
        if len(prompt) + len(completion) > max_length:
            continue
        trained += len(completion)
        labels = [IGNORED] * len(prompt) + completion
        fitting.append({"input_ids": prompt + completion, "labels": labels})
    return EncodedRows(
        rows=tuple(fitting),
        too_long=len(rows) - len(fitting),
        longest=longest,
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


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = decode(line.encode(), has_unique_keys=True)
    except NotJson as error:
        raise ValueError(f"not valid JSON ({error}), write one object on each line") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {line.strip()!r:.60}")
    return value


def _row(value: Mapping[str, Any], where: str) -> TrainingRow:
    """The row of one object.

    Raises:
        ValueError: the mistake in it, and what to write instead.
    """
    if "messages" in value and ("prompt" in value or "completion" in value):
        raise ValueError("has messages and prompt or completion, keep one of the two shapes")
    if "prompt" in value and "completion" in value:
        return TrainingRow(
            read_prompt(value["prompt"]), read_answer(value["completion"], "completion"), where
        )
    if "messages" in value:
        turns = _messages(value["messages"], "messages")
        if turns[-1].role != "assistant" or len(turns) < 2:
            raise ValueError("messages must end with the assistant's answer to at least one turn")
        return TrainingRow(
            _asking(turns[:-1], "messages"), _some_text(turns[-1].content, "completion"), where
        )
    if "conversations" in value:
        raise ValueError(
            "conversations with from and value are not read; write messages with role and content"
        )
    if "instruction" in value and "output" in value:
        raise ValueError(
            "instruction, input and output are not read; write them as prompt and completion"
        )
    keys = ", ".join(sorted(value)) or "none"
    raise ValueError(f"needs prompt and completion, or messages; found the keys: {keys}")


def read_prompt(value: Any) -> tuple[Message, ...] | str:
    """The prompt of a row: a conversation, or text.

    Raises:
        ValueError: the mistake in it.
    """
    if isinstance(value, str):
        if not value:
            raise ValueError("the prompt is empty")
        return _characters(value, "prompt")
    return _asking(_messages(value, "prompt"), "prompt")


def _asking(turns: tuple[Message, ...], name: str) -> tuple[Message, ...]:
    if turns[-1].role == "assistant":
        raise ValueError(f"{name}: an assistant's turn stands right before the answer")
    return turns


def read_answer(value: Any, name: str) -> str:
    """The answer under the key ``name`` of a row: text, or one message of the assistant.

    Raises:
        ValueError: the mistake in it.
    """
    if isinstance(value, str):
        return _some_text(value, name)
    if not isinstance(value, list):
        raise ValueError(f"{name} must be text, found {value!r:.60}; write JSON as a string")
    turns = _messages(value, name)
    if len(turns) != 1 or turns[0].role != "assistant":
        raise ValueError(f"{name} must be text, or one message of the assistant")
    return _some_text(turns[0].content, name)


def _some_text(answer: str, name: str) -> str:
    if not answer:
        raise ValueError(f"the {name} is empty, so there is nothing to learn")
    return _characters(answer, name)


def _characters(text: str, name: str) -> str:
    """The text, unless half of a surrogate pair is in it: no tokenizer reads such a text."""
    if half := _SURROGATE.search(text):
        raise ValueError(
            f"{name} holds the lone surrogate \\u{ord(half[0]):04x}, which is no character: the "
            "text was cut within a character, cut it elsewhere"
        )
    return text


def _messages(value: Any, name: str) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{name} must be a list of messages with role and content")
    return tuple(_message(turn, f"{name}[{index}]") for index, turn in enumerate(value))


def _message(turn: Any, name: str) -> Message:
    if not isinstance(turn, dict):
        raise ValueError(f"{name} must be an object with role and content, found {turn!r:.60}")
    role, content = turn.get("role"), turn.get("content")
    if role not in ROLES:
        raise ValueError(f"{name}.role must be one of {', '.join(ROLES)}, found {role!r:.60}")
    if turn.get("tool_calls"):
        raise ValueError(f"{name}.tool_calls are not read; write the call as text of the content")
    if not isinstance(content, str):
        raise ValueError(f"{name}.content must be text, found {content!r:.60}")
    return Message(role, _characters(content, f"{name}.content"))


def _shortened(mistakes: list[str]) -> list[str]:
    if len(mistakes) <= MAX_MISTAKES:
        return mistakes
    return [*mistakes[:MAX_MISTAKES], f"... and {len(mistakes) - MAX_MISTAKES} rows more"]
