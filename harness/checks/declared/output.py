"""The declarations of a good answer: one model, for ``task.yaml`` and for judging lines.

Checks are made from it, and a behavior's ``NEEDS`` are looked up in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from harness.checks.declared.timestamp_rule import Kind, TimestampRule
from harness.checks.json.wording import list_of
from harness.checks.schema.schema import Schema
from harness.checks.text.text_patterns import compile_text_pattern
from harness.checks.text.wrappers import Wrappers
from harness.core.errors import HarnessError

if TYPE_CHECKING:
    from harness.checks.variety import Variety

Format = Literal["json", "text", "python"]


@dataclass(frozen=True, slots=True)
class Only:
    """Marks a declaration that only one format can have."""

    format: str


def _is_pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError(f"{text!r} is no JSON pointer: it begins with /")
    return text


def _compiles(pattern: str) -> str:
    try:
        compile_text_pattern(pattern)
    except HarnessError as error:
        raise ValueError(str(error)) from None
    return pattern


def _are_distinct(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    openings, closings = ({pair[side] for pair in pairs} for side in (0, 1))
    if blank := [pair for pair in pairs if not (pair[0].strip() and pair[1].strip())]:
        raise ValueError(f"{list(blank[0])}: a mark of reasoning must not be blank")
    if both := sorted(openings & closings):
        raise ValueError(f"{both[0]!r} opens and closes reasoning, the two marks must differ")
    return pairs


def _rule(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


Pointer = Annotated[str, AfterValidator(_is_pointer)]
"""A JSON pointer; ``*`` stands for every item of an array."""
Pointers = Annotated[tuple[Pointer, ...], Field(description="a list of JSON pointers")]
Times = Annotated[
    Mapping[Pointer, Annotated[TimestampRule, BeforeValidator(_rule)]],
    Field(description=f"an object of JSON pointer to {list_of(get_args(Kind))}"),
]
Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression of the ``regex`` library, searched for."""
OwnMarks = Annotated[
    tuple[tuple[str, str], ...],
    AfterValidator(_are_distinct),
    Field(description="a list of pairs of an opening and a closing mark, all of them distinct"),
]
_JSON, _TEXT, _PYTHON = Only("json"), Only("text"), Only("python")


class Output(BaseModel):
    """The properties of a good answer: ``output`` in ``task.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format
    schema_file: Annotated[str | None, _JSON] = Field(None, alias="schema")
    assert_formats: bool = False
    reasoning: OwnMarks = ()
    """Opening and closing marks of reasoning, beside those that are known."""
    timestamps: Annotated[Times, _JSON] = {}
    grounded: Annotated[Pointers, _JSON] = ()
    """Values that must occur in the prompt."""
    exact: Annotated[Pointers, _JSON] = ()
    """Values that must equal the case's reference."""
    sections: Annotated[tuple[str, ...], _TEXT] = ()
    """Headings, each of which begins a line, in this order."""
    quotes: Annotated[tuple[str, ...], _TEXT] = ()
    """Variables of the case whose value stands in the answer, word for word."""
    grounded_patterns: Annotated[Mapping[str, Pattern], _TEXT] = {}
    """Name to regular expression: whatever it matches in the answer stands in the prompt too."""
    forbidden: Annotated[Mapping[str, Pattern], _TEXT] = {}
    """Name to regular expression that matches nowhere in the answer."""
    words: Annotated[tuple[int, int] | None, _TEXT] = None
    """The least and the most number of words."""
    function: Annotated[str | None, _PYTHON] = None
    """The variable of the case that names the function to define."""
    annotations: Annotated[bool, _PYTHON] = False
    """Every parameter and the result of the function are annotated."""
    docstring: Annotated[bool, _PYTHON] = False
    """The function opens with one."""
    _schema: Schema | None = PrivateAttr(None)

    @property
    def json_schema(self) -> Schema | None:
        """The compiled schema; ``None`` before ``with_schema``, or where there is none."""
        return self._schema

    @property
    def wrappers(self) -> Wrappers:
        """The known marks of reasoning and tool calls, and the task's own."""
        return Wrappers(self.reasoning)

    def with_schema(self, schema: Schema | None) -> "Output":
        """The same declarations with their schema, wherever that was written."""
        made = self.model_copy()
        made._schema = schema
        return made

    @property
    def declares(self) -> frozenset[str]:
        """The format and the parts that are declared, as ``NEEDS`` names them.

        ``edges``: it is known where an answer begins and ends. ``grounded``: pointers or patterns.
        """
        values = {
            key: getattr(self, name)
            for form in get_args(Format)
            for key, name in self.parts_of(form).items()
        }
        is_declared = {key: bool(value) for key, value in values.items() if value is not True} | {
            "schema": self._schema is not None,
            "grounded": bool(self.grounded or self.grounded_patterns),
            "edges": self.format != "text" or bool(self.sections),
        }
        return frozenset({self.format, *(key for key in is_declared if is_declared[key])})

    @classmethod
    def parts_of(cls, form: str) -> Mapping[str, str]:
        """The declarations for answers of one format alone: key in ``task.yaml`` to field."""
        return {
            field.alias or name: name
            for name, field in cls.model_fields.items()
            if Only(form) in field.metadata
        }

    @model_validator(mode="after")
    def _fits_format(self) -> "Output":
        for form in get_args(Format):
            for key, name in self.parts_of(form).items():
                if getattr(self, name) and self.format != form:
                    raise ValueError(f"{key} needs format: {form}, not {self.format}")
        if self.words and not 0 <= self.words[0] <= self.words[1]:
            raise ValueError(f"words: the least is above the most: {list(self.words)}")
        return self


class RunDeclarations(Protocol):
    """A task's declarations about whole runs."""

    @property
    def output(self) -> Output: ...
    @property
    def budgets(self) -> Mapping[str, float]: ...
    @property
    def variety(self) -> "Variety | None": ...
