"""The origin of a report's numbers: one line for each fact, one value for each model."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.core.case import JsonValue
from harness.core.grammar import Grammar
from harness.core.machine_load import MachineLoad
from harness.core.plan import sha256_of
from harness.core.record import ModelRecord, TaskRecord
from harness.gate.compare import Side
from harness.report.report import Report
from harness.report.words import numbers as words

HASH_CHARACTERS = 12
"""Characters shown of a SHA-256: enough to tell two apart."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the provenance table."""

    name: str
    values: tuple[str, ...]
    """One per side."""
    is_essential: bool = False
    """Sides that differ in it, as in prompts or decoding, did not answer the same question."""

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


def facts(report: Report) -> tuple[Fact, ...]:
    """The facts of every model and its run; a fact without any value is left out."""
    sides = report.sides
    found = [Fact(name, tuple(read(side) for side in sides)) for name, read in _MODEL_FACTS]
    if len(report.runs) > 1:
        found += _environment_facts(sides)
    return tuple(fact for fact in (*found, *_task_facts(report)) if any(fact.values))


def differing(report: Report) -> tuple[Fact, ...]:
    """The facts that influence answers and differ between the sides of the pair, essential ones
    first."""
    if report.before is None:
        return ()
    places = [report.place(side) for side in report.pair]
    found = [
        Fact(fact.name, tuple(fact.values[place] for place in places), fact.is_essential)
        for fact in facts(report)
        if fact.name not in _ALWAYS_DIFFERENT
    ]
    return tuple(sorted((f for f in found if f.differs), key=lambda f: not f.is_essential))


def environment_of(report: Report) -> tuple[tuple[str, str], ...]:
    """The machine and versions of the only run, or of the run after."""
    return tuple((name, value) for name, value in _flat(report.after.record.environment) if value)


def _model(read: Callable[[ModelRecord], object]) -> Callable[[Side], str]:
    def of_side(side: Side) -> str:
        model = side.model_record
        found = None if model is None else read(model)
        return "" if found is None else str(found)

    return of_side


def _hash(text: str | None) -> str:
    return "" if text is None else text[:HASH_CHARACTERS]


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _seconds(number: float | None) -> str:
    return "" if number is None else words.duration(number)


def _megabytes(number: float | None) -> str:
    return "" if number is None else f"{words.significant(number)} MB"


def _load(load: MachineLoad | None) -> str:
    if load is None or load.before is None or load.highest is None:
        return ""
    return f"{load.before:.1f}, {load.highest:.1f}{'; ' if load.note else ''}{load.note}"


_MODEL_FACTS: tuple[tuple[str, Callable[[Side], str]], ...] = (
    ("run", lambda side: side.record.id),
    ("created", lambda side: side.record.created),
    ("model", lambda side: side.model),
    ("attempt of these weights and this plan", _model(lambda m: m.attempt)),
    ("weights", _model(lambda m: _hash(m.weights_sha256))),
    ("base", _model(lambda m: m.base)),
    ("base weights", _model(lambda m: _hash(m.base_sha256))),
    ("tokenizer", _model(lambda m: _hash(m.tokenizer_sha256))),
    ("chat template", _model(lambda m: _hash(m.chat_template_sha256))),
    ("time told to the template", _model(lambda m: m.template_clock)),
    ("architecture", _model(lambda m: m.architecture)),
    ("parameters", _model(lambda m: _count(m.parameters))),
    ("dtype", _model(lambda m: ", ".join(filter(None, (m.dtype, m.quantization))) or None)),
    ("device", _model(lambda m: m.device)),
    ("code of its own", _model(lambda m: "run, as allowed" if m.trusts_remote_code else None)),
    ("loading took", _model(lambda m: _seconds(m.load_seconds))),
    ("generating took", _model(lambda m: _seconds(m.generate_seconds))),
    ("peak memory", _model(lambda m: _megabytes(m.peak_memory_mb))),
    ("error", _model(lambda m: m.error)),
    ("load before and during the run", lambda side: _load(side.record.load)),
)

_ALWAYS_DIFFERENT = {
    "run",
    "created",
    "loading took",
    "generating took",
    "peak memory",
    "error",
    "load before and during the run",
}
"""Facts of the run, not of the models or their prompts."""

_TASK_FACTS: tuple[tuple[str, Callable[[TaskRecord], str]], ...] = (
    ("cases", lambda t: f"{t.cases:,}{' (selected)' if t.selected else ''}"),
    ("cases' hash", lambda t: _hash(t.cases_sha256)),
    ("schema's hash", lambda t: _hash(t.schema_sha256)),
    ("temperature", lambda t: f"{t.sampling.temperature:g}"),
    ("max new tokens", lambda t: str(t.sampling.max_new_tokens)),
    ("top p, top k", lambda t: f"{t.sampling.top_p:g}, {t.sampling.top_k}"),
    ("repetition penalty", lambda t: f"{t.sampling.repetition_penalty:g}"),
    ("seed", lambda t: str(t.sampling.seed)),
    ("grammar", lambda t: _grammar(t.grammar)),
    (
        "arguments of the template",
        lambda t: ", ".join(f"{name}={json.dumps(v)}" for name, v in sorted(t.template.items())),
    ),
)


def _grammar(grammar: Grammar | None) -> str:
    """The grammar of constrained decoding; nothing where decoding was free."""
    return f"{_hash(sha256_of(grammar.identity))}, {grammar.library}" if grammar else ""


def _task_facts(report: Report) -> Iterable[Fact]:
    names = dict.fromkeys(t.name for run in report.runs for t in run.tasks)
    for task in names:
        described = [side.task_record(task) for side in report.sides]
        for name, read in _TASK_FACTS:
            values = tuple("" if t is None else read(t) for t in described)
            yield Fact(f"{task}: {name}", values, is_essential=True)


def _environment_facts(sides: Iterable[Side]) -> list[Fact]:
    flat = [dict(_flat(side.record.environment)) for side in sides]
    names = dict.fromkeys(name for values in flat for name in values)
    return [Fact(name, tuple(values.get(name, "") for values in flat)) for name in names]


def _flat(values: Mapping[str, JsonValue], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Nested values by joined names, such as ``packages torch``."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name} ")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(str(item) for item in value)
        else:
            yield f"{prefix}{name}", "" if value is None else str(value)
