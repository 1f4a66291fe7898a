"""Judges completions from anywhere, without a model: lines of JSON in, lines of JSON out.

What a line or a task declares decides which checks have something to hold the completion against;
the others say *skipped*, so that every judgement names the same behaviors. Nothing is remembered
from one line to the next but compiled schemas.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.checks.bracket_repetition import NoBracketRuns
from harness.checks.duplicate_keys import NoDuplicateKeys
from harness.checks.exact_fields import ExactFields
from harness.checks.forbidden import NoForbiddenText
from harness.checks.grounded_patterns import GroundedPatterns
from harness.checks.grounding import Grounding
from harness.checks.json_validity import JsonValidity
from harness.checks.no_extra_text import NoExtraText
from harness.checks.no_text_around_code import NoTextAroundCode
from harness.checks.no_text_around_sections import NoTextAroundSections
from harness.checks.python_function import PythonFunction
from harness.checks.python_parses import PythonParses
from harness.checks.quotes import Quotes
from harness.checks.repetition import NoTextLoop
from harness.checks.required_keys import RequiredKeys
from harness.checks.schema.schema import Schema, SchemaError, compile_schema
from harness.checks.schema_types import SchemaTypes
from harness.checks.sections import Sections
from harness.checks.stops_cleanly import StopsCleanly
from harness.checks.timestamp_sanity import TimestampRule, TimestampSanity
from harness.checks.value_types import ValueTypes
from harness.checks.words import WordWindow
from harness.core.case import Case, Message
from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.verdict import Check, FailureCode, Outcome, Verdict
from harness.tasks.judging_line import JudgingLine
from harness.tasks.task import Task

Verdicts = Mapping[str, Verdict]
"""By behavior."""
_SCHEMA_BEHAVIORS: Mapping[str, Callable[[Schema], Check]] = {
    "schema_types": SchemaTypes,
    "required_keys": RequiredKeys,
    "types": ValueTypes,
}


@dataclass(frozen=True, slots=True)
class Skip:
    """Stands for a check that has nothing to hold the completion against."""

    reason: str

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return Verdict.skipped(self.reason)


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands for a check that could not be made of what was declared."""

    reason: str

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return Verdict.error(FailureCode.TASK_ERROR, self.reason)


_PLAIN: Mapping[str, Check] = {
    "json_validity": JsonValidity(),
    "no_extra_text": NoExtraText(),
    "duplicate_keys": NoDuplicateKeys(),
    "bracket_repetition": NoBracketRuns(),
    "repetition": NoTextLoop(),
}
_STOPS = StopsCleanly()
BEHAVIORS = (
    "json_validity",
    "no_extra_text",
    "schema_types",
    "required_keys",
    "types",
    "duplicate_keys",
    "bracket_repetition",
    "repetition",
    "timestamp_sanity",
    "grounding",
    "exact_fields",
    "stops_cleanly",
)
"""What is said of every completion that should be JSON, in this order."""


def judge_line(line: JudgingLine) -> Verdicts:
    """Every behavior's verdict on one line, by what the line itself declares."""
    case = Case(
        id=str(line.id), messages=(Message("user", line.prompt or ""),), reference=line.reference
    )
    return _judged(_declared_checks(line), case, _completion(line))


def judge_for_task(line: JudgingLine, task: Task) -> Verdicts:
    """Every behavior's verdict on one line, by what the task declares for the case of its id.

    Raises:
        HarnessError: the task has no such case.
    """
    try:
        case = task.case(str(line.id))
    except KeyError:
        raise HarnessError(f"the task {task.name} has no case {str(line.id)!r}") from None
    checks = dict(checks_of(task))
    if line.finish_reason is None:
        checks["stops_cleanly"] = Skip("the line gives no finish_reason")
    return _judged(checks, case, _completion(line))


def judge_answer(case: Case, completion: Completion, task: Task) -> Verdicts:
    """Every behavior's verdict on one answer, by what the task declares.

    The case need not be one of the task's own. Behaviors that the task declares nothing for are
    left out; an answer that is an error is one to every behavior.
    """
    checks = {n: c for n, c in checks_of(task).items() if not isinstance(c, Skip)}
    if completion.finish_reason is FinishReason.ERROR:
        reason = completion.error or "no completion"
        return dict.fromkeys(checks, Verdict.error(FailureCode.BACKEND_ERROR, reason))
    return _judged(checks, case, completion)


def _judged(checks: Mapping[str, Check], case: Case, completion: Completion) -> Verdicts:
    return {name: check.judge(case, completion) for name, check in checks.items()}


def _completion(line: JudgingLine) -> Completion:
    reason = FinishReason(line.finish_reason or "stop")
    error = "the line says that there is no completion" if reason is FinishReason.ERROR else None
    return Completion(line.completion, reason, case_id=str(line.id), error=error)


def _declared_checks(line: JudgingLine) -> Mapping[str, Check]:
    checks: dict[str, Check] = dict.fromkeys(BEHAVIORS, _STOPS)
    checks.update(_PLAIN)
    checks.update(_schema_checks(line))
    checks["timestamp_sanity"] = _or_skip(line.timestamps, "timestamps", _timestamps)
    checks["grounding"] = _or_skip(line.grounded, "grounded", Grounding)
    if line.grounded and line.prompt is None:
        checks["grounding"] = Broken("grounded needs the prompt, give the line one")
    pointers = _exact_pointers(line)
    checks["exact_fields"] = _or_skip(pointers, "reference", ExactFields)
    if line.finish_reason is None:
        checks["stops_cleanly"] = Skip("the line gives no finish_reason")
    return checks


