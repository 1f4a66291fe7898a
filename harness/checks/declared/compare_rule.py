"""The declaration of when a value counts as the reference's: a rule of ``output.compare``."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from harness.checks.declared.strings import Pattern, Pointer

MAX_EXPONENT = 1000
"""Digits before or after the point of a tolerance, and of a number that a tolerance is around."""
MAX_PARTS = 100
"""Names and indices of a pointer."""
_UNSET: tuple[object, ...] = (None, (), [], "kept")
Ignored = Literal["case", "blanks"]


def _is_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"expected a number, found {str(value).lower()}")
    return value


def _is_bounded(value: Decimal | None) -> Decimal | None:
    if value is not None and (abs(value.adjusted()) > MAX_EXPONENT or len(str(value)) > 100):
        raise ValueError("a tolerance has at most 100 digits, and 1,000 before or after its point")
    return value


def _listed(value: Any) -> Any:
    """The short form of a list of one."""
    return [value] if isinstance(value, str) else value


def _leads_to_one(pointers: tuple[str, ...]) -> tuple[str, ...]:
    if several := next((p for p in pointers if "*" in p.split("/")), None):
        raise ValueError(f"{several!r} leads to several values, a key is one")
    return pointers


Tolerance = Annotated[
    Decimal | None,
    Field(ge=0, allow_inf_nan=False),
    BeforeValidator(_is_number),
    AfterValidator(_is_bounded),
]
Keys = Annotated[tuple[Pointer, ...], BeforeValidator(_listed), AfterValidator(_leads_to_one)]


class CompareRule(BaseModel):
    """When the value at a place, or one inside of it, counts as the reference's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tolerance: Tolerance = None
    """A number may differ from the reference's by at most this."""
    relative: Tolerance = None
    """A number may differ from the reference's by at most this share of the reference's number;
    beside ``tolerance`` the larger of the two holds."""
    ignore: Annotated[tuple[Ignored, ...], BeforeValidator(_listed)] = ()
    """``case``: upper and lower case of a text are the same; ``blanks``: so is any number of blanks
    and line breaks between words, and there are none at its ends. One of them, or a list."""
    pattern: Pattern | None = None
    """A text that the regular expression matches as a whole is right wherever the reference has a
    text, which the expression should match too."""
    order: Literal["kept", "any"] = "kept"
    """``any``: items of the list stand in any order.

    Items that are equal are partners; those that differ are then paired such that most leaves are
    equal, up to 64 of them on either side, and beyond that in their order. Where a tolerance or a
    pattern holds for items, at most 64 of a reference can be matched: longer lists need a ``key``.
    Every other pointer speaks of items by ``*``, and a verdict of the place that an item has in the
    answer."""
    key: Keys = ()
    """Items of the list are matched by their values at this pointer into an item, or at several,
    and stand in any order.

    An item of an answer that has no such value, or the same as another one
    (``duplicate_key``), is nobody's partner. Keys are compared exactly, or by ``ignore``."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> "CompareRule":
        if self.pattern is not None and self.ignore:
            raise ValueError(
                "pattern and ignore: one of the two, the pattern may ignore case: (?i)"
            )
        if self.key and self.order == "any":
            raise ValueError("key and order: items with a key stand in any order, leave order out")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what is not set: a record has the rules of every case."""
        return {key: value for key, value in dump(self).items() if value not in _UNSET}

    @property
    def is_of_lists(self) -> bool:
        """It says how items of a list are matched."""
        return bool(self.key) or self.order == "any"

    @property
    def is_of_values(self) -> bool:
        """It says how numbers and texts are compared; a rule that says nothing compares exactly."""
        return self.is_loose or bool(self.ignore) or not self.is_of_lists

    @property
    def is_loose(self) -> bool:
        """Two values that are equal to a third one may differ from each other."""
        return (self.tolerance, self.relative, self.pattern) != (None, None, None)
