"""Samples of lm-evaluation-harness, as its own writer wrote them (version 0.4.13)."""

import json
from pathlib import Path

import pytest

from harness.core.verdict import Outcome
from harness.tasks.judging import BrokenLine, LogReader, judge_lines
from harness.tasks.logs import lm_eval
from harness.tasks.task import load_task
from tests.models import ROOT

HERE = Path(__file__).parent
TASK = load_task(ROOT / "fixtures/tasks/json_extraction")


def judged(*rows, task=None, reader=None):
    return list(judge_lines([json.dumps(row).encode() for row in rows], task, reader))


def sample(text="{}", **changes):
    return {
        "doc_id": 3,
        "doc": {"question": "go"},
        "target": "",
        "arguments": {"gen_args_0": {"arg_0": "go", "arg_1": {"until": ["\n"]}}},
        "resps": [[text]],
        "filtered_resps": [text],
        "filter": "none",
        **changes,
    }


def test_a_file_of_its_writer_is_judged():
    """Two documents, each answered twice, with two filters: one row for document and filter."""
    reader = LogReader()
    lines = (HERE / "samples_payments_2026-11-27T14-50-00.jsonl").read_bytes().split(b"\n")
    found = list(judge_lines(lines, None, reader))
    assert reader.form == "lm-eval"
    assert [(item.id, item.repeat) for item in found] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    outcomes = [item.verdicts["no_extra_text"].outcome for item in found]
    assert outcomes == [Outcome.PASSED, Outcome.FAILED] * 2
    assert [item.verdicts["exact_fields"].outcome for item in found][:2] == [Outcome.PASSED] * 2
    assert list(reader.rows.remarks()) == [
        "passed over 2 rows of other filters than strict, whose raw responses are the same"
    ]


def test_a_document_is_its_number_where_it_has_no_id():
    assert [item.id for item in judged(sample(), sample(doc={"id": "x"}))] == [3, "x"]


@pytest.mark.parametrize("target", ['{"name": "Ada"}', "{'name': 'Ada'}"])
def test_a_target_is_the_reference(target):
    (item,) = judged(sample('{"name": "Ben"}', target=target))
    assert item.verdicts["exact_fields"].reason == '/name: expected "Ada", found "Ben"'


def test_without_a_target_there_is_no_reference():
    (item,) = judged(sample())
    assert item.verdicts["exact_fields"].outcome is Outcome.SKIPPED


def test_a_chat_prompt_is_read_as_messages():
    case = TASK.cases[0]
    chat = json.dumps([{"role": "user", "content": case.prompt, "type": "text"}])
    arguments = {"gen_args_0": {"arg_0": [chat], "arg_1": {}}}
    (item,) = judged(sample(json.dumps(case.reference), arguments=arguments), task=TASK)
    assert item.is_own_case
    assert item.verdicts["exact_fields"].outcome is Outcome.PASSED


def test_arguments_of_earlier_versions_are_a_list():
    (item,) = judged(sample(arguments=[["go", {"until": []}]]))
    assert not isinstance(item, BrokenLine)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arguments": {"gen_args_0": {"arg_0": "a", "arg_1": " b"}}}, "log-likelihoods"),
        ({"arguments": {}}, "arguments: expected the prompt of a request"),
        ({"arguments": {"gen_args_0": {"arg_0": 5, "arg_1": {}}}}, "expected the text of a prompt"),
        ({"resps": []}, "resps: expected a list of generated texts"),
        ({"resps": [[["-1.5", "False"]]]}, "resps: expected a list of generated texts"),
        ({"doc_id": None}, "has no id"),
    ],
)
def test_a_row_without_a_generated_answer_is_a_broken_line(changes, said):
    (item,) = judged(sample(**changes))
    assert isinstance(item, BrokenLine)
    assert said in item.reason


def test_a_hostile_target_ends_nothing():
    deep, huge = "{'a': " + "(" * 5000, "[" + "9" * 99_000
    for item in judged(sample(target=deep), sample(target=huge), sample(target="{1, 2}")):
        assert not isinstance(item, BrokenLine)


@pytest.mark.parametrize(
    ("target", "reference"),
    [
        ("{'a': 1.5, 'b': None}", {"a": 1.5, "b": None}),
        (r"['\d']", ["\\d"]),
        ("[1 is 1]", "[1 is 1]"),
        ("[" * 90_000, "[" * 90_000),
        ("[" + "1+" * 40_000 + "1]", "[" + "1+" * 40_000 + "1]"),
        ("", None),
    ],
)
def test_a_target_is_data_and_never_a_program(target, reference):
    assert lm_eval._target(target) == reference
