"""Turns a task's folder into a Task, or into every mistake that is in it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from harness.checks import listing
from harness.checks.declared.output import Output
from harness.checks.declared.part_types import Format
from harness.checks.variety import Variety
from harness.core.case import Case, JsonValue, Message
from harness.core.errors import HarnessError
from harness.core.grammar import Grammar
from harness.core.judged import BehaviorFile
from harness.core.plan import Request, Sampling, requests_for
from harness.core.record import FORMAT_SUCCESS, TaskRecord
from harness.core.suggestion import did_you_mean
from harness.core.template_arguments import Scalar
from harness.core.tools import TOOL_CALLS
from harness.core.verdict import Check
from harness.files.regular import read_regular
from harness.files.yaml_file import explain, load_yaml, parse_yaml
from harness.tasks.calls import require_calls, with_tools
from harness.tasks.case_output import CaseOutputs, NamedFiles, read_schema
from harness.tasks.kept import KEPT, kept_folders, with_kept
from harness.tasks.task_file import VARIABLE, CaseLine, TaskFile, limit_budgets

TASK_FILE = "task.yaml"
CASES_FILE = "cases.jsonl"
MAX_MISTAKES = 20
"""Mistakes of one file that are written out; the rest are counted."""
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Task:
    """A question asked in many cases, and the declarations that its answers are judged by."""

    name: str
    """The folder's name."""
    path: Path
    description: str
    cases: tuple[Case, ...]
    output: Output
    """Everything a good answer must be, with the compiled schema, where its case says nothing
    else."""
    variety: Variety | None
    sampling: Sampling
    budgets: Mapping[str, float]
    required: tuple[str, ...]
    """Behaviors that count into ``format_success_rate``."""
    latency_cases: int
    cases_sha256: str
    schema_sha256: str | None
    file: TaskFile
    """``task.yaml`` as it stands."""
    is_selected: bool = False
    """True when some of the folder's cases were left out on purpose."""
    template: Mapping[str, Scalar] = field(default_factory=dict)
    """Arguments of the chat template."""
    repeats: int = 1
    """Answers that each case is asked for."""
    generate_seed: int | None = None
    """The seed that the cases were drawn with; ``None`` where they are the folder's."""
    grammar: Grammar | None = None
    """The grammar that answers are constrained to; ``None``: free decoding."""
    has_logprobs: bool = False
    """Answers come with their tokens' log-probabilities."""

    @property
    def answer_schema(self) -> object:
        """The JSON schema that constrained decoding holds answers to, that of any value where the
        task has none; ``None`` where its answers are no values, or stand in a fence."""
        if not self.output.has_value or self.output.fence == "required":
            return None
        return self.output.json_schema.raw if self.output.json_schema else True

    def case(self, case_id: str) -> Case:
        """The case of that id; ``KeyError`` when there is none."""
        return self.cases_by_id[case_id]

    def output_for(self, case: Case) -> Output:
        """Everything that a good answer to a case must be."""
        return self._outputs.of(case.declared)

    def outputs_naming(self, form: Format) -> tuple[Output, ...]:
        """The task's declarations and those of cases, as far as they may be of one format."""
        is_own = self.output.format == form
        declared = {c.declared for c in self.cases if is_own or f'"{form}"' in c.declared}
        return tuple(map(self._outputs.of, sorted(declared)))

    @cached_property
    def _outputs(self) -> CaseOutputs:
        return CaseOutputs(self.output)

    def check_of(self, behavior: BehaviorFile, case: Case) -> Check:
        """The check of a file of ``harness.checks`` for a case, made of what is declared; one that
        skips where nothing is."""
        return self._outputs.check_of(behavior, case.declared)

    @property
    def prompt_parts(self) -> tuple[str, ...]:
        """The prompt's text around its variables, which all cases share."""
        return tuple(VARIABLE.split(self.file.prompt or "")[::2])

    @cached_property
    def cases_by_id(self) -> dict[str, Case]:
        return {case.id: case for case in self.cases}

    @cached_property
    def templates(self) -> dict[str, str]:
        """The template of each case that has one, by the case's id."""
        return {case.id: case.template for case in self.cases if case.template}

    @cached_property
    def weights(self) -> dict[str, float]:
        """The weight of each case that has one of its own, by the case's id."""
        return {case.id: case.weight for case in self.cases if case.weight != 1}

    def requests(
        self, cases: Iterable[Case] | None = None, *, repeats: int = 1, timed: bool = False
    ) -> tuple[Request, ...]:
        """Requests of the given cases, else of all, decoded and rendered as the task says."""
        asked = self.cases if cases is None else cases
        return requests_for(
            self.name,
            asked,
            self.sampling,
            template=self.template,
            repeats=repeats,
            timed=timed,
            grammar=self.grammar,
            has_logprobs=self.has_logprobs,
            tools=self.output.tools_text,
        )

    def record(self, planned: int) -> TaskRecord:
        """The task as a run's record has it, with ``planned`` of its cases asked."""
        return TaskRecord(
            name=self.name,
            description=self.description,
            cases=planned,
            selected=self.is_selected or planned < len(self.cases),
            cases_sha256=self.cases_sha256,
            schema_sha256=self.schema_sha256,
            sampling=self.sampling,
            budgets=dict(self.budgets),
            required=self.required,
            repeats=self.repeats,
            generate_seed=self.generate_seed,
            template=dict(self.template),
            grammar=self.grammar,
            stated=dict(self.file.stated.numbers) if self.file.stated else {},
            **self.output.model_dump(
                mode="json", include={"compare", "items", "format", "delimiter"}
            ),
            exact=self.output.exact,
            stated_by=self.file.stated.by if self.file.stated else "",
            tools=self.output.tools_text,
            kept=self.file.kept,
        )

    @cached_property
    def declares(self) -> frozenset[str]:
        """The words that a behavior's ``needs`` may name, as far as they hold for this task."""
        parts = {
            "reference": any(case.reference is not None for case in self.cases),
            "variety": self.variety is not None and len(self.cases) >= self.variety.min_completions,
        }
        limits = (b for b in listing().values() if not self.budgets.keys().isdisjoint(b.budgets))
        held = {word for behavior in limits for word in behavior.needs}
        declared = self._outputs.declares({case.declared for case in self.cases})
        return declared | held | {part for part in parts if parts[part]}


