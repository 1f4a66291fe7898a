"""Tasks whose answers are calls of tools: their files, the page that shows them, judging lines."""

import json

import pytest

from harness.core.completion import Completion
from harness.core.errors import HarnessError
from harness.core.record import Sample
from harness.tasks.check.grading import check_task
from harness.tasks.judging import judge_answer, judge_lines
from harness.tasks.reference import reference_answer, reference_value
from harness.tasks.task import load_task
from tests.test_docs import files
from tests.tool_templates import STOP, TOOLS

TASK = "description: x\nprompt: '{text}'\noutput: {format: tool_calls, tools: tools.json}\n"
ULM = {"name": "get_weather", "arguments": {"city": "Ulm"}}
BROKEN = {"type": "function", "function": {"name": "f", "parameters": {"type": 5}}}
GOOD = f"<tool_call>{json.dumps(ULM)}</tool_call>"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "weather"
    made.mkdir()
    (made / "task.yaml").write_text(TASK)
    (made / "tools.json").write_text(json.dumps(TOOLS))
    return made


def task_of(folder, *cases):
    lines = [
        {"id": name, "variables": {"text": name}, **case}
        for name, case in zip("abcdef", cases, strict=False)
    ]
    (folder / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return load_task(folder)


def failed(task, case_id, text, tool_form=None):
    answer = Completion(text, case_id=case_id, tool_form=tool_form)
    found = judge_answer(task.case(case_id), answer, task)
    return {
        name: str(v.code) for name, v in found.items() if v.outcome not in ("passed", "skipped")
    }


@pytest.mark.parametrize("form", ["auto", "llama", "pythonic", "mistral", "openai"])
def test_the_page_s_task_is_sound_in_every_form(tmp_path, form):
    for name, text in files("tool-calls").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    file = tmp_path / "tasks/weather/task.yaml"
    file.write_text(file.read_text().replace("tools.json", f"tools.json\n  tool_form: {form}"))
    grade = check_task(file.parent)
    assert grade.mistakes == ()
    assert grade.references == 4
    assert {c.defect for c in grade.corruptions if c.made == 0} <= {
        "calls swapped",
        "value not in enum",
    }
    assert all(c.made == c.right for c in grade.corruptions)


def test_tools_are_part_of_each_prompt_and_of_the_record(folder):
    task = task_of(folder, {"reference": ULM}, {"tools": [STOP]})
    both, own = task.requests()
    assert (json.loads(both.tools), json.loads(own.tools)) == (TOOLS, [STOP])
    assert both.prompt_sha256 != own.prompt_sha256
    for request in (both, own):
        case = task.case(request.case_id)
        answer = Completion("", case_id=case.id)
        sample = Sample.of("base:x", request, case, answer, {}, is_drawn=False)
        assert task.record(2).request(sample).prompt_sha256 == request.prompt_sha256


def test_a_case_names_a_file_of_tools_whose_content_is_hashed(folder):
    (folder / "task.yaml").write_text(TASK.replace(", tools: tools.json", ""))
    first = task_of(folder, {"tools": "tools.json", "reference": ULM})
    assert failed(first, "a", GOOD) == {}
    (folder / "tools.json").write_text(json.dumps([STOP]))
    second = task_of(folder, {"tools": "tools.json", "reference": ULM})
    assert failed(second, "a", GOOD) == dict.fromkeys(
        ("tool_name", "tool_arguments"), "unknown_tool"
    )
    assert first.cases_sha256 != second.cases_sha256


def test_a_case_may_want_no_call(folder):
    plain = {"calls": "none", "reference": "Hello."}
    task = task_of(folder, {"reference": ULM}, plain)
    assert failed(task, "b", "Hello!") == {}
    assert failed(task, "b", GOOD) == {"tool_call": "unwanted_call"}
    assert [bool(request.tools) for request in task.requests()] == [True, True]


def test_a_case_of_a_task_of_another_format_may_want_a_call(folder):
    (folder / "task.yaml").write_text("description: x\nprompt: '{text}'\noutput: {format: json}\n")
    own = {"format": "tool_calls", "tools": TOOLS, "reference": ULM}
    task = task_of(folder, {"reference": {}}, own)
    assert failed(task, "a", "{}") == failed(task, "b", GOOD) == {}
    assert failed(task, "b", "{}") != {}
    assert [bool(request.tools) for request in task.requests()] == [False, True]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"reference": {"city": "Ulm"}}, 'expected a call as {"name": ..., "arguments": {...}}'),
        ({"reference": []}, "expected a call, found an empty list: write calls: none"),
        ({"reference": "Hello."}, "reference: expected a call"),
        ({"reference": ULM, "calls": "none"}, "with calls: none it is the plain answer, a string"),
        ({"reference": ULM, "calls": 2}, "reference: has 1 calls, and calls says 2"),
        ({"calls": "no"}, "calls: expected none or a number of calls, found 'no'"),
        ({"tools": "gone.json"}, "gone.json is not there"),
        ({"tools": [{}]}, "tools.0: expected"),
        ({"tool_form": "qwen"}, "tool_form"),
    ],
)
def test_a_case_that_cannot_be_meant_is_named_with_its_line(folder, case, said):
    with pytest.raises(HarnessError) as caught:
        task_of(folder, {"reference": ULM}, case)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"{folder}/cases.jsonl:2: ")
    assert said in mistake


