"""A Grammar: the JSON schema that constrained decoding holds an answer to."""

import json
from dataclasses import dataclass, field
from functools import lru_cache

KEPT = 16_384
"""Grammars of cases that are kept."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """A JSON schema as a grammar. Two of them are equal where their schemas are."""

    schema: str
    """JSON text; the order of its properties is the order in which an answer gives them."""
    library: str = field(compare=False)
    """Name and version of the library that reads the schema: ``llguidance 1.9.1``."""

    @classmethod
    def of(cls, schema: object, library: str) -> "Grammar":
        """The grammar of a value of ``json.loads``."""
        return cls(json.dumps({} if schema is True else schema, separators=(",", ":")), library)


@lru_cache(KEPT)
def grammar_for(grammar: Grammar | None, declared: str) -> Grammar | None:
    """The grammar of a case: that of its own schema, where its ``declared`` parts have one and
    answers are constrained at all."""
    if grammar is None or not declared:
        return grammar
    own = json.loads(declared)
    if own.get("format", "json") != "json" or own.get("fence") == "required":
        return None
    return Grammar.of(own["schema"], grammar.library) if "schema" in own else grammar
