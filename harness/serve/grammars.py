"""Grammars that answers are constrained to: a task's own, or that of a schema from a client."""

import json
from functools import lru_cache

from harness.core.errors import HarnessError
from harness.core.grammar import Grammar
from harness.engine.grammar import grammar_of
from harness.serve.errors import ApiError
from harness.serve.openai import ResponseFormat
from harness.tasks.task import Task

KEPT = 64
"""Grammars that are kept, so that a client's schema is read once."""


def task_grammar(task: Task) -> Grammar:
    """The grammar of a task's answers.

    Raises:
        HarnessError: they are in a format without one, or no grammar can express their schema.
    """
    schema, output = task.answer_schema, task.output
    if schema is None:
        raise HarnessError(f"policy constrained: {task.name} has no answers with a grammar")
    try:
        return _read(json.dumps(schema), output.format, output.delimiter)
    except HarnessError as error:
        raise HarnessError(f"policy constrained: {task.name}: {error}") from None


def format_grammar(asked: ResponseFormat) -> Grammar | None:
    """The grammar of OpenAI's ``response_format``; ``None`` for text.

    Raises:
        ApiError: no grammar can express the schema.
    """
    if asked.type == "text":
        return None
    schema = {"type": "object"} if asked.json_schema is None else asked.json_schema.schema_
    try:
        return _read(json.dumps(schema), "json", ",")
    except HarnessError as error:
        message = f"response_format: {error}"
        raise ApiError(400, message, param="response_format", code="unsupported_schema") from None


@lru_cache(KEPT)
def _read(schema: str, form: str, delimiter: str) -> Grammar:
    return grammar_of(json.loads(schema), form, delimiter)
