"""Arguments of a chat template, such as ``enable_thinking: false``: variables that it reads beside
the conversation. A task, a recipe or the command line names them."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.core.errors import HarnessError

Scalar = bool | int | float | str | None
RESERVED = (
    "messages",
    "tools",
    "documents",
    "add_generation_prompt",
    "continue_final_message",
    "raise_exception",
    "strftime_now",
)
"""Names that a template reads, whose values are the renderer's own."""


def checked(arguments: Any) -> Any:
    """The arguments as they were given.

    Raises:
        ValueError: they are no mapping, or one has a name or a value that no template can be given.
    """
    if not isinstance(arguments, Mapping):
        raise ValueError("expected names and values, such as {enable_thinking: false}")
    for name, value in arguments.items():
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise ValueError(f"{name!r:.60} is no name of a template's variable")
        if name in RESERVED:
            raise ValueError(f"{name} is set by the harness, name another argument")
        is_plain = value is None or isinstance(value, bool | int | float | str)
        if not is_plain or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"{name} must be true, false, null, a number or text")
    return arguments


def parse_arguments(texts: Sequence[str]) -> dict[str, Scalar]:
    """Arguments written as ``name=value``: a value is JSON where it is that, else text.

    Raises:
        HarnessError: one has another form, or may not be given.
    """
    found: dict[str, Scalar] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise HarnessError(
                f"--template-arg {text}: expected name=value, such as enable_thinking=false"
            )
        found[name] = _value(value)
        try:
            checked({name: found[name]})
        except ValueError as error:
            raise HarnessError(f"--template-arg {text}: {error}") from None
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
