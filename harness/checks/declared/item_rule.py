"""The declaration of how many items a list has: a value of ``output.items``."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from harness.checks.declared.strings import Pointer
from harness.checks.json.wording import show
from harness.core.suggestion import did_you_mean

_BOUNDS = ("min", "max")
_FORMS = "a number of items, an object with min, max or both, or reference"


class ItemRange(BaseModel):
    """The number of items that a list may have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: int = Field(0, ge=0)
    """The least number of items; with 0 the list may be missing too."""
    max: int | None = Field(None, ge=0)
    """The greatest number of items; without it there may be any number."""

    def __str__(self) -> str:
        """``3 items``, ``2 to 5 items``, ``at least 1 item``, ``no items``."""
        if self.max is None:
            return f"at least {_counted(self.min)}"
        if self.min == self.max:
            return _counted(self.min) if self.min else "no items"
        if self.min:
            return f"{self.min:,} to {_counted(self.max)}"
        return f"at most {_counted(self.max)}"


ItemRule = int | ItemRange | Literal["reference"]
"""A number of items, a range of it, or as many as the case's reference has there."""
ItemRules = tuple[tuple[str, ItemRule], ...]
"""By JSON pointer, ``*`` for every item."""


def range_of(rule: int | ItemRange) -> ItemRange:
    """The range that a rule is short for."""
    return rule if isinstance(rule, ItemRange) else ItemRange(min=rule, max=rule)


def item_rule(value: Any) -> Any:
    """The value as it was given, which is a rule.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, ItemRange) or value == "reference":
        return value
    if not isinstance(value, dict):
        _require_number("", value, _FORMS)
        return value
    if unknown := next((key for key in value if key not in _BOUNDS), None):
        hint = did_you_mean(str(unknown), _BOUNDS, "there are min and max")
        raise ValueError(f"unknown key {show(unknown)}, {hint}")
    bounds = {name: found for name, found in value.items() if found is not None}
    for name, found in bounds.items():
        _require_number(f"{name}: ", found, "a number of items")
    if not bounds:
        raise ValueError("a range without min and max says nothing, write one of the two")
    if bounds.get("min", 0) > bounds.get("max", bounds.get("min", 0)):
        raise ValueError(f"min {show(bounds['min'])} is above max {show(bounds['max'])}")
    return bounds


def _require_number(where: str, value: Any, expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{where}expected {expected}, found {show(value)}")
    if value < 0:
        raise ValueError(f"{where}a number of items is not below 0, found {show(value)}")


def _counted(number: int) -> str:
    return f"{number:,} item{'s' if number != 1 else ''}"


Counts = Annotated[
    Mapping[
        Pointer, Annotated[ItemRule, Field(union_mode="left_to_right"), BeforeValidator(item_rule)]
    ],
    Field(
        description="an object of JSON pointer to a number of items, a range with min and max, "
        "or reference",
        examples=[{"/lines": {"min": 1, "max": 20}, "/lines/*/tags": 3, "/notes": "reference"}],
    ),
]
