"""What a task declares of calls: their form, their number, what may stand beside them."""

from dataclasses import dataclass
from typing import Literal

from harness.checks.text.wrappers import KNOWN_WRAPPERS, Wrappers
from harness.core.tool_form import Declared

Order = Literal["free", "fixed"]
Calls = int | Literal["none"] | None
"""The number of calls; ``None``: as many as the reference has, at least one without a reference."""


@dataclass(frozen=True, slots=True)
class CallRule:
    """The calls that a good answer has."""

    form: Declared = "auto"
    """``auto``: the form that the model's template writes, or without one that of the answer."""
    calls: Calls = None
    commentary: bool = False
    """Text may stand beside the calls."""
    wrappers: Wrappers = KNOWN_WRAPPERS

    @property
    def is_none(self) -> bool:
        """A plain answer is wanted."""
        return self.calls == "none"
