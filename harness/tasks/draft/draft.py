"""A drafted task: what its files will hold, made of what a person has."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from harness.checks.schema.schema import Schema, compile_schema
from harness.core.answer_formats import LIST_FORMATS, VALUE_FORMATS
from harness.core.errors import HarnessError
from harness.tasks.draft.asking import asking
from harness.tasks.draft.example_value import example_value
from harness.tasks.draft.examples import are_json, values_of
from harness.tasks.draft.fields import field_names
from harness.tasks.draft.listed import schema_of_answer
from harness.tasks.draft.rows import Row
from harness.tasks.draft.schemas import Leaf, leaves
from harness.tasks.task_file import VARIABLE

MADE_UP = 3
"""Cases that are made up where there are no examples."""
JSON, TEXT, PYTHON = "json", "text", "python"
_REQUIRED = {
    **{form: (f"{form}_validity", "no_extra_text", "schema_types") for form in VALUE_FORMATS},
    TEXT: ("stops_cleanly", "repetition"),
    PYTHON: ("python_parses",),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A task before it is written."""

    name: str
    prompt: str | None
    """``None`` where the cases bring their own messages."""
    format: str
    cases: tuple[Mapping[str, Any], ...]
    schema: Mapping[str, Any] | None = None
    declares: Mapping[str, Any] = field(default_factory=dict)
    """The rest of ``output`` in ``task.yaml``."""
    required: tuple[str, ...] = ()
    is_made_up: bool = False
    """The cases only show what one looks like."""

    def without(self, *names: str) -> "Draft":
        """The draft that declares less."""
        return replace(self, declares={k: v for k, v in self.declares.items() if k not in names})


def from_fields(name: str, prompt: str | None, form: str, fields: str | None) -> Draft:
    """The draft of a task of which there are no answers yet; for values see ``from_schema``.

    ``fields`` are the headings of a text, or the name of a Python function.
    """
    names = [part.rstrip("?") for part in field_names(fields)] if fields else []
    if form == PYTHON:
        return _python(name, prompt, names)
    headings = [f"{n}:" for n in names]
    shape = f" with the headings {', '.join(names)}" if names else ""
    asked = prompt or f"Write a short answer{shape}.\nText: {{text}}"
    cases = [_case(name, n, {"text": f"Write about subject {n}."}) for n in _made_up()]
    if headings:
        for n, case in enumerate(cases, 1):
            case["reference"] = "\n".join(f"{h} say what belongs here ({n})." for h in headings)
    declares: dict[str, Any] = {"sections": headings} if headings else {"words": [1, 200]}
    required = (*_REQUIRED[TEXT], *(("sections",) if headings else ("words",)))
    draft = Draft(name, asked, TEXT, tuple(cases), None, declares, required, is_made_up=True)
    return _with_variables(draft)


def _python(name: str, prompt: str | None, names: Sequence[str]) -> Draft:
    function = names[0] if names else "add"
    asked = prompt or "Write the Python function {function}. Task: {text}"
    body = "(a: int, b: int) -> int:\n    return a + b"
    cases = [
        {
            **_case(name, n, {"function": f"{function}_{n}", "text": "add two numbers"}),
            "reference": f"def {function}_{n}{body}",
        }
        for n in _made_up()
    ]
    required = (*_REQUIRED[PYTHON], "python_function")
    declares = {"function": "function"}
    draft = Draft(name, asked, PYTHON, tuple(cases), None, declares, required, is_made_up=True)
    return _with_variables(draft)


def from_schema(name: str, prompt: str | None, schema: Any, form: str = JSON) -> Draft:
    """The draft of a task whose answers keep to a schema, with made-up cases; ``form`` is one of
    values. In JSON Lines and CSV the schema may be that of a line or a row.

    Raises:
        HarnessError: answers of the format cannot keep to it.
    """
    schema = schema_of_answer(form, schema)
    held = compile_schema(schema)
    cases = []
    for number in _made_up():
        value, keeps = _made_up_answer(form, schema, held, number)
        case = _case(name, number, {"text": _described(value, form)})
        cases.append({**case, "reference": value} if keeps else case)
    has_references = all("reference" in case for case in cases)
    if not has_references:  # All or none: without a reference nothing can be graded.
        cases = [{k: v for k, v in case.items() if k != "reference"} for case in cases]
    asked = prompt or asking(form, schema, "text")
    draft = _of_values(name, asked, form, schema, cases, has_references=has_references)
    return _with_variables(replace(draft, is_made_up=True))


def _made_up_answer(form: str, schema: Any, held: Schema, number: int) -> tuple[Any, bool]:
    """The made-up answer of that number, of two lines or rows where there may be two, and whether
    the schema accepts it."""
    if form not in LIST_FORMATS:
        value = example_value(schema, number)
        return value, _keeps(held, value)
    one, other = (example_value(schema, n) for n in (2 * number - 1, 2 * number))
    two = [*one, *other]
    value = two if _keeps(held, two) else one
    return value, _keeps(held, value)


def _keeps(held: Schema, value: Any) -> bool:
    return not held.errors(json.loads(_compact(value), parse_float=Decimal))


