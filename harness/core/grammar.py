"""A Grammar: the JSON schema that constrained decoding holds an answer to."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grammar:
    """A JSON schema as a grammar. Two of them are equal where their schemas are."""

    schema: str
    """JSON text; the order of its properties is the order in which an answer gives them."""
    library: str = field(compare=False)
    """Name and version of the library that reads the schema: ``llguidance 1.9.1``."""
