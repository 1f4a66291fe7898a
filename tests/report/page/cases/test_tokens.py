"""The certainty of tokens in a page: what its script gets, and what is left out."""

import json
import re
from dataclasses import replace

import pytest

from harness.core.logprobs import Logprobs
from harness.report.html import render
from harness.report.page.cases.answers import Answer, ShownCase
from harness.report.page.cases.tokens import embed_tokens, has_tokens
from harness.report.page.embed import TaskCases
from harness.report.page.text_limit import MAX_PAGE_BYTES
from harness.report.report import report_on
from tests.report.certain import with_logprobs
from tests.report.hostile import EVERYTHING
from tests.synthetic import record

ELEMENT = re.compile(r'<script type="application/json" id="tokens">(.*?)</script>', re.DOTALL)


def answer(text, logprobs, before=0, after=0):
    return Answer(text, "fails", before, after, (), (), False, None, logprobs=logprobs)


def case(*answers, state="regressed", case_id="a"):
    return ShownCase(case_id, 0, state, "prompt", (), "", (), "", False, answers)


def embedded(*cases, room=10**6):
    return json.loads(embed_tokens([TaskCases("task", 0, cases, None)], room))


def unpacked(entry):
    return [ord(c) - 48 for c in entry[2]], [ord(c) - 48 for c in entry[3]]


def test_a_span_is_its_length_and_its_doubt_and_a_marked_one_has_its_runner_up():
    found = Logprobs.of([1, 0, 2, 0], [-0.5, -0.1, -0.01, 0.0], ["x", "y", "z", "w"], [-1.0] * 4)
    made = embedded(case(None, answer("a\U0001f600b", found)))
    ((row, side, *_),) = made["tasks"][0]
    assert (row, side) == (0, 1)
    assert unpacked(made["tasks"][0][0]) == ([1, 3, 0], [39, 10, 0])
    assert made["tasks"][0][0][4] == [0, 63, 1, 63]
    assert made["runnerUps"] == ["x", "y"]
    assert made["tasks"][0][0][5] == round(100 * 2.718281828 ** (-0.61 / 4))
    assert (made["answers"], made["leftOut"]) == (1, 0)


def test_of_a_cut_answer_the_spans_that_are_shown_are_kept():
    found = Logprobs.of([3, 3, 3, 3, 0], [-1.0] * 5, ["x"] * 5, [-1.0] * 5)
    made = embedded(case(answer("cdefghi", found, before=2, after=3)))
    assert unpacked(made["tasks"][0][0])[0] == [1, 3, 3]
    whole = embedded(case(answer("abcdefghijkl", found)))
    assert unpacked(whole["tasks"][0][0])[0] == [3, 3, 3, 3, 0]


def test_where_there_is_no_room_changed_and_failing_cases_go_first():
    found = Logprobs.of([1] * 40, [-1.0] * 40, ["x"] * 40, [-1.0] * 40)
    passing = case(answer("a" * 40, found), state="still passing")
    cases = [passing] * 9 + [case(answer("a" * 40, found), state="regressed")]
    made = embedded(*cases, room=1_500)
    rows = [entry[0] for entry in made["tasks"][0]]
    assert rows[:2] == [9, 0]
    assert len(rows) == made["answers"] < 10
    assert made["answers"] + made["leftOut"] == 10
    assert len(json.dumps(made)) < 1_500
    assert embedded(*cases, room=0)["leftOut"] == 10


def test_a_long_runner_up_is_cut():
    found = Logprobs.of([1], [-1.0], ["x" * 4_000], [-1.0])
    assert len(embedded(case(answer("a", found)))["runnerUps"][0]) == 41


def test_a_page_without_log_probabilities_has_no_trace_of_them():
    page = render(report_on(record(8)))
    assert not ELEMENT.search(page)
    assert 'class="certainty"' not in page
    assert not has_tokens([TaskCases("task", 0, [case(answer("a", None))], None)])


def test_no_text_can_end_the_element_or_stand_for_it():
    run = record(8)
    text = EVERYTHING + '<script type="application/json" id="tokens"></script>'
    samples = tuple(replace(s, completion=replace(s.completion, text=text)) for s in run.samples)
    page = render(report_on(with_logprobs(replace(run, samples=samples))))
    (content,) = ELEMENT.findall(page)
    assert json.loads(content)["answers"] == 16
    assert "<" not in content


@pytest.mark.slow
def test_a_full_page_has_what_fits():
    run = with_logprobs(record(1_500), share=0.5)
    page = render(report_on(run))
    made = json.loads(ELEMENT.search(page)[1])
    assert made["answers"] > 500
    assert len(page.encode()) <= MAX_PAGE_BYTES
