"""Writes a case's reference out as the answer that a perfect model would give."""

import json

from harness.core.case import JsonValue

FORMATS_OF_TEXT = ("text", "python")
"""Formats whose reference is the answer itself."""


def reference_answer(output_format: str, reference: JsonValue) -> str | None:
    """The text of a perfect answer; ``None`` where the case has no reference, or one that is no
    string although the format is one of text."""
    if reference is None:
        return None
    if output_format not in FORMATS_OF_TEXT:
        return dump(reference)
    return reference if isinstance(reference, str) else None


def reference_value(output_format: str, answer: str) -> JsonValue:
    """The reference of which a text is the answer; ``None`` where it should be JSON and is not."""
    if output_format in FORMATS_OF_TEXT:
        return answer
    try:
        value: JsonValue = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return value


def dump(value: JsonValue) -> str:
    """A value as a perfect answer has it; numbers may be ``Decimal``, as the checks read them."""
    return json.dumps(value, ensure_ascii=False, default=float)
