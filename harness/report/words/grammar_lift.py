"""Grammar lift: the same models on the same cases, decoded freely and constrained to a grammar.

Says what the grammar fixes, what it cannot know, and what it costs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.core.completion import FinishReason
from harness.core.measurement import quantile
from harness.core.record import FORMAT_SUCCESS, BehaviorResult, RunRecord, TaskRecord, TimedAnswer
from harness.gate.compare import Change, Side, compare_all
from harness.report.report import Report
from harness.report.words import numbers as words

T = TypeVar("T")
FORM = (
    *("json_validity", "jsonl_validity", "csv_validity", "no_extra_text", "schema_types"),
    *("required_keys", "types"),
)
"""Behaviors that a grammar of the schema decides, but for answers cut at the token limit."""
TITLE = "grammar lift: free -> constrained"
HELD = "held by the grammar"
NOT_HELD = "beyond the grammar"
COST = "cost"


@dataclass(frozen=True, slots=True)
class ModelLift:
    """One model on one task; of two numbers the first is of free decoding."""

    model: str
    name: str
    """As it is shown: shorter than ``model`` where that tells the models apart."""
    rates: Mapping[str, tuple[float, float]]
    """By behavior."""
    cases_fixed: int
    cases_broken: int
    cut_short: tuple[int, int]
    """Answers that the token limit ended."""
    tokens_per_second: tuple[float | None, float | None] | None
    """After the first token, which takes its time whatever the answer is. ``None`` where answers
    were not timed one by one, or no second token came."""
    p50_seconds: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class TaskLift:
    """One task that was decoded in both ways, in numbers."""

    task: str
    models: tuple[ModelLift, ...]


@dataclass(frozen=True, slots=True)
class LiftRow:
    """One line: a behavior's rate or a cost, free and constrained."""

    name: str
    cells: tuple[str, ...]
    """One for each model: ``26.0% -> 100.0%``."""


@dataclass(frozen=True, slots=True)
class LiftGroup:
    """Lines under one heading, which is empty for the whole."""

    heading: str
    rows: tuple[LiftRow, ...]