def load_task(folder: Path) -> Task:
    """Read a task's folder.

    Raises:
        HarnessError: every mistake found in the folder's files, a line each, as
            ``file:line: what, what next``.
    """
    path = folder / TASK_FILE
    if not path.is_file():
        raise HarnessError(f"{folder}: is no task, it has no {TASK_FILE}")
    mistakes: list[str] = []
    file = _try(mistakes, lambda: with_tools(load_yaml(path, TaskFile), path))
    schema_path = _schema_path(path, file)
    formats = file.output.assert_formats if file else False
    schema = _try(mistakes, lambda: read_schema(path, schema_path, formats))
    files = NamedFiles(folder)
    cases = _try(mistakes, lambda: _read_cases(folder / CASES_FILE, file, files))
    if mistakes or file is None or cases is None:
        raise HarnessError(*mistakes)
    return Task(
        name=folder.resolve().name,
        path=folder,
        description=file.description,
        cases=cases,
        output=file.output.with_schema(schema),
        variety=file.variety,
        sampling=file.sampling.value(),
        template=dict(file.template),
        budgets=dict(file.budgets),
        required=_required(file),
        latency_cases=file.latency_cases,
        cases_sha256=files.hashed(_sha256(folder / CASES_FILE)),
        schema_sha256=_sha256(schema_path) if schema_path else None,
        file=file,
    )


def find_tasks(tasks_dir: Path, names: tuple[str, ...] = ()) -> tuple[Task, ...]:
    """The named tasks of ``tasks_dir``, or all of them, in the order of their names; then the kept
    skills that are named.

    Raises:
        HarnessError: there is no such folder or task, or one is broken.
    """
    own = {p.parent.name: p.parent for p in sorted(tasks_dir.glob(f"*/{TASK_FILE}"))}
    names = with_kept(names, own)
    kept = {name: path for name, path in kept_folders().items() if name in names}
    there = {**own, **{name: path for name, path in kept.items() if name not in own}}
    mistakes = [_unknown_task(name, own, tasks_dir) for name in names if name not in there]
    if not tasks_dir.is_dir() and not (names and there.keys() >= set(names)):
        raise HarnessError(
            f"--tasks-dir {tasks_dir}: no such folder, name the one that holds your task folders"
        )
    if not there:
        mistakes.append(f"{tasks_dir}: holds no task, a task is a folder with a {TASK_FILE}")
    chosen = [path for name, path in there.items() if not names or name in names]
    tasks = [_try(mistakes, partial(load_task, path)) for path in chosen]
    if mistakes:
        raise HarnessError(*mistakes)
    return tuple(task for task in tasks if task is not None)


def find_task(tasks_dir: Path, name: str) -> Task:
    """The one task of that name.

    Raises:
        HarnessError: as ``find_tasks``, or the name is that of several.
    """
    found = find_tasks(tasks_dir, (name,))
    if len(found) > 1:
        names = ", ".join(task.name for task in found)
        raise HarnessError(f"--task {name}: are {len(found)} tasks, name one of {names}")
    return found[0]


def _unknown_task(name: str, own: Iterable[str], tasks_dir: Path) -> str:
    there = [*own, KEPT]
    hint = did_you_mean(name, [*there, *kept_folders()], f"there are {', '.join(there)}")
    return f"--task {name}: no such task in {tasks_dir}, {hint}"


