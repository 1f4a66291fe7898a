"""The RunRecord: everything about one run, as plain values that a file can hold.

``harness.records.runs`` reads and writes them; this file knows nothing of files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.core.case import Case, JsonValue, Message
from harness.core.completion import Completion, FinishReason
from harness.core.plan import Request, Sampling
from harness.core.verdict import Verdict

SCHEMA_VERSION = 1
FORMAT_SUCCESS = "format_success_rate"
"""The composite: the share of cases in which every required behavior passes."""

RunStatus = Literal["complete", "partial"]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One model of a run: what was opened, and what opening and running it took."""

    ref: str
    kind: str
    name: str
    """What to call it on a page: the last part of its location."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each file that decides the weights or the prompt, by name."""
    weights_sha256: str | None = None
    """One hash over the weights: the base's and, over it, the adapter's."""
    base: str | None = None
    """Where the adapter's base was found."""
    base_sha256: str | None = None
    tokenizer_sha256: str | None = None
    chat_template_sha256: str | None = None
    architecture: str | None = None
    parameters: int | None = None
    dtype: str | None = None
    """Of the weights; of the computation where they are quantised as they open."""
    quantization: str | None = None
    """``nf4`` or ``int8``: what bitsandbytes made of a whole model as it opened. The hash of such
    weights is another."""
    device: str | None = None
    load_seconds: float | None = None
    generate_seconds: float | None = None
    peak_memory_mb: float | None = None
    """Peak resident memory of the backend's process (allocator peak on a GPU), in MB of 10^6
    bytes."""
    is_measurable: bool = True
    """False for a replayed record: what it took is not what the model takes."""
    error: str | None = None
    """Why there are no completions, where there are none."""
    attempt: int | None = None
    """Which run of these weights with the same plan this is, from 1, among those in the folder of
    runs; ``None`` where the weights are not known, or the answers are replayed."""
    warnings: tuple[str, ...] = ()
    """What is likely not meant about the model's files: a line each."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task of a run: its data by hash, its decoding and its budgets."""

    name: str
    description: str
    cases: int
    """How many cases were planned."""
    selected: bool
    """True when ``--limit``, ``--case`` or the like left out some of the task's cases."""
    cases_sha256: str
    schema_sha256: str | None
    sampling: Sampling
    budgets: Mapping[str, float]
    required: tuple[str, ...]
    """Behaviors that must all pass for a case to count into ``format_success_rate``."""
    repeats: int = 1
    """How many answers each case was asked for."""
    generate_seed: int | None = None
    """The seed that the cases were drawn with; ``None`` where they are the task's own."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of cases with its 95% interval, of resampled cases."""

    rate: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class BehaviorResult:
    """One behavior of one model on one task, over all its cases."""

    model: str
    """``ModelRecord.ref``."""
    task: str
    behavior: str
    passed: int = 0
    """Answers that pass: one a case, or as many as ``repeats``."""
    failed: int = 0
    skipped: int = 0
    errors: int = 0
    rate: float | None = None
    """passed / (passed + failed), with repeats the mean over cases of each case's own share;
    ``None`` when nothing was judged or too much was an error."""
    interval: tuple[float, float] | None = None
    """95% interval of ``rate``: Wilson's; with repeats, of resampled cases."""
    budget: float | None = None
    """The least rate, or the most seconds or MB, that was asked for."""
    met: bool | None = None
    """Whether the budget was met; ``None`` when nothing could be judged."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """How often each failure code was given."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """What a run-level behavior measured, by name with its unit: ``p95_seconds``."""
    reason: str = ""
    """Why a run-level behavior failed."""
    repeats: int = 1
    """Answers to each case."""
    cases: int | None = None
    """Cases with a judged answer, where ``repeats`` is above 1."""
    pass_at_k: Share | None = None
    """With k = ``repeats``: the share of cases of which any of k answers passes. ``None``, not
    measured, without repeats or where a case has fewer judged answers."""
    pass_hat_k: Share | None = None
    """The same of all k answers."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of ``samples.jsonl``: a case, what a model answered, what was said of it."""

    model: str
    task: str
    case_id: str
    prompt_sha256: str
    messages: tuple[Message, ...]
    completion: Completion
    repeat: int = 0
    template: str = ""
    tags: tuple[str, ...] = ()
    reference: JsonValue = None
    must_pass: bool = False
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """By behavior; only behavior over single completions."""
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the prompt of a drawn case was rendered from; empty for a case of the task's own."""

    @classmethod
    def of(
        cls,
        model: str,
        request: Request,
        case: Case,
        completion: Completion,
        verdicts: Mapping[str, Verdict],
        *,
        is_drawn: bool,
    ) -> "Sample":
        """What ``model`` answered to ``request``, which asks ``case``."""
        return cls(
            model=model,
            task=request.task,
            case_id=case.id,
            prompt_sha256=request.prompt_sha256,
            messages=request.messages,
            completion=completion,
            repeat=request.repeat,
            template=case.template,
            tags=case.tags,
            reference=case.reference,
            must_pass=case.must_pass,
            verdicts=verdicts,
            variables=dict(case.variables) if is_drawn else {},
        )


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """One request that was answered alone, after a warm-up, to be timed. Its text is not kept."""

    model: str
    """``ModelRecord.ref``."""
    task: str
    case_id: str
    prompt_sha256: str
    seconds: float
    """Wall time of the whole answer."""
    first_token_seconds: float
    tokens: int
    """Generated ones, the ending one included."""
    order: int
    """Its place among all timed requests of the run, from 0: what was measured beside what."""
    after_seconds: float
    """From the start of the run until the answer was there."""

    @classmethod
    def of(
        cls, model: str, request: Request, completion: Completion, order: int, after_seconds: float
    ) -> "TimedAnswer | None":
        """What ``model`` took for ``request``; ``None`` where nothing was measured."""
        timing = completion.timing
        if timing is None or completion.finish_reason is FinishReason.ERROR:
            return None
        return cls(
            model=model,
            task=request.task,
            case_id=request.case_id,
            prompt_sha256=request.prompt_sha256,
            seconds=timing.seconds,
            first_token_seconds=timing.first_token_seconds,
            tokens=len(completion.token_ids),
            order=order,
            after_seconds=after_seconds,
        )


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The smallest drawn prompt that was found to fail a behavior."""

    behavior: str
    sample: Sample
    """The prompt, what the model answered to it, and the behavior's verdict."""
    drawn_from: str
    """The id of the drawn case that was made smaller."""
    steps: int
    """How often the model was asked, each time about many prompts at once."""
    requests: int
    """Prompts that it was asked about."""
    is_bounded: bool
    """True when the search was ended by its bounds: there may be a smaller prompt."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything about one run."""

    id: str
    status: RunStatus
    created: str
    """UTC, RFC 3339."""
    seconds: float
    plan_fingerprint: str
    models: tuple[ModelRecord, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    results: tuple[BehaviorResult, ...] = ()
    """``format_success_rate`` first, then the behaviors in the order collected."""
    samples: tuple[Sample, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, JsonValue] = field(default_factory=dict)
    """Versions, machine, commit: see ``harness.machine.environment``."""
    counterexamples: tuple[Counterexample, ...] = ()
    """Of the behaviors that failed on drawn cases."""
    timed: tuple[TimedAnswer, ...] = ()
    """In the order measured."""
    is_interleaved: bool | None = None
    """Whether several models were timed in turns, case by case, so that the machine's drift meets
    all alike; ``None`` where not more than one was timed."""
    schema_version: int = SCHEMA_VERSION
