"""Writes a case's reference out as the answer that a perfect model would give."""

import json
import re
from typing import Any

from harness.checks.csv.writing import dump_csv
from harness.checks.declared.output import Output
from harness.checks.json.document import read_document
from harness.checks.tools.call import ARGUMENTS, NAME, wanted_of
from harness.checks.tools.reading import form_of, reading_of
from harness.checks.yaml.writing import dump_yaml
from harness.core.answer_formats import FORMATS_OF_TEXT
from harness.core.case import JsonValue
from harness.core.completion import Completion
from harness.core.tool_form import ToolForm
from harness.core.tools import TOOL_CALLS
from harness.core.verdict import Verdict

DEFAULT_FORM: ToolForm = "hermes"
"""The form of a perfect answer where neither the task nor a model says one."""
_TICKS = re.compile("`+")


def reference_answer(
    output: Output, reference: JsonValue, form: ToolForm | None = None
) -> str | None:
    """The text of a perfect answer; ``None`` where the case has no reference, or one that an answer
    of the format cannot be (``reference_kind``).

    ``form``: the form of the model's calls, where the task says ``auto``.
    """
    text = bare_answer(output, reference, form)
    return fenced(output, text) if text is not None and output.fence == "required" else text


def bare_answer(output: Output, reference: JsonValue, form: ToolForm | None = None) -> str | None:
    """The text of a perfect answer, without the fence that may stand around it."""
    if reference is None:
        return None
    if output.format == TOOL_CALLS:
        return _calls_text(output, reference, form)
    if output.has_value:
        return written(output, reference)
    return reference if isinstance(reference, str) else None


def written(output: Output, value: JsonValue) -> str | None:
    """A value in the task's format; ``None`` where the format cannot say it."""
    if output.format == "yaml":
        return dump_yaml(value)
    if output.format == "csv":
        return dump_csv(value, output.delimiter)
    if output.format == "jsonl":
        return "\n".join(map(dump, value)) or None if isinstance(value, list) else None
    return dump(value)


def reference_kind(output: Output) -> str:
    """The kind of reference that an answer of the format can be."""
    return {
        "jsonl": "a list of its lines, of one at least",
        "csv": "a list of its rows, of one at least: objects with the same keys, and no list or "
        "object in them",
    }.get(output.format, "the answer itself, a string")


def _calls_text(output: Output, reference: JsonValue, form: ToolForm | None) -> str | None:
    if output.calls == "none":
        return reference if isinstance(reference, str) else None
    own = output.tool_form if output.tool_form != "auto" else form or DEFAULT_FORM
    text: str = form_of(own).text_of(wanted_of(reference))
    return text


def fenced(output: Output, text: str) -> str:
    """An answer in a Markdown fence that nothing in it closes."""
    label = output.fence_language or ("" if output.format == "text" else output.format)
    longest = max((len(found) for found in _TICKS.findall(text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}{label}\n{text}\n{mark}"


def without_fence(output: Output, answer: str) -> str:
    """The answer that stands in a fence, where it may."""
    return answer if output.fence == "forbidden" else output.wrappers.view(answer).text.strip()


def reference_value(output: Output, answer: str) -> JsonValue:
    """The reference of which a text is the answer; ``None`` where it should be a value and is
    none."""
    if output.has_value and output.format != "json":
        return _read_value(output, answer)
    if output.format == TOOL_CALLS:
        return _calls_value(output, answer)
    answer = without_fence(output, answer)
    if output.format in FORMATS_OF_TEXT:
        return answer
    try:
        value: JsonValue = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return value


def _read_value(output: Output, answer: str) -> JsonValue:
    found = read_document(answer, output.wrappers)
    if found.fault is not None:
        return None
    value: JsonValue = json.loads(dump(found.value))
    return value


def _calls_value(output: Output, answer: str) -> JsonValue:
    if output.calls == "none":
        return answer
    found = reading_of(Completion(answer), output.call_rule)
    if isinstance(found, Verdict):
        return None
    calls: list[Any] = [{NAME: c.name, ARGUMENTS: dict(c.arguments)} for c in found.calls]
    value: JsonValue = json.loads(dump(calls[0] if len(calls) == 1 else calls))
    return value


def dump(value: JsonValue) -> str:
    """A value as a perfect answer has it; numbers may be ``Decimal``, as the checks read them."""
    return json.dumps(value, ensure_ascii=False, default=float)
