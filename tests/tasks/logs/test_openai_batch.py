"""The output of a batch: answers are judged, and anything else in their place is an error."""

import json

import pytest

from harness.core.verdict import Outcome
from harness.tasks.judging import BrokenLine, LogReader, judge_lines
from harness.tasks.task import load_task
from tests.models import ROOT

TASK = load_task(ROOT / "fixtures/tasks/json_extraction")
CASE = TASK.cases[0]
GOOD = json.dumps(CASE.reference)


def row(custom_id=CASE.id, *, choices=None, error=None, status=200):
    answers = choices or [choice(GOOD)]
    response = None if error else {"status_code": status, "body": {"choices": answers}}
    return {"id": "r", "custom_id": custom_id, "response": response, "error": error}


def choice(text, finish_reason="stop", **message):
    found = {"role": "assistant", "content": text, **message}
    return {"index": 0, "message": found, "finish_reason": finish_reason}


def judged(*rows, task=TASK):
    return list(judge_lines([json.dumps(row).encode() for row in rows], task))


def outcomes(item):
    return {v.outcome for v in item.verdicts.values() if v.outcome is not Outcome.SKIPPED}


def test_an_answer_is_held_against_the_case_of_its_custom_id():
    (item,) = judged(row())
    assert item.id == CASE.id
    assert outcomes(item) == {Outcome.PASSED}
    assert item.verdicts["stops_cleanly"].outcome is Outcome.PASSED
    assert item.verdicts["exact_fields"].outcome is Outcome.PASSED


def test_the_custom_id_of_a_plan_of_ours_names_the_case():
    first, again = judged(*(row(f"{'0f' * 8}/json_extraction/{CASE.id}/{n}") for n in (0, 1)))
    assert (first.id, first.repeat) == (CASE.id, None)
    assert (again.id, again.repeat) == (CASE.id, 1)


def test_an_answer_to_another_task_of_a_plan_is_not_held_against_a_case_of_this():
    (item,) = judged(row(f"{'0f' * 8}/payments/{CASE.id}/0"))
    assert item.reason == (
        "answers the task payments, not json_extraction: judge such lines by themselves"
    )
    (alone,) = judged(row(f"{'0f' * 8}/payments/{CASE.id}/0"), task=None)
    assert alone.id == CASE.id


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (row(error={"code": "batch_expired", "message": "too late"}), "too late"),
        (row(status=429), "an error in its place"),
        (row(choices=[choice(None, refusal="I cannot.")]), "refusal"),
        (row(choices=[choice(None, "tool_calls", tool_calls=[{}])]), "tool_calls"),
        (row(choices=[choice(GOOD, "content_filter")]), "content_filter"),
        (row(choices=[{}]), "finish_reason"),
        ({"custom_id": CASE.id, "response": {"status_code": 200, "body": {}}}, "no choices"),
    ],
)
def test_an_error_fails_and_passes_nothing(broken, said):
    (item,) = judged(broken)
    assert outcomes(item) == {Outcome.ERROR}
    assert said in item.verdicts["json_validity"].reason


def test_each_choice_is_judged():
    first, second = judged(row(choices=[choice(GOOD), choice("Sure! {}")]))
    assert (first.repeat, second.repeat) == (0, 1)
    assert json.loads(second.to_json())["repeat"] == 1
    assert outcomes(first) == {Outcome.PASSED}
    assert Outcome.FAILED in outcomes(second)


def test_the_completions_protocol_has_its_text_in_the_choice():
    (item,) = judged(row(choices=[{"text": GOOD, "finish_reason": "length"}]))
    assert item.verdicts["json_validity"].outcome is Outcome.PASSED
    assert item.verdicts["stops_cleanly"].outcome is Outcome.FAILED


def test_the_input_of_a_batch_is_named():
    asked = {"custom_id": CASE.id, "method": "POST", "url": "/v1/chat/completions", "body": {}}
    (item,) = judged(asked)
    assert isinstance(item, BrokenLine)
    assert item.reason == "is no answer of a batch: name the file that the batch wrote"


@pytest.mark.parametrize("broken", [row(custom_id=None), row(custom_id=["x"]), {"custom_id": {}}])
def test_hostile_rows_are_broken_lines(broken):
    (item,) = judged(broken)
    assert isinstance(item, BrokenLine)


def test_a_named_form_goes_before_the_recognized_one():
    reader = LogReader("openai-batch")
    (item,) = judge_lines([json.dumps({"id": 1, "completion": "{}"}).encode()], None, reader)
    assert isinstance(item, BrokenLine)
