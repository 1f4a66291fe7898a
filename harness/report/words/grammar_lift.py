"""Grammar lift: the same models on the same cases, decoded freely and constrained to a grammar.

Says what the grammar fixes, what it cannot know, and what it costs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from harness.core.completion import FinishReason
from harness.core.record import FORMAT_SUCCESS, BehaviorResult, RunRecord, TaskRecord, TimedAnswer
from harness.gate.compare import Change, Side, compare_all
from harness.report.report import Report
from harness.report.words import numbers as words

FORM = ("json_validity", "no_extra_text", "schema_types", "required_keys", "types")
"""Behaviors that a grammar of the schema decides, but for answers cut at the token limit."""
TITLE = "grammar lift: free -> constrained"
HELD = "held by the grammar"
NOT_HELD = "beyond the grammar"
COST = "cost"


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


def grammar_lifts(report: Report) -> tuple[GrammarLift, ...]:
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
        pairs = [_Pair(free, held, task.name, ref) for ref in _models_of_both(free, held)]
        if pairs:
            found.append(_lift(pairs))
    return tuple(found)


def _differ_in_grammar_alone(task: TaskRecord, again: TaskRecord) -> bool:
    """True where one decoding was free and all else, but budgets and words, is the same."""
    same = replace(
        again,
        description=task.description,
        budgets=task.budgets,
        required=task.required,
        grammar=task.grammar,
    )
    return same == task and (task.grammar is None) is not (again.grammar is None)


def _models_of_both(free: RunRecord, held: RunRecord) -> list[str]:
    known = {(m.ref, m.weights_sha256) for m in held.models if m.error is None}
    return [m.ref for m in free.models if m.error is None and (m.ref, m.weights_sha256) in known]


def _lift(pairs: Sequence[_Pair]) -> GrammarLift:
    rates = [pair.rates() for pair in pairs]
    behaviors = [name for name in rates[0] if all(name in own for own in rates)]
    rows = {name: LiftRow(name, tuple(_rates(own[name]) for own in rates)) for name in behaviors}
    whole = (rows.pop(FORMAT_SUCCESS), _changes(pairs)) if FORMAT_SUCCESS in rows else ()
    groups = (
        LiftGroup("", whole),
        LiftGroup(HELD, tuple(rows[name] for name in rows if name in FORM)),
        LiftGroup(NOT_HELD, tuple(rows[name] for name in rows if name not in FORM)),
        LiftGroup(COST, tuple(_costs(pairs))),
    )
    names = {m.ref: m.name for m in pairs[0].free.models}
    is_told_by_name = len(set(names.values())) == len(names)
    labels = (names[p.model] if is_told_by_name else p.model for p in pairs)
    return GrammarLift(pairs[0].task, tuple(labels), tuple(g for g in groups if g.rows))


def _rates(results: tuple[BehaviorResult, BehaviorResult]) -> str:
    return _arrow(*(words.percent(result.rate or 0.0) for result in results))


def _changes(pairs: Sequence[_Pair]) -> LiftRow:
    return LiftRow("cases fixed, broken", tuple(map(_fixed_and_broken, pairs)))


def _fixed_and_broken(pair: _Pair) -> str:
    sides = (Side(pair.free, pair.model), Side(pair.held, pair.model))
    (composite,) = (c.composite for c in compare_all(*sides) if c.task == pair.task)
    return ", ".join(str(composite.counts.get(c, 0)) for c in (Change.FIXED, Change.REGRESSED))


def _costs(pairs: Sequence[_Pair]) -> Iterator[LiftRow]:
    yield LiftRow("answers cut short", tuple(map(_cut, pairs)))
    timed = [pair.timed() for pair in pairs]
    if all(free and held for free, held in timed):
        yield LiftRow("tokens a second", tuple(_arrow(*map(_speed, both)) for both in timed))
        yield LiftRow("latency p50, ms", tuple(_arrow(*map(_latency, both)) for both in timed))


def _cut(pair: _Pair) -> str:
    own = (pair.model, pair.task)
    reasons = ([s.completion.finish_reason for s in run.samples if (s.model, s.task) == own]
               for run in (pair.free, pair.held))  # fmt: skip
    return _arrow(*(str(found.count(FinishReason.LENGTH)) for found in reasons))


def _speed(timed: Sequence[TimedAnswer]) -> str:
    """Tokens a second after the first one: a prompt takes its time whatever the answer is."""
    seconds = sum(t.seconds - t.first_token_seconds for t in timed)
    return f"{sum(t.tokens - 1 for t in timed) / seconds:,.0f}" if seconds > 0 else "not measured"


def _latency(timed: Sequence[TimedAnswer]) -> str:
    return words.significant(1000 * median(t.seconds for t in timed))


def _arrow(free: str, held: str) -> str:
    return f"{free} -> {held}"
