"""Judges completions from anywhere, without a model: lines of JSON in, lines of JSON out.

The behaviors are those of ``harness.checks``. What a line or a task declares decides which of them
have something to hold a JSON answer against; the others say *skipped*, so that every judgement
names the same behaviors. Nothing is remembered from one line to the next but checks.
"""

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any

from harness.checks import Behavior, listing
from harness.checks.declared.output import Output
from harness.checks.declared.stand_ins import Broken, Skip
from harness.core.case import Case, Message
from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.verdict import Check, FailureCode, Outcome, Verdict
from harness.tasks.judging_line import Declarations, JudgingLine, decoded_row
from harness.tasks.logs import LogRows, recognized, rows_named
from harness.tasks.task import Task

VerdictMap = Mapping[str, Verdict]
"""By behavior."""
_GIVEN_AS = {"exact": "reference"}
"""Parts that a line gives under another key."""


def judge_line(line: JudgingLine) -> VerdictMap:
    """Every behavior's verdict on one line, by what the line itself declares."""
    case = case_of_line(line)
    checks = dict(_checks_of_line(line.declared))
    if line.declared.output.grounded and line.prompt is None:
        checks["grounding"] = Broken("grounded needs the prompt, give the line one")
    return _judged_line(checks, case, line)


def judge_for_task(line: JudgingLine, task: Task) -> VerdictMap:
    """Every behavior's verdict on one line, by what the task declares for the case of its id.

    Raises:
        HarnessError: the task has no such case, and the line does not give its conversation, or it
            answers another task.
    """
    if line.task not in (None, task.name):
        answered = f"the task {line.task!s:.80}" if line.task else "no task"
        raise HarnessError(f"answers {answered}, not {task.name}: judge such lines by themselves")
    case = case_in(task, line)
    if case is None and line.messages is None:
        raise HarnessError(f"the task {task.name} has no case {str(line.id)!r}")
    case = case or case_of_line(line)
    goes_by_line = goes_by_its_schema(line, task, case)
    return _judged_line(_by_line(line, task, case) if goes_by_line else checks_of(task), case, line)


def goes_by_its_schema(line: JudgingLine, task: Task, case: Case) -> bool:
    """True where a line's own schema judges it, in place of the task's or the case's."""
    return line.has_schema and task.output_for(case).has_value


def _by_line(line: JudgingLine, task: Task, case: Case) -> Mapping[str, Check]:
    """The checks of what is declared for a case, with the schema of a line."""
    schema, broken = line.declared.output.json_schema, line.declared.broken.get("schema")
    output = task.output_for(case).with_schema(schema)
    needing = {n for n, b in listing().items() if "schema" in b.needs}
    made = _made(output, partial(Skip.lacking, whose="task"))
    return {n: Broken(broken) if broken and n in needing else check for n, check in made}


def case_in(task: Task, line: JudgingLine) -> Case | None:
    """The task's case that a line answers: that of its id, or of its prompt where it has one."""
    found = task.cases_by_id.get(str(line.id))
    if line.messages is None:
        return found
    prompt = line.prompt or ""
    return found if found and found.prompt in prompt else _by_prompt(task).get(prompt)


@lru_cache(maxsize=8)
def _by_prompt(task: Task) -> Mapping[str, Case]:
    return {case.prompt: case for case in task.cases}


def judge_answer(case: Case, completion: Completion, task: Task) -> VerdictMap:
    """Every behavior's verdict on one answer, by what the task declares.

    The case need not be one of the task's own. Behaviors that the task declares nothing for are
    left out; an answer that is an error is one to every behavior.
    """
    return _judged(applying_checks(task), case, completion)


def _judged_line(checks: Mapping[str, Check], case: Case, line: JudgingLine) -> VerdictMap:
    if line.finish_reason is None:
        checks = {**checks, "stops_cleanly": Skip("the line gives no finish_reason")}
    return _judged(checks, case, completion_of(line))


