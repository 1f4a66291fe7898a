"""The declarations of a good answer: one model, for ``task.yaml`` and for judging lines.

Checks are made from it, and a behavior's ``NEEDS`` are looked up in it.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from harness.checks.declared.item_rule import Counts, ItemRules
from harness.checks.declared.part_types import (
    Comparisons,
    Delimiter,
    Format,
    Leaves,
    Only,
    Pointers,
    Times,
    are_tools,
    is_count,
)
from harness.checks.declared.reasoning import Reasoning, Reasonings
from harness.checks.declared.strings import Pattern
from harness.checks.equality.rule_tree import Rules
from harness.checks.schema.columns import columns_of
from harness.checks.schema.references import SchemaError
from harness.checks.schema.schema import Schema
from harness.checks.text.company import ALONE, Company, Fence
from harness.checks.text.format_rules import CsvRules, Flow, FormatRules, JsonlRules, YamlRules
from harness.checks.text.wrappers import Wrappers
from harness.checks.tools.rule import CallRule, Calls, Order
from harness.checks.tools.tool import Toolset, toolset_of
from harness.core.answer_formats import VALUE_FORMATS
from harness.core.case import Case, JsonValue
from harness.core.tool_form import Declared
from harness.core.tools import TOOL_CALLS, tools_text

if TYPE_CHECKING:
    from harness.checks.variety import Variety

_CLOCK = {"/timeline/*/ts": {"kind": "game_clock", "sport": "nba", "order": "nonincreasing"}}
"""A second example of times."""
_VALUE, _YAML, _CSV = Only(*VALUE_FORMATS), Only("yaml"), Only("csv")
_TEXT, _PYTHON = Only("text"), Only("python")
_TOOLS = Only(TOOL_CALLS)


class OutputParts(BaseModel):
    """What a task declares of good answers, or a case of its own one, in any part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Format | None = Field(None, examples=["json"])
    """The form of an answer."""
    given_schema: Annotated[JsonValue, _VALUE] = Field(
        None, alias="schema", examples=["schema.json"]
    )
    """A JSON Schema, or the name of a file that holds one."""
    assert_formats: bool | Literal["known"] = False
    """The schema's ``format`` is asserted, and no mere annotation; ``known``: each that is known
    here, while the others say nothing, as to JSON Schema itself.

    With ``true`` a format that nothing here asserts is a mistake of the task: write a
    ``pattern``."""
    reasoning: Annotated[Reasonings, Field(examples=[[["<plan>", "</plan>"]], "allowed"])] = (
        Reasoning()
    )
    """Marks of reasoning beside those that are known, and ``allowed`` where it may stand before an
    answer.

    Checks judge the answer and not the reasoning before, after or between it: in ``<think>`` and
    its kin, ``[THINK]``, the channels of GPT-OSS with and without their tokens, ``◁think▷``,
    ``<seed:think>``, ``<|START_THINKING|>``, Granite's and Ollama's words, and more
    ([the table](../../harness/checks/text/wrapper_table.py)). Marks inside a JSON value are
    content.

    A draft that nothing closes leaves no answer. Text before a closing mark that nothing opens (the
    prompt may have opened it), and text in a tool call, is the answer only where there is no other.

    To ``no_extra_text``, ``json_validity`` and ``python_parses``, which judge the whole completion,
    reasoning is extra text unless it is ``allowed``. A line of ``harness judge`` may have
    ``reasoning`` too."""
    fence: Fence = "forbidden"
    """A Markdown fence around an answer, which then is what the one fence holds.

    A second fence is a second answer (``second_document``). ``json_validity`` and ``no_extra_text``
    fail an answer without a fence that must have one (``fence_missing``), one whose fence is never
    closed (``fence_unclosed``) or has the label of another format (``fence_language``), and words
    outside of it unless there is ``commentary``. Every other behavior judges the content.
    References stay bare: ``harness task check`` and training data write them in a fence."""
    fence_language: str = Field("", examples=["json"])
    """The label that a fence must have; without it none, or any that is not another format's."""
    commentary: bool = False
    """Text may stand before and after the fence."""
    timestamps: Annotated[Times, _VALUE] = Field({}, examples=[{"/date": "date"}, _CLOCK])
    """Values that are times: a kind alone, or with the bounds that its moments keep."""
    grounded: Annotated[Pointers, _VALUE] = Field((), examples=[["/name", "/items/*/price"]])
    """Values that must occur in the prompt.

    [The rules](behaviors.md#grounding) say when a number, a date or a word does."""
    exact: Annotated[Pointers, _VALUE] = Field((), examples=[["/amount"]])
    """Values that must equal the case's reference."""
    leaf_values: Annotated[Leaves, _VALUE] = Field(
        False, examples=[True, {"valid": True, "least_paths": 0.95}]
    )
    """The share of the reference's leaves that are equal in the answer is measured.

    [A share of each answer](../numbers.md#a-share-of-each-answer) says how it is shown. The
    second example is what the Structured Output Benchmark calls value accuracy (of text) and path
    recall, to the last digit, but where ``true`` meets 1, which it calls equal, or a reference has
    no leaf."""
    compare: Annotated[Comparisons, _VALUE] = {}
    """When a value counts as the reference's, for ``exact`` and ``leaf_values``: by JSON pointer,
    for the value there and all that is in it.

    Without a rule values are compared exactly, and items of a list by their place. The rule of the
    longest pointer holds for a number or a text; an empty one, ``{}``, compares exactly again. A
    rule for numbers says nothing of a text, nor one for texts of a number: those are compared
    exactly. Numbers are compared as decimals, so that 47.21 is within 0.01 of 47.2.

    ``harness task check`` tells of a rule that no reference has a use for. Two runs whose rules
    differ are not compared, unless with ``--allow compare``. The page, whose table of keys is
    exact, has no column of the reference there."""
    items: Annotated[Counts, _VALUE] = {}
    """The number of items of lists, by JSON pointer: a number, a range with ``min``, ``max`` or
    both, or ``reference`` for as many as the case's reference has there.

    A list that is missing has no items, so that it fails unless none are allowed. What is no list
    fails in its place, and on the way there. Where the reference has no list, none is wanted.
    ``harness task check`` tells of a pointer at which no reference has a list. Two runs whose
    counts differ are not compared, unless with ``--allow items``."""
    sections: Annotated[tuple[str, ...], _TEXT] = Field((), examples=[["To:", "Request:"]])
    """Headings, each of which begins a line, in this order."""
    quotes: Annotated[tuple[str, ...], _TEXT] = Field((), examples=[["account", "amount"]])
    """Variables of the case whose value stands in the answer, word for word."""
    grounded_patterns: Annotated[Mapping[str, Pattern], _TEXT] = Field(
        {}, examples=[{"amount": r"\$[0-9,]+\.[0-9]{2}\b"}]
    )
    """Name to regular expression: whatever it matches in the answer stands in the prompt too."""
    expected: Annotated[Mapping[str, Pattern], _TEXT] = Field(
        {}, examples=[{"capital": r"(?i)\bparis\b"}]
    )
    """Name to regular expression that matches somewhere in the answer: a right answer in one of its
    spellings. What may stand around an answer is blanks to it, so that a whole one is
    ``\\A\\s*...\\s*\\Z``."""
    forbidden: Annotated[Mapping[str, Pattern], _TEXT] = Field(
        {}, examples=[{"law": r"\b(?:FCRA|Section [0-9]+)\b"}]
    )
    """Name to regular expression that matches nowhere in the answer."""
    words: Annotated[tuple[int, int] | None, _TEXT] = Field(None, examples=[[30, 80]])
    """The least and the most number of words."""
    function: Annotated[str | None, _PYTHON] = Field(None, examples=["function"])
    """The variable of the case that names the function to define."""
    annotations: Annotated[bool, _PYTHON] = False
    """Every parameter and the result of the function are annotated."""
    docstring: Annotated[bool, _PYTHON] = False
    """The function opens with one."""
    flow: Annotated[Flow, _YAML] = "nested"
    """JSON's style of braces and brackets: ``nested`` in a document in block style, ``allowed``
    everywhere, or ``forbidden`` but in lists of scalars.

    JSON is YAML too, and not what was asked for unless it is ``allowed``."""
    anchors: Annotated[bool, _YAML] = False
    """Anchors and aliases may stand in a document."""
    delimiter: Annotated[Delimiter, _CSV] = ","
    """The character between the cells of a row."""
    tools: Annotated[JsonValue, BeforeValidator(are_tools), _TOOLS] = Field(
        None, examples=[[{"type": "function", "function": {"name": "stop"}}]]
    )
    """The tools in OpenAI's form, or the name of a file that holds them: the chat template is given
    them, and calls are judged by them."""
    tool_form: Annotated[Declared, _TOOLS] = Field("auto", examples=["hermes"])
    """The form in which calls are written; ``auto``: as the model's chat template does."""
    calls: Annotated[Calls, BeforeValidator(is_count), _TOOLS] = Field(None, examples=["none", 1])
    """The number of calls, or ``none`` for a plain answer; without it as many as the reference has,
    and at least one."""
    call_order: Annotated[Order, _TOOLS] = Field("free", examples=["fixed"])
    """``fixed``: calls are in the order of the reference's."""
    free_arguments: Annotated[Pointers, _TOOLS] = Field((), examples=[["/note"]])
    """Arguments that need not equal the reference's: pointers into those of a call."""
    strict_arguments: Annotated[bool, _TOOLS] = Field(False, examples=[True])
    """No argument is allowed beside those that a tool's schema names, as in a tool that is
    ``strict``."""

    @property
    def given(self) -> frozenset[str]:
        """Names of the parts that were given; one that is null was not."""
        names = self.model_fields_set & OutputParts.model_fields.keys()
        return frozenset(name for name in names if getattr(self, name) is not None)


