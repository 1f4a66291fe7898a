"""The tools of a case, as the JSON text that its chat template is given."""

import json
from functools import lru_cache
from typing import Any, Final

KEPT = 16_384
"""Texts of cases that are kept."""
TOOL_CALLS: Final = "tool_calls"
"""The format of answers that are calls."""


def tools_text(tools: object) -> str:
    """Tools as JSON text, in the order in which they were given: a template writes them so. Numbers
    may be ``Decimal``."""
    return json.dumps(tools, separators=(",", ":"), default=float)


@lru_cache(KEPT)
def tools_for(tools: str, declared: str) -> str:
    """The tools of a case: its own, where its ``declared`` parts have some."""
    own = json.loads(declared).get("tools") if declared else None
    return tools if own is None else tools_text(own)


@lru_cache(64)
def tools_of(text: str) -> list[dict[str, Any]] | None:
    """The tools of a text, which must not be changed; ``None`` where there are none."""
    return json.loads(text) if text else None
