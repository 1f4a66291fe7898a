"""Every case of the page as compact JSON inside its script element.

Texts stand once in a table and are named by their place in it; offsets count UTF-16 units, as
JavaScript does. The result holds no ``<``, so no text of a model's can end the element.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from harness.report.answers import LONG, Answer, ShownCase
from harness.report.visible import CONTROL_NAMES, HIDDEN, JAVASCRIPT_CLASS

_UNSAFE = re.compile(f"[<>&]|{HIDDEN}")


class TaskCases(NamedTuple):
    """The cases of one task, as the page's script gets them."""

    name: str
    labels: Sequence[str]
    """What each side is called."""
    prefix: int
    """How many characters every prompt begins with; the page says them once."""
    cases: Sequence[ShownCase]


class Table:
    """Strings by the order in which they were first asked for."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, value: str) -> int:
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> list[str]:
        return list(self._places)


def embed(tasks: Iterable[TaskCases], run: str) -> Markup:
    """The script element's content; ``run`` is the id that a case is replayed from."""
    content = {
        "run": run,
        "hidden": JAVASCRIPT_CLASS,
        "controls": CONTROL_NAMES,
        "long": LONG,
        "tasks": [_task(t) for t in tasks],
    }
    return Markup(json_in_html(content))


def json_in_html(value: object) -> str:
    """JSON that no HTML parser can mistake for anything else, and that UTF-8 can hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\u{ord(character):04x}" if character in "<>&" else json.dumps(character)[1:-1]


def _task(task: TaskCases) -> dict[str, Any]:
    texts, names = Table(), Table()
    rows = [_case(case, task.prefix, texts, names) for case in task.cases]
    return {
        "name": task.name,
        "labels": list(task.labels),
        "prefix": prompt_prefix(task),
        "cases": rows,
        "texts": texts.values,
        "names": names.values,
    }


def prompt_prefix(task: TaskCases) -> str:
    """What every prompt of the task begins with: the cases' prompts are embedded without it."""
    return task.cases[0].prompt[: task.prefix] if task.cases else ""


def _case(case: ShownCase, prefix: int, texts: Table, names: Table) -> list[Any]:
    return [
        case.case_id,
        case.repeat,
        names.place(case.state),
        texts.place(case.prompt[prefix:]),
        names.place(case.template),
        [names.place(tag) for tag in case.tags],
        *(_answer(answer, texts, names) for answer in case.answers),
    ]


def _answer(answer: Answer | None, texts: Table, names: Table) -> list[Any] | None:
    """``[text, verdict, findings, marks, cut before, cut after, hit the limit, error]``; what is
    empty at the end is left out."""
    if answer is None:
        return None
    name, units = names.place, _utf16_units(answer.text)
    row: list[Any] = [
        texts.place(answer.text),
        name(answer.verdict),
        [
            [[name(b) for b in f.behaviors], name(f.outcome), name(f.code), texts.place(f.reason)]
            for f in answer.findings
        ],
        [[units(m.start), units(m.end), name(m.behavior), name(m.code)] for m in answer.marks],
        answer.cut_before,
        answer.cut_after,
        int(answer.is_cut_off),
        None if answer.error is None else texts.place(answer.error),
    ]
    while row[-1] in (None, 0, []) and len(row) > (8 if answer.error is not None else 2):
        row.pop()
    return row


def _utf16_units(text: str) -> Callable[[int], int]:
    """From an offset in characters to the offset in UTF-16 units."""
    if text.isascii() or max(text) <= "\uffff":
        return lambda offset: offset
    return lambda offset: offset + sum(c > "\uffff" for c in text[:offset])
