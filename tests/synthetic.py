"""Seeded RunRecords for tests of what reads records: a base that chatters, an adapter that behaves.

The verdicts are those that the checks would give, written down by whoever made the completion, so
that these tests stand or fall by the reader alone.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from harness.core.case import Message
from harness.core.completion import Completion, FinishReason, Timing
from harness.core.plan import Sampling, sha256_of
from harness.core.record import (
    FORMAT_SUCCESS,
    BehaviorResult,
    ModelRecord,
    RunRecord,
    Sample,
    TaskRecord,
)
from harness.core.verdict import FailureCode, Outcome, Verdict
from harness.stats.intervals import clopper_pearson

BASE = "base:models/tiny"
ADAPTER = "adapter:out/json_extraction"
TASK = "json_extraction"
BEHAVIORS = ("json_validity", "no_extra_text", "schema_types", "bracket_repetition")
PROMPT = "Extract fields. Output ONLY valid JSON with keys name, date, amount.\nText: "
BUDGETS = {"json_validity": 0.95, "no_extra_text": 0.95, FORMAT_SUCCESS: 0.9}


@dataclass
class Answer:
    """A completion and the verdicts that are not passed."""

    text: str
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    finish_reason: FinishReason = FinishReason.STOP
    error: str | None = None


def good(value: dict[str, object]) -> Answer:
    return Answer(json.dumps(value))


def fenced(value: dict[str, object]) -> Answer:
    text = f"```json\n{json.dumps(value)}\n```"
    return Answer(
        text,
        {
            "json_validity": Verdict.failed(
                FailureCode.MARKDOWN_FENCE, "the answer starts with a Markdown fence", (0, 7)
            ),
            "no_extra_text": Verdict.failed(
                FailureCode.MARKDOWN_FENCE, "a Markdown fence before the value", (0, 8)
            ),
        },
    )


def chatty(value: dict[str, object]) -> Answer:
    opening = "Sure! Here is the JSON you asked for:\n\n"
    text = opening + json.dumps(value) + "\nLet me know if you need anything else."
    end = len(text)
    return Answer(
        text,
        {
            "json_validity": Verdict.failed(
                FailureCode.SYNTAX, "a JSON text cannot start with 'S'", (0, 1)
            ),
            "no_extra_text": Verdict.failed(
                FailureCode.TEXT_BEFORE, "prose before the value", (0, len(opening))
            ),
            "other": Verdict.failed(FailureCode.TEXT_AFTER, "prose after", (end - 38, end)),
        },
    )


def number_as_string(value: dict[str, object]) -> Answer:
    text = json.dumps({**value, "amount": str(value["amount"])})
    start = text.index('"amount": ') + len('"amount": ')
    span = (start, len(text) - 1)
    reason = f"/amount: expected a number, found the string {text[slice(*span)]}"
    return Answer(
        text,
        {"schema_types": Verdict.failed(FailureCode.NUMBER_AS_STRING, reason, span)},
    )


def missing_key(value: dict[str, object]) -> Answer:
    text = json.dumps({k: v for k, v in value.items() if k != "date"})
    return Answer(
        text,
        {"schema_types": Verdict.failed(FailureCode.MISSING_KEY, "/date is missing", (0, 1))},
    )


def brackets(value: dict[str, object]) -> Answer:
    text = json.dumps(value) + "]" * 40
    start = len(text) - 40
    span = (start, len(text))
    return Answer(
        text,
        {
            "json_validity": Verdict.failed(FailureCode.SYNTAX, "']' after the value", span),
            "no_extra_text": Verdict.failed(FailureCode.TEXT_AFTER, "']' after the value", span),
            "bracket_repetition": Verdict.failed(
                FailureCode.BRACKET_LOOP, "40 closers close nothing", span
            ),
        },
        FinishReason.LENGTH,
    )


def broken(value: dict[str, object]) -> Answer:
    verdict = Verdict.error(FailureCode.BACKEND_ERROR, "the backend was killed by signal 9")
    return Answer("", dict.fromkeys(BEHAVIORS, verdict), FinishReason.ERROR, "killed by signal 9")


Mix = list[tuple[Callable[[dict[str, object]], Answer], float]]
CHATTERS: Mix = [
    (good, 0.12),
    (fenced, 0.3),
    (chatty, 0.25),
    (number_as_string, 0.18),
    (missing_key, 0.08),
    (brackets, 0.07),
]
BEHAVES: Mix = [(good, 0.96), (number_as_string, 0.02), (brackets, 0.02)]


def values(n: int, seed: int = 7) -> list[dict[str, object]]:
    """Distinct references for n cases."""
    rng = random.Random(seed)
    first = ["Amara", "Noor", "Jürgen", "Chloé", "Ivan", "Mei", "Tomasz", "Priya"]
    last = ["Okafor", "Haddad", "Weiß", "Dubois", "Petrov", "Lin", "Nowak", "Rao"]
    return [
        {
            "name": f"{rng.choice(first)} {rng.choice(last)}",
            "date": f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            "amount": round(rng.uniform(3, 900), 2),
        }
        for _ in range(n)
    ]


def sample(
    model: str,
    number: int,
    value: dict[str, object],
    answer: Answer,
    *,
    task: str = TASK,
    prompt: str | None = None,
) -> Sample:
    """The sample of one answer to the payment sentence about ``value``."""
    text = prompt or (
        f"{PROMPT}On {value['date']}, {value['name']} paid {value['amount']} USD "
        f"for invoice {number:05}."
    )
    messages = (Message("user", text),)
    case_id = f"pay-{number:04}"
    timing = Timing(0.4 + number % 7 / 10, 0.1, 16) if answer.error is None else None
    completion = Completion(
        answer.text,
        answer.finish_reason,
        case_id,
        token_ids=tuple(range(len(answer.text) // 3)),
        prompt_tokens=len(text) // 3,
        timing=timing,
        error=answer.error,
    )
    return Sample(
        model,
        task,
        case_id,
        sha256_of([{"role": m.role, "content": m.content} for m in messages]),
        messages,
        completion,
        template=f"t{number % 12:02}",
        tags=("short",) if number % 2 else ("long",),
        reference=value,  # type: ignore[arg-type]
        verdicts={b: answer.verdicts.get(b, Verdict.passed()) for b in BEHAVIORS},
    )


def samples(model: str, n: int, mix: Mix, seed: int) -> list[Sample]:
    """n samples of a model that answers in the ways of ``mix``."""
    rng = random.Random(seed)
    ways, weights = [way for way, _ in mix], [weight for _, weight in mix]
    return [
        sample(model, i, value, rng.choices(ways, weights)[0](value))
        for i, value in enumerate(values(n), start=1)
    ]


def result(model: str, behavior: str, verdicts: Iterable[Verdict]) -> BehaviorResult:
    """What the plugin counts out of the verdicts of one behavior."""
    found = list(verdicts)
    count = Counter(v.outcome for v in found)
    passed, failed = count[Outcome.PASSED], count[Outcome.FAILED]
    judged = passed + failed
    budget = BUDGETS.get(behavior)
    rate = passed / judged if judged else None
    interval = clopper_pearson(passed, judged)
    return BehaviorResult(
        model,
        TASK,
        behavior,
        passed,
        failed,
        count[Outcome.SKIPPED],
        count[Outcome.ERROR],
        rate,
        (interval.low, interval.high) if interval else None,
        budget,
        None if rate is None or budget is None else rate >= budget,
        dict(Counter(v.code.value for v in found if v.code).most_common()),
    )


def composite(verdicts: dict[str, Verdict]) -> Verdict:
    for outcome in (Outcome.FAILED, Outcome.ERROR):
        for verdict in verdicts.values():
            if verdict.outcome is outcome:
                return verdict
    return Verdict.passed()


def run_level(model: str, slow: bool) -> list[BehaviorResult]:
    p95 = 2.4 if slow else 0.61
    return [
        BehaviorResult(
            model,
            TASK,
            "latency_budget",
            budget=2.0,
            met=p95 <= 2.0,
            measured={"p50_seconds": p95 * 0.6, "p95_seconds": p95, "first_token_seconds": 0.05},
            reason=f"p95 {p95} s is over the budget of 2.0 s" if slow else "",
        ),
        BehaviorResult(
            model,
            TASK,
            "memory_budget",
            budget=1500.0,
            met=True,
            measured={"peak_memory_mb": 612.4},
        ),
    ]


def record(
    n: int = 60,
    models: Iterable[tuple[str, Mix]] = ((BASE, CHATTERS), (ADAPTER, BEHAVES)),
    *,
    run_id: str = "20261120-131502-ab12",
    seed: int = 3,
) -> RunRecord:
    """A whole run of n cases for each model."""
    found = [(ref, samples(ref, n, mix, seed + i)) for i, (ref, mix) in enumerate(models)]
    return record_of(found, run_id=run_id)


def record_of(
    found: Iterable[tuple[str, list[Sample]]], *, run_id: str = "20261120-131502-ab12"
) -> RunRecord:
    """The record whose results are counted out of these samples."""
    found = list(found)
    results = []
    for ref, answers in found:
        whole = [composite(dict(s.verdicts)) for s in answers]
        results.append(result(ref, FORMAT_SUCCESS, whole))
        for behavior in BEHAVIORS:
            results.append(
                result(
                    ref, behavior, [s.verdicts[behavior] for s in answers if behavior in s.verdicts]
                )
            )
        results += run_level(ref, slow=ref == BASE)
    n = max((len(answers) for _, answers in found), default=0)
    return RunRecord(
        run_id,
        "complete",
        "2026-11-20T13:15:02Z",
        61.4,
        "f" * 64,
        tuple(model(ref) for ref, _ in found),
        (
            TaskRecord(
                TASK,
                "Read a payment sentence, answer with one JSON object.",
                n,
                False,
                "c" * 64,
                "5" * 64,
                Sampling(max_new_tokens=96),
                BUDGETS,
                BEHAVIORS,
            ),
        ),
        tuple(results),
        tuple(s for _, answers in found for s in answers),
        ("pytest", "suites/"),
        {"harness": "0.1.0", "python": "3.11.7", "git": {"commit": "a" * 40, "dirty": True}},
    )


def model(ref: str) -> ModelRecord:
    kind, _, location = ref.partition(":")
    return ModelRecord(
        ref,
        kind,
        location.rpartition("/")[2],
        files={"model.safetensors": sha256_of(ref)},
        weights_sha256=sha256_of(ref),
        base="models/tiny" if kind == "adapter" else None,
        base_sha256=sha256_of(BASE) if kind == "adapter" else None,
        tokenizer_sha256="7" * 64,
        chat_template_sha256="8" * 64,
        architecture="Qwen2ForCausalLM",
        parameters=1_234_567,
        dtype="float32",
        device="cpu",
        load_seconds=1.25,
        generate_seconds=14.5,
        peak_memory_mb=612.4,
    )


def with_text(found: Sample, text: str, **verdicts: Verdict) -> Sample:
    """The sample with another completion."""
    completion = replace(found.completion, text=text)
    return replace(found, completion=completion, verdicts={**found.verdicts, **verdicts})
