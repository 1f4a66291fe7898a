"""What a task allows in an answer of another format than JSON: who reads it goes by the class."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Flow = Literal["nested", "allowed", "forbidden"]


@dataclass(frozen=True, slots=True)
class YamlRules:
    """What an answer in YAML may have."""

    flow: Flow = "nested"
    """JSON's style of braces and brackets: within a document in block style, everywhere, or
    nowhere but in lists of scalars."""
    anchors: bool = False
    """Anchors and aliases may stand in it."""


@dataclass(frozen=True, slots=True)
class JsonlRules:
    """An answer in JSON Lines has nothing to be declared."""


class Column(NamedTuple):
    """A column of which a schema says something."""

    name: str
    types: frozenset[str]
    """JSON Schema's names of the types that its values may have; empty: any."""


@dataclass(frozen=True, slots=True)
class CsvRules:
    """What an answer in CSV looks like."""

    delimiter: str = ","
    columns: tuple[Column, ...] = ()
    """Those that the schema names; without a schema none."""


FormatRules = YamlRules | JsonlRules | CsvRules
