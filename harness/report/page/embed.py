"""Every case of the page as compact JSON inside a script element.

Each text is stored once, in a table, and referred to by its index; offsets count UTF-16 units, as
JavaScript does. The result holds no ``<``, so that no text of a model can end the element.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple
from typing import Any, NamedTuple

from markupsafe import Markup

from harness.core.review import ReviewedAnswer
from harness.report.page.cases.answers import JSON, LONG, Answer, ShownCase
from harness.report.page.cases.buckets import STATE_WORDS, buckets_of
from harness.report.page.cases.compared import Compared
from harness.report.page.causes_view import CauseView
from harness.report.page.charts.distributions import Distribution
from harness.report.page.matrix import Matrix
from harness.report.page.visible import CONTROL_NAMES, HIDDEN, JAVASCRIPT_CLASS
from harness.report.words.slices import SliceTable

_UNSAFE = re.compile(f"[<>&]|{HIDDEN}")


class TaskCases(NamedTuple):
    """The cases of one task, as the page's script gets them."""

    name: str
    prefix: int
    """The length of the beginning that every prompt shares, which the page says once."""
    cases: Sequence[ShownCase]
    matrix: Matrix | None
    """Given where a reader may choose another pair."""
    required: Sequence[str] = ()
    """The behaviors of the composite."""
    judged: Sequence[Sequence[str]] = ()
    """For each side, the behaviors that judged any of its answers."""
    plots: Sequence[Distribution] = ()
    """The charts that follow the chosen pair."""
    causes: Sequence[CauseView] = ()


class StringTable:
    """Strings in the order of their first use."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self.place: Callable[[str], int] = _Places(self.values).__getitem__


class _Places(dict[str, int]):
    """The place of each string in a list, to which a string is added when it is first asked for."""

    def __init__(self, values: list[str]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, value: str) -> int:
        place = self[value] = len(self)
        self._values.append(value)
        return place


class EmbeddedSide(NamedTuple):
    """One model of one run, as the page's script gets it."""

    name: str
    ref: str
    run: str
    """The id that a case is replayed from."""
    model: str
    """The model that a replay has to name; empty where the run replays it by default."""


def embed(
    tasks: Iterable[TaskCases],
    sides: Sequence[EmbeddedSide],
    pair: Sequence[int],
    review: Iterable[ReviewedAnswer] = (),
) -> Markup:
    """The script element's content.

    Args:
        tasks: every case.
        sides: every model of every run.
        pair: the indexes of the first pair's sides.
        review: a person's verdicts that the page begins with.
    """
    content = {
        "sides": [side._asdict() for side in sides],
        "pair": pair,
        "hidden": JAVASCRIPT_CLASS,
        "controls": CONTROL_NAMES,
        "long": LONG,
        "folds": [[b.title, b.states, b.hint] for b in buckets_of(len(pair))],
        "said": STATE_WORDS,
        "tasks": [_task(t) for t in tasks],
        "review": [asdict(answer) for answer in review],
    }
    return Markup(json_in_html(content))


