"""The samples of a run are judged as the run judged them."""

from dataclasses import replace

import pytest

from harness.core.completion import Completion, FinishReason
from harness.core.verdict import Outcome
from harness.records.runs import sample_line
from harness.tasks.judging import BrokenLine, LogReader, judge_answer, judge_lines
from harness.tasks.task import load_task
from tests.models import ROOT
from tests.synthetic import BASE, good, sample, values

TASK = load_task(ROOT / "fixtures/tasks/json_extraction")
CASE = TASK.cases[0]


def line(completion: Completion, repeat: int = 0) -> bytes:
    (value,) = values(1)
    made = replace(
        sample(BASE, 1, value, good(value)),
        case_id=CASE.id,
        messages=CASE.messages,
        completion=completion,
        repeat=repeat,
    )
    return sample_line(made).encode()


@pytest.mark.parametrize("text", ["{}", "", "Sure! {}", "\ud800"])
def test_an_answer_has_the_verdicts_of_the_run(text: str) -> None:
    completion = Completion(text, FinishReason.LENGTH, CASE.id)
    reader = LogReader()
    (item,) = judge_lines([line(completion, repeat=2)], TASK, reader)
    assert reader.form == "samples"
    assert (item.id, item.repeat) == (CASE.id, 2)
    found = {n: v for n, v in item.verdicts.items() if v.outcome is not Outcome.SKIPPED}
    expected = judge_answer(CASE, completion, TASK)
    assert found == {n: v for n, v in expected.items() if v.outcome is not Outcome.SKIPPED}


def test_an_error_says_its_reason() -> None:
    completion = Completion("", FinishReason.ERROR, CASE.id, error="killed by signal 9")
    (item,) = judge_lines([line(completion)], TASK)
    assert item.verdicts["json_validity"].outcome is Outcome.ERROR
    assert item.verdicts["json_validity"].reason == "killed by signal 9"


@pytest.mark.parametrize(
    "row",
    [
        b'{"case_id": "a", "verdicts": {}}',
        b'{"case_id": 1, "verdicts": 1, "completion": {}}',
        line(Completion("{}", FinishReason.STOP, CASE.id)).replace(b'"repeat":0', b'"repeat":"0"'),
    ],
)
def test_what_is_no_sample_is_a_broken_line(row: bytes) -> None:
    (item,) = judge_lines([row])
    assert isinstance(item, BrokenLine)