@dataclass(frozen=True, slots=True)
class GrammarLift:
    """One task that was decoded in both ways."""

    task: str
    models: tuple[str, ...]
    groups: tuple[LiftGroup, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """One task in the free run and in the constrained one, and a model of both."""

    free: RunRecord
    held: RunRecord
    task: str
    model: str

    def rates(self) -> dict[str, tuple[BehaviorResult, BehaviorResult]]:
        """Both results of each behavior that has a rate in both runs."""
        free, held = (
            {r.behavior: r for r in run.results if (r.model, r.task) == (self.model, self.task)}
            for run in (self.free, self.held)
        )
        return {
            name: (free[name], held[name])
            for name in free
            if name in held and not free[name].measured
            if free[name].rate is not None and held[name].rate is not None
        }

    def timed(self) -> tuple[list[TimedAnswer], list[TimedAnswer]]:
        """The timed answers of both runs."""
        own = (self.model, self.task)
        free, held = ([t for t in run.timed if (t.model, t.task) == own]
                      for run in (self.free, self.held))  # fmt: skip
        return free, held

    def cut_short(self, run: RunRecord) -> int:
        """The answers of one run that the token limit ended."""
        own = (s for s in run.samples if (s.model, s.task) == (self.model, self.task))
        return sum(s.completion.finish_reason is FinishReason.LENGTH for s in own)


def grammar_lifts(report: Report) -> tuple[GrammarLift, ...]:
    """``measured_lifts`` in words."""
    return tuple(map(_told, measured_lifts(report)))


def measured_lifts(report: Report) -> tuple[TaskLift, ...]:
    """One for each task that one run of two decoded freely and the other constrained, asked the
    same cases; none for a report on other runs."""
    if len(report.runs) != 2:
        return ()
    one, other = report.runs
    found = []
    for task in one.tasks:
        again = next((t for t in other.tasks if t.name == task.name), None)
        if again is None or not _differ_in_grammar_alone(task, again):
            continue
        free, held = (other, one) if task.grammar else (one, other)
        names = _models_of_both(free, held)
        if names:
            models = (_measured(_Pair(free, held, task.name, m), names[m]) for m in names)
            found.append(TaskLift(task.name, tuple(models)))
    return tuple(found)


def _differ_in_grammar_alone(task: TaskRecord, again: TaskRecord) -> bool:
    """True where one decoding was free and all else, but budgets and words, is the same."""
    same = replace(
        again,
        description=task.description,
        budgets=task.budgets,
        required=task.required,
        grammar=task.grammar,
        format=task.format,
        delimiter=task.delimiter,
    )
    return same == task and (task.grammar is None) is not (again.grammar is None)


def _models_of_both(free: RunRecord, held: RunRecord) -> dict[str, str]:
    """The name of each, by its ref."""
    known = {(m.ref, m.weights_sha256) for m in held.models if m.error is None}
    found = [m for m in free.models if m.error is None and (m.ref, m.weights_sha256) in known]
    is_told_by_name = len({m.name for m in free.models}) == len(free.models)
    return {m.ref: m.name if is_told_by_name else m.ref for m in found}


def _measured(pair: _Pair, name: str) -> ModelLift:
    counts = _changes(pair)
    free, held = pair.timed()
    is_timed = bool(free and held)
    return ModelLift(
        pair.model,
        name,
        {n: (a.rate or 0.0, b.rate or 0.0) for n, (a, b) in pair.rates().items()},
        counts.get(Change.FIXED, 0),
        counts.get(Change.REGRESSED, 0),
        (pair.cut_short(pair.free), pair.cut_short(pair.held)),
        (_speed(free), _speed(held)) if is_timed else None,
        (_latency(free), _latency(held)) if is_timed else None,
    )


def _changes(pair: _Pair) -> Mapping[Change, int]:
    sides = (Side(pair.free, pair.model), Side(pair.held, pair.model))
    (composite,) = (c.composite for c in compare_all(*sides) if c.task == pair.task)
    return composite.counts


def _speed(timed: Sequence[TimedAnswer]) -> float | None:
    seconds = sum(t.seconds - t.first_token_seconds for t in timed)
    return sum(t.tokens - 1 for t in timed) / seconds if seconds > 0 else None


def _latency(timed: Sequence[TimedAnswer]) -> float:
    return quantile([t.seconds for t in timed], 0.5)


def _told(lift: TaskLift) -> GrammarLift:
    models = lift.models
    behaviors = [n for n in models[0].rates if all(n in m.rates for m in models)]
    rows = {n: _row(n, (_arrow(words.percent, m.rates[n]) for m in models)) for n in behaviors}
    counts = (f"{m.cases_fixed}, {m.cases_broken}" for m in models)
    changed = _row("cases fixed, broken", counts)
    whole = (rows.pop(FORMAT_SUCCESS), changed) if FORMAT_SUCCESS in rows else ()
    groups = (
        LiftGroup("", whole),
        LiftGroup(HELD, tuple(rows[name] for name in rows if name in FORM)),
        LiftGroup(NOT_HELD, tuple(rows[name] for name in rows if name not in FORM)),
        LiftGroup(COST, tuple(_costs(models))),
    )
    return GrammarLift(lift.task, tuple(m.name for m in models), tuple(g for g in groups if g.rows))


def _costs(models: Sequence[ModelLift]) -> Iterator[LiftRow]:
    yield _row("answers cut short", (_arrow(str, m.cut_short) for m in models))
    speeds = [m.tokens_per_second for m in models if m.tokens_per_second]
    latencies = [m.p50_seconds for m in models if m.p50_seconds]
    if len(speeds) == len(latencies) == len(models):
        yield _row("tokens a second", (_arrow(_rounded, both) for both in speeds))
        yield _row("latency p50, ms", (_arrow(_milliseconds, both) for both in latencies))


def _rounded(speed: float | None) -> str:
    return "not measured" if speed is None else f"{speed:,.0f}"


def _milliseconds(seconds: float) -> str:
    return words.significant(1000 * seconds)


def _row(name: str, cells: Iterable[str]) -> LiftRow:
    return LiftRow(name, tuple(cells))


def _arrow(shown: Callable[[T], str], both: tuple[T, T]) -> str:
    free, held = map(shown, both)
    return f"{free} -> {held}"
