"""The form of ``task.yaml`` and of a line of ``cases.jsonl``, as pydantic models.

``harness.tasks.task`` turns them into a Task.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from math import inf
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from harness.checks import listing
from harness.checks.declared.output import Output, OutputParts
from harness.checks.variety import Variety
from harness.core.answer_formats import LIST_FORMATS
from harness.core.case import JsonValue
from harness.core.plan import Sampling
from harness.core.template_arguments import Scalar, checked
from harness.tasks.variables import Variables

VARIABLE = re.compile(r"\{(\w+)\}")
"""A place of a prompt that a case's variable is put into."""


@cache
def limit_budgets() -> tuple[str, ...]:
    """Budgets that are a most, in the unit of their name; every other one is a least pass rate."""
    return tuple(name for behavior in listing().values() for name in behavior.budgets)


def _require_json(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise ValueError("NaN and Infinity are no JSON, write null or a number") from None
    return value


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


MAX_INT = 2**31 - 1
"""The largest number of tokens that every backend can hold."""
MAX_SEED = 2**63 - 1


class SamplingFile(Strict):
    """Decoding parameters."""

    max_new_tokens: int = Field(256, gt=0, le=MAX_INT)
    """Where an answer is cut off."""
    temperature: float = Field(0.0, ge=0, allow_inf_nan=False)
    """0 takes the likeliest token, above it is sampled."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Sample among the likeliest tokens that have this much of the probability together."""
    top_k: int = Field(0, ge=0, le=MAX_INT)
    """Sample among so many of the likeliest tokens; 0 keeps every token."""
    repetition_penalty: float = Field(1.0, gt=0, allow_inf_nan=False)
    """Above 1 a token that the text has already becomes less likely."""
    seed: int = Field(0, ge=-MAX_SEED, le=MAX_SEED)
    """Of sampled decoding."""

    def value(self) -> Sampling:
        return Sampling(**self.model_dump())


def in_range(budgets: Mapping[str, float]) -> Mapping[str, float]:
    """The budgets, of which each is a most above 0 or a rate.

    Raises:
        ValueError: one is neither.
    """
    for name, value in budgets.items():
        if name in limit_budgets():
            if not 0 < value < inf:
                raise ValueError(f"{name} is a most and must be above 0, not {value}")
        elif name.endswith(("_seconds", "_mb")):
            raise ValueError(f"no budget {name}; there are {', '.join(limit_budgets())}")
        elif not 0 <= value <= 1:
            raise ValueError(f"{name} is a least pass rate from 0 to 1, not {value}")
    return budgets


class StatedFile(Strict):
    """Numbers about the task that were measured elsewhere: shown beside a run's, deciding nothing,
    since no cases are behind them to compare with."""

    by: str = Field(min_length=1, examples=["the owner of the coder"])
    """Who measured them, when and on what: one line."""
    numbers: Mapping[str, float] = Field(
        min_length=1, examples=[{"format_success_rate": 0.987, "latency_mean_seconds": 20.1}]
    )
    """By the names of budgets."""

    @field_validator("numbers")
    @classmethod
    def _in_range(cls, numbers: Mapping[str, float]) -> Mapping[str, float]:
        return in_range(numbers)


class TaskFile(Strict):
    """``task.yaml``."""

    description: str = Field(examples=["Read a payment, answer with one JSON object."])
    """One line for reports."""
    system: str | None = Field(None, examples=["Be exact."])
    """The system message of every case."""
    prompt: str | None = Field(None, examples=["Answer with JSON. Text: {text}"])
    """Rendered for each case: ``{name}`` is replaced by the case's variable, every other brace
    stays. Without it each case brings its own messages."""
    variables: Variables = Field({}, examples=[{"amount": {"type": "integer", "max": 99}}])
    """The way ``pytest --generate N`` draws the prompt's variables."""
    output: Output = Field(examples=[{"format": "json", "schema": "schema.json"}])
    """The properties of a good answer."""
    variety: Variety | None = Field(None, examples=[{"fields": ["/name"]}])
    """What may not take over the answers of a run.

    It is judged over a run of at least ten cases, and it has no budget."""
    sampling: SamplingFile = Field(SamplingFile(), examples=[{"max_new_tokens": 96}])
    """Decoding; greedy, and at most 256 tokens, if left out."""
    template: Annotated[Mapping[str, Scalar], BeforeValidator(checked)] = Field(
        {}, examples=[{"enable_thinking": False}]
    )
    """Arguments of the chat template, which it reads beside the conversation.

    ``{enable_thinking: false}`` is for Qwen3 and SmolLM3, ``{reasoning_effort: low}`` for gpt-oss.
    They belong to each prompt's hash and to the record, so runs with other arguments are not
    compared as if they asked the same. A model whose template does not read one gets a warning.
    ``--template-arg enable_thinking=false`` goes before the task's own; a recipe has the same key,
    for training. It is the same for transformers models and GGUF files.

    A template that reads the clock (``strftime_now``) is told 2025-01-01 12:00 in every run and in
    training, so that two runs of one plan ask the same prompts; the record says so, and
    ``harness doctor`` does."""
    budgets: Mapping[str, float] = Field(
        {}, examples=[{"json_validity": 0.98, "latency_p95_seconds": 2.0}]
    )
    """The least pass rate of a behavior, from 0 to 1; latency and memory are a most.

    A behavior without a budget must hold in 95% of the cases. ``format_success_rate`` may have one
    too. Latency and memory are measured where there is a budget for them. A time that is missed on
    a busy machine says so (``2 cores, load 13: times mean little``), and the record keeps the load
    before and during the run. ``repair_lift`` is the least share that is JSON after a program has
    repaired it: without a budget both rates are reported and none is held."""
    stated: StatedFile | None = Field(
        None, examples=[{"by": "the owner", "numbers": {"format_success_rate": 0.987}}]
    )
    """Numbers that were measured elsewhere: shown beside a run's, deciding nothing.

    They stand under the table of every run, with who said so. No cases are behind them, so that
    nothing can be paired or tested with them: what must be reached stands in ``budgets``. To be
    gated against the model itself, run it and ``harness baseline save`` it."""
    required: tuple[str, ...] | None = Field(None, examples=[["json_validity", "schema_types"]])
    """Behaviors that count into ``format_success_rate``; by default every behavior with a rate
    among the budgets.

    ``leaf_values`` is not among those by default: a case would have to be right in whole."""
    latency_cases: int = Field(20, gt=0, examples=[50])
    """Cases that are asked one at a time when latency is measured."""
    kept: bool = False
    """A skill that is not trained and must not be lost: the gate holds it to its own margin."""

    @model_validator(mode="after")
    def _varies_in_values(self) -> "TaskFile":
        form, fields = self.output.format, self.variety.fields if self.variety else ()
        if fields and not self.output.has_value:
            raise ValueError(
                f"variety: fields are values, and answers in format: {form} have none, name "
                "fallback_phrases"
            )
        for pointer in fields if form in LIST_FORMATS else ():
            if pointer and not re.match(r"/(\*|[0-9]+)(/|$)", pointer):
                raise ValueError(
                    f"variety: fields: {pointer}: an answer in format: {form} is a list, write "
                    f"/*{pointer}"
                )
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
        return in_range(budgets)


class MessageFile(Strict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    """Who says it."""
    content: str
    """Its text."""


class CaseSampling(Strict):
    """The part of the decoding that a case may have for itself."""

    max_new_tokens: int = Field(gt=0, le=MAX_INT)
    """Where its answer is cut off."""


class CaseData(Strict):
    """A case: its prompt, its reference, and what it belongs to."""

    id: str = Field(min_length=1, examples=["tickets"])
    """Unique in the task."""
    variables: dict[str, JsonValue] = Field({}, examples=[{"text": "Ada paid $49.99."}])
    """Values for the places of the task's prompt, and what ``quotes`` and ``function`` name."""
    messages: tuple[MessageFile, ...] | None = Field(
        None, examples=[[{"role": "user", "content": "Ada paid $49.99."}]]
    )
    """The whole conversation, in place of ``prompt``; the last message is the user's."""
    reference: JsonValue = Field(None, examples=[{"name": "Ada", "amount": 49.99}])
    """The perfect answer: a value for JSON and YAML, one call of a tool or a list of them, the text
    itself for text and Python."""
    references: tuple[JsonValue, ...] = Field((), examples=[[{"day": "Monday"}, {"day": "Mon"}]])
    """Several perfect answers, in the place of ``reference``: an answer is right where it is one of
    them.

    It is held against each, and told of the nearest. The first is the one that is shown, learned
    from, and corrupted by ``harness task check``, which holds each of them to the task."""
    tags: tuple[str, ...] = Field((), examples=[["currency:USD"]])
    """Slices for reports."""
    template: str = Field("", examples=["paid"])
    """The wording it was made from: cases that share it are one cluster to the statistics."""
    must_pass: bool = False
    """The gate calls its failure a regression whatever the rates say, also where it failed before.

    ``harness task promote --review`` sets it for the starred cases of
    [a review](../report.md#your-review)."""
    weight: float = Field(1.0, gt=0, allow_inf_nan=False, examples=[2])
    """Its weight in means of shares, beside the others'."""
    sampling: CaseSampling | None = Field(None, examples=[{"max_new_tokens": 400}])
    """The case's own limit, in the place of the task's."""

    @model_validator(mode="after")
    def _has_one_kind_of_reference(self) -> "CaseData":
        if self.references and self.reference is not None:
            raise ValueError("reference and references: one of the two")
        if None in self.references:
            raise ValueError("references: null is no reference")
        return self

    @field_validator("variables", "reference", "references")
    @classmethod
    def _is_json(cls, value: Any) -> Any:
        """A record is JSON: what it cannot hold is refused here, and not after hours of running."""
        return _require_json(value)


class CaseLine(OutputParts, CaseData):
    """One line of ``cases.jsonl``: a case, with parts of ``output`` that are its own, each in the
    place of the task's."""

    @property
    def declared(self) -> str:
        """The parts of ``output`` that the line gives, as JSON text; empty where there are none."""
        return self.model_dump_json(include=set(self.given), by_alias=True) if self.given else ""

    @field_validator("given_schema")
    @classmethod
    def _is_schema(cls, value: Any) -> Any:
        """A schema is compiled when its case is judged; what is none at all is said here."""
        if not isinstance(value, dict | bool | str | None):
            raise ValueError("a schema is an object, true or false, or the name of a file with one")
        return _require_json(value)
