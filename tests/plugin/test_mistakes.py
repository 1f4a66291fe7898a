"""What goes wrong in a session: a model's errors, and its user's mistakes in one line."""

import json

import pytest

from tests.project import FENCED, GOOD, WORDS, json_project


@pytest.fixture
def project(tmp_path):
    return json_project(tmp_path)


# Errors of a model


def test_a_stored_run_without_all_of_its_answers_is_judged_on_those_and_the_session_fails(project):
    some, whole = project.store({"ant": GOOD}, "some"), project.store(run="whole")
    outcome = project.pytest("suites", "--model", some, "--model", whole)
    assert outcome.code == 1
    assert outcome.counts() == {"passed": 4}
    assert "its run was ended early and has 1 of 4 cases of echo" in outcome.out
    run = project.run()
    assert run.status == "partial"
    results = {(r.model, r.behavior): r for r in run.results}
    judged = results[some, "json_validity"]
    assert (judged.passed, judged.errors) == (1, 0)
    assert results[whole, "json_validity"].passed == 4


def test_another_prompt_or_decoding_is_not_replayed(project):
    model = project.store()
    outcome = project.pytest("suites", "--model", model, "--temperature", "0.5")
    assert "the stored run was decoded in another way" in outcome.out
    project.task(
        "echo", (project.root / "tasks/echo/task.yaml").read_text().replace("Echo {", "Say {")
    )
    outcome = project.pytest("suites", "--model", model)
    assert "answered another prompt" in outcome.out


def test_what_was_replayed_cannot_be_measured(project):
    task = (project.root / "tasks/echo/task.yaml").read_text()
    project.task(
        "echo",
        task
        + "  # limits\n"
        + task.splitlines()[-1]
        .replace("budgets", "required")
        .replace("{json_validity: 0.75, no_extra_text: 0.75}", "[json_validity]"),
    )
    project.write(
        "tasks/echo/task.yaml",
        task.replace("0.75}", "0.75, latency_p95_seconds: 1, peak_memory_mb: 1}"),
    )
    for name in ("test_latency_budget.py", "test_memory_budget.py"):
        project.bundled_suite(name)
    outcome = project.pytest("suites", "-rs", "--model", project.store())
    assert outcome.counts() == {"passed": 2, "skipped": 2}
    assert "a replayed run cannot be measured" in outcome.out


def test_a_missed_budget_of_the_composite_fails_the_session(project):
    text = (project.root / "tasks/echo/task.yaml").read_text()
    project.write("tasks/echo/task.yaml", text.replace("0.75}", "0.75, format_success_rate: 1.0}"))
    model = project.store({**dict.fromkeys(WORDS, GOOD), "ant": FENCED})
    outcome = project.pytest("suites", "--model", model)
    assert outcome.counts() == {"passed": 2}
    assert outcome.code == 1


# Mistakes of the user: one line, exit code 4, before any model


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "bse:x"], "--model bse:x: unknown kind 'bse', did you mean 'base'?"),
        (["--model", "vllm:x"], "--model vllm:x: unknown kind 'vllm', known kinds: adapter, base"),
        (["--model", "base"], "--model 'base': is not there, expected kind:location, such as"),
        (["--model", "nowhere/all"], "a model of the hub is base:nowhere/all"),
        (["--model", "base:nowhere/at/all"], "nowhere/at/all is not there"),
        (["--model", "base:stored"], "stored is no model, it has no config.json"),
        (["--model", "base:half"], "half has no weights, expected model.safetensors"),
        (["--model", "base:pyproject.toml"], "is a file, name the folder that holds the model"),
        (["--model", "base:adapter"], "holds an adapter, say adapter:adapter"),
        (["--model", "adapter:half"], "holds a whole model, say base:half"),
        (["--model", "adapter:adapter"], "its base models/none is not there, add +base=FOLDER"),
        (["--model", "adapter:adapter+base=half"], "its base: half has no weights"),
        (["--model", "base:half+lora=x"], "unknown option +lora=, there are: none"),
        (["--model", "record:stored/non"], "run 'stored/non'"),
        (["--model", "record:stored/stored+model=base:x"], "the run has no model 'base:x'"),
        ([], "no model: say --model kind:location, or list models in [tool.harness]"),
        (["--task", "ecko"], "--task ecko: no such task in"),
        (["--tasks-dir", "stored"], "stored: holds no task"),
        (["--case", "emu"], "--case emu: no chosen task has such a case"),
        (["--report-dir", "pyproject.toml/runs"], "pyproject.toml is a file, name a folder with"),
        (["--quantize", "nf4"], "--quantize nf4: a stored run's answers are what they are, name"),
        (
            ["--model", "gguf:m.gguf", "--quantize", "nf4"],
            "--model gguf:m.gguf: --quantize nf4: a GGUF is quantised when it is exported, harness",
        ),
        (
            ["--model", "endpoint:http://127.0.0.1:9/v1#m", "--decode", "constrained"],
            "--decode constrained is for models that are opened, leave it out; +schema=FILE in the",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(project, arguments, said):
    model = project.store()
    project.write("half/config.json", "{}")
    project.write("adapter/adapter_config.json", '{"base_model_name_or_path": "models/none"}')
    project.write("adapter/adapter_model.safetensors", "")
    (project.root / "models").mkdir()
    if arguments and arguments[0] != "--model":
        arguments = ["--model", model, *arguments]
    outcome = project.pytest("suites", *arguments)
    assert outcome.code == 4, outcome.out
    (line,) = [ln for ln in outcome.err.splitlines() if ln.strip()]
    assert line.startswith("ERROR: ")
    assert said in line
    assert "Traceback" not in outcome.out
    assert not (project.root / "reports").exists()


def test_three_mistakes_in_a_task_are_three_lines(project):
    model = project.store()
    text = (project.root / "tasks/echo/task.yaml").read_text()
    project.write("tasks/echo/task.yaml", text.replace("description", "descripton"))
    with (project.root / "tasks/echo/cases.jsonl").open("a") as file:
        file.write(json.dumps({"id": "ant", "variables": {"word": "ant"}}) + "\n")
    project.write("tasks/echo/schema.json", '{"type": "objekt"}')
    outcome = project.pytest("suites", "--model", model)
    assert outcome.code == 4
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    assert all(line.startswith("ERROR: tasks/echo/") or "/tasks/echo/" in line for line in lines)
    text = "\n".join(lines)
    assert "task.yaml:1: description: is missing" in text
    assert "task.yaml:1: descripton: unknown key, did you mean 'description'?" in text
    assert "schema.json:1: not a JSON Schema: " in text
    assert "cases.jsonl:5: the id 'ant' is also that of line 1" in text


def test_settings_that_do_not_fit_are_one_line(project):
    project.write("pyproject.toml", '[tool.harness]\nmodel = ["base:x"]\n')
    outcome = project.pytest("suites", "--model", project.store())
    assert outcome.code == 4
    assert "[tool.harness] model: unknown key, did you mean 'models'?" in outcome.err


def test_a_run_bears_the_id_that_was_asked_for_and_none_that_is_taken(project):
    arguments = ("suites", "--model", project.store(), "--run-id", "gate-1")
    assert project.pytest(*arguments).code == 0
    assert project.run().id == "gate-1"
    again = project.pytest(*arguments)
    assert again.code == 4
    assert "--run-id gate-1: reports/runs/gate-1 is there already" in again.err
