"""The kinds of value that declarations of a good answer have, and the formats of answers."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from harness.checks.declared.compare_rule import CompareRule
from harness.checks.declared.leaf_rule import LeafRule, leaf_rule
from harness.checks.declared.strings import Pointer
from harness.checks.declared.timestamp_rule import Kind, TimestampRule
from harness.checks.equality.rule_tree import checked_rules
from harness.checks.json.wording import list_of, show
from harness.checks.tools.tool import require_tools

Format = Literal["json", "jsonl", "yaml", "csv", "text", "python", "tool_calls"]


class Only:
    """Marks a declaration that only some formats can have."""

    def __init__(self, *formats: str) -> None:
        self.formats = formats


def are_tools(value: Any) -> Any:
    """Tools, or the name of a file that holds them."""
    if value is not None and not isinstance(value, str):
        require_tools(value)
    return value


def is_count(value: Any) -> Any:
    """A number of calls, or ``none``."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not (value is None or value == "none" or is_number):
        raise ValueError(f"calls: expected none or a number of calls, found {value!r:.60}")
    return value


def _rule(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _separates(value: str) -> str:
    if len(value) != 1 or value.isalnum() or value in '" \r\n\x00' or not value.isascii():
        raise ValueError(
            f"expected one character as , ; | or a tab (\\t in double quotes), found {show(value)}"
        )
    return value


Pointers = Annotated[tuple[Pointer, ...], Field(description="a list of JSON pointers")]
Times = Annotated[
    Mapping[Pointer, Annotated[TimestampRule, BeforeValidator(_rule)]],
    Field(description=f"an object of JSON pointer to {list_of(get_args(Kind))}"),
]
Leaves = Annotated[
    LeafRule | Literal[False],
    BeforeValidator(leaf_rule),
    Field(description="true or false, or an object with valid and least_paths"),
]
Comparisons = Annotated[
    Mapping[Pointer, CompareRule],
    AfterValidator(checked_rules),
    Field(
        description="an object of JSON pointer to an object with tolerance, relative, ignore, "
        "pattern, order or key",
        examples=[{"/amount": {"tolerance": 0.01}, "/items": {"key": "/sku"}}],
    ),
]
Delimiter = Annotated[str, AfterValidator(_separates), Field(examples=[";"])]