class Output(OutputParts):
    """The properties of a good answer: ``output`` in ``task.yaml``."""

    format: Format = Field(examples=["json"])
    """The form of an answer.

    ``jsonl`` is one JSON value on each line, and ``csv`` a table with a header. To all that is
    declared of values such an answer is a list, of the lines or of an object for each row, as
    [jsonl_validity](behaviors.md#jsonl_validity) and [csv_validity](behaviors.md#csv_validity)
    say; a reference is that list."""
    given_schema: Annotated[str | None, _VALUE] = Field(
        None, alias="schema", examples=["schema.json"]
    )
    """The file that holds the JSON Schema 2020-12, beside ``task.yaml``; in a case the schema
    itself, or the name of a file with one.

    A case's own schema is compiled when its answer is judged, so that ten thousand of them are read
    in seconds; ``harness task check`` compiles each. What a case holds is in the hash of the cases,
    and in the record. ``harness judge --task`` goes by the schema of a line before that of its
    case, and says so."""
    _schema: Schema | Callable[[], Schema] | None = PrivateAttr(None)

    @property
    def json_schema(self) -> Schema | None:
        """The compiled schema; ``None`` before ``with_schema``, or where there is none.

        Raises:
            SchemaError: it was to be compiled when it is needed, and is no schema.
        """
        if callable(self._schema):
            self._schema = self._schema()
        return self._schema

    @property
    def has_value(self) -> bool:
        """Answers are values, which pointers lead into."""
        return self.format in VALUE_FORMATS

    @property
    def rules(self) -> Rules:
        """When a value counts as the reference's, by pointer."""
        return tuple(self.compare.items())

    @property
    def item_rules(self) -> ItemRules:
        """How many items lists have, by pointer."""
        return tuple(self.items.items())

    def schema_problem(self) -> str:
        """The reason why the schema, or a tool's, cannot be compiled; empty where they can."""
        try:
            _ = self.json_schema
        except SchemaError as error:
            return str(error)
        return self.toolset.problem() if self.tools is not None else ""

    @property
    def wrappers(self) -> Wrappers:
        """The known marks of reasoning and tool calls, the task's own, and what may stand around an
        answer."""
        company = Company(
            self.fence,
            self.fence_language,
            self.commentary,
            self.reasoning.allowed,
            self.format,
        )
        around = ALONE if company.is_none else company
        return Wrappers(self.reasoning.marks, around, self._format_rules)

    @property
    def _format_rules(self) -> FormatRules | None:
        """How answers are read that are no JSON; the schema says which columns CSV has."""
        if self.format == "csv":
            schema = self.json_schema
            return CsvRules(self.delimiter, columns_of(schema) if schema else ())
        if self.format == "yaml":
            return YamlRules(self.flow, self.anchors)
        return JsonlRules() if self.format == "jsonl" else None

    @property
    def call_rule(self) -> CallRule:
        """The calls that an answer has."""
        return CallRule(self.tool_form, self.calls, self.commentary, self.wrappers)

    @property
    def tools_text(self) -> str:
        """The tools as JSON text; empty where there are none."""
        return "" if self.tools is None else tools_text(self.tools)

    @property
    def toolset(self) -> Toolset:
        """The tools, whose schemas are compiled when they are needed."""
        assert self.tools is not None, "NEEDS says so"
        return toolset_of(self.tools_text, self.strict_arguments)

    def with_schema(self, schema: Schema | Callable[[], Schema] | None) -> "Output":
        """The same declarations with their schema, wherever that was written; a function compiles
        it when it is needed."""
        made = self.model_copy()
        made._schema = schema
        return made

    def with_parts(self, parts: OutputParts) -> "Output":
        """The declarations with those of a case in the place of their own; the compiled schema
        stays.

        Raises:
            ValueError: they do not fit together.
        """
        given = {n: getattr(parts, n) for n in parts.given}
        made = self.model_copy(update=given)
        made.require_fit()
        return made

    @property
    def declares(self) -> frozenset[str]:
        """The format and the parts that are declared, as ``NEEDS`` names them.

        ``edges``: it is known where an answer begins and ends. ``json_text``: it is written in
        JSON. ``grounded``: pointers or patterns.
        """
        values = {
            key: getattr(self, name)
            for key, name in self.parts_of(self.format).items()
            if getattr(self, name) != type(self).model_fields[name].default
        }
        is_declared = {key: bool(value) for key, value in values.items() if value is not True} | {
            "schema": self._schema is not None,
            "json_text": self.format in ("json", "jsonl"),
            "grounded": bool(self.grounded or self.grounded_patterns),
            "edges": self.format != TOOL_CALLS and (self.format != "text" or bool(self.sections)),
        }
        return frozenset({self.format, *(key for key in is_declared if is_declared[key])})

    @classmethod
    @cache
    def parts_of(cls, form: str) -> Mapping[str, str]:
        """The declarations that answers of a format can have and others cannot: key in
        ``task.yaml`` to field."""
        return {
            field.alias or name: name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, Only) and form in mark.formats for mark in field.metadata)
        }

    @model_validator(mode="after")
    def _fits_format(self) -> "Output":
        self.require_fit()
        return self

    def require_fit(self) -> None:
        """
        Raises:
            ValueError: a part is for answers of another format, or says nothing.
        """
        own = frozenset(self.parts_of(self.format).values())
        for name in sorted(self.model_fields_set - own):
            field = type(self).model_fields[name]
            only = next((mark for mark in field.metadata if isinstance(mark, Only)), None)
            if only and getattr(self, name) != field.default:
                key, form = field.alias or name, only.formats[0]
                raise ValueError(f"{key} needs format: {form}, not {self.format}")
        if self.format == TOOL_CALLS and self.fence != "forbidden":
            raise ValueError("fence is for answers of another format than tool_calls")
        for key in ("commentary", "fence_language"):
            is_of_calls = key == "commentary" and self.format == TOOL_CALLS
            if getattr(self, key) and self.fence == "forbidden" and not is_of_calls:
                raise ValueError(f"{key} needs fence: allowed or required")
        if self.words and not 0 <= self.words[0] <= self.words[1]:
            raise ValueError(f"words: the least is above the most: {list(self.words)}")


class RunDeclarations(Protocol):
    """A task's declarations about whole runs."""

    @property
    def output(self) -> Output: ...
    @property
    def budgets(self) -> Mapping[str, float]: ...
    @property
    def variety(self) -> "Variety | None": ...
    def output_for(self, case: Case) -> Output: ...