def json_in_html(value: object) -> str:
    """JSON without a character that HTML reads as markup or that UTF-8 cannot hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return f"\\u{ord(character):04x}" if character in "<>&" else json.dumps(character)[1:-1]


def _task(task: TaskCases) -> dict[str, Any]:
    texts, names = StringTable(), StringTable()
    rows = [_case(case, task.prefix, texts, names) for case in task.cases]
    form = task.cases[0].format if task.cases else JSON
    absent = [
        [place, side, [names.place(b) for b in answer.absent]]
        for place, case in enumerate(task.cases)
        for side, answer in enumerate(case.answers)
        if answer and answer.absent
    ]
    return {
        "name": task.name,
        "prefix": prompt_prefix(task),
        "required": [names.place(b) for b in task.required],
        "judged": [[names.place(b) for b in behaviors] for behaviors in task.judged],
        "absent": absent,
        "format": form,
        "formats": [[i, case.format] for i, case in enumerate(task.cases) if case.format != form],
        "cut": [[i, case.prompt_cut] for i, case in enumerate(task.cases) if case.prompt_cut],
        "messages": {
            texts.place(case.prompt[task.prefix :]): [
                value for role, length in _lengths(case) for value in (names.place(role), length)
            ]
            for case in task.cases
            if case.messages
        },
        "pairs": _pairs(task.matrix),
        "rates": _rates(task.matrix),
        "axes": [_axes(found) for found in task.plots],
        "causes": [[cause.key, cause.places] for cause in task.causes],
        "cases": rows,
        "texts": texts.values,
        "names": names.values,
    }


def _pairs(matrix: Matrix | None) -> dict[str, Any]:
    """Headline; change and interval by behavior; slices: for each pair of sides."""
    found = matrix.pairs.items() if matrix else ()
    return {key: [words.headline, words.changes, _slices(words.slices)] for key, words in found}


def _slices(table: SliceTable) -> list[Any]:
    return [[astuple(row) for row in table.rows], table.left_out]


def _rates(matrix: Matrix | None) -> dict[str, Any]:
    """By behavior: the rate of each side, and its codes in words."""
    rows = [row for row, _ in matrix.rows] if matrix else []
    return {row.name: [[r and r.rate for r in row.results], row.codes] for row in rows}


def _axes(found: Distribution) -> dict[str, Any]:
    """By pair: the axis' high end, its ticks, and how many answers it leaves out."""
    return {pair: [a.scale.high, a.scale.tick_texts, a.beyond] for pair, a in found.axes.items()}


def prompt_prefix(task: TaskCases) -> str:
    """The beginning that every prompt of the task shares: prompts are embedded without it."""
    return task.cases[0].prompt[: task.prefix] if task.cases else ""


def _case(case: ShownCase, prefix: int, texts: StringTable, names: StringTable) -> list[Any]:
    return [
        case.case_id,
        case.repeat,
        texts.place(case.prompt[prefix:]),
        names.place(case.template),
        [names.place(tag) for tag in case.tags],
        texts.place(case.reference) if case.reference else None,
        int(case.is_noisy),
        *(_answer(answer, case.prompt[prefix:], prefix, texts, names) for answer in case.answers),
    ]


def _lengths(case: ShownCase) -> Iterator[tuple[str, int]]:
    """The roles of the prompt's messages, and the lengths of their contents in UTF-16 units."""
    at = 0
    for role, length in case.messages:
        at += len(f"[{role}]\n")
        yield role, utf16_length(case.prompt[at : at + length])
        at += length + len("\n\n")


def _answer(
    answer: Answer | None, prompt: str, prefix: int, texts: StringTable, names: StringTable
) -> list[Any] | None:
    """``[text, verdict, findings, marks, cut before, cut after, hit the limit, error, nearest place
    of the prompt, comparison]``; what is empty at the end is left out."""
    if answer is None:
        return None
    name, units = names.place, _utf16_units(answer.text)
    near = answer.near if answer.near and answer.near[0] >= prefix else None
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
        near and [_utf16_units(prompt)(place - prefix) for place in near],
        answer.compared and _compared(answer.compared, texts),
    ]
    while row[-1] in (None, 0, []) and len(row) > (8 if answer.error is not None else 2):
        row.pop()
    return row


def _compared(found: Compared, texts: StringTable) -> list[Any]:
    """``[reference, its number, places of items by list, pointers of what differs]``."""
    return [texts.place(found.reference), found.number, found.moved, found.wrong]


def _utf16_units(text: str) -> Callable[[int], int]:
    """From an offset in characters to the offset in UTF-16 units."""
    if text.isascii() or max(text) <= "\uffff":
        return lambda offset: offset
    return lambda offset: utf16_length(text[:offset])


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 units, which JavaScript counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
