"""The RunRecord: one run as plain values, which ``harness.records.runs`` reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.core.case import Case, JsonValue, Message
from harness.core.completion import Completion, FinishReason
from harness.core.grade import FieldGrade
from harness.core.grammar import Grammar, grammar_for
from harness.core.machine_load import MachineLoad
from harness.core.noise import BatchNoise
from harness.core.plan import Request, Sampling
from harness.core.shard import MergedShard, Shard
from harness.core.template_arguments import Scalar
from harness.core.tools import tools_for
from harness.core.verdict import Verdict

SCHEMA_VERSION = 1
FORMAT_SUCCESS = "format_success_rate"
"""Name of the composite: the share of cases in which every required behavior passes."""

RunStatus = Literal["complete", "partial"]


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """How a model was asked in blocks of cases, with a look at the gate's decision after each."""

    baseline: str
    """Name of the baseline that it was compared with."""
    total: int
    """Number of planned cases."""
    asked: int
    """Number of cases that were asked."""
    looks: tuple[int, ...] = ()
    """Cases asked at each look, increasing."""
    outcome: str | None = None
    """The gate's outcome with which it stopped; ``None`` where all cases were asked."""
    reason: str = ""
    """Reason for stopping, in words."""

    @property
    def is_stopped(self) -> bool:
        """Some of the cases were not asked."""
        return self.asked < self.total


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """One model of a run: its files and settings, its times and its memory."""

    ref: str
    kind: str
    name: str
    """Short name for a page: the last part of the location."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 by name of each file that affects the weights or the prompt."""
    weights_sha256: str | None = None
    """One hash over the weights; for an adapter, over the base's and its own."""
    base: str | None = None
    """Location of the adapter's base."""
    base_sha256: str | None = None
    tokenizer_sha256: str | None = None
    chat_template_sha256: str | None = None
    template_clock: str | None = None
    """Time that the chat template is told in place of the clock's; ``None`` where it reads none."""
    architecture: str | None = None
    parameters: int | None = None
    dtype: str | None = None
    """Dtype of the weights; of the computation where they are quantised on opening."""
    quantization: str | None = None
    """``nf4`` or ``int8`` where bitsandbytes quantised the model on opening, which also changes
    ``weights_sha256``."""
    device: str | None = None
    trusts_remote_code: bool = False
    """Code that the model brings along was run, as was allowed; ``files`` has its hashes."""
    load_seconds: float | None = None
    generate_seconds: float | None = None
    peak_memory_mb: float | None = None
    """Peak resident memory of the backend's process (GPU: allocator peak), MB of 10^6 bytes."""
    is_measurable: bool = True
    """False for a replayed record, whose times and memory are not the model's."""
    is_served: bool = False
    """True where a server answered: its weights are not known by hash, and its memory is another
    machine's."""
    error: str | None = None
    """Reason why there are no completions, or no more of them: it did not open, files changed."""
    attempt: int | None = None
    """Number of this run among the runs of the same weights and plan in the folder, from 1;
    ``None`` where the weights are unknown, or the answers are replayed."""
    warnings: tuple[str, ...] = ()
    """Warnings about the model's files, one line each."""
    early_stop: EarlyStop | None = None
    """``None`` where all cases were asked at once."""
    trained_cases: Mapping[str, tuple[str, ...]] | None = None
    """Ids of the asked cases that the adapter was trained on, by task; ``None`` where its training
    rows are not known."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task of a run: its data by hash, its decoding and its budgets."""

    name: str
    description: str
    cases: int
    """Number of planned cases."""
    selected: bool
    """True where ``--limit``, ``--case`` or a similar option left out cases."""
    cases_sha256: str
    schema_sha256: str | None
    sampling: Sampling
    budgets: Mapping[str, float]
    required: tuple[str, ...]
    """Behaviors that must all pass for a case to count as a success in ``format_success_rate``."""
    repeats: int = 1
    """Number of answers to each case."""
    generate_seed: int | None = None
    """Seed with which the cases were generated; ``None`` where they are the task's own."""
    template: Mapping[str, Scalar] = field(default_factory=dict)
    """Arguments of the chat template; they belong to each prompt's hash."""
    grammar: Grammar | None = None
    """The grammar that answers were constrained to; ``None``: free decoding."""
    stated: Mapping[str, float] = field(default_factory=dict)
    """Numbers that were measured elsewhere, by the names of budgets. Nothing is decided by them."""
    stated_by: str = ""
    """Who measured them."""
    compare: Mapping[str, JsonValue] = field(default_factory=dict)
    """The rules of ``output.compare``, by JSON pointer: when a value counts as the reference's."""
    exact: tuple[str, ...] = ()
    """The pointers of ``output.exact``: values that must be the reference's."""
    items: Mapping[str, JsonValue] = field(default_factory=dict)
    """The counts of ``output.items``, by JSON pointer: how many items a list has."""
    tools: str = ""
    """The tools of cases without their own, as JSON text; they belong to each prompt's hash."""
    kept: bool = False
    """A skill that is not trained and must not be lost; the gate has a margin for such."""
    format: str = ""
    """The form of answers, where a case declares no other; empty in records that do not say it."""
    delimiter: str = ","
    """The character between the cells of CSV."""

    def request(self, sample: "Sample") -> Request:
        """The request that a stored answer to this task belongs to."""
        return Request(
            self.name,
            sample.case_id,
            sample.messages,
            self.sampling.limited(sample.max_new_tokens),
            sample.repeat,
            template=tuple(sorted(self.template.items())),
            grammar=grammar_for(self.grammar, sample.declared),
            tools=tools_for(self.tools, sample.declared),
        )


