"""Reads a model's judged answers from stored runs, and from logs of lines as ``harness judge``
reads them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.ab.entry import LogEntry
from harness.checks.declared.output import Output
from harness.core.case import Case, Message
from harness.core.completion import Completion, FinishReason
from harness.core.errors import HarnessError
from harness.core.record import RunRecord, Sample, TaskRecord
from harness.core.review import ReviewedAnswer
from harness.core.suggestion import did_you_mean
from harness.core.tools import TOOL_CALLS, tools_for
from harness.core.verdict import Outcome
from harness.files.regular import read_regular
from harness.tasks.generate.stored import case_of_sample
from harness.tasks.judging import (
    BrokenLine,
    LogReader,
    VerdictMap,
    case_in,
    completion_of,
    judge_answer,
    judge_line,
)
from harness.tasks.judging_line import JudgingLine
from harness.tasks.reference import reference_answer
from harness.tasks.task import Task
from trainers.data.mining import JudgedAnswer


def model_of(records: Iterable[RunRecord], name: str | None) -> str:
    """The ref of the model whose answers are mined.

    Raises:
        HarnessError: no run has that model, or there are several and none is named.
    """
    models = list(dict.fromkeys(s.model for record in records for s in record.samples))
    if name is None and len(models) == 1:
        return models[0]
    if name is None:
        found = " and ".join(models) or "no model"
        raise HarnessError(f"there are answers of {found}: choose one with --model")
    if name not in models:
        hint = did_you_mean(name, models, f"there are {', '.join(models)}")
        raise HarnessError(f"--model {name}: no run has answers of it, {hint}")
    return name


def tasks_of(records: Iterable[RunRecord], model: str, name: str | None) -> list[str]:
    """The names of the tasks whose answers are mined.

    Raises:
        HarnessError: the model has no answers to the named one.
    """
    there = [s.task for record in records for s in record.samples if s.model == model]
    tasks = list(dict.fromkeys(there))
    if name is not None and name not in tasks:
        hint = did_you_mean(name, tasks, f"there are {', '.join(tasks) or 'none'}")
        raise HarnessError(f"--task {name}: {model} has no answers to it, {hint}")
    return [name] if name is not None else tasks


def answers_of_run(
    record: RunRecord,
    model: str,
    tasks: Mapping[str, Task],
    *,
    behaviors: tuple[str, ...] = (),
    suite_tasks: frozenset[str] = frozenset(),
) -> Iterator[JudgedAnswer]:
    """The model's answers to the tasks, with the verdicts of the run.

    Where a run has no verdict of a behavior that counts, today's checks of the task judge the
    answer: so are all answers of a session that was killed.

    Args:
        behaviors: those asked for, beside the required ones.
        suite_tasks: tasks whose own cases decide a gate. Drawn cases are not their own.

    Raises:
        HarnessError: a task requires no behavior and none is asked for.
    """
    records = {t.name: t for t in record.tasks}
    for sample in record.samples:
        if sample.model == model and sample.task in tasks:
            yield _answer_of(
                record.id,
                sample,
                records[sample.task],
                tasks[sample.task],
                behaviors,
                is_suite_case=sample.task in suite_tasks
                and records[sample.task].generate_seed is None,
            )


def reviewed(
    answers: Iterable[JudgedAnswer], model: str, review: Iterable[ReviewedAnswer]
) -> Iterator[JudgedAnswer]:
    """The model's answers to runs, with the verdicts of a review."""
    said = {answer.key: answer.verdict for answer in review}
    for answer in answers:
        key = (answer.source, model, answer.task, answer.case.id, answer.completion.repeat)
        yield replace(answer, reviewed=said.get(key))


def _answer_of(
    run: str,
    sample: Sample,
    record: TaskRecord,
    task: Task,
    behaviors: tuple[str, ...],
    *,
    is_suite_case: bool,
) -> JudgedAnswer:
    case = case_of_sample(sample)
    verdicts = sample.verdicts
    required = record.required or task.required
    _require_some(required or behaviors, task.name)
    if not {*required, *behaviors} <= verdicts.keys():
        verdicts = {**judge_answer(case, sample.completion, task), **verdicts}
    return JudgedAnswer(
        source=run,
        task=task.name,
        case=case,
        completion=replace(sample.completion, repeat=sample.repeat),
        verdicts=verdicts,
        required=required,
        reference=_reference(task.output_for(case), case, sample.completion),
        judge=partial(judge_answer, case, task=task),
        is_suite_case=is_suite_case,
        tools=tools_for(record.tools, case.declared),
    )


def _reference(output: Output, case: Case, completion: Completion) -> str | None:
    """The case's reference as the model's own answer would be; ``None`` of calls where the form of
    the model is not known, or a server has read them."""
    has_calls = output.format == TOOL_CALLS and output.calls != "none"
    if has_calls and output.tool_form == "auto" and completion.tool_form in (None, "openai"):
        return None
    return reference_answer(output, case.reference, completion.tool_form)


