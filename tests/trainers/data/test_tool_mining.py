"""Judged answers to prompts with tools become rows with these tools, and rows become cases."""

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.core.completion import Completion
from harness.core.record import Sample
from harness.tasks.judging import judge_answer
from harness.tasks.task import load_task
from tests import synthetic
from tests.tool_templates import STOP, TOOLS
from tests.trainers.data.test_tool_rows import ASKED, ROWS, TEXT_OF_CALL, read
from trainers.data.check import check
from trainers.data.duplicates import without_repeats
from trainers.data.judged_answers import answers_of_log, answers_of_run
from trainers.data.mining import READ_BY_SERVER, by_prompt, mine_examples, mine_pairs
from trainers.data.prepare import prepare
from trainers.data.shapes import listing
from trainers.improve.training_prompts import TrainingPrompts, write_task

ULM = {"name": "get_weather", "arguments": {"city": "Ulm"}}
SERVED = json.dumps({"tool_calls": [{"id": "x1", "function": {"name": "stop", "arguments": "{}"}}]})


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "weather"
    made.mkdir()
    (made / "tools.json").write_text(json.dumps(TOOLS))
    (made / "task.yaml").write_text(
        "description: x\nprompt: '{text}'\noutput: {format: tool_calls, tools: tools.json}\n"
        "budgets: {tool_call: 0.9, exact_calls: 0.9}\n"
    )
    stop = {"name": "stop", "arguments": {}}
    cases = [
        {"id": "a", "variables": {"text": "Stop."}, "reference": stop},
        {"id": "b", "variables": {"text": "End."}, "reference": stop, "tools": [STOP]},
    ]
    (made / "cases.jsonl").write_text("".join(json.dumps(c) + "\n" for c in cases))
    return made


def answers(folder: Any, *texts: str, form: str | None = "hermes") -> Any:
    """The answers of a run whose model gave each case these texts."""
    task = load_task(folder)
    samples = []
    for request in task.requests():
        case = task.case(request.case_id)
        for text in texts:
            given = Completion(text, case_id=case.id, tool_form=form, token_ids=(1,))
            verdicts = judge_answer(case, given, task)
            samples.append(Sample.of("base:x", request, case, given, verdicts, is_drawn=False))
    run = replace(synthetic.record(1), tasks=(task.record(2),), samples=tuple(samples))
    return by_prompt(answers_of_run(run, "base:x", {task.name: task}))


def test_a_passing_answer_is_a_row_with_the_tools_that_it_was_asked_with(folder) -> None:
    rows = mine_examples(answers(folder, TEXT_OF_CALL, "Stopped.")).rows
    read = [listing()["prompt_completion"].read(row, "f:1") for row in rows]
    assert [json.loads(row.tools) for row in read] == [TOOLS, [STOP]]
    assert {row.completion for row in read} == {TEXT_OF_CALL}


def test_a_failing_answer_is_a_pair_whose_reference_has_the_form_of_the_model(folder) -> None:
    first, second = mine_pairs(answers(folder, "Stopped.", form="llama")).rows
    assert first["chosen"][0]["content"] == '{"name": "stop", "parameters": {}}'
    found = listing()["preference"].read(second, "f:1")
    assert (json.loads(found.tools), found.rejected) == ([STOP], "Stopped.")
    for unknown in (None, "openai"):
        assert mine_pairs(answers(folder, "Stopped.", form=unknown)).rows == ()


def test_calls_that_a_server_read_are_calls_of_the_row_and_make_no_pair(folder) -> None:
    found = answers(folder, SERVED, "Stopped.", form="openai")
    row = listing()["prompt_completion"].read(mine_examples(found).rows[0], "f:1")
    assert ([c.name for c in row.calls], row.completion) == (["stop"], "")
    mined = mine_pairs(found)
    assert (mined.rows, mined.left_out[READ_BY_SERVER]) == ((), 2)


def test_a_line_of_a_log_brings_its_tools(folder, tmp_path) -> None:
    line = {"id": 1, "prompt": "q", "completion": TEXT_OF_CALL, "tools": TOOLS}
    (tmp_path / "log.jsonl").write_text(json.dumps({**line, "tool_form": "hermes"}) + "\n")
    (answer,) = answers_of_log(tmp_path / "log.jsonl")
    assert json.loads(answer.tools) == TOOLS


def test_rows_with_other_tools_ask_something_else() -> None:
    both, one = read(ASKED, ROWS["one call"]), read(ASKED, ROWS["one call"], tools=TOOLS[:1])
    kept, repeats = without_repeats([both, one, replace(both, where="f:3")])
    assert (kept, len(repeats)) == ([both, one], 1)


def test_rows_are_prepared_and_checked_with_their_tools(folder, tmp_path) -> None:
    broken = {"role": "assistant", "content": TEXT_OF_CALL[:-5]}
    lines = [{"messages": [ASKED, turn], "tools": TOOLS} for turn in (ROWS["two calls"], broken)]
    lines.append({"messages": [ASKED, ROWS["one call"]], "tools": [STOP]})
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = check([path], load_task(folder))
    assert {(row.where[-2:], row.behavior) for row in found.failed} == {
        (":2", name) for name in ("tool_call", "tool_name", "tool_arguments")
    }
    (mistake,) = found.mistakes
    assert "there is no tool 'get_weather'" in mistake.reason
    assert len(found.ambiguous) == 1
    prepared = prepare([path])
    assert [row.tools for row in prepared.splits["train"]] == [json_text(TOOLS)] * 2


def json_text(tools: Any) -> str:
    return json.dumps(tools, separators=(",", ":"))


def test_rows_as_cases_of_a_task_ask_with_their_tools(folder, tmp_path) -> None:
    reordered = [{"function": {"name": "stop"}, "type": "function"}]
    words = read(ASKED, {"role": "assistant", "content": "Hello."}, tools=reordered)
    called = replace(read(ASKED, ROWS["two calls"]), where="f:2")
    write_task(TrainingPrompts((words, called), 0), load_task(folder), tmp_path / "own")
    task = load_task(tmp_path / "own" / "weather")
    assert [request.tools for request in task.requests()] == [words.tools, called.tools]
    first, second = task.cases
    assert (task.output_for(first).calls, first.reference) == ("none", "Hello.")
    assert [call["arguments"]["city"] for call in second.reference] == ["Ulm", "Bonn"]