def _or_skip(declared: Any, name: str, build: Callable[[Any], Check]) -> Check:
    if not declared:
        return Skip(f"the line gives no {name}")
    try:
        return build(declared)
    except HarnessError as error:
        return Broken(f"{name}: {error}")


def _schema_checks(line: JudgingLine) -> Mapping[str, Check]:
    if not line.has_schema:
        return dict.fromkeys(_SCHEMA_BEHAVIORS, Skip("the line gives no schema"))
    try:
        schema = _compiled(_Written(repr(line.schema), line.schema))
    except (SchemaError, RecursionError) as error:
        reason = str(error) if isinstance(error, SchemaError) else "it is nested too deep"
        return dict.fromkeys(_SCHEMA_BEHAVIORS, Broken(f"schema: {reason}"))
    return {name: build(schema) for name, build in _SCHEMA_BEHAVIORS.items()}


class _Written:
    """A schema that is equal to another when it is written the same way: 1 is neither 1.0 nor
    true, as it would be between dicts."""

    __slots__ = ("schema", "text")

    def __init__(self, text: str, schema: Any) -> None:
        self.text = text
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Written) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=128)
def _compiled(written: _Written) -> Schema:
    return compile_schema(written.schema)


def _timestamps(declared: Mapping[str, Any]) -> TimestampSanity:
    rules = []
    for pointer, rule in declared.items():
        settings = {"kind": rule} if isinstance(rule, str) else rule
        try:
            rules.append((pointer, TimestampRule(**settings)))
        except TypeError:
            raise HarnessError(f"{pointer}: no such setting in {json.dumps(settings)}") from None
    return TimestampSanity(tuple(rules))


def _exact_pointers(line: JudgingLine) -> tuple[str, ...]:
    """The pointers the line gives, or all top-level keys of its reference."""
    if line.reference is None:
        return ()
    if line.exact:
        return line.exact
    if isinstance(line.reference, dict):
        return tuple("/" + k.replace("~", "~0").replace("/", "~1") for k in line.reference)
    return ("",)


@lru_cache(maxsize=8)
def checks_of(task: Task) -> Mapping[str, Check]:
    """The checks of a task, by behavior; those it declares nothing for are a ``Skip``."""
    if task.format == "text":
        return _text_checks(task)
    if task.format == "python":
        return _python_checks(task)
    checks: dict[str, Check] = dict.fromkeys(BEHAVIORS, _STOPS)
    checks.update(_PLAIN)
    for name, build in _SCHEMA_BEHAVIORS.items():
        checks[name] = build(task.schema) if task.schema else Skip("the task has no schema")
    for name, check, declared in (
        ("timestamp_sanity", TimestampSanity(task.timestamps), task.timestamps),
        ("grounding", Grounding(task.grounded), task.grounded),
        ("exact_fields", ExactFields(task.exact), task.exact),
    ):
        checks[name] = check if declared else Skip("the task declares nothing for it")
    return checks


def _text_checks(task: Task) -> Mapping[str, Check]:
    checks: dict[str, Check] = {}
    if task.sections:
        checks["no_extra_text"] = NoTextAroundSections(task.sections)
        checks["sections"] = Sections(task.sections)
    if task.quotes:
        checks["quotes"] = Quotes(task.quotes)
    if task.grounded_patterns:
        checks["grounding"] = GroundedPatterns(tuple(task.grounded_patterns.items()))
    if task.forbidden:
        checks["forbidden"] = NoForbiddenText(tuple(task.forbidden.items()))
    if task.words:
        checks["words"] = WordWindow(*task.words)
    return {**checks, "repetition": _PLAIN["repetition"], "stops_cleanly": _STOPS}


def _python_checks(task: Task) -> Mapping[str, Check]:
    checks: dict[str, Check] = {
        "no_extra_text": NoTextAroundCode(),
        "python_parses": PythonParses(),
    }
    if task.function:
        checks["python_function"] = PythonFunction(task.function, task.annotations, task.docstring)
    return {**checks, "repetition": _PLAIN["repetition"], "stops_cleanly": _STOPS}


def verdict_dict(verdict: Verdict) -> dict[str, Any]:
    """The verdict as an output line has it."""
    return {
        "outcome": verdict.outcome.value,
        "code": verdict.code.value if verdict.code else None,
        "reason": verdict.reason,
        "span": list(verdict.span) if verdict.span else None,
    }


_PASSED = json.dumps(verdict_dict(Verdict.passed()))


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is no line to judge."""

    number: int
    """From 1."""
    reason: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """What is said of one line."""

    id: Any
    verdicts: Verdicts

    def to_json(self) -> str:
        """One output line, ASCII only: a lone surrogate in an id must not end the stream."""
        members = ", ".join(
            f'"{name}": {_PASSED if v.outcome is Outcome.PASSED else json.dumps(verdict_dict(v))}'
            for name, v in self.verdicts.items()
        )
        return f'{{"id": {json.dumps(self.id)}, "verdicts": {{{members}}}}}'


def judge_lines(
    lines: Iterable[bytes], task: Task | None = None
) -> Iterator[Judgment | BrokenLine]:
    """Judge a stream of lines one by one, in constant memory; blank lines are passed over."""
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            line = JudgingLine.parse(raw)
            verdicts = judge_for_task(line, task) if task else judge_line(line)
        except HarnessError as error:
            yield BrokenLine(number, str(error))
        else:
            yield Judgment(line.id, verdicts)
