"""The parity of a chain of models, as plain values that ``parity.json`` holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token at a position; ``None`` where the sequence ended."""

    id: int
    text: str | None
    """Its decoded text; ``None`` where no model could decode it."""


@dataclass(frozen=True, slots=True)
class PromptMismatch:
    """One prompt that two models render or tokenize differently."""

    task: str
    case_id: str
    kind: Literal["text", "tokens", "error"]
    """``text``: another rendered prompt; ``tokens``: the same text, other tokens; ``error``: one
    model cannot render it."""
    position: int
    """Index of the first different character or token, from 0."""
    before: str
    """An excerpt of the text at that position, or the token's id and text."""
    after: str


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """One setting of the tokenizer that differs between two models."""

    name: str
    """``chat template``, ``BOS``, ``EOS``, ``PAD``, ``end of answer``, ``vocabulary``."""
    before: str
    after: str
    is_wrong: bool
    """The difference changes prompts or the end of answers."""


@dataclass(frozen=True, slots=True)
class TokenizationParity:
    """Comparison of two models' tokenization of the same prompts."""

    prompts: int
    mismatched: int
    mismatches: tuple[PromptMismatch, ...] = ()
    """The first mismatches, at most 20."""
    settings: tuple[SettingDifference, ...] = ()

    @property
    def is_same(self) -> bool:
        return not self.mismatched and not any(s.is_wrong for s in self.settings)


@dataclass(frozen=True, slots=True)
class StepMismatch:
    """One prompt after which two models have different likeliest tokens."""

    task: str
    case_id: str
    before: TokenText
    after: TokenText
    margin_before: float
    """The earlier model's margin: logit of its own token minus that of its next best."""
    margin_after: float


@dataclass(frozen=True, slots=True)
class FirstStep:
    """Comparison of two models' logits of the answer's first token."""

    prompts: int
    agreeing: int
    """Prompts after which both have the same likeliest token."""
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
    """The first token at which two answers to the same case differ."""

    case_id: str
    repeat: int
    position: int
    """Index of the token in the answer, from 0."""
    before: TokenText | None
    """``None``: the answer was cut off here."""
    after: TokenText | None
    margin_before: float | None = None
    """The earlier model's margin: logit of its own token minus that of its next best, after the
    prompt and the common part of both answers; ``None``: not measured."""
    margin_after: float | None = None
    shift: float | None = None
    """The earlier model's preference for its token over the later model's, plus the later model's
    preference for its own, in logits: by so much the two models differ on the two tokens."""
    regressed: tuple[str, ...] = ()
    """Behaviors that passed before and fail after."""
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flips:
    """Flips of one behavior over all cases judged for both models."""

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
    """Cases that both models answered."""
    identical: int
    """Cases with the same text and the same finish reason."""
    flips: tuple[Flips, ...] = ()
    """``format_success_rate`` first."""
    divergences: tuple[Divergence, ...] = ()
    """The first differing answers, at most 50; those that flip a behavior come first."""

    @property
    def differing(self) -> int:
        return self.cases - self.identical

    @property
    def success(self) -> Flips | None:
        """The composite, where it was judged."""
        return next((f for f in self.flips if f.behavior == "format_success_rate"), None)


@dataclass(frozen=True, slots=True)
class PairParity:
    """Two adjacent models of the chain."""

    before: str
    """``ModelRecord.ref``."""
    after: str
    is_copy: bool
    """``after`` is a merged or converted form of ``before``; otherwise it was trained further."""
    reading: TokenizationParity | None = None
    """``None`` where one of them could not be probed; ``notes`` say why."""
    first_step: FirstStep | None = None
    answers: tuple[AnswerParity, ...] = ()
    """By task."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelMeasure:
    """Size, memory, speed and success rate of one model."""

    ref: str
    name: str
    size_bytes: int | None = None
    """Size of its weights on disk, an adapter's base included."""
    peak_memory_mb: float | None = None
    """In MB of 10^6 bytes."""
    tokens_per_second: float | None = None
    """Generated tokens over the time of all batches."""
    p50_seconds: Mapping[str, float] = field(default_factory=dict)
    """Median latency of single requests, by task."""
    p95_seconds: Mapping[str, float] = field(default_factory=dict)
    success: Mapping[str, float] = field(default_factory=dict)
    """``format_success_rate``, by task."""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Parity:
    """The parity of one chain of models."""

    run: str
    """The id of the run whose answers are compared."""
    models: tuple[ModelMeasure, ...]
    pairs: tuple[PairParity, ...]
    schema_version: int = SCHEMA_VERSION
