"""What may stand in ``task.yaml`` and in a line of ``cases.jsonl``, as pydantic models.

This file knows the form of a task's files; ``harness.tasks.task`` turns them into a Task.
"""

import re
from collections.abc import Mapping
from math import inf, isfinite
from typing import Annotated, Any, Literal

import regex
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from harness.core.case import JsonValue
from harness.core.plan import Sampling
from harness.tasks.variables import Variables

LIMIT_BUDGETS = (
    "latency_p50_seconds",
    "latency_p95_seconds",
    "first_token_seconds",
    "peak_memory_mb",
)
"""Budgets that are a most, in the unit of their name; every other budget is a least pass rate."""
RUN_RATES = ("repair_lift",)
"""Least rates that are judged over a whole run: no case by itself passes or fails them."""

VARIABLE = re.compile(r"\{(\w+)\}")
"""What a prompt puts a case's variable in the place of."""
Pointer = Annotated[str, Field(pattern=r"^(/[^/]*)+$")]
"""A JSON pointer; ``*`` stands for every item of an array."""


def _compiles(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression of the ``regex`` library, searched for."""
_NEEDED_FORMAT = {
    **dict.fromkeys(("schema_file", "timestamps", "grounded", "exact"), "json"),
    **dict.fromkeys(("sections", "quotes", "grounded_patterns", "forbidden", "words"), "text"),
    **dict.fromkeys(("function", "annotations", "docstring"), "python"),
}


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return all(map(_is_finite, value)) if isinstance(value, list) else True


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimestampFile(Strict):
    """What kind of time a value is and what bounds it keeps."""

    kind: Literal["date", "game_clock"]
    earliest: str | None = None
    latest: str | None = None
    order: Literal["any", "nondecreasing", "nonincreasing"] = "any"
    period_minutes: int = Field(12, gt=0)
    overtime_minutes: int = Field(5, gt=0)


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


class OutputFile(Strict):
    """What a good answer must be."""

    format: Literal["json", "text", "python"]
    schema_file: str | None = Field(None, alias="schema")
    assert_formats: bool = False
    timestamps: Mapping[Pointer, Annotated[TimestampFile, BeforeValidator(_kind_alone)]] = {}
    grounded: tuple[Pointer, ...] = ()
    """Values that must occur in the prompt."""
    exact: tuple[Pointer, ...] = ()
    """Values that must equal the case's reference."""
    sections: tuple[str, ...] = ()
    """Headings, each of which begins a line, in this order."""
    quotes: tuple[str, ...] = ()
    """Variables of the case whose value stands in the answer, word for word."""
    grounded_patterns: Mapping[str, Pattern] = {}
    """Name to regular expression: whatever it matches in the answer stands in the prompt too."""
    forbidden: Mapping[str, Pattern] = {}
    """Name to regular expression that matches nowhere in the answer."""
    words: tuple[int, int] | None = None
    """The least and the most number of words."""
    function: str | None = None
    """The variable of the case that names the function to define."""
    annotations: bool = False
    """Every parameter and the result of the function are annotated."""
    docstring: bool = False
    """The function opens with one."""

    @model_validator(mode="after")
    def _fits_format(self) -> "OutputFile":
        for name, needed in _NEEDED_FORMAT.items():
            if getattr(self, name) and self.format != needed:
                key = name.removesuffix("_file")
                raise ValueError(f"{key} needs format: {needed}, not {self.format}")
        if self.words and not 0 <= self.words[0] <= self.words[1]:
            raise ValueError(f"words: the least is above the most: {list(self.words)}")
        return self


class SamplingFile(Strict):
    """Decoding parameters; see ``harness.core.plan.Sampling``."""

    max_new_tokens: int = Field(256, gt=0)
    temperature: float = Field(0.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0)
    repetition_penalty: float = Field(1.0, gt=0)
    seed: int = 0

    def value(self) -> Sampling:
        return Sampling(**self.model_dump())


class VarietyFile(Strict):
    """What may not take over the answers of a run; see ``harness.checks.variety``."""

    fields: tuple[Pointer, ...] = ()
    """Values that should differ from case to case."""
    fallback_phrases: tuple[str, ...] = ()
    """What a model says when it knows nothing."""
    max_share: float = Field(0.2, gt=0, le=1)
    """The most of all answers that may hold one value or one phrase."""

    @model_validator(mode="after")
    def _says_something(self) -> "VarietyFile":
        if not (self.fields or self.fallback_phrases):
            raise ValueError("variety needs fields or fallback_phrases, name what should vary")
        return self


class TaskFile(Strict):
    """``task.yaml``."""

    description: str
    system: str | None = None
    prompt: str | None = None
    """Rendered for each case: ``{name}`` is replaced by the case's variable, every other brace
    stays. Without it each case brings its own messages."""
    variables: Variables = {}
    """How ``--generate`` draws the prompt's variables; see ``harness.tasks.variables``."""
    output: OutputFile
    variety: VarietyFile | None = None
    sampling: SamplingFile = SamplingFile()
    budgets: Mapping[str, float] = {}
    required: tuple[str, ...] | None = None
    """Behaviors that count into ``format_success_rate``; by default every behavior with a rate
    among the budgets."""
    latency_cases: int = Field(20, gt=0)
    """How many cases are generated one at a time when latency is measured."""

    @model_validator(mode="after")
    def _varies_in_json(self) -> "TaskFile":
        if self.variety and self.variety.fields and self.output.format != "json":
            raise ValueError(f"variety: fields needs format: json, not {self.output.format}")
        return self

    @model_validator(mode="after")
    def _draws_what_is_asked_for(self) -> "TaskFile":
        missing = [n for n in VARIABLE.findall(self.prompt or "") if n not in self.variables]
        if self.variables and self.prompt is None:
            raise ValueError("variables: there is no prompt to put them into, add prompt")
        if self.variables and missing:
            raise ValueError(
                f"variables: the prompt asks for {{{missing[0]}}}, say how it is drawn"
            )
        return self

    @field_validator("budgets")
    @classmethod
    def _in_range(cls, budgets: Mapping[str, float]) -> Mapping[str, float]:
        for name, value in budgets.items():
            if name in LIMIT_BUDGETS:
                if not 0 < value < inf:
                    raise ValueError(f"{name} is a most and must be above 0, not {value}")
            elif name.endswith(("_seconds", "_mb")):
                raise ValueError(f"no budget {name}; there are {', '.join(LIMIT_BUDGETS)}")
            elif not 0 <= value <= 1:
                raise ValueError(f"{name} is a least pass rate from 0 to 1, not {value}")
        return budgets


class MessageFile(Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class CaseLine(Strict):
    """One line of ``cases.jsonl``."""

    id: str = Field(min_length=1)
    variables: dict[str, JsonValue] = {}
    messages: tuple[MessageFile, ...] | None = None
    reference: JsonValue = None
    tags: tuple[str, ...] = ()
    template: str = ""
    must_pass: bool = False

    @field_validator("variables", "reference")
    @classmethod
    def _is_json(cls, value: Any) -> Any:
        """A record is JSON: what it cannot hold is refused here, and not after hours of running."""
        if not _is_finite(value):
            raise ValueError("NaN and Infinity are no JSON, write null or a number")
        return value
