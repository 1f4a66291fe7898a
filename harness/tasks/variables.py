"""The form of ``variables`` in ``task.yaml``, which says how a prompt's variables are drawn.

A task's mistakes are found here without Hypothesis; ``harness.tasks.generate.strategies`` draws.
"""

import re
import warnings
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    bounds: ClassVar[tuple[str, str] | None] = None
    """The fields of the least and the most."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        least, most = self.bounds or ("type", "type")
        if getattr(self, least) > getattr(self, most):
            found = f"{least} {getattr(self, least)} is above {most} {getattr(self, most)}"
            raise ValueError(found)
        return self


class SampleVariable(_Declared):
    """One of some values. Put the plainest first: smaller prompts take earlier ones."""

    type: Literal["sample"]
    """The way it is drawn."""
    of: tuple[str | int | float, ...] = Field(min_length=1)
    """The values, the plainest first."""


class WordsVariable(_Declared):
    """Words of a list with blanks between them."""

    bounds = ("min_words", "max_words")
    type: Literal["words"]
    """The way it is drawn."""
    of: tuple[str, ...] = Field(min_length=1)
    """The list."""
    min_words: int = Field(1, ge=0)
    """The least number of words."""
    max_words: int = Field(8, ge=0)
    """The greatest number of words."""


class TextVariable(_Declared):
    """Any text over an alphabet."""

    bounds = ("min_characters", "max_characters")
    type: Literal["text"]
    """The way it is drawn."""
    alphabet: str | None = Field(None, min_length=1)
    """The characters themselves; without it, every character that can be printed."""
    min_characters: int = Field(0, ge=0)
    """The least length."""
    max_characters: int = Field(80, ge=0)
    """The greatest length."""


class IntegerVariable(_Declared):
    """A whole number."""

    bounds = ("min", "max")
    type: Literal["integer"]
    """The way it is drawn."""
    min: int = 0
    """The least number."""
    max: int
    """The largest number."""


class DecimalVariable(_Declared):
    """A number with a fixed count of decimals, as text: ``47.20``."""

    bounds = ("min", "max")
    type: Literal["decimal"]
    """The way it is drawn."""
    min: Decimal = Decimal(0)
    """The least number."""
    max: Decimal
    """The largest number."""
    places: int = Field(2, ge=0, le=18)
    """Digits after the point."""

    @property
    def steps(self) -> tuple[int, int]:
        """The least and the most, counted in units of the last decimal."""
        least, most = self.min.scaleb(self.places), self.max.scaleb(self.places)
        return int(least.to_integral_value("ROUND_CEILING")), int(
            most.to_integral_value("ROUND_FLOOR")
        )

    @model_validator(mode="after")
    def _has_a_number(self) -> "DecimalVariable":
        if self.steps[0] > self.steps[1]:
            raise ValueError(
                f"no number of {self.places} places lies from {self.min} to {self.max}"
            )
        return self


class DateVariable(_Declared):
    """A day of the calendar."""

    bounds = ("earliest", "latest")
    type: Literal["date"]
    """The way it is drawn."""
    earliest: date
    """The first day."""
    latest: date
    """The last day, itself included."""
    format: str = "%Y-%m-%d"
    """As ``strftime`` takes it."""


def _compiles(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            # "Possible nested set": a bracket or a doubled sign in a set that Python may read
            # otherwise some day.
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{pattern!r:.200} is no regular expression of Python: {error}") from None
    except FutureWarning as error:
        raise ValueError(f"{pattern!r:.200}: {error}, escape it with a backslash") from None
    return pattern


class RegexVariable(_Declared):
    """Any text that a regular expression of Python matches as a whole."""

    type: Literal["regex"]
    """The way it is drawn."""
    pattern: Annotated[str, AfterValidator(_compiles)]
    """The expression."""


Variable = Annotated[
    SampleVariable
    | WordsVariable
    | TextVariable
    | IntegerVariable
    | DecimalVariable
    | DateVariable
    | RegexVariable,
    Field(discriminator="type"),
]
Variables = Mapping[str, Variable]
