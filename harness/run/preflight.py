"""Preflight of a run: problems in its models' files stop it, warnings stay in its record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.portable import portable
from harness.core.printable import printable
from harness.core.record import RunRecord
from harness.core.tools import TOOL_CALLS
from harness.model_files.examine import Examination, examine_all
from harness.model_files.finding import Finding, Level
from harness.model_files.token_findings import argument_findings, tool_findings
from harness.tasks.task import Task


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """Results for the models that may be run."""

    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Warnings by model ref, one line each."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of weights, by the model's ref, where they are known."""


@dataclass(frozen=True, slots=True)
class ToolNeeds:
    """What the tasks of a run need of chat templates for calls of tools."""

    has_tools: bool = False
    needs_form: bool = False
    """Calls are judged in the form that the template writes."""

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> "ToolNeeds":
        """The needs of all tasks together."""
        outputs = [output for task in tasks for output in task.outputs_naming(TOOL_CALLS)]
        calling = [output for output in outputs if output.format == TOOL_CALLS]
        return cls(bool(calling), any(output.tool_form == "auto" for output in calling))


def preflight(
    refs: Sequence[ModelRef],
    arguments: Iterable[str] = (),
    *,
    trusts_code: bool = False,
    tools: ToolNeeds = ToolNeeds(),
) -> PreflightResult:
    """Check the files of every model of a run.

    A model that cannot be opened at all fails later by itself, and the others go on.

    Args:
        refs: the models.
        arguments: names of what the tasks tell chat templates.
        trusts_code: models may run code that they bring along.
        tools: what the tasks need for calls of tools.

    Raises:
        HarnessError: the answers of a model would be meaningless: a line for each reason.
    """
    examined = examine_all(refs)
    problems = [
        f"--model {e.ref}: {printable(str(finding))}"
        for e in examined
        for finding in (*e.at(Level.PROBLEM), *_of_tools(e, tools))
        if not finding.is_unopenable and not (trusts_code and finding.is_of_code)
    ]
    if problems:
        raise HarnessError(*problems)
    names = tuple(arguments)
    return PreflightResult(
        {
            str(e.ref): tuple(portable(str(f)) for f in found)
            for e in examined
            if (found := _warnings(e, names))
        },
        {str(e.ref): e.size_bytes for e in examined if e.size_bytes is not None},
    )


def _of_tools(examined: Examination, needs: ToolNeeds) -> Iterator[Finding]:
    if needs.has_tools and examined.tokens is not None:
        yield from tool_findings(examined.tokens, needs_form=needs.needs_form)


def _warnings(examined: Examination, arguments: Sequence[str]) -> tuple[Finding, ...]:
    unread = argument_findings(examined.tokens, arguments) if examined.tokens else ()
    return (*examined.at(Level.WARNING), *unread)


def with_warnings(record: RunRecord, warnings: Mapping[str, tuple[str, ...]]) -> RunRecord:
    """The record with these warnings on its models, after those that a model gave itself."""
    models = tuple(
        replace(m, warnings=(*m.warnings, *warnings.get(m.ref, ()))) for m in record.models
    )
    return replace(record, models=models)
