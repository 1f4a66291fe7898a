"""``harness judge``: files and pipes, broken lines, exit codes, the table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main

LINES = [
    {"id": "a", "completion": '{"x": 1}', "schema": {"required": ["x"]}, "finish_reason": "stop"},
    {"id": "b", "completion": "Sure! {}", "schema": {"required": ["x"]}},
    {"id": "c", "completion": "", "schema": {"type": "strin"}},
]
TASK = Path(__file__).parents[2] / "fixtures" / "tasks" / "json_extraction"


def write(folder, *lines):
    path = folder / "in.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return str(path)


def run(*arguments, **options):
    return CliRunner().invoke(main, ["judge", *arguments], **options)


def test_one_line_out_for_each_line_in(tmp_path):
    result = run(write(tmp_path, *map(json.dumps, LINES)))
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["id"] for line in found] == ["a", "b", "c"]
    assert found[0]["verdicts"]["required_keys"]["outcome"] == "passed"
    assert found[1]["verdicts"]["required_keys"]["code"] == "missing_key"
    assert found[2]["verdicts"]["required_keys"]["outcome"] == "error"
    assert found[2]["verdicts"]["json_validity"]["span"] == [0, 0]


def test_standard_input():
    result = run("-", input=json.dumps(LINES[0]) + "\n")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["id"] == "a"


def test_a_broken_line_is_named_and_the_others_are_judged(tmp_path):
    path = write(tmp_path, json.dumps(LINES[0]), "{oh\x1b", '{"id": 1}', json.dumps(LINES[1]))
    result = run(path)
    assert result.exit_code == 2
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", "b"]
    first, second, last = result.stderr.splitlines()
    assert first.startswith(f"{path}:2: is no JSON: ")
    assert second == f"{path}:3: has no completion, each line needs one"
    assert last == f"{path}: 2 lines could not be judged"
    assert run("-", input="[]\n").stderr.startswith("<stdin>:1: expected an object")


def test_summary(tmp_path):
    result = run("--summary", write(tmp_path, *map(json.dumps, LINES)))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == ("behavior              rate  passed  failed  skipped  error  codes")
    table = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert table["json_validity"] == [
        "33.3%",
        "1",
        "2",
        "0",
        "0",
        "text_before",
        "1,",
        "empty",
        "1",
    ]
    assert table["schema_types"][:5] == ["50.0%", "1", "1", "0", "1"]
    assert table["grounding"] == ["-", "0", "0", "3", "0"]
    assert len({len(line) - len(line.lstrip()) for line in lines}) == 1


def test_summary_of_nothing(tmp_path):
    result = run("--summary", write(tmp_path))
    assert result.exit_code == 0
    assert result.stdout == "behavior    rate  passed  failed  skipped  error  codes\n"


def test_a_task_supplies_what_is_expected(tmp_path):
    case = json.loads((TASK / "cases.jsonl").read_text("utf-8").splitlines()[0])
    good = {"id": case["id"], "completion": json.dumps(case["reference"])}
    bad = {"id": case["id"], "completion": json.dumps({**case["reference"], "name": "Nobody"})}
    unknown = {"id": "nope", "completion": ""}
    result = run("--task", str(TASK), write(tmp_path, *map(json.dumps, [good, bad, unknown])))
    assert result.exit_code == 2
    first, second = (json.loads(line)["verdicts"] for line in result.stdout.splitlines())
    assert first["grounding"]["outcome"] == first["exact_fields"]["outcome"] == "passed"
    assert second["grounding"]["code"] == "ungrounded"
    assert "has no case 'nope'" in result.stderr


@pytest.mark.parametrize("arguments", [["nowhere.jsonl"], ["--task", "nowhere", "-"], []])
def test_mistakes_of_the_user_are_exit_code_2(arguments):
    result = run(*arguments, input="")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_lone_surrogates_pass_through():
    result = run("-", input='{"id": "\\ud800", "completion": "\\ud800"}\n')
    assert result.exit_code == 0
    assert json.loads(result.stdout)["id"] == "\ud800"


def test_a_reader_that_goes_away_is_no_error():
    line = json.dumps({"id": 1, "completion": "{}"}) + "\n"
    script = (
        "import sys; from harness.cli import main; sys.argv = ['harness', 'judge', '-']; main()"
    )
    judge = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert judge.stdout is not None
    judge.stdout.close()
    _, errors = judge.communicate(line.encode() * 5000, timeout=60)
    assert errors == b""
    assert judge.returncode in (0, 1)