def _judged(checks: Mapping[str, Check], case: Case, completion: Completion) -> VerdictMap:
    if completion.finish_reason is FinishReason.ERROR:
        error = Verdict.error(FailureCode.BACKEND_ERROR, completion.error or "no completion")
        is_skip = {name for name, check in checks.items() if isinstance(check, Skip)}
        return {n: c.judge(case, completion) if n in is_skip else error for n, c in checks.items()}
    return {name: check.judge(case, completion) for name, check in checks.items()}


def case_of_line(line: JudgingLine) -> Case:
    """The case that a line stands for: its conversation, or its prompt as a user's message."""
    messages = line.messages or (Message("user", line.prompt or ""),)
    return Case(
        id=str(line.id), messages=messages, reference=line.reference, alternatives=line.alternatives
    )


def completion_of(line: JudgingLine) -> Completion:
    """The completion of a line; one without ``finish_reason`` counts as ended."""
    reason = FinishReason(line.finish_reason or "stop")
    said = line.error or "the line says that there is no completion"
    error = said if reason is FinishReason.ERROR else None
    return Completion(
        line.completion,
        reason,
        str(line.id),
        line.repeat or 0,
        error=error,
        tool_form=line.tool_form,
    )


@lru_cache(maxsize=128)
def _checks_of_line(declared: Declarations) -> Mapping[str, Check]:
    def missing(part: str) -> Check:
        if part in declared.broken:
            return Broken(declared.broken[part])
        return Skip(f"the line gives no {_GIVEN_AS.get(part, part)}")

    return dict(_made(declared.output, missing))


@lru_cache(maxsize=8)
def checks_of(task: Task) -> Mapping[str, Check]:
    """The checks of a task, by behavior; those it declares nothing for are a ``Skip``. Where cases
    declare something of their own, a check makes itself for each case."""
    checks = dict(_made(task.output, partial(Skip.lacking, whose="task")))
    if any(case.declared for case in task.cases):
        declared = task.declares
        for name, behavior in listing().items():
            if behavior.check_for is not None and behavior.needs <= declared:
                checks[name] = CaseCheck(behavior, task)
            elif name in checks:
                checks[name] = Skip.lacking(sorted(behavior.needs - declared)[0], "task")
    return dict(sorted(checks.items()))


def applying_checks(task: Task) -> Mapping[str, Check]:
    """The checks that have something to hold answers of a task against, by behavior."""
    return {n: c for n, c in checks_of(task).items() if not isinstance(c, Skip)}


@dataclass(frozen=True, slots=True)
class CaseCheck:
    """A behavior's check, made for each case from what is declared for it."""

    behavior: Behavior
    task: Task

    def judge(self, case: Case, completion: Completion) -> Verdict:
        return self.task.check_of(self.behavior.file, case).judge(case, completion)


def _made(output: Output, missing: Callable[[str], Check]) -> Iterator[tuple[str, Check]]:
    """The check of each behavior that applies; of a JSON answer also of those that could apply,
    as what stands for the ``missing`` declaration."""
    declared = output.declares
    could_be = {*declared, *Output.parts_of(output.format)} if output.has_value else declared
    for name, behavior in listing().items():
        if behavior.check_for is not None and behavior.needs <= could_be:
            lacking = sorted(behavior.needs - declared)
            yield name, missing(lacking[0]) if lacking else behavior.check_for(output)


def verdict_dict(verdict: Verdict) -> dict[str, Any]:
    """The verdict as an output line has it."""
    graded: dict[str, Any] = {}
    if verdict.grade:
        fields = verdict.grade.fields
        recall = verdict.grade.path_recall
        graded = {"share": verdict.share, "path_recall": recall, "fields": [*map(asdict, fields)]}
    return {
        "outcome": verdict.outcome.value,
        "code": verdict.code.value if verdict.code else None,
        "reason": verdict.reason,
        "span": list(verdict.span) if verdict.span else None,
        **graded,
    }


_PASSED = Verdict.passed()
_PASS_WRITTEN = json.dumps(verdict_dict(_PASSED))


