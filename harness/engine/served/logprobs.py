"""Log-probabilities in OpenAI's protocols, as servers give them.

A server says what they are of: vLLM and llama-server take the model's own distribution, others may
not. Those that cannot be mapped to the answer's text, token by token, are not taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.core.logprobs import Logprobs
from harness.engine.served.address import Api
from harness.engine.token_lengths import BROKEN, token_lengths

FIELDS = frozenset({"logprobs", "top_logprobs"})
"""Fields of a request without which the answer's text is the same."""
TOP = 2
"""Likeliest tokens that are asked for: one of them is another than the answer's."""


class _Entry(NamedTuple):
    """One token as a server gives it."""

    token: str
    raw: bytes
    logprob: float
    runner_up: str
    runner_up_logprob: float


def fields_of(api: Api) -> dict[str, Any]:
    """The fields of a request that ask for log-probabilities."""
    return {"logprobs": True, "top_logprobs": TOP} if api == "chat" else {"logprobs": TOP}


def logprobs_in(choice: Mapping[str, Any], text: str) -> Logprobs | None:
    """Those of a choice whose text is ``text``; ``None`` where there are none of it."""
    given = choice.get("logprobs")
    if not isinstance(given, Mapping):
        return None
    is_listed = isinstance(given.get("content"), list)
    try:
        entries = [*(_of_content(given["content"]) if is_listed else _of_columns(given))]
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return None
    lengths = _lengths(entries, text)
    if lengths is None:
        return None
    return Logprobs.of(
        lengths,
        [entry.logprob for entry in entries],
        [entry.runner_up for entry in entries],
        [entry.runner_up_logprob for entry in entries],
    )


def _of_content(content: Sequence[Mapping[str, Any]]) -> Iterator[_Entry]:
    """The form of the chat protocol: an object for each token."""
    for given in content:
        others = [(other["token"], other["logprob"]) for other in given["top_logprobs"]]
        raw = bytes(given["bytes"]) if isinstance(given.get("bytes"), list) else None
        yield _entry(given["token"], given["logprob"], others, raw)


def _of_columns(given: Mapping[str, Any]) -> Iterator[_Entry]:
    """The form of the completions protocol: a list for each column."""
    columns = given["tokens"], given["token_logprobs"], given["top_logprobs"]
    for token, logprob, top in zip(*columns, strict=True):
        yield _entry(token, logprob, list(top.items()), None)


def _entry(
    token: object, logprob: object, top: Sequence[tuple[object, object]], raw: bytes | None
) -> _Entry:
    """Raises ``ValueError`` where a value is of another kind, or no other token is given."""
    others = [(_number(value), _text(other)) for other, value in top if other != token]
    if not others:
        raise ValueError("no runner-up")
    value, runner_up = max(others)
    own = _text(token)
    return _Entry(own, own.encode() if raw is None else raw, _number(logprob), runner_up, value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    value.encode()  # Half a character is an error.
    return value


def _lengths(entries: Sequence[_Entry], text: str) -> list[int] | None:
    """Characters of the text that end with each token. The last token may be the end token, which
    is not in the text; some servers name it and others do not."""
    for end in (0, 1):
        own = entries[: len(entries) - end]
        raw = [entry.raw for entry in own]
        if own and b"".join(raw).decode("utf-8", "replace") == text:
            return [*token_lengths(range(len(own)), text, _decoder(raw)), *[0] * end]
        if own and (found := _lengths_of_texts([entry.token for entry in own], text)):
            return [*found, *[0] * end]
    return [0] if len(entries) == 1 and not text else None


def _decoder(raw: Sequence[bytes]) -> Any:
    return lambda ids: b"".join(raw[i] for i in ids).decode("utf-8", "replace")


def _lengths_of_texts(tokens: Sequence[str], text: str) -> list[int] | None:
    """The same from the tokens' texts alone, where parts of a character are U+FFFD: they have what
    is left before the next token's text."""
    lengths, at, is_open = [0] * len(tokens), 0, False
    for i, token in enumerate(tokens):
        if BROKEN in token:
            is_open = True
            continue
        start = text.find(token, at) if is_open and token else at
        if not text.startswith(token, start):
            return None
        if is_open and token:
            lengths[i - 1] += start - at
            is_open = False
        lengths[i] += len(token)
        at = start + len(token)
    if is_open:
        lengths[-1] += len(text) - at
    return lengths if sum(lengths) == len(text) else None