@dataclass(frozen=True, slots=True)
class Share:
    """A share of cases with its 95% interval, which is of the same kind as the rate's."""

    rate: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shares:
    """The parts of the references that the answers to a task have."""

    path_recall: Share
    """Mean over cases of the share of the reference's leaf paths that an answer has."""
    fields: tuple[FieldGrade, ...]
    """Leaves of each field over all judged answers, in the order of the references."""


@dataclass(frozen=True, slots=True)
class BehaviorResult:
    """One behavior of one model on one task, over all its cases."""

    model: str
    """``ModelRecord.ref``."""
    task: str
    behavior: str
    passed: int = 0
    """Number of passed answers: one per case, or ``repeats`` per case."""
    failed: int = 0
    skipped: int = 0
    errors: int = 0
    rate: float | None = None
    """passed / (passed + failed); with repeats, the mean over cases of each case's rate. ``None``
    where nothing was judged, or too many answers were errors."""
    interval: tuple[float, float] | None = None
    """95% interval of ``rate``: over new wordings where ``wordings`` are shared. Elsewhere over new
    cases: exact; with repeats, by resampling cases."""
    budget: float | None = None
    """The task's budget: the lowest accepted rate, or the highest accepted seconds or MB."""
    met: bool | None = None
    """The budget was met; ``None`` where nothing could be judged."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """Number of verdicts by failure code."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """Measured values of a run-level behavior, by name with unit: ``p95_seconds``."""
    limited: str | None = None
    """The measured value that ``budget`` limits; ``None`` where it is the first, or the p95."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The most that the task allows, by measured value; empty in records that were written without
    it, which name ``budget`` alone."""
    reason: str = ""
    """Reason why a run-level behavior failed."""
    repeats: int = 1
    """Answers to each case."""
    cases: int | None = None
    """Cases with a judged answer, where ``repeats`` is above 1."""
    pass_at_k: Share | None = None
    """Share of cases of which any of k answers passes, with k = ``repeats``. ``None`` (not
    measured) without repeats, or where a case has fewer judged answers."""
    pass_hat_k: Share | None = None
    """Share of cases of which all k answers pass, with the same k."""
    wordings: int | None = None
    """Number of wordings of the judged cases; ``None`` where no two cases share one."""
    shares: Shares | None = None
    """Set where answers are graded: ``rate`` is then the mean over cases of each answer's share of
    the reference, each case as heavy as its weight, and ``passed`` counts answers with all of
    it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of ``samples.jsonl``: a case, a model's answer, and its verdicts."""

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
    """Verdicts by behavior, without run-level behaviors."""
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    """Variables of a generated case's prompt; empty for a case of the task's own."""
    declared: str = ""
    """Parts of ``output`` that are the case's own, as JSON text."""
    max_new_tokens: int | None = None
    """The case's own limit."""
    weight: float = 1.0
    """Weight of the case in means of shares."""
    alternatives: tuple[JsonValue, ...] = ()
    """Other right answers, beside the reference."""

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
        """Build a sample from the answer of ``model`` to ``request``, a request of ``case``."""
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
            declared=case.declared,
            max_new_tokens=case.max_new_tokens,
            weight=case.weight,
            alternatives=case.alternatives,
        )


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """Timing of one request that was answered alone, after a warm-up. Its text is not kept."""

    model: str
    """``ModelRecord.ref``."""
    task: str
    case_id: str
    prompt_sha256: str
    seconds: float
    """Wall time of the whole answer."""
    first_token_seconds: float
    tokens: int
    """Generated tokens, the end token included."""
    order: int
    """Index among all timed requests of the run, from 0; neighbours were measured together."""
    after_seconds: float
    """Seconds from the start of the run to the end of the answer."""

    @classmethod
    def of(
        cls, model: str, request: Request, completion: Completion, order: int, after_seconds: float
    ) -> "TimedAnswer | None":
        """Build from the answer of ``model`` to ``request``; ``None`` where it was not timed."""
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
    """The smallest generated prompt that was found to fail a behavior."""

    behavior: str
    sample: Sample
    """The prompt, the model's answer, and the behavior's verdict."""
    drawn_from: str
    """Id of the generated case from which the search started."""
    steps: int
    """Number of batches that were sent to the model."""
    requests: int
    """Number of prompts that the model answered."""
    is_bounded: bool
    """True where the search ended at its limits: there may be a smaller prompt."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: its models, tasks, results, samples and environment."""

    id: str
    status: RunStatus
    created: str
    """UTC, RFC 3339."""
    seconds: float
    plan_fingerprint: str
    models: tuple[ModelRecord, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    results: tuple[BehaviorResult, ...] = ()
    """``format_success_rate`` first, then behaviors in the order of collection."""
    samples: tuple[Sample, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, JsonValue] = field(default_factory=dict)
    """Versions, machine, commit: see ``harness.machine.environment``."""
    counterexamples: tuple[Counterexample, ...] = ()
    """Counterexamples to the behaviors that failed on generated cases."""
    timed: tuple[TimedAnswer, ...] = ()
    """Timed requests in the order of measurement."""
    is_interleaved: bool | None = None
    """The timed requests of several models were interleaved case by case, so that drift of the
    machine affects all alike; ``None`` where at most one model was timed."""
    load: MachineLoad | None = None
    """``None`` in records that were written without it."""
    shard: Shard | None = None
    """The part of a divided run, of which no budget is decided; ``None``: a whole run."""
    shards: tuple[MergedShard, ...] = ()
    """The runs that a merged run was made of, in the order of their shards."""
    noise: tuple[BatchNoise, ...] = ()
    """The noise of each model whose cases were answered again in other batches."""
    schema_version: int = SCHEMA_VERSION
