"""What parity says of a chain of models, as plain values that a file can hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token at a place; ``None`` in its stead means that there is none."""

    id: int
    text: str | None
    """What it decodes to; ``None`` where nobody could be asked."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One prompt that two models read in two ways."""

    task: str
    case_id: str
    kind: Literal["text", "tokens", "error"]
    """``text``: another rendered prompt; ``tokens``: the same text, other tokens; ``error``: one of
    them cannot render it."""
    position: int
    """The first character that differs, or the first token, from 0."""
    before: str
    """What stands there: a stretch of text, or the token's id and text."""
    after: str


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """One thing that a vocabulary says of itself and two models say differently."""

    name: str
    """``chat template``, ``BOS``, ``EOS``, ``PAD``, ``end of answer``, ``vocabulary``."""
    before: str
    after: str
    is_wrong: bool
    """Whether it changes what is asked or where an answer ends."""


@dataclass(frozen=True, slots=True)
class TokenizationParity:
    """Whether two models read the same prompts as the same tokens."""

    prompts: int
    mismatched: int
    mismatches: tuple[Mismatch, ...] = ()
    """The first of them."""
    settings: tuple[SettingDifference, ...] = ()

    @property
    def is_same(self) -> bool:
        return not self.mismatched and not any(s.is_wrong for s in self.settings)


@dataclass(frozen=True, slots=True)
class StepMismatch:
    """One prompt after which two models like another token best."""

    task: str
    case_id: str
    before: TokenText
    after: TokenText
    margin_before: float
    """By how much the model before prefers its token over the next best, in logits."""
    margin_after: float


@dataclass(frozen=True, slots=True)
class FirstStep:
    """The logits of the first token of the answer, of two models after the same prompts."""

    prompts: int
    agreeing: int
    """Prompts after which both like the same token best."""
    max_difference: float
    """The largest difference of any logit."""
    mean_difference: float
    """The mean of the absolute differences of all logits."""
    mismatches: tuple[StepMismatch, ...] = ()

    @property
    def agreement(self) -> float:
        return self.agreeing / self.prompts


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first token at which two answers to the same case part."""

    case_id: str
    repeat: int
    position: int
    """Of the token in the answer, from 0."""
    before: TokenText | None
    """``None``: the answer was cut off here."""
    after: TokenText | None
    margin_before: float | None = None
    """By how much the model before prefers its token over the next best, in logits, after the
    prompt and what both answers share; ``None``: not measured."""
    margin_after: float | None = None
    shift: float | None = None
    """By how much the two models differ in what they make of the two tokens: ``before``'s
    preference for its token over the other one, plus ``after``'s for its own, in logits."""
    regressed: tuple[str, ...] = ()
    """Behaviors that passed before and fail after."""
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flips:
    """One behavior over all cases that both models were judged on."""

    behavior: str
    rate_before: float | None
    rate_after: float | None
    regressed: int
    fixed: int


@dataclass(frozen=True, slots=True)
class AnswerParity:
    """The answers of two models to one task."""

    task: str
    cases: int
    """That both answered."""
    identical: int
    """Of them, those with the same text and the same ending."""
    flips: tuple[Flips, ...] = ()
    """``format_success_rate`` first."""
    divergences: tuple[Divergence, ...] = ()
    """The first of those that differ; the ones that flip a behavior before the others."""

    @property
    def differing(self) -> int:
        return self.cases - self.identical

    @property
    def success(self) -> Flips | None:
        """The composite, where it was judged."""
        return next((f for f in self.flips if f.behavior == "format_success_rate"), None)


@dataclass(frozen=True, slots=True)
class PairParity:
    """Two neighbours of the chain."""

    before: str
    """``ModelRecord.ref``."""
    after: str
    is_copy: bool
    """Whether ``after`` is ``before`` in another form; else it was trained further."""
    reading: TokenizationParity | None = None
    """``None``: one of them could not be asked; ``notes`` say why."""
    first_step: FirstStep | None = None
    answers: tuple[AnswerParity, ...] = ()
    """By task."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelMeasure:
    """What one model takes."""

    ref: str
    name: str
    size_bytes: int | None = None
    """Of its weights on disk, an adapter's base included."""
    peak_memory_mb: float | None = None
    """In MB of 10^6 bytes."""
    tokens_per_second: float | None = None
    """Generated tokens over the time of all batches."""
    p50_seconds: Mapping[str, float] = field(default_factory=dict)
    """Latency of one request alone, by task."""
    p95_seconds: Mapping[str, float] = field(default_factory=dict)
    success: Mapping[str, float] = field(default_factory=dict)
    """``format_success_rate``, by task."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Parity:
    """Everything about one chain."""

    run: str
    """The id of the run whose answers are compared."""
    models: tuple[ModelMeasure, ...]
    pairs: tuple[PairParity, ...]
    schema_version: int = SCHEMA_VERSION
