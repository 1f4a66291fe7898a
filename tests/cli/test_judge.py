"""``harness judge``: files and pipes, broken lines, exit codes, the table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli.judge import FORMATS
from harness.tasks.logs import names
from tests.patience import PATIENCE

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


ARRAY = '[\n  {"id": "a", "completion": "{}"},\n  {"id": "b", "completion": "{}"}\n]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no line to judge, write a JSON object a line"),
        ("\n \r\n", "holds no line to judge, write a JSON object a line"),
        (ARRAY, "is an array over several lines: write one object a line (jq -c '.[]')"),
        ("\ufeff" + ARRAY, "is an array over several lines: write one object a line (jq -c '.[]')"),
        *(
            (e, "is UTF-16 or UTF-32 text, or no text: write it as UTF-8")
            for e in ("16", "16-le", "32")
        ),
    ],
)
@pytest.mark.parametrize("options", [[], ["--summary"]])
def test_a_file_of_another_kind_is_said_in_one_line(tmp_path, options, text, said):
    encoding = f"utf-{text}" if text[:1].isdigit() else "utf-8"
    text = json.dumps(LINES[0]) + "\n" if text[:1].isdigit() else text
    path = tmp_path / "in.jsonl"
    path.write_bytes(text.encode(encoding))
    result = run(*options, str(path))
    assert result.exit_code == 2
    assert result.stderr == f"harness: {path}: {said}\n"
    assert result.stdout == ""


@pytest.mark.parametrize("text", ["\ufeff%s\n%s\n", "%s\r\n%s\r\n", "\n%s\n\n%s"])
def test_marks_of_the_byte_order_and_line_ends_are_no_mistake(tmp_path, text):
    path = tmp_path / "in.jsonl"
    path.write_bytes((text % (json.dumps(LINES[0]), json.dumps(LINES[1]))).encode())
    result = run(str(path))
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 2


def test_a_mistake_that_all_lines_make_is_said_once(tmp_path):
    lines = [json.dumps({**LINES[0], "finish_reason": "eos_token", "id": n}) for n in range(500)]
    path = write(tmp_path, json.dumps(LINES[0]), *lines)
    result = run(path)
    assert result.exit_code == 2
    first, last = result.stderr.splitlines()
    assert first.startswith(f"{path}:2: finish_reason: expected ")
    assert last == f"{path}: 500 lines could not be judged, 499 of them not shown"
    assert len(result.stdout.splitlines()) == 1


def test_mistakes_without_end_are_counted(tmp_path):
    path = write(tmp_path, *("{" + "x" * n for n in range(1, 40)), *("[" * n for n in range(2, 60)))
    lines = run(path).stderr.splitlines()
    assert len(lines) <= 21
    assert lines[-1].startswith(f"{path}: 97 lines could not be judged")


DEEP = "[" * 1200 + "]" * 1200
BAD = [
    {"timestamps": {"/d": {"kind": "date", "earliest": 1.5}}},
    {"timestamps": {"/d": {"kind": "game_clock", "period_minutes": "x"}}},
    {"timestamps": {"/d": {"kind": "unix", "earliest": "x", "latest": [1]}}},
    {"timestamps": {"/d": {"kind": "date", "earliest": {"a": 1}}}},
    {"timestamps": {"/d": ["date"]}},
    {"timestamps": {"d": "date"}},
    {"timestamps": 5},
    {"grounded": [1]},
    {"grounded": {"a": 1}},
    {"exact": "x"},
    {"schema": {"$id": "http://[::1"}},
    {"schema": {"$ref": "http://[::1"}},
    {"schema": {"$ref": "#/datos", "datos": {"items": [{"type": "string"}]}}},
    {"schema": {"allOf": [{"allOf": [{"not": {"$ref": "#"}}]}]}},
    {"schema": {"pattern": "(((((a{100}){100}){100}){100}){100})"}},
    {"schema": 5},
    {"reference": DEEP},
    {"finish_reason": "eos"},
]


@pytest.mark.parametrize("keys", BAD, ids=lambda keys: json.dumps(keys)[:60])
def test_after_a_bad_line_the_next_is_judged(tmp_path, keys):
    bad = json.dumps({"id": "bad", "completion": '{"d": "2020-01-01"}', "prompt": "", **keys})
    result = run(write(tmp_path, bad, json.dumps(LINES[0])))
    assert "Traceback" not in result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["id"] == "a"
    if result.exit_code == 0:
        verdicts = json.loads(result.stdout.splitlines()[0])["verdicts"]
        assert "error" in {verdict["outcome"] for verdict in verdicts.values()}
    else:
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 2


def test_a_line_of_a_task_says_what_of_it_is_not_looked_at(tmp_path):
    case = json.loads((TASK / "cases.jsonl").read_text("utf-8").splitlines()[0])
    line = {"id": case["id"], "completion": json.dumps(case["reference"]), "schema": False}
    path = write(tmp_path, json.dumps(line), json.dumps({**line, "grounded": ["/x"]}))
    result = run("--task", str(TASK), path)
    assert result.exit_code == 0
    assert result.stderr == (
        f"{path}: judged by the task, not by the lines' own grounded (1)\n"
        f"{path}: 2 answers were judged by the schema of their lines\n"
    )
    verdicts = json.loads(result.stdout.splitlines()[0])["verdicts"]
    assert verdicts["schema_types"]["outcome"] == "failed"


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
    _, errors = judge.communicate(line.encode() * 5000, timeout=PATIENCE)
    assert errors == b""
    assert judge.returncode in (0, 1)


def test_every_form_can_be_named():
    assert names() == FORMATS


def test_a_form_that_is_recognized_is_said_and_another_may_be_named(tmp_path):
    turns = [{"role": "user", "content": "go"}, {"role": "assistant", "content": "{}"}]
    path = write(tmp_path, json.dumps({"messages": turns}))
    said = (
        f"{path}: read as OpenAI's chat rows, whose last message is judged (--format openai-chat)"
    )
    assert run(path).stderr.splitlines() == [said]
    assert run(path, "--format", "openai-chat").stderr == ""
    assert run(path, "--format", "lines").stderr.startswith(f"{path}:1: has no id")
    assert run(path, "--format", "csv").exit_code == 2


def test_prompts_that_are_no_case_of_the_task_are_counted(tmp_path):
    turns = [{"role": "user", "content": "go"}, {"role": "assistant", "content": "{}"}]
    path = write(tmp_path, json.dumps({"messages": turns}))
    result = run(path, "--task", str(TASK), "--json")
    assert json.loads(result.stdout)["not_cases_of_the_task"] == 1
    assert result.stderr.splitlines()[-1] == (
        f"{path}: judged a prompt that is no case of the task, by what the rows hold"
    )


def test_a_graded_line_has_its_share_and_the_rate_is_their_mean(tmp_path):
    line = {"leaf_values": True, "reference": {"a": 1, "b": 2}}
    answers = ('{"a": 1, "b": 2}', '{"a": 1, "b": 3}', "no")
    lines = [json.dumps({**line, "id": i, "completion": a}) for i, a in enumerate(answers)]
    result = run(write(tmp_path, *lines))
    found = [json.loads(text)["verdicts"]["leaf_values"] for text in result.stdout.splitlines()]
    assert [one["share"] for one in found] == [1.0, 0.5, 0.0]
    assert found[1]["fields"][1] == {"pointer": "/b", "leaves": 1, "present": 1, "equal": 0}
    table = run("--summary", write(tmp_path, *lines)).output
    (row,) = [r for r in table.splitlines() if r.startswith("leaf_values")]
    assert row.split()[1] == "50.0%"
