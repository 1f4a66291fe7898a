"""Writes the values of a call as text."""

import json
from typing import Any

from harness.checks.tools.call import ARGUMENTS, NAME, Wanted


def json_text(value: Any) -> str:
    """A value as JSON; its numbers may be ``Decimal``."""
    return json.dumps(value, ensure_ascii=False, default=float)


def object_text(call: Wanted, key: str = ARGUMENTS) -> str:
    """A call as a JSON object whose arguments stand under ``key``."""
    return json_text({NAME: call.name, key: dict(call.arguments)})