def test_a_task_whose_tools_cannot_be_read_is_named(folder):
    (folder / "tools.json").write_text("[1]")
    with pytest.raises(HarnessError, match=r"task\.yaml: .*tools\.json: tools\.0: expected"):
        task_of(folder, {})
    (folder / "tools.json").write_text(json.dumps([BROKEN]))
    with pytest.raises(HarnessError, match=r"task\.yaml: tools: not a JSON Schema: f: "):
        task_of(folder, {})
    (folder / "task.yaml").write_text(TASK.replace(", tools: tools.json", ""))
    with pytest.raises(HarnessError, match="needs tools, of the task or of the case"):
        task_of(folder, {})


def test_a_schema_that_is_none_is_an_error_and_no_pass(folder):
    task = task_of(folder, {"tools": [BROKEN]})
    text = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    assert failed(task, "a", text) == {"tool_arguments": "task_error"}
    assert any("f: " in mistake.text for mistake in check_task(folder).mistakes)


def test_a_reference_is_written_in_the_model_s_form_and_read_again(folder):
    output = task_of(folder, {"reference": ULM}).output
    text = reference_answer(output, ULM, "llama")
    assert text == '{"name": "get_weather", "parameters": {"city": "Ulm"}}'
    assert reference_value(output, text) == ULM
    assert reference_value(output, "no call") is None


def judged(line, task=None):
    (found,) = judge_lines([json.dumps(line).encode()], task)
    return {n: str(v.code) for n, v in found.verdicts.items() if v.outcome == "failed"}


def test_a_line_brings_its_own_tools(folder):
    line = {"id": 1, "completion": GOOD, "tools": TOOLS, "reference": ULM}
    assert judged(line) == {}
    assert judged({**line, "reference": {**ULM, "arguments": {}}}) == {
        "exact_calls": "unexpected_key"
    }
    assert judged({**line, "tool_form": "llama"}) == dict.fromkeys(
        ("tool_call", "tool_name", "tool_arguments", "exact_calls"), "call_form"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tools": "tools.json"}, "tools: expected a list of tools"),
        ({"tools": [1]}, "tools.0: expected"),
        ({"reference": 5}, "reference: expected a call"),
        ({"calls": -1}, "calls: expected none or a number of calls"),
    ],
)
def test_a_line_that_cannot_be_meant_is_no_line(changes, said):
    line = {"id": 1, "completion": GOOD, "tools": TOOLS, "reference": ULM, **changes}
    (found,) = judge_lines([json.dumps(line).encode()])
    assert said in found.reason


def test_a_sample_is_judged_in_the_form_of_its_model(folder):
    task = task_of(folder, {"reference": ULM})
    row = {
        "case_id": "a",
        "verdicts": {},
        "messages": [{"role": "user", "content": "a"}],
        "completion": {"text": GOOD, "finish_reason": "stop", "tool_form": "llama"},
    }
    assert "call_form" in judged(row, task).values()
    row["completion"]["tool_form"] = "hermes"
    assert judged(row, task) == {}


def test_cases_that_write_their_tools_alike_share_one_declaration(folder):
    line = {"variables": {"text": "x"}, "tools": TOOLS, "reference": ULM}
    lines = (json.dumps({"id": str(n), **line}) + "\n" for n in range(3000))
    (folder / "cases.jsonl").write_text("".join(lines))
    task = load_task(folder)
    assert failed(task, "0", GOOD) == failed(task, "2999", GOOD) == {}
    assert len({case.declared for case in task.cases}) == 1
