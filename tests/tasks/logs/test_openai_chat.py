"""Chat rows: the last message is judged, by the case that asks the same or by their own prompt."""

import json

import pytest

from harness.core.verdict import Outcome
from harness.tasks.judging import BrokenLine, judge_lines
from harness.tasks.task import load_task
from tests.models import ROOT

TASK = load_task(ROOT / "fixtures/tasks/json_extraction")
CASE = TASK.cases[0]
GOOD = json.dumps(CASE.reference)


def chat(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def judged(*rows, task=None):
    return list(judge_lines([json.dumps(row).encode() for row in rows], task))


def test_the_last_message_is_judged():
    good, bad = judged(
        chat(("system", "Be exact."), ("user", "go"), ("assistant", '{"a": 1}')),
        chat(("user", "go"), ("assistant", "{}"), ("user", "again"), ("assistant", "Sure: {}")),
    )
    assert (good.id, bad.id) == (1, 2)
    assert good.verdicts["no_extra_text"].outcome is Outcome.PASSED
    assert bad.verdicts["no_extra_text"].outcome is Outcome.FAILED
    assert good.verdicts["stops_cleanly"].outcome is Outcome.SKIPPED


def test_a_row_has_its_own_id_or_its_number():
    row = chat(("user", "go"), ("assistant", "{}"))
    items = judged({**row, "id": "a"}, {**row, "id": None}, {**row, "id": []})
    assert [getattr(item, "id", None) for item in items] == ["a", 2, None]
    assert items[2].reason == "id: expected a string or a number, found []"


def test_the_case_that_asks_the_same_is_found_by_its_prompt():
    (item,) = judged(chat(("user", CASE.prompt), ("assistant", GOOD)), task=TASK)
    assert item.is_own_case
    assert item.verdicts["exact_fields"].outcome is Outcome.PASSED


def test_another_prompt_is_judged_by_what_the_task_declares():
    own = {"name": "Zoe", "date": "2024-01-02", "amount": 5}
    asked = chat(("user", "Zoe paid $5 on 2024-01-02."), ("assistant", json.dumps(own)))
    (item,) = judged(asked, task=TASK)
    assert not item.is_own_case
    assert item.verdicts["grounding"].outcome is Outcome.PASSED
    assert item.verdicts["exact_fields"].outcome is Outcome.SKIPPED


def test_text_in_parts_and_results_of_tools_are_read():
    parts = [{"type": "text", "text": '{"a": '}, {"type": "text", "text": "1}"}]
    asked = chat(("developer", "x"), ("user", "go"), ("tool", "5"), ("assistant", parts))
    (item,) = judged(asked)
    assert item.verdicts["json_validity"].outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (chat(("user", "go")), "ends with a message of the user"),
        (chat(), "messages: expected a list of messages"),
        (chat(("user", 5), ("assistant", "x")), "messages[0]: expected content of text"),
        (chat(("wizard", "x")), "messages[0]: expected role and content"),
        ({"messages": ["x"]}, "messages[0]: expected role and content"),
        (chat(("user", "go"), ("assistant", None)), "holds no text"),
        (
            {"messages": [{"role": "assistant", "content": None, "tool_calls": [{}]}]},
            "puts a part of the answer into tool_calls",
        ),
    ],
)
def test_a_row_without_an_answer_is_a_broken_line(row, said):
    (item,) = judged(row)
    assert isinstance(item, BrokenLine)
    assert said in item.reason
