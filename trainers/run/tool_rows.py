"""Refuses a base whose chat template cannot write the tools and calls of the rows, before its
weights are opened, in the words that a run of the suites has for it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.core.case import ToolTurn
from harness.core.errors import HarnessError
from harness.core.tools import TOOL_CALLS
from harness.engine.prompt import template_of, tool_form
from harness.files.strict_json import UnreadableFile
from harness.model_files.chat_template import ChatTemplate
from harness.model_files.folder_tokens import folder_tokens
from harness.model_files.token_findings import tool_findings
from harness.model_files.tool_template import writes_results
from harness.tasks.task import Task
from trainers.data.row_case import require_kind
from trainers.recipes.load import RecipeFile
from trainers.run.job import RecipeRows

ADVICE = "train a base whose template writes tools and calls, or rows without tools"


def check_tool_rows(
    file: RecipeFile, folder: Path, tokenizer: Any, rows: RecipeRows, task: Task | None
) -> None:
    """
    Raises:
        HarnessError: the template writes no tools, or calls in a form that is not known, or in
            another one than the task names; or a row that the task judges has no tools, or the
            task asks with none.
    """
    if task:
        asked = rows.train if file.recipe.needs_task else ()
        require_kind([*rows.val[: file.recipe.watch_rows], *asked], task)
    own = [row for row in (*rows.train, *rows.val) if row.tools]
    has_results = any(isinstance(message, ToolTurn) for row in own for message in row.prompt)
    checks = (_template(folder, own), _form(tokenizer, own, task), _results(tokenizer, has_results))
    if found := [mistake for check in checks for mistake in check] if own else []:
        raise HarnessError(*(f"{file.where('base')}: {mistake}" for mistake in found))


def _template(folder: Path, rows: Sequence[Any]) -> Iterator[str]:
    has_calls = any(getattr(row, "calls", ()) for row in rows)
    try:
        tokens = folder_tokens(folder)
    except UnreadableFile as error:
        yield str(error)
        return
    for finding in tool_findings(tokens, needs_form=has_calls):
        yield f"{finding.where}: {finding.what}; {ADVICE}"


def _results(tokenizer: Any, has_results: bool) -> Iterator[str]:
    """The prompt has the calls of earlier turns, and what came of them."""
    source = template_of(tokenizer, has_tools=True) if has_results else None
    if source is None:
        return
    refused = ""
    try:
        is_written = writes_results(ChatTemplate(source, tokenizer.special_tokens_map))
    except Exception as error:  # whatever a stranger's program raises
        is_written, refused = False, f" ({(str(error) or type(error).__name__):.100})"
    if not is_written:
        yield (
            "its chat template writes no calls of earlier turns with their results"
            f"{refused}; train a base whose template does, or rows that end with their first call"
        )


def _form(tokenizer: Any, rows: Sequence[Any], task: Task | None) -> Iterator[str]:
    """Calls are learned in the form of the template, and judged in the one that the task names."""
    judged = task.output.tool_form if task and task.output.format == TOOL_CALLS else "auto"
    learned = tool_form(tokenizer)
    has_calls = any(getattr(row, "calls", ()) for row in rows)
    if has_calls and task and judged not in ("auto", learned) and learned is not None:
        yield (
            f"its chat template writes calls as {learned}, and {task.name} judges {judged}: "
            "take tool_form out of the task, or train a base that writes that form"
        )
