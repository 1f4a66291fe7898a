"""Runs over tasks of calls: a real model with a template that takes tools, and one without."""

import json
import shutil

import pytest

from tests.models import TINY_QWEN2
from tests.project import Project
from tests.tool_templates import TEMPLATES, TOOLS, WITHOUT_TOOLS, XML

ULM = {"name": "get_weather", "arguments": {"city": "Ulm"}}
SUITES = ("tool_call", "tool_name", "tool_arguments", "exact_calls")
TASK = f"""\
description: Call a tool.
prompt: "{{text}}"
output: {{format: tool_calls, tools: {json.dumps(TOOLS)}}}
sampling: {{max_new_tokens: 8}}
"""


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    shutil.rmtree(made.root / "tasks")
    line = {"id": "ulm", "variables": {"text": "Weather in Ulm?"}, "reference": ULM}
    made.write("tasks/weather/task.yaml", TASK)
    made.write("tasks/weather/cases.jsonl", json.dumps(line) + "\n")
    for name in SUITES:
        made.bundled_suite(f"test_{name}.py")
    shutil.copytree(TINY_QWEN2, made.root / "model")
    return made


def with_template(project, source):
    project.write("model/chat_template.jinja", source)


def run(project, *arguments):
    return project.pytest("suites", "--model", "base:model", "--device", "cpu", *arguments)


@pytest.mark.slow
def test_a_real_model_is_given_tools_and_its_words_are_no_call(project):
    with_template(project, TEMPLATES["llama"])
    outcome = run(project)
    assert outcome.counts() == {"failed": 4}
    assert "1 call no tool" in outcome.out or "no_call 1" in outcome.out
    (record,) = project.runs()
    (sample,) = record.samples
    assert sample.completion.tool_form == "llama"
    assert sample.completion.prompt_tokens > 200
    assert json.loads(record.tasks[0].tools) == TOOLS
    assert {str(v.code) for v in sample.verdicts.values() if v.code} <= {"no_call", "truncated"}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (WITHOUT_TOOLS, "this model's chat template writes no tools"),
        pytest.param(
            XML,
            "the form in which this model's chat template writes calls is not known",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_template_that_cannot_tell_of_tools_is_refused_before_anything_is_loaded(
    project, source, said
):
    with_template(project, source)
    outcome = run(project)
    assert outcome.code == 4
    assert said in outcome.err + outcome.out
    assert project.runs() == []


@pytest.mark.slow
def test_a_form_that_the_task_names_needs_none_of_the_template_s(project):
    with_template(project, XML)
    project.write("tasks/weather/task.yaml", TASK.replace("]}", "], tool_form: hermes}"))
    assert run(project, "--collect-only").code == 0


@pytest.mark.slow
def test_constrained_decoding_refuses_calls_with_the_reason(project):
    with_template(project, TEMPLATES["hermes"])
    outcome = run(project, "--decode", "constrained")
    assert outcome.code == 4
    assert "weather: calls of tools have no grammar here" in outcome.err + outcome.out
