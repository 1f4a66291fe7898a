"""Texts of a declaration that must have a form: JSON pointers and regular expressions."""

from typing import Annotated

from pydantic import AfterValidator

from harness.checks.text.text_patterns import compile_text_pattern
from harness.core.errors import HarnessError


def _is_pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is no JSON pointer: it begins with /")
    return text


def _compiles(pattern: str) -> str:
    try:
        compile_text_pattern(pattern)
    except HarnessError as error:
        raise ValueError(str(error)) from None
    return pattern


Pointer = Annotated[str, AfterValidator(_is_pointer)]
"""A JSON pointer; ``*`` stands for every item of an array."""
Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression of the ``regex`` library."""
