"""Any text that a model may answer is judged: no exception, spans in it, in linear time."""

# ruff: noqa: E501

import ast
import json
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from harness.checks.json.document import MISSING, read_document
from harness.checks.json.repair import repair_text
from harness.checks.json_validity import JsonValidity
from harness.checks.no_extra_text import NoExtraText
from harness.checks.python_parses import PythonParses
from harness.core.completion import Completion, FinishReason
from harness.core.printable import printable
from harness.core.verdict import Outcome
from harness.tasks.judging import judge_answer, judge_line
from harness.tasks.task import load_task
from tests.checks.judging import case, line
from tests.fuzz.fuzzing import deep, fuzz, texts
from tests.json_values import values
from tests.models import ROOT

pytestmark = pytest.mark.slow

WRAPPERS = (
    "```json\n{}\n```", "<think>{}</think>", "<think>x</think>{}", "[THINK]{}[/THINK]", "Sure: {} Done.",
    "<|channel|>analysis<|message|>{}<|end|>", "◁think▷{}◁/think▷", "<seed:think>{}</seed:think>",
    "<|START_THINKING|>{}<|END_THINKING|>", "{}<|im_end|>", "<tool_call>{}</tool_call>", "{}\n{}", "x = {}",
)  # fmt: skip
pieces = (
    texts
    | values.map(json.dumps)
    | values.map(repr)
    | st.sampled_from(WRAPPERS)
    | st.sampled_from((deep("[", "]"), deep('{"a":', "}"), deep("(", ")"), "[" * 5000, "}" * 5000))
)
answers = st.lists(pieces, min_size=1, max_size=4).map("".join) | st.tuples(
    st.sampled_from(WRAPPERS), pieces
).map(lambda pair: pair[0].replace("{}", pair[1]))
endings = st.sampled_from((FinishReason.STOP, FinishReason.LENGTH))
MAX_ORACLE_CHARACTERS = 2_000
"""Text that the standard library's parsers read without recursing too deep."""
MAX_CPU_SECONDS = 4.0
"""For 200,000 characters; what takes quadratic time takes minutes."""


def test_the_value_of_an_answer_is_that_of_the_standard_library():
    def judged(text: str) -> None:
        document = read_document(text)
        assert 0 <= document.start <= document.end <= len(text)
        if document.fault is not None:
            assert 0 <= document.fault.span[0] <= document.fault.span[1] <= len(text)
            assert document.value is MISSING
        elif len(text) < MAX_ORACLE_CHARACTERS:
            assert same(json.loads(text[document.start : document.end]), document.value)
        try:
            whole = json.loads(text, parse_constant=lambda name: 1 / 0)
        except (ValueError, RecursionError, ZeroDivisionError):
            return
        assert document.is_whole
        assert same(whole, document.value)

    fuzz(judged, answers, examples=1500)


def same(read: object, found: object) -> bool:
    """Equal values, however their numbers are kept."""
    if isinstance(read, float):
        return read == float(found)  # type: ignore[arg-type]
    if isinstance(read, list):
        return len(read) == len(found) and all(map(same, read, found))  # type: ignore[arg-type]
    if isinstance(read, dict):
        return read.keys() == found.keys() and all(same(v, found[k]) for k, v in read.items())  # type: ignore
    return read == found


def test_every_behavior_has_a_verdict_on_every_answer():
    tasks = [load_task(path) for path in sorted((ROOT / "fixtures/tasks").iterdir())]

    def judged(text: str, ending: FinishReason) -> None:
        completion = Completion(text, ending)
        for task in tasks:
            sound(judge_answer(task.cases[0], completion, task), text)

    fuzz(judged, answers, endings, examples=400)


def test_every_behavior_that_a_line_declares_has_a_verdict():
    schema = {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}
    declared = line(
        id=1,
        completion="",
        prompt="",
        schema=schema,
        timestamps={"/d": "date"},
        grounded=["/a"],
        reference={"a": 1},
    )

    def judged(text: str, prompt: str) -> None:
        sound(judge_line(replace(declared, completion=text, prompt=prompt)), text)

    fuzz(judged, answers, texts, examples=800)


def sound(verdicts, text: str) -> None:
    for verdict in verdicts.values():
        assert verdict.outcome is not Outcome.ERROR, verdict
        assert printable(verdict.reason or "") == (verdict.reason or "")
        if verdict.span is not None:
            assert 0 <= verdict.span[0] <= verdict.span[1] <= len(text)


def test_a_python_answer_parses_as_pythons_own_parser_says():
    def judged(text: str) -> None:
        verdict = PythonParses().judge(case(), Completion(text, FinishReason.STOP))
        sound({"python_parses": verdict}, text)
        if verdict.outcome is Outcome.PASSED:
            with suppress(RecursionError):
                ast.parse(text)

    code = st.lists(
        st.sampled_from(("def f(a):\n", "    return a\n", "x = ", "(", ")", "'''", '"', "\\\n", "\t", "# é\n",
                         "f'{x}'", "{", "}", "match x:\n", "lambda: ", "0b_", "1__0", "é", "```python\n", "```",
                         "\x00", "\ud800", "\f", "\r", "await ", "-" * 3000, "(" * 300, "x." * 3000)),
        max_size=12,
    ).map("".join)  # fmt: skip
    fuzz(judged, code | answers, examples=800)


def test_a_repaired_answer_is_json_or_what_it_was():
    def judged(text: str) -> None:
        repaired = repair_text(text)
        if repaired != text and len(repaired) < MAX_ORACLE_CHARACTERS:
            json.loads(repaired)

    fuzz(judged, answers, examples=500)


def test_judging_takes_linear_time():
    units = st.text(st.sampled_from('{}[]"\\:,1-. \n`<>/abtrue'), min_size=1, max_size=12)

    def judged(before: str, unit: str, after: str) -> None:
        text = before + unit * (200_000 // len(unit)) + after
        started = time.thread_time()
        for check in (JsonValidity(), NoExtraText()):
            check.judge(case(), Completion(text, FinishReason.STOP))
        assert time.thread_time() - started < MAX_CPU_SECONDS, (before, unit, after)

    fuzz(judged, texts, units, texts, examples=100)
