"""The declaration of which leaves of an answer count: ``leaf_values`` of an output."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class LeafRule(BaseModel):
    """The answers whose leaves count at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid: bool = False
    """In an answer that breaks the schema no leaf is there."""
    least_paths: float = Field(0.0, ge=0, le=1)
    """Where the answer's leaf paths agree less with the reference's (the F1 of the two sets), no
    value counts as equal. 0: they count whatever else the answer has."""


def leaf_rule(value: Any) -> Any:
    """The short form: ``true`` is the rule without a condition."""
    return {} if value is True else value