def _written(verdict: Verdict) -> str:
    if verdict is _PASSED:
        return _PASS_WRITTEN
    if verdict.outcome is Outcome.SKIPPED:
        return _skip_written(verdict)
    return json.dumps(verdict_dict(verdict))


@lru_cache(maxsize=128)
def _skip_written(skipped: Verdict) -> str:
    """A line that declares little has the same few skips as the line before."""
    return json.dumps(verdict_dict(skipped))


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is no line to judge."""

    number: int
    """From 1."""
    reason: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """The verdicts on one line."""

    id: Any
    verdicts: VerdictMap
    ignored: tuple[str, ...] = ()
    """Parts that the line declares itself, where a task's declarations take their place."""
    repeat: int | None = None
    """Index of the answer, where a row holds several."""
    is_own_case: bool = True
    """False where a task's declarations judge a prompt that is no case of the task."""
    has_own_schema: bool = False
    """The line's schema was used in place of the task's."""

    def to_json(self) -> str:
        """One output line, ASCII only: a lone surrogate in an id must not end the stream."""
        members = ", ".join([f'"{name}": {_written(v)}' for name, v in self.verdicts.items()])
        repeat = "" if self.repeat is None else f', "repeat": {self.repeat}'
        return f'{{"id": {json.dumps(self.id)}{repeat}, "verdicts": {{{members}}}}}'


@dataclass(slots=True)
class LogReader:
    """Reads the answers in the lines of one file, which all have one form."""

    form: str | None = None
    """Name of the form, as ``--format`` has it; ``None``: that of the first row."""
    rows: LogRows | None = None

    def lines(self, raw: bytes, number: int) -> Iterator[JudgingLine]:
        """The answers in a line of the file.

        Raises:
            HarnessError: the line holds none; the message says why.
        """
        row = decoded_row(raw)
        if self.rows is None:
            self.form = self.form or recognized(row)
            self.rows = rows_named(self.form)
        yield from self.rows.lines(row, number)


def judge_lines(
    lines: Iterable[bytes], task: Task | None = None, reader: LogReader | None = None
) -> Iterator[Judgment | BrokenLine]:
    """Judge a stream of lines one by one, in constant memory; blank lines are passed over.

    Raises:
        HarnessError: the stream is no lines of JSON at all: another encoding, one array, nothing.
    """
    reader = reader or LogReader()
    is_first = True
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        if is_first and (problem := _problem_of_all(raw)):
            raise HarnessError(problem)
        is_first = False
        yield from _judged_raw(number, raw, task, reader)
    if is_first:
        raise HarnessError("holds no line to judge, write a JSON object a line")


def _problem_of_all(first: bytes) -> str:
    """The reason, seen in its first line, why no line of a stream can be read; empty for none."""
    if b"\0" in first:
        return "is UTF-16 or UTF-32 text, or no text: write it as UTF-8"
    beginning = first.strip().removeprefix(codecs.BOM_UTF8)
    if beginning[:1] == b"[" and not beginning.endswith(b"]"):
        return "is an array over several lines: write one object a line (jq -c '.[]')"
    return ""


def _judged_raw(
    number: int, raw: bytes, task: Task | None, reader: LogReader
) -> Iterator[Judgment | BrokenLine]:
    try:
        for line in reader.lines(raw, number):
            yield _judgment(line, task)
    except HarnessError as error:
        yield BrokenLine(number, str(error))
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        # A mistake of ours, or of a library below: the next lines are judged all the same.
        yield BrokenLine(number, f"cannot be judged ({type(error).__name__}: {error!s:.200})")


def _judgment(line: JudgingLine, task: Task | None) -> Judgment:
    if task is None:
        return Judgment(line.id, judge_line(line), repeat=line.repeat)
    verdicts, own = judge_for_task(line, task), case_in(task, line)
    ignored = tuple(part for part in line.declares if part != "schema") if own else ()
    by_its_schema = goes_by_its_schema(line, task, own or case_of_line(line))
    return Judgment(line.id, verdicts, ignored, line.repeat, own is not None, by_its_schema)
