"""JSON files that come with a model, read as what strangers wrote."""

import json
from pathlib import Path
from typing import Any, NoReturn

MOST_BYTES = 256_000_000
"""No tokenizer is larger; what is would only fill the memory."""


class UnreadableFile(Exception):
    """The file is not what its name says; the message says why, in one line, without its name."""


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is no such file.

    Raises:
        UnreadableFile: it is too large, no JSON, no object, or nested too deep.
    """
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableFile(f"is larger than {MOST_BYTES // 1_000_000} MB")
        return parse_object(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror})") from None


def parse_object(text: bytes) -> dict[str, Any]:
    """The JSON object that ``text`` is; NaN and infinities are no JSON.

    Raises:
        UnreadableFile: it is none.
    """
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except RecursionError:
        raise UnreadableFile("is nested too deep") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnreadableFile(f"is no JSON ({error.msg}, {place})") from None
    except ValueError as error:  # not UTF-8, a constant, or an integer of thousands of digits
        raise UnreadableFile(f"is no JSON ({str(error).partition(';')[0]:.80})") from None
    if not isinstance(value, dict):
        raise UnreadableFile("holds no JSON object")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")