def _required(file: TaskFile) -> tuple[str, ...]:
    if file.required is not None:
        return file.required
    apart = {name for name, behavior in listing().items() if behavior.check_for is None}
    apart |= {name for name, behavior in listing().items() if behavior.is_graded}
    apart |= {*limit_budgets(), FORMAT_SUCCESS}
    return tuple(n for n in file.budgets if n not in apart)


def _schema_path(task_file: Path, file: TaskFile | None) -> Path | None:
    """The schema's file; read plainly where the task has mistakes, to find the schema's too."""
    if file is not None:
        name = file.output.given_schema
    else:
        try:
            name = parse_yaml(task_file)[0]["output"]["schema"]
        except (HarnessError, KeyError, TypeError):
            return None
    return task_file.parent / name if isinstance(name, str) else None


def _read_cases(path: Path, file: TaskFile | None, files: NamedFiles) -> tuple[Case, ...]:
    try:
        lines = read_regular(path).decode("utf-8").split("\n")
    except FileNotFoundError:
        raise HarnessError(f"{path}: is not there, write one case a line") from None
    except UnicodeDecodeError as error:
        raise HarnessError(f"{path}: cannot be read ({error})") from None
    mistakes: list[str] = []
    cases: list[Case] = []
    line_of: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        where = f"{path}:{number}"
        case = _read_case(line, where, file, files, mistakes) if line.strip() else None
        if case is None:
            continue
        if (first := line_of.setdefault(case.id, number)) != number:
            mistakes.append(
                f"{where}: the id {case.id!r} is also that of line {first}, ids are unique"
            )
        cases.append(case)
    if not cases and not mistakes:
        mistakes.append(f"{path}: holds no case, write at least one")
    if len(mistakes) > MAX_MISTAKES:
        more = len(mistakes) - MAX_MISTAKES
        mistakes = [*mistakes[:MAX_MISTAKES], f"{path}: and {more} more mistakes"]
    if mistakes:
        raise HarnessError(*mistakes)
    return tuple(cases)


def _read_case(
    line: str, where: str, file: TaskFile | None, files: NamedFiles, mistakes: list[str]
) -> Case | None:
    """The case of one line; when it has mistakes, they are added and there is none."""
    try:
        return case_of(files.inlined(CaseLine.model_validate_json(line)), file)
    except ValidationError as error:
        mistakes += [f"{where}: {explain(e, CaseLine)}" for e in error.errors()]
    except HarnessError as error:
        mistakes.append(f"{where}: {error}")
    return None


def case_of(line: CaseLine, file: TaskFile | None) -> Case:
    """The case that a line of ``cases.jsonl`` stands for.

    Raises:
        HarnessError: its messages cannot be made, or its own declarations do not fit the task's.
    """
    if file is not None and (line.given or file.output.format == TOOL_CALLS):
        try:
            require_calls(file.output.with_parts(line), (line.reference, *line.references))
        except ValueError as error:
            raise HarnessError(str(error)) from None
    return Case(
        id=line.id,
        messages=_messages(line, file),
        reference=line.references[0] if line.references else line.reference,
        alternatives=line.references[1:],
        tags=line.tags,
        template=line.template,
        variables=line.variables,
        must_pass=line.must_pass,
        declared=line.declared,
        weight=line.weight,
        max_new_tokens=line.sampling.max_new_tokens if line.sampling else None,
    )


def _messages(line: CaseLine, file: TaskFile | None) -> tuple[Message, ...]:
    if line.messages is not None:
        if not line.messages or line.messages[-1].role != "user":
            raise HarnessError(
                "messages: the last one must be the user's, its answer is the reference"
            )
        return tuple(Message(m.role, m.content) for m in line.messages)
    if file is None:
        return ()
    if file.prompt is None:
        raise HarnessError("no messages, and the task has no prompt: give one of them")
    system = (Message("system", file.system),) if file.system else ()
    return (*system, Message("user", render_prompt(file.prompt, line.variables)))


def render_prompt(prompt: str, variables: Mapping[str, JsonValue]) -> str:
    """``prompt`` with each ``{name}`` replaced by that variable; every other brace stays.

    Raises:
        HarnessError: a ``{name}`` has no variable.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in variables:
            known = ", ".join(variables) or "none"
            raise HarnessError(
                f"variables: the prompt asks for {{{name}}}, add it (there are: {known})"
            )
        found = variables[name]
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    return VARIABLE.sub(value, prompt)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _try(mistakes: list[str], step: Callable[[], T]) -> T | None:
    """Do one step; when it finds mistakes, keep them and go on."""
    try:
        return step()
    except HarnessError as error:
        mistakes += error.mistakes
        return None
