"""``harness chat``: mistakes on its command line, and scripts of lines for real models."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from tests.models import ROOT, TASKS, TINY_QWEN2

BASE = f"base:{TINY_QWEN2}"
CODE = ("--tasks-dir", str(TASKS), "--task", "code_assistant")
ADAPTER = f"adapter:{ROOT / 'fixtures/models/tiny-qwen2-adapter'}"


def chat(*arguments: str, typed: str = ""):
    return CliRunner().invoke(main, ["chat", *arguments], input=typed)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name a model: --model KIND:LOCATION, or two: --models A B"),
        (("--model", "nothing"), "expected kind:location"),
        (("--model", "base:nowhere"), "nowhere is not there"),
        (("--model", "record:x"), "a stored run has no answers but those that it recorded"),
        (("--model", BASE, "--decode", "constrained"), "name a task, whose JSON schema is the"),
        (
            (*CODE, "--model", BASE, "--decode", "constrained"),
            "--decode constrained: code_assistant has no answers with a grammar",
        ),
        (
            (*CODE, "--model", "endpoint:http://127.0.0.1:9#m", "--decode", "constrained"),
            "--decode constrained: a model behind a server takes no grammar",
        ),
        (("--models", BASE, BASE), "name each model once"),
        (("--models", BASE), "--models"),
        (("--model", BASE, "--tasks-dir", str(TASKS), "--task", "jsn"), "no such task"),
        (
            ("--model", BASE, "--tasks-dir", str(TASKS), "--task", "json_extraction", "--system=x"),
            "--system: the task json_extraction brings its own messages",
        ),
    ],
)
def test_a_mistake_is_refused_before_a_model_is_opened(arguments, reason):
    done = chat(*arguments)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert "opening" not in done.stderr


@pytest.mark.slow
def test_a_script_of_lines_is_answered_by_two_models(tmp_path):
    rows = tmp_path / "rows.jsonl"
    task = ("--task", "json_extraction", "--tasks-dir", str(TASKS))
    lines = f"Ada Lovelace paid 47.20 EUR on 2024-01-05.\n/save row A {rows}\n/nonsense\n"
    done = chat("--models", ADAPTER, BASE, *task, typed=lines)
    assert done.exit_code == 2
    assert [line[:8] for line in done.stdout.splitlines() if line[:3] in ("A  ", "B  ")] == [
        "A  adapt",
        "B  base:",
    ]
    assert "FAILED   schema_types, types: number_as_string: /amount" in done.stdout
    assert json.loads(rows.read_text())["messages"][-1]["content"].startswith('{"name"')
    assert done.stderr.endswith("harness: no command /nonsense, /help shows the commands\n")


@pytest.mark.slow
def test_a_merged_model_is_constrained_until_it_is_let_go(tmp_path):
    merged = tmp_path / "merged"
    made = CliRunner().invoke(main, ["export", "merge", ADAPTER, "-o", str(merged)])
    assert made.exit_code == 0, made.output
    task = ("--task", "json_extraction", "--tasks-dir", str(TASKS))
    lines = "/set temperature 20\nAda paid 47.20 EUR.\n/decode free\nAda paid 47.20 EUR.\n"
    done = chat("--model", f"merged:{merged}", *task, "--decode", "constrained", typed=lines)
    assert done.exit_code == 0, done.stderr
    constrained, free = done.stdout.split("  decoding: free\n")
    assert constrained.splitlines()[1].startswith('{"name":')
    assert not free.startswith("{")


@pytest.mark.slow
def test_the_answers_are_those_of_the_suites(opened_answers):
    task, answers = opened_answers
    lines = "".join(f"{case.variables['text']}\n" for case in task.cases[:5])
    options = ("--task", task.name, "--tasks-dir", str(TASKS))
    done = chat("--model", ADAPTER, *options, typed=lines)
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.startswith("{")] == answers


@pytest.fixture
def opened_answers():
    """Five answers as a run's plan asks for them."""
    from harness import backends
    from harness.core.modelref import ModelRef
    from harness.engine.events import Answered
    from harness.tasks.task import load_task

    task = load_task(TASKS / "json_extraction")
    host = backends.host()
    events = host.answers(ModelRef.parse(ADAPTER), task.requests(task.cases[:5]))
    found = {e.request.case_id: e.completion.text for e in events if isinstance(e, Answered)}
    return task, [found[case.id] for case in task.cases[:5]]
