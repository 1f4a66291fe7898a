"""A Grammar: the JSON schema and the format that constrained decoding holds an answer to."""

import json
from dataclasses import dataclass, field
from functools import lru_cache

from harness.core.answer_formats import GRAMMAR_FORMATS

KEPT = 16_384
"""Grammars of cases that are kept."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """A JSON schema as a grammar. Two of them are equal where their schemas and formats are."""

    schema: str
    """JSON text; the order of its properties is the order in which an answer gives them."""
    library: str = field(compare=False)
    """Name and version of the library that reads the schema: ``llguidance 1.9.1``."""
    format: str = "json"
    """The answer's: one of ``GRAMMAR_FORMATS``."""
    delimiter: str = ","
    """The character between the cells of CSV."""

    @classmethod
    def of(
        cls, schema: object, library: str, form: str = "json", delimiter: str = ","
    ) -> "Grammar":
        """The grammar of a value of ``json.loads``."""
        text = json.dumps({} if schema is True else schema, separators=(",", ":"))
        return cls(text, library, form, delimiter)

    @property
    def identity(self) -> str:
        """The text that tells it from others: the schema, behind the format where that is not
        JSON."""
        if self.format == "json":
            return self.schema
        return f"{self.format} {self.delimiter if self.format == 'csv' else ''} {self.schema}"


@lru_cache(KEPT)
def grammar_for(grammar: Grammar | None, declared: str) -> Grammar | None:
    """The grammar of a case: that of its own schema and format, where its ``declared`` parts have
    some and answers are constrained at all."""
    if grammar is None or not declared:
        return grammar
    own = json.loads(declared)
    form = own.get("format", grammar.format)
    if form not in GRAMMAR_FORMATS or own.get("fence") == "required":
        return None
    schema = own["schema"] if "schema" in own else json.loads(grammar.schema)
    return Grammar.of(schema, grammar.library, form, own.get("delimiter", grammar.delimiter))