def _require_some(behaviors: tuple[str, ...], task: str) -> None:
    if not behaviors:
        raise HarnessError(f"{task}: requires no behavior, say which must pass with --behavior")


def answers_of_log(
    path: Path,
    task: Task | None = None,
    *,
    behaviors: tuple[str, ...] = (),
    is_suite_task: bool = False,
) -> Iterator[JudgedAnswer | BrokenLine]:
    """The answers of a log, a JSON object a line, judged by the task or by what each line declares.

    The log has one of the forms of ``harness.tasks.logs``. The prompt of a line is a user's
    message, after the task's system message, unless the form gives the conversation. A line without
    a prompt answers the task's case of its id.

    Args:
        behaviors: those asked for, beside the required ones.

    Raises:
        HarnessError: the file cannot be read, or the task requires no behavior and none is asked
            for.
    """
    if task is not None:
        _require_some(task.required or behaviors, task.name)
    reader = LogReader()
    for number, raw in enumerate(read_regular(path).split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            for line in reader.lines(raw, number):
                if task is None:
                    yield _by_declarations(line, path.name)
                else:
                    yield _by_task(line, path.name, task, is_suite_task=is_suite_task)
        except HarnessError as error:
            yield BrokenLine(number, str(error))


def answers_of_experiment(
    entries: Iterable[LogEntry],
    task_of: Callable[[str], Task],
    *,
    task: str | None = None,
    model: str | None = None,
    behaviors: tuple[str, ...] = (),
) -> Iterator[JudgedAnswer]:
    """The answers in the log of an experiment, judged before repair by the tasks as they are.

    Args:
        entries: of the log, with texts.
        task_of: finds a task by name.
        task: answers to this one alone.
        model: answers of this ref alone.
        behaviors: those asked for, beside the required ones.

    Raises:
        HarnessError: no answer is of that task and model, a task is not there, or one requires no
            behavior and none is asked for.
    """
    wanted = [
        e
        for e in entries
        if e.text is not None
        and not e.is_owed
        and e.task
        and task in (None, e.task)
        and model in (None, e.model)
    ]
    if not wanted:
        options = {"--task": task, "--model": model}
        named = " ".join(f"{name} {value}" for name, value in options.items() if value)
        raise HarnessError(f"the log holds no answer to a task{f' of {named}' if named else ''}")
    tasks = {name: task_of(name) for name in dict.fromkeys(e.task for e in wanted)}
    for found in tasks.values():
        _require_some(found.required or behaviors, found.name)
    for entry in wanted:
        yield _of_entry(entry, tasks[entry.task])


def _of_entry(entry: LogEntry, task: Task) -> JudgedAnswer:
    case = Case(id=entry.id, messages=entry.messages or ())
    reason = FinishReason(entry.finish_reason or FinishReason.STOP)
    completion = Completion(entry.text or "", reason, case_id=entry.id)
    return _on_task(task, case, completion, entry.experiment)


def _on_task(task: Task, case: Case, completion: Completion, source: str) -> JudgedAnswer:
    """An answer to a prompt of a task, judged as the task's are."""
    output = task.output_for(case)
    return JudgedAnswer(
        source=source,
        task=task.name,
        case=case,
        completion=completion,
        verdicts=judge_answer(case, completion, task),
        required=task.required,
        reference=_reference(output, case, completion),
        judge=partial(judge_answer, case, task=task),
        tools=output.tools_text,
    )


def _by_declarations(line: JudgingLine, source: str) -> JudgedAnswer:
    """All behaviors that the line declares something for are required."""
    if not line.prompt:
        raise HarnessError("has no prompt, a training row needs one")

    def judge(completion: Completion) -> VerdictMap:
        return judge_line(
            replace(line, completion=completion.text, finish_reason=completion.finish_reason.value)
        )

    verdicts, case, completion = judge_line(line), _case(line, ()), completion_of(line)
    return JudgedAnswer(
        source=source,
        task="",
        case=case,
        completion=completion,
        verdicts=verdicts,
        required=tuple(n for n, v in verdicts.items() if v.outcome is not Outcome.SKIPPED),
        reference=_reference(line.declared.output, case, completion),
        judge=judge,
        tools=line.declared.output.tools_text,
    )


def _by_task(line: JudgingLine, source: str, task: Task, *, is_suite_task: bool) -> JudgedAnswer:
    has_own_prompt = line.prompt is not None and line.messages is None
    own = None if has_own_prompt else case_in(task, line)
    if own is None and not line.prompt:
        raise HarnessError(f"has no prompt, and {task.name} has no case {str(line.id)!r}")
    system = (Message("system", task.file.system),) if task.file.system else ()
    found = _on_task(task, own or _case(line, system), completion_of(line), source)
    return replace(found, is_suite_case=own is not None and is_suite_task)


def _case(line: JudgingLine, system: tuple[Message, ...]) -> Case:
    assert line.prompt is not None
    messages = line.messages or (*system, Message("user", line.prompt))
    return Case(
        id=str(line.id), messages=messages, reference=line.reference, alternatives=line.alternatives
    )