def from_rows(
    name: str, prompt: str | None, form: str | None, schema: Any, rows: Sequence[Row]
) -> Draft:
    """The draft of a task whose cases are examples. Without a format, answers that are JSON in
    every row, as values or as texts, make it a task of JSON. Values keep to the schema given, or to
    one that all answers keep to.

    Raises:
        HarnessError: the answers are not of the format, or have no place in the prompt.
    """
    has_messages = any(row.messages for row in rows)
    if has_messages and prompt:
        raise HarnessError("--prompt: the examples bring their own messages, leave it out")
    cases = [_case_of(name, n, row) for n, row in enumerate(rows, 1)]
    form = form or (JSON if schema is not None or are_json(rows) else TEXT)
    if form in VALUE_FORMATS:
        answers, kept = values_of(form, schema, rows)
        asked = None if has_messages else prompt or _prompt_of(rows, form, kept)
        cases = [{**case, "reference": a} for case, a in zip(cases, answers, strict=True)]
        draft = _of_values(name, asked, form, kept, cases, has_references=True)
        return _with_variables(draft)
    asked = None if has_messages else prompt or _prompt_of(rows, form, None)
    texts = [row.answer if isinstance(row.answer, str) else _compact(row.answer) for row in rows]
    cases = [{**case, "reference": text} for case, text in zip(cases, texts, strict=True)]
    declares: dict[str, Any] = {"words": _words(texts)} if form == TEXT else {}
    required = (*_REQUIRED[form], *declares)
    return _with_variables(Draft(name, asked, form, tuple(cases), None, declares, required))


def _of_values(
    name: str,
    prompt: str | None,
    form: str,
    schema: Any,
    cases: Iterable[Mapping[str, Any]],
    *,
    has_references: bool,
) -> Draft:
    found = leaves(schema, of_items=form in LIST_FORMATS)
    declares: dict[str, Any] = {}
    dates = {p: leaf for p, leaf in found.items() if leaf.schema.get("format") == "date"}
    if dates:
        declares["timestamps"] = {pointer: _date(leaf) for pointer, leaf in dates.items()}
    if has_references and found:
        declares["exact"] = [*found]
        truths = ("boolean", ["boolean", "null"])
        stated = [p for p, leaf in found.items() if leaf.schema.get("type") not in truths]
        declares |= {"grounded": stated} if stated else {}
    return Draft(name, prompt, form, tuple(cases), schema, declares, _REQUIRED[form])


def _date(leaf: Leaf) -> Any:
    return "date" if leaf.is_needed else {"kind": "date", "optional": True}


def _with_variables(draft: Draft) -> Draft:
    """
    Raises:
        HarnessError: the prompt asks for what the cases have not.
    """
    asked, made_up = dict.fromkeys(VARIABLE.findall(draft.prompt or "")), _made_up_name(draft)
    if len(asked) == 1 and made_up not in (None, *asked):
        return _renamed(draft, next(iter(asked)))
    for variable in asked:
        if any(variable not in case["variables"] for case in draft.cases):
            there = ", ".join(f"{{{name}}}" for name in draft.cases[0]["variables"])
            raise HarnessError(f"--prompt: not every case has {{{variable}}}, there is {there}")
    if draft.prompt is not None and not VARIABLE.search(draft.prompt):
        names = "\n".join(f"{{{name}}}" for name in draft.cases[0]["variables"])
        return replace(draft, prompt=f"{draft.prompt}\n{names}")
    return draft


def _made_up_name(draft: Draft) -> str | None:
    """The only variable of made-up cases, which may have any name."""
    names = [*draft.cases[0]["variables"]]
    return names[0] if draft.is_made_up and len(names) == 1 else None


def _renamed(draft: Draft, variable: str) -> Draft:
    """The draft whose only made-up variable has the name that the prompt asks for."""
    cases = (
        {**case, "variables": dict.fromkeys([variable], *case["variables"].values())}
        for case in draft.cases
    )
    return replace(draft, cases=tuple(cases))


def _prompt_of(rows: Sequence[Row], form: str, schema: Any) -> str:
    """A prompt that holds all variables; what reads like a whole prompt stands alone."""
    names = [*rows[0].variables]
    places = "\n".join(f"{{{name}}}" for name in names)
    if {*names} & {"prompt", "instruction", "question", "messages"}:
        return places
    is_said = schema is not None and leaves(schema, of_items=form in LIST_FORMATS)
    return asking(form, schema, names[0]) if is_said and len(names) == 1 else places


def _case(name: str, number: int, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": f"{name}-{number:03}", "variables": dict(variables), "template": f"w{number}"}


def _case_of(name: str, number: int, row: Row) -> dict[str, Any]:
    case = _case(name, number, row.variables)
    return {**case, "messages": [*row.messages]} if row.messages else case


def _made_up() -> range:
    return range(1, MADE_UP + 1)


def _described(value: Any, form: str = JSON) -> str:
    """A text from which the value can be told, as a stand-in for a real one."""
    if form in LIST_FORMATS:
        return "\n".join(map(_described, value))
    if not isinstance(value, dict):
        return _compact(value)
    parts = (f"{k.replace('_', ' ')}: {_plain(v)}" for k, v in value.items())
    return "; ".join(parts)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k.replace('_', ' ')} {_plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return value if isinstance(value, str) else _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _words(texts: Iterable[str]) -> list[int]:
    """Bounds that leave some room around the examples."""
    counts = [len(text.split()) for text in texts]
    return [max(1, min(counts) // 2), max(counts) * 2]
